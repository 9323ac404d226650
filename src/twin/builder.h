// builder.h - the unfinished model: one growing array per kind of thing.
#pragma once

#include "plant/plant.h"
#include "twin/model.h"
#include "twin/pack.h"

typedef struct ls_builder {
    const ls_plant *plant;
    ls_model head;  // counts and offsets
    ls_pack stations, machines, steps, queues, families, modes, releases, orders, wip, calendars,
        pools, needs;
    ls_pack criteria, branches, limits, dists, tables, words, masks, times, transport, matrix,
        streams, crews, means, conditions;
    ls_u64 condition_at;
    ls_pack taken;  // stream ids in use, open addressing
    size_t taken_count;
} ls_builder;

// A stream named by what it is for; its id comes from the names, so that adding one disturbs no
// other.
uint32_t ls_builder_stream(ls_builder *b, const char *kind, const char *a, const char *c,
                           uint32_t number);
// The stream will be used with this distribution (LS_NONE: nothing).
void ls_builder_stream_use(ls_builder *b, uint32_t stream, uint32_t dist);

void ls_builder_stations(ls_builder *b);  // stations, machines, modes, needs, criteria, setups
void ls_builder_steps(ls_builder *b);     // steps, slots, branches, limits
void ls_builder_queues(ls_builder *b);    // queues, masks, families
void ls_builder_releases(ls_builder *b);  // releases, orders, lots at time zero
