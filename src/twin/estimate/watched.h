// watched.h - facts as values that may be pooled: compared with what the plant file says of each.
//
// What is watched for drift: the process time of a step (on all its machines), the setups of a
// station, the times to a failure mode and its repair, the transports to a station, the times
// between releases of a class. Each value is seen by its own distribution, as ratio to the expected
// mean and as normal score (the value's probability under the distribution, as a standard normal
// deviate), so that values of different distributions may stand in one row.
#pragma once

#include "twin/calibrate/quantity.h"

typedef struct ls_watched {
    uint32_t number;    // 0 .. ls_watched_count - 1
    ls_quantity_id id;  // of this value
    const ls_dist *dist;
    double value;     // in the terms of the plant file: us (or a count) of one draw
    double expected;  // mean of the distribution
    double score;     // normal score, -8 .. 8
} ls_watched;

uint32_t ls_watched_count(const ls_plant *plant);
// "process of step grind of gear-a", "setups of grind".
void ls_watched_name(const ls_plant *plant, uint32_t number, char *out, size_t size);
// Does it count parts instead of taking time?
bool ls_watched_is_count(const ls_plant *plant, uint32_t number);
// False when the fact is no value of this kind, is inferred, or is only a bound.
bool ls_watched_of_fact(const ls_plant *plant, const ls_fact *fact, ls_watched *out);
// The normal score of a value under a distribution of the plant. Of a constant: the deviation in
// units of 2 %, since a constant is what a person rounds to.
double ls_watched_score(const ls_plant *plant, const ls_dist *dist, double value);
