// read.c - see read.h: opens the text, calls the parts, closes the rows into the plant.
#include "plant/read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plant/calendar.h"
#include "plant/check.h"
#include "plant/reader.h"

static ls_status check_spans(const char *text, ls_error *err) {
    return ls_calendar_spans(text, NULL, 0, NULL, err);
}

static void reader_init(ls_reader *r, ls_plant *plant, const char *file,
                        const ls_plant_files *files, ls_errors *errors) {
    memset(r, 0, sizeof *r);
    ls_form_init(&r->form, &ls_plant_schema, &plant->arena, file, files, errors);
    r->form.check_spans = check_spans;
    r->plant = plant;
    ls_dist_tables_init(&r->tables);
    ls_rows_init(&r->areas, sizeof(const char *));
    ls_rows_init(&r->stations, sizeof(ls_station));
    ls_rows_init(&r->machines, sizeof(ls_machine));
    ls_rows_init(&r->products, sizeof(ls_product));
    ls_rows_init(&r->steps, sizeof(ls_step));
    ls_rows_init(&r->releases, sizeof(ls_release));
    ls_rows_init(&r->failures, sizeof(ls_failure));
    ls_rows_init(&r->needs, sizeof(ls_need));
    ls_rows_init(&r->criteria, sizeof(ls_criterion));
    ls_rows_init(&r->branches, sizeof(ls_branch));
    ls_rows_init(&r->queue_limits, sizeof(ls_queue_limit));
    ls_rows_init(&r->orders, sizeof(ls_order));
    ls_rows_init(&r->wip, sizeof(ls_wip));
    ls_rows_init(&r->calendars, sizeof(ls_calendar));
    ls_rows_init(&r->operators, sizeof(ls_operators));
    ls_rows_init(&r->crews, sizeof(ls_crew));
    ls_rows_init(&r->skills, sizeof(const char *));
    ls_rows_init(&r->dists, sizeof(ls_dist));
    ls_rows_init(&r->indexes, sizeof(uint32_t));
    ls_rows_init(&r->times, sizeof(int64_t));
    ls_rows_init(&r->setup_names, sizeof(const char *));
    ls_rows_init(&r->setup_matrix, sizeof(ls_dist_index));
    ls_rows_init(&r->conditions, sizeof(ls_condition));
    ls_rows_init(&r->station_drafts, sizeof(ls_station_draft));
    ls_rows_init(&r->machine_drafts, sizeof(ls_machine_draft));
    ls_rows_init(&r->step_drafts, sizeof(ls_step_draft));
}

static void reader_clear(ls_reader *r) {
    ls_rows *const rows[] = {
        &r->areas,        &r->stations,     &r->machines,   &r->products,       &r->steps,
        &r->releases,     &r->failures,     &r->needs,      &r->criteria,       &r->branches,
        &r->queue_limits, &r->orders,       &r->wip,        &r->calendars,      &r->operators,
        &r->crews,        &r->skills,       &r->dists,      &r->indexes,        &r->times,
        &r->setup_names,  &r->setup_matrix, &r->conditions, &r->station_drafts, &r->machine_drafts,
        &r->step_drafts};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ls_rows_clear(rows[i]);
    }
    ls_names *const names[] = {&r->station_names,  &r->machine_names, &r->product_names,
                               &r->step_names,     &r->release_names, &r->calendar_names,
                               &r->operator_names, &r->crew_names,    &r->skill_names,
                               &r->area_names,     &r->setup_states,  &r->families,
                               &r->dist_texts,     &r->refused};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ls_names_clear(names[i]);
    }
    ls_dist_tables_clear(&r->tables);
    ls_form_clear(&r->form);
}

static bool did_names_fail(const ls_reader *r) {
    return r->station_names.failed || r->machine_names.failed || r->product_names.failed ||
           r->step_names.failed || r->release_names.failed || r->calendar_names.failed ||
           r->operator_names.failed || r->crew_names.failed || r->skill_names.failed ||
           r->area_names.failed || r->setup_states.failed || r->families.failed ||
           r->dist_texts.failed || r->refused.failed;
}

static void close_tables(ls_reader *r) {
    ls_plant *p = r->plant;
    if (r->tables.count == 0) {
        return;
    }
    p->tables = ls_arena_alloc(&p->arena, r->tables.count * sizeof *p->tables);
    if (p->tables == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    p->table_count = r->tables.count;
    memcpy(p->tables, r->tables.items, r->tables.count * sizeof *p->tables);
}

static void close_plant(ls_reader *r) {
    ls_plant *p = r->plant;
    p->areas = ls_rows_close(r, &r->areas, &p->area_count);
    p->stations = ls_rows_close(r, &r->stations, &p->station_count);
    p->machines = ls_rows_close(r, &r->machines, &p->machine_count);
    p->products = ls_rows_close(r, &r->products, &p->product_count);
    p->steps = ls_rows_close(r, &r->steps, &p->step_count);
    p->releases = ls_rows_close(r, &r->releases, &p->release_count);
    p->failures = ls_rows_close(r, &r->failures, &p->failure_count);
    p->conditions = ls_rows_close(r, &r->conditions, &p->condition_count);
    p->needs = ls_rows_close(r, &r->needs, &p->need_count);
    p->criteria = ls_rows_close(r, &r->criteria, &p->criterion_count);
    p->branches = ls_rows_close(r, &r->branches, &p->branch_count);
    p->queue_limits = ls_rows_close(r, &r->queue_limits, &p->limit_count);
    p->orders = ls_rows_close(r, &r->orders, &p->order_count);
    p->wip = ls_rows_close(r, &r->wip, &p->wip_count);
    p->calendars = ls_rows_close(r, &r->calendars, &p->calendar_count);
    p->operators = ls_rows_close(r, &r->operators, &p->operators_count);
    p->crews = ls_rows_close(r, &r->crews, &p->crew_count);
    p->skills = ls_rows_close(r, &r->skills, &p->skill_count);
    p->dists = ls_rows_close(r, &r->dists, &p->dist_count);
    p->indexes = ls_rows_close(r, &r->indexes, &p->index_count);
    p->times = ls_rows_close(r, &r->times, &p->time_count);
    p->setup_names = ls_rows_close(r, &r->setup_names, &p->setup_name_count);
    p->setup_matrix = ls_rows_close(r, &r->setup_matrix, &p->matrix_count);
    close_tables(r);
}

// Keys kept for later versions: named, so that a person sees that nothing looks at them.
static const char *ignored_keys(ls_reader *r) {
    const char *list = "";
    for (size_t i = 0; i < r->form.root->count; i++) {
        const char *key = r->form.root->keys[i].text;
        const int row = ls_schema_find(&ls_plant_schema, key);
        if (row >= 0 && ls_plant_schema.keys[row].type == LS_KEY_ANY) {
            list = ls_reader_format(r, "%s%s%s", list, list[0] != '\0' ? " " : "", key);
        }
    }
    return ls_reader_text(r, list);
}

static void read_head(ls_reader *r) {
    ls_plant *p = r->plant;
    const char *start = NULL;
    const ls_yaml *run = ls_take(r, r->form.root, "run");
    p->name = "";
    p->about = "";
    p->ignored = ignored_keys(r);
    ls_take_text(r, r->form.root, "plant", &p->name);
    ls_take_text(r, r->form.root, "about", &p->about);
    ls_take_text(r, r->form.root, "start", &start);
    if (ls_units_date(start, &p->start_us, NULL) != LS_OK) {
        p->start_us = 0;
    }
    ls_take_time(r, run, "run.for", &p->run_for_us);
    p->run_warmup_us = -1;
    ls_take_time(r, run, "run.warmup", &p->run_warmup_us);
    ls_take_u32(r, run, "run.reps", &p->run_reps);
    int64_t seed = 0;
    ls_take_count(r, run, "run.seed", &seed);
    p->run_seed = (uint64_t)seed;
    ls_take_u32(r, ls_take(r, r->form.root, "limits"), "limits.lots", &p->limits.lots);
    if (p->run_for_us == 0 && ls_take(r, run, "run.for") != NULL) {
        ls_reader_mistake(r, ls_take(r, run, "run.for"), NULL, "run.for: a run of no time");
    }
}

// Steps grouped by station: counts first, then places, in file order.
static void read_by_station(ls_reader *r) {
    const uint32_t count = r->stations.count;
    uint32_t *at = ls_arena_alloc(&r->form.scratch, ((size_t)count + 2) * sizeof *at);
    uint32_t *next = ls_arena_alloc(&r->form.scratch, ((size_t)count + 1) * sizeof *next);
    uint32_t *here = ls_arena_alloc(&r->form.scratch, ((size_t)r->steps.count + 1) * sizeof *here);
    if (at == NULL || here == NULL || next == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < r->steps.count; i++) {
        at[LS_ROW(ls_step, r->steps, i)->station + 1]++;
    }
    for (uint32_t s = 0; s < count; s++) {
        at[s + 1] += at[s];
        next[s] = at[s];
    }
    for (uint32_t i = 0; i < r->steps.count; i++) {
        here[next[LS_ROW(ls_step, r->steps, i)->station]++] = i;
    }
    ls_read_setups(r, here, at);
    ls_read_machines(r, here, at);
}

static void read_parts(ls_reader *r) {
    void (*const parts[])(ls_reader *) = {
        read_head,
        ls_read_calendars,
        ls_read_people,
        ls_read_stations,
        ls_read_products,
        read_by_station,
        ls_read_transport,
        ls_read_releases,
        ls_read_orders,
        ls_read_listen,
        ls_read_history,
        ls_read_decide,
        ls_read_web,
        ls_read_pool,
        ls_read_models,
        ls_read_conditions_models,
        ls_read_slowness_models,
        ls_read_sort_models,
        ls_read_listen_models,
    };
    ls_form_check(&r->form);
    // A file that is no map has no parts; the check has said so.
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && r->form.root->kind == LS_YAML_MAP;
         i++) {
        r->form.out_of_memory = r->form.out_of_memory || did_names_fail(r);
        if (r->form.out_of_memory) {
            return;
        }
        parts[i](r);
    }
    r->form.out_of_memory = r->form.out_of_memory || did_names_fail(r);
}

// Closes what was read; the plant as a whole is looked at when its parts are right.
static ls_status finish(ls_reader *r) {
    if (!r->form.out_of_memory && r->form.error_count == 0) {
        close_plant(r);
    }
    ls_status status = LS_OK;
    if (!r->form.out_of_memory && r->form.error_count == 0) {
        status = ls_plant_check(r->plant, r->form.errors);
        r->form.out_of_memory = status == LS_ERR_MEMORY;
    }
    const ls_status mistakes = ls_form_finish(&r->form, "the plant");
    return mistakes != LS_OK ? mistakes : status;
}

ls_status ls_plant_read(const char *text, size_t size, const char *file,
                        const ls_plant_files *files, ls_plant **out, ls_errors *errors) {
    assert(out != NULL);
    assert(text != NULL || size == 0);
    *out = NULL;
    ls_plant *plant = ls_alloc(sizeof *plant);
    ls_reader *r = ls_alloc(sizeof *r);
    const char *name = file != NULL ? file : "";
    ls_status status = LS_ERR_MEMORY;
    if (plant != NULL && r != NULL) {
        ls_arena_init(&plant->arena);
        reader_init(r, plant, name, files, errors);
        plant->file = ls_reader_text(r, name);
        if (ls_form_open(&r->form, text, size) == LS_OK) {
            read_parts(r);
        }
        status = finish(r);
        reader_clear(r);
    } else {
        status = ls_form_no_memory(errors, name, "the plant");
    }
    ls_free(r);
    if (status != LS_OK) {
        ls_plant_destroy(plant);
        return status;
    }
    *out = plant;
    return LS_OK;
}
