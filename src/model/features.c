// features.c - see features.h.
#include "model/features.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"

enum { RING = 2 * LS_FEATURE_PANES, FEATURES_MAX = 4096, NAME_MAX_SIZE = 600 };
#define YEARS10_US (INT64_C(3653) * 86400 * 1000000)
#define NEVER INT64_MIN

// What is known of a stretch of time: moments of the value (v) and of time (t, seconds from the
// stretch's beginning), weighted by the seconds `w` that a value was in force.
typedef struct stretch {
    double w, v, vv, t, tt, tv;  // means v, t; sums of squared and mixed deviations vv, tt, tv
    double low, high;
    double count;
} stretch;

static const stretch nothing = {.low = (double)INFINITY, .high = -(double)INFINITY};

typedef struct window {  // of one tag
    int64_t pane;        // number of the newest pane in the ring; the ring holds RING up to it
    int64_t until_us;    // the value in force is accounted for up to here
    int64_t folded;      // `fold` is of the panes before this one; NEVER: not yet
    stretch ring[RING];  // pane p at p % RING
    stretch fold;        // finished panes of the window, from the beginning of the oldest
    stretch before;      // those of the window before
} window;

typedef struct track {   // of one tag
    double held;         // NaN: no value in force
    int64_t heard_us;    // last sample, with or without a value
    int64_t value_us;    // last sample with a value
    int64_t changed_us;  // since when the value is what it is
} track;

struct ls_features {
    ls_arena arena;
    uint32_t tag_count, window_count, count, kinds;
    int64_t asked_us;
    int64_t window_us[LS_FEATURE_WINDOWS_MAX], pane_us[LS_FEATURE_WINDOWS_MAX];
    track *tracks;       // [tag]
    window *windows;     // [tag * window_count + window]
    const char **names;  // [feature]
    uint32_t *tag_of;    // [feature]
};

static const char *const kind_names[LS_FEATURE_KINDS] = {
    "last", "mean", "std", "min", "max", "slope", "count", "since", "still", "missing", "before",
};

const char *ls_feature_kind_name(ls_feature_kind kind) {
    assert(kind < LS_FEATURE_KINDS);
    return kind_names[kind];
}

ls_feature_kind ls_feature_kind_find(const char *name) {
    for (int i = 0; i < LS_FEATURE_KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0) {
            return (ls_feature_kind)i;
        }
    }
    return LS_FEATURE_KINDS;
}

void ls_feature_put_span(ls_buffer *out, int64_t us) {
    static const struct {
        int64_t us;
        const char *name;
    } units[] = {{86400000000, "d"}, {3600000000, "h"}, {60000000, "min"},
                 {1000000, "s"},     {1000, "ms"},      {1, "us"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (us % units[i].us == 0) {
            ls_buffer_printf(out, "%lld%s", (long long)(us / units[i].us), units[i].name);
            return;
        }
    }
}

// ---- stretches

// Adds `b`, whose own time begins `shift` seconds after that of `a`.
static void merge(stretch *a, const stretch *b, double shift) {
    a->count += b->count;
    if (!(b->w > 0.0)) {
        return;
    }
    const double bt = b->t + shift;
    if (!(a->w > 0.0)) {
        const double count = a->count;
        *a = *b;
        a->t = bt;
        a->count = count;
        return;
    }
    const double w = a->w + b->w, dv = b->v - a->v, dt = bt - a->t;
    const double share = b->w / w, both = a->w * share;
    a->v += dv * share;
    a->t += dt * share;
    a->vv += b->vv + dv * dv * both;
    a->tt += b->tt + dt * dt * both;
    a->tv += b->tv + dt * dv * both;
    a->w = w;
    a->low = b->low < a->low ? b->low : a->low;
    a->high = b->high > a->high ? b->high : a->high;
}

// `value` in force from `from` to `to`, microseconds from the beginning of `a`.
static void hold(stretch *a, double value, int64_t from, int64_t to) {
    if (to <= from || isnan(value)) {
        return;
    }
    const double begin = (double)from * 1e-6, w = (double)(to - from) * 1e-6;
    const stretch one = {.w = w,
                         .v = value,
                         .tt = w * w * w / 12.0,
                         .t = begin + w / 2.0,
                         .low = value,
                         .high = value};
    merge(a, &one, 0.0);
}

static int64_t floor_div(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static stretch *pane_of(window *w, int64_t pane) {
    return &w->ring[(pane % RING + RING) % RING];
}

// Makes `pane` the newest; those between are empty.
static void move_to(window *w, int64_t pane) {
    if (w->pane == NEVER || pane - w->pane >= RING) {
        for (int i = 0; i < RING; i++) {
            w->ring[i] = nothing;
        }
    } else {
        for (int64_t p = w->pane + 1; p <= pane; p++) {
            *pane_of(w, p) = nothing;
        }
    }
    w->pane = pane;
    w->folded = NEVER;
}

// The held value up to time_us, pane by pane; the pane of time_us is then in the ring.
static void advance(window *w, int64_t pane_us, double held, int64_t time_us) {
    const int64_t last = floor_div(time_us, pane_us);
    if (w->pane == NEVER) {
        move_to(w, last);
    } else if (!isnan(held)) {
        int64_t from = w->until_us, pane = floor_div(from, pane_us);
        if (last - pane >= RING) {  // older ones are out of sight
            pane = last - RING + 1;
            from = pane * pane_us;
        }
        for (; pane <= last; pane++) {
            if (pane > w->pane) {
                move_to(w, pane);
            }
            const int64_t begin = pane * pane_us;
            const int64_t end = begin + pane_us < time_us ? begin + pane_us : time_us;
            hold(pane_of(w, pane), held, from - begin, end - begin);
            from = end;
        }
    } else if (last > w->pane) {
        move_to(w, last);
    }
    w->until_us = time_us > w->until_us ? time_us : w->until_us;
}

// ---- create

static ls_status check_def(const ls_features_def *def, ls_error *err) {
    if (def->tag_count == 0 || def->tag_count > LS_FEATURE_TAGS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "features of %u tags: 1 to %d are possible",
                       def->tag_count, LS_FEATURE_TAGS_MAX);
    }
    if (def->window_count == 0 || def->window_count > LS_FEATURE_WINDOWS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "features over %u windows: 1 to %d are possible",
                       def->window_count, LS_FEATURE_WINDOWS_MAX);
    }
    for (uint32_t i = 0; i < def->window_count; i++) {
        if (def->windows_us[i] < LS_FEATURE_WINDOW_MIN_US || def->windows_us[i] > YEARS10_US) {
            return ls_fail(err, LS_ERR_INVALID,
                           "a window of %lld us: 32 ms to 10 years are possible",
                           (long long)def->windows_us[i]);
        }
    }
    if (def->kinds == 0 || def->kinds >> LS_FEATURE_KINDS != 0) {
        return ls_fail(err, LS_ERR_INVALID, "features: none of the known kinds is wanted");
    }
    return LS_OK;
}

static bool is_wanted(uint32_t kinds, int kind) {
    return (kinds >> kind & 1) != 0;
}

static bool name_one(ls_features *f, uint32_t feature, const char *tag, int kind, int64_t us) {
    ls_buffer name;
    ls_buffer_init(&name);
    ls_buffer_printf(&name, "%s %s", tag, kind_names[kind]);
    if (kind != LS_FEATURE_LAST) {
        ls_buffer_text(&name, " ");
        ls_feature_put_span(&name, us);
    }
    f->names[feature] = name.failed ? NULL : ls_arena_text(&f->arena, name.data, name.size);
    ls_buffer_clear(&name);
    return f->names[feature] != NULL;
}

static bool name_all(ls_features *f, const ls_features_def *def) {
    uint32_t at = 0;
    bool good = true;
    for (uint32_t tag = 0; tag < f->tag_count; tag++) {
        const uint32_t first = at;
        if (is_wanted(f->kinds, LS_FEATURE_LAST)) {
            good = name_one(f, at++, def->tags[tag], LS_FEATURE_LAST, 0) && good;
        }
        for (uint32_t w = 0; w < f->window_count; w++) {
            for (int kind = LS_FEATURE_MEAN; kind < LS_FEATURE_KINDS; kind++) {
                if (is_wanted(f->kinds, kind)) {
                    good = name_one(f, at++, def->tags[tag], kind, f->window_us[w]) && good;
                }
            }
        }
        for (uint32_t i = first; i < at; i++) {
            f->tag_of[i] = tag;
        }
    }
    assert(at == f->count);
    return good;
}

ls_status ls_features_create(const ls_features_def *def, ls_features **out, ls_error *err) {
    const ls_status status = check_def(def, err);
    *out = NULL;
    if (status != LS_OK) {
        return status;
    }
    const uint32_t windowed = (uint32_t)__builtin_popcount(def->kinds & ~1U);
    const uint64_t count = (uint64_t)def->tag_count *
                           (windowed * def->window_count + (def->kinds & 1U));
    if (count > FEATURES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "%u tags, %u windows make %llu features, at most %d are possible",
                       def->tag_count, def->window_count, (unsigned long long)count, FEATURES_MAX);
    }
    ls_features *f = ls_alloc(sizeof *f);
    if (f == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for features");
    }
    ls_arena_init(&f->arena);
    f->tag_count = def->tag_count;
    f->window_count = def->window_count;
    f->count = (uint32_t)count;
    f->kinds = def->kinds;
    for (uint32_t i = 0; i < def->window_count; i++) {
        f->pane_us[i] = def->windows_us[i] / LS_FEATURE_PANES;
        f->window_us[i] = def->windows_us[i];
    }
    f->tracks = ls_arena_alloc(&f->arena, f->tag_count * sizeof *f->tracks);
    f->windows = ls_arena_alloc(&f->arena,
                                (size_t)f->tag_count * f->window_count * sizeof *f->windows);
    f->names = ls_arena_alloc(&f->arena, f->count * sizeof *f->names);
    f->tag_of = ls_arena_alloc(&f->arena, f->count * sizeof *f->tag_of);
    if (f->tracks == NULL || f->windows == NULL || f->names == NULL || f->tag_of == NULL ||
        !name_all(f, def)) {
        ls_features_destroy(f);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for features");
    }
    ls_features_reset(f);
    *out = f;
    return LS_OK;
}

void ls_features_destroy(ls_features *features) {
    if (features != NULL) {
        ls_arena_clear(&features->arena);
        ls_free(features);
    }
}

void ls_features_reset(ls_features *features) {
    for (uint32_t i = 0; i < features->tag_count; i++) {
        features->tracks[i] = (track){
            .held = (double)NAN, .heard_us = NEVER, .value_us = NEVER, .changed_us = NEVER};
    }
    for (uint32_t i = 0; i < features->tag_count * features->window_count; i++) {
        features->windows[i].pane = NEVER;
        features->windows[i].until_us = NEVER;
        features->windows[i].folded = NEVER;
    }
    features->asked_us = NEVER;
}

uint32_t ls_features_count(const ls_features *features) {
    return features->count;
}

const char *ls_features_name(const ls_features *features, uint32_t feature) {
    assert(feature < features->count);
    return features->names[feature];
}

uint32_t ls_features_tag_of(const ls_features *features, uint32_t feature) {
    assert(feature < features->count);
    return features->tag_of[feature];
}

// ---- hearing and asking

double ls_features_held(const ls_features *features, uint32_t tag) {
    return features->tracks[tag].held;
}

bool ls_features_hear(ls_features *features, uint32_t tag, int64_t time_us, double value) {
    assert(tag < features->tag_count);
    track *t = &features->tracks[tag];
    if (t->heard_us != NEVER && time_us < t->heard_us) {
        return false;
    }
    time_us = time_us > features->asked_us ? time_us : features->asked_us;
    const double now = isfinite(value) ? value : (double)NAN;
    for (uint32_t i = 0; i < features->window_count; i++) {
        window *w = &features->windows[tag * features->window_count + i];
        advance(w, features->pane_us[i], t->held, time_us);
        if (!isnan(now)) {
            pane_of(w, floor_div(time_us, features->pane_us[i]))->count += 1.0;
        }
    }
    if (!isnan(now)) {
        t->changed_us = t->changed_us == NEVER || now != t->held ? time_us : t->changed_us;
        t->value_us = time_us;
    }
    t->held = now;
    t->heard_us = time_us;
    return true;
}

// The finished panes of the window whose newest pane is `last`, and of the window before.
static void fold(window *w, int64_t last, double pane_s) {
    if (w->folded == last) {
        return;
    }
    w->fold = w->before = nothing;
    for (int64_t i = 0; i < LS_FEATURE_PANES; i++) {
        const int64_t old = last - RING + 1 + i, young = old + LS_FEATURE_PANES;
        const double shift = (double)i * pane_s;
        if (old <= w->pane && old > w->pane - RING) {
            merge(&w->before, pane_of(w, old), shift);
        }
        if (young < last && young <= w->pane) {
            merge(&w->fold, pane_of(w, young), shift);
        }
    }
    w->folded = last;
}

static double capped_s(int64_t since_us, int64_t now_us, int64_t most_us) {
    if (since_us == NEVER) {
        return (double)most_us * 1e-6;
    }
    const int64_t span = now_us - since_us;
    return (double)(span < most_us ? span : most_us) * 1e-6;
}

static float put(double value) {
    const float f = (float)value;
    return isfinite(f) ? f : NAN;
}

static double figure(const stretch *s, const stretch *before, int kind) {
    const bool any = s->w > 0.0;
    switch (kind) {
    case LS_FEATURE_MEAN: return any ? s->v : (double)NAN;
    case LS_FEATURE_STD: return any ? sqrt(s->vv / s->w) : (double)NAN;
    case LS_FEATURE_MIN: return any ? s->low : (double)NAN;
    case LS_FEATURE_MAX: return any ? s->high : (double)NAN;
    case LS_FEATURE_SLOPE: return s->tt > 0.0 ? s->tv / s->tt : (double)NAN;
    case LS_FEATURE_COUNT_OF: return s->count;
    default: return before->w > 0.0 ? before->v : (double)NAN;
    }
}

static float *ask_window(ls_features *f, uint32_t tag, uint32_t index, int64_t now_us, float *out) {
    const track *t = &f->tracks[tag];
    window *w = &f->windows[tag * f->window_count + index];
    const int64_t pane_us = f->pane_us[index], last = floor_div(now_us, pane_us);
    const double pane_s = (double)pane_us * 1e-6;
    const int64_t begin = (last - LS_FEATURE_PANES + 1) * pane_us;
    if (w->pane != NEVER && last > w->pane) {
        // Panes are cut at their ends whether anybody asks or not: the same bits.
        advance(w, pane_us, t->held, last * pane_us);
    }
    fold(w, last, pane_s);
    stretch all = w->fold;
    if (w->pane != NEVER) {
        stretch now = *pane_of(w, last);
        const int64_t pane_begin = last * pane_us;
        hold(&now, t->held, w->until_us - pane_begin, now_us - pane_begin);
        merge(&all, &now, (double)(LS_FEATURE_PANES - 1) * pane_s);
    }
    const double span_s = (double)(now_us - begin) * 1e-6;
    for (int kind = LS_FEATURE_MEAN; kind < LS_FEATURE_KINDS; kind++) {
        if (!is_wanted(f->kinds, kind)) {
            continue;
        }
        const int64_t most_us = f->window_us[index];
        switch (kind) {
        case LS_FEATURE_SINCE: *out++ = put(capped_s(t->value_us, now_us, most_us)); break;
        case LS_FEATURE_STILL: *out++ = put(capped_s(t->changed_us, now_us, most_us)); break;
        case LS_FEATURE_MISSING: *out++ = put(span_s > 0.0 ? 1.0 - all.w / span_s : 1.0); break;
        default: *out++ = put(figure(&all, &w->before, kind)); break;
        }
    }
    return out;
}

void ls_features_ask(ls_features *features, int64_t now_us, float *out) {
    features->asked_us = now_us > features->asked_us ? now_us : features->asked_us;
    for (uint32_t tag = 0; tag < features->tag_count; tag++) {
        if (is_wanted(features->kinds, LS_FEATURE_LAST)) {
            *out++ = put(features->tracks[tag].held);
        }
        for (uint32_t w = 0; w < features->window_count; w++) {
            out = ask_window(features, tag, w, now_us, out);
        }
    }
}
