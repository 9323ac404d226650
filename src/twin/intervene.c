// intervene.c - may the control system do that now? If so, the kernel does it (hand.h).
#include "twin/intervene.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "plant/decide.h"
#include "twin/context.h"
#include "twin/hand.h"

// The arrays of a snapshot, for reading.
static ls_ctx context_of(const ls_twin *twin, const ls_snapshot *snapshot) {
    ls_ctx c;
    ls_scratch none = {0};
    ls_ctx_open(&c, twin->model, snapshot->state, &none);
    c.x = NULL;
    return c;
}

static ls_status act(const ls_twin *twin, ls_snapshot *snapshot, uint32_t kind, uint32_t index,
                     int64_t value) {
    const uint32_t later = snapshot->acts_wait ? (uint32_t)LS_ACT_LATER : 0;
    twin->kernel->hand(twin->model, snapshot->state, &snapshot->scratch, kind | later, index,
                       value);
    snapshot->scratch.still = 0;
    return LS_OK;
}

// What holds for every act on a machine.
static ls_status check_machine(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t machine,
                               ls_error *err) {
    if (machine >= twin->model->machines) {
        return ls_fail(err, LS_ERR_INVALID, "no machine %u, there are %u", machine,
                       twin->model->machines);
    }
    if (snapshot->state->stopped != 0) {
        return ls_fail(err, LS_ERR_INVALID, "plant '%s' has ended", twin->name);
    }
    return LS_OK;
}

static bool is_stopped(const ls_snapshot *snapshot, const ls_twin *twin, uint32_t machine) {
    const ls_ctx c = context_of(twin, snapshot);
    return (c.machine[machine].hand & LS_HAND_STOPPED) != 0;
}

static ls_status choose(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                        uint32_t lot_index, uint32_t pure, ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status != LS_OK || lot_index == LS_NO) {
        return status != LS_OK ? status : act(twin, snapshot, LS_ACT_CHOOSE, machine, 0);
    }
    const ls_ctx c = context_of(twin, snapshot);
    const uint32_t station = c.machines[machine].station;
    if (lot_index >= c.s->lot_used || c.lot[lot_index].where == LS_LOT_FREE) {
        return ls_fail(err, LS_ERR_INVALID, "no such lot");
    }
    if (!ls_lot_comes(&c, lot_index, station)) {
        return ls_fail(err, LS_ERR_INVALID, "the lot neither waits at %s nor is on its way there",
                       twin->stations[station]);
    }
    const uint32_t queue = ls_queue_of(&c, lot_index, c.steps + c.lot[lot_index].step);
    const ls_u64 *mask = c.masks + c.machines[machine].mask_at;
    if (((mask[queue >> 6] >> (queue & 63)) & 1) == 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s must not do the lot's step %s",
                       twin->machines[machine], twin->steps[c.lot[lot_index].step]);
    }
    return act(twin, snapshot, LS_ACT_CHOOSE, machine, (int64_t)((lot_index + 1) | pure));
}

ls_status ls_intervene_choose(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                              uint32_t lot_index, ls_error *err) {
    return choose(twin, snapshot, machine, lot_index, 0, err);
}

ls_status ls_intervene_choose_pure(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                                   uint32_t lot_index, ls_error *err) {
    const ls_ctx c = context_of(twin, snapshot);
    if (machine < c.m->machines &&
        (c.stations[c.machines[machine].station].features & LS_F_BATCH) == 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s makes no batches", twin->machines[machine]);
    }
    return choose(twin, snapshot, machine, lot_index, LS_CHOSEN_PURE, err);
}

ls_status ls_intervene_hold(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                            int64_t until_us, ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status != LS_OK) {
        return status;
    }
    if (until_us < 0 || (until_us != 0 && until_us <= snapshot->state->now)) {
        return ls_fail(err, LS_ERR_INVALID, "%s cannot be held until a time that has passed",
                       twin->machines[machine]);
    }
    return act(twin, snapshot, LS_ACT_HOLD, machine, until_us);
}

ls_status ls_intervene_stop(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                            ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status == LS_OK && is_stopped(snapshot, twin, machine)) {
        return ls_fail(err, LS_ERR_INVALID, "%s is stopped already", twin->machines[machine]);
    }
    return status != LS_OK ? status : act(twin, snapshot, LS_ACT_STOP, machine, 0);
}

ls_status ls_intervene_start(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                             ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status == LS_OK && !is_stopped(snapshot, twin, machine)) {
        return ls_fail(err, LS_ERR_INVALID, "%s is not stopped", twin->machines[machine]);
    }
    return status != LS_OK ? status : act(twin, snapshot, LS_ACT_START, machine, 0);
}

ls_status ls_intervene_maintain(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                                uint32_t mode, ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_ctx c = context_of(twin, snapshot);
    const char *name = twin->machines[machine];
    if (mode >= c.machines[machine].mode_count ||
        c.modes[c.machines[machine].mode_at + mode].maintenance == 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s has no such maintenance", name);
    }
    if (c.machine[machine].mode == mode + 1) {
        return ls_fail(err, LS_ERR_INVALID, "%s is in this maintenance already", name);
    }
    if (((c.machine[machine].pending >> mode) & 1) != 0) {
        return ls_fail(err, LS_ERR_INVALID, "this maintenance of %s is due already", name);
    }
    return act(twin, snapshot, LS_ACT_MAINTAIN, machine, mode);
}

uint32_t ls_intervene_setup_step(const ls_twin *twin, uint32_t machine, uint32_t setup) {
    const ls_model *m = twin->model;
    const ls_m_step *steps = LS_MODEL_ARRAY(m, ls_m_step, step_at);
    const uint32_t station = (LS_MODEL_ARRAY(m, ls_m_machine, machine_at) + machine)->station;
    for (uint32_t i = 0; i < m->steps; i++) {
        if (steps[i].station == station && steps[i].setup == setup + 1) {
            return i;
        }
    }
    return LS_NO;
}

ls_status ls_intervene_set_up(const ls_twin *twin, ls_snapshot *snapshot, uint32_t machine,
                              uint32_t setup, ls_error *err) {
    const ls_status status = check_machine(twin, snapshot, machine, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_ctx c = context_of(twin, snapshot);
    const ls_s_machine *mc = c.machine + machine;
    const uint32_t station = c.machines[machine].station;
    const ls_m_station *st = c.stations + station;
    const char *name = twin->machines[machine];
    const uint32_t step = setup < st->setup_count ? ls_intervene_setup_step(twin, machine, setup)
                                                  : LS_NO;
    if (step == LS_NO) {
        return ls_fail(err, LS_ERR_INVALID, "%s has no such setup", name);
    }
    if (mc->phase != LS_PHASE_NONE || mc->lot_count > 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s is at work", name);
    }
    if (mc->mode != 0 || (mc->hand & LS_HAND_STOPPED) != 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s stands still", name);
    }
    if (c.station[station].off != 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s is off shift", twin->stations[station]);
    }
    if (mc->setup == setup + 1) {
        return ls_fail(err, LS_ERR_INVALID, "%s is set up so already", name);
    }
    if (st->min_run != 0 && mc->setup != 0 && mc->run < st->min_run) {
        return ls_fail(err, LS_ERR_INVALID, "%s must first do %u lots of its own setup", name,
                       st->min_run);
    }
    return act(twin, snapshot, LS_ACT_SET_UP, machine, step);
}

// Slots for lots that nobody uses.
static uint32_t slots_free(const ls_ctx *c) {
    uint32_t count = c->m->lots - c->s->lot_used;
    for (uint32_t at = c->s->lot_free; at != LS_NO; at = c->lot[at].next) {
        count++;
    }
    return count;
}

static ls_status check_class(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t release,
                             ls_error *err) {
    if (release >= twin->model->releases) {
        return ls_fail(err, LS_ERR_INVALID, "no class %u, there are %u", release,
                       twin->model->releases);
    }
    if (snapshot->state->stopped != 0) {
        return ls_fail(err, LS_ERR_INVALID, "plant '%s' has ended", twin->name);
    }
    return LS_OK;
}

ls_status ls_intervene_release(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                               ls_error *err) {
    const ls_status status = check_class(twin, snapshot, release, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_ctx c = context_of(twin, snapshot);
    const ls_m_release *r = c.releases + release;
    if (r->pool != 0) {
        return c.release[release].pool_head != 0
                   ? act(twin, snapshot, LS_ACT_RELEASE, release, 0)
                   : ls_fail(err, LS_ERR_INVALID, "no lot of %s waits in its order pool",
                             twin->classes[release]);
    }
    uint32_t lots = r->kind == LS_RELEASE_KEEP ? 1 : r->lots;
    if (r->kind == LS_RELEASE_TIMETABLE) {
        const uint32_t next = c.release[release].next_order;
        if (next >= r->order_at + r->order_count) {
            return ls_fail(err, LS_ERR_INVALID, "no order of %s is left", twin->classes[release]);
        }
        lots = LS_MODEL_ARRAY(c.m, ls_m_order, order_at)[next].lots;
    }
    if (slots_free(&c) < lots) {
        return ls_fail(err, LS_ERR_INVALID, "the plant is full: limit of %u lots", c.m->lots);
    }
    return act(twin, snapshot, LS_ACT_RELEASE, release, 0);
}

ls_status ls_intervene_put_off(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                               int64_t until_us, ls_error *err) {
    const ls_status status = check_class(twin, snapshot, release, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_ctx c = context_of(twin, snapshot);
    if (c.releases[release].pool == 0) {
        return ls_fail(err, LS_ERR_INVALID, "%s has no order pool: its releases say no 'pool: yes'",
                       twin->classes[release]);
    }
    if (until_us < 0 || (until_us != 0 && until_us <= snapshot->state->now)) {
        return ls_fail(err, LS_ERR_INVALID, "%s cannot be put off until a time that has passed",
                       twin->classes[release]);
    }
    return act(twin, snapshot, LS_ACT_PUT_OFF, release, until_us);
}

ls_status ls_intervene_keep(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                            uint32_t lots, ls_error *err) {
    const ls_status status = check_class(twin, snapshot, release, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_ctx c = context_of(twin, snapshot);
    const ls_m_release *r = c.releases + release;
    if (r->kind != LS_RELEASE_KEEP) {
        return ls_fail(err, LS_ERR_INVALID, "%s keeps no number of lots in the plant",
                       twin->classes[release]);
    }
    const int64_t more = (int64_t)lots - ls_kept_of(r, c.release + release);
    if (lots > c.m->lots || more > (int64_t)slots_free(&c)) {
        return ls_fail(err, LS_ERR_INVALID, "the plant is full: limit of %u lots", c.m->lots);
    }
    return act(twin, snapshot, LS_ACT_KEEP, release, lots);
}

ls_status ls_intervene_told_keep(const ls_twin *twin, ls_snapshot *snapshot, uint32_t release,
                                 uint32_t lots, ls_error *err) {
    const ls_status status = check_class(twin, snapshot, release, err);
    if (status != LS_OK) {
        return status;
    }
    ls_ctx c = context_of(twin, snapshot);
    if (c.releases[release].kind != LS_RELEASE_KEEP || lots > c.m->lots) {
        return ls_fail(err, LS_ERR_INVALID, "%s does not keep %u lots in the plant",
                       twin->classes[release], lots);
    }
    uint32_t inside = 0;
    for (uint32_t i = 0; i < c.s->lot_used; i++) {
        inside += c.lot[i].where != LS_LOT_FREE && c.lot[i].release == release;
    }
    ls_s_release *rs = c.release + release;
    rs->kept = lots + 1;
    rs->over = inside > lots ? inside - lots : 0;
    rs->left = lots > inside ? lots - inside : 0;
    ls_source_set(&c, c.m->source_release + release, rs->left > 0 ? c.now : LS_NEVER);
    snapshot->scratch.still = 0;
    return LS_OK;
}

ls_status ls_intervene_staff(const ls_twin *twin, ls_snapshot *snapshot, uint32_t pool,
                             uint32_t people, ls_error *err) {
    if (pool >= twin->model->pools) {
        return ls_fail(err, LS_ERR_INVALID, "no operators %u, there are %u", pool,
                       twin->model->pools);
    }
    if (snapshot->state->stopped != 0) {
        return ls_fail(err, LS_ERR_INVALID, "plant '%s' has ended", twin->name);
    }
    if (people >= UINT16_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "%u operators, at most %u", people, UINT16_MAX - 1);
    }
    return act(twin, snapshot, LS_ACT_STAFF, pool, people);
}

ls_status ls_intervene_told_condition(const ls_twin *twin, ls_snapshot *snapshot,
                                      uint32_t condition, const ls_condition_told *told,
                                      ls_error *err) {
    if (condition >= twin->model->conditions) {
        return ls_fail(err, LS_ERR_INVALID, "no condition %u, there are %u", condition,
                       twin->model->conditions);
    }
    ls_s_condition *s = ls_state_conditions(twin->model, snapshot->state) + condition;
    memset(s, 0, sizeof *s);
    if (told == NULL) {
        return LS_OK;
    }
    // Far above what a plant file may say (1e12), so that no sum leaves the numbers.
    if (!(told->value >= 0.0 && told->value <= 1e15 && told->deviation >= 0.0 &&
          told->deviation <= 1e15)) {
        return ls_fail(err, LS_ERR_INVALID, "%g with an error of %g is no condition", told->value,
                       told->deviation);
    }
    const ls_m_condition *m = ls_model_conditions(twin->model) + condition;
    const double times = told->value * m->pace;
    if (m->mode == LS_NO && !(times >= LS_SLOWNESS_FROM && times <= LS_SLOWNESS_TO)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "%g would stretch process times %g times, which is not between a hundredth "
                       "and a hundred",
                       told->value, times);
    }
    s->value = told->value;
    s->deviation = told->deviation;
    s->told_us = told->at_us < 0 ? 0 : told->at_us;
    s->told = 1;
    return LS_OK;
}

// The step at which a lot is sorted next: its own, else the first ahead; LS_NO: none.
static uint32_t sorting_step(const ls_ctx *c, const ls_lot *lot) {
    const uint32_t product = c->steps[lot->step].product;
    for (uint32_t s = lot->step; s < c->m->steps && c->steps[s].product == product; s++) {
        if (c->steps[s].quality_slot != 0) {
            return s;
        }
    }
    return LS_NO;
}

static ls_status check_lot(const ls_ctx *c, uint32_t lot_index, ls_error *err) {
    return lot_index < c->s->lot_used && c->lot[lot_index].where != LS_LOT_FREE
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "no such lot");
}

ls_status ls_intervene_told_bad(const ls_twin *twin, ls_snapshot *snapshot, uint32_t lot_index,
                                double bad, ls_error *err) {
    const ls_ctx c = context_of(twin, snapshot);
    const ls_status status = check_lot(&c, lot_index, err);
    if (status != LS_OK) {
        return status;
    }
    const uint32_t at = sorting_step(&c, c.lot + lot_index);
    if (at == LS_NO) {
        return ls_fail(err, LS_ERR_INVALID, "the lot is not sorted on its way");
    }
    if (bad < 0.0 || bad > 1.0) {
        return ls_fail(err, LS_ERR_INVALID, "%g is no chance", bad);
    }
    c.memory[(size_t)lot_index * c.m->memory_slots + c.steps[at].quality_slot - 1] =
        isnan(bad) ? 0 : (ls_u16)(bad * LS_TOLD_BAD_MOST + 1.5);
    return LS_OK;
}

double ls_intervene_usual_bad(const ls_twin *twin, const ls_snapshot *snapshot,
                              uint32_t lot_index) {
    const ls_ctx c = context_of(twin, snapshot);
    const uint32_t at = check_lot(&c, lot_index, NULL) == LS_OK
                            ? sorting_step(&c, c.lot + lot_index)
                            : LS_NO;
    if (at == LS_NO) {
        return NAN;
    }
    const ls_m_step *step = c.steps + at;
    const ls_finds finds = {.scrap = (step->features & LS_SF_SCRAP) != 0 ? step->scrap : 0.0,
                            .rework = (step->features & LS_SF_REWORK) != 0 ? step->rework : 0.0};
    return ls_bad_of(&finds);
}

double ls_intervene_bad(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t lot_index) {
    const ls_ctx c = context_of(twin, snapshot);
    const uint32_t at = check_lot(&c, lot_index, NULL) == LS_OK
                            ? sorting_step(&c, c.lot + lot_index)
                            : LS_NO;
    const uint32_t told =
        at != LS_NO ? c.memory[(size_t)lot_index * c.m->memory_slots + c.steps[at].quality_slot - 1]
                    : 0;
    return told != 0 ? (double)(told - 1) / LS_TOLD_BAD_MOST : NAN;
}

// Is there room behind the step that a route goes on with, whatever sampling or choice make of it?
static bool has_room(const ls_ctx *c, uint32_t next) {
    while (next != LS_NO) {
        for (uint32_t i = 0; i <= c->steps[next].alternatives; i++) {
            const uint32_t to = c->steps[next + i].station;
            if ((c->stations[to].features & LS_F_ROOM) != 0 &&
                (c->station[to].blocked_head != LS_NO || !ls_has_room(c, to))) {
                return false;
            }
        }
        next = (c->steps[next].features & LS_SF_SAMPLE) != 0 ? c->steps[next].next : LS_NO;
    }
    return true;
}

ls_status ls_intervene_sort(const ls_twin *twin, ls_snapshot *snapshot, uint32_t lot_index,
                            uint32_t way, ls_error *err) {
    const ls_ctx c = context_of(twin, snapshot);
    ls_status status = check_lot(&c, lot_index, err);
    if (status == LS_OK && snapshot->state->stopped != 0) {
        status = ls_fail(err, LS_ERR_INVALID, "plant '%s' has ended", twin->name);
    }
    if (status != LS_OK) {
        return status;
    }
    const ls_lot *lot = c.lot + lot_index;
    const ls_m_step *step = c.steps + lot->step;
    if (step->quality_slot == 0 || lot->where != LS_LOT_WAITING) {
        return ls_fail(err, LS_ERR_INVALID, "the lot does not wait where lots are sorted");
    }
    if (way == LS_SORT_REWORK && (step->features & LS_SF_REWORK) == 0) {
        return ls_fail(err, LS_ERR_INVALID, "step %s has no rework", twin->steps[lot->step]);
    }
    if (way == LS_SORT_PASS && (step->features & LS_SF_BRANCH) != 0) {
        return ls_fail(err, LS_ERR_INVALID, "step %s leaves open where the lot goes on",
                       twin->steps[lot->step]);
    }
    if (way != LS_SORT_PASS && way != LS_SORT_REWORK && way != LS_SORT_SCRAP) {
        return ls_fail(err, LS_ERR_INVALID, "a lot is sorted by pass, rework or scrap");
    }
    if (way == LS_SORT_REWORK && step->rework_limit != 0 &&
        *ls_rework_count(&c, lot_index, step) >= step->rework_limit) {
        return ls_fail(err, LS_ERR_INVALID, "the lot was reworked %u times, at most so often",
                       step->rework_limit);
    }
    const uint32_t next = way == LS_SORT_REWORK ? step->rework_to : step->next;
    if (way != LS_SORT_SCRAP && !has_room(&c, next)) {
        return ls_fail(err, LS_ERR_INVALID, "there is no room where the lot would go");
    }
    return act(twin, snapshot, LS_ACT_SORT, lot_index, way);
}

uint32_t ls_intervene_kept(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t release) {
    const ls_ctx c = context_of(twin, snapshot);
    const bool keeps = release < c.m->releases && c.releases[release].kind == LS_RELEASE_KEEP;
    return keeps ? (uint32_t)ls_kept_of(c.releases + release, c.release + release) : 0;
}

uint32_t ls_intervene_staffed(const ls_twin *twin, const ls_snapshot *snapshot, uint32_t pool) {
    const ls_ctx c = context_of(twin, snapshot);
    return pool < c.m->pools ? ls_staff_of(LS_MODEL_ARRAY(c.m, ls_m_pool, pool_at) + pool,
                                           LS_STATE_ARRAY(c.m, c.s, ls_s_pool, s_pool) + pool)
                             : 0;
}

void ls_intervene_begin(ls_snapshot *snapshot) {
    snapshot->acts_wait = true;
}

void ls_intervene_settle(const ls_twin *twin, ls_snapshot *snapshot) {
    snapshot->acts_wait = false;
    twin->kernel->settle(twin->model, snapshot->state, &snapshot->scratch);
}
