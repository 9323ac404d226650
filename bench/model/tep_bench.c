// tep_bench.c - detection of the faults of the Tennessee Eastman process at a false alarm rate that
// is measured on fault-free test data. Prints one JSON object.
//
// usage: tep_bench FOLDER        with d00.dat .. d21.dat and d00_te.dat .. d21_te.dat
//
// Monitors are fitted on d00 alone. Lags and smoothing of ours are chosen on the training files
// d01..d21 with limits from held-out parts of d00, and only the chosen one is then read
// on the test files d01_te..d21_te.
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/statistics.h"
#include "model/monitor.h"

enum {
    VARIABLES = 52,
    FAULTS = 21,
    ROWS_MOST = 1000,
    TEST_BEGIN = 160,  // the fault is there from the next row on
    TRIGGER = 6,       // consecutive alarms that count as detected
};

typedef struct table {
    double values[ROWS_MOST * VARIABLES];
    size_t count;
} table;

static table normal, normal_test, training[FAULTS], test[FAULTS];

static void give_up(const char *what, const char *where) {
    fprintf(stderr, "tep_bench: error: %s: %s\n", where, what);
    exit(3);
}

static void load(const char *folder, int fault, bool is_test, table *out) {
    char path[1024];
    snprintf(path, sizeof path, "%s/d%02d%s.dat", folder, fault, is_test ? "_te" : "");
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        give_up("cannot be opened", path);
    }
    static double flat[ROWS_MOST * VARIABLES];
    size_t count = 0;
    while (count < ROWS_MOST * VARIABLES && fscanf(file, "%lf", &flat[count]) == 1) {
        count++;
    }
    fclose(file);
    if (count == 0 || count % VARIABLES != 0) {
        give_up("is not a table of 52 columns", path);
    }
    out->count = count / VARIABLES;
    for (size_t row = 0; row < out->count; row++) {
        for (size_t i = 0; i < VARIABLES; i++) {
            // d00.dat lies on its side: a line for each variable.
            out->values[row * VARIABLES + i] = fault == 0 && !is_test ? flat[i * out->count + row]
                                                                      : flat[row * VARIABLES + i];
        }
    }
}

static const char *names[VARIABLES];
static char name_room[VARIABLES][16];

static ls_monitor *fit(size_t lags, size_t components, double newest) {
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.names = names;
    def.lags = lags;
    def.components = components;
    def.newest = newest;
    const ls_rows rows = {normal.values, normal.count};
    ls_monitor *monitor = NULL;
    ls_error err;
    if (ls_monitor_fit(&def, &rows, 1, &monitor, &err) != LS_OK) {
        give_up(err.text, "d00.dat");
    }
    return monitor;
}

// The smoothed statistic of each row; the rows before the first reading repeat it.
static void read_rows(const ls_monitor *m, const table *t, ls_monitor_statistic statistic,
                      double *out) {
    double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory);
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    size_t first = 0;
    for (size_t row = 0; row < t->count; row++) {
        const ls_monitor_reading r = ls_monitor_step(m, &state, t->values + row * VARIABLES);
        out[row] = r.value[statistic];
        first += !r.ready;
    }
    for (size_t row = 0; row < first; row++) {
        out[row] = out[first];
    }
    free(memory);
}

static double share_above(const double *values, size_t from, size_t to, double limit) {
    size_t above = 0;
    for (size_t row = from; row < to; row++) {
        above += values[row] > limit;
    }
    return (double)above / (double)(to - from);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool counts(int fault) {  // 3, 9 and 15 are left out of means by convention
    return fault != 3 && fault != 9 && fault != 15;
}

static double training_rate(const ls_monitor *m, ls_monitor_statistic statistic) {
    static double values[ROWS_MOST];
    double sum = 0.0;
    for (int fault = 1; fault <= FAULTS; fault++) {
        const table *t = &training[fault - 1];
        read_rows(m, t, statistic, values);
        sum += counts(fault) ? share_above(values, 0, t->count, m->limits[statistic]) : 0.0;
    }
    return sum / (FAULTS - 3);
}

// ---- diagnosis ----------------------------------------------------------------------------------

// Where the published description of a disturbance says it enters, as columns of the data (1..41
// measurements, 42..52 manipulated variables): the valve or flow that answers it first. Faults
// whose cause is not published, or that have no variable of their own, are left out.
typedef struct cause {
    int fault;
    int columns[4];
} cause;
static const cause causes[] = {
    {4, {51}},           // reactor cooling water inlet temperature: its valve, XMV(10)
    {5, {52, 22}},       // condenser cooling water inlet temperature: XMV(11), its outlet
    {6, {1, 44}},        // A feed lost: its flow and valve, XMV(3)
    {7, {4, 45}},        // C header pressure lost: stream 4 and its valve, XMV(4)
    {11, {51, 9, 21}},   // reactor cooling water, random
    {12, {52, 22, 11}},  // condenser cooling water, random
    {14, {51, 9, 21}},   // reactor cooling water valve sticks
};
enum { CAUSES = sizeof causes / sizeof causes[0] };

// Contributions summed over the six readings that gave the alarm; ranks of columns, best first.
static void diagnose(const ls_monitor *m, ls_monitor_statistic statistic, const table *t,
                     size_t from, size_t *order) {
    double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory);
    double sum[VARIABLES] = {0}, each[VARIABLES];
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    for (size_t row = 0; row < from + TRIGGER; row++) {
        ls_monitor_step(m, &state, t->values + row * VARIABLES);
        if (row >= from) {
            ls_monitor_contributions(m, &state, statistic, each);
            for (size_t i = 0; i < VARIABLES; i++) {
                sum[i] += each[i];
            }
        }
    }
    free(memory);
    for (size_t i = 0; i < VARIABLES; i++) {
        size_t place = i;
        for (; place > 0 && sum[order[place - 1]] < sum[i]; place--) {
            order[place] = order[place - 1];
        }
        order[place] = i;
    }
}

static void put_diagnosis(const ls_monitor *m, ls_monitor_statistic statistic, int fault,
                          size_t from) {
    size_t order[VARIABLES];
    diagnose(m, statistic, &test[fault - 1], from, order);
    printf(", \"blamed\": [\"%s\", \"%s\", \"%s\"]", names[order[0]], names[order[1]],
           names[order[2]]);
    for (size_t c = 0; c < CAUSES; c++) {
        for (size_t place = 0; causes[c].fault == fault && place < VARIABLES; place++) {
            bool is_cause = false;
            for (size_t k = 0; k < 4; k++) {
                is_cause |= causes[c].columns[k] == (int)order[place] + 1;
            }
            if (is_cause) {
                printf(", \"cause_place\": %zu", place + 1);
                return;
            }
        }
    }
}

// ---- one monitor, all faults --------------------------------------------------------------------

static void put_faults(const ls_monitor *m, ls_monitor_statistic statistic, double limit,
                       bool diagnosis) {
    static double values[ROWS_MOST];
    double sum = 0.0, delay_sum = 0.0;
    int found = 0;
    read_rows(m, &normal_test, statistic, values);
    printf("{\"limit\": %.17g, \"false_alarms\": %.17g, \"faults\": [", limit,
           share_above(values, 0, normal_test.count, limit));
    for (int fault = 1; fault <= FAULTS; fault++) {
        const table *t = &test[fault - 1];
        read_rows(m, t, statistic, values);
        const double rate = share_above(values, TEST_BEGIN, t->count, limit);
        long delay = -1;
        size_t run = 0;
        for (size_t row = TEST_BEGIN; row < t->count && delay < 0; row++) {
            run = values[row] > limit ? run + 1 : 0;
            delay = run == TRIGGER ? (long)(row - TEST_BEGIN) - (TRIGGER - 1) : -1;
        }
        printf("%s{\"fault\": %d, \"detected\": %.17g, \"before\": %.17g, \"delay\": ",
               fault > 1 ? ", " : "", fault, rate, share_above(values, 0, TEST_BEGIN, limit));
        printf(delay < 0 ? "null" : "%ld", delay);
        if (diagnosis && delay >= 0) {
            put_diagnosis(m, statistic, fault, (size_t)delay + TEST_BEGIN);
        }
        printf("}");
        if (counts(fault)) {
            sum += rate;
            found += delay >= 0;
            delay_sum += delay >= 0 ? (double)delay : 0.0;
        }
    }
    printf("], \"mean\": %.17g, \"found\": %d, \"delay_mean\": %.17g}", sum / (FAULTS - 3), found,
           delay_sum / fmax(1.0, found));
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

// Microseconds of one row: standardising, joining, components, statistics, limits; each row timed.
static void put_times(const ls_monitor *m) {
    enum { ROUNDS = 10 };
    static double took[ROUNDS * ROWS_MOST];
    double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory), why[VARIABLES];
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    size_t count = 0;
    for (int part = 0; part < 2; part++) {  // the row; then why
        count = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (size_t row = 0; row < normal_test.count; row++) {
                const double before = now_us();
                if (part == 0) {
                    ls_monitor_step(m, &state, normal_test.values + row * VARIABLES);
                } else {
                    ls_monitor_contributions(m, &state, LS_MONITOR_WHOLE, why);
                }
                took[count++] = now_us() - before;
            }
        }
        qsort(took, count, sizeof *took, by_value);
        printf("%s\"%s_us\": {\"p50\": %.3f, \"p99\": %.3f}", part > 0 ? ", " : "",
               part > 0 ? "why" : "step", ls_stat_quantile_sorted(took, count, 0.5),
               ls_stat_quantile_sorted(took, count, 0.99));
    }
    free(memory);
}

// The 99 % point of the fault-free test rows, as in the table that this stands beside.
static double test_limit(const ls_monitor *m, ls_monitor_statistic statistic) {
    static double values[ROWS_MOST];
    read_rows(m, &normal_test, statistic, values);
    qsort(values, normal_test.count, sizeof *values, by_value);
    return ls_stat_quantile_sorted(values, normal_test.count, 0.99);
}

static void put_monitor(const char *name, const ls_monitor *m, ls_monitor_statistic statistic,
                        bool ours) {
    printf(
        "{\"name\": \"%s\", \"statistic\": \"%s\", \"lags\": %zu, \"newest\": %g, "
        "\"components\": %zu, \"rank\": %zu, \"test_limits\": ",
        name, ls_monitor_statistic_word(statistic), m->def.lags, m->def.newest, m->components,
        m->rank);
    put_faults(m, statistic, test_limit(m, statistic), ours);
    printf(", \"held_out_limits\": ");
    put_faults(m, statistic, m->limits[statistic], false);
    printf("}");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: tep_bench FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < VARIABLES; i++) {
        snprintf(name_room[i], sizeof name_room[i], i < 41 ? "XMEAS(%zu)" : "XMV(%zu)",
                 i < 41 ? i + 1 : i - 40);
        names[i] = name_room[i];
    }
    load(argv[1], 0, false, &normal);
    load(argv[1], 0, true, &normal_test);
    for (int fault = 1; fault <= FAULTS; fault++) {
        load(argv[1], fault, false, &training[fault - 1]);
        load(argv[1], fault, true, &test[fault - 1]);
    }

    static const double newest[] = {1.0, 0.2};
    ls_monitor *best = NULL;
    ls_monitor_statistic best_statistic = LS_MONITOR_WHOLE;
    double best_rate = -1.0;
    printf("{\"choice\": [");
    for (size_t lags = 0; lags <= 3; lags++) {
        for (size_t k = 0; k < 2; k++) {
            ls_monitor *m = fit(lags, 0, newest[k]);
            bool kept = false;
            for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
                const double rate = training_rate(m, s);
                printf("%s{\"lags\": %zu, \"newest\": %g, \"statistic\": \"%s\", \"rate\": %.17g}",
                       lags + k + s > 0 ? ", " : "", lags, newest[k], ls_monitor_statistic_word(s),
                       rate);
                if (rate > best_rate) {
                    if (!kept) {
                        ls_monitor_destroy(best);
                    }
                    best = m;
                    kept = true;
                    best_rate = rate;
                    best_statistic = s;
                }
            }
            if (!kept) {
                ls_monitor_destroy(m);
            }
        }
    }
    printf("], \"monitors\": [");
    ls_monitor *plain = fit(0, 11, 1.0), *dynamic = fit(2, 29, 1.0);
    put_monitor("PCA", plain, LS_MONITOR_T2, false);
    printf(", ");
    put_monitor("PCA", plain, LS_MONITOR_SPE, false);
    printf(", ");
    put_monitor("DPCA", dynamic, LS_MONITOR_T2, false);
    printf(", ");
    put_monitor("DPCA", dynamic, LS_MONITOR_SPE, false);
    printf(", ");
    put_monitor("Lineshaft", best, best_statistic, true);
    printf("], ");
    put_times(best);
    printf("}\n");
    ls_monitor_destroy(plain);
    ls_monitor_destroy(dynamic);
    ls_monitor_destroy(best);
    return 0;
}
