// run.c - `lineshaft run`: the service for one plant.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "import/plant_file.h"
#include "loop/say.h"
#include "loop/service.h"
#include "ls_build.h"
#include "web/web.h"

enum { PATH_SIZE = 4096 };

static const ls_option own_options[] = {
    {.name = "port",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 65535,
     .initial = "8377",
     .about = "port of the page and of /healthz, /readyz, /metrics; 0: a free one"},
    {.name = "listen",
     .kind = LS_OPTION_TEXT,
     .argument = "ADDRESS",
     .initial = "127.0.0.1",
     .about = "address of that port",
     .detail = "Any other than this machine's own needs --tls-cert and --tls-key, or --insecure"},
    {.name = "tls-cert",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "certificate, in PEM"},
    {.name = "tls-key", .kind = LS_OPTION_TEXT, .argument = "FILE", .about = "its key, in PEM"},
    {.name = "name",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .about = "a name by which browsers reach this machine, beside its own"},
    {.name = "insecure",
     .kind = LS_OPTION_FLAG,
     .about = "listen to others without TLS: whoever is between can read and change everything"},
    {.name = "catch-up",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1d",
     .about = "how much history is heard again where no saved state fits"},
    {.name = "verbose", .kind = LS_OPTION_FLAG, .about = "also tell what is only good to know"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

static volatile int stop_asked;
static volatile int reloads_asked;

static void ask_stop(int number) {
    (void)number;
    stop_asked = 1;
}

static void ask_reload(int number) {
    (void)number;
    reloads_asked++;
}

static void watch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);  // who presses twice means it
    action.sa_handler = ask_stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = SA_RESTART;
    action.sa_handler = ask_reload;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;  // a peer that went away is seen where it is written to
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);  // a file that may not grow is a full disk
}

// The plant file may say what --insecure does. One that cannot be read is the service's to report.
static bool plant_is_insecure(const char *path) {
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    const bool insecure = ls_plant_file_read(path, &plant, &errors) == LS_OK &&
                          plant->listen.web_insecure;
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return insecure;
}

static ls_status make_web(const ls_options *options, const char *data, ls_web **out,
                          ls_error *err) {
    ls_web_def def = {
        .listen = ls_options_get(options, "listen")->text,
        .port = (int)ls_options_get(options, "port")->number,
        .data = data,
        .name = ls_options_get(options, "name")->text,
        .certificate = ls_options_get(options, "tls-cert")->text,
        .key = ls_options_get(options, "tls-key")->text,
        .insecure = ls_options_get(options, "insecure")->given,
    };
    // The plant file is asked only where it matters: it is read whole.
    def.insecure = def.insecure ||
                   (ls_web_is_open(&def) && plant_is_insecure(options->arguments[0]));
    return ls_web_create(&def, out, err);
}

static int serve(const ls_options *options, const char *data) {
    ls_errors errors;
    ls_error err = {0};
    ls_web *web = NULL;
    ls_errors_init(&errors);
    ls_status status = make_web(options, data, &web, &err);
    if (status != LS_OK) {
        ls_errors_add(&errors, &err);
    } else {
        const ls_service_def def = {
            .plant = options->arguments[0],
            .data = data,
            .listen = ls_options_get(options, "listen")->text,
            .face = ls_web_face(web),
            .catch_up_us = ls_options_get(options, "catch-up")->number,
            .stop = &stop_asked,
            .reload = &reloads_asked,
            .version = LS_VERSION,
        };
        status = ls_service_run(&def, &errors);
    }
    ls_web_destroy(web);
    const int code = status == LS_OK && errors.total == 0 ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    return code;
}

static int run(const ls_options *options) {
    char data[PATH_SIZE];
    const int found = ls_data_option_folder(options, data, sizeof data);
    if (found != LS_EXIT_DONE) {
        return found;
    }
    if (ls_options_get(options, "verbose")->given) {
        ls_say_set_level(LS_LOG_DEBUG);
    }
    watch_signals();
    // What is kept of a plant is the business of its owner and group; a stricter umask stays.
    umask(umask(0) | 027);
    return serve(options, data);
}

const ls_cli_command ls_command_run = {
    .name = "run",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "The service for one plant: hears the line, keeps its history, follows it.",
    .example = "lineshaft run plant.yaml",
    .examples =
        "lineshaft run plant.yaml --data /var/lib/lineshaft --port 8377\n"
        "curl http://127.0.0.1:8377/metrics\n",
    .detail =
        "Stays in the foreground; Ctrl-C or SIGTERM stops it cleanly, SIGHUP makes it read "
        "the plant file again (a wrong one is refused whole, and everything goes on as it "
        "was). What is heard is in the history before it is acknowledged, and the twin is "
        "in step again after any restart. One line on stderr for each thing that happens; one of "
        "the first is the address of the page with its token (docs/PAGE.md).\n",
    .tables = tables,
    .run = run,
};
