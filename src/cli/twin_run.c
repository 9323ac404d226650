// twin_run.c - `lineshaft twin run`: what comes out of a plant, and what holds it back.
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/twin_session.h"

static const ls_option *const tables[] = {ls_run_options, ls_from_options, ls_format_options,
                                          ls_output_options, NULL};

// The exit code of a run whose result was delivered.
static int judge(const ls_report *report) {
    if (report->stopped) {
        if (report->facts.partial) {
            ls_note("stopped within the first replication");
        } else {
            ls_note("stopped after %lld of %lld replications", (long long)report->facts.reps,
                    (long long)report->reps_planned);
        }
        return LS_EXIT_STOPPED;
    }
    if (report->until_ci > 0.0 && !report->facts.reached_ci) {
        ls_warn("%lld replications were not enough for --until-ci; --reps-max allows more",
                (long long)report->facts.reps);
        return LS_EXIT_NO;
    }
    return LS_EXIT_DONE;
}

static int run_and_report(ls_session *session, const ls_options *options) {
    ls_run_def def;
    int code = ls_session_define(session, options, &def);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_twin_result *result = NULL;
    bool stopped = false;
    code = ls_session_run(session, &def, &result, &stopped);
    if (code == LS_EXIT_DONE) {
        const int64_t shown = ls_options_get(options, "stations")->number;
        const ls_report report = ls_report_make(session, &def, result, stopped, shown);
        code = ls_report_deliver(&report, options);
        code = code == LS_EXIT_DONE ? judge(&report) : code;
    }
    ls_twin_result_destroy(result);
    return code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    if (ls_run_options_check(options, &err) != LS_OK ||
        ls_options_exclude(options, "json", "csv", &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_twin_run.name);
    }
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_session session;
    int code = ls_session_open(&session, options->arguments[0]);
    if (code == LS_EXIT_DONE) {
        code = run_and_report(&session, options);
    }
    ls_session_close(&session);
    return code;
}

const ls_cli_command ls_command_twin_run = {
    .name = "twin run",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Runs a plant and says what comes out of it and what holds it back.",
    .example = "lineshaft twin run plant.yaml --for 90d --reps 10",
    .examples =
        "lineshaft twin run plant.yaml --for 52w --until-ci 1%\n"
        "lineshaft twin run plant.yaml --json -o result.json\n"
        "lineshaft twin run plant.yaml --from monday.snapshot --for 7d --reps 200\n",
    .detail =
        "The same plant, seed and options give the same result and the same hash on any "
        "number of workers. Ctrl-C stops the run and prints what is known by then; a second "
        "one ends it at once.\n",
    .tables = tables,
    .run = run,
};
