// model_slowness_test.c - machines that slow down as their tools wear: a model learns process times
// from days of such a line, and on days that it has not seen the twin's forecasts are better with
// what it says than without.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/statistics.h"
#include "loop/say.h"
#include "loop/told.h"
#include "tests/cli/played_line.h"
#include "tests/cli/program.h"
#include "tests/harness.h"
#include "twin/twin.h"

#define HOUR_US INT64_C(3600000000)
enum { LEARN_H = 72, TEST_H = 48, FUTURES = 40 };

// There is always work, so that what comes out is what the machines get through. A new cutter
// takes 60 s a piece, a worn-out one 96 s; the plant file knows only what is usual over its life.
static const char form[] =
    "plant: mills\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill:\n"
    "    machines: [mill-1, mill-2]\n"
    "    process: lognormal 78 s sd 4 s\n"
    "    fails: {name: cutter, every: weibull shape 4 mean 8 h, repair: 20 min,\n"
    "            condition: {tag: \"cell/line/{machine}/Wear\", at: normal 0.8 sd 0.05}}\n"
    "    slowness: {model: pace, new: 60, until: cutter}\n"
    "products: {gear: {route: [mill], release: {keep: 6}}}\n"
    "models:\n"
    "  pace:\n"
    "    what: time\n"
    "    of: [mill-1, mill-2]\n"
    "    tags: [\"cell/line/{unit}/Power\", \"cell/line/{unit}/Vibration\"]\n"
    "    features: [mean]\n"
    "    window: 10 min\n"
    "    every: 5 min\n"
    "    while: {tag: \"cell/line/{unit}/Power\", above: 4}\n"
    "    label: {file: times.csv}\n"
    "    gates: {missing: 10, coverage: 30 %, worst: 10}\n"
    "    shadow: {for: 0 s}\n"
    "    mode: auto\n"
    "listen: {sparkplug: {broker: embedded, group: cell}}\n";

// In the real line a new cutter takes 60 of the 78 s: what is hidden begins below 1.
static const char hidden[] =
    "new is fast: {process: mill, times: 0.76923}\n"
    "worn is slow: {process: mill, times: 1.6, worn: yes}\n";

typedef struct stage {
    played_line p;
    FILE *times;
    uint64_t facts;
} stage;

// ---- the line, heard

// Each operation becomes a row of the file of labels.
static void on_fact(void *context, const ls_fact *fact) {
    stage *s = context;
    if (fact->kind != LS_FACT_PROCESS || fact->censored || fact->inferred || s->times == NULL) {
        return;
    }
    const int64_t at_s = (s->p.plant->start_us + fact->time_us) / 1000000;
    const time_t at = (time_t)at_s;
    struct tm tm;
    char text[40];
    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(s->times, "%s,%s,%.3f\n", text, s->p.plant->machines[fact->machine].name,
            fact->value * 1e-6);
    s->facts++;
}

static bool open_service(stage *s, bool with_models) {
    const bool fine = played_open_service(&s->p, with_models);
    if (fine) {
        ls_watch_listen(s->p.watch, on_fact, s);
    }
    return fine;
}

static bool begin(stage *s) {
    char times[340];
    s->times = NULL;
    s->facts = 0;
    bool fine = played_begin(&s->p, form, hidden, 3);
    snprintf(times, sizeof times, "%s/times.csv", s->p.folder);
    s->times = fine ? fopen(times, "w") : NULL;
    fine = fine && s->times != NULL && fprintf(s->times, "time,unit,value\n") > 0;
    CHECK(fine);
    return fine;
}

static void end(stage *s) {
    played_end(&s->p);
    if (s->times != NULL) {
        fclose(s->times);
    }
}

// ---- what is expected

// Waits until the newest predictions of both machines stand in the history, and tells them.
static bool tell(stage *s, ls_told *told, ls_snapshot *present) {
    const int64_t now_us = ls_snapshot_now(present);
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; i < 30000; i++) {
        bool there = true;
        told->heard_us = 0;
        ls_told_tell(told, now_us, present);
        for (uint32_t k = 0; k < told->count; k++) {
            const ls_told_item *item = &told->items[k];
            ls_model_said said;
            if (item->mode != LS_NONE) {
                continue;
            }
            there = there &&
                    ls_models_latest(s->p.service, "pace", s->p.plant->machines[item->machine].name,
                                     &said) &&
                    said.time_us == item->signs[0].time_us && item->signs[0].until_us > 0;
        }
        if (there) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static uint64_t done_of(const ls_twin *twin, const ls_snapshot *snapshot) {
    return LS_STATE_VIEW(twin->model, snapshot->state, ls_s_release, s_release)->done;
}

typedef struct expected {
    double mean, low, high;  // lots in an hour; of 90 %
} expected;

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static expected expect(const ls_twin *twin, const ls_snapshot *present) {
    double made[FUTURES];
    ls_error err = {0};
    expected e = {0};
    for (int i = 0; i < FUTURES; i++) {
        ls_snapshot *f = NULL;
        CHECK_INT(ls_snapshot_fork(twin, present, 11, (uint64_t)i, &f, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, f, ls_snapshot_now(present) + HOUR_US, &err), LS_OK);
        made[i] = (double)(done_of(twin, f) - done_of(twin, present));
        e.mean += made[i] / FUTURES;
        ls_snapshot_destroy(f);
    }
    qsort(made, FUTURES, sizeof made[0], by_value);
    e.low = made[FUTURES / 20];
    e.high = made[FUTURES - 1 - FUTURES / 20];
    return e;
}

typedef struct tally {
    double less[TEST_H];   // error without the model less that with it
    double with, without;  // mean absolute errors
    int count, inside, told;
} tally;

static void score(stage *s, int64_t at_us, tally *t) {
    ls_error err = {0};
    ls_told told;
    ls_snapshot *present = NULL;
    const ls_running *running = &s->p.intake.running;
    const ls_twin *twin = running->twin;
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &present, &err), LS_OK);
    pthread_mutex_lock(&s->p.intake.lock);
    CHECK(running->follow != NULL);
    ls_follow_fork(running->follow, 1, 0, present);
    pthread_mutex_unlock(&s->p.intake.lock);
    const expected without = expect(twin, present);
    const uint64_t silent = ls_snapshot_hash(present);
    ls_told_open(&told, &s->p.intake, running->plant, twin);
    CHECK(tell(s, &told, present));
    bool says = false;
    for (uint32_t k = 0; k < told.count; k++) {
        says = says || (told.items[k].mode == LS_NONE && told.items[k].known == LS_TOLD_KNOWN);
    }
    CHECK((ls_snapshot_hash(present) != silent) || !says);
    const expected with = expect(twin, present);
    ls_told_close(&told);
    ls_snapshot_destroy(present);
    const uint64_t before = ls_emulate_describe(s->p.line).done;
    played_run(&s->p, at_us + HOUR_US);
    const double really = (double)(ls_emulate_describe(s->p.line).done - before);
    t->with += fabs(really - with.mean);
    t->without += fabs(really - without.mean);
    t->less[t->count++] = fabs(really - without.mean) - fabs(really - with.mean);
    t->inside += really >= with.low && really <= with.high;
    t->told += says;
}

static void test_forecasts_are_better_with_what_a_model_says_of_process_times(void) {
    char line[1500];
    static stage s;
    if (!program_is_there()) {
        return;
    }
    if (begin(&s) && open_service(&s, false)) {
        for (int hour = 1; hour <= LEARN_H; hour++) {
            played_run(&s.p, hour * HOUR_US);
        }
        played_close_service(&s.p);
        fclose(s.times);
        s.times = NULL;
        CHECK(s.facts > 4000);
        snprintf(line, sizeof line, "model train %s:pace --history %s --models %s", s.p.file,
                 s.p.history, s.p.models);
        program done = program_run(line);
        harness_note("%s%s", done.out, done.err);
        CHECK_INT(done.code, 0);
        CHECK_CONTAINS(done.out, "version 1: champion");
        program_clear(&done);
        if (open_service(&s, true)) {
            tally t = {.count = 0};
            played_run(&s.p, (LEARN_H + 1) * HOUR_US);
            for (int hour = 1; hour <= TEST_H; hour++) {
                score(&s, (LEARN_H + hour) * HOUR_US, &t);
            }
            const double n = t.count;
            const ls_interval less = ls_stat_interval(t.less, (size_t)t.count, 0.95);
            harness_note(
                "lots an hour, %d forecasts: off by %.2f with the model, by %.2f without: "
                "%.2f less (95 %%: %.2f to %.2f); %d of 90 %% intervals held; told in %d",
                t.count, t.with / n, t.without / n, less.mean, less.low, less.high, t.inside,
                t.told);
            CHECK(less.low > 0.0);
            CHECK(t.with < 0.75 * t.without);
            CHECK(t.told > t.count * 3 / 4);
            played_close_service(&s.p);
        }
    }
    end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_say_set_level(LS_LOG_ERROR);  // that the line drifts is the point
    TEST(test_forecasts_are_better_with_what_a_model_says_of_process_times);
    program_remove_temporary();
    return harness_report();
}
