// rank_test.c - NDCG of groups by hand, of ties, and of what cannot be ordered.
#include "model/rank.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { MOST = 16 };

static ls_dataset rows;

static void begin(size_t count) {
    ls_error err;
    CHECK_INT(ls_dataset_init(&rows, count, 0, 1, &err), LS_OK);
}

// One group of them all.
static void judge(const double *labels, const double *scores, size_t count, uint32_t top,
                  double *loss, double *missed) {
    ls_error err;
    begin(count);
    memcpy(rows.label, labels, count * sizeof *labels);
    const ls_rank_losses out = {.loss = loss, .missed = missed};
    CHECK_INT(ls_rank_judge(&rows, scores, top, &out, &err), LS_OK);
    ls_dataset_clear(&rows);
}

// Grades 3 2 3 0 1 2 in the order told: gains 7 3 7 0 1 3.
static void test_by_hand(void) {
    static const double labels[] = {3, 2, 3, 0, 1, 2}, scores[] = {6, 5, 4, 3, 2, 1};
    double loss[MOST], missed[MOST];
    // Worked out on paper. Places count 1, 0.630929753571457, 0.5, 0.430676558073393,
    // 0.386852807234542, 0.356207187108022.
    // Told: 7 + 1.892789260714372 + 3.5 + 0 + 0.386852807234542 + 1.068621561324067.
    // Best 7 7 3 3 1 0: 7 + 4.416508275000202 + 1.5 + 1.292029674220180 + 0.386852807234542.
    judge(labels, scores, 6, 10, loss, missed);
    CHECK_NEAR(1.0 - loss[0], 13.848263629272981 / 14.595390756454924, 1e-12);
    for (int i = 1; i < 6; i++) {
        CHECK_NEAR(loss[i], loss[0], 0.0);  // it is that of the group
    }
    // Of the first three places alone: 12.392789260714372 of 12.916508275000202.
    judge(labels, scores, 6, 3, loss, NULL);
    CHECK_NEAR(1.0 - loss[0], 12.392789260714372 / 12.916508275000202, 1e-12);
    // The first place alone is right.
    judge(labels, scores, 6, 1, loss, NULL);
    CHECK_NEAR(loss[0], 0.0, 1e-15);
}

static void test_the_best_and_the_worst(void) {
    static const double labels[] = {0, 0, 1}, best[] = {-1, -2, 5}, worst[] = {2, 1, 0};
    double loss[MOST], missed[MOST];
    judge(labels, best, 3, 5, loss, missed);
    CHECK_NEAR(loss[0], 0.0, 1e-15);
    CHECK_NEAR(missed[2], 0.0, 1e-15);
    judge(labels, worst, 3, 5, loss, missed);
    CHECK_NEAR(loss[0], 0.5, 1e-15);    // the third place counts a half
    CHECK_NEAR(missed[2], 0.5, 1e-15);  // and it was that row's
    CHECK_NEAR(missed[0], 0.0, 1e-15);  // of no gain, nothing is lost by its place
    judge(labels, worst, 3, 2, loss, missed);
    CHECK_NEAR(loss[0], 1.0, 1e-15);  // not among the first two
}

// Those that are told the same get what lots would bring: the mean over all orders of them.
static void test_ties_get_what_lots_would_bring(void) {
    static const double labels[] = {2, 0, 1, 0}, same[] = {7, 7, 7, 7}, some[] = {1, 3, 1, 1};
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t tied[] = {0, 2, 3};
    double loss[MOST], mean = 0.0, other[MOST];
    for (int k = 0; k < 6; k++) {
        double scores[4] = {0, 9, 0, 0};
        for (int i = 0; i < 3; i++) {
            scores[tied[i]] = order[k][i];
        }
        judge(labels, scores, 4, 3, other, NULL);
        mean += other[0] / 6.0;
    }
    judge(labels, some, 4, 3, loss, NULL);
    CHECK_NEAR(loss[0], mean, 1e-12);
    // Whatever the rows' own order is.
    static const double turned[] = {0, 1, 0, 2};
    judge(labels, same, 4, 3, loss, NULL);
    judge(turned, same, 4, 3, other, NULL);
    CHECK_NEAR(loss[0], other[0], 1e-15);
    CHECK(loss[0] > 0.1 && loss[0] < 0.9);
}

static void test_nothing_to_order(void) {
    static const double same[] = {4, 4, 4}, none[] = {0, 0, 0}, scores[] = {1, 2, 3};
    double loss[MOST], missed[MOST];
    judge(same, scores, 3, 2, loss, missed);
    CHECK(isnan(loss[0]) && isnan(loss[2]) && isnan(missed[1]));
    judge(none, scores, 3, 2, loss, missed);
    CHECK(isnan(loss[0]));
    judge(same, scores, 1, 2, loss, missed);
    CHECK(isnan(loss[0]));
    begin(0);
    double mean = 0.0;
    size_t groups = 9;
    ls_error err;
    CHECK_INT(ls_rank_mean(&rows, scores, 2, &mean, &groups, &err), LS_OK);
    CHECK(isnan(mean));
    CHECK_INT(groups, 0);
    ls_dataset_clear(&rows);
}

static void test_no_number_stands_last(void) {
    static const double labels[] = {1, 0, 0}, scores[] = {NAN, -INFINITY, -5};
    double loss[MOST];
    judge(labels, scores, 3, 3, loss, NULL);
    CHECK_NEAR(loss[0], 0.5, 1e-15);
}

static void test_moments_are_groups(void) {
    static const double labels[] = {0, 1, 5, 5, 1, 0}, scores[] = {2, 1, 2, 1, 2, 1};
    double mean = 0.0;
    size_t groups = 0;
    ls_error err;
    begin(6);
    memcpy(rows.label, labels, sizeof labels);
    for (size_t i = 0; i < 6; i++) {
        rows.time_us[i] = (int64_t)(i / 2);
    }
    // The first is wrong, the second has nothing to order, the third is right.
    CHECK_INT(ls_rank_mean(&rows, scores, 5, &mean, &groups, &err), LS_OK);
    CHECK_INT(groups, 2);
    CHECK_NEAR(mean, (1.0 - 1.0 / log2(3.0)) / 2.0, 1e-12);
    for (int64_t at = 0; at < 2; at++) {
        ls_alloc_fail_after(at);
        const ls_status status = ls_rank_mean(&rows, scores, 5, &mean, &groups, &err);
        ls_alloc_fail_after(-1);
        CHECK_INT(status, LS_ERR_MEMORY);
        CHECK(isnan(mean));
    }
    ls_dataset_clear(&rows);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_by_hand);
    TEST(test_the_best_and_the_worst);
    TEST(test_ties_get_what_lots_would_bring);
    TEST(test_nothing_to_order);
    TEST(test_no_number_stands_last);
    TEST(test_moments_are_groups);
    return harness_report();
}
