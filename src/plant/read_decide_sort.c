// read_decide_sort.c - lots sorted by what is predicted of their quality: by what, within which
// bounds, and what may be done with them.
#include <math.h>
#include <string.h>

#include "plant/decide_reader.h"

// What the steps at a station leave open for a lot that waits there.
typedef struct ways {
    bool finds;   // some step there finds bad lots
    bool back;    // ... and sends them to rework
    bool forks;   // `then` leaves open where a lot goes
    uint32_t of;  // LS_SORT_...
} ways;

static ways ways_of(const ls_reader *r, uint32_t station) {
    ways w = {.of = LS_SORT_PASS | LS_SORT_SCRAP};
    for (uint32_t i = 0; i < r->steps.count; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, i);
        if (step->station == station) {
            const bool back = step->rework > 0.0 && step->rework_to != LS_NONE;
            w.finds = w.finds || step->scrap > 0.0 || back;
            w.back = w.back || back;
            w.forks = w.forks || ((back || step->scrap > 0.0) && step->branch_count > 0);
        }
    }
    w.of |= w.back ? (uint32_t)LS_SORT_REWORK : 0;
    w.of &= w.forks ? ~(uint32_t)LS_SORT_PASS : ~(uint32_t)0;
    return w;
}

static uint32_t way_of(const char *text) {
    for (uint32_t way = LS_SORT_PASS; way <= LS_SORT_SCRAP; way <<= 1) {
        if (strcmp(ls_sort_way_name(way), text) == 0) {
            return way;
        }
    }
    return 0;
}

static void read_ways(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                      ls_decide_point *p) {
    ls_reader *r = d->r;
    const ways open = ways_of(r, p->station);
    for (uint32_t i = 0; i < d->points.count; i++) {
        const ls_decide_point *other = LS_ROW(ls_decide_point, d->points, i);
        if (other->kind == LS_DECIDE_SORT && other->station == p->station) {
            ls_reader_mistake(r, at, "take one of them out",
                              "lots at station '%s' are sorted twice", at->text);
        }
    }
    const ls_yaml *list = ls_take(r, map, "decide.sort.ways");
    p->sort.ways = list == NULL ? open.of : 0;
    if (!open.finds) {
        ls_reader_mistake(r, at,
                          "say on its steps: 'scrap: 3 %', or 'rework: {to: ..., chance: 3 %}'",
                          "station '%s' finds no bad lots: there is nothing to sort", at->text);
        return;
    }
    for (uint32_t i = 0; i < ls_yaml_many(list); i++) {
        const ls_yaml *item = ls_yaml_nth(list, i);
        const uint32_t way = ls_yaml_is_text(item) ? way_of(item->text) : 0;
        p->sort.ways |= way;
        if (way == LS_SORT_REWORK && !open.back) {
            ls_reader_mistake(r, item, "take it out, or give a step there 'rework'",
                              "no step at station '%s' has rework", at->text);
        } else if (way == LS_SORT_PASS && open.forks) {
            ls_reader_mistake(r, item, "take it out",
                              "'then' of a step at station '%s' leaves open where a lot goes on",
                              at->text);
        }
    }
}

static void read_bounds(ls_decide_draft *d, const ls_yaml *map, ls_sort_plan *s) {
    ls_reader *r = d->r;
    s->low = -INFINITY;
    s->high = INFINITY;
    ls_take_number(r, map, "decide.sort.low", &s->low);
    ls_take_number(r, map, "decide.sort.high", &s->high);
    ls_take_number(r, map, "decide.sort.spread", &s->spread);
    const ls_yaml *spread = ls_take(r, map, "decide.sort.spread");
    if (!(s->low < s->high)) {
        ls_reader_mistake(r, ls_take(r, map, "decide.sort.high"), "'low: 9.8, high: 10.2'",
                          "no quality lies between %.17g and %.17g", s->low, s->high);
    }
    if (spread != NULL && (s->model != NULL || (isinf(s->low) && isinf(s->high)))) {
        ls_reader_mistake(r, spread, "take 'spread' out",
                          "'spread' is for a quality that a tag tells, with 'low' or 'high'");
    }
}

void ls_decide_read_sort(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                         ls_decide_point *p) {
    ls_reader *r = d->r;
    if (p->kind != LS_DECIDE_SORT) {
        return;
    }
    const bool of_model = ls_take_text(r, map, "decide.sort.model", &p->sort.model);
    const bool of_tag = ls_take_text(r, map, "decide.sort.tag", &p->sort.tag);
    if (of_model == of_tag) {
        ls_reader_mistake(r, map, "one of: model, tag", "%s",
                          of_model ? "lots are sorted by a model or by a tag, not by both"
                                   : "nothing says how good the lots are");
    }
    if (of_tag && strstr(p->sort.tag, "{machine}") == NULL) {
        ls_reader_mistake(r, ls_take(r, map, "decide.sort.tag"), "'tag: \"cell/{machine}/Size\"'",
                          "a tag of no machine does not say which lots it is about");
    }
    read_bounds(d, map, &p->sort);
    ls_take_time(r, map, "decide.sort.stale", &p->sort.stale_us);
    if (p->sort.stale_us <= 0) {
        ls_reader_mistake(r, ls_take(r, map, "decide.sort.stale"), "'stale: 4 h'",
                          "within no time nothing is heard");
    }
    read_ways(d, map, at, p);
}

// --- after the models

static bool says(const ls_reader *r, const ls_model_plan *plan, uint32_t station) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    for (uint32_t k = 0; k < s->machine_count; k++) {
        if (ls_model_says(plan, LS_ROW(ls_machine, r->machines, s->machine_at + k)->name)) {
            return true;
        }
    }
    return false;
}

// Does a lot come by a machine that the model speaks of each time before this step, also when it
// comes back from rework?
static bool is_said_before(const ls_reader *r, const ls_model_plan *plan, const ls_step *at) {
    const bool back = at->rework > 0.0 && at->rework_to != LS_NONE;
    const uint32_t from = back ? LS_ROW(ls_step, r->steps, at->rework_to)->number : 0;
    for (uint32_t i = 0; i < r->steps.count; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, i);
        if (step->product == at->product && step->number >= from && step->number < at->number &&
            says(r, plan, step->station)) {
            return true;
        }
    }
    return false;
}

static bool is_said(const ls_reader *r, const ls_model_plan *plan, uint32_t station) {
    for (uint32_t i = 0; i < r->steps.count; i++) {
        const ls_step *step = LS_ROW(ls_step, r->steps, i);
        if (step->station == station && is_said_before(r, plan, step)) {
            return true;
        }
    }
    return false;
}

static void check_model(ls_reader *r, const ls_decide_point *p) {
    const ls_yaml at = {.line = p->line, .column = p->column};
    const ls_model_plan *plan = ls_reader_model(r, p->sort.model, strlen(p->sort.model));
    if (plan == NULL) {
        const ls_rows plans = {.items = r->plant->models,
                               .count = r->plant->model_count,
                               .size = sizeof(ls_model_plan)};
        ls_reader_mistake(r, &at,
                          plans.count == 0 ? "`models:` says what is predicted"
                                           : ls_reader_nearest_row(r, p->sort.model, &plans,
                                                                   offsetof(ls_model_plan, name)),
                          "unknown model '%s'", p->sort.model);
        return;
    }
    const bool bounded = isfinite(p->sort.low) || isfinite(p->sort.high);
    const bool chance = plan->objective == LS_OBJECTIVE_BINARY;
    if (chance ? bounded : !(plan->objective == LS_OBJECTIVE_NUMBER && bounded)) {
        ls_reader_mistake(r, &at,
                          chance ? "take 'low' and 'high' out"
                                 : "'classes: [good, bad]' at the model, or 'low', 'high' here "
                                   "with one of a number",
                          chance ? "model '%s' tells the chance of '%s', which has no bounds"
                                 : "model '%s' does not tell how likely a lot is bad",
                          plan->name, chance && plan->class_count == 2 ? plan->classes[1] : "1");
    }
    if (!is_said(r, plan, p->station)) {
        ls_reader_mistake(r, &at, "name them: 'of: [mill-1, mill-2]' at the model",
                          "model '%s' says nothing of a machine that each lot comes by before "
                          "station '%s', also when it comes back from rework",
                          plan->name, LS_ROW(ls_station, r->stations, p->station)->name);
    }
}

void ls_read_sort_models(ls_reader *r) {
    for (uint32_t i = 0; i < r->plant->decide.point_count; i++) {
        const ls_decide_point *p = &r->plant->decide.points[i];
        if (p->kind == LS_DECIDE_SORT && p->sort.model != NULL) {
            check_model(r, p);
        }
    }
}
