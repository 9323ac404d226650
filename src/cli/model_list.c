// model_list.c - `lineshaft model list` and `show`: versions, their stages, where they came from.
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/model_live.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ls_build.h"

static const ls_option *const list_tables[] = {ls_model_json_options, ls_model_place_options, NULL};
static const ls_option *const show_tables[] = {ls_model_json_options, ls_model_place_options,
                                               ls_model_version_options, NULL};

typedef struct listed {
    const char *name;
    ls_registry_stages stages;
    uint32_t *numbers;
    size_t count;
} listed;

static ls_status list_one(const ls_model_opened *o, const ls_model_plan *plan, ls_arena *arena,
                          listed *out, ls_error *err) {
    out->name = plan->name;
    ls_status status = ls_registry_list(o->registry, plan->name, arena, &out->numbers, &out->count,
                                        err);
    if (status == LS_OK) {
        status = ls_registry_stages_load(o->registry, plan->name, &out->stages, err);
    }
    return status;
}

static void put_rows(const listed *l, ls_table *table) {
    if (l->count == 0) {
        ls_table_row(table);
        ls_table_cell(table, 0, "%s", l->name);
        ls_table_cell(table, 1, "-");
        ls_table_cell(table, 2, "no version yet");
    }
    for (size_t i = 0; i < l->count; i++) {
        ls_table_row(table);
        ls_table_cell(table, 0, "%s", l->name);
        ls_table_cell(table, 1, "%u", l->numbers[i]);
        ls_table_cell(table, 2, "%s",
                      ls_model_stage_name(ls_registry_stage_of(&l->stages, l->numbers[i])));
    }
}

static json_t *list_json(const listed *l) {
    json_t *versions = json_array();
    for (size_t i = 0; i < l->count; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "number", json_integer(l->numbers[i]));
        json_object_set_new(
            one, "stage",
            json_string(ls_model_stage_name(ls_registry_stage_of(&l->stages, l->numbers[i]))));
        json_array_append_new(versions, one);
    }
    json_t *model = json_object();
    json_object_set_new(model, "model", ls_json_text(l->name));
    json_object_set_new(model, "versions", versions);
    return model;
}

static int run_list(const ls_options *options) {
    ls_model_opened o;
    ls_error err = {0};
    ls_arena arena;
    ls_table table;
    ls_buffer out;
    ls_status status = LS_OK;
    json_t *models = json_array();
    ls_arena_init(&arena);
    ls_buffer_init(&out);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "model", LS_ALIGN_LEFT);
    ls_table_column(&table, "version", LS_ALIGN_RIGHT);
    ls_table_column(&table, "stage", LS_ALIGN_LEFT);
    int code = ls_model_open(options, false, false, &o);
    for (uint32_t i = 0; code == LS_EXIT_DONE && status == LS_OK && i < o.plant->model_count; i++) {
        static listed one;
        if (o.plan == NULL || o.plan == &o.plant->models[i]) {
            status = list_one(&o, &o.plant->models[i], &arena, &one, &err);
            put_rows(&one, &table);
            json_array_append_new(models, list_json(&one));
        }
    }
    if (code == LS_EXIT_DONE && status != LS_OK) {
        code = ls_complain(&err);
    } else if (code == LS_EXIT_DONE && ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("model-list/1"));
        json_object_set(object, "models", models);
        ls_json_print(object, &out);
        code = ls_output_print(&out);
    } else if (code == LS_EXIT_DONE) {
        ls_table_print(&table, 0, &out);
        code = ls_output_print(&out);
    }
    json_decref(models);
    ls_buffer_clear(&out);
    ls_arena_clear(&arena);
    ls_model_close(&o);
    return code;
}

static void put_show(const ls_registry_version *v, const char *name, ls_model_stage stage,
                     ls_buffer *out) {
    ls_buffer_printf(out, "model %s, version %u: %s\n\n", name, v->number,
                     ls_model_stage_name(stage));
    for (uint32_t i = 0; i < v->part_count; i++) {
        ls_buffer_printf(out, "  %-16s %zu bytes, SHA-256 %s\n", v->parts[i].name, v->parts[i].size,
                         v->parts[i].sha256);
    }
    json_t *lineage = json_loads(v->lineage, 0, NULL);
    char *text = json_dumps(lineage, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    ls_buffer_printf(out, "\nlineage\n%s\n", text != NULL ? text : "");
    free(text);
    json_decref(lineage);
}

static json_t *show_json(const ls_registry_version *v, const char *name, ls_model_stage stage) {
    json_t *object = json_object();
    json_t *parts = json_array();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("model-show/1"));
    json_object_set_new(object, "model", ls_json_text(name));
    json_object_set_new(object, "number", json_integer(v->number));
    json_object_set_new(object, "stage", json_string(ls_model_stage_name(stage)));
    for (uint32_t i = 0; i < v->part_count; i++) {
        json_array_append_new(
            parts, json_pack("{s:s, s:I, s:s}", "name", v->parts[i].name, "size",
                             (json_int_t)v->parts[i].size, "sha256", v->parts[i].sha256));
    }
    json_object_set_new(object, "parts", parts);
    json_object_set_new(object, "lineage", json_loads(v->lineage, 0, NULL));
    return object;
}

static int run_show(const ls_options *options) {
    static ls_registry_stages stages;
    ls_model_opened o;
    ls_error err = {0};
    ls_registry_version v = {0};
    ls_buffer out;
    ls_buffer_init(&out);
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        const ls_status status = ls_model_take(&o, options, &stages, &v, &err);
        const ls_model_stage stage = ls_registry_stage_of(&stages, v.number);
        json_t *live = status == LS_OK ? ls_model_live(o.data, o.plan->name) : NULL;
        if (status == LS_OK && ls_options_get(options, "json")->given) {
            json_t *object = show_json(&v, o.plan->name, stage);
            json_object_set(object, "live", live != NULL ? live : json_null());
            ls_json_print(object, &out);
        } else if (status == LS_OK) {
            put_show(&v, o.plan->name, stage, &out);
            ls_model_put_live(live, &out);
        }
        json_decref(live);
        code = status == LS_OK ? ls_output_print(&out) : ls_complain(&err);
    }
    ls_registry_version_clear(&v);
    ls_buffer_clear(&out);
    ls_model_close(&o);
    return code;
}

const ls_cli_command ls_command_model_list = {
    .name = "model list",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Lists the versions of a plant's models and their stages",
    .example = "lineshaft model list plant.yaml",
    .examples = "lineshaft model list plant.yaml:wear --json\n",
    .tables = list_tables,
    .run = run_list,
};
const ls_cli_command ls_command_model_show = {
    .name = "model show",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Shows a version of a model: its parts, checked, and where it came from",
    .example = "lineshaft model show plant.yaml:wear",
    .examples = "lineshaft model show plant.yaml:wear --version 3 --json\n",
    .detail =
        "Where the plant's service runs: drift, the challenger's shadow and trainings, too.\n",
    .tables = show_tables,
    .run = run_show,
};
