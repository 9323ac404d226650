// models_inside.h - what the files models*.c share.
//
// Who owns what: the intake's lock guards pushing into the ring; the asking thread (models_ask.c)
// owns engines, pending samples and the moments; the keeping thread (models_keep.c and the rest)
// owns registry, books and waiting predictions, and takes `lock` where it changes what others are
// shown. Between them stand rings with one writer and one reader, and atomics.
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "loop/models.h"
#include "model/book.h"
#include "model/features.h"
#include "model/monitor.h"
#include "model/registry.h"
#include "model/sentry.h"
#include "model/swap.h"

enum {
    LS_MODELS_RING = 1 << 16,         // samples heard and not taken yet
    LS_MODELS_EARLY = 1 << 15,        // samples taken whose time has not come
    LS_MODELS_TIMED = 1024,           // predictions that latencies are about
    LS_MODELS_TIMED_LEAST = 200,      // before anything is said of them
    LS_MODELS_WAITING_MAX = 1 << 17,  // predictions of one model that wait for labels
    LS_MODELS_ROWS_BYTES = 32 << 20,  // of their features that are held
    LS_MODELS_TEXT = 480,
};
#define LS_MODELS_SETTLE_MAX_US INT64_C(500000)
#define LS_MODELS_NOTHING UINT32_MAX

typedef struct ls_models_heard {
    int64_t time_us;
    double value;   // NaN: none
    uint32_t feed;  // index of feeds
    uint8_t kind, quality;
} ls_models_heard;

typedef struct ls_models_feed {  // one tag of one unit of one model
    uint32_t model, unit, tag;   // numbers; `tag` of the plan
    uint32_t next;               // of the same signal
    // Of the asking thread: the last one heard, so that one told twice counts once.
    int64_t time_us;
    uint64_t bits;
    uint8_t kind, quality;
    bool is_known;  // has a value now
} ls_models_feed;

// A version in service. Whole before it is put in, unchanged afterwards but for what is atomic or
// belongs to the asking thread.
typedef struct ls_models_served {
    ls_model_version shown;
    ls_arena arena;        // texts of `shown`
    ls_sentry **sentries;  // of a monitor, one for each unit: the asking thread's
    uint32_t sentry_count;
    ls_monitor *usual;                       // NULL: cannot tell
    double *usual_memory;                    // the asking thread's
    _Atomic double radius;                   // of the next interval, as the book says
    _Atomic bool is_adaptive;                // it is not the split one
    _Atomic uint32_t took[LS_MODELS_TIMED];  // ns, a ring
    _Atomic uint64_t timed;
    bool is_slow;           // the keeping thread's; it has been said
    double p50_us, p99_us;  // under `lock`
} ls_models_served;

// One word on a unit, never torn: the words of an ls_model_said, then the row.
typedef struct ls_models_live {
    _Atomic uint64_t turn;  // odd while it is written
    _Atomic uint64_t *words;
    _Atomic uint32_t *row;
} ls_models_live;
enum { LS_MODELS_SAID_WORDS = (sizeof(ls_model_said) + 7) / 8 };

typedef enum ls_models_tag {
    TAG_VALUE,
    TAG_LOW,
    TAG_HIGH,
    TAG_UNUSUAL,
    TAG_CHALLENGER
} ls_models_tag;
enum { LS_MODELS_TAGS = 5 };

typedef struct ls_models_subject {
    const char *name;
    ls_features *features;
    uint32_t feed;   // the first of its feeds; they stand together
    uint32_t known;  // of its tags have a value
    bool withdrawn;  // of the asking thread: nobody serves, and that has been said
    ls_models_live live;
    // Of the keeping thread, under `lock`.
    double truth, error;
    int64_t truth_us;
    ls_model_state told;  // last state that people were told
    ls_model_state kept;  // last one in the history; were there an interval, a challenger?
    bool kept_interval, kept_challenger;
    uint32_t tags[LS_MODELS_TAGS];  // LS_TAG_NONE: not needed yet
} ls_models_subject;

typedef struct ls_models_result {
    ls_model_said said;
    uint32_t unit;
} ls_models_result;

typedef struct ls_models_waiting {  // a prediction without its truth
    int64_t time_us;
    double value, low, high, challenger, challenger_radius;
    uint32_t unit, version, challenger_version;
    uint32_t row;  // of rows held; LS_MODELS_NOTHING
    int8_t unusual;
    uint8_t pad[7];
} ls_models_waiting;

typedef struct ls_models_one {
    const ls_model_plan *plan;
    uint32_t number, unit_count, column_count;
    ls_models_subject *units;
    const char *const *columns;
    ls_swap champion, challenger;  // of ls_models_served
    // ---- the asking thread
    int64_t next_us;  // moment that is due; INT64_MIN: not known yet
    float *row;
    double *wide;
    ls_models_result *results;  // a ring of result_count
    float *result_rows;
    uint32_t result_count;
    _Atomic uint64_t result_head, result_tail;
    _Atomic uint64_t late, skipped;
    _Atomic uint64_t spent_ns, asked;
    // ---- the keeping thread, under `lock` where it changes
    ls_registry_stages *stages;
    struct {
        uint64_t inode, size;
        int64_t changed_ns;
    } seen;                 // of stages.json
    int64_t look_again_us;  // monotonic: after something was refused
    uint32_t refused_version;
    char refused[LS_MODELS_TEXT];
    int64_t refused_us;
    uint32_t serving, shadow;
    uint32_t slow_challenger;  // was taken out of the shadow
    ls_sample *samples;        // room for what goes to the history at once
    size_t sample_room;
    ls_book book, challenger_book;
    ls_models_waiting *waiting;  // by (time, unit)
    size_t waiting_count, waiting_room;
    float *rows;         // of waiting predictions; NULL: none are held
    uint32_t *row_free;  // a stack of those that are free
    uint32_t row_free_count;
    int64_t said_us;  // the last moment that was taken
    uint64_t predictions, unusual, swaps, refusals, scored, misses, never, not_kept;
    uint64_t changed_at;  // of the models' changes
    uint64_t told_skipped, told_never;
    bool told_unlabelled, told_not_kept;
    int64_t scanned_us;     // moments up to here were looked for labels
    int64_t scan_clock_us;  // the line's clock at the last look
    int64_t scan_again_us;  // monotonic: those that had none are looked for again
    struct {
        uint64_t inode, size;
        int64_t changed_ns;
    } labels_seen;
    uint32_t version_tag, kept_version;  // that the history has
    bool label_fails, save_fails;
} ls_models_one;

struct ls_models {
    ls_intake *intake;
    ls_journal *journal;
    char folder[4096], plant[4096];
    ls_models_one *of;
    uint32_t count;
    ls_arena arena;
    ls_models_feed *feeds;
    uint32_t feed_count;
    uint32_t *first;  // feed of a signal's number, LS_MODELS_NOTHING; first_count of them
    uint32_t first_count;
    int64_t settle_us;
    // ---- intake to asking thread
    ls_models_heard *ring;
    _Atomic uint64_t ring_head, ring_tail;
    _Atomic bool lost;         // the ring was full: hear again from the history
    _Atomic int64_t clock_us;  // of the line; INT64_MIN: nothing heard
    _Atomic int64_t began_us;  // the first clock that was known
    _Atomic int64_t due_us;    // the clock at which there is something to do
    _Atomic bool woken;
    sem_t news;
    // ---- the asking thread
    ls_models_heard *early;  // sorted by time
    size_t early_first, early_count;
    int64_t aside_us;  // earliest value that was put aside; INT64_MAX: none
    pthread_t asking;
    bool has_asking;
    // ---- the keeping thread
    sem_t results;
    _Atomic bool look;
    pthread_t keeping;
    bool has_keeping;
    _Atomic bool ends, keeping_ends;
    _Atomic uint64_t changes;
    pthread_mutex_t lock;
    pthread_mutex_t listening;
    ls_models_listener listeners[LS_MODELS_LISTENERS];
    uint32_t listener_count;
    _Atomic uint64_t slots;  // of borrowers: bits
    int64_t tick_look, tick_score, tick_save;
};

// Slots of ls_swap: the asking thread has the first, borrowers the others.
enum { LS_MODELS_SLOT_ASK = 0, LS_MODELS_SLOT_KEEP = 1, LS_MODELS_SLOT_OTHERS = 2 };

int64_t ls_models_clock_ns(void);  // monotonic
static inline const char *ls_models_unit_name(const ls_model_plan *plan, uint32_t unit) {
    return plan->unit_count > 0 ? plan->units[unit] : "plant";
}

// models.c: a slot of the swaps, for who is no thread of the models. False: all are taken.
bool ls_models_take_slot(ls_models *models, uint32_t *out);
void ls_models_give_slot(ls_models *models, uint32_t slot);
// Something is to be shown of it. Under the lock.
static inline void ls_models_touch(ls_models *models, ls_models_one *one) {
    one->changed_at = atomic_fetch_add(&models->changes, 1) + 1;
}

// models_live.c
ls_status ls_models_live_init(ls_models_live *live, ls_arena *arena, uint32_t columns,
                              ls_error *err);
void ls_models_live_put(ls_models_live *live, const ls_model_said *said, const float *row,
                        uint32_t columns);
// row may be NULL.
void ls_models_live_get(ls_models_live *live, ls_model_said *out, float *row, uint32_t columns);
ls_model_said ls_models_said_nothing(void);

// models_ask.c
void ls_models_listen_in(void *context, const ls_sample *samples, size_t count, int64_t clock_us);
void ls_models_step(ls_models *models);
void *ls_models_asking(void *context);

// models_serve.c: who serves
void ls_models_look_at(ls_models *models, ls_models_one *one, bool first);
void ls_models_time(ls_models *models, ls_models_one *one);  // latencies, and what follows
void ls_models_served_destroy(void *served);
void ls_models_set_radius(ls_models_one *one);
// Of a prediction that the challenger makes now. Under the lock.
double ls_models_challenger_radius(const ls_models_one *one);

// models_keep.c: what was said goes to the history and to whoever listens
void ls_models_take_results(ls_models *models);
void *ls_models_keeping(void *context);

// models_score.c
void ls_models_score(ls_models *models, ls_models_one *one);
void ls_models_wait_for(ls_models_one *one, const ls_models_waiting *waiting, const float *row);

// models_saved.c
ls_status ls_models_load(ls_models *models, ls_models_one *one, ls_error *err);
ls_status ls_models_save(ls_models *models, ls_models_one *one, ls_error *err);
