// reals.c - see reals.h.
//
// A column is: form (1 byte: decimals, or 32 + trailing zero bits; 128: narrow), for decimals the
// exceptions (count, then gap and 8 bytes each), then the integers.
#include "history/reals.h"

#include <assert.h>
#include <math.h>

enum { DECIMALS_MAX = 22, FORM_BITS = 32, FORM_NARROW = 128, TRIED_FIRST = 16 };

static const double powers[DECIMALS_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const double exact_max = 9007199254740992.0;  // 2^53

static inline double of_bits(int64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline int64_t bits_of(double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline int64_t decimal_bits(int64_t integer, double power, bool narrow) {
    const double value = (double)integer / power;
    return bits_of(narrow ? (double)(float)value : value);
}

// The integer with which `bits` is integer / power, or false.
static inline bool as_decimal(int64_t bits, double power, bool narrow, int64_t *out) {
    const double scaled = of_bits(bits) * power;
    if (!(fabs(scaled) < exact_max)) {
        return false;
    }
    // Half away from zero; whether it was right is seen by going back.
    const int64_t integer = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    *out = integer;
    return decimal_bits(integer, power, narrow) == bits;
}

// The least number of decimals from `least` on, or -1.
static int decimals_of(int64_t bits, int least, bool narrow) {
    int64_t integer;
    for (int d = least; d <= DECIMALS_MAX; d++) {
        if (as_decimal(bits, powers[d], narrow, &integer)) {
            return d;
        }
        if (!(fabs(of_bits(bits)) * powers[d] < exact_max)) {
            break;
        }
    }
    return -1;
}

// The decimals that all but a few values have, or -1 when too many have none.
static int find_decimals(const int64_t *values, size_t n, bool narrow) {
    int decimals = 0;
    size_t without = 0;
    const size_t most = n / 8;
    for (size_t i = 0; i < n; i++) {
        int64_t integer;
        if (as_decimal(values[i], powers[decimals], narrow, &integer)) {
            continue;
        }
        const int more = decimals_of(values[i], decimals, narrow);
        if (more >= 0) {
            decimals = more;
        } else if (++without > most || (i < TRIED_FIRST && without > TRIED_FIRST / 2)) {
            return -1;
        }
    }
    return decimals;
}

static bool pack_decimals(ls_integers *it, const int64_t *values, size_t n, bool narrow,
                          int64_t *integers, ls_writer *out) {
    const int decimals = find_decimals(values, n, narrow);
    if (decimals < 0) {
        return false;
    }
    size_t exceptions = 0;
    for (size_t i = 0; i < n; i++) {
        if (!as_decimal(values[i], powers[decimals], narrow, &integers[i])) {
            exceptions++;
        }
    }
    if (exceptions > n / 8) {
        return false;  // values at the start may fit fewer decimals and not more
    }
    ls_write_byte(out, (uint8_t)(decimals | (narrow ? FORM_NARROW : 0)));
    ls_write_varint(out, exceptions);
    size_t last = 0;
    for (size_t i = 0; i < n && exceptions > 0; i++) {
        int64_t integer;
        if (!as_decimal(values[i], powers[decimals], narrow, &integer)) {
            ls_write_varint(out, i - last);
            ls_write_bytes(out, &values[i], 8);
            integers[i] = i > 0 ? integers[i - 1] : 0;
            last = i;
        }
    }
    ls_integers_pack(it, integers, n, false, out);
    return true;
}

// In the order of the numbers, so that neighbours in value are neighbours as integers; its own
// reverse.
static inline int64_t ordered(int64_t bits, unsigned zeros) {
    return bits < 0 ? bits ^ (INT64_MAX >> zeros) : bits;
}

static void pack_bits(ls_integers *it, const int64_t *values, size_t n, int64_t *integers,
                      ls_writer *out) {
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= (uint64_t)values[i];
    }
    const unsigned zeros = any != 0 ? (unsigned)__builtin_ctzll(any) : 0;
    for (size_t i = 0; i < n; i++) {
        integers[i] = ordered(values[i] >> zeros, zeros);
    }
    ls_write_byte(out, (uint8_t)(FORM_BITS + zeros));
    ls_integers_pack(it, integers, n, true, out);
}

void ls_reals_pack(ls_integers *it, const int64_t *values, size_t count, bool narrow,
                   int64_t *scratch, ls_writer *out) {
    assert(count >= 1);
    const size_t start = out->size;
    if (!pack_decimals(it, values, count, narrow, scratch, out)) {
        pack_bits(it, values, count, scratch, out);
        return;
    }
    const size_t decimals = out->size - start;
    if (out->failed || decimals < count * 3) {
        return;
    }
    // Every number is a decimal with digits enough; with that many, bits may be smaller.
    pack_bits(it, values, count, scratch, out);
    const size_t bits = out->size - start - decimals;
    if (!out->failed && bits < decimals) {
        memmove(out->bytes + start, out->bytes + start + decimals, bits);
        out->size = start + bits;
    } else {
        out->size = start + decimals;
    }
}

static void unpack_decimals(ls_integers *it, ls_reader *in, unsigned form, int64_t *values,
                            size_t n) {
    const double power = powers[form & ~(unsigned)FORM_NARROW];
    const bool narrow = (form & FORM_NARROW) != 0;
    const uint64_t exceptions = ls_read_varint(in);
    ls_reader beside = *in;
    for (uint64_t k = 0; k < exceptions && !in->failed; k++) {
        ls_read_varint(in);
        ls_read_bytes(in, 8);
    }
    if (in->failed) {
        return;
    }
    ls_integers_unpack(it, in, values, n);
    if (in->failed) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = decimal_bits(values[i], power, narrow);
    }
    size_t at = 0;
    for (uint64_t k = 0; k < exceptions; k++) {
        const uint64_t gap = ls_read_varint(&beside);
        const uint8_t *bits = ls_read_bytes(&beside, 8);
        if (bits == NULL || gap >= n - at) {
            in->failed = true;
            return;
        }
        at += (size_t)gap;
        memcpy(&values[at], bits, 8);
    }
}

void ls_reals_unpack(ls_integers *it, ls_reader *in, int64_t *values, size_t count) {
    const unsigned form = ls_read_byte(in);
    if ((form & ~(unsigned)FORM_NARROW) <= DECIMALS_MAX) {
        unpack_decimals(it, in, form, values, count);
        return;
    }
    const unsigned zeros = form - FORM_BITS;
    if (form < FORM_BITS || zeros > 63) {
        in->failed = true;
        return;
    }
    ls_integers_unpack(it, in, values, count);
    for (size_t i = 0; i < count && !in->failed; i++) {
        values[i] = (int64_t)((uint64_t)ordered(values[i], zeros) << zeros);
    }
}
