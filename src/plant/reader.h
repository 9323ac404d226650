// reader.h - what the parts of the plant reader share: the plant being built, names, mistakes,
// values.
//
// Private to the files read_*.c. The reader works in two passes: schema_check.c walks the whole
// file against the table of keys and reports every mistake that one value can have; then the parts
// build the plant. A part that meets a value the first pass has refused takes its default in
// silence, so that each mistake is reported once. Out of memory is sticky: rows then go to waste
// space, and the reader gives up at the end.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/csv.h"
#include "base/text.h"
#include "base/units.h"
#include "base/yaml.h"
#include "plant/names.h"
#include "plant/plant.h"
#include "plant/read.h"
#include "plant/schema.h"

// A growing array of the plant. `items` points to the plant's own pointer and count to its count.
typedef struct ls_rows {
    void *items;  // owned until finished
    uint32_t count, capacity;
    size_t size;  // of one
} ls_rows;

typedef struct ls_batch_limits {
    uint32_t min, max, most;
    int64_t wait_us;
} ls_batch_limits;

// What a station says about its steps, and about its setups, until these are resolved.
typedef struct ls_station_draft {
    const ls_yaml *node;
    const ls_yaml *process;     // NULL: none
    ls_dist_index process_all;  // when `process` is a single value
    ls_per per;
    bool has_per;
    int64_t cascade_us, load_us, unload_us;
    ls_batch_limits batch;
    ls_batch_by batch_by;
    const ls_yaml *setup;  // NULL: none
    bool setup_by_kind;
    uint32_t family_count;
    uint32_t visitor, visits;  // product + 1 whose visits are being counted
    bool process_varies;       // some machine has its own process times
} ls_station_draft;

// What a machine says and can only be resolved when the steps are known.
typedef struct ls_machine_draft {
    const ls_yaml *node;  // NULL: nothing special
    uint32_t station;
    ls_dist_index process_all;  // LS_NONE
    const ls_yaml *mark;        // the list that named it last
} ls_machine_draft;

typedef struct ls_step_draft {
    const ls_yaml *node;   // the map, or the text that names the station
    const ls_yaml *group;  // of the first alternative: the map with `any`; else NULL
} ls_step_draft;

typedef struct ls_reader {
    ls_plant *plant;
    ls_arena scratch;
    const char *file;
    const ls_plant_files *files;
    ls_errors *errors;
    size_t error_count;  // of this reading
    ls_status first_status;
    size_t
        names_compared;  // to find near ones; limited, so that a file of nothing but mistakes ends
    bool out_of_memory;
    const ls_yaml *root;
    ls_names paths;  // schema path -> row

    ls_rows areas, stations, machines, products, steps, releases, failures, needs, criteria,
        branches;
    ls_rows queue_limits, orders, wip, calendars, operators, crews, skills, dists, indexes, times;
    ls_rows setup_names, setup_matrix;
    ls_dist_tables tables;
    ls_rows station_drafts, machine_drafts, step_drafts;

    // scope: 0, or the station of a machine, the product of a step, the station of a setup state or
    // a family.
    ls_names station_names, machine_names, product_names, step_names, release_names, calendar_names;
    ls_names operator_names, crew_names, skill_names, area_names, setup_states, families,
        dist_texts;
    ls_names refused;  // (line, text) -> column of distributions already reported

    uint32_t criterion_at, criterion_count;  // of the plant's own dispatch
    unsigned char waste[1024];               // where rows go when memory is out
} ls_reader;

// --- rows

// A new zeroed row at the end; its index in *out_index unless NULL. Never NULL (see waste).
void *ls_rows_push(ls_reader *r, ls_rows *rows, uint32_t *out_index);
#define LS_ROW(type, rows, index) ((type *)(rows).items + (index))
uint32_t ls_reader_index(ls_reader *r, uint32_t value);  // appends to indexes
// Copies rows into the plant's arena; an empty array stays NULL.
void *ls_rows_close(ls_reader *r, const ls_rows *rows, uint32_t *out_count);

// --- mistakes

// Adds one at the place of `at` (NULL: none). The next ls_reader_hint belongs to it.
void ls_reader_mistake(ls_reader *r, const ls_yaml *at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// A mistake at a place of another file; column 0: none.
void ls_reader_mistake_in(ls_reader *r, const char *file, int line, int column, const char *hint,
                          const char *format, ...) __attribute__((format(printf, 6, 7)));
// "did you mean 'x'?" or "there are: a, b, c", in the scratch arena; NULL when there are none.
const char *ls_reader_nearest(ls_reader *r, const char *word, const char *const *names,
                              size_t count);
// The nearest of rows whose first member at `offset` is their name.
const char *ls_reader_nearest_row(ls_reader *r, const char *word, const ls_rows *rows,
                                  size_t offset);
// Adds an error made elsewhere; out of memory is only noted.
void ls_reader_error(ls_reader *r, const ls_error *err);
const char *ls_reader_text(ls_reader *r,
                           const char *text);  // copy in the plant's arena, never NULL
const char *ls_reader_format(ls_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));  // in the scratch arena, never NULL

// --- values. `path` is the row of the schema; its last component is the key. Each says whether the
// key is there with a good value; if not, *out is the default of the table, or unchanged where the
// table gives none.

const ls_yaml *ls_take(ls_reader *r, const ls_yaml *map, const char *path);  // NULL when not there
// The same, but only when it is a map.
const ls_yaml *ls_take_map(ls_reader *r, const ls_yaml *map, const char *path);
bool ls_take_count(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out);
bool ls_take_u32(ls_reader *r, const ls_yaml *map, const char *path, uint32_t *out);
bool ls_take_number(ls_reader *r, const ls_yaml *map, const char *path, double *out);
bool ls_take_time(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out_us);
bool ls_take_share(ls_reader *r, const ls_yaml *map, const char *path, double *out);
bool ls_take_yes(ls_reader *r, const ls_yaml *map, const char *path, bool *out);
// The place of the word in the row's words.
bool ls_take_choice(ls_reader *r, const ls_yaml *map, const char *path, int *out);
// The text, in the plant's arena.
bool ls_take_text(ls_reader *r, const ls_yaml *map, const char *path, const char **out);
// A distribution of time; LS_NONE when there is none or it is refused (and then reported).
bool ls_take_dist(ls_reader *r, const ls_yaml *map, const char *path, ls_dist_index *out);
ls_dist_index ls_read_dist(ls_reader *r, const ls_yaml *value);
// A time or count; *out_by is LS_FAIL_CALENDAR for a time.
ls_dist_index ls_read_every(ls_reader *r, const ls_yaml *value, ls_fail_by *out_by);
// Adds `text`, which is known to be right, as ls_read_dist.
ls_dist_index ls_reader_dist_text(ls_reader *r, const char *text);

// A value that is one thing or a list of things: how many, and the i-th. NULL: 0.
uint32_t ls_yaml_many(const ls_yaml *value);
const ls_yaml *ls_yaml_nth(const ls_yaml *value, uint32_t i);
bool ls_yaml_is_text(const ls_yaml *value);  // also false for NULL
// Splits `A to B`: both parts in the scratch arena. False when it has another form.
bool ls_split_pair(ls_reader *r, const char *text, const char **out_from, const char **out_to);

// Index of a name, or a mistake with the nearest: "unknown WHAT 'x'".
uint32_t ls_reader_find(ls_reader *r, const ls_yaml *at, const ls_names *names, uint32_t scope,
                        const char *what, const ls_rows *rows, size_t name_offset);

// --- the parts, in this order

void ls_read_calendars(ls_reader *r);  // calendar.c
void ls_read_people(ls_reader *r);     // read_people.c: operators, crews
void ls_read_dispatch(ls_reader *r, const ls_yaml *value, uint32_t *out_at, uint32_t *out_count);
void ls_read_stations(ls_reader *r);
void ls_read_failures(ls_reader *r, uint32_t station, const ls_yaml *node);
void ls_read_products(ls_reader *r);  // names, and all steps with their stations
void ls_read_steps(ls_reader *r);     // read_step.c: what a step says
uint32_t ls_read_step_name(ls_reader *r, uint32_t product, const ls_yaml *at);
// Steps by station, in file order: station s has here[at[s]] .. here[at[s + 1] - 1].
void ls_read_setups(ls_reader *r, const uint32_t *here, const uint32_t *at);    // read_setup.c
void ls_read_machines(ls_reader *r, const uint32_t *here, const uint32_t *at);  // read_machine.c
void ls_read_transport(ls_reader *r);
void ls_read_releases(ls_reader *r);
void ls_read_orders(ls_reader *r);  // read_orders.c: the two CSV files
void ls_read_listen(ls_reader *r);
void ls_read_history(ls_reader *r);
void ls_read_web(ls_reader *r);
void ls_read_decide(ls_reader *r);  // read_decide.c: `decide` and `guards`

// Machine of a station, 0 based within it; LS_NONE after a mistake.
uint32_t ls_read_machine_name(ls_reader *r, uint32_t station, const ls_yaml *at);
// A machine or a list of them, into indexes.
void ls_read_on(ls_reader *r, uint32_t station, const ls_yaml *value, uint32_t *out_at,
                uint32_t *out_count);
// Batch limits of a station, or of a step, where *limits is the station's.
void ls_read_batch_limits(ls_reader *r, const ls_yaml *map, bool in_step, ls_batch_limits *limits);
// The entries of a map as lines `KEY: "VALUE"`, indented, in the plant's arena.
const char *ls_read_source(ls_reader *r, const ls_yaml *map, const char *indent);
// LS_NONE for a distribution that is always 0, so that "0 s" and nothing are the same.
ls_dist_index ls_reader_drop_zero(ls_reader *r, ls_dist_index dist);
// A file beside the plant file, as a table; NULL after a mistake.
const ls_csv *ls_read_csv(ls_reader *r, const ls_yaml *at, const char *name);
double ls_column_unit_us(const char *name);  // `repair_min`: 60e6; 0: none
uint32_t ls_release_add(ls_reader *r, const ls_release *release);
bool ls_orders_sort(ls_order *orders, uint32_t count);  // by time, stable; false: no memory
const char *ls_rule_name(ls_rule rule);
uint32_t ls_read_calendar_name(ls_reader *r, const ls_yaml *map, const char *path);
// schema_check.c
void ls_schema_check(ls_reader *r);
// finish.c: the rows become the plant's.
bool ls_reader_finish(ls_reader *r);
