// metrics.c - see metrics.h.
#include "loop/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "loop/models.h"

static void family(ls_buffer *out, const char *name, const char *type, const char *help) {
    ls_buffer_printf(out, "# HELP lineshaft_%s %s\n# TYPE lineshaft_%s %s\n", name, help, name,
                     type);
}

static void number(ls_buffer *out, const char *name, const char *label, const char *value,
                   double x) {
    ls_buffer_printf(out, "lineshaft_%s", name);
    if (label != NULL) {
        ls_buffer_printf(out, "{%s=\"", label);
        for (const char *c = value; *c != '\0'; c++) {
            if (*c == '\n') {
                ls_buffer_text(out, "\\n");
            } else {
                ls_buffer_printf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
            }
        }
        ls_buffer_text(out, "\"}");
    }
    ls_buffer_printf(out, " %.17g\n", x);
}

static void single(ls_buffer *out, const char *name, const char *type, const char *help, double x) {
    family(out, name, type, help);
    number(out, name, NULL, NULL, x);
}

// ---- intake and follower

static void write_latencies(ls_buffer *out, const ls_intake_figures *figures) {
    family(out, "signal_seconds", "histogram",
           "From a message heard to history kept and twin updated.");
    uint64_t below = 0;
    for (int i = 0; i < LS_INTAKE_BUCKETS; i++) {
        below += figures->buckets[i];
        const double bound = ls_intake_bucket_bound(i);
        char text[32] = "+Inf";
        if (isfinite(bound)) {
            ls_text_format(text, sizeof text, "%.9g", bound);
        }
        number(out, "signal_seconds_bucket", "le", text, (double)below);
    }
    number(out, "signal_seconds_sum", NULL, NULL, figures->seconds);
    number(out, "signal_seconds_count", NULL, NULL, (double)below);
}

static void write_intake(ls_buffer *out, const ls_intake_figures *figures) {
    single(out, "samples_total", "counter", "Samples taken.", (double)figures->samples);
    single(out, "batches_total", "counter", "Messages taken.", (double)figures->batches);
    single(out, "refused_total", "counter", "Messages that the history did not take.",
           (double)figures->refused);
    single(out, "historical_total", "counter",
           "Samples sent late on purpose, kept but not followed.", (double)figures->historical);
    write_latencies(out, figures);
}

static const char *const divergence_names[LS_DIVERGE_KIND_COUNT] = {
    "inferred", "contradicted", "unknown", "late", "clock",
};

static void write_follow(ls_buffer *out, const ls_follow_figures *figures, double certainty) {
    family(out, "divergences_total", "counter", "Where line and twin did not agree, by kind.");
    for (int i = 0; i < LS_DIVERGE_KIND_COUNT; i++) {
        number(out, "divergences_total", "kind", divergence_names[i],
               (double)figures->divergences[i]);
    }
    single(out, "signals_total", "counter", "Signals that the twin heard.", (double)figures->heard);
    single(out, "signals_doubled_total", "counter", "Signals heard twice.",
           (double)figures->doubled);
    single(out, "signals_reordered_total", "counter", "Signals put back into their order.",
           (double)figures->reordered);
    single(out, "lots_released_total", "counter", "Lots that came in.", (double)figures->released);
    single(out, "lots_done_total", "counter", "Lots that left done.", (double)figures->done);
    single(out, "lots_scrapped_total", "counter", "Lots that left as scrap.",
           (double)figures->scrapped);
    single(out, "lots", "gauge", "Lots in the plant.", figures->lots);
    single(out, "lots_inferred", "gauge", "Of these, lots whose place is inferred.",
           figures->lots_inferred);
    single(out, "machines_stale", "gauge", "Machines that have gone silent.",
           figures->machines_stale);
    single(out, "machines_unheard", "gauge", "Machines that have not spoken yet.",
           figures->machines_unheard);
    single(out, "certainty_ratio", "gauge", "Share of the present that was heard.", certainty);
    single(out, "line_time_seconds", "gauge", "The line's clock, from the plant's time zero.",
           (double)figures->now_us * 1e-6);
}

// ---- history and sources

static void write_history(ls_buffer *out, const ls_history_figures *figures) {
    single(out, "history_tags", "gauge", "Tags known.", (double)figures->tags);
    single(out, "history_samples", "gauge", "Samples kept.", (double)figures->samples);
    single(out, "history_block_bytes", "gauge", "Bytes of packed blocks.",
           (double)figures->block_bytes);
    single(out, "history_log_bytes", "gauge", "Bytes of the log not yet in blocks.",
           (double)figures->log_bytes);
    single(out, "history_database_bytes", "gauge", "Bytes of the database.",
           (double)figures->database_bytes);
    single(out, "history_appended_total", "counter", "Samples appended.",
           (double)figures->appended);
    single(out, "history_duplicates_total", "counter", "Samples that were there already.",
           (double)figures->duplicates);
    single(out, "history_late_total", "counter", "Samples older than their predecessors.",
           (double)figures->late);
    single(out, "history_failed_writes_total", "counter", "Writes to the store that failed.",
           (double)figures->failed_writes);
    single(out, "history_away", "gauge", "1 while the store does not take writes.",
           figures->store_away ? 1.0 : 0.0);
}

typedef struct source_counter {
    const char *name, *type, *help;
    size_t at;
} source_counter;

static const source_counter source_counters[] = {
    {"source_messages_total", "counter", "Messages heard.", offsetof(ls_driver_figures, messages)},
    {"source_samples_total", "counter", "Samples in them.", offsetof(ls_driver_figures, samples)},
    {"source_bytes_total", "counter", "Bytes of payload.", offsetof(ls_driver_figures, bytes)},
    {"source_refused_total", "counter", "Messages or values that could not be read.",
     offsetof(ls_driver_figures, refused)},
    {"source_gaps_total", "counter", "Gaps seen.", offsetof(ls_driver_figures, gaps)},
    {"source_missing_total", "counter", "Messages missing in them.",
     offsetof(ls_driver_figures, missing)},
    {"source_duplicates_total", "counter", "Messages heard twice.",
     offsetof(ls_driver_figures, duplicates)},
    {"source_reordered_total", "counter", "Messages put back into their order.",
     offsetof(ls_driver_figures, reordered)},
    {"source_connects_total", "counter", "Connections made.",
     offsetof(ls_driver_figures, connects)},
    {"source_rebirths_total", "counter", "Times everything was asked for again.",
     offsetof(ls_driver_figures, rebirths)},
};

static void write_sources(ls_buffer *out, const ls_sources *sources) {
    ls_driver_figures figures[LS_SOURCES_MAX];
    for (uint32_t i = 0; i < sources->count; i++) {
        memset(figures + i, 0, sizeof figures[i]);
        sources->of[i].ops->figures(sources->of[i].driver, figures + i);
    }
    for (size_t k = 0; k < sizeof source_counters / sizeof source_counters[0]; k++) {
        const source_counter *counter = source_counters + k;
        family(out, counter->name, counter->type, counter->help);
        for (uint32_t i = 0; i < sources->count; i++) {
            uint64_t value;
            memcpy(&value, (const char *)(figures + i) + counter->at, sizeof value);
            number(out, counter->name, "source", sources->of[i].source->name, (double)value);
        }
    }
    family(out, "source_connected", "gauge", "1 while connected.");
    for (uint32_t i = 0; i < sources->count; i++) {
        number(out, "source_connected", "source", sources->of[i].source->name,
               figures[i].connected ? 1.0 : 0.0);
    }
    family(out, "source_skew_seconds", "gauge", "The source's clock minus ours.");
    for (uint32_t i = 0; i < sources->count; i++) {
        number(out, "source_skew_seconds", "source", sources->of[i].source->name,
               (double)figures[i].skew_us * 1e-6);
    }
}

// ---- watch and desk

static void write_watch(ls_buffer *out, const ls_watch_figures *figures) {
    single(out, "facts_total", "counter", "Facts that the line has shown.", (double)figures->facts);
    single(out, "drifts_total", "counter", "Alarms: the line is not what its plant file says.",
           (double)figures->drifts);
    single(out, "forecasts_total", "counter", "Forecasts made.", (double)figures->forecasts);
    single(out, "forecasts_scored_total", "counter", "Of these, set beside what happened.",
           (double)figures->scored);
    if (figures->scored > 0) {
        single(out, "forecast_crps_lots", "gauge", "Mean CRPS of the output within an hour.",
               figures->crps_output);
        single(out, "forecast_coverage_ratio", "gauge", "Share within the 90 % interval.",
               figures->coverage_output);
    }
}

static void write_desk(ls_buffer *out, const ls_orders_figures *figures) {
    single(out, "orders_total", "counter", "Orders taken.", (double)figures->taken);
    single(out, "orders_set_aside_total", "counter", "Orders set aside.",
           (double)figures->set_aside);
    single(out, "notes_total", "counter", "Notes of people taken.", (double)figures->notes);
}

// ---- decisions

static void write_decisions(ls_buffer *out, const ls_decisions_figures *f) {
    single(out, "decisions_total", "counter", "Answers to questions of what to do.",
           (double)f->asked);
    single(out, "decision_futures_total", "counter", "Futures run for them.", (double)f->futures);
    single(out, "decisions_late_total", "counter", "Answers after their deadline, not sent.",
           (double)f->late);
    single(out, "commands_sent_total", "counter", "Commands that the guard sent to the line.",
           (double)f->sent);
    single(out, "commands_refused_total", "counter", "Commands that were refused.",
           (double)f->refused);
    single(out, "decisions_not_kept_total", "counter", "Rows that the history did not take.",
           (double)f->not_kept);
    single(out, "decisions_open", "gauge", "Proposals that wait for a person.", (double)f->open);
    single(out, "guard_there", "gauge", "1 while the guard can write to the line.",
           f->guard ? 1.0 : 0.0);
    if (f->asked > 0) {
        single(out, "decision_futures_per_second", "gauge", "Futures in a second of search.",
               f->futures_per_s);
        single(out, "decision_deadline_held_ratio", "gauge", "Share of answers in time.", f->held);
        family(out, "decision_seconds", "gauge", "From event to row, rounded up.");
        number(out, "decision_seconds", "quantile", "0.5", f->used_50_s);
        number(out, "decision_seconds", "quantile", "0.99", f->used_99_s);
    }
    if (isfinite(f->wire_held)) {
        single(out, "command_deadline_held_ratio", "gauge",
               "Share of commands of mode auto on the wire in time.", f->wire_held);
        family(out, "command_seconds", "gauge", "From event to command on the wire, rounded up.");
        number(out, "command_seconds", "quantile", "0.5", f->wire_50_s);
        number(out, "command_seconds", "quantile", "0.99", f->wire_99_s);
        number(out, "command_seconds", "quantile", "0.999", f->wire_999_s);
    }
}

// ---- models

typedef struct model_figure {
    const char *name, *type, *help;
    double (*of)(const ls_model_figures *f);
} model_figure;

#define OF(name, expression)                        \
    static double name(const ls_model_figures *f) { \
        return (double)(expression);                \
    }
OF(of_serving, f->serving)
OF(of_predictions, f->predictions)
OF(of_unusual, f->unusual)
OF(of_swaps, f->swaps)
OF(of_refused, f->refused)
OF(of_scored, f->scored)
OF(of_misses, f->misses)
OF(of_never, f->never)
OF(of_skipped, f->skipped)
OF(of_late, f->late)
OF(of_not_kept, f->not_kept)
OF(of_pending, f->pending)
OF(of_silent, f->silent)
OF(of_slow, f->slow || f->challenger_slow)
OF(of_coverage, f->coverage)
OF(of_rmse, f->rmse)
OF(of_p99, f->p99_us * 1e-6)
OF(of_seconds, f->seconds)
OF(of_timed, f->timed)
#undef OF

static const model_figure model_figures[] = {
    {"model_version", "gauge", "The version that serves; 0: none.", of_serving},
    {"model_predictions_total", "counter", "Predictions.", of_predictions},
    {"model_unusual_total", "counter", "Of rows unlike those of the training.", of_unusual},
    {"model_swaps_total", "counter", "Times that another version began to serve.", of_swaps},
    {"model_refused_total", "counter", "Versions that may not serve.", of_refused},
    {"model_scored_total", "counter", "Predictions set beside their truth.", of_scored},
    {"model_misses_total", "counter", "Of these, outside of their interval.", of_misses},
    {"model_unlabelled_total", "counter", "Predictions whose truth never came.", of_never},
    {"model_skipped_total", "counter", "Moments left out after a gap.", of_skipped},
    {"model_late_total", "counter", "Samples that came after their moment.", of_late},
    {"model_not_kept_total", "counter", "Values that the history did not take.", of_not_kept},
    {"model_pending", "gauge", "Predictions that wait for their truth.", of_pending},
    {"model_silent_units", "gauge", "Units of which no tag has a value.", of_silent},
    {"model_slow", "gauge", "1 while champion or challenger is slower than its gate.", of_slow},
    {"model_coverage_ratio", "gauge", "Rolling share inside of the intervals.", of_coverage},
    {"model_rmse", "gauge", "Rolling error, root mean square, in units of the label.", of_rmse},
    {"model_prediction_p99_seconds", "gauge", "99th percentile, features included.", of_p99},
};

static void write_models(ls_buffer *out, ls_models *models) {
    const uint32_t count = ls_models_count(models);
    ls_model_figures *all = ls_alloc(count * sizeof *all);
    for (uint32_t i = 0; all != NULL && i < count; i++) {
        all[i] = ls_models_describe(models, i);
    }
    for (size_t k = 0; all != NULL && k < sizeof model_figures / sizeof *model_figures; k++) {
        const model_figure *figure = model_figures + k;
        family(out, figure->name, figure->type, figure->help);
        for (uint32_t i = 0; i < count; i++) {
            const double value = figure->of(&all[i]);
            if (isfinite(value)) {
                number(out, figure->name, "model", all[i].name, value);
            }
        }
    }
    if (all != NULL) {
        family(out, "model_prediction_seconds", "summary",
               "Time of one prediction, features included.");
    }
    for (uint32_t i = 0; all != NULL && i < count; i++) {
        number(out, "model_prediction_seconds_sum", "model", all[i].name, of_seconds(&all[i]));
        number(out, "model_prediction_seconds_count", "model", all[i].name, of_timed(&all[i]));
    }
    ls_free(all);
}

// ---- the process

// Resident bytes of a process; 0 where it cannot be read.
static double resident_bytes(int pid) {
    char path[48];
    char text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0.0;
    }
    long long pages = 0;
    if (fgets(text, sizeof text, file) == NULL || sscanf(text, "%*s %lld", &pages) != 1) {
        pages = 0;
    }
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void write_process(ls_buffer *out, const ls_metrics_of *of) {
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    getrusage(RUSAGE_SELF, &usage);
    const double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    single(out, "process_cpu_seconds_total", "counter", "Processor time used.", seconds);
    single(out, "process_resident_bytes", "gauge", "Memory in use.", resident_bytes(getpid()));
    if (of->broker_pid > 0) {
        single(out, "broker_pid", "gauge", "Process of the embedded broker.", of->broker_pid);
        single(out, "broker_resident_bytes", "gauge", "Memory of the embedded broker.",
               resident_bytes(of->broker_pid));
    }
    family(out, "build_info", "gauge", "Always 1; the label says what runs.");
    number(out, "build_info", "version", of->version, 1.0);
}

void ls_metrics_write(const ls_metrics_of *of, ls_buffer *out) {
    ls_follow_figures follow = {0};
    double certainty = 0.0;
    pthread_mutex_lock(&of->intake->lock);
    const ls_intake_figures figures = of->intake->figures;
    if (of->intake->running.follow != NULL) {
        follow = ls_follow_describe(of->intake->running.follow);
        certainty = ls_follow_certainty(of->intake->running.follow);
    }
    pthread_mutex_unlock(&of->intake->lock);
    write_intake(out, &figures);
    write_follow(out, &follow, certainty);
    ls_history_figures history;
    if (of->intake->history != NULL &&
        ls_history_describe(of->intake->history, &history, NULL) == LS_OK) {
        write_history(out, &history);
    }
    write_sources(out, of->sources);
    if (of->watch != NULL) {
        const ls_watch_figures watch = ls_watch_describe(of->watch);
        write_watch(out, &watch);
    }
    if (of->desk != NULL) {
        const ls_orders_figures desk = ls_desk_describe(of->desk);
        write_desk(out, &desk);
    }
    if (of->decisions != NULL) {
        const ls_decisions_figures decisions = ls_decisions_describe(of->decisions);
        write_decisions(out, &decisions);
    }
    if (of->models != NULL) {
        write_models(out, of->models);
    }
    single(out, "events_total", "counter", "Events written to the journal.", (double)of->events);
    write_process(out, of);
}
