// read.c - see read.h: opens the text, calls the parts, closes the rows into the plant.
#include "plant/read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plant/check.h"
#include "plant/reader.h"

static void rows_init(ls_rows *rows, size_t size) {
    memset(rows, 0, sizeof *rows);
    rows->size = size;
}

static void reader_init(ls_reader *r, ls_plant *plant, const char *file,
                        const ls_plant_files *files, ls_errors *errors) {
    memset(r, 0, sizeof *r);
    r->plant = plant;
    r->file = file;
    r->files = files;
    r->errors = errors;
    ls_arena_init(&r->scratch);
    ls_dist_tables_init(&r->tables);
    rows_init(&r->areas, sizeof(const char *));
    rows_init(&r->stations, sizeof(ls_station));
    rows_init(&r->machines, sizeof(ls_machine));
    rows_init(&r->products, sizeof(ls_product));
    rows_init(&r->steps, sizeof(ls_step));
    rows_init(&r->releases, sizeof(ls_release));
    rows_init(&r->failures, sizeof(ls_failure));
    rows_init(&r->needs, sizeof(ls_need));
    rows_init(&r->criteria, sizeof(ls_criterion));
    rows_init(&r->branches, sizeof(ls_branch));
    rows_init(&r->queue_limits, sizeof(ls_queue_limit));
    rows_init(&r->orders, sizeof(ls_order));
    rows_init(&r->wip, sizeof(ls_wip));
    rows_init(&r->calendars, sizeof(ls_calendar));
    rows_init(&r->operators, sizeof(ls_operators));
    rows_init(&r->crews, sizeof(ls_crew));
    rows_init(&r->skills, sizeof(const char *));
    rows_init(&r->dists, sizeof(ls_dist));
    rows_init(&r->indexes, sizeof(uint32_t));
    rows_init(&r->times, sizeof(int64_t));
    rows_init(&r->setup_names, sizeof(const char *));
    rows_init(&r->setup_matrix, sizeof(ls_dist_index));
    rows_init(&r->station_drafts, sizeof(ls_station_draft));
    rows_init(&r->machine_drafts, sizeof(ls_machine_draft));
    rows_init(&r->step_drafts, sizeof(ls_step_draft));
}

static void reader_clear(ls_reader *r) {
    ls_rows *const rows[] = {
        &r->areas,       &r->stations,     &r->machines,       &r->products,
        &r->steps,       &r->releases,     &r->failures,       &r->needs,
        &r->criteria,    &r->branches,     &r->queue_limits,   &r->orders,
        &r->wip,         &r->calendars,    &r->operators,      &r->crews,
        &r->skills,      &r->dists,        &r->indexes,        &r->times,
        &r->setup_names, &r->setup_matrix, &r->station_drafts, &r->machine_drafts,
        &r->step_drafts};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ls_free(rows[i]->items);
    }
    ls_names *const names[] = {&r->paths,          &r->station_names,  &r->machine_names,
                               &r->product_names,  &r->step_names,     &r->release_names,
                               &r->calendar_names, &r->operator_names, &r->crew_names,
                               &r->skill_names,    &r->area_names,     &r->setup_states,
                               &r->families,       &r->dist_texts,     &r->refused};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ls_names_clear(names[i]);
    }
    ls_dist_tables_clear(&r->tables);
    ls_arena_clear(&r->scratch);
}

static bool did_names_fail(const ls_reader *r) {
    return r->paths.failed || r->station_names.failed || r->machine_names.failed ||
           r->product_names.failed || r->step_names.failed || r->release_names.failed ||
           r->calendar_names.failed || r->operator_names.failed || r->crew_names.failed ||
           r->skill_names.failed || r->area_names.failed || r->setup_states.failed ||
           r->families.failed || r->dist_texts.failed || r->refused.failed;
}

// Copies rows into the plant's arena; an empty array stays NULL.
void *ls_rows_close(ls_reader *r, const ls_rows *rows, uint32_t *out_count) {
    *out_count = rows->count;
    if (rows->count == 0) {
        return NULL;
    }
    void *items = ls_arena_alloc(&r->plant->arena, (size_t)rows->count * rows->size);
    if (items == NULL) {
        r->out_of_memory = true;
        *out_count = 0;
        return NULL;
    }
    memcpy(items, rows->items, (size_t)rows->count * rows->size);
    return items;
}

static void close_tables(ls_reader *r) {
    ls_plant *p = r->plant;
    if (r->tables.count == 0) {
        return;
    }
    p->tables = ls_arena_alloc(&p->arena, r->tables.count * sizeof *p->tables);
    if (p->tables == NULL) {
        r->out_of_memory = true;
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

static void read_paths(ls_reader *r) {
    for (size_t i = 0; i < ls_schema_count; i++) {
        (void)ls_names_add(&r->paths, 0, ls_schema[i].path, (uint32_t)i);
    }
    r->out_of_memory = r->out_of_memory || r->paths.failed;
}

// Keys kept for later versions: named, so that a person sees that nothing looks at them.
static const char *ignored_keys(ls_reader *r) {
    const char *list = "";
    for (size_t i = 0; i < r->root->count; i++) {
        const char *key = r->root->keys[i].text;
        const int row = ls_schema_find(key);
        if (row >= 0 && ls_schema[row].type == LS_KEY_ANY) {
            list = ls_reader_format(r, "%s%s%s", list, list[0] != '\0' ? " " : "", key);
        }
    }
    return ls_reader_text(r, list);
}

static void read_head(ls_reader *r) {
    ls_plant *p = r->plant;
    const char *start = NULL;
    const ls_yaml *run = ls_take(r, r->root, "run");
    p->name = "";
    p->about = "";
    p->ignored = ignored_keys(r);
    ls_take_text(r, r->root, "plant", &p->name);
    ls_take_text(r, r->root, "about", &p->about);
    ls_take_text(r, r->root, "start", &start);
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
    ls_take_u32(r, ls_take(r, r->root, "limits"), "limits.lots", &p->limits.lots);
    if (p->run_for_us == 0 && ls_take(r, run, "run.for") != NULL) {
        ls_reader_mistake(r, ls_take(r, run, "run.for"), NULL, "run.for: a run of no time");
    }
}

// Steps grouped by station: counts first, then places, in file order.
static void read_by_station(ls_reader *r) {
    const uint32_t count = r->stations.count;
    uint32_t *at = ls_arena_alloc(&r->scratch, ((size_t)count + 2) * sizeof *at);
    uint32_t *next = ls_arena_alloc(&r->scratch, ((size_t)count + 1) * sizeof *next);
    uint32_t *here = ls_arena_alloc(&r->scratch, ((size_t)r->steps.count + 1) * sizeof *here);
    if (at == NULL || here == NULL || next == NULL) {
        r->out_of_memory = true;
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
        read_head,       ls_read_calendars, ls_read_people,   ls_read_stations, ls_read_products,
        read_by_station, ls_read_transport, ls_read_releases, ls_read_orders,   ls_read_listen,
        ls_read_history, ls_read_decide,    ls_read_web,
    };
    read_paths(r);
    ls_schema_check(r);
    // A file that is no map has no parts; the check has said so.
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && r->root->kind == LS_YAML_MAP; i++) {
        r->out_of_memory = r->out_of_memory || did_names_fail(r);
        if (r->out_of_memory) {
            return;
        }
        parts[i](r);
    }
    r->out_of_memory = r->out_of_memory || did_names_fail(r);
}

// Errors of other files keep their order behind those of the plant file.
static int compare_errors(const ls_error *a, const ls_error *b, const char *file) {
    const bool a_here = strcmp(a->file, file) == 0;
    const bool b_here = strcmp(b->file, file) == 0;
    if (a_here != b_here) {
        return a_here ? -1 : 1;
    }
    if (!a_here) {
        return 0;
    }
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : (a->column > b->column ? 1 : 0);
}

// Insertion sort: stable, and the list is short (LS_ERRORS_MAX) and nearly in order.
static void sort_errors(ls_errors *errors, size_t from, const char *file) {
    for (size_t i = from + 1; i < errors->count; i++) {
        const ls_error moving = errors->items[i];
        size_t k = i;
        while (k > from && compare_errors(&moving, &errors->items[k - 1], file) < 0) {
            errors->items[k] = errors->items[k - 1];
            k--;
        }
        errors->items[k] = moving;
    }
}

static ls_status out_of_memory(ls_errors *errors, const char *file) {
    ls_error err;
    const ls_status status = ls_fail_at(&err, LS_ERR_MEMORY, file, 0, 0,
                                        "out of memory while reading the plant");
    if (errors != NULL) {
        ls_errors_add(errors, &err);
    }
    return status;
}

static ls_status finish(ls_reader *r) {
    if (!r->out_of_memory && r->error_count == 0) {
        close_plant(r);
    }
    if (r->out_of_memory) {
        return LS_ERR_MEMORY;
    }
    if (r->error_count > 0) {
        return r->first_status;
    }
    return ls_plant_check(r->plant, r->errors);
}

ls_status ls_plant_read(const char *text, size_t size, const char *file,
                        const ls_plant_files *files, ls_plant **out, ls_errors *errors) {
    assert(out != NULL);
    assert(text != NULL || size == 0);
    *out = NULL;
    ls_plant *plant = ls_alloc(sizeof *plant);
    ls_reader *r = ls_alloc(sizeof *r);
    const char *name = file != NULL ? file : "";
    const size_t errors_before = errors != NULL ? errors->count : 0;
    ls_status status = LS_ERR_MEMORY;
    if (plant != NULL && r != NULL) {
        ls_arena_init(&plant->arena);
        reader_init(r, plant, name, files, errors);
        plant->file = ls_reader_text(r, name);
        ls_error err;
        ls_yaml *root = NULL;
        status = ls_yaml_parse(text, size, name, &r->scratch, &root, &err);
        if (status == LS_OK) {
            r->root = root;
            read_parts(r);
            status = finish(r);
        } else if (status != LS_ERR_MEMORY && errors != NULL) {
            ls_errors_add(errors, &err);
        }
        reader_clear(r);
    }
    ls_free(r);
    if (status == LS_ERR_MEMORY) {
        status = out_of_memory(errors, name);
    } else if (errors != NULL) {
        sort_errors(errors, errors_before, name);
    }
    if (status != LS_OK) {
        ls_plant_destroy(plant);
        return status;
    }
    *out = plant;
    return LS_OK;
}
