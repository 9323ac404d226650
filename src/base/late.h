// late.h - libraries that are loaded when they are first needed, not when the program starts.
//
// A library that brings others with it costs every command milliseconds, also the many that never
// call it (`lineshaft pool submit` needs no database client). Such a library has a header here
// (late_NAME.h) that is included instead of its own: it lists the functions that are called, and
// lets their names mean a table of pointers. Whoever is first to need the library opens the table;
// before that no pointer of it may be called.
#pragma once

#include "base/status.h"

typedef struct ls_late_function {
    const char *name;
    void *at;  // the pointer in the table that gets its address
} ls_late_function;

typedef struct ls_late {
    const char *library;  // its soname, "libpq.so.5"
    const char *package;  // Debian's name, for the hint where it is missing
    const ls_late_function *functions;
    int count;
    bool is_open;
} ls_late;

// Loads the library and fills the table, once for the life of the process: what is open stays
// open. From any thread. LS_ERR_IO: it is not there; LS_ERR_VERSION: it lacks a function.
ls_status ls_late_open(ls_late *late, ls_error *err);
// How many late libraries are open, for tests.
int ls_late_opened(void);

// Of the headers: the pointer of a function in a table.
#define LS_LATE_POINTER(name) __typeof__(name) *name;
