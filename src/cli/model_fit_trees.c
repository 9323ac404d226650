// model_fit_trees.c - see model_fit.h.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/model_fit.h"
#include "cli/progress.h"
#include "line/data_folder.h"
#include "model/learner_state.h"

enum { SAVE_S = 10, LOG_S = 30, LINE = 160 };

typedef struct fitting {
    const ls_model_fit *fit;
    ls_learner_def def;
    ls_arena arena;
    ls_dataset part[2];  // to learn from, held out; only with `validate`
    ls_learner_rows train, valid;
    ls_progress progress;
    double saved_s;  // when it was last
    bool told_to_stop, warned;
    char *state;
    size_t state_size;
    ls_error *err;
} fitting;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for the rows");
}

// ---- rows

static bool fill_groups(fitting *f, const ls_dataset *d, ls_learner_rows *out) {
    uint32_t *groups = ls_arena_alloc(&f->arena, d->row_count * sizeof *groups);
    float *weights = ls_arena_alloc(&f->arena, d->row_count * sizeof *weights);
    if (groups == NULL || weights == NULL) {
        return false;
    }
    for (size_t i = 0; i < d->row_count; i++) {
        if (i == 0 || d->time_us[i] != d->time_us[i - 1]) {
            weights[out->group_count] = d->weight[i];
            groups[out->group_count++] = 0;
        }
        groups[out->group_count - 1]++;
    }
    out->groups = groups;
    out->weights = weights;
    return true;
}

static ls_status rows_of(fitting *f, const ls_dataset *d, ls_learner_rows *out) {
    float *labels = ls_arena_alloc(&f->arena, d->row_count * sizeof *labels);
    float *high = NULL;
    if (f->def.task == LS_LEARNER_SURVIVAL && d->latest != NULL) {
        high = ls_arena_alloc(&f->arena, d->row_count * sizeof *high);
        if (high == NULL) {
            return no_memory(f->err);
        }
    }
    if (labels == NULL) {
        return no_memory(f->err);
    }
    for (size_t i = 0; i < d->row_count; i++) {
        labels[i] = (float)d->label[i];
        if (high != NULL) {
            high[i] = (float)d->latest[i];
        }
    }
    *out = (ls_learner_rows){.values = d->values,
                             .row_count = d->row_count,
                             .feature_count = d->column_count,
                             .labels = labels,
                             .labels_high = high,
                             .weights = d->weight,
                             .names = d->columns};
    return f->def.task != LS_LEARNER_RANKING || fill_groups(f, d, out) ? LS_OK : no_memory(f->err);
}

// By units drawn, or by time: what was not known at the cut is not learned from; a life that had
// not ended by then counts as far as it had come.
static ls_status hold_out(fitting *f, const ls_dataset *d) {
    uint8_t *parts = ls_arena_alloc(&f->arena, d->row_count);
    ls_status status = parts != NULL ? LS_OK : no_memory(f->err);
    const int64_t cut = d->time_us[(size_t)((double)d->row_count * (1.0 - f->fit->validate))];
    if (status == LS_OK && f->fit->by_unit) {
        status = ls_learner_split_by_unit(d->unit, d->row_count, f->fit->validate, f->def.seed,
                                          parts, f->err);
    }
    for (size_t i = 0; i < d->row_count && status == LS_OK; i++) {
        const bool is_late = f->fit->by_unit ? parts[i] == 1 : d->time_us[i] >= cut;
        const bool is_known = f->fit->by_unit || d->known_us[i] <= cut;
        parts[i] = is_late ? LS_PART_CALIBRATE : is_known ? LS_PART_TRAIN : LS_PART_NONE;
    }
    const ls_censor_def censor = {.at_us = cut, .most = f->fit->most};
    if (status == LS_OK && f->def.task == LS_LEARNER_SURVIVAL && !f->fit->by_unit) {
        status = ls_dataset_take_lives(d, parts, &censor, &f->part[0], f->err);
    } else if (status == LS_OK) {
        status = ls_dataset_take_part(d, parts, LS_PART_TRAIN, &f->part[0], f->err);
    }
    if (status == LS_OK) {
        status = ls_dataset_take_part(d, parts, LS_PART_CALIBRATE, &f->part[1], f->err);
    }
    if (status == LS_OK && (f->part[0].row_count == 0 || f->part[1].row_count == 0)) {
        status = ls_fail(f->err, LS_ERR_INVALID,
                         "holding out %g %% of %zu rows leaves %zu to learn from and %zu to judge "
                         "by",
                         100.0 * f->fit->validate, d->row_count, f->part[0].row_count,
                         f->part[1].row_count);
    }
    return status;
}

// The spread of the logarithms of lives that ended; 1 where too few have. An end of every life is
// wanted: from none it cannot be learned when they come.
static ls_status find_spread(fitting *f) {
    const ls_learner_rows *r = &f->train;
    double count = 0.0, mean = 0.0, squares = 0.0;
    for (uint64_t i = 0; i < r->row_count; i++) {
        if (r->labels[i] > 0.0F && (r->labels_high == NULL || isfinite(r->labels_high[i]))) {
            const double x = log((double)r->labels[i]), before = x - mean;
            count += 1.0;
            mean += before / count;
            squares += before * (x - mean);
        }
    }
    if (count < 1.0) {
        return ls_fail(f->err, LS_ERR_INVALID,
                       "no life has ended among the %llu rows to learn from: there is nothing to "
                       "learn yet",
                       (unsigned long long)r->row_count);
    }
    const double spread = count > 1.0 ? sqrt(squares / (count - 1.0)) : 1.0;
    f->def.spread_scale = spread > 0.05 ? fmin(spread, 10.0) : 0.05;
    f->def.answer_max = f->fit->most > 0.0 ? f->fit->most : (double)INFINITY;
    return LS_OK;
}

// Each class at least once, or what is told of it would be a guess.
static ls_status check_classes(const fitting *f) {
    const uint32_t classes = f->def.task == LS_LEARNER_BINARY ? 2 : f->def.class_count;
    uint64_t counts[1024] = {0};
    for (uint64_t i = 0; i < f->train.row_count; i++) {
        const float label = f->train.labels[i];
        if (label >= 0.0F && label < (float)classes) {
            counts[(uint32_t)label]++;
        }
    }
    for (uint32_t k = 0; k < classes; k++) {
        if (counts[k] == 0) {
            return ls_fail(f->err, LS_ERR_INVALID,
                           "no row to learn from is of class %u of %u: it cannot be learned", k,
                           classes);
        }
    }
    return LS_OK;
}

static ls_status make_rows(fitting *f, const ls_dataset *d) {
    ls_status status = f->fit->validate > 0.0 ? hold_out(f, d) : LS_OK;
    if (status == LS_OK) {
        status = rows_of(f, f->fit->validate > 0.0 ? &f->part[0] : d, &f->train);
    }
    if (status == LS_OK && f->fit->validate > 0.0) {
        status = rows_of(f, &f->part[1], &f->valid);
    }
    if (status == LS_OK && f->def.task == LS_LEARNER_SURVIVAL) {
        status = find_spread(f);
    }
    if (status == LS_OK &&
        (f->def.task == LS_LEARNER_BINARY || f->def.task == LS_LEARNER_CLASSES)) {
        status = check_classes(f);
    }
    return status;
}

// ---- progress and state

static bool tell(void *context, uint32_t round, double score) {
    fitting *f = context;
    char tail[LINE];
    if (isnan(score)) {
        ls_text_format(tail, sizeof tail, "round %u of %u", round, f->def.rounds);
    } else {
        ls_text_format(tail, sizeof tail, "round %u of %u, held out %.5g", round, f->def.rounds,
                       score);
    }
    ls_progress_show(&f->progress, (double)round / (double)f->def.rounds, tail);
    // With a state, one more round: it is saved behind this one.
    const bool stops = ls_interrupt_came() && (f->fit->state == NULL || f->told_to_stop);
    f->told_to_stop = f->told_to_stop || ls_interrupt_came();
    return !stops;
}

static bool is_due(void *context, uint32_t round) {
    const fitting *f = context;
    if (f->told_to_stop) {
        return true;
    }
    return f->fit->save_every > 0 ? round % f->fit->save_every == 0
                                  : now_s() - f->saved_s >= SAVE_S;
}

// The folder may not be there yet: it is made for a training that lasts.
static void make_folder_of(const char *path) {
    char folder[4600];
    ls_error ignored;  // writing says what is wrong
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path && (size_t)(slash - path) < sizeof folder) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        (void)ls_data_folder_make(folder, &ignored);
    }
}

static ls_status save(void *context, const void *bytes, size_t size, ls_error *err) {
    fitting *f = context;
    make_folder_of(f->fit->state);
    (void)err;
    ls_error why = {0};
    // A full disk is no reason to throw away what was learned so far.
    if (ls_file_write(f->fit->state, bytes, size, &why) != LS_OK && !f->warned) {
        ls_warn("the training cannot be gone on with if it is killed: %s", why.text);
        f->warned = true;
    }
    f->saved_s = now_s();
    return LS_OK;
}

// What a process before left; of no use is no failure.
static void find_state(fitting *f, const ls_learner_rows *valid, ls_learner_saving *saving) {
    ls_error why = {0};
    uint32_t rounds = 0;
    if (access(f->fit->state, F_OK) != 0) {
        return;
    }
    ls_status status = ls_file_read(f->fit->state, LS_LEARNER_STATE_MAX, &f->arena, &f->state,
                                    &f->state_size, &why);
    if (status == LS_OK) {
        status = ls_learner_check_state(&f->def, &f->train, valid, f->state, f->state_size, &rounds,
                                        &why);
    }
    if (status != LS_OK) {
        ls_warn("%s: it begins anew", why.text);
        return;
    }
    saving->from = f->state;
    saving->from_size = f->state_size;
    ls_note("goes on from round %u of %u", rounds, f->def.rounds);
}

ls_status ls_model_fit_trees(const ls_model_fit *fit, const ls_dataset *rows,
                             ls_learner_result *out, ls_error *err) {
    fitting f = {.fit = fit, .def = fit->def, .err = err};
    *out = (ls_learner_result){0};
    ls_arena_init(&f.arena);
    ls_progress_init(&f.progress);
    f.progress.plain_s = LOG_S;
    f.saved_s = now_s();
    ls_interrupt_watch();
    ls_status status = make_rows(&f, rows);
    const ls_learner_rows *valid = fit->validate > 0.0 ? &f.valid : NULL;
    ls_learner_saving saving = {.context = &f, .is_due = is_due, .save = save};
    if (status == LS_OK && fit->state != NULL) {
        find_state(&f, valid, &saving);
    }
    if (status == LS_OK) {
        status = ls_learner_train_on(&f.def, &f.train, valid, tell, &f,
                                     fit->state != NULL ? &saving : NULL, out, err);
    }
    ls_progress_erase(&f.progress);
    if (status == LS_OK && fit->state != NULL) {
        (void)unlink(fit->state);
    }
    ls_dataset_clear(&f.part[0]);
    ls_dataset_clear(&f.part[1]);
    ls_arena_clear(&f.arena);
    return status;
}
