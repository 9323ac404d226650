// status.h - how every call of the library says whether it worked, and what a person should know.
//
// A call that can fail returns ls_status and fills *err when err is not NULL. The library never
// prints and never exits. An ls_error is a plain value; keep it as long as you like.
#pragma once

#include <lineshaft/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ls_status {
    LS_OK = 0,
    LS_ERR_INVALID,  // the input is wrong: file, value, argument
    LS_ERR_LIMIT,    // a stated limit was reached; the message names it
    LS_ERR_MEMORY,   // an allocation failed
    LS_ERR_IO,       // a file could not be read or written
    LS_ERR_VERSION,  // a snapshot or file of another engine version or model
    LS_ERR_STUCK,    // the simulated plant is deadlocked; the message says who waits for whom
    LS_ERR_STOPPED,  // the caller asked to stop
} ls_status;

enum { LS_ERROR_TEXT_SIZE = 512, LS_ERROR_FILE_SIZE = 256 };

// One mistake. line and column count from 1; 0 means "no place".
typedef struct ls_error {
    ls_status status;
    char text[LS_ERROR_TEXT_SIZE];  // what is wrong, with the value
    char hint[LS_ERROR_TEXT_SIZE];  // what would be right; may be empty
    char file[LS_ERROR_FILE_SIZE];  // may be empty
    int line;
    int column;
} ls_error;

// "invalid input", "limit reached", ...
LS_API const char *ls_status_text(ls_status status);

#ifdef __cplusplus
}
#endif
