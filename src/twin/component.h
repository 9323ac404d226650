// component.h - parts of the world on one clock.
//
// Stations, and later vehicles and robot cells, are components: each says when its next event is,
// goes on to a time, and exchanges messages with the others in between. The clock always advances
// to the earliest next event of all; at one time components go in the order in which they were
// added, so that ties are settled by rule. A clock with one component runs it straight to the end:
// nothing is paid for what is not there.
#pragma once

#include "twin/twin.h"

// What one component tells others: its meaning is a matter of the two. Times in us.
typedef struct ls_message {
    int64_t time_us;
    uint32_t from, to;  // numbers of components in the clock
    uint32_t kind;      // of the sender's choice
    uint32_t a, b;
    double value;
} ls_message;

typedef struct ls_outbox ls_outbox;

typedef struct ls_component {
    const char *name;
    void *self;
    // Time of the next event, LS_NEVER if there is none. Not before the time last advanced to.
    int64_t (*next_event)(void *self);
    // Does everything up to and including until_us.
    ls_status (*advance)(void *self, int64_t until_us, ls_error *err);
    // Takes one message (all of a time in order), or, with message NULL, puts what it has to say
    // into outbox. May be NULL: hears and says nothing.
    ls_status (*exchange)(void *self, const ls_message *message, ls_outbox *outbox, ls_error *err);
} ls_component;

enum { LS_CLOCK_COMPONENTS_MAX = 16, LS_OUTBOX_MAX = 4096 };

struct ls_outbox {
    ls_message items[LS_OUTBOX_MAX];
    uint32_t count;
};
// LS_ERR_LIMIT when more than LS_OUTBOX_MAX messages wait at one instant.
ls_status ls_outbox_put(ls_outbox *outbox, const ls_message *message, ls_error *err);

typedef struct ls_clock {
    ls_component components[LS_CLOCK_COMPONENTS_MAX];
    uint32_t count;
    int64_t now_us;
    ls_outbox outbox;
} ls_clock;

void ls_clock_init(ls_clock *clock);
// Stores the component's number. Fails with LS_ERR_LIMIT.
ls_status ls_clock_add(ls_clock *clock, const ls_component *component, uint32_t *out_number,
                       ls_error *err);
// Everything up to and including until_us, messages delivered at the instant they are sent.
ls_status ls_clock_run(ls_clock *clock, int64_t until_us, ls_error *err);

// The stations of a twin as a component; the snapshot stays the caller's.
typedef struct ls_station_component {
    const ls_twin *twin;
    ls_snapshot *snapshot;
} ls_station_component;
ls_component ls_component_of_stations(ls_station_component *stations);
