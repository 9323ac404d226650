// say.h - what the service tells whoever runs it: one event a line on stderr, never a secret.
//
//     2026-11-25T13:36:01.123Z warning gap gearbox/cell: 3 messages are missing (seq 17 to 19)
//
// Under systemd the level stands in front, as the journal wants it. Safe for any thread.
#pragma once

typedef enum ls_log_level { LS_LOG_ERROR, LS_LOG_WARNING, LS_LOG_INFO, LS_LOG_DEBUG } ls_log_level;

// Lines above the level are not printed; default INFO.
void ls_say_set_level(ls_log_level level);
// kind: one word; subject: what it is about, "" when nothing. Control characters become blanks.
void ls_say(ls_log_level level, const char *kind, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
