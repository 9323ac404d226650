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
    for (uint32_t i = 0; i < stages->lost_count; i++) {
        if (stages->lost[i] == number) {
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

static bool take_numbers(const json_t *list, uint32_t *out, uint32_t *out_count) {
    if (!json_is_array(list) || json_array_size(list) > LS_REGISTRY_PAST_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!take_number(json_array_get(list, i), &out[i]) || out[i] == 0) {
            return false;
        }
    }
    *out_count = (uint32_t)json_array_size(list);
    return true;
}

static bool read_stages(const json_t *object, ls_registry_stages *out) {
    const json_t *lost = json_object_get(object, "lost");
    const json_t *version = json_object_get(object, "version");
    if (!json_is_integer(version) || json_integer_value(version) != 1 ||
        !take_number(json_object_get(object, "champion"), &out->champion) ||
        !take_number(json_object_get(object, "challenger"), &out->challenger) ||
        !take_numbers(json_object_get(object, "past"), out->past, &out->past_count)) {
        return false;
    }
    // Files of earlier programs have none.
    return lost == NULL || take_numbers(lost, out->lost, &out->lost_count);
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

static json_t *numbers_json(const uint32_t *numbers, uint32_t count) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count && list != NULL; i++) {
        if (json_array_append_new(list, json_integer(numbers[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static ls_status save(const char *folder, const char *model, const ls_registry_stages *stages,
                      ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE];
    ls_status status = ls_registry_path(path, folder, model, "/stages.json", err);
    if (status != LS_OK) {
        return status;
    }
    json_t *past = numbers_json(stages->past, stages->past_count);
    json_t *lost = numbers_json(stages->lost, stages->lost_count);
    json_t *object = json_pack("{s:i, s:I, s:I, s:o, s:o}", "version", 1, "champion",
                               (json_int_t)stages->champion, "challenger",
                               (json_int_t)stages->challenger, "past", past, "lost", lost);
    char *text = object != NULL ? json_dumps(object, JSON_PRESERVE_ORDER) : NULL;
    status = text != NULL ? ls_file_write(path, text, strlen(text), err)
                          : ls_fail(err, LS_ERR_MEMORY, "out of memory for stages");
    free(text);
    json_decref(object);
    return status;
}

static void push(uint32_t *numbers, uint32_t *count, uint32_t number) {
    if (*count == LS_REGISTRY_PAST_MAX) {  // the oldest one is forgotten
        memmove(numbers, numbers + 1, (LS_REGISTRY_PAST_MAX - 1) * sizeof *numbers);
        (*count)--;
    }
    numbers[(*count)++] = number;
}

// One that lost may still be given another chance.
static void take_back(ls_registry_stages *stages, uint32_t number) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < stages->lost_count; i++) {
        if (stages->lost[i] != number) {
            stages->lost[kept++] = stages->lost[i];
        }
    }
    stages->lost_count = kept;
}

typedef enum act { PROMOTE, CHALLENGE, RETIRE, ROLL_BACK } act;

static ls_status roll_back(ls_registry_stages *stages, uint32_t *number, const char *model,
                           ls_error *err) {
    if (stages->past_count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "model '%s' has had no champion before this one",
                       model);
    }
    *number = stages->past[--stages->past_count];
    take_back(stages, *number);
    if (stages->champion != 0) {
        push(stages->lost, &stages->lost_count, stages->champion);
    }
    stages->champion = *number;
    return LS_OK;
}

static ls_status retire(ls_registry_stages *stages, uint32_t number, const char *model,
                        ls_error *err) {
    if (stages->challenger != number) {
        return ls_fail(err, LS_ERR_INVALID, "version %u of model '%s' is not the challenger",
                       number, model);
    }
    stages->challenger = 0;
    push(stages->lost, &stages->lost_count, number);
    return LS_OK;
}

static ls_status change(ls_registry_stages *stages, act what, uint32_t *number, const char *model,
                        ls_error *err) {
    if (what == ROLL_BACK) {
        return roll_back(stages, number, model, err);
    }
    if (what == RETIRE) {
        return retire(stages, *number, model, err);
    }
    if (what == CHALLENGE && stages->champion == *number) {
        return ls_fail(err, LS_ERR_INVALID, "version %u of model '%s' is the champion itself",
                       *number, model);
    }
    take_back(stages, *number);
    if (what == CHALLENGE) {
        stages->challenger = *number;
    } else if (stages->champion != *number) {
        if (stages->champion != 0) {
            push(stages->past, &stages->past_count, stages->champion);
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
    if (status == LS_OK && what != RETIRE) {  // nothing serves that is not what it was
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

ls_status ls_registry_retire(const char *folder, const char *model, uint32_t number,
                             ls_error *err) {
    return act_on(folder, model, RETIRE, &number, err);
}

ls_status ls_registry_rollback(const char *folder, const char *model, uint32_t *out_number,
                               ls_error *err) {
    return act_on(folder, model, ROLL_BACK, out_number, err);
}
