// oracle_plants.h - for tests only: plants that use everything the engine can do.
#pragma once

typedef struct oracle_plant {
    const char *name;
    const char *text;  // NULL: the file of the same name under the source root
} oracle_plant;

enum { ORACLE_PLANTS = 9 };
extern const oracle_plant oracle_plants[ORACLE_PLANTS];

struct ls_twin *oracle_twin_of(int plant);
