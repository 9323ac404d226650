// registry_manifest.c - manifests: made and read.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "model/registry_inside.h"

static bool put_part(json_t *list, const ls_registry_part *part) {
    char text[LS_SHA256_TEXT];
    uint8_t sum[LS_SHA256_SIZE];
    ls_sha256_of(part->bytes, part->size, sum);
    ls_sha256_text(sum, text);
    return json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", part->name, "size",
                                                 (json_int_t)part->size, "sha256", text)) == 0;
}

ls_status ls_registry_make_manifest(const char *model, uint32_t number,
                                    const ls_registry_part *parts, uint32_t count,
                                    const char *lineage, char **out, ls_error *err) {
    json_error_t where;
    json_t *from = json_loads(lineage, JSON_REJECT_DUPLICATES, &where);
    *out = NULL;
    if (!json_is_object(from)) {
        json_decref(from);
        return ls_fail(err, LS_ERR_INVALID, "the lineage of a model is no JSON object");
    }
    json_t *list = json_array();
    bool good = list != NULL;
    for (uint32_t i = 0; i < count && good; i++) {
        good = put_part(list, &parts[i]);
    }
    json_t *object = good ? json_pack("{s:s, s:i, s:s, s:I, s:O, s:O}", "lineshaft", "model",
                                      "version", 1, "model", model, "number", (json_int_t)number,
                                      "parts", list, "lineage", from)
                          : NULL;
    if (object != NULL) {
        *out = json_dumps(object, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    }
    json_decref(object);
    json_decref(list);
    json_decref(from);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a manifest, or a name is not UTF-8");
    }
    if (strlen(*out) > LS_REGISTRY_MANIFEST_MAX) {
        free(*out);
        *out = NULL;
        return ls_fail(err, LS_ERR_LIMIT, "a manifest has at most %d bytes",
                       LS_REGISTRY_MANIFEST_MAX);
    }
    return LS_OK;
}

static bool is_sum(const char *text) {
    return strlen(text) == LS_SHA256_TEXT - 1 &&
           strspn(text, "0123456789abcdef") == LS_SHA256_TEXT - 1;
}

// A name that cannot lead out of the version's folder.
static bool is_part_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && strlen(name) <= LS_REGISTRY_NAME_MAX &&
           strchr(name, '/') == NULL && strcmp(name, "manifest.json") != 0;
}

static const char *read_part(const json_t *item, ls_registry_version *out) {
    const char *name = NULL, *sum = NULL;
    json_int_t size = -1;
    if (json_unpack_ex((json_t *)(uintptr_t)item, NULL, 0, "{s:s, s:I, s:s}", "name", &name, "size",
                       &size, "sha256", &sum) != 0) {
        return "a part has no \"name\", \"size\" and \"sha256\"";
    }
    if (!is_part_name(name)) {
        return "a part's name is none";
    }
    if (!is_sum(sum) || size < 0 || (uint64_t)size > LS_REGISTRY_PART_MAX) {
        return "a part's size or SHA-256 is none";
    }
    if (ls_registry_find_part(out, name) != NULL) {
        return "two parts have one name";
    }
    ls_registry_part *part = &out->parts[out->part_count];
    part->name = ls_arena_text(&out->arena, name, strlen(name));
    part->size = (size_t)size;
    memcpy(part->sha256, sum, LS_SHA256_TEXT);
    if (part->name == NULL) {
        return "out of memory";
    }
    out->part_count++;
    return NULL;
}

static const char *read_object(const json_t *object, ls_registry_version *out) {
    const json_t *version = json_object_get(object, "version");
    const json_t *number = json_object_get(object, "number");
    const json_t *parts = json_object_get(object, "parts");
    const json_t *lineage = json_object_get(object, "lineage");
    const char *model = json_string_value(json_object_get(object, "model"));
    if (!json_is_object(object)) {
        return "it is no JSON object";
    }
    if (!json_is_integer(version) || json_integer_value(version) != 1) {
        return "it does not say \"version\": 1";
    }
    if (!json_is_integer(number) || json_integer_value(number) < 1 ||
        json_integer_value(number) > LS_REGISTRY_VERSIONS_MAX) {
        return "\"number\" is none of a version";
    }
    if (model == NULL) {
        return "it does not say whose it is: \"model\"";
    }
    if (!json_is_array(parts) || json_array_size(parts) == 0 ||
        json_array_size(parts) > LS_REGISTRY_PARTS_MAX) {
        return "\"parts\" is no list of 1 to 16 parts";
    }
    if (!json_is_object(lineage)) {
        return "\"lineage\" is no object";
    }
    out->number = (uint32_t)json_integer_value(number);
    out->model = ls_arena_text(&out->arena, model, strlen(model));
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const char *wrong = read_part(json_array_get(parts, i), out);
        if (wrong != NULL) {
            return wrong;
        }
    }
    char *text = json_dumps(lineage, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
    out->lineage = text != NULL ? ls_arena_text(&out->arena, text, strlen(text)) : NULL;
    free(text);
    return out->lineage != NULL && out->model != NULL ? NULL : "out of memory";
}

ls_status ls_registry_read_manifest(const char *bytes, size_t size, const char *file,
                                    ls_registry_version *out, ls_error *err) {
    json_error_t where;
    memset(out, 0, sizeof *out);
    ls_arena_init(&out->arena);
    json_t *object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);
    if (object == NULL) {
        return ls_fail_at(err, LS_ERR_INVALID, file, where.line, where.column, "not a manifest: %s",
                          where.text);
    }
    const char *wrong = read_object(object, out);
    json_decref(object);
    if (wrong != NULL) {
        ls_registry_version_clear(out);
        return strcmp(wrong, "out of memory") == 0
                   ? ls_fail(err, LS_ERR_MEMORY, "out of memory for a manifest")
                   : ls_fail_at(err, LS_ERR_INVALID, file, 0, 0, "not a manifest: %s", wrong);
    }
    return LS_OK;
}
