// follow_pool_test.c - order pools of a followed line: what waits outside is known lot by lot,
// until when it is put off as the line said, and a fork lets it in then.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/state_check.h"
#include "twin/testing/follow_line.h"
#include "twin/twin.h"

#define MINUTE INT64_C(60000000)
#define SECOND INT64_C(1000000)

static const char plant_text[] =
    "plant: p\n"
    "transport: {in to saw: 90 s}\n"
    "stations: {saw: {machines: 2, process: exp 5 min}, oven: {process: 3 min}}\n"
    "products:\n"
    "  x: {route: [saw, oven], due: 3 h, release: {every: exp 12 min, lots: 2, pool: yes}}\n"
    "  y: {route: [saw], release: {every: 21 min, pool: yes}}\n"
    "  z: {route: [oven], release: {every: 13 min}}\n";
enum { X, Y, Z };

static ls_ctx look(const ls_twin *twin, const ls_state *state) {
    static const ls_scratch none;
    ls_ctx c;
    ls_ctx_open(&c, twin->model, (ls_state *)(uintptr_t)state, (ls_scratch *)(uintptr_t)&none);
    return c;
}

typedef struct tally {
    uint64_t instants, pooled, put_off;
} tally;

// A fork holds outside what the line does, and until when the line does.
static void check_fork(const follow_line *line, const ls_follow *follow, ls_snapshot *fork,
                       tally *sum) {
    ls_error err = {0};
    ls_follow_fork(follow, 1, 0, fork);
    CHECK_INT(ls_state_check(line->twin, fork->state, &err), LS_OK);
    CHECK_STR(err.text, "");
    const ls_ctx a = look(line->twin, line->now);
    const ls_ctx b = look(line->twin, fork->state);
    for (uint32_t i = 0; i < a.m->releases; i++) {
        CHECK_INT(b.release[i].pooled, a.release[i].pooled);
        sum->pooled += a.release[i].pooled;
        if (a.release[i].pooled > 0) {
            const bool told = a.release[i].put_off != LS_NEVER;
            CHECK_INT(b.release[i].put_off, told ? a.release[i].put_off : b.s->now + SECOND);
        }
    }
}

static bool agrees(const follow_line *line, const ls_follow *follow, uint64_t seed) {
    char why[300] = "";
    ls_error err = {0};
    const bool same = follow_line_agrees(line, follow, false, why, sizeof why) &&
                      ls_state_check(line->twin, ls_follow_state(follow), &err) == LS_OK;
    if (!same) {
        printf("seed %llu at %.3f min: %s%s\n", (unsigned long long)seed,
               (double)line->now->now / 6e7, why, err.text);
    }
    CHECK(same);
    return same;
}

// Puts a class off now and then: for a while, until told, or no longer.
static void intervene(follow_line *line, uint64_t seed, uint64_t draw, tally *sum) {
    const double u = ls_random_uniform(seed, 2, draw);
    const int64_t now = line->now->now;
    const int64_t until = u < 0.2 ? 0 : u < 0.3 ? LS_NEVER : now + 1 + (int64_t)(u * 60.0) * MINUTE;
    sum->put_off += follow_line_put_off(line, ls_random_uniform(seed, 3, draw) < 0.6 ? X : Y,
                                        until);
}

static void follow_one(uint64_t seed, tally *sum) {
    follow_line line;
    const ls_follow_def def = ls_follow_def_default();
    CHECK(follow_line_open_text(&line, plant_text, seed));
    ls_follow *follow = follow_line_follower(&line, &def);
    ls_snapshot *fork = NULL;
    CHECK_INT(ls_snapshot_create(line.twin, 1, 0, &fork, NULL), LS_OK);
    bool same = follow != NULL && fork != NULL;
    for (uint64_t i = 0; i < 300 && same; i++) {
        if (i % 5 == 4) {
            intervene(&line, seed, i, sum);
        } else if (i % 60 == 58) {
            follow_line_birth(&line);
            for (size_t k = 0; k < line.count; k++) {
                line.heard[k].birth = true;
            }
        } else if (!follow_line_step(&line, 100 * 60 * MINUTE)) {
            break;
        }
        follow_line_hear(&line, follow);
        ls_follow_advance(follow, line.now->now);
        same = agrees(&line, follow, seed);
        check_fork(&line, follow, fork, sum);
        sum->instants++;
    }
    const ls_follow_figures f = ls_follow_describe(follow);
    CHECK_INT((int64_t)f.divergences[LS_DIVERGE_CONTRADICTED], 0);
    CHECK_INT((int64_t)f.divergences[LS_DIVERGE_UNKNOWN], 0);
    ls_snapshot_destroy(fork);
    ls_follow_destroy(follow);
    follow_line_close(&line);
}

static void test_a_follower_knows_what_waits_in_each_order_pool(void) {
    tally sum = {0};
    for (uint64_t seed = 1; seed <= 20 && !harness_has_failed(); seed++) {
        follow_one(seed, &sum);
    }
    CHECK(sum.instants > 4000);
    CHECK(sum.pooled > 4000);
    CHECK(sum.put_off > 500);
}

// ---- by hand

typedef struct rig {
    follow_line line;
    ls_follow *follow;
    ls_snapshot *fork;
} rig;

static uint32_t told[2];  // facts of order pools: came in, waits

static void count_told(void *context, const ls_fact *fact) {
    (void)context;
    if (fact->kind == LS_FACT_POOL) {
        told[fact->value > 0.0]++;
    }
}

static void begin(rig *r) {
    ls_follow_def def = ls_follow_def_default();
    def.fact = count_told;
    told[0] = told[1] = 0;
    CHECK(follow_line_open_text(&r->line, plant_text, 1));
    r->follow = follow_line_follower(&r->line, &def);
    CHECK_INT(ls_snapshot_create(r->line.twin, 1, 0, &r->fork, NULL), LS_OK);
}

static void end(rig *r) {
    ls_error err = {0};
    CHECK_INT(ls_state_check(r->line.twin, ls_follow_state(r->follow), &err), LS_OK);
    CHECK_STR(err.text, "");
    ls_snapshot_destroy(r->fork);
    ls_follow_destroy(r->follow);
    follow_line_close(&r->line);
}

static void hear(rig *r, int64_t minute, ls_heard_kind kind, const char *text) {
    const ls_heard heard = {.kind = kind,
                            .of = LS_NO,
                            .time_us = minute * MINUTE,
                            .text = text,
                            .size = (uint32_t)strlen(text)};
    ls_follow_hear(r->follow, &heard);
    ls_follow_advance(r->follow, heard.time_us);
}

static uint32_t pooled(const rig *r, uint32_t class) {
    return look(r->line.twin, ls_follow_state(r->follow)).release[class].pooled;
}

// Until when a fork holds a class.
static int64_t put_off(rig *r, uint32_t class) {
    ls_follow_fork(r->follow, 1, 0, r->fork);
    return look(r->line.twin, r->fork->state).release[class].put_off;
}

static void test_pools_are_what_the_line_says(void) {
    rig r;
    begin(&r);
    hear(&r, 1, LS_HEARD_RELEASED, "a class=x product=x pool=yes");
    hear(&r, 2, LS_HEARD_RELEASED, "b class=x product=x pool=1800000000");  // 30 min
    hear(&r, 3, LS_HEARD_RELEASED, "c class=x product=x pool=yes");
    CHECK_INT(pooled(&r, X), 3);
    CHECK_INT(put_off(&r, X), 3 * MINUTE + SECOND);  // the last word counts: no time was said
    hear(&r, 4, LS_HEARD_RELEASED, "a class=x pool=1200000000");
    CHECK_INT(put_off(&r, X), 20 * MINUTE);
    hear(&r, 5, LS_HEARD_RELEASED, "b class=x");  // not the first: people may choose another
    CHECK_INT(pooled(&r, X), 2);
    hear(&r, 21, LS_HEARD_RELEASED, "d class=x pool=no");
    CHECK_INT(pooled(&r, X), 2);
    CHECK_INT(put_off(&r, X), 21 * MINUTE + SECOND);  // what was said is over, they come in soon
    hear(&r, 22, LS_HEARD_ARRIVED, "c station=saw step=saw");  // without a word of its pool
    CHECK_INT(pooled(&r, X), 1);
    hear(&r, 23, LS_HEARD_SCRAPPED, "a");  // taken back
    CHECK_INT(pooled(&r, X), 0);
    CHECK_INT(put_off(&r, X), 0);
    ls_follow_advance(r.follow, 30 * MINUTE);
    ls_follow_settle(r.follow);
    CHECK_INT(told[1], 3);  // d came in at once
    CHECK_INT(told[0], 2);  // and a has not come in
    const ls_follow_figures f = ls_follow_describe(r.follow);
    CHECK_INT((int64_t)f.divergences[LS_DIVERGE_CONTRADICTED], 0);
    end(&r);
}

static void test_what_the_plant_or_the_twin_knows_otherwise(void) {
    rig r;
    begin(&r);
    hear(&r, 1, LS_HEARD_RELEASED, "z1 class=z product=z pool=yes");  // has no order pool
    CHECK_INT(pooled(&r, Z), 0);
    hear(&r, 2, LS_HEARD_RELEASED, "y1 class=y product=y");
    hear(&r, 3, LS_HEARD_RELEASED, "y1 class=y product=y pool=yes");  // thought inside
    CHECK_INT(pooled(&r, Y), 1);
    hear(&r, 4, LS_HEARD_RELEASED, "y1 class=y product=y pool=yes");
    CHECK_INT(pooled(&r, Y), 1);
    const ls_follow_figures f = ls_follow_describe(r.follow);
    CHECK_INT((int64_t)f.divergences[LS_DIVERGE_CONTRADICTED], 1);
    // Saved and loaded, it still knows until when.
    hear(&r, 5, LS_HEARD_RELEASED, "y1 class=y pool=3600000000");
    void *bytes = NULL;
    size_t size = 0;
    ls_follow *again = NULL;
    const ls_follow_def def = ls_follow_def_default();
    CHECK_INT(told[1], 0);  // it was inside before
    CHECK_INT(ls_follow_save(r.follow, &bytes, &size, NULL), LS_OK);
    CHECK_INT(ls_follow_load(r.line.plant, r.line.twin, bytes, size, &def, &again, NULL), LS_OK);
    ls_follow_destroy(r.follow);
    r.follow = again;
    ls_free(bytes);
    CHECK_INT(pooled(&r, Y), 1);
    CHECK_INT(put_off(&r, Y), 60 * MINUTE);
    end(&r);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_follower_knows_what_waits_in_each_order_pool);
    TEST(test_pools_are_what_the_line_says);
    TEST(test_what_the_plant_or_the_twin_knows_otherwise);
    return harness_report();
}
