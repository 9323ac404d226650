// dataset_check.h - what is wrong with a dataset before anybody learns from it.
//
// A column from which the label can be read off (the same order, and equal exactly where the label
// is) is no feature but the answer: the target itself, its copy in another unit, something known
// only afterwards. Of labels that are classes that is a column with one value for each class; one
// that tells every class by thresholds alone may be honest, and is told. The answer, no label, and
// a label that never changes are reasons not to train; empty, constant and shifted columns are
// told.
#pragma once

#include "model/dataset.h"

typedef enum ls_finding_kind {
    LS_FINDING_LEAK,            // the label can be read off the column
    LS_FINDING_NO_LABELS,       // no row has one
    LS_FINDING_CONSTANT_LABEL,  // every label is the same
    LS_FINDING_EMPTY,           // a column without values
    LS_FINDING_CONSTANT,        // a column with one value
    LS_FINDING_SHIFTED,         // a column whose last fifth lies beyond what the others show
    LS_FINDING_TELLS,           // a column by which alone every class can be told
    LS_FINDING_COUNT
} ls_finding_kind;

typedef struct ls_finding {
    ls_finding_kind kind;
    uint32_t column;  // UINT32_MAX: of the label
    bool is_fatal;    // nothing should be learnt
} ls_finding;

enum {
    LS_FINDINGS_MAX = 256,
    LS_LEAK_LABELS_MIN = 10,
    LS_LEAK_ROWS_MIN = 20,
    LS_LEAK_CHANGES_MIN = 10,
};

// The first LS_FINDINGS_MAX findings, fatal ones first. A leak needs LS_LEAK_ROWS_MIN labelled rows
// and LS_LEAK_LABELS_MIN different labels: below, any column may look like one. Fewer labels are
// taken for classes; they must change LS_LEAK_CHANGES_MIN times in a unit's course, or a setting
// that was changed once in the meantime would look like the answer. O(columns x rows log rows).
// LS_ERR_MEMORY.
ls_status ls_dataset_check(const ls_dataset *dataset, ls_finding *out, size_t *out_count,
                           ls_error *err);
// One sentence for people, names included.
void ls_finding_print(const ls_dataset *dataset, const ls_finding *finding, char *out, size_t size);
