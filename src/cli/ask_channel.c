// ask_channel.c - see ask_channel.h.
#include "cli/ask_channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "exec/late_gnutls.h"
#include "web/certificate.h"

enum { WAIT_S = 5 };

struct ls_channel {
    int fd;
    gnutls_session_t session;  // NULL: plain
    gnutls_certificate_credentials_t credentials;
};

static int open_socket(const ls_service_address *address) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)address->port)};
    const bool is_v4 = inet_pton(AF_INET, address->host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address->host, &v6.sin6_addr) != 1) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = WAIT_S};
    const struct sockaddr *where = is_v4 ? (const struct sockaddr *)(const void *)&v4
                                         : (const struct sockaddr *)(const void *)&v6;
    const socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        connect(fd, where, size) != 0) {
        if (fd >= 0) {
            const int why = errno;
            close(fd);
            errno = why;
        }
        return -1;
    }
    return fd;
}

// ---- TLS

// Whoever answers must show the certificate that the service was started with. That it did so from
// the data folder, where the tokens are, is why nobody has to vouch for it; a self-made one is
// fine.
static ls_status check_peer(const ls_channel *channel, const ls_service_address *address,
                            ls_error *err) {
    unsigned count = 0;
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(channel->session, &count);
    ls_certificate *certificate = NULL;
    ls_error why = {0};
    if (shown == NULL || count == 0) {
        return ls_fail(err, LS_ERR_IO, "what answers on port %d shows no certificate",
                       address->port);
    }
    ls_status status = ls_certificate_from_der(shown[0].data, shown[0].size, &certificate, &why);
    if (status != LS_OK) {
        ls_fail(err, LS_ERR_IO, "the certificate of what answers on port %d cannot be read: %s",
                address->port, why.text);
    } else if (strcmp(ls_certificate_print(certificate), address->certificate) != 0) {
        status = ls_fail(
            err, LS_ERR_IO,
            "what answers on port %d is not trusted: it shows another certificate than "
            "the service was started with",
            address->port);
        ls_hint(err, "is it another program, or something in between? No token was sent");
    } else {
        status = ls_certificate_check(certificate, (int64_t)time(NULL), address->host,
                                      address->name, &why);
        if (status != LS_OK) {
            ls_fail(err, LS_ERR_IO, "the certificate of the service on port %d: %s", address->port,
                    why.text);
            ls_hint(err, "%s", why.hint);
        }
    }
    ls_certificate_destroy(certificate);
    return status == LS_OK ? LS_OK : LS_ERR_IO;
}

static bool prepare(ls_channel *channel) {
    return gnutls_certificate_allocate_credentials(&channel->credentials) == 0 &&
           gnutls_init(&channel->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) ==
               0 &&
           gnutls_set_default_priority(channel->session) == 0 &&
           gnutls_credentials_set(channel->session, GNUTLS_CRD_CERTIFICATE, channel->credentials) ==
               0;
}

static ls_status begin_tls(ls_channel *channel, const ls_service_address *address, ls_error *err) {
    const ls_status status = ls_gnutls_open(err);
    if (status != LS_OK) {
        return status;
    }
    if (!prepare(channel)) {
        return ls_fail(err, LS_ERR_IO, "TLS cannot be begun: out of memory?");
    }
    gnutls_transport_set_int(channel->session, channel->fd);
    gnutls_handshake_set_timeout(channel->session, WAIT_S * 1000);
    int code = 0;
    do {
        code = gnutls_handshake(channel->session);
    } while (code == GNUTLS_E_INTERRUPTED || code == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (code < 0) {
        return ls_fail(err, LS_ERR_IO, "what answers on port %d speaks no TLS with us: %s",
                       address->port, gnutls_strerror(code));
    }
    return check_peer(channel, address, err);
}

// ---- both

ls_status ls_channel_open(const ls_service_address *address, ls_channel **out, ls_error *err) {
    *out = NULL;
    ls_channel *channel = ls_alloc(sizeof *channel);
    if (channel == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a connection");
    }
    *channel = (ls_channel){.fd = open_socket(address)};
    ls_status status = LS_OK;
    if (channel->fd < 0) {
        status = ls_fail(err, LS_ERR_IO, "the service on port %d does not answer: %s",
                         address->port, ls_errno_text(errno));
    } else if (address->certificate[0] != '\0') {
        status = begin_tls(channel, address, err);
    }
    if (status != LS_OK) {
        ls_channel_close(channel);
        return status;
    }
    *out = channel;
    return LS_OK;
}

static ssize_t send_some(ls_channel *channel, const char *bytes, size_t size) {
    ssize_t sent = 0;
    do {
        sent = channel->session != NULL ? gnutls_record_send(channel->session, bytes, size)
                                        : send(channel->fd, bytes, size, MSG_NOSIGNAL);
    } while (channel->session != NULL ? sent == GNUTLS_E_INTERRUPTED : sent < 0 && errno == EINTR);
    return sent;
}

bool ls_channel_send(ls_channel *channel, const char *bytes, size_t size) {
    ssize_t sent = 1;
    while (size > 0 && sent > 0) {
        sent = send_some(channel, bytes, size);
        bytes += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
    return size == 0;
}

ssize_t ls_channel_read(ls_channel *channel, char *out, size_t size) {
    ssize_t got = 0;
    do {
        got = channel->session != NULL ? gnutls_record_recv(channel->session, out, size)
                                       : read(channel->fd, out, size);
    } while (channel->session != NULL ? got == GNUTLS_E_INTERRUPTED : got < 0 && errno == EINTR);
    return got;
}

void ls_channel_close(ls_channel *channel) {
    if (channel != NULL) {
        if (channel->session != NULL) {
            gnutls_bye(channel->session, GNUTLS_SHUT_WR);
            gnutls_deinit(channel->session);
        }
        if (channel->credentials != NULL) {
            gnutls_certificate_free_credentials(channel->credentials);
        }
        if (channel->fd >= 0) {
            close(channel->fd);
        }
        ls_free(channel);
    }
}
