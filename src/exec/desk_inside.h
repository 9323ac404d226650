// desk_inside.h - inside of the desk: what its parts share.
#pragma once

#include "exec/desk.h"
#include "exec/tokens.h"
#include "pool/terms.h"

enum { WHYS_KEPT = 32, REST = 10 };  // what took long is kept for so many times as long
enum { ACTS_KEPT = 20000, ONCE_KEPT = 1024, ONCE_SIZE = 80, QUOTAS_KEPT = 256 };

// A job that holds GPUs.
typedef struct desk_holding {
    uint64_t id;
    uint32_t account, kind;
    int64_t started_us;
    uint64_t milli;
    uint64_t borrowed;  // of these: those that started last hold what their account borrows
} desk_holding;

typedef struct desk_counts {
    uint64_t waiting, running, stopping;  // with all below
    uint64_t waiting_milli;
} desk_counts;

// What is held, counted once for all answers of a moment.
typedef struct desk_tally {
    ls_shares *books;       // what is held, also by jobs that are stopping
    desk_holding *holding;  // by account, then the last started first
    uint32_t holding_count, holding_room;
    uint64_t step;  // it is of this step
    int64_t made_us, cost_us;
} desk_tally;

// Why a job waits, kept for those like it in lists: to find it out costs what waits, and many ask.
typedef struct desk_why_kept {
    uint64_t id;  // of whom it is; 0: nothing is kept here
    uint32_t account;
    ls_shape shape;
    int32_t priority;
    int64_t limit_us, deadline_us;
    bool spot;
    int64_t made_us, cost_us;
    ls_exec_answer answer;
} desk_why_kept;

typedef enum desk_act_kind {
    ACT_SUBMIT,
    ACT_START,
    ACT_END,
    ACT_FAIL,
    ACT_CANCEL,
    ACT_RECLAIM,
    ACT_BROKEN,
    ACT_LOST,
    ACT_DRAIN,  // of a node or a GPU, no job
    ACT_UNDRAIN,
    ACT_KINDS
} desk_act_kind;

typedef struct desk_act {
    uint64_t seq;
    int64_t at_us;
    desk_act_kind kind;
    ls_pool_why why;
    ls_exec_state state;
    uint64_t job, to_job;
    uint32_t account, to_account;
    uint64_t milli;
    int64_t by_us;
    int exit_code, signal;
    char who[32];
    char *about;  // owned; of what was drained or put back: what, and why
} desk_act;

typedef struct desk_quota {
    uint64_t key;
    bool used;
    double left;
    int64_t at_us;
} desk_quota;

struct ls_desk {
    ls_desk_def def;
    const ls_pool *pool;
    ls_exec *exec;
    ls_terms terms;
    desk_tally tally;
    uint64_t steps;
    int64_t since_us;  // pool's clock, when it began

    // Racks: `rack_of` each node; of each rack its name (NULL: nodes that stand alone), first node.
    uint32_t *rack_of;
    struct desk_rack *racks;
    uint32_t rack_count;

    desk_act *acts;  // a ring
    uint64_t act_count;
    struct {
        char text[ONCE_SIZE];
        uid_t uid;
        uint64_t id;
    } once[ONCE_KEPT];
    uint32_t once_count;
    desk_quota quotas[QUOTAS_KEPT];
    struct desk_samples *samples;
    ls_tokens *tokens;    // NULL: there are none
    desk_why_kept *whys;  // WHYS_KEPT
    int64_t whys_us;      // spent on them for this answer
};

// What jobs of before, that are still known, were submitted by, so that who never heard that his
// was kept may ask again.
void ls_desk_know_once(ls_desk *desk);

typedef struct desk_rack {
    const char *name;
    uint32_t unit;  // LS_POOL_NONE: alone
    uint32_t kind;  // LS_POOL_NONE: several, or none
    uint32_t nodes, gpus;
    bool mixed;
} desk_rack;

int64_t desk_clock_us(void);  // monotonic
ls_desk_code desk_memory(ls_error *err);
// Gives the object out; NULL: out of memory.
ls_desk_code desk_give(json_t *object, json_t **out, ls_error *err);
json_t *desk_gpus(uint64_t milli);
json_t *desk_time(int64_t us);             // null for 0 and INT64_MAX
json_t *desk_limits(const ls_desk *desk);  // what jobs are held to here, and why not to the rest
json_t *desk_text(const char *text);       // what is no UTF-8 becomes '?'
json_t *desk_id(uint64_t id);

// Jobs of an account, of now.
desk_counts desk_counts_of(const ls_desk *desk, uint32_t account);
// The tally of now; NULL: out of memory.
const desk_tally *desk_count(ls_desk *desk);
void desk_tally_clear(desk_tally *tally);
const desk_holding *desk_find_holding(const desk_tally *tally, uint64_t id);  // NULL: holds nothing

typedef enum desk_detail { DETAIL_LIST, DETAIL_ONE } desk_detail;
json_t *desk_job(ls_desk *desk, const ls_exec_view *view, const ls_asker *who, desk_detail detail);
// null: nothing to say
json_t *desk_why(ls_desk *desk, const ls_exec_view *view, const ls_asker *who, desk_detail detail);
// May be told of this account's jobs at all; NULL may.
bool desk_sees(const ls_desk *desk, const ls_asker *who, uint32_t account);
bool desk_reads(const ls_desk *desk, const ls_asker *who, const ls_exec_view *view);
// The account that a path names, of those that the asker sees; without one that of the asker.
ls_desk_code desk_account(const ls_desk *desk, const char *path, const ls_asker *who, uint32_t *out,
                          ls_error *err);
bool desk_is_below(const ls_pool *pool, uint32_t account, uint32_t above);  // or the same
const char *desk_path(const ls_pool *pool, uint32_t account);

ls_status desk_racks_open(ls_desk *desk, ls_error *err);
json_t *desk_racks(ls_desk *desk, const desk_tally *tally);  // tally NULL: as if there were none
typedef struct desk_sums {
    uint64_t all, used, borrowed, reserved, drained, broken, spare;
} desk_sums;
desk_sums desk_node_sums(const ls_desk *desk, uint32_t node);  // without borrowed
// Adds what of each job is borrowed to that of its nodes' racks; `sums` by rack.
void desk_add_borrowed(ls_desk *desk, const desk_tally *tally, desk_sums *sums);

ls_status desk_samples_open(ls_desk *desk, ls_error *err);
void desk_samples_close(ls_desk *desk);
void desk_samples_take(ls_desk *desk);
