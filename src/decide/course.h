// course.h - how a gain comes about, also after the horizon.
#pragma once

#include <stdint.h>

enum {
    LS_COURSE = 8,      // marks: each eighth of the span that it is followed for, its end the last
    LS_BASE_NAME = 240  // of a base rule
};

// What has come of a gain by each mark, on the mean of the futures, and how far one future lies
// from that (standard deviation). NaN: not known.
typedef struct ls_course {
    int64_t span_us;
    double gain[LS_COURSE], spread[LS_COURSE];
} ls_course;
