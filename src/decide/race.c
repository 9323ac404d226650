// race.c - see race.h.
#include "decide/race.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double hopeless_errors = 2.0;

uint32_t ls_race_rounds(uint32_t candidates) {
    uint32_t rounds = candidates < 2 ? 0 : LS_RACE_ROUNDS_LEAST;
    while ((uint64_t)1 << rounds < candidates) {
        rounds++;
    }
    return rounds;
}

uint32_t ls_race_alive(uint32_t candidates, uint32_t round) {
    uint32_t alive = candidates;
    for (uint32_t r = 0; r < round && alive > 2; r++) {
        alive = (alive + 1) / 2;
    }
    return alive;
}

uint32_t ls_race_share(uint32_t budget, uint32_t candidates, uint32_t round) {
    const uint64_t parts = (uint64_t)ls_race_alive(candidates, round) * ls_race_rounds(candidates);
    return parts == 0 ? 0 : (uint32_t)(budget / parts);
}

void ls_race_init(ls_race *race, const ls_race_field *field, const ls_lent *lent,
                  const ls_budget *budget, uint32_t candidates, uint64_t first_future,
                  ls_amounts *memory, uint32_t capacity) {
    assert(candidates <= LS_CANDIDATES_MAX);
    memset(race, 0, sizeof *race);
    race->field = field;
    race->lent = lent;
    race->budget = budget;
    race->count = candidates;
    race->first_future = first_future;
    race->amounts = memory;
    race->capacity = capacity;
    race->alive_count = candidates;
    for (uint32_t i = 0; i < candidates; i++) {
        race->alive[i] = i;
    }
}

// ---- running

typedef struct heat {
    ls_race *race;
    atomic_bool late;
    unsigned char *ended;  // per future of the heat
} heat;

static bool is_late(heat *h) {
    const ls_budget *budget = h->race->budget;
    if (!atomic_load_explicit(&h->late, memory_order_relaxed) && budget != NULL &&
        budget->late != NULL && budget->late(budget->context)) {
        atomic_store_explicit(&h->late, true, memory_order_relaxed);
    }
    return atomic_load_explicit(&h->late, memory_order_relaxed);
}

// One future, all candidates: they share its random numbers, which a worker then draws once.
static ls_status run_future(void *context, int64_t index, int worker, ls_error *err) {
    heat *h = context;
    ls_race *race = h->race;
    const uint32_t at = race->done + (uint32_t)index;
    for (uint32_t i = 0; i < race->alive_count; i++) {
        if (is_late(h)) {
            return LS_OK;
        }
        const uint32_t candidate = race->alive[i];
        ls_amounts *out = &race->amounts[(size_t)at * race->count + candidate];
        const ls_status status = race->field->run(race->field->context, candidate,
                                                  race->first_future + at, worker, out, err);
        if (status == LS_ERR_STOPPED) {
            atomic_store_explicit(&h->late, true, memory_order_relaxed);
            return LS_OK;
        }
        if (status != LS_OK) {
            return status;
        }
    }
    h->ended[index] = 1;  // nobody else writes there
    return LS_OK;
}

static ls_status lend(const ls_lent *lent, const ls_job *job, ls_error *err) {
    if (lent != NULL && lent->run != NULL) {
        return lent->run(lent->lender, job, err);
    }
    for (int64_t i = 0; i < job->count; i++) {
        const ls_status status = job->run(job->context, i, 0, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

enum { HEAT_MAX = 256 };  // futures of one job: so many marks stand on the stack

ls_status ls_race_more(ls_race *race, uint32_t futures, ls_error *err) {
    futures = futures < race->capacity - race->done ? futures : race->capacity - race->done;
    while (futures > 0 && !race->cut) {
        const uint32_t some = futures < HEAT_MAX ? futures : HEAT_MAX;
        unsigned char ended[HEAT_MAX] = {0};
        heat h = {.race = race, .ended = ended};
        const ls_job job = {.run = run_future, .context = &h, .count = some};
        const ls_status status = lend(race->lent, &job, err);
        if (status != LS_OK) {
            return status;
        }
        uint32_t complete = 0;
        while (complete < some && ended[complete] != 0) {
            complete++;
        }
        race->cut = complete < some;
        race->done += complete;
        race->total += (uint64_t)complete * race->alive_count;
        for (uint32_t i = 0; i < race->alive_count; i++) {
            race->runs[race->alive[i]] = race->done;
        }
        futures -= some;
    }
    return LS_OK;
}

// Made again it ends cut after the last round, where that one was cut while it compared, or before
// all rounds were run.
static bool was_cut(const ls_answer *made, uint32_t rounds_run, bool is_last) {
    return made != NULL && made->cut && rounds_run == made->round_count &&
           (made->cut_early || !is_last);
}

ls_status ls_race_run(ls_race *race, uint32_t budget, const ls_answer *made, uint32_t *io_round,
                      uint32_t round_futures[LS_ROUNDS_MAX], ls_error *err) {
    const uint32_t rounds = ls_race_rounds(race->count);
    ls_status status = LS_OK;
    for (uint32_t r = 0; r < rounds && status == LS_OK && !race->cut; r++) {
        uint32_t share = ls_race_share(budget, race->count, r);
        if (made != NULL) {
            if (*io_round >= made->round_count) {
                race->cut = true;
                break;
            }
            share = made->round_futures[*io_round];
        }
        const uint32_t before = race->done;
        status = ls_race_more(race, share, err);
        assert(*io_round < LS_ROUNDS_MAX);
        round_futures[(*io_round)++] = race->done - before;
        race->cut = race->cut || was_cut(made, *io_round, r + 1 == rounds);
        if (!race->cut && r + 1 < rounds) {
            ls_race_halve(race);
            if (ls_race_is_hopeless(race)) {
                break;
            }
        }
    }
    return status;
}

// ---- what came out

ls_effect ls_race_effect(const ls_interval *gain) {
    return (ls_effect){gain->mean, gain->low, gain->high};
}

void ls_race_no_effects(ls_answer *out) {
    const ls_effect none = {(double)NAN, (double)NAN, (double)NAN};
    out->claim = out->joint = out->by_base = none;
    for (int t = 0; t < LS_TERM_COUNT; t++) {
        out->terms[t] = none;
    }
    out->course.span_us = 0;
    for (int i = 0; i < LS_COURSE; i++) {
        out->course.gain[i] = out->course.spread[i] = (double)NAN;
    }
}

// ---- judging

static double cost_at(const ls_race *race, uint32_t future, uint32_t candidate) {
    return ls_cost_of(race->field->weights,
                      &race->amounts[(size_t)future * race->count + candidate]);
}

static ls_summary gains(const ls_race *race, uint32_t candidate, uint32_t from, uint32_t to) {
    ls_summary sum = {0};
    for (uint32_t f = from; f < to; f++) {
        ls_summary_add(&sum, cost_at(race, f, 0) - cost_at(race, f, candidate));
    }
    return sum;
}

ls_interval ls_race_gain(const ls_race *race, uint32_t candidate, uint32_t from, uint32_t to,
                         double level) {
    const ls_summary sum = gains(race, candidate, from, to);
    return ls_stat_interval_of(&sum, level);
}

double ls_race_level(double level, uint32_t challengers) {
    return challengers > 1 ? 1.0 - (1.0 - level) / (double)challengers : level;
}

// Is candidate a better than b? NaN is worst; ties go to the first.
static bool is_better(double gain_a, double gain_b) {
    return !isnan(gain_a) && (isnan(gain_b) || gain_a > gain_b);
}

void ls_race_halve(ls_race *race) {
    const uint32_t keep = ls_race_alive(race->alive_count, 1);
    double mean[LS_CANDIDATES_MAX];
    for (uint32_t i = 0; i < race->alive_count; i++) {
        mean[i] = gains(race, race->alive[i], 0, race->done).mean;
        race->rounds[race->alive[i]]++;
    }
    race->settled = race->done;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < race->alive_count; i++) {
        uint32_t better = 0;  // challengers that go before this one
        for (uint32_t k = 1; k < race->alive_count; k++) {
            better += k != i &&
                      (is_better(mean[k], mean[i]) || (k < i && !is_better(mean[i], mean[k])));
        }
        if (i == 0 || better + 1 < keep) {
            race->alive[kept++] = race->alive[i];
        }
    }
    race->alive_count = kept;
}

bool ls_race_is_hopeless(const ls_race *race) {
    if (race->done < LS_RACE_LOOK) {
        return false;
    }
    for (uint32_t i = 1; i < race->alive_count; i++) {
        const ls_summary sum = gains(race, race->alive[i], 0, race->done);
        const double error = sqrt(ls_summary_variance(&sum) / (double)sum.count);
        if (sum.mean + hopeless_errors * error > 0.0) {
            return false;
        }
    }
    return true;
}

uint32_t ls_race_winner(const ls_race *race, uint32_t from, uint32_t to, double level,
                        double gain_min) {
    if (race->count < 2 || to < from + LS_RACE_MIN) {
        return 0;
    }
    uint32_t best = 0;
    double best_mean = 0.0;
    for (uint32_t i = 1; i < race->alive_count; i++) {
        const double mean = gains(race, race->alive[i], from, to).mean;
        if (is_better(mean, best_mean)) {
            best = race->alive[i];
            best_mean = mean;
        }
    }
    if (best == 0) {
        return 0;
    }
    const ls_interval gain = ls_race_gain(race, best, from, to,
                                          ls_race_level(level, race->count - 1));
    return gain.low > 0.0 && gain.mean >= gain_min ? best : 0;
}
