// decisions_condition.c - what is known of the condition of machines, told to the present before
// anything is asked: the newest prediction of a model, or a tag.
//
// Read from the history, where predictions are tags like any other (models.h), so that a service, a
// question asked beside it and one about a time that has passed all see the same. What is too old,
// no number, flagged unusual or of the part before is not told: the clock alone counts then, and
// the row says why.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "base/text.h"
#include "base/units.h"
#include "decide/look.h"
#include "loop/decisions_inside.h"
#include "twin/condition.h"
#include "twin/follow/watch.h"
#include "twin/intervene.h"

enum { HEARD_VALUE, HEARD_LOW, HEARD_HIGH, HEARD_UNUSUAL };
enum { NEWS_US = 50000, NAME_SIZE = 400 };  // the history is not asked at every signal

typedef struct newest {
    uint32_t tag;
    decision_sign *sign;
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

static void hear(ls_decisions *d, decision_condition *c, uint32_t which, const char *name) {
    decision_sign *sign = &c->signs[which];
    const int64_t now_us = d->plant->start_us + d->now_us;
    newest n = {.sign = sign, .until_us = sign->until_us};
    n.tag = ls_tags_find(d->intake->tags, name, strlen(name));
    const ls_query query = {
        .patterns = &name,
        .pattern_count = 1,
        .from_us = sign->until_us > 0 ? sign->until_us : now_us - c->plan->stale_us,
        .to_us = now_us + 1};
    if (n.tag == LS_NONE || d->intake->history == NULL || query.from_us >= query.to_us) {
        return;
    }
    if (ls_history_query(d->intake->history, &query, take, &n, NULL) == LS_OK) {
        sign->until_us = n.until_us;
    }
}

// `{machine}` in a tag stands for the machine's name.
static void tag_of(const ls_condition *plan, const char *machine, const char *more, char *out) {
    if (plan->model != NULL) {
        ls_text_format(out, NAME_SIZE, "model/%s/%s%s", plan->model, machine, more);
        return;
    }
    const char *hole = strstr(plan->tag, "{machine}");
    if (hole == NULL) {
        ls_text_format(out, NAME_SIZE, "%s", plan->tag);
    } else {
        ls_text_format(out, NAME_SIZE, "%.*s%s%s", (int)(hole - plan->tag), plan->tag, machine,
                       hole + strlen("{machine}"));
    }
}

static void hear_all(ls_decisions *d, decision_condition *c) {
    static const char *const more[] = {"", "/low", "/high", "/unusual"};
    for (uint32_t i = 0; i < (c->plan->model != NULL ? DECISION_SIGNS : 1); i++) {
        char name[NAME_SIZE];
        tag_of(c->plan, d->plant->machines[c->machine].name, more[i], name);
        hear(d, c, i, name);
    }
}

static bool is_torn(const decision_condition *c) {
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
static bool is_of_another(const ls_decisions *d, const decision_condition *c,
                          const ls_model_plan *model, const ls_snapshot *present, int64_t age_us) {
    const ls_ctx look = ls_look(d->twin, present);
    const ls_m_mode *mode = look.modes + c->mode;
    const ls_s_mode *state = look.mode + c->mode;
    int64_t back_us = model != NULL ? model->windows_us[0] : 0;
    for (uint32_t i = 1; model != NULL && i < model->window_count; i++) {
        back_us = model->windows_us[i] < back_us ? model->windows_us[i] : back_us;
    }
    const int64_t clock = state->elapsed + (state->since == LS_NEVER ? 0 : look.now - state->since);
    return state->active != 0 ||
           ((mode->by == LS_FAIL_BUSY || mode->by == LS_FAIL_CALENDAR) && clock < age_us + back_us);
}

static decision_known know(ls_decisions *d, decision_condition *c, const ls_snapshot *present,
                           ls_condition_told *out) {
    const ls_model_plan *model = model_of(d->plant, c->plan);
    const decision_sign *value = &c->signs[HEARD_VALUE];
    const int64_t at_us = value->time_us - d->plant->start_us;
    out->value = fmax(value->number, 0.0);
    out->at_us = at_us;
    out->deviation = c->plan->spread;
    if (value->until_us == 0) {
        return DECISION_NOTHING_HEARD;
    }
    if (d->now_us - at_us > c->plan->stale_us) {
        return DECISION_STALE;
    }
    if (!isfinite(value->number) || value->number > 1e15) {
        return DECISION_NO_NUMBER;
    }
    if (model != NULL) {
        const decision_sign *low = &c->signs[HEARD_LOW];
        const decision_sign *high = &c->signs[HEARD_HIGH];
        const decision_sign *unusual = &c->signs[HEARD_UNUSUAL];
        if (unusual->time_us == value->time_us && unusual->number != 0.0) {
            return DECISION_UNUSUAL;
        }
        if (value->uncertain) {
            return DECISION_PARTIAL;
        }
        const double width = high->number - low->number;
        if (low->time_us != value->time_us || high->time_us != value->time_us ||
            !(width >= 0.0 && width <= 1e15)) {
            return DECISION_UNSURE;
        }
        out->deviation = 0.5 * width / ls_stat_normal_quantile(0.5 + 0.5 * model->gates.interval);
    }
    return is_of_another(d, c, model, present, d->now_us - at_us) ? DECISION_NEW_PART
                                                                  : DECISION_TOLD;
}

// Which failure of the plant each condition of the model is about.
static bool make(ls_decisions *d) {
    const ls_model *m = d->twin->model;
    const ls_m_condition *conditions = ls_model_conditions(m);
    const ls_m_mode *modes = LS_MODEL_ARRAY(m, ls_m_mode, mode_at);
    const ls_m_machine *machines = LS_MODEL_ARRAY(m, ls_m_machine, machine_at);
    const ls_m_station *stations = LS_MODEL_ARRAY(m, ls_m_station, station_at);
    d->conditions = ls_alloc(m->conditions * sizeof *d->conditions);
    for (uint32_t i = 0; d->conditions != NULL && i < m->conditions; i++) {
        decision_condition *c = &d->conditions[i];
        memset(c, 0, sizeof *c);
        c->mode = conditions[i].mode;
        c->machine = modes[c->mode].machine;
        const uint32_t station = machines[c->machine].station;
        c->failure = ls_watch_failure(d->plant, station, c->machine - stations[station].machine_at,
                                      c->mode - machines[c->machine].mode_at);
        c->plan = &d->plant->conditions[d->plant->failures[c->failure].condition];
    }
    return d->conditions != NULL;
}

void ls_decisions_tell_conditions(ls_decisions *d, ls_snapshot *present) {
    const uint32_t count = d->twin->model->conditions;
    if (count == 0 || (d->conditions == NULL && !make(d))) {
        return;
    }
    const int64_t now_us = ls_decisions_monotonic_us();
    const bool listens = d->conditions_heard_us == 0 || now_us - d->conditions_heard_us >= NEWS_US;
    d->conditions_heard_us = listens ? now_us : d->conditions_heard_us;
    for (uint32_t i = 0; i < count; i++) {
        decision_condition *c = &d->conditions[i];
        if (listens) {
            hear_all(d, c);
            if (is_torn(c)) {  // written between two questions: now it is whole
                hear_all(d, c);
            }
        }
        ls_condition_told told;
        c->known = know(d, c, present, &told);
        (void)ls_intervene_told_condition(d->twin, present, i,
                                          c->known == DECISION_TOLD ? &told : NULL, NULL);
    }
}

void ls_decisions_forget_conditions(ls_decisions *d) {
    ls_free(d->conditions);
    d->conditions = NULL;
    d->conditions_heard_us = 0;
}

// ---- for people

// Clock units that are left with chance `share` of less, by what is told.
static double left(const ls_decisions *d, uint32_t index, double share) {
    const ls_ctx c = ls_look(d->twin, d->present);
    const ls_m_condition *m = ls_model_conditions(c.m) + index;
    const ls_s_condition *s = ls_state_conditions(c.m, c.s) + index;
    const ls_s_mode *mode = c.mode + m->mode;
    const int64_t clock = mode->elapsed + (mode->since == LS_NEVER ? 0 : c.now - mode->since);
    return ls_condition_rest(m, c.dists + m->at, c.tables, s->value, (double)clock, share, NULL);
}

static void show_left(const ls_decisions *d, uint32_t index, double share, char *out, size_t size) {
    const ls_failure *f = &d->plant->failures[d->conditions[index].failure];
    const double amount = left(d, index, share);
    if (f->by == LS_FAIL_BUSY || f->by == LS_FAIL_CALENDAR) {
        const double grain = amount >= 600e6 ? 60e6 : 1e6;
        ls_units_show_time(floor(amount / grain + 0.5) * grain, out, size);
    } else {
        ls_text_format(out, size, "%.0f", amount);
    }
}

static const char *why_not(decision_known known, bool korean) {
    static const char *const english[] = {"",
                                          "nothing has been heard of it yet",
                                          "what was heard last is too old",
                                          "what was heard last is no number",
                                          "the model has not seen its like: it is flagged unusual",
                                          "the model lacks some of its tags",
                                          "the model does not say how sure it is",
                                          "the part is too new for it"};
    static const char *const others[] = {"",
                                         "아직 수신된 값 없음",
                                         "마지막 값이 너무 오래됨",
                                         "마지막 값이 숫자가 아님",
                                         "모델이 학습하지 않은 상황(이상 표시)",
                                         "모델의 일부 입력 태그에 값이 없음",
                                         "모델의 불확실도를 알 수 없음",
                                         "교체 직후라 아직 예측 불가"};
    return korean ? others[known] : english[known];
}

void ls_decisions_condition_words(const ls_decisions *d, uint32_t index, char *out, char *out_ko,
                                  size_t size) {
    const decision_condition *c = &d->conditions[index];
    const ls_failure *f = &d->plant->failures[c->failure];
    const char *machine = d->plant->machines[c->machine].name;
    const char *by = c->plan->model != NULL ? c->plan->model : "its tag";
    const char *by_ko = c->plan->model != NULL ? c->plan->model : "태그";
    if (c->known != DECISION_TOLD) {
        ls_text_format(out, size, "%s of %s: by its clock alone; %s says nothing: %s", f->name,
                       machine, by, why_not(c->known, false));
        ls_text_format(out_ko, size, "%s %s: 경과 시간만으로 판단; %s: %s", machine, f->name, by_ko,
                       why_not(c->known, true));
        return;
    }
    const ls_ctx look = ls_look(d->twin, d->present);
    const ls_s_condition *s = ls_state_conditions(look.m, look.s) + index;
    char middle[40], low[40], high[40];
    show_left(d, index, 0.5, middle, sizeof middle);
    show_left(d, index, 0.1, low, sizeof low);
    show_left(d, index, 0.9, high, sizeof high);
    const char *clock = f->by == LS_FAIL_BUSY       ? " in work"
                        : f->by == LS_FAIL_CALENDAR ? ""
                        : f->by == LS_FAIL_PARTS    ? " parts"
                        : f->by == LS_FAIL_LOTS     ? " lots"
                                                    : " batches";
    ls_text_format(out, size,
                   "%s of %s: condition %.3g (error %.2g) by %s, it fails at %s: about %s%s left "
                   "(80 %%: %s to %s)",
                   f->name, machine, s->value, s->deviation, by, c->plan->at_text, middle, clock,
                   low, high);
    ls_text_format(out_ko, size,
                   "%s %s: 상태 %.3g (오차 %.2g, %s), 고장 기준 %s: 남은 수명 약 %s (80 %% 구간 "
                   "%s ~ %s)",
                   machine, f->name, s->value, s->deviation, by_ko, c->plan->at_text, middle, low,
                   high);
}

json_t *ls_decisions_conditions_json(const ls_decisions *d, uint32_t machine) {
    static const char *const known[] = {"told",    "nothing-heard", "stale",  "no-number",
                                        "unusual", "partial",       "unsure", "new-part"};
    json_t *all = json_array();
    for (uint32_t i = 0; d->conditions != NULL && i < d->twin->model->conditions; i++) {
        const decision_condition *c = &d->conditions[i];
        if (c->machine != machine) {
            continue;
        }
        const ls_ctx look = ls_look(d->twin, d->present);
        const ls_s_condition *s = ls_state_conditions(look.m, look.s) + i;
        const bool told = c->known == DECISION_TOLD;
        json_t *one = json_object();
        json_object_set_new(one, "failure", json_string(d->plant->failures[c->failure].name));
        json_object_set_new(one, "by",
                            json_string(c->plan->model != NULL ? c->plan->model : c->plan->tag));
        json_object_set_new(one, "state", json_string(known[c->known]));
        json_object_set_new(one, "value", told ? json_real(s->value) : json_null());
        json_object_set_new(one, "error", told ? json_real(s->deviation) : json_null());
        json_object_set_new(
            one, "time_us",
            told ? json_integer((json_int_t)(d->plant->start_us + s->told_us)) : json_null());
        json_array_append_new(all, one);
    }
    return all;
}
