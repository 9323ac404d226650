// replay.c - a recording back onto a broker; see record.h.
#include <time.h>

#include "line/mqtt_source.h"
#include "line/record.h"

enum { STEP_US = 200000, DRAIN_US = 30000000 };

typedef struct replay {
    ls_mqtt *mqtt;
    ls_record_progress progress;
    void *context;
    ls_record_figures *out;
    int64_t asked_us;
} replay;

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_us(int64_t us) {
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

// Asks progress when it is time to. False: stop.
static bool goes_on(replay *r) {
    const int64_t now_us = monotonic_us();
    if (now_us - r->asked_us < STEP_US) {
        return true;
    }
    ls_mqtt_figures connection;
    ls_mqtt_describe(r->mqtt, &connection);
    r->asked_us = now_us;
    r->out->connected = connection.connected;
    r->out->connects = connection.connects;
    return r->progress(r->context, r->out);
}

static bool wait_until(replay *r, int64_t due_us) {
    for (;;) {
        const int64_t left_us = due_us - monotonic_us();
        if (!goes_on(r)) {
            return false;
        }
        if (left_us <= 0) {
            return true;
        }
        sleep_us(left_us < STEP_US ? left_us : STEP_US);
    }
}

// Until it is taken; a queue that is full and a broker that is away are waited for.
static ls_status publish(replay *r, const ls_mqtt_message *message, ls_error *err) {
    for (;;) {
        ls_error why = {0};
        const ls_status status = ls_mqtt_publish(r->mqtt, message, NULL, &why);
        if (status == LS_OK) {
            r->out->messages++;
            r->out->bytes += message->size;
            return LS_OK;
        }
        if (status != LS_ERR_IO && status != LS_ERR_LIMIT) {
            return ls_fail(err, status, "%s", why.text);
        }
        if (!goes_on(r)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        sleep_us(status == LS_ERR_LIMIT ? 500 : 20000);
    }
}

static ls_status publish_all(replay *r, ls_record_reader *reader, double speed, ls_error *err) {
    ls_mqtt_message message;
    int64_t at_us = 0, first_us = -1, began_us = 0;
    while (ls_record_next(reader, &message, &at_us)) {
        if (first_us < 0) {
            first_us = at_us;
            began_us = monotonic_us();
        }
        const double after_us = speed > 0.0 ? (double)(at_us - first_us) / speed : 0.0;
        if (!wait_until(r, began_us + (int64_t)after_us)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        message.qos = message.qos > 1 ? 1 : message.qos;
        const ls_status status = publish(r, &message, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static ls_status wait_until_sent(replay *r, ls_error *err) {
    const int64_t until_us = monotonic_us() + DRAIN_US;
    ls_mqtt_figures connection;
    for (;;) {
        ls_mqtt_describe(r->mqtt, &connection);
        if (connection.waiting == 0) {
            return LS_OK;
        }
        if (!goes_on(r)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        if (monotonic_us() > until_us) {
            return ls_fail(err, LS_ERR_IO, "the broker did not take the last %u messages",
                           connection.waiting);
        }
        sleep_us(1000);
    }
}

ls_status ls_replay_run(const ls_mqtt_def *connection, ls_record_reader *reader, double speed,
                        ls_record_progress progress, void *context, ls_record_figures *out,
                        ls_error *err) {
    replay r = {.progress = progress, .context = context, .out = out};
    ls_mqtt_def def = *connection;
    def.filter_count = 0;
    ls_status status = ls_mqtt_create(&def, &r.mqtt, err);
    if (status == LS_OK) {
        status = publish_all(&r, reader, speed, err);
    }
    if (status == LS_OK) {
        status = wait_until_sent(&r, err);
    }
    ls_mqtt_destroy(r.mqtt);
    return status;
}
