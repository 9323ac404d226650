// late_pq.c - see late_pq.h.
#define LS_LATE_NAMES  // as they are
#include "history/late_pq.h"

ls_pq_table ls_pq;

#define ROW(name) {#name, &ls_pq.name},
static const ls_late_function functions[] = {LS_PQ_FUNCTIONS(ROW)};

ls_status ls_pq_open(ls_error *err) {
    static ls_late library = {.library = "libpq.so.5",
                              .package = "libpq5",
                              .functions = functions,
                              .count = sizeof functions / sizeof *functions};
    return ls_late_open(&library, err);
}
