// budget.h - GPU hours of a calendar month: how much of its budget each account has used.
//
// Hours are counted exactly, in thousandths of a GPU times microseconds, from when a job starts
// until it is gone, whoever stopped it. A month is one of the wall clock at time zero (no daylight
// saving). An account without a budget costs nothing here.
#pragma once

#include "pool/meter.h"

typedef struct ls_budgets ls_budgets;

// `gpu_hours` by account, 0: no budget. `shares` must outlive it. `start_us`: wall clock at time
// zero, since 1970. Fails with LS_ERR_MEMORY.
ls_status ls_budgets_create(const ls_shares *shares, const double *gpu_hours, int64_t start_us,
                            ls_budgets **out, ls_error *err);
void ls_budgets_destroy(ls_budgets *b);  // NULL is fine

// A job of the account begins or ceases to hold so much. Time does not go back.
void ls_budgets_hold(ls_budgets *b, int64_t now_us, uint32_t account, uint64_t milli);
void ls_budgets_drop(ls_budgets *b, int64_t now_us, uint32_t account, uint64_t milli);
// The books of before say that the account used so much (thousandths of a GPU times microseconds)
// of the month of `now_us` up to then, with what it holds now and with all below it: that counts
// instead of what was told here.
void ls_budgets_put_back(ls_budgets *b, int64_t now_us, uint32_t account, ls_gpu_time used);
// The highest account, from this one up, that has used its budget of the month; LS_POOL_NONE: none.
uint32_t ls_budgets_spent(ls_budgets *b, int64_t now_us, uint32_t account);
// What the account has used of this month in GPU hours, and its budget (0: none).
double ls_budgets_used_hours(ls_budgets *b, int64_t now_us, uint32_t account,
                             double *out_budget_hours);

// When the month of `now_us` is over.
int64_t ls_budgets_month_end_us(const ls_budgets *b, int64_t now_us);
// The first moment of the month after the one in which `at_us` (since 1970) lies.
int64_t ls_month_end_us(int64_t at_us);
