// units_fuzz.c - any text into the readers of quantities; what they take prints and reads back
// equal.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_time(const char *text) {
    ls_error err;
    int64_t us = 0;
    int64_t back = -1;
    char printed[32];
    if (ls_units_time(text, &us, &err) != LS_OK) {
        assert(err.text[0] != '\0' && err.hint[0] != '\0');
        return;
    }
    assert(us >= 0 && us <= LS_UNITS_TIME_MAX_US);
    ls_units_show_time((double)us, printed, sizeof printed);
    ls_units_print_time(us, printed, sizeof printed);
    const ls_status status = ls_units_time(printed, &back, NULL);
    assert(status == LS_OK);
    assert(back == us);
    (void)status;
}

static void check_date(const char *text) {
    int64_t us = 0;
    int64_t back = 0;
    char printed[48];
    // A day's end of the last year is the first moment of year 10000, which is not read.
    const int64_t year_10000 = 253402300800LL * LS_US_PER_S;
    if (ls_units_date(text, &us, NULL) == LS_OK && us < year_10000) {
        ls_units_print_date(us, printed, sizeof printed);
        const ls_status status = ls_units_date(printed, &back, NULL);
        assert(status == LS_OK);
        assert(back == us);
        (void)status;
    }
}

static void check_zone(const char *text, size_t size) {
    int64_t plain_us = 0, zoned_us = 0;
    const bool plain = ls_units_date(text, &plain_us, NULL) == LS_OK;
    const bool zoned = ls_units_date_zoned(text, size, &zoned_us, NULL) == LS_OK;
    // What is a date without a zone is the same with the other reader, when nothing lies behind it.
    assert(!plain || strlen(text) != size || size >= 48 || (zoned && zoned_us == plain_us));
    (void)plain, (void)zoned;
}

static void check_physical(const char *text) {
    int64_t value = 0;
    int64_t back = -1;
    char printed[32];
    if (ls_units_power(text, &value, NULL) == LS_OK) {
        ls_units_print_power(value, printed, sizeof printed);
        const ls_status status = ls_units_power(printed, &back, NULL);
        assert(status == LS_OK && back == value);
        (void)status;
    }
    if (ls_units_memory(text, &value, NULL) == LS_OK) {
        ls_units_print_memory(value, printed, sizeof printed);
        const ls_status status = ls_units_memory(printed, &back, NULL);
        assert(status == LS_OK && back == value);
        (void)status;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[1024];
    if (size >= sizeof text) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check_time(text);
    check_date(text);
    check_zone(text, size);
    check_physical(text);
    double share = 0.0;
    if (ls_units_share(text, &share, NULL) == LS_OK) {
        assert(share >= 0.0 && share <= 1.0);
    }
    int64_t us = 0;
    if (ls_units_clock(text, &us, NULL) == LS_OK) {
        assert(us >= 0 && us <= LS_US_PER_DAY);
    }
    return 0;
}
