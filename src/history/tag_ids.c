// tag_ids.c - see tag_ids.h.
#include "history/tag_ids.h"

#include "base/arena.h"

enum { FIRST_CAPACITY = 256 };

void ls_tag_ids_init(ls_tag_ids *ids) {
    *ids = (ls_tag_ids){0};
    pthread_mutex_init(&ids->lock, NULL);
}

void ls_tag_ids_clear(ls_tag_ids *ids) {
    ls_free(ids->ids);
    pthread_mutex_destroy(&ids->lock);
    ids->ids = NULL;
}

static bool reserve(ls_tag_ids *ids, uint32_t tag) {
    if (tag < ids->capacity) {
        return true;
    }
    uint32_t capacity = ids->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : ids->capacity;
    while (capacity <= tag) {
        capacity *= 2;
    }
    ls_tag_id *grown = ls_realloc(ids->ids, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    ids->ids = grown;
    ids->capacity = capacity;
    return true;
}

uint32_t ls_tag_said(const ls_tag *tag) {
    uint32_t hash = 2166136261u ^ tag->kind;
    for (const char *c = tag->unit; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash;
}

ls_status ls_tag_ids_set(ls_tag_ids *ids, uint32_t tag, uint32_t id, uint32_t said, ls_error *err) {
    pthread_mutex_lock(&ids->lock);
    const bool room = reserve(ids, tag);
    if (room) {
        while (ids->count <= tag) {
            ids->ids[ids->count++] = (ls_tag_id){.id = LS_TAG_ID_NONE};
        }
        if (id != LS_TAG_ID_NONE) {
            ids->ids[tag] = (ls_tag_id){.id = id, .said = said};
        }
        if (id != LS_TAG_ID_NONE && id >= ids->next) {
            ids->next = id + 1;
        }
    }
    pthread_mutex_unlock(&ids->lock);
    return room ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory for the numbers of tags");
}

uint32_t ls_tag_ids_get(ls_tag_ids *ids, uint32_t tag) {
    return ls_tag_ids_look(ids, tag, NULL);
}

uint32_t ls_tag_ids_look(ls_tag_ids *ids, uint32_t tag, uint32_t *out_said) {
    pthread_mutex_lock(&ids->lock);
    const uint32_t id = tag < ids->count ? ids->ids[tag].id : LS_TAG_ID_NONE;
    if (out_said != NULL) {
        *out_said = tag < ids->count ? ids->ids[tag].said : 0;
    }
    pthread_mutex_unlock(&ids->lock);
    return id;
}

uint32_t ls_tag_ids_next(ls_tag_ids *ids) {
    pthread_mutex_lock(&ids->lock);
    const uint32_t next = ids->next;
    pthread_mutex_unlock(&ids->lock);
    return next;
}
