// monitor_file.c - a monitor as JSON and back. What is read is a stranger's: everything is checked
// before a size is believed.
#include <math.h>
#include <string.h>

#include "base/put.h"
#include "model/json_file.h"
#include "model/monitor.h"

static const char FORMAT[] = "lineshaft monitor";
enum { VERSION = 1 };

// ---- out ----------------------------------------------------------------------------------------

static void put_numbers(ls_buffer *out, const double *values, size_t count, size_t stride) {
    ls_buffer_text(out, "[");
    for (size_t i = 0; i < count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        ls_put_json_number(out, values[i * stride]);
    }
    ls_buffer_text(out, "]");
}

static void put_list(ls_buffer *out, const char *key, const double *values, size_t count) {
    ls_buffer_printf(out, ",\n \"%s\":", key);
    put_numbers(out, values, count, 1);
}

void ls_monitor_save(const ls_monitor *m, ls_buffer *out) {
    const size_t n = m->def.variables;
    ls_buffer_printf(out, "{\"format\":\"%s\",\"version\":%d,\n \"variables\":[", FORMAT, VERSION);
    for (size_t i = 0; i < n; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        ls_put_json_text(out, m->def.names[i], strlen(m->def.names[i]));
    }
    ls_buffer_printf(out,
                     "],\n \"lags\":%zu,\"components\":%zu,\"newest\":%.17g,"
                     "\"false_alarms\":%.17g,\"rows\":%zu,\"held_out\":%zu,\n \"limits\":{",
                     m->def.lags, m->components, m->def.newest, m->def.false_alarms, m->rows,
                     m->held_out);
    for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
        ls_buffer_printf(out, "%s\"%s\":%.17g", s > 0 ? "," : "", ls_monitor_statistic_word(s),
                         m->limits[s]);
    }
    ls_buffer_text(out, "}");
    put_list(out, "mean", m->mean, n);
    put_list(out, "scale", m->scale, n);
    put_list(out, "low", m->low, n);
    put_list(out, "high", m->high, n);
    put_list(out, "still", m->still, n);
    put_list(out, "centre", m->centre, m->width);
    put_list(out, "values", m->values, m->rank);
    ls_buffer_text(out, ",\n \"vectors\":[");
    for (size_t j = 0; j < m->rank; j++) {
        ls_buffer_text(out, j > 0 ? ",\n  " : "\n  ");
        put_numbers(out, m->vectors + j, m->width, m->rank);
    }
    ls_buffer_text(out, "]}\n");
}

// ---- in -----------------------------------------------------------------------------------------

typedef struct reading {
    json_t *root;
    ls_json_file f;
} reading;

static size_t whole(reading *r, const char *key, size_t least, size_t most) {
    const json_t *value = json_object_get(r->root, key);
    const json_int_t got = json_integer_value(value);
    if (!json_is_integer(value) || got < 0 || (uint64_t)got < least || (uint64_t)got > most) {
        ls_json_refuse(&r->f, "%s must be a whole number, %zu to %zu", key, least, most);
        return least;
    }
    return (size_t)got;
}

// `object`'s number at key, above `over` and at most `most`.
static double number(reading *r, const json_t *object, const char *key, double over, double most) {
    const json_t *value = json_object_get(object, key);
    const double got = json_number_value(value);
    if (!json_is_number(value) || !(got > over && got <= most)) {
        ls_json_refuse(&r->f, "%s must be a number above %g, at most %g", key, over, most);
        return most;
    }
    return got;
}

static void numbers(reading *r, const json_t *list, const char *key, double least, size_t count,
                    double *out, size_t stride) {
    if (!json_is_array(list) || json_array_size(list) != count) {
        ls_json_refuse(&r->f, "%s must be a list of %zu numbers", key, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        const double got = json_number_value(value);
        if (!json_is_number(value) || !(got >= least && got <= 1e100)) {
            ls_json_refuse(&r->f, "%s [%zu] must be a number, %g to 1e100", key, i, least);
            return;
        }
        out[i * stride] = got;
    }
}

static void list(reading *r, const char *key, double least, size_t count, double *out) {
    numbers(r, json_object_get(r->root, key), key, least, count, out, 1);
}

static bool check_head(reading *r) {
    static const char *const keys[] = {
        "format",       "version", "variables", "lags",   "components", "newest",
        "false_alarms", "rows",    "held_out",  "limits", "mean",       "scale",
        "low",          "high",    "still",     "centre", "values",     "vectors"};
    return ls_json_head(&r->f, r->root, keys, sizeof keys / sizeof *keys);
}

static bool read_names(reading *r, const char **names, size_t count) {
    const json_t *list_of = json_object_get(r->root, "variables");
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_array_get(list_of, i);
        // A NUL inside would cut the name.
        if (!json_is_string(name) || strlen(json_string_value(name)) != json_string_length(name)) {
            ls_json_refuse(&r->f, "variables [%zu] must be a name", i);
            return false;
        }
        names[i] = json_string_value(name);
    }
    return true;
}

static void check_components(reading *r, const ls_monitor *m) {
    for (size_t j = 0; j < m->rank && r->f.status == LS_OK; j++) {
        if (!(m->values[j] > 0.0) || (j > 0 && m->values[j] > m->values[j - 1])) {
            ls_json_refuse(&r->f, "values [%zu] must be above 0, and not above the one before", j);
        }
        double square = 0.0;
        for (size_t i = 0; i < m->width; i++) {
            const double v = m->vectors[i * m->rank + j];
            square += v * v;
        }
        if (!(fabs(square - 1.0) < 1e-6)) {
            ls_json_refuse(&r->f, "vectors [%zu] must have length 1", j);
        }
    }
    for (size_t i = 0; i < m->def.variables; i++) {
        if (m->low[i] > m->high[i]) {
            ls_json_refuse(&r->f, "low [%zu] must not be above high", i);
        }
    }
}

static void fill(reading *r, ls_monitor *m) {
    const size_t n = m->def.variables;
    m->components = m->def.components;
    list(r, "mean", -1e100, n, m->mean);
    list(r, "scale", 0.0, n, m->scale);
    list(r, "low", -1e100, n, m->low);
    list(r, "high", -1e100, n, m->high);
    for (size_t i = 0; i < n; i++) {
        m->still[i] = -1.0;  // files of before do not have it
    }
    if (json_object_get(r->root, "still") != NULL) {
        list(r, "still", -1.0, n, m->still);
    }
    list(r, "centre", -1e100, m->width, m->centre);
    list(r, "values", 0.0, m->rank, m->values);
    const json_t *vectors = json_object_get(r->root, "vectors");
    if (!json_is_array(vectors) || json_array_size(vectors) != m->rank) {
        ls_json_refuse(&r->f, "vectors must be a list of %zu lists", m->rank);
        return;
    }
    for (size_t j = 0; j < m->rank && r->f.status == LS_OK; j++) {
        numbers(r, json_array_get(vectors, j), "vectors", -1.0 - 1e-9, m->width, m->vectors + j,
                m->rank);
    }
    const json_t *limits = json_object_get(r->root, "limits");
    for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
        m->limits[s] = number(r, limits, ls_monitor_statistic_word(s), 0.0, 1e308);
    }
    if (r->f.status == LS_OK) {
        check_components(r, m);
    }
}

static void read_monitor(reading *r, ls_monitor **out) {
    if (!check_head(r)) {
        return;
    }
    const size_t count = json_array_size(json_object_get(r->root, "variables"));
    const size_t rank = json_array_size(json_object_get(r->root, "values"));
    if (count < 1 || count > LS_MONITOR_VARIABLES_MOST) {
        ls_json_refuse(&r->f, "variables must be a list of 1 to %d names",
                       LS_MONITOR_VARIABLES_MOST);
        return;
    }
    ls_monitor_def def = ls_monitor_def_default(count);
    def.lags = whole(r, "lags", 0, LS_MONITOR_LAGS_MOST);
    if (rank < 1 || rank > count * (def.lags + 1)) {
        ls_json_refuse(&r->f, "values must be a list of 1 to %zu numbers", count * (def.lags + 1));
        return;
    }
    def.components = whole(r, "components", 1, rank);
    def.newest = number(r, r->root, "newest", 0.0, 1.0);
    def.false_alarms = number(r, r->root, "false_alarms", 0.0, 0.4999999);
    const size_t rows = whole(r, "rows", 0, (size_t)1 << 53);
    const size_t held_out = whole(r, "held_out", 0, (size_t)1 << 53);
    const char **names = ls_alloc(count * sizeof *names);
    ls_monitor *m = NULL;
    if (names == NULL) {
        r->f.status = ls_fail(r->f.err, LS_ERR_MEMORY, "no memory for a monitor");
    } else if (read_names(r, names, count) && r->f.status == LS_OK) {
        def.names = names;
        ls_error why = {0};
        r->f.status = ls_monitor_new(&def, &m, &why);
        if (r->f.status != LS_OK) {
            ls_fail_at(r->f.err, r->f.status, r->f.file, 0, 0, "monitor: %s", why.text);
        } else {
            r->f.status = ls_monitor_room(m, rank, r->f.err);
        }
    }
    ls_free(names);
    if (r->f.status == LS_OK) {
        m->rows = rows;
        m->held_out = held_out;
        fill(r, m);
    }
    if (r->f.status != LS_OK) {
        ls_monitor_destroy(m);
        return;
    }
    ls_monitor_complete(m);
    *out = m;
}

ls_status ls_monitor_load(const char *text, size_t size, const char *file, ls_monitor **out,
                          ls_error *err) {
    reading r = {
        .f = {.what = "monitor", .format = FORMAT, .version = VERSION, .file = file, .err = err}};
    r.root = ls_json_root(&r.f, text, size);
    if (r.root != NULL) {
        read_monitor(&r, out);
    }
    json_decref(r.root);
    return r.f.status;
}
