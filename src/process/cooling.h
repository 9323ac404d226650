// cooling.h - heat through walls: the reactor's coils, the condenser, the stripper's steam.
#pragma once

#include "process/physics.h"

void ls_te_cool(const ls_te_state *state, ls_te_moment *m);
