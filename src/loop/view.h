// view.h - what the running service shows to people: its plant, its state, its history, what is
// expected and what would be, as JSON; and what people may tell it.
//
// Any thread. Takes the service's locks while it looks, never while futures run but for the lock
// that keeps the plant from being replaced. Shapes are those of src/web/openapi.yaml. Times ending
// in _us are microseconds since 1970.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "loop/alarm.h"
#include "loop/decisions.h"
#include "loop/trainings.h"

typedef struct ls_service ls_service;

// ---- plain: text answers of every service
void ls_view_ready(ls_service *service, ls_buffer *out);  // empty: ready; else reasons, one a line
void ls_view_metrics(ls_service *service, ls_buffer *out);
json_t *ls_view_raw_state(ls_service *service);  // docs/JSON.md

// The pool in process and its name; NULL: there is none. Stays as long as the service.
struct ls_pool_daemon *ls_view_pool(ls_service *service, const char **out_name);
const char *ls_view_version(const ls_service *service);

// ---- the page. NULL: out of memory.
json_t *ls_view_about(ls_service *service);  // plant, version, emulated, demo, times
json_t *ls_view_plant(ls_service *service);
json_t *ls_view_state(ls_service *service);  // without seq and hash
// What of it changes from one moment to the next: line_now_us, age_s, stations, forecast.
json_t *ls_view_now(ls_service *service);
json_t *ls_view_kpi(ls_service *service);  // {"kpi": ..., "lines": ...}
// How far it can be trusted: {"link": ..., "in_step": ..., "certainty": ...}
json_t *ls_view_condition(ls_service *service);
// What was heard and noted beside the state since event number `after`; *out_last: of the newest.
json_t *ls_view_notices(ls_service *service, uint64_t after, uint64_t *out_last);

// ---- decisions. NULL: there is nothing that decides.
json_t *ls_view_decisions(ls_service *service, bool open, int64_t before_us, uint32_t most);
json_t *ls_view_decision(ls_service *service, const char *id);
json_t *ls_view_decisions_summary(ls_service *service);
uint64_t ls_view_decisions_changes(ls_service *service, char *out_id, size_t size);
// What a person has the line do by hand with what comes in (loop/decisions.h); *out: the row of it.
ls_status ls_view_hand(ls_service *service, const ls_hand_def *def, json_t **out, ls_error *err);
ls_status ls_view_review(ls_service *service, const char *id, uint32_t version, ls_review review,
                         const char *who, ls_role role, const char *said, ls_error *err);

// ---- models in service (loop/models.h has the shapes)
json_t *ls_view_models(ls_service *service);                   // {"models": [...]}
json_t *ls_view_model(ls_service *service, const char *name);  // NULL: there is no such model
// What a person asks for; loop/trainings.h has the errors.
ls_status ls_view_model_promote(ls_service *service, const ls_trainings_ask *ask, uint32_t version,
                                bool anyway, ls_error *err);
ls_status ls_view_model_rollback(ls_service *service, const ls_trainings_ask *ask,
                                 uint32_t *out_version, ls_error *err);
ls_status ls_view_model_retrain(ls_service *service, const ls_trainings_ask *ask, int64_t since_us,
                                ls_error *err);
// [{"name", "live"}] of those in which something was said since; *after moves on.
json_t *ls_view_models_news(ls_service *service, uint64_t *after);
// A person has seen an alarm (loop/alarms.h); *out: the alarm.
ls_status ls_view_alarm_seen(ls_service *service, const ls_alarms_seen *def, json_t **out,
                             ls_error *err);

// ---- the guard. LS_ERR_INVALID: there is none; LS_ERR_IO: it is away or silent.
// {"guards": [...], "stands": [...]}
ls_status ls_view_guard(ls_service *service, json_t **out, ls_error *err);
// What a person does. When answer->done is false the guard said no, and why.
ls_status ls_view_guard_do(ls_service *service, const ls_guard_deed *deed,
                           ls_guard_answer *out_answer, json_t **out_stands, ls_error *err);

// ---- history
json_t *ls_view_tags(ls_service *service, const char *pattern, uint32_t most);
typedef struct ls_view_span {
    const char *tags;  // names or patterns, with commas between
    int64_t from_us, to_us;
    uint32_t points;  // columns; at most 4 values each come back
} ls_view_span;
// Fails with LS_ERR_INVALID (span, names), LS_ERR_LIMIT (too many tags).
ls_status ls_view_history(ls_service *service, const ls_view_span *span, json_t **out,
                          ls_error *err);
ls_status ls_view_history_csv(ls_service *service, const ls_view_span *span, ls_buffer *out,
                              ls_error *err);

// ---- twin
// Lots made from now on, from the followed state. LS_ERR_INVALID: nothing is followed yet.
ls_status ls_view_forecast(ls_service *service, double hours, json_t **out, ls_error *err);
// {"set": [{"path", "value"}], "hours", "futures"}: as the plant file says, and with other values;
// both from the followed present (twin/follow/carry.h), or, where nothing is followed yet, from
// time zero of the plant, warm-up left out.
ls_status ls_view_what_if(ls_service *service, const json_t *asked, json_t **out,
                          ls_errors *errors);

// ---- the plant file
ls_status ls_view_file(ls_service *service, json_t **out, ls_error *err);
json_t *ls_view_check(ls_service *service, const char *text, size_t size);
// Only what checks is saved, and only over the text whose hash was seen (else LS_ERR_VERSION).
ls_status ls_view_save(ls_service *service, const char *text, size_t size, const char *hash,
                       json_t **out, ls_errors *errors);

// Compares the plant file with what the line has shown, as a job of the plant's pool; since_us 0:
// of all the history. LS_ERR_LIMIT: one is underway; LS_ERR_INVALID: there is no pool.
ls_status ls_view_calibrate(ls_service *service, int64_t since_us, ls_error *err);

// ---- people: a stop reason or scrapped parts, as by `line note`; `said`: what they add in words,
// or NULL.
ls_status ls_view_note(ls_service *service, const char *machine, const char *reason, int64_t scrap,
                       const char *said, const char *who, ls_error *err);
