// tags.c - see tags.h.
//
// Tags stand in pages that never move; page k holds 1024 of them. Names are found by open
// addressing, at most half full. One lock for both; readers of ls_tags_get take none: a page is
// published before the count that makes it visible.
#include "base/tags.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum {
    PAGE_BITS = 10,
    PAGE_SIZE = 1 << PAGE_BITS,
    PAGES = LS_TAGS_MAX >> PAGE_BITS,
    SLOTS_FIRST = 256
};

struct ls_tags {
    pthread_mutex_t lock;
    ls_arena names;
    _Atomic(ls_tag *) pages[PAGES];
    _Atomic uint32_t count;
    uint32_t *slots;  // tag + 1, 0: free
    uint32_t slot_count;
};

ls_status ls_tags_create(ls_tags **out, ls_error *err) {
    *out = NULL;
    ls_tags *tags = ls_alloc(sizeof *tags);
    uint32_t *slots = ls_alloc(SLOTS_FIRST * sizeof *slots);
    if (tags == NULL || slots == NULL || pthread_mutex_init(&tags->lock, NULL) != 0) {
        ls_free(tags);
        ls_free(slots);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for tags");
    }
    ls_arena_init(&tags->names);
    tags->slots = slots;
    tags->slot_count = SLOTS_FIRST;
    *out = tags;
    return LS_OK;
}

void ls_tags_destroy(ls_tags *tags) {
    if (tags == NULL) {
        return;
    }
    for (uint32_t i = 0; i < PAGES; i++) {
        ls_free(atomic_load(&tags->pages[i]));
    }
    ls_free(tags->slots);
    ls_arena_clear(&tags->names);
    pthread_mutex_destroy(&tags->lock);
    ls_free(tags);
}

// FNV-1a (Fowler, Noll, Vo), 64 bit, folded.
static uint32_t hash_name(const char *name, size_t length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

static ls_tag *tag_at(const ls_tags *tags, uint32_t tag) {
    ls_tag *page = atomic_load_explicit(&tags->pages[tag >> PAGE_BITS], memory_order_acquire);
    return page + (tag & (PAGE_SIZE - 1));
}

// The slot that holds the name, or the free one where it would stand.
static uint32_t find_slot(const ls_tags *tags, const char *name, size_t length) {
    uint32_t at = hash_name(name, length) & (tags->slot_count - 1);
    while (tags->slots[at] != 0) {
        const char *there = tag_at(tags, tags->slots[at] - 1)->name;
        if (strncmp(there, name, length) == 0 && there[length] == '\0') {
            break;
        }
        at = (at + 1) & (tags->slot_count - 1);
    }
    return at;
}

static bool grow_slots(ls_tags *tags) {
    const uint32_t count = tags->slot_count * 2;
    uint32_t *slots = ls_alloc((size_t)count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    ls_free(tags->slots);
    tags->slots = slots;
    tags->slot_count = count;
    for (uint32_t i = 0; i < atomic_load(&tags->count); i++) {
        const char *name = tag_at(tags, i)->name;
        tags->slots[find_slot(tags, name, strlen(name))] = i + 1;
    }
    return true;
}

static ls_status check_name(const char *name, size_t length, ls_error *err) {
    if (length == 0) {
        return ls_fail(err, LS_ERR_INVALID, "a tag without a name");
    }
    if (length > LS_TAG_NAME_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "a tag's name of %zu bytes; at most %d are taken",
                       length, LS_TAG_NAME_MAX);
    }
    if (!ls_text_is_utf8(name, length, NULL)) {
        return ls_fail(err, LS_ERR_INVALID, "a tag's name that is not UTF-8");
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) {
            return ls_fail(err, LS_ERR_INVALID, "a tag's name with a control character");
        }
    }
    return LS_OK;
}

// Room for one more: a page and free slots.
static bool make_room(ls_tags *tags, uint32_t tag) {
    if ((tag + 1) * 2 > tags->slot_count && !grow_slots(tags)) {
        return false;
    }
    if (atomic_load(&tags->pages[tag >> PAGE_BITS]) == NULL) {
        ls_tag *page = ls_alloc(PAGE_SIZE * sizeof *page);
        if (page == NULL) {
            return false;
        }
        atomic_store_explicit(&tags->pages[tag >> PAGE_BITS], page, memory_order_release);
    }
    return true;
}

static ls_status add_locked(ls_tags *tags, const char *name, size_t length, uint32_t *out,
                            ls_error *err) {
    uint32_t slot = find_slot(tags, name, length);
    if (tags->slots[slot] != 0) {
        *out = tags->slots[slot] - 1;
        return LS_OK;
    }
    const uint32_t tag = atomic_load(&tags->count);
    if (tag == LS_TAGS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d tags", LS_TAGS_MAX);
    }
    char *copy = make_room(tags, tag) ? ls_arena_text(&tags->names, name, length) : NULL;
    if (copy == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for tags");
    }
    tag_at(tags, tag)->name = copy;
    tag_at(tags, tag)->unit = "";
    slot = find_slot(tags, name, length);
    tags->slots[slot] = tag + 1;
    atomic_store_explicit(&tags->count, tag + 1, memory_order_release);
    *out = tag;
    return LS_OK;
}

ls_status ls_tags_add(ls_tags *tags, const char *name, size_t length, uint32_t *out,
                      ls_error *err) {
    const ls_status status = check_name(name, length, err);
    if (status != LS_OK) {
        return status;
    }
    pthread_mutex_lock(&tags->lock);
    const ls_status added = add_locked(tags, name, length, out, err);
    pthread_mutex_unlock(&tags->lock);
    return added;
}

uint32_t ls_tags_find(const ls_tags *tags, const char *name, size_t length) {
    if (length == 0 || length > LS_TAG_NAME_MAX || memchr(name, '\0', length) != NULL) {
        return LS_TAG_NONE;
    }
    ls_tags *locked = (ls_tags *)(uintptr_t)tags;  // the lock alone changes
    pthread_mutex_lock(&locked->lock);
    const uint32_t there = tags->slots[find_slot(tags, name, length)];
    pthread_mutex_unlock(&locked->lock);
    return there != 0 ? there - 1 : LS_TAG_NONE;
}

const ls_tag *ls_tags_get(const ls_tags *tags, uint32_t tag) {
    return tag < ls_tags_count(tags) ? tag_at(tags, tag) : NULL;
}

uint32_t ls_tags_count(const ls_tags *tags) {
    return atomic_load_explicit(&tags->count, memory_order_acquire);
}

void ls_tags_declare(ls_tags *tags, uint32_t tag, ls_value_kind kind, const char *unit) {
    if (tag >= ls_tags_count(tags)) {
        return;
    }
    pthread_mutex_lock(&tags->lock);
    ls_tag *of = tag_at(tags, tag);
    of->kind = (uint8_t)kind;
    const size_t length = unit != NULL ? strnlen(unit, LS_TAG_UNIT_MAX) : 0;
    const char *old = of->unit;
    if (unit != NULL && (strncmp(old, unit, length) != 0 || old[length] != '\0')) {
        // Readers take no lock: a unit that was read stays where it is. Sources seldom change
        // theirs.
        const char *copy = ls_arena_text(&tags->names, unit, length);
        of->unit = copy != NULL ? copy : old;
    }
    pthread_mutex_unlock(&tags->lock);
}

// Two places to go back to, the last '*' and the last '**': what a '*' cannot take ('/'), a '**'
// before it may. O(length of pattern * length of name) for patterns with one star.
typedef struct star {
    const char *pattern, *name;
} star;

bool ls_tags_match(const char *pattern, const char *name) {
    star one = {NULL, NULL};
    star any = {NULL, NULL};
    for (;;) {
        if (pattern[0] == '*') {
            const bool both = pattern[1] == '*';
            pattern += both ? 2 : 1;
            star *seen = both ? &any : &one;
            *seen = (star){pattern, name};
            if (both) {
                one = (star){NULL, NULL};
            }
            continue;
        }
        if (*name == '\0' && *pattern == '\0') {
            return true;
        }
        if (*name != '\0' && (*pattern == *name || (*pattern == '?' && *name != '/'))) {
            pattern++;
            name++;
        } else if (one.pattern != NULL && *one.name != '\0' && *one.name != '/') {
            name = ++one.name;
            pattern = one.pattern;
        } else if (any.pattern != NULL && *any.name != '\0') {
            name = ++any.name;
            pattern = any.pattern;
            one = (star){NULL, NULL};
        } else {
            return false;
        }
    }
}
