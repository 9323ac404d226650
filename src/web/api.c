// api.c - the table of all routes; openapi.yaml says the same in its own words.
#include "web/api.h"

const ls_route ls_api_routes[] = {
    {"GET", "/", LS_RIGHT_WELCOME, LS_EFFORT_LITTLE, 0, ls_page_index},
    {"GET", "/assets/*", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, ls_page_asset},
    {"GET", "/openapi.yaml", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, ls_page_openapi},

    {"GET", "/healthz", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_api_healthz},
    {"GET", "/readyz", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_api_readyz},
    {"GET", "/metrics", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_api_metrics},
    {"GET", "/state", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_raw_state},

    {"GET", "/api/v1/me", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_me},
    {"GET", "/api/v1/plant", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_plant},
    {"GET", "/api/v1/state", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_state},
    {"GET", "/api/v1/stream", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, NULL},

    {"GET", "/api/v1/decisions", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_decisions},
    {"GET", "/api/v1/decisions/summary", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_summary},
    {"GET", "/api/v1/decisions/*", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_decision},
    {"POST", "/api/v1/decisions/*/approve", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE,
     LS_REQUEST_BODY_SMALL, ls_api_approve},
    {"POST", "/api/v1/decisions/*/reject", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE,
     LS_REQUEST_BODY_SMALL, ls_api_reject},
    {"POST", "/api/v1/decisions/*/hold", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_hold},
    {"POST", "/api/v1/entries", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_entries},
    {"GET", "/api/v1/prove", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_prove},

    {"GET", "/api/v1/guard", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_guard},
    {"POST", "/api/v1/guard/*", LS_RIGHT_OPERATOR, LS_EFFORT_SOME, LS_REQUEST_BODY_SMALL,
     ls_api_guard_do},

    {"GET", "/api/v1/history/tags", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_tags},
    {"GET", "/api/v1/history", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_history},
    {"GET", "/api/v1/history.csv", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_history_csv},

    {"GET", "/api/v1/models", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_models},
    {"GET", "/api/v1/models/*", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, ls_api_model},
    {"POST", "/api/v1/models/*/acknowledge", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE,
     LS_REQUEST_BODY_SMALL, ls_api_acknowledge},
    {"POST", "/api/v1/models/*/promote", LS_RIGHT_ENGINEER, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_model_promote},
    {"POST", "/api/v1/models/*/rollback", LS_RIGHT_ENGINEER, LS_EFFORT_LITTLE,
     LS_REQUEST_BODY_SMALL, ls_api_model_rollback},
    {"POST", "/api/v1/models/*/retrain", LS_RIGHT_ENGINEER, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_model_retrain},

    {"GET", "/api/v1/forecast", LS_RIGHT_VIEWER, LS_EFFORT_DEAR, 0, ls_api_forecast},
    {"POST", "/api/v1/whatif", LS_RIGHT_VIEWER, LS_EFFORT_DEAR, LS_REQUEST_BODY_SMALL,
     ls_api_what_if},

    {"GET", "/api/v1/plant/file", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_api_file},
    {"POST", "/api/v1/plant/check", LS_RIGHT_VIEWER, LS_EFFORT_SOME, LS_REQUEST_BODY_FILE,
     ls_api_check},
    {"PUT", "/api/v1/plant/file", LS_RIGHT_ENGINEER, LS_EFFORT_SOME, LS_REQUEST_BODY_FILE,
     ls_api_save},
    {"POST", "/api/v1/calibration", LS_RIGHT_ENGINEER, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_calibrate},
    {"POST", "/api/v1/notes", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE, LS_REQUEST_BODY_SMALL,
     ls_api_note},

    {"GET", "/v2", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_server},
    {"GET", "/v2/", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_server},
    {"GET", "/v2/health/live", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_live},
    {"GET", "/v2/health/ready", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_ready},
    {"GET", "/v2/models/*", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0, ls_infer_model_about},
    {"GET", "/v2/models/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0, ls_infer_model_ready},
    {"POST", "/v2/models/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, LS_INFER_BODY_MOST,
     ls_infer_model_ask},
    {"GET", "/v2/models/*/versions/*", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0, ls_infer_model_about},
    {"GET", "/v2/models/*/versions/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0,
     ls_infer_model_ready},
    {"POST", "/v2/models/*/versions/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, LS_INFER_BODY_MOST,
     ls_infer_model_ask},
};
const size_t ls_api_route_count = sizeof ls_api_routes / sizeof *ls_api_routes;
