// emulate_signals.c - what the emulated line has to say, and how it says it.
#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "line/emulate_inside.h"
#include "twin/follow/watch.h"

typedef struct row {
    const char *name, *unit;
    ls_value_kind kind;
    bool writable;
} row;

static const row machine_rows[SIGNAL_MACHINE_COUNT] = {
    {"State", NULL, LS_VALUE_INT, false},
    {"Lots", NULL, LS_VALUE_TEXT, false},
    {"Step", NULL, LS_VALUE_TEXT, false},
    {"Product", NULL, LS_VALUE_TEXT, false},
    {"Setup", NULL, LS_VALUE_TEXT, false},
    {"Reason", NULL, LS_VALUE_TEXT, false},
    {"Good", NULL, LS_VALUE_INT, false},
    {"Bad", NULL, LS_VALUE_INT, false},
    {"Power", "kW", LS_VALUE_REAL, false},
    {"Temperature", "C", LS_VALUE_REAL, false},
    {"Vibration", "mm/s", LS_VALUE_REAL, false},
    {"Wear", NULL, LS_VALUE_REAL, false},
    {"Command/Id", NULL, LS_VALUE_INT, true},
    {"Command/Kind", NULL, LS_VALUE_TEXT, true},
    {"Command/Argument", NULL, LS_VALUE_TEXT, true},
    {"Command/Done", NULL, LS_VALUE_INT, false},
    {"Command/Result", NULL, LS_VALUE_INT, false},
    {"Command/Reason", NULL, LS_VALUE_TEXT, false},
};
static const row line_rows[LINE_COUNT] = {
    {"Released", NULL, LS_VALUE_TEXT, false},       {"Arrived", NULL, LS_VALUE_TEXT, false},
    {"Done", NULL, LS_VALUE_TEXT, false},           {"Scrapped", NULL, LS_VALUE_TEXT, false},
    {"Heartbeat", NULL, LS_VALUE_INT, true},        {"HeartbeatLost", NULL, LS_VALUE_BOOL, false},
    {"Clock", "ms", LS_VALUE_INT, false},           {"Command/Id", NULL, LS_VALUE_INT, true},
    {"Command/Kind", NULL, LS_VALUE_TEXT, true},    {"Command/Argument", NULL, LS_VALUE_TEXT, true},
    {"Command/Done", NULL, LS_VALUE_INT, false},    {"Command/Result", NULL, LS_VALUE_INT, false},
    {"Command/Reason", NULL, LS_VALUE_TEXT, false},
};

// --- the list

static void add(ls_emulate *e, const char *device, const row *from, uint32_t machine) {
    ls_sample *value = &e->values[e->signal_count];
    value->kind = (uint8_t)from->kind;
    value->value.text = from->kind == LS_VALUE_TEXT ? "" : NULL;
    if (from->kind == LS_VALUE_REAL) {
        value->value.real = 0.0;
    }
    e->signals[e->signal_count++] = (ls_emulate_signal){device,     from->name,     from->unit,
                                                        from->kind, from->writable, machine};
}

ls_status ls_emulate_make_signals(ls_emulate *e, ls_error *err) {
    const ls_plant *plant = e->plant;
    const size_t most = (size_t)plant->machine_count * SIGNAL_MACHINE_COUNT + plant->station_count +
                        LINE_COUNT + 1 + 2 * (size_t)plant->listen.value_count;
    e->signals = ls_arena_alloc(&e->arena, most * sizeof *e->signals);
    e->values = ls_arena_alloc(&e->arena, most * sizeof *e->values);
    e->texts = ls_arena_alloc(&e->arena, most * sizeof *e->texts);
    e->text_sizes = ls_arena_alloc(&e->arena, most * sizeof *e->text_sizes);
    if (e->signals == NULL || e->values == NULL || e->texts == NULL || e->text_sizes == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < plant->machine_count; i++) {
        for (uint32_t k = 0; k < SIGNAL_MACHINE_COUNT; k++) {
            add(e, plant->machines[i].name, &machine_rows[k], i);
        }
    }
    e->queue_at = e->signal_count;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        const row queue = {plant->stations[i].name, NULL, LS_VALUE_INT, false};
        add(e, "queues", &queue, LS_NO);
    }
    e->line_at = e->signal_count;
    for (uint32_t k = 0; k < LINE_COUNT; k++) {
        add(e, "line", &line_rows[k], LS_NO);
    }
    e->node_at = e->signal_count;
    const row emulated = {"Properties/Emulated", NULL, LS_VALUE_BOOL, false};
    add(e, NULL, &emulated, LS_NO);
    e->values[e->node_at].value.integer = 1;
    e->values[e->line_at + LINE_LOST].value.integer = 1;  // until the first heartbeat
    return LS_OK;
}

// --- telling

static void tell(ls_emulate *e, uint32_t signal) {
    e->values[signal].time_us = e->plant->start_us + ls_emulate_now(e);
    if (e->telling) {
        e->figures.told++;
        if (e->def.told != NULL) {
            e->def.told(e->def.context, signal, &e->values[signal]);
        }
    }
}

void ls_emulate_tell_number(ls_emulate *e, uint32_t signal, int64_t number) {
    e->values[signal].value.integer = number;
    tell(e, signal);
}

void ls_emulate_tell_real(ls_emulate *e, uint32_t signal, double value) {
    e->values[signal].value.real = value;
    tell(e, signal);
}

void ls_emulate_tell_text(ls_emulate *e, uint32_t signal, const char *text) {
    const size_t size = strlen(text);
    if (size >= e->text_sizes[signal]) {
        char *grown = ls_realloc(e->texts[signal], size + 32);
        if (grown == NULL) {
            return;  // not told: the line has lost a message
        }
        e->texts[signal] = grown;
        e->text_sizes[signal] = size + 32;
    }
    memcpy(e->texts[signal], text, size + 1);
    e->values[signal].value.text = e->texts[signal];
    e->values[signal].size = (uint32_t)size;
    tell(e, signal);
}

// --- lots

static const char *class_of(const ls_ctx *c, const ls_plant *plant, uint32_t serial) {
    for (uint32_t i = 0; i < c->s->lot_used; i++) {
        if (c->lot[i].where != LS_LOT_FREE && c->lot[i].serial == serial) {
            return plant->releases[c->lot[i].release].name;
        }
    }
    return NULL;
}

void ls_emulate_lot_name(const ls_emulate *e, uint32_t serial, char *out, size_t size) {
    ls_ctx c = ls_emulate_context(e, e->snapshot);
    const char *name = class_of(&c, e->plant, serial);
    if (name == NULL) {
        c = ls_emulate_context(e, e->before);
        name = class_of(&c, e->plant, serial);
    }
    ls_text_format(out, size, "%s-%u", name != NULL ? name : "lot", serial);
}

uint32_t ls_emulate_lot_find(const ls_emulate *e, const char *name) {
    const char *dash = strrchr(name, '-');
    int64_t serial = 0;
    if (dash == NULL || !ls_text_parse_i64(dash + 1, strlen(dash + 1), &serial)) {
        return LS_NO;
    }
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (uint32_t i = 0; i < c.s->lot_used; i++) {
        char own[EMULATE_NAME_SIZE];
        if (c.lot[i].where != LS_LOT_FREE && c.lot[i].serial == serial) {
            ls_emulate_lot_name(e, c.lot[i].serial, own, sizeof own);
            return strcmp(own, name) == 0 ? i : LS_NO;
        }
    }
    return LS_NO;
}

static void watch_name(void *context, uint32_t serial, char *out, size_t size) {
    ls_emulate_lot_name(context, serial, out, size);
}

// "... KEY=US" of the plant's time becomes a date, as a line would say it.
static void put_date(const ls_emulate *e, const char *text, const char *key, char *out,
                     size_t size) {
    char date[48];
    int64_t us = 0;
    const char *at = strstr(text, key);
    const char *value = at != NULL ? at + strlen(key) : NULL;
    if (value == NULL || !ls_text_parse_i64(value, strcspn(value, " "), &us)) {
        ls_text_format(out, size, "%s", text);
        return;
    }
    ls_units_print_date(e->plant->start_us + us, date, sizeof date);
    ls_text_format(out, size, "%.*s%s%s", (int)(value - text), text, date,
                   value + strcspn(value, " "));
}

static void tell_lot(ls_emulate *e, uint32_t signal, const char *text) {
    char due[EMULATE_NAME_SIZE * 4];
    char out[EMULATE_NAME_SIZE * 4];
    put_date(e, text, " due=", due, sizeof due);
    put_date(e, due, " pool=", out, sizeof out);
    ls_emulate_tell_text(e, signal, out);
}

// --- what happened

static void count(ls_emulate *e, uint32_t machine, bool good, int64_t more) {
    emulate_machine *m = &e->machines[machine];
    const uint32_t signal = EMULATE_MACHINE_SIGNAL(machine, good ? SIGNAL_GOOD : SIGNAL_BAD);
    uint64_t *really = good ? &m->good : &m->bad;
    uint64_t *told = good ? &m->good_told : &m->bad_told;
    const uint64_t heard = (uint64_t)more - ls_emulate_missed(e, signal, (uint64_t)more);
    *really += (uint64_t)more;
    *told += heard;
    bool stuck = false;
    (void)ls_emulate_lie(e, signal, 0.0, &stuck);
    if (heard > 0 && !stuck) {
        ls_emulate_tell_number(e, signal, (int64_t)(*told & 0xffff));
    }
}

static void tell_machine(ls_emulate *e, const ls_heard *heard, int k, const char *text) {
    const uint32_t signal = EMULATE_MACHINE_SIGNAL(heard->of, k);
    bool stuck = false;
    (void)ls_emulate_lie(e, signal, 0.0, &stuck);
    if (stuck) {
        return;
    }
    if (text != NULL) {
        ls_emulate_tell_text(e, signal, text);
    } else {
        ls_emulate_tell_number(e, signal, heard->number);
    }
}

static void heard_to_signal(void *context, const ls_heard *heard) {
    ls_emulate *e = context;
    const uint32_t line = e->line_at;
    switch (heard->kind) {
    case LS_HEARD_STATE: tell_machine(e, heard, SIGNAL_STATE, NULL); break;
    case LS_HEARD_LOTS: tell_machine(e, heard, SIGNAL_LOTS, heard->text); break;
    case LS_HEARD_STEP: tell_machine(e, heard, SIGNAL_STEP, heard->text); break;
    case LS_HEARD_PRODUCT: tell_machine(e, heard, SIGNAL_PRODUCT, heard->text); break;
    case LS_HEARD_SETUP: tell_machine(e, heard, SIGNAL_SETUP, heard->text); break;
    case LS_HEARD_REASON:
        tell_machine(e, heard, SIGNAL_REASON,
                     heard->number == 0 ? "" : e->plant->failures[heard->number - 1].name);
        break;
    case LS_HEARD_GOOD: count(e, heard->of, true, heard->number); break;
    case LS_HEARD_BAD: count(e, heard->of, false, heard->number); break;
    case LS_HEARD_QUEUE: ls_emulate_tell_number(e, e->queue_at + heard->of, heard->number); break;
    case LS_HEARD_RELEASED: tell_lot(e, line + LINE_RELEASED, heard->text); break;
    case LS_HEARD_ARRIVED: tell_lot(e, line + LINE_ARRIVED, heard->text); break;
    case LS_HEARD_DONE: tell_lot(e, line + LINE_DONE, heard->text); break;
    case LS_HEARD_SCRAPPED: tell_lot(e, line + LINE_SCRAPPED, heard->text); break;
    case LS_HEARD_STALE:
    case LS_HEARD_KIND_COUNT: break;
    }
}

static bool is_of_a_lot(const ls_heard *heard) {
    return heard->kind == LS_HEARD_RELEASED || heard->kind == LS_HEARD_ARRIVED;
}
static void only_lots(void *context, const ls_heard *heard) {
    if (is_of_a_lot(heard)) {
        heard_to_signal(context, heard);
    }
}
static void only_states(void *context, const ls_heard *heard) {
    if (!is_of_a_lot(heard)) {
        heard_to_signal(context, heard);
    }
}

void ls_emulate_tell_state(ls_emulate *e, bool birth) {
    ls_watch_def def = {.name = watch_name, .say = heard_to_signal, .context = e};
    if (!birth) {
        def.trace = e->trace;
        def.trace_count = (size_t)e->snapshot->scratch.trace_count;
        ls_watch(e->plant, e->twin, e->before->state, e->snapshot->state, &def);
        return;
    }
    e->telling = false;
    def.say = only_states;
    ls_watch(e->plant, e->twin, NULL, e->snapshot->state, &def);
    ls_emulate_tell_values(e, true);
    e->telling = true;
    for (uint32_t i = 0; i < e->signal_count; i++) {
        tell(e, i);
    }
}

void ls_emulate_tell_lots(ls_emulate *e) {
    const ls_watch_def def = {.name = watch_name, .say = only_lots, .context = e};
    ls_watch(e->plant, e->twin, NULL, e->snapshot->state, &def);
}
