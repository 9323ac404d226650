// score_test.c - places by score: against scoring every node by itself.
#include "pool/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "tests/harness.h"

enum { NODES = 40, JOBS = 60, SHAPES = 6 };

typedef struct world {
    uint64_t seed, drawn;
    ls_gpu_kind kinds[3];
    ls_pool_node nodes[NODES];
    char names[NODES][8];
    ls_cluster cluster;
    ls_shape wanted[SHAPES];
    double weights[SHAPES];
    ls_demand demand;
    ls_occupancy *o;
} world;

static uint32_t one_of(world *w, uint32_t count) {
    const uint32_t at = (uint32_t)(ls_random_uniform(w->seed, 1, w->drawn++) * count);
    return at < count ? at : count - 1;
}

static ls_shape draw_shape(world *w) {
    ls_shape s = {.parts = 1, .kinds = 7, .cpu_milli = 1000 * one_of(w, 20)};
    switch (one_of(w, 4)) {
    case 0: s.milli = (uint32_t[]){110, 320, 470, 810}[one_of(w, 4)]; break;
    case 1: s.kinds = 0; break;
    default: s.gpus = (uint32_t[]){1, 1, 2, 4}[one_of(w, 4)]; break;
    }
    if (s.kinds != 0 && one_of(w, 3) == 0) {
        s.kinds = 1 + one_of(w, 7);
    }
    return s;
}

static void make(world *w, uint64_t seed, ls_place_policy policy) {
    *w = (world){.seed = seed};
    for (uint32_t k = 0; k < 3; k++) {
        w->kinds[k].name = (const char *const[]){"a", "b", "c"}[k];
    }
    w->cluster = (ls_cluster){
        .kinds = w->kinds, .kind_count = 3, .nodes = w->nodes, .node_count = NODES};
    for (uint32_t n = 0; n < NODES; n++) {
        // Names in another order than the nodes.
        snprintf(w->names[n], sizeof w->names[n], "n%02u", (n * 17 + 5) % NODES);
        const uint32_t gpus = (uint32_t[]){1, 2, 4, 8}[one_of(w, 4)];
        w->nodes[n] = (ls_pool_node){.name = w->names[n],
                                     .unit = LS_POOL_NONE,
                                     .kind = one_of(w, 3),
                                     .gpus = gpus,
                                     .cpu_milli = gpus * 12000,
                                     .memory_mib = 1000};
        w->cluster.gpus += gpus;
    }
    for (uint32_t i = 0; i < SHAPES; i++) {
        w->wanted[i] = draw_shape(w);
        w->weights[i] = 1.0 / SHAPES;
    }
    w->demand = (ls_demand){.shapes = w->wanted, .weights = w->weights, .count = SHAPES};
    ls_error err = {0};
    CHECK_INT(ls_occupancy_new(&w->cluster, policy, &w->demand, 1, &w->o, &err), LS_OK);
}

// Every node by itself; LS_POOL_NONE: none fits.
static uint32_t best_node(const world *w, const ls_shape *s, int64_t until_us, uint32_t *out_gpu) {
    uint32_t best = LS_POOL_NONE;
    double score = -INFINITY;
    for (uint32_t n = 0; n < NODES; n++) {
        const ls_node_free free = ls_occupancy_node(w->o, n);
        ls_free_state f = {.kind = w->nodes[n].kind,
                           .gpus = w->nodes[n].gpus,
                           .site = LS_SITES_ALL,
                           .cpu = free.cpu_milli,
                           .memory = free.memory_mib,
                           .milli = free.milli,
                           .whole = (uint32_t)__builtin_popcount(free.whole),
                           .tags = 0};
        for (uint32_t g = 0; g < f.gpus; g++) {
            f.free[g] = (uint16_t)ls_occupancy_gpu_free(w->o, n, g);
        }
        for (uint32_t t = 0; w->o->score->tags != NULL && t <= LS_POOL_NODE_GPUS_MAX; t++) {
            f.tags |= (uint64_t)(w->o->score->tags[n][t] > 0) << t;
        }
        uint32_t gpu;
        if (ls_occupancy_state(w->o, n) != LS_NODE_UP || ls_occupancy_held(w->o, n) < until_us ||
            !ls_score_fits(w->o, &f, s)) {
            continue;
        }
        const double here = (float)ls_score_of(w->o, NULL, &f, s, &gpu);
        if (best == LS_POOL_NONE || here > score ||
            (here == score && strcmp(w->names[n], w->names[best]) < 0)) {
            best = n;
            score = here;
            *out_gpu = gpu;
        }
    }
    return best;
}

static bool live(world *w) {
    static ls_shape shapes[JOBS];
    static ls_pool_share shares[JOBS];
    bool runs[JOBS] = {false};
    for (uint32_t i = 0; i < 300; i++) {
        const uint32_t job = one_of(w, JOBS), node = one_of(w, NODES), what = one_of(w, 20);
        if (what == 0) {
            ls_occupancy_set_state(w->o, node, (ls_node_state)one_of(w, 4));
        } else if (what == 1) {
            ls_occupancy_hold(w->o, node, one_of(w, 2) == 0 ? INT64_MAX : 10 * one_of(w, 3));
        } else if (runs[job]) {
            ls_occupancy_give(w->o, shapes + job, shares + job, 1);
            runs[job] = false;
        } else {
            shapes[job] = draw_shape(w);
            const int64_t until = (int64_t[]){5, 15, INT64_MAX}[one_of(w, 3)];
            uint32_t gpu = 0;
            const uint32_t expected = best_node(w, shapes + job, until, &gpu);
            runs[job] = ls_occupancy_find(w->o, shapes + job, until, shares + job);
            if (runs[job] != (expected != LS_POOL_NONE) ||
                (runs[job] && (shares[job].node != expected ||
                               (shapes[job].milli != 0 && shares[job].gpus != 1u << gpu)))) {
                printf("seed %llu, step %u\n", (unsigned long long)w->seed, i);
                return false;
            }
            if (runs[job]) {
                ls_occupancy_take(w->o, shapes + job, shares + job, 1);
            }
        }
    }
    return true;
}

static void test_classes_score_as_every_node_by_itself(void) {
    static world w;
    for (uint32_t policy = LS_PLACE_OWN; policy <= LS_PLACE_FGD; policy++) {
        for (uint64_t seed = 1; policy != LS_PLACE_RANDOM && seed <= 40; seed++) {
            make(&w, seed, (ls_place_policy)policy);
            const bool good = live(&w);
            ls_occupancy_free(w.o);
            CHECK(good);
            if (!good) {
                return;
            }
        }
    }
}

// One node of two GPUs, half of the first used; wanted are whole GPUs and halves.
static void test_fragments_are_what_the_next_job_cannot_use(void) {
    static const ls_gpu_kind kind = {.name = "a"};
    static const ls_pool_node node = {
        .name = "n", .unit = LS_POOL_NONE, .gpus = 2, .cpu_milli = 4000, .memory_mib = 100};
    const ls_cluster c = {
        .kinds = &kind, .kind_count = 1, .nodes = &node, .node_count = 1, .gpus = 2};
    const ls_shape wanted[] = {{.parts = 1, .gpus = 1, .kinds = 1},
                               {.parts = 1, .gpus = 2, .kinds = 1},
                               {.parts = 1, .milli = 500, .kinds = 1},
                               {.parts = 1, .milli = 600, .cpu_milli = 9000, .kinds = 1},
                               {.parts = 1, .cpu_milli = 1}};
    const double weights[] = {0.1, 0.2, 0.3, 0.2, 0.2};
    const ls_demand demand = {.shapes = wanted, .weights = weights, .count = 5};
    ls_error err = {0};
    ls_occupancy *o = NULL;
    CHECK_INT(ls_occupancy_new(&c, LS_PLACE_FGD, &demand, 1, &o, &err), LS_OK);
    const ls_pool_share half = {.node = 0, .gpus = 1};
    ls_occupancy_take(o, wanted + 2, &half, 1);
    // 1 GPU: the half is lost; 2 GPUs, too many processors, or none: all 1500; a half: nothing.
    CHECK_NEAR(ls_occupancy_fragmented(o), 0.1 * 500 + 0.2 * 1500 + 0.2 * 1500 + 0.2 * 1500, 1e-9);
    ls_occupancy_free(o);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_classes_score_as_every_node_by_itself);
    TEST(test_fragments_are_what_the_next_job_cannot_use);
    return harness_report();
}
