// store_suite.h - what every backend of the history has to do, as tests: store_suite_run is called
// by the test program of each.
#pragma once

#include "history/store.h"

typedef struct store_suite {
    const ls_store_ops *ops;
    // Makes *def point to an empty store of its own for the next test; false: failed.
    bool (*fresh)(ls_history_def *def);
} store_suite;

void store_suite_run(const store_suite *suite);

// A batch of pseudo-random series of all kinds and qualities, with late and doubled samples; the
// same for the same seed. Valid until the next call.
typedef struct store_data store_data;
store_data *store_data_make(ls_tags *tags, uint64_t seed, uint32_t tag_count, int batches);
void store_data_free(store_data *data);
const ls_store_batch *store_data_batch(const store_data *data, int index);
// Everything in the store as text, one sample or event a line.
char *store_tell(const ls_store_ops *ops, ls_store *store, const ls_tags *tags);
