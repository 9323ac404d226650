// check_fuzz.c - any bytes as a command: the guards answer, and only a good one may go.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/testing/guard_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guard_case g;

static void must(bool holds) {
    if (!holds) {
        abort();
    }
}

static void make_bool(bool *at) {
    unsigned char byte = 0;
    memcpy(&byte, at, 1);
    *at = byte % 2 != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (g.limits == NULL) {
        guard_case_init(&g);
    }
    ls_command c = guard_case_dispatch(&g);
    // The first bytes say where the others go: over the good command, from some place on.
    if (size >= 2) {
        const size_t at = ((size_t)data[0] << 8 | data[1]) % sizeof c;
        const size_t room = sizeof c - at;
        memcpy((char *)&c + at, data + 2, size - 2 < room ? size - 2 : room);
    }
    // A reader of messages makes bools of what it reads: other bytes than 0 and 1 are none.
    make_bool(&c.automatic);
    make_bool(&c.by_hand);
    ls_guard_finding out;
    ls_guard_row rows[LS_GUARD_COUNT];
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    must(out.guard <= LS_GUARD_COUNT);
    must((out.guard == 0) == (out.reason[0] == '\0'));
    ls_guard_explain(g.limits, g.state, &c, &g.clock, rows);
    uint32_t first = 0;
    for (int i = LS_GUARD_COUNT - 1; i >= 0; i--) {
        first = rows[i].outcome == LS_GUARD_FAILED ? rows[i].guard : first;
    }
    must(first == out.guard);
    if (out.guard == 0) {
        must(strcmp(c.target, "grind-1") == 0 || strcmp(c.target, "coolant") == 0 ||
             strncmp(c.target, "gear-", 5) == 0);
    }
    return 0;
}
