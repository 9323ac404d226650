// write_inside.h - what the files of the guard's writer share.
#pragma once

#include "guard/write.h"

enum {
    BEATS = 8,  // of which the times are kept
    UNSURE_MAX = 256,
    NO_SUCH_COMMAND = 1,
    NOT_NEWER = 5,  // Command/Result
};
#define GUARD_WRITE_AHEAD 23
#define GUARD_EXPIRY 24
#define GUARD_READ_BACK 25
#define GUARD_ONE_WRITER 31
#define GUARD_COMBINED 33

typedef enum wire_kind { WIRE_NOTHING, WIRE_FENCE, WIRE_COMMAND } wire_kind;

typedef struct wired {
    bool known;       // the line has told its id
    bool fenced;      // in this lease
    int64_t line_id;  // the last one told by the line
    int64_t used;     // the last one of ours
    wire_kind wire;   // what waits for its answer
    ls_command command;
    int64_t id, sent_us, asked_us;
    uint32_t reads;
    int64_t result;
} wired;

typedef struct unsure {  // sent before a restart, perhaps
    ls_command command;
    uint32_t device;
    int64_t id;
    bool sending;  // false: accepted, no more
    bool taken;    // the line has told this id; its answer will come
} unsure;

typedef struct waiting {
    ls_command command;
    uint32_t members;  // that go together from here on; 0: one of those before it
} waiting;

typedef enum lease {
    LEASE_NONE,
    LEASE_FENCING,  // fences are out
    LEASE_PROVING,  // all have come back while nobody beat; our first beat is out
    LEASE_HELD
} lease;

struct ls_guard_writer {
    ls_guard_writer_def def;
    wired *devices;
    waiting queue[LS_GUARD_QUEUE];
    uint32_t queued;
    const ls_command *leaving;  // between their rows and the wire
    uint32_t leaving_count;
    unsure unsure[UNSURE_MAX];
    uint32_t unsure_count;
    lease lease;
    bool able, lost_known, lost, was_heard;  // was_heard: the line heard us in this lease
    int64_t lease_until_us, fencing_us;
    int64_t beat_count, beat_due_us, beat_heard_us;
    struct {
        int64_t count, us;
    } beats[BEATS];
    uint64_t random;
    ls_guard_writer_figures figures;
};

// write.c
uint32_t ls_writer_device(const ls_guard_writer *w, const char *name);  // device_count: none
// A final verdict: row, figures, told.
void ls_writer_finish(ls_guard_writer *w, const ls_command *command, ls_command_result result,
                      uint32_t guard, const char *reason);
void ls_writer_trip(ls_guard_writer *w, const char *why);
int64_t ls_writer_next_id(const wired *d);
void ls_writer_put_on_wire(wired *d, wire_kind kind, int64_t id, int64_t now_us);

// write_restart.c: of what was sent before a restart, perhaps
void ls_writer_settle_by_answer(ls_guard_writer *w, uint32_t of, int64_t id, int64_t result,
                                const char *reason);
void ls_writer_settle_by_id(ls_guard_writer *w, uint32_t of, int64_t id);
void ls_writer_settle_below(ls_guard_writer *w, uint32_t of, int64_t id);

// write_queue.c
void ls_writer_send_what_may_go(ls_guard_writer *w, int64_t now_us);
void ls_writer_expire(ls_guard_writer *w, int64_t now_us);  // what has waited too long
