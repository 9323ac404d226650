// check_report.c - the findings of `lineshaft check` as text and JSON.
#include <math.h>
#include <stdlib.h>

#include "base/units.h"
#include "cli/check.h"
#include "cli/json.h"
#include "cli/shell_word.h"
#include "cli/table.h"
#include "ls_build.h"
#include "plant/explain.h"

enum { STATIONS_SHOWN = 10, TEXT_SIZE = 64 };

static int compare_load(const void *a, const void *b) {
    const ls_load *x = a, *y = b;
    if (x->load != y->load) {
        return x->load > y->load ? -1 : 1;
    }
    return x->station < y->station ? -1 : 1;
}

static void put_count(ls_buffer *out, const char *before, uint64_t count, const char *noun,
                      const char *nouns) {
    ls_buffer_printf(out, "%s%llu %s", before, (unsigned long long)count,
                     count == 1 ? noun : nouns);
}

static void put_summary(const ls_check *check, ls_buffer *out) {
    const ls_plant *plant = check->plant;
    ls_buffer_printf(out, "%s: fine", check->path);
    put_count(out, ": ", plant->station_count, "station", "stations");
    put_count(out, ", ", plant->machine_count, "machine", "machines");
    put_count(out, ", ", plant->product_count, "product", "products");
    put_count(out, ", ", plant->step_count, "step", "steps");
    put_count(out, ", ", plant->release_count, "class of lots", "classes of lots");
    ls_buffer_text(out, "\n");
}

static void put_load(const ls_check *check, const ls_load *load, ls_table *table) {
    const ls_station *station = &check->plant->stations[load->station];
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", station->name);
    ls_table_cell(table, 1, "%u", station->machine_count);
    ls_table_cell(table, 2, "%.1f%s", 100.0 * load->load, load->load > 1.0 ? " !" : "  ");
    ls_table_cell(table, 3, "%.4g", 24.0 * load->lots_per_hour);
    ls_table_cell(table, 4, "%.1f", 100.0 * load->availability);
    ls_table_cell(table, 5, "%.1f", 100.0 * load->calendar_share);
}

static void put_loads(const ls_check *check, ls_arena *arena, ls_buffer *out) {
    const uint32_t count = check->plant->station_count;
    ls_load *sorted = ls_arena_alloc(arena, count * sizeof *sorted);
    if (sorted == NULL) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = check->loads[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_load);
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "station", LS_ALIGN_LEFT);
    ls_table_column(&table, "machines", LS_ALIGN_RIGHT);
    ls_table_column(&table, "load %  ", LS_ALIGN_RIGHT);
    ls_table_column(&table, "lots/day", LS_ALIGN_RIGHT);
    ls_table_column(&table, "available %", LS_ALIGN_RIGHT);
    ls_table_column(&table, "on shift %", LS_ALIGN_RIGHT);
    for (uint32_t i = 0; i < count && i < STATIONS_SHOWN; i++) {
        put_load(check, &sorted[i], &table);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    if (count > STATIONS_SHOWN) {
        ls_buffer_printf(out, "%u more stations have less to do; --json lists them\n",
                         count - STATIONS_SHOWN);
    }
}

void ls_check_report_text(const ls_check *check, ls_buffer *out) {
    ls_arena arena;
    ls_arena_init(&arena);
    put_summary(check, out);
    put_loads(check, &arena, out);
    ls_buffer_text(out, "\nNext: lineshaft twin run ");
    ls_put_shell_word(out, check->path);
    ls_buffer_text(out, "\n");
    ls_arena_clear(&arena);
}

static void put_size(ls_buffer *out, const char *what, uint64_t bytes) {
    const double mib = (double)bytes / (1024.0 * 1024.0);
    if (bytes < 1024 * 1024) {
        ls_buffer_printf(out, "# %s: %llu bytes\n", what, (unsigned long long)bytes);
    } else {
        ls_buffer_printf(out, "# %s: %llu bytes (%.1f MiB)\n", what, (unsigned long long)bytes,
                         mib);
    }
}

void ls_check_report_effective(const ls_check *check, ls_buffer *out) {
    const ls_twin_info *info = &check->info;
    char horizon[TEXT_SIZE];
    if (ls_plant_explain(check->plant, out) != LS_OK) {
        out->failed = true;
    }
    ls_units_show_time((double)info->horizon_us, horizon, sizeof horizon);
    ls_buffer_text(out, "\n");
    put_size(out, "model, shared by all replications", info->model_bytes);
    put_size(out, "state of one running plant", info->state_bytes);
    ls_buffer_printf(out, "# of that for each lot: %u bytes\n", info->bytes_per_lot);
    ls_buffer_printf(out, "# limits: lots %u at once, time %s\n", info->lots_limit, horizon);
    ls_buffer_printf(out, "# sources of events: %u\n", info->sources);
}

static json_t *loads_json(const ls_check *check) {
    json_t *list = json_array();
    for (uint32_t i = 0; check->loads != NULL && i < check->plant->station_count; i++) {
        const ls_load *load = &check->loads[i];
        const ls_station *station = &check->plant->stations[load->station];
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "name", station->name, "machines",
                            (json_int_t)station->machine_count, "load", ls_json_number(load->load),
                            "lots_per_hour", ls_json_number(load->lots_per_hour), "availability",
                            ls_json_number(load->availability), "calendar_share",
                            ls_json_number(load->calendar_share)));
    }
    return list;
}

void ls_check_report_json(const ls_check *check, ls_buffer *out) {
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("check/1"));
    json_object_set_new(object, "file", ls_json_text(check->path));
    json_object_set_new(object, "fine", json_boolean(check->mistakes.total == 0));
    json_object_set_new(object, "mistake_count", json_integer((json_int_t)check->mistakes.total));
    json_object_set_new(object, "mistakes", ls_json_notes(&check->mistakes));
    json_object_set_new(object, "warnings", ls_json_notes(&check->notes));
    json_object_set_new(object, "stations", loads_json(check));
    if (check->twin != NULL) {
        const ls_twin_info *info = &check->info;
        json_object_set_new(object, "plant", json_string(info->name));
        json_object_set_new(object, "model_hash", ls_json_hex(info->model_hash));
        json_object_set_new(object, "model_bytes", json_integer((json_int_t)info->model_bytes));
        json_object_set_new(object, "state_bytes", json_integer((json_int_t)info->state_bytes));
        json_object_set_new(object, "lots_limit", json_integer(info->lots_limit));
        json_object_set_new(object, "bytes_per_lot", json_integer(info->bytes_per_lot));
    }
    ls_json_print(object, out);
}
