// decisions_once.c - see decisions_once.h.
#include "loop/decisions_once.h"

#include <string.h>

#include "base/arena.h"
#include "loop/decisions_inside.h"

static bool is_late(void *context) {
    return ls_decisions_monotonic_us() >= *(const int64_t *)context;
}

static ls_status ask_one(ls_decisions *d, const ls_question *question, const ls_once_def *def,
                         json_t *rows, ls_error *err) {
    const ls_decide_point *point = &d->plant->decide.points[question->point];
    const int64_t begun_us = ls_decisions_monotonic_us();
    const int64_t own_us = def->within_us > 0 ? def->within_us : point->within_us;
    const int64_t span_us = def->at_once ? 0 : own_us;
    int64_t stop_us = begun_us + span_us;
    const ls_budget budget = {.futures = point->futures, .late = is_late, .context = &stop_us};
    ls_answer *answer = ls_alloc(sizeof *answer);
    if (answer == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for an answer");
    }
    memset(answer, 0, sizeof *answer);
    ls_status status = ls_decisions_answer(d, question, 1, &budget, answer, err);
    if (status == LS_ERR_INVALID && ls_decisions_is_setting(d->plant, question)) {
        status = LS_OK;  // too little has been heard of it
    }
    if (status == LS_OK && answer->candidate_count > 1) {
        const ls_effect effect = ls_decisions_effect(answer);
        const double used_ms = (double)(ls_decisions_monotonic_us() - begun_us) * 1e-3;
        json_t *row = ls_decisions_row_json(d, answer, &effect);
        json_object_set_new(row, "deadline_ms", json_real((double)span_us * 1e-3));
        json_object_set_new(row, "used_ms", json_real(used_ms));
        json_array_append_new(rows, row);
    }
    ls_free(answer);
    return status;
}

static bool is_wanted(const ls_decisions *d, const ls_question *q, const ls_once_def *def) {
    const ls_decide_point *point = &d->plant->decide.points[q->point];
    return (def->point == NULL || strcmp(def->point, point->name) == 0) &&
           (def->subject == NULL || strcmp(def->subject, ls_decisions_subject(d->plant, q)) == 0);
}

static ls_status check_point(const ls_plant *plant, const char *name, ls_error *err) {
    const char *names[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        if (name == NULL || strcmp(plant->decide.points[i].name, name) == 0) {
            return LS_OK;
        }
        if (count < 64) {
            names[count++] = plant->decide.points[i].name;
        }
    }
    if (name == NULL) {
        ls_fail(err, LS_ERR_INVALID, "the plant file does not say what may be decided");
        ls_hint(err, "add 'decide:', as in docs/DECIDE.md");
        return LS_ERR_INVALID;
    }
    const char *nearest = ls_text_nearest(name, names, count);
    ls_fail(err, LS_ERR_INVALID, "there is no point '%s' in 'decide'", name);
    if (nearest != NULL) {
        ls_hint(err, "did you mean '%s'?", nearest);
    } else if (count > 0) {
        ls_hint(err, "there is '%s'", names[0]);
    }
    return LS_ERR_INVALID;
}

static ls_status ask_all(ls_decisions *d, const ls_once_def *def, json_t *rows, ls_error *err) {
    ls_question open[DECISION_QUESTIONS];
    uint32_t count = ls_decider_questions(d->decider, d->present, true, open, DECISION_QUESTIONS);
    count = count < DECISION_QUESTIONS ? count : DECISION_QUESTIONS;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (is_wanted(d, &open[i], def)) {
            status = ask_one(d, &open[i], def, rows, err);
        }
    }
    return status;
}

ls_status ls_decisions_once(ls_intake *intake, ls_decider *decider, const ls_once_def *def,
                            json_t **out, ls_error *err) {
    *out = NULL;
    ls_status status = check_point(intake->running.plant, def->point, err);
    ls_decisions *d = status == LS_OK ? ls_alloc(sizeof *d) : NULL;
    if (d == NULL) {
        return status != LS_OK ? status : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    memset(d, 0, sizeof *d);
    d->intake = intake;
    d->plant = intake->running.plant;
    d->twin = intake->running.twin;
    ls_told_open(&d->told, intake, d->plant, d->twin);
    d->decider = decider;
    d->in_step_since_us = -1;
    json_t *rows = json_array();
    status = ls_snapshot_create(d->twin, 1, 0, &d->present, err);
    if (status == LS_OK && !ls_decisions_look(d, d->present)) {
        status = ls_fail(err, LS_ERR_INVALID, "nothing has been heard of the line yet");
    }
    if (status == LS_OK) {
        status = ask_all(d, def, rows, err);
    }
    ls_snapshot_destroy(d->present);
    ls_decisions_forget_settings(d);
    ls_told_close(&d->told);
    ls_decisions_forget_qualities(d);
    ls_free(d->lots);
    ls_free(d);
    if (status != LS_OK) {
        json_decref(rows);
        return status;
    }
    *out = rows;
    return LS_OK;
}
