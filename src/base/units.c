// units.c - see units.h.
#include "base/units.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

typedef struct time_unit {
    const char *name;
    int64_t us;
} time_unit;

// The first name of each size is the one that is printed; every size once more under other names.
static const time_unit time_units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", LS_US_PER_S},
    {"min", LS_US_PER_MIN},
    {"h", LS_US_PER_HOUR},
    {"d", LS_US_PER_DAY},
    {"w", 7 * LS_US_PER_DAY},
    {"usec", 1},
    {"\xC2\xB5s", 1},  // micro sign
    {"\xCE\xBCs", 1},  // small mu
    {"microsecond", 1},
    {"microseconds", 1},
    {"msec", 1000},
    {"millisecond", 1000},
    {"milliseconds", 1000},
    {"sec", LS_US_PER_S},
    {"secs", LS_US_PER_S},
    {"second", LS_US_PER_S},
    {"seconds", LS_US_PER_S},
    {"mins", LS_US_PER_MIN},
    {"minute", LS_US_PER_MIN},
    {"minutes", LS_US_PER_MIN},
    {"hr", LS_US_PER_HOUR},
    {"hrs", LS_US_PER_HOUR},
    {"hour", LS_US_PER_HOUR},
    {"hours", LS_US_PER_HOUR},
    {"day", LS_US_PER_DAY},
    {"days", LS_US_PER_DAY},
    {"wk", 7 * LS_US_PER_DAY},
    {"week", 7 * LS_US_PER_DAY},
    {"weeks", 7 * LS_US_PER_DAY},
};
enum {
    TIME_UNIT_COUNT = sizeof time_units / sizeof time_units[0],
    TIME_UNIT_DAY = 5,  // the largest that is printed
    UNIT_NAME_MAX = 24,
};

static const char time_hint[] =
    "a number and a unit: us, ms, s, min, h, d or w, as in '62 s' or '1 h 30 min'";

static const char *skip_blanks(const char *at) {
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_unit_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80) != 0;
}

// A decimal as mantissa / 10^scale. Whole digits that do not fit any more set is_huge; digits of
// the fraction that do not fit are dropped (they are below 1e-18 of the value).
typedef struct decimal {
    uint64_t mantissa;
    long scale;
    bool is_huge;
} decimal;

#define MANTISSA_ROOM 1000000000000000000ULL  // below it one more digit fits

// at[0..length) is a number by ls_text_number_length.
static decimal decimal_read(const char *at, size_t length) {
    decimal value = {0};
    bool in_fraction = false;
    size_t i = 0;
    for (; i < length && at[i] != 'e' && at[i] != 'E'; i++) {
        if (at[i] == '.') {
            in_fraction = true;
        } else if (value.mantissa < MANTISSA_ROOM) {
            value.mantissa = value.mantissa * 10 + (uint64_t)(at[i] - '0');
            value.scale += in_fraction ? 1 : 0;
        } else {
            value.is_huge = value.is_huge || !in_fraction;
        }
    }
    if (i < length) {
        int64_t exponent = 0;
        const char *digits = at + i + 1;
        const bool is_short = ls_text_parse_i64(digits, length - i - 1, &exponent);
        const int64_t far = 1000000;
        if (!is_short || exponent > far || exponent < -far) {
            exponent = *digits == '-' ? -far : far;
        }
        value.scale -= (long)exponent;
    }
    return value;
}

// value * unit_us rounded to nearest, or -1 when it is over the range.
static int64_t decimal_to_us(decimal value, int64_t unit_us) {
    if (value.mantissa == 0 && !value.is_huge) {
        return 0;
    }
    const uint64_t limit = (uint64_t)LS_UNITS_TIME_MAX_US;
    wide us = (wide)value.mantissa * (uint64_t)unit_us;
    long scale = value.scale;
    if (value.is_huge) {
        return -1;
    }
    for (; scale < 0; scale++) {
        if (us > limit) {
            return -1;
        }
        us *= 10;
    }
    wide divisor = 1;
    for (; scale > 0; scale--) {
        if (divisor > us * 2) {
            return 0;  // far below half a microsecond
        }
        divisor *= 10;
    }
    us = (us + divisor / 2) / divisor;
    return us > limit ? -1 : (int64_t)us;
}

static const time_unit *unit_find(const char *name, size_t length) {
    for (size_t i = 0; i < TIME_UNIT_COUNT; i++) {
        if (strlen(time_units[i].name) == length && memcmp(time_units[i].name, name, length) == 0) {
            return &time_units[i];
        }
    }
    return NULL;
}

static ls_status unknown_unit(const char *text, const char *name, size_t length, ls_error *err) {
    const int shown = length > UNIT_NAME_MAX ? UNIT_NAME_MAX : (int)length;
    ls_fail(err, LS_ERR_INVALID, "unknown unit of time '%.*s' in '%s'", shown, name, text);
    if (length == 1 && (name[0] == 'm' || name[0] == 'M')) {
        ls_hint(err, "'m' could be many things: write 'min' for minutes");
        return LS_ERR_INVALID;
    }
    const char *names[TIME_UNIT_COUNT];
    for (size_t i = 0; i < TIME_UNIT_COUNT; i++) {
        names[i] = time_units[i].name;
    }
    char word[UNIT_NAME_MAX + 1];
    memcpy(word, name, (size_t)shown);
    word[shown] = '\0';
    const char *near = length > 1 ? ls_text_nearest(word, names, TIME_UNIT_COUNT) : NULL;
    if (near != NULL) {
        ls_hint(err, "did you mean '%s'? units: us, ms, s, min, h, d, w", near);
    } else {
        ls_hint(err, "%s", time_hint);
    }
    return LS_ERR_INVALID;
}

ls_status ls_units_time(const char *text, int64_t *out_us, ls_error *err) {
    assert(text != NULL);
    assert(out_us != NULL);
    int64_t sum = 0;
    int64_t last_unit = INT64_MAX;
    const char *at = skip_blanks(text);
    if (*at == '\0') {
        ls_fail(err, LS_ERR_INVALID, "a time is missing");
        ls_hint(err, "%s", time_hint);
        return LS_ERR_INVALID;
    }
    while (*at != '\0') {
        if (*at == '-') {
            ls_fail(err, LS_ERR_INVALID, "'%s' is negative, a time is at least 0", text);
            ls_hint(err, "%s", time_hint);
            return LS_ERR_INVALID;
        }
        const size_t length = ls_text_number_length(at, strlen(at));
        if (length == 0) {
            ls_fail(err, LS_ERR_INVALID, "'%s' is not a time", text);
            ls_hint(err, "%s", time_hint);
            return LS_ERR_INVALID;
        }
        const decimal value = decimal_read(at, length);
        const char *name = skip_blanks(at + length);
        size_t name_length = 0;
        while (is_unit_char(name[name_length])) {
            name_length++;
        }
        if (name_length == 0) {
            const bool is_bare = *name == '\0' && last_unit == INT64_MAX;
            if (is_bare && value.mantissa == 0 && !value.is_huge) {
                break;
            }
            ls_fail(err, LS_ERR_INVALID, "'%s' needs a unit: s, min, h, d", text);
            ls_hint(err, "%s", time_hint);
            return LS_ERR_INVALID;
        }
        const time_unit *unit = unit_find(name, name_length);
        if (unit == NULL) {
            return unknown_unit(text, name, name_length, err);
        }
        if (unit->us >= last_unit) {
            ls_fail(err, LS_ERR_INVALID, "'%s' has its units out of order", text);
            ls_hint(err, "the larger unit first and each unit once, as in '1 h 30 min'");
            return LS_ERR_INVALID;
        }
        last_unit = unit->us;
        const int64_t us = decimal_to_us(value, unit->us);
        if (us < 0 || sum + us > LS_UNITS_TIME_MAX_US) {
            ls_fail(err, LS_ERR_INVALID, "'%s' is over the longest time, 100 years", text);
            ls_hint(err, "at most 36525 d");
            return LS_ERR_INVALID;
        }
        sum += us;
        at = skip_blanks(name + name_length);
    }
    *out_us = sum;
    return LS_OK;
}

ls_status ls_units_share(const char *text, double *out, ls_error *err) {
    assert(text != NULL);
    assert(out != NULL);
    const char *at = skip_blanks(text);
    const bool negative = *at == '-';
    at += negative ? 1 : 0;
    const size_t length = ls_text_number_length(at, strlen(at));
    const char *rest = skip_blanks(at + length);
    const bool is_percent = *rest == '%';
    rest = skip_blanks(rest + (is_percent ? 1 : 0));
    double value = 0.0;
    bool good = length > 0 && length + 8 < LS_TEXT_NUMBER_MAX && *rest == '\0';
    if (good) {
        // `5 %` becomes 5e-2, so that it is the same double as 0.05.
        char copy[LS_TEXT_NUMBER_MAX];
        memcpy(copy, at, length);
        size_t size = length;
        const bool has_exponent = memchr(at, 'e', length) != NULL ||
                                  memchr(at, 'E', length) != NULL;
        if (is_percent && !has_exponent) {
            memcpy(copy + size, "e-2", 3);
            size += 3;
        }
        good = ls_text_parse_double(copy, size, &value);
        if (good && is_percent && has_exponent) {
            value /= 100.0;
        }
    }
    if (!good) {
        ls_fail(err, LS_ERR_INVALID, "'%s' is not a share", text);
        ls_hint(err, "a number from 0 to 1 or a percentage, as in '0.05' or '5 %%'");
        return LS_ERR_INVALID;
    }
    if ((negative && value > 0.0) || value > 1.0) {
        ls_fail(err, LS_ERR_INVALID, "'%s' is outside 0 to 1 (0 %% to 100 %%)", text);
        if (!negative && !is_percent && value <= 100.0) {
            ls_hint(err, "did you mean '%.*s %%'?", (int)length, at);
        } else {
            ls_hint(err, "a number from 0 to 1 or a percentage, as in '0.05' or '5 %%'");
        }
        return LS_ERR_INVALID;
    }
    *out = value;
    return LS_OK;
}

// Reads digits_min to digits_max digits, moves *at behind them.
static bool read_number(const char **at, int digits_min, int digits_max, int *out) {
    int value = 0;
    int digits = 0;
    while (digits < digits_max && is_digit((*at)[digits])) {
        value = value * 10 + ((*at)[digits] - '0');
        digits++;
    }
    *at += digits;
    *out = value;
    return digits >= digits_min && !is_digit(**at);
}

// `H:MM[:SS[.ffffff]]` at *at, moved behind it.
static bool read_clock(const char **at, int64_t *out_us) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t fraction_us = 0;
    if (!read_number(at, 1, 2, &hour) || **at != ':') {
        return false;
    }
    (*at)++;
    if (!read_number(at, 2, 2, &minute)) {
        return false;
    }
    if (**at == ':') {
        (*at)++;
        if (!read_number(at, 2, 2, &second)) {
            return false;
        }
        if (**at == '.') {
            (*at)++;
            const char *start = *at;
            int fraction = 0;
            if (!read_number(at, 1, 6, &fraction)) {
                return false;
            }
            fraction_us = fraction;
            for (ptrdiff_t digits = *at - start; digits < 6; digits++) {
                fraction_us *= 10;
            }
        }
    }
    if (minute > 59 || second > 59) {
        return false;
    }
    const int64_t us = hour * LS_US_PER_HOUR + minute * LS_US_PER_MIN + second * LS_US_PER_S +
                       fraction_us;
    if (us > LS_US_PER_DAY) {
        return false;
    }
    *out_us = us;
    return true;
}

ls_status ls_units_clock(const char *text, int64_t *out_us, ls_error *err) {
    assert(text != NULL);
    assert(out_us != NULL);
    const char *at = skip_blanks(text);
    int64_t us = 0;
    if (!read_clock(&at, &us) || *skip_blanks(at) != '\0') {
        ls_fail(err, LS_ERR_INVALID, "'%s' is not a time of day", text);
        ls_hint(err, "hours and minutes from 00:00 to 24:00, as in '06:00' or '22:30:15'");
        return LS_ERR_INVALID;
    }
    *out_us = us;
    return LS_OK;
}

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int64_t year, int month) {
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

enum { DAYS_TO_1970 = 719162, YEAR_MAX = 9999 };

// Days from 0001-01-01 to the first day of this year, year at least 1.
static int64_t days_before_year(int64_t year) {
    const int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int64_t days_since_1970(int64_t year, int month, int day) {
    int64_t days = days_before_year(year) - DAYS_TO_1970 + day - 1;
    for (int m = 1; m < month; m++) {
        days += month_days(year, m);
    }
    return days;
}

ls_status ls_units_date(const char *text, int64_t *out_us, ls_error *err) {
    assert(text != NULL);
    assert(out_us != NULL);
    const char *at = skip_blanks(text);
    int year = 0;
    int month = 0;
    int day = 0;
    int64_t clock_us = 0;
    bool good = read_number(&at, 4, 4, &year) && *at == '-';
    at += good ? 1 : 0;
    good = good && read_number(&at, 2, 2, &month) && *at == '-';
    at += good ? 1 : 0;
    good = good && read_number(&at, 2, 2, &day);
    const bool is_shape = good;
    good = good && year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(year, month);
    if (good && (*at == 'T' || *at == ' ')) {
        const bool has_clock = *at == 'T' || *skip_blanks(at) != '\0';
        at = *at == 'T' ? at + 1 : skip_blanks(at);
        good = !has_clock || read_clock(&at, &clock_us);
    }
    if (!good || *skip_blanks(at) != '\0') {
        const bool is_no_day = is_shape && (month < 1 || month > 12 || day < 1 || year < 1 ||
                                            day > month_days(year, month));
        ls_fail(err, LS_ERR_INVALID,
                is_no_day ? "'%s' is not in the calendar" : "'%s' is not a date", text);
        ls_hint(err,
                "year-month-day and a time of day where wanted, without a zone, as in "
                "'2026-01-05' or '2026-01-05T06:00'");
        return LS_ERR_INVALID;
    }
    *out_us = days_since_1970(year, month, day) * LS_US_PER_DAY + clock_us;
    return LS_OK;
}

// The zone at the end of a date, in *out_us; *out_length is what stands before. False: it is none.
static bool read_zone(const char *text, size_t length, size_t *out_length, int64_t *out_us) {
    enum { DATE_LENGTH = 10, HHMM = 4 };
    *out_length = length;
    *out_us = 0;
    if (length > 0 && (text[length - 1] == 'Z' || text[length - 1] == 'z')) {
        *out_length = length - 1;
        return true;
    }
    size_t at = length;
    while (at > DATE_LENGTH + 1 && text[at - 1] != '+' && text[at - 1] != '-') {
        at--;
    }
    if (at <= DATE_LENGTH + 1) {
        return true;  // no zone is told
    }
    int digits[HHMM] = {0};
    int count = 0;
    for (size_t i = at; i < length; i++) {
        if (text[i] == ':' && i == at + 2) {
            continue;
        }
        if (!is_digit(text[i]) || count == HHMM) {
            return false;
        }
        digits[count++] = text[i] - '0';
    }
    const int hours = 10 * digits[0] + digits[1];
    const int minutes = 10 * digits[2] + digits[3];
    *out_us = (text[at - 1] == '-' ? -1 : 1) * (hours * LS_US_PER_HOUR + minutes * LS_US_PER_MIN);
    *out_length = at - 1;
    return (count == HHMM || (count == 2 && text[length - 1] != ':')) && minutes <= 59 &&
           60 * hours + minutes <= 24 * 60;
}

ls_status ls_units_date_zoned(const char *text, size_t length, int64_t *out_us, ls_error *err) {
    enum { SHOWN = 60, SIZE = 48 };
    assert(text != NULL);
    assert(out_us != NULL);
    char date[SIZE] = "";
    int64_t zone_us = 0;
    int64_t local_us = 0;
    size_t rest = 0;
    while (length > 0 && (*text == ' ' || *text == '\t')) {  // so that a zone is found by its place
        text++;
        length--;
    }
    bool good = length < sizeof date && memchr(text, '\0', length) == NULL &&
                read_zone(text, length, &rest, &zone_us);
    if (good) {
        memcpy(date, text, rest);
        date[rest] = '\0';
        char *decimals = strchr(date, '.');
        const size_t count = decimals != NULL ? strspn(decimals + 1, "0123456789") : 0;
        if (count > 6) {
            const char *behind = decimals + 1 + count;
            memmove(decimals + 7, behind, strlen(behind) + 1);
        }
        good = ls_units_date(date, &local_us, NULL) == LS_OK;
    }
    if (!good) {
        ls_fail(err, LS_ERR_INVALID, "'%.*s' is not a date", (int)(length < SHOWN ? length : SHOWN),
                text);
        ls_hint(err,
                "year-month-day and a time of day and a zone where wanted, as in '2026-01-05' or "
                "'2026-01-05T06:00:00+09:00'");
        return LS_ERR_INVALID;
    }
    *out_us = local_us - zone_us;
    return LS_OK;
}

// us as a decimal number of this unit, exactly, at least 1 before the point; false when that cannot
// be.
static bool print_in_unit(int64_t us, const time_unit *unit, char *out, size_t size,
                          int *out_digits) {
    enum { DECIMALS_MAX = 12 };
    int64_t rest = us % unit->us;
    if (us < unit->us) {
        return false;
    }
    char decimals[DECIMALS_MAX + 1] = "";
    int count = 0;
    while (rest != 0 && count < DECIMALS_MAX) {
        rest *= 10;  // below 10 times a day in us: fits
        decimals[count++] = (char)('0' + rest / unit->us);
        decimals[count] = '\0';
        rest %= unit->us;
    }
    if (rest != 0) {
        return false;
    }
    char whole[24];
    *out_digits = (int)ls_text_format(whole, sizeof whole, "%lld", (long long)(us / unit->us)) +
                  count;
    ls_text_format(out, size, "%s%s%s %s", whole, count > 0 ? "." : "", decimals, unit->name);
    return true;
}

void ls_units_print_time(int64_t us, char *out, size_t size) {
    assert(us >= 0 && us <= LS_UNITS_TIME_MAX_US);
    assert(out != NULL && size > 0);
    char best[48] = "0 s";
    int best_digits = 1000;
    for (int i = TIME_UNIT_DAY; i >= 0; i--) {
        char text[48];
        int digits = 0;
        if (print_in_unit(us, &time_units[i], text, sizeof text, &digits) && digits < best_digits) {
            best_digits = digits;
            memcpy(best, text, sizeof best);
        }
    }
    ls_text_format(out, size, "%s", best);
}

// `12.5 s`: value of a unit with three significant digits.
static void show_short(double us, char *out, size_t size) {
    static const double unit_us[3] = {1.0, 1e3, 1e6};
    static const char *const names[3] = {"us", "ms", "s"};
    int unit = 0;
    // 999.6 us is 1 ms when rounded to three digits.
    while (unit < 2 && us / unit_us[unit] >= 999.5) {
        unit++;
    }
    ls_text_format(out, size, "%.3g %s", us / unit_us[unit], names[unit]);
}

static void show_parts(double us, double large_us, const char *large, double small_us,
                       const char *small, char *out, size_t size) {
    const double smalls = round(us / small_us);
    const double per = large_us / small_us;
    const double larges = floor(smalls / per);
    const double rest = smalls - larges * per;
    if (rest > 0.0) {
        ls_text_format(out, size, "%.0f %s %.0f %s", larges, large, rest, small);
    } else {
        ls_text_format(out, size, "%.0f %s", larges, large);
    }
}

void ls_units_show_time(double us, char *out, size_t size) {
    assert(out != NULL && size > 0);
    if (isnan(us)) {
        ls_text_format(out, size, "-");
        return;
    }
    if (us < 0.0) {
        out[0] = '\0';
        if (size > 1) {
            out[0] = '-';
            ls_units_show_time(-us, out + 1, size - 1);
        }
        return;
    }
    // Each bound leaves room for rounding: 59.96 s is shown as 1 min.
    const double s = (double)LS_US_PER_S;
    if (isinf(us)) {
        ls_text_format(out, size, "never");
    } else if (us == 0.0) {
        ls_text_format(out, size, "0 s");
    } else if (us < 59.95 * s) {
        show_short(us, out, size);
    } else if (us < 3599.5 * s) {
        show_parts(us, 60 * s, "min", s, "s", out, size);
    } else if (us < (86400 - 30) * s) {
        show_parts(us, 3600 * s, "h", 60 * s, "min", out, size);
    } else if (us < 1e7 * 86400 * s) {
        show_parts(us, 86400 * s, "d", 3600 * s, "h", out, size);
    } else {
        ls_text_format(out, size, "%.3g d", us / (86400 * s));
    }
}

void ls_units_print_date(int64_t us_since_1970, char *out, size_t size) {
    assert(out != NULL && size > 0);
    int64_t days = us_since_1970 / LS_US_PER_DAY;
    int64_t us = us_since_1970 % LS_US_PER_DAY;
    if (us < 0) {
        us += LS_US_PER_DAY;
        days--;
    }
    // Shifted by whole 400-year cycles, so that years before 1 count like the others.
    const int64_t cycle_days = 146097;
    int64_t since_1 = days + DAYS_TO_1970;
    int64_t cycles = since_1 / cycle_days;
    since_1 %= cycle_days;
    if (since_1 < 0) {
        since_1 += cycle_days;
        cycles--;
    }
    int64_t year = 1 + since_1 / 366;  // never too late, at most one early over 400 years
    while (days_before_year(year + 1) <= since_1) {
        year++;
    }
    since_1 -= days_before_year(year);
    int month = 1;
    while (since_1 >= month_days(year, month)) {
        since_1 -= month_days(year, month);
        month++;
    }
    char fraction[8] = "";
    const int fraction_us = (int)(us % LS_US_PER_S);
    if (fraction_us > 0) {
        size_t length = ls_text_format(fraction, sizeof fraction, ".%06d", fraction_us);
        while (fraction[length - 1] == '0') {
            fraction[--length] = '\0';
        }
    }
    ls_text_format(out, size, "%04lld-%02d-%02dT%02d:%02d:%02d%s", (long long)(year + cycles * 400),
                   month, (int)since_1 + 1, (int)(us / LS_US_PER_HOUR),
                   (int)(us / LS_US_PER_MIN % 60), (int)(us / LS_US_PER_S % 60), fraction);
}
