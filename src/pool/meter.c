// meter.c - see meter.h.
#include "pool/meter.h"

#include <assert.h>
#include <string.h>

struct ls_meter {
    const ls_cluster *cluster;
    ls_shares *shares;
    ls_meter_row *rows;
    int64_t *since_us;       // by account
    uint64_t *guaranteed;    // by account, of all kinds
    uint64_t *spots;         // by account: what its spot jobs hold
    ls_gpu_time *drawn;      // by account: watts of what it holds, in thousandths
    ls_gpu_time *paid;       // by account: millionths of the currency in an hour, in thousandths
    const uint64_t *prices;  // by account and kind; NULL: none
    ls_gpu_time held_idle, up_idle;  // what the GPUs that are held, and all that are up, draw idle
    ls_gpu_time held_idle_sum, up_idle_sum;
    uint32_t count;
    uint64_t by_state[4];  // thousandths of GPUs
    uint8_t *out;          // by node: GPUs that count as drained, whatever it is
    ls_meter_pool pool;
    int64_t pool_since_us;
};

double ls_meter_kwh(ls_gpu_time energy) {
    return (double)energy / (LS_POOL_WHOLE * 3.6e12);  // microseconds of a watt: 3.6e12 a kWh
}

double ls_meter_money(ls_gpu_time charge) {
    return (double)charge / (LS_POOL_WHOLE * 3.6e15);  // millionths, hours in microseconds
}

// What so many GPUs of the node draw idle, in thousandths.
static ls_gpu_time idle_of(const ls_meter *m, uint32_t node, uint32_t gpus) {
    const ls_pool_node *n = m->cluster->nodes + node;
    return n->kind < m->cluster->kind_count
               ? (ls_gpu_time)m->cluster->kinds[n->kind].idle_watts * gpus * LS_POOL_WHOLE
               : 0;
}

void ls_meter_price(ls_meter *meter, const uint64_t *prices) {
    meter->prices = prices;
}

ls_status ls_meter_create(const ls_cluster *cluster, const ls_share_terms *terms, uint32_t accounts,
                          int64_t start_us, ls_meter **out, ls_error *err) {
    *out = NULL;
    ls_meter *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    m->cluster = cluster;
    m->count = accounts;
    m->rows = ls_alloc(accounts * sizeof *m->rows);
    m->since_us = ls_alloc(accounts * sizeof *m->since_us);
    m->guaranteed = ls_alloc(accounts * sizeof *m->guaranteed);
    m->spots = ls_alloc(accounts * sizeof *m->spots);
    m->drawn = ls_alloc(accounts * sizeof *m->drawn);
    m->out = ls_alloc(((size_t)cluster->node_count + 1) * sizeof *m->out);
    m->paid = ls_alloc(accounts * sizeof *m->paid);
    ls_status status = ls_shares_create(terms, accounts, cluster->kind_count, &m->shares, err);
    if (status == LS_OK &&
        (m->rows == NULL || m->since_us == NULL || m->guaranteed == NULL || m->spots == NULL ||
         m->drawn == NULL || m->paid == NULL || m->out == NULL)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status != LS_OK) {
        ls_meter_destroy(m);
        return status;
    }
    for (uint32_t i = 0; i < accounts; i++) {
        m->since_us[i] = start_us;
        for (uint32_t k = 0; k <= cluster->kind_count; k++) {
            m->guaranteed[i] += terms[i].guarantee[k];
        }
    }
    m->pool_since_us = start_us;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        m->up_idle += idle_of(m, i, cluster->nodes[i].gpus);
    }
    m->by_state[LS_NODE_UP] = cluster->gpus * LS_POOL_WHOLE;
    *out = m;
    return LS_OK;
}

void ls_meter_destroy(ls_meter *meter) {
    if (meter != NULL) {
        ls_shares_destroy(meter->shares);
        ls_free(meter->rows);
        ls_free(meter->since_us);
        ls_free(meter->guaranteed);
        ls_free(meter->spots);
        ls_free(meter->drawn);
        ls_free(meter->out);
        ls_free(meter->paid);
        ls_free(meter);
    }
}

// What the account held until now goes into its row.
static void settle(ls_meter *m, uint32_t account, int64_t now_us) {
    assert(now_us >= m->since_us[account]);
    const ls_gpu_time span = (ls_gpu_time)(now_us - m->since_us[account]);
    const uint64_t held = ls_shares_held(m->shares, account);
    const uint64_t borrowed = ls_shares_borrowed(m->shares, account);
    const uint64_t own = held - borrowed;
    ls_meter_row *row = m->rows + account;
    row->held += span * (held + m->spots[account]);
    row->borrowed += span * (borrowed + m->spots[account]);
    row->energy += span * m->drawn[account];
    row->charge += span * m->paid[account];
    m->held_idle_sum += account == 0 ? span * m->held_idle : 0;
    row->offered += span * (m->guaranteed[account] > own ? m->guaranteed[account] - own : 0);
    m->since_us[account] = now_us;
}

static void settle_way(ls_meter *m, uint32_t account, int64_t now_us) {
    for (; account != LS_POOL_NONE; account = ls_shares_parent(m->shares, account)) {
        settle(m, account, now_us);
    }
}

// What so much of a kind draws and costs, from the account up, is added or taken away.
static void rate(ls_meter *m, uint32_t account, uint32_t kind, uint64_t milli, bool add) {
    const uint32_t kinds = m->cluster->kind_count;
    if (kind >= kinds) {
        return;
    }
    const ls_gpu_time watts = (ls_gpu_time)milli * m->cluster->kinds[kind].watts;
    const ls_gpu_time idle = (ls_gpu_time)milli * m->cluster->kinds[kind].idle_watts;
    m->held_idle = add ? m->held_idle + idle : m->held_idle - idle;
    uint64_t price = 0;
    for (; account != LS_POOL_NONE; account = ls_shares_parent(m->shares, account)) {
        if (m->prices != NULL && account != 0) {  // the pool is paid what those below it pay
            price = m->prices[(size_t)account * kinds + kind];
        }
        const ls_gpu_time paid = (ls_gpu_time)milli * price;
        m->drawn[account] = add ? m->drawn[account] + watts : m->drawn[account] - watts;
        m->paid[account] = add ? m->paid[account] + paid : m->paid[account] - paid;
    }
}

void ls_meter_hold(ls_meter *meter, int64_t now_us, uint32_t account, uint32_t kind, uint64_t milli,
                   bool spot) {
    settle_way(meter, account, now_us);
    if (spot) {
        for (uint32_t at = account; at != LS_POOL_NONE; at = ls_shares_parent(meter->shares, at)) {
            meter->spots[at] += milli;
        }
    } else {
        ls_shares_add(meter->shares, account, kind, milli);
    }
    rate(meter, account, kind, milli, true);
}

void ls_meter_drop(ls_meter *meter, int64_t now_us, uint32_t account, uint32_t kind, uint64_t milli,
                   bool spot) {
    settle_way(meter, account, now_us);
    if (spot) {
        for (uint32_t at = account; at != LS_POOL_NONE; at = ls_shares_parent(meter->shares, at)) {
            assert(meter->spots[at] >= milli);
            meter->spots[at] -= milli;
        }
    } else {
        ls_shares_remove(meter->shares, account, kind, milli);
    }
    rate(meter, account, kind, milli, false);
}

const ls_shares *ls_meter_shares(const ls_meter *meter) {
    return meter->shares;
}

void ls_meter_lose(ls_meter *meter, uint32_t account, uint64_t milli, int64_t span_us) {
    assert(span_us >= 0);
    for (; account != LS_POOL_NONE; account = ls_shares_parent(meter->shares, account)) {
        meter->rows[account].lost += (ls_gpu_time)milli * (ls_gpu_time)span_us;
    }
}

void ls_meter_count(ls_meter *meter, uint32_t account, ls_meter_event event) {
    for (; account != LS_POOL_NONE; account = ls_shares_parent(meter->shares, account)) {
        ls_meter_row *row = meter->rows + account;
        switch (event) {
        case LS_METER_STARTED: row->started++; break;
        case LS_METER_ENDED: row->ended++; break;
        case LS_METER_STOPPED: row->stopped++; break;
        default: row->broken++; break;
        }
    }
}

void ls_meter_add(ls_meter_row *sum, const ls_meter_row *row) {
    sum->held += row->held;
    sum->borrowed += row->borrowed;
    sum->offered += row->offered;
    sum->lost += row->lost;
    sum->energy += row->energy;
    sum->charge += row->charge;
    sum->started += row->started;
    sum->ended += row->ended;
    sum->stopped += row->stopped;
    sum->broken += row->broken;
}

void ls_meter_add_pool(ls_meter_pool *sum, const ls_meter_pool *pool) {
    sum->all += pool->all;
    sum->idle += pool->idle;
    sum->idle_energy += pool->idle_energy;
    for (int i = 0; i < 4; i++) {
        sum->by_state[i] += pool->by_state[i];
    }
}

static void settle_pool(ls_meter *m, int64_t now_us) {
    const ls_gpu_time span = (ls_gpu_time)(now_us - m->pool_since_us);
    m->up_idle_sum += span * m->up_idle;
    for (int i = 0; i < 4; i++) {
        m->pool.by_state[i] += span * m->by_state[i];
        m->pool.all += span * m->by_state[i];
    }
    m->pool_since_us = now_us;
}

// So many GPUs of the node count otherwise from now on.
static void move_gpus(ls_meter *m, int64_t now_us, uint32_t node, uint32_t gpus, ls_node_state from,
                      ls_node_state to) {
    const uint64_t milli = (uint64_t)gpus * LS_POOL_WHOLE;
    settle_pool(m, now_us);
    m->up_idle -= from == LS_NODE_UP ? idle_of(m, node, gpus) : 0;
    m->up_idle += to == LS_NODE_UP ? idle_of(m, node, gpus) : 0;
    m->by_state[from] -= milli;
    m->by_state[to] += milli;
}

void ls_meter_node(ls_meter *meter, int64_t now_us, uint32_t node, ls_node_state from,
                   ls_node_state to) {
    move_gpus(meter, now_us, node, meter->cluster->nodes[node].gpus - meter->out[node], from, to);
}

void ls_meter_gpu(ls_meter *meter, int64_t now_us, uint32_t node, ls_node_state state,
                  ls_node_state as, bool in) {
    assert(in ? meter->out[node] > 0 : meter->out[node] < meter->cluster->nodes[node].gpus);
    meter->out[node] = (uint8_t)(in ? meter->out[node] - 1 : meter->out[node] + 1);
    move_gpus(meter, now_us, node, 1, in ? as : state, in ? state : as);
}

void ls_meter_close(ls_meter *meter, int64_t now_us, ls_meter_row *rows, ls_meter_pool *out_pool) {
    for (uint32_t i = 0; i < meter->count; i++) {
        settle(meter, i, now_us);
    }
    settle_pool(meter, now_us);
    memcpy(rows, meter->rows, meter->count * sizeof *rows);
    memset(meter->rows, 0, meter->count * sizeof *rows);
    *out_pool = meter->pool;
    meter->pool = (ls_meter_pool){0};
    out_pool->idle_energy = meter->up_idle_sum > meter->held_idle_sum
                                ? meter->up_idle_sum - meter->held_idle_sum
                                : 0;
    meter->up_idle_sum = meter->held_idle_sum = 0;
    // What still runs on nodes that are not up is held; it is taken out of idle alone.
    const ls_gpu_time held = rows[0].held;
    out_pool->idle = out_pool->by_state[LS_NODE_UP] > held ? out_pool->by_state[LS_NODE_UP] - held
                                                           : 0;
}
