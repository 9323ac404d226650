// notify.c - see notify.h.
#include "loop/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef LS_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

#include "base/late.h"

// Loaded where somebody waits to be told alone.
static void tell(const char *text) {
    static __typeof__(sd_notify) *notify;
    static const ls_late_function functions[] = {{"sd_notify", &notify}};
    static ls_late library = {
        .library = "libsystemd.so.0", .package = "libsystemd0", .functions = functions, .count = 1};
    ls_error err = {0};
    if (getenv("NOTIFY_SOCKET") != NULL && ls_late_open(&library, &err) == LS_OK) {
        (void)notify(0, text);
    }
}
#else
static void tell(const char *text) {
    (void)text;
}
#endif

void ls_notify_ready(const char *status) {
    char text[256];
    snprintf(text, sizeof text, "READY=1\nSTATUS=%.200s", status);
    tell(text);
}

void ls_notify_reloading(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char text[96];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell(text);
}

void ls_notify_stopping(void) {
    tell("STOPPING=1");
}

void ls_notify_status(const char *status) {
    char text[256];
    snprintf(text, sizeof text, "STATUS=%.200s", status);
    tell(text);
}

void ls_notify_alive(void) {
    tell("WATCHDOG=1");
}
