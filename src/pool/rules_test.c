// rules_test.c - budgets and reservations: what the books say of a month, and who may start where.
// That the scheduler keeps to both on random pools is scheduler_reference_test.c.
#include "base/units.h"
#include "pool/budget.h"
#include "pool/why.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

enum { TOP, SUPPLIERS, CASTINGS, HARNESS, ACCOUNTS };

static const ls_gpu_kind kinds[] = {{.name = "b200"}};
static const ls_pool_node nodes[] = {
    {.name = "n1", .unit = LS_POOL_NONE, .gpus = 4},
    {.name = "n2", .unit = LS_POOL_NONE, .gpus = 4},
};
static const ls_cluster cluster = {
    .kinds = kinds, .kind_count = 1, .nodes = nodes, .node_count = 2, .gpus = 8};
static const uint64_t none[] = {UINT64_MAX, UINT64_MAX};
static const uint64_t nothing[] = {0, 0};
static const ls_share_terms terms[ACCOUNTS] = {
    [TOP] = {.weight = 1, .guarantee = nothing, .limit = none},
    [SUPPLIERS] = {.parent = TOP, .weight = 1, .guarantee = nothing, .limit = none},
    [CASTINGS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = nothing, .limit = none},
    [HARNESS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = nothing, .limit = none},
};

static int64_t date(const char *text) {
    int64_t us = 0;
    CHECK_INT(ls_units_date(text, &us, NULL), LS_OK);
    return us;
}

static void test_months_end_where_the_calendar_says(void) {
    static const char *const months[][2] = {
        {"2026-01-05T00:00", "2026-02-01T00:00"}, {"2026-02-01T00:00", "2026-03-01T00:00"},
        {"2028-02-29T23:59", "2028-03-01T00:00"}, {"2000-02-29T00:00", "2000-03-01T00:00"},
        {"2100-02-28T00:00", "2100-03-01T00:00"}, {"2026-12-31T23:59", "2027-01-01T00:00"},
        {"1970-01-01T00:00", "1970-02-01T00:00"},
    };
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        CHECK_INT(ls_month_end_us(date(months[i][0])), date(months[i][1]));
    }
    CHECK_INT(ls_month_end_us(-1), 0);
    for (int64_t day = 0, last = 0; day < 400 * 366; day++) {  // each month has 28 to 31 days
        const int64_t end_us = ls_month_end_us(day * DAY_US);
        CHECK(end_us > day * DAY_US && end_us <= (day + 31) * DAY_US);
        CHECK(end_us == last || last == 0 || last == day * DAY_US);
        last = end_us;
    }
}

static void test_a_month_counts_what_was_held_in_it(void) {
    const double hours[ACCOUNTS] = {[SUPPLIERS] = 100.0, [CASTINGS] = 10.0};
    ls_shares *shares = NULL;
    ls_budgets *b = NULL;
    ls_error err = {0};
    double budget = 0.0;
    CHECK_INT(ls_shares_create(terms, ACCOUNTS, 1, &shares, &err), LS_OK);
    // Time zero is six hours before the end of January.
    CHECK_INT(ls_budgets_create(shares, hours, date("2026-01-31T18:00"), &b, &err), LS_OK);
    ls_budgets_hold(b, 0, CASTINGS, 2000);
    CHECK_INT(ls_budgets_spent(b, 5 * HOUR_US - 1, CASTINGS), LS_POOL_NONE);
    CHECK_INT(ls_budgets_spent(b, 5 * HOUR_US, CASTINGS), CASTINGS);
    CHECK_INT(ls_budgets_spent(b, 5 * HOUR_US, HARNESS), LS_POOL_NONE);
    CHECK_NEAR(ls_budgets_used_hours(b, 5 * HOUR_US, SUPPLIERS, &budget), 10.0, 1e-9);
    CHECK_NEAR(budget, 100.0, 0.0);
    // Three hours into February, still held: six GPU hours of it.
    CHECK_INT(ls_budgets_spent(b, 9 * HOUR_US, CASTINGS), LS_POOL_NONE);
    CHECK_NEAR(ls_budgets_used_hours(b, 9 * HOUR_US, CASTINGS, &budget), 6.0, 1e-9);
    ls_budgets_drop(b, 10 * HOUR_US, CASTINGS, 2000);
    CHECK_NEAR(ls_budgets_used_hours(b, 20 * HOUR_US, CASTINGS, &budget), 8.0, 1e-9);
    // Books of before: what they say counts instead, what is held goes on from then.
    ls_budgets_hold(b, 21 * HOUR_US, CASTINGS, 1000);
    ls_budgets_put_back(b, 22 * HOUR_US, CASTINGS, (ls_gpu_time)HOUR_US * 1000 * 3);
    CHECK_NEAR(ls_budgets_used_hours(b, 24 * HOUR_US, CASTINGS, &budget), 5.0, 1e-9);
    ls_budgets_drop(b, 24 * HOUR_US, CASTINGS, 1000);
    // Held from then on, asked in April for the first time: April alone counts.
    ls_budgets_hold(b, 25 * HOUR_US, HARNESS, 1000);
    const int64_t april_us = date("2026-04-01T02:00") - date("2026-01-31T18:00");
    CHECK_NEAR(ls_budgets_used_hours(b, april_us, SUPPLIERS, &budget), 2.0, 1e-9);
    ls_budgets_destroy(b);
    ls_shares_destroy(shares);
}

static ls_pool_request request_of(uint32_t account, uint32_t gpus, int64_t most_us) {
    return (ls_pool_request){
        .account = account, .shape = {.parts = 1, .gpus = gpus, .kinds = 1}, .most_us = most_us};
}

static uint32_t submit(ls_scheduler *s, int64_t now_us, const ls_pool_request *r) {
    uint32_t job = LS_POOL_NONE;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_submit(s, now_us, r, &job, &err), LS_OK);
    return job;
}

static uint32_t decide(ls_scheduler *s, int64_t now_us) {
    const ls_pool_act *acts = NULL;
    ls_status status = LS_OK;
    const uint32_t count = ls_scheduler_decide(s, now_us, &acts, &status);
    CHECK_INT(status, LS_OK);
    return count;
}

static void says(ls_scheduler *s, int64_t now_us, uint32_t job, const char *expected) {
    char text[2048];
    ls_why why;
    ls_error err = {0};
    CHECK_INT(ls_why_waits(s, job, now_us, &why, &err), LS_OK);
    ls_why_text(&why, &cluster, NULL, text, sizeof text);
    CHECK_STR(text, expected);
}

static void test_who_has_spent_the_budget_starts_in_the_next_month(void) {
    const double hours[ACCOUNTS] = {[SUPPLIERS] = 8.0};
    ls_scheduler_def def = {.cluster = &cluster,
                            .terms = terms,
                            .account_count = ACCOUNTS,
                            .budget_gpu_hours = hours,
                            .start_us = date("2026-01-31T18:00")};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    const ls_pool_request r = request_of(CASTINGS, 4, 4 * HOUR_US);
    const uint32_t first = submit(s, 0, &r);
    CHECK_INT(decide(s, 0), 1);
    const ls_pool_request other = request_of(HARNESS, 1, HOUR_US);
    const uint32_t job = submit(s, 2 * HOUR_US, &other);
    CHECK_INT(decide(s, 2 * HOUR_US), 0);  // 8 GPU hours, and castings goes on
    says(s, 3 * HOUR_US, job,
         "job 1 of account 3 has waited for 1 h.\n"
         "account 1 has used its GPU hours of this month and starts nothing new until the next, "
         "which begins in 3 h.\n"
         "  account 2 holds 4 in 1 job and borrows 4; the oldest, job 0, began 3 h ago; all are "
         "over "
         "in 1 h at the latest.\n"
         "Its guarantees are used up: it would borrow.\n"
         "Expected in 3 h at the earliest: a new month begins.\n"
         "What would help:\n"
         "  a greater budget of account 1.\n");
    bool again = false;
    CHECK_INT(ls_scheduler_ended(s, 4 * HOUR_US, first, true, &again, &err), LS_OK);
    CHECK_INT(decide(s, 4 * HOUR_US), 0);
    CHECK(ls_scheduler_wake(s) <= 6 * HOUR_US);
    CHECK_INT(decide(s, 6 * HOUR_US - 1), 0);
    CHECK_INT(decide(s, 6 * HOUR_US), 1);
    ls_scheduler_destroy(s);
}

static void test_reserved_nodes_are_for_their_account_alone(void) {
    const ls_pool_reservation reserved[] = {{.name = "audit",
                                             .account = CASTINGS,
                                             .node_at = 0,
                                             .node_count = 2,
                                             .from_us = 2 * HOUR_US,
                                             .until_us = 5 * HOUR_US}};
    ls_scheduler_def def = {.cluster = &cluster,
                            .terms = terms,
                            .account_count = ACCOUNTS,
                            .reservations = reserved,
                            .reservation_count = 1};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    const ls_pool_request quick = request_of(HARNESS, 4, 2 * HOUR_US);
    const ls_pool_request slow = request_of(HARNESS, 4, 2 * HOUR_US + 1);
    const ls_pool_request own = request_of(CASTINGS, 4, 20 * HOUR_US);
    submit(s, 0, &quick);
    const uint32_t job = submit(s, 0, &slow);
    CHECK_INT(decide(s, 0), 1);
    CHECK_INT(ls_scheduler_promise(s, job), 5 * HOUR_US);
    says(
        s, 0, job,
        "job 1 of account 3 has waited for 0 s.\n"
        "A place is free, but kept by reservation 0 from in 2 h on.\n"
        "  account 3 holds 4 in 1 job and borrows 4; the oldest, job 0, began now; all are over in "
        "2 h at the latest.\n"
        "Its guarantees are used up: it would borrow.\n"
        "Expected in 5 h at the latest: nodes are kept for it from then on.\n");
    CHECK(ls_scheduler_wake(s) <= 5 * HOUR_US);
    CHECK_INT(decide(s, 5 * HOUR_US), 1);  // nobody of castings came
    ls_scheduler_destroy(s);
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    submit(s, 0, &slow);
    submit(s, 0, &own);
    CHECK_INT(decide(s, 0), 1);  // castings' own
    ls_scheduler_destroy(s);
    def.reservation_count = 1;
    ls_pool_reservation wrong = reserved[0];
    wrong.node_count = 3;
    def.reservations = &wrong;
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_ERR_INVALID);
}

static void test_below_an_account_at_its_limit_what_goes_makes_room_for_what_comes(void) {
    static const uint64_t of_6[] = {0, 6000}, of_4[] = {0, 4000}, of_2[] = {0, 2000};
    static const uint64_t at_most_6[] = {UINT64_MAX, 6000};
    const ls_share_terms limited[ACCOUNTS] = {
        [TOP] = {.weight = 1, .guarantee = nothing, .limit = none},
        [SUPPLIERS] = {.parent = TOP, .weight = 1, .guarantee = of_6, .limit = at_most_6},
        [CASTINGS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_4, .limit = none},
        [HARNESS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_2, .limit = none},
    };
    const ls_scheduler_def def = {.cluster = &cluster, .terms = limited, .account_count = ACCOUNTS};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    const ls_pool_act *acts = NULL;
    ls_status status = LS_OK;
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    ls_pool_request r = request_of(CASTINGS, 1, 20 * HOUR_US);
    r.restartable = true;
    r.stop_us = MINUTE_US;
    for (uint32_t i = 0; i < 6; i++) {
        submit(s, (int64_t)i, &r);
        CHECK_INT(decide(s, (int64_t)i), 1);
    }
    ls_pool_request other = request_of(HARNESS, 2, HOUR_US);
    const uint32_t job = submit(s, HOUR_US, &other);  // two GPUs are free
    CHECK_INT(ls_scheduler_decide(s, HOUR_US, &acts, &status), 2);
    CHECK(acts[0].why == LS_WHY_RECLAIM && acts[1].why == LS_WHY_RECLAIM);
    CHECK_INT(acts[0].for_job, job);
    const uint32_t stops[] = {acts[0].job, acts[1].job};
    bool again = false;
    CHECK_INT(ls_scheduler_ended(s, HOUR_US + 1, stops[0], false, &again, &err), LS_OK);
    CHECK_INT(decide(s, HOUR_US + 1), 0);  // suppliers would hold 7
    CHECK_INT(ls_scheduler_ended(s, HOUR_US + 2, stops[1], false, &again, &err), LS_OK);
    CHECK_INT(decide(s, HOUR_US + 2), 1);
    CHECK_INT(ls_scheduler_state(s, job), LS_POOL_JOB_RUNNING);
    CHECK_INT(ls_shares_held(ls_scheduler_shares(s), SUPPLIERS), 6000);
    ls_scheduler_destroy(s);
}

// Two racks of one node with four GPUs, 100 W at work and 10 W idle. The first rack may draw 220 W,
// which is two at work (4 x 10 + 2 x 90); the hall of both 440 W, four at work.
static void test_gpus_at_work_draw_no_more_than_a_unit_may(void) {
    static const ls_gpu_kind warm[] = {{.name = "b200", .watts = 100, .idle_watts = 10}};
    static const ls_pool_unit units[] = {
        {.name = "hall",
         .level = LS_POOL_HALL,
         .parent = LS_POOL_NONE,
         .node_count = 2,
         .watts = 440},
        {.name = "rack1", .level = LS_POOL_RACK, .parent = 0, .node_count = 1, .watts = 220},
        {.name = "rack2", .level = LS_POOL_RACK, .parent = 0, .node_at = 1, .node_count = 1},
    };
    static const ls_pool_node racked[] = {{.name = "n1", .unit = 1, .gpus = 4},
                                          {.name = "n2", .unit = 2, .gpus = 4}};
    const ls_cluster powered = {.kinds = warm,
                                .kind_count = 1,
                                .units = units,
                                .unit_count = 3,
                                .nodes = racked,
                                .node_count = 2,
                                .gpus = 8};
    const ls_scheduler_def def = {.cluster = &powered, .terms = terms, .account_count = ACCOUNTS};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    char text[1024];
    ls_why why;
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    ls_pool_request r = request_of(CASTINGS, 3, HOUR_US);
    const uint32_t three = submit(s, 0, &r);
    CHECK_INT(decide(s, 0), 1);  // rack1 is first, but three there draw 310 W
    CHECK_INT(ls_occupancy_node(ls_scheduler_occupancy(s), 1).milli, 1000);
    r.shape.gpus = 2;
    const uint32_t two = submit(s, 0, &r);
    CHECK_INT(decide(s, 0), 0);  // 80 + 5 x 90 W in the hall
    CHECK_INT(ls_why_waits(s, two, 0, &why, &err), LS_OK);
    CHECK_INT(why.what, LS_SHORT_POWER);
    CHECK_INT(why.unit, 0);
    ls_why_text(&why, &powered, NULL, text, sizeof text);
    CHECK_STR(text,
              "job 1 of account 2 has waited for 0 s.\n"
              "It needs 2 GPUs; they are free, but the power of 'hall' is used up.\n"
              "  account 2 holds 3 in 1 job and borrows 3; the oldest, job 0, began now; all are "
              "over in 1 h at the latest.\n"
              "Its guarantees are used up: it would borrow.\n"
              "When it starts is not known: when so much power gets free.\n");
    r.shape.gpus = 0;
    r.shape.milli = 500;
    submit(s, 0, &r);
    submit(s, 0, &r);
    submit(s, 0, &r);
    CHECK_INT(decide(s, 0), 2);  // both on the one GPU that there is power for
    bool again = false;
    CHECK_INT(ls_scheduler_ended(s, HOUR_US, three, true, &again, &err), LS_OK);
    CHECK_INT(decide(s, HOUR_US), 2);
    ls_scheduler_destroy(s);
}

// Two jobs of one account of equal priority: who is wanted first goes first, whoever came first; a
// higher priority goes before both, and no deadline comes last.
static void test_the_earliest_deadline_goes_first_among_equals(void) {
    ls_scheduler_def def = {.cluster = &cluster, .terms = terms, .account_count = ACCOUNTS};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    ls_pool_request r = request_of(CASTINGS, 4, 2 * HOUR_US);
    uint32_t jobs[6];
    jobs[0] = submit(s, 0, &r);
    jobs[1] = submit(s, 0, &r);
    CHECK_INT(decide(s, 0), 2);
    const int64_t deadlines[] = {0, 9 * HOUR_US, 5 * HOUR_US, 20 * HOUR_US};
    for (uint32_t i = 0; i < 4; i++) {
        r.deadline_us = deadlines[i];
        r.priority = i == 3;
        jobs[2 + i] = submit(s, 1 + i, &r);
    }
    CHECK_INT(decide(s, 5), 0);
    ls_why why;
    CHECK_INT(ls_why_waits(s, jobs[2], 5, &why, &err), LS_OK);
    CHECK_INT(why.before, 3);
    CHECK_INT(ls_why_waits(s, jobs[3], 5, &why, &err), LS_OK);
    CHECK_INT(why.before, 2);
    const uint32_t order[] = {jobs[5], jobs[4], jobs[3], jobs[2]};
    bool again = false;
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t over = i < 2 ? jobs[i] : order[i - 2];
        CHECK_INT(ls_scheduler_ended(s, (int64_t)(i + 1) * HOUR_US, over, true, &again, &err),
                  LS_OK);
        CHECK_INT(decide(s, (int64_t)(i + 1) * HOUR_US), 1);
        CHECK_INT(ls_scheduler_state(s, order[i]), LS_POOL_JOB_RUNNING);
    }
    ls_scheduler_destroy(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_months_end_where_the_calendar_says);
    TEST(test_a_month_counts_what_was_held_in_it);
    TEST(test_who_has_spent_the_budget_starts_in_the_next_month);
    TEST(test_reserved_nodes_are_for_their_account_alone);
    TEST(test_below_an_account_at_its_limit_what_goes_makes_room_for_what_comes);
    TEST(test_the_earliest_deadline_goes_first_among_equals);
    TEST(test_gpus_at_work_draw_no_more_than_a_unit_may);
    return harness_report();
}
