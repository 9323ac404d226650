// process_test.c - `lineshaft process run` as a shell runs it.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

static void test_it_explains_itself(void) {
    static const char *const lines[] = {
        "process",
        "process run -h",
        "process run --help",
        "process run --idv 22",
        "process run --seed 0",
        "process run --seed 8589934592",
        "process run --every 1.5s",
        "process run --every 0",
        "process run --for 1min",
        "process run --set 10=95",
        "process run --set 12=1",
        "process run --set 18=150.1",
        "process run --set 18=121,17",
        "process run --start soon",
        "process run --csv --json",
        "process run plant.yaml",
        "process run --for 4h --from 1h --idv 4 --set 18=120.9,17=74",
    };
    if (!program_is_there()) {
        return;
    }
    ls_buffer out;
    ls_buffer_init(&out);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        program got = program_run(lines[i]);
        ls_buffer_printf(&out, "$ lineshaft %s\n%s%s[exit code %d]\n\n", lines[i], got.out, got.err,
                         got.code);
        program_clear(&got);
    }
    CHECK(!out.failed);
    CHECK_GOLDEN("tests/cli/expected/process.txt", out.data);
    ls_buffer_clear(&out);
}

static double number_at(const char *row, int column) {
    for (int i = 0; i < column && row != NULL; i++) {
        row = strchr(row, ',');
        row = row != NULL ? row + 1 : NULL;
    }
    return row != NULL ? strtod(row, NULL) : -1.0;
}

// The last row of the recorded set d01 (tests/data/tep/README.md says with which seed).
static void test_rows_are_those_of_a_recorded_set(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("process run --seed 7854912354 --idv 1 --from 1h --for 25h --csv");
    CHECK_INT(got.code, 0);
    CHECK_STR(got.err, "");
    int rows = 0;
    const char *last = got.out;
    for (const char *at = got.out; (at = strchr(at, '\n')) != NULL && at[1] != '\0'; at++) {
        last = at + 1;
        rows++;
    }
    CHECK_INT(rows, 500);
    CHECK(strncmp(got.out, "time,XMEAS_1,XMEAS_2,", 21) == 0);
    CHECK(strncmp(last, "2026-01-06T01:00:00,", 20) == 0);
    CHECK_NEAR(number_at(last, 1), 0.78897, 1e-5);
    CHECK_NEAR(number_at(last, 7), 2695.1, 0.1);
    program_clear(&got);
}

static void test_the_object_says_that_the_plant_shut_down(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("process run --idv 6 --from 1h --for 12h --json");
    CHECK_INT(got.code, 0);
    json_t *object = json_loads(got.out, 0, NULL);
    CHECK(object != NULL);
    CHECK_STR(json_string_value(json_object_get(object, "format")), "process-run/1");
    CHECK_STR(json_string_value(json_object_get(object, "shut_down_by")),
              "pressure of the reactor above 3000 kPa gauge");
    const json_int_t at_s = json_integer_value(json_object_get(object, "shut_down_s"));
    CHECK(at_s > 6 * 3600 && at_s < 9 * 3600);
    CHECK_INT(json_array_size(json_object_get(object, "measurements")), 41);
    CHECK_INT(json_array_size(json_object_get(object, "valves")), 12);
    const json_t *a_feed = json_array_get(json_object_get(object, "measurements"), 0);
    CHECK_NEAR(json_real_value(json_object_get(a_feed, "last")), 0.0, 1e-12);
    json_decref(object);
    program_clear(&got);
}

static void test_rows_go_into_a_history(void) {
    if (!program_is_there()) {
        return;
    }
    char rows[256], line[1024];
    ls_text_format(rows, sizeof rows, "%s", program_temporary("rows.csv"));
    ls_text_format(line, sizeof line, "process run --for 1h --every 10min --csv -o %s", rows);
    program ran = program_run(line);
    CHECK_INT(ran.code, 0);
    CHECK_STR(ran.out, "");
    program again = program_run(line);  // a file that is there stays
    CHECK_INT(again.code, 2);
    ls_text_format(line, sizeof line, "history import %s %s", program_temporary("kept"), rows);
    program kept = program_run(line);
    CHECK_INT(kept.code, 0);
    CHECK_CONTAINS(kept.err, "318 samples of 53 tags");
    program_clear(&ran);
    program_clear(&again);
    program_clear(&kept);
    program_remove_temporary();
}

static void test_a_full_disk_is_told(void) {
    if (!program_is_there()) {
        return;
    }
    const program_def full = {.line = "process run --for 4h --csv", .out = "/dev/full"};
    program got = program_run_def(&full);
    CHECK_INT(got.code, 4);
    CHECK_CONTAINS(got.err, "No space left");
    program_clear(&got);
    got = program_run("process run --for 1h -o no/such/folder/x.txt");
    CHECK_INT(got.code, 4);
    program_clear(&got);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_explains_itself);
    TEST(test_rows_are_those_of_a_recorded_set);
    TEST(test_the_object_says_that_the_plant_shut_down);
    TEST(test_rows_go_into_a_history);
    TEST(test_a_full_disk_is_told);
    return harness_report();
}
