// read_decide.c - the part `decide:`: objective, experiment, what all points share.
#include <assert.h>
#include <string.h>

#include "plant/decide_reader.h"

enum { UNIT_SIZE_MAX = 15 };

static const char *unit_of(ls_objective_term term) {
    switch (term) {
    case LS_TERM_THROUGHPUT:
    case LS_TERM_ON_TIME: return "lots";
    case LS_TERM_CYCLE_TIME:
    case LS_TERM_WIP: return "lot h";
    case LS_TERM_TARDINESS: return "h";
    case LS_TERM_CHANGES: return "changes";
    case LS_TERM_ESCAPES:
    case LS_TERM_SCRAP:
    case LS_TERM_REWORK:
    case LS_TERM_INSPECTIONS: return "lots";
    case LS_TERM_COUNT: break;
    }
    return "";
}

static void read_weights(ls_decide_draft *d, const ls_yaml *map, ls_decide *out) {
    ls_reader *r = d->r;
    const ls_yaml *unit = ls_take(r, map, "decide.objective.unit");
    bool has_weight = false;
    for (unsigned t = 0; t < LS_TERM_COUNT; t++) {
        const char *path = ls_reader_format(r, "decide.objective.%s",
                                            ls_objective_term_name((ls_objective_term)t));
        if (r->form.out_of_memory) {
            return;
        }
        out->weights[t] = 0;
        ls_take_number(r, map, path, &out->weights[t]);
        has_weight = has_weight || out->weights[t] > 0;
    }
    ls_take_text(r, map, "decide.objective.unit", &out->unit);
    if (ls_yaml_is_text(unit) && (unit->text[0] == '\0' || strlen(unit->text) > UNIT_SIZE_MAX ||
                                  ls_listen_has_control(unit->text))) {
        ls_reader_mistake(r, unit, "'unit: EUR'", "'%s' is not a unit of at most %d bytes",
                          unit->text, UNIT_SIZE_MAX);
    }
    if (!has_weight) {
        ls_reader_mistake(r, map, "'objective: {throughput: 50, wip: 0.1, unit: EUR}'",
                          "an objective without a weight above 0 wants nothing");
    }
    out->objective = "weighted sum";
}

static void read_objective(ls_decide_draft *d, ls_decide *out) {
    const ls_yaml *value = ls_take(d->r, d->node, "decide.objective");
    int term = LS_TERM_CYCLE_TIME;
    ls_take_choice(d->r, d->node, "decide.objective", &term);
    out->weights[term] = 1;
    out->objective = ls_objective_term_name((ls_objective_term)term);
    out->unit = unit_of((ls_objective_term)term);
    if (value != NULL && value->kind == LS_YAML_MAP) {
        read_weights(d, value, out);
    }
}

static void read_experiment(ls_decide_draft *d, ls_decide *out) {
    ls_reader *r = d->r;
    const ls_yaml *map = ls_take_map(r, d->node, "decide.experiment");
    const ls_yaml *at = ls_take(r, d->node, "decide.experiment");
    int kind = 0;
    out->experiment_periods = 20;
    out->experiment_line = at != NULL ? at->line : 0;
    out->experiment_column = at != NULL ? at->column : 0;
    if (map == NULL) {
        ls_take_choice(r, d->node, "decide.experiment", &kind);
    } else {
        ls_take_choice(r, map, "decide.experiment.kind", &kind);
        ls_take_u32(r, map, "decide.experiment.periods", &out->experiment_periods);
        if (ls_take_time(r, map, "decide.experiment.block", &out->experiment_block_us) &&
            out->experiment_block_us == 0) {
            ls_reader_mistake(r, ls_take(r, map, "decide.experiment.block"),
                              "leave it out: the least that the carryover allows",
                              "a turn cannot have no time");
        }
    }
    out->experiment = kind == 1 ? LS_EXPERIMENT_SWITCHBACK : LS_EXPERIMENT_NONE;
}

// What `decide` says for points that say nothing else, from the same rows as theirs.
static void read_usual(ls_decide_draft *d) {
    ls_reader *r = d->r;
    ls_decide_point *p = &d->usual;
    int mode = LS_MODE_ADVISE;
    *p = (ls_decide_point){
        .station = LS_NONE, .release = LS_NONE, .operators = LS_NONE, .measured = LS_NONE};
    ls_take_choice(r, d->node, "decide.mode", &mode);
    p->mode = (ls_decide_mode)mode;
    ls_take_time(r, d->node, "decide.within", &p->within_us);
    ls_take_time(r, d->node, "decide.horizon", &p->horizon_us);
    ls_take_u32(r, d->node, "decide.futures", &p->futures);
    ls_take_time(r, d->node, "decide.approve", &p->approve_us);
    ls_take_number(r, d->node, "decide.gain-min", &p->gain_min);
    ls_take_share(r, d->node, "decide.level", &p->level);
}

uint32_t ls_decide_measured(ls_decide_draft *d, const ls_yaml *at) {
    ls_reader *r = d->r;
    const ls_listen *listen = &r->plant->listen;
    for (uint32_t i = 0; i < listen->value_count; i++) {
        if (strcmp(listen->values[i].name, at->text) == 0) {
            return i;
        }
    }
    const char **names = ls_arena_alloc(&r->form.scratch,
                                        ((size_t)listen->value_count + 1) * sizeof *names);
    if (names == NULL) {
        r->form.out_of_memory = true;
        return LS_NONE;
    }
    for (uint32_t i = 0; i < listen->value_count; i++) {
        names[i] = listen->values[i].name;
    }
    const char *hint = listen->value_count > 0
                           ? ls_reader_nearest(r, at->text, names, listen->value_count)
                           : "measured values are named in 'listen: {values: ...}'";
    ls_reader_mistake(r, at, hint, "unknown value '%s'", at->text);
    return LS_NONE;
}

static void draft_init(ls_decide_draft *d, ls_reader *r) {
    memset(d, 0, sizeof *d);
    d->r = r;
    d->points.size = sizeof(ls_decide_point);
    d->numbers.size = sizeof(double);
    d->limits.size = sizeof(ls_guard_limit);
    d->conditions.size = sizeof(ls_guard_condition);
    ls_names_init(&d->names);
    ls_listen_draft_init(&d->lines, r);
}

static void draft_clear(ls_decide_draft *d) {
    ls_free(d->points.items);
    ls_free(d->numbers.items);
    ls_free(d->limits.items);
    ls_free(d->conditions.items);
    ls_names_clear(&d->names);
    ls_listen_draft_clear(&d->lines);
}

static void close_draft(ls_decide_draft *d, ls_decide *out) {
    out->points = ls_rows_close(d->r, &d->points, &out->point_count);
    out->numbers = ls_rows_close(d->r, &d->numbers, &out->number_count);
    out->guards.limits = ls_rows_close(d->r, &d->limits, &out->guards.limit_count);
    out->guards.conditions = ls_rows_close(d->r, &d->conditions, &out->guards.condition_count);
}

void ls_read_decide(ls_reader *r) {
    ls_decide *out = &r->plant->decide;
    ls_decide_draft d;
    draft_init(&d, r);
    d.node = ls_take_map(r, r->form.root, "decide");
    out->given = d.node != NULL;
    ls_listen_name_machines(&d.lines);
    read_objective(&d, out);
    read_experiment(&d, out);
    read_usual(&d);
    void (*const parts[])(ls_decide_draft *) = {ls_decide_read_points, ls_decide_read_guards,
                                                ls_decide_check_names};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        r->form.out_of_memory = r->form.out_of_memory || d.names.failed || d.lines.machines.failed;
        if (!r->form.out_of_memory) {
            parts[i](&d);
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || d.names.failed || d.lines.machines.failed;
    close_draft(&d, out);
    draft_clear(&d);
}
