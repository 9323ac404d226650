// model_live.c - see model_live.h.
#include "cli/model_live.h"

#include <math.h>
#include <string.h>

#include "cli/ask_service.h"
#include "cli/table.h"
#include "loop/json_value.h"

static json_t *of_model(const json_t *answer, const char *model) {
    static const char *const kept[] = {"drift", "shadow", "training"};
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(answer, "models"), i, one) {
        if (strcmp(ls_json_text_at(one, "name"), model) == 0) {
            json_t *live = json_object();
            for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
                json_t *value = json_object_get(one, kept[k]);
                json_object_set(live, kept[k], json_is_object(value) ? value : json_null());
            }
            return live;
        }
    }
    return NULL;
}

json_t *ls_model_live(const char *data, const char *model) {
    ls_service_address address;
    ls_error err = {0};
    ls_buffer body;
    json_t *live = NULL;
    ls_buffer_init(&body);
    if (ls_service_find(data, &address, &err) == LS_OK &&
        ls_service_ask(&address, "/api/v1/models", &body, &err) == LS_OK) {
        json_t *answer = json_loadb(body.data, body.size, 0, NULL);
        live = of_model(answer, model);
        json_decref(answer);
    }
    ls_buffer_clear(&body);
    return live;
}

static void put_feature(const json_t *feature, const char *name, ls_table *table) {
    const double missing = ls_json_number_at(feature, "missing_now");
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", name);
    ls_table_cell(table, 1, "%.3g", ls_json_number_at(feature, "psi"));
    ls_table_cell(table, 2, "%.3g", ls_json_number_at(feature, "noise"));
    ls_table_cell(table, 3, "%.4g", ls_json_number_at(feature, "mean_then"));
    ls_table_cell(table, 4, "%.4g", ls_json_number_at(feature, "mean_now"));
    ls_table_cell(table, 5, isnan(missing) ? "-" : "%.0f %%", 100.0 * missing);
    ls_table_cell(table, 6, "%s",
                  json_is_true(json_object_get(feature, "drifted")) ? "drifted" : "");
}

static void put_features(const json_t *drift, ls_buffer *out) {
    ls_table table;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "feature", LS_ALIGN_LEFT);
    ls_table_column(&table, "PSI", LS_ALIGN_RIGHT);
    ls_table_column(&table, "chance", LS_ALIGN_RIGHT);
    ls_table_column(&table, "mean then", LS_ALIGN_RIGHT);
    ls_table_column(&table, "now", LS_ALIGN_RIGHT);
    ls_table_column(&table, "missing", LS_ALIGN_RIGHT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    size_t i;
    json_t *feature;
    json_array_foreach(json_object_get(drift, "features"), i, feature) {
        put_feature(feature, ls_json_text_at(feature, "feature"), &table);
    }
    put_feature(json_object_get(drift, "predictions"), "(predictions)", &table);
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
}

static void put_drift(const json_t *drift, ls_buffer *out) {
    if (!json_is_object(drift)) {
        ls_buffer_text(out, "drift: not watched\n");
        return;
    }
    const double then = ls_json_number_at(drift, "error_then");
    const double now = ls_json_number_at(drift, "error_now");
    ls_buffer_printf(
        out, "drift: %s, of %.0f rows and %.0f labels%s", ls_json_text_at(drift, "state"),
        ls_json_number_at(drift, "rows"), ls_json_number_at(drift, "labels"),
        json_is_true(json_object_get(drift, "labels_late")) ? "; labels do not come" : "");
    if (!isnan(then) && !isnan(now)) {
        ls_buffer_printf(out, "; mean error %.4g, was %.4g held out", now, then);
    }
    ls_buffer_text(out, "\n");
    put_features(drift, out);
}

void ls_model_put_live(const json_t *live, ls_buffer *out) {
    const json_t *shadow = json_object_get(live, "shadow");
    const json_t *training = json_object_get(live, "training");
    const json_t *offer = json_object_get(training, "offer");
    if (live == NULL) {
        return;
    }
    ls_buffer_text(out, "\n");
    put_drift(json_object_get(live, "drift"), out);
    if (json_is_object(shadow)) {
        ls_buffer_printf(out, "shadow: version %.0f %s: %s\n", ls_json_number_at(shadow, "version"),
                         ls_json_text_at(shadow, "state"), ls_json_text_at(shadow, "about"));
    }
    if (json_is_object(training)) {
        const char *text = ls_json_text_at(training, "text");
        ls_buffer_printf(out, "training: %s%s%s\n", ls_json_text_at(training, "state"),
                         text[0] != '\0' ? ": " : "", text);
    }
    if (json_is_object(offer)) {
        ls_buffer_printf(out, "version %.0f waits for a yes: %s\n",
                         ls_json_number_at(offer, "version"), ls_json_text_at(offer, "text"));
    }
}
