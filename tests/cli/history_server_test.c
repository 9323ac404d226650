// history_server_test.c - `lineshaft history` on a PostgreSQL server.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/cli/program.h"
#include "tests/harness.h"
#include "tests/servers/postgres.h"

enum { LINE_SIZE = 1024 };

static program run(int code, const char *line) {
    program done = program_run(line);
    harness_note("lineshaft %s\n%s", line, done.err);
    CHECK_INT(done.code, code);
    return done;
}

static void test_a_server_takes_files_and_gives_them_back(void) {
    postgres_server server;
    char line[LINE_SIZE];
    if (!program_is_there() || !postgres_start(&server)) {
        return;
    }
    const char *expected = harness_source_path("tests/data/history/v1/expected.csv");
    snprintf(line, sizeof line, "history import %s %s --login %s --log %s", server.url, expected,
             server.login, program_temporary("log"));
    program done = run(0, line);
    program_clear(&done);
    // Who only reads needs no log.
    snprintf(line, sizeof line, "history export %s --login %s", server.url, server.login);
    done = run(0, line);
    char *text = harness_read_file(expected, NULL);
    CHECK_STR(done.out, text);
    free(text);
    program_clear(&done);
    snprintf(line, sizeof line, "history stats %s --login %s --json --tags", server.url,
             server.login);
    done = run(0, line);
    CHECK_CONTAINS(done.out, "\"samples\": 13");
    program_clear(&done);
    snprintf(line, sizeof line, "history backup %s %s --login %s", server.url,
             program_temporary("never"), server.login);
    done = run(3, line);
    CHECK_CONTAINS(done.err, "pg_dump --schema=lineshaft");
    program_clear(&done);
    // A wrong password, and a server that is not there.
    char wrong[256];
    snprintf(wrong, sizeof wrong, "%s/wrong", server.folder);
    FILE *file = fopen(wrong, "w");
    fputs("guessed\n", file);
    fclose(file);
    snprintf(line, sizeof line, "history export %s --login %s", server.url, wrong);
    done = run(3, line);
    CHECK_CONTAINS(done.err, "others may read this file");
    program_clear(&done);
    snprintf(line, sizeof line, "chmod 600 %s", wrong);
    CHECK_INT(system(line), 0);
    snprintf(line, sizeof line, "history export %s --login %s", server.url, wrong);
    done = run(4, line);
    CHECK_CONTAINS(done.err, "password authentication failed");
    program_clear(&done);
    postgres_kill(&server);
    snprintf(line, sizeof line, "history export %s --login %s", server.url, server.login);
    done = run(4, line);
    CHECK_CONTAINS(done.err, "refused");
    program_clear(&done);
    postgres_stop(&server);
    program_remove_temporary();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_server_takes_files_and_gives_them_back);
    return harness_report();
}
