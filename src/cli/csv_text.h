// csv_text.h - a cell of a table of ours.
#pragma once

#include "base/text.h"

// RFC 4180: quotes where they are needed.
void ls_csv_text(const char *text, ls_buffer *out);
