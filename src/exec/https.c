// https.c - see https.h.
#include "exec/https.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "exec/late_gnutls.h"

enum { ANSWER_MAX = 64 << 20, PIECE = 64 << 10, TOKEN_MAX = 512 };

struct ls_https {
    ls_https_url url;
    char token[TOKEN_MAX], trust[4096];
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    bool fresh;  // nothing was heard on this connection yet
    char piece[PIECE];
};

// ---- addresses

bool ls_https_url_parse(const char *text, ls_https_url *out, const char **out_why) {
    *out = (ls_https_url){.tls = strncasecmp(text, "https://", 8) == 0};
    *out_why = "it begins with https://";
    if (!out->tls && strncasecmp(text, "http://", 7) != 0) {
        return false;
    }
    const char *host = text + (out->tls ? 8 : 7);
    const bool bracket = host[0] == '[';
    const char *end = bracket ? strchr(host, ']') : host + strcspn(host, ":/");
    host += bracket;
    *out_why = "as https://pool.example:8378";
    if (end == NULL || end == host || (size_t)(end - host) >= sizeof out->host ||
        strcspn(host, "@?# \t\r\n") < (size_t)(end - host)) {
        return false;
    }
    memcpy(out->host, host, (size_t)(end - host));
    end += bracket;
    out->port = out->tls ? 443 : 80;
    if (*end == ':') {
        const size_t digits = strspn(end + 1, "0123456789");
        int64_t port = 0;
        *out_why = "a port is 1 to 65535";
        if (!ls_text_parse_i64(end + 1, digits, &port) || port < 1 || port > 65535) {
            return false;
        }
        out->port = (int)port;
        end += 1 + digits;
    }
    size_t length = strlen(end);
    *out_why = "a path of letters, digits, '/', '-', '_', '.' and '~', of at most 500 bytes";
    if ((*end != '\0' && *end != '/') || length >= sizeof out->path ||
        strspn(end, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.~") !=
            length) {
        return false;
    }
    while (length > 0 && end[length - 1] == '/') {
        length--;
    }
    memcpy(out->path, end, length);
    struct in_addr v4;
    *out_why = "https:// where it is another machine: without TLS others could read the token";
    return out->tls || strcmp(out->host, "localhost") == 0 || strcmp(out->host, "::1") == 0 ||
           (inet_pton(AF_INET, out->host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

ls_status ls_https_open(const ls_https_def *def, ls_https **out, ls_error *err) {
    const char *why = NULL;
    const char *token = def->token != NULL ? def->token : "";
    const char *trust = def->trust != NULL ? def->trust : "";
    *out = NULL;
    ls_https *h = ls_alloc(sizeof *h);
    if (h == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    h->fd = -1;
    ls_status status = LS_OK;
    if (!ls_https_url_parse(def->url, &h->url, &why)) {
        status = ls_fail(err, LS_ERR_INVALID, "'%.200s' is no address of a pool", def->url);
        ls_hint(err, "%s", why);
    } else if (strlen(token) >= sizeof h->token || strpbrk(token, " \t\r\n") != NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "what is to be a token is none");
        ls_hint(err, "it is one word, as 'lineshaft pool token' tells it");
    } else if (strlen(trust) >= sizeof h->trust) {
        status = ls_fail(err, LS_ERR_INVALID, "the file of who vouches has too long a name");
    }
    if (status != LS_OK) {
        ls_free(h);
        return status;
    }
    ls_text_format(h->token, sizeof h->token, "%s", token);
    ls_text_format(h->trust, sizeof h->trust, "%s", trust);
    *out = h;
    return LS_OK;
}

static void hang_up(ls_https *h) {
    if (h->session != NULL) {
        gnutls_deinit(h->session);
        h->session = NULL;
    }
    if (h->credentials != NULL) {
        gnutls_certificate_free_credentials(h->credentials);
        h->credentials = NULL;
    }
    if (h->fd >= 0) {
        close(h->fd);
        h->fd = -1;
    }
}

void ls_https_close(ls_https *h) {
    if (h != NULL) {
        hang_up(h);
        explicit_bzero(h->token, sizeof h->token);
        ls_free(h);
    }
}

// ---- reaching it

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// False, with errno: ETIMEDOUT when the time is over.
static bool wait_for(int fd, short events, int64_t until_ms) {
    for (;;) {
        struct pollfd file = {.fd = fd, .events = events};
        const int64_t left = until_ms - now_ms();
        const int n = left > 0 ? poll(&file, 1, (int)left) : 0;
        if (n > 0) {
            return true;
        }
        if (n == 0) {
            errno = ETIMEDOUT;
            return false;
        }
        if (errno != EINTR) {
            return false;
        }
    }
}

static int reach(const struct addrinfo *at, int64_t until_ms) {
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int one = 1;
    if (fd < 0) {
        return -1;
    }
    int wrong = 0;
    socklen_t size = sizeof wrong;
    bool there = connect(fd, at->ai_addr, at->ai_addrlen) == 0;
    if (!there && errno == EINPROGRESS && wait_for(fd, POLLOUT, until_ms)) {
        there = getsockopt(fd, SOL_SOCKET, SO_ERROR, &wrong, &size) == 0 && wrong == 0;
        errno = wrong;
    }
    if (!there) {
        wrong = errno;
        close(fd);
        errno = wrong;
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static ls_status dial(ls_https *h, int64_t until_ms, ls_error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    char port[8];
    ls_text_format(port, sizeof port, "%d", h->url.port);
    const int wrong = getaddrinfo(h->url.host, port, &hints, &list);
    if (wrong != 0) {
        return ls_fail(err, LS_ERR_IO, "there is no host '%s': %s", h->url.host,
                       gai_strerror(wrong));
    }
    errno = 0;
    for (const struct addrinfo *at = list; at != NULL && h->fd < 0; at = at->ai_next) {
        h->fd = reach(at, until_ms);
    }
    freeaddrinfo(list);
    if (h->fd < 0) {
        ls_fail(err, LS_ERR_IO, "no pool answers at %s, port %d: %s", h->url.host, h->url.port,
                strerror(errno));
        ls_hint(err, "'lineshaft pool run' prints its address; --listen lets others reach it");
        return LS_ERR_IO;
    }
    return LS_OK;
}

// ---- TLS

static ls_status say_untrusted(const ls_https *h, int code, ls_error *err) {
    gnutls_datum_t why = {NULL, 0};
    if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR &&
        gnutls_certificate_verification_status_print(
            gnutls_session_get_verify_cert_status(h->session), GNUTLS_CRT_X509, &why, 0) == 0) {
        char text[LS_ERROR_TEXT_SIZE];
        ls_text_format(text, sizeof text, "%s", (const char *)why.data);
        ls_text_tame(text, false);
        gnutls_free(why.data);
        ls_fail(err, LS_ERR_IO, "what answers at %s, port %d, is not trusted: %s", h->url.host,
                h->url.port, text);
        ls_hint(err, "a certificate of your own is trusted with --trust FILE; no token was sent");
        return LS_ERR_IO;
    }
    return ls_fail(err, LS_ERR_IO, "no TLS with %s, port %d: %s", h->url.host, h->url.port,
                   gnutls_strerror(code));
}

static int prepare(ls_https *h) {
    int code = gnutls_certificate_allocate_credentials(&h->credentials);
    if (code == 0) {
        code = h->trust[0] != '\0' ? gnutls_certificate_set_x509_trust_file(
                                         h->credentials, h->trust, GNUTLS_X509_FMT_PEM)
                                   : gnutls_certificate_set_x509_system_trust(h->credentials);
        code = code == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : code;
    }
    if (code >= 0) {
        code = gnutls_init(&h->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_NONBLOCK);
    }
    struct in6_addr address;  // of which no server is asked by name
    if (code == 0 && inet_pton(AF_INET, h->url.host, &address) != 1 &&
        inet_pton(AF_INET6, h->url.host, &address) != 1) {
        code = gnutls_server_name_set(h->session, GNUTLS_NAME_DNS, h->url.host,
                                      strlen(h->url.host));
    }
    if (code == 0) {
        code = gnutls_set_default_priority(h->session);
    }
    if (code == 0) {
        code = gnutls_credentials_set(h->session, GNUTLS_CRD_CERTIFICATE, h->credentials);
    }
    return code;
}

static ls_status begin_tls(ls_https *h, int64_t until_ms, ls_error *err) {
    const ls_status status = ls_gnutls_open(err);
    if (status != LS_OK) {
        return status;
    }
    int code = prepare(h);
    if (code != 0) {
        ls_fail(err, LS_ERR_IO, "TLS cannot be begun%s%s: %s", h->trust[0] != '\0' ? " with " : "",
                h->trust, gnutls_strerror(code));
        return LS_ERR_IO;
    }
    gnutls_session_set_verify_cert(h->session, h->url.host, 0);
    gnutls_transport_set_int(h->session, h->fd);
    do {
        code = gnutls_handshake(h->session);
        if (code == GNUTLS_E_AGAIN &&
            !wait_for(h->fd, gnutls_record_get_direction(h->session) ? POLLOUT : POLLIN,
                      until_ms)) {
            return ls_fail(err, LS_ERR_IO, "%s, port %d, does not answer: %s", h->url.host,
                           h->url.port, strerror(errno));
        }
    } while (code < 0 && gnutls_error_is_fatal(code) == 0);
    return code == 0 ? LS_OK : say_untrusted(h, code, err);
}

static ls_status connect_now(ls_https *h, int64_t until_ms, ls_error *err) {
    ls_status status = dial(h, until_ms, err);
    if (status == LS_OK && h->url.tls) {
        status = begin_tls(h, until_ms, err);
    }
    if (status != LS_OK) {
        hang_up(h);
    }
    h->fresh = true;
    return status;
}

// ---- bytes. Negative: broken, or too late; errno says which.

static ssize_t pass(ls_https *h, bool out, char *bytes, size_t size, int64_t until_ms) {
    for (;;) {
        ssize_t n;
        if (h->session != NULL) {
            n = out ? gnutls_record_send(h->session, bytes, size)
                    : gnutls_record_recv(h->session, bytes, size);
            errno = n == GNUTLS_E_AGAIN ? EAGAIN : n == GNUTLS_E_INTERRUPTED ? EINTR : EPROTO;
        } else {
            n = out ? send(h->fd, bytes, size, MSG_NOSIGNAL) : recv(h->fd, bytes, size, 0);
        }
        if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
            return n;
        }
        if (errno == EAGAIN && !wait_for(h->fd, out ? POLLOUT : POLLIN, until_ms)) {
            return -1;
        }
    }
}

static bool send_all(ls_https *h, const ls_buffer *request, int64_t until_ms) {
    for (size_t sent = 0; sent < request->size;) {
        const ssize_t n = pass(h, true, request->data + sent, request->size - sent, until_ms);
        if (n <= 0) {
            return false;
        }
        sent += (size_t)n;
    }
    return true;
}

// ---- the answer

bool ls_https_head_parse(const char *head, size_t size, int *out_status, int64_t *out_length,
                         bool *out_closes) {
    int64_t status = 0;
    *out_length = -1;
    *out_closes = size > 8 && memcmp(head, "HTTP/1.0", 8) == 0;
    if (size < 16 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ' ||
        !ls_text_parse_i64(head + 9, 3, &status) || status < 100) {
        return false;
    }
    *out_status = (int)status;
    const char *end = head + size;
    for (const char *line = memchr(head, '\n', size); line != NULL && ++line < end;
         line = memchr(line, '\n', (size_t)(end - line))) {
        const size_t left = (size_t)(end - line);
        if (left > 15 && strncasecmp(line, "Content-Length:", 15) == 0) {
            size_t at = 15;
            while (at < left && (line[at] == ' ' || line[at] == '\t')) {
                at++;
            }
            size_t digits = 0;
            while (at + digits < left && line[at + digits] >= '0' && line[at + digits] <= '9') {
                digits++;
            }
            if (*out_length >= 0 || !ls_text_parse_i64(line + at, digits, out_length) ||
                *out_length > ANSWER_MAX) {
                return false;
            }
        } else if (left > 18 && strncasecmp(line, "Transfer-Encoding:", 18) == 0) {
            return false;  // no server of ours sends it
        } else if (left > 17 && strncasecmp(line, "Connection: close", 17) == 0) {
            *out_closes = true;
        }
    }
    return true;
}

static ls_status hear(ls_https *h, int64_t until_ms, ls_buffer *out, int *out_status, bool *out_any,
                      ls_error *err) {
    ls_buffer all;
    int64_t length = -1;
    size_t head = 0;
    bool closes = false, good = true;
    ssize_t n = 1;
    ls_buffer_init(&all);
    *out_any = false;
    while (good && n > 0 && (head == 0 || length < 0 || all.size < head + (size_t)length)) {
        n = pass(h, false, h->piece, sizeof h->piece, until_ms);
        if (n > 0) {
            *out_any = true;
            ls_buffer_append(&all, h->piece, (size_t)n);
        }
        const char *end = n > 0 && head == 0 && !all.failed
                              ? memmem(all.data, all.size, "\r\n\r\n", 4)
                              : NULL;
        if (end != NULL) {
            head = (size_t)(end - all.data) + 4;
            good = ls_https_head_parse(all.data, head, out_status, &length, &closes);
        }
        good = good && !all.failed && all.size <= ANSWER_MAX &&
               (head > 0 || all.size <= LS_HTTPS_HEAD_MAX);
    }
    ls_status status = LS_OK;
    if (!good || head == 0 || (length >= 0 && all.size < head + (size_t)length)) {
        status = ls_fail(err, LS_ERR_IO, "%s, port %d: %s", h->url.host, h->url.port,
                         n < 0 && errno == ETIMEDOUT ? "no answer came in time"
                         : !*out_any                 ? "it hung up"
                                                     : "what came is no whole answer");
    } else {
        const size_t body = length >= 0 ? (size_t)length : all.size - head;
        out->size = 0;
        ls_buffer_append(out, all.data + head, body);
        status = out->failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    }
    if (status != LS_OK || closes || length < 0) {
        hang_up(h);
    }
    ls_buffer_clear(&all);
    return status;
}

static void write_request(const ls_https *h, const char *path, const char *body, size_t size,
                          ls_buffer *out) {
    const bool v6 = strchr(h->url.host, ':') != NULL;
    ls_buffer_init(out);
    ls_buffer_printf(out,
                     "POST %s%s HTTP/1.1\r\nHost: %s%s%s:%d\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n",
                     h->url.path, path, v6 ? "[" : "", h->url.host, v6 ? "]" : "", h->url.port,
                     size);
    if (h->token[0] != '\0') {
        ls_buffer_printf(out, "Authorization: Bearer %s\r\n", h->token);
    }
    ls_buffer_text(out, "\r\n");
    ls_buffer_append(out, body, size);
}

ls_status ls_https_post(ls_https *h, const char *path, const char *body, size_t size,
                        int timeout_ms, ls_buffer *out, int *out_status, ls_error *err) {
    const int64_t until_ms = now_ms() + timeout_ms;
    ls_buffer request;
    bool any = false;
    write_request(h, path, body, size, &request);
    ls_status status = request.failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
    // A server closes what was silent for long: a kept connection may be gone.
    for (bool again = true; status == LS_OK && again;) {
        status = h->fd >= 0 ? LS_OK : connect_now(h, until_ms, err);
        again = false;
        if (status != LS_OK) {
            break;
        }
        const bool kept = !h->fresh;
        any = false;
        if (send_all(h, &request, until_ms)) {
            status = hear(h, until_ms, out, out_status, &any, err);
        } else {
            status = ls_fail(err, LS_ERR_IO, "%s, port %d, cannot be asked: %s", h->url.host,
                             h->url.port, strerror(errno));
        }
        if (status == LS_OK) {
            h->fresh = false;
        } else {
            hang_up(h);
            again = kept && !any && now_ms() < until_ms;
            status = again ? LS_OK : status;
        }
    }
    if (request.data != NULL) {
        explicit_bzero(request.data, request.size);
    }
    ls_buffer_clear(&request);
    return status;
}
