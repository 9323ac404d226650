// rehearse.c - a decider in charge of a simulated plant.
#include "decide/rehearse.h"

#include <math.h>
#include <string.h>

#include "decide/look.h"
#include "decide/question.h"
#include "twin/event.h"
#include "twin/intervene.h"

#define WEEK_US 604800000000.0
#define HOUR_US 3600000000.0

// A machine that is held for the decider.
typedef struct gate {
    bool used;
    bool waits;        // decided: nothing before until_us, unless a lot comes
    int64_t until_us;  // LS_NEVER: until a lot comes
    uint64_t seen;     // lots that had come to the station when it was asked last
} gate;

// A class with an order pool whose entry the decider decides.
typedef struct entry {
    bool used;
    uint32_t point;
    int64_t until_us;  // put off until then, unless a lot is released
    uint64_t seen;     // lots released when it was asked last
} entry;

typedef struct rehearsal {
    const ls_rehearse_def *def;
    ls_snapshot *plant, *present;
    gate *gates;
    entry *entries;    // of each class
    int64_t *next_us;  // of each point that is asked every so often, else LS_NEVER
    int64_t count_from_us;
    double wip_area;
    ls_rehearse_result *out;
    ls_error *err;
} rehearsal;

static uint64_t lots_come(const ls_ctx *c, uint32_t machine) {
    const ls_s_station *ss = c->station + c->machines[machine].station;
    return ss->started + ss->waiting;
}

static int64_t next_event(const ls_ctx *c) {
    return c->tree[1] == ~(ls_u64)0 ? LS_NEVER : (int64_t)(c->tree[1] >> c->m->source_bits);
}

static bool gate_is_shut(const ls_ctx *c, const gate *g, uint32_t machine) {
    return g->waits && c->now < g->until_us && lots_come(c, machine) == g->seen;
}

// Free but for its gate.
static bool would_begin(const ls_ctx *c, uint32_t machine) {
    const ls_s_machine *mc = c->machine + machine;
    return mc->phase == LS_PHASE_NONE && mc->lot_count == 0 && mc->mode == 0 && mc->pending == 0 &&
           mc->hand == LS_HAND_HELD && c->station[c->machines[machine].station].off == 0;
}

static bool entry_is_shut(const ls_ctx *c, const entry *e, uint32_t release) {
    return c->now < e->until_us && c->release[release].released == e->seen;
}

// The order pools as they stand without the decider: what is not put off by a decision comes in as
// soon as the state is settled.
static void show_entries(const rehearsal *r, ls_ctx *c) {
    for (uint32_t i = 0; i < c->m->releases; i++) {
        const entry *e = r->entries + i;
        ls_s_release *rs = c->release + i;
        if (!e->used) {
            continue;
        }
        rs->put_off = entry_is_shut(c, e, i) ? e->until_us : rs->pool_head != 0 ? c->now : 0;
        if (rs->pool_head != 0) {
            ls_lot_event_clear(c, rs->pool_head - 1);
            ls_lot_event_set(c, rs->pool_head - 1, rs->put_off);
        }
    }
}

// The plant as it stands without gates, nothing begun yet. Machines that wait by a decision stay
// held for as long as it said.
static void show_present(rehearsal *r) {
    ls_snapshot_assign(r->present, r->plant);
    ls_ctx c;
    ls_ctx_open(&c, r->def->twin->model, r->present->state, &r->present->scratch);
    for (uint32_t i = 0; i < c.m->machines; i++) {
        ls_s_machine *mc = c.machine + i;
        const gate *g = r->gates + i;
        if (!g->used || (mc->hand & LS_HAND_HELD) == 0) {
            continue;
        }
        const bool free = would_begin(&c, i);
        if (free && gate_is_shut(&c, g, i) && g->until_us != LS_NEVER) {
            mc->held_until = g->until_us;
            ls_source_set(&c, c.m->source_machine + i, g->until_us);
            continue;
        }
        mc->hand &= ~(ls_u32)LS_HAND_HELD;
        mc->held_until = 0;
        if (free) {
            ls_idle_set(&c, c.stations + c.machines[i].station, c.machines[i].station, i);
        }
    }
    show_entries(r, &c);
    c.s->hands = (ls_u16)ls_hands_left(&c);
}

static ls_status shut(rehearsal *r, uint32_t machine) {
    return ls_intervene_hold(r->def->twin, r->plant, machine, LS_NEVER, r->err);
}

// Lets the machine take what it may, then holds it again.
static ls_status let_begin(rehearsal *r, uint32_t machine) {
    const ls_status status = ls_intervene_hold(r->def->twin, r->plant, machine, 0, r->err);
    return status == LS_OK ? shut(r, machine) : status;
}

static ls_status ask(rehearsal *r, const ls_question *question, ls_rehearse_reply *reply) {
    memset(reply, 0, sizeof *reply);
    const uint64_t number = r->out->questions++;
    const ls_status status = r->def->ask(r->def->context, r->present, question, number, reply,
                                         r->err);
    r->out->changed += reply->changed;
    r->out->futures += reply->futures;
    return status;
}

// Everything in the pool comes in; what is released from now on waits for the decider again.
static ls_status let_in(rehearsal *r, uint32_t release) {
    const ls_status status = ls_intervene_put_off(r->def->twin, r->plant, release, 0, r->err);
    return status == LS_OK ? ls_intervene_put_off(r->def->twin, r->plant, release, LS_NEVER, r->err)
                           : status;
}

// Does what was decided, to the plant. `machine` LS_NONE: a question that is of no machine.
static ls_status do_acts(rehearsal *r, const ls_rehearse_reply *reply, uint32_t machine,
                         bool *waits) {
    const int64_t now = r->plant->state->now;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < reply->act_count && status == LS_OK; i++) {
        const ls_act *act = reply->acts + i;
        if (act->kind == LS_DO_HOLD && act->index == machine) {
            gate *g = r->gates + machine;
            g->waits = true;
            g->until_us = act->value == LS_FOREVER ? LS_NEVER : now + act->value;
            *waits = true;
        } else if (act->kind == LS_DO_PUT_OFF && act->value == 0 && r->entries[act->index].used) {
            r->entries[act->index].until_us = 0;
            status = let_in(r, act->index);
            *waits = true;  // it is done
        } else if (act->kind == LS_DO_PUT_OFF && r->entries[act->index].used) {
            r->entries[act->index].until_us = act->value == LS_FOREVER ? LS_NEVER
                                                                       : now + act->value;
            for (uint32_t k = 0; k < (uint32_t)act->number && status == LS_OK; k++) {
                status = ls_intervene_release(r->def->twin, r->plant, act->index, r->err);
            }
            *waits = true;
        } else {
            status = ls_act_apply(r->def->twin, r->plant, act, r->err);
        }
    }
    return status;
}

static bool find_question(const rehearsal *r, uint32_t machine, ls_question *out) {
    const ls_plant *plant = r->def->plant;
    const uint32_t station = r->def->twin->model == NULL
                                 ? LS_NONE
                                 : ls_look(r->def->twin, r->plant).machines[machine].station;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        *out = (ls_question){.point = i, .subject = machine};
        const bool of_lots = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                             p->kind == LS_DECIDE_SETUP;
        if (of_lots && p->station == station &&
            ls_question_is_open(plant, r->def->twin, r->present, out)) {
            return true;
        }
    }
    return false;
}

// Free but for its gate, and something has come since it was looked at last. Shows the present.
static bool is_due(rehearsal *r, uint32_t machine) {
    gate *g = r->gates + machine;
    const ls_ctx c = ls_look(r->def->twin, r->plant);
    const bool asked = !g->waits && g->seen == lots_come(&c, machine) && g->until_us == LS_NEVER;
    if (gate_is_shut(&c, g, machine)) {
        return false;
    }
    show_present(r);
    const ls_ctx shown = ls_look(r->def->twin, r->present);
    if (asked && ls_look_pick(&shown, machine).lot == LS_NO) {
        return false;  // nothing is new; a batch that has waited long enough would be
    }
    g->waits = false;
    g->seen = lots_come(&c, machine);
    g->until_us = LS_NEVER;
    return true;
}

// Asks about a machine that is due, if there is a choice; else the rule decides.
static ls_status serve_machine(rehearsal *r, uint32_t machine) {
    ls_question question;
    bool waits = false;
    ls_status status = LS_OK;
    if (find_question(r, machine, &question)) {
        ls_rehearse_reply reply;
        status = ask(r, &question, &reply);
        status = status == LS_OK ? do_acts(r, &reply, machine, &waits) : status;
    }
    return status == LS_OK && !waits ? let_begin(r, machine) : status;
}

static bool is_entry(const rehearsal *r, const ls_question *question) {
    return r->def->plant->decide.points[question->point].kind == LS_DECIDE_RELEASE;
}

// For all machines before one of them begins, as in the futures in which it was tried.
static ls_status do_what_leaves(rehearsal *r, const ls_question *questions,
                                const ls_rehearse_reply *replies, uint32_t count) {
    bool waits[LS_TOGETHER_MAX] = {false};
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (replies[i].leaves) {
            const uint32_t machine = is_entry(r, &questions[i]) ? LS_NONE : questions[i].subject;
            status = do_acts(r, &replies[i], machine, &waits[i]);
        }
    }
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (replies[i].leaves && !waits[i] && !is_entry(r, &questions[i])) {
            status = let_begin(r, questions[i].subject);
        }
    }
    return status;
}

static ls_status ask_several(rehearsal *r, const ls_question *questions, uint32_t count,
                             ls_rehearse_reply *replies) {
    memset(replies, 0, count * sizeof *replies);
    return r->def->ask_together(r->def->context, r->present, questions, count, r->out->questions,
                                replies, r->err);
}

// As the base rule would, now that others have begun: what it would have done before may be gone.
static ls_status follow_base(rehearsal *r, uint32_t machine) {
    ls_question question;
    ls_rehearse_reply reply;
    bool waits = false;
    ls_status status = LS_OK;
    show_present(r);
    if (find_question(r, machine, &question)) {
        status = ask_several(r, &question, 1, &reply);
        r->out->changed += reply.changed;
        status = status == LS_OK ? do_acts(r, &reply, machine, &waits) : status;
    }
    return status == LS_OK && !waits ? let_begin(r, machine) : status;
}

static ls_status serve_together(rehearsal *r, const ls_question *questions, uint32_t count) {
    ls_rehearse_reply replies[LS_TOGETHER_MAX];
    ls_status status = ask_several(r, questions, count, replies);
    status = status == LS_OK ? do_what_leaves(r, questions, replies, count) : status;
    for (uint32_t i = 0; i < count; i++) {
        r->out->changed += replies[i].leaves && replies[i].changed;
        r->out->futures += replies[i].futures;
    }
    // Who comes in by the line's own rule does so before machines go by it.
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        const uint32_t class = questions[i].subject;
        if (!replies[i].leaves && is_entry(r, &questions[i]) && r->entries[class].until_us == 0) {
            status = let_in(r, class);
        }
    }
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (!replies[i].leaves && !is_entry(r, &questions[i])) {
            status = follow_base(r, questions[i].subject);
        }
    }
    r->out->questions += count;
    r->out->together += count;
    return status;
}

// Classes in whose order pool lots wait, also those that are put off for longer: as many as there
// is room for.
static uint32_t find_entries(rehearsal *r, ls_question *out, uint32_t most) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->def->twin->model->releases && count < most; i++) {
        entry *e = r->entries + i;
        const ls_ctx c = ls_look(r->def->twin, r->plant);
        if (e->used && c.release[i].pooled > 0) {
            e->until_us = entry_is_shut(&c, e, i) ? e->until_us : 0;
            e->seen = c.release[i].released;
            out[count++] = (ls_question){.point = e->point, .subject = i};
        }
    }
    return count;
}

// Those that were left for one search, where it is still a choice for more than one of them. With
// entries what comes in is decided in the same search.
static ls_status serve_left(rehearsal *r, const uint32_t *machines, uint32_t count, bool entries) {
    ls_question open[LS_TOGETHER_MAX];
    uint32_t open_count = 0;
    const uint32_t more = entries ? find_entries(r, open, LS_TOGETHER_MAX - count) : 0;
    show_present(r);
    for (uint32_t i = 0; i < count; i++) {
        open_count += find_question(r, machines[i], &open[more + open_count]);
    }
    if (more + open_count > 1 && open_count == count) {
        return serve_together(r, open, more + count);
    }
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        show_present(r);
        status = serve_machine(r, machines[i]);
    }
    return status;
}

static ls_status serve_machines(rehearsal *r, bool entries) {
    ls_status status = LS_OK;
    uint32_t left[LS_TOGETHER_MAX];
    uint32_t left_count = 0;
    const uint32_t machines = r->def->twin->model->machines;
    for (uint32_t i = 0; i < machines && status == LS_OK; i++) {
        if (!r->gates[i].used) {
            continue;
        }
        const ls_ctx c = ls_look(r->def->twin, r->plant);
        ls_question question;
        if (would_begin(&c, i) && is_due(r, i)) {
            if (r->def->ask_together != NULL && left_count < LS_TOGETHER_MAX &&
                find_question(r, i, &question)) {
                left[left_count++] = i;
            } else {
                status = serve_machine(r, i);
            }
        } else if (c.machine[i].phase != LS_PHASE_NONE || c.machine[i].mode != 0) {
            r->gates[i].waits = false;
            r->gates[i].until_us = 0;  // it will be looked at when it is free
        }
    }
    return status == LS_OK && left_count > 0 ? serve_left(r, left, left_count, entries) : status;
}

// Asks about the classes in whose pool lots wait, where one is new or has waited long enough.
static ls_status serve_entries(rehearsal *r) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < r->def->twin->model->releases && status == LS_OK; i++) {
        entry *e = r->entries + i;
        const ls_ctx c = ls_look(r->def->twin, r->plant);
        if (!e->used || c.release[i].pooled == 0 || entry_is_shut(&c, e, i)) {
            continue;
        }
        e->until_us = 0;
        e->seen = c.release[i].released;
        show_present(r);
        const ls_question question = {.point = e->point, .subject = i};
        ls_rehearse_reply reply;
        bool waits = false;
        status = ask(r, &question, &reply);
        status = status == LS_OK ? do_acts(r, &reply, LS_NONE, &waits) : status;
        status = status == LS_OK && !waits ? let_in(r, i) : status;
    }
    return status;
}

static ls_status serve_point(rehearsal *r, uint32_t point) {
    const ls_decide_point *p = r->def->plant->decide.points + point;
    const ls_ctx c = ls_look(r->def->twin, r->plant);
    const bool of_station = p->station != LS_NONE;
    const uint32_t first = of_station                      ? c.stations[p->station].machine_at
                           : p->kind == LS_DECIDE_STAFFING ? p->operators
                                                           : p->release;
    const uint32_t count = of_station ? c.stations[p->station].machine_count : 1;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        const ls_question question = {.point = point, .subject = first + i};
        show_present(r);
        ls_rehearse_reply reply;
        bool waits = false;
        if (ls_question_is_open(r->def->plant, r->def->twin, r->present, &question)) {
            status = ask(r, &question, &reply);
            status = status == LS_OK ? do_acts(r, &reply, LS_NONE, &waits) : status;
        }
    }
    return status;
}

static ls_status serve_points(rehearsal *r) {
    const ls_plant *plant = r->def->plant;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < plant->decide.point_count && status == LS_OK; i++) {
        if (r->next_us[i] <= r->plant->state->now) {
            r->next_us[i] += plant->decide.points[i].every_us;
            status = serve_point(r, i);
        }
    }
    return status;
}

static bool is_asked_by_time(const ls_decide_point *p) {
    const bool of_lots = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                         p->kind == LS_DECIDE_SETUP;
    return !of_lots && p->kind != LS_DECIDE_SETPOINT && p->every_us > 0;
}

// Holds the machines whose lots are decided. One whose station has no waiting place is left alone:
// held, it would keep out the very lot it could be asked about.
static ls_status take_charge(rehearsal *r) {
    const ls_plant *plant = r->def->plant;
    const ls_ctx c = ls_look(r->def->twin, r->plant);
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        r->next_us[i] = is_asked_by_time(p) ? c.now + p->every_us : LS_NEVER;
        if (p->kind == LS_DECIDE_RELEASE && c.releases[p->release].pool != 0 &&
            !r->entries[p->release].used && r->next_us[i] == LS_NEVER && status == LS_OK) {
            r->entries[p->release] = (entry){.used = true, .point = i};
            status = ls_intervene_put_off(r->def->twin, r->plant, p->release, LS_NEVER, r->err);
        }
        const bool of_lots = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                             p->kind == LS_DECIDE_SETUP;
        if (!of_lots || c.stations[p->station].places == 0) {
            continue;
        }
        const ls_m_station *st = c.stations + p->station;
        for (uint32_t k = 0; k < st->machine_count && status == LS_OK; k++) {
            r->gates[st->machine_at + k].used = true;
            status = shut(r, st->machine_at + k);
        }
    }
    return status;
}

static void count_until(rehearsal *r, int64_t from_us, int64_t to_us, double lots) {
    const int64_t from = from_us > r->count_from_us ? from_us : r->count_from_us;
    r->wip_area += to_us > from ? lots * (double)(to_us - from) : 0.0;
}

// Before which time must the plant be looked at even if nothing happens?
static int64_t look_again(const rehearsal *r, int64_t end_us) {
    int64_t at = end_us;
    for (uint32_t i = 0; i < r->def->plant->decide.point_count; i++) {
        at = r->next_us[i] < at ? r->next_us[i] : at;
    }
    const ls_ctx c = ls_look(r->def->twin, r->plant);
    for (uint32_t i = 0; i < c.m->machines; i++) {
        const gate *g = r->gates + i;
        if (g->used && g->waits && g->until_us < at && g->until_us > c.now) {
            at = g->until_us;
        }
    }
    for (uint32_t i = 0; i < c.m->releases; i++) {
        const entry *e = r->entries + i;
        if (e->used && c.release[i].pooled > 0 && e->until_us < at && e->until_us > c.now) {
            at = e->until_us;
        }
    }
    return at;
}

// Up to the end; every moment in which something happened, once it is over, is a moment to decide.
static ls_status run_decided(rehearsal *r, int64_t end_us) {
    ls_status status = r->def->ask == NULL ? LS_OK : serve_machines(r, false);
    while (status == LS_OK && r->plant->state->now < end_us) {
        if (r->def->stop != NULL && atomic_load(r->def->stop)) {
            return ls_fail(r->err, LS_ERR_STOPPED, "stopped");
        }
        const int64_t before = r->plant->state->now;
        const double lots = (double)ls_snapshot_lots(r->plant);
        const ls_ctx present = ls_look(r->def->twin, r->plant);
        const int64_t event = next_event(&present);
        const int64_t latest = r->def->ask == NULL ? end_us : look_again(r, end_us);
        // Not beyond the event: a step that ends with it would go on to `until` by itself.
        const int64_t until = event < latest ? event : latest;
        uint64_t done = 0;
        status = ls_snapshot_step(r->def->twin, r->plant, until, 1, &done, r->err);
        const int64_t now = r->plant->state->now;
        count_until(r, before, now, lots);
        const ls_ctx c = ls_look(r->def->twin, r->plant);
        if (status == LS_OK && r->def->ask != NULL && next_event(&c) > now) {
            status = serve_points(r);
            if (status == LS_OK && r->def->ask_together != NULL) {
                status = serve_machines(r, true);
            }
            status = status == LS_OK ? serve_entries(r) : status;
            status = status == LS_OK ? serve_machines(r, false) : status;
        }
    }
    return status;
}

typedef struct totals {
    double cycle_us, tardy_us, dated, on_time, outside_us;
    uint64_t released, done, scrapped, entered;
} totals;

static totals totals_of(const ls_ctx *c) {
    totals t = {0};
    for (uint32_t i = 0; i < c->m->releases; i++) {
        const ls_s_release *rs = c->release + i;
        t.cycle_us += (double)rs->cycle_sum;
        t.tardy_us += (double)rs->tardy_sum;
        t.dated += (double)rs->dated;
        t.on_time += (double)rs->on_time;
        t.outside_us += (double)rs->pool_sum;
        t.entered += rs->pool_entered;
        t.released += rs->released;
        t.done += rs->done;
        t.scrapped += rs->scrapped;
    }
    return t;
}

static void finish(rehearsal *r, const totals *from) {
    const ls_ctx c = ls_look(r->def->twin, r->plant);
    const totals to = totals_of(&c);
    ls_rehearse_result *out = r->out;
    const double for_us = (double)r->def->for_us;
    const double done = (double)(to.done - from->done);
    const double dated = to.dated - from->dated;
    out->wip = r->wip_area / for_us;
    out->cycle_h = (to.cycle_us - from->cycle_us) / done / HOUR_US;
    out->per_week = done * WEEK_US / for_us;
    out->on_time = dated > 0 ? (to.on_time - from->on_time) / dated : NAN;
    out->tardiness_h = dated > 0 ? (to.tardy_us - from->tardy_us) / dated / HOUR_US : NAN;
    const double entered = (double)(to.entered - from->entered);
    out->outside_h = entered > 0 ? (to.outside_us - from->outside_us) / entered / HOUR_US : NAN;
    out->released = to.released - from->released;
    out->done = to.done - from->done;
    out->scrapped = to.scrapped - from->scrapped;
    out->hash = ls_snapshot_hash(r->plant);
}

static ls_status rehearse(rehearsal *r) {
    const ls_rehearse_def *def = r->def;
    const int64_t counted = def->warmup_us + def->settle_us;
    r->count_from_us = LS_NEVER;
    ls_status status = ls_snapshot_run(def->twin, r->plant, def->warmup_us, r->err);
    if (status == LS_OK && def->ask != NULL) {
        status = take_charge(r);
    }
    status = status == LS_OK ? run_decided(r, counted) : status;
    const ls_ctx c = ls_look(def->twin, r->plant);
    const totals from = totals_of(&c);
    const uint64_t questions = r->out->questions;
    const uint64_t changed = r->out->changed;
    const uint64_t futures = r->out->futures;
    const uint64_t together = r->out->together;
    r->count_from_us = counted;
    status = status == LS_OK ? run_decided(r, counted + def->for_us) : status;
    r->out->questions -= questions;
    r->out->changed -= changed;
    r->out->futures -= futures;
    r->out->together -= together;
    if (status == LS_OK) {
        finish(r, &from);
    }
    return status;
}

ls_status ls_rehearse(const ls_rehearse_def *def, ls_rehearse_result *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    rehearsal r = {.def = def, .out = out, .err = err};
    ls_status status = ls_snapshot_create(def->twin, def->seed, def->replication, &r.plant, err);
    status = status == LS_OK ? ls_snapshot_copy(def->twin, r.plant, &r.present, err) : status;
    r.gates = ls_alloc(def->twin->model->machines * sizeof(gate) + 1);
    r.entries = ls_alloc(def->twin->model->releases * sizeof(entry) + 1);
    r.next_us = ls_alloc((def->plant->decide.point_count + 1) * sizeof(int64_t));
    if (status == LS_OK && (r.gates == NULL || r.entries == NULL || r.next_us == NULL)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status == LS_OK) {
        memset(r.gates, 0, def->twin->model->machines * sizeof(gate));
        memset(r.entries, 0, def->twin->model->releases * sizeof(entry));
        for (uint32_t i = 0; i <= def->plant->decide.point_count; i++) {
            r.next_us[i] = LS_NEVER;
        }
        status = rehearse(&r);
    }
    ls_snapshot_destroy(r.plant);
    ls_snapshot_destroy(r.present);
    ls_free(r.gates);
    ls_free(r.entries);
    ls_free(r.next_us);
    return status;
}
