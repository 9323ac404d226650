// pool_outcome.c - see pool_outcome.h.
#include "cli/pool_outcome.h"

#include <string.h>

#include "base/units.h"
#include "cli/json.h"
#include "cli/table.h"
#include "ls_build.h"

enum { ROWS_SHOWN = 40 };
#define HOUR_US 3.6e9

static double gpu_hours(ls_gpu_time time) {
    return (double)time / LS_POOL_WHOLE / HOUR_US;
}

// Mean GPUs over the span.
static double mean_gpus(const ls_pool_outcome *o, ls_gpu_time time) {
    return (double)time / LS_POOL_WHOLE / (double)o->span_us;
}

static double share(ls_gpu_time part, ls_gpu_time all) {
    return all > 0 ? 100.0 * (double)part / (double)all : 0.0;
}

static const char *span(double seconds, char *out, size_t size) {
    ls_units_show_time(seconds * 1e6, out, size);
    return out;
}

// What is promised to, or borrowed by, the accounts right below the pool.
static uint64_t promised_gpus(const ls_pool *pool) {
    uint64_t sum = 0;
    for (uint32_t i = 1; i < pool->account_count; i++) {
        sum += pool->accounts[i].depth == 1 ? pool->accounts[i].guarantee_gpus : 0;
    }
    return sum;
}

ls_gpu_time ls_pool_outcome_borrowed(const ls_pool_outcome *o, uint32_t at) {
    ls_gpu_time sum = o->outcome->rows[at].total.borrowed;
    if (at == 0) {
        sum = 0;
        for (uint32_t i = 1; i < o->pool->account_count; i++) {
            sum += o->pool->accounts[i].depth == 1 ? o->outcome->rows[i].total.borrowed : 0;
        }
    }
    return sum;
}

// "1 node", "3 nodes".
static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void ls_pool_outcome_heading(const ls_pool *pool, int64_t span_us, const char *load,
                             ls_buffer *out) {
    char text[64];
    ls_buffer_printf(out, "pool %s: %llu %s on %u node%s, %s, simulated\n", pool->name,
                     (unsigned long long)pool->cluster.gpus, ls_pool_what(pool),
                     pool->cluster.node_count, plural(pool->cluster.node_count),
                     span((double)span_us * 1e-6, text, sizeof text));
    ls_buffer_printf(out, "load     %s\n", load);
}

// Thousandths of GPUs times microseconds.
static double milli_hours(double milli_us) {
    return milli_us / (1000.0 * LS_US_PER_HOUR);
}

static void put_jobs(const ls_sim_result *r, const char *refused, ls_buffer *out) {
    ls_buffer_printf(out,
                     "jobs     %llu submitted, %llu ended, %llu past their limit, %llu refused\n",
                     (unsigned long long)r->submitted, (unsigned long long)r->ended,
                     (unsigned long long)r->killed, (unsigned long long)r->refused);
    if (r->refused > 0) {
        ls_buffer_printf(out, "         refused, the first: %s\n", refused);
    }
    ls_buffer_printf(out,
                     "         %llu time%s stopped for others, %llu time%s a node broke under one; "
                     "%llu wait, %llu run at the end\n",
                     (unsigned long long)r->stopped, plural(r->stopped),
                     (unsigned long long)r->broken, plural(r->broken),
                     (unsigned long long)r->waiting_at_end, (unsigned long long)r->running_at_end);
    if (r->failed > 0) {
        ls_buffer_printf(out, "         %llu of those that ended failed\n",
                         (unsigned long long)r->failed);
    }
    if (r->held > 0) {
        ls_buffer_printf(
            out,
            "         %llu waited for others first: %llu given up, as one of these was not "
            "done; %llu wait so at the end\n",
            (unsigned long long)r->held, (unsigned long long)r->cancelled,
            (unsigned long long)r->held_at_end);
    }
    if (r->grown > 0) {
        ls_buffer_printf(out,
                         "         elastic jobs%s grew %llu time%s by a part, and gave back %llu\n",
                         r->services > 0 ? " and services" : "", (unsigned long long)r->grown,
                         plural(r->grown), (unsigned long long)r->shrunk);
    }
    if (r->services > 0) {
        ls_buffer_printf(
            out,
            "services %llu, whose load asked for %.1f GPU hours; %.2f %% of them were "
            "there\n",
            (unsigned long long)r->services, milli_hours(r->demanded_milli_us),
            r->demanded_milli_us > 0.0 ? 100.0 * r->served_milli_us / r->demanded_milli_us : 0.0);
    }
}

static void heading(const ls_pool_outcome *o, ls_buffer *out) {
    const ls_sim_result *r = o->result;
    const ls_meter_pool *p = &o->outcome->pool;
    const ls_meter_row *all = &o->outcome->rows[0].total;
    const char *what = ls_pool_what(o->pool);
    char a[64], b[64], c[64];
    ls_pool_outcome_heading(o->pool, o->span_us, o->load, out);
    ls_buffer_printf(out, "policy   %s: %s\n", o->policy->name, o->policy->about);
    put_jobs(r, o->refused, out);
    ls_buffer_printf(out,
                     "%s %.2f %% of the time of nodes that were up is used, %.2f %% kept "
                     "(goodput), %.2f %% idle\n",
                     strcmp(what, "GPUs") == 0 ? "GPUs    " : "slots   ",
                     100.0 * ls_outcome_used(o->outcome), 100.0 * ls_outcome_goodput(o->outcome),
                     share(p->idle, p->by_state[LS_NODE_UP]));
    ls_buffer_printf(
        out, "         %.2f %% of all broken, %.2f %% drained, %.2f %% spare; %llu node failure%s",
        share(p->by_state[LS_NODE_BROKEN], p->all), share(p->by_state[LS_NODE_DRAINED], p->all),
        share(p->by_state[LS_NODE_SPARE], p->all), (unsigned long long)r->node_failures,
        plural(r->node_failures));
    if (r->gpu_failures > 0) {
        ls_buffer_printf(out, ", %llu of a single GPU", (unsigned long long)r->gpu_failures);
    }
    if (r->exchanged > 0) {
        ls_buffer_printf(out, ", %llu node%s exchanged", (unsigned long long)r->exchanged,
                         plural(r->exchanged));
    }
    ls_buffer_text(out, "\n");
    const ls_outcome_row *top = o->outcome->rows;
    ls_buffer_printf(out, "waits    mean %s, 99 %% within %s, longest %s\n",
                     span(ls_outcome_wait_mean_s(top), a, sizeof a),
                     span(ls_outcome_wait_s(top, 0.99), b, sizeof b),
                     span(top->wait_max_s, c, sizeof c));
    if (top->left > 0) {
        ls_buffer_printf(out, "         %llu of them had not ended: jobs that never started\n",
                         (unsigned long long)top->left);
    }
    ls_buffer_printf(out, "promises %llu starts had one, %llu of them came later",
                     (unsigned long long)top->promised, (unsigned long long)top->late);
    if (top->gave_way > 0) {
        ls_buffer_printf(out, ", %llu for a guarantee", (unsigned long long)top->gave_way);
    }
    ls_buffer_text(out, "\n");
    if (top->due > 0) {
        ls_buffer_printf(out, "deadline %llu jobs had one, %llu of them were not done by then\n",
                         (unsigned long long)top->due, (unsigned long long)top->missed);
    }
    ls_buffer_printf(out, "borrowed %.2f %% of what was held\n",
                     share(ls_pool_outcome_borrowed(o, 0), all->held));
    if (all->energy > 0 || p->idle_energy > 0) {
        ls_buffer_printf(out, "energy   %.6g kWh at work, by the watts of each kind",
                         ls_meter_kwh(all->energy));
        if (p->idle_energy > 0) {
            ls_buffer_printf(out, "; %.6g kWh idle", ls_meter_kwh(p->idle_energy));
        }
        ls_buffer_text(out, "\n");
    }
    ls_buffer_text(out, "\n");
}

static void account_row(const ls_pool_outcome *o, uint32_t at, bool priced, ls_table *table) {
    const ls_account *a = o->pool->accounts + at;
    const ls_outcome_row *row = o->outcome->rows + at;
    char wait[64];
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", at == 0 ? "the pool" : a->path);
    ls_table_cell(table, 1, "%llu",
                  (unsigned long long)(at == 0 ? promised_gpus(o->pool) : a->guarantee_gpus));
    ls_table_cell(table, 2, "%.1f", mean_gpus(o, row->total.held));
    ls_table_cell(table, 3, "%.1f", mean_gpus(o, ls_pool_outcome_borrowed(o, at)));
    ls_table_cell(table, 4, "%.1f", mean_gpus(o, row->total.lost));
    ls_table_cell(table, 5, "%llu", (unsigned long long)row->jobs);
    ls_table_cell(table, 6, "%s", span(ls_outcome_wait_mean_s(row), wait, sizeof wait));
    ls_table_cell(table, 7, "%s", span(ls_outcome_wait_s(row, 0.99), wait, sizeof wait));
    ls_table_cell(table, 8, "%llu", (unsigned long long)row->stopped);
    ls_table_cell(table, 9, "%llu", (unsigned long long)row->broken);
    if (priced) {
        ls_table_cell(table, 10, "%.2f", ls_meter_money(row->total.charge));
    }
}

void ls_pool_outcome_text(const ls_pool_outcome *o, ls_buffer *out) {
    static const char *const headers[] = {"account", "promised", "held",      "borrowed",
                                          "lost",    "jobs",     "wait mean", "wait 99 %",
                                          "stopped", "broken"};
    const bool priced = ls_pool_has_prices(o->pool);
    ls_arena arena;
    ls_table table;
    heading(o, out);
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    for (int i = 0; i < 10; i++) {
        ls_table_column(&table, headers[i], i == 0 ? LS_ALIGN_LEFT : LS_ALIGN_RIGHT);
    }
    if (priced) {
        ls_table_column(&table, o->pool->currency, LS_ALIGN_RIGHT);
    }
    uint32_t shown = 0, left = 0;
    for (uint32_t i = 0; i < o->pool->account_count; i++) {
        const bool show = o->pool->accounts[i].depth <= 1 || o->pool->account_count <= ROWS_SHOWN;
        if (show && shown < ROWS_SHOWN) {
            account_row(o, i, priced, &table);
            shown++;
        } else {
            left++;
        }
    }
    ls_table_print(&table, 0, out);
    if (left > 0) {
        ls_buffer_printf(out, "%u further accounts are in --json and --csv\n", left);
    }
    ls_arena_clear(&arena);
}

static json_t *account_json(const ls_pool_outcome *o, uint32_t at) {
    const ls_outcome_row *row = o->outcome->rows + at;
    return json_pack(
        "{s:o, s:f, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:f, s:f}",
        "account", ls_json_text(o->pool->accounts[at].path), "held_gpu_hours",
        gpu_hours(row->total.held), "borrowed_gpu_hours",
        gpu_hours(ls_pool_outcome_borrowed(o, at)), "offered_gpu_hours",
        gpu_hours(row->total.offered), "lost_gpu_hours", gpu_hours(row->total.lost), "jobs",
        (json_int_t)row->jobs, "never_started", (json_int_t)row->left, "wait_mean_s",
        ls_outcome_wait_mean_s(row), "wait_median_s", ls_outcome_wait_s(row, 0.5), "wait_p99_s",
        ls_outcome_wait_s(row, 0.99), "wait_max_s", row->wait_max_s, "stopped",
        (json_int_t)row->stopped, "broken", (json_int_t)row->broken, "refused",
        (json_int_t)row->refused, "promised", (json_int_t)row->promised, "late",
        (json_int_t)row->late, "gave_way", (json_int_t)row->gave_way, "due", (json_int_t)row->due,
        "missed", (json_int_t)row->missed, "energy_kwh", ls_meter_kwh(row->total.energy), "charge",
        ls_meter_money(row->total.charge));
}

void ls_pool_outcome_json(const ls_pool_outcome *o, ls_buffer *out) {
    const ls_sim_result *r = o->result;
    const ls_meter_pool *p = &o->outcome->pool;
    json_t *accounts = json_array();
    for (uint32_t i = 0; i < o->pool->account_count; i++) {
        json_array_append_new(accounts, account_json(o, i));
    }
    json_t *jobs = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "failed",
        (json_int_t)r->failed, "held", (json_int_t)r->held, "cancelled", (json_int_t)r->cancelled,
        "held_at_end", (json_int_t)r->held_at_end, "submitted", (json_int_t)r->submitted, "ended",
        (json_int_t)r->ended, "killed", (json_int_t)r->killed, "refused", (json_int_t)r->refused,
        "started", (json_int_t)r->started, "stopped", (json_int_t)r->stopped, "broken",
        (json_int_t)r->broken, "waiting_at_end", (json_int_t)r->waiting_at_end, "running_at_end",
        (json_int_t)r->running_at_end);
    json_t *gpus = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "all_gpu_hours",
                             gpu_hours(p->all), "idle_gpu_hours", gpu_hours(p->idle),
                             "broken_gpu_hours", gpu_hours(p->by_state[LS_NODE_BROKEN]),
                             "drained_gpu_hours", gpu_hours(p->by_state[LS_NODE_DRAINED]),
                             "spare_gpu_hours", gpu_hours(p->by_state[LS_NODE_SPARE]), "used",
                             ls_outcome_used(o->outcome), "goodput", ls_outcome_goodput(o->outcome),
                             "energy_kwh", ls_meter_kwh(o->outcome->rows[0].total.energy),
                             "idle_energy_kwh", ls_meter_kwh(p->idle_energy));
    json_t *services = json_pack("{s:I, s:f, s:f}", "submitted", (json_int_t)r->services,
                                 "demanded_gpu_hours", milli_hours(r->demanded_milli_us),
                                 "served_gpu_hours", milli_hours(r->served_milli_us));
    ls_json_print(
        json_pack(
            "{s:s, s:s, s:o, s:b, s:s, s:s, s:o, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o, "
            "s:o, s:o, s:o}",
            "lineshaft", LS_VERSION, "format", "pool-simulation/1", "pool",
            ls_json_text(o->pool->name), "simulated", 1, "what", ls_pool_what(o->pool), "policy",
            o->policy->name, "load", ls_json_text(o->load), "span_s", (double)o->span_us * 1e-6,
            "seed", (json_int_t)o->seed, "nodes", (json_int_t)o->pool->cluster.node_count,
            "node_failures", (json_int_t)r->node_failures, "gpu_failures",
            (json_int_t)r->gpu_failures, "exchanged", (json_int_t)r->exchanged, "decisions",
            (json_int_t)r->decisions, "currency", o->pool->currency, "jobs", jobs, "services",
            services, "gpus", gpus, "accounts", accounts),
        out);
}

void ls_pool_statement_head(ls_buffer *out) {
    ls_buffer_printf(out,
                     "day,account,held_gpu_s,borrowed_gpu_s,offered_gpu_s,lost_gpu_s,started,"
                     "ended,stopped,broken,idle_gpu_s,down_gpu_s,energy_kwh,charge\n");
}

// Thousandths of GPUs times microseconds as GPU seconds, exactly, with nine digits.
static void print_seconds(ls_gpu_time time, ls_buffer *out) {
    const ls_gpu_time whole = time / 1000000000;
    const unsigned rest = (unsigned)(time % 1000000000);
    ls_buffer_printf(out, ",%llu.%09u", (unsigned long long)whole, rest);
}

void ls_pool_statement_day(const ls_pool *pool, int64_t day, const ls_meter_row *rows,
                           const ls_meter_pool *all, ls_buffer *out) {
    for (uint32_t i = 0; i < pool->account_count; i++) {
        const ls_meter_row *r = rows + i;
        ls_buffer_printf(out, "%lld,%s", (long long)day, i == 0 ? "*" : pool->accounts[i].path);
        print_seconds(r->held, out);
        print_seconds(r->borrowed, out);
        print_seconds(r->offered, out);
        print_seconds(r->lost, out);
        ls_buffer_printf(out, ",%llu,%llu,%llu,%llu", (unsigned long long)r->started,
                         (unsigned long long)r->ended, (unsigned long long)r->stopped,
                         (unsigned long long)r->broken);
        if (i == 0) {
            print_seconds(all->idle, out);
            print_seconds(all->all - all->by_state[LS_NODE_UP], out);
        } else {
            ls_buffer_printf(out, ",,");
        }
        ls_buffer_printf(out, ",%.9g,%.9g", ls_meter_kwh(r->energy), ls_meter_money(r->charge));
        ls_buffer_printf(out, "\n");
    }
}
