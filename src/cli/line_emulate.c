// line_emulate.c - `lineshaft line emulate`: a plant file played as a real line.
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/demo_week.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "import/plant_file.h"
#include "line/broker.h"
#include "line/data_folder.h"
#include "line/emulate_modbus.h"
#include "line/emulate_play.h"

enum { LINGER_US = 300000, PATH_SIZE = 1024, HIDE_SIZE_MAX = 1 << 20, MODBUS_PORT = 1502 };

static const char *const process_words[] = {"tennessee-eastman", NULL};

static const ls_option own_options[] = {
    {.name = "speed",
     .kind = LS_OPTION_TEXT,
     .argument = "X",
     .initial = "1",
     .about = "seconds of the plant per second; `max`: as fast as it goes"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_MAX,
     .says = "the plant file's",
     .about = "seed of everything that is random in the line"},
    {.name = "hide",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "hidden truths: where the line is not as its plant file says"},
    {.name = "process",
     .kind = LS_OPTION_CHOICE,
     .argument = "tennessee-eastman",
     .choices = process_words,
     .says = "none",
     .about = "a process plant is behind the values of the plant file",
     .detail = "Metrics XMEAS_1 to XMEAS_41, XMV_1 to XMV_12, TRIP and COST show it, setpoints "
               "SP_n set its "
               "control loops; docs/PROCESS.md lists them"},
    {.name = "idv",
     .kind = LS_OPTION_TEXT,
     .argument = "N[@FROM[..UNTIL]],...",
     .about = "with --process: disturbances, each for a while of the plant's time"},
    {.name = "broker",
     .kind = LS_OPTION_TEXT,
     .argument = "URL",
     .says = "that of the plant file",
     .about = "MQTT broker, mqtt://HOST:PORT; `none`: no Sparkplug"},
    {.name = "login",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "user on the first line, password on the second"},
    {.name = "primary",
     .kind = LS_OPTION_TEXT,
     .argument = "HOST",
     .says = "nobody is waited for",
     .about = "speak only while this host application is there, keep the rest until then",
     .detail = "Of a running service it is `listen.sparkplug.host`, by default lineshaft. What is "
               "said while the service or the broker is away is then told afterwards"},
    {.name = "modbus",
     .kind = LS_OPTION_COUNT,
     .argument = "PORT",
     .least = 0,
     .most = 65535,
     .about = "also serve Modbus TCP on this loopback port; 0: a free one"},
    {.name = "registers",
     .kind = LS_OPTION_FLAG,
     .about = "print the Modbus registers as `listen:` of a plant file, and end"},
    {.name = "from",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "0",
     .about = "time of the plant at which it begins"},
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "until it is stopped",
     .about = "how long it plays, in time of the plant"},
    {.name = "into",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .about =
         "no broker: all that it tells goes into this history, as fast as it goes; needs --for",
     .detail =
         "The past of a plant, for models to learn from. That of the plant's service is "
         "`history` in its data folder, while it does not run; with --from the line then goes "
         "on behind it"},
    {.name = "disturb",
     .kind = LS_OPTION_TEXT,
     .argument = "WHAT",
     .about = "a bad network: drop=1%,twice=1%,swap=1% of the messages"},
    {.name = "linger",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "0s",
     .about = "after --for, how long (wall time) the line stands still before it says good-bye"},
    {.name = "truth",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "what is really true, as JSON, at the end and at SIGUSR1"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_data_options, NULL};

typedef struct job {
    const ls_options *options;
    ls_plant *plant;
    ls_hide *hide;
    ls_arena arena;
    ls_broker_access access;
    ls_emulate_process_def process;
    ls_emulate_play_def def;
    ls_emulate_play *play;
    const char *truth;
} job;

static const ls_option_value *option(const job *j, const char *name) {
    return ls_options_get(j->options, name);
}

// --- what was asked

static ls_status parse_speed(const char *text, double *out, ls_error *err) {
    if (strcmp(text, "max") == 0) {
        *out = 0.0;
        return LS_OK;
    }
    if (!ls_text_parse_double(text, strlen(text), out) || !(*out > 0.0) || *out > 1e6) {
        ls_fail(err, LS_ERR_INVALID, "--speed '%s' is no number above 0 and up to 1000000", text);
        ls_hint(err, "60 plays a minute in a second; `max` does not wait at all");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

// drop=1%,twice=1%,swap=1%
static ls_status parse_disturb(const char *text, ls_emulate_play_def *def, ls_error *err) {
    static const char *const names[] = {"drop", "twice", "swap"};
    uint32_t *const parts[] = {&def->drop, &def->twice, &def->swap};
    while (*text != '\0') {
        const size_t length = strcspn(text, ",");
        const size_t key = strcspn(text, "=,");
        char share[32];
        double value = 0.0;
        int found = -1;
        for (int i = 0; i < 3; i++) {
            found = strlen(names[i]) == key && strncmp(text, names[i], key) == 0 ? i : found;
        }
        if (found >= 0 && key < length && length - key < sizeof share) {
            memcpy(share, text + key + 1, length - key - 1);
            share[length - key - 1] = '\0';
        }
        if (found < 0 || key >= length || length - key >= sizeof share ||
            ls_units_share(share, &value, NULL) != LS_OK) {
            ls_fail(err, LS_ERR_INVALID, "--disturb: '%.*s' is no disturbance", (int)length, text);
            ls_hint(err, "drop=1%%,twice=1%%,swap=1%%, each as you like");
            return LS_ERR_INVALID;
        }
        *parts[found] = (uint32_t)floor(value * 1e6 + 0.5);
        text += length + (text[length] == ',');
    }
    return LS_OK;
}

static ls_status parse_process(job *j, ls_error *err) {
    const char *idv = option(j, "idv")->text;
    if (option(j, "process")->given) {
        j->def.process = &j->process;
        return idv != NULL ? ls_emulate_process_parse(idv, &j->process, err) : LS_OK;
    }
    return idv == NULL ? LS_OK : ls_fail(err, LS_ERR_INVALID, "--idv needs --process");
}

static ls_status parse(job *j, ls_error *err) {
    j->def = ls_emulate_play_def_default();
    j->def.from_us = option(j, "from")->number;
    j->def.for_us = option(j, "for")->given ? option(j, "for")->number : LS_FOREVER;
    j->def.modbus_port = option(j, "modbus")->given ? (int)option(j, "modbus")->number : -1;
    j->truth = option(j, "truth")->text;
    ls_status status = parse_speed(option(j, "speed")->text, &j->def.speed, err);
    status = status == LS_OK ? parse_process(j, err) : status;
    if (status == LS_OK && option(j, "disturb")->given) {
        status = parse_disturb(option(j, "disturb")->text, &j->def, err);
    }
    static const char *const live[] = {"broker", "login",   "primary", "modbus", "registers",
                                       "from",   "disturb", "truth",   "linger", "speed"};
    for (size_t i = 0; i < sizeof live / sizeof live[0] && status == LS_OK; i++) {
        status = ls_options_exclude(j->options, "into", live[i], err);
    }
    if (status == LS_OK && option(j, "into")->given && j->def.for_us == LS_FOREVER) {
        return ls_fail(err, LS_ERR_INVALID, "--into needs --for");
    }
    if (status == LS_OK && j->def.speed == 0.0 && j->def.for_us == LS_FOREVER) {
        return ls_fail(err, LS_ERR_INVALID, "--speed max needs --for");
    }
    return status;
}

static int read_plant(job *j) {
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_plant_file_read(j->options->arguments[0], &j->plant, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
    }
    ls_errors_clear(&errors);
    return code;
}

static int read_hide(job *j) {
    const char *path = option(j, "hide")->text;
    if (path == NULL) {
        return LS_EXIT_DONE;
    }
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    if (ls_file_read(path, HIDE_SIZE_MAX, &j->arena, &text, &size, &err) != LS_OK) {
        return ls_complain(&err);
    }
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_hide_read(j->plant, text, size, path, &j->hide, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
    }
    ls_errors_clear(&errors);
    return code;
}

static const ls_source *sparkplug_of(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].kind == LS_SOURCE_SPARKPLUG) {
            return &plant->listen.sources[i];
        }
    }
    return NULL;
}

// Where the broker is: as said, as the plant file says, or the service's own.
static ls_status find_broker(job *j, ls_error *err) {
    const ls_source *source = sparkplug_of(j->plant);
    const char *url = option(j, "broker")->text;
    j->def.login = option(j, "login")->text;
    if (url != NULL) {
        j->def.url = strcmp(url, "none") == 0 ? NULL : url;
        return LS_OK;
    }
    if (source == NULL) {
        if (j->def.modbus_port < 0) {
            ls_fail(err, LS_ERR_INVALID, "'%s' names no broker", j->options->arguments[0]);
            ls_hint(err, "--broker mqtt://HOST:PORT, or listen: {sparkplug: ...} in the file");
            return LS_ERR_INVALID;
        }
        return LS_OK;
    }
    if (!source->embedded) {
        j->def.url = source->broker;
        return LS_OK;
    }
    char folder[PATH_SIZE];
    char broker[PATH_SIZE + 16];
    const ls_option_value *given = option(j, "data");
    ls_status status = ls_data_folder(given->given ? given->text : getenv("STATE_DIRECTORY"),
                                      j->plant->name, folder, sizeof folder, err);
    if (status == LS_OK) {
        snprintf(broker, sizeof broker, "%s/broker", folder);
        status = ls_broker_access_get(broker, LS_BROKER_LINE, &j->access, err);
    }
    if (status != LS_OK) {
        ls_hint(err, "the embedded broker starts with 'lineshaft run %s'",
                j->options->arguments[0]);
        return status;
    }
    j->def.url = j->access.url;
    j->def.login = j->def.login != NULL ? j->def.login : j->access.login;
    return LS_OK;
}

// --- playing

static volatile sig_atomic_t asked_for_truth;

static void on_usr1(int number) {
    (void)number;
    asked_for_truth = 1;
}

static void watch_usr1(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_usr1;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
}

static int write_truth(const job *j) {
    if (j->truth == NULL) {
        return LS_EXIT_DONE;
    }
    ls_error err = {0};
    ls_buffer out;
    ls_buffer_init(&out);
    ls_emulate_play_truth(j->play, &out);
    ls_status status = out.failed ? ls_fail(&err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    if (status == LS_OK) {
        status = ls_file_write(j->truth, out.data, out.size, &err);
    }
    ls_buffer_clear(&out);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static void show(const job *j, char *out, size_t size) {
    const ls_emulate_play_figures f = ls_emulate_play_describe(j->play);
    char at[32];
    ls_units_show_time((double)f.now_us, at, sizeof at);
    ls_text_format(out, size, "emulated %s: %s, %u lots inside, %llu done, %llu values told%s%s%s",
                   j->plant->name, at, f.line.lots, (unsigned long long)f.line.done,
                   (unsigned long long)f.line.told,
                   j->def.url == NULL ? ""
                   : f.edge.connected ? ", connected"
                                      : ", waiting for the broker",
                   f.line.beating ? ", heartbeat" : "",
                   f.behind_s > 1.0 ? ", behind its clock" : "");
}

static double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef struct teller {
    bool terminal;
    double next_s;
} teller;

static void tell_now_and_then(const job *j, teller *t) {
    char text[256];
    const double now_s = clock_s();
    if (now_s >= t->next_s) {
        show(j, text, sizeof text);
        if (t->terminal) {
            fprintf(stderr, "\r\033[K%s", text);
            t->next_s = now_s + 0.5;
        } else {
            ls_note("%s", text);
            t->next_s = now_s + 60.0;
        }
    }
}

static void wait_us(int64_t us) {
    const struct timespec span = {us / 1000000, (us % 1000000) * 1000};
    nanosleep(&span, NULL);
}

// A short run must not end before the broker has let it in and has taken what it said.
static void wait_for_broker(const job *j, int64_t most_us) {
    for (int64_t waited = 0; j->def.url != NULL && waited < most_us && !ls_interrupt_came();
         waited += 10000) {
        if (ls_emulate_play_describe(j->play).edge.births > 0) {
            return;
        }
        wait_us(10000);
    }
}

// Time for whoever listens to notice what it has missed.
static void linger(const job *j) {
    const double until_s = clock_s() + (double)option(j, "linger")->number * 1e-6;
    while (clock_s() < until_s && !ls_interrupt_came()) {
        ls_emulate_play_linger(j->play);
        wait_us(LINGER_US);
    }
}

static int play(job *j) {
    ls_error err = {0};
    teller t = {.terminal = ls_progress_can_draw(STDERR_FILENO), .next_s = 0.0};
    ls_interrupt_watch();
    watch_usr1();
    ls_status status = ls_emulate_play_create(&j->def, &j->play, &err);
    if (status == LS_OK && j->def.modbus_port >= 0) {
        ls_note("emulated %s: Modbus TCP on 127.0.0.1:%d", j->plant->name,
                ls_emulate_play_describe(j->play).modbus_port);
    }
    if (status == LS_OK && j->def.speed == 0.0) {
        wait_for_broker(j, 10 * LS_US_PER_S);
    }
    int64_t sleep_us = 0;
    while (status == LS_OK && sleep_us >= 0 && !ls_interrupt_came()) {
        status = ls_emulate_play_step(j->play, &sleep_us, &err);
        tell_now_and_then(j, &t);
        if (asked_for_truth != 0) {
            asked_for_truth = 0;
            (void)write_truth(j);
        }
        if (sleep_us > 0) {
            wait_us(sleep_us);
        }
    }
    if (t.terminal) {
        fprintf(stderr, "\r\033[K");
    }
    if (j->play == NULL) {
        return ls_complain(&err);
    }
    char text[256];
    show(j, text, sizeof text);
    ls_note("%s", text);
    const int written = write_truth(j);
    linger(j);
    return status != LS_OK ? ls_complain(&err) : written;
}

static int print_registers(const job *j) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_emulate_modbus_print(j->plant, j->def.modbus_port > 0 ? j->def.modbus_port : MODBUS_PORT,
                            &out);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

// --- a past

static void tell_past(void *context, double share) {
    const ls_twin_progress now = {.share = share};
    ls_progress_update(context, &now);
}

static int make_past(job *j) {
    ls_error err = {0};
    uint64_t samples = 0;
    ls_progress progress;
    ls_interrupt_watch();
    ls_progress_init(&progress);
    const ls_demo_week past = {.for_us = j->def.for_us,
                               .birth_us = j->def.for_us,  // who comes then hears everything
                               .seed = j->def.seed,
                               .hide = j->hide,
                               .hide_file = j->def.hide_file,
                               .process = j->def.process,
                               .history = option(j, "into")->text,
                               .progress = tell_past,
                               .context = &progress,
                               .stop = ls_interrupt_flag()};
    ls_status status = ls_data_folder_make(past.history, &err);
    if (status == LS_OK) {
        status = ls_demo_week_make(j->plant, &past, &samples, &err);
    }
    ls_progress_finish(&progress, samples);
    if (status == LS_ERR_STOPPED) {
        return LS_EXIT_STOPPED;
    }
    if (status != LS_OK) {
        return ls_complain(&err);
    }
    ls_note("emulated %s: %llu samples in '%s'", j->plant->name, (unsigned long long)samples,
            past.history);
    return LS_EXIT_DONE;
}

static int prepare_and_play(job *j) {
    ls_error err = {0};
    int code = read_plant(j);
    if (code != LS_EXIT_DONE || option(j, "registers")->given) {
        return code != LS_EXIT_DONE ? code : print_registers(j);
    }
    code = read_hide(j);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (!option(j, "into")->given && find_broker(j, &err) != LS_OK) {
        return ls_complain(&err);
    }
    j->def.plant = j->plant;
    j->def.primary = option(j, "primary")->given ? option(j, "primary")->text : NULL;
    j->def.hide = j->hide;
    j->def.hide_file = option(j, "hide")->text;
    j->def.seed = option(j, "seed")->given ? (uint64_t)option(j, "seed")->number
                                           : j->plant->run_seed;
    j->process.seed = j->def.seed;
    return option(j, "into")->given ? make_past(j) : play(j);
}

static int run(const ls_options *options) {
    ls_error err = {0};
    job j = {.options = options};
    if (parse(&j, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_line_emulate.name);
    }
    ls_arena_init(&j.arena);
    const int code = prepare_and_play(&j);
    ls_emulate_play_destroy(j.play);
    ls_hide_destroy(j.hide);
    ls_plant_destroy(j.plant);
    ls_arena_clear(&j.arena);
    return code;
}

const ls_cli_command ls_command_line_emulate = {
    .name = "line emulate",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Plays a plant file as a real line: Sparkplug B, Modbus TCP, and a PLC that obeys.",
    .example = "lineshaft line emulate plant.yaml --speed 60",
    .examples =
        "lineshaft line emulate plant.yaml --speed 60 --hide hide.yaml --truth truth.json\n"
        "lineshaft line emulate plant.yaml --broker mqtt://localhost --disturb drop=1%\n"
        "lineshaft line emulate plant.yaml --broker none --modbus 1502\n"
        "lineshaft line emulate plant.yaml --registers\n"
        "lineshaft line emulate examples/reactor/reactor.yaml --process tennessee-eastman --idv "
        "4@8h\n"
        "lineshaft line emulate plant.yaml --for 7d --into past\n",
    .detail =
        "With `broker: embedded` the plant's service must run: 'lineshaft run PLANT'. "
        "docs/EMULATOR.md says what the line tells, which commands it obeys, and what can be "
        "hidden. Ctrl-C and SIGTERM end it; it then says good-bye to the broker.\n",
    .tables = tables,
    .run = run,
};
