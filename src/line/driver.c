// driver.c - see driver.h: which drivers this build has.
#include "line/driver.h"

const ls_driver_ops *ls_driver_find(ls_source_kind kind) {
    switch (kind) {
    case LS_SOURCE_SPARKPLUG: return &ls_driver_sparkplug;
    case LS_SOURCE_JSON: return &ls_driver_json;
    case LS_SOURCE_MODBUS: return &ls_driver_modbus;
    case LS_SOURCE_KIND_COUNT: break;
    }
    return NULL;
}
