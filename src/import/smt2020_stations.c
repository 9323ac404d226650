// smt2020_stations.c - tool groups, setups between their states, and transport.
#include <string.h>

#include "base/text.h"
#include "import/smt2020_model.h"

// clang-format off
enum {
    T_STNFAM, T_RULE, T_FWLRANK, T_WAKE, T_CRITERION, T_PER, T_LTIME, T_LUNITS, T_UTIME, T_UUNITS, T_CAP,
    T_QTY, T_AREA, T_LOCATION, T_SETUPGRP,
};
static const ls_smt_column tool_columns[] = {
    {"STNFAM", true}, {"RULE", false}, {"FWLRANK", false}, {"WAKERESRANK", false}, {"BATCHCRITF", false},
    {"BATCHPER", false}, {"LTIME", false}, {"LTUNITS", false}, {"ULTIME", false}, {"ULTUNITS", false},
    {"STNCAP", false}, {"STNQTY", true}, {"STNGRP", false}, {"STNFAMLOC", false}, {"SETUPGRP", false},
    // Known and without meaning here: the tool's own name, what operators would do, and a switch for
    // rework rules that is "no" everywhere.
    {"STN", false}, {"STNFAMSTEP_ACTLIST", false}, {"PRERULERWL", false}, {"IGNORE", false}, {0},
};
// clang-format on

static const char *const rank_words[] = {"rank_HP", "rank_RSETUP", "rank_FIFO", "rank_CR", NULL};

// "rank_HP;rank_RSETUP;rank_FIFO"
static void read_ranks(ls_smt_model *model, const ls_smt_table *table, size_t row,
                       ls_smt_station *station) {
    const char *at = ls_smt_cell(table, row, T_FWLRANK);
    while (*at != '\0') {
        size_t length = strcspn(at, ";");
        char word[64];
        ls_text_format(word, sizeof word, "%.*s", length < 60 ? (int)length : 60, at);
        int rank = 0;
        while (rank_words[rank] != NULL && strcmp(rank_words[rank], word) != 0) {
            rank++;
        }
        if (rank_words[rank] == NULL) {
            ls_smt_unknown(table, row, T_FWLRANK, "rule", rank_words, 4);
            return;
        }
        if (station->rank_count == LS_SMT_RANKS_MAX) {
            ls_smt_wrong(table, row, T_FWLRANK, NULL, "more than %d rules", LS_SMT_RANKS_MAX);
            return;
        }
        bool last_word = rank == LS_SMT_FIFO || rank == LS_SMT_CR;
        if (last_word && model->options->dispatch != LS_SMT2020_DISPATCH_FILE) {
            rank = model->options->dispatch == LS_SMT2020_DISPATCH_FIFO ? LS_SMT_FIFO : LS_SMT_CR;
        }
        station->ranks[station->rank_count++] = (ls_smt_rank)rank;
        at += length + (at[length] == ';');
    }
}

static void read_handling(const ls_smt_table *table, size_t row, ls_smt_station *station) {
    if (ls_smt_has(table, row, T_LTIME)) {
        ls_smt_span(table, row, T_LTIME, T_LUNITS, &station->load);
    }
    if (ls_smt_has(table, row, T_UTIME)) {
        ls_smt_span(table, row, T_UTIME, T_UUNITS, &station->unload);
    }
    station->ports = 1;
    if (ls_smt_has(table, row, T_CAP)) {
        ls_smt_count(table, row, T_CAP, 1, 2, &station->ports);
    }
}

static void read_words(const ls_smt_table *table, size_t row, ls_smt_station *station) {
    static const char *const rules[] = {"", "rule_HotLotFIRST", "rule_LSSU", NULL};
    static const char *const wakes[] = {"", "wake_LeastSetupTime", NULL};
    static const char *const criteria[] = {"", "crit_sameroutestep", NULL};
    static const char *const pers[] = {"", "piece", "lot", NULL};
    int rule = 0, wake = 0, criterion = 0, per = 0;
    ls_smt_word(table, row, T_RULE, rules, &rule);
    ls_smt_word(table, row, T_WAKE, wakes, &wake);
    ls_smt_word(table, row, T_CRITERION, criteria, &criterion);
    ls_smt_word(table, row, T_PER, pers, &per);
    station->least_setup = rule == 2 || wake == 1;
    station->batch_by_lots = per == 2;
}

// Areas and locations are known only from the rows that use them.
static void join_area(ls_smt_model *model, uint32_t index) {
    ls_smt_station *station = &model->stations[index];
    if (station->area[0] == '\0') {
        return;
    }
    uint32_t at = ls_names_add(&model->names, LS_SMT_AREAS, station->area, model->area_count);
    if (at == LS_SMT_NO) {
        model->areas[model->area_count++] = (ls_smt_area){
            .name = station->area, .station_first = index, .station_last = index};
        return;
    }
    model->stations[model->areas[at].station_last].next_in_area = index;
    model->areas[at].station_last = index;
}

void ls_smt_read_stations(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "tool.txt.1l", tool_columns, true);
    size_t rows = table.csv.row_count;
    model->stations = ls_smt_alloc(&model->reader, rows, sizeof *model->stations);
    model->areas = ls_smt_alloc(&model->reader, rows, sizeof *model->areas);
    if (model->reader.out_of_memory) {
        return;
    }
    if (table.readable && rows == 0) {
        ls_error err;
        ls_fail_at(&err, LS_ERR_INVALID, table.path, 1, 0, "there are no tool groups");
        ls_errors_add(model->reader.errors, &err);
    }
    for (size_t r = 0; r < rows; r++) {
        ls_smt_station station = {
            .area = "",
            .location = "",
            .machines = 1,
            .per = LS_SMT_PER_LOT,
            .next_in_area = LS_SMT_NO,
            .attach_first = LS_SMT_NO,
            .attach_last = LS_SMT_NO,
            .pair_first = LS_SMT_NO,
            .pair_last = LS_SMT_NO,
            .load.unit = 'm',
            .unload.unit = 'm',
        };
        if (!ls_smt_name(&table, r, T_STNFAM, &station.name)) {
            continue;
        }
        ls_smt_count(&table, r, T_QTY, 1, LS_SMT_MACHINES_MAX, &station.machines);
        if (ls_smt_has(&table, r, T_AREA)) {
            ls_smt_name(&table, r, T_AREA, &station.area);
        }
        if (ls_smt_has(&table, r, T_LOCATION) &&
            ls_smt_name(&table, r, T_LOCATION, &station.location)) {
            ls_names_add(&model->names, LS_SMT_LOCATIONS, station.location, 0);
        }
        read_handling(&table, r, &station);
        read_words(&table, r, &station);
        read_ranks(model, &table, r, &station);
        uint32_t index = model->station_count;
        if (ls_names_add(&model->names, LS_SMT_STATIONS, station.name, index) != LS_SMT_NO) {
            ls_smt_doubled(&table, r, T_STNFAM, station.name);
            continue;
        }
        model->stations[model->station_count++] = station;
        join_area(model, index);
    }
    ls_smt_note_unknown(model, &table);
}

// clang-format off
enum { S_FROM, S_TO, S_TIME, S_UNITS };
static const ls_smt_column setup_columns[] = {
    {"CURSETUP", true}, {"NEWSETUP", true}, {"STIME", true}, {"STUNITS", true}, {"IGNORE", false}, {0},
};
// clang-format on

static void add_pair(ls_smt_model *model, uint32_t at, ls_smt_pair pair) {
    if (!ls_smt_reserve(model, &model->pairs, model->pair_count, &model->pair_capacity,
                        sizeof pair)) {
        return;
    }
    ls_smt_station *station = &model->stations[at];
    uint32_t index = model->pair_count++;
    model->pairs[index] = pair;
    *(station->pair_first == LS_SMT_NO ? &station->pair_first
                                       : &model->pairs[station->pair_last].next) = index;
    station->pair_last = index;
}

// A row counts at every tool group where a step needs the new state.
static void read_pairs(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "setup.txt", setup_columns, false);
    for (size_t r = 0; r < table.csv.row_count; r++) {
        ls_smt_pair pair = {.from = "", .next = LS_SMT_NO};
        bool good = ls_smt_name(&table, r, S_TO, &pair.to);
        if (ls_smt_has(&table, r, S_FROM)) {
            good = ls_smt_name(&table, r, S_FROM, &pair.from) && good;
        }
        good = ls_smt_span(&table, r, S_TIME, S_UNITS, &pair.time) && good;
        if (!good) {
            continue;
        }
        const char *key = ls_smt_text(&model->reader, "%s\t%s", pair.from, pair.to);
        if (key == NULL) {
            return;
        }
        if (ls_names_add(&model->names, LS_SMT_SETUPS, key, 0) != LS_SMT_NO) {
            ls_smt_wrong(&table, r, S_TO, "leave one of the two rows out",
                         "the setup from '%s' to '%s' is given twice", pair.from, pair.to);
            continue;
        }
        uint32_t setup = ls_names_find(&model->names, LS_SMT_SETUPS, pair.to);
        if (setup == LS_SMT_NO) {
            ls_buffer_printf(&model->notes, "# setup.txt:%d: no step needs the setup %s\n",
                             table.csv.lines[r], pair.to);
            continue;
        }
        for (uint32_t use = model->setups[setup].use_first; use != LS_SMT_NO;
             use = model->uses[use].next) {
            uint32_t at = model->uses[use].station;
            if (pair.from[0] == '\0' ||
                ls_names_find(&model->names, LS_SMT_SETUPS_AT + at, pair.from) != LS_SMT_NO) {
                add_pair(model, at, pair);
            }
        }
    }
    ls_smt_note_unknown(model, &table);
}

// clang-format off
enum { G_GROUP, G_SETUP, G_MINRUN };
static const ls_smt_column group_columns[] = {
    {"SETUPGRP", false}, {"SETUP", true}, {"MINRUN", true}, {"IGNORE", false}, {0},
};
// clang-format on

static void read_min_runs(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "setupgrp.txt", group_columns, false);
    for (size_t r = 0; r < table.csv.row_count; r++) {
        const char *name;
        int64_t min_run = 0;
        if (!ls_smt_name(&table, r, G_SETUP, &name) || !ls_smt_has(&table, r, G_MINRUN) ||
            !ls_smt_count(&table, r, G_MINRUN, 0, 1000000, &min_run)) {
            continue;
        }
        uint32_t setup = ls_names_find(&model->names, LS_SMT_SETUPS, name);
        if (setup == LS_SMT_NO) {
            ls_buffer_printf(&model->notes, "# setupgrp.txt:%d: no step needs the setup %s\n",
                             table.csv.lines[r], name);
            continue;
        }
        for (uint32_t use = model->setups[setup].use_first; use != LS_SMT_NO;
             use = model->uses[use].next) {
            ls_smt_station *station = &model->stations[model->uses[use].station];
            if (station->min_run != 0 && station->min_run != min_run) {
                ls_smt_wrong(&table, r, G_MINRUN,
                             "all setups of one tool group have the same MINRUN",
                             "%d differs from the %d of the other setups of '%s'", (int)min_run,
                             (int)station->min_run, station->name);
                continue;
            }
            station->min_run = min_run;
        }
    }
    ls_smt_note_unknown(model, &table);
}

void ls_smt_read_setups(ls_smt_model *model) {
    read_pairs(model);
    read_min_runs(model);
}

// clang-format off
enum { M_FROM, M_TO, M_DIST, M_TIME, M_TIME2, M_UNITS };
static const ls_smt_column move_columns[] = {
    {"FROMLOC", true}, {"TOLOC", true}, {"DDIST", false}, {"DTIME", true}, {"DTIME2", false},
    {"DUNITS", true}, {"IGNORE", false}, {0},
};
// clang-format on

static bool read_location(ls_smt_model *model, const ls_smt_table *table, size_t row, int column,
                          const char **out) {
    if (!ls_smt_name(table, row, column, out)) {
        return false;
    }
    if (ls_names_find(&model->names, LS_SMT_LOCATIONS, *out) != LS_SMT_NO) {
        return true;
    }
    const char *known[16];
    size_t count = 0;
    for (uint32_t i = 0; i < model->station_count && count < 16; i++) {
        known[count] = model->stations[i].location;
        count += count == 0 || strcmp(known[count - 1], known[count]) != 0;
    }
    ls_smt_unknown(table, row, column, "location (STNFAMLOC of tool.txt.1l)", known, count);
    return false;
}

void ls_smt_read_moves(ls_smt_model *model) {
    ls_smt_table table;
    ls_smt_open(&table, &model->reader, "fromto.txt", move_columns, false);
    model->moves = ls_smt_alloc(&model->reader, table.csv.row_count, sizeof *model->moves);
    if (model->moves == NULL) {
        return;
    }
    for (size_t r = 0; r < table.csv.row_count; r++) {
        ls_smt_move move;
        bool good = read_location(model, &table, r, M_FROM, &move.from);
        good = read_location(model, &table, r, M_TO, &move.to) && good;
        good = ls_smt_spread(&table, r, M_DIST, M_TIME, M_TIME2, M_UNITS, &move.time) && good;
        const char *key = good ? ls_smt_text(&model->reader, "%s\t%s", move.from, move.to) : NULL;
        if (key == NULL) {
            continue;
        }
        if (ls_names_add(&model->names, LS_SMT_LOCATIONS, key, 0) != LS_SMT_NO) {
            ls_smt_wrong(&table, r, M_TO, "leave one of the two rows out",
                         "the way from '%s' to '%s' is given twice", move.from, move.to);
            continue;
        }
        model->moves[model->move_count++] = move;
    }
    ls_smt_note_unknown(model, &table);
}
