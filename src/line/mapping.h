// mapping.h - from tags to the plant: which signal says what about which machine or lot.
//
// Made from a plant's `listen:`. Each sample of a bound tag becomes at most a few ls_heard for the
// follower: words become PackML states, counters become differences (wraps, resets and restarts
// told apart), texts become lots. Says what does not fit: a tag never heard, a kind or unit that
// cannot be, two sources for one thing, values out of range. Not thread safe.
#pragma once

#include "base/tags.h"
#include "base/text.h"
#include "plant/plant.h"
#include "twin/follow/follow.h"

typedef struct ls_mapping ls_mapping;

typedef struct ls_mapping_figures {
    uint64_t samples, mapped, refused;  // refused: of a bound tag, but makes no sense
    uint32_t bindings, heard, values_out_of_range;
} ls_mapping_figures;

// Tags are added to `tags`; plant and tags are kept alive by the caller.
ls_status ls_mapping_create(const ls_plant *plant, ls_tags *tags, ls_mapping **out, ls_error *err);
void ls_mapping_destroy(ls_mapping *mapping);
// O(1). Calls `heard` for what the sample means (texts live until it returns). Returns how often.
// *out_refused (may be NULL): NULL, or one sentence why a bound sample was not taken, valid until
// the next call.
uint32_t ls_mapping_sample(ls_mapping *mapping, const ls_sample *sample,
                           void (*heard)(void *context, const ls_heard *heard), void *context,
                           const char **out_refused);
// Is the tag an order's (LS_MEANS_ORDER)? Such samples are for the order desk, not the follower.
bool ls_mapping_is_order(const ls_mapping *mapping, uint32_t tag);
ls_mapping_figures ls_mapping_describe(const ls_mapping *mapping);
// What a person should know, one line each: bindings never heard, kinds and units that cannot be.
void ls_mapping_complain(const ls_mapping *mapping, ls_buffer *out);
// The counters' last values, to go on after a restart.
ls_status ls_mapping_save(const ls_mapping *mapping, void **out, size_t *out_size, ls_error *err);
ls_status ls_mapping_load(ls_mapping *mapping, const void *bytes, size_t size, ls_error *err);
