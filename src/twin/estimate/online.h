// online.h - is the line still what its plant file says? Running estimates, and alarms of drift.
//
// Each watched quantity (watched.h) has an exponentially forgetting mean of its ratio to the plant
// file and two cumulative sums (CUSUM, Page 1954) on its normal scores, one for longer, one for
// shorter. With slack k = 0.5 and limit h = 10 a quantity that is as the plant file says raises a
// false alarm about once in 70,000 values (Siegmund 1985: (exp(2kb) - 2kb - 1) / 2k^2 with b = h
// + 1.166, both sides); a shift by one standard deviation is found after about 20, by three and
// more after 5. One score counts as 3 at most, so that a few wrong values (an end that was not
// heard) are no drift. An alarm says since when (the last zero of the sum) and how much: the median
// of the last LS_ONLINE_SINCE values, with its 95 % interval by order statistics. Afterwards the
// new level is learned from the next LS_ONLINE_LEARN values (their median), and an alarm comes
// again only when it changes once more.
//
// O(1) per fact, nothing is allocated. Pure; not thread safe.
#pragma once

#include "base/status.h"
#include "twin/estimate/watched.h"

enum { LS_ONLINE_LEARN = 100, LS_ONLINE_MEMORY = 200, LS_ONLINE_SINCE = 64 };

typedef struct ls_drift {
    uint32_t quantity;
    int64_t time_us, since_us;            // found; began (estimate)
    double ratio, ratio_low, ratio_high;  // of the mean to what was expected, 95 % interval
    double expected, is;                  // us or count; of pooled setups: of the last value's kind
    uint64_t count;                       // values since it began
    bool again;                           // a change of a level that had changed already
} ls_drift;

typedef struct ls_estimate_of {  // a quantity as it stands
    uint64_t count;
    double ratio, ratio_sd;  // forgetting mean and standard deviation of the ratio
    double expected;         // of the last value
    bool drifted;
    ls_drift drift;  // the last alarm
} ls_estimate_of;

typedef struct ls_online ls_online;

ls_status ls_online_create(const ls_plant *plant, ls_online **out, ls_error *err);
void ls_online_destroy(ls_online *online);
// Takes a fact; true when it raised an alarm, then in *out.
bool ls_online_fact(ls_online *online, const ls_fact *fact, ls_drift *out);
uint32_t ls_online_count(const ls_online *online);
ls_estimate_of ls_online_describe(const ls_online *online, uint32_t quantity);
// One sentence for people.
void ls_online_text(const ls_online *online, const ls_drift *drift, char *out, size_t size);
