// running.h - one plant file in use: plant, twin, mapping and follower, made and replaced together.
//
// The follower comes with the first signal, since only then is it known what time it is in the
// plant. Not thread safe: whoever holds it has the intake's lock.
#pragma once

#include "line/mapping.h"
#include "twin/follow/follow.h"

typedef struct ls_running {
    ls_plant *plant;
    ls_twin *twin;
    ls_mapping *mapping;
    ls_follow *follow;  // NULL: nothing heard yet
} ls_running;

// Reads the plant file; one that does not say how the line is heard is refused. On failure *errors
// holds every mistake.
ls_status ls_running_read(const char *path, ls_plant **out, ls_errors *errors);
// Makes all but the follower; takes the plant, also when it fails (*out is then all zero).
ls_status ls_running_make(ls_plant *plant, ls_tags *tags, ls_running *out, ls_error *err);
void ls_running_clear(ls_running *running);
// The follower, from this moment of the plant on.
ls_status ls_running_begin(ls_running *running, int64_t start_us, const ls_follow_def *def,
                           ls_error *err);
