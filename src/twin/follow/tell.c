// tell.c - facts and divergences leave the core; they are counted in any case.
#include <stdarg.h>
#include <stdio.h>

#include "twin/follow/core.h"

void ls_core_diverge(ls_core *core, ls_divergence_kind kind, uint32_t machine, uint32_t station,
                     const char *format, ...) {
    core->figures->divergences[kind]++;
    if (core->tell == NULL || core->tell->diverged == NULL) {
        return;
    }
    ls_divergence d = {
        .kind = kind, .time_us = core->c.now, .machine = machine, .station = station};
    int size = 0;
    if (machine != LS_NO) {
        size = snprintf(d.text, sizeof d.text, "%.60s: ", core->twin->machines[machine]);
    } else if (station != LS_NO) {
        size = snprintf(d.text, sizeof d.text, "%.60s: ", core->twin->stations[station]);
    }
    va_list args;
    va_start(args, format);
    vsnprintf(d.text + size, sizeof d.text - (size_t)size, format, args);
    va_end(args);
    core->tell->diverged(core->tell->context, &d);
}

bool ls_core_doubts(const ls_core *core, uint32_t machine, int64_t since_us) {
    const ls_core_machine *told = &core->machines[machine];
    return told->stale != 0 || (told->doubt_us > 0 && told->doubt_us >= since_us);
}

ls_fact ls_core_fact(const ls_core *core, ls_fact_kind kind) {
    ls_fact fact = {.kind = kind, .time_us = core->c.now};
    fact.station = fact.machine = fact.step = fact.mode = fact.release = LS_NO;
    return fact;
}

void ls_core_tell(ls_core *core, const ls_fact *fact) {
    if (core->tell != NULL && core->tell->fact != NULL) {
        core->tell->fact(core->tell->context, fact);
    }
}
