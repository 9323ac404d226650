// decisions_set.c - what has been heard of a value that can be set, for questions about its
// setting.
//
// Read from the history, each sample once: at first so far back that the newest is sure to be among
// them, then what has come since. Late samples are left out.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/decisions_inside.h"
#include "twin/intervene.h"

enum {
    SEEN_MOST = 8192,
    SEEN_KEPT = 4096,
    LEVELS_US = 50000,  // levels seldom change: the history is not asked at every signal
};
#define VALUE_BACK_US LS_US_PER_DAY           // a value that moves is told more often than that
#define SETTING_BACK_US (30 * LS_US_PER_DAY)  // a setting is told when it changes

typedef struct listening {
    ls_decisions *d;
    decision_heard *heard;
    uint32_t tag;
    double low, high;
    bool failed;
} listening;

static void forget_oldest(decision_heard *h) {
    memmove(h->items, h->items + (h->count - SEEN_KEPT), SEEN_KEPT * sizeof *h->items);
    h->count = SEEN_KEPT;
}

static bool take(void *context, const ls_sample *s) {
    listening *l = context;
    decision_heard *h = l->heard;
    double number = 0.0;
    if (s->tag != l->tag) {
        return true;  // a name with a star in it
    }
    h->until_us = s->time_us >= h->until_us ? s->time_us + 1 : h->until_us;
    if ((s->flags & LS_SAMPLE_HISTORICAL) != 0) {
        return true;
    }
    h->gone = s->quality != LS_QUALITY_GOOD || !ls_sample_number(s, &number) || !isfinite(number) ||
              number < l->low || number > l->high;
    if (h->gone) {
        return true;
    }
    if (h->items == NULL) {
        h->items = ls_alloc(SEEN_MOST * sizeof *h->items);
    }
    l->failed = h->items == NULL;
    if (l->failed) {
        return false;
    }
    if (h->count == SEEN_MOST) {
        forget_oldest(h);
    }
    h->items[h->count++] = (ls_seen){s->time_us - l->d->plant->start_us, number};
    return true;
}

static bool hear(ls_decisions *d, const char *tag, int64_t back_us, double low, double high,
                 decision_heard *h) {
    listening l = {.d = d, .heard = h, .low = low, .high = high};
    l.tag = tag != NULL ? ls_tags_find(d->intake->tags, tag, strlen(tag)) : LS_NONE;
    const int64_t now_us = d->plant->start_us + d->now_us;
    const ls_query query = {.patterns = &tag,
                            .pattern_count = 1,
                            .from_us = h->until_us > 0 ? h->until_us : now_us - back_us,
                            .to_us = now_us + 1};
    if (l.tag == LS_NONE || d->intake->history == NULL || query.from_us >= query.to_us) {
        return true;  // not heard, or nothing new
    }
    return ls_history_query(d->intake->history, &query, take, &l, NULL) == LS_OK && !l.failed;
}

static decision_setting *setting_of(ls_decisions *d, uint32_t point) {
    if (d->settings == NULL) {
        d->settings = ls_alloc(d->plant->decide.point_count * sizeof *d->settings);
    }
    return d->settings != NULL ? &d->settings[point] : NULL;
}

bool ls_decisions_hear_setting(ls_decisions *d, const ls_question *question) {
    const ls_measured *m = &d->plant->listen.values[question->subject];
    const uint32_t counts = ls_decide_counting(&d->plant->decide.points[question->point]);
    const ls_measured *v = &d->plant->listen.values[counts];
    decision_setting *s = setting_of(d, question->point);
    return s != NULL &&
           hear(d, ls_listen_value_tag(&d->plant->listen, counts), VALUE_BACK_US, v->low, v->high,
                &s->value) &&
           hear(d, m->setpoint, SETTING_BACK_US, -INFINITY, INFINITY, &s->setting);
}

ls_status ls_decisions_outlook(ls_decisions *d, const ls_question *question, ls_error *err) {
    const ls_decide_point *point = &d->plant->decide.points[question->point];
    // Levels and counts have no response: what is set is what counts.
    const ls_measured *m = point->minimizes ? ls_decide_counts(d->plant, point)
                                            : &d->plant->listen.values[question->subject];
    if (d->outlook == NULL) {
        d->outlook = ls_alloc(sizeof *d->outlook);
    }
    if (d->outlook == NULL || !ls_decisions_hear_setting(d, question)) {
        return ls_fail(err, LS_ERR_IO, "'%s': its history cannot be read", m->name);
    }
    const decision_setting *s = setting_of(d, question->point);
    if (s->value.gone || s->setting.gone) {
        return ls_fail(err, LS_ERR_INVALID, "'%s': what was heard last is stale or no number",
                       m->name);
    }
    return ls_outlook_make(m, s->value.items, s->value.count, s->setting.items, s->setting.count,
                           d->now_us, ls_setting_step_us(d->plant, question->point), d->outlook,
                           err);
}

// The numbers of lots and people that the line tells, where a value of the plant file tells them:
// the follower knows the plant file's alone.
void ls_decisions_tell_levels(ls_decisions *d, ls_snapshot *present) {
    const int64_t now_us = ls_decisions_monotonic_us();
    const bool listens = now_us - d->levels_heard_us >= LEVELS_US;
    d->levels_heard_us = listens ? now_us : d->levels_heard_us;
    for (uint32_t i = 0; i < d->plant->decide.point_count; i++) {
        const ls_decide_point *p = &d->plant->decide.points[i];
        const ls_question q = {.point = i, .subject = p->measured};
        if ((p->kind != LS_DECIDE_CONWIP && p->kind != LS_DECIDE_STAFFING) ||
            p->measured == LS_NONE || (listens && !ls_decisions_hear_setting(d, &q)) ||
            d->settings == NULL) {
            continue;
        }
        const decision_heard *h = &d->settings[i].setting;
        const double number = h->count > 0 && !h->gone ? h->items[h->count - 1].number : -1.0;
        if (number < 0.0 || number > 1e6 || number != floor(number)) {
            continue;
        }
        if (p->kind == LS_DECIDE_CONWIP) {
            (void)ls_intervene_told_keep(d->twin, present, p->release, (uint32_t)number, NULL);
        } else {
            (void)ls_intervene_staff(d->twin, present, p->operators, (uint32_t)number, NULL);
        }
    }
}

uint64_t ls_decisions_setting_mark(const ls_decisions *d, uint32_t point) {
    const decision_heard *h = d->settings != NULL ? &d->settings[point].setting : NULL;
    uint64_t bits = 0;
    if (h != NULL && h->count > 0 && !h->gone) {
        memcpy(&bits, &h->items[h->count - 1].number, sizeof bits);
    }
    return bits;
}

bool ls_decisions_is_setting(const ls_plant *plant, const ls_question *question) {
    return plant->decide.points[question->point].kind == LS_DECIDE_SETPOINT;
}

void ls_decisions_forget_settings(ls_decisions *d) {
    for (uint32_t i = 0; d->settings != NULL && i < d->plant->decide.point_count; i++) {
        ls_free(d->settings[i].value.items);
        ls_free(d->settings[i].setting.items);
    }
    ls_free(d->settings);
    ls_free(d->outlook);
    d->settings = NULL;
    d->outlook = NULL;
}
