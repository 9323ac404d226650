// late_microhttpd.c - see late_microhttpd.h.
#define LS_LATE_NAMES  // as they are
#include "web/late_microhttpd.h"

ls_microhttpd_table ls_microhttpd;

#define ROW(name) {#name, &ls_microhttpd.name},
static const ls_late_function functions[] = {LS_MICROHTTPD_FUNCTIONS(ROW)};

ls_status ls_microhttpd_open(ls_error *err) {
    static ls_late library = {.library = "libmicrohttpd.so.12",
                              .package = "libmicrohttpd12",
                              .functions = functions,
                              .count = sizeof functions / sizeof *functions};
    return ls_late_open(&library, err);
}
