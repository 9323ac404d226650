// decide.c - see decide.h: words of what is decided, as the plant file has them.
#include "plant/decide.h"

static const char *const kinds[LS_DECIDE_KIND_COUNT] = {
    "dispatch", "release", "maintenance", "batch", "setup", "conwip", "staffing", "setpoint"};
static const char *const modes[LS_MODE_COUNT] = {"watch", "advise", "approve", "auto"};
static const char *const terms[LS_TERM_COUNT] = {"throughput", "on-time",   "cycle-time",
                                                 "wip",        "tardiness", "changes"};

const char *ls_decide_kind_name(ls_decide_kind kind) {
    return (unsigned)kind < LS_DECIDE_KIND_COUNT ? kinds[kind] : "none";
}

const char *ls_decide_mode_name(ls_decide_mode mode) {
    return (unsigned)mode < LS_MODE_COUNT ? modes[mode] : "none";
}

const char *ls_objective_term_name(ls_objective_term term) {
    return (unsigned)term < LS_TERM_COUNT ? terms[term] : "none";
}
