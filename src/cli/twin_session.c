// twin_session.c - see twin_session.h.
#include "cli/twin_session.h"

#include <assert.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "import/plant_file.h"
#include "plant/check.h"

const ls_option ls_run_options[] = {
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "what the plant file says, else 30 d",
     .about = "how long is measured, after the warm-up",
     .detail = "Units: s, min, h, d, w"},
    {.name = "warmup",
     .kind = LS_OPTION_TIME,
     .argument = "auto|TIME",
     .word = "auto",
     .says = "what the plant file says, else auto",
     .about = "time that is run first and not measured",
     .detail = "auto finds it from pilot runs (MSER-5)"},
    {.name = "reps",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000000,
     .says = "what the plant file says, else 10",
     .about = "replications, each with random streams of its own",
     .detail = "One replication gives intervals from batch means"},
    {.name = "until-ci",
     .kind = LS_OPTION_SHARE,
     .argument = "SHARE",
     .about = "replications until the interval of the watched figure is as narrow as this",
     .detail = "SHARE is the half width beside the mean, as 1%. At most --reps-max of them"},
    {.name = "watch",
     .kind = LS_OPTION_TEXT,
     .argument = "FIGURE",
     .says = "the mean cycle time",
     .about = "the figure that --until-ci watches",
     .detail = "Of all lots together; names as in --json"},
    {.name = "reps-max",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 2,
     .most = 1000000,
     .initial = "1000",
     .about = "most replications of --until-ci"},
    {.name = "level",
     .kind = LS_OPTION_SHARE,
     .argument = "SHARE",
     .initial = "95%",
     .about = "confidence of the intervals"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_MAX,
     .says = "what the plant file says, else 1",
     .about = "the same seed gives the same result, whatever the workers"},
    {.name = "workers",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1024,
     .initial = "0",
     .about = "threads that run replications",
     .detail = "0: as many as there are processors"},
    {0},
};

const ls_option ls_from_options[] = {
    {.name = "from",
     .kind = LS_OPTION_TEXT,
     .reads = true,
     .argument = "SNAPSHOT",
     .says = "the plant at time zero",
     .about = "run on from a snapshot of 'lineshaft twin fork'",
     .detail = "Every replication is another future of that one moment, without a warm-up unless "
               "--warmup asks for one"},
    {0},
};

const ls_option ls_format_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one object with everything"},
    {.name = "csv",
     .kind = LS_OPTION_FLAG,
     .about = "one line per figure and replication",
     .detail = "Columns scope, name, figure, unit, replication (from 0), value"},
    {.name = "stations",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1000000,
     .initial = "20",
     .about = "how many stations the table shows, the most used first",
     .detail = "--json and --csv have all of them"},
    {0},
};

int ls_session_open(ls_session *session, const char *path) {
    memset(session, 0, sizeof *session);
    session->path = path;
    ls_errors_init(&session->notes);
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    ls_error err = {0};
    int code = LS_EXIT_DONE;
    if (ls_plant_file_read(path, &plant, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
    } else if (ls_plant_notes(plant, &session->notes) != LS_OK) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory while checking the plant");
        code = ls_complain(&err);
    } else if (ls_twin_create(plant, &session->twin, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        session->info = ls_twin_describe(session->twin);
        for (size_t i = 0; i < session->notes.count; i++) {
            ls_warn_of(&session->notes.items[i]);
        }
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return code;
}

void ls_session_close(ls_session *session) {
    ls_snapshot_destroy(session->from);
    ls_twin_destroy(session->twin);
    ls_errors_clear(&session->notes);
    memset(session, 0, sizeof *session);
}

static ls_status find_figure(const char *name, ls_figure *out, ls_error *err) {
    const char *names[LS_FIG_CLASS_COUNT];
    for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
        names[f] = ls_figure_describe((ls_figure)f).name;
        if (strcmp(names[f], name) == 0) {
            *out = (ls_figure)f;
            return LS_OK;
        }
    }
    ls_fail(err, LS_ERR_INVALID, "option '--watch': unknown figure '%s'", name);
    const char *nearest = ls_text_nearest(name, names, LS_FIG_CLASS_COUNT);
    ls_hint(err,
            nearest != NULL ? "did you mean '%s'?" : "as '%s'; 'twin run --json' shows them all",
            nearest != NULL ? nearest : names[LS_FIG_CYCLE_MEAN]);
    return LS_ERR_INVALID;
}

ls_status ls_run_options_check(const ls_options *options, ls_error *err) {
    const ls_option_value *measured = ls_options_get(options, "for");
    const ls_option_value *until = ls_options_get(options, "until-ci");
    const ls_option_value *watch = ls_options_get(options, "watch");
    const double level = ls_options_get(options, "level")->share;
    ls_figure figure = LS_FIG_CYCLE_MEAN;
    if (measured->given && measured->number == 0) {
        return ls_fail(err, LS_ERR_INVALID, "option '--for': must be over 0");
    }
    if (until->given && !(until->share > 0.0)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--until-ci': must be over 0");
    }
    if (!(level > 0.0 && level < 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--level': must be over 0 and below 100 %%");
    }
    const ls_status status = watch->given ? find_figure(watch->text, &figure, err) : LS_OK;
    return status == LS_OK ? ls_options_exclude(options, "reps", "until-ci", err) : status;
}

static void define_replications(const ls_options *options, ls_run_def *def) {
    const ls_option_value *reps = ls_options_get(options, "reps");
    const ls_option_value *until = ls_options_get(options, "until-ci");
    const ls_option_value *watch = ls_options_get(options, "watch");
    if (watch->given) {
        const ls_status status = find_figure(watch->text, &def->watched, NULL);
        assert(status == LS_OK);
        (void)status;
    }
    def->reps = reps->given ? reps->number : def->reps;
    def->until_ci = until->given ? until->share : 0.0;
    def->reps_max = ls_options_get(options, "reps-max")->number;
    def->level = ls_options_get(options, "level")->share;
}

static void define_times(const ls_session *session, const ls_options *options, ls_run_def *def) {
    const ls_option_value *measured = ls_options_get(options, "for");
    const ls_option_value *warmup = ls_options_get(options, "warmup");
    def->for_us = measured->given ? measured->number : def->for_us;
    // Whoever starts from a moment wants to see what follows it, not what is usual.
    def->warmup_us = warmup->given ? warmup->number : (session->from != NULL ? 0 : def->warmup_us);
}

static ls_status load_snapshot(ls_session *session, const char *path, ls_error *err) {
    ls_arena arena;
    ls_arena_init(&arena);
    char *bytes = NULL;
    size_t size = 0;
    ls_status status = ls_file_read(path, SIZE_MAX / 8, &arena, &bytes, &size, err);
    if (status == LS_OK) {
        status = ls_snapshot_load(session->twin, bytes, size, &session->from, err);
        if (status != LS_OK && err->file[0] == '\0') {
            ls_error with_file = *err;
            ls_fail_at(&with_file, status, path, 0, 0, "%s", err->text);
            ls_hint(&with_file, "%s", err->hint);
            *err = with_file;
        }
    }
    ls_arena_clear(&arena);
    return status;
}

static bool has_option(const ls_options *options, const char *name) {
    for (int i = 0; i < options->count; i++) {
        if (strcmp(options->options[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

int ls_session_define(ls_session *session, const ls_options *options, ls_run_def *out) {
    ls_error err = {0};
    if (has_option(options, "from") && ls_options_get(options, "from")->given &&
        load_snapshot(session, ls_options_get(options, "from")->text, &err) != LS_OK) {
        return ls_complain(&err);
    }
    *out = ls_run_def_default(session->twin);
    const ls_option_value *seed = ls_options_get(options, "seed");
    out->seed = seed->given ? (uint64_t)seed->number : out->seed;
    out->workers = (int)ls_options_get(options, "workers")->number;
    out->from = session->from;
    define_times(session, options, out);
    define_replications(options, out);
    return LS_EXIT_DONE;
}

// What stops a run that was asked for rightly: the answer of the model is no.
static int complain_run(const ls_error *err) {
    const int code = ls_complain(err);
    const bool answer = err->status == LS_ERR_LIMIT || err->status == LS_ERR_STUCK;
    return answer ? LS_EXIT_NO : code;
}

int ls_session_run(const ls_session *session, const ls_run_def *def, ls_twin_result **out,
                   bool *out_stopped) {
    ls_progress progress;
    ls_progress_init(&progress);
    ls_interrupt_watch();
    ls_run_def watched = *def;
    watched.progress = ls_progress_callback;
    watched.progress_context = &progress;
    watched.stop = ls_interrupt_flag();
    ls_error err = {0};
    *out = NULL;
    const ls_status status = ls_twin_run(session->twin, &watched, out, &err);
    ls_progress_finish(&progress, *out != NULL ? ls_twin_result_facts(*out).events : 0);
    *out_stopped = status == LS_ERR_STOPPED;
    if (*out != NULL) {
        assert(status == LS_OK || status == LS_ERR_STOPPED);
        return LS_EXIT_DONE;
    }
    if (status == LS_ERR_STOPPED) {
        ls_note("stopped before the first replication was done: nothing is known yet");
        return LS_EXIT_STOPPED;
    }
    return complain_run(&err);
}
