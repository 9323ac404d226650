// state.h - the running process: one flat value.
//
// No pointer, no allocation: copy it and there are two plants with the same future. Padding is
// zero, so that equal states have equal bytes. Published numbers of states, measurements and valves
// are from 1, indexes here from 0.
#pragma once

#include <stdint.h>

#include "process/holdup.h"
#include "process/walk.h"

enum {
    LS_TE_MEASURED = 41,  // XMEAS: 22 continuous, 14 of two gas analysers, 5 of the product's
    LS_TE_CONTINUOUS = 22,
    LS_TE_GAS = 36,     // up to here the gas analysers
    LS_TE_VALVES = 12,  // XMV
    LS_TE_INTEGRATED = 50,
    LS_TE_SETPOINTS = 20,
};

// What is integrated, in the published order of its 50 numbers.
typedef struct ls_te_integrated {
    ls_te_holdup reactor, separator, stripper, header;
    double reactor_water_c, condenser_water_c;  // cooling water at the outlets
    double valve_percent[LS_TE_VALVES];         // where the valves are
} ls_te_integrated;

// Why the plant has shut down; from then on nothing moves and nothing is noisy.
typedef enum ls_te_trip {
    LS_TE_RUNS,
    LS_TE_TRIP_REACTOR_PRESSURE,  // above 3000 kPa gauge
    LS_TE_TRIP_REACTOR_FULL,      // above 24 m3 of liquid
    LS_TE_TRIP_REACTOR_EMPTY,     // below 2 m3
    LS_TE_TRIP_REACTOR_HOT,       // above 175 C
    LS_TE_TRIP_SEPARATOR_FULL,    // above 12 m3
    LS_TE_TRIP_SEPARATOR_EMPTY,   // below 1 m3
    LS_TE_TRIP_STRIPPER_FULL,     // above 8 m3
    LS_TE_TRIP_STRIPPER_EMPTY,    // below 1 m3
    LS_TE_TRIPS
} ls_te_trip;

typedef struct ls_te_state {
    ls_te_integrated now;
    double time_h;                         // as the published program adds it up
    double command_percent[LS_TE_VALVES];  // XMV: what the valves are told
    double obeyed_percent[LS_TE_VALVES];   // the command that each is moving to; differs where it
                                           // sticks
    double guess_c[4];                     // last temperatures, where Newton's method begins
    double measured[LS_TE_MEASURED];       // XMEAS, with noise
    double pending[LS_TE_MEASURED];        // samples that the analysers are still working on
    double gas_due_h, product_due_h;       // when their results come out
    ls_te_walk walks[LS_TE_WALKS];
    double generator;                  // the random numbers; see noise.h
    double setpoint[LS_TE_SETPOINTS];  // of the loops, see control.h
    double error[LS_TE_SETPOINTS];     // what each loop last saw
    int64_t steps;                     // of one second, done
    uint32_t idv;                      // disturbances that act
    uint32_t trip;                     // an ls_te_trip
    uint32_t purge;                    // an override of the purge valve, see control.h
    uint32_t pad;
} ls_te_state;
