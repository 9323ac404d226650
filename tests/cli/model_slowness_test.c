// model_slowness_test.c - machines that slow down as their tools wear: a model learns process times
// from days of such a line, and on days that it has not seen the twin's forecasts are better with
// what it says than without.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/statistics.h"
#include "base/text.h"
#include "line/emulate.h"
#include "loop/models.h"
#include "loop/say.h"
#include "loop/told.h"
#include "loop/watch.h"
#include "tests/cli/program.h"
#include "tests/harness.h"
#include "twin/twin.h"

#define HOUR_US INT64_C(3600000000)
enum { LEARN_H = 72, TEST_H = 48, FUTURES = 40, BATCH = 256, NAME_SIZE = 256 };

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
    char folder[300], file[320], models[320], history[320];
    ls_plant *plant;  // of the line
    ls_hide *hide;
    ls_emulate *line;
    ls_tags *tags;
    ls_intake intake;
    ls_sink sink;
    ls_journal *journal;
    ls_watch *watch;
    ls_models *service;
    uint32_t *tag_of;
    ls_sample batch[BATCH];
    char texts[BATCH][128];
    size_t count;
    FILE *times;
    uint64_t facts;
} stage;

// ---- the line, heard

static void flush(stage *s) {
    if (s->count > 0) {
        CHECK(s->sink.heard(s->sink.context, s->batch, s->count));
        s->count = 0;
    }
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    stage *s = context;
    if (s->tag_of == NULL) {
        return;
    }
    ls_sample *to = &s->batch[s->count];
    *to = *value;
    to->tag = s->tag_of[signal];
    if (value->kind == LS_VALUE_TEXT) {
        CHECK(value->size < sizeof s->texts[0]);
        memcpy(s->texts[s->count], value->value.text, value->size);
        to->value.text = s->texts[s->count];
    }
    s->count++;
    if (s->count == BATCH) {
        flush(s);
    }
}

// Each operation becomes a row of the file of labels.
static void on_fact(void *context, const ls_fact *fact) {
    stage *s = context;
    if (fact->kind != LS_FACT_PROCESS || fact->censored || fact->inferred || s->times == NULL) {
        return;
    }
    const int64_t at_s = (s->plant->start_us + fact->time_us) / 1000000;
    const time_t at = (time_t)at_s;
    struct tm tm;
    char text[40];
    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(s->times, "%s,%s,%.3f\n", text, s->plant->machines[fact->machine].name,
            fact->value * 1e-6);
    s->facts++;
}

static bool name_tags(stage *s) {
    ls_error err = {0};
    const uint32_t count = ls_emulate_signal_count(s->line);
    uint32_t *tag_of = ls_alloc(count * sizeof *tag_of);
    for (uint32_t i = 0; tag_of != NULL && i < count; i++) {
        const ls_emulate_signal *signal = ls_emulate_signal_get(s->line, i);
        char name[NAME_SIZE];
        const size_t size = ls_text_format(name, sizeof name, "%s/%s/%s%s%s",
                                           ls_emulate_group(s->line), ls_emulate_node(s->line),
                                           signal->device != NULL ? signal->device : "",
                                           signal->device != NULL ? "/" : "", signal->name);
        CHECK_INT(ls_tags_add(s->tags, name, size, &tag_of[i], &err), LS_OK);
        ls_tags_declare(s->tags, tag_of[i], signal->kind, signal->unit);
    }
    s->tag_of = tag_of;
    return tag_of != NULL;
}

// A history, a follower and its facts; the line tells all that it is.
static bool open_service(stage *s, bool with_models) {
    ls_error err = {0};
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    ls_history_def keep = ls_history_def_default();
    keep.store = s->history;
    bool fine = ls_tags_create(&s->tags, &err) == LS_OK &&
                ls_intake_init(&s->intake, &err) == LS_OK &&
                ls_history_open(&keep, s->tags, &s->intake.history, &err) == LS_OK &&
                ls_running_read(s->file, &plant, &errors) == LS_OK && name_tags(s);
    s->intake.tags = s->tags;
    s->intake.follow_def = ls_follow_def_default();
    fine = fine && ls_running_make(plant, s->tags, &s->intake.running, &err) == LS_OK &&
           ls_journal_create(s->intake.history, &s->journal, &err) == LS_OK &&
           ls_watch_open(&s->intake, s->journal, &s->watch, &err) == LS_OK;
    if (fine) {
        ls_watch_listen(s->watch, on_fact, s);
        s->sink = ls_intake_sink(&s->intake);
    }
    if (fine && with_models) {
        const ls_models_def def = {
            .intake = &s->intake, .journal = s->journal, .folder = s->models, .plant = s->file};
        fine = ls_models_open(&def, &s->service, &err) == LS_OK;
    }
    harness_note("%s%s", err.text, errors.count > 0 ? errors.items[0].text : "");
    CHECK(fine);
    for (uint32_t i = 0; fine && i < ls_emulate_signal_count(s->line); i++) {
        on_told(s, i, ls_emulate_value(s->line, i));
    }
    if (fine) {
        ls_emulate_tell_lots(s->line);
        flush(s);
    }
    ls_errors_clear(&errors);
    return fine;
}

static void close_service(stage *s) {
    flush(s);
    ls_models_close(s->service);
    ls_watch_close(s->watch);
    ls_journal_destroy(s->journal);
    ls_error err = {0};
    CHECK_INT(ls_history_close(s->intake.history, &err), LS_OK);
    ls_intake_clear(&s->intake);
    ls_tags_destroy(s->tags);
    ls_free(s->tag_of);
    s->tag_of = NULL;
    s->service = NULL;
}

static bool begin(stage *s) {
    ls_error err = {0};
    ls_errors errors;
    *s = (stage){.count = 0};
    ls_errors_init(&errors);
    snprintf(s->file, sizeof s->file, "%s", program_temporary("plant.yaml"));
    snprintf(s->folder, sizeof s->folder, "%.*s", (int)(strrchr(s->file, '/') - s->file), s->file);
    snprintf(s->models, sizeof s->models, "%s/models", s->folder);
    snprintf(s->history, sizeof s->history, "%s/history", s->folder);
    char times[340];
    snprintf(times, sizeof times, "%s/times.csv", s->folder);
    bool fine = ls_file_write(s->file, form, strlen(form), &err) == LS_OK &&
                (s->times = fopen(times, "w")) != NULL &&
                fprintf(s->times, "time,unit,value\n") > 0;
    fine = fine && ls_running_read(s->file, &s->plant, &errors) == LS_OK &&
           ls_hide_read(s->plant, hidden, strlen(hidden), "hidden.yaml", &s->hide, &errors) ==
               LS_OK;
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = 3;
    def.hide = s->hide;
    def.hide_file = "hidden.yaml";
    def.told = on_told;
    def.context = s;
    fine = fine && ls_emulate_create(s->plant, &def, &s->line, &err) == LS_OK;
    harness_note("%s%s", err.text, errors.count > 0 ? errors.items[0].text : "");
    ls_errors_clear(&errors);
    CHECK(fine);
    return fine;
}

static void end(stage *s) {
    ls_emulate_destroy(s->line);
    ls_hide_destroy(s->hide);
    ls_plant_destroy(s->plant);
    if (s->times != NULL) {
        fclose(s->times);
    }
}

static void run_until(stage *s, int64_t until_us) {
    ls_error err = {0};
    CHECK_INT(ls_emulate_run(s->line, until_us, &err), LS_OK);
    flush(s);
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
                    ls_models_latest(s->service, "pace", s->plant->machines[item->machine].name,
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
    const ls_running *running = &s->intake.running;
    const ls_twin *twin = running->twin;
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &present, &err), LS_OK);
    pthread_mutex_lock(&s->intake.lock);
    CHECK(running->follow != NULL);
    ls_follow_fork(running->follow, 1, 0, present);
    pthread_mutex_unlock(&s->intake.lock);
    const expected without = expect(twin, present);
    const uint64_t silent = ls_snapshot_hash(present);
    ls_told_open(&told, &s->intake, running->plant, twin);
    CHECK(tell(s, &told, present));
    bool says = false;
    for (uint32_t k = 0; k < told.count; k++) {
        says = says || (told.items[k].mode == LS_NONE && told.items[k].known == LS_TOLD_KNOWN);
    }
    CHECK((ls_snapshot_hash(present) != silent) || !says);
    const expected with = expect(twin, present);
    ls_told_close(&told);
    ls_snapshot_destroy(present);
    const uint64_t before = ls_emulate_describe(s->line).done;
    run_until(s, at_us + HOUR_US);
    const double really = (double)(ls_emulate_describe(s->line).done - before);
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
            run_until(&s, hour * HOUR_US);
        }
        close_service(&s);
        fclose(s.times);
        s.times = NULL;
        CHECK(s.facts > 4000);
        snprintf(line, sizeof line, "model train %s:pace --history %s --models %s", s.file,
                 s.history, s.models);
        program done = program_run(line);
        harness_note("%s%s", done.out, done.err);
        CHECK_INT(done.code, 0);
        CHECK_CONTAINS(done.out, "version 1: champion");
        program_clear(&done);
        if (open_service(&s, true)) {
            tally t = {.count = 0};
            run_until(&s, (LEARN_H + 1) * HOUR_US);
            for (int hour = 1; hour <= TEST_H; hour++) {
                score(&s, (LEARN_H + hour) * HOUR_US, &t);
            }
            const double n = t.count;
            double mean = 0.0, square = 0.0;
            for (int i = 0; i < t.count; i++) {
                mean += t.less[i] / n;
                square += t.less[i] * t.less[i] / n;
            }
            const double error = sqrt((square - mean * mean) / (n - 1.0));
            const double wide = ls_stat_t_quantile(0.975, n - 1.0) * error;
            harness_note(
                "lots an hour, %d forecasts: off by %.2f with the model, by %.2f without: "
                "%.2f less (95 %%: %.2f to %.2f); %d of 90 %% intervals held; told in %d",
                t.count, t.with / n, t.without / n, mean, mean - wide, mean + wide, t.inside,
                t.told);
            CHECK(mean - wide > 0.0);
            CHECK(t.with < 0.75 * t.without);
            CHECK(t.told > t.count * 3 / 4);
            close_service(&s);
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
