// pool_test.c - the pool commands as a shell runs them: files that must stay, objects for programs,
// statements that add up.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

enum { LINE_SIZE = 2048 };

#define PARK "examples/pools/park.yaml"
#define JOBS "submit_s,run_s,gpus\n0,3600,8\n60,7200,4\n"

static void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

// Runs a line with up to four paths in it, and checks how it ends.
static void check_refused(const char *format, const char *a, const char *b, const char *c,
                          const char *says) {
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, "pool simulate ");
    ls_text_format(line + strlen(line), sizeof line - strlen(line), format, a, b, c);
    program got = program_run(line);
    harness_note("%s", line);
    CHECK_INT(got.code, 2);
    CHECK_CONTAINS(got.err, says);
    CHECK_STR(got.out, "");
    program_clear(&got);
}

static void check_holds(const char *path, const char *text) {
    char *now = harness_read_file(path, NULL);
    CHECK_STR(now, text);
    free(now);
}

static void test_no_file_that_is_read_is_written_over(void) {
    if (!program_is_there()) {
        return;
    }
    static const char pool_text[] =
        "pool: p\nnodes: {count: 2, kind: dgx-h100}\naccounts: {all: {table: accounts.csv}}\n";
    static const char accounts_text[] = "account,guarantee\na,4\n";
    static const char read_here[] = "this file is read here, the result would replace it";
    char pool[LINE_SIZE], trace[LINE_SIZE], link_of[LINE_SIZE], table[LINE_SIZE], fresh[LINE_SIZE];
    ls_text_format(pool, sizeof pool, "%s", program_temporary("pool.yaml"));
    ls_text_format(trace, sizeof trace, "%s", program_temporary("jobs.csv"));
    ls_text_format(link_of, sizeof link_of, "%s", program_temporary("other-name.csv"));
    ls_text_format(table, sizeof table, "%s", program_temporary("accounts.csv"));
    ls_text_format(fresh, sizeof fresh, "%s", program_temporary("fresh.csv"));
    put_file(pool, pool_text);
    put_file(trace, JOBS);
    put_file(table, accounts_text);
    CHECK_INT(link(trace, link_of), 0);  // one file under two names
    check_refused("%s --trace %s --force -o %s", pool, trace, trace, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, trace, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, link_of, read_here);
    check_refused("%s --trace %s --force -o %s", pool, trace, link_of, read_here);
    check_refused("%s --trace %s --force -o %s", pool, trace, pool, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, pool, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, table, read_here);
    check_refused("%s --csv %s -o %s", pool, fresh, fresh,
                  "'--csv' and '--output' would write to one file");
    check_refused("%s --force --csv %s -o %s", pool, link_of, trace,
                  "'--csv' and '--output' would write to one file");
    check_refused("%s --trace %s --csv %s", pool, trace, link_of, read_here);
    // Nothing is read before: the pool is not there, and what is told is the name that is wrong.
    check_refused("no-such-pool.yaml --csv %s -o %s%s", fresh, fresh, "",
                  "would write to one file");
    check_holds(pool, pool_text);
    check_holds(trace, JOBS);
    check_holds(table, accounts_text);
    CHECK(access(fresh, F_OK) != 0);
    // Two names that are not there yet, told in two ways.
    char line[LINE_SIZE];
    const char *slash = strrchr(fresh, '/');
    ls_text_format(line, sizeof line, "%.*s/./%s", (int)(slash - fresh), fresh, slash + 1);
    check_refused("%s --csv %s -o %s", pool, fresh, line, "would write to one file");
}

static void test_wrong_words_are_usage(void) {
    if (!program_is_there()) {
        return;
    }
    check_refused(PARK " --mix grop%s%s%s", "", "", "", "did you mean 'group'?");
    check_refused(PARK " --mix philly --trace x.csv%s%s%s", "", "", "", "--mix");
    check_refused(PARK " --for 0s%s%s%s", "", "", "", "--for");
    check_refused(PARK " --policy eays%s%s%s", "", "", "", "did you mean 'easy'?");
    check_refused(PARK " --policy own,easy,own%s%s%s", "", "", "", "'own' twice");
    check_refused(PARK " --policy own,%s%s%s", "", "", "", "unknown policy ''");
    check_refused(PARK " --reps 0%s%s%s", "", "", "", "--reps");
    check_refused(PARK " --account castings%s%s%s", "", "", "", "--trace");
    check_refused(PARK " --load 0%s%s%s", "", "", "", "--load");
    const char *trace = program_temporary("jobs.csv");
    put_file(trace, JOBS);
    check_refused(PARK " --trace %s --account castigns%s%s", trace, "", "",
                  "no account 'castigns'");
}

// ---- objects for programs

static json_t *object_of(const char *line, int code) {
    program got = program_run(line);
    json_error_t err;
    harness_note("%s", line);
    CHECK_INT(got.code, code);
    json_t *object = json_loads(got.out, 0, &err);
    CHECK(object != NULL);
    program_clear(&got);
    return object;
}

// A number in a path of keys as "jobs.submitted"; NAN is none.
static double number_at(const json_t *object, const char *path) {
    char key[LINE_SIZE];
    ls_text_format(key, sizeof key, "%s", path);
    for (char *at = key, *dot; at != NULL; at = dot) {
        dot = strchr(at, '.');
        if (dot != NULL) {
            *dot++ = '\0';
        }
        object = json_is_array(object) ? json_array_get(object, (size_t)atoi(at))
                                       : json_object_get(object, at);
    }
    return json_is_number(object) ? json_number_value(object) : (double)NAN;
}

static void test_a_simulation_as_an_object(void) {
    if (!program_is_there()) {
        return;
    }
    // Five jobs on two machines of 8 GPUs: what they hold and wait is known by hand. lab's second
    // wants 16 and may have 12: it is refused. lab's last wants 12, 6 on each machine, and may not
    // have them before its 8 are free after one hour and a minute. Nobody asks for what lab
    // borrows.
    json_t *o = object_of(
        "pool simulate tests/cli/plants/pool.yaml --no-failures --for 4h --json "
        "--trace tests/cli/plants/pool-jobs.csv",
        0);
    CHECK_STR(json_string_value(json_object_get(o, "format")), "pool-simulation/1");
    CHECK_STR(json_string_value(json_object_get(o, "what")), "GPUs");
    CHECK(json_is_true(json_object_get(o, "simulated")));
    CHECK_NEAR(number_at(o, "span_s"), 14400.0, 0.0);
    CHECK_NEAR(number_at(o, "jobs.submitted"), 5.0, 0.0);
    CHECK_NEAR(number_at(o, "jobs.refused"), 1.0, 0.0);
    CHECK_NEAR(number_at(o, "jobs.ended"), 4.0, 0.0);
    CHECK_NEAR(number_at(o, "jobs.stopped"), 0.0, 0.0);
    CHECK_NEAR(number_at(o, "gpus.all_gpu_hours"), 64.0, 1e-12);
    // 2 x 2 h + 8 x 1 h + 2 x 30 min + 12 x 10 min
    CHECK_NEAR(number_at(o, "accounts.0.held_gpu_hours"), 15.0, 1e-12);
    CHECK_NEAR(number_at(o, "gpus.idle_gpu_hours"), 49.0, 1e-12);
    CHECK_NEAR(number_at(o, "gpus.used"), 15.0 / 64.0, 1e-12);
    CHECK_NEAR(number_at(o, "gpus.goodput"), 15.0 / 64.0, 1e-12);
    CHECK_STR(json_string_value(
                  json_object_get(json_array_get(json_object_get(o, "accounts"), 2), "account")),
              "lab");
    CHECK_NEAR(number_at(o, "accounts.2.held_gpu_hours"), 10.0, 1e-12);
    // guaranteed 4: of 8 for an hour 4 are borrowed, of 12 for ten minutes 8
    CHECK_NEAR(number_at(o, "accounts.2.borrowed_gpu_hours"), 4.0 + 8.0 / 6.0, 1e-9);
    CHECK_NEAR(number_at(o, "accounts.2.refused"), 1.0, 0.0);
    CHECK_NEAR(number_at(o, "accounts.2.wait_max_s"), 3660.0 - 1200.0, 0.0);
    CHECK_NEAR(number_at(o, "accounts.1.wait_max_s"), 0.0, 0.0);
    CHECK_NEAR(number_at(o, "accounts.0.wait_mean_s"), 2460.0 / 4.0, 1e-9);
    json_decref(o);
}

static void test_a_design_as_an_object(void) {
    if (!program_is_there()) {
        return;
    }
    json_t *o = object_of("pool design --gpus 512 --kind dgx-h100 --json", 0);
    CHECK_STR(json_string_value(json_object_get(o, "format")), "pool-design/1");
    CHECK(json_is_true(json_object_get(o, "fits")));
    CHECK_NEAR(number_at(o, "gpus"), 512.0, 0.0);
    CHECK_NEAR(number_at(o, "nodes"), 64.0, 0.0);
    CHECK_NEAR(number_at(o, "usable_gpus"), 512.0 - 8.0 * number_at(o, "spare_nodes"), 0.0);
    CHECK(json_array_size(json_object_get(o, "jobs")) > 2);
    json_decref(o);
    o = object_of("pool design --gpus 100000 --kind dgx-h100 --power 1MW --json", 1);
    CHECK(json_is_false(json_object_get(o, "fits")));
    CHECK_NEAR(number_at(o, "asked.gpus"), 100000.0, 0.0);
    CHECK(number_at(o, "power.building_w") <= 1e6);
    json_decref(o);
}

// ---- statements

// A GPU time of a statement: nine digits behind the point, exactly.
static bool take_time(char **at, __int128 *out) {
    char *end = NULL;
    const long long whole = strtoll(*at, &end, 10);
    if (end == *at || *end != '.' || strspn(end + 1, "0123456789") != 9) {
        return false;
    }
    *out = (__int128)whole * 1000000000 + strtoll(end + 1, NULL, 10);
    *at = end + 1 + 9 + (end[10] == ',');
    return true;
}

typedef struct day_sums {
    __int128 held, lost, idle, down, below_held, below_lost;
    int lines;
} day_sums;

static void close_day(const day_sums *d, __int128 gpus) {
    CHECK(d->held + d->idle + d->down == gpus * 86400 * 1000000000);
    CHECK(d->held == d->below_held);
    CHECK(d->lost == d->below_lost && d->lost <= d->held);
}

// Every day all GPUs are held, idle or down, and what the pool holds is what the accounts right
// below it hold: to the thousandth of a GPU and the microsecond.
static void check_statement(char *text, __int128 gpus, int days, int accounts) {
    day_sums d = {0};
    int day = -1, lines = 0;
    char *line = strchr(text, '\n');
    for (line = line != NULL ? line + 1 : NULL; line != NULL && *line != '\0';) {
        char *next = strchr(line, '\n');
        char *at = NULL;
        const int now = (int)strtol(line, &at, 10);
        char *name = at + 1;
        at = strchr(name, ',');
        const bool top = name[0] == '*';
        const bool below = memchr(name, '.', (size_t)(at - name)) == NULL;
        __int128 held = 0, borrowed = 0, offered = 0, lost = 0;
        at++;
        CHECK(take_time(&at, &held) && take_time(&at, &borrowed) && take_time(&at, &offered) &&
              take_time(&at, &lost));
        CHECK(borrowed <= held);
        if (top) {
            if (day >= 0) {
                close_day(&d, gpus);
            }
            CHECK_INT(now, day + 1);
            day = now;
            d = (day_sums){.held = held, .lost = lost};
            for (int i = 0; i < 4; i++) {  // started, ended, stopped, broken
                at = strchr(at, ',') + 1;
            }
            CHECK(take_time(&at, &d.idle) && take_time(&at, &d.down));
        } else if (below) {
            d.below_held += held;
            d.below_lost += lost;
        }
        lines++;
        line = next != NULL ? next + 1 : NULL;
    }
    close_day(&d, gpus);
    CHECK_INT(day + 1, days);
    CHECK_INT(lines, days * accounts);
}

static void test_statements_of_all_examples_add_up_to_the_gpu_second(void) {
    static const struct {
        const char *options;
        int gpus, days;
    } cases[] = {
        {"examples/pools/box.yaml --for 10d --load 150", 8, 10},
        {"examples/pools/park.yaml --for 20d --load 150", 128, 20},
        {"examples/pools/park.yaml --for 5d --load 150 --policy easy", 128, 5},
        {"examples/pools/group.yaml --for 3d --load 110", 50400, 3},
        {"examples/pools/national.yaml --for 1d --load 110", 260208, 1},
    };
    if (!program_is_there()) {
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[LINE_SIZE];
        const char *csv = program_temporary("statement.csv");
        ls_text_format(line, sizeof line, "pool simulate %s --json --force --csv %s",
                       cases[i].options, csv);
        json_t *o = object_of(line, 0);
        const int accounts = (int)json_array_size(json_object_get(o, "accounts"));
        CHECK(number_at(o, "jobs.started") > 10);
        if (strstr(cases[i].options, "park.yaml --for 20d") != NULL) {  // else it shows nothing
            CHECK(number_at(o, "accounts.0.lost_gpu_hours") > 0.0);
            CHECK(number_at(o, "gpus.broken_gpu_hours") > 0.0);
        }
        json_decref(o);
        char *text = harness_read_file(csv, NULL);
        check_statement(text, cases[i].gpus, cases[i].days, accounts);
        free(text);
    }
}

// ---- the page

// The data of a page, and what is around it.
static json_t *data_of(const char *text) {
    static const char begin[] = "<script type=\"application/json\" id=\"data\">";
    const char *from = strstr(text, begin);
    const char *to = from != NULL ? strstr(from, "</script>") : NULL;
    json_error_t err;
    CHECK(to != NULL);
    from += sizeof begin - 1;
    for (const char *at = from; at < to; at++) {
        CHECK(*at != '<');  // nothing in the data ends it
    }
    json_t *data = json_loadb(from, (size_t)(to - from), 0, &err);
    CHECK(data != NULL);
    return data;
}

static void test_the_page_needs_nothing_else_and_says_what_the_run_says(void) {
    if (!program_is_there()) {
        return;
    }
    char line[LINE_SIZE], page[LINE_SIZE], trace[LINE_SIZE];
    ls_text_format(page, sizeof page, "%s", program_temporary("report.html"));
    ls_text_format(trace, sizeof trace, "%s", program_temporary("a<!--<script>&amp;.csv"));
    put_file(trace, JOBS);
    ls_text_format(line, sizeof line,
                   "pool simulate examples/pools/park.yaml --for 3d --no-failures --trace %s "
                   "--json --report %s",
                   trace, page);
    json_t *o = object_of(line, 0);
    char *text = harness_read_file(page, NULL);
    json_t *data = data_of(text);
    CHECK_STR(json_string_value(json_object_get(data, "load")),
              json_string_value(json_object_get(o, "load")));
    CHECK(strstr(text, "<!--") == NULL);
    CHECK_CONTAINS(text, "default-src 'none'");
    CHECK_CONTAINS(text, "a&lt;!--&lt;script&gt;&amp;amp;.csv");    // without scripts: as text
    const char *http = strstr(text, "http://www.w3.org/2000/svg");  // the name of SVG, no address
    CHECK(http != NULL && strstr(http + 1, "http") == NULL);
    CHECK(strstr(text, " src=") == NULL && strstr(text, "@import") == NULL &&
          strstr(text, "url(") == NULL && strstr(text, "fetch(") == NULL);
    CHECK_NEAR(number_at(data, "used"), number_at(o, "gpus.used"), 1e-6);
    CHECK_NEAR(number_at(data, "accounts.0.jobs"), 2.0, 0.0);
    // 8 GPUs for an hour and 4 for two: 16 of 128 x 72 GPU hours
    CHECK_NEAR(number_at(data, "totals.kept"), 16.0, 1e-4);
    CHECK_NEAR(number_at(data, "totals.idle"), 128.0 * 72.0 - 16.0, 1.0);
    CHECK_NEAR(number_at(data, "steps.held.0"), 8.0 + 4.0 * 59.0 / 60.0, 1e-4);
    CHECK_NEAR(number_at(data, "steps.held.3"), 0.0, 0.0);
    CHECK_INT(json_array_size(json_object_get(json_object_get(data, "steps"), "t")), 72);
    CHECK(json_is_null(json_object_get(data, "comparison")));
    json_decref(data);
    json_decref(o);
    free(text);
}

static void test_policies_are_compared_on_the_same_jobs(void) {
    if (!program_is_there()) {
        return;
    }
    static const char base[] =
        "pool simulate examples/pools/park.yaml --for 10d --load 130 --reps 3 --seed 4 --json ";
    char line[LINE_SIZE], csv[LINE_SIZE], page[LINE_SIZE];
    ls_text_format(csv, sizeof csv, "%s", program_temporary("figures.csv"));
    ls_text_format(page, sizeof page, "%s", program_temporary("compared.html"));
    ls_text_format(line, sizeof line, "%s--policy easy,fifo --workers 1 --csv %s --report %s", base,
                   csv, page);
    json_t *o = object_of(line, 0);
    CHECK_STR(json_string_value(json_object_get(o, "format")), "pool-comparison/1");
    // Each run is that of its seed alone.
    json_t *alone = object_of(
        "pool simulate examples/pools/park.yaml --for 10d --load 130 --seed 6 --json --policy fifo",
        0);
    CHECK_NEAR(number_at(o, "policies.1.runs.wait_mean_s.2"),
               number_at(alone, "accounts.0.wait_mean_s"), 1e-6);
    CHECK_NEAR(number_at(o, "policies.1.runs.used.2"), number_at(alone, "gpus.used"), 1e-9);
    // The interval is Student's of the differences, run by run: t(2) at 97.5 % is 4.302653.
    double d[3], mean = 0.0, squares = 0.0;
    for (int i = 0; i < 3; i++) {
        char a[64], b[64];
        ls_text_format(a, sizeof a, "policies.0.runs.wait_mean_s.%d", i);
        ls_text_format(b, sizeof b, "policies.1.runs.wait_mean_s.%d", i);
        d[i] = number_at(o, b) - number_at(o, a);
        mean += d[i] / 3.0;
    }
    for (int i = 0; i < 3; i++) {
        squares += (d[i] - mean) * (d[i] - mean);
    }
    CHECK(mean > 0.0);  // nobody passes: everybody waits longer
    CHECK_NEAR(number_at(o, "policies.1.less_first.wait_mean_s.mean"), mean, 1e-6 * mean);
    CHECK_NEAR(number_at(o, "policies.1.less_first.wait_mean_s.half_width"),
               4.3026527 * sqrt(squares / 2.0 / 3.0), 1e-4 * sqrt(squares));
    char *text = harness_read_file(page, NULL);
    json_t *data = data_of(text);
    CHECK_NEAR(number_at(data, "comparison.policies.1.less_first.wait_mean_s.mean"), mean,
               1e-4 * mean);
    CHECK_STR(json_string_value(json_object_get(data, "policy")), "easy");
    json_decref(data);
    free(text);
    text = harness_read_file(csv, NULL);
    CHECK_CONTAINS(text, "policy,seed,wait_mean_s,");
    CHECK_CONTAINS(text, "\nfifo,6,");
    free(text);
    // The same bytes on three threads.
    ls_text_format(line, sizeof line, "%s--policy easy,fifo --workers 3", base);
    json_t *threads = object_of(line, 0);
    CHECK(json_equal(o, threads) == 1);
    json_decref(threads);
    json_decref(alone);
    json_decref(o);
}

static void test_root_does_not_run_the_jobs_of_everybody(void) {
    if (!program_is_there()) {
        return;
    }
    if (geteuid() != 0) {
        harness_skip("only root could");
        return;
    }
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, "pool run %s --open --no-page --data %s --socket %s",
                   "tests/cli/plants/pool.yaml", program_temporary("data"),
                   program_temporary("socket"));
    // Where it serves after all it is asked to end.
    const program_def def = {.line = line, .interrupt_ms = 3000, .interrupts = 1};
    program got = program_run_def(&def);
    CHECK_INT(got.code, 3);
    CHECK_CONTAINS(got.err, "every user's jobs would run as root");
    program_clear(&got);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_file_that_is_read_is_written_over);
    TEST(test_wrong_words_are_usage);
    TEST(test_root_does_not_run_the_jobs_of_everybody);
    TEST(test_a_simulation_as_an_object);
    TEST(test_a_design_as_an_object);
    TEST(test_statements_of_all_examples_add_up_to_the_gpu_second);
    TEST(test_the_page_needs_nothing_else_and_says_what_the_run_says);
    TEST(test_policies_are_compared_on_the_same_jobs);
    program_remove_temporary();
    return harness_report();
}
