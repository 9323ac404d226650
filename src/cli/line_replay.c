// line_replay.c - `lineshaft line replay`: a recording, or a table of numbers, onto a broker.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/broker_options.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "line/replay_table.h"

enum { TABLE_BYTES_MAX = 256 << 20 };

static const ls_option own_options[] = {
    {.name = "speed",
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .initial = "1",
     .about = "so many times as fast as it was; max: as fast as the broker takes it"},
    {.name = "group",
     .kind = LS_OPTION_TEXT,
     .argument = "G",
     .about = "of a table: the Sparkplug group it is played as (needed)"},
    {.name = "node",
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .about = "of a table: the edge node (needed)"},
    {.name = "device",
     .kind = LS_OPTION_TEXT,
     .argument = "D",
     .says = "the node itself",
     .about = "of a table: the device whose metrics the columns are"},
    {.name = "every",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1s",
     .about = "of a table: from row to row"},
    {.name = "start",
     .kind = LS_OPTION_TEXT,
     .argument = "DATE",
     .says = "now",
     .about = "of a table: the time of its first row (UTC)"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_broker_options, NULL};

static bool on_progress(void *context, const ls_record_figures *now) {
    (void)context;
    (void)now;
    return !ls_interrupt_came();
}

static ls_status read_speed(const ls_options *options, double *out, ls_error *err) {
    const char *text = ls_options_get(options, "speed")->text;
    if (strcmp(text, "max") == 0) {
        *out = 0.0;
        return LS_OK;
    }
    if (!ls_text_parse_double(text, strlen(text), out) || !(*out > 0.0)) {
        ls_fail(err, LS_ERR_INVALID, "option '--speed': '%s' is no speed", text);
        ls_hint(err, "a number over 0, as 60 or 0.5, or max");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static int tell(ls_status status, const ls_record_figures *got, const char *what, ls_error *err) {
    if (status == LS_ERR_STOPPED) {
        ls_note("stopped after %llu %ss", (unsigned long long)got->messages, what);
        return LS_EXIT_STOPPED;
    }
    if (status != LS_OK) {
        return ls_complain(err);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    ls_buffer_printf(&out, "%llu %s%s published, %llu bytes of payload\n",
                     (unsigned long long)got->messages, what, got->messages == 1 ? "" : "s",
                     (unsigned long long)got->bytes);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int replay_recording(const char *path, double speed, const ls_mqtt_def *def) {
    ls_error err = {0};
    ls_record_reader *reader = NULL;
    ls_record_figures got = {0};
    if (ls_record_open(path, &reader, &err) != LS_OK) {
        return ls_complain(&err);
    }
    const ls_status status = ls_replay_run(def, reader, speed, on_progress, NULL, &got, &err);
    if (status == LS_OK && ls_record_complaint(reader) != NULL) {
        ls_warn("%s", ls_record_complaint(reader));
    }
    ls_record_reader_close(reader);
    return tell(status, &got, "message", &err);
}

// ---- tables

static ls_status describe_table(const ls_options *options, ls_replay_table *out, ls_error *err) {
    const ls_option_value *start = ls_options_get(options, "start");
    out->group = ls_options_get(options, "group")->text;
    out->node = ls_options_get(options, "node")->text;
    out->device = ls_options_get(options, "device")->text;
    out->every_us = ls_options_get(options, "every")->number;
    if (out->group == NULL || out->node == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "a table is played as an edge node: '--%s' is missing",
                       out->group == NULL ? "group" : "node");
    }
    if (out->every_us <= 0 || out->every_us % 1000 != 0) {
        return ls_fail(err, LS_ERR_INVALID, "option '--every': whole milliseconds, over 0");
    }
    if (start->given) {
        const ls_status status = ls_units_date(start->text, &out->start_us, err);
        if (status != LS_OK) {
            return status;
        }
    } else {
        out->start_us = (int64_t)time(NULL) * 1000000;
    }
    return out->start_us % 1000 == 0
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "option '--start': whole milliseconds");
}

static int replay_table(const ls_options *options, const char *path, double speed,
                        const ls_mqtt_def *def) {
    ls_error err = {0};
    ls_replay_table table = {.speed = speed};
    ls_record_figures got = {0};
    ls_arena arena;
    ls_csv csv;
    char *text = NULL;
    size_t size = 0;
    if (describe_table(options, &table, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_line_replay.name);
    }
    ls_arena_init(&arena);
    ls_status status = ls_file_read(path, TABLE_BYTES_MAX, &arena, &text, &size, &err);
    if (status == LS_OK) {
        status = ls_csv_parse(text, size, ',', path, &arena, &csv, &err);
    }
    if (status == LS_OK) {
        table.table = &csv;
        status = ls_replay_table_run(def, &table, path, on_progress, NULL, &got, &err);
    }
    ls_arena_clear(&arena);
    return tell(status, &got, "row", &err);
}

static int run(const ls_options *options) {
    ls_error err = {0};
    double speed = 1.0;
    const char *path = options->arguments[0];
    const char *dot = strrchr(path, '.');
    if (read_speed(options, &speed, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_line_replay.name);
    }
    ls_broker_choice choice;
    int code = ls_broker_choose(options, options->arguments[1], NULL, LS_BROKER_LINE, &choice);
    if (code == LS_EXIT_DONE) {
        ls_interrupt_watch();
        code = dot != NULL && strcmp(dot, ".csv") == 0
                   ? replay_table(options, path, speed, &choice.def)
                   : replay_recording(path, speed, &choice.def);
    }
    ls_broker_choice_close(&choice);
    return code;
}

const ls_cli_command ls_command_line_replay = {
    .name = "line replay",
    .arguments = "FILE URL",
    .least = 2,
    .most = 2,
    .about = "Publishes a recording again, byte for byte, or plays a table as an edge node.",
    .example = "lineshaft line replay monday.rec mqtt://127.0.0.1:1883 --speed 60",
    .examples =
        "lineshaft line replay process.csv mqtt://127.0.0.1:1883 --group plant --node reactor "
        "--every 3min --start 2026-01-05T06:00 --speed max\n",
    .detail =
        "A file that ends in .csv is a table: a header, then numbers; each column becomes a "
        "metric, each row one message with its own time. While the broker is away the "
        "replay waits.\n",
    .tables = tables,
    .run = run,
};
