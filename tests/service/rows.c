// rows.c - see rows.h.
#include "tests/service/rows.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

// ---- rows, by the journal

static const char *events(const service *s) {
    const char *const arguments[] = {"history", "events", s->data, "--kind", "decision", NULL};
    const char *text = service_ask(arguments);
    return text != NULL ? text : "";
}

int rows_count(const service *s, const char *state) {
    char part[40];
    int n = 0;
    snprintf(part, sizeof part, " %s: ", state);
    for (const char *at = events(s); (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

bool rows_wait(const service *s, const char *state, int least) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (rows_count(s, state) < least && service_clock() < until) {
        service_pause(0.5);
    }
    return rows_count(s, state) >= least;
}

// The newest state of each row, by number; "": none. A line is
// "TIME  decision d-17: d-17 sent: ...".
static char newest[ROWS_MAX][12];

void rows_read(const service *s) {
    memset(newest, 0, sizeof newest);
    // Both are looked at together: where the clock was set back, what came later stands first.
    static bool sent[ROWS_MAX], over[ROWS_MAX];
    memset(sent, 0, sizeof sent);
    memset(over, 0, sizeof over);
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
            over[number] = over[number] || strcmp(state, "done") == 0 ||
                           strcmp(state, "denied") == 0 || strcmp(state, "lost") == 0;
        }
        at = end != NULL ? end + 1 : NULL;
    }
    for (int i = 0; i < ROWS_MAX; i++) {
        harness_note("d-%d %s", i, newest[i]);
        CHECK(!over[i] || sent[i]);
    }
}

int rows_count_newest(const char *state) {
    int n = 0;
    for (int i = 0; i < ROWS_MAX; i++) {
        n += strcmp(newest[i], state) == 0;
    }
    return n;
}

const char *rows_newest(int number) {
    return number > 0 && number < ROWS_MAX ? newest[number] : "";
}

// ---- children of the service

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

pid_t rows_find_child(const service *s, const char *part) {
    DIR *folder = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *entry; folder != NULL && found == 0 && (entry = readdir(folder)) != NULL;) {
        char command[1024];
        const pid_t pid = atoi(entry->d_name);
        if (pid > 0 && parent_of(pid, command, sizeof command) == s->run &&
            strstr(command, part) != NULL) {
            found = pid;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return found;
}
