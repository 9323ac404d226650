// trainings.c - see trainings.h.
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/errand_files.h"
#include "loop/json_value.h"
#include "loop/trainings_inside.h"

enum { RESULT_MAX = 4 << 20, DATE_SIZE = 48, DOUBLINGS_MOST = 8 };
#define LONGEST_US (INT64_C(12) * 3600 * 1000000)

// ---- what came of a training

static void put_gates(const json_t *verdict, ls_buffer *out) {
    const char *name;
    json_t *gate;
    const char *before = ": ";
    json_object_foreach(json_object_get(verdict, "gates"), name, gate) {
        if (!json_is_true(json_object_get(gate, "passed"))) {
            ls_buffer_printf(out, "%s%s: %s", before, name, ls_json_text_at(gate, "about"));
            before = "; ";
        }
    }
}

static void take_result(ls_trainings *t, training *one, const json_t *result) {
    const json_t *verdict = json_object_get(result, "verdict");
    const bool passed = json_is_true(json_object_get(verdict, "passed"));
    const char *stage = ls_json_text_at(result, "stage");
    ls_buffer text;
    ls_buffer_init(&text);
    one->version = (uint32_t)json_integer_value(json_object_get(result, "number"));
    if (passed) {
        ls_buffer_printf(&text, "version %u passed its gates: %s", one->version, stage);
    } else {
        ls_buffer_printf(&text, "version %u did not pass its gates", one->version);
        put_gates(verdict, &text);
        one->failures++;
    }
    json_t *more = json_pack("{s:s, s:b, s:O}", "stage", stage, "passed", passed, "verdict",
                             verdict != NULL ? (json_t *)(uintptr_t)verdict : json_null());
    ls_trainings_tell(t, one, "trained", text.data != NULL ? text.data : "", more);
    ls_buffer_clear(&text);
}

static void take_in(ls_trainings *t, training *one) {
    ls_errand_files files;
    ls_error err = {0};
    char name[LS_MODEL_NAME_MAX + 16], text[LS_TRAINING_TEXT];
    json_t *result = NULL;
    one->over = false;
    if (one->state == IDLE) {
        return;  // told a second time, after a restart
    }
    one->state = IDLE;
    one->reason = NO_REASON;
    ls_text_format(name, sizeof name, "models/%s", one->model);
    if (one->end == LS_ERRAND_DONE &&
        ls_errand_files_find(t->def.plant, t->def.data, name, &files, &err) == LS_OK) {
        result = ls_errand_files_result(&files, "model-train/1", RESULT_MAX, &err);
    }
    if (result != NULL) {
        take_result(t, one, result);
    } else {
        ls_text_format(text, sizeof text, "the training came to nothing: %s",
                       one->end == LS_ERRAND_DONE ? err.text : one->why);
        one->version = 0;
        one->failures++;
        ls_trainings_tell(t, one, "trained", text, json_pack("{s:b}", "passed", 0));
    }
    json_decref(result);
    ls_trainings_keep(t, one);
}

static void over(void *context, const ls_errand_told *told) {
    ls_trainings *t = context;
    pthread_mutex_lock(&t->lock);
    // Its stamp is the model's name: after a restart nobody may have asked for that yet.
    training *one = told->stamp != NULL && strlen(told->stamp) <= LS_MODEL_NAME_MAX
                        ? ls_trainings_find(t, told->stamp)
                        : NULL;
    if (one != NULL && strcmp(one->errand, told->name) == 0) {
        one->over = true;
        one->end = told->end;
        ls_text_format(one->why, sizeof one->why, "%s", told->text != NULL ? told->text : "");
    }
    pthread_mutex_unlock(&t->lock);
}

ls_errand_kind ls_trainings_kind(ls_trainings *t) {
    return (ls_errand_kind){.kind = "training", .over = over, .context = t};
}

// ---- what is wanted

static void want(ls_trainings *t, training *one, training_reason why, int64_t since_us) {
    one->state = WAITING;
    one->reason = why;
    one->since_us = since_us;
    one->text[0] = '\0';
    ls_trainings_keep(t, one);
}

// Rows that the history could hold by now.
static int64_t rows_by_now(const ls_trainings_of *of, const ls_model_plan *plan, uint32_t units) {
    const bool known = of->first_us > 0 && of->now_us > of->first_us;
    return known ? (of->now_us - of->first_us - plan->horizon_us) / plan->every_us * units : 0;
}

// Who serves is seen a moment after the registry says so; what cannot serve never is.
static bool is_settled(const ls_trainings *t, training *one, const ls_model_watched *seen) {
    enum { LOOKS_MOST = 30 };
    ls_registry_stages stages;
    ls_error err = {0};
    const bool same = ls_registry_stages_load(t->folder, one->model, &stages, &err) == LS_OK &&
                      stages.champion == seen->champion && stages.challenger == seen->challenger;
    one->unsettled = same ? 0 : one->unsettled + 1;
    return same || one->unsettled > LOOKS_MOST;
}

// The first row whose windows do not reach behind the drift.
static int64_t learns_from(const ls_model_plan *plan, int64_t drift_us) {
    int64_t longest_us = 0;
    for (uint32_t i = 0; i < plan->window_count; i++) {
        longest_us = plan->windows_us[i] > longest_us ? plan->windows_us[i] : longest_us;
    }
    return drift_us + longest_us;
}

static void look_for_reasons(ls_trainings *t, const ls_trainings_of *of, uint32_t model,
                             training *one, const ls_model_watched *seen) {
    const ls_model_plan *plan = ls_models_plan(of->models, model);
    const ls_model_retrain *rule = &plan->retrain;
    const bool by_clock = rule->every_us != LS_FOREVER;
    // A challenger comes first. A monitor learns from good operation, which a person knows: what it
    // has not seen before is what it is there to tell.
    if (seen->challenger != 0 || plan->monitor.is || !is_settled(t, one, seen)) {
        return;
    }
    if (rule->on_drift && (seen->inputs || seen->errors)) {
        want(t, one, DRIFT, one->failures % 2 == 1 ? 0 : learns_from(plan, seen->since_us));
    } else if (seen->champion == 0 && (rule->on_drift || by_clock) && one->offered == 0 &&
               rows_by_now(of, plan, ls_models_units(of->models, model)) >=
                   rule->rows << (one->failures < DOUBLINGS_MOST ? one->failures
                                                                 : DOUBLINGS_MOST)) {
        want(t, one, FIRST, 0);
    } else if (seen->champion != 0 && by_clock && of->now_us > 0) {
        if (one->last_us == 0 || one->last_us > of->now_us) {
            one->last_us = of->now_us;  // from when it is counted
            ls_trainings_keep(t, one);
        } else if (of->now_us - one->last_us >= rule->every_us) {
            want(t, one, CLOCK, 0);
        }
    }
}

static bool is_wanted_still(const training *one, const ls_model_watched *seen) {
    return (one->reason != DRIFT || seen->inputs || seen->errors) &&
           (one->reason != FIRST || seen->champion == 0);
}

// "" when it may go.
static void find_obstacle(const ls_trainings *t, const ls_trainings_of *of, uint32_t model,
                          training *one, const ls_model_watched *seen, char out[LS_TRAINING_TEXT]) {
    const ls_model_retrain *rule = &ls_models_plan(of->models, model)->retrain;
    const uint32_t doublings = one->failures < DOUBLINGS_MOST ? one->failures : DOUBLINGS_MOST;
    const int64_t pause_us = rule->pause_us > (INT64_MAX >> DOUBLINGS_MOST)
                                 ? INT64_MAX / 4
                                 : rule->pause_us << doublings;
    const bool has_been = one->last_us != 0 && one->last_us <= of->now_us;
    one->next_us = has_been && one->reason != ASKED ? one->last_us + pause_us : 0;
    out[0] = '\0';
    if (t->errands == NULL) {
        ls_text_format(out, LS_TRAINING_TEXT, "there is no pool that it could run in");
    } else if (one->reason != ASKED && seen->challenger != 0) {
        ls_text_format(out, LS_TRAINING_TEXT, "version %u is in its shadow", seen->challenger);
    } else if (one->reason == DRIFT && seen->labels_since < (uint64_t)rule->rows) {
        ls_text_format(out, LS_TRAINING_TEXT, "waits for labels since the drift: %llu of %lld",
                       (unsigned long long)seen->labels_since, (long long)rule->rows);
    } else if (of->now_us < one->next_us) {
        ls_text_format(out, LS_TRAINING_TEXT, "waits for its pause%s",
                       doublings > 0 ? ", doubled" : "");
    } else if (ls_errands_has(t->errands, one->errand)) {
        ls_text_format(out, LS_TRAINING_TEXT, "one is underway");
    }
}

static ls_status hand_over(ls_trainings *t, training *one, ls_error *err) {
    ls_errand_files files;
    char name[LS_MODEL_NAME_MAX + 16], which[PATH_MAX + LS_MODEL_NAME_MAX + 2], since[DATE_SIZE];
    ls_text_format(name, sizeof name, "models/%s", one->model);
    const ls_status status = ls_errand_files_find(t->def.plant, t->def.data, name, &files, err);
    if (status != LS_OK) {
        return status;
    }
    ls_text_format(which, sizeof which, "%s:%s", files.plant, one->model);
    const char *argv[12] = {"model",    "train",    which,       "--data",
                            files.data, "--result", files.result};
    if (one->since_us > 0) {
        ls_units_print_date(one->since_us / LS_US_PER_S * LS_US_PER_S, since, sizeof since);
        argv[7] = "--from";
        argv[8] = since;
    }
    (void)unlink(files.result);
    const ls_errand errand = {
        .name = one->errand, .argv = argv, .stamp = one->model, .most_us = LONGEST_US};
    return ls_errands_put(t->errands, &errand, err);
}

static void start(ls_trainings *t, const ls_trainings_of *of, training *one,
                  const ls_model_watched *seen) {
    static const char *const why[TRAINING_REASONS] = {"", "after a drift", "by the clock",
                                                      "nothing serves yet", "a person asks for it"};
    char text[LS_TRAINING_TEXT], since[DATE_SIZE] = "";
    ls_error err = {0};
    if (one->since_us > 0) {
        ls_units_print_date(one->since_us, since, sizeof since);
    }
    ls_text_format(text, sizeof text, "a training is put, %s: of %s%s%s%.120s", why[one->reason],
                   one->since_us > 0 ? "what came since " : "the whole history", since,
                   one->reason == DRIFT && seen->causes[0] != '\0' ? "; " : "",
                   one->reason == DRIFT ? seen->causes : "");
    json_t *more = json_pack("{s:s, s:I}", "reason", ls_training_reasons[one->reason], "since_us",
                             (json_int_t)one->since_us);
    ls_status status = ls_trainings_row(t, one->model, "train", "begun", 0, text, more, &err);
    if (status == LS_OK) {
        status = hand_over(t, one, &err);
    }
    one->last_us = of->now_us;
    ls_text_format(one->text, sizeof one->text, "%s", text);
    one->state = UNDERWAY;
    one->beside = seen->challenger;
    if (status != LS_OK) {
        one->state = IDLE;
        one->reason = NO_REASON;
        one->failures++;
        ls_text_format(text, sizeof text, "the training could not be put: %s", err.text);
        ls_trainings_tell(t, one, "trained", text, json_pack("{s:b}", "passed", 0));
    }
    ls_trainings_keep(t, one);
}

static void tick_one(ls_trainings *t, const ls_trainings_of *of, uint32_t model) {
    char obstacle[LS_TRAINING_TEXT];
    ls_model_watched seen;
    training *one = ls_trainings_find(t, ls_models_plan(of->models, model)->name);
    if (one == NULL) {
        return;
    }
    ls_model_watch_look(of->watch, model, &seen);
    if (one->over) {
        take_in(t, one);
        ls_models_look(of->models);
        return;  // who serves is known in a moment
    }
    if (one->state == UNDERWAY && t->errands != NULL && !ls_errands_has(t->errands, one->errand)) {
        // Written down here, but not there: the service was killed between the two.
        one->state = WAITING;
    }
    // What a training has just made waits until that is told.
    if (one->state != UNDERWAY || seen.challenger == one->beside) {
        ls_trainings_judge(t, of, model, one, &seen);
    }
    if (one->state == IDLE) {
        look_for_reasons(t, of, model, one, &seen);
    }
    if (one->state == WAITING && !is_wanted_still(one, &seen)) {
        one->state = IDLE;
        one->reason = NO_REASON;
        ls_text_format(one->text, sizeof one->text, "it is needed no more");
        ls_trainings_keep(t, one);
    }
    if (one->state == WAITING) {
        find_obstacle(t, of, model, one, &seen, obstacle);
        if (obstacle[0] != '\0') {
            memcpy(one->text, obstacle, sizeof one->text);
        } else {
            start(t, of, one, &seen);
        }
    }
}

void ls_trainings_tick(ls_trainings *t, const ls_trainings_of *of) {
    if (t == NULL || of->models == NULL || of->watch == NULL) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    for (uint32_t i = 0; i < ls_models_count(of->models); i++) {
        tick_one(t, of, i);
    }
    pthread_mutex_unlock(&t->lock);
}

ls_status ls_trainings_retrain(ls_trainings *t, const ls_trainings_of *of,
                               const ls_trainings_ask *ask, int64_t since_us, ls_error *err) {
    uint32_t model = 0;
    ls_status status = ls_trainings_model(of, ask->model, &model, err);
    if (status != LS_OK) {
        return status;
    }
    pthread_mutex_lock(&t->lock);
    training *one = ls_trainings_find(t, ask->model);
    if (one == NULL || t->errands == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "there is no pool that a training could run in");
    } else if (one->state == UNDERWAY || ls_errands_has(t->errands, one->errand)) {
        status = ls_fail(err, LS_ERR_LIMIT, "a training of model '%s' is underway", ask->model);
    } else {
        char text[LS_TRAINING_TEXT];
        ls_text_format(text, sizeof text, "a training is asked for by %s", ask->who);
        status = ls_trainings_row(t, one->model, "ask", "begun", 0, text, ls_trainings_person(ask),
                                  err);
    }
    if (status == LS_OK) {
        want(t, one, ASKED, since_us);
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}

// ---- open, close, shown

ls_status ls_trainings_create(const ls_trainings_def *def, ls_trainings **out, ls_error *err) {
    *out = NULL;
    ls_trainings *t = ls_alloc(sizeof *t);
    if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
        ls_free(t);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for trainings");
    }
    t->def = *def;
    ls_text_format(t->folder, sizeof t->folder, "%s/models", def->data);
    *out = t;
    return LS_OK;
}

void ls_trainings_destroy(ls_trainings *t) {
    if (t != NULL) {
        pthread_mutex_destroy(&t->lock);
        ls_free(t);
    }
}

void ls_trainings_begin(ls_trainings *t, ls_errands *errands) {
    pthread_mutex_lock(&t->lock);
    t->errands = errands;
    pthread_mutex_unlock(&t->lock);
}

static json_t *time_json(int64_t us) {
    return us != 0 ? json_integer(us) : json_null();
}

void ls_trainings_json(ls_trainings *t, const ls_model_plan *plan, json_t *object) {
    if (t == NULL) {
        json_object_set_new(object, "training", json_null());
        return;
    }
    pthread_mutex_lock(&t->lock);
    const training *one = ls_trainings_find(t, plan->name);
    json_t *json = one != NULL ? json_object() : json_null();
    if (one != NULL) {
        json_object_set_new(json, "state", json_string(ls_training_states[one->state]));
        json_object_set_new(
            json, "reason",
            one->reason != NO_REASON ? json_string(ls_training_reasons[one->reason]) : json_null());
        json_object_set_new(json, "text", json_string(one->text));
        json_object_set_new(json, "since_us", time_json(one->since_us));
        json_object_set_new(json, "last_us", time_json(one->last_us));
        json_object_set_new(json, "next_us", time_json(one->next_us));
        json_object_set_new(json, "failures", json_integer(one->failures));
        json_object_set_new(json, "version",
                            one->version != 0 ? json_integer(one->version) : json_null());
        json_object_set_new(
            json, "offer",
            one->offered != 0
                ? json_pack("{s:I, s:s}", "version", (json_int_t)one->offered, "text", one->offer)
                : json_null());
    }
    pthread_mutex_unlock(&t->lock);
    json_object_set_new(object, "training", json);
}
