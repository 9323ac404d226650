// write_steps_test.c - the writer step by step: what it does, in which order, and what it does not.
//
// write_test.c lets chance play; here every effect is written into a diary and compared. Each test
// was made because a change of write.c (a comparison turned, a line left out, two lines exchanged)
// passed all the others.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guard/write.h"
#include "tests/harness.h"

enum { GRIND, MILL, LINE, DEVICES };
#define SECOND INT64_C(1000000)

static const char *const names[DEVICES] = {"grind", "mill", "line"};

typedef struct steps {
    ls_guard_writer *writer;
    int64_t now_us;
    ls_buffer diary;
    int64_t fence[DEVICES], sent[DEVICES];  // the ids that went out last
    int64_t beat;
    int fail_rows;    // so many rows from now on are not written; -1: never
    int good_rows;    // after so many good ones
    int fail_device;  // sending there fails; -1: none
    bool forbids, disagrees;
    bool held;
    uint32_t sent_count, outcomes;
    ls_journal_kind watch;  // while rows of this kind are written
    char leaving[200];      // ids of open rows were these
} steps;

static steps s;

static void note(const char *format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    ls_text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    if (s.diary.size > 0) {
        ls_buffer_text(&s.diary, "; ");
    }
    ls_buffer_text(&s.diary, text);
}

// What happened since it was asked last.
static const char *diary(void) {
    static char text[4000];
    ls_text_format(text, sizeof text, "%s", s.diary.size > 0 ? s.diary.data : "");
    ls_buffer_clear(&s.diary);
    ls_buffer_init(&s.diary);
    return text;
}

static bool on_send(void *context, uint32_t device, const char *kind, const char *argument,
                    int64_t id) {
    (void)context;
    (void)argument;
    if ((int)device == s.fail_device) {
        note("no wire to %s", names[device]);
        return false;
    }
    if (kind == NULL) {
        note("ask %s", names[device]);
    } else {
        note("%s %s", kind, names[device]);
        s.sent[device] = id;
        s.fence[device] = strcmp(kind, "fence") == 0 ? id : s.fence[device];
    }
    return true;
}

static bool on_beat(void *context, int64_t count) {
    (void)context;
    s.beat = count;
    note("beat");
    return true;
}

static void note_open_rows(void) {
    ls_journal_entry row;
    s.leaving[0] = '\0';
    for (uint32_t i = 0; ls_guard_writer_open_row(s.writer, i, &row); i++) {
        char more[64];
        ls_text_format(more, sizeof more, "%s%s %s", i > 0 ? ", " : "", row.command.id,
                       row.kind == LS_JOURNAL_SENDING ? "sending" : "accepted");
        CHECK(strlen(s.leaving) + strlen(more) < sizeof s.leaving);
        strncat(s.leaving, more, sizeof s.leaving - strlen(s.leaving) - 1);
    }
}

static bool on_journal(void *context, const ls_journal_entry *entry, bool durable) {
    static const char *const kinds[LS_JOURNAL_KIND_COUNT] = {
        "accepted", "sending", "outcome", "refused", "line-id", "hold", "trip", "reset", "lease"};
    (void)context;
    if (s.watch == entry->kind) {
        note_open_rows();
    }
    if (s.good_rows > 0) {
        s.good_rows--;
    } else if (s.fail_rows > 0) {
        s.fail_rows--;
        note("no row %s", kinds[entry->kind]);
        return false;
    }
    s.outcomes += entry->kind == LS_JOURNAL_OUTCOME;
    if (entry->kind != LS_JOURNAL_OUTCOME) {
        note("row %s%s", kinds[entry->kind], durable ? " durable" : "");
    }
    return true;
}

static bool on_may_send(void *context, const ls_command *commands, uint32_t count, ls_verdict *out,
                        uint32_t *out_at) {
    (void)context;
    (void)commands;
    note("may %u?", count);
    *out = (ls_verdict){.result = LS_COMMAND_REFUSED, .guard = 13, .reason = "a lot has moved"};
    *out_at = count - 1;
    return !s.forbids;
}

static void on_sent(void *context, const ls_command *command) {
    (void)context;
    (void)command;
    s.sent_count++;
}

static bool on_agrees(void *context, const ls_command *command) {
    (void)context;
    (void)command;
    return !s.disagrees;
}

static void on_told(void *context, const ls_command *command, const ls_verdict *verdict) {
    static const char *const results[] = {"refused", "sent", "acknowledged",
                                          "denied",  "lost", "expired"};
    (void)context;
    CHECK_STR(verdict->id, command->id);
    if (verdict->guard > 0) {
        note("%s is %s by %u", command->id, results[verdict->result], verdict->guard);
    } else {
        note("%s is %s", command->id, results[verdict->result]);
    }
}

static void on_leased(void *context, bool held, const char *why) {
    (void)context;
    s.held = held;
    note(held ? "held" : "not held: %s", why);
}

static void on_tripped(void *context, const char *why) {
    (void)context;
    (void)why;
    note("tripped");
}

static void begin(void) {
    ls_guard_writer_def def = ls_guard_writer_def_default();
    ls_error err;
    ls_guard_writer_destroy(s.writer);
    ls_buffer_clear(&s.diary);
    memset(&s, 0, sizeof s);
    ls_buffer_init(&s.diary);
    s.fail_device = -1;
    s.watch = LS_JOURNAL_KIND_COUNT;
    s.now_us = 100 * SECOND;
    def.devices = names;
    def.device_count = DEVICES;
    def.line = LINE;
    def.seed = 5;
    def.send = on_send;
    def.beat = on_beat;
    def.journal = on_journal;
    def.may_send = on_may_send;
    def.sent = on_sent;
    def.agrees = on_agrees;
    def.told = on_told;
    def.leased = on_leased;
    def.tripped = on_tripped;
    CHECK_INT(ls_guard_writer_create(&def, &s.writer, &err), LS_OK);
}

static void end(void) {
    ls_guard_writer_destroy(s.writer);
    s.writer = NULL;
    ls_buffer_clear(&s.diary);
}

static void tick(int64_t us) {
    s.now_us += us;
    ls_guard_writer_tick(s.writer, s.now_us);
}

static void hear_id(uint32_t device, int64_t id) {
    ls_guard_writer_hear_id(s.writer, device, id, s.now_us);
}

static void hear_done(uint32_t device, int64_t id, int64_t result) {
    ls_guard_writer_hear_done(s.writer, device, id, result, "", s.now_us);
}

static void hear_lost(bool lost) {
    ls_guard_writer_hear_lost(s.writer, lost, s.now_us);
}

static void hear_beat(int64_t count) {
    ls_guard_writer_hear_beat(s.writer, count, s.now_us);
}

// A fence that the line takes and answers.
static void answer_fence(uint32_t device) {
    hear_id(device, s.fence[device]);
    hear_done(device, s.fence[device], 1);
}

static void able(bool is) {
    ls_guard_writer_able(s.writer, is, is ? "" : "unwell", s.now_us);
}

static void come(void) {
    able(true);
    for (uint32_t i = 0; i < DEVICES; i++) {
        hear_id(i, 10);
    }
    hear_lost(true);
}

// Held, heard, and nothing under way.
static void hold_lease(void) {
    begin();
    come();
    tick(0);
    for (uint32_t i = 0; i < DEVICES; i++) {
        answer_fence(i);
    }
    hear_done(LINE, s.fence[LINE], 1);
    hear_lost(false);
    hear_beat(s.beat);
    CHECK(s.held);
    (void)diary();
}

static ls_command command(const char *id, uint32_t device, int64_t lasts_us) {
    ls_command c = {.kind = LS_COMMAND_DISPATCH, .not_after_us = s.now_us + lasts_us};
    ls_text_format(c.id, sizeof c.id, "%s", id);
    ls_text_format(c.device, sizeof c.device, "%s", device < DEVICES ? names[device] : "nobody");
    return c;
}

static void submit(const char *id, uint32_t device, int64_t lasts_us) {
    const ls_command c = command(id, device, lasts_us);
    ls_guard_writer_submit(s.writer, &c, s.now_us);
}

static void submit_two(uint32_t first, uint32_t second, int64_t lasts_us, int64_t second_lasts_us) {
    const ls_command c[2] = {command("a", first, lasts_us), command("b", second, second_lasts_us)};
    ls_guard_writer_submit_together(s.writer, c, 2, s.now_us);
}

static ls_guard_writer_figures figures(void) {
    return ls_guard_writer_describe(s.writer);
}

// ---- the lease

static void test_what_a_fence_waits_for(void) {
    begin();
    able(true);
    hear_lost(true);
    tick(0);
    CHECK_STR(diary(), "");  // the line's own device is not known
    hear_id(LINE, 10);
    tick(0);
    CHECK_STR(diary(), "row line-id; fence line");
    begin();
    able(true);
    hear_id(LINE, 10);
    tick(0);
    CHECK_STR(diary(), "");  // whether the heartbeat is lost is not known
    hear_lost(false);
    tick(SECOND);
    CHECK_STR(diary(), "");
    begin();
    come();
    able(false);
    tick(0);
    CHECK_STR(diary(), "");
    able(true);
    s.fail_rows = 1;
    tick(0);
    CHECK_STR(diary(), "no row line-id; row line-id; fence mill; row line-id; fence line");
    end();
}

static void test_the_lease_step_by_step(void) {
    begin();
    come();
    tick(0);
    CHECK_STR(diary(),
              "row line-id; fence grind; row line-id; fence mill; row line-id; fence line");
    CHECK(s.fence[GRIND] == 11 && s.fence[LINE] >= 11);
    answer_fence(LINE);
    answer_fence(GRIND);
    CHECK_STR(diary(), "");  // the mill has not answered
    answer_fence(MILL);
    CHECK_STR(diary(), "beat; ask line");
    CHECK(!figures().held);
    hear_done(LINE, s.fence[LINE], 1);
    CHECK_STR(diary(), "row lease durable; held");
    CHECK(figures().held && !figures().heard);  // the line has not said that it hears us
    hear_lost(false);
    CHECK(figures().heard);
    // The other way round: the line's own fence comes last.
    begin();
    come();
    tick(0);
    (void)diary();
    answer_fence(GRIND);
    answer_fence(MILL);
    CHECK_STR(diary(), "");
    answer_fence(LINE);
    CHECK_STR(diary(), "beat; ask line");
    s.fail_rows = 1;
    hear_done(LINE, s.fence[LINE], 1);
    CHECK(!figures().held);
    CHECK_CONTAINS(diary(), "no row lease");
    end();
}

static void test_somebody_else_while_it_fences(void) {
    begin();
    come();
    tick(0);
    (void)diary();
    answer_fence(GRIND);
    hear_lost(false);  // somebody beats
    CHECK_INT(figures().foreign, 1);
    answer_fence(MILL);
    answer_fence(LINE);
    CHECK_STR(diary(), "");
    // Another one's id came between: once more, further on; while it proves that is the end.
    begin();
    come();
    tick(0);
    const int64_t first = s.fence[MILL];
    (void)diary();
    hear_done(MILL, first, 5);
    CHECK_STR(diary(), "row line-id; fence mill");
    CHECK(s.fence[MILL] > first);
    for (uint32_t i = 0; i < DEVICES; i++) {
        answer_fence(i);
    }
    CHECK_STR(diary(), "beat; ask line");
    hear_done(LINE, s.fence[LINE], 5);
    CHECK_STR(diary(), "");
    CHECK(!figures().held);
    hear_done(LINE, s.fence[LINE], 1);
    CHECK(!figures().held);
    end();
}

static void test_a_lease_that_nobody_answers_is_begun_anew(void) {
    begin();
    come();
    tick(0);
    const int64_t first = s.fence[GRIND];
    (void)diary();
    tick(3 * SECOND);
    CHECK_STR(diary(), "");
    tick(1);
    tick(0);
    CHECK_STR(diary(),
              "row line-id; fence grind; row line-id; fence mill; row line-id; fence line");
    CHECK(s.fence[GRIND] > first);
    for (uint32_t i = 0; i < DEVICES; i++) {
        answer_fence(i);
    }
    (void)diary();
    tick(4 * SECOND - 1);
    CHECK_STR(diary(), "");
    tick(1);  // the proof did not come
    tick(0);
    CHECK_CONTAINS(diary(), "fence line");
    end();
}

static void test_beats_and_their_echo(void) {
    hold_lease();
    const int64_t until_us = figures().until_us;
    CHECK_INT(until_us, s.now_us + 4 * SECOND);
    tick(SECOND - 1);
    CHECK_STR(diary(), "");
    tick(1);
    CHECK_STR(diary(), "beat");
    const int64_t sent_us = s.now_us;
    hear_beat(s.beat + 1);  // not ours
    CHECK_INT(figures().until_us, until_us);
    s.now_us += SECOND / 2;
    hear_beat(s.beat);
    CHECK_INT(figures().until_us, sent_us + 4 * SECOND);  // from when it was sent
    // One that is told late does not take the lease back.
    hear_beat(s.beat - 1);
    CHECK_INT(figures().until_us, sent_us + 4 * SECOND);
    s.now_us = figures().until_us - 1;
    tick(0);
    CHECK(figures().held);
    (void)diary();
    tick(1);
    CHECK_STR(diary(), "row lease; not held: the line does not answer the heartbeat");
    end();
}

static void test_lost_is_believed_when_it_was_heard_before(void) {
    begin();
    come();
    tick(0);
    for (uint32_t i = 0; i < DEVICES; i++) {
        answer_fence(i);
    }
    hear_done(LINE, s.fence[LINE], 1);
    hear_lost(true);  // of before
    CHECK(figures().held);
    submit("a", GRIND, SECOND);
    CHECK_CONTAINS(diary(), "a is refused by 31");
    hear_lost(false);
    hear_lost(true);
    CHECK(!figures().held);
    end();
}

static void test_after_its_time_nothing_is_sent(void) {
    hold_lease();
    s.now_us = figures().until_us;
    submit("a", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted");
    s.now_us--;
    hear_lost(false);
    CHECK_CONTAINS(diary(), "dispatch grind");
    end();
}

// ---- a command

static void test_a_command_step_by_step(void) {
    hold_lease();
    submit("a", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted; row sending durable; may 1?; dispatch grind; a is sent");
    CHECK_INT(s.sent_count, 1);
    const int64_t id = s.sent[GRIND];
    CHECK_INT(id, s.fence[GRIND] + 1);
    submit("b", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted");  // the device is taken
    note_open_rows();
    CHECK_STR(s.leaving, "a sending, b accepted");
    hear_id(GRIND, id);
    CHECK_STR(diary(), "");
    hear_done(GRIND, id, 0);
    CHECK_STR(diary(), "ask grind");
    hear_done(GRIND, id, 0);
    CHECK_STR(diary(), "a is acknowledged; row sending durable; may 1?; dispatch grind; b is sent");
    hear_done(GRIND, id + 1, 2);
    hear_done(GRIND, id + 1, 0);  // another answer: it begins again
    CHECK_STR(diary(), "ask grind; ask grind");
    CHECK_INT(s.outcomes, 1);  // of the first: its row comes with its verdict
    hear_done(GRIND, id + 1, 2);
    hear_done(GRIND, id + 1, 2);
    CHECK_STR(diary(), "ask grind; b is denied");
    // The answer came, but what the line tells is not what was asked for.
    submit("c", GRIND, SECOND);
    (void)diary();
    s.disagrees = true;
    hear_done(GRIND, id + 2, 0);
    hear_done(GRIND, id + 2, 0);
    CHECK_STR(diary(), "");
    s.disagrees = false;
    hear_done(GRIND, id + 2, 0);
    hear_done(GRIND, id + 2, 0);
    CHECK_STR(diary(), "ask grind; c is acknowledged");
    end();
}

static void test_what_is_in_the_way_of_a_command(void) {
    hold_lease();
    s.fail_rows = 1;
    submit("a", GRIND, SECOND);
    CHECK_STR(diary(), "no row accepted; a is refused by 23");
    s.good_rows = 1;
    s.fail_rows = 1;
    submit("b", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted; no row sending; b is refused by 23");
    s.forbids = true;
    submit("c", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted; row sending durable; may 1?; c is refused by 13");
    s.forbids = false;
    s.fail_device = GRIND;
    submit("d", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted; row sending durable; may 1?; no wire to grind; d is expired");
    s.fail_device = -1;
    submit("e", GRIND, SECOND);
    CHECK_INT(s.sent[GRIND], s.fence[GRIND] + 3);  // ids that stand in rows are used up
    (void)diary();
    submit("f", DEVICES, SECOND);
    CHECK_STR(diary(), "f is refused by 31");
    able(false);
    (void)diary();
    submit("g", GRIND, SECOND);
    CHECK_STR(diary(), "g is refused by 31");
    end();
}

static void test_a_queue_has_an_end(void) {
    hold_lease();
    submit("a", GRIND, SECOND);
    for (int i = 0; i < LS_GUARD_QUEUE; i++) {
        submit("b", GRIND, SECOND);
    }
    CHECK_INT(figures().waiting, LS_GUARD_QUEUE);
    (void)diary();
    submit("c", GRIND, SECOND);
    CHECK_STR(diary(), "c is refused by 31");
    able(false);
    CHECK_INT(figures().waiting, 0);
    CHECK_CONTAINS(diary(), "b is expired by 31");
    end();
}

static void test_ids_have_an_end(void) {
    begin();
    able(true);
    hear_id(GRIND, 10);
    hear_id(MILL, LS_GUARD_LINE_ID_MAX);
    hear_id(LINE, 10);
    hear_lost(true);
    tick(0);
    CHECK_STR(diary(), "row line-id; fence grind; row line-id; fence line");
    hold_lease();
    hear_id(GRIND, 9);
    begin();
    able(true);
    hear_id(GRIND, LS_GUARD_LINE_ID_MAX - 1);
    hear_id(LINE, 10);
    hear_lost(true);
    tick(0);
    answer_fence(GRIND);
    answer_fence(LINE);
    hear_done(LINE, s.fence[LINE], 1);
    hear_lost(false);
    (void)diary();
    submit("a", GRIND, SECOND);
    CHECK_STR(diary(), "row accepted; a is refused by 31");
    end();
}

static void test_a_command_that_waits_too_long(void) {
    hold_lease();
    submit("a", GRIND, 10 * SECOND);
    submit("b", GRIND, SECOND);
    (void)diary();
    tick(SECOND - 1);
    CHECK(strstr(diary(), "expired") == NULL);
    tick(1);
    CHECK_CONTAINS(diary(), "b is expired by 24");
    end();
}

static void test_an_answer_that_does_not_come(void) {
    hold_lease();
    submit("a", GRIND, SECOND);
    (void)diary();
    tick(250000);
    CHECK_STR(diary(), "");  // the line has not taken it: to ask could do it twice
    hear_id(GRIND, s.sent[GRIND]);
    tick(200000);
    CHECK_STR(diary(), "ask grind");
    tick(200000);
    CHECK_STR(diary(), "");
    tick(1);
    CHECK_STR(diary(), "ask grind");
    hear_beat(s.beat);
    const int64_t sent_us = s.now_us - 650001;
    while (s.now_us < sent_us + 3 * SECOND - 100000) {
        tick(100000);
        hear_beat(s.beat);
    }
    s.now_us = sent_us + 3 * SECOND;
    tick(0);
    CHECK(strstr(diary(), "lost") == NULL);
    tick(1);
    CHECK_CONTAINS(diary(),
                   "a is lost by 25; row lease; not held: a command was not confirmed in "
                   "time; tripped");
    end();
}

static void test_somebody_else_while_it_writes(void) {
    hold_lease();
    submit("a", GRIND, SECOND);
    hear_id(GRIND, s.sent[GRIND]);  // our own
    CHECK(figures().held);
    (void)diary();
    hear_done(GRIND, s.sent[GRIND], 5);
    CHECK_STR(diary(),
              "a is lost by 31; row lease; not held: somebody else has commanded the "
              "line; tripped");
    hold_lease();
    hear_id(MILL, s.fence[MILL]);
    CHECK(figures().held);
    hear_id(MILL, s.fence[MILL] + 1);
    CHECK_STR(diary(), "row lease; not held: somebody else commands the line; tripped");
    end();
}

// ---- devices come and go

static void test_a_device_that_comes_back_is_fenced_first(void) {
    hold_lease();
    ls_guard_writer_gone(s.writer, GRIND, s.now_us);
    CHECK(figures().held);
    submit("a", GRIND, 10 * SECOND);
    CHECK_STR(diary(), "row accepted");
    tick(0);
    CHECK_STR(diary(), "");  // nobody is there to be fenced
    hear_id(GRIND, 20);      // a machine that was changed: not a stranger's while it is not fenced
    CHECK(figures().held);
    ls_guard_writer_hear_lost(s.writer, false, s.now_us);
    CHECK_STR(diary(), "");
    tick(0);
    CHECK_STR(diary(), "row line-id; fence grind");
    CHECK_INT(s.fence[GRIND], 21);
    s.now_us += 3 * SECOND;
    hear_beat(s.beat);
    tick(0);
    CHECK(strstr(diary(), "fence") == NULL);
    hold_lease();
    ls_guard_writer_gone(s.writer, GRIND, s.now_us);
    hear_id(GRIND, 20);
    tick(0);
    (void)diary();
    for (int i = 0; i < 31; i++) {  // no answer: once more
        tick(100000);
        hear_beat(s.beat);
    }
    CHECK_CONTAINS(diary(), "row line-id; fence grind");
    answer_fence(GRIND);
    (void)diary();
    submit("a", GRIND, 10 * SECOND);
    CHECK_CONTAINS(diary(), "dispatch grind");
    end();
}

static void test_when_the_line_is_gone_all_is_gone(void) {
    hold_lease();
    ls_guard_writer_gone(s.writer, DEVICES, s.now_us);  // no such device
    ls_guard_writer_gone(s.writer, LINE, s.now_us);
    CHECK_STR(diary(), "row lease; not held: the line is not there");
    hear_id(LINE, 50);
    tick(0);
    CHECK_STR(diary(), "");  // whether it is lost must be told again
    hear_lost(true);
    tick(0);
    CHECK_STR(diary(), "row line-id; fence line");  // and which machines there are
    ls_guard_writer_gone(s.writer, LINE, s.now_us);
    hear_id(LINE, 50);
    tick(0);
    CHECK_STR(diary(), "");  // also when it was lost before
    hear_lost(true);
    tick(0);
    (void)diary();
    hear_id(GRIND, 50);
    answer_fence(LINE);
    CHECK_STR(diary(), "");  // that one has come since
    end();
}

static void test_a_new_lease_fences_anew(void) {
    hold_lease();
    const int64_t before = s.fence[GRIND];
    able(false);
    CHECK_STR(diary(), "row lease; not held: unwell");
    able(true);
    tick(0);
    hear_lost(true);
    tick(0);
    CHECK_STR(diary(),
              "row line-id; fence grind; row line-id; fence mill; row line-id; fence line");
    CHECK(s.fence[GRIND] > before);
    // In the middle of it, too: fences that were out are out no more.
    able(false);
    able(true);
    tick(0);
    CHECK_STR(diary(),
              "row line-id; fence grind; row line-id; fence mill; row line-id; fence line");
    end();
}

// ---- after a restart

static void restore(ls_journal_kind kind, const char *id, int64_t line_id) {
    ls_journal_entry entry = {.kind = kind, .line_id = line_id};
    entry.command = command(id, GRIND, SECOND);
    ls_guard_writer_restore(s.writer, &entry);
}

static void restart(ls_journal_kind kind) {
    begin();
    restore(LS_JOURNAL_ACCEPTED, "a", 0);
    if (kind == LS_JOURNAL_SENDING) {
        restore(kind, "a", 30);
    }
    ls_guard_writer_restored(s.writer);
}

static void test_after_a_restart(void) {
    restart(LS_JOURNAL_ACCEPTED);
    CHECK_STR(diary(), "a is expired by 23");
    restart(LS_JOURNAL_SENDING);
    CHECK_STR(diary(), "");
    CHECK_INT(figures().unsure, 1);
    note_open_rows();
    CHECK_STR(s.leaving, "a sending");
    restore(LS_JOURNAL_OUTCOME, "b", 0);
    CHECK_INT(figures().unsure, 1);
    restore(LS_JOURNAL_OUTCOME, "a", 0);
    CHECK_INT(figures().unsure, 0);
    come();
    tick(0);
    CHECK_INT(s.fence[GRIND], 31);  // above what the rows say, though the line says 10
    begin();
    restore(LS_JOURNAL_LINE_ID, "", 40);
    come();
    tick(0);
    CHECK_INT(s.fence[GRIND], 41);
    begin();
    ls_journal_entry nobody = {.kind = LS_JOURNAL_SENDING, .line_id = 3};
    nobody.command = command("n", DEVICES, SECOND);
    ls_guard_writer_restore(s.writer, &nobody);
    ls_guard_writer_restored(s.writer);
    CHECK_STR(diary(), "n is expired by 23");  // of a machine that the plant has no more
    end();
}

static void test_what_the_line_says_of_before(void) {
    static const struct {
        int64_t result;
        const char *said;
    } answers[] = {{0, "a is acknowledged"}, {5, "a is lost"}, {2, "a is denied"}};
    for (size_t i = 0; i < 3; i++) {
        restart(LS_JOURNAL_SENDING);
        hear_done(MILL, 30, 0);
        hear_done(GRIND, 29, 0);
        hear_done(GRIND, 31, 0);
        CHECK_STR(diary(), "");
        hear_done(GRIND, 30, answers[i].result);
        CHECK_STR(diary(), answers[i].said);
        hear_done(GRIND, 30, answers[i].result);
        CHECK_STR(diary(), "");
    }
    // Another id stands there: whether ours was taken before nobody knows.
    restart(LS_JOURNAL_SENDING);
    hear_id(MILL, 99);
    hear_id(GRIND, 29);
    CHECK_STR(diary(), "");
    hear_id(GRIND, 31);
    CHECK_STR(diary(), "a is lost by 25");
    // Ours stands there; then something else.
    restart(LS_JOURNAL_SENDING);
    hear_id(GRIND, 30);
    CHECK_STR(diary(), "");
    hear_id(GRIND, 31);
    CHECK_STR(diary(), "a is lost by 25");
}

static void test_our_fence_says_that_it_was_never_taken(void) {
    restart(LS_JOURNAL_SENDING);
    come();
    tick(0);
    (void)diary();
    hear_id(GRIND, s.fence[GRIND]);
    CHECK_STR(diary(), "");
    hear_done(GRIND, s.fence[GRIND], 1);
    CHECK_STR(diary(), "a is expired by 25");
    // It was taken: then the fence says nothing of it.
    restart(LS_JOURNAL_SENDING);
    come();
    hear_id(GRIND, 30);
    tick(0);
    (void)diary();
    hear_done(GRIND, s.fence[GRIND], 1);
    CHECK_STR(diary(), "");
    hear_id(GRIND, s.fence[GRIND]);
    CHECK_STR(diary(), "a is lost by 25");
    restart(LS_JOURNAL_SENDING);
    come();
    hear_id(GRIND, 30);
    tick(0);
    (void)diary();
    hear_id(GRIND, s.fence[GRIND]);  // before its answer
    CHECK_STR(diary(), "a is lost by 25");
    end();
}

// ---- together

static void test_together_step_by_step(void) {
    hold_lease();
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(diary(),
              "row accepted; row accepted; row sending; row sending durable; may 2?; "
              "dispatch grind; a is sent; dispatch mill; b is sent");
    hold_lease();
    submit("x", MILL, 10 * SECOND);
    (void)diary();
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(diary(), "row accepted; row accepted");  // the mill is taken: both wait
    CHECK_INT(figures().waiting, 2);
    submit("y", GRIND, SECOND);
    CHECK_CONTAINS(diary(), "dispatch grind; y is sent");  // who is free goes by
    tick(SECOND);
    CHECK_CONTAINS(diary(), "a is expired by 24; b is expired by 24");
    // One of them is late: neither goes.
    hold_lease();
    submit("x", MILL, 10 * SECOND);
    submit_two(GRIND, MILL, 10 * SECOND, SECOND / 2);
    (void)diary();
    tick(SECOND / 2);
    CHECK_CONTAINS(diary(), "a is expired by 24; b is expired by 24");
    end();
}

static void test_together_or_not_at_all(void) {
    hold_lease();
    s.forbids = true;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(diary(),
              "row accepted; row accepted; row sending; row sending durable; may 2?; "
              "a is refused by 33; b is refused by 13");
    s.forbids = false;
    submit_two(GRIND, GRIND, SECOND, SECOND);
    CHECK_STR(diary(), "a is refused by 33; b is refused by 33");
    submit_two(GRIND, DEVICES, SECOND, SECOND);
    CHECK_STR(diary(), "a is refused by 31; b is refused by 31");
    s.good_rows = 3;
    s.fail_rows = 1;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(diary(),
              "row accepted; row accepted; row sending; no row sending; a is refused by "
              "23; b is refused by 23");
    s.good_rows = 1;
    s.fail_rows = 1;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(diary(), "row accepted; no row accepted; a is refused by 23; b is refused by 23");
    end();
}

// While the row of the second is written the journal may turn over: the first one's is open.
static void test_rows_of_what_is_leaving_are_open(void) {
    hold_lease();
    s.watch = LS_JOURNAL_SENDING;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_STR(s.leaving, "a sending");
    end();
}

static void test_a_part_that_cannot_leave(void) {
    hold_lease();
    s.fail_device = MILL;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_CONTAINS(diary(),
                   "dispatch grind; a is sent; no wire to mill; b is expired; row lease; "
                   "not held: only a part of what belongs together could be sent; tripped");
    hold_lease();
    s.fail_device = GRIND;
    submit_two(GRIND, MILL, SECOND, SECOND);
    CHECK_CONTAINS(diary(), "may 2?; no wire to grind; a is expired; b is expired");
    CHECK(figures().held);
    end();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_a_fence_waits_for);
    TEST(test_the_lease_step_by_step);
    TEST(test_somebody_else_while_it_fences);
    TEST(test_a_lease_that_nobody_answers_is_begun_anew);
    TEST(test_beats_and_their_echo);
    TEST(test_lost_is_believed_when_it_was_heard_before);
    TEST(test_after_its_time_nothing_is_sent);
    TEST(test_a_command_step_by_step);
    TEST(test_what_is_in_the_way_of_a_command);
    TEST(test_a_queue_has_an_end);
    TEST(test_ids_have_an_end);
    TEST(test_a_command_that_waits_too_long);
    TEST(test_an_answer_that_does_not_come);
    TEST(test_somebody_else_while_it_writes);
    TEST(test_a_device_that_comes_back_is_fenced_first);
    TEST(test_when_the_line_is_gone_all_is_gone);
    TEST(test_a_new_lease_fences_anew);
    TEST(test_after_a_restart);
    TEST(test_what_the_line_says_of_before);
    TEST(test_our_fence_says_that_it_was_never_taken);
    TEST(test_together_step_by_step);
    TEST(test_together_or_not_at_all);
    TEST(test_rows_of_what_is_leaving_are_open);
    TEST(test_a_part_that_cannot_leave);
    return harness_report();
}
