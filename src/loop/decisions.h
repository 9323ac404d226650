// decisions.h - the deciding part of the service: asks, journals, proposes, sends through the
// guard.
//
// A thread of its own looks at the followed plant, asks the decider whatever is open (events and
// times of `decide:`), on threads lent from here, and files every answer as a row: an event of the
// history of kind "decision" whose json is the row (docs/JSON.md), the snapshot beside it. A row is
// written before its command is sent. What comes back (verdicts of the guard, a person's approval)
// makes a new version of the row: an event of the same subject (the id) with version + 1; the
// newest counts. After a restart rows that were open are expired: nothing is ever sent late.
#pragma once

#include <jansson.h>

#include "decide/act.h"
#include "decide/course.h"
#include "guard/link.h"
#include "loop/intake.h"
#include "loop/journal.h"

typedef struct ls_decisions ls_decisions;

// `guard_folder` NULL: nothing can be sent, every mode is at most advise. Plant and twin are those
// of the intake's running plant, which stays until it is closed. Starts its thread.
ls_status ls_decisions_open(ls_intake *intake, ls_journal *journal, const char *guard_folder,
                            ls_decisions **out, ls_error *err);
// A base rule that a long search has found for this very plant.
typedef struct ls_found_base {
    const char *name;
    double gain, low, high;  // as of ls_base_rule
    int64_t horizon_us;      // 0: not found
} ls_found_base;
// It is gone by from the next question on where it is better than what is gone by now. False: it is
// not wanted (nothing is decided, it is no better than the line's own beyond doubt, or an
// experiment compares rules).
bool ls_decisions_offer_base(ls_decisions *decisions, const ls_found_base *found);
void ls_decisions_close(ls_decisions *decisions);  // NULL is fine

// What an operator may do to an open row. `version` is the one that was seen: another one, or a row
// that is no longer open, is refused with LS_ERR_INVALID and the reason for people. The same twice
// is once. `said`: what the operator adds in words, kept in the row; NULL or "": nothing.
typedef enum ls_review { LS_REVIEW_APPROVE, LS_REVIEW_REJECT, LS_REVIEW_HOLD } ls_review;
ls_status ls_decisions_review(ls_decisions *decisions, const char *id, uint32_t version,
                              ls_review review, const char *who, ls_role role, const char *said,
                              ls_error *err);

// What a person has the line do by hand with what comes in, through the guard as any other command:
// of a class with an order pool the first that waits comes in, all do, or they are put off; of
// another class one more is released. Needs a point `release` about it in mode approve or auto.
typedef struct ls_hand_def {
    const char *class;
    int64_t span_us;  // below 0: one comes in; 0: all do; else put off so long, a day at most
    uint32_t lots;    // put off: so many come in first
    const char *who;
    ls_role role;      // operator or engineer
    const char *said;  // kept in the row; NULL: nothing
} ls_hand_def;
// *out_id: of the row, which promises nothing; with two persons it waits for the second as an open
// one. LS_ERR_INVALID: the reason for people; LS_ERR_IO: the deciding part is busy.
ls_status ls_decisions_hand(ls_decisions *decisions, const ls_hand_def *def, char *out_id,
                            size_t size, ls_error *err);

// What a person does to the guard; deed->ticket is filled in here. Waits for its answer, at most
// two seconds. *out_stands: what stands now, an array (docs/JSON.md); NULL when it fails:
// LS_ERR_INVALID (there is no guard), LS_ERR_IO (it is away or silent).
ls_status ls_decisions_do(ls_decisions *decisions, const ls_guard_deed *deed,
                          ls_guard_answer *out_answer, json_t **out_stands, ls_error *err);

// Rows, newest first; `open` only those that wait for a person; at most `most`; before `before_us`
// (0: now). NULL: out of memory.
json_t *ls_decisions_list(ls_decisions *decisions, bool open, int64_t before_us, uint32_t most);
json_t *ls_decisions_get(ls_decisions *decisions, const char *id);  // NULL: no such row
// {"mode", "base", "bases", "horizon_s", "guard", "asked", "futures_per_s", "late", "open", "sent",
//  "promised", "points": [...]}; for /state, the page and /metrics.
json_t *ls_decisions_summary(ls_decisions *decisions);
typedef struct ls_decisions_figures {
    uint64_t asked, futures, sent, refused, late, open;
    uint64_t not_kept;            // rows that the history did not take; nothing was sent for them
    double futures_per_s;         // of the time spent in the search
    double held;                  // share of answers within their deadline
    double used_50_s, used_99_s;  // time from event to row, rounded up to a power of two of 16 us
    double wire_held;  // share of commands on the wire within the deadline, counted from the event
    double wire_50_s, wire_99_s, wire_999_s;  // time from event to the wire, rounded up likewise
    double promised;                          // gain of what was sent, in the objective's unit
    bool guard;                               // it is there
    bool prepared;                            // the base rule was looked for
} ls_decisions_figures;                       // NaN where there is nothing yet
ls_decisions_figures ls_decisions_describe(ls_decisions *decisions);

// One act of a decision that the line has done, or was told.
typedef struct ls_done {
    ls_decide_kind kind;
    uint32_t point;   // of decide:
    int64_t time_us;  // when it was told, plant time
    bool first;       // of its decision; the promise stands with it
    // Promised by the decision; 0: nothing that can be added. Of a setting: in its value's unit
    // times hours, over the horizon.
    double gain, low, high;
    ls_act act;
    // Whether its decision promised anything (people's own and parts of one do not), how that comes
    // about, and until when.
    bool promises;
    int64_t horizon_us;
    ls_course course;
    char base[LS_BASE_NAME];  // the rule that was followed; "": it is an act of its own
} ls_done;
// Those told in [from, to), plant time, by time; freed with ls_free. Only since the start of the
// service: acts of before are in the history alone. Fails with LS_ERR_MEMORY.
ls_status ls_decisions_done(ls_decisions *decisions, int64_t from_us, int64_t to_us, ls_done **out,
                            size_t *out_count, ls_error *err);
// Those rows of a kind get a new version that says what they brought. `value`: of settings only
// those that are for this one (into listen.values).
void ls_decisions_realise(ls_decisions *decisions, ls_decide_kind kind, uint32_t value,
                          int64_t from_us, int64_t to_us, json_t *realised);
// The longest of the points, for this plant, those of settings included; 0: not known yet.
int64_t ls_decisions_horizon_us(ls_decisions *decisions);
// How long the windows of the account are: twice that, from an hour to twelve; 0: not known yet.
int64_t ls_decisions_window_us(ls_decisions *decisions);
// Counts up with every new version of any row: for live streams. *out_id: the newest one's.
uint64_t ls_decisions_changes(ls_decisions *decisions, char *out_id, size_t size);
