// errands.h - long work of the service, handed to the plant's pool as jobs: kept on disk until it
// is done, tried again by rule, its end told.
//
// An errand is a command of this program that reads files and writes its result whole or not at
// all, so it may be begun again at any time. It is written down before the pool hears of it, and
// each try has a word of its own by which the pool knows it (tenant.h, `once`): whichever of
// service and pool is killed, nothing is lost and no try is run twice. While the pool is away it is
// asked again every few seconds; that it is away and that it is back is said. A job that fails is
// tried again after a minute, then four, then sixteen (an hour at most); one that a person
// cancelled is not.
//
// The end of an errand is told at least once: again, when the service was killed while it was told.
#pragma once

#include "exec/tenant.h"
#include "loop/journal.h"

typedef struct ls_errands ls_errands;

enum { LS_ERRAND_NAME = 63, LS_ERRANDS_MOST = 64, LS_ERRAND_ARGS = 64, LS_ERRAND_STAMP = 255 };

typedef enum ls_errand_end {
    LS_ERRAND_DONE,
    LS_ERRAND_GIVEN_UP,  // it failed in every try
    LS_ERRAND_CANCELLED  // by a person
} ls_errand_end;

typedef struct ls_errand_told {
    const char *name, *stamp;
    uint64_t job;
    ls_errand_end end;
    const char *text;  // of what is not done: why; for people
} ls_errand_told;

// Who is told of the ends of errands "KIND" and "KIND-..."; on the errands' own thread.
typedef struct ls_errand_kind {
    const char *kind;
    void (*over)(void *context, const ls_errand_told *told);
    void *context;
} ls_errand_kind;

typedef struct ls_errand {
    const char *name;         // one at a time of a name: "calibration", "training-quality"; a to z,
                              // 0 to 9 and '-', at most LS_ERRAND_NAME
    const char *const *argv;  // what follows `lineshaft`; ends with NULL
    const char *stamp;        // told with its end: what the result is for; may be NULL
    double gpus;              // GPUs or CPU slots; 0: one
    int64_t most_us;          // longest time; 0: any
    int64_t checkpoint_every_us;  // as of ls_tenant_job, both
    bool saves;
    uint32_t tries;  // in all; 0: 3
} ls_errand;

typedef struct ls_errands_def {
    const char *folder;  // made when it is not there
    ls_tenant *tenant;   // the errands' alone, until they are closed
    ls_journal *journal;
    uint32_t at_once;     // so many are handed over at a time; 0: all
    const char *program;  // NULL: this one
    const ls_errand_kind *kinds;
    uint32_t kind_count;  // they stay
    int64_t pause_us;     // before the second try, and between looks at a pool that is away; 0: a
                          // minute and 2 s; for tests
} ls_errands_def;

// Goes on with what was underway before. Fails with LS_ERR_IO (folder), LS_ERR_MEMORY.
ls_status ls_errands_open(const ls_errands_def *def, ls_errands **out, ls_error *err);
void ls_errands_close(ls_errands *errands);  // jobs go on; NULL is fine

// Any thread. On disk when it returns LS_OK. LS_ERR_LIMIT: one of this name is underway, or too
// many are; LS_ERR_INVALID: the name, the arguments; LS_ERR_IO: it cannot be written down.
ls_status ls_errands_put(ls_errands *errands, const ls_errand *errand, ls_error *err);
// One of this name waits or runs.
bool ls_errands_has(ls_errands *errands, const char *name);
typedef struct ls_errands_figures {
    uint32_t underway;
    uint64_t done, failed;  // tries, since the service began
    bool away;              // the pool does not answer
} ls_errands_figures;
ls_errands_figures ls_errands_describe(ls_errands *errands);
