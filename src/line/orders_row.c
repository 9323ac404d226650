// orders_row.c - one order or note, checked against the plant.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "line/orders_inside.h"

enum { LOTS_MAX = 1000000, PRIORITY_MAX = 1000000, NAMES_MAX = 4096 };

enum { NOTE_TEXT_MOST = 500 };

static bool is_given(const char *text) {
    return text != NULL && text[0] != '\0';
}

const char **ls_order_key(ls_order_row *row, const char *key, bool is_note) {
    const struct {
        const char *key;
        const char **at;
        bool of_note;
    } keys[] = {
        {"order", &row->order, false},
        {"product", &row->product, false},
        {"class", &row->class_name, false},
        {"lots", &row->lots, false},
        {"due", &row->due, false},
        {"priority", &row->priority, false},
        {"release", &row->release, false},
        {"machine", &row->machine, true},
        {"reason", &row->reason, true},
        {"scrap", &row->scrap, true},
        {"time", &row->time, true},
        {"text", &row->text, true},
        {"by", &row->by, true},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].of_note == is_note && strcmp(keys[i].key, key) == 0) {
            return keys[i].at;
        }
    }
    return NULL;
}

const char *ls_order_keys(bool is_note) {
    return is_note ? "machine, reason, scrap, time, text, by"
                   : "order, product, class, lots, due, priority, release";
}

static bool wrong(ls_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(ls_error *err, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    (void)ls_fail(err, LS_ERR_INVALID, "%s", text);
    return false;
}

// --- names

typedef struct name_list {
    const void *items;
    size_t size, offset;
    uint32_t count;
} name_list;

static bool unknown(ls_error *err, const char *what, const char *text, name_list list) {
    const char *names[NAMES_MAX] = {0};
    size_t count = 0;
    for (uint32_t i = 0; i < list.count && count < NAMES_MAX; i++) {
        memcpy(&names[count++], (const char *)list.items + i * list.size + list.offset,
               sizeof names[0]);
    }
    const char *nearest = ls_text_nearest(text, names, count);
    if (nearest != NULL) {
        return wrong(err, "unknown %s '%.100s'; did you mean '%.100s'?", what, text, nearest);
    }
    char all[200] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && length + 4 < sizeof all; i++) {
        length += ls_text_format(all + length, sizeof all - length, "%s%.60s", i > 0 ? ", " : "",
                                 names[i]);
    }
    return wrong(err, "unknown %s '%.100s'; there are: %s%s", what, text, all,
                 length >= sizeof all ? "..." : "");
}

static bool find_product(const ls_orders *desk, const ls_order_row *row, ls_desk_event *out,
                         ls_error *err) {
    const ls_plant *p = desk->plant;
    out->product = out->release = LS_NONE;
    if (!is_given(row->product) && !is_given(row->class_name)) {
        return wrong(err, "neither 'product' nor 'class' says what is to be made");
    }
    if (is_given(row->product)) {
        out->product = ls_names_find(&desk->products, 0, row->product);
        if (out->product == LS_NONE) {
            return unknown(err, "product", row->product,
                           (name_list){p->products, sizeof(ls_product), offsetof(ls_product, name),
                                       p->product_count});
        }
    }
    if (!is_given(row->class_name)) {
        for (uint32_t i = 0; i < p->release_count && out->release == LS_NONE; i++) {
            out->release = p->releases[i].product == out->product ? i : LS_NONE;
        }
        return true;
    }
    out->release = ls_names_find(&desk->releases, 0, row->class_name);
    if (out->release == LS_NONE) {
        return unknown(err, "class", row->class_name,
                       (name_list){p->releases, sizeof(ls_release), offsetof(ls_release, name),
                                   p->release_count});
    }
    const uint32_t made = p->releases[out->release].product;
    if (out->product != LS_NONE && out->product != made) {
        return wrong(err, "class '%s' makes product '%s', not '%s'", row->class_name,
                     p->products[made].name, row->product);
    }
    out->product = made;
    return true;
}

// --- numbers and times

static bool whole(const char *key, const char *text, int64_t low, int64_t high, int64_t *out,
                  ls_error *err) {
    int64_t number = 0;
    if (!is_given(text)) {
        return true;
    }
    if (!ls_text_parse_i64(text, strlen(text), &number) || number < low || number > high) {
        return wrong(err, "%s: '%.60s' is not a whole number from %lld to %lld", key, text,
                     (long long)low, (long long)high);
    }
    *out = number;
    return true;
}

// A date (with a 'Z' or not), or a span from now: `2 d`.
static bool when(const ls_orders *desk, const char *key, const char *text, int64_t now_us,
                 int64_t *out, ls_error *err) {
    char date[64];
    int64_t us = 0;
    ls_error why;
    if (!is_given(text)) {
        return true;
    }
    ls_text_format(date, sizeof date, "%s", text);
    const size_t length = strlen(date);
    if (length > 0 && date[length - 1] == 'Z') {
        date[length - 1] = '\0';
    }
    if (ls_units_date(date, &us, NULL) == LS_OK) {
        *out = us - desk->plant->start_us;
        return true;
    }
    if (ls_units_time(text, &us, &why) == LS_OK) {
        *out = now_us - desk->plant->start_us + us;
        return true;
    }
    return wrong(err, "%s: '%.60s' is neither a date (2026-01-31T14:00) nor a span from now (2 d)",
                 key, text);
}

static bool check_id(const char *id, ls_error *err) {
    if (!is_given(id)) {
        return wrong(err, "'order' is missing: the order's id");
    }
    if (strlen(id) > LS_ORDER_ID_MAX) {
        return wrong(err, "order: an id has at most %d bytes", LS_ORDER_ID_MAX);
    }
    for (const unsigned char *c = (const unsigned char *)id; *c != 0; c++) {
        if (*c <= ' ' || *c == 0x7F) {
            return wrong(err, "order: an id has no blanks or control characters");
        }
    }
    return true;
}

static uint64_t add_to_hash(uint64_t hash, const char *text) {
    for (const char *c = text != NULL ? text : ""; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
    }
    return (hash ^ 0xFF) * 1099511628211ULL;  // "a" and "b" are not "ab" and ""
}

// Of what the row says, not of when it was read: a span from now is the same order next time.
static uint64_t hash_of(const ls_order_row *row, const ls_desk_event *order) {
    char numbers[80];
    ls_text_format(numbers, sizeof numbers, "%u %u %d", order->product, order->lots,
                   order->priority);
    const uint64_t hash = add_to_hash(14695981039346656037ULL, numbers);
    return add_to_hash(add_to_hash(add_to_hash(hash, row->class_name), row->due), row->release);
}

bool ls_order_check(const ls_orders *desk, const ls_order_row *row, int64_t now_us,
                    ls_desk_event *out, ls_error *err) {
    int64_t lots = 1;
    int64_t priority = 0;
    *out = (ls_desk_event){.kind = LS_DESK_ORDER, .id = row->order, .due_us = LS_FOREVER};
    out->machine = out->mode = LS_NONE;
    out->release_us = now_us - desk->plant->start_us;
    if (!check_id(row->order, err) || !find_product(desk, row, out, err) ||
        !whole("lots", row->lots, 1, LOTS_MAX, &lots, err) ||
        !whole("priority", row->priority, -PRIORITY_MAX, PRIORITY_MAX, &priority, err) ||
        !when(desk, "release", row->release, now_us, &out->release_us, err) ||
        !when(desk, "due", row->due, now_us, &out->due_us, err)) {
        return false;
    }
    if (is_given(row->release) && out->due_us < out->release_us) {
        return wrong(err, "due '%.60s' is before release '%.60s'", row->due, row->release);
    }
    out->lots = (uint32_t)lots;
    out->priority = (int32_t)priority;
    out->hash = hash_of(row, out);
    return true;
}

// --- notes

static bool find_mode(const ls_orders *desk, uint32_t machine, const char *text, uint32_t *out,
                      ls_error *err) {
    const ls_plant *p = desk->plant;
    const ls_station *s = p->stations;
    while (machine >= s->machine_at + s->machine_count) {
        s++;
    }
    for (uint32_t i = s->failure_at; i < s->failure_at + s->failure_count; i++) {
        if (strcmp(p->failures[i].name, text) == 0) {
            *out = i;
            return true;
        }
    }
    if (s->failure_count == 0) {
        return wrong(err, "station '%s' has no failures or maintenances", s->name);
    }
    return unknown(err, "reason", text,
                   (name_list){p->failures + s->failure_at, sizeof(ls_failure),
                               offsetof(ls_failure, name), s->failure_count});
}

bool ls_note_check(const ls_orders *desk, const ls_order_row *row, int64_t now_us,
                   ls_desk_event *out, ls_error *err) {
    const ls_plant *p = desk->plant;
    int64_t scrap = 0;
    *out = (ls_desk_event){.kind = LS_DESK_NOTE, .mode = LS_NONE, .due_us = LS_FOREVER};
    out->product = out->release = LS_NONE;
    out->time_us = now_us - p->start_us;
    if (!is_given(row->machine)) {
        return wrong(err, "'machine' is missing");
    }
    out->machine = ls_names_find(&desk->machines, 0, row->machine);
    if (out->machine == LS_NONE) {
        return unknown(err, "machine", row->machine,
                       (name_list){p->machines, sizeof(ls_machine), offsetof(ls_machine, name),
                                   p->machine_count});
    }
    if (is_given(row->text) && strlen(row->text) > NOTE_TEXT_MOST) {
        return wrong(err, "'text' has %zu bytes, at most %d", strlen(row->text), NOTE_TEXT_MOST);
    }
    if (!is_given(row->reason) && !is_given(row->scrap)) {
        return wrong(err, "neither 'reason' nor 'scrap' is given");
    }
    if ((is_given(row->reason) && !find_mode(desk, out->machine, row->reason, &out->mode, err)) ||
        !whole("scrap", row->scrap, 1, LOTS_MAX, &scrap, err) ||
        !when(desk, "time", row->time, now_us, &out->time_us, err)) {
        return false;
    }
    out->scrap = (uint32_t)scrap;
    out->text = is_given(row->text) ? row->text : NULL;
    out->by = is_given(row->by) ? row->by : NULL;
    return true;
}
