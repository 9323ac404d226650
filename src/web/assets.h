// assets.h - the built page, held in the program (made by scripts/embed from src/web/assets).
#pragma once

#include <stddef.h>

typedef struct ls_asset {
    const char *name, *kind, *etag;
    const unsigned char *plain;
    size_t plain_size;
    const unsigned char *packed;  // gzip
    size_t packed_size;
} ls_asset;

extern const ls_asset ls_assets[];  // sorted by name
extern const size_t ls_asset_count;
const ls_asset *ls_asset_find(const char *name);  // NULL: none
