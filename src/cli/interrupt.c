// interrupt.c - see interrupt.h.
#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile int came;

static void set_flag(int number) {
    (void)number;
    came = 1;
}

void ls_interrupt_watch(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = set_flag;
    // One shot: whoever presses twice means it. Restart: a write that is cut is no wish of anybody.
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const volatile int *ls_interrupt_flag(void) {
    return &came;
}

bool ls_interrupt_came(void) {
    return came != 0;
}
