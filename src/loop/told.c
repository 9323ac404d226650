// told.c - see told.h.
#include "loop/told.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/servant.h"
#include "base/statistics.h"
#include "base/text.h"
#include "decide/look.h"
#include "twin/condition.h"
#include "twin/follow/watch.h"
#include "twin/intervene.h"
#include "twin/slowness.h"

enum { HEARD_VALUE, HEARD_LOW, HEARD_HIGH, HEARD_UNUSUAL };
enum { NEWS_US = 50000 };  // the history is not asked at every signal
#define LOOKED_US 3.6e9    // accounts of less say nothing of how much a machine works

typedef struct newest {
    uint32_t tag;
    ls_told_sign *sign;
    int64_t until_us;
} newest;

static bool take(void *context, const ls_sample *s) {
    newest *n = context;
    if (s->tag != n->tag) {
        return true;  // a name with a star in it
    }
    n->until_us = s->time_us >= n->until_us ? s->time_us + 1 : n->until_us;
    if (s->time_us >= n->sign->time_us) {
        double number = NAN;
        const bool known = (s->quality == LS_QUALITY_GOOD || s->quality == LS_QUALITY_UNCERTAIN) &&
                           ls_sample_number(s, &number);
        n->sign->time_us = s->time_us;
        n->sign->uncertain = s->quality == LS_QUALITY_UNCERTAIN;
        n->sign->number = known ? number : NAN;
    }
    return true;
}

static void hear(ls_told *t, ls_told_item *c, uint32_t which, const char *name) {
    ls_told_sign *sign = &c->signs[which];
    const int64_t now_us = t->plant->start_us + t->now_us;
    newest n = {.sign = sign, .until_us = sign->until_us};
    n.tag = ls_tags_find(t->intake->tags, name, strlen(name));
    const ls_query query = {
        .patterns = &name,
        .pattern_count = 1,
        .from_us = sign->until_us > 0 ? sign->until_us : now_us - c->plan->stale_us,
        .to_us = now_us + 1};
    if (n.tag == LS_NONE || t->intake->history == NULL || query.from_us >= query.to_us) {
        return;
    }
    if (ls_history_query(t->intake->history, &query, take, &n, NULL) == LS_OK) {
        sign->until_us = n.until_us;
    }
}

void ls_told_tag(const char *model, const char *tag, const char *machine, const char *more,
                 char out[LS_TOLD_TAG_SIZE]) {
    if (model != NULL) {
        ls_text_format(out, LS_TOLD_TAG_SIZE, "model/%s/%s%s", model, machine, more);
        return;
    }
    const char *hole = strstr(tag, "{machine}");
    if (hole == NULL) {
        ls_text_format(out, LS_TOLD_TAG_SIZE, "%s", tag);
    } else {
        ls_text_format(out, LS_TOLD_TAG_SIZE, "%.*s%s%s", (int)(hole - tag), tag, machine,
                       hole + strlen("{machine}"));
    }
}

static void hear_all(ls_told *t, ls_told_item *c) {
    static const char *const more[] = {"", "/low", "/high", "/unusual"};
    for (uint32_t i = 0; i < (c->plan->model != NULL ? LS_TOLD_SIGNS : 1); i++) {
        char name[LS_TOLD_TAG_SIZE];
        ls_told_tag(c->plan->model, c->plan->tag, t->plant->machines[c->machine].name, more[i],
                    name);
        hear(t, c, i, name);
    }
}

static bool is_torn(const ls_told_item *c) {
    const int64_t at_us = c->signs[HEARD_VALUE].time_us;
    return c->plan->model != NULL &&
           (c->signs[HEARD_LOW].time_us != at_us || c->signs[HEARD_HIGH].time_us != at_us);
}

static const ls_model_plan *model_of(const ls_plant *plant, const ls_condition *plan) {
    for (uint32_t i = 0; plan->model != NULL && i < plant->model_count; i++) {
        if (strcmp(plant->models[i].name, plan->model) == 0) {
            return &plant->models[i];
        }
    }
    return NULL;
}

// A model that looks back over a time in which the part before was at work says nothing of this
// one. Of a part that is counted in lots or parts that is not known.
static bool is_before_renewal(const ls_ctx *c, uint32_t at, int64_t reach_us) {
    const ls_m_mode *mode = c->modes + at;
    const ls_s_mode *state = c->mode + at;
    const int64_t clock = state->elapsed + (state->since == LS_NEVER ? 0 : c->now - state->since);
    return state->active != 0 ||
           ((mode->by == LS_FAIL_BUSY || mode->by == LS_FAIL_CALENDAR) && clock < reach_us);
}

static bool is_of_another(const ls_told *t, uint32_t index, const ls_model_plan *model,
                          const ls_snapshot *present, int64_t age_us) {
    const ls_ctx look = ls_look(t->twin, present);
    const ls_told_item *c = &t->items[index];
    int64_t back_us = model != NULL ? model->windows_us[0] : 0;
    for (uint32_t i = 1; model != NULL && i < model->window_count; i++) {
        back_us = model->windows_us[i] < back_us ? model->windows_us[i] : back_us;
    }
    if (c->mode != LS_NONE) {
        return is_before_renewal(&look, c->mode, age_us + back_us);
    }
    const ls_m_machine *machine = look.machines + c->machine;
    const ls_u64 until = ls_model_conditions(look.m)[index].until;
    for (uint32_t k = 0; k < machine->mode_count; k++) {
        if (((until >> k) & 1) != 0 &&
            is_before_renewal(&look, machine->mode_at + k, age_us + back_us)) {
            return true;
        }
    }
    return false;
}

// Seconds of life are told; the clock of the failure may run only while the machine works. As much
// as it did so far.
static double clock_share(const ls_ctx *c, const ls_told_item *item) {
    if (c->modes[item->mode].by != LS_FAIL_BUSY) {
        return 1.0;
    }
    const ls_i64 *account = c->account + (size_t)item->machine * LS_STATE_COUNT;
    double all = 0.0;
    double works = 0.0;
    for (int i = 0; i < LS_STATE_COUNT; i++) {
        const double time = (double)account[i] +
                            ((uint32_t)i == c->machine[item->machine].account
                                 ? (double)(c->now - c->machine[item->machine].since)
                                 : 0.0);
        all += time;
        works += i == LS_STATE_PROCESSING ? time : 0.0;
    }
    return all >= LOOKED_US && works > 0.0 ? works / all : 1.0;
}

// In the units of the model: a life in those of its clock, from now on; of process times without
// the spread that they have anyway.
static ls_told_known fit(const ls_told *t, uint32_t index, const ls_snapshot *present,
                         ls_condition_told *told) {
    const ls_ctx look = ls_look(t->twin, present);
    const ls_told_item *c = &t->items[index];
    const ls_m_condition *m = ls_model_conditions(look.m) + index;
    if (c->mode != LS_NONE && m->at == LS_NO) {
        const double unit = 1e6 * clock_share(&look, c);
        const double gone = (double)(t->now_us - told->at_us) * 1e-6;
        told->value = fmin(fmax(told->value - gone, 0.0) * unit, 1e15);
        told->deviation = fmin(told->deviation * unit, 1e15);
    } else if (c->mode == LS_NONE) {
        const double times = told->value * m->pace;
        const double own = c->plan->of_mean ? 0.0 : c->share * told->value;
        told->deviation = sqrt(fmax(told->deviation * told->deviation - own * own, 0.0));
        return times >= LS_SLOWNESS_FROM && times <= LS_SLOWNESS_TO ? LS_TOLD_KNOWN
                                                                    : LS_TOLD_OUT_OF_RANGE;
    }
    return LS_TOLD_KNOWN;
}

static ls_told_known know(const ls_told *t, uint32_t index, const ls_snapshot *present,
                          ls_condition_told *out) {
    const ls_told_item *c = &t->items[index];
    const ls_model_plan *model = model_of(t->plant, c->plan);
    const ls_told_sign *value = &c->signs[HEARD_VALUE];
    const int64_t at_us = value->time_us - t->plant->start_us;
    out->value = fmax(value->number, 0.0);
    out->at_us = at_us;
    out->deviation = c->plan->spread;
    if (value->until_us == 0) {
        return LS_TOLD_NOTHING_HEARD;
    }
    if (t->now_us - at_us > c->plan->stale_us) {
        return LS_TOLD_STALE;
    }
    if (!isfinite(value->number) || value->number > 1e15) {
        return LS_TOLD_NO_NUMBER;
    }
    if (model != NULL) {
        const ls_told_sign *low = &c->signs[HEARD_LOW];
        const ls_told_sign *high = &c->signs[HEARD_HIGH];
        const ls_told_sign *unusual = &c->signs[HEARD_UNUSUAL];
        if (unusual->time_us == value->time_us && unusual->number != 0.0) {
            return LS_TOLD_UNUSUAL;
        }
        if (value->uncertain) {
            return LS_TOLD_PARTIAL;
        }
        const double width = high->number - low->number;
        if (low->time_us != value->time_us || high->time_us != value->time_us ||
            !(width >= 0.0 && width <= 1e15)) {
            return LS_TOLD_UNSURE;
        }
        out->deviation = 0.5 * width / ls_stat_normal_quantile(0.5 + 0.5 * model->gates.interval);
    }
    if (is_of_another(t, index, model, present, t->now_us - at_us)) {
        if (c->mode == LS_NONE) {  // as new, and that is known
            *out = (ls_condition_told){ls_model_conditions(t->twin->model)[index].fresh, 0.0,
                                       t->now_us};
        }
        return LS_TOLD_NEW_PART;
    }
    return fit(t, index, present, out);
}

// The least share of spread in the process times of the machine.
static double share_of(const ls_plant *plant, uint32_t machine, uint32_t station) {
    double least = INFINITY;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        const ls_step *step = &plant->steps[i];
        if (step->station != station) {
            continue;
        }
        const uint32_t number = machine - plant->stations[station].machine_at;
        const uint32_t dist = step->machine_process_at == LS_NONE
                                  ? step->process
                                  : plant->indexes[step->machine_process_at + number];
        const double mean = ls_dist_mean(&plant->dists[dist], plant->tables);
        const double sd = sqrt(ls_dist_variance(&plant->dists[dist], plant->tables));
        least = mean > 0.0 && isfinite(sd) ? fmin(least, sd / mean) : 0.0;
    }
    return isfinite(least) ? least : 0.0;
}

// What of the plant each condition of the model is about.
static bool make(ls_told *t) {
    const ls_model *m = t->twin->model;
    const ls_m_condition *conditions = ls_model_conditions(m);
    const ls_m_mode *modes = LS_MODEL_ARRAY(m, ls_m_mode, mode_at);
    const ls_m_machine *machines = LS_MODEL_ARRAY(m, ls_m_machine, machine_at);
    const ls_m_station *stations = LS_MODEL_ARRAY(m, ls_m_station, station_at);
    t->items = ls_alloc(m->conditions * sizeof *t->items);
    t->count = t->items != NULL ? m->conditions : 0;
    for (uint32_t i = 0; i < t->count; i++) {
        ls_told_item *c = &t->items[i];
        memset(c, 0, sizeof *c);
        c->mode = conditions[i].mode != LS_NO ? conditions[i].mode : LS_NONE;
        c->failure = LS_NONE;
        c->machine = c->mode != LS_NONE ? modes[c->mode].machine : conditions[i].at;
        const uint32_t station = machines[c->machine].station;
        if (c->mode == LS_NONE) {
            c->plan = &t->plant->conditions[t->plant->stations[station].slowness];
            c->share = share_of(t->plant, c->machine, station);
            continue;
        }
        c->failure = ls_watch_failure(t->plant, station, c->machine - stations[station].machine_at,
                                      c->mode - machines[c->machine].mode_at);
        c->plan = &t->plant->conditions[t->plant->failures[c->failure].condition];
    }
    return t->items != NULL;
}

void ls_told_open(ls_told *t, const ls_intake *intake, const ls_plant *plant, const ls_twin *twin) {
    *t = (ls_told){.intake = intake, .plant = plant, .twin = twin};
}

void ls_told_close(ls_told *t) {
    ls_free(t->items);
    t->items = NULL;
    t->count = 0;
    t->heard_us = 0;
}

void ls_told_tell(ls_told *t, int64_t now_us, ls_snapshot *present) {
    if (t->twin->model->conditions == 0 || (t->items == NULL && !make(t))) {
        return;
    }
    const int64_t clock_us = ls_monotonic_us();
    const bool listens = t->heard_us == 0 || clock_us - t->heard_us >= NEWS_US;
    t->heard_us = listens ? clock_us : t->heard_us;
    t->now_us = now_us;
    for (uint32_t i = 0; i < t->count; i++) {
        ls_told_item *c = &t->items[i];
        if (listens) {
            hear_all(t, c);
            if (is_torn(c)) {  // written between two questions: now it is whole
                hear_all(t, c);
            }
        }
        ls_condition_told told;
        c->known = know(t, i, present, &told);
        const bool says = c->known == LS_TOLD_KNOWN ||
                          (c->known == LS_TOLD_NEW_PART && c->mode == LS_NONE);
        (void)ls_intervene_told_condition(t->twin, present, i, says ? &told : NULL, NULL);
    }
}

// ---- for programs

const char *ls_told_known_name(ls_told_known known) {
    static const char *const names[] = {"told",      "nothing-heard", "stale",
                                        "no-number", "unusual",       "partial",
                                        "unsure",    "new-part",      "out-of-range"};
    return names[known];
}

// The parts that both have; told: a present has heard it.
static json_t *item_json(const ls_told *t, const ls_snapshot *present, uint32_t i,
                         const ls_s_condition **out) {
    const ls_told_item *c = &t->items[i];
    const ls_ctx look = ls_look(t->twin, present);
    const ls_s_condition *s = ls_state_conditions(look.m, look.s) + i;
    const bool told = s->told != 0;
    json_t *one = json_object();
    json_object_set_new(one, "by",
                        json_string(c->plan->model != NULL ? c->plan->model : c->plan->tag));
    json_object_set_new(one, "state", json_string(ls_told_known_name(c->known)));
    json_object_set_new(one, "value", told ? json_real(s->value) : json_null());
    json_object_set_new(one, "error", told ? json_real(s->deviation) : json_null());
    json_object_set_new(
        one, "time_us",
        told ? json_integer((json_int_t)(t->plant->start_us + s->told_us)) : json_null());
    *out = told ? s : NULL;
    return one;
}

json_t *ls_told_conditions_json(const ls_told *t, const ls_snapshot *present, uint32_t machine) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < t->count; i++) {
        const ls_told_item *c = &t->items[i];
        const ls_s_condition *s = NULL;
        if (c->mode == LS_NONE || (machine != LS_NONE && c->machine != machine)) {
            continue;
        }
        json_t *one = item_json(t, present, i, &s);
        json_object_set_new(one, "failure", json_string(t->plant->failures[c->failure].name));
        json_object_set_new(one, "machine", json_string(t->plant->machines[c->machine].name));
        json_array_append_new(all, one);
    }
    return all;
}

json_t *ls_told_slowness_json(const ls_told *t, const ls_snapshot *present, uint32_t machine) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < t->count; i++) {
        const ls_told_item *c = &t->items[i];
        const ls_s_condition *s = NULL;
        if (c->mode != LS_NONE || (machine != LS_NONE && c->machine != machine)) {
            continue;
        }
        json_t *one = item_json(t, present, i, &s);
        const double pace = ls_model_conditions(t->twin->model)[i].pace;
        json_object_set_new(one, "machine", json_string(t->plant->machines[c->machine].name));
        json_object_set_new(one, "times", s != NULL ? json_real(s->value * pace) : json_null());
        json_array_append_new(all, one);
    }
    return all;
}
