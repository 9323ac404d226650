// calibrate_test.c - `lineshaft twin calibrate` on the history of a line that has drifted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/testing/drifted_line.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

static drifted_line one;
static char plant[96], other[96];

static program run(const char *format, const char *file) {
    char line[512];
    snprintf(line, sizeof line, format, file, one.folder);
    harness_note("lineshaft %s", line);
    return program_run(line);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(text, 1, strlen(text), f) == strlen(text));
    CHECK(f != NULL && fclose(f) == 0);
}

static void check_same(const char *path, const char *text) {
    char *got = harness_read_file(path, NULL);
    CHECK_STR(got, text);
    free(got);
}

static void test_it_shows_what_would_change_and_writes_nothing(void) {
    write_file(plant, one.told);
    program got = run("twin calibrate %s --from %s", plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "stations.a.process.x");
    CHECK_CONTAINS(got.out, "7 min");
    CHECK_CONTAINS(got.out, "4 off, 4 changed");
    CHECK_CONTAINS(got.out, "\n+++ ");
    CHECK_CONTAINS(got.out, "\n-  b: {process: 100 s");
    CHECK_CONTAINS(got.out, "nothing is written");
    program_clear(&got);
    check_same(plant, one.told);
}

static void test_it_is_json_when_asked(void) {
    program got = run("twin calibrate %s --from %s --json --since 2026-01-06", plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "\"format\": \"twin-calibrate/1\"");
    CHECK_CONTAINS(got.out, "\"family\": \"lognormal\"");
    CHECK_CONTAINS(got.out, "\"diff\": \"---");
    program_clear(&got);
}

static void test_one_station_alone_into_another_file(void) {
    program got = run("twin calibrate %s --from %s --only b -o /tmp/ls-calibrate-other.yaml",
                      plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "1 off, 1 changed");
    program_clear(&got);
    check_same(plant, one.told);
    char *text = harness_read_file(other, NULL);
    CHECK(text != NULL && strcmp(text, one.told) != 0);
    CHECK_CONTAINS(text, "  # the second\n");
    CHECK_CONTAINS(text, "x: lognormal 240 s sd 24 s");
    free(text);
    unlink(other);
}

static void test_it_writes_in_place_and_is_content_then(void) {
    struct stat st = {0};
    CHECK_INT(chmod(plant, 0640), 0);
    program got = run("twin calibrate %s --from %s --write", plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "4 values written");
    program_clear(&got);
    CHECK_INT(stat(plant, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0640);
    char *text = harness_read_file(plant, NULL);
    CHECK_CONTAINS(text, "x to y: 7 min");
    CHECK_CONTAINS(text, "  # the second\n");
    free(text);
    got = run("twin calibrate %s --from %s", plant);
    CHECK_CONTAINS(got.out, "0 off, 0 changed");
    program_clear(&got);
}

static void test_mistakes_are_told(void) {
    static const struct {
        const char *line, *says;
        int code;
    } cases[] = {{"twin calibrate %s --from %s --write --dry-run", "--dry-run", 2},
                 {"twin calibrate %s --from %s --level 1", "--level", 2},
                 {"twin calibrate %s --from %s --since then", "neither a date nor a span", 3},
                 {"twin calibrate %s --from %s --since 2036-01-01", "nothing of the time", 3},
                 {"twin calibrate %s --from %s --only z", "unknown station 'z'", 3},
                 {"twin calibrate %s --from %s/not-there", "no history", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        program got = run(cases[i].line, plant);
        CHECK_INT(got.code, cases[i].code);
        CHECK_CONTAINS(got.err, cases[i].says);
        program_clear(&got);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    drifted_line_make(&one, 8 * (int64_t)86400000000);
    snprintf(plant, sizeof plant, "%s.yaml", one.folder);
    snprintf(other, sizeof other, "/tmp/ls-calibrate-other.yaml");
    unlink(other);
    if (program_is_there()) {
        TEST(test_it_shows_what_would_change_and_writes_nothing);
        TEST(test_it_is_json_when_asked);
        TEST(test_one_station_alone_into_another_file);
        TEST(test_it_writes_in_place_and_is_content_then);
        TEST(test_mistakes_are_told);
    }
    unlink(plant);
    drifted_line_clear(&one);
    return harness_report();
}
