// state_json.h - the live state of the followed plant as one JSON object, docs/JSON.md.
#pragma once

#include <jansson.h>

#include "loop/intake.h"
#include "loop/sources.h"

// Takes the intake's lock while it looks. NULL: out of memory.
json_t *ls_state_json(ls_intake *intake, const ls_sources *sources);
