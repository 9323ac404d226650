// race.h - which of several candidates costs least, by a budget of futures that they have in
// common.
//
// Sequential halving (Karnin, Koren, Somekh, ICML 2013) on differences paired with the incumbent:
// of k candidates those alive in each of ceil(log2 k) rounds (at least three) run the same further
// futures, and the better half stays; the incumbent, candidate 0, always does. The winner is taken
// only when its paired interval, Bonferroni over the challengers, excludes zero. A candidate whose
// futures fail costs NaN and goes first.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/statistics.h"
#include "decide/cost.h"
#include "decide/decide.h"

enum {
    LS_RACE_MIN = 4,           // futures below which nothing is taken
    LS_RACE_ROUNDS_LEAST = 3,  // of few candidates too: a hopeless race ends after one of them
    LS_RACE_LOOK = 8,          // futures below which no race is called hopeless
};

// What a candidate costs in one future. Called from any worker's thread; `future` numbers a stream
// of common random numbers. A future that cannot be run gives NaN amounts; LS_ERR_STOPPED: it was
// late before the future was over.
typedef struct ls_race_field {
    ls_status (*run)(void *context, uint32_t candidate, uint64_t future, int worker,
                     ls_amounts *out, ls_error *err);
    void *context;
    double weights[LS_TERM_COUNT];
} ls_race_field;

typedef struct ls_race {
    const ls_race_field *field;
    const ls_lent *lent;
    const ls_budget *budget;  // for `late`
    ls_amounts *amounts;      // [future * count + candidate], the caller's memory
    uint32_t capacity;        // futures that fit
    uint32_t count;           // candidates
    uint64_t first_future;
    uint32_t done;                                   // futures that every candidate alive has run
    uint32_t alive_count, alive[LS_CANDIDATES_MAX];  // rising
    uint32_t runs[LS_CANDIDATES_MAX], rounds[LS_CANDIDATES_MAX];
    uint32_t settled;  // futures whose costs took part in leaving candidates out
    uint64_t total;    // futures of all candidates together
    bool cut;
} ls_race;

// Futures for each candidate in a round, and the number of rounds.
uint32_t ls_race_rounds(uint32_t candidates);
uint32_t ls_race_share(uint32_t budget, uint32_t candidates, uint32_t round);
// Candidates alive in a round: 5 3 2.
uint32_t ls_race_alive(uint32_t candidates, uint32_t round);

// memory: of ls_race_memory(capacity futures, candidates) amounts.
void ls_race_init(ls_race *race, const ls_race_field *field, const ls_lent *lent,
                  const ls_budget *budget, uint32_t candidates, uint64_t first_future,
                  ls_amounts *memory, uint32_t capacity);
// Runs `futures` more for those alive. Late, it ends with what is complete (race->cut).
ls_status ls_race_more(ls_race *race, uint32_t futures, ls_error *err);
// The better half stays, at least the incumbent and one more.
void ls_race_halve(ls_race *race);

// Rounds of halving with this budget; each notes in round_futures[*io_round] how many futures it
// really ran. `made`: an answer that is made again, with as many rounds and futures as it says; it
// ends cut where that one did. NULL: a new one. io_round: races of one answer go on counting.
ls_status ls_race_run(ls_race *race, uint32_t budget, const ls_answer *made, uint32_t *io_round,
                      uint32_t round_futures[LS_ROUNDS_MAX], ls_error *err);

ls_effect ls_race_effect(const ls_interval *gain);
// Claim, joint and by_base, and each term: not known.
void ls_race_no_effects(ls_answer *out);

// Incumbent less candidate over futures [from, to): more is better for the candidate.
ls_interval ls_race_gain(const ls_race *race, uint32_t candidate, uint32_t from, uint32_t to,
                         double level);
// No challenger that is alive lies within two standard errors of the incumbent, or better: most
// questions end so, and what is left of their budget is not spent.
bool ls_race_is_hopeless(const ls_race *race);
// The candidate alive with the least cost over [from, to) whose gain at `level`, Bonferroni over
// all challengers, is above 0 and on average at least gain_min; else 0.
uint32_t ls_race_winner(const ls_race *race, uint32_t from, uint32_t to, double level,
                        double gain_min);
// The level of one of several intervals that hold together.
double ls_race_level(double level, uint32_t challengers);
