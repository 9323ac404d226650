// model_search.c - see model_search.h.
#include "cli/model_search.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/complain.h"
#include "cli/model_args.h"
#include "cli/progress.h"
#include "exec/plant_tenant.h"
#include "line/data_folder.h"
#include "ls_build.h"
#include "model/learner_search.h"

enum { LOOK_MS = 100, WORKERS_MAX = 64, SCORE_SIZE_MAX = 4096, LOG_S = 30, AWAY_S = 600 };

extern char **environ;

typedef enum trial_state { TO_DO, RUNS, DONE } trial_state;

typedef struct running {  // beside ls_trial, by its place in the rung
    trial_state state;
    pid_t pid;
    uint64_t job;
} running;

typedef struct searching {
    const ls_model_search *search;
    ls_search_def def;
    ls_trial *trials;
    running *runs;
    uint32_t count, at_once;
    char folder[LS_SEARCH_FOLDER_SIZE];
    char key[17], program[4096];
    ls_tenant *tenant;
    ls_progress progress;
    uint64_t rounds_done, rounds_all;
    uint32_t rung;
    double heard_s;                    // when the pool last answered
    bool higher_is_better, was_there;  // was_there: the pool has taken a job
    ls_error *err;
} searching;

json_t *ls_model_trees_json(const ls_model_trees *trees) {
    return json_pack("{s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "rounds", (int)trees->rounds, "depth",
                     (int)trees->depth, "rate", trees->rate, "child", trees->child, "rows",
                     trees->rows, "columns", trees->columns, "lambda", trees->lambda);
}

static ls_model_trees trees_of(const ls_learner_def *def) {
    return (ls_model_trees){.rounds = def->rounds,
                            .depth = def->depth,
                            .rate = def->eta,
                            .child = def->child_weight_min,
                            .rows = def->row_share,
                            .columns = def->column_share,
                            .lambda = def->lambda};
}

static ls_search_def def_of(const ls_model_search *search) {
    const ls_model_plan *p = search->plan;
    ls_search_def def = ls_search_def_default();
    def.trials = search->trials;
    def.seed = (uint32_t)p->seed;
    def.base.seed = (uint32_t)p->seed;
    def.base.rounds = p->trees.rounds;
    def.base.depth = p->trees.depth;
    def.base.eta = p->trees.rate;
    def.base.child_weight_min = p->trees.child;
    def.base.row_share = p->trees.rows;
    def.base.column_share = p->trees.columns;
    def.base.lambda = p->trees.lambda;
    return def;
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// ---- the folder of this search

static void add_number(ls_sha256 *sha, double value) {
    ls_sha256_add(sha, &value, sizeof value);
}

// Named by all that its scores depend on.
static ls_status name_folder(searching *s, const ls_dataset *train) {
    const ls_model_plan *p = s->search->plan;
    const ls_model_trees base = p->trees;
    uint8_t sum[LS_SHA256_SIZE];
    char text[LS_SHA256_TEXT];
    const ls_status status = ls_dataset_hash(train, sum, s->err);
    if (status != LS_OK) {
        return status;
    }
    const double numbers[] = {s->search->trials, (double)p->seed, (double)p->objective,
                              p->class_count,    p->quantile,     p->validate,
                              p->by_unit,        base.rounds,     base.depth,
                              base.rate,         base.child,      base.rows,
                              base.columns,      base.lambda,     (double)p->horizon_us};
    ls_sha256 sha;
    ls_sha256_init(&sha);
    ls_sha256_add(&sha, LS_VERSION, sizeof LS_VERSION);
    ls_sha256_add(&sha, sum, sizeof sum);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        add_number(&sha, numbers[i]);
    }
    ls_sha256_end(&sha, sum);
    ls_sha256_text(sum, text);
    snprintf(s->key, sizeof s->key, "%.16s", text);
    char *absolute = realpath(s->search->opened->registry, NULL);
    if (absolute == NULL) {
        return ls_fail_errno(s->err, s->search->opened->registry, "cannot find the folder", errno);
    }
    const int size = snprintf(s->folder, sizeof s->folder, "%s/%s/search-%s", absolute, p->name,
                              s->key);
    free(absolute);
    return size > 0 && (size_t)size < sizeof s->folder - 64
               ? LS_OK
               : ls_fail(s->err, LS_ERR_LIMIT, "the path of the folder of a search is too long");
}

void ls_model_search_end(const char *folder) {
    DIR *dir = folder[0] != '\0' ? opendir(folder) : NULL;
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
    (void)rmdir(folder);
}

static ls_status make_folder(searching *s, const ls_dataset *train) {
    char path[LS_SEARCH_FOLDER_SIZE + 64];
    ls_status status = ls_data_folder_make(s->search->opened->registry, s->err);
    if (status == LS_OK) {
        status = name_folder(s, train);
    }
    if (status == LS_OK) {
        status = ls_data_folder_make(s->folder, s->err);
    }
    snprintf(path, sizeof path, "%s/train.lsd", s->folder);
    // Written whole or not at all, under a name of its content.
    if (status == LS_OK && access(path, F_OK) != 0) {
        status = ls_dataset_write(train, path, s->err);
    }
    return status;
}

static void path_of_score(const searching *s, const ls_trial *t, char *out, size_t size) {
    snprintf(out, size, "%s/%u-%u.json", s->folder, t->number, t->def.rounds);
}

// ---- scores

// False: there is no score yet. A learner that could not learn with these settings scores NaN.
static bool take_score(searching *s, ls_trial *t) {
    char path[LS_SEARCH_FOLDER_SIZE + 64], *text = NULL;
    size_t size = 0;
    ls_arena arena;
    ls_error ignored;
    path_of_score(s, t, path, sizeof path);
    ls_arena_init(&arena);
    bool found = access(path, F_OK) == 0 &&
                 ls_file_read(path, SCORE_SIZE_MAX, &arena, &text, &size, &ignored) == LS_OK;
    json_t *object = found ? json_loadb(text, size, 0, NULL) : NULL;
    const json_t *score = json_object_get(object, "score");
    found = json_is_number(score) || json_is_null(score);
    if (found) {
        t->score = json_is_number(score) ? json_number_value(score) : (double)NAN;
        s->higher_is_better = json_is_true(json_object_get(object, "higher_is_better"));
    }
    json_decref(object);
    ls_arena_clear(&arena);
    return found;
}

static void finish_trial(searching *s, uint32_t i) {
    s->runs[i].state = DONE;
    s->rounds_done += s->trials[i].def.rounds;
}

// It ended: with a score, with "these rows cannot be learned so", or it was not able to do its
// work, which says nothing about the settings and ends the search.
static ls_status settle(searching *s, uint32_t i, int code, const char *why) {
    ls_trial *t = &s->trials[i];
    if (code == LS_EXIT_DONE && take_score(s, t)) {
        finish_trial(s, i);
        return LS_OK;
    }
    if (code == LS_EXIT_INPUT) {
        t->score = (double)NAN;
        finish_trial(s, i);
        return LS_OK;
    }
    ls_fail(s->err, LS_ERR_IO, "trial %u of the search was not done: %s", t->number, why);
    ls_hint(s->err, "the same command goes on with what was scored so far");
    return LS_ERR_IO;
}

// ---- running

static void arguments_of(const searching *s, const ls_trial *t, char *data, size_t data_size,
                         char *score, size_t score_size, ls_model_trees *trees,
                         ls_model_args *args) {
    snprintf(data, data_size, "%s/train.lsd", s->folder);
    path_of_score(s, t, score, score_size);
    *trees = trees_of(&t->def);
    ls_model_args_init(args, s->program, data, s->search->plan, trees);
    ls_model_args_real(args, "--validate", s->search->plan->validate);
    if (s->search->plan->by_unit) {
        ls_model_args_add(args, "--by-unit", NULL);
    }
    ls_model_args_add(args, "--score", NULL);
    ls_model_args_add(args, "-o", score);
    ls_model_args_add(args, "--force", NULL);
}

static ls_status start(searching *s, uint32_t i) {
    char data[LS_SEARCH_FOLDER_SIZE + 64], score[LS_SEARCH_FOLDER_SIZE + 64];
    ls_trial *t = &s->trials[i];
    ls_model_trees trees;
    ls_model_args args;
    arguments_of(s, t, data, sizeof data, score, sizeof score, &trees, &args);
    s->runs[i].state = RUNS;
    if (s->tenant == NULL) {
        const int code = posix_spawn(&s->runs[i].pid, s->program, NULL, NULL,
                                     (char *const *)(uintptr_t)args.argv, environ);
        return code == 0 ? LS_OK : ls_fail_errno(s->err, s->program, "cannot start a trial", code);
    }
    char name[128], once[80];
    ls_text_format(name, sizeof name, "%.60s: trial %u, %u rounds", s->search->plan->name,
                   t->number, t->def.rounds);
    // The same trial of the same search is one job, however often this command is begun.
    ls_text_format(once, sizeof once, "search.%s.%u.%u", s->key, t->number, t->def.rounds);
    const ls_tenant_job job = {.name = name,
                               .once = once,
                               .argv = args.argv,
                               .folder = s->folder,
                               .gpus = 1.0,
                               .grace_us = 1000000,
                               .split_log = true};
    const ls_status status = ls_tenant_submit(s->tenant, &job, &s->runs[i].job, s->err);
    const bool is_away = status == LS_ERR_IO && s->was_there && now_s() - s->heard_s < AWAY_S;
    if (is_away || status == LS_ERR_LIMIT) {  // it takes no more now: at the next look
        s->runs[i].state = TO_DO;
        return LS_OK;
    }
    if (status == LS_ERR_IO && s->search->opened->plant->pool.socket == NULL) {
        ls_hint(s->err, "the pool of this plant is its service's: start it with 'lineshaft run'");
    }
    if (status == LS_OK) {
        s->was_there = true;
        s->heard_s = now_s();
    }
    return status;
}

static ls_status look_at_child(searching *s, uint32_t i) {
    int state = 0;
    const pid_t pid = waitpid(s->runs[i].pid, &state, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == EINTR)) {
        return LS_OK;
    }
    s->runs[i].pid = 0;
    char why[80];
    if (pid > 0 && WIFEXITED(state)) {
        ls_text_format(why, sizeof why, "it ended with code %d", WEXITSTATUS(state));
        return settle(s, i, WEXITSTATUS(state), why);
    }
    ls_text_format(why, sizeof why, "it was ended by signal %d", pid > 0 ? WTERMSIG(state) : 0);
    return settle(s, i, -1, why);
}

static ls_status look_at_job(searching *s, uint32_t i) {
    ls_tenant_look look = {.exit_code = -1};
    const ls_status status = ls_tenant_ask(s->tenant, s->runs[i].job, &look, s->err);
    if (status == LS_ERR_IO && now_s() - s->heard_s < AWAY_S) {
        return LS_OK;  // a pool that is away is waited for
    }
    if (status != LS_OK) {
        return status;
    }
    s->heard_s = now_s();
    return ls_tenant_is_over(&look)
               ? settle(s, i, look.exit_code, look.text[0] != '\0' ? look.text : look.word)
               : LS_OK;
}

static void show(searching *s) {
    char tail[96];
    uint32_t done = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        done += s->runs[i].state == DONE ? 1 : 0;
    }
    ls_text_format(tail, sizeof tail, "search, rung %u: %u of %u trials", s->rung, done, s->count);
    ls_progress_show(&s->progress, (double)s->rounds_done / (double)s->rounds_all, tail);
}

// All trials of a rung, so many at once as there are workers; jobs all at once, the pool decides.
static ls_status run_rung(searching *s) {
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (uint32_t i = 0; i < s->count; i++) {
        s->runs[i] = (running){.state = TO_DO};
        if (take_score(s, &s->trials[i])) {
            finish_trial(s, i);
        }
    }
    for (;;) {
        uint32_t runs = 0, left = 0;
        for (uint32_t i = 0; i < s->count; i++) {
            ls_status status = LS_OK;
            if (s->runs[i].state == RUNS) {
                status = s->tenant != NULL ? look_at_job(s, i) : look_at_child(s, i);
            }
            if (status == LS_OK && s->runs[i].state == TO_DO && runs < s->at_once) {
                status = start(s, i);
            }
            if (status != LS_OK) {
                return status;
            }
            runs += s->runs[i].state == RUNS ? 1 : 0;
            left += s->runs[i].state != DONE ? 1 : 0;
        }
        if (left == 0) {
            return LS_OK;
        }
        if (s->search->stop != NULL && *s->search->stop != 0) {
            return ls_fail(s->err, LS_ERR_STOPPED, "stopped");
        }
        show(s);
        nanosleep(&pause, NULL);
    }
}

// What still runs is of no use to anybody.
static void end_runs(searching *s) {
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->runs[i].state == RUNS && s->runs[i].pid > 0) {
            (void)kill(s->runs[i].pid, SIGKILL);
            while (waitpid(s->runs[i].pid, NULL, 0) < 0 && errno == EINTR) {
            }
        } else if (s->runs[i].state == RUNS && s->runs[i].job != 0) {
            (void)ls_tenant_cancel(s->tenant, s->runs[i].job, NULL);
        }
    }
}

// ---- the whole of it

static json_t *rung_json(const searching *s) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->count; i++) {
        const ls_trial *t = &s->trials[i];
        const ls_model_trees trees = trees_of(&t->def);
        json_t *one = ls_model_trees_json(&trees);
        json_object_set_new(one, "trial", json_integer(t->number));
        json_object_set_new(one, "score", isfinite(t->score) ? json_real(t->score) : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

static ls_status run_rungs(searching *s, json_t *rungs) {
    for (s->rung = 1;; s->rung++) {
        const ls_status status = run_rung(s);
        if (status != LS_OK) {
            end_runs(s);
            return status;
        }
        json_array_append_new(rungs, rung_json(s));
        if (!ls_search_next(&s->def, s->higher_is_better, s->trials, &s->count)) {
            break;
        }
    }
    return s->count > 0 && !isnan(s->trials[0].score)
               ? LS_OK
               : ls_fail(s->err, LS_ERR_INVALID, "no setting of the search could be scored");
}

static ls_status open_workers(searching *s) {
    const ls_model_search *search = s->search;
    if (!ls_file_this_program(s->program, sizeof s->program)) {
        return ls_fail(s->err, LS_ERR_IO,
                       "this program's own file cannot be found: is /proc "
                       "there?");
    }
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t own = cpus > 0 && cpus < WORKERS_MAX ? (uint32_t)cpus : 1;
    s->at_once = search->pool ? UINT32_MAX : search->workers > 0 ? search->workers : own;
    if (!search->pool) {
        return LS_OK;
    }
    return ls_plant_tenant_open(search->opened->plant, search->opened->data, NULL, &s->tenant,
                                s->err);
}

ls_status ls_model_search_run(const ls_model_search *search, const ls_dataset *train,
                              ls_model_trees *out, json_t **out_report,
                              char folder[LS_SEARCH_FOLDER_SIZE], ls_error *err) {
    searching s = {.search = search, .def = def_of(search), .err = err};
    json_t *rungs = json_array();
    *out_report = NULL;
    folder[0] = '\0';
    s.trials = ls_alloc(search->trials * sizeof *s.trials);
    s.runs = ls_alloc(search->trials * sizeof *s.runs);
    ls_status status = s.trials != NULL && s.runs != NULL && rungs != NULL
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for a search");
    if (status == LS_OK) {
        status = ls_search_begin(&s.def, s.trials, &s.count, err);
    }
    if (status == LS_OK) {
        status = open_workers(&s);
    }
    if (status == LS_OK) {
        status = make_folder(&s, train);
    }
    if (status == LS_OK) {
        s.rounds_all = ls_search_cost_rounds(&s.def);
        ls_progress_init(&s.progress);
        s.progress.plain_s = LOG_S;
        status = run_rungs(&s, rungs);
        ls_progress_erase(&s.progress);
    }
    if (status == LS_OK) {
        *out = trees_of(&s.trials[0].def);
        snprintf(folder, LS_SEARCH_FOLDER_SIZE, "%s", s.folder);
        *out_report = json_pack("{s:i, s:i, s:f, s:O}", "trials", (int)search->trials, "best",
                                (int)s.trials[0].number, "validate", search->plan->validate,
                                "rungs", rungs);
    }
    json_decref(rungs);
    ls_tenant_close(s.tenant);
    ls_free(s.trials);
    ls_free(s.runs);
    return status;
}
