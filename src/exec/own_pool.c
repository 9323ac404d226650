// own_pool.c - see own_pool.h.
#include "exec/own_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "pool/pool_file.h"

enum { PATH_SIZE = 4096, SHARE = 4 };

struct ls_own_pool {
    ls_own_pool_def def;
    char folder[PATH_SIZE], socket[PATH_SIZE];
    ls_pool *pool;
    ls_exec_helper *helper;
    ls_pool_daemon *daemon;
    pthread_t thread;
    bool has_thread;
};

uint32_t ls_own_pool_slots(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    const uint32_t slots = (uint32_t)count / SHARE;
    return slots == 0 ? 1 : slots < LS_OWN_POOL_SLOTS_MAX ? slots : LS_OWN_POOL_SLOTS_MAX;
}

void ls_own_pool_socket_path(const char *folder, char *out, size_t size) {
    ls_text_format(out, size, "%s/pool.sock", folder);
}

// ---- the pool as a pool file would say it

// In quotes. What cannot stand in a pool's name (form.h) becomes '-'.
static void put_name(ls_buffer *out, const char *name) {
    const size_t length = strlen(name);
    const size_t most = length < LS_TEXT_WORD_MAX ? length : LS_TEXT_WORD_MAX;
    ls_buffer_text(out, length == 0 ? "\"plant" : "\"");
    for (size_t i = 0; i < most; i++) {
        const bool at_end = i == 0 || i + 1 == most;
        const unsigned char c = (unsigned char)name[i];
        const bool fits = c > ' ' ? strchr(".\"\\", c) == NULL : c == ' ' && !at_end;
        ls_buffer_append(out, fits ? name + i : "-", 1);
    }
    ls_buffer_text(out, "\"");
}

static ls_status make_pool(ls_own_pool *own, ls_error *err) {
    ls_buffer text;
    ls_errors errors;
    const uint32_t slots = own->def.slots != 0 ? own->def.slots : ls_own_pool_slots();
    ls_buffer_init(&text);
    ls_errors_init(&errors);
    ls_buffer_text(&text, "pool: ");
    put_name(&text, own->def.name);
    ls_buffer_printf(&text, "\nnodes: {name: here, slots: %u}\naccounts:\n  ", slots);
    put_name(&text, own->def.name);
    ls_buffer_printf(&text, ": {guarantee: %u}\n", slots);
    ls_status status = text.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory for a pool")
                                   : ls_pool_read(text.data, text.size, "the plant's own pool",
                                                  NULL, &own->pool, &errors);
    if (status != LS_OK && errors.count > 0) {
        *err = errors.items[0];
    }
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    return status;
}

// ---- its thread

static void *work(void *context) {
    ls_own_pool *own = context;
    ls_error err = {0};
    pthread_setname_np(pthread_self(), "ls-pool");
    const ls_status status = ls_pool_daemon_run(own->daemon, &err);
    if (status != LS_OK && own->def.ended != NULL) {
        own->def.ended(own->def.context, &err);
    }
    return NULL;
}

static ls_status open_parts(ls_own_pool *own, ls_error *err) {
    const ls_exec_helper_def helper = {.folder = own->def.folder, .nice = LS_OWN_POOL_NICE};
    ls_status status = make_pool(own, err);
    if (status == LS_OK) {
        status = ls_exec_helper_start(&helper, &own->helper, err);
    }
    const ls_pool_daemon_def daemon = {.pool = own->pool,
                                       .folder = own->def.folder,
                                       .socket = own->socket,
                                       .helper = own->helper,
                                       .version = own->def.version,
                                       .troubled = own->def.troubled,
                                       .context = own->def.context};
    if (status == LS_OK) {
        status = ls_pool_daemon_open(&daemon, &own->daemon, err);
    }
    if (status == LS_OK) {
        own->has_thread = pthread_create(&own->thread, NULL, work, own) == 0;
        status = own->has_thread ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "no thread for the pool");
    }
    return status;
}

ls_status ls_own_pool_open(const ls_own_pool_def *def, ls_own_pool **out, ls_error *err) {
    *out = NULL;
    ls_own_pool *own = ls_alloc(sizeof *own);
    if (own == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a pool");
    }
    *own = (ls_own_pool){.def = *def};
    ls_text_format(own->folder, sizeof own->folder, "%s", def->folder);
    own->def.folder =
        own->folder;  // the daemon looks at the room on its disk for as long as it runs
    ls_own_pool_socket_path(def->folder, own->socket, sizeof own->socket);
    const ls_status status = open_parts(own, err);
    if (status != LS_OK) {
        ls_own_pool_close(own);
        return status;
    }
    *out = own;
    return LS_OK;
}

void ls_own_pool_close(ls_own_pool *own) {
    if (own == NULL) {
        return;
    }
    if (own->has_thread) {
        ls_pool_daemon_stop(own->daemon);
        pthread_join(own->thread, NULL);
    }
    ls_pool_daemon_close(own->daemon);
    ls_exec_helper_stop(own->helper);
    ls_pool_destroy(own->pool);
    ls_free(own);
}

ls_pool_daemon *ls_own_pool_daemon(const ls_own_pool *own) {
    return own->daemon;
}

const char *ls_own_pool_name(const ls_own_pool *own) {
    return own->pool->name;
}

const char *ls_own_pool_socket(const ls_own_pool *own) {
    return own->socket;
}
