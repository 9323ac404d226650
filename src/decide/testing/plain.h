// plain.h - the obvious decider: every candidate on every future, one after the other.
//
// A slow second version beside decide.c, for tests and for the benchmark: the base is the plant's
// own rule, the cost is the time that lots spend inside within the horizon, and a candidate is
// taken when the mean of its paired differences lies more than `z` standard errors below zero.
#pragma once

#include "decide/candidate.h"
#include "decide/rehearse.h"

typedef struct plain {
    const ls_plant *plant;
    const ls_twin *twin;
    uint64_t seed;
    uint32_t futures;  // of each candidate
    int64_t horizon_us;
    double z;
    ls_snapshot *future;
    ls_candidates candidates;
} plain;

bool plain_init(plain *p, const ls_plant *plant, const ls_twin *twin);
void plain_clear(plain *p);
// For ls_rehearse.
ls_status plain_ask(void *context, const ls_snapshot *present, const ls_question *question,
                    uint64_t number, ls_rehearse_reply *out, ls_error *err);
