// modbus_driver.c - a Modbus TCP server that is asked, over libmodbus: one thread, groups of
// registers, a connection that comes back.
//
// The library blocks, so each source has a thread. Registers that are asked equally often and lie
// near each other go in one request. A request that the server refuses is asked again in halves
// until the register that does not exist stands alone; that one is told of once and tried now and
// then, the others go on. After any other failure the connection is made anew: an answer that comes
// too late can then never be taken for the next one.
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/servant.h"
#include "base/text.h"
#include "line/driver.h"
#include "line/modbus_plan.h"
#include "line/modbus_value.h"
#include "line/modbus_wire.h"
#include "line/mqtt_source.h"

enum { RETRY_FIRST_US = 250000, RETRY_MAX_US = 10000000, BAD_RETRY_US = 60000000 };

typedef struct point {  // a register at work
    const ls_register *reg;
    uint32_t tag;
    uint16_t *words;  // as last heard
    char *text;       // of a text register, else NULL
    bool known;
    uint8_t kind;  // of the last sample, for saying that it is stale
} point;

typedef struct order {  // a value to be written; the caller waits
    uint64_t number;    // the answer to one that was given up is not that to the next
    const point *to;
    uint16_t words[128];
    bool is_open, is_done, is_given_up;
    ls_status status;
    ls_error err;
} order;

struct ls_driver {
    const ls_source *source;
    ls_sink sink;
    ls_arena arena;
    ls_modbus_address address;
    char subject[160];
    int64_t stale_us;
    modbus_t *bus;  // of the thread; NULL: not connected
    bool told_lost, is_stale;
    int64_t retry_us, retry_at_us, heard_at_us;
    point *points;
    ls_modbus_plan plan;
    ls_sample *samples;
    uint16_t *read;  // what the last request brought
    pthread_mutex_t one_writer;
    ls_servant servant;  // its lock: what follows
    order order;
    ls_driver_figures figures;
};

static void notice(ls_driver *d, ls_notice_kind kind, uint64_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void notice(ls_driver *d, ls_notice_kind kind, uint64_t count, const char *format, ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    const ls_notice n = {
        .kind = kind, .time_us = ls_wall_us(), .subject = d->subject, .text = text, .count = count};
    d->sink.noticed(d->sink.context, &n);
}

// --- the connection

static void disconnect(ls_driver *d) {
    ls_modbus_disconnect(d->bus);
    d->bus = NULL;
}

static void set_connected(ls_driver *d, bool connected) {
    (void)pthread_mutex_lock(&d->servant.lock);
    d->figures.connected = connected;
    d->figures.connects += connected ? 1 : 0;
    (void)pthread_mutex_unlock(&d->servant.lock);
}

static void lose(ls_driver *d, const char *why) {
    const int64_t now = ls_monotonic_us();
    const bool was_connected = d->bus != NULL;
    disconnect(d);
    if (was_connected) {
        set_connected(d, false);
    }
    d->retry_at_us = now + d->retry_us;
    if (was_connected || !d->told_lost) {
        notice(d, LS_NOTICE_LOST, 0, "%s:%s: %s; tried again in %lld ms", d->address.host,
               d->address.port, why, (long long)(d->retry_us / 1000));
    }
    d->told_lost = true;
    d->retry_us = d->retry_us * 2 < RETRY_MAX_US ? d->retry_us * 2 : RETRY_MAX_US;
}

static void try_connect(ls_driver *d) {
    const char *why = NULL;
    modbus_t *bus = ls_modbus_connect(&d->address, d->source->unit, d->source->timeout_us, &why);
    if (bus == NULL) {
        lose(d, why);
        return;
    }
    d->bus = bus;
    d->told_lost = false;
    for (uint32_t i = 0; i < d->source->register_count; i++) {
        d->points[i].known = false;  // a full picture again
    }
    ls_modbus_plan_restart(&d->plan, ls_monotonic_us());
    set_connected(d, true);
    notice(d, LS_NOTICE_CONNECTED, 0, "%s:%s answers", d->address.host, d->address.port);
}

// Everything that was heard is not believed any more.
static void say_stale(ls_driver *d) {
    const int64_t now = ls_wall_us();
    uint32_t count = 0;
    d->is_stale = true;
    notice(d, LS_NOTICE_DEATH, d->source->register_count, "silent for %lld ms",
           (long long)(d->stale_us / 1000));
    for (uint32_t i = 0; i < d->source->register_count; i++) {
        const point *p = &d->points[i];
        if (p->kind == LS_VALUE_NONE) {
            continue;  // never heard
        }
        ls_sample *s = &d->samples[count++];
        *s = (ls_sample){
            .time_us = now, .tag = p->tag, .quality = LS_QUALITY_STALE, .flags = LS_SAMPLE_ARRIVAL};
        ls_modbus_decode(p->reg, p->words, s, p->text);
    }
    if (count > 0) {
        (void)d->sink.heard(d->sink.context, d->samples, count);
    }
}

// --- asking

// True: it is to be told of.
static bool take(point *p, const uint16_t *words, int64_t time_us, ls_sample *out) {
    const size_t size = ls_register_size(p->reg) * sizeof *words;
    bool is_same = p->known && memcmp(p->words, words, size) == 0;
    if (p->known && !is_same && p->reg->type == LS_REGISTER_BIT) {
        ls_sample before = {0};
        ls_sample after = {0};
        ls_modbus_decode(p->reg, p->words, &before, NULL);
        ls_modbus_decode(p->reg, words, &after, NULL);
        is_same = before.value.integer == after.value.integer;  // another bit of the word
    }
    memcpy(p->words, words, size);
    if (is_same) {
        return false;
    }
    *out = (ls_sample){.time_us = time_us,
                       .tag = p->tag,
                       .flags = (uint8_t)(LS_SAMPLE_ARRIVAL | (p->known ? 0 : LS_SAMPLE_BIRTH))};
    ls_modbus_decode(p->reg, p->words, out, p->text);
    p->known = true;
    p->kind = out->kind;
    return true;
}

static void hand_over(ls_driver *d, const ls_modbus_group *g) {
    const int64_t now = ls_wall_us();
    uint32_t count = 0;
    for (uint32_t i = g->from; i < g->to; i++) {
        point *p = &d->points[d->plan.order[i]];
        count += take(p, d->read + (p->reg->at - g->at), now, &d->samples[count]) ? 1 : 0;
    }
    (void)pthread_mutex_lock(&d->servant.lock);
    d->figures.messages++;
    d->figures.bytes += 9 + 2 * (uint64_t)g->count;
    d->figures.samples += count;
    d->figures.last_heard_us = now;
    (void)pthread_mutex_unlock(&d->servant.lock);
    if (count > 0 && !d->sink.heard(d->sink.context, d->samples, count)) {
        for (uint32_t i = g->from; i < g->to; i++) {
            d->points[d->plan.order[i]].known = false;  // told anew, until it is taken
        }
    }
}

static void refused(ls_driver *d, uint32_t group, int code) {
    ls_modbus_group *g = &d->plan.groups[group];
    (void)pthread_mutex_lock(&d->servant.lock);
    d->figures.refused++;
    (void)pthread_mutex_unlock(&d->servant.lock);
    if (ls_modbus_plan_split(&d->plan, group)) {
        return;  // asked again in halves, at once
    }
    if (!g->is_bad) {
        const ls_register *reg = d->points[d->plan.order[g->from]].reg;
        notice(d, LS_NOTICE_REFUSED, 1, "register '%s' at %u: %s; tried again each minute",
               reg->name, reg->at, modbus_strerror(code));
    }
    g->is_bad = true;
    g->next_us = ls_monotonic_us() + BAD_RETRY_US;
}

static void poll_group(ls_driver *d, uint32_t group) {
    ls_modbus_group *g = &d->plan.groups[group];
    const int got = ls_modbus_read(d->bus, g->table, g->at, g->count, d->read);
    const int code = errno;
    if (got == (int)g->count || (got < 0 && ls_modbus_is_refusal(code))) {
        d->heard_at_us = ls_monotonic_us();  // it lives
        d->is_stale = false;
    }
    if (got == (int)g->count) {
        g->is_bad = false;
        d->retry_us = RETRY_FIRST_US;
        ls_modbus_plan_done(&d->plan, group, ls_monotonic_us());
        hand_over(d, g);
    } else if (got < 0 && ls_modbus_is_refusal(code)) {
        refused(d, group, code);
    } else if (got < 0 && ls_modbus_is_busy(code)) {
        ls_modbus_plan_done(&d->plan, group, ls_monotonic_us());  // next time
    } else {
        lose(d, got < 0 ? modbus_strerror(code) : "an answer of another length");
    }
}

// --- writing

static ls_status write_now(ls_driver *d, order *o) {
    const ls_register *reg = o->to->reg;
    const uint32_t count = ls_register_size(reg);
    if (d->bus == NULL) {
        return ls_fail(&o->err, LS_ERR_IO, "%s is not connected", d->subject);
    }
    if (ls_modbus_write(d->bus, reg->table, reg->at, count, o->words) < 0 ||
        ls_modbus_read(d->bus, reg->table, reg->at, count, d->read) != (int)count) {
        const int code = errno;
        if (!ls_modbus_is_refusal(code)) {
            lose(d, modbus_strerror(code));
        }
        return ls_fail(&o->err, LS_ERR_IO, "%s: register '%s' was not written: %s", d->subject,
                       reg->name, modbus_strerror(code));
    }
    if (memcmp(d->read, o->words, count * sizeof *o->words) != 0) {
        return ls_fail(&o->err, LS_ERR_IO,
                       "%s: register '%s' was written and reads back another value", d->subject,
                       reg->name);
    }
    return LS_OK;
}

static void do_order(ls_driver *d) {
    (void)pthread_mutex_lock(&d->servant.lock);
    order o = d->order;
    (void)pthread_mutex_unlock(&d->servant.lock);
    if (!o.is_open || o.is_done || o.is_given_up) {
        return;
    }
    o.status = write_now(d, &o);
    (void)pthread_mutex_lock(&d->servant.lock);
    if (d->order.number == o.number) {
        d->order.status = o.status;
        d->order.err = o.err;
        d->order.is_done = true;
    }
    d->figures.writes++;
    d->figures.writes_failed += o.status == LS_OK ? 0 : 1;
    ls_servant_wake(&d->servant);
    (void)pthread_mutex_unlock(&d->servant.lock);
}

static ls_status driver_write(ls_driver *d, uint32_t tag, const ls_sample *value,
                              int64_t timeout_us, ls_error *err) {
    const point *to = NULL;
    for (uint32_t i = 0; i < d->source->register_count; i++) {
        to = d->points[i].tag == tag ? &d->points[i] : to;
    }
    if (to == NULL || !to->reg->write) {
        return ls_fail(err, LS_ERR_INVALID, "%s: %s", d->subject,
                       to == NULL ? "no such register" : "the register may not be written");
    }
    order o = {.to = to, .is_open = true};
    if (!ls_modbus_encode(to->reg, value, o.words)) {
        return ls_fail(err, LS_ERR_INVALID, "%s: the value does not fit register '%s'", d->subject,
                       to->reg->name);
    }
    const int64_t until_us = ls_monotonic_us() + timeout_us;
    (void)pthread_mutex_lock(&d->one_writer);
    (void)pthread_mutex_lock(&d->servant.lock);
    o.number = d->order.number + 1;
    d->order = o;
    ls_servant_wake(&d->servant);
    bool in_time = true;
    while (!d->order.is_done && in_time) {
        in_time = ls_servant_sleep(&d->servant, until_us);
    }
    ls_status status = LS_ERR_IO;
    if (d->order.is_done) {
        status = d->order.status;
        if (err != NULL && status != LS_OK) {
            *err = d->order.err;
        }
    } else {
        d->order.is_given_up = true;
        (void)ls_fail(err, LS_ERR_IO, "%s: no answer in time", d->subject);
    }
    d->order.is_open = false;
    (void)pthread_mutex_unlock(&d->servant.lock);
    (void)pthread_mutex_unlock(&d->one_writer);
    return status;
}

// --- the thread

// Until `until_us`, or something is to be done. True: stop.
static bool wait_until(ls_driver *d, int64_t until_us) {
    (void)pthread_mutex_lock(&d->servant.lock);
    bool woken = true;
    while (!d->servant.stopping && woken && !(d->order.is_open && !d->order.is_done)) {
        woken = ls_servant_sleep(&d->servant, until_us);
    }
    const bool stopping = d->servant.stopping;
    (void)pthread_mutex_unlock(&d->servant.lock);
    return stopping;
}

static int64_t next_us(const ls_driver *d, uint32_t *out_group) {
    *out_group = 0;
    if (d->bus != NULL) {
        *out_group = ls_modbus_plan_next(&d->plan);
        return d->plan.groups[*out_group].next_us;
    }
    const int64_t stale_at = d->heard_at_us + d->stale_us;
    return !d->is_stale && stale_at < d->retry_at_us ? stale_at : d->retry_at_us;
}

static void *run(void *context) {
    ls_driver *d = context;
    uint32_t group = 0;
    while (!wait_until(d, next_us(d, &group))) {
        const int64_t now = ls_monotonic_us();
        do_order(d);
        if (d->bus == NULL && !d->is_stale && now >= d->heard_at_us + d->stale_us) {
            say_stale(d);
        }
        if (d->bus == NULL && now >= d->retry_at_us) {
            try_connect(d);
        } else if (d->bus != NULL && now >= next_us(d, &group)) {
            poll_group(d, group);
        }
    }
    disconnect(d);
    return NULL;
}

// --- open and close

static ls_status make_point(ls_driver *d, uint32_t i, ls_error *err) {
    char name[LS_TAG_NAME_MAX + 1];
    point *p = &d->points[i];
    p->reg = &d->source->registers[i];
    const size_t length = ls_text_format(name, sizeof name, "%s/%s", d->source->name, p->reg->name);
    const ls_status status = ls_tags_add(d->sink.tags, name, length, &p->tag, err);
    if (status != LS_OK) {
        return status;
    }
    ls_tags_declare(d->sink.tags, p->tag, ls_modbus_kind(p->reg), p->reg->unit);
    p->words = ls_arena_alloc(&d->arena, ls_register_size(p->reg) * sizeof *p->words);
    p->text = p->reg->type == LS_REGISTER_TEXT ? ls_arena_alloc(&d->arena, LS_MODBUS_TEXT_MAX)
                                               : NULL;
    const bool has_all = p->words != NULL && (p->text != NULL || p->reg->type != LS_REGISTER_TEXT);
    return has_all ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

static ls_status prepare(ls_driver *d, ls_error *err) {
    const ls_source *s = d->source;
    if (!ls_modbus_address_split(s->address, &d->address)) {
        return ls_fail(err, LS_ERR_INVALID, "%s: '%s' is not an address", d->subject, s->address);
    }
    if (s->unit > 247 && s->unit != 255) {
        return ls_fail(err, LS_ERR_INVALID, "%s: unit %d is reserved, 0 to 247 and 255 can be",
                       d->subject, s->unit);
    }
    d->points = ls_arena_alloc(&d->arena, (size_t)s->register_count * sizeof *d->points);
    d->samples = ls_arena_alloc(&d->arena, (size_t)s->register_count * sizeof *d->samples);
    d->read = ls_arena_alloc(&d->arena, LS_MODBUS_READ_MAX * sizeof *d->read);
    if (d->points == NULL || d->samples == NULL || d->read == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < s->register_count; i++) {
        const ls_status status = make_point(d, i, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return ls_modbus_plan_make(s, &d->arena, &d->plan)
               ? LS_OK
               : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

static void driver_close(ls_driver *d) {
    if (d == NULL) {
        return;
    }
    ls_servant_end(&d->servant);
    (void)pthread_mutex_destroy(&d->one_writer);
    ls_arena_clear(&d->arena);
    ls_free(d);
}

static ls_status driver_open(const ls_listen *listen, const ls_source *source, const ls_sink *sink,
                             ls_driver **out, ls_error *err) {
    assert(source->kind == LS_SOURCE_MODBUS && source->register_count > 0);
    *out = NULL;
    ls_driver *d = ls_alloc(sizeof *d);
    if (d == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    d->source = source;
    d->sink = *sink;
    d->stale_us = listen->stale_us;
    d->retry_us = RETRY_FIRST_US;
    d->heard_at_us = ls_monotonic_us();
    ls_arena_init(&d->arena);
    ls_servant_init(&d->servant);
    (void)pthread_mutex_init(&d->one_writer, NULL);
    ls_text_format(d->subject, sizeof d->subject, "modbus %s", source->name);
    ls_status status = prepare(d, err);
    if (status == LS_OK) {
        status = ls_servant_start(&d->servant, run, d)
                     ? LS_OK
                     : ls_fail(err, LS_ERR_IO, "%s: no thread", d->subject);
    }
    if (status != LS_OK) {
        driver_close(d);
        return status;
    }
    *out = d;
    return LS_OK;
}

static void driver_figures(ls_driver *d, ls_driver_figures *out) {
    (void)pthread_mutex_lock(&d->servant.lock);
    *out = d->figures;
    (void)pthread_mutex_unlock(&d->servant.lock);
}

const ls_driver_ops ls_driver_modbus = {
    .name = "modbus",
    .open = driver_open,
    .close = driver_close,
    .write = driver_write,
    .figures = driver_figures,
};
