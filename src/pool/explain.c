// explain.c - a pool told back: the pool file with every default filled in.
#include <string.h>

#include "base/put.h"
#include "base/units.h"
#include "pool/pool_file.h"

enum { INDENT = 2 };

static void put_indent(ls_buffer *out, int depth) {
    for (int i = 0; i < depth * INDENT; i++) {
        ls_buffer_text(out, " ");
    }
}

static void put_key(ls_buffer *out, int depth, const char *key) {
    put_indent(out, depth);
    ls_buffer_printf(out, "%s: ", key);
}

static void put_text_key(ls_buffer *out, int depth, const char *key, const char *text) {
    put_key(out, depth, key);
    ls_put_text(out, text);
    ls_buffer_text(out, "\n");
}

static void put_power(ls_buffer *out, uint32_t watts) {
    char text[32];
    ls_units_print_power(watts, text, sizeof text);
    ls_buffer_text(out, text);
}

static void put_memory(ls_buffer *out, uint32_t mib) {
    char text[32];
    ls_units_print_memory(mib, text, sizeof text);
    ls_buffer_text(out, text);
}

// --- kinds

static void put_kinds(ls_buffer *out, const ls_pool *pool) {
    bool is_first = true;
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        const ls_gpu_kind *kind = &pool->cluster.kinds[k];
        const ls_pool_kind *facts = &pool->kinds[k];
        if (!facts->is_own) {
            continue;
        }
        ls_buffer_text(out, is_first ? "kinds:\n" : "");
        is_first = false;
        put_indent(out, 1);
        ls_put_text(out, kind->name);
        ls_buffer_printf(out, ": {gpus: %u", facts->gpus);
        if (kind->memory_mib > 0) {
            ls_buffer_text(out, ", gpu-memory: ");
            put_memory(out, kind->memory_mib);
        }
        if (kind->watts > 0) {
            ls_buffer_text(out, ", gpu-power: ");
            put_power(out, kind->watts);
        }
        ls_buffer_text(out, ", gpu-idle: ");
        put_power(out, kind->idle_watts);
        ls_buffer_text(out, ", cpus: ");
        ls_put_number(out, facts->cpu_milli / 1000.0);
        ls_buffer_text(out, ", memory: ");
        put_memory(out, facts->memory_mib);
        ls_buffer_printf(out, ", domain: %u, rack: %u}\n", facts->domain_nodes, facts->rack_nodes);
    }
}

// --- groups

static const char *const level_keys[] = {
    [LS_POOL_SITE] = "sites", [LS_POOL_HALL] = "halls",     [LS_POOL_ROW] = "rows",
    [LS_POOL_RACK] = "racks", [LS_POOL_DOMAIN] = "domains", [LS_POOL_NODE] = "nodes",
};

static void put_node_facts(ls_buffer *out, const ls_pool *pool, const ls_pool_group *group,
                           int depth) {
    if (group->kind != LS_POOL_NONE && pool->kinds[group->kind].is_slots) {
        put_key(out, depth, "slots");
        ls_buffer_printf(out, "%u\n", group->gpus);
    } else if (group->kind != LS_POOL_NONE) {
        put_text_key(out, depth, "kind", pool->cluster.kinds[group->kind].name);
        put_key(out, depth, "gpus");
        ls_buffer_printf(out, "%u\n", group->gpus);
    }
    put_key(out, depth, "cpus");
    ls_put_number(out, group->cpu_milli / 1000.0);
    ls_buffer_text(out, "\n");
    put_key(out, depth, "memory");
    put_memory(out, group->memory_mib);
    ls_buffer_text(out, "\n");
}

static void put_groups(ls_buffer *out, const ls_pool *pool, uint32_t first, int depth);

static void put_group(ls_buffer *out, const ls_pool *pool, const ls_pool_group *group, int depth) {
    put_indent(out, depth);
    ls_buffer_text(out, "- name: ");
    ls_put_text(out, group->name);
    ls_buffer_text(out, "\n");
    put_key(out, depth + 1, "count");
    ls_buffer_printf(out, "%u\n", group->count);
    put_key(out, depth + 1, "spare");
    ls_buffer_printf(out, "%u\n", group->spare);
    if (group->watts > 0) {
        put_key(out, depth + 1, "power");
        put_power(out, group->watts);
        ls_buffer_text(out, "\n");
    }
    if (group->level == LS_POOL_NODE) {
        put_node_facts(out, pool, group, depth + 1);
    } else if (group->model != LS_POOL_NONE) {
        put_text_key(out, depth + 1, "kind", pool->cluster.kinds[group->model].name);
    } else {
        put_groups(out, pool, group->child, depth + 1);
    }
}

// Groups of one level stand together.
static void put_groups(ls_buffer *out, const ls_pool *pool, uint32_t first, int depth) {
    ls_pool_level level = LS_POOL_ANYWHERE;
    for (uint32_t g = first; g != LS_POOL_NONE; g = pool->groups[g].next) {
        const ls_pool_group *group = &pool->groups[g];
        if (group->level != level) {
            put_indent(out, depth);
            ls_buffer_printf(out, "%s:\n", level_keys[group->level]);
            level = group->level;
        }
        put_group(out, pool, group, depth + 1);
    }
}

// --- nodes by name

// Nodes [at, at + count) as a list of names and of `FROM to TO`.
typedef struct run {
    uint32_t at, count;
} run;

static void put_run(ls_buffer *out, const ls_pool *pool, run nodes, bool *is_first) {
    const char *from = pool->cluster.nodes[nodes.at].name;
    const char *to = pool->cluster.nodes[nodes.at + nodes.count - 1].name;
    const bool is_clear = strstr(from, " to ") == NULL && strstr(to, " to ") == NULL;
    if (nodes.count > 1 && is_clear) {
        ls_buffer_text(out, *is_first ? "" : ", ");
        ls_buffer_text(out, "\"");
        ls_buffer_printf(out, "%s to %s\"", from, to);  // a name has no quote in it
        *is_first = false;
        return;
    }
    for (uint32_t n = nodes.at; n < nodes.at + nodes.count; n++) {
        ls_buffer_text(out, *is_first ? "" : ", ");
        ls_put_text(out, pool->cluster.nodes[n].name);
        *is_first = false;
    }
}

static void put_state(ls_buffer *out, const ls_pool *pool, const char *key, ls_node_state state) {
    bool is_first = true;
    const uint32_t count = pool->cluster.node_count;
    for (uint32_t n = 0; n < count; n++) {
        if (pool->states[n] != state) {
            continue;
        }
        run nodes = {n, 0};
        while (n < count && pool->states[n] == state) {
            nodes.count++;
            n++;
        }
        if (is_first) {
            ls_buffer_printf(out, "%s: [", key);
        }
        put_run(out, pool, nodes, &is_first);
    }
    ls_buffer_text(out, is_first ? "" : "]\n");
}

static void put_date_key(ls_buffer *out, const ls_pool *pool, const char *key, int64_t us) {
    char text[48];
    ls_units_print_date(pool->start_us + us, text, sizeof text);
    ls_buffer_printf(out, ", %s: %s", key, text);
}

// Rows of one reservation stand together and have one name.
static void put_reservations(ls_buffer *out, const ls_pool *pool) {
    for (uint32_t i = 0; i < pool->reservation_count; i++) {
        const ls_pool_reservation *row = &pool->reservations[i];
        const bool begins = i == 0 || strcmp(row[-1].name, row->name) != 0;
        const bool ends = i + 1 == pool->reservation_count || strcmp(row[1].name, row->name) != 0;
        bool is_first = begins;
        if (begins) {
            ls_buffer_text(out, i == 0 ? "reserved:\n" : "");
            put_indent(out, 1);
            ls_put_text(out, row->name);
            ls_buffer_text(out, ": {nodes: [");
        }
        put_run(out, pool, (run){row->node_at, row->node_count}, &is_first);
        if (!ends) {
            continue;
        }
        ls_buffer_text(out, "]");
        if (row->account != LS_POOL_NONE) {
            ls_buffer_text(out, ", for: ");
            ls_put_text(out, pool->accounts[row->account].path);
        }
        if (row->from_us != 0) {
            put_date_key(out, pool, "from", row->from_us);
        }
        if (row->until_us != INT64_MAX) {
            put_date_key(out, pool, "until", row->until_us);
        }
        ls_buffer_text(out, "}\n");
    }
}

// --- accounts

static void put_amounts(ls_buffer *out, const ls_pool *pool, const ls_amount *amounts,
                        uint32_t count) {
    ls_buffer_text(out, "[");
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_printf(out, i > 0 ? ", \"%u" : "\"%u", amounts[i].gpus);
        if (amounts[i].kind != LS_POOL_NONE) {
            ls_buffer_printf(out, " %s", pool->cluster.kinds[amounts[i].kind].name);
        }
        ls_buffer_text(out, "\"");
    }
    ls_buffer_text(out, count > 0 ? "]\n" : "\"0\"]\n");
}

static void put_prices(ls_buffer *out, const ls_pool *pool, const ls_account *a, int depth) {
    if (a->price_count == 0) {
        return;
    }
    put_key(out, depth, "prices");
    if (a->prices[0].kind == LS_POOL_NONE) {
        ls_put_number(out, a->prices[0].per_gpu_hour);
        ls_buffer_text(out, "\n");
        return;
    }
    for (uint32_t i = 0; i < a->price_count; i++) {
        ls_buffer_text(out, i == 0 ? "{" : ", ");
        ls_put_text(out, pool->cluster.kinds[a->prices[i].kind].name);
        ls_buffer_text(out, ": ");
        ls_put_number(out, a->prices[i].per_gpu_hour);
    }
    ls_buffer_text(out, "}\n");
}

static void put_kind_list(ls_buffer *out, const ls_pool *pool, uint32_t kinds, int depth) {
    bool is_first = true;
    put_key(out, depth, "kinds");
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        if ((kinds >> k & 1) != 0) {
            ls_buffer_text(out, is_first ? "[" : ", ");
            ls_put_text(out, pool->cluster.kinds[k].name);
            is_first = false;
        }
    }
    ls_buffer_text(out, "]\n");
}

static void put_site_list(ls_buffer *out, const ls_pool *pool, uint64_t sites, int depth) {
    uint32_t site = 0;
    bool is_first = true;
    put_key(out, depth, "sites");
    for (uint32_t u = 0; u < pool->cluster.unit_count; u++) {
        if (pool->cluster.units[u].level != LS_POOL_SITE) {
            continue;
        }
        if ((sites >> site & 1) != 0) {
            ls_buffer_text(out, is_first ? "[" : ", ");
            ls_put_text(out, pool->cluster.units[u].name);
            is_first = false;
        }
        site++;
    }
    ls_buffer_text(out, "]\n");
}

static void put_account(ls_buffer *out, const ls_pool *pool, uint32_t index, int depth);

static void put_children(ls_buffer *out, const ls_pool *pool, const ls_account *a, int depth) {
    if (a->child_count == 0) {
        return;
    }
    put_indent(out, depth);
    ls_buffer_text(out, "accounts:\n");
    for (uint32_t c = 0; c < a->child_count; c++) {
        put_account(out, pool, a->child_at + c, depth + 1);
    }
}

static void put_account(ls_buffer *out, const ls_pool *pool, uint32_t index, int depth) {
    const ls_account *a = &pool->accounts[index];
    put_indent(out, depth);
    ls_put_text(out, a->name);
    ls_buffer_text(out, ":\n");
    put_text_key(out, depth + 1, "about", a->about);
    put_key(out, depth + 1, "guarantee");
    put_amounts(out, pool, a->guarantee, a->guarantee_count);
    if (a->limit_count > 0) {
        put_key(out, depth + 1, "limit");
        put_amounts(out, pool, a->limit, a->limit_count);
    }
    put_key(out, depth + 1, "weight");
    ls_put_number(out, a->weight);
    ls_buffer_printf(out, "\n");
    put_key(out, depth + 1, "borrow");
    ls_buffer_text(out, a->borrow ? "yes\n" : "no\n");
    put_key(out, depth + 1, "reclaim");
    ls_put_time(out, a->reclaim_us);
    ls_buffer_text(out, "\n");
    if (a->kinds != pool->accounts[a->parent].kinds) {
        put_kind_list(out, pool, a->kinds, depth + 1);
    }
    if (a->sites != pool->accounts[a->parent].sites) {
        put_site_list(out, pool, a->sites, depth + 1);
    }
    if (a->budget_gpu_hours > 0) {
        put_key(out, depth + 1, "budget");
        ls_put_number(out, a->budget_gpu_hours);
        ls_buffer_text(out, "\n");
    }
    put_key(out, depth + 1, "priority");
    ls_buffer_printf(out, "%u\n", a->priority);
    put_key(out, depth + 1, "priority-max");
    ls_buffer_printf(out, "%u\n", a->priority_max);
    put_prices(out, pool, a, depth + 1);
    put_children(out, pool, a, depth + 1);
}

// Bad nodes and what is done about them, where there are any.
static void put_offenders(ls_buffer *out, const ls_pool_failures *f) {
    if (f->lemons > 0.0) {
        ls_buffer_printf(out, ", lemons: %.12g, worse: %.12g", f->lemons, f->worse);
    }
    if (f->gpus > 0.0) {
        ls_buffer_printf(out, ", gpus: %.12g", f->gpus);
    }
    if (f->times > 0) {
        ls_buffer_printf(out, ", exchange-after: %lld, exchange-within: ", (long long)f->times);
        ls_put_time(out, f->within_us);
        ls_buffer_text(out, ", exchange: ");
        ls_put_time(out, f->exchange_us);
    }
}

ls_status ls_pool_explain(const ls_pool *pool, ls_buffer *out) {
    char date[48];
    ls_units_print_date(pool->start_us, date, sizeof date);
    put_text_key(out, 0, "pool", pool->name);
    put_text_key(out, 0, "about", pool->about);
    ls_buffer_printf(out, "start: %s\n", date);
    put_kinds(out, pool);
    put_groups(out, pool, pool->first_group, 0);
    put_state(out, pool, "drained", LS_NODE_DRAINED);
    put_state(out, pool, "broken", LS_NODE_BROKEN);
    put_reservations(out, pool);
    if (pool->failures.every_us > 0) {
        ls_buffer_text(out, "failures: {every: ");
        ls_put_time(out, pool->failures.every_us);
        ls_buffer_text(out, ", repair: ");
        ls_put_time(out, pool->failures.repair_us);
        put_offenders(out, &pool->failures);
        ls_buffer_text(out, "}\n");
    }
    put_key(out, 0, "reclaim");
    ls_put_time(out, pool->accounts[0].reclaim_us);
    ls_buffer_text(out, "\n");
    put_key(out, 0, "restore-shares");
    ls_buffer_text(out, pool->restore_shares ? "yes\n" : "no\n");
    put_text_key(out, 0, "currency", pool->currency);
    put_prices(out, pool, &pool->accounts[0], 0);
    put_children(out, pool, &pool->accounts[0], 0);
    return out->failed ? LS_ERR_MEMORY : LS_OK;
}
