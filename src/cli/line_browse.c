// line_browse.c - `lineshaft line browse`: what is on a broker, as a tree.
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/broker_options.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "line/browse.h"
#include "ls_build.h"

enum { STEP_MS = 100, NAME_SIZE = 512, DEPTH_MAX = 64, DEFAULT_SPAN_US = 5000000 };

static const ls_option own_options[] = {
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "until Ctrl-C on a terminal, else 5s",
     .about = "how long to listen"},
    {.name = "passive",
     .kind = LS_OPTION_FLAG,
     .about = "ask no Sparkplug node for its births",
     .detail = "What a node does not say by itself then stays unknown"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "at the end, as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_broker_options, ls_data_options, NULL};

// ---- the tree

typedef struct tree {
    ls_table table;
    int64_t now_us;
    char before[NAME_SIZE];  // the name of the row before
    bool sparkplug, begun;
} tree;

// Where the part `index` of a name begins; NULL when it has fewer.
static const char *part_of(const char *name, int index) {
    for (; index > 0; index--) {
        name = strpbrk(name, "/#");
        if (name == NULL) {
            return NULL;
        }
        name++;
    }
    return name;
}

static int same_parts(const char *a, const char *b) {
    int count = 0;
    for (;; count++) {
        const char *left = part_of(a, count), *right = part_of(b, count);
        if (left == NULL || right == NULL) {
            return count;
        }
        const size_t length = strcspn(left, "/#");
        // The last part of a name is a value, not a branch.
        if (left[length] == '\0' || length != strcspn(right, "/#") || right[length] == '\0' ||
            memcmp(left, right, length) != 0) {
            return count;
        }
    }
}

static void put_name(tree *t, int depth, const char *part) {
    ls_table_row(&t->table);
    ls_table_cell(&t->table, 0, "%*s%.*s", 2 * depth, "", (int)strcspn(part, "/#"), part);
}

static void put_values(tree *t, const ls_browse_row *row) {
    char age[48];
    ls_units_show_time((double)(t->now_us - row->heard_us), age, sizeof age);
    ls_table_cell(&t->table, 1, "%s", row->value);
    ls_table_cell(&t->table, 2, "%s", row->unit);
    ls_table_cell(&t->table, 3, "%s", ls_value_kind_name(row->kind));
    ls_table_cell(&t->table, 4, "%s", ls_quality_name(row->quality));
    ls_table_cell(&t->table, 5, "%s", age);
    if (row->rate_per_s > 0.0) {
        ls_table_cell(&t->table, 6, row->rate_per_s < 100.0 ? "%.3g/s" : "%.0f/s", row->rate_per_s);
    }
}

static void put_row(void *context, const ls_browse_row *row) {
    tree *t = context;
    const bool head = !t->begun || row->sparkplug != t->sparkplug;
    if (head) {
        ls_table_row(&t->table);
        ls_table_cell(&t->table, 0, row->sparkplug ? "Sparkplug" : "other topics");
        t->before[0] = '\0';
    }
    t->begun = true;
    t->sparkplug = row->sparkplug;
    int depth = head ? 0 : same_parts(t->before, row->name);
    for (const char *part = part_of(row->name, depth); part != NULL && depth < DEPTH_MAX;
         part = part_of(row->name, depth)) {
        put_name(t, depth + 1, part);
        depth++;
    }
    put_values(t, row);
    snprintf(t->before, sizeof t->before, "%s", row->name);
}

static ls_status put_tree(ls_browse *browse, const char *url, ls_buffer *out, ls_error *err) {
    static const char *const heads[] = {"name", "value", "unit", "type", "quality", "age", "rate"};
    ls_browse_figures figures;
    ls_arena arena;
    tree t = {.now_us = ls_wall_us()};
    ls_browse_describe(browse, &figures);
    ls_buffer_printf(out, "%s: %u value%s, %llu message%s", url, figures.rows,
                     figures.rows == 1 ? "" : "s", (unsigned long long)figures.messages,
                     figures.messages == 1 ? "" : "s");
    if (!figures.connected) {
        ls_buffer_printf(out, "; not connected%s%s", figures.why[0] != '\0' ? ": " : "",
                         figures.why);
    }
    ls_buffer_text(out, "\n");
    ls_arena_init(&arena);
    ls_table_init(&t.table, &arena);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        ls_table_column(&t.table, heads[i], i == 1 || i >= 5 ? LS_ALIGN_RIGHT : LS_ALIGN_LEFT);
    }
    const ls_status status = ls_browse_rows(browse, put_row, &t, err);
    if (status == LS_OK && figures.rows > 0) {
        ls_table_print(&t.table, 0, out);
    }
    ls_arena_clear(&arena);
    return status;
}

// ---- JSON

static void put_json_row(void *context, const ls_browse_row *row) {
    json_t *object = json_object();
    char time[48];
    ls_units_print_date(row->time_us, time, sizeof time);
    json_object_set_new(object, "tag", ls_json_text(row->name));
    json_object_set_new(object, "source", json_string(row->sparkplug ? "sparkplug" : "json"));
    json_object_set_new(object, "value", ls_json_text(row->value));
    json_object_set_new(object, "unit", ls_json_text(row->unit));
    json_object_set_new(object, "kind", json_string(ls_value_kind_name(row->kind)));
    json_object_set_new(object, "quality", json_string(ls_quality_name(row->quality)));
    json_object_set_new(object, "time", json_string(time));
    json_object_set_new(object, "count", json_integer((json_int_t)row->count));
    json_object_set_new(object, "rate_per_s", ls_json_number(row->rate_per_s));
    json_array_append_new(context, object);
}

static ls_status put_json(ls_browse *browse, const char *url, ls_buffer *out, ls_error *err) {
    ls_browse_figures figures;
    json_t *object = json_object();
    json_t *rows = json_array();
    ls_browse_describe(browse, &figures);
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("line-browse/1"));
    json_object_set_new(object, "url", ls_json_text(url));
    json_object_set_new(object, "messages", json_integer((json_int_t)figures.messages));
    json_object_set_new(object, "connected", json_boolean(figures.connected));
    const ls_status status = ls_browse_rows(browse, put_json_row, rows, err);
    json_object_set_new(object, "values", rows);
    ls_json_print(object, out);
    return status;
}

// ---- live

// As many lines as the terminal has.
static void draw(const ls_buffer *text) {
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    int rows = size.ws_row > 2 ? size.ws_row - 1 : 23;
    fputs("\x1b[H", stdout);
    const char *at = text->data;
    for (; at != NULL && *at != '\0' && rows > 0; rows--) {
        const size_t length = strcspn(at, "\n");
        printf("%.*s\x1b[K\n", (int)length, at);
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    fputs(at != NULL && *at != '\0' ? "...\x1b[K" : "\x1b[J", stdout);
    fflush(stdout);
}

static int show_live(ls_browse *browse, const char *url) {
    ls_error err = {0};
    ls_buffer out;
    ls_buffer_init(&out);
    const ls_status status = put_tree(browse, url, &out, &err);
    if (status == LS_OK && !out.failed) {
        draw(&out);
    }
    ls_buffer_clear(&out);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static int listen_to(ls_browse *browse, const char *url, int64_t for_us, bool live) {
    const int64_t began_us = ls_wall_us();
    int code = LS_EXIT_DONE;
    if (live) {
        fputs("\x1b[2J", stdout);
    }
    for (int step = 0; code == LS_EXIT_DONE && !ls_interrupt_came() &&
                       (for_us == 0 || ls_wall_us() - began_us < for_us);
         step++) {
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
        if (live && step % (1000 / STEP_MS) == 0) {
            code = show_live(browse, url);
        }
    }
    if (live) {
        fputs("\x1b[H\x1b[J", stdout);
    }
    return code;
}

static int print_result(ls_browse *browse, const char *url, bool json) {
    ls_error err = {0};
    ls_buffer out;
    ls_buffer_init(&out);
    const ls_status status = json ? put_json(browse, url, &out, &err)
                                  : put_tree(browse, url, &out, &err);
    const int code = status == LS_OK ? ls_output_print(&out) : ls_complain(&err);
    ls_buffer_clear(&out);
    return code;
}

static int browse_broker(const ls_options *options, const ls_mqtt_def *def) {
    const ls_option_value *span = ls_options_get(options, "for");
    const bool json = ls_options_get(options, "json")->given;
    const bool live = !json && ls_progress_can_draw(STDOUT_FILENO);
    ls_error err = {0};
    ls_browse *browse = NULL;
    if (ls_browse_open(def, ls_options_get(options, "passive")->given, &browse, &err) != LS_OK) {
        return ls_complain(&err);
    }
    const int64_t for_us = span->given ? span->number : (live ? 0 : DEFAULT_SPAN_US);
    int code = listen_to(browse, def->url, for_us, live);
    ls_browse_figures figures;
    ls_browse_describe(browse, &figures);
    if (code == LS_EXIT_DONE && !figures.connected && figures.messages == 0) {
        ls_broker_fail(def->url, figures.why, &err);
        code = ls_complain(&err);
    }
    if (code == LS_EXIT_DONE) {
        code = print_result(browse, def->url, json);
    }
    ls_browse_close(browse);
    return code;
}

static int run(const ls_options *options) {
    ls_broker_choice choice;
    // As a host: a reader may not ask for births.
    int code = ls_broker_choose(options, options->arguments[0],
                                ls_options_get(options, "data")->text, LS_BROKER_HOST, &choice);
    if (code == LS_EXIT_DONE) {
        ls_interrupt_watch();
        code = browse_broker(options, &choice.def);
    }
    ls_broker_choice_close(&choice);
    return code;
}

const ls_cli_command ls_command_line_browse = {
    .name = "line browse",
    .arguments = "URL|PLANT",
    .least = 1,
    .most = 1,
    .about = "Shows what is on a broker as a tree: every value, its type, quality, age and rate.",
    .example = "lineshaft line browse mqtt://broker.plant",
    .examples =
        "lineshaft line browse mqtts://broker.plant --login login.txt --for 30s --json\n"
        "lineshaft line browse plant.yaml\n",
    .detail =
        "Sparkplug nodes and devices are read by their births; a node that was born before we "
        "came is asked for them once, unless --passive. Other topics are read as JSON, field "
        "by field, or as one value. On a terminal the tree is drawn anew each second.\n",
    .tables = tables,
    .run = run,
};
