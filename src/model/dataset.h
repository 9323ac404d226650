// dataset.h - rows of features with what they should have told: what every learner reads.
//
// A dataset is a table in memory: `row_count` rows of `column_count` float32 features, row by row
// (row r, column c stands at values[r * column_count + c]); NaN is a missing value. Beside the
// features each row has a moment, a unit (the part, engine, machine it is about), a label, the
// moment at which the label became known, and a weight. Rows stand in the order of (time, unit).
// All memory belongs to the dataset's arena. Not thread safe while it is filled; const afterwards.
//
// The file (`ls_dataset_write`), for any trainer in any language; all numbers little-endian:
//
//   bytes             what
//   8                 "LSDATA1\n"
//   8                 uint64: size of the header, a multiple of 8
//   header            a JSON object, filled up with blanks: {"version":1, "rows":N,
//   "columns":[...],
//                     "units":[...], "label":"..."} (names of features, of units; what the label
//                     is)
//   4 * N * columns   float32, row by row: the features
//   0 or 4            zeros, up to a multiple of 8
//   8 * N             int64: the moment of each row, microseconds since 1970
//   8 * N             int64: the moment at which its label became known; 2^63 - 1: not yet
//   8 * N             float64: the label; NaN: not known
//   4 * N             float32: the weight, 0 or more
//   4 * N             uint32: the unit, an index into "units"
//   8 * N             only where the header says "version":2: float64, the latest that the label
//                     may be, at least the label; infinite where a life had not ended by then
//   32                SHA-256 of everything before
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/sha256.h"

enum {
    LS_DATASET_COLUMNS_MAX = 4096,
    LS_DATASET_UNITS_MAX = 1 << 24,
};
#define LS_DATASET_ROWS_MAX ((size_t)1 << 27)
#define LS_DATASET_BYTES_MAX ((size_t)4 << 30)
#define LS_KNOWN_NEVER INT64_MAX

typedef struct ls_dataset {
    size_t row_count;
    uint32_t column_count, unit_count;
    const char **columns;    // names, no two the same
    const char **units;      // names
    const char *label_name;  // what the label is
    float *values;           // row_count x column_count
    int64_t *time_us;        // since 1970
    int64_t *known_us;       // when the label became known, at least time_us; LS_KNOWN_NEVER
    double *label;           // NaN: not known
    float *weight;
    uint32_t *unit;
    double *latest;  // the label may be up to this, INFINITY: its end was not seen; NULL: labels
                     // are exact
    ls_arena arena;  // holds all of it
} ls_dataset;

// A table of this size: values and labels NaN, known_us LS_KNOWN_NEVER, weights 1, everything else
// 0, names NULL (the caller sets them, in the arena: ls_arena_text). Fails with LS_ERR_LIMIT (names
// the limit) or LS_ERR_MEMORY; *out is then empty and needs no clear.
ls_status ls_dataset_init(ls_dataset *out, size_t row_count, uint32_t column_count,
                          uint32_t unit_count, ls_error *err);
void ls_dataset_clear(ls_dataset *dataset);  // NULL and all zero are fine
// Room for `latest`, each as its label is now.
ls_status ls_dataset_bound(ls_dataset *dataset, ls_error *err);

static inline const float *ls_dataset_row(const ls_dataset *dataset, size_t row) {
    return dataset->values + row * dataset->column_count;
}
// Its index, UINT32_MAX when there is none. O(columns).
uint32_t ls_dataset_column(const ls_dataset *dataset, const char *name);

// The rows of these indexes (rising) as a dataset of its own, with the same columns and units.
ls_status ls_dataset_take(const ls_dataset *from, const size_t *rows, size_t count, ls_dataset *out,
                          ls_error *err);

// ---- files

// The bytes of the file in memory of `arena`. The same dataset gives the same bytes.
ls_status ls_dataset_pack(const ls_dataset *dataset, ls_arena *arena, unsigned char **out,
                          size_t *out_size, ls_error *err);
// Total: any bytes. Fails with LS_ERR_INVALID or LS_ERR_VERSION, saying what is wrong and at which
// byte, row or column; `name` is the file for messages. Checks the SHA-256, that names are there
// and different, units in range, weights finite, labels with the moment they became known, order.
ls_status ls_dataset_unpack(const void *bytes, size_t size, const char *name, ls_dataset *out,
                            ls_error *err);
ls_status ls_dataset_write(const ls_dataset *dataset, const char *path, ls_error *err);
ls_status ls_dataset_read(const char *path, ls_dataset *out, ls_error *err);
// SHA-256 of its file without making it whole.
ls_status ls_dataset_hash(const ls_dataset *dataset, uint8_t out[LS_SHA256_SIZE], ls_error *err);

// ---- splits: by time and by unit, never by row

typedef enum ls_split_part {
    LS_PART_TRAIN,      // to learn from
    LS_PART_CALIBRATE,  // later: for intervals, early stopping, hyperparameters
    LS_PART_TEST,       // latest: held out, for the gates
    LS_PART_NONE,       // not used: unlabelled, or in more than one part
    LS_PART_COUNT
} ls_split_part;

typedef enum ls_split_by {
    LS_SPLIT_TIME,  // cuts in time. A row whose label was not known at the cut it stands before is
                    // left out (what was learnt could not have been), as is a unit's earlier part
                    // where `unit_is_whole`
    LS_SPLIT_UNIT,  // units in the order of their first row: the first ones train, the last ones
                    // test; no unit is on two sides
} ls_split_by;

typedef struct ls_split_def {
    ls_split_by by;
    double train, calibrate;  // shares of the labelled rows (units); the rest is test
    int64_t gap_us;           // with TIME: so much before each cut is left out too
    bool unit_is_whole;       // with TIME: a unit that has rows on both sides of a cut counts only
                              // on the later one
} ls_split_def;
ls_split_def ls_split_def_default(void);  // TIME, 0.6, 0.2, no gap, units are not whole

// The part of each row into parts[row_count], and how many there are of each. Fails with
// LS_ERR_INVALID when one of the three is empty.
ls_status ls_dataset_split(const ls_dataset *dataset, const ls_split_def *def, uint8_t *parts,
                           size_t counts[LS_PART_COUNT], ls_error *err);
// Where it cuts: rows before this moment are among the first `share` of the labelled ones.
int64_t ls_dataset_cut_us(const ls_dataset *dataset, double share);
// The rows of one part as a dataset of its own.
ls_status ls_dataset_take_part(const ls_dataset *from, const uint8_t *parts, ls_split_part part,
                               ls_dataset *out, ls_error *err);

// Lives that had not ended are not left out of what is learned: that would say that lives are
// short.
typedef struct ls_censor_def {
    int64_t at_us;     // what was known then: the cut in time, or the end of the range
    int64_t gap_us;    // with a cut in time: so much before it is left out
    bool by_unit;      // else the part is that before at_us
    int64_t delay_us;  // an event is known so much later
    double most;       // seconds after which nobody looked any more, above 0; 0: for ever
} ls_censor_def;
// The training part of a dataset whose labels are seconds until an event, with `latest`: ended
// lives as they are, at `most` those that lasted longer, the others as far as they had come.
ls_status ls_dataset_take_lives(const ls_dataset *all, const uint8_t *parts,
                                const ls_censor_def *def, ls_dataset *out, ls_error *err);
