// check_rate.c - not too fast, not too much, not too often; and several commands taken together.
#include <math.h>
#include <string.h>

#include "guard/check_inside.h"

static const ls_guard_limit *limit_of(const ls_guard_case *c, uint32_t index, ls_guard_kind kind) {
    const ls_guard_limit *limit = &c->limits->guards->limits[index];
    return limit->kind == kind && c->target != NULL &&
                   ls_guard_limit_holds(limit, c->target, c->command->kind)
               ? limit
               : NULL;
}

static bool slow_by(const ls_guard_case *c, const ls_guard_limit *limit) {
    const int64_t since = ls_guard_span(c->clock->line_us, c->value->verified_us);
    if (c->value->verified_us == LS_GUARD_UNKNOWN || since < 0) {
        return ls_guard_no(c, "when %s was last read back is unknown",
                           "%s을(를) 마지막으로 확인한 시각을 알 수 없습니다", c->target->name);
    }
    const double seconds = (double)(since < LS_RATE_PERIOD_US ? since : LS_RATE_PERIOD_US) / 1e6;
    const double change = fabs(c->command->number - c->value->verified);
    if (change <= limit->high * seconds) {
        return true;
    }
    return ls_guard_no(c, "a change of %g of %s within %.1f s, at most %g",
                       "%g 변경 (%s, %.1f초 동안 최대 %g)", change, c->target->name, seconds,
                       limit->high * seconds);
}

// 2
bool ls_guard_slow(const ls_guard_case *c) {
    for (uint32_t i = 0; c->value != NULL && i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = limit_of(c, i, LS_LIMIT_RATE);
        if (limit != NULL && !slow_by(c, limit)) {
            return false;
        }
    }
    return true;
}

static const ls_guard_change *oldest(const ls_guard_window *window) {
    return &window->changes[window->first];
}

static double sum_live(const ls_guard_case *c, const ls_guard_window *window, int64_t span_us) {
    double sum = 0.0;
    for (uint32_t i = 0; i < window->count; i++) {
        const ls_guard_change *change = &window->changes[(window->first + i) % window->capacity];
        sum += ls_guard_window_live(change, c->clock->line_us, span_us) ? change->amount : 0.0;
    }
    return sum;
}

static uint32_t count_live(const ls_guard_case *c, const ls_guard_window *window, int64_t span_us) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < window->count; i++) {
        const ls_guard_change *change = &window->changes[(window->first + i) % window->capacity];
        count += ls_guard_window_live(change, c->clock->line_us, span_us);
    }
    return count;
}

// 4
bool ls_guard_in_budget(const ls_guard_case *c) {
    for (uint32_t i = 0; c->value != NULL && i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = limit_of(c, i, LS_LIMIT_BUDGET);
        const ls_guard_window *window = &c->state->windows[i];
        if (limit == NULL) {
            continue;
        }
        if (window->count == window->capacity &&
            ls_guard_window_live(oldest(window), c->clock->line_us, limit->window_us)) {
            return ls_guard_no(c, "more changes than the guard can remember",
                               "가드가 기억할 수 있는 것보다 변경이 많습니다");
        }
        const double sum = sum_live(c, window, limit->window_us) + fabs(ls_guard_amount(c));
        if (!(sum <= limit->high)) {
            return ls_guard_no(c, "changes of %s would add up to %g, at most %g",
                               "%s의 누적 변경이 %g이(가) 됩니다 (최대 %g)", c->target->name, sum,
                               limit->high);
        }
    }
    return true;
}

// 5
bool ls_guard_seldom(const ls_guard_case *c) {
    for (uint32_t i = 0; i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = limit_of(c, i, LS_LIMIT_FREQUENCY);
        if (limit != NULL &&
            count_live(c, &c->state->windows[i], limit->window_us) >= limit->count) {
            return ls_guard_no(c, "%u commands already within %.0f s",
                               "%u개 명령을 이미 보냈습니다 (%.0f초 안)", limit->count,
                               (double)limit->window_us / 1e6);
        }
    }
    return true;
}

// 6
bool ls_guard_dwelt(const ls_guard_case *c) {
    for (uint32_t i = 0; i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = limit_of(c, i, LS_LIMIT_DWELL);
        if (limit == NULL || c->memory->changed_us == LS_GUARD_UNKNOWN) {
            continue;
        }
        const int64_t since = ls_guard_span(c->clock->line_us, c->memory->changed_us);
        if (since < limit->window_us) {
            return ls_guard_no(c, "%s was changed %.0f s ago, at least %.0f s",
                               "%s을(를) %.0f초 전에 바꿨습니다 (최소 %.0f초)", c->target->name,
                               (double)since / 1e6, (double)limit->window_us / 1e6);
        }
    }
    return true;
}

// 34
bool ls_guard_no_flood(const ls_guard_case *c) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->state->alarm_count; i++) {
        count += ls_guard_span(c->clock->mono_us, c->state->alarms[i]) < LS_GUARD_ALARM_WINDOW_US;
    }
    if (count <= LS_GUARD_FLOOD) {
        return true;
    }
    return ls_guard_no(c, "%u alarms in ten minutes: nothing more is sent",
                       "10분 동안 알람 %u건: 더 보내지 않습니다", count);
}

// --- together

static bool same_lot(const ls_command *a, const ls_command *b) {
    char one[sizeof a->argument], other[sizeof b->argument];
    ls_guard_lot_name(a, one);
    ls_guard_lot_name(b, other);
    return a->kind == LS_COMMAND_DISPATCH && b->kind == LS_COMMAND_DISPATCH && one[0] != '\0' &&
           strcmp(one, other) == 0;
}

static bool apart(const ls_guard_case *c, const ls_command *other) {
    if (strcmp(other->id, c->command->id) == 0) {
        return ls_guard_no(c, "%s stands twice among them", "%s이(가) 두 번 들어 있습니다",
                           other->id);
    }
    if (strcmp(other->target, c->command->target) == 0) {
        return ls_guard_no(c, "two commands for %s", "%s에 대한 명령이 둘입니다", other->target);
    }
    if (!same_lot(other, c->command)) {
        return true;
    }
    return ls_guard_no(c, "lot '%s' for two machines", "로트 '%s'이(가) 두 설비에 지정되었습니다",
                       other->argument);
}

typedef struct sums {
    double amount;
    uint32_t commands;
} sums;

// What this command and those before it add to a limit.
static sums added(const ls_guard_case *c, const ls_guard_limit *limit) {
    sums sum = {.amount = fabs(ls_guard_amount(c)), .commands = 1};
    for (uint32_t i = 0; i < c->before_count; i++) {
        ls_guard_case other = *c;
        ls_guard_case_set(&other, &c->before[i]);
        if (!ls_guard_is_stop(other.command) &&
            ls_guard_limit_holds(limit, other.target, other.command->kind)) {
            sum.amount += fabs(ls_guard_amount(&other));
            sum.commands++;
        }
    }
    return sum;
}

static bool fits_limit(const ls_guard_case *c, uint32_t index) {
    const ls_guard_limit *limit = &c->limits->guards->limits[index];
    const ls_guard_window *window = &c->state->windows[index];
    if (window->capacity == 0 || !ls_guard_limit_holds(limit, c->target, c->command->kind)) {
        return true;
    }
    const sums sum = added(c, limit);
    const bool fits = limit->kind == LS_LIMIT_BUDGET
                          ? sum_live(c, window, limit->window_us) + sum.amount <= limit->high
                          : count_live(c, window, limit->window_us) + sum.commands <= limit->count;
    if (fits) {
        return true;
    }
    return ls_guard_no(c, "%u commands together go over a limit",
                       "명령 %u개를 합치면 한도를 넘습니다", c->before_count + 1);
}

static uint32_t lots_added(const ls_guard_case *c, const ls_command *command) {
    return ls_guard_lots_added(c->limits, command->kind,
                               ls_guard_target_find(c->limits, command->kind, command->target));
}

static bool lots_fit(const ls_guard_case *c) {
    uint64_t lots = ls_guard_lots(c->state) + lots_added(c, c->command);
    for (uint32_t i = 0; i < c->before_count; i++) {
        lots += lots_added(c, &c->before[i]);
    }
    if (lots <= c->limits->lots_most) {
        return true;
    }
    return ls_guard_no(c, "together they are too many lots", "합치면 로트가 너무 많습니다");
}

// 33. Those before it have passed all guards: their targets are there.
bool ls_guard_together(const ls_guard_case *c) {
    if (c->target == NULL) {
        return ls_guard_no(c, "no target, no effect", "대상이 없어 영향을 알 수 없습니다");
    }
    for (uint32_t i = 0; i < c->before_count; i++) {
        if (!apart(c, &c->before[i])) {
            return false;
        }
    }
    if (ls_guard_is_stop(c->command)) {
        return true;
    }
    for (uint32_t i = 0; c->before_count > 0 && i < c->limits->guards->limit_count; i++) {
        if (!fits_limit(c, i)) {
            return false;
        }
    }
    return lots_fit(c);
}
