// model_version.c - see model_version.h.
#include "cli/model_version.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "cli/complain.h"
#include "cli/model_judge.h"
#include "model/judged.h"
#include "model/signature.h"

const ls_option ls_model_version_options[] = {
    {.name = "version",
     .letter = 'v',
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_REGISTRY_VERSIONS_MAX,
     .says = "the champion, else the newest",
     .about = "which version"},
    {0},
};

ls_status ls_model_pick(const ls_model_opened *opened, const ls_options *options,
                        const ls_registry_stages *stages, uint32_t *out, ls_error *err) {
    const ls_option_value *version = ls_options_get(options, "version");
    *out = version->given ? (uint32_t)version->number : stages->champion;
    if (*out != 0) {
        return LS_OK;
    }
    ls_arena arena;
    uint32_t *numbers = NULL;
    size_t count = 0;
    ls_arena_init(&arena);
    ls_status status = ls_registry_list(opened->registry, opened->plan->name, &arena, &numbers,
                                        &count, err);
    if (status == LS_OK && count == 0) {
        status = ls_fail(err, LS_ERR_INVALID, "model '%s' has no versions yet", opened->plan->name);
        ls_hint(err, "'lineshaft model train' makes one");
    }
    if (status == LS_OK) {
        *out = numbers[count - 1];
    }
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_model_take(const ls_model_opened *opened, const ls_options *options,
                        ls_registry_stages *out_stages, ls_registry_version *out, ls_error *err) {
    uint32_t number = 0;
    const char *name = opened->plan->name;
    *out = (ls_registry_version){0};
    ls_status status = ls_registry_stages_load(opened->registry, name, out_stages, err);
    if (status == LS_OK) {
        status = ls_model_pick(opened, options, out_stages, &number, err);
    }
    return status == LS_OK ? ls_registry_load_demanded(opened->registry, opened->plan, number,
                                                       ls_model_key(opened), out, err)
                           : status;
}

void ls_model_warn_of_gates(const ls_registry_version *version) {
    char failed[256];
    if (ls_judged_failed(version->lineage, failed, sizeof failed)) {
        ls_warn("version %u did not pass its gates when it was trained: %s", version->number,
                failed);
    }
}

ls_status ls_model_part(const ls_registry_version *version, const ls_registry_part **out,
                        ls_error *err) {
    *out = ls_registry_find_part(version, "model.json");
    return *out != NULL ? LS_OK
                        : ls_fail(err, LS_ERR_INVALID, "version %u has no part 'model.json'",
                                  version->number);
}

ls_status ls_model_predictor(const ls_model_plan *plan, const ls_registry_version *version,
                             const ls_dataset *rows, ls_predictor *out, double *out_radius,
                             ls_error *err) {
    const ls_registry_part *part = NULL;
    ls_status status = ls_model_part(version, &part, err);
    if (status == LS_OK) {
        status = ls_predictor_load(part->bytes, part->size, "model.json", rows->columns,
                                   rows->column_count, out, err);
        if (status != LS_OK && err->hint[0] == '\0') {
            ls_hint(err, "version %u was trained on other features than the plant file has now",
                    version->number);
        }
    }
    if (status == LS_OK) {
        status = ls_model_check_outputs(plan, out, err);
    }
    if (status == LS_OK && out_radius != NULL) {
        json_t *lineage = json_loads(version->lineage, 0, NULL);
        const json_t *radius = json_object_get(lineage, "radius");
        *out_radius = json_is_number(radius) ? json_number_value(radius) : (double)INFINITY;
        json_decref(lineage);
    }
    return status;
}

// ---- signatures

static ls_status read_key(const ls_options *options, ls_arena *arena, char **out, size_t *out_size,
                          ls_error *err) {
    return ls_file_read(ls_options_get(options, "sign")->text, LS_SIGNATURE_LINE_MAX, arena, out,
                        out_size, err);
}

static void forget_key(char *secret, size_t size, ls_arena *arena) {
    if (secret != NULL) {
        memset(secret, 0, size);
    }
    ls_arena_clear(arena);
}

ls_status ls_model_check_key(const ls_options *options, ls_error *err) {
    char line[LS_SIGNATURE_LINE_MAX], *secret = NULL;
    size_t size = 0;
    ls_arena arena;
    if (!ls_options_get(options, "sign")->given) {
        return LS_OK;
    }
    ls_arena_init(&arena);
    ls_status status = read_key(options, &arena, &secret, &size, err);
    if (status == LS_OK) {
        status = ls_signature_sign(secret, size, ls_options_get(options, "sign")->text, "", 0, line,
                                   err);
    }
    forget_key(secret, size, &arena);
    return status;
}

ls_status ls_model_sign_version(const ls_model_opened *opened, const ls_options *options,
                                uint32_t number, ls_error *err) {
    char *secret = NULL;
    size_t size = 0;
    ls_arena arena;
    if (!ls_options_get(options, "sign")->given) {
        return LS_OK;
    }
    ls_arena_init(&arena);
    ls_status status = read_key(options, &arena, &secret, &size, err);
    if (status == LS_OK) {
        status = ls_registry_sign(opened->registry, opened->plan->name, number, secret, size,
                                  ls_options_get(options, "sign")->text, err);
    }
    forget_key(secret, size, &arena);
    return status;
}

bool ls_model_may_serve(const ls_model_opened *opened, uint32_t number, ls_error *why) {
    ls_registry_version version;
    const bool may = ls_registry_load_demanded(opened->registry, opened->plan, number,
                                               ls_model_key(opened), &version, why) == LS_OK;
    ls_registry_version_clear(&version);
    return may;
}
