// decisions.c - see decisions.h: opening, the thread that asks, closing.
#include "loop/decisions.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/units.h"
#include "base/workers.h"
#include "loop/decisions_inside.h"

enum {
    PAUSE_US = 20000,  // longest sleep while nothing is heard
    BEAT_US = 100000,
    QUIET_US = 1000,
    QUIET_MOST = 3,
    SEARCH_US = 4000000,    // for trials of base rules; confirming takes about as long again
    PREPARE_US = 60000000,  // longer than that hangs: no heartbeat any more
};

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static _Atomic int64_t ahead_us;

void ls_decisions_clock_ahead(int64_t us) {
    atomic_store(&ahead_us, us);
}

int64_t ls_decisions_monotonic_us(void) {
    return clock_us(CLOCK_MONOTONIC) + atomic_load_explicit(&ahead_us, memory_order_relaxed);
}

int64_t ls_decisions_wall_us(void) {
    return clock_us(CLOCK_REALTIME);
}

// ---- the thread

static void beat(ls_decisions *d) {
    const int64_t now = ls_decisions_monotonic_us();
    if (d->link != NULL && now - d->beaten_us >= BEAT_US) {
        ls_guard_link_beat(d->link);
        d->beaten_us = now;
    }
}

void ls_decisions_wake(ls_decisions *d) {
    atomic_store(&d->called, true);
    pthread_mutex_lock(&d->intake->lock);
    pthread_cond_broadcast(&d->intake->news);
    pthread_mutex_unlock(&d->intake->lock);
}

static bool is_called(ls_decisions *d) {
    return atomic_load(&d->ends) || atomic_load(&d->called) ||
           atomic_load(&d->intake->news_us) != 0;
}

// Sleeps until the line or a person has said something; at most PAUSE_US, since we beat.
static void await_news(ls_decisions *d) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PAUSE_US * 1000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&d->intake->lock);
    while (!is_called(d) &&
           pthread_cond_timedwait(&d->intake->news, &d->intake->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&d->intake->lock);
    atomic_store(&d->called, false);
}

static uint64_t batches_heard(ls_decisions *d) {
    pthread_mutex_lock(&d->intake->lock);
    const uint64_t batches = d->intake->figures.batches;
    pthread_mutex_unlock(&d->intake->lock);
    return batches;
}

// What belongs to one moment of the line comes in several messages: who looked between two of them
// would see a machine that is done, and its lot nowhere.
static void await_quiet(ls_decisions *d) {
    const struct timespec pause = {.tv_nsec = QUIET_US * 1000L};
    uint64_t batches = batches_heard(d);
    for (int i = 0; i < QUIET_MOST; i++) {
        nanosleep(&pause, NULL);
        const uint64_t now = batches_heard(d);
        if (now == batches) {
            return;
        }
        batches = now;
    }
}

// What was heard since we looked, without looking at all of it.
static bool is_news(ls_decisions *d) {
    pthread_mutex_lock(&d->intake->lock);
    const bool follows = d->intake->running.follow != NULL;
    bool news = follows &&
                (atomic_load(&d->intake->news_us) != 0 || ls_experiment_has_news(d->experiment));
    if (follows && !news) {
        const int64_t now = ls_follow_now(d->intake->running.follow);
        for (uint32_t p = 0; p < d->plant->decide.point_count && !news; p++) {
            news = d->plant->decide.points[p].every_us > 0 && now >= d->due_us[p];
        }
        news = news || now - d->now_us >= LS_US_PER_S;
    }
    pthread_mutex_unlock(&d->intake->lock);
    return news;
}

// Proposals whose time is over, or whose machine went on.
static void expire(ls_decisions *d) {
    const char *bars = ls_experiment_bars(d->experiment, d->now_us);
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count; i++) {
        decision_row *row = &d->rows[i];
        if (!ls_decision_is_open(row)) {
            continue;
        }
        if (bars != NULL) {
            (void)ls_decisions_keep(d, row, DECISION_EXPIRED, bars);
        } else if (row->expires_us > 0 && d->now_us >= row->expires_us) {
            (void)ls_decisions_keep(d, row, DECISION_EXPIRED, "nobody said anything in time");
        } else if (ls_decisions_mark(d, d->present, &row->question) != row->mark) {
            (void)ls_decisions_keep(d, row, DECISION_EXPIRED, "the line has gone on");
        }
    }
    pthread_mutex_unlock(&d->lock);
}

static void send_approved(ls_decisions *d) {
    for (;;) {
        uint64_t number = 0;
        pthread_mutex_lock(&d->lock);
        for (uint32_t i = 0; i < d->row_count && number == 0; i++) {
            if (d->rows[i].to_send && d->rows[i].state == DECISION_APPROVED) {
                number = d->rows[i].number;
                d->rows[i].to_send = false;
            }
        }
        pthread_mutex_unlock(&d->lock);
        if (number == 0 || d->link == NULL) {
            return;
        }
        ls_decisions_send(d, number, false);
    }
}

static bool is_enough(void *context) {
    const ls_decisions *d = context;
    return ls_decisions_monotonic_us() - d->prepare_us > SEARCH_US;
}

static void *prepare(void *context) {
    ls_decisions *d = context;
    ls_error err = {0};
    if (ls_decider_prepare(d->decider, NULL, (const atomic_bool *)&d->ends, &err) != LS_OK) {
        if (!atomic_load(&d->ends)) {
            ls_say(LS_LOG_WARNING, "decision", "", "no base rule was found: %s", err.text);
        }
    }
    pthread_mutex_lock(&d->lock);
    d->prepared = true;
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static bool is_prepared(ls_decisions *d) {
    pthread_mutex_lock(&d->lock);
    const bool prepared = d->prepared;
    pthread_mutex_unlock(&d->lock);
    return prepared;
}

static void say_base(const ls_decisions *d) {
    ls_base_rule bases[64];
    const uint32_t count = ls_decider_bases(d->decider, bases, 64);
    const double s = (double)(ls_decisions_monotonic_us() - d->prepare_us) * 1e-6;
    for (uint32_t i = 0; i < count && i < 64; i++) {
        if (bases[i].chosen && i > 0) {
            ls_say(LS_LOG_INFO, "decision", "",
                   "base rule '%s', found in %.1f s, gains %.3g %s an hour on the line's own (%.3g "
                   "to %.3g)",
                   bases[i].name, s, bases[i].gain,
                   d->plant->decide.unit != NULL ? d->plant->decide.unit : "points", bases[i].low,
                   bases[i].high);
        } else if (bases[i].chosen) {
            ls_say(LS_LOG_INFO, "decision", "",
                   "in %.1f s no base rule was found better than the line's own", s);
        }
    }
}

// Beside this thread, which goes on beating. Until a base is found the line goes by its own rule.
static void await_base(ls_decisions *d) {
    const struct timespec pause = {.tv_nsec = PAUSE_US * 1000L};
    pthread_t aside;
    d->prepare_us = ls_decisions_monotonic_us();
    if (pthread_create(&aside, NULL, prepare, d) != 0) {
        prepare(d);
        return;
    }
    while (!is_prepared(d)) {
        nanosleep(&pause, NULL);
        if (ls_decisions_monotonic_us() - d->prepare_us < PREPARE_US) {
            beat(d);
        }
    }
    pthread_join(aside, NULL);
    say_base(d);
}

// What the history has of settings, perhaps a month of it, is read before the first deadline
// begins.
static void read_settings(ls_decisions *d) {
    for (uint32_t p = 0; p < d->plant->decide.point_count; p++) {
        const ls_question question = {.point = p, .subject = d->plant->decide.points[p].measured};
        if (ls_decisions_is_setting(d->plant, &question)) {
            (void)ls_decisions_hear_setting(d, &question);  // asked again when it matters
        }
    }
}

// What stands open is asked again.
static void forget_answers(ls_decisions *d) {
    for (uint32_t i = 0; i < d->memory_count; i++) {
        d->memories[i].signature = 0;
    }
}

// Where the new rule's period begins, what stands open is asked again: the answers so far were not
// for sending.
static void step_experiment(ls_decisions *d) {
    ls_experiment_step(d->experiment, d->present, d->now_us);
    const bool barred = ls_experiment_bars(d->experiment, d->now_us) != NULL;
    if (d->barred && !barred) {
        forget_answers(d);
    }
    d->barred = barred;
}

bool ls_decisions_offer_base(ls_decisions *d, const ls_found_base *found) {
    // An experiment compares the rules it began with.
    if (d->decider == NULL || d->experiment != NULL || !(found->low > 0.0)) {
        return false;
    }
    pthread_mutex_lock(&d->lock);
    d->offer.waits = true;
    ls_text_format(d->offer.name, sizeof d->offer.name, "%s", found->name);
    d->offer.gain = found->gain;
    d->offer.low = found->low;
    d->offer.high = found->high;
    d->offer.horizon_us = found->horizon_us;
    pthread_mutex_unlock(&d->lock);
    ls_decisions_wake(d);
    return true;
}

// The one that is gone by now is not as good, as far as is known.
static bool is_better(const ls_decisions *d, const decision_offer *offer) {
    ls_base_rule bases[64];
    const uint32_t count = ls_decider_bases(d->decider, bases, 64);
    for (uint32_t i = 0; i < count && i < 64; i++) {
        if (bases[i].chosen) {
            return strcmp(bases[i].name, offer->name) != 0 &&
                   offer->gain > (i > 0 ? bases[i].gain : 0.0);
        }
    }
    return false;
}

// Between two questions. Under the lock, for those who show bases: it is done once in a long time,
// and takes as long as compiling a twin.
static void take_offer(ls_decisions *d) {
    ls_error err = {0};
    ls_status status = LS_OK;
    pthread_mutex_lock(&d->lock);
    const decision_offer offer = d->offer;
    const bool takes = offer.waits && is_better(d, &offer);
    const ls_base_rule found = {
        .name = offer.name, .gain = offer.gain, .low = offer.low, .high = offer.high};
    if (takes) {
        status = ls_decider_adopt(d->decider, &found, offer.horizon_us, &err);
    }
    d->offer.waits = false;
    pthread_mutex_unlock(&d->lock);
    if (!takes) {
        return;
    }
    if (status == LS_OK) {
        ls_say(LS_LOG_INFO, "decision", "",
               "base rule '%s', found by a long search, gains %.3g %s an hour on the line's own "
               "(%.3g to %.3g)",
               found.name, found.gain,
               d->plant->decide.unit != NULL ? d->plant->decide.unit : "points", found.low,
               found.high);
    } else {
        ls_say(LS_LOG_WARNING, "decision", "", "the base rule of a long search is not taken: %s",
               err.text);
    }
}

static void *work(void *context) {
    ls_decisions *d = context;
    pthread_setname_np(pthread_self(), "ls-decide");
    await_base(d);
    atomic_store(&d->intake->news_us, 0);  // nothing was decided meanwhile, on purpose
    bool first = true;
    while (!atomic_load(&d->ends)) {
        await_news(d);
        beat(d);
        ls_decisions_serve_hand(d);
        send_approved(d);
        take_offer(d);
        if (!first && !is_news(d)) {
            continue;
        }
        await_quiet(d);
        if (first && ls_decisions_look(d, d->present)) {
            read_settings(d);
        }
        if (ls_decisions_look(d, d->present)) {
            first = false;
            step_experiment(d);
            if (atomic_exchange(&d->guard_came, false)) {
                forget_answers(d);  // without it, nothing could be sent
            }
            expire(d);
            ls_decisions_ask_due(d);
        }
    }
    return NULL;
}

// ---- the guard

static void guard_changed(void *context, bool there, const char *why) {
    ls_decisions *d = context;
    atomic_store(&d->guard_there, there);
    atomic_store(&d->guard_came, there);
    ls_say(there ? LS_LOG_INFO : LS_LOG_WARNING, "guard", "", "%s%s%s",
           there ? "there" : "away: nothing can be sent", why != NULL && why[0] != '\0' ? ": " : "",
           why != NULL ? why : "");
}

static bool may_send(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        if (plant->decide.points[i].mode >= LS_MODE_APPROVE) {
            return true;
        }
    }
    return false;
}

// ---- opening

static ls_status create(ls_decisions *d, const char *guard_folder, ls_error *err) {
    const uint32_t points = d->plant->decide.point_count;
    d->rows = ls_alloc(DECISION_ROWS * sizeof *d->rows);
    d->due_us = ls_alloc((points + 1) * sizeof *d->due_us);
    if (d->rows == NULL || d->due_us == NULL || pthread_mutex_init(&d->lock, NULL) != 0) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for decisions");
    }
    memset(d->rows, 0, DECISION_ROWS * sizeof *d->rows);
    memset(d->due_us, 0, (points + 1) * sizeof *d->due_us);
    d->has_lock = true;
    d->sequence = (uint32_t)(ls_decisions_wall_us() / LS_US_PER_S);
    ls_status status = ls_decisions_recall(d, err);
    if (status != LS_OK || points == 0) {
        return status;
    }
    ls_decider_def def = ls_decider_def_default();
    status = ls_threads_create(ls_workers_default(), &d->pool, err);
    if (status == LS_OK) {
        def.lent = ls_lent_pool(d->pool);
        def.enough = is_enough;
        def.context = d;
        status = ls_decider_create(d->plant, d->twin, &def, &d->decider, err);
    }
    if (status == LS_OK) {
        status = ls_experiment_open(d->intake, d->decider, &d->experiment, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_create(d->twin, 1, 0, &d->present, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_create(d->twin, 1, 0, &d->fresh, err);
    }
    if (status == LS_OK && guard_folder != NULL && may_send(d->plant)) {
        const ls_guard_link_def link = {.folder = guard_folder,
                                        .verdict = ls_decisions_verdict,
                                        .changed = guard_changed,
                                        .stands = ls_decisions_stands,
                                        .answered = ls_decisions_answered,
                                        .context = d};
        status = ls_guard_link_open(&link, &d->link, err);
    }
    return status;
}

ls_status ls_decisions_open(ls_intake *intake, ls_journal *journal, const char *guard_folder,
                            ls_decisions **out, ls_error *err) {
    *out = NULL;
    ls_decisions *d = ls_alloc(sizeof *d);
    if (d == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for decisions");
    }
    memset(d, 0, sizeof *d);
    d->intake = intake;
    d->journal = journal;
    d->plant = intake->running.plant;
    d->twin = intake->running.twin;
    ls_told_open(&d->told, intake, d->plant, d->twin);
    pthread_mutex_init(&d->people.turn, NULL);
    pthread_mutex_init(&d->people.lock, NULL);
    pthread_cond_init(&d->people.wake, NULL);
    d->in_step_since_us = -1;
    ls_status status = create(d, guard_folder, err);
    if (status == LS_OK && d->decider != NULL) {
        if (pthread_create(&d->thread, NULL, work, d) != 0) {
            status = ls_fail(err, LS_ERR_MEMORY, "no thread for decisions");
        }
        d->has_thread = status == LS_OK;
    }
    if (status != LS_OK) {
        ls_decisions_close(d);
        return status;
    }
    *out = d;
    return LS_OK;
}

// ---- closing

static void expire_all(ls_decisions *d) {
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count; i++) {
        decision_row *row = &d->rows[i];
        if (ls_decision_is_open(row) || row->state == DECISION_APPROVED) {
            (void)ls_decisions_keep(d, row, DECISION_EXPIRED,
                                    "the service stops, or uses another plant file");
        }
    }
    pthread_mutex_unlock(&d->lock);
}

void ls_decisions_close(ls_decisions *d) {
    if (d == NULL) {
        return;
    }
    atomic_store(&d->ends, true);
    if (d->has_thread) {
        ls_decisions_wake(d);
        pthread_join(d->thread, NULL);
    }
    ls_guard_link_close(d->link);  // then no verdict comes any more
    if (d->has_lock && d->has_thread) {
        expire_all(d);
    }
    ls_decisions_forget(d);
    ls_experiment_close(d->experiment);
    ls_decider_destroy(d->decider);
    ls_threads_destroy(d->pool);
    ls_snapshot_destroy(d->present);
    ls_snapshot_destroy(d->fresh);
    ls_free(d->lots);
    ls_free(d->memories);
    ls_free(d->due_us);
    ls_decisions_forget_settings(d);
    ls_told_close(&d->told);
    ls_decisions_forget_qualities(d);
    if (d->has_lock) {
        pthread_mutex_destroy(&d->lock);
    }
    pthread_cond_destroy(&d->people.wake);
    pthread_mutex_destroy(&d->people.lock);
    pthread_mutex_destroy(&d->people.turn);
    ls_free(d);
}
