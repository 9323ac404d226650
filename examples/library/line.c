// A program of one's own around the twin: reads a plant, runs it, then asks what may come of one
// particular noon. Uses nothing but the installed library; see Makefile.
#include <inttypes.h>
#include <lineshaft/plant.h>
#include <lineshaft/twin.h>
#include <stdio.h>
#include <string.h>

// Two stations of a supplier. The welder fails now and then, and its queue is short: then the press
// in front of it is blocked.
static const char plant_text[] =
    "plant: bracket\n"
    "stations:\n"
    "  press: {machines: 1, process: triangular 40 s mode 45 s to 65 s}\n"
    "  welder:\n"
    "    machines: 1\n"
    "    queue: 6\n"
    "    process: lognormal 55 s sd 8 s\n"
    "    fails: {every: exp 6 h, repair: exp 12 min}\n"
    "products:\n"
    "  bracket: {route: [press, welder], release: {every: exp 70 s}}\n";

static const int64_t hour_us = INT64_C(3600) * 1000000;
enum { FUTURES = 5 };

static int complain(const ls_error *err) {
    fprintf(stderr, "line: error: %s\n  %s:%d:%d\n", err->text, err->file, err->line, err->column);
    if (err->hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", err->hint);
    }
    return 3;
}

static void print_estimate(const char *name, ls_estimate estimate, double scale, const char *unit) {
    printf("%-12s %8.1f +- %.1f %s\n", name, estimate.mean * scale, estimate.half_width * scale,
           unit);
}

// Four weeks, ten times over, on all processors; the figures are the same on any number of them.
static ls_status print_four_weeks(const ls_twin *twin, ls_error *err) {
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = 4 * 7 * 24 * hour_us;
    def.warmup_us = 24 * hour_us;
    def.reps = 10;
    def.seed = 1;
    ls_twin_result *result = NULL;
    ls_status status = ls_twin_run(twin, &def, &result, err);
    if (status == LS_OK) {
        // The class behind the last one is "all classes together".
        uint32_t all = ls_twin_describe(twin).classes;
        print_estimate("throughput", ls_twin_result_class(result, all, LS_FIG_THROUGHPUT), 1.0,
                       "lots/day");
        print_estimate("cycle time", ls_twin_result_class(result, all, LS_FIG_CYCLE_MEAN),
                       1.0 / 60.0, "min");
        for (uint32_t station = 0; station < ls_twin_describe(twin).stations; station++) {
            print_estimate(ls_twin_station_name(twin, station),
                           ls_twin_result_station(result, station, LS_FIG_PROCESSING), 100.0,
                           "% processing");
        }
    }
    ls_twin_result_destroy(result);
    return status;
}

// One plant at noon of its second day, and what it may look like an hour later. Each fork draws
// again what nobody on the floor can know yet, given how long everything has lasted already.
static ls_status print_futures_of_noon(const ls_twin *twin, ls_error *err) {
    int64_t noon_us = 36 * hour_us;
    ls_snapshot *noon = NULL;
    ls_snapshot *future = NULL;
    ls_status status = ls_snapshot_create(twin, 7, 0, &noon, err);
    if (status == LS_OK) {
        status = ls_snapshot_run(twin, noon, noon_us, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_copy(twin, noon, &future, err);
    }
    if (status == LS_OK) {
        printf("lots at noon: %" PRIu32 "; an hour later, perhaps:", ls_snapshot_lots(noon));
    }
    for (uint64_t index = 0; index < FUTURES && status == LS_OK; index++) {
        ls_snapshot_fork_into(twin, noon, 7, index, future);
        status = ls_snapshot_run(twin, future, noon_us + hour_us, err);
        if (status == LS_OK) {
            printf(" %" PRIu32, ls_snapshot_lots(future));
        }
    }
    printf("\n");
    ls_snapshot_destroy(future);
    ls_snapshot_destroy(noon);
    return status;
}

int main(void) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_status status = ls_plant_parse(plant_text, strlen(plant_text), "bracket.yaml", &plant, NULL,
                                      &err);
    if (status == LS_OK) {
        status = ls_twin_create(plant, &twin, &err);
    }
    ls_plant_destroy(plant);  // the twin does not need it
    if (status == LS_OK) {
        status = print_four_weeks(twin, &err);
    }
    if (status == LS_OK) {
        status = print_futures_of_noon(twin, &err);
    }
    ls_twin_destroy(twin);
    return status == LS_OK ? 0 : complain(&err);
}
