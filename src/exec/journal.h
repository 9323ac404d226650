// journal.h - what the pool may not forget, in one SQLite file: jobs, their runs, what was used.
//
// Write-ahead log, every commit synced (synchronous=FULL). Rows are written from what is in memory,
// whole, so that a transaction that failed can be written again. One process at a time holds the
// file.
#pragma once

#include "exec/service.h"

typedef struct ls_exec_journal ls_exec_journal;

// A job; its command stands in a spec that the jobs of an array share.
typedef struct ls_job_row {
    uint64_t id, spec, array_id;
    uint32_t array_index;
    ls_exec_state state;
    uint32_t runs, tries;
    int64_t submitted_us, started_us, ended_us, lost_us;
    ls_pool_why why;
    uint64_t for_job;
    int exit_code, signal;
    const char *note;
} ls_job_row;

// One start of a job.
typedef struct ls_run_row {
    uint64_t job;
    uint32_t run;
    const char *account;  // path
    const char *shares;   // "NODE:GPUS NODE:GPUS", GPUs as hexadecimal bits
    const char *kind;     // its name; "": none
    uint64_t milli;
    int64_t started_us, ended_us;  // ended 0: not yet
    int64_t until_us;              // asked to stop; 0: not
    int64_t lost_us;
    int how;  // of its end, for the books: an ls_meter_event
    const char *boot;
} ls_run_row;

// Sums of an account on a day.
typedef struct ls_usage_row {
    int64_t day;
    const char *account;                     // path; "": the pool
    uint64_t held, borrowed, offered, lost;  // thousandths of a GPU times microseconds
    uint64_t started, ended, stopped, broken;
    uint64_t energy;  // millionths of a watt hour
    uint64_t charge;  // millionths of the currency
} ls_usage_row;

typedef struct ls_day_row {
    int64_t day;
    uint64_t all, idle, by_state[4];
} ls_day_row;

// Fails with LS_ERR_IO, LS_ERR_LIMIT (another process has it), LS_ERR_VERSION, LS_ERR_MEMORY.
ls_status ls_exec_journal_open(const char *path, ls_exec_journal **out, ls_error *err);
void ls_exec_journal_close(ls_exec_journal *journal);  // rolls back; NULL is fine

// Between begin and commit. After a failure: rollback, and all of it again.
ls_status ls_exec_journal_begin(ls_exec_journal *journal, ls_error *err);
ls_status ls_exec_journal_commit(ls_exec_journal *journal, ls_error *err);
void ls_exec_journal_rollback(ls_exec_journal *journal);
// What committed rows have left behind is put in its place, when it has become enough; to be called
// when nobody waits. Failing, it is done later: nothing is lost.
void ls_exec_journal_tidy(ls_exec_journal *journal);

ls_status ls_exec_journal_put_spec(ls_exec_journal *journal, uint64_t id, const void *bytes,
                                   size_t size, ls_error *err);
ls_status ls_exec_journal_put_job(ls_exec_journal *journal, const ls_job_row *row, ls_error *err);
ls_status ls_exec_journal_put_run(ls_exec_journal *journal, const ls_run_row *row, ls_error *err);
// `spec` too, when no other job has it.
ls_status ls_exec_journal_drop(ls_exec_journal *journal, uint64_t job, uint64_t spec,
                               bool with_spec, ls_error *err);
ls_status ls_exec_journal_put_usage(ls_exec_journal *journal, const ls_usage_row *row,
                                    ls_error *err);
ls_status ls_exec_journal_put_day(ls_exec_journal *journal, const ls_day_row *row, ls_error *err);
// Small facts by name: numbers and texts.
ls_status ls_exec_journal_put_number(ls_exec_journal *journal, const char *key, int64_t value,
                                     ls_error *err);
ls_status ls_exec_journal_put_text(ls_exec_journal *journal, const char *key, const char *value,
                                   ls_error *err);

// Reading: `visit` for each, its texts valid within; a status that is not LS_OK ends it.
int64_t ls_exec_journal_number(ls_exec_journal *journal, const char *key, int64_t initial);
void ls_exec_journal_text(ls_exec_journal *journal, const char *key, char *out, size_t size);
typedef ls_status ls_spec_visit(void *context, uint64_t id, const void *bytes, size_t size,
                                ls_error *err);
typedef ls_status ls_job_visit(void *context, const ls_job_row *row, ls_error *err);
typedef ls_status ls_run_visit(void *context, const ls_run_row *row, ls_error *err);
typedef ls_status ls_usage_visit(void *context, const ls_usage_row *row, ls_error *err);
typedef ls_status ls_day_visit(void *context, const ls_day_row *row, ls_error *err);
ls_status ls_exec_journal_specs(ls_exec_journal *journal, ls_spec_visit *visit, void *context,
                                ls_error *err);
ls_status ls_exec_journal_jobs(ls_exec_journal *journal, ls_job_visit *visit, void *context,
                               ls_error *err);  // by id
// Those that are not over, or were over after `after_us`; by job, run.
ls_status ls_exec_journal_runs(ls_exec_journal *journal, int64_t after_us, ls_run_visit *visit,
                               void *context, ls_error *err);
// Of [from, to), by day, account.
ls_status ls_exec_journal_usage(ls_exec_journal *journal, int64_t from, int64_t to,
                                ls_usage_visit *visit, void *context, ls_error *err);
ls_status ls_exec_journal_days(ls_exec_journal *journal, int64_t from, int64_t to,
                               ls_day_visit *visit, void *context, ls_error *err);

// For tests: so many more writes succeed, then all fail, until -1 switches it off.
void ls_exec_journal_fail_after(int64_t writes);
