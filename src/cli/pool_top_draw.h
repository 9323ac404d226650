// pool_top_draw.h - the picture of `lineshaft pool top`: lines of text, no wider and no more than
// asked for.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

enum { LS_POOL_TOP_WIDTH_LEAST = 40, LS_POOL_TOP_HEIGHT_LEAST = 8 };

// `pool`, `jobs` and `acts` as the daemon answers them. `marks`: what stands out is marked for a
// terminal. Sizes below the least are taken as the least.
void ls_pool_top_draw(const json_t *pool, const json_t *jobs, const json_t *acts, int width,
                      int height, bool marks, ls_buffer *out);
