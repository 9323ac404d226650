// base64.h - bytes as text and back (RFC 4648, with padding): what a job wrote may be anything.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

void ls_base64_put(const void *bytes, size_t size, ls_buffer *out);
// Appends the bytes. False: `text` is no such text; *out then holds some of it.
bool ls_base64_take(const char *text, size_t length, ls_buffer *out);
