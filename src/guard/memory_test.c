// memory_test.c - what the guards remember comes back from the journal, however often it has turned
// over.
#include "guard/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/deed.h"
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static char folder[64];
static ls_error err;
static uint32_t summaries;
static int64_t last_row_us;

static ls_status put_row(void *context, const ls_journal_entry *row, ls_error *e) {
    return ls_guard_journal_append(context, row, false, e);
}

static ls_status on_summary(void *context, ls_guard_journal *journal, ls_error *e) {
    (void)context;
    summaries++;
    return ls_guard_memory_put(g.state, put_row, journal, e);
}

static void on_told(void *context, const ls_journal_entry *row) {
    (void)context;
    ls_guard_memory_take(g.state, row);
    last_row_us = row->wall_us;
}

static ls_guard_journal *open_journal(uint64_t bytes_max) {
    const ls_guard_journal_def def = {
        .folder = folder, .bytes_max = bytes_max, .told = on_told, .summary = on_summary};
    ls_guard_journal *journal = NULL;
    CHECK_INT(ls_guard_journal_open(&def, &journal, &err), LS_OK);
    return journal;
}

static void make_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/ls-memory-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void remove_folder(void) {
    static const char *const names[] = {"journal", "journal.1", "journal.new", "lock"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

// The process starts again: a new state, healthy but for what the journal says.
static ls_guard_journal *restart(ls_guard_journal *journal, uint64_t bytes_max) {
    ls_guard_journal_close(journal);
    guard_case_again(&g);
    g.state->healthy_since_us = LS_GUARD_UNKNOWN;
    journal = open_journal(bytes_max);
    ls_guard_memory_taken(g.state, last_row_us);
    g.state->healthy_since_us = g.clock.mono_us - 3600 * SECOND;
    return journal;
}

static void write_row(ls_guard_journal *journal, const ls_journal_entry *row) {
    ls_journal_entry filled = *row;
    filled.wall_us = filled.wall_us != 0 ? filled.wall_us : g.clock.wall_us;
    CHECK_INT(ls_guard_journal_append(journal, &filled, false, &err), LS_OK);
}

// As the guard does it: the row first, with what it changes.
static void send_now(ls_guard_journal *journal, const ls_command *c) {
    const ls_journal_entry row = {.kind = LS_JOURNAL_SENDING,
                                  .command = *c,
                                  .line_us = g.clock.line_us,
                                  .amount = ls_guard_change_of(g.state, c)};
    write_row(journal, &row);
    ls_guard_note_id(g.state, c, LS_COMMAND_SENT, 0);
    ls_guard_note_sent(g.state, c, &g.clock);
}

static void do_now(ls_guard_journal *journal, ls_guard_deed deed) {
    ls_guard_answer answer;
    set(deed.who, "lee");
    deed.role = LS_ROLE_ENGINEER;
    CHECK(ls_guard_do(g.state, &deed, &g.clock, &answer));
    write_row(journal, &(ls_journal_entry){.kind = LS_JOURNAL_DEED, .deed = deed});
}

// Rows that mean nothing, until it has turned over so often.
static void turn_over(ls_guard_journal *journal, uint32_t times) {
    const uint32_t until = summaries + times;
    for (int i = 0; summaries < until && i < 1000000; i++) {
        write_row(journal, &(ls_journal_entry){
                               .kind = LS_JOURNAL_LINE_ID, .command.device = "line", .line_id = 1});
    }
    CHECK_INT(summaries, until);
}

static void expect_remembered(void) {
    EXPECT(WITH(dispatch, set(w.id, "d-9-1"); w.sequence = 3), 22);
    EXPECT(WITH(dispatch, set(w.id, "d-9-1"); w.sequence = 4), 6);
    EXPECT(WITH(dispatch, set(w.id, "d-7-1"); w.sequence = 4), 21);
    ls_guard_finding found;
    ls_command same = WITH(dispatch, set(w.id, "d-7-1"); w.sequence = 3);
    ls_guard_check(g.limits, g.state, &same, &g.clock, &found);
    CHECK(found.again);
    CHECK_INT(found.before, LS_COMMAND_ACKNOWLEDGED);
}

static ls_command acknowledged(ls_guard_journal *journal) {
    const ls_command c = WITH(dispatch, set(w.id, "d-7-1"); w.sequence = 3);
    send_now(journal, &c);
    write_row(journal, &(ls_journal_entry){.kind = LS_JOURNAL_OUTCOME,
                                           .command.id = "d-7-1",
                                           .result = LS_COMMAND_ACKNOWLEDGED});
    ls_guard_note_id(g.state, &c, LS_COMMAND_ACKNOWLEDGED, 0);
    g.state->targets[CASE_GRIND].pending.open = false;
    return c;
}

static void test_sequence_dwell_and_ids_outlive_any_number_of_turns(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(20000);
    acknowledged(journal);
    expect_remembered();
    for (int round = 0; round < 5; round++) {
        turn_over(journal, (uint32_t)round);
        journal = restart(journal, 20000);
        expect_remembered();
    }
    ls_guard_journal_close(journal);
    remove_folder();
}

// The budget is 10 in ten minutes (guard_case.c): what was changed counts after restarts as before.
static double spent(void) {
    double sum = 0.0;
    ls_guard_change change = {0};
    while (ls_guard_change_after(g.state, change.order, &change)) {
        sum += change.amount;
    }
    return sum;
}

static void test_budgets_and_frequencies_outlive_turns(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(20000);
    for (uint32_t i = 1; i <= 4; i++) {
        ls_command c = WITH(setpoint, w.sequence = i);
        snprintf(c.id, sizeof c.id, "s-%u", i);
        send_now(journal, &c);
        g.state->targets[CASE_COOLANT].pending.open = false;
    }
    const double before = spent();
    const uint64_t changes = g.state->change_count;
    CHECK(before == 8.0);  // 20 to 22, four times
    for (uint32_t round = 0; round < 4; round++) {
        turn_over(journal, round);
        journal = restart(journal, 20000);
        CHECK(spent() == before);
        CHECK_INT(g.state->targets[CASE_COOLANT].sequence, 4);
        CHECK(g.state->targets[CASE_COOLANT].changed_us == g.clock.line_us);
    }
    CHECK(changes == 4);
    ls_guard_journal_close(journal);
    remove_folder();
}

// A command under way stands in the summary's ids and again as a row of the writer: counted once.
static void test_what_is_under_way_counts_once(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(0);
    const ls_command c = WITH(setpoint, w.sequence = 5);
    send_now(journal, &c);
    CHECK_INT(ls_guard_memory_put(g.state, put_row, journal, &err), LS_OK);
    write_row(journal,
              &(ls_journal_entry){.kind = LS_JOURNAL_SENDING, .command = c, .amount = 2.0});
    journal = restart(journal, 0);
    CHECK(spent() == 2.0);
    ls_guard_journal_close(journal);
    remove_folder();
}

static void test_people_and_what_waits_for_them_outlive_turns(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(20000);
    do_now(journal, (ls_guard_deed){.kind = LS_DEED_HOLD});
    do_now(journal, (ls_guard_deed){.kind = LS_DEED_BYPASS,
                                    .guard = 6,
                                    .reason = "trial",
                                    .until_us = g.clock.wall_us + 3600 * SECOND});
    do_now(journal, (ls_guard_deed){.kind = LS_DEED_REVOKE, .what = "kim"});
    // The door was open; somebody has turned the coolant. Both are written once.
    bool written[64] = {false};
    ls_journal_entry row;
    hear_condition(0, 1.0);
    hear_condition(0, 0.0);
    g.state->targets[CASE_COOLANT].foreign_us = 5;
    g.state->targets[CASE_COOLANT].foreign_wall_us = g.clock.wall_us - 5 * SECOND;
    g.state->targets[CASE_COOLANT].fights = 1;
    uint32_t rows = 0;
    while (ls_guard_memory_yields(g.state, written, &row)) {
        write_row(journal, &row);
        rows++;
    }
    CHECK_INT(rows, 2);
    CHECK(!ls_guard_memory_yields(g.state, written, &row));
    ls_guard_note_trip(g.state, &g.clock);
    ls_guard_note_trip(g.state, &g.clock);
    write_row(journal, &(ls_journal_entry){.kind = LS_JOURNAL_TRIP});
    write_row(journal, &(ls_journal_entry){.kind = LS_JOURNAL_TRIP});
    for (uint32_t round = 0; round < 4; round++) {
        turn_over(journal, round);
        journal = restart(journal, 20000);
        CHECK_INT(g.state->hold_count, 1);
        CHECK_INT(g.state->holds[0].role, LS_ROLE_ENGINEER);
        CHECK(g.state->holds[0].since_us == g.clock.wall_us);
        CHECK_INT(g.state->bypass_count, 1);
        CHECK(g.state->bypasses[0].begin_us == g.clock.wall_us);
        CHECK(g.state->bypasses[0].end_us == g.clock.wall_us + 3600 * SECOND);
        CHECK_INT(g.state->revoked_count, 1);
        CHECK(g.state->revoked[0].at_us == g.clock.wall_us);
        CHECK(g.state->conditions[0].disarmed);
        CHECK(g.state->conditions[0].active_us == g.clock.wall_us);
        CHECK(g.state->targets[CASE_COOLANT].foreign_wall_us == g.clock.wall_us - 5 * SECOND);
        CHECK(g.state->targets[CASE_COOLANT].foreign_us != LS_GUARD_UNKNOWN);
        CHECK_INT(g.state->targets[CASE_COOLANT].fights, 1);
        CHECK_INT(g.state->trip_count, 2);
        CHECK(!g.state->latched);
        EXPECT(guard_case_dispatch(&g), 18);
    }
    // Re-armed it is written again only when it happens again.
    do_now(journal, (ls_guard_deed){.kind = LS_DEED_LIFT});
    ls_guard_deed rearm = {.kind = LS_DEED_REARM};
    set(rearm.what, g.limits->guards->conditions[0].tag);
    do_now(journal, rearm);
    journal = restart(journal, 20000);
    CHECK(!g.state->conditions[0].disarmed);
    CHECK_INT(g.state->hold_count, 0);
    memset(written, 0, sizeof written);
    hear_condition(0, 1.0);
    CHECK(ls_guard_memory_yields(g.state, written, &row));
    CHECK_STR(row.deed.what, g.limits->guards->conditions[0].tag);
    ls_guard_journal_close(journal);
    remove_folder();
}

static void test_more_than_there_is_room_for_stays_so(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(0);
    g.state->holds_lost = g.state->revoked_lost = true;
    CHECK_INT(ls_guard_memory_put(g.state, put_row, journal, &err), LS_OK);
    journal = restart(journal, 0);
    CHECK(g.state->holds_lost && g.state->revoked_lost);
    ls_guard_journal_close(journal);
    remove_folder();
}

// 30: a lease that was not given back, or ended by itself, is a failure of the link; being told to
// stop is none.
static void test_how_it_ended_says_whether_it_may_engage_at_once(void) {
    const ls_journal_kind ends[] = {LS_JOURNAL_STOPPED, LS_JOURNAL_LEASE, LS_JOURNAL_LINE_ID};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        for (int turned = 0; turned < 2; turned++) {
            begin();
            make_folder();
            ls_guard_journal *journal = open_journal(0);
            write_row(journal, &(ls_journal_entry){.kind = LS_JOURNAL_LEASE, .on = true});
            write_row(journal, &(ls_journal_entry){.kind = ends[i]});
            if (turned == 1) {  // the same out of a summary
                journal = restart(journal, 0);
                g.state->healthy_since_us = LS_GUARD_UNKNOWN;
                CHECK_INT(ls_guard_memory_put(g.state, put_row, journal, &err), LS_OK);
            }
            journal = restart(journal, 0);
            g.state->healthy_since_us = g.clock.mono_us;
            EXPECT(guard_case_dispatch(&g), i == 0 ? 0 : 30);
            g.state->healthy_since_us = g.clock.mono_us - 10 * SECOND;
            EXPECT(guard_case_dispatch(&g), 0);
            ls_guard_journal_close(journal);
            remove_folder();
        }
    }
}

// Cut anywhere while it turns over, the folder holds one that is whole: killed between the two
// renames, the old one steps back in.
static void test_killed_while_it_turns_over(void) {
    begin();
    make_folder();
    ls_guard_journal *journal = open_journal(20000);
    acknowledged(journal);
    turn_over(journal, 1);
    ls_guard_journal_close(journal);
    char path[96], old[96], fresh[96];
    snprintf(path, sizeof path, "%s/journal", folder);
    snprintf(old, sizeof old, "%s/journal.1", folder);
    snprintf(fresh, sizeof fresh, "%s/journal.new", folder);
    CHECK_INT(rename(path, old), 0);
    FILE *half = fopen(fresh, "w");
    CHECK(half != NULL && fputs("half of a line", half) >= 0 && fclose(half) == 0);
    journal = restart(NULL, 20000);
    expect_remembered();
    journal = restart(journal, 20000);
    expect_remembered();
    // A disk that is full while it turns over: nothing is lost, and it is tried again.
    const uint32_t before = summaries;
    ls_guard_journal_fail_after(3000);
    for (int i = 0; i < 400 && summaries == before; i++) {
        ls_guard_journal_append(
            journal,
            &(ls_journal_entry){.kind = LS_JOURNAL_LINE_ID, .command.device = "l", .line_id = 1},
            false, &err);
    }
    ls_guard_journal_fail_after(-1);
    journal = restart(journal, 20000);
    expect_remembered();
    turn_over(journal, 2);
    journal = restart(journal, 20000);
    expect_remembered();
    ls_guard_journal_close(journal);
    remove_folder();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_sequence_dwell_and_ids_outlive_any_number_of_turns);
    TEST(test_budgets_and_frequencies_outlive_turns);
    TEST(test_what_is_under_way_counts_once);
    TEST(test_people_and_what_waits_for_them_outlive_turns);
    TEST(test_more_than_there_is_room_for_stays_so);
    TEST(test_how_it_ended_says_whether_it_may_engage_at_once);
    TEST(test_killed_while_it_turns_over);
    return harness_report();
}
