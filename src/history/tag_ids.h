// tag_ids.h - the numbers of a store beside those of ls_tags.
//
// They are equal when the tags were empty at open; when they were not, a tag may have another
// number in the store. Safe for any number of threads.
#pragma once

#include <pthread.h>

#include "base/tags.h"

#define LS_TAG_ID_NONE UINT32_MAX

typedef struct ls_tag_id {
    uint32_t id;
    uint32_t said;  // of the kind and unit that the store has, see ls_tag_said
} ls_tag_id;

typedef struct ls_tag_ids {
    pthread_mutex_t lock;
    ls_tag_id *ids;  // by tag; owned
    uint32_t count, capacity;
    uint32_t next;  // the first number of the store that is free
} ls_tag_ids;

void ls_tag_ids_init(ls_tag_ids *ids);
void ls_tag_ids_clear(ls_tag_ids *ids);
// A number for what a tag's source declares; another one when that has changed.
uint32_t ls_tag_said(const ls_tag *tag);
// The tag is `id` in the store, LS_TAG_ID_NONE: not yet, but there is room for it. Cannot fail for
// tags below one that was set.
ls_status ls_tag_ids_set(ls_tag_ids *ids, uint32_t tag, uint32_t id, uint32_t said, ls_error *err);
// LS_TAG_ID_NONE when the store does not have it. out_said may be NULL.
uint32_t ls_tag_ids_look(ls_tag_ids *ids, uint32_t tag, uint32_t *out_said);
uint32_t ls_tag_ids_get(ls_tag_ids *ids, uint32_t tag);
// A free number of the store; not yet taken until ls_tag_ids_set.
uint32_t ls_tag_ids_next(ls_tag_ids *ids);
