// decider.h - inside of a decider.
#pragma once

#include "decide/candidate.h"
#include "decide/decide.h"
#include "decide/question.h"
#include "decide/race.h"
#include "decide/rules.h"

enum {
    LS_BASES_MAX = 24,
    LS_FUTURES_LEAST = 2000,  // that fit in any decider
    LS_FUTURES_MOST = 50000,  // of one decision
};

// What is done at once in one candidate: for each question one of its candidates, 0: nothing, the
// base rule goes on.
typedef struct ls_plan {
    uint8_t pick[LS_TOGETHER_MAX];
} ls_plan;

typedef struct ls_base {
    ls_twin *twin;   // NULL: the plant's own
    uint8_t *rules;  // per station
    char name[LS_BASE_NAME];
    double gain, low, high;  // of the objective's unit per hour; NaN: not known
} ls_base;

struct ls_decider {
    const ls_plant *plant;
    const ls_twin *twin;
    ls_decider_def def;
    ls_base bases[LS_BASES_MAX];
    uint32_t base_count, base;  // base: the chosen one
    int64_t horizon_us;         // of points that give none
    double weights[LS_TERM_COUNT];
    uint32_t futures_most;  // of one decision
    ls_amounts *memory;
    size_t memory_count;
    double *courses;  // of a claim's futures and plans: costs by the marks
    size_t course_count;
    // For one question at a time; all of the chosen base's twin.
    ls_snapshot *present;
    ls_snapshot **work;  // per worker
    int work_count;
    ls_candidates *sets;  // LS_TOGETHER_MAX
    // What run_plan looks at.
    ls_plan plans[LS_CANDIDATES_MAX];
    uint32_t plan_count, question_count;
    uint64_t seed;
    int64_t until_us;
    int64_t
        follow_us;  // this race is a claim, whose futures are followed for so long; 0: it is none
    const ls_budget *budget;
    ls_amounts before;
};

const ls_twin *ls_decider_base_twin(const ls_decider *decider);
int ls_decider_workers(const ls_decider *decider);
// Makes the chosen base the one that questions are answered with. On failure the one before is.
ls_status ls_decider_choose_base(ls_decider *decider, uint32_t base, ls_error *err);
// Keeps the base of this name (rules.h) too; *out is its number.
ls_status ls_decider_add_base(ls_decider *decider, const char *name, uint32_t *out, ls_error *err);
// The same lender for every job of this decider; without one the calling thread.
ls_status ls_decider_lend(const ls_decider *decider, const ls_job *job, ls_error *err);

// A guess of the mean cycle time by the plant's raw process times, for when nothing has run.
int64_t ls_cycle_guess(const ls_twin *twin);

// Runs a state on to until_us, or until its plant ends or stands still for good: that is a future
// too. A future of a large plant may take longer than a deadline: when `budget` (NULL: none) says
// that it is late, it is given up with LS_ERR_STOPPED. Else fails only by a bug or for want of
// memory.
ls_status ls_future_run(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                        const ls_budget *budget, ls_error *err);
