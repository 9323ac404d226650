// model_open.c - see model_open.h.
#include "cli/model_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "import/plant_file.h"
#include "line/data_folder.h"

const ls_option ls_model_place_options[] = {
    {.name = "data",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "lineshaft-data/ and the plant's name, here; under systemd its state folder",
     .about = "where the plant's service keeps what it keeps"},
    {.name = "models",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "models in the data folder",
     .about = "where the versions of models are kept"},
    {0},
};
const ls_option ls_model_json_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the result as one JSON object"},
    {0},
};
const ls_option ls_model_history_options[] = {
    {.name = "history",
     .kind = LS_OPTION_TEXT,
     .argument = "HISTORY",
     .says = "that of the plant's service",
     .about = "the history to learn from: a folder"},
    {0},
};
// PLANT:MODEL, unless a file is called so.
static const char *split(const char *argument, char *file, size_t size) {
    const char *colon = strrchr(argument, ':');
    snprintf(file, size, "%s", argument);
    if (colon == NULL || access(argument, F_OK) == 0 || (size_t)(colon - argument) >= size) {
        return NULL;
    }
    file[colon - argument] = '\0';
    return colon + 1;
}

static int find_plan(ls_model_opened *o, const char *name, bool needs_one) {
    const ls_plant *p = o->plant;
    ls_error err = {0};
    if (p->model_count == 0) {
        ls_fail_at(&err, LS_ERR_INVALID, o->file, 0, 0, "the plant has no models");
        ls_hint(&err, "they are described under 'models:', see docs/MODELS.md");
        return ls_complain(&err);
    }
    for (uint32_t i = 0; i < p->model_count && name != NULL; i++) {
        if (strcmp(p->models[i].name, name) == 0) {
            o->plan = &p->models[i];
            return LS_EXIT_DONE;
        }
    }
    if (name != NULL) {
        ls_fail_at(&err, LS_ERR_INVALID, o->file, 0, 0, "the plant has no model '%s'", name);
        ls_hint(&err, "it has '%s'%s", p->models[0].name, p->model_count > 1 ? " and others" : "");
        return ls_complain(&err);
    }
    o->plan = p->model_count == 1 ? &p->models[0] : NULL;
    if (o->plan == NULL && needs_one) {
        ls_fail_at(&err, LS_ERR_INVALID, o->file, 0, 0, "the plant has %u models: say which",
                   p->model_count);
        ls_hint(&err, "as '%.200s:%s'", o->file, p->models[0].name);
        (void)ls_complain(&err);
        return LS_EXIT_USAGE;
    }
    return LS_EXIT_DONE;
}

int ls_model_open_history(const ls_options *options, ls_model_opened *o) {
    const ls_option_value *given = ls_options_get(options, "history");
    const ls_listen *listen = &o->plant->listen;
    char folder[4200], inside[4300];
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    snprintf(folder, sizeof folder, "%s/history", o->data);
    def.store = listen->history_store != NULL ? listen->history_store : folder;
    def.login = listen->history_login;
    if (given->given) {
        snprintf(inside, sizeof inside, "%.4000s/history/history.db", given->text);
        snprintf(folder, sizeof folder, "%.4000s%s", given->text,
                 access(inside, F_OK) == 0 ? "/history" : "");
        def.store = folder;
        def.login = NULL;
    }
    def.folder = folder;
    def.read_only = true;
    if (def.store == folder && access(folder, F_OK) != 0) {
        ls_fail_at(&err, LS_ERR_IO, folder, 0, 0, "there is no history here");
        ls_hint(&err, "start 'lineshaft run', or say where one is with '--history FOLDER'");
        return ls_complain(&err);
    }
    ls_status status = ls_tags_create(&o->tags, &err);
    if (status == LS_OK) {
        status = ls_history_open(&def, o->tags, &o->history, &err);
    }
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

int ls_model_open(const ls_options *options, bool needs_one, bool history, ls_model_opened *out) {
    const ls_option_value *data_option = ls_options_get(options, "data");
    const ls_option_value *models = ls_options_get(options, "models");
    ls_errors errors;
    ls_error err = {0};
    memset(out, 0, sizeof *out);
    const char *name = split(options->arguments[0], out->file, sizeof out->file);
    ls_errors_init(&errors);
    const ls_status status = ls_plant_file_read(out->file, &out->plant, &errors);
    int code = status == LS_OK ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    if (code == LS_EXIT_DONE) {
        code = find_plan(out, name, needs_one);
    }
    if (code == LS_EXIT_DONE &&
        ls_data_folder(data_option->given ? data_option->text : getenv("STATE_DIRECTORY"),
                       out->plant->name, out->data, sizeof out->data, &err) != LS_OK) {
        code = ls_complain(&err);
    }
    if (code == LS_EXIT_DONE) {
        snprintf(out->registry, sizeof out->registry, "%.4000s%s",
                 models->given ? models->text : out->data, models->given ? "" : "/models");
    }
    if (code == LS_EXIT_DONE && out->plan != NULL) {
        ls_registry_key_file(out->file, out->plan->signed_by, out->key, sizeof out->key);
    }
    return code == LS_EXIT_DONE && history ? ls_model_open_history(options, out) : code;
}

const char *ls_model_key(const ls_model_opened *opened) {
    return opened->key[0] != '\0' ? opened->key : NULL;
}

void ls_model_close(ls_model_opened *opened) {
    (void)ls_history_close(opened->history, NULL);  // only read
    ls_tags_destroy(opened->tags);
    ls_plant_destroy(opened->plant);
}
