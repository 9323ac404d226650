// record.c - a broker's messages into a recording; see record.h.
#include "line/record.h"

#include <pthread.h>
#include <time.h>

#include "line/mqtt_source.h"

enum { STEP_US = 200000 };

typedef struct recording {
    pthread_mutex_t lock;
    ls_record_writer *writer;
    ls_record_figures figures;
    ls_status status;
    ls_error err;
} recording;

static bool on_message(void *context, const ls_mqtt_message *message) {
    recording *r = context;
    pthread_mutex_lock(&r->lock);
    if (r->status == LS_OK) {
        r->status = ls_record_add(r->writer, message, ls_wall_us(), &r->err);
        r->figures.messages++;
        r->figures.bytes += message->size;
    }
    const bool kept = r->status == LS_OK;
    pthread_mutex_unlock(&r->lock);
    return kept;
}

static void step(void) {
    nanosleep(&(struct timespec){.tv_nsec = STEP_US * 1000L}, NULL);
}

// Flushed at each step, so that what is seen on the terminal is also in the file.
static ls_status look(recording *r, ls_mqtt *mqtt, ls_record_figures *out) {
    ls_mqtt_figures connection;
    ls_mqtt_describe(mqtt, &connection);
    pthread_mutex_lock(&r->lock);
    if (r->status == LS_OK) {
        r->status = ls_record_flush(r->writer, &r->err);
    }
    r->figures.connected = connection.connected;
    r->figures.connects = connection.connects;
    *out = r->figures;
    const ls_status status = r->status;
    pthread_mutex_unlock(&r->lock);
    return status;
}

ls_status ls_record_run(const ls_mqtt_def *connection, ls_record_writer *writer, int64_t for_us,
                        ls_record_progress progress, void *context, ls_record_figures *out,
                        ls_error *err) {
    recording r = {.writer = writer};
    ls_mqtt *mqtt = NULL;
    ls_mqtt_def def = *connection;
    pthread_mutex_init(&r.lock, NULL);
    def.listener.context = &r;
    def.listener.message = on_message;
    ls_status status = ls_mqtt_create(&def, &mqtt, err);
    if (status == LS_OK) {
        const int64_t until_us = for_us > 0 ? ls_wall_us() + for_us : INT64_MAX;
        do {
            step();
            status = look(&r, mqtt, out);
        } while (status == LS_OK && progress(context, out) && ls_wall_us() < until_us);
        ls_mqtt_destroy(mqtt);
        mqtt = NULL;
        if (r.status != LS_OK) {
            status = r.status;
            ls_fail(err, status, "%s", r.err.text);
        }
        out->messages = r.figures.messages;
        out->bytes = r.figures.bytes;
    }
    pthread_mutex_destroy(&r.lock);
    return status;
}
