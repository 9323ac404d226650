// mix.c - see mix.h.
#include "pool/mix.h"

#include <string.h>

#include "base/kmath.h"
#include "base/random.h"
#include "base/whole.h"

enum { DRAWS_MAX = 1000 };

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

// Run times by size as the summaries of five clusters have them for all sizes together: half of the
// jobs run minutes, the mean is hours, and most of the GPU time is in few large ones (Hu et al.,
// NSDI 2024, Acme; Jeon et al., ATC 2019, Philly; Hu et al., SC 2021, Helios).
static const ls_mix_class group[] = {
    {"trial", 0.300, 1, 0, 1800, 240, 4.0, 0, MINUTE_US, 0, false, false, 0, 0},
    {"notebook", 0.150, 0, 250, 7200, 2400, 4.0, 0, MINUTE_US, 0, true, false, 0, 0},
    {"train-1", 0.180, 1, 0, 14400, 1800, 3.0, 0, MINUTE_US, HOUR_US, true, false, 0, 0},
    {"train-4", 0.150, 4, 0, 18000, 2400, 3.0, 0, 2 * MINUTE_US, HOUR_US, true, false, 0, 0},
    {"train-8", 0.100, 8, 0, 28800, 3600, 3.0, 0, 2 * MINUTE_US, HOUR_US, true, true, 0, 0},
    {"train-32", 0.060, 32, 0, 36000, 5400, 3.0, 1, 3 * MINUTE_US, HOUR_US, true, true, 0, 0},
    {"train-72", 0.030, 72, 0, 43200, 7200, 3.0, 1, 3 * MINUTE_US, HOUR_US / 2, true, true, 0, 0},
    {"train-256", 0.020, 256, 0, 86400, 14400, 3.0, 1, 5 * MINUTE_US, HOUR_US / 2, true, false, 0,
     0},
    {"train-1024", 0.008, 1024, 0, 172800, 43200, 2.0, 2, 5 * MINUTE_US, HOUR_US / 2, true, false,
     0, 0},
    {"train-4096", 0.0015, 4096, 0, 345600, 129600, 2.0, 2, 5 * MINUTE_US, HOUR_US / 4, true, false,
     0, 0},
    {"train-16384", 0.0002, 16384, 0, 864000, 518400, 2.0, 3, 5 * MINUTE_US, HOUR_US / 4, true,
     false, 0, 0},
};

// A search: 16 trials, then the best is trained, then looked at.
static const ls_mix_class searches[] = {
    {"trial", 0.500, 1, 0, 1800, 240, 4.0, 0, MINUTE_US, 0, false, false, 0, 0},
    {"notebook", 0.200, 0, 250, 7200, 2400, 4.0, 0, MINUTE_US, 0, true, false, 0, 0},
    {"train-8", 0.200, 8, 0, 28800, 3600, 3.0, 0, 2 * MINUTE_US, HOUR_US, true, true, 0, 0},
    {"search", 0.100, 1, 0, 3600, 1200, 3.0, 0, MINUTE_US, 0, false, false, 16, 5},
    {"train-best", 0.0, 8, 0, 28800, 10800, 3.0, 0, 2 * MINUTE_US, HOUR_US, true, true, 0, 6},
    {"evaluate", 0.0, 1, 0, 900, 600, 4.0, 1, MINUTE_US, 0, false, false, 0, 0},
};

const ls_mix ls_mixes[] = {
    {"group", "a group's pool: trials, notebooks on a quarter of a GPU, trainings of 1 to 16,384",
     group, sizeof group / sizeof *group, 0, 0.0, 0.0, 0.0, 0.0},
    {"searches",
     "searches of 16 trials, whose best is trained and then looked at, beside trials and trainings",
     searches, sizeof searches / sizeof *searches, 0, 0.0, 0.0, 0.0, 0.0},
    // Hu et al., NSDI 2024 (AcmeTrace, cluster_summary.csv): GPU jobs, run times in seconds.
    {"seren", "Seren, 2023: 663,813 jobs", NULL, 0, 0, 5.68, 1024.0, 1414.335, 122.0},
    {"kalos", "Kalos, 2023: 19,907 jobs", NULL, 0, 0, 26.77, 1024.0, 1259.689, 124.0},
    {"philly", "Philly, 2017: 112,956 jobs", NULL, 0, 0, 1.928, 128.0, 18006.055, 874.0},
    {"helios", "Helios, 2020: 1,580,464 jobs", NULL, 0, 0, 3.716, 2048.0, 6651.681, 206.0},
    {"pai", "Alibaba PAI, 2020: 1,037,085 jobs", NULL, 0, 500, 0.683, 8.0, 4787.109, 480.667},
};

const char *const ls_mix_words[] = {"group",  "searches", "seren", "kalos",
                                    "philly", "helios",   "pai",   NULL};

enum { SIZES_MAX = 24 };

// The mean size when each is r times as often as the one before.
static double mean_of(const double *sizes, uint32_t count, double r) {
    double sum = 0.0, all = 0.0, often = 1.0;
    for (uint32_t i = 0; i < count; i++, often *= r) {
        sum += often * sizes[i];
        all += often;
    }
    return sum / all;
}

// The classes of a summary. False: out of memory.
static bool make_classes(ls_mix_load *l) {
    const ls_mix *mix = l->mix;
    double sizes[SIZES_MAX];
    uint32_t count = 0;
    for (double size = mix->milli != 0 ? (double)mix->milli / LS_POOL_WHOLE : 1.0;
         size <= mix->gpus_max && count < SIZES_MAX; size *= 2.0) {
        sizes[count++] = size;
    }
    double low = 0.0, high = 1.0;  // a mean above that of equal numbers is published nowhere
    for (int i = 0; i < 60; i++) {
        const double r = 0.5 * (low + high);
        *(mean_of(sizes, count, r) < mix->gpus_mean ? &low : &high) = r;
    }
    l->made = ls_alloc(count * sizeof *l->made);
    l->classes = l->made;
    l->class_count = count;
    for (uint32_t i = 0; l->made != NULL && i < count; i++) {
        const bool part = sizes[i] < 1.0;
        l->made[i] = (ls_mix_class){.name = mix->name,
                                    .often = ls_pow(low, i),
                                    .gpus = part ? 0 : (uint32_t)sizes[i],
                                    .milli = part ? (uint32_t)(sizes[i] * LS_POOL_WHOLE) : 0,
                                    .run_mean_s = mix->run_mean_s,
                                    .run_median_s = mix->run_median_s,
                                    .most = 2.0};
    }
    return l->made != NULL;
}
const uint32_t ls_mix_count = sizeof ls_mixes / sizeof *ls_mixes;

const ls_mix *ls_mix_find(const char *name) {
    for (uint32_t i = 0; i < ls_mix_count; i++) {
        if (strcmp(ls_mixes[i].name, name) == 0) {
            return ls_mixes + i;
        }
    }
    return NULL;
}

static double gpus_of(const ls_mix_class *c) {
    return c->milli != 0 ? c->milli / (double)LS_POOL_WHOLE : c->gpus;
}

// The class that comes when a job of this one is done; NULL: none.
static const ls_mix_class *then_of(const ls_mix_load *l, const ls_mix_class *c) {
    return c->then != 0 ? l->classes + c->then - 1 : NULL;
}

// GPUs of the largest job that it leads to.
static uint32_t largest_of(const ls_mix_load *l, const ls_mix_class *c) {
    uint32_t most = 0;
    for (; c != NULL; c = then_of(l, c)) {
        most = c->gpus > most ? c->gpus : most;
    }
    return most;
}

// GPU time of all that it leads to, in the mean.
static double work_of(const ls_mix_load *l, const ls_mix_class *c) {
    double work_us = 0.0;
    for (; c != NULL; c = then_of(l, c)) {
        work_us += (c->array > 0 ? c->array : 1.0) * gpus_of(c) * c->run_mean_s * 1e6;
    }
    return work_us;
}

// Classes that the pool, or every account, is too small for do not come.
static double often_of(const ls_mix_load *l, uint32_t i) {
    const ls_mix_class *c = l->classes + i;
    const uint32_t gpus = largest_of(l, c);
    const bool fits = gpus <= l->pool->gpus / 4 || gpus <= l->node_gpus;
    return fits && gpus <= l->most_gpus ? c->often : 0.0;
}

// GPUs that the account may hold at once.
static uint32_t most_of(const ls_pool *pool, uint32_t account) {
    uint32_t most = UINT32_MAX;
    for (; account != 0; account = pool->accounts[account].parent) {
        const ls_account *a = pool->accounts + account;
        const uint32_t here = a->borrow ? a->limit_gpus : a->guarantee_gpus;
        most = here < most ? here : most;
    }
    return most;
}

// What each account would have if all wanted all: its guarantee, and by weight its part of what its
// parent has beyond the guarantees of its children.
static void share_out(const ls_pool *pool, double *shares) {
    shares[0] = (double)pool->gpus;
    for (uint32_t i = 0; i < pool->account_count; i++) {
        const ls_account *a = pool->accounts + i;
        double rest = shares[i], weights = 0.0;
        for (uint32_t c = a->child_at; c < a->child_at + a->child_count; c++) {
            rest -= pool->accounts[c].guarantee_gpus;
            weights += pool->accounts[c].weight;
        }
        for (uint32_t c = a->child_at; c < a->child_at + a->child_count; c++) {
            shares[c] = pool->accounts[c].guarantee_gpus +
                        (rest > 0.0 ? rest * pool->accounts[c].weight / weights : 0.0);
        }
    }
}

static ls_status take_accounts(ls_mix_load *l, ls_error *err) {
    double sum = 0.0;
    double *shares = ls_alloc(l->pool->account_count * sizeof *shares);
    if (shares == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    share_out(l->pool, shares);
    for (uint32_t i = 0; i < l->pool->account_count; i++) {
        if (l->pool->accounts[i].child_count == 0) {
            sum += shares[i];
            l->most[l->leaf_count] = most_of(l->pool, i);
            l->most_gpus = l->most[l->leaf_count] > l->most_gpus ? l->most[l->leaf_count]
                                                                 : l->most_gpus;
            l->leaves[l->leaf_count] = i;
            l->accounts[l->leaf_count++] = sum;
        }
    }
    ls_free(shares);
    for (uint32_t i = 0; i < l->pool->cluster.node_count; i++) {
        const uint32_t gpus = l->pool->cluster.nodes[i].gpus;
        l->node_gpus = gpus > l->node_gpus ? gpus : l->node_gpus;
    }
    if (l->node_gpus == 0) {
        return ls_fail(err, LS_ERR_INVALID, "pool '%s' has no GPUs", l->pool->name);
    }
    for (uint32_t i = 0; i < l->pool->cluster.unit_count; i++) {
        const ls_pool_unit *u = l->pool->cluster.units + i;
        uint64_t gpus = 0;
        for (uint32_t n = u->node_at; n < u->node_at + u->node_count; n++) {
            gpus += l->pool->states[n] == LS_NODE_UP ? l->pool->cluster.nodes[n].gpus : 0;
        }
        l->level_gpus[u->level] = gpus > l->level_gpus[u->level] ? gpus : l->level_gpus[u->level];
    }
    return LS_OK;
}

ls_status ls_mix_load_make(const ls_pool *pool, const ls_mix *mix, double load, uint64_t seed,
                           int64_t until_us, ls_mix_load *out, ls_error *err) {
    *out = (ls_mix_load){.pool = pool, .mix = mix, .seed = seed, .until_us = (double)until_us};
    out->classes = mix->classes;
    out->class_count = mix->count;
    const bool made = mix->classes != NULL || make_classes(out);
    out->often = ls_alloc(out->class_count * sizeof *out->often);
    out->accounts = ls_alloc(pool->account_count * sizeof *out->accounts);
    out->leaves = ls_alloc(pool->account_count * sizeof *out->leaves);
    ls_status status = LS_OK;
    out->most = ls_alloc(pool->account_count * sizeof *out->most);
    if (!made || out->often == NULL || out->accounts == NULL || out->leaves == NULL ||
        out->most == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    status = status == LS_OK ? take_accounts(out, err) : status;
    if (status != LS_OK) {
        ls_mix_load_clear(out);
        return status;
    }
    double sum = 0.0, work_us = 0.0;
    for (uint32_t i = 0; i < out->class_count; i++) {
        const ls_mix_class *c = out->classes + i;
        sum += often_of(out, i);
        work_us += often_of(out, i) * work_of(out, c);
        out->often[i] = sum;
    }
    out->gap_us = work_us / sum / (load * (double)pool->gpus);
    return LS_OK;
}

void ls_mix_load_clear(ls_mix_load *load) {
    ls_free(load->made);
    ls_free(load->often);
    ls_free(load->accounts);
    ls_free(load->leaves);
    ls_free(load->most);
    *load = (ls_mix_load){0};
}

static double draw(ls_mix_load *l) {
    return ls_random_uniform(l->seed, 11, l->drawn++);
}

// The first whose cumulated weight is above the drawn one.
static uint32_t one_of(ls_mix_load *l, const double *sums, uint32_t count) {
    const double at = draw(l) * sums[count - 1];
    uint32_t low = 0, high = count - 1;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (sums[mid] > at) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

// The narrowest level that has a unit with so many GPUs.
static ls_pool_level level_for(const ls_mix_load *l, uint32_t gpus) {
    for (int level = LS_POOL_DOMAIN; level > LS_POOL_ANYWHERE; level--) {
        if (l->level_gpus[level] >= gpus) {
            return (ls_pool_level)level;
        }
    }
    return LS_POOL_ANYWHERE;
}

// Whole nodes where a job needs more than one.
static ls_shape shape_of(const ls_mix_load *l, const ls_mix_class *c, uint32_t kinds) {
    ls_shape s = {.parts = 1, .gpus = c->gpus, .milli = c->milli, .kinds = kinds};
    if (c->gpus > l->node_gpus) {
        s.parts = ls_divide_up(c->gpus, l->node_gpus);
        s.gpus = l->node_gpus;
        s.within = level_for(l, c->gpus);
        s.must = c->together && s.within == LS_POOL_DOMAIN;
    }
    return s;
}

// Of an array, what follows on one, or one that is drawn.
static void choose(ls_mix_load *l) {
    if (l->left > 0) {
        l->left--;
        return;
    }
    l->before = 0;
    if (l->now != NULL && l->now->then != 0) {
        l->before = l->number;
        l->now = then_of(l, l->now);
    } else {
        l->at_us += l->gap_us * ls_random_exp_unit(l->seed, 12, l->drawn);
        l->now = l->classes + one_of(l, l->often, l->class_count);
        l->leaf = one_of(l, l->accounts, l->leaf_count);
        const uint32_t most = largest_of(l, l->now);
        for (int i = 0; i < DRAWS_MAX && l->most[l->leaf] < most; i++) {  // it may not hold so many
            l->leaf = one_of(l, l->accounts, l->leaf_count);
        }
    }
    l->number += l->now->then != 0;
    l->left = l->now->array > 0 ? l->now->array - 1 : 0;
}

bool ls_mix_load_next(void *load, ls_sim_job *out) {
    ls_mix_load *l = load;
    choose(l);
    const ls_mix_class *c = l->now;
    const uint32_t leaf = l->leaf;
    const double sigma = ls_sqrt(2.0 * ls_log(c->run_mean_s / c->run_median_s));
    const double run_us = c->run_median_s * ls_exp(sigma * ls_normal_quantile(draw(l))) * 1e6;
    const ls_account *a = l->pool->accounts + l->leaves[leaf];
    *out = (ls_sim_job){.submit_us = (int64_t)l->at_us,
                        .work_us = run_us < 1e6 ? 1000000 : (int64_t)run_us,
                        .tag = (uint64_t)(c - l->classes),
                        .request = {.account = l->leaves[leaf],
                                    .priority = c->priority,
                                    .shape = shape_of(l, c, a->kinds),
                                    .stop_us = c->stop_us,
                                    .checkpoint_every_us = l->made != NULL ? l->checkpoint_us
                                                                           : c->checkpoint_every_us,
                                    .saves = c->saves,
                                    .restartable = true}};
    out->number = c->then != 0 ? l->number : 0;
    out->of = c->array;
    out->after = &l->before;
    out->after_count = l->before != 0;
    out->request.shape.sites = a->sites;
    out->request.most_us = c->most > 0.0 ? (int64_t)((double)out->work_us * c->most) : INT64_MAX;
    return l->at_us < l->until_us;
}
