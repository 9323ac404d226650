// history_stats.c - `lineshaft history stats`: how much is there, from when to when, at what cost.
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "history/history_read.h"

static const ls_option own_options[] = {
    {.name = "tags", .kind = LS_OPTION_FLAG, .about = "a line for each tag too"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the result as one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_history_place_options, NULL};

static double bytes_per_sample(uint64_t bytes, uint64_t samples) {
    return samples > 0 ? (double)bytes / (double)samples : 0.0;
}

static ls_status find_tag(const ls_opened_history *opened, uint32_t tag, ls_tag_figures *out,
                          ls_error *err) {
    ls_store *store = NULL;
    const ls_store_ops *ops = ls_history_store(opened->history, &store);
    return ops->tag_figures(store, tag, out, err);
}

// ---- for people

static void put_line(ls_table *table, const char *name, const char *value, const char *note) {
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", name);
    ls_table_cell(table, 1, "%s", value);
    ls_table_cell(table, 2, "%s", note);
}

static void put_count(ls_table *table, const char *name, uint64_t count, const char *note) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, count);
    put_line(table, name, text, note);
}

static void put_figures(const ls_history_figures *figures, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    char text[48];
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "", LS_ALIGN_RIGHT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    put_count(&table, "tags", figures->tags, "");
    put_count(&table, "samples", figures->samples, "");
    put_count(&table, "events", figures->events, "");
    if (figures->rollups > 0) {
        put_count(&table, "roll-ups", figures->rollups, "");
    }
    if (figures->samples > 0) {
        ls_time_print(figures->first_us, text, sizeof text);
        put_line(&table, "first", text, "");
        ls_time_print(figures->last_us, text, sizeof text);
        put_line(&table, "last", text, "");
        ls_text_format(text, sizeof text, "%.2f",
                       bytes_per_sample(figures->block_bytes, figures->samples));
        put_line(&table, "bytes per sample", text, "in blocks, time included");
    }
    put_count(&table, "blocks", figures->blocks, "");
    put_count(&table, "database", figures->database_bytes, "bytes");
    put_count(&table, "log", figures->log_bytes, "bytes");
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

static ls_status put_tags(const ls_opened_history *opened, ls_buffer *out, ls_error *err) {
    ls_arena arena;
    ls_table table;
    ls_status status = LS_OK;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "tag", LS_ALIGN_LEFT);
    ls_table_column(&table, "kind", LS_ALIGN_LEFT);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "samples", LS_ALIGN_RIGHT);
    ls_table_column(&table, "bytes each", LS_ALIGN_RIGHT);
    ls_table_column(&table, "first", LS_ALIGN_LEFT);
    ls_table_column(&table, "last", LS_ALIGN_LEFT);
    for (uint32_t tag = 0; tag < ls_tags_count(opened->tags) && status == LS_OK; tag++) {
        const ls_tag *about = ls_tags_get(opened->tags, tag);
        ls_tag_figures figures = {0};
        char first[48] = "", last[48] = "", cost[32] = "";
        status = find_tag(opened, tag, &figures, err);
        if (figures.samples > 0) {
            ls_time_print(figures.first_us, first, sizeof first);
            ls_time_print(figures.last_us, last, sizeof last);
        }
        if (figures.bytes > 0) {
            ls_text_format(cost, sizeof cost, "%.2f",
                           bytes_per_sample(figures.bytes, figures.samples));
        }
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", about->name);
        ls_table_cell(
            &table, 1, "%s",
            about->kind != LS_VALUE_NONE ? ls_value_kind_name((ls_value_kind)about->kind) : "");
        ls_table_cell(&table, 2, "%s", about->unit);
        ls_table_cell(&table, 3, "%" PRIu64, figures.samples);
        ls_table_cell(&table, 4, "%s", cost);
        ls_table_cell(&table, 5, "%s", first);
        ls_table_cell(&table, 6, "%s", last);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
    return status;
}

// ---- for programs

static json_t *tags_json(const ls_opened_history *opened, ls_status *status, ls_error *err) {
    json_t *list = json_array();
    for (uint32_t tag = 0; tag < ls_tags_count(opened->tags) && *status == LS_OK; tag++) {
        const ls_tag *about = ls_tags_get(opened->tags, tag);
        ls_tag_figures figures = {0};
        *status = find_tag(opened, tag, &figures, err);
        json_t *item = json_object();
        json_object_set_new(item, "tag", ls_json_text(about->name));
        json_object_set_new(item, "kind",
                            json_string(ls_value_kind_name((ls_value_kind)about->kind)));
        json_object_set_new(item, "unit", ls_json_text(about->unit));
        json_object_set_new(item, "samples", json_integer((json_int_t)figures.samples));
        json_object_set_new(item, "bytes", json_integer((json_int_t)figures.bytes));
        json_object_set_new(item, "first_us", json_integer(figures.first_us));
        json_object_set_new(item, "last_us", json_integer(figures.last_us));
        json_array_append_new(list, item);
    }
    return list;
}

static ls_status put_json(const ls_opened_history *opened, const ls_history_figures *figures,
                          bool with_tags, ls_buffer *out, ls_error *err) {
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"tags", (int64_t)figures->tags},
        {"samples", (int64_t)figures->samples},
        {"events", (int64_t)figures->events},
        {"rollups", (int64_t)figures->rollups},
        {"first_us", figures->first_us},
        {"last_us", figures->last_us},
        {"blocks", (int64_t)figures->blocks},
        {"block_bytes", (int64_t)figures->block_bytes},
        {"log_bytes", (int64_t)figures->log_bytes},
        {"database_bytes", (int64_t)figures->database_bytes},
    };
    ls_status status = LS_OK;
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string("history stats"));
    json_object_set_new(object, "version", json_integer(1));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_object_set_new(object, numbers[i].name, json_integer(numbers[i].value));
    }
    if (with_tags) {
        json_object_set_new(object, "by_tag", tags_json(opened, &status, err));
    }
    ls_json_print(object, out);
    return status;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    ls_opened_history opened;
    ls_history_figures figures;
    ls_buffer out;
    if (ls_history_open_argument(options, true, &opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    ls_buffer_init(&out);
    const bool with_tags = ls_options_get(options, "tags")->given;
    ls_status status = ls_history_describe(opened.history, &figures, &err);
    if (status == LS_OK && ls_options_get(options, "json")->given) {
        status = put_json(&opened, &figures, with_tags, &out, &err);
    } else if (status == LS_OK) {
        put_figures(&figures, &out);
        status = with_tags ? put_tags(&opened, &out, &err) : LS_OK;
    }
    const int code = status == LS_OK ? ls_output_print(&out) : ls_complain(&err);
    ls_buffer_clear(&out);
    return ls_history_close_argument(&opened, code);
}

const ls_cli_command ls_command_history_stats = {
    .name = "history stats",
    .arguments = "HISTORY",
    .least = 1,
    .most = 1,
    .about = "Says how much a history holds, from when to when, and what a sample costs",
    .example = "lineshaft history stats plant-data",
    .examples =
        "lineshaft history stats plant-data --tags\n"
        "lineshaft history stats plant-data --json\n",
    .detail = "The figures of single tags count what has gone into blocks.\n",
    .tables = tables,
    .run = run,
};
