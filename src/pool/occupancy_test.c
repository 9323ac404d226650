// occupancy_test.c - what is free, and where jobs go: against the reference that looks at
// everything.
#include "pool/occupancy.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "pool/testing/place_reference.h"
#include "tests/harness.h"

enum { NODES_MAX = 64, UNITS_MAX = 64, JOBS_MAX = 128, PARTS_MAX = 64 };

typedef struct job {
    bool runs;
    ls_shape shape;
    ls_pool_share shares[PARTS_MAX];
} job;

typedef struct world {
    uint64_t seed, drawn;
    ls_cluster cluster;
    ls_gpu_kind kinds[2];
    ls_pool_unit units[UNITS_MAX];
    ls_pool_node nodes[NODES_MAX];
    ls_occupancy *o;
    job jobs[JOBS_MAX];
    // What the test itself has counted.
    uint32_t used[NODES_MAX][LS_POOL_NODE_GPUS_MAX], cpu[NODES_MAX], memory[NODES_MAX];
    uint32_t out[NODES_MAX];  // GPUs, bits
    bool gpus_go;             // single GPUs go out of service, and come back
} world;

static uint32_t one_of(world *w, uint32_t count) {
    const uint32_t at = (uint32_t)(ls_random_uniform(w->seed, 1, w->drawn++) * count);
    return at < count ? at : count - 1;
}

static uint32_t add_unit(world *w, ls_pool_level level, uint32_t parent) {
    ls_cluster *c = &w->cluster;
    w->units[c->unit_count] = (ls_pool_unit){
        .name = "unit", .level = level, .parent = parent, .node_at = c->node_count};
    return c->unit_count++;
}

static void add_nodes(world *w, uint32_t unit, uint32_t count) {
    ls_cluster *c = &w->cluster;
    const uint32_t gpus = (uint32_t[]){0, 1, 2, 4, 8, 8, 5, 32}[one_of(w, 8)];
    const uint32_t kind = one_of(w, 2);
    for (uint32_t i = 0; i < count && c->node_count < NODES_MAX; i++) {
        w->nodes[c->node_count++] = (ls_pool_node){.name = "node",
                                                   .unit = unit,
                                                   .kind = gpus == 0 ? LS_POOL_NONE : kind,
                                                   .gpus = gpus,
                                                   .cpu_milli = (gpus + 1) * 4000,
                                                   .memory_mib = (gpus + 1) * 1000};
        c->gpus += gpus;
    }
}

// Levels are left out at random, and some nodes stand beside units.
static void add_level(world *w, uint32_t level, uint32_t parent) {
    while (level <= LS_POOL_DOMAIN && one_of(w, 3) == 0) {
        level++;
    }
    if (level > LS_POOL_DOMAIN) {
        add_nodes(w, parent, 1 + one_of(w, 4));
        return;
    }
    const uint32_t count = 1 + one_of(w, 3);
    for (uint32_t i = 0; i < count && w->cluster.unit_count < UNITS_MAX - 8; i++) {
        const uint32_t u = add_unit(w, (ls_pool_level)level, parent);
        add_level(w, level + 1, u);
        if (one_of(w, 10) == 0) {
            add_nodes(w, u, 1);
        }
        w->units[u].node_count = w->cluster.node_count - w->units[u].node_at;
    }
}

static void make(world *w, uint64_t seed) {
    *w = (world){.seed = seed, .gpus_go = seed % 3 == 0};
    w->kinds[0] = (ls_gpu_kind){.name = "a", .memory_mib = 1000};
    w->kinds[1] = (ls_gpu_kind){.name = "b", .memory_mib = 2000};
    w->cluster = (ls_cluster){
        .kinds = w->kinds, .kind_count = 2, .units = w->units, .nodes = w->nodes};
    add_level(w, LS_POOL_SITE, LS_POOL_NONE);
    if (one_of(w, 6) == 0 || w->cluster.node_count == 0) {
        add_nodes(w, LS_POOL_NONE, 2);
    }
    ls_error err = {0};
    if (ls_occupancy_new(&w->cluster, LS_PLACE_OWN, NULL, 1, &w->o, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        w->o = NULL;
    }
}

static ls_shape draw_shape(world *w) {
    ls_shape s = {.parts = 1, .kinds = 1 + one_of(w, 3)};
    switch (one_of(w, 6)) {
    case 0: s.milli = 1 + one_of(w, 999); break;
    case 1: s.milli = (uint32_t[]){100, 250, 500, 750}[one_of(w, 4)]; break;
    case 2:
        if (one_of(w, 2) == 0) {
            s.kinds = 0;
        }
        break;
    default: s.gpus = (uint32_t[]){1, 1, 2, 3, 4, 8}[one_of(w, 6)]; break;
    }
    if (one_of(w, 2) == 0) {
        s.cpu_milli = 1 + one_of(w, 9000);
        s.memory_mib = 1 + one_of(w, 3000);
    }
    if (one_of(w, 8) == 0) {
        s.gpu_mib = 500 * (1 + one_of(w, 4));
    }
    if (one_of(w, 8) == 0) {
        s.sites = 1 + one_of(w, 7);
    }
    if (one_of(w, 2) == 0) {
        s.parts = 2 + one_of(w, 1u << (1 + one_of(w, 5)));
    }
    s.within = (ls_pool_level)one_of(w, LS_POOL_NODE + 1);
    s.must = one_of(w, 2) == 0;
    s.spread = one_of(w, 4) == 0;
    return s;
}

// Counts what the job takes (or gives back, sign -1); false: a GPU, processors or memory twice.
static bool count_job(world *w, const job *j, bool takes) {
    bool good = true;
    const uint32_t milli = j->shape.milli != 0 ? j->shape.milli : 1000;
    for (uint32_t i = 0; i < j->shape.parts; i++) {
        const uint32_t n = j->shares[i].node;
        for (uint32_t g = 0; g < 32; g++) {
            if (((j->shares[i].gpus >> g) & 1) != 0) {
                w->used[n][g] += takes ? milli : 0u - milli;
                good = good && g < w->nodes[n].gpus && w->used[n][g] <= 1000;
            }
        }
        w->cpu[n] += takes ? j->shape.cpu_milli : 0u - j->shape.cpu_milli;
        w->memory[n] += takes ? j->shape.memory_mib : 0u - j->shape.memory_mib;
        good = good && w->cpu[n] <= w->nodes[n].cpu_milli && w->memory[n] <= w->nodes[n].memory_mib;
        const uint32_t gpus = (uint32_t)__builtin_popcount(j->shares[i].gpus);
        good = good && gpus == (j->shape.milli != 0 ? 1 : j->shape.gpus);
    }
    return good;
}

static bool books_agree(const world *w) {
    uint64_t all = 0;
    uint32_t spare = ls_occupancy_spare(w->o, 0);
    for (uint32_t n = 0; n < w->cluster.node_count; n++) {
        if (ls_occupancy_state(w->o, n) == LS_NODE_SPARE) {
            if (spare != n) {
                return false;
            }
            spare = ls_occupancy_spare(w->o, n + 1);
        }
        const ls_node_free f = ls_occupancy_node(w->o, n);
        uint32_t milli = 0;
        for (uint32_t g = 0; g < w->nodes[n].gpus; g++) {
            const uint32_t idle = 1000 - w->used[n][g];
            const uint32_t free = ((w->out[n] >> g) & 1) != 0 ? 0 : idle;
            if (ls_occupancy_gpu_idle(w->o, n, g) != idle ||
                ls_occupancy_gpu_free(w->o, n, g) != free ||
                ((f.whole >> g) & 1) != (free == 1000)) {
                return false;
            }
            milli += free;
        }
        if (f.milli != milli || ls_occupancy_out(w->o, n) != w->out[n] ||
            f.cpu_milli != w->nodes[n].cpu_milli - w->cpu[n] ||
            f.memory_mib != w->nodes[n].memory_mib - w->memory[n]) {
            return false;
        }
        all += ls_occupancy_state(w->o, n) == LS_NODE_UP ? milli : 0;
    }
    return all == ls_occupancy_free_milli(w->o);
}

static bool same_places(world *w, const ls_shape *s, int64_t until_us, ls_pool_share *out,
                        bool *found) {
    ls_pool_share expected[PARTS_MAX], got[PARTS_MAX];
    const bool there = ls_place_reference(w->o, &w->cluster, s, until_us, expected);
    *found = ls_occupancy_find(w->o, s, until_us, got);
    bool same = there == *found;
    for (uint32_t i = 0; same && there && i < s->parts; i++) {
        same = expected[i].node == got[i].node && expected[i].gpus == got[i].gpus;
        out[i] = got[i];
    }
    return same;
}

static bool live(world *w, uint32_t steps) {
    for (uint32_t i = 0; i < steps; i++) {
        job *j = w->jobs + one_of(w, JOBS_MAX);
        const uint32_t node = one_of(w, w->cluster.node_count);
        const uint32_t what = one_of(w, 20);
        if (what == 0) {
            ls_occupancy_set_state(w->o, node, (ls_node_state)one_of(w, 4));
        } else if (what < 3) {
            ls_occupancy_set_state(w->o, node, LS_NODE_UP);
        } else if (what == 3) {
            ls_occupancy_hold(w->o, node, 10 * one_of(w, 4));
        } else if (what < 6) {
            ls_occupancy_hold(w->o, node, INT64_MAX);
        } else if (what == 6 && w->gpus_go && w->nodes[node].gpus > 0) {
            const uint32_t gpu = one_of(w, w->nodes[node].gpus);
            w->out[node] ^= (uint32_t)1 << gpu;
            ls_occupancy_set_gpu(w->o, node, gpu, ((w->out[node] >> gpu) & 1) == 0);
        } else if (j->runs) {
            ls_occupancy_give(w->o, &j->shape, j->shares, j->shape.parts);
            count_job(w, j, false);
            j->runs = false;
        } else {
            // Some shapes come again, so that their index has to catch up.
            if (j->shape.parts == 0 || one_of(w, 2) == 0) {
                j->shape = draw_shape(w);
            }
            const int64_t until = (int64_t[]){INT64_MIN, 5, 15, 25, INT64_MAX}[one_of(w, 5)];
            bool found = false;
            if (!same_places(w, &j->shape, until, j->shares, &found)) {
                printf("seed %llu, step %u\n", (unsigned long long)w->seed, i);
                return false;
            }
            if (found) {
                ls_occupancy_take(w->o, &j->shape, j->shares, j->shape.parts);
                j->runs = true;
                if (!count_job(w, j, true)) {
                    return false;
                }
            }
        }
        if (!books_agree(w)) {
            return false;
        }
    }
    return true;
}

static void test_places_are_those_of_the_reference(void) {
    static world w;
    // Now and then for longer: more shapes than an occupancy keeps an index of.
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        make(&w, seed);
        CHECK(w.o != NULL);
        const bool good = w.o != NULL && live(&w, seed % 100 == 0 ? 1000 : 70);
        ls_occupancy_free(w.o);
        if (!good) {
            CHECK(good);
            return;
        }
    }
}

// Racks with so many free trays, as in docs/POOL.md; how many parts each gets. False: no place.
enum { RACKS = 3, TRAYS = 18 };

static bool parts_by_rack(const uint32_t *free, const ls_shape *shape, uint32_t *out) {
    static ls_pool_node nodes[RACKS * TRAYS];
    static ls_pool_share places[RACKS * TRAYS];
    ls_pool_unit units[RACKS];
    const ls_gpu_kind kind = {.name = "gb200"};
    for (uint32_t r = 0; r < RACKS; r++) {
        units[r] = (ls_pool_unit){.name = "rack",
                                  .level = LS_POOL_DOMAIN,
                                  .parent = LS_POOL_NONE,
                                  .node_at = r * TRAYS,
                                  .node_count = TRAYS};
        for (uint32_t t = 0; t < TRAYS; t++) {
            nodes[r * TRAYS + t] = (ls_pool_node){.name = "tray", .unit = r, .gpus = 4};
        }
        out[r] = 0;
    }
    const ls_cluster c = {.kinds = &kind,
                          .kind_count = 1,
                          .units = units,
                          .unit_count = RACKS,
                          .nodes = nodes,
                          .node_count = RACKS * TRAYS,
                          .gpus = (uint64_t)RACKS * TRAYS * 4};
    ls_occupancy *o = NULL;
    ls_error err = {0};
    CHECK_INT(ls_occupancy_new(&c, LS_PLACE_OWN, NULL, 1, &o, &err), LS_OK);
    const ls_shape tray = {.parts = 1, .gpus = 4, .kinds = 1};
    for (uint32_t n = 0; n < RACKS * TRAYS; n++) {
        if (n % TRAYS >= free[n / TRAYS]) {
            ls_occupancy_take(o, &tray, &(ls_pool_share){.node = n, .gpus = 15}, 1);
        }
    }
    const bool found = ls_occupancy_find(o, shape, INT64_MAX, places);
    for (uint32_t i = 0; found && i < shape->parts; i++) {
        out[places[i].node / TRAYS]++;
    }
    ls_occupancy_free(o);
    return found;
}

static void check_parts(const uint32_t *free, ls_shape shape, uint32_t a, uint32_t b, uint32_t c) {
    uint32_t parts[RACKS];
    shape.gpus = 4;
    shape.kinds = 1;
    CHECK(parts_by_rack(free, &shape, parts));
    CHECK_INT(parts[0], a);
    CHECK_INT(parts[1], b);
    CHECK_INT(parts[2], c);
}

static void test_gangs_go_where_the_document_says(void) {
    const uint32_t free[RACKS] = {18, 5, 2}, whole[RACKS] = {18, 18, 18}, worn[RACKS] = {18, 17, 9};
    const ls_shape must = {.within = LS_POOL_DOMAIN, .must = true};
    check_parts(free, (ls_shape){.parts = 1}, 0, 0, 1);
    check_parts(free, (ls_shape){.parts = 2}, 0, 0, 2);
    check_parts(free, (ls_shape){.parts = 3}, 0, 3, 0);
    check_parts(free, (ls_shape){.parts = 16, .within = must.within, .must = true}, 16, 0, 0);
    check_parts(free, (ls_shape){.parts = 20}, 15, 5, 0);
    check_parts(free, (ls_shape){.parts = 3, .spread = true}, 1, 1, 1);
    // Even parts over as few racks as can be, those with the least room that suffices.
    check_parts(whole, (ls_shape){.parts = 32}, 16, 16, 0);
    check_parts(worn, (ls_shape){.parts = 18}, 18, 0, 0);
    check_parts(worn, (ls_shape){.parts = 20, .within = LS_POOL_DOMAIN}, 10, 10, 0);
    uint32_t parts[RACKS];
    ls_shape large = {.parts = 19, .gpus = 4, .kinds = 1, .within = LS_POOL_DOMAIN, .must = true};
    CHECK(!parts_by_rack(whole, &large, parts));
    large.must = false;
    CHECK(parts_by_rack(whole, &large, parts));
}

// Every allocation fails once: an error, or no place, and nothing is lost.
static void test_without_memory_there_is_an_error(void) {
    static world w;
    make(&w, 11);
    ls_occupancy_free(w.o);
    const ls_shape wanted = {.parts = 1, .gpus = 1, .kinds = 3};
    const double weight = 1.0;
    const ls_demand demand = {.shapes = &wanted, .weights = &weight, .count = 1};
    uint32_t failed = 0;
    for (int64_t n = 0; n < 300; n++) {
        ls_error err = {0};
        ls_pool_share share;
        w.o = NULL;
        ls_alloc_fail_after(n);
        const ls_status status = ls_occupancy_new(&w.cluster, LS_PLACE_OWN,
                                                  n % 2 == 0 ? &demand : NULL, 1, &w.o, &err);
        if (status == LS_OK && ls_occupancy_find(w.o, &wanted, INT64_MAX, &share)) {
            ls_occupancy_take(w.o, &wanted, &share, 1);
        }
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && err.text[0] != '\0'));
        failed += status != LS_OK;
        ls_occupancy_free(status == LS_OK ? w.o : NULL);
    }
    CHECK(failed > 10);
    CHECK(failed < 300);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_gangs_go_where_the_document_says);
    TEST(test_without_memory_there_is_an_error);
    TEST(test_places_are_those_of_the_reference);
    return harness_report();
}
