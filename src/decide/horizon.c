// horizon.c - how far to look ahead.
//
// Too near an end decides wrongly: what a rule wins in the first hours it may lose in the days
// after (least setup against fifo on MiniFab costs 3 % more within 12 h and 3.5 % less in the long
// run). The horizon is the least one of a grid, in mean cycle times, at which the chosen base and
// the plant's own rule (or, where they are the same, the base that differs most) rank as they do in
// the long run; no less than two and a half cycle times. That every pair of rules ranks rightly
// would be asking too much: rules differ for good, while a future differs by one act and then goes
// by one rule (MiniFab with Poisson releases would need ten cycle times and more).
#include <math.h>

#include "decide/base.h"

static const double grid[] = {2.5, 3.5, 5.0, 7.0, 10.0};
enum { GRID = sizeof grid / sizeof *grid };

static const ls_twin *twin_of(const ls_decider *d, uint32_t base) {
    return d->bases[base].twin != NULL ? d->bases[base].twin : d->twin;
}

// The base to compare the chosen one with; the chosen one itself: there is none.
static uint32_t find_rival(const ls_decider *d) {
    uint32_t rival = 0;
    for (uint32_t i = 1; i < d->base_count && d->base == 0; i++) {
        const ls_base *base = &d->bases[i];
        const bool differs = base->low > 0.0 || base->high < 0.0;
        if (differs && (rival == 0 || fabs(base->gain) > fabs(d->bases[rival].gain))) {
            rival = i;
        }
    }
    return rival;
}

// What the rival costs more than the chosen base, per hour, within a span.
static ls_status rival_costs(ls_study *study, uint32_t rival, int64_t warm_us, int64_t span_us,
                             double *out, ls_error *err) {
    const ls_decider *d = study->d;
    double chosen[LS_STUDY_ALL];
    double other[LS_STUDY_ALL];
    ls_status status = ls_study_run(study, twin_of(d, d->base), 0, LS_STUDY_ALL, warm_us, span_us,
                                    chosen, err);
    if (status == LS_OK) {
        status = ls_study_run(study, twin_of(d, rival), 0, LS_STUDY_ALL, warm_us, span_us, other,
                              err);
        *out = ls_stat_paired(chosen, other, LS_STUDY_ALL, 0.95).mean;
    }
    return status;
}

// Does any point leave it to us?
static bool is_asked_for(const ls_decider *d) {
    bool asked = d->plant->decide.point_count == 0;
    for (uint32_t i = 0; i < d->plant->decide.point_count; i++) {
        asked = asked || d->plant->decide.points[i].horizon_us <= 0;
    }
    return asked;
}

ls_status ls_horizon_search(ls_study *study, ls_error *err) {
    ls_decider *d = study->d;
    const uint32_t rival = find_rival(d);
    d->horizon_us = (int64_t)((double)study->cycle_us * grid[0]);
    if (rival == d->base || !is_asked_for(d)) {
        return LS_OK;
    }
    double in_the_long_run = 0.0;
    ls_status status = rival_costs(study, rival, study->warm_us, study->span_us, &in_the_long_run,
                                   err);
    for (int i = 0; i < GRID && status == LS_OK; i++) {
        double within = 0.0;
        d->horizon_us = (int64_t)((double)study->cycle_us * grid[i]);
        status = rival_costs(study, rival, 0, d->horizon_us, &within, err);
        if (within * in_the_long_run > 0.0) {
            break;
        }
    }
    return status;
}
