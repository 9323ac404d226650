// plant_tenant.h - a plant as a tenant: where the pool is that its file names, and whose jobs they
// are.
#pragma once

#include "exec/tenant.h"
#include "plant/plant.h"

enum { LS_PLANT_POOL_PATH = 4096 };

// The folder of the pool in process of a service with this data folder.
void ls_plant_pool_folder(const char *data, char out[LS_PLANT_POOL_PATH]);
// `own`: the pool of this process, used where the plant file names no other; NULL: the one that the
// plant's service holds, which is asked through its socket (LS_ERR_IO while no service runs).
// Errors as of ls_tenant_open.
ls_status ls_plant_tenant_open(const ls_plant *plant, const char *data, ls_pool_daemon *own,
                               ls_tenant **out, ls_error *err);
