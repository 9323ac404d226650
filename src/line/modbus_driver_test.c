// modbus_driver_test.c - the driver against our own server, and against servers that lie.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "line/driver.h"
#include "line/modbus_server.h"
#include "line/modbus_value.h"
#include "tests/harness.h"

enum { HEARD_MAX = 4096 };

typedef struct ear {
    pthread_mutex_t mutex;
    ls_sample heard[HEARD_MAX];
    char texts[HEARD_MAX][24];
    size_t count;
    unsigned notices[LS_NOTICE_KIND_COUNT];
    char last[LS_NOTICE_KIND_COUNT][300];
} ear;

static bool hear(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    (void)pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < count && e->count < HEARD_MAX; i++) {
        e->heard[e->count] = samples[i];
        if (samples[i].kind == LS_VALUE_TEXT) {
            snprintf(e->texts[e->count], sizeof e->texts[0], "%.*s", (int)samples[i].size,
                     samples[i].value.text);
        }
        e->count++;
    }
    (void)pthread_mutex_unlock(&e->mutex);
    return true;
}

static void notice(void *context, const ls_notice *n) {
    ear *e = context;
    (void)pthread_mutex_lock(&e->mutex);
    e->notices[n->kind]++;
    snprintf(e->last[n->kind], sizeof e->last[0], "%s: %s", n->subject, n->text);
    (void)pthread_mutex_unlock(&e->mutex);
}

static void nap(int ms) {
    const struct timespec t = {.tv_nsec = (long)ms * 1000000};
    (void)nanosleep(&t, NULL);
}

// Of the samples from `from` on, those of the tag with this quality: how many; *out is the last.
static size_t find(ear *e, size_t from, uint32_t tag, int quality, ls_sample *out) {
    size_t found = 0;
    (void)pthread_mutex_lock(&e->mutex);
    for (size_t i = from; i < e->count; i++) {
        if (e->heard[i].tag == tag && e->heard[i].quality == quality) {
            *out = e->heard[i];
            found++;
        }
    }
    (void)pthread_mutex_unlock(&e->mutex);
    return found;
}

static bool wait_for(ear *e, size_t from, uint32_t tag, int quality, int64_t value) {
    for (int i = 0; i < 1000; i++) {
        ls_sample s = {0};
        if (find(e, from, tag, quality, &s) > 0 && s.value.integer == value) {
            return true;
        }
        nap(5);
    }
    return false;
}

static bool wait_notice(ear *e, ls_notice_kind kind, unsigned count) {
    for (int i = 0; i < 1000; i++) {
        (void)pthread_mutex_lock(&e->mutex);
        const bool is_there = e->notices[kind] >= count;
        (void)pthread_mutex_unlock(&e->mutex);
        if (is_there) {
            return true;
        }
        nap(5);
    }
    return false;
}

static size_t count_of(ear *e) {
    (void)pthread_mutex_lock(&e->mutex);
    const size_t count = e->count;
    (void)pthread_mutex_unlock(&e->mutex);
    return count;
}

enum { STATE, PARTS, HEAT, LOT, DOOR, LAMP, GONE, REGISTERS };
static const ls_register registers[REGISTERS] = {
    {.name = "state", .at = 100, .type = LS_REGISTER_U16, .scale = 1},
    {.name = "parts", .at = 101, .type = LS_REGISTER_U32, .scale = 1, .low_word_first = true},
    {.name = "heat", .at = 103, .type = LS_REGISTER_I16, .scale = 0.1, .unit = "C", .write = true},
    {.name = "lot", .at = 104, .type = LS_REGISTER_TEXT, .words = 4, .scale = 1},
    {.name = "door", .at = 108, .type = LS_REGISTER_BIT, .bit = 2, .scale = 1},
    {.name = "lamp",
     .at = 7,
     .type = LS_REGISTER_BIT,
     .table = LS_REGISTER_COIL,
     .scale = 1,
     .write = true},
    {.name = "gone", .at = 110, .type = LS_REGISTER_U16, .scale = 1},
};

typedef struct bench {
    ear ear;
    ls_tags *tags;
    ls_listen listen;
    ls_source source;
    char address[64];
    ls_driver *driver;
    uint32_t tag[REGISTERS];
} bench;

static void open_driver(bench *b, int port, uint32_t count) {
    memset(b, 0, sizeof *b);
    (void)pthread_mutex_init(&b->ear.mutex, NULL);
    CHECK_INT(ls_tags_create(&b->tags, NULL), LS_OK);
    snprintf(b->address, sizeof b->address, "127.0.0.1:%d", port);
    b->listen = (ls_listen){.stale_us = 400000};
    b->source = (ls_source){.kind = LS_SOURCE_MODBUS,
                            .name = "plc",
                            .address = b->address,
                            .unit = 1,
                            .every_us = 20000,
                            .timeout_us = 200000,
                            .registers = registers,
                            .register_count = count};
    const ls_sink sink = {.context = &b->ear, .tags = b->tags, .heard = hear, .noticed = notice};
    ls_error err = {0};
    CHECK_INT(ls_driver_modbus.open(&b->listen, &b->source, &sink, &b->driver, &err), LS_OK);
    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "plc/%s", registers[i].name);
        b->tag[i] = ls_tags_find(b->tags, name, strlen(name));
    }
}

static void close_driver(bench *b) {
    ls_driver_modbus.close(b->driver);
    ls_tags_destroy(b->tags);
    (void)pthread_mutex_destroy(&b->ear.mutex);
}

static ls_modbus_server *serve(int port, uint32_t holding) {
    char address[64];
    ls_modbus_server *server = NULL;
    ls_error err = {0};
    ls_modbus_server_def def = ls_modbus_server_def_default();
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    def.address = address;
    def.holding = holding;
    CHECK_INT(ls_modbus_server_create(&def, &server, &err), LS_OK);
    CHECK_STR(err.text, "");
    return server;
}

static bool put_int(ls_modbus_server *server, int reg, int64_t value) {
    return ls_modbus_server_put(server, &registers[reg],
                                &(ls_sample){.kind = LS_VALUE_INT, .value.integer = value});
}

static void test_a_picture_at_first_then_changes(void) {
    static bench b;
    ls_sample s = {0};
    ls_modbus_server *server = serve(0, 200);
    CHECK(put_int(server, STATE, 6));
    CHECK(put_int(server, PARTS, 70000));
    CHECK(
        ls_modbus_server_put(server, &registers[LOT],
                             &(ls_sample){.kind = LS_VALUE_TEXT, .size = 3, .value.text = "L-7"}));
    open_driver(&b, ls_modbus_server_port(server), REGISTERS);
    CHECK(wait_for(&b.ear, 0, b.tag[PARTS], LS_QUALITY_GOOD, 70000));
    CHECK(wait_for(&b.ear, 0, b.tag[LAMP], LS_QUALITY_GOOD, 0));
    CHECK_INT(count_of(&b.ear), REGISTERS);
    CHECK_INT(find(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, &s), 1);
    CHECK_INT(s.flags, LS_SAMPLE_BIRTH | LS_SAMPLE_ARRIVAL);
    CHECK_INT(find(&b.ear, 0, b.tag[LOT], LS_QUALITY_GOOD, &s), 1);
    CHECK_STR(b.ear.texts[LOT], "L-7");
    CHECK(put_int(server, PARTS, 70001));
    CHECK(put_int(server, DOOR, 1));
    CHECK(wait_for(&b.ear, REGISTERS, b.tag[PARTS], LS_QUALITY_GOOD, 70001));
    CHECK(wait_for(&b.ear, REGISTERS, b.tag[DOOR], LS_QUALITY_GOOD, 1));
    CHECK_INT(find(&b.ear, REGISTERS, b.tag[PARTS], LS_QUALITY_GOOD, &s), 1);
    CHECK_INT(s.flags, LS_SAMPLE_ARRIVAL);
    CHECK_INT(count_of(&b.ear), REGISTERS + 2);
    CHECK_STR(ls_tags_get(b.tags, b.tag[HEAT])->unit, "C");
    close_driver(&b);
    ls_modbus_server_destroy(server);
}

static void test_a_write_is_read_back(void) {
    static bench b;
    ls_error err = {0};
    ls_modbus_server *server = serve(0, 200);
    ls_sample back = {0};
    open_driver(&b, ls_modbus_server_port(server), REGISTERS);
    CHECK(wait_for(&b.ear, 0, b.tag[LAMP], LS_QUALITY_GOOD, 0));
    const ls_sample heat = {.kind = LS_VALUE_REAL, .value.real = 65.5};
    CHECK_INT(ls_driver_modbus.write(b.driver, b.tag[HEAT], &heat, 2000000, &err), LS_OK);
    CHECK(ls_modbus_server_take(server, &registers[HEAT], &back, NULL));
    CHECK_NEAR(back.value.real, 65.5, 1e-9);
    const ls_sample on = {.kind = LS_VALUE_BOOL, .value.integer = 1};
    CHECK_INT(ls_driver_modbus.write(b.driver, b.tag[LAMP], &on, 2000000, &err), LS_OK);
    CHECK(wait_for(&b.ear, 0, b.tag[LAMP], LS_QUALITY_GOOD, 1));
    CHECK_INT(ls_driver_modbus.write(b.driver, b.tag[STATE], &on, 2000000, &err), LS_ERR_INVALID);
    const ls_sample far = {.kind = LS_VALUE_REAL, .value.real = 1e9};
    CHECK_INT(ls_driver_modbus.write(b.driver, b.tag[HEAT], &far, 2000000, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "does not fit");
    ls_driver_figures f;
    ls_driver_modbus.figures(b.driver, &f);
    CHECK_INT(f.writes, 2);
    CHECK_INT(f.writes_failed, 0);
    CHECK(f.connected);
    ls_modbus_server_destroy(server);
    CHECK_INT(ls_driver_modbus.write(b.driver, b.tag[HEAT], &heat, 1000000, &err), LS_ERR_IO);
    close_driver(&b);
}

static void test_one_missing_register_does_not_stop_the_others(void) {
    static bench b;
    ls_modbus_server *server = serve(0, 110);  // "gone" stands at 110
    CHECK(put_int(server, STATE, 6));
    open_driver(&b, ls_modbus_server_port(server), REGISTERS);
    CHECK(wait_notice(&b.ear, LS_NOTICE_REFUSED, 1));
    CHECK_CONTAINS(b.ear.last[LS_NOTICE_REFUSED],
                   "modbus plc: register 'gone' at 110: Illegal data address");
    CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, 6));
    CHECK(put_int(server, STATE, 11));
    CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, 11));
    CHECK_INT(b.ear.notices[LS_NOTICE_REFUSED], 1);
    CHECK_INT(b.ear.notices[LS_NOTICE_LOST], 0);
    close_driver(&b);
    ls_modbus_server_destroy(server);
}

static void test_it_comes_back_and_says_all_again(void) {
    static bench b;
    ls_sample s = {0};
    ls_modbus_server *server = serve(0, 200);
    const int port = ls_modbus_server_port(server);
    CHECK(put_int(server, STATE, 6));
    open_driver(&b, port, REGISTERS);
    CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, 6));
    ls_modbus_server_destroy(server);
    CHECK(wait_notice(&b.ear, LS_NOTICE_LOST, 1));
    CHECK(wait_notice(&b.ear, LS_NOTICE_DEATH, 1));
    CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_STALE, 6));
    const size_t before = count_of(&b.ear);
    server = serve(port, 200);
    CHECK(put_int(server, STATE, 2));
    CHECK(wait_notice(&b.ear, LS_NOTICE_CONNECTED, 2));
    CHECK(wait_for(&b.ear, before, b.tag[STATE], LS_QUALITY_GOOD, 2));
    CHECK(find(&b.ear, before, b.tag[PARTS], LS_QUALITY_GOOD, &s) > 0);
    CHECK_INT(s.flags & LS_SAMPLE_BIRTH, LS_SAMPLE_BIRTH);
    close_driver(&b);
    ls_modbus_server_destroy(server);
}

// --- servers that lie

typedef struct liar {
    int fd, port, how;
    pthread_t thread;
} liar;

// One answer to whatever is asked; `how` says what is wrong with it.
static size_t lie(int how, const uint8_t *q, uint8_t *out) {
    const unsigned words = q[11];
    memcpy(out, q, 8);
    memset(out + 9, 0x5A, 250);
    out[8] = (uint8_t)(2 * words);
    out[5] = (uint8_t)(3 + 2 * words);
    size_t size = 9 + 2 * (size_t)words;
    switch (how) {
    case 0: return size - 1;                              // cut off
    case 1: out[8] = 250; return size;                    // a count that lies
    case 2: out[6] = 99; return size;                     // another unit
    case 3: out[1] = (uint8_t)(out[1] + 1); return size;  // another transaction
    case 4:
        out[7] = 0x83;
        out[8] = 99;
        out[5] = 3;
        return 9;                             // an unknown exception
    case 5: out[5] = 255; return 259;         // longer than a frame
    case 6: memset(out, 'x', 40); return 40;  // something else
    case 7: out[7] = 0x10; return size;       // another function
    case 8: out[4] = 0xFF; return size;       // a length beyond all
    case 9: out[2] = 1; return size;          // another protocol
    default: return 0;                        // closes
    }
}

static void *lie_on(void *context) {
    liar *l = context;
    for (;;) {
        const int fd = accept(l->fd, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        uint8_t q[260];
        uint8_t out[300] = {0};
        ssize_t got = recv(fd, q, sizeof q, 0);
        while (got >= 12) {
            const size_t size = lie(l->how, q, out);
            if (size == 0 || send(fd, out, size, MSG_NOSIGNAL) < 0) {
                break;
            }
            got = recv(fd, q, sizeof q, 0);
        }
        close(fd);
    }
}

static void start_liar(liar *l, int how) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    l->how = how;
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(l->fd, (struct sockaddr *)&at, size), 0);
    CHECK_INT(listen(l->fd, 4), 0);
    CHECK_INT(getsockname(l->fd, (struct sockaddr *)&at, &size), 0);
    l->port = ntohs(at.sin_port);
    CHECK_INT(pthread_create(&l->thread, NULL, lie_on, l), 0);
}

static void test_servers_that_lie_are_survived(void) {
    for (int how = 0; how <= 10; how++) {
        static bench b;
        liar l;
        harness_note("lie %d", how);
        start_liar(&l, how);
        open_driver(&b, l.port, 5);
        // libmodbus looks at neither unit, protocol nor length of the head: the values are whole.
        if (how == 2 || how == 8 || how == 9) {
            CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, 0x5A5A));
        } else {
            CHECK(wait_notice(&b.ear, LS_NOTICE_LOST, 1));
            CHECK(count_of(&b.ear) == 0 || how == 5);  // 5: the rest comes after a good beginning
        }
        close_driver(&b);
        (void)shutdown(l.fd, SHUT_RDWR);
        close(l.fd);
        (void)pthread_join(l.thread, NULL);
    }
}

static void test_many_clients_and_strangers_at_the_server(void) {
    static bench a;
    static bench b;
    ls_modbus_server *server = serve(0, 200);
    const int port = ls_modbus_server_port(server);
    open_driver(&a, port, REGISTERS);
    open_driver(&b, port, REGISTERS);
    for (int i = 0; i < 30; i++) {  // more than are let in, and none that speaks Modbus
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)port)};
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_INT(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
        (void)!send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
        close(fd);
    }
    for (int64_t i = 1; i <= 20; i++) {
        CHECK(put_int(server, STATE, i));
        CHECK(wait_for(&a.ear, 0, a.tag[STATE], LS_QUALITY_GOOD, i));
        CHECK(wait_for(&b.ear, 0, b.tag[STATE], LS_QUALITY_GOOD, i));
    }
    ls_modbus_server_figures f;
    ls_modbus_server_describe(server, &f);
    CHECK(f.requests > 20);
    CHECK_INT(f.refused, 0);
    close_driver(&a);
    close_driver(&b);
    ls_modbus_server_destroy(server);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_picture_at_first_then_changes);
    TEST(test_a_write_is_read_back);
    TEST(test_one_missing_register_does_not_stop_the_others);
    TEST(test_it_comes_back_and_says_all_again);
    TEST(test_servers_that_lie_are_survived);
    TEST(test_many_clients_and_strangers_at_the_server);
    return harness_report();
}
