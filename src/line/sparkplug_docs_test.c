// sparkplug_docs_test.c - every test that docs/SPARKPLUG.md names exists.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static const char *const programs[] = {
    "src/line/sparkplug_edge_test.c",    "src/line/sparkplug_host_test.c",
    "src/line/sparkplug_payload_test.c", "src/line/sparkplug_topic_test.c",
    "src/line/sparkplug_pair_test.c",    "src/line/sparkplug_peer_test.c",
    "src/line/sparkplug_server_test.c",  "src/line/mqtt_server_test.c",
};
enum { PROGRAMS = sizeof programs / sizeof programs[0], NAME = 128 };

static char *sources[PROGRAMS];

static bool is_run(const char *name) {
    char call[NAME + 16];
    snprintf(call, sizeof call, "TEST(%s);", name);
    for (int i = 0; i < PROGRAMS; i++) {
        if (sources[i] != NULL && strstr(sources[i], call) != NULL) {
            return true;
        }
    }
    return false;
}

static int check_names(const char *text) {
    int count = 0;
    for (const char *at = strstr(text, "`test_"); at != NULL; at = strstr(at, "`test_")) {
        char name[NAME];
        size_t size = 0;
        for (at++; (isalnum((unsigned char)*at) || *at == '_') && size + 1 < sizeof name; at++) {
            name[size++] = *at;
        }
        name[size] = '\0';
        harness_note("%s", name);
        CHECK(*at == '`');
        CHECK(is_run(name));
        count++;
    }
    return count;
}

// Rows of assertions: three cells, and the last names a test.
static int check_rows(const char *text) {
    int rows = 0;
    const char *at = strstr(text, "## Assertions");
    const char *end = at != NULL ? strstr(at, "## Where we differ") : NULL;
    CHECK(at != NULL && end != NULL);
    for (; at != NULL && at < end; at = strchr(at, '\n') + 1) {
        const size_t length = strcspn(at, "\n");
        if (strncmp(at, "| ", 2) != 0 || strncmp(at, "| assertion", 11) == 0) {
            continue;
        }
        const char *test = memmem(at, length, "`test_", 6);
        harness_note("%.*s", (int)length, at);
        CHECK(test != NULL);
        rows++;
    }
    return rows;
}

static void test_every_test_that_the_document_names_is_run(void) {
    for (int i = 0; i < PROGRAMS; i++) {
        sources[i] = harness_read_file(harness_source_path(programs[i]), NULL);
        harness_note("%s", programs[i]);
        CHECK(sources[i] != NULL);
    }
    char *text = harness_read_file(harness_source_path("docs/SPARKPLUG.md"), NULL);
    CHECK(text != NULL);
    if (text != NULL) {
        CHECK(check_names(text) > 60);
        CHECK(check_rows(text) > 40);
    }
    free(text);
    for (int i = 0; i < PROGRAMS; i++) {
        free(sources[i]);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_test_that_the_document_names_is_run);
    return harness_report();
}
