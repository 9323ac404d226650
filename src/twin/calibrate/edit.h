// edit.h - new values in a text, every other byte as it was.
//
// A value is replaced at the bytes of its YAML node, in the style it has: units, quotes, order of
// words. Pure; writing the file is the caller's (base/file.h).
#pragma once

#include <stddef.h>

#include "base/status.h"
#include "base/text.h"
#include "base/yaml.h"
#include "plant/distribution.h"

typedef struct ls_edit {
    size_t start, end;  // bytes that are replaced
    const char *text;   // by these; alive until applied
} ls_edit;

// Makes the edit that gives a text node another text; the quotes stay. *new_text needs no quotes of
// its own (a distribution or share never does). The edit's text is in the arena. Fails with
// LS_ERR_INVALID, and says why, where the value is no text, is a block scalar or has an escape, or
// where the node does not lie in the text.
ls_status ls_edit_make(const char *text, size_t size, const ls_yaml *node, const char *new_text,
                       ls_arena *arena, ls_edit *out, ls_error *err);
// The text with all edits, in any order. Fails with LS_ERR_INVALID when two overlap or one lies
// outside, LS_ERR_MEMORY.
ls_status ls_edit_apply(const char *text, size_t size, ls_edit *edits, size_t count, ls_buffer *out,
                        ls_error *err);
// Unified diff (three lines of context) of two texts with as many lines, or not. What differs is
// found line by line; O(lines) where edits leave the number of lines alone.
void ls_edit_diff(const char *old_text, size_t old_size, const char *new_text, size_t new_size,
                  const char *name, ls_buffer *out);

// A distribution as a person would change it: the units, the word for counts and the form
// (`const`, `mean` of a Weibull) of the old text where it has them, four significant digits. `word`
// NULL: a time; else "parts" and the like. Returns the length; *out_dist, when not NULL, is what
// the rounded text says. 0 when it cannot be said.
size_t ls_edit_dist_text(const ls_dist *dist, const char *old_text, const char *word, char *out,
                         size_t size, ls_dist *out_dist);
// `2.31 %` or `0.0231`, as the old text.
size_t ls_edit_share_text(double share, const char *old_text, char *out, size_t size);
