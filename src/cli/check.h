// check.h - what `lineshaft check` found out about a plant file.
#pragma once

#include <lineshaft/twin.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options.h"
#include "plant/check.h"
#include "plant/plant.h"

typedef struct ls_check {
    const char *path;
    ls_arena arena;
    ls_errors mistakes;    // none: the plant can run
    ls_errors notes;       // what a person should know though it can run
    ls_plant *plant;       // NULL when there are mistakes
    ls_twin *twin;         // NULL when there are mistakes
    ls_twin_info info;     // of the twin
    const ls_load *loads;  // one per station
} ls_check;

// Says on stderr what is wrong and what is to be known, and how many mistakes the file has.
void ls_check_complain(const char *path, const ls_errors *mistakes, const ls_errors *notes);
// Mistakes in the file are the answer `no`; a file that cannot be read gives no answer.
int ls_check_exit_code(const ls_errors *mistakes);
int ls_check_pool(const ls_options *options);  // check_pool.c: the same for a pool file

void ls_check_report_text(const ls_check *check, ls_buffer *out);
// The file with every default filled in, then the sizes and limits as comments.
void ls_check_report_effective(const ls_check *check, ls_buffer *out);
void ls_check_report_json(const ls_check *check, ls_buffer *out);
