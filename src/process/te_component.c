#include "process/te_component.h"

#include "base/status.h"
#include "process/control.h"
#include "process/disturbance.h"

static const int64_t step_us = 1000000;

static int64_t next_event(void *self) {
    const ls_te_component *te = self;
    return (te->state->steps + 1) * step_us;
}

static ls_status advance(void *self, int64_t until_us, ls_error *err) {
    (void)err;
    ls_te_component *te = self;
    while (next_event(te) <= until_us) {
        ls_te_step(te->state);
    }
    return LS_OK;
}

static ls_status hear(ls_te_component *te, const ls_message *message, ls_error *err) {
    switch (message->kind) {
    case LS_TE_HEARS_SETPOINT:
        return ls_te_set_point(te->state, (int)message->a, message->value, err);
    case LS_TE_HEARS_DISTURBANCE:
        return ls_te_set_disturbance(te->state, (int)message->a, message->value != 0.0, err);
    default:
        return ls_fail(err, LS_ERR_INVALID, "the process does not know messages of kind %u",
                       message->kind);
    }
}

static ls_status exchange(void *self, const ls_message *message, ls_outbox *outbox, ls_error *err) {
    ls_te_component *te = self;
    if (message != NULL) {
        return hear(te, message, err);
    }
    if (te->state->trip == te->told) {
        return LS_OK;
    }
    te->told = te->state->trip;
    const ls_message trip = {
        .time_us = te->state->steps * step_us,
        .to = te->tells,
        .kind = LS_TE_SAYS_TRIP,
        .a = te->told,
    };
    return ls_outbox_put(outbox, &trip, err);
}

ls_component ls_component_of_te(ls_te_component *te) {
    return (ls_component){"tennessee-eastman", te, next_event, advance, exchange};
}
