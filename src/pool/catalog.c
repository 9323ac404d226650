// catalog.c - see catalog.h. GB of a data sheet are taken for 10^9 bytes where they are memory of a
// GPU; sizes of a node's memory are told in TB of 2^40 bytes by its makers.
#include "pool/catalog.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const ls_pool_model models[] = {
    {
        .name = "gb200-nvl72",
        .gpus = 4,
        .cpus = 144,
        .memory_mib = 960 * 1024,
        .gpu_memory_mib = 177383,  // 186 GB
        .gpu_watts = 1200,
        .domain_nodes = 18,
        .rack_nodes = 18,
        .node_watts = 5400,
        .rack_watts = 120000,
        .link_gbit = 400,
        .nvlink_gbyte = 900,
        .is_liquid = true,
        .source =
            {"NVIDIA's description of GB200 NVL72 (18 trays of 4 GPUs and 2 Grace CPUs, 9 switch "
             "trays, 1.8 TB/s NVLink both ways for each GPU, 480 GB LPDDR5X for each Grace)",
             "about 120 kW a rack, 5.4 kW a tray at most: fibermall.com, In-depth analysis for "
             "NVIDIA GB200",
             "186 GB a GPU, 144 cores a tray, one 400 Gb/s port a GPU: system files of MLPerf "
             "Inference v6.1 (Crusoe, GB200 NVL72)"},
    },
    {
        .name = "dgx-b200",
        .gpus = 8,
        .cpus = 112,
        .memory_mib = 2 * 1024 * 1024,
        .gpu_memory_mib = 171661,  // 180 GB
        .gpu_watts = 1000,
        .domain_nodes = 1,
        .node_watts = 14300,
        .link_gbit = 400,
        .nvlink_gbyte = 900,
        .source =
            {"NVIDIA's data sheet of DGX B200 (1,440 GB, about 14.3 kW at most, 112 cores, 2 TB)",
             "180 GB and 1,000 W a GPU, 8 ports of 400 Gb/s: system files of MLPerf Inference "
             "v6.0 (Nebius, B200)"},
    },
    {
        .name = "dgx-h200",
        .gpus = 8,
        .cpus = 112,
        .memory_mib = 2 * 1024 * 1024,
        .gpu_memory_mib = 134468,  // 141 GB
        .gpu_watts = 700,
        .domain_nodes = 1,
        .node_watts = 10200,
        .link_gbit = 400,
        .nvlink_gbyte = 450,
        .source =
            {"NVIDIA's data sheet of DGX H200 (10.2 kW at most)",
             "141 GB and 700 W a GPU, 2 x 56 cores, 2 TB, 900 GB/s NVLink both ways: system files "
             "of MLPerf Inference v4.1 (NVIDIA, H200)"},
    },
    {
        .name = "dgx-h100",
        .gpus = 8,
        .cpus = 112,
        .memory_mib = 2 * 1024 * 1024,
        .gpu_memory_mib = 76294,  // 80 GB
        .gpu_watts = 700,
        .domain_nodes = 1,
        .node_watts = 10200,
        .link_gbit = 400,
        .nvlink_gbyte = 450,
        .source =
            {"NVIDIA's data sheet of DGX H100 (8 GPUs of 80 GB, 112 cores, 2 TB, 10.2 kW at most, "
             "8 ports of 400 Gb/s, 900 GB/s NVLink both ways)"},
    },
    {
        .name = "dgx-a100",
        .gpus = 8,
        .cpus = 128,
        .memory_mib = 2 * 1024 * 1024,
        .gpu_memory_mib = 76294,  // 80 GB
        .gpu_watts = 400,
        .domain_nodes = 1,
        .node_watts = 6500,
        .link_gbit = 200,
        .nvlink_gbyte = 300,
        .source = {"NVIDIA's data sheet of DGX A100 with 640 GB (8 GPUs of 80 GB, 128 cores, 2 TB, "
                   "6.5 kW "
                   "at most, 8 ports of 200 Gb/s, 600 GB/s NVLink both ways)"},
    },
};
enum { MODEL_COUNT = sizeof models / sizeof models[0] };

uint32_t ls_pool_model_count(void) {
    return MODEL_COUNT;
}

const ls_pool_model *ls_pool_model_get(uint32_t index) {
    assert(index < MODEL_COUNT);
    return &models[index];
}

const ls_pool_model *ls_pool_model_find(const char *name) {
    for (uint32_t i = 0; i < MODEL_COUNT; i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}
