// pool_compare.c - see pool_compare.h.
#include "cli/pool_compare.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/units.h"
#include "base/workers.h"
#include "cli/json.h"
#include "cli/table.h"
#include "ls_build.h"

#define LEVEL 0.95

const ls_compared_figure ls_compared_figures[LS_COMPARED_COUNT] = {
    [LS_COMPARED_WAIT_MEAN] = {"wait_mean_s", "wait mean", LS_UNIT_TIME_S, -1},
    [LS_COMPARED_WAIT_P99] = {"wait_p99_s", "wait 99 %", LS_UNIT_TIME_S, -1},
    [LS_COMPARED_USED] = {"used", "used %", LS_UNIT_SHARE, 1},
    [LS_COMPARED_GOODPUT] = {"goodput", "goodput %", LS_UNIT_SHARE, 1},
    [LS_COMPARED_LOST] = {"lost", "lost %", LS_UNIT_SHARE, -1},
    [LS_COMPARED_LATE] = {"late", "owed late %", LS_UNIT_SHARE, -1},
    [LS_COMPARED_STOPPED] = {"stopped", "stopped", LS_UNIT_NUMBER, -1},
    [LS_COMPARED_ENDED] = {"ended", "ended", LS_UNIT_NUMBER, 1},
};

typedef struct comparing {
    const ls_pool_run_def *def;
    ls_pool_comparison *out;
    atomic_uint_fast64_t done;
} comparing;

static double *value_at(const ls_pool_comparison *c, uint32_t policy, ls_compared figure) {
    return c->values + ((size_t)policy * LS_COMPARED_COUNT + figure) * c->reps;
}

static double share_of_up(const ls_outcome *o, ls_gpu_time part) {
    const ls_gpu_time up = o->pool.by_state[LS_NODE_UP];
    return up > 0 ? (double)part / (double)up : 0.0;
}

// Of the starts that somebody owed: those that came later than promised.
static double late_share(const ls_pool_run *run) {
    uint64_t owed = 0, late = 0;
    for (uint32_t i = 0; i < run->outcome.count; i++) {
        owed += ls_kept_rows(run->kept)[i].owed;
        late += ls_kept_rows(run->kept)[i].late;
    }
    return owed > 0 ? (double)late / (double)owed : 0.0;
}

static void take(comparing *c, uint32_t policy, uint32_t rep, const ls_pool_run *run) {
    const ls_outcome *o = &run->outcome;
    const double figures[LS_COMPARED_COUNT] = {
        [LS_COMPARED_WAIT_MEAN] = ls_outcome_wait_mean_s(o->rows),
        [LS_COMPARED_WAIT_P99] = ls_outcome_wait_s(o->rows, 0.99),
        [LS_COMPARED_USED] = ls_outcome_used(o),
        [LS_COMPARED_GOODPUT] = ls_outcome_goodput(o),
        [LS_COMPARED_LOST] = share_of_up(o, o->rows[0].total.lost),
        [LS_COMPARED_LATE] = late_share(run),
        [LS_COMPARED_STOPPED] = (double)run->result.stopped,
        [LS_COMPARED_ENDED] = (double)run->result.ended,
    };
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {
        value_at(c->out, policy, (ls_compared)f)[rep] = figures[f];
    }
}

// Several runs go at once: the share told is that of all.
static bool going(void *context, double share, uint64_t jobs) {
    comparing *c = context;
    const double runs = (double)c->out->policy_count * c->out->reps;
    const double all = ((double)atomic_load(&c->done) + share) / runs;
    return c->def->going == NULL || c->def->going(c->def->context, all < 1.0 ? all : 1.0, jobs);
}

static ls_status one(void *context, int64_t index, int worker, ls_error *err) {
    comparing *c = context;
    (void)worker;
    const uint32_t policy = (uint32_t)(index % c->out->policy_count);
    const uint32_t rep = (uint32_t)(index / c->out->policy_count);
    ls_pool_run_def def = *c->def;
    ls_trace_load trace;
    def.policy = c->out->policies[policy];
    def.seed = c->def->seed + rep;
    def.going = going;
    def.context = c;
    if (def.trace != NULL && c->out->reps > 1) {
        trace = *def.trace;
        if (!ls_trace_load_draw(&trace, def.seed)) {
            ls_fail(err, LS_ERR_INVALID, "the trace has not even two whole days to draw runs from");
            ls_hint(err, "take --reps 1");
            return LS_ERR_INVALID;
        }
        def.trace = &trace;
    }
    if (index != 0) {
        def.step_us = 0;
        def.statement = false;
    }
    ls_pool_run run;
    const ls_status status = ls_pool_run_do(&def, &run, err);
    if (status == LS_OK) {
        take(c, policy, rep, &run);
    }
    atomic_fetch_add(&c->done, 1);
    if (status == LS_OK && index == 0) {
        c->out->first = run;
    } else {
        ls_pool_run_clear(&run);
    }
    return status;
}

ls_status ls_pool_compare(const ls_pool_run_def *def, const ls_sim_policy *const *policies,
                          uint32_t policy_count, uint32_t reps, int workers,
                          ls_pool_comparison *out, ls_error *err) {
    *out = (ls_pool_comparison){.policy_count = policy_count, .reps = reps, .seed = def->seed};
    memcpy(out->policies, policies, policy_count * sizeof(const ls_sim_policy *));
    out->values = ls_alloc((size_t)policy_count * LS_COMPARED_COUNT * reps * sizeof(double));
    if (out->values == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    comparing c = {.def = def, .out = out};
    const ls_job job = {.run = one, .context = &c, .count = (int64_t)policy_count * reps};
    return ls_workers_run(&job, workers, err);
}

void ls_pool_comparison_clear(ls_pool_comparison *c) {
    ls_free(c->values);
    ls_pool_run_clear(&c->first);
    *c = (ls_pool_comparison){0};
}

ls_interval ls_compared_mean(const ls_pool_comparison *c, uint32_t policy, ls_compared figure) {
    return ls_stat_interval(value_at(c, policy, figure), c->reps, LEVEL);
}

ls_interval ls_compared_difference(const ls_pool_comparison *c, uint32_t policy,
                                   ls_compared figure) {
    return ls_stat_paired(value_at(c, 0, figure), value_at(c, policy, figure), c->reps, LEVEL);
}

// ---- for people

// "3 h 2 min +- 12 min", "84.31 +- 0.20"; without an interval the mean alone.
static void show(ls_interval i, ls_compared_unit unit, bool sign, char *out, size_t size) {
    char mean[32], half[32] = "";
    const char *minus = i.mean < 0.0 ? "-" : (sign && i.mean > 0.0 ? "+" : "");
    if (unit == LS_UNIT_TIME_S) {
        ls_units_show_time(fabs(i.mean) * 1e6, mean, sizeof mean);
        ls_units_show_time(i.half_width * 1e6, half, sizeof half);
    } else {
        const double scale = unit == LS_UNIT_SHARE ? 100.0 : 1.0;
        const int digits = unit == LS_UNIT_SHARE ? 2 : 0;
        ls_text_format(mean, sizeof mean, "%.*f", digits, fabs(i.mean) * scale);
        ls_text_format(half, sizeof half, "%.*f", digits, i.half_width * scale);
    }
    if (isfinite(i.half_width)) {
        ls_text_format(out, size, "%s%s ± %s", minus, mean, half);
    } else {
        ls_text_format(out, size, "%s%s", minus, mean);
    }
}

static void put_table(const ls_pool_comparison *c, bool differences, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    char text[96];
    ls_table_column(&table, differences ? "less the first" : "policy", LS_ALIGN_LEFT);
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {
        ls_table_column(&table, ls_compared_figures[f].header, LS_ALIGN_RIGHT);
    }
    for (uint32_t p = differences ? 1 : 0; p < c->policy_count; p++) {
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", c->policies[p]->name);
        for (int f = 0; f < LS_COMPARED_COUNT; f++) {
            const ls_compared figure = (ls_compared)f;
            const ls_interval i = differences ? ls_compared_difference(c, p, figure)
                                              : ls_compared_mean(c, p, figure);
            show(i, ls_compared_figures[f].unit, differences, text, sizeof text);
            ls_table_cell(&table, 1 + f, "%s", text);
        }
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

void ls_pool_comparison_text(const ls_pool_comparison *c, const char *heading, ls_buffer *out) {
    ls_buffer_printf(out, "%s", heading);
    ls_buffer_printf(out, "runs     %u of each policy, with the same jobs and failures%s\n\n",
                     c->reps, c->reps > 1 ? "; ± is 95 %, Student's t" : "");
    put_table(c, false, out);
    if (c->policy_count > 1) {
        ls_buffer_printf(out, "\n");
        put_table(c, true, out);
    }
    ls_buffer_printf(
        out,
        "\nWaits: until the first start; what never started counts as long as it waited. Owed "
        "late: "
        "starts that\nsomebody was guaranteed and that came later than promised, of all such "
        "starts.\n");
}

// ---- for programs

static json_t *interval_json(ls_interval i) {
    return json_pack("{s:f, s:o}", "mean", i.mean, "half_width",
                     isfinite(i.half_width) ? json_real(i.half_width) : json_null());
}

static json_t *policy_json(const ls_pool_comparison *c, uint32_t p) {
    json_t *figures = json_object(), *less = json_object(), *runs = json_object();
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {
        const char *name = ls_compared_figures[f].name;
        const ls_compared figure = (ls_compared)f;
        json_object_set_new(figures, name, interval_json(ls_compared_mean(c, p, figure)));
        json_object_set_new(less, name, interval_json(ls_compared_difference(c, p, figure)));
        json_t *list = json_array();
        for (uint32_t r = 0; r < c->reps; r++) {
            json_array_append_new(list, json_real(value_at(c, p, figure)[r]));
        }
        json_object_set_new(runs, name, list);
    }
    json_t *o = json_pack("{s:s, s:s, s:o}", "policy", c->policies[p]->name, "about",
                          c->policies[p]->about, "figures", figures);
    if (p > 0) {
        json_object_set(o, "less_first", less);
    }
    json_decref(less);
    json_object_set_new(o, "runs", runs);
    return o;
}

json_t *ls_pool_comparison_object(const ls_pool_comparison *c) {
    static const char *const units[] = {"time", "share", "number"};
    json_t *figures = json_array(), *policies = json_array();
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {
        const ls_compared_figure *figure = ls_compared_figures + f;
        json_array_append_new(figures, json_pack("{s:s, s:s, s:i}", "name", figure->name, "unit",
                                                 units[figure->unit], "better", figure->better));
    }
    for (uint32_t p = 0; p < c->policy_count; p++) {
        json_array_append_new(policies, policy_json(c, p));
    }
    return json_pack("{s:I, s:f, s:o, s:o}", "reps", (json_int_t)c->reps, "level", LEVEL, "figures",
                     figures, "policies", policies);
}

void ls_pool_comparison_json(const ls_pool_comparison *c, const ls_pool_run_def *def,
                             const char *load, ls_buffer *out) {
    json_t *o = json_pack("{s:s, s:s, s:o, s:b, s:s, s:o, s:f, s:I}", "lineshaft", LS_VERSION,
                          "format", "pool-comparison/1", "pool", ls_json_text(def->pool->name),
                          "simulated", 1, "what", ls_pool_what(def->pool), "load",
                          ls_json_text(load), "span_s", (double)def->span_us * 1e-6, "seed",
                          (json_int_t)c->seed);
    json_t *rest = ls_pool_comparison_object(c);
    json_object_update(o, rest);
    json_decref(rest);
    ls_json_print(o, out);
}

void ls_pool_comparison_csv(const ls_pool_comparison *c, ls_buffer *out) {
    ls_buffer_printf(out, "policy,seed");
    for (int f = 0; f < LS_COMPARED_COUNT; f++) {
        ls_buffer_printf(out, ",%s", ls_compared_figures[f].name);
    }
    ls_buffer_printf(out, "\n");
    for (uint32_t p = 0; p < c->policy_count; p++) {
        for (uint32_t r = 0; r < c->reps; r++) {
            ls_buffer_printf(out, "%s,%llu", c->policies[p]->name,
                             (unsigned long long)(c->seed + r));
            for (int f = 0; f < LS_COMPARED_COUNT; f++) {
                ls_buffer_printf(out, ",%.17g", value_at(c, p, (ls_compared)f)[r]);
            }
            ls_buffer_printf(out, "\n");
        }
    }
}
