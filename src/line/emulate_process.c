#include "line/emulate_process.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "process/control.h"
#include "process/disturbance.h"
#include "process/tags.h"
#include "process/te.h"

enum { TRIP = LS_TE_MEASURED + LS_TE_VALVES, SHOWN };

struct ls_emulate_process {
    ls_te_state state;
    int idv;
    int64_t idv_from_step;
};

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
    p->idv = def->idv;
    p->idv_from_step = def->idv_from_us / LS_US_PER_S;
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
    return strcmp(name, "TRIP") == 0 ? TRIP : -1;
}

double ls_emulate_process_value(const ls_emulate_process *process, int shown) {
    assert(shown >= 0 && shown < SHOWN);
    if (shown == TRIP) {
        return (double)process->state.trip;
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

void ls_emulate_process_run(ls_emulate_process *process, int64_t until_us) {
    while ((process->state.steps + 1) * LS_US_PER_S <= until_us) {
        if (process->idv > 0 && process->state.steps + 1 >= process->idv_from_step) {
            ls_error err = {0};
            (void)ls_te_set_disturbance(&process->state, process->idv, true, &err);
        }
        ls_te_step(&process->state);
    }
}
