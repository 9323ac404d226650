// socket.h - the guard's end of its local socket: one caller at a time.
//
// FOLDER/guard.sock, 0600 in a folder of 0700; the peer must be of our own user (SO_PEERCRED).
// While a caller is connected another one is turned away. Lines of at most LS_GUARD_LINE_MAX bytes;
// who sends what is no message, or does not read what is said to it, is dropped. For one thread.
#pragma once

#include "guard/protocol.h"

typedef struct ls_guard_socket ls_guard_socket;

typedef struct ls_guard_socket_def {
    const char *folder;  // is there
    void (*message)(void *context, const ls_guard_message *message);
    void (*came)(void *context);  // a caller
    void (*gone)(void *context, const char *why);
    void *context;
} ls_guard_socket_def;

// Makes the folder (0700) unless it is there. Fails with LS_ERR_IO, LS_ERR_INVALID (open to
// others).
ls_status ls_guard_socket_folder(const char *folder, ls_error *err);
ls_status ls_guard_socket_open(const ls_guard_socket_def *def, ls_guard_socket **out,
                               ls_error *err);
void ls_guard_socket_close(ls_guard_socket *socket);  // NULL is fine
// Waits for the caller, for `wake_file` (which it empties) or for so long; calls back for what
// came.
void ls_guard_socket_wait(ls_guard_socket *socket, int wake_file, int timeout_ms);
// To the caller, if there is one.
void ls_guard_socket_say(ls_guard_socket *socket, const ls_guard_message *message);
bool ls_guard_socket_has_caller(const ls_guard_socket *socket);

// Lines out of a stream of bytes; also of the caller's end. False: a line is too long or no message
// (why says so).
typedef struct ls_guard_lines {
    char bytes[LS_GUARD_LINE_MAX + 1];
    size_t used;
} ls_guard_lines;
bool ls_guard_lines_take(ls_guard_lines *lines, size_t more,
                         void (*message)(void *context, const ls_guard_message *message),
                         void *context, const char **out_why);
