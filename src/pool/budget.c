// budget.c - see budget.h.
#include "pool/budget.h"

#include <assert.h>

#define DAY_US INT64_C(86400000000)
#define HOUR_US 3.6e9

typedef struct budget {
    double hours;      // 0: none
    ls_gpu_time most;  // of a month
    ls_gpu_time used;  // of this month, up to since_us
    uint64_t milli;    // held now
    int64_t since_us;
} budget;

struct ls_budgets {
    const ls_shares *shares;
    int64_t start_us;
    int64_t month_end_us;  // of the month that is counted, since time zero
    uint32_t count;
    budget rows[];
};

// ---- the calendar: days since 1970 and back (proleptic Gregorian, years of 400 with 146097 days)

static int64_t days_of(int64_t year, int64_t month) {  // of the first of the month
    const int64_t y = month <= 2 ? year - 1 : year;    // years begin in March
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void month_of(int64_t days, int64_t *out_year, int64_t *out_month) {
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t of_era = z - era * 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t from_march = (5 * of_year + 2) / 153;
    *out_month = from_march < 10 ? from_march + 3 : from_march - 9;
    *out_year = year + era * 400 + (*out_month <= 2);
}

static int64_t day_of(int64_t at_us) {
    return at_us >= 0 ? at_us / DAY_US : -((-at_us + DAY_US - 1) / DAY_US);
}

int64_t ls_month_end_us(int64_t at_us) {
    int64_t year = 0, month = 0;
    month_of(day_of(at_us), &year, &month);
    return (month == 12 ? days_of(year + 1, 1) : days_of(year, month + 1)) * DAY_US;
}

// ---- books

ls_status ls_budgets_create(const ls_shares *shares, const double *gpu_hours, int64_t start_us,
                            ls_budgets **out, ls_error *err) {
    const uint32_t count = ls_shares_count(shares);
    *out = ls_alloc(sizeof **out + count * sizeof(budget));
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    (*out)->shares = shares;
    (*out)->start_us = start_us;
    (*out)->count = count;
    (*out)->month_end_us = INT64_MIN;
    for (uint32_t i = 0; i < count; i++) {
        (*out)->rows[i].hours = gpu_hours[i];
        (*out)->rows[i].most = (ls_gpu_time)(gpu_hours[i] * HOUR_US * LS_POOL_WHOLE);
    }
    return LS_OK;
}

void ls_budgets_destroy(ls_budgets *b) {
    ls_free(b);
}

int64_t ls_budgets_month_end_us(const ls_budgets *b, int64_t now_us) {
    if (now_us > INT64_MAX / 2 || b->start_us > INT64_MAX / 2) {
        return INT64_MAX;
    }
    return ls_month_end_us(b->start_us + now_us) - b->start_us;
}

static void settle(budget *row, int64_t now_us) {
    assert(now_us >= row->since_us || row->milli == 0);
    if (row->milli > 0) {
        row->used += (ls_gpu_time)row->milli * (uint64_t)(now_us - row->since_us);
    }
    row->since_us = now_us;
}

// A new month: what runs has used of it what has passed since it began.
static void pass(ls_budgets *b, int64_t now_us) {
    if (now_us < b->month_end_us) {
        return;
    }
    const int64_t began_us = b->month_end_us;
    b->month_end_us = ls_budgets_month_end_us(b, now_us);
    for (uint32_t i = 0; i < b->count; i++) {
        budget *row = b->rows + i;
        row->used = 0;
        if (began_us != INT64_MIN && row->milli > 0) {  // several months may have passed
            const int64_t first_us = began_us > row->since_us ? began_us : row->since_us;
            row->since_us = first_us;
            while (ls_budgets_month_end_us(b, row->since_us) < b->month_end_us) {
                row->since_us = ls_budgets_month_end_us(b, row->since_us);
            }
        }
    }
}

void ls_budgets_hold(ls_budgets *b, int64_t now_us, uint32_t account, uint64_t milli) {
    pass(b, now_us);
    for (; milli > 0 && account != LS_POOL_NONE; account = ls_shares_parent(b->shares, account)) {
        if (b->rows[account].hours > 0.0) {
            settle(b->rows + account, now_us);
            b->rows[account].milli += milli;
        }
    }
}

void ls_budgets_drop(ls_budgets *b, int64_t now_us, uint32_t account, uint64_t milli) {
    pass(b, now_us);
    for (; milli > 0 && account != LS_POOL_NONE; account = ls_shares_parent(b->shares, account)) {
        if (b->rows[account].hours > 0.0) {
            settle(b->rows + account, now_us);
            assert(b->rows[account].milli >= milli);
            b->rows[account].milli -= milli;
        }
    }
}

void ls_budgets_put_back(ls_budgets *b, int64_t now_us, uint32_t account, ls_gpu_time used) {
    pass(b, now_us);
    settle(b->rows + account, now_us);
    b->rows[account].used = used;
}

uint32_t ls_budgets_spent(ls_budgets *b, int64_t now_us, uint32_t account) {
    uint32_t highest = LS_POOL_NONE;
    pass(b, now_us);
    for (; account != LS_POOL_NONE; account = ls_shares_parent(b->shares, account)) {
        budget *row = b->rows + account;
        if (row->hours > 0.0) {
            settle(row, now_us);
            highest = row->used >= row->most ? account : highest;
        }
    }
    return highest;
}

double ls_budgets_used_hours(ls_budgets *b, int64_t now_us, uint32_t account,
                             double *out_budget_hours) {
    pass(b, now_us);
    settle(b->rows + account, now_us);
    *out_budget_hours = b->rows[account].hours;
    return (double)b->rows[account].used / (HOUR_US * LS_POOL_WHOLE);
}
