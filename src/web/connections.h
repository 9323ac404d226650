// connections.h - who is connected, since when without having asked, and who is cut off for it.
//
// A client that says nothing holds a place and a thread. It has `patience` for a whole question,
// and a fifth of it while more than half of the places are taken, so that silent clients never
// keep others out for long; where all are taken, the one that was silent for longest goes at once.
// Safe for any thread.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_CONNECTIONS_SPARE = 32 };  // for those on their way out

typedef struct ls_connections ls_connections;
typedef struct ls_connection {
    int fd;
    int64_t since_us;  // monotonic
    bool waits;        // for the client, and not the client for us
    bool cut;
    bool used;
} ls_connection;

ls_status ls_connections_open(uint32_t most, int64_t patience_us, ls_connections **out,
                              ls_error *err);
void ls_connections_close(ls_connections *connections);  // NULL is fine
// NULL: no place.
ls_connection *ls_connections_enter(ls_connections *connections, int fd);
void ls_connections_leave(ls_connections *connections, ls_connection *connection);
// The question is whole (false), or the next may come (true).
void ls_connections_wait(ls_connections *connections, ls_connection *connection, bool waits);
int64_t ls_connections_clock_us(void);
