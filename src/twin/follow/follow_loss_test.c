// follow_loss_test.c - what is heard is lost, doubled, late, out of order, wrong: the twin stays
// sound, gets in step again and makes up no lots that stay.
//
// FOLLOW_TABLE=1 prints the rows of docs/FOLLOW.md.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant/sample.h"
#include "tests/harness.h"
#include "twin/compile.h"
#include "twin/follow/inside.h"
#include "twin/testing/follow_line.h"
#include "twin/twin.h"

static const int64_t second_us = 1000000;

static const char pool_plant[] =
    "plant: pools\n"
    "stations: {saw: {machines: 2, process: exp 5 min}, oven: {process: 3 min}}\n"
    "products:\n"
    "  x: {route: [saw, oven], due: 3 h, release: {every: exp 12 min, lots: 2, pool: yes}}\n"
    "  y: {route: [saw], release: {every: 21 min, pool: yes}}\n"
    "  z: {route: [oven], release: {every: 13 min}}\n";

typedef enum fault {
    NOTHING,
    LOSE_1,
    LOSE_5,
    LOSE_20,
    LOSE_MACHINE,
    DOUBLE,
    SHUFFLE_INSTANT,
    WRONG,
    LYING_COUNTER,
    UNKNOWN_NAMES,
    NO_LOTS,
    STATES_ONLY,
    COUNTERS_ONLY,
    LATE_START,
    BIRTHS,
    FAULT_COUNT
} fault;

static const char *const fault_names[FAULT_COUNT] = {"nothing",
                                                     "1 % of signals lost",
                                                     "5 % of signals lost",
                                                     "20 % of signals lost",
                                                     "one machine silent",
                                                     "20 % of signals doubled",
                                                     "shuffled within an instant",
                                                     "2 % wrong lots and states",
                                                     "queue counters lie",
                                                     "2 % of names unknown",
                                                     "no LOTS of machines",
                                                     "states alone",
                                                     "counters alone",
                                                     "heard from mid-life on",
                                                     "20 % lost, a birth every 100 instants"};

typedef struct measure {
    uint64_t plants, instants, in_step, after_birth, after_birth_same;
    uint64_t lots, lots_right;        // of the line, by what and where the twin has them
    uint64_t outside, outside_right;  // of them those in order pools
    uint64_t ghosts;                  // lots that the twin has more than the line, at the end
    uint64_t divergences[LS_DIVERGE_KIND_COUNT];
    double certainty;
} measure;

static double chance(uint64_t seed, uint64_t n) {
    return ls_random_uniform(ls_random_key(seed, 77), 5, n);
}

static void hear_text(ls_follow *follow, ls_heard heard, const char *text) {
    heard.text = text;
    heard.size = (uint32_t)strlen(text);
    ls_follow_hear(follow, &heard);
}

static void hear_wrong(ls_follow *follow, const follow_line *line, ls_heard heard, uint64_t seed,
                       uint64_t n) {
    char text[32];
    snprintf(text, sizeof text, "L%u", (unsigned)(chance(seed, n + 1) * 50.0));
    if (heard.kind == LS_HEARD_STATE) {
        heard.number = (int64_t)(chance(seed, n + 2) * 18.0);
        ls_follow_hear(follow, &heard);
    } else if (heard.kind == LS_HEARD_LOTS) {
        hear_text(follow, heard, text);
    } else if (heard.kind == LS_HEARD_REASON) {
        heard.number = (int64_t)(chance(seed, n + 2) * (line->plant->failure_count + 2));
        ls_follow_hear(follow, &heard);
    } else {
        ls_follow_hear(follow, &heard);
    }
}

static bool is_of_machine(const ls_heard *h) {
    return h->kind <= LS_HEARD_BAD;
}

static void hear_one(ls_follow *follow, const follow_line *line, const ls_heard *h, fault how,
                     uint64_t seed, uint64_t n) {
    static const double lost[] = {0.0, 0.01, 0.05, 0.20};
    const double u = chance(seed, 3 * n);
    switch (how) {
    case LOSE_1:
    case LOSE_5:
    case LOSE_20:
        if (u >= lost[how]) {
            ls_follow_hear(follow, h);
        }
        return;
    case BIRTHS:
        if (u >= 0.2) {
            ls_follow_hear(follow, h);
        }
        return;
    case LOSE_MACHINE:
        if (!is_of_machine(h) || h->of != 0) {
            ls_follow_hear(follow, h);
        }
        return;
    case DOUBLE:
        ls_follow_hear(follow, h);
        if (u < 0.2 && h->kind != LS_HEARD_GOOD && h->kind != LS_HEARD_BAD) {
            ls_follow_hear(follow, h);
        }
        return;
    case WRONG:
        if (u < 0.02) {
            hear_wrong(follow, line, *h, seed, 3 * n);
        } else {
            ls_follow_hear(follow, h);
        }
        return;
    case LYING_COUNTER: {
        ls_heard heard = *h;
        heard.number += h->kind == LS_HEARD_QUEUE ? 5 : 0;
        ls_follow_hear(follow, &heard);
        return;
    }
    case UNKNOWN_NAMES:
        if (u < 0.02 && h->size > 0) {
            hear_text(follow, *h, "who step=where station=nowhere");
        } else {
            ls_follow_hear(follow, h);
        }
        return;
    case NO_LOTS:
        if (h->kind != LS_HEARD_LOTS) {
            ls_follow_hear(follow, h);
        }
        return;
    case STATES_ONLY:
        if (h->kind == LS_HEARD_STATE || h->kind == LS_HEARD_REASON) {
            ls_follow_hear(follow, h);
        }
        return;
    case COUNTERS_ONLY:
        if (h->kind == LS_HEARD_STATE || h->kind == LS_HEARD_GOOD || h->kind == LS_HEARD_BAD) {
            ls_follow_hear(follow, h);
        }
        return;
    default: ls_follow_hear(follow, h); return;
    }
}

// Backwards where no tag is told twice: the order within an instant must not matter.
static void hear_backwards(ls_follow *follow, const follow_line *line) {
    for (size_t i = 0; i < line->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const ls_heard_kind kind = line->heard[i].kind;
            if ((kind < LS_HEARD_GOOD || kind == LS_HEARD_QUEUE) && kind == line->heard[k].kind &&
                line->heard[i].of == line->heard[k].of) {
                follow_line_hear(line, follow);
                return;
            }
        }
    }
    for (size_t i = line->count; i > 0; i--) {
        // Numbers of lots follow the order of their releases.
        if (line->heard[i - 1].kind != LS_HEARD_RELEASED) {
            ls_follow_hear(follow, &line->heard[i - 1]);
        }
    }
    for (size_t i = 0; i < line->count; i++) {
        if (line->heard[i].kind == LS_HEARD_RELEASED) {
            ls_follow_hear(follow, &line->heard[i]);
        }
    }
}

static uint32_t lots_of(const ls_twin *twin, const ls_state *state) {
    const char *lots = (const char *)state + twin->model->s_lot;
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->lot_used; i++) {
        count += ((const ls_lot *)(const void *)lots)[i].where != LS_LOT_FREE;
    }
    return count;
}

// Lots of the line that the twin has at the same step and, in work, in the same machine.
static void count_right(const follow_line *line, const ls_follow *follow, measure *m) {
    const ls_core *core = ls_follow_show(follow);
    const char *lots = (const char *)line->now + line->twin->model->s_lot;
    for (uint32_t i = 0; i < line->now->lot_used; i++) {
        const ls_lot *lot = (const ls_lot *)(const void *)lots + i;
        if (lot->where == LS_LOT_FREE) {
            continue;
        }
        char name[16];
        const int size = snprintf(name, sizeof name, "L%u", lot->serial);
        const uint32_t slot = ls_core_lot_find(core, name, (size_t)size);
        m->lots++;
        m->lots_right += slot != LS_NO && core->c.lot[slot].step == lot->step &&
                         core->c.lot[slot].where == lot->where &&
                         (lot->where != LS_LOT_MACHINE ||
                          core->c.lot[slot].machine == lot->machine);
    }
}

// A class of the plant with order pools is put off now and then: for a while, until told, no
// longer.
static void put_off(follow_line *line, uint64_t seed, uint64_t draw) {
    const double u = ls_random_uniform(seed, 2, draw);
    const int64_t now = line->now->now;
    const int64_t until = u < 0.2   ? 0
                          : u < 0.3 ? LS_NEVER
                                    : now + 1 + (int64_t)(u * 3600.0) * second_us;
    (void)follow_line_put_off(line, ls_random_uniform(seed, 3, draw) < 0.6 ? 0 : 1, until);
}

// Lots of the line that wait outside, and how many of them the twin has there.
static void count_outside(const follow_line *line, const ls_follow *follow, measure *m) {
    const ls_core *core = ls_follow_show(follow);
    const ls_lot *lots = LS_STATE_VIEW(line->twin->model, line->now, ls_lot, s_lot);
    for (uint32_t i = 0; i < line->now->lot_used; i++) {
        if (lots[i].where == LS_LOT_POOL) {
            char name[16];
            const int size = snprintf(name, sizeof name, "L%u", lots[i].serial);
            const uint32_t slot = ls_core_lot_find(core, name, (size_t)size);
            m->outside++;
            m->outside_right += slot != LS_NO && core->c.lot[slot].where == LS_LOT_POOL;
        }
    }
}

// `pools`: of the plant with order pools, else of a random one.
static void follow_plant(uint64_t seed, fault how, int instants, bool pools, measure *m) {
    follow_line line;
    char why[400] = "";
    ls_error err = {0};
    if (!(pools ? follow_line_open_text(&line, pool_plant, seed)
                : follow_line_open_seed(&line, seed)) ||
        line.over) {
        follow_line_close(&line);
        return;
    }
    for (int i = 0; how == LATE_START && i < instants / 2; i++) {
        follow_line_step(&line, 4 * 86400 * second_us);
    }
    const ls_follow_def def = ls_follow_def_default();
    ls_follow *follow = follow_line_follower(&line, &def);
    uint64_t n = 0;
    for (int i = 0; i < instants && !harness_has_failed(); i++) {
        const bool nameless = how == NO_LOTS || how == STATES_ONLY || how == COUNTERS_ONLY;
        const bool birth = (i == 0 && !nameless) || (how == BIRTHS && i % 100 == 0) ||
                           i == instants - 1;
        if (pools && i % 5 == 4 && !birth) {
            put_off(&line, seed, (uint64_t)i);
        } else if (!birth && !follow_line_step(&line, 4 * 86400 * second_us)) {
            break;
        }
        ls_follow_advance(follow, line.now->now);
        if (birth) {
            follow_line_birth(&line);
            follow_line_hear(&line, follow);
        } else if (how == SHUFFLE_INSTANT) {
            hear_backwards(follow, &line);
        } else {
            for (size_t k = 0; k < line.count; k++) {
                hear_one(follow, &line, &line.heard[k], how, seed, n++);
            }
        }
        if (i % 10 == 0 || birth || how == WRONG) {
            const ls_status sound = ls_state_check(line.twin, ls_follow_state(follow), &err);
            harness_note("%s, seed %llu, instant %d: %s", fault_names[how],
                         (unsigned long long)seed, i, err.text);
            CHECK_INT(sound, LS_OK);
        }
        const bool same = follow_line_agrees(&line, follow, true, why, sizeof why);
        count_right(&line, follow, m);
        count_outside(&line, follow, m);
        m->instants++;
        m->in_step += same;
        if (birth && i > 0) {
            m->after_birth++;
            m->after_birth_same += same;
            if (!same && getenv("FOLLOW_SHOW") != NULL) {
                printf("%s, seed %llu, after a birth: %s\n", fault_names[how],
                       (unsigned long long)seed, why);
            }
        }
    }
    const ls_follow_figures figures = ls_follow_describe(follow);
    for (int k = 0; k < LS_DIVERGE_KIND_COUNT; k++) {
        m->divergences[k] += figures.divergences[k];
    }
    const uint32_t inside = lots_of(line.twin, line.now);
    m->ghosts += figures.lots > inside ? figures.lots - inside : 0;
    m->certainty += ls_follow_certainty(follow);
    m->plants++;
    ls_follow_destroy(follow);
    follow_line_close(&line);
}

static bool is_slow(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}

static void test_faults_are_survived_and_healed(void) {
    const bool table = getenv("FOLLOW_TABLE") != NULL;
    const char *alone = getenv("FOLLOW_SEED");
    const uint64_t plants = is_slow() ? 12 : 100;
    for (int how = 0; how < FAULT_COUNT; how++) {
        measure m = {0};
        for (uint64_t seed = 1; seed <= plants; seed++) {
            if (!harness_has_failed() && (alone == NULL || strtoull(alone, NULL, 10) == seed)) {
                follow_plant(seed, (fault)how, 300, false, &m);
            }
        }
        const double step = 100.0 * (double)m.in_step / (double)m.instants;
        const double right = 100.0 * (double)m.lots_right / (double)m.lots;
        const double healed = 100.0 * (double)m.after_birth_same / (double)m.after_birth;
        if (table) {
            printf("| %s | %.1f | %.1f | %.1f | %.2f | %llu | %llu | %llu |\n", fault_names[how],
                   step, right, healed, m.certainty / (double)m.plants,
                   (unsigned long long)m.divergences[LS_DIVERGE_INFERRED],
                   (unsigned long long)m.divergences[LS_DIVERGE_CONTRADICTED],
                   (unsigned long long)m.divergences[LS_DIVERGE_UNKNOWN]);
        }
        harness_note("%s: %.1f %% in step, %.1f %% after a birth, %llu ghosts", fault_names[how],
                     step, healed, (unsigned long long)m.ghosts);
        // A birth does not tell the order behind a cascade's entrance, nor since when.
        const double least = how >= NO_LOTS && how <= COUNTERS_ONLY                   ? 40.0
                             : how == LOSE_20 || how == LOSE_MACHINE || how == BIRTHS ? 70.0
                                                                                      : 85.0;
        CHECK(healed >= least || alone != NULL);
        CHECK(m.ghosts <= m.plants);
        if (how == NOTHING || how == DOUBLE || how == SHUFFLE_INSTANT) {
            CHECK(step >= 95.0);
        }
    }
}

// The same of a plant with order pools, into which somebody has put off what comes: what is lost of
// what waits outside, and healed by the next birth.
static void test_faults_of_order_pools_are_survived_and_healed(void) {
    static const fault hows[] = {NOTHING, LOSE_1, LOSE_5,     LOSE_20,
                                 DOUBLE,  WRONG,  LATE_START, BIRTHS};
    const bool table = getenv("FOLLOW_TABLE") != NULL;
    const uint64_t seeds = is_slow() ? 6 : 30;
    for (size_t k = 0; k < sizeof hows / sizeof hows[0]; k++) {
        measure m = {0};
        for (uint64_t seed = 1; seed <= seeds && !harness_has_failed(); seed++) {
            follow_plant(seed, hows[k], 300, true, &m);
        }
        const double step = 100.0 * (double)m.in_step / (double)m.instants;
        const double outside = 100.0 * (double)m.outside_right / (double)m.outside;
        const double healed = 100.0 * (double)m.after_birth_same / (double)m.after_birth;
        if (table) {
            printf("| %s | %.1f | %.1f | %.1f | %.1f | %llu | %llu | %llu |\n",
                   fault_names[hows[k]], step, 100.0 * (double)m.lots_right / (double)m.lots,
                   outside, healed, (unsigned long long)m.divergences[LS_DIVERGE_INFERRED],
                   (unsigned long long)m.divergences[LS_DIVERGE_CONTRADICTED],
                   (unsigned long long)m.divergences[LS_DIVERGE_UNKNOWN]);
        }
        harness_note("%s: %.1f %% in step, %.1f %% of those outside, %.1f %% after a birth",
                     fault_names[hows[k]], step, outside, healed);
        CHECK(m.outside > 1000);
        CHECK(healed >= (hows[k] == BIRTHS ? 70.0 : 85.0));
        CHECK(outside >= (hows[k] == LOSE_20 || hows[k] == BIRTHS ? 60.0 : 85.0));
        if (hows[k] == NOTHING || hows[k] == DOUBLE) {
            CHECK(step >= 99.0 && outside >= 99.9);
        }
    }
}

// ---- late signals

typedef struct sent {
    ls_heard heard;
    int64_t arrival_us;
    uint32_t number;
} sent;

static int by_arrival(const void *a, const void *b) {
    const sent *x = a;
    const sent *y = b;
    return x->arrival_us != y->arrival_us ? (x->arrival_us < y->arrival_us ? -1 : 1)
           : x->number < y->number        ? -1
                                          : 1;
}

typedef struct heap {
    sent *items;
    size_t count, capacity;
} heap;

static void keep_all(heap *all, const follow_line *line) {
    for (size_t i = 0; i < line->count; i++) {
        if (all->count == all->capacity) {
            all->capacity = all->capacity * 2 + 1024;
            all->items = realloc(all->items, all->capacity * sizeof *all->items);
        }
        sent *s = &all->items[all->count];
        s->heard = line->heard[i];
        char *text = malloc(line->heard[i].size + 1u);
        memcpy(text, line->heard[i].text, line->heard[i].size + 1u);
        s->heard.text = text;
        s->number = (uint32_t)all->count++;
        s->arrival_us = s->heard.time_us;
    }
}

typedef struct told {
    uint64_t facts, divergences, hash;
} told;

static void tell_fact(void *context, const ls_fact *fact) {
    told *t = context;
    t->facts++;
    t->hash = ls_hash_bytes(&fact->value, sizeof fact->value, t->hash ^ (uint64_t)fact->kind);
    t->hash = ls_hash_bytes(&fact->time_us, sizeof fact->time_us, t->hash ^ fact->lot);
}

static void tell_divergence(void *context, const ls_divergence *divergence) {
    told *t = context;
    t->divergences++;
    t->hash = ls_hash_bytes(divergence->text, strlen(divergence->text), t->hash);
}

static ls_follow *hear_all(follow_line *line, const heap *all, told *t, bool look, bool restart) {
    ls_follow_def def = ls_follow_def_default();
    def.fact = tell_fact;
    def.diverged = tell_divergence;
    def.context = t;
    ls_follow *follow = NULL;
    ls_error err = {0};
    if (ls_follow_create(line->plant, line->twin, 0, &def, &follow, &err) != LS_OK) {
        return NULL;
    }
    for (size_t i = 0; i < all->count; i++) {
        ls_follow_hear(follow, &all->items[i].heard);
        if (look && i % 37 == 0) {
            CHECK_INT(ls_state_check(line->twin, ls_follow_state(follow), &err), LS_OK);
        }
        if (restart && i % 500 == 250) {
            void *bytes = NULL;
            size_t size = 0;
            CHECK_INT(ls_follow_save(follow, &bytes, &size, &err), LS_OK);
            ls_follow_destroy(follow);
            const ls_status status = ls_follow_load(line->plant, line->twin, bytes, size, &def,
                                                    &follow, &err);
            harness_note("load: %s", err.text);
            CHECK_INT(status, LS_OK);
            ls_free(bytes);
            if (status != LS_OK) {
                return NULL;
            }
        }
    }
    ls_follow_advance(follow, line->now->now + 100 * second_us);
    return follow;
}

static void hear_in_any_order(uint64_t seed) {
    follow_line line;
    heap all = {0};
    if (!follow_line_open_seed(&line, seed)) {
        follow_line_close(&line);
        return;
    }
    follow_line_birth(&line);
    keep_all(&all, &line);
    for (int i = 0; i < 250 && follow_line_step(&line, 4 * 86400 * second_us); i++) {
        keep_all(&all, &line);
    }
    // Time runs so that several instants lie within what is waited for.
    for (size_t i = 0; i < all.count; i++) {
        all.items[i].heard.time_us /= 20;
        all.items[i].arrival_us = all.items[i].heard.time_us;
    }
    line.now->now /= 20;
    told straight = {0};
    told mixed = {0};
    told restarted = {0};
    ls_follow *a = hear_all(&line, &all, &straight, false, false);
    ls_follow *c = hear_all(&line, &all, &restarted, false, true);
    for (size_t i = 0; i < all.count; i++) {  // those of one instant stay together
        const uint64_t n = (uint64_t)all.items[i].heard.time_us;
        all.items[i].arrival_us += (int64_t)(chance(seed + 1000, n) * 9.0 * 1e6);
    }
    if (all.count > 0) {
        qsort(all.items, all.count, sizeof *all.items, by_arrival);
    }
    ls_follow *b = hear_all(&line, &all, &mixed, true, false);
    harness_note("seed %llu", (unsigned long long)seed);
    if (a != NULL && b != NULL && c != NULL) {
        CHECK_INT(ls_core_hash(b->base), ls_core_hash(a->base));
        CHECK_INT(ls_core_hash(c->base), ls_core_hash(a->base));
        CHECK_INT(ls_core_hash(ls_follow_show(b)), ls_core_hash(ls_follow_show(a)));
        CHECK_INT(mixed.hash, straight.hash);
        CHECK_INT(mixed.facts, straight.facts);
        CHECK_INT(restarted.hash, straight.hash);
    }
    ls_follow_destroy(a);
    ls_follow_destroy(b);
    ls_follow_destroy(c);
    for (size_t i = 0; i < all.count; i++) {
        free((char *)(uintptr_t)all.items[i].heard.text);
    }
    free(all.items);
    follow_line_close(&line);
}

static void test_any_order_of_arrival_and_restarts_lead_to_the_same(void) {
    for (uint64_t seed = 1; seed <= (is_slow() ? 20 : 150) && !harness_has_failed(); seed++) {
        hear_in_any_order(seed);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_faults_are_survived_and_healed);
    TEST(test_faults_of_order_pools_are_survived_and_healed);
    TEST(test_any_order_of_arrival_and_restarts_lead_to_the_same);
    return harness_report();
}
