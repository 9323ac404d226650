// options.h - options of a command as a table: parsed, explained and checked from one place.
//
// `--key value`, `--key=value`, `-k value` and `-kvalue` are the same; `--` ends the options. An
// option given twice has its last value.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef enum ls_option_kind {
    LS_OPTION_FLAG,    // no value
    LS_OPTION_TIME,    // a span of time: 90d, "1 h 30 min"; number in microseconds
    LS_OPTION_COUNT,   // a whole number
    LS_OPTION_SHARE,   // 1% or 0.01
    LS_OPTION_CHOICE,  // one of some words; number is its index
    LS_OPTION_TEXT,    // anything: a file, a name
} ls_option_kind;

typedef struct ls_option {
    const char *name;  // without dashes; NULL ends a table
    char letter;       // for `-o`; 0: none
    ls_option_kind kind;
    const char *argument;        // what help calls the value: "TIME"; NULL for flags
    const char *word;            // TIME: also this word, then number is -1; NULL: none
    const char *const *choices;  // CHOICE: the words, NULL at the end
    int64_t least, most;         // COUNT, both included
    const char *initial;         // the default, parsed as if it were given; NULL: none
    const char *says;            // what help says about the default where `initial` is NULL
    const char *about;           // one line
    const char *detail;          // further sentences for --help; NULL: none
    bool reads, writes;          // TEXT: a file that is read, or written: none is both
} ls_option;

typedef struct ls_option_value {
    bool given;  // on the command line
    bool known;  // given, or has a default
    int64_t number;
    double share;
    const char *text;  // as given
} ls_option_value;

enum { LS_OPTIONS_MAX = 48, LS_OPTION_TABLES_MAX = 4 };

// The options of one command line. Points into argv.
typedef struct ls_options {
    const ls_option *options[LS_OPTIONS_MAX];
    ls_option_value values[LS_OPTIONS_MAX];
    int count;
    char **arguments;  // what is no option, in order
    int argument_count;
    bool help_short, help_full;  // -h and --help: nothing else counts then
} ls_options;

// Parses argv[0..argc), which holds no command word; reorders it. `tables` ends with NULL. On
// failure *err says what and which word is nearest; *out may be used for nothing.
ls_status ls_options_parse(const ls_option *const *tables, int argc, char **argv, ls_options *out,
                           ls_error *err);
// The value of an option that the tables have; a name that they have not is a bug.
const ls_option_value *ls_options_get(const ls_options *options, const char *name);
// Fails with LS_ERR_INVALID when both options are on the command line.
ls_status ls_options_exclude(const ls_options *options, const char *a, const char *b,
                             ls_error *err);
