// service_pool.c - the plant's pool, and the jobs that the service hands to it.
#include <stdio.h>

#include "exec/plant_tenant.h"
#include "loop/service_parts.h"

static void troubled(void *context, const ls_error *err) {
    (void)context;
    if (err != NULL && err->status == LS_ERR_LIMIT) {
        ls_say(LS_LOG_ERROR, "pool", "", "%s; no job is taken until there is room", err->text);
    } else if (err != NULL) {
        ls_say(LS_LOG_ERROR, "pool", "", "%s; no job is started or taken until it goes again",
               err->text);
    } else {
        ls_say(LS_LOG_INFO, "pool", "", "its journal goes again");
    }
}

static void ended(void *context, const ls_error *err) {
    (void)context;
    ls_say(LS_LOG_ERROR, "pool", "",
           "%s: what runs goes on, nothing new starts until the service is started again",
           err->text);
}

void ls_service_open_pool(ls_service *s, const ls_plant *plant) {
    char folder[LS_PLANT_POOL_PATH];
    ls_error err = {0};
    if (plant->pool.socket != NULL || plant->pool.url != NULL) {
        return;
    }
    ls_plant_pool_folder(s->def->data, folder);
    const ls_own_pool_def def = {.name = plant->name,
                                 .folder = folder,
                                 .slots = plant->pool.slots,
                                 .version = s->def->version,
                                 .troubled = troubled,
                                 .ended = ended,
                                 .context = s};
    if (ls_own_pool_open(&def, &s->own_pool, &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "pool", plant->name,
               "the pool in process cannot be opened: %s; the service goes on without it",
               err.text);
    }
}

static ls_status open_jobs(ls_service *s, ls_error *err) {
    char folder[LS_PLANT_POOL_PATH];
    const ls_plant *plant = s->intake.running.plant;
    const ls_plant_pool *pool = &plant->pool;
    ls_status status = ls_plant_tenant_open(
        plant, s->def->data, s->own_pool != NULL ? ls_own_pool_daemon(s->own_pool) : NULL,
        &s->tenant, err);
    if (status == LS_OK) {
        status = ls_calibrations_create(s->def->plant, s->def->data, s->journal, &s->calibrations,
                                        err);
    }
    if (status == LS_OK) {
        status = ls_searches_create(s->def->plant, s->def->data, &s->searches, err);
    }
    if (status != LS_OK) {
        return status;
    }
    s->kinds[0] = ls_calibrations_kind(s->calibrations);
    s->kinds[1] = ls_searches_kind(s->searches);
    s->kinds[2] = ls_trainings_kind(s->trainings);
    ls_text_format(folder, sizeof folder, "%s/errands", s->def->data);
    const ls_errands_def def = {.folder = folder,
                                .tenant = s->tenant,
                                .journal = s->journal,
                                .at_once = pool->slots,
                                .kinds = s->kinds,
                                .kind_count = sizeof s->kinds / sizeof *s->kinds};
    status = ls_errands_open(&def, &s->errands, err);
    if (status == LS_OK) {
        ls_calibrations_begin(s->calibrations, s->errands);
        ls_searches_begin(s->searches, s->errands);
        ls_trainings_begin(s->trainings, s->errands);
    }
    return status;
}

static void close_errands(ls_service *s) {
    if (s->trainings != NULL) {
        ls_trainings_begin(s->trainings, NULL);
    }
    ls_errands_close(s->errands);
    s->errands = NULL;
    ls_calibrations_destroy(s->calibrations);
    s->calibrations = NULL;
    ls_searches_destroy(s->searches);
    s->searches = NULL;
    ls_tenant_close(s->tenant);
    s->tenant = NULL;
}

void ls_service_open_jobs(ls_service *s) {
    ls_error err = {0};
    const ls_plant *plant = s->intake.running.plant;
    const ls_trainings_def trainings = {.plant = s->def->plant,
                                        .data = s->def->data,
                                        .journal = s->journal,
                                        .history = s->intake.history};
    // Promotions need no pool.
    if (ls_trainings_create(&trainings, &s->trainings, &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "model", "", "nothing is trained or promoted: %s", err.text);
        return;
    }
    if (s->own_pool == NULL && plant->pool.socket == NULL && plant->pool.url == NULL) {
        return;  // it could not be opened; that was said
    }
    if (open_jobs(s, &err) != LS_OK) {
        close_errands(s);
        ls_say(LS_LOG_ERROR, "job", "", "nothing is handed to the pool: %s", err.text);
    } else if (s->own_pool != NULL) {
        ls_say(LS_LOG_INFO, "pool", plant->name, "in process, its socket is %s",
               ls_own_pool_socket(s->own_pool));
    } else {
        ls_say(LS_LOG_INFO, "pool", plant->name, "jobs go to the pool at %s",
               plant->pool.url != NULL ? plant->pool.url : plant->pool.socket);
    }
}

void ls_service_close_jobs(ls_service *s) {
    close_errands(s);
    ls_trainings_destroy(s->trainings);
    s->trainings = NULL;
}

void ls_service_close_pool(ls_service *s) {
    ls_own_pool_close(s->own_pool);
    s->own_pool = NULL;
}
