// maintenance_bench.c - what a predicted wear is worth when maintenance is decided: a plant that
// runs in the twin, by its own rule, decided by the clock alone, and decided by the wear that a
// model of a stated error would predict.
//
// The wear that is really there follows from when the cutter will really fail, as on the emulated
// line (src/line/emulate_wear.c): it grows evenly up to a value drawn from `at`. Whoever decides is
// told it with a normal error, or not told. All sides of a seed meet the same tools and arrivals.
// Prints one JSON object, with a row for each seed.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/statistics.h"
#include "decide/rehearse.h"
#include "import/plant_file.h"
#include "twin/condition.h"
#include "twin/context.h"
#include "twin/intervene.h"

#define HOUR_US 3600000000LL
enum { SEEDS_MOST = 200 };

typedef struct options {
    const char *plant;
    int seeds, first, futures;
    double hours, warmup_hours, error;
} options;

typedef struct teller {
    ls_rehearse_decider decider;
    const ls_twin *twin;
    bool tells;
    double error;
    uint64_t key;
} teller;

static void fail(const char *what, const ls_error *err) {
    fprintf(stderr, "maintenance_bench: %s: %s\n", what, err->text);
    exit(1);
}

static double normal(uint64_t key, uint32_t stream, uint64_t n) {
    return ls_stat_normal_quantile(ls_random_uniform(key, stream, n) + 0x1p-54);
}

// What is really so, from the end that only the plant knows; and what is told of it.
static void tell(const teller *t, ls_snapshot *present) {
    const ls_model *m = t->twin->model;
    const ls_dist *dists = LS_MODEL_ARRAY(m, ls_dist, dist_at);
    const double *tables = LS_MODEL_ARRAY(m, double, table_at);
    const ls_s_mode *modes = LS_STATE_VIEW(m, present->state, ls_s_mode, s_mode);
    for (uint32_t i = 0; i < m->conditions; i++) {
        const ls_m_condition *c = ls_model_conditions(m) + i;
        const ls_s_mode *s = modes + c->mode;
        const int64_t clock = s->elapsed +
                              (s->since == LS_NEVER ? 0 : present->state->now - s->since);
        if (s->active != 0 || s->total <= 0) {
            continue;
        }
        const uint64_t tool = (uint64_t)s->total;  // no two tools last as long to the microsecond
        const double u = ls_random_uniform(t->key, 2 * i, tool);
        const double at = c->fresh + ls_dist_residual(dists + c->at, tables, c->fresh, u, NULL);
        const double share = (double)clock / (double)s->total;
        const double worn = c->fresh + (at - c->fresh) * (share < 1.0 ? share : 1.0);
        const double off = t->error * normal(t->key, 2 * i + 1, tool + (uint64_t)clock);
        const ls_condition_told told = {fmax(worn + off, 0.0), t->error, present->state->now};
        ls_error err = {0};
        if (ls_intervene_told_condition(t->twin, present, i, &told, &err) != LS_OK) {
            fail("condition", &err);
        }
    }
}

static ls_status ask(void *context, const ls_snapshot *present, const ls_question *question,
                     uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    teller *t = context;
    if (!t->tells) {
        return ls_rehearse_ask_decider(&t->decider, present, question, number, out, err);
    }
    ls_snapshot *known = NULL;
    ls_status status = ls_snapshot_copy(t->twin, present, &known, err);
    if (status == LS_OK) {
        tell(t, known);
        status = ls_rehearse_ask_decider(&t->decider, known, question, number, out, err);
    }
    ls_snapshot_destroy(known);
    return status;
}

typedef struct side {
    const char *name;
    bool decides, tells;
    double error;
    double done[SEEDS_MOST], changed[SEEDS_MOST], cycle[SEEDS_MOST], scrapped[SEEDS_MOST];
    double seconds;
} side;

static void run(const options *o, const ls_plant *plant, const ls_twin *twin, side *s) {
    for (int i = 0; i < o->seeds; i++) {
        const ls_decider_def make = ls_decider_def_default();
        teller t = {.twin = twin,
                    .tells = s->tells,
                    .error = s->error,
                    .key = ls_random_key(77, (uint64_t)(o->first + i))};
        ls_error err = {0};
        if (ls_decider_create(plant, twin, &make, &t.decider.decider, &err) != LS_OK) {
            fail("decider", &err);
        }
        t.decider.budget = (ls_budget){.futures = (uint32_t)o->futures};
        const ls_rehearse_def def = {.plant = plant,
                                     .twin = twin,
                                     .seed = 1,
                                     .replication = (uint64_t)(o->first + i),
                                     .warmup_us = (int64_t)(o->warmup_hours * HOUR_US),
                                     .for_us = (int64_t)(o->hours * HOUR_US),
                                     .ask = s->decides ? ask : NULL,
                                     .context = &t};
        ls_rehearse_result r;
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        if (ls_rehearse(&def, &r, &err) != LS_OK) {
            fail("rehearse", &err);
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        s->seconds += (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
        s->done[i] = (double)r.done / o->hours;
        s->cycle[i] = r.cycle_h * 60.0;
        s->scrapped[i] = (double)r.scrapped / o->hours;
        s->changed[i] = (double)r.changed / o->hours;
        ls_decider_destroy(t.decider.decider);
    }
}

static void put_interval(const char *name, const double *a, const double *b, int count,
                         const char *end) {
    const ls_interval d = ls_stat_paired(a, b, (size_t)count, 0.95);
    printf("\"%s\": {\"mean\": %.4f, \"low\": %.4f, \"high\": %.4f}%s", name, d.mean, d.low, d.high,
           end);
}

static double mean(const double *values, int count) {
    double sum = 0.0;
    for (int i = 0; i < count; i++) {
        sum += values[i] / count;
    }
    return sum;
}

static void put(const options *o, const side *s, const side *own, const side *clock) {
    printf(
        "  {\"side\": \"%s\", \"done_h\": %.3f, \"scrapped_h\": %.4f, \"cycle_min\": %.3f, "
        "\"changed_h\": %.3f, \"seconds\": %.1f, ",
        s->name, mean(s->done, o->seeds), mean(s->scrapped, o->seeds), mean(s->cycle, o->seeds),
        mean(s->changed, o->seeds), s->seconds);
    put_interval("more_than_own", own->done, s->done, o->seeds, ", ");
    put_interval("more_than_clock", clock->done, s->done, o->seeds, ", \"done\": [");
    for (int i = 0; i < o->seeds; i++) {
        printf("%s%.3f", i > 0 ? ", " : "", s->done[i]);
    }
    printf("]}");
}

static double number(const char *text) {
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0.0)) {
        fprintf(stderr, "maintenance_bench: '%s' is no number from 0 on\n", text);
        exit(2);
    }
    return value;
}

static options read_options(int argc, char **argv) {
    static const struct option known[] = {{"plant", 1, NULL, 'p'},   {"seeds", 1, NULL, 's'},
                                          {"first", 1, NULL, 'f'},   {"hours", 1, NULL, 'h'},
                                          {"warmup", 1, NULL, 'w'},  {"error", 1, NULL, 'e'},
                                          {"futures", 1, NULL, 'n'}, {0}};
    options o = {.plant = "bench/decide/maintenance.yaml",
                 .seeds = 12,
                 .first = 1,
                 .futures = 200,
                 .hours = 48,
                 .warmup_hours = 12,
                 .error = 0.03};
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p': o.plant = optarg; break;
        case 's': o.seeds = (int)number(optarg); break;
        case 'f': o.first = (int)number(optarg); break;
        case 'h': o.hours = number(optarg); break;
        case 'w': o.warmup_hours = number(optarg); break;
        case 'e': o.error = number(optarg); break;
        case 'n': o.futures = (int)number(optarg); break;
        default: exit(2);
        }
    }
    if (o.seeds < 2 || o.seeds > SEEDS_MOST || o.futures < 10 || !(o.hours > 0.0)) {
        fprintf(stderr, "maintenance_bench: 2 to %d seeds, 10 futures or more, some hours\n",
                SEEDS_MOST);
        exit(2);
    }
    return o;
}

int main(int argc, char **argv) {
    static side sides[] = {{.name = "own rule"},
                           {.name = "decided by the clock", .decides = true},
                           {.name = "decided by predicted wear", .decides = true, .tells = true},
                           {.name = "decided by the true wear", .decides = true, .tells = true}};
    const options o = read_options(argc, argv);
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    if (ls_plant_file_read(o.plant, &plant, &errors) != LS_OK) {
        fail(o.plant, &errors.items[0]);
    }
    if (ls_twin_create(plant, &twin, &err) != LS_OK) {
        fail(o.plant, &err);
    }
    sides[2].error = o.error;
    printf(
        "{\"plant\": \"%s\", \"seeds\": %d, \"hours\": %g, \"futures\": %d, \"error\": %g, "
        "\"sides\": [\n",
        plant->name, o.seeds, o.hours, o.futures, o.error);
    for (int i = 0; i < 4; i++) {
        run(&o, plant, twin, &sides[i]);
    }
    for (int i = 0; i < 4; i++) {
        put(&o, &sides[i], &sides[0], &sides[1]);
        printf("%s\n", i < 3 ? "," : "");
    }
    printf("]}\n");
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
    return 0;
}
