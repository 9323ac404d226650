// service.h - a pool that runs jobs on this machine: submitted, started, stopped, adopted, counted.
//
// In process and without threads of its own: the caller watches one file descriptor and calls
// `step`. Everything that may not be forgotten stands in a journal before it happens; a job is
// started only after its start is committed. After a kill of the caller jobs go on under their own
// small guardians (shim.h) and are adopted by the next ls_exec_open on the same folder.
//
// What a call here changes is durable when the next `step` has returned: answer those who asked
// only then. Many calls before one step cost one write to the disk (group commit). Not thread safe:
// one thread, or the caller's lock around every call.
//
// Times are microseconds since 1970 in the *pool's clock*: the wall clock at the first open, then
// steady; it does not jump when the wall clock is set, and never goes back, also over restarts.
#pragma once

#include "exec/job.h"
#include "pool/executor.h"
#include "pool/meter.h"
#include "pool/pool.h"
#include "pool/scheduler.h"
#include "pool/why.h"

typedef struct ls_exec ls_exec;
struct ls_exec_event;
typedef struct ls_exec_helper ls_exec_helper;

// ---- the helper: starts processes, and alone may change the user

typedef struct ls_exec_helper_def {
    const char *folder;  // the data folder; made when it is not there
    // Started by root: jobs run as the uid they name, if it is at least this; 0: jobs run as whom
    // the helper runs. Ignored (and told by ls_exec_isolates) when the caller is not root.
    uid_t uid_least;
    // How nice it is, and with it all that it starts (setpriority(2), 1 to 19); 0: as the caller.
    int nice;
    // A folder of cgroup v2 in which nothing runs and cgroups for jobs may be made; NULL: our own
    // cgroup, as far as it goes (cgroup.h).
    const char *cgroup;
} ls_exec_helper_def;

// Forks the helper. Call early: before threads are started and, as root, before the privileges that
// listening does not need are dropped. Fails with LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_exec_helper_start(const ls_exec_helper_def *def, ls_exec_helper **out, ls_error *err);
void ls_exec_helper_stop(ls_exec_helper *helper);  // jobs go on; NULL is fine

// ---- open, step, close

typedef struct ls_exec_def {
    const char *folder;            // as of the helper
    const ls_pool *pool;           // must outlive it
    ls_exec_helper *helper;        // must outlive it; NULL: one of its own, forked by open
    uint64_t log_bytes_max;        // of one job, when it says nothing; 0: 16 MiB
    uint64_t log_bytes_most;       // the most that a job may ask for; 0: 1 GiB
    uint32_t waiting_max;          // jobs that may wait in all; 0: 1,000,000
    uint32_t waiting_account_max;  // the same of one account; 0: 100,000
    uint32_t keep;                 // jobs that are over stay listed, with logs; 0: 10,000
    // An end that lets nothing start, and that nobody asked for, may be written down so much later,
    // in one commit with what comes meanwhile; until then it is told to nobody, and a kill leaves
    // it with the run's guardian, who has kept it. 0: at once.
    int64_t end_delay_us;
    // What happens, as it happens and after it is durable; within step. NULL: not wanted.
    void (*told)(void *context, const struct ls_exec_event *event);
    void *context;
    // How often it is looked how busy services are, and how long fewer parts must have been enough
    // before one is given up; 0: 5 s, 5 min.
    int64_t load_every_us, load_calm_us;
    // For tests: where runs are carried out instead of on this machine; and the steady clock.
    const ls_executor *executor;
    int64_t (*steady_us)(void *context);
    // And what a run has used of processors so far, in microseconds; -1: not known.
    int64_t (*used_us)(void *context, uint64_t job, uint32_t run);
} ls_exec_def;

// Reads the journal and adopts what still runs. Fails with LS_ERR_INVALID (the pool asks for more
// GPUs than the machine has; a damaged journal: says where), LS_ERR_LIMIT (another service has the
// folder), LS_ERR_VERSION, LS_ERR_IO, LS_ERR_MEMORY. From then on SIGPIPE is ignored in the whole
// process (a run may end while it is told to stop); close does not undo it.
ls_status ls_exec_open(const ls_exec_def *def, ls_exec **out, ls_error *err);
// Jobs go on. What was not stepped is forgotten. NULL is fine.
void ls_exec_close(ls_exec *exec);

// Readable when step has something to do; the caller polls it (level triggered), with
// ls_exec_wait_us at most. Valid until close.
int ls_exec_fd(const ls_exec *exec);
// Until step wants to be called even if nothing happens; INT64_MAX: never.
int64_t ls_exec_wait_us(const ls_exec *exec);
// Does what is to be done: jobs that ended, decisions, the commit, then starts and stops. Returns
// quickly (one write to the disk). Fails with LS_ERR_IO (disk full, journal lost), LS_ERR_MEMORY:
// nothing that was asked since the last good step is durable and nothing was started or stopped for
// it, but it is kept, and the next good step commits it, so who asked may be told of a failure of
// what happens later all the same. Only ls_exec_close forgets it.
ls_status ls_exec_step(ls_exec *exec, ls_error *err);
// The helper of the def has ended: steps fail and start nothing until it is opened anew with
// another.
bool ls_exec_is_helpless(const ls_exec *exec);

int64_t ls_exec_now_us(const ls_exec *exec);  // the pool's clock
const ls_pool *ls_exec_pool(const ls_exec *exec);
// Jobs of different users are kept apart by the system (uid per job). Else they are not.
bool ls_exec_isolates(const ls_exec *exec);
// Jobs may run as this user here: where they are kept apart, from a least number on; else only as
// whom the pool itself runs.
bool ls_exec_runs_as(const ls_exec *exec, uid_t uid);
// Jobs are held in cgroups of their own; else by session and process tree alone. *out_why (may be
// NULL) says why not.
bool ls_exec_has_cgroups(const ls_exec *exec, const char **out_why);
// LS_LIMIT_* (run_limits.h) that jobs are held to here. *out_why (may be NULL) says why not to the
// others.
uint32_t ls_exec_limits(const ls_exec *exec, const char **out_why);

// ---- jobs

typedef enum ls_exec_state {
    LS_EXEC_HELD,      // waits for other jobs to be done
    LS_EXEC_WAITING,   // for its turn, for a place
    LS_EXEC_STARTING,  // its start is committed
    LS_EXEC_RUNNING,
    LS_EXEC_STOPPING,   // was asked to stop
    LS_EXEC_DONE,       // over: exit status 0
    LS_EXEC_FAILED,     // over: another exit status, a signal, could not be started
    LS_EXEC_CANCELLED,  // over: by a person, or because a job it waited for failed
    LS_EXEC_TIMED_OUT,  // over: it ran for its longest time
    LS_EXEC_LOST,       // over: the machine went down, and it may not be begun again
    LS_EXEC_STATE_COUNT
} ls_exec_state;

const char *ls_exec_state_word(ls_exec_state state);  // "waiting", "running", ...
static inline bool ls_exec_is_over(ls_exec_state state) {
    return state >= LS_EXEC_DONE;
}

// A job as it is now. Pointers are valid until the next call that changes anything (submit, cancel,
// step, close).
typedef struct ls_exec_view {
    uint64_t id;        // from 1, never used twice
    uint64_t array_id;  // of the first job of its array; 0: it is of none
    uint32_t array_index;
    const ls_exec_job *job;  // as it was submitted; array, after: as given
    uint32_t account;        // of the pool
    ls_exec_state state;
    uint32_t runs;         // how often it was started
    int64_t submitted_us;  // pool's clock, here and below; 0: not yet
    int64_t deadline_us;   // wanted done by then; 0: no deadline
    int64_t started_us;    // this run, or the last one
    int64_t ended_us;
    ls_pool_why why;              // of its last start or stop
    uint64_t for_job;             // LS_WHY_RECLAIM: who needed its place; 0: nobody
    int64_t until_us;             // LS_EXEC_STOPPING: it is killed then
    const ls_pool_share *shares;  // shape.parts of them while it holds any, else NULL
    uint32_t kind;                // of its GPUs; LS_POOL_NONE: none
    pid_t pid;                    // of the command; 0: it does not run
    int exit_code;                // over: of the command; -1: none
    int signal;                   // over: that ended it; 0: none
    const char *note;             // over: why, for people ("no such command: trian"); may be ""
    int64_t lost_us;              // of its runs so far: done for nothing
    // Of a service that was looked at (load_parts > 0): what so many of its parts use, in parts
    // that are busy all the time; and how many it is to have.
    double load_used;
    uint32_t load_parts, load_wanted;
} ls_exec_view;

// The disk has room for more: LS_OK, or LS_ERR_LIMIT and how much is left. Only while it has are
// jobs taken.
ls_status ls_exec_check_room(const ls_exec *exec, ls_error *err);
// Jobs wait from now on. *out_first: the id of the first, those of an array follow each other.
// Fails with LS_ERR_INVALID (says which field, which value, and what would be right),
// LS_ERR_LIMIT (too many wait: names the limit), LS_ERR_IO (the disk is full), LS_ERR_MEMORY;
// nothing has changed then.
ls_status ls_exec_submit(ls_exec *exec, const ls_exec_job *job, uint64_t *out_first, ls_error *err);
// A waiting job is over; a running one is asked to stop. Cancelling what is over is LS_OK and does
// nothing. LS_ERR_INVALID: there is no such job (any more).
ls_status ls_exec_cancel(ls_exec *exec, uint64_t id, ls_error *err);
// A running elastic job wants so many parts beyond from now on: more wait, or those that wait and
// then those that began last go. One that is over counts no longer. LS_ERR_INVALID: it is not
// elastic, does not run, cannot use so many; LS_ERR_LIMIT, LS_ERR_MEMORY.
ls_status ls_exec_resize(ls_exec *exec, uint64_t id, uint32_t parts, ls_error *err);
bool ls_exec_get(const ls_exec *exec, uint64_t id, ls_exec_view *out);  // false: no such job
// The job with the least id above `after` (0: the first) whose state is in `states` (bits; 0: all)
// and whose account is `account` or below it (0: all). False: there is none. A loop over all jobs
// of a kind costs what there are.
bool ls_exec_next(const ls_exec *exec, uint64_t after, uint32_t states, uint32_t account,
                  ls_exec_view *out);
// How many jobs are in each state.
void ls_exec_counts(const ls_exec *exec, uint64_t out[LS_EXEC_STATE_COUNT]);
// Jobs of an account with all below it. Costs the same however many there are.
typedef struct ls_exec_crowd {
    uint64_t by_state[LS_EXEC_STATE_COUNT];
    uint64_t waiting_milli;  // thousandths of GPUs that those held or waiting want
} ls_exec_crowd;
const ls_exec_crowd *ls_exec_crowd_of(const ls_exec *exec, uint32_t account);
// Those that hold a place, in no order: the one at `*at` (0: the first), which is moved on. False:
// there are no more. Good for as long as nothing changes.
bool ls_exec_next_holding(const ls_exec *exec, uint32_t *at, ls_exec_view *out);

// ---- nodes and GPUs out of service

enum { LS_EXEC_OUT_SIZE = 200 };  // bytes of a reason at most

// Nothing new is put on the node, over restarts too; what runs there goes on, and its note says
// why. One that is out already has another reason from now on. One of its GPUs (or CPU slots) alone
// is "NODE:INDEX", from 0, or what the driver calls it (its UUID): the node's others stay. Fails
// with LS_ERR_INVALID (no such node or GPU; the pool file keeps the node out of service itself; a
// reason that is not one line of 1 to LS_EXEC_OUT_SIZE bytes), LS_ERR_MEMORY.
ls_status ls_exec_drain(ls_exec *exec, const char *place, const char *reason, ls_error *err);
// LS_ERR_INVALID: it is not out of service by ls_exec_drain. LS_ERR_MEMORY.
ls_status ls_exec_undrain(ls_exec *exec, const char *place, ls_error *err);
// Why the node is out, and since when; NULL: it is not.
const char *ls_exec_out_of(const ls_exec *exec, uint32_t node, int64_t *out_since_us);
// Those that are out, nodes and then GPUs ("NODE:INDEX"), from `*at` on (0 first), which is moved
// on; false: there are no more.
bool ls_exec_next_out(const ls_exec *exec, uint32_t *at, const char **out_place,
                      const char **out_reason, int64_t *out_since_us);
// Names of the GPUs (nvml.h), one after the other as the pool file has them, "" of a slot;
// *out_count of them. Valid until close.
const char *const *ls_exec_gpus(const ls_exec *exec, uint32_t *out_count);
// A GPU of this name tells of an error: it is drained, if it or its node is not yet. One that it
// got over (`over`) is counted, over restarts too: it is drained when there were
// LS_EXEC_STRIKES within LS_EXEC_STRIKES_WITHIN_US of the pool's clock. The only GPU of a node
// takes the node with it. LS_ERR_INVALID: the pool has no such GPU, or the pool file keeps its node
// out of service.
enum { LS_EXEC_STRIKES = 3 };
#define LS_EXEC_STRIKES_WITHIN_US (7 * INT64_C(86400000000))
ls_status ls_exec_gpu_fails(ls_exec *exec, const char *uuid, const char *what, bool over,
                            ls_error *err);

// ---- why

typedef enum ls_exec_reason {
    LS_REASON_NONE,      // it runs, or is over
    LS_REASON_AFTER,     // waits for `job`
    LS_REASON_LIMIT,     // `account` may not hold more than `most_milli`
    LS_REASON_BUDGET,    // `account` has used its GPU hours of this month, until `by_us`
    LS_REASON_ROOM,      // too few GPUs of its kinds are free
    LS_REASON_PLACE,     // enough are free, but not together as it asks, or CPUs or memory are not
    LS_REASON_POWER,     // enough are free, the limit of power is reached
    LS_REASON_OUT,       // too many nodes are out of service
    LS_REASON_RESERVED,  // nodes are kept by a reservation, until `by_us`
    LS_REASON_TURN,      // others go first: `job` is the one whose turn it is
    LS_REASON_KEPT,      // would fit, but may not be over at `by_us`: then nodes are `job`'s
    LS_REASON_RECLAIM,   // others were told to give back its place
    LS_REASON_NEXT,      // it starts in the next step
} ls_exec_reason;

// Who holds what is short.
typedef struct ls_exec_holder {
    uint32_t account;   // of the pool; it has none below it
    uint64_t milli;     // thousandths of GPUs that would do (of a limit: that count for it)
    uint64_t borrowed;  // of all that it holds
    uint32_t jobs;      // that hold it
    uint64_t oldest;    // the one of them that was started first
    int64_t since_us;   // and when
    int64_t until_us;   // all of them are over by then; INT64_MAX: not told
} ls_exec_holder;

// The rest is told of waiting jobs; pool/why.h says how it is found out, and what it costs.
typedef struct ls_exec_answer {
    ls_exec_reason reason;
    uint64_t job;                      // see above; 0: none
    uint32_t account;                  // LIMIT, BUDGET; LS_POOL_NONE
    int64_t promised_us;               // it starts by then; INT64_MAX: nothing promised
    int64_t earliest_us;               // expected then, as things are; INT64_MAX: not known
    int64_t by_us;                     // see above; INT64_MAX: none, or not known
    uint64_t needs_milli, free_milli;  // GPUs in thousandths, of the kinds that would do; LIMIT:
                                       // what the limit leaves
    uint64_t most_milli;               // LIMIT: the limit
    ls_pool_level within;              // PLACE: the unit that must have all; LS_POOL_ANYWHERE
    uint64_t ahead;                    // jobs of its account that go before it
    ls_exec_holder holders[LS_WHY_HOLDERS_MAX];  // who holds most first
    uint32_t holder_count;
    char text[4096];  // all of it as sentences for people, one a line
} ls_exec_answer;

// Fails with LS_ERR_INVALID (no such job), LS_ERR_MEMORY.
ls_status ls_exec_why(ls_exec *exec, uint64_t id, ls_exec_answer *out, ls_error *err);
// The same, for a list of many: of a job that waits for others, when those start that wait for a
// place is not worked out.
ls_status ls_exec_why_brief(ls_exec *exec, uint64_t id, ls_exec_answer *out, ls_error *err);

// ---- use

// Of one account (with all below it) on one day (UTC) of the pool's clock, up to now.
typedef struct ls_exec_usage {
    int64_t day;  // since 1970
    uint32_t account;
    ls_meter_row row;
} ls_exec_usage;

// Calls visit for each day in [from_day, to_day) and account that has anything, by day, then
// account. `pool`: of the day, the same in all its rows. False from visit ends it. Fails with
// LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_exec_usage_each(ls_exec *exec, int64_t from_day, int64_t to_day,
                             bool (*visit)(void *context, const ls_exec_usage *usage,
                                           const ls_meter_pool *pool),
                             void *context, ls_error *err);
// What accounts hold now, for a live view.
const ls_shares *ls_exec_shares(const ls_exec *exec);
const ls_occupancy *ls_exec_occupancy(const ls_exec *exec);

// ---- logs

typedef enum ls_exec_stream { LS_EXEC_OUT, LS_EXEC_ERR } ls_exec_stream;  // ERR: with split_log

// Reads what the job wrote: of its run `run` (0: the last one; from 1) from byte *offset on,
// counted from the first it ever wrote, at most `size` bytes into `out`. *offset moves to the first
// byte that is still kept when it lies before that, then past what was read. *out_read: how many,
// 0: nothing more now. Fails with LS_ERR_INVALID (no such job or run), LS_ERR_IO.
ls_status ls_exec_log_read(const ls_exec *exec, uint64_t id, uint32_t run, ls_exec_stream stream,
                           uint64_t *offset, char *out, size_t size, size_t *out_read,
                           ls_error *err);
// How many bytes it has written so far; the last n are read from this minus n. 0: none, or no such
// job.
uint64_t ls_exec_log_size(const ls_exec *exec, uint64_t id, uint32_t run, ls_exec_stream stream);
// The folder with the log files of the job, for tools on this machine. Fails as get does.
bool ls_exec_log_folder(const ls_exec *exec, uint64_t id, char *out, size_t size);

// ---- what happens

typedef enum ls_exec_act {
    LS_EXEC_SUBMITTED,
    LS_EXEC_STARTED,    // the start is committed; shares, why
    LS_EXEC_STOPS,      // was asked to stop: why, for_job, until_us
    LS_EXEC_REQUEUED,   // has stopped, or its start was lost; waits again
    LS_EXEC_ENDED,      // state says how
    LS_EXEC_DRAINED,    // a node, or a GPU of one, went out of service: place, reason
    LS_EXEC_UNDRAINED,  // and is back: place
} ls_exec_act;

typedef struct ls_exec_event {
    uint64_t number;  // grows by 1; also over restarts within one journal it only grows
    ls_exec_act act;
    int64_t at_us;
    ls_exec_view job;   // of the first five
    const char *place;  // else: "here", "here:2"
    const char *reason;
} ls_exec_event;

// ---- a pool of this machine, without a file

// The text of a pool file that says what is here: GPUs by NVML (whole, or MIG slices as GPUs of a
// kind of their own), else one CPU slot for each processor. One account, `main`. *out_note: one
// line for people, what was found and why not more. Fails with LS_ERR_MEMORY.
ls_status ls_exec_this_machine(ls_buffer *out, ls_buffer *out_note);
