// units_test.c - spans of time, shares, times of day, dates.
#include "base/units.h"

#include <math.h>
#include <string.h>

#include "tests/harness.h"

static int64_t time_of(const char *text) {
    int64_t us = -1;
    ls_error err;
    return ls_units_time(text, &us, &err) == LS_OK ? us : -1;
}

static void test_times_are_read(void) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"62 s", 62000000},
                {"4h", 4 * LS_US_PER_HOUR},
                {"1.5 h", 5400 * LS_US_PER_S},
                {"90 min", 5400 * LS_US_PER_S},
                {"1 h 30 min", 5400 * LS_US_PER_S},
                {"1h30min", 5400 * LS_US_PER_S},
                {" 2 d ", 2 * LS_US_PER_DAY},
                {"1 w 1 d", 8 * LS_US_PER_DAY},
                {"3 weeks", 21 * LS_US_PER_DAY},
                {"2 days 3 hours 4 minutes 5 seconds", 183845 * LS_US_PER_S},
                {"250 ms", 250000},
                {"7 us", 7},
                {"7 \xC2\xB5s", 7},
                {"7 \xCE\xBCs", 7},
                {"0", 0},
                {" 0.0 ", 0},
                {"0 h", 0},
                {"0.1 s", 100000},
                {".5 s", 500000},
                {"1e3 s", 1000 * LS_US_PER_S},
                {"1.5e-3 s", 1500},
                {"0.4 us", 0},
                {"0.5 us", 1},
                {"0.49999999999999999999999999 us", 0},
                {"1.4999999 us", 1},
                {"0.0000000000000000000000000000000000001 s", 0},
                {"1e-9999999999999999999 s", 0},
                {"0e9999999999999999999 s", 0},
                // a double of seconds would be off by one here
                {"2147483647.999999 s", 2147483647999999},
                {"36525 d", LS_UNITS_TIME_MAX_US}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        harness_note("'%s'", good[i].text);
        CHECK_INT(time_of(good[i].text), good[i].us);
    }
}

static void check_time_error(const char *text, const char *reason, const char *hint) {
    ls_error err;
    memset(&err, 0, sizeof err);
    int64_t us = 77;
    harness_note("'%s'", text);
    CHECK_INT(ls_units_time(text, &us, &err), LS_ERR_INVALID);
    CHECK_INT(us, 77);
    CHECK_CONTAINS(err.text, reason);
    CHECK_CONTAINS(err.hint, hint);
    CHECK_INT(err.line, 0);
    CHECK_INT(ls_units_time(text, &us, NULL), LS_ERR_INVALID);
}

static void test_wrong_times_are_explained(void) {
    check_time_error("", "missing", "'62 s'");
    check_time_error("  ", "missing", "'62 s'");
    check_time_error("62", "needs a unit: s, min, h, d", "as in");
    check_time_error("1 h 30", "needs a unit", "as in");
    check_time_error("1 h 0", "needs a unit", "as in");
    check_time_error("5 m", "unknown unit of time 'm'", "'min'");
    check_time_error("5 minuts", "unknown unit of time 'minuts'", "did you mean 'minute");
    check_time_error("5 xyzzy", "unknown unit of time 'xyzzy'", "a number and a unit");
    check_time_error("5 S", "unknown unit of time 'S'", "a number and a unit");
    check_time_error("-5 s", "negative", "a number");
    check_time_error("30 min 1 h", "out of order", "larger unit first");
    check_time_error("1 s 1 s", "out of order", "larger unit first");
    check_time_error("fast", "is not a time", "as in");
    check_time_error("5 s!", "is not a time", "as in");
    check_time_error("1,5 s", "needs a unit", "as in");
    check_time_error("0x10 s", "unknown unit of time 'x'", "a number");
    check_time_error("nan s", "is not a time", "as in");
    check_time_error("36525.1 d", "100 years", "36525 d");
    check_time_error("36525 d 1 us", "100 years", "36525 d");
    check_time_error("1e30 s", "100 years", "36525 d");
    check_time_error("1e9999999999999999999 s", "100 years", "36525 d");
    check_time_error("123456789012345678901234567890 us", "100 years", "36525 d");
}

static void test_share(void) {
    static const struct {
        const char *text;
        double value;
    } good[] = {{"5 %", 0.05},    {"0.05", 0.05}, {"100%", 1.0},    {"0", 0.0},     {"1", 1.0},
                {"0.7 %", 0.007}, {"-0", 0.0},    {" 33 % ", 0.33}, {"5e-2", 0.05}, {"1e1 %", 0.1}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value = -1.0;
        harness_note("'%s'", good[i].text);
        CHECK_INT(ls_units_share(good[i].text, &value, NULL), LS_OK);
        CHECK(value == good[i].value);
    }
    static const char *const bad[] = {"",     "%",     "5",    "101 %", "-5 %", "-0.1",
                                      "half", "5 % x", "5 %%", "1,0",   "0x1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 7.0;
        ls_error err;
        harness_note("'%s'", bad[i]);
        CHECK_INT(ls_units_share(bad[i], &value, &err), LS_ERR_INVALID);
        CHECK_NEAR(value, 7.0, 0.0);
        CHECK(err.hint[0] != '\0');
    }
    ls_error err;
    double value = 0.0;
    ls_units_share("95", &value, &err);
    CHECK_STR(err.hint, "did you mean '95 %'?");
}

static void test_clock(void) {
    int64_t us = 0;
    CHECK_INT(ls_units_clock("06:00", &us, NULL), LS_OK);
    CHECK_INT(us, 6 * LS_US_PER_HOUR);
    CHECK_INT(ls_units_clock(" 6:00 ", &us, NULL), LS_OK);
    CHECK_INT(us, 6 * LS_US_PER_HOUR);
    CHECK_INT(ls_units_clock("22:30:15", &us, NULL), LS_OK);
    CHECK_INT(us, (22 * 3600 + 30 * 60 + 15) * LS_US_PER_S);
    CHECK_INT(ls_units_clock("00:00:00.25", &us, NULL), LS_OK);
    CHECK_INT(us, 250000);
    CHECK_INT(ls_units_clock("24:00", &us, NULL), LS_OK);
    CHECK_INT(us, LS_US_PER_DAY);
    static const char *const bad[] = {
        "",        "6",         "24:01",  "25:00",           "06:60",           "06:0",
        "6:00:60", "6:00:",     "006:00", "-6:00",           "06:000",          "06:00x",
        "6h",      "06:00:00.", "1320",   "24:00:00.000001", "06:00:00.1234567"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        us = 7;
        harness_note("'%s'", bad[i]);
        CHECK_INT(ls_units_clock(bad[i], &us, NULL), LS_ERR_INVALID);
        CHECK_INT(us, 7);
    }
}

static void test_date(void) {
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"1970-01-01", 0},
                {"1970-01-02", 86400},
                {"1969-12-31T23:59:59", -1},
                {"2000-02-29", 951782400},
                {"2026-01-05T06:00", 1767592800},
                {"2026-01-05 06:00:30", 1767592830},
                {"2026-01-05 ", 1767571200},
                {"2026-01-04T24:00", 1767571200},
                {"0001-01-01", -62135596800},
                {"9999-12-31T23:59:59", 253402300799}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = 0;
        harness_note("'%s'", good[i].text);
        CHECK_INT(ls_units_date(good[i].text, &us, NULL), LS_OK);
        CHECK_INT(us, good[i].seconds * LS_US_PER_S);
    }
    static const struct {
        const char *text;
        const char *reason;
    } bad[] = {{"", "is not a date"},
               {"yesterday", "is not a date"},
               {"2026-1-5", "is not a date"},
               {"26-01-05", "is not a date"},
               {"05.01.2026", "is not a date"},
               {"2026-02-29", "not in the calendar"},
               {"1900-02-29", "not in the calendar"},
               {"2026-13-01", "not in the calendar"},
               {"2026-00-01", "not in the calendar"},
               {"2026-01-00", "not in the calendar"},
               {"0000-01-01", "not in the calendar"},
               {"2026-01-05T", "is not a date"},
               {"2026-01-05T06", "is not a date"},
               {"2026-01-05T06:00Z", "is not a date"},
               {"2026-01-05T06:00+09:00", "is not a date"},
               {"2026-01-05x", "is not a date"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t us = 7;
        ls_error err;
        harness_note("'%s'", bad[i].text);
        CHECK_INT(ls_units_date(bad[i].text, &us, &err), LS_ERR_INVALID);
        CHECK_INT(us, 7);
        CHECK_CONTAINS(err.text, bad[i].reason);
    }
}

static void test_date_with_a_zone(void) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"1970-01-02", 86400000000},
                {"1970-01-02Z", 86400000000},
                {"1970-01-01T00:00:01z", 1000000},
                {"1970-01-01 09:00:00+09:00", 0},
                {"1970-01-01T09:00:00+0900", 0},
                {"1970-01-01T09:00+09", 0},
                {"1969-12-31 20:30:00-03:30", 0},
                {"1970-01-01T00:00:00.1234567890Z", 123456},
                {"1970-01-01T00:00:00.5+00:30", -1799500000},
                {"2023-03-01 00:18:22+08:00", 1677601102000000}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = 7;
        harness_note("'%s'", good[i].text);
        CHECK_INT(ls_units_date_zoned(good[i].text, strlen(good[i].text), &us, NULL), LS_OK);
        CHECK_INT(us, good[i].us);
    }
    static const char *const bad[] = {"",
                                      "Z",
                                      "now",
                                      "2026-02-30T00:00Z",
                                      "2026-01-05T06:00+9",
                                      "2026-01-05T06:00+09:",
                                      "2026-01-05T06:00+0:90",
                                      "2026-01-05T06:00+09:60",
                                      "2026-01-05T06:00+24:01",
                                      "2026-01-05T06:00+09:00:00",
                                      "2026-01-05T06:00+x",
                                      "2026-01-05T06:00:00.1234567x",
                                      "2026-01-05T06:00:00.123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t us = 7;
        ls_error err;
        harness_note("'%s'", bad[i]);
        CHECK_INT(ls_units_date_zoned(bad[i], strlen(bad[i]), &us, &err), LS_ERR_INVALID);
        CHECK_INT(us, 7);
        CHECK_CONTAINS(err.text, "is not a date");
    }
    int64_t us = 0;  // no more than `length` is looked at
    CHECK_INT(ls_units_date_zoned("1970-01-02T00:00,junk", 16, &us, NULL), LS_OK);
    CHECK_INT(us, 86400000000);
    CHECK_INT(ls_units_date_zoned("1970-01-02\0T00:00", 17, &us, NULL), LS_ERR_INVALID);
}

static void test_dates_go_there_and_back(void) {
    // every 11th day of 800 years, so leap years of all kinds
    for (int64_t day = -200000; day < 100000 && !harness_has_failed(); day += 11) {
        const int64_t us = day * LS_US_PER_DAY + (day * 7919 % 86400 + 86400) % 86400 * LS_US_PER_S;
        char text[48];
        int64_t back = 0;
        ls_units_print_date(us, text, sizeof text);
        harness_note("%s", text);
        CHECK_INT(ls_units_date(text, &back, NULL), LS_OK);
        CHECK_INT(back, us);
    }
    char text[48];
    ls_units_print_date(1767592800 * LS_US_PER_S, text, sizeof text);
    CHECK_STR(text, "2026-01-05T06:00:00");
    ls_units_print_date(1767592800 * LS_US_PER_S + 250000, text, sizeof text);
    CHECK_STR(text, "2026-01-05T06:00:00.25");
    ls_units_print_date(-1, text, sizeof text);
    CHECK_STR(text, "1969-12-31T23:59:59.999999");
    ls_units_print_date(INT64_MAX, text, sizeof text);
    CHECK_STR(text, "294247-01-10T04:00:54.775807");
    ls_units_print_date(INT64_MIN, text, sizeof text);
    CHECK_STR(text, "-290308-12-21T19:59:05.224192");
}

static const char *printed(int64_t us) {
    static char text[32];
    ls_units_print_time(us, text, sizeof text);
    return text;
}

static void test_print_time(void) {
    CHECK_STR(printed(0), "0 s");
    CHECK_STR(printed(62 * LS_US_PER_S), "62 s");
    CHECK_STR(printed(5400 * LS_US_PER_S), "1.5 h");
    CHECK_STR(printed(250000), "250 ms");
    CHECK_STR(printed(1500000), "1.5 s");
    CHECK_STR(printed(1), "1 us");
    CHECK_STR(printed(60 * LS_US_PER_S), "1 min");
    CHECK_STR(printed(600 * LS_US_PER_S), "10 min");
    CHECK_STR(printed(95 * LS_US_PER_S), "95 s");
    CHECK_STR(printed(LS_US_PER_HOUR), "1 h");
    CHECK_STR(printed(7 * LS_US_PER_DAY), "7 d");
    CHECK_STR(printed(90 * LS_US_PER_DAY), "90 d");
    CHECK_STR(printed(86400000001), "86400.000001 s");
    CHECK_STR(printed(LS_UNITS_TIME_MAX_US), "36525 d");
}

static void test_printed_times_parse_back(void) {
    uint64_t random = 1;
    for (int i = 0; i < 20000 && !harness_has_failed(); i++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        const int64_t step = i % 3 == 0 ? 1 : (i % 3 == 1 ? 1000 : 30 * LS_US_PER_S);
        const int64_t us = (int64_t)((random >> 11) % ((uint64_t)LS_UNITS_TIME_MAX_US >> i % 50)) /
                           step * step;
        harness_note("%lld us", (long long)us);
        CHECK_INT(time_of(printed(us)), us);
    }
}

static const char *shown(double us) {
    static char text[32];
    ls_units_show_time(us, text, sizeof text);
    return text;
}

static void test_show_time(void) {
    const double s = 1e6;
    CHECK_STR(shown(0.0), "0 s");
    CHECK_STR(shown(12.5 * s), "12.5 s");
    CHECK_STR(shown(0.25), "0.25 us");
    CHECK_STR(shown(999.6), "1 ms");
    CHECK_STR(shown(1234.0), "1.23 ms");
    CHECK_STR(shown(59.94 * s), "59.9 s");
    CHECK_STR(shown(59.96 * s), "1 min");
    CHECK_STR(shown(125.0 * s), "2 min 5 s");
    CHECK_STR(shown(3599.6 * s), "1 h");
    CHECK_STR(shown(4500.0 * s), "1 h 15 min");
    CHECK_STR(shown(86399.0 * s), "1 d");
    CHECK_STR(shown(76.0 * 3600 * s), "3 d 4 h");
    CHECK_STR(shown(72.2 * 3600 * s), "3 d");
    CHECK_STR(shown(-90.0 * s), "-1 min 30 s");
    CHECK_STR(shown(INFINITY), "never");
    CHECK_STR(shown(NAN), "-");
    CHECK_STR(shown(1e300), "1.16e+289 d");
}

static void test_powers_and_memory_are_read(void) {
    static const struct {
        const char *text;
        int64_t watts;
        const char *printed;
    } powers[] = {{"120 kW", 120000, "120 kW"},
                  {"400MW", 400000000, "400 MW"},
                  {"0", 0, "0 W"},
                  {"700 W", 700, "700 W"},
                  {"1.5 kW ", 1500, "1.5 kW"},
                  {"4 GW", 4000000000, "4 GW"},
                  {"433.44 MW", 433440000, "433.44 MW"},
                  {"1001 W", 1001, "1.001 kW"}};
    for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++) {
        int64_t watts = -1;
        char printed[32];
        harness_note("'%s'", powers[i].text);
        CHECK_INT(ls_units_power(powers[i].text, &watts, NULL), LS_OK);
        CHECK_INT(watts, powers[i].watts);
        ls_units_print_power(watts, printed, sizeof printed);
        CHECK_STR(printed, powers[i].printed);
    }
    static const struct {
        const char *text;
        int64_t mib;
        const char *printed;
    } sizes[] = {{"192 GiB", 196608, "192 GiB"},
                 {"2 TiB", 2097152, "2 TiB"},
                 {"80 GB", 76294, "76294 MiB"},
                 {"512 MiB", 512, "512 MiB"},
                 {"0", 0, "0 MiB"},
                 {"1.5 TiB", 1572864, "1536 GiB"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t mib = -1;
        char printed[32];
        harness_note("'%s'", sizes[i].text);
        CHECK_INT(ls_units_memory(sizes[i].text, &mib, NULL), LS_OK);
        CHECK_INT(mib, sizes[i].mib);
        ls_units_print_memory(mib, printed, sizeof printed);
        CHECK_STR(printed, sizes[i].printed);
    }
}

static void test_wrong_powers_and_memory_are_explained(void) {
    static const struct {
        const char *text, *reason;
    } wrong[] = {{"", "is not a power"},     {"120", "needs a unit"},
                 {"120 kw", "unknown unit"}, {"-1 W", "is not a power"},
                 {"5 GW", "over the most"},  {"1 kW 2 W", "unknown unit"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t watts = -7;
        ls_error err = {0};
        harness_note("'%s'", wrong[i].text);
        CHECK_INT(ls_units_power(wrong[i].text, &watts, &err), LS_ERR_INVALID);
        CHECK_INT(watts, -7);
        CHECK_CONTAINS(err.text, wrong[i].reason);
        CHECK_CONTAINS(err.hint, "120 kW");
    }
    int64_t mib = -7;
    ls_error err = {0};
    CHECK_INT(ls_units_memory("80 Gb", &mib, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "unknown unit");
    CHECK_CONTAINS(err.hint, "192 GiB");
    CHECK_INT(ls_units_memory("5000 TiB", &mib, &err), LS_ERR_INVALID);
    CHECK_INT(mib, -7);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_times_are_read);
    TEST(test_wrong_times_are_explained);
    TEST(test_share);
    TEST(test_clock);
    TEST(test_date);
    TEST(test_date_with_a_zone);
    TEST(test_dates_go_there_and_back);
    TEST(test_print_time);
    TEST(test_printed_times_parse_back);
    TEST(test_show_time);
    TEST(test_powers_and_memory_are_read);
    TEST(test_wrong_powers_and_memory_are_explained);
    return harness_report();
}
