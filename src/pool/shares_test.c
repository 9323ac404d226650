// shares_test.c - who holds, borrows and goes next, calculated by hand.
#include "pool/shares.h"

#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { KINDS = 2, NONE = -1 };
#define GPU ((uint64_t)LS_POOL_WHOLE)

// Of kind 0, of kind 1, of any kind, in GPUs; limits: NONE is none.
typedef struct row {
    uint32_t parent;
    double weight;
    int guarantee[KINDS + 1], limit[KINDS + 1];
} row;

static uint64_t amounts[16][2][KINDS + 1];

static ls_shares *shares_of(const row *rows, uint32_t count) {
    ls_share_terms terms[16];
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k <= KINDS; k++) {
            amounts[i][0][k] = (uint64_t)rows[i].guarantee[k] * GPU;
            amounts[i][1][k] = rows[i].limit[k] == NONE ? UINT64_MAX
                                                        : (uint64_t)rows[i].limit[k] * GPU;
        }
        terms[i] = (ls_share_terms){.parent = rows[i].parent,
                                    .weight = rows[i].weight,
                                    .guarantee = amounts[i][0],
                                    .limit = amounts[i][1]};
    }
    ls_shares *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_shares_create(terms, count, KINDS, &s, &err), LS_OK);
    return s;
}

enum { TOP, SUPPLIERS, CASTINGS, HARNESS, RESEARCH, ACCOUNTS };
static const row tree[] = {
    [TOP] = {0, 1.0, {0, 0, 0}, {NONE, NONE, NONE}},
    [SUPPLIERS] = {TOP, 1.0, {16, 0, 8}, {NONE, NONE, 40}},
    [CASTINGS] = {SUPPLIERS, 1.0, {8, 0, 4}, {NONE, 6, NONE}},
    [HARNESS] = {SUPPLIERS, 2.0, {8, 0, 0}, {NONE, NONE, NONE}},
    [RESEARCH] = {TOP, 4.0, {0, 0, 0}, {NONE, NONE, 10}},
};

static void test_what_is_held_counts_in_all_above(void) {
    ls_shares *s = shares_of(tree, ACCOUNTS);
    ls_shares_add(s, CASTINGS, 0, 10 * GPU);
    ls_shares_add(s, CASTINGS, 1, 3 * GPU);
    ls_shares_add(s, HARNESS, 0, 250);
    // castings: 10 of kind 0 by 8, 3 of kind 1 by none: 5 not covered, 4 of them by any kind
    CHECK_INT(ls_shares_held(s, CASTINGS), 13 * GPU);
    CHECK_INT(ls_shares_borrowed(s, CASTINGS), GPU);
    CHECK_INT(ls_shares_borrowed(s, HARNESS), 0);
    // suppliers: 10.25 of kind 0 by 16, 3 of kind 1 by 8 of any kind
    CHECK_INT(ls_shares_held(s, SUPPLIERS), 13 * GPU + 250);
    CHECK_INT(ls_shares_held_kind(s, SUPPLIERS, 0), 10 * GPU + 250);
    CHECK_INT(ls_shares_held_kind(s, SUPPLIERS, 1), 3 * GPU);
    CHECK_INT(ls_shares_borrowed(s, SUPPLIERS), 0);
    CHECK_INT(ls_shares_borrowed(s, TOP), 13 * GPU + 250);  // the top guarantees nothing
    CHECK_INT(ls_shares_borrowed_with(s, SUPPLIERS, 0, 5 * GPU), 0);
    CHECK_INT(ls_shares_borrowed_with(s, SUPPLIERS, 1, 6 * GPU), GPU);
    CHECK_INT(ls_shares_borrowed_with(s, CASTINGS, 1, 0), GPU);
    ls_shares_remove(s, CASTINGS, 0, 9 * GPU);
    CHECK_INT(ls_shares_borrowed(s, CASTINGS), 0);
    CHECK_INT(ls_shares_borrowed_with(s, CASTINGS, 0, 8 * GPU), 0);  // 9 by 8, 1 and 3 by 4
    CHECK_INT(ls_shares_borrowed_with(s, CASTINGS, 0, 9 * GPU), GPU);
    ls_shares_remove(s, CASTINGS, 0, GPU);
    ls_shares_remove(s, CASTINGS, 1, 3 * GPU);
    ls_shares_remove(s, HARNESS, 0, 250);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        CHECK_INT(ls_shares_held(s, i), 0);
        CHECK_INT(ls_shares_borrowed(s, i), 0);
    }
    ls_shares_destroy(s);
}

static void test_the_rank_fills_guarantees_first_then_goes_by_weight(void) {
    ls_shares *s = shares_of(tree, ACCOUNTS);
    const uint32_t both = 3, first = 1, second = 2;
    ls_shares_add(s, CASTINGS, 0, 6 * GPU);  // half of its 12
    CHECK_NEAR(ls_shares_rank(s, CASTINGS, both), 0.5, 0.0);
    CHECK_NEAR(ls_shares_rank(s, HARNESS, both), 0.0, 0.0);
    // harness is guaranteed kind 0 alone: for kind 1 it would borrow
    CHECK_NEAR(ls_shares_rank(s, HARNESS, second), 1.0, 0.0);
    ls_shares_add(s, HARNESS, 0, 8 * GPU);
    CHECK_NEAR(ls_shares_rank(s, HARNESS, both), 1.0, 0.0);  // full
    ls_shares_add(s, HARNESS, 1, 3 * GPU);
    CHECK_NEAR(ls_shares_rank(s, HARNESS, both), 1.0 + 3.0 / 2.0, 0.0);  // weight 2
    ls_shares_add(s, RESEARCH, 1, 6 * GPU);
    CHECK_NEAR(ls_shares_rank(s, RESEARCH, both), 1.0 + 6.0 / 4.0, 0.0);
    // castings: 2 of kind 0 beyond its 8 take 2 of its 4 of any kind; room is left for any kind
    ls_shares_add(s, CASTINGS, 0, 4 * GPU);
    CHECK_NEAR(ls_shares_rank(s, CASTINGS, second), 10.0 / 12.0, 1e-15);
    ls_shares_add(s, CASTINGS, 1, 2 * GPU);
    CHECK_NEAR(ls_shares_rank(s, CASTINGS, first), 1.0, 0.0);
    ls_shares_destroy(s);
}

static void test_limits_hold_for_all_above_and_for_what_leaves(void) {
    ls_shares *s = shares_of(tree, ACCOUNTS);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 1, 6 * GPU), LS_POOL_NONE);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 1, 6 * GPU + 1), CASTINGS);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 40 * GPU), LS_POOL_NONE);
    ls_shares_add(s, HARNESS, 0, 30 * GPU);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 10 * GPU), LS_POOL_NONE);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 10 * GPU + 1), SUPPLIERS);
    CHECK_INT(ls_shares_limited(s, RESEARCH, 0, 11 * GPU), RESEARCH);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 0), LS_POOL_NONE);
    // What is told to stop is not held any more, and counts for limits until it is gone.
    ls_shares_leave(s, HARNESS, 0, 20 * GPU);
    CHECK_INT(ls_shares_held(s, HARNESS), 10 * GPU);
    CHECK_INT(ls_shares_borrowed(s, HARNESS), 2 * GPU);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 10 * GPU + 1), SUPPLIERS);
    ls_shares_gone(s, HARNESS, 0, 20 * GPU);
    CHECK_INT(ls_shares_limited(s, CASTINGS, 0, 30 * GPU), LS_POOL_NONE);
    CHECK(ls_shares_never(s, CASTINGS, 1, 7 * GPU));
    CHECK(ls_shares_never(s, HARNESS, 0, 41 * GPU));
    CHECK(!ls_shares_never(s, HARNESS, 0, 40 * GPU));
    ls_shares_destroy(s);
}

static void test_the_tree_is_walked(void) {
    ls_shares *s = shares_of(tree, ACCOUNTS);
    CHECK_INT(ls_shares_children(s, TOP), 2);
    CHECK_INT(ls_shares_child(s, TOP, 0), SUPPLIERS);
    CHECK_INT(ls_shares_child(s, TOP, 1), RESEARCH);
    CHECK_INT(ls_shares_child(s, SUPPLIERS, 1), HARNESS);
    CHECK_INT(ls_shares_children(s, RESEARCH), 0);
    CHECK_INT(ls_shares_depth(s, HARNESS), 2);
    CHECK_INT(ls_shares_meet(s, CASTINGS, HARNESS), SUPPLIERS);
    CHECK_INT(ls_shares_meet(s, CASTINGS, RESEARCH), TOP);
    CHECK_INT(ls_shares_meet(s, CASTINGS, SUPPLIERS), SUPPLIERS);
    CHECK_INT(ls_shares_below(s, TOP, HARNESS), SUPPLIERS);
    CHECK_INT(ls_shares_below(s, SUPPLIERS, HARNESS), HARNESS);
    ls_shares_destroy(s);
}

static void test_terms_that_cannot_be_are_refused(void) {
    static const uint64_t none[KINDS + 1] = {0};
    ls_share_terms terms[] = {{.weight = 1.0, .guarantee = none, .limit = none},
                              {.parent = 1, .weight = 1.0, .guarantee = none, .limit = none}};
    ls_shares *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_shares_create(terms, 2, KINDS, &s, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "account 1 stands before its parent");
    terms[1] = (ls_share_terms){.parent = 0, .weight = 0.0, .guarantee = none, .limit = none};
    CHECK_INT(ls_shares_create(terms, 2, KINDS, &s, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "account 1: weight must be above 0");
    terms[1].weight = 1.0;
    bool done = false;
    for (int64_t after = 0; !done && after < 50; after++) {
        ls_alloc_fail_after(after);
        done = ls_shares_create(terms, 2, KINDS, &s, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done ? s != NULL : s == NULL && err.status == LS_ERR_MEMORY);
    }
    CHECK(done);
    ls_shares_destroy(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_is_held_counts_in_all_above);
    TEST(test_the_rank_fills_guarantees_first_then_goes_by_weight);
    TEST(test_limits_hold_for_all_above_and_for_what_leaves);
    TEST(test_the_tree_is_walked);
    TEST(test_terms_that_cannot_be_are_refused);
    return harness_report();
}
