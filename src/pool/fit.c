// fit.c - how parts of a shape stand to one node; see occupancy_inside.h.
#include "pool/occupancy_inside.h"

static bool kind_fits(const ls_occupancy *o, const ls_shape *s, const ls_node_now *n) {
    const bool gpu = s->gpus != 0 || s->milli != 0;
    if (s->sites != 0 && (n->site >= 64 || ((s->sites >> n->site) & 1) == 0)) {
        return false;
    }
    if (s->kinds == 0) {
        return !gpu;
    }
    return n->kind != LS_POOL_NONE && ((s->kinds >> n->kind) & 1) != 0 &&
           (!gpu || o->cluster->kinds[n->kind].memory_mib >= s->gpu_mib);
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// Fractions: the GPU with the least rest; parts are counted over all GPUs.
static void fit_fraction(const ls_occupancy *o, const ls_shape *s, const ls_node_now *n,
                         ls_fit *out) {
    const uint16_t *free = o->gpus + n->gpu_at;
    uint32_t parts = 0, rest = LS_POOL_WHOLE;
    for (uint32_t g = 0; g < n->gpus; g++) {
        if (free[g] >= s->milli) {
            parts += free[g] / s->milli;
            if (free[g] < LS_POOL_WHOLE && free[g] - s->milli < rest) {
                rest = free[g] - s->milli;
            }
        }
    }
    out->parts = least(out->parts, parts);
    out->rest = (uint8_t)(rest < LS_POOL_WHOLE ? rest * 16 / LS_POOL_WHOLE
                                               : 15 + least(n->free_gpus, 18));
}

ls_fit ls_fit_node(const ls_occupancy *o, const ls_shape *s, uint32_t node) {
    const ls_node_now *n = o->nodes + node;
    ls_fit fit = {.parts = s->spread ? 1 : UINT16_MAX};
    if (n->state != LS_NODE_UP || !kind_fits(o, s, n)) {
        return (ls_fit){0};
    }
    const uint32_t whole = n->free_gpus;
    if (s->cpu_milli != 0) {
        fit.parts = least(fit.parts, n->cpu / s->cpu_milli);
    }
    if (s->memory_mib != 0) {
        fit.parts = least(fit.parts, n->memory / s->memory_mib);
    }
    if (fit.parts == 0) {
        return fit;
    }
    if (s->milli != 0) {
        fit_fraction(o, s, n, &fit);
    } else if (s->gpus != 0) {
        fit.parts = least(fit.parts, whole / s->gpus);
        fit.rest = (uint8_t)(whole - least(whole, s->gpus));
    } else {
        fit.rest = (uint8_t)(n->gpus == 0 ? 0 : 1 + whole);
    }
    fit.empty = !n->alone && n->gpus != 0 && whole == n->gpus;
    return fit;
}

uint32_t ls_fit_gpus(const ls_shape *s, uint16_t *free, uint32_t gpus) {
    uint32_t taken = 0, best = LS_POOL_NONE;
    if (s->milli != 0) {
        for (uint32_t g = 0; g < gpus; g++) {
            if (free[g] >= s->milli && (best == LS_POOL_NONE || free[g] < free[best])) {
                best = g;
            }
        }
        if (best != LS_POOL_NONE) {
            free[best] = (uint16_t)(free[best] - s->milli);
            taken = (uint32_t)1 << best;
        }
        return taken;
    }
    uint32_t left = s->gpus;
    for (uint32_t g = 0; g < gpus && left > 0; g++) {
        if (free[g] == LS_POOL_WHOLE) {
            free[g] = 0;
            taken |= (uint32_t)1 << g;
            left--;
        }
    }
    return left == 0 ? taken : 0;
}
