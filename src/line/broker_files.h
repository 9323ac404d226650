// broker_files.h - the folder of the embedded broker. See broker.h.
#pragma once

#include "line/broker.h"

ls_status ls_broker_files_folder(const char *folder, ls_error *err);  // makes it, 0700
// In a folder that is there: makes what is missing (logins, passwords) and writes configuration and
// access list anew.
ls_status ls_broker_files_make(const ls_broker_def *def, int port, ls_error *err);
ls_status ls_broker_files_port(const char *folder, int *out, ls_error *err);  // LS_ERR_IO: none
// The folder's file of that name. Returns the length it has (like snprintf).
size_t ls_broker_files_path(const char *folder, const char *name, char *out, size_t size);
