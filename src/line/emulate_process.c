#include "line/emulate_process.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "process/control.h"
#include "process/cost.h"
#include "process/disturbance.h"
#include "process/measure.h"
#include "process/tags.h"
#include "process/te.h"

enum { TRIP = LS_TE_MEASURED + LS_TE_VALVES, COST, SHOWN };

struct ls_emulate_process {
    ls_te_state state;
    ls_emulate_process_def def;
};

// "4@8h..12h", which *text begins with, up to a comma or its end.
static ls_status parse_one(const char *text, size_t length, ls_emulate_idv *out, ls_error *err) {
    char copy[128];
    int64_t number = 0;
    const size_t digits = strcspn(text, "@,");
    if (length >= sizeof copy || !ls_text_parse_i64(text, digits, &number) || number < 1 ||
        number > LS_TE_IDV_COUNT) {
        ls_fail(err, LS_ERR_INVALID, "'%.*s': no disturbance is called so; they are 1 to %d",
                (int)(length < 64 ? length : 64), text, LS_TE_IDV_COUNT);
        ls_hint(err, "4@8h is disturbance 4 from eight hours on, 4@8h..12h until twelve");
        return LS_ERR_INVALID;
    }
    *out = (ls_emulate_idv){(int)number, 0, LS_FOREVER};
    if (digits == length) {
        return LS_OK;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)(length - digits - 1), text + digits + 1);
    char *until = strstr(copy, "..");
    if (until != NULL) {
        *until = '\0';
        until += 2;
    }
    ls_status status = ls_units_time(copy, &out->from_us, err);
    if (status == LS_OK && until != NULL) {
        status = ls_units_time(until, &out->until_us, err);
    }
    if (status == LS_OK && out->until_us <= out->from_us) {
        return ls_fail(err, LS_ERR_INVALID, "'%.*s': it ends before it has begun", (int)length,
                       text);
    }
    return status;
}

ls_status ls_emulate_process_parse(const char *text, ls_emulate_process_def *out, ls_error *err) {
    for (;;) {
        const size_t length = strcspn(text, ",");
        if (out->idv_count == LS_EMULATE_IDV_MAX) {
            return ls_fail(err, LS_ERR_LIMIT, "limit reached: %d disturbances", LS_EMULATE_IDV_MAX);
        }
        const ls_status status = parse_one(text, length, &out->idv[out->idv_count], err);
        if (status != LS_OK) {
            return status;
        }
        out->idv_count++;
        if (text[length] == '\0') {
            return LS_OK;
        }
        text += length + 1;
    }
}

ls_status ls_emulate_process_create(const ls_emulate_process_def *def, ls_arena *arena,
                                    ls_emulate_process **out, ls_error *err) {
    ls_emulate_process *p = ls_arena_alloc(arena, sizeof *p);
    if (p == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    // A seed of the published process as it is; any other 64 bits are folded into one.
    const uint64_t folded = def->seed % 4294967295ULL + 1;
    const bool good = def->seed <= LS_TE_SEED_MAX && ls_te_seed_is_good((int64_t)def->seed);
    ls_te_start(&p->state, good ? (int64_t)def->seed : (int64_t)(folded & 0xffffffffULL) | 1);
    p->def = *def;
    *out = p;
    return LS_OK;
}

int ls_emulate_process_find(const char *name) {
    for (int i = 0; i < LS_TE_MEASURED; i++) {
        if (strcmp(ls_te_measurements[i].name, name) == 0) {
            return i;
        }
    }
    for (int i = 0; i < LS_TE_VALVES; i++) {
        if (strcmp(ls_te_valves[i].name, name) == 0) {
            return LS_TE_MEASURED + i;
        }
    }
    return strcmp(name, "TRIP") == 0 ? TRIP : strcmp(name, "COST") == 0 ? COST : -1;
}

double ls_emulate_process_value(const ls_emulate_process *process, int shown) {
    assert(shown >= 0 && shown < SHOWN);
    if (shown == TRIP) {
        return (double)process->state.trip;
    }
    if (shown == COST) {
        return ls_te_cost(process->state.measured);
    }
    return shown < LS_TE_MEASURED ? process->state.measured[shown]
                                  : process->state.command_percent[shown - LS_TE_MEASURED];
}

ls_status ls_emulate_process_loop(const char *name, const ls_measured *value, int *out_loop,
                                  ls_error *err) {
    *out_loop = 0;
    int64_t number = 0;
    if (strncmp(name, "SP_", 3) != 0 || !ls_text_parse_i64(name + 3, strlen(name + 3), &number)) {
        return LS_OK;
    }
    ls_te_state trial;
    ls_te_start(&trial, LS_TE_SEED_DEFAULT);
    const double settings[] = {value->set_low, value->set_high, value->set_default};
    for (int i = 0; i < 3; i++) {
        ls_error why = {0};
        if (ls_te_set_point(&trial, number < 0 || number > 1000 ? 0 : (int)number, settings[i],
                            &why) != LS_OK) {
            return ls_fail(err, LS_ERR_INVALID, "value '%s' with setpoint '%s': %s", value->name,
                           name, why.text);
        }
    }
    *out_loop = (int)number;
    return LS_OK;
}

void ls_emulate_process_set(ls_emulate_process *process, int loop, double value) {
    ls_error err = {0};
    const ls_status status = ls_te_set_point(&process->state, loop, value, &err);
    assert(status == LS_OK);
    (void)status;
}

ls_emulate_process_truth ls_emulate_process_describe(const ls_emulate_process *process) {
    const ls_te_state *state = &process->state;
    return (ls_emulate_process_truth){state->idv, state->trip,
                                      ls_te_trip_text((ls_te_trip)state->trip), state->steps};
}

// Steps count from 1: what begins at 8 h is there in step 28800.
static uint32_t disturbances(const ls_emulate_process *process, int64_t step) {
    uint32_t set = 0;
    for (uint32_t i = 0; i < process->def.idv_count; i++) {
        const ls_emulate_idv *idv = &process->def.idv[i];
        const bool acts = step >= idv->from_us / LS_US_PER_S && step * LS_US_PER_S < idv->until_us;
        set |= acts ? 1U << (idv->number - 1) : 0U;
    }
    return set;
}

void ls_emulate_process_run(ls_emulate_process *process, int64_t until_us) {
    while ((process->state.steps + 1) * LS_US_PER_S <= until_us) {
        process->state.idv = disturbances(process, process->state.steps + 1);
        ls_te_step(&process->state);
    }
}
