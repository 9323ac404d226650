// profile_fuzz.c - any text as a version's profile. What is accepted saves to what loads to the
// same bytes, and can be watched against without a figure that is no number; any JSON as what a
// watch or a shadow has saved is read or refused.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/drift_watch.h"
#include "model/shadow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void watch(const ls_profile *profile, const json_t *saved) {
    static const ls_model_drift limits = {.window_us = 1000, .psi = 0.25, .false_alarms = 0.01};
    ls_drift_watch w;
    ls_error err = {0};
    if (ls_drift_watch_init(profile, &limits, 100, &w, &err) != LS_OK) {
        abort();
    }
    (void)ls_drift_watch_load(saved, &w, &err);
    float *row = calloc(profile->column_count, sizeof *row);
    for (int i = 0; i < 40; i++) {
        (void)ls_drift_watch_row(&w, w.newest_us + 50, row, (double)i);
        (void)ls_drift_watch_error(&w, w.newest_us, (double)i);
        row[0] = i % 3 == 0 ? NAN : (float)i;
    }
    for (uint32_t c = 0; c <= profile->column_count && c < 50; c++) {
        const ls_drift_figures f = ls_drift_watch_figures(&w, c);
        if (isnan(f.psi) || isnan(f.noise)) {
            abort();
        }
    }
    free(row);
    ls_drift_watch_clear(&w);
}

static void saved_states(const uint8_t *data, size_t size) {
    static const ls_shadow_def def = {.gates = {.level = 0.95},
                                      .shadow = {.for_us = 1000, .most_us = 2000},
                                      .every_us = 100,
                                      .unit_count = 2};
    static const ls_profile_column column = {.bins = 2,
                                             .edges = {0.5},
                                             .shares = {0.5, 0.5},
                                             .span_us = 1,
                                             .memory_us = 1,
                                             .effective = 9};
    ls_profile_column of = column;
    const char *name = "a";
    const ls_profile profile = {
        .column_count = 1, .columns = &name, .of = &of, .said = column, .off = column};
    json_t *saved = json_loadb((const char *)data, size, 0, NULL);
    ls_shadow s;
    ls_error err = {0};
    if (ls_shadow_init(&def, &s, &err) != LS_OK) {
        abort();
    }
    (void)ls_shadow_load(saved, &s, &err);
    const ls_shadow_pair pair = {.time_us = s.newest_us + 100, .truth = 1.0};
    ls_shadow_add(&s, &pair);
    (void)ls_shadow_judge(&s);
    ls_shadow_clear(&s);
    watch(&profile, saved);
    json_decref(saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_profile profile, again;
    ls_error err = {0};
    saved_states(data, size);
    const ls_status status = ls_profile_load((const char *)data, size, "fuzz", &profile, &err);
    if (status == LS_OK) {
        ls_buffer text, second;
        ls_buffer_init(&text);
        ls_buffer_init(&second);
        ls_profile_save(&profile, &text);
        if (ls_profile_load(text.data, text.size, "fuzz", &again, &err) != LS_OK) {
            abort();
        }
        ls_profile_save(&again, &second);
        if (text.size != second.size || memcmp(text.data, second.data, text.size) != 0) {
            abort();
        }
        watch(&profile, NULL);
        ls_profile_clear(&again);
        ls_buffer_clear(&text);
        ls_buffer_clear(&second);
    } else if (err.text[0] == '\0') {
        abort();  // refused without a reason
    }
    ls_profile_clear(&profile);
    return 0;
}
