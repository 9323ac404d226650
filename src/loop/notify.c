// notify.c - see notify.h.
#include "loop/notify.h"

#include <stdio.h>
#include <time.h>

#ifdef LS_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
static int sd_notify(int unset, const char *text) {
    (void)unset;
    (void)text;
    return 0;
}
#endif

void ls_notify_ready(const char *status) {
    char text[256];
    snprintf(text, sizeof text, "READY=1\nSTATUS=%.200s", status);
    sd_notify(0, text);
}

void ls_notify_reloading(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char text[96];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    sd_notify(0, text);
}

void ls_notify_stopping(void) {
    sd_notify(0, "STOPPING=1");
}

void ls_notify_status(const char *status) {
    char text[256];
    snprintf(text, sizeof text, "STATUS=%.200s", status);
    sd_notify(0, text);
}

void ls_notify_alive(void) {
    sd_notify(0, "WATCHDOG=1");
}
