// te_component.h - the process on the twin's clock.
//
// Its events are its steps, one a second. It hears new setpoints and disturbances, and says when it
// shuts down; a message takes effect in the step after it.
#pragma once

#include "process/te.h"
#include "twin/component.h"

// What a message to it means, and what one from it.
enum {
    LS_TE_HEARS_SETPOINT = 1,     // a: number of the loop, value: the setpoint
    LS_TE_HEARS_DISTURBANCE = 2,  // a: number of the IDV, value: 0 off, else on
    LS_TE_SAYS_TRIP = 3,          // a: the ls_te_trip; once
};

typedef struct ls_te_component {
    ls_te_state *state;  // the caller's
    uint32_t tells;      // the component that hears of a trip
    uint32_t told;       // the trip that was said
} ls_te_component;

// Messages that make no sense fail with LS_ERR_INVALID: no such loop, disturbance, or a setpoint
// that ls_te_set_point refuses.
ls_component ls_component_of_te(ls_te_component *te);
