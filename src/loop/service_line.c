// service_line.c - the line's end of the service: broker, drivers, what they tell, and a new plant
// file while all of it runs.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "loop/alarms.h"
#include "loop/model_watch.h"
#include "loop/models.h"
#include "loop/service_parts.h"

enum { PATH_SIZE = 4096 };

// ---- what drivers and broker tell

typedef struct notice_words {
    const char *kind;
    ls_log_level level;
} notice_words;

static const notice_words words[LS_NOTICE_KIND_COUNT] = {
    [LS_NOTICE_CONNECTED] = {"connected", LS_LOG_INFO},
    [LS_NOTICE_LOST] = {"lost", LS_LOG_WARNING},
    [LS_NOTICE_BIRTH] = {"birth", LS_LOG_INFO},
    [LS_NOTICE_DEATH] = {"death", LS_LOG_WARNING},
    [LS_NOTICE_GAP] = {"gap", LS_LOG_WARNING},
    [LS_NOTICE_REBIRTH] = {"rebirth", LS_LOG_INFO},
    [LS_NOTICE_REFUSED] = {"refused", LS_LOG_WARNING},
    [LS_NOTICE_SKEW] = {"skew", LS_LOG_WARNING},
};

static void noticed(void *context, const ls_notice *notice) {
    ls_service *service = context;
    char json[96] = "";
    if (notice->kind == LS_NOTICE_GAP) {
        ls_text_format(json, sizeof json, "{\"missing\": %llu}", (unsigned long long)notice->count);
    } else if (notice->kind == LS_NOTICE_SKEW) {
        ls_text_format(json, sizeof json, "{\"skew_us\": %lld}", (long long)notice->amount_us);
    }
    ls_journal_write(service->journal, words[notice->kind].level, words[notice->kind].kind,
                     notice->subject, notice->time_us, notice->text, json);
}

static void broker_told(void *context, const char *text) {
    ls_service *service = context;
    ls_journal_write(service->journal, LS_LOG_WARNING, "broker", "", 0, text, NULL);
}

// ---- broker

static void broker_folder(const ls_service *service, char *out) {
    snprintf(out, PATH_SIZE, "%s/broker", service->def->data);
}

static ls_status start_broker(ls_service *service, ls_error *err) {
    char folder[PATH_SIZE];
    broker_folder(service, folder);
    ls_broker_def def = ls_broker_def_default();
    def.folder = folder;
    def.listen = &service->intake.running.plant->listen;
    def.told = broker_told;
    def.context = service;
    return ls_broker_start(&def, &service->broker, err);
}

int ls_service_broker_pid(ls_service *service) {
    ls_broker_figures figures = {0};
    if (service->broker != NULL) {
        ls_broker_describe(service->broker, &figures);
    }
    return figures.process;
}

// ---- sources

static ls_status open_sources(ls_service *service, ls_error *err) {
    char folder[PATH_SIZE];
    const ls_listen *listen = &service->intake.running.plant->listen;
    ls_sink sink = ls_intake_sink(&service->intake);
    broker_folder(service, folder);
    sink.broker_folder = folder;
    if (service->broker == NULL && ls_broker_wanted(listen)) {
        const ls_status status = start_broker(service, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return ls_sources_open(listen, service->def->plant, &sink, &service->sources, err);
}

static void hear_order(void *context, const ls_sample *sample) {
    ls_service *service = context;
    const ls_tag *tag = ls_tags_get(service->tags, sample->tag);
    if (sample->kind == LS_VALUE_TEXT && tag != NULL && service->desk != NULL) {
        ls_desk_put(service->desk, tag->name, sample->value.text, sample->size);
    }
}

ls_status ls_service_open_plant(ls_service *service, ls_error *err) {
    service->intake.noticed = noticed;
    service->intake.context = service;
    ls_free(service->order);
    service->order = ls_station_order(service->intake.running.plant);
    if (service->order == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the order of the stations");
    }
    return ls_watch_open(&service->intake, service->journal, &service->watch, err);
}

static bool may_send(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        if (plant->decide.points[i].mode >= LS_MODE_APPROVE) {
            return true;
        }
    }
    return false;
}

// After the broker: the guard has a login of its own there.
static ls_status open_decisions(ls_service *service, ls_error *err) {
    char folder[PATH_SIZE];
    ls_status status = LS_OK;
    snprintf(folder, sizeof folder, "%s/guard", service->def->data);
    const bool sends = may_send(service->intake.running.plant);
    if (sends) {
        status = ls_guard_child_start(service->def->plant, service->def->data, service->journal,
                                      &service->guard, err);
    }
    if (status == LS_OK) {
        status = ls_decisions_open(&service->intake, service->journal, sends ? folder : NULL,
                                   &service->decisions, err);
    }
    return status;
}

// Before the first signal: they hear again what the history has, and then what comes.
static ls_status open_models(ls_service *service, ls_error *err) {
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s/models", service->def->data);
    const ls_models_def def = {.intake = &service->intake,
                               .journal = service->journal,
                               .folder = folder,
                               .plant = service->def->plant};
    return ls_models_open(&def, &service->models, err);
}

// Alarms of before a restart stand on.
static ls_status open_alarms(ls_service *service, ls_error *err) {
    const ls_running *running = &service->intake.running;
    const ls_plant *plant = running->plant;
    if (service->models == NULL) {
        return LS_OK;
    }
    int64_t now_us = plant->start_us;
    now_us += running->follow != NULL ? ls_follow_now(running->follow) : 0;
    now_us = service->intake.figures.newest_us > now_us ? service->intake.figures.newest_us
                                                        : now_us;
    ls_status status = ls_alarms_create(plant->models, plant->model_count, service->journal,
                                        &service->alarms, err);
    if (status == LS_OK) {
        status = ls_alarms_recall(service->alarms, service->intake.history, now_us, err);
    }
    return status == LS_OK ? ls_alarms_attach(service->alarms, service->models, err) : status;
}

ls_status ls_service_open_line(ls_service *service, ls_error *err) {
    ls_status status = ls_desk_open(service->intake.running.plant, service->def->data,
                                    &service->intake, service->journal, &service->desk, err);
    // Orders heard again from the history have been told to the desk before; it knows them.
    service->intake.order = hear_order;
    if (status == LS_OK) {
        status = open_models(service, err);
    }
    if (status == LS_OK) {
        status = open_alarms(service, err);
    }
    if (status == LS_OK) {
        status = ls_service_open_model_watch(service, err);
    }
    if (status == LS_OK) {
        status = open_sources(service, err);
    }
    if (status == LS_OK) {
        status = open_decisions(service, err);
    }
    return status == LS_OK ? ls_accounts_open(&service->intake, service->watch, service->decisions,
                                              0, &service->accounts, err)
                           : status;
}

// The other way round: nobody hears, then nobody reads.
static void close_plant(ls_service *service) {
    ls_accounts_close(service->accounts);
    service->accounts = NULL;
    ls_decisions_close(service->decisions);
    service->decisions = NULL;
    ls_guard_child_stop(service->guard);
    service->guard = NULL;
    ls_sources_close(&service->sources);
    ls_model_watch_close(service->model_watch);
    service->model_watch = NULL;
    ls_models_close(service->models);
    service->models = NULL;
    ls_alarms_destroy(service->alarms);
    service->alarms = NULL;
    ls_desk_close(service->desk);
    service->desk = NULL;
    ls_watch_close(service->watch);
    service->watch = NULL;
    ls_free(service->order);
    service->order = NULL;
}

void ls_service_close_line(ls_service *service) {
    close_plant(service);
    ls_broker_stop(service->broker);
    service->broker = NULL;
}

// ---- a new plant file

static void tell_mistakes(ls_service *service, const ls_errors *errors) {
    char text[800];
    for (size_t i = 0; i < errors->count && i < 20; i++) {
        const ls_error *mistake = errors->items + i;
        ls_text_format(text, sizeof text, "%s:%d:%d: %s", mistake->file, mistake->line,
                       mistake->column, mistake->text);
        ls_say(LS_LOG_ERROR, "reload", "", "%s", text);
    }
    ls_text_format(text, sizeof text, "refused with %zu mistakes; everything goes on as it was",
                   errors->total);
    ls_journal_write(service->journal, LS_LOG_ERROR, "reload", service->def->plant, 0, text, NULL);
}

// Puts a running plant in, with what the history knows of the line. On failure nothing of it is
// open, but it is in.
static ls_status use_plant(ls_service *service, const ls_running *running, ls_error *err) {
    uint64_t heard_again = 0;
    pthread_mutex_lock(&service->intake.lock);
    service->intake.running = *running;
    pthread_mutex_unlock(&service->intake.lock);
    ls_status status = ls_service_open_plant(service, err);
    if (status == LS_OK) {
        pthread_mutex_lock(&service->intake.lock);
        status = ls_keeper_restore(&service->intake, service->def->catch_up_us, &heard_again, err);
        pthread_mutex_unlock(&service->intake.lock);
    }
    if (status == LS_OK) {
        status = ls_service_open_line(service, err);
    }
    if (status != LS_OK) {
        close_plant(service);
    }
    return status;
}

// The plant in use without its follower, whose state was saved.
static ls_running take_out(ls_service *service) {
    pthread_mutex_lock(&service->intake.lock);
    ls_running running = service->intake.running;
    ls_follow_destroy(running.follow);
    running.follow = NULL;
    service->intake.running.follow = NULL;
    pthread_mutex_unlock(&service->intake.lock);
    return running;
}

static bool is_same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void tell_of_pool(const ls_plant_pool *was, const ls_plant_pool *is) {
    if (was->slots != is->slots || !is_same_text(was->socket, is->socket) ||
        !is_same_text(was->account, is->account)) {
        ls_say(LS_LOG_WARNING, "reload", "",
               "'pool' has changed: that counts when the service is started again");
    }
}

// Drivers are closed meanwhile: what the line says waits at the broker, or is told again.
static void change_plant(ls_service *service, ls_running *next) {
    ls_error err = {0};
    ls_error worse = {0};
    char text[700];
    pthread_rwlock_wrlock(&service->line_lock);
    close_plant(service);
    if (ls_keeper_save(&service->intake, &err) != LS_OK) {
        ls_say(LS_LOG_WARNING, "reload", "", "%s", err.text);
    }
    ls_running old = take_out(service);
    if (use_plant(service, next, &err) == LS_OK) {
        tell_of_pool(&old.plant->pool, &next->plant->pool);
        ls_running_clear(&old);
        ls_journal_write(service->journal, LS_LOG_INFO, "reload", service->def->plant, 0,
                         "the plant file was read again and is in use", NULL);
    } else {
        ls_text_format(text, sizeof text, "refused: %s; everything goes on as it was", err.text);
        ls_journal_write(service->journal, LS_LOG_ERROR, "reload", service->def->plant, 0, text,
                         NULL);
        ls_running refused = take_out(service);
        if (use_plant(service, &old, &worse) != LS_OK) {
            ls_say(LS_LOG_ERROR, "reload", "", "the old plant file does not work any more: %s",
                   worse.text);
        }
        ls_running_clear(&refused);
    }
    pthread_rwlock_unlock(&service->line_lock);
}

void ls_service_reload(ls_service *service) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    ls_running next = {0};
    ls_error err = {0};
    ls_status status = ls_running_read(service->def->plant, &plant, &errors);
    if (status == LS_OK) {
        status = ls_running_make(plant, service->tags, &next, &err);
        if (status != LS_OK) {
            ls_errors_add(&errors, &err);
        }
    }
    if (status == LS_OK) {
        change_plant(service, &next);
    } else {
        tell_mistakes(service, &errors);
    }
    ls_errors_clear(&errors);
}
