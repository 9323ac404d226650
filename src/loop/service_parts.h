// service_parts.h - inside of the service: its parts, and who opens and closes them.
#pragma once

#include <jansson.h>

#include "line/broker.h"
#include "loop/http.h"
#include "loop/intake.h"
#include "loop/journal.h"
#include "loop/keeper.h"
#include "loop/service.h"
#include "loop/sources.h"

typedef struct ls_service {
    const ls_service_def *def;
    ls_tags *tags;
    ls_journal *journal;
    ls_intake intake;            // holds the running plant and the history
    pthread_rwlock_t line_lock;  // sources and broker: written by the loop, read by the web
    ls_sources sources;
    ls_listen listen;      // the plant's, with the embedded broker's address filled in
    ls_source *listen_of;  // its sources
    ls_broker *broker;
    ls_broker_access access;
    ls_http *http;
    bool save_fails;
} ls_service;

// service_history.c
ls_status ls_service_make_folder(const char *path, ls_error *err);  // and those above it
ls_status ls_service_open_history(ls_service *service, const ls_plant *plant, ls_error *err);

// service_line.c: broker and drivers
ls_status ls_service_open_line(ls_service *service, ls_error *err);
void ls_service_close_line(ls_service *service);
int ls_service_broker_pid(ls_service *service);  // 0: none
// Reads the plant file again. Refused whole when it is wrong: everything goes on as it was.
void ls_service_reload(ls_service *service);

// service_web.c
ls_status ls_service_open_web(ls_service *service, ls_error *err);
void ls_service_close_web(ls_service *service);

// service_watch.c: orders, notes, estimates, forecasts
void ls_service_watch_json(ls_service *service, json_t *object);  // adds what they say
void ls_service_every_second(ls_service *service);
