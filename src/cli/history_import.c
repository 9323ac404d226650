// history_import.c - `lineshaft history import`: a file of values into a history.
#include "cli/history_import.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

static const char *const format_words[] = {"csv", "jsonl", NULL};
static const char *const unit_words[] = {"auto", "s", "ms", "us", NULL};

static const ls_option own_options[] = {
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .argument = "csv|jsonl",
     .choices = format_words,
     .says = "by the file's name",
     .about = "CSV, or JSON Lines"},
    {.name = "time-unit",
     .kind = LS_OPTION_CHOICE,
     .argument = "auto|s|ms|us",
     .choices = unit_words,
     .initial = "auto",
     .about = "what times are that are bare numbers",
     .detail = "auto: milliseconds below 10^14, else microseconds"},
    {.name = "dry-run", .kind = LS_OPTION_FLAG, .about = "read and check, write nothing"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_history_place_options, NULL};

static ls_status flush(ls_history_intake *intake, ls_error *err) {
    const ls_status status = intake->history != NULL && intake->count > 0
                                 ? ls_history_append(intake->history, intake->batch, intake->count,
                                                     err)
                                 : LS_OK;
    intake->count = 0;
    ls_arena_clear(&intake->texts);
    return status;
}

ls_status ls_history_intake_flush(ls_history_intake *intake, ls_error *err) {
    return flush(intake, err);
}

ls_status ls_history_intake_add(ls_history_intake *intake, const ls_sample *sample, ls_error *err) {
    ls_sample *kept = &intake->batch[intake->count];
    *kept = *sample;
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        kept->value.text = ls_arena_text(&intake->texts, sample->value.text, sample->size);
        if (kept->value.text == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for a text");
        }
    }
    const ls_tag *tag = ls_tags_get(intake->tags, sample->tag);
    if (tag->kind == LS_VALUE_NONE && sample->kind != LS_VALUE_NONE) {
        ls_tags_declare(intake->tags, sample->tag, (ls_value_kind)sample->kind, NULL);
    }
    intake->samples++;
    intake->count++;
    return intake->count == LS_INTAKE_BATCH || intake->texts.used > (4u << 20) ? flush(intake, err)
                                                                               : LS_OK;
}

static void tell(void *context, const ls_lines *lines, uint64_t samples) {
    ls_twin_progress now = {.events = samples};
    now.share = lines->size > 0 ? (double)lines->read / (double)lines->size : 0.0;
    ls_progress_update(context, &now);
}

static bool is_jsonl(const ls_options *options, const char *path) {
    const ls_option_value *format = ls_options_get(options, "format");
    const char *dot = strrchr(path, '.');
    return format->given
               ? format->number == 1
               : dot != NULL && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".ndjson") == 0 ||
                                 strcmp(dot, ".json") == 0);
}

static ls_status read_file(const ls_options *options, const char *path, ls_history_intake *intake,
                           ls_error *err) {
    ls_lines lines;
    ls_progress progress;
    ls_status status = ls_lines_open(&lines, path, err);
    if (status != LS_OK) {
        return status;
    }
    ls_progress_init(&progress);
    const ls_import_watch watch = {.tell = tell, .context = &progress, .stop = ls_interrupt_flag()};
    intake->path = path;
    status = is_jsonl(options, path) ? ls_history_import_jsonl(&lines, intake, &watch, err)
                                     : ls_history_import_csv(&lines, intake, &watch, err);
    ls_progress_finish(&progress, intake->samples);
    ls_lines_close(&lines);
    return status;
}

static int import_files(const ls_options *options, ls_history_intake *intake) {
    ls_error err = {0};
    ls_status status = LS_OK;
    ls_arena_init(&intake->texts);
    ls_buffer_init(&intake->scratch);
    intake->unit = (ls_time_unit)ls_options_get(options, "time-unit")->number;
    ls_interrupt_watch();
    for (int i = 1; i < options->argument_count && status == LS_OK && !ls_interrupt_came(); i++) {
        status = read_file(options, options->arguments[i], intake, &err);
    }
    ls_arena_clear(&intake->texts);
    ls_buffer_clear(&intake->scratch);
    if (status != LS_OK) {
        const int code = ls_complain(&err);
        if (intake->history != NULL && intake->samples + intake->events > 0) {
            ls_note("what stood before it is in the history; importing again adds none twice");
        }
        return code;
    }
    if (ls_interrupt_came()) {
        ls_note("stopped after %llu samples; importing again adds none twice",
                (unsigned long long)intake->samples);
        return LS_EXIT_STOPPED;
    }
    const char *done = intake->history != NULL ? "imported" : "are right";
    if (intake->events == 0 || intake->samples > 0) {
        ls_note("%llu samples of %u tags %s", (unsigned long long)intake->samples,
                ls_tags_count(intake->tags), done);
    }
    if (intake->events > 0) {
        ls_note("%llu events %s", (unsigned long long)intake->events, done);
    }
    return LS_EXIT_DONE;
}

static int dry_run(const ls_options *options, ls_history_intake *intake) {
    ls_error err = {0};
    if (ls_tags_create(&intake->tags, &err) != LS_OK) {
        return ls_complain(&err);
    }
    const int code = import_files(options, intake);
    ls_tags_destroy(intake->tags);
    return code;
}

static int run(const ls_options *options) {
    static ls_history_intake intake;
    ls_error err = {0};
    intake = (ls_history_intake){0};
    if (ls_options_get(options, "dry-run")->given) {
        return dry_run(options, &intake);
    }
    for (int i = 1; i < options->argument_count; i++) {  // before anything is made
        if (strcmp(options->arguments[i], "-") != 0 && access(options->arguments[i], R_OK) != 0) {
            ls_fail_at(&err, LS_ERR_IO, options->arguments[i], 0, 0, "cannot open the file: %s",
                       ls_errno_text(errno));
            return ls_complain(&err);
        }
    }
    ls_opened_history opened;
    if (ls_history_open_argument(options, false, &opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    intake.history = opened.history;
    intake.tags = opened.tags;
    return ls_history_close_argument(&opened, import_files(options, &intake));
}

const ls_cli_command ls_command_history_import = {
    .name = "history import",
    .arguments = "HISTORY FILE...",
    .least = 2,
    .most = 1000,
    .about = "Puts values and events from CSV or JSON Lines files into a history",
    .example = "lineshaft history import plant-data recorded.csv",
    .examples =
        "lineshaft history import plant-data recorded.csv --dry-run\n"
        "lineshaft history import plant-data failures.csv\n"
        "lineshaft history import plant-data - --format jsonl < values.jsonl\n"
        "lineshaft history import postgresql://lineshaft@db/plant --login db.secret "
        "--log plant-log *.csv\n",
    .detail =
        "Two forms of CSV are known by their header: `tag,time,value[,quality,kind,flags]`, "
        "and `time` with a column for each tag. JSON Lines have the same two: "
        "{\"tag\": .., \"time\": .., \"value\": ..} and {\"time\": .., TAG: VALUE, ..}.\n"
        "What happened is known by `time,kind,subject[,text]`, and in JSON Lines as 'lineshaft "
        "history events --json' writes it: failures of the past that a model of lives learns "
        "from.\n"
        "Times are ISO 8601 (without a zone: UTC), or numbers since 1970.\n"
        "Without a kind a value is a number, true or false, or a text. An empty cell of the "
        "wide form is no sample.\n"
        "Samples and events that are there already are passed over.\n",
    .tables = tables,
    .run = run,
};
