// check_pool.c - `lineshaft check` of a pool file: what it comes to.
#include <string.h>

#include "cli/check.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "import/pool_file.h"
#include "ls_build.h"
#include "pool/pool_file.h"

enum { ACCOUNTS_SHOWN = 20, TEXT_SIZE = 64 };

typedef struct pool_check {
    const char *path;
    ls_arena arena;
    ls_errors mistakes, notes;
    ls_pool *pool;  // NULL when there are mistakes
} pool_check;

static const struct {
    ls_pool_level level;
    const char *name, *names;
} levels[] = {
    {LS_POOL_SITE, "site", "sites"},
    {LS_POOL_HALL, "hall", "halls"},
    {LS_POOL_ROW, "row", "rows"},
    {LS_POOL_RACK, "rack", "racks"},
    {LS_POOL_DOMAIN, "NVLink domain", "NVLink domains"},
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

static uint32_t count_units(const ls_pool *pool, ls_pool_level level) {
    uint32_t count = 0;
    for (uint32_t u = 0; u < pool->cluster.unit_count; u++) {
        count += pool->cluster.units[u].level == level ? 1 : 0;
    }
    return count;
}

static uint32_t count_state(const ls_pool *pool, ls_node_state state) {
    uint32_t count = 0;
    for (uint32_t n = 0; n < pool->cluster.node_count; n++) {
        count += pool->states[n] == state ? 1 : 0;
    }
    return count;
}

// Nodes and GPUs of a kind.
typedef struct kind_sum {
    uint32_t nodes;
    uint64_t gpus, spare;
} kind_sum;

static kind_sum sum_kind(const ls_pool *pool, uint32_t kind) {
    kind_sum sum = {0};
    for (uint32_t n = 0; n < pool->cluster.node_count; n++) {
        const ls_pool_node *node = &pool->cluster.nodes[n];
        if (node->kind == kind) {
            sum.nodes++;
            sum.gpus += node->gpus;
            sum.spare += pool->states[n] == LS_NODE_SPARE ? node->gpus : 0;
        }
    }
    return sum;
}

static uint64_t guaranteed(const ls_pool *pool) {
    uint64_t sum = 0;
    for (uint32_t c = 0; c < pool->accounts[0].child_count; c++) {
        sum += pool->accounts[pool->accounts[0].child_at + c].guarantee_gpus;
    }
    return sum;
}

// --- for people

static void put_count(ls_buffer *out, const char *before, uint64_t count, const char *noun,
                      const char *nouns) {
    ls_buffer_printf(out, "%s%llu %s", before, (unsigned long long)count,
                     count == 1 ? noun : nouns);
}

static void put_summary(const pool_check *check, ls_buffer *out) {
    const ls_pool *pool = check->pool;
    ls_buffer_printf(out, "%s: fine: ", check->path);
    for (size_t i = 0; i < LEVELS; i++) {
        const uint32_t count = count_units(pool, levels[i].level);
        if (count > 0) {
            put_count(out, "", count, levels[i].name, levels[i].names);
            ls_buffer_text(out, ", ");
        }
    }
    put_count(out, "", pool->cluster.node_count, "node", "nodes");
    if (pool->spare_nodes > 0) {
        ls_buffer_printf(out, " (%u spare)", pool->spare_nodes);
    }
    put_count(out, ", ", pool->account_count - 1, "account", "accounts");
    ls_buffer_text(out, "\n");
}

// For people, four digits.
static void show_power(double watts, char *out, size_t size) {
    static const char *const units[] = {"W", "kW", "MW", "GW"};
    int unit = 0;
    while (watts >= 1000 && unit < 3) {
        watts /= 1000;
        unit++;
    }
    ls_text_format(out, size, "%.4g %s", watts, units[unit]);
}

static void put_kinds(const ls_pool *pool, ls_arena *arena, ls_buffer *out) {
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "kind", LS_ALIGN_LEFT);
    ls_table_column(&table, "nodes", LS_ALIGN_RIGHT);
    ls_table_column(&table, ls_pool_what(pool), LS_ALIGN_RIGHT);
    ls_table_column(&table, "of those spare", LS_ALIGN_RIGHT);
    ls_table_column(&table, "memory of one", LS_ALIGN_RIGHT);
    ls_table_column(&table, "power of GPUs", LS_ALIGN_RIGHT);
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        const ls_gpu_kind *kind = &pool->cluster.kinds[k];
        const kind_sum sum = sum_kind(pool, k);
        char text[TEXT_SIZE] = "-";
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", kind->name);
        ls_table_cell(&table, 1, "%u", sum.nodes);
        ls_table_cell(&table, 2, "%llu", (unsigned long long)sum.gpus);
        ls_table_cell(&table, 3, "%llu", (unsigned long long)sum.spare);
        if (kind->memory_mib > 0) {
            ls_text_format(text, sizeof text, "%.0f GB", kind->memory_mib * 1.048576 / 1000);
        }
        ls_table_cell(&table, 4, "%s", text);
        ls_text_format(text, sizeof text, "-");
        if (kind->watts > 0) {
            show_power((double)sum.gpus * kind->watts, text, sizeof text);
        }
        ls_table_cell(&table, 5, "%s", text);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
}

static void put_accounts(const ls_pool *pool, ls_arena *arena, ls_buffer *out) {
    const ls_account *top = &pool->accounts[0];
    if (top->child_count == 0) {
        return;
    }
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "account", LS_ALIGN_LEFT);
    ls_table_column(&table, "guarantee", LS_ALIGN_RIGHT);
    ls_table_column(&table, "of the pool %", LS_ALIGN_RIGHT);
    ls_table_column(&table, "limit", LS_ALIGN_RIGHT);
    ls_table_column(&table, "weight", LS_ALIGN_RIGHT);
    ls_table_column(&table, "accounts below", LS_ALIGN_RIGHT);
    for (uint32_t c = 0; c < top->child_count && c < ACCOUNTS_SHOWN; c++) {
        const ls_account *a = &pool->accounts[top->child_at + c];
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", a->name);
        ls_table_cell(&table, 1, "%u", a->guarantee_gpus);
        ls_table_cell(&table, 2, "%.1f", 100.0 * a->guarantee_gpus / (double)pool->gpus);
        ls_table_cell(&table, 3, a->limit_gpus == LS_ACCOUNT_UNLIMITED ? "-" : "%u", a->limit_gpus);
        ls_table_cell(&table, 4, "%.4g", a->weight);
        ls_table_cell(&table, 5, "%u", a->child_count);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    if (top->child_count > ACCOUNTS_SHOWN) {
        ls_buffer_printf(out, "and %u more\n", top->child_count - ACCOUNTS_SHOWN);
    }
    ls_buffer_printf(out,
                     "\nPromised: %llu of %llu. The rest, and what stands idle, is shared by "
                     "weight.\n",
                     (unsigned long long)guaranteed(pool), (unsigned long long)pool->gpus);
}

// --- as JSON

static json_t *kinds_json(const ls_pool *pool) {
    json_t *list = json_array();
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        const ls_gpu_kind *kind = &pool->cluster.kinds[k];
        const kind_sum sum = sum_kind(pool, k);
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "name", ls_json_text(kind->name),
                            "nodes", (json_int_t)sum.nodes, "gpus", (json_int_t)sum.gpus,
                            "spare_gpus", (json_int_t)sum.spare, "gpu_memory_mib",
                            (json_int_t)kind->memory_mib, "gpu_watts", (json_int_t)kind->watts));
    }
    return list;
}

static json_t *accounts_json(const ls_pool *pool) {
    json_t *list = json_array();
    for (uint32_t i = 1; i < pool->account_count; i++) {
        const ls_account *a = &pool->accounts[i];
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:o, s:f, s:b, s:f}", "path", ls_json_text(a->path),
                            "guarantee", (json_int_t)a->guarantee_gpus, "limit",
                            a->limit_gpus == LS_ACCOUNT_UNLIMITED
                                ? json_null()
                                : json_integer((json_int_t)a->limit_gpus),
                            "weight", a->weight, "borrow", a->borrow ? 1 : 0, "reclaim_s",
                            (double)a->reclaim_us / 1e6));
    }
    return list;
}

static void put_json(const pool_check *check, ls_buffer *out) {
    const ls_pool *pool = check->pool;
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("check-pool/1"));
    json_object_set_new(object, "file", ls_json_text(check->path));
    json_object_set_new(object, "fine", json_boolean(check->mistakes.total == 0));
    json_object_set_new(object, "mistake_count", json_integer((json_int_t)check->mistakes.total));
    json_object_set_new(object, "mistakes", ls_json_notes(&check->mistakes));
    json_object_set_new(object, "warnings", ls_json_notes(&check->notes));
    if (pool != NULL) {
        json_object_set_new(object, "pool", ls_json_text(pool->name));
        json_object_set_new(object, "nodes", json_integer(pool->cluster.node_count));
        json_object_set_new(object, "spare_nodes", json_integer(pool->spare_nodes));
        json_object_set_new(object, "drained_nodes",
                            json_integer(count_state(pool, LS_NODE_DRAINED)));
        json_object_set_new(object, "broken_nodes",
                            json_integer(count_state(pool, LS_NODE_BROKEN)));
        json_object_set_new(object, "gpus", json_integer((json_int_t)pool->gpus));
        json_object_set_new(object, "guaranteed", json_integer((json_int_t)guaranteed(pool)));
        json_t *units = json_object();
        for (size_t i = 0; i < LEVELS; i++) {
            const char *key = levels[i].level == LS_POOL_DOMAIN ? "domains" : levels[i].names;
            json_object_set_new(units, key, json_integer(count_units(pool, levels[i].level)));
        }
        json_object_set_new(object, "units", units);
        json_object_set_new(object, "kinds", kinds_json(pool));
        json_object_set_new(object, "accounts", accounts_json(pool));
    }
    ls_json_print(object, out);
}

// --- the command

static void put_report(pool_check *check, const ls_options *options, ls_buffer *out) {
    if (ls_options_get(options, "json")->given) {
        put_json(check, out);
    } else if (ls_options_get(options, "effective")->given) {
        out->failed = ls_pool_explain(check->pool, out) != LS_OK;
    } else {
        put_summary(check, out);
        put_kinds(check->pool, &check->arena, out);
        put_accounts(check->pool, &check->arena, out);
    }
}

int ls_check_pool(const ls_options *options) {
    pool_check check = {.path = options->arguments[0]};
    ls_arena_init(&check.arena);
    ls_errors_init(&check.mistakes);
    ls_errors_init(&check.notes);
    const bool json = ls_options_get(options, "json")->given;
    if (ls_pool_file_read(check.path, &check.pool, &check.mistakes) == LS_OK) {
        ls_pool_notes(check.pool, &check.notes);
    }
    int code = ls_check_exit_code(&check.mistakes);
    if (!json) {
        ls_check_complain(check.path, &check.mistakes, &check.notes);
    }
    if (json || code == LS_EXIT_DONE) {
        ls_buffer out;
        ls_buffer_init(&out);
        put_report(&check, options, &out);
        const int delivered = ls_output_deliver(options, &out);
        code = delivered != LS_EXIT_DONE ? delivered : code;
        ls_buffer_clear(&out);
    }
    ls_pool_destroy(check.pool);
    ls_errors_clear(&check.mistakes);
    ls_errors_clear(&check.notes);
    ls_arena_clear(&check.arena);
    return code;
}
