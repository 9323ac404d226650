// account_window.c - see account_window.h.
#include "loop/account_window.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "loop/account_awaited.h"
#include "loop/account_rule.h"

#define LEVEL 0.95
static const double LOST = 0.5;  // certainty below which a present says nothing of the line
static const uint64_t SEED = 0x6f726967;

ls_status ls_account_window_init(ls_account_window *window, const ls_twin *twin, ls_error *err) {
    memset(window, 0, sizeof *window);
    return ls_snapshot_create(twin, 1, 0, &window->origin, err);
}

void ls_account_window_clear(ls_account_window *window) {
    ls_snapshot_destroy(window->origin);
    ls_realised_clear(&window->realised);
    memset(window, 0, sizeof *window);
}

// ---- collecting

static ls_amounts amounts_of(const ls_intake *intake, int64_t at_us) {
    return ls_amounts_read(intake->running.twin, ls_follow_state(intake->running.follow), at_us);
}

void ls_account_window_begin(ls_account_window *window, const ls_intake *intake, int64_t wall_us) {
    const ls_follow *follow = intake->running.follow;
    ls_realised_clear(&window->realised);
    ls_follow_fork(follow, SEED, 0, window->origin);
    window->begun_us = wall_us;
    window->from_us = ls_follow_now(follow);
    window->until_us = -1;
    window->at_begin = amounts_of(intake, window->from_us);
    window->jumps = ls_follow_describe(follow).divergences[LS_DIVERGE_CLOCK];
    window->refused = intake->figures.refused;
    window->spoilt[0] = '\0';
    window->open = true;
}

static void spoil(ls_account_window *window, const char *why) {
    if (window->spoilt[0] == '\0') {
        ls_text_format(window->spoilt, sizeof window->spoilt, "%s", why);
    }
}

void ls_account_window_look(ls_account_window *window, const ls_intake *intake, int64_t length_us,
                            int64_t wall_us) {
    const ls_follow *follow = intake->running.follow;
    const int64_t now_us = ls_follow_now(follow);
    if (ls_follow_certainty(follow) < LOST) {
        spoil(window, "the twin had lost the line for a while");
    }
    if (ls_follow_describe(follow).divergences[LS_DIVERGE_CLOCK] != window->jumps) {
        spoil(window, "the line's clock jumped");
    }
    if (intake->figures.refused != window->refused) {
        spoil(window, "the history could not take everything that was heard");
    }
    if (window->until_us < 0 && now_us - window->from_us >= length_us) {
        window->until_us = now_us;
        window->ended_us = wall_us;
        window->at_end = amounts_of(intake, now_us);
    }
}

void ls_account_window_fact(ls_account_window *window, const ls_twin *twin, const ls_fact *fact) {
    ls_error err = {0};
    if (window->open && fact->time_us > window->from_us &&
        ls_realised_fact(&window->realised, twin, fact, &err) != LS_OK) {
        spoil(window, "there was no memory for what the line showed");
    }
}

bool ls_account_window_is_final(const ls_account_window *window, ls_intake *intake) {
    const bool final = window->open && window->until_us >= 0 &&
                       ls_follow_now(intake->running.follow) - window->until_us >
                           intake->follow_def.late_us;
    if (final) {
        ls_follow_settle(intake->running.follow);  // its last facts
    }
    return final;
}

// ---- telling

static void put_acts(const ls_done *done, size_t count, ls_decide_kind kind, ls_timed_act *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = (ls_timed_act){
            .time_us = done[i].time_us, .act = done[i].act, .kept = done[i].kind != kind};
    }
}

static void add_promises(const ls_done *done, size_t count, ls_decide_kind kind, ls_outcome *out) {
    for (size_t i = 0; i < count; i++) {
        if (done[i].kind == kind && done[i].first) {
            out->decisions++;
            out->promised += done[i].gain;
            out->promised_low += done[i].low;
            out->promised_high += done[i].high;
        }
    }
}

// By which rules the line went, and by which it would have without decisions of this kind. Rows
// name what the base rule does where the own rule does else: what was the same was done without
// one. So the past goes by that rule, not by its acts alone. NULL: by the own.
static ls_status rules_of(const ls_plant *plant, const ls_twin *twin, ls_decide_kind kind,
                          const ls_done *done, size_t count, ls_twin **actual, ls_twin **kept,
                          ls_error *err) {
    const unsigned all = (1U << LS_DECIDE_KIND_COUNT) - 1U;
    bool known = false;
    ls_status status = ls_account_rule(plant, twin, done, count, all, actual, &known, err);
    return status != LS_OK ? status
                           : ls_account_rule(plant, twin, done, count,
                                             all & ~(1U << (unsigned)kind), kept, &known, err);
}

ls_status ls_account_window_tell(ls_account_window *window, const ls_plant *plant,
                                 const ls_twin *twin, ls_decide_kind kind, const ls_done *done,
                                 size_t count, uint64_t seed, ls_outcome *out, ls_error *err) {
    double weights[LS_TERM_COUNT];
    *out = (ls_outcome){
        .kind = kind, .level = LEVEL, .gain = NAN, .low = NAN, .high = NAN, .error = NAN};
    out->awaited = out->awaited_low = out->awaited_high = NAN;
    add_promises(done, count, kind, out);
    const char *why = window->spoilt[0] != '\0' ? window->spoilt : NULL;
    if (kind == LS_DECIDE_SORT) {
        why = "the line does not tell what became of lots that went uninspected";
    }
    if (why != NULL) {  // no other past can be played
        ls_text_format(out->why, sizeof out->why, "%s", why);
        return LS_OK;
    }
    ls_twin *actual = NULL;
    ls_twin *kept = NULL;
    ls_status status = rules_of(plant, twin, kind, done, count, &actual, &kept, err);
    ls_timed_act *acts = ls_alloc((count + 1) * sizeof *acts);
    if (status == LS_OK && acts == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for %zu acts", count);
    }
    if (status != LS_OK) {
        ls_free(acts);
        ls_twin_destroy(actual);
        ls_twin_destroy(kept);
        return status;
    }
    put_acts(done, count, kind, acts);
    ls_cost_weights(&plant->decide, weights);
    ls_realised_close(&window->realised);
    const ls_amounts amounts = ls_amounts_between(&window->at_begin, &window->at_end);
    const ls_counterfactual_def def = {.own = twin,
                                       .actual = actual,
                                       .kept = kept,
                                       .origin = window->origin,
                                       .realised = &window->realised,
                                       .until_us = window->until_us,
                                       .weights = weights,
                                       .line_cost = ls_cost_of(weights, &amounts),
                                       .acts = acts,
                                       .act_count = count,
                                       .seed = seed,
                                       .level = LEVEL};
    ls_counterfactual_result result;
    status = ls_counterfactual(&def, &result, err);
    ls_free(acts);
    ls_twin_destroy(actual);
    ls_twin_destroy(kept);
    if (status != LS_OK) {
        return status;
    }
    ls_outcome_take(out, &result);
    // Other futures than those in which the other past was played.
    return ls_account_await(window, plant, twin, kind, done, count, weights, ~seed, out, err);
}
