// check_mode.c - is the line ours, alone, does it hear us, do we hear it, can it do without us?
#include "guard/check_inside.h"

// 17
bool ls_guard_ours(const ls_guard_case *c) {
    if (c->state->line.owner == LS_OWNER_LOCAL) {
        return ls_guard_no(c, "the line is in local mode", "라인이 로컬 모드입니다");
    }
    if (c->state->line.owner != LS_OWNER_US) {
        return ls_guard_no(c, "who commands the line is unknown",
                           "라인의 제어 권한을 알 수 없습니다");
    }
    if (c->command->decided_us >= c->state->line.owner_since_us) {
        return true;
    }
    return ls_guard_no(c, "decided before the line was given back to us",
                       "제어 권한이 돌아오기 전에 내려진 결정입니다");
}

// 31
bool ls_guard_one_writer(const ls_guard_case *c) {
    const ls_guard_line *line = &c->state->line;
    if (!line->lease_held || c->clock->mono_us >= line->lease_until_us) {
        return ls_guard_no(c, "the lease on the line is not ours",
                           "라인 쓰기 권한(lease)이 없습니다");
    }
    if (!c->limits->line_has_epoch || line->epoch >= line->line_epoch) {
        return true;
    }
    return ls_guard_no(c, "a newer writer, epoch %u, has the line; ours is %u",
                       "더 새로운 기록자(에포크 %u)가 있습니다. 현재 에포크는 %u입니다",
                       line->line_epoch, line->epoch);
}

static bool within(const ls_guard_case *c, int64_t at_us) {
    const int64_t age = ls_guard_span(c->clock->mono_us, at_us);
    return at_us != LS_GUARD_UNKNOWN && age >= 0 && age <= c->limits->guards->heartbeat_us;
}

// 27
bool ls_guard_beat_out(const ls_guard_case *c) {
    if ((c->state->line.beat_heard && within(c, c->state->line.beat_sent_us))) {
        return true;
    }
    return ls_guard_no(c, "the line does not hear our heartbeat",
                       "라인이 하트비트를 받지 못하고 있습니다");
}

// 28
bool ls_guard_beat_in(const ls_guard_case *c) {
    if (within(c, c->state->line.beat_in_us)) {
        return true;
    }
    return ls_guard_no(c, "nothing has moved on the line for more than %.1f s",
                       "%.1f초 넘게 라인에서 변화가 없습니다",
                       (double)c->limits->guards->heartbeat_us / 1e6);
}

// 29
bool ls_guard_fallback(const ls_guard_case *c) {
    if (c->state->line.fallback_ready) {
        return true;
    }
    return ls_guard_no(c, "the line's own rule is not ready",
                       "라인 자체 규칙이 준비되지 않았습니다");
}

// Has it been well and then not, within a day? In the future, after the clock was set back: it has.
static bool has_failed_today(const ls_guard_case *c) {
    return c->state->unhealthy_us != LS_GUARD_UNKNOWN &&
           ls_guard_span(c->clock->wall_us, c->state->unhealthy_us) < LS_GUARD_DAY_US;
}

// 30. Again only when healthy for two heartbeats: one alone would let a link that flutters in and
// out through. The first time, what guards 31, 27 and 28 ask is enough: the line has answered a
// fence twice, and a beat.
bool ls_guard_healthy(const ls_guard_case *c) {
    if (c->state->latched) {
        return ls_guard_no(c, "too many trips today: a person must reset",
                           "오늘 트립이 너무 많습니다. 사람이 해제해야 합니다");
    }
    const int64_t since = c->state->healthy_since_us;
    const int64_t needed = has_failed_today(c) ? c->limits->guards->heartbeat_us : 0;
    if ((since != LS_GUARD_UNKNOWN && ls_guard_span(c->clock->mono_us, since) / 2 >= needed)) {
        return true;
    }
    return ls_guard_no(c, "not healthy for long enough yet",
                       "정상 상태가 아직 충분히 길지 않습니다");
}
