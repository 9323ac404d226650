// strip.h - the stripper's column: what rises and what runs down.
#pragma once

#include "process/physics.h"

// Streams 5 and 12 from 4 and 11. Of the species that do not condense a fixed share rises; of the
// others a share that grows with gas over liquid and with temperature.
void ls_te_strip(ls_te_moment *m);
