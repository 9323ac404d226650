// integers.h - a column of 64-bit integers as few bytes, and back.
//
// Each value is first predicted (by nothing, the one before, the slope before, or XOR with the one
// before); what is left, the residual, is split into a symbol of at most one byte, which says
// roughly how large it is, and extra bits, which are kept as they are. Symbols go through zstd -1
// where that pays, extra bits are packed. Which way is smallest is estimated from histograms of
// the symbols; the way is written in front.
#pragma once

#include "base/status.h"
#include "history/bytes.h"

typedef struct ls_integers ls_integers;  // scratch memory, one thread at a time

ls_status ls_integers_create(ls_integers **out, ls_error *err);
void ls_integers_destroy(ls_integers *integers);  // NULL is fine

// `tries_xor`: the values are bits of doubles. count is at least 1, at most LS_INTEGERS_MAX.
// Out of memory shows as out->failed.
enum { LS_INTEGERS_MAX = 1 << 16 };
void ls_integers_pack(ls_integers *integers, const int64_t *values, size_t count, bool tries_xor,
                      ls_writer *out);
// Fills values[0 .. count); anything that cannot be shows as in->failed.
void ls_integers_unpack(ls_integers *integers, ls_reader *in, int64_t *values, size_t count);

// Any bytes, through zstd where that pays.
void ls_squeeze_pack(ls_integers *integers, const uint8_t *bytes, size_t size, ls_writer *out);
// Into room for exactly `size` bytes.
void ls_squeeze_unpack(ls_integers *integers, ls_reader *in, uint8_t *out, size_t size);
