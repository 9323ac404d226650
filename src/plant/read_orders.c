// read_orders.c - the two tables beside a plant file: orders to come, and lots that are there at
// time zero.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "plant/reader.h"

enum { FIELD_COLUMNS = 6 };

// A column of times: its number and the unit in its name.
typedef struct time_column {
    int column;  // -1: not there
    double unit_us;
} time_column;

typedef struct table {
    const ls_csv *csv;
    const char *file;
    const ls_yaml *at;  // where the plant file names it
} table;

static time_column find_time(const ls_csv *csv, const char *base) {
    static const char *const units[] = {"us", "ms", "s", "min", "h", "d"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        char name[64];
        ls_text_format(name, sizeof name, "%s_%s", base, units[i]);
        const int column = ls_csv_column(csv, name);
        if (column >= 0) {
            return (time_column){.column = column, .unit_us = ls_column_unit_us(name)};
        }
    }
    return (time_column){.column = -1};
}

static const char *cell(const table *t, size_t row, int column) {
    return column < 0 ? "" : t->csv->rows[row][column];
}

// A mistake in a cell goes to its place.
static int place(const table *t, size_t row, int column) {
    return column < 0 ? 0 : ls_csv_place(t->csv, row, (size_t)column);
}

static bool has_time(const table *t, size_t row, time_column column) {
    return cell(t, row, column.column)[0] != '\0';
}

static bool read_time(ls_reader *r, const table *t, size_t row, time_column column,
                      bool may_be_past, int64_t *out_us) {
    const char *text = cell(t, row, column.column);
    double value = 0;
    const bool is_number = ls_text_parse_double(text, strlen(text), &value);
    const double us = value * column.unit_us;
    if (!is_number || fabs(us) > (double)LS_UNITS_TIME_MAX_US || (us < 0 && !may_be_past)) {
        ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, column.column),
                             is_number ? NULL
                                       : "a plain number in the unit of the column, counted from "
                                         "the plant's 'start', as in '90' or '90.5'",
                             "%s: '%s' is not a time%s", t->csv->columns[column.column], text,
                             is_number && us < 0 && !may_be_past ? " after time zero" : "");
        return false;
    }
    *out_us = (int64_t)llround(us);
    return true;
}

static bool read_whole(ls_reader *r, const table *t, size_t row, int column, int64_t low,
                       int64_t high, int64_t *out) {
    const char *text = cell(t, row, column);
    int64_t value = 0;
    if (text[0] == '\0') {
        return true;
    }
    if (!ls_text_parse_i64(text, strlen(text), &value) || value < low || value > high) {
        ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, column), NULL,
                             "%s: '%s' is not a whole number from %lld to %lld",
                             t->csv->columns[column], text, (long long)low, (long long)high);
        return false;
    }
    *out = value;
    return true;
}

static uint32_t read_product(ls_reader *r, const table *t, size_t row, int column) {
    const char *text = cell(t, row, column);
    const uint32_t product = ls_names_find(&r->product_names, 0, text);
    if (product == LS_NONE) {
        ls_reader_mistake_in(
            r, t->file, t->csv->lines[row], place(t, row, column),
            ls_reader_nearest_row(r, text, &r->products, offsetof(ls_product, name)),
            "unknown product '%s'", text);
    }
    return product;
}

// Columns that nobody reads are refused, as unknown keys are.
static bool check_columns(ls_reader *r, const table *t, const char *words, const char *hint) {
    bool is_good = true;
    for (size_t i = 0; i < t->csv->column_count; i++) {
        const char *name = t->csv->columns[i];
        char base[64];
        const char *bar = strrchr(name, '_');
        const bool has_unit = bar != NULL && ls_column_unit_us(name) > 0;
        ls_text_format(base, sizeof base, "%.*s%s",
                       (int)(has_unit ? bar - name : (long)strlen(name)), name,
                       has_unit ? "_" : "");
        if (!ls_schema_has_word(words, base)) {
            const bool is_uncut = strchr(name, ';') != NULL || strchr(name, '\t') != NULL;
            ls_reader_mistake_in(r, t->file, 1, ls_csv_header_place(t->csv, i),
                                 is_uncut ? "part the columns by commas; by tabs when the name of "
                                            "the file ends in .tsv"
                                          : hint,
                                 "unknown column '%s'", name);
            is_good = false;
        }
    }
    return is_good;
}

// words: the columns, those of times without their unit.
static bool open_table(ls_reader *r, const char *key, const char *words, const char *hint,
                       table *out) {
    out->at = ls_take(r, r->form.root, key);
    if (!ls_yaml_is_text(out->at)) {
        return false;
    }
    out->file = ls_reader_text(r, out->at->text);
    out->csv = ls_read_csv(r, out->at, out->file);
    return out->csv != NULL && check_columns(r, out, words, hint) && !r->form.out_of_memory;
}

static bool needs_column(ls_reader *r, const table *t, int column, const char *name) {
    if (column < 0) {
        ls_reader_mistake_in(r, t->file, 1, 0, NULL, "column '%s' is missing", name);
    }
    return column >= 0;
}

// --- orders

typedef struct order_columns {
    time_column time, due;
    int product, lots, priority, class_name;
} order_columns;

// A class of lots that come from a table, not from a release of the plant file.
static uint32_t add_class(ls_reader *r, const table *t, uint32_t product, const char *name) {
    const ls_release release = {.name = name,
                                .place = {t->at->line, t->at->column},
                                .kind = LS_RELEASE_TIMETABLE,
                                .product = product,
                                .every = LS_NONE,
                                .first = LS_NONE,
                                .lots = 1,
                                .count = LS_FOREVER,
                                .from_file = true,
                                .due = LS_ROW(ls_product, r->products, product)->due};
    return ls_release_add(r, &release);
}

// The release that an order of this class belongs to, made at its first order.
static uint32_t class_of(ls_reader *r, const table *t, size_t row, uint32_t product,
                         int class_column, uint32_t first_own) {
    const char *class_name = cell(t, row, class_column);
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    const bool is_named = class_name[0] != '\0';
    const char *name = is_named ? class_name : p->name;
    uint32_t found = ls_names_find(&r->release_names, 0, name);
    if (!is_named && found != LS_NONE && found < first_own) {
        name = ls_reader_format(r, "%s-orders", p->name);
        found = ls_names_find(&r->release_names, 0, name);
    }
    if (found == LS_NONE) {
        return add_class(r, t, product, ls_reader_text(r, name));
    }
    if (found < first_own) {
        ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, class_column),
                             "give the orders a class of their own",
                             "class '%s' is a release of the plant file", name);
        return LS_NONE;
    }
    if (LS_ROW(ls_release, r->releases, found)->product != product) {
        ls_reader_mistake_in(
            r, t->file, t->csv->lines[row], place(t, row, class_column), "a class has one product",
            "class '%s' has orders of '%s' and of '%s'", name,
            LS_ROW(ls_product, r->products, LS_ROW(ls_release, r->releases, found)->product)->name,
            p->name);
        return LS_NONE;
    }
    return found;
}

typedef struct order_row {
    ls_order order;
    uint32_t release;
} order_row;

static bool read_order(ls_reader *r, const table *t, size_t row, const order_columns *c,
                       uint32_t first_own, order_row *out) {
    int64_t lots = 1;
    int64_t priority = 0;
    const uint32_t product = read_product(r, t, row, c->product);
    out->order = (ls_order){.due_us = LS_FOREVER};
    bool is_good = read_time(r, t, row, c->time, false, &out->order.time_us);
    is_good = read_whole(r, t, row, c->lots, 1, 1000000, &lots) && is_good;
    is_good = read_whole(r, t, row, c->priority, -1000000, 1000000, &priority) && is_good;
    if (has_time(t, row, c->due)) {
        is_good = read_time(r, t, row, c->due, false, &out->order.due_us) && is_good;
    }
    if (!is_good || product == LS_NONE) {
        return false;
    }
    out->order.product = product;
    out->order.priority = (int32_t)priority;
    out->order.lots = (uint32_t)lots;
    out->release = class_of(r, t, row, product, c->class_name, first_own);
    return out->release != LS_NONE && !r->form.out_of_memory;
}

// Rows of one release together, in the order of the file within each, then by time.
static void keep_orders(ls_reader *r, const order_row *rows, uint32_t count, uint32_t first_own) {
    for (uint32_t i = 0; i < count; i++) {
        LS_ROW(ls_release, r->releases, rows[i].release)->order_count++;
    }
    uint32_t at = r->orders.count;
    for (uint32_t k = first_own; k < r->releases.count; k++) {
        ls_release *release = LS_ROW(ls_release, r->releases, k);
        release->order_at = at;
        at += release->order_count;
        release->order_count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)ls_rows_push(r, &r->orders, NULL);
    }
    for (uint32_t i = 0; i < count && !r->form.out_of_memory; i++) {
        ls_release *release = LS_ROW(ls_release, r->releases, rows[i].release);
        *LS_ROW(ls_order, r->orders, release->order_at + release->order_count++) = rows[i].order;
    }
    for (uint32_t k = first_own; k < r->releases.count && !r->form.out_of_memory; k++) {
        const ls_release *release = LS_ROW(ls_release, r->releases, k);
        if (!ls_orders_sort(LS_ROW(ls_order, r->orders, release->order_at), release->order_count)) {
            r->form.out_of_memory = true;
        }
    }
}

static void read_order_file(ls_reader *r) {
    table t;
    if (!open_table(
            r, "orders", "time_ product lots due_ priority class",
            "columns are: time_min (or _s, _h, _d), product, lots, due_min, priority, class", &t)) {
        return;
    }
    const order_columns c = {.time = find_time(t.csv, "time"),
                             .due = find_time(t.csv, "due"),
                             .product = ls_csv_column(t.csv, "product"),
                             .lots = ls_csv_column(t.csv, "lots"),
                             .priority = ls_csv_column(t.csv, "priority"),
                             .class_name = ls_csv_column(t.csv, "class")};
    const bool has_product = needs_column(r, &t, c.product, "product");
    if (!needs_column(r, &t, c.time.column, "time_min") || !has_product) {
        return;
    }
    order_row *rows = ls_arena_alloc(&r->form.scratch, (t.csv->row_count + 1) * sizeof *rows);
    if (rows == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    const uint32_t first_own = r->releases.count;
    uint32_t count = 0;
    for (size_t i = 0; i < t.csv->row_count && !r->form.out_of_memory; i++) {
        count += read_order(r, &t, i, &c, first_own, &rows[count]) ? 1 : 0;
    }
    if (!r->form.out_of_memory) {
        keep_orders(r, rows, count, first_own);
    }
}

// --- lots at time zero

typedef struct wip_columns {
    time_column released, due;
    int product, step, priority, class_name;
} wip_columns;

// The first release of each product; LS_NONE: none yet.
static uint32_t *first_releases(ls_reader *r) {
    uint32_t *first = ls_arena_alloc(&r->form.scratch,
                                     ((size_t)r->products.count + 1) * sizeof *first);
    if (first == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    for (uint32_t p = 0; p < r->products.count; p++) {
        first[p] = LS_NONE;
    }
    for (uint32_t k = r->releases.count; k-- > 0;) {
        first[LS_ROW(ls_release, r->releases, k)->product] = k;
    }
    return first;
}

static uint32_t wip_class(ls_reader *r, const table *t, size_t row, uint32_t product,
                          const wip_columns *c, uint32_t *first) {
    const char *name = cell(t, row, c->class_name);
    if (name[0] == '\0' && first[product] == LS_NONE) {
        const ls_product *p = LS_ROW(ls_product, r->products, product);
        if (ls_names_find(&r->release_names, 0, p->name) != LS_NONE) {
            ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, c->class_name),
                                 "fill the column 'class'",
                                 "which class do lots of '%s' belong to?", p->name);
            return LS_NONE;
        }
        first[product] = add_class(r, t, product, p->name);
    }
    if (name[0] == '\0') {
        return first[product];
    }
    const uint32_t found = ls_names_find(&r->release_names, 0, name);
    if (found == LS_NONE) {
        ls_reader_mistake_in(
            r, t->file, t->csv->lines[row], place(t, row, c->class_name),
            ls_reader_nearest_row(r, name, &r->releases, offsetof(ls_release, name)),
            "unknown class '%s'", name);
    }
    return found;
}

static uint32_t wip_step(ls_reader *r, const table *t, size_t row, uint32_t product,
                         const wip_columns *c) {
    const char *text = cell(t, row, c->step);
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    int64_t number = 0;
    const uint32_t named = ls_names_find(&r->step_names, product, text);
    if (named != LS_NONE) {
        return named;
    }
    if (ls_text_parse_i64(text, strlen(text), &number)) {
        // Steps of one position stand together and positions rise, so the first is found by
        // halving.
        uint32_t low = 0;
        uint32_t high = p->step_count;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if ((int64_t)LS_ROW(ls_step, r->steps, p->step_at + middle)->number < number - 1) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < p->step_count &&
            LS_ROW(ls_step, r->steps, p->step_at + low)->number == number - 1) {
            return p->step_at + low;
        }
    }
    ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, c->step), NULL,
                         "product '%s' has no step '%s', neither by name nor by number from 1",
                         p->name, text);
    return LS_NONE;
}

static void read_wip(ls_reader *r, const table *t, size_t row, const wip_columns *c,
                     uint32_t *first) {
    ls_wip wip = {.due_us = LS_FOREVER};
    wip.product = read_product(r, t, row, c->product);
    if (wip.product == LS_NONE) {
        return;
    }
    wip.step = wip_step(r, t, row, wip.product, c);
    wip.release = wip_class(r, t, row, wip.product, c, first);
    if (wip.step == LS_NONE || wip.release == LS_NONE || r->form.out_of_memory) {
        return;
    }
    int64_t priority = LS_ROW(ls_release, r->releases, wip.release)->priority;
    bool is_good = read_whole(r, t, row, c->priority, -1000000, 1000000, &priority);
    wip.priority = (int32_t)priority;
    if (has_time(t, row, c->released)) {
        is_good = read_time(r, t, row, c->released, true, &wip.released_us) && is_good;
    }
    if (is_good && wip.released_us > 0) {
        ls_reader_mistake_in(r, t->file, t->csv->lines[row], place(t, row, c->released.column),
                             "times before time zero are negative",
                             "a lot in the plant at time zero was released after it");
        return;
    }
    if (has_time(t, row, c->due)) {
        is_good = read_time(r, t, row, c->due, true, &wip.due_us) && is_good;
    }
    if (is_good) {
        *(ls_wip *)ls_rows_push(r, &r->wip, NULL) = wip;
    }
}

static void read_wip_file(ls_reader *r) {
    table t;
    if (!open_table(
            r, "initial", "product step class released_ due_ priority",
            "columns are: product, step, class, released_min (or _s, _h, _d), due_min, priority",
            &t)) {
        return;
    }
    const wip_columns c = {.released = find_time(t.csv, "released"),
                           .due = find_time(t.csv, "due"),
                           .product = ls_csv_column(t.csv, "product"),
                           .step = ls_csv_column(t.csv, "step"),
                           .priority = ls_csv_column(t.csv, "priority"),
                           .class_name = ls_csv_column(t.csv, "class")};
    const bool has_product = needs_column(r, &t, c.product, "product");
    uint32_t *first = first_releases(r);
    if (!needs_column(r, &t, c.step, "step") || !has_product || first == NULL) {
        return;
    }
    for (size_t i = 0; i < t.csv->row_count && !r->form.out_of_memory; i++) {
        read_wip(r, &t, i, &c, first);
    }
}

static const char *file_name(ls_reader *r, const char *key) {
    const ls_yaml *value = ls_take(r, r->form.root, key);
    return ls_yaml_is_text(value) ? ls_reader_text(r, value->text) : NULL;
}

void ls_read_orders(ls_reader *r) {
    r->plant->orders_file = file_name(r, "orders");
    r->plant->initial_file = file_name(r, "initial");
    read_order_file(r);
    if (!r->form.out_of_memory) {
        read_wip_file(r);
    }
}
