// plc.c - see plc.h.
#include "guard/testing/plc.h"

#include <arpa/inet.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 8, DONE = 0, UNKNOWN_KIND = 1, NOT_NOW = 3, NO_HEARTBEAT = 4, NOT_NEWER = 5 };

const char plc_plant[] =
    "plant: saws\n"
    "stations: {saw: {machines: 2, process: 1 min}}\n"
    "products: {x: {route: [saw], release: {every: 1 min}}}\n"
    "listen:\n"
    "  clock: arrival\n"
    "  modbus:\n"
    "    plc:\n"
    "      address: 127.0.0.1:%d\n"
    "      every: 50 ms\n"
    "      timeout: 3 s\n"
    "      registers:\n"
    "        saw-1-state: {at: 0}\n"
    "        saw-2-state: {at: 1}\n"
    "        saw-1-lots: {at: 10, type: text, words: 20}\n"
    "        saw-2-lots: {at: 30, type: text, words: 20}\n"
    "        saw-waiting: {at: 60, type: text, words: 40}\n"
    "        speed: {at: 120}\n"
    "        speed-set: {at: 121, write: yes}\n"
    "        inside: {at: 130}\n"
    "        beat: {at: 200, write: yes}\n"
    "        echo: {at: 201}\n"
    "        lost: {at: 202}\n"
    "        id: {at: 203, type: u32, write: yes}\n"
    "        kind: {at: 205, type: text, words: 5, write: yes}\n"
    "        argument: {at: 210, type: text, words: 24, write: yes}\n"
    "        done: {at: 234, type: u32}\n"
    "        result: {at: 236}\n"
    "        saw-1-id: {at: 300, type: u32, write: yes}\n"
    "        saw-1-kind: {at: 302, type: text, words: 5, write: yes}\n"
    "        saw-1-argument: {at: 307, type: text, words: 16, write: yes}\n"
    "        saw-1-done: {at: 323, type: u32}\n"
    "        saw-1-result: {at: 325}\n"
    "        saw-1-reason: {at: 350, type: text, words: 20}\n"
    "        saw-2-id: {at: 400, type: u32, write: yes}\n"
    "        saw-2-kind: {at: 402, type: text, words: 5, write: yes}\n"
    "        saw-2-argument: {at: 407, type: text, words: 16, write: yes}\n"
    "        saw-2-done: {at: 423, type: u32}\n"
    "        saw-2-result: {at: 425}\n"
    "        saw-2-reason: {at: 450, type: text, words: 20}\n"
    "      commands:\n"
    "        heartbeat: beat\n"
    "        echo: echo\n"
    "        lost: lost\n"
    "        inside: inside\n"
    "        line: {kind: kind, argument: argument, id: id, done: done, result: result}\n"
    "        machines:\n"
    "          any: {kind: \"{machine}-kind\", argument: \"{machine}-argument\", id: "
    "\"{machine}-id\", done: \"{machine}-done\", result: \"{machine}-result\", reason: "
    "\"{machine}-reason\"}\n"
    "        waiting: {saw: saw-waiting}\n"
    "  machines:\n"
    "    any: {state: \"plc/{machine}-state\", lots: \"plc/{machine}-lots\"}\n"
    "  values:\n"
    "    speed: {tag: plc/speed, setpoint: plc/speed-set, set: {low: 10, high: 90, default: 50}}\n"
    "decide:\n"
    "  mode: auto\n"
    "  dispatch: {at: saw}\n"
    "  setpoint: {of: speed, target: 40}\n"
    "  release: {of: x}\n"
    "guards: {heartbeat: 2 s, read-back: 1 s}\n";

typedef struct place {  // of a handshake
    uint32_t id, kind, argument, words, done, result, reason;
} place;

static const place places[3] = {
    {300, 302, 307, 16, 323, 325, 350},
    {400, 402, 407, 16, 423, 425, 450},
    {203, 205, 210, 24, 234, 236, 0},
};

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t long_at(const plc *p, uint32_t at) {
    return (int64_t)p->registers[at] << 16 | p->registers[at + 1];
}

static void text_at(const plc *p, uint32_t at, uint32_t words, char *out) {
    for (uint32_t i = 0; i < words; i++) {
        out[2 * i] = (char)(p->registers[at + i] >> 8);
        out[2 * i + 1] = (char)(p->registers[at + i] & 0xFF);
    }
    out[2 * words] = '\0';
}

static void put_text(plc *p, uint32_t at, uint32_t words, const char *text) {
    const size_t size = strlen(text);
    for (uint32_t i = 0; i < words; i++) {
        const unsigned high = 2 * i < size ? (unsigned char)text[2 * i] : 0;
        const unsigned low = 2 * i + 1 < size ? (unsigned char)text[2 * i + 1] : 0;
        p->registers[at + i] = (uint16_t)(high << 8 | low);
    }
}

static int obey(plc *p, const place *at, const char *kind, const char *argument) {
    const bool is_line = at->reason == 0;
    if (!is_line && (strcmp(kind, "dispatch") == 0 || strcmp(kind, "hold") == 0)) {
        return p->registers[PLC_LOST] != 0        ? NO_HEARTBEAT
               : strcmp(argument, "not-now") == 0 ? NOT_NOW
                                                  : DONE;
    }
    if (is_line && strcmp(kind, "setpoint") == 0 && p->registers[PLC_LOST] == 0) {
        const char *value = strchr(argument, '=');
        p->registers[PLC_SPEED] = (uint16_t)(value != NULL ? atoi(value + 1) : 0);
        return DONE;
    }
    if (is_line && strcmp(kind, "release") == 0) {
        p->registers[PLC_INSIDE]++;
        return DONE;
    }
    return UNKNOWN_KIND;
}

static void answer(plc *p, const place *at) {
    char kind[64], argument[64];
    const int64_t id = long_at(p, at->id);
    const int64_t done = long_at(p, at->done);
    if (id == done || p->faults.deaf) {
        return;
    }
    text_at(p, at->kind, 5, kind);
    text_at(p, at->argument, at->words, argument);
    const int result = id < done ? NOT_NEWER : obey(p, at, kind, argument);
    if (result == DONE && p->obeyed_count < PLC_WRITES) {
        p->obeyed_by[p->obeyed_count] = at->id;
        p->obeyed[p->obeyed_count++] = id;
    }
    p->registers[at->result] = (uint16_t)result;
    if (at->reason != 0) {
        put_text(p, at->reason, 20, result == NOT_NOW ? "it is being cleaned" : "");
    }
    p->registers[at->done] = (uint16_t)(id >> 16);
    p->registers[at->done + 1] = (uint16_t)(id & 0xFFFF);
}

// The block, once. Under the lock.
static void cycle(plc *p) {
    if (p->faults.frozen) {
        return;
    }
    if (p->registers[PLC_BEAT] != p->last_beat) {
        p->last_beat = p->registers[PLC_BEAT];
        p->beat_us = now_us();
        p->registers[PLC_LOST] = 0;
        p->registers[PLC_ECHO] = p->last_beat;
    } else if (now_us() - p->beat_us > p->patience_us) {
        p->registers[PLC_LOST] = 1;
    }
    for (int i = 0; i < 3; i++) {
        answer(p, &places[i]);
    }
}

// Which command the request writes; NULL: none.
static const place *command_of(const uint8_t *request, int head) {
    const int at = request[head + 1] << 8 | request[head + 2];
    for (int i = 0; request[head] == MODBUS_FC_WRITE_MULTIPLE_REGISTERS && i < 3; i++) {
        if (at == (int)places[i].id) {
            return &places[i];
        }
    }
    return NULL;
}

// False: the connection is over.
static bool serve(plc *p, modbus_t *bus, int file) {
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_set_socket(bus, file);
    const int size = modbus_receive(bus, request);
    if (size <= 0) {
        return size == 0;
    }
    (void)pthread_mutex_lock(&p->lock);
    const int stall_ms = p->faults.stall_ms;
    p->faults.stall_ms = 0;
    (void)pthread_mutex_unlock(&p->lock);
    nanosleep(&(struct timespec){.tv_sec = stall_ms / 1000, .tv_nsec = stall_ms % 1000 * 1000000L},
              NULL);
    (void)pthread_mutex_lock(&p->lock);
    modbus_mapping_t map = {.nb_registers = PLC_REGISTERS, .tab_registers = p->registers};
    const place *to = command_of(request, modbus_get_header_length(bus));
    bool good = true;
    cycle(p);
    if (to != NULL && p->faults.cut) {  // taken, and never acknowledged
        (void)shutdown(file, SHUT_RDWR);
        (void)modbus_reply(bus, request, size, &map);
        p->faults.cut = false;
        good = false;
    } else {
        good = modbus_reply(bus, request, size, &map) >= 0;
    }
    if (to != NULL && p->id_count < PLC_WRITES) {
        p->ids[p->id_count++] = long_at(p, to->id);
    }
    if (to != NULL && p->faults.spoil) {
        p->registers[to->kind] ^= 0x0101;
    }
    cycle(p);
    (void)pthread_mutex_unlock(&p->lock);
    return good;
}

static void *run(void *context) {
    plc *p = context;
    modbus_t *bus = modbus_new_tcp("127.0.0.1", p->port);
    const int door = bus != NULL ? modbus_tcp_listen(bus, CLIENTS) : -1;
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    if (door >= 0) {
        (void)getsockname(door, (struct sockaddr *)&address, &size);
    }
    (void)pthread_mutex_lock(&p->lock);
    p->port = door >= 0 ? ntohs(address.sin_port) : -1;
    (void)pthread_mutex_unlock(&p->lock);
    struct pollfd files[CLIENTS + 1] = {{.fd = door, .events = POLLIN}};
    nfds_t count = 1;
    bool stopping = door < 0;
    while (!stopping) {
        (void)poll(files, count, 10);
        if (files[0].revents != 0 && count <= CLIENTS) {
            files[count++] = (struct pollfd){.fd = accept(door, NULL, NULL), .events = POLLIN};
        }
        for (nfds_t i = 1; i < count; i++) {
            if (files[i].revents != 0 && !serve(p, bus, files[i].fd)) {
                close(files[i].fd);
                files[i--] = files[--count];
            }
        }
        (void)pthread_mutex_lock(&p->lock);
        cycle(p);
        p->clients = (uint32_t)count - 1;
        stopping = p->stopping;
        (void)pthread_mutex_unlock(&p->lock);
    }
    while (count-- > 1) {
        close(files[count].fd);
    }
    if (door >= 0) {
        close(door);
    }
    modbus_free(bus);
    return NULL;
}

bool plc_start(plc *p, int port, int64_t patience_us) {
    memset(p, 0, sizeof *p);
    (void)pthread_mutex_init(&p->lock, NULL);
    p->port = port;
    p->patience_us = patience_us;
    p->registers[PLC_LOST] = 1;
    p->registers[PLC_STATE] = p->registers[PLC_STATE + 1] = 4;  // idle
    p->registers[PLC_SPEED] = 50;
    p->has_thread = pthread_create(&p->thread, NULL, run, p) == 0;
    for (int i = 0; i < 1000 && p->has_thread; i++) {
        (void)pthread_mutex_lock(&p->lock);
        const int at = p->port;
        (void)pthread_mutex_unlock(&p->lock);
        if (at != 0 && (port == 0 || i > 5)) {
            return at > 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return false;
}

void plc_stop(plc *p) {
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)pthread_mutex_unlock(&p->lock);
    if (p->has_thread) {
        (void)pthread_join(p->thread, NULL);
    }
    (void)pthread_mutex_destroy(&p->lock);
}

void plc_set(plc *p, uint32_t at, uint16_t value) {
    (void)pthread_mutex_lock(&p->lock);
    p->registers[at] = value;
    (void)pthread_mutex_unlock(&p->lock);
}

uint16_t plc_get(plc *p, uint32_t at) {
    (void)pthread_mutex_lock(&p->lock);
    const uint16_t value = p->registers[at];
    (void)pthread_mutex_unlock(&p->lock);
    return value;
}

void plc_set_text(plc *p, uint32_t at, uint32_t words, const char *text) {
    (void)pthread_mutex_lock(&p->lock);
    put_text(p, at, words, text);
    (void)pthread_mutex_unlock(&p->lock);
}

void plc_fault(plc *p, plc_faults faults) {
    (void)pthread_mutex_lock(&p->lock);
    p->faults = faults;
    (void)pthread_mutex_unlock(&p->lock);
}

bool plc_stalls(plc *p) {
    (void)pthread_mutex_lock(&p->lock);
    const bool begun = p->faults.stall_ms == 0;
    (void)pthread_mutex_unlock(&p->lock);
    return begun;
}

static uint32_t count_of(plc *p, const int64_t *ids, const uint32_t *count, int64_t id) {
    uint32_t found = 0;
    (void)pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; i < *count; i++) {
        found += ids[i] == id;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return found;
}

uint32_t plc_written(plc *p, int64_t id) {
    return count_of(p, p->ids, &p->id_count, id);
}

uint32_t plc_obeyed(plc *p, int64_t id) {
    return count_of(p, p->obeyed, &p->obeyed_count, id);
}
