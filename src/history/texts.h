// texts.h - a column of texts as few bytes, and back: the different ones once, then which is which.
#pragma once

#include "base/value.h"
#include "history/integers.h"

typedef struct ls_texts ls_texts;  // scratch memory, one thread at a time

ls_status ls_texts_create(ls_texts **out, ls_error *err);
void ls_texts_destroy(ls_texts *texts);  // NULL is fine

// Starts a column; then ls_texts_add each sample of kind TEXT or BYTES, in order. False: the text
// does not fit any more (different texts of more than LS_BLOCK_TEXT_MAX bytes, or *failed: out of
// memory), the column is as before.
void ls_texts_start(ls_texts *texts);
bool ls_texts_add(ls_texts *texts, const char *text, uint32_t size, bool *failed);
void ls_texts_pack(ls_texts *texts, ls_integers *integers, ls_writer *out);

// The column's texts; they stay until the next call.
typedef struct ls_piece {
    const char *text;
    uint32_t size;
} ls_piece;
void ls_texts_unpack(ls_texts *texts, ls_integers *integers, ls_reader *in, size_t count);
ls_piece ls_texts_get(const ls_texts *texts, size_t index);  // after unpack
