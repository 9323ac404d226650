// question.c - which decisions stand open in a state.
#include "decide/question.h"

#include <math.h>

#include "decide/look.h"
#include "plant/distribution.h"

// Kinds of lots, of those the machine may take, that wait.
static uint32_t kinds_waiting(const ls_ctx *c, uint32_t machine) {
    const ls_m_station *st = c->stations + c->machines[machine].station;
    uint32_t kinds = 0;
    for (uint32_t q = 0; q < st->queue_count; q++) {
        kinds += ls_look_count(c, st, q) > 0 && ls_look_may_take(c, machine, q);
    }
    return kinds;
}

static uint32_t lots_waiting(const ls_ctx *c, uint32_t machine) {
    const ls_m_station *st = c->stations + c->machines[machine].station;
    uint32_t lots = 0;
    for (uint32_t q = 0; q < st->queue_count; q++) {
        lots += ls_look_may_take(c, machine, q) ? ls_look_count(c, st, q) : 0;
    }
    return lots;
}

// Both kinds at one station would ask the same twice: the wider one asks.
static bool station_has(const ls_plant *plant, uint32_t station, ls_decide_kind kind) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        if (p->kind == kind && p->station == station) {
            return true;
        }
    }
    return false;
}

// Free, nothing waits for it, and there is another setup that it may leave its own for.
static bool may_set_up(const ls_ctx *c, uint32_t machine) {
    const ls_m_station *st = c->stations + c->machines[machine].station;
    const ls_s_machine *mc = c->machine + machine;
    const bool enough = st->min_run == 0 || mc->setup == 0 || mc->run >= st->min_run;
    return ls_look_is_free(c, machine) && mc->chosen == 0 && enough &&
           st->setup_count > (mc->setup != 0 ? 1u : 0u);
}

static bool machine_is_open(const ls_plant *plant, const ls_ctx *c, const ls_decide_point *point,
                            uint32_t machine) {
    const ls_m_station *st = c->stations + point->station;
    const uint32_t lots = lots_waiting(c, machine);
    switch (point->kind) {
    case LS_DECIDE_DISPATCH:
        if (station_has(plant, point->station, LS_DECIDE_BATCH)) {
            return false;
        }
        return lots > 1 || (lots == 1 && point->wait);
    case LS_DECIDE_BATCH: return (st->features & LS_F_BATCH) != 0 && lots > 0;
    case LS_DECIDE_SETUP:
        if ((st->features & LS_F_SETUP) != 0 && lots == 0) {
            return may_set_up(c, machine);
        }
        return (st->features & LS_F_SETUP) != 0 &&
               !station_has(plant, point->station, LS_DECIDE_DISPATCH) &&
               (kinds_waiting(c, machine) > 1 || point->wait);
    default: return false;
    }
}

static bool machine_may_maintain(const ls_ctx *c, uint32_t machine) {
    const ls_m_machine *m = c->machines + machine;
    for (uint32_t k = 0; k < m->mode_count; k++) {
        if (c->modes[m->mode_at + k].maintenance != 0 &&
            ((c->machine[machine].pending >> k) & 1) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_open(const ls_plant *plant, const ls_ctx *c, const ls_question *q, bool ahead) {
    const ls_decide_point *point = plant->decide.points + q->point;
    switch (point->kind) {
    case LS_DECIDE_DISPATCH:
    case LS_DECIDE_BATCH:
    case LS_DECIDE_SETUP:
    case LS_DECIDE_MAINTENANCE: {
        if (q->subject >= c->m->machines || c->machines[q->subject].station != point->station) {
            return false;
        }
        const bool at_work = ls_look_is_at_work(c, q->subject) &&
                             c->machine[q->subject].chosen == 0;
        if (!ls_look_is_free(c, q->subject) && !(ahead && at_work)) {
            return false;
        }
        return point->kind == LS_DECIDE_MAINTENANCE ? machine_may_maintain(c, q->subject)
                                                    : machine_is_open(plant, c, point, q->subject);
    }
    case LS_DECIDE_SORT:
        return q->subject == ls_question_sorter(c, point->station) &&
               ls_question_sorts(c, point->station);
    case LS_DECIDE_RELEASE:
        if (q->subject == point->release && c->releases[q->subject].pool != 0) {
            return c->release[q->subject].pooled > 0;
        }
        return q->subject == point->release &&
               (c->releases[q->subject].kind != LS_RELEASE_TIMETABLE ||
                c->release[q->subject].next_order <
                    c->releases[q->subject].order_at + c->releases[q->subject].order_count);
    case LS_DECIDE_CONWIP: return q->subject == point->release && point->number_count > 0;
    case LS_DECIDE_STAFFING: return q->subject == point->operators && point->number_count > 0;
    case LS_DECIDE_SETPOINT:  // without a target nothing says which setting is better
        return q->subject == point->measured && point->number_count > 0 &&
               (isfinite(point->target) || point->minimizes);
    default: return false;
    }
}

uint32_t ls_questions_find(const ls_plant *plant, const ls_twin *twin, const ls_snapshot *present,
                           bool ahead, ls_question *out, uint32_t most) {
    const ls_ctx c = ls_look(twin, present);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *point = plant->decide.points + i;
        uint32_t first = 0;
        uint32_t subjects = 1;
        if (point->station != LS_NONE) {
            first = c.stations[point->station].machine_at;
            subjects = c.stations[point->station].machine_count;
        } else if (point->kind == LS_DECIDE_STAFFING) {
            first = point->operators;
        } else {
            first = point->kind == LS_DECIDE_SETPOINT ? point->measured : point->release;
        }
        for (uint32_t s = 0; s < subjects; s++) {
            const ls_question q = {.point = i, .subject = first + s};
            if (is_open(plant, &c, &q, ahead)) {
                if (count < most) {
                    out[count] = q;
                }
                count++;
            }
        }
    }
    return count;
}

bool ls_question_is_open(const ls_plant *plant, const ls_twin *twin, const ls_snapshot *present,
                         const ls_question *question) {
    const ls_ctx c = ls_look(twin, present);
    return question->point < plant->decide.point_count && is_open(plant, &c, question, true);
}
