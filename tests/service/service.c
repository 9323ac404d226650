// service.c - see service.h.
#include "tests/service/service.h"

#include <arpa/inet.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask_service.h"
#include "tests/harness.h"
#include "tests/servers/child.h"

enum { ARGUMENTS_MAX = 40, TEXT_SIZE = 1 << 20 };

double service_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void service_pause(double seconds) {
    const struct timespec pause = {.tv_sec = (time_t)seconds,
                                   .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
    nanosleep(&pause, NULL);
}

const char *service_file(const service *s, const char *name) {
    static char paths[8][SERVICE_PATH_SIZE + 64];
    static int at;
    char *path = paths[at++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

static const char *program(void) {
    const char *path = getenv("LINESHAFT_PROGRAM");
    return path != NULL ? path : "build/lineshaft";
}

static bool copy_plant(const service *s, const char *source, const char *more) {
    char path[SERVICE_PATH_SIZE];
    snprintf(path, sizeof path, "%s", harness_source_path(source));
    FILE *from = fopen(path, "re");
    FILE *to = fopen(s->plant, "we");
    int c = 0;
    while (from != NULL && to != NULL && (c = fgetc(from)) != EOF) {
        fputc(c, to);
    }
    const bool fine = from != NULL && to != NULL && fputs(more, to) >= 0;
    if (from != NULL) {
        fclose(from);
    }
    return to != NULL && fclose(to) == 0 && fine;
}

static void make_folder(service *s) {
    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "/tmp/lineshaft-service-XXXXXX");
    CHECK(mkdtemp(s->folder) != NULL);
    snprintf(s->plant, sizeof s->plant, "%s", service_file(s, "plant.yaml"));
    snprintf(s->data, sizeof s->data, "%s", service_file(s, "data"));
}

bool service_begin(service *s, const char *source, const char *more) {
    make_folder(s);
    const bool copied = copy_plant(s, source, more);
    CHECK(copied);
    return copied;
}

bool service_write(const char *path, const char *text) {
    FILE *to = fopen(path, "we");
    const bool fine = to != NULL && fputs(text, to) >= 0;
    return to != NULL && fclose(to) == 0 && fine;
}

bool service_begin_text(service *s, const char *text) {
    make_folder(s);
    const bool written = service_write(s->plant, text);
    CHECK(written);
    return written;
}

void service_end(service *s) {
    child_kill(s->emulate);
    child_kill(s->run);
    s->emulate = s->run = 0;
    char command[SERVICE_PATH_SIZE + 32];
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    if (system(command) != 0) {
        printf("cannot remove %s\n", s->folder);
    }
}

static bool answers(const service *s) {
    json_t *state = service_state(s);
    json_decref(state);
    return state != NULL;
}

// The last lines of a log, for a person who looks why.
static void show_log(const char *path) {
    char command[SERVICE_PATH_SIZE + 64];
    snprintf(command, sizeof command, "tail -n 20 '%s'", path);
    printf("--- %s\n", path);
    fflush(stdout);
    if (system(command) != 0) {
        printf("(no log)\n");
    }
}

bool service_run(service *s) {
    const char *const none[] = {NULL};
    return service_run_with(s, none);
}

void service_start(service *s, const char *const more[]) {
    char log[64];
    const char *arguments[ARGUMENTS_MAX] = {program(), "run",    s->plant, "--data",
                                            s->data,   "--port", "0"};
    int count = 7;
    for (int i = 0; more[i] != NULL && count < ARGUMENTS_MAX - 1; i++) {
        arguments[count++] = more[i];
    }
    snprintf(log, sizeof log, "run-%d.log", ++s->starts);
    const char *path = service_file(s, log);
    unlink(service_file(s, "data/service.json"));
    s->run = child_start(arguments, path, path);
}

bool service_run_with(service *s, const char *const more[]) {
    char log[64];
    service_start(s, more);
    const double until = service_clock() + 30.0;
    while (!answers(s) && service_clock() < until && waitpid(s->run, NULL, WNOHANG) == 0) {
        service_pause(0.05);
    }
    const bool fine = answers(s);
    if (!fine) {
        snprintf(log, sizeof log, "run-%d.log", s->starts);
        show_log(service_file(s, log));
    }
    CHECK(fine);
    return fine;
}

int service_run_to_end(service *s, const char *plant, const char *const more[]) {
    char log[64];
    const char *arguments[ARGUMENTS_MAX] = {program(), "run", plant};
    int count = 3;
    for (int i = 0; more[i] != NULL && count < ARGUMENTS_MAX - 1; i++) {
        arguments[count++] = more[i];
    }
    snprintf(log, sizeof log, "run-%d.log", ++s->starts);
    const char *path = service_file(s, log);
    return child_wait(child_start(arguments, path, path));
}

char *service_log(const service *s) {
    char log[64];
    snprintf(log, sizeof log, "run-%d.log", s->starts);
    char *text = harness_read_file(service_file(s, log), NULL);
    return text != NULL ? text : calloc(1, 1);
}

bool service_wait_log(const service *s, const char *part) {
    const double until = service_clock() + 10.0;
    bool there = false;
    while (!there && service_clock() < until) {
        char *text = service_log(s);
        there = strstr(text, part) != NULL;
        free(text);
        service_pause(there ? 0.0 : 0.05);
    }
    return there;
}

bool service_emulate(service *s, const char *const more[]) {
    const char *arguments[ARGUMENTS_MAX] = {program(), "line",   "emulate",
                                            s->plant,  "--data", s->data};
    int count = 6;
    for (int i = 0; more[i] != NULL && count < ARGUMENTS_MAX - 1; i++) {
        arguments[count++] = more[i];
    }
    const char *path = service_file(s, "emulate.log");
    s->emulate = child_start(arguments, path, path);
    CHECK(s->emulate > 0);
    return s->emulate > 0;
}

static bool ask(const service *s, const char *path, ls_buffer *out) {
    ls_service_address address;
    ls_error err = {0};
    return ls_service_find(s->data, &address, &err) == LS_OK &&
           ls_service_ask(&address, path, out, &err) == LS_OK;
}

static int dial(const service *s) {
    ls_service_address address;
    if (ls_service_find(s->data, &address, NULL) != LS_OK) {
        return -1;
    }
    const struct sockaddr_in where = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)address.port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)(const void *)&where, sizeof where) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// The engineer's token, or nothing where there is none yet.
static void read_token(const service *s, char *out, size_t size) {
    char *text = harness_read_file(service_file(s, "data/tokens.json"), NULL);
    json_t *tokens = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const char *token = json_string_value(json_object_get(tokens, "engineer"));
    snprintf(out, size, "%s", token != NULL ? token : "none");
    json_decref(tokens);
    free(text);
}

int service_get(const service *s, const char *path, const char **out_body) {
    static char text[TEXT_SIZE];
    size_t size = 0;
    ssize_t got = 1;
    int status = 0;
    char token[64];
    const int fd = dial(s);
    if (fd >= 0) {
        read_token(s, token, sizeof token);
        dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", path,
                token);
        while (got > 0 && size < sizeof text - 1) {
            got = read(fd, text + size, sizeof text - 1 - size);
            size += got > 0 ? (size_t)got : 0;
        }
        close(fd);
    }
    text[size] = '\0';
    const char *body = strstr(text, "\r\n\r\n");
    *out_body = body != NULL ? body + 4 : "";
    return sscanf(text, "HTTP/%*s %d", &status) == 1 ? status : 0;
}

bool service_wait_status(const service *s, const char *path, int status) {
    const double until = service_clock() + 10.0;
    const char *body;
    while (service_get(s, path, &body) != status && service_clock() < until) {
        service_pause(0.05);
    }
    return service_get(s, path, &body) == status;
}

json_t *service_state(const service *s) {
    ls_buffer text;
    ls_buffer_init(&text);
    json_t *state = ask(s, "/state", &text) ? json_loads(text.data, 0, NULL) : NULL;
    ls_buffer_clear(&text);
    return state;
}

double service_metric(const service *s, const char *name) {
    ls_buffer text;
    char line[128];
    double value = NAN;
    ls_buffer_init(&text);
    snprintf(line, sizeof line, "\nlineshaft_%s ", name);
    if (ask(s, "/metrics", &text)) {
        const char *at = strstr(text.data, line);
        value = at != NULL ? strtod(at + strlen(line), NULL) : NAN;
    }
    ls_buffer_clear(&text);
    return value;
}

double service_settled(const service *s, const char *name) {
    enum { STEPS = 8, MOST = 400 };
    double last = service_metric(s, name);
    int same = 0;
    for (int i = 0; i < MOST && same < STEPS; i++) {
        service_pause(0.25);
        const double now = service_metric(s, name);
        same = now == last ? same + 1 : 0;
        last = now;
    }
    return last;
}

const char *service_ask(const char *const arguments[]) {
    static char text[TEXT_SIZE];
    char command[4096];
    int used = snprintf(command, sizeof command, "'%s'", program());
    for (int i = 0; arguments[i] != NULL; i++) {
        used += snprintf(command + used, sizeof command - (size_t)used, " '%s'", arguments[i]);
    }
    FILE *pipe = popen(command, "re");
    const size_t size = pipe != NULL ? fread(text, 1, sizeof text - 1, pipe) : 0;
    text[size] = '\0';
    return pipe != NULL && pclose(pipe) == 0 ? text : NULL;
}

int service_wait(pid_t *child, double seconds) {
    const double until = service_clock() + seconds;
    int status = 0;
    while (*child > 0 && service_clock() < until) {
        if (waitpid(*child, &status, WNOHANG) == *child) {
            *child = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        service_pause(0.02);
    }
    child_kill(*child);
    *child = 0;
    return -1;
}

int service_stop(pid_t *child, double seconds) {
    if (*child > 0) {
        kill(*child, SIGTERM);
    }
    return service_wait(child, seconds);
}
