// score.c - what a place scores under each policy; see score.h.
//
// The six published policies are those of the openb experiment (Weng et al., Beware of
// Fragmentation, USENIX ATC 2023), with their whole-number scores from 0 to 100: what they round
// away decides together with the order of names.
#include "pool/score.h"
#include "base/kmath.h"

#include <math.h>

static const double most_cpu = 128000.0, most_gpu = 8000.0;  // of one node, as they scale it

bool ls_score_fits(const ls_occupancy *o, const ls_free_state *f, const ls_shape *s) {
    const bool gpu = s->gpus != 0 || s->milli != 0;
    if (f->cpu < s->cpu_milli || f->memory < s->memory_mib) {
        return false;
    }
    if (s->sites != 0 && (f->site >= 64 || ((s->sites >> f->site) & 1) == 0)) {
        return false;
    }
    if (s->kinds == 0) {
        return !gpu;
    }
    if (f->kind == LS_POOL_NONE || ((s->kinds >> f->kind) & 1) == 0) {
        return false;
    }
    if (gpu && o->cluster->kinds[f->kind].memory_mib < s->gpu_mib) {
        return false;
    }
    if (s->milli == 0) {
        return f->whole >= s->gpus;
    }
    for (uint32_t g = 0; g < f->gpus; g++) {
        if (f->free[g] >= s->milli) {
            return true;
        }
    }
    return false;
}

ls_free_state ls_score_after(const ls_free_state *f, const ls_shape *s, uint32_t gpu) {
    ls_free_state after = *f;
    after.cpu -= s->cpu_milli;
    after.memory -= s->memory_mib;
    if (s->milli != 0) {
        after.whole -= after.free[gpu] == LS_POOL_WHOLE;
        after.free[gpu] = (uint16_t)(after.free[gpu] - s->milli);
        after.milli -= s->milli;
        return after;
    }
    for (uint32_t g = 0, left = s->gpus; left > 0; g++) {
        if (after.free[g] == LS_POOL_WHOLE) {
            after.free[g] = 0;
            left--;
        }
    }
    after.whole -= s->gpus;
    after.milli -= s->gpus * LS_POOL_WHOLE;
    return after;
}

double ls_score_fragments(const ls_score *score, const ls_free_state *f) {
    double sum = 0.0;
    if (f->milli == 0) {
        return 0.0;
    }
    uint32_t least = 0, there = 0, short_of = 0;
    for (uint32_t i = 0; i < score->wanted_count; i++) {
        const ls_wanted *w = score->wanted + i;
        if (w->least == 0 || f->cpu < w->shape.cpu_milli ||
            ((w->shape.kinds >> f->kind) & 1) == 0) {
            sum += w->weight * f->milli;
            continue;
        }
        if (w->least != least) {  // neighbours ask for equal GPUs
            least = w->least;
            there = 0;
            short_of = 0;
            for (uint32_t g = 0; g < f->gpus; g++) {
                there += f->free[g] >= least;
                short_of += f->free[g] >= least ? 0 : f->free[g];
            }
        }
        sum += w->weight * (there >= w->count ? short_of : f->milli);
    }
    return sum;
}

static uint32_t tightest_gpu(const ls_free_state *f, const ls_shape *s) {
    uint32_t best = LS_POOL_NONE;
    for (uint32_t g = 0; g < f->gpus; g++) {
        if (f->free[g] >= s->milli && (best == LS_POOL_NONE || f->free[g] < f->free[best])) {
            best = g;
        }
    }
    return best;
}

static double best_fit(const ls_free_state *f, const ls_shape *s) {
    const double cpu = ((double)f->cpu - s->cpu_milli) / most_cpu;
    const double gpu = ((double)f->milli - (double)ls_shape_milli(s)) / most_gpu;
    return trunc((1.0 - (cpu * 0.5 + gpu * 0.5)) * 100.0);
}

static double dot_product(const ls_free_state *f, const ls_shape *s) {
    const double cpu = f->cpu / most_cpu * (s->cpu_milli / most_cpu);
    const double gpu = f->milli / most_gpu * ((double)ls_shape_milli(s) / most_gpu);
    return trunc((1.0 - (cpu + gpu) / 2.0) * 100.0);
}

// Nodes with only the same demand, with the same among others, with none, with others.
static double clustering(const ls_free_state *f, const ls_shape *s) {
    if (s->gpus == 0 && s->milli == 0) {
        return 0.0;
    }
    const uint64_t tag = (uint64_t)1 << (s->milli != 0 ? 0 : s->gpus);
    const double full = trunc(25.0 * (most_gpu - f->milli) / most_gpu);
    const double base = f->tags == tag         ? 75.0
                        : (f->tags & tag) != 0 ? 50.0
                        : f->tags == 0         ? 25.0
                                               : 0.0;
    return full + base;
}

// GPUs in use first, then free ones of a node in use, then those of a free node.
static double packing(const ls_free_state *f, const ls_shape *s, uint32_t gpu) {
    if (s->gpus == 0 && s->milli == 0) {
        return 0.0;
    }
    if (f->whole == f->gpus) {
        return 33.0 - f->whole > f->whole ? 33.0 - f->whole : f->whole;
    }
    if (s->milli == 0 || f->free[gpu] == LS_POOL_WHOLE) {
        const double score = 50.0 - (s->milli != 0 ? 1 : s->gpus);
        return score > 33.0 ? score : 33.0;
    }
    const double score = 100.0 - f->free[gpu] * 100 / LS_POOL_WHOLE / 10;
    return score > 50.0 ? score : 50.0;
}

static double growth_score(double before, double after) {
    return trunc(100.0 / (1.0 + ls_exp(-(before - after) / 1000.0)));
}

static double fgd(const ls_score *score, const ls_class *class, const ls_free_state *f,
                  const ls_shape *s, uint32_t *out_gpu) {
    const double before = class != NULL ? class->fragments : ls_score_fragments(score, f);
    if (s->milli == 0) {
        const ls_free_state after = ls_score_after(f, s, 0);
        return growth_score(before, ls_score_fragments(score, &after));
    }
    double best = -1.0;
    for (uint32_t g = 0; g < f->gpus; g++) {
        if (f->free[g] >= s->milli) {
            const ls_free_state after = ls_score_after(f, s, g);
            const double here = growth_score(before, ls_score_fragments(score, &after));
            if (here > best) {
                best = here;
                *out_gpu = g;
            }
        }
    }
    return best;
}

double ls_score_of(const ls_occupancy *o, const ls_class *class, const ls_free_state *f,
                   const ls_shape *s, uint32_t *out_gpu) {
    *out_gpu = s->milli != 0 ? tightest_gpu(f, s) : 0;
    switch (o->policy) {
    case LS_PLACE_OWN: return ls_score_own(o, f, s, out_gpu);
    case LS_PLACE_FGD: return fgd(o->score, class, f, s, out_gpu);
    case LS_PLACE_BEST_FIT: return best_fit(f, s);
    case LS_PLACE_DOT_PRODUCT: return dot_product(f, s);
    case LS_PLACE_CLUSTERING: return clustering(f, s);
    case LS_PLACE_PACKING: return packing(f, s, *out_gpu);
    case LS_PLACE_RANDOM: break;
    }
    return 0.0;
}
