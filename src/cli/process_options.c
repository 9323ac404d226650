#include "cli/process_options.h"

#include <string.h>

#include "base/units.h"
#include "process/control.h"
#include "process/disturbance.h"

const ls_option ls_process_options[] = {
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_TE_SEED_MAX,
     .initial = "1431655765",
     .about = "seed of noise and disturbances"},
    {.name = "idv",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = LS_TE_IDV_COUNT,
     .initial = "0",
     .about =
         "disturbance of the published table, 1 to 20; 21: the valve of stream 4 fixed; 0: none"},
    {.name = "from",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "8h",
     .about = "when --idv begins and --set is set"},
    {.name = "set",
     .kind = LS_OPTION_TEXT,
     .argument = "LOOP=VALUE,...",
     .about = "setpoints of control loops, as 18=121.5 for the reactor's temperature in C"},
    {0},
};

static ls_status parse_set(const char *text, size_t length, ls_process_def *out, ls_error *err) {
    const char *equals = memchr(text, '=', length);
    int64_t loop = 0;
    double value = 0.0;
    if (equals == NULL || !ls_text_parse_i64(text, (size_t)(equals - text), &loop) ||
        !ls_text_parse_double(equals + 1, length - (size_t)(equals - text) - 1, &value)) {
        ls_fail(err, LS_ERR_INVALID, "option '--set': '%.*s' is no LOOP=VALUE", (int)length, text);
        ls_hint(err, "18=121.5 sets the reactor's temperature; docs/PROCESS.md lists the loops");
        return LS_ERR_INVALID;
    }
    if (out->set_count == LS_PROCESS_SETS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "option '--set': more than %d setpoints",
                       LS_PROCESS_SETS_MAX);
    }
    // Tried on a plant of its own: the loop's range and whether it may be set are the plant's to
    // say.
    ls_te_state trial;
    ls_te_start(&trial, LS_TE_SEED_DEFAULT);
    const int number = loop < 0 || loop > 1000 ? 0 : (int)loop;
    const ls_status status = ls_te_set_point(&trial, number, value, err);
    if (status == LS_OK) {
        out->sets[out->set_count].loop = number;
        out->sets[out->set_count++].value = value;
    }
    return status;
}

ls_status ls_process_define(const ls_options *options, ls_process_def *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    out->seed = ls_options_get(options, "seed")->number;
    out->idv = (int)ls_options_get(options, "idv")->number;
    out->from_s = ls_options_get(options, "from")->number / LS_US_PER_S;
    if (!ls_te_seed_is_good(out->seed)) {
        ls_fail(err, LS_ERR_INVALID,
                "option '--seed': %lld is a multiple of 2^32, which makes no noise",
                (long long)out->seed);
        ls_hint(err, "any other whole number from 1 to %lld", (long long)LS_TE_SEED_MAX);
        return LS_ERR_INVALID;
    }
    const char *text = ls_options_get(options, "set")->text;
    ls_status status = LS_OK;
    while (text != NULL && *text != '\0' && status == LS_OK) {
        const size_t length = strcspn(text, ",");
        status = parse_set(text, length, out, err);
        text += length + (text[length] == ',' ? 1 : 0);
    }
    return status;
}

// Steps count from 1, as the recorded sets have it: what begins at 8 h is there in step 28800.
void ls_process_disturb(const ls_process_def *def, ls_te_state *state) {
    if (state->steps + 1 != (def->from_s > 0 ? def->from_s : 1)) {
        return;
    }
    ls_error err = {0};
    if (def->idv > 0) {
        (void)ls_te_set_disturbance(state, def->idv, true, &err);
    }
    for (int i = 0; i < def->set_count; i++) {
        (void)ls_te_set_point(state, def->sets[i].loop, def->sets[i].value, &err);
    }
}

void ls_process_tell(const ls_process_def *def, ls_buffer *out) {
    char from[48];
    ls_units_show_time((double)(def->from_s * LS_US_PER_S), from, sizeof from);
    if (def->idv > 0) {
        const ls_te_idv *idv = ls_te_idv_get(def->idv);
        ls_buffer_printf(out, "IDV %d from %s: %s (%s)\n", def->idv, from, idv->name, idv->how);
    }
    for (int i = 0; i < def->set_count; i++) {
        const ls_te_loop *loop = ls_te_loop_find(def->sets[i].loop);
        ls_buffer_printf(out, "loop %d from %s: %s at %g %s\n", loop->number, from, loop->name,
                         def->sets[i].value, loop->unit);
    }
}
