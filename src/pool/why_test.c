// why_test.c - why a job waits: what is said in plain cases, word for word; and on random pools
// that what is said is true: it starts when it is expected, and what would help does help.
#include "pool/why.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

// ---- plain cases: two racks of two nodes with four GPUs; suppliers with castings and harness, and
// a car maker

enum { TOP, SUPPLIERS, CASTINGS, HARNESS, MAKER, ACCOUNTS };

static const ls_gpu_kind kinds[] = {{.name = "b200", .memory_mib = 1000}};
static const ls_pool_unit units[] = {
    {.name = "rack1", .level = LS_POOL_RACK, .parent = LS_POOL_NONE, .node_count = 2},
    {.name = "rack2", .level = LS_POOL_RACK, .parent = LS_POOL_NONE, .node_at = 2, .node_count = 2},
};
static const ls_pool_node nodes[] = {
    {.name = "n1", .unit = 0, .gpus = 4},
    {.name = "n2", .unit = 0, .gpus = 4},
    {.name = "n3", .unit = 1, .gpus = 4},
    {.name = "n4", .unit = 1, .gpus = 4},
};
static const ls_cluster cluster = {.kinds = kinds,
                                   .kind_count = 1,
                                   .units = units,
                                   .unit_count = 2,
                                   .nodes = nodes,
                                   .node_count = 4,
                                   .gpus = 16};

static const uint64_t none[] = {UINT64_MAX, UINT64_MAX};
static const uint64_t at_most_6[] = {UINT64_MAX, 6000};
static const uint64_t nothing[] = {0, 0};
static const uint64_t of_8[] = {0, 8000};
static const uint64_t of_4[] = {0, 4000};

static const ls_share_terms terms[ACCOUNTS] = {
    [TOP] = {.weight = 1, .guarantee = nothing, .limit = none},
    [SUPPLIERS] = {.parent = TOP, .weight = 1, .guarantee = of_8, .limit = none},
    [CASTINGS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_4, .limit = none},
    [HARNESS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_4, .limit = at_most_6},
    [MAKER] = {.parent = TOP, .weight = 1, .guarantee = of_8, .limit = none},
};
static const int64_t reclaim_us[ACCOUNTS] = {10 * MINUTE_US, 10 * MINUTE_US, 10 * MINUTE_US,
                                             10 * MINUTE_US, 10 * MINUTE_US};
static const char *const names[] = {"", "suppliers", "suppliers.castings", "suppliers.harness",
                                    "maker"};

static const char *name_of(const void *context, uint32_t account) {
    (void)context;
    return names[account];
}

static const ls_why_names called = {.account = name_of};

static ls_scheduler *make(void) {
    const ls_scheduler_def def = {
        .cluster = &cluster, .terms = terms, .account_count = ACCOUNTS, .reclaim_us = reclaim_us};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    return s;
}

static uint32_t submit(ls_scheduler *s, int64_t now_us, uint32_t account, uint32_t parts,
                       uint32_t gpus, int64_t most_us) {
    const ls_pool_request r = {.account = account,
                               .shape = {.parts = parts, .gpus = gpus, .kinds = 1},
                               .most_us = most_us,
                               .stop_us = MINUTE_US,
                               .restartable = true};
    uint32_t job = LS_POOL_NONE;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_submit(s, now_us, &r, &job, &err), LS_OK);
    return job;
}

static uint32_t decide(ls_scheduler *s, int64_t now_us, const ls_pool_act **out) {
    ls_status status = LS_OK;
    const uint32_t count = ls_scheduler_decide(s, now_us, out, &status);
    CHECK_INT(status, LS_OK);
    return count;
}

static ls_why ask(ls_scheduler *s, int64_t now_us, uint32_t job, const char *expected) {
    static char text[2048];
    ls_why why = {0};
    ls_error err = {0};
    CHECK_INT(ls_why_waits(s, job, now_us, &why, &err), LS_OK);
    const size_t length = ls_why_text(&why, &cluster, &called, text, sizeof text);
    CHECK_INT(length, strlen(text));
    CHECK_STR(text, expected);
    return why;
}

static void test_too_few_gpus_and_who_holds_them(void) {
    const ls_pool_act *acts = NULL;
    ls_scheduler *s = make();
    submit(s, 0, CASTINGS, 3, 4, 3 * HOUR_US);
    submit(s, HOUR_US, MAKER, 1, 2, INT64_MAX);
    CHECK_INT(decide(s, HOUR_US, &acts), 2);
    const uint32_t job = submit(s, HOUR_US, CASTINGS, 1, 4, HOUR_US);
    decide(s, HOUR_US, &acts);
    const ls_why why = ask(
        s, HOUR_US + 5 * MINUTE_US, job,
        "job 2 of suppliers.castings has waited for 5 min.\n"
        "It needs 4 GPUs; 2 of those that would do are free.\n"
        "  suppliers.castings holds 12 in 1 job and borrows 8; the oldest, job 0, began 5 min ago; "
        "all are over in 2 h 55 min at the latest.\n"
        "  maker holds 2 in 1 job; the oldest, job 1, began 5 min ago.\n"
        "Its guarantees are used up: it would borrow.\n"
        "Expected in 2 h 55 min at the latest: nodes are kept for it from then on.\n");
    CHECK_INT(why.what, LS_SHORT_GPUS);
    CHECK_INT(why.holder_count, 2);
    ls_scheduler_destroy(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_too_few_gpus_and_who_holds_them);
    return harness_report();
}
