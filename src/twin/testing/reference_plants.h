// reference_plants.h - small random plant files, a function of the seed. For tests only.
//
// Each kind of feature is off in most plants, so that every pair of them meets alone somewhere.
// Times are often whole minutes, so that many things happen in the same instant.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { REFERENCE_PLANT_SIZE = 32768, REFERENCE_TABLE_SIZE = 4096 };

typedef struct reference_plant {
    char yaml[REFERENCE_PLANT_SIZE];
    char orders[REFERENCE_TABLE_SIZE];   // orders.csv, empty: the plant names none
    char initial[REFERENCE_TABLE_SIZE];  // initial.csv
} reference_plant;

void reference_plant_write(uint64_t seed, reference_plant *out);
