// prove_view.c - see prove_view.h.
#include "loop/prove_view.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "decide/prove/account.h"
#include "loop/account_settings.h"
#include "loop/experiment_record.h"
#include "loop/service_parts.h"
#include "loop/view_inside.h"

// ---- rows: the newest version of each

typedef struct gathered {
    json_t *rows;  // by id
    const ls_prove_def *def;
    bool failed;
} gathered;

static json_int_t version_of(const json_t *row) {
    return json_integer_value(json_object_get(row, "version"));
}

static bool take(void *context, const ls_happened *happened) {
    gathered *g = context;
    json_t *row = json_loads(happened->json, 0, NULL);
    const char *id = json_string_value(json_object_get(row, "id"));
    if (id == NULL) {
        json_decref(row);
        return true;  // not a row: a damaged event does not take the others with it
    }
    const json_t *known = json_object_get(g->rows, id);
    if (known != NULL && version_of(known) >= version_of(row)) {
        json_decref(row);
        return true;
    }
    g->failed = json_object_set_new(g->rows, id, row) != 0;
    return !g->failed;
}

// ---- the values that settings are for: each has a number and a unit

static uint32_t number_of(json_t *values, const char *name, const char *unit) {
    if (name == NULL) {
        return 0;
    }
    const json_t *known = json_object_get(values, name);
    uint32_t number = (uint32_t)json_integer_value(json_object_get(known, "number"));
    if (number == 0 && json_object_size(values) < LS_ACCOUNT_SUBJECTS) {
        number = (uint32_t)json_object_size(values) + 1;
        json_object_set_new(values, name,
                            json_pack("{s:I, s:s}", "number", (json_int_t)number, "unit",
                                      unit != NULL ? unit : ""));
    }
    return number;
}

static const char *name_of(json_t *values, uint32_t number, const char **out_unit) {
    const char *name = NULL;
    json_t *value = NULL;
    *out_unit = "";
    json_object_foreach(values, name, value) {
        if (json_integer_value(json_object_get(value, "number")) == (json_int_t)number) {
            *out_unit = json_string_value(json_object_get(value, "unit"));
            return name;
        }
    }
    return NULL;
}

// ---- rows become claims

static bool kind_of(const char *name, ls_decide_kind *out) {
    for (unsigned k = 0; name != NULL && k < LS_DECIDE_KIND_COUNT; k++) {
        if (strcmp(name, ls_decide_kind_name((ls_decide_kind)k)) == 0) {
            *out = (ls_decide_kind)k;
            return true;
        }
    }
    return false;
}

// The line has done it, or was told to: intention counts.
static bool was_sent(const json_t *row) {
    const char *state = json_string_value(json_object_get(row, "state"));
    return state != NULL && (strcmp(state, "sent") == 0 || strcmp(state, "done") == 0);
}

// A setting promises a mean over its horizon.
static double hours_of(const json_t *row) {
    return ls_json_number_at(row, "horizon_s") / 3600.0;
}

static void put_setting(const json_t *row, json_t *values, ls_claim *c) {
    const char *counts = json_string_value(json_object_get(row, "counts"));
    const char *subject = json_string_value(json_object_get(row, "subject"));
    c->subject = number_of(values, counts != NULL ? counts : subject,
                           json_string_value(json_object_get(row, "unit")));
    c->gain *= hours_of(row);
    c->low *= hours_of(row);
    c->high *= hours_of(row);
}

static bool claim_of(const json_t *row, const ls_prove_def *def, ls_claim *out) {
    const json_t *claim = json_object_get(row, "claim");
    const json_int_t time_us = json_integer_value(json_object_get(row, "time_us"));
    // Rows that follow a better rule promise its gain once for a span, each a share of it.
    const double told = ls_json_number_at(claim, "share");
    const double share = isfinite(told) ? told : 1.0;
    const char *of = json_string_value(json_object_get(claim, "of"));
    *out = (ls_claim){.sent = was_sent(row),
                      .gain = share * ls_json_number_at(claim, "gain"),
                      .low = share * ls_json_number_at(claim, "low"),
                      .high = share * ls_json_number_at(claim, "high"),
                      .of_rule = isfinite(told) && (of == NULL || strcmp(of, "rule") == 0)};
    return kind_of(json_string_value(json_object_get(row, "kind")), &out->kind) &&
           time_us >= def->from_us && time_us < def->to_us;
}

static ls_status claims_of(json_t *rows, json_t *values, const ls_prove_def *def, ls_claim **out,
                           size_t *out_count, ls_error *err) {
    const char *id = NULL;
    json_t *row = NULL;
    ls_decide_kind wanted = LS_DECIDE_KIND_COUNT;
    if (def->kind != NULL && !kind_of(def->kind, &wanted)) {
        ls_fail(err, LS_ERR_INVALID, "there is no kind of decision '%s'", def->kind);
        ls_hint(err, "dispatch, release, maintenance, batch, setup, conwip, staffing or setpoint");
        return LS_ERR_INVALID;
    }
    *out = ls_alloc((json_object_size(rows) + 1) * sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu decisions", json_object_size(rows));
    }
    json_object_foreach(rows, id, row) {
        ls_claim *c = &(*out)[*out_count];
        if (claim_of(row, def, c) && (def->kind == NULL || c->kind == wanted)) {
            if (c->kind == LS_DECIDE_SETPOINT) {
                put_setting(row, values, c);
            }
            (*out_count)++;
        }
    }
    return LS_OK;
}

// ---- windows of time become outcomes

typedef struct outcomes {
    ls_outcome *items;
    size_t count, capacity;
    const ls_prove_def *def;
    json_t *values;
    bool failed;
} outcomes;

static bool outcome_of(const json_t *json, const ls_prove_def *def, ls_outcome *out) {
    const json_t *promised = json_object_get(json, "promised");
    const json_t *awaited = json_object_get(json, "awaited");  // older events have none
    const char *why = json_string_value(json_object_get(json, "why_not"));
    *out = (ls_outcome){.decisions = (size_t)json_integer_value(json_object_get(json, "decisions")),
                        .promised = ls_json_number_at(promised, "gain"),
                        .promised_low = ls_json_number_at(promised, "low"),
                        .promised_high = ls_json_number_at(promised, "high"),
                        .awaited = ls_json_number_at(awaited, "gain"),
                        .awaited_low = ls_json_number_at(awaited, "low"),
                        .awaited_high = ls_json_number_at(awaited, "high"),
                        .level = ls_json_number_at(json, "level"),
                        .gain = ls_json_number_at(json, "gain"),
                        .low = ls_json_number_at(json, "low"),
                        .high = ls_json_number_at(json, "high"),
                        .error = ls_json_number_at(json, "error")};
    ls_text_format(out->why, sizeof out->why, "%s", why != NULL ? why : "");
    return kind_of(json_string_value(json_object_get(json, "kind")), &out->kind) &&
           json_integer_value(json_object_get(json, "begun_us")) >= def->from_us &&
           json_integer_value(json_object_get(json, "ended_us")) < def->to_us;
}

static bool take_outcome(void *context, const ls_happened *happened) {
    outcomes *o = context;
    if (o->count == o->capacity) {
        const size_t capacity = o->capacity == 0 ? 64 : 2 * o->capacity;
        ls_outcome *grown = ls_realloc(o->items, capacity * sizeof *grown);
        o->failed = grown == NULL;
        if (o->failed) {
            return false;
        }
        o->items = grown;
        o->capacity = capacity;
    }
    json_t *json = json_loads(happened->json, 0, NULL);
    ls_outcome *made = &o->items[o->count];
    o->count += outcome_of(json, o->def, made);
    made->subject = number_of(o->values, json_string_value(json_object_get(json, "of")), NULL);
    json_decref(json);
    return true;
}

// ---- the account as JSON

// `of`: the value that settings are for, else NULL.
static void say(json_t *sentences, const ls_account_row *r, const char *of, const char *unit) {
    char text[900];
    char kind[120];
    char awaited[160] = "";
    if (r->compared > 0) {
        ls_text_format(
            awaited, sizeof awaited,
            " By the beginning of %zu of them %.3g (%.3g to %.3g) was to be expected, and "
            "%.3g came.",
            r->compared, r->awaited, r->awaited_low, r->awaited_high, r->brought);
    }
    ls_text_format(kind, sizeof kind, "%s%s%s", ls_decide_kind_name(r->kind), of != NULL ? " " : "",
                   of != NULL ? of : "");
    if (r->sent == 0) {
        ls_text_format(text, sizeof text, "%s: %zu decisions, none of them was done by the line.",
                       kind, r->decisions);
    } else if (r->shown) {
        ls_text_format(text, sizeof text,
                       "%s: %zu of %zu were done; they promised %.3g %s (%.3g to %.3g). The %zu in "
                       "%zu windows of time that are told brought %.3g (%.3g to %.3g).%s",
                       kind, r->sent, r->decisions, r->promised, unit, r->low, r->high, r->realised,
                       r->told, r->gain, r->gain_low, r->gain_high, awaited);
    } else {
        ls_text_format(text, sizeof text,
                       "%s: %zu of %zu were done; they promised %.3g %s (%.3g to %.3g). What came "
                       "of it is not shown: %s.",
                       kind, r->sent, r->decisions, r->promised, unit, r->low, r->high, r->why_not);
    }
    json_array_append_new(sentences, json_string(text));
}

static json_t *row_json(const ls_account_row *r, const char *of, const char *unit) {
    json_t *promised = json_pack("{s:o, s:o, s:o, s:o, s:o}", "gain", ls_json_number(r->promised),
                                 "low", ls_json_number(r->low), "high", ls_json_number(r->high),
                                 "low_together", ls_json_number(r->low_together), "high_together",
                                 ls_json_number(r->high_together));
    json_t *realised = !r->shown
                           ? json_null()
                           : json_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:o}", "gain",
                                       ls_json_number(r->gain), "low", ls_json_number(r->gain_low),
                                       "high", ls_json_number(r->gain_high), "method",
                                       "counterfactual", "decisions", (json_int_t)r->realised,
                                       "windows", (json_int_t)r->told, "error",
                                       ls_json_number(r->error));
    json_t *inside = json_pack(
        "{s:I, s:I, s:f, s:o, s:o, s:o, s:o}", "count", (json_int_t)r->inside, "of",
        (json_int_t)r->compared, "expected", r->expected, "awaited", ls_json_number(r->awaited),
        "low", ls_json_number(r->awaited_low), "high", ls_json_number(r->awaited_high), "brought",
        ls_json_number(r->brought));
    return json_pack("{s:s, s:s?, s:s, s:I, s:I, s:o, s:o, s:b, s:s, s:o}", "kind",
                     ls_decide_kind_name(r->kind), "of", of, "unit", unit, "decisions",
                     (json_int_t)r->decisions, "sent", (json_int_t)r->sent, "promised", promised,
                     "realised", realised, "shown", r->shown, "why_not", r->why_not, "inside",
                     inside);
}

static json_t *account_json(const ls_claim *claims, size_t count, const outcomes *o,
                            const ls_plant *plant, const ls_prove_def *def) {
    ls_account_row made[LS_ACCOUNT_ROWS];
    const size_t kinds = ls_account_make(claims, count, o->items, o->count, made);
    const char *unit = plant->decide.unit != NULL ? plant->decide.unit : "points";
    json_t *rows = json_array();
    json_t *sentences = json_array();
    for (size_t i = 0; i < kinds; i++) {
        const char *own = NULL;
        char hours[60];
        const char *of = name_of(o->values, made[i].subject, &own);
        if (of != NULL) {
            ls_account_settings_unit(own, hours, sizeof hours);
        }
        json_array_append_new(rows, row_json(&made[i], of, of != NULL ? hours : unit));
        say(sentences, &made[i], of, of != NULL ? hours : unit);
    }
    return json_pack("{s:o, s:s, s:o, s:o, s:o}", "rows", rows, "unit", unit, "from_us",
                     def->from_us > INT64_MIN ? json_integer(def->from_us) : json_null(), "to_us",
                     def->to_us < INT64_MAX ? json_integer(def->to_us) : json_null(), "sentences",
                     sentences);
}

ls_status ls_prove_account(ls_history *history, const ls_plant *plant, const ls_prove_def *def,
                           json_t **out, ls_error *err) {
    gathered g = {.rows = json_object(), .def = def};
    outcomes o = {.def = def, .values = json_object()};
    ls_claim *claims = NULL;
    json_t *experiment = NULL;
    size_t count = 0;
    *out = NULL;
    // Later versions of a row may lie behind the end: all are read, and the row's own time counts.
    ls_status status = ls_history_events(history, "decision", def->from_us, INT64_MAX, take, &g,
                                         err);
    if (status == LS_OK && (g.rows == NULL || o.values == NULL || g.failed)) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for the rows of decisions");
    }
    if (status == LS_OK) {
        status = claims_of(g.rows, o.values, def, &claims, &count, err);
    }
    if (status == LS_OK) {
        status = ls_history_events(history, "account", def->from_us, INT64_MAX, take_outcome, &o,
                                   err);
    }
    if (status == LS_OK && o.failed) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for what decisions brought");
    }
    if (status == LS_OK) {
        *out = account_json(claims, count, &o, plant, def);
        status = *out != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status == LS_OK) {
        status = ls_experiment_prove(history, &experiment, err);
        json_object_set_new(*out, "experiment", experiment);
    }
    if (status != LS_OK) {
        json_decref(*out);
        *out = NULL;
    }
    ls_free(claims);
    ls_free(o.items);
    json_decref(g.rows);
    json_decref(o.values);
    return status;
}

ls_status ls_view_prove(ls_service *service, json_t **out, ls_error *err) {
    const ls_prove_def all = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_status status = ls_prove_account(service->intake.history,
                                              service->intake.running.plant, &all, out, err);
    pthread_rwlock_unlock(&service->line_lock);
    return status;
}
