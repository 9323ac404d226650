// gzip.c - see gzip.h.
//
// A code is looked up in one table of 2^15 entries, filled anew for each block: simple, and fast
// enough for traces (about a tenth of a second for 30 MB).
#include "base/gzip.h"

#include <stdint.h>
#include <string.h>

#include "base/file.h"

enum {
    CODE_BITS = 15,
    TABLE = 1 << CODE_BITS,
    LITERALS = 288,
    DISTANCES = 30,
    LENGTH_CODES = 19,
};

typedef struct unpacker {
    const unsigned char *in;
    size_t size, at;  // at: the next byte; beyond the size where zeros were put in its place
    uint64_t bits;    // taken from `in` and not used, the next in bit 0
    unsigned bit_count;
    char *out;
    size_t out_size, out_room, out_max;
    // symbol << 4 | length of its code; 0: no code begins like this
    uint16_t literals[TABLE], distances[TABLE], lengths[TABLE];
    const char *file;
    ls_error *err;
} unpacker;

static ls_status broken(const unpacker *u, const char *how) {
    ls_fail_at(u->err, LS_ERR_INVALID, u->file, 0, 0, "the packed file is broken: %s", how);
    ls_hint(u->err, "'gzip -t %.200s' says so too; fetch it again", u->file);
    return LS_ERR_INVALID;
}

static void fill(unpacker *u) {
    while (u->bit_count <= 56) {
        const uint64_t byte = u->at < u->size ? u->in[u->at] : 0;
        u->at++;
        u->bits |= byte << u->bit_count;
        u->bit_count += 8;
    }
}

// At most 32 at a time.
static uint32_t take(unpacker *u, unsigned count) {
    if (u->bit_count < count) {
        fill(u);
    }
    const uint32_t value = (uint32_t)(u->bits & (((uint64_t)1 << count) - 1));
    u->bits >>= count;
    u->bit_count -= count;
    return value;
}

// More bits were taken than there are.
static bool is_cut_off(const unpacker *u) {
    return u->at > u->size && u->at - u->size > u->bit_count / 8;
}

static bool make_table(uint16_t *table, const uint8_t *lengths, uint32_t count) {
    uint32_t of_length[CODE_BITS + 1] = {0}, next[CODE_BITS + 2] = {0};
    memset(table, 0, TABLE * sizeof *table);
    for (uint32_t i = 0; i < count; i++) {
        of_length[lengths[i]]++;
    }
    of_length[0] = 0;
    uint32_t code = 0;
    for (uint32_t l = 1; l <= CODE_BITS; l++) {
        code = (code + of_length[l - 1]) << 1;
        next[l] = code;
        if (code + of_length[l] > (uint32_t)1 << l) {
            return false;  // more codes than there can be
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t length = lengths[i];
        uint32_t reversed = 0;
        for (uint32_t b = 0; b < length; b++) {
            reversed |= ((next[length] >> b) & 1) << (length - 1 - b);
        }
        for (uint32_t at = reversed; length > 0 && at < TABLE; at += (uint32_t)1 << length) {
            table[at] = (uint16_t)(i << 4 | length);
        }
        next[length]++;
    }
    return true;
}

// UINT32_MAX: no such code.
static uint32_t symbol(unpacker *u, const uint16_t *table) {
    if (u->bit_count < CODE_BITS) {
        fill(u);
    }
    const uint16_t entry = table[u->bits & (TABLE - 1)];
    const unsigned length = entry & 15;
    u->bits >>= length;
    u->bit_count -= length;
    return length == 0 ? UINT32_MAX : (uint32_t)entry >> 4;
}

static ls_status make_room(unpacker *u, size_t more) {
    if (more > u->out_max - u->out_size) {
        return ls_fail_at(u->err, LS_ERR_LIMIT, u->file, 0, 0,
                          "more than %zu bytes come out of the packed file", u->out_max);
    }
    if (u->out_size + more > u->out_room) {
        const size_t room = u->out_room * 2 > u->out_size + more ? u->out_room * 2
                                                                 : u->out_size + more + 65536;
        char *grown = ls_realloc(u->out, room);
        if (grown == NULL) {
            return ls_fail_at(u->err, LS_ERR_MEMORY, u->file, 0, 0, "no memory to unpack it");
        }
        u->out = grown;
        u->out_room = room;
    }
    return LS_OK;
}

// Bytes as they are.
static ls_status stored(unpacker *u) {
    take(u, u->bit_count & 7);
    const uint32_t length = take(u, 16), inverse = take(u, 16);
    if (is_cut_off(u) || (length ^ inverse) != 0xffff) {
        return broken(u, "the length of a stored block");
    }
    const ls_status status = make_room(u, length);
    for (uint32_t i = 0; status == LS_OK && i < length; i++) {
        u->out[u->out_size++] = (char)take(u, 8);
    }
    return status != LS_OK ? status : is_cut_off(u) ? broken(u, "it ends in the middle") : LS_OK;
}

// The codes of a block, themselves in a code.
static ls_status read_codes(unpacker *u) {
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[320] = {0}, of_lengths[LENGTH_CODES] = {0};
    const uint32_t literals = take(u, 5) + 257, distances = take(u, 5) + 1, coded = take(u, 4) + 4;
    for (uint32_t i = 0; i < coded; i++) {
        of_lengths[order[i]] = (uint8_t)take(u, 3);
    }
    if (literals > LITERALS - 2 || distances > DISTANCES ||
        !make_table(u->lengths, of_lengths, LENGTH_CODES)) {
        return broken(u, "the codes of a block");
    }
    for (uint32_t at = 0; at < literals + distances;) {
        const uint32_t s = symbol(u, u->lengths);
        uint32_t times = 1;
        uint8_t value = (uint8_t)s;
        if (s > 18 || is_cut_off(u) || (s == 16 && at == 0)) {
            return broken(u, "the codes of a block");
        }
        if (s >= 16) {
            value = s == 16 ? lengths[at - 1] : 0;
            times = s == 16 ? 3 + take(u, 2) : s == 17 ? 3 + take(u, 3) : 11 + take(u, 7);
        }
        if (times > literals + distances - at) {
            return broken(u, "the codes of a block");
        }
        memset(lengths + at, value, times);
        at += times;
    }
    return make_table(u->literals, lengths, literals) &&
                   make_table(u->distances, lengths + literals, distances)
               ? LS_OK
               : broken(u, "the codes of a block");
}

static void fixed_codes(unpacker *u) {
    uint8_t lengths[LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    make_table(u->literals, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    make_table(u->distances, lengths, DISTANCES);
}

static ls_status coded(unpacker *u, size_t member_at) {
    static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[DISTANCES] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    for (;;) {
        const uint32_t s = symbol(u, u->literals);
        if (s == 256) {
            return is_cut_off(u) ? broken(u, "it ends in the middle") : LS_OK;
        }
        if (s > 285 || is_cut_off(u)) {
            return broken(u, is_cut_off(u) ? "it ends in the middle" : "no such code");
        }
        const uint32_t length = s < 256 ? 1 : length_base[s - 257] + take(u, length_bits[s - 257]);
        const ls_status status = make_room(u, length);
        if (status != LS_OK) {
            return status;
        }
        if (s < 256) {
            u->out[u->out_size++] = (char)s;
            continue;
        }
        const uint32_t d = symbol(u, u->distances);
        const uint32_t back = d >= DISTANCES ? 0
                                             : distance_base[d] + take(u, d < 4 ? 0 : (d - 2) / 2);
        if (back == 0 || back > u->out_size - member_at) {
            return broken(u, "it repeats what was not there");
        }
        for (uint32_t i = 0; i < length; i++) {  // byte by byte: it may repeat itself
            u->out[u->out_size] = u->out[u->out_size - back];
            u->out_size++;
        }
    }
}

static ls_status blocks(unpacker *u) {
    const size_t member_at = u->out_size;
    ls_status status = LS_OK;
    for (bool last = false; status == LS_OK && !last;) {
        last = take(u, 1) != 0;
        const uint32_t kind = take(u, 2);
        if (is_cut_off(u) || kind == 3) {
            return broken(u, kind == 3 ? "no such kind of block" : "it ends in the middle");
        }
        if (kind == 0) {
            status = stored(u);
            continue;
        }
        if (kind == 1) {
            fixed_codes(u);
        } else {
            status = read_codes(u);
        }
        status = status != LS_OK ? status : coded(u, member_at);
    }
    return status;
}

static uint32_t crc32_of(const char *bytes, size_t size) {
    uint32_t table[256], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0xedb88320u : 0);
        }
    }
    for (size_t i = 0; i < size; i++) {
        crc = crc >> 8 ^ table[(crc ^ (unsigned char)bytes[i]) & 255];
    }
    return ~crc;
}

// Skips what stands before the blocks of a member; false: it is not as it should be.
static bool skip_header(unpacker *u) {
    if (u->size - u->at < 18 || u->in[u->at + 2] != 8 || (u->in[u->at + 3] & 0xe0) != 0) {
        return false;
    }
    const unsigned flags = u->in[u->at + 3];
    u->at += 10;
    if ((flags & 4) != 0) {  // extra fields
        if (u->size - u->at < 2) {
            return false;
        }
        const size_t extra = (size_t)u->in[u->at] | (size_t)u->in[u->at + 1] << 8;
        if (extra + 2 > u->size - u->at) {
            return false;
        }
        u->at += extra + 2;
    }
    for (unsigned text = 8; text <= 16; text *= 2) {  // name, comment
        if ((flags & text) != 0) {
            const unsigned char *end = memchr(u->in + u->at, 0, u->size - u->at);
            if (end == NULL) {
                return false;
            }
            u->at = (size_t)(end - u->in) + 1;
        }
    }
    u->at += (flags & 2) != 0 ? 2 : 0;
    return u->at <= u->size;
}

static ls_status member(unpacker *u) {
    const size_t out_at = u->out_size;
    u->bits = 0;
    u->bit_count = 0;
    if (!skip_header(u)) {
        return broken(u, "its beginning");
    }
    const ls_status status = blocks(u);
    if (status != LS_OK) {
        return status;
    }
    take(u, u->bit_count & 7);
    const uint32_t crc = take(u, 32), size = take(u, 32);
    if (is_cut_off(u)) {
        return broken(u, "it ends in the middle");
    }
    if (size != (uint32_t)(u->out_size - out_at) ||
        crc != crc32_of(u->out + out_at, u->out_size - out_at)) {
        return broken(u, "what comes out is not what went in");
    }
    u->at -= u->bit_count / 8;  // what was looked at and belongs to the next member
    return LS_OK;
}

bool ls_gzip_is(const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    return size >= 2 && b[0] == 0x1f && b[1] == 0x8b;
}

ls_status ls_gzip_unpack(const void *bytes, size_t size, size_t size_max, const char *file,
                         ls_arena *arena, char **out, size_t *out_size, ls_error *err) {
    unpacker *u = ls_alloc(sizeof *u);
    if (u == NULL) {
        return ls_fail_at(err, LS_ERR_MEMORY, file, 0, 0, "no memory to unpack it");
    }
    u->in = bytes;
    u->size = size;
    u->out_max = size_max;
    u->file = file;
    u->err = err;
    ls_status status = ls_gzip_is(bytes, size) ? LS_OK : broken(u, "its beginning");
    while (status == LS_OK && ls_gzip_is(u->in + u->at, u->size - u->at)) {
        status = member(u);
    }
    for (size_t i = u->at; status == LS_OK && i < u->size; i++) {
        status = u->in[i] == 0 ? LS_OK : broken(u, "something stands behind its end");
    }
    if (status == LS_OK) {
        *out = ls_arena_text(arena, u->out != NULL ? u->out : "", u->out_size);
        *out_size = u->out_size;
        status = *out != NULL
                     ? LS_OK
                     : ls_fail_at(err, LS_ERR_MEMORY, file, 0, 0, "no memory to unpack it");
    }
    ls_free(u->out);
    ls_free(u);
    return status;
}

ls_status ls_gzip_read_file(const char *path, size_t size_max, ls_arena *arena, char **out,
                            size_t *out_size, ls_error *err) {
    const ls_status status = ls_file_read(path, size_max, arena, out, out_size, err);
    return status == LS_OK && ls_gzip_is(*out, *out_size)
               ? ls_gzip_unpack(*out, *out_size, size_max, path, arena, out, out_size, err)
               : status;
}
