// inside.h - a follower: its cores, the recent signals between them, and clocks.
//
// base: everything up to late_us behind the newest signal, final; facts and divergences are told by
// it. present: every whole instant before the newest signal's. shown: what is looked at, the
// present with the signals of its last instant and the time that has passed. marks: presents of a
// moment ago, from which the present is made again when a signal comes late.
#pragma once

#include "twin/follow/core.h"
#include "twin/follow/recent.h"

enum {
    FOLLOW_MARKS = 4,
    FOLLOW_MARK_EVERY = 512,
    FOLLOW_COMMIT_EVERY = 256,
    FOLLOW_AHEAD_MIN = 8,  // so many signals in a row from far ahead are believed
};

typedef struct ls_follow_mark {
    ls_core *core;
    uint64_t applied;  // signals in it, counted from the beginning; 0: none
} ls_follow_mark;

struct ls_follow {
    ls_follow_def def;
    const ls_plant *plant;
    const ls_twin *twin;
    ls_core *base, *present, *shown;
    ls_follow_mark marks[FOLLOW_MARKS];
    uint32_t mark_next;
    ls_instant *instant;
    ls_recent recent;
    uint64_t dropped;  // signals that went from the recent ones into the base
    uint64_t applied;  // signals in the present, counted from the beginning
    uint64_t dirty;    // the present is right up to this many signals; UINT64_MAX: all
    bool is_shown;     // `shown` is up to date
    ls_heard *batch;
    uint32_t batch_capacity;
    uint32_t *told;  // per tag: the number of the batch that told it
    uint32_t batch_number;
    int64_t now_us, newest_us;
    int64_t shift_us;        // added to the line's clock after it was set back
    uint32_t ahead, behind;  // signals in a row from another time
    int64_t ahead_us, behind_us;
    ls_heard kept[FOLLOW_AHEAD_MIN];  // those from ahead, until they are believed; texts owned
    uint32_t kept_count;
    uint64_t doubled, reordered, rolled_back, late, clock;
    char name[FOLLOW_NAME_SIZE + 16];
};

ls_status ls_follow_make(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                         const ls_follow_def *def, ls_follow **out, ls_error *err);
// Puts signals [from, to) of the recent ones into a core, instant by instant.
void ls_follow_apply(ls_follow *follow, ls_core *core, uint32_t from, uint32_t to);
// The core that is looked at.
const ls_core *ls_follow_show(const ls_follow *follow);
