// own_pool_at.h - tests only: a pool in process in a folder of its own, and where one ends by kill.
#pragma once

#include <sys/types.h>

#include "exec/own_pool.h"
#include "exec/tenant.h"

typedef struct own_pool_at {
    char folder[64];
    ls_own_pool *own;
    ls_tenant *tenant;  // asks the pool directly
} own_pool_at;

bool own_pool_at_make(own_pool_at *at);  // folder alone
bool own_pool_at_open(own_pool_at *at, uint32_t slots);
void own_pool_at_close(own_pool_at *at);   // the folder stays
void own_pool_at_remove(own_pool_at *at);  // ends what runs in it, by cancelling; then the folder
// Asks until it is so; false after a minute.
bool own_pool_at_until(own_pool_at *at, uint64_t id, ls_tenant_state state, ls_tenant_look *out);
// Waits until the file has this many lines (0: is there); false after a minute.
bool own_pool_at_lines(const char *path, uint32_t lines);
