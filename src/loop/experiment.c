// experiment.c - see experiment.h.
#include "loop/experiment.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/text.h"
#include "base/units.h"
#include "loop/experiment_twin.h"
#include "loop/say.h"

#define LEAST_HEARD 0.5          // of a period, for its outcome to count
#define AGAIN_US LS_US_PER_HOUR  // of the line, until the carryover is measured once more

typedef enum work_kind { WORK_NONE, WORK_MEASURE, WORK_FORECAST } work_kind;

struct ls_experiment {
    ls_intake *intake;
    const ls_plant *plant;
    const ls_twin *twin;
    const ls_decider *decider;
    ls_experiment_record record;
    char key[LS_EXPERIMENT_KEY];
    double weights[LS_TERM_COUNT];
    bool measured;     // it is known whether it can begin
    int64_t again_us;  // plant time: measured from another present then; 0: never
    bool resumed;      // of the history, and not looked at yet

    // One piece of work at a time; its thread owns what follows until `done`.
    work_kind work;
    pthread_t thread;
    _Atomic bool done, ends;
    ls_snapshot *from;
    uint32_t of_period;
    int64_t block_us;
    uint64_t seed;
    ls_experiment_measured found;
    double forecast[2];
    ls_status status;
    ls_error err;
};

// ---- work of the twin

// Long enough for the carryover, and a length that people can say.
static int64_t choose_block(int64_t carryover_us) {
    const int64_t unit = carryover_us > LS_US_PER_HOUR  ? LS_US_PER_HOUR
                         : carryover_us > LS_US_PER_MIN ? LS_US_PER_MIN
                                                        : LS_US_PER_S;
    return (carryover_us + unit - 1) / unit * unit;
}

static void measure(ls_experiment *x) {
    x->status = ls_experiment_measure(x->decider, x->from, &x->ends, &x->found, &x->err);
    if (x->status == LS_OK && x->found.carryover.known) {
        x->block_us = x->block_us > 0 ? x->block_us : choose_block(x->found.carryover.carryover_us);
        x->status = ls_experiment_forecast(x->decider, x->from, x->block_us, x->seed, &x->ends,
                                           x->forecast, &x->err);
    }
}

static void *run(void *context) {
    ls_experiment *x = context;
    if (x->work == WORK_MEASURE) {
        measure(x);
    } else {
        x->status = ls_experiment_forecast(x->decider, x->from, x->block_us, x->seed, &x->ends,
                                           x->forecast, &x->err);
    }
    atomic_store(&x->done, true);
    return NULL;
}

// `seed` and `block_us` of the work; `period` of a forecast. What the thread owns is touched only
// when there is none.
static void begin_work(ls_experiment *x, work_kind kind, const ls_snapshot *present,
                       int64_t block_us, uint64_t seed, uint32_t period) {
    if (x->work != WORK_NONE) {
        return;  // still busy: measured later, or this forecast is left out
    }
    x->err = (ls_error){0};
    if (ls_snapshot_copy(x->twin, present, &x->from, &x->err) != LS_OK) {
        return;
    }
    x->work = kind;
    x->block_us = block_us;
    x->seed = seed;
    x->of_period = period;
    atomic_store(&x->done, false);
    if (pthread_create(&x->thread, NULL, run, x) != 0) {
        x->work = WORK_NONE;
        ls_snapshot_destroy(x->from);
        x->from = NULL;
    }
}

static void end_work(ls_experiment *x) {
    pthread_join(x->thread, NULL);
    ls_snapshot_destroy(x->from);
    x->from = NULL;
    x->work = WORK_NONE;
}

// ---- what it is about

static void make_key(ls_experiment *x) {
    const ls_decide *d = &x->plant->decide;
    size_t at = 0;
    for (int t = 0; t < LS_TERM_COUNT; t++) {
        if (x->weights[t] != 0.0 && at < sizeof x->key) {
            at += ls_text_format(x->key + at, sizeof x->key - at, "%s %.17g, ",
                                 ls_objective_term_name((ls_objective_term)t), x->weights[t]);
        }
    }
    if (at < sizeof x->key) {
        ls_text_format(x->key + at, sizeof x->key - at, "block %lld us, %u periods, seed %llu",
                       (long long)d->experiment_block_us, d->experiment_periods,
                       (unsigned long long)x->plant->run_seed);
    }
}

// ---- a design, or why there is none

static void refuse(ls_experiment *x, const char *why, const char *hint) {
    const ls_decide *d = &x->plant->decide;
    ls_experiment_record *r = &x->record;
    const uint64_t number = r->number + 1;
    ls_experiment_record_clear(r);
    r->number = number;
    r->state = LS_EXPERIMENT_REFUSED;
    ls_text_format(r->key, sizeof r->key, "%s", x->key);
    ls_text_format(r->reason, sizeof r->reason, "%s:%d:%d: decide.experiment: %s%s%s",
                   x->plant->file != NULL ? x->plant->file : "plant", d->experiment_line,
                   d->experiment_column, why, hint[0] != '\0' ? "; " : "", hint);
    x->measured = true;
    (void)ls_experiment_keep_state(x->intake->history, r);
}

// Some decisions stay in force until they are changed: the own rule's period would not be its own.
static const char *lasting(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_kind kind = plant->decide.points[i].kind;
        if (kind == LS_DECIDE_SETPOINT || kind == LS_DECIDE_CONWIP || kind == LS_DECIDE_STAFFING) {
            return plant->decide.points[i].name;
        }
    }
    return NULL;
}

static bool sends_nothing(const ls_plant *plant) {
    bool nothing = true;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        nothing = nothing && plant->decide.points[i].mode == LS_MODE_WATCH;
    }
    return nothing;
}

// True: it cannot be one, whatever the carryover.
static bool is_hopeless(ls_experiment *x) {
    char why[200];
    const char *point = lasting(x->plant);
    if (point != NULL) {
        ls_text_format(why, sizeof why,
                       "'%s' stays in force when the own rule's period begins, so that the periods "
                       "cannot be compared",
                       point);
        refuse(x, why, "take setpoint, conwip and staffing out of an experiment");
        return true;
    }
    if (sends_nothing(x->plant)) {
        refuse(x, "every point has mode 'watch': both rules would be the same",
               "give a point mode advise, approve or auto");
        return true;
    }
    return false;
}

static bool is_known(ls_experiment *x) {
    char looked[64];
    char why[200];
    if (x->status != LS_OK) {
        refuse(x, x->err.text,
               x->err.hint[0] != '\0' ? x->err.hint : "tried again in an hour of the line");
        return false;
    }
    if (!x->found.carryover.known) {
        ls_units_show_time((double)x->found.looked_us, looked, sizeof looked);
        ls_text_format(why, sizeof why,
                       "on the twin the line's own rule and '%s' have not agreed again after %s: "
                       "no block is known to be long enough",
                       x->found.rule, looked);
        refuse(x, why, "tried again in an hour of the line");
        return false;
    }
    return true;
}

static void begin_design(ls_experiment *x, int64_t now_us) {
    ls_experiment_record *r = &x->record;
    const int64_t begins_us = x->plant->start_us + now_us;
    const ls_switchback shape = {
        .periods = x->plant->decide.experiment_periods, .order = 1, .period_us = x->block_us};
    char why[400];
    ls_error err = {0};
    if (!is_known(x)) {
        x->again_us = now_us + AGAIN_US;  // how long a rule acts depends on where it begins
        return;
    }
    if (ls_switchback_check(&shape, x->found.carryover.carryover_us, &err) != LS_OK) {
        ls_text_format(why, sizeof why, "%s", err.text);
        refuse(x, why, err.hint);
        return;
    }
    const uint64_t number = r->number + 1;
    ls_experiment_record_clear(r);
    *r = (ls_experiment_record){.number = number,
                                .state = LS_EXPERIMENT_RUNS,
                                .shape = shape,
                                .begins_us = begins_us,
                                .carryover_us = x->found.carryover.carryover_us,
                                .expected = x->forecast[0]};
    // As many as JSON holds as a whole number with a sign.
    r->seed = ls_random_key(x->plant->run_seed, (uint64_t)begins_us) >> 1;
    ls_text_format(r->key, sizeof r->key, "%s", x->key);
    ls_text_format(r->unit, sizeof r->unit, "%s",
                   x->plant->decide.unit != NULL ? x->plant->decide.unit : "points");
    ls_text_format(r->rule, sizeof r->rule, "%s", x->found.rule);
    if (ls_experiment_record_open(r, &err) != LS_OK ||
        !ls_experiment_keep_design(x->intake->history, r)) {
        refuse(x, err.text[0] != '\0' ? err.text : "its design could not be written down", "");
        return;
    }
    x->measured = true;
}

// ---- periods

static bool read_line(const ls_experiment *x, ls_experiment_reading *out) {
    *out = (ls_experiment_reading){0};
    pthread_mutex_lock(&x->intake->lock);
    const ls_follow *follow = x->intake->running.follow;
    if (follow != NULL) {
        const int64_t now_us = ls_follow_now(follow);
        out->time_us = x->plant->start_us + now_us;
        out->amounts = ls_amounts_read(x->twin, ls_follow_state(follow), now_us);
        out->heard = ls_follow_describe(follow).heard;
    }
    pthread_mutex_unlock(&x->intake->lock);
    return follow != NULL;
}

// Everything that is counted only grows, as long as it is the same follower.
static bool goes_on(const ls_experiment_reading *from, const ls_experiment_reading *to) {
    bool grows = to->heard >= from->heard && to->time_us >= from->time_us;
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        grows = grows && to->amounts.of[i] >= from->amounts.of[i];
    }
    return grows;
}

// Which period the line is in; periods of the shape: after all of them. Before the first: 0.
static uint32_t period_at(const ls_experiment_record *r, int64_t time_us) {
    if (time_us < r->begins_us) {
        return 0;
    }
    const int64_t period = (time_us - r->begins_us) / r->shape.period_us;
    return period < (int64_t)r->shape.periods ? (uint32_t)period : r->shape.periods;
}

static bool begin_period(ls_experiment *x, uint32_t period, const ls_experiment_reading *now) {
    ls_experiment_record *r = &x->record;
    r->periods[period].begin = *now;
    r->periods[period].begun = ls_experiment_keep_period(x->intake->history, r, period);
    if (r->periods[period].begun && r->begun <= period) {
        r->begun = period + 1;
    }
    return r->periods[period].begun;
}

// Adds what was heard since the period's beginning to what was before, if it is the same follower.
static void add_piece(const ls_experiment *x, ls_experiment_period *p,
                      const ls_experiment_reading *now) {
    if (goes_on(&p->begin, now)) {
        const ls_amounts amounts = ls_amounts_between(&p->begin.amounts, &now->amounts);
        p->cost += ls_cost_of(x->weights, &amounts);
        p->hours += (double)(now->time_us - p->begin.time_us) / 3.6e9;
    }
}

// Where the service was away over an end, the periods of that time share one mean: that makes an
// effect smaller, never greater.
static void end_periods(ls_experiment *x, uint32_t until, const ls_experiment_reading *now) {
    ls_experiment_record *r = &x->record;
    const uint32_t first = r->begun - 1;
    const double whole = (double)r->shape.period_us / 3.6e9 * (until - first);
    ls_experiment_period *open = &r->periods[first];
    add_piece(x, open, now);
    const double outcome = open->hours >= LEAST_HEARD * whole ? open->cost / open->hours : NAN;
    const double share = fmin(open->hours / whole, 1.0);
    for (uint32_t i = first; i < until; i++) {
        ls_experiment_period *p = &r->periods[i];
        p->outcome = outcome;
        p->share = share;
        p->over = ls_experiment_keep_outcome(x->intake->history, r, i);
    }
}

static void end_all(ls_experiment *x) {
    x->record.state = LS_EXPERIMENT_ENDED;
    ls_text_format(x->record.reason, sizeof x->record.reason, "all %u periods are over",
                   x->record.shape.periods);
    (void)ls_experiment_keep_state(x->intake->history, &x->record);
}

// After a restart another follower may have begun: what it did not hear does not count.
static void resume(ls_experiment *x, const ls_experiment_reading *now) {
    ls_experiment_record *r = &x->record;
    x->resumed = false;
    if (r->begun == 0 || period_at(r, now->time_us) != r->begun - 1 ||
        goes_on(&r->periods[r->begun - 1].begin, now)) {
        return;
    }
    (void)begin_period(x, r->begun - 1, now);
}

static void turn(ls_experiment *x, const ls_snapshot *present) {
    ls_experiment_record *r = &x->record;
    ls_experiment_reading now;
    if (!read_line(x, &now)) {
        return;
    }
    if (x->resumed) {
        resume(x, &now);
    }
    const uint32_t period = period_at(r, now.time_us);
    if (period + 1 <= r->begun) {
        return;  // still in it; or the clock was set back
    }
    if (r->begun > 0 && !r->periods[r->begun - 1].over) {
        end_periods(x, period, &now);
    }
    if (period >= r->shape.periods) {
        end_all(x);
    } else if (begin_period(x, period, &now)) {
        begin_work(x, WORK_FORECAST, present, r->shape.period_us, r->seed + period, period);
    }
}

// ---- steps

static void collect(ls_experiment *x, int64_t now_us) {
    const work_kind kind = x->work;
    end_work(x);
    if (kind == WORK_MEASURE) {
        begin_design(x, now_us);
    } else if (x->status == LS_OK && x->record.periods != NULL) {
        ls_experiment_period *p = &x->record.periods[x->of_period];
        p->here = x->forecast[0];
        p->ahead = x->forecast[1];
        (void)ls_experiment_keep_forecast(x->intake->history, &x->record, x->of_period);
    } else {
        ls_say(LS_LOG_WARNING, "experiment", "", "a period could not be forecast: %s", x->err.text);
    }
}

void ls_experiment_step(ls_experiment *x, const ls_snapshot *present, int64_t now_us) {
    if (x == NULL) {
        return;
    }
    if (ls_experiment_has_news(x)) {
        collect(x, now_us);
    }
    if (x->again_us > 0 && now_us >= x->again_us) {
        x->again_us = 0;
        x->measured = false;
    }
    if (!x->measured && x->work == WORK_NONE && !is_hopeless(x)) {
        begin_work(x, WORK_MEASURE, present, x->plant->decide.experiment_block_us,
                   x->plant->run_seed, 0);
    }
    const ls_experiment_record *r = &x->record;
    if (x->measured && r->state == LS_EXPERIMENT_RUNS &&
        (x->resumed || r->begun == 0 || period_at(r, x->plant->start_us + now_us) + 1 > r->begun)) {
        turn(x, present);
    }
}

bool ls_experiment_has_news(const ls_experiment *x) {
    return x != NULL && x->work != WORK_NONE && atomic_load(&x->done);
}

const char *ls_experiment_bars(const ls_experiment *x, int64_t now_us) {
    if (x == NULL) {
        return NULL;
    }
    const ls_experiment_record *r = &x->record;
    if (!x->measured) {
        return "experiment: how long a rule acts is being measured on the twin";
    }
    if (r->state == LS_EXPERIMENT_REFUSED) {
        return "experiment: refused, so that nothing is sent";
    }
    if (r->state != LS_EXPERIMENT_RUNS) {
        return NULL;
    }
    const uint32_t period = period_at(r, x->plant->start_us + now_us);
    if (period + 1 != r->begun || !r->periods[period].begun) {
        return "experiment: between two periods";
    }
    return ls_experiment_is_new(r, period) ? NULL : "experiment: own rule's period";
}

const ls_experiment_record *ls_experiment_describe(const ls_experiment *x) {
    return &x->record;
}

// ---- opening, closing

// The plant file asks for none, or for another one: the old one is over.
static void stop_old(ls_intake *intake, ls_experiment_record *r, const char *why) {
    r->state = LS_EXPERIMENT_STOPPED;
    ls_text_format(r->reason, sizeof r->reason, "%s", why);
    (void)ls_experiment_keep_state(intake->history, r);
}

static void go_on_or_stop(ls_experiment *x) {
    ls_experiment_record *r = &x->record;
    const bool same = r->number > 0 && strcmp(r->key, x->key) == 0 && r->periods != NULL;
    if (same && (r->state == LS_EXPERIMENT_RUNS || r->state == LS_EXPERIMENT_ENDED)) {
        x->measured = true;
        x->resumed = r->state == LS_EXPERIMENT_RUNS;
    } else if (r->number > 0 && r->periods != NULL && r->state == LS_EXPERIMENT_RUNS) {
        stop_old(x->intake, r, "objective, block, periods or run.seed were changed");
    }
}

ls_status ls_experiment_open(ls_intake *intake, const ls_decider *decider, ls_experiment **out,
                             ls_error *err) {
    *out = NULL;
    ls_experiment_record record;
    const ls_plant *plant = intake->running.plant;
    ls_status status = ls_experiment_recall(intake->history, &record, err);
    if (status != LS_OK) {
        return status;
    }
    if (plant->decide.experiment == LS_EXPERIMENT_NONE) {
        if (record.number > 0 && record.periods != NULL && record.state == LS_EXPERIMENT_RUNS) {
            stop_old(intake, &record, "the plant file asks for no experiment any more");
        }
        ls_experiment_record_clear(&record);
        return LS_OK;
    }
    ls_experiment *x = ls_alloc(sizeof *x);
    if (x == NULL) {
        ls_experiment_record_clear(&record);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the experiment");
    }
    memset(x, 0, sizeof *x);
    x->intake = intake;
    x->plant = plant;
    x->twin = intake->running.twin;
    x->decider = decider;
    x->record = record;
    ls_cost_weights(&plant->decide, x->weights);
    make_key(x);
    go_on_or_stop(x);
    *out = x;
    return LS_OK;
}

// The follower may be another one afterwards: what this one has seen of the period is kept.
static void put_aside(ls_experiment *x) {
    ls_experiment_record *r = &x->record;
    ls_experiment_reading now;
    if (x->measured && !x->resumed && r->state == LS_EXPERIMENT_RUNS && r->begun > 0 &&
        !r->periods[r->begun - 1].over && read_line(x, &now)) {
        add_piece(x, &r->periods[r->begun - 1], &now);
        (void)begin_period(x, r->begun - 1, &now);
    }
}

void ls_experiment_close(ls_experiment *x) {
    if (x == NULL) {
        return;
    }
    atomic_store(&x->ends, true);
    if (x->work != WORK_NONE) {
        end_work(x);
    }
    put_aside(x);
    ls_experiment_record_clear(&x->record);
    ls_free(x);
}
