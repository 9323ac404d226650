// retell.c - see retell.h.
#include "decide/prove/retell.h"

#include <string.h>

#include "base/arena.h"
#include "decide/prove/realised.h"
#include "twin/context.h"
#include "twin/event.h"
#include "twin/fork.h"

enum { STAGE_NONE, STAGE_CLOCK, STAGE_REPAIR };

ls_status ls_retell_init(ls_retell *r, const ls_twin *twin, ls_given given, void *context,
                         ls_error *err) {
    const ls_model *m = twin->model;
    *r = (ls_retell){.twin = twin, .given = given, .context = context};
    r->running = ls_alloc((m->machines + 1) * sizeof *r->running);
    r->begun = ls_alloc((m->machines + 1) * sizeof *r->begun);
    r->released = ls_alloc((m->releases + 1) * sizeof *r->released);
    r->modes = ls_alloc((m->modes + 1) * sizeof *r->modes);
    r->lives = ls_alloc((m->modes + 1) * sizeof *r->lives);
    if (r->running == NULL || r->begun == NULL || r->released == NULL || r->modes == NULL ||
        r->lives == NULL) {
        ls_retell_clear(r);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    return LS_OK;
}

void ls_retell_clear(ls_retell *r) {
    ls_free(r->running);
    ls_free(r->begun);
    ls_free(r->released);
    ls_free(r->modes);
    ls_free(r->lives);
    ls_free(r->lots);
    memset(r, 0, sizeof *r);
}

void ls_retell_restart(ls_retell *r) {
    const ls_model *m = r->twin->model;
    memset(r->running, 0, m->machines * sizeof *r->running);
    memset(r->modes, 0, m->modes * sizeof *r->modes);
    r->forced = r->drawn = 0;
    r->started = false;
    r->failed = false;
}

// ---- lots that came since

uint32_t ls_retell_lot(const ls_retell *r, uint32_t serial) {
    return r->lot == NULL || serial < r->lots_from ? serial
           : serial < r->lots_seen                 ? r->lots[serial - r->lots_from]
                                                   : LS_NO;
}

static bool make_room(ls_retell *r, uint32_t lots) {
    if (lots <= r->lot_capacity) {
        return true;
    }
    const uint32_t capacity = lots < 128 ? 256 : 2 * lots;
    uint32_t *grown = ls_realloc(r->lots, capacity * sizeof *grown);
    if (grown != NULL) {
        r->lots = grown;
        r->lot_capacity = capacity;
    }
    return grown != NULL;
}

// O(lots inside) for each that came.
static uint32_t number_of(const ls_retell *r, const ls_ctx *c, uint32_t serial) {
    for (uint32_t i = 0; i < c->s->lot_used; i++) {
        if (c->lot[i].where != LS_LOT_FREE && c->lot[i].serial == serial) {
            return r->lot(r->context, c->lot[i].release, serial, c->now);
        }
    }
    return LS_NO;  // it came and went in one instant
}

static void look_lots(ls_retell *r, const ls_ctx *c) {
    if (!r->started) {
        r->lots_from = r->lots_seen = c->s->serial;
    }
    if (r->lot == NULL || r->lots_seen == c->s->serial) {
        return;
    }
    if (!make_room(r, c->s->serial - r->lots_from)) {
        r->failed = true;
        return;
    }
    for (; r->lots_seen < c->s->serial; r->lots_seen++) {
        r->lots[r->lots_seen - r->lots_from] = number_of(r, c, r->lots_seen);
    }
}

// ---- longer than a bound

// By rejection: a draw that is above the bound has the right law already. The other one is drawn as
// a fork draws what has run for as long as the bound.
static int64_t process_beyond(ls_ctx *c, uint32_t machine, int64_t bound_us) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->phase_total <= bound_us) {
        const int64_t elapsed = mc->phase_elapsed;
        const int64_t lag = mc->lag;
        mc->phase_elapsed = bound_us;
        mc->phase_elapsed -= mc->phase_since != LS_NEVER ? c->now - mc->phase_since : 0;
        ls_fork_machine(c, machine);
        mc->phase_elapsed = elapsed;
        mc->lag = lag;
    }
    return mc->phase_total > bound_us ? mc->phase_total : bound_us + 1;
}

static int64_t mode_beyond(ls_ctx *c, uint32_t at, int64_t bound_us) {
    ls_s_mode *sm = c->mode + at;
    if (sm->total <= bound_us) {
        const int64_t elapsed = sm->elapsed;
        sm->elapsed = bound_us - (sm->since != LS_NEVER ? c->now - sm->since : 0);
        ls_fork_mode(c, at);
        sm->elapsed = elapsed;
    }
    return sm->total > bound_us ? sm->total : bound_us + 1;
}

// ---- what has just begun

// The run of an operation, not its setup, loading or unloading. Cascades keep the model's times.
static void look_machine(ls_retell *r, ls_ctx *c, uint32_t i) {
    ls_s_machine *mc = c->machine + i;
    const ls_m_station *st = c->stations + c->machines[i].station;
    const bool halted = mc->phase_since == LS_NEVER;
    if (mc->phase != LS_PHASE_RUN || mc->lots == LS_NO || (halted && r->started) ||
        mc->phase_total == LS_NEVER) {  // it waits for hands: it has not begun
        return;
    }
    const uint64_t mark = (uint64_t)c->lot[mc->lots].serial + 1;
    const bool fresh = !halted && mc->phase_since == c->now && mc->phase_elapsed == 0;
    if ((r->started && !fresh) || (r->running[i] == mark && (!fresh || r->begun[i] == c->now))) {
        return;
    }
    r->running[i] = mark;
    r->begun[i] = c->now;
    int64_t total = mc->phase_total;
    const uint32_t lot = ls_retell_lot(r, c->lot[mc->lots].serial);
    const bool can = (st->features & (LS_F_LAG | LS_F_LOADING)) == 0 && lot != LS_NO;
    const uint64_t key = ls_realised_operation(lot, mc->step);
    const ls_given_answer known = can ? r->given(r->context, LS_GIVEN_PROCESS, key, &total)
                                      : LS_GIVEN_NOTHING;
    r->forced += known == LS_GIVEN_VALUE;
    r->drawn += known != LS_GIVEN_VALUE;
    if (known == LS_GIVEN_NOTHING) {
        return;
    }
    total = known == LS_GIVEN_BOUND ? process_beyond(c, i, total) : total;
    const int64_t ran = mc->phase_elapsed + (halted ? 0 : c->now - mc->phase_since);
    mc->phase_total = total > ran ? total : ran;
    if (halted) {
        return;  // it goes on when the machine does
    }
    const int64_t end = c->now + (mc->phase_total - ran);
    ls_source_set(c, c->m->source_machine + i, end);
    for (uint32_t k = 0; k < c->machines[i].mode_count; k++) {
        const uint32_t at = c->machines[i].mode_at + k;  // its clock may now end within the run
        const ls_s_mode *sm = c->mode + at;
        if (c->modes[at].by == LS_FAIL_BUSY && c->modes[at].maintenance == 0 && sm->active == 0 &&
            sm->since != LS_NEVER) {
            const int64_t when = sm->since + (sm->total - sm->elapsed);
            ls_source_set(c, c->m->source_mode + at, when < end ? when : LS_NEVER);
        }
    }
}

static void look_release(ls_retell *r, ls_ctx *c, uint32_t i) {
    ls_s_release *rs = c->release + i;
    const uint32_t source = c->m->source_release + i;
    if (c->releases[i].kind != LS_RELEASE_EVERY || (r->started && r->released[i] == rs->released)) {
        return;
    }
    r->released[i] = rs->released;
    int64_t next = rs->since + rs->total;
    bool given = false;
    for (uint32_t lot = 0; ls_source_is_set(c, source) && lot < c->releases[i].lots; lot++) {
        // They come at one time; that none comes any more is said to the first of them.
        given |= r->given(r->context, LS_GIVEN_RELEASE, i, &next) == LS_GIVEN_VALUE;
    }
    if (given) {
        next = next > c->now ? next : c->now;
        rs->total = next - rs->since;
        ls_source_set(c, source, next);
    }
}

static void put_mode(ls_ctx *c, uint32_t at) {
    ls_s_mode *sm = c->mode + at;
    const ls_s_machine *mc = c->machine + c->modes[at].machine;
    if (sm->since == LS_NEVER) {
        return;
    }
    const int64_t when = sm->since + (sm->total - sm->elapsed);
    const int64_t now_or_later = when > c->now ? when : c->now;
    const bool in_run = sm->active != 0 || c->modes[at].by != LS_FAIL_BUSY ||
                        mc->phase_since == LS_NEVER ||
                        when < mc->phase_since + (mc->phase_total - mc->phase_elapsed);
    ls_source_set(c, c->m->source_mode + at, in_run ? now_or_later : LS_NEVER);
}

static void look_mode(ls_retell *r, ls_ctx *c, uint32_t at) {
    ls_s_mode *sm = c->mode + at;
    const ls_m_mode *mode = c->modes + at;
    const uint8_t stage = sm->active == 0  ? STAGE_CLOCK
                          : sm->waits == 0 ? STAGE_REPAIR
                                           : STAGE_NONE;
    // A clock that a maintenance has started anew has another end than was given to it.
    const bool renewed = stage == STAGE_CLOCK && stage == r->modes[at] && sm->total != r->lives[at];
    if (mode->maintenance != 0 || (stage == r->modes[at] && !renewed) || stage == STAGE_NONE) {
        return;
    }
    r->modes[at] = stage;
    int64_t total = sm->total;
    const ls_given_answer known = r->given(
        r->context, stage == STAGE_CLOCK ? LS_GIVEN_FAILURE : LS_GIVEN_REPAIR, at, &total);
    if (known != LS_GIVEN_NOTHING) {
        total = known == LS_GIVEN_BOUND ? mode_beyond(c, at, total) : total;
        sm->total = total > sm->elapsed ? total : sm->elapsed + 1;
        put_mode(c, at);
    }
    r->lives[at] = sm->total;
}

void ls_retell_look(ls_retell *r, ls_snapshot *snapshot) {
    ls_ctx c;
    ls_ctx_open(&c, snapshot->model, snapshot->state, &snapshot->scratch);
    c.now = snapshot->state->now;
    look_lots(r, &c);
    for (uint32_t i = 0; i < c.m->releases; i++) {
        look_release(r, &c, i);
    }
    for (uint32_t i = 0; i < c.m->modes; i++) {
        look_mode(r, &c, i);
    }
    for (uint32_t i = 0; i < c.m->machines; i++) {
        look_machine(r, &c, i);
    }
    r->started = true;
}

// Time of the next event. The clock must not go beyond it before what begins there was looked at.
static int64_t next_event(const ls_snapshot *s) {
    const uint64_t *tree = LS_STATE_ARRAY(s->model, s->state, uint64_t, s_tree);
    return tree[1] == ~UINT64_C(0) ? LS_NEVER : (int64_t)(tree[1] >> s->model->source_bits);
}

ls_status ls_retell_run(ls_retell *r, ls_snapshot *snapshot, int64_t until_us, ls_error *err) {
    ls_status status = LS_OK;
    if (!r->started) {
        ls_retell_look(r, snapshot);
    }
    for (int64_t next = next_event(snapshot); next <= until_us && status == LS_OK;
         next = next_event(snapshot)) {
        status = ls_snapshot_step(r->twin, snapshot, next, 1, NULL, err);
        ls_retell_look(r, snapshot);
    }
    if (r->failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the lots that came");
    }
    return status == LS_OK ? ls_snapshot_run(r->twin, snapshot, until_us, err) : status;
}
