// account_settings.c - see account_settings.h.
#include "loop/account_settings.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "decide/prove/settings.h"

#define BACK_US (30 * LS_US_PER_DAY)  // a setting is told when it changes
#define VALUE_BACK_US LS_US_PER_DAY   // a value that moves is told more often than that
#define ECHO_US (10 * LS_US_PER_MIN)  // from the word to the line until it tells the new setting
#define EARLY_US LS_US_PER_S          // its clock may be behind a little
static const double NEARLY = 1e-5;    // of a number: a register may hold fewer digits
static const double LEVEL = 0.95;

void ls_account_settings_unit(const char *unit, char *out, size_t size) {
    const size_t length = unit != NULL ? strlen(unit) : 0;
    if (length == 0) {
        ls_text_format(out, size, "h");
    } else if (length > 2 && strcmp(unit + length - 2, "/h") == 0) {
        ls_text_format(out, size, "%.*s", (int)(length - 2), unit);
    } else {
        ls_text_format(out, size, "%s h", unit);
    }
}

// ---- what was heard

typedef struct course {
    ls_seen *items;  // owned
    uint32_t count, capacity;
    uint32_t tag;
    int64_t start_us;  // of the plant, since 1970
    int64_t from_us;   // plant time, from which nothing may be missing
    double low, high;
    bool gone;  // something since then was stale or no number
    bool failed;
} course;

static bool grow(course *c) {
    const uint32_t capacity = c->capacity == 0 ? 512 : 2 * c->capacity;
    ls_seen *grown = ls_realloc(c->items, capacity * sizeof *grown);
    c->failed = grown == NULL;
    if (grown != NULL) {
        c->items = grown;
        c->capacity = capacity;
    }
    return grown != NULL;
}

static bool take(void *context, const ls_sample *s) {
    course *c = context;
    double number = 0.0;
    const int64_t at_us = s->time_us - c->start_us;
    if (s->tag != c->tag || (s->flags & LS_SAMPLE_HISTORICAL) != 0) {
        return true;
    }
    if (s->quality != LS_QUALITY_GOOD || !ls_sample_number(s, &number) || !isfinite(number) ||
        number < c->low || number > c->high) {
        c->gone = c->gone || at_us >= c->from_us;
        return true;
    }
    if (c->count > 0 && at_us < c->items[c->count - 1].at_us) {
        return true;  // late
    }
    if (c->count == c->capacity && !grow(c)) {
        return false;
    }
    c->items[c->count++] = (ls_seen){at_us, number};
    return true;
}

static ls_status hear(const ls_intake *intake, const char *tag, int64_t back_us, int64_t until_us,
                      course *c, ls_error *err) {
    c->start_us = intake->running.plant->start_us;
    c->tag = tag != NULL ? ls_tags_find(intake->tags, tag, strlen(tag)) : LS_NONE;
    const ls_query query = {.patterns = &tag,
                            .pattern_count = 1,
                            .from_us = c->start_us + back_us,
                            .to_us = c->start_us + until_us + 1};
    const ls_status status = c->tag == LS_NONE || intake->history == NULL
                                 ? LS_OK
                                 : ls_history_query(intake->history, &query, take, c, err);
    return status == LS_OK && c->failed
               ? ls_fail(err, LS_ERR_MEMORY, "no memory for what was heard of '%s'", tag)
               : status;
}

// ---- the other past of a setting

static bool is_ordered(const ls_done *done, size_t count, uint32_t measured, const ls_seen *set) {
    for (size_t i = 0; i < count; i++) {
        const int64_t after_us = set->at_us - done[i].time_us;
        if (done[i].kind == LS_DECIDE_SETPOINT && done[i].act.kind == LS_DO_SET &&
            done[i].act.index == measured && after_us >= -EARLY_US && after_us <= ECHO_US &&
            fabs(done[i].act.number - set->number) <= NEARLY * (1.0 + fabs(set->number))) {
            return true;
        }
    }
    return false;
}

// `own` has room for as many.
static uint32_t leave_out(const course *actual, const ls_done *done, size_t count,
                          uint32_t measured, ls_seen *own) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < actual->count; i++) {
        const ls_seen *set = &actual->items[i];
        if (left == 0 || set->at_us < actual->from_us || !is_ordered(done, count, measured, set)) {
            own[left++] = *set;
        }
    }
    return left;
}

typedef struct telling {
    const ls_intake *intake;
    int64_t from_us, until_us;
    course value;
    course settings[LS_SETTINGS_MOST];
    ls_seen *own[LS_SETTINGS_MOST];  // owned
    ls_setting_past past[LS_SETTINGS_MOST];
    uint32_t count;
    const ls_decide_point *first;
    const char *why;
} telling;

static ls_status add_setting(telling *t, const ls_decide_point *point, const ls_done *done,
                             size_t count, ls_error *err) {
    const ls_plant *plant = t->intake->running.plant;
    course *c = &t->settings[t->count];
    *c = (course){.from_us = t->from_us, .low = -INFINITY, .high = INFINITY};
    ls_status status = hear(t->intake, plant->listen.values[point->measured].setpoint,
                            t->from_us - BACK_US, t->until_us, c, err);
    ls_seen *own = status == LS_OK ? ls_alloc((c->count + 1) * sizeof *own) : NULL;
    t->own[t->count] = own;
    t->past[t->count++] = (ls_setting_past){.response = ls_decide_counts(plant, point),
                                            .actual = c->items,
                                            .actual_count = c->count,
                                            .own = own};
    if (status == LS_OK && own == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for what was set");
    }
    if (status == LS_OK) {
        t->past[t->count - 1].own_count = leave_out(c, done, count, point->measured, own);
        t->why = c->gone || c->count == 0 ? "what is set was not heard all the time" : t->why;
    }
    return status;
}

static bool wants_the_same(const ls_decide_point *a, const ls_decide_point *b) {
    return a->minimizes == b->minimizes && (a->minimizes || a->target == b->target);
}

// All points that act on the value; the same setting at two of them counts once.
static ls_status gather(telling *t, uint32_t value, const ls_done *done, size_t count,
                        ls_error *err) {
    const ls_plant *plant = t->intake->running.plant;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < plant->decide.point_count && status == LS_OK; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        bool known = p->kind != LS_DECIDE_SETPOINT || ls_decide_counting(p) != value;
        for (uint32_t k = 0; k < i && !known; k++) {
            const ls_decide_point *other = &plant->decide.points[k];
            known = other->kind == LS_DECIDE_SETPOINT && ls_decide_counting(other) == value &&
                    other->measured == p->measured;
        }
        if (known) {
            continue;
        }
        t->first = t->first != NULL ? t->first : p;
        if (!wants_the_same(t->first, p)) {
            t->why = "its decisions do not want the same of it";
        } else if (t->count == LS_SETTINGS_MOST) {
            t->why = "too many settings act on it";
        } else {
            status = add_setting(t, p, done, count, err);
        }
    }
    return status;
}

static ls_status judge(telling *t, uint64_t seed, ls_outcome *out, ls_error *err) {
    const ls_settings_def def = {.settings = t->past,
                                 .setting_count = t->count,
                                 .values = t->value.items,
                                 .value_count = t->value.count,
                                 .from_us = t->from_us,
                                 .until_us = t->until_us,
                                 .target = t->first->target,
                                 .minimizes = t->first->minimizes,
                                 .seed = seed};
    ls_counterfactual_result result;
    const ls_status status = ls_settings_judge(&def, &result, err);
    if (status == LS_OK) {
        ls_outcome_take(out, &result);
    }
    return status;
}

static void add_promises(const ls_plant *plant, const ls_done *done, size_t count, uint32_t value,
                         ls_outcome *out) {
    for (size_t i = 0; i < count; i++) {
        if (done[i].kind == LS_DECIDE_SETPOINT && done[i].first &&
            ls_decide_counting(&plant->decide.points[done[i].point]) == value) {
            out->decisions++;
            out->promised += done[i].gain;
            out->promised_low += done[i].low;
            out->promised_high += done[i].high;
        }
    }
}

ls_status ls_account_settings_tell(const ls_intake *intake, const ls_account_window *window,
                                   uint32_t value, const ls_done *done, size_t count, uint64_t seed,
                                   ls_outcome *out, ls_error *err) {
    const ls_plant *plant = intake->running.plant;
    const ls_measured *m = &plant->listen.values[value];
    telling *t = ls_alloc(sizeof *t);
    if (t == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for what settings brought");
    }
    *out = (ls_outcome){.kind = LS_DECIDE_SETPOINT,
                        .awaited = NAN,  // what it brings after its horizon was not promised
                        .awaited_low = NAN,
                        .awaited_high = NAN,
                        .subject = value + 1,
                        .level = LEVEL,
                        .gain = NAN,
                        .low = NAN,
                        .high = NAN,
                        .error = NAN};
    add_promises(plant, done, count, value, out);
    *t = (telling){.intake = intake, .from_us = window->from_us, .until_us = window->until_us};
    t->value = (course){.from_us = t->from_us, .low = m->low, .high = m->high};
    const int64_t span_us = t->until_us - t->from_us;
    const int64_t back_us = t->from_us - (span_us > VALUE_BACK_US ? span_us : VALUE_BACK_US);
    ls_status status = hear(intake, ls_listen_value_tag(&plant->listen, value), back_us,
                            t->until_us, &t->value, err);
    if (status == LS_OK && t->value.gone) {
        t->why = "what was heard of it was stale or no number for a while";
    }
    if (status == LS_OK) {
        status = gather(t, value, done, count, err);
    }
    t->why = window->spoilt[0] != '\0' ? window->spoilt : t->why;
    if (status == LS_OK && t->why == NULL) {
        status = judge(t, seed, out, err);
    } else if (status == LS_OK) {
        ls_text_format(out->why, sizeof out->why, "'%s': %s", m->name, t->why);
    }
    for (uint32_t i = 0; i < t->count; i++) {
        ls_free(t->settings[i].items);
        ls_free(t->own[i]);
    }
    ls_free(t->value.items);
    ls_free(t);
    return status;
}
