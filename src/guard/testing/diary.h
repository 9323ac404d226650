// diary.h - everything that happened to a guard, in order, and a slow judge who reads it.
//
// The guard keeps counters, rings and tables. The diary keeps every event and counts nothing; the
// judge goes through it from the end for each question. Both must come to the same verdict.
#pragma once

#include "guard/testing/guard_case.h"

typedef enum diary_kind {
    DIARY_STATE,      // of machine: number, quality
    DIARY_VOUCH,      // of machine, or LS_NONE
    DIARY_FORGET,     // of machine, or LS_NONE
    DIARY_CONDITION,  // of condition: number, quality
    DIARY_REARM,      // of condition
    DIARY_VALUE,      // the coolant: number, quality
    DIARY_REARM_VALUE,
    DIARY_ARRIVED,  // text at station `of`
    DIARY_IN_WORK,  // text in machine `of`: one lot, or empty
    DIARY_GONE,     // text
    DIARY_LOTS_BEGIN,
    DIARY_LOTS_TOLD,
    DIARY_OWNER,     // number
    DIARY_BEAT_OUT,  // flag: heard
    DIARY_BEAT_IN,
    DIARY_FALLBACK,  // flag
    DIARY_LEASE,     // flag; number: seconds it lasts
    DIARY_EPOCH,     // number: of the line
    DIARY_HEALTHY,
    DIARY_UNHEALTHY,
    DIARY_TRIP,
    DIARY_RESET,
    DIARY_ALARM,
    DIARY_HOLD,     // text: point, flag: put (else lifted)
    DIARY_BYPASS,   // of guard; number: seconds it lasts
    DIARY_REVOKE,   // text: who
    DIARY_JOURNAL,  // flag: ready
    DIARY_SENT,     // command
    DIARY_READ,     // of target: number (the line's own reading)
    DIARY_ID        // command was decided
} diary_kind;

typedef struct diary_entry {
    diary_kind kind;
    uint32_t of;
    double number;
    ls_guard_quality quality;
    bool flag;
    const char *text;  // lives as long as the program
    ls_guard_clock at;
    int64_t us;  // line time that was told
    ls_command command;
} diary_entry;

enum { DIARY_MOST = 256 };

typedef struct diary {
    const guard_case *g;
    diary_entry entries[DIARY_MOST];
    int count;
} diary;

// The number of the first guard, in the order of docs/GUARDS.md, that this command breaks; 0: none.
uint32_t diary_judge(const diary *d, const ls_command *c, const ls_guard_clock *now);
