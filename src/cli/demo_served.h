// demo_served.h - what the demo's models say while they serve, and what becomes of them, as lines
// for people: who serves, a drift, a training as a job of the pool, a shadow, a promotion. And how
// far off each version was, for the account.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "cli/ask_service.h"

enum { LS_DEMO_MODELS = 4, LS_DEMO_UNITS = 16, LS_DEMO_SPANS = 24 };

// A time in which one version served, before or after the demo changed the sensors.
typedef struct ls_demo_span {
    int64_t version;
    bool changed;
    int64_t from_us, until_us;  // moments of its first and last prediction that was judged
    uint64_t judged, with_interval, inside;
    double error_sum;  // of absolute errors
} ls_demo_span;

// What has been told of each model of the service.
typedef struct ls_demo_served_model {
    char name[64];
    int64_t serving, shadow;  // 0: none
    char drift[48];           // version and state
    int64_t trained_us;       // when the last training was handed over
    int64_t made;             // the version that the last one made
    bool underway;
    char units[LS_DEMO_UNITS][64];
    int64_t judged_us[LS_DEMO_UNITS];
    uint32_t unit_count;
    ls_demo_span spans[LS_DEMO_SPANS];
    uint32_t span_count;
    uint32_t drifts, trainings, promotions;
    int64_t noticed_us;   // the first drift after the sensors were changed; 0: none
    int64_t promoted_us;  // the first promotion after that; 0: none
} ls_demo_served_model;

typedef struct ls_demo_served {
    ls_demo_served_model models[LS_DEMO_MODELS];
    uint32_t count;
    int64_t changed_us;  // since 1970, when the demo changes the sensors; 0: never
} ls_demo_served;

// Takes in an answer of /api/v1/models at the line's time now_us (since 1970), and appends a line
// for each thing that has changed.
void ls_demo_served_hear(ls_demo_served *served, const json_t *answer, int64_t now_us,
                         ls_buffer *out);
// Asks the service first; one that does not answer gives no lines.
void ls_demo_served_tell(ls_demo_served *served, const ls_service_address *address, int64_t now_us,
                         ls_buffer *out);
// For the account; nothing where no model ever served.
void ls_demo_served_text(const ls_demo_served *served, ls_buffer *out);
void ls_demo_served_json(const ls_demo_served *served, ls_buffer *out);  // an array
