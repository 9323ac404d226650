// service_line.c - the line's end of the service: broker, drivers, what they tell, and a new plant
// file while all of it runs.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
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

static ls_status start_broker(ls_service *service, ls_error *err) {
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s/broker", service->def->data);
    ls_broker_def def = ls_broker_def_default();
    def.folder = folder;
    def.listen = &service->intake.running.plant->listen;
    def.told = broker_told;
    def.context = service;
    const ls_status status = ls_broker_start(&def, &service->broker, err);
    return status == LS_OK ? ls_broker_access_get(folder, LS_BROKER_HOST, &service->access, err)
                           : status;
}

int ls_service_broker_pid(ls_service *service) {
    ls_broker_figures figures = {0};
    if (service->broker != NULL) {
        ls_broker_describe(service->broker, &figures);
    }
    return figures.process;
}

// ---- sources

// The plant's sources, with the embedded broker's address and login where they say `embedded`.
static ls_status fill_in(ls_service *service, ls_error *err) {
    service->listen = service->intake.running.plant->listen;
    const uint32_t count = service->listen.source_count;
    ls_source *own = ls_alloc((count + 1) * sizeof *own);
    if (own == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the sources");
    }
    for (uint32_t i = 0; i < count; i++) {
        own[i] = service->listen.sources[i];
        if (own[i].embedded) {
            own[i].embedded = false;
            own[i].broker = service->access.url;
            own[i].login = service->access.login;
        }
    }
    ls_free(service->listen_of);
    service->listen_of = own;
    service->listen.sources = own;
    return LS_OK;
}

static ls_status open_sources(ls_service *service, ls_error *err) {
    const ls_sink sink = ls_intake_sink(&service->intake);
    ls_status status = LS_OK;
    if (service->broker == NULL && ls_broker_wanted(&service->intake.running.plant->listen)) {
        status = start_broker(service, err);
    }
    if (status == LS_OK) {
        status = fill_in(service, err);
    }
    if (status == LS_OK) {
        status = ls_sources_open(&service->listen, service->def->plant, &sink, &service->sources,
                                 err);
    }
    return status;
}

ls_status ls_service_open_line(ls_service *service, ls_error *err) {
    service->intake.noticed = noticed;
    service->intake.context = service;
    return open_sources(service, err);
}

void ls_service_close_line(ls_service *service) {
    ls_sources_close(&service->sources);
    ls_broker_stop(service->broker);
    service->broker = NULL;
    ls_free(service->listen_of);
    service->listen_of = NULL;
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

// Puts another running plant in, with what the history knows of the line; gives the old one back.
static ls_running swap_running(ls_service *service, ls_running *with) {
    ls_error err = {0};
    pthread_mutex_lock(&service->intake.lock);
    const ls_running old = service->intake.running;
    service->intake.running = *with;
    uint64_t heard_again = 0;
    if (with->follow == NULL && ls_keeper_restore(&service->intake, service->def->catch_up_us,
                                                  &heard_again, &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "reload", "", "%s", err.text);
    }
    pthread_mutex_unlock(&service->intake.lock);
    return old;
}

// Drivers are closed meanwhile: what the line says waits at the broker, or is told again.
static void change_plant(ls_service *service, ls_running *next) {
    ls_error err = {0};
    if (ls_keeper_save(&service->intake, &err) != LS_OK ||
        ls_history_flush(service->intake.history, &err) != LS_OK) {
        ls_say(LS_LOG_WARNING, "reload", "", "%s", err.text);
    }
    pthread_rwlock_wrlock(&service->line_lock);
    ls_sources_close(&service->sources);
    ls_running old = swap_running(service, next);
    if (open_sources(service, &err) == LS_OK) {
        ls_running_clear(&old);
        ls_journal_write(service->journal, LS_LOG_INFO, "reload", service->def->plant, 0,
                         "the plant file was read again and is in use", NULL);
    } else {
        char text[700];
        ls_text_format(text, sizeof text, "refused: %s; everything goes on as it was", err.text);
        ls_journal_write(service->journal, LS_LOG_ERROR, "reload", service->def->plant, 0, text,
                         NULL);
        ls_running refused = swap_running(service, &old);
        ls_running_clear(&refused);
        if (open_sources(service, &err) != LS_OK) {
            ls_say(LS_LOG_ERROR, "reload", "", "the old sources do not open any more: %s",
                   err.text);
        }
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
