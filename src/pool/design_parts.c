// design_parts.c - see design_parts.h.
#include "pool/design_parts.h"

#include <stddef.h>

static const ls_switch_model models[] = {
    {.name = "Quantum QM8700",
     .gbit = 200,
     .ports = 40,
     .watts = 253,
     .port_optics = 5,
     .node_optics = 5,
     .source =
         "NVIDIA's data sheet of QM8700 (40 ports of 200 Gb/s, 253 W with passive cables); 5 W a "
         "transceiver of 200 Gb/s"},
    {.name = "Quantum-2 QM9700",
     .gbit = 400,
     .ports = 64,
     .watts = 747,
     .port_optics = 8.5,
     .node_optics = 9,
     .source =
         "NVIDIA's data sheet of QM9700 (64 ports of 400 Gb/s, 747 W with passive cables); its "
         "manual: 17 W a twin-port transceiver; 9 W at the node: product specification of "
         "MMS4X00-NS400"},
};
enum { MODEL_COUNT = sizeof models / sizeof models[0] };

const ls_switch_model *ls_switch_model_for(double gbit) {
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        if (models[i].gbit >= gbit) {
            return &models[i];
        }
    }
    return &models[MODEL_COUNT - 1];
}
