// guard_caller.c - what the service says to the guard: commands, and what people do.
#include <string.h>

#include "base/text.h"
#include "guard/deed.h"
#include "guard/guard_inside.h"

enum {
    ROWS_A_SECOND = 20,        // of refusals in the journal; more are counted
    COMMANDS_A_SECOND = 2000,  // looked at; more are refused without a look
};

// ---- from the caller

static void refuse(guard *g, const ls_command *command, uint32_t number, const char *reason,
                   int64_t wall_us) {
    ls_verdict verdict = {.result = LS_COMMAND_REFUSED, .guard = number};
    ls_journal_entry row = {.kind = LS_JOURNAL_REFUSED, .command = *command, .guard = number};
    memcpy(verdict.id, command->id, sizeof verdict.id);
    ls_text_format(verdict.reason, sizeof verdict.reason, "%s", reason);
    ls_text_format(row.reason, sizeof row.reason, "%s", reason);
    if (g->rows < ROWS_A_SECOND) {
        g->rows++;
        ls_guard_write(g, &row, false);
    } else {
        g->unwritten++;
    }
    ls_guard_put_verdict(g, &verdict, wall_us);
}

// It was decided about before: with this result.
static void tell_again(guard *g, const ls_command *command, const ls_guard_finding *finding,
                       int64_t wall_us) {
    ls_verdict verdict = {.result = finding->before, .guard = finding->guard};
    memcpy(verdict.id, command->id, sizeof verdict.id);
    ls_text_format(verdict.reason, sizeof verdict.reason, "decided before");
    ls_guard_put_verdict(g, &verdict, wall_us);
}

static void refuse_by(guard *g, const ls_command *command, uint32_t number, const char *reason,
                      int64_t wall_us) {
    if (number != LS_GUARD_IDEMPOTENCE) {
        ls_guard_note_id(g->state, command, LS_COMMAND_REFUSED, number);
    }
    refuse(g, command, number, reason, wall_us);
}

static bool is_flood(guard *g, const ls_command *commands, uint32_t count, int64_t wall_us) {
    g->commands += count;
    if (g->commands <= COMMANDS_A_SECOND) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        refuse(g, &commands[i], LS_GUARD_FREQUENCY, "too many commands in one second", wall_us);
    }
    return true;
}

// What the guards let pass and the line has no words for: over Modbus, where registers are short.
static void ask_words(const guard *g, const ls_command *command, ls_guard_finding *out) {
    const char *why = out->guard == LS_GUARD_NONE ? ls_guard_ear_lacks(g->ear, command) : NULL;
    if (why != NULL) {
        out->guard = LS_GUARD_RANGE;
        ls_text_format(out->reason, sizeof out->reason, "%s", why);
    }
}

static void take_command(guard *g, const ls_command *command) {
    const ls_guard_clock clock = ls_guard_look(g);
    ls_guard_finding finding;
    if (is_flood(g, command, 1, clock.wall_us)) {
        return;
    }
    ls_guard_check(g->limits, g->state, command, &clock, &finding);
    ask_words(g, command, &finding);
    if (finding.again) {
        tell_again(g, command, &finding, clock.wall_us);
    } else if (finding.guard != LS_GUARD_NONE) {
        refuse_by(g, command, finding.guard, finding.reason, clock.wall_us);
    } else {
        ls_guard_writer_submit(g->writer, command, clock.mono_us);
    }
}

// One of them may not go: none does. What was decided before keeps its result.
static void refuse_together(guard *g, const ls_command *commands, uint32_t count, uint32_t at,
                            const ls_guard_finding *found, const ls_guard_clock *clock) {
    for (uint32_t i = 0; i < count; i++) {
        ls_guard_finding own;
        char with[LS_GUARD_WHY_SIZE];
        ls_guard_check(g->limits, g->state, &commands[i], clock, &own);
        ls_text_format(with, sizeof with, "it goes only together with %s: %s", commands[at].id,
                       found->reason);
        if (own.again) {
            tell_again(g, &commands[i], &own, clock->wall_us);
        } else if (i == at) {
            refuse_by(g, &commands[i], found->guard, found->reason, clock->wall_us);
        } else {
            refuse_by(g, &commands[i], LS_GUARD_COMBINED, with, clock->wall_us);
        }
    }
}

static void take_together(guard *g, const ls_command *commands, uint32_t count) {
    const ls_guard_clock clock = ls_guard_look(g);
    ls_guard_finding finding;
    uint32_t at = 0;
    if (is_flood(g, commands, count, clock.wall_us)) {
        return;
    }
    ls_guard_check_together(g->limits, g->state, commands, count, &clock, &finding, &at);
    for (uint32_t i = 0; i < count && finding.guard == LS_GUARD_NONE; i++) {
        ask_words(g, &commands[i], &finding);
        at = i;
    }
    if (finding.guard != LS_GUARD_NONE) {
        refuse_together(g, commands, count, at, &finding, &clock);
    } else {
        ls_guard_writer_submit_together(g->writer, commands, count, clock.mono_us);
    }
}

// ---- people

// What makes the guard stricter holds also when it cannot be written down.
static bool is_stricter(ls_guard_deed_kind kind) {
    return kind == LS_DEED_HOLD || kind == LS_DEED_END_BYPASS || kind == LS_DEED_REVOKE;
}

// As it was before; a re-arming lies in the tables, which the copy shares.
static void undo(guard *g, const ls_guard_deed *deed, const ls_guard_state *before,
                 int64_t foreign_us) {
    uint32_t condition, target;
    *g->state = *before;
    if (deed->kind == LS_DEED_REARM) {
        ls_guard_deed_find_armed(g->limits, deed->what, &condition, &target);
        if (condition != LS_NONE) {
            g->state->conditions[condition].disarmed = foreign_us != LS_GUARD_UNKNOWN;
        } else if (target != LS_NONE) {
            g->state->targets[target].foreign_us = foreign_us;
        }
    }
}

// When it was changed by others, or 0 when an interlock waits; LS_GUARD_UNKNOWN: nothing does.
static int64_t armed_since(const guard *g, const ls_guard_deed *deed) {
    uint32_t condition, target;
    ls_guard_deed_find_armed(g->limits, deed->what, &condition, &target);
    if (condition != LS_NONE) {
        return g->state->conditions[condition].disarmed ? 0 : LS_GUARD_UNKNOWN;
    }
    return target != LS_NONE ? g->state->targets[target].foreign_us : LS_GUARD_UNKNOWN;
}

static void write_deed(guard *g, const ls_guard_deed *deed, const ls_guard_state *before,
                       int64_t foreign_us, ls_guard_answer *answer) {
    const ls_journal_entry row = {.kind = LS_JOURNAL_DEED, .deed = *deed};
    if (ls_guard_write(g, &row, true)) {
        return;
    }
    answer->done = false;
    if (is_stricter(deed->kind)) {
        ls_text_format(answer->reason, sizeof answer->reason,
                       "it holds, but could not be written down: not after a restart");
        ls_text_format(answer->reason_ko, sizeof answer->reason_ko,
                       "적용되었지만 기록하지 못했습니다. 재시작하면 사라집니다");
        return;
    }
    undo(g, deed, before, foreign_us);
    g->state->journal_ready = false;
    ls_text_format(answer->reason, sizeof answer->reason, "the guard's journal cannot be written");
    ls_text_format(answer->reason_ko, sizeof answer->reason_ko,
                   "가드의 기록(저널)에 쓸 수 없습니다");
}

static void say_deed(guard *g, const ls_guard_deed *deed, const ls_guard_answer *answer) {
    char text[900];
    ls_text_format(text, sizeof text, "%s '%s' (guard %u) by %s, %s: %s",
                   ls_guard_deed_name(deed->kind), deed->what, deed->guard, deed->who,
                   ls_role_name(deed->role), answer->done ? "done" : answer->reason);
    ls_text_tame(text, false);
    ls_guard_log(g, text);
}

static void say_what_stands(guard *g, uint64_t ticket, const ls_guard_clock *clock) {
    ls_guard_message m = {.say = LS_SAY_STANDS};
    for (uint32_t i = 0; ls_guard_stands(g->state, i, clock, &m.of.standing); i++) {
        m.of.standing.ticket = ticket;
        ls_guard_socket_say(g->socket, &m);
    }
}

static void take_deed(guard *g, const ls_guard_deed *deed) {
    const ls_guard_clock clock = ls_guard_look(g);
    const ls_guard_state before = *g->state;
    const int64_t foreign_us = armed_since(g, deed);
    ls_guard_message m = {.say = LS_SAY_ANSWER};
    ls_guard_write_yields(g);
    if (ls_guard_do(g->state, deed, &clock, &m.of.answer) && deed->kind != LS_DEED_SHOW) {
        write_deed(g, deed, &before, foreign_us, &m.of.answer);
    }
    if (deed->kind != LS_DEED_SHOW) {
        say_deed(g, deed, &m.of.answer);
    }
    ls_guard_write_yields(g);
    say_what_stands(g, deed->ticket, &clock);
    ls_guard_socket_say(g->socket, &m);
}

void ls_guard_say_verdicts(guard *g) {
    while (ls_guard_socket_has_caller(g->socket) && g->outbox_said < g->outbox_end) {
        const ls_guard_message m = {.say = LS_SAY_VERDICT,
                                    .of.verdict = g->outbox[g->outbox_said++ % OUTBOX]};
        ls_guard_socket_say(g->socket, &m);
    }
}

void ls_guard_take_message(void *context, const ls_guard_message *message) {
    guard *g = context;
    pthread_mutex_lock(&g->lock);
    switch (message->say) {
    case LS_SAY_COMMAND: take_command(g, &message->of.command); break;
    case LS_SAY_TOGETHER:
        take_together(g, message->of.together.commands, message->of.together.count);
        break;
    case LS_SAY_DEED: take_deed(g, &message->of.deed); break;
    case LS_SAY_BEAT: g->caller_beat_us = ls_guard_ear_clock(g->ear).mono_us; break;
    default: break;  // what else there is is ours to say
    }
    ls_guard_say_verdicts(g);  // at once: of a flood none is lost
    pthread_mutex_unlock(&g->lock);
}

void ls_guard_count_seconds(guard *g, int64_t now_us) {
    if (now_us - g->second_us < 1000000) {
        return;
    }
    if (g->unwritten > 0) {
        ls_journal_entry row = {.kind = LS_JOURNAL_LEASE, .on = g->state->line.lease_held};
        ls_text_format(row.reason, sizeof row.reason, "%u more commands were refused",
                       g->unwritten);
        ls_guard_write(g, &row, false);
        ls_guard_log(g, row.reason);
    }
    if (!g->state->journal_ready) {  // is it writable again?
        ls_guard_write(
            g,
            &(ls_journal_entry){
                .kind = LS_JOURNAL_LEASE, .on = g->state->line.lease_held, .reason = "again"},
            true);
    }
    g->second_us = now_us;
    g->commands = g->rows = g->unwritten = 0;
}
