// models_serve.c - who serves: the registry looked at, versions loaded, checked and swapped in.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loop/models_inside.h"
#include "model/deadline.h"
#include "model/sentry_fit.h"
#include "model/usual.h"

#define AGAIN_US INT64_C(10000000)

void ls_models_served_destroy(void *thing) {
    ls_models_served *s = thing;
    if (s != NULL) {
        for (uint32_t u = 0; u < s->sentry_count; u++) {
            ls_sentry_destroy(s->sentries[u]);
        }
        ls_free(s->sentries);
        ls_predictor_clear(&s->shown.predictor);
        ls_monitor_destroy(s->usual);
        ls_free(s->usual_memory);
        ls_arena_clear(&s->arena);
        ls_free(s);
    }
}

// ---- one version, from the registry

static ls_status take_lineage(ls_models_served *s, const char *lineage, ls_error *err) {
    json_t *object = json_loads(lineage, 0, NULL);
    const json_t *radius = json_object_get(object, "radius");
    s->shown.radius = json_is_number(radius) ? json_number_value(radius) : (double)INFINITY;
    json_decref(object);
    s->shown.lineage = ls_arena_text(&s->arena, lineage, strlen(lineage));
    return s->shown.lineage != NULL ? LS_OK
                                    : ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
}

static ls_status take_usual(ls_models_served *s, const ls_registry_version *v, ls_error *err) {
    const ls_registry_part *part = ls_registry_find_part(v, LS_USUAL_PART);
    if (part == NULL) {  // of an older program, or of rows that say nothing of it
        return LS_OK;
    }
    ls_status status = ls_monitor_load(part->bytes, part->size, part->name, &s->usual, err);
    if (status == LS_OK &&
        (s->usual->def.variables != s->shown.column_count || s->usual->def.lags != 0)) {
        status = ls_fail_at(err, LS_ERR_INVALID, part->name, 0, 0,
                            "it is about %zu features and %zu earlier rows, not about %u and 0",
                            s->usual->def.variables, s->usual->def.lags, s->shown.column_count);
    }
    if (status == LS_OK) {
        s->usual_memory = ls_alloc(ls_usual_doubles(s->usual) * sizeof *s->usual_memory);
        status = s->usual_memory != NULL
                     ? LS_OK
                     : ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
        s->shown.usual = s->usual;
    }
    return status;
}

// A monitor needs its rows one after the other: each unit has a sentry of its own, which begins
// with the version.
static ls_status post_sentries(ls_models_served *s, ls_error *err) {
    const ls_model_plan *plan = s->shown.plan;
    const ls_sentry_def def = {.statistics = plan->monitor.statistics, .row = plan->monitor.row};
    const uint32_t units = plan->unit_count > 0 ? plan->unit_count : 1;
    ls_status status = LS_OK;
    s->sentries = ls_alloc(units * sizeof(ls_sentry *));
    if (s->sentries == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
    }
    for (; s->sentry_count < units && status == LS_OK; s->sentry_count++) {
        status = ls_sentry_create(s->shown.predictor.monitor, &def, s->shown.columns,
                                  s->shown.column_count, &s->sentries[s->sentry_count], err);
    }
    return status;
}

static ls_status take_model(ls_models_served *s, const ls_registry_part *part, ls_error *err) {
    if (!s->shown.plan->monitor.is) {
        return ls_predictor_load(part->bytes, part->size, part->name, s->shown.columns,
                                 s->shown.column_count, &s->shown.predictor, err);
    }
    ls_status status = ls_predictor_load_monitor(part->bytes, part->size, part->name,
                                                 s->shown.columns, s->shown.column_count,
                                                 &s->shown.predictor, err);
    if (status == LS_OK) {  // its limits are those that the plant file asks for?
        status = ls_sentry_suits(s->shown.plan, s->shown.predictor.monitor, err);
    }
    return status == LS_OK ? post_sentries(s, err) : status;
}

static ls_status take_parts(ls_models_served *s, const ls_registry_version *v, ls_error *err) {
    const ls_registry_part *part = ls_registry_find_part(v, "model.json");
    if (part == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "it has no part 'model.json'");
    }
    ls_status status = take_model(s, part, err);
    if (status == LS_OK) {
        s->shown.kind = ls_predictor_kind(&s->shown.predictor);
        status = take_lineage(s, v->lineage, err);
    }
    return status == LS_OK ? take_usual(s, v, err) : status;
}

static ls_status load_version(ls_models *m, const ls_models_one *one, uint32_t number,
                              ls_models_served **out, ls_error *err) {
    ls_registry_version version;
    ls_models_served *s = ls_alloc(sizeof *s);
    *out = NULL;
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
    }
    ls_arena_init(&s->arena);
    s->shown.plan = one->plan;
    s->shown.number = number;
    s->shown.columns = one->columns;
    s->shown.column_count = one->column_count;
    s->p50_us = s->p99_us = (double)NAN;
    char key[4096];
    ls_registry_key_file(m->plant, one->plan->signed_by, key, sizeof key);
    ls_status status = ls_registry_load_demanded(m->folder, one->plan, number,
                                                 key[0] != '\0' ? key : NULL, &version, err);
    if (status == LS_OK) {
        status = take_parts(s, &version, err);
    }
    ls_registry_version_clear(&version);
    if (status == LS_OK) {
        atomic_init(&s->radius, s->shown.radius);
        *out = s;
    } else {
        ls_models_served_destroy(s);
    }
    return status;
}

// One that is too slow by itself does not come into the shadow at all, and serves in nobody's
// place.
static ls_status try_speed(const ls_models_served *s, ls_error *err) {
    return s->shown.plan->monitor.is
               ? LS_OK
               : ls_deadline_keep(&s->shown.predictor, s->shown.column_count, s->shown.number,
                                  s->shown.plan->gates.latency_us, err);
}

// ---- told

static int64_t line_clock(ls_models *m) {
    const int64_t now = atomic_load(&m->clock_us);
    return now != INT64_MIN ? now : 0;
}

static void tell(ls_models *m, const ls_models_one *one, ls_log_level level, const char *text,
                 const char *what, uint32_t version) {
    char json[160];
    ls_text_format(json, sizeof json,
                   "{\"what\": \"%s\", \"version\": %u, \"champion\": %u, \"challenger\": %u}",
                   what, version, one->serving, one->shadow);
    ls_journal_write(m->journal, level, "model", one->plan->name, line_clock(m), text, json);
}

// Said once for each version and reason; the one that served goes on.
static void refuse(ls_models *m, ls_models_one *one, uint32_t number, const char *role,
                   const char *why) {
    char text[LS_MODELS_TEXT];
    const bool is_new = one->refused_version != number || strcmp(one->refused, why) != 0;
    one->look_again_us = ls_models_clock_ns() / 1000 + AGAIN_US;
    if (!is_new) {
        return;
    }
    pthread_mutex_lock(&m->lock);
    one->refused_version = number;
    ls_text_format(one->refused, sizeof one->refused, "%s", why);
    one->refused_us = line_clock(m);
    one->refusals++;
    pthread_mutex_unlock(&m->lock);
    if (number == 0) {
        ls_text_format(text, sizeof text, "who serves cannot be read: %.300s; it goes on as it was",
                       why);
    } else if (one->serving != 0) {
        ls_text_format(text, sizeof text,
                       "version %u may not be %s: %.300s; version %u goes on serving", number, role,
                       why, one->serving);
    } else {
        ls_text_format(text, sizeof text, "version %u may not be %s: %.300s; none serves", number,
                       role, why);
    }
    tell(m, one, LS_LOG_ERROR, text, "refused", number);
}

static void forget_refusal(ls_models *m, ls_models_one *one) {
    pthread_mutex_lock(&m->lock);
    one->refused_version = 0;
    one->refused[0] = '\0';
    pthread_mutex_unlock(&m->lock);
    one->look_again_us = 0;
}

static void tell_listeners(ls_models *m, const ls_models_one *one) {
    pthread_mutex_lock(&m->listening);
    for (uint32_t i = 0; i < m->listener_count; i++) {
        const ls_models_listener *l = &m->listeners[i];
        if (l->serves != NULL) {
            l->serves(l->context, one->number, one->serving, one->shadow);
        }
    }
    pthread_mutex_unlock(&m->listening);
}

// ---- swapped in

// The book of a version goes with it: a challenger's becomes that of the champion.
static void change_books(ls_models_one *one, uint32_t number, double split) {
    if (one->book.version == number) {
        one->book.split = split;
    } else if (one->challenger_book.version == number) {
        const ls_book mine = one->challenger_book;
        one->challenger_book = one->book;
        one->book = mine;
        one->book.split = split;
        ls_book_begin(&one->challenger_book, 0, (double)INFINITY);
    } else {
        ls_book_begin(&one->book, number, split);
    }
}

// Places of classes and scores of an order have no distance, and so no interval.
static double radius_of(const ls_models_one *one, bool *out_adaptive) {
    const bool is_place = one->plan->objective == LS_OBJECTIVE_CLASSES ||
                          one->plan->objective == LS_OBJECTIVE_RANK;
    const double radius = ls_book_radius(&one->book, out_adaptive);
    *out_adaptive = *out_adaptive && !is_place;
    return is_place ? (double)INFINITY : radius;
}

double ls_models_challenger_radius(const ls_models_one *one) {
    bool is_adaptive = false;
    return one->plan->objective == LS_OBJECTIVE_CLASSES
               ? one->challenger_book.split
               : ls_book_radius(&one->challenger_book, &is_adaptive);
}

void ls_models_set_radius(ls_models_one *one) {
    ls_models_served *champion = ls_swap_take(&one->champion, LS_MODELS_SLOT_KEEP);
    if (champion != NULL && champion->shown.number == one->book.version) {
        bool is_adaptive = false;
        const double radius = radius_of(one, &is_adaptive);
        atomic_store_explicit(&champion->radius, radius, memory_order_relaxed);
        atomic_store_explicit(&champion->is_adaptive, is_adaptive, memory_order_relaxed);
    }
    ls_swap_give(&one->champion, LS_MODELS_SLOT_KEEP);
}

static void use_champion(ls_models *m, ls_models_one *one, uint32_t number, bool first) {
    ls_models_served *s = NULL;
    ls_error err = {0};
    char text[LS_MODELS_TEXT];
    const uint32_t before = one->serving;
    ls_status status = number != 0 ? load_version(m, one, number, &s, &err) : LS_OK;
    if (status == LS_OK && s != NULL && !first) {  // it may have been put in its place by hand
        status = try_speed(s, &err);
        if (status != LS_OK) {
            ls_models_served_destroy(s);
        }
    }
    if (status != LS_OK) {
        refuse(m, one, number, "champion", err.text);
        return;
    }
    pthread_mutex_lock(&m->lock);
    if (s != NULL) {
        bool is_adaptive = false;
        change_books(one, number, s->shown.radius);
        atomic_init(&s->radius, radius_of(one, &is_adaptive));
        atomic_init(&s->is_adaptive, is_adaptive);
    }
    const bool put = ls_swap_put(&one->champion, s);
    if (put) {
        one->serving = number;
        one->swaps++;
        ls_models_touch(m, one);
    }
    pthread_mutex_unlock(&m->lock);
    if (!put) {  // sixty-four of before are still held: at the next look
        ls_models_served_destroy(s);
        return;
    }
    forget_refusal(m, one);
    if (number == 0) {
        ls_text_format(text, sizeof text, "no version serves any more, before it was %u", before);
    } else if (before == 0) {
        ls_text_format(text, sizeof text, "version %u serves%s", number,
                       first ? "" : ", it is the first one");
    } else {
        ls_text_format(text, sizeof text, "version %u serves, before it was %u", number, before);
    }
    tell(m, one, LS_LOG_INFO, text, before == 0 ? "serves" : "swapped", number);
}

static void use_challenger(ls_models *m, ls_models_one *one, uint32_t number) {
    ls_models_served *s = NULL;
    ls_error err = {0};
    char text[LS_MODELS_TEXT];
    if (number != 0 && load_version(m, one, number, &s, &err) == LS_OK) {
        if (try_speed(s, &err) != LS_OK) {
            ls_models_served_destroy(s);
            s = NULL;
        }
    }
    if (number != 0 && s == NULL) {
        refuse(m, one, number, "challenger", err.text);
        if (one->shadow == 0) {
            return;
        }
    }
    pthread_mutex_lock(&m->lock);
    if (s != NULL && one->challenger_book.version != number) {
        ls_book_begin(&one->challenger_book, number, s->shown.radius);
    }
    const bool put = ls_swap_put(&one->challenger, s);
    if (put) {
        one->shadow = s != NULL ? number : 0;
        ls_models_touch(m, one);
    }
    pthread_mutex_unlock(&m->lock);
    if (!put) {
        ls_models_served_destroy(s);
        return;
    }
    if (s != NULL) {
        if (one->refused_version == number) {
            forget_refusal(m, one);
        }
        ls_text_format(text, sizeof text, "version %u predicts in the shadow of %u", number,
                       one->serving);
        tell(m, one, LS_LOG_INFO, text, "shadow", number);
    }
}

// ---- looked at

static bool has_changed(ls_models *m, ls_models_one *one) {
    char path[4096 + 128];
    struct stat is;
    ls_text_format(path, sizeof path, "%s/%s/stages.json", m->folder, one->plan->name);
    if (stat(path, &is) != 0) {
        memset(&is, 0, sizeof is);
    }
    const int64_t changed_ns = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
    const bool same = one->seen.inode == is.st_ino && one->seen.size == (uint64_t)is.st_size &&
                      one->seen.changed_ns == changed_ns;
    one->seen.inode = is.st_ino;
    one->seen.size = (uint64_t)is.st_size;
    one->seen.changed_ns = changed_ns;
    return !same;
}

void ls_models_look_at(ls_models *m, ls_models_one *one, bool first) {
    ls_error err = {0};
    (void)ls_swap_collect(&one->champion);
    (void)ls_swap_collect(&one->challenger);
    const bool again = one->look_again_us != 0 && ls_models_clock_ns() / 1000 >= one->look_again_us;
    const bool changed = has_changed(m, one);
    if (!changed && !again && !first) {
        return;
    }
    ls_registry_stages stages;
    if (ls_registry_stages_load(m->folder, one->plan->name, &stages, &err) != LS_OK) {
        refuse(m, one, 0, "", err.text);
        return;
    }
    pthread_mutex_lock(&m->lock);
    *one->stages = stages;
    if (changed) {
        one->slow_challenger = 0;
    }
    pthread_mutex_unlock(&m->lock);
    const uint32_t was = one->serving, shadowed = one->shadow;
    // A champion that was the challenger leaves the shadow behind it.
    if (stages.champion != one->serving) {
        use_champion(m, one, stages.champion, first);
    } else if (one->refused_version != 0 && one->refused_version != stages.challenger) {
        forget_refusal(m, one);
    }
    const uint32_t challenger = stages.challenger != stages.champion ? stages.challenger : 0;
    if (challenger != one->shadow && (challenger == 0 || challenger != one->slow_challenger)) {
        use_challenger(m, one, challenger);
    }
    if (first || was != one->serving || shadowed != one->shadow) {
        tell_listeners(m, one);
    }
}

// ---- in time?

static int compare_took(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile_us(const ls_models_served *s, uint32_t *took, double q, size_t *out_count) {
    const uint64_t timed = atomic_load_explicit(&s->timed, memory_order_acquire);
    const size_t count = timed < LS_MODELS_TIMED ? (size_t)timed : LS_MODELS_TIMED;
    for (size_t i = 0; i < count; i++) {
        took[i] = atomic_load_explicit(&s->took[i], memory_order_relaxed);
    }
    *out_count = count;
    if (count == 0) {
        return (double)NAN;
    }
    qsort(took, count, sizeof *took, compare_took);
    const size_t place = (size_t)(q * (double)(count - 1));
    return (double)took[place] * 1e-3;
}

// Figures of one that is held; true when it has just become slow.
static bool look_at_time(ls_models *m, ls_models_served *s, double limit_us) {
    static uint32_t took[LS_MODELS_TIMED];  // the keeping thread's
    size_t count = 0;
    const double p50 = quantile_us(s, took, 0.5, &count);
    const double p99 = quantile_us(s, took, 0.99, &count);
    const bool is_slow = count >= LS_MODELS_TIMED_LEAST && p99 > limit_us;
    pthread_mutex_lock(&m->lock);
    s->p50_us = p50;
    s->p99_us = p99;
    const bool begins = is_slow && !s->is_slow;
    // It counts as in time again when it has been well in time.
    s->is_slow = is_slow || (s->is_slow && p99 > 0.8 * limit_us);
    pthread_mutex_unlock(&m->lock);
    return begins;
}

void ls_models_time(ls_models *m, ls_models_one *one) {
    const double limit_us = (double)one->plan->gates.latency_us;
    char text[LS_MODELS_TEXT];
    ls_models_served *s = ls_swap_take(&one->champion, LS_MODELS_SLOT_KEEP);
    if (s != NULL && look_at_time(m, s, limit_us)) {
        ls_text_format(text, sizeof text,
                       "version %u is slower than its gate: 1 in 100 predictions takes %.0f us or "
                       "more, %.0f us are allowed",
                       s->shown.number, s->p99_us, limit_us);
        tell(m, one, LS_LOG_WARNING, text, "slow", s->shown.number);
    }
    ls_swap_give(&one->champion, LS_MODELS_SLOT_KEEP);
    uint32_t slow = 0;
    s = ls_swap_take(&one->challenger, LS_MODELS_SLOT_KEEP);
    if (s != NULL && look_at_time(m, s, limit_us)) {
        slow = s->shown.number;
        ls_text_format(text, sizeof text,
                       "it is slower than its gate: 1 in 100 predictions takes %.0f us or more, "
                       "%.0f us are allowed",
                       s->p99_us, limit_us);
    }
    ls_swap_give(&one->challenger, LS_MODELS_SLOT_KEEP);
    if (slow != 0) {
        refuse(m, one, slow, "challenger", text);
        pthread_mutex_lock(&m->lock);
        one->slow_challenger = slow;
        pthread_mutex_unlock(&m->lock);
        one->look_again_us = 0;
        use_challenger(m, one, 0);
        tell_listeners(m, one);
    }
}
