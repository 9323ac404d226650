// oracle_conserve_test.c - what holds in every run, exactly: conservation at each event, Little's
// law, the sum of the accounts, and that neither the size of steps nor a trace changes a byte.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/testing/oracle.h"
#include "twin/testing/oracle_plants.h"
#include "twin/twin.h"

static ls_snapshot *start(const ls_twin *twin, uint64_t seed) {
    ls_snapshot *snapshot = NULL;
    ls_error err = {0};
    harness_note("plant %s, seed %llu", ls_twin_describe(twin).name, (unsigned long long)seed);
    const ls_status status = ls_snapshot_create(twin, seed, 0, &snapshot, &err);
    harness_note("plant %s, seed %llu: %s", ls_twin_describe(twin).name, (unsigned long long)seed,
                 err.text);
    CHECK_INT(status, LS_OK);
    return snapshot;
}

static void test_every_state_is_sound_at_every_event(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        for (uint64_t seed = 1; seed <= 3 && !harness_has_failed(); seed++) {
            ls_snapshot *s = start(twin, seed);
            ls_error err = {0};
            ls_status status = ls_state_check(twin, s->state, &err);
            const int events = oracle_is_short() ? 2000 : 20000;
            for (int k = 0; k < events && status == LS_OK; k++) {
                uint64_t done = 0;
                status = ls_snapshot_step(twin, s, INT64_C(1) << 45, 1, &done, &err);
                status = status == LS_OK ? ls_state_check(twin, s->state, &err) : status;
            }
            harness_note("plant %s, seed %llu, event %llu: %s", oracle_plants[i].name,
                         (unsigned long long)seed, (unsigned long long)ls_snapshot_events(s),
                         err.text);
            CHECK_INT(status, LS_OK);
            ls_snapshot_destroy(s);
        }
        ls_twin_destroy(twin);
    }
}

static void test_small_steps_and_long_runs_give_the_same_bytes(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        const int64_t until = INT64_C(10) * 86400 * 1000000;
        ls_snapshot *one = start(twin, 5);
        ls_snapshot *many = start(twin, 5);
        ls_snapshot *traced = start(twin, 5);
        ls_error err = {0};
        CHECK_INT(ls_snapshot_run(twin, one, until, &err), LS_OK);
        uint64_t done = 1;
        while (done > 0) {
            CHECK_INT(ls_snapshot_step(twin, many, until, 7, &done, &err), LS_OK);
        }
        for (int64_t t = 1; t <= 10; t++) {  // and time in pieces
            traced->scratch.trace_capacity = 0;
            static ls_trace_item none;
            traced->scratch.trace = &none;
            CHECK_INT(ls_snapshot_run(twin, traced, until / 10 * t, &err), LS_OK);
        }
        traced->scratch.trace = NULL;
        CHECK_INT(ls_snapshot_now(many), until);
        CHECK_INT(ls_snapshot_hash(many), ls_snapshot_hash(one));
        CHECK_INT(ls_snapshot_hash(traced), ls_snapshot_hash(one));
        ls_snapshot_destroy(one);
        ls_snapshot_destroy(many);
        ls_snapshot_destroy(traced);
        ls_twin_destroy(twin);
    }
}

// Sum of the times inside of all lots, gone or not, by the accounts.
static ls_i64 times_by_accounts(const ls_twin *twin, const ls_snapshot *s) {
    const ls_s_release *rs = LS_STATE_ARRAY(twin->model, s->state, ls_s_release, s_release);
    const ls_lot *lot = LS_STATE_ARRAY(twin->model, s->state, ls_lot, s_lot);
    ls_i64 sum = 0;
    for (uint32_t k = 0; k < twin->model->releases; k++) {
        sum += rs[k].cycle_sum + rs[k].scrap_sum - rs[k].early_sum;
    }
    for (ls_u32 k = 0; k < s->state->lot_used; k++) {
        sum += lot[k].where != LS_LOT_FREE ? s->state->now - lot[k].released : 0;
    }
    return sum;
}

// The same by the trace.
static ls_i64 times_by_trace(const ls_snapshot *s) {
    ls_i64 sum = 0;
    for (ls_u64 k = 0; k < s->scratch.trace_count; k++) {
        const ls_trace_item *item = s->scratch.trace + k;
        const bool out = item->kind == LS_TRACE_DONE || item->kind == LS_TRACE_SCRAP;
        sum += item->kind == LS_TRACE_RELEASE ? s->state->now - item->time
               : out                          ? item->time - s->state->now
                                              : 0;
    }
    return sum;
}

static void test_littles_law_to_the_microsecond(void) {
    // The integral of the number of lots inside is the sum of the times they were inside.
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        const int64_t until = INT64_C(6) * 86400 * 1000000 + 12345678;
        ls_error err = {0};
        ls_snapshot *s = start(twin, 11);
        ls_i64 integral = 0;
        while (s->state->now < until && !harness_has_failed()) {
            const ls_i64 before = s->state->now;
            const ls_i64 inside = ls_snapshot_lots(s);
            CHECK_INT(ls_snapshot_step(twin, s, INT64_C(1) << 45, 1, NULL, &err), LS_OK);
            integral += inside * (s->state->now - before);
        }
        CHECK_INT(times_by_accounts(twin, s), integral);
        const int64_t end = s->state->now;
        ls_snapshot_destroy(s);

        s = start(twin, 11);
        s->scratch.trace_capacity = 5000000;
        s->scratch.trace = malloc(s->scratch.trace_capacity * sizeof(ls_trace_item));
        CHECK_INT(ls_snapshot_run(twin, s, end, &err), LS_OK);
        CHECK(s->scratch.trace_count < s->scratch.trace_capacity);
        CHECK_INT(times_by_trace(s), integral);
        free(s->scratch.trace);
        s->scratch.trace = NULL;
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

static void test_shares_of_time_add_up(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_run_def def = ls_run_def_default(twin);
        def.for_us = INT64_C(9) * 86400 * 1000000;
        def.warmup_us = INT64_C(86400) * 1234567;
        def.reps = 2;
        def.workers = 1;
        ls_twin_result *result = NULL;
        ls_error err = {0};
        CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
        for (uint32_t station = 0; result != NULL && station < ls_twin_describe(twin).stations;
             station++) {
            for (int64_t rep = 0; rep < 2; rep++) {
                double sum = 0.0;
                for (int figure = LS_FIG_STARVED; figure <= LS_FIG_OPERATOR; figure++) {
                    const double share = ls_twin_result_value(result, true, station,
                                                              (ls_figure)figure, rep);
                    CHECK(share >= 0.0 && share <= 1.0);
                    sum += share;
                }
                harness_note("plant %s, station %s", oracle_plants[i].name,
                             ls_twin_station_name(twin, station));
                CHECK_NEAR(sum, 1.0, 1e-12);
            }
        }
        ls_twin_result_destroy(result);
        ls_twin_destroy(twin);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_state_is_sound_at_every_event);
    TEST(test_small_steps_and_long_runs_give_the_same_bytes);
    TEST(test_littles_law_to_the_microsecond);
    TEST(test_shares_of_time_add_up);
    return harness_report();
}
