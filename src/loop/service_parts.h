// service_parts.h - inside of the service: its parts, and who opens and closes them.
#pragma once

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
    ls_intake intake;  // holds the running plant and the history
    ls_sources sources;
    ls_http *http;
    bool save_fails;
} ls_service;

// service_history.c
ls_status ls_service_make_folder(const char *path, ls_error *err);  // and those above it
ls_status ls_service_open_history(ls_service *service, const ls_plant *plant, ls_error *err);

// service_line.c: broker and drivers
ls_status ls_service_open_line(ls_service *service, ls_error *err);
void ls_service_close_line(ls_service *service);
// Reads the plant file again. Refused whole when it is wrong: everything goes on as it was.
void ls_service_reload(ls_service *service);

// service_web.c
ls_status ls_service_open_web(ls_service *service, ls_error *err);
void ls_service_close_web(ls_service *service);

// service_watch.c: orders, notes, estimates, forecasts
void ls_service_every_second(ls_service *service);
