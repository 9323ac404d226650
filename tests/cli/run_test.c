// run_test.c - the program runs plants: results, formats, files, signals, terminals.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

#define LINE "tests/cli/plants/line.yaml"
#define FASTER "tests/cli/plants/faster.yaml"
// Minutes of work, so that it is still running when a signal comes.
#define LONG_RUN "twin run " LINE " --warmup 0s --for 30000d --reps 2000"

enum { COMMAND_SIZE = 1024 };

static program run_with(const char *format, const char *path) {
    char line[COMMAND_SIZE];
    snprintf(line, sizeof line, format, path);
    return program_run(line);
}

static json_t *parse(const program *got) {
    json_error_t error;
    json_t *object = json_loads(got->out, 0, &error);
    CHECK(object != NULL);
    return object;
}

static json_t *run_json(const char *line) {
    program got = program_run(line);
    CHECK_INT(got.code, 0);
    CHECK_STR(got.err, "");
    json_t *object = parse(&got);
    program_clear(&got);
    return object;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static double mean_of(const json_t *object, const char *figure) {
    return json_number_value(json_object_get(json_object_get(object, figure), "mean"));
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static void test_table_for_people_has_totals_classes_stations(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("twin run " LINE);
    CHECK_INT(got.code, 0);
    CHECK_STR(got.err, "");
    CHECK_CONTAINS(got.out, "line: 20 d after a warm-up of 1 d, 4 replications, seed 7\n");
    CHECK_CONTAINS(got.out, "throughput");
    CHECK_CONTAINS(got.out, "\nbolt ");
    CHECK_CONTAINS(got.out, "\nnut ");
    CHECK_CONTAINS(got.out, "\nsaw ");
    CHECK_CONTAINS(got.out, "What holds the plant back: mill");
    CHECK_CONTAINS(got.out, "\nhash ");
    program_clear(&got);
}

// The keys, of lists those of the first entry.
static void put_keys(json_t *value, int depth, ls_buffer *out) {
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        json_t *member = json_object_iter_value(at);
        ls_buffer_printf(out, "%*s%s\n", 2 * depth, "", json_object_iter_key(at));
        put_keys(json_is_array(member) ? json_array_get(member, 0) : member, depth + 1, out);
    }
}

// Programs read these keys: a change is a new format number.
static void test_keys_of_json_stay(void) {
    static const struct {
        const char *line, *golden;
    } cases[] = {
        {"twin run " LINE " --json", "tests/cli/expected/twin-run-1.txt"},
        {"twin compare " LINE " " FASTER " --json", "tests/cli/expected/twin-compare-1.txt"},
        {"check --json tests/cli/plants/overloaded.yaml", "tests/cli/expected/check-1.txt"},
    };
    if (!program_is_there()) {
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        program got = program_run(cases[i].line);
        json_t *object = parse(&got);
        ls_buffer out;
        ls_buffer_init(&out);
        put_keys(object, 0, &out);
        CHECK_GOLDEN(cases[i].golden, out.data != NULL ? out.data : "");
        ls_buffer_clear(&out);
        json_decref(object);
        program_clear(&got);
    }
}

static void test_same_hash_for_any_number_of_workers(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *one = run_json("twin run " LINE " --json --workers 1");
    json_t *three = run_json("twin run " LINE " --json --workers 3");
    json_t *other = run_json("twin run " LINE " --json --workers 1 --seed 8");
    CHECK_STR(text_of(one, "hash"), text_of(three, "hash"));
    CHECK(strcmp(text_of(one, "hash"), text_of(other, "hash")) != 0);
    CHECK_INT(strlen(text_of(one, "hash")), 16);
    CHECK(json_equal(json_object_get(one, "total"), json_object_get(three, "total")));
    CHECK(json_equal(json_object_get(one, "stations"), json_object_get(three, "stations")));
    json_decref(one);
    json_decref(three);
    json_decref(other);
}

static void test_options_go_before_the_plant_file(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *object = run_json("twin run --reps=3 --for 5d --warmup 12h --seed 9 --json " LINE);
    CHECK_INT(json_integer_value(json_object_get(object, "reps")), 3);
    CHECK_INT(json_integer_value(json_object_get(object, "seed")), 9);
    CHECK_NEAR(json_number_value(json_object_get(object, "for_s")), 5 * 86400.0, 0.0);
    CHECK_NEAR(json_number_value(json_object_get(object, "warmup_s")), 43200.0, 0.0);
    json_decref(object);
}

static void test_until_ci_ends_when_narrow_enough_or_says_no(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *object = run_json("twin run " LINE " --until-ci 10% --watch wip --json");
    CHECK(json_is_true(json_object_get(object, "reached_ci")));
    json_decref(object);
    program got = program_run("twin run " LINE " --for 2d --until-ci 0.01% --reps-max 4");
    CHECK_INT(got.code, 1);
    CHECK_CONTAINS(got.out, "still wider than 0.01 %");
    CHECK_CONTAINS(got.err, "4 replications were not enough");
    program_clear(&got);
}

static void test_csv_has_a_line_per_figure_and_replication(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *object = run_json("twin run " LINE " --json");
    program got = program_run("twin run " LINE " --csv");
    const size_t class_figures = json_object_size(json_object_get(object, "total"));
    const json_t *station = json_array_get(json_object_get(object, "stations"), 0);
    const size_t station_figures = json_object_size(station) - 1;
    CHECK_INT(count_lines(got.out), 1 + 4 * (3 * class_figures + 3 * station_figures));
    CHECK_CONTAINS(got.out, "scope,name,figure,unit,replication,value\ntotal,,released,lots,0,");
    CHECK_CONTAINS(got.out, "\nclass,bolt,done,lots,3,");
    CHECK_CONTAINS(got.out, "\nstation,mill,oee,share,0,");
    program_clear(&got);
    json_decref(object);
}

static void test_a_plant_beside_itself_is_the_same(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("twin compare " LINE " " LINE);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "the same\n");
    CHECK(strstr(got.out, "better") == NULL && strstr(got.out, "worse") == NULL);
    program_clear(&got);
}

static void test_a_faster_mill_is_seen_to_be_better(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *object = run_json("twin compare " LINE " " FASTER " --reps 10 --json");
    const json_t *other = json_array_get(json_object_get(object, "others"), 0);
    const json_t *cycle = json_object_get(json_object_get(other, "total"), "cycle_time_mean_s");
    CHECK_STR(text_of(cycle, "verdict"), "better");
    CHECK(mean_of(cycle, "difference") < 0.0);
    CHECK_NEAR(mean_of(cycle, "this") - mean_of(cycle, "base"), mean_of(cycle, "difference"), 1e-6);
    json_decref(object);
    program got = program_run("twin compare " LINE " " FASTER " --csv");
    CHECK_CONTAINS(got.out, LINE "," FASTER ",bolt,cycle_time_mean_s,s,");
    program_clear(&got);
}

static void test_snapshot_is_saved_and_runs_on(void) {
    if (!program_is_there()) {
        return;
    }
    const char *path = program_temporary("monday.snapshot");
    program got = run_with("twin fork " LINE " --at 5d -o %s", path);
    CHECK_INT(got.code, 0);
    CHECK_STR(got.err, "");
    CHECK_CONTAINS(got.out, "line at 5 d: ");
    CHECK_CONTAINS(got.out, "run on with: lineshaft twin run " LINE " --from ");
    program_clear(&got);

    got = run_with("twin run " LINE " --from %s --for 2d --reps 5", path);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "line: 2 d, 5 replications, seed 7\n");
    program_clear(&got);

    got = run_with("twin run " FASTER " --from %s", path);
    CHECK_INT(got.code, 3);
    CHECK_CONTAINS(got.err, "monday.snapshot");
    program_clear(&got);

    got = run_with("twin fork " LINE " --at 5d -o %s", path);
    CHECK_INT(got.code, 2);
    CHECK_CONTAINS(got.err, "the file is there already");
    program_clear(&got);

    got = run_with("twin fork " LINE " --at 6d -o %s --force --then 1d --futures 3", path);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "line: 1 d, 3 replications, seed 7\n");
    program_clear(&got);
}

static void test_result_goes_into_a_file_whole(void) {
    if (!program_is_there()) {
        return;
    }
    const char *path = program_temporary("result.json");
    program got = run_with("twin run " LINE " --json -o %s", path);
    CHECK_INT(got.code, 0);
    CHECK_STR(got.out, "");
    program_clear(&got);
    char *text = harness_read_file(path, NULL);
    CHECK_CONTAINS(text, "\"format\": \"twin-run/1\"");
    free(text);
    got = run_with("twin run " LINE " --json -o %s", path);
    CHECK_INT(got.code, 2);
    program_clear(&got);
    got = run_with("twin run " LINE " --json --force -o %s", path);
    CHECK_INT(got.code, 0);
    program_clear(&got);
}

static void test_result_never_replaces_what_is_read(void) {
    if (!program_is_there()) {
        return;
    }
    const char *path = program_temporary("own.yaml");
    program made = run_with("check " LINE " --effective -o %s", path);
    CHECK_INT(made.code, 0);
    program_clear(&made);
    char *before = harness_read_file(path, NULL);
    static const char *const commands[] = {"twin run", "twin fork --at 1d", "check --effective",
                                           ("twin compare " LINE)};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char line[1024];
        (void)snprintf(line, sizeof line, "%s %s --force -o %s", commands[i], path, path);
        program got = program_run(line);
        CHECK_INT(got.code, 2);
        CHECK_CONTAINS(got.err, "this file is read here");
        program_clear(&got);
    }
    char *after = harness_read_file(path, NULL);
    CHECK_STR(after, before);
    free(before);
    free(after);
}

static void test_commands_to_copy_are_quoted(void) {
    if (!program_is_there()) {
        return;
    }
    const char *path = program_temporary("a&b.yaml");
    program got = run_with("check " LINE " --effective -o %s", path);
    CHECK_INT(got.code, 0);
    program_clear(&got);
    got = run_with("check %s", path);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "twin run '/");
    CHECK_CONTAINS(got.out, "a&b.yaml'\n");
    program_clear(&got);
}

static void test_output_dash_is_stdout(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("check " LINE " -o -");
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, ": fine");
    program_clear(&got);
}

static void test_full_disk_is_an_error(void) {
    if (!program_is_there() || access("/dev/full", W_OK) != 0) {
        return;
    }
    static const char *const lines[] = {"twin run " LINE, "twin run " LINE " --json", "--help",
                                        "check " LINE};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        program got = program_run_def(&(program_def){.line = lines[i], .out = "/dev/full"});
        CHECK_INT(got.code, 4);
        CHECK_CONTAINS(got.err, "No space left on device");
        program_clear(&got);
    }
    program got = program_run("twin run " LINE " -o /dev/full");
    CHECK_INT(got.code, 4);
    program_clear(&got);
}

static void test_load_over_one_is_said_before_the_run(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run("twin run tests/cli/plants/overloaded.yaml");
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.err, "lineshaft: warning: ");
    CHECK_CONTAINS(got.err, "saw");
    program_clear(&got);
}

static void test_published_fab_is_imported_checked_and_run(void) {
    if (!program_is_there()) {
        return;
    }
    const char *plant = program_temporary("hvlm.yaml");
    const char *initial = program_temporary("hvlm-initial.csv");
    program got = run_with("import smt2020 examples/smt2020/HVLM --compat pyscfabsim -o %s", plant);
    CHECK_INT(got.code, 0);
    CHECK_STR(got.err, "");
    CHECK_CONTAINS(got.out, "106 stations");
    CHECK_CONTAINS(got.out, "next: lineshaft check ");
    CHECK_INT(access(initial, R_OK), 0);
    program_clear(&got);

    got = run_with("import smt2020 examples/smt2020/HVLM -o %s", plant);
    CHECK_INT(got.code, 2);
    CHECK_CONTAINS(got.err, "the file is there already");
    program_clear(&got);

    got = run_with("check %s", plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "96 more stations have less to do");
    program_clear(&got);

    got = run_with("twin run %s --for 5d --warmup 0s --reps 1", plant);
    CHECK_INT(got.code, 0);
    CHECK_CONTAINS(got.out, "86 more stations: --stations 106 shows all");
    program_clear(&got);
}

static void test_interrupt_before_the_first_replication_says_so(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run_def(&(program_def){
        .line = "twin run " LINE " --warmup 0s --for 36000d --reps 1 --seed 1", .interrupt_ms = 1});
    // Where the machine is fast enough the run is over before the signal.
    CHECK(got.code == 130 || got.code == 0);
    program_clear(&got);
}

static void test_interrupt_prints_what_is_known(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run_def(&(program_def){.line = LONG_RUN " --json", .interrupt_ms = 3000});
    CHECK_INT(got.code, 130);
    // No terminal, so no progress, though it took over a second.
    CHECK_INT(count_lines(got.err), 1);
    CHECK_CONTAINS(got.err, "lineshaft: stopped ");
    if (got.out[0] != '\0') {
        json_t *object = parse(&got);
        CHECK(json_is_true(json_object_get(object, "stopped")));
        CHECK(json_integer_value(json_object_get(object, "reps")) >= 1);
        json_decref(object);
    }
    program_clear(&got);
}

static void test_progress_is_drawn_on_a_terminal_and_ends_in_one_line(void) {
    if (!program_is_there()) {
        return;
    }
    program got = program_run_def(
        &(program_def){.line = LONG_RUN, .terminal = true, .interrupt_ms = 3000});
    CHECK_INT(got.code, 130);
    CHECK_CONTAINS(got.err, "\r[");
    CHECK_CONTAINS(got.err, " left  ");
    CHECK_CONTAINS(got.err, " of 2000 runs");
    CHECK_CONTAINS(got.err, " events in ");
    program_clear(&got);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_table_for_people_has_totals_classes_stations);
    TEST(test_keys_of_json_stay);
    TEST(test_same_hash_for_any_number_of_workers);
    TEST(test_options_go_before_the_plant_file);
    TEST(test_until_ci_ends_when_narrow_enough_or_says_no);
    TEST(test_csv_has_a_line_per_figure_and_replication);
    TEST(test_a_plant_beside_itself_is_the_same);
    TEST(test_a_faster_mill_is_seen_to_be_better);
    TEST(test_snapshot_is_saved_and_runs_on);
    TEST(test_result_goes_into_a_file_whole);
    TEST(test_result_never_replaces_what_is_read);
    TEST(test_commands_to_copy_are_quoted);
    TEST(test_output_dash_is_stdout);
    TEST(test_full_disk_is_an_error);
    TEST(test_load_over_one_is_said_before_the_run);
    TEST(test_published_fab_is_imported_checked_and_run);
    TEST(test_interrupt_before_the_first_replication_says_so);
    TEST(test_interrupt_prints_what_is_known);
    TEST(test_progress_is_drawn_on_a_terminal_and_ends_in_one_line);
    program_remove_temporary();
    return harness_report();
}
