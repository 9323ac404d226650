// hear_modbus.c - the guard's ear and hand where the line is commanded over Modbus TCP.
//
// What the bus reads becomes samples of the same tags and roles as what Sparkplug tells, so that
// guards and writer know no difference. Registers bear no time and are told whenever they are read,
// not when they change: a value is as fresh as its last reading, and nothing vouches for another.
// Lots have no births and no farewells: which there are is put together anew from what the machines
// have and what waits, whenever one of the two has changed. A lot between two stations is in
// neither: how many there are the line counts.
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "guard/hear_inside.h"
#include "line/modbus_value.h"

struct ls_guard_ear_modbus {
    ls_guard_bus *bus;
    uint32_t *tags;      // of each register of the source; LS_NONE: of no concern
    uint32_t *waits_at;  // station whose waiting lots a register names; LS_NONE
    uint32_t *listened;  // registers that are read besides the handshakes
    uint32_t listened_count;
    char (*waiting)[LS_MODBUS_TEXT_MAX];  // of each station
    char (*lots)[LS_MODBUS_TEXT_MAX];     // of each machine
    bool *heard_waiting, *heard_lots;     // since the connection stands
    bool changed;
};

static int64_t mono_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// ---- lots

void ls_guard_ear_modbus_lots(ls_guard_ear *ear, uint32_t machine, const char *names) {
    ls_guard_ear_modbus *m = ear->modbus;
    char *kept = m->lots[machine];
    if (!m->heard_lots[machine] || strcmp(kept, names) != 0) {
        m->heard_lots[machine] = true;
        m->changed = true;
        ls_text_format(kept, sizeof m->lots[0], "%s", names);
    }
}

static void hear_waiting(ls_guard_ear_modbus *m, uint32_t station, const ls_sample *s) {
    char names[LS_MODBUS_TEXT_MAX];
    ls_text_format(names, sizeof names, "%.*s", (int)s->size, s->value.text);
    if (!m->heard_waiting[station] || strcmp(m->waiting[station], names) != 0) {
        m->heard_waiting[station] = true;
        m->changed = true;
        memcpy(m->waiting[station], names, sizeof names);
    }
}

// How many there are, also those that no register names.
static void hear_inside(ls_guard_ear *ear, const ls_sample *s) {
    ls_guard_heard heard = {
        .quality = LS_GUARD_QUALITY_GOOD, .vouched_us = s->time_us, .by_arrival = true};
    if (ls_sample_number(s, &heard.value)) {
        ls_guard_hear_inside(ear->def.state, &heard);
    }
}

static void put_waiting(ls_guard_state *state, uint32_t station, const char *names) {
    for (const char *at = names + strspn(names, " "); *at != '\0';) {
        char name[LS_MODBUS_TEXT_MAX];
        const size_t length = strcspn(at, " ");
        ls_text_format(name, sizeof name, "%.*s", (int)length, at);
        ls_guard_hear_arrived(state, name, station);
        at += length + strspn(at + length, " ");
    }
}

static void miss(ls_guard_state *state, bool heard, const char *name) {
    if (!heard) {
        state->lots_missing = state->lots_missing_count == 0 ? name : state->lots_missing;
        state->lots_missing_count++;
    }
}

// Every station and every machine names its lots, and all of it was read: what no register names is
// not known, and what is not known is refused.
static bool has_all(const ls_guard_ear *ear) {
    const ls_guard_ear_modbus *m = ear->modbus;
    ls_guard_state *state = ear->def.state;
    state->lots_missing = NULL;
    state->lots_missing_count = 0;
    for (uint32_t i = 0; i < ear->plant->station_count; i++) {
        miss(state, m->heard_waiting[i], ear->plant->stations[i].name);
    }
    for (uint32_t i = 0; i < ear->plant->machine_count; i++) {
        miss(state, m->heard_lots[i], ear->plant->machines[i].name);
    }
    return state->lots_missing_count == 0;
}

static void put_lots(ls_guard_ear *ear) {
    ls_guard_ear_modbus *m = ear->modbus;
    if (!has_all(ear) || !m->changed) {
        return;
    }
    m->changed = false;
    ls_guard_lots_begin(ear->def.state);
    ls_guard_lots_told(ear->def.state);  // unless there are too many
    for (uint32_t i = 0; i < ear->plant->station_count; i++) {
        put_waiting(ear->def.state, i, m->waiting[i]);
    }
    // Last, so that a lot that was read at both is in work, and not dispatched.
    for (uint32_t i = 0; i < ear->plant->machine_count; i++) {
        ls_guard_hear_lots(ear->def.state, i, m->lots[i]);
    }
}

// ---- what the bus tells

static void on_told(void *context, const char *text) {
    ls_guard_ear *ear = context;
    if (ear->def.told != NULL) {
        ear->def.told(ear->def.context, text);
    }
}

static void on_up(void *context) {
    (void)context;  // what it reads says more
}

static void on_down(void *context) {
    ls_guard_ear *ear = context;
    ls_guard_ear_modbus *m = ear->modbus;
    const int64_t now_us = mono_us();
    pthread_mutex_lock(ear->def.lock);
    for (uint32_t i = 0; i < ear->device_count; i++) {
        ear->devices[i].alive = false;
    }
    for (uint32_t i = 0; i < ear->def.limits->value_count; i++) {
        ear->heard_settings[i] = NAN;
    }
    memset(m->heard_waiting, 0, ear->plant->station_count * sizeof *m->heard_waiting);
    memset(m->heard_lots, 0, ear->plant->machine_count * sizeof *m->heard_lots);
    ls_guard_forget(ear->def.state, LS_NONE);
    ls_guard_lots_begin(ear->def.state);
    (void)has_all(ear);
    ls_guard_ear_line_gone(ear, now_us);
    ear->def.heard(ear->def.context);
    pthread_mutex_unlock(ear->def.lock);
}

static const char *answer_text(const ls_guard_bus_device *d) {
    static const char *const answers[] = {
        "",           "no such command",       "the argument makes no sense",
        "not now",    "no heartbeat is heard", "the id is not newer than the last",
        "it is no id"};
    if (d->reason != NULL && d->reason[0] != '\0') {
        return d->reason;
    }
    const bool known = d->result >= 0 && d->result < (int64_t)(sizeof answers / sizeof answers[0]);
    return known ? answers[d->result] : "the line gave no reason";
}

static ls_sample sample(uint32_t tag, int64_t number, int64_t time_us) {
    return (ls_sample){.time_us = time_us,
                       .tag = tag,
                       .kind = LS_VALUE_INT,
                       .quality = LS_QUALITY_GOOD,
                       .flags = LS_SAMPLE_ARRIVAL,
                       .value.integer = number};
}

// The id first, so that a stranger's is seen before any answer; then who beats; the answer last,
// and only where what we wrote stands as we wrote it.
static void on_device(void *context, const ls_guard_bus_device *d) {
    ls_guard_ear *ear = context;
    const hand *h = &ear->devices[d->device];
    const int64_t now_us = ls_wall_us();
    const char *reason = answer_text(d);
    ls_sample samples[6];
    size_t count = 0;
    samples[count++] = sample(h->id, d->id, now_us);
    if (d->device + 1 == ear->device_count) {
        samples[count++] = sample(ear->lost_tag, d->lost, now_us);
        if (d->moved) {
            samples[count++] = sample(ear->beat_tag, d->beat, now_us);
        }
    }
    if (d->holds) {
        samples[count++] = sample(h->result, d->result, now_us);
        samples[count] = sample(h->reason, 0, now_us);
        samples[count].kind = LS_VALUE_TEXT;
        samples[count].size = (uint32_t)strlen(reason);
        samples[count++].value.text = reason;
        samples[count++] = sample(h->done, d->done, now_us);
    }
    pthread_mutex_lock(ear->def.lock);
    (void)ls_guard_ear_heard(ear, samples, count);
    ear->def.heard(ear->def.context);
    pthread_mutex_unlock(ear->def.lock);
}

static void on_values(void *context, const ls_guard_bus_value *values, uint32_t count) {
    ls_guard_ear *ear = context;
    ls_guard_ear_modbus *m = ear->modbus;
    const int64_t now_us = ls_wall_us();
    pthread_mutex_lock(ear->def.lock);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t index = values[i].index;
        ls_sample s = values[i].value;
        s.time_us = now_us;
        s.quality = LS_QUALITY_GOOD;
        s.flags = LS_SAMPLE_ARRIVAL;
        s.tag = m->tags[index];
        if (m->waits_at[index] != LS_NONE && s.kind == LS_VALUE_TEXT) {
            hear_waiting(m, m->waits_at[index], &s);
        }
        if (index == ear->source->commands->inside) {
            hear_inside(ear, &s);
        }
        if (s.tag != LS_NONE) {
            (void)ls_guard_ear_heard(ear, &s, 1);
        }
    }
    put_lots(ear);
    ear->def.heard(ear->def.context);
    pthread_mutex_unlock(ear->def.lock);
}

// ---- made

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for what the guard hears");
}

static ls_status add_tag(ls_guard_ear *ear, const char *name, uint32_t *out, ls_error *err) {
    char full[NAME_SIZE * 2];
    const size_t length = ls_text_format(full, sizeof full, "%s/%s", ear->source->name, name);
    return ls_tags_add(ear->tags, full, length, out, err);
}

static ls_status add_register(ls_guard_ear *ear, uint32_t index, uint32_t *out, ls_error *err) {
    return add_tag(ear, ear->source->registers[index].name, out, err);
}

static ls_status add_hand(ls_guard_ear *ear, uint32_t of, const ls_handshake *h, ls_error *err) {
    hand *d = &ear->devices[of];
    const struct {
        uint32_t index;
        uint32_t *tag;
    } parts[] = {{h->kind, &d->kind},
                 {h->argument, &d->argument},
                 {h->id, &d->id},
                 {h->done, &d->done},
                 {h->result, &d->result}};
    ls_status status = LS_OK;
    for (size_t i = 0; status == LS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        status = add_register(ear, parts[i].index, parts[i].tag, err);
    }
    if (status == LS_OK && h->reason != LS_NONE) {
        return add_register(ear, h->reason, &d->reason, err);
    }
    char name[64];  // no register: a tag of its own, which no register can have
    ls_text_format(name, sizeof name, "/reason %u", of);
    return status == LS_OK ? add_tag(ear, name, &d->reason, err) : status;
}

// A machine that is not commanded has a handshake that nothing ever tells.
static ls_status add_nothing(ls_guard_ear *ear, uint32_t of, ls_error *err) {
    hand *d = &ear->devices[of];
    uint32_t *const tags[] = {&d->kind, &d->argument, &d->id, &d->done, &d->result, &d->reason};
    ls_status status = LS_OK;
    for (size_t i = 0; status == LS_OK && i < sizeof tags / sizeof tags[0]; i++) {
        char name[64];
        ls_text_format(name, sizeof name, "/nothing %u %zu", of, i);
        status = add_tag(ear, name, tags[i], err);
    }
    return status;
}

ls_status ls_guard_ear_modbus_devices(ls_guard_ear *ear, ls_error *err) {
    const ls_commanded *c = ear->source->commands;
    const uint32_t count = ear->plant->machine_count;
    ls_status status = LS_OK;
    for (uint32_t m = 0; status == LS_OK && m < count; m++) {
        const ls_handshake *h = &c->machines[m];
        ear->names[m] = ear->plant->machines[m].name;
        status = h->kind != LS_NONE ? add_hand(ear, m, h, err) : add_nothing(ear, m, err);
    }
    ear->names[count] = "line";
    status = status == LS_OK ? add_hand(ear, count, &c->line, err) : status;
    status = status == LS_OK ? add_register(ear, c->lost, &ear->lost_tag, err) : status;
    return status == LS_OK ? add_register(ear, c->echo, &ear->beat_tag, err) : status;
}

// What the guards ask about: states, lots, settings, conditions, and what waits. The rest is the
// service's to hear.
static void choose_registers(ls_guard_ear *ear) {
    ls_guard_ear_modbus *m = ear->modbus;
    const ls_source *s = ear->source;
    for (uint32_t i = 0; i < s->register_count; i++) {
        m->tags[i] = m->waits_at[i] = LS_NONE;
    }
    for (uint32_t i = 0; i < ear->plant->station_count; i++) {
        if (s->commands->waiting[i] != LS_NONE) {
            m->waits_at[s->commands->waiting[i]] = i;
        }
    }
    for (uint32_t i = 0; i < s->register_count; i++) {
        char name[NAME_SIZE * 2];
        const size_t length = ls_text_format(name, sizeof name, "%s/%s", s->name,
                                             s->registers[i].name);
        const uint32_t tag = ls_tags_find(ear->tags, name, length);
        bool asked = tag < ear->role_count && ear->roles[tag].role >= ROLE_STATE &&
                     ear->roles[tag].role <= ROLE_SETTING;
        for (uint32_t k = 0; !asked && k < ear->def.limits->guards->condition_count; k++) {
            asked = ear->conditions[k] == tag && tag != LS_NONE;
        }
        m->tags[i] = asked ? tag : LS_NONE;
        if (asked || m->waits_at[i] != LS_NONE || i == s->commands->inside) {
            m->listened[m->listened_count++] = i;
        }
    }
}

// A station without `waiting`, or a machine without `lots`, by name; NULL: none.
static const char *without_names(const ls_guard_ear *ear) {
    const ls_plant *plant = ear->plant;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        if (ear->source->commands->waiting[i] == LS_NONE) {
            return plant->stations[i].name;
        }
    }
    for (uint32_t machine = 0; machine < plant->machine_count; machine++) {
        bool told = false;
        for (uint32_t i = 0; i < ear->role_count && !told; i++) {
            told = ear->roles[i].role == ROLE_LOTS && ear->roles[i].of == machine;
        }
        if (!told) {
            return plant->machines[machine].name;
        }
    }
    return NULL;
}

static void look_at_names(ls_guard_ear *ear) {
    char text[400];
    const char *missing = without_names(ear);
    if (missing != NULL) {
        ls_text_format(text, sizeof text,
                       "modbus %s: '%s' does not name its lots (`waiting` of stations, `lots` of "
                       "machines): no lot is dispatched and none released",
                       ear->source->name, missing);
        on_told(ear, text);
    }
}

static bool allocate(ls_guard_ear *ear) {
    ls_guard_ear_modbus *m = ear->modbus;
    const size_t registers = (size_t)ear->source->register_count + 1;
    const size_t stations = (size_t)ear->plant->station_count + 1;
    const size_t machines = (size_t)ear->plant->machine_count + 1;
    m->tags = ls_arena_alloc(&ear->arena, registers * sizeof *m->tags);
    m->waits_at = ls_arena_alloc(&ear->arena, registers * sizeof *m->waits_at);
    m->listened = ls_arena_alloc(&ear->arena, registers * sizeof *m->listened);
    m->waiting = ls_arena_alloc(&ear->arena, stations * sizeof *m->waiting);
    m->lots = ls_arena_alloc(&ear->arena, machines * sizeof *m->lots);
    m->heard_waiting = ls_arena_alloc(&ear->arena, stations * sizeof *m->heard_waiting);
    m->heard_lots = ls_arena_alloc(&ear->arena, machines * sizeof *m->heard_lots);
    return m->tags != NULL && m->waits_at != NULL && m->listened != NULL && m->waiting != NULL &&
           m->lots != NULL && m->heard_waiting != NULL && m->heard_lots != NULL;
}

ls_status ls_guard_ear_modbus_begin(ls_guard_ear *ear, ls_error *err) {
    ear->modbus = ls_arena_alloc(&ear->arena, sizeof *ear->modbus);
    return ear->modbus != NULL ? LS_OK : no_memory(err);
}

ls_status ls_guard_ear_modbus_create(ls_guard_ear *ear, ls_error *err) {
    if (!allocate(ear)) {
        return no_memory(err);
    }
    ls_guard_ear_modbus *m = ear->modbus;
    choose_registers(ear);
    look_at_names(ear);
    m->changed = true;
    const ls_guard_bus_def def = {.plant = ear->plant,
                                  .source = ear->source,
                                  .listened = m->listened,
                                  .listened_count = m->listened_count,
                                  .told = on_told,
                                  .up = on_up,
                                  .down = on_down,
                                  .device = on_device,
                                  .values = on_values,
                                  .context = ear};
    return ls_guard_bus_create(&def, &m->bus, err);
}

ls_guard_bus *ls_guard_ear_bus(const ls_guard_ear *ear) {
    return ear->modbus->bus;
}
