// replay_history.c - see replay_history.h.
#include "loop/replay_history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "line/mapping.h"
#include "twin/calibrate/unfinished.h"

enum { REPLAY_COOKIE = 0x6c737270, SAMPLES_FIRST = 4096 };
static const int64_t WINDOW_LEAST_US = 1000;

typedef struct window {
    ls_sample *samples;
    uint32_t *order;
    size_t count, capacity, most;
    ls_arena texts;
    bool full, out_of_memory;
} window;

typedef struct replay {
    const ls_replay_history_def *def;
    ls_history *history;
    const char **patterns;
    size_t pattern_count;
    window window;
    ls_mapping *mapping;
    ls_follow *follow;
    ls_replay_history_figures *figures;
    int64_t start_us;
} replay;

ls_replay_history_def ls_replay_history_def_default(void) {
    return (ls_replay_history_def){.from_us = INT64_MIN,
                                   .to_us = INT64_MAX,
                                   .window_us = LS_US_PER_HOUR,
                                   .window_samples = 2000000,
                                   .cookie = REPLAY_COOKIE};
}

// ---- reading a window

static bool grow(window *w) {
    if (w->count < w->capacity) {
        return true;
    }
    const size_t capacity = w->capacity == 0 ? SAMPLES_FIRST : 2 * w->capacity;
    ls_sample *samples = ls_realloc(w->samples, capacity * sizeof *samples);
    if (samples == NULL) {
        return false;
    }
    w->samples = samples;
    w->capacity = capacity;
    return true;
}

static bool keep_sample(void *context, const ls_sample *sample) {
    window *w = context;
    if (w->count >= w->most) {
        w->full = true;
        return false;
    }
    if (!grow(w)) {
        w->out_of_memory = true;
        return false;
    }
    ls_sample *kept = &w->samples[w->count];
    *kept = *sample;
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        kept->value.text = ls_arena_text(&w->texts, sample->value.text, sample->size);
        if (kept->value.text == NULL) {
            w->out_of_memory = true;
            return false;
        }
    }
    w->count++;
    return true;
}

// Equal times stay in the order of the tags' numbers, and of arrival within a tag.
static int compare_samples(const void *a, const void *b, void *context) {
    const ls_sample *samples = context;
    const uint32_t i = *(const uint32_t *)a;
    const uint32_t k = *(const uint32_t *)b;
    if (samples[i].time_us != samples[k].time_us) {
        return samples[i].time_us < samples[k].time_us ? -1 : 1;
    }
    return i < k ? -1 : i > k;
}

static ls_status read_window(replay *r, int64_t from_us, int64_t to_us, ls_error *err) {
    window *w = &r->window;
    const ls_query query = {.patterns = r->patterns,
                            .pattern_count = r->pattern_count,
                            .from_us = from_us,
                            .to_us = to_us};
    w->count = 0;
    w->full = false;
    ls_arena_clear(&w->texts);
    const ls_status status = ls_history_query(r->history, &query, keep_sample, w, err);
    if (w->out_of_memory) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu samples", w->count);
    }
    if (status != LS_OK || w->full) {
        return status;
    }
    ls_free(w->order);
    w->order = ls_alloc((w->count + 1) * sizeof *w->order);
    if (w->order == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu samples", w->count);
    }
    for (size_t i = 0; i < w->count; i++) {
        w->order[i] = (uint32_t)i;
    }
    if (w->count > 0) {
        qsort_r(w->order, w->count, sizeof *w->order, compare_samples, w->samples);
    }
    return LS_OK;
}

// ---- through mapping and follower

static void hear(void *context, const ls_heard *heard) {
    replay *r = context;
    if (r->def->heard != NULL) {
        r->def->heard(r->def->context, heard);
    }
    ls_follow_hear(r->follow, heard);
}

static void play_window(replay *r) {
    const window *w = &r->window;
    for (size_t i = 0; i < w->count; i++) {
        const ls_sample *sample = &w->samples[w->order[i]];
        const char *refused = NULL;
        r->figures->samples++;
        // The samples stand in the order of their time: after a silent night, no clock has jumped.
        ls_follow_advance(r->follow, sample->time_us - r->start_us);
        r->figures->mapped += ls_mapping_sample(r->mapping, sample, hear, r, &refused);
        r->figures->refused += refused != NULL ? 1 : 0;
    }
}

static bool go_on(const replay *r, int64_t now_us) {
    const ls_replay_history_figures *f = r->figures;
    const double share = (double)(now_us - f->from_us) / (double)(f->to_us - f->from_us + 1);
    return r->def->progress == NULL || r->def->progress(r->def->context, share);
}

static ls_status play(replay *r, ls_error *err) {
    const int64_t end_us = r->figures->to_us;
    int64_t width_us = r->def->window_us;
    for (int64_t at = r->figures->from_us; at < end_us;) {
        const int64_t to = width_us < end_us - at ? at + width_us : end_us;
        const ls_status status = read_window(r, at, to, err);
        if (status != LS_OK) {
            return status;
        }
        if (r->window.full) {
            if (width_us <= WINDOW_LEAST_US) {
                return ls_fail(err, LS_ERR_LIMIT, "more than %zu samples in a millisecond",
                               r->window.most);
            }
            width_us /= 4;
            continue;
        }
        play_window(r);
        at = to;
        width_us = r->window.count < r->window.most / 8 ? r->def->window_us : width_us;
        if (!go_on(r, at)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
    }
    return LS_OK;
}

// ---- what to read

static bool is_followed(const ls_binding *binding) {
    return binding->means != LS_MEANS_VALUE && binding->means != LS_MEANS_ORDER;
}

static ls_status make_patterns(replay *r, const ls_plant *plant, ls_error *err) {
    const ls_listen *listen = &plant->listen;
    r->patterns = ls_alloc((listen->binding_count + 1) * sizeof *r->patterns);
    if (r->patterns == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %u tags", listen->binding_count);
    }
    // A star in a name would only match more than the name; the mapping takes what is bound.
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        if (is_followed(&listen->bindings[i])) {
            r->patterns[r->pattern_count++] = listen->bindings[i].tag;
        }
    }
    if (r->pattern_count == 0) {
        ls_fail(err, LS_ERR_INVALID, "the plant file binds no tag that tells of machines or lots");
        ls_hint(err, "'listen:' says which signal means what; see 'lineshaft line map'");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status find_span(const replay *r, const ls_plant *plant, ls_error *err) {
    ls_history_figures kept;
    ls_replay_history_figures *f = r->figures;
    const ls_status status = ls_history_describe(r->history, &kept, err);
    if (status != LS_OK) {
        return status;
    }
    f->from_us = r->def->from_us > kept.first_us ? r->def->from_us : kept.first_us;
    f->from_us = f->from_us > plant->start_us ? f->from_us : plant->start_us;
    f->to_us = r->def->to_us <= kept.last_us ? r->def->to_us : kept.last_us + 1;
    if (kept.samples == 0 || f->from_us >= f->to_us) {
        ls_fail(err, LS_ERR_INVALID,
                kept.samples == 0 ? "the history is empty"
                                  : "the history has nothing of the time asked for");
        if (kept.samples != 0) {
            char first[64];
            char last[64];
            ls_units_print_date(kept.first_us, first, sizeof first);
            ls_units_print_date(kept.last_us, last, sizeof last);
            ls_hint(err, "it reaches from %s to %s; the plant's time begins at its 'start'", first,
                    last);
        }
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_replay_history(ls_history *history, ls_tags *tags, const ls_plant *plant,
                            const ls_twin *twin, const ls_replay_history_def *def,
                            ls_replay_history_figures *out, ls_error *err) {
    assert(def->cookie == REPLAY_COOKIE);
    *out = (ls_replay_history_figures){0};
    replay r = {.def = def, .history = history, .figures = out, .start_us = plant->start_us};
    r.window.most = def->window_samples;
    ls_arena_init(&r.window.texts);
    ls_follow_def follow = ls_follow_def_default();
    follow.fact = def->fact;
    follow.diverged = def->diverged;
    follow.context = def->context;
    ls_status status = make_patterns(&r, plant, err);
    if (status == LS_OK) {
        status = find_span(&r, plant, err);
    }
    if (status == LS_OK) {
        status = ls_mapping_create(plant, tags, &r.mapping, err);
    }
    if (status == LS_OK) {
        status = ls_follow_create(plant, twin, out->from_us - plant->start_us, &follow, &r.follow,
                                  err);
    }
    if (status == LS_OK) {
        status = play(&r, err);
    }
    if (status == LS_OK) {
        // Facts are told when no late signal can change them any more.
        ls_follow_advance(r.follow, out->to_us - plant->start_us + follow.late_us + 1);
        out->follow = ls_follow_describe(r.follow);
        if (def->fact != NULL) {
            ls_unfinished_tell(plant, twin, ls_follow_state(r.follow), def->fact, def->context);
        }
    }
    ls_follow_destroy(r.follow);
    ls_mapping_destroy(r.mapping);
    ls_free(r.patterns);
    ls_free(r.window.samples);
    ls_free(r.window.order);
    ls_arena_clear(&r.window.texts);
    return status;
}
