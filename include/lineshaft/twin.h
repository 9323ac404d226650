// twin.h - the running plant: compile once, run many times, fork anywhere.
//
// A twin is the immutable model of a plant. A snapshot is one running plant at one moment: a flat
// block of bytes that can be copied, saved, hashed and run on. Times are microseconds from the
// plant's time zero. A twin may be used by any number of threads at once; a snapshot by one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lineshaft/plant.h>
#include <lineshaft/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ls_twin ls_twin;
typedef struct ls_snapshot ls_snapshot;

// ---- model

// Compiles a plant. The twin does not need the plant afterwards. Fails with LS_ERR_INVALID,
// LS_ERR_LIMIT (more sources than the time key holds, named) or LS_ERR_MEMORY.
LS_API ls_status ls_twin_create(const ls_plant *plant, ls_twin **out, ls_error *err);
LS_API void ls_twin_destroy(ls_twin *twin);

typedef struct ls_twin_info {
    const char *name;
    uint64_t model_hash;  // of everything that can change a result
    uint64_t model_bytes;
    uint64_t state_bytes;  // one snapshot
    uint32_t stations, machines, products, steps, classes, sources;
    uint32_t lots_limit;                // most lots inside at once
    uint32_t bytes_per_lot;             // of the state
    int64_t horizon_us;                 // no event lies behind this
    int64_t run_for_us, run_warmup_us;  // the plant file's defaults; warm-up -1: automatic
    uint32_t run_reps;
    uint64_t run_seed;
    const char *kernel;  // instruction set in use: "base", "avx2", "avx512"
} ls_twin_info;
LS_API ls_twin_info ls_twin_describe(const ls_twin *twin);
// Names by index; NULL beyond the end.
LS_API const char *ls_twin_station_name(const ls_twin *twin, uint32_t station);
LS_API const char *ls_twin_class_name(const ls_twin *twin, uint32_t release_class);

// ---- one running plant

// The plant at time zero under the random streams of (seed, replication).
LS_API ls_status ls_snapshot_create(const ls_twin *twin, uint64_t seed, uint64_t replication,
                                    ls_snapshot **out, ls_error *err);
LS_API void ls_snapshot_destroy(ls_snapshot *snapshot);
// Runs every event up to and including until_us. Fails with LS_ERR_LIMIT (lots, horizon: named,
// with what to change) or LS_ERR_STUCK (a deadlock by blocking: who waits for whom); the snapshot
// then stands where it stopped.
LS_API ls_status ls_snapshot_run(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                                 ls_error *err);
// The same, at most max_events events; *out_done says how many happened.
LS_API ls_status ls_snapshot_step(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                                  uint64_t max_events, uint64_t *out_done, ls_error *err);
LS_API ls_status ls_snapshot_copy(const ls_twin *twin, const ls_snapshot *snapshot,
                                  ls_snapshot **out, ls_error *err);
// Copies the contents of one snapshot over another of the same twin; no allocation.
LS_API void ls_snapshot_assign(ls_snapshot *to, const ls_snapshot *from);
// A future: a copy in which everything that nobody in the plant can know yet (the ends of running
// operations, repairs, transports; the next failures and arrivals) is drawn again, given the time
// that has passed, under the streams of (seed, future). Two snapshots that look equal fork to equal
// futures.
LS_API ls_status ls_snapshot_fork(const ls_twin *twin, const ls_snapshot *snapshot, uint64_t seed,
                                  uint64_t future, ls_snapshot **out, ls_error *err);
// Fork into an existing snapshot; no allocation, at most two copies' time.
LS_API void ls_snapshot_fork_into(const ls_twin *twin, const ls_snapshot *from, uint64_t seed,
                                  uint64_t future, ls_snapshot *to);
LS_API int64_t ls_snapshot_now(const ls_snapshot *snapshot);
LS_API uint64_t ls_snapshot_events(const ls_snapshot *snapshot);
LS_API uint32_t ls_snapshot_lots(const ls_snapshot *snapshot);
LS_API uint64_t ls_snapshot_hash(const ls_snapshot *snapshot);
// The bytes to save, owned by the snapshot; they name engine version and model.
LS_API const void *ls_snapshot_bytes(const ls_snapshot *snapshot, size_t *out_size);
// Refuses with LS_ERR_VERSION what another engine version or model made, with LS_ERR_INVALID what
// is cut or damaged.
LS_API ls_status ls_snapshot_load(const ls_twin *twin, const void *bytes, size_t size,
                                  ls_snapshot **out, ls_error *err);

// ---- replications

// Figures of a class of lots (a release of a product) or of a station, one value per replication.
typedef enum ls_figure {
    // classes, and all classes together
    LS_FIG_RELEASED,    // lots
    LS_FIG_DONE,        // lots
    LS_FIG_SCRAPPED,    // lots
    LS_FIG_LOST,        // lots that found no room
    LS_FIG_THROUGHPUT,  // lots per day
    LS_FIG_CYCLE_MEAN,  // s
    LS_FIG_CYCLE_P50,   // s, stated error 0.8 % of the value
    LS_FIG_CYCLE_P90,
    LS_FIG_CYCLE_P99,
    LS_FIG_CYCLE_MAX,      // s, over the whole run
    LS_FIG_X_FACTOR,       // mean cycle time / raw process time
    LS_FIG_WIP,            // lots, time average
    LS_FIG_ON_TIME,        // share of lots with a due date
    LS_FIG_TARDINESS,      // s, mean over lots with a due date
    LS_FIG_LIMITS_MISSED,  // queue-time limits exceeded
    LS_FIG_REWORKED,       // reworks
    LS_FIG_OUTSIDE,        // lots in order pools, time average; WIP counts them too
    LS_FIG_OUTSIDE_WAIT,   // s, mean over lots that came in out of one
    LS_FIG_CLASS_COUNT,
    // stations
    LS_FIG_LOTS = LS_FIG_CLASS_COUNT,  // lots finished
    LS_FIG_PARTS,
    LS_FIG_QUEUE,           // lots waiting, time average
    LS_FIG_QUEUE_WAIT,      // s, mean over lots started
    LS_FIG_QUEUE_WAIT_MAX,  // s, over the whole run
    LS_FIG_STARVED,         // shares of the machines' time, eight, sum 1
    LS_FIG_PROCESSING,
    LS_FIG_SETUP,
    LS_FIG_BLOCKED,
    LS_FIG_DOWN,
    LS_FIG_MAINTENANCE,
    LS_FIG_OFF,
    LS_FIG_OPERATOR,
    LS_FIG_AVAILABILITY,  // ISO 22400-2, formulas in docs/PLANT.md
    LS_FIG_EFFECTIVENESS,
    LS_FIG_QUALITY,
    LS_FIG_OEE,
    LS_FIG_BATCH_MEAN,  // lots per operation
    LS_FIG_COUNT
} ls_figure;

// Name as in JSON and CSV, unit ("s", "lots", "share", ...), better: +1 more is better, -1 less, 0
// neither.
typedef struct ls_figure_info {
    const char *name, *unit, *about;
    int better;
} ls_figure_info;
LS_API ls_figure_info ls_figure_describe(ls_figure figure);

// Called from the thread that called ls_twin_run (or a worker), a few times per second at most.
typedef struct ls_twin_progress {
    double share;  // 0..1
    uint64_t events;
    int64_t replications_done, replications_planned;
} ls_twin_progress;

typedef struct ls_run_def {
    int64_t for_us;     // measured time, warm-up not included
    int64_t warmup_us;  // -1: automatic (MSER-5 on pilot runs, White 1997)
    int64_t reps;       // at least 1
    double until_ci;    // > 0: replications until the relative half width of the watched figure is
                        // below this
    ls_figure watched;  // of all classes together; default cycle time
    int64_t reps_max;   // with until_ci; default 1000
    double level;       // of intervals, default 0.95
    uint64_t seed;
    int workers;              // 0: as many as the processor has
    const ls_snapshot *from;  // NULL: time zero. Else every replication is a fork of this
    void (*progress)(void *context, const ls_twin_progress *progress);
    void *progress_context;
    const volatile int *stop;  // NULL, or set it non-zero to end early with what is known
    uint32_t cookie;           // set by ls_run_def_default
} ls_run_def;
LS_API ls_run_def ls_run_def_default(const ls_twin *twin);

typedef struct ls_estimate {
    double mean, half_width;  // half_width is NaN with one replication and no batch means
    int64_t count;            // replications with a value (a class without finished lots has none)
} ls_estimate;

typedef struct ls_twin_result ls_twin_result;
// Runs replications on workers; the result depends on plant, seed, for, warm-up and reps only. On
// LS_ERR_STOPPED *out holds what is known: the replications that are done, or else the part of one
// behind its warm-up; NULL when there is nothing yet.
LS_API ls_status ls_twin_run(const ls_twin *twin, const ls_run_def *def, ls_twin_result **out,
                             ls_error *err);
LS_API void ls_twin_result_destroy(ls_twin_result *result);

typedef struct ls_twin_facts {
    int64_t reps, for_us, warmup_us;
    bool warmup_automatic, warmup_reliable;  // reliable: MSER-5 found its minimum in the first half
    bool batch_means;                        // one replication: intervals are from batch means
    bool reached_ci;
    bool partial;  // stopped within the first replication: its figures up to then, for_us is what
                   // they span
    double level;
    uint64_t seed, hash;  // hash over all replications' final states, in order
    uint64_t events;      // of all replications, pilots not included
    uint64_t lots_done;
    double wall_s;  // of the replications; not part of the hash
    int workers;
} ls_twin_facts;
LS_API ls_twin_facts ls_twin_result_facts(const ls_twin_result *result);
// A class's figure (LS_FIG_RELEASED ..); release_class == number of classes: all together.
LS_API ls_estimate ls_twin_result_class(const ls_twin_result *result, uint32_t release_class,
                                        ls_figure figure);
LS_API ls_estimate ls_twin_result_station(const ls_twin_result *result, uint32_t station,
                                          ls_figure figure);
// The value of one replication; NaN when it has none.
LS_API double ls_twin_result_value(const ls_twin_result *result, bool station, uint32_t index,
                                   ls_figure figure, int64_t replication);
// b - a, paired by replication (common random numbers); same reps and seed in both, else
// LS_ERR_INVALID.
LS_API ls_status ls_twin_compare(const ls_twin_result *a, const ls_twin_result *b, uint32_t class_a,
                                 uint32_t class_b, ls_figure figure, double level, ls_estimate *out,
                                 ls_error *err);

#ifdef __cplusplus
}
#endif
