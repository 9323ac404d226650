// propose_guess.h - what a tag may mean, by its words. Inside of propose.
#pragma once

#include "base/value.h"
#include "plant/listen.h"

enum { LS_GUESS_WORD = 128 };

typedef struct ls_guess {
    ls_meaning means;  // LS_MEANS_COUNT: nothing that we know
    uint32_t score;    // 0..100
} ls_guess;

// Letters and digits, in lower case: "Good_Count" is "goodcount". Cut at LS_GUESS_WORD.
void ls_guess_plain(const char *text, size_t size, char out[LS_GUESS_WORD]);
// Of a machine: the last part of its tag, and the kind (NONE: unknown).
ls_guess ls_guess_machine(const char *last, size_t size, ls_value_kind kind);
// Of the line: lots released, arrived, done, scrapped; orders.
ls_guess ls_guess_line(const char *last, size_t size, ls_value_kind kind);
// Does a part of a tag name this thing? 100: the same; 90: but for case and signs; 60 and less:
// near.
uint32_t ls_guess_name(const char *part, size_t size, const char *name);
