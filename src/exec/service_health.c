// service_health.c - nodes that are taken out of service while the pool runs, and put back.
//
// What is out, since when and why stands in the journal, by the names of nodes: a pool file may
// change between two runs. The books are closed in the same commit, so that the state of a node in
// them begins where a close ended.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "exec/service_inside.h"

enum { KEY_SIZE = 256, VALUE_SIZE = LS_EXEC_OUT_SIZE + 32 };

static uint32_t find_node(const ls_pool *pool, const char *name) {
    for (uint32_t i = 0; i < pool->cluster.node_count; i++) {
        if (strcmp(pool->cluster.nodes[i].name, name) == 0) {
            return i;
        }
    }
    return LS_POOL_NONE;
}

static bool key_of(const ls_exec *e, uint32_t node, char out[KEY_SIZE]) {
    return snprintf(out, KEY_SIZE, "out %s", e->def.pool->cluster.nodes[node].name) < KEY_SIZE;
}

static ls_status named(const ls_exec *e, const char *name, uint32_t *out, ls_error *err) {
    char key[KEY_SIZE];
    *out = find_node(e->def.pool, name);
    if (*out == LS_POOL_NONE || !key_of(e, *out, key)) {
        const ls_cluster *c = &e->def.pool->cluster;
        char said[64];
        ls_text_format(said, sizeof said, "%s", name);
        ls_text_tame(said, false);
        ls_fail(err, LS_ERR_INVALID, "there is no node '%s'", said);
        ls_hint(err, "%s%s", c->node_count > 1 ? "nodes are those of the pool file, from " : "",
                c->node_count > 0 ? c->nodes[0].name : "none");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static void turn(ls_exec *e, uint32_t node, ls_node_state from, ls_node_state to) {
    uint32_t spare = LS_POOL_NONE;
    ls_scheduler_node(e->scheduler, e->now_us, node, to, &spare);
    ls_meter_node(e->books.meter, e->books.last_us, node, from, to);
    e->outs[node].dirty = true;
    e->outs_dirty = true;
    e->pressing = true;
    e->wants_step = true;
}

static const char out_text[] = " is out of service: ";

void ls_exec_forget_out(ls_entry *j) {
    if (j->note != NULL && strstr(j->note, out_text) != NULL) {
        ls_exec_note(j, "%s", "");
    }
}

// Those that run there hear why it may go wrong for them; NULL: it no longer may.
static void tell_jobs(ls_exec *e, uint32_t node, const char *reason) {
    for (uint32_t i = 0; i < e->holding_count; i++) {
        ls_entry *j = ls_exec_find(e, e->holding[i]);
        for (uint32_t k = 0; j->shares != NULL && k < j->spec->job->shape.parts; k++) {
            if (j->shares[k].node != node || !ls_exec_mark(e, j)) {
                continue;
            }
            if (reason == NULL) {
                ls_exec_forget_out(j);
            } else {
                ls_exec_note(j, "%s%s%s", e->def.pool->cluster.nodes[node].name, out_text, reason);
            }
            break;
        }
    }
}

ls_status ls_exec_drain(ls_exec *e, const char *name, const char *reason, ls_error *err) {
    uint32_t node = LS_POOL_NONE;
    ls_status status = named(e, name, &node, err);
    if (status != LS_OK) {
        return status;
    }
    ls_exec_out *out = e->outs + node;
    if (reason[0] == '\0' || strpbrk(reason, "\r\n") != NULL || strlen(reason) > LS_EXEC_OUT_SIZE) {
        ls_fail(err, LS_ERR_INVALID,
                "why '%s' is taken out of service is one line of 1 to %d bytes", name,
                LS_EXEC_OUT_SIZE);
        ls_hint(err, "as \"fan 3 is replaced\"");
        return LS_ERR_INVALID;
    }
    if (out->reason == NULL && ls_occupancy_state(ls_exec_occupancy(e), node) != LS_NODE_UP) {
        ls_fail(err, LS_ERR_INVALID, "'%s' is not in service: its pool file says so", name);
        return LS_ERR_INVALID;
    }
    char *copy = ls_alloc(strlen(reason) + 1);
    if (copy == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    e->now_us = ls_exec_now_us(e);
    const bool was_up = out->reason == NULL;
    status = was_up ? ls_exec_books_close(e, e->now_us, err) : LS_OK;
    if (status != LS_OK) {
        ls_free(copy);
        return status;
    }
    memcpy(copy, reason, strlen(reason) + 1);
    ls_free(out->reason);
    out->reason = copy;
    out->since_us = was_up ? e->now_us : out->since_us;
    if (was_up) {
        turn(e, node, LS_NODE_UP, LS_NODE_DRAINED);
    }
    out->dirty = e->outs_dirty = e->pressing = e->wants_step = true;
    tell_jobs(e, node, copy);
    return LS_OK;
}

ls_status ls_exec_undrain(ls_exec *e, const char *name, ls_error *err) {
    uint32_t node = LS_POOL_NONE;
    ls_status status = named(e, name, &node, err);
    if (status != LS_OK) {
        return status;
    }
    ls_exec_out *out = e->outs + node;
    if (out->reason == NULL) {
        const bool up = ls_occupancy_state(ls_exec_occupancy(e), node) == LS_NODE_UP;
        ls_fail(err, LS_ERR_INVALID,
                up ? "'%s' is in service" : "'%s' is not in service: its pool file says so", name);
        return LS_ERR_INVALID;
    }
    e->now_us = ls_exec_now_us(e);
    status = ls_exec_books_close(e, e->now_us, err);
    if (status == LS_OK) {
        ls_free(out->reason);
        out->reason = NULL;
        tell_jobs(e, node, NULL);
        turn(e, node, LS_NODE_DRAINED, LS_NODE_UP);
    }
    return status;
}

bool ls_exec_next_out(const ls_exec *e, uint32_t *at, const char **out_node,
                      const char **out_reason, int64_t *out_since_us) {
    while (*at < e->def.pool->cluster.node_count && e->outs[*at].reason == NULL) {
        ++*at;
    }
    if (*at >= e->def.pool->cluster.node_count) {
        return false;
    }
    *out_node = e->def.pool->cluster.nodes[*at].name;
    *out_reason = e->outs[*at].reason;
    *out_since_us = e->outs[*at].since_us;
    ++*at;
    return true;
}

const char *const *ls_exec_gpus(const ls_exec *e, uint32_t *out_count) {
    *out_count = e->gpu_count;
    return e->gpus;
}

// One more error that a GPU got over. True: it has had too many; it begins anew then.
static bool strike(ls_exec *e, uint32_t gpu) {
    ls_exec_struck *s = e->struck + gpu;
    e->now_us = ls_exec_now_us(e);
    const bool often = ls_offender_strikes(&s->times, LS_EXEC_STRIKES, LS_EXEC_STRIKES_WITHIN_US,
                                           e->now_us);
    s->times.count = often ? 0 : s->times.count;
    s->dirty = e->outs_dirty = e->pressing = e->wants_step = true;
    return often;
}

ls_status ls_exec_gpu_fails(ls_exec *e, const char *uuid, const char *what, bool over,
                            ls_error *err) {
    const ls_cluster *c = &e->def.pool->cluster;
    char reason[LS_EXEC_OUT_SIZE + 1];
    for (uint32_t n = 0, at = 0; n < c->node_count && at < e->gpu_count; at += c->nodes[n++].gpus) {
        for (uint32_t g = at; g < at + c->nodes[n].gpus && g < e->gpu_count; g++) {
            if (strcmp(e->gpus[g], uuid) == 0) {
                if (over && !strike(e, g)) {
                    return LS_OK;
                }
                if (over) {
                    ls_text_format(reason, sizeof reason,
                                   "GPU %s: %d errors that it got over within %d days, the last: "
                                   "%s",
                                   uuid, LS_EXEC_STRIKES,
                                   (int)(LS_EXEC_STRIKES_WITHIN_US / LS_US_PER_DAY), what);
                } else {
                    ls_text_format(reason, sizeof reason, "GPU %s: %s", uuid, what);
                }
                ls_text_tame(reason, false);
                const bool known = e->outs[n].reason != NULL;
                return known ? LS_OK : ls_exec_drain(e, c->nodes[n].name, reason, err);
            }
        }
    }
    return ls_fail(err, LS_ERR_INVALID, "no GPU of the pool is called '%s'", uuid);
}

// ---- the journal

static bool struck_key(const ls_exec *e, uint32_t gpu, char out[KEY_SIZE]) {
    return e->gpus != NULL && e->gpus[gpu][0] != '\0' &&
           snprintf(out, KEY_SIZE, "struck %s", e->gpus[gpu]) < KEY_SIZE;
}

static ls_status write_struck(ls_exec *e, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t g = 0; g < e->gpu_count && status == LS_OK; g++) {
        const ls_offender *o = &e->struck[g].times;
        char key[KEY_SIZE];
        char value[VALUE_SIZE] = "";
        size_t used = 0;
        if (!e->struck[g].dirty || !struck_key(e, g, key)) {
            continue;
        }
        for (uint32_t i = 0; i < o->count; i++) {
            used += ls_text_format(value + used, sizeof value - used, "%s%lld", i > 0 ? " " : "",
                                   (long long)o->at_us[i]);
        }
        status = ls_exec_journal_put_text(e->journal, key, value, err);
    }
    return status;
}

// Times that do not follow each other were not written by us: there were none.
static void read_struck(ls_exec *e, uint32_t gpu) {
    ls_offender *o = &e->struck[gpu].times;
    char key[KEY_SIZE];
    char value[VALUE_SIZE] = "";
    if (!struck_key(e, gpu, key)) {
        return;
    }
    ls_exec_journal_text(e->journal, key, value, sizeof value);
    char *end = value;
    for (const char *at = value; *at != '\0' && o->count < LS_EXEC_STRIKES - 1; at = end) {
        const int64_t us = strtoll(at, &end, 10);
        if (end == at || us > e->now_us || (o->count > 0 && us < o->at_us[o->count - 1])) {
            o->count = 0;
            return;
        }
        o->at_us[o->count++] = us;
    }
}

ls_status ls_exec_outs_write(ls_exec *e, ls_error *err) {
    ls_status status = write_struck(e, err);
    for (uint32_t n = 0; n < e->def.pool->cluster.node_count && status == LS_OK; n++) {
        const ls_exec_out *out = e->outs + n;
        char key[KEY_SIZE];
        char value[VALUE_SIZE] = "";
        if (!out->dirty || !key_of(e, n, key)) {
            continue;
        }
        if (out->reason != NULL) {
            snprintf(value, sizeof value, "%lld %s", (long long)out->since_us, out->reason);
        }
        status = ls_exec_journal_put_text(e->journal, key, value, err);
    }
    return status;
}

void ls_exec_outs_written(ls_exec *e) {
    for (uint32_t n = 0; e->outs_dirty && n < e->def.pool->cluster.node_count; n++) {
        e->outs[n].dirty = false;
    }
    for (uint32_t g = 0; e->outs_dirty && g < e->gpu_count; g++) {
        e->struck[g].dirty = false;
    }
    e->outs_dirty = false;
}

ls_status ls_exec_outs_open(ls_exec *e, ls_error *err) {
    e->struck = ls_alloc(((size_t)e->gpu_count + 1) * sizeof *e->struck);
    if (e->struck == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t g = 0; g < e->gpu_count; g++) {
        read_struck(e, g);
    }
    for (uint32_t n = 0; n < e->def.pool->cluster.node_count; n++) {
        ls_exec_out *out = e->outs + n;
        char key[KEY_SIZE];
        char value[VALUE_SIZE];
        char *end = NULL;
        if (!key_of(e, n, key)) {
            continue;
        }
        ls_exec_journal_text(e->journal, key, value, sizeof value);
        out->since_us = strtoll(value, &end, 10);
        if (end == value || *end != ' ' || end[1] == '\0' || e->def.pool->states[n] != LS_NODE_UP) {
            continue;  // never, or not any more, or the pool file says so by now
        }
        out->reason = ls_alloc(strlen(end + 1) + 1);
        if (out->reason == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        memcpy(out->reason, end + 1, strlen(end + 1) + 1);
        ls_meter_node(e->books.meter, e->books.last_us, n, LS_NODE_UP, LS_NODE_DRAINED);
    }
    return LS_OK;
}

void ls_exec_outs_apply(ls_exec *e) {
    for (uint32_t n = 0; n < e->def.pool->cluster.node_count; n++) {
        uint32_t spare = LS_POOL_NONE;
        if (e->outs[n].reason != NULL) {
            ls_scheduler_node(e->scheduler, e->now_us, n, LS_NODE_DRAINED, &spare);
        }
    }
}

void ls_exec_outs_clear(ls_exec *e) {
    for (uint32_t n = 0; e->outs != NULL && n < e->def.pool->cluster.node_count; n++) {
        ls_free(e->outs[n].reason);
    }
    ls_free(e->outs);
    ls_free(e->struck);
    e->outs = NULL;
    e->struck = NULL;
}
