// registry_sign.c - signatures of versions: manifest.sig beside the manifest, which names all parts
// by their SHA-256.
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "model/registry_inside.h"
#include "model/signature.h"

static ls_status path_of(char out[LS_REGISTRY_PATH_SIZE], const char *folder, const char *model,
                         uint32_t number, const char *name, ls_error *err) {
    char rest[64];
    snprintf(rest, sizeof rest, "/versions/%u/%s", number, name);
    return ls_registry_path(out, folder, model, rest, err);
}

void ls_registry_key_file(const char *plant_file, const char *signed_by, char *out, size_t size) {
    const char *slash = strrchr(plant_file, '/');
    out[0] = '\0';
    if (signed_by != NULL) {
        const int folder = signed_by[0] == '/' || slash == NULL ? 0 : (int)(slash - plant_file) + 1;
        ls_text_format(out, size, "%.*s%s", folder, plant_file, signed_by);
    }
}

// A signed version of another model, or with another number, is signed for that alone.
static ls_status check_whose(const char *bytes, size_t size, const char *model, uint32_t number,
                             ls_error *err) {
    json_t *object = json_loadb(bytes, size, 0, NULL);
    const char *name = json_string_value(json_object_get(object, "model"));
    const json_int_t signed_number = json_integer_value(json_object_get(object, "number"));
    const bool same = name != NULL && strcmp(name, model) == 0 && signed_number == number;
    if (!same) {
        ls_fail(err, LS_ERR_INVALID,
                "what is signed is version %lld of model '%.63s', not version %u of '%s'",
                (long long)signed_number, name != NULL ? name : "", number, model);
    }
    json_decref(object);
    return same ? LS_OK : LS_ERR_INVALID;
}

ls_status ls_registry_check_signature(const char *folder, const char *model, uint32_t number,
                                      const char *key_file, const char *bytes, size_t size,
                                      ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE], *key = NULL, *signature = NULL;
    size_t key_size = 0, signature_size = 0;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_status status = path_of(path, folder, model, number, "manifest.sig", err);
    if (status == LS_OK) {
        status = ls_file_read(key_file, LS_SIGNATURE_LINE_MAX, &arena, &key, &key_size, err);
    }
    if (status == LS_OK && access(path, F_OK) != 0 && errno == ENOENT) {
        status = ls_fail(err, LS_ERR_INVALID,
                         "version %u of model '%s' is not signed, and '%s' is demanded", number,
                         model, key_file);
        ls_hint(err, "'lineshaft model sign' signs it, with the secret key");
    }
    if (status == LS_OK) {
        status = ls_file_read(path, LS_SIGNATURE_LINE_MAX, &arena, &signature, &signature_size,
                              err);
    }
    if (status == LS_OK) {
        status = ls_signature_check(key, key_size, key_file, bytes, size, signature, signature_size,
                                    path, err);
    }
    if (status == LS_OK) {
        status = check_whose(bytes, size, model, number, err);
    }
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_registry_load_demanded(const char *folder, const ls_model_plan *plan, uint32_t number,
                                    const char *key_file, ls_registry_version *out, ls_error *err) {
    if (key_file == NULL || number >= plan->signed_from) {
        return ls_registry_load_signed(folder, plan->name, number, key_file, out, err);
    }
    *out = (ls_registry_version){0};
    ls_fail(err, LS_ERR_INVALID,
            "version %u of model '%s' is withdrawn: 'signed-from' of the plant file says %u",
            number, plan->name, plan->signed_from);
    ls_hint(err, "newer versions may serve; 'lineshaft model list' shows them");
    return LS_ERR_INVALID;
}

// Who signs may write where others may not: a link that leads elsewhere is not written through.
static ls_status check_place(const char *path, ls_error *err) {
    struct stat is;
    if (lstat(path, &is) == 0 && !S_ISREG(is.st_mode)) {
        return ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                          "this is no file of the registry, but a link, a folder or a device");
    }
    return LS_OK;
}

ls_status ls_registry_sign(const char *folder, const char *model, uint32_t number,
                           const char *secret, size_t secret_size, const char *file,
                           ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE], line[LS_SIGNATURE_LINE_MAX], *bytes = NULL;
    size_t size = 0;
    ls_registry_version version;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_status status = ls_registry_load(folder, model, number, &version, err);
    ls_registry_version_clear(&version);
    if (status == LS_OK) {
        status = path_of(path, folder, model, number, "manifest.json", err);
    }
    if (status == LS_OK) {
        status = ls_file_read(path, LS_REGISTRY_MANIFEST_MAX, &arena, &bytes, &size, err);
    }
    if (status == LS_OK) {
        status = check_whose(bytes, size, model, number, err);
    }
    if (status == LS_OK) {
        status = ls_signature_sign(secret, secret_size, file, bytes, size, line, err);
    }
    if (status == LS_OK) {
        status = path_of(path, folder, model, number, "manifest.sig", err);
    }
    if (status == LS_OK) {
        status = check_place(path, err);
    }
    if (status == LS_OK) {
        status = ls_file_write(path, line, strlen(line), err);
    }
    ls_arena_clear(&arena);
    return status;
}
