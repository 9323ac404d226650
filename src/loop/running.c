// running.c - see running.h.
#include "loop/running.h"

#include <string.h>

#include "import/plant_file.h"

ls_status ls_running_read(const char *path, ls_plant **out, ls_errors *errors) {
    const ls_status status = ls_plant_file_read(path, out, errors);
    if (status != LS_OK || (*out)->listen.given) {
        return status;
    }
    ls_error err;
    ls_fail_at(&err, LS_ERR_INVALID, path, 0, 0,
               "the plant file does not say how the line is heard");
    ls_hint(&err, "add `listen:`; `lineshaft line map` proposes it from what a broker says");
    ls_errors_add(errors, &err);
    ls_plant_destroy(*out);
    *out = NULL;
    return LS_ERR_INVALID;
}

ls_status ls_running_make(ls_plant *plant, ls_tags *tags, ls_running *out, ls_error *err) {
    *out = (ls_running){.plant = plant};
    ls_status status = ls_twin_create(plant, &out->twin, err);
    if (status == LS_OK) {
        status = ls_mapping_create(plant, tags, &out->mapping, err);
    }
    if (status != LS_OK) {
        ls_running_clear(out);
    }
    return status;
}

void ls_running_clear(ls_running *running) {
    ls_follow_destroy(running->follow);
    ls_mapping_destroy(running->mapping);
    ls_twin_destroy(running->twin);
    ls_plant_destroy(running->plant);
    memset(running, 0, sizeof *running);
}

ls_status ls_running_begin(ls_running *running, int64_t start_us, const ls_follow_def *def,
                           ls_error *err) {
    // Calendars are laid from the plant's time zero; nothing lies before it.
    return ls_follow_create(running->plant, running->twin, start_us > 0 ? start_us : 0, def,
                            &running->follow, err);
}
