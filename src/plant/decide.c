// decide.c - see decide.h: words of what is decided, as the plant file has them.
#include "plant/decide.h"

#include "plant/plant.h"

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

const ls_measured *ls_decide_counts(const struct ls_plant *plant, const ls_decide_point *point) {
    return point->minimizes ? &point->follows : &plant->listen.values[point->measured];
}

// Does the line say of its lots when they are released, and so which wait outside?
static bool tells_releases(const ls_plant *plant) {
    bool told = false;
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        told = told || plant->listen.bindings[i].means == LS_MEANS_LOT_RELEASED;
    }
    return told;
}

void ls_decide_warn(const struct ls_plant *plant, ls_errors *out) {
    const bool silent = plant->listen.source_count > 0 && !tells_releases(plant);
    for (uint32_t i = 0; silent && i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        if (p->kind == LS_DECIDE_RELEASE && plant->releases[p->release].pool) {
            ls_error err;
            (void)ls_fail_at(&err, LS_ERR_INVALID, plant->file, p->line, p->column,
                             "'%s': nothing tells what waits in the order pool of '%s', so nothing "
                             "is asked of it: a text tag `lots: {released: TAG}` would, registers "
                             "cannot",
                             p->name, plant->releases[p->release].name);
            ls_errors_add(out, &err);
        }
    }
}
