// pool_jobs.c - `lineshaft pool jobs`, `pool cancel`, `pool why`: jobs, ended before their time,
// and why they wait.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "cli/table.h"
#include "exec/job.h"

enum { NAME_WIDTH = 24, WHY_WIDTH = 60 };

static const ls_option account_options[] = {
    {.name = "account",
     .letter = 'A',
     .kind = LS_OPTION_TEXT,
     .argument = "ACCOUNT",
     .says = "all",
     .about = "of this account and those below it"},
    {0},
};

static const ls_option jobs_options[] = {
    {.name = "all", .letter = 'a', .kind = LS_OPTION_FLAG, .about = "also those that are over"},
    {.name = "state",
     .letter = 's',
     .kind = LS_OPTION_TEXT,
     .argument = "STATE,...",
     .says = "waiting, running and stopping",
     .about = "waiting, running, stopping, or done, failed, cancelled, lost"},
    {.name = "mine", .letter = 'm', .kind = LS_OPTION_FLAG, .about = "submitted by this user"},
    {.name = "limit",
     .letter = 'l',
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000,
     .initial = "50",
     .about = "at most so many of a list"},
    {0},
};
static const ls_option *const jobs_tables[] = {account_options, jobs_options, ls_pool_call_options,
                                               NULL};

// ---- jobs

static json_t *question_of(const ls_options *options, const char *states) {
    const ls_option_value *account = ls_options_get(options, "account");
    json_t *question = json_pack("{s:s, s:I, s:b}", "do", "jobs", "limit",
                                 (json_int_t)ls_options_get(options, "limit")->number, "mine",
                                 (int)ls_options_get(options, "mine")->given);
    if (account->given) {
        json_object_set_new(question, "account", ls_json_text(account->text));
    }
    if (states != NULL) {
        json_object_set_new(question, "state", ls_json_text(states));
    }
    return question;
}

static void put_cut(ls_table *table, int column, const char *text, int width) {
    char cell[LS_TABLE_CELL_SIZE];
    ls_text_format(cell, sizeof cell, "%s", text);
    size_t length = strlen(cell);
    while (ls_table_text_width(cell) > width && length > 0) {
        length--;
        while (length > 0 && ((unsigned char)cell[length] & 0xc0) == 0x80) {
            length--;
        }
        cell[length] = '\0';
    }
    ls_text_tame(cell, false);
    ls_table_cell(table, column, "%s", cell);
}

static void put_job(const json_t *job, ls_table *table) {
    const json_t *why = json_object_get(job, "why");
    const char *note = ls_json_text_at(job, "note");
    char state[64], gpus[32], span[48];
    ls_pool_put_state(job, state, sizeof state);
    ls_pool_put_gpus(json_object_get(job, "gpus"), gpus, sizeof gpus);
    const json_t *ended = json_object_get(job, "ended_us");
    const json_t *started = json_object_get(job, "started_us");
    const int64_t since = json_integer_value(json_object_get(job, "since_us"));
    const bool over = json_is_integer(ended);
    ls_pool_put_span(over && json_is_integer(started)
                         ? json_integer_value(ended) - json_integer_value(started)
                     : over ? 0
                            : ls_pool_now_us() - since,
                     span, sizeof span);
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", ls_json_text_at(job, "id"));
    put_cut(table, 1, ls_json_text_at(job, "account"), NAME_WIDTH);
    char name[160];
    const char *leader = json_string_value(json_object_get(job, "leader"));
    const bool spot = json_is_true(json_object_get(job, "spot"));
    ls_text_format(name, sizeof name, "%s%s%s%s",
                   leader != NULL ? "part of "
                   : spot         ? "spot"
                                  : "",
                   leader != NULL ? leader : "", spot ? ": " : "", ls_json_text_at(job, "name"));
    put_cut(table, 2, name, NAME_WIDTH);
    put_cut(table, 3, ls_json_text_at(job, "who"), NAME_WIDTH);
    ls_table_cell(table, 4, "%s%s", gpus,
                  json_number_value(json_object_get(job, "borrowed")) > 0.0 ? " b" : "");
    ls_table_cell(table, 5, "%s", state);
    ls_table_cell(table, 6, "%s", span);
    put_cut(table, 7, json_is_object(why) ? ls_json_text_at(why, "text") : note, WHY_WIDTH);
}

// "slots" where the jobs of the list ask for CPU slots.
static const char *unit_of(const json_t *lists) {
    for (size_t i = 0; i < json_array_size(lists); i++) {
        const json_t *jobs = json_object_get(json_array_get(lists, i), "jobs");
        const json_t *shape = json_object_get(json_array_get(jobs, 0), "shape");
        const json_t *kinds = json_object_get(shape, "kinds");
        const char *kind = json_string_value(json_array_get(kinds, 0));
        if (kind != NULL) {
            return strcmp(kind, "cpu-slot") == 0 ? "slots" : "GPUs";
        }
    }
    return "GPUs";
}

static void print_jobs(const json_t *lists, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    json_int_t shown = 0, total = 0;
    bool borrowed = false;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "job", LS_ALIGN_RIGHT);
    ls_table_column(&table, "account", LS_ALIGN_LEFT);
    ls_table_column(&table, "name", LS_ALIGN_LEFT);
    ls_table_column(&table, "who", LS_ALIGN_LEFT);
    ls_table_column(&table, unit_of(lists), LS_ALIGN_LEFT);
    ls_table_column(&table, "state", LS_ALIGN_LEFT);
    ls_table_column(&table, "for", LS_ALIGN_RIGHT);
    ls_table_column(&table, "why", LS_ALIGN_LEFT);
    for (size_t i = 0; i < json_array_size(lists); i++) {
        const json_t *list = json_array_get(lists, i);
        const json_t *jobs = json_object_get(list, "jobs");
        total += json_integer_value(json_object_get(list, "total"));
        for (size_t k = 0; k < json_array_size(jobs); k++) {
            const json_t *job = json_array_get(jobs, k);
            put_job(job, &table);
            borrowed |= json_number_value(json_object_get(job, "borrowed")) > 0.0;
            shown++;
        }
    }
    if (shown == 0) {
        ls_buffer_text(out, "no jobs\n");
    } else {
        ls_table_print(&table, 0, out);
    }
    if (borrowed) {
        ls_buffer_text(out, "b: holds what its account borrows\n");
    }
    if (total > shown) {
        ls_buffer_printf(out, "%lld of %lld; --limit shows more\n", (long long)shown,
                         (long long)total);
    }
    ls_arena_clear(&arena);
}

static int deliver_jobs(const ls_options *options, json_t *lists) {
    if (ls_options_get(options, "json")->given) {
        json_t *all = json_array();
        json_int_t total = 0;
        for (size_t i = 0; i < json_array_size(lists); i++) {
            json_array_extend(all, json_object_get(json_array_get(lists, i), "jobs"));
            total += json_integer_value(json_object_get(json_array_get(lists, i), "total"));
        }
        json_decref(lists);
        return ls_pool_call_print("pool-jobs/1", "list",
                                  json_pack("{s:o, s:I}", "jobs", all, "total", total));
    }
    ls_buffer out;
    ls_buffer_init(&out);
    print_jobs(lists, &out);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    json_decref(lists);
    return code;
}

static int run_jobs(const ls_options *options) {
    const ls_option_value *state = ls_options_get(options, "state");
    const bool all = ls_options_get(options, "all")->given;
    ls_pool_call *call = NULL;
    ls_error err = {0};
    if (ls_options_exclude(options, "all", "state", &err) != LS_OK) {
        return ls_complain_usage(&err, "pool jobs");
    }
    json_t *lists = json_array(), *list = NULL;
    int code = ls_pool_call_begin(options, &call);
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(call, question_of(options, state->text), &list);
    }
    if (code == LS_EXIT_DONE) {
        json_array_append_new(lists, list);
        code = all ? ls_pool_call_do(call, question_of(options, "done,failed,cancelled,lost"),
                                     &list)
                   : LS_EXIT_DONE;
    }
    if (code == LS_EXIT_DONE && all) {
        json_array_append_new(lists, list);
    }
    ls_pool_call_close(call);
    if (code != LS_EXIT_DONE) {
        json_decref(lists);
        return code;
    }
    return deliver_jobs(options, lists);
}

const ls_cli_command ls_command_pool_jobs = {
    .name = "pool jobs",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about = "Lists the jobs of this machine's pool: what runs, what waits and why.",
    .example = "lineshaft pool jobs",
    .examples =
        "lineshaft pool jobs --all --mine\n"
        "lineshaft pool jobs -A suppliers --state waiting --json\n",
    .detail =
        "Those submitted first stand first; of those that are over, the last that ended. `for` is "
        "how long it has been in this state; of one that is over, how long it ran.\n",
    .tables = jobs_tables,
    .run = run_jobs,
};

// ---- cancel

static const ls_option cancel_options[] = {
    {.name = "wait",
     .letter = 'w',
     .kind = LS_OPTION_FLAG,
     .about = "until they are over; Ctrl-C ends the waiting alone"},
    {0},
};
static const ls_option *const cancel_tables[] = {cancel_options, ls_pool_call_options, NULL};
static const ls_option *const plain_tables[] = {ls_pool_call_options, NULL};

static json_t *job_question(const char *deed, uint64_t id) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    return json_pack("{s:s, s:s}", "do", deed, "job", text);
}

// What came of it: one that runs is told of by the daemon as it was when it was asked.
static void tell_cancelled(uint64_t id, const char *state) {
    const bool asked = strcmp(state, "running") == 0 || strcmp(state, "stopping") == 0;
    printf("job %llu: %s\n", (unsigned long long)id, asked ? "asked to stop" : state);
}

// Until all of them are over; that a job was cancelled is what was wanted.
static int wait_for_all(const ls_options *options, ls_pool_call *call) {
    bool done = true;
    int code = LS_EXIT_DONE;
    ls_interrupt_watch();
    for (int i = 0; code == LS_EXIT_DONE && i < options->argument_count; i++) {
        code = ls_pool_call_wait(call, ls_pool_call_job(options, i, "pool cancel"), &done);
    }
    return code;
}

static int run_cancel(const ls_options *options) {
    const bool as_json = ls_options_get(options, "json")->given;
    ls_pool_call *call = NULL;
    json_t *list = json_array();
    int worst = LS_EXIT_DONE;
    for (int i = 0; i < options->argument_count; i++) {
        if (ls_pool_call_job(options, i, "pool cancel") == 0) {
            json_decref(list);
            return LS_EXIT_USAGE;
        }
    }
    const int begun = ls_pool_call_begin(options, &call);
    for (int i = 0; begun == LS_EXIT_DONE && i < options->argument_count; i++) {
        json_t *job = NULL;
        const uint64_t id = ls_pool_call_job(options, i, "pool cancel");
        const int code = ls_pool_call_do(call, job_question("cancel", id), &job);
        worst = code > worst ? code : worst;
        if (code == LS_EXIT_DONE && !as_json) {
            tell_cancelled(id, ls_json_text_at(job, "state"));
        }
        if (job != NULL) {
            json_array_append_new(list, job);
        }
    }
    if (begun == LS_EXIT_DONE && worst == LS_EXIT_DONE && ls_options_get(options, "wait")->given) {
        worst = wait_for_all(options, call);
    }
    ls_pool_call_close(call);
    if (begun == LS_EXIT_DONE && as_json) {
        const int code = ls_pool_call_print("pool-cancel/1", "jobs", json_incref(list));
        worst = code > worst ? code : worst;
    }
    json_decref(list);
    return begun != LS_EXIT_DONE ? begun : worst;
}

const ls_cli_command ls_command_pool_cancel = {
    .name = "pool cancel",
    .arguments = "JOB...",
    .least = 1,
    .most = 1000,
    .about = "Ends jobs: one that waits is gone, one that runs is asked to stop.",
    .example = "lineshaft pool cancel 12",
    .examples = "lineshaft pool cancel 12 13 14 --wait\n",
    .detail =
        "Only one's own jobs; root and the daemon's user may cancel all. A job that is over is "
        "left as it is, with exit code 1.\n",
    .tables = cancel_tables,
    .run = run_cancel,
};

// ---- resize

static int run_resize(const ls_options *options) {
    ls_pool_call *call = NULL;
    json_t *job = NULL;
    const uint64_t id = ls_pool_call_job(options, 0, "pool resize");
    const char *text = options->arguments[1];
    int64_t parts = 0;
    if (id == 0) {
        return LS_EXIT_USAGE;
    }
    if (!ls_text_parse_i64(text, strlen(text), &parts) || parts < 0 ||
        parts > LS_EXEC_ELASTIC_MAX) {
        ls_error err = {0};
        ls_fail(&err, LS_ERR_INVALID, "JOB PARTS: '%.40s' is no number of parts, 0 to %d", text,
                LS_EXEC_ELASTIC_MAX);
        return ls_complain_usage(&err, "pool resize");
    }
    int code = ls_pool_call_begin(options, &call);
    if (code == LS_EXIT_DONE) {
        json_t *question = job_question("resize", id);
        json_object_set_new(question, "parts", json_integer(parts));
        code = ls_pool_call_do(call, question, &job);
    }
    ls_pool_call_close(call);
    if (code == LS_EXIT_DONE && ls_options_get(options, "json")->given) {
        code = ls_pool_call_print("pool-resize/1", "job", json_incref(job));
    } else if (code == LS_EXIT_DONE) {
        printf("job %llu: %lld part%s more at most\n", (unsigned long long)id, (long long)parts,
               parts == 1 ? "" : "s");
    }
    json_decref(job);
    return code;
}

const ls_cli_command ls_command_pool_resize = {
    .name = "pool resize",
    .arguments = "JOB PARTS",
    .least = 2,
    .most = 2,
    .about = "Says how many further parts a running elastic job wants from now on.",
    .example = "lineshaft pool resize 12 3",
    .examples = "lineshaft pool resize $LINESHAFT_LEADER 0\n",
    .detail =
        "At most as many as it was submitted with (--elastic). More wait for idle GPUs; of too "
        "many, those that wait go first, then those that began last. A part that is over counts "
        "no longer, so the same number again replaces it. A job may ask for itself, as its load "
        "rises and falls.\n",
    .tables = plain_tables,
    .run = run_resize,
};

// ---- why

// Of a service that is followed by its load.
static void print_load(const json_t *job, ls_buffer *out) {
    const json_t *load = json_object_get(job, "load");
    const long long parts = (long long)json_integer_value(json_object_get(load, "parts"));
    if (json_object_get(job, "busy") == NULL) {
        return;
    }
    ls_buffer_printf(out, "  a service, each part of it is to be %lld %% busy: ",
                     (long long)json_integer_value(json_object_get(job, "busy")));
    if (parts > 0) {
        ls_buffer_printf(out, "%lld part%s %.0f %% busy, %lld wanted\n", parts,
                         parts == 1 ? " is" : "s are",
                         100.0 * json_number_value(json_object_get(load, "used")) / (double)parts,
                         (long long)json_integer_value(json_object_get(load, "wanted")));
    } else {
        ls_buffer_printf(out, "how busy it is is not known yet\n");
    }
}

static void print_why(const json_t *job, ls_buffer *out) {
    const json_t *why = json_object_get(job, "why");
    const json_t *lines = json_object_get(job, "lines");
    const json_t *earliest = json_object_get(job, "earliest_us");
    const json_t *promised = json_object_get(job, "promised_us");
    char state[64], span[48], moment[48];
    ls_pool_put_state(job, state, sizeof state);
    ls_pool_put_span(ls_pool_now_us() - json_integer_value(json_object_get(job, "since_us")), span,
                     sizeof span);
    ls_buffer_printf(out, "job %s of %s: %s for %s\n", ls_json_text_at(job, "id"),
                     ls_json_text_at(job, "account"), state, span);
    print_load(job, out);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        ls_buffer_printf(out, "  %s\n", json_string_value(json_array_get(lines, i)));
    }
    if (json_array_size(lines) == 0 && json_is_object(why)) {
        ls_buffer_printf(out, "  %s\n", ls_json_text_at(why, "text"));
    }
    if (json_object_get(job, "note") != NULL) {
        ls_buffer_printf(out, "  %s\n", ls_json_text_at(job, "note"));
    }
    if (json_array_size(lines) > 0) {
        return;  // they say when, too
    }
    if (json_is_integer(promised)) {
        ls_pool_put_moment(json_integer_value(promised), moment, sizeof moment);
        ls_buffer_printf(out, "  promised by %s\n", moment);
    } else if (json_is_integer(earliest)) {
        ls_pool_put_moment(json_integer_value(earliest), moment, sizeof moment);
        ls_buffer_printf(out, "  expected %s, as things are\n", moment);
    }
}

static int run_why(const ls_options *options) {
    json_t *job = NULL;
    const uint64_t id = ls_pool_call_job(options, 0, "pool why");
    int code = id == 0 ? LS_EXIT_USAGE : ls_pool_call_once(options, job_question("why", id), &job);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_options_get(options, "json")->given) {
        return ls_pool_call_print("pool-why/1", "job", job);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    print_why(job, &out);
    code = ls_output_print(&out);
    ls_buffer_clear(&out);
    json_decref(job);
    return code;
}

const ls_cli_command ls_command_pool_why = {
    .name = "pool why",
    .arguments = "JOB",
    .least = 1,
    .most = 1,
    .about = "Says why a job waits: what is short, who holds it, and when it can start.",
    .example = "lineshaft pool why 12",
    .examples = "lineshaft pool why 12 --json\n",
    .tables = plain_tables,
    .run = run_why,
};
