// pool_words.c - see pool_words.h.
#include "cli/pool_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "cli/json.h"

void ls_pool_put_gpus(const json_t *value, char *out, size_t size) {
    const double gpus = json_number_value(value);
    ls_text_format(out, size, gpus == floor(gpus) ? "%.0f" : "%.3g", gpus);
}

const char *ls_pool_unit_word(const json_t *pool, double count) {
    const json_t *kinds = json_object_get(pool, "kinds");
    bool slots = json_array_size(kinds) > 0;
    for (size_t i = 0; i < json_array_size(kinds); i++) {
        slots = slots && json_is_true(json_object_get(json_array_get(kinds, i), "slots"));
    }
    return slots ? (count == 1.0 ? "slot" : "slots") : (count == 1.0 ? "GPU" : "GPUs");
}

void ls_pool_put_span(int64_t us, char *out, size_t size) {
    const int64_t whole = us > 0 ? us / LS_US_PER_S * LS_US_PER_S : 0;
    ls_units_show_time((double)whole, out, size);
}

void ls_pool_put_limits(const json_t *limits, char *out, size_t size) {
    static const char *const keys[] = {"memory", "cpus", "processes"};
    static const char *const words[] = {"memory", "processors", "processes"};
    char held[80] = "", free[80] = "";
    const char *why = json_string_value(json_object_get(limits, "why"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *list = json_is_true(json_object_get(limits, keys[i])) ? held : free;
        const size_t used = strlen(list);
        ls_text_format(list + used, sizeof held - used, "%s%s", used > 0 ? ", " : "", words[i]);
    }
    const char *colon = why != NULL ? ": " : "";
    why = why != NULL ? why : "";
    if (limits == NULL) {
        out[0] = '\0';
    } else if (held[0] == '\0') {
        ls_text_format(out, size, "jobs are not limited in %s%s%s", free, colon, why);
    } else if (free[0] == '\0') {
        ls_text_format(out, size, "jobs are limited in %s", held);
    } else {
        ls_text_format(out, size, "jobs are limited in %s; not in %s%s%s", held, free, colon, why);
    }
}

int64_t ls_pool_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void ls_pool_put_moment(int64_t us, char *out, size_t size) {
    const time_t seconds = (time_t)(us / LS_US_PER_S);
    const time_t now = (time_t)(ls_pool_now_us() / LS_US_PER_S);
    struct tm parts, today;
    if (localtime_r(&seconds, &parts) == NULL || localtime_r(&now, &today) == NULL) {
        ls_text_format(out, size, "-");
        return;
    }
    const bool same = parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday;
    if (strftime(out, size, same ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &parts) == 0) {
        ls_text_format(out, size, "-");
    }
}

void ls_pool_put_state(const json_t *job, char *out, size_t size) {
    const char *state = ls_json_text_at(job, "state");
    const json_t *left = json_object_get(job, "exit");
    const int64_t code = json_integer_value(left);
    const char *name = code < 0 ? sigabbrev_np((int)-code) : NULL;
    if (strcmp(state, "failed") != 0 || !json_is_integer(left)) {
        ls_text_format(out, size, "%s", state);
    } else if (name != NULL) {
        ls_text_format(out, size, "failed SIG%s", name);
    } else {
        ls_text_format(out, size, "failed %lld", (long long)code);
    }
}
