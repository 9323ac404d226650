// decide_test.c - the whole circle as programs: an emulated cell is heard, decided about, and
// commanded through the guard; then the guard dies, and then the service, without warning.
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/service/service.h"

enum { PATIENCE_S = 240, ROWS_MAX = 20000 };

// ---- the plant: the cell of the examples, that may send by itself and has time for it

static bool begin(service *s) {
    char *text = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), NULL);
    char *decide = text != NULL ? strstr(text, "\ndecide:") : NULL;
    CHECK(decide != NULL);
    char all[8192];
    if (decide == NULL || decide - text > 7000) {
        free(text);
        return false;
    }
    snprintf(all, sizeof all,
             "%.*s\ndecide:\n  dispatch: {at: grind, mode: auto, within: 2 s, futures: 400}\n",
             (int)(decide - text), text);
    free(text);
    const bool fine = service_begin_text(s, all);
    CHECK(fine);
    return fine;
}

// ---- rows, by the journal

static const char *events(const service *s) {
    const char *const arguments[] = {"history", "events", s->data, "--kind", "decision", NULL};
    const char *text = service_ask(arguments);
    return text != NULL ? text : "";
}

// Versions of rows that say this.
static int count(const service *s, const char *state) {
    char part[40];
    int n = 0;
    snprintf(part, sizeof part, " %s: ", state);
    for (const char *at = events(s); (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static bool wait_count(const service *s, const char *state, int least) {
    const double until = service_clock() + PATIENCE_S;
    while (count(s, state) < least && service_clock() < until) {
        service_pause(0.5);
    }
    return count(s, state) >= least;
}

// The newest version of each row, by number; "": none. A line is
// "TIME  decision d-17: d-17 sent: ...".
static char newest[ROWS_MAX][12];

// Also: nothing is done, denied or lost that was not written down as sent before.
static void read_rows(const service *s) {
    memset(newest, 0, sizeof newest);
    static bool sent[ROWS_MAX];
    memset(sent, 0, sizeof sent);
    for (const char *at = events(s); at != NULL && *at != '\0';) {
        const char *end = strchr(at, '\n');
        const char *text = strstr(at, ": d-");
        int number = 0;
        int used = 0;  // stays so when the colon is not there
        char state[12] = "";
        if (text != NULL && (end == NULL || text < end) &&
            sscanf(text + 2, "d-%d %11[a-z]:%n", &number, state, &used) == 2 && used > 0 &&
            number > 0 && number < ROWS_MAX) {
            snprintf(newest[number], sizeof newest[number], "%s", state);
            sent[number] = sent[number] || strcmp(state, "sent") == 0;
            const bool is_over = strcmp(state, "done") == 0 || strcmp(state, "denied") == 0 ||
                                 strcmp(state, "lost") == 0;
            harness_note("d-%d %s", number, state);
            CHECK(!is_over || sent[number]);
        }
        at = end != NULL ? end + 1 : NULL;
    }
}

static int count_newest(const char *state) {
    int n = 0;
    for (int i = 0; i < ROWS_MAX; i++) {
        n += strcmp(newest[i], state) == 0;
    }
    return n;
}

// ---- the guard's process: a child of the service

static pid_t parent_of(pid_t pid, char *command, size_t size) {
    char path[64], text[512] = "";
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        const char *close = fgets(text, sizeof text, file) != NULL ? strrchr(text, ')') : NULL;
        if (close == NULL || sscanf(close, ") %*c %d", &parent) != 1) {
            parent = 0;
        }
        fclose(file);
    }
    command[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    file = fopen(path, "re");
    if (file != NULL) {
        const size_t got = fread(command, 1, size - 1, file);
        for (size_t i = 0; i < got; i++) {
            command[i] = command[i] == '\0' ? ' ' : command[i];
        }
        command[got] = '\0';
        fclose(file);
    }
    return parent;
}

static pid_t find_guard(const service *s) {
    DIR *folder = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *entry; folder != NULL && found == 0 && (entry = readdir(folder)) != NULL;) {
        char command[1024];
        const pid_t pid = atoi(entry->d_name);
        if (pid > 0 && parent_of(pid, command, sizeof command) == s->run &&
            strstr(command, " guard ") != NULL) {
            found = pid;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return found;
}

// ---- tests

static bool start(service *s) {
    static const char *const fast[] = {"--speed", "60", NULL};
    return begin(s) && service_run(s) && service_emulate(s, fast);
}

static void test_commands_go_out_and_what_came_of_them_comes_back(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(wait_count(&s, "done", 1));
        read_rows(&s);
        CHECK(count_newest("done") >= 1);
        // What was decided is decided the same again.
        for (int i = 1; i < ROWS_MAX; i++) {
            if (strcmp(newest[i], "done") == 0) {
                char id[20];
                snprintf(id, sizeof id, "d-%d", i);
                const char *const replay[] = {"decide", "replay", s.plant, id,
                                              "--data", s.data,   NULL};
                const char *said = service_ask(replay);
                CHECK(said != NULL && strstr(said, "the same, bit for bit") != NULL);
                const char *const explain[] = {"decide", "explain", s.plant, id,
                                               "--data", s.data,    NULL};
                said = service_ask(explain);
                CHECK(said != NULL && strstr(said, "chosen") != NULL);
                break;
            }
        }
    }
    service_end(&s);
}

static void test_a_guard_that_dies_is_started_again(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(wait_count(&s, "done", 1));
        const pid_t guard = find_guard(&s);
        CHECK(guard > 0);
        if (guard > 0) {
            kill(guard, SIGKILL);
            CHECK(service_wait_log(&s, "the guard was killed by signal 9"));
        }
        const int before = count(&s, "done");
        CHECK(wait_count(&s, "done", before + 1));
        CHECK(find_guard(&s) > 0 && find_guard(&s) != guard);
        read_rows(&s);
    }
    service_end(&s);
}

static void test_nothing_is_sent_late_after_the_service_died(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(wait_count(&s, "sent", 1));
        kill(s.run, SIGKILL);
        waitpid(s.run, NULL, 0);
        s.run = 0;
        CHECK(service_run(&s));
        read_rows(&s);
        // What was on its way is lost or was answered; what was not sent is expired.
        int newest_row = 0;
        for (int i = 1; i < ROWS_MAX; i++) {
            newest_row = newest[i][0] != '\0' ? i : newest_row;
        }
        CHECK(newest_row > 0);
        const int before = count(&s, "done");
        CHECK(wait_count(&s, "done", before + 1));
        read_rows(&s);
        CHECK_INT(count_newest("open"), 0);
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_commands_go_out_and_what_came_of_them_comes_back);
    TEST(test_a_guard_that_dies_is_started_again);
    TEST(test_nothing_is_sent_late_after_the_service_died);
    return harness_report();
}
