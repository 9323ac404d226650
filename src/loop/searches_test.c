// searches_test.c - when a long search is asked for, and that its result counts for its plant
// alone.
#include "loop/searches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "exec/testing/own_pool_at.h"
#include "import/plant_file.h"
#include "loop/decisions_inside.h"
#include "loop/json_value.h"
#include "tests/harness.h"
#include "twin/twin.h"

static ls_error err;

static const char form[] =
    "plant: cell\n"
    "stations:\n"
    "  mill: {process: {a: lognormal 20 s sd 2 s, b: lognormal 60 s sd 6 s}}\n"
    "products:\n"
    "  a: {route: [mill], release: {every: exp 90 s}}\n"
    "  b: {route: [mill], release: {every: exp 140 s}}\n"
    "decide: {objective: %s, dispatch: {at: mill}}\n";

typedef struct world {
    own_pool_at at;
    char file[128], result[160];
    ls_journal *journal;
    ls_errands *errands;
    ls_errand_kind kind;
    ls_searches *searches;
    ls_plant *plant;
    ls_twin *twin;
    ls_decisions decisions;  // decides nothing: what it is offered is not wanted
} world;

static void use_plant(world *w, const char *objective) {
    char text[1024];
    ls_errors errors;
    ls_errors_init(&errors);
    ls_twin_destroy(w->twin);
    ls_plant_destroy(w->plant);
    w->twin = NULL;
    w->plant = NULL;
    snprintf(text, sizeof text, form, objective);
    CHECK_INT(ls_file_write(w->file, text, strlen(text), &err), LS_OK);
    CHECK_INT(ls_plant_file_read(w->file, &w->plant, &errors), LS_OK);
    CHECK_INT(ls_twin_create(w->plant, &w->twin, &err), LS_OK);
    ls_errors_clear(&errors);
}

// A service with these folders begins.
static void begin(world *w) {
    CHECK(own_pool_at_open(&w->at, 1));
    CHECK_INT(ls_searches_create(w->file, w->at.folder, &w->searches, &err), LS_OK);
    w->kind = ls_searches_kind(w->searches);
    char folder[128];
    snprintf(folder, sizeof folder, "%s/errands", w->at.folder);
    const ls_errands_def def = {.folder = folder,
                                .tenant = w->at.tenant,
                                .journal = w->journal,
                                .program = getenv("LINESHAFT_PROGRAM"),
                                .kinds = &w->kind,
                                .kind_count = 1,
                                .pause_us = 20000};
    CHECK_INT(ls_errands_open(&def, &w->errands, &err), LS_OK);
    ls_searches_begin(w->searches, w->errands);
}

static void end(world *w) {
    ls_errands_close(w->errands);
    ls_searches_destroy(w->searches);
    own_pool_at_close(&w->at);
}

static bool make(world *w) {
    memset(w, 0, sizeof *w);
    if (getenv("LINESHAFT_PROGRAM") == NULL) {
        harness_skip("no program");
        return false;
    }
    ls_say_set_level(LS_LOG_ERROR);
    CHECK(own_pool_at_make(&w->at));
    CHECK_INT(ls_journal_create(NULL, &w->journal, &err), LS_OK);
    snprintf(w->file, sizeof w->file, "%s/cell.yaml", w->at.folder);
    snprintf(w->result, sizeof w->result, "%s/search/result.json", w->at.folder);
    use_plant(w, "cycle-time");
    begin(w);
    return true;
}

static void unmake(world *w) {
    end(w);
    ls_journal_destroy(w->journal);
    ls_twin_destroy(w->twin);
    ls_plant_destroy(w->plant);
    own_pool_at_remove(&w->at);
}

static void tick(world *w, int times) {
    for (int i = 0; i < times; i++) {
        ls_searches_tick(w->searches, w->plant, w->twin, &w->decisions);
    }
}

static uint32_t underway(world *w) {
    return ls_errands_describe(w->errands).underway;
}

static bool until_over(world *w) {
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 3000 && underway(w) > 0; i++) {
        nanosleep(&pause, NULL);
    }
    return underway(w) == 0;
}

static void test_a_search_is_asked_for_once_for_each_plant(void) {
    world w;
    if (!make(&w)) {
        return;
    }
    tick(&w, LS_SEARCH_TICKS - 1);
    CHECK_INT(underway(&w), 0);  // not while it begins
    tick(&w, 1);
    CHECK_INT(underway(&w), 1);
    tick(&w, 10);
    CHECK(until_over(&w));
    tick(&w, 2 * LS_SEARCH_TICKS);
    CHECK_INT(ls_errands_describe(w.errands).done, 1);
    CHECK_INT(underway(&w), 0);
    json_t *result = json_load_file(w.result, 0, NULL);
    char key[LS_SEARCH_KEY];
    ls_search_key(w.plant, w.twin, key);
    CHECK_STR(ls_json_text_at(result, "format"), "decide-base/1");
    CHECK_STR(ls_json_text_at(result, "model"), key);
    CHECK_STR(ls_json_text_at(result, "base"), "spt");  // the textbook's, for a single machine
    CHECK(ls_json_number_at(result, "low") > 0.0);
    json_decref(result);
    end(&w);
    begin(&w);  // the result is there
    tick(&w, 2 * LS_SEARCH_TICKS);
    CHECK_INT(underway(&w), 0);
    use_plant(&w, "throughput");  // another objective: the result does not count for it
    tick(&w, LS_SEARCH_TICKS);
    CHECK_INT(underway(&w), 1);
    CHECK(until_over(&w));
    unmake(&w);
}

static void test_a_result_that_cannot_be_is_none(void) {
    static const char *const results[] = {
        "", "[]", "{\"format\": \"decide-base/2\"}",
        "{\"format\": \"decide-base/1\", \"model\": \"0000000000000000-0000000000000000\"}"};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        world w;
        if (!make(&w)) {
            return;
        }
        CHECK_INT(ls_file_write(w.result, results[i], strlen(results[i]), &err), LS_OK);
        tick(&w, LS_SEARCH_TICKS);
        harness_note("%s", results[i]);
        CHECK_INT(underway(&w), 1);
        CHECK(until_over(&w));
        unmake(&w);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_search_is_asked_for_once_for_each_plant);
    TEST(test_a_result_that_cannot_be_is_none);
    return harness_report();
}
