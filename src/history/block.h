// block.h - a series of samples of one tag as few bytes, and back, lossless to the bit.
//
// Times cost next to nothing when they are regular; values are stored by whichever of several ways
// is smallest (docs: head of block.c). A block says how many samples it holds, from when to when,
// and carries a CRC32C. Reading is safe for any bytes: a block that is wrong is refused, and what
// it may make us allocate is bounded.
#pragma once

#include "base/status.h"
#include "base/value.h"

enum {
    LS_BLOCK_SAMPLES_MAX = 1 << 16,
    LS_SAMPLE_TEXT_MAX = 1 << 20,  // bytes of one text or bytes value
    LS_BLOCK_TEXT_MAX = 16 << 20,  // bytes of all different texts of a block
};

// Scratch memory that is used again from block to block. One thread at a time.
typedef struct ls_block_codec ls_block_codec;
ls_status ls_block_codec_create(ls_block_codec **out, ls_error *err);
void ls_block_codec_destroy(ls_block_codec *codec);  // NULL is fine

// Packs samples[0 .. *out_taken) into bytes that stay valid until the codec's next call. Takes as
// many as fit one block (LS_BLOCK_SAMPLES_MAX, LS_BLOCK_TEXT_MAX), at least one: call again with
// the rest. Times may be in any order and equal; `tag` is not stored. Fails with LS_ERR_INVALID (no
// samples; a kind, quality or text size that cannot be) or LS_ERR_MEMORY.
ls_status ls_block_pack(ls_block_codec *codec, const ls_sample *samples, size_t count,
                        const void **out, size_t *out_size, size_t *out_taken, ls_error *err);

// What the block says of itself; checks its CRC, unpacks nothing.
typedef struct ls_block_head {
    uint32_t count;
    int64_t first_us, last_us;  // earliest and latest time
} ls_block_head;
ls_status ls_block_look(const void *bytes, size_t size, ls_block_head *out, ls_error *err);

// All samples in the order packed, each with `tag`; they and their texts stay valid until the
// codec's next call. Fails with LS_ERR_INVALID (damaged), LS_ERR_VERSION (a later format) or
// LS_ERR_MEMORY.
ls_status ls_block_unpack(ls_block_codec *codec, const void *bytes, size_t size, uint32_t tag,
                          const ls_sample **out, size_t *out_count, ls_error *err);
