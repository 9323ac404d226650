// emulate_truth.c - hidden truths at work: lengths are bent as they begin, sensors lie.
//
// The kernel draws what the plant file says. After each event, whatever began in it (a setup, an
// operation, a repair, the time to the next failure) takes its true length; nobody outside has seen
// it yet, so the line is consistent. Every time is a whole microsecond again.
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "line/emulate_inside.h"
#include "twin/follow/watch.h"
#include "twin/intervene.h"
#include "twin/phase.h"

// --- the twin, with habits

static bool has_habit(const ls_emulate *e, uint32_t station) {
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        if (h->kind == LS_HIDE_LAST_FIRST && h->station == station) {
            return true;
        }
    }
    return false;
}

ls_status ls_emulate_compile(ls_emulate *e, ls_error *err) {
    const ls_plant *plant = e->plant;
    ls_plant bent = *plant;  // the arrays that differ are our own
    bent.stations = ls_arena_alloc(&e->arena, (plant->station_count + 1) * sizeof *bent.stations);
    bent.criteria = ls_arena_alloc(&e->arena, (plant->criterion_count + 1) * sizeof *bent.criteria);
    e->applied = ls_arena_alloc(&e->arena,
                                8 * (size_t)(e->def.hide != NULL ? e->def.hide->count + 1 : 1));
    e->lies = ls_arena_alloc(&e->arena,
                             4 * (size_t)(e->def.hide != NULL ? e->def.hide->count + 1 : 1));
    if (bent.stations == NULL || bent.criteria == NULL || e->applied == NULL || e->lies == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < plant->criterion_count; i++) {
        bent.criteria[i] = plant->criteria[i];
    }
    bent.criteria[bent.criterion_count++] = (ls_criterion){.rule = LS_RULE_LIFO};
    for (uint32_t i = 0; i < plant->station_count; i++) {
        bent.stations[i] = plant->stations[i];
        if (has_habit(e, i)) {
            bent.stations[i].criterion_at = plant->criterion_count;
            bent.stations[i].criterion_count = 1;
        }
    }
    return ls_twin_create(&bent, &e->twin, err);
}

// --- factors

static bool concerns(const ls_emulate *e, const ls_hidden *h, ls_hide_kind kind, uint32_t machine,
                     uint32_t failure) {
    const ls_m_machine *machines = LS_MODEL_ARRAY(e->twin->model, ls_m_machine, machine_at);
    return h->kind == kind && h->station == machines[machine].station &&
           (h->machine == LS_NO || h->machine == machine) &&
           (h->failure == LS_NO || h->failure == failure);
}

static double factor_at(const ls_emulate *e, ls_hide_kind kind, uint32_t machine, uint32_t failure,
                        int64_t now_us) {
    double factor = 1.0;
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        if (concerns(e, h, kind, machine, failure) && ls_hidden_is_on(h, now_us)) {
            const double all = ls_hidden_factor(h, now_us);
            factor *= h->worn ? fmax(1.0 + (all - 1.0) * ls_emulate_wear_share(e, machine), 0.001)
                              : all;
            e->applied[i]++;
        }
    }
    return factor;
}

double ls_emulate_factor(const ls_emulate *e, ls_hide_kind kind, uint32_t machine,
                         uint32_t failure) {
    return factor_at(e, kind, machine, failure, ls_emulate_now(e));
}

static ls_i64 times(ls_i64 us, double factor) {
    const double bent = floor((double)us * factor + 0.5);
    return bent < 4.0e18 ? (ls_i64)bent : (ls_i64)4000000000000000000;
}

// --- lengths

// Has this phase begun in the event that leads from `a` to `b`?
static bool phase_began(const ls_s_machine *a, const ls_s_machine *b, ls_i64 now) {
    const bool goes_on = a->phase == b->phase && a->lots == b->lots &&
                         a->phase_total == b->phase_total &&
                         (a->phase_since == b->phase_since || a->phase_since == LS_NEVER);
    return b->phase != LS_PHASE_NONE && b->phase_total != LS_NEVER && b->phase_elapsed == 0 &&
           b->phase_since == now && !goes_on;
}

// Clocks of failures by busy time look at the phase's end again.
static void clocks_again(ls_ctx *c, ls_u32 machine) {
    const ls_s_machine *mc = c->machine + machine;
    const ls_m_station *st = c->stations + c->machines[machine].station;
    if ((st->features & LS_F_FAILS) != 0 && mc->phase != LS_PHASE_NONE &&
        mc->phase != LS_PHASE_SETUP && mc->phase_since != LS_NEVER) {
        ls_busy_clocks_stop(c, machine);
        ls_busy_clocks_start(
            c, machine,
            c->now + (mc->phase_total - mc->phase_elapsed - (c->now - mc->phase_since)));
    }
}

// How the lots are that a machine begins to make now, by the condition in which it is. Nobody sees
// it before they are inspected; where no step looks at them before they leave, nobody ever does.
static void bend_quality(ls_emulate *e, ls_ctx *c, ls_u32 machine) {
    const double factor = ls_emulate_factor(e, LS_HIDE_QUALITY, machine, LS_NO);
    if (factor == 1.0) {
        return;
    }
    for (ls_u32 lot = c->machine[machine].lots; lot != LS_NO; lot = c->lot[lot].next) {
        const double usual = ls_intervene_usual_bad(e->twin, e->snapshot, lot);
        if (!isnan(usual)) {
            (void)ls_intervene_told_bad(e->twin, e->snapshot, lot, fmin(usual * factor, 1.0), NULL);
        }
    }
}

static void bend_phase(ls_emulate *e, ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->phase == LS_PHASE_RUN) {
        bend_quality(e, c, machine);
    }
    const double factor = mc->phase == LS_PHASE_SETUP
                              ? ls_emulate_factor(e, LS_HIDE_SETUP, machine, LS_NO)
                          : mc->phase == LS_PHASE_RUN
                              ? ls_emulate_factor(e, LS_HIDE_PROCESS, machine, LS_NO)
                              : 1.0;
    if (factor == 1.0) {
        return;
    }
    mc->phase_total = times(mc->phase_total, factor);
    mc->lag = mc->phase == LS_PHASE_RUN ? times(mc->lag, factor) : mc->lag;
    ls_source_set(c, c->m->source_machine + machine, c->now + mc->phase_total);
    clocks_again(c, machine);
}

static uint32_t failure_of(const ls_emulate *e, const ls_ctx *c, ls_u32 at) {
    const ls_u32 machine = c->modes[at].machine;
    const ls_u32 station = c->machines[machine].station;
    return ls_watch_failure(e->plant, station, machine - c->stations[station].machine_at,
                            at - c->machines[machine].mode_at);
}

// What is left to the next failure, times factor.
static void bend_rest(ls_ctx *c, ls_u32 at, double factor) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *sm = c->mode + at;
    const ls_i64 elapsed = sm->elapsed + (sm->since == LS_NEVER ? 0 : c->now - sm->since);
    const int counts = mode->by != LS_FAIL_BUSY && mode->by != LS_FAIL_CALENDAR;
    sm->total = elapsed + times(sm->total - elapsed, factor);
    if (counts) {
        sm->total = sm->total <= elapsed ? elapsed + 1 : sm->total;
    } else if (mode->by == LS_FAIL_CALENDAR && sm->since != LS_NEVER) {
        ls_source_set(c, c->m->source_mode + at, sm->since + (sm->total - sm->elapsed));
    } else if (mode->by == LS_FAIL_BUSY) {
        clocks_again(c, mode->machine);
    }
}

// How often a failure comes, times factor: a tool that wears faster fails sooner.
static double failing(const ls_emulate *e, const ls_ctx *c, ls_u32 at, int64_t now_us) {
    const ls_m_mode *mode = c->modes + at;
    const double often = factor_at(e, LS_HIDE_FAILURES, mode->machine, failure_of(e, c, at),
                                   now_us);
    return mode->condition == 0 ? often
                                : often * factor_at(e, LS_HIDE_WEAR, mode->machine, LS_NO, now_us);
}

static void bend_mode(ls_emulate *e, ls_ctx *c, const ls_s_mode *a, ls_u32 at) {
    const ls_m_mode *mode = c->modes + at;
    ls_s_mode *b = c->mode + at;
    if (b->active != 0 && b->waits == 0 && (a->active == 0 || a->waits != 0)) {
        const double factor = ls_emulate_factor(e, LS_HIDE_REPAIR, mode->machine,
                                                failure_of(e, c, at));
        b->total = times(b->total, factor);
        ls_source_set(c, c->m->source_mode + at, b->since + (b->total - b->elapsed));
    } else if (b->active == 0 && (a->active != 0 || a->total != b->total) &&
               mode->maintenance == 0) {  // after a repair, or because its part was renewed
        const double factor = failing(e, c, at, ls_emulate_now(e));
        if (factor != 1.0) {
            bend_rest(c, at, 1.0 / factor);
        }
    }
}

static ls_ctx context(ls_emulate *e) {
    ls_ctx c;
    ls_ctx_open(&c, e->twin->model, e->snapshot->state, &e->snapshot->scratch);
    return c;
}

void ls_emulate_bend(ls_emulate *e) {
    if (e->def.hide == NULL) {
        return;
    }
    ls_ctx c = context(e);
    const ls_ctx a = ls_emulate_context(e, e->before);
    for (ls_u32 i = 0; i < c.m->machines; i++) {
        if (phase_began(a.machine + i, c.machine + i, c.now)) {
            bend_phase(e, &c, i);
        }
    }
    for (ls_u32 i = 0; i < c.m->modes; i++) {
        bend_mode(e, &c, a.mode + i, i);
    }
}

// Failures come from now on `factor` times as often as they did.
static void turn_failures(ls_emulate *e, int64_t before_us, int64_t now_us) {
    ls_ctx c = context(e);
    for (ls_u32 i = 0; i < c.m->modes; i++) {
        const ls_m_mode *mode = c.modes + i;
        const ls_u32 k = i - c.machines[mode->machine].mode_at;
        const bool waits = ((c.machine[mode->machine].pending >> k) & 1) != 0;
        if (mode->maintenance != 0 || c.mode[i].active != 0 || waits) {
            continue;
        }
        const double was = before_us < 0 ? 1.0 : failing(e, &c, i, before_us);
        const double is = failing(e, &c, i, now_us);
        if (was != is) {
            bend_rest(&c, i, was / is);
        }
    }
}

// What began at time zero, before anybody could look.
void ls_emulate_bend_start(ls_emulate *e) {
    if (e->def.hide == NULL) {
        return;
    }
    ls_ctx c = context(e);
    for (ls_u32 i = 0; i < c.m->machines; i++) {
        if (c.machine[i].phase != LS_PHASE_NONE && c.machine[i].phase_since == c.now) {
            bend_phase(e, &c, i);
        }
    }
    turn_failures(e, -1, 0);
}

int64_t ls_emulate_next_turn(const ls_emulate *e) {
    int64_t next = LS_NEVER;
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        next = h->from_us > e->turned_us && h->from_us < next ? h->from_us : next;
        next = h->until_us > e->turned_us && h->until_us < next ? h->until_us : next;
    }
    return next;
}

void ls_emulate_turn(ls_emulate *e, int64_t now_us) {
    turn_failures(e, now_us - 1, now_us);
    e->turned_us = now_us;
}

// --- sensors

ls_status ls_emulate_resolve(ls_emulate *e, const char *file, ls_error *err) {
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        e->lies[i] = LS_NO;
        if (h->kind != LS_HIDE_SENSOR) {
            continue;
        }
        e->lies[i] = ls_emulate_find(e, h->device, h->signal);
        const ls_emulate_signal *s = ls_emulate_signal_get(e, e->lies[i]);
        const bool counter = s != NULL &&
                             (strcmp(s->name, "Good") == 0 || strcmp(s->name, "Bad") == 0);
        const char *why = s == NULL || s->writable || strncmp(s->name, "Command/", 8) == 0
                              ? "the line has no such sensor"
                          : h->miss > 0.0 && !counter ? "only counters, Good and Bad, can miss"
                          : (h->offset != 0.0 || h->noise != 0.0 || h->factor != 1.0 ||
                             h->grow_per_h != 0.0) &&
                                  s->kind != LS_VALUE_REAL
                              ? "only measured values can be off"
                              : NULL;
        if (why != NULL) {
            return ls_fail_at(err, LS_ERR_INVALID, file, h->line, h->column, "'%s': %s/%s: %s",
                              h->name, h->device, h->signal, why);
        }
    }
    return LS_OK;
}

// A triangle of this standard deviation, drawn anew whenever measured values are looked at.
static double noise_of(const ls_emulate *e, uint32_t truth, double deviation) {
    const uint64_t look = (uint64_t)(ls_emulate_now(e) / EMULATE_TICK_US);
    const double a = ls_random_uniform(e->noise_key, 0x20000 + truth, 2 * look);
    const double b = ls_random_uniform(e->noise_key, 0x20000 + truth, 2 * look + 1);
    return deviation * sqrt(6.0) * (a - b);
}

double ls_emulate_lie(const ls_emulate *e, uint32_t signal, double value, bool *out_stuck) {
    const int64_t now_us = ls_emulate_now(e);
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        if (h->kind == LS_HIDE_SENSOR && e->lies[i] == signal && ls_hidden_is_on(h, now_us)) {
            value = value * ls_hidden_factor(h, now_us) + h->offset;
            value += h->noise > 0.0 ? noise_of(e, i, h->noise) : 0.0;
            *out_stuck |= h->stuck;
            e->applied[i] += h->miss == 0.0;
        }
    }
    return value;
}

uint64_t ls_emulate_missed(ls_emulate *e, uint32_t signal, uint64_t more) {
    uint64_t missed = 0;
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        const ls_hidden *h = &e->def.hide->items[i];
        if (h->kind != LS_HIDE_SENSOR || e->lies[i] != signal || h->miss == 0.0 ||
            !ls_hidden_is_on(h, ls_emulate_now(e))) {
            continue;
        }
        for (uint64_t k = missed; k < more; k++) {
            if (ls_random_uniform(e->noise_key, 0x10000 + signal, e->misses++) < h->miss) {
                missed++;
                e->applied[i]++;
            }
        }
    }
    return missed;
}

// --- the truth, for tests and teachers

static const char *const where_names[] = {"free",    "waiting", "machine", "lag", "transit",
                                          "outside", "leaving", "blocked", "pool"};

static json_t *lot_json(const ls_emulate *e, const ls_ctx *c, uint32_t slot) {
    const ls_lot *lot = c->lot + slot;
    const bool inside = lot->where == LS_LOT_MACHINE || lot->where == LS_LOT_LAG ||
                        lot->where == LS_LOT_LEFT;
    char name[EMULATE_NAME_SIZE];
    ls_emulate_lot_name(e, lot->serial, name, sizeof name);
    const ls_step *step = &e->plant->steps[lot->step];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "lot", name, "class",
                     e->plant->releases[lot->release].name, "step", step->name, "station",
                     e->plant->stations[step->station].name, "where", where_names[lot->where],
                     "machine", inside ? e->plant->machines[lot->machine].name : NULL);
}

static json_t *machine_json(const ls_emulate *e, const ls_ctx *c, uint32_t i) {
    static const char *const states[LS_STATE_COUNT] = {
        "starved", "processing", "setup", "blocked", "down", "maintenance", "off", "operator"};
    const ls_s_machine *mc = c->machine + i;
    uint32_t reason = 0;
    const int packml = ls_watch_packml(e->plant, e->twin, e->snapshot->state, i, &reason);
    const emulate_tool *tool = ls_emulate_tool(e, i);
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:i, s:s?, s:b, s:b, s:I, s:I, s:f}", "machine",
        e->plant->machines[i].name, "station", e->plant->stations[c->machines[i].station].name,
        "state", states[mc->account], "packml", packml, "reason",
        reason > 0 ? e->plant->failures[reason - 1].name : NULL, "stopped",
        (mc->hand & LS_HAND_STOPPED) != 0, "held", (mc->hand & LS_HAND_HELD) != 0, "good",
        (json_int_t)e->machines[i].good, "bad", (json_int_t)e->machines[i].bad, "tool_hours",
        e->machines[i].worked_h);
    if (tool != NULL) {
        json_object_set_new(root, "worn", json_real(tool->worn));
        json_object_set_new(root, "fails_at", json_real(tool->fails_at));
    }
    return root;
}

static json_t *hidden_json(const ls_emulate *e, uint32_t i) {
    const ls_hidden *h = &e->def.hide->items[i];
    const int64_t now_us = ls_emulate_now(e);
    return json_pack("{s:s, s:s, s:b, s:f, s:I, s:I}", "name", h->name, "kind",
                     ls_hide_kind_name(h->kind), "on", ls_hidden_is_on(h, now_us), "factor",
                     ls_hidden_factor(h, now_us), "from_us", (json_int_t)h->from_us, "applied",
                     (json_int_t)e->applied[i]);
}

static json_t *process_json(const ls_emulate_process *process) {
    const ls_emulate_process_truth truth = ls_emulate_process_describe(process);
    json_t *acting = json_array();
    for (int i = 0; i < 32; i++) {
        if ((truth.idv >> i & 1U) != 0) {
            json_array_append_new(acting, json_integer(i + 1));
        }
    }
    return json_pack("{s:o, s:o, s:I}", "idv", acting, "shut_down_by",
                     truth.trip != 0 ? json_string(truth.trip_text) : json_null(), "steps",
                     (json_int_t)truth.steps);
}

void ls_emulate_truth(const ls_emulate *e, ls_buffer *out) {
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    const ls_emulate_figures f = ls_emulate_describe(e);
    json_t *lots = json_array();
    json_t *machines = json_array();
    json_t *queues = json_object();
    json_t *hidden = json_array();
    for (uint32_t i = 0; i < c.s->lot_used; i++) {
        if (c.lot[i].where != LS_LOT_FREE) {
            json_array_append_new(lots, lot_json(e, &c, i));
        }
    }
    for (uint32_t i = 0; i < c.m->machines; i++) {
        json_array_append_new(machines, machine_json(e, &c, i));
    }
    for (uint32_t i = 0; i < c.m->stations; i++) {
        json_object_set_new(queues, e->plant->stations[i].name, json_integer(c.station[i].waiting));
    }
    for (uint32_t i = 0; e->def.hide != NULL && i < e->def.hide->count; i++) {
        json_array_append_new(hidden, hidden_json(e, i));
    }
    json_t *root = json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
                             "what", "truth of an emulated line", "version", 1, "plant",
                             e->plant->name, "now_us", (json_int_t)c.s->now, "clock_us",
                             (json_int_t)(e->plant->start_us + c.s->now), "released",
                             (json_int_t)f.released, "done", (json_int_t)f.done, "scrapped",
                             (json_int_t)f.scrapped, "told", (json_int_t)f.told, "lots", lots,
                             "machines", machines, "queues", queues, "hidden", hidden);
    if (e->process != NULL) {
        json_object_set_new(root, "process", process_json(e->process));
    }
    char *text = json_dumps(root, JSON_INDENT(1));
    if (text == NULL) {
        out->failed = true;
    } else {
        ls_buffer_printf(out, "%s\n", text);
    }
    free(text);
    json_decref(root);
}
