// twin_fork.c - `lineshaft twin fork`: a running plant at one moment, saved to run on from.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/shell_word.h"
#include "cli/twin_session.h"
#include "ls_build.h"

enum { PATH_SIZE = 4096, EVENTS_AT_ONCE = 100000, TEXT_SIZE = 64 };

static const ls_option own_options[] = {
    {.name = "at",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .about = "the moment, counted from the plant's time zero (needed)"},
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "the plant file's name with .snapshot, in this folder",
     .about = "where to save the snapshot",
     .detail = "It appears whole or not at all"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace a file that is there"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_MAX,
     .says = "what the plant file says, else 1",
     .about = "the random numbers up to that moment, and those of the futures"},
    {.name = "then",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .about = "also run futures of that moment, each this long, and report on them"},
    {.name = "futures",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000000,
     .initial = "20",
     .about = "how many of them"},
    {.name = "level",
     .kind = LS_OPTION_SHARE,
     .argument = "SHARE",
     .initial = "95%",
     .about = "confidence of the intervals"},
    {.name = "workers",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1024,
     .initial = "0",
     .about = "threads that run futures",
     .detail = "0: as many as there are processors"},
    {.name = "stations",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1000000,
     .initial = "20",
     .about = "how many stations the table of the futures shows"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "what was saved, as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

// "plants/minifab.yaml" becomes "minifab.snapshot".
static void name_output(const ls_options *options, char *path, size_t size) {
    const ls_option_value *given = ls_options_get(options, "output");
    if (given->given) {
        snprintf(path, size, "%s", given->text);
        return;
    }
    const char *plant = options->arguments[0];
    const char *slash = strrchr(plant, '/');
    const char *name = slash != NULL ? slash + 1 : plant;
    const char *dot = strrchr(name, '.');
    const int length = (int)(dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
    snprintf(path, size, "%.*s.snapshot", length, name);
}

// Runs to the moment in pieces, so that progress can be drawn and Ctrl-C heard between them.
static ls_status run_to(const ls_session *session, ls_snapshot *snapshot, int64_t at_us,
                        ls_error *err) {
    ls_progress progress;
    ls_progress_init(&progress);
    ls_status status = LS_OK;
    uint64_t done = EVENTS_AT_ONCE;
    while (status == LS_OK && done == EVENTS_AT_ONCE) {
        if (ls_interrupt_came()) {
            status = ls_fail(err, LS_ERR_STOPPED,
                             "stopped before the moment was reached; nothing "
                             "was saved");
            break;
        }
        status = ls_snapshot_step(session->twin, snapshot, at_us, EVENTS_AT_ONCE, &done, err);
        const double share = at_us > 0 ? (double)ls_snapshot_now(snapshot) / (double)at_us : 1.0;
        const ls_twin_progress now = {
            .share = share, .events = ls_snapshot_events(snapshot), .replications_planned = 1};
        ls_progress_update(&progress, &now);
    }
    ls_progress_finish(&progress, ls_snapshot_events(snapshot));
    return status;
}

static int make_snapshot(const ls_session *session, uint64_t seed, int64_t at_us,
                         ls_snapshot **out) {
    ls_error err = {0};
    ls_interrupt_watch();
    ls_status status = ls_snapshot_create(session->twin, seed, 0, out, &err);
    if (status == LS_OK) {
        status = run_to(session, *out, at_us, &err);
    }
    if (status == LS_OK) {
        return LS_EXIT_DONE;
    }
    if (status == LS_ERR_STOPPED) {
        ls_note("%s", err.text);
        return LS_EXIT_STOPPED;
    }
    const int code = ls_complain(&err);
    return status == LS_ERR_LIMIT ? LS_EXIT_NO : code;
}

static int save(const ls_snapshot *snapshot, const char *path) {
    ls_error err = {0};
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(snapshot, &size);
    return ls_file_write(path, bytes, size, &err) == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static void put_text(const ls_session *session, const ls_snapshot *snapshot, const char *path,
                     ls_buffer *out) {
    char at[TEXT_SIZE];
    size_t size = 0;
    ls_snapshot_bytes(snapshot, &size);
    ls_units_print_time(ls_snapshot_now(snapshot), at, sizeof at);
    ls_buffer_printf(out,
                     "%s at %s: %u lot%s inside, %llu events so far\n"
                     "saved to %s, %zu bytes, hash %016llx\n"
                     "run on with: lineshaft twin run ",
                     session->info.name, at, ls_snapshot_lots(snapshot),
                     ls_snapshot_lots(snapshot) == 1 ? "" : "s",
                     (unsigned long long)ls_snapshot_events(snapshot), path, size,
                     (unsigned long long)ls_snapshot_hash(snapshot));
    ls_put_shell_word(out, session->path);
    ls_buffer_text(out, " --from ");
    ls_put_shell_word(out, path);
    ls_buffer_text(out, " --for 7d\n");
}

static void put_json(const ls_session *session, const ls_snapshot *snapshot, const char *path,
                     ls_buffer *out) {
    size_t size = 0;
    ls_snapshot_bytes(snapshot, &size);
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("twin-fork/1"));
    json_object_set_new(object, "plant", json_string(session->info.name));
    json_object_set_new(object, "file", ls_json_text(session->path));
    json_object_set_new(object, "snapshot", ls_json_text(path));
    json_object_set_new(object, "bytes", json_integer((json_int_t)size));
    json_object_set_new(object, "at_s", ls_json_number((double)ls_snapshot_now(snapshot) / 1e6));
    json_object_set_new(object, "lots", json_integer(ls_snapshot_lots(snapshot)));
    json_object_set_new(object, "events", json_integer((json_int_t)ls_snapshot_events(snapshot)));
    json_object_set_new(object, "hash", ls_json_hex(ls_snapshot_hash(snapshot)));
    ls_json_print(object, out);
}

static int run_futures(ls_session *session, const ls_options *options, uint64_t seed) {
    ls_run_def def = ls_run_def_default(session->twin);
    def.for_us = ls_options_get(options, "then")->number;
    def.warmup_us = 0;
    def.reps = ls_options_get(options, "futures")->number;
    def.level = ls_options_get(options, "level")->share;
    def.workers = (int)ls_options_get(options, "workers")->number;
    def.seed = seed;
    def.from = session->from;
    ls_twin_result *result = NULL;
    bool stopped = false;
    int code = ls_session_run(session, &def, &result, &stopped);
    if (code == LS_EXIT_DONE) {
        const int64_t shown = ls_options_get(options, "stations")->number;
        const ls_report report = ls_report_make(session, &def, result, stopped, shown);
        ls_buffer out;
        ls_buffer_init(&out);
        ls_buffer_text(&out, "\n");
        ls_report_text(&report, &out);
        code = ls_output_print(&out);
        ls_buffer_clear(&out);
        code = code == LS_EXIT_DONE && stopped ? LS_EXIT_STOPPED : code;
    }
    ls_twin_result_destroy(result);
    return code;
}

static int fork_and_report(ls_session *session, const ls_options *options, const char *path) {
    const ls_option_value *given = ls_options_get(options, "seed");
    const uint64_t seed = given->given ? (uint64_t)given->number : session->info.run_seed;
    int code = make_snapshot(session, seed, ls_options_get(options, "at")->number, &session->from);
    if (code == LS_EXIT_DONE) {
        code = save(session->from, path);
    }
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        put_json(session, session->from, path, &out);
    } else {
        put_text(session, session->from, path, &out);
    }
    code = ls_output_print(&out);
    ls_buffer_clear(&out);
    const bool then = ls_options_get(options, "then")->given;
    return code == LS_EXIT_DONE && then ? run_futures(session, options, seed) : code;
}

static ls_status check_options(const ls_options *options, ls_error *err) {
    const ls_option_value *level = ls_options_get(options, "level");
    const ls_option_value *then = ls_options_get(options, "then");
    if (!ls_options_get(options, "at")->given) {
        return ls_fail(err, LS_ERR_INVALID, "'--at TIME' is missing: the moment to save");
    }
    if (!(level->share > 0.0 && level->share < 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--level': must be over 0 and below 100 %%");
    }
    if (then->given && then->number == 0) {
        return ls_fail(err, LS_ERR_INVALID, "option '--then': must be over 0");
    }
    return ls_options_exclude(options, "json", "then", err);
}

static int run(const ls_options *options) {
    ls_error err = {0};
    char path[PATH_SIZE];
    if (check_options(options, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_twin_fork.name);
    }
    name_output(options, path, sizeof path);
    if (ls_output_check_inputs(path, options, &err) != LS_OK ||
        ls_output_check(path, ls_options_get(options, "force")->given, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_session session;
    int code = ls_session_open(&session, options->arguments[0]);
    if (code == LS_EXIT_DONE) {
        code = fork_and_report(&session, options, path);
    }
    ls_session_close(&session);
    return code;
}

const ls_cli_command ls_command_twin_fork = {
    .name = "twin fork",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Runs a plant to one moment and saves it there, to be run on from.",
    .example = "lineshaft twin fork plant.yaml --at 10d -o monday.snapshot",
    .examples =
        "lineshaft twin fork plant.yaml --at 10d --then 7d --futures 200\n"
        "lineshaft twin run plant.yaml --from monday.snapshot --for 7d\n",
    .detail =
        "A future keeps what could be seen in the plant at that moment and draws anew what "
        "nobody could know: when running work ends, what fails next, what comes next. A "
        "snapshot belongs to its plant file and its version of lineshaft; others refuse it.\n",
    .tables = tables,
    .run = run,
};
