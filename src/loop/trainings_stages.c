// trainings_stages.c - who serves: rows before and after, promotion, rollback, retirement.
#include <string.h>

#include "base/text.h"
#include "guard/protocol.h"
#include "loop/trainings_inside.h"
#include "model/deadline.h"

// ---- rows

ls_status ls_trainings_row(ls_trainings *t, const char *model, const char *act, const char *stage,
                           uint32_t version, const char *said, json_t *more, ls_error *err) {
    char text[2 * LS_TRAINING_TEXT];
    ls_text_format(text, sizeof text, "%s", said);
    ls_text_tame(text,
                 false);  // names of people's tags may have been cut in the middle of a letter
    json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s}", "act", act, "model", model, "state", stage,
                            "version", (json_int_t)version, "text", text);
    if (row != NULL && more != NULL) {
        json_object_update(row, more);
    }
    ls_error why = {0};
    const bool kept = row != NULL &&
                      ls_journal_record(t->def.history, "model", model, text, row, &why);
    json_decref(row);
    json_decref(more);
    ls_say(LS_LOG_INFO, "model", model, "%s", text);
    return kept ? LS_OK
                : ls_fail(err, LS_ERR_IO, "it could not be written down, so nothing was done%s%s",
                          why.text[0] != '\0' ? ": " : "", why.text);
}

void ls_trainings_tell(ls_trainings *t, training *one, const char *act, const char *text,
                       json_t *more) {
    ls_error err = {0};
    if (ls_trainings_row(t, one->model, act, "done", one->version, text, more, &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "history", one->model, "%s", err.text);
    }
    ls_text_format(one->text, sizeof one->text, "%s", text);
    ls_text_tame(one->text, false);
}

// ---- stages

typedef enum stage_act { PROMOTE, RETIRE, ROLL_BACK } stage_act;
static const char *const act_names[] = {"promote", "retire", "rollback"};

json_t *ls_trainings_person(const ls_trainings_ask *ask) {
    return ask == NULL
               ? NULL
               : json_pack("{s:s, s:s, s:s}", "who", ask->who, "role", ls_role_name(ask->role),
                           "said", ask->text != NULL ? ask->text : "");
}

// Where the plant demands a signature, nothing unsigned comes to serve; and nothing that answers
// after its deadline, whoever wants it.
static ls_status check_version(const ls_trainings *t, const ls_trainings_of *of, const char *name,
                               stage_act act, uint32_t version, ls_error *err) {
    char key[4096];
    uint32_t model = 0, number = version;
    ls_registry_stages stages;
    ls_status status = ls_trainings_model(of, name, &model, err);
    if (status != LS_OK || act == RETIRE) {
        return status;
    }
    const ls_model_plan *plan = ls_models_plan(of->models, model);
    if (act == ROLL_BACK) {
        status = ls_registry_stages_load(t->folder, name, &stages, err);
        number = status == LS_OK && stages.past_count > 0 ? stages.past[stages.past_count - 1] : 0;
    }
    if (status == LS_OK && number != 0) {
        ls_registry_version v;
        ls_registry_key_file(t->def.plant, plan->signed_by, key, sizeof key);
        status = ls_registry_load_demanded(t->folder, plan, number, key[0] != '\0' ? key : NULL, &v,
                                           err);
        if (status == LS_OK && act == PROMOTE) {
            status = ls_deadline_check(plan, &v, err);
        }
        ls_registry_version_clear(&v);
    }
    return status;
}

static uint32_t champion_of(const ls_trainings *t, const char *model) {
    ls_registry_stages stages;
    ls_error ignored = {0};
    return ls_registry_stages_load(t->folder, model, &stages, &ignored) == LS_OK ? stages.champion
                                                                                 : 0;
}

// Written down, done, written down. `why` begins as people say it: "its shadow has passed: ...".
static ls_status act_on(ls_trainings *t, const ls_trainings_of *of, training *one, stage_act act,
                        uint32_t version, const char *why, const ls_trainings_ask *ask,
                        uint32_t *out_version, ls_error *err) {
    static const char *const done[] = {"version %u serves: %s", "version %u is retired: %s",
                                       "version %u serves again: %s"};
    char text[LS_TRAINING_TEXT + 80];
    if (act == ROLL_BACK) {
        ls_text_format(text, sizeof text, "the version before is to serve again: %s", why);
    } else {
        ls_text_format(text, sizeof text, "version %u is to %s: %s", version,
                       act == PROMOTE ? "serve" : "be retired", why);
    }
    json_t *more = ls_trainings_person(ask);
    more = more != NULL ? more : json_object();
    // By whom it served before, a service that is killed meanwhile tells later what was done.
    json_object_set_new(more, "champion", json_integer(champion_of(t, one->model)));
    ls_status status = ls_trainings_row(t, one->model, act_names[act], "begun", version, text, more,
                                        err);
    if (status != LS_OK) {
        return status;
    }
    uint32_t number = version;
    status = check_version(t, of, one->model, act, version, err);
    if (status == LS_OK) {
        status = act == PROMOTE  ? ls_registry_promote(t->folder, one->model, version, err)
                 : act == RETIRE ? ls_registry_retire(t->folder, one->model, version, err)
                                 : ls_registry_rollback(t->folder, one->model, &number, err);
    }
    ls_error ignored = {0};
    if (status != LS_OK) {
        (void)ls_trainings_row(t, one->model, act_names[act], "refused", version, err->text,
                               ls_trainings_person(ask), &ignored);
        return status;
    }
    ls_text_format(text, sizeof text, done[act], number, why);
    (void)ls_trainings_row(t, one->model, act_names[act], "done", number, text,
                           ls_trainings_person(ask), &ignored);
    ls_text_format(one->text, sizeof one->text, "%s", text);
    if (out_version != NULL) {
        *out_version = number;
    }
    one->offered = 0;
    ls_models_look(of->models);
    return LS_OK;
}

// ---- what a service that was killed had begun

typedef struct begun {
    const char *model;
    json_t *row;  // NULL: the newest act is over
} begun;

static bool take_row(void *context, const ls_happened *happened) {
    begun *b = context;
    json_t *row = strcmp(happened->subject, b->model) == 0
                      ? json_loads(happened->json, JSON_REJECT_DUPLICATES, NULL)
                      : NULL;
    const char *act = json_string_value(json_object_get(row, "act"));
    const char *state = json_string_value(json_object_get(row, "state"));
    bool of_stages = false;
    for (size_t i = 0; i < sizeof act_names / sizeof act_names[0]; i++) {
        of_stages = of_stages || (act != NULL && strcmp(act, act_names[i]) == 0);
    }
    if (of_stages && state != NULL) {
        json_decref(b->row);
        b->row = strcmp(state, "begun") == 0 ? json_incref(row) : NULL;
    }
    json_decref(row);
    return true;
}

// The registry says whether it was done: its files are replaced at once, or not at all.
static bool was_done(const ls_registry_stages *stages, const char *act, uint32_t version,
                     uint32_t champion) {
    return strcmp(act, act_names[PROMOTE]) == 0  ? stages->champion == version
           : strcmp(act, act_names[RETIRE]) == 0 ? stages->challenger != version
                                                 : stages->champion != champion;
}

void ls_trainings_complete(ls_trainings *t, training *one) {
    begun b = {.model = one->model};
    ls_registry_stages stages;
    ls_error err = {0};
    char text[LS_TRAINING_TEXT];
    if (t->def.history == NULL ||
        ls_history_events(t->def.history, "model", 0, INT64_MAX, take_row, &b, &err) != LS_OK ||
        b.row == NULL || ls_registry_stages_load(t->folder, one->model, &stages, &err) != LS_OK) {
        json_decref(b.row);
        return;
    }
    const char *act = json_string_value(json_object_get(b.row, "act"));
    const json_int_t version = json_integer_value(json_object_get(b.row, "version"));
    const json_int_t champion = json_integer_value(json_object_get(b.row, "champion"));
    const bool done = was_done(&stages, act, (uint32_t)version, (uint32_t)champion);
    const bool back = strcmp(act, act_names[ROLL_BACK]) == 0;
    const uint32_t number = back && done ? stages.champion : (uint32_t)version;
    if (done) {
        ls_text_format(text, sizeof text,
                       "version %u %s: it was done when the service was stopped in between", number,
                       back                                  ? "serves again"
                       : strcmp(act, act_names[RETIRE]) == 0 ? "is retired"
                                                             : "serves");
    } else {
        ls_text_format(text, sizeof text,
                       "it was not done: the service was stopped before; version %u serves",
                       stages.champion);
    }
    json_t *more = json_object();
    json_object_update(more, b.row);
    json_object_set_new(more, "completed", json_true());
    json_object_del(more, "act");
    json_object_del(more, "model");
    json_object_del(more, "state");
    json_object_del(more, "version");
    json_object_del(more, "text");
    if (ls_trainings_row(t, one->model, act, done ? "done" : "refused", number, text, more, &err) !=
        LS_OK) {
        ls_say(LS_LOG_ERROR, "history", one->model, "%s", err.text);
    }
    json_decref(b.row);
}

static void offer(ls_trainings *t, training *one, const ls_model_watched *seen, const char *about) {
    char text[LS_TRAINING_TEXT + 80];
    ls_text_format(text, sizeof text, "version %u waits for a yes: %s", seen->challenger, about);
    one->offered = seen->challenger;
    ls_text_format(one->offer, sizeof one->offer, "%s", about);
    json_t *more = json_pack("{s:I}", "version", (json_int_t)seen->challenger);
    ls_trainings_tell(t, one, "offer", text, more);
    ls_trainings_keep(t, one);
}

// What cannot be done is not tried again, unless it was the disk: that may have room again.
static void settle(ls_trainings *t, const ls_trainings_of *of, training *one, stage_act act,
                   uint32_t version, const char *about) {
    enum { REST_TICKS = 60, DOUBLINGS = 6 };
    ls_error err = {0};
    const ls_status status = act_on(t, of, one, act, version, about, NULL, NULL, &err);
    if (status == LS_OK) {
        one->failures = act == PROMOTE ? 0 : one->failures + 1;
    } else {
        ls_text_format(one->text, sizeof one->text, "%s", err.text);
    }
    if (status == LS_ERR_IO) {
        one->rest = (unsigned)REST_TICKS << one->rests;
        one->rests += one->rests < DOUBLINGS;
    } else {
        one->settled = version;
        one->rests = 0;
    }
    ls_trainings_keep(t, one);
}

static bool has_shadow(const ls_model_plan *plan, const ls_model_watched *seen) {
    return seen->champion != 0 && plan->shadow.for_us > 0 && !plan->monitor.is;
}

// Where nothing serves, or the plant file wants no shadow, the gates were enough; a monitor has no
// labels to be compared on.
static ls_shadow_end end_of(const ls_model_plan *plan, const ls_model_watched *seen,
                            const char **out_about) {
    const bool shadowed = has_shadow(plan, seen);
    *out_about = shadowed              ? seen->shadow.about
                 : seen->champion == 0 ? "it has passed its gates, and nothing serves yet"
                                       : "it has passed its gates, and is to have no shadow";
    return shadowed ? seen->shadow.end : LS_SHADOW_PASSED;
}

void ls_trainings_judge(ls_trainings *t, const ls_trainings_of *of, uint32_t model, training *one,
                        const ls_model_watched *seen) {
    const ls_model_plan *plan = ls_models_plan(of->models, model);
    const char *about = NULL;
    const ls_shadow_end end = end_of(plan, seen, &about);
    if (one->offered != 0 && one->offered != seen->challenger) {
        one->offered = 0;  // another one, or none
        ls_trainings_keep(t, one);
    }
    if (seen->challenger == 0 || end == LS_SHADOW_RUNNING || one->settled == seen->challenger) {
        return;
    }
    if (end == LS_SHADOW_PASSED && has_shadow(plan, seen) &&
        !ls_models_challenger_in_time(of->models, model)) {
        ls_text_format(one->text, sizeof one->text,
                       "version %u has passed its shadow; that it is in time is not shown yet",
                       seen->challenger);
        return;  // its deadline is a gate too
    }
    if (end == LS_SHADOW_PASSED && !plan->is_auto) {
        if (one->offered != seen->challenger) {
            offer(t, one, seen, about);
        }
        return;
    }
    if (one->rest > 0) {
        one->rest--;
        return;
    }
    settle(t, of, one, end == LS_SHADOW_PASSED ? PROMOTE : RETIRE, seen->challenger, about);
}

// ---- people

ls_status ls_trainings_model(const ls_trainings_of *of, const char *name, uint32_t *out,
                             ls_error *err) {
    const uint32_t count = of->models != NULL ? ls_models_count(of->models) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(ls_models_plan(of->models, i)->name, name) == 0) {
            *out = i;
            return LS_OK;
        }
    }
    return ls_fail(err, LS_ERR_INVALID, "the plant has no model '%s'", name);
}

static ls_status may_promote(const ls_trainings_of *of, uint32_t model, uint32_t version,
                             ls_error *err) {
    ls_model_watched seen = {0};
    if (of->watch != NULL) {
        ls_model_watch_look(of->watch, model, &seen);
    }
    ls_status status = LS_OK;
    const ls_model_plan *plan = ls_models_plan(of->models, model);
    const char *about = "";
    const ls_shadow_end end = end_of(plan, &seen, &about);
    if (seen.challenger != version) {
        status = ls_fail(err, LS_ERR_LIMIT, "version %u is not the challenger in its shadow",
                         version);
    } else if (end != LS_SHADOW_PASSED) {
        status = ls_fail(err, LS_ERR_LIMIT, "the shadow of version %u has not passed: %s", version,
                         about);
    } else if (has_shadow(plan, &seen) && !ls_models_challenger_in_time(of->models, model)) {
        status = ls_fail(err, LS_ERR_LIMIT, "version %u is not known to be in time", version);
    }
    if (status != LS_OK) {
        ls_hint(err, "with \"anyway\": true it serves all the same");
    }
    return status;
}

ls_status ls_trainings_promote(ls_trainings *t, const ls_trainings_of *of,
                               const ls_trainings_ask *ask, uint32_t version, bool anyway,
                               ls_error *err) {
    uint32_t model = 0;
    char why[LS_TRAINING_TEXT];
    ls_status status = ls_trainings_model(of, ask->model, &model, err);
    if (status == LS_OK && !anyway) {
        status = may_promote(of, model, version, err);
    }
    if (status != LS_OK) {
        return status;
    }
    ls_text_format(why, sizeof why, "%s says so%s", ask->who,
                   anyway ? ", whatever its shadow says" : "");
    pthread_mutex_lock(&t->lock);
    training *one = ls_trainings_find(t, ask->model);
    status = one == NULL
                 ? ls_fail(err, LS_ERR_LIMIT, "there are more than %d models", LS_TRAININGS_MOST)
                 : act_on(t, of, one, PROMOTE, version, why, ask, NULL, err);
    if (status == LS_OK) {
        one->failures = 0;
        ls_trainings_keep(t, one);
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}

ls_status ls_trainings_rollback(ls_trainings *t, const ls_trainings_of *of,
                                const ls_trainings_ask *ask, uint32_t *out_version, ls_error *err) {
    uint32_t model = 0;
    char why[LS_TRAINING_TEXT];
    ls_status status = ls_trainings_model(of, ask->model, &model, err);
    if (status != LS_OK) {
        return status;
    }
    ls_text_format(why, sizeof why, "%s says so", ask->who);
    pthread_mutex_lock(&t->lock);
    training *one = ls_trainings_find(t, ask->model);
    status = one == NULL
                 ? ls_fail(err, LS_ERR_LIMIT, "there are more than %d models", LS_TRAININGS_MOST)
                 : act_on(t, of, one, ROLL_BACK, 0, why, ask, out_version, err);
    if (status == LS_OK) {
        ls_trainings_keep(t, one);
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}
