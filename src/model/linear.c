// linear.c - a linear model: predicted, written, read.
#include "model/linear.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

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

static void put_text(ls_buffer *out, const char *text) {
    ls_buffer_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            ls_buffer_printf(out, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            ls_buffer_printf(out, "\\u%04x", (unsigned)*c);
        } else {
            ls_buffer_append(out, c, 1);
        }
    }
    ls_buffer_text(out, "\"");
}

// "-0" would be read as the whole number 0, without its sign.
static void put_number(ls_buffer *out, const char *before, double value) {
    ls_buffer_text(out, before);
    ls_buffer_printf(out, value == 0.0 && signbit(value) ? "%.1f" : "%.17g", value);
}

void ls_linear_save(const ls_linear *m, ls_buffer *out) {
    ls_buffer_printf(out, "{\"format\":\"%s\",\"version\":%d", FORMAT, VERSION);
    put_number(out, ",\n \"intercept\":", m->intercept);
    ls_buffer_text(out, ",\n \"features\":[");
    for (size_t i = 0; i < m->features; i++) {
        ls_buffer_text(out, i > 0 ? ",\n  {\"name\":" : "\n  {\"name\":");
        put_text(out, m->names[i]);
        put_number(out, ",\"coefficient\":", m->coefficients[i]);
        put_number(out, ",\"typical\":", m->typical[i]);
        ls_buffer_text(out, "}");
    }
    ls_buffer_text(out, "]}\n");
}

typedef struct reading {
    const char *file;
    ls_error *err;
    ls_status status;
} reading;

__attribute__((format(printf, 2, 3))) static void refuse(reading *r, const char *format, ...) {
    if (r->status != LS_OK) {
        return;
    }
    char why[LS_ERROR_TEXT_SIZE / 2];
    va_list args;
    va_start(args, format);
    ls_text_vformat(why, sizeof why, format, args);
    va_end(args);
    ls_text_tame(why, false);
    r->status = ls_fail_at(r->err, LS_ERR_INVALID, r->file, 0, 0, "linear model: %s", why);
}

static double number(reading *r, const json_t *object, const char *where, const char *key) {
    const json_t *value = json_object_get(object, key);
    const double got = json_number_value(value);
    if (!json_is_number(value) || !(fabs(got) <= 1e100)) {
        refuse(r, "%s%s must be a number within 1e100", where, key);
        return 0.0;
    }
    return got;
}

static bool check_keys(reading *r, json_t *object, const char *where, const char *const *keys,
                       size_t count) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(key, keys[i]) != 0) {
            i++;
        }
        if (i == count) {
            refuse(r, "%skey '%.60s' is unknown", where, key);
        }
    }
    return r->status == LS_OK;
}

static bool check_head(reading *r, json_t *root) {
    static const char *const keys[] = {"format", "version", "intercept", "features"};
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *version = json_object_get(root, "version");
    if (format == NULL || strcmp(format, FORMAT) != 0) {
        refuse(r, "format must be \"%s\"", FORMAT);
    } else if (json_integer_value(version) > VERSION) {
        r->status = ls_fail_at(r->err, LS_ERR_VERSION, r->file, 0, 0,
                               "linear model: version %lld; this program reads up to %d",
                               (long long)json_integer_value(version), VERSION);
    } else if (!json_is_integer(version) || json_integer_value(version) != VERSION) {
        refuse(r, "version must be %d", VERSION);
    }
    return r->status == LS_OK && check_keys(r, root, "", keys, 4);
}

static const char *name_of(reading *r, const json_t *feature, size_t i) {
    const json_t *name = json_object_get(feature, "name");
    // A NUL inside would cut the name.
    if (!json_is_string(name) || strlen(json_string_value(name)) != json_string_length(name)) {
        refuse(r, "features [%zu]: name must be a text", i);
        return "";
    }
    return json_string_value(name);
}

static void read_model(reading *r, json_t *root, ls_linear **out) {
    static const char *const keys[] = {"name", "coefficient", "typical"};
    const json_t *features = json_object_get(root, "features");
    const size_t count = json_array_size(features);
    if (!check_head(r, root)) {
        return;
    }
    if (count < 1 || count > LS_LINEAR_FEATURES_MOST) {
        refuse(r, "features must be a list of 1 to %d objects", LS_LINEAR_FEATURES_MOST);
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
        check_keys(r, feature, where, keys, 3);
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
    json_error_t why;
    reading r = {.file = file, .err = err};
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(root)) {
        char reason[JSON_ERROR_TEXT_LENGTH];
        ls_text_format(reason, sizeof reason, "%s",
                       root == NULL ? why.text : "another value than an object");
        ls_text_tame(reason, false);
        r.status = ls_fail_at(err, LS_ERR_INVALID, file, root == NULL ? why.line : 0,
                              root == NULL ? why.column : 0, "no linear model in JSON: %s", reason);
    } else {
        read_model(&r, root, out);
    }
    json_decref(root);
    return r.status;
}
