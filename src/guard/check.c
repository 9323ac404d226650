// check.c - the guards in their order: the table, and running it.
#include "guard/check.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "guard/check_inside.h"

// Who skips a guard.
enum {
    ALWAYS = 0,
    NOT_STOP = 1,  // commands that only take something away
    NOT_HAND = 2,  // what rests on no computed decision: a start, which only people give, and what
                   // a person does by hand
};

typedef struct guard {
    uint32_t number;
    bool (*holds)(const ls_guard_case *c);
    uint32_t skip;
    bool bypass;  // people may switch it off for a while
    const char *group, *name, *ko;
} guard;

static const guard guards[LS_GUARD_COUNT] = {
    {21, ls_guard_known_once, ALWAYS, false, "authority", "idempotence", "중복 명령"},
    {19, ls_guard_may, ALWAYS, false, "authority", "authority", "권한"},
    {20, ls_guard_by_two, ALWAYS, false, "authority", "two persons", "2인 승인"},
    {35, ls_guard_bypasses, ALWAYS, false, "authority", "bypass", "우회"},
    {18, ls_guard_not_held, ALWAYS, false, "authority", "operator hold", "작업자 보류"},
    {17, ls_guard_ours, ALWAYS, false, "mode", "mode", "운전 모드"},
    {31, ls_guard_one_writer, ALWAYS, false, "mode", "one writer", "단일 기록자"},
    {27, ls_guard_beat_out, ALWAYS, false, "mode", "heartbeat out", "송신 하트비트"},
    {28, ls_guard_beat_in, ALWAYS, false, "mode", "heartbeat in", "수신 하트비트"},
    {29, ls_guard_fallback, ALWAYS, false, "mode", "fallback ready", "대체 규칙 준비"},
    {30, ls_guard_healthy, ALWAYS, false, "mode", "re-engage", "재투입"},
    {7, ls_guard_fresh, ALWAYS, false, "freshness", "freshness", "최신성"},
    {8, ls_guard_good, ALWAYS, false, "freshness", "quality", "신호 품질"},
    {12, ls_guard_in_time, ALWAYS, false, "freshness", "deadline", "결정 기한"},
    {16, ls_guard_legal, ALWAYS, false, "state", "PackML state", "PackML 상태"},
    {15, ls_guard_no_interlock, NOT_STOP, false, "state", "interlock", "인터록"},
    {14, ls_guard_permitted, NOT_STOP, true, "state", "permissive", "허가 조건"},
    {13, ls_guard_bound, NOT_STOP | NOT_HAND, false, "state", "state binding", "상태 일치"},
    {32, ls_guard_conserved, ALWAYS, false, "state", "conservation", "로트 보존"},
    {22, ls_guard_in_sequence, ALWAYS, false, "state", "sequence", "순번"},
    {26, ls_guard_not_foreign, ALWAYS, false, "state", "foreign write", "외부 변경"},
    {9, ls_guard_in_step, NOT_STOP | NOT_HAND, true, "state", "twin in step", "트윈 동기"},
    {10, ls_guard_in_model, NOT_STOP | NOT_HAND, true, "state", "model range", "모델 범위"},
    {1, ls_guard_in_range, ALWAYS, false, "value", "range", "범위"},
    {3, ls_guard_small_step, NOT_STOP, true, "value", "step size", "변경 폭"},
    {11, ls_guard_claimed, NOT_STOP | NOT_HAND, true, "value", "claim", "기대 이득"},
    {2, ls_guard_slow, NOT_STOP, false, "rate", "rate of change", "변화율"},
    {4, ls_guard_in_budget, NOT_STOP, true, "rate", "moving budget", "누적 변경량"},
    {5, ls_guard_seldom, NOT_STOP, true, "rate", "command frequency", "명령 빈도"},
    {6, ls_guard_dwelt, NOT_STOP, true, "rate", "minimum dwell", "최소 유지 시간"},
    {34, ls_guard_no_flood, NOT_STOP, true, "rate", "alarm rate", "알람 빈도"},
    {33, ls_guard_together, ALWAYS, false, "combined effect", "combined effect", "종합 영향"},
    {23, ls_guard_journalled, ALWAYS, false, "journal", "write-ahead", "선기록"},
    {24, ls_guard_not_expired, ALWAYS, false, "send", "expiry", "만료"},
    {25, ls_guard_read_before, ALWAYS, false, "read back", "read-back", "되읽기"},
};

static const guard *find(uint32_t number) {
    for (uint32_t i = 0; i < LS_GUARD_COUNT; i++) {
        if (guards[i].number == number) {
            return &guards[i];
        }
    }
    return NULL;
}

const char *ls_guard_name(uint32_t number) {
    const guard *g = find(number);
    return g != NULL ? g->name : "";
}

const char *ls_guard_name_ko(uint32_t number) {
    const guard *g = find(number);
    return g != NULL ? g->ko : "";
}

const char *ls_guard_group(uint32_t number) {
    const guard *g = find(number);
    return g != NULL ? g->group : "";
}

bool ls_guard_can_bypass(uint32_t number) {
    const guard *g = find(number);
    return g != NULL && g->bypass;
}

// --- a case

void ls_guard_say(char *reason, char *ko, const char *english, const char *korean, va_list args) {
    va_list again;
    va_copy(again, args);
    ls_text_vformat(reason, LS_GUARD_REASON, english, args);
    ls_text_vformat(ko, LS_GUARD_REASON_KO, korean, again);
    va_end(again);
}

bool ls_guard_no(const ls_guard_case *c, const char *english, const char *korean, ...) {
    va_list args;
    va_start(args, korean);
    ls_guard_say(c->reason, c->ko, english, korean, args);
    va_end(args);
    return false;
}

int64_t ls_guard_span(int64_t a, int64_t b) {
    int64_t span = 0;
    if (__builtin_sub_overflow(a, b, &span)) {
        return a < b ? INT64_MIN : INT64_MAX;
    }
    return span;
}

double ls_guard_amount(const ls_guard_case *c) {
    return c->value == NULL ? 0.0 : c->command->number - c->value->current.value;
}

bool ls_guard_window_live(const ls_guard_change *change, int64_t now_us, int64_t window_us) {
    return ls_guard_span(now_us, change->at_us) < window_us;
}

static const ls_decide_point *find_point(const ls_plant *plant, const char *name) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        if (strcmp(plant->decide.points[i].name, name) == 0) {
            return &plant->decide.points[i];
        }
    }
    return NULL;
}

void ls_guard_case_set(ls_guard_case *c, const ls_command *command) {
    const ls_guard_limits *limits = c->limits;
    c->command = command;
    c->at = ls_guard_target_find(limits, command->kind, command->target);
    c->target = NULL;
    c->memory = NULL;
    c->machine = NULL;
    c->value = NULL;
    if (c->at != LS_NONE) {
        c->target = &limits->targets[c->at];
        c->memory = &c->state->targets[c->at];
        c->machine = c->target->kind == LS_TARGET_MACHINE ? &c->state->machines[c->target->index]
                                                          : NULL;
        c->value = c->target->kind == LS_TARGET_VALUE ? &c->state->values[c->target->value] : NULL;
    }
    c->point = find_point(limits->plant, command->point);
}

#define ENDS(text) (memchr((text), '\0', sizeof(text)) != NULL)

static bool approvals_whole(const ls_command *command) {
    if (command->approval_count > 2) {
        return false;
    }
    for (uint32_t i = 0; i < command->approval_count; i++) {
        if (!ENDS(command->approvals[i].who) ||
            (uint32_t)command->approvals[i].role >= LS_ROLE_COUNT) {
            return false;
        }
    }
    return true;
}

// Texts that end, kinds that there are: what is not so is looked at no further.
static bool is_whole(const ls_command *command) {
    return ENDS(command->id) && ENDS(command->decision) && ENDS(command->point) &&
           ENDS(command->device) && ENDS(command->argument) && ENDS(command->target) &&
           (uint32_t)command->kind < LS_COMMAND_KIND_COUNT && approvals_whole(command);
}

static bool not_whole(const ls_guard_case *c) {
    return ls_guard_no(c, "the command is not well formed", "명령의 형식이 잘못되었습니다");
}

// --- running them

static bool is_skipped(const guard *g, const ls_command *command) {
    return ((g->skip & NOT_STOP) != 0 && ls_guard_is_stop(command)) ||
           ((g->skip & NOT_HAND) != 0 && (command->kind == LS_COMMAND_START || command->by_hand));
}

static bool is_bypassed(const ls_guard_case *c, uint32_t number) {
    for (uint32_t i = 0; i < c->state->bypass_count; i++) {
        const ls_guard_bypass *bypass = &c->state->bypasses[i];
        if (bypass->guard == number && bypass->begin_us <= c->clock->wall_us &&
            c->clock->wall_us < bypass->end_us && ls_guard_bypass_valid(c->limits, bypass)) {
            return true;
        }
    }
    return false;
}

static ls_guard_outcome look(const guard *g, const ls_guard_case *c) {
    if (is_skipped(g, c->command)) {
        return LS_GUARD_SKIPPED;
    }
    if (g->holds(c)) {
        return LS_GUARD_PASSED;
    }
    return is_bypassed(c, g->number) ? LS_GUARD_BYPASSED : LS_GUARD_FAILED;
}

static void find_again(const ls_guard_case *c, ls_guard_finding *out) {
    const uint64_t id = ls_guard_hash(c->command->id);
    for (uint32_t i = 0; i < c->state->id_count; i++) {
        if (c->state->ids[i].id == id && c->state->ids[i].body == ls_guard_body(c->command)) {
            out->again = true;
            out->before = c->state->ids[i].result;
        }
    }
}

static void run(ls_guard_case *c, const ls_command *command, ls_guard_finding *out) {
    *out = (ls_guard_finding){0};
    c->reason = out->reason;
    c->ko = out->reason_ko;
    if (!is_whole(command)) {
        out->guard = LS_GUARD_IDEMPOTENCE;
        not_whole(c);
        return;
    }
    ls_guard_case_set(c, command);
    for (uint32_t i = 0; i < LS_GUARD_COUNT; i++) {
        if (look(&guards[i], c) == LS_GUARD_FAILED) {
            out->guard = guards[i].number;
            find_again(c, out);
            return;
        }
    }
    out->reason[0] = '\0';  // of a guard that is bypassed
    out->reason_ko[0] = '\0';
    out->by_arrival = ls_guard_is_by_arrival(c);
}

void ls_guard_check(const ls_guard_limits *limits, const ls_guard_state *state,
                    const ls_command *command, const ls_guard_clock *clock, ls_guard_finding *out) {
    ls_guard_case c = {.limits = limits, .state = state, .clock = clock};
    run(&c, command, out);
}

static void run_together(ls_guard_case *c, const ls_command *commands, uint32_t count,
                         ls_guard_finding *out, uint32_t *out_index) {
    *out = (ls_guard_finding){0};
    *out_index = 0;
    c->before = commands;
    if (count > LS_GUARD_BATCH) {
        c->reason = out->reason;
        c->ko = out->reason_ko;
        out->guard = LS_GUARD_COMBINED;
        ls_guard_no(c, "%u commands together, at most %d can be checked",
                    "명령 %u개를 한꺼번에 보냈습니다. 최대 %d개까지 확인할 수 있습니다", count,
                    LS_GUARD_BATCH);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        c->before_count = i;
        run(c, &commands[i], out);
        *out_index = i;
        if (out->guard != LS_GUARD_NONE) {
            return;
        }
    }
    *out_index = count;
}

void ls_guard_check_together(const ls_guard_limits *limits, const ls_guard_state *state,
                             const ls_command *commands, uint32_t count,
                             const ls_guard_clock *clock, ls_guard_finding *out,
                             uint32_t *out_index) {
    ls_guard_case c = {.limits = limits, .state = state, .clock = clock};
    run_together(&c, commands, count, out, out_index);
}

void ls_guard_check_send_together(const ls_guard_limits *limits, const ls_guard_state *state,
                                  const ls_command *commands, uint32_t count,
                                  const ls_guard_clock *clock, ls_guard_finding *out,
                                  uint32_t *out_index) {
    ls_guard_case c = {.limits = limits, .state = state, .clock = clock, .sending = true};
    run_together(&c, commands, count, out, out_index);
}

void ls_guard_explain(const ls_guard_limits *limits, const ls_guard_state *state,
                      const ls_command *command, const ls_guard_clock *clock,
                      ls_guard_row out[LS_GUARD_COUNT]) {
    ls_guard_case c = {.limits = limits, .state = state, .clock = clock};
    const bool whole = is_whole(command);
    if (whole) {
        ls_guard_case_set(&c, command);
    }
    for (uint32_t i = 0; i < LS_GUARD_COUNT; i++) {
        out[i] = (ls_guard_row){.guard = guards[i].number, .outcome = LS_GUARD_FAILED};
        c.reason = out[i].reason;
        c.ko = out[i].reason_ko;
        if (whole) {
            out[i].outcome = look(&guards[i], &c);
        } else {
            not_whole(&c);
        }
    }
}
