// check_authority.c - who may command: ids, roles, approvals, bypasses, holds.
#include <string.h>

#include "guard/check_inside.h"

// 21
bool ls_guard_known_once(const ls_guard_case *c) {
    if (c->command->id[0] == '\0') {
        return ls_guard_no(c, "the command has no id", "명령에 ID가 없습니다");
    }
    const uint64_t id = ls_guard_hash(c->command->id);
    for (uint32_t i = 0; i < c->state->id_count; i++) {
        if (c->state->ids[i].id != id) {
            continue;
        }
        return c->state->ids[i].body == ls_guard_body(c->command)
                   ? ls_guard_no(c, "%s was decided already", "%s은(는) 이미 처리된 명령입니다",
                                 c->command->id)
                   : ls_guard_no(c, "%s stands for another command already",
                                 "%s은(는) 이미 다른 명령에 쓰인 ID입니다", c->command->id);
    }
    return true;
}

static bool of_station(const ls_guard_case *c) {
    return c->target->station == c->point->station;
}

// Is this what the decision point may do?
static bool of_point(const ls_guard_case *c) {
    const ls_command_kind kind = c->command->kind;
    const uint32_t way = kind == LS_COMMAND_DISPATCH ? ls_guard_lot_way(c->command) : 0;
    switch (c->point->kind) {
    case LS_DECIDE_DISPATCH:
    case LS_DECIDE_BATCH:
        return ((kind == LS_COMMAND_DISPATCH && way == 0) || kind == LS_COMMAND_HOLD) &&
               of_station(c);
    case LS_DECIDE_SORT:
        return kind == LS_COMMAND_DISPATCH && (way & c->point->sort.ways) != 0 && of_station(c);
    case LS_DECIDE_SETUP:
        return ((kind == LS_COMMAND_DISPATCH && way == 0) || kind == LS_COMMAND_HOLD ||
                kind == LS_COMMAND_SETUP) &&
               of_station(c);
    case LS_DECIDE_MAINTENANCE: return kind == LS_COMMAND_MAINTAIN && of_station(c);
    case LS_DECIDE_RELEASE:
        return (kind == LS_COMMAND_RELEASE || kind == LS_COMMAND_PUT_OFF) &&
               c->target->index == c->point->release;
    case LS_DECIDE_CONWIP:  // a level by its value, or a lot more by hand
        return (kind == LS_COMMAND_RELEASE && c->target->index == c->point->release) ||
               (kind == LS_COMMAND_SETPOINT && c->target->index == c->point->measured);
    case LS_DECIDE_STAFFING:
    case LS_DECIDE_SETPOINT:
        return kind == LS_COMMAND_SETPOINT && c->target->index == c->point->measured;
    default: return false;
    }
}

static bool by_person_only(ls_command_kind kind) {
    return kind == LS_COMMAND_STOP || kind == LS_COMMAND_START;
}

static bool may_by_hand(const ls_guard_case *c) {
    const ls_command_kind kind = c->command->kind;
    if (!c->command->by_hand ||
        (!c->command->automatic && (kind == LS_COMMAND_RELEASE || kind == LS_COMMAND_PUT_OFF))) {
        return true;
    }
    return ls_guard_no(c, "by hand people release and put off alone",
                       "수동으로는 사람이 투입과 투입 보류만 할 수 있습니다");
}

static bool may_point(const ls_guard_case *c) {
    if (!may_by_hand(c)) {
        return false;
    }
    if (by_person_only(c->command->kind)) {
        if (!c->command->automatic) {
            return true;
        }
        return ls_guard_no(c, "only people stop and start machines",
                           "설비 정지와 시작은 사람만 할 수 있습니다");
    }
    if (c->point == NULL) {
        return ls_guard_no(c, "no decision point '%s'", "결정 지점 '%s'이(가) 없습니다",
                           c->command->point);
    }
    if (!of_point(c)) {
        return ls_guard_no(c, "'%s' may not do this to %s",
                           "'%s'은(는) %s에 이 명령을 내릴 수 없습니다", c->command->point,
                           c->command->target);
    }
    const ls_decide_mode least = c->command->automatic ? LS_MODE_AUTO : LS_MODE_APPROVE;
    if (c->point->mode == LS_MODE_AUTO || c->point->mode == least) {
        return true;
    }
    return ls_guard_no(c, "'%s' is in mode %s", "'%s'의 모드는 %s입니다", c->command->point,
                       c->point->mode == LS_MODE_APPROVE ? "approve" : "watch or advise");
}

static bool is_revoked(const ls_guard_state *state, const ls_approval *approval) {
    for (uint32_t i = 0; i < state->revoked_count; i++) {
        if (strcmp(state->revoked[i].who, approval->who) == 0 &&
            approval->at_us <= state->revoked[i].at_us) {
            return true;
        }
    }
    return state->revoked_lost;
}

static bool one_approval(const ls_guard_case *c, const ls_approval *approval) {
    if (approval->who[0] == '\0' || approval->role < LS_ROLE_OPERATOR) {
        return ls_guard_no(c, "'%s' may not approve", "'%s'에게 승인 권한이 없습니다",
                           approval->who);
    }
    if (is_revoked(c->state, approval)) {
        return ls_guard_no(c, "the rights of '%s' were revoked", "'%s'의 권한이 취소되었습니다",
                           approval->who);
    }
    return true;
}

static bool approved(const ls_guard_case *c) {
    const ls_command *command = c->command;
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < command->approval_count; i++) {
        if (!one_approval(c, &command->approvals[i])) {
            return false;
        }
        newest = command->approvals[i].at_us > newest ? command->approvals[i].at_us : newest;
    }
    if (command->approval_count == 0) {
        return ls_guard_no(c, "nobody has approved it", "승인한 사람이 없습니다");
    }
    const int64_t age = ls_guard_span(c->clock->wall_us, newest);
    if (age >= LS_GUARD_APPROVAL_US) {
        return ls_guard_no(c, "the approval is %.0f s old, it counts for %.0f s",
                           "승인이 %.0f초 지났습니다 (유효 %.0f초)", (double)age / 1e6,
                           (double)LS_GUARD_APPROVAL_US / 1e6);
    }
    if (age >= -LS_GUARD_SKEW_US) {
        return true;
    }
    return ls_guard_no(c, "the approval is from the future", "승인 시각이 미래입니다");
}

// 19
bool ls_guard_may(const ls_guard_case *c) {
    if (c->target == NULL) {
        return ls_guard_no(c, "there is no '%s' to command", "명령 대상 '%s'이(가) 없습니다",
                           c->command->target);
    }
    if (strcmp(c->command->device, c->target->device) != 0) {
        return ls_guard_no(c, "%s is commanded at '%s', not at '%s'",
                           "%s의 명령 위치는 '%s'입니다 ('%s' 아님)", c->target->name,
                           c->target->device, c->command->device);
    }
    return may_point(c) && (c->command->automatic || approved(c));
}

// The wall time at which it was decided.
static int64_t decided_wall(const ls_guard_case *c) {
    const int64_t age = ls_guard_span(c->clock->mono_us, c->command->decided_us);
    return ls_guard_span(c->clock->wall_us, age);
}

// 20
bool ls_guard_by_two(const ls_guard_case *c) {
    const ls_command *command = c->command;
    if (command->automatic) {
        return true;
    }
    for (uint32_t i = 0; i < command->approval_count; i++) {
        if (command->approvals[i].at_us < decided_wall(c)) {
            return ls_guard_no(c, "'%s' approved before it was decided",
                               "'%s'의 승인이 결정보다 먼저입니다", command->approvals[i].who);
        }
    }
    if (!c->limits->guards->two_persons) {
        return true;
    }
    if (command->approval_count < 2) {
        return ls_guard_no(c, "two people must approve", "두 사람의 승인이 필요합니다");
    }
    const ls_approval *a = &command->approvals[0], *b = &command->approvals[1];
    if (strcmp(a->who, b->who) == 0) {
        return ls_guard_no(c, "'%s' approved twice", "'%s'이(가) 두 번 승인했습니다", a->who);
    }
    const int64_t first = a->at_us < b->at_us ? a->at_us : b->at_us;
    const int64_t last = a->at_us < b->at_us ? b->at_us : a->at_us;
    if (ls_guard_span(last, first) <= LS_GUARD_TWO_PERSONS_US) {
        return true;
    }
    return ls_guard_no(c, "the two approvals lie too far apart",
                       "두 승인 사이의 시간이 너무 깁니다");
}

// 35
bool ls_guard_bypasses(const ls_guard_case *c) {
    for (uint32_t i = 0; i < c->state->bypass_count; i++) {
        const ls_guard_bypass *bypass = &c->state->bypasses[i];
        if (c->clock->wall_us >= bypass->end_us) {
            continue;  // it has ended by itself
        }
        if (c->clock->wall_us < bypass->begin_us || !ls_guard_bypass_valid(c->limits, bypass)) {
            return ls_guard_no(c, "the bypass of guard %u lacks reason, person or a lawful end",
                               "가드 %u의 우회에 사유, 담당자 또는 유효한 종료 시각이 없습니다",
                               bypass->guard);
        }
    }
    return true;
}

// 18
bool ls_guard_not_held(const ls_guard_case *c) {
    if (c->state->holds_lost) {
        return ls_guard_no(c, "too many holds: everything is held",
                           "보류가 너무 많아 전체를 보류합니다");
    }
    for (uint32_t i = 0; i < c->state->hold_count; i++) {
        const ls_guard_hold *hold = &c->state->holds[i];
        if (hold->point[0] == '\0' || strcmp(hold->point, c->command->point) == 0) {
            return ls_guard_no(c, "held by '%s'", "'%s'이(가) 보류했습니다", hold->who);
        }
    }
    return true;
}
