// model_sort_test.c - lots sorted by a quality that nobody sees: worn tools of an emulated line
// make more bad lots, an inspection finds them, and tells it in a file when it has. A model learns
// from days of that; then the same line is played twice from one seed, with and without sorting by
// what the model says, and what became of the lots is counted on the line itself.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/statistics.h"
#include "decide/cost.h"
#include "decide/decide.h"
#include "loop/decisions_once.h"
#include "loop/say.h"
#include "tests/cli/played_line.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

#define HOUR_US INT64_C(3600000000)
#define STEP_US INT64_C(30000000)
enum { LEARN_H = 96, BLOCKS = 16, BLOCK_H = 3, LOTS = 4000, MILLS = 2 };

static const char *const mills[MILLS] = {"mill-1", "mill-2"};

// On average one of five is bad, and made anew.
static const char form[] =
    "plant: mills\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill:\n"
    "    machines: [mill-1, mill-2]\n"
    "    process: lognormal 8 min sd 40 s\n"
    "    fails: {name: cutter, every: weibull shape 6 mean 5 h, repair: 15 min,\n"
    "            condition: {tag: \"cell/line/{machine}/Wear\", at: normal 0.8 sd 0.05}}\n"
    "  gauge: {machines: [gauge-1], process: lognormal 5 min sd 20 s}\n"
    "  pack: {machines: [pack-1], process: 1 min}\n"
    "products:\n"
    "  x:\n"
    "    route: [mill, {at: gauge, rework: {to: mill, chance: 20 %}}, pack]\n"
    "    release: {every: exp 7 min}\n"
    "models:\n"
    "  bad:\n"
    "    what: quality\n"
    "    of: [mill-1, mill-2]\n"
    "    tags: [\"cell/line/{unit}/Vibration\", \"cell/line/{unit}/Power\"]\n"
    "    features: [mean, last]\n"
    "    window: 2 min\n"
    "    every: 30 s\n"
    "    label: {file: inspection.csv}\n"
    "    classes: [good, bad]\n"
    "    learner: trees\n"
    "    trees: {rounds: 60, depth: 2, rate: 0.1, child: 5}\n"
    "    gates: {missing: 10, coverage: 30 %, worst: 10, calibration: 20 %, latency: 10 s}\n"
    "    shadow: {for: 0 s}\n"
    "    mode: auto\n"
    "decide:\n"
    "  objective: {cycle-time: 10, escapes: 150, scrap: 100, rework: 20, inspections: 15,\n"
    "              unit: EUR}\n"
    "  sort: {at: gauge, model: bad, mode: auto, within: 60 s, futures: 200, horizon: 90 min}\n"
    "listen: {sparkplug: {broker: embedded, group: cell}}\n";

// A new tool makes hardly any bad lot, a worn-out one more than half of them bad: the chance grows
// with the square of its wear.
static const char hidden[] =
    "new is good: {quality: mill, times: 0.0075}\n"
    "worn is bad: {quality: mill, times: 20, worn: yes}\n"
    "and worse: {quality: mill, times: 20, worn: yes}\n";

// ---- the inspection's own book

typedef struct made {
    int64_t left_us;  // when its machine was done, since 1970
    int mill;
    bool gauged;
} made;

typedef struct book {
    played_line *p;
    FILE *file;  // NULL: it is not kept
    uint32_t lots[MILLS], gauge, pack, arrived;
    char in[MILLS][64];  // the lot in each mill
    made of[LOTS];
    int good, bad;
} book;

static int number_of(const char *lot) {
    const char *dash = strrchr(lot, '-');
    const int number = dash != NULL ? atoi(dash + 1) : 0;
    return number < LOTS ? number : 0;
}

static void put_time(FILE *file, int64_t us) {
    const time_t at = (time_t)(us / 1000000);
    struct tm tm;
    char text[40];
    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(file, "%s", text);
}

// What was found of a lot is about the machine that made it, at the time when it did.
static void found(book *b, const char *lot, int64_t now_us, bool is_bad) {
    made *m = &b->of[number_of(lot)];
    if (b->file != NULL && lot[0] != '\0' && m->gauged && m->left_us > 0) {
        put_time(b->file, m->left_us);
        fprintf(b->file, ",%s,%s,", mills[m->mill], is_bad ? "bad" : "good");
        put_time(b->file, now_us + 60000000);
        fprintf(b->file, "\n");
        b->good += !is_bad;
        b->bad += is_bad;
    }
    m->gauged = false;
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    book *b = context;
    char text[128] = "";
    if (value->kind != LS_VALUE_TEXT) {
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)value->size, value->value.text);
    for (int i = 0; i < MILLS; i++) {
        if (signal == b->lots[i]) {
            if (b->in[i][0] != '\0') {
                b->of[number_of(b->in[i])] = (made){.left_us = value->time_us, .mill = i};
            }
            found(b, text, value->time_us, true);  // it is made anew
            snprintf(b->in[i], sizeof b->in[i], "%.63s", text);
        }
    }
    if (signal == b->gauge && text[0] != '\0') {
        b->of[number_of(text)].gauged = true;
    } else if (signal == b->pack && text[0] != '\0') {
        found(b, text, value->time_us, false);
    }
    char *blank = strchr(text, ' ');
    if (signal == b->arrived && blank != NULL && strncmp(blank, " station=gauge", 14) != 0) {
        const bool is_bad = strncmp(blank, " station=mill", 13) == 0;
        *blank = '\0';
        found(b, text, value->time_us, is_bad);
    }
}

static void open_book(book *b, played_line *p, bool writes) {
    char path[340];
    memset(b, 0, sizeof *b);
    b->p = p;
    for (int i = 0; i < MILLS; i++) {
        b->lots[i] = ls_emulate_find(p->line, mills[i], "Lots");
    }
    b->arrived = ls_emulate_find(p->line, "line", "Arrived");
    b->gauge = ls_emulate_find(p->line, "gauge-1", "Lots");
    b->pack = ls_emulate_find(p->line, "pack-1", "Lots");
    snprintf(path, sizeof path, "%s/inspection.csv", p->folder);
    b->file = writes ? fopen(path, "w") : NULL;
    if (b->file != NULL) {
        fprintf(b->file, "time,unit,value,known\n");
    }
    p->told = on_told;
    p->context = b;
}

// ---- sorting

typedef struct tally {
    int asked, passed, reworked, refused;
} tally;

// What is best for the lots that wait now; true: something was done, and there may be more to do.
static bool sort_once(played_line *p, ls_decider *decider, tally *t) {
    json_t *rows = NULL;
    ls_error err = {0};
    const ls_once_def def = {0};
    char argument[100] = "";
    CHECK_INT(ls_decisions_once(&p->intake, decider, &def, &rows, &err), LS_OK);
    const json_t *row = json_array_get(rows, 0);
    const json_t *chosen = json_array_get(
        json_object_get(row, "candidates"),
        (size_t)json_integer_value(json_object_get(row, "chosen")));
    const json_t *act = json_array_get(json_object_get(chosen, "acts"), 0);
    const char *lot = json_string_value(json_object_get(act, "value"));
    const char *way = json_string_value(json_object_get(act, "way"));
    t->asked += row != NULL;
    if (lot != NULL && way != NULL) {
        snprintf(argument, sizeof argument, "%.60s %.20s", lot, way);
        t->passed += strcmp(way, "pass") == 0;
        t->reworked += strcmp(way, "rework") == 0;
    }
    json_decref(rows);
    if (argument[0] == '\0') {
        return false;
    }
    const bool done = played_command(p, "gauge-1", "dispatch", argument) == 0;
    t->refused += !done;
    return done;
}

static int64_t waiting(const played_line *p) {
    return ls_emulate_value(p->line, ls_emulate_find(p->line, "queues", "gauge"))->value.integer;
}

// One step of the line; where a lot has come to the gauge, what waits there is sorted.
static void go_on(played_line *p, ls_decider *decider, int64_t until_us, int64_t *seen, tally *t) {
    played_run(p, until_us);
    const int64_t now = waiting(p);
    if (decider != NULL && now > 0 && now != *seen) {
        CHECK(played_await_models(p, "bad", mills, MILLS));
        while (waiting(p) > 0 && sort_once(p, decider, t)) {
        }
    }
    *seen = waiting(p);
}

// Costs of each block, by the line's own state.
static void play(played_line *p, ls_decider *decider, double costs[BLOCKS], ls_amounts *out_all,
                 tally *t) {
    double weights[LS_TERM_COUNT];
    int64_t at = ls_emulate_now(p->line), seen = 0;
    const ls_twin *twin = ls_emulate_twin(p->line);
    ls_cost_weights(&p->plant->decide, weights);
    ls_amounts before = ls_amounts_read(twin, ls_emulate_state(p->line), at);
    const ls_amounts first = before;
    for (int b = 0; b < BLOCKS; b++) {
        for (int64_t s = 0; s < BLOCK_H * HOUR_US; s += STEP_US) {
            at += STEP_US;
            go_on(p, decider, at, &seen, t);
        }
        const ls_amounts now = ls_amounts_read(twin, ls_emulate_state(p->line), at);
        const ls_amounts spent = ls_amounts_between(&before, &now);
        costs[b] = ls_cost_of(weights, &spent);
        before = now;
    }
    *out_all = ls_amounts_between(&first, &before);
}

static void note(const char *name, const ls_amounts *a) {
    harness_note("%s: %.1f lot h, %.0f inspections, %.0f to rework, %.2f bad ones went out", name,
                 a->of[LS_TERM_CYCLE_TIME], a->of[LS_TERM_INSPECTIONS], a->of[LS_TERM_REWORK],
                 a->of[LS_TERM_ESCAPES]);
}

// ---- the test

static bool learn(played_line *p) {
    static book b;
    char line[1500];
    open_book(&b, p, true);
    if (!played_open_service(p, false)) {
        return false;
    }
    for (int hour = 1; hour <= LEARN_H; hour++) {
        played_run(p, hour * HOUR_US);
    }
    played_close_service(p);
    fclose(b.file);
    p->told = NULL;
    harness_note("%d good, %d bad", b.good, b.bad);
    CHECK(b.bad > 80 && b.good > 300);
    snprintf(line, sizeof line, "model train %s:bad --history %s --models %s", p->file, p->history,
             p->models);
    program done = program_run(line);
    harness_note("%s%s", done.out, done.err);
    CHECK_INT(done.code, 0);
    CHECK_CONTAINS(done.out, "version 1: champion");
    const bool serves = done.code == 0;
    program_clear(&done);
    return serves;
}

static void test_lots_are_sorted_by_a_quality_that_nobody_sees(void) {
    static played_line sorted, plain;
    double with[BLOCKS], without[BLOCKS];
    ls_amounts all[2];
    tally t = {0}, none = {0};
    ls_error err = {0};
    if (!program_is_there()) {
        return;
    }
    if (played_begin(&sorted, form, hidden, 4) && learn(&sorted) &&
        played_open_service(&sorted, true)) {
        ls_decider *decider = NULL;
        const ls_running *running = &sorted.intake.running;
        const ls_decider_def def = ls_decider_def_default();
        CHECK_INT(ls_decider_create(running->plant, running->twin, &def, &decider, &err), LS_OK);
        play(&sorted, decider, with, &all[0], &t);
        ls_decider_destroy(decider);
        played_close_service(&sorted);
        // The same line, left to its own rule.
        if (played_begin(&plain, form, hidden, 4)) {
            played_run(&plain, LEARN_H * HOUR_US);
            play(&plain, NULL, without, &all[1], &none);
        }
        const ls_interval saved = ls_stat_paired(with, without, BLOCKS, 0.95);
        note("sorted", &all[0]);
        note("by its own rule", &all[1]);
        harness_note("asked %d times: %d passed on, %d to rework, %d refused", t.asked, t.passed,
                     t.reworked, t.refused);
        harness_note("saved %.1f EUR an hour (95 %%: %.1f to %.1f)", saved.mean / BLOCK_H,
                     saved.low / BLOCK_H, saved.high / BLOCK_H);
        CHECK(saved.low > 0.0);
        CHECK(t.passed > 50);
        CHECK(t.refused == 0);
        CHECK(all[0].of[LS_TERM_ESCAPES] < 0.1 * t.passed);  // one in five is bad on average
        played_end(&plain);
    }
    played_end(&sorted);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_say_set_level(LS_LOG_ERROR);
    TEST(test_lots_are_sorted_by_a_quality_that_nobody_sees);
    program_remove_temporary();
    return harness_report();
}
