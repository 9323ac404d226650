// sources.h - the drivers of a plant, and the broker of its own where the plant file wants one.
#pragma once

#include "line/driver.h"
#include "plant/listen.h"

enum { LS_SOURCES_MAX = 64 };

typedef struct ls_sources {
    uint32_t count;
    struct {
        const ls_source *source;
        const ls_driver_ops *ops;
        ls_driver *driver;
    } of[LS_SOURCES_MAX];
} ls_sources;

// Opens every source; on failure none is open. `file` is the plant file's name for errors.
ls_status ls_sources_open(const ls_listen *listen, const char *file, const ls_sink *sink,
                          ls_sources *out, ls_error *err);
void ls_sources_close(ls_sources *sources);
// Is every source connected?
bool ls_sources_connected(const ls_sources *sources);
