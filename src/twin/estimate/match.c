// match.c - see match.h.
#include "twin/estimate/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static int by_time(const void *a, const void *b) {
    const ls_logged *x = a;
    const ls_logged *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    return (x->label > y->label) - (x->label < y->label);
}

typedef struct labelled {
    uint64_t label;
    int64_t time_us;
    size_t at;  // in b, ordered by time
} labelled;

static int by_label(const void *a, const void *b) {
    const labelled *x = a;
    const labelled *y = b;
    if (x->label != y->label) {
        return x->label < y->label ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

// The first of label at or after the time; count when there is none.
static size_t find(const labelled *sorted, size_t count, uint64_t label, int64_t time_us) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const labelled *m = &sorted[middle];
        if (m->label < label || (m->label == label && m->time_us < time_us)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// ends[k]: least place in b at which a common subsequence of length k + 1 can end.
static void extend(size_t *ends, size_t *length, size_t at) {
    size_t low = 0;
    size_t high = *length;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ends[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    ends[low] = at;
    *length = low == *length ? low + 1 : *length;
}

ls_status ls_match_logs(ls_logged *a, size_t a_count, ls_logged *b, size_t b_count,
                        int64_t delta_us, uint64_t pairs_most, size_t *out, ls_error *err) {
    labelled *sorted = ls_alloc(b_count * sizeof *sorted);
    size_t *ends = ls_alloc((b_count + 1) * sizeof *ends);
    if (sorted == NULL || ends == NULL) {
        ls_free(sorted);
        ls_free(ends);
        return ls_fail(err, LS_ERR_MEMORY, "no memory to compare logs of %zu events", b_count);
    }
    if (a_count > 0) {
        qsort(a, a_count, sizeof *a, by_time);
    }
    if (b_count > 0) {
        qsort(b, b_count, sizeof *b, by_time);
    }
    for (size_t i = 0; i < b_count; i++) {
        sorted[i] = (labelled){b[i].label, b[i].time_us, i};
    }
    if (b_count > 0) {
        qsort(sorted, b_count, sizeof *sorted, by_label);
    }
    ls_status status = LS_OK;
    size_t length = 0;
    uint64_t pairs = 0;
    for (size_t i = 0; i < a_count && status == LS_OK; i++) {
        const size_t from = find(sorted, b_count, a[i].label, a[i].time_us - delta_us);
        size_t to = from;
        while (to < b_count && sorted[to].label == a[i].label &&
               sorted[to].time_us - a[i].time_us <= delta_us) {
            to++;
        }
        pairs += to - from;
        if (pairs > pairs_most) {
            status = ls_fail(err, LS_ERR_LIMIT, "more than %llu pairs of events to compare",
                             (unsigned long long)pairs_most);
        }
        // From the last: one event of a is matched at most once.
        for (size_t k = to; k > from && status == LS_OK; k--) {
            extend(ends, &length, sorted[k - 1].at);
        }
    }
    *out = length;
    ls_free(sorted);
    ls_free(ends);
    return status;
}
