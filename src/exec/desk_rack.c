// desk_rack.c - racks: all of them as columns, and one of them GPU by GPU.
#include <string.h>

#include "exec/desk_inside.h"

enum { NODES_MOST = 256 };

// ---- which node stands in which

static uint32_t rack_unit(const ls_cluster *c, uint32_t node) {
    const uint32_t rack = ls_cluster_unit(c, node, LS_POOL_RACK);
    return rack != LS_POOL_NONE ? rack : c->nodes[node].unit;
}

static void put_node(ls_desk *desk, uint32_t node, uint32_t *last, uint32_t *alone) {
    const ls_cluster *c = &desk->pool->cluster;
    const uint32_t unit = rack_unit(c, node);
    uint32_t at = unit == LS_POOL_NONE ? *alone : *last;
    if (at == LS_POOL_NONE || desk->racks[at].unit != unit) {
        at = desk->rack_count++;
        desk->racks[at] = (desk_rack){.name = unit == LS_POOL_NONE ? "-" : c->units[unit].name,
                                      .unit = unit,
                                      .kind = c->nodes[node].kind};
    }
    desk_rack *rack = desk->racks + at;
    rack->mixed = rack->mixed || rack->kind != c->nodes[node].kind;
    rack->nodes++;
    rack->gpus += c->nodes[node].gpus;
    desk->rack_of[node] = at;
    *(unit == LS_POOL_NONE ? alone : last) = at;
}

ls_status desk_racks_open(ls_desk *desk, ls_error *err) {
    const uint32_t nodes = desk->pool->cluster.node_count;
    uint32_t last = LS_POOL_NONE, alone = LS_POOL_NONE;
    desk->rack_of = ls_alloc(nodes * sizeof *desk->rack_of);
    desk->racks = ls_alloc(nodes * sizeof *desk->racks);
    if (desk->rack_of == NULL || desk->racks == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t n = 0; n < nodes; n++) {
        put_node(desk, n, &last, &alone);
    }
    return LS_OK;
}

// ---- what of a job's parts is borrowed

// The last parts of a job that is only partly borrowed are.
static uint64_t part_borrowed(const desk_holding *h, uint32_t parts, uint32_t part) {
    const uint64_t each = h->milli / parts;
    const uint64_t behind = (uint64_t)(parts - 1 - part) * each;
    const uint64_t left = h->borrowed > behind ? h->borrowed - behind : 0;
    return left < each ? left : each;
}

void desk_add_borrowed(ls_desk *desk, const desk_tally *tally, desk_sums *sums) {
    for (uint32_t i = 0; i < tally->holding_count; i++) {
        const desk_holding *h = tally->holding + i;
        ls_exec_view view;
        if (h->borrowed == 0 || !ls_exec_get(desk->exec, h->id, &view) || view.shares == NULL) {
            continue;
        }
        for (uint32_t p = 0; p < view.job->shape.parts; p++) {
            sums[desk->rack_of[view.shares[p].node]].borrowed += part_borrowed(
                h, view.job->shape.parts, p);
        }
    }
}

// ---- all of them

static void add_units(const ls_desk *desk, json_t *units) {
    const ls_cluster *c = &desk->pool->cluster;
    for (uint32_t u = 0; u < c->unit_count; u++) {
        const ls_pool_unit *unit = c->units + u;
        if (unit->level < LS_POOL_SITE || unit->level > LS_POOL_ROW || unit->node_count == 0) {
            continue;
        }
        const uint32_t first = desk->rack_of[unit->node_at];
        const uint32_t last = desk->rack_of[unit->node_at + unit->node_count - 1];
        json_array_append_new(
            units, json_pack("{s:o, s:s, s:I, s:I}", "name", desk_text(unit->name), "level",
                             unit->level == LS_POOL_SITE   ? "site"
                             : unit->level == LS_POOL_HALL ? "hall"
                                                           : "row",
                             "at", (json_int_t)first, "count", (json_int_t)(last - first + 1)));
    }
}

json_t *desk_racks(ls_desk *desk, const desk_tally *tally) {
    static const char *const names[] = {"name",     "kind",     "nodes",   "gpus",   "used",
                                        "borrowed", "reserved", "drained", "broken", "spare"};
    enum { NAME, KIND, NODES, GPUS, USED, BORROWED, RESERVED, DRAINED, BROKEN, SPARE, COLUMNS };
    json_t *columns[COLUMNS];
    desk_sums *sums = ls_alloc(desk->rack_count * sizeof *sums);
    if (sums == NULL) {
        return NULL;
    }
    const uint32_t told = tally != NULL ? desk->rack_count : 0;
    for (uint32_t n = 0; told > 0 && n < desk->pool->cluster.node_count; n++) {
        desk_sums *s = sums + desk->rack_of[n];
        const desk_sums one = desk_node_sums(desk, n);
        s->used += one.used;
        s->reserved += one.reserved;
        s->drained += one.drained;
        s->broken += one.broken;
        s->spare += one.spare;
    }
    json_t *made = json_object(), *units = json_array();
    if (told > 0) {
        desk_add_borrowed(desk, tally, sums);
        add_units(desk, units);
    }
    json_object_set_new(made, "units", units);
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = json_array();
        json_object_set_new(made, names[i], columns[i]);
    }
    for (uint32_t r = 0; r < told; r++) {
        const desk_rack *rack = desk->racks + r;
        const desk_sums *s = sums + r;
        const bool one_kind = !rack->mixed && rack->kind != LS_POOL_NONE;
        json_array_append_new(columns[NAME], desk_text(rack->name));
        json_array_append_new(columns[KIND], one_kind ? json_integer(rack->kind) : json_null());
        json_array_append_new(columns[NODES], json_integer(rack->nodes));
        json_array_append_new(columns[GPUS], json_integer(rack->gpus));
        json_array_append_new(columns[USED], desk_gpus(s->used));
        json_array_append_new(columns[BORROWED], desk_gpus(s->borrowed));
        json_array_append_new(columns[RESERVED], desk_gpus(s->reserved));
        json_array_append_new(columns[DRAINED], desk_gpus(s->drained));
        json_array_append_new(columns[BROKEN], desk_gpus(s->broken));
        json_array_append_new(columns[SPARE], desk_gpus(s->spare));
    }
    ls_free(sums);
    return made;
}

// ---- one of them

typedef struct gpu_use {
    uint64_t used, borrowed;  // thousandths
    json_t *jobs;
} gpu_use;

static json_t *node_object(const ls_desk *desk, uint32_t node, const gpu_use *gpus) {
    static const char *const states[] = {"up", "drained", "broken", "spare"};
    const ls_pool *pool = desk->pool;
    const ls_cluster *c = &pool->cluster;
    const ls_pool_node *n = c->nodes + node;
    const uint32_t domain = ls_cluster_unit(c, node, LS_POOL_DOMAIN);
    const int64_t at_us = ls_exec_now_us(desk->exec) - pool->start_us;
    json_t *kept = json_null(), *list = json_array();
    for (uint32_t i = 0; json_is_null(kept) && i < pool->reservation_count; i++) {
        const ls_pool_reservation *r = pool->reservations + i;
        if (node >= r->node_at && node - r->node_at < r->node_count && at_us >= r->from_us &&
            at_us < r->until_us) {
            kept = desk_text(r->account == LS_POOL_NONE ? "" : desk_path(pool, r->account));
        }
    }
    for (uint32_t g = 0; g < n->gpus; g++) {
        json_t *gpu = json_pack("{s:o, s:o, s:O}", "used", desk_gpus(gpus[g].used), "borrowed",
                                desk_gpus(gpus[g].borrowed), "jobs", gpus[g].jobs);
        if (((ls_occupancy_out(ls_exec_occupancy(desk->exec), node) >> g) & 1) != 0) {
            json_object_set_new(gpu, "out", json_true());
        }
        json_array_append_new(list, gpu);
    }
    json_t *made = json_pack(
        "{s:o, s:o, s:o, s:s, s:o, s:o}", "name", desk_text(n->name), "kind",
        n->kind == LS_POOL_NONE ? json_null() : desk_text(c->kinds[n->kind].name), "domain",
        domain == LS_POOL_NONE ? json_null() : desk_text(c->units[domain].name), "state",
        states[ls_occupancy_state(ls_exec_occupancy(desk->exec), node)], "reserved_for", kept,
        "gpus", list);
    int64_t since_us = 0;
    const char *reason = ls_exec_out_of(desk->exec, node, &since_us);
    if (made != NULL && reason != NULL) {
        json_object_set_new(made, "since_us", json_integer(since_us));
        json_object_set_new(made, "about", desk_text(reason));
    }
    return made;
}

// The nodes of one answer, and what their GPUs are used for.
typedef struct rack_part {
    uint32_t nodes[NODES_MOST];
    uint32_t count;
    gpu_use *use;  // LS_POOL_NODE_GPUS_MAX for each
    json_t *jobs;
} rack_part;

static uint32_t place_in(const rack_part *part, uint32_t node) {
    for (uint32_t i = 0; i < part->count; i++) {
        if (part->nodes[i] == node) {
            return i;
        }
    }
    return LS_POOL_NONE;
}

static bool add_part(rack_part *part, const ls_exec_view *view, const ls_pool_share *share,
                     uint64_t borrowed) {
    const uint32_t at = place_in(part, share->node);
    if (at == LS_POOL_NONE) {
        return false;
    }
    for (uint32_t g = 0; g < LS_POOL_NODE_GPUS_MAX; g++) {
        gpu_use *use = part->use + (size_t)at * LS_POOL_NODE_GPUS_MAX + g;
        if ((share->gpus >> g & 1) == 0) {
            continue;
        }
        const uint64_t holds = view->job->shape.milli != 0 ? view->job->shape.milli : LS_POOL_WHOLE;
        const uint64_t lent = borrowed < holds ? borrowed : holds;
        use->used += holds;
        use->borrowed += lent;
        borrowed -= lent;
        json_array_append_new(use->jobs, desk_id(view->id));
    }
    return true;
}

static void fill_part(ls_desk *desk, const desk_tally *tally, const ls_asker *who,
                      rack_part *part) {
    ls_exec_view view;
    for (uint32_t at = 0; ls_exec_next_holding(desk->exec, &at, &view);) {
        const desk_holding *h = desk_find_holding(tally, view.id);
        bool here = false;
        for (uint32_t p = 0; view.shares != NULL && p < view.job->shape.parts; p++) {
            here |= add_part(part, &view, view.shares + p,
                             h != NULL ? part_borrowed(h, view.job->shape.parts, p) : 0);
        }
        if (here) {
            json_array_append_new(part->jobs, desk_job(desk, &view, who, DETAIL_LIST));
        }
    }
}

static json_t *units_above(const ls_desk *desk, uint32_t rack) {
    const ls_cluster *c = &desk->pool->cluster;
    json_t *list = json_array();
    uint32_t unit = desk->racks[rack].unit;
    unit = unit == LS_POOL_NONE ? unit : c->units[unit].parent;
    for (; unit != LS_POOL_NONE; unit = c->units[unit].parent) {
        json_array_insert_new(list, 0, desk_text(c->units[unit].name));
    }
    return list;
}

static json_t *rack_object(ls_desk *desk, const desk_tally *tally, uint32_t rack, uint32_t from,
                           const ls_asker *who) {
    rack_part part = {.use = ls_alloc(NODES_MOST * LS_POOL_NODE_GPUS_MAX * sizeof *part.use),
                      .jobs = json_array()};
    const uint32_t uses = NODES_MOST * LS_POOL_NODE_GPUS_MAX;
    uint32_t n = from;
    for (; part.use != NULL && n < desk->pool->cluster.node_count && part.count < NODES_MOST; n++) {
        if (desk->rack_of[n] == rack) {
            part.nodes[part.count++] = n;
        }
    }
    while (n < desk->pool->cluster.node_count && desk->rack_of[n] != rack) {
        n++;
    }
    if (part.use == NULL) {
        json_decref(part.jobs);
        return NULL;
    }
    for (uint32_t i = 0; i < uses; i++) {
        part.use[i].jobs = json_array();
    }
    fill_part(desk, tally, who, &part);
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < part.count; i++) {
        json_array_append_new(
            nodes, node_object(desk, part.nodes[i], part.use + (size_t)i * LS_POOL_NODE_GPUS_MAX));
    }
    for (uint32_t i = 0; i < uses; i++) {
        json_decref(part.use[i].jobs);
    }
    ls_free(part.use);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", desk_text(desk->racks[rack].name),
                     "units", units_above(desk, rack), "nodes", nodes, "jobs", part.jobs, "next",
                     n < desk->pool->cluster.node_count ? desk_id(n) : json_null());
}

ls_desk_code ls_desk_rack(ls_desk *desk, const char *name, const char *after, const ls_asker *who,
                          json_t **out, ls_error *err) {
    const desk_tally *tally = desk_count(desk);
    int64_t from = 0;
    *out = NULL;
    if (after != NULL &&
        (!ls_text_parse_i64(after, strlen(after), &from) || from < 0 || from > UINT32_MAX)) {
        ls_fail(err, LS_ERR_INVALID, "after must be `next` of the answer before");
        return LS_DESK_INVALID;
    }
    if (!desk_sees(desk, who, 0)) {
        ls_fail(err, LS_ERR_INVALID, "racks are not for a token of one account");
        return LS_DESK_FORBIDDEN;
    }
    for (uint32_t r = 0; tally != NULL && r < desk->rack_count; r++) {
        if (strcmp(desk->racks[r].name, name) == 0) {
            return desk_give(rack_object(desk, tally, r, (uint32_t)from, who), out, err);
        }
    }
    if (tally == NULL) {
        return desk_memory(err);
    }
    ls_fail(err, LS_ERR_INVALID, "there is no rack '%.79s'", name);
    return LS_DESK_UNKNOWN;
}
