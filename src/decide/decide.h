// decide.h - what is best to do now, within a deadline: candidates on common futures.
//
// A decider holds what is tried for one plant: its twin, and one twin for each base rule that is
// kept. It is asked one question at a time, from a snapshot of the present. Every candidate runs
// from the same forks of that snapshot, does its acts at once and then goes by the base rule up to
// the horizon; sequential halving on differences paired with the incumbent spends the futures
// (Karnin, Koren, Somekh 2013). A candidate is taken only when the paired interval excludes zero
// (t, Bonferroni over the candidates); the gain that is claimed is estimated again on fresh
// futures.
//
// Pure: no clock but the one it is given, no threads (the caller lends workers), no files. The
// answer depends on snapshot, question, seed and the numbers of futures run, not on the workers: an
// answer that was cut by the deadline is made again, bit for bit, by ls_decider_replay.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/threads.h"
#include "decide/act.h"
#include "decide/course.h"

typedef struct ls_decider ls_decider;

// How the caller lends workers: runs the job and waits, like ls_workers_run. NULL: the calling
// thread alone. `workers` is the most that a job may see.
typedef struct ls_lent {
    ls_status (*run)(void *lender, const ls_job *job, ls_error *err);
    void *lender;
    int workers;
} ls_lent;
ls_lent ls_lent_pool(ls_threads *pool);  // all of a pool, which stays

typedef struct ls_decider_def {
    uint64_t seed;  // default 1
    ls_lent lent;
    // True: enough time has gone into the search for a base; what it found until then is confirmed
    // or not, which takes about as long again as fourteen trials. NULL: never. Calling thread.
    bool (*enough)(void *context);
    void *context;
    double search_events;  // so many events of the twin go into that search, about; 0: 15 million
    uint32_t cookie;       // set by ls_decider_def_default
} ls_decider_def;
ls_decider_def ls_decider_def_default(void);

// Compiles the base rules. Plant and twin are kept alive by the caller. Until it is prepared, the
// base is the plant's own rule and the horizon a guess from the plant (docs/DECIDE.md).
ls_status ls_decider_create(const ls_plant *plant, const ls_twin *twin, const ls_decider_def *def,
                            ls_decider **out, ls_error *err);
void ls_decider_destroy(ls_decider *decider);  // NULL is fine

// Finds the best base rule and the horizon for this plant by the twin itself: seconds. `from` NULL:
// from time zero. stop may be NULL.
ls_status ls_decider_prepare(ls_decider *decider, const ls_snapshot *from, const atomic_bool *stop,
                             ls_error *err);

// What the base is, and how it was found.
typedef struct ls_base_rule {
    const char *name;        // "own", "setup, fifo", ...
    double gain, low, high;  // against the plant's own rule, in the objective's unit per
                             // hour, paired interval; NaN before prepare
    bool chosen;
} ls_base_rule;
// Goes by a base rule from then on that was found elsewhere for this plant, with what it was found
// to gain; horizon_us 0: stays as it is. Not while a question is being answered. Fails with
// LS_ERR_INVALID (no such rule here), LS_ERR_LIMIT, LS_ERR_MEMORY; the base is then as before.
ls_status ls_decider_adopt(ls_decider *decider, const ls_base_rule *found, int64_t horizon_us,
                           ls_error *err);
uint32_t ls_decider_bases(const ls_decider *decider, ls_base_rule *out, uint32_t most);
int64_t ls_decider_horizon_us(const ls_decider *decider, uint32_t point);

// ---- questions

typedef struct ls_question {
    uint32_t point;    // of plant->decide.points
    uint32_t subject;  // machine, class, operators or measured value
} ls_question;
// Which questions stand open in this state: where more than one thing could be done.
// `ahead`: also machines that are still at work, whose next lot can be chosen already (a real line,
// whose PLC takes the next lot at once); else only those that are free now.
uint32_t ls_decider_questions(const ls_decider *decider, const ls_snapshot *present, bool ahead,
                              ls_question *out, uint32_t most);

// ---- answers

enum { LS_CANDIDATE_ACTS = 4, LS_CANDIDATES_MAX = 64, LS_ROUNDS_MAX = 8, LS_TOGETHER_MAX = 8 };
#define LS_BASE_LEVEL 0.95  // of the intervals of bases

typedef struct ls_candidate {
    ls_act acts[LS_CANDIDATE_ACTS];
    uint32_t act_count;
    char label[120];         // for people, English
    uint32_t futures;        // run for it
    uint32_t rounds;         // it survived so many
    double gain, low, high;  // against the incumbent, objective's unit over the horizon, paired;
                             // more is better; NaN: not estimated
} ls_candidate;

typedef struct ls_effect {  // of the chosen against the incumbent, fresh futures, paired
    double gain, low, high;
} ls_effect;

typedef struct ls_answer {
    ls_question question;
    int64_t now_us;  // plant time of the present
    uint64_t snapshot_hash, model_hash, seed;
    char base[LS_BASE_NAME];  // names the base rule: enough to make it again
    int64_t horizon_us;
    uint32_t candidate_count;  // [0] is the incumbent: what the base rule would do
    ls_candidate candidates[LS_CANDIDATES_MAX];
    uint32_t own;            // candidate that the line's own rule would do; usually 0
    uint32_t chosen;         // 0: stay
    ls_effect claim;         // of the objective, on `claim_futures` fresh futures
    uint32_t claim_futures;  // the same in all rows of questions answered together
    // Of all rows together that leave the incumbent, on the same futures, where there are several:
    // their acts were found as one, and one without the others is not what was tried.
    ls_effect joint;
    uint32_t joint_count;  // so many leave it; 0 where it is one alone, or nothing was claimed
    // Of the claim, of `joint` where several leave it; known where the claim had time for futures
    // of its own.
    ls_course course;
    ls_effect terms[LS_TERM_COUNT];  // what it does to each term (amounts, not weighted)
    // What the base rule, as a rule, gains on the line's own: per hour, found by prepare; NaN: not
    // known, or they are the same. Where own is not 0, following the incumbent is worth this.
    ls_effect by_base;
    uint32_t by_base_futures;  // that prepare measured it on
    double level;
    uint32_t round_futures[LS_ROUNDS_MAX];  // futures per candidate in each round that was run
    uint32_t round_count;
    uint64_t futures;  // of all candidates together, the claim's included
    bool cut;          // the deadline came before the budget was spent
    bool cut_early;    // already while candidates were compared: the claim is from the last third
    ls_question together[LS_TOGETHER_MAX];  // questions that were answered with this one, it
    uint32_t together_count, together_at;   // included, and its place among them
} ls_answer;

typedef struct ls_budget {
    uint32_t futures;  // most, of all candidates together; 0: the incumbent
    bool unclaimed;    // nobody reads the claim: all go into the choice; not of settings
    // A claim's futures are followed for so long, at least to the horizon, to see how its gain
    // comes about (ls_course) and what becomes of it; 0: to the horizon. Not of settings.
    int64_t follow_us;
    bool (*late)(void *context);  // true: answer now; NULL: never. Any worker's thread.
    void *context;
} ls_budget;

// `present` is not changed. Any moment gives an answer: budget 0, or late at once, gives the
// incumbent. Fails with LS_ERR_MEMORY, LS_ERR_INVALID (no such question now).
ls_status ls_decider_ask(ls_decider *decider, const ls_snapshot *present,
                         const ls_question *question, const ls_budget *budget, ls_answer *out,
                         ls_error *err);
// Several questions that interact (at most LS_TOGETHER_MAX), answered together; each gets its row.
// First each question's candidates alone, then the best few of them joined. Claims of the rows add
// up: each is the further gain over those of the rows before it. Same rules.
ls_status ls_decider_ask_together(ls_decider *decider, const ls_snapshot *present,
                                  const ls_question *questions, uint32_t count,
                                  const ls_budget *budget, ls_answer *out, ls_error *err);
// The same answer again from the same present, by the numbers of futures that `made` says were run:
// also in a decider that was never prepared. Of questions answered together, the row at
// made->together_at. Fails with LS_ERR_INVALID when `present` is not the one it was made from.
ls_status ls_decider_replay(ls_decider *decider, const ls_snapshot *present, const ls_answer *made,
                            ls_answer *out, ls_error *err);
