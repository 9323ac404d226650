// keeper_test.c - the twin over restarts: saved, damaged, of another plant, caught up from history.
#include "loop/keeper.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "line/emulate.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"
#include "twin/twin.h"

#define HOUR (3600 * BENCH_S)

// ---- what an emulated line says in some hours, remembered

typedef struct said {
    const char *tag;
    ls_sample sample;
} said;

typedef struct recording {
    ls_arena arena;
    ls_emulate *line;
    ls_plant *plant;
    said *all;
    size_t count, capacity;
} recording;

static const char plant_text[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  a: {machines: 2, process: lognormal 200 s sd 20 s, fails: {name: jam, every: exp 2 h, "
    "repair: gamma 8 min sd 3 min}}\n"
    "  b: {process: 100 s, per: lot, load: 10 s}\n"
    "  c: {machines: 3, process: gamma 6 min sd 1 min}\n"
    "products:\n"
    "  x: {route: [a, b, {at: c, scrap: 5 %}], release: {every: exp 4 min}}\n"
    "listen: {sparkplug: {group: g, nodes: [n]}}\n";

static ls_plant *plant_of(const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    if (ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err) != LS_OK) {
        printf("%s\n", err.text);
        exit(1);
    }
    return plant;
}

static const char *tag_name(recording *r, uint32_t signal) {
    char name[256];
    const ls_emulate_signal *of = ls_emulate_signal_get(r->line, signal);
    snprintf(name, sizeof name, "g/n/%s%s%s", of->device != NULL ? of->device : "",
             of->device != NULL ? "/" : "", of->name);
    return ls_arena_text(&r->arena, name, strlen(name));
}

static void remember(void *context, uint32_t signal, const ls_sample *value) {
    recording *r = context;
    if (r->line == NULL) {
        return;  // what is told while the line is made
    }
    if (r->count == r->capacity) {
        r->capacity = r->capacity * 2 + 4096;
        r->all = realloc(r->all, r->capacity * sizeof *r->all);
    }
    said *one = r->all + r->count++;
    *one = (said){.tag = tag_name(r, signal), .sample = *value};
    if (value->kind == LS_VALUE_TEXT) {
        one->sample.value.text = ls_arena_text(&r->arena, value->value.text, value->size);
    }
}

static void record(recording *r, int64_t for_us) {
    ls_emulate_def def = ls_emulate_def_default();
    ls_error err = {0};
    ls_emulate *line = NULL;
    memset(r, 0, sizeof *r);
    ls_arena_init(&r->arena);
    r->plant = plant_of(plant_text);
    def.seed = 11;
    def.told = remember;
    def.context = r;
    CHECK_INT(ls_emulate_create(r->plant, &def, &line, &err), LS_OK);
    r->line = line;
    CHECK_INT(ls_emulate_run(line, for_us, &err), LS_OK);
    CHECK(r->count > 500);
}

static void forget(recording *r) {
    ls_emulate_destroy(r->line);
    ls_plant_destroy(r->plant);
    ls_arena_clear(&r->arena);
    free(r->all);
}

// ---- a service's middle over a folder

static void make_running(bench *b, const char *text) {
    ls_error err = {0};
    ls_plant *plant = plant_of(text);
    b->zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, b->tags, &b->intake.running, &err), LS_OK);
}

static void begin(bench *b) {
    memset(b, 0, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/ls-keeper-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    bench_open_history(b);
    make_running(b, plant_text);
}

static uint64_t restart(bench *b, const char *text, int64_t catch_up_us) {
    uint64_t again = 0;
    ls_error err = {0};
    bench_close_history(b);
    bench_open_history(b);
    make_running(b, text);
    CHECK_INT(ls_keeper_restore(&b->intake, catch_up_us, &again, &err), LS_OK);
    harness_note("%s", err.text);
    return again;
}

static void hear(bench *b, const recording *r, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        ls_sample sample = r->all[i].sample;
        const char *tag = r->all[i].tag;
        CHECK_INT(ls_tags_add(b->tags, tag, strlen(tag), &sample.tag, NULL), LS_OK);
        CHECK(b->sink.heard(b->sink.context, &sample, 1));
    }
}

static uint64_t hash_of(const bench *b) {
    const ls_follow *follow = b->intake.running.follow;
    return follow != NULL ? ls_state_hash(b->intake.running.twin->model, ls_follow_state(follow))
                          : 0;
}

// ---- the tests

static recording line;

// Stopped three times, each time some signals after it was saved: the same as never stopped.
static void test_the_state_is_that_of_one_that_never_stopped(void) {
    bench one;
    bench other;
    ls_error err = {0};
    begin(&one);
    begin(&other);
    hear(&one, &line, 0, line.count);
    for (size_t part = 0; part < 4; part++) {
        const size_t from = line.count * part / 4;
        const size_t to = line.count * (part + 1) / 4;
        const size_t saved = from + (to - from) * 2 / 3;
        hear(&other, &line, from, saved);
        CHECK_INT(ls_keeper_save(&other.intake, &err), LS_OK);
        hear(&other, &line, saved, to);
        const uint64_t before = hash_of(&other);
        const int64_t now = ls_follow_now(other.intake.running.follow);
        CHECK(restart(&other, plant_text, HOUR) > 100);
        CHECK(ls_follow_now(other.intake.running.follow) == now);
        CHECK(hash_of(&other) == before);
    }
    CHECK(hash_of(&one) != 0);
    CHECK(hash_of(&one) == hash_of(&other));
    const ls_follow_figures a = ls_follow_describe(one.intake.running.follow);
    const ls_follow_figures b = ls_follow_describe(other.intake.running.follow);
    CHECK_INT(b.done, a.done);
    CHECK_INT(b.lots, a.lots);
    CHECK_INT(b.divergences[LS_DIVERGE_CONTRADICTED], a.divergences[LS_DIVERGE_CONTRADICTED]);
    CHECK_INT(b.divergences[LS_DIVERGE_LATE], 0);
    bench_close(&one);
    bench_close(&other);
}

static void test_without_a_save_the_history_is_heard(void) {
    bench b;
    begin(&b);
    hear(&b, &line, 0, line.count);
    const uint64_t before = hash_of(&b);
    CHECK(restart(&b, plant_text, 100 * HOUR) > 0);
    CHECK(hash_of(&b) == before);
    bench_close(&b);
}

static void test_only_the_stretch_asked_for_is_heard(void) {
    bench b;
    begin(&b);
    hear(&b, &line, 0, line.count);
    const uint64_t whole = restart(&b, plant_text, 100 * HOUR);
    const uint64_t last = restart(&b, plant_text, HOUR / 2);
    CHECK(last > 10);
    CHECK(last < whole / 4);
    bench_close(&b);
}

static void check_refused(bench *b, int64_t at_us, int64_t catch_up_us, const char *text,
                          const char *hint) {
    ls_error err = {0};
    uint64_t again = 0;
    CHECK_INT(ls_keeper_restore_at(&b->intake, at_us, catch_up_us, &again, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, text);
    CHECK_CONTAINS(err.hint, hint);
    CHECK(b->intake.running.follow == NULL);
}

// On both sides it is said where the history begins and ends.
static void test_a_time_outside_of_the_history_is_refused(void) {
    bench b;
    begin(&b);
    check_refused(&b, b.zero_us, HOUR, "nothing has been heard", "");
    hear(&b, &line, 0, line.count);
    (void)hash_of(&b);
    bench_close_history(&b);
    bench_open_history(&b);
    make_running(&b, plant_text);
    check_refused(&b, b.zero_us + 10000 * HOUR, HOUR, "lies after the end of the history",
                  "the history goes from 2026-01-05T00:00:1");
    check_refused(&b, b.zero_us - HOUR, HOUR,
                  "2026-01-04T23:00:00 lies before the beginning of the history",
                  " to 2026-01-05T");
    ls_history_figures figures = {0};
    ls_error err = {0};
    CHECK_INT(ls_history_describe(b.intake.history, &figures, &err), LS_OK);
    check_refused(&b, figures.last_us + HOUR / 2, HOUR / 4, "comes after a silence",
                  "'--catch-up' hears more");
    uint64_t again = 0;
    CHECK_INT(ls_keeper_restore_at(&b.intake, figures.last_us + HOUR / 2, HOUR, &again, &err),
              LS_OK);
    CHECK(again > 10);
    bench_close(&b);
}

static void test_an_empty_history_is_a_first_start(void) {
    bench b;
    ls_error err = {0};
    uint64_t again = 7;
    begin(&b);
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_OK);  // nothing to save
    CHECK_INT(ls_keeper_restore(&b.intake, HOUR, &again, &err), LS_OK);
    CHECK_INT(again, 0);
    CHECK(b.intake.running.follow == NULL);
    bench_close(&b);
}

// With the clock of arrival the history has our times: what was heard after the save is found
// again.
static void test_by_the_clock_of_arrival_the_rest_is_heard_again(void) {
    const char *more = "  clock: arrival\n";
    const double years_ago = -27.0 * 365 * 86400;
    bench b;
    ls_error err = {0};
    uint64_t again = 0;
    bench_open(&b, more);
    CHECK(bench_text(&b, "g/n/line/Released", years_ago, "x-1"));
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_OK);
    CHECK(bench_text(&b, "g/n/line/Released", years_ago, "x-2"));
    const uint32_t lots = ls_follow_describe(b.intake.running.follow).lots;
    bench_restart(&b, more);
    CHECK_INT(ls_keeper_restore(&b.intake, HOUR, &again, &err), LS_OK);
    CHECK(again >= 1);
    CHECK(b.intake.running.follow != NULL);
    CHECK_INT(ls_follow_describe(b.intake.running.follow).lots, lots);
    CHECK_INT(lots, 2);
    bench_close(&b);
}

// Whatever is wrong with the saved state, the history is there.
static void test_a_damaged_save_is_not_used(void) {
    bench b;
    ls_error err = {0};
    begin(&b);
    hear(&b, &line, 0, line.count / 2);
    const uint64_t right = hash_of(&b);
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_OK);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_INT(ls_history_load(b.intake.history, "follower", &bytes, &size, &err), LS_OK);
    CHECK(size > 100);
    char *damaged = malloc(size + 8);
    const size_t places[] = {0, 9, 17, 25, 33, 60, size / 2, size - 4};
    for (size_t i = 0; i < 10; i++) {
        size_t length = size;
        memset(damaged, 0, size + 8);
        memcpy(damaged, bytes, size);
        if (i < 8) {
            damaged[places[i]] ^= 0x55;
        } else {
            length = i == 8 ? 5 : size - 1;
        }
        CHECK_INT(ls_history_save(b.intake.history, "follower", damaged, length, &err), LS_OK);
        CHECK(restart(&b, plant_text, 100 * HOUR) > 0);
        CHECK(b.intake.running.follow != NULL);
        if (i != 1) {  // 1: only the time of the newest signal, which nothing guards
            CHECK(hash_of(&b) == right);
        }
    }
    free(damaged);
    ls_free(bytes);
    bench_close(&b);
}

static void test_a_save_of_another_plant_is_not_used(void) {
    static char other[sizeof plant_text + 64];
    bench b;
    ls_error err = {0};
    snprintf(other, sizeof other, "%s", plant_text);
    memcpy(strstr(other, "b: {process: 100 s"), "b: {process: 150 s", 18);
    begin(&b);
    hear(&b, &line, 0, line.count);
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_OK);
    const uint32_t lots = ls_follow_describe(b.intake.running.follow).lots;
    CHECK(restart(&b, other, 100 * HOUR) > 500);  // all of it
    CHECK_INT(ls_follow_describe(b.intake.running.follow).lots, lots);
    bench_close(&b);
}

// At whichever allocation memory ends: an error or the state, never half of it.
static void test_memory_may_end_anywhere(void) {
    bench b;
    ls_error err = {0};
    begin(&b);
    hear(&b, &line, 0, line.count / 4);
    const uint64_t right = hash_of(&b);
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_OK);
    bool done = false;
    for (int64_t i = 0; i < 400 && !done; i += 1 + i / 8) {
        uint64_t again = 0;
        bench_close_history(&b);
        bench_open_history(&b);
        make_running(&b, plant_text);
        ls_alloc_fail_after(i);
        const ls_status status = ls_keeper_restore(&b.intake, HOUR, &again, &err);
        ls_alloc_fail_after(-1);
        done = status == LS_OK;
        CHECK(status == LS_OK || status == LS_ERR_MEMORY || status == LS_ERR_IO);
        CHECK(status != LS_OK || hash_of(&b) == right);
    }
    ls_alloc_fail_after(1);
    CHECK_INT(ls_keeper_save(&b.intake, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    record(&line, 8 * HOUR);
    TEST(test_the_state_is_that_of_one_that_never_stopped);
    TEST(test_without_a_save_the_history_is_heard);
    TEST(test_only_the_stretch_asked_for_is_heard);
    TEST(test_a_time_outside_of_the_history_is_refused);
    TEST(test_an_empty_history_is_a_first_start);
    TEST(test_by_the_clock_of_arrival_the_rest_is_heard_again);
    TEST(test_a_damaged_save_is_not_used);
    TEST(test_a_save_of_another_plant_is_not_used);
    TEST(test_memory_may_end_anywhere);
    forget(&line);
    return harness_report();
}
