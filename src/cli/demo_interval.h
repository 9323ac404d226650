// demo_interval.h - how sure the difference of two lines is, from what each window of time brought.
#pragma once

#include <stddef.h>

enum { LS_DEMO_WINDOWS_LEAST = 8, LS_DEMO_BATCHES = 16 };

// Half the width of the 95 % interval of the mean of `differences`, one per window, in order:
// windows next to each other hang together, because what is in a line at the end of one is in it at
// the beginning of the next. Up to 16 batches of equal length (the rest at the front is left out);
// where their means still hang together the interval is widened as for a first-order
// autoregression. NAN: fewer than 8 windows.
double ls_demo_half_width(const double *differences, size_t count);
