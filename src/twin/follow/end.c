// end.c - does the operation of a machine end in this moment, and how?
#include "twin/follow/instant.h"

static uint32_t station_of_machine(const ls_core *core, uint32_t machine) {
    return core->c.machines[machine].station;
}

static bool moves_away(const ls_instant *in, uint32_t lot) {
    const ls_move *move = in->move_of[lot] != 0 ? &in->moves[in->move_of[lot] - 1] : NULL;
    return move != NULL && move->kind != LS_MOVE_NONE && !move->stays;
}

// Of the lots of a running operation: how many go, and how they go.
typedef struct going {
    uint32_t away, back, scrapped, stay;
} going;

static going count_going(const ls_core *core, const ls_instant *in, uint32_t machine) {
    going g = {0};
    for (ls_u32 lot = core->c.machine[machine].lots; lot != LS_NO; lot = core->c.lot[lot].next) {
        if (moves_away(in, lot)) {
            const ls_move *move = &in->moves[in->move_of[lot] - 1];
            g.away++;
            g.back += move->aborted;
            g.scrapped += move->kind == LS_MOVE_SCRAPPED;
        } else {
            g.stay++;
        }
    }
    return g;
}

static bool loses_lots(const ls_core *core, uint32_t machine) {
    const ls_core_machine *told = &core->machines[machine];
    const ls_u32 station = station_of_machine(core, machine);
    if (!ls_core_is_down_told(core, machine) || told->reason == 0) {
        return false;
    }
    const ls_u32 k = ls_watch_mode(
        core->plant, station, machine - core->c.stations[station].machine_at, told->reason - 1);
    return k != LS_NO &&
           core->c.modes[core->c.machines[machine].mode_at + k].lots == LS_LOTS_SCRAP &&
           core->c.machine[machine].mode != k + 1;
}

static uint32_t count_loads(const ls_instant *in, uint32_t machine) {
    const ls_job *job = &in->jobs[machine];
    uint32_t loads = 0;
    for (uint32_t i = 0; i < job->told_count; i++) {
        const ls_move *move = &in->moves[in->move_of[in->told[job->told_at + i]] - 1];
        loads += !move->stays && move->kind == LS_MOVE_MACHINE && move->machine == machine;
    }
    return loads;
}

// Stands as only a machine does whose entrance is free: maintenance, a failure by counts, or the
// end of a shift that lets the operation end.
static bool rests_when_free(const ls_core *core, uint32_t machine) {
    const ls_core_machine *told = &core->machines[machine];
    const ls_u32 station = station_of_machine(core, machine);
    const ls_m_station *st = core->c.stations + station;
    if (told->reason == 0) {
        return told->state == 2 && core->c.station[station].off != 0 &&
               st->shift_end != LS_SHIFT_PAUSE;
    }
    const ls_u32 k = ls_watch_mode(core->plant, station, machine - st->machine_at,
                                   told->reason - 1);
    if (k == LS_NO || !ls_core_is_down_told(core, machine)) {
        return false;
    }
    const ls_m_mode *mode = core->c.modes + core->c.machines[machine].mode_at + k;
    return core->c.machine[machine].mode == 0 &&
           (mode->maintenance != 0 || (mode->by != LS_FAIL_BUSY && mode->by != LS_FAIL_CALENDAR));
}

void ls_move_end(ls_core *core, ls_instant *in, uint32_t machine) {
    ls_ctx *c = &core->c;
    ls_s_machine *mc = c->machine + machine;
    ls_job *job = &in->jobs[machine];
    if (mc->phase == LS_PHASE_NONE) {
        return;
    }
    if (mc->lot_count == 0) {  // set up for no lot: until it tells anything else
        if (!ls_core_sets_up(core, machine) || count_loads(in, machine) > 0 || job->setup_told) {
            ls_core_set_up_end(core, machine, job->setup_told);
            job->ended = true;
        }
        return;
    }
    const ls_m_station *st = c->stations + station_of_machine(core, machine);
    const bool lags = (st->features & LS_F_LAG) != 0;
    const uint8_t state = core->machines[machine].state;
    const going g = count_going(core, in, machine);
    const bool ran = mc->waits == 0 && mc->phase >= LS_PHASE_RUN;
    if (g.stay == 0 && g.back == g.away) {
        ls_core_cancel(core, machine);
    } else if (g.stay == 0 && g.scrapped == g.away && loses_lots(core, machine)) {
        ls_core_cancel(core, machine);
    } else if (g.stay == 0) {
        ls_core_finish(core, machine);
    } else if (lags && (state == 4 || count_loads(in, machine) > 0)) {
        ls_core_lag(core, machine);
    } else if (lags && g.away == 0 && ran && rests_when_free(core, machine)) {
        ls_core_lag(core, machine);
    } else if (state == 17 || state == 4 ||
               (state == 5 && ran && ls_core_may_block(core, machine))) {
        ls_core_finish(core, machine);
    } else {
        return;
    }
    job->ended = true;
}
