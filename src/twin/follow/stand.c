// stand.c - machines stand still: failures, maintenance, stops, shifts.
#include "twin/follow/core.h"

bool ls_core_dist_is_const(const ls_core *core, uint32_t dist) {
    return core->c.dists[dist].kind == LS_DIST_CONST;
}

static bool counts(const ls_m_mode *mode) {
    return mode->by != LS_FAIL_BUSY && mode->by != LS_FAIL_CALENDAR;
}

static bool is_planned(const ls_m_mode *mode) {
    return mode->maintenance != 0 && mode->from_end == 0 && mode->by == LS_FAIL_CALENDAR;
}

// What the model knows of the mode's next time, while it is not active.
void ls_core_mode_clock(ls_core *core, uint32_t at) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_u32 source = c->m->source_mode + at;
    const bool first = sm->renewed == 0 && mode->first_dist != LS_NO;
    const ls_u32 dist = first ? mode->first_dist : mode->every;
    if (is_planned(mode)) {
        ls_source_set(c, source, sm->due > c->now ? sm->due : c->now);
        return;
    }
    sm->total = FOLLOW_ENDLESS;
    if (ls_core_dist_is_const(core, dist)) {
        sm->total = ls_round_us(c->dists[dist].p[0]) + (sm->renewed == 0 ? mode->first_extra : 0);
        sm->total = sm->total < 1 ? 1 : sm->total;
    }
    if (mode->by != LS_FAIL_CALENDAR) {
        if (!counts(mode)) {
            sm->total = FOLLOW_ENDLESS;  // a busy clock's end would be an event
        }
        return;
    }
    const ls_i64 when = sm->since + (sm->total - sm->elapsed);
    if (sm->since != LS_NEVER && when > c->now) {
        ls_source_set(c, source, when);
    } else {
        sm->total = FOLLOW_ENDLESS;
        ls_source_set(c, source, LS_NEVER);
    }
}

// The clock of a failure has ended: by the failure, or (censored) because its part was renewed.
static void tell_failure(ls_core *core, ls_u32 at, bool censored) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    const ls_s_mode *sm = c->mode + at;
    if (mode->maintenance != 0) {
        return;
    }
    ls_fact fact = ls_core_fact(core, LS_FACT_FAILURE);
    fact.value = (double)(sm->elapsed + (sm->since == LS_NEVER ? 0 : c->now - sm->since));
    fact.machine = mode->machine;
    fact.censored = censored;
    fact.station = c->machines[mode->machine].station;
    fact.mode = ls_watch_failure(core->plant, fact.station,
                                 mode->machine - c->stations[fact.station].machine_at,
                                 at - c->machines[mode->machine].mode_at);
    fact.inferred = core->modes[at].seen == 0 || core->machines[mode->machine].fault_known == 0 ||
                    ls_core_doubts(core, mode->machine, c->now);
    ls_core_tell(core, &fact);
}

static void repair_begin(ls_core *core, ls_u32 at) {
    ls_ctx *c = &core->c;
    ls_s_mode *sm = c->mode + at;
    sm->total = FOLLOW_ENDLESS;
    sm->since = c->now;
    sm->elapsed = 0;
    ls_source_set(c, c->m->source_mode + at, LS_NEVER);
}

void ls_core_mode_start(ls_core *core, uint32_t machine, uint32_t k) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const ls_u32 at = c->machines[machine].mode_at + k;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    tell_failure(core, at, false);
    mc->pending &= ~(1u << k);
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    ls_phase_halt(c, machine);
    if (mode->maintenance == 0) {
        ls_lags_halt(c, machine, 0);
    }
    mc->mode = k + 1;
    sm->active = 1;
    if (mc->phase != LS_PHASE_NONE && mode->lots == LS_LOTS_RESTART && mode->maintenance == 0) {
        mc->phase_elapsed = 0;
    }
    sm->since = LS_NEVER;
    ls_source_set(c, c->m->source_mode + at, LS_NEVER);
    if (mode->crew != LS_NO) {
        ls_s_crew *crew = LS_STATE_ARRAY(c->m, c->s, ls_s_crew, s_crew) + mode->crew;
        if (crew->busy >= LS_MODEL_ARRAY(c->m, ls_u32, crew_at)[mode->crew]) {
            sm->next = 0;
            sm->waits = 1;
            sm->total = FOLLOW_ENDLESS;
            if (crew->head == 0) {
                crew->head = at + 1;
            } else {
                c->mode[crew->tail - 1].next = at + 1;
            }
            crew->tail = at + 1;
            return;
        }
        crew->busy++;
    }
    repair_begin(core, at);
}

static void tell_repair(ls_core *core, ls_u32 at) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    const ls_s_mode *sm = c->mode + at;
    ls_fact fact = ls_core_fact(core, LS_FACT_REPAIR);
    fact.value = sm->since == LS_NEVER ? 0.0 : (double)(sm->elapsed + c->now - sm->since);
    fact.machine = mode->machine;
    fact.station = c->machines[mode->machine].station;
    fact.mode = ls_watch_failure(core->plant, fact.station,
                                 mode->machine - c->stations[fact.station].machine_at,
                                 at - c->machines[mode->machine].mode_at);
    fact.inferred = core->machines[mode->machine].fault_known == 0 || sm->waits != 0 ||
                    ls_core_doubts(core, mode->machine, sm->since);
    ls_core_tell(core, &fact);
}

// The crew goes on to who waits, or is free; a mode that still waited leaves its list.
static void crew_leave(ls_core *core, ls_u32 at) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    if (mode->crew == LS_NO) {
        return;
    }
    ls_s_crew *crew = LS_STATE_ARRAY(c->m, c->s, ls_s_crew, s_crew) + mode->crew;
    if (sm->waits != 0) {
        ls_u32 before = 0;
        for (ls_u32 i = crew->head; i != 0 && i != at + 1; i = c->mode[i - 1].next) {
            before = i;
        }
        if (before == 0) {
            crew->head = sm->next;
        } else {
            c->mode[before - 1].next = sm->next;
        }
        crew->tail = crew->tail == at + 1 ? before : crew->tail;
        sm->waits = 0;
        sm->next = 0;
    } else if (crew->head != 0) {
        const ls_u32 next = crew->head - 1;
        crew->head = c->mode[next].next;
        crew->tail = crew->head == 0 ? 0 : crew->tail;
        c->mode[next].waits = 0;
        repair_begin(core, next);
    } else {
        crew->busy--;
    }
}

static void mode_renew(ls_core *core, ls_u32 at) {
    ls_ctx *c = &core->c;
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    sm->active = 0;
    sm->renewed = 1;
    sm->since = LS_NEVER;
    core->modes[at].seen = !ls_core_doubts(core, mode->machine, c->now);
    ls_source_set(c, c->m->source_mode + at, LS_NEVER);
    if (counts(mode)) {
        sm->elapsed = mode->carry != 0 && sm->due > 0 ? sm->due : 0;
        sm->due = 0;
    } else if (!is_planned(mode)) {
        sm->elapsed = 0;
        sm->since = mode->by == LS_FAIL_CALENDAR ? c->now : LS_NEVER;
    }
    ls_core_mode_clock(core, at);
}

void ls_core_mode_end(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 at = c->machines[machine].mode_at + mc->mode - 1;
    tell_repair(core, at);
    mc->mode = 0;
    crew_leave(core, at);
    mode_renew(core, at);
    for (ls_u32 bits = c->modes[at].renews; bits != 0; bits &= bits - 1) {
        const ls_u32 k = (ls_u32)ls_ctz64(bits);
        tell_failure(core, c->machines[machine].mode_at + k, true);
        mc->pending &= ~(1u << k);
        mode_renew(core, c->machines[machine].mode_at + k);
    }
}

bool ls_core_is_down_told(const ls_core *core, uint32_t machine) {
    const ls_core_machine *told = &core->machines[machine];
    switch (told->state) {
    case 2:
    case 5:
    case 7:
    case 10:
    case 11:
    case FOLLOW_STATE_UNHEARD: return told->reason != 0;
    case 8:
    case 9: return true;
    default: return false;
    }
}

// The mode that is told, + 1; a fault without a name is taken for the first failure mode.
static ls_u32 mode_told(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    const ls_core_machine *told = &core->machines[machine];
    const ls_u32 station = c->machines[machine].station;
    if (!ls_core_is_down_told(core, machine)) {
        return 0;
    }
    if (told->reason != 0) {
        const ls_u32 k = ls_watch_mode(core->plant, station,
                                       machine - c->stations[station].machine_at, told->reason - 1);
        return k == LS_NO ? 0 : k + 1;
    }
    if (c->machine[machine].mode != 0) {
        return c->machine[machine].mode;
    }
    for (ls_u32 k = 0; k < c->machines[machine].mode_count; k++) {
        if (c->modes[c->machines[machine].mode_at + k].maintenance == 0) {
            return k + 1;
        }
    }
    return 0;
}

// Goes on with what it holds.
static void resume(ls_core *core, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    const bool works = core->machines[machine].state == 3 || core->machines[machine].state == 6 ||
                       core->machines[machine].state == 16;
    if (mc->mode != 0 || (mc->hand & LS_HAND_STOPPED) != 0 ||
        (ls_is_paused(c, st, mc, station) && !works)) {
        return;
    }
    ls_lags_go(c, machine);
    if (mc->phase != LS_PHASE_NONE && mc->waits == 0 && mc->phase_since == LS_NEVER) {
        ls_phase_go(c, st, machine);
    }
}

// Stands still without a reason that the model knows: stopped or aborted; held where no operator is
// waited for; suspended in the middle of an operation that could leave if it were over.
static bool stop_told(ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_core_machine *told = &core->machines[machine];
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const bool held = (told->state == 10 || told->state == 11) && (st->features & LS_F_NEEDS) == 0;
    const bool suspended = told->state == 5 && c->machine[machine].phase != LS_PHASE_NONE &&
                           !ls_core_may_block(core, machine);
    const bool stopped = told->state == 2 || told->state == 7 || held || suspended ||
                         ((told->state == 8 || told->state == 9) &&
                          c->machines[machine].mode_count == 0);
    return stopped && c->machine[machine].mode == 0 &&
           c->station[c->machines[machine].station].off == 0;
}

static void hand_set(ls_core *core, uint32_t machine, bool stopped) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    if (!stopped) {
        mc->hand &= ~(ls_u32)LS_HAND_STOPPED;
        return;
    }
    const ls_u32 station = c->machines[machine].station;
    const ls_m_station *st = c->stations + station;
    mc->hand |= LS_HAND_STOPPED;
    c->s->hands = 1;
    if (ls_idle_is(c, st, machine)) {
        ls_idle_clear(c, st, station, machine);
    }
    ls_phase_halt(c, machine);
    ls_lags_halt(c, machine, 0);
}

void ls_core_stand(ls_core *core, uint32_t machine, bool before) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_u32 told = mode_told(core, machine);
    if (before) {
        if (mc->mode != 0 && mc->mode != told) {
            ls_core_mode_end(core, machine);
        }
        if ((mc->hand & LS_HAND_STOPPED) != 0 && !stop_told(core, machine)) {
            hand_set(core, machine, false);
        }
        if (told == 0) {
            resume(core, machine);
        }
        return;
    }
    core->machines[machine].fault_known = core->machines[machine].reason != 0;
    if (told != 0 && mc->mode == 0) {
        ls_core_mode_start(core, machine, told - 1);
    }
    if ((mc->hand & LS_HAND_STOPPED) == 0 && stop_told(core, machine)) {
        hand_set(core, machine, true);
    }
}
