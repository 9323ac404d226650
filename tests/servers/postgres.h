// postgres.h - a PostgreSQL server of its own for tests: on loopback, on a free port, in a
// temporary folder, gone with the test whatever happens to it.
//
// List the program in `<room>_server_tests` with this file beside it:
//
//     'store_postgres': files('store_postgres_test.c', '../../tests/servers/postgres.c')
//
// A server that cannot be started is a failure of the running test. Started as root, it runs as
// user `postgres`. Its one user is `lineshaft`, who may do everything; its database is `lineshaft`.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { POSTGRES_PATH_SIZE = 128 };

typedef struct postgres_server {
    char folder[POSTGRES_PATH_SIZE];  // 0755, everything below it
    char login[POSTGRES_PATH_SIZE];   // a file (0600) with the password in its first line
    char url[POSTGRES_PATH_SIZE];     // postgresql://lineshaft@127.0.0.1:PORT/lineshaft
    const char *password;             // the one in `login`
    int port;
    pid_t pid;         // of the server; 0: does not run
    int janitor_pipe;  // its end tells the janitor to clean up
    pid_t janitor;
} postgres_server;

// Makes and starts one, waits until it answers. False after a failed check.
bool postgres_start(postgres_server *out);
// kill -9, the connections with it: the server is away from one moment to the next.
void postgres_kill(postgres_server *server);
// Starts it again on the same port with what it had; waits until it answers.
bool postgres_restart(postgres_server *server);
// Kills it and removes the folder. Zeroed or stopped is fine.
void postgres_stop(postgres_server *server);
