// history_inside.h - the parts of a history among themselves: history.c, pack.c, history_read.c.
//
// What was appended is in the log first. From there it goes one of two ways. Mostly *direct*: also
// into the active generation, which is frozen when it is full or old and handed to the packer. When
// there is no room (the store is away, memory is short) the history *lags*: appends go to the log
// alone, and the packer reads the log again from `lag_position` on, a generation at a time, until
// it has caught up. So memory is bounded whatever happens, and opening after a crash is lagging
// too.
#pragma once

#include <pthread.h>

#include "history/history_read.h"
#include "history/hot.h"
#include "history/log.h"

struct ls_history {
    ls_history_def def;
    const char *store_path, *folder_path, *login;  // owned copies
    ls_history_keep *keep;                         // owned, patterns too
    ls_tags *tags;
    const ls_store_ops *ops;
    ls_store *store;
    ls_log *log;
    int lock_file;

    pthread_mutex_t lock;              // of everything below; held while appending
    pthread_cond_t work, check, done;  // for the packer, the checker, and who waits for them
    ls_hot *active, *frozen;
    uint64_t frozen_position;  // everything before it is in the store when `frozen` is
    int64_t active_since_us;   // monotonic; when the first sample came
    bool lags;
    uint64_t lag_position;  // what is from here on in the log is in no generation
    uint64_t stored_position;
    uint64_t covered_position;
    bool position_known;  // the store has said how far it is
    uint64_t next_event;
    bool stops, wants_flush;
    uint64_t attempts;  // to write, that have ended
    bool away;
    ls_error last_error;  // of the last attempt
    uint64_t appended, duplicates, late, failed_writes;
    pthread_t packer, checker;
    bool has_packer, has_checker;

    // Of the packer alone.
    int64_t *newest;  // by tag: latest time so far
    uint32_t newest_room;
    int64_t retained_us;
    bool retain_more;
};

// history.c
ls_status ls_history_open_on(const ls_history_def *def, const ls_store_ops *ops, ls_tags *tags,
                             ls_history **out, ls_error *err);
int64_t ls_history_now_us(void);  // monotonic
// The active generation becomes the frozen one; the lock is held. False: there is a frozen one
// already, nothing to freeze, or no memory.
bool ls_history_freeze(ls_history *history, uint64_t position);

// pack.c
ls_status ls_history_start_packing(ls_history *history, ls_error *err);
void ls_history_stop_packing(ls_history *history);
// Reads the log into memory as far as it goes; for opening, before there are threads.
ls_status ls_history_catch_up_once(ls_history *history, ls_error *err);
