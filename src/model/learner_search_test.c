// learner_search_test.c - rungs of trials: how many, how long, who comes on.
#include "model/learner_search.h"

#include <math.h>
#include <string.h>

#include "tests/harness.h"

static ls_trial trials[LS_SEARCH_TRIALS_MAX];

// A score that is best at eta 0.1 and depth 5, and gets better with rounds.
static double score_of(const ls_learner_def *d) {
    return fabs(log(d->eta / 0.1)) + fabs((double)d->depth - 5) + 10.0 / d->rounds;
}

static void test_rungs_get_fewer_and_longer(void) {
    ls_search_def def = ls_search_def_default();
    def.base.rounds = 270;
    uint32_t count = 0;
    const uint32_t counts[] = {27, 9, 3, 1}, rounds[] = {10, 30, 90, 270};
    CHECK_INT(ls_search_begin(&def, trials, &count, NULL), LS_OK);
    for (int rung = 0; rung < 4; rung++) {
        CHECK_INT(count, counts[rung]);
        for (uint32_t i = 0; i < count; i++) {
            CHECK_INT(trials[i].def.rounds, rounds[rung]);
            CHECK(isnan(trials[i].score));
            CHECK_INT(ls_learner_def_check(&trials[i].def, NULL), LS_OK);
            trials[i].score = score_of(&trials[i].def);
        }
        CHECK_INT(ls_search_next(&def, false, trials, &count), rung < 3);
    }
    CHECK_INT(count, 1);
    CHECK_INT(ls_search_cost_rounds(&def), 27 * 10 + 9 * 30 + 3 * 90 + 270);
}

static void test_the_best_comes_through_whichever_way_is_better(void) {
    for (int higher = 0; higher < 2; higher++) {
        ls_search_def def = ls_search_def_default();
        def.trials = 100;
        uint32_t count = 0;
        CHECK_INT(ls_search_begin(&def, trials, &count, NULL), LS_OK);
        uint32_t best = 0;
        for (uint32_t i = 1; i < count; i++) {
            best = score_of(&trials[i].def) < score_of(&trials[best].def) ? i : best;
        }
        bool more = true;
        while (more) {
            for (uint32_t i = 0; i < count; i++) {
                trials[i].score = score_of(&trials[i].def) * (higher == 1 ? -1 : 1);
            }
            more = ls_search_next(&def, higher == 1, trials, &count);
        }
        CHECK_INT(trials[0].number, best);
        CHECK_INT(trials[0].def.rounds, def.base.rounds);
    }
}

static void test_a_trial_depends_on_seed_and_number_alone(void) {
    static ls_trial other[LS_SEARCH_TRIALS_MAX];
    ls_search_def def = ls_search_def_default();
    uint32_t count = 0;
    CHECK_INT(ls_search_begin(&def, trials, &count, NULL), LS_OK);
    def.trials = 81;
    CHECK_INT(ls_search_begin(&def, other, &count, NULL), LS_OK);
    for (int i = 0; i < 27; i++) {
        CHECK_NEAR(trials[i].def.eta, other[i].def.eta, 0);
        CHECK_INT(trials[i].def.depth, other[i].def.depth);
    }
    def.seed = 1;
    CHECK_INT(ls_search_begin(&def, other, &count, NULL), LS_OK);
    CHECK(other[1].def.eta != trials[1].def.eta);
    // The first is what would be learned without a search.
    CHECK_NEAR(other[0].def.eta, def.base.eta, 0);
    CHECK_INT(other[0].def.depth, def.base.depth);
}

static void test_trials_that_failed_go_first_and_ties_by_number(void) {
    ls_search_def def = ls_search_def_default();
    def.trials = 6;
    uint32_t count = 0;
    CHECK_INT(ls_search_begin(&def, trials, &count, NULL), LS_OK);
    for (uint32_t i = 0; i < 6; i++) {
        trials[i].score = i < 3 ? NAN : 1;
    }
    CHECK(ls_search_next(&def, false, trials, &count));
    CHECK_INT(count, 2);
    CHECK_INT(trials[0].number, 3);
    CHECK_INT(trials[1].number, 4);
    trials[0].score = trials[1].score = NAN;
    CHECK(!ls_search_next(&def, false, trials, &count));
    CHECK_INT(count, 1);
    CHECK(isnan(trials[0].score));
}

static void test_wrong_ranges_are_named(void) {
    ls_search_def def = ls_search_def_default();
    uint32_t count = 9;
    ls_error err = {0};
    def.eta_low = 0.5;
    CHECK_INT(ls_search_begin(&def, trials, &count, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "eta from 0.5 to 0.3");
    CHECK_INT(count, 0);
    def = ls_search_def_default();
    def.trials = 2000;
    CHECK_INT(ls_search_begin(&def, trials, &count, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "trials is 2000; it must be from 1 to 1024");
    def = ls_search_def_default();
    def.keep = 1;
    CHECK_INT(ls_search_begin(&def, trials, &count, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "keep is 1");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_rungs_get_fewer_and_longer);
    TEST(test_the_best_comes_through_whichever_way_is_better);
    TEST(test_a_trial_depends_on_seed_and_number_alone);
    TEST(test_trials_that_failed_go_first_and_ties_by_number);
    TEST(test_wrong_ranges_are_named);
    return harness_report();
}
