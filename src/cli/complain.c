// complain.c - see complain.h.
#include "cli/complain.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

enum { MESSAGE_SIZE = 2 * LS_ERROR_TEXT_SIZE + LS_ERROR_FILE_SIZE + 128 };

int ls_exit_code(ls_status status) {
    switch (status) {
    case LS_OK: return LS_EXIT_DONE;
    case LS_ERR_INVALID:
    case LS_ERR_LIMIT:
    case LS_ERR_VERSION: return LS_EXIT_INPUT;
    case LS_ERR_STUCK: return LS_EXIT_NO;
    case LS_ERR_STOPPED: return LS_EXIT_STOPPED;
    case LS_ERR_MEMORY:
    case LS_ERR_IO: return LS_EXIT_SYSTEM;
    }
    return LS_EXIT_SYSTEM;
}

static void print_tame(char *message) {
    ls_text_tame(message, true);
    fputs(message, stderr);
}

static void print_error(const ls_error *err) {
    char message[MESSAGE_SIZE];
    ls_error_format(err, message, sizeof message);
    print_tame(message);
}

int ls_complain(const ls_error *err) {
    assert(err != NULL);
    assert(err->status != LS_OK);
    print_error(err);
    return ls_exit_code(err->status);
}

int ls_complain_all(const ls_errors *errors) {
    assert(errors->total > 0);
    for (size_t i = 0; i < errors->count; i++) {
        print_error(&errors->items[i]);
    }
    if (errors->count < errors->total) {
        ls_note("%zu more mistakes are not shown", errors->total - errors->count);
    }
    return errors->count > 0 ? ls_exit_code(errors->items[0].status) : LS_EXIT_SYSTEM;
}

int ls_complain_usage(const ls_error *err, const char *command) {
    print_error(err);
    fprintf(stderr, "try 'lineshaft %s%s--help'\n", command, command[0] != '\0' ? " " : "");
    return LS_EXIT_USAGE;
}

void ls_warn_of(const ls_error *note) {
    ls_warn("%s", note->text);
    if (note->file[0] != '\0' && note->line > 0) {
        fprintf(stderr, "  %s:%d:%d\n", note->file, note->line, note->column);
    }
    if (note->hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", note->hint);
    }
}

static void say(const char *kind, const char *format, va_list args) {
    char message[MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, args);
    fprintf(stderr, "lineshaft: %s", kind);
    print_tame(message);
    fputc('\n', stderr);
}

void ls_warn(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say("warning: ", format, args);
    va_end(args);
}

void ls_note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say("", format, args);
    va_end(args);
}
