// late_mosquitto.c - see late_mosquitto.h.
#define LS_LATE_NAMES  // as they are
#include "line/late_mosquitto.h"

ls_mosquitto_table ls_mosquitto;

#define ROW(name) {#name, &ls_mosquitto.name},
static const ls_late_function functions[] = {LS_MOSQUITTO_FUNCTIONS(ROW)};

ls_status ls_mosquitto_open(ls_error *err) {
    static ls_late library = {.library = "libmosquitto.so.1",
                              .package = "libmosquitto1",
                              .functions = functions,
                              .count = sizeof functions / sizeof *functions};
    return ls_late_open(&library, err);
}
