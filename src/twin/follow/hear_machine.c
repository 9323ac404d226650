// hear_machine.c - what is told of machines is kept, and the lots named are looked up.
#include "twin/follow/instant.h"

static uint32_t setup_named(const ls_core *core, uint32_t station, const ls_heard *heard) {
    const ls_station *st = &core->plant->stations[station];
    for (uint32_t i = 0; i < st->setup_count; i++) {
        const char *name = core->plant->setup_names[st->setup_at + i];
        if (strlen(name) == heard->size && memcmp(name, heard->text, heard->size) == 0) {
            return i;
        }
    }
    return LS_NO;
}

static void hear_setup(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_core_machine *told = &core->machines[heard->of];
    const uint32_t station = core->c.machines[heard->of].station;
    uint32_t setup = 0;
    if (heard->size > 0) {
        setup = setup_named(core, station, heard);
        if (setup == LS_NO) {
            ls_core_diverge(core, LS_DIVERGE_UNKNOWN, heard->of, LS_NO,
                            "setup '%.*s' is none of its station", (int)heard->size, heard->text);
            return;
        }
        setup++;
    }
    told->setup = setup + 1;
    ls_instant_job(in, heard->of)->setup_told = true;
}

static void hear_state(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_core_machine *told = &core->machines[heard->of];
    if (heard->number < 0 || heard->number > 17) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, heard->of, LS_NO, "state %lld is none of PackML",
                        (long long)heard->number);
        return;
    }
    if (heard->number == 0) {
        return;  // undefined: says nothing
    }
    core->figures->unchanged += told->state == (uint8_t)heard->number;
    if (told->state != (uint8_t)heard->number || heard->birth) {
        told->state_us = core->c.now;
        ls_instant_job(in, heard->of)->state_told = true;
    }
    told->state = (uint8_t)heard->number;
}

static void hear_reason(ls_core *core, ls_instant *in, const ls_heard *heard) {
    const uint32_t station = core->c.machines[heard->of].station;
    const ls_m_station *st = core->c.stations + station;
    uint32_t reason = 0;
    if (heard->number != 0) {
        const int64_t failure = heard->number - 1;
        if (failure < 0 || failure >= core->plant->failure_count ||
            ls_watch_mode(core->plant, station, heard->of - st->machine_at, (uint32_t)failure) ==
                LS_NO) {
            ls_core_diverge(core, LS_DIVERGE_UNKNOWN, heard->of, LS_NO,
                            "reason %lld is no failure of it", (long long)heard->number);
            return;
        }
        reason = (uint32_t)heard->number;
    }
    core->machines[heard->of].reason = reason;
    ls_instant_job(in, heard->of);
}

static void hear_step(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_core_machine *told = &core->machines[heard->of];
    const uint32_t station = core->c.machines[heard->of].station;
    told->step = 0;
    if (heard->size == 0) {
        return;
    }
    for (uint32_t p = 0; p < core->plant->product_count; p++) {
        if (told->product != 0 && told->product != p + 1) {
            continue;
        }
        const uint32_t step = ls_hear_step_named(core, p, heard->text, heard->size);
        if (step != LS_NO && core->c.steps[step].station == station) {
            told->step = step + 1;
            ls_instant_job(in, heard->of)->step_told = true;
            return;
        }
    }
    ls_core_diverge(core, LS_DIVERGE_UNKNOWN, heard->of, LS_NO, "step '%.*s' is none of its own",
                    (int)heard->size, heard->text);
}

static void hear_product(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_core_machine *told = &core->machines[heard->of];
    ls_instant_job(in, heard->of)->product_told = true;
    told->product = 0;
    for (uint32_t p = 0; p < core->plant->product_count; p++) {
        const char *name = core->plant->products[p].name;
        if (strlen(name) == heard->size && memcmp(name, heard->text, heard->size) == 0) {
            told->product = p + 1;
            return;
        }
    }
    if (heard->size > 0) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, heard->of, LS_NO,
                        "product '%.*s' is none of the plant", (int)heard->size, heard->text);
    }
}

// Another product was told and no other step: the step of that name.
static void step_of_product(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_core_machine *told = &core->machines[machine];
    ls_instant_job(in, machine)->step_told = true;
    if (told->product == 0 || told->step == 0) {
        return;
    }
    const char *name = core->plant->steps[told->step - 1].name;
    const uint32_t step = ls_hear_step_named(core, told->product - 1, name, strlen(name));
    const bool here = step != LS_NO &&
                      core->c.steps[step].station == core->c.machines[machine].station;
    told->step = here ? step + 1 : 0;
}

static void lot_in_machine(ls_core *core, ls_instant *in, const ls_heard *heard, const char *name,
                           size_t size, ls_job *job) {
    const uint32_t station = core->c.machines[heard->of].station;
    const ls_core_machine *told = &core->machines[heard->of];
    if (job->product_told && !job->step_told) {
        step_of_product(core, in, heard->of);
    }
    uint32_t step = told->step != 0 ? told->step - 1 : LS_NO;
    if (step == LS_NO && told->product != 0) {
        const ls_product *p = &core->plant->products[told->product - 1];
        for (uint32_t s = p->step_at; s < p->step_at + p->step_count && step == LS_NO; s++) {
            step = core->plant->steps[s].station == station ? s : LS_NO;
        }
    }
    const uint32_t lot = ls_hear_lot_at(core, in, name, size, LS_NO, heard->of, station, step,
                                        heard->birth);
    ls_move *move = lot != LS_NO ? ls_instant_move(in, lot) : NULL;
    if (move == NULL || move->kind > LS_MOVE_MACHINE) {
        return;
    }
    if (move->kind == LS_MOVE_MACHINE && move->machine == heard->of) {
        return;  // twice in one list
    }
    if (ls_instant_tell_lot(in, lot)) {
        move = ls_instant_move(in, lot);
        move->kind = LS_MOVE_MACHINE;
        move->machine = heard->of;
        move->station = station;
        move->step = told->step != 0 && job->told_count == 0 ? told->step - 1 : LS_NO;
        move->birth = heard->birth;
        job->told_count++;
    }
}

static void hear_lots(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_job *job = ls_instant_job(in, heard->of);
    core->machines[heard->of].names_lots = 1;
    core->machines[heard->of].lots_us = core->c.now;
    job->lots_told = true;
    job->told_at = in->told_count;
    job->told_count = 0;
    const char *at = heard->text;
    const char *end = at != NULL ? at + heard->size : NULL;
    while (at < end) {
        while (at < end && *at == ' ') {
            at++;
        }
        const char *name = at;
        while (at < end && *at != ' ') {
            at++;
        }
        if (at > name) {
            lot_in_machine(core, in, heard, name, (size_t)(at - name), job);
        }
    }
}

static void hear_parts(ls_core *core, ls_instant *in, const ls_heard *heard) {
    ls_core_machine *told = &core->machines[heard->of];
    if (heard->number > 0) {
        const uint32_t parts = (uint32_t)(heard->number < 1000000 ? heard->number : 1000000);
        told->counts = 1;
        told->parts = told->parts_us == core->c.now ? told->parts + parts : parts;
        told->parts_us = core->c.now;
        ls_instant_job(in, heard->of)->parts += parts;
    }
}

void ls_hear_machine(ls_core *core, ls_instant *in, const ls_heard *heard) {
    if (heard->of >= core->c.m->machines) {
        return;
    }
    if (heard->birth || core->machines[heard->of].stale != 0) {
        core->machines[heard->of].doubt_us = core->c.now;
    }
    core->machines[heard->of].stale = 0;
    ls_instant_job(in, heard->of)->birth |= heard->birth;
    switch (heard->kind) {
    case LS_HEARD_STATE: hear_state(core, in, heard); break;
    case LS_HEARD_LOTS: hear_lots(core, in, heard); break;
    case LS_HEARD_STEP: hear_step(core, in, heard); break;
    case LS_HEARD_PRODUCT: hear_product(core, in, heard); break;
    case LS_HEARD_SETUP: hear_setup(core, in, heard); break;
    case LS_HEARD_REASON: hear_reason(core, in, heard); break;
    default: hear_parts(core, in, heard); break;
    }
}

static void leave_list(ls_core *core, ls_instant *in, uint32_t first) {
    for (ls_u32 lot = first; lot != LS_NO; lot = core->c.lot[lot].next) {
        ls_move *move = ls_instant_move(in, lot);
        if (move != NULL && move->kind == LS_MOVE_NONE) {
            move->kind = LS_MOVE_LEFT;
        }
    }
}

// Of a lot that a birth names nothing more is told: neither waits it, nor is it in a machine.
static void leave_born(ls_core *core, ls_move *move) {
    const ls_lot *lot = core->c.lot + move->lot;
    const bool under_way = lot->where == LS_LOT_TRANSIT || lot->where == LS_LOT_OUTSIDE ||
                           lot->where == LS_LOT_LEFT || lot->where == LS_LOT_OUT;
    const bool blocked = lot->where == LS_LOT_MACHINE &&
                         core->c.machine[lot->machine].phase == LS_PHASE_NONE;
    if ((!under_way && !blocked) || (lot->step != move->born - 1 && !blocked)) {
        move->kind = LS_MOVE_LEFT;
    }
}

// Lots that a machine no longer names have left it.
void ls_hear_lots_left(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        if (in->jobs[in->machines[i]].lots_told) {
            leave_list(core, in, core->c.machine[in->machines[i]].lots);
            leave_list(core, in, core->c.machine[in->machines[i]].lag_head);
        }
    }
    for (uint32_t i = 0; i < in->move_count && in->lots_born; i++) {
        ls_move *move = &in->moves[i];
        if (move->kind == LS_MOVE_NONE && move->birth && !move->fresh && move->born != 0 &&
            !move->pool && !move->enters) {
            leave_born(core, move);
        }
    }
}

// Another step is told, or as many parts as it holds: the operation ended, and lots that are there
// were begun anew.
static bool begins_anew(const ls_core *core, const ls_instant *in, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_job *job = &in->jobs[machine];
    const ls_s_machine *mc = c->machine + machine;
    const ls_core_machine *told = &core->machines[machine];
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const bool lags = (st->features & LS_F_LAG) != 0;
    const bool other = job->step_told && told->step != 0 &&
                       (mc->lot_count == 0 || told->step - 1 != mc->step);
    const bool counted = !in->more && (!lags || mc->lag_head == LS_NO) && mc->lot_count > 0 &&
                         told->parts_us == c->now && told->lots_us != c->now &&
                         told->parts >= mc->part_count;
    return !job->birth && (other || counted) && (mc->lot_count == 0 || mc->phase != LS_PHASE_NONE);
}

// The lots are those that were there.
static void restart(ls_core *core, ls_instant *in, uint32_t machine) {
    const ls_ctx *c = &core->c;
    ls_job *job = &in->jobs[machine];
    const ls_s_machine *mc = c->machine + machine;
    const ls_core_machine *told = &core->machines[machine];
    if (!begins_anew(core, in, machine)) {
        return;
    }
    ls_u32 lot = mc->lots;
    if (lot == LS_NO) {  // the one that is longest in the cascade
        for (lot = mc->lag_head; lot != LS_NO && c->lot[lot].next != LS_NO;
             lot = c->lot[lot].next) {
        }
    }
    job->told_at = in->told_count;
    job->told_count = 0;
    for (; lot != LS_NO; lot = c->lot[lot].next) {
        ls_move *move = ls_instant_move(in, lot);
        if (move != NULL && move->kind == LS_MOVE_NONE && ls_instant_tell_lot(in, lot)) {
            move->kind = LS_MOVE_MACHINE;
            move->machine = machine;
            move->station = c->machines[machine].station;
            move->step = told->step != 0 ? told->step - 1 : mc->step;
            move->again = true;
            job->told_count++;
        }
    }
}

static bool is_lagging(const ls_core *core, uint32_t lot, uint32_t machine) {
    return core->c.lot[lot].where == LS_LOT_LAG && core->c.lot[lot].machine == machine;
}

// Do these lots stand in the order of the list that begins here?
static bool follows_lags(const ls_ctx *c, ls_u32 at, const uint32_t *lots, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        while (at != LS_NO && at != lots[i]) {
            at = c->lot[at].next;
        }
        if (at == LS_NO) {
            return false;
        }
        at = c->lot[at].next;
    }
    return true;
}

// Of the lots told (those at the entrance, then those behind it, the last to leave first) some that
// were behind the entrance may stand before those that are still there: begun anew.
static void restart_lagging(ls_core *core, ls_instant *in, uint32_t machine) {
    const ls_ctx *c = &core->c;
    const ls_job *job = &in->jobs[machine];
    const uint32_t *told = in->told + job->told_at;
    uint32_t entrance = 0;
    while (entrance < job->told_count &&
           !follows_lags(c, c->machine[machine].lag_head, told + entrance,
                         job->told_count - entrance)) {
        entrance++;
    }
    const bool empty = c->machine[machine].phase == LS_PHASE_NONE;
    const uint8_t state = core->machines[machine].state;
    if (entrance == 0 && empty && (state == 6 || state == 3) && job->told_count > 0 &&
        is_lagging(core, told[0], machine)) {
        do {
            entrance++;
        } while (entrance < job->told_count && is_lagging(core, told[entrance], machine) &&
                 c->event[told[entrance]].since == c->event[told[0]].since);
    }
    // Who was at the entrance stays there only when nobody came before it.
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const bool first = job->told_count > 0 && c->lot[told[0]].where == LS_LOT_MACHINE &&
                       c->lot[told[0]].machine == machine;
    const bool anew = begins_anew(core, in, machine) && (first || (st->features & LS_F_LAG) == 0);
    for (uint32_t i = 0; i < entrance; i++) {
        ls_move *move = ls_instant_move(in, told[i]);
        const bool here = c->lot[told[i]].where == LS_LOT_MACHINE &&
                          c->lot[told[i]].machine == machine;
        if (move != NULL && (is_lagging(core, told[i], machine) || (here && anew))) {
            move->again = true;
        }
    }
}

static bool is_at_work(uint8_t state) {
    return state == 3 || state == 6 || state == 11 || state == 16;
}

void ls_hear_restarts(ls_core *core, ls_instant *in) {
    for (uint32_t i = 0; i < in->machine_count; i++) {
        const uint32_t machine = in->machines[i];
        if (!in->jobs[machine].lots_told && core->machines[machine].names_lots != 0 &&
            is_at_work(core->machines[machine].state)) {
            restart(core, in, machine);
        } else if (in->jobs[machine].lots_told) {
            restart_lagging(core, in, machine);
        }
    }
}
