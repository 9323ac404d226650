// account.c - see account.h.
#include "decide/prove/account.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

// Sums of half widths, each side by itself.
typedef struct widths {
    double low2, high2, low, high;
} widths;

static void widen(widths *w, double gain, double low, double high) {
    w->low2 += (gain - low) * (gain - low);
    w->high2 += (high - gain) * (high - gain);
    w->low += gain - low;
    w->high += high - gain;
}

static bool is_whole(double gain, double low, double high) {
    return isfinite(gain) && isfinite(low) && isfinite(high);
}

static void add_realised(ls_account_row *row, const ls_claim *c, widths *w) {
    row->realised++;
    row->expected += c->level;
    row->inside += c->realised_gain >= c->low && c->realised_gain <= c->high;
    if (c->shown) {
        row->gain = row->shown == 0 ? c->realised_gain : row->gain + c->realised_gain;
        row->shown++;
        widen(w, c->realised_gain, c->realised_low, c->realised_high);
    }
}

static void explain(ls_account_row *row) {
    if (row->sent == 0) {
        ls_text_format(row->why_not, sizeof row->why_not,
                       "nothing of this kind was done by the line");
    } else if (row->realised == 0) {
        ls_text_format(row->why_not, sizeof row->why_not,
                       "no horizon has passed yet with the durations of its time in the history");
    } else if (row->shown == 0) {
        ls_text_format(row->why_not, sizeof row->why_not,
                       "the gain is not larger than the error with which the twin reproduces what "
                       "really happened");
    }
}

static void make_row(const ls_claim *claims, size_t count, ls_account_row *row) {
    widths promised = {0};
    widths common = {0};  // claims that rest on one measured rule
    widths realised = {0};
    row->gain = row->gain_low = row->gain_high = NAN;
    for (size_t i = 0; i < count; i++) {
        const ls_claim *c = &claims[i];
        if (c->kind != row->kind) {
            continue;
        }
        row->decisions++;
        if (!c->sent || !is_whole(c->gain, c->low, c->high)) {
            row->sent += c->sent;
            continue;
        }
        row->sent++;
        row->promised += c->gain;
        widen(c->of_rule ? &common : &promised, c->gain, c->low, c->high);
        if (c->realised && is_whole(c->realised_gain, c->realised_low, c->realised_high)) {
            add_realised(row, c, &realised);
        }
    }
    row->low = row->promised - sqrt(promised.low2 + common.low * common.low);
    row->high = row->promised + sqrt(promised.high2 + common.high * common.high);
    row->low_together = row->promised - promised.low - common.low;
    row->high_together = row->promised + promised.high + common.high;
    if (row->shown > 0) {
        // Decisions overlap in time: their errors are taken as if they went together.
        row->gain_low = row->gain - realised.low;
        row->gain_high = row->gain + realised.high;
    }
    explain(row);
}

size_t ls_account_make(const ls_claim *claims, size_t count,
                       ls_account_row rows[LS_DECIDE_KIND_COUNT]) {
    size_t made = 0;
    for (unsigned k = 0; k < LS_DECIDE_KIND_COUNT; k++) {
        ls_account_row row;
        memset(&row, 0, sizeof row);
        row.kind = (ls_decide_kind)k;
        make_row(claims, count, &row);
        if (row.decisions > 0) {
            rows[made++] = row;
        }
    }
    return made;
}
