// nvml.c - see nvml.h. The functions are those of NVML's public interface; only what is called here
// is declared.
#include "exec/nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 96, GPUS_MAX = 1024 };

typedef struct memory {
    unsigned long long total, free, used;
} memory;

typedef void *device;

typedef struct library {
    void *handle;
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *out);
    int (*by_index)(unsigned index, device *out);
    int (*uuid)(device d, char *out, unsigned size);
    int (*name)(device d, char *out, unsigned size);
    int (*memory)(device d, memory *out);
    // Older libraries know no MIG.
    int (*mig_mode)(device d, unsigned *current, unsigned *pending);
    int (*mig_max)(device d, unsigned *out);
    int (*mig_by_index)(device d, unsigned index, device *out);
} library;

static const char *library_path = "libnvidia-ml.so.1";

void ls_nvml_use(const char *path) {
    library_path = path != NULL ? path : "libnvidia-ml.so.1";
}

const char *ls_nvml_path(void) {
    return library_path;
}

// dlsym gives pointers to data; the standard has no way to say that they are functions.
static bool find(void *handle, const char *name, void *out) {
    void *symbol = dlsym(handle, name);
    memcpy(out, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool open_library(library *l, char *note, size_t size) {
    l->handle = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    if (l->handle == NULL) {
        snprintf(note, size, "no NVIDIA driver is here (%s cannot be opened)", library_path);
        return false;
    }
    const bool all = find(l->handle, "nvmlInit_v2", &l->init) &&
                     find(l->handle, "nvmlShutdown", &l->shutdown) &&
                     find(l->handle, "nvmlDeviceGetCount_v2", &l->count) &&
                     find(l->handle, "nvmlDeviceGetHandleByIndex_v2", &l->by_index) &&
                     find(l->handle, "nvmlDeviceGetUUID", &l->uuid) &&
                     find(l->handle, "nvmlDeviceGetName", &l->name) &&
                     find(l->handle, "nvmlDeviceGetMemoryInfo", &l->memory);
    if (!all) {
        snprintf(note, size, "%s lacks what is asked of it", library_path);
        return false;
    }
    if (!find(l->handle, "nvmlDeviceGetMigMode", &l->mig_mode) ||
        !find(l->handle, "nvmlDeviceGetMaxMigDeviceCount", &l->mig_max) ||
        !find(l->handle, "nvmlDeviceGetMigDeviceHandleByIndex", &l->mig_by_index)) {
        l->mig_mode = NULL;
    }
    return true;
}

static bool add(ls_nvml *out, const library *l, device d, bool slice) {
    char uuid[TEXT] = "";
    char name[TEXT] = "";
    memory m = {0};
    if (out->count == GPUS_MAX || l->uuid(d, uuid, sizeof uuid) != 0) {
        return true;  // one that does not even tell its name cannot be handed out
    }
    uuid[sizeof uuid - 1] = '\0';
    if (l->name(d, name, sizeof name) != 0) {
        snprintf(name, sizeof name, "unknown");
    }
    name[sizeof name - 1] = '\0';
    l->memory(d, &m);
    ls_nvml_gpu *g = out->gpus + out->count++;
    *g = (ls_nvml_gpu){.uuid = ls_arena_text(&out->arena, uuid, strlen(uuid)),
                       .name = ls_arena_text(&out->arena, name, strlen(name)),
                       .memory_mib = (uint32_t)(m.total >> 20),
                       .slice = slice};
    return g->uuid != NULL && g->name != NULL;
}

static bool add_slices(ls_nvml *out, const library *l, device d) {
    unsigned most = 0;
    bool fine = l->mig_max(d, &most) == 0;
    for (unsigned i = 0; fine && i < most; i++) {
        device slice = NULL;
        if (l->mig_by_index(d, i, &slice) == 0) {
            fine = add(out, l, slice, true);
        }
    }
    return fine;
}

static bool add_all(ls_nvml *out, const library *l) {
    unsigned count = 0;
    bool fine = true;
    l->count(&count);
    for (unsigned i = 0; fine && i < count; i++) {
        device d = NULL;
        unsigned current = 0;
        unsigned pending = 0;
        if (l->by_index(i, &d) != 0) {
            continue;
        }
        const bool divided = l->mig_mode != NULL && l->mig_mode(d, &current, &pending) == 0 &&
                             current == 1;
        fine = divided ? add_slices(out, l, d) : add(out, l, d, false);
    }
    return fine;
}

ls_status ls_nvml_list(ls_nvml *out, ls_error *err) {
    library l = {.handle = NULL};
    *out = (ls_nvml){.count = 0};
    ls_arena_init(&out->arena);
    out->gpus = ls_arena_alloc(&out->arena, GPUS_MAX * sizeof *out->gpus);
    bool fine = out->gpus != NULL;
    if (fine && open_library(&l, out->note, sizeof out->note)) {
        const int code = l.init();
        if (code == 0) {
            fine = add_all(out, &l);
            l.shutdown();
        } else {
            snprintf(out->note, sizeof out->note, "the NVIDIA driver does not answer (code %d)",
                     code);
        }
    }
    if (l.handle != NULL) {
        dlclose(l.handle);
    }
    if (!fine) {
        ls_nvml_clear(out);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the list of GPUs");
    }
    if (out->count == 0 && out->note[0] == '\0') {
        snprintf(out->note, sizeof out->note, "the NVIDIA driver knows no GPU here");
    }
    return LS_OK;
}

void ls_nvml_clear(ls_nvml *list) {
    ls_arena_clear(&list->arena);
    list->gpus = NULL;
    list->count = 0;
}
