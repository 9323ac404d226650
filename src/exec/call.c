// call.c - see call.h.
#include "exec/call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "exec/address.h"
#include "exec/https.h"

enum { PIECE = 64 << 10, CONNECT_TRIES = 50, CONNECT_PAUSE_MS = 20, TOKEN_FILE_MAX = 4096 };

struct ls_pool_call {
    int file;         // -1: it goes over HTTP
    ls_https *https;  // NULL: it does not
    ls_buffer in;     // of the next answers
    char piece[PIECE];
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// A daemon whose queue of newcomers is full says EAGAIN: it is there.
static bool reach(int file, const struct sockaddr_un *address) {
    for (int i = 0; i < CONNECT_TRIES; i++) {
        if (connect(file, (const struct sockaddr *)address, sizeof *address) == 0) {
            return true;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return false;
        }
        (void)poll(NULL, 0, CONNECT_PAUSE_MS);
    }
    return false;
}

static ls_status fail_to_reach(const char *path, int why, ls_error *err) {
    if (why == ENOENT || why == ECONNREFUSED) {
        ls_fail(err, LS_ERR_IO, "no pool's daemon runs here: nobody listens at '%s'", path);
        ls_hint(err, "start it with 'lineshaft pool run POOL', or say with --socket where it is");
    } else {
        ls_fail(err, LS_ERR_IO, "cannot reach the pool's daemon at '%s': %s", path, strerror(why));
        if (why == EACCES) {
            ls_hint(err,
                    "the daemon was started for its own user alone; its option --open lets "
                    "others in");
        }
    }
    return LS_ERR_IO;
}

ls_status ls_pool_call_open(const char *path, ls_pool_call **out, ls_error *err) {
    struct sockaddr_un address;
    int folder = -1;
    *out = NULL;
    ls_status status = ls_pool_address_make(path, &address, &folder, err);
    if (status != LS_OK) {
        return status;
    }
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool reached = file >= 0 && reach(file, &address);
    const int why = errno;
    if (folder >= 0) {
        close(folder);
    }
    ls_pool_call *call = reached ? ls_alloc(sizeof *call) : NULL;
    if (call == NULL) {
        if (file >= 0) {
            close(file);
        }
        return reached ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                       : fail_to_reach(path, why, err);
    }
    call->file = file;
    ls_buffer_init(&call->in);
    *out = call;
    return LS_OK;
}

// ---- over HTTP

// A file that others can read is no secret any more.
static ls_status read_token(const char *path, char *out, size_t size, ls_error *err) {
    struct stat about;
    char text[TOKEN_FILE_MAX];
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return ls_fail_errno(err, path, "cannot read the token", errno);
    }
    const bool told = fstat(file, &about) == 0;
    const ssize_t got = told && S_ISREG(about.st_mode) ? read(file, text, sizeof text - 1) : 0;
    close(file);
    if (told && (about.st_mode & 077) != 0) {
        ls_fail(err, LS_ERR_IO, "the token in '%s' can be read by others", path);
        ls_hint(err, "chmod 600 %s; and make another token, if they may have", path);
        return LS_ERR_IO;
    }
    text[got > 0 ? got : 0] = '\0';
    const char *word = text + strspn(text, " \t\r\n");
    const size_t length = strcspn(word, " \t\r\n");
    if (length == 0 || length >= size) {
        return ls_fail(err, LS_ERR_INVALID, "there is no token in '%s'", path);
    }
    memcpy(out, word, length);
    out[length] = '\0';
    explicit_bzero(text, sizeof text);
    return LS_OK;
}

ls_status ls_pool_call_open_url(const char *url, const char *token_file, const char *trust,
                                ls_pool_call **out, ls_error *err) {
    char token[512] = "";
    *out = NULL;
    ls_status status = token_file != NULL ? read_token(token_file, token, sizeof token, err)
                                          : LS_OK;
    if (status != LS_OK) {
        return status;
    }
    ls_pool_call *call = ls_alloc(sizeof *call);
    if (call == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    call->file = -1;
    ls_buffer_init(&call->in);
    const ls_https_def def = {.url = url, .token = token, .trust = trust};
    status = ls_https_open(&def, &call->https, err);
    explicit_bzero(token, sizeof token);
    if (status != LS_OK) {
        ls_pool_call_close(call);
        return status;
    }
    *out = call;
    return LS_OK;
}

// What refuses says so in the socket's form too: {"error": {"code", "text"}}.
static ls_status ask_https(ls_pool_call *call, const char *line, size_t size, int timeout_ms,
                           ls_buffer *out, ls_error *err) {
    int answered = 0;
    const ls_status status = ls_https_post(call->https, "/api/v1/pool/ask", line, size, timeout_ms,
                                           out, &answered, err);
    if (status == LS_OK && (out->size == 0 || out->data[0] != '{')) {
        return ls_fail(err, LS_ERR_IO, "what answers there is no pool: status %d", answered);
    }
    while (status == LS_OK && out->data[out->size - 1] == '\n') {
        out->size--;
    }
    return status;
}

void ls_pool_call_close(ls_pool_call *call) {
    if (call != NULL) {
        if (call->file >= 0) {
            close(call->file);
        }
        ls_https_close(call->https);
        ls_buffer_clear(&call->in);
        ls_free(call);
    }
}

// Until it can be read (or written); LS_ERR_IO when the time is over.
static ls_status wait_for(const ls_pool_call *call, short events, int64_t until_ms, ls_error *err) {
    for (;;) {
        struct pollfd file = {.fd = call->file, .events = events};
        const int64_t left = until_ms - now_ms();
        const int n = left > 0 ? poll(&file, 1, (int)left) : 0;
        if (n > 0) {
            return LS_OK;
        }
        if (n == 0) {
            ls_fail(err, LS_ERR_IO, "the pool's daemon does not answer");
            ls_hint(err, "it is there, but busy or stuck; its log says more");
            return LS_ERR_IO;
        }
        if (errno != EINTR) {
            return ls_fail(err, LS_ERR_IO, "cannot wait for the pool's daemon: %s",
                           strerror(errno));
        }
    }
}

static ls_status say(ls_pool_call *call, const char *bytes, size_t size, int64_t until_ms,
                     ls_error *err) {
    for (size_t sent = 0; sent < size;) {
        const ssize_t n = send(call->file, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            const ls_status status = wait_for(call, POLLOUT, until_ms, err);
            if (status != LS_OK) {
                return status;
            }
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return LS_OK;  // it may have said why
        } else if (errno != EINTR) {
            return ls_fail(err, LS_ERR_IO, "cannot ask the pool's daemon: %s", strerror(errno));
        }
    }
    return LS_OK;
}

static ls_status hear(ls_pool_call *call, int64_t until_ms, ls_error *err) {
    for (;;) {
        const ssize_t n = recv(call->file, call->piece, sizeof call->piece, 0);
        if (n > 0) {
            ls_buffer_append(&call->in, call->piece, (size_t)n);
            return call->in.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
        }
        if (n == 0 || errno == ECONNRESET) {
            ls_fail(err, LS_ERR_IO, "the pool's daemon hung up");
            ls_hint(err, "its log says why");
            return LS_ERR_IO;
        }
        if (errno == EAGAIN) {
            const ls_status status = wait_for(call, POLLIN, until_ms, err);
            if (status != LS_OK) {
                return status;
            }
        } else if (errno != EINTR) {
            return ls_fail(err, LS_ERR_IO, "cannot hear the pool's daemon: %s", strerror(errno));
        }
    }
}

ls_status ls_pool_call_ask(ls_pool_call *call, const char *line, size_t size, int timeout_ms,
                           ls_buffer *out, ls_error *err) {
    if (call->https != NULL) {
        return ask_https(call, line, size, timeout_ms, out, err);
    }
    const int64_t until_ms = now_ms() + timeout_ms;
    ls_status status = say(call, line, size, until_ms, err);
    if (status == LS_OK) {
        status = say(call, "\n", 1, until_ms, err);
    }
    size_t scanned = 0;
    const char *end = NULL;
    while (status == LS_OK && end == NULL) {
        end = call->in.size > scanned
                  ? memchr(call->in.data + scanned, '\n', call->in.size - scanned)
                  : NULL;
        scanned = call->in.size;
        if (end == NULL) {
            status = hear(call, until_ms, err);
        }
    }
    if (status != LS_OK) {
        return status;
    }
    const size_t length = (size_t)(end - call->in.data);
    out->size = 0;
    ls_buffer_append(out, call->in.data, length);
    call->in.size -= length + 1;
    memmove(call->in.data, end + 1, call->in.size);
    return out->failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
}
