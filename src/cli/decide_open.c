// decide_open.c - see decide_open.h.
#include "cli/decide_open.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/workers.h"
#include "cli/complain.h"
#include "cli/data_option.h"

enum { PATH_SIZE = 4096 };

static int open_history(const ls_options *options, ls_decide_opened *o, ls_error *err) {
    char data[PATH_SIZE];
    char folder[PATH_SIZE + 16];
    const ls_listen *listen = &o->intake.running.plant->listen;
    const int code = ls_data_option_folder(options, data, sizeof data);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_history_def def = ls_history_def_default();
    snprintf(folder, sizeof folder, "%s/history", data);
    def.store = listen->history_store != NULL ? listen->history_store : folder;
    def.folder = folder;
    def.login = listen->history_login;
    def.read_only = true;
    if (listen->history_store == NULL && access(folder, F_OK) != 0) {
        ls_fail_at(err, LS_ERR_IO, folder, 0, 0, "there is no history here");
        ls_hint(err, "start 'lineshaft run', or say where it keeps with '--data FOLDER'");
        return ls_complain(err);
    }
    const ls_status status = ls_history_open(&def, o->intake.tags, &o->intake.history, err);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(err);
}

static int open_all(const ls_options *options, ls_decide_opened *o) {
    ls_errors errors;
    ls_error err = {0};
    ls_plant *plant = NULL;
    memset(o, 0, sizeof *o);
    if (ls_intake_init(&o->intake, &err) != LS_OK ||
        ls_tags_create(&o->intake.tags, &err) != LS_OK) {
        return ls_complain(&err);
    }
    ls_errors_init(&errors);
    ls_status status = ls_running_read(options->arguments[0], &plant, &errors);
    const int code = status == LS_OK ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    status = ls_running_make(plant, o->intake.tags, &o->intake.running, &err);
    return status == LS_OK ? open_history(options, o, &err) : ls_complain(&err);
}

void ls_decide_close(ls_decide_opened *o) {
    ls_decider_destroy(o->decider);
    ls_threads_destroy(o->pool);
    (void)ls_history_close(o->intake.history, NULL);  // whoever has written has closed it before
    ls_tags *tags = o->intake.tags;
    ls_intake_clear(&o->intake);
    ls_tags_destroy(tags);
}

ls_status ls_decide_make(ls_decide_opened *o, ls_error *err) {
    ls_decider_def def = ls_decider_def_default();
    ls_status status = ls_threads_create(ls_workers_default(), &o->pool, err);
    if (status == LS_OK) {
        def.lent = ls_lent_pool(o->pool);
        status = ls_decider_create(o->intake.running.plant, o->intake.running.twin, &def,
                                   &o->decider, err);
    }
    return status;
}

int ls_decide_with(const ls_options *options, bool decides, ls_decide_act *act) {
    ls_decide_opened opened;
    int code = open_all(options, &opened);
    ls_error err = {0};
    if (code == LS_EXIT_DONE && decides && ls_decide_make(&opened, &err) != LS_OK) {
        code = ls_complain(&err);
    }
    if (code == LS_EXIT_DONE) {
        code = act(options, &opened);
    }
    ls_decide_close(&opened);
    return code;
}

// ---- a row

typedef struct wanted {
    const char *id;
    json_t *found;
    uint64_t count;
} wanted;

static bool take(void *context, const ls_happened *happened) {
    wanted *w = context;
    json_error_t why;
    w->count++;
    if (strcmp(happened->subject, w->id) == 0) {
        json_decref(w->found);
        w->found = json_loads(happened->json, 0, &why);
    }
    return true;
}

json_t *ls_decide_row(ls_decide_opened *o, const char *id, int *out_code) {
    wanted w = {.id = id};
    ls_error err = {0};
    const ls_status status = ls_history_events(o->intake.history, "decision", INT64_MIN, INT64_MAX,
                                               take, &w, &err);
    *out_code = LS_EXIT_DONE;
    if (status != LS_OK) {
        *out_code = ls_complain(&err);
    } else if (w.found == NULL) {
        ls_fail(&err, LS_ERR_INVALID, "there is no decision '%s'", id);
        ls_hint(&err, w.count == 0 ? "none has been made yet"
                                   : "'lineshaft history events PLANT-DATA --kind decision' lists "
                                     "them");
        *out_code = ls_complain(&err);
    }
    return w.found;
}
