// decisions_condition.c - what was told of machines before a question was asked (told.h), in words
// for people.
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "decide/look.h"
#include "loop/decisions_inside.h"
#include "twin/condition.h"

// ---- for people

// Clock units that are left with chance `share` of less, by what is told.
static double left(const ls_decisions *d, uint32_t index, double share) {
    const ls_ctx c = ls_look(d->twin, d->present);
    const ls_m_condition *m = ls_model_conditions(c.m) + index;
    const ls_s_condition *s = ls_state_conditions(c.m, c.s) + index;
    const ls_s_mode *mode = c.mode + m->mode;
    if (m->at == LS_NO) {  // a life
        return ls_condition_drawn(m, s, share);
    }
    const int64_t clock = mode->elapsed + (mode->since == LS_NEVER ? 0 : c.now - mode->since);
    return ls_condition_rest(m, c.dists + m->at, c.tables, s->value, (double)clock, share, NULL);
}

static void show_left(const ls_decisions *d, uint32_t index, double share, char *out, size_t size) {
    const ls_failure *f = &d->plant->failures[d->told.items[index].failure];
    const double amount = left(d, index, share);
    if (f->by == LS_FAIL_BUSY || f->by == LS_FAIL_CALENDAR) {
        const double grain = amount >= 600e6 ? 60e6 : 1e6;
        ls_units_show_time(floor(amount / grain + 0.5) * grain, out, size);
    } else {
        ls_text_format(out, size, "%.0f", amount);
    }
}

static const char *why_not(ls_told_known known, bool korean) {
    static const char *const english[] = {"",
                                          "nothing has been heard of it yet",
                                          "what was heard last is too old",
                                          "what was heard last is no number",
                                          "the model has not seen its like: it is flagged unusual",
                                          "the model lacks some of its tags",
                                          "the model does not say how sure it is",
                                          "the part is too new for it",
                                          "what was heard last cannot be a process time"};
    static const char *const others[] = {"",
                                         "아직 수신된 값 없음",
                                         "마지막 값이 너무 오래됨",
                                         "마지막 값이 숫자가 아님",
                                         "모델이 학습하지 않은 상황(이상 표시)",
                                         "모델의 일부 입력 태그에 값이 없음",
                                         "모델의 불확실도를 알 수 없음",
                                         "교체 직후라 아직 예측 불가",
                                         "마지막 값이 가공시간 범위를 벗어남"};
    return korean ? others[known] : english[known];
}

void ls_decisions_condition_words(const ls_decisions *d, uint32_t index, char *out, char *out_ko,
                                  size_t size) {
    const ls_told_item *c = &d->told.items[index];
    const ls_failure *f = &d->plant->failures[c->failure];
    const char *machine = d->plant->machines[c->machine].name;
    const char *by = c->plan->model != NULL ? c->plan->model : "its tag";
    const char *by_ko = c->plan->model != NULL ? c->plan->model : "태그";
    if (c->known != LS_TOLD_KNOWN) {
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
    if (c->plan->at == LS_NONE) {
        ls_text_format(out, size, "%s of %s: about %s%s left by %s (80 %%: %s to %s)", f->name,
                       machine, middle, f->by == LS_FAIL_BUSY ? " in work" : "", by, low, high);
        ls_text_format(out_ko, size, "%s %s: 남은 수명 약 %s (%s, 80 %% 구간 %s ~ %s)", machine,
                       f->name, middle, by_ko, low, high);
        return;
    }
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

void ls_decisions_slowness_words(const ls_decisions *d, char *out, char *out_ko, size_t size) {
    size_t used = 0;
    size_t used_ko = 0;
    out[0] = out_ko[0] = '\0';
    for (uint32_t i = 0; i < d->told.count; i++) {
        const ls_ctx look = ls_look(d->twin, d->present);
        const ls_told_item *c = &d->told.items[i];
        const ls_s_condition *s = ls_state_conditions(look.m, look.s) + i;
        if (c->mode != LS_NONE || s->told == 0) {
            continue;
        }
        const double pace = ls_model_conditions(look.m)[i].pace;
        const char *machine = d->plant->machines[c->machine].name;
        const char *by = c->plan->model != NULL ? c->plan->model : "its tag";
        const char *by_ko = c->plan->model != NULL ? c->plan->model : "태그";
        char one[160], one_ko[160];
        ls_text_format(one, sizeof one, "%s%s x %.3g (error %.2g, by %s)",
                       used == 0 ? "work takes longer or shorter than the plant file says: " : "; ",
                       machine, s->value * pace, s->deviation * pace, by);
        ls_text_format(one_ko, sizeof one_ko, "%s%s %.3g배 (오차 %.2g, %s)",
                       used_ko == 0 ? "예측된 가공시간 배율: " : "; ", machine, s->value * pace,
                       s->deviation * pace, by_ko);
        if (used + strlen(one) + 1 > size || used_ko + strlen(one_ko) + 1 > size) {
            return;  // the rest stands in the row
        }
        memcpy(out + used, one, strlen(one) + 1);
        memcpy(out_ko + used_ko, one_ko, strlen(one_ko) + 1);
        used += strlen(one);
        used_ko += strlen(one_ko);
    }
}
