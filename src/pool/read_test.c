// read_test.c - pool files: what they come out as, and what is said of wrong ones.
#include "pool/testing/pools.h"

static const char nvl72[] =
    "pool: group-a\n"
    "halls: {name: north, power: 1 MW, racks: {count: 3, kind: gb200-nvl72, spare: 2}}\n"
    "nodes: [{name: 'small-##', count: 2, kind: dgx-h100}, {count: 2, slots: 8}]\n";

static void test_racks_of_a_kind_become_domains_and_nodes(void) {
    ls_pool *pool = test_good_pool(nvl72, NULL);
    if (pool == NULL) {
        return;
    }
    const ls_cluster *c = &pool->cluster;
    CHECK_STR(pool->name, "group-a");
    CHECK_INT(c->unit_count, 1 + 3 + 3);  // hall, racks, domains
    CHECK_INT(c->node_count, 3 * 18 + 2 + 2);
    CHECK_INT(c->gpus, 216 + 16 + 16);
    CHECK_INT(pool->gpus, 216 - 6 * 4 + 16 + 16);
    CHECK_INT(pool->spare_nodes, 6);
    CHECK_INT(c->units[0].level, LS_POOL_HALL);
    CHECK_INT(c->units[0].watts, 1000000);
    CHECK_INT(c->units[0].node_count, 54);
    CHECK_STR(c->units[1].name, "rack1");
    CHECK_INT(c->units[1].parent, 0);
    CHECK_STR(c->units[2].name, "domain1");
    CHECK_INT(c->units[2].parent, 1);
    CHECK_INT(c->units[2].node_at, 0);
    CHECK_INT(c->units[2].node_count, 18);
    CHECK_STR(c->nodes[0].name, "node1");
    CHECK_INT(c->nodes[0].unit, 2);
    CHECK_INT(c->nodes[0].gpus, 4);
    CHECK_INT(c->nodes[0].cpu_milli, 144000);
    CHECK_INT(pool->states[15], LS_NODE_UP);
    CHECK_INT(pool->states[16], LS_NODE_SPARE);
    CHECK_INT(pool->states[17], LS_NODE_SPARE);
    CHECK_INT(pool->states[18], LS_NODE_UP);
    CHECK_STR(c->nodes[54].name, "small-01");
    CHECK_INT(c->nodes[54].unit, LS_POOL_NONE);
    CHECK_STR(c->kinds[c->nodes[54].kind].name, "dgx-h100");
    CHECK_STR(c->nodes[57].name, "node56");  // numbers go on through the whole pool
    CHECK_STR(c->kinds[c->nodes[57].kind].name, "cpu-slot");
    CHECK_INT(c->nodes[57].cpu_milli, 8000);
    ls_pool_destroy(pool);
}

static void test_kinds_of_the_file_and_changed_ones(void) {
    ls_pool *pool = test_good_pool(
        "pool: p\n"
        "kinds:\n"
        "  a40: {gpus: 4, gpu-memory: 48 GiB, gpu-power: 300 W, cpus: 32, memory: 256 GiB}\n"
        "  dgx-h100: {memory: 4 TiB}\n"
        "  pod: {gpus: 2, domain: 4, rack: 8}\n"
        "racks: {kind: pod}\n"
        "domains: {kind: pod}\n"
        "nodes: [{kind: a40}, {kind: dgx-h100, gpus: 6, cpus: 8.5}, {cpus: 64}]\n",
        NULL);
    if (pool == NULL) {
        return;
    }
    const ls_cluster *c = &pool->cluster;
    CHECK_INT(c->node_count, 8 + 4 + 3);
    CHECK_INT(c->unit_count, 1 + 2 + 1);
    const ls_pool_node *a40 = &c->nodes[12];
    CHECK_INT(a40->gpus, 4);
    CHECK_INT(c->kinds[a40->kind].memory_mib, 48 * 1024);
    CHECK_INT(c->kinds[a40->kind].watts, 300);
    CHECK_INT(c->nodes[13].gpus, 6);
    CHECK_INT(c->nodes[13].cpu_milli, 8500);
    CHECK_INT(c->nodes[13].memory_mib, 4 * 1024 * 1024);
    CHECK_INT(c->kinds[c->nodes[13].kind].watts, 700);  // as the known kind says
    CHECK_INT(c->nodes[14].kind, LS_POOL_NONE);
    CHECK_INT(c->nodes[14].gpus, 0);
    ls_pool_destroy(pool);
}

static void test_states_and_reservations_by_name(void) {
    ls_pool *pool = test_good_pool(
        "pool: p\n"
        "start: 2026-01-05\n"
        "racks: {count: 2, nodes: {count: 3, kind: dgx-h100}}\n"
        "drained: rack2\n"
        "broken: [node1, node5 to node6]\n"
        "reserved: {own: {nodes: [node2, rack2], for: a.b, from: 2026-01-06, until: 2026-01-07}}\n"
        "accounts: {a: {accounts: {b: {guarantee: 8}}}}\n",
        NULL);
    if (pool == NULL) {
        return;
    }
    static const ls_node_state states[] = {LS_NODE_BROKEN,  LS_NODE_UP,     LS_NODE_UP,
                                           LS_NODE_DRAINED, LS_NODE_BROKEN, LS_NODE_BROKEN};
    for (uint32_t n = 0; n < 6; n++) {
        CHECK_INT(pool->states[n], states[n]);
    }
    CHECK_INT(pool->reservation_count, 2);
    const ls_pool_reservation *r = pool->reservations;
    CHECK_INT(r[0].node_at, 1);
    CHECK_INT(r[0].node_count, 1);
    CHECK_INT(r[1].node_at, 3);
    CHECK_INT(r[1].node_count, 3);
    CHECK_INT(r[1].from_us, LS_US_PER_DAY);
    CHECK_INT(r[1].until_us, 2 * LS_US_PER_DAY);
    CHECK_INT(r[1].account, ls_pool_account(pool, "a.b"));
    ls_pool_destroy(pool);
}

static void test_accounts_stand_breadth_first_with_what_they_inherit(void) {
    ls_pool *pool = test_good_pool(
        "pool: p\n"
        "nodes: [{count: 10, kind: dgx-h100}, {count: 2, kind: dgx-a100}]\n"
        "reclaim: 5 min\n"
        "prices: {dgx-h100: 2.5, dgx-a100: 1}\n"
        "accounts:\n"
        "  vehicles: {guarantee: 40, reclaim: 1 h}\n"
        "  suppliers:\n"
        "    weight: 2\n"
        "    kinds: dgx-h100\n"
        "    priority: 50\n"
        "    prices: 3\n"
        "    accounts:\n"
        "      small-#: {count: 2, guarantee: 4 dgx-h100, limit: [16, 8 dgx-h100]}\n"
        "      castings: {guarantee: \"8, 2 dgx-h100\", borrow: no, budget: 1000, priority-max: "
        "40}\n",
        NULL);
    if (pool == NULL) {
        return;
    }
    CHECK_INT(pool->account_count, 6);
    const ls_account *a = pool->accounts;
    CHECK_INT(a[0].guarantee_gpus, 96);
    CHECK_INT(ls_account_guarantee_of(&a[0], 0), 80);
    CHECK_INT(a[0].child_count, 2);
    CHECK_INT(a[0].price_count, 2);
    CHECK_STR(a[1].path, "vehicles");
    CHECK_INT(a[1].reclaim_us, LS_US_PER_HOUR);
    const ls_account *suppliers = &a[2];
    CHECK_INT(suppliers->child_at, 3);
    CHECK_INT(suppliers->child_count, 3);
    CHECK_INT(suppliers->guarantee_gpus, 18);  // what its accounts were promised
    CHECK_INT(ls_account_guarantee_of(suppliers, 0), 10);
    CHECK_INT(ls_account_guarantee_of(suppliers, LS_POOL_NONE), 8);
    CHECK_INT(suppliers->limit_gpus, LS_ACCOUNT_UNLIMITED);
    CHECK_NEAR(suppliers->prices[0].per_gpu_hour, 3.0, 0);
    CHECK_STR(a[4].path, "suppliers.small-2");
    CHECK_INT(a[4].kinds, 1);
    CHECK_INT(a[4].limit_gpus, 16);
    CHECK_INT(ls_account_limit_of(&a[4], 0), 8);
    CHECK_INT(a[4].priority, 50);
    CHECK_INT(a[4].reclaim_us, 5 * LS_US_PER_MIN);
    CHECK(a[4].borrow);
    CHECK(!a[5].borrow);
    CHECK_INT(a[5].depth, 2);
    CHECK_INT(a[5].priority, 40);  // no higher than its highest
    CHECK_NEAR(a[5].budget_gpu_hours, 1000.0, 0);
    CHECK_INT(ls_pool_account(pool, "suppliers.castings"), 5);
    CHECK_INT(ls_pool_account(pool, "suppliers.nobody"), LS_POOL_NONE);
    ls_pool_destroy(pool);
}

static const char with_table[] =
    "pool: p\n"
    "nodes: [{count: 4, kind: dgx-h100}, {count: 4, kind: dgx-a100}]\n"
    "accounts: {suppliers: {table: accounts.csv}}\n";

static void test_a_table_beside_holds_accounts(void) {
    ls_pool *pool = test_good_pool(with_table,
                                   "account,guarantee,kinds,weight\n"
                                   "castings,\"4, 2 dgx-h100\",,2\n"
                                   "castings.small,1,dgx-h100 dgx-a100,\n"
                                   "harness,,dgx-a100,\n");
    if (pool == NULL) {
        return;
    }
    CHECK_INT(pool->account_count, 5);
    const uint32_t small = ls_pool_account(pool, "suppliers.castings.small");
    CHECK_INT(small, 4);
    CHECK_INT(pool->accounts[4].kinds, 3);
    CHECK_INT(pool->accounts[2].guarantee_gpus, 6);
    CHECK_NEAR(pool->accounts[2].weight, 2.0, 0);
    CHECK_STR(pool->accounts[4].file, "accounts.csv");
    CHECK_INT(pool->accounts[4].line, 3);
    CHECK_INT(pool->accounts[3].kinds, 2);
    ls_pool_destroy(pool);
}

static void test_wrong_tables_are_explained_at_their_places(void) {
    test_bad_pool(with_table, "account,guarantee\na,8\na,8\n", 3, 1, "second account", "parent");
    test_bad_pool(with_table, "account,guarantees\na,8\n", 1, 9, "unknown column 'guarantees'",
                  "did you mean 'guarantee'?");
    test_bad_pool(with_table, "name,guarantee\na,8\n", 1, 1, "no column 'account'", "names");
    test_bad_pool(with_table, "account,guarantee\na.b,8\n", 2, 1, "unknown account 'a'", "before");
    test_bad_pool(with_table, "account,weight\na,-1\n", 2, 3, "'-1' is out of range", "");
    test_bad_pool(with_table, "account,kinds\na,dgx-h10\n", 2, 3, "unknown kind of GPUs 'dgx-h10'",
                  "did you mean 'dgx-h100'?");
    test_bad_pool(with_table, NULL, 3, 31, "file 'accounts.csv': it is not there", "");
}

#define NODES "pool: p\nnodes: {count: 2, kind: dgx-h100}\n"

static void test_wrong_clusters_are_explained(void) {
    test_bad_pool("pool: p\n", NULL, 0, 0, "no nodes", "racks");
    test_bad_pool("pool: p\nracks: {count: 2}\n", NULL, 2, 8, "a rack without nodes",
                  "gb200-nvl72");
    test_bad_pool("pool: p\nracks: {kind: dgx-h100}\n", NULL, 2, 15, "not bought by the rack",
                  "nodes: {count: 4, kind: dgx-h100}");
    test_bad_pool("pool: p\ndomains: {kind: dgx-h100}\n", NULL, 2, 17, "no NVLink domain", "nodes");
    test_bad_pool("pool: p\nracks: {kind: gb200-nvl72, nodes: {slots: 1}}\n", NULL, 2, 15,
                  "'kind' together with", "take one");
    test_bad_pool("pool: p\nnodes: {kind: dgx-h10}\n", NULL, 2, 15,
                  "unknown kind of GPUs 'dgx-h10'", "did you mean 'dgx-h100'?");
    test_bad_pool("pool: p\nnodes: {gpus: 8}\n", NULL, 2, 15, "of which 'kind'", "dgx-h100");
    test_bad_pool("pool: p\nnodes: {slots: 8, gpus: 1}\n", NULL, 2, 25,
                  "'slots' together with 'gpus'", "CPU slots");
    test_bad_pool("pool: p\nnodes: {count: 2, slots: 8, spare: 3}\n", NULL, 2, 8, "3 spare nodes",
                  "");
    test_bad_pool("pool: p\nracks: {count: 2, nodes: {name: a, slots: 8}}\n", NULL, 2, 26,
                  "called 'a'", "#");
    test_bad_pool("pool: p\nnodes: {count: 1000000, slots: 32}\n", NULL, 2, 8,
                  "at most 1000000 nodes", "");
    test_bad_pool("pool: p\nkinds: {x: {cpus: 4}}\nnodes: {slots: 1}\n", NULL, 2, 9,
                  "'gpus' is missing", "gpus: 8");
    test_bad_pool(NODES "drained: node3\n", NULL, 3, 10, "unknown node or unit 'node3'", "node");
    test_bad_pool(NODES "drained: node2 to node1\n", NULL, 3, 10, "comes before", "node1 to node2");
    test_bad_pool(NODES "reserved: {r: {nodes: node1, for: b}}\naccounts: {a: {}}\n", NULL, 3, 35,
                  "unknown account 'b'", "parents");
    test_bad_pool(NODES "reserved: {r: {nodes: node1, from: 2026-02-02, until: 2026-02-01}}\n",
                  NULL, 3, 55, "ends before", "");
    test_bad_pool(NODES "failures: {every: 0 s}\n", NULL, 3, 19, "of 0", "take 'failures' out");
}

static void test_wrong_accounts_are_explained(void) {
    test_bad_pool(NODES "accounts: {a: {guarantee: 16x}}\n", NULL, 3, 27, "'16x' is not a number",
                  "16 b200");
    test_bad_pool(NODES "accounts: {a: {guarantee: 8 b200}}\n", NULL, 3, 27,
                  "no GPUs of a kind 'b200'", "dgx-h100");
    test_bad_pool(NODES "accounts: {a: {limit: [8, 9]}}\n", NULL, 3, 27, "any kind twice", "take");
    test_bad_pool(NODES "accounts: {a: {guarantee: 17}}\n", NULL, 3, 12,
                  "the accounts at the top were promised 17 GPUs, but the pool has 16", "by 1");
    test_bad_pool(NODES "accounts: {a: {guarantee: 8, limit: 4}}\n", NULL, 3, 12, "its limit is 4",
                  "raise");
    test_bad_pool(NODES "accounts: {a: {guarantee: 4, accounts: {b: {guarantee: 5}}}}\n", NULL, 3,
                  12, "1 more than its own guarantee of 4", "to 5");
    test_bad_pool(NODES "accounts: {a: {sites: seoul}}\n", NULL, 3, 23, "unknown site 'seoul'",
                  "no 'sites'");
    test_bad_pool(NODES "accounts: {a: {budget: 5, accounts: {b: {budget: 6}}}}\n", NULL, 3, 12,
                  "budgets of 6 GPU hours", "raise");
    test_bad_pool(NODES "accounts: {a: {priority: 5, priority-max: 4}}\n", NULL, 3, 26,
                  "over its priority-max of 4", "");
    test_bad_pool(NODES "accounts: {a: {priority-max: 4, accounts: {b: {priority-max: 5}}}}\n",
                  NULL, 3, 62, "its parent has at most 4", "");
    test_bad_pool(
        "pool: p\nnodes: [{kind: dgx-h100}, {kind: dgx-a100}]\n"
        "accounts: {a: {kinds: dgx-h100, accounts: {b: {kinds: dgx-a100}}}}\n",
        NULL, 3, 55, "may not use", "parent");
    test_bad_pool(
        "pool: p\nnodes: [{kind: dgx-h100}, {kind: dgx-a100}]\n"
        "accounts: {a: {guarantee: 9 dgx-h100}}\n",
        NULL, 3, 12, "9 GPUs of dgx-h100", "kind");
    test_bad_pool(
        "pool: p\nnodes: [{kind: dgx-h100}, {kind: dgx-a100}]\n"
        "accounts: {a: {guarantee: 5, kinds: dgx-h100}, b: {guarantee: 4, kinds: dgx-h100}}\n",
        NULL, 3, 12, "and others that may use only", "lower");
    test_bad_pool(
        "pool: p\nsites: [{name: s, nodes: {kind: dgx-h100}}, {name: t, nodes: {slots: 4}}]\n"
        "accounts: {a: {guarantee: 5, sites: t}}\n",
        NULL, 3, 12, "at the sites it may use are 4", "sites");
}

static void test_what_is_told_back_reads_back(void) {
    static const char *const texts[] = {
        nvl72,
        "pool: p\nabout: \"a: b\"\nkinds: {x: {gpus: 3, gpu-idle: 60 W}}\n"
        "sites: [{name: s, power: 5 MW, nodes: {kind: x, spare: 1, count: 3}}, {name: t, nodes: "
        "{slots: 2}}]\n"
        "broken: node1\nreserved: {r: {nodes: [node1, t], for: a}}\n"
        "failures: {every: 150 d, lemons: 0.05, exchange-after: 3}\nprices: 2\n"
        "accounts: {a: {sites: s, guarantee: 2 x, limit: 4, budget: 7, prices: {x: 1.5}, accounts: "
        "{b: "
        "{count: 2}}}}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ls_buffer once, twice;
        ls_buffer_init(&once);
        ls_buffer_init(&twice);
        ls_pool *pool = test_good_pool(texts[i], NULL);
        CHECK(pool != NULL && ls_pool_explain(pool, &once) == LS_OK);
        ls_pool *again = test_good_pool(once.data, NULL);
        CHECK(again != NULL && ls_pool_explain(again, &twice) == LS_OK);
        CHECK_STR(twice.data, once.data);
        ls_pool_destroy(pool);
        ls_pool_destroy(again);
        ls_buffer_clear(&once);
        ls_buffer_clear(&twice);
    }
}

static void test_notes(void) {
    ls_pool *pool = test_good_pool(
        "pool: p\nracks: {power: 2 kW, nodes: {count: 1, kind: dgx-h100}}\n"
        "accounts: {a: {borrow: no}}\n",
        NULL);
    ls_errors notes;
    ls_errors_init(&notes);
    if (pool != NULL) {
        ls_pool_notes(pool, &notes);
        CHECK_INT(notes.count, 2);
        CHECK_CONTAINS(notes.items[0].text, "'rack1' alone draw up to 5.6 kW, its limit is 2 kW");
        CHECK_CONTAINS(notes.items[1].text, "account 'a' can never run anything");
    }
    ls_errors_clear(&notes);
    ls_pool_destroy(pool);
}

static void test_a_pool_file_is_known_by_its_first_key(void) {
    static const struct {
        const char *text;
        bool is_pool;
    } cases[] = {{"pool: p\n", true},
                 {"# of the group\n\n---\npool: p\n", true},
                 {"\xEF\xBB\xBFpool: p\n", true},
                 {"\"pool\": p\n", true},
                 {"{pool: p}", true},
                 {"plant: p\npool: q\n", false},
                 {"pool: {slots: 1}\nplant: p\n", false},
                 {"pool:  # of the plant\n  slots: 1\nplant: p\n", false},
                 {"pool:\r\n  slots: 1\n", false},
                 {"pools: p\n", false},
                 {"", false},
                 {"# pool: p", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness_note("%s", cases[i].text);
        CHECK_INT(ls_pool_file_is(cases[i].text, strlen(cases[i].text)), cases[i].is_pool);
    }
}

static void test_the_document_has_the_tables(void) {
    ls_buffer made;
    ls_buffer_init(&made);
    CHECK(ls_pool_reference(&made) == LS_OK);
    char *text = harness_read_file(harness_source_path("docs/POOL.md"), NULL);
    harness_note("to bring it up to date: BUILD/src/pool/pool_reference docs/POOL.md");
    CHECK(text != NULL && made.data != NULL && strstr(text, made.data) != NULL);
    free(text);
    ls_buffer_clear(&made);
}

// Every allocation fails once; nothing is lost, and it is said.
static void test_memory_that_is_out_is_said(void) {
    ls_errors errors;
    bool is_done = false;
    for (int64_t n = 0; !is_done && n < 10000; n++) {
        ls_errors_init(&errors);
        ls_alloc_fail_after(n);
        ls_pool *pool = NULL;
        const ls_status status = ls_pool_read(nvl72, strlen(nvl72), "pool.yaml", NULL, &pool,
                                              &errors);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        is_done = status == LS_OK;
        ls_pool_destroy(pool);
        ls_errors_clear(&errors);
    }
    CHECK(is_done);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_racks_of_a_kind_become_domains_and_nodes);
    TEST(test_kinds_of_the_file_and_changed_ones);
    TEST(test_states_and_reservations_by_name);
    TEST(test_accounts_stand_breadth_first_with_what_they_inherit);
    TEST(test_a_table_beside_holds_accounts);
    TEST(test_wrong_tables_are_explained_at_their_places);
    TEST(test_wrong_clusters_are_explained);
    TEST(test_wrong_accounts_are_explained);
    TEST(test_what_is_told_back_reads_back);
    TEST(test_notes);
    TEST(test_a_pool_file_is_known_by_its_first_key);
    TEST(test_the_document_has_the_tables);
    TEST(test_memory_that_is_out_is_said);
    return harness_report();
}
