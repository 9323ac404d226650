// service_health.c - nodes, and single GPUs of them, that are taken out of service while the pool
// runs, and put back.
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

// A node, or one of its GPUs; gpu LS_POOL_NONE: the node.
typedef struct place {
    uint32_t node, gpu;
} place;

// Places by number: the nodes, then all GPUs.
static place place_at(const ls_exec *e, uint32_t number) {
    const uint32_t nodes = e->def.pool->cluster.node_count;
    place p = {.node = number, .gpu = LS_POOL_NONE};
    if (number >= nodes) {
        p.node = 0;
        uint32_t high = nodes;  // the last that begins no later lies in [p.node, high)
        while (p.node + 1 < high) {
            const uint32_t middle = p.node + (high - p.node) / 2;
            *(e->gpu_at[middle] <= number - nodes ? &p.node : &high) = middle;
        }
        p.gpu = number - nodes - e->gpu_at[p.node];
    }
    return p;
}

static uint32_t number_of(const ls_exec *e, place p) {
    return p.gpu == LS_POOL_NONE ? p.node
                                 : e->def.pool->cluster.node_count + e->gpu_at[p.node] + p.gpu;
}

static uint32_t place_count(const ls_exec *e) {
    return e->def.pool->cluster.node_count + (uint32_t)e->def.pool->cluster.gpus;
}

// What the driver calls the GPU; "": nothing.
static const char *uuid_of(const ls_exec *e, place p) {
    const uint32_t gpu = p.gpu != LS_POOL_NONE ? e->gpu_at[p.node] + p.gpu : UINT32_MAX;
    return gpu < e->gpu_count && e->gpus != NULL ? e->gpus[gpu] : "";
}

// "here", "here:2"
static void put_name(const ls_exec *e, place p, char out[KEY_SIZE]) {
    const char *node = e->def.pool->cluster.nodes[p.node].name;
    if (p.gpu == LS_POOL_NONE) {
        ls_text_format(out, KEY_SIZE, "%s", node);
    } else {
        ls_text_format(out, KEY_SIZE, "%s:%u", node, p.gpu);
    }
}

// GPUs stand in the journal by what the driver calls them: it may find them in another order.
static bool key_of(const ls_exec *e, place p, char out[KEY_SIZE]) {
    const char *node = e->def.pool->cluster.nodes[p.node].name;
    if (p.gpu == LS_POOL_NONE) {
        return snprintf(out, KEY_SIZE, "out %s", node) < KEY_SIZE;
    }
    return (uuid_of(e, p)[0] != '\0'
                ? snprintf(out, KEY_SIZE, "out-gpu %s", uuid_of(e, p))
                : snprintf(out, KEY_SIZE, "out-gpu %s:%u", node, p.gpu)) < KEY_SIZE;
}

static bool find_uuid(const ls_exec *e, const char *uuid, place *out) {
    for (uint32_t g = 0; uuid[0] != '\0' && e->gpus != NULL && g < e->gpu_count; g++) {
        if (strcmp(e->gpus[g], uuid) == 0) {
            *out = place_at(e, e->def.pool->cluster.node_count + g);
            return true;
        }
    }
    return false;
}

// "NODE:INDEX", or a UUID.
static bool find_gpu(const ls_exec *e, const char *name, place *out) {
    const ls_cluster *c = &e->def.pool->cluster;
    const char *colon = strrchr(name, ':');
    int64_t index = -1;
    if (find_uuid(e, name, out)) {
        return true;
    }
    *out = (place){.node = colon != NULL ? ls_shares_node(e->def.pool, name, (size_t)(colon - name))
                                         : LS_POOL_NONE};
    if (out->node == LS_POOL_NONE || !ls_text_parse_i64(colon + 1, strlen(colon + 1), &index) ||
        index < 0 || index >= (int64_t)c->nodes[out->node].gpus) {
        return false;
    }
    out->gpu = (uint32_t)index;
    return true;
}

static ls_status named(const ls_exec *e, const char *name, place *out, ls_error *err) {
    char key[KEY_SIZE];
    *out = (place){.node = ls_shares_node(e->def.pool, name, strlen(name)), .gpu = LS_POOL_NONE};
    if ((out->node == LS_POOL_NONE && !find_gpu(e, name, out)) || !key_of(e, *out, key)) {
        const ls_cluster *c = &e->def.pool->cluster;
        char said[64];
        ls_text_format(said, sizeof said, "%s", name);
        ls_text_tame(said, false);
        const bool of_node = out->node != LS_POOL_NONE;  // which has fewer GPUs
        ls_fail(err, LS_ERR_INVALID, of_node ? "there is no GPU '%s'" : "there is no node '%s'",
                said);
        if (of_node) {
            ls_hint(err, "GPUs of '%s' are counted from 0; it has %u", c->nodes[out->node].name,
                    c->nodes[out->node].gpus);
        } else {
            ls_hint(err, "%s%s", c->node_count > 1 ? "nodes are those of the pool file, from " : "",
                    c->node_count > 0 ? c->nodes[0].name : "none");
        }
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static void turn(ls_exec *e, place p, bool in) {
    uint32_t spare = LS_POOL_NONE;
    const int64_t books_us = e->books.last_us;
    const ls_node_state state = ls_occupancy_state(ls_exec_occupancy(e), p.node);
    if (p.gpu != LS_POOL_NONE) {
        ls_scheduler_gpu(e->scheduler, e->now_us, p.node, p.gpu, in);
        ls_meter_gpu(e->books.meter, books_us, p.node, state, LS_NODE_DRAINED, in);
    } else {
        const ls_node_state to = in ? LS_NODE_UP : LS_NODE_DRAINED;
        ls_scheduler_node(e->scheduler, e->now_us, p.node, to, &spare);
        ls_meter_node(e->books.meter, books_us, p.node, state, to);
    }
    e->outs[number_of(e, p)].dirty = true;
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

static bool stands_on(const ls_pool_share *share, place p) {
    return share->node == p.node && (p.gpu == LS_POOL_NONE || ((share->gpus >> p.gpu) & 1) != 0);
}

// Those that run there hear why it may go wrong for them; NULL: it no longer may.
static void tell_jobs(ls_exec *e, place p, const char *reason) {
    char name[KEY_SIZE];
    put_name(e, p, name);
    for (uint32_t i = 0; i < e->holding_count; i++) {
        ls_entry *j = ls_exec_find(e, e->holding[i]);
        for (uint32_t k = 0; j->shares != NULL && k < j->spec->job->shape.parts; k++) {
            if (!stands_on(j->shares + k, p) || !ls_exec_mark(e, j)) {
                continue;
            }
            if (reason == NULL) {
                ls_exec_forget_out(j);
            } else {
                ls_exec_note(j, "%s%s%s", name, out_text, reason);
            }
            break;
        }
    }
}

static ls_status drain(ls_exec *e, place p, const char *reason, ls_error *err) {
    ls_exec_out *out = e->outs + number_of(e, p);
    char name[KEY_SIZE];
    put_name(e, p, name);
    if (reason[0] == '\0' || strpbrk(reason, "\r\n") != NULL || strlen(reason) > LS_EXEC_OUT_SIZE) {
        ls_fail(err, LS_ERR_INVALID,
                "why '%s' is taken out of service is one line of 1 to %d bytes", name,
                LS_EXEC_OUT_SIZE);
        ls_hint(err, "as \"fan 3 is replaced\"");
        return LS_ERR_INVALID;
    }
    if (e->def.pool->states[p.node] != LS_NODE_UP) {
        return ls_fail(err, LS_ERR_INVALID, "'%s' is not in service: its pool file says so", name);
    }
    char *copy = ls_text_copy(reason);
    char *copy_name = ls_text_copy(name);
    e->now_us = ls_exec_now_us(e);
    const bool was_in = out->reason == NULL;
    ls_status status = copy == NULL || copy_name == NULL
                           ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                           : LS_OK;
    if (status == LS_OK && was_in) {
        status = ls_exec_books_close(e, e->now_us, err);
    }
    if (status != LS_OK) {
        ls_free(copy);
        ls_free(copy_name);
        return status;
    }
    ls_free(out->reason);
    ls_free(out->name);
    out->reason = copy;
    out->name = copy_name;
    out->since_us = was_in ? e->now_us : out->since_us;
    if (was_in) {
        turn(e, p, false);
    }
    out->dirty = e->outs_dirty = e->pressing = e->wants_step = true;
    tell_jobs(e, p, copy);
    ls_exec_tell_out(e, name, copy, e->now_us);
    return LS_OK;
}

ls_status ls_exec_drain(ls_exec *e, const char *name, const char *reason, ls_error *err) {
    place p;
    const ls_status status = named(e, name, &p, err);
    return status == LS_OK ? drain(e, p, reason, err) : status;
}

ls_status ls_exec_undrain(ls_exec *e, const char *name, ls_error *err) {
    place p;
    ls_status status = named(e, name, &p, err);
    if (status != LS_OK) {
        return status;
    }
    ls_exec_out *out = e->outs + number_of(e, p);
    if (out->reason == NULL) {
        const bool up = e->def.pool->states[p.node] == LS_NODE_UP;
        ls_fail(err, LS_ERR_INVALID,
                up ? "'%s' is in service" : "'%s' is not in service: its pool file says so", name);
        return LS_ERR_INVALID;
    }
    e->now_us = ls_exec_now_us(e);
    status = ls_exec_books_close(e, e->now_us, err);
    if (status == LS_OK) {
        ls_exec_tell_out(e, out->name, NULL, e->now_us);
        ls_free(out->reason);
        ls_free(out->name);
        out->reason = out->name = NULL;
        tell_jobs(e, p, NULL);
        turn(e, p, true);
    }
    return status;
}

const char *ls_exec_out_of(const ls_exec *e, uint32_t node, int64_t *out_since_us) {
    *out_since_us = e->outs[node].since_us;
    return e->outs[node].reason;
}

bool ls_exec_next_out(const ls_exec *e, uint32_t *at, const char **out_place,
                      const char **out_reason, int64_t *out_since_us) {
    while (*at < place_count(e) && e->outs[*at].reason == NULL) {
        ++*at;
    }
    if (*at >= place_count(e)) {
        return false;
    }
    *out_place = e->outs[*at].name;
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
    place p;
    char reason[LS_EXEC_OUT_SIZE + 1];
    if (!find_uuid(e, uuid, &p)) {
        return ls_fail(err, LS_ERR_INVALID, "no GPU of the pool is called '%s'", uuid);
    }
    if (over && !strike(e, e->gpu_at[p.node] + p.gpu)) {
        return LS_OK;
    }
    if (over) {
        ls_text_format(reason, sizeof reason,
                       "GPU %s: %d errors that it got over within %d days, the last: %s", uuid,
                       LS_EXEC_STRIKES, (int)(LS_EXEC_STRIKES_WITHIN_US / LS_US_PER_DAY), what);
    } else {
        ls_text_format(reason, sizeof reason, "GPU %s: %s", uuid, what);
    }
    ls_text_tame(reason, false);
    if (e->def.pool->cluster.nodes[p.node].gpus == 1) {
        p.gpu = LS_POOL_NONE;  // the only one takes its node with it
    }
    const bool known = e->outs[p.node].reason != NULL || e->outs[number_of(e, p)].reason != NULL;
    return known ? LS_OK : drain(e, p, reason, err);
}

// ---- jobs that fail

// FNV-1a, the zero at the end included.
static uint64_t mixed(uint64_t hash, const char *text) {
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return hash;
}

// Of who runs what where: equal jobs have equal ones.
static uint64_t command_of(const ls_exec_job *job) {
    uint64_t hash = mixed(UINT64_C(0xcbf29ce484222325), job->user != NULL ? job->user : "");
    hash = mixed(hash, job->folder != NULL ? job->folder : "");
    for (size_t i = 0; job->argv[i] != NULL; i++) {
        hash = mixed(hash, job->argv[i]);
    }
    return hash != 0 ? hash : 1;
}

void ls_exec_gpu_ended(ls_exec *e, const ls_entry *j, const ls_run_end *end) {
    const ls_exec_job *job = j->spec->job;
    const bool by_itself = !end->asked && !end->timed_out && end->note[0] == '\0' &&
                           (end->how == LS_RUN_EXITED || end->how == LS_RUN_SIGNALLED);
    const bool done = end->how == LS_RUN_EXITED && end->code == 0;
    if (!by_itself || job->shape.parts != 1 || __builtin_popcount(j->shares[0].gpus) != 1) {
        return;
    }
    const place p = {.node = j->shares[0].node, .gpu = (uint32_t)__builtin_ctz(j->shares[0].gpus)};
    if (uuid_of(e, p)[0] == '\0') {
        return;  // a CPU slot
    }
    const uint32_t gpu = e->gpu_at[p.node] + p.gpu;
    const uint32_t suspect = ls_suspects_end(&e->suspects, e->now_us, command_of(job), gpu, done);
    if (suspect != LS_SUSPECT_NONE) {
        e->suspect = suspect;
        e->suspect_job = j->id;
    }
}

void ls_exec_gpu_suspected(ls_exec *e) {
    char what[LS_EXEC_OUT_SIZE + 1];
    if (e->suspect == LS_SUSPECT_NONE) {
        return;
    }
    const place p = place_at(e, e->def.pool->cluster.node_count + e->suspect);
    ls_text_format(what, sizeof what,
                   "%d commands that are done elsewhere failed on it one after the other, found "
                   "out by job %llu",
                   LS_SUSPECT_TIMES, (unsigned long long)e->suspect_job);
    e->suspect = LS_SUSPECT_NONE;
    (void)ls_exec_gpu_fails(e, uuid_of(e, p), what, false, NULL);  // it cannot be: the next time
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
    for (uint32_t i = 0; i < place_count(e) && status == LS_OK; i++) {
        const ls_exec_out *out = e->outs + i;
        char key[KEY_SIZE];
        char value[VALUE_SIZE] = "";
        if (!out->dirty || !key_of(e, place_at(e, i), key)) {
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
    for (uint32_t i = 0; e->outs_dirty && i < place_count(e); i++) {
        e->outs[i].dirty = false;
    }
    for (uint32_t g = 0; e->outs_dirty && g < e->gpu_count; g++) {
        e->struck[g].dirty = false;
    }
    e->outs_dirty = false;
}

// What the journal says of the place; the books hear of it.
static ls_status read_out(ls_exec *e, uint32_t number, ls_error *err) {
    const place p = place_at(e, number);
    ls_exec_out *out = e->outs + number;
    char key[KEY_SIZE], name[KEY_SIZE];
    char value[VALUE_SIZE];
    char *end = NULL;
    if (!key_of(e, p, key)) {
        return LS_OK;
    }
    ls_exec_journal_text(e->journal, key, value, sizeof value);
    out->since_us = strtoll(value, &end, 10);
    if (end == value || *end != ' ' || end[1] == '\0' ||
        e->def.pool->states[p.node] != LS_NODE_UP) {
        return LS_OK;  // never, or not any more, or the pool file says so by now
    }
    put_name(e, p, name);
    out->reason = ls_text_copy(end + 1);
    out->name = ls_text_copy(name);
    if (out->reason == NULL || out->name == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (p.gpu == LS_POOL_NONE) {
        ls_meter_node(e->books.meter, e->books.last_us, p.node, LS_NODE_UP, LS_NODE_DRAINED);
    } else {
        const bool out_too = e->outs[p.node].reason != NULL;
        ls_meter_gpu(e->books.meter, e->books.last_us, p.node,
                     out_too ? LS_NODE_DRAINED : LS_NODE_UP, LS_NODE_DRAINED, false);
    }
    return LS_OK;
}

ls_status ls_exec_outs_open(ls_exec *e, ls_error *err) {
    ls_status status = LS_OK;
    e->struck = ls_alloc(((size_t)e->gpu_count + 1) * sizeof *e->struck);
    if (e->struck == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t n = 0, at = 0; n < e->def.pool->cluster.node_count; n++) {
        e->gpu_at[n] = at;
        at += e->def.pool->cluster.nodes[n].gpus;
    }
    for (uint32_t g = 0; g < e->gpu_count; g++) {
        read_struck(e, g);
    }
    ls_suspects_init(&e->suspects);
    e->suspect = LS_SUSPECT_NONE;
    for (uint32_t i = 0; i < place_count(e) && status == LS_OK; i++) {
        status = read_out(e, i, err);
    }
    return status;
}

void ls_exec_outs_apply(ls_exec *e) {
    for (uint32_t i = 0; i < place_count(e); i++) {
        if (e->outs[i].reason == NULL) {
            continue;
        }
        const place p = place_at(e, i);
        uint32_t spare = LS_POOL_NONE;
        if (p.gpu == LS_POOL_NONE) {
            ls_scheduler_node(e->scheduler, e->now_us, p.node, LS_NODE_DRAINED, &spare);
        } else {
            ls_scheduler_gpu(e->scheduler, e->now_us, p.node, p.gpu, false);
        }
    }
}

void ls_exec_outs_clear(ls_exec *e) {
    for (uint32_t i = 0; e->outs != NULL && i < place_count(e); i++) {
        ls_free(e->outs[i].reason);
        ls_free(e->outs[i].name);
    }
    ls_free(e->outs);
    ls_free(e->gpu_at);
    ls_free(e->struck);
    e->outs = NULL;
    e->gpu_at = NULL;
    e->struck = NULL;
}
