// slowness.h - how long work takes on a machine now, by what is told of it.
//
// What is told, over what is nominal, stretches the process times of all operations that begin, and
// what is left of the one that runs. It may be off by a normal error: each future draws its own,
// once, and keeps it, so that nothing is stored but what was told. Work on the modes of `until`
// makes the machine as new: then it is what the plant file says of a new one. A machine of which
// nothing is told works as `process` says.
#pragma once

#include "twin/context.h"

// One draw, of the machine's stream, far behind those of lots (fork.h) and of conditions.
#define LS_REDRAW_SLOWNESS ((ls_u64)1 << 52)
#define LS_SLOWNESS_FROM 0.01  // what may be told, over what is nominal
#define LS_SLOWNESS_TO 100.0
#define LS_SLOWNESS_LEAST 0.1  // of what is told: no error makes work shorter than that

// Process times are multiplied by this (1 / speed included): z standard deviations off.
LS_FN double ls_slowness_at(const ls_ctx *c, ls_u32 machine, double z) {
    const ls_m_machine *mm = c->machines + machine;
    const ls_m_condition *m = ls_model_conditions(c->m) + (mm->told - 1);
    const ls_s_condition *s = ls_state_conditions(c->m, c->s) + (mm->told - 1);
    if (s->told == 0) {
        return mm->slowness;
    }
    const double least = s->value * LS_SLOWNESS_LEAST;
    const double value = s->value + s->deviation * z;
    return mm->slowness * (value > least ? value : least) * m->pace;
}

LS_SLOW double ls_slowness_drawn(const ls_ctx *c, ls_u32 machine) {
    const ls_m_machine *mm = c->machines + machine;
    const ls_s_condition *s = ls_state_conditions(c->m, c->s) + (mm->told - 1);
    double z = 0.0;
    if (s->deviation > 0.0) {
        const double u = ls_random_uniform(c->s->key, c->streams[mm->stream].id,
                                           LS_REDRAW_SLOWNESS);
        z = ls_normal_quantile(u + LS_UNIFORM_HALF_STEP);
    }
    return ls_slowness_at(c, machine, z);
}

// In this future.
LS_HOT double ls_slowness(const ls_ctx *c, ls_u32 machine) {
    return LS_LIKELY(c->machines[machine].told == 0) ? c->machines[machine].slowness
                                                     : ls_slowness_drawn(c, machine);
}

// As far as is known.
LS_FN double ls_slowness_expected(const ls_ctx *c, ls_u32 machine) {
    return c->machines[machine].told == 0 ? c->machines[machine].slowness
                                          : ls_slowness_at(c, machine, 0.0);
}

// Work on a mode of the machine is done, or its clock starts anew with another's.
LS_FN void ls_slowness_renew(ls_ctx *c, ls_u32 machine, ls_u32 mode) {
    const ls_m_machine *mm = c->machines + machine;
    if (mm->told == 0) {
        return;
    }
    const ls_m_condition *m = ls_model_conditions(c->m) + (mm->told - 1);
    ls_s_condition *s = ls_state_conditions(c->m, c->s) + (mm->told - 1);
    if (s->told != 0 && ((m->until >> (mode - mm->mode_at)) & 1) != 0) {
        s->value = m->fresh;
        s->deviation = 0.0;
        s->told_us = c->now;
    }
}
