// json_file.c - see json_file.h.
#include "model/json_file.h"

#include <stdarg.h>
#include <string.h>

void ls_json_refuse(ls_json_file *f, const char *format, ...) {
    if (f->status != LS_OK) {
        return;
    }
    char why[LS_ERROR_TEXT_SIZE / 2];
    va_list args;
    va_start(args, format);
    ls_text_vformat(why, sizeof why, format, args);
    va_end(args);
    ls_text_tame(why, false);
    f->status = ls_fail_at(f->err, LS_ERR_INVALID, f->file, 0, 0, "%s: %s", f->what, why);
}

json_t *ls_json_root(ls_json_file *f, const char *text, size_t size) {
    json_error_t why;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(root)) {
        return root;
    }
    char reason[JSON_ERROR_TEXT_LENGTH];
    ls_text_format(reason, sizeof reason, "%s",
                   root == NULL ? why.text : "another value than an object");
    ls_text_tame(reason, false);
    f->status = ls_fail_at(f->err, LS_ERR_INVALID, f->file, root == NULL ? why.line : 0,
                           root == NULL ? why.column : 0, "no %s in JSON: %s", f->what, reason);
    json_decref(root);
    return NULL;
}

bool ls_json_keys(ls_json_file *f, json_t *object, const char *where, const char *const *keys,
                  size_t count) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(key, keys[i]) != 0) {
            i++;
        }
        if (i == count) {
            ls_json_refuse(f, "%skey '%.60s' is unknown", where, key);
        }
    }
    return f->status == LS_OK;
}

bool ls_json_head(ls_json_file *f, json_t *root, const char *const *keys, size_t count) {
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *version = json_object_get(root, "version");
    if (format == NULL || strcmp(format, f->format) != 0) {
        ls_json_refuse(f, "format must be \"%s\"", f->format);
    } else if (json_integer_value(version) > f->version) {
        f->status = ls_fail_at(f->err, LS_ERR_VERSION, f->file, 0, 0,
                               "%s: version %lld; this program reads up to %d", f->what,
                               (long long)json_integer_value(version), f->version);
    } else if (!json_is_integer(version) || json_integer_value(version) != f->version) {
        ls_json_refuse(f, "version must be a whole number, %d", f->version);
    }
    return f->status == LS_OK && ls_json_keys(f, root, "", keys, count);
}
