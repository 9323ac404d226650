// modbus_server.c - see modbus_server.h: sockets, one thread, and the tables behind a mutex.
#include "line/modbus_server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "line/modbus_address.h"
#include "line/modbus_answer.h"
#include "line/modbus_value.h"

enum { COOKIE = 0x4D6F6453, COUNT_MAX = 65536, CLIENTS_MOST = 256, IN_SIZE = 1024 };

typedef struct client {
    int fd;
    size_t size;
    uint8_t in[IN_SIZE];
} client;

struct ls_modbus_server {
    ls_modbus_server_def def;
    int listener, wake[2], port;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;  // tables, figures, stopping
    ls_modbus_tables tables;
    ls_modbus_server_figures figures;
    bool stopping;
    client *clients;  // of the thread alone
    uint32_t client_count;
    struct pollfd *polled;
};

ls_modbus_server_def ls_modbus_server_def_default(void) {
    return (ls_modbus_server_def){.address = "127.0.0.1:0",
                                  .holding = 1000,
                                  .inputs = 1000,
                                  .coils = 1000,
                                  .discretes = 1000,
                                  .clients_max = 16,
                                  .cookie = COOKIE};
}

// --- clients

static void drop(ls_modbus_server *s, uint32_t i) {
    close(s->clients[i].fd);
    s->clients[i] = s->clients[--s->client_count];
}

static void accept_client(ls_modbus_server *s) {
    const int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int one = 1;
    if (fd < 0) {
        return;
    }
    if (s->client_count == s->def.clients_max) {
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    s->clients[s->client_count++] = (client){.fd = fd};
}

// False: the client does not take its answer.
static bool serve_frame(ls_modbus_server *s, client *c, size_t length) {
    uint8_t out[LS_MODBUS_FRAME_MAX];
    ls_modbus_write write;
    (void)pthread_mutex_lock(&s->mutex);
    const size_t size = ls_modbus_answer(&s->tables, c->in, length, out, &write);
    s->figures.requests++;
    s->figures.writes += write.count > 0 ? 1 : 0;
    s->figures.refused += (out[LS_MODBUS_HEAD] & 0x80) != 0 ? 1 : 0;
    (void)pthread_mutex_unlock(&s->mutex);
    if (write.count > 0 && s->def.wrote != NULL) {
        s->def.wrote(s->def.context, write.table, write.at, write.count);
    }
    return send(c->fd, out, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

// False: the client is gone, or talks something else.
static bool serve(ls_modbus_server *s, client *c) {
    const ssize_t got = recv(c->fd, c->in + c->size, sizeof c->in - c->size, MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    c->size += (size_t)got;
    for (;;) {
        const size_t length = ls_modbus_frame(c->in, c->size);
        if (length == 0) {
            return true;
        }
        if (length == SIZE_MAX || !serve_frame(s, c, length)) {
            return false;
        }
        c->size -= length;
        memmove(c->in, c->in + length, c->size);
    }
}

static bool is_stopping(ls_modbus_server *s) {
    (void)pthread_mutex_lock(&s->mutex);
    s->figures.clients = s->client_count;
    const bool stopping = s->stopping;
    (void)pthread_mutex_unlock(&s->mutex);
    return stopping;
}

static void *run(void *context) {
    ls_modbus_server *s = context;
    while (!is_stopping(s)) {
        const uint32_t count = s->client_count;
        s->polled[0] = (struct pollfd){.fd = s->wake[0], .events = POLLIN};
        s->polled[1] = (struct pollfd){.fd = s->listener, .events = POLLIN};
        for (uint32_t i = 0; i < count; i++) {
            s->polled[2 + i] = (struct pollfd){.fd = s->clients[i].fd, .events = POLLIN};
        }
        if (poll(s->polled, 2 + count, -1) < 0) {
            continue;
        }
        for (uint32_t i = count; i-- > 0;) {  // backwards: drop moves the last one here
            if (s->polled[2 + i].revents != 0 && !serve(s, &s->clients[i])) {
                drop(s, i);
            }
        }
        if (s->polled[1].revents != 0) {
            accept_client(s);
        }
    }
    return NULL;
}

// --- making and ending

static ls_status make_tables(ls_modbus_server *s, ls_error *err) {
    const uint32_t counts[LS_MODBUS_TABLES] = {
        [LS_REGISTER_HOLDING] = s->def.holding,
        [LS_REGISTER_INPUT] = s->def.inputs,
        [LS_REGISTER_COIL] = s->def.coils,
        [LS_REGISTER_DISCRETE] = s->def.discretes,
    };
    for (int i = 0; i < LS_MODBUS_TABLES; i++) {
        if (counts[i] > COUNT_MAX) {
            return ls_fail(err, LS_ERR_INVALID, "a table of %u registers, at most 65536 can be",
                           counts[i]);
        }
        s->tables.counts[i] = counts[i];
        s->tables.values[i] = ls_alloc(((size_t)counts[i] + 1) * sizeof *s->tables.values[i]);
        if (s->tables.values[i] == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
    }
    s->clients = ls_alloc((size_t)s->def.clients_max * sizeof *s->clients);
    s->polled = ls_alloc(((size_t)s->def.clients_max + 2) * sizeof *s->polled);
    return s->clients != NULL && s->polled != NULL ? LS_OK
                                                   : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

static int bound_port(int fd) {
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        return 0;
    }
    in_port_t port = 0;
    if (at.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &at, sizeof six);
        port = six.sin6_port;
    } else {
        struct sockaddr_in four;
        memcpy(&four, &at, sizeof four);
        port = four.sin_port;
    }
    return ntohs(port);
}

static bool try_listen(ls_modbus_server *s, const struct addrinfo *at) {
    const int one = 1;
    s->listener = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0) {
        return false;
    }
    (void)setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s->listener, at->ai_addr, at->ai_addrlen) == 0 && listen(s->listener, 16) == 0) {
        s->port = bound_port(s->listener);
        return true;
    }
    const int why = errno;
    close(s->listener);
    s->listener = -1;
    errno = why;
    return false;
}

static ls_status open_listener(ls_modbus_server *s, ls_error *err) {
    ls_modbus_address address;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    if (!ls_modbus_address_split(s->def.address, &address)) {
        return ls_fail(err, LS_ERR_INVALID, "'%s' is not an address", s->def.address);
    }
    const int code = getaddrinfo(address.host, address.port, &hints, &found);
    if (code != 0) {
        return ls_fail(err, LS_ERR_IO, "modbus server: %s: %s", s->def.address, gai_strerror(code));
    }
    bool is_open = false;
    for (const struct addrinfo *at = found; at != NULL && !is_open; at = at->ai_next) {
        is_open = try_listen(s, at);
    }
    const int why = errno;
    freeaddrinfo(found);
    return is_open ? LS_OK
                   : ls_fail(err, LS_ERR_IO, "modbus server: cannot listen on %s: %s",
                             s->def.address, ls_errno_text(why));
}

ls_status ls_modbus_server_create(const ls_modbus_server_def *def, ls_modbus_server **out,
                                  ls_error *err) {
    assert(def != NULL && def->cookie == COOKIE && out != NULL);
    *out = NULL;
    if (def->clients_max < 1 || def->clients_max > CLIENTS_MOST) {
        return ls_fail(err, LS_ERR_INVALID, "modbus server: 1 to %d clients, not %u", CLIENTS_MOST,
                       def->clients_max);
    }
    ls_modbus_server *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    s->def = *def;
    s->listener = s->wake[0] = s->wake[1] = -1;
    (void)pthread_mutex_init(&s->mutex, NULL);
    ls_status status = make_tables(s, err);
    if (status == LS_OK) {
        status = open_listener(s, err);
    }
    s->def.address = NULL;  // belongs to the caller
    if (status == LS_OK && pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        status = ls_fail(err, LS_ERR_IO, "modbus server: %s", ls_errno_text(errno));
    }
    if (status == LS_OK) {
        s->has_thread = pthread_create(&s->thread, NULL, run, s) == 0;
        status = s->has_thread ? LS_OK : ls_fail(err, LS_ERR_IO, "modbus server: no thread");
    }
    if (status != LS_OK) {
        ls_modbus_server_destroy(s);
        return status;
    }
    *out = s;
    return LS_OK;
}

void ls_modbus_server_destroy(ls_modbus_server *s) {
    if (s == NULL) {
        return;
    }
    if (s->has_thread) {
        (void)pthread_mutex_lock(&s->mutex);
        s->stopping = true;
        (void)pthread_mutex_unlock(&s->mutex);
        (void)!write(s->wake[1], "", 1);
        (void)pthread_join(s->thread, NULL);
    }
    for (uint32_t i = 0; i < s->client_count; i++) {
        close(s->clients[i].fd);
    }
    const int fds[] = {s->listener, s->wake[0], s->wake[1]};
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    for (int i = 0; i < LS_MODBUS_TABLES; i++) {
        ls_free(s->tables.values[i]);
    }
    ls_free(s->clients);
    ls_free(s->polled);
    (void)pthread_mutex_destroy(&s->mutex);
    ls_free(s);
}

int ls_modbus_server_port(const ls_modbus_server *server) {
    return server->port;
}

// --- the tables

void ls_modbus_server_set(ls_modbus_server *s, ls_register_table table, uint32_t at,
                          const uint16_t *values, uint32_t count) {
    assert((unsigned)table < LS_MODBUS_TABLES);
    const bool is_bits = table == LS_REGISTER_COIL || table == LS_REGISTER_DISCRETE;
    (void)pthread_mutex_lock(&s->mutex);
    for (uint32_t i = 0; i < count && (uint64_t)at + i < s->tables.counts[table]; i++) {
        s->tables.values[table][at + i] = is_bits ? values[i] != 0 : values[i];
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

void ls_modbus_server_get(ls_modbus_server *s, ls_register_table table, uint32_t at,
                          uint16_t *values, uint32_t count) {
    assert((unsigned)table < LS_MODBUS_TABLES);
    (void)pthread_mutex_lock(&s->mutex);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = (uint64_t)at + i < s->tables.counts[table] ? s->tables.values[table][at + i]
                                                               : 0;
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

bool ls_modbus_server_put(ls_modbus_server *s, const ls_register *reg, const ls_sample *value) {
    uint16_t words[128] = {0};
    if (!ls_modbus_encode(reg, value, words)) {
        return false;
    }
    if (reg->type == LS_REGISTER_BIT && reg->table <= LS_REGISTER_INPUT) {
        // The other bits of the word stay.
        const ls_sample one = {.kind = LS_VALUE_BOOL, .value.integer = 1};
        uint16_t mask = 0;
        (void)ls_modbus_encode(reg, &one, &mask);
        (void)pthread_mutex_lock(&s->mutex);
        if (reg->at < s->tables.counts[reg->table]) {
            uint16_t *word = &s->tables.values[reg->table][reg->at];
            *word = (uint16_t)((*word & ~mask) | words[0]);
        }
        (void)pthread_mutex_unlock(&s->mutex);
        return true;
    }
    ls_modbus_server_set(s, reg->table, reg->at, words, ls_register_size(reg));
    return true;
}

bool ls_modbus_server_take(ls_modbus_server *s, const ls_register *reg, ls_sample *out,
                           char *text) {
    uint16_t words[128] = {0};
    const uint32_t count = ls_register_size(reg);
    if (count > 125 || (uint64_t)reg->at + count > s->tables.counts[reg->table]) {
        return false;
    }
    ls_modbus_server_get(s, reg->table, reg->at, words, count);
    ls_modbus_decode(reg, words, out, text);
    return true;
}

void ls_modbus_server_describe(ls_modbus_server *s, ls_modbus_server_figures *out) {
    (void)pthread_mutex_lock(&s->mutex);
    *out = s->figures;
    (void)pthread_mutex_unlock(&s->mutex);
}
