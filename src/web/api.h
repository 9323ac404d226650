// api.h - inside of the web face: what the routes' functions share.
#pragma once

#include "loop/alarm.h"
#include "loop/view.h"
#include "web/infer_api.h"
#include "web/live.h"
#include "web/memo.h"
#include "web/page.h"
#include "web/server.h"

typedef struct ls_api {
    ls_infer_source infer;  // first: the routes of infer_api.h find it here
    ls_service *service;
    ls_live *stream;
    ls_memo memo;
} ls_api;

extern const ls_route ls_api_routes[];
extern const size_t ls_api_route_count;

// api_plain.c: for machines that watch the service
ls_route_fn ls_api_healthz, ls_api_readyz, ls_api_metrics, ls_api_raw_state;
// api_state.c
ls_route_fn ls_api_me, ls_api_plant, ls_api_state;
// api_decisions.c
ls_route_fn ls_api_decisions, ls_api_decision, ls_api_summary, ls_api_approve, ls_api_reject,
    ls_api_hold, ls_api_prove, ls_api_entries;
// api_guard.c
ls_route_fn ls_api_guard, ls_api_guard_do;
// api_history.c
ls_route_fn ls_api_tags, ls_api_history, ls_api_history_csv;
// api_infer.c: fills `infer`, once the service is there
void ls_api_infer_open(ls_api *api);
// api_models.c
ls_route_fn ls_api_models, ls_api_model, ls_api_acknowledge;
// api_trainings.c
ls_route_fn ls_api_model_promote, ls_api_model_rollback, ls_api_model_retrain;
// api_twin.c
ls_route_fn ls_api_forecast, ls_api_what_if;
// api_file.c
ls_route_fn ls_api_file, ls_api_check, ls_api_save, ls_api_note, ls_api_calibrate;
json_t *ls_api_about(const ls_api *api, const ls_request *request);  // api_state.c; may be NULL
// page.c
ls_route_fn ls_page_index;

// What a body asks for, apart from doing it. False or NULL: it is wrong, and the answer says so.
typedef struct ls_api_review_asked {
    json_t *body;  // json_decref
    uint32_t version;
    const char *text;  // NULL: nothing was added
} ls_api_review_asked;
bool ls_api_read_review(const ls_request *request, ls_api_review_asked *out, ls_answer *answer);
typedef struct ls_api_entries_asked {
    json_t *body;  // json_decref
    ls_hand_def hand;
    char who[64];
} ls_api_entries_asked;
bool ls_api_read_entries(const ls_request *request, ls_api_entries_asked *out, ls_answer *answer);
typedef struct ls_api_note_asked {
    json_t *body;  // json_decref
    const char *machine, *reason, *text;
    int64_t scrap;
} ls_api_note_asked;
typedef struct ls_api_seen_asked {
    json_t *body;  // json_decref
    ls_alarms_seen seen;
    char who[96];
} ls_api_seen_asked;
bool ls_api_read_seen(const ls_request *request, ls_api_seen_asked *out, ls_answer *answer);
bool ls_api_read_note(const ls_request *request, ls_api_note_asked *out, ls_answer *answer);
bool ls_api_read_deed(const ls_request *request, ls_guard_deed *out, ls_answer *answer);
json_t *ls_api_read_what_if(const ls_request *request, ls_answer *answer);
json_t *ls_api_read_file(const ls_request *request, bool with_hash, ls_answer *answer);
bool ls_api_read_span(const ls_request *request, ls_view_span *out, ls_answer *answer);
