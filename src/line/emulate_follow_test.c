// emulate_follow_test.c - what the emulated line tells, through the mapping of its own plant file
// into the follower: the twin stands where the line stands.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lineshaft/plant.h>

#include "line/emulate_inside.h"
#include "line/mapping.h"
#include "plant/read.h"
#include "tests/harness.h"
#include "twin/follow/follow.h"

static const int64_t minute = 60 * 1000000LL;
static ls_error err;

typedef struct rig {
    ls_plant *plant;
    ls_twin *twin;
    ls_tags *tags;
    ls_mapping *mapping;
    ls_follow *follow;
    ls_emulate *line;
    uint32_t tag[1024];  // of each signal
    uint64_t heard, refused, diverged;
} rig;

static void on_heard(void *context, const ls_heard *heard) {
    rig *r = context;
    r->heard++;
    ls_follow_hear(r->follow, heard);
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    rig *r = context;
    if (r->mapping != NULL && signal < 1024) {
        ls_sample sample = *value;
        const char *refused = NULL;
        sample.tag = r->tag[signal];
        ls_mapping_sample(r->mapping, &sample, on_heard, r, &refused);
        r->refused += refused != NULL;
    }
}

static void on_diverged(void *context, const ls_divergence *d) {
    rig *r = context;
    if (r->diverged++ < 5) {
        printf("%.1f s: %s\n", (double)d->time_us / 1e6, d->text);
    }
}

static void name_signals(rig *r) {
    for (uint32_t i = 0; i < ls_emulate_signal_count(r->line) && i < 1024; i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(r->line, i);
        char name[256];
        const int size = snprintf(name, sizeof name, "%s/%s%s%s/%s", ls_emulate_group(r->line),
                                  ls_emulate_node(r->line), s->device != NULL ? "/" : "",
                                  s->device != NULL ? s->device : "", s->name);
        CHECK_INT(ls_tags_add(r->tags, name, (size_t)size, &r->tag[i], &err), LS_OK);
    }
}

static void rig_start(rig *r, const char *text, uint64_t seed) {
    memset(r, 0, sizeof *r);
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(text == NULL ? ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"),
                                           &r->plant, NULL, &err)
                           : ls_plant_read(text, strlen(text), "p.yaml", NULL, &r->plant, &errors),
              LS_OK);
    CHECK_STR(errors.count > 0 ? errors.items[0].text : "", "");
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(r->plant, &r->twin, &err), LS_OK);
    CHECK_INT(ls_tags_create(&r->tags, &err), LS_OK);
    ls_follow_def follow = ls_follow_def_default();
    follow.diverged = on_diverged;
    follow.context = r;
    CHECK_INT(ls_follow_create(r->plant, r->twin, 0, &follow, &r->follow, &err), LS_OK);
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = seed;
    def.told = on_told;
    def.context = r;
    CHECK_INT(ls_emulate_create(r->plant, &def, &r->line, &err), LS_OK);
    name_signals(r);
    CHECK_INT(ls_mapping_create(r->plant, r->tags, &r->mapping, &err), LS_OK);
    for (uint32_t i = 0; i < ls_emulate_signal_count(r->line); i++) {
        ls_sample birth = *ls_emulate_value(r->line, i);
        birth.flags |= LS_SAMPLE_BIRTH;
        on_told(r, i, &birth);
    }
    ls_emulate_tell_lots(r->line);
}

static void rig_stop(rig *r) {
    ls_emulate_destroy(r->line);
    ls_follow_destroy(r->follow);
    ls_mapping_destroy(r->mapping);
    ls_tags_destroy(r->tags);
    ls_twin_destroy(r->twin);
    ls_plant_destroy(r->plant);
}

static uint32_t queue_of(const ls_twin *twin, const ls_state *state, uint32_t station) {
    ls_state *look = (ls_state *)(uintptr_t)state;  // read only
    return LS_STATE_ARRAY(twin->model, look, ls_s_station, s_station)[station].waiting;
}

static void test_the_twin_stands_where_the_line_stands(void) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        rig r;
        rig_start(&r, NULL, seed);
        for (int64_t at = minute; at <= 240 * minute; at += minute) {
            CHECK_INT(ls_emulate_run(r.line, at, &err), LS_OK);
            ls_follow_advance(r.follow, at);
        }
        harness_note("seed %llu", (unsigned long long)seed);
        const ls_emulate_figures line = ls_emulate_describe(r.line);
        const ls_follow_figures twin = ls_follow_describe(r.follow);
        const ls_state *state = ls_follow_state(r.follow);
        CHECK(r.heard > 5000);
        CHECK_INT(r.refused, 0);
        CHECK_INT(twin.lots, line.lots);
        CHECK_INT(twin.done, line.done);
        CHECK_INT(twin.scrapped, line.scrapped);
        for (uint32_t s = 0; s < r.plant->station_count; s++) {
            CHECK_INT(queue_of(r.twin, state, s),
                      queue_of(r.line->twin, r.line->snapshot->state, s));
        }
        CHECK_INT(twin.divergences[LS_DIVERGE_CONTRADICTED], 0);
        CHECK_INT(twin.divergences[LS_DIVERGE_UNKNOWN], 0);
        CHECK_INT(twin.lots_inferred, 0);
        rig_stop(&r);
    }
}

// ---- order pools

static const char pool_text[] =
    "plant: p\n"
    "start: 2026-01-05T06:00\n"
    "stations: {saw: {process: exp 4 min}, oven: {machines: 2, process: 6 min}}\n"
    "products:\n"
    "  x: {route: [saw, oven], due: 3 h, release: {every: exp 10 min, pool: yes}}\n"
    "  hot: {route: [saw], release: {every: 45 min, pool: yes}}\n"
    "  z: {route: [oven], release: {every: 13 min}}\n"
    "listen: {sparkplug: {broker: 'mqtt://localhost', group: g, nodes: [n]}}\n"
    "decide: {release: {of: x, mode: auto}}\n";
enum { X, HOT, SPEED = 60 };

static void write_to(rig *r, const char *name, const ls_sample *value, int64_t wall_us) {
    ls_emulate_write(r->line, ls_emulate_find(r->line, "line", name), value, wall_us);
}

static void beat(rig *r, int64_t at_us) {
    const ls_sample beat = {.kind = LS_VALUE_INT, .value.integer = 1};
    write_to(r, "Heartbeat", &beat, at_us / SPEED);
}

// What the line answers.
static int64_t order(rig *r, int64_t id, const char *kind, const char *argument, int64_t at_us) {
    const int64_t wall_us = at_us / SPEED;
    const ls_sample k = {.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(kind), .value.text = kind};
    const ls_sample a = {
        .kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(argument), .value.text = argument};
    const ls_sample i = {.kind = LS_VALUE_INT, .value.integer = id};
    write_to(r, "Command/Kind", &k, wall_us);
    write_to(r, "Command/Argument", &a, wall_us);
    write_to(r, "Command/Id", &i, wall_us);
    return ls_emulate_value(r->line, ls_emulate_find(r->line, "line", "Command/Result"))
        ->value.integer;
}

static const ls_s_release *class_of(const ls_model *m, const ls_state *state, uint32_t class) {
    return LS_STATE_ARRAY(m, (ls_state *)(uintptr_t)state, ls_s_release, s_release) + class;
}

static const ls_s_release *line_class(const rig *r, uint32_t class) {
    return class_of(r->line->twin->model, r->line->snapshot->state, class);
}

// Line, follower and a fork of it say the same of the pools.
static void check_pools(const rig *r, ls_snapshot *fork, uint64_t *waited) {
    ls_follow_fork(r->follow, 1, 0, fork);
    for (uint32_t i = X; i <= HOT; i++) {
        const ls_s_release *is = line_class(r, i);
        CHECK_INT(class_of(r->twin->model, fork->state, i)->pooled, is->pooled);
        *waited += is->pooled;
        if (is->pooled > 0) {
            CHECK_INT(class_of(r->twin->model, fork->state, i)->put_off, is->put_off);
        }
    }
}

static int64_t run(rig *r, int64_t to) {
    CHECK_INT(ls_emulate_run(r->line, to, &err), LS_OK);
    ls_follow_advance(r->follow, to);
    return to;
}

// The first order of x that waits; the minute it is then.
static int64_t run_until_one_waits(rig *r, int64_t at, ls_snapshot *fork, uint64_t *waited) {
    const int64_t end = at + 500 * minute;
    do {
        at = run(r, at + minute / 10);
        beat(r, at);
        check_pools(r, fork, waited);
    } while (line_class(r, X)->pooled == 0 && at < end);
    CHECK_INT(line_class(r, X)->pooled, 1);
    return at;
}

static void test_orders_wait_for_a_word_and_the_twin_knows_until_when(void) {
    rig r;
    rig_start(&r, pool_text, 3);
    ls_snapshot *fork = NULL;
    CHECK_INT(ls_snapshot_create(r.twin, 1, 0, &fork, &err), LS_OK);
    uint64_t waited = 0;
    for (int64_t at = minute; at <= 100 * minute; at += minute) {
        run(&r, at);
        check_pools(&r, fork, &waited);
    }
    CHECK_INT(waited, 0);  // nobody is heard: orders come in at once
    CHECK_INT(order(&r, 1, "put-off", "x 10 min", 100 * minute), 4);
    beat(&r, 100 * minute);
    int64_t at = run_until_one_waits(&r, 100 * minute, fork, &waited);
    // Without a word it comes in after a minute.
    CHECK(line_class(&r, X)->put_off > at && line_class(&r, X)->put_off <= at + minute);
    const int64_t alone = line_class(&r, X)->put_off;
    at = run(&r, alone);
    beat(&r, at);
    CHECK_INT(line_class(&r, X)->pooled, 0);
    check_pools(&r, fork, &waited);
    // Put off, and one of them let in; more come and wait with it.
    at = run_until_one_waits(&r, at, fork, &waited);
    CHECK_INT(order(&r, 2, "put-off", "x 40 min", at), 0);
    check_pools(&r, fork, &waited);
    const int64_t until = at + 40 * minute;
    while (line_class(&r, X)->pooled < 3 && at < until - minute) {
        at = run(&r, at + minute / 10);
        beat(&r, at);
        check_pools(&r, fork, &waited);
    }
    const uint32_t three = line_class(&r, X)->pooled;
    CHECK(three >= 2);
    CHECK_INT(order(&r, 3, "put-off", "x 30 min 1", at), 0);
    CHECK_INT(line_class(&r, X)->pooled, three - 1);
    CHECK_INT(line_class(&r, X)->put_off, at + 30 * minute);
    check_pools(&r, fork, &waited);
    CHECK_INT(order(&r, 4, "release", "x", at), 0);
    CHECK_INT(line_class(&r, X)->pooled, three - 2);
    check_pools(&r, fork, &waited);
    // Of the other class nothing is decided: it never waits by itself, but may be put off.
    CHECK_INT(order(&r, 5, "put-off", "hot 2 h", at), 0);
    while (line_class(&r, HOT)->pooled == 0 && at < 100 * 60 * minute) {
        at = run(&r, at + minute / 10);
        beat(&r, at);
        check_pools(&r, fork, &waited);
    }
    // The heartbeat stops: everything comes in at once.
    CHECK(line_class(&r, HOT)->pooled > 0);
    ls_emulate_wall(r.line, at / SPEED + 10 * 1000000LL);
    CHECK_INT(line_class(&r, X)->pooled, 0);
    CHECK_INT(line_class(&r, HOT)->pooled, 0);
    run(&r, at + minute);
    check_pools(&r, fork, &waited);
    CHECK(ls_emulate_describe(r.line).lapsed > 0);
    CHECK_INT(r.refused, 0);
    const ls_follow_figures f = ls_follow_describe(r.follow);
    CHECK_INT(f.divergences[LS_DIVERGE_CONTRADICTED], 0);
    CHECK_INT(f.divergences[LS_DIVERGE_UNKNOWN], 0);
    CHECK_INT(f.lots_inferred, 0);
    ls_snapshot_destroy(fork);
    rig_stop(&r);
}

static void test_what_cannot_be_put_off(void) {
    rig r;
    rig_start(&r, pool_text, 3);
    beat(&r, 0);
    static const char *const nonsense[] = {"",          "x",        "x ",         "x 0 s 1",
                                           "x -5 min",  "y 5 min",  "x 5 min -1", "x 8 d",
                                           "x 5 parts", "x 5 min1", "x 1 h 5e9 ", "ho 5 min"};
    int64_t id = 1;
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        harness_note("'%s'", nonsense[i]);
        CHECK_INT(order(&r, id++, "put-off", nonsense[i], 0), 2);
    }
    CHECK_INT(order(&r, id++, "put-off", "z 5 min", 0), 3);
    CHECK_CONTAINS(
        ls_emulate_value(r.line, ls_emulate_find(r.line, "line", "Command/Reason"))->value.text,
        "has no order pool");
    CHECK_INT(order(&r, id++, "put-off", "x 5 min 7", 0), 3);
    CHECK_CONTAINS(
        ls_emulate_value(r.line, ls_emulate_find(r.line, "line", "Command/Reason"))->value.text,
        "cannot come in");
    CHECK_INT(order(&r, id++, "release", "x", 0), 3);
    CHECK_INT(order(&r, id++, "put-off", "hot 7 d", 0), 0);
    CHECK_INT(order(&r, id++, "put-off", "hot 0 s", 0), 0);  // all come in
    CHECK_INT(order(&r, id++, "put-off", "x 0 s", 0), 0);    // none waits
    rig_stop(&r);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_twin_stands_where_the_line_stands);
    TEST(test_orders_wait_for_a_word_and_the_twin_knows_until_when);
    TEST(test_what_cannot_be_put_off);
    return harness_report();
}
