// pool_simulate.c - `lineshaft pool simulate`: a policy tried on a year of load before it is used.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/pool_outcome.h"
#include "cli/progress.h"
#include "import/pool_file.h"
#include "import/pool_trace.h"
#include "pool/mix.h"
#include "pool/terms.h"

enum { TRACE_SIZE_MAX = 1 << 30 };
#define DAY_US INT64_C(86400000000)

static const char *const policy_words[] = {"own", "fifo", "easy", "sjf", NULL};

static const ls_option own_options[] = {
    {.name = "trace",
     .kind = LS_OPTION_TEXT,
     .reads = true,
     .argument = "FILE",
     .says = "jobs are drawn from --mix",
     .about = "jobs that a real cluster ran, as a CSV file",
     .detail =
         "Philly, Helios, Acme and Alibaba's spot trace are known by their columns; a table of "
         "your own has submit_s, run_s, gpus, and as wanted account, nodes, priority, limit_s, "
         "milli"},
    {.name = "mix",
     .kind = LS_OPTION_CHOICE,
     .argument = "group|seren|kalos|philly|helios|pai",
     .choices = ls_mix_words,
     .initial = "group",
     .about = "a stated mix of jobs to draw from",
     .detail =
         "group: trials, notebooks and trainings of 1 to 16,384 GPUs; the others: sizes and run "
         "times as the published summaries of five clusters have them"},
    {.name = "load",
     .kind = LS_OPTION_COUNT,
     .argument = "PERCENT",
     .least = 1,
     .most = 1000,
     .initial = "90",
     .about = "GPU time asked for by the mix, in percent of what there is"},
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "30 d, or to the end of the trace and 7 d",
     .about = "how long"},
    {.name = "policy",
     .kind = LS_OPTION_CHOICE,
     .argument = "own|fifo|easy|sjf",
     .choices = policy_words,
     .initial = "own",
     .about = "who goes when",
     .detail =
         "own: shares, backfill with promises, taking back; fifo: first come, nobody passes; "
         "easy: first come, EASY backfill; sjf: the shortest first, told by an oracle. The last "
         "three know no accounts"},
    {.name = "account",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "as the trace says",
     .about = "all jobs of the trace are of this account"},
    {.name = "limit",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000,
     .initial = "2",
     .about = "a job without a limit may run N times as long as it does",
     .detail = "Backfill plans with the longest time, which users give with room to spare"},
    {.name = "checkpoint",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1h",
     .about = "jobs of a trace, and of a mix that says nothing, save so often; 0: never",
     .detail = "What a job has not saved when it is stopped or its node breaks is done again"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_C(9007199254740992),
     .initial = "1",
     .about = "of the mix and of failures"},
    {.name = "no-failures", .kind = LS_OPTION_FLAG, .about = "no node breaks"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one object for programs; docs/JSON.md"},
    {.name = "csv",
     .kind = LS_OPTION_TEXT,
     .writes = true,
     .argument = "FILE",
     .says = "none is written",
     .about = "a statement: each account's GPU time, day by day"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_output_options, NULL};

typedef struct simulation {
    const ls_options *options;
    ls_arena arena;
    ls_pool *pool;
    ls_terms terms;
    ls_outcome outcome;
    ls_trace trace;
    ls_trace_load trace_load;
    ls_mix_load mix_load;
    ls_buffer statement;
    ls_progress progress;
    char load_text[256];
    char refused[256];
    ls_sim_def def;
    bool counts_days, would_replace, wrong_words;
} simulation;

static bool on_event(void *context, const ls_sim_event *event) {
    simulation *s = context;
    ls_outcome_event(&s->outcome, event);
    if (event->kind == LS_SIM_REFUSED && s->refused[0] == '\0') {
        ls_text_format(s->refused, sizeof s->refused, "%s", event->reason);
    }
    return !ls_interrupt_came();
}

static bool on_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    simulation *s = context;
    ls_outcome_close(&s->outcome, rows, pool);
    if (s->counts_days) {
        ls_pool_statement_day(s->pool, from_us / DAY_US, rows, pool, &s->statement);
    }
    const ls_twin_progress now = {.share = (double)to_us / (double)s->def.until_us,
                                  .events = s->outcome.rows[0].jobs,
                                  .replications_done = to_us / DAY_US,
                                  .replications_planned = s->def.until_us / DAY_US};
    ls_progress_update(&s->progress, &now);
    return !ls_interrupt_came();
}

// The trace, and how long it is to be simulated when nothing else is said.
static ls_status open_trace(simulation *s, const char *path, int64_t *for_us, ls_error *err) {
    char *text = NULL;
    size_t size = 0;
    ls_status status = ls_gzip_read_file(path, TRACE_SIZE_MAX, &s->arena, &text, &size, err);
    if (status == LS_OK) {
        status = ls_trace_read(text, size, path, &s->arena, &s->trace, err);
    }
    if (status == LS_OK && s->trace.count == 0) {
        status = ls_fail_at(err, LS_ERR_INVALID, path, 1, 1,
                            "there is no job with GPUs in this list");
    }
    if (status == LS_OK) {
        const double limit = (double)ls_options_get(s->options, "limit")->number;
        const char *account = ls_options_get(s->options, "account")->text;
        status = ls_trace_load_make(&s->trace, s->pool, account, limit, 1.0, &s->arena,
                                    &s->trace_load, err);
        s->wrong_words = status == LS_ERR_INVALID && account != NULL;
        s->trace_load.checkpoint_us = ls_options_get(s->options, "checkpoint")->number;
    }
    if (status != LS_OK) {
        return status;
    }
    s->def.load = (ls_sim_load){.next = ls_trace_load_next, .context = &s->trace_load};
    *for_us = s->trace.rows[s->trace.count - 1].submit_us + 7 * DAY_US;
    ls_text_format(s->load_text, sizeof s->load_text, "%s trace %s: %zu jobs%s", s->trace.format,
                   path, s->trace.count,
                   s->trace_load.spread ? ", dealt out over the accounts in turn" : "");
    if (s->trace.left_out > 0) {
        ls_note("%zu rows without GPUs or time are left out", s->trace.left_out);
    }
    return LS_OK;
}

static ls_status open_mix(simulation *s, int64_t for_us, ls_error *err) {
    const double load = (double)ls_options_get(s->options, "load")->number / 100.0;
    const ls_mix *mix = ls_mixes + ls_options_get(s->options, "mix")->number;
    const ls_status status = ls_mix_load_make(s->pool, mix, load, s->def.seed, for_us, &s->mix_load,
                                              err);
    char gap[32];
    ls_units_show_time(s->mix_load.gap_us, gap, sizeof gap);
    s->mix_load.checkpoint_us = ls_options_get(s->options, "checkpoint")->number;
    s->def.load = (ls_sim_load){.next = ls_mix_load_next, .context = &s->mix_load};
    ls_text_format(s->load_text, sizeof s->load_text, "mix %s at %g %%: a job every %s in the mean",
                   mix->name, 100.0 * load, gap);
    return status;
}

static ls_status define(simulation *s, ls_error *err) {
    const ls_options *o = s->options;
    const ls_option_value *span = ls_options_get(o, "for");
    const ls_option_value *trace = ls_options_get(o, "trace");
    s->def.seed = (uint64_t)ls_options_get(o, "seed")->number;
    s->def.policy = ls_sim_policies + ls_options_get(o, "policy")->number;
    ls_status status = ls_terms_make(s->pool, &s->terms, err);
    if (status == LS_OK) {
        status = ls_outcome_make(s->terms.rows, s->terms.count, &s->outcome, err);
    }
    int64_t for_us = 30 * DAY_US;
    if (status == LS_OK && trace->given) {
        status = open_trace(s, trace->text, &for_us, err);
    }
    for_us = span->given ? span->number : for_us;
    if (status == LS_OK && !trace->given) {
        status = open_mix(s, for_us, err);
    }
    if (!ls_options_get(o, "no-failures")->given) {
        s->def.failures = (ls_sim_failures){.every_us = s->pool->failures.every_us,
                                            .repair_us = s->pool->failures.repair_us};
    }
    s->def.scheduler = (ls_scheduler_def){.cluster = &s->pool->cluster,
                                          .terms = s->terms.rows,
                                          .account_count = s->terms.count,
                                          .reclaim_us = s->terms.reclaim_us,
                                          .policy = LS_PLACE_OWN,
                                          .seed = s->def.seed};
    s->def.states = s->pool->states;
    s->def.until_us = for_us;
    s->def.close_us = DAY_US;
    s->def.on_event = on_event;
    s->def.on_close = on_close;
    s->def.context = s;
    return status;
}

static int deliver(simulation *s, const ls_sim_result *result) {
    const ls_pool_outcome all = {.pool = s->pool,
                                 .outcome = &s->outcome,
                                 .result = result,
                                 .policy = s->def.policy,
                                 .load = s->load_text,
                                 .span_us = s->def.until_us,
                                 .seed = s->def.seed,
                                 .refused = s->refused};
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(s->options, "json")->given) {
        ls_pool_outcome_json(&all, &out);
    } else {
        ls_pool_outcome_text(&all, &out);
    }
    int code = ls_output_deliver(s->options, &out);
    ls_buffer_clear(&out);
    const char *csv = ls_options_get(s->options, "csv")->text;
    ls_error err = {0};
    if (code == LS_EXIT_DONE && csv != NULL &&
        ls_file_write(csv, s->statement.data, s->statement.size, &err) != LS_OK) {
        code = ls_complain(&err);
    }
    return code;
}

static int simulate(simulation *s) {
    ls_error err = {0};
    ls_status status = define(s, &err);
    if (status != LS_OK) {
        return s->wrong_words ? ls_complain_usage(&err, ls_command_pool_simulate.name)
                              : ls_complain(&err);
    }
    ls_sim_result result;
    ls_interrupt_watch();
    ls_progress_init(&s->progress);
    s->counts_days = ls_options_get(s->options, "csv")->given;
    ls_pool_statement_head(&s->statement);
    status = ls_simulate(&s->def, &result, &err);
    ls_progress_finish(&s->progress, s->outcome.rows[0].jobs);
    if (status == LS_ERR_STOPPED) {
        ls_note("stopped");
        return LS_EXIT_STOPPED;
    }
    return status == LS_OK ? deliver(s, &result) : ls_complain(&err);
}

// What is wrong about the command line alone.
static ls_status check_options(const ls_options *options, ls_error *err) {
    static const char *const of_trace[] = {"account", "limit"};
    const ls_option_value *span = ls_options_get(options, "for");
    ls_status status = ls_options_exclude(options, "trace", "mix", err);
    for (size_t i = 0; i < 2 && status == LS_OK; i++) {
        if (ls_options_get(options, of_trace[i])->given &&
            !ls_options_get(options, "trace")->given) {
            status = ls_fail(err, LS_ERR_INVALID, "'--%s' is for the jobs of a '--trace'",
                             of_trace[i]);
        }
    }
    if (status == LS_OK && span->given && span->number <= 0) {
        status = ls_fail(err, LS_ERR_INVALID, "option '--for': it must be longer than 0 s");
    }
    return status;
}

// A table beside the pool file must not be one of the files that are to be written.
static ls_status may_read(void *context, const char *path, ls_error *err) {
    simulation *s = context;
    const ls_status status = ls_output_check_read(path, s->options, err);
    s->would_replace |= status != LS_OK;
    return status;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    if (check_options(options, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_pool_simulate.name);
    }
    if (ls_output_check_files(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    simulation s = {.options = options};
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_pool_file_read_if(options->arguments[0], may_read, &s, &s.pool, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
        code = s.would_replace ? LS_EXIT_USAGE : code;
    } else {
        ls_arena_init(&s.arena);
        ls_buffer_init(&s.statement);
        code = simulate(&s);
        ls_buffer_clear(&s.statement);
        ls_mix_load_clear(&s.mix_load);
        ls_outcome_clear(&s.outcome);
        ls_terms_clear(&s.terms);
        ls_arena_clear(&s.arena);
        ls_pool_destroy(s.pool);
    }
    ls_errors_clear(&errors);
    return code;
}

const ls_cli_command ls_command_pool_simulate = {
    .name = "pool simulate",
    .arguments = "POOL",
    .least = 1,
    .most = 1,
    .about = "Runs a pool on a simulated clock: a policy tried on real or drawn load.",
    .example = "lineshaft pool simulate examples/pools/park.yaml",
    .examples =
        "lineshaft pool simulate park.yaml --trace philly_jobs.csv --policy easy\n"
        "lineshaft pool simulate national.yaml --for 365d --load 95 --json\n"
        "lineshaft pool simulate park.yaml --csv statement.csv\n",
    .detail =
        "The scheduler is the one that runs real jobs; jobs, GPUs and failures are simulated. "
        "Who gets what and when is told in docs/POOL.md.\n"
        "The statement has a line for each account and day, in GPU seconds: what it held, of "
        "that borrowed, what it was guaranteed and did not hold (offered), what was lost to "
        "stopping and failures. For each day what the pool held, its idle and its down time are "
        "all its GPUs.\n",
    .tables = tables,
    .run = run,
};
