// smt2020_orders.c - what is released, and the lots in the plant at time zero.
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "import/smt2020_model.h"

// clang-format off
enum {
    O_LOT, O_PART, O_PRIOR, O_PIECES, O_START, O_RDIST, O_REPEAT, O_RUNITS, O_RPT, O_LOTS, O_DUE,
};
static const ls_smt_column order_columns[] = {
    {"LOT", true}, {"PART", true}, {"PRIOR", false}, {"PIECES", false}, {"START", true}, {"RDIST", false},
    {"REPEAT", false}, {"RUNITS", false}, {"RPT#", false}, {"LOTSPERRPT", false}, {"DUE", false},
    {"ORDER", false}, {"HOTLOT", false}, {"IGNORE", false}, {0},
};
// clang-format on

static bool find_part(ls_smt_model *model, const ls_smt_table *table, size_t row, int column,
                      uint32_t *out) {
    const char *name;
    if (!ls_smt_name(table, row, column, &name)) {
        return false;
    }
    *out = ls_names_find(&model->names, LS_SMT_PARTS, name);
    if (*out != LS_SMT_NO) {
        return true;
    }
    const char *known[64];
    size_t count = 0;
    for (; count < 64 && count < model->part_count; count++) {
        known[count] = model->parts[count].name;
    }
    ls_smt_unknown(table, row, column, "part (part.txt)", known, count);
    return false;
}

// All lots of a part have the same size.
static void read_pieces(ls_smt_model *model, const ls_smt_table *table, size_t row, int column,
                        uint32_t part) {
    int64_t pieces = 1;
    if (ls_smt_has(table, row, column) && !ls_smt_count(table, row, column, 1, 1000000, &pieces)) {
        return;
    }
    int64_t *known = &model->parts[part].pieces;
    if (*known != 0 && *known != pieces) {
        ls_smt_wrong(table, row, column, "all lots of one part have the same number of pieces",
                     "%d pieces, and lots of '%s' had %d before", (int)pieces,
                     model->parts[part].name, (int)*known);
        return;
    }
    *known = pieces;
}

static void read_release(ls_smt_model *model, const ls_smt_table *table, size_t row,
                         ls_smt_release *release) {
    size_t errors = model->reader.errors->total;
    release->count = release->lots = 1;
    release->next = LS_SMT_NO;
    if (!ls_smt_name(table, row, O_LOT, &release->name) ||
        !find_part(model, table, row, O_PART, &release->part)) {
        return;
    }
    read_pieces(model, table, row, O_PIECES, release->part);
    int64_t priority = 10, due_us = 0;
    if (ls_smt_has(table, row, O_PRIOR)) {
        ls_smt_count(table, row, O_PRIOR, -1000000, 1000000, &priority);
    }
    release->priority = priority - 10;
    bool dated = ls_smt_date(table, row, O_START, &release->start_us);
    if (ls_smt_has(table, row, O_DUE)) {
        release->has_due = ls_smt_date(table, row, O_DUE, &due_us) && dated;
        release->due_us = due_us - release->start_us;
        if (release->has_due && (release->due_us < 0 || release->due_us > LS_UNITS_TIME_MAX_US)) {
            ls_smt_wrong(table, row, O_DUE, "up to 100 years after START",
                         release->due_us < 0 ? "'%s' is before START" : "'%s' is too far away",
                         ls_smt_cell(table, row, O_DUE));
        }
    }
    if (ls_smt_has(table, row, O_LOTS)) {
        ls_smt_count(table, row, O_LOTS, 1, 100000, &release->lots);
    }
    if (ls_smt_has(table, row, O_REPEAT)) {
        release->count = 0;  // no end
        ls_smt_spread(table, row, O_RDIST, O_REPEAT, -1, O_RUNITS, &release->every);
        if (release->every.shape != LS_SMT_NONE && release->every.high_us == 0) {
            ls_smt_wrong(table, row, O_REPEAT, "more than 0", "releases without time between them");
        }
        if (ls_smt_has(table, row, O_RPT)) {
            ls_smt_count(table, row, O_RPT, 1, 1000000000, &release->count);
        }
    }
    release->good = model->reader.errors->total == errors;
}

void ls_smt_read_releases(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "order.txt", order_columns, true);
    size_t rows = table.csv.row_count;
    model->releases = ls_smt_alloc(&model->reader, rows, sizeof *model->releases);
    if (model->releases == NULL) {
        return;
    }
    if (table.readable && rows == 0) {
        ls_error err;
        ls_fail_at(&err, LS_ERR_INVALID, table.path, 1, 0, "there are no orders");
        ls_errors_add(model->reader.errors, &err);
    }
    bool dated = false;
    for (size_t r = 0; r < rows; r++) {
        uint32_t index = model->release_count;
        ls_smt_release *release = &model->releases[index];
        *release = (ls_smt_release){0};
        read_release(model, &table, r, release);
        if (!release->good) {
            continue;
        }
        if (ls_names_add(&model->names, LS_SMT_RELEASES, release->name, index) != LS_SMT_NO) {
            ls_smt_doubled(&table, r, O_LOT, release->name);
            continue;
        }
        ls_smt_part *part = &model->parts[release->part];
        *(part->release_first == LS_SMT_NO ? &part->release_first
                                           : &model->releases[part->release_last].next) = index;
        part->release_last = index;
        model->release_count++;
        if (!dated || release->start_us < model->start_us) {
            model->start_us = release->start_us;
            dated = true;
        }
    }
    model->orders_complete = rows > 0 && model->release_count == rows;
    for (size_t r = 0; r < rows && model->orders_complete; r++) {
        if (model->releases[r].start_us - model->start_us > LS_UNITS_TIME_MAX_US) {
            ls_smt_wrong(&table, r, O_START, "within 100 years of the first order",
                         "'%s' is too far away", ls_smt_cell(&table, r, O_START));
        }
    }
    ls_smt_note_unknown(model, &table);
}

// clang-format off
enum { W_LOT, W_PART, W_PRIOR, W_PIECES, W_START, W_CURSTEP, W_DUE };
static const ls_smt_column lot_columns[] = {
    {"LOT", true}, {"PART", true}, {"PRIOR", false}, {"PIECES", false}, {"START", false},
    {"CURSTEP", true}, {"DUE", false},
    {"ORDER", false}, {"HOTLOT", false}, {"TRACE", false}, {"IGNORE", false}, {0},
};
// clang-format on

// "Init_HotLot_3_17" belongs to the orders "HotLot_3": without "Init_" and the number at the end.
// Any other name: the first order of the part with the same priority.
static uint32_t release_of(const ls_smt_model *model, const char *lot, uint32_t part,
                           int64_t priority) {
    char name[LS_SMT_NAME_MAX + 1];
    size_t begin = strncmp(lot, "Init_", 5) == 0 ? 5 : 0, end = strlen(lot);
    while (end > begin && lot[end - 1] >= '0' && lot[end - 1] <= '9') {
        end--;
    }
    if (end > begin && lot[end - 1] == '_') {
        end--;
    }
    ls_text_format(name, sizeof name, "%.*s", (int)(end - begin), lot + begin);
    uint32_t named = ls_names_find(&model->names, LS_SMT_RELEASES, name);
    if (named != LS_SMT_NO && model->releases[named].part == part) {
        return named;
    }
    for (uint32_t i = model->parts[part].release_first; i != LS_SMT_NO;
         i = model->releases[i].next) {
        if (model->releases[i].priority == priority) {
            return i;
        }
    }
    return LS_SMT_NO;
}

static bool read_lot(ls_smt_model *model, const ls_smt_table *table, size_t row, ls_smt_lot *lot) {
    const char *name;
    bool named = ls_smt_name(table, row, W_LOT, &name);
    if (!find_part(model, table, row, W_PART, &lot->part) || !named) {
        return false;
    }
    size_t errors = model->reader.errors->total;
    int64_t priority = 10, step = 1, start_us;
    read_pieces(model, table, row, W_PIECES, lot->part);
    if (ls_smt_has(table, row, W_PRIOR)) {
        ls_smt_count(table, row, W_PRIOR, -1000000, 1000000, &priority);
    }
    uint32_t route = model->parts[lot->part].route;
    uint32_t steps = route != LS_SMT_NO ? model->routes[route].step_count : 0;
    ls_smt_count(table, row, W_CURSTEP, 1, steps > 0 ? steps : LS_SMT_STEPS_MAX, &step);
    lot->step = (uint32_t)step - 1;
    if (ls_smt_has(table, row, W_START) && ls_smt_date(table, row, W_START, &start_us) &&
        start_us > model->start_us && model->orders_complete) {
        ls_smt_wrong(table, row, W_START, "later lots belong in order.txt",
                     "the lot starts after the first order");
    }
    lot->release = release_of(model, name, lot->part, priority - 10);
    if (lot->release == LS_SMT_NO) {
        if (model->orders_complete) {
            ls_smt_wrong(table, row, W_LOT, "Init_NAME_number, NAME being a LOT of order.txt",
                         "no order of '%s' for the lot '%s' of priority %d",
                         model->parts[lot->part].name, name, (int)priority);
        }
        return false;
    }
    if (ls_smt_has(table, row, W_DUE)) {
        lot->has_due = ls_smt_date(table, row, W_DUE, &lot->due_us);
    }
    return model->reader.errors->total == errors && steps > 0;
}

void ls_smt_read_lots(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "WIP.txt", lot_columns, false);
    size_t rows = table.csv.row_count;
    model->lots = ls_smt_alloc(&model->reader, rows, sizeof *model->lots);
    if (model->lots == NULL) {
        return;
    }
    if (table.missing) {
        ls_buffer_text(&model->notes, "# there is no WIP.txt: the plant starts empty\n");
    }
    for (size_t r = 0; r < rows; r++) {
        ls_smt_lot lot = {0};
        if (!read_lot(model, &table, r, &lot)) {
            continue;
        }
        uint32_t steps = model->routes[model->parts[lot.part].route].step_count;
        if (model->options->compat && lot.step + 2 >= steps) {
            model->lots_left_out++;
            continue;
        }
        model->lots[model->lot_count++] = lot;
    }
    ls_smt_note_unknown(model, &table);
}
