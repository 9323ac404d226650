// connections.c - see connections.h.
#include "web/connections.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/arena.h"

enum { LOOK_MS = 100, CROWDED_PART = 5 };

struct ls_connections {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    bool has_thread, ends;
    uint32_t most, places, count;  // places: also for those on their way out
    int64_t patience_us;
    ls_connection *of;
};

int64_t ls_connections_clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// The socket stays open, its thread sees the end and closes it: a number is never another's.
static void cut_silent(ls_connections *c) {
    const bool crowded = c->count > c->most / 2;
    const int64_t patience = crowded ? c->patience_us / CROWDED_PART : c->patience_us;
    const int64_t now = ls_connections_clock_us();
    for (uint32_t i = 0; i < c->places; i++) {
        if (c->of[i].used && c->of[i].waits && now - c->of[i].since_us > patience) {
            shutdown(c->of[i].fd, SHUT_RDWR);
        }
    }
}

static void *watch(void *context) {
    ls_connections *c = context;
    pthread_mutex_lock(&c->lock);
    while (!c->ends) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&c->ended, &c->lock, &until);
        cut_silent(c);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

ls_status ls_connections_open(uint32_t most, int64_t patience_us, ls_connections **out,
                              ls_error *err) {
    ls_connections *c = ls_alloc(sizeof *c);
    *out = NULL;
    if (c != NULL) {
        c->of = ls_alloc((most + LS_CONNECTIONS_SPARE) * sizeof *c->of);
    }
    if (c == NULL || c->of == NULL) {
        ls_free(c);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the web server");
    }
    c->most = most;
    c->places = most + LS_CONNECTIONS_SPARE;
    c->patience_us = patience_us;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    c->has_thread = pthread_create(&c->thread, NULL, watch, c) == 0;
    if (!c->has_thread) {
        ls_connections_close(c);
        return ls_fail(err, LS_ERR_MEMORY, "no thread for the web server");
    }
    *out = c;
    return LS_OK;
}

void ls_connections_close(ls_connections *c) {
    if (c == NULL) {
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_cond_signal(&c->ended);
    pthread_mutex_unlock(&c->lock);
    if (c->has_thread) {
        pthread_join(c->thread, NULL);
    }
    pthread_cond_destroy(&c->ended);
    pthread_mutex_destroy(&c->lock);
    ls_free(c->of);
    ls_free(c);
}

// Who has been silent for longest makes room.
static void cut_oldest(ls_connections *c) {
    ls_connection *oldest = NULL;
    for (uint32_t i = 0; i < c->places; i++) {
        ls_connection *of = c->of + i;
        if (of->used && of->waits && !of->cut &&
            (oldest == NULL || of->since_us < oldest->since_us)) {
            oldest = of;
        }
    }
    if (oldest != NULL) {
        oldest->cut = true;
        shutdown(oldest->fd, SHUT_RDWR);
    }
}

ls_connection *ls_connections_enter(ls_connections *c, int fd) {
    ls_connection *made = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->count >= c->most) {
        cut_oldest(c);
    }
    for (uint32_t i = 0; i < c->places && made == NULL; i++) {
        made = c->of[i].used ? NULL : c->of + i;
    }
    if (made != NULL) {
        *made = (ls_connection){
            .fd = fd, .since_us = ls_connections_clock_us(), .waits = true, .used = true};
        c->count++;
    }
    pthread_mutex_unlock(&c->lock);
    return made;
}

void ls_connections_leave(ls_connections *c, ls_connection *connection) {
    if (connection != NULL) {
        pthread_mutex_lock(&c->lock);
        connection->used = false;
        c->count--;
        pthread_mutex_unlock(&c->lock);
    }
}

void ls_connections_wait(ls_connections *c, ls_connection *connection, bool waits) {
    if (connection != NULL) {
        pthread_mutex_lock(&c->lock);
        connection->waits = waits;
        connection->since_us = ls_connections_clock_us();
        pthread_mutex_unlock(&c->lock);
    }
}
