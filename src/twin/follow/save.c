// save.c - a follower as bytes: its base, and the signals that are not final yet. The present is
// made from them again.
#include "twin/follow/inside.h"

enum { FOLLOW_VERSION = 3 };
#define FOLLOW_MAGIC UINT64_C(0x31776f6c6c6f666c)  // "lfollow1"

typedef struct saved_head {
    uint64_t magic, seal;  // seal: hash of everything behind the head, and of the head with seal 0
    uint32_t version, engine;
    uint64_t model_hash, size;
    uint64_t state_size, block_size, fixed_size;
    uint32_t lot_used, signals, text_size, pad;
    int64_t now_us, newest_us, shift_us, late_us;
    uint64_t dropped, doubled, reordered, rolled_back, late, clock;
} saved_head;

typedef struct bytes {
    char *at;
    size_t left;
    bool reads;  // out of the bytes into memory; else the other way
    bool fits;
} bytes;

static void transfer(bytes *b, void *memory, size_t size) {
    if (size > b->left) {
        b->fits = false;
        return;
    }
    if (b->reads) {
        memcpy(memory, b->at, size);
    } else {
        memcpy(b->at, memory, size);
    }
    b->at += size;
    b->left -= size;
}

// The parts of a core that are in use, one after the other.
static void transfer_core(bytes *b, ls_core *core, uint32_t used) {
    const ls_model *m = core->twin->model;
    char *state = (char *)core->c.s;
    transfer(b, state, m->s_heap);
    if (m->dynamic != 0) {
        transfer(b, state + m->s_heap, used * sizeof(ls_heap_item));
        transfer(b, state + m->s_event, used * sizeof(ls_lot_event));
    }
    transfer(b, state + m->s_lot, used * sizeof(ls_lot));
    transfer(b, state + m->s_memory, (size_t)used * m->memory_slots * sizeof(ls_u16));
    transfer(b, state + m->s_deadline, (size_t)used * m->deadline_slots * sizeof(ls_i64));
    transfer(b, core->block, core->fixed_size);
    transfer(b, core->lots, used * sizeof *core->lots);
}

static size_t size_of_core(const ls_core *core, uint32_t used) {
    const ls_model *m = core->twin->model;
    size_t size = m->s_heap + core->fixed_size;
    size_t per_lot = sizeof(ls_lot) + m->memory_slots * sizeof(ls_u16) +
                     m->deadline_slots * sizeof(ls_i64) + sizeof *core->lots;
    per_lot += m->dynamic != 0 ? sizeof(ls_heap_item) + sizeof(ls_lot_event) : 0;
    return size + per_lot * used;
}

static uint64_t seal_of(const saved_head *head, const char *behind, size_t size) {
    saved_head copy = *head;
    copy.seal = 0;
    return ls_hash_bytes(behind, size, ls_hash_bytes(&copy, sizeof copy, FOLLOW_VERSION));
}

static uint32_t text_size(const ls_recent *j) {
    uint32_t size = 0;
    for (uint32_t i = j->first; i < j->end; i++) {
        size += j->items[i].size;
    }
    return size;
}

ls_status ls_follow_save(const ls_follow *f, void **out, size_t *out_size, ls_error *err) {
    const ls_recent *j = &f->recent;
    const uint32_t used = f->base->c.s->lot_used;
    saved_head head;
    memset(&head, 0, sizeof head);
    head.magic = FOLLOW_MAGIC;
    head.version = FOLLOW_VERSION;
    head.engine = LS_ENGINE_VERSION;
    head.model_hash = f->twin->model->hash;
    head.state_size = f->twin->model->state_size;
    head.block_size = f->base->block_size;
    head.fixed_size = f->base->fixed_size;
    head.lot_used = used;
    head.signals = j->end - j->first;
    head.text_size = text_size(j);
    head.now_us = f->now_us;
    head.newest_us = f->newest_us;
    head.shift_us = f->shift_us;
    head.late_us = f->def.late_us;
    head.dropped = f->dropped;
    head.doubled = f->doubled;
    head.reordered = f->reordered;
    head.rolled_back = f->rolled_back;
    head.late = f->late;
    head.clock = f->clock;
    const size_t size = sizeof head + size_of_core(f->base, used) +
                        head.signals * sizeof(ls_heard) + head.text_size;
    head.size = size;
    char *data = ls_alloc(size);
    *out = NULL;
    *out_size = 0;
    if (data == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: %zu bytes to save", size);
    }
    bytes b = {.at = data + sizeof head, .left = size - sizeof head, .fits = true};
    transfer_core(&b, f->base, used);
    for (uint32_t i = j->first; i < j->end; i++) {
        transfer(&b, &j->items[i], sizeof j->items[i]);
    }
    for (uint32_t i = j->first; i < j->end; i++) {
        transfer(&b, j->text + j->text_at[i], j->items[i].size);
    }
    head.seal = seal_of(&head, data + sizeof head, size - sizeof head);
    memcpy(data, &head, sizeof head);
    *out = data;
    *out_size = size;
    return LS_OK;
}

static ls_status check_head(const ls_twin *twin, const void *data, size_t size, saved_head *head,
                            ls_error *err) {
    memset(head, 0, sizeof *head);
    if (size < sizeof *head) {
        return ls_fail(err, LS_ERR_INVALID, "not a saved follower (%zu bytes)", size);
    }
    memcpy(head, data, sizeof *head);
    if (head->magic != FOLLOW_MAGIC) {
        return ls_fail(err, LS_ERR_INVALID, "not a saved follower (%zu bytes)", size);
    }
    if (head->version != FOLLOW_VERSION || head->engine != LS_ENGINE_VERSION) {
        return ls_fail(err, LS_ERR_VERSION, "follower of version %u.%u, this is version %d.%d",
                       head->engine, head->version, LS_ENGINE_VERSION, FOLLOW_VERSION);
    }
    if (head->model_hash != twin->model->hash) {
        return ls_fail(err, LS_ERR_VERSION,
                       "follower of another plant (model %016llx, this one is %016llx)",
                       (unsigned long long)head->model_hash, (unsigned long long)twin->model->hash);
    }
    if (head->size != size ||
        head->seal != seal_of(head, (const char *)data + sizeof *head, size - sizeof *head)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "damaged follower: its bytes are not those that were saved");
    }
    return LS_OK;
}

static bool load_signals(ls_follow *f, bytes *b, const saved_head *head) {
    const char *text = b->at + head->signals * sizeof(ls_heard);
    for (uint32_t i = 0; i < head->signals && b->fits; i++) {
        ls_heard heard;
        transfer(b, &heard, sizeof heard);
        heard.text = text;
        text += heard.size;
        uint32_t place = f->recent.end;
        if (!b->fits || text > b->at + b->left || !ls_recent_insert(&f->recent, &heard, &place)) {
            return false;
        }
    }
    return b->fits;
}

ls_status ls_follow_load(const ls_plant *plant, const ls_twin *twin, const void *data, size_t size,
                         const ls_follow_def *def, ls_follow **out, ls_error *err) {
    saved_head head;
    *out = NULL;
    ls_status status = check_head(twin, data, size, &head, err);
    ls_follow *f = NULL;
    if (status == LS_OK) {
        status = ls_follow_make(plant, twin, 0, def, &f, err);
    }
    if (status != LS_OK) {
        return status;
    }
    bytes b = {.at = (char *)(uintptr_t)data + sizeof head,
               .left = size - sizeof head,
               .reads = true,
               .fits = true};
    const bool fits = head.state_size == twin->model->state_size &&
                      head.block_size == f->base->block_size &&
                      head.fixed_size == f->base->fixed_size && head.lot_used <= twin->model->lots;
    if (fits) {
        transfer_core(&b, f->base, head.lot_used);
        f->base->c.now = f->base->c.s->now;
    }
    if (!fits || !b.fits || !load_signals(f, &b, &head)) {
        status = ls_fail(err, LS_ERR_INVALID, "damaged follower: %zu bytes", size);
    } else {
        status = ls_state_check(twin, f->base->c.s, err);
    }
    if (status != LS_OK) {
        ls_follow_destroy(f);
        return status;
    }
    f->now_us = head.now_us;
    f->newest_us = head.newest_us;
    f->shift_us = head.shift_us;
    f->dropped = head.dropped;
    f->applied = head.dropped;
    f->dirty = head.dropped;  // the present is made anew
    f->doubled = head.doubled;
    f->reordered = head.reordered;
    f->rolled_back = head.rolled_back;
    f->late = head.late;
    f->clock = head.clock;
    *out = f;
    return LS_OK;
}
