// errands.c - see errands.h.
#include "loop/errands.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "line/data_folder.h"
#include "loop/json_value.h"

enum { PATH_SIZE = 4096, TRIES = 3, LOG_SIZE = 400, ONCE = 80, SIZE_MAX_KEPT = 1 << 20 };
enum { LOOK_US = 1000000, AWAY_US = 2000000, PAUSE_US = 60000000, PAUSE_GROWS = 4 };
#define PAUSE_MOST_US (INT64_C(3600) * 1000000)

typedef struct errand {
    char name[LS_ERRAND_NAME + 1];
    json_t *kept;  // as it stands on disk
    uint64_t job;  // 0: not handed over
} errand;

struct ls_errands {
    ls_errands_def def;
    char *folder, *program;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    errand *list[LS_ERRANDS_MOST];  // NULL: none
    ls_errands_figures figures;
    pthread_t thread;
    bool has_lock, has_thread, ends;
};

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(const ls_errands *e, ls_log_level level, const char *name, const char *text) {
    ls_journal_write(e->def.journal, level, "job", name, 0, text, NULL);
}

// ---- on disk: NAME.json

static void path_of(const ls_errands *e, const char *name, char out[PATH_SIZE]) {
    ls_text_format(out, PATH_SIZE, "%s/%s.json", e->folder, name);
}

static ls_status keep(const ls_errands *e, const errand *one, ls_error *err) {
    char path[PATH_SIZE];
    path_of(e, one->name, path);
    char *text = json_dumps(one->kept, 0);
    if (text == NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "'%s' cannot be written down: out of memory, or no "
                       "UTF-8",
                       one->name);
    }
    const ls_status status = ls_file_write(path, text, strlen(text), err);
    free(text);  // jansson's own
    return status;
}

static void free_errand(errand *one) {
    if (one != NULL) {
        json_decref(one->kept);
        ls_free(one);
    }
}

static bool is_name(const char *name) {
    return name[0] != '\0' && strlen(name) <= LS_ERRAND_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static bool are_texts(const json_t *list) {
    size_t i;
    json_t *text;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > LS_ERRAND_ARGS) {
        return false;
    }
    json_array_foreach((json_t *)(uintptr_t)list, i, text) {
        if (!json_is_string(text)) {
            return false;
        }
    }
    return true;
}

static bool is_kept(const json_t *kept) {
    const char *once = ls_json_text_at(kept, "once");
    return are_texts(json_object_get(kept, "argv")) && once[0] != '\0' && strlen(once) < ONCE &&
           json_is_integer(json_object_get(kept, "try")) &&
           json_integer_value(json_object_get(kept, "tries")) > 0;
}

static errand **free_place(ls_errands *e) {
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        if (e->list[i] == NULL) {
            return &e->list[i];
        }
    }
    return NULL;
}

// A file that we did not write is left where it is.
static void recall(ls_errands *e, const char *file) {
    char path[PATH_SIZE], name[LS_ERRAND_NAME + 1];
    const size_t length = strlen(file);
    if (length < 6 || length - 5 > LS_ERRAND_NAME || strcmp(file + length - 5, ".json") != 0) {
        return;
    }
    ls_text_format(name, length - 4, "%s", file);
    errand **place = free_place(e);
    if (!is_name(name) || place == NULL) {
        return;
    }
    path_of(e, name, path);
    json_t *kept = json_load_file(path, 0, NULL);
    errand *one = is_kept(kept) ? ls_alloc(sizeof *one) : NULL;
    if (one == NULL) {
        ls_say(LS_LOG_WARNING, "job", name,
               "'%s' is no job that was written down; it is left alone", path);
        json_decref(kept);
        return;
    }
    *one = (errand){.kept = kept,
                    .job = (uint64_t)json_integer_value(json_object_get(kept, "job"))};
    ls_text_format(one->name, sizeof one->name, "%s", name);
    *place = one;
}

static ls_status recall_all(ls_errands *e, ls_error *err) {
    const ls_status status = ls_data_folder_make(e->folder, err);
    if (status != LS_OK) {
        return status;
    }
    DIR *dir = opendir(e->folder);
    if (dir == NULL) {
        return ls_fail(err, LS_ERR_IO, "cannot read the folder '%s': %s", e->folder,
                       ls_errno_text(errno));
    }
    for (const struct dirent *f = readdir(dir); f != NULL; f = readdir(dir)) {
        recall(e, f->d_name);
    }
    closedir(dir);
    return LS_OK;
}

// ---- tries

static void name_try(errand *one, json_int_t number, int64_t not_before_us) {
    char once[ONCE];
    ls_text_format(once, sizeof once, "%.40s.%llx.%lld", one->name, (unsigned long long)wall_us(),
                   (long long)number);
    json_object_set_new(one->kept, "once", json_string(once));
    json_object_set_new(one->kept, "try", json_integer(number));
    json_object_set_new(one->kept, "not_before_us", json_integer(not_before_us));
    json_object_set_new(one->kept, "job", json_integer(0));
    one->job = 0;
}

static void forget(ls_errands *e, errand *one) {
    char path[PATH_SIZE];
    path_of(e, one->name, path);
    (void)unlink(path);
    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        if (e->list[i] == one) {
            e->list[i] = NULL;
        }
    }
    pthread_mutex_unlock(&e->lock);
    free_errand(one);
}

static void tell(ls_errands *e, const errand *one, ls_errand_end end, const char *text) {
    const ls_errand_told told = {.name = one->name,
                                 .stamp = ls_json_text_at(one->kept, "stamp"),
                                 .job = one->job,
                                 .end = end,
                                 .text = text};
    for (uint32_t i = 0; i < e->def.kind_count; i++) {
        const ls_errand_kind *kind = &e->def.kinds[i];
        const size_t length = strlen(kind->kind);
        if (strncmp(one->name, kind->kind, length) == 0 &&
            (one->name[length] == '\0' || one->name[length] == '-')) {
            kind->over(kind->context, &told);
        }
    }
}

static int64_t pause_of(const ls_errands *e, json_int_t try) {
    int64_t us = e->def.pause_us > 0 ? e->def.pause_us : PAUSE_US;
    for (json_int_t i = 1; i < try && us < PAUSE_MOST_US; i++) {
        us *= PAUSE_GROWS;
    }
    return us < PAUSE_MOST_US ? us : PAUSE_MOST_US;
}

static void put_span(int64_t us, char *out, size_t size) {
    const double s = (double)us * 1e-6;
    ls_text_format(out, size, s < 120.0 ? "%.0f s" : "%.0f min", s < 120.0 ? s : s / 60.0);
}

static void count(ls_errands *e, uint64_t *figure) {
    pthread_mutex_lock(&e->lock);
    (*figure)++;
    pthread_mutex_unlock(&e->lock);
}

// The last words of a job that failed, on one line.
static void last_words(ls_errands *e, uint64_t job, char out[LOG_SIZE]) {
    ls_error err = {0};
    out[0] = '\0';
    if (job != 0 && ls_tenant_log(e->def.tenant, job, out, LOG_SIZE, &err) == LS_OK) {
        for (char *c = out; *c != '\0'; c++) {
            *c = *c == '\n' ? ' ' : *c;
        }
    }
}

static void failed(ls_errands *e, errand *one, const char *why) {
    char words[LOG_SIZE], text[1200], span[32];
    ls_error err = {0};
    const json_int_t try = json_integer_value(json_object_get(one->kept, "try"));
    const json_int_t tries = json_integer_value(json_object_get(one->kept, "tries"));
    last_words(e, one->job, words);
    count(e, &e->figures.failed);
    if (try >= tries) {
        ls_text_format(text, sizeof text, "given up after %lld tries: %s%s%s", (long long)try, why,
                       words[0] != '\0' ? ": " : "", words);
        say(e, LS_LOG_ERROR, one->name, text);
        tell(e, one, LS_ERRAND_GIVEN_UP, text);
        forget(e, one);
        return;
    }
    const int64_t pause_us = pause_of(e, try);
    put_span(pause_us, span, sizeof span);
    ls_text_format(text, sizeof text, "failed: %s%s%s; tried again in %s", why,
                   words[0] != '\0' ? ": " : "", words, span);
    say(e, LS_LOG_WARNING, one->name, text);
    name_try(one, try + 1, wall_us() + pause_us);
    if (keep(e, one, &err) != LS_OK) {
        // On disk is the try that has failed: after a restart it is asked for again.
        ls_say(LS_LOG_ERROR, "job", one->name, "%s", err.text);
    }
}

// ---- asking the pool

// True: it answers.
static bool heard(ls_errands *e, ls_status status, const ls_error *err) {
    const bool away = status == LS_ERR_IO || status == LS_ERR_LIMIT || status == LS_ERR_MEMORY;
    char text[LS_ERROR_TEXT_SIZE + 64];
    if (away && !e->figures.away) {
        ls_text_format(text, sizeof text, "the pool is away: %s; what is to be done waits",
                       err->text);
        say(e, LS_LOG_WARNING, "", text);
    } else if (!away && e->figures.away) {
        say(e, LS_LOG_INFO, "", "the pool is back");
    }
    pthread_mutex_lock(&e->lock);
    e->figures.away = away;
    pthread_mutex_unlock(&e->lock);
    return !away;
}

static void hand_over(ls_errands *e, errand *one) {
    const char *argv[LS_ERRAND_ARGS + 2] = {e->program};
    const json_t *list = json_object_get(one->kept, "argv");
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = json_string_value(json_array_get(list, i));
    }
    const double gpus = json_number_value(json_object_get(one->kept, "gpus"));
    const ls_tenant_job job = {
        .name = one->name,
        .once = ls_json_text_at(one->kept, "once"),
        .argv = argv,
        .folder = "/",
        .gpus = gpus > 0.0 ? gpus : 1.0,
        .most_us = json_integer_value(json_object_get(one->kept, "most_us")),
        .grace_us = 10000000,
        .checkpoint_every_us = json_integer_value(json_object_get(one->kept, "checkpoint_us")),
        .saves = json_is_true(json_object_get(one->kept, "saves"))};
    ls_error err = {0};
    char text[LS_ERROR_TEXT_SIZE + 64];
    const ls_status status = ls_tenant_submit(e->def.tenant, &job, &one->job, &err);
    const bool answers = heard(e, status, &err);
    if (status == LS_OK) {
        ls_text_format(text, sizeof text, "handed to the pool as job %llu",
                       (unsigned long long)one->job);
        say(e, LS_LOG_INFO, one->name, text);
        // A kill before this is no harm: the pool knows the try by its word.
        json_object_set_new(one->kept, "job", json_integer((json_int_t)one->job));
        if (keep(e, one, &err) != LS_OK) {
            ls_say(LS_LOG_ERROR, "job", one->name, "%s", err.text);
        }
    } else if (answers) {
        failed(e, one, err.text);
    }
}

static void look_at(ls_errands *e, errand *one) {
    ls_tenant_look look;
    ls_error err = {0};
    const ls_status status = ls_tenant_ask(e->def.tenant, one->job, &look, &err);
    const bool answers = heard(e, status, &err);
    if (status == LS_OK && look.state == LS_TENANT_DONE) {
        count(e, &e->figures.done);
        say(e, LS_LOG_INFO, one->name, "done");
        tell(e, one, LS_ERRAND_DONE, "");
        forget(e, one);
    } else if (status == LS_OK && look.state == LS_TENANT_CANCELLED) {
        say(e, LS_LOG_WARNING, one->name, "cancelled: it is not tried again");
        tell(e, one, LS_ERRAND_CANCELLED, "cancelled");
        forget(e, one);
    } else if (status == LS_OK && look.state == LS_TENANT_FAILED) {
        failed(e, one, look.text[0] != '\0' ? look.text : look.word);
    } else if (status != LS_OK && answers) {
        failed(e, one, err.text);  // the pool does not know it any more
    }
}

static uint32_t handed_over(const ls_errands *e) {
    uint32_t count = 0;
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        count += e->list[i] != NULL && e->list[i]->job != 0;
    }
    return count;
}

// A clock that was set back must not put it off for longer than a pause is.
static bool is_due(const errand *one) {
    const int64_t left_us = json_integer_value(json_object_get(one->kept, "not_before_us")) -
                            wall_us();
    return left_us <= 0 || left_us > PAUSE_MOST_US;
}

// Only this thread takes out of the list, so what it holds stays.
static void go_round(ls_errands *e) {
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        pthread_mutex_lock(&e->lock);
        errand *one = e->list[i];
        const bool room = e->def.at_once == 0 || handed_over(e) < e->def.at_once;
        pthread_mutex_unlock(&e->lock);
        if (one == NULL) {
            continue;
        }
        if (one->job != 0) {
            look_at(e, one);
        } else if (room && is_due(one)) {
            hand_over(e, one);
        }
        if (e->figures.away) {
            return;
        }
    }
}

static void *work(void *context) {
    ls_errands *e = context;
    pthread_setname_np(pthread_self(), "ls-errands");
    pthread_mutex_lock(&e->lock);
    while (!e->ends) {
        pthread_mutex_unlock(&e->lock);
        go_round(e);
        const int64_t usual = e->figures.away ? AWAY_US : LOOK_US;
        const int64_t us = e->def.pause_us > 0 && e->def.pause_us < usual ? e->def.pause_us : usual;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)(us / 1000000);
        until.tv_nsec += (long)(us % 1000000) * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&e->lock);
        if (!e->ends) {
            (void)pthread_cond_timedwait(&e->wake, &e->lock, &until);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

// ---- opening, closing

// The path of this program, as a job that starts elsewhere needs it.
static char *this_program(void) {
    char path[PATH_SIZE];
    return ls_file_this_program(path, sizeof path) ? ls_text_copy(path) : NULL;
}

static bool init_locks(ls_errands *e) {
    pthread_condattr_t steady;
    if (pthread_mutex_init(&e->lock, NULL) != 0) {
        return false;
    }
    e->has_lock = true;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    const bool fine = pthread_cond_init(&e->wake, &steady) == 0;
    pthread_condattr_destroy(&steady);
    return fine;
}

ls_status ls_errands_open(const ls_errands_def *def, ls_errands **out, ls_error *err) {
    *out = NULL;
    ls_errands *e = ls_alloc(sizeof *e);
    if (e == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for jobs");
    }
    memset(e, 0, sizeof *e);
    e->def = *def;
    e->folder = ls_text_copy(def->folder);
    e->program = def->program != NULL ? ls_text_copy(def->program) : this_program();
    ls_status status = e->folder != NULL && e->program != NULL && init_locks(e)
                           ? recall_all(e, err)
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for jobs");
    if (status == LS_OK) {
        e->has_thread = pthread_create(&e->thread, NULL, work, e) == 0;
        status = e->has_thread ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "no thread for jobs");
    }
    if (status != LS_OK) {
        ls_errands_close(e);
        return status;
    }
    *out = e;
    return LS_OK;
}

void ls_errands_close(ls_errands *e) {
    if (e == NULL) {
        return;
    }
    if (e->has_thread) {
        pthread_mutex_lock(&e->lock);
        e->ends = true;
        pthread_cond_broadcast(&e->wake);
        pthread_mutex_unlock(&e->lock);
        pthread_join(e->thread, NULL);
    }
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        free_errand(e->list[i]);
    }
    if (e->has_lock) {
        pthread_cond_destroy(&e->wake);
        pthread_mutex_destroy(&e->lock);
    }
    ls_free(e->folder);
    ls_free(e->program);
    ls_free(e);
}

// ---- any thread

static errand *find(const ls_errands *e, const char *name) {
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        if (e->list[i] != NULL && strcmp(e->list[i]->name, name) == 0) {
            return e->list[i];
        }
    }
    return NULL;
}

static ls_status make(const ls_errand *what, errand **out, ls_error *err) {
    *out = NULL;
    if (!is_name(what->name)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "'%s' is no name of a job: a to z, 0 to 9 and '-', at most %d", what->name,
                       LS_ERRAND_NAME);
    }
    json_t *argv = json_array();
    for (size_t i = 0; what->argv[i] != NULL; i++) {
        json_array_append_new(argv, json_string(what->argv[i]));
        if (json_array_size(argv) != i + 1 || i >= LS_ERRAND_ARGS) {
            json_decref(argv);
            return ls_fail(err, LS_ERR_INVALID,
                           "argument %zu of '%s' is no UTF-8 text, or one too "
                           "many",
                           i + 1, what->name);
        }
    }
    errand *one = ls_alloc(sizeof *one);
    json_t *kept = json_pack("{s:o, s:f, s:I, s:I, s:b, s:s, s:I}", "argv", argv, "gpus",
                             what->gpus, "most_us", (json_int_t)what->most_us, "checkpoint_us",
                             (json_int_t)what->checkpoint_every_us, "saves", (int)what->saves,
                             "stamp", what->stamp != NULL ? what->stamp : "", "tries",
                             (json_int_t)(what->tries > 0 ? what->tries : TRIES));
    if (one == NULL || kept == NULL) {
        ls_free(one);
        json_decref(kept);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a job");
    }
    *one = (errand){.kept = kept};
    ls_text_format(one->name, sizeof one->name, "%s", what->name);
    name_try(one, 1, 0);
    *out = one;
    return LS_OK;
}

ls_status ls_errands_put(ls_errands *e, const ls_errand *what, ls_error *err) {
    errand *one = NULL;
    ls_status status = make(what, &one, err);
    if (status != LS_OK) {
        return status;
    }
    pthread_mutex_lock(&e->lock);
    errand **place = free_place(e);
    if (find(e, one->name) != NULL) {
        status = ls_fail(err, LS_ERR_LIMIT, "a job '%s' is underway already", one->name);
    } else if (place == NULL) {
        status = ls_fail(err, LS_ERR_LIMIT, "%d jobs are underway already, the most there may be",
                         LS_ERRANDS_MOST);
    } else {
        status = keep(e, one, err);
    }
    if (status == LS_OK) {
        *place = one;
        pthread_cond_broadcast(&e->wake);
    }
    pthread_mutex_unlock(&e->lock);
    if (status != LS_OK) {
        free_errand(one);
    }
    return status;
}

bool ls_errands_has(ls_errands *e, const char *name) {
    pthread_mutex_lock(&e->lock);
    const bool has = find(e, name) != NULL;
    pthread_mutex_unlock(&e->lock);
    return has;
}

ls_errands_figures ls_errands_describe(ls_errands *e) {
    pthread_mutex_lock(&e->lock);
    ls_errands_figures figures = e->figures;
    figures.underway = 0;
    for (int i = 0; i < LS_ERRANDS_MOST; i++) {
        figures.underway += e->list[i] != NULL;
    }
    pthread_mutex_unlock(&e->lock);
    return figures;
}
