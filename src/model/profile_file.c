// profile_file.c - a version's profile as JSON and back.
#include <math.h>
#include <string.h>

#include "base/put.h"
#include "model/json_file.h"
#include "model/profile.h"

static const char FORMAT[] = "lineshaft profile";
enum { VERSION = 1, NAME_MOST = 1000 };

// ---- writing

static void put_number(ls_buffer *out, const char *before, double value) {
    ls_buffer_text(out, before);
    ls_put_json_number(out, value);
}

static void put_list(ls_buffer *out, const char *before, const double *values, uint32_t count) {
    ls_buffer_text(out, before);
    for (uint32_t i = 0; i < count; i++) {
        put_number(out, i > 0 ? "," : "", values[i]);
    }
    ls_buffer_text(out, "]");
}

static void put_column(ls_buffer *out, const ls_profile_column *c) {
    put_list(out, "\"edges\":[", c->edges, c->bins > 0 ? c->bins - 1 : 0);
    put_list(out, ",\"shares\":[", c->shares, c->bins);
    put_number(out, ",\"missing\":", c->missing);
    put_number(out, ",\"mean\":", c->mean);
    put_number(out, ",\"deviation\":", c->deviation);
    put_number(out, ",\"span_us\":", c->span_us);
    put_number(out, ",\"memory_us\":", c->memory_us);
    put_number(out, ",\"effective\":", c->effective);
    put_number(out, ",\"effect\":", c->effect);
    ls_buffer_text(out, "}");
}

void ls_profile_save(const ls_profile *p, ls_buffer *out) {
    ls_buffer_printf(out, "{\"format\":\"%s\",\"version\":%d,\n \"features\":[", FORMAT, VERSION);
    for (uint32_t i = 0; i < p->column_count; i++) {
        ls_buffer_text(out, i > 0 ? ",\n  {\"name\":" : "\n  {\"name\":");
        ls_put_json_text(out, p->columns[i], strlen(p->columns[i]));
        ls_buffer_text(out, ",");
        put_column(out, &p->of[i]);
    }
    ls_buffer_text(out, "],\n \"predictions\":{");
    put_column(out, &p->said);
    ls_buffer_text(out, ",\n \"errors\":{");
    put_column(out, &p->off);
    ls_buffer_text(out, "}\n");
}

// ---- reading

static double take(ls_json_file *f, const json_t *object, const char *where, const char *key,
                   double least, double most) {
    const json_t *value = json_object_get(object, key);
    const double got = json_number_value(value);
    if (!json_is_number(value) || !(got >= least) || !(got <= most)) {
        ls_json_refuse(f, "%s%s must be a number, %g to %g", where, key, least, most);
        return least;
    }
    return got;
}

static void take_bins(ls_json_file *f, const json_t *object, const char *where,
                      ls_profile_column *out) {
    const json_t *edges = json_object_get(object, "edges");
    const json_t *shares = json_object_get(object, "shares");
    const size_t count = json_array_size(shares);
    if (!json_is_array(edges) || !json_is_array(shares) || count > LS_DRIFT_BINS ||
        json_array_size(edges) != (count > 0 ? count - 1 : 0)) {
        ls_json_refuse(f, "%sshares must be a list of at most %d, edges one fewer", where,
                       LS_DRIFT_BINS);
        return;
    }
    double sum = 0.0;
    out->bins = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *share = json_array_get(shares, i), *edge = json_array_get(edges, i);
        out->shares[i] = json_number_value(share);
        sum += out->shares[i];
        bool fine = json_is_number(share) && out->shares[i] >= 0.0 && out->shares[i] <= 1.0;
        if (i + 1 < count) {
            out->edges[i] = json_number_value(edge);
            fine = fine && json_is_number(edge) && isfinite(out->edges[i]) &&
                   (i == 0 || out->edges[i] > out->edges[i - 1]);
        }
        if (!fine) {
            ls_json_refuse(f, "%sshares must be 0 to 1, edges rising: number %zu is not", where,
                           i + 1);
            return;
        }
    }
    if (count > 0 && fabs(sum - 1.0) > 1e-6) {
        ls_json_refuse(f, "%sshares add up to %g, not to 1", where, sum);
    }
}

static void take_column(ls_json_file *f, json_t *object, const char *where, bool named,
                        ls_profile_column *out) {
    static const char *const keys[] = {"edges",   "shares",    "missing",   "mean",   "deviation",
                                       "span_us", "memory_us", "effective", "effect", "name"};
    const double most = 1e100;
    if (!json_is_object(object)) {
        ls_json_refuse(f, "%smust be an object", where);
        return;
    }
    ls_json_keys(f, object, where, keys, sizeof keys / sizeof *keys - (named ? 0 : 1));
    take_bins(f, object, where, out);
    out->missing = take(f, object, where, "missing", 0.0, 1.0);
    out->mean = take(f, object, where, "mean", -1e308, 1e308);
    out->deviation = take(f, object, where, "deviation", 0.0, 1e308);
    out->span_us = take(f, object, where, "span_us", out->bins > 0 ? 1e-6 : 0.0, most);
    out->memory_us = take(f, object, where, "memory_us", out->bins > 0 ? 1e-6 : 0.0, most);
    out->effective = take(f, object, where, "effective", out->bins > 0 ? 1.0 : 0.0, most);
    out->effect = take(f, object, where, "effect", -1e308, 1e308);
}

static const char *take_name(ls_json_file *f, const json_t *feature, size_t i, ls_arena *arena) {
    const json_t *name = json_object_get(feature, "name");
    const size_t length = json_string_length(name);
    if (!json_is_string(name) || length == 0 || length > NAME_MOST ||
        strlen(json_string_value(name)) != length) {
        ls_json_refuse(f, "features [%zu]: name must be a text of 1 to %d bytes", i, NAME_MOST);
        return "";
    }
    return ls_arena_text(arena, json_string_value(name), length);
}

static void read_profile(ls_json_file *f, json_t *root, ls_profile *out) {
    static const char *const all[] = {"format", "version", "features", "predictions", "errors"};
    const json_t *features = json_object_get(root, "features");
    const size_t count = json_array_size(features);
    if (!ls_json_head(f, root, all, sizeof all / sizeof *all)) {
        return;
    }
    if (count < 1 || count > LS_DATASET_COLUMNS_MAX) {
        ls_json_refuse(f, "features must be a list of 1 to %d objects", LS_DATASET_COLUMNS_MAX);
        return;
    }
    out->columns = ls_arena_alloc(&out->arena, count * sizeof *out->columns);
    out->of = ls_arena_alloc(&out->arena, count * sizeof *out->of);
    bool short_of_memory = out->columns == NULL || out->of == NULL;
    for (size_t i = 0; i < count && f->status == LS_OK && !short_of_memory; i++) {
        char where[40];
        ls_text_format(where, sizeof where, "features [%zu]: ", i);
        json_t *feature = json_array_get(features, i);
        take_column(f, feature, where, true, &out->of[i]);
        out->columns[i] = take_name(f, feature, i, &out->arena);
        short_of_memory = out->columns[i] == NULL;
    }
    if (short_of_memory) {
        f->status = ls_fail(f->err, LS_ERR_MEMORY, "out of memory for the profile of a version");
        return;
    }
    out->column_count = (uint32_t)count;
    take_column(f, json_object_get(root, "predictions"), "predictions: ", false, &out->said);
    take_column(f, json_object_get(root, "errors"), "errors: ", false, &out->off);
}

ls_status ls_profile_load(const char *text, size_t size, const char *file, ls_profile *out,
                          ls_error *err) {
    ls_json_file f = {
        .what = "profile", .format = FORMAT, .version = VERSION, .file = file, .err = err};
    *out = (ls_profile){0};
    ls_arena_init(&out->arena);
    json_t *root = ls_json_root(&f, text, size);
    if (root != NULL) {
        read_profile(&f, root, out);
    }
    json_decref(root);
    return f.status;
}
