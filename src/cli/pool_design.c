// pool_design.c - `lineshaft pool design`: a datacenter for so many GPUs, and its pool file.
#include "cli/pool_design.h"

#include <string.h>

#include "base/file.h"
#include "base/form.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/output.h"

static const ls_option own_options[] = {
    {.name = "gpus",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 4000000,
     .about = "how many GPUs (needed)"},
    {.name = "kind",
     .kind = LS_OPTION_TEXT,
     .argument = "KIND",
     .initial = "gb200-nvl72",
     .about = "of which kind; docs/POOL.md lists the known ones"},
    {.name = "power",
     .kind = LS_OPTION_TEXT,
     .argument = "POWER",
     .says = "as much as it takes",
     .about = "what the whole building may draw, as 400MW",
     .detail = "Where that is not enough, what fits is designed, and the exit code is 1"},
    {.name = "hall",
     .kind = LS_OPTION_TEXT,
     .argument = "POWER",
     .initial = "20 MW",
     .about = "what the racks of one hall may draw"},
    {.name = "rack",
     .kind = LS_OPTION_TEXT,
     .argument = "POWER",
     .initial = "45 kW",
     .about = "what one rack may draw, of kinds that are bought by the node"},
    {.name = "row",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 10000,
     .initial = "10",
     .about = "racks of a row"},
    {.name = "pue",
     .kind = LS_OPTION_TEXT,
     .argument = "X",
     .says = "1.1 with liquid cooling, 1.56 with air",
     .about = "power of the building by that of what computes"},
    {.name = "oversubscription",
     .kind = LS_OPTION_TEXT,
     .argument = "X",
     .initial = "1",
     .about = "ports down by ports up of a leaf switch"},
    {.name = "ports",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 4,
     .most = 1024,
     .says = "those of the usual switch",
     .about = "ports of a switch"},
    {.name = "failures",
     .kind = LS_OPTION_TEXT,
     .argument = "X",
     .initial = "6.5",
     .about = "failures in 1000 days of a node",
     .detail = "6.5 is what Meta has published of RSC-1, 2.34 of RSC-2"},
    {.name = "repair",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "24h",
     .about = "until a node is back"},
    {.name = "spare",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 1000000,
     .says = "by failures and repair",
     .about = "spare nodes: of each NVLink domain of several nodes, else in all"},
    {.name = "name",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .initial = "designed",
     .about = "what the pool is called"},
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "none",
     .about = "write the pool file to FILE"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace a file that is there"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the design as one object"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

// --- what is asked for

static ls_status power_of(const ls_options *options, const char *name, int64_t *out,
                          ls_error *err) {
    const ls_option_value *value = ls_options_get(options, name);
    ls_error why = {0};
    if (!value->known || ls_units_power(value->text, out, &why) == LS_OK) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "option '--%s': %s", name, why.text);
    ls_hint(err, "%s", why.hint);
    return LS_ERR_INVALID;
}

static ls_status number_of(const ls_options *options, const char *name, double least, double most,
                           double *out, ls_error *err) {
    const ls_option_value *value = ls_options_get(options, name);
    double number = 0;
    if (!value->known) {
        return LS_OK;
    }
    if (!ls_text_parse_double(value->text, strlen(value->text), &number) || number < least ||
        number > most) {
        return ls_fail(err, LS_ERR_INVALID, "option '--%s': '%s' is not a number from %g to %g",
                       name, value->text, least, most);
    }
    *out = number;
    return LS_OK;
}

static ls_status model_of(const ls_options *options, const ls_pool_model **out, ls_error *err) {
    const char *names[64];
    const char *kind = ls_options_get(options, "kind")->text;
    const uint32_t count = ls_pool_model_count();
    *out = ls_pool_model_find(kind);
    if (*out != NULL) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "option '--kind': unknown kind of GPUs '%s'", kind);
    char list[512] = "";
    for (uint32_t i = 0; i < count && i < 64; i++) {
        names[i] = ls_pool_model_get(i)->name;
        const size_t length = strlen(list);
        ls_text_format(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *near = ls_text_nearest(kind, names, count);
    if (near != NULL) {
        ls_hint(err, "did you mean '%s'?", near);
    } else {
        ls_hint(err, "there is: %s", list);
    }
    return LS_ERR_INVALID;
}

static ls_status read_ask(const ls_options *options, ls_design_ask *ask, ls_error *err) {
    const ls_pool_model *model = NULL;
    if (!ls_options_get(options, "gpus")->given) {
        return ls_fail(err, LS_ERR_INVALID, "'--gpus N' is missing: how many GPUs");
    }
    if (!ls_form_is_name(ls_options_get(options, "name")->text)) {
        return ls_fail(err, LS_ERR_INVALID, "option '--name': '%s' is not a name",
                       ls_options_get(options, "name")->text);
    }
    ls_status status = model_of(options, &model, err);
    if (status != LS_OK) {
        return status;
    }
    *ask = ls_design_ask_default(model, (uint32_t)ls_options_get(options, "gpus")->number);
    ask->row_racks = (uint32_t)ls_options_get(options, "row")->number;
    ask->repair_us = ls_options_get(options, "repair")->number;
    if (ls_options_get(options, "ports")->given) {
        ask->ports = (uint32_t)ls_options_get(options, "ports")->number;
    }
    if (ls_options_get(options, "spare")->given) {
        ask->spare = (int32_t)ls_options_get(options, "spare")->number;
    }
    status = power_of(options, "power", &ask->power_watts, err);
    if (status == LS_OK) {
        status = power_of(options, "hall", &ask->hall_watts, err);
    }
    if (status == LS_OK) {
        status = power_of(options, "rack", &ask->rack_watts, err);
    }
    if (status == LS_OK) {
        status = number_of(options, "pue", 1, 10, &ask->pue, err);
    }
    if (status == LS_OK) {
        status = number_of(options, "oversubscription", 1, ask->ports - 1, &ask->oversubscription,
                           err);
    }
    return status == LS_OK ? number_of(options, "failures", 0, 1000, &ask->failures, err) : status;
}

// --- the command

static int write_pool(const ls_pool_designed *designed, const char *name) {
    ls_buffer text;
    ls_error err = {0};
    ls_buffer_init(&text);
    ls_design_write(&designed->design, name, &text);
    ls_status status = text.failed ? ls_fail(&err, LS_ERR_MEMORY, "out of memory while writing")
                                   : LS_OK;
    if (status == LS_OK) {
        status = ls_file_write(designed->path, text.data, text.size, &err);
    }
    ls_buffer_clear(&text);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static ls_status design(const ls_design_ask *ask, ls_pool_designed *out, ls_error *err) {
    ls_error too_large = {0};
    ls_status status = ls_design_compose(ask, &out->asked, &too_large);
    out->fits = status == LS_OK &&
                (ask->power_watts == 0 || out->asked.building_watts <= ask->power_watts);
    if (out->fits) {
        out->design = out->asked;
        return LS_OK;
    }
    if (status != LS_OK) {
        *err = too_large;
        return status;
    }
    return ls_design_fit(ask, &out->design, err);
}

static int deliver(const ls_pool_designed *designed, const ls_options *options) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        ls_pool_design_json(designed, &out);
    } else {
        ls_pool_design_text(designed, &out);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    ls_design_ask ask;
    ls_pool_designed designed = {.path = ls_options_get(options, "output")->text};
    if (read_ask(options, &ask, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_pool_design.name);
    }
    if (designed.path != NULL &&
        ls_output_check(designed.path, ls_options_get(options, "force")->given, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    if (design(&ask, &designed, &err) != LS_OK) {
        ls_complain(&err);
        return LS_EXIT_NO;
    }
    if (designed.path != NULL) {
        const int code = write_pool(&designed, ls_options_get(options, "name")->text);
        if (code != LS_EXIT_DONE) {
            return code;
        }
    }
    const int code = deliver(&designed, options);
    return code == LS_EXIT_DONE && !designed.fits ? LS_EXIT_NO : code;
}

const ls_cli_command ls_command_pool_design = {
    .name = "pool design",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about =
        "Designs a datacenter for so many GPUs: racks, network, power, spares, and its pool file.",
    .example = "lineshaft pool design --gpus 1024 --kind dgx-h100",
    .examples =
        "lineshaft pool design --gpus 260000 --kind gb200-nvl72 --power 400MW\n"
        "lineshaft pool design --gpus 4096 --kind dgx-b200 --oversubscription 2 -o pool.yaml\n",
    .detail =
        "Everything follows from published figures and a few rules, which docs/POOL.md tells with "
        "their "
        "sources: a fat tree of rails, spare nodes by the rate of failures, power with what "
        "cooling "
        "and losses add. What jobs can expect are bounds by bandwidth, not measurements.\n",
    .tables = tables,
    .run = run,
};
