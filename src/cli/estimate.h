// estimate.h - numbers with their uncertainty, as people read them.
#pragma once

#include <lineshaft/twin.h>

#include "base/text.h"

enum { LS_ESTIMATE_SIZE = 64 };

// `51.23 ± 0.42`: mean and half width, both times `scale`, with two digits of the half width.
// Without a half width four digits of the mean; `-` when there is no mean.
void ls_estimate_show(ls_estimate estimate, double scale, char *out, size_t size);
// The mean alone, with the digits that its half width leaves.
void ls_estimate_show_mean(ls_estimate estimate, double scale, char *out, size_t size);
// The difference b - a: as ls_estimate_show, always with a sign.
void ls_estimate_show_difference(ls_estimate estimate, double scale, char *out, size_t size);

// A unit for times given in seconds: value * scale is in that unit.
typedef struct ls_time_scale {
    const char *unit;
    double scale;
} ls_time_scale;
// The unit in which this many seconds read well: s, min, h or d.
ls_time_scale ls_time_scale_for(double seconds);
