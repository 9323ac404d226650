// emulate_modbus.c - see emulate_modbus.h.
#include "line/emulate_modbus.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/put.h"
#include "line/emulate_inside.h"
#include "line/emulate_waiting.h"
#include "line/modbus_value.h"

enum { BLOCK = 64, QUEUE_AT = 40, REGISTERS_MAX = 65536 };
enum { VALUE_WORDS = 4, OF_NO_PLACE = -1 };
enum { ECHO_AT = 36, INSIDE_AT = 37, WAITING_WORDS = 64, REASON_WORDS = 40 };

// Where a signal of a machine stands in its block, and how.
typedef struct place {
    const char *name;  // of the register; NULL: it has none
    uint32_t at;
    ls_register_type type;
    uint32_t words;
    bool write;
} place;

static const place machine_places[SIGNAL_MACHINE_COUNT] = {
    [SIGNAL_STATE] = {"state", 0, LS_REGISTER_U16, 1, false},
    [SIGNAL_GOOD] = {"good", 1, LS_REGISTER_U16, 1, false},
    [SIGNAL_BAD] = {"bad", 2, LS_REGISTER_U16, 1, false},
    [SIGNAL_REASON] = {"reason", 3, LS_REGISTER_U16, 1, false},  // number of the mode
    [SIGNAL_POWER] = {"power", 4, LS_REGISTER_F32, 2, false},
    [SIGNAL_TEMPERATURE] = {"temperature", 6, LS_REGISTER_F32, 2, false},
    [SIGNAL_VIBRATION] = {"vibration", 8, LS_REGISTER_F32, 2, false},
    [SIGNAL_WEAR] = {"wear", 10, LS_REGISTER_F32, 2, false},
    [SIGNAL_LOTS] = {"lots", 12, LS_REGISTER_TEXT, 16, false},
    [SIGNAL_SETUP] = {"setup", 28, LS_REGISTER_TEXT, 8, false},
    [SIGNAL_COMMAND + COMMAND_ID] = {"command-id", 36, LS_REGISTER_U32, 2, true},
    [SIGNAL_COMMAND + COMMAND_KIND] = {"command-kind", 38, LS_REGISTER_TEXT, 5, true},
    [SIGNAL_COMMAND + COMMAND_ARGUMENT] = {"command-argument", 43, LS_REGISTER_TEXT, 16, true},
    [SIGNAL_COMMAND + COMMAND_DONE] = {"command-done", 59, LS_REGISTER_U32, 2, false},
    [SIGNAL_COMMAND + COMMAND_RESULT] = {"command-result", 61, LS_REGISTER_U16, 1, false},
};
static const place line_places[LINE_COUNT] = {
    [LINE_HEARTBEAT] = {"heartbeat", 0, LS_REGISTER_U16, 1, true},
    [LINE_LOST] = {"heartbeat-lost", 1, LS_REGISTER_U16, 1, false},
    [LINE_COMMAND + COMMAND_ID] = {"command-id", 2, LS_REGISTER_U32, 2, true},
    [LINE_COMMAND + COMMAND_KIND] = {"command-kind", 4, LS_REGISTER_TEXT, 5, true},
    [LINE_COMMAND + COMMAND_ARGUMENT] = {"command-argument", 9, LS_REGISTER_TEXT, 24, true},
    [LINE_COMMAND + COMMAND_DONE] = {"command-done", 33, LS_REGISTER_U32, 2, false},
    [LINE_COMMAND + COMMAND_RESULT] = {"command-result", 35, LS_REGISTER_U16, 1, false},
};

static const place echo_place = {"heartbeat-echo", ECHO_AT, LS_REGISTER_U16, 1, false};
static const place inside_place = {"inside", INSIDE_AT, LS_REGISTER_U16, 1, false};
static const place queue_place = {"queue", QUEUE_AT, LS_REGISTER_U16, 1, false};
static const place waiting_place = {"waiting", 0, LS_REGISTER_TEXT, WAITING_WORDS, false};
// A measured value, and its setpoint: whole, so that what is read back is what was written.
static const place value_place = {"value", 0, LS_REGISTER_F64, 1, false};
static const place setpoint_place = {"set", 0, LS_REGISTER_F64, 1, true};
// Of a class with an order pool: who waits there, and for how many seconds.
static const place pool_place = {"pool", 0, LS_REGISTER_TEXT, WAITING_WORDS, false};
static const place shut_place = {"shut", 0, LS_REGISTER_U16, 1, false};
// Of a machine that makes batches: their names have no room in its block.
static const place lots_place = {"lots", 0, LS_REGISTER_TEXT, WAITING_WORDS, false};
static const place reason_place = {"command-reason", 0, LS_REGISTER_TEXT, REASON_WORDS, false};

typedef struct mapped {
    ls_register reg;  // name NULL: not in any register
    uint32_t of;      // machine or LS_NO
    int k;
} mapped;

// Behind the blocks and the counts of waiting lots: their names, station by station, then the
// reasons of the answers, machine by machine and the line's, then values and setpoints in the order
// of the plant file; then the order pools, class by class, and the lots of machines that make
// batches. Of a large plant what has no room is left out.
typedef struct tail {
    uint32_t waiting_at, reason_at, value_at, pool_at, lots_at, end;
    uint32_t waiting_count, reason_count, value_count, pool_count, lots_count;
} tail;

enum { POOL_WORDS = WAITING_WORDS + 1 };

struct ls_emulate_modbus {
    ls_arena arena;
    const ls_plant *plant;
    ls_modbus_server *server;
    mapped *signals;
    uint32_t signal_count;
    tail tail;
    ls_emulate_waiting *waiting;
    uint32_t arrived_at;  // signals of the line from here on
    int64_t now_us;       // the line's clock, as it was told last
    bool taking;          // what a client wrote stands in its registers already
    pthread_mutex_t lock;
    bool *dirty;  // blocks that a client wrote into
    uint32_t block_count;
};

static uint32_t count_pools(const ls_plant *plant) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        count += plant->releases[i].pool;
    }
    return count;
}

static uint32_t count_batches(const ls_plant *plant) {
    uint32_t count = 0;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        count += plant->stations[s].batch ? plant->stations[s].machine_count : 0;
    }
    return count;
}

// As many of so many words as there is room for.
static uint32_t take_room(uint32_t *end, uint32_t wanted, uint32_t words) {
    const uint32_t room = *end < REGISTERS_MAX ? (REGISTERS_MAX - *end) / words : 0;
    const uint32_t count = wanted < room ? wanted : room;
    *end += count * words;
    return count;
}

static tail tail_of(const ls_plant *plant) {
    const uint32_t counted = plant->machine_count * BLOCK + QUEUE_AT + plant->station_count;
    tail t = {.waiting_at = (counted + BLOCK - 1) / BLOCK * BLOCK};
    const uint32_t first = (plant->machine_count + 1) * BLOCK;
    t.waiting_at = t.waiting_at > first ? t.waiting_at : first;
    const uint32_t room = t.waiting_at < REGISTERS_MAX ? REGISTERS_MAX - t.waiting_at : 0;
    t.waiting_count = room / WAITING_WORDS < plant->station_count ? room / WAITING_WORDS
                                                                  : plant->station_count;
    t.reason_at = t.waiting_at + t.waiting_count * WAITING_WORDS;
    const uint32_t left = room - t.waiting_count * WAITING_WORDS;
    t.reason_count = left / REASON_WORDS < plant->machine_count + 1 ? left / REASON_WORDS
                                                                    : plant->machine_count + 1;
    const uint32_t reasons_end = t.reason_at + t.reason_count * REASON_WORDS;
    uint32_t values = 0;
    for (uint32_t i = 0; i < plant->listen.value_count; i++) {
        values += plant->listen.values[i].setpoint != NULL ? 2 : 1;
    }
    // From a block of its own, which a client's writing is looked for in.
    t.value_at = (reasons_end + BLOCK - 1) / BLOCK * BLOCK;
    const uint32_t rest = t.value_at < REGISTERS_MAX ? REGISTERS_MAX - t.value_at : 0;
    t.value_count = rest / VALUE_WORDS < values ? rest / VALUE_WORDS : values;
    t.end = t.value_count > 0 ? t.value_at + t.value_count * VALUE_WORDS : reasons_end;
    t.pool_at = t.end;
    t.pool_count = take_room(&t.end, count_pools(plant), POOL_WORDS);
    t.lots_at = t.end;
    t.lots_count = take_room(&t.end, count_batches(plant), WAITING_WORDS);
    return t;
}

static ls_register register_at(const place *p, uint32_t at) {
    return (ls_register){.name = p->name,
                         .table = LS_REGISTER_HOLDING,
                         .type = p->type,
                         .at = at,
                         .words = p->words,
                         .write = p->write,
                         .scale = 1.0};
}

static ls_register register_of(const place *p, uint32_t block) {
    return register_at(p, block * BLOCK + p->at);
}

// The reason of a device's answer; the line is behind the machines.
static ls_register reason_register(const tail *t, uint32_t device) {
    return device < t->reason_count
               ? register_at(&reason_place, t->reason_at + device * REASON_WORDS)
               : (ls_register){0};
}

// The lots of a machine: where it makes batches behind everything else, if there is room.
static ls_register lots_register(const tail *t, const ls_plant *plant, uint32_t machine) {
    uint32_t number = 0;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        if (machine < st->machine_at + st->machine_count) {
            number += machine - st->machine_at;
            return st->batch && number < t->lots_count
                       ? register_at(&lots_place, t->lots_at + number * WAITING_WORDS)
                       : register_of(&machine_places[SIGNAL_LOTS], machine);
        }
        number += st->batch ? st->machine_count : 0;
    }
    return (ls_register){0};
}

// What the plant file hears as a value of its own; *number counts them.
static void map_value(ls_emulate_modbus *m, const ls_emulate *line, uint32_t signal,
                      uint32_t *number) {
    const ls_emulate_signal *of = ls_emulate_signal_get(line, signal);
    const bool ours = of->device != NULL && strcmp(of->device, EMULATE_VALUES) == 0;
    m->signals[signal].k = OF_NO_PLACE;
    if (ours && *number < m->tail.value_count) {
        m->signals[signal].reg = register_at(of->writable ? &setpoint_place : &value_place,
                                             m->tail.value_at + *number * VALUE_WORDS);
        m->signals[signal].reg.name = of->name;
        *number += 1;
    }
}

// Signals of a machine stand in the order of SIGNAL_..., then queues, then the line's.
static void map_signals(ls_emulate_modbus *m, const ls_emulate *line) {
    const uint32_t machines = m->plant->machine_count;
    const uint32_t queue_at = machines * SIGNAL_MACHINE_COUNT;
    const uint32_t line_at = queue_at + m->plant->station_count;
    uint32_t number = 0;
    m->arrived_at = line_at;
    for (uint32_t i = 0; i < m->signal_count; i++) {
        mapped *to = &m->signals[i];
        to->of = LS_NO;
        if (i < queue_at) {
            to->of = i / SIGNAL_MACHINE_COUNT;
            to->k = (int)(i % SIGNAL_MACHINE_COUNT);
            to->reg = to->k == SIGNAL_COMMAND + COMMAND_REASON ? reason_register(&m->tail, to->of)
                      : to->k == SIGNAL_LOTS ? lots_register(&m->tail, m->plant, to->of)
                                             : register_of(&machine_places[to->k], to->of);
        } else if (i < line_at) {
            to->reg = register_of(&queue_place, machines);
            to->reg.at += i - queue_at;
        } else if (i < line_at + LINE_COUNT) {
            to->k = (int)(i - line_at);
            to->reg = to->k == LINE_COMMAND + COMMAND_REASON
                          ? reason_register(&m->tail, machines)
                          : register_of(&line_places[to->k], machines);
        } else {
            map_value(m, line, i, &number);
        }
    }
}

// A plant file that hears a value in another register would read something else.
static ls_status check_places(const ls_emulate_modbus *m, ls_error *err) {
    const ls_listen *listen = &m->plant->listen;
    for (uint32_t i = 0; i < m->signal_count; i++) {
        const ls_register *here = &m->signals[i].reg;
        for (uint32_t s = 0; m->signals[i].k == OF_NO_PLACE && s < listen->source_count; s++) {
            for (uint32_t r = 0; here->name != NULL && r < listen->sources[s].register_count; r++) {
                const ls_register *said = &listen->sources[s].registers[r];
                if (strcmp(said->name, here->name) == 0 &&
                    (said->at != here->at || said->type != here->type)) {
                    ls_fail(err, LS_ERR_INVALID,
                            "register '%s' at %u: the emulated line serves it at %u, type f64",
                            said->name, said->at, here->at);
                    ls_hint(err, "'lineshaft line emulate PLANT --registers' prints all of them");
                    return LS_ERR_INVALID;
                }
            }
        }
    }
    return LS_OK;
}

static void on_wrote(void *context, ls_register_table table, uint32_t at, uint32_t count) {
    ls_emulate_modbus *m = context;
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = at; table == LS_REGISTER_HOLDING && i < at + count; i++) {
        if (i / BLOCK < m->block_count) {
            m->dirty[i / BLOCK] = true;
        }
    }
    pthread_mutex_unlock(&m->lock);
}

ls_status ls_emulate_modbus_create(const ls_plant *plant, const ls_emulate *line, int port,
                                   ls_emulate_modbus **out, ls_error *err) {
    *out = NULL;
    const tail t = tail_of(plant);
    const uint32_t registers = t.end;
    if (plant->machine_count >= 1000 || registers > REGISTERS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "Modbus has registers for %d machines, the plant has %u",
                       999, plant->machine_count);
    }
    ls_emulate_modbus *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&m->arena);
    pthread_mutex_init(&m->lock, NULL);
    m->plant = plant;
    m->tail = t;
    m->signal_count = ls_emulate_signal_count(line);
    m->block_count = registers / BLOCK + 1;
    m->signals = ls_arena_alloc(&m->arena, m->signal_count * sizeof *m->signals);
    m->dirty = ls_arena_alloc(&m->arena, m->block_count * sizeof *m->dirty);
    ls_status status = ls_emulate_waiting_create(plant, &m->waiting, err);
    if (status == LS_OK && (m->signals == NULL || m->dirty == NULL)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    } else if (status == LS_OK) {
        map_signals(m, line);
        status = check_places(m, err);
    }
    if (status == LS_OK) {
        char address[64];
        ls_text_format(address, sizeof address, "127.0.0.1:%d", port);
        ls_modbus_server_def def = ls_modbus_server_def_default();
        def.address = address;
        def.holding = registers;
        def.inputs = def.coils = def.discretes = 0;
        def.wrote = on_wrote;
        def.context = m;
        status = ls_modbus_server_create(&def, &m->server, err);
    }
    if (status != LS_OK) {
        ls_emulate_modbus_destroy(m);
        return status;
    }
    for (uint32_t i = 0; i < m->signal_count; i++) {
        ls_emulate_modbus_tell(m, i, ls_emulate_value(line, i));
    }
    *out = m;
    return LS_OK;
}

void ls_emulate_modbus_destroy(ls_emulate_modbus *m) {
    if (m != NULL) {
        ls_modbus_server_destroy(m->server);
        ls_emulate_waiting_destroy(m->waiting);
        pthread_mutex_destroy(&m->lock);
        ls_arena_clear(&m->arena);
        ls_free(m);
    }
}

int ls_emulate_modbus_port(const ls_emulate_modbus *m) {
    return ls_modbus_server_port(m->server);
}

// A reason is the number of the mode in its station, from 1; 0: none.
static int64_t reason_number(const ls_plant *plant, uint32_t machine, const ls_sample *value) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        if (machine < st->machine_at || machine >= st->machine_at + st->machine_count) {
            continue;
        }
        for (uint32_t i = 0; i < st->failure_count; i++) {
            const char *name = plant->failures[st->failure_at + i].name;
            if (strlen(name) == value->size && memcmp(name, value->value.text, value->size) == 0) {
                return (int64_t)i + 1;
            }
        }
    }
    return 0;
}

// What fits, in whole names: half a name would be another lot.
static void shorten(const ls_register *reg, ls_sample *put) {
    if (put->size > reg->words * 2) {
        put->size = reg->words * 2;
        while (put->size > 0 && put->value.text[put->size] != ' ') {
            put->size--;
        }
    }
}

static void put_signal(ls_emulate_modbus *m, uint32_t signal, const ls_sample *value) {
    const mapped *to = &m->signals[signal];
    // A setpoint that is not taken is told anew.
    if (to->reg.name == NULL || (m->taking && to->reg.write && to->k != OF_NO_PLACE)) {
        return;
    }
    ls_sample put = *value;
    if (to->of != LS_NO && to->k == SIGNAL_REASON) {
        put.kind = LS_VALUE_INT;
        put.value.integer = reason_number(m->plant, to->of, value);
    } else if (to->reg.type == LS_REGISTER_TEXT) {
        shorten(&to->reg, &put);
    } else if (put.kind == LS_VALUE_REAL && to->reg.type != LS_REGISTER_F64) {
        put.kind = LS_VALUE_FLOAT;
    } else if (put.kind == LS_VALUE_BOOL) {
        put.kind = LS_VALUE_INT;
    }
    if (to->reg.write && put.kind == LS_VALUE_INT && put.value.integer < 0) {
        put.value.integer = 0;
    }
    (void)ls_modbus_server_put(m->server, &to->reg, &put);
}

// The counter that the line goes by. It moves when the line has taken the heartbeat, not when a
// client has written it.
static void put_echo(ls_emulate_modbus *m, const ls_sample *heartbeat) {
    const ls_register reg = register_of(&echo_place, m->plant->machine_count);
    ls_sample put = *heartbeat;
    put.value.integer = put.value.integer < 0 ? 0 : put.value.integer & 0xffff;
    (void)ls_modbus_server_put(m->server, &reg, &put);
}

// So many lots are in the plant; more than the register holds: as many as it holds.
static void put_inside(ls_emulate_modbus *m) {
    const ls_register reg = register_of(&inside_place, m->plant->machine_count);
    const uint32_t lots = ls_emulate_waiting_inside(m->waiting);
    const ls_sample put = {.kind = LS_VALUE_INT, .value.integer = lots < 65535 ? lots : 65535};
    (void)ls_modbus_server_put(m->server, &reg, &put);
}

static void put_waiting(ls_emulate_modbus *m, bool all) {
    for (uint32_t s = 0; s < m->tail.waiting_count; s++) {
        if (ls_emulate_waiting_changed(m->waiting, s) || all) {
            const char *names = ls_emulate_waiting_at(m->waiting, s);
            const ls_register reg = register_at(&waiting_place,
                                                m->tail.waiting_at + s * WAITING_WORDS);
            ls_sample put = {
                .kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(names), .value.text = names};
            shorten(&reg, &put);
            (void)ls_modbus_server_put(m->server, &reg, &put);
        }
    }
}

// Order pools: names, and the seconds that are left by the line's clock, rounded up.
static void put_pools(ls_emulate_modbus *m, int64_t now_us) {
    uint32_t number = 0;
    m->now_us = now_us > m->now_us ? now_us : m->now_us;
    for (uint32_t i = 0; i < m->plant->release_count && number < m->tail.pool_count; i++) {
        if (!m->plant->releases[i].pool) {
            continue;
        }
        const uint32_t at = m->tail.pool_at + number++ * POOL_WORDS;
        const ls_register names_at = register_at(&pool_place, at);
        const ls_register shut_at = register_at(&shut_place, at + WAITING_WORDS);
        int64_t until_us = 0;
        const char *names = ls_emulate_waiting_outside(m->waiting, i, &until_us);
        const int64_t left_us = until_us == INT64_MAX  ? INT64_MAX
                                : until_us > m->now_us ? until_us - m->now_us
                                                       : 0;
        const int64_t left_s = left_us / 1000000 + (left_us % 1000000 != 0);
        const ls_sample left = {.kind = LS_VALUE_INT,
                                .value.integer = left_us == INT64_MAX || left_s > LS_SHUT_UNTIL_TOLD
                                                     ? LS_SHUT_UNTIL_TOLD
                                                     : left_s};
        ls_sample put = {
            .kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(names), .value.text = names};
        shorten(&names_at, &put);
        (void)ls_modbus_server_put(m->server, &shut_at, &left);
        (void)ls_modbus_server_put(m->server, &names_at, &put);
    }
}

// Whose place is told by no register of its own: what it means for the lots that wait.
static void tell_waiting(ls_emulate_modbus *m, uint32_t signal, const ls_sample *value) {
    const mapped *to = &m->signals[signal];
    if (value->kind != LS_VALUE_TEXT) {
        return;
    }
    if (to->of != LS_NO && to->k == SIGNAL_LOTS) {
        ls_emulate_waiting_taken(m->waiting, value->value.text, value->size);
    } else if (signal == m->arrived_at + LINE_RELEASED) {
        ls_emulate_waiting_released(m->waiting, value->value.text, value->size);
        put_inside(m);
    } else if (signal == m->arrived_at + LINE_ARRIVED) {
        ls_emulate_waiting_arrived(m->waiting, value->value.text, value->size);
    } else if (signal == m->arrived_at + LINE_DONE || signal == m->arrived_at + LINE_SCRAPPED) {
        ls_emulate_waiting_gone(m->waiting, value->value.text, value->size);
        put_inside(m);
    }
}

void ls_emulate_modbus_tell(ls_emulate_modbus *m, uint32_t signal, const ls_sample *value) {
    if (signal < m->signal_count) {
        tell_waiting(m, signal, value);
        put_waiting(m, false);
        put_pools(m, value->time_us);
        put_signal(m, signal, value);
        if (signal == m->arrived_at + LINE_HEARTBEAT && value->kind == LS_VALUE_INT) {
            put_echo(m, value);
        }
    }
}

static void take(ls_emulate_modbus *m, ls_emulate *line, uint32_t signal, const uint16_t *block,
                 int64_t wall_us) {
    char text[LS_MODBUS_TEXT_MAX];
    ls_sample value = {0};
    const ls_register *reg = &m->signals[signal].reg;
    ls_modbus_decode(reg, block + reg->at % BLOCK, &value, text);
    if (value.kind == LS_VALUE_UINT) {
        value.kind = LS_VALUE_INT;
    }
    if (!ls_sample_same(ls_emulate_value(line, signal), &value)) {
        ls_emulate_write(line, signal, &value, wall_us);
    }
}

// All registers of the block as they stood in one instant, so that no kind goes with the id of
// another command; kind and argument before the id, which is what makes the PLC look.
static void take_block(ls_emulate_modbus *m, ls_emulate *line, uint32_t block, int64_t wall_us) {
    uint16_t words[BLOCK];
    uint32_t id = LS_NO;
    ls_modbus_server_get(m->server, LS_REGISTER_HOLDING, block * BLOCK, words, BLOCK);
    m->taking = true;
    for (uint32_t i = 0; i < m->signal_count; i++) {
        const mapped *s = &m->signals[i];
        if (s->reg.name == NULL || s->reg.at / BLOCK != block || !s->reg.write) {
            continue;
        }
        const int first = s->of == LS_NO ? LINE_COMMAND : SIGNAL_COMMAND;
        if (s->k == first + COMMAND_ID) {
            id = i;
        } else {
            take(m, line, i, words, wall_us);
        }
    }
    if (id != LS_NO) {
        take(m, line, id, words, wall_us);
    }
    m->taking = false;
}

// What is not theirs is put right again.
static void put_right(ls_emulate_modbus *m, ls_emulate *line, uint32_t block) {
    for (uint32_t i = 0; i < m->signal_count; i++) {
        const ls_register *reg = &m->signals[i].reg;
        const uint32_t end = reg->at + ls_register_size(reg);
        if (reg->name != NULL && !reg->write && reg->at / BLOCK <= block &&
            (end - 1) / BLOCK >= block) {
            put_signal(m, i, ls_emulate_value(line, i));
        }
    }
    put_echo(m, ls_emulate_value(line, m->arrived_at + LINE_HEARTBEAT));
    put_inside(m);
    put_waiting(m, true);
    put_pools(m, m->now_us);
}

void ls_emulate_modbus_written(ls_emulate_modbus *m, ls_emulate *line, int64_t wall_us) {
    for (uint32_t b = 0; b < m->block_count; b++) {
        pthread_mutex_lock(&m->lock);
        const bool dirty = m->dirty[b];
        m->dirty[b] = false;
        pthread_mutex_unlock(&m->lock);
        if (dirty) {
            take_block(m, line, b, wall_us);
            put_right(m, line, b);
        }
    }
}

// --- for plant files

static const char *type_name(ls_register_type type) {
    return type == LS_REGISTER_U16   ? "u16"
           : type == LS_REGISTER_U32 ? "u32"
           : type == LS_REGISTER_F32 ? "f32"
           : type == LS_REGISTER_F64 ? "f64"
                                     : "text";
}

static void print_at(ls_buffer *out, const char *of, const place *p, uint32_t at) {
    ls_buffer_printf(out, "        %s-%s: {at: %u, type: %s", of, p->name, at, type_name(p->type));
    if (p->type == LS_REGISTER_TEXT) {
        ls_buffer_printf(out, ", words: %u", p->words);
    }
    ls_buffer_text(out, p->write ? ", write: yes}\n" : "}\n");
}

static void print_register(ls_buffer *out, const char *of, const place *p, uint32_t block) {
    print_at(out, of, p, block * BLOCK + p->at);
}

static void print_machine(const ls_plant *plant, const ls_station *st, uint32_t m, ls_buffer *out) {
    const char *name = plant->machines[m].name;
    ls_buffer_printf(out,
                     "    %s: {state: cell-plc/%s-state, lots: cell-plc/%s-lots, good: {tag: "
                     "cell-plc/%s-good, wraps: 65535}, bad: {tag: cell-plc/%s-bad, wraps: 65535}",
                     name, name, name, name, name);
    if (st->setup_count > 0) {
        ls_buffer_printf(out, ", setup: cell-plc/%s-setup", name);
    }
    if (st->failure_count > 0) {
        ls_buffer_printf(out, ", reason: cell-plc/%s-reason, reasons: {", name);
        for (uint32_t i = 0; i < st->failure_count; i++) {
            ls_buffer_printf(out, "%s%u: %s", i > 0 ? ", " : "", i + 1,
                             plant->failures[st->failure_at + i].name);
        }
        ls_buffer_text(out, "}");
    }
    ls_buffer_text(out, "}\n");
}

static void print_value_registers(ls_buffer *out, const tail *t, const ls_plant *plant) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < plant->listen.value_count && at < t->value_count; i++) {
        const ls_measured *v = &plant->listen.values[i];
        print_at(out, v->name, &value_place, t->value_at + at++ * VALUE_WORDS);
        if (v->setpoint != NULL && at < t->value_count) {
            print_at(out, v->name, &setpoint_place, t->value_at + at++ * VALUE_WORDS);
        }
    }
}

static void print_pool_registers(ls_buffer *out, const tail *t, const ls_plant *plant) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < plant->release_count && number < t->pool_count; i++) {
        if (plant->releases[i].pool) {
            const uint32_t at = t->pool_at + number++ * POOL_WORDS;
            print_at(out, plant->releases[i].name, &pool_place, at);
            print_at(out, plant->releases[i].name, &shut_place, at + WAITING_WORDS);
        }
    }
}

static void print_pools(ls_buffer *out, const tail *t, const ls_plant *plant) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < plant->release_count && number < t->pool_count; i++) {
        if (plant->releases[i].pool) {
            const char *name = plant->releases[i].name;
            ls_buffer_text(out, number++ == 0 ? "        pools:\n          " : "          ");
            ls_put_text(out, name);
            ls_buffer_printf(out, ": {waiting: \"%s-pool\", shut: \"%s-shut\"}\n", name, name);
        }
    }
}

static void print_response(ls_buffer *out, const ls_measured *v) {
    ls_buffer_text(out, ", response: {");
    for (uint32_t i = 0; i < v->table_count; i++) {
        ls_buffer_text(out, i == 0 ? "table: [" : ", ");
        ls_put_number(out, v->table_settings[i]);
        ls_buffer_text(out, " to ");
        ls_put_number(out, v->table_values[i]);
    }
    if (v->table_count > 0) {
        ls_buffer_text(out, "]");
    } else {
        ls_buffer_text(out, "gain: ");
        ls_put_number(out, v->gain);
    }
    ls_buffer_text(out, ", tau: ");
    ls_put_time(out, v->tau_us);
    ls_buffer_text(out, ", delay: ");
    ls_put_time(out, v->delay_us);
    ls_buffer_text(out, "}");
}

static void print_number(ls_buffer *out, const char *key, double number) {
    if (isfinite(number)) {
        ls_buffer_text(out, key);
        ls_put_number(out, number);
    }
}

static void print_values(ls_buffer *out, const tail *t, const ls_plant *plant) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < plant->listen.value_count; i++) {
        const ls_measured *v = &plant->listen.values[i];
        at += v->setpoint != NULL ? 2 : 1;
        if (at > t->value_count) {
            return;  // no room
        }
        ls_buffer_text(out, i == 0 ? "  values:\n    " : "    ");
        ls_put_text(out, v->name);
        ls_buffer_printf(out, ": {tag: cell-plc/%s-value", v->name);
        if (v->unit != NULL) {
            ls_buffer_text(out, ", unit: ");
            ls_put_text(out, v->unit);
        }
        print_number(out, ", low: ", v->low);
        print_number(out, ", high: ", v->high);
        if (v->setpoint != NULL) {
            ls_buffer_printf(out, ", setpoint: cell-plc/%s-set, set: {", v->name);
            print_number(out, "low: ", v->set_low);
            print_number(out, ", high: ", v->set_high);
            print_number(out, ", default: ", v->set_default);
            ls_buffer_text(out, "}");
            print_response(out, v);
        }
        ls_buffer_text(out, "}\n");
    }
}

static void print_commands(ls_buffer *out, const tail *t, const ls_plant *plant) {
    ls_buffer_text(out,
                   "      commands:\n        heartbeat: line-heartbeat\n"
                   "        echo: line-heartbeat-echo\n        lost: line-heartbeat-lost\n"
                   "        inside: line-inside\n"
                   "        line: {kind: line-command-kind, argument: line-command-argument, "
                   "id: line-command-id, done: line-command-done, result: line-command-result");
    ls_buffer_text(
        out, t->reason_count > plant->machine_count ? ", reason: line-command-reason}\n" : "}\n");
    ls_buffer_text(out,
                   "        machines:\n          any: {kind: \"{machine}-command-kind\", argument: "
                   "\"{machine}-command-argument\", id: \"{machine}-command-id\", done: "
                   "\"{machine}-command-done\", result: \"{machine}-command-result\"");
    ls_buffer_text(out, t->reason_count >= plant->machine_count
                            ? ", reason: \"{machine}-command-reason\"}\n"
                            : "}\n");
    if (t->waiting_count == plant->station_count) {
        ls_buffer_text(out, "        waiting: {any: \"{station}-waiting\"}\n");
    }
    print_pools(out, t, plant);
}

void ls_emulate_modbus_print(const ls_plant *plant, int port, ls_buffer *out) {
    ls_buffer_printf(out,
                     "# Registers of the emulated line: `listen:` of a plant file.\nlisten:\n"
                     "  modbus:\n    cell-plc:\n      address: 127.0.0.1:%d\n      registers:\n",
                     port);
    const tail t = tail_of(plant);
    for (uint32_t m = 0; m < plant->machine_count; m++) {
        for (int k = 0; k < SIGNAL_MACHINE_COUNT; k++) {
            if (machine_places[k].name != NULL) {
                const ls_register lots = lots_register(&t, plant, m);
                const bool apart = k == SIGNAL_LOTS && lots.words == lots_place.words;
                print_at(out, plant->machines[m].name, apart ? &lots_place : &machine_places[k],
                         apart ? lots.at : m * BLOCK + machine_places[k].at);
            }
        }
    }
    for (int k = 0; k < LINE_COUNT; k++) {
        if (line_places[k].name != NULL) {
            print_register(out, "line", &line_places[k], plant->machine_count);
        }
    }
    print_register(out, "line", &echo_place, plant->machine_count);
    print_register(out, "line", &inside_place, plant->machine_count);
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const place queue = {"queue", QUEUE_AT + s, LS_REGISTER_U16, 1, false};
        print_register(out, plant->stations[s].name, &queue, plant->machine_count);
    }
    for (uint32_t s = 0; s < t.waiting_count; s++) {
        print_at(out, plant->stations[s].name, &waiting_place, t.waiting_at + s * WAITING_WORDS);
    }
    for (uint32_t d = 0; d < t.reason_count; d++) {
        print_at(out, d < plant->machine_count ? plant->machines[d].name : "line", &reason_place,
                 t.reason_at + d * REASON_WORDS);
    }
    print_value_registers(out, &t, plant);
    print_pool_registers(out, &t, plant);
    print_commands(out, &t, plant);
    ls_buffer_text(out, "  machines:\n");
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        for (uint32_t m = st->machine_at; m < st->machine_at + st->machine_count; m++) {
            print_machine(plant, st, m, out);
        }
    }
    ls_buffer_text(out, "  lots: {named: \"{class}-*\"}\n  queues:\n");
    for (uint32_t s = 0; s < plant->station_count; s++) {
        ls_buffer_printf(out, "    %s: cell-plc/%s-queue\n", plant->stations[s].name,
                         plant->stations[s].name);
    }
    print_values(out, &t, plant);
}
