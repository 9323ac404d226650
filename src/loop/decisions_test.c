// decisions_test.c - the deciding part over a small mill: a long job is first in the queue, and
// short ones wait behind it, so that any of these is a better choice than the line's own.
#include "loop/decisions.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/text.h"
#include "loop/decisions_inside.h"
#include "loop/decisions_snapshot.h"
#include "loop/testing/bench.h"
#include "loop/testing/fake_guard.h"
#include "tests/harness.h"

enum { PATIENCE_S = 120 };

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: {long: 60 min, short: 2 min}}\n"
    "products:\n"
    "  long: {route: [mill], release: {every: 20 h}}\n"
    "  short: {route: [mill], release: {every: 20 h}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  dispatch: {at: mill, mode: %s, within: %s, futures: 200, wait: no, horizon: 4 h, approve: "
    "30 "
    "min}\n"
    "guards: {two-persons: %s}\n";

typedef struct mill {
    bench b;
    ls_journal *journal;
    ls_decisions *d;
} mill;

static void use_text(mill *m, const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    m->b.zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, m->b.tags, &m->b.intake.running, &err), LS_OK);
    CHECK_INT(ls_journal_create(m->b.intake.history, &m->journal, &err), LS_OK);
}

static void use_plant(mill *m, const char *mode, const char *within, const char *two) {
    char text[2048];
    snprintf(text, sizeof text, form, mode, within, two);
    use_text(m, text);
}

// mill-1 works on L0; L1 is first in its queue, S1 to S3 are behind.
static void say_queue(mill *m) {
    bench_long_queue(&m->b);
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 10, 6));
}

static void open_decisions(mill *m) {
    ls_error err = {0};
    CHECK_INT(ls_decisions_open(&m->b.intake, m->journal, "guard", &m->d, &err), LS_OK);
}

static void mill_open(mill *m, const char *mode, const char *within, const char *two) {
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    use_plant(m, mode, within, two);
    say_queue(m);
    open_decisions(m);
}

static void mill_stop(mill *m) {
    ls_decisions_close(m->d);
    m->d = NULL;
    ls_journal_destroy(m->journal);
    m->journal = NULL;
}

static void mill_close(mill *m) {
    mill_stop(m);
    bench_close(&m->b);
}

// ---- waiting for a row

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

static void nap(void) {
    const struct timespec pause = {.tv_nsec = 10000000};
    nanosleep(&pause, NULL);
}

// The newest row of a state; the caller's. NULL after a long wait.
static json_t *await(mill *m, const char *state) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (time(NULL) < end) {
        json_t *rows = ls_decisions_list(m->d, false, 0, 100);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            json_t *row = json_array_get(rows, i);
            if (strcmp(text_of(row, "state"), state) == 0) {
                json_incref(row);
                json_decref(rows);
                return row;
            }
        }
        json_decref(rows);
        nap();
    }
    harness_note("no row became '%s'", state);
    CHECK(false);
    return NULL;
}

static ls_status review(mill *m, const json_t *row, ls_review what, const char *who,
                        ls_error *err) {
    return ls_decisions_review(m->d, text_of(row, "id"),
                               (uint32_t)json_integer_value(json_object_get(row, "version")), what,
                               who, LS_ROLE_OPERATOR, "the spare is on its way", err);
}

static bool await_commands(uint32_t count) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (fake_guard_count() < count && time(NULL) < end) {
        nap();
    }
    return fake_guard_count() >= count;
}

// ---- tests

static void test_a_better_lot_is_proposed_with_its_reasons(void) {
    mill m;
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    CHECK(strstr(text_of(row, "title"), "mill-1") != NULL);
    CHECK(strstr(text_of(row, "title"), "instead of L1") != NULL);
    CHECK(strstr(text_of(row, "title_ko"), "대신") != NULL);
    CHECK(json_array_size(json_object_get(row, "why")) >= 2);
    CHECK_INT(json_array_size(json_object_get(row, "why_ko")),
              json_array_size(json_object_get(row, "why")));
    CHECK_STR(text_of(row, "unit"), "lot h");
    CHECK_STR(text_of(row, "point"), "dispatch mill");
    CHECK_STR(text_of(row, "subject"), "mill-1");
    CHECK(json_real_value(json_object_get(json_object_get(row, "claim"), "low")) > 0);
    CHECK(json_integer_value(json_object_get(row, "futures")) > 0);
    CHECK(json_integer_value(json_object_get(json_object_get(row, "snapshot"), "bytes")) > 0);
    CHECK_INT(fake_guard_count(), 0);  // nobody has said yes
    json_t *got = ls_decisions_get(m.d, text_of(row, "id"));
    CHECK(json_equal(got, row));
    json_t *summary = ls_decisions_summary(m.d);
    CHECK_INT(json_integer_value(json_object_get(summary, "open")), 1);
    CHECK_STR(text_of(summary, "mode"), "approve");
    json_decref(summary);
    json_decref(got);
    json_decref(row);
    mill_close(&m);
}

// What the history says of a decision in the moment that its command leaves.
static bool find_sent(void *context, const ls_happened *happened) {
    if (strstr(happened->json, "\"state\":\"sent\"") != NULL) {
        snprintf(context, 40, "%s", happened->subject);
    }
    return true;
}

static char row_before_command[40];
static void look_for_row(void *context, const ls_command *command) {
    mill *m = context;
    (void)command;
    ls_error err = {0};
    (void)ls_history_events(m->b.intake.history, "decision", INT64_MIN, INT64_MAX, find_sent,
                            row_before_command, &err);
}

static void test_an_approved_row_is_written_then_sent_then_done(void) {
    mill m;
    ls_error err = {0};
    mill_open(&m, "approve", "20 s", "no");
    row_before_command[0] = '\0';
    fake.context = &m;
    fake.sending = look_for_row;
    json_t *row = await(&m, "open");
    const char *id = text_of(row, "id");
    CHECK_INT(
        ls_decisions_review(m.d, id, 99, LS_REVIEW_APPROVE, "kim", LS_ROLE_OPERATOR, NULL, &err),
        LS_ERR_INVALID);
    CHECK(strstr(err.text, "changed") != NULL);
    CHECK_INT(ls_decisions_review(m.d, id, 1, LS_REVIEW_APPROVE, "kim", LS_ROLE_VIEWER, NULL, &err),
              LS_ERR_INVALID);
    CHECK_INT(
        ls_decisions_review(m.d, "d-77", 1, LS_REVIEW_APPROVE, "kim", LS_ROLE_OPERATOR, NULL, &err),
        LS_ERR_INVALID);
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_OK);
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_OK);  // twice is once
    CHECK(await_commands(1));
    CHECK_STR(row_before_command, id);
    CHECK_STR(fake.commands[0].device, "mill-1");
    CHECK_INT(fake.commands[0].kind, LS_COMMAND_DISPATCH);
    CHECK(fake.commands[0].argument[0] == 'S');
    CHECK_STR(fake.commands[0].point, "dispatch mill");
    CHECK(!fake.commands[0].automatic);
    CHECK_INT(fake.commands[0].approval_count, 1);
    CHECK_STR(fake.commands[0].approvals[0].who, "kim");
    CHECK(fake.commands[0].gain_low > 0);
    CHECK(fake.commands[0].gain >= fake.commands[0].gain_low);
    CHECK(fake.commands[0].gain_high >= fake.commands[0].gain);
    CHECK(isfinite(fake.commands[0].gain_high));
    CHECK(fake.commands[0].sequence > 0);
    fake_guard_say(fake.commands[0].id, LS_COMMAND_SENT, 0, "");
    fake_guard_say(fake.commands[0].id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    json_t *done = await(&m, "done");
    CHECK_STR(text_of(done, "id"), id);
    const json_t *approval = json_array_get(json_object_get(done, "approvals"), 0);
    CHECK_STR(text_of(approval, "text"), "the spare is on its way");
    CHECK_INT(fake_guard_count(), 1);
    json_decref(done);
    json_decref(row);
    mill_close(&m);
}

static void test_auto_sends_at_once_and_once(void) {
    mill m;
    mill_open(&m, "auto", "20 s", "no");
    CHECK(await_commands(1));
    CHECK(fake.commands[0].automatic);
    CHECK(fake.commands[0].decided_us <= fake.commands[0].deadline_us);
    fake_guard_say(fake.commands[0].id, LS_COMMAND_REFUSED, 7, "too old");
    json_t *row = await(&m, "refused");
    CHECK_STR(text_of(row, "reason"), "too old");
    json_decref(row);
    mill_close(&m);
}

static void test_advise_and_watch_send_nothing(void) {
    static const char *const modes[] = {"advise", "watch"};
    static const char *const states[] = {"advised", "watched"};
    for (int i = 0; i < 2; i++) {
        mill m;
        mill_open(&m, modes[i], "20 s", "no");
        json_t *row = await(&m, states[i]);
        ls_error err = {0};
        CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_ERR_INVALID);
        CHECK_INT(fake_guard_count(), 0);
        json_decref(row);
        mill_close(&m);
    }
}

static void test_two_persons_are_two(void) {
    mill m;
    ls_error err = {0};
    mill_open(&m, "approve", "20 s", "yes");
    json_t *row = await(&m, "open");
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_OK);
    json_t *half = ls_decisions_get(m.d, text_of(row, "id"));
    CHECK_STR(text_of(half, "state"), "open");
    CHECK_INT(review(&m, half, LS_REVIEW_APPROVE, "kim", &err), LS_OK);
    CHECK_INT(fake_guard_count(), 0);
    CHECK_INT(review(&m, half, LS_REVIEW_APPROVE, "lee", &err), LS_OK);
    CHECK(await_commands(1));
    CHECK_INT(fake.commands[0].approval_count, 2);
    json_decref(half);
    json_decref(row);
    mill_close(&m);
}

static void test_a_rejected_row_is_not_sent_and_a_held_one_may_be(void) {
    mill m;
    ls_error err = {0};
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    CHECK_INT(review(&m, row, LS_REVIEW_HOLD, "kim", &err), LS_OK);
    json_t *held = await(&m, "held");
    CHECK_INT(review(&m, held, LS_REVIEW_REJECT, "kim", &err), LS_OK);
    json_t *rejected = await(&m, "rejected");
    CHECK_INT(review(&m, rejected, LS_REVIEW_APPROVE, "lee", &err), LS_ERR_INVALID);
    CHECK_INT(fake_guard_count(), 0);
    json_decref(rejected);
    json_decref(held);
    json_decref(row);
    mill_close(&m);
}

static void test_a_proposal_lapses_when_the_machine_goes_on(void) {
    mill m;
    ls_error err = {0};
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 3000, "L1"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3000, 6));
    json_t *expired = await(&m, "expired");
    CHECK_STR(text_of(expired, "id"), text_of(row, "id"));
    CHECK_INT(review(&m, expired, LS_REVIEW_APPROVE, "kim", &err), LS_ERR_INVALID);
    CHECK_INT(fake_guard_count(), 0);
    json_decref(expired);
    json_decref(row);
    mill_close(&m);
}

static void test_an_answer_after_its_deadline_is_filed_late_and_not_sent(void) {
    mill m;
    mill_open(&m, "auto", "1 us", "no");
    const time_t end = time(NULL) + PATIENCE_S;
    ls_decisions_figures f = ls_decisions_describe(m.d);
    while (f.asked == 0 && time(NULL) < end) {
        nap();
        f = ls_decisions_describe(m.d);
    }
    CHECK(f.late > 0);
    CHECK_INT(fake_guard_count(), 0);
    mill_close(&m);
}

static void test_what_was_open_is_expired_after_a_restart(void) {
    mill m;
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    mill_stop(&m);
    open_decisions(&m);
    json_t *again = ls_decisions_get(m.d, text_of(row, "id"));
    CHECK_STR(text_of(again, "state"), "expired");
    CHECK_INT(fake_guard_count(), 0);
    json_decref(again);
    json_decref(row);
    mill_close(&m);
}

static void test_a_decision_is_made_again_bit_for_bit(void) {
    mill m;
    ls_error err = {0};
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    ls_kept_answer kept;
    CHECK_INT(ls_kept_answer_load(m.b.intake.history, m.b.intake.running.twin,
                                  ls_decision_number(text_of(row, "id")), &kept, &err),
              LS_OK);
    ls_kept_answer_clear(&kept);
    CHECK_INT(ls_kept_answer_load(m.b.intake.history, m.b.intake.running.twin, 77, &kept, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no snapshot of d-77 is kept");
    CHECK_CONTAINS(err.hint, "of the newest 200 decisions that proposed something");
    CHECK_INT(ls_kept_answer_load(m.b.intake.history, m.b.intake.running.twin,
                                  ls_decision_number(text_of(row, "id")) + 200, &kept, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is kept any more");
    CHECK_INT(ls_kept_answer_load(m.b.intake.history, m.b.intake.running.twin,
                                  ls_decision_number(text_of(row, "id")), &kept, &err),
              LS_OK);
    const ls_decider_def def = ls_decider_def_default();
    ls_decider *decider = NULL;
    CHECK_INT(
        ls_decider_create(m.b.intake.running.plant, m.b.intake.running.twin, &def, &decider, &err),
        LS_OK);
    ls_answer again;
    memset(&again, 0, sizeof again);
    CHECK_INT(ls_decider_replay(decider, kept.snapshot, &kept.answer, &again, &err), LS_OK);
    const char *what = "";
    CHECK(ls_answer_is_same(&kept.answer, &again, &what));
    CHECK_STR(what, "");
    again.claim.gain += 1e-9;
    CHECK(!ls_answer_is_same(&kept.answer, &again, &what));
    CHECK_STR(what, "the claim");
    ls_decider_destroy(decider);
    ls_kept_answer_clear(&kept);
    ls_plant *other = bench_plant("");
    ls_twin *twin = NULL;
    CHECK_INT(ls_twin_create(other, &twin, &err), LS_OK);
    CHECK_INT(ls_kept_answer_load(m.b.intake.history, twin, 1, &kept, &err), LS_ERR_VERSION);
    CHECK_CONTAINS(err.text, "another plant");
    CHECK_CONTAINS(err.hint, "d-1 can be made again with the plant file and the version");
    ls_kept_answer_clear(&kept);
    ls_twin_destroy(twin);
    ls_plant_destroy(other);
    json_decref(row);
    mill_close(&m);
}

// No command without a row: where the history takes none, none is sent.
static void test_what_cannot_be_written_down_is_not_sent(void) {
    mill m;
    mill_open(&m, "advise", "20 s", "no");
    mill_stop(&m);
    ls_running_clear(&m.b.intake.running);
    use_plant(&m, "auto", "20 s", "no");
    say_queue(&m);
    ls_history *history = m.b.intake.history;
    m.b.intake.history = NULL;
    open_decisions(&m);
    json_t *row = await(&m, "refused");
    CHECK(strstr(text_of(row, "reason"), "written down") != NULL);
    CHECK_INT(fake_guard_count(), 0);
    json_decref(row);
    ls_decisions_close(m.d);
    m.d = NULL;
    m.b.intake.history = history;
    mill_close(&m);
}

// What `base` of the summary is, after it has become this; static.
static const char *await_base(mill *m, const char *base) {
    static char name[LS_BASE_NAME];
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 6000; i++) {
        json_t *summary = ls_decisions_summary(m->d);
        ls_text_format(name, sizeof name, "%s", text_of(summary, "base"));
        json_decref(summary);
        if (strcmp(name, base) == 0) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    return name;
}

static void test_a_base_that_a_long_search_found_is_gone_by(void) {
    mill m;
    mill_open(&m, "advise", "20 s", "no");
    ls_found_base found = {.name = "spt", .gain = 1e9, .low = -1.0, .high = 2e9};
    CHECK(!ls_decisions_offer_base(m.d, &found));  // perhaps no better than the line's own
    found.low = 1e8;
    found.horizon_us = 5400000000;
    CHECK(ls_decisions_offer_base(m.d, &found));
    CHECK_STR(await_base(&m, "spt"), "spt");
    found.name = "edd";
    found.gain = 1e8;  // better than own, not than what is gone by now
    CHECK(ls_decisions_offer_base(m.d, &found));
    found.name = "fifo";
    found.gain = 3e9;
    CHECK(ls_decisions_offer_base(m.d, &found));
    CHECK_STR(await_base(&m, "fifo"), "fifo");
    mill_close(&m);
}

static void test_another_plant_file_expires_what_is_open(void) {
    mill m;
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    mill_stop(&m);  // as the service does before it puts another plant in
    ls_running_clear(&m.b.intake.running);
    use_plant(&m, "advise", "20 s", "no");
    open_decisions(&m);
    json_t *again = ls_decisions_get(m.d, text_of(row, "id"));
    CHECK_STR(text_of(again, "state"), "expired");
    CHECK(strstr(text_of(again, "reason"), "another plant file") != NULL);
    json_decref(again);
    json_decref(row);
    mill_close(&m);
}

static void test_a_guard_that_is_away_is_said(void) {
    mill m;
    mill_open(&m, "approve", "20 s", "no");
    ls_error err = {0};
    json_t *row = await(&m, "open");
    fake.away = true;
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_OK);
    json_t *refused = await(&m, "refused");
    CHECK(strstr(text_of(refused, "reason"), "away") != NULL);
    json_decref(refused);
    json_decref(row);
    mill_close(&m);
}

static void test_open_rows_can_be_listed_alone(void) {
    mill m;
    mill_open(&m, "approve", "20 s", "no");
    json_t *row = await(&m, "open");
    json_t *open = ls_decisions_list(m.d, true, 0, 10);
    CHECK_INT(json_array_size(open), 1);
    json_decref(open);
    open = ls_decisions_list(m.d, true, 1, 10);  // before 1970
    CHECK_INT(json_array_size(open), 0);
    char id[40];
    CHECK(ls_decisions_changes(m.d, id, sizeof id) >= 1);
    CHECK(strncmp(id, "d-", 2) == 0);
    CHECK_INT(ls_decision_number("d-17-1"), 17);
    CHECK_INT(ls_decision_number("d-0"), 0);
    CHECK_INT(ls_decision_number("d-17x"), 0);
    CHECK_INT(ls_decision_number("17"), 0);
    json_decref(open);
    json_decref(row);
    mill_close(&m);
}

// What a person does goes to the guard with its role; the guard's answer comes back with what
// stands, or that it gave none.
static void test_people_are_answered_by_the_guard(void) {
    mill m;
    mill_open(&m, "approve", "2 s", "no");
    ls_guard_deed deed = {.kind = LS_DEED_RESET, .who = "kim", .role = LS_ROLE_OPERATOR};
    ls_guard_answer answer;
    json_t *stands = NULL;
    ls_error why;
    CHECK_INT(ls_decisions_do(m.d, &deed, &answer, &stands, &why), LS_OK);
    CHECK(!answer.done);
    CHECK_STR(answer.reason, "that takes an engineer");
    CHECK_INT(json_array_size(stands), 1);
    CHECK_STR(text_of(json_array_get(stands, 0), "kind"), "trips");
    json_decref(stands);
    deed.role = LS_ROLE_ENGINEER;
    CHECK_INT(ls_decisions_do(m.d, &deed, &answer, &stands, &why), LS_OK);
    CHECK(answer.done);
    CHECK_STR(fake.deed.who, "kim");
    CHECK_INT(fake.deed.ticket, 2);  // each its own
    json_decref(stands);
    fake.silent = true;
    CHECK_INT(ls_decisions_do(m.d, &deed, &answer, &stands, &why), LS_ERR_IO);
    CHECK_CONTAINS(why.text, "does not answer");
    CHECK(stands == NULL);
    fake.silent = false;
    fake.away = true;
    CHECK_INT(ls_decisions_do(m.d, &deed, &answer, &stands, &why), LS_ERR_IO);
    CHECK_CONTAINS(why.text, "away");
    fake.away = false;
    mill_close(&m);
    mill_open(&m, "advise", "2 s", "no");
    CHECK_INT(ls_decisions_do(m.d, &deed, &answer, &stands, &why), LS_ERR_INVALID);
    CHECK_CONTAINS(why.text, "there is no guard");
    mill_close(&m);
}

static void test_the_loop_beats(void) {
    mill m;
    mill_open(&m, "auto", "20 s", "no");
    const time_t end = time(NULL) + PATIENCE_S;
    uint32_t beats = 0;
    while (beats < 3 && time(NULL) < end) {
        nap();
        pthread_mutex_lock(&fake.lock);
        beats = fake.beats;
        pthread_mutex_unlock(&fake.lock);
    }
    CHECK(beats >= 3);
    mill_close(&m);
}

// Two machines' holds: [0] is the base rule's, [1] what the line would do.
static ls_answer answer_by_base(void) {
    ls_answer a = {.candidate_count = 2,
                   .own = 1,
                   .horizon_us = 7200000000,
                   .by_base = {10.0, 5.0, 15.0},
                   .by_base_futures = 12,
                   .seed = UINT64_MAX,
                   .level = 0.8,
                   .base = "spt"};
    for (int i = 0; i < 2; i++) {
        a.candidates[i].act_count = 1;
        a.candidates[i].acts[0] = (ls_act){.kind = LS_DO_HOLD, .value = 60000000 * (i + 1)};
        a.candidates[i].gain = a.candidates[i].low = a.candidates[i].high = 0.0;
    }
    return a;
}

static void test_a_better_base_rule_is_worth_its_gain(void) {
    ls_answer a = answer_by_base();
    ls_effect e = ls_decisions_effect(&a);
    CHECK(ls_decisions_by_base(&a));
    CHECK(e.gain == 20.0 && e.low == 10.0 && e.high == 30.0);
    CHECK_INT(ls_decisions_claim_futures(&a), 12);
    a.by_base.low = -1.0;  // not beyond doubt: what the line's own act loses counts
    a.candidates[1].gain = -3.0;
    a.candidates[1].low = -4.0;
    a.candidates[1].high = -2.0;
    a.candidates[1].futures = 40;
    e = ls_decisions_effect(&a);
    CHECK(!ls_decisions_by_base(&a));
    CHECK(e.gain == 3.0 && e.low == 2.0 && e.high == 4.0);
    CHECK_INT(ls_decisions_claim_futures(&a), 40);
    a.own = 0;
    CHECK(ls_decisions_effect(&a).gain == 0.0);
}

static void test_a_row_by_the_base_rule_says_so(void) {
    mill m;
    mill_open(&m, "advise", "20 s", "no");
    const ls_answer a = answer_by_base();
    const ls_effect e = ls_decisions_effect(&a);
    json_t *row = ls_decisions_row_json(m.d, &a, &e);
    const json_t *claim = json_object_get(row, "claim");
    CHECK_INT(json_integer_value(json_object_get(claim, "futures")), 12);
    CHECK_STR(text_of(claim, "of"), "rule");
    CHECK(json_real_value(json_object_get(claim, "level")) == 0.95);
    CHECK_STR(text_of(row, "seed"), "18446744073709551615");
    const char *why = json_string_value(json_array_get(json_object_get(row, "why"), 0));
    CHECK_CONTAINS(why, "the base rule 'spt' takes this");
    CHECK_CONTAINS(why, "gains 10 lot h an hour");
    why = json_string_value(json_array_get(json_object_get(row, "why_ko"), 0));
    CHECK_CONTAINS(why, "기준 규칙 'spt'");
    json_decref(row);
    mill_close(&m);
}

static double promise(ls_decisions *d, bool by_base, int64_t now_us) {
    decision_row row = {.by_base = by_base,
                        .now_us = now_us,
                        .horizon_us = 3600000000,
                        .effect = {60.0, 30.0, 90.0},
                        .json = json_pack("{s:{}}", "claim")};
    const double promised = ls_decisions_promise(d, &row);
    const json_t *share = json_object_get(json_object_get(row.json, "claim"), "share");
    CHECK(by_base == json_is_real(share));
    json_decref(row.json);
    return promised;
}

static void test_a_rule_promises_its_gain_once_for_a_span(void) {
    ls_decisions d = {0};
    CHECK(promise(&d, true, 0) == 60.0);
    CHECK(promise(&d, true, 600000000) == 10.0);  // ten minutes more
    CHECK(promise(&d, true, 600000000) == 0.0);
    CHECK(promise(&d, false, 600000000) == 60.0);
    CHECK(promise(&d, true, 7200000000) == 60.0);
}

// ---- questions of two stations at one instant

static const char two_form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: {long: 60 min, short: 2 min}}\n"
    "  press: {machines: [press-1], process: {big: 60 min, small: 2 min}}\n"
    "products:\n"
    "  long: {route: [mill], release: {every: 20 h}}\n"
    "  short: {route: [mill], release: {every: 20 h}}\n"
    "  big: {route: [press], release: {every: 20 h}}\n"
    "  small: {route: [press], release: {every: 20 h}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  dispatch:\n"
    "    - {at: mill, mode: auto, within: 20 s, futures: 400, wait: no, horizon: 4 h}\n"
    "    - {at: press, mode: auto, within: 25 s, futures: 300, wait: no, horizon: 4 h}\n";

static void say_two_queues(mill *m) {
    static const char *const lots[] = {
        "L0 class=long product=long",   "L1 class=long product=long",
        "S1 class=short product=short", "S2 class=short product=short",
        "B0 class=big product=big",     "B1 class=big product=big",
        "K1 class=small product=small", "K2 class=small product=small"};
    for (int i = 0; i < 8; i++) {
        CHECK(bench_text(&m->b, "g/n/line/Released", i, lots[i]));
    }
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", 9, "L0"));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 9, 6));
    CHECK(bench_text(&m->b, "g/n/press-1/Lots", 9, "B0"));
    CHECK(bench_number(&m->b, "g/n/press-1/State", 9, 6));
    CHECK(bench_number(&m->b, "g/n/press-1/State", 10, 6));
}

static void two_open(mill *m) {
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    use_text(m, two_form);
    say_two_queues(m);
    open_decisions(m);
}

static void test_what_is_open_at_one_instant_is_answered_together_and_promised_once(void) {
    mill m;
    two_open(&m);
    CHECK(await_commands(2));
    CHECK(strcmp(fake.commands[0].device, fake.commands[1].device) != 0);
    for (int i = 0; i < 2; i++) {
        fake_guard_say(fake.commands[i].id, LS_COMMAND_SENT, 0, "");
    }
    json_t *rows = ls_decisions_list(m.d, false, 0, 100);
    double gain = 0.0;
    double shares = 0.0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *claim = json_object_get(row, "claim");
        CHECK_STR(text_of(row, "state"), "sent");
        CHECK_STR(text_of(claim, "of"), "together");
        CHECK_INT(json_integer_value(json_object_get(claim, "together")), 2);
        // One deadline for both: the nearer one.
        CHECK_NEAR(json_real_value(json_object_get(row, "deadline_ms")), 20000.0, 1e-9);
        CHECK_CONTAINS(json_string_value(json_array_get(json_object_get(row, "why"), 0)),
                       "together with 1 other of this moment");
        gain = json_real_value(json_object_get(claim, "gain"));
        shares += json_real_value(json_object_get(claim, "share"));
    }
    CHECK_INT(json_array_size(rows), 2);
    // At each machine a short lot is done 60 min earlier and a long one 2 min later.
    CHECK_NEAR(gain, 2.0 * 58.0 / 60.0, 1e-9);
    CHECK_NEAR(shares, 1.0, 0.0);
    CHECK_NEAR(ls_decisions_describe(m.d).promised, gain, 1e-12);
    json_decref(rows);
    mill_close(&m);
}

// A row of this id; the caller's.
static json_t *row_of(mill *m, const char *id) {
    json_t *rows = ls_decisions_list(m->d, false, 0, 100);
    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(rows) && found == NULL; i++) {
        json_t *row = json_array_get(rows, i);
        found = strcmp(text_of(row, "id"), id) == 0 ? json_incref(row) : NULL;
    }
    json_decref(rows);
    CHECK(found != NULL);
    return found;
}

// The mill is told to take S1 next; before it is free something shorter comes, and it is told that.
static void test_what_was_told_in_its_place_takes_the_promise_back(void) {
    static const char plant[] =
        "plant: p\n"
        "start: 2026-01-05\n"
        "stations:\n"
        "  mill: {machines: [mill-1], process: {long: 60 min, short: 20 min, tiny: 1 min}}\n"
        "products:\n"
        "  long: {route: [mill], release: {every: 2000 h}}\n"
        "  short: {route: [mill], release: {every: 2000 h}}\n"
        "  tiny: {route: [mill], release: {every: 2000 h}}\n"
        "listen:\n"
        "  sparkplug: {broker: embedded, group: g}\n"
        "  machines:\n"
        "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
        "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
        "decide:\n"
        "  dispatch: {at: mill, mode: auto, within: 20 s, futures: 400, wait: no, horizon: 4 h}\n";
    static const char *const lots[] = {"L0 class=long product=long", "L1 class=long product=long",
                                       "S1 class=short product=short"};
    mill m = {0};
    fake_guard_reset();
    snprintf(m.b.folder, sizeof m.b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m.b.folder) != NULL);
    bench_open_history(&m.b);
    use_text(&m, plant);
    for (int i = 0; i < 3; i++) {
        CHECK(bench_text(&m.b, "g/n/line/Released", i, lots[i]));
    }
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 9, "L0"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 9, 6));
    open_decisions(&m);
    for (int i = 0; i < 2; i++) {
        CHECK(await_commands((uint32_t)i + 1));
        CHECK_STR(fake.commands[i].argument, i == 0 ? "S1" : "T1");
        fake_guard_say(fake.commands[i].id, LS_COMMAND_SENT, 0, "");
        fake_guard_say(fake.commands[i].id, LS_COMMAND_ACKNOWLEDGED, 0, "");
        if (i == 0) {
            CHECK_NEAR(ls_decisions_describe(m.d).promised, 40.0 / 60.0, 0.1);
            CHECK(bench_text(&m.b, "g/n/line/Released", 30, "T1 class=tiny product=tiny"));
        }
    }
    json_t *first = row_of(&m, "d-1");
    json_t *second = row_of(&m, "d-2");
    CHECK_STR(text_of(first, "state"), "done");
    CHECK_STR(text_of(second, "state"), "done");
    CHECK(json_real_value(json_object_get(json_object_get(first, "claim"), "share")) == 0.0);
    const json_t *claim = json_object_get(second, "claim");
    CHECK(json_object_get(claim, "share") == NULL);
    CHECK_NEAR(ls_decisions_describe(m.d).promised, json_real_value(json_object_get(claim, "gain")),
               1e-9);
    json_decref(first);
    json_decref(second);
    mill_close(&m);
}

// One of two acts that were found together goes, the other is refused: the one that went says so,
// whatever came first.
static void expect_apart(bool went_first, ls_command_result result, const char *state) {
    mill m;
    two_open(&m);
    CHECK(await_commands(2));
    const char *went = fake.commands[0].id, *not = fake.commands[1].id;
    if (went_first) {
        fake_guard_say(went, LS_COMMAND_SENT, 0, "");
    }
    fake_guard_say(not, result, 0, "busy");
    fake_guard_say(went, LS_COMMAND_SENT, 0, "");
    fake_guard_say(went, LS_COMMAND_ACKNOWLEDGED, 0, "");
    json_t *row = row_of(&m, fake.commands[0].decision);
    json_t *other = row_of(&m, fake.commands[1].decision);
    const json_t *apart = json_object_get(row, "apart");
    CHECK_STR(text_of(row, "state"), "done");
    CHECK_STR(text_of(other, "state"), state);
    CHECK_INT(json_array_size(apart), 1);
    CHECK_STR(text_of(json_array_get(apart, 0), "id"), text_of(other, "id"));
    CHECK_STR(text_of(json_array_get(apart, 0), "state"), state);
    CHECK_STR(text_of(json_array_get(apart, 0), "reason"), "busy");
    CHECK_STR(text_of(json_array_get(apart, 0), "title_ko"), text_of(other, "title_ko"));
    CHECK(json_object_get(other, "apart") == NULL);
    json_decref(row);
    json_decref(other);
    mill_close(&m);
}

static void test_what_goes_without_what_it_was_found_with_says_so(void) {
    expect_apart(true, LS_COMMAND_DENIED, "denied");
    expect_apart(false, LS_COMMAND_DENIED, "denied");
    expect_apart(true, LS_COMMAND_REFUSED, "refused");
    expect_apart(false, LS_COMMAND_LOST, "lost");
}

// The only row of the mill as one of two commands: d-N-1 and d-N-2.
static void make_pair(mill *m, uint64_t number, char ids[2][48]) {
    pthread_mutex_lock(&m->d->lock);
    decision_row *row = ls_decisions_row(m->d, number);
    json_t *sent = json_object_get(row->json, "sent");
    json_t *second = json_deep_copy(json_array_get(sent, 0));
    for (int i = 0; i < 2; i++) {
        snprintf(ids[i], sizeof ids[i], "d-%llu-%d", (unsigned long long)number, i + 1);
    }
    json_object_set_new(second, "id", json_string(ids[1]));
    json_array_append_new(sent, second);
    row->commands = row->chosen.act_count = 2;
    row->chosen.acts[1] = (ls_act){.kind = LS_DO_HOLD, .value = 60000000};
    pthread_mutex_unlock(&m->d->lock);
}

static void expect_part(int went, const char *reason) {
    mill m;
    char ids[2][48], expected[200];
    ls_done *done = NULL;
    size_t count = 0;
    ls_error err = {0};
    mill_open(&m, "auto", "20 s", "no");
    CHECK(await_commands(1));
    const uint64_t number = ls_decision_number(fake.commands[0].decision);
    make_pair(&m, number, ids);
    CHECK_INT(ls_decisions_done(m.d, 0, INT64_MAX, &done, &count, &err), LS_OK);
    CHECK_INT(count, 2);
    CHECK(count == 2 && done[0].gain > 0.0);
    ls_free(done);
    for (int i = 0; i < 2; i++) {
        fake_guard_say(ids[i], LS_COMMAND_SENT, 0, "");
    }
    for (int i = 0; i < 2; i++) {
        const bool goes = i == went;
        fake_guard_say(ids[i], goes ? LS_COMMAND_ACKNOWLEDGED : LS_COMMAND_DENIED, 0,
                       goes ? "" : "busy");
    }
    json_t *row = row_of(&m, fake.commands[0].decision);
    CHECK_STR(text_of(row, "state"), "denied");
    snprintf(expected, sizeof expected, reason, ids[went], ids[1 - went]);
    CHECK_STR(text_of(row, "reason"), expected);
    const json_t *partly = json_object_get(row, "partly");
    CHECK_INT(json_integer_value(json_object_get(partly, "went")), 1);
    CHECK_INT(json_integer_value(json_object_get(partly, "of")), 2);
    json_decref(row);
    // The account has what went, and no promise of a part.
    CHECK_INT(ls_decisions_done(m.d, 0, INT64_MAX, &done, &count, &err), LS_OK);
    CHECK_INT(count, 1);
    CHECK(count == 1 && done[0].first && done[0].gain == 0.0);
    CHECK_INT(done[0].act.kind, went == 0 ? LS_DO_CHOOSE : LS_DO_HOLD);
    ls_free(done);
    mill_close(&m);
}

static void test_a_row_of_which_a_part_went_says_which(void) {
    expect_part(0, "only 1 of 2 went, and what went stays: %s; not %s (denied: busy)");
    expect_part(1, "only 1 of 2 went, and what went stays: %s; not %s (denied: busy)");
}

// ---- what people do

static const char level_form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: 10 min}\n"
    "products:\n"
    "  part: {route: [mill], release: {keep: 6}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "%s"
    "decide:\n"
    "  objective: wip\n"
    "  conwip: {of: part, levels: [2, 6], mode: auto, within: 20 s, futures: 200, horizon: 4 h,\n"
    "           every: 1 min%s}\n";

static void levels_open(mill *m, const char *values, const char *value) {
    char text[2048];
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    snprintf(text, sizeof text, level_form, values, value);
    use_text(m, text);
    for (int i = 0; i < 6; i++) {
        char lot[80];
        snprintf(lot, sizeof lot, "P%d class=part product=part", i);
        CHECK(bench_text(&m->b, "g/n/line/Released", i, lot));
    }
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", 6, "P0"));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 6, 6));
    if (value[0] != '\0') {
        CHECK(bench_number(&m->b, "g/n/yard/Level", 7, 6));
        CHECK(bench_number(&m->b, "g/n/yard/LevelSet", 7, 6));
    }
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 70, 6));
    open_decisions(m);
}

static void test_a_level_is_sent_by_its_value_and_without_one_people_are_told(void) {
    mill m;
    levels_open(&m, "", "");
    json_t *row = await(&m, "advised");
    CHECK_CONTAINS(text_of(row, "reason"), "people do that");
    CHECK_INT(fake_guard_count(), 0);
    json_decref(row);
    mill_close(&m);
    levels_open(&m,
                "  values: {level: {tag: g/n/yard/Level, setpoint: g/n/yard/LevelSet,\n"
                "                   set: {low: 1, high: 9, default: 6}}}\n",
                ", value: level");
    CHECK(await_commands(1));
    CHECK_INT(fake.commands[0].kind, LS_COMMAND_SETPOINT);
    CHECK_STR(fake.commands[0].device, "line");
    CHECK_STR(fake.commands[0].target, "level");
    CHECK_STR(fake.commands[0].argument, "level=2");
    CHECK_NEAR(fake.commands[0].number, 2.0, 0.0);
    mill_close(&m);
}

// ---- by hand

static const char yard_form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: 10 min}\n"
    "products:\n"
    "  x: {route: [mill], release: {every: 1 h, pool: yes}}\n"
    "  y: {route: [mill], release: {every: 1 h}}\n"
    "  z: {route: [mill], release: {keep: 3}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "guards: {two-persons: %s}\n"
    "decide:\n"
    "  mode: approve\n"
    "  gain-min: 1000\n"
    "  within: 20 s\n"
    "  futures: 20\n"
    "  horizon: 1 h\n"
    "  release: [{of: x}, {of: y, mode: advise}]\n"
    "  conwip: {of: z, levels: [3, 4]}\n";

static void yard_open(mill *m, const char *two) {
    char text[2048];
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    snprintf(text, sizeof text, yard_form, two);
    use_text(m, text);
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 1, 4));
    CHECK(bench_text(&m->b, "g/n/line/Released", 2, "X1 class=x product=x pool=yes"));
    CHECK(bench_text(&m->b, "g/n/line/Released", 3, "X2 class=x product=x pool=yes"));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 4, 4));
    open_decisions(m);
}

// What is said where it cannot be done; NULL: it can, and out_id is its row.
static const char *by_hand(mill *m, const char *class, int64_t span_s, uint32_t lots, ls_role role,
                           char *out_id) {
    static ls_error err;
    const ls_hand_def def = {.class = class,
                             .span_us = span_s < 0 ? -1 : span_s * INT64_C(1000000),
                             .lots = lots,
                             .who = "kim",
                             .role = role,
                             .said = "the furnace is cold"};
    ls_status status = LS_ERR_IO;
    // Until the thread that decides has found its base rule.
    for (int i = 0; i < PATIENCE_S && status == LS_ERR_IO; i++) {
        err = (ls_error){0};
        status = ls_decisions_hand(m->d, &def, out_id, 40, &err);
    }
    return status == LS_OK ? NULL : err.text;
}

static void test_what_comes_in_is_decided_by_hand_through_the_guard(void) {
    mill m;
    char id[40] = "";
    char other[40] = "";
    yard_open(&m, "no");
    CHECK(by_hand(&m, "x", 1500, 1, LS_ROLE_OPERATOR, id) == NULL);
    CHECK(await_commands(1));
    const ls_command *c = &fake.commands[0];
    CHECK_STR(c->argument, "x 25 min 1");
    CHECK_INT(c->kind, LS_COMMAND_PUT_OFF);
    CHECK(c->by_hand && !c->automatic && c->approval_count == 1);
    CHECK_STR(c->approvals[0].who, "kim");
    CHECK(c->decided_us <= c->deadline_us);
    CHECK_STR(c->point, "release x");
    fake_guard_say(c->id, LS_COMMAND_SENT, 0, "");
    fake_guard_say(c->id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    json_t *row = await(&m, "done");
    CHECK_STR(text_of(row, "id"), id);
    CHECK_STR(text_of(row, "title"), "put x off for 25 min, 1 of it first let in");
    CHECK_STR(text_of(row, "title_ko"), "x: 25 min 동안 투입 보류, 먼저 1로트 투입");
    CHECK(json_is_true(json_object_get(row, "by_hand")));
    CHECK(json_is_null(json_object_get(row, "claim")));
    CHECK_CONTAINS(json_string_value(json_array_get(json_object_get(row, "why"), 0)),
                   "by hand, by kim: the furnace is cold");
    json_decref(row);
    CHECK(by_hand(&m, "x", 0, 0, LS_ROLE_OPERATOR, other) == NULL);
    CHECK(await_commands(2));
    CHECK_STR(fake.commands[1].argument, "x 0 s");
    CHECK(strcmp(id, other) != 0);
    CHECK(by_hand(&m, "z", -1, 0, LS_ROLE_ENGINEER, other) == NULL);  // one beside its level
    CHECK(await_commands(3));
    CHECK_INT(fake.commands[2].kind, LS_COMMAND_RELEASE);
    CHECK_STR(fake.commands[2].point, "conwip z");
    ls_done *done = NULL;
    size_t count = 0;
    ls_error err = {0};
    CHECK_INT(ls_decisions_done(m.d, 0, INT64_MAX, &done, &count, &err), LS_OK);
    CHECK_INT(count, 3);
    CHECK(count == 3 && done[0].gain == 0.0 && done[0].act.kind == LS_DO_PUT_OFF);  // no promise
    ls_free(done);
    CHECK_NEAR(ls_decisions_describe(m.d).promised, 0.0, 0.0);
    mill_close(&m);
}

static void test_what_cannot_be_done_by_hand(void) {
    mill m;
    char id[40] = "";
    yard_open(&m, "no");
    CHECK_CONTAINS(by_hand(&m, "x", 60, 0, LS_ROLE_VIEWER, id), "takes an operator");
    CHECK_CONTAINS(by_hand(&m, "q", 60, 0, LS_ROLE_OPERATOR, id), "about a class 'q'");
    CHECK_CONTAINS(by_hand(&m, "y", -1, 0, LS_ROLE_OPERATOR, id), "advised about only");
    CHECK_CONTAINS(by_hand(&m, "z", 60, 0, LS_ROLE_OPERATOR, id), "about a class 'z'");
    CHECK_CONTAINS(by_hand(&m, "x", 86401, 0, LS_ROLE_OPERATOR, id), "more than a day");
    CHECK_CONTAINS(by_hand(&m, "x", 0, 1, LS_ROLE_OPERATOR, id), "none is first");
    CHECK_CONTAINS(by_hand(&m, "x", 60, 3, LS_ROLE_OPERATOR, id), "2 wait");
    CHECK_INT(fake_guard_count(), 0);
    mill_stop(&m);
    ls_error err = {0};
    CHECK_INT(ls_journal_create(m.b.intake.history, &m.journal, &err), LS_OK);
    CHECK_INT(ls_decisions_open(&m.b.intake, m.journal, NULL, &m.d, &err), LS_OK);
    CHECK_CONTAINS(by_hand(&m, "x", 60, 0, LS_ROLE_OPERATOR, id), "no guard");
    mill_close(&m);
}

static void test_by_hand_two_persons_are_two(void) {
    mill m;
    char id[40] = "";
    ls_error err = {0};
    yard_open(&m, "yes");
    CHECK(by_hand(&m, "x", 60, 0, LS_ROLE_OPERATOR, id) == NULL);
    json_t *row = await(&m, "open");
    CHECK_CONTAINS(text_of(row, "reason"), "second person");
    const uint32_t version = (uint32_t)json_integer_value(json_object_get(row, "version"));
    json_decref(row);
    CHECK_INT(fake_guard_count(), 0);
    CHECK_INT(
        ls_decisions_review(m.d, id, version, LS_REVIEW_APPROVE, "lee", LS_ROLE_OPERATOR, "", &err),
        LS_OK);
    CHECK(await_commands(1));
    CHECK(fake.commands[0].by_hand);
    CHECK_INT(fake.commands[0].approval_count, 2);
    mill_close(&m);
}

// ---- asked again

static const char entry_form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: 10 min}\n"
    "products:\n"
    "  x: {route: [mill], release: {every: 1 h%s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  mode: auto\n"
    "  gain-min: %s\n"
    "  objective: {throughput: 20, unit: EUR}\n"
    "  within: 20 s\n"
    "  futures: 20\n"
    "  horizon: 50 min\n"
    "  release: {of: x}\n";

static void entry_open(mill *m, const char *pool, const char *least, bool away) {
    char text[2048];
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    fake.away = away;
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    snprintf(text, sizeof text, entry_form, pool, least);
    use_text(m, text);
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 1, 4));
}

static size_t count_rows(const mill *m) {
    json_t *rows = ls_decisions_list(m->d, false, 0, 100);
    const size_t count = json_array_size(rows);
    json_decref(rows);
    return count;
}

static bool await_rows(const mill *m, size_t count) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (count_rows(m) < count && time(NULL) < end) {
        nap();
    }
    return count_rows(m) >= count;
}

static void test_of_a_pool_each_order_is_asked_about(void) {
    mill m;
    entry_open(&m, ", pool: yes", "1000", false);
    CHECK(bench_text(&m.b, "g/n/line/Released", 2, "X1 class=x product=x pool=yes"));
    open_decisions(&m);
    CHECK(await_rows(&m, 1));
    CHECK(bench_text(&m.b, "g/n/line/Released", 100, "X1 class=x product=x"));
    // As many wait outside as when X1 did, and as much could be done.
    CHECK(bench_text(&m.b, "g/n/line/Released", 200, "X2 class=x product=x pool=yes"));
    CHECK(await_rows(&m, 2));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 201, 4));  // nothing new
    CHECK(bench_text(&m.b, "g/n/line/Released", 202, "X3 class=x product=x pool=yes"));
    CHECK(await_rows(&m, 3));
    CHECK_INT(count_rows(&m), 3);
    mill_close(&m);
}

static void test_what_is_put_off_is_asked_about_before_it_comes_in(void) {
    mill m;
    entry_open(&m, ", pool: yes", "1000", false);
    CHECK(
        bench_text(&m.b, "g/n/line/Released", 2, "X1 class=x product=x pool=2026-01-05T00:25:00"));
    open_decisions(&m);
    CHECK(await_rows(&m, 1));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 1400, 4));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 1450, 4));  // less than a minute is left
    CHECK(await_rows(&m, 2));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 1460, 4));
    CHECK(bench_text(&m.b, "g/n/line/Released", 1470,
                     "X2 class=x product=x pool=2026-01-05T00:25:00"));
    CHECK(await_rows(&m, 3));
    CHECK_INT(count_rows(&m), 3);
    mill_close(&m);
}

static void test_one_more_is_asked_about_when_the_line_has_changed(void) {
    mill m;
    entry_open(&m, "", "1000", false);
    open_decisions(&m);
    CHECK(await_rows(&m, 1));  // nothing is there
    CHECK(bench_text(&m.b, "g/n/line/Released", 10, "X1 class=x product=x"));
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 10, "X1"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 10, 6));
    CHECK(await_rows(&m, 2));  // the mill works
    const size_t before = count_rows(&m);
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 700, ""));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 700, 4));
    CHECK(bench_text(&m.b, "g/n/line/Done", 700, "X1"));
    CHECK(await_rows(&m, before + 1));  // it has nothing to do
    mill_close(&m);
}

static void test_one_more_waits_for_what_is_on_its_way(void) {
    mill m;
    entry_open(&m, "", "0", false);
    open_decisions(&m);
    CHECK(await_commands(1));
    CHECK_INT(fake.commands[0].kind, LS_COMMAND_RELEASE);
    fake_guard_say(fake.commands[0].id, LS_COMMAND_SENT, 0, "");
    // The line does it before it answers.
    CHECK(bench_text(&m.b, "g/n/line/Released", 10, "X1 class=x product=x"));
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 10, "X1"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 10, 6));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 12, 6));
    CHECK_INT(count_rows(&m), 1);
    fake_guard_say(fake.commands[0].id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 14, 6));
    CHECK(await_commands(2));
    mill_close(&m);
}

static void test_what_a_guard_refused_is_asked_again_a_minute_later(void) {
    mill m;
    entry_open(&m, "", "0", false);
    open_decisions(&m);
    CHECK(await_commands(1));
    fake_guard_say(fake.commands[0].id, LS_COMMAND_REFUSED, 9, "in step for 5 s, at least 60 s");
    json_t *row = await(&m, "refused");
    json_decref(row);
    // Nothing else happens on a line that stands idle.
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 59, 4));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 62, 4));
    CHECK(await_commands(2));
    CHECK_INT(fake_guard_count(), 2);
    mill_close(&m);
}

static void test_what_was_advised_without_a_guard_is_asked_again_when_it_comes(void) {
    mill m;
    entry_open(&m, "", "0", true);
    open_decisions(&m);
    json_t *row = await(&m, "advised");
    CHECK_CONTAINS(text_of(row, "reason"), "the guard is away");
    json_decref(row);
    CHECK_INT(fake_guard_count(), 0);
    fake.away = false;
    fake.def.changed(fake.def.context, true, "");
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3, 4));
    CHECK(await_commands(1));
    mill_close(&m);
}

// ---- an experiment

// The coins are those of run.seed and the moment of the beginning, which is that of say_queue: the
// first seed whose first coin is the own rule's and whose second is not.
static uint64_t seed_of_own_then_new(int64_t begins_us) {
    uint64_t seed = 1;
    for (;; seed++) {
        const uint64_t coins = ls_random_key(seed, (uint64_t)begins_us) >> 1;
        if (!ls_switchback_draw(coins, 0) && ls_switchback_draw(coins, 1)) {
            return seed;
        }
    }
}

static void use_experiment(mill *m) {
    char text[2400];
    char more[200];
    snprintf(text, sizeof text, form, "approve", "20 s", "no");
    snprintf(more, sizeof more, "run: {seed: %llu}\n",
             (unsigned long long)seed_of_own_then_new((1767571200 + 10) * INT64_C(1000000)));
    char *decide = strstr(text, "decide:\n") + strlen("decide:\n");
    const char line[] = "  experiment: switchback\n";
    memmove(decide + strlen(line), decide, strlen(decide) + 1);
    memcpy(decide, line, strlen(line));
    strcat(text, more);
    use_text(m, text);
    CHECK_INT(m->b.zero_us, 1767571200 * INT64_C(1000000));
}

static json_t *await_experiment(mill *m, const char *state) {
    const time_t end = time(NULL) + PATIENCE_S;
    json_t *account = NULL;
    for (;;) {
        ls_error err = {0};
        CHECK_INT(ls_experiment_prove(m->b.intake.history, &account, &err), LS_OK);
        if (strcmp(text_of(account, "state"), state) == 0 || time(NULL) >= end) {
            break;
        }
        json_decref(account);
        nap();
    }
    CHECK_STR(text_of(account, "state"), state);
    return account;
}

static json_t *await_reason(mill *m, const char *reason) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (time(NULL) < end) {
        json_t *row = await(m, "watched");
        if (row == NULL || strstr(text_of(row, "reason"), reason) != NULL) {
            return row;
        }
        json_decref(row);
        nap();
    }
    CHECK(false);
    return NULL;
}

static void test_in_the_own_rules_period_nothing_is_sent_and_in_the_other_it_is(void) {
    mill m;
    ls_error err = {0};
    memset(&m, 0, sizeof m);
    fake_guard_reset();
    snprintf(m.b.folder, sizeof m.b.folder, "/tmp/ls-decide-XXXXXX");
    CHECK(mkdtemp(m.b.folder) != NULL);
    bench_open_history(&m.b);
    use_experiment(&m);
    say_queue(&m);
    open_decisions(&m);
    json_t *account = await_experiment(&m, "runs");
    const double block_s = json_number_value(json_object_get(account, "block_s"));
    CHECK_INT(json_integer_value(json_object_get(account, "begins_us")),
              m.b.zero_us + 10 * BENCH_S);
    json_decref(account);
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 11, "S3"));  // another question
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 11, 6));
    json_t *row = await_reason(&m, "own rule's period");
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_ERR_INVALID);
    json_decref(row);
    CHECK_INT(fake_guard_count(), 0);
    for (double s = 600; s < 10 + 2 * block_s + 600; s += 600) {
        CHECK(bench_number(&m.b, "g/n/mill-1/State", s, 6));
    }
    row = await(&m, "open");
    CHECK_INT(review(&m, row, LS_REVIEW_APPROVE, "kim", &err), LS_OK);
    CHECK(await_commands(1));
    json_decref(row);
    mill_close(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_say_set_level(LS_LOG_ERROR);
    TEST(test_a_better_lot_is_proposed_with_its_reasons);
    TEST(test_an_approved_row_is_written_then_sent_then_done);
    TEST(test_auto_sends_at_once_and_once);
    TEST(test_advise_and_watch_send_nothing);
    TEST(test_two_persons_are_two);
    TEST(test_a_rejected_row_is_not_sent_and_a_held_one_may_be);
    TEST(test_a_proposal_lapses_when_the_machine_goes_on);
    TEST(test_an_answer_after_its_deadline_is_filed_late_and_not_sent);
    TEST(test_what_was_open_is_expired_after_a_restart);
    TEST(test_a_decision_is_made_again_bit_for_bit);
    TEST(test_what_cannot_be_written_down_is_not_sent);
    TEST(test_a_base_that_a_long_search_found_is_gone_by);
    TEST(test_another_plant_file_expires_what_is_open);
    TEST(test_a_guard_that_is_away_is_said);
    TEST(test_open_rows_can_be_listed_alone);
    TEST(test_people_are_answered_by_the_guard);
    TEST(test_what_comes_in_is_decided_by_hand_through_the_guard);
    TEST(test_what_cannot_be_done_by_hand);
    TEST(test_by_hand_two_persons_are_two);
    TEST(test_of_a_pool_each_order_is_asked_about);
    TEST(test_what_is_put_off_is_asked_about_before_it_comes_in);
    TEST(test_one_more_is_asked_about_when_the_line_has_changed);
    TEST(test_one_more_waits_for_what_is_on_its_way);
    TEST(test_what_a_guard_refused_is_asked_again_a_minute_later);
    TEST(test_what_was_advised_without_a_guard_is_asked_again_when_it_comes);
    TEST(test_the_loop_beats);
    TEST(test_a_better_base_rule_is_worth_its_gain);
    TEST(test_a_row_by_the_base_rule_says_so);
    TEST(test_a_rule_promises_its_gain_once_for_a_span);
    TEST(test_what_is_open_at_one_instant_is_answered_together_and_promised_once);
    TEST(test_what_was_told_in_its_place_takes_the_promise_back);
    TEST(test_what_goes_without_what_it_was_found_with_says_so);
    TEST(test_a_row_of_which_a_part_went_says_which);
    TEST(test_a_level_is_sent_by_its_value_and_without_one_people_are_told);
    TEST(test_in_the_own_rules_period_nothing_is_sent_and_in_the_other_it_is);
    return harness_report();
}
