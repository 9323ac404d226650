// reservation.h - nodes that are kept for an account, or from everybody, for some time.
#pragma once

#include <stdint.h>

typedef struct ls_pool_reservation {
    const char *name;
    uint32_t account;  // LS_POOL_NONE: for nobody, as for work on the building
    uint32_t node_at, node_count;
    int64_t from_us, until_us;  // since the pool's time zero; 0 and INT64_MAX: always
} ls_pool_reservation;
