// daemon.c - see daemon.h.
#include "exec/daemon.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "exec/ask.h"
#include "exec/gpu_watch.h"

enum { LOOK_MS = 500, STEPS_KEPT = 64, NAMES_KEPT = 64, NAME_SIZE = 64, RETRY_MS = 200 };
// Who submits one job after another finds no commit of the last one's end in his way.
enum { END_DELAY_US = 10000 };

typedef struct known_user {
    char name[NAME_SIZE];  // "": none
    uid_t uid;
} known_user;

struct ls_pool_daemon {
    ls_pool_daemon_def def;
    ls_desk *desk;
    ls_exec *exec;
    ls_pool_socket *socket;
    ls_gpu_watch *watch;
    known_user users[NAMES_KEPT];  // by uid: asking the system may take long
    int wake;
    bool troubled;         // the last step failed
    bool cramped;          // the disk has no room for more jobs
    char instead[512];     // what is answered then
    pthread_mutex_t lock;  // the service, the desk, and what follows
    pthread_cond_t stepped;
    uint64_t steps;
    bool went_well[STEPS_KEPT];  // by number of the step
    bool ends, stops;
};

// ---- callers of the socket

static const char *name_of(ls_pool_daemon *d, uid_t uid) {
    known_user *user = d->users + uid % NAMES_KEPT;
    struct passwd entry, *found = NULL;
    char room[4096];
    if (user->name[0] != '\0' && user->uid == uid) {
        return user->name;
    }
    user->uid = uid;
    if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found != NULL) {
        ls_text_format(user->name, NAME_SIZE, "%s", entry.pw_name);
    } else {
        ls_text_format(user->name, NAME_SIZE, "uid %u", (unsigned)uid);
    }
    return user->name;
}

static bool on_ask(void *context, const ls_pool_caller *caller, const char *line, size_t size,
                   ls_buffer *out) {
    ls_pool_daemon *d = context;
    const bool own = caller->uid == 0 || caller->uid == geteuid();
    const ls_asker who = {.name = name_of(d, caller->uid),
                          .uid = caller->uid,
                          .gid = caller->gid,
                          .reads_all = own,
                          .acts_all = own,
                          .may_act = true,
                          .rules = own};
    return ls_ask_answer(d->desk, &who, line, size, NULL, out);
}

// ---- the loop

static int wait_ms(ls_pool_daemon *d) {
    pthread_mutex_lock(&d->lock);  // others submit meanwhile, and wake us
    const int64_t exec_us = ls_exec_wait_us(d->exec);
    pthread_mutex_unlock(&d->lock);
    const int socket_ms = ls_pool_socket_wait_ms(d->socket);
    int wait = LOOK_MS;
    wait = exec_us / 1000 < wait ? (int)((exec_us + 999) / 1000) : wait;
    wait = socket_ms >= 0 && socket_ms < wait ? socket_ms : wait;
    return d->troubled && wait < RETRY_MS ? RETRY_MS : wait;
}

static void tell_trouble(ls_pool_daemon *d, ls_status status, const ls_error *err) {
    const bool fails = status != LS_OK;
    if (fails) {
        ls_buffer line;
        ls_error told = {0};
        ls_buffer_init(&line);
        ls_fail(&told, LS_ERR_IO,
                "it is not done: it cannot be written down, and will be done if it can be after "
                "all: %s",
                err->text);
        ls_hint(&told, "what asks again with the same `once` is not done twice");
        ls_ask_put_error(LS_DESK_BUSY, &told, &line);
        ls_text_format(d->instead, sizeof d->instead, "%s",
                       !line.failed && line.size < sizeof d->instead
                           ? line.data
                           : "{\"error\":{\"code\":\"busy\",\"text\":\"it is not done: it cannot "
                             "be written down, and will be done if it can be after all\"}}");
        ls_buffer_clear(&line);
    }
    if (fails != d->troubled && d->def.troubled != NULL) {
        d->def.troubled(d->def.context, fails ? err : NULL);
    }
    d->troubled = fails;
}

// Who asks is told so himself; who runs the pool should know before.
static void tell_room(ls_pool_daemon *d) {
    ls_error err = {0};
    const bool cramped = ls_exec_check_room(d->exec, &err) != LS_OK;
    if (cramped != d->cramped && d->def.troubled != NULL) {
        d->def.troubled(d->def.context, cramped ? &err : NULL);
    }
    d->cramped = cramped;
}

static void go_round(ls_pool_daemon *d) {
    ls_error err = {0};
    pthread_mutex_lock(&d->lock);
    ls_pool_socket_serve(d->socket);
    const ls_status status = ls_exec_step(d->exec, &err);
    ls_desk_tick(d->desk);
    d->steps++;
    d->went_well[d->steps % STEPS_KEPT] = status == LS_OK;
    pthread_cond_broadcast(&d->stepped);
    pthread_mutex_unlock(&d->lock);
    tell_trouble(d, status, &err);
    if (!d->troubled) {
        tell_room(d);
    }
    ls_pool_socket_send(d->socket, status == LS_OK ? NULL : d->instead);
}

static bool goes_on(ls_pool_daemon *d) {
    pthread_mutex_lock(&d->lock);
    const bool goes = !d->stops && !ls_exec_is_helpless(d->exec);
    pthread_mutex_unlock(&d->lock);
    return goes && (d->def.stop == NULL || *d->def.stop == 0);
}

ls_status ls_pool_daemon_run(ls_pool_daemon *d, ls_error *err) {
    while (goes_on(d)) {
        // While steps fail, what waits to be done would only make it spin.
        const int work = d->troubled ? -1 : ls_exec_fd(d->exec);
        struct pollfd files[3] = {{.fd = work, .events = POLLIN},
                                  {.fd = ls_pool_socket_file(d->socket), .events = POLLIN},
                                  {.fd = d->wake, .events = POLLIN}};
        const int n = poll(files, 3, wait_ms(d));
        if (n > 0 && files[2].revents != 0) {
            uint64_t count;
            (void)!read(d->wake, &count, sizeof count);
        }
        go_round(d);
        if (d->def.alive != NULL) {
            d->def.alive(d->def.context);
        }
    }
    pthread_mutex_lock(&d->lock);
    d->ends = true;
    pthread_cond_broadcast(&d->stepped);
    pthread_mutex_unlock(&d->lock);
    if (ls_exec_is_helpless(d->exec)) {
        ls_fail(err, LS_ERR_IO, "the helper that starts jobs ('pool-starter') was ended");
        ls_hint(err, "what runs goes on, and what waits is kept: start the daemon again");
        return LS_ERR_IO;
    }
    return LS_OK;
}

// ---- other threads

static void wake(ls_pool_daemon *d) {
    const uint64_t one = 1;
    (void)!write(d->wake, &one, sizeof one);
}

void ls_pool_daemon_stop(ls_pool_daemon *d) {
    pthread_mutex_lock(&d->lock);
    d->stops = true;
    pthread_mutex_unlock(&d->lock);
    wake(d);
}

ls_desk *ls_pool_daemon_lock(ls_pool_daemon *d) {
    pthread_mutex_lock(&d->lock);
    return d->desk;
}

void ls_pool_daemon_unlock(ls_pool_daemon *d) {
    pthread_mutex_unlock(&d->lock);
}

ls_status ls_pool_daemon_keep(ls_pool_daemon *d, ls_error *err) {
    const uint64_t mine = d->steps + 1;
    wake(d);
    while (d->steps < mine && !d->ends) {
        pthread_cond_wait(&d->stepped, &d->lock);
    }
    // So many steps later it is not known any more: they take longer than waking up does.
    const bool kept = d->steps >= mine && d->steps - mine < STEPS_KEPT &&
                      d->went_well[mine % STEPS_KEPT];
    pthread_mutex_unlock(&d->lock);
    return kept ? LS_OK
                : ls_fail(err, LS_ERR_IO,
                          "it is not done: it cannot be written down, and will be done if it "
                          "can be after all");
}

// What the GPUs tell comes from their own thread.
static void on_gpu_trouble(void *context, const char *uuid, const char *what, bool over) {
    ls_pool_daemon *d = context;
    ls_error err = {0};
    pthread_mutex_lock(&d->lock);
    // Without memory the next look tells again.
    (void)ls_exec_gpu_fails(d->exec, uuid, what, over, &err);
    pthread_mutex_unlock(&d->lock);
    wake(d);
}

// ---- opening, closing

static ls_status open_parts(ls_pool_daemon *d, ls_error *err) {
    const ls_desk_def desk = {
        .pool = d->def.pool, .version = d->def.version, .folder = d->def.folder};
    ls_status status = ls_desk_create(&desk, &d->desk, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_exec_def exec = {.folder = d->def.folder,
                              .pool = d->def.pool,
                              .helper = d->def.helper,
                              .log_bytes_most = d->def.log_bytes_most,
                              .end_delay_us = END_DELAY_US,
                              .told = ls_desk_told,
                              .context = d->desk};
    status = ls_exec_open(&exec, &d->exec, err);
    if (status != LS_OK) {
        return status;
    }
    ls_desk_begin(d->desk, d->exec);
    const ls_pool_socket_def socket = {
        .path = d->def.socket, .mode = d->def.open ? 0666 : 0600, .ask = on_ask, .context = d};
    status = ls_pool_socket_open(&socket, &d->socket, err);
    if (status == LS_OK) {
        d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        status = d->wake >= 0
                     ? LS_OK
                     : ls_fail(err, LS_ERR_IO, "cannot make an event file: %s", strerror(errno));
    }
    if (status == LS_OK) {
        ls_gpu_watch_def watch = {
            .every_us = d->def.look_us, .trouble = on_gpu_trouble, .context = d};
        watch.uuids = ls_exec_gpus(d->exec, &watch.count);
        status = ls_gpu_watch_start(&watch, &d->watch, err);
    }
    return status;
}

ls_status ls_pool_daemon_open(const ls_pool_daemon_def *def, ls_pool_daemon **out, ls_error *err) {
    *out = NULL;
    ls_pool_daemon *d = ls_alloc(sizeof *d);
    if (d == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    d->def = *def;
    d->wake = -1;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->stepped, NULL);
    const ls_status status = open_parts(d, err);
    if (status != LS_OK) {
        ls_pool_daemon_close(d);
        return status;
    }
    *out = d;
    return LS_OK;
}

void ls_pool_daemon_close(ls_pool_daemon *d) {
    if (d == NULL) {
        return;
    }
    ls_gpu_watch_stop(d->watch);
    ls_pool_socket_close(d->socket);
    ls_exec_close(d->exec);
    ls_desk_destroy(d->desk);
    if (d->wake >= 0) {
        close(d->wake);
    }
    pthread_cond_destroy(&d->stepped);
    pthread_mutex_destroy(&d->lock);
    ls_free(d);
}
