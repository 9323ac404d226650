// schema.h - the table of all keys of a pool file: the only place that knows them. docs/POOL.md is
// made from it.
#pragma once

#include "base/schema.h"

extern const ls_schema ls_pool_schema;
