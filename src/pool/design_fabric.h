// design_fabric.h - the fat tree of a design. Private to design*.c.
#pragma once

#include "pool/design.h"

// The smallest tree that reaches all nodes: one switch, two tiers, three tiers, three tiers for
// each rail. Fails with LS_ERR_LIMIT.
ls_status ls_design_fabric_of(const ls_design_ask *ask, uint32_t nodes, ls_design_fabric *out,
                              ls_error *err);
