// mqtt_thread.c - the client's thread: connect, wait for either side, be lost, try again.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "line/mqtt_inside.h"

enum { READS_AT_ONCE = 200, MISC_EVERY_US = 500000, STABLE_US = 5000000 };

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

typedef struct visit {  // one connection
    ls_mqtt *m;
    int64_t opened_us, tick_us, misc_us;  // when it began; when `tick` and misc are due
    int64_t leave_us;                     // since when it is closing; 0: it is not
    bool woken, goodbye;                  // goodbye: DISCONNECT is given to libmosquitto
} visit;

static bool is_leaving(const ls_mqtt *m) {
    return atomic_load(&m->stopping) || atomic_load(&m->again);
}

static int to_ms(int64_t us) {
    return us <= 0 ? 0 : (us > 3600000000LL ? 3600000 : (int)((us + 999) / 1000));
}

static void empty_wake(ls_mqtt *m) {
    uint64_t count;
    (void)!read(m->wake_file, &count, sizeof count);
}

// Waits for the socket, for a wake, or until something is due. Returns false when the connection
// could not be made.
static bool wait_for_any(visit *v, bool *out_readable) {
    ls_mqtt *m = v->m;
    const int64_t now_us = monotonic_us();
    int64_t due_us = v->tick_us < v->misc_us ? v->tick_us : v->misc_us;
    due_us = v->leave_us != 0 ? now_us + 10000 : due_us;
    const bool write = m->tcp_pending || mosquitto_want_write(m->client);
    // What was given is written, and more waits that need not wait for an acknowledgement.
    due_us = m->more && !write && m->inflight_count < m->def.inflight_max ? now_us : due_us;
    struct pollfd files[2] = {
        {.fd = mosquitto_socket(m->client), .events = (short)(POLLIN | (write ? POLLOUT : 0))},
        {.fd = m->wake_file, .events = POLLIN}};
    const int count = poll(files, 2, to_ms(due_us - now_us));
    *out_readable = count > 0 && (files[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    if (count > 0 && files[1].revents != 0) {
        empty_wake(m);
        v->woken = true;
    }
    if (m->tcp_pending && count > 0 && files[0].revents != 0) {
        int failed = 0;
        socklen_t size = sizeof failed;
        getsockopt(files[0].fd, SOL_SOCKET, SO_ERROR, &failed, &size);
        m->tcp_pending = false;
        if (failed != 0) {
            ls_text_format(m->why, sizeof m->why, "%s", ls_errno_text(failed));
            return false;
        }
        *out_readable = true;  // lets TLS begin
    }
    return true;
}

// Everything that is there, up to a limit so that the other side is not kept waiting.
static int read_some(ls_mqtt *m) {
    int code = MOSQ_ERR_SUCCESS;
    m->progress = true;
    for (int i = 0; i < READS_AT_ONCE && m->progress && !m->refused; i++) {
        m->progress = false;
        errno = 0;
        code = mosquitto_loop_read(m->client, 1);
        if (code != MOSQ_ERR_SUCCESS) {
            break;
        }
    }
    return code;
}

static void become_ready(visit *v) {
    ls_mqtt *m = v->m;
    m->ready = true;
    atomic_fetch_add(&m->connects, 1);
    ls_mqtt_open(m, true);
    if (m->def.listener.connected != NULL) {
        m->def.listener.connected(m->def.listener.context, m->resumed);
    }
    v->tick_us = 0;
}

static void tick_when_due(visit *v, bool heard) {
    const ls_mqtt_listener *listener = &v->m->def.listener;
    const int64_t now_us = monotonic_us();
    if (listener->tick == NULL) {
        v->tick_us = INT64_MAX;
    } else if (v->woken || heard || now_us >= v->tick_us) {
        const int64_t in_us = listener->tick(listener->context);
        v->tick_us = in_us < INT64_MAX / 2 ? now_us + in_us : INT64_MAX;
    }
    v->woken = false;
}

// On the way out: `closing` once, then until all is sent, then DISCONNECT. Returns false when done.
static bool leave(visit *v) {
    ls_mqtt *m = v->m;
    const int64_t now_us = monotonic_us();
    if (v->leave_us == 0) {
        v->leave_us = now_us;
        if (m->ready && m->def.listener.closing != NULL) {
            m->def.listener.closing(m->def.listener.context);
        }
    }
    ls_mqtt_figures figures;
    ls_mqtt_describe(m, &figures);
    const bool empty = figures.waiting == 0 && m->unsent == 0 && m->inflight_count == 0;
    const bool late = now_us - v->leave_us > MQTT_DRAIN_US;
    if (!m->ready || late || v->goodbye) {
        return m->ready && !late && mosquitto_socket(m->client) >= 0;
    }
    if (empty) {
        v->goodbye = true;
        mosquitto_disconnect_v5(m->client, 0, NULL);
    }
    return true;
}

// One turn. False: the connection is over, and m->why says why where that is known.
static bool turn(visit *v) {
    ls_mqtt *m = v->m;
    bool readable = false;
    if (!wait_for_any(v, &readable)) {
        return false;
    }
    int code = readable ? read_some(m) : MOSQ_ERR_SUCCESS;
    if (m->refused) {
        return false;
    }
    if (code == MOSQ_ERR_SUCCESS && m->accepted && !m->ready && m->answers_missing == 0) {
        become_ready(v);
    }
    if (code == MOSQ_ERR_SUCCESS && m->ready && !v->goodbye) {
        tick_when_due(v, readable);
    }
    if (code == MOSQ_ERR_SUCCESS && is_leaving(m) && !leave(v)) {
        return false;
    }
    if (code == MOSQ_ERR_SUCCESS && !v->goodbye) {
        ls_mqtt_client_send(m);
    }
    if (code == MOSQ_ERR_SUCCESS && !m->tcp_pending && mosquitto_want_write(m->client)) {
        code = mosquitto_loop_write(m->client, 1);
    }
    const int64_t now_us = monotonic_us();
    if (code == MOSQ_ERR_SUCCESS && now_us >= v->misc_us) {
        v->misc_us = now_us + MISC_EVERY_US;
        code = m->tcp_pending ? MOSQ_ERR_SUCCESS : mosquitto_loop_misc(m->client);
    }
    if (code == MOSQ_ERR_SUCCESS && !m->ready && now_us - v->opened_us > m->def.answer_us) {
        ls_text_format(m->why, sizeof m->why, "no answer within %lld ms",
                       (long long)(m->def.answer_us / 1000));
        return false;
    }
    if (code != MOSQ_ERR_SUCCESS && m->why[0] == '\0') {
        ls_text_format(m->why, sizeof m->why, "%s", ls_mqtt_client_why(code));
    }
    return code == MOSQ_ERR_SUCCESS && mosquitto_socket(m->client) >= 0;
}

// ---- from one connection to the next

// Doubled with each failed try, up to the most; then between half and all of it, so that many
// clients of one broker do not come back at the same moment.
static int64_t retry_in_us(const ls_mqtt *m, uint32_t tries) {
    int64_t us = m->def.retry_first_us;
    for (uint32_t i = 0; i < tries && us < m->def.retry_max_us; i++) {
        us *= 2;
    }
    us = us < m->def.retry_max_us ? us : m->def.retry_max_us;
    uint32_t dice = 0;
    (void)!getrandom(&dice, sizeof dice, 0);
    return us / 2 + (int64_t)((double)us / 2.0 * ((double)dice / 4294967296.0));
}

// Sleeps, but for tick and stop.
static void rest(ls_mqtt *m, int64_t us) {
    const int64_t until_us = monotonic_us() + us;
    const ls_mqtt_listener *listener = &m->def.listener;
    for (;;) {
        const int64_t now_us = monotonic_us();
        if (atomic_load(&m->stopping) || now_us >= until_us) {
            return;
        }
        int64_t wait_us = until_us - now_us;
        if (listener->tick != NULL) {
            const int64_t in_us = listener->tick(listener->context);
            wait_us = in_us < wait_us ? in_us : wait_us;
        }
        struct pollfd file = {.fd = m->wake_file, .events = POLLIN};
        if (poll(&file, 1, to_ms(wait_us)) > 0) {
            empty_wake(m);
        }
    }
}

// Returns whether it was asked for (stop, again), not lost.
static bool be_connected(ls_mqtt *m, uint32_t *tries) {
    visit v = {.m = m, .opened_us = monotonic_us()};
    atomic_fetch_add(&m->tries, 1);
    bool open = ls_mqtt_client_open(m);
    while (open) {
        open = turn(&v);
    }
    const bool asked = v.goodbye;
    const bool was_ready = m->ready;
    char why[MQTT_TEXT_SIZE];
    ls_text_format(why, sizeof why, "%s", asked ? "disconnected, as asked" : m->why);
    ls_mqtt_client_close(m);
    if (was_ready && monotonic_us() - v.opened_us > STABLE_US) {
        *tries = 0;
    }
    int64_t retry_us = asked || atomic_load(&m->stopping) ? 0 : retry_in_us(m, *tries);
    *tries = asked ? 0 : *tries + 1;
    if (m->def.listener.lost != NULL && !(atomic_load(&m->stopping) && !was_ready)) {
        m->def.listener.lost(m->def.listener.context, was_ready, *tries, why, retry_us);
    }
    rest(m, retry_us);
    return asked;
}

void *ls_mqtt_thread(void *mqtt) {
    ls_mqtt *m = mqtt;
    uint32_t tries = 0;
    pthread_setname_np(pthread_self(), "ls-mqtt");
    while (!atomic_load(&m->stopping)) {
        be_connected(m, &tries);
        atomic_store(&m->again, false);
    }
    return NULL;
}
