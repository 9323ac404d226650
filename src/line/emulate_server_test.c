// emulate_server_test.c - the emulated line on its wires: a real broker with a host application at
// the other end, and a Modbus client that is not ours.
#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lineshaft/plant.h>

#include "base/arena.h"
#include "line/driver.h"
#include "line/emulate_modbus.h"
#include "line/emulate_play.h"
#include "line/emulate_waiting.h"
#include "plant/read.h"
#include "tests/harness.h"
#include "tests/servers/mosquitto.h"

enum { VALUES_MAX = 1024, TEXT_SIZE = 256, WAIT_MS = 20000 };
static const int64_t minute = 60 * 1000000LL;

// The last value of every tag, and how often each came.
typedef struct ear {
    pthread_mutex_t lock;
    ls_tags *tags;
    int64_t number[VALUES_MAX];
    char text[VALUES_MAX][TEXT_SIZE];
    uint64_t count[VALUES_MAX];
    uint64_t samples, historical, gaps, lost;
    uint64_t good;  // parts counted by grind-1, historical ones too
    int64_t good_last;
    uint32_t good_tag;
} ear;

static void keep(ear *e, const ls_sample *s) {
    e->samples++;
    e->historical += (s->flags & LS_SAMPLE_HISTORICAL) != 0;
    if (s->tag >= VALUES_MAX || s->quality != LS_QUALITY_GOOD) {
        return;
    }
    e->count[s->tag]++;
    if (s->kind == LS_VALUE_TEXT) {
        snprintf(e->text[s->tag], TEXT_SIZE, "%.*s", (int)s->size, s->value.text);
    } else {
        e->number[s->tag] = s->value.integer;
    }
}

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < count; i++) {
        keep(e, samples + i);
    }
    pthread_mutex_unlock(&e->lock);
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    e->gaps += notice->kind == LS_NOTICE_GAP;
    e->lost += notice->kind == LS_NOTICE_LOST;
    pthread_mutex_unlock(&e->lock);
}

typedef struct rig {
    mosquitto_server broker;
    ls_plant *plant;
    ear *e;
    ls_sink sink;
    ls_source source;
    ls_listen listen;
    ls_driver *driver;
    ls_emulate_play *play;
} rig;

static ls_error err;

static double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool rig_start(rig *r, double speed) {
    memset(r, 0, sizeof *r);
    r->e = calloc(1, sizeof *r->e);
    pthread_mutex_init(&r->e->lock, NULL);
    const bool there = mosquitto_start(&r->broker, NULL);
    CHECK(there);
    CHECK_INT(
        ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &r->plant, NULL, &err),
        LS_OK);
    CHECK_INT(ls_tags_create(&r->e->tags, &err), LS_OK);
    r->sink = (ls_sink){
        .context = r->e, .tags = r->e->tags, .heard = on_heard, .noticed = on_noticed};
    r->source = (ls_source){.kind = LS_SOURCE_SPARKPLUG,
                            .name = "sparkplug",
                            .broker = r->broker.url,
                            .group = "gearbox",
                            .host = "lineshaft",
                            .reorder_us = 300000};
    r->listen = (ls_listen){.given = true, .folder = "", .sources = &r->source, .source_count = 1};
    CHECK_INT(ls_driver_sparkplug.open(&r->listen, &r->source, &r->sink, &r->driver, &err), LS_OK);
    ls_emulate_play_def def = ls_emulate_play_def_default();
    def.plant = r->plant;
    def.seed = 1;
    def.speed = speed;
    def.url = r->broker.url;
    def.primary = "lineshaft";
    def.modbus_port = 0;
    CHECK_INT(ls_emulate_play_create(&def, &r->play, &err), LS_OK);
    return r->driver != NULL && r->play != NULL;
}

static void rig_stop(rig *r) {
    ls_emulate_play_destroy(r->play);
    ls_driver_sparkplug.close(r->driver);
    ls_tags_destroy(r->e->tags);
    ls_plant_destroy(r->plant);
    mosquitto_stop(&r->broker);
    pthread_mutex_destroy(&r->e->lock);
    free(r->e);
}

static void step_for(rig *r, double seconds) {
    const double end = clock_s() + seconds;
    while (clock_s() < end) {
        int64_t sleep_us = 0;
        CHECK_INT(ls_emulate_play_step(r->play, &sleep_us, &err), LS_OK);
        const int64_t us = sleep_us < 0 ? 10000 : sleep_us;
        nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
    }
}

static uint32_t tag(const rig *r, const char *name) {
    return ls_tags_find(r->e->tags, name, strlen(name));
}

static int64_t heard_number(const rig *r, const char *name) {
    const uint32_t t = tag(r, name);
    pthread_mutex_lock(&r->e->lock);
    const int64_t number = t < VALUES_MAX ? r->e->number[t] : -1;
    pthread_mutex_unlock(&r->e->lock);
    return number;
}

static const char *heard_text(const rig *r, const char *name) {
    static char out[TEXT_SIZE];
    const uint32_t t = tag(r, name);
    pthread_mutex_lock(&r->e->lock);
    snprintf(out, sizeof out, "%s", t < VALUES_MAX ? r->e->text[t] : "?");
    pthread_mutex_unlock(&r->e->lock);
    return out;
}

// Steps until the tag has this value.
static bool wait_number(rig *r, const char *name, int64_t value) {
    for (int i = 0; i < WAIT_MS / 20 && heard_number(r, name) != value; i++) {
        step_for(r, 0.02);
    }
    return heard_number(r, name) == value;
}

static void write_text(rig *r, const char *name, const char *text) {
    const ls_sample s = {.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text};
    CHECK_INT(ls_driver_sparkplug.write(r->driver, tag(r, name), &s, 2000000, &err), LS_OK);
}

static void write_int(rig *r, const char *name, int64_t value) {
    const ls_sample s = {.kind = LS_VALUE_INT, .value.integer = value};
    CHECK_INT(ls_driver_sparkplug.write(r->driver, tag(r, name), &s, 2000000, &err), LS_OK);
}

static void test_a_host_hears_the_line_and_commands_it(void) {
    rig r;
    if (rig_start(&r, 60.0)) {
        CHECK(wait_number(&r, "gearbox/cell/line/HeartbeatLost", 1));
        CHECK_INT(heard_number(&r, "gearbox/cell/Properties/Emulated"), 1);
        CHECK(wait_number(&r, "gearbox/cell/load/State", 6));
        CHECK_CONTAINS(heard_text(&r, "gearbox/cell/load/Lots"), "gear-");
        write_text(&r, "gearbox/cell/turn-1/Command/Kind", "stop");
        write_int(&r, "gearbox/cell/turn-1/Command/Id", 1);
        CHECK(wait_number(&r, "gearbox/cell/turn-1/Command/Done", 1));
        CHECK_INT(heard_number(&r, "gearbox/cell/turn-1/Command/Result"), 0);
        CHECK_STR(heard_text(&r, "gearbox/cell/turn-1/Command/Reason"), "stopped");
        CHECK(wait_number(&r, "gearbox/cell/turn-1/State", 2));
        write_int(&r, "gearbox/cell/line/Heartbeat", 1);
        CHECK(wait_number(&r, "gearbox/cell/line/HeartbeatLost", 0));
        write_text(&r, "gearbox/cell/turn-2/Command/Kind", "hold");
        write_int(&r, "gearbox/cell/turn-2/Command/Id", 1);
        CHECK(wait_number(&r, "gearbox/cell/turn-2/Command/Done", 1));
        CHECK_STR(heard_text(&r, "gearbox/cell/turn-2/Command/Reason"), "held");
        CHECK(wait_number(&r, "gearbox/cell/line/HeartbeatLost", 1));  // 5 s later
        CHECK_INT(ls_emulate_play_describe(r.play).line.lapsed, 1);
        CHECK_INT(r.e->gaps, 0);
    }
    rig_stop(&r);
}

static void test_time_is_kept_within_one_percent(void) {
    rig r;
    if (rig_start(&r, 60.0)) {
        // On a machine that gives this program no processor for a while a look comes late: a clock
        // that goes wrong is wrong every time.
        double rate = 0.0;
        for (int i = 0; i < 6 && !(fabs(rate - 1.0) <= 0.01); i++) {
            const int64_t before = ls_emulate_play_describe(r.play).now_us;
            const double begun = clock_s();
            step_for(&r, 5.0);
            const double plant_s = (double)(ls_emulate_play_describe(r.play).now_us - before) / 1e6;
            rate = plant_s / (60.0 * (clock_s() - begun));
        }
        CHECK_NEAR(rate, 1.0, 0.01);
    }
    rig_stop(&r);
}

static void test_what_happens_while_the_broker_is_away_is_told_afterwards(void) {
    rig r;
    if (rig_start(&r, 120.0)) {
        CHECK(wait_number(&r, "gearbox/cell/load/State", 6));
        mosquitto_kill(&r.broker);
        step_for(&r, 3.0);  // six minutes of the plant
        CHECK(!ls_emulate_play_describe(r.play).edge.connected);
        CHECK(ls_emulate_play_describe(r.play).edge.kept > 50);
        pthread_mutex_lock(&r.e->lock);
        const uint64_t before = r.e->historical;
        pthread_mutex_unlock(&r.e->lock);
        const int64_t births = (int64_t)ls_emulate_play_describe(r.play).edge.births;
        CHECK(mosquitto_restart(&r.broker));
        uint64_t late = 0;
        for (int i = 0; i < 1500 && late < 50; i++) {
            step_for(&r, 0.02);
            pthread_mutex_lock(&r.e->lock);
            late = r.e->historical - before;
            pthread_mutex_unlock(&r.e->lock);
        }
        CHECK(late >= 50);
        CHECK((int64_t)ls_emulate_play_describe(r.play).edge.births > births);
        CHECK_INT(ls_emulate_play_describe(r.play).edge.dropped, 0);
        CHECK_INT(r.e->gaps, 0);
    }
    rig_stop(&r);
}

// A client that is not ours: libmodbus.
static void test_modbus_shows_and_obeys(void) {
    rig r;
    if (!rig_start(&r, 60.0)) {
        rig_stop(&r);
        return;
    }
    const int port = ls_emulate_play_describe(r.play).modbus_port;
    modbus_t *client = modbus_new_tcp("127.0.0.1", port);
    CHECK(client != NULL);
    modbus_set_response_timeout(client, 10, 0);  // a busy machine
    CHECK_INT(modbus_connect(client), 0);
    uint16_t got[64] = {0};
    for (int i = 0; i < 500 && got[0] != 6; i++) {
        step_for(&r, 0.02);
        CHECK_INT(modbus_read_registers(client, 0, 1, got), 1);  // load: the first machine
    }
    CHECK_INT(got[0], 6);
    CHECK_INT(modbus_read_registers(client, 12, 16, got), 16);  // its lots
    CHECK(got[0] == ('g' << 8 | 'e') && got[1] == ('a' << 8 | 'r'));
    // stop: kind, then the id.
    const uint16_t kind[5] = {'s' << 8 | 't', 'o' << 8 | 'p', 0, 0, 0};
    const uint16_t id[2] = {0, 1};
    CHECK_INT(modbus_write_registers(client, 38, 5, kind), 5);
    CHECK_INT(modbus_write_registers(client, 36, 2, id), 2);
    for (int i = 0; i < 500 && got[1] != 1; i++) {
        step_for(&r, 0.02);
        CHECK_INT(modbus_read_registers(client, 59, 3, got), 3);
    }
    CHECK_INT(got[1], 1);
    CHECK_INT(got[2], 0);
    CHECK_INT(modbus_read_registers(client, 0, 1, got), 1);
    CHECK_INT(got[0], 2);  // stopped
    // A client that writes where it must not changes nothing for long.
    CHECK_INT(modbus_write_register(client, 0, 6), 1);
    step_for(&r, 0.1);
    CHECK_INT(modbus_read_registers(client, 0, 1, got), 1);
    CHECK_INT(got[0], 2);
    modbus_close(client);
    modbus_free(client);
    rig_stop(&r);
}

static void text_of(const uint16_t *words, int count, char *out) {
    for (int i = 0; i < count; i++) {
        out[2 * i] = (char)(words[i] >> 8);
        out[2 * i + 1] = (char)(words[i] & 0xFF);
    }
    out[2 * count] = '\0';
}

static uint32_t machine_named(const ls_plant *plant, const char *name) {
    uint32_t m = 0;
    while (m < plant->machine_count && strcmp(plant->machines[m].name, name) != 0) {
        m++;
    }
    return m;
}

// Steps until the register is this.
static bool wait_register(rig *r, modbus_t *client, uint32_t at, uint16_t value) {
    uint16_t got = (uint16_t)~value;
    for (int i = 0; i < 3000 && got != value; i++) {
        step_for(r, 0.02);
        CHECK_INT(modbus_read_registers(client, (int)at, 1, &got), 1);
    }
    return got == value;
}

static void block_of(const char *kind, const char *argument, uint16_t id, uint16_t out[23]) {
    char text[43] = {0};
    memcpy(text, kind, strlen(kind));
    memcpy(text + 10, argument, strlen(argument));
    out[0] = 0;
    out[1] = id;
    for (int i = 0; i < 21; i++) {
        out[2 + i] = (uint16_t)((uint32_t)(uint8_t)text[2 * i] << 8 | (uint8_t)text[2 * i + 1]);
    }
}

// The whole handshake as one client writes it: heartbeat and its echo, a command in one request,
// the lots that wait by name, a reason, and what becomes of it all when the heartbeat stops.
static void test_modbus_has_the_whole_handshake(void) {
    rig r;
    if (!rig_start(&r, 60.0)) {
        rig_stop(&r);
        return;
    }
    const uint32_t line = r.plant->machine_count * 64;
    const uint32_t waiting = line + 64, reason = waiting + r.plant->station_count * 64;
    const uint32_t grind = machine_named(r.plant, "grind-1");
    uint16_t got[64] = {0}, block[23];
    char text[129] = "";
    modbus_t *client = modbus_new_tcp("127.0.0.1", ls_emulate_play_describe(r.play).modbus_port);
    CHECK(client != NULL);
    modbus_set_response_timeout(client, 10, 0);
    CHECK_INT(modbus_connect(client), 0);
    // The names of what waits at the first station; a machine that has one does not name it here.
    for (int i = 0; i < 3000 && text[0] == '\0'; i++) {
        step_for(&r, 0.02);
        CHECK_INT(modbus_read_registers(client, (int)waiting, 64, got), 64);
        text_of(got, 64, text);
    }
    CHECK_CONTAINS(text, "gear-");
    // How many lots are in the plant, wherever they are.
    CHECK_INT(modbus_read_registers(client, (int)line + 37, 1, got), 1);
    CHECK_INT(got[0], ls_emulate_play_describe(r.play).line.lots);
    CHECK(got[0] > 0);
    // Without a heartbeat nothing is chosen, and the reason says so.
    CHECK(wait_register(&r, client, line + 1, 1));
    block_of("hold", "", 7, block);
    CHECK_INT(modbus_write_registers(client, (int)(grind * 64 + 36), 23, block), 23);
    CHECK(wait_register(&r, client, grind * 64 + 60, 7));
    CHECK(wait_register(&r, client, grind * 64 + 61, 4));
    CHECK_INT(modbus_read_registers(client, (int)(reason + grind * 40), 40, got), 40);
    text_of(got, 40, text);
    CHECK_STR(text, "no heartbeat is heard");
    // With one: told back when the PLC has taken it.
    CHECK_INT(modbus_write_register(client, (int)line, 4711), 1);
    CHECK(wait_register(&r, client, line + 36, 4711));
    CHECK(wait_register(&r, client, line + 1, 0));
    block_of("hold", "", 8, block);
    CHECK_INT(modbus_write_registers(client, (int)(grind * 64 + 36), 23, block), 23);
    CHECK(wait_register(&r, client, grind * 64 + 60, 8));
    CHECK(wait_register(&r, client, grind * 64 + 61, 0));
    // What the client wrote stands as it wrote it; what is not its own is put right.
    CHECK_INT(modbus_read_registers(client, (int)(grind * 64 + 36), 23, got), 23);
    CHECK(memcmp(got, block, sizeof block) == 0);
    CHECK_INT(modbus_write_register(client, (int)line + 36, 1), 1);
    CHECK(wait_register(&r, client, line + 36, 4711));
    CHECK_INT(modbus_write_register(client, (int)waiting, 1), 1);
    step_for(&r, 0.1);
    CHECK_INT(modbus_read_registers(client, (int)waiting, 1, got), 1);
    CHECK(got[0] != 1);
    // Five seconds later the line goes by its own rule.
    CHECK(wait_register(&r, client, line + 1, 1));
    CHECK_INT(ls_emulate_play_describe(r.play).line.lapsed, 1);
    modbus_close(client);
    modbus_free(client);
    rig_stop(&r);
}

static void test_lots_that_wait_are_known_by_what_is_told(void) {
    ls_plant *plant = NULL;
    ls_emulate_waiting *w = NULL;
    CHECK_INT(ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &plant, NULL, &err),
              LS_OK);
    CHECK_INT(ls_emulate_waiting_create(plant, &w, &err), LS_OK);
    static const char *const arrived[] = {"a-1 station=load step=x", "a-2 station=load",
                                          "b-3 station=load"};
    for (int i = 0; i < 3; i++) {
        ls_emulate_waiting_arrived(w, arrived[i], strlen(arrived[i]));
    }
    CHECK(ls_emulate_waiting_changed(w, 0));
    CHECK(!ls_emulate_waiting_changed(w, 0));
    static const char *const released[] = {"a-1 class=x", "a-1 class=x", "b-4", "c-5"};
    for (int i = 0; i < 4; i++) {
        ls_emulate_waiting_released(w, released[i], strlen(released[i]));
    }
    CHECK_INT(ls_emulate_waiting_inside(w), 3);  // told twice it is one
    ls_emulate_waiting_gone(w, "c-5", 3);
    ls_emulate_waiting_gone(w, "c-5", 3);
    ls_emulate_waiting_released(w, "", 0);
    CHECK_INT(ls_emulate_waiting_inside(w), 2);
    CHECK_STR(ls_emulate_waiting_at(w, 0), "a-1 a-2 b-3");
    ls_emulate_waiting_taken(w, "a-2", 3);
    CHECK_STR(ls_emulate_waiting_at(w, 0), "a-1 b-3");
    ls_emulate_waiting_taken(w, "a-2 b-3", 7);  // one of them was told before
    CHECK_STR(ls_emulate_waiting_at(w, 0), "a-1");
    ls_emulate_waiting_arrived(w, "a-1 station=wash", 16);  // it went on
    CHECK_STR(ls_emulate_waiting_at(w, 0), "");
    ls_emulate_waiting_gone(w, "a-1", 3);
    for (uint32_t s = 0; s < plant->station_count; s++) {
        CHECK_STR(ls_emulate_waiting_at(w, s), "");
    }
    ls_emulate_waiting_arrived(w, "a-9 station=nowhere", 19);
    ls_emulate_waiting_arrived(w, "", 0);
    CHECK_STR(ls_emulate_waiting_at(w, 0), "");
    ls_emulate_waiting_destroy(w);
    ls_plant_destroy(plant);
}

static const char yard[] =
    "plant: yard\n"
    "stations:\n"
    "  saw: {process: 1 min}\n"
    "  oven: {machines: 2, process: 1 min, batch: {min: 1, max: 9}}\n"
    "products:\n"
    "  x: {route: [saw, oven], release: {every: 1 h, pool: yes}}\n"
    "  y: {route: [saw, oven], release: {every: 1 h}}\n"
    "  z: {route: [saw, oven], release: {every: 1 h, pool: yes}}\n";

static ls_plant *yard_plant(void) {
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(yard, strlen(yard), "yard.yaml", &plant, NULL, &err), LS_OK);
    return plant;
}

static void tell_released(ls_emulate_waiting *w, const char *text) {
    ls_emulate_waiting_released(w, text, strlen(text));
}

static void test_lots_that_wait_outside_are_known_by_what_is_told(void) {
    ls_plant *plant = yard_plant();
    ls_emulate_waiting *w = NULL;
    int64_t until_us = -1;
    CHECK_INT(ls_emulate_waiting_create(plant, &w, &err), LS_OK);
    CHECK_STR(ls_emulate_waiting_outside(w, 0, &until_us), "");
    CHECK(until_us == 0);
    tell_released(w, "x-1 class=x product=x pool=1970-01-02T00:00:00");
    tell_released(w, "x-2 class=x pool=1970-01-02T00:00:00");
    tell_released(w, "x-2 class=x pool=1970-01-03");
    tell_released(w, "z-3 class=z pool=yes");
    tell_released(w, "z-4 class=q pool=yes");  // of no class
    CHECK_STR(ls_emulate_waiting_outside(w, 0, &until_us), "x-1 x-2");
    CHECK(until_us == INT64_C(172800) * 1000000);
    CHECK_STR(ls_emulate_waiting_outside(w, 1, &until_us), "");
    CHECK_STR(ls_emulate_waiting_outside(w, 2, &until_us), "z-3");
    CHECK(until_us == INT64_MAX);
    CHECK_INT(ls_emulate_waiting_inside(w), 4);  // who waits outside counts
    tell_released(w, "x-1 class=x product=x");
    ls_emulate_waiting_gone(w, "z-3", 3);
    CHECK_STR(ls_emulate_waiting_outside(w, 0, &until_us), "x-2");
    CHECK_STR(ls_emulate_waiting_outside(w, 2, &until_us), "");
    CHECK(until_us == 0);
    ls_emulate_waiting_destroy(w);
    for (int i = 0; i < 20; i++) {
        ls_alloc_fail_after(i);
        const ls_status status = ls_emulate_waiting_create(plant, &w, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        if (status == LS_OK) {
            ls_emulate_waiting_destroy(w);
            break;
        }
    }
    ls_plant_destroy(plant);
}

// Order pools and the lots of batches have registers of their own, and the printed file knows them.
static void test_pools_and_batches_have_registers(void) {
    ls_plant *plant = yard_plant();
    ls_plant *read = NULL;
    ls_buffer file;
    ls_buffer_init(&file);
    ls_buffer_text(&file, yard);
    ls_emulate_modbus_print(plant, 1502, &file);
    CHECK_INT(ls_plant_parse(file.data, file.size, "yard.yaml", &read, NULL, &err), LS_OK);
    const ls_source *s = read != NULL ? &read->listen.sources[0] : NULL;
    for (uint32_t i = 0; s != NULL && i < s->register_count; i++) {
        const ls_register *reg = &s->registers[i];
        const bool batch = strncmp(reg->name, "oven", 4) == 0 && strstr(reg->name, "-lots") != NULL;
        CHECK(!batch || reg->words == 64);
        CHECK(strcmp(reg->name, "saw-lots") != 0 || reg->words == 16);
        for (uint32_t k = 0; k < i; k++) {
            const ls_register *other = &s->registers[k];
            CHECK(reg->at >= other->at + ls_register_size(other) ||
                  other->at >= reg->at + ls_register_size(reg));
        }
    }
    if (s != NULL) {
        const ls_pool_registers *pools = s->commands->pools;
        CHECK_STR(s->registers[pools[0].waiting].name, "x-pool");
        CHECK_STR(s->registers[pools[2].shut].name, "z-shut");
        CHECK(pools[1].waiting == LS_NONE && pools[1].shut == LS_NONE);
    }
    ls_buffer_clear(&file);
    ls_plant_destroy(read);
    ls_plant_destroy(plant);
}

static void test_the_printed_registers_load_as_a_plant_file(void) {
    ls_plant *plant = NULL;
    ls_plant *read = NULL;
    ls_errors errors;
    uint64_t size = 0;
    ls_errors_init(&errors);
    char *text = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), &size);
    CHECK_INT(ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &plant, NULL, &err),
              LS_OK);
    ls_buffer file;
    ls_buffer_init(&file);
    char *listen = text != NULL ? strstr(text, "\nlisten:") : NULL;
    CHECK(listen != NULL);
    if (listen != NULL) {
        ls_buffer_append(&file, text, (size_t)(listen - text) + 1);
        ls_emulate_modbus_print(plant, 1502, &file);
        CHECK_INT(ls_plant_read(file.data, file.size, "cell.yaml", NULL, &read, &errors), LS_OK);
        for (size_t i = 0; i < errors.count && i < 5; i++) {
            printf("%d: %s\n", errors.items[i].line, errors.items[i].text);
        }
        CHECK(read != NULL && read->listen.sources[0].register_count > 12 * 14);
        CHECK(read != NULL && read->listen.binding_count > 12 * 4);
    }
    ls_buffer_clear(&file);
    ls_errors_clear(&errors);
    ls_plant_destroy(read);
    ls_plant_destroy(plant);
    free(text);
}

// A value with a setpoint: what the printed registers say is what is served; a setpoint written to
// its register is obeyed while a heartbeat is heard, and told anew where it cannot be.
static void test_values_and_setpoints_are_served(void) {
    ls_plant *plant = NULL;
    ls_plant *read = NULL;
    ls_errors errors;
    uint64_t size = 0;
    ls_errors_init(&errors);
    char *text = harness_read_file(harness_source_path("examples/gearbox/bath.yaml"), &size);
    CHECK_INT(ls_plant_load(harness_source_path("examples/gearbox/bath.yaml"), &plant, NULL, &err),
              LS_OK);
    ls_buffer file;
    ls_buffer_init(&file);
    char *listen = text != NULL ? strstr(text, "\nlisten:") : NULL;
    CHECK(listen != NULL);
    ls_buffer_append(&file, text, (size_t)(listen - text) + 1);
    ls_emulate_modbus_print(plant, 1502, &file);
    CHECK_INT(ls_plant_read(file.data, file.size, "bath.yaml", NULL, &read, &errors), LS_OK);
    for (size_t i = 0; i < errors.count && i < 5; i++) {
        printf("%d: %s\n", errors.items[i].line, errors.items[i].text);
    }
    uint32_t value_at = 0, set_at = 0;
    const ls_source *source = read != NULL ? &read->listen.sources[0] : NULL;
    for (uint32_t i = 0; source != NULL && i < source->register_count; i++) {
        const ls_register *reg = &source->registers[i];
        value_at = strcmp(reg->name, "bath-value") == 0 ? reg->at : value_at;
        set_at = strcmp(reg->name, "bath-set") == 0 ? reg->at : set_at;
    }
    CHECK(value_at > 0 && set_at == value_at + 4);
    ls_emulate_play_def def = ls_emulate_play_def_default();
    rig r = {.plant = read};
    def.plant = read;
    def.speed = 600.0;
    def.modbus_port = 0;
    CHECK_INT(ls_emulate_play_create(&def, &r.play, &err), LS_OK);
    modbus_t *client = modbus_new_tcp("127.0.0.1", ls_emulate_play_describe(r.play).modbus_port);
    CHECK(client != NULL);
    modbus_set_response_timeout(client, 10, 0);
    CHECK_INT(modbus_connect(client), 0);
    const uint32_t line = read->machine_count * 64;
    // 60 and 57 as IEEE doubles, the high word first.
    const uint16_t sixty[] = {0x404E, 0, 0, 0}, lower[] = {0x404C, 0x8000, 0, 0};
    const uint16_t hot[] = {0x4069, 0, 0, 0};  // 200: beyond what may be set
    uint16_t got[4] = {0};
    step_for(&r, 0.1);
    CHECK_INT(modbus_read_registers(client, (int)set_at, 4, got), 4);
    CHECK(memcmp(got, sixty, sizeof got) == 0);
    CHECK_INT(modbus_write_register(client, (int)line, 1), 1);
    CHECK(wait_register(&r, client, line + 1, 0));
    CHECK_INT(modbus_write_registers(client, (int)set_at, 4, lower), 4);
    step_for(&r, 0.2);
    CHECK_INT(modbus_read_registers(client, (int)set_at, 4, got), 4);
    CHECK(memcmp(got, lower, sizeof got) == 0);
    CHECK_INT(modbus_write_registers(client, (int)set_at, 4, hot), 4);
    step_for(&r, 0.2);
    CHECK_INT(modbus_read_registers(client, (int)set_at, 4, got), 4);
    CHECK(memcmp(got, lower, sizeof got) == 0);
    // The value follows: below 59.
    for (int i = 0; i < 200; i++) {
        CHECK_INT(modbus_read_registers(client, (int)value_at, 4, got), 4);
        if (got[0] == 0x404C || (got[0] == 0x404D && got[1] < 0x8000)) {
            break;
        }
        step_for(&r, 0.02);
    }
    CHECK(got[0] == 0x404C || (got[0] == 0x404D && got[1] < 0x8000));
    // Nobody beats: back to its default.
    CHECK(wait_register(&r, client, line + 1, 1));
    CHECK_INT(modbus_read_registers(client, (int)set_at, 4, got), 4);
    CHECK(memcmp(got, sixty, sizeof got) == 0);
    modbus_close(client);
    modbus_free(client);
    ls_emulate_play_destroy(r.play);
    ls_plant_destroy(read);
    read = NULL;
    // Registers of the plant file's own that are not the emulated line's: said, not served wrongly.
    char *at = strstr(file.data, "bath-set: {at: ");
    CHECK(at != NULL);
    at[strlen("bath-set: {at: ")] = '9';
    CHECK_INT(ls_plant_read(file.data, file.size, "bath.yaml", NULL, &read, &errors), LS_OK);
    def.plant = read;
    CHECK_INT(ls_emulate_play_create(&def, &r.play, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "register 'bath-set' at 9");
    ls_buffer_clear(&file);
    ls_errors_clear(&errors);
    ls_plant_destroy(read);
    ls_plant_destroy(plant);
    free(text);
}

static void test_as_fast_as_it_goes_is_the_same_plant(void) {
    ls_plant *plant = NULL;
    ls_buffer truth[2];
    CHECK_INT(ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &plant, NULL, &err),
              LS_OK);
    for (int i = 0; i < 2; i++) {
        ls_emulate_play_def def = ls_emulate_play_def_default();
        ls_emulate_play *play = NULL;
        def.plant = plant;
        def.seed = 4;
        def.speed = i == 0 ? 0.0 : 3000.0;
        def.for_us = 60 * minute;
        CHECK_INT(ls_emulate_play_create(&def, &play, &err), LS_OK);
        int64_t sleep_us = 0;
        while (play != NULL && sleep_us >= 0) {
            CHECK_INT(ls_emulate_play_step(play, &sleep_us, &err), LS_OK);
        }
        ls_buffer_init(&truth[i]);
        ls_emulate_play_truth(play, &truth[i]);
        ls_emulate_play_destroy(play);
    }
    CHECK_STR(truth[0].data, truth[1].data);
    ls_buffer_clear(&truth[0]);
    ls_buffer_clear(&truth[1]);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_host_hears_the_line_and_commands_it);
    TEST(test_time_is_kept_within_one_percent);
    TEST(test_what_happens_while_the_broker_is_away_is_told_afterwards);
    TEST(test_modbus_shows_and_obeys);
    TEST(test_modbus_has_the_whole_handshake);
    TEST(test_values_and_setpoints_are_served);
    TEST(test_lots_that_wait_are_known_by_what_is_told);
    TEST(test_lots_that_wait_outside_are_known_by_what_is_told);
    TEST(test_pools_and_batches_have_registers);
    TEST(test_the_printed_registers_load_as_a_plant_file);
    TEST(test_as_fast_as_it_goes_is_the_same_plant);
    return harness_report();
}
