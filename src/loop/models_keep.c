// models_keep.c - the keeping thread: what was said goes to the history and to whoever listens, and
// everything that takes its time is done here, never in the way of a prediction.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop/models_inside.h"

enum { PAUSE_MS = 100 };
#define LOOK_US INT64_C(500000)
#define SCORE_US INT64_C(500000)
#define SAVE_US INT64_C(10000000)

static const char *const endings[LS_MODELS_TAGS] = {"", "/low", "/high", "/unusual", "/challenger"};

// ---- tags

// The number of a tag of predictions, made with the first of them.
static bool find_tag(ls_models *m, const ls_models_one *one, ls_models_subject *unit,
                     ls_models_tag which) {
    char name[LS_TAG_NAME_MAX + 1];
    if (unit->tags[which] != LS_TAG_NONE) {
        return true;
    }
    const size_t size = ls_text_format(name, sizeof name, "model/%s/%s%s", one->plan->name,
                                       unit->name, endings[which]);
    if (size >= sizeof name ||
        ls_tags_add(m->intake->tags, name, size, &unit->tags[which], NULL) != LS_OK) {
        return false;
    }
    ls_tags_declare(m->intake->tags, unit->tags[which],
                    which == TAG_UNUSUAL ? LS_VALUE_BOOL : LS_VALUE_REAL, NULL);
    return true;
}

typedef struct batch {
    ls_models *models;
    ls_models_one *one;
    size_t count;  // of one->samples
} batch;

static void count_not_kept(const batch *b, size_t count) {
    pthread_mutex_lock(&b->models->lock);
    b->one->not_kept += count;
    pthread_mutex_unlock(&b->models->lock);
}

static void put(batch *b, ls_models_subject *unit, ls_models_tag which, const ls_model_said *said,
                double value) {
    if (!find_tag(b->models, b->one, unit, which)) {
        count_not_kept(b, 1);
        return;
    }
    ls_sample *s = &b->one->samples[b->count++];
    *s = (ls_sample){
        .time_us = said->time_us,
        .tag = unit->tags[which],
        .kind = LS_VALUE_REAL,
        .quality = said->state == LS_MODEL_PARTIAL ? LS_QUALITY_UNCERTAIN : LS_QUALITY_GOOD,
        .value.real = value};
    if (isnan(value)) {  // nothing is said any more: a gap, not the last value for ever
        s->kind = LS_VALUE_NONE;
        s->quality = LS_QUALITY_STALE;
        s->value.natural = 0;
    } else if (which == TAG_UNUSUAL) {
        s->kind = LS_VALUE_BOOL;
        s->value.integer = value > 0.0;
    }
}

static void put_result(batch *b, ls_models_subject *unit, const ls_model_said *said) {
    const bool is_said = !isnan(said->value);
    // Nobody serves: also what a service that ran before this one had said is withdrawn.
    const bool withdraws = said->version == 0 && unit->tags[TAG_VALUE] != LS_TAG_NONE;
    const bool was_said = unit->kept == LS_MODEL_GOOD || unit->kept == LS_MODEL_PARTIAL;
    if (is_said || was_said || withdraws) {
        put(b, unit, TAG_VALUE, said, said->value);
    }
    const bool is_bounded = !isnan(said->low);
    if (is_bounded || unit->kept_interval || (withdraws && unit->tags[TAG_LOW] != LS_TAG_NONE)) {
        put(b, unit, TAG_LOW, said, said->low);
        put(b, unit, TAG_HIGH, said, said->high);
    }
    if (said->unusual >= 0) {
        put(b, unit, TAG_UNUSUAL, said, said->unusual);
    }
    const bool is_shadowed = !isnan(said->challenger);
    if (is_shadowed || unit->kept_challenger) {
        put(b, unit, TAG_CHALLENGER, said, said->challenger);
    }
    unit->kept_interval = is_bounded;
    unit->kept_challenger = is_shadowed;
    unit->kept = said->state;
}

// Who has said it, with the first word of each.
static void put_version(batch *b, const ls_model_said *said) {
    char name[LS_TAG_NAME_MAX + 1];
    ls_models_one *one = b->one;
    ls_tags *tags = b->models->intake->tags;
    const size_t size = ls_text_format(name, sizeof name, "model/%s/version", one->plan->name);
    if (one->version_tag == LS_TAG_NONE &&
        (size >= sizeof name || ls_tags_add(tags, name, size, &one->version_tag, NULL) != LS_OK)) {
        return;
    }
    ls_tags_declare(tags, one->version_tag, LS_VALUE_UINT, NULL);
    one->samples[b->count++] = (ls_sample){.time_us = said->time_us,
                                           .tag = one->version_tag,
                                           .kind = LS_VALUE_UINT,
                                           .value.natural = said->version};
    one->kept_version = said->version;
}

static void send(batch *b) {
    ls_error err = {0};
    ls_models_one *one = b->one;
    if (b->count == 0) {
        return;
    }
    const bool kept = ls_history_append(b->models->intake->history, one->samples, b->count, &err) ==
                      LS_OK;
    if (!kept) {
        count_not_kept(b, b->count);
    }
    if (!kept && !one->told_not_kept) {
        ls_say(LS_LOG_ERROR, "model", one->plan->name, "predictions are not kept: %s", err.text);
    } else if (kept && one->told_not_kept) {
        ls_say(LS_LOG_INFO, "model", one->plan->name, "predictions are kept again");
    }
    one->told_not_kept = !kept;
    b->count = 0;
}

// ---- what has changed of a unit, for people

static void tell_unit(ls_models *m, const ls_models_one *one, const ls_models_subject *unit,
                      const ls_model_said *said) {
    char text[300];
    char json[160];
    const bool is_silent = said->state == LS_MODEL_SILENT;
    if (is_silent == (unit->told == LS_MODEL_SILENT)) {
        return;
    }
    if (is_silent) {
        ls_text_format(text, sizeof text,
                       "%.100s is silent: none of its tags has a value, nothing is predicted",
                       unit->name);
    } else {
        ls_text_format(text, sizeof text, "%.100s is predicted again", unit->name);
    }
    ls_text_format(json, sizeof json, "{\"what\": \"%s\", \"unit\": %u}",
                   is_silent ? "silent" : "heard", (unsigned)(unit - one->units));
    ls_journal_write(m->journal, is_silent ? LS_LOG_WARNING : LS_LOG_INFO, "model", one->plan->name,
                     said->time_us, text, json);
}

static void tell_listeners(ls_models *m, const ls_models_one *one, const ls_models_result *r,
                           const float *row) {
    const ls_model_pair pair = {.model = one->number,
                                .unit = r->unit,
                                .time_us = r->said.time_us,
                                .version = r->said.version,
                                .challenger_version = r->said.challenger_version,
                                .value = r->said.value,
                                .low = r->said.low,
                                .high = r->said.high,
                                .challenger = r->said.challenger,
                                .truth = (double)NAN,
                                .unusual = r->said.unusual,
                                .row = row,
                                .column_count = one->column_count};
    pthread_mutex_lock(&m->listening);
    for (uint32_t i = 0; i < m->listener_count; i++) {
        if (m->listeners[i].predicted != NULL) {
            m->listeners[i].predicted(m->listeners[i].context, &pair);
        }
    }
    pthread_mutex_unlock(&m->listening);
}

static void take_one(ls_models *m, ls_models_one *one, const ls_models_result *r,
                     const float *row) {
    ls_models_subject *unit = &one->units[r->unit];
    const bool is_said = !isnan(r->said.value);
    if (r->said.version == 0) {  // nobody serves, as was told when it was so
        return;
    }
    tell_unit(m, one, unit, &r->said);
    pthread_mutex_lock(&m->lock);
    unit->told = r->said.state;
    one->said_us = r->said.time_us;
    one->predictions += is_said;
    one->unusual += r->said.unusual > 0;
    if (is_said && one->plan->label.kind != LS_LABEL_NONE) {
        const ls_models_waiting w = {.time_us = r->said.time_us,
                                     .value = r->said.value,
                                     .low = r->said.low,
                                     .high = r->said.high,
                                     .challenger = r->said.challenger,
                                     .challenger_radius = ls_models_challenger_radius(one),
                                     .unit = r->unit,
                                     .version = r->said.version,
                                     .challenger_version = r->said.challenger_version,
                                     .row = LS_MODELS_NOTHING,
                                     .unusual = r->said.unusual};
        ls_models_wait_for(one, &w, row);
    }
    pthread_mutex_unlock(&m->lock);
    if (r->said.state != LS_MODEL_SILENT) {  // the row was asked, even where nothing was said
        tell_listeners(m, one, r, row);
    }
}

// First all to the history, a moment in one piece; then whoever listens may look there.
static void keep_results(ls_models *m, ls_models_one *one, uint64_t tail, uint64_t head) {
    batch b = {.models = m, .one = one};
    int64_t moment_us = INT64_MIN;
    for (uint64_t at = tail; at != head; at++) {
        const ls_models_result *r = &one->results[at % one->result_count];
        if (r->said.time_us != moment_us &&
            b.count + (size_t)one->unit_count * LS_MODELS_TAGS >= one->sample_room) {
            send(&b);
        }
        if (r->said.version != one->kept_version) {
            put_version(&b, &r->said);
        }
        moment_us = r->said.time_us;
        put_result(&b, &one->units[r->unit], &r->said);
    }
    send(&b);
}

static void take_results(ls_models *m, ls_models_one *one) {
    const uint64_t head = atomic_load_explicit(&one->result_head, memory_order_acquire);
    const uint64_t tail = atomic_load_explicit(&one->result_tail, memory_order_relaxed);
    if (tail == head) {
        return;
    }
    keep_results(m, one, tail, head);
    for (uint64_t at = tail; at != head; at++) {
        const uint32_t place = (uint32_t)(at % one->result_count);
        take_one(m, one, &one->results[place],
                 one->result_rows + (size_t)place * one->column_count);
    }
    atomic_store_explicit(&one->result_tail, head, memory_order_release);
    pthread_mutex_lock(&m->lock);
    ls_models_touch(m, one);
    pthread_mutex_unlock(&m->lock);
}

void ls_models_take_results(ls_models *m) {
    for (uint32_t i = 0; i < m->count; i++) {
        take_results(m, &m->of[i]);
    }
}

// ---- from time to time

static void tell_skipped(ls_models *m, ls_models_one *one) {
    char text[200];
    const uint64_t skipped = atomic_load(&one->skipped);
    if (skipped > one->told_skipped) {
        ls_text_format(text, sizeof text,
                       "%llu moments were left out: the line was further ahead than %d of them",
                       (unsigned long long)(skipped - one->told_skipped), LS_MODELS_MISSED);
        ls_journal_write(m->journal, LS_LOG_WARNING, "model", one->plan->name, one->said_us, text,
                         "{\"what\": \"skipped\"}");
        one->told_skipped = skipped;
    }
}

static void save(ls_models *m, ls_models_one *one) {
    ls_error err = {0};
    const bool fails = ls_models_save(m, one, &err) != LS_OK;
    if (fails && !one->save_fails) {
        ls_say(LS_LOG_ERROR, "model", one->plan->name, "its scores could not be saved: %s",
               err.text);
    } else if (!fails && one->save_fails) {
        ls_say(LS_LOG_INFO, "model", one->plan->name, "its scores are saved again");
    }
    one->save_fails = fails;
}

static bool is_time(int64_t *tick_us, int64_t every_us) {
    const int64_t now = ls_models_clock_ns() / 1000;
    if (now < *tick_us) {
        return false;
    }
    *tick_us = now + every_us;
    return true;
}

static void tick(ls_models *m) {
    ls_models_take_results(m);
    const bool asked = atomic_exchange(&m->look, false);
    if (is_time(&m->tick_look, LOOK_US) || asked) {
        for (uint32_t i = 0; i < m->count; i++) {
            ls_models_look_at(m, &m->of[i], false);
        }
    }
    if (is_time(&m->tick_score, SCORE_US)) {
        for (uint32_t i = 0; i < m->count; i++) {
            ls_models_score(m, &m->of[i]);
            ls_models_set_radius(&m->of[i]);
            ls_models_time(m, &m->of[i]);
            tell_skipped(m, &m->of[i]);
        }
    }
    if (is_time(&m->tick_save, SAVE_US)) {
        for (uint32_t i = 0; i < m->count; i++) {
            save(m, &m->of[i]);
        }
    }
}

void *ls_models_keeping(void *context) {
    ls_models *m = context;
    m->tick_save = ls_models_clock_ns() / 1000 + SAVE_US;
    while (!atomic_load(&m->keeping_ends)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PAUSE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (sem_timedwait(&m->results, &until) != 0 && errno == EINTR) {
        }
        while (sem_trywait(&m->results) == 0) {
        }
        tick(m);
    }
    ls_models_take_results(m);
    for (uint32_t i = 0; i < m->count; i++) {
        ls_models_score(m, &m->of[i]);
        save(m, &m->of[i]);
    }
    return NULL;
}
