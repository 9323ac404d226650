// watch_test.c - threads beside the intake: alarms of drift, scored forecasts, orders of people.
#include "loop/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "loop/desk.h"
#include "loop/say.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

static void pause_ms(int ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

// The plant file says 60 s; the line takes twice as long. That reaches the journal, and forecasts
// are made meanwhile and set beside what happened.
static void test_drift_is_told_and_forecasts_are_scored(void) {
    bench b;
    ls_journal *journal = NULL;
    ls_watch *watch = NULL;
    ls_error err = {0};
    bench_open(&b, "");
    CHECK_INT(ls_journal_create(b.intake.history, &journal, &err), LS_OK);
    CHECK_INT(ls_watch_open(&b.intake, journal, &watch, &err), LS_OK);
    bench_number(&b, "g/n/saw-2/State", 0, 4);
    ls_watch_figures figures = {0};
    for (int i = 0; i < 400 && (figures.scored < 3 || figures.drifts == 0); i++) {
        bench_lot(&b, i, 120 + (i * 7 % 10));
        if (i % 4 == 0) {
            pause_ms(60);  // the watch looks five times a second
        }
        figures = ls_watch_describe(watch);
    }
    CHECK(figures.facts > 50);
    CHECK(figures.drifts >= 1);
    CHECK(figures.forecasts >= 3);
    CHECK(figures.scored >= 3);
    CHECK(figures.crps_output >= 0.0);
    json_t *object = json_object();
    ls_watch_json(watch, object);
    CHECK(json_array_size(json_object_get(object, "drifts")) >= 1);
    const json_t *forecast = json_object_get(object, "forecast");
    CHECK(json_integer_value(json_object_get(forecast, "made")) >= 3);
    json_decref(object);
    CHECK_CONTAINS(bench_events(&b), "drift|process of step saw of x|");
    CHECK_CONTAINS(bench_events(&b), "\"ratio\": ");
    ls_watch_close(watch);  // its thread looks at the plant
    ls_journal_destroy(journal);
    bench_close(&b);
}

// ---- the desk

static bool wait_for(ls_desk *desk, uint64_t taken, uint64_t notes, uint64_t aside) {
    bool there = false;
    for (int i = 0; i < 100 && !there; i++) {
        const ls_orders_figures figures = ls_desk_describe(desk);
        there = figures.taken >= taken && figures.notes >= notes && figures.set_aside >= aside;
        pause_ms(there ? 0 : 50);
    }
    return there;
}

static void drop(const bench *b, const char *folder, const char *text) {
    char path[128], begun[128];
    snprintf(path, sizeof path, "%s/%s/one.csv", b->folder, folder);
    snprintf(begun, sizeof begun, "%s/one.csv", b->folder);
    FILE *file = fopen(begun, "we");
    CHECK(file != NULL);
    if (file != NULL) {
        fputs(text, file);
        fclose(file);
        CHECK_INT(rename(begun, path), 0);  // whole from the first look on
    }
}

static void test_orders_and_notes_come_in_on_a_thread(void) {
    bench b;
    ls_journal *journal = NULL;
    ls_desk *desk = NULL;
    ls_error err = {0};
    bench_open(&b, "");
    CHECK_INT(ls_journal_create(b.intake.history, &journal, &err), LS_OK);
    CHECK_INT(ls_desk_open(b.intake.running.plant, b.folder, &b.intake, journal, &desk, &err),
              LS_OK);
    bench_number(&b, "g/n/saw-1/State", 100, 9);
    ls_desk_put(desk, "g/n/line/Order", "order=W1 product=x lots=3", 25);
    ls_desk_put(desk, "g/n/line/Order", "order=W2 product=y", 18);
    drop(&b, "notes",
         "machine,reason,scrap,time,text,by\nsaw-1,blade,2,2026-01-05T00:01:40,,\n"
         "saw-1,,1,,\"burr, as on Monday\",kim\n");
    CHECK(wait_for(desk, 1, 2, 1));
    const char *events = bench_events(&b);
    CHECK_CONTAINS(events, "order|W1|order W1: 3 lots of x, from ");
    CHECK_CONTAINS(events, "\"lots\":3");
    CHECK_CONTAINS(events, "set-aside|");
    CHECK_CONTAINS(events, "note|saw-1|saw-1: blade, 2 parts scrapped, said by a person");
    CHECK_CONTAINS(events, "saw-1: 1 parts scrapped, said by kim: burr, as on Monday");
    ls_desk_close(desk);
    ls_journal_destroy(journal);
    bench_close(&b);
}

// More than fits, and too long: told, and the rest goes on. What is queued at the end is read.
static void test_a_flood_of_orders_is_bounded(void) {
    static char large[70000];
    bench b;
    ls_journal *journal = NULL;
    ls_desk *desk = NULL;
    ls_error err = {0};
    char text[64];
    bench_open(&b, "");
    CHECK_INT(ls_journal_create(b.intake.history, &journal, &err), LS_OK);
    CHECK_INT(ls_desk_open(b.intake.running.plant, b.folder, &b.intake, journal, &desk, &err),
              LS_OK);
    memset(large, 'x', sizeof large);
    ls_desk_put(desk, "g/n/line/Order", large, sizeof large);
    for (int i = 0; i < 2000; i++) {
        const int size = snprintf(text, sizeof text, "order=W%d product=x", i);
        ls_desk_put(desk, "g/n/line/Order", text, (size_t)size);
    }
    ls_desk_close(desk);
    ls_desk_close(NULL);
    ls_journal_destroy(journal);
    CHECK_CONTAINS(bench_events(&b), "set-aside|g/n/line/Order|an order was not taken");
    CHECK_CONTAINS(bench_events(&b), "order|W0|");
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_say_set_level(LS_LOG_ERROR);
    TEST(test_drift_is_told_and_forecasts_are_scored);
    TEST(test_orders_and_notes_come_in_on_a_thread);
    TEST(test_a_flood_of_orders_is_bounded);
    return harness_report();
}
