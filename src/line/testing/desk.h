// desk.h - what the tests of orders share: a plant, a data folder that goes with the test, and an
// ear that writes down what it hears.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line/orders.h"
#include "plant/testing/plants.h"

#define TEST_DAY_US 86400000000LL

typedef struct desk_bench {
    char folder[128];  // with data/, hot/ and what a test puts there
    char data[160];
    ls_plant *plant;
    ls_orders *desk;
    ls_buffer heard;  // one line for each event
    bool refuses;     // says "not now"
    unsigned counts[LS_DESK_KIND_COUNT];
    int64_t now_us;
} desk_bench;

static inline bool desk_hear(void *context, const ls_desk_event *e) {
    desk_bench *b = context;
    if (b->refuses && (e->kind == LS_DESK_ORDER || e->kind == LS_DESK_NOTE)) {
        return false;
    }
    b->counts[e->kind]++;
    if (e->kind == LS_DESK_ORDER) {
        ls_buffer_printf(&b->heard, "%s: order %s %s x%u class %s prio %d release %lld due ",
                         e->from, e->id, b->plant->products[e->product].name, e->lots,
                         e->release == LS_NONE ? "-" : b->plant->releases[e->release].name,
                         e->priority, (long long)(e->release_us / 1000000));
        ls_buffer_printf(&b->heard, e->due_us == LS_FOREVER ? "-\n" : "%lld\n",
                         (long long)(e->due_us / 1000000));
    } else if (e->kind == LS_DESK_NOTE) {
        ls_buffer_printf(&b->heard, "%s: note %s %s scrap %u\n", e->from,
                         b->plant->machines[e->machine].name,
                         e->mode == LS_NONE ? "-" : b->plant->failures[e->mode].name, e->scrap);
    } else {
        static const char *const names[] = {"", "", "aside", "away", "back"};
        ls_buffer_printf(&b->heard, "%s: %s %s\n", e->from, names[e->kind],
                         e->text != NULL ? e->text : "");
    }
    return true;
}

// `listen` is the part of that name (or "").
static inline void desk_open(desk_bench *b, const char *listen) {
    char text[2000];
    memset(b, 0, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/lineshaft-desk-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    snprintf(b->data, sizeof b->data, "%s/data", b->folder);
    snprintf(
        text, sizeof text,
        "plant: p\n"
        "start: 1970-01-01\n"
        "stations: {saw: {machines: [saw-1, saw-2], process: 1 min, "
        "fails: {name: blade, every: 9 h, repair: 1 h}}, oven: {process: 1 min}}\n"
        "products:\n"
        "  x: {lot: 5, route: [saw], release: {every: 1 h}}\n"
        "  y: {route: [oven], release: [{every: 1 h, name: y-slow}, {every: 1 h, name: y-hot}]}\n"
        "%s",
        listen);
    b->plant = test_good(text);
    b->plant->listen.folder = b->folder;
    ls_buffer_init(&b->heard);
    ls_error err = {0};
    CHECK_INT(ls_orders_create(b->plant, b->data, &b->desk, &err), LS_OK);
    CHECK_STR(err.text, "");
    b->now_us = TEST_DAY_US;
}

static inline void desk_again(desk_bench *b) {
    ls_orders_destroy(b->desk);
    CHECK_INT(ls_orders_create(b->plant, b->data, &b->desk, NULL), LS_OK);
}

static inline void desk_poll(desk_bench *b, int64_t later_us) {
    b->heard.size = 0;
    if (b->heard.data != NULL) {
        b->heard.data[0] = '\0';
    }
    memset(b->counts, 0, sizeof b->counts);
    b->now_us += later_us;
    (void)ls_orders_poll(b->desk, b->now_us, desk_hear, b);
}

static inline const char *desk_said(const desk_bench *b) {
    return b->heard.data != NULL ? b->heard.data : "";
}

static inline void desk_put(const desk_bench *b, const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file != NULL) {
        fputs(text, file);
        fclose(file);
    }
}

static inline bool desk_has(const desk_bench *b, const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    return access(path, F_OK) == 0;
}

static inline void desk_close(desk_bench *b) {
    char command[200];
    ls_orders_destroy(b->desk);
    ls_plant_destroy(b->plant);
    ls_buffer_clear(&b->heard);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    CHECK_INT(system(command), 0);
}
