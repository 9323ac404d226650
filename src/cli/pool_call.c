// pool_call.c - see pool_call.h.
#include "cli/pool_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_words.h"
#include "ls_build.h"

enum { PATH_SIZE = 4096, PATIENCE_MS = 30000, LOOK_MS = 100 };

#define SOCKET_OPTION                                                                           \
    {                                                                                           \
        .name = "socket", .kind = LS_OPTION_TEXT, .argument = "PATH",                           \
        .says = "$LINESHAFT_POOL, else where 'pool run' of this user or of the system listens", \
        .about = "where the pool's daemon listens"                                              \
    }

#define URL_OPTIONS                                                  \
    {.name = "url",                                                  \
     .kind = LS_OPTION_TEXT,                                         \
     .argument = "URL",                                              \
     .says = "$LINESHAFT_POOL where that is an address",             \
     .about = "of a pool on another machine, instead of a socket"},  \
        {.name = "token-file",                                       \
         .kind = LS_OPTION_TEXT,                                     \
         .argument = "FILE",                                         \
         .says = "$LINESHAFT_POOL_TOKEN_FILE",                       \
         .about = "with --url: the token; yours to read"},           \
    {                                                                \
        .name = "trust", .kind = LS_OPTION_TEXT, .argument = "FILE", \
        .says = "the system's authorities",                          \
        .about = "with --url: certificates (PEM) that vouch for it"  \
    }

const ls_option ls_pool_socket_options[] = {SOCKET_OPTION, URL_OPTIONS, {0}};
const ls_option ls_pool_call_options[] = {
    SOCKET_OPTION,
    URL_OPTIONS,
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one object for programs; docs/JSON.md"},
    {0},
};

// ---- where the daemon listens

static bool is_there(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

// Anybody may make folders in /tmp: one that is somebody else's is no place of ours.
static bool folder_is_ours(const char *folder) {
    struct stat about;
    return lstat(folder, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
           (about.st_mode & 022) == 0;
}

void ls_pool_socket_path(const char *given, char *out, size_t size) {
    const char *named = given != NULL ? given : getenv("LINESHAFT_POOL");
    const char *run = getenv("XDG_RUNTIME_DIR");
    char folder[64];
    if (named != NULL && named[0] != '\0') {
        snprintf(out, size, "%s", named);
        return;
    }
    if (run != NULL && run[0] == '/') {
        snprintf(out, size, "%s/lineshaft/pool.sock", run);
        if (is_there(out)) {
            return;
        }
    }
    snprintf(out, size, "/run/lineshaft/pool.sock");
    snprintf(folder, sizeof folder, "/tmp/lineshaft-%u", (unsigned)geteuid());
    if (!is_there(out) && geteuid() != 0 && folder_is_ours(folder)) {
        snprintf(out, size, "%s/pool.sock", folder);
    }
}

ls_status ls_pool_socket_place(const char *given, char *out, size_t size, ls_error *err) {
    const char *named = given != NULL ? given : getenv("LINESHAFT_POOL");
    const char *run = getenv("RUNTIME_DIRECTORY");  // of systemd
    const char *own = getenv("XDG_RUNTIME_DIR");
    char folder[PATH_SIZE];
    if (named != NULL && named[0] != '\0') {
        snprintf(out, size, "%s", named);
        return LS_OK;
    }
    if (run != NULL && run[0] == '/') {
        snprintf(folder, sizeof folder, "%.*s", (int)strcspn(run, ":"), run);
    } else if (own != NULL && own[0] == '/') {
        snprintf(folder, sizeof folder, "%s/lineshaft", own);
    } else if (geteuid() == 0) {
        snprintf(folder, sizeof folder, "/run/lineshaft");
    } else {
        snprintf(folder, sizeof folder, "/tmp/lineshaft-%u", (unsigned)geteuid());
    }
    if (mkdir(folder, geteuid() == 0 ? 0755 : 0700) != 0 && errno != EEXIST) {
        ls_fail(err, LS_ERR_IO, "cannot make folder '%s': %s", folder, strerror(errno));
        ls_hint(err, "give another place with --socket");
        return LS_ERR_IO;
    }
    if (!folder_is_ours(folder)) {
        ls_fail(err, LS_ERR_INVALID, "the folder '%s' is not yours alone to write", folder);
        ls_hint(err, "give another place with --socket");
        return LS_ERR_INVALID;
    }
    snprintf(out, size, "%s/pool.sock", folder);
    return LS_OK;
}

// ---- asking

int ls_pool_call_begin(const ls_options *options, ls_pool_call **out) {
    char path[PATH_SIZE];
    ls_error err = {0};
    const char *socket = ls_options_get(options, "socket")->text;
    const char *url = ls_options_get(options, "url")->text;
    const char *token_file = ls_options_get(options, "token-file")->text;
    const char *named = getenv("LINESHAFT_POOL");
    if (url == NULL && socket == NULL && named != NULL && strstr(named, "://") != NULL) {
        url = named;
    }
    if (url == NULL) {
        ls_pool_socket_path(socket, path, sizeof path);
        return ls_pool_call_open(path, out, &err) == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
    }
    token_file = token_file != NULL ? token_file : getenv("LINESHAFT_POOL_TOKEN_FILE");
    return ls_pool_call_open_url(url, token_file, ls_options_get(options, "trust")->text, out,
                                 &err) == LS_OK
               ? LS_EXIT_DONE
               : ls_complain(&err);
}

static int complain_of(const json_t *error) {
    const char *code = ls_json_text_at(error, "code");
    const char *text = ls_json_text_at(error, "text");
    const char *hint = ls_json_text_at(error, "hint");
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, "%s",
            text[0] != '\0' ? text : "the pool's daemon gave no answer that can be read");
    if (hint[0] != '\0') {
        ls_hint(&err, "%s", hint);
    }
    ls_complain(&err);
    return strcmp(code, "refused") == 0 || strcmp(code, "forbidden") == 0 ||
                   strcmp(code, "token") == 0 || strcmp(code, "role") == 0
               ? LS_EXIT_NO
           : strcmp(code, "invalid") == 0 || strcmp(code, "unknown") == 0 ? LS_EXIT_INPUT
                                                                          : LS_EXIT_SYSTEM;
}

int ls_pool_call_do(ls_pool_call *call, json_t *question, json_t **out) {
    ls_buffer answer;
    ls_error err = {0};
    *out = NULL;
    char *line = json_dumps(question, JSON_COMPACT);
    json_decref(question);
    if (line == NULL) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        return ls_complain(&err);
    }
    ls_buffer_init(&answer);
    int code = LS_EXIT_DONE;
    if (ls_pool_call_ask(call, line, strlen(line), PATIENCE_MS, &answer, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_t *object = json_loadb(answer.data, answer.size, 0, NULL);
        *out = json_incref(json_object_get(object, "ok"));
        code = *out != NULL ? LS_EXIT_DONE : complain_of(json_object_get(object, "error"));
        json_decref(object);
    }
    free(line);  // jansson's own
    ls_buffer_clear(&answer);
    return code;
}

int ls_pool_call_once(const ls_options *options, json_t *question, json_t **out) {
    ls_pool_call *call = NULL;
    *out = NULL;
    int code = ls_pool_call_begin(options, &call);
    if (code == LS_EXIT_DONE) {
        code = ls_pool_call_do(call, question, out);
    } else {
        json_decref(question);
    }
    ls_pool_call_close(call);
    return code;
}

static bool is_over(const char *state) {
    return strcmp(state, "waiting") != 0 && strcmp(state, "running") != 0 &&
           strcmp(state, "stopping") != 0;
}

int ls_pool_call_wait(ls_pool_call *call, uint64_t job_id, bool *out_done) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)job_id);
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (;;) {
        json_t *job = NULL;
        const int code = ls_pool_call_do(call, json_pack("{s:s, s:s}", "do", "job", "job", text),
                                         &job);
        const char *state = ls_json_text_at(job, "state");
        const bool over = code == LS_EXIT_DONE && is_over(state);
        *out_done = *out_done && (!over || strcmp(state, "done") == 0);
        if (over && strcmp(state, "done") != 0) {
            char said[64];
            ls_pool_put_state(job, said, sizeof said);
            ls_note("job %s: %s%s%s", text, said, json_object_get(job, "note") != NULL ? ": " : "",
                    ls_json_text_at(job, "note"));
        }
        json_decref(job);
        if (over || code != LS_EXIT_DONE) {
            return code;
        }
        nanosleep(&pause, NULL);
        if (ls_interrupt_came()) {
            ls_note("job %s goes on", text);
            return LS_EXIT_STOPPED;
        }
    }
}

int ls_pool_call_print(const char *format, const char *name, json_t *object) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_json_print(
        json_pack("{s:s, s:s, s:o}", "lineshaft", LS_VERSION, "format", format, name, object),
        &out);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

uint64_t ls_pool_call_job(const ls_options *options, int at, const char *command) {
    const char *text = options->arguments[at];
    int64_t id = 0;
    if (text[0] >= '0' && text[0] <= '9' && ls_text_parse_i64(text, strlen(text), &id) && id > 0) {
        return (uint64_t)id;
    }
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, "'%s' is no number of a job", text);
    ls_hint(&err, "'lineshaft pool jobs' lists them");
    ls_complain_usage(&err, command);
    return 0;
}
