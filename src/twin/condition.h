// condition.h - how near a machine is to failing, by what is known of its condition.
//
// A condition is a plain number that grows with wear: a part is new at `fresh` and fails where its
// condition reaches a value of the distribution `at`. What is told of it may be off by a normal
// error; each future draws its own. Given the condition w now, the part fails at an A drawn from
// `at` given A > w; how long that takes is (A - w) over the part's own pace: what it has grown by
// so far over the clock of its mode, with a share of the plant file's mean held against it while it
// is young. The clock, and so what a person could see, is left as it is: only the hidden time to
// the next failure is drawn so. After a renewal nothing is told, and the clock alone counts.
//
// Where there is no `at`, what is told is what is left of the clock itself: a predicted life.
#pragma once

#include "twin/context.h"
#include "twin/draw.h"

// Clock units that are left, at condition `value`, with the clock at `elapsed`; u in [0, 1).
LS_FN double ls_condition_rest(const ls_m_condition *m, const ls_dist *at, const double *tables,
                               double value, double elapsed, double u, ls_u32 *out_fallback) {
    const double grown = value > m->fresh ? value - m->fresh : 0.0;
    const double pace = (grown + m->pace * m->inertia) / (elapsed + m->inertia);
    const double rest = ls_dist_residual(at, tables, value, u, out_fallback);
    return rest / pace;
}

// What the condition really is in one future.
LS_FN double ls_condition_drawn(const ls_m_condition *m, const ls_s_condition *s, double u) {
    const double value = s->deviation > 0.0 ? s->value + s->deviation * ls_normal_quantile(u)
                                            : s->value;
    return value > m->fresh ? value : m->fresh;
}

LS_FN int ls_condition_is_told(const ls_ctx *c, const ls_m_mode *mode) {
    return mode->condition != 0 && ls_state_conditions(c->m, c->s)[mode->condition - 1].told != 0;
}

// Draws that belong to a condition lie far behind those of lots: two for each, of its mode's
// stream.
#define LS_REDRAW_CONDITION ((ls_u64)1 << 51)

// The whole clock of a mode at its next failure, given what is told; not rounded.
LS_SLOW double ls_condition_redraw(ls_ctx *c, const ls_m_mode *mode, double elapsed) {
    const ls_m_condition *m = ls_model_conditions(c->m) + (mode->condition - 1);
    const ls_s_condition *s = ls_state_conditions(c->m, c->s) + (mode->condition - 1);
    const ls_u32 id = c->streams[mode->stream].id;
    const double z = ls_random_uniform(c->s->key, id, LS_REDRAW_CONDITION);
    const double u = ls_random_uniform(c->s->key, id, LS_REDRAW_CONDITION + 1);
    ls_u32 fallback = 0;
    // Above 0: the quantile of 0 has no end.
    const double value = ls_condition_drawn(m, s, z + LS_UNIFORM_HALF_STEP);
    if (m->at == LS_NO) {  // a life: what is left is told itself
        return elapsed + value;
    }
    const double rest = ls_condition_rest(m, c->dists + m->at, c->tables, value, elapsed, u,
                                          &fallback);
    c->s->fallbacks += fallback != 0;
    return elapsed + rest;
}

// What was known of a renewed part is of the one before.
LS_FN void ls_condition_forget(ls_ctx *c, const ls_m_mode *mode) {
    if (mode->condition != 0) {
        ls_s_condition *s = ls_state_conditions(c->m, c->s) + (mode->condition - 1);
        s->value = 0.0;
        s->deviation = 0.0;
        s->told_us = 0;
        s->told = 0;
    }
}
