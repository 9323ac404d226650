// openb_test.c - the openb tables, and the experiment that was published on them.
#include "import/openb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static const char nodes_text[] =
    "sn,cpu_milli,memory_mib,gpu,model\n"
    "n0,64000,262144,2,P100\n"
    "n1,96000,393216,8,G2\n"
    "n2,32000,65536,0,\n";

static ls_status read_both(const char *nodes, const char *pods, ls_arena *arena,
                           ls_cluster *cluster, ls_openb_pods *out, ls_error *err) {
    const ls_status status = ls_openb_nodes(nodes, strlen(nodes), "nodes.csv", arena, cluster, err);
    return status != LS_OK
               ? status
               : ls_openb_pods_read(pods, strlen(pods), "pods.csv", cluster, arena, out, err);
}

static void test_tables_are_read(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_cluster c;
    ls_openb_pods pods;
    ls_error err = {0};
    CHECK_INT(read_both(nodes_text,
                        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
                        "a,1000,2000,1,460,G2|P100\nb,2000,0,8,1000,G2\nc,500,10,0,0,\n"
                        "d,1,1,1,1000,\n",
                        &arena, &c, &pods, &err),
              LS_OK);
    CHECK_INT(c.node_count, 3);
    CHECK_INT(c.gpus, 10);
    CHECK_INT(c.kind_count, 2);
    CHECK_INT(c.nodes[2].kind, LS_POOL_NONE);
    CHECK_INT(ls_cluster_check(&c, &err), LS_OK);
    CHECK_INT(pods.count, 4);
    CHECK_INT(pods.milli, 460 + 8000 + 1000);
    CHECK_INT(pods.shapes[0].milli, 460);
    CHECK_INT(pods.shapes[0].gpus, 0);
    CHECK_INT(pods.shapes[0].kinds, 3);
    CHECK_INT(pods.shapes[1].gpus, 8);
    CHECK_INT(pods.shapes[1].kinds, 2);
    CHECK_INT(pods.shapes[2].kinds, 0);
    CHECK_INT(pods.shapes[3].kinds, 3);
    ls_arena_clear(&arena);
}

// The message of what is wrong with these pods (or nodes).
static void check_mistake(const char *nodes, const char *pods, const char *text, int line,
                          int column) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_cluster c;
    ls_openb_pods out;
    ls_error err = {0};
    CHECK_INT(read_both(nodes, pods, &arena, &c, &out, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, text);
    CHECK_INT(err.line, line);
    CHECK_INT(err.column, column);
    ls_arena_clear(&arena);
}

static void test_mistakes_are_named(void) {
    check_mistake("sn,cpu_milli,memory_mib,gpu\nn0,1,1,1\n", "", "there is no column 'model'", 1,
                  1);
    check_mistake("sn,cpu_milli,memory_mib,gpu,model\nn0,1,1,33,A\n", "",
                  "gpu '33': a whole number from 0 to 32 is needed", 2, 8);
    check_mistake("sn,cpu_milli,memory_mib,gpu,model\nn0,1,1,1,\n", "",
                  "model '': a node with GPUs needs one", 2, 0);
    check_mistake(nodes_text, "name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,x,1,1,1000\n",
                  "cpu_milli 'x': a whole number from 0 to 4294967295 is needed", 2, 3);
    check_mistake(nodes_text, "name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1,1,2,500\n",
                  "gpu_milli '500': a part of a GPU is for pods of one GPU; this one has 2", 2, 9);
    check_mistake(nodes_text,
                  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\na,1,1,2,1000,G2|H100\n",
                  "gpu_spec 'G2|H100': no node has GPUs of model 'H100'", 2, 14);
}

// What is allocated, in % of all GPUs, when the load of 100 % has come.
static double allocated(const ls_cluster *c, const ls_openb_pods *pods, ls_place_policy policy,
                        uint64_t seed, ls_arena *arena) {
    ls_error err = {0};
    ls_demand demand;
    ls_openb_pods arrivals;
    ls_occupancy *o = NULL;
    CHECK_INT(ls_openb_demand(pods, arena, &demand, &err), LS_OK);
    CHECK_INT(ls_openb_arrivals(pods, c, 1.3, seed, arena, &arrivals, &err), LS_OK);
    CHECK_INT(ls_occupancy_new(c, policy, &demand, seed, &o, &err), LS_OK);
    uint64_t milli = 0;
    for (size_t i = 0; i < arrivals.count && milli < c->gpus * LS_POOL_WHOLE; i++) {
        ls_pool_share share;
        milli += ls_shape_milli(arrivals.shapes + i);
        if (ls_occupancy_find(o, arrivals.shapes + i, INT64_MAX, &share)) {
            ls_occupancy_take(o, arrivals.shapes + i, &share, 1);
        }
    }
    const double free = (double)ls_occupancy_free_milli(o);
    ls_occupancy_free(o);
    return 100.0 - free / ((double)c->gpus * LS_POOL_WHOLE) * 100.0;
}

static void test_policies_come_to_what_was_published(void) {
    // Mean and deviation of ten runs, as published with the paper (analysis_allo_discrete.csv).
    static const struct {
        ls_place_policy policy;
        double mean, deviation;
    } published[] = {{LS_PLACE_RANDOM, 86.30, 0.33},     {LS_PLACE_DOT_PRODUCT, 90.62, 0.19},
                     {LS_PLACE_CLUSTERING, 91.65, 0.61}, {LS_PLACE_PACKING, 91.78, 0.53},
                     {LS_PLACE_BEST_FIT, 92.86, 0.14},   {LS_PLACE_FGD, 95.23, 0.11}};
    ls_arena arena;
    ls_arena_init(&arena);
    char *nodes = harness_read_file(harness_source_path("tests/data/pool/openb/nodes.csv"), NULL);
    char *pods = harness_read_file(harness_source_path("tests/data/pool/openb/pods_default.csv"),
                                   NULL);
    CHECK(nodes != NULL && pods != NULL);
    ls_cluster c;
    ls_openb_pods list;
    ls_error err = {0};
    if (nodes != NULL && pods != NULL && read_both(nodes, pods, &arena, &c, &list, &err) == LS_OK) {
        CHECK_INT(c.gpus, 6212);
        CHECK_INT(list.count, 8152);
        double fgd = 0.0;
        for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
            double mean = 0.0;
            for (uint64_t seed = 42; seed < 45; seed++) {
                mean += allocated(&c, &list, published[i].policy, seed, &arena) / 3.0;
            }
            CHECK_NEAR(mean, published[i].mean, 3.0 * published[i].deviation);
            fgd = mean;
        }
        double own = 0.0;
        for (uint64_t seed = 42; seed < 45; seed++) {
            own += allocated(&c, &list, LS_PLACE_OWN, seed, &arena) / 3.0;
        }
        CHECK(own > fgd + 0.2);
    }
    free(nodes);
    free(pods);
    ls_arena_clear(&arena);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_tables_are_read);
    TEST(test_mistakes_are_named);
    TEST(test_policies_come_to_what_was_published);
    return harness_report();
}
