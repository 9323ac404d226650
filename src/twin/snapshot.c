// snapshot.c - one running plant: start, run, copy, fork, save, load.
#include <string.h>

#include "base/units.h"
#include "twin/compile.h"
#include "twin/context.h"
#include "twin/twin.h"

#ifdef LS_WALKS
// Whole structures are checked between calls: after every event of the first of a run, since most
// tests run that far, then after many.
enum { WALKS_CLOSE = 64, WALKS_APART = 1024 };
static uint64_t events_at_once(uint64_t done) {
    return done < WALKS_CLOSE ? 1 : WALKS_APART;
}
static ls_status walk(const ls_twin *twin, const ls_state *state, ls_error *err) {
    // The walk needs memory where the run needs none: without it there is no walk.
    const ls_status status = ls_state_check(twin, state, err);
    return status == LS_ERR_MEMORY ? LS_OK : status;
}
#else
static uint64_t events_at_once(uint64_t done) {
    (void)done;
    return 1 << 20;
}
static ls_status walk(const ls_twin *twin, const ls_state *state, ls_error *err) {
    (void)twin;
    (void)state;
    (void)err;
    return LS_OK;
}
#endif

// Whatever the key is, the blocks are not of it: the next run fills them anew.
static void scratch_forget(const ls_model *model, ls_scratch *scratch) {
    for (ls_u32 i = 0; i < model->streams; i++) {
        scratch->firsts[i] = LS_BLOCK_EMPTY;
        scratch->exp_firsts[i] = LS_BLOCK_EMPTY;
    }
    for (ls_u32 i = 0; i < model->source_mode; i++) {
        scratch->ahead[i].position = LS_BLOCK_EMPTY;
        scratch->ahead[i].first = LS_BLOCK_EMPTY;
    }
}

ls_status ls_scratch_create(const ls_model *model, ls_scratch *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    out->agenda = ls_alloc(model->stations * sizeof(ls_u32) + 1);
    out->firsts = ls_alloc(model->streams * sizeof(ls_u64) + 1);
    out->exp_firsts = ls_alloc(model->streams * sizeof(ls_u64) + 1);
    out->ahead = ls_alloc(model->source_mode * sizeof(ls_ahead) + 1);
    if (model->cached != 0) {
        out->steps = ls_alloc((size_t)model->source_mode * LS_DRAW_BLOCK * sizeof(ls_u64) + 1);
        out->blocks = ls_alloc(model->streams * sizeof(ls_draw_block) + 1);
    }
    if (out->agenda == NULL || out->ahead == NULL || out->firsts == NULL ||
        out->exp_firsts == NULL ||
        (model->cached != 0 && (out->blocks == NULL || out->steps == NULL))) {
        ls_scratch_clear(out);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    scratch_forget(model, out);
    return LS_OK;
}

void ls_scratch_clear(ls_scratch *scratch) {
    ls_free(scratch->blocks);
    ls_free(scratch->firsts);
    ls_free(scratch->exp_firsts);
    ls_free(scratch->ahead);
    ls_free(scratch->steps);
    ls_free(scratch->agenda);
    memset(scratch, 0, sizeof *scratch);
}

static ls_status explain_stop(const ls_twin *twin, const ls_state *state, int why, ls_error *err) {
    if (why == LS_RUN_LOTS) {
        char when[64];
        ls_units_show_time((double)state->now, when, sizeof when);
        ls_fail(err, LS_ERR_LIMIT, "limit reached: %u lots in plant '%s' after %s",
                twin->model->lots, twin->name, when);
        ls_hint(err,
                "the plant takes in more than it finishes ('lineshaft check' shows the loads), or "
                "raise `limits: {lots: %u}`",
                twin->model->lots * 4);
        return LS_ERR_LIMIT;
    }
    if (why == LS_RUN_BROKEN) {
        ls_fail(err, LS_ERR_INVALID,
                "engine assertion failed (kernel line %u) at %lld us, event %llu, key %llx: this "
                "is a bug",
                state->broken_line, (long long)state->now, (unsigned long long)state->events,
                (unsigned long long)state->key);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_state_start(const ls_twin *twin, ls_state *state, ls_scratch *scratch, uint64_t key,
                         ls_error *err) {
    const ls_model *m = twin->model;
    memset(state, 0, m->state_size);
    state->magic = LS_MODEL_MAGIC;
    state->version = LS_ENGINE_VERSION;
    state->model_hash = m->hash;
    state->size = m->state_size;
    scratch_forget(m, scratch);
    scratch->key = key;
    scratch->still = 0;
    return explain_stop(twin, state, twin->kernel->start(m, state, scratch, key), err);
}

ls_status ls_state_run(const ls_twin *twin, ls_state *state, ls_scratch *scratch, int64_t until_us,
                       uint64_t max_events, ls_error *err) {
    if (until_us >= twin->model->horizon) {
        ls_fail(err, LS_ERR_LIMIT, "time %.1f days is behind the horizon of this plant, %.1f days",
                (double)until_us / 86400e6, (double)twin->model->horizon / 86400e6);
        return LS_ERR_LIMIT;
    }
    if (until_us < state->now) {
        return ls_fail(err, LS_ERR_INVALID, "cannot run back in time from %lld us to %lld us",
                       (long long)state->now, (long long)until_us);
    }
    int why = LS_RUN_EVENTS;
    uint64_t left = max_events;
    ls_status status = LS_OK;
    do {
        const ls_i64 from_us = state->now;
        const uint64_t before = state->events;
        const uint64_t most = events_at_once(max_events - left);
        const uint64_t some = left < most ? left : most;
        why = twin->kernel->run(twin->model, state, scratch, until_us, some);
        status = explain_stop(twin, state, why, err);
        left -= state->events - before;
        scratch->still = state->now == from_us ? scratch->still + state->events - before : 0;
        if (status == LS_OK) {
            status = walk(twin, state, err);
        }
        if (status == LS_OK && why == LS_RUN_EVENTS) {
            status = ls_state_check_still(twin, state, scratch, err);
        }
    } while (status == LS_OK && why == LS_RUN_EVENTS && left > 0);
    return status == LS_OK && why == LS_RUN_UNTIL ? ls_state_check_stuck(twin, state, err) : status;
}

// The used part of an array with one entry per lot slot; what `to` has used beyond it is cleared.
static void copy_per_lot(ls_state *to, const ls_state *from, ls_u64 at, size_t item,
                         ls_u32 to_used) {
    memcpy((char *)to + at, (const char *)from + at, from->lot_used * item);
    if (to_used > from->lot_used) {
        memset((char *)to + at + from->lot_used * item, 0, (to_used - from->lot_used) * item);
    }
}

void ls_state_copy(const ls_model *m, ls_state *to, const ls_state *from) {
    const ls_u32 to_used = to->lot_used;
    if (to == from) {
        return;
    }
    memcpy(to, from, m->s_heap);
    if (m->dynamic != 0) {
        copy_per_lot(to, from, m->s_heap, sizeof(ls_heap_item), to_used);
        copy_per_lot(to, from, m->s_event, sizeof(ls_lot_event), to_used);
    }
    copy_per_lot(to, from, m->s_lot, sizeof(ls_lot), to_used);
    copy_per_lot(to, from, m->s_memory, m->memory_slots * sizeof(ls_u16), to_used);
    copy_per_lot(to, from, m->s_deadline, m->deadline_slots * sizeof(ls_i64), to_used);
}

uint64_t ls_state_seal(const void *bytes, size_t size) {
    ls_state head;
    memcpy(&head, bytes, sizeof head);
    head.seal = 0;
    const uint64_t hash = ls_hash_bytes(&head, sizeof head, LS_ENGINE_VERSION);
    return ls_hash_bytes((const char *)bytes + sizeof head, size - sizeof head, hash);
}

uint64_t ls_state_hash(const ls_model *model, const ls_state *state) {
    return ls_state_seal(state, model->state_size);
}

// ---- public

static ls_status snapshot_new(const ls_twin *twin, ls_snapshot **out, ls_error *err) {
    *out = NULL;
    ls_snapshot *snapshot = ls_alloc(sizeof *snapshot);
    if (snapshot == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    snapshot->model = twin->model;
    snapshot->state_size = twin->model->state_size;
    snapshot->state = ls_alloc(snapshot->state_size);
    ls_status status = LS_OK;
    if (snapshot->state == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: a state of %zu bytes",
                         snapshot->state_size);
    } else {
        status = ls_scratch_create(twin->model, &snapshot->scratch, err);
    }
    if (status != LS_OK) {
        ls_snapshot_destroy(snapshot);
        return status;
    }
    *out = snapshot;
    return LS_OK;
}

ls_status ls_snapshot_create(const ls_twin *twin, uint64_t seed, uint64_t replication,
                             ls_snapshot **out, ls_error *err) {
    ls_status status = snapshot_new(twin, out, err);
    if (status == LS_OK) {
        ls_snapshot *snapshot = *out;
        status = ls_state_start(twin, snapshot->state, &snapshot->scratch,
                                ls_random_key(seed, replication), err);
        if (status != LS_OK) {
            ls_snapshot_destroy(snapshot);
            *out = NULL;
        }
    }
    return status;
}

void ls_snapshot_destroy(ls_snapshot *snapshot) {
    if (snapshot != NULL) {
        ls_scratch_clear(&snapshot->scratch);
        ls_free(snapshot->state);
        ls_free(snapshot);
    }
}

ls_status ls_snapshot_run(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                          ls_error *err) {
    return ls_state_run(twin, snapshot->state, &snapshot->scratch, until_us, UINT64_MAX, err);
}

ls_status ls_snapshot_step(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                           uint64_t max_events, uint64_t *out_done, ls_error *err) {
    const uint64_t before = snapshot->state->events;
    const ls_status status = ls_state_run(twin, snapshot->state, &snapshot->scratch, until_us,
                                          max_events, err);
    if (out_done != NULL) {
        *out_done = snapshot->state->events - before;
    }
    return status;
}

ls_status ls_snapshot_copy(const ls_twin *twin, const ls_snapshot *snapshot, ls_snapshot **out,
                           ls_error *err) {
    const ls_status status = snapshot_new(twin, out, err);
    if (status == LS_OK) {
        ls_state_copy(twin->model, (*out)->state, snapshot->state);
    }
    return status;
}

void ls_snapshot_assign(ls_snapshot *to, const ls_snapshot *from) {
    ls_state_copy(from->model, to->state, from->state);
    to->scratch.still = 0;
}

void ls_snapshot_fork_into(const ls_twin *twin, const ls_snapshot *from, uint64_t seed,
                           uint64_t future, ls_snapshot *to) {
    ls_state_copy(twin->model, to->state, from->state);
    to->scratch.still = 0;
    twin->kernel->fork(twin->model, to->state, &to->scratch, ls_random_key(seed, future));
}

ls_status ls_snapshot_fork(const ls_twin *twin, const ls_snapshot *snapshot, uint64_t seed,
                           uint64_t future, ls_snapshot **out, ls_error *err) {
    const ls_status status = snapshot_new(twin, out, err);
    if (status == LS_OK) {
        ls_snapshot_fork_into(twin, snapshot, seed, future, *out);
    }
    return status;
}

int64_t ls_snapshot_now(const ls_snapshot *snapshot) {
    return snapshot->state->now;
}
uint64_t ls_snapshot_events(const ls_snapshot *snapshot) {
    return snapshot->state->events;
}
uint32_t ls_snapshot_lots(const ls_snapshot *snapshot) {
    const ls_model *m = snapshot->model;
    const ls_s_release *rs = LS_STATE_ARRAY(m, snapshot->state, ls_s_release, s_release);
    ls_u64 inside = 0;
    for (ls_u32 i = 0; i < m->releases; i++) {
        inside += rs[i].released - rs[i].done - rs[i].scrapped - rs[i].lost;
    }
    return (uint32_t)inside;
}

uint64_t ls_snapshot_hash(const ls_snapshot *snapshot) {
    return ls_state_seal(snapshot->state, snapshot->state_size);
}

const void *ls_snapshot_bytes(const ls_snapshot *snapshot, size_t *out_size) {
    *out_size = snapshot->state_size;
    snapshot->state->seal = ls_state_seal(snapshot->state, snapshot->state_size);
    return snapshot->state;
}

ls_status ls_snapshot_load(const ls_twin *twin, const void *bytes, size_t size, ls_snapshot **out,
                           ls_error *err) {
    *out = NULL;
    ls_state head;
    memset(&head, 0, sizeof head);
    memcpy(&head, bytes, size < sizeof head ? size : sizeof head);
    if (size < sizeof head || head.magic != LS_MODEL_MAGIC) {
        return ls_fail(err, LS_ERR_INVALID, "not a snapshot of Lineshaft (%zu bytes)", size);
    }
    if (head.version != LS_ENGINE_VERSION) {
        return ls_fail(err, LS_ERR_VERSION, "snapshot of engine version %u, this is version %d",
                       head.version, LS_ENGINE_VERSION);
    }
    if (head.model_hash != twin->model->hash) {
        ls_fail(err, LS_ERR_VERSION,
                "snapshot of another plant (model %016llx, this one is %016llx)",
                (unsigned long long)head.model_hash, (unsigned long long)twin->model->hash);
        ls_hint(err,
                "a snapshot runs only on the very plant file that made it; make a new one with "
                "'lineshaft twin fork'");
        return LS_ERR_VERSION;
    }
    if (size != twin->model->state_size || head.size != size) {
        return ls_fail(err, LS_ERR_INVALID, "damaged snapshot: %zu bytes instead of %llu", size,
                       (unsigned long long)twin->model->state_size);
    }
    if (head.seal != ls_state_seal(bytes, size)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "damaged snapshot: its bytes are not those that were saved");
    }
    ls_status status = snapshot_new(twin, out, err);
    if (status == LS_OK) {
        memcpy((*out)->state, bytes, size);
        status = ls_state_check(twin, (*out)->state, err);
        if (status != LS_OK) {
            ls_snapshot_destroy(*out);
            *out = NULL;
        }
    }
    return status;
}
