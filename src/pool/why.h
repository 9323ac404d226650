// why.h - why a job waits: what it is short of, who holds that and since when, when it is expected,
// and what would help. And of every stop for another job: who gave back what to whom, and why.
//
// Asked of a scheduler at any moment, best after ls_scheduler_decide: what is told is what the next
// round would meet. The same scheduler gives the same answer, byte for byte. Nothing that a caller
// can see is changed. docs/POOL.md, "Why it waits", has the rules with an example.
//
// An answer costs one look at all that runs, and for the expected time a place is sought at most
// LS_WHY_STEPS times: meant for people who ask, not for every job in every round.
#pragma once

#include "pool/scheduler.h"

enum { LS_WHY_HOLDERS_MAX = 8, LS_WHY_HELPS_MAX = 8, LS_WHY_STEPS = 1024 };

// What the job is short of; the first of these that holds.
typedef enum ls_short {
    LS_SHORT_NOTHING,   // a place is free: it starts in the next round
    LS_SHORT_STOPPING,  // its place is given back: others were told to stop for it
    LS_SHORT_BUDGET,    // `account` has used its GPU hours of this month
    LS_SHORT_LIMIT,     // with it `account` would hold more than its limit
    LS_SHORT_TURN,      // a place is free, another's turn comes first (`for_job`)
    LS_SHORT_PROMISED,  // it would still run when nodes are promised to `for_job`
    LS_SHORT_RESERVED,  // nodes are kept by a reservation (`reservation`)
    LS_SHORT_POWER,     // GPUs are free, the limit of power of `unit` is reached
    LS_SHORT_UP,        // even with nothing running: too many nodes are broken, drained or spare
    LS_SHORT_GPUS,      // too few GPUs of its kinds are free
    LS_SHORT_NODES,     // enough GPUs are free, but not together on nodes (or processors, memory)
    LS_SHORT_UNIT,      // enough nodes have room, but no unit of `level` for all of it
} ls_short;

// How the expected time is known.
typedef enum ls_expected {
    LS_EXPECTED_UNKNOWN,  // something in its way says no longest time
    LS_EXPECTED_NOW,      // the next round
    LS_EXPECTED_PROMISE,  // nodes are kept for it from then on
    LS_EXPECTED_STOPS,    // those that were told to stop are over by then
    LS_EXPECTED_RECLAIM,  // it is taken back by then, since it is guaranteed
    LS_EXPECTED_PLAN,     // by then enough jobs have reached their longest times
    LS_EXPECTED_MONTH,    // a new month begins: a new budget
} ls_expected;

// An account that holds what the job is short of, with what its own jobs hold.
typedef struct ls_why_holder {
    uint32_t account;   // a leaf
    uint64_t milli;     // thousandths of GPUs that would do (of the limit: that count for it)
    uint64_t borrowed;  // of all that it holds
    uint32_t jobs;      // that hold it
    uint32_t oldest;    // the one of them that was started first
    int64_t since_us;   // and when
    int64_t until_us;   // all of them are over by then; INT64_MAX: not told
} ls_why_holder;

typedef enum ls_help_kind {
    LS_HELP_LIMIT,      // `account`: a limit raised by `milli`
    LS_HELP_BUDGET,     // `account`: a greater budget
    LS_HELP_TIME,       // a longest time of at most `us`: it would start now
    LS_HELP_ANYWHERE,   // not all within one unit: it would start now
    LS_HELP_PARTS,      // `parts` parts instead: they would start now
    LS_HELP_SMALLER,    // `parts` parts of `gpus` GPUs each, as many in all: would start now
    LS_HELP_KINDS,      // GPUs of `kind` too, if the account may use them: it would start now
    LS_HELP_GUARANTEE,  // `account`: a guarantee greater by `milli`: it could take back
} ls_help_kind;

typedef struct ls_help {
    ls_help_kind what;
    uint32_t account, kind, parts, gpus;
    uint64_t milli;
    int64_t us;
} ls_help;

typedef struct ls_why {
    uint32_t job;
    uint32_t account_of_job;
    int64_t now_us;
    int64_t since_us;  // it waits, since it was submitted or stopped last

    ls_short what;
    uint32_t account;      // LIMIT, BUDGET; else LS_POOL_NONE
    uint32_t kind;         // LIMIT: of this kind; LS_POOL_NONE: of all kinds together
    uint32_t for_job;      // PROMISED, TURN; else LS_POOL_NONE
    uint32_t unit;         // POWER: of the cluster; else LS_POOL_NONE
    uint32_t reservation;  // RESERVED: its number; else LS_POOL_NONE
    ls_pool_level level;   // UNIT
    uint64_t need_milli;   // what it asks for
    uint64_t free_milli;   // what is free of its kinds; LIMIT: what the limit has left
    uint64_t most_milli;   // LIMIT: the limit
    int64_t from_us;       // PROMISED, RESERVED: kept from then on
    int64_t until_us;      // BUDGET, RESERVED: until then; INT64_MAX: for ever

    // The account, from its own up, that borrows nothing with this job: it is guaranteed there.
    // LS_POOL_NONE: none, every guarantee on its way is used up.
    bool spot;  // a spot job
    uint32_t guarantor;
    int64_t back_us;  // what it is guaranteed is taken back by then; INT64_MAX: there is nobody to
                      // take it back from
    uint32_t before;  // jobs of its account that wait before it

    // A promise of it was broken then, which was of gave_way_from_us, for a job of that account
    // within its guarantee; INT64_MIN: none was.
    int64_t gave_way_us, gave_way_from_us;
    uint32_t gave_way_to;
    bool may_give_way;  // PROMISE: it would borrow, and others do not have all they are guaranteed

    ls_why_holder holders[LS_WHY_HOLDERS_MAX];  // who holds most first
    uint32_t holder_count;
    uint32_t more_holders;  // that are not told

    ls_expected expected;
    int64_t expected_us;  // INT64_MAX: not known

    ls_help helps[LS_WHY_HELPS_MAX];  // each was tried, not guessed
    uint32_t help_count;
} ls_why;

// The job has to wait (ls_scheduler_state). Fails with LS_ERR_MEMORY.
ls_status ls_why_waits(ls_scheduler *s, uint32_t job, int64_t now_us, ls_why *out, ls_error *err);

// How things are called in sentences. Each may be NULL: `account 3`, `job 7`, `in 12 min`.
typedef struct ls_why_names {
    const char *(*account)(const void *context, uint32_t account);
    void (*job)(const void *context, uint32_t job, char *out, size_t size);
    void (*when)(const void *context, int64_t at_us, int64_t now_us, char *out, size_t size);
    const char *(*reservation)(const void *context, uint32_t reservation);
    const char *gpu;  // one of them, of which more have an s: "CPU slot"; NULL: "GPU"
    const void *context;
} ls_why_names;

// Sentences, one a line, each ended by a newline. Returns the length of the whole text; what does
// not fit is cut. `names` may be NULL.
size_t ls_why_text(const ls_why *why, const ls_cluster *cluster, const ls_why_names *names,
                   char *out, size_t size);
// One sentence about an act of the scheduler: "job 7 of a gives back 4 GPUs (b200) to job 9 of b:
// a borrows 4, b does not borrow with it". Valid until the next call of the scheduler.
size_t ls_why_act_text(const ls_scheduler *s, const ls_pool_act *act, const ls_why_names *names,
                       char *out, size_t size);
// "limit", "budget", "gpus", ...: words for JSON, and what a table of jobs shows.
const char *ls_short_word(ls_short what);
const char *ls_expected_word(ls_expected how);
const char *ls_help_word(ls_help_kind what);
