// explain.h - a plant told back: the plant file with every default filled in.
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "plant/plant.h"

// Appends a plant file to *out that reads back to the same plant (with the same CSV files beside
// it). Keys that are not there and have no value to be written stand as comments with what holds
// instead. Fails only with LS_ERR_MEMORY.
ls_status ls_plant_explain(const ls_plant *plant, ls_buffer *out);

// Appends docs/PLANT.md: what a plant file may say, made from the table of keys, and what it means.
ls_status ls_plant_reference(ls_buffer *out);
