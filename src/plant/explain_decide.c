// explain_decide.c - `decide:` and `guards:` as the plant file says them, every default filled in.
#include <math.h>

#include "plant/explain_values.h"

static void put_objective(ls_buffer *out, const ls_decide *d) {
    ls_buffer_text(out, "  objective: {");
    for (unsigned t = 0; t < LS_TERM_COUNT; t++) {
        ls_buffer_printf(out, "%s: ", ls_objective_term_name((ls_objective_term)t));
        ls_put_number(out, d->weights[t]);
        ls_buffer_text(out, ", ");
    }
    ls_buffer_text(out, "unit: ");
    ls_put_text(out, d->unit);
    ls_buffer_text(out, "}\n  experiment: ");
    if (d->experiment == LS_EXPERIMENT_NONE) {
        ls_buffer_text(out, "none\n");
        return;
    }
    ls_buffer_text(out, "{kind: switchback");
    if (d->experiment_block_us > 0) {
        ls_buffer_text(out, ", block: ");
        ls_put_time(out, d->experiment_block_us);
    }
    ls_buffer_printf(out, ", periods: %u", d->experiment_periods);
    ls_buffer_text(out, "}\n");
}

static const char *target_of(const ls_plant *plant, const ls_decide_point *p) {
    if (p->station != LS_NONE) {
        return plant->stations[p->station].name;
    }
    if (p->release != LS_NONE) {
        return plant->releases[p->release].name;
    }
    return p->operators != LS_NONE ? plant->operators[p->operators].name
                                   : plant->listen.values[p->measured].name;
}

static void put_numbers(ls_buffer *out, const ls_plant *plant, const ls_decide_point *p) {
    const ls_decide *d = &plant->decide;
    static const char *const keys[LS_DECIDE_KIND_COUNT] = {
        [LS_DECIDE_CONWIP] = "levels",
        [LS_DECIDE_STAFFING] = "counts",
        [LS_DECIDE_SETPOINT] = "values",
    };
    if (keys[p->kind] == NULL) {
        return;
    }
    ls_buffer_printf(out, ", %s: [", keys[p->kind]);
    for (uint32_t i = 0; i < p->number_count; i++) {
        ls_buffer_text(out, i > 0 ? ", " : "");
        ls_put_number(out, d->numbers[p->number_at + i]);
    }
    ls_buffer_text(out, "]");
    if (p->measured != LS_NONE && p->kind != LS_DECIDE_SETPOINT) {
        ls_buffer_text(out, ", value: ");
        ls_put_text(out, plant->listen.values[p->measured].name);
    }
    if (isfinite(p->target) && p->kind == LS_DECIDE_SETPOINT) {
        ls_buffer_text(out, ", target: ");
        ls_put_number(out, p->target);
    }
    if (p->minimizes) {
        ls_buffer_text(out, ", minimize: ");
        ls_put_text(out, p->follows.name);
        ls_put_response(out, &p->follows);
    }
}

static void put_sort(ls_buffer *out, const ls_sort_plan *s) {
    ls_buffer_text(out, s->model != NULL ? ", model: " : ", tag: ");
    ls_put_text(out, s->model != NULL ? s->model : s->tag);
    if (isfinite(s->low)) {
        ls_buffer_text(out, ", low: ");
        ls_put_number(out, s->low);
    }
    if (isfinite(s->high)) {
        ls_buffer_text(out, ", high: ");
        ls_put_number(out, s->high);
    }
    if (s->model == NULL) {
        ls_buffer_text(out, ", spread: ");
        ls_put_number(out, s->spread);
    }
    ls_buffer_text(out, ", stale: ");
    ls_put_time(out, s->stale_us);
    ls_buffer_text(out, ", ways: [");
    bool first = true;
    for (uint32_t way = 1; way <= s->ways; way <<= 1) {
        if ((s->ways & way) != 0) {
            ls_buffer_printf(out, "%s%s", first ? "" : ", ", ls_sort_way_name(way));
            first = false;
        }
    }
    ls_buffer_text(out, "]");
}

static void put_point(ls_buffer *out, const ls_plant *plant, const ls_decide_point *p) {
    ls_buffer_text(out, "    - {name: ");
    ls_put_text(out, p->name);
    ls_buffer_text(out, p->station != LS_NONE ? ", at: " : ", of: ");
    ls_put_text(out, target_of(plant, p));
    put_numbers(out, plant, p);
    ls_buffer_printf(out, ", mode: %s, events: %s", ls_decide_mode_name(p->mode),
                     p->on_event ? "yes" : "no");
    if (p->every_us > 0) {
        ls_buffer_text(out, ", every: ");
        ls_put_time(out, p->every_us);
    }
    ls_buffer_text(out, ", within: ");
    ls_put_time(out, p->within_us);
    ls_buffer_text(out, ", horizon: ");
    if (p->horizon_us > 0) {
        ls_put_time(out, p->horizon_us);
    } else {
        ls_buffer_text(out, "auto");
    }
    ls_buffer_printf(out, ", futures: %u, approve: ", p->futures);
    ls_put_time(out, p->approve_us);
    ls_buffer_text(out, ", gain-min: ");
    ls_put_number(out, p->gain_min);
    ls_buffer_text(out, ", level: ");
    ls_put_number(out, p->level);
    if (p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH || p->kind == LS_DECIDE_SETUP) {
        ls_buffer_printf(out, ", wait: %s", p->wait ? "yes" : "no");
    }
    if (p->word_us > 0) {
        ls_buffer_text(out, ", wait-for-word: ");
        ls_put_time(out, p->word_us);
    }
    if (p->pure) {
        ls_buffer_text(out, ", pure: yes");
    }
    if (p->kind == LS_DECIDE_SORT) {
        put_sort(out, &p->sort);
    }
    ls_buffer_text(out, "}\n");
}

static void put_points(ls_buffer *out, const ls_plant *plant) {
    const ls_decide *d = &plant->decide;
    for (unsigned kind = 0; kind < LS_DECIDE_KIND_COUNT; kind++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < d->point_count; i++) {
            if (d->points[i].kind == (ls_decide_kind)kind) {
                if (count++ == 0) {
                    ls_buffer_printf(out, "  %s:\n", ls_decide_kind_name((ls_decide_kind)kind));
                }
                put_point(out, plant, &d->points[i]);
            }
        }
    }
}

// --- guards

static void put_time(ls_buffer *out, const char *key, int64_t us) {
    ls_buffer_printf(out, "  %s: ", key);
    ls_put_time(out, us);
    ls_buffer_text(out, "\n");
}

// STATION/MACHINE is always clear.
static void put_machine(ls_buffer *out, const ls_plant *plant, uint32_t machine) {
    char name[600];
    const ls_station *s = plant->stations;
    while (machine >= s->machine_at + s->machine_count) {
        s++;
    }
    ls_text_format(name, sizeof name, "%s/%s", s->name, plant->machines[machine].name);
    ls_buffer_text(out, ", machine: ");
    ls_put_text(out, name);
}

static void put_amounts(ls_buffer *out, const ls_guard_limit *l) {
    if (l->kind == LS_LIMIT_RANGE) {
        ls_buffer_text(out, "low: ");
        ls_put_number(out, l->low);
        ls_buffer_text(out, ", high: ");
        ls_put_number(out, l->high);
        return;
    }
    if (l->kind == LS_LIMIT_FREQUENCY) {
        ls_buffer_printf(out, "most: %u, within: ", l->count);
        ls_put_time(out, l->window_us);
        return;
    }
    if (l->kind == LS_LIMIT_DWELL) {
        ls_buffer_text(out, "for: ");
        ls_put_time(out, l->window_us);
        return;
    }
    ls_buffer_text(out, "most: ");
    ls_put_number(out, l->high);
    if (l->kind == LS_LIMIT_BUDGET) {
        ls_buffer_text(out, ", within: ");
        ls_put_time(out, l->window_us);
    }
}

static void put_limit(ls_buffer *out, const ls_plant *plant, const ls_guard_limit *l) {
    ls_buffer_text(out, "    - {");
    put_amounts(out, l);
    if (l->of_decide_kind && l->kind >= LS_LIMIT_FREQUENCY) {
        ls_buffer_printf(out, ", kind: %s", ls_decide_kind_name(l->decide_kind));
    }
    if (l->machine != LS_NONE) {
        put_machine(out, plant, l->machine);
    }
    if (l->measured != LS_NONE) {
        ls_buffer_text(out, ", of: ");
        ls_put_text(out, plant->listen.values[l->measured].name);
    }
    ls_buffer_text(out, "}\n");
}

static void put_limits(ls_buffer *out, const ls_plant *plant) {
    static const char *const keys[LS_LIMIT_KIND_COUNT] = {"range",  "rate",      "step",
                                                          "budget", "frequency", "dwell"};
    const ls_guards *g = &plant->decide.guards;
    for (unsigned kind = 0; kind < LS_LIMIT_KIND_COUNT; kind++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < g->limit_count; i++) {
            if (g->limits[i].kind == (ls_guard_kind)kind) {
                if (count++ == 0) {
                    ls_buffer_printf(out, "  %s:\n", keys[kind]);
                }
                put_limit(out, plant, &g->limits[i]);
            }
        }
    }
}

static void put_conditions(ls_buffer *out, const ls_plant *plant, bool interlock) {
    const ls_guards *g = &plant->decide.guards;
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->condition_count; i++) {
        const ls_guard_condition *c = &g->conditions[i];
        if (c->interlock != interlock) {
            continue;
        }
        if (count++ == 0) {
            ls_buffer_printf(out, "  %s:\n", interlock ? "interlocks" : "permissives");
        }
        ls_buffer_text(out, "    - {tag: ");
        ls_put_text(out, c->tag);
        ls_buffer_text(out, ", is: ");
        ls_put_number(out, c->value);
        if (c->machine != LS_NONE) {
            put_machine(out, plant, c->machine);
        }
        ls_buffer_text(out, "}\n");
    }
}

static void put_guards(ls_buffer *out, const ls_plant *plant) {
    const ls_guards *g = &plant->decide.guards;
    ls_buffer_text(out, "guards:\n");
    put_time(out, "fresh", g->fresh_us);
    put_time(out, "in-step", g->in_step_us);
    ls_buffer_text(out, "  certainty: ");
    ls_put_number(out, g->certainty_min);
    ls_buffer_text(out, "\n");
    if (isfinite(g->width_max)) {
        ls_buffer_text(out, "  claim-width: ");
        ls_put_number(out, g->width_max);
        ls_buffer_text(out, "\n");
    }
    put_time(out, "read-back", g->read_back_us);
    put_time(out, "heartbeat", g->heartbeat_us);
    put_time(out, "not-after", g->not_after_us);
    ls_buffer_printf(out, "  trips: %u\n  two-persons: %s\n", g->trips_a_day,
                     g->two_persons ? "yes" : "no");
    put_time(out, "bypass", g->bypass_max_us);
    put_limits(out, plant);
    put_conditions(out, plant, false);
    put_conditions(out, plant, true);
}

void ls_explain_decide(ls_buffer *out, const ls_plant *plant) {
    const ls_decide *d = &plant->decide;
    if (d->given) {
        ls_buffer_text(out, "decide:\n");
        put_objective(out, d);
        put_points(out, plant);
    } else {
        ls_buffer_text(out, "# decide: nothing\n");
    }
    if (d->given || d->guards.given) {
        put_guards(out, plant);
    }
}
