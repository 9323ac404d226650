// twin_follow.c - `lineshaft twin follow`: the live state of a plant, in the terminal.
//
// Asks the running service, so that there is one twin, and what is shown is what decides.
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/ask_service.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"

enum { PATH_SIZE = 4096 };

static const ls_option own_options[] = {
    {.name = "every",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "1s",
     .about = "how often it is drawn again"},
    {.name = "once", .kind = LS_OPTION_FLAG, .about = "show it once; so does a pipe"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the whole state, once, as one object"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

static double number_of(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

// "gear-a-17 gear-a-18", cut where it gets long.
static void join_lots(const json_t *lots, char *out, size_t size) {
    size_t used = 0;
    size_t i;
    const json_t *lot;
    out[0] = '\0';
    json_array_foreach(lots, i, lot) {
        const char *name = json_is_string(lot) ? json_string_value(lot) : "?";
        if (used + strlen(name) + 8 > size) {
            snprintf(out + used, size - used, " +%zu", json_array_size(lots) - i);
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "", name);
    }
}

// Minutes and seconds, or hours and minutes.
static void span_text(double seconds, char *out, size_t size) {
    const long s = seconds > 0.0 ? (long)(seconds < 1e12 ? seconds : 1e12) : 0;
    if (s < 3600) {
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
    } else {
        snprintf(out, size, "%ld h %02ld", s / 3600, s / 60 % 60);
    }
}

static void draw_machines(const json_t *state, ls_table *table) {
    static const char *const headers[] = {"station", "waiting", "machine", "state",
                                          "for",     "lots",    "step"};
    for (int i = 0; i < 7; i++) {
        ls_table_column(table, headers[i], i == 1 || i == 4 ? LS_ALIGN_RIGHT : LS_ALIGN_LEFT);
    }
    const double now = number_of(state, "now_s");
    const char *last = "";
    size_t at = 0;
    size_t i;
    const json_t *machine;
    const json_t *stations = json_object_get(state, "stations");
    json_array_foreach(json_object_get(state, "machines"), i, machine) {
        char lots[48];
        char since[32];
        join_lots(json_object_get(machine, "lots"), lots, sizeof lots);
        span_text(now - number_of(machine, "since_s"), since, sizeof since);
        ls_table_row(table);
        const char *station = ls_json_text_at(machine, "station");
        if (strcmp(station, last) != 0) {
            const json_t *of = json_array_get(stations, at++);
            ls_table_cell(table, 0, "%s", station);
            ls_table_cell(table, 1, "%.0f", number_of(of, "waiting") + number_of(of, "coming"));
            last = station;
        }
        const char *reason = ls_json_text_at(machine, "reason");
        ls_table_cell(table, 2, "%s", ls_json_text_at(machine, "name"));
        ls_table_cell(table, 3, "%s%s%s", ls_json_text_at(machine, "state"),
                      reason[0] != '\0' ? ": " : "", reason);
        ls_table_cell(table, 4, "%s", since);
        ls_table_cell(table, 5, "%s", lots);
        ls_table_cell(table, 6, "%s", ls_json_text_at(machine, "step"));
    }
}

static void draw_head(const json_t *state, ls_buffer *out) {
    const json_t *follow = json_object_get(state, "follow");
    ls_buffer_printf(out, "%s  %s  ", ls_json_text_at(state, "plant"),
                     ls_json_text_at(state, "now"));
    ls_buffer_printf(out, "%.0f lots inside, %.0f done, %.0f scrapped\n", number_of(follow, "lots"),
                     number_of(follow, "done"), number_of(follow, "scrapped"));
    const json_t *divergences = json_object_get(follow, "divergences");
    ls_buffer_printf(out, "in step: %.1f %% of the present was heard; ",
                     100.0 * number_of(follow, "certainty"));
    ls_buffer_printf(out, "inferred %.0f, contradicted %.0f, unknown %.0f, late %.0f\n",
                     number_of(divergences, "inferred"), number_of(divergences, "contradicted"),
                     number_of(divergences, "unknown"), number_of(divergences, "late"));
    size_t i;
    const json_t *source;
    json_array_foreach(json_object_get(state, "sources"), i, source) {
        ls_buffer_printf(out, "%s: %s, %.0f messages, %.0f missing\n",
                         ls_json_text_at(source, "name"),
                         json_is_true(json_object_get(source, "connected")) ? "connected" : "AWAY",
                         number_of(source, "messages"), number_of(source, "missing"));
    }
}

// What the estimates and forecasts say, where there are any.
static void draw_watch(const json_t *state, ls_buffer *out) {
    size_t i;
    const json_t *drift;
    json_array_foreach(json_object_get(state, "drifts"), i, drift) {
        ls_buffer_printf(out, "drift: %s\n", ls_json_text_at(drift, "text"));
    }
    const json_t *forecast = json_object_get(state, "forecast");
    if (json_is_object(forecast) && ls_json_text_at(forecast, "text")[0] != '\0') {
        ls_buffer_printf(out, "forecast: %s\n", ls_json_text_at(forecast, "text"));
    }
}

static bool draw(const json_t *state, ls_buffer *out) {
    if (!json_is_true(json_object_get(state, "heard_anything"))) {
        ls_buffer_printf(out, "%s: nothing was heard yet\n", ls_json_text_at(state, "plant"));
        return true;
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    draw_head(state, out);
    ls_buffer_text(out, "\n");
    draw_machines(state, &table);
    ls_table_print(&table, 0, out);
    draw_watch(state, out);
    ls_arena_clear(&arena);
    return !out->failed;
}

static int show(const json_t *state, const char *text, bool as_json, bool clear) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (as_json) {
        ls_buffer_text(&out, text);
    } else {
        draw(state, &out);
    }
    if (!as_json && !out.failed && out.data != NULL) {
        ls_text_tame(out.data, true);
        fputs(clear ? "\033[H\033[2J" : "", stdout);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int ask_and_show(const ls_service_address *address, bool as_json, bool clear) {
    ls_buffer text;
    ls_error err = {0};
    ls_buffer_init(&text);
    int code = LS_EXIT_DONE;
    if (ls_service_ask(address, "/state", &text, &err) != LS_OK) {
        code = ls_complain(&err);
    } else {
        json_error_t why;
        json_t *state = json_loads(text.data, 0, &why);
        if (state == NULL) {
            ls_fail(&err, LS_ERR_INVALID, "the service's answer cannot be read: %s", why.text);
            code = ls_complain(&err);
        } else {
            code = show(state, text.data, as_json, clear);
        }
        json_decref(state);
    }
    ls_buffer_clear(&text);
    return code;
}

static void pause_us(int64_t us) {
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

static int run(const ls_options *options) {
    char data[PATH_SIZE];
    ls_error err = {0};
    ls_service_address address;
    int code = ls_data_option_folder(options, data, sizeof data);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_service_find(data, &address, &err) != LS_OK) {
        return ls_complain(&err);
    }
    const bool as_json = ls_options_get(options, "json")->given;
    const bool once = as_json || ls_options_get(options, "once")->given ||
                      !ls_progress_can_draw(STDOUT_FILENO);
    ls_interrupt_watch();
    code = ask_and_show(&address, as_json, !once);
    while (!once && code == LS_EXIT_DONE && !ls_interrupt_came()) {
        pause_us(ls_options_get(options, "every")->number);
        code = ask_and_show(&address, as_json, true);
    }
    return code;
}

const ls_cli_command ls_command_twin_follow = {
    .name = "twin follow",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Shows the live state of a plant that `lineshaft run` follows.",
    .example = "lineshaft twin follow plant.yaml",
    .examples =
        "lineshaft twin follow plant.yaml --once\n"
        "lineshaft twin follow plant.yaml --json\n",
    .detail =
        "What is shown is the twin of the running service: which lots are where, what each "
        "machine does and since when, how much of it was heard and how much is inferred.\n",
    .tables = tables,
    .run = run,
};
