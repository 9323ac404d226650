// service_inside.h - what service*.c share. Private to them.
#pragma once

#include "base/units.h"
#include "exec/journal.h"
#include "exec/load_rule.h"
#include "exec/machine.h"
#include "exec/process.h"
#include "exec/suspects.h"
#include "pool/after.h"
#include "pool/grow.h"
#include "pool/offender.h"
#include "pool/terms.h"

enum {
    LS_EXEC_TRIES = 3,        // of a start that fails for no fault of the job
    LS_EXEC_SPEC_OWN = 8192,  // bytes of a spec that are kept for the variables we add
};
// A guardian that has not ended its run so long after it should have is reminded, again and again.
#define LS_EXEC_OVERDUE_US INT64_C(2000000)
#define LS_EXEC_REMIND_US INT64_C(1000000)
#define LS_EXEC_BOOKS_US INT64_C(60000000)  // the books are closed at least so often
#define LS_DAY_US INT64_C(86400000000)

typedef struct ls_spec {  // what the jobs of an array share
    uint64_t id;
    uint32_t users;
    bool is_new;  // not in the journal yet
    ls_arena arena;
    ls_exec_job *job;
} ls_spec;

typedef struct ls_load_watch {  // how busy a service is, see service_load.c
    ls_load_rule rule;
    uint32_t run;     // of the job: of another start nothing is known yet
    uint32_t parts;   // that could be looked at; 0: none yet
    uint32_t wanted;  // parts, the job's own too
    double used;      // by them, in parts that are busy all the time
} ls_load_watch;

typedef struct ls_entry {  // a job
    uint64_t id, array_id, for_job;
    ls_spec *spec;
    uint32_t array_index, account;
    ls_exec_state state;
    ls_pool_why why;
    uint32_t runs, tries;
    uint32_t slot;  // the scheduler's; LS_POOL_NONE: it does not know it
    uint32_t kind;
    uint32_t holding_at;  // of exec->holding, while it has shares
    int exit_code, signal;
    int64_t submitted_us, started_us, ended_us, until_us, stops_us, lost_us;
    ls_pool_share *shares;  // owned, while it holds any
    char *note;             // owned; NULL: none
    ls_load_watch *load;    // owned; NULL: nothing is known of its load
    int64_t used_us;        // of processor time, at the last look at loads
    uint32_t used_run;      // by this run
    // What is still to be written and done.
    bool dirty;      // listed in exec->dirty
    bool run_dirty;  // its run too
    bool to_start, to_stop, to_drop;
    bool began;    // its run was handed to the executor
    bool overdue;  // it was told that its time is over, after who guards it should have
} ls_entry;

typedef struct ls_ended_run {  // not written yet
    uint64_t job, milli;
    uint32_t run, account, kind;
    int64_t started_us, ended_us, lost_us;
    ls_meter_event how;
} ls_ended_run;

typedef struct ls_told {
    ls_exec_act act;
    uint64_t id;
    int64_t at_us;
    char *place, *reason;  // owned; of what was drained, or put back (no reason)
} ls_told;

typedef struct ls_books_row {  // of a day that is over
    int64_t day;
    uint32_t account;  // account_count: the pool's own row
    ls_meter_row row;
    ls_meter_pool pool;
} ls_books_row;

typedef struct ls_books {
    ls_meter *meter;
    int64_t closed_us, last_us;  // of the meter
    int64_t day;
    ls_meter_row *sums, *rows;  // of `day` so far; of one closing
    ls_meter_pool pool;
    ls_books_row *past;  // days that are over and not yet written
    uint32_t past_count, past_room;
    bool dirty;
    bool budgets_told;  // the scheduler knows what was used of this month before
} ls_books;

typedef struct ls_exec_out {  // of a node, or of one of its GPUs
    char *reason;             // owned; NULL: it is as the pool file says
    char *name;               // owned; of a GPU that is out: "here:2"
    int64_t since_us;
    bool dirty;  // to be written
} ls_exec_out;

// A GPU that had errors which it got over.
typedef struct ls_exec_struck {
    ls_offender times;
    bool dirty;  // to be written
} ls_exec_struck;

struct ls_exec {
    ls_exec_def def;
    ls_terms terms;
    ls_scheduler *scheduler;
    ls_exec_journal *journal;
    ls_machine *machine;  // NULL: the runs are a test's
    char boot[LS_BOOT_SIZE];
    ls_executor executor;
    ls_exec_helper *own_helper;
    const char **gpus;  // owned, and each of them
    uint32_t gpu_count;
    int64_t offset_us;  // of the pool's clock to the steady one
    int64_t now_us;     // the latest that was told
    // Jobs by id: entries[id - base]; NULL: there is no such job any more.
    ls_entry **entries;
    uint64_t base, next_id;
    uint32_t entry_count, entry_room;
    uint64_t *slots;  // by the scheduler's number: the job
    uint32_t slot_room;
    uint64_t *dirty, *over;  // ids
    ls_afters *afters;       // who is held for whom
    bool frees;              // those that are held no more
    uint64_t *grow;          // elastic jobs that have started in this step
    uint32_t grow_count, grow_room;
    uint32_t dirty_count, dirty_room;
    uint32_t over_at, over_count, over_room;
    ls_exec_crowd *crowds;  // by account, with all below it; of account 0: all jobs
    uint64_t *holding;      // ids of those with shares
    uint32_t holding_count, holding_room;
    ls_ended_run *ended;
    uint32_t ended_count, ended_room;
    ls_told *told;
    uint32_t told_count, told_room;
    uint64_t told_number;
    bool wants_step;    // something changed since the last step
    bool pressing;      // what is not written yet may not wait
    int64_t remind_us;  // when guardians may have to be reminded; INT64_MAX: none
    int64_t load_us;    // when loads are looked at; INT64_MAX: there is no service
    int64_t looked_us;  // and when that was done last
    int64_t late_us;    // and when what may is written at the latest; INT64_MAX: there is nothing
    bool helpless;      // see service.h
    ls_exec_out *outs;  // by node, and behind them by GPU of the cluster
    uint32_t *gpu_at;   // by node: its first GPU
    ls_exec_struck *struck;  // by GPU
    bool outs_dirty;         // of either
    ls_suspects suspects;    // since the service was opened
    uint32_t suspect;        // a GPU of the cluster on which too much failed; LS_SUSPECT_NONE
    uint64_t suspect_job;    // the last of it
    ls_books books;
};

// ---- service_jobs.c

ls_entry *ls_exec_find(const ls_exec *e, uint64_t id);
// A new entry behind the last, with the next id (or `id`, of the journal). NULL: out of memory.
ls_entry *ls_exec_add(ls_exec *e, uint64_t id, ls_spec *spec);
bool ls_exec_mark(ls_exec *e, ls_entry *j);  // its row is to be written; false: out of memory
void ls_exec_set_state(ls_exec *e, ls_entry *j, ls_exec_state state);
void ls_exec_uncount(ls_exec *e, ls_entry *j);  // it goes
// It has a place (its shares), or none any more. False: out of memory.
bool ls_exec_hold(ls_exec *e, ls_entry *j);
void ls_exec_let_go(ls_exec *e, ls_entry *j);
void ls_exec_note(ls_entry *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ls_exec_tell(ls_exec *e, ls_exec_act act, const ls_entry *j, int64_t at_us);
// What was taken out of service, or put back (reason NULL).
void ls_exec_tell_out(ls_exec *e, const char *place, const char *reason, int64_t at_us);
void ls_exec_forget_told(ls_exec *e);
void ls_exec_view_of(const ls_exec *e, const ls_entry *j, ls_exec_view *out);
// Over, for those that wait for it too.
void ls_exec_finish(ls_exec *e, ls_entry *j, ls_exec_state state, int64_t at_us);
// The account that the job names. LS_ERR_INVALID: there is none, or it has others below it.
ls_status ls_exec_account(const ls_exec *e, const ls_exec_job *job, uint32_t *out, ls_error *err);
// Gives it to the scheduler, as submitted then.
ls_status ls_exec_schedule(ls_exec *e, ls_entry *j, int64_t at_us, ls_error *err);
void ls_exec_release_spec(ls_spec *spec);
void ls_exec_free_entry(ls_entry *j);
ls_pool_request ls_exec_request(const ls_exec *e, const ls_entry *j);

// ---- service_held.c

// What the number stands for, by the number by which the graph knows it.
uint64_t ls_exec_after_number(const ls_exec *e, uint64_t number);
// What the jobs of the spec wait for. *out LS_AFTER_OPEN: they are held from now on;
// LS_AFTER_FAILED: they never may run, *out_failed was not done. Fails with LS_ERR_MEMORY.
ls_status ls_exec_hold_back(ls_exec *e, const ls_spec *spec, ls_after_state *out,
                            uint64_t *out_failed, ls_error *err);
ls_status ls_exec_hold_again(ls_exec *e, ls_error *err);  // all that were held before
// It waits for what was not done.
void ls_exec_give_up(ls_exec *e, ls_entry *j, uint64_t failed);
void ls_exec_told_over(ls_exec *e, const ls_entry *j);  // it is over: whoever waits for it is told
// `asks`: also when jobs that wait are expected to start, which takes its time.
void ls_exec_say_held(ls_exec *e, const ls_entry *j, bool asks, ls_exec_answer *a, ls_buffer *text);

// ---- service_run.c

ls_status ls_exec_apply_end(ls_exec *e, const ls_run_end *end, ls_error *err);
ls_status ls_exec_apply_acts(ls_exec *e, ls_error *err);
ls_status ls_exec_perform(ls_exec *e, ls_error *err);  // what was committed
void ls_exec_remind(ls_exec *e);                       // guardians of runs whose time is over

// ---- service_elastic.c

// An elastic job has started: what it can use beyond waits from now on.
void ls_exec_elastic_begin(ls_exec *e, ls_entry *j);
// It is over, or waits again: so are its parts.
void ls_exec_elastic_end(ls_exec *e, uint64_t leader);
// Parts whose job is not there any more go.
void ls_exec_elastic_open(ls_exec *e);
// How many parts of this start of it wait or run.
uint32_t ls_exec_elastic_parts(const ls_exec *e, const ls_entry *of);

// ---- service_load.c

void ls_exec_load_begin(ls_exec *e, ls_entry *j);  // a service runs
void ls_exec_load_open(ls_exec *e);                // those that ran before
void ls_exec_load_follow(ls_exec *e);              // looks at loads when it is time, and resizes

// ---- service_health.c

ls_status ls_exec_outs_open(ls_exec *e, ls_error *err);  // read, and told to the books
void ls_exec_outs_apply(ls_exec *e);                     // and to the scheduler
ls_status ls_exec_outs_write(ls_exec *e, ls_error *err);
void ls_exec_outs_written(ls_exec *e);
void ls_exec_outs_clear(ls_exec *e);
// A run of the job has ended, which still has its shares: does it speak for or against its GPU?
void ls_exec_gpu_ended(ls_exec *e, const ls_entry *j, const ls_run_end *end);
void ls_exec_gpu_suspected(ls_exec *e);  // drains what too much speaks against
void ls_exec_forget_out(ls_entry *j);    // its note no longer says that its node is out

// ---- service_write.c

ls_status ls_exec_commit(ls_exec *e, ls_error *err);
void ls_exec_purge(ls_exec *e);  // marks the oldest that are over

// ---- service_books.c

ls_status ls_exec_books_open(ls_exec *e, ls_error *err);
void ls_exec_books_clear(ls_books *books);
void ls_exec_books_hold(ls_exec *e, int64_t at_us, const ls_entry *j, bool hold);
ls_status ls_exec_books_close(ls_exec *e, int64_t now_us, ls_error *err);
// Tells the scheduler what accounts with a budget have used of this month, once after open.
ls_status ls_exec_books_tell_budgets(ls_exec *e, ls_error *err);
ls_status ls_exec_books_write(ls_exec *e, ls_error *err);

// ---- service_open.c

ls_status ls_exec_load(ls_exec *e, ls_error *err);

// ---- shares_text.c

// "NODE:GPUS NODE:GPUS" of the pool's nodes by name, and back (*out owned by the caller; NULL and
// LS_ERR_INVALID: no such node). `count` parts.
void ls_shares_text(const ls_pool *pool, const ls_pool_share *shares, uint32_t count,
                    ls_buffer *out);
// LS_POOL_NONE: no node has this name.
uint32_t ls_shares_node(const ls_pool *pool, const char *name, size_t length);
ls_status ls_shares_parse(const ls_pool *pool, const char *text, uint32_t count,
                          ls_pool_share **out, ls_error *err);
