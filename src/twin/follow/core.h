// core.h - inside of a follower: one present (a state and what was heard of each part of it), moved
// by small operations.
//
// A follower has two cores of one plant: the base, which lags by late_us and is final, and the
// present. A core is a state like any other: lengths that only the line knows are FOLLOW_ENDLESS,
// so that no event of them stands in the tree; what has a known time (calendars, planned
// maintenance, transports of constant length, patience of batches) stands there and is served by
// ls_core_advance. Nothing is started by the rules: starts are heard. Every function leaves what it
// touches consistent (state_check.h) unless it says otherwise.
#pragma once

#include <string.h>

#include "twin/compile.h"
#include "twin/follow/follow.h"
#include "twin/follow/watch.h"
#include "twin/fork.h"
#include "twin/twin.h"

#define FOLLOW_ENDLESS (LS_NEVER / 2)
enum {
    FOLLOW_NAME_SIZE = 40,  // longer names are kept by their hash and their first 39 bytes
    FOLLOW_GONE = 256,      // names remembered of lots that left
    FOLLOW_STATE_UNHEARD = 255,
    FOLLOW_DOUBT_WAY = 1,      // of a lot: when it came to be where it is
    FOLLOW_DOUBT_RELEASE = 2,  // when it was released
};

typedef struct ls_core_lot {
    uint64_t hash;            // of the name
    int64_t heard_us;         // last named by a signal
    uint64_t left;            // lots of its class that had left the plant then
    uint32_t step;            // + 1: ended this one; where it goes is supposed
    uint32_t older, younger;  // of its class by last hearing, slots + 1
    uint32_t chain;           // next of its bucket, + 1
    uint8_t inferred;         // never named: made up to explain something
    uint8_t placed;           // where it is was heard
    uint8_t supposed;         // its present place was inferred
    uint8_t doubt;            // what of it was not heard: FOLLOW_DOUBT_
    char name[FOLLOW_NAME_SIZE];
    uint32_t from;  // on its way: station left + 1, 0: from outside
} ls_core_lot;

typedef struct ls_core_machine {
    int64_t state_us;  // when its state was told
    int64_t begun_us;  // of the operation, LS_NEVER: not heard
    int64_t lots_us;   // when its lots were told
    int64_t doubt_us;  // last told by a birth, or silent: something may have been missed; 0: never
    int64_t parts_us;  // when parts were counted, and how many at that time
    uint32_t parts;
    uint32_t pad2;
    uint32_t reason;     // told, mode of the station + 1
    uint32_t good;       // parts counted since the operation began
    uint32_t step;       // told, + 1
    uint32_t product;    // told, + 1
    uint32_t setup;      // told, + 1; 0: never told
    uint8_t state;       // told, FOLLOW_STATE_UNHEARD
    uint8_t names_lots;  // LOTS was heard once
    uint8_t counts;      // GOOD or BAD was heard once
    uint8_t stale;
    uint8_t inferred;     // the running operation's begin was not heard
    uint8_t fault_known;  // the active mode was told by name
    uint8_t pad3[2];
} ls_core_machine;

typedef struct ls_core_mode {
    uint8_t seen;  // its clock began within what was followed
    uint8_t pad[7];
} ls_core_mode;

typedef struct ls_core_release {
    int64_t since_us;         // of the last release heard, LS_NEVER: none
    uint64_t left;            // lots that left the plant
    uint32_t some;            // lots heard of the present release (at the same time)
    uint32_t oldest, newest;  // lots by last hearing, slots + 1
    uint32_t doubt;           // releases may have been missed since the last
    int64_t until_us;         // its order pool is shut, as the line said; LS_NEVER: not said
} ls_core_release;

typedef struct ls_core_station {
    uint32_t queue;        // told + 1
    uint16_t more, fewer;  // times in a row that the line told more (fewer) than wait here
} ls_core_station;

typedef struct ls_core_figures {
    uint64_t heard, unchanged;
    uint64_t divergences[LS_DIVERGE_KIND_COUNT];
    uint64_t released, done, scrapped;
    uint64_t invented;        // lots ever made up
    uint64_t arrivals, ends;  // ARRIVED, DONE heard: the line tells them
    int64_t last_heard_us;
    uint64_t gone[FOLLOW_GONE];  // hashes
    uint64_t gone_count;
} ls_core_figures;

typedef struct ls_core {
    const ls_plant *plant;
    const ls_twin *twin;
    ls_ctx c;
    ls_scratch scratch;
    void *block;  // everything below, in one piece
    size_t block_size;
    ls_core_machine *machines;
    ls_core_mode *modes;
    ls_core_station *stations;
    ls_core_release *releases;
    ls_core_figures *figures;
    uint32_t *buckets;
    ls_core_lot *lots;
    uint32_t bucket_mask;
    size_t fixed_size;          // of the block before `lots`
    const ls_follow_def *tell;  // NULL: facts and divergences are not told (but counted)
} ls_core;

ls_status ls_core_create(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                         ls_core **out, ls_error *err);
void ls_core_destroy(ls_core *core);
void ls_core_copy(ls_core *to, const ls_core *from);
uint64_t ls_core_hash(const ls_core *core);

// ---- telling (tell.c)
void ls_core_diverge(ls_core *core, ls_divergence_kind kind, uint32_t machine, uint32_t station,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
ls_fact ls_core_fact(const ls_core *core, ls_fact_kind kind);
void ls_core_tell(ls_core *core, const ls_fact *fact);
// May something of the machine have been missed since then?
bool ls_core_doubts(const ls_core *core, uint32_t machine, int64_t since_us);

// ---- names (names.c)
uint64_t ls_core_name_hash(const char *name, size_t size);
uint32_t ls_core_lot_find(const ls_core *core, const char *name, size_t size);  // LS_NO
void ls_core_lot_name(ls_core *core, uint32_t lot, const char *name, size_t size);
void ls_core_lot_forget(ls_core *core, uint32_t lot);  // before its slot is freed
void ls_core_lot_heard(ls_core *core, uint32_t lot);
bool ls_core_lot_is_gone(const ls_core *core, const char *name, size_t size);
void ls_core_lots_index(ls_core *core);  // makes the buckets from the names

// ---- where lots are (place.c). A lot "in hand" stands outside and in no list.
void ls_core_take_out(ls_core *core, uint32_t lot);
uint32_t ls_core_lot_make(ls_core *core, uint32_t release, uint32_t step);  // in hand, or LS_NO
void ls_core_put_waiting(ls_core *core, uint32_t lot, uint32_t step, int64_t arrived);
// On its way from a station (LS_NO: outside) to its step, by the plant's transport; where there is
// none it waits there at once.
void ls_core_send(ls_core *core, uint32_t lot, uint32_t step, uint32_t from);
// In its order pool, behind those that wait there. Not for classes without one.
void ls_core_put_pool(ls_core *core, uint32_t lot);
// Tells the fact that it came and waits there, or has come in.
void ls_core_tell_pool(ls_core *core, uint32_t lot, bool waits);
void ls_core_put_outside(ls_core *core, uint32_t lot, uint32_t step);
void ls_core_put_out(ls_core *core, uint32_t lot,
                     uint32_t from);                              // leaves by transport, or is done
void ls_core_remove(ls_core *core, uint32_t lot, bool scrapped);  // from wherever it is
void ls_core_block(ls_core *core, uint32_t lot);                  // lists it at its step's station
void ls_core_unblock(ls_core *core, uint32_t lot);
// Where the plant's rules send a lot most likely after a step; LS_NO: out.
uint32_t ls_core_next(ls_core *core, uint32_t lot, uint32_t step, bool *sure);
// All ways on, the most likely first; at most `most`.
uint32_t ls_core_ways(ls_core *core, uint32_t lot, uint32_t step, uint32_t *out, uint32_t most);
// All ways that begin at a step: after sampling and among alternatives.
uint32_t ls_core_routes(const ls_core *core, uint32_t step, uint32_t *out, uint32_t most);
// Is a lot on its way for a time that nobody tells?
bool ls_core_travels(const ls_core *core, uint32_t from, uint32_t step);
uint32_t ls_core_route(ls_core *core, uint32_t step, bool *sure);
// What a lot takes along from a step to the next: queue-time limits, reworks.
void ls_core_step_ended(ls_core *core, uint32_t lot, uint32_t step);
void ls_core_step_chosen(ls_core *core, uint32_t lot, uint32_t from, uint32_t to);

// ---- operations (operate.c)
void ls_core_load(ls_core *core, uint32_t machine, const uint32_t *lots, uint32_t count);
void ls_core_begin(ls_core *core, uint32_t machine);   // the operation, by what is told
void ls_core_go_on(ls_core *core, uint32_t machine);   // the phase that is told
void ls_core_finish(ls_core *core, uint32_t machine);  // lots stay: blocked, until taken out
void ls_core_cancel(ls_core *core, uint32_t machine);
// It is set up and holds no lot, as far as it tells: for which state is supposed, by what waits. At
// the end it has the state that was told, or that which was supposed where none ever is.
bool ls_core_sets_up(const ls_core *core, uint32_t machine);  // that is what it tells
void ls_core_set_up(ls_core *core, uint32_t machine);
void ls_core_set_up_end(ls_core *core, uint32_t machine,
                        bool setup_told);            // the same, as if never begun
void ls_core_lag(ls_core *core, uint32_t machine);   // lots go behind the entrance
void ls_core_rest(ls_core *core, uint32_t machine);  // idle, if it may be
// Suspended, with lots inside that may have to wait for room where they go next?
bool ls_core_may_block(ls_core *core, uint32_t machine);
bool ls_core_is_down_told(const ls_core *core, uint32_t machine);

// ---- standing still (stand.c)
void ls_core_mode_start(ls_core *core, uint32_t machine, uint32_t k);
void ls_core_mode_end(ls_core *core, uint32_t machine);
void ls_core_stand(ls_core *core, uint32_t machine, bool before);  // modes and hands as told
void ls_core_mode_clock(ls_core *core, uint32_t mode);             // its planned length, event
bool ls_core_dist_is_const(const ls_core *core, uint32_t dist);

// ---- time (advance.c)
void ls_core_advance(ls_core *core, int64_t now_us);
void ls_core_agenda_clear(ls_core *core);

// ---- one instant (instant.c)
typedef struct ls_instant ls_instant;
ls_instant *ls_instant_create(const ls_model *model);
void ls_instant_destroy(ls_instant *instant);
// All signals of one moment, not before the core's now. more: others of the same time follow.
void ls_core_hear(ls_core *core, ls_instant *instant, const ls_heard *heard, size_t count,
                  bool more);

// ---- futures (settle.c)
void ls_core_fork(const ls_core *core, uint64_t key, ls_snapshot *into);
