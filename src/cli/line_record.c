// line_record.c - `lineshaft line record`: everything on a broker into one file.
#include <stdio.h>
#include <string.h>

#include "cli/broker_options.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/shell_word.h"
#include "line/record.h"
#include "ls_build.h"

static const ls_option own_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "the recording (needed)",
     .detail =
         "What was heard is in it within a second; a file that was cut is read up to the cut"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace a file that is there"},
    {.name = "topics",
     .kind = LS_OPTION_TEXT,
     .argument = "FILTER",
     .initial = "#",
     .about = "only these, with + and #"},
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "until Ctrl-C",
     .about = "stop after so long"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "what was recorded, as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_broker_options, ls_data_options, NULL};

// Says once how to stop, and when the broker is not there.
static bool on_progress(void *context, const ls_record_figures *now) {
    int *told = context;
    if (!now->connected && *told == 0) {
        *told = 1;
    } else if (now->connected && *told <= 1) {
        ls_note("connected; Ctrl-C ends the recording");
        *told = 2;
    }
    return !ls_interrupt_came();
}

static void put_result(const ls_options *options, const char *path, const ls_record_figures *got,
                       ls_buffer *out) {
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("line-record/1"));
        json_object_set_new(object, "file", ls_json_text(path));
        json_object_set_new(object, "messages", json_integer((json_int_t)got->messages));
        json_object_set_new(object, "bytes", json_integer((json_int_t)got->bytes));
        ls_json_print(object, out);
        return;
    }
    ls_buffer_printf(
        out, "%llu message%s, %llu bytes of payload, in %s\nplay with: lineshaft line replay ",
        (unsigned long long)got->messages, got->messages == 1 ? "" : "s",
        (unsigned long long)got->bytes, path);
    ls_put_shell_word(out, path);
    ls_buffer_text(out, " URL\n");
}

static int record_to(const ls_options *options, const char *path, ls_mqtt_def *def) {
    ls_error err = {0};
    ls_record_writer *writer = NULL;
    ls_record_figures got = {0};
    const ls_mqtt_filter filter = {
        .topics = ls_options_get(options, "topics")->text, .qos = 1, .as_published = true};
    def->filters = &filter;
    def->filter_count = 1;
    if (ls_record_create(path, ls_options_get(options, "force")->given, &writer, &err) != LS_OK) {
        return ls_complain(&err);
    }
    const ls_option_value *span = ls_options_get(options, "for");
    int told = 0;
    ls_interrupt_watch();
    ls_status status = ls_record_run(def, writer, span->given ? span->number : 0, on_progress,
                                     &told, &got, &err);
    ls_error close_err = {0};
    if (ls_record_close(writer, &close_err) != LS_OK && status == LS_OK) {
        status = close_err.status;
        err = close_err;
    }
    if (status != LS_OK) {
        return ls_complain(&err);
    }
    if (got.connects == 0) {
        ls_warn("the broker %s was never reached", def->url);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    put_result(options, path, &got, &out);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code == LS_EXIT_DONE && got.connects == 0 ? LS_EXIT_SYSTEM : code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    const ls_option_value *path = ls_options_get(options, "output");
    if (!path->given) {
        ls_fail(&err, LS_ERR_INVALID, "'-o FILE' is missing: where to record to");
        return ls_complain_usage(&err, ls_command_line_record.name);
    }
    if (ls_output_check_inputs(path->text, options, &err) != LS_OK ||
        ls_output_check(path->text, ls_options_get(options, "force")->given, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_broker_choice choice;
    int code = ls_broker_choose(options, options->arguments[0],
                                ls_options_get(options, "data")->text, LS_BROKER_READER, &choice);
    if (code == LS_EXIT_DONE) {
        code = record_to(options, path->text, &choice.def);
    }
    ls_broker_choice_close(&choice);
    return code;
}

const ls_cli_command ls_command_line_record = {
    .name = "line record",
    .arguments = "URL|PLANT",
    .least = 1,
    .most = 1,
    .about = "Records what comes on a broker: topics, payloads as they are, and when they came.",
    .example = "lineshaft line record mqtt://broker.plant -o monday.rec",
    .examples =
        "lineshaft line record mqtts://broker.plant --login login.txt --topics 'spBv1.0/#' "
        "--for 8h -o shift.rec\n"
        "lineshaft line record plant.yaml -o shift.rec\n",
    .detail =
        "PLANT is a plant file: its broker is recorded, the embedded one of a running "
        "`lineshaft run` as a reader. Nothing is published and nobody is asked for anything. "
        "The file may be played back by `lineshaft line replay`, byte for byte.\n",
    .tables = tables,
    .run = run,
};
