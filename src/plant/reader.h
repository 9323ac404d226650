// reader.h - what the parts of the plant reader share: the plant being built, names, mistakes,
// values.
//
// Private to the files read_*.c. Two passes, as base/form.h tells: the file against the table of
// keys, then these parts, which build the plant.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/form.h"
#include "plant/plant.h"
#include "plant/read.h"
#include "plant/schema.h"

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
    ls_form form;
    ls_plant *plant;

    ls_rows areas, stations, machines, products, steps, releases, failures, needs, criteria,
        branches;
    ls_rows queue_limits, orders, wip, calendars, operators, crews, skills, dists, indexes, times;
    ls_rows setup_names, setup_matrix, conditions;
    ls_dist_tables tables;
    ls_rows station_drafts, machine_drafts, step_drafts;

    // scope: 0, or the station of a machine, the product of a step, the station of a setup state or
    // a family.
    ls_names station_names, machine_names, product_names, step_names, release_names, calendar_names;
    ls_names operator_names, crew_names, skill_names, area_names, setup_states, families,
        dist_texts;
    ls_names refused;  // (line, text) -> column of distributions already reported

    uint32_t criterion_at, criterion_count;  // of the plant's own dispatch
} ls_reader;

// --- the form (base/form.h), for a reader of plants

#define ls_reader_mistake(r, ...) ls_form_mistake(&(r)->form, __VA_ARGS__)
#define ls_reader_mistake_in(r, ...) ls_form_mistake_in(&(r)->form, __VA_ARGS__)
#define ls_reader_format(r, ...) ls_form_format(&(r)->form, __VA_ARGS__)
#define ls_reader_nearest(r, word, names, count) ls_form_nearest(&(r)->form, word, names, count)
#define ls_reader_nearest_row(r, word, rows, offset) \
    ls_form_nearest_row(&(r)->form, word, rows, offset)
#define ls_reader_error(r, err) ls_form_error(&(r)->form, err)
#define ls_reader_text(r, text) ls_form_text(&(r)->form, text)
#define ls_reader_find(r, at, names, scope, what, rows, offset) \
    ls_form_find(&(r)->form, at, names, scope, what, rows, offset)
#define ls_rows_push(r, rows, out_index) ls_form_push(&(r)->form, rows, out_index)
#define ls_rows_close(r, rows, out_count) ls_form_close(&(r)->form, rows, out_count)
#define ls_split_pair(r, text, from, to) ls_form_split(&(r)->form, text, from, to)
#define ls_read_csv(r, at, name) ls_form_csv(&(r)->form, at, name)
#define ls_take(r, map, path) ls_form_take(&(r)->form, map, path)
#define ls_take_map(r, map, path) ls_form_take_map(&(r)->form, map, path)
#define ls_take_count(r, map, path, out) ls_form_take_count(&(r)->form, map, path, out)
#define ls_take_u32(r, map, path, out) ls_form_take_u32(&(r)->form, map, path, out)
#define ls_take_number(r, map, path, out) ls_form_take_number(&(r)->form, map, path, out)
#define ls_take_time(r, map, path, out) ls_form_take_time(&(r)->form, map, path, out)
#define ls_take_share(r, map, path, out) ls_form_take_share(&(r)->form, map, path, out)
#define ls_take_yes(r, map, path, out) ls_form_take_yes(&(r)->form, map, path, out)
#define ls_take_choice(r, map, path, out) ls_form_take_choice(&(r)->form, map, path, out)
#define ls_take_text(r, map, path, out) ls_form_take_text(&(r)->form, map, path, out)

uint32_t ls_reader_index(ls_reader *r, uint32_t value);  // appends to indexes

// --- values

// A distribution of time; LS_NONE when there is none or it is refused (and then reported).
bool ls_take_dist(ls_reader *r, const ls_yaml *map, const char *path, ls_dist_index *out);
ls_dist_index ls_read_dist(ls_reader *r, const ls_yaml *value);
// A time or count; *out_by is LS_FAIL_CALENDAR for a time.
// A distribution of plain numbers; LS_NONE after a mistake.
ls_dist_index ls_read_plain(ls_reader *r, const ls_yaml *value);
ls_dist_index ls_read_every(ls_reader *r, const ls_yaml *value, ls_fail_by *out_by);
// Adds `text`, which is known to be right, as ls_read_dist.
ls_dist_index ls_reader_dist_text(ls_reader *r, const char *text);

// --- the parts, in this order

void ls_read_calendars(ls_reader *r);  // calendar.c
void ls_read_people(ls_reader *r);     // read_people.c: operators, crews
void ls_read_dispatch(ls_reader *r, const ls_yaml *value, uint32_t *out_at, uint32_t *out_count);
void ls_read_stations(ls_reader *r);
void ls_read_failures(ls_reader *r, uint32_t station, const ls_yaml *node);
typedef struct ls_teller_keys {  // of a map that says what tells something; `thing`: for people
    const char *thing, *model, *tag, *spread, *stale;
} ls_teller_keys;
// read_condition.c: a model or a tag, how sure a tag is, and how old either may be.
void ls_read_teller(ls_reader *r, const ls_yaml *map, const ls_teller_keys *keys,
                    ls_condition *out);
// read_condition.c: into r->conditions, its index; LS_NONE: none, or a mistake. And, when stations
// and `models:` are known, whether the models say something of the machines.
uint32_t ls_read_condition(ls_reader *r, const ls_yaml *map);
void ls_read_conditions_models(ls_reader *r);
// Whether the model that the condition names is there and says something of one of the machines of
// the station that it concerns (within the station, into r->indexes; none: all of them).
void ls_read_condition_model(ls_reader *r, const ls_station *s, const ls_condition *condition,
                             uint32_t on_at, uint32_t on_count);
// read_slowness.c: the same of process times. And, when steps are known, what is nominal.
void ls_read_slowness(ls_reader *r, uint32_t station, const ls_yaml *node);
void ls_read_slowness_models(ls_reader *r);
// read_models.c: of `models:`, once they are read; NULL: there is none of this name.
const ls_model_plan *ls_reader_model(const ls_reader *r, const char *name, size_t length);
bool ls_model_says(const ls_model_plan *plan, const char *unit);  // something of it
void ls_read_sort_models(ls_reader *r);                           // read_decide_sort.c
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
void ls_read_pool(ls_reader *r);    // read_pool.c
void ls_read_models(ls_reader *r);  // read_models.c
// read_listen_models.c: values that models say, once `models:` is known.
void ls_read_listen_models(ls_reader *r);
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
double ls_column_unit_us(const char *name);  // `repair_min`: 60e6; 0: none
uint32_t ls_release_add(ls_reader *r, const ls_release *release);
bool ls_orders_sort(ls_order *orders, uint32_t count);  // by time, stable; false: no memory
const char *ls_rule_name(ls_rule rule);
uint32_t ls_read_calendar_name(ls_reader *r, const ls_yaml *map, const char *path);
