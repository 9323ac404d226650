// promise.h - what was to be expected of a window of time: for the same that is told of it.
//
// A claim is what one act gains over its horizon, before the base rule; what a base rule gains as a
// rule is told for the long run. Neither is what a window is told to have brought: it begins from
// the state that decisions before left, against the own rule, and what comes of its acts after its
// end is not in it. So of the base rule counts what the twin expects of it from the window's own
// beginning to its end; of each act what has come of it by then (ls_course). These add up: with the
// acts done one after the other, the cost by the base rule goes over into that of the line, act by
// act, and each step is what its claim estimates from the state that it was made in.
//
// The interval is of what one window brings, not of a mean: the luck of the window is in it. That
// of the base rule by order statistics of the futures; that of the acts by their spread, where two
// acts closer than they are followed for may err alike, and two further apart do not hang together.
// So it holds what is realised at least as often as `level` says, if the twin is right. Pure.
#pragma once

#include "decide/decide.h"

enum { LS_PROMISE_FUTURES = 79 };  // as many as of the other past

// A decision that was done.
typedef struct ls_promised {
    int64_t time_us, horizon_us;  // plant time; of its claim
    double gain;                  // over the horizon
    ls_course course;             // NaN: as if the gain came evenly, and nothing after the horizon
} ls_promised;

typedef struct ls_promise_def {
    const ls_twin *own;
    const ls_twin *base;          // a kin: the rule that was followed beside the acts; NULL: own
    const ls_snapshot *origin;    // of `own`
    int64_t until_us;             // plant time
    const double *weights;        // LS_TERM_COUNT, as ls_cost_weights
    const ls_promised *promised;  // by time
    size_t count;
    uint64_t seed;
    uint32_t futures;  // 0: 79
    double level;      // 0: 0.95
} ls_promise_def;

typedef struct ls_promise {
    double gain, low, high;
} ls_promise;
// Fails with LS_ERR_INVALID (no time has passed; the base is no kin), LS_ERR_MEMORY, and what
// running the plant fails with.
ls_status ls_promise_make(const ls_promise_def *def, ls_promise *out, ls_error *err);

// What has come of it by a time, on the mean, and how far one future lies from that.
void ls_promised_until(const ls_promised *promised, int64_t until_us, double *out_gain,
                       double *out_spread);
