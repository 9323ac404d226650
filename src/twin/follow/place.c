// place.c - lots taken out of wherever they are, and put where they are heard to be.
#include "twin/follow/core.h"

void ls_core_agenda_clear(ls_core *core) {
    ls_ctx *c = &core->c;
    while (c->agenda_count > 0) {
        c->station[c->agenda[c->agenda_head]].on_agenda = 0;
        c->agenda_head = c->agenda_head + 1 == c->m->stations ? 0 : c->agenda_head + 1;
        c->agenda_count--;
    }
    c->s->operators_freed = 0;
}

void ls_core_block(ls_core *core, uint32_t lot) {
    ls_lot_block(&core->c, lot, core->c.steps[core->c.lot[lot].step].station);
}

// Out of the list of those that wait for room at its step's station, if it is there.
void ls_core_unblock(ls_core *core, uint32_t lot) {
    ls_ctx *c = &core->c;
    ls_s_station *ss = c->station + c->steps[c->lot[lot].step].station;
    ls_u32 before = LS_NO;
    for (ls_u32 at = ss->blocked_head; at != LS_NO; at = c->lot[at].other) {
        if (at == lot) {
            const ls_u32 after = c->lot[at].other;
            if (before == LS_NO) {
                ss->blocked_head = after;
            } else {
                c->lot[before].other = after;
            }
            if (ss->blocked_tail == at) {
                ss->blocked_tail = before;
            }
            c->lot[at].other = LS_NO;
            return;
        }
        before = at;
    }
}

static void unlink(ls_ctx *c, ls_u32 *link, ls_u32 lot) {
    while (*link != lot && *link != LS_NO) {
        link = &c->lot[*link].next;
    }
    if (*link == lot) {
        *link = c->lot[lot].next;
    }
}

// ---- the order pool. Until when it is shut only the line knows: here nothing in it has an event.

void ls_core_put_pool(ls_core *core, uint32_t lot_index) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + lot_index;
    ls_s_release *rs = c->release + lot->release;
    rs->put_off = LS_NEVER;
    ls_pool_wait(c, lot_index);
}

void ls_core_tell_pool(ls_core *core, uint32_t lot_index, bool waits) {
    ls_fact fact = ls_core_fact(core, LS_FACT_POOL);
    fact.value = waits ? 1.0 : 0.0;
    fact.release = core->c.lot[lot_index].release;
    fact.lot = core->c.lot[lot_index].serial;
    ls_core_tell(core, &fact);
}

static void leave_pool(ls_ctx *c, ls_u32 lot_index) {
    ls_s_release *rs = c->release + c->lot[lot_index].release;
    ls_u32 before = 0;  // slot + 1
    for (ls_u32 at = rs->pool_head; at != 0 && at != lot_index + 1; at = c->lot[at - 1].other + 1) {
        before = at;
    }
    const ls_u32 next = c->lot[lot_index].other + 1;  // LS_NO + 1 is 0
    if (before == 0) {
        rs->pool_head = next;
    } else {
        c->lot[before - 1].other = next - 1;
    }
    rs->pool_tail = next == 0 ? before : rs->pool_tail;
    rs->pooled--;
    rs->pool_sum += c->now - c->lot[lot_index].arrived;
    rs->pool_entered++;
    rs->put_off = rs->pool_head == 0 ? 0 : rs->put_off;
}

void ls_core_take_out(ls_core *core, uint32_t lot_index) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + lot_index;
    const ls_u32 station = c->steps[lot->step].station;
    if (lot->heap != 0) {
        ls_lot_event_clear(c, lot_index);
    }
    switch (lot->where) {
    case LS_LOT_WAITING: ls_queue_remove(c, lot_index); break;
    case LS_LOT_MACHINE: {
        ls_s_machine *mc = c->machine + lot->machine;
        if (mc->phase == LS_PHASE_NONE) {
            ls_core_unblock(core, lot_index);
        } else {
            mc->part_count -= c->steps[lot->step].parts;
        }
        unlink(c, &mc->lots, lot_index);
        mc->lot_count--;
        c->station[c->machines[lot->machine].station].working--;
        break;
    }
    case LS_LOT_LAG:
        unlink(c, &c->machine[lot->machine].lag_head, lot_index);
        c->station[c->machines[lot->machine].station].working--;
        if (c->event[lot_index].dist != LS_NO) {
            c->station[c->event[lot_index].dist].coming--;
        }
        break;
    case LS_LOT_LEFT:
        ls_core_unblock(core, lot_index);
        c->station[c->machines[lot->machine].station].working--;
        break;
    case LS_LOT_TRANSIT: c->station[station].coming--; break;
    case LS_LOT_OUTSIDE: ls_core_unblock(core, lot_index); break;
    case LS_LOT_POOL: leave_pool(c, lot_index); break;
    default: break;
    }
    lot->where = LS_LOT_OUTSIDE;
    lot->next = LS_NO;
    lot->other = LS_NO;
}

// A new lot, in hand. LS_NO: the plant's limit of lots is reached.
uint32_t ls_core_lot_make(ls_core *core, uint32_t release, uint32_t step) {
    ls_ctx *c = &core->c;
    ls_u32 slot = c->s->lot_free;
    if (slot != LS_NO) {
        c->s->lot_free = c->lot[slot].next;
    } else if (c->s->lot_used < c->m->lots) {
        slot = c->s->lot_used++;
    } else {
        return LS_NO;
    }
    ls_lot *lot = c->lot + slot;
    memset(lot, 0, sizeof *lot);
    lot->released = c->now;
    lot->arrived = c->now;
    lot->due = LS_NEVER;
    lot->serial = c->s->serial++;
    lot->release = release;
    lot->priority = c->releases[release].priority;
    lot->step = step;
    lot->next = LS_NO;
    lot->other = LS_NO;
    lot->where = LS_LOT_OUTSIDE;
    ls_lot_slots_clear(c, slot);
    c->release[release].released++;
    memset(&core->lots[slot], 0, sizeof core->lots[slot]);
    return slot;
}

void ls_core_put_waiting(ls_core *core, uint32_t lot_index, uint32_t step_index, int64_t arrived) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + lot_index;
    const ls_m_step *step = c->steps + step_index;
    const ls_m_station *st = c->stations + step->station;
    lot->step = step_index;
    lot->arrived = arrived;
    lot->machine = 0;
    ls_queue_insert_rare(c, lot_index);
    const ls_i64 patience = step->batch_wait == LS_NEVER ? LS_NEVER : arrived + step->batch_wait;
    if ((st->features & LS_F_WAIT) != 0 && step->batch_wait != LS_NEVER && patience > c->now) {
        ls_lot_event_set(c, lot_index, patience);
    }
}

// The planned length of a way, FOLLOW_ENDLESS when only the line knows it.
static int64_t way_length(const ls_core *core, ls_u32 dist, ls_u32 transit) {
    const ls_ctx *c = &core->c;
    double total = 0.0;
    const ls_u32 parts[2] = {dist, transit};
    for (int i = 0; i < 2; i++) {
        if (parts[i] != LS_NO) {
            if (!ls_core_dist_is_const(core, parts[i])) {
                return FOLLOW_ENDLESS;
            }
            total += c->dists[parts[i]].p[0];
        }
    }
    return ls_round_us(total);
}

static void set_out(ls_core *core, ls_u32 lot_index, ls_u32 dist, ls_u32 transit) {
    ls_ctx *c = &core->c;
    ls_lot_event *e = c->event + lot_index;
    memset(e, 0, sizeof *e);
    e->since = c->now;
    e->total = way_length(core, dist, transit);
    e->dist = dist;
    e->transit = transit;
    ls_lot_event_set(c, lot_index, c->now + e->total);
}

// The transport from a station (LS_NO: outside) to another, LS_NO: none.
static ls_u32 transport_of(const ls_ctx *c, uint32_t from, uint32_t to) {
    if (c->m->areas == 0) {
        return LS_NO;
    }
    const ls_u32 *transport = LS_MODEL_ARRAY(c->m, ls_u32, transport_at);
    const ls_u32 row = from == LS_NO ? c->m->areas : c->stations[from].area;
    const ls_u32 column = to == LS_NO ? c->m->areas : c->stations[to].area;
    return transport[(ls_u64)row * (c->m->areas + 1) + column];
}

bool ls_core_travels(const ls_core *core, uint32_t from, uint32_t step) {
    const ls_ctx *c = &core->c;
    const ls_u32 to = step == LS_NO ? LS_NO : c->steps[step].station;
    return transport_of(c, from, to) != LS_NO || (to != LS_NO && c->stations[to].transit != LS_NO);
}

void ls_core_send(ls_core *core, uint32_t lot_index, uint32_t step_index, uint32_t from) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + lot_index;
    const ls_u32 station = c->steps[step_index].station;
    const ls_m_station *st = c->stations + station;
    const ls_u32 dist = transport_of(c, from, station);
    if (dist == LS_NO && st->transit == LS_NO) {
        ls_core_put_waiting(core, lot_index, step_index, c->now);
        return;
    }
    lot->step = step_index;
    core->lots[lot_index].from = from == LS_NO ? 0 : from + 1;
    lot->where = LS_LOT_TRANSIT;
    lot->arrived = c->now;
    c->station[station].coming++;
    set_out(core, lot_index, dist, st->transit);
}

void ls_core_put_outside(ls_core *core, uint32_t lot, uint32_t step) {
    core->c.lot[lot].step = step;
    core->c.lot[lot].where = LS_LOT_OUTSIDE;
    ls_core_block(core, lot);
}

void ls_core_put_out(ls_core *core, uint32_t lot, uint32_t from) {
    ls_ctx *c = &core->c;
    const ls_u32 dist = from == LS_NO ? LS_NO : transport_of(c, from, LS_NO);
    if (dist == LS_NO) {
        ls_core_remove(core, lot, false);
        return;
    }
    c->lot[lot].where = LS_LOT_OUT;
    set_out(core, lot, dist, LS_NO);
}

// The outcome of a step as far as its place shows it: 0 on, 2 again.
static void tell_outcome(ls_core *core, uint32_t lot, uint32_t from, double value) {
    ls_fact fact = ls_core_fact(core, LS_FACT_OUTCOME);
    fact.value = value;
    fact.step = from;
    fact.station = core->c.steps[from].station;
    fact.release = core->c.lot[lot].release;
    fact.lot = core->c.lot[lot].serial;
    ls_core_tell(core, &fact);
}

static void remember_gone(ls_core *core, uint64_t hash) {
    core->figures->gone[core->figures->gone_count++ % FOLLOW_GONE] = hash;
}

void ls_core_remove(ls_core *core, uint32_t lot_index, bool scrapped) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + lot_index;
    ls_s_release *rs = c->release + lot->release;
    ls_core_take_out(core, lot_index);
    ls_fact fact = ls_core_fact(core, LS_FACT_DONE);
    fact.value = (double)(c->now - lot->released);
    fact.release = lot->release;
    fact.step = lot->step;
    fact.lot = lot->serial;
    fact.inferred = core->lots[lot_index].inferred != 0 ||
                    (core->lots[lot_index].doubt & FOLLOW_DOUBT_RELEASE) != 0;
    if (scrapped) {
        rs->scrapped++;
        rs->scrap_sum += c->now - lot->released;
        core->figures->scrapped++;
    } else {
        rs->done++;
        rs->cycle_sum += c->now - lot->released;
        core->figures->done++;
        if (core->lots[lot_index].step != 0) {
            tell_outcome(core, lot_index, core->lots[lot_index].step - 1, 0.0);
        }
        ls_core_tell(core, &fact);
    }
    core->releases[lot->release].left++;
    if (core->lots[lot_index].hash != 0) {
        remember_gone(core, core->lots[lot_index].hash);
    }
    ls_core_lot_forget(core, lot_index);
    ls_lot_free(c, lot_index);
    lot->heap = 0;
    if (c->releases[lot->release].kind == LS_RELEASE_KEEP && rs->left < (ls_i64)c->m->lots) {
        rs->left++;  // owed; released when the line says so
    }
}

// ---- routes

uint32_t ls_core_route(ls_core *core, uint32_t step, bool *sure) {
    ls_ctx *c = &core->c;
    while (step != LS_NO && (c->steps[step].features & (LS_SF_SAMPLE | LS_SF_ALTERNATIVES)) != 0) {
        const ls_m_step *at = c->steps + step;
        *sure = false;
        if ((at->features & LS_SF_SAMPLE) != 0 && at->sample < 0.5) {
            step = at->next;
            continue;
        }
        if ((at->features & LS_SF_ALTERNATIVES) != 0 && at->choice != LS_CHOOSE_RANDOM) {
            return ls_choose_alternative(c, step);
        }
        return step;
    }
    return step;
}

uint32_t ls_core_next(ls_core *core, uint32_t lot, uint32_t step_index, bool *sure) {
    ls_ctx *c = &core->c;
    const ls_m_step *step = c->steps + step_index;
    ls_u32 next = step->next;
    *sure = (step->features & (LS_SF_SCRAP | LS_SF_REWORK | LS_SF_BRANCH)) == 0;
    (void)lot;
    if ((step->features & LS_SF_BRANCH) != 0) {
        const ls_m_branch *branch = LS_MODEL_ARRAY(c->m, ls_m_branch, branch_at) + step->branch_at;
        ls_u32 best = 0;
        for (ls_u32 i = 1; i < step->branch_count; i++) {
            best = branch[i].chance > branch[best].chance ? i : best;
        }
        next = branch[best].step;
    }
    return ls_core_route(core, next, sure);
}

// Every way on from a step: after sampling and among alternatives; at most `most`.
static uint32_t add_routes(const ls_ctx *c, uint32_t step, uint32_t *out, uint32_t count,
                           uint32_t most) {
    while (step != LS_NO && (c->steps[step].features & LS_SF_SAMPLE) != 0) {
        for (ls_u32 i = 0; i <= c->steps[step].alternatives && count < most; i++) {
            out[count++] = step + i;
        }
        step = c->steps[step].next;
    }
    for (ls_u32 i = 0; i <= (step != LS_NO ? c->steps[step].alternatives : 0) && count < most;
         i++) {
        out[count++] = step == LS_NO ? LS_NO : step + i;
    }
    return count;
}

uint32_t ls_core_routes(const ls_core *core, uint32_t step, uint32_t *out, uint32_t most) {
    return add_routes(&core->c, step, out, 0, most);
}

uint32_t ls_core_ways(ls_core *core, uint32_t lot, uint32_t step_index, uint32_t *out,
                      uint32_t most) {
    const ls_ctx *c = &core->c;
    const ls_m_step *step = c->steps + step_index;
    bool sure = true;
    uint32_t count = 0;
    out[count++] = ls_core_next(core, lot, step_index, &sure);
    if (sure) {
        return count;
    }
    if ((step->features & LS_SF_BRANCH) != 0) {
        const ls_m_branch *branch = LS_MODEL_ARRAY(c->m, ls_m_branch, branch_at) + step->branch_at;
        for (ls_u32 i = 0; i < step->branch_count && count < most; i++) {
            count = add_routes(c, branch[i].step, out, count, most);
        }
    } else {
        count = add_routes(c, step->next, out, count, most);
    }
    if ((step->features & LS_SF_REWORK) != 0) {
        count = add_routes(c, step->rework_to, out, count, most);
    }
    return count;
}

void ls_core_step_ended(ls_core *core, uint32_t lot, uint32_t step_index) {
    ls_ctx *c = &core->c;
    const ls_m_step *step = c->steps + step_index;
    core->lots[lot].step = step_index + 1;
    if ((step->features & LS_SF_LIMITS) != 0) {
        const ls_m_limit *limits = LS_MODEL_ARRAY(c->m, ls_m_limit, limit_at) + step->limit_at;
        for (ls_u32 i = 0; i < step->limit_count; i++) {
            c->deadline[(ls_u64)lot * c->m->deadline_slots + limits[i].slot] = c->now +
                                                                               limits[i].limit;
        }
    }
}

// Does a lot come there by rework, and not by the ordinary way?
static bool is_rework(const ls_ctx *c, const ls_m_step *step, uint32_t to) {
    uint32_t ways[16];
    const uint32_t count = add_routes(c, step->rework_to, ways, 0, 16);
    bool by_rework = false;
    for (uint32_t i = 0; i < count; i++) {
        by_rework |= ways[i] == to;
    }
    const uint32_t others = add_routes(c, step->next, ways, 0, 16);
    for (uint32_t i = 0; i < others; i++) {
        by_rework &= ways[i] != to || to == step->rework_to;
    }
    return by_rework;
}

void ls_core_step_chosen(ls_core *core, uint32_t lot_index, uint32_t from, uint32_t to) {
    ls_ctx *c = &core->c;
    const ls_m_step *step = c->steps + from;
    const bool again = (step->features & LS_SF_REWORK) != 0 && to != LS_NO &&
                       is_rework(c, step, to);
    if ((step->features & LS_SF_REWORK) != 0) {
        ls_u16 *count = ls_rework_count(c, lot_index, step);
        if (again) {
            ls_rework_again(c, lot_index, step);
        } else if (step->rework_once != 0) {
            *count = *count == 0 ? 1 : *count;
        }
    }
    if (c->m->deadline_slots != 0 && to != LS_NO && c->steps[to].product == step->product &&
        c->steps[to].number != step->number + 1) {
        ls_limits_lapse(c, lot_index, from, to);
    }
    tell_outcome(core, lot_index, from, again ? 2.0 : 0.0);
    core->lots[lot_index].step = 0;
}
