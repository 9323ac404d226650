// monitor_fuzz.c - any text as a monitor. What is accepted must save to what loads to the same
// bytes, and must give readings that are numbers.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_serves(const ls_monitor *m) {
    const size_t n = m->def.variables;
    double *memory = calloc(ls_monitor_state_doubles(m) + 2 * n, sizeof *memory);
    double *row = memory + ls_monitor_state_doubles(m), *blame = row + n;
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    for (size_t i = 0; i < m->def.lags + 2; i++) {
        for (size_t k = 0; k < n; k++) {
            row[k] = i == 0 ? NAN : (double)i * 1e3;
        }
        const ls_monitor_reading r = ls_monitor_step(m, &state, row);
        for (size_t s = 0; s < LS_MONITOR_STATISTICS; s++) {
            if (isnan(r.value[s])) {
                abort();
            }
        }
    }
    ls_monitor_contributions(m, &state, LS_MONITOR_WHOLE, blame);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_monitor *m = NULL, *again = NULL;
    ls_error err = {0};
    if (ls_monitor_load((const char *)data, size, "fuzz", &m, &err) != LS_OK) {
        if (err.text[0] == '\0' || m != NULL) {
            abort();  // refused without a reason
        }
        return 0;
    }
    check_serves(m);
    ls_buffer text, second;
    ls_buffer_init(&text);
    ls_buffer_init(&second);
    ls_monitor_save(m, &text);
    if (ls_monitor_load(text.data, text.size, "fuzz", &again, &err) != LS_OK) {
        abort();
    }
    ls_monitor_save(again, &second);
    if (text.size != second.size || memcmp(text.data, second.data, text.size) != 0) {
        abort();
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&second);
    ls_monitor_destroy(m);
    ls_monitor_destroy(again);
    return 0;
}
