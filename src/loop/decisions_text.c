// decisions_text.c - what is decided and why, in English and Korean.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "loop/decisions_inside.h"

enum { ACT_SIZE = 200, SENTENCE_SIZE = 500 };

const char *ls_decisions_subject(const ls_plant *plant, const ls_question *question) {
    const ls_decide_point *point = &plant->decide.points[question->point];
    if (point->station != LS_NONE) {
        return plant->machines[question->subject].name;
    }
    if (point->release != LS_NONE) {
        return plant->releases[point->release].name;
    }
    return point->operators != LS_NONE ? plant->operators[point->operators].name
                                       : plant->listen.values[point->measured].name;
}

const char *ls_decisions_unit(const ls_plant *plant, const ls_question *question) {
    if (!ls_decisions_is_setting(plant, question)) {
        return plant->decide.unit;
    }
    const char *unit = ls_decide_counts(plant, &plant->decide.points[question->point])->unit;
    return unit != NULL ? unit : "";
}

// ---- acts

static const char *lot_of(const ls_decisions *d, const ls_act *act) {
    const char *lot = act->kind == LS_DO_CHOOSE || act->kind == LS_DO_SORT
                          ? ls_decisions_lot(d, act->value)
                          : NULL;
    return lot != NULL ? lot : "";
}

static void mode_name(const ls_decisions *d, const ls_act *act, char *out, size_t size) {
    const ls_plant *plant = d->plant;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *station = &plant->stations[s];
        if (act->index >= station->machine_at &&
            act->index < station->machine_at + station->machine_count &&
            (uint64_t)act->value < station->failure_count) {
            ls_text_format(out, size, "%s",
                           plant->failures[station->failure_at + (uint32_t)act->value].name);
            return;
        }
    }
    ls_text_format(out, size, "%lld", (long long)act->value);
}

static void put_off_ko(const char *on, const ls_act *act, char *out, size_t size) {
    char span[64] = "지시가 있을 때까지";
    char first[64] = "";
    if (act->value == 0) {
        ls_text_format(out, size, "%s: 라인 밖에서 대기하는 로트를 모두 지금 투입", on);
        return;
    }
    if (act->value < LS_FOREVER / 4) {
        char time[48];
        ls_units_print_time(act->value, time, sizeof time);
        ls_text_format(span, sizeof span, "%s 동안", time);
    }
    if (act->number > 0.0) {
        ls_text_format(first, sizeof first, ", 먼저 %.0f로트 투입", act->number);
    }
    ls_text_format(out, size, "%s: %s 투입 보류%s", on, span, first);
}

static void act_ko(const ls_decisions *d, const ls_act *act, char *out, size_t size) {
    char more[130];
    const char *on = ls_act_on(d->plant, act);
    switch (act->kind) {
    case LS_DO_CHOOSE:
        ls_text_format(out, size, "%s: 다음 로트 %s%s", on, lot_of(d, act),
                       act->number != 0.0 ? " (같은 제품만의 배치)" : "");
        return;
    case LS_DO_HOLD:
        ls_units_print_time(act->value, more, sizeof more);
        ls_text_format(out, size, "%s: %s 동안 시작하지 않고 대기", on, more);
        return;
    case LS_DO_PUT_OFF: put_off_ko(on, act, out, size); return;
    case LS_DO_RELEASE: ls_text_format(out, size, "%s: 로트 하나를 지금 투입", on); return;
    case LS_DO_MAINTAIN:
        mode_name(d, act, more, sizeof more);
        ls_text_format(out, size, "%s: 보전 %s을(를) 지금 실시", on, more);
        return;
    case LS_DO_SET_UP:
        ls_text_format(out, size, "%s: 지금 %s 세팅", on, ls_act_setup(d->plant, act));
        return;
    case LS_DO_SORT:
        ls_text_format(out, size, "%s: 로트 %s 검사 없이 %s", on, lot_of(d, act),
                       act->number == LS_SORT_PASS     ? "통과"
                       : act->number == LS_SORT_REWORK ? "재작업"
                                                       : "폐기");
        return;
    case LS_DO_KEEP:
        ls_text_format(out, size, "%s: 재공 %lld로트 유지", on, (long long)act->value);
        return;
    case LS_DO_STAFF:
        ls_text_format(out, size, "%s: 작업자 %lld명", on, (long long)act->value);
        return;
    case LS_DO_SET: ls_text_format(out, size, "%s: 설정값 %.6g", on, act->number); return;
    case LS_DO_NOTHING:
    case LS_DO_KIND_COUNT: break;
    }
    ls_text_format(out, size, "라인 자체 규칙을 따름");
}

static void acts_text(const ls_decisions *d, const ls_candidate *c, bool korean, char *out,
                      size_t size) {
    size_t length = 0;
    if (c->act_count == 0) {
        const ls_act nothing = {.kind = LS_DO_NOTHING};
        if (korean) {
            act_ko(d, &nothing, out, size);
        } else {
            ls_text_format(out, size, "the line's own rule goes on");
        }
        return;
    }
    out[0] = '\0';
    for (uint32_t i = 0; i < c->act_count && length < size; i++) {
        char one[ACT_SIZE];
        if (korean) {
            act_ko(d, &c->acts[i], one, sizeof one);
        } else {
            ls_act_text(d->plant, &c->acts[i], lot_of(d, &c->acts[i]), one, sizeof one);
        }
        length += ls_text_format(out + length, size - length, "%s%s", i > 0 ? ", " : "", one);
    }
}

static void titles(const ls_decisions *d, const ls_answer *a, decision_words *out) {
    char chosen[DECISION_TEXT_SIZE / 2], own[DECISION_TEXT_SIZE / 2];
    const ls_candidate *mine = &a->candidates[a->chosen];
    const ls_candidate *theirs = &a->candidates[a->own];
    acts_text(d, mine, false, chosen, sizeof chosen);
    const bool lots = a->chosen != a->own && theirs->act_count == 1 && mine->act_count == 1 &&
                      theirs->acts[0].kind == LS_DO_CHOOSE;
    ls_text_format(own, sizeof own, "%s", lots ? lot_of(d, &theirs->acts[0]) : "");
    ls_text_format(out->title, sizeof out->title, "%s%s%s", chosen, lots ? " instead of " : "",
                   own);
    acts_text(d, mine, true, chosen, sizeof chosen);
    ls_text_format(out->title_ko, sizeof out->title_ko, "%s%s%s%s", chosen, lots ? " (" : "", own,
                   lots ? " 대신)" : "");
}

// ---- why

static void say(const decision_words *w, const char *english, const char *korean) {
    json_array_append_new(w->why, json_string(english));
    json_array_append_new(w->why_ko, json_string(korean));
}

// One act by a rule that is better as a rule.
static void why_rule(const ls_decisions *d, const ls_answer *a, const decision_words *w) {
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
    const char *unit = d->plant->decide.unit;
    const ls_effect *e = &a->by_base;
    ls_text_format(en, sizeof en,
                   "the base rule '%s' takes this; the twin found that it gains %.3g %s an hour on "
                   "the line's own rule (95 %%: %.3g to %.3g, on %u fresh futures)",
                   a->base, e->gain, unit, e->low, e->high, a->by_base_futures);
    ls_text_format(
        ko, sizeof ko,
        "기준 규칙 '%s'의 선택. 트윈에 따르면 이 규칙은 라인 자체 규칙보다 시간당 %.3g %s "
        "이득 (95 %% 구간 %.3g ~ %.3g, 새 미래 %u개)",
        a->base, e->gain, unit, e->low, e->high, a->by_base_futures);
    say(w, en, ko);
}

static void why_gain(const ls_decisions *d, const ls_answer *a, const decision_words *w) {
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE], horizon[64];
    const char *unit = d->plant->decide.unit;
    const int64_t grain = a->horizon_us >= 10 * LS_US_PER_MIN ? LS_US_PER_MIN : LS_US_PER_S;
    ls_units_print_time((a->horizon_us + grain / 2) / grain * grain, horizon, sizeof horizon);
    if (ls_decisions_by_base(a)) {
        why_rule(d, a, w);
    }
    if (a->chosen == 0) {
        ls_text_format(en, sizeof en,
                       "of %u possibilities none was better than %s beyond doubt over the next %s",
                       a->candidate_count, ls_decisions_by_base(a) ? "that" : "the rule's",
                       horizon);
        ls_text_format(ko, sizeof ko, "앞으로 %s 동안 %u개 대안 중 확실히 더 나은 것이 없음",
                       horizon, a->candidate_count);
    } else {
        const ls_effect e = ls_decisions_effect(a);
        char with[80] = "", with_ko[80] = "";
        if (a->joint_count > 1) {
            ls_text_format(with, sizeof with, "together with %u other of this moment ",
                           a->joint_count - 1);
            ls_text_format(with_ko, sizeof with_ko, "같은 순간의 다른 결정 %u개와 함께 ",
                           a->joint_count - 1);
        }
        ls_text_format(en, sizeof en,
                       "over the next %s it %sgains %.3g %s (%.3g %%: %.3g to %.3g), on %u fresh "
                       "futures",
                       horizon, with, e.gain, unit, a->level * 100, e.low, e.high,
                       a->claim_futures);
        ls_text_format(ko, sizeof ko,
                       "앞으로 %s 동안 %s이득 %.3g %s (%.3g %% 구간 %.3g ~ %.3g), 새 미래 %u개로 "
                       "추정",
                       horizon, with_ko, e.gain, unit, a->level * 100, e.low, e.high,
                       a->claim_futures);
    }
    say(w, en, ko);
}

// What waits outside, and until when if nobody says anything: a question that costs while it is
// open.
static void why_pool(const ls_decisions *d, const ls_answer *a, const decision_words *w) {
    const ls_decide_point *point = &d->plant->decide.points[a->question.point];
    if (point->kind != LS_DECIDE_RELEASE || d->present == NULL ||
        !d->plant->releases[point->release].pool) {
        return;
    }
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE], span[64];
    const char *class = d->plant->releases[point->release].name;
    const ls_s_release *rs = LS_STATE_VIEW(d->twin->model, d->present->state, ls_s_release,
                                           s_release) +
                             point->release;
    const int64_t more_us = rs->put_off - d->present->state->now;
    if (rs->pooled == 0 || more_us < LS_US_PER_S || more_us > LS_NEVER / 2) {
        return;
    }
    ls_units_print_time((more_us + LS_US_PER_S / 2) / LS_US_PER_S * LS_US_PER_S, span, sizeof span);
    ls_text_format(en, sizeof en,
                   "%u of %s wait%s outside; without a word the line lets them in in %s",
                   rs->pooled, class, rs->pooled == 1 ? "s" : "", span);
    ls_text_format(ko, sizeof ko,
                   "%s %u로트가 라인 밖에서 대기 중. 지시가 없으면 %s 뒤 라인이 투입", class,
                   rs->pooled, span);
    say(w, en, ko);
}

static void why_terms(const ls_answer *a, const decision_words *w) {
    static const char *const english[LS_TERM_COUNT] = {"lots done",
                                                       "lots done in time",
                                                       "hours of lots inside",
                                                       "lots inside, times hours",
                                                       "hours of lateness",
                                                       "setups",
                                                       "bad lots passed on",
                                                       "lots scrapped",
                                                       "lots reworked",
                                                       "lots inspected"};
    static const char *const korean[LS_TERM_COUNT] = {
        "완성 로트", "납기 준수 로트",   "재공 체류 시간", "재공 × 시간", "지연 시간",
        "셋업 횟수", "통과된 불량 로트", "폐기 로트",      "재작업 로트", "검사 로트"};
    for (unsigned t = 0; t < LS_TERM_COUNT && a->chosen != 0; t++) {
        const ls_effect *e = &a->terms[t];
        // Both are the integral of lots inside: said once.
        if (t == LS_TERM_WIP && e->gain == a->terms[LS_TERM_CYCLE_TIME].gain) {
            continue;
        }
        if (isfinite(e->low) && isfinite(e->high) && (e->low > 0 || e->high < 0)) {
            char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
            ls_text_format(en, sizeof en, "%s: %+.3g (%.3g to %.3g)", english[t], e->gain, e->low,
                           e->high);
            ls_text_format(ko, sizeof ko, "%s: %+.3g (%.3g ~ %.3g)", korean[t], e->gain, e->low,
                           e->high);
            say(w, en, ko);
        }
    }
}

// Of a machine whose maintenance is asked about.
static void why_conditions(const ls_decisions *d, const ls_answer *a, const decision_words *w) {
    if (d->plant->decide.points[a->question.point].kind != LS_DECIDE_MAINTENANCE) {
        return;
    }
    for (uint32_t i = 0; i < d->told.count; i++) {
        if (d->told.items[i].mode != LS_NONE && d->told.items[i].machine == a->question.subject) {
            char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
            ls_decisions_condition_words(d, i, en, ko, SENTENCE_SIZE);
            say(w, en, ko);
        }
    }
}

static void why_slowness(const ls_decisions *d, const decision_words *w) {
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
    ls_decisions_slowness_words(d, en, ko, SENTENCE_SIZE);
    if (en[0] != '\0') {
        say(w, en, ko);
    }
}

// Of a lot that goes on uninspected.
static void why_sorted(const ls_decisions *d, const ls_answer *a, const decision_words *w) {
    const ls_act *act = a->candidates[a->chosen].acts;
    if (a->candidates[a->chosen].act_count == 1 && act->kind == LS_DO_SORT) {
        char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
        if (ls_decisions_quality_words(d, act->value, en, ko, SENTENCE_SIZE)) {
            say(w, en, ko);
        }
    }
}

static void why_search(const ls_answer *a, const decision_words *w) {
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE];
    ls_text_format(en, sizeof en, "%u possibilities were tried on %llu futures, then by '%s'%s",
                   a->candidate_count, (unsigned long long)a->futures, a->base,
                   a->cut ? "; the deadline ended the search" : "");
    ls_text_format(ko, sizeof ko, "대안 %u개를 미래 %llu개에서 시험, 이후 규칙 '%s'%s",
                   a->candidate_count, (unsigned long long)a->futures, a->base,
                   a->cut ? "; 마감 시한으로 탐색 종료" : "");
    say(w, en, ko);
}

// A setting is no act in the plant: its value goes where the response and its disturbance let it.
static void why_setting(const ls_decisions *d, const ls_answer *a, decision_words *w) {
    char en[SENTENCE_SIZE], ko[SENTENCE_SIZE], horizon[64];
    const ls_decide_point *point = &d->plant->decide.points[a->question.point];
    const ls_measured *m = ls_decide_counts(d->plant, point);
    const char *set = d->plant->listen.values[a->question.subject].name;
    const double target = point->target;
    const char *unit = m->unit != NULL ? m->unit : "";
    const ls_effect *e = &a->claim;
    ls_units_print_time((a->horizon_us + LS_US_PER_S / 2) / LS_US_PER_S * LS_US_PER_S, horizon,
                        sizeof horizon);
    if (point->minimizes) {
        ls_text_format(en, sizeof en,
                       "%s is at %.6g %s with %s set to %.6g; it should be as small as possible",
                       m->name, d->outlook->value, unit, set, d->outlook->setting);
        ls_text_format(ko, sizeof ko, "%s 현재 값 %.6g %s, %s 설정값 %.6g, 작을수록 좋음", m->name,
                       d->outlook->value, unit, set, d->outlook->setting);
    } else {
        ls_text_format(en, sizeof en, "%s is at %.6g %s, set to %.6g; it should be %.6g", m->name,
                       d->outlook->value, unit, d->outlook->setting, target);
        ls_text_format(ko, sizeof ko, "%s 현재 값 %.6g %s, 설정값 %.6g, 목표 %.6g", m->name,
                       d->outlook->value, unit, d->outlook->setting, target);
    }
    say(w, en, ko);
    if (a->chosen == 0) {
        ls_text_format(w->title, sizeof w->title, "%s stays as it is set", set);
        ls_text_format(w->title_ko, sizeof w->title_ko, "%s: 설정값 유지", set);
        ls_text_format(en, sizeof en, "of %u settings none is better beyond doubt over the next %s",
                       a->candidate_count, horizon);
        ls_text_format(ko, sizeof ko, "앞으로 %s 동안 %u개 설정값 중 확실히 더 나은 것이 없음",
                       horizon, a->candidate_count);
    } else if (point->minimizes) {
        ls_text_format(en, sizeof en,
                       "over the next %s it is on average %.3g %s less (%.3g %%: %.3g to %.3g), "
                       "on %u fresh futures",
                       horizon, e->gain, unit, a->level * 100, e->low, e->high, a->claim_futures);
        ls_text_format(ko, sizeof ko,
                       "앞으로 %s 동안 평균 %.3g %s 감소 (%.3g %% 구간 %.3g ~ %.3g), 새 미래 "
                       "%u개로 추정",
                       horizon, e->gain, unit, a->level * 100, e->low, e->high, a->claim_futures);
    } else {
        ls_text_format(en, sizeof en,
                       "over the next %s it is on average %.3g %s nearer (%.3g %%: %.3g to %.3g), "
                       "on %u fresh futures",
                       horizon, e->gain, unit, a->level * 100, e->low, e->high, a->claim_futures);
        ls_text_format(
            ko, sizeof ko,
            "앞으로 %s 동안 목표에 평균 %.3g %s 더 가까움 (%.3g %% 구간 %.3g ~ %.3g), 새 "
            "미래 %u개로 추정",
            horizon, e->gain, unit, a->level * 100, e->low, e->high, a->claim_futures);
    }
    say(w, en, ko);
    ls_text_format(en, sizeof en,
                   "%u settings were tried on %llu futures of the declared response, disturbed as "
                   "it has been%s",
                   a->candidate_count, (unsigned long long)a->futures,
                   a->cut ? "; the deadline ended the search" : "");
    ls_text_format(ko, sizeof ko,
                   "설정값 %u개를 선언된 응답과 지금까지의 외란으로 만든 미래 %llu개에서 시험%s",
                   a->candidate_count, (unsigned long long)a->futures,
                   a->cut ? "; 마감 시한으로 탐색 종료" : "");
    say(w, en, ko);
}

void ls_decisions_words(const ls_decisions *d, const ls_answer *answer, decision_words *out) {
    out->why = json_array();
    out->why_ko = json_array();
    titles(d, answer, out);
    if (ls_decisions_is_setting(d->plant, &answer->question)) {
        why_setting(d, answer, out);
        return;
    }
    why_gain(d, answer, out);
    why_pool(d, answer, out);
    why_terms(answer, out);
    why_conditions(d, answer, out);
    why_slowness(d, out);
    why_sorted(d, answer, out);
    why_search(answer, out);
}
