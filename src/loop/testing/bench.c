// bench.c - see bench.h.
#include "loop/testing/bench.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plant/plant.h"
#include "tests/harness.h"

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  saw: {machines: [saw-1, saw-2], process: 60 s, fails: {name: blade, every: 10 h, repair: 1 "
    "h}}\n"
    "  pack: {process: 30 s}\n"
    "products:\n"
    "  x: {route: [saw, pack], release: {every: 10 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any:\n"
    "      state: \"g/n/{machine}/State\"\n"
    "      lots: \"g/n/{machine}/Lots\"\n"
    "      reason: \"g/n/{machine}/Reason\"\n"
    "      good: \"g/n/{machine}/Good\"\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "  orders: {tag: g/n/line/Order}\n"
    "%s";

ls_plant *bench_plant(const char *more) {
    char text[4096];
    ls_plant *plant = NULL;
    ls_error err = {0};
    snprintf(text, sizeof text, form, more);
    if (ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err) != LS_OK) {
        printf("%s\n", err.text);
        exit(1);
    }
    return plant;
}

void bench_open_history(bench *b) {
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    def.store = b->folder;
    CHECK_INT(ls_tags_create(&b->tags, &err), LS_OK);
    CHECK_INT(ls_intake_init(&b->intake, &err), LS_OK);
    CHECK_INT(ls_history_open(&def, b->tags, &b->intake.history, &err), LS_OK);
    b->intake.tags = b->tags;
    b->sink = ls_intake_sink(&b->intake);
}

void bench_close_history(bench *b) {
    ls_error err = {0};
    CHECK_INT(ls_history_close(b->intake.history, &err), LS_OK);
    ls_intake_clear(&b->intake);
    ls_tags_destroy(b->tags);
}

static void begin(bench *b, const char *more) {
    ls_error err = {0};
    bench_open_history(b);
    ls_plant *plant = bench_plant(more);
    b->zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, b->tags, &b->intake.running, &err), LS_OK);
}

void bench_open_text(bench *b, const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    snprintf(b->folder, sizeof b->folder, "/tmp/ls-loop-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    bench_open_history(b);
    const ls_status status = ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err);
    harness_note("%d: %s", err.line, err.text);
    CHECK_INT(status, LS_OK);
    b->zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, b->tags, &b->intake.running, &err), LS_OK);
}

ls_decider *bench_open_decider(bench *b, const char *text) {
    ls_decider *decider = NULL;
    ls_error err = {0};
    const ls_decider_def def = ls_decider_def_default();
    bench_open_text(b, text);
    CHECK_INT(
        ls_decider_create(b->intake.running.plant, b->intake.running.twin, &def, &decider, &err),
        LS_OK);
    return decider;
}

bool bench_has_reason(const json_t *row, const char *key, const char *part) {
    const json_t *why = json_object_get(row, key);
    for (size_t i = 0; i < json_array_size(why); i++) {
        if (strstr(json_string_value(json_array_get(why, i)), part) != NULL) {
            return true;
        }
    }
    return false;
}

void bench_open(bench *b, const char *more) {
    memset(b, 0, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/ls-loop-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    begin(b, more);
}

void bench_restart(bench *b, const char *more) {
    bench_close_history(b);
    begin(b, more);
}

void bench_close(bench *b) {
    char command[128];
    bench_close_history(b);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    CHECK_INT(system(command), 0);
}

bool bench_say(bench *b, const char *tag, double at_s, ls_sample sample) {
    CHECK_INT(ls_tags_add(b->tags, tag, strlen(tag), &sample.tag, NULL), LS_OK);
    sample.time_us = b->zero_us + (int64_t)(at_s * 1e6);
    return b->sink.heard(b->sink.context, &sample, 1);
}

bool bench_text(bench *b, const char *tag, double at_s, const char *text) {
    return bench_say(
        b, tag, at_s,
        (ls_sample){.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text});
}

bool bench_number(bench *b, const char *tag, double at_s, int64_t number) {
    return bench_say(b, tag, at_s, (ls_sample){.kind = LS_VALUE_INT, .value.integer = number});
}

void bench_works(bench *b, const char *machine, const char *lot, double at_s) {
    enum { EXECUTE = 6, IDLE = 4 };  // PackML
    char tag[60];
    snprintf(tag, sizeof tag, "g/n/%s/Lots", machine);
    CHECK(bench_text(b, tag, at_s, lot));
    snprintf(tag, sizeof tag, "g/n/%s/State", machine);
    CHECK(bench_number(b, tag, at_s, lot[0] != '\0' ? EXECUTE : IDLE));
}

void bench_long_queue(bench *b) {
    static const char *const lots[] = {
        "L0 class=long product=long", "L1 class=long product=long", "S1 class=short product=short",
        "S2 class=short product=short", "S3 class=short product=short"};
    for (int i = 0; i < 5; i++) {
        CHECK(bench_text(b, "g/n/line/Released", i, lots[i]));
    }
    bench_works(b, "mill-1", "L0", 6);
}

void bench_arrives(bench *b, const char *lot, const char *station, double at_s) {
    char text[80];
    snprintf(text, sizeof text, "%s station=%s", lot, station);
    CHECK(bench_text(b, "g/n/line/Arrived", at_s, text));
}

void bench_lot(bench *b, int number, double saw_s) {
    char name[32];
    char released[64];
    const double at = number * 600.0;
    snprintf(name, sizeof name, "L%d", number);
    snprintf(released, sizeof released, "L%d product=x", number);
    bench_text(b, "g/n/line/Released", at, released);
    bench_text(b, "g/n/saw-1/Lots", at + 1, name);
    bench_number(b, "g/n/saw-1/State", at + 1, 6);
    bench_text(b, "g/n/saw-1/Lots", at + 1 + saw_s, "");
    bench_number(b, "g/n/saw-1/State", at + 1 + saw_s, 4);
    bench_text(b, "g/n/pack/Lots", at + 2 + saw_s, name);
    bench_number(b, "g/n/pack/State", at + 2 + saw_s, 6);
    bench_text(b, "g/n/pack/Lots", at + 32 + saw_s, "");
    bench_number(b, "g/n/pack/State", at + 32 + saw_s, 4);
    bench_text(b, "g/n/line/Done", at + 32 + saw_s, name);
}

static bool put_event(void *context, const ls_happened *happened) {
    ls_buffer_printf(context, "%s|%s|%s|%s\n", happened->kind, happened->subject, happened->text,
                     happened->json);
    return true;
}

const char *bench_events(bench *b) {
    static char text[1 << 16];
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    CHECK_INT(
        ls_history_events(b->intake.history, NULL, INT64_MIN, INT64_MAX, put_event, &out, &err),
        LS_OK);
    snprintf(text, sizeof text, "%s", out.data != NULL ? out.data : "");
    ls_buffer_clear(&out);
    return text;
}

static bool count_one(void *context, const ls_sample *sample) {
    (void)sample;
    (*(uint64_t *)context)++;
    return true;
}

uint64_t bench_kept(bench *b) {
    uint64_t count = 0;
    const ls_query all = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    ls_error err = {0};
    CHECK_INT(ls_history_query(b->intake.history, &all, count_one, &count, &err), LS_OK);
    return count;
}
