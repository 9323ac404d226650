// check_people.c - what people may tell the guard: holds, bypasses, revocations, re-arming.
#include <math.h>
#include <string.h>

#include "guard/check_inside.h"

// Copies what fits and ends; never more than the field.
static void copy(char *out, size_t size, const char *text) {
    const size_t length = strnlen(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

const ls_guard_hold *ls_guard_hold_find(const ls_guard_state *state, const char *point) {
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (strcmp(state->holds[i].point, point) == 0) {
            return &state->holds[i];
        }
    }
    return NULL;
}

bool ls_guard_hold_put(ls_guard_state *state, const char *point, const char *who, ls_role role,
                       const ls_guard_clock *clock) {
    if (role < LS_ROLE_OPERATOR) {
        return false;
    }
    const ls_guard_hold *held = ls_guard_hold_find(state, point);
    if (held != NULL) {
        ls_guard_hold *mine = &state->holds[held - state->holds];
        if (mine->role < role) {  // the higher one's now: only such a one lifts it
            mine->role = role;
            copy(mine->who, sizeof mine->who, who);
        }
        return true;
    }
    if (state->hold_count == LS_GUARD_HOLDS) {
        state->holds_lost = true;
        return true;
    }
    ls_guard_hold *hold = &state->holds[state->hold_count];
    copy(hold->point, sizeof hold->point, point);
    copy(hold->who, sizeof hold->who, who);
    hold->role = role;
    hold->since_us = clock->wall_us;
    state->hold_count++;
    return true;
}

bool ls_guard_hold_lift(ls_guard_state *state, const char *point, ls_role role) {
    const ls_guard_hold *held = ls_guard_hold_find(state, point);
    if (held != NULL) {
        if (role < held->role) {
            return false;
        }
        state->hold_count--;
        state->holds[held - state->holds] = state->holds[state->hold_count];
        return true;
    }
    // Holds that found no room are lifted by an engineer who lets everything go.
    if (state->holds_lost && point[0] == '\0' && role >= LS_ROLE_ENGINEER) {
        state->holds_lost = false;
        return true;
    }
    return false;
}

bool ls_guard_bypass_valid(const ls_guard_limits *limits, const ls_guard_bypass *bypass) {
    return ls_guard_can_bypass(bypass->guard) && bypass->who[0] != '\0' &&
           bypass->reason[0] != '\0' && bypass->role >= LS_ROLE_ENGINEER &&
           bypass->begin_us < bypass->end_us &&
           ls_guard_span(bypass->end_us, bypass->begin_us) <= limits->guards->bypass_max_us;
}

// Those that have ended make room.
static void drop_ended(ls_guard_state *state, int64_t now_us) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->bypass_count; i++) {
        if (now_us < state->bypasses[i].end_us) {
            state->bypasses[kept] = state->bypasses[i];
            kept++;
        }
    }
    state->bypass_count = kept;
}

bool ls_guard_bypass_put(ls_guard_state *state, const ls_guard_bypass *bypass,
                         const ls_guard_clock *clock) {
    drop_ended(state, clock->wall_us);
    if (!ls_guard_bypass_valid(state->limits, bypass) || clock->wall_us < bypass->begin_us ||
        clock->wall_us >= bypass->end_us || state->bypass_count == LS_GUARD_BYPASSES) {
        return false;
    }
    state->bypasses[state->bypass_count] = *bypass;
    state->bypass_count++;
    return true;
}

bool ls_guard_bypass_end(ls_guard_state *state, uint32_t guard, ls_role role) {
    if (role < LS_ROLE_ENGINEER) {
        return false;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->bypass_count; i++) {
        if (state->bypasses[i].guard != guard) {
            state->bypasses[kept] = state->bypasses[i];
            kept++;
        }
    }
    const bool ended = kept < state->bypass_count;
    state->bypass_count = kept;
    return ended;
}

// No approval that such a revocation concerns counts any more, by its age.
#define REVOKED_LONG_US (LS_GUARD_TWO_PERSONS_US + LS_GUARD_APPROVAL_US + LS_GUARD_SKEW_US)

static void drop_long_revoked(ls_guard_state *state, int64_t now_us) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->revoked_count; i++) {
        if (ls_guard_span(now_us, state->revoked[i].at_us) <= REVOKED_LONG_US) {
            state->revoked[kept] = state->revoked[i];
            kept++;
        }
    }
    state->revoked_count = kept;
}

void ls_guard_revoke(ls_guard_state *state, const char *who, const ls_guard_clock *clock) {
    uint32_t at = 0;
    drop_long_revoked(state, clock->wall_us);
    while (at < state->revoked_count && strcmp(state->revoked[at].who, who) != 0) {
        at++;
    }
    if (at == LS_GUARD_REVOKED) {
        state->revoked_lost = true;
        return;
    }
    if (at == state->revoked_count) {
        copy(state->revoked[at].who, sizeof state->revoked[at].who, who);
        state->revoked[at].at_us = clock->wall_us;
        state->revoked_count++;
    } else if (state->revoked[at].at_us <
               clock->wall_us) {  // a clock set back revokes nothing less
        state->revoked[at].at_us = clock->wall_us;
    }
}

static bool is_active(const ls_guard_state *state, uint32_t condition) {
    const ls_guard_heard *heard = &state->conditions[condition].heard;
    return heard->quality != LS_GUARD_QUALITY_GOOD || !isfinite(heard->value) ||
           heard->value == state->limits->guards->conditions[condition].value;
}

bool ls_guard_rearm(ls_guard_state *state, uint32_t condition, uint32_t target, ls_role role) {
    if (role < LS_ROLE_OPERATOR) {
        return false;
    }
    if (condition < state->limits->guards->condition_count) {
        if (is_active(state, condition)) {  // it holds still, or nobody knows
            return false;
        }
        state->conditions[condition].disarmed = false;
        return true;
    }
    if (target < state->limits->target_count) {
        state->targets[target].foreign_us = LS_GUARD_UNKNOWN;
        return true;
    }
    return false;
}

bool ls_guard_reset_trips(ls_guard_state *state, ls_role role) {
    if (role < LS_ROLE_OPERATOR) {
        return false;
    }
    state->latched = false;
    state->trip_count = 0;
    state->trip_next = 0;
    return true;
}
