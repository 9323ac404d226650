// postgres_test.c - the server that other tests stand on: it comes, goes, comes back, and leaves
// nothing.
#include "tests/servers/postgres.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

static bool ask(const postgres_server *server, const char *sql) {
    const char *const keys[] = {"dbname", "password", NULL};
    const char *const values[] = {server->url, server->password, NULL};
    PGconn *connection = PQconnectdbParams(keys, values, 1);
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    PQfinish(connection);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static void test_it_keeps_what_it_had_through_kill_and_restart(void) {
    postgres_server server;
    if (!postgres_start(&server)) {
        return;
    }
    CHECK(ask(&server, "create table kept (x int)"));
    postgres_kill(&server);
    CHECK(!ask(&server, "select x from kept"));
    CHECK(postgres_restart(&server));
    CHECK(ask(&server, "select x from kept"));
    char folder[POSTGRES_PATH_SIZE];
    memcpy(folder, server.folder, sizeof folder);
    postgres_stop(&server);
    CHECK(access(folder, F_OK) != 0);
}

static void test_it_is_gone_when_the_test_is_killed(void) {
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        postgres_server server;
        if (postgres_start(&server) &&
            write(ends[1], &server, sizeof server) == (ssize_t)sizeof server) {
            raise(SIGKILL);
        }
        _exit(1);
    }
    postgres_server server = {0};
    CHECK_INT(read(ends[0], &server, sizeof server), sizeof server);
    waitpid(child, NULL, 0);
    bool gone = false;
    for (int i = 0; i < 500 && !gone; i++) {
        gone = access(server.folder, F_OK) != 0 && kill(server.pid, 0) != 0;
        usleep(20000);
    }
    CHECK(gone);
    close(ends[0]);
    close(ends[1]);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_keeps_what_it_had_through_kill_and_restart);
    TEST(test_it_is_gone_when_the_test_is_killed);
    return harness_report();
}
