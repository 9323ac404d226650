// late.c - see late.h.
#include "base/late.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int opened;

static ls_status open_library(const ls_late *late, ls_error *err) {
    void *handle = dlopen(late->library, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        ls_fail(err, LS_ERR_IO, "cannot load %s: %s", late->library, why != NULL ? why : "?");
        ls_hint(err, "it is in the package %s", late->package);
        return LS_ERR_IO;
    }
    for (int i = 0; i < late->count; i++) {
        void *symbol = dlsym(handle, late->functions[i].name);
        if (symbol == NULL) {
            ls_fail(err, LS_ERR_VERSION, "%s lacks %s", late->library, late->functions[i].name);
            ls_hint(err, "is it that of the package %s?", late->package);
            return LS_ERR_VERSION;
        }
        // dlsym gives pointers to data; the standard has no way to say that they are functions.
        memcpy(late->functions[i].at, &symbol, sizeof symbol);
    }
    return LS_OK;
}

ls_status ls_late_open(ls_late *late, ls_error *err) {
    pthread_mutex_lock(&lock);
    ls_status status = LS_OK;
    if (!late->is_open) {
        status = open_library(late, err);
        late->is_open = status == LS_OK;
        opened += late->is_open;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

int ls_late_opened(void) {
    pthread_mutex_lock(&lock);
    const int count = opened;
    pthread_mutex_unlock(&lock);
    return count;
}
