// service_history.c - the history in the folder of the service.
#include <stdio.h>

#include "base/arena.h"
#include "loop/service_parts.h"

enum { PATH_SIZE = 4096 };

// Rules of retention as the history wants them; in the tags' life they may stay in the plant.
static void take_rules(const ls_listen *listen, ls_history_keep *rules, ls_history_def *def) {
    for (uint32_t i = 0; i < listen->keep_count; i++) {
        rules[i] = (ls_history_keep){.tags = listen->keep[i].tags,
                                     .raw_us = listen->keep[i].raw_us,
                                     .rollup_us = listen->keep[i].rollup_us,
                                     .rollup_keep_us = listen->keep[i].rollup_keep_us};
    }
    def->keep = rules;
    def->keep_count = listen->keep_count;
}

ls_status ls_service_open_history(ls_service *service, const ls_plant *plant, ls_error *err) {
    const ls_listen *listen = &plant->listen;
    char folder[PATH_SIZE];
    ls_history_def def = ls_history_def_default();
    ls_status status = ls_tags_create(&service->tags, err);
    if (status != LS_OK) {
        return status;
    }
    service->intake.tags = service->tags;
    snprintf(folder, sizeof folder, "%s/history", service->def->data);
    def.store = listen->history_store != NULL ? listen->history_store : folder;
    def.folder = folder;
    def.login = listen->history_login;
    ls_history_keep *rules = ls_alloc((listen->keep_count + 1) * sizeof *rules);
    if (rules == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the rules of retention");
    }
    take_rules(listen, rules, &def);
    status = ls_history_open(&def, service->tags, &service->intake.history, err);
    ls_free(rules);
    return status;
}
