// cluster_test.c - the numbers of a cluster hold together, or the first that does not is named.
#include "pool/cluster.h"

#include <string.h>

#include "tests/harness.h"

enum { UNITS = 4, NODES = 5 };

// A hall of two racks, the second with a domain; the last node stands in the hall itself.
typedef struct site {
    ls_gpu_kind kinds[1];
    ls_pool_unit units[UNITS];
    ls_pool_node nodes[NODES];
    ls_cluster cluster;
} site;

static void make(site *s) {
    *s = (site){
        .kinds = {{.name = "a"}},
        .units = {{"hall", LS_POOL_HALL, LS_POOL_NONE, 0, 5, 0},
                  {"r1", LS_POOL_RACK, 0, 0, 2, 0},
                  {"r2", LS_POOL_RACK, 0, 2, 2, 0},
                  {"d", LS_POOL_DOMAIN, 2, 2, 2, 0}},
    };
    const uint32_t units[NODES] = {1, 1, 3, 3, 0};
    for (uint32_t n = 0; n < NODES; n++) {
        s->nodes[n] = (ls_pool_node){.name = "n", .unit = units[n], .gpus = 4};
    }
    s->cluster = (ls_cluster){.kinds = s->kinds,
                              .kind_count = 1,
                              .units = s->units,
                              .unit_count = UNITS,
                              .nodes = s->nodes,
                              .node_count = NODES,
                              .gpus = 20};
}

static void test_a_cluster_that_is_right(void) {
    site s;
    ls_error err = {0};
    make(&s);
    CHECK_INT(ls_cluster_check(&s.cluster, &err), LS_OK);
    CHECK_INT(ls_cluster_unit(&s.cluster, 0, LS_POOL_RACK), 1);
    CHECK_INT(ls_cluster_unit(&s.cluster, 0, LS_POOL_DOMAIN), LS_POOL_NONE);
    CHECK_INT(ls_cluster_unit(&s.cluster, 3, LS_POOL_DOMAIN), 3);
    CHECK_INT(ls_cluster_unit(&s.cluster, 3, LS_POOL_RACK), 2);
    CHECK_INT(ls_cluster_unit(&s.cluster, 3, LS_POOL_HALL), 0);
    CHECK_INT(ls_cluster_unit(&s.cluster, 4, LS_POOL_RACK), LS_POOL_NONE);
    CHECK_INT(ls_cluster_unit(&s.cluster, 4, LS_POOL_SITE), LS_POOL_NONE);
}

static void check_mistake(const site *s, const char *text) {
    ls_error err = {0};
    CHECK_INT(ls_cluster_check(&s->cluster, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, text);
}

static void test_what_is_wrong_is_named(void) {
    site s;
    make(&s);
    s.units[2].level = LS_POOL_HALL;
    check_mistake(&s, "unit 2 'r2': 'hall' is not wide enough to hold it");
    make(&s);
    s.units[1].parent = 2;
    check_mistake(&s, "unit 1 'r1': stands before the unit 2 that holds it");
    make(&s);
    s.units[0].node_count = 6;
    check_mistake(&s, "unit 0 'hall': its nodes 0 to 6 are not among the 5 there are");
    make(&s);
    s.units[3].node_count = 3;
    check_mistake(&s, "unit 3 'd': has nodes that 'r2', which holds it, has not");
    make(&s);
    s.units[2].node_at = 1;
    s.units[2].node_count = 3;
    check_mistake(&s, "unit 2 'r2': its node 1 'n' stands elsewhere");
    make(&s);
    s.nodes[0].unit = 2;
    check_mistake(&s, "node 0 'n': is not among the nodes of 'r2', its unit");
    make(&s);
    s.nodes[1].gpus = 33;
    check_mistake(&s, "node 1 'n': 33 GPUs, 32 at most");
    make(&s);
    s.nodes[1].gpus = 0;
    check_mistake(&s, "node 1 'n': has a kind of GPUs and no GPUs");
    make(&s);
    s.nodes[1].kind = LS_POOL_NONE;
    check_mistake(&s, "node 1 'n': its GPUs have no kind");
    make(&s);
    s.cluster.gpus = 19;
    check_mistake(&s, "the nodes have 20 GPUs together, not 19");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_cluster_that_is_right);
    TEST(test_what_is_wrong_is_named);
    return harness_report();
}
