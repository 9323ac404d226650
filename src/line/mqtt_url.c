// mqtt_url.c - see mqtt_url.h.
#include "line/mqtt_url.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static ls_status bad_url(const char *text, const char *why, ls_error *err) {
    ls_fail(err, LS_ERR_INVALID, "broker '%.200s': %s", text, why);
    ls_hint(err, "mqtt://HOST[:PORT], or mqtts://HOST[:PORT] with TLS");
    return LS_ERR_INVALID;
}

// The host of "HOST...", or of "[ADDRESS]...". Returns what follows it, NULL when there is none.
static const char *take_host(const char *text, ls_mqtt_url *out) {
    const bool bracket = *text == '[';
    const char *begin = text + (bracket ? 1 : 0);
    const size_t length = strcspn(begin, bracket ? "]" : ":/");
    if (length == 0 || length > LS_MQTT_HOST_MAX || (bracket && begin[length] != ']')) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)begin[i];
        if (c <= ' ' || c == 0x7f) {
            return NULL;
        }
    }
    memcpy(out->host, begin, length);
    out->host[length] = '\0';
    return begin + length + (bracket ? 1 : 0);
}

ls_status ls_mqtt_url_parse(const char *text, ls_mqtt_url *out, ls_error *err) {
    ls_mqtt_url url = {.port = LS_MQTT_PORT};
    const char *rest = text;
    if (strncmp(text, "mqtts://", 8) == 0) {
        url.tls = true;
        url.port = LS_MQTTS_PORT;
        rest += 8;
    } else if (strncmp(text, "mqtt://", 7) == 0) {
        rest += 7;
    } else {
        return bad_url(text, "does not begin with mqtt:// or mqtts://", err);
    }
    if (strchr(rest, '@') != NULL) {
        // Not repeated: it may hold a password.
        ls_fail(err, LS_ERR_INVALID, "a broker's URL has no user and no password");
        ls_hint(err, "put them into a login file: user on line 1, password on line 2, mode 0600");
        return LS_ERR_INVALID;
    }
    rest = take_host(rest, &url);
    if (rest == NULL) {
        return bad_url(text, "no host that could be one", err);
    }
    if (*rest == ':') {
        const size_t length = strcspn(rest + 1, "/");
        int64_t port = 0;
        if (length > 5 || !ls_text_parse_i64(rest + 1, length, &port) || port < 1 || port > 65535) {
            return bad_url(text, "the port is no number from 1 to 65535", err);
        }
        url.port = (uint16_t)port;
        rest += 1 + length;
    }
    if (rest[0] != '\0' && strcmp(rest, "/") != 0) {
        return bad_url(text, "something stands behind host and port", err);
    }
    *out = url;
    return LS_OK;
}

// Reads up to size - 1 bytes of a file that only its owner may read.
static ls_status read_secret(const char *path, char *out, size_t size, ls_error *err) {
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0) {
        ls_fail(err, LS_ERR_IO, "cannot read login file '%s': %s", path, ls_errno_text(errno));
        if (file >= 0) {
            close(file);
        }
        return LS_ERR_IO;
    }
    ls_status status = LS_OK;
    size_t used = 0;
    if (!S_ISREG(about.st_mode)) {
        status = ls_fail(err, LS_ERR_IO, "login file '%s' is not a regular file", path);
    } else if ((about.st_mode & 077) != 0) {
        status = ls_fail(err, LS_ERR_INVALID, "login file '%s' is open to others (mode %04o)", path,
                         (unsigned)(about.st_mode & 07777));
        ls_hint(err, "chmod 0600 '%s'", path);
    }
    while (status == LS_OK && used < size - 1) {
        const ssize_t got = read(file, out + used, size - 1 - used);
        if (got <= 0) {
            status = got == 0 ? LS_OK
                              : ls_fail(err, LS_ERR_IO, "cannot read login file '%s': %s", path,
                                        ls_errno_text(errno));
            break;
        }
        used += (size_t)got;
    }
    out[used] = '\0';
    close(file);
    return status;
}

// Copies one line without its end. Returns what follows, NULL when it is too long.
static const char *take_line(const char *text, char out[LS_LOGIN_MAX + 1]) {
    size_t length = strcspn(text, "\n");
    const char *next = text + length + (text[length] == '\n' ? 1 : 0);
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    if (length > LS_LOGIN_MAX || !ls_text_is_utf8(text, length, NULL)) {
        return NULL;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return next;
}

ls_status ls_login_read(const char *path, ls_login *out, ls_error *err) {
    char text[4 * LS_LOGIN_MAX];
    ls_login login = {0};
    ls_status status = read_secret(path, text, sizeof text, err);
    if (status == LS_OK) {
        const char *rest = take_line(text, login.user);
        rest = rest != NULL ? take_line(rest, login.password) : NULL;
        if (rest == NULL || login.user[0] == '\0') {
            status = ls_fail(err, LS_ERR_INVALID, "login file '%s': %s", path,
                             rest == NULL ? "a line is too long, or not UTF-8" : "no user in it");
            ls_hint(err, "user on the first line, password on the second");
        }
    }
    explicit_bzero(text, sizeof text);
    if (status == LS_OK) {
        *out = login;
    }
    explicit_bzero(&login, sizeof login);
    return status;
}
