// pool_report.c - see pool_report.h.
#include "cli/pool_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "ls_build.h"

enum { PLOTTED = 8, LISTED = 300 };
#define HOUR_US 3.6e9

static const char page[] =
#include "ls_pool_report.inc"
    ;

typedef struct chosen {
    uint32_t *accounts;  // candidates, most held first; the first PLOTTED get a series
    uint32_t count;
} chosen;

static double hours(ls_gpu_time time) {
    return (double)time / LS_POOL_WHOLE / HOUR_US;
}

static double mean_gpus(const ls_pool_report *r, ls_gpu_time time) {
    return (double)time / LS_POOL_WHOLE / (double)r->outcome->span_us;
}

static double held_by(const ls_pool_report *r, uint32_t account) {
    return mean_gpus(r, r->run->outcome.rows[account].total.held);
}

// Puts the children of an account in its place.
static void expand(chosen *c, const ls_pool *pool, uint32_t at) {
    const ls_account *a = pool->accounts + c->accounts[at];
    c->accounts[at] = c->accounts[--c->count];
    for (uint32_t i = 0; i < a->child_count; i++) {
        c->accounts[c->count++] = a->child_at + i;
    }
}

// The accounts right below the pool; one that holds most of it makes way for those below it.
static void choose(const ls_pool_report *r, chosen *c) {
    const ls_pool *pool = r->outcome->pool;
    for (uint32_t i = 1; i < pool->account_count; i++) {
        if (pool->accounts[i].depth == 1) {
            c->accounts[c->count++] = i;
        }
    }
    for (bool more = c->count > 0; more;) {
        uint32_t top = 0;
        for (uint32_t i = 1; i < c->count; i++) {
            top = held_by(r, c->accounts[i]) > held_by(r, c->accounts[top]) ? i : top;
        }
        const uint32_t account = c->accounts[top];
        more = pool->accounts[account].child_count > 0 &&
               r->run->series.column[account] != LS_POOL_NONE &&
               r->run->series.column[pool->accounts[account].child_at] != LS_POOL_NONE &&
               held_by(r, account) > 0.5 * held_by(r, 0);
        if (more) {
            expand(c, pool, top);
        }
    }
    for (uint32_t i = 0; i < c->count && i < PLOTTED; i++) {  // the greatest to the front
        for (uint32_t k = i + 1; k < c->count; k++) {
            const double here = held_by(r, c->accounts[i]), there = held_by(r, c->accounts[k]);
            if (there > here || (there == here && c->accounts[k] < c->accounts[i])) {
                const uint32_t swap = c->accounts[i];
                c->accounts[i] = c->accounts[k];
                c->accounts[k] = swap;
            }
        }
    }
    c->count = c->count < PLOTTED ? c->count : PLOTTED;
}

static json_t *reals(const ls_pool_report *r, double (*value)(const ls_series_step *step)) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < r->run->series.steps; i++) {
        json_array_append_new(list, json_real(value(r->run->series.rows + i)));
    }
    return list;
}

static double step_t(const ls_series_step *s) {
    return (double)s->from_us * 1e-6;
}
static double step_up(const ls_series_step *s) {
    return s->up;
}
static double step_down(const ls_series_step *s) {
    return s->down;
}
static double step_waiting(const ls_series_step *s) {
    return s->waiting;
}
static double step_failures(const ls_series_step *s) {
    return (double)s->failures;
}
static double step_whole(const ls_series_step *s) {
    return (double)s->free.whole / LS_POOL_WHOLE;
}
static double step_part(const ls_series_step *s) {
    return (double)s->free.broken / LS_POOL_WHOLE;
}
static double step_rests(const ls_series_step *s) {
    return (double)s->free.rests / LS_POOL_WHOLE;
}

static json_t *held_series(const ls_pool_report *r, uint32_t account) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < r->run->series.steps; i++) {
        json_array_append_new(list, json_real(ls_series_held(&r->run->series, i, account)));
    }
    return list;
}

static json_t *steps_json(const ls_pool_report *r) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "t", reals(r, step_t), "up",
                     reals(r, step_up), "down", reals(r, step_down), "waiting",
                     reals(r, step_waiting), "failures", reals(r, step_failures), "whole",
                     reals(r, step_whole), "part", reals(r, step_part), "rests",
                     reals(r, step_rests), "held", held_series(r, 0));
}

static json_t *totals_json(const ls_pool_report *r) {
    const ls_outcome_row *top = r->run->outcome.rows;
    const ls_meter_pool *p = &r->run->outcome.pool;
    const ls_gpu_time idle_waited = r->run->series.idle_waited_all;
    return json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "all", hours(p->all), "kept",
        hours(top->total.held - top->total.lost), "lost_stopped", hours(top->lost_stopped),
        "lost_stopping", hours(top->lost_stopping), "lost_broken", hours(top->lost_broken),
        "lost_killed", hours(top->lost_killed), "idle", hours(p->idle), "idle_waited",
        hours(idle_waited < p->idle ? idle_waited : p->idle), "broken",
        hours(p->by_state[LS_NODE_BROKEN]), "drained", hours(p->by_state[LS_NODE_DRAINED]), "spare",
        hours(p->by_state[LS_NODE_SPARE]));
}

static uint64_t guarantee_of(const ls_pool *pool, uint32_t at) {
    uint64_t sum = at > 0 ? pool->accounts[at].guarantee_gpus : 0;
    for (uint32_t i = 1; at == 0 && i < pool->account_count; i++) {
        sum += pool->accounts[i].depth == 1 ? pool->accounts[i].guarantee_gpus : 0;
    }
    return sum;
}

static json_t *account_json(const ls_pool_report *r, uint32_t at, bool plotted) {
    const ls_pool *pool = r->outcome->pool;
    const ls_outcome_row *row = r->run->outcome.rows + at;
    const ls_kept_row *kept = ls_kept_rows(r->run->kept) + at;
    json_t *o = json_pack(
        "{s:o, s:I, s:I, s:f, s:f, s:f, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:f, s:f}",
        "name", ls_json_text(pool->accounts[at].path), "depth",
        (json_int_t)pool->accounts[at].depth, "guarantee", (json_int_t)guarantee_of(pool, at),
        "held", held_by(r, at), "borrowed", mean_gpus(r, ls_pool_outcome_borrowed(r->outcome, at)),
        "lost", mean_gpus(r, row->total.lost), "jobs", (json_int_t)row->jobs, "wait_mean",
        ls_outcome_wait_mean_s(row), "wait_median", ls_outcome_wait_s(row, 0.5), "wait_p99",
        ls_outcome_wait_s(row, 0.99), "wait_max", row->wait_max_s, "stopped",
        (json_int_t)row->stopped, "broken", (json_int_t)row->broken, "owed", (json_int_t)kept->owed,
        "late", (json_int_t)kept->late, "owed_mean",
        kept->owed > 0 ? kept->owed_sum_s / (double)kept->owed : 0.0, "owed_most",
        (double)kept->most_us * 1e-6);
    if (plotted) {
        json_object_set_new(o, "series", held_series(r, at));
    }
    return o;
}

// Plotted ones first in the order of the plot, then the others as they stand in the file.
static json_t *accounts_json(const ls_pool_report *r, const chosen *c, json_t *more) {
    const ls_pool *pool = r->outcome->pool;
    json_t *list = json_array();
    uint32_t left = 0, listed = 0;
    uint64_t owed = 0, late = 0;
    json_array_append_new(list, account_json(r, 0, false));
    for (uint32_t i = 0; i < c->count; i++) {
        json_array_append_new(list, account_json(r, c->accounts[i], true));
    }
    for (uint32_t i = 1; i < pool->account_count; i++) {
        bool plotted = false;
        for (uint32_t k = 0; k < c->count; k++) {
            plotted |= c->accounts[k] == i;
        }
        if (!plotted && listed < LISTED) {
            json_array_append_new(list, account_json(r, i, false));
            listed++;
        } else if (!plotted) {
            left++;
            owed += ls_kept_rows(r->run->kept)[i].owed;
            late += ls_kept_rows(r->run->kept)[i].late;
        }
    }
    json_object_set_new(more, "accounts", json_integer(left));
    json_object_set_new(more, "owed", json_integer((json_int_t)owed));
    json_object_set_new(more, "late", json_integer((json_int_t)late));
    return list;
}

static json_t *data_json(const ls_pool_report *r) {
    const ls_pool_outcome *o = r->outcome;
    const ls_sim_result *s = &r->run->result;
    chosen c = {.accounts = ls_alloc((size_t)o->pool->account_count * 2 * sizeof *c.accounts)};
    if (c.accounts == NULL) {
        return NULL;
    }
    choose(r, &c);
    json_t *more = json_object();
    json_t *accounts = accounts_json(r, &c, more);
    json_t *jobs = json_pack("{s:I, s:I, s:I, s:I, s:I}", "submitted", (json_int_t)s->submitted,
                             "ended", (json_int_t)s->ended, "stopped", (json_int_t)s->stopped,
                             "broken", (json_int_t)s->broken, "waiting",
                             (json_int_t)s->waiting_at_end);
    json_t *comparison = r->comparison != NULL ? ls_pool_comparison_object(r->comparison)
                                               : json_null();
    ls_free(c.accounts);
    return json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:o, s:f, s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:o, "
        "s:o, "
        "s:o}",
        "lineshaft", LS_VERSION, "format", "pool-report/1", "pool", ls_json_text(o->pool->name),
        "what", ls_pool_what(o->pool), "policy", o->policy->name, "load", ls_json_text(o->load),
        "span_s", (double)o->span_us * 1e-6, "seed", (json_int_t)o->seed, "nodes",
        (json_int_t)o->pool->cluster.node_count, "gpus", (json_int_t)o->pool->cluster.gpus,
        "node_failures", (json_int_t)s->node_failures, "used", ls_outcome_used(o->outcome),
        "goodput", ls_outcome_goodput(o->outcome), "jobs", jobs, "totals", totals_json(r), "steps",
        steps_json(r), "accounts", accounts, "more", more, "comparison", comparison);
}

// No "</script>" and no "<!--" can come of it.
static void put_json(json_t *object, ls_buffer *out) {
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    out->failed |= text == NULL;
    for (const char *at = text; at != NULL && *at != '\0';) {
        const size_t plain = strcspn(at, "<");
        ls_buffer_append(out, at, plain);
        at += plain;
        if (*at == '<') {
            ls_buffer_text(out, "\\u003c");
            at++;
        }
    }
    free(text);
    json_decref(object);
}

static void put_escaped(const char *text, ls_buffer *out) {
    for (; *text != '\0'; text++) {
        const char *word = *text == '<'   ? "&lt;"
                           : *text == '>' ? "&gt;"
                           : *text == '&' ? "&amp;"
                                          : NULL;
        if (word != NULL) {
            ls_buffer_text(out, word);
        } else {
            ls_buffer_append(out, text, 1);
        }
    }
}

void ls_pool_report_html(const ls_pool_report *report, ls_buffer *out) {
    static const char text_mark[] = "@TEXT@", data_mark[] = "@DATA@";
    const char *text_at = strstr(page, text_mark);
    const char *data_at = strstr(page, data_mark);
    ls_buffer_append(out, page, (size_t)(text_at - page));
    put_escaped(report->text, out);
    text_at += sizeof text_mark - 1;
    ls_buffer_append(out, text_at, (size_t)(data_at - text_at));
    put_json(data_json(report), out);
    ls_buffer_text(out, data_at + sizeof data_mark - 1);
}
