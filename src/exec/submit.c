// submit.c - see submit.h.
#include "exec/submit.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include "base/units.h"
#include "exec/fields.h"

enum {
    ACCOUNT_SIZE_MAX = 1000,
    FOLDER_SIZE_MAX = 4095,
    ONCE_SIZE_MAX = 79,
    PARTS_MAX = 1000000,
    MILLI = 1000,
};
#define SPAN_S_MAX ((double)(LS_UNITS_TIME_MAX_US / LS_US_PER_S))
#define LOG_MIB_MAX (INT64_C(1) << 30)

static const char *const keys[] = {
    "do",         "account",     "command",     "name",         "folder",
    "env",        "once",        "parts",       "gpus",         "cpus",
    "memory_mib", "gpu_mib",     "kinds",       "within",       "must",
    "spread",     "priority",    "most_s",      "grace_s",      "checkpoint_every_s",
    "saves",      "restartable", "stop_signal", "stop_command", "array",
    "after",      "log_mib",     "split_log",   "deadline_s",   "array_first",
    "spot",       "elastic",     "busy",        "processes",    NULL,
};

const char *ls_level_word(ls_pool_level level) {
    static const char *const words[] = {NULL, "site", "hall", "row", "rack", "domain", "node"};
    return words[level];
}

// ---- accounts, kinds, levels

ls_status ls_submit_account(const ls_pool *pool, const char *path, uint32_t *out, ls_error *err) {
    const uint32_t found = ls_pool_account(pool, path);
    if (found != LS_POOL_NONE) {
        *out = found;
        return LS_OK;
    }
    const char **paths = ls_alloc(pool->account_count * sizeof *paths);
    for (uint32_t i = 1; paths != NULL && i < pool->account_count; i++) {
        paths[i - 1] = pool->accounts[i].path;
    }
    const char *nearest = paths != NULL ? ls_text_nearest(path, paths, pool->account_count - 1)
                                        : NULL;
    ls_fail(err, LS_ERR_INVALID, "there is no account '%.200s' in the pool '%s'", path, pool->name);
    // A name alone is often meant with what stands above it.
    for (uint32_t i = 1; nearest == NULL && i < pool->account_count; i++) {
        nearest = strcmp(pool->accounts[i].name, path) == 0 ? pool->accounts[i].path : NULL;
    }
    if (nearest != NULL) {
        ls_hint(err, "did you mean '%s'?", nearest);
    } else {
        ls_hint(err, "'lineshaft pool usage' lists them all");
    }
    ls_free(paths);
    return LS_ERR_INVALID;
}

static void take_kinds(ls_fields *f, const ls_cluster *cluster, ls_arena *arena, uint32_t *out) {
    const char *const *names = NULL;
    size_t count = 0;
    ls_fields_texts(f, "kinds", 0, LS_POOL_KINDS_MAX, LS_EXEC_NAME_MAX, arena, &names, &count);
    for (size_t i = 0; i < count; i++) {
        const char *known[LS_POOL_KINDS_MAX];
        uint32_t found = LS_POOL_NONE;
        for (uint32_t k = 0; k < cluster->kind_count; k++) {
            known[k] = cluster->kinds[k].name;
            found = strcmp(names[i], known[k]) == 0 ? k : found;
        }
        if (found != LS_POOL_NONE) {
            *out |= UINT32_C(1) << found;
            continue;
        }
        const char *nearest = ls_text_nearest(names[i], known, cluster->kind_count);
        const bool first = !f->failed;
        ls_fields_fail(f, LS_ERR_INVALID, "kinds: this pool has no '%.60s'", names[i]);
        if (first && nearest != NULL) {
            ls_hint(f->err, "did you mean '%s'?", nearest);
        }
    }
}

static void take_level(ls_fields *f, ls_pool_level *out) {
    const char *word = NULL;
    ls_fields_text(f, "within", 1, 16, &word);
    if (word == NULL) {
        return;
    }
    for (ls_pool_level level = LS_POOL_SITE; level < LS_POOL_NODE; level++) {
        if (strcmp(ls_level_word(level), word) == 0) {
            *out = level;
            return;
        }
    }
    ls_fields_fail(f, LS_ERR_INVALID, "within must be one of domain, rack, row, hall, site");
}

// ---- the parts of a job

static void take_gpus(ls_fields *f, ls_shape *out) {
    double gpus = 1.0;
    ls_fields_number(f, "gpus", 0.0, LS_POOL_NODE_GPUS_MAX, &gpus);
    const double milli = round(gpus * MILLI);
    if (fabs(milli - gpus * MILLI) > 1e-6 || (gpus > 1.0 && gpus != floor(gpus))) {
        ls_fields_fail(f, LS_ERR_INVALID,
                       "gpus must be a whole number, or below 1 with at most three digits");
    } else if (gpus < 1.0) {
        out->milli = (uint32_t)milli;
    } else {
        out->gpus = (uint32_t)gpus;
    }
}

static void take_shape(ls_fields *f, const ls_pool *pool, ls_arena *arena, ls_shape *out) {
    int64_t parts = 1, memory = 0, gpu_memory = 0;
    double cpus = 0.0;
    take_gpus(f, out);
    ls_fields_integer(f, "parts", 1, PARTS_MAX, &parts);
    ls_fields_number(f, "cpus", 0.0, UINT32_MAX / MILLI, &cpus);
    ls_fields_integer(f, "memory_mib", 0, UINT32_MAX, &memory);
    ls_fields_integer(f, "gpu_mib", 0, UINT32_MAX, &gpu_memory);
    take_kinds(f, &pool->cluster, arena, &out->kinds);
    take_level(f, &out->within);
    ls_fields_flag(f, "must", &out->must);
    ls_fields_flag(f, "spread", &out->spread);
    out->parts = (uint32_t)parts;
    out->cpu_milli = (uint32_t)round(cpus * MILLI);
    out->memory_mib = (uint32_t)memory;
    out->gpu_mib = (uint32_t)gpu_memory;
}

static void take_span(ls_fields *f, const char *key, int64_t *out_us) {
    double seconds = (double)*out_us * 1e-6;
    ls_fields_number(f, key, 0.0, SPAN_S_MAX, &seconds);
    *out_us = (int64_t)round(seconds * 1e6);
}

static void take_times(ls_fields *f, ls_exec_job *job) {
    job->grace_us = 30 * LS_US_PER_S;
    take_span(f, "most_s", &job->limit_us);
    take_span(f, "deadline_s", &job->deadline_us);
    take_span(f, "grace_s", &job->grace_us);
    take_span(f, "checkpoint_every_s", &job->checkpoint_every_us);
    job->restartable = true;
    ls_fields_flag(f, "saves", &job->saves);
    ls_fields_flag(f, "restartable", &job->restartable);
    ls_fields_flag(f, "spot", &job->spot);
}

static void take_stop(ls_fields *f, ls_arena *arena, ls_exec_job *job) {
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"HUP", SIGHUP},
                   {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"QUIT", SIGQUIT}};
    const char *name = NULL;
    size_t count = 0;
    ls_fields_text(f, "stop_signal", 1, 16, &name);
    for (size_t i = 0; name != NULL && i < sizeof signals / sizeof *signals; i++) {
        job->stop_signal = strcmp(signals[i].name, name) == 0 ? signals[i].number
                                                              : job->stop_signal;
    }
    if (name != NULL && job->stop_signal == 0) {
        ls_fields_fail(f, LS_ERR_INVALID,
                       "stop_signal must be one of TERM, INT, HUP, USR1, USR2, QUIT");
    }
    ls_fields_texts(f, "stop_command", 1, LS_EXEC_ARGS_MAX, LS_EXEC_SPEC_SIZE_MAX, arena,
                    &job->stop_argv, &count);
}

static void take_command(ls_fields *f, ls_arena *arena, ls_exec_job *job) {
    size_t count = 0;
    ls_fields_texts(f, "command", 1, LS_EXEC_ARGS_MAX, LS_EXEC_SPEC_SIZE_MAX, arena, &job->argv,
                    &count);
    if (!f->failed && (count == 0 || job->argv[0][0] == '\0')) {
        ls_fields_fail(f, LS_ERR_INVALID, "command is missing: a program and its arguments");
    }
    ls_fields_text(f, "name", 1, LS_EXEC_NAME_MAX, &job->name);
    ls_fields_text(f, "folder", 1, FOLDER_SIZE_MAX, &job->folder);
    if (job->folder != NULL && job->folder[0] != '/') {
        ls_fields_fail(f, LS_ERR_INVALID, "folder must be an absolute path, not '%.200s'",
                       job->folder);
    }
    ls_fields_texts(f, "env", 0, LS_EXEC_ENV_MAX, LS_EXEC_SPEC_SIZE_MAX, arena, &job->env, &count);
    for (size_t i = 0; job->env != NULL && job->env[i] != NULL; i++) {
        if (job->env[i][0] == '=' || strchr(job->env[i], '=') == NULL) {
            ls_fields_fail(f, LS_ERR_INVALID, "env: entry %zu must be NAME=VALUE", i + 1);
        }
    }
}

static void take_after(ls_fields *f, ls_arena *arena, ls_exec_job *job) {
    const char *const *texts = NULL;
    size_t count = 0;
    ls_fields_texts(f, "after", 0, LS_EXEC_AFTER_MAX, 20, arena, &texts, &count);
    uint64_t *ids = count > 0 ? ls_arena_alloc(arena, count * sizeof *ids) : NULL;
    if (count > 0 && ids == NULL) {
        ls_fields_fail(f, LS_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count && !f->failed; i++) {
        const size_t length = strlen(texts[i]);
        const bool array = length > 1 && texts[i][length - 1] == '+';  // all of its array
        int64_t id = 0;
        if (!ls_text_parse_i64(texts[i], length - array, &id) || id <= 0) {
            ls_fields_fail(f, LS_ERR_INVALID, "after: '%.30s' is no number of a job", texts[i]);
        } else {
            ids[i] = (uint64_t)id | (array ? LS_EXEC_AFTER_ARRAY : 0);
        }
    }
    job->after = ids;
    job->after_count = (uint32_t)count;
}

static void take_rest(ls_fields *f, ls_exec_job *job) {
    int64_t array = 0, first = 0, priority = 0, log_mib = 0, elastic = 0, busy = 0;
    int64_t processes = 0;
    ls_fields_integer(f, "processes", 1, LS_EXEC_PROCESSES_MAX, &processes);
    job->processes = (uint32_t)processes;
    ls_fields_integer(f, "elastic", 0, LS_EXEC_ELASTIC_MAX, &elastic);
    if (elastic > 0 && job->spot) {
        ls_fields_fail(f, LS_ERR_INVALID, "elastic: a spot job is not elastic");
    }
    ls_fields_integer(f, "busy", 1, 100, &busy);
    if (busy > 0 && elastic == 0) {
        ls_fields_fail(f, LS_ERR_INVALID, "busy: only an elastic job has parts to be kept busy");
    }
    ls_fields_integer(f, "array", 0, LS_EXEC_ARRAY_MAX, &array);
    ls_fields_integer(f, "array_first", 0, LS_EXEC_INDEX_MAX, &first);
    job->has_priority = ls_fields_has(f, "priority");
    ls_fields_integer(f, "priority", 0, LS_PRIORITY_MAX, &priority);
    ls_fields_integer(f, "log_mib", 0, LOG_MIB_MAX, &log_mib);
    ls_fields_flag(f, "split_log", &job->split_log);
    job->elastic = (uint32_t)elastic;
    job->busy = (uint32_t)busy;
    job->array = (uint32_t)array;
    job->array_first = (uint32_t)first;
    job->priority = (int32_t)priority;
    job->log_bytes_max = (uint64_t)log_mib << 20;
}

ls_status ls_submit_read(const json_t *object, const ls_pool *pool, ls_arena *arena, ls_submit *out,
                         ls_error *err) {
    *out = (ls_submit){0};
    ls_fields f = ls_fields_open(object, keys, err);
    out->job.account = "";
    ls_fields_text(&f, "account", 0, ACCOUNT_SIZE_MAX, &out->job.account);
    ls_fields_text(&f, "once", 1, ONCE_SIZE_MAX, &out->once);
    take_command(&f, arena, &out->job);
    take_shape(&f, pool, arena, &out->job.shape);
    take_times(&f, &out->job);
    take_stop(&f, arena, &out->job);
    take_after(&f, arena, &out->job);
    take_rest(&f, &out->job);
    return f.failed ? err->status : LS_OK;
}
