// schema.h - the table of all keys of a plant file: the only place that knows them. docs/PLANT.md
// is made from it.
#pragma once

#include "base/schema.h"

extern const ls_schema ls_plant_schema;
