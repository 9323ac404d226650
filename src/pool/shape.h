// shape.h - what a job asks for at one moment. Jobs of equal shape fit or do not fit together.
#pragma once

#include "pool/cluster.h"

typedef struct ls_shape {
    uint32_t parts;        // of the gang; each stands on one node; 1: no gang
    uint32_t gpus;         // whole GPUs of each part; 0 with `milli`, or for processors alone
    uint32_t milli;        // thousandths of one GPU, 1 to 999; 0: whole ones
    uint32_t cpu_milli;    // of each part
    uint32_t memory_mib;   // of each part
    uint32_t gpu_mib;      // memory that each GPU must have at least
    uint32_t kinds;        // bit for each kind that will do; 0: no GPU is asked for
    uint64_t sites;        // bit for each site, counted among units of that level; 0: all
    ls_pool_level within;  // all parts in one unit of this level
    bool must;             // `within` is a condition; else a wish
    bool spread;           // parts on different nodes (services: on different failure domains)
} ls_shape;

// GPUs in thousandths that a job of this shape holds.
static inline uint64_t ls_shape_milli(const ls_shape *s) {
    return (uint64_t)s->parts * (s->milli != 0 ? s->milli : (uint64_t)s->gpus * LS_POOL_WHOLE);
}
