// pool_run_test.c - runs and comparisons of a small pool: the same bytes on any number of threads,
// memory that runs out, somebody who stops it.
#include "cli/pool_run.h"

#include <string.h>

#include "cli/pool_compare.h"
#include "cli/pool_report.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

static const char text[] =
    "pool: p\nnodes: {count: 4, kind: dgx-h100}\nfailures: {every: 5 d, repair: 6 h}\n"
    "accounts: {a: {guarantee: 16}, b: {guarantee: 8, accounts: {c: {}, d: {guarantee: 4}}}}\n";

typedef struct scene {
    ls_pool *pool;
    ls_terms terms;
    ls_pool_run_def def;
    uint64_t asked;
    uint64_t asks;  // then it is stopped
} scene;

static bool going(void *context, double share, uint64_t jobs) {
    scene *s = context;
    (void)jobs;
    CHECK(share >= 0.0 && share <= 1.0);
    return ++s->asked < s->asks;
}

static void begin(scene *s) {
    ls_errors errors;
    ls_error err = {0};
    *s = (scene){0};
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, sizeof text - 1, "pool.yaml", NULL, &s->pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(ls_terms_make(s->pool, &s->terms, &err), LS_OK);
    s->def = (ls_pool_run_def){.pool = s->pool,
                               .terms = &s->terms,
                               .policy = ls_sim_policies,
                               .mix = ls_mix_find("group"),
                               .load = 1.3,
                               .seed = 5,
                               .span_us = 3 * LS_POOL_DAY_US,
                               .step_us = LS_POOL_DAY_US / 8,
                               .statement = true};
}

static void end(scene *s) {
    ls_terms_clear(&s->terms);
    ls_pool_destroy(s->pool);
}

static void test_steps_are_whole_parts_of_a_day(void) {
    for (int64_t days = 1; days < 5000; days += 7) {
        const int64_t step_us = ls_pool_run_step(days * LS_POOL_DAY_US);
        CHECK_INT(LS_POOL_DAY_US % step_us, 0);
        CHECK(step_us == LS_POOL_DAY_US || days * LS_POOL_DAY_US / step_us <= 250);
    }
    CHECK_INT(ls_pool_run_step(LS_POOL_DAY_US), LS_POOL_DAY_US / 24);
}

static void test_comparisons_do_not_depend_on_threads(void) {
    scene s;
    ls_pool_comparison one, many;
    ls_error err = {0};
    const ls_sim_policy *policies[] = {ls_sim_policies, ls_sim_policies + 1, ls_sim_policies + 2};
    begin(&s);
    CHECK_INT(ls_pool_compare(&s.def, policies, 3, 4, 1, &one, &err), LS_OK);
    CHECK_INT(ls_pool_compare(&s.def, policies, 3, 4, 5, &many, &err), LS_OK);
    CHECK(memcmp(one.values, many.values, sizeof(double) * 3 * 4 * LS_COMPARED_COUNT) == 0);
    CHECK_STR(one.first.statement.data, many.first.statement.data);
    CHECK_INT(one.first.series.steps, 24);
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {  // nothing less itself
        const ls_interval i = ls_compared_difference(&one, 0, (ls_compared)f);
        CHECK(i.mean <= 0.0 && i.mean >= 0.0);
    }
    ls_pool_comparison_clear(&one);
    ls_pool_comparison_clear(&many);
    end(&s);
}

static void test_a_run_can_be_stopped(void) {
    scene s;
    ls_pool_run run;
    ls_error err = {0};
    begin(&s);
    s.def.going = going;
    s.def.context = &s;
    s.asks = 20;
    CHECK_INT(ls_pool_run_do(&s.def, &run, &err), LS_ERR_STOPPED);
    CHECK_INT(s.asked, 20);
    ls_pool_run_clear(&run);
    end(&s);
}

// Every allocation fails once, of the run, of the comparison, and of the page that is made of it.
static void test_memory_that_runs_out_is_told(void) {
    scene s;
    const ls_sim_policy *policies[] = {ls_sim_policies, ls_sim_policies + 2};
    bool done = false;
    begin(&s);
    s.def.span_us = LS_POOL_DAY_US / 2;
    for (int64_t after = 0; !done && after < 5000; after++) {
        ls_pool_comparison c;
        ls_error err = {0};
        ls_buffer page;
        ls_buffer_init(&page);
        ls_alloc_fail_after(after);
        ls_status status = ls_pool_compare(&s.def, policies, 2, 2, 1, &c, &err);
        if (status == LS_OK) {
            const ls_pool_outcome outcome = {.pool = s.pool,
                                             .outcome = &c.first.outcome,
                                             .result = &c.first.result,
                                             .policy = policies[0],
                                             .load = "a load",
                                             .span_us = s.def.span_us,
                                             .seed = 5,
                                             .refused = ""};
            const ls_pool_report report = {
                .outcome = &outcome, .run = &c.first, .comparison = &c, .text = "text"};
            ls_pool_report_html(&report, &page);
            done = !page.failed;
        } else {
            CHECK_INT(status, LS_ERR_MEMORY);
        }
        ls_alloc_fail_after(-1);
        ls_pool_comparison_clear(&c);
        ls_buffer_clear(&page);
    }
    CHECK(done);
    end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_steps_are_whole_parts_of_a_day);
    TEST(test_comparisons_do_not_depend_on_threads);
    TEST(test_a_run_can_be_stopped);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
