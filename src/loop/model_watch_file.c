// model_watch_file.c - what drift and shadow have seen, kept over a restart.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "loop/json_value.h"
#include "loop/model_watch_inside.h"

enum { PATH_SIZE = 4400, SAVED_MAX = 64 << 20 };
static const char FORMAT[] = "model-watch/1";

static void path_of(const ls_model_watch *w, const model_watched *m, char out[PATH_SIZE]) {
    ls_text_format(out, PATH_SIZE, "%s/%s/watch.json", w->folder, m->plan->name);
}

static json_t *times_json(const int64_t *times, uint32_t count) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(list, json_integer(times[i]));
    }
    return list;
}

static void load_times(const json_t *list, int64_t *out, uint32_t count) {
    for (uint32_t i = 0; i < count && json_array_size(list) == count; i++) {
        out[i] = json_integer_value(json_array_get(list, i));
    }
}

static char *state_text(const model_watched *m) {
    json_t *object = json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:s, s:o, s:o}",   //
                               "format", FORMAT,                                  //
                               "champion", (json_int_t)m->champion,               //
                               "challenger", (json_int_t)m->challenger,           //
                               "said_us", times_json(m->said_us, m->unit_count),  //
                               "true_us", times_json(m->true_us, m->unit_count),  //
                               "labels_since", (json_int_t)m->labels_since,       //
                               "causes", m->text,                                 //
                               "drift", m->has_drift ? ls_drift_watch_save(&m->drift) : json_null(),
                               "shadow", m->has_shadow ? ls_shadow_save(&m->shadow) : json_null());
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    return text;
}

void ls_model_watch_save(ls_model_watch *w) {
    bool fails = false;
    ls_error err = {0};
    for (uint32_t i = 0; i < w->count; i++) {
        char path[PATH_SIZE];
        pthread_mutex_lock(&w->lock);
        model_watched *m = &w->all[i];
        char *text = m->champion != 0 ? state_text(m) : NULL;
        const bool none = m->champion == 0;
        path_of(w, m, path);
        pthread_mutex_unlock(&w->lock);
        fails = fails ||
                (!none && (text == NULL || ls_file_write(path, text, strlen(text), &err) != LS_OK));
        free(text);  // jansson's own
    }
    if (fails && !w->save_fails) {
        ls_say(LS_LOG_ERROR, "model", "", "what drift and shadow have seen is not saved: %s",
               err.text);
    }
    w->save_fails = fails;
}

// Anything but what was saved here is as if there were nothing.
void ls_model_watch_load(const ls_model_watch *w, model_watched *m) {
    char path[PATH_SIZE], *text = NULL;
    size_t size = 0;
    ls_arena arena;
    ls_error err = {0};
    ls_arena_init(&arena);
    path_of(w, m, path);
    if (ls_file_read(path, SAVED_MAX, &arena, &text, &size, &err) == LS_OK) {
        m->saved = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (strcmp(ls_json_text_at(m->saved, "format"), FORMAT) != 0) {
            json_decref(m->saved);
            m->saved = NULL;
        }
    }
    load_times(json_object_get(m->saved, "said_us"), m->said_us, m->unit_count);
    load_times(json_object_get(m->saved, "true_us"), m->true_us, m->unit_count);
    ls_arena_clear(&arena);
}
