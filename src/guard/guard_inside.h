// guard_inside.h - what the files of the guard's process share. All of it under its lock.
#pragma once

#include <pthread.h>

#include "guard/guard.h"
#include "guard/hear.h"
#include "guard/memory.h"
#include "guard/socket.h"

enum {
    OUTBOX = 1024,
};

typedef struct guard {
    const ls_guard_def *def;
    ls_guard_limits *limits;
    ls_guard_state *state;
    ls_guard_journal *journal;
    ls_guard_writer *writer;
    ls_guard_ear *ear;
    ls_guard_socket *socket;
    pthread_mutex_t lock;  // recursive; of all but the socket
    int wake_file;
    ls_verdict outbox[OUTBOX];  // a ring of the newest: told, and told again to a caller that comes
    uint64_t outbox_end, outbox_said;
    int64_t caller_beat_us;  // monotonic; 0: never
    bool able, was_writing;
    bool *yields;         // written: conditions, then targets
    int64_t last_row_us;  // wall: of the newest row of before
    char why[LS_GUARD_WHY_SIZE];
    int64_t second_us;  // of the two counts
    uint32_t commands, rows, unwritten;
} guard;

void ls_guard_log(guard *g, const char *text);
// False: it is not on the disk.
bool ls_guard_write(guard *g, const ls_journal_entry *entry, bool durable);
// What the writer knows of the line into what the guards look at; the clock of now.
ls_guard_clock ls_guard_look(guard *g);
void ls_guard_put_verdict(guard *g, const ls_verdict *verdict, int64_t wall_us);

// guard_journal.c: the journal's rows of before, and its summary.
ls_status ls_guard_open_journal(guard *g, ls_error *err);
// Interlocks that were active and values that others changed are on the disk before anything is
// sent.
void ls_guard_write_yields(guard *g);

// guard_caller.c: what the service says.
void ls_guard_take_message(void *context, const ls_guard_message *message);
void ls_guard_say_verdicts(guard *g);
void ls_guard_count_seconds(guard *g, int64_t now_us);
