// core.c - a core is made, copied and hashed.
#include "twin/follow/core.h"

static size_t align(size_t size) {
    return (size + 15) & ~(size_t)15;
}

// Lays the tables out in one block; called with block NULL for its size.
static size_t lay_out(ls_core *core, char *block) {
    const ls_model *m = core->twin->model;
    size_t at = 0;
#define LAY(field, count)                                          \
    do {                                                           \
        core->field = block != NULL ? (void *)(block + at) : NULL; \
        at += align((size_t)(count) * sizeof *core->field);        \
    } while (0)
    LAY(machines, m->machines);
    LAY(modes, m->modes);
    LAY(stations, m->stations);
    LAY(releases, m->releases);
    LAY(figures, 1);
    LAY(buckets, (size_t)core->bucket_mask + 1);
    core->fixed_size = at;
    LAY(lots, m->lots);
#undef LAY
    return at;
}

static void start_releases(ls_core *core, int64_t start_us) {
    ls_ctx *c = &core->c;
    for (ls_u32 i = 0; i < c->m->releases; i++) {
        const ls_m_release *r = c->releases + i;
        ls_s_release *rs = c->release + i;
        ls_source_set(c, c->m->source_release + i, LS_NEVER);
        core->releases[i].since_us = core->releases[i].until_us = LS_NEVER;
        rs->total = r->kind == LS_RELEASE_EVERY && rs->left > 0 ? FOLLOW_ENDLESS : LS_NEVER;
        rs->since = start_us;
        if (start_us > 0 && r->kind == LS_RELEASE_EVERY && rs->left > 1) {
            rs->left--;  // the first is over
        }
        const ls_m_order *orders = LS_MODEL_ARRAY(c->m, ls_m_order, order_at);
        while (start_us > 0 && r->kind == LS_RELEASE_TIMETABLE &&
               rs->next_order < r->order_at + r->order_count &&
               orders[rs->next_order].time < start_us) {
            rs->next_order++;
        }
    }
}

static void start_modes(ls_core *core, int64_t start_us) {
    ls_ctx *c = &core->c;
    for (ls_u32 i = 0; i < c->m->modes; i++) {
        const ls_m_mode *mode = c->modes + i;
        ls_s_mode *sm = c->mode + i;
        core->modes[i].seen = start_us == 0;
        if (start_us > 0) {
            sm->renewed = 1;
            sm->elapsed = 0;
            sm->since = mode->by == LS_FAIL_CALENDAR ? start_us : LS_NEVER;
            c->machine[mode->machine].pending = 0;
        }
        ls_core_mode_clock(core, i);
    }
}

static void start_lots(ls_core *core, int64_t start_us) {
    ls_ctx *c = &core->c;
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        ls_core_lot_heard(core, i);
        core->lots[i].inferred = 1;
        if (start_us > 0) {
            c->release[c->lot[i].release].released--;
            ls_core_take_out(core, i);
            ls_core_lot_forget(core, i);
            ls_lot_free(c, i);
        }
    }
    c->s->serial = start_us > 0 ? 0 : c->s->serial;
}

static ls_status core_start(ls_core *core, int64_t start_us, ls_error *err) {
    const ls_model *m = core->twin->model;
    ls_state *s = core->c.s;
    s->magic = LS_MODEL_MAGIC;
    s->version = LS_ENGINE_VERSION;
    s->model_hash = m->hash;
    s->size = m->state_size;
    ls_start(&core->c, 0);
    if (s->stopped != 0) {
        return ls_fail(err, LS_ERR_LIMIT, "plant '%s' begins with more than %u lots",
                       core->twin->name, m->lots);
    }
    ls_core_agenda_clear(core);
    for (ls_u32 i = 0; i < m->machines; i++) {
        core->machines[i].state = FOLLOW_STATE_UNHEARD;
        core->machines[i].begun_us = LS_NEVER;
        core->machines[i].lots_us = LS_NEVER;
        core->machines[i].parts_us = LS_NEVER;
    }
    start_lots(core, start_us);
    start_releases(core, start_us);
    for (ls_u32 i = 0; i < m->modes; i++) {  // the draws of the start are not the line's
        if (core->c.modes[i].maintenance == 0 || core->c.modes[i].from_end != 0 ||
            core->c.modes[i].by != LS_FAIL_CALENDAR) {
            ls_source_set(&core->c, m->source_mode + i, LS_NEVER);
        }
    }
    if (start_us > 0) {
        ls_core_advance(core, start_us);
    }
    start_modes(core, start_us);
    return LS_OK;
}

ls_status ls_core_create(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                         ls_core **out, ls_error *err) {
    const ls_model *m = twin->model;
    *out = NULL;
    if (start_us < 0 || start_us >= m->horizon) {
        return ls_fail(err, LS_ERR_LIMIT, "time %.1f days is behind the horizon, %.1f days",
                       (double)start_us / 86400e6, (double)m->horizon / 86400e6);
    }
    ls_core *core = ls_alloc(sizeof *core);
    if (core == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    core->plant = plant;
    core->twin = twin;
    uint32_t buckets = 64;
    while (buckets < m->lots && buckets < 1u << 16) {
        buckets *= 2;
    }
    core->bucket_mask = buckets - 1;
    core->block_size = lay_out(core, NULL);
    core->block = ls_alloc(core->block_size);
    ls_state *state = ls_alloc(m->state_size);
    ls_status status = ls_scratch_create(m, &core->scratch, err);
    if (core->block == NULL || state == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: a follower of %zu bytes",
                         core->block_size + m->state_size);
        ls_free(state);
        state = NULL;
    }
    if (state != NULL) {
        core->c.s = state;
    }
    if (status == LS_OK) {
        lay_out(core, core->block);
        ls_ctx_open(&core->c, m, state, &core->scratch);
        status = core_start(core, start_us, err);
    }
    if (status != LS_OK) {
        ls_core_destroy(core);
        return status;
    }
    *out = core;
    return LS_OK;
}

void ls_core_destroy(ls_core *core) {
    if (core != NULL) {
        ls_scratch_clear(&core->scratch);
        ls_free(core->c.s);
        ls_free(core->block);
        ls_free(core);
    }
}

// Whom it tells stays its own.
void ls_core_copy(ls_core *to, const ls_core *from) {
    const uint32_t used = from->c.s->lot_used;
    const uint32_t to_used = to->c.s->lot_used;
    ls_state_copy(from->twin->model, to->c.s, from->c.s);
    memcpy(to->block, from->block, from->fixed_size);
    memcpy(to->lots, from->lots, used * sizeof *from->lots);
    if (to_used > used) {
        memset(to->lots + used, 0, (to_used - used) * sizeof *to->lots);
    }
    to->c.now = from->c.now;
}

uint64_t ls_core_hash(const ls_core *core) {
    const uint64_t hash = ls_state_hash(core->twin->model, core->c.s);
    return ls_hash_bytes(core->block, core->block_size, hash);
}
