// decisions_look.c - the present as the deciding thread sees it, and what a decision is bound to.
#include <string.h>

#include "base/arena.h"
#include "decide/candidate.h"
#include "decide/look.h"
#include "loop/decisions_inside.h"
#include "twin/intervene.h"
#include "twin/model.h"

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15U + (hash << 6) + (hash >> 2);
    hash *= 0xff51afd7ed558ccdU;
    return hash ^ (hash >> 33);
}

// ---- looking, under the intake's lock

static void copy_names(ls_decisions *d, const ls_follow *follow) {
    const ls_state *state = ls_follow_state(follow);
    const ls_model *model = d->twin->model;
    const ls_lot *lots = LS_STATE_VIEW(model, state, ls_lot, s_lot);
    const uint32_t used = state->lot_used;
    if (used > d->lot_count) {
        decision_lot *grown = ls_realloc(d->lots, used * sizeof *grown);
        if (grown == NULL) {
            d->lot_count = 0;  // choices cannot be named, and so not sent
            return;
        }
        d->lots = grown;
        d->lot_count = used;
    }
    for (uint32_t i = 0; i < d->lot_count; i++) {
        d->lots[i].serial = -1;
        if (i < used && lots[i].where != LS_LOT_FREE) {
            const char *name = ls_follow_lot_name(follow, i);
            d->lots[i].serial = (int64_t)lots[i].serial;
            ls_text_format(d->lots[i].name, sizeof d->lots[i].name, "%s", name != NULL ? name : "");
        }
    }
}

// Since when line and twin have not contradicted each other.
static void note_step(ls_decisions *d, const ls_follow *follow) {
    const ls_follow_figures f = ls_follow_describe(follow);
    const uint64_t all = f.divergences[LS_DIVERGE_CONTRADICTED] +
                         f.divergences[LS_DIVERGE_UNKNOWN] + f.divergences[LS_DIVERGE_CLOCK];
    if (d->in_step_since_us < 0 || all != d->divergences) {
        d->in_step_since_us = d->now_us;
    }
    d->divergences = all;
    d->certainty = ls_follow_certainty(follow);
}

bool ls_decisions_look(ls_decisions *d, ls_snapshot *into) {
    pthread_mutex_lock(&d->intake->lock);
    const ls_follow *follow = d->intake->running.follow;
    if (follow != NULL) {
        d->now_us = ls_follow_now(follow);
        // A second look, before something is sent, asks nothing: what is new then stays news.
        if (into == d->present) {
            d->heard_us = atomic_exchange(&d->intake->news_us, 0);
        }
        note_step(d, follow);
        copy_names(d, follow);
        ls_follow_fork(follow, 1, 0, into);
    }
    pthread_mutex_unlock(&d->intake->lock);
    if (follow != NULL) {
        ls_decisions_tell_levels(d, into);
        ls_told_tell(&d->told, d->now_us, into);
        ls_decisions_tell_qualities(d, into);
    }
    return follow != NULL;
}

// ---- what is bound to what

uint64_t ls_decisions_mark(const ls_decisions *d, const ls_snapshot *snapshot,
                           const ls_question *question) {
    const ls_decide_point *point = &d->plant->decide.points[question->point];
    if (point->measured != LS_NONE) {
        return mix(1, ls_decisions_setting_mark(d, question->point)) >> 12 | 1;
    }
    // What is done with a lot that waits is bound to that lot, which `still` looks for.
    if (point->station == LS_NONE || point->kind == LS_DECIDE_SORT) {
        return 1;
    }
    const ls_s_machine *m = LS_STATE_ARRAY(d->twin->model, snapshot->state, ls_s_machine,
                                           s_machine) +
                            question->subject;
    const ls_lot *lots = LS_STATE_ARRAY(d->twin->model, snapshot->state, ls_lot, s_lot);
    if (point->kind == LS_DECIDE_MAINTENANCE) {
        // Due before whatever lot is next: it is bound to what the machine stands still for alone.
        return mix(mix(2, m->mode), m->pending) >> 12 | 1;
    }
    uint64_t hash = mix(1, m->phase != LS_PHASE_NONE);
    if (m->lots != LS_NO && m->phase != LS_PHASE_NONE) {
        hash = mix(hash, lots[m->lots].serial);
    }
    return mix(hash, m->step) >> 12 | 1;  // travels as a whole number of JSON
}

// Of the line as a whole: what has left it, and which machines stand free or cannot work. What
// comes in is no reason to ask: a release would call for the next one until none was of use any
// more, all in one instant.
static uint64_t line_signature(const ls_ctx *c) {
    uint64_t hash = 3;
    for (uint32_t i = 0; i < c->m->releases; i++) {
        hash = mix(hash, c->release[i].done + c->release[i].scrapped);
    }
    for (uint32_t i = 0; i < c->m->machines; i++) {
        const ls_s_machine *m = c->machine + i;
        hash = mix(hash, ls_look_is_free(c, i) ? 1 : m->mode != 0 || m->hand != 0 ? 2 : 0);
    }
    return hash;
}

// Who waits outside, in their order: else two orders, one after the other, would look the same.
static uint64_t pool_signature(const ls_ctx *c, uint32_t class) {
    uint64_t hash = 4;
    uint32_t lot = c->release[class].pool_head;
    for (uint32_t i = 0; i < c->release[class].pooled && lot != 0; i++) {
        hash = mix(hash, c->lot[lot - 1].serial);
        lot = c->lot[lot - 1].other + 1;  // LS_NO + 1 is 0
    }
    return hash;
}

// What makes a question that concerns no single machine another one: its candidates hardly ever
// change.
static uint64_t signature_beside(const ls_decisions *d, const ls_question *question) {
    const ls_decide_point *point = &d->plant->decide.points[question->point];
    if (point->station != LS_NONE || point->kind == LS_DECIDE_SETPOINT) {
        return 0;
    }
    const ls_ctx c = ls_look(d->twin, d->present);
    const bool pool = point->kind == LS_DECIDE_RELEASE && c.releases[question->subject].pool != 0;
    return pool ? pool_signature(&c, question->subject) : line_signature(&c);
}

int64_t ls_decisions_shut_until(const ls_decisions *d, const ls_question *question) {
    if (d->plant->decide.points[question->point].kind != LS_DECIDE_RELEASE) {
        return 0;
    }
    const ls_ctx c = ls_look(d->twin, d->present);
    const int64_t until_us = c.release[question->subject].put_off;
    return c.releases[question->subject].pool != 0 && until_us < LS_NEVER / 2 ? until_us : 0;
}

uint64_t ls_decisions_signature(const ls_decisions *d, const ls_question *question) {
    const ls_candidate_from from = {.plant = d->plant,
                                    .twin = d->twin,
                                    .present = d->present,
                                    .base_twin = d->twin,
                                    .base_present = d->present};
    ls_candidates *found = ls_alloc(sizeof *found);
    uint64_t hash = mix(ls_decisions_mark(d, d->present, question), signature_beside(d, question));
    if (found != NULL && ls_candidates_find(&from, question, found, NULL) == LS_OK) {
        for (uint32_t i = 0; i < found->count; i++) {
            const ls_candidate *c = &found->items[i];
            for (uint32_t k = 0; k < c->act_count; k++) {
                const bool pure = c->acts[k].kind == LS_DO_CHOOSE && c->acts[k].number != 0.0;
                const uint64_t way = c->acts[k].kind == LS_DO_SORT ? (uint64_t)c->acts[k].number
                                                                   : 0;
                hash = mix(hash, (uint64_t)c->acts[k].kind + (pure ? 100 : 0) + (way << 8));
                // How long to wait shortens while time passes: no reason to ask again.
                hash = c->acts[k].kind == LS_DO_HOLD ? hash : mix(hash, (uint64_t)c->acts[k].value);
            }
        }
    }
    ls_free(found);
    return hash;
}

const char *ls_decisions_lot(const ls_decisions *d, int64_t serial) {
    for (uint32_t i = 0; i < d->lot_count; i++) {
        if (d->lots[i].serial == serial) {
            return d->lots[i].name;
        }
    }
    return NULL;
}

bool ls_decisions_still(ls_decisions *d, const decision_row *row) {
    if (!ls_decisions_look(d, d->fresh) ||
        (ls_decisions_is_setting(d->plant, &row->question) &&
         !ls_decisions_hear_setting(d, &row->question)) ||
        ls_decisions_mark(d, d->fresh, &row->question) != row->mark) {
        return false;
    }
    return ls_acts_apply(d->twin, d->fresh, row->chosen.acts, row->chosen.act_count, NULL) == LS_OK;
}

decision_memory *ls_decisions_memory(ls_decisions *d, const ls_question *question) {
    for (uint32_t i = 0; i < d->memory_count; i++) {
        if (d->memories[i].question.point == question->point &&
            d->memories[i].question.subject == question->subject) {
            return &d->memories[i];
        }
    }
    decision_memory *grown = ls_realloc(d->memories, ((size_t)d->memory_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    d->memories = grown;
    grown[d->memory_count] = (decision_memory){.question = *question, .pending = -1};
    return &grown[d->memory_count++];
}
