// minifab_test.c - the MiniFab example against a separately written model of the same plant.
//
// The figures come from a small simulation made only for this comparison, which shares nothing with
// this engine but the reading of the specification in examples/minifab. 8 weeks of warm-up, 52
// weeks measured. Both sides are means of replications: the difference must lie within the interval
// of a difference (Welch), 99.9 % jointly over the three figures of a cell. Left out: cells whose
// plant was not stable; the other model's "least setup" at all three groups, where furnaces and
// implanters looked at the stepper's setup; its rule "random" with part batches, which drew per
// batch where ours draws per lot.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "tests/harness.h"
#include "twin/testing/oracle.h"

typedef struct cell {
    int poisson;        // releases: 0 regular, 1 Poisson
    double load;        // share of the stated starts
    const char *rules;  // diffusion/implant/litho
    int min_batch, full;
    int reps;
    double cycle_h, cycle_half, wip, wip_half, week, week_half;  // half widths at 95 %
} cell;

static const cell cells[] = {
#include "twin/testing/minifab_cells.inc"
};

static char *replaced(char *text, const char *from, const char *to) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, from)) != NULL; at += strlen(from)) {
        count++;
    }
    if (count == 0) {
        fprintf(stderr, "minifab: '%s' is not in the example\n", from);
        exit(1);
    }
    char *out = malloc(strlen(text) + count * strlen(to) + 1);
    char *end = out;
    const char *at = text;
    for (const char *next; (next = strstr(at, from)) != NULL; at = next + strlen(from)) {
        memcpy(end, at, (size_t)(next - at));
        end += next - at;
        end = stpcpy(end, to);
    }
    strcpy(end, at);
    free(text);
    return out;
}

// LSU: least setup first.
static const char *rule_of(const char *name, size_t length) {
    static const char *const names[][2] = {{"FIFO", "fifo"},
                                           {"LIFO", "lifo"},
                                           {"SPT", "spt"},
                                           {"EDD", "edd"},
                                           {"CR", "cr"},
                                           {"LBFS", "[lbfs, fifo]"},
                                           {"FBFS", "[fbfs, fifo]"},
                                           {"LSU", "[setup, fifo]"},
                                           {"LSU+LBFS", "[setup, lbfs, fifo]"},
                                           {"RANDOM", "random"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i][0]) == length && strncmp(names[i][0], name, length) == 0) {
            return names[i][1];
        }
    }
    fprintf(stderr, "minifab: no rule %s\n", name);
    exit(1);
}

static char *plant_of(const cell *of) {
    char *text = harness_read_file(harness_source_path("examples/minifab/minifab.yaml"), NULL);
    if (text == NULL) {
        fprintf(stderr, "no examples/minifab/minifab.yaml\n");
        exit(1);
    }
    static const char *const stations[] = {"machines: [ma, mb]\n", "machines: [mc, md]\n",
                                           "machines: [me]\n"};
    const char *at = of->rules;
    for (int i = 0; i < 3; i++) {
        const size_t length = strcspn(at, "/");
        char with[256];
        snprintf(with, sizeof with, "%s    dispatch: %s\n", stations[i], rule_of(at, length));
        text = replaced(text, stations[i], with);
        at += length + (at[length] == '/');
    }
    if (of->load != 1.0) {
        static const char *const gaps[][2] = {
            {"11858823529 us", "51"}, {"336 min", "30"}, {"3360 min", "3"}};
        for (int i = 0; i < 3; i++) {
            char from[64];
            char to[64];
            snprintf(to, sizeof to, "every: %.0f us",
                     10080.0 * 60e6 / (atof(gaps[i][1]) * of->load));
            snprintf(from, sizeof from, "every: %s", gaps[i][0]);
            text = replaced(text, from, to);
        }
    }
    if (of->poisson) {
        text = replaced(text, "release: {every: ", "release: {every: exp ");
    }
    if (of->min_batch != 3 || of->full) {
        char to[128];
        snprintf(to, sizeof to, "batch: {min: %d, max: 3, by: recipe, prefer: %s}", of->min_batch,
                 of->full ? "full" : "head");
        text = replaced(text, "batch: {min: 3, max: 3, by: recipe}", to);
    }
    return text;
}

static double standard_error(double half, int reps) {
    return half / ls_stat_t_quantile(0.975, reps - 1);
}

static void check_figure(const cell *of, const char *name, const ls_twin_result *result,
                         ls_figure figure, double scale, double mean, double half,
                         double rounding) {
    ls_summary ours = {0};
    for (int64_t i = 0; i < ls_twin_result_facts(result).reps; i++) {
        ls_summary_add(&ours, scale * ls_twin_result_value(result, false, 3, figure, i));
    }
    const double a = ls_summary_variance(&ours) / (double)ours.count;
    const double b = pow(standard_error(half, of->reps), 2);
    const double degrees = (a + b) * (a + b) /
                           (a * a / (double)(ours.count - 1) + b * b / (of->reps - 1));
    const double t = ls_stat_t_quantile(1.0 - 0.001 / 3.0 / 2.0, degrees);
    const double tolerance = t * sqrt(a + b) + rounding;
    const double own = oracle_half_width(ls_summary_variance(&ours), ours.count, 0.001 / 3.0);
    harness_note(
        "%s releases, load %.4f, %s, batches of %d to 3%s: %s %.3f ± %.2g, the other model %.2f ± "
        "%.2f (95 %%)",
        of->poisson ? "Poisson" : "regular", of->load, of->rules, of->min_batch,
        of->full ? ", full first" : "", name, ours.mean, own, mean, half);
    CHECK_NEAR(ours.mean, mean, tolerance);
    if (getenv("ORACLE_TABLE") != NULL) {
        printf("| %s | %.4f | %s | %d%s | %s | %.2f ± %.2g | %.3f ± %.2g | %+.1f |%s\n",
               of->poisson ? "Poisson" : "regular", of->load, of->rules, of->min_batch,
               of->full ? " full" : "", name, mean, t * sqrt(b), ours.mean, own,
               (ours.mean - mean) / sqrt(a + b),
               fabs(ours.mean - mean) > tolerance ? " WRONG" : "");
    }
}

static void check_cell(const cell *of) {
    char *text = plant_of(of);
    ls_twin *twin = oracle_twin(text);
    free(text);
    ls_run_def def = ls_run_def_default(twin);
    const int64_t week_us = 7 * 86400 * (int64_t)1000000;
    def.warmup_us = 8 * week_us;
    def.for_us = 52 * week_us;
    def.reps = oracle_is_short() ? 4 : 20;
    def.workers = 1;
    ls_twin_result *result = NULL;
    ls_error err = {0};
    const ls_status status = ls_twin_run(twin, &def, &result, &err);
    harness_note("%s: %s", of->rules, err.text);
    CHECK_INT(status, LS_OK);
    if (status == LS_OK) {
        check_figure(of, "cycle time, h", result, LS_FIG_CYCLE_MEAN, 1.0 / 3600.0, of->cycle_h,
                     of->cycle_half, 0.005);
        check_figure(of, "WIP", result, LS_FIG_WIP, 1.0, of->wip, of->wip_half, 0.005);
        check_figure(of, "lots a week", result, LS_FIG_THROUGHPUT, 7.0, of->week, of->week_half,
                     0.005);
    }
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void check_cells(int poisson) {
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        const bool skipped = oracle_is_short() && (cells[i].min_batch < 3 || i % 4 != 0);
        if (cells[i].poisson == poisson && !skipped) {
            check_cell(&cells[i]);
        }
    }
}

static void test_regular_releases(void) {
    check_cells(0);
}

static void test_poisson_releases(void) {
    check_cells(1);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_regular_releases);
    TEST(test_poisson_releases);
    return harness_report();
}
