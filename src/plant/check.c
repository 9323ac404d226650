// check.c - see check.h.
#include "plant/check.h"

#include <assert.h>

ls_status ls_plant_check(const ls_plant *plant, ls_errors *errors) {
    assert(plant != NULL);
    (void)errors;
    return LS_OK;
}
