// stuck.c - plants that cannot go on: machines that wait for each other's places in a circle, and
// events without end in one instant.
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/units.h"
#include "twin/context.h"
#include "twin/flow.h"
#include "twin/twin.h"

// All machines hold finished lots and there is no room: only its own machines' leaving could change
// that.
static int is_full_of_blocked(const ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    if (ls_has_room(c, station) || c->station[station].blocked_head == LS_NO) {
        return 0;
    }
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        const ls_s_machine *mc = c->machine + st->machine_at + i;
        if (mc->lot_count == 0 || mc->phase != LS_PHASE_NONE || mc->mode != 0 ||
            mc->lag_head != LS_NO) {
            return 0;
        }
    }
    return 1;
}

static int waits_only_for(const ls_ctx *c, ls_u32 station, const char *jammed) {
    const ls_m_station *st = c->stations + station;
    for (ls_u32 i = 0; i < st->machine_count; i++) {
        for (ls_u32 lot = c->machine[st->machine_at + i].lots; lot != LS_NO;
             lot = c->lot[lot].next) {
            if (!jammed[c->steps[c->lot[lot].step].station]) {
                return 0;
            }
        }
    }
    return 1;
}

// When the circle closed: the last of its machines that became blocked.
static ls_i64 closed_at(const ls_ctx *c, const char *jammed) {
    ls_i64 last = 0;
    for (ls_u32 i = 0; i < c->m->stations; i++) {
        const ls_m_station *st = c->stations + i;
        for (ls_u32 k = 0; jammed[i] && k < st->machine_count; k++) {
            const ls_i64 since = c->machine[st->machine_at + k].since;
            last = since > last ? since : last;
        }
    }
    return last;
}

static void explain(const ls_twin *twin, const ls_ctx *c, ls_u32 first, const char *jammed,
                    ls_error *err) {
    char chain[384];
    size_t used = 0;
    ls_u32 at = first;
    chain[0] = '\0';
    for (int hop = 0; hop < 8; hop++) {
        const ls_u32 machine = c->stations[at].machine_at;
        const ls_u32 lot = c->machine[machine].lots;
        const ls_u32 to = c->steps[c->lot[lot].step].station;
        const int wrote = snprintf(
            chain + used, sizeof chain - used, "%s'%s' holds lot %u and waits for room at '%s'",
            hop == 0 ? "" : "; ", twin->machines[machine], c->lot[lot].serial, twin->stations[to]);
        if (wrote < 0 || (size_t)wrote >= sizeof chain - used) {
            break;
        }
        used += (size_t)wrote;
        at = to;
        if (at == first) {
            break;
        }
    }
    char when[64];
    ls_units_show_time((double)closed_at(c, jammed), when, sizeof when);
    ls_fail(err, LS_ERR_STUCK, "deadlock by blocking after %s: %s", when, chain);
    ls_hint(err,
            "give one of these stations a larger queue, or let fewer lots into the circle "
            "(release: {keep: ...})");
}

ls_status ls_state_check_stuck(const ls_twin *twin, const ls_state *state, ls_error *err) {
    const ls_model *m = twin->model;
    ls_ctx ctx;
    ls_scratch scratch;
    memset(&scratch, 0, sizeof scratch);
    ls_ctx_open(&ctx, m, (ls_state *)(uintptr_t)state, &scratch);  // read only
    ls_u32 first = LS_NO;
    for (ls_u32 i = 0; i < m->stations && first == LS_NO; i++) {
        first = (ctx.stations[i].features & LS_F_ROOM) != 0 && is_full_of_blocked(&ctx, i) ? i
                                                                                           : LS_NO;
    }
    if (first == LS_NO) {
        return LS_OK;
    }
    char *jammed = ls_alloc(m->stations);
    if (jammed == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (ls_u32 i = first; i < m->stations; i++) {
        jammed[i] = (ctx.stations[i].features & LS_F_ROOM) != 0 && is_full_of_blocked(&ctx, i);
    }
    for (int changed = 1; changed;) {
        changed = 0;
        first = LS_NO;
        for (ls_u32 i = 0; i < m->stations; i++) {
            if (jammed[i] && !waits_only_for(&ctx, i, jammed)) {
                jammed[i] = 0;
                changed = 1;
            }
            first = jammed[i] && first == LS_NO ? i : first;
        }
    }
    ls_status status = LS_OK;
    if (first != LS_NO) {
        explain(twin, &ctx, first, jammed, err);
        status = LS_ERR_STUCK;
    }
    ls_free(jammed);
    return status;
}

// Far more than what is inside can cause: each lot at each step a few events, all orders at once.
static uint64_t still_most(const ls_model *m, const ls_state *state) {
    return ((uint64_t)1 << 22) + (uint64_t)4 * state->lot_used * m->steps +
           (uint64_t)2 * m->orders + (uint64_t)2 * m->sources;
}

ls_status ls_state_check_still(const ls_twin *twin, const ls_state *state,
                               const ls_scratch *scratch, ls_error *err) {
    const ls_model *m = twin->model;
    if (scratch->still <= still_most(m, state)) {
        return LS_OK;
    }
    // Whose event is next is one of those that go round.
    const ls_u64 *tree = LS_STATE_ARRAY(m, (ls_state *)(uintptr_t)state, ls_u64, s_tree);
    const ls_u32 source = (ls_u32)(tree[1] & (((ls_u64)1 << m->source_bits) - 1));
    const char *kind = "plant";
    const char *name = twin->name;
    if (source >= m->source_release && source < m->source_machine) {
        kind = "release";
        name = twin->classes[source - m->source_release];
    } else if (source >= m->source_machine && source < m->source_mode) {
        kind = "machine";
        name = twin->machines[source - m->source_machine];
    }
    char when[64];
    ls_units_show_time((double)state->now, when, sizeof when);
    ls_fail(err, LS_ERR_STUCK,
            "the clock stands still after %s: %llu events in one instant, the next at %s '%s'",
            when, (unsigned long long)scratch->still, kind, name);
    ls_hint(err,
            "something goes round and round in no time: give one of its steps a process time "
            "above 0");
    return LS_ERR_STUCK;
}
