// horizon_test.c - how far to look ahead: too near an end decides wrongly, on a plant where it can
// be reckoned by hand and on MiniFab, where the choice is the least of the grid that ranks rightly.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/base.h"
#include "decide/testing/minifab.h"
#include "plant/read.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

// The grid of docs/DECIDE.md, in mean cycle times.
static const double grid[] = {2.5, 3.5, 5.0, 7.0, 10.0};
enum { GRID = sizeof grid / sizeof *grid };

// Behind `block` (25 min more, when asked) waits S, 10 min here and 100 at the bench, and behind it
// L, 20 min and out. S first: they leave 135 and 55 min from now, L first: 155 and 45, 10 min more
// in all. Within 50 min S first has both inside all the time, and L first only one from 45 on.
static const char two_text[] =
    "plant: two\n"
    "stations:\n"
    "  m: {process: {block: 30 min, s: 10 min, l: 20 min}}\n"
    "  bench: {process: 100 min}\n"
    "products:\n"
    "  block: {route: [m], release: {every: 400 d, first: 0 s}}\n"
    "  s: {route: [m, bench], release: {every: 400 d, first: 1 min}}\n"
    "  l: {route: [m], release: {every: 400 d, first: 2 min}}\n"
    "decide: {dispatch: {at: m, wait: no%s}}\n";

typedef struct scene {
    ls_plant *plant;
    ls_twin *twin;
    ls_decider *decider;
} scene;

static scene scene_of(const char *horizon) {
    char text[1024];
    scene s = {0};
    ls_error err = {0};
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_decider_def def = ls_decider_def_default();
    snprintf(text, sizeof text, two_text, horizon);
    CHECK_INT(ls_plant_read(text, strlen(text), "two.yaml", NULL, &s.plant, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(s.plant, &s.twin, &err), LS_OK);
    CHECK_INT(ls_decider_create(s.plant, s.twin, &def, &s.decider, &err), LS_OK);
    return s;
}

static void scene_clear(scene *s) {
    ls_decider_destroy(s->decider);
    ls_twin_destroy(s->twin);
    ls_plant_destroy(s->plant);
}

// What is answered, and what it claims; 0 where the line's own choice (S, which came first) stays.
static double claim_of(const char *horizon, int64_t *out_horizon_us) {
    scene s = scene_of(horizon);
    ls_snapshot *present = NULL;
    ls_question q[4];
    ls_error err = {0};
    const ls_budget budget = {.futures = 200};
    ls_answer *a = calloc(1, sizeof *a);
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &present, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s.twin, present, 5 * MINUTE_US, &err), LS_OK);
    CHECK_INT(ls_decider_questions(s.decider, present, true, q, 4), 1);
    CHECK_INT(ls_decider_ask(s.decider, present, &q[0], &budget, a, &err), LS_OK);
    const double claim = a->chosen != 0 ? a->claim.gain : 0.0;
    *out_horizon_us = a->horizon_us;
    free(a);
    ls_snapshot_destroy(present);
    scene_clear(&s);
    return claim;
}

static void test_too_near_an_end_decides_wrongly(void) {
    int64_t horizon_us = 0;
    CHECK_NEAR(claim_of(", horizon: 50 min", &horizon_us), 5.0 / 60.0, 1e-9);  // and loses 10
    CHECK_INT(horizon_us, 50 * MINUTE_US);
    CHECK_NEAR(claim_of(", horizon: 5 h", &horizon_us), 0.0, 0.0);
    // Before any search: eight times the longest raw process time of a route.
    CHECK_NEAR(claim_of("", &horizon_us), 0.0, 0.0);
    CHECK_INT(horizon_us, 8 * 110 * MINUTE_US);
}

// ---- MiniFab: the line goes by fifo, and another rule has been found

static minifab fab(bool poisson) {
    minifab m = {0};
    const minifab_def def = {.folder = harness_source_path("."),
                             .rules = "FIFO/FIFO/FIFO",
                             .poisson = poisson,
                             .load = 1.0,
                             .decide = true};
    CHECK(minifab_make(&def, &m));
    return m;
}

static ls_decider *decider_of(const minifab *m) {
    ls_decider *d = NULL;
    ls_error err = {0};
    const ls_decider_def def = ls_decider_def_default();
    CHECK_INT(ls_decider_create(m->plant, m->twin, &def, &d, &err), LS_OK);
    return d;
}

// What fifo costs more than the rule found, lots inside, within a span after a while of each.
static ls_interval fifo_costs(ls_study *study, int64_t warm_us, int64_t span_us) {
    const ls_decider *d = study->d;
    double own[LS_STUDY_ALL];
    double other[LS_STUDY_ALL];
    ls_error err = {0};
    CHECK_INT(ls_study_run(study, d->twin, 0, LS_STUDY_ALL, warm_us, span_us, own, &err), LS_OK);
    CHECK_INT(ls_study_run(study, d->bases[1].twin, 0, LS_STUDY_ALL, warm_us, span_us, other, &err),
              LS_OK);
    return ls_stat_paired(other, own, LS_STUDY_ALL, 0.95);
}

static int64_t cycles(const ls_study *study, double count) {
    return (int64_t)((double)study->cycle_us * count);
}

// The line's rule and `rule` rank in the long run as they do within the horizon, and in no nearer
// one of the grid. *out_costs: what fifo costs more within twelve hours.
static double cycles_chosen(bool poisson, const char *rule, double *out_days,
                            ls_interval *out_costs) {
    minifab m = fab(poisson);
    ls_decider *d = decider_of(&m);
    const ls_base_rule found = {.name = rule, .gain = 1.0, .low = 0.5, .high = 1.5};
    ls_study study;
    ls_error err = {0};
    CHECK_INT(ls_decider_adopt(d, &found, 0, &err), LS_OK);
    CHECK_INT(ls_study_open(&study, d, NULL, NULL, &err), LS_OK);
    CHECK_INT(ls_horizon_search(&study, &err), LS_OK);
    CHECK(fifo_costs(&study, study.warm_us, study.span_us).mean > 0.0);  // the long run
    int at = 0;
    while (at < GRID && fifo_costs(&study, 0, cycles(&study, grid[at])).mean <= 0.0) {
        at++;
    }
    CHECK(at < GRID);
    CHECK_INT(d->horizon_us, cycles(&study, grid[at]));
    *out_costs = fifo_costs(&study, 0, 12 * HOUR_US);
    *out_days = (double)d->horizon_us / (24.0 * (double)HOUR_US);
    ls_study_close(&study);
    ls_decider_destroy(d);
    minifab_clear(&m);
    return at < GRID ? grid[at] : NAN;
}

static void test_the_least_of_the_grid_that_ranks_as_the_long_run_is_chosen(void) {
    double days = 0.0;
    ls_interval costs;
    CHECK_NEAR(cycles_chosen(false, "setup, lbfs", &days, &costs), 2.5, 0.0);
    CHECK_NEAR(days, 3.1, 0.1);
    CHECK(costs.high < 0.0);  // the better rule looks worse within 12 h, and surely so
    CHECK_NEAR(cycles_chosen(false, "setup, edd", &days, &costs), 3.5, 0.0);
    CHECK(costs.high < 0.0);
    CHECK_NEAR(cycles_chosen(true, "setup, lbfs", &days, &costs), 2.5, 0.0);
    CHECK_NEAR(days, 7.0, 0.1);
}

// Two and a half cycle times where there is nothing to compare, and where nobody asks for one.
static void test_without_a_rival_or_a_need_none_is_looked_for(void) {
    minifab m = fab(false);
    ls_decider *d = decider_of(&m);
    const ls_base_rule found = {.name = "setup, edd", .gain = 1.0, .low = 0.5, .high = 1.5};
    ls_study study;
    ls_error err = {0};
    CHECK_INT(ls_study_open(&study, d, NULL, NULL, &err), LS_OK);
    CHECK_INT(ls_horizon_search(&study, &err), LS_OK);
    CHECK_INT(d->horizon_us, cycles(&study, 2.5));
    CHECK_INT(ls_decider_adopt(d, &found, 0, &err), LS_OK);
    for (uint32_t i = 0; i < m.plant->decide.point_count; i++) {
        m.plant->decide.points[i].horizon_us = (i + 1) * HOUR_US;
    }
    d->horizon_us = 0;
    CHECK_INT(ls_horizon_search(&study, &err), LS_OK);
    CHECK_INT(d->horizon_us, cycles(&study, 2.5));
    for (uint32_t i = 0; i < m.plant->decide.point_count; i++) {
        CHECK_INT(ls_decider_horizon_us(d, i), (i + 1) * HOUR_US);  // its own overrides it
    }
    m.plant->decide.points[0].horizon_us = 0;  // one leaves it to us
    CHECK_INT(ls_horizon_search(&study, &err), LS_OK);
    CHECK_INT(d->horizon_us, cycles(&study, 3.5));
    CHECK_INT(ls_decider_horizon_us(d, 0), cycles(&study, 3.5));
    ls_study_close(&study);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_too_near_an_end_decides_wrongly);
    TEST(test_the_least_of_the_grid_that_ranks_as_the_long_run_is_chosen);
    TEST(test_without_a_rival_or_a_need_none_is_looked_for);
    return harness_report();
}
