// smt2020_model.h - a data set read and resolved, before it is written as a plant file.
//
// Everything lives in the reader's arena and refers to everything else by index; LS_SMT_NO is
// "none".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"
#include "import/smt2020.h"
#include "import/smt2020_table.h"

#define LS_SMT_NO UINT32_MAX

enum {
    LS_SMT_STEPS_MAX = 400000,        // of all routes: the plant file must stay under 16 MiB
    LS_SMT_ATTACHMENTS_MAX = 400000,  // calendars on tool groups
    LS_SMT_MACHINES_MAX = 100000,
};

// Scopes of ls_smt_model.names.
enum {
    LS_SMT_STATIONS = 1,
    LS_SMT_AREAS,      // STNGRP: what breakdowns attach to
    LS_SMT_LOCATIONS,  // STNFAMLOC: what transport goes between
    LS_SMT_DOWNS,
    LS_SMT_PMS,
    LS_SMT_SETUPS,
    LS_SMT_ROUTES,  // "file<tab>route"
    LS_SMT_PARTS,
    LS_SMT_RELEASES,
    LS_SMT_SETUPS_AT,           // + station: setup states in use there
    LS_SMT_STEPS_OF = 1 << 30,  // + route: step names
};

typedef enum ls_smt_per {
    LS_SMT_PER_LOT,
    LS_SMT_PER_PIECE,
    LS_SMT_PER_BATCH,
    LS_SMT_PER_MIXED
} ls_smt_per;

enum { LS_SMT_RANKS_MAX = 4 };
typedef enum ls_smt_rank { LS_SMT_HP, LS_SMT_RSETUP, LS_SMT_FIFO, LS_SMT_CR } ls_smt_rank;

typedef struct ls_smt_station {
    const char *name, *area, *location;  // location "": none
    uint32_t next_in_area;               // stations of one STNGRP are chained in file order
    int64_t machines, ports;
    ls_smt_time load, unload;
    bool least_setup;
    bool batch_by_lots;  // BATCHPER is lot, else pieces
    ls_smt_rank ranks[LS_SMT_RANKS_MAX];
    uint32_t rank_count;
    uint32_t attach_first, attach_last;
    // What the routes and setup tables add.
    uint32_t step_count;
    ls_smt_per per;                  // of all its steps
    int64_t batch_min, batch_max;    // 0: none; -1: steps differ
    int64_t min_run;                 // 0: none
    uint32_t pair_first, pair_last;  // setup times
    bool has_setup;
} ls_smt_station;

typedef struct ls_smt_area {
    const char *name;
    uint32_t station_first, station_last;
} ls_smt_area;

typedef struct ls_smt_pair {  // one row of the setup table at one station
    const char *from, *to;    // from "": any
    ls_smt_time time;
    uint32_t next;
} ls_smt_pair;

typedef struct ls_smt_setup {  // a setup state; the stations that use it are chained
    const char *name;
    uint32_t use_first, use_last;
} ls_smt_setup;

typedef struct ls_smt_use {
    uint32_t station, next;
} ls_smt_use;

typedef struct ls_smt_calendar {  // breakdown or maintenance
    const char *name;
    bool down, by_pieces;
    int64_t pieces;  // by_pieces: between two
    ls_smt_dist every, duration;
    bool used;
} ls_smt_calendar;

typedef struct ls_smt_attachment {  // a calendar on one station
    uint32_t calendar, next;
    ls_smt_dist first;     // shape NONE: not given
    int64_t first_pieces;  // by_pieces; 0: not given
} ls_smt_attachment;

typedef struct ls_smt_step {
    const char *name;
    const char *recipe;  // the description alone, where the name has a number added
    uint32_t station;
    ls_smt_dist process;
    ls_smt_per per;
    bool has_cascade, has_setup_time, has_limit;
    ls_smt_time cascade, setup_time, limit;
    int64_t batch_min, batch_max;  // 0: no batch
    const char *setup;             // "": none
    uint32_t same_as;              // step in this route whose tool must be used
    uint32_t rework_to, limit_to;
    double rework, sample;  // percent; 0: none, 100: always
} ls_smt_step;

typedef struct ls_smt_route {
    const char *name, *file;
    ls_smt_step *steps;
    uint32_t step_count;
} ls_smt_route;

typedef struct ls_smt_part {
    const char *name;
    uint32_t route;  // LS_SMT_NO after a mistake
    int64_t pieces;  // 0: not known yet
    uint32_t release_first, release_last;
    uint32_t line;
} ls_smt_part;

typedef struct ls_smt_release {
    const char *name;
    uint32_t part, next;
    int64_t start_us;   // since 1970
    ls_smt_dist every;  // shape NONE: only once
    int64_t count, lots;
    int64_t priority;
    bool has_due;
    int64_t due_us;  // relative to the release
    bool good;       // read without a mistake
} ls_smt_release;

typedef struct ls_smt_move {  // transport between two locations
    const char *from, *to;
    ls_smt_dist time;
} ls_smt_move;

typedef struct ls_smt_lot {        // in the plant at time zero
    uint32_t release, part, step;  // step 0 based
    int64_t due_us;                // since 1970
    bool has_due;
} ls_smt_lot;

typedef struct ls_smt_model {
    ls_smt_reader reader;
    const ls_smt2020_options *options;
    ls_names names;
    int64_t start_us;  // of the plant: the earliest order
    ls_smt_station *stations;
    ls_smt_area *areas;
    ls_smt_pair *pairs;
    ls_smt_setup *setups;
    ls_smt_use *uses;
    ls_smt_calendar *calendars;
    ls_smt_attachment *attachments;
    ls_smt_route *routes;
    ls_smt_part *parts;
    ls_smt_release *releases;
    ls_smt_move *moves;
    ls_smt_lot *lots;
    uint32_t station_count, area_count, pair_count, pair_capacity, setup_count, setup_capacity,
        use_count;
    uint32_t calendar_count, calendar_capacity, attachment_count, attachment_capacity, route_count;
    uint32_t part_count, release_count, move_count, lot_count, step_count, use_capacity;
    uint32_t lots_left_out;
    bool orders_complete;  // every row of order.txt is good, so that a lot without one is a mistake
    ls_buffer notes;       // comment lines for the top of the plant file
} ls_smt_model;

// A copy twice as long of an array in the arena when it is full; false without memory.
bool ls_smt_reserve(ls_smt_model *model, void *array, uint32_t count, uint32_t *capacity,
                    size_t size);
// Adds "# ..." to the notes for every column with content that is not in the table's list.
void ls_smt_note_unknown(ls_smt_model *model, const ls_smt_table *table);
// Adds an error that the name is given twice.
void ls_smt_doubled(const ls_smt_table *table, size_t row, int column, const char *name);
// Adds an error that names the nearest known word.
void ls_smt_unknown(const ls_smt_table *table, size_t row, int column, const char *what,
                    const char *const *known, size_t known_count);

// The readers, in the order they must run. Each goes on after a mistake.
void ls_smt_read_stations(ls_smt_model *model);   // tool.txt.1l
void ls_smt_read_parts(ls_smt_model *model);      // part.txt and the routes
void ls_smt_read_setups(ls_smt_model *model);     // setup.txt, setupgrp.txt
void ls_smt_read_moves(ls_smt_model *model);      // fromto.txt
void ls_smt_read_calendars(ls_smt_model *model);  // downcal.txt, pmcal.txt, attach.txt
void ls_smt_read_releases(ls_smt_model *model);   // order.txt
void ls_smt_read_lots(ls_smt_model *model);       // WIP.txt
// One route; LS_SMT_NO after a mistake that leaves it unusable.
uint32_t ls_smt_read_route(ls_smt_model *model, const ls_smt_table *parts, size_t row,
                           int file_column, int route_column);

// The writers. LS_ERR_LIMIT when the text would be over what a plant file may be.
ls_status ls_smt_write_plant(const ls_smt_model *model, ls_buffer *out, ls_error *err);
void ls_smt_write_initial(const ls_smt_model *model, ls_buffer *out);
void ls_smt_write_station(const ls_smt_model *model, ls_buffer *out, const ls_smt_station *station);
void ls_smt_write_ranks(ls_buffer *out, const ls_smt_station *station);  // "dispatch: [...]"
