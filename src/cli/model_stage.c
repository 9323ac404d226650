// model_stage.c - `lineshaft model promote`, `rollback` and `export`.
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "ls_build.h"
#include "model/deadline.h"

static const ls_option number_options[] = {
    {.name = "version",
     .letter = 'v',
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_REGISTRY_VERSIONS_MAX,
     .says = "the challenger",
     .about = "which version is to serve"},
    {0},
};
static const ls_option *const promote_tables[] = {number_options, ls_model_json_options,
                                                  ls_model_place_options, NULL};
static const ls_option *const rollback_tables[] = {ls_model_json_options, ls_model_place_options,
                                                   NULL};
static const ls_option *const export_tables[] = {ls_model_version_options, ls_model_place_options,
                                                 ls_output_options, NULL};

static int tell(const ls_options *options, const char *format, const char *model, uint32_t now,
                uint32_t before) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string(format));
        json_object_set_new(object, "model", ls_json_text(model));
        json_object_set_new(object, "champion", json_integer(now));
        json_object_set_new(object, "before", before != 0 ? json_integer(before) : json_null());
        ls_json_print(object, &out);
    } else if (before != 0) {
        ls_buffer_printf(&out, "model %s: version %u serves, before it was %u\n", model, now,
                         before);
    } else {
        ls_buffer_printf(&out, "model %s: version %u serves, it is the first one\n", model, now);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

// A person may let serve what did not pass its gates, but not without being told. What is slower
// than its deadline answers too late, whoever wants it.
static ls_status check_gates(const ls_model_opened *o, const ls_registry_version *v,
                             ls_error *err) {
    const ls_status status = ls_deadline_check(o->plan, v, err);
    if (status == LS_OK) {
        ls_model_warn_of_gates(v);
    }
    return status;
}

static ls_status check_version(const ls_model_opened *o, uint32_t number, bool promotes,
                               ls_error *err) {
    ls_registry_version v;
    ls_status status = ls_registry_load_demanded(o->registry, o->plan, number, ls_model_key(o), &v,
                                                 err);
    if (status == LS_OK && promotes) {
        status = check_gates(o, &v, err);
    }
    ls_registry_version_clear(&v);
    return status;
}

static int run_promote(const ls_options *options) {
    static ls_registry_stages stages;
    const ls_option_value *given = ls_options_get(options, "version");
    ls_model_opened o;
    ls_error err = {0};
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        ls_status status = ls_registry_stages_load(o.registry, o.plan->name, &stages, &err);
        const uint32_t number = given->given ? (uint32_t)given->number : stages.challenger;
        if (status == LS_OK && number == 0) {
            status = ls_fail(&err, LS_ERR_INVALID, "model '%s' has no challenger", o.plan->name);
            ls_hint(&err,
                    "say which version with '--version N'; 'lineshaft model list' shows them");
        }
        if (status == LS_OK) {
            status = check_version(&o, number, true, &err);
        }
        if (status == LS_OK) {
            status = ls_registry_promote(o.registry, o.plan->name, number, &err);
        }
        code = status == LS_OK
                   ? tell(options, "model-promote/1", o.plan->name, number, stages.champion)
                   : ls_complain(&err);
    }
    ls_model_close(&o);
    return code;
}

static int run_rollback(const ls_options *options) {
    static ls_registry_stages stages;
    ls_model_opened o;
    ls_error err = {0};
    uint32_t number = 0;
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        ls_status status = ls_registry_stages_load(o.registry, o.plan->name, &stages, &err);
        if (status == LS_OK && stages.past_count > 0) {
            status = check_version(&o, stages.past[stages.past_count - 1], false, &err);
        }
        if (status == LS_OK) {
            status = ls_registry_rollback(o.registry, o.plan->name, &number, &err);
        }
        code = status == LS_OK
                   ? tell(options, "model-rollback/1", o.plan->name, number, stages.champion)
                   : ls_complain(&err);
    }
    ls_model_close(&o);
    return code;
}

static int run_export(const ls_options *options) {
    static ls_registry_stages stages;
    ls_model_opened o;
    ls_error err = {0};
    ls_registry_version v = {0};
    const ls_registry_part *part = NULL;
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        ls_status status = ls_model_take(&o, options, &stages, &v, &err);
        if (status == LS_OK) {
            status = ls_model_part(&v, &part, &err);
        }
        if (status == LS_OK) {
            ls_buffer_append(&out, part->bytes, part->size);
        }
        code = status == LS_OK ? ls_output_deliver(options, &out) : ls_complain(&err);
    }
    ls_registry_version_clear(&v);
    ls_buffer_clear(&out);
    ls_model_close(&o);
    return code;
}

const ls_cli_command ls_command_model_promote = {
    .name = "model promote",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Lets a version of a model serve",
    .example = "lineshaft model promote plant.yaml:wear",
    .examples = "lineshaft model promote plant.yaml:wear --version 3\n",
    .detail =
        "Its parts must be what its manifest says; of one that did not pass its gates you are "
        "told,\n"
        "and one that is slower than its deadline ('gates: latency') is refused. 'lineshaft model\n"
        "rollback' takes it back.\n",
    .tables = promote_tables,
    .run = run_promote,
};
const ls_cli_command ls_command_model_rollback = {
    .name = "model rollback",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Lets the version serve that served before",
    .example = "lineshaft model rollback plant.yaml:wear",
    .tables = rollback_tables,
    .run = run_rollback,
};
const ls_cli_command ls_command_model_export = {
    .name = "model export",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Writes the model of a version: XGBoost's JSON, or the linear format",
    .example = "lineshaft model export plant.yaml:wear -o wear.json",
    .examples = "lineshaft model export plant.yaml:wear --version 3 -o wear-3.json\n",
    .tables = export_tables,
    .run = run_export,
};
