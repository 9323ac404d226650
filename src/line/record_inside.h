// record_inside.h - constants of the format of recordings; see record_file.h.
#pragma once

#include "line/record_file.h"

#define LS_RECORD_MAGIC "LSREC01\n"
enum {
    LS_RECORD_MAGIC_SIZE = 8,
    LS_RECORD_HEAD_SIZE = 8,  // CRC, size
    LS_RECORD_RETAINED = 4,
    LS_RECORD_NEW_TOPIC = 8,
};
