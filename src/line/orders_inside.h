// orders_inside.h - what the files orders*.c share.
#pragma once

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "line/orders.h"

enum { LS_ORDER_ID_MAX = 127, LS_ORDERS_MAX = 1000000, LS_ORDER_ROWS_MAX = 100000 };

// One row, wherever it comes from: values by key. NULL or "": not given.
typedef struct ls_order_row {
    const char *order, *product, *class_name, *lots, *due, *priority, *release;  // orders
    const char *machine, *reason, *scrap, *time, *text, *by;                     // notes
} ls_order_row;
// Where the value of a key goes; NULL: no such key. `is_note` chooses the keys.
const char **ls_order_key(ls_order_row *row, const char *key, bool is_note);
// "order, product, ...", for messages.
const char *ls_order_keys(bool is_note);

// Checks a row against the plant; false: *err says what is wrong. Texts of *out are the row's.
bool ls_order_check(const ls_orders *desk, const ls_order_row *row, int64_t now_us,
                    ls_desk_event *out, ls_error *err);
bool ls_note_check(const ls_orders *desk, const ls_order_row *row, int64_t now_us,
                   ls_desk_event *out, ls_error *err);

typedef struct ls_seen_file {  // of a hot folder: is it still growing?
    char name[256];
    int64_t size, changed_ns;
} ls_seen_file;

typedef struct ls_sight {  // folder and view: away or there
    bool away;
} ls_sight;

struct ls_orders {
    const ls_plant *plant;
    ls_arena arena;  // names and ids; for good
    char *folder;    // data folder
    ls_names products, releases, machines;
    ls_names known;    // id -> index into hashes
    uint64_t *hashes;  // of what is remembered
    uint32_t known_count, known_capacity;
    ls_names refused;  // rows of a view that were told as wrong
    int known_fd;
    ls_seen_file *seen;
    uint32_t seen_count;
    ls_sight folder_sight, view_sight;
    void *postgres;  // PGconn
    int64_t view_next_us, folder_next_us;
    ls_orders_figures figures;
};

// One call of poll or text.
typedef struct ls_desk_turn {
    ls_orders *desk;
    int64_t now_us;
    ls_desk_hear *hear;
    void *context;
} ls_desk_turn;

typedef enum ls_knowledge { LS_ORDER_NEW, LS_ORDER_SAME, LS_ORDER_OTHER } ls_knowledge;
ls_knowledge ls_orders_know(const ls_orders *desk, const ls_desk_event *order);
// Remembers for good. False: the disk or memory is full; the order may then be told again.
bool ls_orders_remember(ls_orders *desk, const ls_desk_event *order);
// Tells a checked order (or one that is known already, which is only counted); false: not taken
// now.
bool ls_orders_tell(ls_desk_turn *turn, const ls_desk_event *order);
void ls_orders_set_aside(ls_desk_turn *turn, const char *from, const char *why);
// Tells when what `sight` stands for went away or came back.
void ls_orders_sight(ls_desk_turn *turn, ls_sight *sight, const char *from, const char *why);

// A row of a view or tag: checked, told or set aside. `scratch` holds what is said.
void ls_orders_row(ls_desk_turn *turn, const char *from, const ls_order_row *row);

void ls_orders_files(ls_desk_turn *turn);  // orders_file.c
void ls_orders_view(ls_desk_turn *turn);   // orders_view.c
void ls_orders_view_close(ls_orders *desk);
