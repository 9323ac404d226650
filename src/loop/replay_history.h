// replay_history.h - history through mapping and follower: what the line has shown, once more.
//
// Samples of all bound tags are read window by window and put into the order of time (samples of
// one time: in the order of the tags' numbers), so memory is bounded by the busiest window, not by
// the history.
#pragma once

#include "history/history.h"
#include "plant/plant.h"
#include "twin/follow/follow.h"

typedef struct ls_replay_history_def {
    int64_t from_us, to_us;  // since 1970; default all that there is
    int64_t window_us;       // default 1 h; made smaller where it is too busy
    size_t window_samples;   // default 2 million
    // Each may be NULL. At the end, what still runs is told as censored (unfinished.h).
    void (*fact)(void *context, const ls_fact *fact);
    void (*diverged)(void *context, const ls_divergence *divergence);
    void (*heard)(void *context, const ls_heard *heard);
    // After each window; false stops (LS_ERR_STOPPED). share: of the time asked for.
    bool (*progress)(void *context, double share);
    void *context;
    uint32_t cookie;  // set by ls_replay_history_def_default
} ls_replay_history_def;
ls_replay_history_def ls_replay_history_def_default(void);

typedef struct ls_replay_history_figures {
    int64_t from_us, to_us;  // that was replayed
    uint64_t samples, mapped, refused;
    ls_follow_figures follow;
} ls_replay_history_figures;

// `tags` are those that the history was opened with. Fails with what reading fails with,
// LS_ERR_INVALID (the plant file has no `listen`; the history is empty or older than the plant's
// `start`), LS_ERR_MEMORY, LS_ERR_STOPPED.
ls_status ls_replay_history(ls_history *history, ls_tags *tags, const ls_plant *plant,
                            const ls_twin *twin, const ls_replay_history_def *def,
                            ls_replay_history_figures *out, ls_error *err);
