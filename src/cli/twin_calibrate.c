// twin_calibrate.c - `lineshaft twin calibrate`: a plant file against what its line has shown.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_hand.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/twin_calibrate.h"
#include "history/history.h"
#include "import/beside.h"
#include "import/plant_file.h"
#include "loop/replay_history.h"
#include "ls_build.h"
#include "twin/calibrate/edit.h"

enum { PATH_SIZE = 4096, DATE_SIZE = 48 };

static const ls_option own_options[] = {
    {.name = "from",
     .kind = LS_OPTION_TEXT,
     .reads = true,
     .argument = "HISTORY",
     .says = "the history of the plant's service",
     .about = "a folder with a history, or postgresql://..."},
    {.name = "since",
     .kind = LS_OPTION_TEXT,
     .argument = "WHEN",
     .says = "all there is",
     .about = "a date, or a span of time before the end: 2026-03-01, 14d"},
    {.name = "until", .kind = LS_OPTION_TEXT, .argument = "DATE", .about = "the same at the end"},
    {.name = "only",
     .kind = LS_OPTION_TEXT,
     .argument = "STATION",
     .about = "look at this station alone"},
    {.name = "all", .kind = LS_OPTION_FLAG, .about = "change also what is not significantly off"},
    {.name = "level",
     .kind = LS_OPTION_SHARE,
     .argument = "SHARE",
     .initial = "95%",
     .about = "confidence of the intervals"},
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "nothing is written",
     .about = "write the plant file with its new values here",
     .detail = "It appears whole or not at all"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace a file that is there"},
    {.name = "write", .kind = LS_OPTION_FLAG, .about = "write the new values into the plant file"},
    {.name = "dry-run",
     .kind = LS_OPTION_FLAG,
     .about = "only show what would change (so without --write and -o)"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the result as one object"},
    LS_POOL_HAND_OPTION,
    {.name = "result",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "write that object here as well, whole or not at all, last of all"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_data_options, NULL};

typedef struct session {
    const ls_options *options;
    const char *path;
    ls_arena arena;
    char *text;
    size_t size;
    ls_plant *plant;
    ls_twin *twin;
    ls_tags *tags;
    ls_history *history;
    ls_collect *collect;
    ls_replay_history_figures replayed;
    ls_calibration calibration;
    ls_progress progress;
} session;

// ---- reading

static int open_plant(session *s) {
    ls_error err = {0};
    ls_errors errors;
    ls_errors_init(&errors);
    ls_status status = ls_file_read(s->path, LS_YAML_SIZE_MAX, &s->arena, &s->text, &s->size, &err);
    if (status == LS_OK) {
        ls_beside beside = {.path = s->path, .arena = &s->arena};
        const ls_plant_files files = ls_files_beside(&beside);
        status = ls_plant_read(s->text, s->size, s->path, &files, &s->plant, &errors);
    } else {
        ls_errors_add(&errors, &err);
    }
    const int code = status == LS_OK ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    if (code == LS_EXIT_DONE && ls_twin_create(s->plant, &s->twin, &err) != LS_OK) {
        return ls_complain(&err);
    }
    return code;
}

static int open_history(session *s) {
    ls_error err = {0};
    char folder[PATH_SIZE];
    char store[PATH_SIZE + 16];
    const ls_option_value *from = ls_options_get(s->options, "from");
    const ls_listen *listen = &s->plant->listen;
    ls_history_def def = ls_history_def_default();
    def.read_only = true;
    if (from->given) {
        def.store = from->text;
    } else {
        const int code = ls_data_option_folder(s->options, folder, sizeof folder);
        if (code != LS_EXIT_DONE) {
            return code;
        }
        snprintf(store, sizeof store, "%s/history", folder);
        def.store = listen->history_store != NULL ? listen->history_store : store;
        def.folder = store;
        def.login = listen->history_login;
    }
    ls_status status = ls_tags_create(&s->tags, &err);
    if (status == LS_OK) {
        status = ls_history_open(&def, s->tags, &s->history, &err);
    }
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

// A date, or a span before the end of the history.
static ls_status read_when(const char *text, int64_t end_us, int64_t *out, ls_error *err) {
    int64_t span_us = 0;
    if (ls_units_date(text, out, NULL) == LS_OK) {
        return LS_OK;
    }
    if (ls_units_time(text, &span_us, NULL) == LS_OK) {
        *out = end_us - span_us;
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "'%s' is neither a date nor a span of time", text);
    ls_hint(err, "as in 2026-03-01, 2026-03-01T06:00, 14d");
    return LS_ERR_INVALID;
}

static bool show_progress(void *context, double share) {
    session *s = context;
    const ls_twin_progress now = {.share = share, .replications_planned = 1};
    ls_progress_update(&s->progress, &now);
    return !ls_interrupt_came();
}

static void take_fact(void *context, const ls_fact *fact) {
    session *s = context;
    ls_collect_fact(s->collect, fact);
}

static ls_status define(const session *s, ls_replay_history_def *def, ls_error *err) {
    const ls_option_value *since = ls_options_get(s->options, "since");
    const ls_option_value *until = ls_options_get(s->options, "until");
    ls_history_figures kept;
    ls_status status = ls_history_describe(s->history, &kept, err);
    if (status == LS_OK && until->given) {
        status = read_when(until->text, kept.last_us, &def->to_us, err);
    }
    if (status == LS_OK && since->given) {
        const int64_t end_us = until->given ? def->to_us : kept.last_us;
        status = read_when(since->text, end_us, &def->from_us, err);
    }
    return status;
}

static int replay(session *s) {
    ls_error err = {0};
    ls_replay_history_def def = ls_replay_history_def_default();
    def.fact = take_fact;
    def.progress = show_progress;
    def.context = s;
    ls_status status = define(s, &def, &err);
    if (status == LS_OK) {
        status = ls_collect_create(s->plant, 1, &s->collect, &err);
    }
    if (status == LS_OK) {
        ls_interrupt_watch();
        ls_progress_init(&s->progress);
        status = ls_replay_history(s->history, s->tags, s->plant, s->twin, &def, &s->replayed,
                                   &err);
        ls_progress_finish(&s->progress, s->replayed.samples);
    }
    if (status == LS_ERR_STOPPED) {
        ls_note("stopped; nothing was changed");
        return LS_EXIT_STOPPED;
    }
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static int calibrate(session *s) {
    ls_error err = {0};
    ls_beside beside = {.path = s->path, .arena = &s->arena};
    const ls_plant_files files = ls_files_beside(&beside);
    ls_calibrate_def def = ls_calibrate_def_default();
    const ls_option_value *only = ls_options_get(s->options, "only");
    def.only = only->given ? only->text : NULL;
    def.all = ls_options_get(s->options, "all")->given;
    def.fit.level = ls_options_get(s->options, "level")->share;
    return ls_calibrate(s->plant, s->text, s->size, &files, s->collect, &def, &s->calibration,
                        &err) == LS_OK
               ? LS_EXIT_DONE
               : ls_complain(&err);
}

// ---- telling and writing

static void put_json(const session *s, ls_buffer *out) {
    ls_buffer diff;
    ls_buffer_init(&diff);
    ls_edit_diff(s->text, s->size, s->calibration.text.data, s->calibration.text.size, s->path,
                 &diff);
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("twin-calibrate/1"));
    json_object_set_new(object, "plant", ls_json_text(s->plant->name));
    json_object_set_new(object, "file", ls_json_text(s->path));
    json_object_set_new(object, "from_s", ls_json_number((double)s->replayed.from_us / 1e6));
    json_object_set_new(object, "to_s", ls_json_number((double)s->replayed.to_us / 1e6));
    json_object_set_new(object, "samples", json_integer((json_int_t)s->replayed.samples));
    json_object_set_new(object, "facts", ls_calibrate_facts_json(s->collect));
    json_object_set_new(object, "values", ls_calibrate_rows_json(&s->calibration));
    json_object_set_new(object, "off", json_integer(s->calibration.off));
    json_object_set_new(object, "changed", json_integer(s->calibration.changed));
    json_object_set_new(object, "diff", ls_json_text(diff.data != NULL ? diff.data : ""));
    ls_json_print(object, out);
    ls_buffer_clear(&diff);
}

static void put_text(const session *s, bool wrote, ls_buffer *out) {
    char from[DATE_SIZE];
    char to[DATE_SIZE];
    ls_units_print_date(s->replayed.from_us / LS_US_PER_S * LS_US_PER_S, from, sizeof from);
    ls_units_print_date(s->replayed.to_us / LS_US_PER_S * LS_US_PER_S, to, sizeof to);
    ls_buffer_printf(out, "%s, what its line has shown from %s to %s\n\n", s->plant->name, from,
                     to);
    ls_calibrate_table(&s->calibration, out);
    ls_calibrate_facts(s->collect, out);
    if (s->calibration.changed > 0 && !wrote) {
        ls_buffer_text(out, "\n");
        ls_edit_diff(s->text, s->size, s->calibration.text.data, s->calibration.text.size, s->path,
                     out);
        ls_buffer_text(out, "\nnothing is written; --write does it\n");
    }
}

static int write_new(const session *s, const char *path) {
    ls_error err = {0};
    const ls_buffer *text = &s->calibration.text;
    return ls_file_write(path, text->data != NULL ? text->data : "", text->size, &err) == LS_OK
               ? LS_EXIT_DONE
               : ls_complain(&err);
}

static int write_result(const session *s, const char *path) {
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    put_json(s, &out);
    const bool made = out.data != NULL && !out.failed;
    const ls_status status = made ? ls_file_write(path, out.data, out.size, &err)
                                  : ls_fail(&err, LS_ERR_MEMORY, "out of memory");
    ls_buffer_clear(&out);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static int deliver(const session *s) {
    const ls_option_value *output = ls_options_get(s->options, "output");
    const bool writes = ls_options_get(s->options, "write")->given;
    int code = LS_EXIT_DONE;
    if (writes && s->calibration.changed > 0) {
        code = write_new(s, s->path);
    } else if (output->given) {
        code = write_new(s, output->text);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    if (code == LS_EXIT_DONE && ls_options_get(s->options, "json")->given) {
        put_json(s, &out);
    } else if (code == LS_EXIT_DONE) {
        put_text(s, writes || output->given, &out);
        if (writes) {
            ls_buffer_printf(&out, "\n%u value%s written to %s\n", s->calibration.changed,
                             s->calibration.changed == 1 ? "" : "s", s->path);
        }
    }
    code = code == LS_EXIT_DONE ? ls_output_print(&out) : code;
    ls_buffer_clear(&out);
    const ls_option_value *result = ls_options_get(s->options, "result");
    return code == LS_EXIT_DONE && result->given ? write_result(s, result->text) : code;
}

static int hand_over(const session *s) {
    char folder[PATH_SIZE];
    const int code = ls_data_option_folder(s->options, folder, sizeof folder);
    return code == LS_EXIT_DONE ? ls_pool_hand(s->plant, folder, "calibration", 1.0) : code;
}

static ls_status check_options(const ls_options *options, ls_error *err) {
    const double level = ls_options_get(options, "level")->share;
    if (!(level > 0.0 && level < 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--level': must be over 0 and below 100 %%");
    }
    ls_status status = ls_options_exclude(options, "write", "dry-run", err);
    status = status == LS_OK ? ls_options_exclude(options, "write", "output", err) : status;
    return status == LS_OK ? ls_options_exclude(options, "dry-run", "output", err) : status;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    if (check_options(options, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_twin_calibrate.name);
    }
    const ls_option_value *output = ls_options_get(options, "output");
    if (output->given && ls_output_check_inputs(output->text, options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    session s = {.options = options, .path = options->arguments[0]};
    ls_arena_init(&s.arena);
    int code = open_plant(&s);
    if (ls_options_get(options, "pool")->given) {
        code = code == LS_EXIT_DONE ? hand_over(&s) : code;
    } else {
        code = code == LS_EXIT_DONE ? open_history(&s) : code;
        code = code == LS_EXIT_DONE ? replay(&s) : code;
        code = code == LS_EXIT_DONE ? calibrate(&s) : code;
        code = code == LS_EXIT_DONE ? deliver(&s) : code;
    }
    ls_calibration_clear(&s.calibration);
    ls_collect_destroy(s.collect);
    if (s.history != NULL) {
        (void)ls_history_close(s.history, NULL);
    }
    ls_tags_destroy(s.tags);
    ls_twin_destroy(s.twin);
    ls_plant_destroy(s.plant);
    ls_arena_clear(&s.arena);
    return code;
}

const ls_cli_command ls_command_twin_calibrate = {
    .name = "twin calibrate",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Fits the plant file's times and shares to what the line has shown.",
    .example = "lineshaft twin calibrate plant.yaml --since 14d",
    .examples =
        "lineshaft twin calibrate plant.yaml --since 14d --write\n"
        "lineshaft twin calibrate plant.yaml --from old/history --only lathe -o new.yaml\n",
    .detail =
        "The history is heard again and the twin follows it; what operations, setups, "
        "failures, repairs, transports and releases took is fitted, times that had not ended "
        "counted as what they are. A value is changed when it is significantly off, in its "
        "own place; every other byte of the file stays. docs/CALIBRATE.md has the formulas "
        "and says how to read the table.\n",
    .tables = tables,
    .run = run,
};
