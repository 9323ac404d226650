// models_ask.c - the asking thread: what is heard goes into the features, and each moment that has
// come is asked of every unit.
//
// Samples of several sources come a little out of order. So what is heard waits, sorted by time,
// until the line's clock has gone `settle` further; then it is heard in the order in which a
// dataset of that moment hears it, and a row here is bit for bit the row of the dataset. A sample
// that comes later than that counts from the last moment on, and is counted as late.
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "loop/models_inside.h"
#include "model/conformal.h"
#include "model/snapshot.h"
#include "model/usual.h"

enum { PAUSE_MS = 50 };
#define FAR_AHEAD_US INT64_C(3600000000)  // a clock of its own

int64_t ls_models_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// ---- from the intake, under its lock

static void push(ls_models *m, const ls_models_heard *heard) {
    const uint64_t head = atomic_load_explicit(&m->ring_head, memory_order_relaxed);
    if (head - atomic_load_explicit(&m->ring_tail, memory_order_acquire) == LS_MODELS_RING) {
        atomic_store(&m->lost, true);
        return;
    }
    m->ring[head % LS_MODELS_RING] = *heard;
    atomic_store_explicit(&m->ring_head, head + 1, memory_order_release);
}

static void set_clock(ls_models *m, int64_t was_us, int64_t is_us) {
    if (was_us == INT64_MIN) {  // moments begin here, whenever they are asked
        atomic_store(&m->began_us, is_us);
    }
    atomic_store_explicit(&m->clock_us, is_us, memory_order_release);
}

// Where nothing tells the twin what time it is, the models' own tags do.
static void note_clock(ls_models *m, int64_t time_us) {
    const int64_t now = atomic_load_explicit(&m->clock_us, memory_order_relaxed);
    if (now == INT64_MIN || (time_us > now && time_us - now < FAR_AHEAD_US)) {
        set_clock(m, now, time_us);
    }
}

void ls_models_listen_in(void *context, const ls_sample *samples, size_t count, int64_t clock_us) {
    ls_models *m = context;
    int64_t newest_us = clock_us;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = samples + i;
        const uint32_t first = s->tag < m->first_count ? m->first[s->tag] : LS_MODELS_NOTHING;
        if (first == LS_MODELS_NOTHING || (s->flags & LS_SAMPLE_HISTORICAL) != 0) {
            continue;
        }
        const ls_models_heard heard = {.time_us = s->time_us,
                                       .value = ls_snapshot_value(s),
                                       .kind = s->kind,
                                       .quality = s->quality};
        for (uint32_t f = first; f != LS_MODELS_NOTHING; f = m->feeds[f].next) {
            ls_models_heard one = heard;
            one.feed = f;
            push(m, &one);
        }
        if (clock_us == 0 && s->quality != LS_QUALITY_STALE) {
            newest_us = s->time_us > newest_us ? s->time_us : newest_us;
        }
    }
    if (clock_us != 0) {
        const int64_t now = atomic_load_explicit(&m->clock_us, memory_order_relaxed);
        if (clock_us > now) {
            set_clock(m, now, clock_us);
        }
    } else if (newest_us != 0) {
        note_clock(m, newest_us);
    }
    if (atomic_load_explicit(&m->clock_us, memory_order_relaxed) >
            atomic_load_explicit(&m->due_us, memory_order_relaxed) &&
        !atomic_exchange(&m->woken, true)) {
        sem_post(&m->news);
    }
}

// ---- hearing

static void hear(ls_models *m, const ls_models_heard *h) {
    ls_models_feed *feed = &m->feeds[h->feed];
    ls_models_one *one = &m->of[feed->model];
    ls_models_subject *unit = &one->units[feed->unit];
    const uint64_t bits = bits_of(h->value);
    if (h->time_us == feed->time_us && bits == feed->bits && h->kind == feed->kind &&
        h->quality == feed->quality) {
        return;  // told twice; the history has it once, too
    }
    if (!ls_features_hear(unit->features, feed->tag, h->time_us, h->value)) {
        return;
    }
    const bool is_known = isfinite(h->value);
    unit->known += (is_known ? 1U : 0U) - (feed->is_known ? 1U : 0U);
    feed->is_known = is_known;
    feed->time_us = h->time_us;
    feed->bits = bits;
    feed->kind = h->kind;
    feed->quality = h->quality;
}

// ---- samples whose time has not come

// Behind those of the same time, so that equal times stay as they were heard. False: no room.
static bool keep_early(ls_models *m, const ls_models_heard *h) {
    if (m->early_first + m->early_count == LS_MODELS_EARLY) {
        if (m->early_first == 0) {
            return false;
        }
        memmove(m->early, m->early + m->early_first, m->early_count * sizeof *m->early);
        m->early_first = 0;
    }
    size_t at = m->early_first + m->early_count;
    for (; at > m->early_first && m->early[at - 1].time_us > h->time_us; at--) {
        m->early[at] = m->early[at - 1];
    }
    m->early[at] = *h;
    m->early_count++;
    return true;
}

// What stands far ahead of the line's clock is of a clock of its own. That a source has died is
// often told by ours: the unit is silent then, whatever the time. A value is looked for in the
// history when the line gets there.
static void put_aside(ls_models *m, const ls_models_heard *h) {
    ls_models_feed *feed = &m->feeds[h->feed];
    if (isfinite(h->value)) {
        m->aside_us = h->time_us < m->aside_us ? h->time_us : m->aside_us;
    } else if (feed->is_known) {
        feed->is_known = false;
        m->of[feed->model].units[feed->unit].known--;
    }
}

static void drain(ls_models *m) {
    const int64_t clock_us = atomic_load_explicit(&m->clock_us, memory_order_acquire);
    const uint64_t head = atomic_load_explicit(&m->ring_head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&m->ring_tail, memory_order_relaxed);
    for (; tail != head; tail++) {
        const ls_models_heard *h = &m->ring[tail % LS_MODELS_RING];
        if (clock_us != INT64_MIN && h->time_us > clock_us &&
            h->time_us - clock_us > FAR_AHEAD_US) {
            put_aside(m, h);
        } else if (!keep_early(m, h)) {
            atomic_store(&m->lost, true);
        }
    }
    atomic_store_explicit(&m->ring_tail, tail, memory_order_release);
}

// ---- asking

static void note_time(ls_models_served *served, int64_t ns) {
    const uint64_t n = atomic_load_explicit(&served->timed, memory_order_relaxed);
    const uint32_t took = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
    atomic_store_explicit(&served->took[n % LS_MODELS_TIMED], took, memory_order_relaxed);
    atomic_store_explicit(&served->timed, n + 1, memory_order_release);
}

// The interval, and whether the row is like those of the training.
static void say_more(ls_models_served *champion, const float *row, ls_model_said *said) {
    const double radius = atomic_load_explicit(&champion->radius, memory_order_relaxed);
    const bool is_adaptive = atomic_load_explicit(&champion->is_adaptive, memory_order_relaxed);
    ls_conformal_interval(champion->shown.plan, said->value, radius, &said->low, &said->high);
    said->by = is_adaptive        ? LS_MODEL_BY_ADAPTIVE
               : isfinite(radius) ? LS_MODEL_BY_SPLIT
                                  : LS_MODEL_BY_NOTHING;
    if (champion->usual != NULL) {
        said->unusual = ls_usual_is_foreign(champion->usual, champion->usual_memory, row) ? 1 : 0;
    }
}

// What a version says of a row; NaN: nothing, as a monitor that has too few of them.
static double predict(ls_models_one *one, ls_models_served *s, uint32_t unit, ls_model_said *said) {
    if (s->sentries == NULL) {
        return ls_predictor_predict(&s->shown.predictor, one->row, one->wide);
    }
    const ls_sentry_report report = ls_sentry_step(s->sentries[unit], one->row);
    if (said != NULL && report.ready) {
        said->unusual = report.alarm ? 1 : 0;  // one row says little
    }
    return report.ready ? report.index : (double)NAN;
}

static void ask_unit(ls_models_one *one, uint32_t number, int64_t moment_us,
                     ls_models_served *champion, ls_models_served *challenger) {
    ls_models_subject *unit = &one->units[number];
    ls_model_said said = ls_models_said_nothing();
    if (ls_snapshot_rests(one->plan, unit->features)) {
        return;  // what was said last stands
    }
    const int64_t began = ls_models_clock_ns();
    ls_features_ask(unit->features, moment_us, one->row);
    const int64_t asked = ls_models_clock_ns();
    said.time_us = moment_us;
    said.state = unit->known == one->plan->tag_count ? LS_MODEL_GOOD
                 : unit->known > 0                   ? LS_MODEL_PARTIAL
                                                     : LS_MODEL_SILENT;
    int64_t done = asked;
    if (champion != NULL) {
        said.version = champion->shown.number;
        if (said.state != LS_MODEL_SILENT) {
            said.value = predict(one, champion, number, &said);
            if (isnan(said.value)) {
                said.state = LS_MODEL_NONE;
            } else {
                say_more(champion, one->row, &said);
            }
            done = ls_models_clock_ns();
            note_time(champion, done - began);
            atomic_fetch_add_explicit(&one->spent_ns, (uint64_t)(done - began),
                                      memory_order_relaxed);
            atomic_fetch_add_explicit(&one->asked, 1, memory_order_relaxed);
        }
    } else {
        said.state = LS_MODEL_NONE;
    }
    if (challenger != NULL && champion != NULL && said.state != LS_MODEL_SILENT) {
        said.challenger_version = challenger->shown.number;
        said.challenger = predict(one, challenger, number, NULL);
        note_time(challenger, asked - began + ls_models_clock_ns() - done);
    }
    ls_models_live_put(&unit->live, &said, one->row, one->column_count);
    const uint64_t head = atomic_load_explicit(&one->result_head, memory_order_relaxed);
    const uint32_t at = (uint32_t)(head % one->result_count);
    one->results[at] = (ls_models_result){.said = said, .unit = number};
    memcpy(one->result_rows + (size_t)at * one->column_count, one->row,
           one->column_count * sizeof *one->row);
    atomic_store_explicit(&one->result_head, head + 1, memory_order_release);
}

// Nobody serves any more, or yet: what a version said last counts no longer. Said once.
static void withdraw(ls_models_one *one, uint32_t number, int64_t moment_us) {
    ls_models_subject *unit = &one->units[number];
    if (unit->withdrawn) {
        return;
    }
    ls_model_said said = ls_models_said_nothing();
    said.time_us = moment_us;
    unit->withdrawn = true;
    ls_models_live_put(&unit->live, &said, NULL, one->column_count);
    const uint64_t head = atomic_load_explicit(&one->result_head, memory_order_relaxed);
    one->results[head % one->result_count] = (ls_models_result){.said = said, .unit = number};
    atomic_store_explicit(&one->result_head, head + 1, memory_order_release);
}

// False: those who take the results are behind; the moment stays due.
static bool ask_moment(ls_models_one *one) {
    const uint64_t waits = atomic_load_explicit(&one->result_head, memory_order_relaxed) -
                           atomic_load_explicit(&one->result_tail, memory_order_acquire);
    if (one->result_count - waits < one->unit_count) {
        return false;
    }
    ls_models_served *champion = ls_swap_take(&one->champion, LS_MODELS_SLOT_ASK);
    ls_models_served *challenger = ls_swap_take(&one->challenger, LS_MODELS_SLOT_ASK);
    for (uint32_t u = 0; u < one->unit_count; u++) {
        if (champion != NULL) {
            one->units[u].withdrawn = false;
            ask_unit(one, u, one->next_us, champion, challenger);
        } else {
            withdraw(one, u, one->next_us);
        }
    }
    ls_swap_give(&one->challenger, LS_MODELS_SLOT_ASK);
    ls_swap_give(&one->champion, LS_MODELS_SLOT_ASK);
    one->next_us += one->plan->every_us;
    return true;
}

static int64_t moment_after(const ls_models_one *one, int64_t time_us) {
    const int64_t every = one->plan->every_us;
    const int64_t rest = (time_us % every + every) % every;
    return time_us - rest + every;
}

// A line that was away for long is not made up for from the beginning.
static void skip_missed(const ls_models *m, ls_models_one *one, int64_t until_us) {
    const int64_t every = one->plan->every_us;
    if (one->next_us == INT64_MIN) {
        one->next_us = moment_after(one, atomic_load(&m->began_us) - m->settle_us);
    }
    const int64_t missed = (until_us - one->next_us) / every;
    if (missed > LS_MODELS_MISSED) {
        const int64_t over = missed - LS_MODELS_MISSED;
        one->next_us += over * every;
        atomic_fetch_add_explicit(&one->skipped, (uint64_t)over, memory_order_relaxed);
    }
}

static ls_models_one *due_first(ls_models *m) {
    ls_models_one *first = &m->of[0];
    for (uint32_t i = 1; i < m->count; i++) {
        first = m->of[i].next_us < first->next_us ? &m->of[i] : first;
    }
    return first;
}

// Everything up to the line's clock less `settle`, in the order of time; samples before the moment
// at which they stand.
static bool advance(ls_models *m, int64_t until_us) {
    bool any = false;
    for (uint32_t i = 0; i < m->count; i++) {
        skip_missed(m, &m->of[i], until_us);
    }
    for (;;) {
        ls_models_one *one = due_first(m);
        const ls_models_heard *front = m->early + m->early_first;
        if (m->early_count > 0 && front->time_us <= until_us && front->time_us <= one->next_us) {
            ls_models_one *of = &m->of[m->feeds[front->feed].model];
            if (front->time_us <= of->next_us - of->plan->every_us) {
                atomic_fetch_add_explicit(&of->late, 1, memory_order_relaxed);
            }
            hear(m, front);
            m->early_first++;
            m->early_count--;
        } else if (one->next_us < until_us) {
            if (!ask_moment(one)) {
                break;
            }
            any = true;
        } else {
            break;
        }
    }
    m->early_first = m->early_count == 0 ? 0 : m->early_first;
    return any;
}

// ---- from the history

typedef struct backlog {  // of one unit, within a stretch of time
    ls_snapshot_sample *samples;
    size_t count, at;
} backlog;

static void hear_backlog(ls_models *m, ls_models_one *one, backlog *logs, int64_t until_us) {
    for (uint32_t u = 0; u < one->unit_count; u++) {
        for (backlog *b = &logs[u]; b->at < b->count && b->samples[b->at].time_us <= until_us;
             b->at++) {
            const ls_snapshot_sample *s = &b->samples[b->at];
            const ls_models_heard h = {
                .time_us = s->time_us, .value = s->value, .feed = one->units[u].feed + s->tag};
            hear(m, &h);
        }
    }
}

// What lies behind `until_us` waits, as if it had just come.
static void keep_rest(ls_models *m, const ls_models_one *one, const backlog *logs,
                      int64_t clock_us) {
    for (uint32_t u = 0; u < one->unit_count; u++) {
        for (size_t i = logs[u].at; i < logs[u].count; i++) {
            const ls_snapshot_sample *s = &logs[u].samples[i];
            const ls_models_heard h = {
                .time_us = s->time_us, .value = s->value, .feed = one->units[u].feed + s->tag};
            if (h.time_us > clock_us && h.time_us - clock_us > FAR_AHEAD_US) {
                put_aside(m, &h);
            } else if (!keep_early(m, &h)) {
                m->aside_us = h.time_us < m->aside_us ? h.time_us : m->aside_us;
            }
        }
    }
}

static void wait_for_room(ls_models *m) {
    const struct timespec pause = {.tv_nsec = 1000000};
    sem_post(&m->results);
    nanosleep(&pause, NULL);
}

// A stretch [from, to) of what is behind, with its moments.
static ls_status hear_stretch(ls_models *m, ls_models_one *one, backlog *logs, int64_t from_us,
                              int64_t to_us, int64_t until_us, int64_t clock_us, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t u = 0; u < one->unit_count && status == LS_OK; u++) {
        logs[u] = (backlog){0};
        status = ls_snapshot_samples(m->intake->history, m->intake->tags, one->plan, u, from_us,
                                     to_us, &logs[u].samples, &logs[u].count, err);
    }
    while (status == LS_OK && one->next_us < until_us && one->next_us < to_us &&
           !atomic_load(&m->ends)) {
        hear_backlog(m, one, logs, one->next_us);
        if (!ask_moment(one)) {
            wait_for_room(m);
        }
    }
    if (status == LS_OK) {
        hear_backlog(m, one, logs, until_us < one->next_us ? until_us : one->next_us);
        keep_rest(m, one, logs, clock_us);
    }
    for (uint32_t u = 0; u < one->unit_count; u++) {
        ls_free(logs[u].samples);
        logs[u] = (backlog){0};
    }
    return status;
}

static void forget(ls_models *m, const ls_models_one *one) {
    for (uint32_t u = 0; u < one->unit_count; u++) {
        ls_features_reset(one->units[u].features);
        one->units[u].known = 0;
        for (uint32_t t = 0; t < one->plan->tag_count; t++) {
            m->feeds[one->units[u].feed + t].is_known = false;
            m->feeds[one->units[u].feed + t].time_us = INT64_MIN;
        }
    }
}

static ls_status hear_one(ls_models *m, ls_models_one *one, int64_t clock_us, ls_error *err) {
    const int64_t until_us = clock_us - m->settle_us, reach = ls_snapshot_reach_us(one->plan);
    backlog *logs = ls_alloc(one->unit_count * sizeof *logs);
    ls_status status = LS_OK;
    if (logs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what models heard before");
    }
    forget(m, one);
    skip_missed(m, one, until_us);
    // In stretches, so that a long time is not in memory at once.
    for (int64_t from = one->next_us - reach, to = 0; status == LS_OK && to != INT64_MAX;
         from = to) {
        const int64_t span = reach + 16 * one->plan->every_us;
        to = from < until_us - span ? from + span : INT64_MAX;
        status = hear_stretch(m, one, logs, from, to, until_us, clock_us, err);
    }
    ls_free(logs);
    return status;
}

// What the ring holds is in the history by now; what comes twice is heard once.
static void hear_again(ls_models *m, int64_t clock_us) {
    ls_error err = {0};
    const uint64_t head = atomic_load_explicit(&m->ring_head, memory_order_acquire);
    atomic_store_explicit(&m->ring_tail, head, memory_order_release);
    atomic_store(&m->lost, false);
    m->early_first = m->early_count = 0;
    m->aside_us = INT64_MAX;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < m->count && status == LS_OK; i++) {
        status = hear_one(m, &m->of[i], clock_us, &err);
    }
    if (status != LS_OK) {
        ls_say(LS_LOG_ERROR, "model", "", "features cannot be heard again: %s", err.text);
    }
    sem_post(&m->results);
}

void ls_models_step(ls_models *m) {
    const int64_t clock_us = atomic_load_explicit(&m->clock_us, memory_order_acquire);
    if (clock_us == INT64_MIN) {
        return;
    }
    if (atomic_load(&m->lost) || m->aside_us < clock_us) {
        hear_again(m, clock_us);
    }
    drain(m);
    if (atomic_load(&m->lost)) {  // no room for what is early: once more, and further
        hear_again(m, clock_us);
    }
    const int64_t until_us = clock_us - m->settle_us;
    if (advance(m, until_us < m->aside_us ? until_us : m->aside_us - 1)) {
        sem_post(&m->results);
    }
    atomic_store_explicit(&m->due_us, due_first(m)->next_us + m->settle_us, memory_order_relaxed);
}

void *ls_models_asking(void *context) {
    ls_models *m = context;
    while (!atomic_load(&m->ends)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PAUSE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (sem_timedwait(&m->news, &until) != 0 && errno == EINTR) {
        }
        atomic_store(&m->woken, false);
        ls_models_step(m);
    }
    ls_models_step(m);  // what was heard last
    return NULL;
}
