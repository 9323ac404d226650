// measure.h - the instruments: 22 that always show, three analysers that show late; trips.
#pragma once

#include <stdbool.h>

#include "process/physics.h"

// Why this moment would shut the plant down; LS_TE_RUNS if it would not. By true values.
ls_te_trip ls_te_trip_of(const ls_te_moment *moment);
// "the reactor's pressure is above 3000 kPa", for people.
const char *ls_te_trip_text(ls_te_trip trip);

// Writes the continuous measurements; with noise unless the plant has shut down or has not begun.
void ls_te_measure(ls_te_state *state, const ls_te_moment *moment, bool noisy);
// Lets the analysers give out what they have finished, and take the next sample. first: at time 0
// they show what is.
void ls_te_analyse(ls_te_state *state, const ls_te_moment *moment, bool first);
