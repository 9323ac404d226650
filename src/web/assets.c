// assets.c - see assets.h.
#include "web/assets.h"

#include <string.h>

const ls_asset *ls_asset_find(const char *name) {
    for (size_t i = 0; i < ls_asset_count; i++) {
        if (strcmp(ls_assets[i].name, name) == 0) {
            return ls_assets + i;
        }
    }
    return NULL;
}
