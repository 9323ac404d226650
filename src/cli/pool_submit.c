// pool_submit.c - `lineshaft pool submit`: a command becomes a job.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "exec/job.h"

enum { PATH_SIZE = 4096 };

extern char **environ;

static const char *const level_words[] = {"domain", "rack", "row", "hall", "site", NULL};

static const ls_option own_options[] = {
    {.name = "account",
     .letter = 'A',
     .kind = LS_OPTION_TEXT,
     .argument = "ACCOUNT",
     .says = "$LINESHAFT_ACCOUNT, else the pool's only one",
     .about = "whose job it is"},
    {.name = "gpus",
     .letter = 'g',
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .says = "1",
     .about = "GPUs on each node; 0.5 is half of one, 0 none",
     .detail = "Where the pool has CPU slots instead, slots"},
    {.name = "slots", .kind = LS_OPTION_TEXT, .argument = "N", .about = "the same, of CPU slots"},
    {.name = "nodes",
     .letter = 'N',
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000000,
     .initial = "1",
     .about = "parts, each on one node, all of them or none"},
    {.name = "kind",
     .kind = LS_OPTION_TEXT,
     .argument = "KIND,...",
     .says = "those that the account may use",
     .about = "kinds of GPUs that will do"},
    {.name = "cpus",
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .says = "what is idle",
     .about = "processors on each node; it gets no more"},
    {.name = "memory",
     .kind = LS_OPTION_TEXT,
     .argument = "SIZE",
     .says = "its share of the node, by GPUs",
     .about = "of each node: 32GiB; a job that takes more is killed"},
    {.name = "processes",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_EXEC_PROCESSES_MAX,
     .says = "4096 for each GPU",
     .about = "processes and threads that it may have at once"},
    {.name = "within",
     .kind = LS_OPTION_CHOICE,
     .argument = "LEVEL",
     .choices = level_words,
     .about = "all nodes in one domain, rack, row, hall or site"},
    {.name = "prefer",
     .kind = LS_OPTION_CHOICE,
     .argument = "LEVEL",
     .choices = level_words,
     .about = "the same as a wish"},
    {.name = "array",
     .letter = 'a',
     .kind = LS_OPTION_TEXT,
     .argument = "N",
     .about =
         "N like jobs; each finds its number, from 0, in LINESHAFT_ARRAY_INDEX; A-B: from A to B"},
    {.name = "after",
     .kind = LS_OPTION_TEXT,
     .argument = "JOB,...",
     .about = "starts when these are done; is cancelled when one of them fails",
     .detail = "12+ is the whole array of job 12, done when all of its jobs are"},
    {.name = "priority",
     .letter = 'p',
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1000,
     .says = "that of the account",
     .about = "among the account's own jobs; the higher goes first"},
    {.name = "time",
     .letter = 't',
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "any",
     .about = "the longest it may run; what says so can start sooner"},
    {.name = "deadline",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .about = "wanted done so long from now; among equals of the account the soonest goes first"},
    {.name = "checkpoint",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .about = "it saves by itself so often: less is lost when it is stopped"},
    {.name = "elastic",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_EXEC_ELASTIC_MAX,
     .says = "none",
     .about = "it can use up to N parts more while nobody else needs them",
     .detail = "Each runs the same command, as a spot job; LINESHAFT_MEMBER says which it is"},
    {.name = "busy",
     .kind = LS_OPTION_COUNT,
     .argument = "PERCENT",
     .least = 1,
     .most = 100,
     .says = "all N parts",
     .about = "with --elastic: a service. It begins alone, and gets as many parts as keep each so "
              "busy, by the processor time that they use"},
    {.name = "spot",
     .kind = LS_OPTION_FLAG,
     .about = "it uses what is idle, and is stopped as soon as another job needs its place"},
    {.name = "saves", .kind = LS_OPTION_FLAG, .about = "it saves when it is asked to stop"},
    {.name = "grace",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "30s",
     .about = "between being asked to stop and being killed"},
    {.name = "signal",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .initial = "TERM",
     .about = "how it is asked to stop: TERM, INT, HUP, USR1, USR2 or QUIT"},
    {.name = "on-stop",
     .kind = LS_OPTION_TEXT,
     .argument = "PROGRAM",
     .about = "runs before that signal, with LINESHAFT_JOB_PID set"},
    {.name = "once-only",
     .kind = LS_OPTION_FLAG,
     .about = "is not begun again when it was stopped"},
    {.name = "name",
     .letter = 'n',
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "the program's",
     .about = "for people"},
    {.name = "chdir",
     .letter = 'C',
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "this one",
     .about = "where it starts"},
    {.name = "clean-env", .kind = LS_OPTION_FLAG, .about = "gets PATH, HOME and LANG alone"},
    {.name = "log",
     .kind = LS_OPTION_COUNT,
     .argument = "MIB",
     .least = 1,
     .most = 1048576,
     .says = "16",
     .about = "so much is kept of what it writes, in MiB; the oldest goes first",
     .detail = "The pool has a limit ('pool run --log-most'), 1024 if nothing else is said"},
    {.name = "split-log",
     .kind = LS_OPTION_FLAG,
     .about = "standard error goes into a log of its own"},
    {.name = "wait",
     .letter = 'w',
     .kind = LS_OPTION_FLAG,
     .about = "until it is over; exit code 0 done, 1 anything else"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_pool_call_options, NULL};

// ---- the question

static bool is_wrong(const char *option, const char *text, const char *right, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "option '--%s': %s, not '%s'", option, right, text);
    return false;
}

static bool put_number(const ls_options *o, const char *option, const char *key, json_t *out,
                       ls_error *err) {
    const char *text = ls_options_get(o, option)->text;
    double number = 0.0;
    if (text == NULL) {
        return true;
    }
    if (!ls_text_parse_double(text, strlen(text), &number) || number < 0.0) {
        return is_wrong(option, text, "must be a number", err);
    }
    const bool whole = number == (double)(int64_t)number;
    json_object_set_new(out, key, whole ? json_integer((json_int_t)number) : json_real(number));
    return true;
}

static json_t *list_of(const char *text) {
    json_t *list = json_array();
    while (*text != '\0') {
        const size_t length = strcspn(text, ",");
        if (length > 0) {
            json_array_append_new(list, json_stringn(text, length));
        }
        text += length + (text[length] == ',');
    }
    return list;
}

static void put_text(const ls_options *o, const char *option, const char *key, json_t *out) {
    const ls_option_value *value = ls_options_get(o, option);
    if (value->given) {
        json_object_set_new(out, key, ls_json_text(value->text));
    }
}

static void put_time(const ls_options *o, const char *option, const char *key, json_t *out) {
    const ls_option_value *value = ls_options_get(o, option);
    if (value->given) {
        json_object_set_new(out, key, json_real((double)value->number * 1e-6));
    }
}

static bool put_gpus(const ls_options *o, json_t *out, ls_error *err) {
    return ls_options_exclude(o, "gpus", "slots", err) == LS_OK &&
           put_number(o, "gpus", "gpus", out, err) && put_number(o, "slots", "gpus", out, err);
}

static bool put_place(const ls_options *o, json_t *out, ls_error *err) {
    const ls_option_value *within = ls_options_get(o, "within");
    const ls_option_value *prefer = ls_options_get(o, "prefer");
    const ls_option_value *memory = ls_options_get(o, "memory");
    int64_t mib = 0;
    if (ls_options_exclude(o, "within", "prefer", err) != LS_OK) {
        return false;
    }
    if (within->given || prefer->given) {
        json_object_set_new(out, "within", json_string((within->given ? within : prefer)->text));
        json_object_set_new(out, "must", json_boolean(within->given));
    }
    if (memory->given) {
        ls_error why = {0};
        if (ls_units_memory(memory->text, &mib, &why) != LS_OK) {
            ls_fail(err, LS_ERR_INVALID, "option '--memory': %s", why.text);
            return false;
        }
        json_object_set_new(out, "memory_mib", json_integer(mib));
    }
    const ls_option_value *kind = ls_options_get(o, "kind");
    if (kind->given) {
        json_object_set_new(out, "kinds", list_of(kind->text));
    }
    return put_number(o, "cpus", "cpus", out, err);
}

// `10`, or `0-9`.
static bool put_array(const ls_options *o, json_t *out, ls_error *err) {
    const char *text = ls_options_get(o, "array")->text;
    if (text == NULL) {
        return true;
    }
    const char *dash = strchr(text, '-');
    int64_t first = 0, last = 0;
    const bool fine = dash == NULL ? ls_text_parse_i64(text, strlen(text), &last) && last-- > 0
                                   : ls_text_parse_i64(text, (size_t)(dash - text), &first) &&
                                         ls_text_parse_i64(dash + 1, strlen(dash + 1), &last) &&
                                         first >= 0 && last >= first;
    if (!fine) {
        return is_wrong("array", text,
                        "must be a number of jobs, as 10, or a range, as 0-9 or 1-10", err);
    }
    json_object_set_new(out, "array", json_integer(last - first + 1));
    json_object_set_new(out, "array_first", json_integer(first));
    return true;
}

static json_t *environment(void) {
    json_t *list = json_array();
    for (char **one = environ; *one != NULL; one++) {
        // What is no text cannot be sent; what is ours says what this job is, and not the new one.
        if (strchr(*one, '=') != NULL && **one != '=' && strncmp(*one, "LINESHAFT_", 10) != 0 &&
            ls_text_is_utf8(*one, strlen(*one), NULL)) {
            json_array_append_new(list, json_string(*one));
        }
    }
    return list;
}

static bool put_command(const ls_options *o, json_t *out, ls_error *err) {
    json_t *command = json_array();
    json_object_set_new(out, "command", command);
    for (int i = 0; i < o->argument_count; i++) {
        const char *word = o->arguments[i];
        if (!ls_text_is_utf8(word, strlen(word), NULL)) {
            ls_fail(err, LS_ERR_INVALID, "argument %d of the command is no UTF-8 text", i + 1);
            return false;
        }
        json_array_append_new(command, json_string(word));
    }
    return true;
}

static bool put_folder(const ls_options *o, json_t *out, ls_error *err) {
    const ls_option_value *value = ls_options_get(o, "chdir");
    char here[PATH_SIZE];
    char *full = value->given ? realpath(value->text, NULL) : NULL;
    const char *folder = value->given ? full : getcwd(here, sizeof here);
    const bool there = folder != NULL && ls_text_is_utf8(folder, strlen(folder), NULL);
    if (there) {
        json_object_set_new(out, "folder", json_string(folder));
    } else {
        ls_fail(err, LS_ERR_IO, "there is no folder '%s' to start in",
                value->given ? value->text : ".");
    }
    free(full);
    return there;
}

static bool put_all(const ls_options *o, json_t *out, ls_error *err) {
    const char *account = getenv("LINESHAFT_ACCOUNT");
    const ls_option_value *priority = ls_options_get(o, "priority");
    const ls_option_value *after = ls_options_get(o, "after");
    const ls_option_value *stop = ls_options_get(o, "on-stop");
    if (account != NULL && account[0] != '\0') {
        json_object_set_new(out, "account", ls_json_text(account));
    }
    put_text(o, "account", "account", out);
    put_text(o, "name", "name", out);
    put_text(o, "signal", "stop_signal", out);
    put_time(o, "time", "most_s", out);
    put_time(o, "deadline", "deadline_s", out);
    put_time(o, "checkpoint", "checkpoint_every_s", out);
    put_time(o, "grace", "grace_s", out);
    json_object_set_new(out, "parts", json_integer(ls_options_get(o, "nodes")->number));
    json_object_set_new(out, "saves", json_boolean(ls_options_get(o, "saves")->given));
    if (ls_options_get(o, "processes")->given) {
        json_object_set_new(out, "processes", json_integer(ls_options_get(o, "processes")->number));
    }
    if (ls_options_get(o, "elastic")->given) {
        json_object_set_new(out, "elastic", json_integer(ls_options_get(o, "elastic")->number));
    }
    if (ls_options_get(o, "busy")->given) {
        json_object_set_new(out, "busy", json_integer(ls_options_get(o, "busy")->number));
    }
    if (ls_options_get(o, "spot")->given) {
        json_object_set_new(out, "spot", json_true());
    }
    json_object_set_new(out, "restartable", json_boolean(!ls_options_get(o, "once-only")->given));
    json_object_set_new(out, "split_log", json_boolean(ls_options_get(o, "split-log")->given));
    if (ls_options_get(o, "log")->given) {
        json_object_set_new(out, "log_mib", json_integer(ls_options_get(o, "log")->number));
    }
    if (priority->given) {
        json_object_set_new(out, "priority", json_integer(priority->number));
    }
    if (after->given) {
        json_object_set_new(out, "after", list_of(after->text));
    }
    if (stop->given) {
        json_object_set_new(out, "stop_command", json_pack("[o]", ls_json_text(stop->text)));
    }
    if (!ls_options_get(o, "clean-env")->given) {
        json_object_set_new(out, "env", environment());
    }
    return put_gpus(o, out, err) && put_place(o, out, err) && put_array(o, out, err) &&
           put_command(o, out, err) && put_folder(o, out, err);
}

// ---- the answer

static void tell(const json_t *job) {
    const json_int_t count = json_integer_value(json_object_get(job, "count"));
    const long long id = atoll(ls_json_text_at(job, "id"));
    if (count > 1) {
        printf("jobs %lld to %lld of %s\n", id, id + (long long)count - 1,
               ls_json_text_at(job, "account"));
    } else {
        printf("job %lld of %s\n", id, ls_json_text_at(job, "account"));
    }
}

static int wait_for(ls_pool_call *call, const json_t *job) {
    const json_int_t told = json_integer_value(json_object_get(job, "count"));
    const uint64_t first = (uint64_t)atoll(ls_json_text_at(job, "id"));
    const uint64_t count = told > 1 ? (uint64_t)told : 1;
    bool done = true;
    int code = LS_EXIT_DONE;
    ls_interrupt_watch();
    for (uint64_t i = 0; i < count && code == LS_EXIT_DONE; i++) {
        code = ls_pool_call_wait(call, first + i, &done);
    }
    return code != LS_EXIT_DONE ? code : done ? LS_EXIT_DONE : LS_EXIT_NO;
}

static int submit(const ls_options *options, json_t *question) {
    ls_pool_call *call = NULL;
    json_t *job = NULL;
    int code = ls_pool_call_begin(options, &call);
    if (code != LS_EXIT_DONE) {
        json_decref(question);
        return code;
    }
    code = ls_pool_call_do(call, question, &job);
    if (code == LS_EXIT_DONE && ls_options_get(options, "json")->given) {
        code = ls_pool_call_print("pool-job/1", "job", json_incref(job));
    } else if (code == LS_EXIT_DONE) {
        tell(job);
        fflush(stdout);
    }
    if (code == LS_EXIT_DONE && ls_options_get(options, "wait")->given) {
        code = wait_for(call, job);
    }
    json_decref(job);
    ls_pool_call_close(call);
    return code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    json_t *question = json_pack("{s:s}", "do", "submit");
    if (!put_all(options, question, &err)) {
        json_decref(question);
        return err.status == LS_ERR_IO ? ls_complain(&err) : ls_complain_usage(&err, "pool submit");
    }
    return submit(options, question);
}

const ls_cli_command ls_command_pool_submit = {
    .name = "pool submit",
    .arguments = "COMMAND...",
    .least = 1,
    .most = INT_MAX,
    .about = "Hands a command to the pool of this machine as a job.",
    .example = "lineshaft pool submit -A castings --gpus 2 -- python3 train.py --epochs 90",
    .examples =
        "lineshaft pool submit -A castings --slots 4 --time 2h -- make -j4\n"
        "lineshaft pool submit -A castings --gpus 1 --array 10 -- ./sweep.sh\n"
        "lineshaft pool submit -A castings --after 12,13 -- ./collect.sh\n"
        "lineshaft pool submit -A castings --gpus 8 --checkpoint 30min --saves --grace 2min -- "
        "./train\n",
    .detail =
        "Options stand before the command; -- ends them. No shell reads the command: program and "
        "arguments arrive as they were given. It starts in this folder, with this environment, as "
        "the user who submits it (where the daemon may choose: see 'pool run'). What it writes is "
        "shown by 'pool logs'.\n"
        "A job that is asked to stop for others gets its signal, has --grace to save, and waits "
        "again at its old place in the queue. It finds its number in LINESHAFT_JOB.\n"
        "Exit codes: 0 it waits now, 1 it can never run or a limit is reached, 3 an account or "
        "value is wrong, 4 no daemon.\n",
    .tables = tables,
    .run = run,
};
