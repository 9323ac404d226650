// address.h - a local socket's path of any length as an address.
//
// An address holds 107 bytes. A longer path is reached through a descriptor of its folder.
#pragma once

#include <sys/un.h>

#include "base/status.h"

// *out_folder stays open as long as the address is used: close it, unless it is -1. Fails with
// LS_ERR_INVALID (no path) or LS_ERR_IO (no folder).
ls_status ls_pool_address_make(const char *path, struct sockaddr_un *out, int *out_folder,
                               ls_error *err);
