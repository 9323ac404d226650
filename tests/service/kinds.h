// kinds.h - for tests: a kind of decision from the event to the line's answer, by its row, its
// explanation, its replay and the account; the same for every way of speaking to a line.
#pragma once

#include "tests/service/rows.h"

typedef struct kind {
    const char *name;
    const char *plant;
    const char *speed;               // of the emulated line
    int least;                       // rows that the line has done
    const char *explains;            // `decide explain` of the first of them says so
    const char *command, *argument;  // what was sent for it; argument NULL: any
} kind;

// Waits until the line has done it so often, and looks at the first of them.
void kinds_check(const service *s, const kind *k);
