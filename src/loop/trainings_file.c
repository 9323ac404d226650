// trainings_file.c - what is wanted of each model, kept over a restart.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "line/data_folder.h"
#include "loop/errand_files.h"
#include "loop/json_value.h"
#include "loop/trainings_inside.h"
#include "twin/compile.h"

enum { STATE_MAX = 1 << 20 };
static const char FORMAT[] = "model-training/1";
const char *const ls_training_states[TRAINING_STATES] = {"idle", "waiting", "underway"};
const char *const ls_training_reasons[TRAINING_REASONS] = {"", "drift", "clock", "first", "asked"};

static void path_of(const ls_trainings *t, const training *one, char *out, size_t size) {
    ls_text_format(out, size, "%s/%s/training.json", t->folder, one->model);
}

void ls_trainings_keep(const ls_trainings *t, const training *one) {
    char path[LS_ERRAND_PATH];
    ls_error err = {0};
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}",  //
                               "format", FORMAT, "state", ls_training_states[one->state],       //
                               "reason", ls_training_reasons[one->reason], "text", one->text,   //
                               "since_us", (json_int_t)one->since_us,                           //
                               "last_us", (json_int_t)one->last_us,                             //
                               "next_us", (json_int_t)one->next_us,                             //
                               "failures", (json_int_t)one->failures,                           //
                               "version", (json_int_t)one->version,                             //
                               "offered", (json_int_t)one->offered,                             //
                               "settled", (json_int_t)one->settled, "offer", one->offer);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    path_of(t, one, path, sizeof path);
    char folder[LS_ERRAND_PATH];
    ls_text_format(folder, sizeof folder, "%s/%s", t->folder, one->model);
    if (text == NULL || ls_data_folder_make(folder, &err) != LS_OK ||
        ls_file_write(path, text, strlen(text), &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "model", one->model, "what is to be trained is not saved: %s",
               err.text);
    }
    free(text);  // jansson's own
}

static int64_t whole_at(const json_t *object, const char *key, int64_t most) {
    const json_int_t number = json_integer_value(json_object_get(object, key));
    return number >= 0 && number <= most ? (int64_t)number : 0;
}

static int word_at(const json_t *object, const char *key, const char *const *words, int count) {
    const char *text = ls_json_text_at(object, key);
    for (int i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
    }
    return 0;
}

// Anything but what was kept is as if there were nothing.
static void recall(const ls_trainings *t, training *one) {
    char path[LS_ERRAND_PATH], *text = NULL;
    size_t size = 0;
    ls_arena arena;
    ls_error err = {0};
    ls_arena_init(&arena);
    path_of(t, one, path, sizeof path);
    if (ls_file_read(path, STATE_MAX, &arena, &text, &size, &err) == LS_OK) {
        json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (strcmp(ls_json_text_at(object, "format"), FORMAT) == 0) {
            one->state = (training_state)word_at(object, "state", ls_training_states,
                                                 TRAINING_STATES);
            one->reason = (training_reason)word_at(object, "reason", ls_training_reasons,
                                                   TRAINING_REASONS);
            one->since_us = whole_at(object, "since_us", INT64_MAX / 4);
            one->last_us = whole_at(object, "last_us", INT64_MAX / 4);
            one->next_us = whole_at(object, "next_us", INT64_MAX / 4);
            one->failures = (uint32_t)whole_at(object, "failures", 1000000);
            one->version = (uint32_t)whole_at(object, "version", LS_REGISTRY_VERSIONS_MAX);
            one->offered = (uint32_t)whole_at(object, "offered", LS_REGISTRY_VERSIONS_MAX);
            one->settled = (uint32_t)whole_at(object, "settled", LS_REGISTRY_VERSIONS_MAX);
            ls_text_format(one->text, sizeof one->text, "%s", ls_json_text_at(object, "text"));
            ls_text_format(one->offer, sizeof one->offer, "%s", ls_json_text_at(object, "offer"));
        }
        json_decref(object);
    }
    ls_arena_clear(&arena);
}

// ---- which one

// A name for its errand: letters, digits and '-' alone, different for different models.
static void name_errand(training *one) {
    char slug[41];
    size_t length = 0;
    for (const char *at = one->model; *at != '\0' && length + 1 < sizeof slug; at++) {
        const unsigned char c = (unsigned char)*at;
        const bool plain = c < 128 && isalnum(c);
        if (plain || (length > 0 && slug[length - 1] != '-')) {
            slug[length++] = plain ? (char)tolower(c) : '-';
        }
    }
    slug[length] = '\0';
    const uint64_t hash = ls_hash_bytes(one->model, strlen(one->model), 0);
    ls_text_format(one->errand, sizeof one->errand, "training-%s%s%08x", slug,
                   length > 0 && slug[length - 1] == '-' ? "" : "-", (unsigned)(hash >> 32));
}

// Made when it is first asked for; NULL: there are too many models.
training *ls_trainings_find(ls_trainings *t, const char *model) {
    for (uint32_t i = 0; i < t->count; i++) {
        if (strcmp(t->all[i].model, model) == 0) {
            return &t->all[i];
        }
    }
    if (t->count == LS_TRAININGS_MOST) {
        return NULL;
    }
    training *one = &t->all[t->count++];
    *one = (training){0};
    ls_text_format(one->model, sizeof one->model, "%s", model);
    name_errand(one);
    recall(t, one);
    ls_trainings_complete(t, one);
    return one;
}
