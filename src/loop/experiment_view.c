// experiment_view.c - what an experiment says so far, from its record alone.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "loop/experiment_record.h"
#include "loop/json_value.h"

#define LEVEL 0.95

// Costs become gains: less is better.
static json_t *gain_json(double effect, double low, double high, double p, bool claimed) {
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "gain", ls_json_number(-effect), "low",
                     ls_json_number(-high), "high", ls_json_number(-low), "p", ls_json_number(p),
                     "claimed", claimed);
}

// Periods in a row from the first on that are over.
static uint32_t over_of(const ls_experiment_record *r) {
    uint32_t over = 0;
    while (over < r->begun && r->periods[over].over) {
        over++;
    }
    return over;
}

typedef struct numbers {
    uint8_t *coins;
    double *outcomes, *forecasts;
} numbers;

static void numbers_clear(numbers *n) {
    ls_free(n->coins);
    ls_free(n->outcomes);
    ls_free(n->forecasts);
}

// What is taken off a period is what the twin expected of it a period before: then the state it
// looked from no longer shows which rule stood before this period's window, so that nothing of the
// effect is taken off. Where there is none, what was expected before the beginning.
static bool numbers_make(const ls_experiment_record *r, numbers *n) {
    const uint32_t periods = r->shape.periods;
    n->coins = ls_alloc(periods);
    n->outcomes = ls_alloc(periods * sizeof *n->outcomes);
    n->forecasts = ls_alloc(periods * sizeof *n->forecasts);
    if (n->coins == NULL || n->outcomes == NULL || n->forecasts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < ls_switchback_coins(&r->shape); i++) {
        n->coins[i] = ls_switchback_draw(r->seed, i);
    }
    for (uint32_t t = 0; t < periods; t++) {
        const double ahead = t > 0 ? r->periods[t - 1].ahead : NAN;
        n->outcomes[t] = r->periods[t].over ? r->periods[t].outcome : NAN;
        n->forecasts[t] = isfinite(ahead) ? ahead : isfinite(r->expected) ? r->expected : 0.0;
    }
    n->outcomes[0] = isfinite(n->outcomes[0]) ? n->outcomes[0] : n->forecasts[0];  // not used
    return true;
}

static json_t *rows_of(const ls_experiment_record *r, const numbers *n) {
    json_t *rows = json_array();
    for (uint32_t t = 0; t < r->begun; t++) {
        const ls_experiment_period *p = &r->periods[t];
        json_array_append_new(
            rows, json_pack("{s:I, s:s, s:I, s:b, s:o, s:o, s:o}", "period", (json_int_t)t + 1,
                            "rule", ls_experiment_is_new(r, t) ? "lineshaft" : "own", "begins_us",
                            (json_int_t)(r->begins_us + (int64_t)t * r->shape.period_us), "over",
                            p->over, "per_hour", ls_json_number(p->outcome), "expected",
                            ls_json_number(n->forecasts[t]), "share",
                            ls_json_number(p->over ? p->share : NAN)));
    }
    return rows;
}

static void say(const ls_experiment_record *r, const json_t *of, bool at_end, uint32_t over,
                char *en, char *ko, size_t size) {
    const bool claimed = json_is_true(json_object_get(of, "claimed"));
    const double gain = json_number_value(json_object_get(of, "gain"));
    const double low = json_number_value(json_object_get(of, "low"));
    const double high = json_number_value(json_object_get(of, "high"));
    const double p = json_number_value(json_object_get(of, "p"));
    if (!json_is_number(json_object_get(of, "gain"))) {
        ls_text_format(en, size,
                       "Experiment: %u of %u periods are over; too early to say anything.", over,
                       r->shape.periods);
        ls_text_format(ko, size, "실험: %u/%u 기간 완료; 아직 말할 수 없음.", over,
                       r->shape.periods);
        return;
    }
    ls_text_format(en, size,
                   "Experiment: after %u of %u periods Lineshaft %s %.3g %s an hour (%.3g to %.3g, "
                   "p %.2g%s)%s",
                   over, r->shape.periods, gain < 0 ? "loses" : "gains", fabs(gain), r->unit, low,
                   high, p, at_end ? "" : ", looked at any time", claimed ? "." : ": not shown.");
    ls_text_format(ko, size, "실험: %u/%u 기간 후 시간당 효과 %.3g %s (%.3g ~ %.3g, p %.2g): %s.",
                   over, r->shape.periods, gain, r->unit, low, high, p,
                   claimed ? "입증됨" : "입증되지 않음");
}

// Adds "any_time", "final", "claimed", "text".
static void put_answer(const ls_experiment_record *r, const numbers *n, uint32_t over,
                       json_t *out) {
    const ls_switchback_def def = {.design = r->shape,
                                   .carryover_us = r->carryover_us,
                                   .coins = n->coins,
                                   .outcomes = n->outcomes,
                                   .forecast = n->forecasts,
                                   .level = LEVEL,
                                   .seed = r->seed};
    char en[400];
    char ko[400];
    ls_error err = {0};
    ls_switchback_look look;
    ls_switchback_result end;
    const bool at_end = over == r->shape.periods;
    json_t *final = json_null();
    ls_status status = ls_switchback_look_at(&def, over, &look, &err);
    json_t *early = gain_json(look.effect, look.low, look.high, look.p, look.claimed);
    if (status == LS_OK && at_end) {
        status = ls_switchback_analyse(&def, &end, &err);
    }
    if (status == LS_OK && at_end) {
        json_decref(final);
        final = gain_json(end.effect, end.low, end.high, end.p, end.claimed);
        json_object_set_new(final, "hajek", ls_json_number(-end.hajek));
        json_object_set_new(final, "p_least", ls_json_number(end.p_least));
    }
    const json_t *valid = json_is_object(final) ? final : early;
    if (status == LS_OK) {
        say(r, valid, at_end, over, en, ko, sizeof en);
    } else {
        ls_text_format(en, sizeof en, "Experiment: no answer: %s.", err.text);
        ls_text_format(ko, sizeof ko, "실험: 결과 없음: %s.", err.text);
    }
    json_object_set_new(
        out, "claimed",
        json_boolean(status == LS_OK && json_is_true(json_object_get(valid, "claimed"))));
    json_object_set_new(out, "any_time", early);
    json_object_set_new(out, "final", final);
    json_object_set_new(out, "text", json_string(en));
    json_object_set_new(out, "text_ko", json_string(ko));
}

static void put_refused(const ls_experiment_record *r, json_t *out) {
    char text[LS_EXPERIMENT_REASON + 32];
    ls_text_format(text, sizeof text, "Experiment refused: %s", r->reason);
    json_object_set_new(out, "text", json_string(text));
    ls_text_format(text, sizeof text, "실험 거부됨: %s", r->reason);
    json_object_set_new(out, "text_ko", json_string(text));
    json_object_set_new(out, "claimed", json_false());
}

json_t *ls_experiment_account(const ls_experiment_record *r) {
    char id[32];
    if (r->number == 0) {
        return json_null();
    }
    ls_text_format(id, sizeof id, "x-%llu", (unsigned long long)r->number);
    json_t *out = json_pack("{s:s, s:s, s:s}", "id", id, "state",
                            ls_experiment_state_name(r->state), "reason", r->reason);
    if (r->periods == NULL) {
        put_refused(r, out);
        return out;
    }
    numbers n = {0};
    if (!numbers_make(r, &n)) {
        numbers_clear(&n);
        json_decref(out);
        return NULL;
    }
    const uint32_t over = over_of(r);
    json_object_set_new(out, "unit", json_string(r->unit));
    json_object_set_new(out, "begins_us", json_integer((json_int_t)r->begins_us));
    json_object_set_new(out, "block_s", json_real((double)r->shape.period_us * 1e-6));
    json_object_set_new(out, "carryover_s", json_real((double)r->carryover_us * 1e-6));
    json_object_set_new(out, "against", json_string(r->rule));
    json_object_set_new(out, "periods", json_integer(r->shape.periods));
    json_object_set_new(out, "over", json_integer(over));
    json_object_set_new(out, "rows", rows_of(r, &n));
    put_answer(r, &n, over, out);
    numbers_clear(&n);
    return out;
}

ls_status ls_experiment_prove(ls_history *history, json_t **out, ls_error *err) {
    ls_experiment_record record;
    *out = NULL;
    const ls_status status = ls_experiment_recall(history, &record, err);
    if (status != LS_OK) {
        return status;
    }
    *out = ls_experiment_account(&record);
    ls_experiment_record_clear(&record);
    return *out != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory for the experiment");
}
