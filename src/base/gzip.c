// gzip.c - see gzip.h. zlib does the work.
#include "base/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/file.h"

enum { ROOM_FIRST = 64 * 1024, PIECE_MAX = 1 << 30, WINDOW_GZIP = 15 + 16 };

typedef struct unpacker {
    z_stream z;
    const char *file;
    ls_error *err;
    char *out;  // owned
    size_t room, used, most;
} unpacker;

static ls_status no_memory(const unpacker *u) {
    return ls_fail_at(u->err, LS_ERR_MEMORY, u->file, 0, 0, "no memory to unpack it");
}

static ls_status broken(const unpacker *u, const char *how) {
    ls_fail_at(u->err, LS_ERR_INVALID, u->file, 0, 0, "the packed file is broken: %s", how);
    ls_hint(u->err, "'gzip -t %.200s' says so too; fetch it again", u->file);
    return LS_ERR_INVALID;
}

static ls_status too_much(const unpacker *u) {
    return ls_fail_at(u->err, LS_ERR_LIMIT, u->file, 0, 0,
                      "more than %zu bytes come out of the packed file", u->most);
}

static void *get_memory(void *context, uInt count, uInt size) {
    (void)context;
    return ls_alloc((size_t)count * size);
}

static void give_memory(void *context, void *memory) {
    (void)context;
    ls_free(memory);
}

// More room for what comes out, up to a byte more than may come.
static ls_status grow(unpacker *u) {
    size_t room = u->room == 0 ? ROOM_FIRST : u->room * 2;
    room = room > u->most ? u->most + 1 : room;
    char *wider = ls_realloc(u->out, room);
    if (wider == NULL) {
        return no_memory(u);
    }
    u->out = wider;
    u->room = room;
    return LS_OK;
}

// One member, or what of it fits into a piece; *ended: its end was reached.
static ls_status unpack_piece(unpacker *u, bool *ended) {
    if (u->used == u->room) {
        const ls_status status = u->used > u->most ? too_much(u) : grow(u);
        if (status != LS_OK) {
            return status;
        }
    }
    const size_t room = u->room - u->used;
    const uInt piece = room > PIECE_MAX ? PIECE_MAX : (uInt)room;
    u->z.next_out = (Bytef *)(u->out + u->used);
    u->z.avail_out = piece;
    const int got = inflate(&u->z, Z_NO_FLUSH);
    u->used += piece - u->z.avail_out;
    *ended = got == Z_STREAM_END;
    switch (got) {
    case Z_OK:
    case Z_STREAM_END: return LS_OK;
    case Z_BUF_ERROR: return broken(u, "it ends in the middle");
    case Z_MEM_ERROR: return no_memory(u);
    default: return broken(u, u->z.msg != NULL ? u->z.msg : "what is in it");
    }
}

// All members; behind them only zeros may stand.
static ls_status unpack(unpacker *u, const unsigned char *in, size_t size) {
    size_t at = 0;
    ls_status status = LS_OK;
    bool ended = true;
    while (status == LS_OK && (!ended || ls_gzip_is(in + at, size - at))) {
        if (ended && at > 0 && inflateReset(&u->z) != Z_OK) {
            return broken(u, "its beginning");
        }
        const size_t rest = size - at;
        const uInt piece = rest > PIECE_MAX ? PIECE_MAX : (uInt)rest;
        u->z.next_in = (z_const Bytef *)(uintptr_t)(in + at);
        u->z.avail_in = piece;
        status = unpack_piece(u, &ended);
        at += piece - u->z.avail_in;
    }
    for (; status == LS_OK && at < size; at++) {
        status = in[at] == 0 ? LS_OK : broken(u, "something stands behind its end");
    }
    return status == LS_OK && u->used > u->most ? too_much(u) : status;
}

bool ls_gzip_is(const void *bytes, size_t size) {
    return size >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0;
}

ls_status ls_gzip_unpack(const void *bytes, size_t size, size_t size_max, const char *file,
                         ls_arena *arena, char **out, size_t *out_size, ls_error *err) {
    unpacker u = {.z = {.zalloc = get_memory, .zfree = give_memory},
                  .file = file,
                  .err = err,
                  .most = size_max};
    if (!ls_gzip_is(bytes, size)) {
        return broken(&u, "its beginning");
    }
    if (inflateInit2(&u.z, WINDOW_GZIP) != Z_OK) {
        return no_memory(&u);
    }
    ls_status status = unpack(&u, bytes, size);
    inflateEnd(&u.z);
    if (status == LS_OK) {
        *out = ls_arena_text(arena, u.out != NULL ? u.out : "", u.used);
        *out_size = u.used;
        status = *out != NULL ? LS_OK : no_memory(&u);
    }
    ls_free(u.out);
    return status;
}

ls_status ls_gzip_read_file(const char *path, size_t size_max, ls_arena *arena, char **out,
                            size_t *out_size, ls_error *err) {
    const ls_status status = ls_file_read(path, size_max, arena, out, out_size, err);
    return status == LS_OK && ls_gzip_is(*out, *out_size)
               ? ls_gzip_unpack(*out, *out_size, size_max, path, arena, out, out_size, err)
               : status;
}
