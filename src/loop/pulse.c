// pulse.c - see pulse.h.
#include "loop/pulse.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "twin/twin.h"

enum { BEATS = 180 };
static const int64_t MINUTE_US = 60000000, HOUR_US = 3600000000;

typedef struct beat {
    int64_t at_us;
    uint64_t done, scrapped, on_time, dated;
    uint64_t entered;  // out of order pools
    int64_t cycle_sum, pool_sum;
} beat;

struct ls_pulse {
    beat beats[BEATS];
    int64_t *busy[BEATS];  // per station, sum over its machines
    uint32_t count, next, stations;
    uint64_t model_hash;
    beat now;
    int64_t *busy_now;
    uint32_t *machines;
    uint32_t wip, outside;
    bool pools;
};

ls_pulse *ls_pulse_create(void) {
    ls_pulse *pulse = ls_alloc(sizeof *pulse);
    if (pulse != NULL) {
        memset(pulse, 0, sizeof *pulse);
    }
    return pulse;
}

void ls_pulse_forget(ls_pulse *pulse) {
    for (uint32_t i = 0; i < BEATS; i++) {
        ls_free(pulse->busy[i]);
    }
    ls_free(pulse->busy_now);
    ls_free(pulse->machines);
    memset(pulse, 0, sizeof *pulse);
}

void ls_pulse_destroy(ls_pulse *pulse) {
    if (pulse != NULL) {
        ls_pulse_forget(pulse);
        ls_free(pulse);
    }
}

static bool prepare(ls_pulse *pulse, const ls_plant *plant, uint64_t hash) {
    if (pulse->model_hash == hash && pulse->busy_now != NULL) {
        return true;
    }
    ls_pulse_forget(pulse);
    pulse->model_hash = hash;
    pulse->stations = plant->station_count;
    pulse->busy_now = ls_alloc(plant->station_count * sizeof *pulse->busy_now);
    pulse->machines = ls_alloc(plant->station_count * sizeof *pulse->machines);
    if (pulse->busy_now == NULL || pulse->machines == NULL) {
        ls_pulse_forget(pulse);
        return false;
    }
    for (uint32_t i = 0; i < plant->station_count; i++) {
        pulse->machines[i] = plant->stations[i].machine_count;
    }
    return true;
}

// Time in which the station's machines could not have done more.
static int64_t busy_time(const int64_t *account, const ls_s_machine *of, int64_t now) {
    static const uint8_t states[] = {LS_STATE_PROCESSING, LS_STATE_SETUP, LS_STATE_DOWN,
                                     LS_STATE_MAINTENANCE};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof states; i++) {
        sum += account[states[i]] + (of->account == states[i] ? now - of->since : 0);
    }
    return sum;
}

static void take(ls_pulse *pulse, const ls_plant *plant, const ls_model *model,
                 const ls_state *state) {
    const ls_s_release *releases = LS_STATE_VIEW(model, state, ls_s_release, s_release);
    const ls_s_machine *machines = LS_STATE_VIEW(model, state, ls_s_machine, s_machine);
    const int64_t *accounts = LS_STATE_VIEW(model, state, int64_t, s_time);
    beat *now = &pulse->now;
    const ls_m_release *classes = LS_MODEL_ARRAY(model, ls_m_release, release_at);
    *now = (beat){.at_us = state->now};
    pulse->pools = false;
    pulse->outside = 0;
    for (uint32_t i = 0; i < model->releases; i++) {
        now->done += releases[i].done;
        now->scrapped += releases[i].scrapped;
        now->on_time += releases[i].on_time;
        now->dated += releases[i].dated;
        now->cycle_sum += releases[i].cycle_sum;
        now->pool_sum += releases[i].pool_sum;
        now->entered += releases[i].pool_entered;
        pulse->pools |= classes[i].pool != 0;
        pulse->outside += releases[i].pooled;
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        pulse->busy_now[s] = 0;
        for (uint32_t k = 0; k < plant->stations[s].machine_count; k++) {
            const uint32_t m = plant->stations[s].machine_at + k;
            pulse->busy_now[s] += busy_time(accounts + (size_t)m * LS_STATE_COUNT, machines + m,
                                            state->now);
        }
    }
}

static void keep(ls_pulse *pulse) {
    const uint32_t at = pulse->next;
    if (pulse->busy[at] == NULL) {
        pulse->busy[at] = ls_alloc(pulse->stations * sizeof *pulse->busy[at]);
        if (pulse->busy[at] == NULL) {
            return;
        }
    }
    pulse->beats[at] = pulse->now;
    memcpy(pulse->busy[at], pulse->busy_now, pulse->stations * sizeof *pulse->busy_now);
    pulse->next = (at + 1) % BEATS;
    pulse->count += pulse->count < BEATS;
}

void ls_pulse_look(ls_pulse *pulse, const ls_plant *plant, const ls_twin *twin,
                   const ls_follow *follow) {
    const ls_state *state = ls_follow_state(follow);
    if (!prepare(pulse, plant, ls_twin_describe(twin).model_hash)) {
        return;
    }
    take(pulse, plant, twin->model, state);
    pulse->wip = ls_follow_describe(follow).lots;
    const uint32_t last = (pulse->next + BEATS - 1) % BEATS;
    const int64_t since = pulse->count > 0 ? pulse->now.at_us - pulse->beats[last].at_us : 0;
    if (pulse->count == 0 || since >= MINUTE_US) {
        keep(pulse);
    } else if (since < 0) {  // the follower went back: start over
        pulse->count = 0;
        pulse->next = 0;
    }
}

// The latest beat at least so long ago, else the oldest; LS_NONE: there is none.
static uint32_t beat_before(const ls_pulse *pulse, int64_t ago_us) {
    uint32_t found = LS_NONE;
    for (uint32_t i = 1; i <= pulse->count; i++) {
        found = (pulse->next + BEATS - i) % BEATS;
        if (pulse->now.at_us - pulse->beats[found].at_us >= ago_us) {
            break;
        }
    }
    return found;
}

static void find_busiest(const ls_pulse *pulse, ls_pulse_figures *out) {
    const uint32_t at = beat_before(pulse, 2 * HOUR_US);
    for (int k = 0; k < LS_PULSE_STATIONS; k++) {
        out->busiest[k] = (ls_pulse_busy){LS_NONE, 0.0};
    }
    const int64_t span = at != LS_NONE ? pulse->now.at_us - pulse->beats[at].at_us : 0;
    for (uint32_t s = 0; s < pulse->stations && span > 5 * MINUTE_US; s++) {
        const int64_t busy = pulse->busy_now[s] - pulse->busy[at][s];
        ls_pulse_busy of = {s, (double)busy / ((double)span * pulse->machines[s])};
        of.share = of.share < 0.0 ? 0.0 : of.share > 1.0 ? 1.0 : of.share;
        for (int k = 0; k < LS_PULSE_STATIONS; k++) {
            if (out->busiest[k].station == LS_NONE || of.share > out->busiest[k].share) {
                const ls_pulse_busy other = out->busiest[k];
                out->busiest[k] = of;
                of = other;
                if (of.station == LS_NONE) {
                    break;
                }
            }
        }
    }
}

ls_pulse_figures ls_pulse_describe(const ls_pulse *pulse) {
    ls_pulse_figures f = {.made = pulse->now.done,
                          .scrapped = pulse->now.scrapped,
                          .wip = pulse->wip,
                          .pools = pulse->pools,
                          .outside = pulse->outside,
                          .outside_s = NAN,
                          .per_hour = NAN,
                          .cycle_s = NAN,
                          .on_time = NAN,
                          .oee = NAN};
    const uint32_t at = beat_before(pulse, HOUR_US);
    const int64_t span = at != LS_NONE ? pulse->now.at_us - pulse->beats[at].at_us : 0;
    if (span > 5 * MINUTE_US) {
        const beat *then = pulse->beats + at;
        const double done = (double)(pulse->now.done - then->done);
        const double dated = (double)(pulse->now.dated - then->dated);
        f.per_hour = done * (double)HOUR_US / (double)span;
        f.cycle_s = done > 0.0 ? (double)(pulse->now.cycle_sum - then->cycle_sum) * 1e-6 / done
                               : NAN;
        const double entered = (double)(pulse->now.entered - then->entered);
        f.outside_s = entered > 0.0
                          ? (double)(pulse->now.pool_sum - then->pool_sum) * 1e-6 / entered
                          : NAN;
        f.on_time = dated > 0.0 ? (double)(pulse->now.on_time - then->on_time) / dated : NAN;
    }
    find_busiest(pulse, &f);
    return f;
}
