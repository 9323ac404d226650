// samples.h - arrays of samples of one tag: joined by time, doubles dropped.
//
// Of samples with equal time the one heard first stays first: a state that changed twice within a
// millisecond keeps its story. Doubles are samples with equal time, kind, quality and value; the
// first one stays.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/value.h"

typedef struct ls_samples {
    ls_sample *items;  // owned; texts are not
    size_t count, capacity;
} ls_samples;

void ls_samples_clear(ls_samples *samples);
// Copies the samples behind the end; texts stay where they are.
ls_status ls_samples_append(ls_samples *samples, const ls_sample *items, size_t count,
                            ls_error *err);
// Copies the texts of samples[from ..] into the arena.
ls_status ls_samples_own_texts(ls_samples *samples, size_t from, ls_arena *arena, ls_error *err);
// By time, those of `before` first where times are equal, doubles dropped. Both are sorted by time;
// `out` is emptied first.
ls_status ls_samples_merge(const ls_sample *before, size_t before_count, const ls_sample *after,
                           size_t after_count, ls_samples *out, ls_error *err);
// The first of samples (sorted by time) that is not before time_us; count when there is none.
size_t ls_samples_find(const ls_sample *samples, size_t count, int64_t time_us);
// Sorts by time, equal times stay in their order. O(n) when sorted already.
ls_status ls_samples_sort(ls_sample *samples, size_t count, ls_error *err);
// Of all bits of the value, for finding doubles; texts by their bytes.
uint64_t ls_sample_hash(const ls_sample *sample);
