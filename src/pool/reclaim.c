// reclaim.c - what was borrowed is taken back by those to whom it is guaranteed.
#include <assert.h>
#include <string.h>

#include "pool/scheduler_inside.h"

enum {
    HEADS_MAX = 64,
    TAKES_MAX = 1,  // jobs that others are stopped for in a round; the rest has the next one
};

// May a job of `account` that needs so much of the kind break this promise? It would have to borrow
// nothing, or be below its share and the other one's account above (restore_shares), and the other
// to borrow, if it ran, at each account up to where their ways meet.
static bool may_break(const ls_scheduler *s, const ls_reserved *r, uint32_t account, uint32_t kind,
                      uint64_t milli) {
    if (r->job == LS_POOL_NONE || r->claim) {
        return false;
    }
    const uint32_t from = s->jobs[r->job].request.account;
    const uint32_t meet = ls_shares_meet(s->shares, account, from);
    const uint32_t side = account != from ? ls_shares_below(s->shares, meet, account) : account;
    if (ls_shares_borrowed_with(s->shares, side, kind, milli) > 0 &&
        (!s->def.restore_shares || account == from ||
         ls_shares_above(s->shares, ls_shares_below(s->shares, meet, from), side, kind, milli) <=
             0.0)) {
        return false;
    }
    const uint64_t others = ls_shape_milli(&s->jobs[r->job].request.shape);
    bool all = true;
    uint32_t at = from;
    do {
        all &= others == 0 || ls_shares_borrowed_with(s->shares, at, r->kind, others) > 0;
        at = ls_shares_parent(s->shares, at);
    } while (all && at != meet && account != from);
    return all;
}

// Marks the promises that the claimant may break. False: there are none.
static bool mark_promises(ls_scheduler *s, uint32_t claimant, uint32_t kind) {
    const ls_pool_request *request = &s->jobs[claimant].request;
    const uint64_t milli = ls_shape_milli(&request->shape);
    s->breaking = false;
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        ls_reserved *r = s->reserved + i;
        r->breaks = r->job != claimant && may_break(s, r, request->account, kind, milli);
        s->breaking |= r->breaks;
    }
    return s->breaking;
}

static void unmark_promises(ls_scheduler *s) {
    for (uint32_t i = 0; i < s->reserved_count && s->breaking; i++) {
        s->reserved[i].breaks = false;
    }
    s->breaking = false;
}

// The same: first without breaking a promise. Those that may be broken are marked then.
static bool find_victims(ls_scheduler *s, uint32_t claimant, uint32_t kind, uint32_t *out_used) {
    unmark_promises(s);
    return ls_victims_find(s, claimant, kind, LS_GIVE_BORROWERS, out_used) ||
           (mark_promises(s, claimant, kind) &&
            ls_victims_find(s, claimant, kind, LS_GIVE_BORROWERS, out_used));
}

// Some account above the job, or its own, is guaranteed what it needs and does not have it.
static bool is_entitled(const ls_scheduler *s, const ls_pool_job *j, uint32_t kind) {
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    if (milli == 0 || j->in_vain || j->request.spot ||
        ls_scheduler_has_spent(s, (uint32_t)(j - s->jobs))) {
        return false;
    }
    const uint32_t limit = ls_shares_limited_later(s->shares, j->request.account, kind, milli);
    if (limit != LS_POOL_NONE && ls_shares_children(s->shares, limit) == 0) {
        return false;  // its own: nobody else is below that
    }
    if (s->def.restore_shares) {
        return true;  // who gives is told by the books of those who lend
    }
    for (uint32_t at = j->request.account; at != 0; at = ls_shares_parent(s->shares, at)) {
        if (ls_shares_borrowed_with(s->shares, at, kind, milli) == 0) {
            return true;
        }
    }
    return false;
}

// The promised time is over by the time that others have stopped.
static bool is_due(const ls_scheduler *s, const ls_pool_job *j) {
    const int64_t waited_us = s->now_us - j->since_us;
    const int64_t margin_us = ls_pool_later(s->longest_stop_us, LS_RECLAIM_TICK_US);
    return ls_pool_later(waited_us, margin_us) >= s->reclaim_us[j->request.account];
}

// Tells one to stop for another, and says why.
static void stop_for(ls_scheduler *s, uint32_t victim, uint32_t job) {
    if (s->jobs[victim].request.spot) {
        (void)ls_scheduler_stop(s, victim, LS_WHY_YIELD, job, true);
        return;
    }
    const uint32_t giver = s->jobs[victim].request.account;
    const uint32_t taker = s->jobs[job].request.account;
    const uint32_t meet = ls_shares_meet(s->shares, giver, taker);
    const uint32_t gives = ls_shares_below(s->shares, meet, giver);
    const uint32_t takes = ls_shares_below(s->shares, meet, taker);
    const uint64_t borrowed = ls_shares_borrowed(s->shares, gives);
    if (ls_scheduler_stop(s, victim, LS_WHY_RECLAIM, job, true)) {
        ls_pool_act *act = s->acts + s->act_count - 1;
        act->gives = gives;
        act->takes = takes;
        act->gpu_kind = s->jobs[victim].kind;
        act->milli = ls_shape_milli(&s->jobs[victim].request.shape);
        act->gives_borrowed = borrowed;
        act->takes_borrows = ls_shares_borrowed(s->shares, takes);
    }
}

// Breaks the promises that hold one of the nodes.
static void break_promises(ls_scheduler *s, uint32_t account, uint32_t used) {
    for (uint32_t i = 0; i < used && s->breaking; i++) {
        const uint32_t at = s->nodes[s->plan[i].node].reserved;
        if (at == LS_POOL_NONE || !s->reserved[at].breaks) {
            continue;
        }
        ls_pool_job *other = s->jobs + s->reserved[at].job;
        other->broken_us = s->now_us;
        other->broken_from_us = s->reserved[at].from_us;
        other->broken_for = account;
        ls_reserve_drop(s, s->reserved[at].job);
        s->round_again = true;  // others may have what else was kept for it
    }
    unmark_promises(s);
}

// All that was told to stop on a node is over by then; it may be shared by who asks.
static int64_t freed_by(const ls_scheduler *s, uint32_t node) {
    int64_t last_us = INT64_MIN;
    uint32_t job = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (job != LS_POOL_NONE) {
        const ls_pool_job *j = s->jobs + job;
        const bool stops = j->state == LS_POOL_JOB_STOPPING;
        last_us = stops && j->latest_us > last_us ? j->latest_us : last_us;
        const ls_pool_link *link = j->links + part;
        job = link->next_job;
        part = link->next_part;
    }
    return last_us;
}

// Nobody has to stop for it: it starts, unless it waits for those who stop for others already, or a
// limit that others on their way out still count for, or a lack of power, is in its way; then it is
// looked at in the next round.
static void start_now(ls_scheduler *s, uint32_t job) {
    const uint32_t reserved = s->jobs[job].reserved;
    uint32_t limit = LS_POOL_NONE;
    bool part = false;
    if (!ls_scheduler_place(s, job, &limit, &part) ||
        !ls_scheduler_start(s, job, LS_WHY_PROMISED)) {
        const bool freed = ls_reserve_is_freed(s, reserved);
        s->reserved[reserved].stirred |= freed || s->out_of_memory;
        s->round_again |= freed;
    }
}

// A limit that others on their way out still count for keeps the claimant away.
static bool meets_limit(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const uint32_t account = j->request.account;
    const uint32_t kind = s->reserved[j->reserved].kind;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    ls_shares_remove(s->shares, account, kind, milli);
    const bool meets = ls_shares_limited(s->shares, account, kind, milli) != LS_POOL_NONE;
    ls_shares_add(s->shares, account, kind, milli);
    return meets;
}

bool ls_reclaim_claim(ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t used, bool move) {
    ls_pool_job *j = s->jobs + job;
    const uint32_t count = s->victim_count;
    ls_victims_again(s);  // they stay in s->victims
    if (!ls_stopped_room(s, job, count)) {
        return false;
    }
    s->round_again |= j->reserved != LS_POOL_NONE;
    ls_reserve_drop(s, job);  // a promise of later
    break_promises(s, j->request.account, used);
    if (!ls_reserve(s, job, s->plan, used, INT64_MIN, true, kind)) {
        return false;
    }
    ls_stopped_note(s, job, count);
    for (uint32_t i = 0; i < count; i++) {
        if (move) {
            (void)ls_scheduler_stop(s, s->victims[i], LS_WHY_MOVE, job, true);
        } else {
            stop_for(s, s->victims[i], job);
        }
    }
    j->promised_us = s->now_us < j->promised_us ? s->now_us : j->promised_us;
    for (uint32_t i = 0; i < count; i++) {
        const ls_pool_job *v = s->jobs + s->victims[i];
        j->promised_us = v->latest_us > j->promised_us ? v->latest_us : j->promised_us;
    }
    const int64_t freed_us = freed_by(s, s->plan[0].node);
    j->promised_us = freed_us > j->promised_us ? freed_us : j->promised_us;
    if (count == 0) {
        start_now(s, job);
    } else if (meets_limit(s, job)) {
        s->reserved[j->reserved].stirred = true;  // they may end on other nodes than its own
    }
    return true;
}

static bool take_back(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    uint32_t used = 0;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        if (((j->request.shape.kinds >> k) & 1) != 0 && is_entitled(s, j, k) &&
            find_victims(s, job, k, &used)) {
            return ls_reclaim_claim(s, job, k, used, false);
        }
    }
    unmark_promises(s);
    return false;
}

// Spot jobs have a place for it on GPUs of the kind; LS_POOL_NONE: it needs none.
static bool take_spots(ls_scheduler *s, uint32_t job, uint32_t kind) {
    const ls_pool_request *r = &s->jobs[job].request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    uint32_t used = 0;
    if (milli > 0 && ls_shares_limited_later(s->shares, r->account, kind, milli) != LS_POOL_NONE) {
        return false;
    }
    unmark_promises(s);
    return ls_victims_find(s, job, kind, LS_GIVE_SPOTS, &used) &&
           ls_reclaim_claim(s, job, kind, used, false);
}

bool ls_reclaim_spots(ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const uint32_t kinds = j->request.shape.kinds;
    bool done = false;
    if (s->spot_count == 0 || j->in_vain || s->now_us < j->spots_us ||
        ls_scheduler_has_spent(s, job)) {
        return false;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count && kinds != 0 && !done; k++) {
        done = ((kinds >> k) & 1) != 0 && take_spots(s, job, k);
    }
    return kinds != 0 ? done : take_spots(s, job, LS_POOL_NONE);
}

bool ls_reclaim_would(ls_scheduler *s, uint32_t job) {
    const uint32_t kinds = s->jobs[job].request.shape.kinds;
    const uint32_t from = s->plan_from;
    bool would = false;
    uint32_t used = 0;
    for (uint32_t k = 0; k < s->cluster->kind_count && !would; k++) {
        would = ((kinds >> k) & 1) != 0 && is_entitled(s, s->jobs + job, k) &&
                find_victims(s, job, k, &used);
    }
    ls_victims_again(s);
    unmark_promises(s);
    s->plan_from = from;
    return would;
}

// It may take back now.
static bool may_try(const ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const bool pauses = s->now_us < j->retry_us && j->woken == s->woken;
    for (uint32_t k = 0; k < s->cluster->kind_count && !pauses && is_due(s, j); k++) {
        if (((j->request.shape.kinds >> k) & 1) != 0 && is_entitled(s, j, k)) {
            return true;
        }
    }
    return false;
}

static bool may_try_now(const void *context, uint32_t job) {
    return may_try(context, job);
}

// One of the leaf's heads may take back now.
static bool some_may_try(const ls_scheduler *s, uint32_t leaf) {
    // The greatest that some account from the leaf up is guaranteed, or borrows as others do.
    uint64_t most = s->def.restore_shares ? UINT64_MAX : 0;
    for (uint32_t at = leaf; at != 0; at = ls_shares_parent(s->shares, at)) {
        for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
            const uint64_t room = ls_shares_room(s->shares, at, k);
            most = room > most ? room : most;
        }
    }
    return most > 0 && ls_waiting_some(s->waiting, leaf, most, may_try_now, s);
}

// It took back in vain. The longest pause is so short that what others come to borrow meanwhile is
// back within the promised time too.
void ls_reclaim_pause(ls_scheduler *s, uint32_t job) {
    ls_pool_job *j = s->jobs + job;
    const int64_t margin_us = ls_pool_later(s->longest_stop_us, LS_RECLAIM_TICK_US);
    int64_t most_us = s->reclaim_us[j->request.account] - margin_us;
    most_us = most_us > LS_RECLAIM_PAUSE_US ? most_us : LS_RECLAIM_PAUSE_US;
    most_us = most_us < LS_RECLAIM_PAUSE_MAX_US ? most_us : LS_RECLAIM_PAUSE_MAX_US;
    j->pause_us = j->pause_us < most_us ? j->pause_us : most_us;
    j->retry_us = ls_pool_later(s->now_us, j->pause_us);
    j->woken = s->woken;
    j->pause_us *= 2;
}

void ls_reclaim_wake(ls_scheduler *s) {
    s->woken++;
    s->tick_us = s->tick_us != INT64_MAX ? s->now_us : INT64_MAX;
}

// What the leaf at the front may take back, as long as takes are left; false: it is not done, and
// goes on in the next round.
static bool look_at(ls_scheduler *s, uint32_t leaf, uint32_t *takes) {
    uint32_t heads[HEADS_MAX];
    uint32_t count = s->look_at > 0 || some_may_try(s, leaf)
                         ? ls_waiting_heads(s->waiting, leaf, heads, HEADS_MAX)
                         : 0;
    while (s->look_at < count) {
        if (!may_try(s, heads[s->look_at])) {
            s->look_at++;
            continue;
        }
        if (*takes == 0) {
            return false;
        }
        *takes -= 1;
        if (take_back(s, heads[s->look_at])) {  // the next of its queue stands behind it
            count = ls_waiting_heads(s->waiting, leaf, heads, HEADS_MAX);
        } else {
            ls_reclaim_pause(s, heads[s->look_at++]);
        }
    }
    s->look_at = 0;
    return true;
}

void ls_reclaim_look(ls_scheduler *s, uint32_t leaf) {
    if (!s->look[leaf]) {
        const uint32_t at = s->look_head + s->look_count++;
        s->look[leaf] = true;
        s->looks[at < s->def.account_count ? at : at - s->def.account_count] = leaf;
    }
}

void ls_reclaim(ls_scheduler *s) {
    if (ls_waiting_count(s->waiting) == 0) {
        s->tick_us = INT64_MAX;
    } else if (s->now_us >= s->tick_us) {
        for (uint32_t i = 1; i < s->def.account_count; i++) {
            if (ls_shares_children(s->shares, i) == 0 &&
                (ls_waiting_any(s->waiting, i) || ls_waiting_stopped(s->waiting, i))) {
                ls_reclaim_look(s, i);
            }
        }
        s->tick_us = ls_pool_later(s->now_us, LS_RECLAIM_TICK_US);
        s->move_due = true;
    } else if (s->tick_us == INT64_MAX) {
        s->tick_us = ls_pool_later(s->now_us, LS_RECLAIM_TICK_US);
    }
    uint32_t takes = TAKES_MAX;
    while (s->look_count > 0 && look_at(s, s->looks[s->look_head], &takes)) {
        s->look[s->looks[s->look_head]] = false;
        s->look_head = s->look_head + 1 < s->def.account_count ? s->look_head + 1 : 0;
        s->look_count--;
    }
}
