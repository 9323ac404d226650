// decisions_number.h - ids of decisions: "d-NUMBER"; their commands are "d-NUMBER-K".
#pragma once

#include <stdint.h>

uint64_t ls_decision_number(const char *id);  // 0: no id
