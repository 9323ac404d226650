// candidate.c - what could be done about a question.
#include "decide/candidate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "decide/candidate_inside.h"
#include "decide/question.h"
#include "twin/intervene.h"

static bool act_is(const ls_candidate *candidate, const ls_act *act) {
    if (act->kind == LS_DO_NOTHING || candidate->act_count != 1) {
        return act->kind == LS_DO_NOTHING && candidate->act_count == 0;
    }
    const ls_act *a = candidate->acts;
    return a->kind == act->kind && a->index == act->index && a->value == act->value &&
           a->number == act->number;
}

uint32_t ls_candidate_add(ls_candidates *out, ls_act act, const char *format, ...) {
    for (uint32_t i = 0; i < out->count; i++) {
        if (act_is(out->items + i, &act)) {
            return i;
        }
    }
    if (out->count == LS_CANDIDATES_MAX) {
        out->left_out = true;
        return 0;
    }
    ls_candidate *candidate = out->items + out->count;
    memset(candidate, 0, sizeof *candidate);
    if (act.kind != LS_DO_NOTHING) {
        candidate->acts[0] = act;
        candidate->act_count = 1;
    }
    va_list list;
    va_start(list, format);
    vsnprintf(candidate->label, sizeof candidate->label, format, list);
    va_end(list);
    return out->count++;
}

static void of_maintenance(ls_candidate_view *v) {
    const ls_m_machine *m = v->c.machines + v->question.subject;
    const ls_station *station = v->from->plant->stations + v->point->station;
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING}, "not now");
    uint32_t k = 0;  // of the machine's modes, in the order of the station's
    for (uint32_t i = 0; i < station->failure_count && k < m->mode_count; i++) {
        const ls_failure *mode = v->from->plant->failures + station->failure_at + i;
        bool on = mode->on_count == 0;
        for (uint32_t j = 0; j < mode->on_count; j++) {
            on |= v->from->plant->indexes[mode->on_at + j] ==
                  v->question.subject - v->c.stations[v->point->station].machine_at;
        }
        if (!on) {
            continue;
        }
        if (mode->maintenance && ((v->c.machine[v->question.subject].pending >> k) & 1) == 0) {
            const ls_act act = {
                .kind = LS_DO_MAINTAIN, .index = v->question.subject, .value = (int64_t)k};
            ls_candidate_add(v->out, act, "%s now",
                             mode->name != NULL ? mode->name : "maintenance");
        }
        k++;
    }
}

enum { SOON_US = 1000000 };  // the line says to the second when it lets in what waits outside

// Lots wait in the order pool: all come in by themselves, now or when the line has said; else all
// come in now. Or they are put off for a part of the mean time between releases (of a timetable: of
// the raw process time), or the first comes in and the others are put off.
static void of_order_pool(ls_candidate_view *v) {
    const uint32_t class = v->question.subject;
    const ls_m_release *r = v->c.releases + class;
    const char *name = v->from->plant->releases[class].name;
    const double every = r->kind == LS_RELEASE_EVERY
                             ? LS_MODEL_ARRAY(v->c.m, double, mean_at)[r->every]
                             : (double)r->base;
    const int64_t more_us = v->c.release[class].put_off - v->c.now;
    char when[64] = "when it is told to";
    if (more_us > SOON_US && more_us < LS_NEVER / 2) {
        char time[48];
        ls_units_show_time((double)more_us, time, sizeof time);
        ls_text_format(when, sizeof when, "in %s", time);
    }
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING}, "%s comes in %s", name,
                                   more_us > SOON_US ? when : "now");
    if (more_us > SOON_US) {
        const ls_act in = {.kind = LS_DO_PUT_OFF, .index = class};
        ls_candidate_add(v->out, in, "all of %s comes in now", name);
    }
    static const double shares[] = {0.25, 0.5, 1.0};
    for (int first = 0; first < 2 && first <= (int)v->c.release[class].pooled - first; first++) {
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
            const double span = every * shares[i];
            const ls_act act = {.kind = LS_DO_PUT_OFF,
                                .index = class,
                                .value = span < 1e6 ? 1000000 : (int64_t)span,
                                .number = first};
            char text[100];
            ls_act_text(v->from->plant, &act, NULL, text, sizeof text);
            ls_candidate_add(v->out, act, "%s", text);
        }
    }
}

static void of_release(ls_candidate_view *v) {
    if (v->c.releases[v->question.subject].pool != 0) {
        of_order_pool(v);
        return;
    }
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING}, "none now");
    const ls_act act = {.kind = LS_DO_RELEASE, .index = v->question.subject};
    ls_candidate_add(v->out, act, "one more %s now",
                     v->from->plant->releases[v->question.subject].name);
}

// One of the numbers of the plant file; the one in force is the incumbent.
static void of_numbers(ls_candidate_view *v, ls_act_kind kind, const char *what, uint32_t now) {
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING}, "%s: stay at %u", what,
                                   now);
    for (uint32_t i = 0; i < v->point->number_count; i++) {
        const double number = v->from->plant->decide.numbers[v->point->number_at + i];
        if ((uint32_t)number != now) {
            const ls_act act = {
                .kind = kind, .index = v->question.subject, .value = (int64_t)number};
            ls_candidate_add(v->out, act, "%s: %u instead of %u", what, (uint32_t)number, now);
        }
    }
}

static void of_setpoint(ls_candidate_view *v) {
    const ls_measured *m = v->from->plant->listen.values + v->question.subject;
    v->out->own = ls_candidate_add(v->out, (ls_act){.kind = LS_DO_NOTHING}, "%s: as it is",
                                   m->name);
    for (uint32_t i = 0; i < v->point->number_count; i++) {
        char text[40];
        const double number = v->from->plant->decide.numbers[v->point->number_at + i];
        const ls_act act = {.kind = LS_DO_SET, .index = v->question.subject, .number = number};
        ls_text_format(text, sizeof text, "%g", number);
        ls_candidate_add(v->out, act, "%s to %s %s", m->name, text, m->unit != NULL ? m->unit : "");
    }
}

ls_status ls_candidates_find(const ls_candidate_from *from, const ls_question *question,
                             ls_candidates *out, ls_error *err) {
    out->count = 0;
    out->own = 0;
    out->left_out = false;
    if (!ls_question_is_open(from->plant, from->twin, from->present, question)) {
        return ls_fail(err, LS_ERR_INVALID, "there is nothing to decide: question %u/%u",
                       question->point, question->subject);
    }
    ls_candidate_view v = {.from = from,
                           .point = from->plant->decide.points + question->point,
                           .question = *question,
                           .c = ls_look(from->twin, from->present),
                           .base = ls_look(from->base_twin, from->base_present),
                           .out = out};
    switch (v.point->kind) {
    case LS_DECIDE_MAINTENANCE: of_maintenance(&v); break;
    case LS_DECIDE_RELEASE: of_release(&v); break;
    case LS_DECIDE_CONWIP:
        of_numbers(&v, LS_DO_KEEP, "lots kept",
                   ls_intervene_kept(from->twin, from->present, question->subject));
        break;
    case LS_DECIDE_STAFFING:
        of_numbers(&v, LS_DO_STAFF, "operators",
                   ls_intervene_staffed(from->twin, from->present, question->subject));
        break;
    case LS_DECIDE_SETPOINT: of_setpoint(&v); break;
    case LS_DECIDE_SORT: ls_candidates_of_sort(&v); break;
    default: ls_candidates_of_machine(&v); break;
    }
    return LS_OK;
}
