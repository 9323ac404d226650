// decisions_done.c - what was done to the line, and what came of it: for the account.
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "loop/decisions_inside.h"
#include "loop/json_value.h"

enum { SHORTEST_H = 1, LONGEST_H = 12, HORIZONS = 2 };  // of a window

// Also in part: what went has its effect.
static bool was_done(const decision_row *row, int64_t from_us, int64_t to_us) {
    return (row->state == DECISION_SENT || row->state == DECISION_DONE ||
            json_object_get(row->json, "partly") != NULL) &&
           row->commands > 0 && row->sent_us >= from_us && row->sent_us < to_us;
}

// Of its acts those that went; of one on its way all of them, until an answer says else.
static bool is_act_done(const decision_row *row, uint32_t act) {
    return json_object_get(row->json, "partly") == NULL || ls_decisions_went(row, act);
}

static void put(const ls_decisions *d, const decision_row *row, uint32_t act, bool first,
                ls_done *out) {
    const double share = ls_json_number_at(json_object_get(row->json, "claim"), "share");
    // A setting promises a mean over its horizon.
    const double part = ls_decisions_is_setting(d->plant, &row->question)
                            ? (double)row->horizon_us / (double)LS_US_PER_HOUR
                        : isfinite(share) ? share
                                          : 1.0;
    *out = (ls_done){.kind = d->plant->decide.points[row->question.point].kind,
                     .point = row->question.point,
                     .time_us = row->sent_us,
                     .first = first,
                     .act = row->chosen.acts[act],
                     .horizon_us = row->horizon_us,
                     .course = row->course};
    const char *base = row->by_base ? json_string_value(json_object_get(row->json, "base")) : NULL;
    ls_text_format(out->base, sizeof out->base, "%s", base != NULL ? base : "");
    // A part was not tried: nothing is promised of it.
    if (json_object_get(row->json, "partly") == NULL && isfinite(row->effect.gain) &&
        isfinite(row->effect.low) && isfinite(row->effect.high)) {
        out->promises = !row->by_hand;
        out->gain = part * row->effect.gain;
        out->low = part * row->effect.low;
        out->high = part * row->effect.high;
    }
}

static int by_time(const void *a, const void *b) {
    const ls_done *x = a;
    const ls_done *y = b;
    return (x->time_us > y->time_us) - (x->time_us < y->time_us);
}

ls_status ls_decisions_done(ls_decisions *d, int64_t from_us, int64_t to_us, ls_done **out,
                            size_t *out_count, ls_error *err) {
    size_t count = 0;
    *out_count = 0;
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count; i++) {
        count += was_done(&d->rows[i], from_us, to_us) ? d->rows[i].chosen.act_count : 0;
    }
    *out = ls_alloc((count + 1) * sizeof **out);
    const uint32_t oldest = d->row_at + DECISION_ROWS - d->row_count;
    for (uint32_t i = 0; *out != NULL && i < d->row_count; i++) {
        const decision_row *row = &d->rows[(oldest + i) % DECISION_ROWS];
        const uint32_t acts = was_done(row, from_us, to_us) ? row->chosen.act_count : 0;
        bool first = true;
        for (uint32_t a = 0; a < acts; a++) {
            if (is_act_done(row, a)) {
                put(d, row, a, first, &(*out)[(*out_count)++]);
                first = false;
            }
        }
    }
    pthread_mutex_unlock(&d->lock);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu acts", count);
    }
    // Of one moment in the order of the decisions: they are in it already.
    for (size_t i = 1; i < *out_count; i++) {
        if ((*out)[i].time_us < (*out)[i - 1].time_us) {
            qsort(*out, *out_count, sizeof **out, by_time);
            break;
        }
    }
    return LS_OK;
}

static bool concerns(const ls_decisions *d, const decision_row *row, ls_decide_kind kind,
                     uint32_t value) {
    const ls_decide_point *p = &d->plant->decide.points[row->question.point];
    return p->kind == kind && (kind != LS_DECIDE_SETPOINT || ls_decide_counting(p) == value);
}

void ls_decisions_realise(ls_decisions *d, ls_decide_kind kind, uint32_t value, int64_t from_us,
                          int64_t to_us, json_t *realised) {
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count; i++) {
        decision_row *row =
            &d->rows[(d->row_at + DECISION_ROWS - d->row_count + i) % DECISION_ROWS];
        if (was_done(row, from_us, to_us) && concerns(d, row, kind, value)) {
            json_object_set(row->json, "realised", realised);
            (void)ls_decisions_keep(d, row, row->state, NULL);
        }
    }
    pthread_mutex_unlock(&d->lock);
}

int64_t ls_decisions_horizon_us(ls_decisions *d) {
    int64_t longest = 0;
    pthread_mutex_lock(&d->lock);
    for (uint32_t p = 0; d->prepared && p < d->plant->decide.point_count; p++) {
        const int64_t horizon_us = d->plant->decide.points[p].kind == LS_DECIDE_SETPOINT
                                       ? ls_setting_step_us(d->plant, p) * LS_OUTLOOK_STEPS
                                       : ls_decider_horizon_us(d->decider, p);
        longest = horizon_us > longest ? horizon_us : longest;
    }
    pthread_mutex_unlock(&d->lock);
    return longest;
}

int64_t ls_decisions_window_us(ls_decisions *d) {
    const int64_t wanted_us = HORIZONS * ls_decisions_horizon_us(d);
    const int64_t least_us = SHORTEST_H * LS_US_PER_HOUR;
    const int64_t most_us = LONGEST_H * LS_US_PER_HOUR;
    return wanted_us == 0         ? 0
           : wanted_us < least_us ? least_us
           : wanted_us > most_us  ? most_us
                                  : wanted_us;
}
