// registry_stages.c - which version serves: promotion and rollback, each one file replaced.
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/registry_inside.h"

const char *ls_model_stage_name(ls_model_stage stage) {
    static const char *const names[LS_STAGE_COUNT] = {"candidate", "challenger", "champion",
                                                      "retired"};
    return names[stage];
}

ls_model_stage ls_registry_stage_of(const ls_registry_stages *stages, uint32_t number) {
    if (number == stages->champion) {
        return LS_STAGE_CHAMPION;
    }
    if (number == stages->challenger) {
        return LS_STAGE_CHALLENGER;
    }
    for (uint32_t i = 0; i < stages->past_count; i++) {
        if (stages->past[i] == number) {
            return LS_STAGE_RETIRED;
        }
    }
    return LS_STAGE_CANDIDATE;
}

static bool take_number(const json_t *value, uint32_t *out) {
    const json_int_t number = json_integer_value(value);
    *out = (uint32_t)number;
    return json_is_integer(value) && number >= 0 && number <= LS_REGISTRY_VERSIONS_MAX;
}

static bool read_stages(const json_t *object, ls_registry_stages *out) {
    const json_t *past = json_object_get(object, "past");
    const json_t *version = json_object_get(object, "version");
    if (!json_is_integer(version) || json_integer_value(version) != 1 ||
        !take_number(json_object_get(object, "champion"), &out->champion) ||
        !take_number(json_object_get(object, "challenger"), &out->challenger) ||
        !json_is_array(past) || json_array_size(past) > LS_REGISTRY_PAST_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(past); i++) {
        if (!take_number(json_array_get(past, i), &out->past[i]) || out->past[i] == 0) {
            return false;
        }
    }
    out->past_count = (uint32_t)json_array_size(past);
    return true;
}

ls_status ls_registry_stages_parse(const char *bytes, size_t size, const char *file,
                                   ls_registry_stages *out, ls_error *err) {
    json_error_t where;
    memset(out, 0, sizeof *out);
    json_t *object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);
    const bool good = object != NULL && read_stages(object, out);
    json_decref(object);
    if (!good) {
        memset(out, 0, sizeof *out);
        return ls_fail_at(err, LS_ERR_INVALID, file, object == NULL ? where.line : 0,
                          object == NULL ? where.column : 0, "these are no stages of a model%s%s",
                          object == NULL ? ": " : "", object == NULL ? where.text : "");
    }
    return LS_OK;
}

ls_status ls_registry_stages_load(const char *folder, const char *model, ls_registry_stages *out,
                                  ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE], *bytes = NULL;
    size_t size = 0;
    ls_arena arena;
    memset(out, 0, sizeof *out);
    ls_status status = ls_registry_path(path, folder, model, "/stages.json", err);
    if (status != LS_OK || (access(path, F_OK) != 0 && errno == ENOENT)) {
        return status;
    }
    ls_arena_init(&arena);
    status = ls_file_read(path, LS_REGISTRY_MANIFEST_MAX, &arena, &bytes, &size, err);
    if (status == LS_OK) {
        status = ls_registry_stages_parse(bytes, size, path, out, err);
    }
    ls_arena_clear(&arena);
    return status;
}

static ls_status save(const char *folder, const char *model, const ls_registry_stages *stages,
                      ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE];
    ls_status status = ls_registry_path(path, folder, model, "/stages.json", err);
    if (status != LS_OK) {
        return status;
    }
    json_t *past = json_array();
    bool good = past != NULL;
    for (uint32_t i = 0; i < stages->past_count && good; i++) {
        good = json_array_append_new(past, json_integer(stages->past[i])) == 0;
    }
    json_t *object = good ? json_pack("{s:i, s:I, s:I, s:O}", "version", 1, "champion",
                                      (json_int_t)stages->champion, "challenger",
                                      (json_int_t)stages->challenger, "past", past)
                          : NULL;
    char *text = object != NULL ? json_dumps(object, JSON_PRESERVE_ORDER) : NULL;
    status = text != NULL ? ls_file_write(path, text, strlen(text), err)
                          : ls_fail(err, LS_ERR_MEMORY, "out of memory for stages");
    free(text);
    json_decref(object);
    json_decref(past);
    return status;
}

static void push_past(ls_registry_stages *stages, uint32_t number) {
    if (stages->past_count == LS_REGISTRY_PAST_MAX) {  // the oldest one is forgotten
        memmove(stages->past, stages->past + 1,
                (LS_REGISTRY_PAST_MAX - 1) * sizeof stages->past[0]);
        stages->past_count--;
    }
    stages->past[stages->past_count++] = number;
}

typedef enum act { PROMOTE, CHALLENGE, ROLL_BACK } act;

static ls_status change(ls_registry_stages *stages, act what, uint32_t *number, const char *model,
                        ls_error *err) {
    if (what == ROLL_BACK) {
        if (stages->past_count == 0) {
            return ls_fail(err, LS_ERR_INVALID, "model '%s' has had no champion before this one",
                           model);
        }
        *number = stages->past[--stages->past_count];
        stages->champion = *number;
    } else if (what == CHALLENGE) {
        if (stages->champion == *number) {
            return ls_fail(err, LS_ERR_INVALID, "version %u of model '%s' is the champion itself",
                           *number, model);
        }
        stages->challenger = *number;
    } else if (stages->champion != *number) {
        if (stages->champion != 0) {
            push_past(stages, stages->champion);
        }
        stages->champion = *number;
        stages->challenger = stages->challenger == *number ? 0 : stages->challenger;
    }
    return LS_OK;
}

static ls_status act_on(const char *folder, const char *model, act what, uint32_t *number,
                        ls_error *err) {
    ls_registry_stages *stages = ls_alloc(sizeof *stages);
    ls_registry_version version = {0};
    int lock = -1;
    ls_status status = stages != NULL ? ls_registry_lock(folder, model, &lock, err)
                                      : ls_fail(err, LS_ERR_MEMORY, "out of memory for stages");
    if (status == LS_OK) {
        status = ls_registry_stages_load(folder, model, stages, err);
    }
    if (status == LS_OK) {
        status = change(stages, what, number, model, err);
    }
    if (status == LS_OK) {  // nothing serves that is not what it was
        status = ls_registry_load(folder, model, *number, &version, err);
        ls_registry_version_clear(&version);
    }
    if (status == LS_OK) {
        status = save(folder, model, stages, err);
    }
    ls_registry_unlock(lock);
    ls_free(stages);
    return status;
}

ls_status ls_registry_promote(const char *folder, const char *model, uint32_t number,
                              ls_error *err) {
    return act_on(folder, model, PROMOTE, &number, err);
}

ls_status ls_registry_challenge(const char *folder, const char *model, uint32_t number,
                                ls_error *err) {
    return act_on(folder, model, CHALLENGE, &number, err);
}

ls_status ls_registry_rollback(const char *folder, const char *model, uint32_t *out_number,
                               ls_error *err) {
    return act_on(folder, model, ROLL_BACK, out_number, err);
}
