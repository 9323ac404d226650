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

// ---- what came

static void add_outcomes(const ls_outcome *outcomes, size_t count, ls_account_row *row,
                         const char **out_why) {
    widths w = {0};
    widths awaited = {0};
    row->gain = row->gain_low = row->gain_high = row->error = NAN;
    for (size_t i = 0; i < count; i++) {
        const ls_outcome *o = &outcomes[i];
        if (o->kind != row->kind || o->subject != row->subject || o->decisions == 0) {
            continue;
        }
        row->windows++;
        if (!is_whole(o->gain, o->low, o->high) || !isfinite(o->error)) {
            *out_why = o->why;
            continue;
        }
        row->gain = row->told == 0 ? o->gain : row->gain + o->gain;
        row->error = row->told == 0 ? o->error : row->error + o->error;
        row->told++;
        row->realised += o->decisions;
        if (is_whole(o->awaited, o->awaited_low, o->awaited_high)) {
            row->compared++;
            row->expected += o->level;
            row->inside += o->gain >= o->awaited_low - o->error &&
                           o->gain <= o->awaited_high + o->error;
            row->brought += o->gain;
            row->awaited += o->awaited;
            widen(&awaited, o->awaited, o->awaited_low, o->awaited_high);
        }
        widen(&w, o->gain, o->low, o->high);
    }
    // What a window brings beyond what was to be expected is its own luck.
    if (row->compared > 0) {
        row->awaited_low = row->awaited - sqrt(awaited.low2);
        row->awaited_high = row->awaited + sqrt(awaited.high2);
    } else {
        row->awaited = row->awaited_low = row->awaited_high = row->brought = NAN;
    }
    if (row->told > 0) {
        row->gain_low = row->gain - sqrt(w.low2);
        row->gain_high = row->gain + sqrt(w.high2);
        row->shown = fabs(row->gain) > row->error * (1.0 + 1e-6) &&
                     (row->gain_low > 0.0 || row->gain_high < 0.0);
    }
}

static void explain(ls_account_row *row, const char *why_untold) {
    char *out = row->why_not;
    const size_t size = sizeof row->why_not;
    if (row->sent == 0 && row->told == 0) {
        ls_text_format(out, size, "nothing of this kind was done by the line");
    } else if (row->told == 0 && row->windows > 0) {
        ls_text_format(out, size, "%s", why_untold);
    } else if (row->told == 0) {
        ls_text_format(out, size,
                       "no window of time has passed yet with the durations of its time in the "
                       "history");
    } else if (!row->shown && fabs(row->gain) <= row->error * (1.0 + 1e-6)) {
        ls_text_format(out, size,
                       "the gain of %.3g is not larger than the error of %.3g with which the twin "
                       "reproduces what really happened",
                       row->gain, row->error);
    } else if (!row->shown) {
        ls_text_format(out, size, "the interval from %.3g to %.3g of the gain holds zero",
                       row->gain_low, row->gain_high);
    }
}

static void make_row(const ls_claim *claims, size_t count, const ls_outcome *outcomes,
                     size_t outcome_count, ls_account_row *row) {
    widths promised = {0};
    widths common = {0};  // claims that rest on one measured rule
    const char *why_untold = "";
    for (size_t i = 0; i < count; i++) {
        const ls_claim *c = &claims[i];
        if (c->kind != row->kind || c->subject != row->subject) {
            continue;
        }
        row->decisions++;
        row->sent += c->sent;
        if (c->sent && is_whole(c->gain, c->low, c->high)) {
            row->promised += c->gain;
            widen(c->of_rule ? &common : &promised, c->gain, c->low, c->high);
        }
    }
    row->low = row->promised - sqrt(promised.low2 + common.low * common.low);
    row->high = row->promised + sqrt(promised.high2 + common.high * common.high);
    row->low_together = row->promised - promised.low - common.low;
    row->high_together = row->promised + promised.high + common.high;
    add_outcomes(outcomes, outcome_count, row, &why_untold);
    explain(row, why_untold);
}

void ls_outcome_take(ls_outcome *outcome, const ls_counterfactual_result *result) {
    outcome->gain = result->gain;
    outcome->low = result->low;
    outcome->high = result->high;
    outcome->error = result->error;
    outcome->drawn = result->drawn;
    outcome->shown = result->shown;
    ls_text_format(outcome->why, sizeof outcome->why, "%s", result->why);
}

size_t ls_account_make(const ls_claim *claims, size_t count, const ls_outcome *outcomes,
                       size_t outcome_count, ls_account_row rows[LS_ACCOUNT_ROWS]) {
    size_t made = 0;
    for (unsigned k = 0; k < LS_DECIDE_KIND_COUNT; k++) {
        const uint32_t most = k == LS_DECIDE_SETPOINT ? LS_ACCOUNT_SUBJECTS : 0;
        for (uint32_t subject = 0; subject <= most; subject++) {
            ls_account_row row;
            memset(&row, 0, sizeof row);
            row.kind = (ls_decide_kind)k;
            row.subject = subject;
            make_row(claims, count, outcomes, outcome_count, &row);
            if (row.decisions > 0) {
                rows[made++] = row;
            }
        }
    }
    return made;
}
