// accounts.c - see accounts.h.
//
// Facts come under the intake's lock, for two windows at most: the one that goes on, and the one
// before it, whose last facts are not final yet. The other past is played outside all locks.
#include "loop/accounts.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/account_levels.h"
#include "loop/account_settings.h"
#include "loop/account_window.h"
#include "loop/json_value.h"

enum { PAUSE_MS = 100, TEXT_SIZE = 400, NICE = 10, UNIT_SIZE = 60 };
static const double IN_STEP = 0.9;  // certainty from which a window may begin
static const uint64_t SEED = 0x6163636f756e74;

struct ls_accounts {
    ls_intake *intake;
    ls_watch *watch;
    ls_decisions *decisions;
    int64_t window_us;  // 0: not known yet
    pthread_t thread;
    bool has_thread;
    _Atomic bool ends;
    uint64_t told;  // windows, for their seeds

    ls_account_window windows[2];  // under the intake's lock, but for one that is final
    uint32_t at;                   // the one that goes on
};

// ---- under the intake's lock

static void take_fact(void *context, const ls_fact *fact) {
    ls_accounts *a = context;
    for (uint32_t i = 0; i < 2; i++) {
        ls_account_window_fact(&a->windows[i], a->intake->running.twin, fact);
    }
}

static int64_t now_since_1970(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * LS_US_PER_S + now.tv_nsec / 1000;
}

// Moves the windows on; the one that is final, or NULL.
static ls_account_window *step(ls_accounts *a) {
    ls_account_window *final = NULL;
    ls_account_window *now = &a->windows[a->at];
    ls_account_window *before = &a->windows[1 - a->at];
    const int64_t wall_us = now_since_1970();
    pthread_mutex_lock(&a->intake->lock);
    const ls_follow *follow = a->intake->running.follow;
    if (follow != NULL) {
        if (before->open) {
            ls_account_window_look(before, a->intake, a->window_us, wall_us);
            final = ls_account_window_is_final(before, a->intake) ? before : NULL;
        }
        if (now->open) {
            ls_account_window_look(now, a->intake, a->window_us, wall_us);
        }
        // The next one begins where one ends, so that nothing is left out; a window that is not
        // final yet keeps it waiting: windows are much longer than signals are late.
        const bool wanted = !now->open || now->until_us >= 0;
        ls_account_window *next = now->open ? before : now;
        if (wanted && !next->open && ls_follow_certainty(follow) >= IN_STEP) {
            ls_account_window_begin(next, a->intake, wall_us);
            a->at = next == &a->windows[0] ? 0 : 1;
        }
    }
    pthread_mutex_unlock(&a->intake->lock);
    return final;
}

int64_t ls_accounts_since_us(ls_accounts *a) {
    pthread_mutex_lock(&a->intake->lock);
    const ls_account_window *now = &a->windows[a->at];
    const int64_t since_us = now->open && now->until_us < 0 ? now->from_us : -1;
    pthread_mutex_unlock(&a->intake->lock);
    return since_us;
}

// ---- telling

static json_t *gain_json(double gain, double low, double high) {
    return json_pack("{s:o, s:o, s:o}", "gain", ls_json_number(gain), "low", ls_json_number(low),
                     "high", ls_json_number(high));
}

// `from_us` and `until_us`: the line's time, since 1970.
// `of`: the value that settings are for, else NULL.
static json_t *outcome_json(const ls_account_window *w, const ls_outcome *o, const ls_measured *of,
                            int64_t from_us, int64_t until_us) {
    json_t *out = json_object();
    json_object_set_new(out, "kind", json_string(ls_decide_kind_name(o->kind)));
    json_object_set_new(out, "of", of != NULL ? json_string(of->name) : json_null());
    json_object_set_new(out, "from_us", json_integer((json_int_t)from_us));
    json_object_set_new(out, "until_us", json_integer((json_int_t)until_us));
    json_object_set_new(out, "begun_us", json_integer((json_int_t)w->begun_us));
    json_object_set_new(out, "ended_us", json_integer((json_int_t)w->ended_us));
    json_object_set_new(out, "decisions", json_integer((json_int_t)o->decisions));
    json_object_set_new(out, "promised", gain_json(o->promised, o->promised_low, o->promised_high));
    json_object_set_new(out, "awaited", gain_json(o->awaited, o->awaited_low, o->awaited_high));
    json_object_set_new(out, "method", json_string("counterfactual"));
    json_object_set_new(out, "level", ls_json_number(o->level));
    json_object_set_new(out, "gain", ls_json_number(o->gain));
    json_object_set_new(out, "low", ls_json_number(o->low));
    json_object_set_new(out, "high", ls_json_number(o->high));
    json_object_set_new(out, "error", ls_json_number(o->error));
    json_object_set_new(out, "drawn", ls_json_number(o->drawn));
    json_object_set_new(out, "shown", json_boolean(o->shown));
    json_object_set_new(out, "why_not", json_string(o->why));
    return out;
}

// The value that settings are for; NULL: it is about the kind as a whole.
static const ls_measured *value_of(const ls_accounts *a, const ls_outcome *o) {
    return o->subject > 0 ? &a->intake->running.plant->listen.values[o->subject - 1] : NULL;
}

static void unit_of(const ls_accounts *a, const ls_outcome *o, char *out, size_t size) {
    const char *unit = a->intake->running.plant->decide.unit;
    const ls_measured *of = value_of(a, o);
    if (of != NULL) {
        ls_account_settings_unit(of->unit, out, size);
    } else {
        ls_text_format(out, size, "%s", unit != NULL ? unit : "points");
    }
}

static void say(const ls_accounts *a, const ls_outcome *o, int64_t from_us, int64_t until_us,
                char *out) {
    char from[48];
    char until[48];
    char unit[UNIT_SIZE];
    const ls_measured *of = value_of(a, o);
    unit_of(a, o, unit, sizeof unit);
    ls_units_print_date(from_us / LS_US_PER_S * LS_US_PER_S, from, sizeof from);
    ls_units_print_date(until_us / LS_US_PER_S * LS_US_PER_S, until, sizeof until);
    if (o->shown) {
        ls_text_format(out, TEXT_SIZE,
                       "%s%s%s: %zu decisions from %s to %s brought %.3g %s (%.3g to %.3g) "
                       "together",
                       ls_decide_kind_name(o->kind), of != NULL ? " " : "",
                       of != NULL ? of->name : "", o->decisions, from, until, o->gain, unit, o->low,
                       o->high);
    } else {
        ls_text_format(out, TEXT_SIZE,
                       "%s%s%s: what %zu decisions from %s to %s brought is not shown: %s",
                       ls_decide_kind_name(o->kind), of != NULL ? " " : "",
                       of != NULL ? of->name : "", o->decisions, from, until, o->why);
    }
}

static void note_in_rows(ls_accounts *a, const ls_account_window *w, const ls_outcome *o,
                         const char *text) {
    char unit[UNIT_SIZE];
    json_t *realised = json_object();
    unit_of(a, o, unit, sizeof unit);
    json_object_set_new(realised, "unit", json_string(unit));
    json_object_set_new(realised, "gain", ls_json_number(o->shown ? o->gain : NAN));
    json_object_set_new(realised, "low", ls_json_number(o->shown ? o->low : NAN));
    json_object_set_new(realised, "high", ls_json_number(o->shown ? o->high : NAN));
    json_object_set_new(realised, "method", json_string("counterfactual"));
    json_object_set_new(realised, "shown", json_boolean(o->shown));
    json_object_set_new(realised, "decisions", json_integer((json_int_t)o->decisions));
    json_object_set_new(realised, "text", json_string(text));
    ls_decisions_realise(a->decisions, o->kind, o->subject > 0 ? o->subject - 1 : LS_NONE,
                         w->from_us, w->until_us, realised);
    json_decref(realised);
}

static void keep(ls_accounts *a, const ls_account_window *w, const ls_outcome *o) {
    char text[TEXT_SIZE];
    const int64_t start_us = a->intake->running.plant->start_us;
    const int64_t from_us = start_us + w->from_us;
    const int64_t until_us = start_us + w->until_us;
    say(a, o, from_us, until_us, text);
    json_t *json = outcome_json(w, o, value_of(a, o), from_us, until_us);
    ls_error err = {0};
    if (!ls_journal_record(a->intake->history, "account", ls_decide_kind_name(o->kind), text, json,
                           &err)) {
        ls_say(LS_LOG_WARNING, "account", "", "what decisions brought could not be kept: %s",
               err.text);
    }
    ls_say(LS_LOG_INFO, "account", "", "%s", text);
    note_in_rows(a, w, o, text);
    json_decref(json);
}

static bool has_value(const ls_plant *plant, const ls_done *done, size_t count, uint32_t value) {
    for (size_t i = 0; i < count; i++) {
        if (done[i].kind == LS_DECIDE_SETPOINT &&
            ls_decide_counting(&plant->decide.points[done[i].point]) == value) {
            return true;
        }
    }
    return false;
}

// Each value by itself.
static ls_status tell_settings(ls_accounts *a, const ls_account_window *w, const ls_done *done,
                               size_t count, ls_error *err) {
    const ls_plant *plant = a->intake->running.plant;
    ls_status status = LS_OK;
    for (uint32_t v = 0; v < plant->listen.value_count && status == LS_OK; v++) {
        ls_outcome outcome;
        if (!has_value(plant, done, count, v) || atomic_load(&a->ends)) {
            continue;
        }
        status = ls_account_settings_tell(a->intake, w, v, done, count, SEED + a->told, &outcome,
                                          err);
        if (status == LS_OK) {
            keep(a, w, &outcome);
        }
    }
    return status;
}

static bool has_kind(const ls_done *done, size_t count, ls_decide_kind kind) {
    for (size_t i = 0; i < count; i++) {
        if (done[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void tell(ls_accounts *a, ls_account_window *w) {
    ls_done *done = NULL;
    size_t count = 0;
    ls_error err = {0};
    ls_status status = ls_decisions_done(a->decisions, w->from_us, w->until_us, &done, &count,
                                         &err);
    a->told++;
    if (status == LS_OK) {
        status = ls_account_levels(a->intake, w->from_us, w->origin, &err);
    }
    for (unsigned k = 0; k < LS_DECIDE_KIND_COUNT && status == LS_OK; k++) {
        ls_outcome outcome;
        if (k == LS_DECIDE_SETPOINT) {
            status = tell_settings(a, w, done, count, &err);
        } else if (has_kind(done, count, (ls_decide_kind)k) && !atomic_load(&a->ends)) {
            status = ls_account_window_tell(w, a->intake->running.plant, a->intake->running.twin,
                                            (ls_decide_kind)k, done, count, SEED + a->told,
                                            &outcome, &err);
            if (status == LS_OK) {
                keep(a, w, &outcome);
            }
        }
    }
    ls_free(done);
    if (status != LS_OK) {
        ls_say(LS_LOG_WARNING, "account", "", "what decisions brought cannot be told: %s",
               err.text);
    }
}

// ---- the thread

static bool know_length(ls_accounts *a) {
    a->window_us = a->window_us == 0 ? ls_decisions_window_us(a->decisions) : a->window_us;
    return a->window_us > 0;
}

static void *work(void *context) {
    ls_accounts *a = context;
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    // Behind decisions and the line; a failure only means that it is not.
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    while (!atomic_load(&a->ends)) {
        nanosleep(&pause, NULL);
        ls_account_window *final = know_length(a) ? step(a) : NULL;
        if (final != NULL) {
            // Facts still come into it under the lock: what it collected is taken out first.
            pthread_mutex_lock(&a->intake->lock);
            final->open = false;
            pthread_mutex_unlock(&a->intake->lock);
            tell(a, final);
        }
    }
    return NULL;
}

// ---- opening, closing

ls_status ls_accounts_open(ls_intake *intake, ls_watch *watch, ls_decisions *decisions,
                           int64_t window_us, ls_accounts **out, ls_error *err) {
    *out = NULL;
    if (intake->running.plant->decide.point_count == 0) {
        return LS_OK;  // nothing is decided
    }
    ls_accounts *a = ls_alloc(sizeof *a);
    if (a == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the account");
    }
    a->intake = intake;
    a->watch = watch;
    a->decisions = decisions;
    a->window_us = window_us;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < 2 && status == LS_OK; i++) {
        status = ls_account_window_init(&a->windows[i], intake->running.twin, err);
    }
    if (status == LS_OK) {
        ls_watch_listen(watch, take_fact, a);
        if (pthread_create(&a->thread, NULL, work, a) != 0) {
            status = ls_fail(err, LS_ERR_MEMORY, "no thread for the account");
        }
        a->has_thread = status == LS_OK;
    }
    if (status != LS_OK) {
        ls_accounts_close(a);
        return status;
    }
    *out = a;
    return LS_OK;
}

void ls_accounts_close(ls_accounts *a) {
    if (a == NULL) {
        return;
    }
    atomic_store(&a->ends, true);
    if (a->has_thread) {
        pthread_join(a->thread, NULL);
    }
    ls_watch_listen(a->watch, NULL, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        ls_account_window_clear(&a->windows[i]);
    }
    ls_free(a);
}
