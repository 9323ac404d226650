// decisions_inside.h - inside of the deciding part: its rows, and what its files share.
//
// One thread asks, files and sends. `lock` is around rows and figures; reviews and verdicts come
// from other threads and take it. The intake's lock is taken for looking only, never while `lock`
// is held.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"
#include "base/threads.h"
#include "decide/ask_setting.h"
#include "decide/decide.h"
#include "loop/decisions.h"
#include "loop/decisions_number.h"
#include "loop/experiment.h"
#include "loop/told.h"

enum {
    DECISION_ROWS = 2000,      // kept in memory; older ones stand in the history
    DECISION_QUESTIONS = 256,  // open at once
    DECISION_TOGETHER = 8,     // answered in one search
    DECISION_SNAPSHOTS = 200,  // the newest, for replay
    DECISION_BUCKETS = 32,     // of times used: powers of two of 16 us
    DECISION_ID_SIZE = 40,
    DECISION_NAME_SIZE = 128,  // of a lot
    DECISION_TEXT_SIZE = 400,
};

typedef enum decision_state {
    DECISION_KEPT,      // the line's own rule is best: nothing to do
    DECISION_WATCHED,   // mode watch
    DECISION_ADVISED,   // mode advise
    DECISION_OPEN,      // waits for a person
    DECISION_APPROVED,  // by a person; about to be sent, or a person does it
    DECISION_REJECTED,
    DECISION_HELD,     // put aside by a person; may still be approved
    DECISION_EXPIRED,  // nobody said anything in time, or it lapsed
    DECISION_REFUSED,  // by a guard
    DECISION_SENT,
    DECISION_DONE,    // the line says so, and it was read back
    DECISION_DENIED,  // by the line
    DECISION_LOST,    // no answer
    DECISION_LATE,    // after its deadline: not sent
    DECISION_STATE_COUNT
} decision_state;

typedef struct decision_row {
    uint64_t number;  // id is "d-NUMBER"
    uint32_t version;
    decision_state state;
    ls_question question;
    ls_candidate chosen;
    ls_effect effect;  // of the chosen against what the line would do
    ls_course course;  // how it comes about
    uint32_t claim_futures;
    bool by_hand;                // a person's own: nothing was reckoned
    bool by_base;                // the effect is what the base rule gains, as a rule
    uint64_t joint;              // number of the search whose effect it shares; 0: its own
    int64_t now_us, horizon_us;  // plant time
    uint64_t mark;               // of its machine when decided, see decisions_look.c
    int64_t expires_us;          // plant time; 0: never
    int64_t heard_us, decided_us, deadline_us;  // monotonic
    int64_t sent_us;                            // plant time; of those sent
    bool to_send;                               // approved, not yet sent
    uint32_t commands, answered;
    json_t *json;  // the row as docs/JSON.md has it
} decision_row;

// What is known of one question since it was last asked.
typedef struct decision_memory {
    ls_question question;
    uint64_t signature;     // of its candidates
    int64_t asked_us;       // plant time; of what concerns no single machine
    int64_t shut_until_us;  // order pool: the end of being put off of which it was asked
    int64_t pending;        // serial of the lot that the line was told to take, -1: none
    uint64_t pending_mark;
    bool put_off;  // a setting: what was heard last says nothing, and that has been told
} decision_memory;

// What was heard of one tag, rising in time; in plant time, up to `until_us` (since 1970).
typedef struct decision_heard {
    ls_seen *items;
    uint32_t count;
    int64_t until_us;
    bool gone;  // what came last is stale, bad or no number
} decision_heard;

typedef struct decision_setting {
    decision_heard value, setting;
} decision_setting;

typedef struct decision_lot {
    int64_t serial;  // -1: nobody in this slot
    char name[DECISION_NAME_SIZE];
} decision_lot;

typedef struct decision_hand {  // what a person wants done, until there is a row for it
    ls_question question;
    ls_act act;
    char who[64], said[DECISION_TEXT_SIZE];
    ls_role role;
    bool taken;
    ls_status status;
    ls_error err;
    char id[DECISION_ID_SIZE];
} decision_hand;

typedef struct decision_offer {  // a base rule that was found elsewhere
    bool waits;
    char name[LS_BASE_NAME];
    double gain, low, high;
    int64_t horizon_us;
} decision_offer;

typedef struct decision_figures {
    uint64_t asked, futures, sent, refused, late, approved, failed;
    uint64_t buckets[DECISION_BUCKETS];       // from event to row
    uint64_t wire_buckets[DECISION_BUCKETS];  // from event to command on the wire, mode auto
    uint64_t wired, wired_late;
    double asking_s;  // spent in the search
    double promised;  // gain of what was sent
} decision_figures;

struct ls_decisions {
    ls_intake *intake;
    ls_journal *journal;
    const ls_plant *plant;
    const ls_twin *twin;
    ls_decider *decider;
    ls_threads *pool;
    ls_guard_link *link;        // NULL: nothing can be sent
    ls_experiment *experiment;  // of the deciding thread; NULL: none
    bool barred;                // by the experiment, at the last look
    pthread_mutex_t lock;
    pthread_t thread;
    bool has_lock, has_thread, prepared;
    _Atomic bool ends;
    _Atomic bool guard_there;
    _Atomic bool guard_came;  // since what stands open was asked about
    _Atomic bool called;      // a person has said something

    struct {                   // what a person tells the guard, one at a time
        pthread_mutex_t turn;  // held from question to answer
        pthread_mutex_t lock;  // of what follows
        pthread_cond_t wake;
        uint64_t ticket;
        bool waits;
        json_t *stands;
        ls_guard_answer answer;
        decision_hand *hand;  // of whoever has the turn; NULL: nothing waits
    } people;

    // of the deciding thread alone
    ls_snapshot *present, *fresh;
    decision_lot *lots;  // by slot, of the present
    uint32_t lot_count;
    decision_memory *memories;
    uint32_t memory_count;
    int64_t *due_us;             // by point, plant time; -1: not yet
    decision_setting *settings;  // by point, where it is about one; NULL: none was asked for
    ls_outlook *outlook;         // of the question about a setting that is being answered
    int64_t levels_heard_us;     // monotonic
    ls_told told;                // to the presents below
    struct decision_qualities *qualities;  // NULL: not needed yet
    int64_t heard_us;  // monotonic: the oldest signal that this look is the first to see; 0: none
    double certainty;
    uint64_t divergences;
    int64_t in_step_since_us, now_us;  // plant time
    int64_t prepare_us;                // monotonic: when the search for a base began
    int64_t beaten_us;                 // monotonic
    int64_t overshoot_us;              // answers came so much after they were called for, lately
    uint32_t sequence;

    // under the lock
    decision_row *rows;  // ring
    uint32_t row_at, row_count;
    uint64_t next_number;
    uint64_t changes;
    char changed_id[DECISION_ID_SIZE];
    decision_figures figures;
    uint64_t searches;   // of several questions together
    int64_t sending_us;  // from the decision to the wire it took at most so long, lately
    decision_offer offer;
    int64_t promised_us;  // plant time up to which the base rule's gain is promised
};

int64_t ls_decisions_monotonic_us(void);
int64_t ls_decisions_wall_us(void);
// For tests: our monotonic clock runs so far ahead of the one that stamps what is heard, as if
// everything had waited so long.
void ls_decisions_clock_ahead(int64_t us);
void ls_decisions_wake(ls_decisions *d);  // under no lock
void ls_decisions_count_time(uint64_t *buckets, int64_t us);

// ---- decisions_row.c: under the lock
const char *ls_decision_state_name(decision_state state);
bool ls_decision_is_open(const decision_row *row);                 // open or held
decision_row *ls_decisions_row(ls_decisions *d, uint64_t number);  // NULL
// A new version: state and version go into the json, the event into the history. False: it could
// not be kept; then nothing may be sent, and the row says what it was.
bool ls_decisions_keep(ls_decisions *d, decision_row *row, decision_state state,
                       const char *reason);
// A row of its own number, not kept yet; takes json. The oldest goes.
decision_row *ls_decisions_add(ls_decisions *d, json_t *json);
// Rows of the history into memory; what was open is expired, what was sent without an answer lost.
ls_status ls_decisions_recall(ls_decisions *d, ls_error *err);
void ls_decisions_forget(ls_decisions *d);

// ---- decisions_partly.c: under the lock
bool ls_decisions_went(const decision_row *row, uint32_t act);  // to the line, as far as is known
// Where some commands of the row went and others did not: says in the row how many, and in `out`
// which and why. False: it is not so.
bool ls_decisions_note_partly(decision_row *row, char out[DECISION_TEXT_SIZE]);
// Of rows that one search found together: a row that went holds (`apart`) those that did not.
// Before this row is kept, and after: then the others get a new version.
void ls_decisions_note_apart(ls_decisions *d, decision_row *row);
void ls_decisions_tell_apart(ls_decisions *d, const decision_row *row);

// ---- decisions_look.c: of the deciding thread
// The present, certainty and names of lots. False: nothing is followed.
bool ls_decisions_look(ls_decisions *d, ls_snapshot *into);
// What a decision about this question is bound to: changes when the machine begins something else.
uint64_t ls_decisions_mark(const ls_decisions *d, const ls_snapshot *state,
                           const ls_question *question);
// Of all that could be done: the question is asked again when it changes.
uint64_t ls_decisions_signature(const ls_decisions *d, const ls_question *question);
// Until when the class is put off (plant time), which may be over. 0: it has no order pool, or
// until it is told.
int64_t ls_decisions_shut_until(const ls_decisions *d, const ls_question *question);
const char *ls_decisions_lot(const ls_decisions *d, int64_t serial);  // NULL
// Would the acts of the row still do something, now?
bool ls_decisions_still(ls_decisions *d, const decision_row *row);
decision_memory *ls_decisions_memory(ls_decisions *d, const ls_question *question);  // NULL

// ---- decisions_set.c: of the deciding thread
// Reads on what the history has of the value and its setting. False: it cannot be read.
bool ls_decisions_hear_setting(ls_decisions *d, const ls_question *question);
// Makes d->outlook for a question about a setting, as of d->now_us.
ls_status ls_decisions_outlook(ls_decisions *d, const ls_question *question, ls_error *err);
void ls_decisions_tell_levels(ls_decisions *d, ls_snapshot *present);
// Changes when the setting was changed, by whomever.
uint64_t ls_decisions_setting_mark(const ls_decisions *d, uint32_t point);
void ls_decisions_forget_settings(ls_decisions *d);
bool ls_decisions_is_setting(const ls_plant *plant, const ls_question *question);

// ---- decisions_condition.c: of the deciding thread
// One sentence about a condition as it was told to d->present, in English and Korean.
void ls_decisions_condition_words(const ls_decisions *d, uint32_t index, char *out, char *out_ko,
                                  size_t size);
// Of the machines that work slower or faster than the plant file says, as far as they were told; ""
// where there are none.
void ls_decisions_slowness_words(const ls_decisions *d, char *out, char *out_ko, size_t size);

// ---- decisions_quality.c: of the deciding thread
// How likely each lot is bad that is yet to be sorted, by what was said of the machine that made it
// while it was there.
void ls_decisions_tell_qualities(ls_decisions *d, ls_snapshot *present);
void ls_decisions_forget_qualities(ls_decisions *d);
// One sentence about a lot of which it was told. False: of this one nothing was.
bool ls_decisions_quality_words(const ls_decisions *d, int64_t serial, char *out, char *out_ko,
                                size_t size);

// ---- decisions_ask.c
// The base rule is followed where the line would do something else, and it is better as a rule.
bool ls_decisions_by_base(const ls_answer *answer);
uint32_t ls_decisions_claim_futures(const ls_answer *answer);
ls_effect ls_decisions_effect(const ls_answer *answer);  // chosen against what the line would do
// One question, or several together. Fills d->outlook for one about a setting.
ls_status ls_decisions_answer(ls_decisions *d, const ls_question *questions, uint32_t count,
                              const ls_budget *budget, ls_answer *out, ls_error *err);
void ls_decisions_ask_due(ls_decisions *d);

// ---- decisions_hand.c: of the deciding thread
void ls_decisions_serve_hand(ls_decisions *d);
// ---- decisions_review.c: under the lock
// Notes who has approved the row; as many as it takes: it is to be sent.
void ls_decisions_approve(ls_decisions *d, decision_row *row, const char *who, ls_role role,
                          const char *said);

// ---- decisions_text.c
typedef struct decision_words {
    char title[DECISION_TEXT_SIZE], title_ko[DECISION_TEXT_SIZE];
    json_t *why, *why_ko;  // arrays
} decision_words;
void ls_decisions_words(const ls_decisions *d, const ls_answer *answer, decision_words *out);
const char *ls_decisions_subject(const ls_plant *plant, const ls_question *question);
// That gains are told in: the objective's; of a setting that of its value.
const char *ls_decisions_unit(const ls_plant *plant, const ls_question *question);

// ---- decisions_json.c
json_t *ls_decisions_row_json(const ls_decisions *d, const ls_answer *answer,
                              const ls_effect *effect);
// "choose", ... and what it is done to.
const char *ls_act_kind_name(ls_act_kind kind);
const char *ls_act_on(const ls_plant *plant, const ls_act *act);

// ---- decisions_send.c
// Writes the row and sends its commands. Of the deciding thread.
void ls_decisions_send(ls_decisions *d, uint64_t number, bool automatic);
// What a row that was sent adds to what is promised. What the base rule gains in a span is promised
// once, though many rows of that span follow it: each adds the time that is new, as claim.share. So
// is what several acts of one search gain together, by the first of its rows that was sent.
// Under the lock.
double ls_decisions_promise(ls_decisions *d, decision_row *row);
void ls_decisions_verdict(void *context, const ls_verdict *verdict);

// ---- decisions_people.c: of the link's thread
void ls_decisions_stands(void *context, const ls_guard_standing *standing);
void ls_decisions_answered(void *context, const ls_guard_answer *answer);

// ---- decisions_snapshot.c
void ls_decisions_keep_snapshot(ls_decisions *d, uint64_t number, const ls_answer *answer);
