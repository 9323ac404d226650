// outlook.c - see outlook.h.
#include "decide/outlook.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

enum { REACH = 4, MINUTE_US = 60000000 };  // time constants after which nearly all has come

static const double come = 1.0 - 1e-9;  // of a change: the rest is nothing any more

int64_t ls_outlook_horizon_us(const ls_measured *m, int64_t every_us) {
    const int64_t far = m->delay_us + REACH * m->tau_us;
    const int64_t least = every_us > 0 ? every_us : MINUTE_US;
    return far > least ? far : least;
}

// ---- what the settings explain

const ls_seen *ls_seen_at(const ls_seen *seen, uint32_t count, int64_t at_us) {
    uint32_t low = 0;
    uint32_t high = count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (seen[middle].at_us <= at_us) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &seen[low];
}

double ls_seen_brought(const ls_measured *m, const ls_seen *settings, uint32_t count, int64_t at_us,
                       double from) {
    double sum = from;
    for (uint32_t i = 1; i < count && settings[i].at_us <= at_us; i++) {
        if (settings[i].number != settings[i - 1].number) {
            sum += ls_set_effect(m, settings[i - 1].number, settings[i].number) *
                   ls_set_share(m, at_us - settings[i].at_us);
        }
    }
    return sum;
}

// The newest that have not quite come; those that do not fit have nearly.
static void keep_changes(const ls_measured *m, const ls_seen *settings, uint32_t count,
                         ls_outlook *out) {
    out->since_us = INT64_MIN;
    for (uint32_t i = count; i-- > 1 && out->change_count < LS_OUTLOOK_CHANGES;) {
        if (settings[i].number == settings[i - 1].number) {
            continue;
        }
        out->since_us = out->since_us == INT64_MIN ? settings[i].at_us : out->since_us;
        if (ls_set_share(m, out->now_us - settings[i].at_us) >= come) {
            break;
        }
        out->changes[out->change_count++] = (ls_set_change){
            .at_us = settings[i].at_us,
            .effect = ls_set_effect(m, settings[i - 1].number, settings[i].number)};
    }
}

// ---- the disturbance

// Least squares of d' on d; a value that tends to run away is taken to stay where it is.
static void fit(const double *d, uint32_t count, ls_outlook *out) {
    const uint32_t pairs = count - 1;
    double mean = 0.0;
    double mean_next = 0.0;
    for (uint32_t i = 0; i < pairs; i++) {
        mean += d[i] / pairs;
        mean_next += d[i + 1] / pairs;
    }
    double xx = 0.0;
    double xy = 0.0;
    for (uint32_t i = 0; i < pairs; i++) {
        xx += (d[i] - mean) * (d[i] - mean);
        xy += (d[i] - mean) * (d[i + 1] - mean_next);
    }
    const double memory = xx > 0.0 ? xy / xx : 1.0;
    out->memory = memory >= 1.0 ? 1.0 : memory <= 0.0 ? 0.0 : memory;
    out->level = out->memory < 1.0 ? (mean_next - out->memory * mean) / (1.0 - out->memory) : 0.0;
    double sum = 0.0;
    for (uint32_t i = 0; i < pairs; i++) {
        out->shocks[i] = d[i + 1] - out->level - out->memory * (d[i] - out->level);
        sum += out->shocks[i];
    }
    for (uint32_t i = 0; i < pairs; i++) {
        out->shocks[i] -= sum / pairs;
    }
    out->shock_count = pairs;
}

ls_status ls_outlook_make(const ls_measured *m, const ls_seen *values, uint32_t value_count,
                          const ls_seen *settings, uint32_t setting_count, int64_t now_us,
                          int64_t step_us, ls_outlook *out, ls_error *err) {
    double d[LS_OUTLOOK_SHOCKS + 1];
    memset(out, 0, sizeof *out);
    if (value_count == 0 || setting_count == 0 || step_us <= 0) {
        return ls_fail(err, LS_ERR_INVALID, "'%s': %s has not been heard yet", m->name,
                       value_count == 0 ? "its value" : "its setting");
    }
    const int64_t first_us = values[0].at_us > settings[0].at_us ? values[0].at_us
                                                                 : settings[0].at_us;
    const int64_t steps = now_us >= first_us ? (now_us - first_us) / step_us : -1;
    const uint32_t count = steps < LS_OUTLOOK_SHOCKS ? (uint32_t)(steps + 1)
                                                     : LS_OUTLOOK_SHOCKS + 1;
    if (count < LS_OUTLOOK_LEAST + 1) {
        return ls_fail(err, LS_ERR_INVALID, "'%s': too little has been heard yet", m->name);
    }
    for (uint32_t i = 0; i < count; i++) {
        const int64_t at_us = now_us - (int64_t)(count - 1 - i) * step_us;
        d[i] = ls_seen_at(values, value_count, at_us)->number -
               ls_seen_brought(m, settings, setting_count, at_us,
                               ls_measured_settles(m, settings[0].number));
    }
    fit(d, count, out);
    out->now_us = now_us;
    out->step_us = step_us;
    out->value = values[value_count - 1].number;
    out->setting = settings[setting_count - 1].number;
    out->disturbance = d[count - 1];
    keep_changes(m, settings, setting_count, out);
    return LS_OK;
}

uint64_t ls_outlook_hash(const ls_outlook *outlook) {
    const unsigned char *bytes = (const unsigned char *)outlook;
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (size_t i = 0; i < sizeof *outlook; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211u;
    }
    return hash;
}

bool ls_outlook_is_sound(const ls_outlook *o) {
    return o->change_count <= LS_OUTLOOK_CHANGES && o->shock_count <= LS_OUTLOOK_SHOCKS &&
           o->shock_count >= LS_OUTLOOK_LEAST && o->step_us > 0 &&
           o->step_us <= INT64_MAX / 4 / LS_OUTLOOK_STEPS && o->now_us >= 0 &&
           o->now_us <= INT64_MAX / 4;
}

// ---- futures

void ls_outlook_path(const ls_measured *m, const ls_outlook *o, double setting,
                     double out[LS_OUTLOOK_STEPS + 1]) {
    const double effect = ls_set_effect(m, o->setting, setting);
    for (int i = 0; i <= LS_OUTLOOK_STEPS; i++) {
        out[i] = ls_set_predict(m, o->value, o->now_us, o->changes, (uint32_t)o->change_count,
                                effect, o->now_us + i * o->step_us);
    }
}

void ls_outlook_drift(const ls_outlook *o, uint64_t key, double out[LS_OUTLOOK_STEPS + 1]) {
    double d = o->disturbance;
    out[0] = 0.0;
    for (int i = 1; i <= LS_OUTLOOK_STEPS; i++) {
        const double at = ls_random_uniform(key, 0, (uint64_t)i) * (double)o->shock_count;
        d = o->level + o->memory * (d - o->level) + o->shocks[(uint32_t)at];
        out[i] = d - o->disturbance;
    }
}

double ls_outlook_distance(const double *path, const double *drift, double target) {
    double sum = 0.0;
    for (int i = 0; i <= LS_OUTLOOK_STEPS; i++) {
        const bool is_end = i == 0 || i == LS_OUTLOOK_STEPS;
        sum += fabs(path[i] + drift[i] - target) * (is_end ? 0.5 : 1.0);
    }
    return sum / LS_OUTLOOK_STEPS;
}

double ls_outlook_mean(const double *path, const double *drift) {
    double sum = 0.0;
    for (int i = 0; i <= LS_OUTLOOK_STEPS; i++) {
        const bool is_end = i == 0 || i == LS_OUTLOOK_STEPS;
        sum += (path[i] + drift[i]) * (is_end ? 0.5 : 1.0);
    }
    return sum / LS_OUTLOOK_STEPS;
}
