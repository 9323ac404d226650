// fake_guard.c - see fake_guard.h.
#include "loop/testing/fake_guard.h"

#include <stdio.h>
#include <string.h>

fake_guard fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct ls_guard_link {
    int unused;
};
static struct ls_guard_link the_link;

void fake_guard_reset(void) {
    pthread_mutex_lock(&fake.lock);
    fake.count = 0;
    fake.beats = 0;
    fake.mono_us = 0;
    fake.away = false;
    fake.sending = NULL;
    fake.silent = false;
    pthread_mutex_unlock(&fake.lock);
}

void fake_guard_say(const char *id, ls_command_result result, uint32_t guard, const char *reason) {
    ls_verdict verdict = {.result = result, .guard = guard, .at_us = 1, .mono_us = fake.mono_us};
    snprintf(verdict.id, sizeof verdict.id, "%s", id);
    snprintf(verdict.reason, sizeof verdict.reason, "%s", reason);
    fake.def.verdict(fake.def.context, &verdict);
}

uint32_t fake_guard_count(void) {
    pthread_mutex_lock(&fake.lock);
    const uint32_t count = fake.count;
    pthread_mutex_unlock(&fake.lock);
    return count;
}

ls_status ls_guard_link_open(const ls_guard_link_def *def, ls_guard_link **out, ls_error *err) {
    (void)err;
    fake.def = *def;
    *out = &the_link;
    def->changed(def->context, !fake.away, "");
    return LS_OK;
}

void ls_guard_link_close(ls_guard_link *link) {
    (void)link;
}

bool ls_guard_link_is_there(ls_guard_link *link) {
    (void)link;
    return true;
}

ls_status ls_guard_link_send(ls_guard_link *link, const ls_command *command, ls_error *err) {
    (void)link;
    pthread_mutex_lock(&fake.lock);
    const bool away = fake.away;
    void (*const sending)(void *, const ls_command *) = fake.sending;
    pthread_mutex_unlock(&fake.lock);
    if (sending != NULL) {
        sending(fake.context, command);
    }
    pthread_mutex_lock(&fake.lock);
    if (!away && fake.count < FAKE_COMMANDS) {
        fake.commands[fake.count++] = *command;
    }
    pthread_mutex_unlock(&fake.lock);
    return away ? ls_fail(err, LS_ERR_IO, "the guard is away") : LS_OK;
}

ls_status ls_guard_link_send_together(ls_guard_link *link, const ls_command *commands,
                                      uint32_t count, ls_error *err) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        status = ls_guard_link_send(link, &commands[i], err);
    }
    return status;
}

// Answers at once, with what it was asked: nobody may do anything but an engineer.
ls_status ls_guard_link_do(ls_guard_link *link, const ls_guard_deed *deed, ls_error *err) {
    ls_guard_standing standing = {.ticket = deed->ticket, .kind = LS_STANDS_TRIPS, .count = 2};
    ls_guard_answer answer = {.ticket = deed->ticket, .done = deed->role == LS_ROLE_ENGINEER};
    (void)link;
    if (fake.away) {
        return ls_fail(err, LS_ERR_IO, "the guard is away");
    }
    fake.deed = *deed;
    if (!answer.done) {
        snprintf(answer.reason, sizeof answer.reason, "that takes an engineer");
        snprintf(answer.reason_ko, sizeof answer.reason_ko, "엔지니어만 할 수 있습니다");
    }
    if (!fake.silent) {
        fake.def.stands(fake.def.context, &standing);
        fake.def.answered(fake.def.context, &answer);
    }
    return LS_OK;
}

void ls_guard_link_beat(ls_guard_link *link) {
    (void)link;
    pthread_mutex_lock(&fake.lock);
    fake.beats++;
    pthread_mutex_unlock(&fake.lock);
}
