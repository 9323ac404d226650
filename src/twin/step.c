// step.c - the kernel: the next event, and everything that follows from it in the same instant.
//
// Compiled several times for different instruction sets (LS_KERNEL_VARIANT), as C++ and for a GPU;
// all give the same bits. Needs no symbol from outside.
#include "twin/express.h"
#include "twin/failure.h"
#include "twin/fork.h"
#include "twin/hand.h"

#ifndef LS_KERNEL_VARIANT
#define LS_KERNEL_VARIANT base
#endif
#define LS_JOIN_(a, b) a##b
#define LS_JOIN(a, b) LS_JOIN_(a, b)

LS_SLOW void ls_machine_start_rare(ls_ctx *c, const ls_m_station *st, ls_u32 station,
                                   ls_u32 machine, const ls_pick *pick) {
    ls_machine_start(c, st, station, machine, pick);
}

// What one idle machine takes, if anything.
LS_FN ls_pick ls_pick_for(const ls_ctx *c, const ls_m_station *st, ls_u32 machine) {
    const ls_u64 *mask = c->masks + c->machines[machine].mask_at;
    const ls_s_machine *mc = c->machine + machine;
    if (LS_UNLIKELY(mc->chosen != 0)) {
        const ls_pick chosen = ls_pick_chosen(c, st, machine);
        if (chosen.lot != LS_NO) {
            return chosen;
        }
    }
    return (st->features & LS_F_BATCH) != 0 ? ls_pick_batch(c, st, mc, mask)
                                            : ls_pick_lot(c, st, mc, mask);
}

// Every idle machine, in order, takes what it may.
LS_FN void ls_station_dispatch(ls_ctx *c, const ls_m_station *st, ls_u32 station) {
    ls_s_station *ss = c->station + station;
    for (ls_u32 w = 0; w < st->idle_words; w++) {
        ls_u64 bits = c->idle[st->idle_at + w];
        while (bits != 0 && ss->waiting > 0) {
            const ls_u32 machine = st->machine_at + (w << 6) + (ls_u32)ls_ctz64(bits);
            bits &= bits - 1;
            if (!ls_idle_is(c, st, machine)) {
                continue;  // started in another's stead
            }
            const ls_pick pick = ls_pick_for(c, st, machine);
            if (pick.lot == LS_NO) {
                continue;
            }
            ls_u32 taker = machine;
            if (LS_UNLIKELY((st->features & LS_F_EITHER) != 0) &&
                (c->machine[machine].chosen & ~LS_CHOSEN_PURE) != pick.lot + 1) {
                taker = ls_least_setup_machine(c, st, machine, pick.lot);
            }
            ls_machine_start_rare(c, st, station, taker, &pick);
            if (taker != machine) {  // this one is asked again, for another lot
                bits |= (ls_u64)1 << ((machine - st->machine_at) & 63);
            }
        }
    }
}

// Idle machines take what they may; then whoever waits for room comes in; until nothing moves.
LS_SLOW void ls_station_settle_full(ls_ctx *c, const ls_m_station *st, ls_u32 station) {
    ls_s_station *ss = c->station + station;
    for (;;) {
        if (ss->waiting > 0 && ss->idle > 0) {
            ls_station_dispatch(c, st, station);
        }
        if (ss->blocked_head == LS_NO || !ls_has_room(c, station)) {
            return;
        }
        ls_blocked_enter(c, station);
    }
}

LS_HOT void ls_station_settle(ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    if (LS_UNLIKELY((ls_u32)(st->simple == 0) | c->s->hands)) {
        ls_station_settle_full(c, st, station);
        return;
    }
    // One list of lots, and every machine may take any: the general way, without the questions.
    const ls_s_station *ss = c->station + station;
    while (ss->waiting > 0 && ss->idle > 0) {
        ls_pick pick;
        pick.lot = c->queue[st->queue_at].head;
        pick.family = 0;
        ls_machine_start(c, st, station, st->machine_at + (ls_u32)ls_ctz64(c->idle[st->idle_at]),
                         &pick);
    }
}

LS_SLOW void ls_operators_settle(ls_ctx *c) {
    c->s->operators_freed = 0;
    ls_u32 at = c->s->operator_head;
    while (at != 0) {
        const ls_u32 machine = at - 1;
        at = c->machine[machine].next;
        const ls_m_station *st = c->stations + c->machines[machine].station;
        // Only who finds one leaves the list: the others keep their places in it.
        if (!ls_is_paused(c, st, c->machine + machine, c->machines[machine].station) &&
            ls_operator_for_phase(c, st, machine, c->machine[machine].phase)) {
            ls_operator_unwait(c, machine);
            ls_phase_begin_full(c, st, machine);
        }
    }
}

LS_HOT void ls_settle(ls_ctx *c) {
    for (;;) {
        while (c->agenda_count > 0) {
            const ls_u32 station = c->agenda[c->agenda_head];
            c->agenda_head++;
            c->agenda_head = c->agenda_head == c->m->stations ? 0 : c->agenda_head;
            c->agenda_count--;
            c->station[station].on_agenda = 0;
            ls_station_settle(c, station);
        }
        if (LS_LIKELY(c->s->operators_freed == 0)) {
            return;
        }
        ls_operators_settle(c);
    }
}

// End of a transport, of a lag, or of a batch's patience.
LS_SLOW void ls_lot_event_fired(ls_ctx *c) {
    const ls_u32 lot_index = c->heap[0].lot;
    ls_lot *lot = c->lot + lot_index;
    const ls_u32 station = c->steps[lot->step].station;
    ls_lot_event_clear(c, lot_index);
    switch (lot->where) {
    case LS_LOT_TRANSIT:
        c->station[station].coming--;
        ls_lot_arrive_rare(c, lot_index);
        break;
    case LS_LOT_OUT: ls_lot_done_rare(c, lot_index); break;
    case LS_LOT_POOL: ls_pool_open(c, lot->release); break;
    case LS_LOT_LAG: {
        ls_u32 *link = &c->machine[lot->machine].lag_head;
        while (*link != lot_index && *link != LS_NO) {
            link = &c->lot[*link].next;
        }
        LS_EXPECT(c, *link == lot_index);
        *link = lot->next;
        LS_TRACE(c, LS_TRACE_END, lot->serial, lot->step, lot->machine);
        const ls_u32 from = c->machines[lot->machine].station;
        lot->where = LS_LOT_LEFT;
        ls_u32 reserved = c->event[lot_index].dist + 1;
        if (ls_lot_leave_rare(c, from, lot_index, &reserved)) {
            c->station[from].working--;
        }
        ls_unreserve(c, &reserved);
        break;
    }
    default:  // waits for its batch: time to look again
        LS_EXPECT(c, lot->where == LS_LOT_WAITING);
        ls_agenda_add(c, station);
        break;
    }
}

LS_HOT void ls_event(ls_ctx *c, ls_u32 source) {
    const ls_model *m = c->m;
    if (LS_LIKELY(source >= m->source_release && source < m->source_machine)) {
        ls_release_event(c, source - m->source_release);
    } else if (LS_LIKELY(source >= m->source_machine && source < m->source_mode)) {
        ls_machine_event(c, source - m->source_machine);
    } else if (source == m->source_dynamic) {
        ls_lot_event_fired(c);
    } else if (source >= m->source_mode) {
        ls_mode_event(c, source - m->source_mode);
    } else {
        ls_calendar_event(c, source);
    }
}

// The general way.
LS_SLOW void ls_event_settled(ls_ctx *c, ls_u32 source) {
    ls_event(c, source);
    ls_settle(c);
    if (source - c->m->source_machine < c->m->machines) {
        // Most machines go straight from one lot to the next; only those that did not are idle now.
        const ls_u32 machine = source - c->m->source_machine;
        if (c->machine[machine].phase == LS_PHASE_NONE) {
            ls_account_refresh(c, machine);
        }
    }
}

// Nothing is settled now: all stations will be (ls_kernel_settle).
LS_SLOW void ls_agenda_drop(ls_ctx *c) {
    for (ls_u32 i = 0; i < c->m->stations; i++) {
        c->station[i].on_agenda = 0;
    }
    c->agenda_count = 0;
    c->s->operators_freed = 0;
}

// The same where machines are held, stopped or told what to take.
LS_SLOW void ls_event_by_hand(ls_ctx *c, ls_u32 source) {
    const ls_u32 machine = source - c->m->source_machine;
    if (machine < c->m->machines && c->machine[machine].phase == LS_PHASE_NONE) {
        ls_hold_end(c, machine);
        ls_settle(c);
    } else {
        ls_event_settled(c, source);
    }
    ls_choices_lapse(c);
}

// What the blocks of a worker hold belongs to the streams of one key.
LS_FN void ls_scratch_match(const ls_model *model, const ls_state *state, ls_scratch *scratch) {
    if (scratch->key != state->key) {
        for (ls_u32 i = 0; i < model->streams; i++) {
            scratch->firsts[i] = LS_BLOCK_EMPTY;
            scratch->exp_firsts[i] = LS_BLOCK_EMPTY;
        }
        for (ls_u32 i = 0; i < model->source_mode; i++) {
            scratch->ahead[i].position = LS_BLOCK_EMPTY;
            scratch->ahead[i].first = LS_BLOCK_EMPTY;
        }
        scratch->key = state->key;
    }
}

// Runs every event up to and including `until`, at most max_events; then now is `until` (unless
// stopped before). Returns LS_RUN_... . until is below the model's horizon.
#ifdef __cplusplus
extern "C" {
#endif
int LS_JOIN(ls_kernel_run_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                               ls_scratch *scratch, ls_i64 until,
                                               ls_u64 max_events);
int LS_JOIN(ls_kernel_start_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                 ls_scratch *scratch, ls_u64 key);
int LS_JOIN(ls_kernel_fork_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                ls_scratch *scratch, ls_u64 key);
int LS_JOIN(ls_kernel_hand_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                ls_scratch *scratch, ls_u32 act, ls_u32 index,
                                                ls_i64 value);
int LS_JOIN(ls_kernel_settle_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                  ls_scratch *scratch);
#ifdef __cplusplus
}
#endif

#if defined(__CUDA__) && !defined(__CUDACC_RTC__)
#define LS_KERNEL_FN extern "C" __attribute__((device)) int
#elif defined(__CUDACC_RTC__)
#define LS_KERNEL_FN extern "C" __device__ int
#elif defined(__cplusplus)
#define LS_KERNEL_FN extern "C" int
#else
#define LS_KERNEL_FN int
#endif

LS_KERNEL_FN LS_JOIN(ls_kernel_run_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                        ls_scratch *scratch, ls_i64 until,
                                                        ls_u64 max_events) {
    ls_ctx ctx;
    ls_ctx *const c = &ctx;
    ls_ctx_open(c, model, state, scratch);
    ls_scratch_match(model, state, scratch);
    // With a trace, or where a hand is in it, nothing takes the express way.
    const ls_u32 hands = state->hands;
    const ls_u32 ordinary = scratch->trace == 0 && hands == 0;
    const ls_u32 machine_first = model->source_machine;
    const ls_u32 machines = ordinary ? model->machines : 0;
    const ls_u32 release_first = model->source_release;
    const ls_u32 releases = ordinary ? model->releases : 0;
    const ls_u32 bits = model->source_bits;
    const ls_u64 source_mask = ((ls_u64)1 << bits) - 1;
    const ls_u64 last_key = ((ls_u64)until << bits) | source_mask;
    ls_u64 *const tree = c->tree;
    ls_u64 *const leaves = c->tree + model->leaves;
    const ls_u64 dynamic = model->dynamic != 0 ? model->source_dynamic : ~(ls_u64)0;
    ls_u64 left = max_events;
    int why = LS_RUN_UNTIL;
    while (LS_LIKELY(left > 0)) {
        const ls_u64 key = tree[1];
        if (LS_UNLIKELY(key > last_key)) {
            break;
        }
        const ls_u32 source = (ls_u32)(key & source_mask);
        c->now = (ls_i64)(key >> bits);
        left--;
        int served = 0;
        if (source - machine_first < machines) {
            served = ls_express_machine(c, source - machine_first, key);
        } else if (source - release_first < releases) {
            served = ls_express_release(c, source - release_first, key);
        }
        if (LS_UNLIKELY(!served)) {
            // The source that fired is off unless it sets itself again; its way up the tree is
            // mended once. (The express way sets it first thing.)
            if (source != dynamic) {
                leaves[source] = ~(ls_u64)0;
            }
            if (LS_UNLIKELY(hands != 0)) {
                ls_event_by_hand(c, source);
            } else {
                ls_event_settled(c, source);
            }
            if (leaves[source] == ~(ls_u64)0) {
                ls_source_set(c, source, LS_NEVER);
            }
            if (state->stopped != 0) {
                break;
            }
        }
    }
    if (state->stopped == 0) {
        if (left == 0 && tree[1] <= last_key) {
            why = LS_RUN_EVENTS;
        } else {
            c->now = until;
        }
    }
    const ls_u64 events = max_events - left;
    state->now = c->now;
    state->events += events;
    return state->stopped != 0 ? (int)state->stopped : why;
}

// A zeroed state of the model's size becomes the plant at time zero.
LS_KERNEL_FN LS_JOIN(ls_kernel_start_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                          ls_scratch *scratch, ls_u64 key) {
    ls_ctx ctx;
    ls_ctx *const c = &ctx;
    ls_ctx_open(c, model, state, scratch);
    ls_start(c, key);
    ls_settle(c);
    return (int)state->stopped;
}

// The state forgets what nobody in the plant can know and draws it again under `key`.
LS_KERNEL_FN LS_JOIN(ls_kernel_fork_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                         ls_scratch *scratch, ls_u64 key) {
    ls_ctx ctx;
    ls_ctx *const c = &ctx;
    ls_ctx_open(c, model, state, scratch);
    ls_fork(c, key);
    return (int)state->stopped;
}

// A control system acts, now (hand.h); what follows in the same instant is settled. Whether it may
// is asked before (intervene.c).
LS_KERNEL_FN LS_JOIN(ls_kernel_hand_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                         ls_scratch *scratch, ls_u32 act,
                                                         ls_u32 index, ls_i64 value) {
    ls_ctx ctx;
    ls_ctx *const c = &ctx;
    ls_ctx_open(c, model, state, scratch);
    ls_scratch_match(model, state, scratch);
    state->hands = 1;
    const ls_u32 kind = act & ~(ls_u32)LS_ACT_LATER;
    ls_hand_act(c, kind, index, value);
    if (kind == act) {
        ls_settle(c);
    } else {
        ls_agenda_drop(c);
    }
    if (kind < LS_ACT_RELEASE && c->machine[index].phase == LS_PHASE_NONE) {
        ls_account_refresh(c, index);
    }
    ls_choices_lapse(c);
    state->hands = (ls_u16)ls_hands_left(c);
    return (int)state->stopped;
}

// Everything that the rules start at this very instant is started: for a state that was put
// together otherwise than by events (follow.h), or after acts that left it for later. A state that
// is settled stays as it is.
LS_KERNEL_FN LS_JOIN(ls_kernel_settle_, LS_KERNEL_VARIANT)(const ls_model *model, ls_state *state,
                                                           ls_scratch *scratch) {
    ls_ctx ctx;
    ls_ctx *const c = &ctx;
    ls_ctx_open(c, model, state, scratch);
    ls_scratch_match(model, state, scratch);
    for (ls_u32 i = 0; i < model->machines; i++) {
        const ls_s_machine *mc = c->machine + i;
        if (mc->pending != 0 && mc->mode == 0 && mc->phase == LS_PHASE_NONE && mc->lot_count == 0) {
            ls_mode_start(c, i, (ls_u32)ls_ctz64(mc->pending));
        }
    }
    for (ls_u32 i = 0; i < model->releases; i++) {
        if (c->release[i].pool_head != 0 && c->release[i].put_off <= c->now) {
            ls_pool_open(c, i);
        }
    }
    for (ls_u32 i = 0; i < model->stations; i++) {
        ls_agenda_add(c, i);
    }
    state->operators_freed = state->operator_head != 0;
    ls_settle(c);
    if (state->hands != 0) {
        ls_choices_lapse(c);
        state->hands = (ls_u16)ls_hands_left(c);
    }
    return (int)state->stopped;
}
