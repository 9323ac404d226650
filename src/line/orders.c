// orders.c - see orders.h: the desk, and what it remembers.
//
// DATA/orders/known has one line for each order taken: a hash of what it says, and its id. It is
// written before the file is moved away, and after the order was told: after a crash an order may
// be told a second time, and never be lost.
#include "line/orders.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "line/data_folder.h"
#include "line/orders_inside.h"

enum { PATH_SIZE = 4096, KNOWN_SIZE_MAX = 256 * 1024 * 1024, HASH_DIGITS = 16, SOON_US = 1000000 };

// --- what is remembered

static bool grow_hashes(ls_orders *desk) {
    if (desk->known_count < desk->known_capacity) {
        return true;
    }
    const uint32_t capacity = desk->known_capacity == 0 ? 256 : 2 * desk->known_capacity;
    uint64_t *hashes = ls_realloc(desk->hashes, capacity * sizeof *hashes);
    if (hashes == NULL) {
        return false;
    }
    desk->hashes = hashes;
    desk->known_capacity = capacity;
    return true;
}

static bool know(ls_orders *desk, const char *id, size_t length, uint64_t hash) {
    const char *copy = ls_arena_text(&desk->arena, id, length);
    if (copy == NULL || !grow_hashes(desk) || desk->known_count >= LS_ORDERS_MAX) {
        return false;
    }
    const uint32_t old = ls_names_add(&desk->known, 0, copy, desk->known_count);
    if (old != LS_NONE) {
        desk->hashes[old] = hash;
        return true;
    }
    desk->hashes[desk->known_count++] = hash;
    return !desk->known.failed;
}

ls_knowledge ls_orders_know(const ls_orders *desk, const ls_desk_event *order) {
    const uint32_t at = ls_names_find(&desk->known, 0, order->id);
    if (at == LS_NONE) {
        return LS_ORDER_NEW;
    }
    return desk->hashes[at] == order->hash ? LS_ORDER_SAME : LS_ORDER_OTHER;
}

bool ls_orders_remember(ls_orders *desk, const ls_desk_event *order) {
    char line[HASH_DIGITS + LS_ORDER_ID_MAX + 8];
    const size_t length = ls_text_format(line, sizeof line, "%016llx %s\n",
                                         (unsigned long long)order->hash, order->id);
    const bool is_written = write(desk->known_fd, line, length) == (ssize_t)length &&
                            fdatasync(desk->known_fd) == 0;
    return know(desk, order->id, strlen(order->id), order->hash) && is_written;
}

// "%016llx ID"; a line that was cut off by a crash is passed over.
static void read_line(ls_orders *desk, const char *line, size_t length) {
    uint64_t hash = 0;
    if (length < HASH_DIGITS + 2 || length > HASH_DIGITS + 1 + LS_ORDER_ID_MAX ||
        line[HASH_DIGITS] != ' ') {
        return;
    }
    for (int i = 0; i < HASH_DIGITS; i++) {
        const char c = line[i];
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f')) {
            return;
        }
        hash = hash << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    (void)know(desk, line + HASH_DIGITS + 1, length - HASH_DIGITS - 1, hash);
}

static ls_status open_known(ls_orders *desk, ls_error *err) {
    char path[PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    ls_arena scratch;
    ls_text_format(path, sizeof path, "%s/orders/known", desk->folder);
    desk->known_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (desk->known_fd < 0) {
        return ls_fail(err, LS_ERR_IO, "cannot open %s: %s", path, ls_errno_text(errno));
    }
    ls_arena_init(&scratch);
    const ls_status status = ls_file_read(path, KNOWN_SIZE_MAX, &scratch, &text, &size, err);
    for (size_t at = 0; status == LS_OK && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        if (end == NULL) {
            (void)!write(desk->known_fd, "\n", 1);  // what follows begins on a line of its own
            break;
        }
        read_line(desk, text + at, (size_t)(end - text) - at);
        at = (size_t)(end - text) + 1;
    }
    ls_arena_clear(&scratch);
    return status;
}

// --- making and ending

static void name_all(ls_orders *desk) {
    const ls_plant *p = desk->plant;
    for (uint32_t i = 0; i < p->product_count; i++) {
        (void)ls_names_add(&desk->products, 0, p->products[i].name, i);
    }
    for (uint32_t i = 0; i < p->release_count; i++) {
        (void)ls_names_add(&desk->releases, 0, p->releases[i].name, i);
    }
    for (uint32_t i = 0; i < p->machine_count; i++) {
        (void)ls_names_add(&desk->machines, 0, p->machines[i].name, i);
    }
}

static ls_status make_folders(const ls_orders *desk, ls_error *err) {
    static const char *const subs[] = {"orders", "orders/done", "orders/set-aside",
                                       "notes",  "notes/done",  "notes/set-aside"};
    ls_status status = LS_OK;
    for (size_t i = 0; status == LS_OK && i < sizeof subs / sizeof subs[0]; i++) {
        char path[PATH_SIZE];
        ls_text_format(path, sizeof path, "%s/%s", desk->folder, subs[i]);
        status = ls_data_folder_make(path, err);
    }
    return status;
}

ls_status ls_orders_create(const ls_plant *plant, const char *data_folder, ls_orders **out,
                           ls_error *err) {
    assert(plant != NULL && data_folder != NULL && out != NULL);
    *out = NULL;
    ls_orders *desk = ls_alloc(sizeof *desk);
    if (desk == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&desk->arena);
    desk->plant = plant;
    desk->known_fd = -1;
    desk->folder = ls_arena_text(&desk->arena, data_folder, strlen(data_folder));
    name_all(desk);
    ls_status status = desk->folder == NULL || desk->products.failed || desk->releases.failed ||
                               desk->machines.failed
                           ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                           : make_folders(desk, err);
    if (status == LS_OK) {
        status = open_known(desk, err);
    }
    if (status != LS_OK) {
        ls_orders_destroy(desk);
        return status;
    }
    *out = desk;
    return LS_OK;
}

void ls_orders_destroy(ls_orders *desk) {
    if (desk == NULL) {
        return;
    }
    ls_orders_view_close(desk);
    if (desk->known_fd >= 0) {
        close(desk->known_fd);
    }
    ls_names_clear(&desk->products);
    ls_names_clear(&desk->releases);
    ls_names_clear(&desk->machines);
    ls_names_clear(&desk->known);
    ls_names_clear(&desk->refused);
    ls_free(desk->hashes);
    ls_free(desk->seen);
    ls_arena_clear(&desk->arena);
    ls_free(desk);
}

// --- telling

bool ls_orders_tell(ls_desk_turn *turn, const ls_desk_event *order) {
    ls_orders *desk = turn->desk;
    if (ls_orders_know(desk, order) == LS_ORDER_SAME) {
        desk->figures.known++;
        return true;
    }
    if (!turn->hear(turn->context, order)) {
        return false;
    }
    desk->figures.taken++;
    (void)ls_orders_remember(desk, order);
    return true;
}

void ls_orders_set_aside(ls_desk_turn *turn, const char *from, const char *why) {
    const ls_desk_event event = {.kind = LS_DESK_SET_ASIDE, .from = from, .text = why};
    turn->desk->figures.set_aside++;
    (void)turn->hear(turn->context, &event);
}

void ls_orders_sight(ls_desk_turn *turn, ls_sight *sight, const char *from, const char *why) {
    if (sight->away != (why != NULL)) {
        const ls_desk_event event = {
            .kind = why != NULL ? LS_DESK_AWAY : LS_DESK_BACK, .from = from, .text = why};
        (void)turn->hear(turn->context, &event);
    }
    sight->away = why != NULL;
    turn->desk->figures.away = turn->desk->folder_sight.away || turn->desk->view_sight.away;
}

// A row that stays wrong is told of once.
static bool is_told(ls_orders *desk, const char *from, const ls_order_row *row, const char *why) {
    char text[600];
    ls_text_format(text, sizeof text, "%s|%s|%s", from, row->order != NULL ? row->order : "", why);
    if (ls_names_find(&desk->refused, 0, text) != LS_NONE) {
        return true;
    }
    const char *copy = desk->refused.count < LS_ORDER_ROWS_MAX
                           ? ls_arena_text(&desk->arena, text, strlen(text))
                           : NULL;
    if (copy != NULL) {
        (void)ls_names_add(&desk->refused, 0, copy, 0);
    }
    return false;
}

void ls_orders_row(ls_desk_turn *turn, const char *from, const ls_order_row *row) {
    ls_desk_event order;
    ls_error err = {0};
    bool is_good = ls_order_check(turn->desk, row, turn->now_us, &order, &err);
    order.from = from;
    if (is_good && ls_orders_know(turn->desk, &order) == LS_ORDER_OTHER) {
        (void)ls_fail(&err, LS_ERR_INVALID, "it was taken before with other contents");
        is_good = false;
    }
    if (is_good) {
        (void)ls_orders_tell(turn, &order);
    } else if (!is_told(turn->desk, from, row, err.text)) {
        char text[LS_ERROR_TEXT_SIZE + 200];
        ls_text_format(text, sizeof text, "order '%.130s': %s",
                       row->order != NULL ? row->order : "", err.text);
        ls_orders_set_aside(turn, from, text);
    }
}

static void put_cell(ls_buffer *csv, const char *text) {
    ls_buffer_text(csv, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        ls_buffer_append(csv, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    }
    ls_buffer_text(csv, "\"");
}

static void put_table(ls_buffer *csv, const char *const *keys, const char *const *values,
                      size_t count) {
    for (int line = 0; line < 2; line++) {
        const char *between = "";
        for (size_t i = 0; i < count; i++) {
            if (values[i] != NULL) {
                ls_buffer_text(csv, between);
                put_cell(csv, line == 0 ? keys[i] : values[i]);
                between = ",";
            }
        }
        ls_buffer_text(csv, "\n");
    }
}

ls_status ls_orders_compose(const ls_plant *plant, bool is_note, const char *const *keys,
                            const char *const *values, size_t count, int64_t now_us, ls_buffer *csv,
                            ls_error *err) {
    ls_orders desk = {.plant = plant, .known_fd = -1};
    ls_order_row row = {0};
    ls_desk_event event;
    for (size_t i = 0; i < count; i++) {
        const char **at = ls_order_key(&row, keys[i], is_note);
        assert(at != NULL);
        *at = values[i];
    }
    name_all(&desk);
    const bool is_good = is_note ? ls_note_check(&desk, &row, now_us, &event, err)
                                 : ls_order_check(&desk, &row, now_us, &event, err);
    ls_names_clear(&desk.products);
    ls_names_clear(&desk.releases);
    ls_names_clear(&desk.machines);
    if (!is_good) {
        return LS_ERR_INVALID;
    }
    put_table(csv, keys, values, count);
    return csv->failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
}

int64_t ls_orders_poll(ls_orders *desk, int64_t now_us, ls_desk_hear *hear, void *context) {
    assert(desk != NULL && hear != NULL);
    ls_desk_turn turn = {.desk = desk, .now_us = now_us, .hear = hear, .context = context};
    desk->figures.polls++;
    ls_orders_files(&turn);
    ls_orders_view(&turn);
    int64_t next_us = now_us + SOON_US;  // the data folder is looked at every second
    next_us = desk->folder_next_us > now_us && desk->folder_next_us < next_us ? desk->folder_next_us
                                                                              : next_us;
    return next_us;
}

ls_orders_figures ls_orders_describe(const ls_orders *desk) {
    return desk->figures;
}
