// guard.c - `lineshaft guard`: the process that alone may write to the line.
#include "guard/guard.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "import/plant_file.h"
#include "line/data_folder.h"

enum { PATH_SIZE = 4096 };

static const ls_option own_options[] = {
    {.name = "no-sandbox",
     .kind = LS_OPTION_FLAG,
     .about = "do without the kernel's filter of system calls",
     .detail = "For debuggers; where the kernel has none it is said and goes on without"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

static volatile int stop_asked;

static void ask_stop(int number) {
    (void)number;
    stop_asked = 1;
}

static void watch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND;
    action.sa_handler = ask_stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = 0;
    action.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &action,
              NULL);  // the service reads its plant file again; we are started again
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);  // a file that may not grow is a full disk
}

static void on_say(void *context, const char *text) {
    (void)context;
    ls_note("guard: %s", text);
}

static int run_for(const ls_options *options, const ls_plant *plant, const char *data) {
    char folder[PATH_SIZE + 16], broker[PATH_SIZE + 16];
    ls_error err = {0};
    if (ls_data_folder_make(data, &err) != LS_OK) {
        return ls_complain(&err);
    }
    snprintf(folder, sizeof folder, "%s/guard", data);
    snprintf(broker, sizeof broker, "%s/broker", data);
    watch_signals();
    umask(umask(0) | 077);
    const ls_guard_def def = {.plant = plant,
                              .folder = folder,
                              .broker_folder = broker,
                              .stop = &stop_asked,
                              .say = on_say,
                              .sandbox = !ls_options_get(options, "no-sandbox")->given};
    return ls_guard_run(&def, &err) == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static int run(const ls_options *options) {
    char data[PATH_SIZE];
    int code = ls_data_option_folder(options, data, sizeof data);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    code = ls_plant_file_read(options->arguments[0], &plant, &errors) == LS_OK
               ? run_for(options, plant, data)
               : ls_complain_all(&errors);
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return code;
}

const ls_cli_command ls_command_guard = {
    .name = "guard",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about =
        "The process that alone may write to the line: checks each command, sends it, reads "
        "it back.",
    .example = "lineshaft guard plant.yaml",
    .examples = "lineshaft guard plant.yaml --data /var/lib/lineshaft/cell\n",
    .detail =
        "`lineshaft run` starts it by itself when the plant file has `decide:` and something "
        "may be sent. It takes commands from the service over a socket in its data folder, "
        "hears the line with a login of its own, and keeps the heartbeat to the line only "
        "while it and the service are well; without it the line goes by its own rule. "
        "docs/GUARDS.md says what it checks.\n",
    .tables = tables,
    .run = run,
};
