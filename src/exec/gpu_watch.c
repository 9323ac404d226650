// gpu_watch.c - see gpu_watch.h. The functions are those of NVML's public interface; only what is
// called here is declared.
#include "exec/gpu_watch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "exec/nvml.h"
#include "exec/process.h"

enum {
    EVERY_US = 5000000,
    TURN_MS = 200,  // so soon it hears that it is to end
    PATIENCE_S = 3,
    CODE_NOT_FOUND = 6,
    CODE_LOST = 15,
    UNCORRECTED = 1,
    SINCE_RESET = 0,
    XID_CRITICAL = 8,
    UUID_SIZE = 96,
};

typedef void *device;

typedef struct event {
    device device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
} event;

typedef struct library {
    void *handle;
    int (*init)(void);
    int (*shutdown)(void);
    int (*by_uuid)(const char *uuid, device *out);
    // These may be lacking; then what they tell is not heard of.
    int (*parent)(device slice, device *out);
    int (*errors)(device d, int kind, int since, unsigned long long *out);
    int (*set_create)(void **out);
    int (*set_wait)(void *set, event *out, unsigned timeout_ms);
    int (*set_free)(void *set);
    int (*listen)(device d, unsigned long long types, void *set);
} library;

typedef struct watched {
    char uuid[UUID_SIZE];
    device device;  // of a slice, that of its GPU
    unsigned long long errors;
    bool listened, has_device;
} watched;

struct ls_gpu_watch {
    ls_gpu_watch_def def;
    library lib;
    void *set;  // of events; NULL: there are none to be had
    watched *gpus;
    uint32_t count;
    atomic_bool stops;
    pthread_t thread;
};

ls_xid_class ls_gpu_watch_class(uint64_t xid) {
    static const struct {
        uint16_t xid;
        ls_xid_class class;
    } known[] = {{46, LS_XID_FATAL}, {48, LS_XID_FATAL}, {62, LS_XID_FATAL},  {63, LS_XID_OVER},
                 {64, LS_XID_FATAL}, {74, LS_XID_FATAL}, {79, LS_XID_FATAL},  {92, LS_XID_OVER},
                 {94, LS_XID_OVER},  {95, LS_XID_FATAL}, {119, LS_XID_FATAL}, {120, LS_XID_FATAL},
                 {140, LS_XID_FATAL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].xid == xid) {
            return known[i].class;
        }
    }
    return LS_XID_NOT_OWN;
}

// dlsym gives pointers to data; the standard has no way to say that they are functions.
static bool find(void *handle, const char *name, void *out) {
    void *symbol = dlsym(handle, name);
    memcpy(out, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool open_library(library *l) {
    l->handle = dlopen(ls_nvml_path(), RTLD_NOW | RTLD_LOCAL);
    if (l->handle == NULL || !find(l->handle, "nvmlInit_v2", &l->init) ||
        !find(l->handle, "nvmlShutdown", &l->shutdown) ||
        !find(l->handle, "nvmlDeviceGetHandleByUUID", &l->by_uuid)) {
        return false;
    }
    find(l->handle, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", &l->parent);
    find(l->handle, "nvmlDeviceGetTotalEccErrors", &l->errors);
    if (!find(l->handle, "nvmlEventSetCreate", &l->set_create) ||
        !find(l->handle, "nvmlEventSetWait_v2", &l->set_wait) ||
        !find(l->handle, "nvmlEventSetFree", &l->set_free) ||
        !find(l->handle, "nvmlDeviceRegisterEvents", &l->listen)) {
        l->set_create = NULL;
    }
    return true;
}

static void tell(const ls_gpu_watch *w, const watched *g, const char *what, bool over) {
    if (!atomic_load(&w->stops)) {
        w->def.trouble(w->def.context, g->uuid, what, over);
    }
}

// A GPU that was away has another handle when it is back.
static bool get_device(ls_gpu_watch *w, watched *g, int *code) {
    device d = NULL;
    *code = w->lib.by_uuid(g->uuid, &d);
    if (*code != 0) {
        return false;
    }
    device whole = NULL;
    if (strncmp(g->uuid, "MIG-", 4) == 0 && w->lib.parent != NULL &&
        w->lib.parent(d, &whole) == 0) {
        d = whole;
    }
    g->listened = g->listened && g->has_device && g->device == d;
    g->device = d;
    g->has_device = true;
    if (!g->listened && w->set != NULL) {
        g->listened = w->lib.listen(d, XID_CRITICAL, w->set) == 0;
    }
    return true;
}

static void look_at(ls_gpu_watch *w, watched *g) {
    char what[120];
    int code = 0;
    unsigned long long errors = 0;
    const bool there = get_device(w, g, &code);
    if (there && w->lib.errors != NULL) {
        code = w->lib.errors(g->device, UNCORRECTED, SINCE_RESET, &errors);
        if (code == 0 && errors > g->errors) {
            snprintf(what, sizeof what, "%llu uncorrected memory error%s (ECC) since it was reset",
                     errors, errors == 1 ? "" : "s");
            tell(w, g, what, false);
        }
        g->errors = code == 0 ? errors : g->errors;
    }
    if (code == CODE_LOST || (!there && code == CODE_NOT_FOUND)) {
        snprintf(what, sizeof what, "it no longer answers (the driver's code %d)", code);
        tell(w, g, what, false);
    }
}

static void hear(ls_gpu_watch *w, const event *e) {
    char what[64];
    const ls_xid_class class = ls_gpu_watch_class(e->data);
    if (e->type != XID_CRITICAL || class == LS_XID_NOT_OWN) {
        return;
    }
    snprintf(what, sizeof what, "XID %llu", e->data);
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->gpus[i].has_device && w->gpus[i].device == e->device) {
            tell(w, w->gpus + i, what, class == LS_XID_OVER);
        }
    }
}

static void *watch(void *context) {
    ls_gpu_watch *w = context;
    int64_t next_us = 0;
    while (!atomic_load(&w->stops)) {
        const int64_t now_us = ls_steady_us();
        if (now_us >= next_us) {
            for (uint32_t i = 0; i < w->count && !atomic_load(&w->stops); i++) {
                look_at(w, w->gpus + i);
            }
            next_us = now_us + w->def.every_us;
        }
        const int64_t left_us = next_us - now_us;
        const unsigned wait_ms = left_us < TURN_MS * 1000 ? (unsigned)(left_us / 1000) + 1
                                                          : TURN_MS;
        event e = {.device = NULL};
        int code = w->set != NULL ? w->lib.set_wait(w->set, &e, wait_ms) : 1;
        if (code == 0) {
            hear(w, &e);
        } else if (w->set == NULL || ls_steady_us() - now_us < 1000) {  // it does not wait itself
            const struct timespec pause = {.tv_nsec = wait_ms * 1000000L};
            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

static void clear(ls_gpu_watch *w) {
    if (w->set != NULL) {
        w->lib.set_free(w->set);
    }
    if (w->lib.handle != NULL) {
        if (w->lib.shutdown != NULL) {
            w->lib.shutdown();
        }
        dlclose(w->lib.handle);
    }
    ls_free(w->gpus);
    ls_free(w);
}

ls_status ls_gpu_watch_start(const ls_gpu_watch_def *def, ls_gpu_watch **out, ls_error *err) {
    *out = NULL;
    ls_gpu_watch *w = ls_alloc(sizeof *w);
    watched *gpus = ls_alloc(((size_t)def->count + 1) * sizeof *gpus);
    if (w == NULL || gpus == NULL) {
        ls_free(w);
        ls_free(gpus);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory to watch the GPUs");
    }
    *w = (ls_gpu_watch){.def = *def, .gpus = gpus};
    w->def.every_us = def->every_us > 0 ? def->every_us : EVERY_US;
    for (uint32_t i = 0; i < def->count; i++) {
        if (def->uuids[i][0] != '\0') {
            snprintf(w->gpus[w->count++].uuid, UUID_SIZE, "%s", def->uuids[i]);
        }
    }
    if (w->count == 0 || !open_library(&w->lib) || w->lib.init() != 0) {
        w->lib.shutdown = NULL;
        clear(w);
        return LS_OK;
    }
    if (w->lib.set_create == NULL || w->lib.set_create(&w->set) != 0) {
        w->set = NULL;
    }
    const int wrong = pthread_create(&w->thread, NULL, watch, w);
    if (wrong != 0) {
        clear(w);
        return ls_fail(err, LS_ERR_IO, "no thread to watch the GPUs: %s", strerror(wrong));
    }
    *out = w;
    return LS_OK;
}

void ls_gpu_watch_stop(ls_gpu_watch *w) {
    if (w == NULL) {
        return;
    }
    struct timespec until;
    atomic_store(&w->stops, true);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_timedjoin_np(w->thread, NULL, &until) == 0) {
        clear(w);
    } else {
        pthread_detach(w->thread);
    }
}
