// day_load.c - see day_load.h.
#include "pool/day_load.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

ls_status ls_day_load_parse(const char *text, ls_day_load *out, ls_error *err) {
    *out = (ls_day_load){0};
    for (const char *at = text;; at++) {
        const size_t size = strcspn(at, "/");
        double share = 0.0;
        if (out->count == LS_DAY_LOAD_SPANS_MAX) {
            return ls_fail(err, LS_ERR_INVALID, "a day has at most %d spans",
                           LS_DAY_LOAD_SPANS_MAX);
        }
        if (!ls_text_parse_double(at, size, &share) || !(share >= 0.0 && share <= 1.0)) {
            return ls_fail(err, LS_ERR_INVALID,
                           "shares from 0 to 1 are needed, with / between: 0.2/0.5/1/0.6");
        }
        out->shares[out->count++] = share;
        at += size;
        if (*at == '\0') {
            return LS_OK;
        }
    }
}

// Where the span begins that the time lies in, and which it is. Spans begin at whole microseconds.
static int64_t begin_of(const ls_day_load *d, int64_t now_us, uint32_t *out_span) {
    int64_t in_day = now_us % LS_US_PER_DAY;
    in_day += in_day < 0 ? LS_US_PER_DAY : 0;
    uint32_t span = (uint32_t)(in_day * d->count / LS_US_PER_DAY);
    // The one that has begun last, as rounded.
    while (span + 1 < d->count && LS_US_PER_DAY * (span + 1) / d->count <= in_day) {
        span++;
    }
    *out_span = span;
    return now_us - in_day + LS_US_PER_DAY * span / d->count;
}

static uint32_t wanted_in(const ls_day_load *d, uint32_t span, uint32_t least, uint32_t most) {
    const double wanted = ceil(d->shares[span] * most);
    return wanted <= least ? least : wanted >= most ? most : (uint32_t)wanted;
}

uint32_t ls_day_load_wanted(const ls_day_load *d, int64_t now_us, uint32_t least, uint32_t most) {
    uint32_t span = 0;
    begin_of(d, now_us, &span);
    return wanted_in(d, span, least, most);
}

int64_t ls_day_load_next_us(const ls_day_load *d, int64_t now_us) {
    uint32_t span = 0;
    const int64_t begin_us = begin_of(d, now_us, &span);
    const int64_t day_us = begin_us - LS_US_PER_DAY * span / d->count;
    return day_us + LS_US_PER_DAY * (span + 1) / d->count;
}

double ls_day_load_between(const ls_day_load *d, int64_t from_us, int64_t to_us, uint32_t least,
                           uint32_t most) {
    double sum = 0.0;
    const int64_t days = to_us > from_us ? (to_us - from_us) / LS_US_PER_DAY : 0;
    for (uint32_t span = 0; days > 0 && span < d->count; span++) {
        const int64_t long_us = LS_US_PER_DAY * (span + 1) / d->count -
                                LS_US_PER_DAY * span / d->count;
        sum += (double)(days * long_us) * wanted_in(d, span, least, most);
    }
    int64_t at_us = from_us + days * LS_US_PER_DAY;
    while (at_us < to_us) {
        const int64_t next_us = ls_day_load_next_us(d, at_us);
        const int64_t until_us = next_us < to_us ? next_us : to_us;
        sum += (double)(until_us - at_us) * ls_day_load_wanted(d, at_us, least, most);
        at_us = until_us;
    }
    return sum;
}
