// interrupt.h - Ctrl-C: the first asks to stop, the second ends the program at once.
#pragma once

#include <stdbool.h>

// From now on SIGINT and SIGTERM set the flag, once; the next one has its usual effect.
void ls_interrupt_watch(void);
// Non-zero after a signal. Lives as long as the program.
const volatile int *ls_interrupt_flag(void);
bool ls_interrupt_came(void);
