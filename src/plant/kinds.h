// kinds.h - the small vocabularies of a plant, shared by the file, the model and the kernel.
#pragma once

typedef enum ls_per { LS_PER_LOT, LS_PER_PART, LS_PER_BATCH } ls_per;
typedef enum ls_blocking { LS_BLOCK_AFTER, LS_BLOCK_BEFORE } ls_blocking;
typedef enum ls_shift_end { LS_SHIFT_FINISH, LS_SHIFT_PAUSE, LS_SHIFT_ABORT } ls_shift_end;
typedef enum ls_fail_by {
    LS_FAIL_BUSY,
    LS_FAIL_CALENDAR,
    LS_FAIL_PARTS,
    LS_FAIL_LOTS,
    LS_FAIL_BATCHES
} ls_fail_by;
typedef enum ls_fail_lots { LS_LOTS_RESUME, LS_LOTS_RESTART, LS_LOTS_SCRAP } ls_fail_lots;
typedef enum ls_choice { LS_CHOOSE_FIRST, LS_CHOOSE_SHORTEST, LS_CHOOSE_RANDOM } ls_choice;
typedef enum ls_machine_choice { LS_MACHINE_FIRST, LS_MACHINE_LEAST_SETUP } ls_machine_choice;
typedef enum ls_batch_prefer { LS_BATCH_HEAD, LS_BATCH_FULL } ls_batch_prefer;

typedef enum ls_rule {
    LS_RULE_FIFO,        // longest in this queue first
    LS_RULE_LIFO,        // shortest in this queue first
    LS_RULE_SPT,         // shortest mean process time on this machine group first
    LS_RULE_LPT,         // longest first
    LS_RULE_EDD,         // earliest due date
    LS_RULE_SLACK,       // least (due - now - remaining mean process time)
    LS_RULE_CR,          // least (due - now) / remaining mean process time, this step included
    LS_RULE_FBFS,        // first buffer first served: lowest step number of the route
    LS_RULE_LBFS,        // last buffer first served: highest step number
    LS_RULE_SETUP,       // least setup time on this machine
    LS_RULE_HOT,         // highest priority
    LS_RULE_QUEUE_TIME,  // lots under a running queue-time limit first, earliest deadline first
    LS_RULE_WEIGHTED,    // greatest weighted sum, see ls_criterion.weights
    LS_RULE_RANDOM,      // a draw per lot at arrival in the queue
    LS_RULE_NO_SETUP,    // lots that need no setup time on this machine first
} ls_rule;

// Terms of the weighted sum, each multiplied by its weight; the greatest sum goes first.
enum {
    LS_W_WAIT_H,
    LS_W_PRIORITY,
    LS_W_SETUP_H,
    LS_W_PROCESS_H,
    LS_W_SLACK_H,
    LS_W_LATE_H,
    LS_W_STEP,
    LS_W_COUNT
};

typedef enum ls_release_kind {
    LS_RELEASE_EVERY,
    LS_RELEASE_TIMETABLE,
    LS_RELEASE_KEEP
} ls_release_kind;
