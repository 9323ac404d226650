// names.c - lots by name, and lots that have gone.
#include "twin/follow/core.h"

uint64_t ls_core_name_hash(const char *name, size_t size) {
    const uint64_t hash = ls_hash_bytes(name, size, 0x6c6f7473);
    return hash != 0 ? hash : 1;
}

static uint32_t *bucket_of(const ls_core *core, uint64_t hash) {
    return &core->buckets[hash & core->bucket_mask];
}

uint32_t ls_core_lot_find(const ls_core *core, const char *name, size_t size) {
    const uint64_t hash = ls_core_name_hash(name, size);
    for (uint32_t at = *bucket_of(core, hash); at != 0; at = core->lots[at - 1].chain) {
        if (core->lots[at - 1].hash == hash) {
            return at - 1;
        }
    }
    return LS_NO;
}

static void list_remove(ls_core *core, uint32_t lot) {
    ls_core_release *rs = &core->releases[core->c.lot[lot].release];
    ls_core_lot *cl = &core->lots[lot];
    if (cl->older != 0) {
        core->lots[cl->older - 1].younger = cl->younger;
    } else if (rs->oldest == lot + 1) {
        rs->oldest = cl->younger;
    }
    if (cl->younger != 0) {
        core->lots[cl->younger - 1].older = cl->older;
    } else if (rs->newest == lot + 1) {
        rs->newest = cl->older;
    }
    cl->older = 0;
    cl->younger = 0;
}

void ls_core_lot_heard(ls_core *core, uint32_t lot) {
    ls_core_release *rs = &core->releases[core->c.lot[lot].release];
    ls_core_lot *cl = &core->lots[lot];
    list_remove(core, lot);
    cl->heard_us = core->c.now;
    cl->left = rs->left;
    cl->older = rs->newest;
    if (rs->newest != 0) {
        core->lots[rs->newest - 1].younger = lot + 1;
    } else {
        rs->oldest = lot + 1;
    }
    rs->newest = lot + 1;
}

void ls_core_lot_name(ls_core *core, uint32_t lot, const char *name, size_t size) {
    ls_core_lot *cl = &core->lots[lot];
    const size_t kept = size < FOLLOW_NAME_SIZE - 1 ? size : FOLLOW_NAME_SIZE - 1;
    memset(cl->name, 0, sizeof cl->name);
    memcpy(cl->name, name, kept);
    cl->hash = ls_core_name_hash(name, size);
    uint32_t *bucket = bucket_of(core, cl->hash);
    cl->chain = *bucket;
    *bucket = lot + 1;
}

void ls_core_lot_forget(ls_core *core, uint32_t lot) {
    ls_core_lot *cl = &core->lots[lot];
    list_remove(core, lot);
    if (cl->hash != 0) {
        uint32_t *link = bucket_of(core, cl->hash);
        while (*link != 0 && *link != lot + 1) {
            link = &core->lots[*link - 1].chain;
        }
        *link = *link != 0 ? cl->chain : 0;
    }
    memset(cl, 0, sizeof *cl);
}

bool ls_core_lot_is_gone(const ls_core *core, const char *name, size_t size) {
    const uint64_t hash = ls_core_name_hash(name, size);
    for (int i = 0; i < FOLLOW_GONE; i++) {
        if (core->figures->gone[i] == hash) {
            return true;
        }
    }
    return false;
}

void ls_core_lots_index(ls_core *core) {
    memset(core->buckets, 0, ((size_t)core->bucket_mask + 1) * sizeof *core->buckets);
    for (uint32_t i = 0; i < core->c.s->lot_used; i++) {
        if (core->c.lot[i].where != LS_LOT_FREE && core->lots[i].hash != 0) {
            uint32_t *bucket = bucket_of(core, core->lots[i].hash);
            core->lots[i].chain = *bucket;
            *bucket = i + 1;
        }
    }
}
