// score_own.c - the product's own score, where the expected demand is told.
//
// A place costs, in thousandths of GPUs:
//
//     0.8 x growth of what the next job cannot use (as FGD counts it)
//   + 0.2 x growth of what stays unused when the node is filled with one shape alone, in the mean
//           over the expected shapes: it sees processors that will run short, and GPUs that parts
//           do not divide, before the next job does
//   + 80 x growth of (free GPUs x how far their processors are from the share that a GPU has in
//           the cluster, as a logarithm): jobs with many processors go where these are plenty
//   +   4 x the GPUs of a node that are free and will not be used, if all of them are free now
//   + 800 x pressure of the kind: GPUs that others have to have stay free for them
//
// in steps of 40: places within a step are equal, and the first by name is filled first, which
// keeps whole nodes free for jobs that need them. The constants were chosen on six of the openb
// variants and three seeds; they lie in a wide flat region. bench/pool shows what it comes to.
#include <math.h>

#include "base/kmath.h"
#include "pool/score.h"

static const double next_weight = 0.8, filled_weight = 0.2, balance_weight = 80.0,
                    keep_weight = 4.0, pressure_weight = 800.0, step = 40.0;

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// What stays unused when the node takes one of the expected shapes until it is full.
static double unused_when_filled(const ls_score *score, const ls_free_state *f) {
    double sum = 0.0;
    uint32_t size = 0, copies = 0;
    for (uint32_t i = 0; f->milli > 0 && i < score->wanted_count; i++) {
        const ls_wanted *w = score->wanted + i;
        if (w->least == 0) {
            continue;
        }
        if (((w->shape.kinds >> f->kind) & 1) == 0) {
            sum += w->weight * f->milli;
            continue;
        }
        if (w->least != size) {  // neighbours ask for equal GPUs
            size = w->least;
            copies = 0;
            for (uint32_t g = 0; g < f->gpus; g++) {
                copies += f->free[g] / size;
            }
        }
        uint32_t fit = copies / w->count;
        if (w->shape.cpu_milli != 0) {
            fit = least(fit, f->cpu / w->shape.cpu_milli);
        }
        sum += w->weight * ((double)f->milli - (double)fit * w->count * size);
    }
    return sum;
}

// How far the processors are from the usual share, times the free GPUs. Half a processor is added
// to either side, so that none at all is not infinitely far.
static double imbalance(const ls_score *score, const ls_free_state *f) {
    if (f->milli == 0) {
        return 0.0;
    }
    const double share = (double)f->cpu / f->milli;
    return fabs(ls_log((share + 0.5) / (score->cpu_share + 0.5))) * f->milli / LS_POOL_WHOLE;
}

// Of each kind: what is asked of it by shapes that will not do with every kind, over what there is
// of all the kinds that they will do with. 0: nobody depends on it; 1: all of it is spoken for.
static void find_pressure(ls_score *score, const ls_cluster *c) {
    double there[LS_POOL_KINDS_MAX] = {0}, all = 0.0, asked = 0.0;
    for (uint32_t n = 0; n < c->node_count; n++) {
        if (c->nodes[n].kind != LS_POOL_NONE) {
            there[c->nodes[n].kind] += c->nodes[n].gpus;
            all += c->nodes[n].gpus;
        }
    }
    for (uint32_t i = 0; i < score->wanted_count; i++) {
        asked += score->wanted[i].weight * score->wanted[i].least * score->wanted[i].count;
    }
    for (uint32_t i = 0; i < score->wanted_count; i++) {
        const ls_wanted *w = score->wanted + i;
        double will_do = 0.0;
        for (uint32_t k = 0; k < c->kind_count; k++) {
            will_do += ((w->shape.kinds >> k) & 1) != 0 ? there[k] : 0.0;
        }
        if (w->least == 0 || will_do <= 0.0 || will_do >= all) {
            continue;
        }
        const double part = w->weight * w->least * w->count / asked * all / will_do;
        for (uint32_t k = 0; k < c->kind_count; k++) {
            score->pressure[k] += ((w->shape.kinds >> k) & 1) != 0 ? part : 0.0;
        }
    }
}

void ls_score_own_open(ls_score *score, const ls_cluster *c) {
    double cpu = 0.0;
    for (uint32_t n = 0; n < c->node_count; n++) {
        cpu += c->nodes[n].cpu_milli;
    }
    score->cpu_share = c->gpus > 0 ? cpu / ((double)c->gpus * LS_POOL_WHOLE) : 0.0;
    find_pressure(score, c);
}

static double worth(const ls_score *score, const ls_free_state *f) {
    return next_weight * ls_score_fragments(score, f) +
           filled_weight * unused_when_filled(score, f) + balance_weight * imbalance(score, f);
}

double ls_score_own(const ls_occupancy *o, const ls_free_state *f, const ls_shape *s,
                    uint32_t *out_gpu) {
    const double before = worth(o->score, f);
    const double pressure = f->kind == LS_POOL_NONE ? 0.0 : o->score->pressure[f->kind];
    const double price = pressure_weight * pressure * (double)ls_shape_milli(s) / LS_POOL_WHOLE;
    const bool breaks = (s->gpus != 0 || s->milli != 0) && f->whole == f->gpus;
    const double left = f->gpus - (double)ls_shape_milli(s) / LS_POOL_WHOLE;
    const double keep = breaks && f->gpus > 1 ? keep_weight * left : 0.0;
    double best = -INFINITY;
    for (uint32_t g = 0; g < (s->milli != 0 ? f->gpus : 1); g++) {
        if (s->milli == 0 || f->free[g] >= s->milli) {
            const ls_free_state after = ls_score_after(f, s, g);
            const double cost = worth(o->score, &after) - before + price + keep;
            const double here = -floor(cost / step + 1e-9);
            if (here > best) {
                best = here;
                *out_gpu = g;
            }
        }
    }
    return best;
}
