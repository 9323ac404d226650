// meter.h - what each account held, borrowed and lost, to the thousandth of a GPU and the
// microsecond, day by day; and where the rest of the pool was.
//
// Sums are exact integers, so a statement adds up: of the pool, for each day,
//
//     all GPUs = held + idle + broken + drained + spare
//     held     = kept + lost        (kept: work that was not done again)
//
// and what an account holds is what the accounts below it hold. `borrowed` is what it held beyond
// its guarantee (shares.h), `offered` what it was guaranteed and did not hold.
//
// `energy` is reckoned, not measured: each GPU that is held draws what its kind draws at work, each
// other one of a node that is up what it draws idle; kinds that tell no watts draw none. `charge`
// is what an account pays to its parent for what it held, so what a parent is paid is the sum of
// its children's; of the pool itself it is what the accounts right below it pay.
#pragma once

#include "pool/occupancy.h"
#include "pool/shares.h"

// Thousandths of a GPU times microseconds. 260,000 GPUs for a year are 8e21, more than 64 bits.
__extension__ typedef unsigned __int128 ls_gpu_time;

// Of ls_meter_row.energy, the same times watts.
double ls_meter_kwh(ls_gpu_time energy);
// Of ls_meter_row.charge, the same times prices: in the pool's currency.
double ls_meter_money(ls_gpu_time charge);

typedef struct ls_meter_row {
    ls_gpu_time held, borrowed, offered;
    ls_gpu_time lost;  // work that is done again, or was for nothing; with the time of stopping
    ls_gpu_time energy, charge;
    uint64_t started, ended, stopped, broken;  // jobs; stopped: for others
} ls_meter_row;

typedef struct ls_meter_pool {
    ls_gpu_time idle_energy;
    ls_gpu_time all, idle, by_state[4];  // by_state: of nodes that are not up, by ls_node_state
} ls_meter_pool;

typedef struct ls_meter ls_meter;

// `terms` as for ls_shares_create. Starts at `start_us`. `cluster` must outlive it.
ls_status ls_meter_create(const ls_cluster *cluster, const ls_share_terms *terms, uint32_t accounts,
                          int64_t start_us, ls_meter **out, ls_error *err);
void ls_meter_destroy(ls_meter *meter);  // NULL is fine
// What accounts pay: by account and kind, millionths of the currency for an hour of a GPU (as
// ls_terms.prices); must outlive the meter. Before anything is held; without it nothing is paid.
void ls_meter_price(ls_meter *meter, const uint64_t *prices);

// A job of the account begins or ceases to hold so much of a kind. What a spot job holds is
// borrowed, whatever the account is guaranteed.
void ls_meter_hold(ls_meter *meter, int64_t now_us, uint32_t account, uint32_t kind, uint64_t milli,
                   bool spot);
void ls_meter_drop(ls_meter *meter, int64_t now_us, uint32_t account, uint32_t kind, uint64_t milli,
                   bool spot);
// What each account holds now, spot jobs left out.
const ls_shares *ls_meter_shares(const ls_meter *meter);
// So much of what the account held was for nothing.
void ls_meter_lose(ls_meter *meter, uint32_t account, uint64_t milli, int64_t span_us);
typedef enum ls_meter_event {
    LS_METER_STARTED,
    LS_METER_ENDED,
    LS_METER_STOPPED,
    LS_METER_BROKEN,
} ls_meter_event;
void ls_meter_count(ls_meter *meter, uint32_t account, ls_meter_event event);
// A node changes its state; what still runs there counts as held, the rest by the state.
void ls_meter_node(ls_meter *meter, int64_t now_us, uint32_t node, ls_node_state from,
                   ls_node_state to);
// One GPU of the node, whose state that is, counts as drained (or as `as` says) from now on, or as
// the node again.
void ls_meter_gpu(ls_meter *meter, int64_t now_us, uint32_t node, ls_node_state state,
                  ls_node_state as, bool in);

// Adds up what was closed.
void ls_meter_add(ls_meter_row *sum, const ls_meter_row *row);
void ls_meter_add_pool(ls_meter_pool *sum, const ls_meter_pool *pool);
// Everything up to now, since the last close; then all sums begin at 0 again. `rows` has room for
// every account. Of what is lost only what was told by now is in it.
void ls_meter_close(ls_meter *meter, int64_t now_us, ls_meter_row *rows, ls_meter_pool *out_pool);
