// command.c - see command.h.
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/version.h"

const ls_cli_command *const ls_commands[] = {
    &ls_command_demo,
    &ls_command_check,
    &ls_command_run,
    &ls_command_guard_show,
    &ls_command_guard_hold,
    &ls_command_guard_lift,
    &ls_command_guard_bypass,
    &ls_command_guard_rearm,
    &ls_command_guard_revoke,
    &ls_command_guard_reset,
    &ls_command_guard,  // after those whose first word it is
    &ls_command_decide_now,
    &ls_command_decide_base,
    &ls_command_decide_explain,
    &ls_command_decide_replay,
    &ls_command_decide_release,
    &ls_command_decide_put_off,
    &ls_command_prove,
    &ls_command_twin_run,
    &ls_command_twin_compare,
    &ls_command_twin_fork,
    &ls_command_twin_calibrate,
    &ls_command_twin_follow,
    &ls_command_process_run,  // a plant in which everything flows
    &ls_command_pool_token,   // keys of accounts
    &ls_command_pool_design,
    &ls_command_pool_simulate,
    &ls_command_pool_run,
    &ls_command_pool_submit,
    &ls_command_pool_jobs,
    &ls_command_pool_logs,
    &ls_command_pool_cancel,
    &ls_command_pool_why,
    &ls_command_pool_usage,
    &ls_command_pool_resize,
    &ls_command_pool_drain,
    &ls_command_pool_undrain,
    &ls_command_pool_top,
    &ls_command_model_train,
    &ls_command_model_evaluate,
    &ls_command_model_list,
    &ls_command_model_show,
    &ls_command_model_promote,
    &ls_command_model_rollback,
    &ls_command_model_predict,
    &ls_command_model_explain,
    &ls_command_model_alarms,
    &ls_command_model_acknowledge,  // what the alarms of a service told
    &ls_command_model_export,
    &ls_command_model_fit,
    &ls_command_model_key,
    &ls_command_model_sign,
    &ls_command_model_verify,
    &ls_command_import_smt2020,
    &ls_command_line_emulate,
    &ls_command_line_map,
    &ls_command_line_note,
    &ls_command_order_add,
    &ls_command_line_browse,
    &ls_command_line_record,
    &ls_command_line_replay,
    &ls_command_history_import,
    &ls_command_history_events,
    &ls_command_history_export,
    &ls_command_history_query,
    &ls_command_history_stats,
    &ls_command_history_backup,
    &ls_command_history_restore,
    NULL,
};

enum { NAMES_MAX = 96, WORD_SIZE = 64 };

static size_t word_length(const char *name) {
    return strcspn(name, " ");
}

// The command whose words argv begins with; *out_words says how many those are.
static const ls_cli_command *find_command(int argc, char **argv, int *out_words) {
    for (int i = 0; ls_commands[i] != NULL; i++) {
        const char *name = ls_commands[i]->name;
        const size_t length = word_length(name);
        const bool first = argc > 0 && strlen(argv[0]) == length &&
                           memcmp(argv[0], name, length) == 0;
        const bool second = name[length] == '\0' ||
                            (argc > 1 && strcmp(argv[1], name + length + 1) == 0);
        if (first && second) {
            *out_words = name[length] == '\0' ? 1 : 2;
            return ls_commands[i];
        }
    }
    return NULL;
}

// Is `word` the first of commands of two words?
static bool is_group(const char *word) {
    for (int i = 0; ls_commands[i] != NULL; i++) {
        const size_t length = word_length(ls_commands[i]->name);
        if (ls_commands[i]->name[length] == ' ' && strlen(word) == length &&
            memcmp(ls_commands[i]->name, word, length) == 0) {
            return true;
        }
    }
    return false;
}

// A hint for a word that is no command: a file to run, a second word without its first, or a near
// word. `group` is "" at the start of the line.
static void hint_command(const char *word, const char *group, ls_error *err) {
    const char *seconds[NAMES_MAX];
    char firsts[NAMES_MAX][WORD_SIZE];
    const char *first_names[NAMES_MAX] = {NULL};
    size_t count = 0;
    for (int i = 0; ls_commands[i] != NULL && count < NAMES_MAX; i++) {
        const char *name = ls_commands[i]->name;
        const size_t length = word_length(name);
        snprintf(firsts[count], sizeof firsts[count], "%.*s", (int)length, name);
        const bool wanted = group[0] == '\0' || strcmp(group, firsts[count]) == 0;
        first_names[count] = group[0] == '\0' ? firsts[count] : NULL;
        seconds[count] = wanted && name[length] == ' ' ? name + length + 1 : NULL;
        count++;
    }
    const char *nearest = ls_text_nearest(word, first_names, count);
    if (nearest != NULL) {
        ls_hint(err, "did you mean '%s'?", nearest);
        return;
    }
    nearest = ls_text_nearest(word, seconds, count);
    for (size_t i = 0; i < count; i++) {
        if (nearest != NULL && seconds[i] == nearest) {
            ls_hint(err, "did you mean '%s'?", ls_commands[i]->name);
            return;
        }
    }
    if (group[0] == '\0' && access(word, R_OK) == 0) {
        ls_hint(err, "to run a plant file: 'lineshaft twin run %s'", word);
    }
}

static int print_help(const ls_cli_command *command, const char *group, bool full) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (command != NULL) {
        ls_help_command(command, full, &out);
    } else {
        ls_help_program(group, full, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static ls_status check_argument_count(const ls_cli_command *command, const ls_options *options,
                                      ls_error *err) {
    if (options->argument_count < command->least) {
        return ls_fail(err, LS_ERR_INVALID, "'lineshaft %s' needs %s", command->name,
                       command->arguments);
    }
    if (options->argument_count > command->most) {
        return ls_fail(err, LS_ERR_INVALID, "'lineshaft %s' takes only %s; '%s' is too much",
                       command->name, command->most > 0 ? command->arguments : "options",
                       options->arguments[command->most]);
    }
    return LS_OK;
}

static int run_command(const ls_cli_command *command, int argc, char **argv) {
    ls_error err = {0};
    ls_options options;
    ls_status status = ls_options_parse(command->tables, argc, argv, &options, &err);
    if (status == LS_OK && (options.help_short || options.help_full)) {
        return print_help(command, "", options.help_full);
    }
    if (status == LS_OK) {
        status = check_argument_count(command, &options, &err);
    }
    return status == LS_OK ? command->run(&options) : ls_complain_usage(&err, command->name);
}

static bool asks_help(const char *word, bool *out_full) {
    *out_full = strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
    return *out_full || strcmp(word, "-h") == 0;
}

// No command was found in argv: help for a group or the whole, or a mistake.
static int run_without_command(int argc, char **argv) {
    bool full = false;
    ls_error err = {0};
    if (argc == 0) {
        ls_fail(&err, LS_ERR_INVALID, "a command is missing");
        return ls_complain_usage(&err, "");
    }
    if (asks_help(argv[0], &full)) {
        int words = 0;
        const ls_cli_command *command = find_command(argc - 1, argv + 1, &words);
        const char *group = argc > 1 && is_group(argv[1]) ? argv[1] : "";
        return print_help(command, group, full);
    }
    if (is_group(argv[0])) {
        if (argc > 1 && asks_help(argv[1], &full)) {
            return print_help(NULL, argv[0], full);
        }
        if (argc == 1) {
            ls_fail(&err, LS_ERR_INVALID, "'lineshaft %s' needs a command", argv[0]);
        } else {
            ls_fail(&err, LS_ERR_INVALID, "unknown command '%s %s'", argv[0], argv[1]);
            hint_command(argv[1], argv[0], &err);
        }
        return ls_complain_usage(&err, argv[0]);
    }
    if (argv[0][0] == '-') {
        static const char *const names[] = {"--help", "--version"};
        ls_fail(&err, LS_ERR_INVALID, "unknown option '%s'", argv[0]);
        const char *nearest = ls_text_nearest(argv[0], names, sizeof names / sizeof names[0]);
        ls_hint(&err, nearest != NULL ? "did you mean '%s'?" : "the command goes first%s",
                nearest != NULL ? nearest : "");
    } else {
        ls_fail(&err, LS_ERR_INVALID, "unknown command '%s'", argv[0]);
        hint_command(argv[0], "", &err);
    }
    return ls_complain_usage(&err, "");
}

int ls_command_line(int argc, char **argv) {
    int words = 0;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        return ls_version_print();
    }
    const int skip = argc > 0 ? 1 : 0;
    const ls_cli_command *command = find_command(argc - skip, argv + skip, &words);
    return command != NULL ? run_command(command, argc - skip - words, argv + skip + words)
                           : run_without_command(argc - skip, argv + skip);
}
