// bus_test.c - the guard's Modbus connection against a PLC behind libmodbus's own server, and
// against what can happen to it.
#include "guard/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lineshaft/plant.h>

#include "guard/bus_hand.h"
#include "guard/testing/plc.h"
#include "plant/read.h"
#include "tests/harness.h"

enum { DEVICES = 3, LINE = 2, REGISTERS = 64, WAIT_MS = 30000 };

typedef struct rig {
    plc plc;
    ls_plant *plant;
    ls_guard_bus *bus;
    uint32_t listened[REGISTERS], listened_count;
    pthread_mutex_t lock;  // of what follows
    ls_guard_bus_device devices[DEVICES];
    char reasons[DEVICES][64];
    uint32_t reads[DEVICES];
    int64_t numbers[REGISTERS];
    char texts[REGISTERS][64];
    uint32_t values, ups, downs;
    int64_t beats[64];
    uint32_t beat_count;
    char log[4000];
} rig;

static ls_error err;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(int ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

#define WAIT_FOR(condition)                        \
    do {                                           \
        const int64_t until = now_ms() + WAIT_MS;  \
        while (!(condition) && now_ms() < until) { \
            nap(2);                                \
        }                                          \
        CHECK(condition);                          \
    } while (0)

static void on_told(void *context, const char *text) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    const size_t used = strlen(r->log);
    snprintf(r->log + used, sizeof r->log - used, "%s\n", text);
    pthread_mutex_unlock(&r->lock);
}

static void on_up(void *context) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->ups++;
    pthread_mutex_unlock(&r->lock);
}

static void on_down(void *context) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->downs++;
    memset(r->devices, 0, sizeof r->devices);
    pthread_mutex_unlock(&r->lock);
}

static void on_device(void *context, const ls_guard_bus_device *d) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->devices[d->device] = *d;
    snprintf(r->reasons[d->device], sizeof r->reasons[0], "%s",
             d->reason != NULL ? d->reason : "none");
    r->reads[d->device]++;
    if (d->moved && r->beat_count < 64) {
        r->beats[r->beat_count++] = d->beat;
    }
    pthread_mutex_unlock(&r->lock);
}

static void on_values(void *context, const ls_guard_bus_value *values, uint32_t count) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < count; i++) {
        const ls_sample *s = &values[i].value;
        if (s->kind == LS_VALUE_TEXT) {
            snprintf(r->texts[values[i].index], 64, "%.*s", (int)s->size, s->value.text);
        } else {
            r->numbers[values[i].index] = s->value.integer;
        }
        r->values++;
    }
    pthread_mutex_unlock(&r->lock);
}

static ls_guard_bus_device device(rig *r, uint32_t of) {
    pthread_mutex_lock(&r->lock);
    const ls_guard_bus_device d = r->devices[of];
    pthread_mutex_unlock(&r->lock);
    return d;
}

static uint32_t count(rig *r, const uint32_t *of) {
    pthread_mutex_lock(&r->lock);
    const uint32_t n = *of;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static bool says(rig *r, const char *text) {
    pthread_mutex_lock(&r->lock);
    const bool found = strstr(r->log, text) != NULL;
    pthread_mutex_unlock(&r->lock);
    return found;
}

static uint32_t named(const ls_source *s, const char *name) {
    uint32_t i = 0;
    while (i < s->register_count && strcmp(s->registers[i].name, name) != 0) {
        i++;
    }
    return i;
}

static int64_t number(rig *r, const char *name) {
    const uint32_t at = named(&r->plant->listen.sources[0], name);
    pthread_mutex_lock(&r->lock);
    const int64_t n = r->numbers[at];
    pthread_mutex_unlock(&r->lock);
    return n;
}

static bool is_text(rig *r, const char *kept, const char *text) {
    pthread_mutex_lock(&r->lock);
    const bool same = strcmp(kept, text) == 0;
    pthread_mutex_unlock(&r->lock);
    return same;
}

static rig *make_rig(int port, bool plc_too) {
    rig *r = calloc(1, sizeof *r);
    CHECK(r != NULL && (!plc_too || plc_start(&r->plc, port, 400000)));
    char text[8192];
    snprintf(text, sizeof text, plc_plant, plc_too ? r->plc.port : port);
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_read(text, strlen(text), "saws.yaml", NULL, &r->plant, &errors), LS_OK);
    for (size_t i = 0; i < errors.count; i++) {
        printf("%d: %s\n", errors.items[i].line, errors.items[i].text);
    }
    ls_errors_clear(&errors);
    pthread_mutex_init(&r->lock, NULL);
    if (r->plant == NULL) {
        return r;
    }
    const ls_source *s = &r->plant->listen.sources[0];
    const char *const names[] = {"saw-1-state", "saw-waiting", "speed-set"};
    for (int i = 0; i < 3; i++) {
        r->listened[r->listened_count++] = named(s, names[i]);
    }
    const ls_guard_bus_def def = {.plant = r->plant,
                                  .source = s,
                                  .listened = r->listened,
                                  .listened_count = r->listened_count,
                                  .told = on_told,
                                  .up = on_up,
                                  .down = on_down,
                                  .device = on_device,
                                  .values = on_values,
                                  .context = r};
    CHECK_INT(ls_guard_bus_create(&def, &r->bus, &err), LS_OK);
    CHECK_INT(ls_guard_bus_start(r->bus, &err), LS_OK);
    return r;
}

static void end_rig(rig *r, bool plc_too) {
    ls_guard_bus_destroy(r->bus);
    if (plc_too) {
        plc_stop(&r->plc);
    }
    if (harness_has_failed()) {
        printf("%s", r->log);
    }
    ls_plant_destroy(r->plant);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void test_what_is_written_is_read_back(void) {
    rig *r = make_rig(0, true);
    plc_set_text(&r->plc, PLC_WAITING, 40, "a-1 a-2");
    WAIT_FOR(count(r, &r->reads[0]) > 0 && count(r, &r->reads[LINE]) > 0);
    CHECK(device(r, LINE).lost);
    // A heartbeat; the echo says which.
    CHECK(ls_guard_bus_beat(r->bus, 4710));
    WAIT_FOR(!device(r, LINE).lost && device(r, LINE).beat == 4710);
    CHECK(ls_guard_bus_send(r->bus, 0, "dispatch", "a-2", 17));
    WAIT_FOR(device(r, 0).done == 17);
    CHECK_INT(device(r, 0).id, 17);
    CHECK_INT(device(r, 0).result, 0);
    CHECK(device(r, 0).holds && device(r, 0).reason == NULL);
    CHECK_INT(plc_written(&r->plc, 17), 1);
    CHECK_INT(plc_obeyed(&r->plc, 17), 1);
    // Asked again it is read again, and nothing is written.
    const uint32_t before = count(r, &r->reads[0]);
    CHECK(ls_guard_bus_send(r->bus, 0, NULL, NULL, 17));
    WAIT_FOR(count(r, &r->reads[0]) > before);
    CHECK_INT(plc_written(&r->plc, 17), 1);
    // A no, with its reason.
    CHECK(ls_guard_bus_beat(r->bus, 4711));
    CHECK(ls_guard_bus_send(r->bus, 1, "dispatch", "not-now", 5));
    WAIT_FOR(device(r, 1).done == 5);
    CHECK_INT(device(r, 1).result, 3);
    CHECK(is_text(r, r->reasons[1], "it is being cleaned"));
    // The line's own has no register for a reason.
    CHECK(ls_guard_bus_send(r->bus, LINE, "fence", "", 70000));
    WAIT_FOR(device(r, LINE).done == 70000);
    CHECK_INT(device(r, LINE).result, 1);
    CHECK(device(r, LINE).reason == NULL);
    // And the rest is read.
    const uint32_t waiting = named(&r->plant->listen.sources[0], "saw-waiting");
    WAIT_FOR(count(r, &r->values) >= 6);
    CHECK_INT(number(r, "saw-1-state"), 4);
    CHECK_INT(number(r, "speed-set"), 50);
    CHECK(is_text(r, r->texts[waiting], "a-1 a-2"));
    CHECK_INT(r->downs, 0);
    // What does not fit is not sent at all: 16 registers are 32 characters.
    CHECK(!ls_guard_bus_send(r->bus, 0, "dispatch", "a-lot-whose-name-is-far-too-long-for-it", 18));
    CHECK(!ls_guard_bus_send(r->bus, 0, "dispatch-it", "a-2", 18));
    end_rig(r, true);
}

// The PLC has taken the command, and the connection broke before it said so.
static void test_a_lost_acknowledgement_sends_nothing_twice(void) {
    rig *r = make_rig(0, true);
    WAIT_FOR(count(r, &r->reads[0]) > 0);
    CHECK(ls_guard_bus_beat(r->bus, 1));
    WAIT_FOR(!device(r, LINE).lost);
    plc_fault(&r->plc, (plc_faults){.cut = true});
    CHECK(ls_guard_bus_send(r->bus, 0, "hold", "", 3));
    WAIT_FOR(count(r, &r->downs) == 1);
    WAIT_FOR(count(r, &r->ups) == 2);
    WAIT_FOR(device(r, 0).done == 3);  // found by reading
    CHECK(device(r, 0).holds);
    nap(100);
    CHECK_INT(plc_written(&r->plc, 3), 1);
    CHECK_INT(plc_obeyed(&r->plc, 3), 1);
    end_rig(r, true);
}

static void test_other_words_than_ours_are_seen(void) {
    rig *r = make_rig(0, true);
    WAIT_FOR(count(r, &r->reads[1]) > 0);
    plc_fault(&r->plc, (plc_faults){.spoil = true});
    CHECK(ls_guard_bus_send(r->bus, 1, "hold", "0", 9));
    WAIT_FOR(device(r, 1).done == 9);
    CHECK(!device(r, 1).holds);
    CHECK(says(r, "saw-2: what was written with id 9 does not stand there"));
    // Somebody else's id is not compared with our words.
    plc_fault(&r->plc, (plc_faults){0});
    plc_set(&r->plc, PLC_MACHINE + 101, 12);
    WAIT_FOR(device(r, 1).id == 12);
    CHECK(device(r, 1).holds);
    end_rig(r, true);
}

// A server that hangs: what waited meanwhile is too old, and is not written when it answers again.
static void test_what_comes_too_late_is_not_written(void) {
    rig *r = make_rig(0, true);
    WAIT_FOR(count(r, &r->reads[0]) > 0);
    const uint32_t before = count(r, &r->reads[LINE]);
    plc_fault(&r->plc, (plc_faults){.stall_ms = 2500});
    WAIT_FOR(plc_stalls(&r->plc));  // some read is stuck now
    CHECK(ls_guard_bus_send(r->bus, 0, "hold", "", 4));
    CHECK(ls_guard_bus_beat(r->bus, 99));
    WAIT_FOR(count(r, &r->downs) == 1);
    CHECK(says(r, "too late"));
    WAIT_FOR(count(r, &r->ups) == 2 && count(r, &r->reads[LINE]) > before + 1);
    nap(100);
    CHECK_INT(plc_written(&r->plc, 4), 0);
    CHECK_INT(plc_get(&r->plc, PLC_BEAT), 0);
    end_rig(r, true);
}

static void test_it_comes_back(void) {
    rig *first = make_rig(0, true);
    const int port = first->plc.port;
    WAIT_FOR(count(first, &first->reads[0]) > 0);
    CHECK(ls_guard_bus_is_connected(first->bus));
    plc_stop(&first->plc);
    WAIT_FOR(count(first, &first->downs) == 1);
    CHECK(!ls_guard_bus_is_connected(first->bus));
    CHECK(!ls_guard_bus_send(first->bus, 0, "hold", "", 1));
    CHECK(!ls_guard_bus_send(first->bus, 0, NULL, NULL, 1));
    CHECK(!ls_guard_bus_beat(first->bus, 1));
    nap(300);  // one try more, at least
    CHECK(plc_start(&first->plc, port, 400000));
    WAIT_FOR(count(first, &first->ups) == 2);
    WAIT_FOR(device(first, LINE).lost);
    CHECK_INT(plc_written(&first->plc, 1), 0);
    end_rig(first, true);
}

// The echo is 16 bits wide, the guard's count is not.
static void test_the_echo_is_the_newest_count_that_it_can_be(void) {
    rig *r = make_rig(1, false);  // nobody is there
    ls_guard_hand line, machine;
    CHECK(ls_guard_hand_make(&r->plant->listen.sources[0], LINE, 2, &line));
    CHECK(ls_guard_hand_make(&r->plant->listen.sources[0], 0, 2, &machine));
    CHECK_INT(line.read_at, 200);
    CHECK_INT(line.read_count, 37);
    CHECK_INT(machine.write_at, 300);
    CHECK_INT(machine.write_count, 23);
    CHECK_INT(machine.read_count, 26);
    CHECK(machine.lost == NULL);
    uint16_t words[4] = {0};
    ls_guard_hand_beat(&line, 65536 + 7, words);
    CHECK_INT(words[0], 7);
    CHECK_INT(ls_guard_hand_count(&line, 65543, 7), 65543);
    CHECK_INT(ls_guard_hand_count(&line, 65543, 5), 65541);
    CHECK_INT(ls_guard_hand_count(&line, 65543, 65534), 65534);
    CHECK_INT(ls_guard_hand_count(&line, 65543, 8), -1);  // not one of ours, or too old
    CHECK_INT(ls_guard_hand_count(&line, 65543, 65479), -1);
    CHECK_INT(ls_guard_hand_count(&line, 65543, 65480), 65480);
    CHECK_INT(ls_guard_hand_count(&line, 3, 65535), -1);  // before the first
    CHECK_INT(ls_guard_hand_count(&line, 3, -1), -1);
    end_rig(r, false);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_is_written_is_read_back);
    TEST(test_a_lost_acknowledgement_sends_nothing_twice);
    TEST(test_other_words_than_ours_are_seen);
    TEST(test_what_comes_too_late_is_not_written);
    TEST(test_it_comes_back);
    TEST(test_the_echo_is_the_newest_count_that_it_can_be);
    return harness_report();
}
