// deed.c - see deed.h.
#include "guard/deed.h"

#include <string.h>

#include "base/text.h"
#include "guard/check.h"
#include "guard/check_inside.h"

#define US_PER_HOUR 3600e6

// Fills both reasons (the same arguments in the same order) and returns false.
static bool no(ls_guard_answer *out, const char *english, const char *korean, ...) {
    va_list args;
    _Static_assert(sizeof out->reason == LS_GUARD_REASON, "said as the guards do");
    _Static_assert(sizeof out->reason_ko == LS_GUARD_REASON_KO, "said as the guards do");
    va_start(args, korean);
    ls_guard_say(out->reason, out->reason_ko, english, korean, args);
    va_end(args);
    return false;
}

static bool may(const ls_guard_deed *deed, ls_role least, ls_guard_answer *out) {
    if (deed->role >= least) {
        return true;
    }
    return least == LS_ROLE_ENGINEER
               ? no(out, "that takes an engineer", "엔지니어만 할 수 있습니다")
               : no(out, "that takes an operator", "작업자 이상만 할 수 있습니다");
}

static bool is_point(const ls_guard_state *state, const char *name) {
    const ls_decide *decide = &state->limits->plant->decide;
    for (uint32_t i = 0; i < decide->point_count; i++) {
        if (strcmp(decide->points[i].name, name) == 0) {
            return true;
        }
    }
    return name[0] == '\0';
}

static bool hold(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                 ls_guard_answer *out) {
    if (!may(deed, LS_ROLE_OPERATOR, out)) {
        return false;
    }
    if (!is_point(state, deed->what)) {
        return no(out, "no decision point '%.100s'", "결정 지점 '%.100s'이(가) 없습니다",
                  deed->what);
    }
    return ls_guard_hold_put(state, deed->what, deed->who, deed->role, clock);
}

static bool lift(ls_guard_state *state, const ls_guard_deed *deed, ls_guard_answer *out) {
    const ls_guard_hold *held = ls_guard_hold_find(state, deed->what);
    if (!may(deed, LS_ROLE_OPERATOR, out)) {
        return false;
    }
    if (held != NULL && deed->role < held->role) {
        return no(out, "'%s' holds it as a higher role", "'%s'이(가) 더 높은 권한으로 보류했습니다",
                  held->who);
    }
    if (ls_guard_hold_lift(state, deed->what, deed->role)) {
        return true;
    }
    return deed->what[0] == '\0' ? no(out, "not everything is held", "전체 보류가 없습니다")
                                 : no(out, "'%.100s' is not held",
                                      "'%.100s'은(는) 보류되어 있지 않습니다", deed->what);
}

static ls_guard_bypass bypass_of(const ls_guard_deed *deed, const ls_guard_clock *from) {
    ls_guard_bypass out = {.guard = deed->guard,
                           .role = deed->role,
                           .begin_us = from->wall_us,
                           .end_us = deed->until_us};
    memcpy(out.who, deed->who, sizeof out.who);
    memcpy(out.reason, deed->reason, sizeof out.reason);
    return out;
}

static bool bypass(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                   ls_guard_answer *out) {
    const int64_t most_us = state->limits->guards->bypass_max_us;
    const ls_guard_bypass put = bypass_of(deed, clock);
    if (!may(deed, LS_ROLE_ENGINEER, out)) {
        return false;
    }
    if (!ls_guard_can_bypass(deed->guard)) {
        return no(out, "guard %u is never bypassed", "가드 %u은(는) 우회할 수 없습니다",
                  deed->guard);
    }
    if (deed->reason[0] == '\0') {
        return no(out, "a bypass needs a reason", "우회에는 사유가 필요합니다");
    }
    if (deed->until_us <= clock->wall_us) {
        return no(out, "a bypass needs an end in the future", "우회의 종료 시각은 미래여야 합니다");
    }
    if (ls_guard_span(deed->until_us, clock->wall_us) > most_us) {
        return no(out, "a bypass lasts at most %.1f h (guards: bypass)",
                  "우회는 최대 %.1f시간입니다 (guards: bypass)", (double)most_us / US_PER_HOUR);
    }
    if (ls_guard_bypass_put(state, &put, clock)) {
        return true;
    }
    return no(out, "%d bypasses are in force already", "이미 우회 %d개가 적용 중입니다",
              LS_GUARD_BYPASSES);
}

static bool end_bypass(ls_guard_state *state, const ls_guard_deed *deed, ls_guard_answer *out) {
    return may(deed, LS_ROLE_ENGINEER, out) &&
           (ls_guard_bypass_end(state, deed->guard, deed->role) ||
            no(out, "guard %u is not bypassed", "가드 %u은(는) 우회 중이 아닙니다", deed->guard));
}

void ls_guard_deed_find_armed(const ls_guard_limits *limits, const char *what,
                              uint32_t *out_condition, uint32_t *out_target) {
    *out_condition = *out_target = LS_NONE;
    for (uint32_t i = 0; i < limits->guards->condition_count; i++) {
        const ls_guard_condition *condition = &limits->guards->conditions[i];
        if (condition->interlock && strcmp(condition->tag, what) == 0) {
            *out_condition = i;
            return;
        }
    }
    for (uint32_t i = 0; i < limits->target_count; i++) {
        if (limits->targets[i].kind == LS_TARGET_VALUE &&
            strcmp(limits->targets[i].name, what) == 0) {
            *out_target = i;
            return;
        }
    }
}

static bool rearm(ls_guard_state *state, const ls_guard_deed *deed, ls_guard_answer *out) {
    uint32_t condition, target;
    ls_guard_deed_find_armed(state->limits, deed->what, &condition, &target);
    if (!may(deed, LS_ROLE_OPERATOR, out)) {
        return false;
    }
    if (condition == LS_NONE && target == LS_NONE) {
        return no(out, "no interlock and no setpoint '%.100s'",
                  "'%.100s'(이)라는 인터록이나 설정값이 없습니다", deed->what);
    }
    return ls_guard_rearm(state, condition, target, deed->role) ||
           no(out, "the interlock '%.100s' is active, or nobody knows",
              "인터록 '%.100s'이(가) 아직 작동 중이거나 상태를 알 수 없습니다", deed->what);
}

static bool revoke(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                   ls_guard_answer *out) {
    if (!may(deed, LS_ROLE_ENGINEER, out)) {
        return false;
    }
    if (deed->what[0] == '\0' || strlen(deed->what) >= sizeof deed->who) {
        return no(out, "whose rights end must be said, in at most %d bytes",
                  "누구의 권한을 취소하는지 %d바이트 이내로 적어야 합니다",
                  (int)sizeof deed->who - 1);
    }
    ls_guard_revoke(state, deed->what, clock);
    return true;
}

#define ENDS(text) (memchr((text), '\0', sizeof(text)) != NULL)

// Texts that end, a kind and a role that there are, and who it is.
static bool is_whole(const ls_guard_deed *deed) {
    return ENDS(deed->who) && ENDS(deed->what) && ENDS(deed->reason) && deed->who[0] != '\0' &&
           (uint32_t)deed->kind < LS_DEED_KIND_COUNT && (uint32_t)deed->role < LS_ROLE_COUNT;
}

static bool act(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                ls_guard_answer *out) {
    if (!is_whole(deed)) {
        return no(out, "who does what must be said", "누가 무엇을 하는지 적어야 합니다");
    }
    switch (deed->kind) {
    case LS_DEED_HOLD: return hold(state, deed, clock, out);
    case LS_DEED_LIFT: return lift(state, deed, out);
    case LS_DEED_BYPASS: return bypass(state, deed, clock, out);
    case LS_DEED_END_BYPASS: return end_bypass(state, deed, out);
    case LS_DEED_REARM: return rearm(state, deed, out);
    case LS_DEED_REVOKE: return revoke(state, deed, clock, out);
    case LS_DEED_RESET:
        return may(deed, LS_ROLE_OPERATOR, out) && ls_guard_reset_trips(state, deed->role);
    default: return true;  // to show
    }
}

bool ls_guard_do(ls_guard_state *state, const ls_guard_deed *deed, const ls_guard_clock *clock,
                 ls_guard_answer *out) {
    *out = (ls_guard_answer){.ticket = deed->ticket};
    out->done = act(state, deed, clock, out);
    return out->done;
}

// ---- from the journal

static void put_bypass_again(ls_guard_state *state, const ls_guard_deed *deed,
                             const ls_guard_clock *then) {
    if (state->bypass_count < LS_GUARD_BYPASSES) {
        state->bypasses[state->bypass_count++] = bypass_of(deed, then);
    }
}

// The line is not heard yet, so that nothing can be asked of it.
static void rearm_again(ls_guard_state *state, const char *what) {
    uint32_t condition, target;
    ls_guard_deed_find_armed(state->limits, what, &condition, &target);
    if (condition != LS_NONE) {
        state->conditions[condition].disarmed = false;
    } else if (target != LS_NONE) {
        state->targets[target].foreign_us = LS_GUARD_UNKNOWN;
    }
}

void ls_guard_do_again(ls_guard_state *state, const ls_guard_deed *deed,
                       const ls_guard_clock *then) {
    switch (deed->kind) {
    case LS_DEED_HOLD: ls_guard_hold_put(state, deed->what, deed->who, deed->role, then); break;
    case LS_DEED_LIFT: ls_guard_hold_lift(state, deed->what, deed->role); break;
    case LS_DEED_BYPASS: put_bypass_again(state, deed, then); break;
    case LS_DEED_END_BYPASS: ls_guard_bypass_end(state, deed->guard, deed->role); break;
    case LS_DEED_REARM: rearm_again(state, deed->what); break;
    case LS_DEED_REVOKE: ls_guard_revoke(state, deed->what, then); break;
    case LS_DEED_RESET: ls_guard_reset_trips(state, deed->role); break;
    case LS_DEED_SHOW:
    case LS_DEED_KIND_COUNT: break;
    }
}

// ---- what stands

static void tell_hold(const ls_guard_hold *hold, ls_guard_standing *out) {
    *out = (ls_guard_standing){
        .kind = LS_STANDS_HOLD, .role = hold->role, .waits = true, .since_us = hold->since_us};
    memcpy(out->what, hold->point, sizeof hold->point);
    memcpy(out->who, hold->who, sizeof out->who);
}

static void tell_bypass(const ls_guard_bypass *bypass, ls_guard_standing *out) {
    *out = (ls_guard_standing){.kind = LS_STANDS_BYPASS,
                               .role = bypass->role,
                               .guard = bypass->guard,
                               .since_us = bypass->begin_us,
                               .until_us = bypass->end_us};
    memcpy(out->who, bypass->who, sizeof out->who);
    memcpy(out->reason, bypass->reason, sizeof out->reason);
}

static void tell_revoked(const ls_guard_revoked *revoked, ls_guard_standing *out) {
    *out = (ls_guard_standing){.kind = LS_STANDS_REVOKED, .since_us = revoked->at_us};
    memcpy(out->what, revoked->who, sizeof revoked->who);
}

static void tell_interlock(const char *tag, int64_t since_us, ls_guard_standing *out) {
    *out = (ls_guard_standing){.kind = LS_STANDS_INTERLOCK, .waits = true, .since_us = since_us};
    ls_text_format(out->what, sizeof out->what, "%s", tag);
}

static void tell_foreign(const char *what, const ls_guard_target_state *target,
                         ls_guard_standing *out) {
    *out = (ls_guard_standing){.kind = LS_STANDS_FOREIGN,
                               .count = target->fights,
                               .waits = true,
                               .since_us = target->foreign_wall_us};
    ls_text_format(out->what, sizeof out->what, "%s", what);
}

static bool tell_trips(const ls_guard_state *state, const ls_guard_clock *clock,
                       ls_guard_standing *out) {
    *out = (ls_guard_standing){.kind = LS_STANDS_TRIPS, .waits = state->latched};
    for (uint32_t i = 0; i < state->trip_count; i++) {
        const bool today = ls_guard_span(clock->wall_us, state->trips[i]) < LS_GUARD_DAY_US;
        out->count += today;
        out->since_us = today && state->trips[i] > out->since_us ? state->trips[i] : out->since_us;
    }
    return out->count > 0 || out->waits;
}

// Do commands of this plant name lots, or let some in?
static bool sends(const ls_guard_limits *limits, bool lets_in) {
    bool found = false;
    for (uint32_t i = 0; i < limits->plant->decide.point_count; i++) {
        const ls_decide_point *p = &limits->plant->decide.points[i];
        const bool chooses = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                             p->kind == LS_DECIDE_SETUP || p->kind == LS_DECIDE_SORT;
        found = found || (p->mode >= LS_MODE_APPROVE &&
                          (p->kind == LS_DECIDE_RELEASE || (chooses && !lets_in)));
    }
    return found;
}

static bool tell_lots(const ls_guard_state *state, ls_guard_standing *out) {
    const bool counts = state->limits->line_counts_lots && !(state->lots_inside.value >= 0.0);
    const char *what = !state->lots_known && state->lots_missing != NULL ? state->lots_missing
                       : state->lots_known                               ? "inside"
                                                                         : "";
    *out = (ls_guard_standing){.kind = LS_STANDS_LOTS,
                               .guard = LS_GUARD_CONSERVATION,
                               .count = state->lots_known ? 1 : state->lots_missing_count};
    ls_text_format(out->what, sizeof out->what, "%s", what);
    return (!state->lots_known && sends(state->limits, false)) ||
           (counts && sends(state->limits, true));
}

// The number counts over all lists; each takes its share off.
static bool is_next(bool stands, uint32_t *number) {
    return stands && (*number)-- == 0;
}

bool ls_guard_stands(const ls_guard_state *state, uint32_t number, const ls_guard_clock *clock,
                     ls_guard_standing *out) {
    const ls_guard_limits *limits = state->limits;
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (is_next(true, &number)) {
            tell_hold(&state->holds[i], out);
            return true;
        }
    }
    for (uint32_t i = 0; i < state->bypass_count; i++) {
        if (is_next(clock->wall_us < state->bypasses[i].end_us, &number)) {
            tell_bypass(&state->bypasses[i], out);
            return true;
        }
    }
    for (uint32_t i = 0; i < state->revoked_count; i++) {
        if (is_next(true, &number)) {
            tell_revoked(&state->revoked[i], out);
            return true;
        }
    }
    for (uint32_t i = 0; i < limits->guards->condition_count; i++) {
        if (is_next(state->conditions[i].disarmed, &number)) {
            tell_interlock(limits->guards->conditions[i].tag, state->conditions[i].active_us, out);
            return true;
        }
    }
    for (uint32_t i = 0; i < limits->target_count; i++) {
        const ls_guard_target_state *target = &state->targets[i];
        if (is_next(target->foreign_us != LS_GUARD_UNKNOWN, &number)) {
            tell_foreign(limits->targets[i].name, target, out);
            return true;
        }
    }
    ls_guard_standing lots;
    if (is_next(tell_lots(state, &lots), &number)) {
        *out = lots;
        return true;
    }
    return number == 0 && tell_trips(state, clock, out);
}
