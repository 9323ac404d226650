// cost.h - what the plant costs to run, as its publication counts: what is lost with the purge and
// the product, the compressor's power, the steam.
#pragma once

#include "process/state.h"

// Dollars an hour, from what the instruments show (J. J. Downs and E. F. Vogel 1993): kilomols of
// each component lost by their price, 0.0536 $/kWh, 0.0318 $/kg of steam. 170.6 at rest, as
// published; it is as noisy as the instruments are.
double ls_te_cost(const double measured[LS_TE_MEASURED]);
