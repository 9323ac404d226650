// modbus_server_test.c - our driver asks, and our server answers, an implementation that is not
// ours (npm modbus-serial, tests/modbus-peer).
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line/driver.h"
#include "line/modbus_server.h"
#include "tests/harness.h"
#include "tests/servers/child.h"

enum { TAGS = 8 };

typedef struct ear {
    pthread_mutex_t mutex;
    ls_sample last[TAGS];
    unsigned count[TAGS];
    char text[32];
    unsigned refused;
    char why[300];
} ear;

static bool hear(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    (void)pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < count; i++) {
        if (samples[i].tag < TAGS) {
            e->last[samples[i].tag] = samples[i];
            e->count[samples[i].tag]++;
        }
        if (samples[i].kind == LS_VALUE_TEXT) {
            snprintf(e->text, sizeof e->text, "%.*s", (int)samples[i].size, samples[i].value.text);
        }
    }
    (void)pthread_mutex_unlock(&e->mutex);
    return true;
}

static void notice(void *context, const ls_notice *n) {
    ear *e = context;
    (void)pthread_mutex_lock(&e->mutex);
    if (n->kind == LS_NOTICE_REFUSED) {
        e->refused++;
        snprintf(e->why, sizeof e->why, "%s", n->text);
    }
    (void)pthread_mutex_unlock(&e->mutex);
}

// Until the tag has come so often; its last sample.
static ls_sample wait_for(ear *e, uint32_t tag, unsigned count) {
    ls_sample s = {0};
    bool is_there = false;
    for (int i = 0; i < 2000 && !is_there; i++) {
        const struct timespec t = {.tv_nsec = 5000000};
        (void)nanosleep(&t, NULL);
        (void)pthread_mutex_lock(&e->mutex);
        is_there = e->count[tag] >= count;
        s = e->last[tag];
        (void)pthread_mutex_unlock(&e->mutex);
    }
    CHECK(is_there);
    return s;
}

static bool install(char *folder, size_t size) {
    char command[600];
    snprintf(folder, size, "%s/.peers/modbus-peer", harness_source_root());
    snprintf(command, sizeof command, "'%s' '%s'", harness_source_path("tests/modbus-peer/install"),
             folder);
    const int code = child_wait(child_start_shell(command));
    CHECK_INT(code, 0);
    return code == 0;
}

// Scripts stand in the source tree and find the packages by NODE_PATH.
static pid_t start(const char *folder, const char *script, int port, const char *out) {
    char command[1200];
    snprintf(command, sizeof command, "NODE_PATH='%s/node_modules' exec node '%s' %d >'%s'", folder,
             harness_source_path(script), port, out);
    return child_start_shell(command);
}

static void test_the_driver_asks_a_strange_server(void) {
    static const ls_register registers[] = {
        {.name = "state", .at = 100, .type = LS_REGISTER_U16, .scale = 1, .write = true},
        {.name = "parts", .at = 101, .type = LS_REGISTER_U32, .scale = 1, .low_word_first = true},
        {.name = "lot", .at = 104, .type = LS_REGISTER_TEXT, .words = 4, .scale = 1},
        {.name = "count", .at = 110, .type = LS_REGISTER_U16, .scale = 1},
        {.name = "minus", .at = 5, .type = LS_REGISTER_I16, .table = LS_REGISTER_INPUT, .scale = 1},
        {.name = "door",
         .at = 3,
         .type = LS_REGISTER_BIT,
         .table = LS_REGISTER_DISCRETE,
         .scale = 1},
        {.name = "lamp",
         .at = 7,
         .type = LS_REGISTER_BIT,
         .table = LS_REGISTER_COIL,
         .scale = 1,
         .write = true},
        {.name = "gone", .at = 200, .type = LS_REGISTER_U16, .scale = 1},
    };
    char folder[400];
    char address[64];
    if (!install(folder, sizeof folder)) {
        return;
    }
    const int port = child_free_port();
    const pid_t peer = start(folder, "tests/modbus-peer/server.js", port, "/dev/null");
    CHECK(child_wait_until_listening(port, 20000));
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    static ear e;
    (void)pthread_mutex_init(&e.mutex, NULL);
    const ls_listen listen = {.stale_us = 60000000};
    const ls_source source = {.kind = LS_SOURCE_MODBUS,
                              .name = "plc",
                              .address = address,
                              .unit = 1,
                              .every_us = 50000,
                              .timeout_us = 2000000,
                              .registers = registers,
                              .register_count = 8};
    ls_sink sink = {.context = &e, .heard = hear, .noticed = notice};
    ls_driver *driver = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tags_create(&sink.tags, NULL), LS_OK);
    CHECK_INT(ls_driver_modbus.open(&listen, &source, &sink, &driver, &err), LS_OK);
    CHECK_INT(wait_for(&e, 0, 1).value.natural, 6);
    CHECK_INT(wait_for(&e, 1, 1).value.natural, 70000);
    (void)wait_for(&e, 2, 1);
    CHECK_STR(e.text, "L-7");
    (void)wait_for(&e, 3, 5);  // it counts
    CHECK_INT(wait_for(&e, 4, 1).value.integer, -2);
    CHECK_INT(wait_for(&e, 5, 1).value.integer, 1);
    CHECK_INT(wait_for(&e, 6, 1).value.integer, 0);
    const ls_sample on = {.kind = LS_VALUE_BOOL, .value.integer = 1};
    CHECK_INT(ls_driver_modbus.write(driver, 6, &on, 5000000, &err), LS_OK);
    CHECK_INT(wait_for(&e, 6, 2).value.integer, 1);
    const ls_sample held = {.kind = LS_VALUE_INT, .value.integer = 11};
    CHECK_INT(ls_driver_modbus.write(driver, 0, &held, 5000000, &err), LS_OK);
    CHECK_INT(wait_for(&e, 0, 2).value.natural, 11);
    ls_driver_modbus.close(driver);
    CHECK_INT(e.count[7], 0);
    CHECK_INT(e.refused, 1);
    CHECK_CONTAINS(e.why, "register 'gone' at 200: Illegal data address");
    ls_tags_destroy(sink.tags);
    (void)pthread_mutex_destroy(&e.mutex);
    child_kill(peer);
}

static void test_the_server_answers_a_strange_client(void) {
    char folder[400];
    char out[] = "/tmp/lineshaft-modbus-XXXXXX";
    const int fd = mkstemp(out);
    if (!install(folder, sizeof folder) || fd < 0) {
        CHECK(fd >= 0);
        return;
    }
    close(fd);
    ls_modbus_server *server = NULL;
    const ls_modbus_server_def def = ls_modbus_server_def_default();
    CHECK_INT(ls_modbus_server_create(&def, &server, NULL), LS_OK);
    const uint16_t holding[] = {6, 4464, 1, 65535, 0};
    const uint16_t input = 99;
    const uint16_t bits[] = {1, 0, 1, 1};
    ls_modbus_server_set(server, LS_REGISTER_HOLDING, 100, holding, 5);
    ls_modbus_server_set(server, LS_REGISTER_INPUT, 5, &input, 1);
    ls_modbus_server_set(server, LS_REGISTER_COIL, 0, bits, 3);
    ls_modbus_server_set(server, LS_REGISTER_DISCRETE, 0, bits, 4);
    const pid_t peer = start(folder, "tests/modbus-peer/client.js", ls_modbus_server_port(server),
                             out);
    CHECK_INT(child_wait(peer), 0);
    char *said = harness_read_file(out, NULL);
    CHECK_STR(said,
              "[\"holding\",[6,4464,1,65535,0]]\n"
              "[\"inputs\",[99]]\n"
              "[\"coils\",[true,false,true]]\n"
              "[\"discretes\",[true,false,true,true]]\n"
              "[\"back\",[4711,1,2,3]]\n"
              "[\"many\",125]\n"
              "[\"beyond\",2]\n"
              "[\"too many\",3]\n");
    uint16_t coils[7] = {0};
    ls_modbus_server_get(server, LS_REGISTER_COIL, 0, coils, 7);
    CHECK_INT(coils[1], 1);
    CHECK_INT(coils[4] + 10 * coils[5] + 100 * coils[6], 101);
    free(said);
    (void)unlink(out);
    ls_modbus_server_destroy(server);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_driver_asks_a_strange_server);
    TEST(test_the_server_answers_a_strange_client);
    return harness_report();
}
