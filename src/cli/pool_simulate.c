// pool_simulate.c - `lineshaft pool simulate`: a policy tried on a year of load before it is used.
#include <string.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/units.h"
#include "base/workers.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/pool_compare.h"
#include "cli/pool_outcome.h"
#include "cli/pool_report.h"
#include "cli/progress.h"
#include "import/pool_file.h"
#include "import/pool_trace.h"
#include "pool/mix.h"
#include "pool/terms.h"

enum { TRACE_SIZE_MAX = 1 << 30 };
#define STRETCHED_MAX_US (INT64_C(365250) * LS_POOL_DAY_US)

static const char *const policy_words[] = {"own", "fifo", "easy", "sjf"};

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
         "milli, deadline_s (after its submission), spot (1: stopped as soon as another needs its "
         "place), gpus_most (it can use so many while others leave them idle), load (a service, "
         "with "
         "as many replicas as it needs: shares of gpus_most in equal spans of a day, "
         "0.2/0.5/1/0.6), job (its name), after (names of jobs before it, with blanks between: it "
         "waits until they are done, and is given up when one is not), array (so many like it, of "
         "one name), fails (1: it ends so)"},
    {.name = "mix",
     .kind = LS_OPTION_CHOICE,
     .argument = "group|searches|seren|kalos|philly|helios|pai",
     .choices = ls_mix_words,
     .initial = "group",
     .about = "a stated mix of jobs to draw from",
     .detail = "group: trials, notebooks and trainings of 1 to 16,384 GPUs; searches: arrays of "
               "trials, a "
               "training that waits for them and an evaluation that waits for that; the others: "
               "sizes and run "
               "times as the published summaries of five clusters have them"},
    {.name = "load",
     .kind = LS_OPTION_COUNT,
     .argument = "PERCENT",
     .least = 1,
     .most = 1000,
     .initial = "90",
     .about = "GPU time asked for, in percent of what there is",
     .detail = "Jobs of a trace then come in longer or shorter times, in the same order"},
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "30 d, or to the end of the trace and 7 d",
     .about = "how long"},
    {.name = "policy",
     .kind = LS_OPTION_TEXT,
     .argument = "own|fifo|easy|sjf",
     .initial = "own",
     .about = "who goes when; several with commas are compared on the same load",
     .detail =
         "own: shares, backfill with promises, taking back; fifo: first come, nobody passes; "
         "easy: first come, EASY backfill; sjf: the shortest first, told by an oracle. The last "
         "three know no accounts. Of several, the others are told less the first"},
    {.name = "reps",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 10000,
     .initial = "1",
     .about = "runs of each policy, for intervals",
     .detail =
         "Run i of every policy has the same jobs and failures, those of the i-th seed. Of a trace "
         "whole weeks (days, of one shorter than four weeks) are drawn with replacement"},
    {.name = "workers",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1024,
     .initial = "0",
     .about = "threads that run them; the result is the same",
     .detail = "0: as many as there are processors"},
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
     .about = "a statement: each account's GPU time, day by day",
     .detail = "Of several policies or runs: the figures of each"},
    {.name = "report",
     .kind = LS_OPTION_TEXT,
     .writes = true,
     .argument = "FILE.html",
     .says = "none is written",
     .about = "one page with plots, that asks nobody for anything",
     .detail = "Of several policies or runs: the first, and how they compare"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_output_options, NULL};

typedef struct simulation {
    const ls_options *options;
    ls_arena arena;
    ls_pool *pool;
    ls_terms terms;
    ls_trace trace;
    ls_trace_load trace_load;
    ls_progress progress;
    char load_text[256];
    const ls_sim_policy *policies[LS_COMPARED_MAX];
    uint32_t policy_count;
    ls_pool_run_def def;
    bool would_replace, wrong_words;
} simulation;

static bool going(void *context, double share, uint64_t jobs) {
    simulation *s = context;
    const ls_twin_progress now = {.share = share, .events = jobs, .replications_planned = 1};
    ls_progress_update(&s->progress, &now);
    return !ls_interrupt_came();
}

// `own,easy`: each once.
static ls_status read_policies(simulation *s, ls_error *err) {
    const char *text = ls_options_get(s->options, "policy")->text;
    for (const char *at = text; at != NULL;) {
        const char *comma = strchr(at, ',');
        const int length = comma != NULL ? (int)(comma - at) : (int)strlen(at);
        char word[32];
        ls_text_format(word, sizeof word, "%.*s", length, at);
        const ls_sim_policy *policy = ls_sim_policy_find(word);
        if (policy == NULL) {
            ls_fail(err, LS_ERR_INVALID, "option '--policy': unknown policy '%s'", word);
            const char *nearest = ls_text_nearest(word, policy_words, 4);
            ls_hint(err,
                    nearest != NULL ? "did you mean '%s'?" : "there are: own, fifo, easy, sjf%s",
                    nearest != NULL ? nearest : "");
            return LS_ERR_INVALID;
        }
        for (uint32_t i = 0; i < s->policy_count; i++) {
            if (s->policies[i] == policy) {
                return ls_fail(err, LS_ERR_INVALID, "option '--policy': '%s' twice", word);
            }
        }
        s->policies[s->policy_count++] = policy;
        at = comma != NULL ? comma + 1 : NULL;
    }
    return LS_OK;
}

// With --load the times between submissions are stretched until the jobs ask for as much.
static ls_status stretch(simulation *s, ls_error *err) {
    const ls_option_value *load = ls_options_get(s->options, "load");
    const int64_t last_us = s->trace.rows[s->trace.count - 1].submit_us;
    if (!load->given) {
        return LS_OK;
    }
    s->trace_load.stretch = ls_trace_asked(&s->trace, s->pool->gpus) * 100.0 / (double)load->number;
    if (!((double)last_us * s->trace_load.stretch < (double)STRETCHED_MAX_US)) {
        s->wrong_words = true;
        return ls_fail(err, LS_ERR_INVALID,
                       "option '--load': with %lld %% of this pool the trace takes over 1000 years",
                       (long long)load->number);
    }
    return LS_OK;
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
    status = status == LS_OK ? stretch(s, err) : status;
    if (status != LS_OK) {
        return status;
    }
    s->def.trace = &s->trace_load;
    *for_us = ls_trace_load_end_us(&s->trace_load) + 7 * LS_POOL_DAY_US;
    ls_text_format(s->load_text, sizeof s->load_text,
                   "%s trace %s: %zu jobs that ask for %.4g %%%s", s->trace.format, path,
                   s->trace.jobs,
                   100.0 * ls_trace_asked(&s->trace, s->pool->gpus) / s->trace_load.stretch,
                   s->trace_load.spread ? ", dealt out over the accounts in turn" : "");
    if (s->trace.left_out > 0) {
        ls_note("%zu rows without GPUs or time are left out", s->trace.left_out);
    }
    return LS_OK;
}

// How far apart the jobs of a mix are.
static ls_status tell_mix(simulation *s, ls_error *err) {
    ls_mix_load load;
    char gap[32];
    s->def.mix = ls_mixes + ls_options_get(s->options, "mix")->number;
    s->def.load = (double)ls_options_get(s->options, "load")->number / 100.0;
    const ls_status status = ls_mix_load_make(s->pool, s->def.mix, s->def.load, s->def.seed,
                                              s->def.span_us, &load, err);
    if (status == LS_OK) {
        ls_units_show_time(load.gap_us, gap, sizeof gap);
        ls_text_format(s->load_text, sizeof s->load_text,
                       "mix %s at %g %%: a job every %s in the mean", s->def.mix->name,
                       100.0 * s->def.load, gap);
        ls_mix_load_clear(&load);
    }
    return status;
}

static ls_status define(simulation *s, ls_error *err) {
    const ls_options *o = s->options;
    const ls_option_value *span = ls_options_get(o, "for");
    const ls_option_value *trace = ls_options_get(o, "trace");
    ls_status status = ls_terms_make(s->pool, &s->terms, err);
    int64_t for_us = 30 * LS_POOL_DAY_US;
    if (status == LS_OK && trace->given) {
        status = open_trace(s, trace->text, &for_us, err);
    }
    s->def.pool = s->pool;
    s->def.terms = &s->terms;
    s->def.policy = s->policies[0];
    s->def.checkpoint_us = ls_options_get(o, "checkpoint")->number;
    s->def.seed = (uint64_t)ls_options_get(o, "seed")->number;
    s->def.span_us = span->given ? span->number : for_us;
    s->def.no_failures = ls_options_get(o, "no-failures")->given;
    s->def.going = going;
    s->def.context = s;
    if (ls_options_get(o, "report")->given) {
        s->def.step_us = ls_pool_run_step(s->def.span_us);
    }
    return status == LS_OK && !trace->given ? tell_mix(s, err) : status;
}

// ---- what is told

static int write_file(const char *path, const ls_buffer *out) {
    ls_error err = {0};
    if (out->failed) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        return ls_complain(&err);
    }
    return ls_file_write(path, out->data != NULL ? out->data : "", out->size, &err) == LS_OK
               ? LS_EXIT_DONE
               : ls_complain(&err);
}

static int deliver(simulation *s, const ls_pool_comparison *c) {
    const ls_pool_outcome all = {.pool = s->pool,
                                 .outcome = &c->first.outcome,
                                 .result = &c->first.result,
                                 .policy = s->def.policy,
                                 .load = s->load_text,
                                 .span_us = s->def.span_us,
                                 .seed = s->def.seed,
                                 .refused = c->first.refused};
    const bool compares = c->policy_count > 1 || c->reps > 1;
    const char *csv = ls_options_get(s->options, "csv")->text;
    const char *report = ls_options_get(s->options, "report")->text;
    ls_buffer text, json, file;
    ls_buffer_init(&text);
    ls_buffer_init(&json);
    ls_buffer_init(&file);
    if (compares) {
        ls_buffer heading;
        ls_buffer_init(&heading);
        ls_pool_outcome_heading(s->pool, s->def.span_us, s->load_text, &heading);
        ls_pool_comparison_text(c, heading.data != NULL ? heading.data : "", &text);
        text.failed |= heading.failed;
        ls_buffer_clear(&heading);
    } else {
        ls_pool_outcome_text(&all, &text);
    }
    const bool as_json = ls_options_get(s->options, "json")->given;
    if (as_json && compares) {
        ls_pool_comparison_json(c, &s->def, s->load_text, &json);
    } else if (as_json) {
        ls_pool_outcome_json(&all, &json);
    }
    int code = ls_output_deliver(s->options, as_json ? &json : &text);
    if (code == LS_EXIT_DONE && csv != NULL) {
        if (compares) {
            ls_pool_comparison_csv(c, &file);
        }
        code = write_file(csv, compares ? &file : &c->first.statement);
    }
    if (code == LS_EXIT_DONE && report != NULL) {
        const ls_pool_report about = {.outcome = &all,
                                      .run = &c->first,
                                      .comparison = compares ? c : NULL,
                                      .text = text.data != NULL ? text.data : ""};
        ls_buffer_clear(&file);
        ls_pool_report_html(&about, &file);
        code = write_file(report, &file);
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&json);
    ls_buffer_clear(&file);
    return code;
}

static int simulate(simulation *s) {
    ls_error err = {0};
    ls_status status = define(s, &err);
    if (status != LS_OK) {
        return s->wrong_words ? ls_complain_usage(&err, ls_command_pool_simulate.name)
                              : ls_complain(&err);
    }
    const uint32_t reps = (uint32_t)ls_options_get(s->options, "reps")->number;
    int workers = (int)ls_options_get(s->options, "workers")->number;
    workers = workers > 0 ? workers : ls_workers_default();
    s->def.statement = ls_options_get(s->options, "csv")->given && reps == 1 &&
                       s->policy_count == 1;
    ls_pool_comparison c;
    ls_interrupt_watch();
    ls_progress_init(&s->progress);
    status = ls_pool_compare(&s->def, s->policies, s->policy_count, reps, workers, &c, &err);
    ls_progress_finish(&s->progress, status == LS_OK ? c.first.outcome.rows[0].jobs : 0);
    int code = LS_EXIT_STOPPED;
    if (status == LS_ERR_STOPPED) {
        ls_note("stopped");
    } else {
        code = status == LS_OK ? deliver(s, &c) : ls_complain(&err);
    }
    ls_pool_comparison_clear(&c);
    return code;
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
    simulation s = {.options = options};
    if (check_options(options, &err) != LS_OK || read_policies(&s, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_pool_simulate.name);
    }
    if (ls_output_check_files(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_pool_file_read_if(options->arguments[0], may_read, &s, &s.pool, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
        code = s.would_replace ? LS_EXIT_USAGE : code;
    } else {
        ls_arena_init(&s.arena);
        code = simulate(&s);
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
        "lineshaft pool simulate park.yaml --csv statement.csv --report park.html\n"
        "lineshaft pool simulate park.yaml --policy own,fifo,easy,sjf --reps 10 --load 110\n",
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
