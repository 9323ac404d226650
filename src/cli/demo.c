// demo.c - `lineshaft demo`: one emulated plant, played twice: by its own rule, and with Lineshaft.
//
// This process plays both lines. The service (with its broker and its guard) is a process of its
// own, this very program as `lineshaft run`, and reaches line B over the wire alone.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/demo_account.h"
#include "cli/demo_child.h"
#include "cli/demo_drift.h"
#include "cli/demo_model.h"
#include "cli/demo_past.h"
#include "cli/demo_plant.h"
#include "cli/demo_served.h"
#include "cli/demo_week.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "import/plant_file.h"
#include "line/broker.h"
#include "line/data_folder.h"

enum { PATH_SIZE = 1024, LOG_TAIL = 2000, PAST_MOMENTS = 6 };
#define START_S 120.0  // longest that the service may take to answer; seconds are usual
#define STOP_S 20.0
#define PREPARE_S 60.0                // longest that it waits for the base rule, and for the guard
#define BEFORE_US (60 * LS_US_PER_S)  // of the plant
#define CATCH_UP_US (4 * LS_US_PER_HOUR)  // what the twin hears of the week

static const ls_option own_options[] = {
    {.name = "speed",
     .kind = LS_OPTION_TEXT,
     .argument = "X",
     .initial = "60",
     .about = "seconds of the plant per second"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_MAX,
     .initial = "1",
     .about = "seed of everything that is random in both lines"},
    {.name = "for",
     .kind = LS_OPTION_TEXT,
     .argument = "TIME",
     .says = "until Ctrl-C",
     .about = "how long it plays, in true time; then comes the account"},
    {.name = "week",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "7d",
     .about = "time of the plant that is emulated before it begins"},
    {.name = "drift",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1h",
     .about = "time of the plant after which the vibration sensors that the model goes by are "
              "replaced, by ones that read 0.9 mm/s less; 0: never"},
    {.name = "port",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 65535,
     .initial = "0",
     .about = "port of the page; 0: a free one"},
    {.name = "data",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "a temporary one, removed at the end",
     .about = "a new folder for plant file, history and logs; kept"},
    {.name = "open", .kind = LS_OPTION_FLAG, .about = "open the page in a browser"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the account as one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

typedef struct demo {
    const ls_options *options;
    double speed;
    int64_t for_us;  // true time; LS_FOREVER: no end
    uint64_t seed;
    bool json, terminal, shown;  // a line that is drawn over stands on the terminal
    bool temporary;
    char folder[PATH_SIZE], file[PATH_SIZE + 32], data[PATH_SIZE + 32], log[PATH_SIZE + 32];
    ls_plant *plant;
    pid_t service;
    ls_service_address address;
    ls_demo_lines *lines;
    ls_demo_decisions decisions;
    ls_demo_served served;
    ls_hide *drift;  // of both lines; NULL: none
    bool drift_told;
    double began_s;
} demo;

static double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void sleep_us(int64_t us) {
    const struct timespec span = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&span, NULL);
}

// --- saying. With --json only the account goes to stdout.

static void say_text(demo *d, const char *text) {
    if (d->shown) {
        fputs("\r\033[K", stderr);
        d->shown = false;
    }
    fputs(text, d->json ? stderr : stdout);
    fflush(d->json ? stderr : stdout);
}

static void say(demo *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(demo *d, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    say_text(d, text);
}

static void show_share(void *context, double share) {
    const demo *d = context;
    if (d->terminal) {
        char bar[31];
        for (int i = 0; i < 30; i++) {
            bar[i] = share * 30.0 > i ? '#' : '.';
        }
        bar[30] = '\0';
        fprintf(stderr, "\r  |%s| %3.0f %%", bar, share * 100.0);
        if (share >= 1.0) {
            fputs("\r\033[K", stderr);
        }
    }
}

// --- the folder

static ls_status make_folder(demo *d, ls_error *err) {
    const ls_option_value *given = ls_options_get(d->options, "data");
    if (given->given) {
        ls_text_format(d->folder, sizeof d->folder, "%s", given->text);
        if (mkdir(d->folder, 0700) != 0 &&
            (errno != EEXIST || rmdir(d->folder) != 0 || mkdir(d->folder, 0700) != 0)) {
            ls_fail(err, LS_ERR_IO, "cannot begin in '%s': %s", d->folder, ls_errno_text(errno));
            ls_hint(err, "the demo wants a folder that is new or empty");
            return LS_ERR_IO;
        }
    } else {
        const char *where = getenv("TMPDIR");
        ls_text_format(d->folder, sizeof d->folder, "%s/lineshaft-demo-XXXXXX",
                       where != NULL ? where : "/tmp");
        if (mkdtemp(d->folder) == NULL) {
            return ls_fail(err, LS_ERR_IO, "cannot make a folder like '%s': %s", d->folder,
                           ls_errno_text(errno));
        }
        d->temporary = true;
    }
    ls_text_format(d->file, sizeof d->file, "%s/demo.yaml", d->folder);
    ls_text_format(d->data, sizeof d->data, "%s/data", d->folder);
    ls_text_format(d->log, sizeof d->log, "%s/service.log", d->folder);
    return ls_file_write(d->file, ls_demo_plant, strlen(ls_demo_plant), err);
}

static int read_plant(demo *d) {
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_plant_file_read(d->file, &d->plant, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
    }
    ls_errors_clear(&errors);
    return code;
}

// Again where something was written meanwhile, by what was ended the hard way.
static void remove_folder(const demo *d) {
    for (int i = 0; i < 5 && d->temporary && access(d->folder, F_OK) == 0; i++) {
        const pid_t child = fork();
        if (child == 0) {
            execl("/bin/rm", "rm", "-rf", "--", d->folder, (char *)NULL);
            _exit(127);
        }
        while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

// --- the emulated week

// The first screen shows decisions at once: what would have been decided in the week's last hour.
static ls_status decide_past(demo *d, const char *history, int64_t for_us, ls_error *err) {
    const int64_t end_us = d->plant->start_us + for_us;
    const int64_t step_us = LS_US_PER_HOUR / PAST_MOMENTS;
    const double began = clock_s();
    uint32_t rows = 0;
    if (for_us < CATCH_UP_US) {
        return LS_OK;
    }
    const ls_status status = ls_demo_past_decide(
        &(ls_demo_past){.plant = d->file,
                        .history = history,
                        .birth_us = end_us - CATCH_UP_US,
                        .first_us = end_us - LS_US_PER_HOUR,
                        .step_us = step_us,
                        .moments = PAST_MOMENTS,
                        .stop = ls_interrupt_flag()},
        &rows, err);
    if (status == LS_OK && rows > 0) {
        say(d, "  %u decisions of its last hour, asked in %.1f s\n", rows, clock_s() - began);
    }
    return status;
}

// What is predicted is learnt from the week.
static ls_status train(demo *d, const char *history, ls_error *err) {
    char models[PATH_SIZE + 64], result[PATH_SIZE + 32], said[400];
    if (d->plant->model_count == 0) {
        return LS_OK;
    }
    ls_text_format(models, sizeof models, "%s/models", d->data);
    ls_text_format(result, sizeof result, "%s/trained.json", d->folder);
    const ls_status status = ls_demo_model_train(&(ls_demo_model){.plant = d->file,
                                                                  .model = d->plant->models[0].name,
                                                                  .history = history,
                                                                  .models = models,
                                                                  .result = result,
                                                                  .log = d->log,
                                                                  .stop = ls_interrupt_flag()},
                                                 said, sizeof said, err);
    if (status == LS_OK) {
        say(d, "  %s\n", said);
    }
    return status;
}

static ls_status make_week(demo *d, int64_t for_us, ls_error *err) {
    char history[PATH_SIZE + 64];
    char span[32];
    ls_text_format(history, sizeof history, "%s/history", d->data);
    ls_units_show_time((double)for_us, span, sizeof span);
    if (for_us == 0) {
        return LS_OK;
    }
    const double began = clock_s();
    say(d, "Emulating %s of the plant before it begins ...\n", span);
    ls_status status = ls_data_folder_make(d->data, err);
    uint64_t samples = 0;
    if (status == LS_OK) {
        status = ls_demo_week_make(d->plant,
                                   &(ls_demo_week){.for_us = for_us,
                                                   .birth_us = for_us - CATCH_UP_US,
                                                   .seed = d->seed,
                                                   .history = history,
                                                   .progress = show_share,
                                                   .context = d,
                                                   .stop = ls_interrupt_flag()},
                                   &samples, err);
    }
    if (status == LS_OK) {
        say(d, "  %.1f million values in %.1f s\n", (double)samples / 1e6, clock_s() - began);
        status = train(d, history, err);
    }
    return status == LS_OK ? decide_past(d, history, for_us, err) : status;
}

// --- the service

static void show_log(const demo *d) {
    FILE *log = fopen(d->log, "re");
    if (log == NULL) {
        return;
    }
    char tail[LOG_TAIL + 1];
    if (fseek(log, -LOG_TAIL, SEEK_END) != 0) {
        rewind(log);
    }
    const size_t size = fread(tail, 1, LOG_TAIL, log);
    tail[size] = '\0';
    fclose(log);
    fprintf(stderr, "--- the service said last:\n%s---\n", tail);
}

static ls_status service_died(const demo *d, ls_error *err) {
    show_log(d);
    return ls_fail(err, LS_ERR_IO, "the demo's service has ended by itself");
}

// It answers and its broker is there.
static bool is_up(demo *d, ls_broker_access *access) {
    char broker[PATH_SIZE + 64];
    ls_error err = {0};
    ls_buffer body;
    ls_buffer_init(&body);
    ls_text_format(broker, sizeof broker, "%s/broker", d->data);
    const bool up = ls_service_find(d->data, &d->address, &err) == LS_OK &&
                    ls_service_ask(&d->address, "/healthz", &body, &err) == LS_OK &&
                    ls_broker_access_get(broker, LS_BROKER_LINE, access, &err) == LS_OK;
    ls_buffer_clear(&body);
    return up;
}

static ls_status start_service(demo *d, ls_broker_access *access, ls_error *err) {
    char port[16];
    ls_text_format(port, sizeof port, "%lld",
                   (long long)ls_options_get(d->options, "port")->number);
    const char *const arguments[] = {"run", d->file,      "--data", d->data, "--port",
                                     port,  "--catch-up", "8h",     NULL};
    ls_status status = ls_demo_child_start(arguments, d->log, &d->service, err);
    const double until = clock_s() + START_S;
    while (status == LS_OK && !is_up(d, access)) {
        if (ls_interrupt_came()) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        if (!ls_demo_child_lives(&d->service)) {
            return service_died(d, err);
        }
        if (clock_s() > until) {
            show_log(d);
            return ls_fail(err, LS_ERR_IO, "the demo's service does not answer");
        }
        sleep_us(50000);
    }
    return status;
}

// Both lines wait while the service looks for its base rule on the twin.
static ls_status await_base(demo *d, ls_error *err) {
    char rule[300];
    const double began = clock_s();
    say(d, "Lineshaft looks for the best base rule on the plant's twin ...\n");
    while (!ls_demo_is_prepared(&d->address, rule, sizeof rule)) {
        if (ls_interrupt_came()) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        if (!ls_demo_child_lives(&d->service)) {
            return service_died(d, err);
        }
        if (clock_s() - began > PREPARE_S) {
            say(d, "  it still looks: it decides as soon as it has one\n");
            return LS_OK;
        }
        sleep_us(100000);
    }
    say(d, "  %s, in %.1f s\n",
        rule[0] != '\0' ? rule : "none is better than the line's own beyond doubt",
        clock_s() - began);
    return LS_OK;
}

// --- playing

static void open_page(const char *url) {
    if (fork() == 0) {
        execlp("xdg-open", "xdg-open", url, (char *)NULL);
        _exit(127);
    }
}

static void greet_model(demo *d) {
    char span[32], what[400];
    if (d->plant->model_count == 0) {
        return;
    }
    say(d,
        "How worn the wheels are is predicted by a model from what sensors say (all of it "
        "emulated; "
        "so is\nthe truth, which the model is judged by).\n");
    if (d->drift != NULL) {
        ls_units_show_time((double)ls_options_get(d->options, "drift")->number, span, sizeof span);
        ls_demo_drift_tell(d->plant, what, sizeof what);
        say(d, "After %s of the line %s: this too is emulated, and Lineshaft is not told.\n", span,
            what);
    }
}

static void greet(demo *d) {
    char url[300];
    const bool token = d->address.token[0] != '\0';
    ls_text_format(url, sizeof url, "http://127.0.0.1:%d/%s%s", d->address.port,
                   token ? "?token=" : "", d->address.token);
    say(d,
        "\nTwo emulated lines, the same plant from the same seed, %g times as fast as life:\n"
        "  by its own rule     grinders take the oldest lot, and get a new wheel after 60 lots\n"
        "  with Lineshaft      the line is heard over its broker; what each grinder takes next, "
        "and\n"
        "                      whether it gets a new wheel now, is tried on futures of its twin, "
        "and\n"
        "                      sent through the guards\n",
        d->speed);
    greet_model(d);
    say(d,
        "\nThe page: %s\n"
        "Ctrl-C ends both, with an account.\n\n",
        url);
    if (ls_options_get(d->options, "open")->given) {
        open_page(url);
    }
}

static void tell_page(const demo *d, const ls_demo_figures *figures) {
    char path[PATH_SIZE + 64];
    ls_error err = {0};
    ls_buffer out;
    ls_buffer_init(&out);
    ls_text_format(path, sizeof path, "%s/demo.json", d->data);
    ls_demo_account_page(figures, d->speed, d->seed, d->plant->start_us, &out);
    if (!out.failed) {
        (void)ls_file_write(path, out.data, out.size, &err);  // the next one comes in a second
    }
    ls_buffer_clear(&out);
}

// What happens in the demo's world and to both lines alike, told when it does.
static void tell_change(demo *d, int64_t now_us, ls_buffer *out) {
    char what[400], clock[16];
    if (d->drift == NULL || d->drift_told || now_us < d->served.changed_us) {
        return;
    }
    d->drift_told = true;
    ls_demo_drift_tell(d->plant, what, sizeof what);
    ls_demo_clock(d->served.changed_us, clock);
    ls_buffer_printf(out, "%s  emulated: %s; Lineshaft is not told\n", clock, what);
}

static void tell_decisions(demo *d) {
    ls_buffer out;
    ls_buffer_init(&out);
    const int64_t now_us = d->plant->start_us + ls_demo_lines_now(d->lines);
    ls_demo_decisions_tell(&d->decisions, &d->address, &out);
    tell_change(d, now_us, &out);
    ls_demo_served_tell(&d->served, &d->address, now_us, &out);
    if (out.size > 0 && !out.failed) {
        ls_text_tame(out.data, true);
        say_text(d, out.data);
    }
    ls_buffer_clear(&out);
}

// Once a second.
static void tell(demo *d, uint64_t second) {
    const ls_demo_figures figures = ls_demo_lines_describe(d->lines);
    char text[300];
    tell_page(d, &figures);
    tell_decisions(d);
    ls_demo_account_short(&figures, text, sizeof text);
    if (d->terminal) {
        fprintf(stderr, "\r\033[K%.200s", text);
        d->shown = true;
    } else if (second % 10 == 0) {
        say(d, "%s\n", text);
    }
}

// Until line B has obeyed a first command both lines are the same: nothing to compare.
static ls_status await_command(demo *d, ls_error *err) {
    ls_status status = LS_OK;
    const double began = clock_s();
    int64_t at_us = ls_demo_lines_now(d->lines);
    say(d,
        "Both lines begin; the guard watches the line for two heartbeats before it lets a command "
        "through.\n");
    while (status == LS_OK && !ls_interrupt_came() && !ls_demo_lines_obeyed(d->lines) &&
           clock_s() - began < PREPARE_S) {
        int64_t wait_us = 0;
        at_us = ls_demo_lines_now(d->lines);
        status = ls_demo_lines_step(d->lines, &wait_us, err);
        if (status == LS_OK && !ls_demo_child_lives(&d->service)) {
            status = service_died(d, err);
        }
        sleep_us(wait_us > 0 ? wait_us : 0);
    }
    say(d, "  %s after %.1f s: the comparison begins\n\n",
        ls_demo_lines_obeyed(d->lines) ? "the first one was obeyed" : "none was obeyed yet",
        clock_s() - began);
    ls_demo_lines_begin(d->lines);
    // The command was decided some moments before it was obeyed.
    d->decisions.from_us = d->plant->start_us + at_us - BEFORE_US;
    return status;
}

static ls_status play(demo *d, ls_error *err) {
    ls_status status = await_command(d, err);
    d->began_s = clock_s();
    const double until = d->for_us < LS_FOREVER ? d->began_s + (double)d->for_us * 1e-6 : INFINITY;
    double next_s = d->began_s;
    uint64_t second = 0;
    while (status == LS_OK && !ls_interrupt_came() && clock_s() < until) {
        int64_t wait_us = 0;
        status = ls_demo_lines_step(d->lines, &wait_us, err);
        if (status == LS_OK && clock_s() >= next_s) {
            tell(d, second);
            second++;
            next_s = fmax(next_s + 1.0, clock_s() + 0.5);
            status = ls_demo_child_lives(&d->service) ? LS_OK : service_died(d, err);
        }
        if (wait_us > 0) {
            sleep_us(wait_us);
        }
    }
    return status;
}

static int tell_account(demo *d) {
    ls_demo_account account = {.figures = ls_demo_lines_describe(d->lines),
                               .served = &d->served,
                               .speed = d->speed,
                               .seed = d->seed,
                               .wall_s = clock_s() - d->began_s};
    ls_text_format(account.unit, sizeof account.unit, "%s",
                   d->plant->decide.unit != NULL ? d->plant->decide.unit : "");
    tell_page(d, &account.figures);
    ls_demo_ledger_ask(&d->address, d->decisions.from_us, &account.ledger);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_demo_account_text(&account, &out);
    if (d->json && !out.failed) {
        say_text(d, out.data);
        out.size = 0;
        ls_demo_account_json(&account, &out);
    } else {
        say_text(d, "");
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static ls_status prepare(demo *d, ls_error *err) {
    ls_broker_access access;
    const int64_t from_us = ls_options_get(d->options, "week")->number;
    ls_status status = make_week(d, from_us, err);
    if (status == LS_OK) {
        status = start_service(d, &access, err);
    }
    if (status == LS_OK) {
        status = await_base(d, err);
    }
    const int64_t drift_us = ls_options_get(d->options, "drift")->number;
    if (status == LS_OK && drift_us > 0) {
        status = ls_demo_drift_make(d->plant, from_us + drift_us, &d->drift, err);
        d->served.changed_us = d->drift != NULL ? d->plant->start_us + from_us + drift_us : 0;
    }
    if (status == LS_OK) {
        status = ls_demo_lines_create(&(ls_demo_lines_def){.plant = d->plant,
                                                           .seed = d->seed,
                                                           .speed = d->speed,
                                                           .from_us = from_us,
                                                           .hide = d->drift,
                                                           .url = access.url,
                                                           .login = access.login},
                                      &d->lines, err);
    }
    return status;
}

static int run_demo(demo *d) {
    ls_error err = {0};
    ls_status status = make_folder(d, &err);
    if (status != LS_OK) {
        return ls_complain(&err);
    }
    int code = read_plant(d);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    status = prepare(d, &err);
    if (status == LS_OK) {
        greet(d);
        status = play(d, &err);
    }
    if (status == LS_ERR_STOPPED) {
        say(d, "Stopped before it began.\n");
        return LS_EXIT_STOPPED;
    }
    code = status == LS_OK ? tell_account(d) : ls_complain(&err);
    return code;
}

static void take_down(demo *d) {
    if (d->shown) {
        fputs("\r\033[K", stderr);
    }
    ls_demo_lines_destroy(d->lines);
    ls_hide_destroy(d->drift);
    (void)ls_demo_child_stop(&d->service, STOP_S);
    ls_plant_destroy(d->plant);
    remove_folder(d);
    if (!d->temporary && d->folder[0] != '\0') {
        ls_note("what it kept is in %s", d->folder);
    }
}

// `5m` too: nobody means months here.
static ls_status read_for(demo *d, ls_error *err) {
    const ls_option_value *given = ls_options_get(d->options, "for");
    char text[64];
    d->for_us = LS_FOREVER;
    if (!given->given) {
        return LS_OK;
    }
    const size_t length = strlen(given->text);
    const bool minutes = length > 1 && given->text[length - 1] == 'm' &&
                         strchr("0123456789 ", given->text[length - 2]) != NULL;
    ls_text_format(text, sizeof text, "%s%s", given->text, minutes ? "in" : "");
    ls_error why = {0};
    if (ls_units_time(text, &d->for_us, &why) != LS_OK) {
        ls_fail(err, LS_ERR_INVALID, "option '--for': %s", why.text);
        ls_hint(err, "%s", why.hint[0] != '\0' ? why.hint : "as in '--for 5m'");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    demo *d = ls_alloc(sizeof *d);
    if (d == NULL) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        return ls_complain(&err);
    }
    d->options = options;
    d->seed = (uint64_t)ls_options_get(options, "seed")->number;
    d->json = ls_options_get(options, "json")->given;
    d->terminal = ls_progress_can_draw(STDERR_FILENO);
    const char *speed = ls_options_get(options, "speed")->text;
    int code = LS_EXIT_DONE;
    if (!ls_text_parse_double(speed, strlen(speed), &d->speed) || !(d->speed >= 1.0) ||
        d->speed > 3600.0) {
        ls_fail(&err, LS_ERR_INVALID, "--speed '%s' is no number from 1 to 3600", speed);
        ls_hint(&err, "60 plays an hour of the plant in a minute");
        code = ls_complain_usage(&err, ls_command_demo.name);
    } else if (read_for(d, &err) != LS_OK) {
        code = ls_complain_usage(&err, ls_command_demo.name);
    } else {
        ls_interrupt_watch();
        code = run_demo(d);
        take_down(d);
    }
    ls_free(d);
    return code;
}

const ls_cli_command ls_command_demo = {
    .name = "demo",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about =
        "The whole cycle on an emulated plant, played twice: by its own rule, and with "
        "Lineshaft.",
    .example = "lineshaft demo",
    .examples =
        "lineshaft demo --open\n"
        "lineshaft demo --for 5m\n"
        "lineshaft demo --speed 120 --seed 7 --data demo-7\n"
        "lineshaft demo --for 2m --json\n",
    .detail =
        "Both lines are emulated from one plant file (examples/gearbox/demo.yaml) and one seed: "
        "the "
        "same orders, work times, failures and grinding wheels, which wear unseen. It begins after "
        "an "
        "emulated week, made in seconds; how worn the wheels are is learnt from that week, and "
        "when one is "
        "changed is decided by it. After a while (--drift) sensors are replaced by ones that read "
        "less: the model is off then, which is noticed; a new version is trained as a job of the "
        "pool, predicts in the shadow of the old one, and takes its place when it has shown that "
        "it "
        "is better. "
        "It prints the address of the page, one line for each decision that changed something, and "
        "at the end what was promised, what it brought, and the true difference. The comparison "
        "begins when Lineshaft can decide: both lines wait until it has found its base rule, and "
        "what is before its first command that was obeyed does not count, because both are the "
        "same until then. Nothing is left "
        "running. What runs is the service of 'lineshaft run', with its broker and its guard.\n",
    .tables = tables,
    .run = run,
};
