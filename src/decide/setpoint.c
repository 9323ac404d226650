// setpoint.c - what a setpoint does to the value it is for.
#include "decide/setpoint.h"

#include <math.h>

#include "base/kmath.h"

enum { STEPS = 64 };  // of the horizon

double ls_set_effect(const ls_measured *m, double from, double to) {
    return ls_measured_settles(m, to) - ls_measured_settles(m, from);
}

double ls_set_share(const ls_measured *m, int64_t after_us) {
    if (after_us < 0 || after_us < m->delay_us) {
        return 0.0;
    }
    return m->tau_us <= 0 ? 1.0 : -ls_expm1(-(double)(after_us - m->delay_us) / (double)m->tau_us);
}

double ls_set_predict(const ls_measured *m, double value, int64_t now_us,
                      const ls_set_change *changes, uint32_t change_count, double effect,
                      int64_t at_us) {
    double sum = effect * ls_set_share(m, at_us - now_us);
    for (uint32_t i = 0; i < change_count; i++) {
        sum += changes[i].effect * (ls_set_share(m, at_us - changes[i].at_us) -
                                    ls_set_share(m, now_us - changes[i].at_us));
    }
    return value + sum;
}

double ls_set_distance(const ls_measured *m, double value, int64_t now_us,
                       const ls_set_change *changes, uint32_t change_count, double effect,
                       double target, int64_t horizon_us) {
    double sum = 0.0;
    for (int i = 0; i <= STEPS; i++) {
        const int64_t at = now_us + horizon_us / STEPS * i;
        const double y = ls_set_predict(m, value, now_us, changes, change_count, effect, at);
        sum += fabs(y - target) * (i == 0 || i == STEPS ? 0.5 : 1.0);
    }
    return sum / STEPS;
}
