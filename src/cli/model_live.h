// model_live.h - what the running service says of a model: drift, shadow, trainings.
#pragma once

#include <jansson.h>

#include "base/text.h"

// {"drift", "shadow", "training"} as GET /api/v1/models has them (loop/model_watch.h,
// loop/trainings.h); NULL: no service runs on this data folder, or it does not know the model.
json_t *ls_model_live(const char *data, const char *model);
// For people, after a blank line; nothing of NULL.
void ls_model_put_live(const json_t *live, ls_buffer *out);
