// notify.h - what systemd wants to know (sd_notify(3)); nothing where it does not ask.
#pragma once

void ls_notify_ready(const char *status);
void ls_notify_reloading(void);
void ls_notify_stopping(void);
void ls_notify_status(const char *status);
// Tells the watchdog that we live; call it more often than half of WatchdogSec.
void ls_notify_alive(void);
