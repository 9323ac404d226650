// check_fresh.c - are the signals and the decision of now?
#include "guard/check_inside.h"

// What must be fresh: the machine's state, or the value. A release concerns the line alone.
static const ls_guard_heard *heard_of(const ls_guard_case *c) {
    if (c->machine != NULL) {
        return &c->machine->state;
    }
    return c->value != NULL ? &c->value->current : NULL;
}

bool ls_guard_is_by_arrival(const ls_guard_case *c) {
    const ls_guard_heard *heard = heard_of(c);
    return heard != NULL && heard->by_arrival;
}

// 7
bool ls_guard_fresh(const ls_guard_case *c) {
    const ls_guard_heard *heard = heard_of(c);
    if (c->clock->line_us == LS_GUARD_UNKNOWN) {
        return ls_guard_no(c, "the line's time is unknown", "라인 시각을 알 수 없습니다");
    }
    if (heard == NULL) {
        return true;
    }
    if (heard->vouched_us == LS_GUARD_UNKNOWN) {
        return ls_guard_no(c, "nothing was heard of %s", "%s의 신호를 받은 적이 없습니다",
                           c->target->name);
    }
    const int64_t age = ls_guard_span(c->clock->line_us, heard->vouched_us);
    if (age < -LS_GUARD_SKEW_US) {
        return ls_guard_no(c, "signals of %s come from the future", "%s의 신호 시각이 미래입니다",
                           c->target->name);
    }
    if (age <= c->limits->guards->fresh_us) {
        return true;
    }
    return ls_guard_no(c, "signals of %s are %.1f s old, at most %.1f s",
                       "%s의 신호가 %.1f초 지났습니다 (최대 %.1f초)", c->target->name,
                       (double)age / 1e6, (double)c->limits->guards->fresh_us / 1e6);
}

// 8
bool ls_guard_good(const ls_guard_case *c) {
    const ls_guard_heard *heard = heard_of(c);
    if (heard == NULL || heard->quality == LS_GUARD_QUALITY_GOOD) {
        return true;
    }
    if ((heard->quality == LS_GUARD_QUALITY_UNCERTAIN && c->limits->accepts_uncertain)) {
        return true;
    }
    return ls_guard_no(c, "signals of %s are not good", "%s의 신호 품질이 좋지 않습니다",
                       c->target->name);
}

// 12
bool ls_guard_in_time(const ls_guard_case *c) {
    if (c->command->decided_us > c->clock->mono_us) {
        return ls_guard_no(c, "decided in the future", "결정 시각이 미래입니다");
    }
    if (c->command->decided_us <= c->command->deadline_us) {
        return true;
    }
    return ls_guard_no(
        c, "decided %.3f s after its deadline", "결정이 기한보다 %.3f초 늦었습니다",
        (double)ls_guard_span(c->command->decided_us, c->command->deadline_us) / 1e6);
}

// 24
bool ls_guard_not_expired(const ls_guard_case *c) {
    const int64_t left = ls_guard_span(c->command->not_after_us, c->clock->mono_us);
    if (left <= 0) {
        return ls_guard_no(c, "it was to be sent %.3f s ago", "전송 기한이 %.3f초 지났습니다",
                           -(double)left / 1e6);
    }
    if (left <= c->limits->guards->not_after_us) {
        return true;
    }
    return ls_guard_no(c, "it expires in %.1f s, at most %.1f s ahead is allowed",
                       "만료까지 %.1f초 남았습니다 (최대 %.1f초)", (double)left / 1e6,
                       (double)c->limits->guards->not_after_us / 1e6);
}
