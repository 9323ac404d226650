// process_options.h - options of commands that run a process plant: seed, disturbance, setpoints.
#pragma once

#include "base/text.h"
#include "cli/options.h"
#include "process/te.h"

extern const ls_option ls_process_options[];

enum { LS_PROCESS_SETS_MAX = 20 };

typedef struct ls_process_def {
    int64_t seed;
    int idv;         // 0: none
    int64_t from_s;  // when the disturbance begins and the setpoints change
    struct {
        int loop;
        double value;
    } sets[LS_PROCESS_SETS_MAX];
    int set_count;
} ls_process_def;

// LS_ERR_INVALID, naming the option, when one makes no sense.
ls_status ls_process_define(const ls_options *options, ls_process_def *out, ls_error *err);
// Before each step: begins what begins now.
void ls_process_disturb(const ls_process_def *def, ls_te_state *state);
// What is disturbed and set, one line each.
void ls_process_tell(const ls_process_def *def, ls_buffer *out);
