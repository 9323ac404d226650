// distribution_fuzz.c - no text crashes the reader; what it accepts prints, reads back and draws.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/kmath.h"
#include "plant/distribution.h"
#include "plant/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_draws(const ls_dist *d, const double *tables) {
    const double mean = ls_dist_mean(d, tables);
    const double variance = ls_dist_variance(d, tables);
    assert(mean >= 0.0 && ls_is_finite(mean) && variance >= 0.0);
    for (uint64_t n = 0; n < 4; n++) {
        const double x = ls_dist_sample(d, tables, 1, 2, n);
        assert(x >= 0.0 && ls_is_finite(x));
        const double rest = ls_dist_residual(d, tables, 0.5 * x, ls_random_uniform(3, 4, n), NULL);
        assert(rest >= 0.0 && ls_is_finite(rest));
        const double survival = ls_dist_survival(d, tables, x);
        assert(survival >= 0.0 && survival <= 1.0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[512];
    if (size >= sizeof text) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    ls_dist_tables tables;
    ls_dist_tables_init(&tables);
    ls_dist d;
    ls_dist_request request;
    ls_error err = {0};
    const ls_status status = ls_dist_parse(text, &tables, &d, &request, &err);
    assert(status == LS_OK || (err.text[0] != '\0' && err.hint[0] != '\0'));
    if (status == LS_OK && !request.wants_file) {
        check_draws(&d, tables.items);
        char printed[8192];
        const size_t length = ls_dist_print(&d, tables.items, printed, sizeof printed);
        assert(length == strlen(printed));
        ls_dist again;
        // A mean that the text gave (weibull) or a share below 1e-12 may not survive printing.
        if (ls_dist_parse(printed, &tables, &again, NULL, &err) == LS_OK) {
            assert(again.kind == d.kind);
        }
    }
    ls_dist_parse_count(text, "parts", &tables, &d, &err);
    ls_dist_tables_clear(&tables);
    return 0;
}
