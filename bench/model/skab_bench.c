// skab_bench.c - the outlier task of the Skoltech anomaly benchmark: each file's first 400 rows are
// fitted on, the rest is told row by row. Prints one JSON object with the pooled counts.
//
// usage: skab_bench LAGS NEWEST FALSE_ALARMS FILE.csv...
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/monitor.h"

enum { VARIABLES = 8, TRAINING = 400, ROWS_MOST = 4000 };

static double rows[ROWS_MOST * VARIABLES];
static bool anomaly[ROWS_MOST];

static void give_up(const char *what, const char *where) {
    fprintf(stderr, "skab_bench: error: %s: %s\n", where, what);
    exit(3);
}

// datetime;8 variables;anomaly;changepoint
static size_t load(const char *path) {
    FILE *file = fopen(path, "r");
    char line[1024];
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        give_up("cannot be read", path);
    }
    size_t count = 0;
    while (count < ROWS_MOST && fgets(line, sizeof line, file) != NULL) {
        char *at = strchr(line, ';');
        for (size_t i = 0; i < VARIABLES && at != NULL; i++) {
            rows[count * VARIABLES + i] = strtod(at + 1, NULL);
            at = strchr(at + 1, ';');
        }
        if (at == NULL) {
            give_up("has a row of fewer columns", path);
        }
        anomaly[count++] = strtod(at + 1, NULL) > 0.5;
    }
    fclose(file);
    if (count <= TRAINING) {
        give_up("has no more than 400 rows", path);
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: skab_bench LAGS NEWEST FALSE_ALARMS FILE.csv...\n");
        return 2;
    }
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.lags = strtoul(argv[1], NULL, 10);
    def.newest = strtod(argv[2], NULL);
    def.false_alarms = strtod(argv[3], NULL);
    size_t hits[LS_MONITOR_STATISTICS] = {0}, wrong[LS_MONITOR_STATISTICS] = {0};
    size_t faulty = 0, good = 0;
    for (int k = 4; k < argc; k++) {
        const size_t count = load(argv[k]);
        const ls_rows training = {rows, TRAINING};
        ls_monitor *m = NULL;
        ls_error err;
        if (ls_monitor_fit(&def, &training, 1, &m, &err) != LS_OK) {
            give_up(err.text, argv[k]);
        }
        double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory);
        ls_monitor_state state;
        ls_monitor_state_init(m, memory, &state);
        for (size_t row = 0; row < count; row++) {
            const ls_monitor_reading r = ls_monitor_step(m, &state, rows + row * VARIABLES);
            if (row < TRAINING) {
                continue;
            }
            faulty += anomaly[row];
            good += !anomaly[row];
            for (size_t s = 0; s < LS_MONITOR_STATISTICS; s++) {
                hits[s] += anomaly[row] && r.above[s];
                wrong[s] += !anomaly[row] && r.above[s];
            }
        }
        free(memory);
        ls_monitor_destroy(m);
    }
    printf("{\"files\": %d, \"faulty\": %zu, \"good\": %zu", argc - 4, faulty, good);
    for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
        printf(", \"%s\": {\"hits\": %zu, \"wrong\": %zu}", ls_monitor_statistic_word(s), hits[s],
               wrong[s]);
    }
    printf("}\n");
    return 0;
}
