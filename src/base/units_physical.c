// units_physical.c - power and memory, see units.h.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/units.h"

typedef struct unit {
    const char *name;
    double size;  // in watts, in bytes
} unit;

// What a table of units is for.
typedef struct quantity {
    const char *is_not, *is_over;  // what is said behind the text
    const char *hint;
    const unit *units;
    size_t count;
    double most;
} quantity;

static const unit power_units[] = {{"W", 1}, {"kW", 1e3}, {"MW", 1e6}, {"GW", 1e9}};
static const quantity power = {
    .is_not = "is not a power",
    .is_over = "is over the most, 4 GW",
    .hint = "a number and a unit: W, kW, MW or GW, as in '120 kW'",
    .units = power_units,
    .count = sizeof power_units / sizeof power_units[0],
    .most = 4e9,
};

static const unit memory_units[] = {
    {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0},
    {"MB", 1e6},        {"GB", 1e9},           {"TB", 1e12}};
static const quantity memory = {
    .is_not = "is not a size of memory",
    .is_over = "is over the most, 4000 TiB",
    .hint = "a number and a unit: MiB, GiB, TiB, MB, GB or TB, as in '192 GiB'",
    .units = memory_units,
    .count = sizeof memory_units / sizeof memory_units[0],
    .most = 4000 * 1099511627776.0,
};

static const char *skip_blanks(const char *at) {
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

static ls_status refuse(const quantity *q, const char *text, const char *why, ls_error *err) {
    (void)ls_fail(err, LS_ERR_INVALID, "'%s' %s", text, why);
    ls_hint(err, "%s", q->hint);
    return LS_ERR_INVALID;
}

static ls_status read_quantity(const quantity *q, const char *text, double *out, ls_error *err) {
    assert(text != NULL && out != NULL);
    const char *at = skip_blanks(text);
    const size_t length = ls_text_number_length(at, strlen(at));
    double number = 0;
    if (length == 0 || !ls_text_parse_double(at, length, &number)) {
        return refuse(q, text, q->is_not, err);
    }
    const char *name = skip_blanks(at + length);
    size_t name_length = strlen(name);
    while (name_length > 0 && (name[name_length - 1] == ' ' || name[name_length - 1] == '\t')) {
        name_length--;
    }
    if (name_length == 0 && number == 0) {
        *out = 0;
        return LS_OK;
    }
    for (size_t i = 0; i < q->count; i++) {
        const unit *u = &q->units[i];
        if (strlen(u->name) == name_length && memcmp(u->name, name, name_length) == 0) {
            if (number * u->size > q->most) {
                return refuse(q, text, q->is_over, err);
            }
            *out = number * u->size;
            return LS_OK;
        }
    }
    return refuse(q, text, name_length == 0 ? "needs a unit" : "has an unknown unit", err);
}

ls_status ls_units_power(const char *text, int64_t *out_watts, ls_error *err) {
    double watts = 0;
    const ls_status status = read_quantity(&power, text, &watts, err);
    if (status == LS_OK) {
        *out_watts = llround(watts);
    }
    return status;
}

ls_status ls_units_memory(const char *text, int64_t *out_mib, ls_error *err) {
    double bytes = 0;
    const ls_status status = read_quantity(&memory, text, &bytes, err);
    if (status == LS_OK) {
        *out_mib = llround(bytes / 1048576.0);
    }
    return status;
}

// The largest unit in which the number has at most three decimals.
void ls_units_print_power(int64_t watts, char *out, size_t size) {
    assert(watts >= 0);
    const unit *best = &power_units[0];
    for (size_t i = 1; i < power.count; i++) {
        const int64_t step = (int64_t)power_units[i].size / 1000;  // three decimals at most
        if (watts >= (int64_t)power_units[i].size && watts % step == 0) {
            best = &power_units[i];
        }
    }
    ls_text_format(out, size, "%.10g %s", (double)watts / best->size, best->name);
}

void ls_units_print_memory(int64_t mib, char *out, size_t size) {
    assert(mib >= 0);
    const int64_t gib = 1024;
    const int64_t tib = 1024 * gib;
    if (mib >= tib && mib % tib == 0) {
        ls_text_format(out, size, "%lld TiB", (long long)(mib / tib));
    } else if (mib >= gib && mib % gib == 0) {
        ls_text_format(out, size, "%lld GiB", (long long)(mib / gib));
    } else {
        ls_text_format(out, size, "%lld MiB", (long long)mib);
    }
}
