// read_condition.c - `condition` of a failure: what tells how near it is.
#include <string.h>

#include "plant/reader.h"

void ls_read_teller(ls_reader *r, const ls_yaml *map, const ls_teller_keys *keys,
                    ls_condition *out) {
    const bool of_model = ls_take_text(r, map, keys->model, &out->model);
    const bool of_tag = ls_take_text(r, map, keys->tag, &out->tag);
    if (of_model && of_tag) {
        ls_reader_mistake(r, map, "one of: model, tag",
                          "a %s is told by a model or by a tag, not by both", keys->thing);
    } else if (!of_model && !of_tag) {
        ls_reader_mistake(r, map, "one of: model, tag", "nothing tells this %s", keys->thing);
    }
    ls_take_number(r, map, keys->spread, &out->spread);
    ls_take_time(r, map, keys->stale, &out->stale_us);
    const ls_yaml *spread = ls_take(r, map, keys->spread);
    if (of_model && spread != NULL) {
        ls_reader_mistake(r, spread, "take 'spread' out",
                          "'spread' is for a tag: a model says how sure it is by itself");
    }
}

uint32_t ls_read_condition(ls_reader *r, const ls_yaml *map) {
    if (map == NULL || map->kind != LS_YAML_MAP) {
        return LS_NONE;
    }
    ls_condition condition = {.at = LS_NONE, .place = {map->line, map->column}};
    static const ls_teller_keys keys = {.thing = "condition",
                                        .model = "stations.*.fails.condition.model",
                                        .tag = "stations.*.fails.condition.tag",
                                        .spread = "stations.*.fails.condition.spread",
                                        .stale = "stations.*.fails.condition.stale"};
    ls_read_teller(r, map, &keys, &condition);
    ls_take_number(r, map, "stations.*.fails.condition.new", &condition.fresh);
    const ls_yaml *at = ls_take(r, map, "stations.*.fails.condition.at");
    if (ls_yaml_is_text(at)) {
        condition.at = ls_read_plain(r, at);
        condition.at_text = ls_reader_text(r, at->text);
    }
    if (condition.at != LS_NONE && !r->form.out_of_memory) {
        const double mean = ls_dist_mean(LS_ROW(ls_dist, r->dists, condition.at), r->tables.items);
        if (!(mean > condition.fresh && mean <= 1e12)) {
            ls_reader_mistake(r, at, "a condition grows with wear: turn one that falls round",
                              "it fails at %g on average, but a new part is at %g", mean,
                              condition.fresh);
        }
    }
    uint32_t index = LS_NONE;
    *(ls_condition *)ls_rows_push(r, &r->conditions, &index) = condition;
    return index;
}

static const ls_model_plan *model_of(const ls_reader *r, const ls_condition *condition) {
    const char *name = condition->model;
    return name != NULL ? ls_reader_model(r, name, strlen(name)) : NULL;
}

static bool concerns(const ls_reader *r, uint32_t on_at, uint32_t on_count, uint32_t machine) {
    for (uint32_t i = 0; i < on_count; i++) {
        if (*LS_ROW(uint32_t, r->indexes, on_at + i) == machine) {
            return true;
        }
    }
    return on_count == 0;
}

void ls_read_condition_model(ls_reader *r, const ls_station *s, const ls_condition *condition,
                             uint32_t on_at, uint32_t on_count) {
    const ls_yaml at = {.line = condition->place.line, .column = condition->place.column};
    const ls_model_plan *plan = model_of(r, condition);
    if (condition->model == NULL) {
        return;
    }
    if (plan == NULL) {
        const ls_rows plans = {.items = r->plant->models,
                               .count = r->plant->model_count,
                               .size = sizeof(ls_model_plan)};
        ls_reader_mistake(r, &at,
                          plans.count == 0 ? "`models:` says what is predicted"
                                           : ls_reader_nearest_row(r, condition->model, &plans,
                                                                   offsetof(ls_model_plan, name)),
                          "unknown model '%s'", condition->model);
        return;
    }
    // Machines that the model does not name go without it: one more may be tried so.
    for (uint32_t i = 0; i < s->machine_count; i++) {
        if (concerns(r, on_at, on_count, i) &&
            ls_model_says(plan, LS_ROW(ls_machine, r->machines, s->machine_at + i)->name)) {
            return;
        }
    }
    ls_reader_mistake(r, &at, "add them to the model's 'of'",
                      "model '%s' predicts nothing of the machines of station '%s'", plan->name,
                      s->name);
}

// Where it fails says `at`; of a life that is left nobody need say it.
static void check_at(ls_reader *r, const ls_failure *f, const ls_condition *condition) {
    const ls_yaml at = {.line = condition->place.line, .column = condition->place.column};
    const ls_model_plan *plan = model_of(r, condition);
    const bool is_life = plan != NULL && plan->what == LS_PREDICT_LIFE;
    if (plan == NULL && condition->model != NULL) {
        return;  // has been said
    }
    if (is_life && condition->at != LS_NONE) {
        ls_reader_mistake(r, &at, "take 'at' out",
                          "model '%s' predicts the life that is left, not a condition that fails "
                          "at some value",
                          plan->name);
    } else if (!is_life && condition->at_text == NULL) {
        ls_reader_mistake(r, &at, "as 'at: normal 0.8 sd 0.05'",
                          "at which condition does '%s' fail?", f->name);
    } else if (is_life && f->by != LS_FAIL_BUSY && f->by != LS_FAIL_CALENDAR) {
        ls_reader_mistake(r, &at, "let 'every' be a time",
                          "model '%s' predicts a time, and '%s' is counted", plan->name, f->name);
    }
}

void ls_read_conditions_models(ls_reader *r) {
    for (uint32_t i = 0; i < r->stations.count; i++) {
        const ls_station *s = LS_ROW(ls_station, r->stations, i);
        for (uint32_t k = 0; k < s->failure_count; k++) {
            const ls_failure *f = LS_ROW(ls_failure, r->failures, s->failure_at + k);
            if (f->condition != LS_NONE) {
                ls_read_condition_model(r, s, LS_ROW(ls_condition, r->conditions, f->condition),
                                        f->on_at, f->on_count);
                check_at(r, f, LS_ROW(ls_condition, r->conditions, f->condition));
            }
        }
    }
}
