// http_bench.c - what a prediction over HTTP costs: the Open Inference Protocol on a connection
// that is kept, from before the question is sent until its answer is there, server and client on
// one machine.
//
// http_bench FOLDER [QUESTIONS]
//     The model and rows that `serving_bench train FOLDER` has left: 300 trees of depth 6, 60
//     features; one row a question. Each answer is compared with the walker, to the bit.
// Prints one JSON object; times in microseconds.
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "model/tree_read.h"
#include "web/infer_api.h"

enum { FEATURES = 60, NAME = 8, ANSWER = 4096 };
#define TOKEN "bench-bench-bench-bench"

static ls_tree_model *model;
static char name_text[FEATURES][NAME];
static const char *names[FEATURES];

static void stop(const char *what, const ls_error *err) {
    fprintf(stderr, "http_bench: %s: %s\n", what, err != NULL ? err->text : "failed");
    exit(1);
}

static void say(const void *context, const float *row, double *wide, ls_infer_said *out) {
    float value = 0.0F;
    (void)context;
    (void)wide;
    ls_tree_predict(model, row, NULL, &value);
    *out = (ls_infer_said){(double)value, (double)value - 1.0, (double)value + 1.0, false};
}

static const char *name_of(void *context, uint32_t index, char *out, size_t size) {
    (void)context;
    return index == 0 ? (ls_text_format(out, size, "m"), out) : NULL;
}

static ls_infer_found hold(void *context, const char *name, uint32_t number, ls_infer_held *out) {
    (void)context;
    (void)name;
    (void)number;
    *out = (ls_infer_held){.model = {.name = "m",
                                     .version = 1,
                                     .platform = "lineshaft_trees",
                                     .columns = names,
                                     .column_count = FEATURES,
                                     .room = FEATURES,
                                     .say = say},
                           .versions = {1},
                           .version_count = 1};
    return LS_INFER_FOUND;
}

static void release(void *context, ls_infer_held *held) {
    (void)context;
    (void)held;
}

static ls_server *start(void) {
    static const ls_route routes[] = {{"POST", "/v2/models/*/infer", LS_RIGHT_VIEWER,
                                       LS_EFFORT_BRISK, LS_INFER_BODY_MOST, ls_infer_model_ask}};
    static const ls_auth auth = {.tokens = {TOKEN, TOKEN "o", TOKEN "e"}};
    static ls_infer_source source = {
        .version = "bench", .name = name_of, .hold = hold, .release = release};
    const ls_server_def def = {.listen = "127.0.0.1",
                               .auth = &auth,
                               .routes = routes,
                               .route_count = 1,
                               .context = &source};
    ls_server *server = NULL;
    ls_error err = {0};
    if (ls_server_start(&def, &server, &err) != LS_OK) {
        stop("server", &err);
    }
    return server;
}

static int dial(const ls_server *server) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)ls_server_port(server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)&where, sizeof where) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        stop("connection", NULL);
    }
    return fd;
}

static double clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void write_question(const float *row, ls_buffer *out) {
    ls_buffer body;
    ls_buffer_init(&body);
    ls_buffer_printf(&body,
                     "{\"inputs\":[{\"name\":\"features\",\"shape\":[1,%d],\"datatype\":\"FP32\","
                     "\"data\":[",
                     FEATURES);
    for (int i = 0; i < FEATURES; i++) {
        ls_buffer_printf(&body, isnan(row[i]) ? "%snull" : "%s%.9g", i > 0 ? "," : "",
                         (double)row[i]);
    }
    ls_buffer_text(&body, "]}]}");
    ls_buffer_printf(out,
                     "POST /v2/models/m/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                     "%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     TOKEN, body.size, body.data);
    ls_buffer_clear(&body);
}

static void ask(int fd, const ls_buffer *question, char got[ANSWER]) {
    size_t all = 0, wanted = SIZE_MAX;
    if (send(fd, question->data, question->size, MSG_NOSIGNAL) != (ssize_t)question->size) {
        stop("send", NULL);
    }
    while (all < wanted) {
        const ssize_t n = read(fd, got + all, ANSWER - 1 - all);
        if (n <= 0) {
            stop("the server has hung up", NULL);
        }
        all += (size_t)n;
        got[all] = '\0';
        const char *end = strstr(got, "\r\n\r\n"), *length = strstr(got, "Content-Length: ");
        if (wanted == SIZE_MAX && end != NULL && length != NULL) {
            wanted = (size_t)(end + 4 - got) + (size_t)strtoul(length + 16, NULL, 10);
        }
    }
}

static bool is_right(const char *got, const float *row) {
    const char *data = strstr(got, "\"data\":[");
    ls_infer_said said;
    say(NULL, row, NULL, &said);
    return data != NULL && strtod(data + 8, NULL) == said.prediction;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *read_file(const char *folder, const char *name, size_t *out_size) {
    static ls_arena arena;  // to the end
    char path[600];
    char *bytes = NULL;
    ls_error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (ls_file_read(path, (size_t)256 << 20, &arena, &bytes, out_size, &err) != LS_OK) {
        stop(path, &err);
    }
    return bytes;
}

// Spaced so that the rate limit of one address never holds a question back.
static void pause_us(double until_us) {
    while (clock_us() < until_us) {
        const struct timespec step = {.tv_nsec = 20000};
        nanosleep(&step, NULL);
    }
}

int main(int argc, char **argv) {
    const int count = argc > 2 ? atoi(argv[2]) : 20000;
    if (argc < 2 || count < 100) {
        fprintf(stderr, "usage: http_bench FOLDER [QUESTIONS]\n");
        return 2;
    }
    size_t model_size = 0, rows_size = 0;
    char *text = read_file(argv[1], "model.json", &model_size);
    const float *rows = read_file(argv[1], "rows.f32", &rows_size);
    const size_t row_count = rows_size / sizeof(float) / FEATURES;
    ls_error err = {0};
    if (ls_tree_read_text(text, model_size, "model.json", &model, &err) != LS_OK ||
        model->feature_count != FEATURES || row_count == 0) {
        stop("the model", &err);
    }
    for (int i = 0; i < FEATURES; i++) {
        ls_text_format(name_text[i], NAME, "f%d", i);
        names[i] = name_text[i];
    }
    ls_server *server = start();
    const int fd = dial(server);
    double *times = ls_alloc((size_t)count * sizeof *times);
    if (times == NULL) {
        stop("no memory", NULL);
    }
    static char got[ANSWER];
    int wrong = 0;
    for (int i = -500; i < count; i++) {
        const float *row = rows + (size_t)((i + 500) % (int)row_count) * FEATURES;
        ls_buffer question;
        ls_buffer_init(&question);
        write_question(row, &question);
        const double t0 = clock_us();
        ask(fd, &question, got);
        const double t1 = clock_us();
        if (i >= 0) {
            times[i] = t1 - t0;
            wrong += !is_right(got, row);
        }
        ls_buffer_clear(&question);
        pause_us(t0 + 550.0);
    }
    qsort(times, (size_t)count, sizeof *times, compare);
    printf(
        "{\"questions\":%d,\"trees\":%u,\"features\":%d,\"different\":%d,\"p50\":%.1f,\"p99\":%.1f,"
        "\"p999\":%.1f}\n",
        count, model->tree_count, FEATURES, wrong, times[count / 2], times[count * 99 / 100],
        times[(int)((double)count * 0.999)]);
    close(fd);
    ls_server_stop(server);
    return wrong == 0 ? 0 : 1;
}
