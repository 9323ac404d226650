// data_folder.h - where the running service of a plant keeps what it keeps.
//
// One rule for everybody who looks for it: the folder that was asked for; else the state folder
// that systemd gives (STATE_DIRECTORY); else lineshaft-data/NAME in the current folder, NAME being
// the plant file's without its ending. In it: history/, broker/, orders/, notes/, service.json.
#pragma once

#include <stddef.h>

#include "base/status.h"

// given: what the user asked for, or NULL. Fails with LS_ERR_INVALID when it does not fit.
ls_status ls_data_folder(const char *plant_file, const char *given, char *out, size_t size,
                         ls_error *err);
