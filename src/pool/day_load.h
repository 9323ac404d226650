// day_load.h - how the load of a service goes over a day, and how many replicas that asks for.
//
// A day is cut into spans of equal length; each has the share of the service's most replicas that
// its load needs then, 0 to 1. Days begin where the clock has 0. Pure.
#pragma once

#include <stdint.h>

#include "lineshaft/status.h"

enum { LS_DAY_LOAD_SPANS_MAX = 96 };  // a quarter of an hour each

typedef struct ls_day_load {
    uint32_t count;  // of spans; 0: none, it is no service
    double shares[LS_DAY_LOAD_SPANS_MAX];
} ls_day_load;

// "0.2/0.2/0.5/1/0.8/0.4": six spans of four hours. Fails with LS_ERR_INVALID: what is wrong with
// the text, without its place.
ls_status ls_day_load_parse(const char *text, ls_day_load *out, ls_error *err);
// Replicas that it needs now: its share of the most, rounded up, within least..most.
uint32_t ls_day_load_wanted(const ls_day_load *d, int64_t now_us, uint32_t least, uint32_t most);
// When the next span begins.
int64_t ls_day_load_next_us(const ls_day_load *d, int64_t now_us);
// Microseconds of replicas that it needs from one time to another.
double ls_day_load_between(const ls_day_load *d, int64_t from_us, int64_t to_us, uint32_t least,
                           uint32_t most);
