// samples.c - see samples.h.
#include "history/samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64, FEW = 16 };

static ls_status fail_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for samples");
}

void ls_samples_clear(ls_samples *samples) {
    ls_free(samples->items);
    *samples = (ls_samples){0};
}

static bool reserve(ls_samples *samples, size_t more) {
    if (samples->capacity - samples->count >= more) {
        return true;
    }
    size_t capacity = samples->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : samples->capacity;
    while (capacity - samples->count < more) {
        capacity *= 2;
    }
    ls_sample *items = ls_realloc(samples->items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    samples->items = items;
    samples->capacity = capacity;
    return true;
}

ls_status ls_samples_append(ls_samples *samples, const ls_sample *items, size_t count,
                            ls_error *err) {
    if (!reserve(samples, count)) {
        return fail_memory(err);
    }
    if (count > 0) {
        memcpy(samples->items + samples->count, items, count * sizeof *items);
    }
    samples->count += count;
    return LS_OK;
}

static bool has_text(const ls_sample *sample) {
    return sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES;
}

ls_status ls_samples_own_texts(ls_samples *samples, size_t from, ls_arena *arena, ls_error *err) {
    const ls_sample *last = NULL;  // equal texts in a row are kept once
    const char *owned = NULL;
    for (size_t i = from; i < samples->count; i++) {
        ls_sample *sample = &samples->items[i];
        if (!has_text(sample)) {
            continue;
        }
        if (last == NULL || last->size != sample->size ||
            (sample->value.text != owned && memcmp(owned, sample->value.text, sample->size) != 0)) {
            owned = ls_arena_text(arena, sample->value.text, sample->size);
            if (owned == NULL) {
                return fail_memory(err);
            }
        }
        sample->value.text = owned;
        last = sample;
    }
    return LS_OK;
}

uint64_t ls_sample_hash(const ls_sample *sample) {
    if (!has_text(sample)) {
        return sample->kind == LS_VALUE_NONE ? 0 : sample->value.natural;
    }
    uint64_t hash = 0x9e3779b97f4a7c15u ^ sample->size;
    for (uint32_t i = 0; i < sample->size; i++) {
        hash = (hash ^ (unsigned char)sample->value.text[i]) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

// ---- doubles among samples of one time

typedef struct keyed {
    uint64_t hash;
    size_t index;
} keyed;

static int compare_keyed(const void *a, const void *b) {
    const keyed *x = a;
    const keyed *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return x->index < y->index ? -1 : 1;
}

// Many samples of one time: sorted by hash, so that hostile input costs n log n and not n * n. Two
// values of one hash are compared with their neighbours only, up to FEW of them.
static ls_status drop_among_many(ls_sample *group, size_t count, size_t *out_count, ls_error *err) {
    keyed *keys = ls_alloc(count * sizeof *keys);
    if (keys == NULL) {
        return fail_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t how = ((uint64_t)group[i].kind << 8 | group[i].quality) *
                             0x9e3779b97f4a7c15u;
        keys[i] = (keyed){.hash = ls_sample_hash(&group[i]) ^ how, .index = i};
    }
    qsort(keys, count, sizeof *keys, compare_keyed);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i; k > 0 && i - k < FEW && keys[k - 1].hash == keys[i].hash; k--) {
            if (ls_sample_same(&group[keys[k - 1].index], &group[keys[i].index])) {
                group[keys[i].index].pad = 1;  // marked
                break;
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (group[i].pad == 0) {
            group[kept++] = group[i];
        }
    }
    *out_count = kept;
    ls_free(keys);
    return LS_OK;
}

static ls_status drop_doubles(ls_sample *group, size_t count, size_t *out_count, ls_error *err) {
    if (count > FEW) {
        return drop_among_many(group, count, out_count, err);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < kept && !ls_sample_same(&group[k], &group[i])) {
            k++;
        }
        if (k == kept) {
            group[kept++] = group[i];
        }
    }
    *out_count = kept;
    return LS_OK;
}

ls_status ls_samples_merge(const ls_sample *before, size_t before_count, const ls_sample *after,
                           size_t after_count, ls_samples *out, ls_error *err) {
    out->count = 0;
    if (!reserve(out, before_count + after_count)) {
        return fail_memory(err);
    }
    size_t a = 0;
    size_t b = 0;
    size_t group = 0;  // where the samples of the present time begin
    while (a < before_count || b < after_count) {
        const bool first = b == after_count ||
                           (a < before_count && before[a].time_us <= after[b].time_us);
        ls_sample next = first ? before[a++] : after[b++];
        next.pad = 0;
        if (out->count > group && out->items[group].time_us != next.time_us) {
            if (out->count - group > 1) {
                size_t kept = 0;
                const ls_status status = drop_doubles(out->items + group, out->count - group, &kept,
                                                      err);
                if (status != LS_OK) {
                    return status;
                }
                out->count = group + kept;
            }
            group = out->count;
        }
        out->items[out->count++] = next;
    }
    size_t kept = 0;
    const ls_status status = drop_doubles(out->items + group, out->count - group, &kept, err);
    out->count = group + kept;
    return status;
}

size_t ls_samples_find(const ls_sample *samples, size_t count, int64_t time_us) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (samples[middle].time_us < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// Merges runs from `from` to `to`, of `width` each.
static void merge_runs(const ls_sample *from, ls_sample *to, size_t count, size_t width) {
    for (size_t at = 0; at < count; at += 2 * width) {
        const size_t middle = at + width < count ? at + width : count;
        const size_t end = at + 2 * width < count ? at + 2 * width : count;
        size_t a = at;
        size_t b = middle;
        for (size_t i = at; i < end; i++) {
            const bool first = b == end || (a < middle && from[a].time_us <= from[b].time_us);
            to[i] = first ? from[a++] : from[b++];
        }
    }
}

ls_status ls_samples_sort(ls_sample *samples, size_t count, ls_error *err) {
    size_t i = 1;
    while (i < count && samples[i - 1].time_us <= samples[i].time_us) {
        i++;
    }
    if (i >= count) {
        return LS_OK;
    }
    ls_sample *other = ls_alloc(count * sizeof *other);
    if (other == NULL) {
        return fail_memory(err);
    }
    ls_sample *from = samples;
    ls_sample *to = other;
    for (size_t width = 1; width < count; width *= 2) {
        merge_runs(from, to, count, width);
        ls_sample *swap = from;
        from = to;
        to = swap;
    }
    if (from != samples) {
        memcpy(samples, from, count * sizeof *samples);
    }
    ls_free(other);
    return LS_OK;
}
