// check_value.c - is what is asked for sensible, and worth it?
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "guard/check_inside.h"

bool ls_guard_setting(const ls_command *command, double *out) {
    const char *text = command->argument;
    const size_t length = strlen(command->target);
    return strncmp(text, command->target, length) == 0 && text[length] == '=' &&
           ls_text_parse_double(text + length + 1, strlen(text + length + 1), out);
}

static bool in_limits(const ls_guard_case *c, double low, double high) {
    const double number = c->command->number;
    if ((number >= low && number <= high)) {
        return true;
    }
    return ls_guard_no(c, "%g of %s is outside %g to %g", "%g (%s)은(는) 범위 %g ~ %g을 벗어납니다",
                       number, c->target->name, low, high);
}

static bool fits_tag(const ls_guard_case *c) {
    const double number = c->command->number;
    if (!c->value->whole ||
        (number == floor(number) && number >= c->value->least && number <= c->value->most)) {
        return true;
    }
    return ls_guard_no(c, "%g does not fit the tag of %s", "%g은(는) %s 태그에 쓸 수 없는 값입니다",
                       number, c->target->name);
}

// Lots and people come whole, and as many as the plant file lets be chosen.
static bool is_level(const ls_guard_case *c) {
    const bool counts = c->point != NULL && (c->point->kind == LS_DECIDE_CONWIP ||
                                             c->point->kind == LS_DECIDE_STAFFING);
    const ls_decide *decide = &c->limits->plant->decide;
    bool listed = !counts;
    for (uint32_t i = 0; !listed && i < c->point->number_count; i++) {
        listed = decide->numbers[c->point->number_at + i] == c->command->number;
    }
    if (listed) {
        return true;
    }
    return ls_guard_no(c, "'%s' may not choose %g", "'%s'은(는) %g을(를) 선택할 수 없습니다",
                       c->command->point, c->command->number);
}

static bool setting_in_range(const ls_guard_case *c) {
    double said = 0.0;
    if (!isfinite(c->command->number) || !ls_guard_setting(c->command, &said) ||
        said != c->command->number) {
        return ls_guard_no(c, "'%s' is no value of %s", "'%s'은(는) %s의 값이 아닙니다",
                           c->command->argument, c->target->name);
    }
    if (!in_limits(c, c->target->low, c->target->high) || !is_level(c)) {
        return false;
    }
    for (uint32_t i = 0; i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = &c->limits->guards->limits[i];
        if (limit->kind == LS_LIMIT_RANGE &&
            ls_guard_limit_holds(limit, c->target, c->command->kind) &&
            !in_limits(c, limit->low, limit->high)) {
            return false;
        }
    }
    return fits_tag(c);
}

static bool span_in_range(const ls_guard_case *c) {
    const char *text = c->command->argument;
    int64_t span_us = 0;
    ls_error err = {0};
    if (text[0] == '\0') {
        if (!c->command->automatic) {
            return true;
        }
        return ls_guard_no(c, "only people hold %s without an end",
                           "%s의 무기한 보류는 사람만 할 수 있습니다", c->target->name);
    }
    if ((ls_units_time(text, &span_us, &err) == LS_OK && span_us <= LS_GUARD_DAY_US)) {
        return true;
    }
    return ls_guard_no(c, "'%s' is no span of time up to a day",
                       "'%s'은(는) 하루 이내의 시간이 아닙니다", text);
}

static bool is_maintenance(const ls_guard_case *c) {
    const ls_plant *plant = c->limits->plant;
    const ls_station *station = &plant->stations[c->target->station];
    for (uint32_t i = station->failure_at; i < station->failure_at + station->failure_count; i++) {
        if (plant->failures[i].maintenance &&
            strcmp(plant->failures[i].name, c->command->argument) == 0) {
            return true;
        }
    }
    return ls_guard_no(c, "no maintenance '%s' of %s", "보전 '%s'이(가) %s에 없습니다",
                       c->command->argument, c->target->name);
}

static bool is_setup(const ls_guard_case *c) {
    const ls_plant *plant = c->limits->plant;
    const ls_station *station = &plant->stations[c->target->station];
    for (uint32_t i = station->setup_at; i < station->setup_at + station->setup_count; i++) {
        if (strcmp(plant->setup_names[i], c->command->argument) == 0) {
            return true;
        }
    }
    return ls_guard_no(c, "no setup '%s' of %s", "세팅 '%s'이(가) %s에 없습니다",
                       c->command->argument, c->target->name);
}

// "CLASS SPAN [LOTS]": nobody, not even a person, puts off for ever or for more than a day. "CLASS
// 0 s": all that wait come in, so no number of them is told.
static bool puts_off(const ls_guard_case *c) {
    const size_t length = strlen(c->target->name);
    char text[sizeof c->command->argument];
    memcpy(text, c->command->argument, sizeof text);
    int64_t span_us = 0;
    int64_t lots = 0;
    ls_error err = {0};
    if (!c->limits->plant->releases[c->target->index].pool) {
        return ls_guard_no(c, "%s has no order pool", "%s에는 오더 풀이 없습니다", c->target->name);
    }
    if (strncmp(text, c->target->name, length) == 0 && text[length] == ' ') {
        char *last = strrchr(text, ' ');
        if (last > text + length && ls_text_parse_i64(last + 1, strlen(last + 1), &lots)) {
            *last = '\0';
        }
        if (ls_units_time(text + length + 1, &span_us, &err) == LS_OK &&
            span_us <= LS_GUARD_DAY_US && lots >= 0 && lots <= c->limits->lots_most &&
            (span_us > 0 || lots == 0)) {
            return true;
        }
    }
    return ls_guard_no(c, "'%s' puts %s off for no time up to a day",
                       "'%s': %s을(를) 미룰 수 있는 하루 이내의 시간이 아닙니다",
                       c->command->argument, c->target->name);
}

static bool argument_is(const ls_guard_case *c, const char *wanted) {
    if (strcmp(c->command->argument, wanted) == 0) {
        return true;
    }
    return ls_guard_no(c, "'%s' is not what %s takes", "'%s'은(는) %s에 맞지 않는 인수입니다",
                       c->command->argument, c->target->name);
}

// 1
bool ls_guard_in_range(const ls_guard_case *c) {
    if (c->target == NULL) {
        return ls_guard_no(c, "no target, no range", "대상이 없어 범위를 알 수 없습니다");
    }
    switch (c->command->kind) {
    case LS_COMMAND_SETPOINT: return setting_in_range(c);
    case LS_COMMAND_HOLD: return span_in_range(c);
    case LS_COMMAND_MAINTAIN: return is_maintenance(c);
    case LS_COMMAND_SETUP: return is_setup(c);
    case LS_COMMAND_RELEASE: return argument_is(c, c->target->name);
    case LS_COMMAND_PUT_OFF: return puts_off(c);
    case LS_COMMAND_DISPATCH: return true;  // its lot: guard 32
    default: return argument_is(c, "");
    }
}

// 3
bool ls_guard_small_step(const ls_guard_case *c) {
    if (c->value == NULL) {
        return true;
    }
    const double amount = fabs(ls_guard_amount(c));
    for (uint32_t i = 0; i < c->limits->guards->limit_count; i++) {
        const ls_guard_limit *limit = &c->limits->guards->limits[i];
        if (limit->kind == LS_LIMIT_STEP &&
            ls_guard_limit_holds(limit, c->target, c->command->kind) && !(amount <= limit->high)) {
            return ls_guard_no(c, "a step of %g of %s, at most %g", "%g만큼 변경 (%s, 최대 %g)",
                               amount, c->target->name, limit->high);
        }
    }
    return true;
}

// 11
bool ls_guard_claimed(const ls_guard_case *c) {
    const ls_command *command = c->command;
    const double of_point = c->point != NULL ? c->point->gain_min : 0.0;
    const double least = fmax(of_point, command->gain_min);
    if (!(command->gain_low > 0.0 && command->gain_low >= least)) {
        return ls_guard_no(c, "the gain is at least %g only, %g is needed",
                           "기대 이득의 하한이 %g입니다 (필요 %g)", command->gain_low, least);
    }
    if (command->claim_futures >= LS_GUARD_FUTURES_MIN) {
        return true;
    }
    return ls_guard_no(c, "the gain was estimated on %u fresh futures, at least %d",
                       "기대 이득이 새 미래 %u개로 추정되었습니다 (최소 %d개)",
                       command->claim_futures, LS_GUARD_FUTURES_MIN);
}
