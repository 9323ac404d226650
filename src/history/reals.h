// reals.h - a column of doubles as few bytes, and back, to the bit.
//
// Most measured values were decimals once: the least number of decimals is sought with which every
// value is an integer divided by a power of ten, to the same bits; the integers are then packed. A
// few values that are none (NaN, infinity, -0.0, an outlier) are kept beside. Columns that are no
// decimals are packed as integers made of their bits, without the zeros at the end that all share.
#pragma once

#include "history/integers.h"

// `values` are the bits; `narrow`: each is a 32-bit float that was widened. `scratch` has room for
// count integers; count as for ls_integers_pack.
void ls_reals_pack(ls_integers *integers, const int64_t *values, size_t count, bool narrow,
                   int64_t *scratch, ls_writer *out);
void ls_reals_unpack(ls_integers *integers, ls_reader *in, int64_t *values, size_t count);
