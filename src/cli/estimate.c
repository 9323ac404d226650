// estimate.c - see estimate.h.
#include "cli/estimate.h"

#include <math.h>

enum { DIGITS_OF_WIDTH = 2, DIGITS_OF_MEAN = 4, DECIMALS_MAX = 9 };

static int decimals_for(double value, int digits) {
    if (!(fabs(value) > 0.0) || !isfinite(value)) {
        return 0;
    }
    const int decimals = digits - 1 - (int)floor(log10(fabs(value)));
    return decimals < 0 ? 0 : (decimals > DECIMALS_MAX ? DECIMALS_MAX : decimals);
}

static bool has_width(ls_estimate estimate) {
    return isfinite(estimate.half_width) && estimate.half_width > 0.0;
}

static int decimals_of_mean(double mean) {
    const bool whole = fabs(mean) < 1e15 && floor(mean) == mean;
    return whole ? 0 : decimals_for(mean, DIGITS_OF_MEAN);
}

// A mean that stands alone has no more digits than are worth reading.
static int decimals_of(ls_estimate estimate, double scale, bool with_width) {
    if (!has_width(estimate)) {
        return decimals_of_mean(estimate.mean * scale);
    }
    const int decimals = decimals_for(estimate.half_width * scale, DIGITS_OF_WIDTH);
    const int readable = decimals_for(estimate.mean * scale, DIGITS_OF_MEAN);
    return with_width || decimals < readable ? decimals : readable;
}

static void show(ls_estimate estimate, double scale, bool with_sign, bool with_width, char *out,
                 size_t size) {
    if (!isfinite(estimate.mean)) {
        ls_text_format(out, size, "-");
        return;
    }
    const int decimals = decimals_of(estimate, scale, with_width);
    const double mean = estimate.mean * scale;
    size_t length = ls_text_format(out, size, with_sign ? "%+.*f" : "%.*f", decimals, mean);
    if (with_width && has_width(estimate) && length < size) {
        ls_text_format(out + length, size - length, " ± %.*f", decimals,
                       estimate.half_width * scale);
    }
}

void ls_estimate_show(ls_estimate estimate, double scale, char *out, size_t size) {
    show(estimate, scale, false, true, out, size);
}

void ls_estimate_show_mean(ls_estimate estimate, double scale, char *out, size_t size) {
    show(estimate, scale, false, false, out, size);
}

void ls_estimate_show_difference(ls_estimate estimate, double scale, char *out, size_t size) {
    show(estimate, scale, true, true, out, size);
}

ls_time_scale ls_time_scale_for(double seconds) {
    const double s = fabs(seconds);
    if (s < 120.0 || !isfinite(s)) {
        return (ls_time_scale){"s", 1.0};
    }
    if (s < 120.0 * 60.0) {
        return (ls_time_scale){"min", 1.0 / 60.0};
    }
    if (s < 96.0 * 3600.0) {
        return (ls_time_scale){"h", 1.0 / 3600.0};
    }
    return (ls_time_scale){"d", 1.0 / 86400.0};
}
