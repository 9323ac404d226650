// decisions_ask.c - which questions are due, the search within its deadline, the answers as rows.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/account_awaited.h"
#include "loop/decisions_deadline.h"
#include "loop/decisions_inside.h"

enum { FOLLOW_HORIZONS = 4 };  // at most

// ---- a deadline

typedef struct asking {
    ls_decisions *d;
    ls_deadline deadline;
} asking;

// From any worker.
static bool is_late(void *context) {
    const asking *a = context;
    const bool is_news = atomic_load_explicit(&a->d->intake->news_us, memory_order_relaxed) != 0;
    return ls_deadline_is_over(&a->deadline, ls_decisions_monotonic_us(), is_news) ||
           atomic_load_explicit(&a->d->ends, memory_order_relaxed);
}

// ---- answers

bool ls_decisions_by_base(const ls_answer *a) {
    return a->chosen == 0 && a->own != 0 && isfinite(a->by_base.low) && a->by_base.low > 0;
}

// What it brings against what the line would do by itself. Where the line would do what the base
// rule does, that is the claim. Where the base rule is followed and the line would do something
// else, one act alone is hardly ever better beyond doubt: what counts is what the rule gains as a
// rule, which was measured when it was found. Without that the line's own loss is the gain. Acts
// that were found together stand or fall together, by what they gain together.
ls_effect ls_decisions_effect(const ls_answer *a) {
    if (a->chosen == a->own) {
        return (ls_effect){0, 0, 0};
    }
    if (a->chosen != 0) {
        return a->joint_count > 1 ? a->joint : a->claim;
    }
    if (ls_decisions_by_base(a)) {
        const double hours = (double)a->horizon_us / 3.6e9;
        return (ls_effect){a->by_base.gain * hours, a->by_base.low * hours,
                           a->by_base.high * hours};
    }
    const ls_candidate *own = &a->candidates[a->own];
    return (ls_effect){-own->gain, -own->high, -own->low};
}

uint32_t ls_decisions_claim_futures(const ls_answer *a) {
    return ls_decisions_by_base(a) ? a->by_base_futures
           : a->chosen == 0        ? a->candidates[a->own].futures
                                   : a->claim_futures;
}

static bool is_worth(const ls_decide_point *point, const ls_effect *e) {
    return isfinite(e->low) && e->low > 0 && e->gain >= point->gain_min;
}

// Why the line cannot be told to do this; NULL: it can.
static const char *unsendable(const ls_decide_point *point, const ls_candidate *c) {
    for (uint32_t i = 0; i < c->act_count; i++) {
        if (point->measured == LS_NONE &&
            (c->acts[i].kind == LS_DO_KEEP || c->acts[i].kind == LS_DO_STAFF)) {
            return "the plant file names no 'value' that takes it: people do that";
        }
    }
    return c->act_count > 0 ? NULL : "there is nothing to send";
}

static bool same_acts(const ls_candidate *a, const ls_candidate *b) {
    bool same = a->act_count == b->act_count;
    for (uint32_t i = 0; same && i < a->act_count; i++) {
        same = a->acts[i].kind == b->acts[i].kind && a->acts[i].index == b->acts[i].index &&
               a->acts[i].value == b->acts[i].value && a->acts[i].number == b->acts[i].number;
    }
    return same;
}

// The open row about the same: stays when it proposes the same, else gives way. Under the lock.
static bool has_same_open(ls_decisions *d, const ls_answer *a, bool worth) {
    bool same = false;
    for (uint32_t i = 0; i < d->row_count; i++) {
        decision_row *row = &d->rows[i];
        if (!ls_decision_is_open(row) || row->question.point != a->question.point ||
            row->question.subject != a->question.subject) {
            continue;
        }
        if (worth && same_acts(&row->chosen, &a->candidates[a->chosen])) {
            same = true;
        } else if (row->state == DECISION_OPEN) {
            (void)ls_decisions_keep(
                d, row, DECISION_EXPIRED,
                worth ? "something else is better now" : "it is not better any more");
        }
    }
    return same;
}

static decision_state first_state(ls_decisions *d, const ls_decide_point *point, bool worth,
                                  bool late, const ls_candidate *chosen, const char **out_why) {
    if (!worth) {
        return DECISION_KEPT;
    }
    *out_why = ls_experiment_bars(d->experiment, d->now_us);
    if (point->mode == LS_MODE_WATCH || *out_why != NULL) {
        return DECISION_WATCHED;
    }
    if (late) {
        return DECISION_LATE;
    }
    if (point->mode == LS_MODE_ADVISE || d->link == NULL) {
        return DECISION_ADVISED;
    }
    *out_why = unsendable(point, chosen);
    if (*out_why != NULL) {
        return DECISION_ADVISED;
    }
    if (point->mode == LS_MODE_AUTO && !atomic_load(&d->guard_there)) {
        *out_why = "the guard is away: nothing can be sent";
        return DECISION_ADVISED;
    }
    return point->mode == LS_MODE_AUTO ? DECISION_APPROVED : DECISION_OPEN;
}

void ls_decisions_count_time(uint64_t *buckets, int64_t us) {
    int bucket = 0;
    while (bucket < DECISION_BUCKETS - 1 && us > INT64_C(16) << bucket) {
        bucket++;
    }
    buckets[bucket]++;
}

// What a machine was told stands until something else is better beyond doubt, and a lot that one
// machine was told to take is not given to another.
static bool is_told(const ls_decisions *d, const ls_candidate *chosen) {
    bool told = false;
    for (uint32_t i = 0; i < d->memory_count && chosen->act_count == 1; i++) {
        told = told || (chosen->acts[0].kind == LS_DO_CHOOSE &&
                        d->memories[i].pending == chosen->acts[0].value);
    }
    return told;
}

static void file_answer(ls_decisions *d, const ls_answer *a, uint64_t search, int64_t heard_us,
                        int64_t within_us) {
    const ls_decide_point *point = &d->plant->decide.points[a->question.point];
    const ls_candidate *chosen = &a->candidates[a->chosen];
    const int64_t now_us = ls_decisions_monotonic_us();
    const ls_effect effect = ls_decisions_effect(a);
    const bool worth = a->chosen != a->own && is_worth(point, &effect) && !is_told(d, chosen);
    const int64_t deadline_us = heard_us + within_us;
    const bool late = now_us > deadline_us;
    const char *why = NULL;
    json_t *json = ls_decisions_row_json(d, a, &effect);
    if (json == NULL) {
        return;
    }
    json_object_set_new(json, "deadline_ms", json_real((double)within_us * 1e-3));
    json_object_set_new(json, "used_ms", json_real((double)(now_us - heard_us) * 1e-3));
    pthread_mutex_lock(&d->lock);
    d->figures.asked++;
    d->figures.futures += a->futures;
    d->figures.late += late;
    ls_decisions_count_time(d->figures.buckets, now_us - heard_us);
    const decision_state state = first_state(d, point, worth, late, chosen, &why);
    if (has_same_open(d, a, worth)) {
        json_decref(json);
        pthread_mutex_unlock(&d->lock);
        return;
    }
    decision_row *row = ls_decisions_add(d, json);
    row->question = a->question;
    row->chosen = *chosen;
    row->effect = effect;
    row->course = a->course;
    row->claim_futures = ls_decisions_claim_futures(a);
    row->by_base = ls_decisions_by_base(a);
    row->joint = a->chosen != 0 && a->joint_count > 1 ? search : 0;
    row->now_us = a->now_us;
    row->horizon_us = a->horizon_us;
    row->mark = ls_decisions_mark(d, d->present, &a->question);
    row->heard_us = heard_us;
    row->decided_us = now_us;
    row->deadline_us = deadline_us;
    if (state == DECISION_OPEN) {
        row->expires_us = a->now_us + point->approve_us;
        json_object_set_new(json, "expires_us",
                            json_integer((json_int_t)(d->plant->start_us + row->expires_us)));
    }
    const uint64_t number = row->number;
    const bool sends = state == DECISION_APPROVED;
    if (state != DECISION_KEPT && !sends) {
        ls_decisions_keep_snapshot(d, number, a);
    }
    const bool kept = ls_decisions_keep(d, row, state, why);
    if (sends && !kept) {
        d->figures.refused++;
        (void)ls_decisions_keep(d, row, DECISION_REFUSED, "it could not be written down before");
    }
    pthread_mutex_unlock(&d->lock);
    if (sends && kept) {
        ls_decisions_send(d, number, true);
    }
    if (sends) {  // the line does not wait for it
        pthread_mutex_lock(&d->lock);
        ls_decisions_keep_snapshot(d, number, a);
        pthread_mutex_unlock(&d->lock);
    }
}

// ---- asking

// What a setting does is told by its response, not by futures of the plant.
static ls_status ask_setting(ls_decisions *d, const ls_question *question, const ls_budget *budget,
                             ls_answer *out, ls_error *err) {
    ls_status status = ls_decisions_outlook(d, question, err);
    if (status == LS_OK) {
        status = ls_setting_ask(d->plant, question, d->outlook, budget, out, err);
        out->model_hash = d->twin->model->hash;
    }
    return status;
}

ls_status ls_decisions_answer(ls_decisions *d, const ls_question *questions, uint32_t count,
                              const ls_budget *budget, ls_answer *out, ls_error *err) {
    if (count > 1) {
        return ls_decider_ask_together(d->decider, d->present, questions, count, budget, out, err);
    }
    return ls_decisions_is_setting(d->plant, questions)
               ? ask_setting(d, questions, budget, out, err)
               : ls_decider_ask(d->decider, d->present, questions, budget, out, err);
}

// The nearest deadline and the most futures of all their points.
static void limits_of(const ls_decisions *d, const ls_question *questions, uint32_t count,
                      int64_t *out_within_us, uint32_t *out_futures) {
    *out_within_us = INT64_MAX;
    *out_futures = 0;
    for (uint32_t i = 0; i < count; i++) {
        const ls_decide_point *point = &d->plant->decide.points[questions[i].point];
        *out_within_us = point->within_us < *out_within_us ? point->within_us : *out_within_us;
        *out_futures = point->futures > *out_futures ? point->futures : *out_futures;
    }
}

// A setting is not asked about while what was heard of its value says nothing: said once.
static void tell_put_off(ls_decisions *d, const ls_question *question, ls_status status,
                         const ls_error *err) {
    decision_memory *memory = ls_decisions_is_setting(d->plant, question)
                                  ? ls_decisions_memory(d, question)
                                  : NULL;
    const bool off = status == LS_ERR_INVALID;
    if (memory == NULL || memory->put_off == off || (status != LS_OK && !off)) {
        return;
    }
    memory->put_off = off;
    ls_say(LS_LOG_INFO, "decision", d->plant->decide.points[question->point].name, "%s%s",
           off ? "it is not asked: " : "it is asked again", off ? err->text : "");
}

// What an act has brought by the end of its window is to be known, be that beyond the horizon; but
// no claim shall take many times as long for that.
static int64_t follow_us(ls_decisions *d, const ls_question *questions, uint32_t count) {
    bool some = false;
    for (uint32_t i = 0; i < count && !some; i++) {
        some = ls_account_compares(d->plant->decide.points[questions[i].point].kind);
    }
    if (!some) {
        return 0;  // nobody would look at it
    }
    const int64_t most_us = FOLLOW_HORIZONS * ls_decider_horizon_us(d->decider, questions->point);
    const int64_t window_us = ls_decisions_window_us(d);
    return window_us < most_us ? window_us : most_us;
}

// One search for these questions; `searches` are to be made for this event, this one included.
static void ask(ls_decisions *d, const ls_question *questions, uint32_t count, int64_t heard_us,
                uint32_t searches) {
    const ls_decide_point *point = &d->plant->decide.points[questions[0].point];
    const int64_t begun_us = ls_decisions_monotonic_us();
    int64_t within_us = 0;
    asking a = {.d = d};
    ls_budget budget = {.late = is_late, .context = &a};
    limits_of(d, questions, count, &within_us, &budget.futures);
    budget.follow_us = follow_us(d, questions, count);
    pthread_mutex_lock(&d->lock);
    const int64_t spare_us = ls_deadline_spare_us(within_us, d->sending_us, d->overshoot_us);
    pthread_mutex_unlock(&d->lock);
    a.deadline = ls_deadline_of(heard_us, within_us, spare_us, begun_us, searches);
    ls_answer *answers = ls_alloc(count * sizeof *answers);
    ls_error err = {0};
    ls_status status = LS_ERR_MEMORY;
    if (answers != NULL) {
        memset(answers, 0, count * sizeof *answers);
        status = ls_decisions_answer(d, questions, count, &budget, answers, &err);
    }
    const int64_t ended_us = ls_decisions_monotonic_us();
    if (status == LS_OK) {
        // A search that ended by itself says nothing of being late.
        d->overshoot_us = ls_deadline_learn_us(d->overshoot_us,
                                               answers[0].cut ? ended_us - a.deadline.stop_us : 0);
    }
    pthread_mutex_lock(&d->lock);
    d->figures.asking_s += (double)(ended_us - begun_us) * 1e-6;
    const uint64_t search = ++d->searches;
    pthread_mutex_unlock(&d->lock);
    for (uint32_t i = 0; status == LS_OK && i < count && !atomic_load(&d->ends); i++) {
        if (answers[i].candidate_count < 2) {
            continue;  // there was no choice after all
        }
        file_answer(d, &answers[i], search, heard_us, within_us);
    }
    if (status != LS_OK && status != LS_ERR_INVALID) {
        ls_say(LS_LOG_ERROR, "decision", point->name, "%s", err.text);
    }
    tell_put_off(d, questions, status, &err);
    ls_free(answers);
}

// What was put off comes in by itself soon: the last moment to put it off for longer. As long
// before as an order waits for a word anyway.
static bool comes_soon(const ls_decisions *d, const ls_question *question,
                       decision_memory *memory) {
    const int64_t word_us = d->plant->decide.points[question->point].word_us;
    const int64_t until_us = ls_decisions_shut_until(d, question);
    const int64_t left_us = until_us - d->now_us;
    if (left_us <= 0 || left_us > word_us || until_us == memory->shut_until_us) {
        return false;
    }
    memory->shut_until_us = until_us;
    return true;
}

// What became of the newest row of a question.
typedef enum fate {
    FATE_OTHER,
    FATE_OUT,    // sent, and not answered yet: asked now, it would be about the same
    FATE_FAILED  // a guard or the line said no: what stood in the way may go unheard
} fate;

static fate newest_fate(ls_decisions *d, const ls_question *question) {
    fate found = FATE_OTHER;
    uint64_t newest = 0;
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count; i++) {
        const decision_row *row = &d->rows[i];
        if (row->number > newest && row->question.point == question->point &&
            row->question.subject == question->subject) {
            const bool failed = row->state == DECISION_REFUSED || row->state == DECISION_DENIED ||
                                row->state == DECISION_LOST;
            newest = row->number;
            found = row->to_send || row->state == DECISION_SENT ? FATE_OUT
                    : failed                                    ? FATE_FAILED
                                                                : FATE_OTHER;
        }
    }
    pthread_mutex_unlock(&d->lock);
    return found;
}

// Of what concerns no single machine: its candidates hardly ever change by themselves.
static bool is_due_beside(ls_decisions *d, const ls_question *question, decision_memory *memory) {
    const fate was = newest_fate(d, question);
    if (was == FATE_OUT) {
        return false;
    }
    const uint64_t signature = ls_decisions_signature(d, question);
    const bool soon = comes_soon(d, question, memory);
    const bool again = was == FATE_FAILED && d->now_us - memory->asked_us >= LS_US_PER_MIN;
    const bool due = soon || again || signature != memory->signature;
    memory->signature = signature;
    memory->asked_us = due ? d->now_us : memory->asked_us;
    return due;
}

// Has something changed that matters to this question, or has its time come?
static bool is_due(ls_decisions *d, const ls_question *question, const bool *times_up) {
    const ls_decide_point *point = &d->plant->decide.points[question->point];
    decision_memory *memory = ls_decisions_memory(d, question);
    if (memory == NULL) {
        return false;
    }
    if (memory->pending >= 0 &&
        memory->pending_mark != ls_decisions_mark(d, d->present, question)) {
        memory->pending = -1;  // the machine went on: what it was told has been done, or lapsed
    }
    bool due = times_up[question->point];
    const bool beside = point->station == LS_NONE || point->kind == LS_DECIDE_SORT;
    if (point->on_event && beside && point->kind != LS_DECIDE_SETPOINT) {
        due = is_due_beside(d, question, memory) || due;
    } else if (point->on_event) {
        const uint64_t signature = ls_decisions_signature(d, question);
        due = due || signature != memory->signature;
        memory->signature = signature;
    }
    return due;
}

static void note_times(ls_decisions *d, bool *times_up) {
    for (uint32_t p = 0; p < d->plant->decide.point_count; p++) {
        const int64_t every = d->plant->decide.points[p].every_us;
        times_up[p] = every > 0 && d->now_us >= d->due_us[p];
        if (times_up[p]) {
            d->due_us[p] = d->now_us - d->now_us % every + every;
        }
    }
}

// Acts of this instant. Levels and settings have time, and deadlines of their own.
static bool is_of_the_instant(ls_decide_kind kind) {
    return kind == LS_DECIDE_DISPATCH || kind == LS_DECIDE_BATCH || kind == LS_DECIDE_SETUP ||
           kind == LS_DECIDE_RELEASE || kind == LS_DECIDE_MAINTENANCE;
}

// What happens at one instant interacts: a lot taken here is not there for another machine, and one
// let in now will stand before both. Questions that look equally far are answered in one search.
static bool may_join(const ls_decisions *d, const ls_question *a, const ls_question *b) {
    const ls_decide_point *p = &d->plant->decide.points[a->point];
    const ls_decide_point *q = &d->plant->decide.points[b->point];
    return is_of_the_instant(p->kind) && is_of_the_instant(q->kind) &&
           ls_decider_horizon_us(d->decider, a->point) ==
               ls_decider_horizon_us(d->decider, b->point);
}

// Those of the open questions that are to be asked now; at most DECISION_QUESTIONS.
static uint32_t find_due(ls_decisions *d, ls_question *out) {
    ls_question open[DECISION_QUESTIONS];
    const uint32_t points = d->plant->decide.point_count;
    bool *times_up = ls_alloc(points * sizeof *times_up);
    if (times_up == NULL) {
        return 0;
    }
    note_times(d, times_up);
    uint32_t count = ls_decider_questions(d->decider, d->present, true, open, DECISION_QUESTIONS);
    count = count < DECISION_QUESTIONS ? count : DECISION_QUESTIONS;
    uint32_t due = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (is_due(d, &open[i], times_up)) {
            out[due++] = open[i];
        }
    }
    ls_free(times_up);
    return due;
}

// How many of these are answered in one search.
static uint32_t together(const ls_decisions *d, const ls_question *due, uint32_t count) {
    uint32_t some = 1;
    while (some < count && some < DECISION_TOGETHER && may_join(d, &due[0], &due[some])) {
        some++;
    }
    return some;
}

void ls_decisions_ask_due(ls_decisions *d) {
    ls_question due[DECISION_QUESTIONS];
    const int64_t heard_us = d->heard_us != 0 ? d->heard_us : ls_decisions_monotonic_us();
    const uint32_t count = find_due(d, due);
    uint32_t searches = 0;
    for (uint32_t i = 0; i < count; i += together(d, due + i, count - i)) {
        searches++;
    }
    for (uint32_t i = 0; i < count && !atomic_load(&d->ends); searches--) {
        const uint32_t some = together(d, due + i, count - i);
        ask(d, due + i, some, heard_us, searches);
        i += some;
    }
}
