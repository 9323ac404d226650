// openb_bound.c - see openb_bound.h.
#include "openb_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES_MAX = 1024, FUNCTIONS_MAX = 64, DIVISIONS = 14 };

// Pods that are alike.
typedef struct sort_of {
    double size, cpu, count;  // size in GPUs
    double ratio, cost;
} sort_of;

static int by_ratio(const void *a, const void *b) {
    const sort_of *x = a, *y = b;
    return x->ratio != y->ratio ? (x->ratio > y->ratio ? -1 : 1) : 0;
}

// The function numbered f: first those that round what is near 1 up and what is small down, then
// those that count in k-ths.
static double dual(double size, int f, const double *edges, int edge_count) {
    if (size >= 1.0) {
        return size;
    }
    if (f < edge_count) {
        const double edge = edges[f];
        return size > 1.0 - edge + 1e-9 ? 1.0 : size < edge - 1e-9 ? 0.0 : size;
    }
    const double k = f - edge_count + 1;
    const double parts = (k + 1.0) * size;
    return fabs(parts - round(parts)) < 1e-9 ? size : floor(parts) / k;
}

static double knapsack(sort_of *sorts, size_t count) {
    double left = 1.0, value = 0.0;
    for (size_t i = 0; i < count; i++) {
        sorts[i].ratio = sorts[i].cost > 0.0 ? sorts[i].size / sorts[i].cost : INFINITY;
    }
    qsort(sorts, count, sizeof *sorts, by_ratio);
    for (size_t i = 0; i < count; i++) {
        const double all = sorts[i].cost * sorts[i].count;
        const double part = all <= left ? 1.0 : left / all;
        value += part * sorts[i].count * sorts[i].size;
        left -= part * all;
    }
    return value;
}

static size_t gather(const ls_openb_pods *arrivals, size_t count, sort_of *out) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const ls_shape *s = arrivals->shapes + i;
        const double size = (double)ls_shape_milli(s) / LS_POOL_WHOLE, cpu = s->cpu_milli;
        size_t at = 0;
        while (at < found && (out[at].size != size || out[at].cpu != cpu)) {
            at++;
        }
        if (size > 0.0 && at < SIZES_MAX) {
            found += at == found;
            out[at].size = size;
            out[at].cpu = cpu;
            out[at].count += 1.0;
        }
        if (at == SIZES_MAX) {
            abort();  // more shapes than the trace has
        }
    }
    return found;
}

double openb_bound(const ls_openb_pods *arrivals, size_t count, const ls_cluster *c) {
    static sort_of sorts[SIZES_MAX], trial[SIZES_MAX];
    memset(sorts, 0, sizeof sorts);
    const size_t found = gather(arrivals, count, sorts);
    double edges[FUNCTIONS_MAX], cpus = 0.0, best = (double)c->gpus;
    int edge_count = 0;
    for (size_t i = 0; i < found; i++) {
        // Just what makes a size count as a whole GPU.
        const double edge = 1.0 - sorts[i].size + 1e-6;
        bool is_new = sorts[i].size < 1.0 && edge <= 0.5;
        for (int e = 0; e < edge_count; e++) {
            is_new = is_new && fabs(edges[e] - edge) > 1e-7;
        }
        if (is_new && edge_count < FUNCTIONS_MAX - DIVISIONS) {
            edges[edge_count++] = edge;
        }
    }
    for (uint32_t n = 0; n < c->node_count; n++) {
        cpus += c->nodes[n].cpu_milli;
    }
    const int functions = edge_count + DIVISIONS;
    for (int f = 0; f < functions; f++) {
        for (int g = f; g < functions; g++) {
            for (double share = 0.0; share < 0.55; share += 0.1) {
                memcpy(trial, sorts, found * sizeof *trial);
                for (size_t i = 0; i < found; i++) {
                    const double u = dual(trial[i].size, f, edges, edge_count) * 0.5 +
                                     dual(trial[i].size, g, edges, edge_count) * 0.5;
                    trial[i].cost = (1.0 - share) * u / (double)c->gpus +
                                    share * trial[i].cpu / cpus;
                }
                const double here = knapsack(trial, found);
                best = here < best ? here : best;
            }
        }
    }
    return best / (double)c->gpus * 100.0;
}
