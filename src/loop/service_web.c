// service_web.c - what the service answers over HTTP, and where it can be found.
//
//     /healthz   200 while the process works (the loop turns)
//     /readyz    200 while every source is connected and the history takes samples; else 503 with
//                the reasons, one a line
//     /metrics   Prometheus text
//     /state     the live state as JSON (docs/JSON.md)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/metrics.h"
#include "loop/service_parts.h"
#include "loop/state_json.h"

enum { PATH_SIZE = 4096 };

static void answer_ready(ls_service *service, ls_http_answer *answer) {
    ls_history_figures history = {0};
    for (uint32_t i = 0; i < service->sources.count; i++) {
        ls_driver_figures figures = {0};
        service->sources.of[i].ops->figures(service->sources.of[i].driver, &figures);
        if (!figures.connected) {
            ls_buffer_printf(&answer->body, "source %s is not connected\n",
                             service->sources.of[i].source->name);
        }
    }
    if (ls_history_describe(service->intake.history, &history, NULL) != LS_OK ||
        history.store_away) {
        ls_buffer_text(&answer->body, "the history does not take samples into its store\n");
    }
    pthread_mutex_lock(&service->intake.lock);
    if (service->intake.running.follow == NULL) {
        ls_buffer_text(&answer->body, "nothing was heard yet\n");
    }
    if (service->intake.figures.refuses) {
        ls_buffer_text(&answer->body, "the history does not take what is heard\n");
    }
    pthread_mutex_unlock(&service->intake.lock);
    answer->status = answer->body.size == 0 ? 200 : 503;
    if (answer->status == 200) {
        ls_buffer_text(&answer->body, "ready\n");
    }
}

static void answer_metrics(ls_service *service, ls_http_answer *answer) {
    const ls_metrics_of of = {.intake = &service->intake,
                              .sources = &service->sources,
                              .watch = service->watch,
                              .desk = service->desk,
                              .events = ls_journal_count(service->journal),
                              .broker_pid = ls_service_broker_pid(service),
                              .version = service->def->version};
    ls_metrics_write(&of, &answer->body);
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    answer->status = 200;
}

static void answer_state(ls_service *service, ls_http_answer *answer) {
    json_t *object = ls_state_json(&service->intake, &service->sources);
    if (object != NULL && service->watch != NULL) {
        ls_watch_json(service->watch, object);
    }
    char *text = object != NULL ? json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(15))
                                : NULL;
    json_decref(object);
    answer->type = "application/json";
    answer->status = text != NULL ? 200 : 503;
    if (text != NULL) {
        ls_buffer_text(&answer->body, text);
        ls_buffer_text(&answer->body, "\n");
        free(text);  // jansson's own
    }
}

static void answer(void *context, const char *path, ls_http_answer *out) {
    ls_service *service = context;
    pthread_rwlock_rdlock(&service->line_lock);
    if (strcmp(path, "/healthz") == 0) {
        out->status = 200;
        ls_buffer_text(&out->body, "ok\n");
    } else if (strcmp(path, "/readyz") == 0) {
        answer_ready(service, out);
    } else if (strcmp(path, "/metrics") == 0) {
        answer_metrics(service, out);
    } else if (strcmp(path, "/state") == 0) {
        answer_state(service, out);
    } else {
        ls_buffer_text(&out->body, "here are /healthz, /readyz, /metrics and /state\n");
    }
    pthread_rwlock_unlock(&service->line_lock);
}

// ---- where to find it

static void file_path(const ls_service *service, char *out) {
    snprintf(out, PATH_SIZE, "%s/service.json", service->def->data);
}

static ls_status write_address(const ls_service *service, ls_error *err) {
    char path[PATH_SIZE];
    char text[256];
    file_path(service, path);
    const size_t size = ls_text_format(
        text, sizeof text, "{\"pid\": %d, \"address\": \"%s\", \"port\": %d}\n", (int)getpid(),
        service->def->listen, ls_http_port(service->http));
    return ls_file_write(path, text, size, err);
}

ls_status ls_service_open_web(ls_service *service, ls_error *err) {
    const ls_status status = ls_http_start(service->def->listen, service->def->port, answer,
                                           service, &service->http, err);
    return status == LS_OK ? write_address(service, err) : status;
}

void ls_service_close_web(ls_service *service) {
    if (service->http != NULL) {
        char path[PATH_SIZE];
        file_path(service, path);
        unlink(path);
        ls_http_stop(service->http);
        service->http = NULL;
    }
}
