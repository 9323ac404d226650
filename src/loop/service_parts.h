// service_parts.h - inside of the service: its parts, and who opens and closes them.
#pragma once

#include <jansson.h>
#include <stdatomic.h>

#include "exec/own_pool.h"
#include "line/broker.h"
#include "loop/accounts.h"
#include "loop/calibrations.h"
#include "loop/decisions.h"
#include "loop/desk.h"
#include "loop/errands.h"
#include "loop/guard_child.h"
#include "loop/intake.h"
#include "loop/journal.h"
#include "loop/keeper.h"
#include "loop/pulse.h"
#include "loop/searches.h"
#include "loop/service.h"
#include "loop/sources.h"
#include "loop/trainings.h"
#include "loop/watch.h"

typedef struct ls_alarms ls_alarms;  // loop/alarms.h

typedef struct ls_service {
    const ls_service_def *def;
    ls_tags *tags;
    ls_journal *journal;
    ls_intake intake;            // holds the running plant and the history
    pthread_rwlock_t line_lock;  // what follows: written by the loop, read by the web
    ls_sources sources;
    ls_broker *broker;
    ls_watch *watch;
    ls_desk *desk;
    ls_guard_child *guard;  // NULL: nothing may be sent
    ls_models *models;      // NULL: the plant file has none
    ls_alarms *alarms;      // of its monitors; NULL: no models
    ls_decisions *decisions;
    ls_accounts *accounts;
    ls_pulse *pulse;        // under the intake's lock
    ls_own_pool *own_pool;  // NULL: the plant's pool is another, or could not be opened
    ls_tenant *tenant;      // the errands'
    ls_errands *errands;    // NULL: nothing is handed over
    ls_calibrations *calibrations;
    ls_searches *searches;
    ls_model_watch *model_watch;  // NULL: there are no models
    ls_trainings *trainings;
    int64_t models_first_us;  // of the history; 0: not known
    unsigned models_ticks;
    ls_errand_kind kinds[3];
    uint32_t *order;  // numbers of the plant's stations as they are drawn
    int port;         // of the web face
    bool has_face;
    atomic_bool saved;  // the plant file was saved from the page: to be read again
    bool save_fails;
    uint32_t mapping_lines;  // that were last said of the mapping
} ls_service;

// station_order.c: numbers of the stations in the order of the routes, as far as these agree, then
// of the file; ls_free. NULL: out of memory. O(stations^2 * steps): once for each plant.
uint32_t *ls_station_order(const ls_plant *plant);

// service_history.c
ls_status ls_service_open_history(ls_service *service, const ls_plant *plant, ls_error *err);

// service_line.c: what belongs to a running plant: watch, desk, broker and drivers. open_plant is
// for before the first signal, open_line for after the history was heard again.
ls_status ls_service_open_plant(ls_service *service, ls_error *err);
ls_status ls_service_open_line(ls_service *service, ls_error *err);
void ls_service_close_line(ls_service *service);
int ls_service_broker_pid(ls_service *service);  // 0: none
// Reads the plant file again. Refused whole when it is wrong: everything goes on as it was.
void ls_service_reload(ls_service *service);

// service_pool.c: a pool in process is opened before any thread is; jobs after the journal is
// there. Without a pool the service goes on, and says so.
void ls_service_open_pool(ls_service *service, const ls_plant *plant);
void ls_service_open_jobs(ls_service *service);
void ls_service_close_jobs(ls_service *service);
void ls_service_close_pool(ls_service *service);

// service_models.c: drift, shadow and trainings of the models in service
ls_status ls_service_open_model_watch(ls_service *service, ls_error *err);
ls_trainings_of ls_service_trainings_of(ls_service *service);
void ls_service_tick_models(ls_service *service);  // about once a second

// service_web.c
ls_status ls_service_open_web(ls_service *service, ls_error *err);
void ls_service_close_web(ls_service *service);
