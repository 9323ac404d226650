// demo_test.c - `lineshaft demo` as a user starts it: it ends by itself with an account, and leaves
// nothing running and nothing behind.
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

static char folder[128];

static const char *program(void) {
    const char *path = getenv("LINESHAFT_PROGRAM");
    return path != NULL ? path : "build/lineshaft";
}

static const char *in_folder(const char *name) {
    static char paths[4][256];
    static int at;
    char *path = paths[at++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/lineshaft-demo-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    setenv("TMPDIR", folder, 1);
}

static void end(void) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_INT(system(command), 0);
}

// Programs whose command line names the folder.
static int still_running(void) {
    int count = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e = NULL; proc != NULL && (e = readdir(proc)) != NULL;) {
        char path[300];
        char line[4096];
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        FILE *file = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (file == NULL) {
            continue;
        }
        const size_t size = fread(line, 1, sizeof line - 1, file);
        fclose(file);
        for (size_t i = 0; i < size; i++) {
            line[i] = line[i] == '\0' ? ' ' : line[i];
        }
        line[size] = '\0';
        count += strstr(line, folder) != NULL;
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return count;
}

static int entries(void) {
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e = NULL; dir != NULL && (e = readdir(dir)) != NULL;) {
        count += e->d_name[0] != '.';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static char *said(const char *name) {
    char *text = harness_read_file(in_folder(name), NULL);
    return text != NULL ? text : strdup("");
}

static void test_it_ends_by_itself_with_an_account(void) {
    begin();
    const char *const arguments[] = {program(), "demo", "--for",   "20s",  "--speed", "120",
                                     "--week",  "4h",   "--drift", "5min", "--json",  NULL};
    const int code = child_wait(child_start(arguments, in_folder("out"), in_folder("err")));
    char *out = said("out");
    char *err = said("err");
    harness_note("%.1500s", err);
    CHECK_INT(code, 0);
    json_t *account = json_loads(out, 0, NULL);
    const json_t *lines = json_object_get(account, "lines");
    CHECK_INT(json_array_size(lines), 2);
    CHECK(json_integer_value(json_object_get(json_array_get(lines, 0), "made")) > 0);
    CHECK(json_integer_value(json_object_get(json_array_get(lines, 1), "made")) > 0);
    CHECK(json_is_true(json_object_get(account, "emulated")));
    CHECK_STR(json_string_value(json_object_get(account, "format")), "demo/1");
    const json_t *difference = json_object_get(account, "difference");
    CHECK(json_number_value(json_object_get(difference, "hours")) > 0.0);
    CHECK(json_is_number(json_object_get(difference, "worth")));
    for (size_t i = 0; i < 2; i++) {
        const json_t *line = json_array_get(lines, i);
        CHECK(json_is_number(json_object_get(line, "on_time")));
        CHECK(json_number_value(json_object_get(line, "cost")) > 0.0);
    }
    CHECK(json_is_object(json_object_get(account, "decisions")));
    CHECK_CONTAINS(err, "The page: http://127.0.0.1:");
    CHECK_CONTAINS(err, "The account:");
    CHECK(json_is_array(json_object_get(account, "kinds")));
    CHECK(json_is_array(json_object_get(account, "models")));
    CHECK_CONTAINS(err, "  tool-wear: ");  // what came of learning from so short a week
    CHECK_CONTAINS(err,
                   "10:05:00  emulated: the vibration sensors of grind-1, grind-2 and grind-3 "
                   "are replaced by ones that read 0.9 mm/s less; Lineshaft is not told\n");
    CHECK_CONTAINS(err, "  wheels that broke ");
    json_decref(account);
    free(out);
    free(err);
    CHECK_INT(still_running(), 0);
    CHECK_INT(entries(), 2);  // out and err
    end();
}

static void test_ctrl_c_ends_it_cleanly(void) {
    begin();
    const char *const arguments[] = {program(), "demo",  "--week", "4h", "--speed",
                                     "120",     "--for", "5m",     NULL};
    const pid_t demo = child_start(arguments, in_folder("out"), in_folder("err"));
    char *out = said("out");
    for (int i = 0; i < 1200 && strstr(out, "inside |") == NULL; i++) {
        free(out);
        service_pause(0.1);
        out = said("out");
    }
    CHECK_CONTAINS(out, "inside |");
    free(out);
    kill(demo, SIGINT);
    CHECK_INT(child_wait(demo), 0);
    out = said("out");
    CHECK_CONTAINS(out, "The account:");
    free(out);
    CHECK_INT(still_running(), 0);
    end();
}

// The first screen has decisions: rows of the emulated past, in the plant's time, sent to nobody.
static void test_the_emulated_past_has_decisions(void) {
    char data[300];
    char history[320];
    begin();
    snprintf(data, sizeof data, "%s/kept", folder);
    snprintf(history, sizeof history, "%s/kept/data/history", folder);
    const char *const demo[] = {program(), "demo", "--week", "4h", "--for", "1s",
                                "--drift", "1h",   "--data", data, NULL};
    CHECK_INT(child_wait(child_start(demo, in_folder("out"), in_folder("err"))), 0);
    const char *const events[] = {program(),  "history", "events",           history,  "--kind",
                                  "decision", "--to",    "2026-01-05T10:00", "--json", NULL};
    CHECK_INT(child_wait(child_start(events, in_folder("rows"), in_folder("err"))), 0);
    char *rows = said("rows");
    int count = 0;
    json_int_t futures = 0;  // of all rows: each has 100 ms, in which a busy machine may run none
    char *rest = NULL;
    for (char *line = strtok_r(rows, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *event = json_loads(line, 0, NULL);
        const json_t *row = json_object_get(event, "details");
        const char *state = json_string_value(json_object_get(row, "state"));
        CHECK(state != NULL && (strcmp(state, "watched") == 0 || strcmp(state, "kept") == 0));
        CHECK_STR(json_string_value(json_object_get(row, "mode")), "watch");
        CHECK_INT(json_array_size(json_object_get(row, "sent")), 0);
        CHECK(json_array_size(json_object_get(row, "candidates")) > 1);
        futures += json_integer_value(json_object_get(row, "futures"));
        count++;
        json_decref(event);
    }
    CHECK(count > 0);
    CHECK(futures > 0);
    free(rows);
    end();
}

static void test_a_folder_that_holds_something_is_refused(void) {
    begin();
    CHECK(service_write(in_folder("mine"), "here"));
    const char *const arguments[] = {program(), "demo", "--data", folder, NULL};
    CHECK_INT(child_wait(child_start(arguments, "/dev/null", in_folder("err"))), 4);
    char *err = said("err");
    CHECK_CONTAINS(err, "a folder that is new or empty");
    free(err);
    end();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_ends_by_itself_with_an_account);
    TEST(test_ctrl_c_ends_it_cleanly);
    TEST(test_the_emulated_past_has_decisions);
    TEST(test_a_folder_that_holds_something_is_refused);
    return harness_report();
}
