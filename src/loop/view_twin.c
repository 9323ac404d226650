// view_twin.c - what the twin expects from now on, and what would be with other numbers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/yaml.h"
#include "loop/told.h"
#include "loop/view.h"
#include "loop/view_inside.h"
#include "twin/calibrate/edit.h"
#include "twin/follow/carry.h"
#include "twin/twin.h"

enum { FUTURES = 60, TIMES = 48, SEED = 7, SETS_MAX = 16 };
static const double HOUR_US = 3.6e9;

// ---- forecast

static uint64_t done_of(const ls_model *model, const ls_snapshot *snapshot) {
    const ls_s_release *of = LS_STATE_VIEW(model, snapshot->state, ls_s_release, s_release);
    uint64_t done = 0;
    for (uint32_t i = 0; i < model->releases; i++) {
        done += of[i].done;
    }
    return done;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// Between the two nearest of the sorted values.
static double quantile(const double *sorted, double q) {
    const double at = q * (FUTURES - 1);
    const int low = (int)at;
    const int high = low + 1 < FUTURES ? low + 1 : low;
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

typedef struct fan {
    double made[TIMES][FUTURES];
    int64_t origin_us, step_us;  // plant time
    uint64_t hash;
} fan;

// The present as a snapshot; its forks are forks of the followed state.
static ls_status take_present(ls_service *service, ls_snapshot **out, ls_error *err) {
    const ls_running *running = &service->intake.running;
    ls_status status = ls_snapshot_create(running->twin, SEED, 0, out, err);
    if (status != LS_OK) {
        return status;
    }
    pthread_mutex_lock(&service->intake.lock);
    if (running->follow != NULL) {
        ls_follow_fork(running->follow, SEED, 0, *out);
    } else {
        status = ls_fail(err, LS_ERR_INVALID, "nothing was heard of the line yet");
    }
    pthread_mutex_unlock(&service->intake.lock);
    if (status != LS_OK) {
        ls_snapshot_destroy(*out);
        *out = NULL;
    }
    return status;
}

// What models and tags say of machines is told to a present; returns what that was.
static json_t *tell(ls_service *service, const ls_plant *plant, const ls_twin *twin,
                    ls_snapshot *present) {
    ls_told told;
    ls_told_open(&told, &service->intake, plant, twin);
    ls_told_tell(&told, ls_snapshot_now(present), present);
    json_t *object = json_pack("{s:o, s:o}", "conditions",
                               ls_told_conditions_json(&told, present, LS_NONE), "slowness",
                               ls_told_slowness_json(&told, present, LS_NONE));
    ls_told_close(&told);
    return object;
}

static ls_status run_fan(const ls_twin *twin, const ls_snapshot *present, fan *f, ls_error *err) {
    ls_snapshot *future = NULL;
    ls_status status = ls_snapshot_copy(twin, present, &future, err);
    const uint64_t before = done_of(twin->model, present);
    for (int i = 0; i < FUTURES && status == LS_OK; i++) {
        ls_snapshot_fork_into(twin, present, SEED, (uint64_t)i, future);
        for (int t = 0; t < TIMES && status == LS_OK; t++) {
            status = ls_snapshot_run(twin, future, f->origin_us + (t + 1) * f->step_us, err);
            f->made[t][i] = (double)(done_of(twin->model, future) - before);
        }
    }
    ls_snapshot_destroy(future);
    return status;
}

static json_t *band(const fan *f, double share) {
    json_t *rows = json_array();
    for (int t = 0; t < TIMES; t++) {
        json_array_append_new(rows, json_pack("[f, f]", quantile(f->made[t], 0.5 - share / 2),
                                              quantile(f->made[t], 0.5 + share / 2)));
    }
    return rows;
}

static json_t *fan_object(fan *f, int64_t start_us) {
    json_t *times = json_array();
    json_t *median = json_array();
    char hash[24];
    for (int t = 0; t < TIMES; t++) {
        qsort(f->made[t], FUTURES, sizeof(double), by_value);
        json_array_append_new(times, json_integer(start_us + f->origin_us + (t + 1) * f->step_us));
        json_array_append_new(median, json_real(quantile(f->made[t], 0.5)));
    }
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)f->hash);
    json_t *bands = json_pack("{s:o, s:o, s:o}", "95", band(f, 0.95), "80", band(f, 0.8), "50",
                              band(f, 0.5));
    return json_pack("{s:I, s:i, s:i, s:s, s:o, s:o, s:o, s:[], s:n}", "origin_us",
                     (json_int_t)(start_us + f->origin_us), "futures", FUTURES, "seed", SEED,
                     "hash", hash, "times_us", times, "bands", bands, "median", median, "real",
                     "scores");
}

ls_status ls_view_forecast(ls_service *service, double hours, json_t **out, ls_error *err) {
    *out = NULL;
    if (!(hours > 0.0 && hours <= 48.0)) {
        return ls_fail(err, LS_ERR_INVALID, "hours must be above 0 and at most 48");
    }
    fan *f = ls_alloc(sizeof *f);
    ls_snapshot *present = NULL;
    json_t *told = NULL;
    if (f == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a forecast");
    }
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_running *running = &service->intake.running;
    ls_status status = take_present(service, &present, err);
    if (status == LS_OK) {
        told = tell(service, running->plant, running->twin, present);
        f->origin_us = ls_snapshot_now(present);
        f->step_us = (int64_t)(hours * HOUR_US / TIMES);
        f->hash = ls_snapshot_hash(present);
        status = run_fan(running->twin, present, f, err);
    }
    if (status == LS_OK) {
        *out = fan_object(f, running->plant->start_us);
        json_object_set(*out, "told", told);
    }
    json_decref(told);
    ls_snapshot_destroy(present);
    pthread_rwlock_unlock(&service->line_lock);
    ls_free(f);
    return status;
}

// ---- what if

// The value at `stations.grind.machines`.
static const ls_yaml *find_path(const ls_yaml *at, const char *path) {
    char key[128];
    while (at != NULL && *path != '\0') {
        const size_t size = strcspn(path, ".");
        if (size == 0 || size >= sizeof key) {
            return NULL;
        }
        memcpy(key, path, size);
        key[size] = '\0';
        at = ls_yaml_find(at, key);
        path += size + (path[size] == '.');
    }
    return at;
}

static ls_status edit_text(const char *text, size_t size, const json_t *sets, ls_arena *arena,
                           ls_buffer *out, ls_error *err) {
    ls_yaml *root = NULL;
    ls_edit edits[SETS_MAX];
    size_t i = 0;
    json_t *set = NULL;
    ls_status status = ls_yaml_parse(text, size, "plant file", arena, &root, err);
    if (status == LS_OK && json_array_size(sets) > SETS_MAX) {
        status = ls_fail(err, LS_ERR_LIMIT, "at most %d changes at once", SETS_MAX);
    }
    for (; status == LS_OK && i < json_array_size(sets); i++) {
        set = json_array_get(sets, i);
        const char *path = json_string_value(json_object_get(set, "path"));
        const char *value = json_string_value(json_object_get(set, "value"));
        const ls_yaml *node = path != NULL ? find_path(root, path) : NULL;
        if (node == NULL || value == NULL) {
            status = ls_fail(err, LS_ERR_INVALID, "the plant file has no value at '%.100s'",
                             path != NULL ? path : "");
            ls_hint(err, "a path is keys with dots between: stations.grind.machines");
        } else {
            status = ls_edit_make(text, size, node, value, arena, edits + i, err);
        }
    }
    return status == LS_OK ? ls_edit_apply(text, size, edits, i, out, err) : status;
}

typedef struct figure_name {
    const char *name;
    ls_figure figure;
} figure_name;
static const figure_name figures[] = {
    {"made", LS_FIG_DONE},       {"per_day", LS_FIG_THROUGHPUT},
    {"wip", LS_FIG_WIP},         {"cycle_s", LS_FIG_CYCLE_MEAN},
    {"on_time", LS_FIG_ON_TIME}, {"tardiness_s", LS_FIG_TARDINESS},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static json_t *interval(const ls_estimate *of) {
    return json_pack("{s:o, s:o, s:o}", "mean", ls_json_number(of->mean), "low",
                     ls_json_number(of->mean - of->half_width), "high",
                     ls_json_number(of->mean + of->half_width));
}

typedef struct pair {  // the plant as it is, and what if
    ls_plant *plants[2];
    ls_twin *twins[2];
    ls_snapshot *presents[2];  // NULL: nothing is followed; both begin at time zero
    ls_twin_result *results[2];
    json_t *told;       // to both, as the plant is; NULL: nothing
    int64_t origin_us;  // since 1970
} pair;

static void clear_pair(pair *p) {
    json_decref(p->told);
    for (int i = 0; i < 2; i++) {
        ls_twin_result_destroy(p->results[i]);
        ls_snapshot_destroy(p->presents[i]);
        ls_twin_destroy(p->twins[i]);
        ls_plant_destroy(p->plants[i]);
    }
}

// The followed present, carried to both sides alike; nothing followed is no failure.
static ls_status carry_present(ls_service *service, pair *p, ls_error *err) {
    ls_snapshot *present = NULL;
    ls_error nothing = {0};
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_running *running = &service->intake.running;
    const ls_carry_side from = {running->plant, running->twin};
    ls_status status = take_present(service, &present, &nothing);
    if (status == LS_ERR_INVALID) {
        p->origin_us = p->plants[0]->start_us;
        status = LS_OK;
    } else if (status == LS_OK) {
        p->origin_us = running->plant->start_us + ls_snapshot_now(present);
    }
    for (int i = 0; i < 2 && status == LS_OK && present != NULL; i++) {
        const ls_carry_side to = {p->plants[i], p->twins[i]};
        status = ls_carry_present(&from, present, &to, SEED, &p->presents[i], err);
        json_t *told = status == LS_OK ? tell(service, to.plant, to.twin, p->presents[i]) : NULL;
        p->told = i == 0 ? told : p->told;
        json_decref(i == 0 ? NULL : told);
    }
    pthread_rwlock_unlock(&service->line_lock);
    ls_snapshot_destroy(present);
    return status;
}

static ls_status run_side(pair *p, int i, double hours, int64_t reps, ls_error *err) {
    ls_run_def def = ls_run_def_default(p->twins[i]);
    def.for_us = (int64_t)(hours * HOUR_US);
    def.warmup_us = p->presents[i] != NULL ? 0 : def.warmup_us >= 0 ? def.warmup_us : def.for_us;
    def.from = p->presents[i];
    def.reps = reps;
    def.seed = SEED;
    def.workers = 1;
    return ls_twin_run(p->twins[i], &def, &p->results[i], err);
}

static json_t *pair_object(const pair *p, int64_t reps) {
    json_t *objects[3] = {json_object(), json_object(), json_object()};
    const uint32_t all[2] = {p->plants[0]->release_count, p->plants[1]->release_count};
    for (size_t k = 0; k < FIGURES; k++) {
        ls_estimate of[3];
        of[0] = ls_twin_result_class(p->results[0], all[0], figures[k].figure);
        of[1] = ls_twin_result_class(p->results[1], all[1], figures[k].figure);
        if (ls_twin_compare(p->results[0], p->results[1], all[0], all[1], figures[k].figure, 0.95,
                            &of[2], NULL) == LS_OK) {
            for (int i = 0; i < 3; i++) {
                json_object_set_new(objects[i], figures[k].name, interval(&of[i]));
            }
        }
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:i, s:s, s:I, s:O?}", "as_is", objects[0], "what_if",
                     objects[1], "difference", objects[2], "futures", (json_int_t)reps, "seed",
                     SEED, "from", p->presents[0] != NULL ? "present" : "zero", "origin_us",
                     (json_int_t)p->origin_us, "told", p->told);
}

static ls_status run_both(ls_service *service, pair *p, double hours, int64_t reps, json_t **out,
                          ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < 2 && status == LS_OK; i++) {
        status = ls_twin_create(p->plants[i], &p->twins[i], err);
    }
    status = status == LS_OK ? carry_present(service, p, err) : status;
    for (int i = 0; i < 2 && status == LS_OK; i++) {
        status = run_side(p, i, hours, reps, err);
    }
    *out = status == LS_OK ? pair_object(p, reps) : NULL;
    return status;
}

static ls_status read_asked(const json_t *asked, double *hours, int64_t *futures, json_t **sets,
                            ls_error *err) {
    const json_t *h = json_object_get(asked, "hours");
    const json_t *n = json_object_get(asked, "futures");
    *hours = h != NULL ? json_number_value(h) : 8.0;
    *futures = n != NULL ? json_integer_value(n) : 100;
    *sets = json_object_get(asked, "set");
    if (!json_is_array(*sets) || json_array_size(*sets) == 0) {
        return ls_fail(err, LS_ERR_INVALID, "'set' must be a list of {path, value}");
    }
    if (!(*hours > 0.0 && *hours <= 168.0) || *futures < 2 || *futures > 1000) {
        return ls_fail(err, LS_ERR_INVALID, "hours must be 0 to 168, futures 2 to 1000");
    }
    return LS_OK;
}

ls_status ls_view_what_if(ls_service *service, const json_t *asked, json_t **out,
                          ls_errors *errors) {
    ls_arena arena;
    ls_buffer changed;
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    double hours = 0.0;
    int64_t futures = 0;
    json_t *sets = NULL;
    pair p = {0};
    *out = NULL;
    ls_arena_init(&arena);
    ls_buffer_init(&changed);
    ls_status status = read_asked(asked, &hours, &futures, &sets, &err);
    if (status == LS_OK) {
        status = ls_file_read(service->def->plant, LS_YAML_SIZE_MAX, &arena, &text, &size, &err);
    }
    status = status == LS_OK ? edit_text(text, size, sets, &arena, &changed, &err) : status;
    if (status == LS_OK) {
        status = ls_view_read_text(service, text, size, &p.plants[0], errors);
        if (status == LS_OK) {
            status = ls_view_read_text(service, changed.data, changed.size, &p.plants[1], errors);
        }
        if (status == LS_OK) {
            status = run_both(service, &p, hours, futures, out, &err);
        }
    }
    if (status != LS_OK && err.text[0] != '\0') {
        ls_errors_add(errors, &err);
    }
    clear_pair(&p);
    ls_buffer_clear(&changed);
    ls_arena_clear(&arena);
    return status;
}
