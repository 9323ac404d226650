// shell_word.h - a path in a command that a person may copy into a shell.
#pragma once

#include <string.h>

#include "base/text.h"

// As it is where the shell reads it so, else in single quotes.
static inline void ls_put_shell_word(ls_buffer *out, const char *word) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:,@%=-";
    size_t length = 0;
    while ((unsigned char)word[length] >= 0x80 ||
           (word[length] != '\0' && strchr(plain, word[length]) != NULL)) {
        length++;
    }
    if (length > 0 && word[length] == '\0') {
        ls_buffer_text(out, word);
        return;
    }
    ls_buffer_text(out, "'");
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'') {
            ls_buffer_text(out, "'\\''");
        } else {
            ls_buffer_append(out, c, 1);
        }
    }
    ls_buffer_text(out, "'");
}
