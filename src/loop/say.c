// say.c - see say.h.
#include "loop/say.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE_SIZE = 1200 };

static _Atomic int level_max = LS_LOG_INFO;

void ls_say_set_level(ls_log_level level) {
    atomic_store(&level_max, (int)level);
}

static size_t begin_line(ls_log_level level, char *line) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    static const int journal[] = {3, 4, 6, 7};  // sd-daemon(3)
    if (getenv("JOURNAL_STREAM") != NULL) {
        return ls_text_format(line, LINE_SIZE, "<%d>%s ", journal[level], names[level]);
    }
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    return ls_text_format(line, LINE_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ",
                          utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                          utc.tm_sec, (int)(now.tv_nsec / 1000000), names[level]);
}

void ls_say(ls_log_level level, const char *kind, const char *subject, const char *format, ...) {
    if ((int)level > atomic_load(&level_max)) {
        return;
    }
    char line[LINE_SIZE];
    size_t size = begin_line(level, line);
    size += ls_text_format(line + size, sizeof line - size, "%s%s%s: ", kind,
                           subject[0] != '\0' ? " " : "", subject);
    size = size < sizeof line - 2 ? size : sizeof line - 2;
    va_list args;
    va_start(args, format);
    size += ls_text_vformat(line + size, sizeof line - size - 1, format, args);
    va_end(args);
    size = size < sizeof line - 2 ? size : sizeof line - 2;
    line[size] = '\0';
    ls_text_tame(line, false);
    line[size++] = '\n';
    // One write, so that lines of several threads do not mix. Nobody can be told when it fails.
    const ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}
