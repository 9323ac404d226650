// twin_difference.h - two runs side by side: what differs, and whether that is more than chance.
#pragma once

#include <jansson.h>

#include "cli/table.h"
#include "cli/twin_session.h"

typedef struct ls_compared {
    ls_session session;
    ls_twin_result *result;
} ls_compared;

// Totals and classes of the same name, as two tables.
void ls_difference_text(const ls_compared *base, const ls_compared *other, double level,
                        ls_buffer *out);
// {"plant", "file", "hash", "total": {figure: {"base", "this", "difference", "verdict"}},
// "classes"}.
json_t *ls_difference_json(const ls_compared *base, const ls_compared *other, double level);
// Lines "base,other,class,figure,unit,base_mean,other_mean,difference,half_width,verdict".
void ls_difference_csv(const ls_compared *base, const ls_compared *other, double level,
                       ls_buffer *out);
