// move.c - what is gathered of one moment is done: operations end, lots leave, arrive and are
// started, machines stand still, in this order.
#include "twin/follow/instant.h"

static const char *name_of(const ls_core *core, uint32_t lot) {
    return core->lots[lot].name[0] != '\0' ? core->lots[lot].name : "~";
}

static bool is_running(const ls_core *core, uint32_t lot) {
    const ls_lot *l = core->c.lot + lot;
    return l->where == LS_LOT_LAG ||
           (l->where == LS_LOT_MACHINE && core->c.machine[l->machine].phase != LS_PHASE_NONE);
}

static bool is_inside(const ls_core *core, uint32_t lot) {
    const ls_u32 where = core->c.lot[lot].where;
    return where == LS_LOT_MACHINE || where == LS_LOT_LAG || where == LS_LOT_LEFT;
}

static uint32_t station_of_machine(const ls_core *core, uint32_t machine) {
    return core->c.machines[machine].station;
}

// Where a lot in work stands when it is heard of at a station.
static uint32_t step_of_running(ls_core *core, uint32_t lot, uint32_t station) {
    const ls_ctx *c = &core->c;
    const ls_u32 now = c->lot[lot].step;
    uint32_t ways[16];
    const uint32_t count = ls_core_ways(core, lot, now, ways, 16);
    for (uint32_t i = 0; i < count; i++) {
        if (ways[i] != LS_NO && c->steps[ways[i]].station == station) {
            return ways[i];
        }
    }
    if (c->steps[now].station == station) {
        return now;
    }
    return ls_hear_step_at(core, lot, station, LS_NO);
}

// Back to the queue it came from: thrown back at a shift's end, or on a way that the route does not
// have.
static bool goes_back(ls_core *core, const ls_move *move) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + move->lot;
    const ls_u32 station = c->steps[lot->step].station;
    if (!is_running(core, move->lot) || move->step != lot->step || lot->where == LS_LOT_LAG ||
        move->again) {
        return false;
    }
    uint32_t ways[16];
    const uint32_t count = ls_core_ways(core, move->lot, lot->step, ways, 16);
    bool leads = false;
    for (uint32_t i = 0; i < count; i++) {
        leads |= ways[i] == lot->step;
    }
    return !leads ||
           (c->station[station].off != 0 && c->stations[station].shift_end == LS_SHIFT_ABORT);
}

// Where lots are sorted one that waits may go on without being inspected, or to rework.
static bool is_sorted(const ls_core *core, const ls_move *move) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + move->lot;
    const ls_m_step *step = c->steps + lot->step;
    if (lot->where != LS_LOT_WAITING || step->quality_slot == 0) {
        return false;
    }
    const bool reworks = (step->features & LS_SF_REWORK) != 0;
    const uint32_t starts[] = {step->next, reworks ? step->rework_to : LS_NO};
    for (int k = 0; k < 2; k++) {
        uint32_t ways[16];
        const uint32_t count = starts[k] != LS_NO ? ls_core_routes(core, starts[k], ways, 16) : 0;
        for (uint32_t i = 0; i < count; i++) {
            if (ways[i] == move->step) {
                return true;
            }
        }
    }
    return false;
}

// Says when a lot is not where its route let it be expected.
static void tell_jump(ls_core *core, const ls_move *move) {
    ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + move->lot;
    ls_u32 expected = lot->step;
    bool sure = true;
    if (move->fresh || move->birth || move->aborted || is_sorted(core, move)) {
        return;
    }
    if (is_running(core, move->lot)) {
        expected = ls_core_next(core, move->lot, lot->step, &sure);
    } else {
        sure = core->lots[move->lot].step == 0;
    }
    if (expected == move->step) {
        return;
    }
    const bool ahead = c->steps[move->step].number > c->steps[lot->step].number;
    if (sure && ahead) {
        ls_core_diverge(core, LS_DIVERGE_INFERRED, move->machine, move->station,
                        "lot '%s' is here and must have passed '%s'", name_of(core, move->lot),
                        core->twin->steps[expected == LS_NO ? lot->step : expected]);
    } else if (sure) {
        ls_core_diverge(core, LS_DIVERGE_CONTRADICTED, move->machine, move->station,
                        "lot '%s' is here, behind '%s' on its route", name_of(core, move->lot),
                        core->twin->steps[lot->step]);
    }
}

// A lot that is where it was may be at another step there than was supposed.
static void correct_step(ls_core *core, const ls_move *move) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + move->lot;
    const ls_u32 step = move->born - 1;
    if (move->born != 0 && step != lot->step && is_running(core, move->lot) &&
        c->steps[step].station == c->steps[lot->step].station &&
        c->steps[step].parts == c->steps[lot->step].parts) {
        lot->step = step;
        if (lot->where == LS_LOT_MACHINE && c->machine[lot->machine].lots == move->lot) {
            c->machine[lot->machine].step = step;
        }
    }
}

static void find_step(ls_core *core, ls_move *move) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + move->lot;
    if (move->kind == LS_MOVE_MACHINE &&
        (lot->where == LS_LOT_MACHINE || lot->where == LS_LOT_LAG) &&
        lot->machine == move->machine && !move->again) {
        move->stays = true;
        correct_step(core, move);
        return;
    }
    const ls_u32 hint = move->born != 0 ? move->born - 1 : move->step;
    if (hint != LS_NO && c->steps[hint].station == move->station &&
        c->steps[hint].product == c->steps[lot->step].product) {
        move->step = hint;
    } else if (is_running(core, move->lot)) {
        move->step = step_of_running(core, move->lot, move->station);
    } else {
        move->step = ls_hear_step_at(core, move->lot, move->station, LS_NO);
    }
    if (move->step == LS_NO) {
        ls_core_diverge(core, LS_DIVERGE_CONTRADICTED, move->machine, move->station,
                        "lot '%s' is here, where its route never comes", name_of(core, move->lot));
        move->kind = move->fresh ? LS_MOVE_DONE : LS_MOVE_NONE;
        return;
    }
    if (move->kind == LS_MOVE_QUEUE && lot->where == LS_LOT_WAITING && lot->step == move->step) {
        move->stays = true;
        core->lots[move->lot].supposed = 0;  // what was supposed is heard
        core->figures->unchanged++;
        return;
    }
    move->aborted = goes_back(core, move);
    tell_jump(core, move);
}

void ls_moves_find_steps(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->move_count; i++) {
        ls_move *move = &in->moves[i];
        if (move->kind == LS_MOVE_QUEUE || move->kind == LS_MOVE_MACHINE) {
            find_step(core, move);
        }
        if (is_inside(core, move->lot)) {
            ls_instant_job(in, core->c.lot[move->lot].machine);
        }
    }
}

// ---- lots leave

static void tell_transport(ls_core *core, const ls_move *move) {
    const ls_lot *lot = core->c.lot + move->lot;
    ls_fact fact = ls_core_fact(core, LS_FACT_TRANSPORT);
    fact.value = (double)(core->c.now - core->c.event[move->lot].since);
    fact.step = move->step;
    fact.station = core->c.steps[move->step].station;
    fact.from = core->lots[move->lot].from;
    fact.lot = lot->serial;
    fact.inferred = (core->lots[move->lot].doubt & FOLLOW_DOUBT_WAY) != 0 || move->birth;
    ls_core_tell(core, &fact);
}

static void tell_lagged(ls_core *core, uint32_t lot_index) {
    const ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + lot_index;
    const ls_lot_event *e = c->event + lot_index;
    ls_fact fact = ls_core_fact(core, LS_FACT_PROCESS);
    fact.value = (double)(e->elapsed + (e->since == LS_NEVER ? 0 : c->now - e->since));
    fact.machine = lot->machine;
    fact.station = station_of_machine(core, lot->machine);
    fact.step = lot->step;
    fact.lots = e->lots;
    fact.parts = e->parts;
    fact.lot = lot->serial;
    fact.lagged = true;
    fact.inferred = (core->lots[lot_index].doubt & FOLLOW_DOUBT_WAY) != 0 ||
                    ls_core_doubts(core, lot->machine, e->since == LS_NEVER ? c->now : e->since);
    ls_core_tell(core, &fact);
}

// Is it heard that a lot leaves where it is, and when?
static bool leaves_heard(const ls_core *core, const ls_instant *in, const ls_move *move) {
    const uint32_t machine = core->c.lot[move->lot].machine;
    return is_inside(core, move->lot) && core->machines[machine].names_lots != 0 &&
           in->jobs[machine].listed && in->jobs[machine].lots_told &&
           !ls_core_doubts(core, machine, core->c.now);
}

// What a lot that was sorted takes along: limits that end where it was not inspected are over, and
// one that is sent back counts as reworked.
static void take_sorted(ls_core *core, const ls_move *move) {
    ls_ctx *c = &core->c;
    ls_lot *lot = c->lot + move->lot;
    const ls_m_step *step = c->steps + lot->step;
    ls_limits_drop(c, move->lot, step);
    if (c->steps[move->step].number <= step->number) {
        ls_rework_again(c, move->lot, step);
    }
    if (c->m->deadline_slots != 0 && c->steps[move->step].number != step->number + 1) {
        ls_limits_lapse(c, move->lot, lot->step, move->step);
    }
}

static void leave(ls_core *core, ls_instant *in, ls_move *move) {
    ls_ctx *c = &core->c;
    const ls_lot *lot = c->lot + move->lot;
    if ((move->kind == LS_MOVE_QUEUE || move->kind == LS_MOVE_MACHINE) && is_sorted(core, move)) {
        take_sorted(core, move);
    }
    move->from = LS_NO;
    move->worked = false;
    if (lot->where == LS_LOT_LAG) {
        tell_lagged(core, move->lot);
        ls_core_step_ended(core, move->lot, lot->step);
    } else if (is_running(core, move->lot) && !move->aborted) {
        ls_core_step_ended(core, move->lot, lot->step);  // out of a batch that goes on
    } else if (lot->where == LS_LOT_TRANSIT &&
               (move->kind == LS_MOVE_QUEUE || move->kind == LS_MOVE_MACHINE)) {
        tell_transport(core, move);
    }
    const bool heard = leaves_heard(core, in, move);
    core->lots[move->lot].doubt &= (uint8_t)~FOLLOW_DOUBT_WAY;
    core->lots[move->lot].doubt |= heard ? 0 : FOLLOW_DOUBT_WAY;
    if (is_inside(core, move->lot)) {
        move->from = station_of_machine(core, lot->machine);
        move->worked = true;
        ls_instant_touch(in, move->from);
    } else if (lot->where == LS_LOT_WAITING) {
        move->from = c->steps[lot->step].station;
        ls_instant_touch(in, move->from);
    }
    // One that is gone out of its order pool (taken back) has not come in.
    const bool enters = lot->where == LS_LOT_POOL && move->kind != LS_MOVE_SCRAPPED;
    ls_core_take_out(core, move->lot);
    if (enters) {
        ls_core_tell_pool(core, move->lot, false);
    }
    move->out = true;
    core->lots[move->lot].supposed = move->kind == LS_MOVE_LEFT;
}

// ---- and come somewhere

static void choose(ls_core *core, const ls_move *move) {
    const uint32_t ended = core->lots[move->lot].step;
    if (ended != 0) {
        ls_core_step_chosen(core, move->lot, ended - 1, move->step);
    }
}

// Where a lot goes of which nothing more is told: where nothing would be, if the line tells such
// things at all.
static uint32_t unseen_way(ls_core *core, const ls_move *move, uint32_t ended) {
    uint32_t ways[16];
    const uint32_t count = ls_core_ways(core, move->lot, ended, ways, 16);
    for (uint32_t i = 0; i < count; i++) {
        const bool told = ways[i] == LS_NO ? core->figures->ends + core->figures->released > 0
                                           : core->figures->arrivals > 0;
        const bool full = ways[i] != LS_NO &&
                          !ls_may_enter(&core->c, core->c.steps[ways[i]].station);
        if (!told || full || ls_core_travels(core, move->from, ways[i])) {
            return ways[i];
        }
    }
    return ways[0];
}

static void go_on(ls_core *core, ls_instant *in, const ls_move *move) {
    ls_ctx *c = &core->c;
    const uint32_t lot = move->lot;
    const uint32_t ended = core->lots[lot].step;
    uint32_t next = c->lot[lot].step;
    if (move->born != 0) {
        next = move->born - 1;
        core->lots[lot].step = 0;
    } else if (ended != 0) {
        next = unseen_way(core, move, ended - 1);
    }
    bool sure = true;
    if (core->lots[lot].step != 0) {
        (void)ls_core_next(core, lot, ended - 1, &sure);
    }
    if (next == LS_NO) {
        // Where registers name lots nothing else tells that they leave.
        const bool untold = core->plant->listen.lots_named != NULL && sure;
        ls_core_put_out(core, lot, move->from);
        if (c->lot[lot].where == LS_LOT_FREE && !untold) {
            ls_core_diverge(core, LS_DIVERGE_INFERRED, LS_NO, move->from,
                            "a lot ended its last step and must have left");
        }
        return;
    }
    const uint32_t to = c->steps[next].station;
    ls_instant_touch(in, to);
    if (move->worked && (c->stations[move->from].features & LS_F_LAG) != 0 &&
        !ls_may_enter(c, to)) {
        c->lot[lot].step = next;
        c->lot[lot].where = LS_LOT_LEFT;
        c->station[move->from].working++;
        ls_core_block(core, lot);
        return;
    }
    ls_core_send(core, lot, next, move->from);
    if (!sure && c->lot[lot].where == LS_LOT_TRANSIT) {
        ls_lot_event_clear(c, lot);  // it arrives where it is heard to arrive
        c->event[lot].total = FOLLOW_ENDLESS;
    }
}

static void enter(ls_core *core, ls_instant *in, const ls_move *move) {
    const uint32_t step = core->c.lot[move->lot].step;
    const uint32_t station = core->c.steps[step].station;
    ls_instant_touch(in, station);
    if (move->born != 0 && !ls_core_travels(core, LS_NO, step)) {
        // It is there, but neither waits nor is in work: on its way out, or it finds no room.
        if (ls_core_travels(core, station, LS_NO)) {
            ls_core_put_out(core, move->lot, station);
        } else {
            ls_core_put_outside(core, move->lot, step);
        }
        return;
    }
    if (ls_may_enter(&core->c, core->c.steps[step].station)) {
        ls_core_send(core, move->lot, step, LS_NO);
    } else {
        ls_core_put_outside(core, move->lot, step);
    }
}

// What is told of its order pool, and nothing more of the lot: it waits there, or comes in.
static void pass_pool(ls_core *core, ls_instant *in, ls_move *move) {
    const ls_u32 where = core->c.lot[move->lot].where;
    if (move->enters) {
        ls_core_take_out(core, move->lot);
        ls_core_tell_pool(core, move->lot, false);
        enter(core, in, move);
    } else if (where != LS_LOT_POOL) {
        if (!move->fresh) {
            ls_core_diverge(core, LS_DIVERGE_CONTRADICTED, LS_NO, LS_NO,
                            "lot '%s' waits in its order pool, the twin had it inside",
                            name_of(core, move->lot));
            if (is_inside(core, move->lot)) {
                return;  // what its machine has told goes before it
            }
            leave(core, in, move);
        } else {
            ls_core_tell_pool(core, move->lot, true);
        }
        ls_core_put_pool(core, move->lot);
    }
}

static void scrap(ls_core *core, const ls_move *move) {
    const uint32_t ended = core->lots[move->lot].step;
    if (ended != 0) {
        ls_fact fact = ls_core_fact(core, LS_FACT_OUTCOME);
        fact.value = 1.0;
        fact.step = ended - 1;
        fact.station = core->c.steps[ended - 1].station;
        fact.release = core->c.lot[move->lot].release;
        fact.lot = core->c.lot[move->lot].serial;
        ls_core_tell(core, &fact);
    }
    ls_core_remove(core, move->lot, true);
}

static void arrive(ls_core *core, ls_instant *in, const ls_move *move) {
    choose(core, move);
    core->lots[move->lot].placed = 1;
    ls_core_put_waiting(core, move->lot, move->step,
                        move->aborted ? core->c.lot[move->lot].arrived : core->c.now);
    ls_instant_touch(in, core->c.steps[move->step].station);
}

void ls_move_start(ls_core *core, ls_instant *in, uint32_t machine, const uint32_t *lots,
                   uint32_t count) {
    ls_core_load(core, machine, lots, count);
    ls_core_begin(core, machine);
    ls_instant_job(in, machine)->ended = true;
    ls_instant_touch(in, station_of_machine(core, machine));
}

// A lot joins those that are in the machine already.
static void join(ls_core *core, uint32_t machine, uint32_t lot) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    ls_u32 tail = mc->lots;
    while (tail != LS_NO && c->lot[tail].next != LS_NO) {
        tail = c->lot[tail].next;
    }
    ls_take_lot(c, station_of_machine(core, machine), machine, lot, &tail);
}

// Blocked lots that the machine still names though it has begun with others: they have gone.
static void clear_blocked(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_ctx *c = &core->c;
    while (c->machine[machine].lots != LS_NO) {
        ls_move move = {.lot = c->machine[machine].lots, .kind = LS_MOVE_LEFT};
        leave(core, in, &move);
        core->lots[move.lot].doubt |= FOLLOW_DOUBT_WAY;
        go_on(core, in, &move);
    }
}

// A birth tells those behind a cascade's entrance after the one in it.
static void put_behind(ls_core *core, uint32_t machine, uint32_t lot_index) {
    ls_ctx *c = &core->c;
    ls_lot_event *e = c->event + lot_index;
    ls_u32 *link = &c->machine[machine].lag_head;
    ls_core_take_out(core, lot_index);
    while (*link != LS_NO) {
        link = &c->lot[*link].next;
    }
    *link = lot_index;
    memset(e, 0, sizeof *e);
    e->since = c->now;
    e->total = FOLLOW_ENDLESS;
    e->lots = 1;
    e->parts = c->steps[c->lot[lot_index].step].parts;
    e->dist = LS_NO;
    e->transit = LS_NO;
    c->lot[lot_index].where = LS_LOT_LAG;
    c->lot[lot_index].machine = machine;
    core->lots[lot_index].doubt |= FOLLOW_DOUBT_WAY;
    c->station[station_of_machine(core, machine)].working++;
}

static void load(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_ctx *c = &core->c;
    const ls_job *job = &in->jobs[machine];
    uint32_t *lots = in->told + job->told_at;
    uint32_t count = 0;
    for (uint32_t i = 0; i < job->told_count; i++) {
        const ls_move *move = &in->moves[in->move_of[lots[i]] - 1];
        if (move->kind == LS_MOVE_MACHINE && !move->stays && move->machine == machine) {
            choose(core, move);
            core->lots[move->lot].placed = 1;
            const ls_u32 arrived = move->fresh || move->out;
            ls_core_put_waiting(core, move->lot, move->step,
                                arrived ? c->now : c->lot[move->lot].arrived);
            lots[count++] = move->lot;
        }
    }
    if (count == 0) {
        return;
    }
    if (c->machine[machine].phase != LS_PHASE_NONE) {
        for (uint32_t i = 0; i < count; i++) {
            join(core, machine, lots[i]);
        }
        return;
    }
    clear_blocked(core, in, machine);
    const ls_m_station *st = c->stations + station_of_machine(core, machine);
    const bool lags = (st->features & LS_F_LAG) != 0;
    const uint8_t state = core->machines[machine].state;
    const bool one = lags && job->birth && (st->features & LS_F_BATCH) == 0 && state != 4;
    ls_move_start(core, in, machine, lots, one ? 1 : count);
    core->machines[machine].inferred = job->birth && c->now > 0;  // it may have begun before
    if (in->more || (!job->birth && !job->state_told)) {
        return;  // the state is of before
    }
    if (lags && state == 4) {
        ls_core_lag(core, machine);
    } else if (state == 4 || state == 5 || state == 17) {
        ls_core_finish(core, machine);  // heard of when it was over already
    }
    for (uint32_t i = 1; i < count && one; i++) {
        put_behind(core, machine, lots[i]);
    }
}

// ---- machines

static void settle_machine(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    const ls_job *job = &in->jobs[machine];
    ls_core_stand(core, machine, false);
    const uint32_t setup = core->machines[machine].setup;
    if (job->setup_told && mc->phase != LS_PHASE_SETUP && mc->setup != setup - 1) {
        if (!job->birth) {
            ls_core_diverge(core, LS_DIVERGE_INFERRED, machine, LS_NO,
                            "is set up otherwise than its lots tell");
        }
        mc->setup = setup - 1;
        mc->run = 0;
    }
    if (!in->more && mc->phase == LS_PHASE_NONE && ls_core_sets_up(core, machine)) {
        ls_core_set_up(core, machine);
    }
    ls_core_rest(core, machine);
    ls_instant_touch(in, station_of_machine(core, machine));
}

// Phases change where nobody was waited for: operators come free.
static void go_on_working(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        const uint32_t machine = in->machines[i];
        const ls_s_machine *mc = core->c.machine + machine;
        if (mc->phase != LS_PHASE_NONE && mc->waits == 0 && !in->jobs[machine].ended) {
            ls_core_go_on(core, machine);
            in->jobs[machine].ended = true;
        }
    }
}

// And then those that waited, in their order.
static void go_on_waiting(ls_core *core, ls_instant *in) {
    ls_u32 at = core->c.s->operator_head;
    while (at != 0) {
        const uint32_t machine = at - 1;
        at = core->c.machine[machine].next;
        if (in->jobs[machine].listed && !in->jobs[machine].ended) {
            ls_core_go_on(core, machine);
        }
    }
}

// One in for one out.
static void pay(ls_core *core, uint32_t release) {
    ls_s_release *rs = core->c.release + release;
    if (core->c.releases[release].kind == LS_RELEASE_KEEP && rs->left > 0) {
        rs->left--;
    }
}

void ls_moves_do(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        ls_core_stand(core, in->machines[i], true);
    }
    for (uint32_t i = 0; i < in->machine_count; i++) {
        ls_move_end(core, in, in->machines[i]);
    }
    for (uint32_t i = 0; i < in->move_count; i++) {
        ls_move *move = &in->moves[i];
        if (move->kind != LS_MOVE_NONE && !move->stays && !move->fresh) {
            leave(core, in, move);
        } else if (move->fresh) {
            move->from = LS_NO;
        }
    }
    for (uint32_t i = 0; i < in->move_count; i++) {
        const ls_move *move = &in->moves[i];
        if (move->kind == LS_MOVE_DONE) {
            ls_core_remove(core, move->lot, false);
        } else if (move->kind == LS_MOVE_SCRAPPED) {
            scrap(core, move);
        } else if (move->kind == LS_MOVE_QUEUE && !move->stays) {
            arrive(core, in, move);
        }
    }
    go_on_working(core, in);
    for (uint32_t i = 0; i < in->machine_count; i++) {
        if (in->jobs[in->machines[i]].told_count > 0) {
            load(core, in, in->machines[i]);
        }
    }
    for (uint32_t i = 0; i < in->move_count; i++) {
        ls_move *move = &in->moves[i];
        if (move->kind == LS_MOVE_LEFT && !move->stays) {
            go_on(core, in, move);
        } else if (move->kind == LS_MOVE_NONE && (move->pool || move->enters)) {
            pass_pool(core, in, move);
        } else if (move->kind == LS_MOVE_NONE && move->fresh) {
            enter(core, in, move);
        }
    }
    for (uint32_t i = 0; i < in->move_count; i++) {
        if (in->moves[i].fresh) {
            pay(core, in->moves[i].release);
        }
    }
    go_on_waiting(core, in);
    ls_infer_starts(core, in);
    for (uint32_t i = 0; i < in->machine_count; i++) {
        settle_machine(core, in, in->machines[i]);
    }
}

// What nobody tells: a lot outside, or one that left its cascade, finds room and is on its way.
void ls_moves_unseen(ls_core *core, ls_instant *in) {
    ls_ctx *c = &core->c;
    for (uint32_t i = 0; i < in->station_count; i++) {
        const uint32_t station = in->stations[i];
        while (c->station[station].blocked_head != LS_NO && ls_has_room(c, station)) {
            const ls_u32 lot = c->station[station].blocked_head;
            const ls_u32 where = c->lot[lot].where;
            if (where != LS_LOT_OUTSIDE && where != LS_LOT_LEFT) {
                break;
            }
            const uint32_t from = where == LS_LOT_LEFT
                                      ? station_of_machine(core, c->lot[lot].machine)
                                      : LS_NO;
            const uint32_t step = c->lot[lot].step;
            ls_core_take_out(core, lot);
            core->lots[lot].doubt |= FOLLOW_DOUBT_WAY;
            ls_core_send(core, lot, step, from);
        }
    }
}
