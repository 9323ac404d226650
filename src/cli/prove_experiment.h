// prove_experiment.h - what `lineshaft prove` says of an experiment.
#pragma once

#include <jansson.h>

#include "base/text.h"

// `experiment` as docs/JSON.md has it; nothing for null.
void ls_prove_put_experiment(const json_t *experiment, ls_buffer *out);
