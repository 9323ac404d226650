// design_parts.h - switches and what is plugged into them, with published figures.
#pragma once

#include <stdint.h>

typedef struct ls_switch_model {
    const char *name;
    double gbit;  // of one port, each way
    uint32_t ports;
    double watts;        // with passive cables
    double port_optics;  // watts of the transceiver of one of its ports
    double node_optics;  // watts of the one at the node
    const char *source;
} ls_switch_model;

// The switch whose ports are as fast as the kind's; the fastest where there is none.
const ls_switch_model *ls_switch_model_for(double gbit);
