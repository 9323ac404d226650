// late_gnutls.c - see late_gnutls.h.
#define LS_LATE_NAMES  // as they are
#include "exec/late_gnutls.h"

ls_gnutls_table ls_gnutls;

#define ROW(name) {#name, &ls_gnutls.name},
static const ls_late_function functions[] = {LS_GNUTLS_FUNCTIONS(ROW)};

ls_status ls_gnutls_open(ls_error *err) {
    static ls_late library = {.library = "libgnutls.so.30",
                              .package = "libgnutls30",
                              .functions = functions,
                              .count = sizeof functions / sizeof *functions};
    return ls_late_open(&library, err);
}
