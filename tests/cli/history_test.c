// history_test.c - `lineshaft history`: files in, files out, what people see, and what they are
// told.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/csv.h"
#include "base/text.h"
#include "base/units.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

enum { LINE_SIZE = 1024 };

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0);
    fclose(file);
}

// Runs and checks the exit code; *out may be NULL.
static program run(int code, const char *format, const char *a, const char *b, const char *c) {
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, format, a, b, c);
    program done = program_run(line);
    harness_note("lineshaft %s\n%s", line, done.err);
    CHECK_INT(done.code, code);
    return done;
}

static void run_only(int code, const char *format, const char *a, const char *b, const char *c) {
    program done = run(code, format, a, b, c);
    program_clear(&done);
}

static void check_same_files(const char *a, const char *b) {
    uint64_t a_size = 0;
    uint64_t b_size = 0;
    char *x = harness_read_file(a, &a_size);
    char *y = harness_read_file(b, &b_size);
    CHECK(x != NULL && y != NULL);
    CHECK_INT(a_size, b_size);
    CHECK(x != NULL && y != NULL && a_size == b_size && memcmp(x, y, a_size) == 0);
    free(x);
    free(y);
}

static const char *source(const char *path) {
    return harness_source_path(path);
}

// A whole number of files whatever form they are in: the same to the bit.
static void test_round_trips_are_the_same_to_the_bit(void) {
    if (!program_is_there()) {
        return;
    }
    const char *expected = source("tests/data/history/v1/expected.csv");
    run_only(0, "history import %s %s", program_temporary("trip1"), expected, "");
    run_only(0, "history export %s -o %s", program_temporary("trip1"),
             program_temporary("trip1.csv"), "");
    check_same_files(expected, program_temporary("trip1.csv"));
    run_only(0, "history export %s --format jsonl -o %s", program_temporary("trip1"),
             program_temporary("trip1.jsonl"), "");
    run_only(0, "history import %s %s", program_temporary("trip2"),
             program_temporary("trip1.jsonl"), "");
    run_only(0, "history export %s --raw-times -o %s", program_temporary("trip2"),
             program_temporary("trip2.csv"), "");
    run_only(0, "history import %s %s", program_temporary("trip3"), program_temporary("trip2.csv"),
             "");
    run_only(0, "history export %s -o %s", program_temporary("trip3"),
             program_temporary("trip3.csv"), "");
    check_same_files(expected, program_temporary("trip3.csv"));
    // Again: nothing is there twice.
    run_only(0, "history import %s %s", program_temporary("trip3"), expected, "");
    run_only(0, "history export %s --force -o %s", program_temporary("trip3"),
             program_temporary("trip3.csv"), "");
    check_same_files(expected, program_temporary("trip3.csv"));
    program_remove_temporary();
}

// The recording with a column `time` before its rows, one every 3 minutes.
static char *with_times(const char *path) {
    char *text = harness_read_file(path, NULL);
    ls_buffer out;
    ls_buffer_init(&out);
    int row = -1;
    for (char *line = text; line != NULL && *line != '\0'; row++) {
        char *end = strchr(line, '\n');
        const size_t length = end != NULL ? (size_t)(end - line) : strlen(line);
        if (row < 0) {
            ls_buffer_text(&out, "time,");
        } else {
            ls_buffer_printf(&out, "%lld,", (long long)(1767225600000 + row * 180000LL));
        }
        ls_buffer_append(&out, line, length);
        ls_buffer_text(&out, "\n");
        line = end != NULL ? end + 1 : NULL;
    }
    free(text);
    return out.data;
}

// Every number of both tables, by its bits.
static void check_same_numbers(const char *a, const char *b) {
    ls_arena arena;
    ls_csv x = {0};
    ls_csv y = {0};
    ls_arena_init(&arena);
    char *a_text = harness_read_file(a, NULL);
    char *b_text = harness_read_file(b, NULL);
    CHECK(a_text != NULL && b_text != NULL);
    CHECK_INT(ls_csv_parse(a_text, strlen(a_text), ',', a, &arena, &x, NULL), LS_OK);
    CHECK_INT(ls_csv_parse(b_text, strlen(b_text), ',', b, &arena, &y, NULL), LS_OK);
    CHECK_INT(x.row_count, y.row_count);
    CHECK_INT(x.column_count, y.column_count);
    CHECK(x.row_count > 100);
    for (size_t r = 0; r < x.row_count && r < y.row_count && !harness_has_failed(); r++) {
        for (size_t c = 1; c < x.column_count; c++) {
            double p = NAN;
            double q = NAN;
            CHECK(ls_text_parse_double(x.rows[r][c], strlen(x.rows[r][c]), &p));
            CHECK(ls_text_parse_double(y.rows[r][c], strlen(y.rows[r][c]), &q));
            CHECK(memcmp(&p, &q, sizeof p) == 0);
        }
    }
    free(a_text);
    free(b_text);
    ls_arena_clear(&arena);
}

static void test_a_public_recording_comes_back_bit_for_bit(void) {
    if (!program_is_there()) {
        return;
    }
    char *text = with_times(source("tests/data/tep/d00_te.csv"));
    write_file(program_temporary("tep.csv"), text);
    free(text);
    run_only(0, "history import %s %s", program_temporary("tep"), program_temporary("tep.csv"), "");
    run_only(0, "history export %s --form wide -o %s", program_temporary("tep"),
             program_temporary("tep-back.csv"), "");
    check_same_numbers(program_temporary("tep.csv"), program_temporary("tep-back.csv"));
    program_remove_temporary();
}

static void test_what_people_see(void) {
    if (!program_is_there()) {
        return;
    }
    run_only(0, "history import %s %s", program_temporary("seen"),
             source("tests/data/history/v1/expected.csv"), "");
    program seen = run(0, "history query %s press/s*", program_temporary("seen"), "", "");
    CHECK_GOLDEN("tests/cli/expected/history-table.txt", seen.out);
    program_clear(&seen);
    seen = run(0, "history query %s press/speed --plot", program_temporary("seen"), "", "");
    CHECK_GOLDEN("tests/cli/expected/history-plot.txt", seen.out);
    program_clear(&seen);
    seen = run(0, "history query %s press/** --json --resample last --step 5s",
               program_temporary("seen"), "", "");
    CHECK_GOLDEN("tests/cli/expected/history-query.json", seen.out);
    program_clear(&seen);
    seen = run(0, "history stats %s --json", program_temporary("seen"), "", "");
    CHECK_CONTAINS(seen.out, "\"samples\": 13");
    program_clear(&seen);
    seen = run(1, "history query %s nothing/*", program_temporary("seen"), "", "");
    CHECK_CONTAINS(seen.err, "no such values");
    program_clear(&seen);
    program_remove_temporary();
}

static void check_mistake(const char *name, const char *text, const char *place, const char *what) {
    write_file(program_temporary(name), text);
    program done = run(3, "history import %s %s --dry-run", program_temporary("none"),
                       program_temporary(name), "");
    CHECK_CONTAINS(done.err, place);
    CHECK_CONTAINS(done.err, what);
    program_clear(&done);
    CHECK(access(program_temporary("none"), F_OK) != 0);
}

static void test_mistakes_name_line_column_and_value(void) {
    if (!program_is_there()) {
        return;
    }
    check_mistake("a.csv", "tag,time,value\nx,yesterday,5\n", "a.csv:2:3", "'yesterday'");
    check_mistake("b.csv", "tag,time,value,kind\n\"x\ny\",0,5,real\nx,0,\"5\",int\nx,0,5.5,int\n",
                  "b.csv:2:1", "control character");
    check_mistake("c.csv", "tag,time,value,kind\nx,0,5,int\nx,0,5.5,int\n", "c.csv:3:5", "'5.5'");
    check_mistake("d.csv", "tag,time,value,quality\nx,0,5,fine\n", "d.csv:2:7", "'fine'");
    check_mistake("e.csv", "tag,time,value,colour\nx,0,5,fine\n", "e.csv:1:16", "'colour'");
    check_mistake("f.csv", "tag,time,value\nx,0\n", "f.csv:2:1", "2 cells");
    check_mistake("g.csv", "speed,flow\n1,2\n", "g.csv:1:1", "no column 'time'");
    check_mistake("h.csv", "tag,time,value\nx,0,\"5\n", "h.csv:2:5", "never closed");
    check_mistake("i.csv", "", "i.csv:1:1", "empty");
    check_mistake("a.jsonl", "{\"tag\": \"x\", \"time\": 0, \"value\": 1}\n{\"tag\": \"x\"}\n",
                  "a.jsonl:2:1", "no time");
    check_mistake("b.jsonl", "{\"tag\": \"x\", \"time\": 0, \"value\": [1]}\n", "b.jsonl:1:1",
                  "[1]");
    check_mistake("c.jsonl", "{\"tag\": \n", "c.jsonl:1", "not a JSON object");
    program_remove_temporary();
}

static void test_events_come_in_and_go_out(void) {
    if (!program_is_there()) {
        return;
    }
    write_file(program_temporary("past.csv"),
               "kind,time,subject,text\n"
               "failure,2026-01-05T06:00:00Z,mill-1,\"spindle, bearing\"\n"
               "failure,1767592801000,mill-2,\n");
    program done = run(0, "history import %s %s", program_temporary("e"),
                       program_temporary("past.csv"), "");
    CHECK_CONTAINS(done.err, "2 events imported");
    program_clear(&done);
    run_only(0, "history import %s %s", program_temporary("e"), program_temporary("past.csv"), "");
    done = run(0, "history events %s --json", program_temporary("e"), "", "");
    CHECK_STR(done.out,
              "{\"number\":1,\"time\":\"2026-01-05T06:00:00Z\",\"kind\":\"failure\",\"subject\":"
              "\"mill-1\",\"text\":\"spindle, bearing\",\"details\":null}\n"
              "{\"number\":2,\"time\":\"2026-01-05T06:00:01Z\",\"kind\":\"failure\",\"subject\":"
              "\"mill-2\",\"text\":\"\",\"details\":null}\n");
    // What is told is taken back, details and all.
    write_file(program_temporary("told.jsonl"), done.out);
    program_clear(&done);
    FILE *more = fopen(program_temporary("told.jsonl"), "a");
    CHECK(more != NULL && fputs("{\"time\": 1767592802000, \"kind\": \"care\", \"subject\": \"\", "
                                "\"details\": {\"cost\": 1.5}}\n",
                                more) >= 0);
    fclose(more);
    done = run(0, "history import %s %s", program_temporary("f"), program_temporary("told.jsonl"),
               "");
    CHECK_CONTAINS(done.err, "3 events imported");
    program_clear(&done);
    done = run(1, "history events %s --kind none", program_temporary("f"), "", "");
    CHECK_STR(done.out, "");
    CHECK_CONTAINS(done.err, "no such events; without '--kind'");
    program_clear(&done);
    done = run(4, "history import %s/none/h %s", program_temporary("f"),
               program_temporary("past.csv"), "");
    CHECK_CONTAINS(done.err, "the folder above it is not there");
    program_clear(&done);
    done = run(0, "history events %s --json --kind care", program_temporary("f"), "", "");
    CHECK_CONTAINS(done.out, "\"details\":{\"cost\":1.5}");
    program_clear(&done);
    done = run(0, "history import %s %s --dry-run", program_temporary("g"),
               program_temporary("past.csv"), "");
    CHECK_CONTAINS(done.err, "2 events are right");
    program_clear(&done);
    // Another column, and it is a table of tags, as before.
    write_file(program_temporary("wide.csv"), "time,kind,subject,speed\n0,a,b,1\n");
    done = run(0, "history import %s %s", program_temporary("g"), program_temporary("wide.csv"),
               "");
    CHECK_CONTAINS(done.err, "3 samples of 3 tags imported");
    program_clear(&done);
    check_mistake("a.csv", "time,kind,subject\n0,failure,x\n0,,x\n", "a.csv:3:1", "no kind");
    check_mistake("b.csv", "time,kind,subject\nmonday,failure,x\n", "b.csv:2:1", "'monday'");
    program_remove_temporary();
}

static void test_times_in_many_forms(void) {
    if (!program_is_there()) {
        return;
    }
    write_file(program_temporary("t.csv"),
               "tag,time,value\n"
               "x,2026-01-05T06:00:00Z,1\n"
               "x,2026-01-05T15:00:01+09:00,2\n"
               "x,2026-01-05 06:00:02,3\n"
               "x,1767592803000,4\n"
               "x,1767592804000000,5\n"
               "x,1767592805 s,6\n"
               "x,2026-01-05T06:00:06.123456789Z,7\n");
    run_only(0, "history import %s %s", program_temporary("t"), program_temporary("t.csv"), "");
    program done = run(0, "history export %s --raw-times", program_temporary("t"), "", "");
    CHECK_STR(done.out,
              "tag,time,value,quality,kind,flags\n"
              "x,1767592800000000us,1,good,real,\n"
              "x,1767592801000000us,2,good,real,\n"
              "x,1767592802000000us,3,good,real,\n"
              "x,1767592803000000us,4,good,real,\n"
              "x,1767592804000000us,5,good,real,\n"
              "x,1767592805000000us,6,good,real,\n"
              "x,1767592806123456us,7,good,real,\n");
    program_clear(&done);
    program_remove_temporary();
}

static void test_backup_and_restore(void) {
    if (!program_is_there()) {
        return;
    }
    const char *expected = source("tests/data/history/v1/expected.csv");
    run_only(0, "history import %s %s", program_temporary("b"), expected, "");
    run_only(0, "history backup %s %s", program_temporary("b"), program_temporary("b.backup"), "");
    run_only(3, "history backup %s %s", program_temporary("b"), program_temporary("b.backup"), "");
    run_only(0, "history restore %s %s", program_temporary("b.backup"), program_temporary("b2"),
             "");
    run_only(3, "history restore %s %s", program_temporary("b.backup"), program_temporary("b2"),
             "");
    run_only(0, "history export %s -o %s", program_temporary("b2"), program_temporary("b2.csv"),
             "");
    check_same_files(expected, program_temporary("b2.csv"));
    program_remove_temporary();
}

static void test_help_of_each_command(void) {
    if (!program_is_there()) {
        return;
    }
    static const char *const names[] = {"import", "export", "query", "stats", "backup", "restore"};
    ls_buffer out;
    ls_buffer_init(&out);
    for (int i = 0; i < 6; i++) {
        for (int full = 0; full < 2; full++) {
            program done = run(0, "history %s %s%s", names[i], full ? "--help" : "-h", "");
            ls_buffer_printf(&out, "$ lineshaft history %s %s\n%s\n", names[i],
                             full ? "--help" : "-h", done.out);
            program_clear(&done);
        }
    }
    CHECK_GOLDEN("tests/cli/expected/help-history.txt", out.data);
    ls_buffer_clear(&out);
}

static void test_mistakes_on_the_command_line(void) {
    if (!program_is_there()) {
        return;
    }
    static const char *const lines[] = {
        "history import tests/cli/no-such-history",
        "history import tests/cli/no-such-history tests/cli/no-such.csv",
        "history export tests/cli/no-such-history",
        "history query tests/cli/no-such-history --from tomorrow",
        "history query tests/cli/no-such-history --from 2026-01-02 --to 2026-01-01",
        "history query tests/cli/no-such-history --resample median",
        "history query tests/cli/no-such-history --step 5s",
        "history query tests/cli/no-such-history --csv --json",
        "history stats tests/cli/no-such-history --login x",
        "history stats postgresql://user:secret@127.0.0.1:1/x",
        "history import postgresql://127.0.0.1:1/x tests/data/history/v1/expected.csv",
        "history backup tests/cli/no-such-history x",
        "history restore tests/cli/no-such.backup tests/cli/no-such-history",
    };
    ls_buffer out;
    ls_buffer_init(&out);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        program done = program_run(lines[i]);
        ls_buffer_printf(&out, "$ lineshaft %s\n%s%s[exit code %d]\n\n", lines[i], done.out,
                         done.err, done.code);
        program_clear(&done);
    }
    CHECK(strstr(out.data, "secret@") == NULL || strstr(out.data, "error: secret") == NULL);
    CHECK_GOLDEN("tests/cli/expected/mistakes-history.txt", out.data);
    ls_buffer_clear(&out);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_round_trips_are_the_same_to_the_bit);
    TEST(test_a_public_recording_comes_back_bit_for_bit);
    TEST(test_what_people_see);
    TEST(test_mistakes_name_line_column_and_value);
    TEST(test_events_come_in_and_go_out);
    TEST(test_times_in_many_forms);
    TEST(test_backup_and_restore);
    TEST(test_help_of_each_command);
    TEST(test_mistakes_on_the_command_line);
    return harness_report();
}
