// follow_fuzz.c - random signals: the follower neither crashes nor leaves a state that does not
// hold.
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twin/follow/follow.h"

static const char *const plant_text =
    "plant: fuzzed\n"
    "limits: {lots: 40}\n"
    "calendars:\n"
    "  k: {daily: \"00:10-00:50 01:00-02:00\"}\n"
    "stations:\n"
    "  a: {machines: 2, process: 1 min, queue: 2, setup: {x to y: 1 min, any to x: 2 min}}\n"
    "  b: {machines: 1, process: exp 90 s, batch: {min: 2, max: 3, by: product}, fails: [{every: "
    "20 min, repair: 3 min, by: busy, lots: scrap, name: f}]}\n"
    "  c: {machines: 2, process: 2 min, cascade: 20 s, calendar: k, shift-end: abort, maintenance: "
    "[{every: 30 min, for: 2 min, name: m}]}\n"
    "transport: {default: 30 s}\n"
    "products:\n"
    "  p: {lot: 2, route: [{at: a, name: n0, setup: x}, {at: b, name: n1, rework: {chance: 10 %, "
    "to: n0}}, {at: c, name: n2}], release: [{name: r, every: 3 min}]}\n"
    "  q: {lot: 1, route: [{at: c, name: n0}, {at: a, name: n1, setup: y}, {at: c, name: n2}], "
    "release: [{name: s, keep: 3}]}\n";

static const char *const words[] = {"A",         "B",         "C",         "L1",      "L2",
                                    "L3",        "class=r",   "product=q", "step=n1", "station=a",
                                    "due=9",     "n0",        "n1",        "n2",      "p",
                                    "station=c", "x",         "y",         "=",       "station=b",
                                    "L4",        "product=p", "class=s",   "step=n2", "~1"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ls_plant *plant;
    static ls_twin *twin;
    ls_error err = {0};
    if (plant == NULL) {
        const ls_status read = ls_plant_parse(plant_text, strlen(plant_text), "fuzz.yaml", &plant,
                                              NULL, &err);
        if (read != LS_OK || ls_twin_create(plant, &twin, &err) != LS_OK) {
            fprintf(stderr, "%s\n", err.text);
            abort();
        }
    }
    ls_follow_def def = ls_follow_def_default();
    ls_follow *follow = NULL;
    if (ls_follow_create(plant, twin, 0, &def, &follow, &err) != LS_OK) {
        abort();
    }
    int64_t time_us = 0;
    for (size_t i = 0; i + 6 <= size; i += 6) {
        char text[128] = "";
        const int count = data[i + 4] % 5;
        size_t length = 0;
        for (int k = 0; k < count; k++) {
            const char *word = words[(data[i + 5] + k * (data[i + 4] | 1)) %
                                     (int)(sizeof words / sizeof words[0])];
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                       k > 0 ? " " : "", word);
        }
        time_us += (int64_t)(data[i + 2] & 31) * (data[i + 2] & 32 ? 10000000 : 100000);
        const int64_t back_us = (data[i + 2] & 64) != 0 ? (int64_t)data[i + 3] * 50000 : 0;
        const ls_heard heard = {.kind = (ls_heard_kind)(data[i] % LS_HEARD_KIND_COUNT),
                                .birth = data[i] >= 200,
                                .of = data[i + 1] == 255 ? UINT32_MAX : data[i + 1] % 6u,
                                .time_us = time_us > back_us ? time_us - back_us : 0,
                                .number = (int64_t)data[i + 3] % 20,
                                .text = text,
                                .size = (uint32_t)length};
        ls_follow_hear(follow, &heard);
        if (i % 18 == 0) {
            const ls_status sound = ls_state_check(twin, ls_follow_state(follow), &err);
            if (sound != LS_OK) {
                fprintf(stderr, "signal %zu: %s\n", i / 6, err.text);
                abort();
            }
        }
    }
    ls_follow_advance(follow, time_us + 100000000);
    ls_snapshot *future = NULL;
    if (ls_snapshot_create(twin, 1, 0, &future, &err) == LS_OK) {
        ls_follow_fork(follow, 1, 2, future);
        if (ls_state_check(twin, future->state, &err) != LS_OK) {
            fprintf(stderr, "future: %s\n", err.text);
            abort();
        }
        (void)ls_snapshot_step(twin, future, time_us + INT64_C(3600000000), 200, NULL, &err);
        if (err.status == LS_ERR_INVALID) {
            fprintf(stderr, "future runs: %s\n", err.text);
            abort();
        }
        ls_snapshot_destroy(future);
    }
    void *bytes = NULL;
    size_t saved = 0;
    if (ls_follow_save(follow, &bytes, &saved, &err) == LS_OK) {
        ls_follow *again = NULL;
        if (ls_follow_load(plant, twin, bytes, saved, &def, &again, &err) != LS_OK) {
            fprintf(stderr, "load: %s\n", err.text);
            abort();
        }
        ls_follow_destroy(again);
        ls_free(bytes);
    }
    ls_follow_destroy(follow);
    return 0;
}
