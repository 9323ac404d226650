// guard_people.h - what the commands by which people tell the guard something share.
#pragma once

#include "cli/options.h"

// For the tables of these commands, after ls_who_options: the answer's form.
extern const ls_option ls_guard_people_options[];

// Tells the service of the plant (arguments[0]) to do it: `deed` as the API has it; what is NULL or
// 0 is not sent. Prints what stands then. Returns an exit code: LS_EXIT_NO when the guard refuses.
int ls_guard_people_do(const ls_options *options, const char *deed, const char *what, int64_t guard,
                       const char *reason, int64_t for_s);
// What stands, printed; nothing is done.
int ls_guard_people_show(const ls_options *options);
// The number of a guard by its number or its name ("minimum dwell"); 0 after saying what is wrong.
uint32_t ls_guard_people_number(const char *command, const char *text);
