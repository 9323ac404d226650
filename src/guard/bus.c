// bus.c - see bus.h: the thread, its connection, and what waits to be written.
#include "guard/bus.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/servant.h"
#include "base/text.h"
#include "guard/bus_hand.h"
#include "line/modbus_plan.h"
#include "line/modbus_value.h"
#include "line/modbus_wire.h"

enum {
    RETRY_FIRST_US = 250000,
    RETRY_MAX_US = 2000000,
    BAD_RETRY_US = 60000000,
    HOT_US = 20000,         // between two reads of a device whose answer is waited for
    HOT_FOR_US = 5000000,   // no longer than this
    LINE_MOST_US = 250000,  // between two reads of the line: heartbeat, who beats
    HAND_RETRY_US = 10000000,
};

typedef struct order {  // waits to be written
    uint64_t number;    // 0: nothing does
    int64_t asked_us, id;
    uint16_t words[LS_GUARD_HAND_WORDS];
} order;

typedef struct device {
    ls_guard_hand hand;
    bool is_commanded;
    order order;  // of the mutex
    bool ask;     // of the mutex: read anew
    // Of the thread.
    uint16_t written[LS_GUARD_HAND_WORDS];
    int64_t written_id, hot_until_us, next_us;
    int64_t done_seen;  // the last answer, whose reason is known
    char reason[LS_MODBUS_TEXT_MAX];
    bool is_wrong, is_refused;  // told already
} device;

struct ls_guard_bus {
    ls_guard_bus_def def;
    ls_arena arena;
    ls_modbus_address address;
    ls_source source;   // with the registers that are listened to, alone
    uint32_t *indexes;  // of those in the whole source
    ls_modbus_plan plan;
    ls_guard_bus_value *values;
    char (*texts)[LS_MODBUS_TEXT_MAX];
    device *devices;  // machines, then the line
    uint32_t line;    // the last one
    modbus_t *wire;   // of the thread; NULL: not connected
    uint16_t read[LS_MODBUS_READ_MAX];
    int64_t retry_us, retry_at_us;
    int64_t echo, beat_sent;  // last seen, last written
    bool has_echo, was_told;
    ls_servant servant;  // its lock: what follows, and orders
    bool connected;
    uint64_t orders;
    order beat;
};

static void tell(ls_guard_bus *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(ls_guard_bus *b, const char *format, ...) {
    char text[400];
    const int used = (int)ls_text_format(text, sizeof text, "modbus %s: ", b->def.source->name);
    va_list args;
    va_start(args, format);
    ls_text_vformat(text + used, sizeof text - (size_t)used, format, args);
    va_end(args);
    b->def.told(b->def.context, text);
}

static const char *name_of(const ls_guard_bus *b, uint32_t of) {
    return of == b->line ? "line" : b->def.plant->machines[of].name;
}

// ---- the connection

static void set_connected(ls_guard_bus *b, bool connected) {
    (void)pthread_mutex_lock(&b->servant.lock);
    b->connected = connected;
    b->beat.number = 0;
    for (uint32_t i = 0; i <= b->line; i++) {
        b->devices[i].order.number = 0;  // what was not written never will be
        b->devices[i].ask = false;
    }
    (void)pthread_mutex_unlock(&b->servant.lock);
}

static void disconnect(ls_guard_bus *b) {
    ls_modbus_disconnect(b->wire);
    b->wire = NULL;
}

static void lose(ls_guard_bus *b, const char *why) {
    const bool was_connected = b->wire != NULL;
    disconnect(b);
    set_connected(b, false);
    b->retry_at_us = ls_monotonic_us() + b->retry_us;
    if (was_connected || !b->was_told) {
        tell(b, "%s:%s: %s", b->address.host, b->address.port, why);
    }
    b->was_told = true;
    b->retry_us = b->retry_us * 2 < RETRY_MAX_US ? b->retry_us * 2 : RETRY_MAX_US;
    if (was_connected) {
        b->def.down(b->def.context);
    }
}

static void forget(ls_guard_bus *b) {
    const int64_t now = ls_monotonic_us();
    b->has_echo = false;
    for (uint32_t i = 0; i <= b->line; i++) {
        device *d = &b->devices[i];
        d->next_us = now;
        d->hot_until_us = 0;
        d->done_seen = -1;
        d->is_refused = false;
    }
    ls_modbus_plan_restart(&b->plan, now);
}

static void try_connect(ls_guard_bus *b) {
    const char *why = NULL;
    modbus_t *wire = ls_modbus_connect(&b->address, b->source.unit, b->source.timeout_us, &why);
    if (wire == NULL) {
        lose(b, why);
        return;
    }
    b->wire = wire;
    b->was_told = false;
    forget(b);
    set_connected(b, true);
    tell(b, "%s:%s answers", b->address.host, b->address.port);
    b->def.up(b->def.context);
}

// ---- writing

// The oldest that waits, taken out; its device, or line + 1 for the heartbeat. False: none.
static bool take_order(ls_guard_bus *b, order *out, uint32_t *out_of) {
    order *first = NULL;
    (void)pthread_mutex_lock(&b->servant.lock);
    for (uint32_t i = 0; i <= b->line + 1; i++) {
        order *o = i <= b->line ? &b->devices[i].order : &b->beat;
        if (o->number != 0 && (first == NULL || o->number < first->number)) {
            first = o;
            *out_of = i;
        }
    }
    if (first != NULL) {
        *out = *first;
        first->number = 0;
    }
    (void)pthread_mutex_unlock(&b->servant.lock);
    return first != NULL;
}

static void write_order(ls_guard_bus *b, const order *o, uint32_t of) {
    const bool is_beat = of > b->line;
    device *d = &b->devices[is_beat ? b->line : of];
    const ls_guard_hand *hand = &d->hand;
    if (ls_monotonic_us() - o->asked_us > LS_GUARD_BUS_LATE_US) {
        lose(b, "it answers so slowly that what was to be written would come too late");
        return;
    }
    if (is_beat) {
        b->beat_sent = o->id;
    } else {
        memcpy(d->written, o->words, sizeof d->written);
        d->written_id = o->id;
        d->is_wrong = false;
    }
    const uint32_t at = is_beat ? hand->beat->at : hand->write_at;
    const uint32_t count = is_beat ? ls_register_size(hand->beat) : hand->write_count;
    const int sent = ls_modbus_write(b->wire, LS_REGISTER_HOLDING, at, count, o->words);
    const int code = errno;
    const int64_t now = ls_monotonic_us();
    d->next_us = now;
    d->hot_until_us = now + HOT_FOR_US;
    if (sent >= 0) {
        d->is_refused = false;
    } else if (!ls_modbus_is_refusal(code)) {
        lose(b, modbus_strerror(code));
    } else if (!d->is_refused) {
        d->is_refused = true;
        tell(b, "%s of %s was not written: register %u and on: %s",
             is_beat ? "the heartbeat" : "a command", name_of(b, is_beat ? b->line : of), at,
             modbus_strerror(code));
    }
}

// ---- reading a device

static bool read_reason(ls_guard_bus *b, device *d, const ls_guard_hand_read *r) {
    const ls_register *reg = d->hand.reason;
    if (reg == NULL || r->result == 0 || d->done_seen == r->done) {
        return true;
    }
    ls_sample value = {0};
    uint16_t words[LS_GUARD_HAND_WORDS];
    const int count = (int)ls_register_size(reg);
    if (modbus_read_registers(b->wire, (int)reg->at, count, words) != count) {
        const int code = errno;
        d->reason[0] = '\0';
        if (!ls_modbus_is_refusal(code)) {
            lose(b, modbus_strerror(code));
            return false;
        }
    } else {
        char text[LS_MODBUS_TEXT_MAX];
        ls_modbus_decode(reg, words, &value, text);
        ls_text_format(d->reason, sizeof d->reason, "%.*s", (int)value.size, text);
    }
    d->done_seen = r->done;
    return true;
}

static bool holds(ls_guard_bus *b, device *d, uint32_t of, int64_t id) {
    if (d->written_id == 0 || id != d->written_id ||
        ls_guard_hand_holds(&d->hand, d->written, b->read)) {
        return true;
    }
    if (!d->is_wrong) {
        d->is_wrong = true;
        tell(b, "%s: what was written with id %lld does not stand there", name_of(b, of),
             (long long)id);
    }
    return false;
}

static void hand_over(ls_guard_bus *b, uint32_t of, const ls_guard_hand_read *r) {
    device *d = &b->devices[of];
    ls_guard_bus_device out = {
        .device = of,
        .id = r->id,
        .done = r->done,
        .result = r->result,
        .holds = holds(b, d, of, r->id),
        .reason = d->hand.reason != NULL && r->result != 0 ? d->reason : NULL,
        .lost = r->lost,
        .beat = -1};
    if (of == b->line) {
        out.moved = b->has_echo && r->echo != b->echo;
        out.beat = ls_guard_hand_count(&d->hand, b->beat_sent, r->echo);
        b->has_echo = true;
        b->echo = r->echo;
    }
    b->def.device(b->def.context, &out);
}

// When it is read again: soon while something is waited for, or was just answered.
static void schedule(ls_guard_bus *b, uint32_t of, const ls_guard_hand_read *r, bool is_new) {
    const int64_t now = ls_monotonic_us();
    device *d = &b->devices[of];
    bool waits = d->written_id != 0 && r->done != d->written_id;
    int64_t every_us = b->source.every_us;
    if (of == b->line) {
        waits = waits || ls_guard_hand_count(&d->hand, b->beat_sent, r->echo) != b->beat_sent;
        every_us = every_us < LINE_MOST_US ? every_us : LINE_MOST_US;
    }
    const bool soon = is_new || (waits && now < d->hot_until_us);
    d->next_us = now + (soon && HOT_US < every_us ? HOT_US : every_us);
}

static void poll_device(ls_guard_bus *b, uint32_t of) {
    device *d = &b->devices[of];
    const ls_guard_hand *hand = &d->hand;
    ls_guard_hand_read r;
    (void)pthread_mutex_lock(&b->servant.lock);
    d->ask = false;
    (void)pthread_mutex_unlock(&b->servant.lock);
    const int got = modbus_read_registers(b->wire, (int)hand->read_at, (int)hand->read_count,
                                          b->read);
    const int code = errno;
    if (got == (int)hand->read_count) {
        ls_guard_hand_decode(hand, b->read, &r);
        const bool is_new = r.done == d->written_id && d->done_seen != r.done;
        if (!read_reason(b, d, &r)) {
            return;
        }
        if (is_new && of == b->line) {
            ls_modbus_plan_restart(&b->plan, ls_monotonic_us());  // what it has set is to be seen
        }
        d->done_seen = r.done;
        b->retry_us = RETRY_FIRST_US;
        schedule(b, of, &r, is_new);
        hand_over(b, of, &r);
    } else if (got < 0 && (ls_modbus_is_refusal(code) || ls_modbus_is_busy(code))) {
        d->next_us = ls_monotonic_us() + (ls_modbus_is_refusal(code) ? HAND_RETRY_US : HOT_US);
        if (ls_modbus_is_refusal(code) && !d->is_refused) {
            d->is_refused = true;
            tell(b, "the handshake of %s, register %u and on, cannot be read: %s", name_of(b, of),
                 hand->read_at, modbus_strerror(code));
        }
    } else {
        lose(b, got < 0 ? modbus_strerror(code) : "an answer of another length");
    }
}

// ---- reading the rest

// Who beats is read after them and told before: what falls back because the heartbeat is lost is
// not taken for a stranger's doing.
static void hand_over_values(ls_guard_bus *b, const ls_modbus_group *g) {
    uint32_t count = 0;
    for (uint32_t i = g->from; i < g->to; i++) {
        const uint32_t at = b->plan.order[i];
        const ls_register *reg = &b->source.registers[at];
        ls_guard_bus_value *v = &b->values[count];
        *v = (ls_guard_bus_value){.index = b->indexes[at]};
        ls_modbus_decode(reg, b->read + (reg->at - g->at), &v->value, b->texts[count]);
        count++;
    }
    poll_device(b, b->line);
    if (b->wire == NULL) {
        return;
    }
    b->def.values(b->def.context, b->values, count);
}

static void refused(ls_guard_bus *b, uint32_t group, int code) {
    if (ls_modbus_plan_split(&b->plan, group)) {
        return;  // asked again in halves, at once
    }
    ls_modbus_group *g = &b->plan.groups[group];
    if (!g->is_bad) {
        const ls_register *reg = &b->source.registers[b->plan.order[g->from]];
        tell(b, "register '%s' at %u cannot be read: %s", reg->name, reg->at,
             modbus_strerror(code));
    }
    g->is_bad = true;
    g->next_us = ls_monotonic_us() + BAD_RETRY_US;
}

static void poll_group(ls_guard_bus *b, uint32_t group) {
    ls_modbus_group *g = &b->plan.groups[group];
    const int got = ls_modbus_read(b->wire, g->table, g->at, g->count, b->read);
    const int code = errno;
    if (got == (int)g->count) {
        g->is_bad = false;
        ls_modbus_plan_done(&b->plan, group, ls_monotonic_us());
        hand_over_values(b, g);
    } else if (got < 0 && ls_modbus_is_refusal(code)) {
        refused(b, group, code);
    } else if (got < 0 && ls_modbus_is_busy(code)) {
        ls_modbus_plan_done(&b->plan, group, ls_monotonic_us());
    } else {
        lose(b, got < 0 ? modbus_strerror(code) : "an answer of another length");
    }
}

// ---- the thread

// What is to be read next; `of` beyond the line: the group. Under the lock, for `ask`.
static int64_t next_read(ls_guard_bus *b, uint32_t *out_of, uint32_t *out_group) {
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i <= b->line; i++) {
        const device *d = &b->devices[i];
        const int64_t at = d->ask ? 0 : d->next_us;
        if (d->is_commanded && at < next) {
            next = at;
            *out_of = i;
        }
    }
    if (b->plan.group_count > 0) {
        *out_group = ls_modbus_plan_next(&b->plan);
        if (b->plan.groups[*out_group].next_us < next) {
            next = b->plan.groups[*out_group].next_us;
            *out_of = b->line + 1;
        }
    }
    return next;
}

static bool has_order(const ls_guard_bus *b) {
    bool any = b->beat.number != 0;
    for (uint32_t i = 0; i <= b->line && !any; i++) {
        any = b->devices[i].order.number != 0;
    }
    return any;
}

// Until something is to be written or read. False: stop.
static bool wait_for_work(ls_guard_bus *b, uint32_t *out_of, uint32_t *out_group) {
    (void)pthread_mutex_lock(&b->servant.lock);
    for (;;) {
        const int64_t until = b->wire != NULL ? next_read(b, out_of, out_group) : b->retry_at_us;
        if (b->servant.stopping || has_order(b) || until <= ls_monotonic_us()) {
            break;
        }
        (void)ls_servant_sleep(&b->servant, until);
    }
    const bool goes_on = !b->servant.stopping;
    (void)pthread_mutex_unlock(&b->servant.lock);
    return goes_on;
}

static void *run(void *context) {
    ls_guard_bus *b = context;
    uint32_t of = 0, group = 0;
    order o;
    while (wait_for_work(b, &of, &group)) {
        uint32_t to = 0;
        if (b->wire == NULL) {
            try_connect(b);
        } else if (take_order(b, &o, &to)) {
            write_order(b, &o, to);
        } else if (of <= b->line) {
            poll_device(b, of);
        } else {
            poll_group(b, group);
        }
    }
    disconnect(b);
    return NULL;
}

// ---- callers

// Under the lock.
static order *open_order(ls_guard_bus *b, order *o, int64_t id) {
    o->number = ++b->orders;
    o->asked_us = ls_monotonic_us();
    o->id = id;
    ls_servant_wake(&b->servant);
    return o;
}

bool ls_guard_bus_send(ls_guard_bus *bus, uint32_t device_of, const char *kind,
                       const char *argument, int64_t id) {
    ls_guard_bus *b = bus;
    uint16_t words[LS_GUARD_HAND_WORDS] = {0};
    device *d = &b->devices[device_of];
    if (!d->is_commanded ||
        (kind != NULL && !ls_guard_hand_command(&d->hand, kind, argument, id, words))) {
        return false;
    }
    (void)pthread_mutex_lock(&b->servant.lock);
    const bool connected = b->connected;
    if (connected && kind != NULL) {
        memcpy(open_order(b, &d->order, id)->words, words, sizeof words);
    } else if (connected) {
        d->ask = true;
        ls_servant_wake(&b->servant);
    }
    (void)pthread_mutex_unlock(&b->servant.lock);
    return connected;
}

const char *ls_guard_bus_lacks(const ls_guard_bus *bus, uint32_t device_of, const char *kind,
                               const char *argument) {
    uint16_t words[LS_GUARD_HAND_WORDS] = {0};
    const device *d = &bus->devices[device_of];
    if (!d->is_commanded) {
        return "over Modbus it is not commanded";
    }
    return ls_guard_hand_command(&d->hand, kind, argument, 1, words)
               ? NULL
               : "its words do not fit into the registers";
}

bool ls_guard_bus_beat(ls_guard_bus *bus, int64_t count) {
    ls_guard_bus *b = bus;
    (void)pthread_mutex_lock(&b->servant.lock);
    const bool connected = b->connected;
    if (connected) {
        order *o = open_order(b, &b->beat, count);
        ls_guard_hand_beat(&b->devices[b->line].hand, count, o->words);
    }
    (void)pthread_mutex_unlock(&b->servant.lock);
    return connected;
}

bool ls_guard_bus_is_connected(ls_guard_bus *bus) {
    (void)pthread_mutex_lock(&bus->servant.lock);
    const bool connected = bus->connected;
    (void)pthread_mutex_unlock(&bus->servant.lock);
    return connected;
}

// ---- made

static bool make_plan(ls_guard_bus *b) {
    const ls_guard_bus_def *def = &b->def;
    const size_t count = (size_t)def->listened_count + 1;
    ls_register *registers = ls_arena_alloc(&b->arena, count * sizeof *registers);
    b->indexes = ls_arena_alloc(&b->arena, count * sizeof *b->indexes);
    b->values = ls_arena_alloc(&b->arena, count * sizeof *b->values);
    b->texts = ls_arena_alloc(&b->arena, count * sizeof *b->texts);
    if (registers == NULL || b->indexes == NULL || b->values == NULL || b->texts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < def->listened_count; i++) {
        registers[i] = def->source->registers[def->listened[i]];
        b->indexes[i] = def->listened[i];
    }
    b->source.registers = registers;
    b->source.register_count = def->listened_count;
    return def->listened_count == 0 || ls_modbus_plan_make(&b->source, &b->arena, &b->plan);
}

static bool make_devices(ls_guard_bus *b) {
    b->devices = ls_arena_alloc(&b->arena, ((size_t)b->line + 1) * sizeof *b->devices);
    for (uint32_t i = 0; b->devices != NULL && i <= b->line; i++) {
        b->devices[i].is_commanded = ls_guard_hand_make(b->def.source, i, b->line,
                                                        &b->devices[i].hand);
    }
    return b->devices != NULL;
}

ls_status ls_guard_bus_create(const ls_guard_bus_def *def, ls_guard_bus **out, ls_error *err) {
    *out = NULL;
    ls_guard_bus *b = ls_alloc(sizeof *b);
    if (b == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's Modbus connection");
    }
    b->def = *def;
    b->source = *def->source;
    b->line = def->plant->machine_count;
    b->retry_us = RETRY_FIRST_US;
    ls_arena_init(&b->arena);
    ls_servant_init(&b->servant);
    ls_status status = LS_OK;
    if (!ls_modbus_address_split(b->source.address, &b->address)) {
        status = ls_fail(err, LS_ERR_INVALID, "modbus %s: '%s' is not an address", b->source.name,
                         b->source.address);
    } else if (!make_devices(b) || !make_plan(b)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's Modbus connection");
    }
    if (status != LS_OK) {
        ls_guard_bus_destroy(b);
        return status;
    }
    *out = b;
    return LS_OK;
}

ls_status ls_guard_bus_start(ls_guard_bus *bus, ls_error *err) {
    return ls_servant_start(&bus->servant, run, bus)
               ? LS_OK
               : ls_fail(err, LS_ERR_MEMORY, "no thread for the Modbus connection");
}

void ls_guard_bus_destroy(ls_guard_bus *bus) {
    if (bus == NULL) {
        return;
    }
    ls_servant_end(&bus->servant);
    ls_arena_clear(&bus->arena);
    ls_free(bus);
}
