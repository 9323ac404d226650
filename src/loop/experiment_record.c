// experiment_record.c - see experiment_record.h.
#include "loop/experiment_record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "loop/journal.h"
#include "loop/json_value.h"

static const char *const states[LS_EXPERIMENT_STATE_COUNT] = {"runs", "ended", "stopped",
                                                              "refused"};

const char *ls_experiment_state_name(ls_experiment_state state) {
    return states[state];
}

ls_status ls_experiment_record_open(ls_experiment_record *r, ls_error *err) {
    r->periods = ls_alloc((r->shape.periods + 1) * sizeof *r->periods);
    if (r->periods == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %u periods", r->shape.periods);
    }
    for (uint32_t i = 0; i <= r->shape.periods; i++) {
        r->periods[i] = (ls_experiment_period){.here = NAN, .ahead = NAN, .outcome = NAN};
    }
    r->begun = 0;
    return LS_OK;
}

void ls_experiment_record_clear(ls_experiment_record *r) {
    ls_free(r->periods);
    *r = (ls_experiment_record){0};
}

bool ls_experiment_is_new(const ls_experiment_record *r, uint32_t period) {
    return ls_switchback_draw(r->seed, ls_switchback_coin(&r->shape, period));
}

// ---- writing

static json_t *whole(int64_t value) {
    return json_integer((json_int_t)value);
}

// Takes the json.
static bool keep(ls_history *history, const ls_experiment_record *r, ls_log_level level,
                 json_t *json, const char *said) {
    char id[32];
    ls_text_format(id, sizeof id, "x-%llu", (unsigned long long)r->number);
    ls_error err = {0};
    const bool kept = ls_journal_record(history, "experiment", id, said, json, &err);
    ls_say(kept ? level : LS_LOG_ERROR, "experiment", id, "%s%s%s", said,
           kept ? "" : "; it could not be kept: ", kept ? "" : err.text);
    json_decref(json);
    return kept;
}

bool ls_experiment_keep_design(ls_history *history, const ls_experiment_record *r) {
    char said[512];
    char block[64];
    char carryover[64];
    ls_units_show_time((double)r->shape.period_us, block, sizeof block);
    ls_units_show_time((double)r->carryover_us, carryover, sizeof carryover);
    ls_text_format(
        said, sizeof said,
        "begins: %u periods of %s, %u coins; what a rule leaves behind lasts %s (against "
        "'%s', on the twin)",
        r->shape.periods, block, ls_switchback_coins(&r->shape), carryover, r->rule);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "what", "design",
                             "key", r->key, "unit", r->unit, "rule", r->rule, "begins_us",
                             (json_int_t)r->begins_us, "block_us", (json_int_t)r->shape.period_us,
                             "periods", (json_int_t)r->shape.periods, "carryover_us",
                             (json_int_t)r->carryover_us, "seed", whole((int64_t)r->seed),
                             "expected", ls_json_number(r->expected));
    return keep(history, r, LS_LOG_INFO, json, said);
}

static const char *rule_of(const ls_experiment_record *r, uint32_t period) {
    return ls_experiment_is_new(r, period) ? "lineshaft" : "own";
}

bool ls_experiment_keep_period(ls_history *history, const ls_experiment_record *r,
                               uint32_t period) {
    char said[160];
    const ls_experiment_period *p = &r->periods[period];
    json_t *amounts = json_array();
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        json_array_append_new(amounts, json_real(p->begin.amounts.of[i]));
    }
    ls_text_format(
        said, sizeof said, "period %u of %u %s: %s", period + 1, r->shape.periods,
        p->hours > 0.0 ? "goes on" : "begins",
        ls_experiment_is_new(r, period) ? "what is decided is sent" : "the line's own rule");
    json_t *json = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "what", "period", "period",
                             (json_int_t)period + 1, "rule", rule_of(r, period), "read_us",
                             whole(p->begin.time_us), "heard", whole((int64_t)p->begin.heard),
                             "amounts", amounts, "cost", json_real(p->cost), "hours",
                             json_real(p->hours));
    return keep(history, r, LS_LOG_INFO, json, said);
}

bool ls_experiment_keep_forecast(ls_history *history, const ls_experiment_record *r,
                                 uint32_t period) {
    char said[200];
    const ls_experiment_period *p = &r->periods[period];
    ls_text_format(
        said, sizeof said,
        "period %u: the twin expects %.4g %s an hour by the line's own rule, and %.4g in "
        "the one after",
        period + 1, p->here, r->unit, p->ahead);
    json_t *json = json_pack("{s:s, s:I, s:o, s:o}", "what", "forecast", "period",
                             (json_int_t)period + 1, "this", ls_json_number(p->here), "next",
                             ls_json_number(p->ahead));
    return keep(history, r, LS_LOG_DEBUG, json, said);
}

bool ls_experiment_keep_outcome(ls_history *history, const ls_experiment_record *r,
                                uint32_t period) {
    char said[200];
    const ls_experiment_period *p = &r->periods[period];
    if (isfinite(p->outcome)) {
        ls_text_format(said, sizeof said, "period %u is over (%s): %.4g %s an hour", period + 1,
                       rule_of(r, period), p->outcome, r->unit);
    } else {
        ls_text_format(said, sizeof said,
                       "period %u is over (%s) and has no value: too little of it was heard",
                       period + 1, rule_of(r, period));
    }
    json_t *json = json_pack("{s:s, s:I, s:s, s:o, s:o}", "what", "outcome", "period",
                             (json_int_t)period + 1, "rule", rule_of(r, period), "per_hour",
                             ls_json_number(p->outcome), "share", ls_json_number(p->share));
    return keep(history, r, LS_LOG_INFO, json, said);
}

bool ls_experiment_keep_state(ls_history *history, const ls_experiment_record *r) {
    char said[LS_EXPERIMENT_REASON + 32];
    ls_text_format(said, sizeof said, "%s%s%s", states[r->state], r->reason[0] != '\0' ? ": " : "",
                   r->reason);
    json_t *json = json_pack("{s:s, s:s, s:s}", "what", states[r->state], "reason", r->reason,
                             "key", r->key);
    return keep(history, r, r->state == LS_EXPERIMENT_REFUSED ? LS_LOG_ERROR : LS_LOG_INFO, json,
                said);
}

// ---- reading

static int64_t whole_of(const json_t *json, const char *key) {
    return json_integer_value(json_object_get(json, key));
}

static void copy_text(const json_t *json, const char *key, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(json, key));
    ls_text_format(out, size, "%s", text != NULL ? text : "");
}

typedef struct recalling {
    ls_experiment_record *record;
    ls_error *err;
    ls_status status;
} recalling;

static void take_design(recalling *to, uint64_t number, const json_t *json) {
    ls_experiment_record *r = to->record;
    ls_experiment_record_clear(r);
    const int64_t periods = whole_of(json, "periods");
    *r = (ls_experiment_record){
        .number = number,
        .shape = {.periods = periods > 0 && periods < UINT32_MAX ? (uint32_t)periods : 0,
                  .order = 1,
                  .period_us = whole_of(json, "block_us")},
        .begins_us = whole_of(json, "begins_us"),
        .carryover_us = whole_of(json, "carryover_us"),
        .seed = (uint64_t)whole_of(json, "seed"),
        .expected = ls_json_number_at(json, "expected")};
    copy_text(json, "key", r->key, sizeof r->key);
    copy_text(json, "unit", r->unit, sizeof r->unit);
    copy_text(json, "rule", r->rule, sizeof r->rule);
    if (ls_switchback_check(&r->shape, r->carryover_us, NULL) != LS_OK) {
        ls_experiment_record_clear(r);  // damaged
        return;
    }
    to->status = ls_experiment_record_open(r, to->err);
}

static void take_period(ls_experiment_record *r, uint32_t i, const json_t *json) {
    ls_experiment_period *p = &r->periods[i];
    const json_t *amounts = json_object_get(json, "amounts");
    p->begun = true;
    p->begin.time_us = whole_of(json, "read_us");
    p->begin.heard = (uint64_t)whole_of(json, "heard");
    p->cost = json_number_value(json_object_get(json, "cost"));
    p->hours = json_number_value(json_object_get(json, "hours"));
    for (size_t k = 0; k < LS_TERM_COUNT; k++) {
        p->begin.amounts.of[k] = json_number_value(json_array_get(amounts, k));
    }
    r->begun = i + 1 > r->begun ? i + 1 : r->begun;
}

static void take_of_period(ls_experiment_record *r, const char *what, const json_t *json) {
    const int64_t period = whole_of(json, "period");
    if (period < 1 || period > (int64_t)r->shape.periods) {
        return;
    }
    ls_experiment_period *p = &r->periods[period - 1];
    if (strcmp(what, "period") == 0) {
        take_period(r, (uint32_t)period - 1, json);
    } else if (strcmp(what, "forecast") == 0) {
        p->here = ls_json_number_at(json, "this");
        p->ahead = ls_json_number_at(json, "next");
    } else if (strcmp(what, "outcome") == 0) {
        p->over = true;
        p->outcome = ls_json_number_at(json, "per_hour");
        p->share = ls_json_number_at(json, "share");
        r->begun = period > (int64_t)r->begun ? (uint32_t)period : r->begun;
    }
}

static void take_state(ls_experiment_record *r, uint64_t number, const char *what,
                       const json_t *json) {
    for (int i = LS_EXPERIMENT_ENDED; i < LS_EXPERIMENT_STATE_COUNT; i++) {
        if (strcmp(what, states[i]) != 0 || (r->number != number && i != LS_EXPERIMENT_REFUSED)) {
            continue;
        }
        if (r->number != number) {  // refused before there was a design
            ls_experiment_record_clear(r);
            r->number = number;
            copy_text(json, "key", r->key, sizeof r->key);
        }
        r->state = (ls_experiment_state)i;
        copy_text(json, "reason", r->reason, sizeof r->reason);
    }
}

static bool take(void *context, const ls_happened *happened) {
    recalling *to = context;
    ls_experiment_record *r = to->record;
    char *end = NULL;
    const uint64_t number = strncmp(happened->subject, "x-", 2) == 0
                                ? strtoull(happened->subject + 2, &end, 10)
                                : 0;
    json_t *json = number > 0 && *end == '\0' ? json_loads(happened->json, 0, NULL) : NULL;
    const char *what = json_string_value(json_object_get(json, "what"));
    if (what != NULL && number >= r->number) {
        if (strcmp(what, "design") == 0) {
            take_design(to, number, json);
        } else if (number == r->number && r->periods != NULL) {
            take_of_period(r, what, json);
        }
        take_state(r, number, what, json);
    }
    json_decref(json);
    return to->status == LS_OK;
}

ls_status ls_experiment_recall(ls_history *history, ls_experiment_record *out, ls_error *err) {
    recalling to = {.record = out, .err = err};
    *out = (ls_experiment_record){0};
    ls_status status = LS_OK;
    if (history != NULL) {
        status = ls_history_events(history, "experiment", INT64_MIN, INT64_MAX, take, &to, err);
    }
    status = status == LS_OK ? to.status : status;
    if (status != LS_OK) {
        ls_experiment_record_clear(out);
    }
    return status;
}
