// check_situation.c - does the state of the line allow it, and is it the state decided about?
#include <math.h>

#include "guard/check_inside.h"

#define BIT(state) (1u << (state))

// PackML states (ANSI/ISA-TR88.00.02) in which a command is taken, as bits. While a machine is on
// its way from one state to another nothing that changes its state is taken, and nothing is queued.
// DISPATCH and MAINTAIN change no state: they say what comes next, so a machine that is set up or
// unloads takes them too. 2 stopped, 3 starting, 4 idle, 5 suspended, 6 execute, 11 held,
// 16 completing, 17 complete.
static uint32_t legal_in(ls_command_kind kind) {
    const uint32_t standing = BIT(4) | BIT(5) | BIT(6) | BIT(11) | BIT(17);
    switch (kind) {
    case LS_COMMAND_DISPATCH:
    case LS_COMMAND_MAINTAIN: return standing | BIT(3) | BIT(16);
    case LS_COMMAND_HOLD: return standing;
    case LS_COMMAND_START: return BIT(2) | BIT(4);
    case LS_COMMAND_SETUP: return BIT(4);
    default: return ~(BIT(1) | BIT(2) | BIT(7) | BIT(8) | BIT(9));  // STOP: almost everywhere
    }
}

// 16
bool ls_guard_legal(const ls_guard_case *c) {
    if (c->machine == NULL) {
        return true;  // of the line
    }
    const double state = c->machine->state.value;
    if (!(state >= 1 && state <= 17) || state != floor(state)) {
        return ls_guard_no(c, "the state of %s is unknown", "%s의 상태를 알 수 없습니다",
                           c->target->name);
    }
    if ((legal_in(c->command->kind) & BIT((uint32_t)state)) != 0) {
        return true;
    }
    return ls_guard_no(c, "not in state %d of %s",
                       "현재 상태(%d)에서는 %s에 내릴 수 없는 명령입니다", (int)state,
                       c->target->name);
}

// Of every command, or of those to its machine and to values of it.
static bool concerns(const ls_guard_case *c, const ls_guard_condition *condition) {
    return condition->machine == LS_NONE ||
           (c->target != NULL && condition->machine == c->target->machine);
}

static bool is_known(const ls_guard_case *c, const ls_guard_heard *heard) {
    const int64_t age = ls_guard_span(c->clock->line_us, heard->vouched_us);
    return heard->quality == LS_GUARD_QUALITY_GOOD && isfinite(heard->value) &&
           heard->vouched_us != LS_GUARD_UNKNOWN && age >= -LS_GUARD_SKEW_US &&
           age <= c->limits->guards->fresh_us;
}

// 15
bool ls_guard_no_interlock(const ls_guard_case *c) {
    for (uint32_t i = 0; i < c->limits->guards->condition_count; i++) {
        const ls_guard_condition *condition = &c->limits->guards->conditions[i];
        const ls_guard_condition_state *now = &c->state->conditions[i];
        if (!condition->interlock || !concerns(c, condition)) {
            continue;
        }
        if (!is_known(c, &now->heard)) {
            return ls_guard_no(c, "interlock %s is unknown", "인터록 %s의 값을 알 수 없습니다",
                               condition->tag);
        }
        if (now->heard.value == condition->value) {
            return ls_guard_no(c, "interlock %s is active", "인터록 %s이(가) 작동 중입니다",
                               condition->tag);
        }
        if (now->disarmed) {
            return ls_guard_no(c, "interlock %s was active: a person must re-arm",
                               "인터록 %s이(가) 작동했었습니다. 사람이 재설정해야 합니다",
                               condition->tag);
        }
    }
    return true;
}

// 14
bool ls_guard_permitted(const ls_guard_case *c) {
    for (uint32_t i = 0; i < c->limits->guards->condition_count; i++) {
        const ls_guard_condition *condition = &c->limits->guards->conditions[i];
        const ls_guard_heard *heard = &c->state->conditions[i].heard;
        if (condition->interlock || !concerns(c, condition)) {
            continue;
        }
        if (!is_known(c, heard) || heard->value != condition->value) {
            return ls_guard_no(c, "%s does not permit it", "%s 조건이 허가하지 않습니다",
                               condition->tag);
        }
    }
    return true;
}

// 13
bool ls_guard_bound(const ls_guard_case *c) {
    if (c->command->state_version == 0) {
        return ls_guard_no(c, "the state decided about is not named",
                           "결정의 기준 상태가 명시되지 않았습니다");
    }
    if (c->command->state_version == c->command->state_now) {
        return true;
    }
    return ls_guard_no(c, "the state has changed since it was decided",
                       "결정한 뒤에 상태가 바뀌었습니다");
}

static bool lot_waits(const ls_guard_case *c) {
    char name[sizeof c->command->argument];
    ls_guard_lot_name(c->command, name);
    const ls_guard_lot *lot = ls_guard_lot_find(c->state, name);
    if (lot == NULL) {
        return ls_guard_no(c, "no lot '%s' is in the plant", "로트 '%s'이(가) 공장에 없습니다",
                           name);
    }
    if (lot->machines != 0) {
        return ls_guard_no(c, "lot '%s' is in a machine", "로트 '%s'은(는) 설비 안에 있습니다",
                           name);
    }
    if (lot->station == c->target->station) {
        return true;
    }
    return ls_guard_no(c, "lot '%s' does not wait at %s",
                       "로트 '%s'은(는) %s에서 대기하지 않습니다", name, c->target->name);
}

static bool lots_fit(const ls_guard_case *c) {
    const uint64_t more = ls_guard_lots_added(c->limits, c->command->kind, c->at);
    const uint64_t lots = ls_guard_lots(c->state);
    if (c->limits->line_counts_lots &&
        !(is_known(c, &c->state->lots_inside) && c->state->lots_inside.value >= 0.0)) {
        return ls_guard_no(c, "how many lots are in the plant is not known",
                           "공장에 로트가 몇 개 있는지 알 수 없습니다");
    }
    if (lots + more <= c->limits->lots_most) {
        return true;
    }
    return ls_guard_no(c, "%llu lots are in the plant, at most %u",
                       "공장에 로트 %llu개가 있습니다 (최대 %u개)", (unsigned long long)lots,
                       c->limits->lots_most);
}

static bool level_fits(const ls_guard_case *c) {
    if (c->command->number <= (double)c->limits->lots_most) {
        return true;
    }
    return ls_guard_no(c, "%g lots kept, the plant holds at most %u",
                       "재공 %g로트 유지: 공장 최대 %u로트", c->command->number,
                       c->limits->lots_most);
}

// 32
bool ls_guard_conserved(const ls_guard_case *c) {
    const bool chooses = c->command->kind == LS_COMMAND_DISPATCH && c->command->argument[0] != '\0';
    const bool adds = c->command->kind == LS_COMMAND_RELEASE;
    if (c->command->kind == LS_COMMAND_SETPOINT && c->point != NULL &&
        c->point->kind == LS_DECIDE_CONWIP) {
        return level_fits(c);
    }
    if (c->target == NULL || !(chooses || adds)) {
        return true;
    }
    if (!c->state->lots_known) {
        return ls_guard_no(c, "where the lots are is not known", "로트의 위치를 알 수 없습니다");
    }
    return chooses ? lot_waits(c) : lots_fit(c);
}

// 22
bool ls_guard_in_sequence(const ls_guard_case *c) {
    const uint32_t last = c->memory != NULL ? c->memory->sequence : 0;
    if (c->command->sequence > last) {
        return true;
    }
    return ls_guard_no(c, "number %u of %s does not follow %u",
                       "순번 %u (%s)이(가) %u 다음이 아닙니다", c->command->sequence,
                       c->command->target, last);
}

// 26
bool ls_guard_not_foreign(const ls_guard_case *c) {
    if (c->memory == NULL || c->memory->foreign_us == LS_GUARD_UNKNOWN) {
        return true;
    }
    return ls_guard_no(c, "somebody else has changed %s", "다른 사람이 %s을(를) 바꿨습니다",
                       c->target->name);
}

// 9
bool ls_guard_in_step(const ls_guard_case *c) {
    const ls_guards *guards = c->limits->guards;
    if (!(c->command->certainty >= guards->certainty_min)) {
        return ls_guard_no(c, "the twin is certain to %.2f, at least %.2f",
                           "트윈의 확실성이 %.2f입니다 (최소 %.2f)", c->command->certainty,
                           guards->certainty_min);
    }
    if (c->command->in_step_us >= guards->in_step_us) {
        return true;
    }
    return ls_guard_no(c, "the twin is in step for %.0f s, at least %.0f s",
                       "트윈이 %.0f초 동안 일치했습니다 (최소 %.0f초)",
                       (double)c->command->in_step_us / 1e6, (double)guards->in_step_us / 1e6);
}

static bool is_narrow(const ls_guard_case *c) {
    const ls_command *command = c->command;
    const double most = c->limits->guards->width_max;
    const double width = command->gain_high - command->gain_low;
    if (!isfinite(most)) {
        return true;  // the plant file bounds none
    }
    if (!(command->gain >= command->gain_low && command->gain <= command->gain_high)) {
        return ls_guard_no(c, "the gain has no interval", "기대 이득에 신뢰구간이 없습니다");
    }
    if (isfinite(width) && width <= most * command->gain) {
        return true;
    }
    return ls_guard_no(c, "the interval of the gain is %g wide, at most %g of %g",
                       "기대 이득의 신뢰구간 폭이 %g입니다 (최대 %g × %g)", width, most,
                       command->gain);
}

// 10
bool ls_guard_in_model(const ls_guard_case *c) {
    const double certainty = c->command->certainty;
    if ((certainty >= 0.0 && certainty <= 1.0 && isfinite(c->command->gain_low))) {
        return is_narrow(c);
    }
    return ls_guard_no(c, "what the claim rests on is missing", "기대 이득의 근거가 없습니다");
}
