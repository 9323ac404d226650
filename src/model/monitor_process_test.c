// monitor_process_test.c - a monitor that has seen the Tennessee Eastman process only when all was
// well finds its faults, and says where they are.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/monitor.h"
#include "process/tags.h"
#include "process/te.h"
#include "tests/harness.h"

enum {
    VARIABLES = LS_TE_MEASURED + LS_TE_VALVES,
    SAMPLE_S = 180,
    FIT_ROWS = 960,   // two days
    GOOD_ROWS = 480,  // another day
    BEFORE = 40,      // two hours of the runs with a fault
    AFTER = 100,
};

static double rows[FIT_ROWS * VARIABLES];
static const char *names[VARIABLES];

// `count` samples, 3 min apart, of a plant that has run for an hour; the fault comes before sample
// `fault_at`.
static size_t record(int64_t seed, int idv, size_t fault_at, size_t count, double *out) {
    ls_te_state state;
    ls_te_start(&state, seed);
    for (int i = 0; i < LS_TE_STEPS_PER_HOUR; i++) {
        ls_te_step(&state);
    }
    for (size_t row = 0; row < count; row++) {
        if (idv > 0 && row == fault_at) {
            state.idv = 1U << (idv - 1);
        }
        for (int i = 0; i < SAMPLE_S; i++) {
            ls_te_step(&state);
        }
        if (state.trip != LS_TE_RUNS) {
            return row;
        }
        double *to = out + row * VARIABLES;
        memcpy(to, state.measured, LS_TE_MEASURED * sizeof *to);
        memcpy(to + LS_TE_MEASURED, state.command_percent, LS_TE_VALVES * sizeof *to);
    }
    return count;
}

static ls_monitor *good_monitor(void) {
    for (size_t i = 0; i < VARIABLES; i++) {
        names[i] = i < LS_TE_MEASURED ? ls_te_measurements[i].name
                                      : ls_te_valves[i - LS_TE_MEASURED].name;
    }
    CHECK_INT(record(LS_TE_SEED_DEFAULT, 0, 0, FIT_ROWS, rows), FIT_ROWS);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.names = names;
    const ls_rows run = {rows, FIT_ROWS};
    ls_monitor *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_monitor_fit(&def, &run, 1, &m, &err), LS_OK);
    CHECK_STR(err.text, "");
    return m;
}

typedef struct finding {
    double before;     // share of alarms before the fault
    long delay;        // samples until six alarms in a row began; -1: never
    size_t blamed[3];  // most to blame in those six
} finding;

static finding look(const ls_monitor *m, const double *values, size_t count, size_t fault_at) {
    finding f = {.delay = -1};
    double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory);
    double sum[VARIABLES] = {0}, each[VARIABLES];
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    size_t row_of_alarms = 0;
    for (size_t row = 0; row < count && f.delay < 0; row++) {
        const ls_monitor_reading r = ls_monitor_step(m, &state, values + row * VARIABLES);
        const bool above = r.above[LS_MONITOR_WHOLE];
        f.before += row < fault_at && above ? 1.0 / (double)fault_at : 0.0;
        if (!above || row < fault_at) {
            row_of_alarms = 0;
            memset(sum, 0, sizeof sum);
            continue;
        }
        ls_monitor_contributions(m, &state, LS_MONITOR_WHOLE, each);
        for (size_t i = 0; i < VARIABLES; i++) {
            sum[i] += each[i];
        }
        if (++row_of_alarms == 6) {
            f.delay = (long)(row - fault_at) - 5;
        }
    }
    free(memory);
    for (size_t place = 0; place < 3; place++) {
        for (size_t i = 0; i < VARIABLES; i++) {
            f.blamed[place] = sum[i] > sum[f.blamed[place]] ? i : f.blamed[place];
        }
        sum[f.blamed[place]] = -1.0;
    }
    return f;
}

static void test_faults_that_it_was_not_shown_are_found_and_placed(void) {
    static const struct {
        int idv;
        long delay;  // samples of 3 min, at most
        const char
            *cause;  // among the three most to blame; NULL: none published or none of its own
    } faults[] = {
        {1, 10, NULL},        // A/C ratio of the feed
        {2, 20, NULL},        // B in the feed
        {4, 3, "XMV_10"},     // reactor cooling water warmer: its valve opens
        {5, 10, "XMEAS_22"},  // condenser cooling water warmer: so it leaves
        {6, 3, "XMV_3"},      // A feed lost
        {7, 3, NULL},         // C header pressure
        {11, 30, "XMV_10"},   // reactor cooling water, random
        {14, 5, "XMV_10"},    // its valve sticks
        {19, 20, NULL},       // unknown
    };
    ls_monitor *m = good_monitor();
    if (m == NULL) {
        return;
    }
    CHECK_NEAR(m->scale[VARIABLES - 1], 0.0, 0.0);  // the agitator stands as it stood
    static double fresh[GOOD_ROWS * VARIABLES];
    CHECK_INT(record(4651207995, 0, 0, GOOD_ROWS, fresh), GOOD_ROWS);
    const finding good = look(m, fresh, GOOD_ROWS, GOOD_ROWS);
    harness_note("false alarms %g", good.before);
    CHECK(good.before < 0.03);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const size_t count = record(5687912315 + (int64_t)i, faults[i].idv, BEFORE, BEFORE + AFTER,
                                    fresh);
        const finding f = look(m, fresh, count, BEFORE);
        harness_note("IDV %d: before %g, delay %ld, %s %s %s", faults[i].idv, f.before, f.delay,
                     names[f.blamed[0]], names[f.blamed[1]], names[f.blamed[2]]);
        CHECK(f.before < 0.1);
        CHECK(f.delay >= 0 && f.delay <= faults[i].delay);
        bool named = faults[i].cause == NULL;
        for (size_t place = 0; place < 3; place++) {
            named |= !named && strcmp(names[f.blamed[place]], faults[i].cause) == 0;
        }
        CHECK(named);
    }
    ls_monitor_destroy(m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_faults_that_it_was_not_shown_are_found_and_placed);
    return harness_report();
}
