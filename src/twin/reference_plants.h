// reference_plants.h - small random plant files, a function of the seed. For tests only.
//
// Each kind of feature is off in most plants, so that every pair of them meets alone somewhere.
// Times are often whole minutes, so that many things happen in the same instant.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { REFERENCE_PLANT_SIZE = 32768 };

// Writes the text of a plant file, ended by 0; returns its length.
size_t reference_plant_write(uint64_t seed, char *out, size_t size);
