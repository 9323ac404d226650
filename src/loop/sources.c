// sources.c - see sources.h.
#include "loop/sources.h"

#include <string.h>

ls_status ls_sources_open(const ls_listen *listen, const char *file, const ls_sink *sink,
                          ls_sources *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    if (listen->source_count > LS_SOURCES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "%u sources; at most %d are opened", listen->source_count,
                       LS_SOURCES_MAX);
    }
    for (uint32_t i = 0; i < listen->source_count; i++) {
        const ls_source *source = listen->sources + i;
        const ls_driver_ops *ops = ls_driver_find(source->kind);
        ls_driver *driver = NULL;
        ls_status status = ops != NULL
                               ? ops->open(listen, source, sink, &driver, err)
                               : ls_fail_at(err, LS_ERR_INVALID, file, source->line, source->column,
                                            "this build cannot hear source '%s'", source->name);
        if (status != LS_OK) {
            ls_sources_close(out);
            return status;
        }
        out->of[out->count].source = source;
        out->of[out->count].ops = ops;
        out->of[out->count].driver = driver;
        out->count++;
    }
    return LS_OK;
}

void ls_sources_close(ls_sources *sources) {
    for (uint32_t i = 0; i < sources->count; i++) {
        sources->of[i].ops->close(sources->of[i].driver);
    }
    memset(sources, 0, sizeof *sources);
}

bool ls_sources_connected(const ls_sources *sources) {
    for (uint32_t i = 0; i < sources->count; i++) {
        ls_driver_figures figures = {0};
        sources->of[i].ops->figures(sources->of[i].driver, &figures);
        if (!figures.connected) {
            return false;
        }
    }
    return true;
}
