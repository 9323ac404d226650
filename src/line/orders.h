// orders.h - orders, stop reasons and scrap counts from where they are: CSV files put into a
// folder, a view of a database, a tag, and what commands drop into the data folder.
//
// A desk is asked every now and then (ls_orders_poll); it has no thread, and a database that is
// away may hold it up for some seconds: give it a thread of its own. Each order is told once: it is
// remembered by its id and contents, also over a restart. What contradicts the plant (unknown
// product, due before release, no lots, an id with other contents) is set aside and named; of a
// file then nothing is taken. Not thread safe.
#pragma once

#include "base/status.h"
#include "plant/plant.h"

struct ls_buffer;  // base/text.h
typedef struct ls_orders ls_orders;

typedef enum ls_desk_kind {
    LS_DESK_ORDER,      // an order, for the first time
    LS_DESK_NOTE,       // a stop reason or a scrap count by a person
    LS_DESK_SET_ASIDE,  // not taken; text says what is wrong, a line for each mistake
    LS_DESK_AWAY,       // a folder or database cannot be read; text says why. Told once
    LS_DESK_BACK,       // and again
    LS_DESK_KIND_COUNT
} ls_desk_kind;

typedef struct ls_desk_event {
    ls_desk_kind kind;
    const char *from;  // "orders/monday.csv:3", "view open_orders", "tag plant/mes/order"
    const char *text;  // SET_ASIDE, AWAY; NOTE: what the person added, or NULL
    // ORDER
    const char *id;
    uint32_t product, release;  // release (class): LS_NONE when the product has none
    uint32_t lots;
    int64_t release_us, due_us;  // plant time; due LS_FOREVER: none
    int32_t priority;
    uint64_t hash;  // of what the order says
    // NOTE
    uint32_t machine;
    uint32_t mode;  // index into ls_plant.failures; LS_NONE: no reason
    uint32_t scrap;
    int64_t time_us;  // plant time
    const char *by;   // who said so, or NULL
} ls_desk_event;

// True: it is in safe hands. False: not now; it is told again at the next poll. (Only ORDER and
// NOTE ask.)
typedef bool ls_desk_hear(void *context, const ls_desk_event *event);

typedef struct ls_orders_figures {
    uint64_t taken, known, set_aside, notes, files, polls;  // known: told of again, unchanged
    bool away;
} ls_orders_figures;

// `data_folder` is where DATA/orders, DATA/notes and what is remembered are; made when missing. The
// plant is kept alive by the caller. Fails with LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_orders_create(const ls_plant *plant, const char *data_folder, ls_orders **out,
                           ls_error *err);
void ls_orders_destroy(ls_orders *desk);  // NULL is fine
// Looks everywhere; folder and view only every `listen.orders.every`. now_us is since 1970. Returns
// when it wants to be asked again.
int64_t ls_orders_poll(ls_orders *desk, int64_t now_us, ls_desk_hear *hear, void *context);
// What an order tag says: JSON (an object or a list of them) or "order=W1 product=x lots=3 ...".
// `from` is the tag's name.
void ls_orders_text(ls_orders *desk, const char *from, const char *text, size_t size,
                    int64_t now_us, ls_desk_hear *hear, void *context);
// For commands: checks one order (or note) given as keys and values, NULL values left out, against
// the plant, and appends it to *csv as a table of one row. Fails with LS_ERR_INVALID: what the desk
// would say.
ls_status ls_orders_compose(const ls_plant *plant, bool is_note, const char *const *keys,
                            const char *const *values, size_t count, int64_t now_us,
                            struct ls_buffer *csv, ls_error *err);
ls_orders_figures ls_orders_describe(const ls_orders *desk);
