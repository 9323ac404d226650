// history_export.c - `lineshaft history export`: a history as CSV or JSON Lines, bit for bit.
#include "cli/history_export.h"

#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"

static const char *const format_words[] = {"csv", "jsonl", NULL};
static const char *const form_words[] = {"long", "wide", NULL};

static const ls_option own_options[] = {
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .argument = "csv|jsonl",
     .choices = format_words,
     .initial = "csv",
     .about = "CSV, or JSON Lines"},
    {.name = "form",
     .kind = LS_OPTION_CHOICE,
     .argument = "long|wide",
     .choices = form_words,
     .initial = "long",
     .about = "one sample a row, or one time a row and a column for each tag",
     .detail = "The wide form has no place for qualities, and says so when there are some"},
    {.name = "raw-times",
     .kind = LS_OPTION_FLAG,
     .about = "times as microseconds since 1970, instead of ISO 8601"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_history_range_options,
                                          ls_history_place_options, ls_output_options, NULL};

static int deliver(ls_export *to, const ls_options *options) {
    ls_error err = {0};
    ls_stream stream;
    if (ls_stream_open(&stream, options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    to->stream = &stream;
    ls_buffer_init(&to->out);
    const bool wide = ls_options_get(options, "form")->number == 1;
    ls_status status = wide ? ls_export_wide(to, &err) : ls_export_long(to, &err);
    const bool whole = status == LS_OK && !to->failed && !ls_interrupt_came();
    if (status == LS_OK && to->out.failed) {
        status = ls_fail(&err, LS_ERR_MEMORY, "out of memory while writing");
    }
    ls_buffer_clear(&to->out);
    const ls_status closed = ls_stream_close(&stream, whole, status == LS_OK ? &err : NULL);
    if (status != LS_OK || closed != LS_OK) {
        return ls_complain(&err);
    }
    if (ls_interrupt_came()) {
        return LS_EXIT_STOPPED;
    }
    if (stream.path != NULL) {
        ls_note("%llu samples written", (unsigned long long)to->samples);
    }
    return LS_EXIT_DONE;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    ls_opened_history opened;
    ls_query query = {.patterns = (const char *const *)options->arguments + 1,
                      .pattern_count = (size_t)options->argument_count - 1};
    if (ls_history_parse_range(options, &query.from_us, &query.to_us, &err) != LS_OK) {
        return ls_complain_usage(&err, "history export");
    }
    if (ls_history_open_argument(options, true, &opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    ls_interrupt_watch();
    ls_export to = {.history = opened.history,
                    .tags = opened.tags,
                    .query = &query,
                    .json = ls_options_get(options, "format")->number == 1,
                    .raw_times = ls_options_get(options, "raw-times")->given,
                    .stop = ls_interrupt_flag()};
    return ls_history_close_argument(&opened, deliver(&to, options));
}

const ls_cli_command ls_command_history_export = {
    .name = "history export",
    .arguments = "HISTORY [TAG...]",
    .least = 1,
    .most = 1000,
    .about = "Writes values of a history as CSV or JSON Lines",
    .example = "lineshaft history export plant-data 'gearbox/**' -o values.csv",
    .examples =
        "lineshaft history export plant-data --from -1d > yesterday.csv\n"
        "lineshaft history export plant-data 'gearbox/*/speed' --form wide -o speeds.csv\n"
        "lineshaft history export plant-data --format jsonl | head\n",
    .detail =
        "TAG is a name or a pattern: '*' stands for anything but '/', '**' for anything, '?' "
        "for one character.\n"
        "What is exported in the long form and imported again is the same to the bit: times "
        "to the microsecond, kinds, qualities, NaN and all.\n",
    .tables = tables,
    .run = run,
};
