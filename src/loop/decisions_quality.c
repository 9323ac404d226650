// decisions_quality.c - how likely a lot is bad that waits to be inspected: what a model, or a tag,
// said last of the machine that made it, while it was there.
//
// Read from the history alone, like conditions (decisions_condition.c): in which machine a lot was,
// and when, is what that machine told of its lots. So a service that was started again, a question
// asked beside it and one about a time that has passed all see the same. What is no chance, flagged
// unusual, without an interval or without all of its tags is not told: such a lot is inspected.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "base/statistics.h"
#include "base/text.h"
#include "decide/look.h"
#include "loop/decisions_inside.h"
#include "twin/intervene.h"

enum {
    VISITS = 512,         // remembered of a machine, the newest
    NEWS_US = 50000,      // the history is not asked at every signal
    SIGNS = 4,            // value, low, high, unusual; of a tag the first
    LATE_US = 600000000,  // a prediction that has not come by then will not come
};

typedef struct visit {      // of a lot to a machine
    uint64_t lot;           // hash of its name
    int64_t in_us, out_us;  // since 1970; out: LS_FOREVER while it is there
    double bad;             // NaN: not known
    double said;            // as it was said
    bool known;
} visit;

typedef struct maker {  // a machine of which something is said
    uint32_t point, machine;
    const char *lots_tag;
    int64_t until_us;  // its lots were read up to here
    visit *visits;     // ring
    uint32_t at, count;
} maker;

struct decision_qualities {
    maker *makers;
    uint32_t count;
    int64_t heard_us;  // monotonic
};

// ---- who makes lots

static uint64_t hash_of(const char *text, size_t size) {
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 1099511628211u;
    }
    return hash;
}

static const char *lots_tag_of(const ls_plant *plant, uint32_t machine) {
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        const ls_binding *b = &plant->listen.bindings[i];
        if (b->means == LS_MEANS_LOTS && b->of == machine) {
            return b->tag;
        }
    }
    return NULL;
}

static const ls_model_plan *model_of(const ls_plant *plant, const ls_sort_plan *plan) {
    for (uint32_t i = 0; plan->model != NULL && i < plant->model_count; i++) {
        if (strcmp(plant->models[i].name, plan->model) == 0) {
            return &plant->models[i];
        }
    }
    return NULL;
}

static bool is_said_of(const ls_plant *plant, const ls_sort_plan *plan, uint32_t machine) {
    const ls_model_plan *model = model_of(plant, plan);
    bool said = model == NULL;
    for (uint32_t i = 0; model != NULL && i < model->unit_count; i++) {
        said = said || strcmp(model->units[i], plant->machines[machine].name) == 0;
    }
    return said;
}

static bool add_maker(struct decision_qualities *q, uint32_t point, uint32_t machine,
                      const char *lots_tag) {
    maker *grown = ls_realloc(q->makers, (q->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    q->makers = grown;
    grown[q->count] = (maker){.point = point, .machine = machine, .lots_tag = lots_tag};
    grown[q->count].visits = ls_alloc(VISITS * sizeof(visit));
    return grown[q->count].visits != NULL ? (q->count++, true) : false;
}

static bool make(ls_decisions *d) {
    const ls_plant *plant = d->plant;
    struct decision_qualities *q = ls_alloc(sizeof *q);
    d->qualities = q;
    if (q == NULL) {
        return false;
    }
    memset(q, 0, sizeof *q);
    bool fine = true;
    for (uint32_t p = 0; p < plant->decide.point_count; p++) {
        const ls_decide_point *point = &plant->decide.points[p];
        for (uint32_t m = 0; point->kind == LS_DECIDE_SORT && m < plant->machine_count; m++) {
            const char *tag = lots_tag_of(plant, m);
            if (tag != NULL && is_said_of(plant, &point->sort, m)) {
                fine = fine && add_maker(q, p, m, tag);
            }
        }
    }
    if (!fine) {
        ls_decisions_forget_qualities(d);
    }
    return fine;
}

void ls_decisions_forget_qualities(ls_decisions *d) {
    for (uint32_t i = 0; d->qualities != NULL && i < d->qualities->count; i++) {
        ls_free(d->qualities->makers[i].visits);
    }
    if (d->qualities != NULL) {
        ls_free(d->qualities->makers);
    }
    ls_free(d->qualities);
    d->qualities = NULL;
}

// ---- which lots were there

static visit *visit_at(const maker *m, uint32_t i) {  // 0: the newest
    return &m->visits[(m->at + VISITS - 1 - i) % VISITS];
}

static bool names(const char *text, size_t size, uint64_t lot) {
    size_t at = 0;
    while (at < size) {
        size_t end = at;
        while (end < size && text[end] != ' ') {
            end++;
        }
        if (end > at && hash_of(text + at, end - at) == lot) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

static void come(maker *m, uint64_t lot, int64_t time_us) {
    for (uint32_t i = 0; i < m->count; i++) {
        const visit *v = visit_at(m, i);
        if (v->lot == lot && v->out_us == LS_FOREVER) {
            return;  // it is still there
        }
    }
    m->visits[m->at] = (visit){.lot = lot, .in_us = time_us, .out_us = LS_FOREVER, .bad = NAN};
    m->at = (m->at + 1) % VISITS;
    m->count += m->count < VISITS;
}

typedef struct reading {
    maker *m;
    uint32_t tag;
} reading;

static bool take_lots(void *context, const ls_sample *s) {
    const reading *r = context;
    maker *m = r->m;
    if (s->tag != r->tag) {
        return true;  // a name with a star in it
    }
    m->until_us = s->time_us >= m->until_us ? s->time_us + 1 : m->until_us;
    if (s->kind != LS_VALUE_TEXT || s->quality != LS_QUALITY_GOOD) {
        return true;  // silence says nothing of lots
    }
    const char *text = s->value.text;
    for (uint32_t i = 0; i < m->count; i++) {
        visit *v = visit_at(m, i);
        if (v->out_us == LS_FOREVER && !names(text, s->size, v->lot)) {
            v->out_us = s->time_us;
        }
    }
    for (size_t at = 0; at < s->size;) {
        size_t end = at;
        while (end < s->size && text[end] != ' ') {
            end++;
        }
        if (end > at) {
            come(m, hash_of(text + at, end - at), s->time_us);
        }
        at = end + 1;
    }
    return true;
}

static void read_lots(ls_decisions *d, maker *m) {
    const ls_sort_plan *plan = &d->plant->decide.points[m->point].sort;
    const int64_t now_us = d->plant->start_us + d->now_us;
    reading r = {.m = m, .tag = ls_tags_find(d->intake->tags, m->lots_tag, strlen(m->lots_tag))};
    const ls_query query = {.patterns = &m->lots_tag,
                            .pattern_count = 1,
                            .from_us = m->until_us > 0 ? m->until_us : now_us - plan->stale_us,
                            .to_us = now_us + 1};
    if (r.tag != LS_NONE && d->intake->history != NULL && query.from_us < query.to_us) {
        (void)ls_history_query(d->intake->history, &query, take_lots, &r, NULL);
    }
}

// ---- what was said of them

typedef struct sign {
    uint32_t tag;
    int64_t time_us;
    double number;  // NaN: none
    bool uncertain;
} sign;

static bool take_sign(void *context, const ls_sample *s) {
    sign *to = context;
    if (s->tag == to->tag && s->time_us >= to->time_us) {
        double number = NAN;
        const bool good = s->quality == LS_QUALITY_GOOD || s->quality == LS_QUALITY_UNCERTAIN;
        to->time_us = s->time_us;
        to->uncertain = s->quality == LS_QUALITY_UNCERTAIN;
        to->number = good && ls_sample_number(s, &number) ? number : NAN;
    }
    return true;
}

// The newest of a tag that was said while the lot was there.
static sign newest(ls_decisions *d, const maker *m, const visit *v, const char *more) {
    char name[LS_TOLD_TAG_SIZE];
    const char *pattern = name;
    const ls_sort_plan *plan = &d->plant->decide.points[m->point].sort;
    ls_told_tag(plan->model, plan->tag, d->plant->machines[m->machine].name, more, name);
    sign out = {.number = NAN};
    out.tag = ls_tags_find(d->intake->tags, name, strlen(name));
    const ls_query query = {
        .patterns = &pattern, .pattern_count = 1, .from_us = v->in_us + 1, .to_us = v->out_us + 1};
    if (out.tag == LS_NONE || query.from_us >= query.to_us ||
        ls_history_query(d->intake->history, &query, take_sign, &out, NULL) != LS_OK) {
        return (sign){.number = NAN};
    }
    return out;
}

// The chance that a quality with this error lies outside of the bounds.
static double outside(const ls_sort_plan *plan, double value, double deviation) {
    if (!(deviation > 0.0)) {
        return value < plan->low || value > plan->high ? 1.0 : 0.0;
    }
    const double below = isfinite(plan->low) ? ls_normal_cdf((plan->low - value) / deviation) : 0.0;
    const double above = isfinite(plan->high) ? ls_normal_cdf((value - plan->high) / deviation)
                                              : 0.0;
    return fmin(below + above, 1.0);
}

// NaN: nothing that can be trusted was said.
static double chance_of(ls_decisions *d, const maker *m, const visit *v, double *out_said) {
    const ls_sort_plan *plan = &d->plant->decide.points[m->point].sort;
    const ls_model_plan *model = model_of(d->plant, plan);
    const bool bounded = isfinite(plan->low) || isfinite(plan->high);
    const sign value = newest(d, m, v, "");
    *out_said = value.number;
    if (!isfinite(value.number) || value.uncertain) {
        return NAN;
    }
    if (model != NULL) {
        const sign unusual = newest(d, m, v, "/unusual");
        if (unusual.time_us == value.time_us && unusual.number != 0.0) {
            return NAN;
        }
    }
    if (!bounded) {
        return value.number >= 0.0 && value.number <= 1.0 ? value.number : NAN;
    }
    if (model == NULL) {
        return outside(plan, value.number, plan->spread);
    }
    const sign low = newest(d, m, v, "/low");
    const sign high = newest(d, m, v, "/high");
    const double width = high.number - low.number;
    if (low.time_us != value.time_us || high.time_us != value.time_us || !(width >= 0.0)) {
        return NAN;
    }
    return outside(plan, value.number,
                   0.5 * width / ls_stat_normal_quantile(0.5 + 0.5 * model->gates.interval));
}

// ---- of which lot what is said

// Is a visit to this machine one that a lot makes each time before it comes to this step? One that
// is sent to rework comes by again those at and behind where it is sent.
static bool leads_to(const ls_ctx *c, uint32_t machine, uint32_t sorting) {
    const ls_m_step *to = c->steps + sorting;
    const uint32_t from = (to->features & LS_SF_REWORK) != 0 ? c->steps[to->rework_to].number : 0;
    for (uint32_t s = 0; s < c->m->steps; s++) {
        const ls_m_step *step = c->steps + s;
        if (step->product == to->product && step->station == c->machines[machine].station &&
            step->number >= from && step->number < to->number) {
            return true;
        }
    }
    return false;
}

// The last of its visits to a machine of which something is said; NULL: none is known.
static visit *last_visit(const ls_decisions *d, const ls_ctx *c, uint32_t slot, maker **out_maker) {
    const char *name = d->lots[slot].name;
    const uint64_t lot = hash_of(name, strlen(name));
    const uint32_t step = c->lot[slot].step;
    visit *best = NULL;
    for (uint32_t i = 0; i < d->qualities->count; i++) {
        maker *m = &d->qualities->makers[i];
        const uint32_t station = d->plant->decide.points[m->point].station;
        if (station != c->steps[step].station || !leads_to(c, m->machine, step)) {
            continue;
        }
        for (uint32_t k = 0; k < m->count; k++) {
            visit *v = visit_at(m, k);
            if (v->lot == lot) {
                if (best == NULL || v->in_us > best->in_us) {
                    best = v;
                    *out_maker = m;
                }
                break;  // the newest of this machine
            }
        }
    }
    return best;
}

// Is the lot one that is sorted next, and known by name?
static bool is_asked(const ls_decisions *d, const ls_ctx *c, uint32_t slot) {
    return slot < d->lot_count && c->lot[slot].where != LS_LOT_FREE &&
           c->steps[c->lot[slot].step].quality_slot != 0 &&
           d->lots[slot].serial == (int64_t)c->lot[slot].serial && d->lots[slot].name[0] != '\0' &&
           d->lots[slot].name[0] != '~';
}

static double bad_of(ls_decisions *d, const ls_ctx *c, uint32_t slot, bool listens) {
    maker *m = NULL;
    visit *v = last_visit(d, c, slot, &m);
    const int64_t now_us = d->plant->start_us + d->now_us;
    if (v == NULL || v->out_us == LS_FOREVER ||
        now_us - v->out_us > d->plant->decide.points[m->point].sort.stale_us) {
        return NAN;
    }
    if (!v->known && listens) {
        v->bad = chance_of(d, m, v, &v->said);
        v->known = !isnan(v->bad) || now_us - v->out_us > LATE_US;
    }
    return v->bad;
}

void ls_decisions_tell_qualities(ls_decisions *d, ls_snapshot *present) {
    bool sorts = d->qualities != NULL;
    for (uint32_t i = 0; i < d->plant->decide.point_count && !sorts; i++) {
        sorts = d->plant->decide.points[i].kind == LS_DECIDE_SORT;
    }
    if (!sorts || (d->qualities == NULL && !make(d))) {
        return;
    }
    const int64_t now_us = ls_decisions_monotonic_us();
    const bool listens = d->qualities->heard_us == 0 || now_us - d->qualities->heard_us >= NEWS_US;
    d->qualities->heard_us = listens ? now_us : d->qualities->heard_us;
    for (uint32_t i = 0; i < d->qualities->count && listens; i++) {
        read_lots(d, &d->qualities->makers[i]);
    }
    const ls_ctx c = ls_look(d->twin, present);
    for (uint32_t slot = 0; slot < present->state->lot_used; slot++) {
        if (is_asked(d, &c, slot)) {
            (void)ls_intervene_told_bad(d->twin, present, slot, bad_of(d, &c, slot, listens), NULL);
        }
    }
}

// ---- for people

bool ls_decisions_quality_words(const ls_decisions *d, int64_t serial, char *out, char *out_ko,
                                size_t size) {
    const ls_ctx c = ls_look(d->twin, d->present);
    for (uint32_t slot = 0; d->qualities != NULL && slot < d->lot_count; slot++) {
        maker *m = NULL;
        const visit *v = d->lots[slot].serial == serial && is_asked(d, &c, slot)
                             ? last_visit(d, &c, slot, &m)
                             : NULL;
        if (v == NULL || isnan(v->bad)) {
            continue;
        }
        const ls_sort_plan *plan = &d->plant->decide.points[m->point].sort;
        const char *by = plan->model != NULL ? plan->model : "its tag";
        const char *by_ko = plan->model != NULL ? plan->model : "태그";
        const char *machine = d->plant->machines[m->machine].name;
        const ls_finds usual = {.scrap = c.steps[c.lot[slot].step].scrap,
                                .rework = c.steps[c.lot[slot].step].rework};
        ls_text_format(out, size,
                       "%s is bad with %.3g %%, by %s, which said %.4g while %s made it; on "
                       "average %.3g %% are",
                       d->lots[slot].name, v->bad * 100.0, by, v->said, machine,
                       ls_bad_of(&usual) * 100.0);
        ls_text_format(
            out_ko, size, "%s 불량 확률 %.3g %% (%s, %s에서 가공 중 값 %.4g); 평균 %.3g %%",
            d->lots[slot].name, v->bad * 100.0, by_ko, machine, v->said, ls_bad_of(&usual) * 100.0);
        return true;
    }
    return false;
}
