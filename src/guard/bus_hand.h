// bus_hand.h - one device's handshake in registers: what is written and read together. Pure.
#pragma once

#include "plant/plant.h"

enum { LS_GUARD_HAND_WORDS = 125, LS_GUARD_BEATS_BACK = 64 };

typedef struct ls_guard_hand {
    const ls_register *kind, *argument, *id, *done, *result, *reason;  // reason NULL: none
    const ls_register *beat, *echo, *lost;                             // of the line; else NULL
    uint32_t write_at, write_count, read_at, read_count;
} ls_guard_hand;

typedef struct ls_guard_hand_read {
    int64_t id, done, result, echo;
    bool lost;
} ls_guard_hand_read;

// Of a machine, or the line (device == machine_count). False: it is not commanded.
bool ls_guard_hand_make(const ls_source *source, uint32_t device, uint32_t machine_count,
                        ls_guard_hand *out);
// The words of one command, hand->write_count of them. False: it does not fit.
bool ls_guard_hand_command(const ls_guard_hand *hand, const char *kind, const char *argument,
                           int64_t id, uint16_t *words);
// The words of hand->beat.
void ls_guard_hand_beat(const ls_guard_hand *hand, int64_t count, uint16_t *words);
// From hand->read_count words.
void ls_guard_hand_decode(const ls_guard_hand *hand, const uint16_t *words,
                          ls_guard_hand_read *out);
// Do the words of a command stand in what was read?
bool ls_guard_hand_holds(const ls_guard_hand *hand, const uint16_t *written, const uint16_t *read);
// Which of the last counts, `last` being the newest, the echo is; -1: none of the last 64.
int64_t ls_guard_hand_count(const ls_guard_hand *hand, int64_t last, int64_t echo);
