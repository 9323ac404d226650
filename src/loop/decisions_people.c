// decisions_people.c - what people tell the guard, through the service: asked, and answered.
//
// One at a time. The answer comes from the link's thread; a guard that says nothing is waited for
// no longer than PATIENCE_US.
#include <errno.h>
#include <string.h>

#include "guard/check.h"
#include "guard/protocol.h"
#include "loop/decisions_inside.h"

enum { PATIENCE_US = 2000000 };

void ls_decisions_stands(void *context, const ls_guard_standing *standing) {
    ls_decisions *d = context;
    pthread_mutex_lock(&d->people.lock);
    if (d->people.waits && standing->ticket == d->people.ticket) {
        json_t *one = ls_guard_standing_json(standing);
        json_object_del(one, "ticket");
        json_array_append_new(d->people.stands, one);
    }
    pthread_mutex_unlock(&d->people.lock);
}

void ls_decisions_answered(void *context, const ls_guard_answer *answer) {
    ls_decisions *d = context;
    pthread_mutex_lock(&d->people.lock);
    if (d->people.waits && answer->ticket == d->people.ticket) {
        d->people.answer = *answer;
        d->people.waits = false;
        pthread_cond_broadcast(&d->people.wake);
    }
    pthread_mutex_unlock(&d->people.lock);
}

// Under people.lock. False: no answer.
static bool wait_for_answer(ls_decisions *d) {
    const int64_t until_us = ls_decisions_wall_us() + PATIENCE_US;
    const struct timespec until = {.tv_sec = until_us / 1000000,
                                   .tv_nsec = until_us % 1000000 * 1000};
    int woken = 0;
    while (d->people.waits && woken != ETIMEDOUT) {
        woken = pthread_cond_timedwait(&d->people.wake, &d->people.lock, &until);
    }
    return !d->people.waits;
}

ls_status ls_decisions_do(ls_decisions *d, const ls_guard_deed *deed, ls_guard_answer *out_answer,
                          json_t **out_stands, ls_error *err) {
    *out_stands = NULL;
    if (d->link == NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "nothing can be sent here, so there is no guard: no decision has the mode "
                       "approve or auto");
    }
    pthread_mutex_lock(&d->people.turn);
    pthread_mutex_lock(&d->people.lock);
    ls_guard_deed asked = *deed;
    asked.ticket = ++d->people.ticket;
    d->people.stands = json_array();
    d->people.waits = true;
    pthread_mutex_unlock(&d->people.lock);
    ls_status status = ls_guard_link_do(d->link, &asked, err);
    pthread_mutex_lock(&d->people.lock);
    if (status == LS_OK && !wait_for_answer(d)) {
        status = ls_fail(err, LS_ERR_IO,
                         "the guard does not answer: whether it was done is not known");
    }
    d->people.waits = false;
    *out_stands = d->people.stands;
    *out_answer = d->people.answer;
    d->people.stands = NULL;
    pthread_mutex_unlock(&d->people.lock);
    pthread_mutex_unlock(&d->people.turn);
    if (status != LS_OK) {
        json_decref(*out_stands);
        *out_stands = NULL;
    }
    return status;
}
