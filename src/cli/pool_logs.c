// pool_logs.c - `lineshaft pool logs`: what a job writes, as it writes it.
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/pool_call.h"
#include "exec/base64.h"

enum { LOOK_MS = 200, PIECE = 64 << 10 };

static const ls_option own_options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = LS_OPTION_FLAG,
     .about = "goes on until the job is over, also over its restarts"},
    {.name = "errors",
     .letter = 'e',
     .kind = LS_OPTION_FLAG,
     .about = "standard error of a job that was submitted with --split-log"},
    {.name = "run",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = UINT32_MAX,
     .says = "the last",
     .about = "of a job that began again: which time"},
    {.name = "tail",
     .kind = LS_OPTION_COUNT,
     .argument = "BYTES",
     .least = 1,
     .most = PIECE,
     .says = "all",
     .about = "only the last so many bytes of what is there"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_pool_socket_options, NULL};

typedef struct reading {
    const ls_options *options;
    ls_pool_call *call;
    char id[24];
    int64_t next;
    int64_t run;   // that is read; 0: the last
    int64_t last;  // run of the job, as last told
    bool over;
    size_t read;  // bytes of the last answer
} reading;

// Not print: the bytes go out as they are.
static int write_out(const char *bytes, size_t size) {
    if (fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0) {
        return LS_EXIT_DONE;
    }
    ls_error err = {0};
    ls_fail(&err, LS_ERR_IO, "cannot write what the job wrote");
    return ls_complain(&err);
}

static int read_piece(reading *r) {
    json_t *answer = NULL;
    json_t *question = json_pack("{s:s, s:s, s:I, s:I, s:b}", "do", "log", "job", r->id, "from",
                                 (json_int_t)r->next, "run", (json_int_t)r->run, "errors",
                                 (int)ls_options_get(r->options, "errors")->given);
    int code = ls_pool_call_do(r->call, question, &answer);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_buffer bytes;
    ls_buffer_init(&bytes);
    const char *text = ls_json_text_at(answer, "bytes");
    const bool good = ls_base64_take(text, strlen(text), &bytes) && !bytes.failed;
    r->read = bytes.size;
    r->next = json_integer_value(json_object_get(answer, "next"));
    r->over = json_is_true(json_object_get(answer, "over"));
    r->last = json_integer_value(json_object_get(answer, "run"));
    if (!good) {
        ls_error err = {0};
        ls_fail(&err, LS_ERR_IO, "the pool's daemon gave no answer that can be read");
        code = ls_complain(&err);
    } else if (bytes.size > 0) {
        code = write_out(bytes.data, bytes.size);
    }
    ls_buffer_clear(&bytes);
    json_decref(answer);
    return code;
}

// A job that was stopped and begun again writes a new log; the old one is read to its end first.
static void go_on(reading *r) {
    if (r->run == 0) {
        r->run = r->last;
    } else if (r->run < r->last && r->read == 0) {
        r->run++;
        r->next = 0;
    }
}

static int read_all(reading *r, bool follows) {
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (;;) {
        const int64_t before = r->run;
        const int code = read_piece(r);
        if (code != LS_EXIT_DONE) {
            return code;
        }
        if (ls_interrupt_came()) {
            return LS_EXIT_STOPPED;
        }
        if (follows) {
            go_on(r);
        }
        const bool more = r->read > 0 || (follows && before != 0 && r->run != before);
        if (!more && (!follows || (r->over && r->run >= r->last))) {
            return LS_EXIT_DONE;
        }
        if (!more) {
            nanosleep(&pause, NULL);
        }
    }
}

static int run(const ls_options *options) {
    const ls_option_value *tail = ls_options_get(options, "tail");
    const ls_option_value *which = ls_options_get(options, "run");
    const uint64_t id = ls_pool_call_job(options, 0, "pool logs");
    ls_error err = {0};
    if (id == 0) {
        return LS_EXIT_USAGE;
    }
    if (ls_options_exclude(options, "follow", "run", &err) != LS_OK) {
        return ls_complain_usage(&err, "pool logs");
    }
    reading r = {.options = options,
                 .next = tail->given ? -tail->number : 0,
                 .run = which->given ? which->number : 0};
    snprintf(r.id, sizeof r.id, "%llu", (unsigned long long)id);
    int code = ls_pool_call_begin(options, &r.call);
    if (code == LS_EXIT_DONE) {
        ls_interrupt_watch();
        code = read_all(&r, ls_options_get(options, "follow")->given);
    }
    ls_pool_call_close(r.call);
    return code;
}

const ls_cli_command ls_command_pool_logs = {
    .name = "pool logs",
    .arguments = "JOB",
    .least = 1,
    .most = 1,
    .about = "Prints what a job has written, byte for byte.",
    .example = "lineshaft pool logs -f 12",
    .examples =
        "lineshaft pool logs 12 --tail 2000\n"
        "lineshaft pool logs 12 --run 1\n",
    .detail =
        "Of a log that has grown too large the oldest is gone: the pool keeps 16 MiB of a job that "
        "says nothing else. Only one's own jobs; root and the daemon's user may read all.\n",
    .tables = tables,
    .run = run,
};
