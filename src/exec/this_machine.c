// this_machine.c - a pool file made from what the machine has.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec/nvml.h"
#include "exec/service.h"

enum { NODE_GPUS = LS_POOL_NODE_GPUS_MAX, NAME = 64 };

// "NVIDIA H100 80GB HBM3" becomes "nvidia-h100-80gb-hbm3".
static void kind_name(const char *name, char out[NAME]) {
    size_t at = 0;
    for (; *name != '\0' && at < NAME - 1; name++) {
        const unsigned char c = (unsigned char)*name;
        if (c < 128 && isalnum(c)) {
            out[at++] = (char)tolower(c);
        } else if (at > 0 && out[at - 1] != '-') {
            out[at++] = '-';
        }
    }
    while (at > 0 && out[at - 1] == '-') {
        at--;
    }
    out[at] = '\0';
    if (at == 0) {
        snprintf(out, NAME, "gpu");
    }
}

// Memory of the machine, in MiB; 0: the system does not tell.
static long long memory_mib(void) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (long long)pages * (page / 1024) / 1024 : 0;
}

// Of a node that has so many of so many of its GPUs or slots.
static void put_memory(ls_buffer *out, long long held, long long of) {
    const long long mib = memory_mib() * held / of;
    if (mib > 0) {
        ls_buffer_printf(out, ", memory: %lld MiB", mib);
    }
}

static void put_slots(ls_buffer *out, long cpus, ls_buffer *note, const char *why) {
    // A node has 32 slots at most; a machine with more processors is written as several.
    ls_buffer_text(out, "nodes:\n");
    uint32_t number = 0;
    for (long left = cpus; left > 0; left -= NODE_GPUS) {
        const long slots = left < NODE_GPUS ? left : NODE_GPUS;
        ls_buffer_printf(out, "  - {name: here%s%.0u, slots: %ld", number > 0 ? "-" : "", number,
                         slots);
        put_memory(out, slots, cpus);
        ls_buffer_text(out, "}\n");
        number++;
    }
    ls_buffer_printf(note, "%ld CPU slots, one for each processor: %s", cpus, why);
}

// GPUs of one name that follow each other are one node, as far as a node goes.
static void put_gpus(ls_buffer *out, const ls_nvml *list, long cpus, ls_buffer *note) {
    uint32_t number = 0;
    uint32_t slices = 0;
    ls_buffer kinds;
    ls_buffer_init(&kinds);
    ls_buffer nodes;
    ls_buffer_init(&nodes);
    for (uint32_t i = 0; i < list->count;) {
        char kind[NAME];
        uint32_t count = 1;
        while (i + count < list->count && count < NODE_GPUS &&
               strcmp(list->gpus[i + count].name, list->gpus[i].name) == 0) {
            count++;
        }
        kind_name(list->gpus[i].name, kind);
        char line[NAME + 8];
        snprintf(line, sizeof line, "  %s:", kind);
        if (kinds.data == NULL || strstr(kinds.data, line) == NULL) {
            ls_buffer_printf(&kinds, "%s {gpus: %u, gpu-memory: %u MiB}\n", line, count,
                             list->gpus[i].memory_mib);
        }
        ls_buffer_printf(&nodes, "  - {name: here%s%.0u, kind: %s, gpus: %u, cpus: %ld",
                         number > 0 ? "-" : "", number, kind, count, number == 0 ? cpus : 0);
        put_memory(&nodes, count, list->count);
        ls_buffer_text(&nodes, "}\n");
        for (uint32_t k = i; k < i + count; k++) {
            slices += list->gpus[k].slice;
        }
        number++;
        i += count;
    }
    ls_buffer_printf(out, "kinds:\n%snodes:\n%s", kinds.data != NULL ? kinds.data : "",
                     nodes.data != NULL ? nodes.data : "");
    out->failed |= kinds.failed || nodes.failed;
    ls_buffer_clear(&kinds);
    ls_buffer_clear(&nodes);
    ls_buffer_printf(note, "%u GPU%s", list->count, list->count == 1 ? "" : "s");
    if (slices > 0) {
        ls_buffer_printf(note, ", %u of them slices of divided ones", slices);
    }
}

ls_status ls_exec_this_machine(ls_buffer *out, ls_buffer *out_note) {
    ls_nvml list;
    ls_error err = {0};
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN) > 0 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
    const ls_status status = ls_nvml_list(&list, &err);
    if (status != LS_OK) {
        return status;
    }
    ls_buffer_text(out, "pool: this-machine\n");
    if (list.count > 0) {
        put_gpus(out, &list, cpus, out_note);
    } else {
        put_slots(out, cpus, out_note, list.note);
    }
    ls_buffer_text(out, "accounts:\n  main: {}\n");
    ls_nvml_clear(&list);
    return out->failed || out_note->failed ? LS_ERR_MEMORY : LS_OK;
}
