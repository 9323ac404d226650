// check.h - what `lineshaft check` found out about a plant file.
#pragma once

#include <lineshaft/twin.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
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

void ls_check_report_text(const ls_check *check, ls_buffer *out);
// The file with every default filled in, then the sizes and limits as comments.
void ls_check_report_effective(const ls_check *check, ls_buffer *out);
void ls_check_report_json(const ls_check *check, ls_buffer *out);
