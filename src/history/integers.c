// integers.c - see integers.h.
//
// A column is: way (1 byte: predictor and scheme), parameter (1 byte), seeds (varints), for
// dictionaries the entries, then the symbols, then the extra bits.
//
// Symbols of scheme FLOAT are those of a floating point number with m bits of mantissa: residuals
// below 2^m are their own symbol, others give (exponent, mantissa), and the rest as extra bits.
// With m = 2 that is within a few hundredths of a bit of the entropy of any smooth distribution.
// Scheme BINS cuts the range into at most 256 equal bins: it follows distributions with several
// humps. Scheme TABLE names the bins that are used, of any number: few different values, or
// clusters far apart (a sensor under six operating conditions).
#include "history/integers.h"

#include <assert.h>
#include <math.h>

#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_f_zstd1_magicless
#include <zstd.h>

enum { PREDICT_NONE, PREDICT_DELTA, PREDICT_SLOPE, PREDICT_XOR, PREDICT_COUNT };
enum { SCHEME_FIXED, SCHEME_BINS, SCHEME_FLOAT, SCHEME_TABLE, SCHEME_COUNT };
enum { SYMBOLS_NARROW = 254, SYMBOLS_ZSTD };
enum {
    SYMBOLS = 256,
    TABLE_MAX = 128,
    TABLE_SLOTS = 1024,
    TABLE_TRIES = 3,
    LOGS = 2048,
    LEAST_FOR_ZSTD = 48,
    SMALL = 64,           // fewer values are not worth a histogram
    ZSTD_FRAME_BITS = 96  // what a frame costs beside its content
};

struct ls_integers {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    uint64_t *residuals;  // room for LS_INTEGERS_MAX
    uint8_t *symbols;
    uint8_t *squeezed;  // room for squeezed_max
    size_t squeezed_max;
    float logs[LOGS];           // c * log2(c)
    uint8_t fold[2][SYMBOLS];   // symbol with m = 2 to that with m = 0, 1
    uint8_t extra[3][SYMBOLS];  // extra bits of a symbol, by m
    uint64_t table[TABLE_MAX];
    unsigned table_count;
};

// What a way of writing would cost.
typedef struct choice {
    uint8_t predictor, scheme, parameter;
    double bits;
} choice;

// ---- symbols of a floating point number

static inline unsigned float_symbol(uint64_t value, unsigned m) {
    if (value < (1u << m)) {
        return (unsigned)value;
    }
    const unsigned exponent = ls_bit_width(value) - 1 - m;
    return ((exponent + 1) << m) + (unsigned)(value >> exponent) - (1u << m);
}

static inline unsigned float_extra(unsigned symbol, unsigned m) {
    return symbol < (2u << m) ? 0 : (symbol >> m) - 1;
}

// The smallest value of a symbol.
static inline uint64_t float_base(unsigned symbol, unsigned m) {
    if (symbol < (1u << m)) {
        return symbol;
    }
    const unsigned exponent = (symbol >> m) - 1;
    return (uint64_t)((symbol & ((1u << m) - 1)) + (1u << m)) << exponent;
}

static void prepare(ls_integers *it) {
    for (int c = 1; c < LOGS; c++) {
        it->logs[c] = (float)(c * log2(c));
    }
    for (unsigned m = 0; m < 3; m++) {
        for (unsigned s = 0; s < SYMBOLS; s++) {
            // Symbols that no 64-bit value has get 64 extra bits, which the reader refuses.
            const unsigned extra = float_extra(s, m);
            it->extra[m][s] = (uint8_t)(extra + m > 63 ? 64 : extra);
        }
    }
    for (unsigned s = 0; s < SYMBOLS; s++) {
        for (unsigned m = 0; m < 2; m++) {
            it->fold[m][s] = (uint8_t)float_symbol(float_base(s, 2), m);
        }
    }
}

ls_status ls_integers_create(ls_integers **out, ls_error *err) {
    *out = NULL;
    ls_integers *it = ls_alloc(sizeof *it);
    if (it == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    it->squeezed_max = ZSTD_compressBound(LS_INTEGERS_MAX);
    it->residuals = ls_alloc(LS_INTEGERS_MAX * sizeof *it->residuals);
    it->symbols = ls_alloc(LS_INTEGERS_MAX);
    it->squeezed = ls_alloc(it->squeezed_max);
    it->pack = ZSTD_createCCtx();
    it->unpack = ZSTD_createDCtx();
    if (it->residuals == NULL || it->symbols == NULL || it->squeezed == NULL || it->pack == NULL ||
        it->unpack == NULL) {
        ls_integers_destroy(it);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    // Without magic number, size and checksum: the block knows them.
    ZSTD_CCtx_setParameter(it->pack, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(it->pack, ZSTD_c_format, ZSTD_f_zstd1_magicless);
    ZSTD_CCtx_setParameter(it->pack, ZSTD_c_contentSizeFlag, 0);
    ZSTD_DCtx_setParameter(it->unpack, ZSTD_d_format, ZSTD_f_zstd1_magicless);
    prepare(it);
    *out = it;
    return LS_OK;
}

void ls_integers_destroy(ls_integers *it) {
    if (it == NULL) {
        return;
    }
    ZSTD_freeCCtx(it->pack);
    ZSTD_freeDCtx(it->unpack);
    ls_free(it->residuals);
    ls_free(it->symbols);
    ls_free(it->squeezed);
    ls_free(it);
}

// ---- bits

typedef struct bit_writer {
    uint8_t *at;
    uint64_t word;
    unsigned used;
} bit_writer;

static inline void put_bits(bit_writer *out, uint64_t value, unsigned width) {
    if (width > 32) {
        put_bits(out, value & 0xffffffffu, 32);
        value >>= 32;
        width -= 32;
    }
    out->word |= value << out->used;
    out->used += width;
    if (out->used >= 32) {
        const uint32_t low = (uint32_t)out->word;
        memcpy(out->at, &low, 4);
        out->at += 4;
        out->word >>= 32;
        out->used -= 32;
    }
}

static uint8_t *end_bits(bit_writer *out) {
    for (; out->used > 0; out->used -= out->used < 8 ? out->used : 8) {
        *out->at++ = (uint8_t)out->word;
        out->word >>= 8;
    }
    return out->at;
}

typedef struct bit_reader {
    const uint8_t *at;
    uint64_t word;
    unsigned left;
} bit_reader;

static inline uint64_t take_bits(bit_reader *in, unsigned width) {
    if (width > 32) {
        const uint64_t low = take_bits(in, 32);
        return low | take_bits(in, width - 32) << 32;
    }
    while (in->left < width) {
        in->word |= (uint64_t)*in->at++ << in->left;  // the caller has counted the bytes
        in->left += 8;
    }
    const uint64_t value = in->word & ((1ull << width) - 1);
    in->word >>= width;
    in->left -= width;
    return value;
}

// ---- bytes through zstd: 0 and the bytes, 1, size and a frame

void ls_squeeze_pack(ls_integers *it, const uint8_t *bytes, size_t size, ls_writer *out) {
    size_t small = size;
    const uint8_t *from = bytes;
    if (size >= LEAST_FOR_ZSTD) {
        const size_t room = ZSTD_compressBound(size);
        uint8_t *to = it->squeezed;
        if (room > it->squeezed_max) {
            to = ls_realloc(it->squeezed, room);
            if (to == NULL) {
                out->failed = true;
                return;
            }
            it->squeezed = to;
            it->squeezed_max = room;
        }
        const size_t got = ZSTD_compress2(it->pack, to, it->squeezed_max, bytes, size);
        if (ZSTD_isError(got)) {
            out->failed = true;  // of its errors only a lack of memory is left
            return;
        }
        if (got + 2 < size) {
            small = got;
            from = to;
        }
    }
    ls_write_byte(out, small < size);
    if (small < size) {
        ls_write_varint(out, small);
    }
    ls_write_bytes(out, from, small);
}

void ls_squeeze_unpack(ls_integers *it, ls_reader *in, uint8_t *to, size_t size) {
    const uint8_t is_small = ls_read_byte(in);
    const uint64_t stored = is_small == 1 ? ls_read_varint(in) : size;
    if (is_small > 1 || stored > ls_reader_left(in)) {
        in->failed = true;
        return;
    }
    const uint8_t *from = ls_read_bytes(in, (size_t)stored);
    if (in->failed || size == 0) {
        return;
    }
    if (is_small == 0) {
        memcpy(to, from, size);
    } else if (ZSTD_decompressDCtx(it->unpack, to, size, from, (size_t)stored) != size) {
        in->failed = true;
    }
}

// ---- residuals

static void residuals_none(const int64_t *v, size_t n, uint64_t *r, int64_t *out_least) {
    int64_t least = v[0];
    for (size_t i = 1; i < n; i++) {
        least = v[i] < least ? v[i] : least;
    }
    for (size_t i = 0; i < n; i++) {
        r[i] = (uint64_t)v[i] - (uint64_t)least;
    }
    *out_least = least;
}

static inline int64_t minus(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);  // wraps
}

static void residuals_delta(const int64_t *v, size_t n, uint64_t *r) {
    for (size_t i = 1; i < n; i++) {
        r[i - 1] = ls_zigzag(minus(v[i], v[i - 1]));
    }
}

static void residuals_slope(const int64_t *v, size_t n, uint64_t *r) {
    for (size_t i = 2; i < n; i++) {
        r[i - 2] = ls_zigzag(minus(minus(v[i], v[i - 1]), minus(v[i - 1], v[i - 2])));
    }
}

static void residuals_xor(const int64_t *v, size_t n, uint64_t *r) {
    for (size_t i = 1; i < n; i++) {
        r[i - 1] = (uint64_t)v[i] ^ (uint64_t)v[i - 1];
    }
}

// How many values a predictor keeps as seeds.
static size_t seed_count(unsigned predictor, size_t n) {
    const size_t seeds = predictor == PREDICT_NONE ? 0 : predictor == PREDICT_SLOPE ? 2 : 1;
    return seeds < n ? seeds : n;
}

static void predict(unsigned predictor, const int64_t *v, size_t n, uint64_t *r,
                    int64_t *out_least) {
    switch (predictor) {
    case PREDICT_NONE: residuals_none(v, n, r, out_least); break;
    case PREDICT_DELTA: residuals_delta(v, n, r); break;
    case PREDICT_SLOPE: residuals_slope(v, n, r); break;
    default: residuals_xor(v, n, r); break;
    }
}

// ---- estimates

// Bits of `n` symbols, all below `limit`, with this histogram through zstd's Huffman coder, its
// table included. It spends at least a bit on a symbol, unless all are equal.
static double cost_of(const ls_integers *it, const uint32_t *counts, unsigned limit, size_t n) {
    double sum = 0;
    unsigned distinct = 0;
    unsigned most = 0;
    for (unsigned s = 0; s < limit; s++) {
        const uint32_t c = counts[s];
        if (c != 0) {
            distinct++;
            most = s;
            sum += c < LOGS ? (double)it->logs[c] : c * log2(c);
        }
    }
    if (distinct <= 1 && most == 0) {
        return 8;
    }
    const double total = (double)n;
    const double packed = total * ls_bit_width(most) + 8;
    const double entropy = total * log2(total) - sum + 5.0 * distinct + ZSTD_FRAME_BITS;
    return entropy < packed ? entropy : packed;
}

static void better(choice *best, choice other) {
    if (other.bits < best->bits) {
        *best = other;
    }
}

static void try_floats(const ls_integers *it, unsigned predictor, const uint64_t *r, size_t n,
                       uint64_t any, choice *best) {
    uint32_t counts[3][SYMBOLS] = {{0}};
    for (size_t i = 0; i < n; i++) {
        counts[2][float_symbol(r[i], 2)]++;
    }
    const unsigned limit = float_symbol(any, 2) + 1;
    for (unsigned s = 0; s < limit; s++) {
        counts[0][it->fold[0][s]] += counts[2][s];
        counts[1][it->fold[1][s]] += counts[2][s];
    }
    for (unsigned m = 0; m < 3; m++) {
        const unsigned most = float_symbol(any, m) + 1;
        double bits = cost_of(it, counts[m], most, n) + 8;
        uint64_t extra = 0;
        for (unsigned s = 0; s < most; s++) {
            extra += (uint64_t)counts[m][s] * it->extra[m][s];
        }
        bits += (double)extra;
        better(best, (choice){(uint8_t)predictor, SCHEME_FLOAT, (uint8_t)m, bits});
    }
}

static void try_bins(const ls_integers *it, unsigned predictor, const uint64_t *r, size_t n,
                     unsigned width, choice *best) {
    uint32_t counts[SYMBOLS] = {0};
    unsigned shift = width > 8 ? width - 8 : 0;
    unsigned limit = 1u << (width - shift);
    for (size_t i = 0; i < n; i++) {
        counts[r[i] >> shift]++;
    }
    for (unsigned more = 0; more < 4 && shift < width; more++, shift++, limit /= 2) {
        const double bits = cost_of(it, counts, limit, n) + (double)n * shift + 8;
        better(best, (choice){(uint8_t)predictor, SCHEME_BINS, (uint8_t)shift, bits});
        for (unsigned s = 0; s < limit; s++) {
            const uint32_t c = counts[s];
            counts[s] = 0;
            counts[s / 2] += c;
        }
    }
}

// The different values without their low bits, as many as TABLE_MAX; false when there are more.
// Gives the symbols too.
static bool make_table(ls_integers *it, const uint64_t *r, size_t n, unsigned shift) {
    uint8_t slots[TABLE_SLOTS] = {0};  // index + 1
    it->table_count = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t value = r[i] >> shift;
        unsigned at = (unsigned)((value * 0x9e3779b97f4a7c15u) >> 54);
        while (slots[at] != 0 && it->table[slots[at] - 1] != value) {
            at = (at + 1) % TABLE_SLOTS;
        }
        if (slots[at] == 0) {
            if (it->table_count == TABLE_MAX) {
                return false;
            }
            it->table[it->table_count++] = value;
            slots[at] = (uint8_t)it->table_count;
        }
        it->symbols[i] = (uint8_t)(slots[at] - 1);
    }
    return true;
}

// Few different values, or clusters of values far apart: bins, but only those that are used.
static void try_table(ls_integers *it, unsigned predictor, const uint64_t *r, size_t n,
                      unsigned width, choice *best) {
    unsigned tries = 0;
    for (unsigned shift = 0; (shift == 0 || shift + 6 < width) && tries < TABLE_TRIES; shift++) {
        if (!make_table(it, r, n, shift)) {
            shift++;  // far from it: in steps of two
            continue;
        }
        tries++;
        uint32_t counts[SYMBOLS] = {0};
        for (size_t i = 0; i < n; i++) {
            counts[it->symbols[i]]++;
        }
        double bits = cost_of(it, counts, it->table_count, n) + 16 + (double)n * shift;
        for (unsigned k = 0; k < it->table_count; k++) {
            bits += 8 * ((ls_bit_width(it->table[k]) + 6) / 7);
        }
        better(best, (choice){(uint8_t)predictor, SCHEME_TABLE, (uint8_t)shift, bits});
    }
}

static void try_predictor(ls_integers *it, unsigned predictor, const int64_t *v, size_t n,
                          choice *best) {
    int64_t least = 0;
    uint64_t *r = it->residuals;
    predict(predictor, v, n, r, &least);
    const size_t seeds = seed_count(predictor, n);
    const size_t count = n - seeds;
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= r[i];
    }
    const unsigned width = ls_bit_width(any);
    const double ahead = predictor == PREDICT_NONE
                             ? 8 + ls_bit_width(ls_zigzag(least))
                             : 8 * (double)seeds + ls_bit_width(ls_zigzag(v[0]));
    choice own = {(uint8_t)predictor, SCHEME_FIXED, (uint8_t)width, (double)count * width};
    if (count >= SMALL && width > 1) {
        try_floats(it, predictor, r, count, any, &own);
        try_bins(it, predictor, r, count, width, &own);
        if (predictor == PREDICT_NONE || predictor == PREDICT_XOR) {
            try_table(it, predictor, r, count, width, &own);
        }
    } else if (count >= SMALL && width == 1) {
        try_bins(it, predictor, r, count, width, &own);
    }
    own.bits += ahead;
    better(best, own);
}

// How many bits the residuals have, one by one: tells predictors apart at little cost.
static uint64_t size_of(ls_integers *it, unsigned predictor, const int64_t *v, size_t n) {
    int64_t unused = 0;
    predict(predictor, v, n, it->residuals, &unused);
    const size_t count = n - seed_count(predictor, n);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ls_bit_width(it->residuals[i]);
    }
    return sum;
}

// Without a predictor, which alone sees clusters and repeats; from the value before; and by what
// else looks clearly smaller.
static choice choose(ls_integers *it, const int64_t *v, size_t n, bool tries_xor) {
    choice best = {.bits = INFINITY};
    try_predictor(it, PREDICT_NONE, v, n, &best);
    if (best.bits < 100) {
        return best;  // constant
    }
    try_predictor(it, PREDICT_DELTA, v, n, &best);
    const uint64_t size = size_of(it, PREDICT_DELTA, v, n);
    for (unsigned other = PREDICT_SLOPE; other < PREDICT_XOR + (unsigned)tries_xor; other++) {
        if (size_of(it, other, v, n) < size - size / 8) {
            try_predictor(it, other, v, n, &best);
        }
    }
    return best;
}

// ---- writing

static size_t squeeze(ls_integers *it, const uint8_t *bytes, size_t size, ls_writer *out) {
    if (size < LEAST_FOR_ZSTD / 2) {
        return SIZE_MAX;
    }
    const size_t got = ZSTD_compress2(it->pack, it->squeezed, it->squeezed_max, bytes, size);
    if (ZSTD_isError(got)) {
        out->failed = true;  // of its errors only a lack of memory is left
        return SIZE_MAX;
    }
    return got;
}

// zstd spends at least a bit on a symbol, unless they come in repeats: symbols of one or two bits
// go through it eight or four at a time.
static void pack_symbols(ls_integers *it, size_t n, unsigned width, ls_writer *out) {
    const size_t packed = (n * width + 7) / 8;
    const size_t start = out->size;
    const bool is_narrow = width == 1 || width == 2;
    if (!ls_writer_reserve(out, packed + 16)) {
        return;
    }
    size_t got = is_narrow ? SIZE_MAX : squeeze(it, it->symbols, n, out);
    if (got >= packed) {
        ls_write_byte(out, (uint8_t)width);
        bit_writer bits = {.at = out->bytes + out->size};
        for (size_t i = 0; i < n; i++) {
            put_bits(&bits, it->symbols[i], width);
        }
        out->size = (size_t)(end_bits(&bits) - out->bytes);
        got = is_narrow ? squeeze(it, out->bytes + start + 1, packed, out) : SIZE_MAX;
        if (got + 4 >= packed || got == SIZE_MAX) {
            return;
        }
        out->size = start;
    }
    ls_write_byte(out, is_narrow ? SYMBOLS_NARROW : SYMBOLS_ZSTD);
    if (is_narrow) {
        ls_write_byte(out, (uint8_t)width);
    }
    ls_write_varint(out, got);
    ls_write_bytes(out, it->squeezed, got);
}

static void write_symbols(ls_integers *it, const choice *way, size_t n, ls_writer *out) {
    const uint64_t *r = it->residuals;
    uint8_t *symbols = it->symbols;
    if (way->scheme == SCHEME_TABLE) {
        const bool fits = make_table(it, r, n, way->parameter);
        assert(fits);
        ls_write_varint(out, it->table_count);
        for (unsigned k = 0; k < it->table_count; k++) {
            ls_write_varint(out, it->table[k]);
        }
    } else if (way->scheme == SCHEME_BINS) {
        for (size_t i = 0; i < n; i++) {
            symbols[i] = (uint8_t)(r[i] >> way->parameter);
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            symbols[i] = (uint8_t)float_symbol(r[i], way->parameter);
        }
    }
    // The first byte: 255 zstd, 254 zstd over packed bits, else the width of packed bits.
    unsigned any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= symbols[i];
    }
    pack_symbols(it, n, ls_bit_width(any), out);
}

static void write_extra(ls_integers *it, const choice *way, size_t n, ls_writer *out) {
    const uint64_t *r = it->residuals;
    if (!ls_writer_reserve(out, n * 8 + 16)) {
        return;
    }
    bit_writer bits = {.at = out->bytes + out->size};
    if (way->scheme == SCHEME_FLOAT) {
        const uint8_t *extra = it->extra[way->parameter];
        for (size_t i = 0; i < n; i++) {
            const unsigned width = extra[it->symbols[i]];
            put_bits(&bits, r[i] & ((1ull << width) - 1), width);
        }
    } else {
        const unsigned width = way->parameter;
        const uint64_t mask = width < 64 ? (1ull << width) - 1 : UINT64_MAX;
        for (size_t i = 0; i < n; i++) {
            put_bits(&bits, r[i] & mask, width);
        }
    }
    out->size = (size_t)(end_bits(&bits) - out->bytes);
}

void ls_integers_pack(ls_integers *it, const int64_t *values, size_t count, bool tries_xor,
                      ls_writer *out) {
    assert(count >= 1);
    assert(count <= LS_INTEGERS_MAX);
    const choice way = choose(it, values, count, tries_xor);
    int64_t least = 0;
    predict(way.predictor, values, count, it->residuals, &least);
    ls_write_byte(out, (uint8_t)(way.predictor | way.scheme << 4));
    ls_write_byte(out, way.parameter);
    const size_t seeds = seed_count(way.predictor, count);
    if (way.predictor == PREDICT_NONE) {
        ls_write_varint(out, ls_zigzag(least));
    }
    for (size_t i = 0; i < seeds; i++) {
        ls_write_varint(out, ls_zigzag(i == 0 ? values[0] : minus(values[1], values[0])));
    }
    if (way.scheme != SCHEME_FIXED) {
        write_symbols(it, &way, count - seeds, out);
    }
    write_extra(it, &way, count - seeds, out);
}

// ---- reading

// A zstd frame that gives exactly `size` bytes.
static void read_frame(ls_integers *it, ls_reader *in, uint8_t *to, size_t size) {
    const uint64_t stored = ls_read_varint(in);
    const uint8_t *from = stored <= ls_reader_left(in) ? ls_read_bytes(in, (size_t)stored) : NULL;
    if (from == NULL || ZSTD_decompressDCtx(it->unpack, to, size, from, (size_t)stored) != size) {
        in->failed = true;
    }
}

static void read_symbols(ls_integers *it, ls_reader *in, size_t n) {
    unsigned width = ls_read_byte(in);
    if (width == SYMBOLS_ZSTD) {
        read_frame(it, in, it->symbols, n);
        return;
    }
    const bool is_narrow = width == SYMBOLS_NARROW;
    width = is_narrow ? ls_read_byte(in) : width;
    const size_t packed = (n * width + 7) / 8;
    const uint8_t *from = NULL;
    if (width > 8) {
        in->failed = true;
    } else if (is_narrow) {
        from = it->squeezed;
        read_frame(it, in, it->squeezed, packed);
    } else {
        from = ls_read_bytes(in, packed);
    }
    if (in->failed) {
        return;
    }
    bit_reader bits = {.at = from};
    for (size_t i = 0; i < n; i++) {
        it->symbols[i] = (uint8_t)take_bits(&bits, width);
    }
}

static void read_table(ls_integers *it, ls_reader *in) {
    const uint64_t count = ls_read_varint(in);
    if (count > TABLE_MAX) {
        in->failed = true;
        return;
    }
    for (unsigned k = 0; k < count; k++) {
        it->table[k] = ls_read_varint(in);
    }
    it->table_count = (unsigned)count;
}

static void read_floats(ls_integers *it, ls_reader *in, unsigned m, size_t n) {
    read_symbols(it, in, n);
    uint64_t total = 0;
    for (size_t i = 0; i < n && !in->failed; i++) {
        const unsigned extra = it->extra[m][it->symbols[i]];
        in->failed = extra > 63;
        total += extra;
    }
    const size_t size = (size_t)(total + 7) / 8;
    const uint8_t *from = in->failed ? NULL : ls_read_bytes(in, size);
    if (from == NULL) {
        in->failed = true;
        return;
    }
    bit_reader bits = {.at = from};
    for (size_t i = 0; i < n; i++) {
        const unsigned symbol = it->symbols[i];
        it->residuals[i] = float_base(symbol, m) + take_bits(&bits, it->extra[m][symbol]);
    }
}

// The high part of a residual; the symbols were read.
static uint64_t high_part(const ls_integers *it, ls_reader *in, unsigned scheme, size_t i) {
    if (scheme == SCHEME_BINS) {
        return it->symbols[i];
    }
    if (it->symbols[i] >= it->table_count) {
        in->failed = true;
        return 0;
    }
    return it->table[it->symbols[i]];
}

static void read_bins(ls_integers *it, ls_reader *in, unsigned scheme, unsigned width, size_t n) {
    if (scheme == SCHEME_TABLE) {
        read_table(it, in);
    }
    if (scheme != SCHEME_FIXED && !in->failed) {
        read_symbols(it, in, n);
    }
    const size_t size = (n * width + 7) / 8;
    const uint8_t *from = in->failed ? NULL : ls_read_bytes(in, size);
    if (from == NULL) {
        in->failed = true;
        return;
    }
    bit_reader bits = {.at = from};
    for (size_t i = 0; i < n && !in->failed; i++) {
        const uint64_t low = take_bits(&bits, width);
        it->residuals[i] = scheme == SCHEME_FIXED ? low
                                                  : high_part(it, in, scheme, i) << width | low;
    }
}

static void read_residuals(ls_integers *it, ls_reader *in, unsigned scheme, unsigned parameter,
                           size_t n) {
    const unsigned most = scheme == SCHEME_FLOAT ? 2 : scheme == SCHEME_FIXED ? 64 : 63;
    if (parameter > most) {
        in->failed = true;
    } else if (scheme == SCHEME_FLOAT) {
        read_floats(it, in, parameter, n);
    } else {
        read_bins(it, in, scheme, parameter, n);
    }
}

static inline int64_t plus(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);  // wraps
}

void ls_integers_unpack(ls_integers *it, ls_reader *in, int64_t *values, size_t count) {
    assert(count >= 1);
    assert(count <= LS_INTEGERS_MAX);
    const unsigned way = ls_read_byte(in);
    const unsigned parameter = ls_read_byte(in);
    const unsigned predictor = way & 15;
    if (predictor >= PREDICT_COUNT || way >> 4 >= SCHEME_COUNT) {
        in->failed = true;
        return;
    }
    const size_t seeds = seed_count(predictor, count);
    const int64_t first = ls_unzigzag(ls_read_varint(in));
    int64_t slope = seeds == 2 ? ls_unzigzag(ls_read_varint(in)) : 0;
    read_residuals(it, in, way >> 4, parameter, count - seeds);
    if (in->failed) {
        return;
    }
    const uint64_t *r = it->residuals;
    values[0] = predictor == PREDICT_NONE ? plus(first, (int64_t)r[0]) : first;
    if (seeds == 2) {
        values[1] = plus(first, slope);
    }
    for (size_t i = seeds > 0 ? seeds : 1; i < count; i++) {
        switch (predictor) {
        case PREDICT_NONE: values[i] = plus(first, (int64_t)r[i]); break;
        case PREDICT_DELTA: values[i] = plus(values[i - 1], ls_unzigzag(r[i - 1])); break;
        case PREDICT_SLOPE:
            slope = plus(slope, ls_unzigzag(r[i - 2]));
            values[i] = plus(values[i - 1], slope);
            break;
        default: values[i] = (int64_t)((uint64_t)values[i - 1] ^ r[i - 1]); break;
        }
    }
}
