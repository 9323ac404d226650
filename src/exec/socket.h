// socket.h - the pool's end of its local socket: many callers at once, a line each way.
//
// A caller sends lines of at most LS_POOL_LINE_MAX bytes and gets one line for each, in their
// order; who it is tells the kernel (SO_PEERCRED), not the caller. Nothing here waits: a caller
// that does not read is asked for no more, and one that sends many lines takes its turn like the
// others. One whose line is too long is told so and dropped. While all places are taken, whoever
// has been silent for longest makes room, if that is longer than `patience_us`; else the newcomer
// is told to come again. One user other than our own and root has at most a half of the places.
//
// In rounds: `serve` takes what has come, at most one line of each caller; `send` sends what was
// answered, once it is sure that it will stay true. For one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

enum {
    LS_POOL_LINE_MAX = 1 << 20,           // bytes of a line that comes, without its end
    LS_POOL_SOCKET_HELD_MAX = 64 << 20,   // bytes of unfinished lines, of all callers together
    LS_POOL_SOCKET_FILES_RESERVED = 160,  // of the process's limit of open files, for the rest
};

typedef struct ls_pool_socket ls_pool_socket;

typedef struct ls_pool_caller {
    uint32_t uid, gid;
    int32_t pid;
} ls_pool_caller;

typedef struct ls_pool_socket_def {
    const char *path;       // of the socket; its folder is there
    uint32_t mode;          // of the socket file: 0600 our own user, 0666 everybody
    uint32_t callers_most;  // 0: what the limit of open files allows
    int64_t patience_us;    // 0: 5 s
    // A line without its end; appends the answer, without a line's end and with none in it, to
    // *out. True: it holds only if what was done is kept (see send).
    bool (*ask)(void *context, const ls_pool_caller *who, const char *line, size_t size,
                ls_buffer *out);
    void *context;
} ls_pool_socket_def;

typedef struct ls_pool_socket_figures {
    uint32_t callers;      // connected now
    uint64_t came;         // since it was opened
    uint64_t turned_away;  // for want of a place
    uint64_t dropped;      // rude, or silent while others wanted the place
    uint64_t lines;        // answered
} ls_pool_socket_figures;

// Opens it; a socket file that nobody listens at is replaced. Copies the def. Fails with LS_ERR_IO,
// LS_ERR_INVALID (somebody listens there already, or what is there is no socket), LS_ERR_MEMORY;
// NULL in *out then.
ls_status ls_pool_socket_open(const ls_pool_socket_def *def, ls_pool_socket **out, ls_error *err);
void ls_pool_socket_close(ls_pool_socket *socket);  // hangs up, removes the file; NULL is fine

int ls_pool_socket_file(const ls_pool_socket *socket);     // readable when serve has work
int ls_pool_socket_wait_ms(const ls_pool_socket *socket);  // serve wants to be called then; -1: no
// Answers whose lines have come. Returns how many lines it took.
uint32_t ls_pool_socket_serve(ls_pool_socket *socket);
// Sends what serve answered. `instead` (a line without its end; NULL: nothing) takes the place of
// those answers that hold only if what was done is kept.
void ls_pool_socket_send(ls_pool_socket *socket, const char *instead);
ls_pool_socket_figures ls_pool_socket_describe(const ls_pool_socket *socket);
