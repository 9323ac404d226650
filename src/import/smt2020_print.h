// smt2020_print.h - values in the syntax of a plant file.
#pragma once

#include "base/text.h"
#include "import/smt2020_table.h"

// In the unit of the data ('s', 'm', 'h', 'd') where that is exact, else in another; always exact.
void ls_smt_print_time(ls_buffer *out, int64_t us, char unit);
void ls_smt_print_span(ls_buffer *out, int64_t us);  // 53 d 20 h 7 min 47 s
void ls_smt_print_dist(ls_buffer *out, const ls_smt_dist *dist);
// A name that ls_smt_name has accepted; in quotes where YAML could take it for something else.
void ls_smt_print_name(ls_buffer *out, const char *name);
void ls_smt_print_quoted(ls_buffer *out, const char *text);  // any text
// Any text within a comment: it may not end the line or break the encoding; cut at 60 bytes.
void ls_smt_print_comment(ls_buffer *out, const char *text);
