// design_test.c - small designs calculated by hand, and the large one that does not fit its power.
#include "pool/design.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "pool/testing/pools.h"

static ls_design design_of(const char *kind, uint32_t gpus) {
    ls_design d = {.gpus = 0};
    ls_error err = {0};
    const ls_design_ask ask = ls_design_ask_default(ls_pool_model_find(kind), gpus);
    CHECK_INT(ls_design_compose(&ask, &d, &err), LS_OK);
    CHECK_STR(err.text, "");
    return d;
}

static void check_fabric(const ls_design *d, uint32_t tiers, uint32_t planes, uint32_t leaves,
                         uint32_t spines, uint32_t cores) {
    harness_note("%u GPUs of %s", d->gpus, d->ask.model->name);
    CHECK_INT(d->fabric.tiers, tiers);
    CHECK_INT(d->fabric.planes, planes);
    CHECK_INT(d->fabric.leaves, leaves);
    CHECK_INT(d->fabric.spines, spines);
    CHECK_INT(d->fabric.cores, cores);
}

// NVIDIA's reference design of DGX H100: 32 nodes have 8 leaves and 4 spines, 64 nodes 16 and 8,
// 128 nodes 32 and 16.
static void test_two_tiers_are_those_of_the_reference_design(void) {
    const ls_design box = design_of("dgx-h100", 8);
    check_fabric(&box, 1, 1, 1, 0, 0);
    CHECK_INT(box.fabric.node_links, 8);
    const ls_design one = design_of("dgx-h100", 32 * 8);
    check_fabric(&one, 2, 1, 8, 4, 0);
    CHECK_INT(one.fabric.leaf_links, 256);
    CHECK_NEAR(one.fabric.bisection_gbit, 256 * 400.0 / 2, 1e-9);
    const ls_design two = design_of("dgx-h100", 64 * 8);
    check_fabric(&two, 2, 1, 16, 8, 0);
    const ls_design four = design_of("dgx-h100", 128 * 8);
    check_fabric(&four, 2, 1, 32, 16, 0);
}

// 4096 GPUs: 512 nodes in 16 groups of 32, 8 leaves each; 32 leaves are a pod with 32 spines: 4
// pods. 4 pods have 4 x 32 links up from each of the 32 places of a spine: 2 cores of 64 ports
// each.
static void test_three_tiers_by_hand(void) {
    const ls_design d = design_of("dgx-h100", 4096);
    check_fabric(&d, 3, 1, 128, 4 * 32, 32 * 2);
    CHECK_INT(d.fabric.leaf_links, 4096);
    CHECK_INT(d.fabric.spine_links, 4096);
    CHECK_INT(d.fabric.pod_nodes, 128);
    CHECK_NEAR(d.fabric.bisection_gbit, 4096 * 400.0 / 2, 1e-9);
}

static void test_oversubscription_takes_links_and_bisection(void) {
    ls_design d;
    ls_design_ask ask = ls_design_ask_default(ls_pool_model_find("dgx-h100"), 48 * 8);
    ask.oversubscription = 3;  // 48 ports down, 16 up
    CHECK_INT(ls_design_compose(&ask, &d, NULL), LS_OK);
    CHECK_INT(d.fabric.down, 48);
    CHECK_INT(d.fabric.up, 16);
    check_fabric(&d, 2, 1, 8, 2, 0);
    CHECK_NEAR(d.fabric.bisection_gbit, 8 * 16 * 400.0 / 2, 1e-9);
}

// 16 DGX H100: 4 to a rack of 45 kW. Power: 16 x 10.2 kW; 8 leaves (of 8 rails), 2 spines (8 x 32
// links of 64 ports: 4; the nodes are 16, but the leaves have all their links up).
static void test_racks_and_power_by_hand(void) {
    const ls_design d = design_of("dgx-h100", 128);
    CHECK_INT(d.nodes, 16);
    CHECK_INT(d.rack_nodes, 4);
    CHECK_INT(d.racks, 4);
    CHECK_INT(d.rows, 1);
    CHECK_INT(d.halls, 1);
    check_fabric(&d, 2, 1, 8, 4, 0);
    CHECK_INT(d.racks_watts, 163200);
    CHECK_INT(d.switch_watts, 12 * 747);
    CHECK_INT(d.optics_watts, (int64_t)(128 * 17.5 + 2 * 256 * 8.5));
    CHECK_INT(d.building_watts, llround(1.56 * (163200 + 8964 + 2240 + 4352)));
    CHECK_NEAR(d.failures_a_day, 16 * 0.0065, 1e-12);
    // Down at once: 16 x 0.00646 = 0.103; more than 2 with chance 0.00017, more than 1 with 0.005.
    CHECK_INT(d.spare, 2);
    CHECK_INT(d.usable_gpus, 14 * 8);
}

// A rack of 18 trays: 0.116 are down at once; more than 2 in 0.00022 of the racks, more than 1 in
// 0.006. Of 100 racks 0.6 have more than one down: one is enough; of 3612 two are.
static void test_domains_have_their_own_spare_trays(void) {
    const ls_design small = design_of("gb200-nvl72", 7200);
    CHECK_INT(small.racks, 100);
    CHECK_INT(small.spare, 1);
    const ls_design large = design_of("gb200-nvl72", 260000);
    CHECK_INT(large.racks, 3612);
    CHECK_INT(large.spare, 2);
    CHECK_INT(large.usable_gpus, 3612 * 64);
    CHECK(large.beyond_spare < 1);
    CHECK_NEAR(large.failures_a_day, 65016 * 0.0065, 1e-9);
}

// 65,016 nodes of 4 rails are more than one tree of 64 ports reaches; each rail is one of its own.
static void test_a_country_needs_a_tree_for_each_rail(void) {
    const ls_design d = design_of("gb200-nvl72", 260000);
    // 2032 leaves of a rail: 64 pods of 32, with 32 spines each; 32 x 32 cores.
    check_fabric(&d, 3, 4, 4 * 2032, 4 * 64 * 32, 4 * 32 * 32);
    CHECK_INT(d.fabric.node_links, 260064);
    CHECK_INT(d.racks_watts, 433440000);
    CHECK_INT(d.hall_racks, 166);
    CHECK_INT(d.halls, 22);
    ls_design more;
    ls_error err = {0};
    const ls_design_ask ask = ls_design_ask_default(ls_pool_model_find("gb200-nvl72"), 300000);
    CHECK_INT(ls_design_compose(&ask, &more, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "reaches 65536 nodes with 4 GPUs each: 262144 GPUs");
    CHECK_CONTAINS(err.hint, "more ports");
}

static void test_what_fits_into_the_power(void) {
    ls_design asked, fits, more;
    ls_error err = {0};
    ls_design_ask ask = ls_design_ask_default(ls_pool_model_find("gb200-nvl72"), 260000);
    ask.power_watts = 400000000;
    CHECK_INT(ls_design_compose(&ask, &asked, &err), LS_OK);
    CHECK(asked.building_watts > ask.power_watts);
    CHECK_INT(ls_design_fit(&ask, &fits, &err), LS_OK);
    CHECK(fits.building_watts <= ask.power_watts);
    ask.gpus = fits.gpus + 72;  // one rack more is too much
    CHECK_INT(ls_design_compose(&ask, &more, &err), LS_OK);
    CHECK(more.building_watts > ask.power_watts);
    ask.power_watts = 100000;
    CHECK_INT(ls_design_fit(&ask, &fits, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "100 kW is not enough for one rack");
}

static void test_what_cannot_stand_is_explained(void) {
    ls_design d;
    ls_error err = {0};
    ls_design_ask ask = ls_design_ask_default(ls_pool_model_find("dgx-b200"), 80);
    ask.rack_watts = 12000;
    CHECK_INT(ls_design_compose(&ask, &d, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text,
                   "a rack of 12 kW does not feed one 'dgx-b200', which draws up to 14.3 kW");
    ask = ls_design_ask_default(ls_pool_model_find("gb200-nvl72"), 72);
    ask.hall_watts = 100000;
    CHECK_INT(ls_design_compose(&ask, &d, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "a hall of 100 kW does not feed one rack, which draws up to 120 kW");
    CHECK_CONTAINS(err.hint, "120 kW or more");
}

// 8 GPUs of a node: NVLink, 450 GB/s. 16 of two nodes: each GPU's ring carries an eighth of the
// bytes at 50 GB/s there and back: 2 x 1/8 x 1/2 / 50 = 0.0025 S; within, 2 x 7/8 / 450 = 0.00389
// S. So 2 x 15/16 / 0.00389 = 482 GB/s. Many nodes: 8 x 50 = 400 GB/s, to which nccl-tests come
// near.
static void test_all_reduce_by_hand(void) {
    const ls_design d = design_of("dgx-h100", 1024);
    CHECK_NEAR(ls_design_job_of(&d, 8).all_reduce_gbyte, 450.0, 1e-9);
    CHECK_NEAR(ls_design_job_of(&d, 16).all_reduce_gbyte, 2 * 15.0 / 16 / (2 * 7.0 / 8 / 450),
               1e-9);
    const ls_design_job many = ls_design_job_of(&d, 512);
    CHECK_INT(many.domains, 64);
    CHECK_INT(many.leaf_groups, 2);
    CHECK_NEAR(many.all_reduce_gbyte, 2 * 511.0 / 512 / (2.0 / 8 * 63 / 64 / 50), 1e-9);
    // 504 of the 511 others are reached over 50 GB/s.
    CHECK_NEAR(many.all_to_all_gbyte, 50 * 511.0 / 504, 1e-9);
    CHECK_NEAR(many.failure_us, (double)LS_US_PER_DAY * 1000 / 6.5 / 64, 1);
}

static void test_an_nvlink_domain_is_as_fast_as_a_rack(void) {
    const ls_design d = design_of("gb200-nvl72", 7200);
    const ls_design_job rack = ls_design_job_of(&d, 68);  // one spare tray
    CHECK_INT(rack.domains, 1);
    CHECK_NEAR(rack.all_reduce_gbyte, 900.0, 1e-9);
    CHECK_NEAR(rack.all_to_all_gbyte, 900.0, 1e-9);
    const ls_design_job two = ls_design_job_of(&d, 128);
    CHECK_INT(two.domains, 2);
    CHECK_NEAR(two.all_reduce_gbyte, 2 * 127.0 / 128 / (2 * 63.0 / 64 / 900), 1e-9);
    CHECK_NEAR(two.all_to_all_gbyte, 50 * 127.0 / 64, 1e-9);
}

// The pool file reads back to what was designed, whatever the numbers.
static void test_the_pool_file_is_the_design(void) {
    static const struct {
        const char *kind;
        uint32_t gpus;
        int64_t hall_watts;
        int32_t spare;
    } cases[] = {
        {"gb200-nvl72", 260000, 20000000, -1}, {"gb200-nvl72", 72, 20000000, 0},
        {"gb200-nvl72", 5000, 1000000, 3},     {"dgx-h100", 8, 20000000, -1},
        {"dgx-h100", 8 * 1001, 500000, -1},    {"dgx-b200", 8 * 333, 200000, 7},
        {"dgx-a100", 8 * 37, 90000, 30},       {"dgx-h100", 8 * 13, 60000, 13},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ls_design_ask ask = ls_design_ask_default(ls_pool_model_find(cases[i].kind), cases[i].gpus);
        ls_design d;
        ls_buffer text;
        ask.hall_watts = cases[i].hall_watts;
        ask.spare = cases[i].spare;
        ls_buffer_init(&text);
        CHECK_INT(ls_design_compose(&ask, &d, NULL), LS_OK);
        ls_design_write(&d, "designed", &text);
        harness_note("%s", text.data);
        ls_pool *pool = test_good_pool(text.data, NULL);
        if (pool != NULL) {
            uint32_t racks = 0, halls = 0, rows = 0;
            for (uint32_t u = 0; u < pool->cluster.unit_count; u++) {
                const ls_pool_level level = pool->cluster.units[u].level;
                racks += level == LS_POOL_RACK ? 1 : 0;
                halls += level == LS_POOL_HALL ? 1 : 0;
                rows += level == LS_POOL_ROW ? 1 : 0;
            }
            CHECK_INT(pool->cluster.gpus, d.gpus);
            CHECK_INT(pool->cluster.node_count, d.nodes);
            CHECK_INT(racks, d.racks);
            CHECK_INT(halls, d.halls);
            CHECK(rows >= d.rows);
            CHECK_INT(pool->spare_nodes, d.spare_nodes);
            CHECK_INT(pool->gpus, d.usable_gpus);
        }
        ls_pool_destroy(pool);
        ls_buffer_clear(&text);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_two_tiers_are_those_of_the_reference_design);
    TEST(test_three_tiers_by_hand);
    TEST(test_oversubscription_takes_links_and_bisection);
    TEST(test_racks_and_power_by_hand);
    TEST(test_domains_have_their_own_spare_trays);
    TEST(test_a_country_needs_a_tree_for_each_rail);
    TEST(test_what_fits_into_the_power);
    TEST(test_what_cannot_stand_is_explained);
    TEST(test_all_reduce_by_hand);
    TEST(test_an_nvlink_domain_is_as_fast_as_a_rack);
    TEST(test_the_pool_file_is_the_design);
    return harness_report();
}
