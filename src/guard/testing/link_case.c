// link_case.c - see link_case.h.
#include "guard/testing/link_case.h"

#include <stdio.h>
#include <string.h>

void verdicts_keep(verdicts *v, const ls_verdict *verdict) {
    pthread_mutex_lock(&v->lock);
    if (v->count < LINK_CASE_VERDICTS_MAX) {
        v->items[v->count++] = *verdict;
    }
    pthread_mutex_unlock(&v->lock);
}

bool verdicts_newest(verdicts *v, const char *id, ls_verdict *out) {
    bool found = false;
    pthread_mutex_lock(&v->lock);
    for (uint32_t i = 0; i < v->count; i++) {
        if (strcmp(v->items[i].id, id) == 0) {
            *out = v->items[i];
            found = true;
        }
    }
    pthread_mutex_unlock(&v->lock);
    return found;
}

ls_command link_case_command(uint32_t number, ls_command_kind kind, const char *point,
                             const char *target, const char *argument, int64_t now_us) {
    ls_command c = {.kind = kind,
                    .automatic = true,
                    .sequence = number,
                    .state_version = 1,
                    .state_now = 1,
                    .decided_us = now_us,
                    .gain = 1.1,
                    .gain_low = 1.0,
                    .gain_high = 1.2,
                    .claim_futures = 100,
                    .certainty = 1.0,
                    .in_step_us = INT64_C(3600) * 1000000};
    c.deadline_us = c.decided_us + 100000;
    c.not_after_us = c.decided_us + 1900000;
    snprintf(c.id, sizeof c.id, "d-%u-1", number);
    snprintf(c.decision, sizeof c.decision, "d-%u", number);
    snprintf(c.point, sizeof c.point, "%s", point);
    snprintf(c.device, sizeof c.device, "%s", target);
    snprintf(c.target, sizeof c.target, "%s", target);
    snprintf(c.argument, sizeof c.argument, "%s", argument);
    return c;
}
