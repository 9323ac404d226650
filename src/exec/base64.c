// base64.c - see base64.h.
#include "exec/base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ls_base64_put(const void *bytes, size_t size, ls_buffer *out) {
    const unsigned char *in = bytes;
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t word = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                              (left > 2 ? in[i + 2] : 0u);
        const char four[4] = {letters[word >> 18], letters[word >> 12 & 63],
                              left > 1 ? letters[word >> 6 & 63] : '=',
                              left > 2 ? letters[word & 63] : '='};
        ls_buffer_append(out, four, sizeof four);
    }
}

static int value_of(char letter) {
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    return at != NULL ? (int)(at - letters) : -1;
}

bool ls_base64_take(const char *text, size_t length, ls_buffer *out) {
    if (length % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < length; i += 4) {
        const bool last = i + 4 == length;
        const int padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint32_t word = 0;
        for (int k = 0; k < 4; k++) {
            const int value = k >= 4 - padding ? 0 : value_of(text[i + (size_t)k]);
            if (value < 0) {
                return false;
            }
            word = word << 6 | (uint32_t)value;
        }
        if ((padding == 1 && (word & 0xff) != 0) || (padding == 2 && (word & 0xffff) != 0)) {
            return false;  // bits that say nothing are 0: one text for the same bytes
        }
        const char three[3] = {(char)(word >> 16), (char)(word >> 8 & 255), (char)(word & 255)};
        ls_buffer_append(out, three, 3u - (unsigned)padding);
    }
    return true;
}
