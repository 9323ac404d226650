// decide_bench.c - what deciding brings on plants that run in the twin, and what it costs.
//
// decide_bench rules ...:  every combination of rules of MiniFab, by the twin alone
// decide_bench run ...:    MiniFab or a plant file decided, beside its own rule and others, by seed
// decide_bench own ...:    MiniFab under one combination, by seed
// decide_bench single ...: a plant file under each rule that is known, by seed
//
// Prints one JSON object. bench/decide/run calls it and makes the tables.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/statistics.h"
#include "base/threads.h"
#include "decide/rehearse.h"
#include "decide/rules.h"
#include "decide/testing/minifab.h"
#include "decide/testing/plain.h"
#include "plant/read.h"

#define DAY_US 86400000000LL
#define WEEK_US (7 * DAY_US)

enum { SEEDS_MOST = 256, KEPT = 8 };

typedef struct options {
    const char *folder, *rules, *by, *plant;
    bool poisson, pool, no_wait, no_part, no_prepare, together;
    double load, weeks, warmup, settle, horizon_days, z, level, per_lot_h;
    int seeds, first, workers, futures;
} options;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what, const ls_error *err) {
    fprintf(stderr, "decide_bench: %s: %s\n", what, err->text);
    exit(1);
}

static int64_t days_us(double days) {
    return (int64_t)(days * (double)DAY_US);
}

static minifab make(const options *o, const char *rules, bool decide) {
    minifab m;
    const minifab_def def = {.folder = o->folder,
                             .rules = rules,
                             .poisson = o->poisson,
                             .pool = o->pool,
                             .load = o->load,
                             .decide = decide,
                             .wait = !o->no_wait,
                             .part = !o->no_part};
    if (!minifab_make(&def, &m)) {
        exit(1);
    }
    return m;
}

// Counts the wall time of the answers beside them.
typedef struct timed {
    ls_rehearse_ask ask;
    ls_rehearse_ask_together ask_together;
    void *context;
    double wall_s;
    uint64_t count;
} timed;

static ls_status ask_timed(void *context, const ls_snapshot *present, const ls_question *question,
                           uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    timed *t = context;
    const double begin = now_s();
    const ls_status status = t->ask(t->context, present, question, number, out, err);
    t->wall_s += now_s() - begin;
    t->count++;
    return status;
}

static ls_status ask_together_timed(void *context, const ls_snapshot *present,
                                    const ls_question *questions, uint32_t count, uint64_t number,
                                    ls_rehearse_reply *out, ls_error *err) {
    timed *t = context;
    const double begin = now_s();
    const ls_status status = t->ask_together(t->context, present, questions, count, number, out,
                                             err);
    t->wall_s += now_s() - begin;
    t->count += count > 1 ? count : 0;
    return status;
}

// False: the plant takes in more than it finishes.
static bool try_one(const options *o, const ls_plant *plant, const ls_twin *twin, int seed,
                    timed *who, ls_rehearse_result *out) {
    const bool together = who != NULL && who->ask_together != NULL;
    const ls_rehearse_def def = {.plant = plant,
                                 .twin = twin,
                                 .seed = 1,
                                 .ask_together = together ? ask_together_timed : NULL,
                                 .replication = (uint64_t)seed,
                                 .warmup_us = days_us(7 * (o->warmup - o->settle)),
                                 .settle_us = days_us(7 * o->settle),
                                 .for_us = days_us(7 * o->weeks),
                                 .ask = who == NULL ? NULL : ask_timed,
                                 .context = who};
    ls_error err = {0};
    const ls_status status = ls_rehearse(&def, out, &err);
    if (status != LS_OK && status != LS_ERR_LIMIT) {
        fail("rehearse", &err);
    }
    return status == LS_OK;
}

// ---- rules

typedef struct combination {
    char rules[40];
    double wip;  // mean of the seeds
    bool stable;
} combination;

// Mean WIP of the seeds; false where one overflows.
static bool wip_of_rules(const options *o, const char *rules, double *out) {
    minifab m = make(o, rules, false);
    bool ok = true;
    *out = 0.0;
    for (int i = o->first; ok && i < o->first + o->seeds; i++) {
        ls_rehearse_result r;
        ok = try_one(o, m.plant, m.twin, i, NULL, &r);
        *out += ok ? r.wip / o->seeds : 0.0;
    }
    minifab_clear(&m);
    return ok;
}

static int by_wip(const void *a, const void *b) {
    const combination *x = a;
    const combination *y = b;
    return x->stable != y->stable ? (x->stable ? -1 : 1) : (x->wip > y->wip) - (x->wip < y->wip);
}

static int bench_rules(const options *o) {
    static combination all[6 * 6 * 8 + 8];
    size_t count = 0;
    for (int a = 0; a < 6; a++) {
        for (int b = 0; b < 6; b++) {
            for (int c = 0; c < 8; c++) {
                combination *k = all + count++;
                snprintf(k->rules, sizeof k->rules, "%s/%s/%s", minifab_rules[a], minifab_rules[b],
                         minifab_rules[c]);
                k->stable = wip_of_rules(o, k->rules, &k->wip);
            }
        }
        fprintf(stderr, "rules: %zu of 288 combinations\n", count);
    }
    // The same rule at every group; least setup where there is a setup, first in first out before.
    combination single[8];
    for (int i = 0; i < 8; i++) {
        const char *rule = minifab_rules[i];
        const char *before = i < 6 ? rule : i == 6 ? "FIFO" : "LBFS";
        snprintf(single[i].rules, sizeof single[i].rules, "%s/%s/%s", before, before, rule);
        single[i].stable = wip_of_rules(o, single[i].rules, &single[i].wip);
    }
    qsort(all, count, sizeof all[0], by_wip);
    qsort(single, 8, sizeof single[0], by_wip);
    printf(
        "{\"best\": \"%s\", \"best_wip\": %.4f, \"single\": \"%s\", \"single_wip\": %.4f, "
        "\"combinations\": %zu, \"kept\": [",
        all[0].rules, all[0].wip, single[0].rules, single[0].wip, count);
    for (int i = 0; i < KEPT; i++) {
        printf("%s[\"%s\", %.4f]", i > 0 ? ", " : "", all[i].rules, all[i].wip);
    }
    printf("]}\n");
    return 0;
}

// ---- run

typedef struct subject {
    ls_plant *plant;
    ls_twin *twin;
    plain slow;
    ls_rehearse_decider quick;
    timed who;
    ls_threads *pool;  // to the end
} subject;

static void take_decider(const options *o, subject *s) {
    ls_error err = {0};
    ls_decider_def def = ls_decider_def_default();
    if (ls_threads_create(o->workers, &s->pool, &err) != LS_OK) {
        fail("workers", &err);
    }
    def.lent = ls_lent_pool(s->pool);
    if (ls_decider_create(s->plant, s->twin, &def, &s->quick.decider, &err) != LS_OK) {
        fail("decider", &err);
    }
    if (!o->no_prepare && ls_decider_prepare(s->quick.decider, NULL, NULL, &err) != LS_OK) {
        fail("prepare", &err);
    }
    s->quick.budget = (ls_budget){.futures = (uint32_t)o->futures, .unclaimed = true};
    s->who = (timed){.ask = ls_rehearse_ask_decider, .context = &s->quick};
    s->who.ask_together = o->together ? ls_rehearse_ask_decider_together : NULL;
}

static void take_subject(const options *o, subject *s, ls_plant *plant, ls_twin *twin) {
    s->plant = plant;
    s->twin = twin;
    if (o->per_lot_h > 0.0) {
        plant->decide.weights[LS_TERM_THROUGHPUT] = o->per_lot_h;
    }
    const int at_once = o->together ? LS_TOGETHER_MAX : 1;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        plant->decide.points[i].horizon_us = days_us(o->horizon_days);
        plant->decide.points[i].futures = (uint32_t)(o->futures * at_once);
        plant->decide.points[i].level = o->level;
    }
    if (strcmp(o->by, "decider") == 0) {
        take_decider(o, s);
        return;
    }
    if (!plain_init(&s->slow, plant, twin)) {
        exit(1);
    }
    s->slow.futures = (uint32_t)o->futures;
    s->slow.horizon_us = days_us(o->horizon_days);
    s->slow.z = o->z;
    s->who = (timed){.ask = plain_ask, .context = &s->slow};
}

static void print_result(const char *name, const ls_rehearse_result *r) {
    printf(
        "\"%s\": {\"wip\": %.4f, \"cycle_h\": %.4f, \"per_week\": %.4f, \"tardiness_h\": %.4f, "
        "\"on_time\": %.4f, \"questions\": %llu, \"changed\": %llu, \"futures\": %llu, "
        "\"together\": %llu, \"outside_h\": %.4f}",
        name, r->wip, r->cycle_h, r->per_week, r->tardiness_h, r->on_time,
        (unsigned long long)r->questions, (unsigned long long)r->changed,
        (unsigned long long)r->futures, (unsigned long long)r->together,
        isnan(r->outside_h) ? 0.0 : r->outside_h);
}

static ls_rehearse_result run_one(const options *o, const ls_plant *plant, const ls_twin *twin,
                                  int seed, timed *who) {
    ls_rehearse_result result;
    if (!try_one(o, plant, twin, seed, who, &result)) {
        fprintf(stderr, "decide_bench: seed %d: the plant overflows\n", seed);
        exit(1);
    }
    return result;
}

static void run_seed(const options *o, subject *s, int seed) {
    s->who.wall_s = 0.0;
    s->who.count = 0;
    if (s->slow.twin != NULL) {
        s->slow.seed = 1000 + (uint64_t)seed;
    }
    const ls_rehearse_result own = run_one(o, s->plant, s->twin, seed, NULL);
    const ls_rehearse_result decided = run_one(o, s->plant, s->twin, seed, &s->who);
    printf("%s\n {\"seed\": %d, ", seed > o->first ? "," : "", seed);
    print_result("own", &own);
    printf(", ");
    print_result("decided", &decided);
    printf(", \"decision_us\": %.1f}", 1e6 * s->who.wall_s / (double)(s->who.count + 1));
    fflush(stdout);
    fprintf(stderr, "seed %d: own %.3f, decided %.3f lots inside: %.2f %% fewer\n", seed, own.wip,
            decided.wip, 100.0 * (1.0 - decided.wip / own.wip));
}

static ls_plant *plant_of(const char *path) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    if (ls_plant_load(path, &plant, NULL, &err) != LS_OK) {
        fail(path, &err);
    }
    return plant;
}

static int bench_run(const options *o) {
    subject s;
    minifab m;
    memset(&s, 0, sizeof s);
    memset(&m, 0, sizeof m);
    if (o->plant != NULL) {
        m.plant = plant_of(o->plant);
        ls_error err = {0};
        if (ls_twin_create(m.plant, &m.twin, &err) != LS_OK) {
            fail(o->plant, &err);
        }
    } else {
        m = make(o, o->rules, true);
    }
    take_subject(o, &s, m.plant, m.twin);
    printf("{\"by\": \"%s\", \"rules\": \"%s\", \"futures\": %d, \"horizon_days\": %g, ", o->by,
           o->rules, o->futures, o->horizon_days);
    if (s.quick.decider != NULL) {
        ls_base_rule bases[32];
        const uint32_t count = ls_decider_bases(s.quick.decider, bases, 32);
        printf("\"bases\": [");
        for (uint32_t i = 0; i < count && i < 32; i++) {
            printf("%s{\"name\": \"%s\", \"chosen\": %s}", i > 0 ? ", " : "", bases[i].name,
                   bases[i].chosen ? "true" : "false");
        }
        printf("], \"horizon_h\": %.2f, ",
               (double)ls_decider_horizon_us(s.quick.decider, 0) / 3600e6);
    }
    printf("\"runs\": [");
    for (int i = o->first; i < o->first + o->seeds; i++) {
        run_seed(o, &s, i);
    }
    printf("]}\n");
    ls_decider_destroy(s.quick.decider);
    plain_clear(&s.slow);
    minifab_clear(&m);
    return 0;
}

// ---- the WIP of one rule by seed, to pair with

static int bench_own(const options *o) {
    minifab m = make(o, o->rules, false);
    bool stable = true;
    printf("{\"rules\": \"%s\", \"runs\": [", o->rules);
    for (int i = o->first; stable && i < o->first + o->seeds; i++) {
        ls_rehearse_result r;
        stable = try_one(o, m.plant, m.twin, i, NULL, &r);
        if (stable) {
            printf("%s\n {\"seed\": %d, ", i > o->first ? "," : "", i);
            print_result("own", &r);
            printf("}");
        }
    }
    printf("], \"stable\": %s}\n", stable ? "true" : "false");
    minifab_clear(&m);
    return 0;
}

// A plant file under each rule that is known, the same at every station where it applies.
static int bench_single(const options *o) {
    ls_plant *plant = plant_of(o->plant);
    ls_twin *own = NULL;
    ls_error err = {0};
    uint8_t rules[1024];
    if (ls_twin_create(plant, &own, &err) != LS_OK || plant->station_count > sizeof rules) {
        fail(o->plant, &err);
    }
    printf("{\"rules\": [");
    for (ls_rule_kind kind = LS_RULES_FIFO; kind < LS_RULES_COUNT; kind++) {
        for (uint32_t i = 0; i < plant->station_count; i++) {
            const bool fits = ls_rules_have_choice(plant, i) && ls_rules_apply(plant, i, kind);
            rules[i] = fits ? (uint8_t)kind : LS_RULES_OWN;
        }
        ls_twin *twin = NULL;
        if (ls_rules_compile(plant, own, rules, &twin, &err) != LS_OK) {
            fail(o->plant, &err);
        }
        printf("%s\n {\"name\": \"%s\", \"runs\": [", kind > LS_RULES_FIFO ? "," : "",
               ls_rule_kind_name(kind));
        bool stable = true;
        for (int i = o->first; stable && i < o->first + o->seeds; i++) {
            ls_rehearse_result r;
            stable = try_one(o, plant, twin, i, NULL, &r);
            if (stable) {
                printf("%s{", i > o->first ? ", " : "");
                print_result("own", &r);
                printf("}");
            }
        }
        printf("], \"stable\": %s}", stable ? "true" : "false");
        ls_twin_destroy(twin);
    }
    printf("]}\n");
    ls_twin_destroy(own);
    ls_plant_destroy(plant);
    return 0;
}

static const struct option long_options[] = {{"folder", required_argument, NULL, 'd'},
                                             {"rules", required_argument, NULL, 'r'},
                                             {"by", required_argument, NULL, 'b'},
                                             {"plant", required_argument, NULL, 'p'},
                                             {"poisson", no_argument, NULL, 'P'},
                                             {"pool", no_argument, NULL, 'O'},
                                             {"no-wait", no_argument, NULL, 'W'},
                                             {"no-part", no_argument, NULL, 'B'},
                                             {"no-prepare", no_argument, NULL, 'N'},
                                             {"together", no_argument, NULL, 'G'},
                                             {"load", required_argument, NULL, 'l'},
                                             {"weeks", required_argument, NULL, 'w'},
                                             {"warmup", required_argument, NULL, 'u'},
                                             {"settle", required_argument, NULL, 't'},
                                             {"horizon", required_argument, NULL, 'h'},
                                             {"seeds", required_argument, NULL, 's'},
                                             {"first", required_argument, NULL, 'f'},
                                             {"workers", required_argument, NULL, 'j'},
                                             {"futures", required_argument, NULL, 'n'},
                                             {"z", required_argument, NULL, 'z'},
                                             {"level", required_argument, NULL, 'L'},
                                             {"per-lot", required_argument, NULL, 'T'},
                                             {NULL, 0, NULL, 0}};

static bool read_options(int argc, char **argv, options *o) {
    int c = 0;
    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case 'd': o->folder = optarg; break;
        case 'r': o->rules = optarg; break;
        case 'b': o->by = optarg; break;
        case 'p': o->plant = optarg; break;
        case 'P': o->poisson = true; break;
        case 'O': o->pool = true; break;
        case 'W': o->no_wait = true; break;
        case 'B': o->no_part = true; break;
        case 'N': o->no_prepare = true; break;
        case 'G': o->together = true; break;
        case 'l': o->load = atof(optarg); break;
        case 'w': o->weeks = atof(optarg); break;
        case 'u': o->warmup = atof(optarg); break;
        case 't': o->settle = atof(optarg); break;
        case 'h': o->horizon_days = atof(optarg); break;
        case 's': o->seeds = atoi(optarg); break;
        case 'f': o->first = atoi(optarg); break;
        case 'j': o->workers = atoi(optarg); break;
        case 'n': o->futures = atoi(optarg); break;
        case 'z': o->z = atof(optarg); break;
        case 'L': o->level = atof(optarg); break;
        case 'T': o->per_lot_h = atof(optarg); break;
        default: return false;
        }
    }
    return optind == argc - 1 && o->seeds > 0 && o->seeds <= SEEDS_MOST;
}

int main(int argc, char **argv) {
    options o = {.folder = ".",
                 .rules = "FIFO/FIFO/FIFO",
                 .by = "decider",
                 .load = 1.0,
                 .weeks = 8,
                 .warmup = 8,
                 .settle = 1,
                 .z = 1.645,
                 .level = 0.95,
                 .seeds = 4,
                 .first = 1,
                 .workers = 1,
                 .futures = 400};
    if (!read_options(argc, argv, &o)) {
        fprintf(
            stderr,
            "usage: decide_bench rules|own|single|run [--OPTION VALUE]... (see bench/decide)\n");
        return 2;
    }
    if (strcmp(argv[optind], "rules") == 0) {
        return bench_rules(&o);
    }
    if (strcmp(argv[optind], "single") == 0) {
        return bench_single(&o);
    }
    return strcmp(argv[optind], "own") == 0 ? bench_own(&o) : bench_run(&o);
}
