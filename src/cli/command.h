// command.h - the commands of the program, as a table: found, explained and started from one place.
#pragma once

#include "base/text.h"
#include "cli/options.h"

typedef struct ls_cli_command {
    const char *name;       // "twin run"
    const char *arguments;  // "PLANT"
    int least, most;        // how many arguments
    const char *about;      // one sentence
    const char *example;    // one line, what most people want
    const char *examples;   // more of them for --help, one a line, each ended by '\n'; NULL: none
    const char *detail;     // paragraphs for --help, each ended by '\n'; NULL: none
    const ls_option *const *tables;  // ends with NULL
    // Runs with a checked command line; returns an exit code.
    int (*run)(const ls_options *options);
} ls_cli_command;

extern const ls_cli_command ls_command_check;
extern const ls_cli_command ls_command_demo;
extern const ls_cli_command ls_command_run;
extern const ls_cli_command ls_command_guard;
extern const ls_cli_command ls_command_guard_show;
extern const ls_cli_command ls_command_guard_hold;
extern const ls_cli_command ls_command_guard_lift;
extern const ls_cli_command ls_command_guard_bypass;
extern const ls_cli_command ls_command_guard_rearm;
extern const ls_cli_command ls_command_guard_revoke;
extern const ls_cli_command ls_command_guard_reset;
extern const ls_cli_command ls_command_decide_base;
extern const ls_cli_command ls_command_decide_now;
extern const ls_cli_command ls_command_decide_explain;
extern const ls_cli_command ls_command_decide_release;
extern const ls_cli_command ls_command_decide_put_off;
extern const ls_cli_command ls_command_decide_replay;
extern const ls_cli_command ls_command_prove;
extern const ls_cli_command ls_command_process_run;
extern const ls_cli_command ls_command_pool_design;
extern const ls_cli_command ls_command_pool_simulate;
extern const ls_cli_command ls_command_pool_run;
extern const ls_cli_command ls_command_pool_submit;
extern const ls_cli_command ls_command_pool_jobs;
extern const ls_cli_command ls_command_pool_logs;
extern const ls_cli_command ls_command_pool_cancel;
extern const ls_cli_command ls_command_pool_resize;
extern const ls_cli_command ls_command_pool_drain;
extern const ls_cli_command ls_command_pool_undrain;
extern const ls_cli_command ls_command_pool_why;
extern const ls_cli_command ls_command_pool_usage;
extern const ls_cli_command ls_command_pool_top;
extern const ls_cli_command ls_command_pool_token;
extern const ls_cli_command ls_command_model_train;
extern const ls_cli_command ls_command_model_evaluate;
extern const ls_cli_command ls_command_model_list;
extern const ls_cli_command ls_command_model_show;
extern const ls_cli_command ls_command_model_promote;
extern const ls_cli_command ls_command_model_rollback;
extern const ls_cli_command ls_command_model_predict;
extern const ls_cli_command ls_command_model_explain;
extern const ls_cli_command ls_command_model_alarms;
extern const ls_cli_command ls_command_model_acknowledge;
extern const ls_cli_command ls_command_model_export;
extern const ls_cli_command ls_command_model_fit;
extern const ls_cli_command ls_command_model_key;
extern const ls_cli_command ls_command_model_sign;
extern const ls_cli_command ls_command_model_verify;
extern const ls_cli_command ls_command_twin_follow;
extern const ls_cli_command ls_command_twin_run;
extern const ls_cli_command ls_command_twin_compare;
extern const ls_cli_command ls_command_twin_fork;
extern const ls_cli_command ls_command_twin_calibrate;
extern const ls_cli_command ls_command_order_add;
extern const ls_cli_command ls_command_line_map;
extern const ls_cli_command ls_command_line_note;
extern const ls_cli_command ls_command_import_smt2020;
extern const ls_cli_command ls_command_line_emulate;
extern const ls_cli_command ls_command_line_browse;
extern const ls_cli_command ls_command_line_record;
extern const ls_cli_command ls_command_line_replay;
extern const ls_cli_command ls_command_history_import;
extern const ls_cli_command ls_command_history_events;
extern const ls_cli_command ls_command_history_export;
extern const ls_cli_command ls_command_history_query;
extern const ls_cli_command ls_command_history_stats;
extern const ls_cli_command ls_command_history_backup;
extern const ls_cli_command ls_command_history_restore;

// All commands, NULL at the end.
extern const ls_cli_command *const ls_commands[];

// Runs the program's command line, argv[0] being its name; returns the exit code.
int ls_command_line(int argc, char **argv);
