// twin_compare.c - `lineshaft twin compare`: plants under the same luck, and what really differs.
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/csv_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/twin_difference.h"
#include "ls_build.h"

enum { PLANTS_MAX = 16 };

static const ls_option own_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one object with every figure"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .about = "one line per figure"},
    {0},
};
static const ls_option *const tables[] = {ls_run_options, own_options, ls_output_options, NULL};

typedef struct comparison_run {
    ls_compared plants[PLANTS_MAX];
    int count;
    double level;
    int64_t reps;
    bool stopped;
} comparison_run;

static int run_one(comparison_run *comparison, const ls_options *options, int at) {
    ls_compared *one = &comparison->plants[at];
    ls_run_def def;
    int code = ls_session_define(&one->session, options, &def);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (at > 0) {
        // Paired: whatever the other plant's file says, it gets the luck and the time of the base.
        const ls_twin_facts base = ls_twin_result_facts(comparison->plants[0].result);
        def.reps = base.reps;
        def.until_ci = 0.0;
        def.seed = base.seed;
        def.for_us = base.for_us;
        def.warmup_us = base.warmup_automatic ? -1 : base.warmup_us;
    }
    bool stopped = false;
    code = ls_session_run(&one->session, &def, &one->result, &stopped);
    comparison->stopped = comparison->stopped || stopped;
    comparison->level = def.level;
    return code == LS_EXIT_DONE && stopped ? LS_EXIT_STOPPED : code;
}

// A plant that was stopped has fewer replications than the base: it cannot be paired, so it is left
// out and the ones before it are shown.
static int run_all(comparison_run *comparison, const ls_options *options) {
    for (int i = 0; i < options->argument_count; i++) {
        const int code = ls_session_open(&comparison->plants[i].session, options->arguments[i]);
        if (code != LS_EXIT_DONE) {
            return code;
        }
    }
    for (int i = 0; i < options->argument_count; i++) {
        const int code = run_one(comparison, options, i);
        if (code != LS_EXIT_DONE) {
            return code;
        }
        comparison->count = i + 1;
    }
    return LS_EXIT_DONE;
}

static void put_text(const comparison_run *comparison, ls_buffer *out) {
    const ls_compared *base = &comparison->plants[0];
    const ls_twin_facts facts = ls_twin_result_facts(base->result);
    ls_buffer_printf(out,
                     "Beside %s, %lld replication%s with the same random numbers, seed %llu.\n"
                     "± is the half width of the %g %% interval; a difference counts when its "
                     "interval leaves out zero.\n",
                     base->session.path, (long long)facts.reps, facts.reps == 1 ? "" : "s",
                     (unsigned long long)facts.seed, 100.0 * comparison->level);
    for (int i = 1; i < comparison->count; i++) {
        ls_buffer_text(out, "\n");
        ls_difference_text(base, &comparison->plants[i], comparison->level, out);
    }
}

static void put_json(const comparison_run *comparison, ls_buffer *out) {
    const ls_compared *base = &comparison->plants[0];
    const ls_twin_facts facts = ls_twin_result_facts(base->result);
    json_t *others = json_array();
    for (int i = 1; i < comparison->count; i++) {
        json_array_append_new(others,
                              ls_difference_json(base, &comparison->plants[i], comparison->level));
    }
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("twin-compare/1"));
    json_object_set_new(object, "seed", json_integer((json_int_t)facts.seed));
    json_object_set_new(object, "reps", json_integer(facts.reps));
    json_object_set_new(object, "stopped", json_boolean(comparison->stopped));
    json_object_set_new(object, "for_s", ls_json_number((double)facts.for_us / 1e6));
    json_object_set_new(object, "level", ls_json_number(comparison->level));
    json_object_set_new(
        object, "base",
        json_pack("{s:s, s:o, s:o}", "plant", base->session.info.name, "file",
                  ls_json_text(base->session.path), "hash", ls_json_hex(facts.hash)));
    json_object_set_new(object, "others", others);
    ls_json_print(object, out);
}

static void put_csv(const comparison_run *comparison, ls_buffer *out) {
    ls_buffer_text(out,
                   "base,other,class,figure,unit,base_mean,other_mean,difference,half_width,"
                   "verdict\n");
    for (int i = 1; i < comparison->count; i++) {
        ls_difference_csv(&comparison->plants[0], &comparison->plants[i], comparison->level, out);
    }
}

static int deliver(const comparison_run *comparison, const ls_options *options) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        put_json(comparison, &out);
    } else if (ls_options_get(options, "csv")->given) {
        put_csv(comparison, &out);
    } else {
        put_text(comparison, &out);
    }
    const int code = ls_output_deliver(options, &out);
    ls_buffer_clear(&out);
    return code;
}

static int run_and_report(comparison_run *comparison, const ls_options *options) {
    const int code = run_all(comparison, options);
    if (code != LS_EXIT_DONE && code != LS_EXIT_STOPPED) {
        return code;
    }
    if (code == LS_EXIT_STOPPED) {
        ls_note("stopped: %d of %d plants were run to the end", comparison->count,
                options->argument_count);
    }
    const int delivered = comparison->count > 1 ? deliver(comparison, options) : LS_EXIT_DONE;
    return delivered != LS_EXIT_DONE ? delivered : code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    if (ls_run_options_check(options, &err) != LS_OK ||
        ls_options_exclude(options, "json", "csv", &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_twin_compare.name);
    }
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    comparison_run comparison;
    memset(&comparison, 0, sizeof comparison);
    const int code = run_and_report(&comparison, options);
    for (int i = 0; i < PLANTS_MAX; i++) {
        ls_twin_result_destroy(comparison.plants[i].result);
        ls_session_close(&comparison.plants[i].session);
    }
    return code;
}

const ls_cli_command ls_command_twin_compare = {
    .name = "twin compare",
    .arguments = "BASE PLANT...",
    .least = 2,
    .most = PLANTS_MAX,
    .about = "Runs plants on the same random numbers and says what really differs from the first.",
    .example = "lineshaft twin compare now.yaml third-machine.yaml --for 90d --reps 20",
    .examples = "lineshaft twin compare now.yaml a.yaml b.yaml --until-ci 1% --json\n",
    .detail =
        "What is not given here is as the first file says, for all; an automatic warm-up "
        "each plant has for itself. Classes are matched by name. Every machine and every fault has "
        "random numbers of its own, so "
        "what two plants share happens in both alike.\n",
    .tables = tables,
    .run = run,
};
