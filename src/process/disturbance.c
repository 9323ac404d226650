#include "process/disturbance.h"

#include <assert.h>

#include "base/status.h"
#include "process/walk.h"

static const ls_te_idv table[LS_TE_IDV_COUNT] = {
    {"A/C ratio of stream 4, B constant", "step"},
    {"B in stream 4, A/C ratio constant", "step"},
    {"temperature of the D feed, stream 2", "step"},
    {"inlet temperature of the reactor's cooling water", "step"},
    {"inlet temperature of the condenser's cooling water", "step"},
    {"A feed lost, stream 1", "step"},
    {"C header loses pressure, stream 4", "step"},
    {"A, B and C in stream 4", "random"},
    {"temperature of the D feed, stream 2", "random"},
    {"temperature of the C feed, stream 4", "random"},
    {"inlet temperature of the reactor's cooling water", "random"},
    {"inlet temperature of the condenser's cooling water", "random"},
    {"reaction kinetics", "drift"},
    {"valve of the reactor's cooling water", "sticks"},
    {"valve of the condenser's cooling water", "sticks"},
    {"unknown (heat transfer of the stripper's steam)", "random"},
    {"unknown (heat transfer of the reactor)", "random"},
    {"unknown (heat transfer of the condenser)", "random"},
    {"unknown (valves of recycle, separator, stripper and steam)", "sticks"},
    {"unknown (flow out of the reactor)", "random"},
    {"valve of stream 4 stays where it is at rest", "fixed"},
};

const ls_te_idv *ls_te_idv_get(int number) {
    assert(number >= 1 && number <= LS_TE_IDV_COUNT);
    return &table[number - 1];
}

// Which disturbance moves which curve.
static const int moved_by[LS_TE_WALKS] = {
    [LS_TE_WALK_A_SHARE] = 8,
    [LS_TE_WALK_B_SHARE] = 8,
    [LS_TE_WALK_D_FEED_C] = 9,
    [LS_TE_WALK_C_FEED_C] = 10,
    [LS_TE_WALK_REACTOR_WATER_C] = 11,
    [LS_TE_WALK_CONDENSER_WATER_C] = 12,
    [LS_TE_WALK_KINETICS_G] = 13,
    [LS_TE_WALK_KINETICS_H] = 13,
    [LS_TE_WALK_STEAM] = 16,
    [LS_TE_WALK_REACTOR_FOULING] = 17,
    [LS_TE_WALK_CONDENSER_FOULING] = 18,
    [LS_TE_WALK_REACTOR_OUTLET] = 20,
};

unsigned ls_te_idv_walks(uint32_t set) {
    unsigned walks = 0;
    for (int i = 0; i < LS_TE_WALKS; i++) {
        walks |= (ls_te_idv_has(set, moved_by[i]) ? 1U : 0U) << i;
    }
    return walks;
}

double ls_te_idv_stiction(uint32_t set, int valve) {
    static const int stuck_by[12] = {[4] = 19, [6] = 19, [7] = 19, [8] = 19, [9] = 14, [10] = 15};
    return stuck_by[valve] != 0 && ls_te_idv_has(set, stuck_by[valve]) ? 2.0 : 0.0;
}

ls_status ls_te_set_disturbance(ls_te_state *state, int number, bool on, ls_error *err) {
    if (number < 1 || number > LS_TE_IDV_COUNT) {
        return ls_fail(err, LS_ERR_INVALID, "no disturbance has the number %d; they are 1 to %d",
                       number, LS_TE_IDV_COUNT);
    }
    const uint32_t bit = 1U << (number - 1);
    state->idv = on ? state->idv | bit : state->idv & ~bit;
    return LS_OK;
}
