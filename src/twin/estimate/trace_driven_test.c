// trace_driven_test.c - a log against its own plant, against wrong inputs, against wrong logic.
#include "twin/estimate/trace_driven.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/context.h"
#include "twin/estimate/match.h"

enum { TRACE_MAX = 400000, TEXT_MAX = 4096 };
static const int64_t HOUR = 3600000000;

static ls_plant *read(const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    if (ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err) != LS_OK) {
        printf("%s\n", err.text);
        exit(1);
    }
    return plant;
}

typedef struct line_log {
    ls_traced_release *releases;
    ls_traced_operation *operations;
    size_t release_count, operation_count;
} line_log;

static uint32_t class_of(const ls_plant *plant, uint32_t step) {
    for (uint32_t i = 0; i < plant->release_count; i++) {
        if (plant->releases[i].product == plant->steps[step].product) {
            return i;
        }
    }
    return 0;
}

// The plant of these tests changes over at `drill`, the third machine.
static int64_t setup_us(uint32_t machine, uint32_t *last, uint32_t product) {
    const uint32_t before = *last;
    *last = product + 1;
    return machine != 2 || before == 0 || before == *last ? 0 : product == 1 ? 60000000 : 90000000;
}

// What the line did: the engine's own run, looked at from outside.
static line_log log_of(const char *text, uint64_t seed, int64_t until_us) {
    ls_plant *plant = read(text);
    ls_twin *twin = NULL;
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
    ls_trace_item *trace = malloc(TRACE_MAX * sizeof *trace);
    s->scratch.trace = trace;
    s->scratch.trace_capacity = TRACE_MAX;
    CHECK_INT(ls_snapshot_run(twin, s, until_us, &err), LS_OK);
    CHECK(s->scratch.trace_count < TRACE_MAX);
    line_log log = {.releases = malloc(TRACE_MAX * sizeof *log.releases),
                    .operations = malloc(TRACE_MAX * sizeof *log.operations)};
    int64_t *start = calloc(plant->machine_count, sizeof *start);
    int64_t *down = calloc(plant->machine_count, sizeof *down);
    int64_t *stood = calloc(plant->machine_count, sizeof *stood);
    int64_t *setup = calloc(plant->machine_count, sizeof *setup);
    uint32_t *last = calloc(plant->machine_count, sizeof *last);
    for (ls_u64 i = 0; i < s->scratch.trace_count; i++) {
        const ls_trace_item *t = &trace[i];
        switch (t->kind) {
        case LS_TRACE_RELEASE:
            log.releases[log.release_count++] = (ls_traced_release){
                t->time, class_of(plant, t->step), 1000 + 7 * (uint64_t)t->serial};
            break;
        case LS_TRACE_START:
            start[t->machine] = t->time;
            stood[t->machine] = 0;
            setup[t->machine] = setup_us(t->machine, &last[t->machine],
                                         plant->steps[t->step].product);
            break;
        case LS_TRACE_DOWN: down[t->machine] = t->time; break;
        case LS_TRACE_UP: stood[t->machine] += t->time - down[t->machine]; break;
        case LS_TRACE_END: {
            const int64_t ran = t->time - start[t->machine] - setup[t->machine];
            log.operations[log.operation_count++] = (ls_traced_operation){
                .lot = 1000 + 7 * (uint64_t)t->serial,
                .start_us = start[t->machine],
                .end_us = t->time,
                .ran_us = ran,
                .net_us = ran - stood[t->machine],
                .step = t->step,
                .machine = t->machine,
                .lots = 1,
                .parts = plant->products[plant->steps[t->step].product].parts};
            break;
        }
        default: break;
        }
    }
    free(start);
    free(down);
    free(stood);
    free(setup);
    free(last);
    free(trace);
    s->scratch.trace = NULL;
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
    return log;
}

static void clear(line_log *log) {
    free(log->releases);
    free(log->operations);
}

static void score(const char *text, const line_log *log, int64_t until_us, ls_trace_score *tds,
                  ls_trace_score *qtds) {
    ls_plant *plant = read(text);
    ls_trace_driven_def def = ls_trace_driven_def_default();
    def.releases = log->releases;
    def.release_count = log->release_count;
    def.operations = log->operations;
    def.operation_count = log->operation_count;
    def.until_us = until_us;
    ls_error err = {0};
    CHECK_INT(ls_trace_driven(plant, &def, tds, qtds, &err), LS_OK);
    harness_note("%s", err.text);
    ls_plant_destroy(plant);
}

static char *plant_text(const char *cut, const char *drill, const char *route, const char *extra) {
    static char texts[8][TEXT_MAX];
    static int next = 0;
    char *text = texts[next++ % 8];
    snprintf(text, TEXT_MAX,
             "plant: p\n"
             "stations:\n"
             "  cut: {machines: 2, process: %s}\n"
             "  drill: {queue: 3, process: {x: %s, y: gamma 200 s sd 60 s}, setup: {x to y: 60 s, "
             "y to x: 90 s}, dispatch: setup}\n"
             "  pack: {process: 30 s, per: part}\n"
             "  test: {process: erlang 3 mean 100 s%s}\n"
             "products:\n"
             "  x: {lot: 3, route: %s, release: {every: exp 8 min}}\n"
             "  y: {lot: 2, route: [cut, drill, test], release: {every: exp 12 min}}\n",
             cut, drill, extra, route);
    return text;
}

static const char *cut = "lognormal 4 min sd 1 min";
static const char *drill = "weibull shape 2 mean 150 s";
static const char *route = "[cut, drill, pack]";

static void test_longest_common_subsequence_in_time(void) {
    size_t length = 0;
    ls_logged a[] = {{0, 1}, {10, 2}, {20, 3}, {30, 4}};
    ls_logged b[] = {{0, 1}, {11, 2}, {19, 3}, {300, 4}};
    CHECK_INT(ls_match_logs(a, 4, b, 4, 5, 100, &length, NULL), LS_OK);
    CHECK_INT(length, 3);  // the last is too far
    ls_logged c[] = {{0, 2}, {1, 1}, {2, 3}};
    ls_logged d[] = {{0, 1}, {1, 2}, {2, 3}};
    CHECK_INT(ls_match_logs(c, 3, d, 3, 100, 100, &length, NULL), LS_OK);
    CHECK_INT(length, 2);  // order counts
    ls_logged e[] = {{0, 1}, {1, 1}, {2, 1}};
    ls_logged f[] = {{0, 1}, {1, 1}};
    CHECK_INT(ls_match_logs(e, 3, f, 2, 100, 100, &length, NULL), LS_OK);
    CHECK_INT(length, 2);
    CHECK_INT(ls_match_logs(e, 3, f, 2, 100, 3, &length, NULL), LS_ERR_LIMIT);
    CHECK_INT(ls_match_logs(e, 0, f, 2, 100, 3, &length, NULL), LS_OK);
    CHECK_INT(length, 0);
    // At one instant the order of a log does not count.
    ls_logged g[] = {{0, 2}, {0, 1}};
    ls_logged h[] = {{0, 1}, {0, 2}};
    CHECK_INT(ls_match_logs(g, 2, h, 2, 0, 100, &length, NULL), LS_OK);
    CHECK_INT(length, 2);
}

// The slow way: every table entry.
static void test_matching_equals_the_table_of_all_pairs(void) {
    uint64_t seed = 99;
    for (int trial = 0; trial < 200; trial++) {
        ls_logged a[12];
        ls_logged b[12];
        for (int i = 0; i < 12; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            a[i] = (ls_logged){(int64_t)(i * 10), (seed >> 33) % 4};
            b[i] = (ls_logged){i * 10 + (int64_t)((seed >> 50) % 9), (seed >> 40) % 4};
        }
        size_t table[13][13] = {{0}};
        for (int i = 1; i <= 12; i++) {
            for (int k = 1; k <= 12; k++) {
                const int64_t apart = a[i - 1].time_us - b[k - 1].time_us;
                const bool fits = a[i - 1].label == b[k - 1].label && apart <= 25 && apart >= -25;
                size_t best = table[i - 1][k] > table[i][k - 1] ? table[i - 1][k] : table[i][k - 1];
                if (fits && table[i - 1][k - 1] + 1 > best) {
                    best = table[i - 1][k - 1] + 1;
                }
                table[i][k] = best;
            }
        }
        size_t length = 0;
        CHECK_INT(ls_match_logs(a, 12, b, 12, 25, 1000, &length, NULL), LS_OK);
        CHECK_INT(length, table[12][12]);
    }
}

static void test_an_own_log_scores_one(void) {
    const char *text = plant_text(cut, drill, route, ", fails: {every: exp 2 h, repair: 10 min}");
    line_log log = log_of(text, 5, 48 * HOUR);
    ls_trace_score tds;
    ls_trace_score qtds;
    score(text, &log, 48 * HOUR, &tds, &qtds);
    CHECK(tds.line_events > 1500);
    CHECK_NEAR(tds.score, 1.0, 0.005);  // what still runs at the end has no realised time
    CHECK_INT(tds.matched, tds.line_events);
    CHECK(qtds.score > 0.6);
    CHECK(tds.drawn <= 4);
    clear(&log);
}

static void test_wrong_times_lower_quasi_only(void) {
    const char *text = plant_text(cut, drill, route, "");
    line_log log = log_of(text, 6, 48 * HOUR);
    ls_trace_score tds;
    ls_trace_score right;
    ls_trace_score wrong;
    score(text, &log, 48 * HOUR, &tds, &right);
    CHECK_INT(tds.matched, tds.line_events);
    score(plant_text("lognormal 6 min sd 1 min", drill, route, ""), &log, 48 * HOUR, &tds, &wrong);
    CHECK_INT(tds.matched, tds.line_events);
    CHECK_NEAR(tds.score, 1.0, 0.005);
    CHECK(wrong.score < right.score - 0.1);
    clear(&log);
}

static void test_wrong_routes_lower_the_score_of_logic(void) {
    const char *text = plant_text(cut, drill, route, "");
    line_log log = log_of(text, 7, 48 * HOUR);
    ls_trace_score tds;
    ls_trace_score qtds;
    score(plant_text(cut, drill, "[drill, cut, pack]", ""), &log, 48 * HOUR, &tds, &qtds);
    CHECK(tds.score < 0.9);
    clear(&log);
}

static void test_what_the_plant_does_not_have_is_refused(void) {
    ls_plant *plant = read(plant_text(cut, drill, route, ""));
    const ls_traced_release release = {0, 9, 1};
    const ls_traced_operation operation = {.step = 99};
    ls_trace_driven_def def = ls_trace_driven_def_default();
    ls_trace_score score_of[2];
    ls_error err = {0};
    def.releases = &release;
    def.release_count = 1;
    CHECK_INT(ls_trace_driven(plant, &def, &score_of[0], &score_of[1], &err), LS_ERR_INVALID);
    def.release_count = 0;
    def.operations = &operation;
    def.operation_count = 1;
    CHECK_INT(ls_trace_driven(plant, &def, &score_of[0], &score_of[1], &err), LS_ERR_INVALID);
    def.operation_count = 0;
    def.until_us = HOUR;
    CHECK_INT(ls_trace_driven(plant, &def, &score_of[0], &score_of[1], &err), LS_OK);
    CHECK(score_of[0].score != score_of[0].score);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_longest_common_subsequence_in_time);
    TEST(test_matching_equals_the_table_of_all_pairs);
    TEST(test_an_own_log_scores_one);
    TEST(test_wrong_times_lower_quasi_only);
    TEST(test_wrong_routes_lower_the_score_of_logic);
    TEST(test_what_the_plant_does_not_have_is_refused);
    return harness_report();
}
