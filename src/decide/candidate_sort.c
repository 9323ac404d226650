// candidate_sort.c - lots that wait at an inspection: which of them go on without it, and where.
//
// Of the lots whose chance of being bad is known those with the least of it may be passed on, those
// with the most sent to rework or scrapped: a few of each, since every one more costs futures and a
// lot between them is worth less than they.
#include "decide/candidate_inside.h"
#include "decide/question.h"
#include "twin/intervene.h"

enum { EACH = 4 };  // lots of each end

typedef struct known {
    uint32_t lot;
    double bad;
} known;

// Does `a` go before `b`, the least first? Of the same chance the older one.
static bool is_before(const ls_ctx *c, const known *a, const known *b, bool most) {
    if (a->bad != b->bad) {
        return most ? a->bad > b->bad : a->bad < b->bad;
    }
    return ls_lot_is_older(c, a->lot, b->lot);
}

static void put(const ls_ctx *c, const known *one, bool most, known *best, uint32_t *count) {
    uint32_t at = *count < EACH ? (*count)++ : EACH;
    for (; at > 0 && is_before(c, one, best + at - 1, most); at--) {
        if (at < EACH) {
            best[at] = best[at - 1];
        }
    }
    if (at < EACH) {
        best[at] = *one;
    }
}

static const char *done(uint32_t way) {
    return way == LS_SORT_PASS ? "passed on" : way == LS_SORT_REWORK ? "to rework" : "scrapped";
}

static void add(ls_candidate_view *v, const known *lots, uint32_t count, uint32_t way) {
    for (uint32_t i = 0; i < count; i++) {
        const ls_lot *lot = v->c.lot + lots[i].lot;
        const ls_m_step *step = v->c.steps + lot->step;
        const ls_act act = {.kind = LS_DO_SORT,
                            .index = v->question.subject,
                            .value = (int64_t)lot->serial,
                            .number = (double)way};
        if ((v->point->sort.ways & way) != 0 &&
            (way != LS_SORT_REWORK || (step->features & LS_SF_REWORK) != 0)) {
            ls_candidate_add(v->out, act, "%s %u: %s uninspected (%.3g %% bad)",
                             v->from->plant->products[step->product].name, lot->serial, done(way),
                             lots[i].bad * 100.0);
        }
    }
}

void ls_candidates_of_sort(ls_candidate_view *v) {
    const ls_m_station *st = v->c.stations + v->point->station;
    known least[EACH], most[EACH];
    uint32_t least_count = 0, most_count = 0;
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING},
                                   "inspected, as the line does");
    for (uint32_t q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = v->c.queue + st->queue_at + q;
        for (uint32_t lot = queue->count > 0 ? queue->head : LS_NO; lot != LS_NO;
             lot = v->c.lot[lot].next) {
            const known one = {.lot = lot,
                               .bad = ls_intervene_bad(v->from->twin, v->from->present, lot)};
            if (one.bad >= 0.0) {
                put(&v->c, &one, false, least, &least_count);
                put(&v->c, &one, true, most, &most_count);
            }
        }
    }
    add(v, least, least_count, LS_SORT_PASS);
    add(v, most, most_count, LS_SORT_REWORK);
    add(v, most, most_count, LS_SORT_SCRAP);
}

bool ls_question_sorts(const ls_ctx *c, uint32_t station) {
    const ls_m_station *st = c->stations + station;
    for (uint32_t q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = c->queue + st->queue_at + q;
        for (uint32_t lot = queue->count > 0 ? queue->head : LS_NO; lot != LS_NO;
             lot = c->lot[lot].next) {
            const uint32_t slot = c->steps[c->lot[lot].step].quality_slot;
            if (slot != 0 && c->memory[(size_t)lot * c->m->memory_slots + slot - 1] != 0) {
                return true;
            }
        }
    }
    return false;
}

// The machine that the question is about, whose station's lots it sorts: the first that would take
// the line's word, else the first of all.
uint32_t ls_question_sorter(const ls_ctx *c, uint32_t station) {
    const ls_m_station *st = c->stations + station;
    for (uint32_t k = 0; k < st->machine_count; k++) {
        const ls_s_machine *mc = c->machine + st->machine_at + k;
        if (mc->mode == 0 && (mc->hand & LS_HAND_STOPPED) == 0) {
            return st->machine_at + k;
        }
    }
    return st->machine_at;
}
