// plc.h - tests only: a PLC behind libmodbus's own server, with the block of docs/GUARDS.md in it,
// and what can go wrong with one.
//
// Registers of PLC_PLANT. A thread answers up to eight clients; the block runs before each answer,
// as a PLC's cycle would.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PLC_STATE = 0,
    PLC_LOTS = 10,
    PLC_WAITING = 60,
    PLC_SPEED = 121,
    PLC_INSIDE = 130,  // lots in the plant
    PLC_LINE = 200,
    PLC_BEAT = 200,
    PLC_ECHO = 201,
    PLC_LOST = 202,
    PLC_MACHINE = 300,  // saw-1; saw-2 100 further on
    PLC_REGISTERS = 600,
    PLC_WRITES = 256,
};

typedef struct plc_faults {
    bool cut;      // the next command is taken, and the connection closed instead of an answer
    bool spoil;    // kind of what is written does not stand there as it was written
    bool deaf;     // commands are not answered
    bool frozen;   // the block does not run: no echo, no answer
    int stall_ms;  // once: this long before the next answer
} plc_faults;

typedef struct plc {
    pthread_mutex_t lock;
    pthread_t thread;
    int port;
    bool stopping, has_thread;
    int64_t patience_us;
    plc_faults faults;
    int64_t beat_us;
    uint16_t last_beat;
    uint16_t registers[PLC_REGISTERS];
    int64_t ids[PLC_WRITES];  // of each command that was written, in order
    uint32_t id_count;
    int64_t obeyed[PLC_WRITES];      // of each command that was done
    uint32_t obeyed_by[PLC_WRITES];  // where its id stands
    uint32_t obeyed_count;
    uint32_t clients;
} plc;

// Port 0: a free one.
bool plc_start(plc *p, int port, int64_t patience_us);
void plc_stop(plc *p);
void plc_set(plc *p, uint32_t at, uint16_t value);
uint16_t plc_get(plc *p, uint32_t at);
void plc_set_text(plc *p, uint32_t at, uint32_t words, const char *text);
void plc_fault(plc *p, plc_faults faults);
bool plc_stalls(plc *p);  // the stall that was asked for has begun
// How often a command with this id was written, and done.
uint32_t plc_written(plc *p, int64_t id);
uint32_t plc_obeyed(plc *p, int64_t id);

// A plant file with two machines, `%d` being the port. A dispatch at saw, a setpoint.
extern const char plc_plant[];
