// account_levels.c - see account_levels.h.
#include "loop/account_levels.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "twin/intervene.h"

#define BACK_US (30 * LS_US_PER_DAY)  // a setting is told when it changes

typedef struct newest {
    uint32_t tag;
    double number;  // NaN: none, or what came last is no number
} newest;

static bool take(void *context, const ls_sample *s) {
    newest *n = context;
    if (s->tag == n->tag && (s->flags & LS_SAMPLE_HISTORICAL) == 0 &&
        (s->quality != LS_QUALITY_GOOD || !ls_sample_number(s, &n->number))) {
        n->number = NAN;
    }
    return true;
}

static ls_status read_newest(const ls_intake *intake, const char *tag, int64_t at_us,
                             double *out_number, ls_error *err) {
    newest n = {.number = NAN};
    n.tag = tag != NULL ? ls_tags_find(intake->tags, tag, strlen(tag)) : LS_NONE;
    const int64_t until_us = intake->running.plant->start_us + at_us + 1;
    const ls_query query = {
        .patterns = &tag, .pattern_count = 1, .from_us = until_us - BACK_US, .to_us = until_us};
    const ls_status status = n.tag == LS_NONE || intake->history == NULL
                                 ? LS_OK
                                 : ls_history_query(intake->history, &query, take, &n, err);
    *out_number = n.number;
    return status;
}

ls_status ls_account_levels(const ls_intake *intake, int64_t at_us, ls_snapshot *fork,
                            ls_error *err) {
    const ls_plant *plant = intake->running.plant;
    const ls_twin *twin = intake->running.twin;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < plant->decide.point_count && status == LS_OK; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        double number = NAN;
        if ((p->kind != LS_DECIDE_CONWIP && p->kind != LS_DECIDE_STAFFING) ||
            p->measured == LS_NONE) {
            continue;
        }
        status = read_newest(intake, plant->listen.values[p->measured].setpoint, at_us, &number,
                             err);
        if (!(number >= 0.0 && number <= 1e6 && number == floor(number))) {
            continue;
        }
        // What the plant cannot have is no number in force: the plant file's stays.
        if (p->kind == LS_DECIDE_CONWIP) {
            (void)ls_intervene_told_keep(twin, fork, p->release, (uint32_t)number, NULL);
        } else {
            (void)ls_intervene_staff(twin, fork, p->operators, (uint32_t)number, NULL);
        }
    }
    return status;
}
