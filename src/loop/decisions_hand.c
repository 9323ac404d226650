// decisions_hand.c - what a person has the line let in or put off, by hand: a row of its own, which
// promises nothing, and through the guard like any other.
//
// The thread that decides makes the row, since it alone looks at the plant; who asked waits for it.
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/decisions_inside.h"

enum { PATIENCE_S = 2 };

// ---- the thread that decides

// Both possibilities, and nothing that was reckoned.
static ls_answer *answer_of(const ls_decisions *d, const ls_question *question, const ls_act *act) {
    const ls_effect none = {NAN, NAN, NAN};
    ls_answer *a = ls_alloc(sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    memset(a, 0, sizeof *a);
    a->question = *question;
    a->now_us = d->now_us;
    a->candidate_count = 2;
    a->chosen = 1;
    a->claim = a->joint = a->by_base = none;
    a->level = d->plant->decide.points[question->point].level;
    for (unsigned t = 0; t < LS_TERM_COUNT; t++) {
        a->terms[t] = none;
    }
    for (uint32_t i = 0; i < 2; i++) {
        ls_candidate *c = &a->candidates[i];
        c->gain = c->low = c->high = NAN;
        c->act_count = i;
        c->acts[0] = i > 0 ? *act : (ls_act){.kind = LS_DO_NOTHING};
        ls_act_text(d->plant, &c->acts[0], NULL, c->label, sizeof c->label);
    }
    ls_text_format(a->base, sizeof a->base, "own");
    return a;
}

static void say_why(json_t *json, const decision_hand *hand) {
    char en[DECISION_TEXT_SIZE], ko[DECISION_TEXT_SIZE];
    const bool said = hand->said[0] != '\0';
    ls_text_format(en, sizeof en,
                   "by hand, by %s%s%s; nothing was reckoned and nothing is promised", hand->who,
                   said ? ": " : "", hand->said);
    ls_text_format(ko, sizeof ko, "%s의 수동 지시%s%s. 계산하지 않았고 약속하는 효과도 없음",
                   hand->who, said ? ": " : "", hand->said);
    json_object_set_new(json, "why", json_pack("[s]", en));
    json_object_set_new(json, "why_ko", json_pack("[s]", ko));
    json_object_set_new(json, "by_hand", json_true());
    json_object_set_new(json, "claim", json_null());
    json_object_set_new(json, "deadline_ms", json_null());
    json_object_set_new(json, "used_ms", json_null());
}

// Under the lock.
static void file_row(ls_decisions *d, const decision_hand *hand, const ls_answer *a, json_t *json,
                     char *out_id) {
    decision_row *row = ls_decisions_add(d, json);
    row->question = a->question;
    row->chosen = a->candidates[1];
    row->by_hand = true;
    row->now_us = a->now_us;
    row->mark = ls_decisions_mark(d, d->present, &a->question);
    // The person has decided before it came here: the approval lies behind it by any clock.
    row->heard_us = row->decided_us = row->deadline_us = ls_decisions_monotonic_us() - LS_US_PER_S;
    row->expires_us = a->now_us + d->plant->decide.points[a->question.point].approve_us;
    json_object_set_new(json, "expires_us",
                        json_integer((json_int_t)(d->plant->start_us + row->expires_us)));
    ls_text_format(out_id, DECISION_ID_SIZE, "d-%llu", (unsigned long long)row->number);
    ls_decisions_approve(d, row, hand->who, hand->role, hand->said);
}

static ls_status make_row(ls_decisions *d, decision_hand *hand, ls_error *err) {
    ls_snapshot *tried = d->fresh;
    if (!ls_decisions_look(d, d->present) || !ls_decisions_look(d, tried)) {
        return ls_fail(err, LS_ERR_INVALID, "the line is not followed yet");
    }
    const ls_status can = ls_act_apply(d->twin, tried, &hand->act, err);
    if (can != LS_OK) {
        return can;
    }
    ls_answer *a = answer_of(d, &hand->question, &hand->act);
    json_t *json = a != NULL ? ls_decisions_row_json(d, a, &a->claim) : NULL;
    if (json == NULL) {
        ls_free(a);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a decision");
    }
    say_why(json, hand);
    pthread_mutex_lock(&d->lock);
    file_row(d, hand, a, json, hand->id);
    pthread_mutex_unlock(&d->lock);
    ls_free(a);
    return LS_OK;
}

void ls_decisions_serve_hand(ls_decisions *d) {
    pthread_mutex_lock(&d->people.lock);
    decision_hand *hand = d->people.hand;
    if (hand != NULL) {
        hand->taken = true;  // from now on whoever asked waits for us
    }
    pthread_mutex_unlock(&d->people.lock);
    if (hand == NULL) {
        return;
    }
    ls_error err = {0};
    const ls_status status = make_row(d, hand, &err);
    pthread_mutex_lock(&d->people.lock);
    hand->status = status;
    hand->err = err;
    d->people.hand = NULL;
    pthread_cond_broadcast(&d->people.wake);
    pthread_mutex_unlock(&d->people.lock);
}

// ---- whoever asks

// The point that decides about entries of this class, where something can be sent. Of a class that
// is kept at a level one more may be let in.
static ls_status find_point(const ls_decisions *d, const char *class, bool one, ls_question *out,
                            ls_error *err) {
    bool known = false;
    for (uint32_t i = 0; i < d->plant->decide.point_count; i++) {
        const ls_decide_point *p = &d->plant->decide.points[i];
        const bool enters = p->kind == LS_DECIDE_RELEASE || (one && p->kind == LS_DECIDE_CONWIP);
        if (!enters || strcmp(d->plant->releases[p->release].name, class) != 0) {
            continue;
        }
        known = true;
        if (p->mode >= LS_MODE_APPROVE) {
            *out = (ls_question){.point = i, .subject = p->release};
            return LS_OK;
        }
    }
    ls_fail(err, LS_ERR_INVALID,
            known ? "'%s' is watched or advised about only: nothing is sent"
                  : "no point of 'decide: release' is about a class '%s'",
            class);
    ls_hint(err, "decide: {release: {of: %s, mode: approve}}", class);
    return LS_ERR_INVALID;
}

static ls_status act_of(const ls_decisions *d, const ls_hand_def *def, uint32_t class, ls_act *out,
                        ls_error *err) {
    if (def->span_us < 0) {
        *out = (ls_act){.kind = LS_DO_RELEASE, .index = class};
        return LS_OK;
    }
    if (def->span_us > LS_US_PER_DAY) {
        return ls_fail(err, LS_ERR_INVALID, "nothing is put off for more than a day");
    }
    if (def->span_us == 0 && def->lots > 0) {
        return ls_fail(err, LS_ERR_INVALID, "where all come in none is first");
    }
    if (!d->plant->releases[class].pool) {
        return ls_fail(err, LS_ERR_INVALID, "class '%s' has no order pool: it cannot be put off",
                       def->class);
    }
    *out = (ls_act){
        .kind = LS_DO_PUT_OFF, .index = class, .value = def->span_us, .number = def->lots};
    return LS_OK;
}

// Under people.lock. False: nobody took it in time.
static bool await_row(ls_decisions *d, const decision_hand *hand) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    int woken = 0;
    while (d->people.hand == hand && (woken == 0 || hand->taken)) {
        woken = pthread_cond_timedwait(&d->people.wake, &d->people.lock, &until);
        until.tv_sec += woken != 0 ? PATIENCE_S : 0;
    }
    return d->people.hand != hand;
}

ls_status ls_decisions_hand(ls_decisions *d, const ls_hand_def *def, char *out_id, size_t size,
                            ls_error *err) {
    if (def->role != LS_ROLE_OPERATOR && def->role != LS_ROLE_ENGINEER) {
        return ls_fail(err, LS_ERR_INVALID, "that takes an operator");
    }
    if (def->who == NULL || def->who[0] == '\0') {
        return ls_fail(err, LS_ERR_INVALID, "who it is must be known");
    }
    decision_hand hand = {.role = def->role};
    ls_status status = find_point(d, def->class, def->span_us < 0, &hand.question, err);
    if (status == LS_OK && d->link == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "there is no guard here: nothing is sent");
    }
    if (status == LS_OK) {
        status = act_of(d, def, hand.question.subject, &hand.act, err);
    }
    if (status != LS_OK) {
        return status;
    }
    ls_text_format(hand.who, sizeof hand.who, "%s", def->who);
    ls_text_format(hand.said, sizeof hand.said, "%s", def->said != NULL ? def->said : "");
    pthread_mutex_lock(&d->people.turn);
    pthread_mutex_lock(&d->people.lock);
    d->people.hand = &hand;
    pthread_mutex_unlock(&d->people.lock);
    ls_decisions_wake(d);
    pthread_mutex_lock(&d->people.lock);
    const bool answered = await_row(d, &hand);
    d->people.hand = NULL;
    pthread_mutex_unlock(&d->people.lock);
    pthread_mutex_unlock(&d->people.turn);
    if (!answered) {
        return ls_fail(err, LS_ERR_IO, "the deciding part is busy: nothing was done");
    }
    if (hand.status != LS_OK) {
        *err = hand.err;
        return hand.status;
    }
    ls_text_format(out_id, size, "%s", hand.id);
    ls_decisions_wake(d);  // it is sent
    return LS_OK;
}
