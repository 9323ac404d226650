// linear.c - a linear model: predicted, written, read.
#include "model/linear.h"

#include <math.h>
#include <string.h>

#include "base/put.h"
#include "model/json_file.h"

static const char FORMAT[] = "lineshaft linear";
enum { VERSION = 1 };

ls_status ls_linear_new(size_t features, const char *const *names, ls_linear **out, ls_error *err) {
    ls_linear *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a linear model");
    }
    ls_arena_init(&m->arena);
    m->features = features;
    m->coefficients = ls_arena_alloc(&m->arena, features * sizeof *m->coefficients);
    m->typical = ls_arena_alloc(&m->arena, features * sizeof *m->typical);
    char **copies = ls_arena_alloc(&m->arena, features * sizeof *copies);
    bool short_of_memory = m->coefficients == NULL || m->typical == NULL || copies == NULL;
    ls_status status = LS_OK;
    for (size_t i = 0; i < features && !short_of_memory && status == LS_OK; i++) {
        char made[32];
        ls_text_format(made, sizeof made, "x%zu", i + 1);
        const char *name = names != NULL ? names[i] : made;
        const size_t length = strlen(name);
        if (length == 0 || length > LS_LINEAR_NAME_MOST || !ls_text_is_utf8(name, length, NULL)) {
            status = ls_fail(err, LS_ERR_INVALID,
                             "the name of feature %zu must be UTF-8 of 1 to %d bytes", i + 1,
                             LS_LINEAR_NAME_MOST);
        }
        for (size_t j = 0; j < i && status == LS_OK; j++) {
            if (strcmp(copies[j], name) == 0) {
                status = ls_fail(err, LS_ERR_INVALID, "features %zu and %zu are both called '%s'",
                                 j + 1, i + 1, name);
            }
        }
        copies[i] = status == LS_OK ? ls_arena_text(&m->arena, name, length) : NULL;
        short_of_memory = status == LS_OK && copies[i] == NULL;
    }
    m->names = (const char *const *)copies;
    if (short_of_memory) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for a linear model");
    }
    if (status != LS_OK) {
        ls_linear_destroy(m);
        return status;
    }
    *out = m;
    return LS_OK;
}

void ls_linear_destroy(ls_linear *m) {
    if (m != NULL) {
        ls_arena_clear(&m->arena);
        ls_free(m);
    }
}

double ls_linear_predict(const ls_linear *m, const double *row) {
    double sum = m->intercept;
    for (size_t i = 0; i < m->features; i++) {
        sum += m->coefficients[i] * (isfinite(row[i]) ? row[i] : m->typical[i]);
    }
    return sum;
}

// ---- files --------------------------------------------------------------------------------------

static void put_number(ls_buffer *out, const char *before, double value) {
    ls_buffer_text(out, before);
    ls_put_json_number(out, value);
}

void ls_linear_save(const ls_linear *m, ls_buffer *out) {
    ls_buffer_printf(out, "{\"format\":\"%s\",\"version\":%d", FORMAT, VERSION);
    put_number(out, ",\n \"intercept\":", m->intercept);
    ls_buffer_text(out, ",\n \"features\":[");
    for (size_t i = 0; i < m->features; i++) {
        ls_buffer_text(out, i > 0 ? ",\n  {\"name\":" : "\n  {\"name\":");
        ls_put_json_text(out, m->names[i], strlen(m->names[i]));
        put_number(out, ",\"coefficient\":", m->coefficients[i]);
        put_number(out, ",\"typical\":", m->typical[i]);
        ls_buffer_text(out, "}");
    }
    ls_buffer_text(out, "]}\n");
}

static double number(ls_json_file *r, const json_t *object, const char *where, const char *key) {
    const json_t *value = json_object_get(object, key);
    const double got = json_number_value(value);
    if (!json_is_number(value) || !(fabs(got) <= 1e100)) {
        ls_json_refuse(r, "%s%s must be a number within 1e100", where, key);
        return 0.0;
    }
    return got;
}

static const char *name_of(ls_json_file *r, const json_t *feature, size_t i) {
    const json_t *name = json_object_get(feature, "name");
    // A NUL inside would cut the name.
    if (!json_is_string(name) || strlen(json_string_value(name)) != json_string_length(name)) {
        ls_json_refuse(r, "features [%zu]: name must be a text", i);
        return "";
    }
    return json_string_value(name);
}

static void read_model(ls_json_file *r, json_t *root, ls_linear **out) {
    static const char *const all[] = {"format", "version", "intercept", "features"};
    static const char *const keys[] = {"name", "coefficient", "typical"};
    const json_t *features = json_object_get(root, "features");
    const size_t count = json_array_size(features);
    if (!ls_json_head(r, root, all, sizeof all / sizeof *all)) {
        return;
    }
    if (count < 1 || count > LS_LINEAR_FEATURES_MOST) {
        ls_json_refuse(r, "features must be a list of 1 to %d objects", LS_LINEAR_FEATURES_MOST);
        return;
    }
    const char **names = ls_alloc(count * sizeof *names);
    if (names == NULL) {
        r->status = ls_fail(r->err, LS_ERR_MEMORY, "no memory for a linear model");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = name_of(r, json_array_get(features, i), i);
    }
    ls_linear *m = NULL;
    ls_error why = {0};
    if (r->status == LS_OK) {
        r->status = ls_linear_new(count, names, &m, &why);
        if (r->status != LS_OK) {
            ls_fail_at(r->err, r->status, r->file, 0, 0, "linear model: %s", why.text);
        }
    }
    ls_free(names);
    for (size_t i = 0; i < count && r->status == LS_OK; i++) {
        char where[40];
        ls_text_format(where, sizeof where, "features [%zu]: ", i);
        json_t *feature = json_array_get(features, i);
        ls_json_keys(r, feature, where, keys, sizeof keys / sizeof *keys);
        m->coefficients[i] = number(r, feature, where, "coefficient");
        m->typical[i] = number(r, feature, where, "typical");
    }
    if (r->status == LS_OK) {
        m->intercept = number(r, root, "", "intercept");
    }
    if (r->status != LS_OK) {
        ls_linear_destroy(m);
        return;
    }
    *out = m;
}

ls_status ls_linear_load(const char *text, size_t size, const char *file, ls_linear **out,
                         ls_error *err) {
    ls_json_file r = {
        .what = "linear model", .format = FORMAT, .version = VERSION, .file = file, .err = err};
    json_t *root = ls_json_root(&r, text, size);
    if (root != NULL) {
        read_model(&r, root, out);
    }
    json_decref(root);
    return r.status;
}
