// reader.c - see reader.h.
#include "plant/reader.h"

uint32_t ls_reader_index(ls_reader *r, uint32_t value) {
    uint32_t at = 0;
    *(uint32_t *)ls_rows_push(r, &r->indexes, &at) = value;
    return at;
}
