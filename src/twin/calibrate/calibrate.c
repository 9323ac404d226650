// calibrate.c - see calibrate.h.
#include "twin/calibrate/calibrate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "twin/calibrate/edit.h"
#include "twin/calibrate/likelihood.h"

enum { CALIBRATE_COOKIE = 0x6c736361, CHANGED_LEAST = LS_CALIBRATE_LEAST, MEMBER_LEAST = 10 };
static const double MEMBERS_DIFFER_P = 0.01;
static const double SHARE_MATTERS = 0.001;
// A fit so bad is not written unless asked: the times are of several things, or disturbed.
static const double FITS_BADLY_P = 0.01;
static const double FITS_BADLY_DISTANCE = 0.1;

ls_calibrate_def ls_calibrate_def_default(void) {
    return (ls_calibrate_def){.fit = ls_fit_def_default(), .cookie = CALIBRATE_COOKIE};
}

// What was collected of one quantity, and where the file states it.
typedef struct member {
    const ls_collected *of;
    ls_quantity_place place;
    uint32_t order;  // by place; those without one behind, each for itself
} member;

typedef struct work {
    const ls_plant *plant;
    const char *text;
    size_t size;
    const ls_calibrate_def *def;
    ls_arena arena;  // of the document, places and edits
    ls_yaml *root;
    member *members;
    uint32_t member_count;
    ls_edit *edits;
    uint32_t edit_count;
} work;

static uint32_t station_of(const ls_plant *plant, const ls_quantity_id *id) {
    if (id->step != LS_NONE) {
        return plant->steps[id->step].station;
    }
    if (id->mode != LS_NONE) {
        for (uint32_t i = 0; i < plant->station_count; i++) {
            const ls_station *s = &plant->stations[i];
            if (id->mode >= s->failure_at && id->mode < s->failure_at + s->failure_count) {
                return i;
            }
        }
    }
    return id->station;
}

static int compare_members(const void *a, const void *b) {
    const member *x = a;
    const member *y = b;
    const bool x_there = x->place.node != NULL;
    const bool y_there = y->place.node != NULL;
    if (x_there != y_there) {
        return x_there ? -1 : 1;
    }
    if (x_there && x->place.node->start_byte != y->place.node->start_byte) {
        return x->place.node->start_byte < y->place.node->start_byte ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static ls_status find_members(work *w, const ls_collect *collect, ls_error *err) {
    const uint32_t count = ls_collect_count(collect);
    uint32_t only = LS_NONE;
    for (uint32_t i = 0; w->def->only != NULL && i < w->plant->station_count; i++) {
        only = strcmp(w->plant->stations[i].name, w->def->only) == 0 ? i : only;
    }
    if (w->def->only != NULL && only == LS_NONE) {
        return ls_fail(err, LS_ERR_INVALID, "unknown station '%s'", w->def->only);
    }
    w->members = ls_alloc(count * sizeof *w->members);
    w->edits = ls_alloc(count * sizeof *w->edits);
    if (w->members == NULL || w->edits == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %u values", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const ls_collected *of = ls_collect_get(collect, i);
        if (w->def->only == NULL || station_of(w->plant, &of->id) == only) {
            member *m = &w->members[w->member_count];
            m->of = of;
            m->order = w->member_count++;
            ls_quantity_find(w->plant, w->root, &of->id, &m->place);
        }
    }
    if (w->member_count > 0) {
        qsort(w->members, w->member_count, sizeof *w->members, compare_members);
    }
    return LS_OK;
}

// ---- one row

// Those that were heard; where none were, those that were inferred.
static const ls_collected_times *times_of(const ls_collected *of, bool inferred) {
    return inferred ? &of->inferred : &of->heard;
}

static void fill_bins(const ls_fit_time *times, size_t count, ls_calibrate_row *row) {
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (ls_fit_time_is_good(&times[i]) && !times[i].censored) {
            low = fmin(low, times[i].value);
            high = fmax(high, times[i].value);
        }
    }
    row->bin_low = low <= high ? low : 0.0;
    row->bin_high = low <= high ? high : 0.0;
    for (size_t i = 0; i < count && low <= high; i++) {
        if (ls_fit_time_is_good(&times[i]) && !times[i].censored) {
            const double share = high > low ? (times[i].value - low) / (high - low) : 0.5;
            const int bin = (int)(share * LS_CALIBRATE_BINS);
            row->bins[bin < LS_CALIBRATE_BINS ? bin : LS_CALIBRATE_BINS - 1]++;
        }
    }
}

// The best of the families whose likelihood has a smooth top; LS_FAMILY_COUNT: none.
static ls_family smooth_family(const ls_fit *fit) {
    ls_family best = LS_FAMILY_COUNT;
    for (int k = LS_FAMILY_EXP; k <= LS_FAMILY_NORMAL; k++) {
        if (fit->family[k].offered &&
            (best == LS_FAMILY_COUNT || fit->family[k].criterion < fit->family[best].criterion)) {
            best = (ls_family)k;
        }
    }
    return best;
}

// Half of the times are the constant that the file says: then it is right, and the others are
// disturbed.
static bool is_mostly(const ls_fit_time *times, size_t count, const ls_dist *old, double resolution,
                      double *out_share) {
    size_t same = 0;
    size_t ended = 0;
    for (size_t i = 0; i < count && old != NULL && old->kind == LS_DIST_CONST; i++) {
        ended += times[i].censored ? 0 : 1;
        same += !times[i].censored && ls_abs(times[i].value - old->p[0]) <= 2.0 * resolution;
    }
    *out_share = ended > 0 ? (double)same / (double)ended : 0.0;
    return 2 * same > ended;
}

// Twice the gain in log likelihood of a fit for each against one for all, in the best smooth
// family.
static ls_status compare_alike(const work *w, const member *members, uint32_t count, bool inferred,
                               ls_calibrate_row *row, ls_error *err) {
    const ls_family family = smooth_family(&row->fit);
    double sum = 0.0;
    double pooled = 0.0;
    double degrees = 0.0;
    row->members_p = NAN;
    if (count < 2 || family == LS_FAMILY_COUNT) {
        return LS_OK;
    }
    const ls_family_fit *all = &row->fit.family[family];
    for (uint32_t i = 0; i < count; i++) {
        const ls_collected_times *t = times_of(members[i].of, inferred);
        ls_fit_data data;
        ls_family_fit own;
        const ls_status status = ls_fit_data_make(t->items, t->count, w->def->fit.resolution, &data,
                                                  err);
        if (status != LS_OK) {
            return status;
        }
        ls_fit_family_one(&data, family, w->def->fit.level, &own);
        if (own.offered && data.ended_count >= MEMBER_LEAST) {
            sum += own.log_likelihood;
            pooled += ls_fit_likelihood_of(&data, &all->dist);
            degrees += own.parameters;
        }
        ls_fit_data_clear(&data);
    }
    degrees -= all->parameters;
    if (degrees > 0.5) {
        row->members_p = ls_chi2_survival(fmax(0.0, 2.0 * (sum - pooled)), degrees);
    }
    return LS_OK;
}

static ls_status fit_row(const work *w, const member *members, uint32_t count,
                         ls_calibrate_row *row, ls_error *err) {
    size_t heard = 0;
    size_t inferred = 0;
    for (uint32_t i = 0; i < count; i++) {
        heard += members[i].of->heard.count;
        inferred += members[i].of->inferred.count;
    }
    row->from_inferred = heard == 0;
    const size_t total = row->from_inferred ? inferred : heard;
    ls_fit_time *times = ls_alloc(total * sizeof *times);
    if (times == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu times", total);
    }
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        const ls_collected_times *t = times_of(members[i].of, row->from_inferred);
        if (t->count > 0) {
            memcpy(times + at, t->items, t->count * sizeof *times);
        }
        at += t->count;
        row->offered += t->offered;
    }
    ls_fit_def def = w->def->fit;
    def.old = ls_quantity_dist(w->plant, &members[0].of->id);
    def.old_tables = w->plant->tables;
    def.resolution = row->is_count ? 0.0 : def.resolution;
    ls_status status = ls_fit_times(times, total, &def, &row->fit, err);
    fill_bins(times, total, row);
    double share = 0.0;
    const bool mostly = is_mostly(times, total, def.old, def.resolution, &share);
    ls_free(times);
    if (status == LS_OK) {
        status = compare_alike(w, members, count, row->from_inferred, row, err);
    }
    row->off = row->fit.known && row->fit.old.given && row->fit.old.off && !mostly;
    if (mostly && row->fit.chosen != LS_FAMILY_CONST) {
        ls_text_format(row->note, sizeof row->note,
                       "%.0f %% are just what the file says; the others are taken as disturbed",
                       100.0 * share);
    }
    return status;
}

static void share_row(const work *w, const member *members, uint32_t count, ls_calibrate_row *row) {
    uint64_t hits = 0;
    uint64_t trials = 0;
    for (uint32_t i = 0; i < count; i++) {
        hits += members[i].of->hits;
        trials += members[i].of->trials;
        trials += members[i].of->passed == 0 ? members[i].of->done : 0;
    }
    row->offered = trials;
    row->members_p = NAN;
    row->share = ls_share_make(hits, trials, w->def->fit.level);
    row->old_share = ls_quantity_share(w->plant, &members[0].of->id);
    row->share_p = trials <= 1000000 ? ls_share_exact_p(hits, trials, row->old_share) : NAN;
    row->off = trials > 0 &&
               (row->old_share < row->share.low || row->old_share > row->share.high) &&
               ls_abs(row->share.share - row->old_share) >= SHARE_MATTERS;
}

// ---- its new text

static const char *count_word(const ls_plant *plant, const ls_quantity_id *id) {
    switch (plant->failures[id->mode].by) {
    case LS_FAIL_LOTS: return "lots";
    case LS_FAIL_BATCHES: return "batches";
    default: return "parts";
    }
}

static void say(ls_calibrate_row *row, const char *note) {
    if (row->note[0] == '\0') {
        ls_text_format(row->note, sizeof row->note, "%s", note);
    }
}

static void make_text(const work *w, const member *first, ls_calibrate_row *row) {
    if (row->is_share) {
        if (row->share.count > 0) {
            ls_edit_share_text(row->share.share, row->old_text[0] != '\0' ? row->old_text : "1 %",
                               row->new_text, sizeof row->new_text);
        }
        return;
    }
    if (!row->fit.known) {
        return;
    }
    const ls_family_fit *f = &row->fit.family[row->fit.chosen];
    const char *word = row->is_count ? count_word(w->plant, &first->of->id) : NULL;
    ls_edit_dist_text(&f->dist, row->old_text, word, row->new_text, sizeof row->new_text, NULL);
}

static bool may_change(const work *w, ls_calibrate_row *row) {
    const uint64_t ended = row->is_share ? row->share.count : row->fit.ended;
    if (!row->is_share && !row->fit.known) {
        say(row, "nothing ended: only a bound is known");
        return false;
    }
    if (ended < CHANGED_LEAST) {
        say(row, "too few to say anything");
        return false;
    }
    if (!row->is_share && row->fit.family[row->fit.chosen].capped) {
        say(row, "a parameter lies at its limit: too little variation");
        return false;
    }
    const ls_fit *fit = &row->fit;
    if (!row->is_share && row->off && !w->def->all && fit->p <= FITS_BADLY_P &&
        fit->distance > FITS_BADLY_DISTANCE) {
        say(row, "no family fits: look at the times; not changed without --all");
        return false;
    }
    if (row->new_text[0] == '\0' || strcmp(row->new_text, row->old_text) == 0) {
        return false;
    }
    return row->off || w->def->all;
}

static ls_status change(work *w, const member *first, ls_calibrate_row *row, ls_error *err) {
    if (first->place.node == NULL) {
        if (row->off) {
            say(row, first->place.why);
        }
        return LS_OK;
    }
    if (!may_change(w, row)) {
        return LS_OK;
    }
    ls_error why = {0};
    const ls_status status = ls_edit_make(w->text, w->size, first->place.node, row->new_text,
                                          &w->arena, &w->edits[w->edit_count], &why);
    if (status == LS_ERR_MEMORY) {
        *err = why;
        return status;
    }
    if (status != LS_OK) {
        say(row, why.text);
        return LS_OK;
    }
    row->changed = true;
    w->edit_count++;
    return LS_OK;
}

static ls_status make_row(work *w, const member *members, uint32_t count, ls_calibrate_row *row,
                          ls_error *err) {
    const ls_quantity_id *id = &members[0].of->id;
    *row = (ls_calibrate_row){.kind = id->kind, .members = count};
    row->is_share = ls_quantity_is_share(id->kind);
    row->is_count = ls_quantity_is_count(w->plant, id);
    ls_quantity_describe(w->plant, id, row->what, sizeof row->what);
    ls_text_format(row->path, sizeof row->path, "%s", members[0].place.path);
    if (members[0].place.node != NULL) {
        row->line = members[0].place.node->line;
        ls_text_format(row->old_text, sizeof row->old_text, "%s", members[0].place.node->text);
    }
    ls_status status = LS_OK;
    if (row->is_share) {
        share_row(w, members, count, row);
    } else {
        status = fit_row(w, members, count, row, err);
    }
    if (status != LS_OK) {
        return status;
    }
    if (row->members_p < MEMBERS_DIFFER_P) {
        ls_text_format(row->note, sizeof row->note,
                       "stated once for %u that differ (p %.2g): fitted together", count,
                       row->members_p);
    }
    make_text(w, &members[0], row);
    return change(w, &members[0], row, err);
}

static ls_calibrate_row *add_row(ls_calibration *out) {
    if (out->count == out->capacity) {
        const uint32_t capacity = out->capacity == 0 ? 32 : 2 * out->capacity;
        ls_calibrate_row *rows = ls_realloc(out->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return NULL;
        }
        out->rows = rows;
        out->capacity = capacity;
    }
    return &out->rows[out->count++];
}

// Nothing to say of a share that the file does not state and that never was.
static bool is_empty(const work *w, const member *members, uint32_t count) {
    if (!ls_quantity_is_share(members[0].of->id.kind) || members[0].place.node != NULL) {
        return false;
    }
    uint64_t hits = 0;
    for (uint32_t i = 0; i < count; i++) {
        hits += members[i].of->hits;
    }
    return hits == 0 && ls_quantity_share(w->plant, &members[0].of->id) == 0.0;
}

static ls_status make_rows(work *w, ls_calibration *out, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < w->member_count && status == LS_OK;) {
        const ls_yaml *node = w->members[i].place.node;
        uint32_t end = i + 1;
        while (node != NULL && end < w->member_count && w->members[end].place.node != NULL &&
               w->members[end].place.node->start_byte == node->start_byte) {
            end++;
        }
        if (!is_empty(w, &w->members[i], end - i)) {
            ls_calibrate_row *row = add_row(out);
            status = row == NULL ? ls_fail(err, LS_ERR_MEMORY, "no memory for another value")
                                 : make_row(w, &w->members[i], end - i, row, err);
            out->off += status == LS_OK && row->off ? 1 : 0;
            out->changed += status == LS_OK && row->changed ? 1 : 0;
        }
        i = end;
    }
    return status;
}

// What does not load again is not handed out.
static ls_status read_again(const ls_plant *plant, const ls_plant_files *files,
                            const ls_calibration *out, ls_error *err) {
    ls_plant *again = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_status status = ls_plant_read(out->text.data, out->text.size,
                                           plant->file != NULL ? plant->file : "plant", files,
                                           &again, &errors);
    if (status != LS_OK) {
        ls_fail(err, LS_ERR_INVALID, "the new plant file would not load: %.300s",
                errors.count > 0 ? errors.items[0].text : ls_status_text(status));
    }
    ls_plant_destroy(again);
    ls_errors_clear(&errors);
    return status == LS_OK ? LS_OK : LS_ERR_INVALID;
}

ls_status ls_calibrate(const ls_plant *plant, const char *text, size_t size,
                       const ls_plant_files *files, const ls_collect *collect,
                       const ls_calibrate_def *def, ls_calibration *out, ls_error *err) {
    assert(def->cookie == CALIBRATE_COOKIE);
    work w = {.plant = plant, .text = text, .size = size, .def = def};
    *out = (ls_calibration){0};
    ls_buffer_init(&out->text);
    ls_arena_init(&w.arena);
    ls_status status = ls_collect_failed(collect)
                           ? ls_fail(err, LS_ERR_MEMORY, "no memory for the facts")
                           : ls_yaml_parse(text, size, plant->file, &w.arena, &w.root, err);
    if (status == LS_OK) {
        status = find_members(&w, collect, err);
    }
    if (status == LS_OK) {
        status = make_rows(&w, out, err);
    }
    if (status == LS_OK) {
        status = ls_edit_apply(text, size, w.edits, w.edit_count, &out->text, err);
    }
    if (status == LS_OK && w.edit_count > 0) {
        status = read_again(plant, files, out, err);
    }
    ls_free(w.members);
    ls_free(w.edits);
    ls_arena_clear(&w.arena);
    if (status != LS_OK) {
        ls_calibration_clear(out);
    }
    return status;
}

void ls_calibration_clear(ls_calibration *calibration) {
    if (calibration != NULL) {
        ls_free(calibration->rows);
        ls_buffer_clear(&calibration->text);
        *calibration = (ls_calibration){0};
    }
}
