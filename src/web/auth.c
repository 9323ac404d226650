// auth.c - see auth.h.
#include "web/auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "guard/protocol.h"

enum { PATH_SIZE = 4096, HOST_SIZE = 256 };

const char *ls_role_text(ls_role role) {
    return (unsigned)role < LS_ROLE_COUNT ? ls_role_name(role) : "nobody";
}

// ---- the file

static bool make_token(char *out) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char dice[LS_TOKEN_SIZE - 1];
    if (getrandom(dice, sizeof dice, 0) != (ssize_t)sizeof dice) {
        return false;
    }
    for (size_t i = 0; i < sizeof dice; i++) {
        out[i] = letters[dice[i] & 63];
    }
    out[sizeof dice] = '\0';
    return true;
}

static ls_status make(const char *path, ls_auth *out, ls_error *err) {
    char text[512];
    for (int i = 0; i < LS_ROLE_COUNT; i++) {
        if (!make_token(out->tokens[i])) {
            return ls_fail(err, LS_ERR_IO, "the system gives no random bytes for tokens");
        }
    }
    const size_t size = ls_text_format(
        text, sizeof text, "{\"viewer\": \"%s\", \"operator\": \"%s\", \"engineer\": \"%s\"}\n",
        out->tokens[LS_ROLE_VIEWER], out->tokens[LS_ROLE_OPERATOR], out->tokens[LS_ROLE_ENGINEER]);
    // An empty file with the right permissions first: they stay when it is written.
    FILE *file = fopen(path, "wxe");
    const bool made = file != NULL && fchmod(fileno(file), 0600) == 0;
    if (file != NULL && fclose(file) != 0) {
        return ls_fail(err, LS_ERR_IO, "cannot write %s: %s", path, ls_errno_text(errno));
    }
    return made ? ls_file_write(path, text, size, err)
                : ls_fail(err, LS_ERR_IO, "cannot write %s: %s", path, ls_errno_text(errno));
}

static bool is_token(const char *text) {
    const size_t length = strlen(text);
    return length >= 20 && length < LS_TOKEN_SIZE &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               length;
}

static ls_status read_tokens(const char *path, ls_auth *out, ls_error *err) {
    json_error_t why;
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    bool fine = object != NULL;
    for (int i = 0; i < LS_ROLE_COUNT && fine; i++) {
        const char *token = json_string_value(json_object_get(object, ls_role_name((ls_role)i)));
        fine = token != NULL && is_token(token);
        if (fine) {
            ls_text_format(out->tokens[i], LS_TOKEN_SIZE, "%s", token);
        }
    }
    json_decref(object);
    if (!fine) {
        ls_fail(err, LS_ERR_INVALID, "%s does not hold three tokens", path);
        ls_hint(err, "remove it, and new ones are made at the next start");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_auth_load(const char *data, ls_auth *out, ls_error *err) {
    char path[PATH_SIZE];
    struct stat about;
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/tokens.json", data);
    if (stat(path, &about) != 0) {
        return errno == ENOENT
                   ? make(path, out, err)
                   : ls_fail(err, LS_ERR_IO, "cannot read %s: %s", path, ls_errno_text(errno));
    }
    if (about.st_size == 0 && S_ISREG(about.st_mode) && unlink(path) == 0) {
        return make(path, out, err);  // an earlier start was cut off in the middle
    }
    if ((about.st_mode & 077) != 0) {
        ls_fail(err, LS_ERR_INVALID, "%s can be read by others", path);
        ls_hint(err,
                "chmod 600 %s; whoever has seen it may act: better remove it, and new ones "
                "are made",
                path);
        return LS_ERR_INVALID;
    }
    return read_tokens(path, out, err);
}

// ---- tokens of requests

// As long for a wrong first letter as for a wrong last one.
static bool same(const char *token, const char *said) {
    const size_t length = strlen(token);
    const size_t said_length = strnlen(said, LS_TOKEN_SIZE);
    unsigned difference = (unsigned)(length ^ said_length);
    for (size_t i = 0; i < length; i++) {
        const char c = i < said_length ? said[i] : '\0';
        difference |= (unsigned)((unsigned char)token[i] ^ (unsigned char)c);
    }
    return length > 0 && difference == 0;
}

static bool find(const ls_auth *auth, const char *said, ls_role *out) {
    bool found = false;
    for (int i = 0; i < LS_ROLE_COUNT; i++) {
        if (same(auth->tokens[i], said)) {
            *out = (ls_role)i;
            found = true;
        }
    }
    return found;
}

bool ls_auth_find(const ls_auth *auth, const ls_claim *claim, ls_role *out) {
    const char *bearer = claim->authorization;
    if (bearer != NULL) {  // who shows one is asked for no other
        return strncasecmp(bearer, "Bearer ", 7) == 0 && find(auth, bearer + 7, out);
    }
    return (claim->token != NULL && find(auth, claim->token, out)) ||
           (claim->cookie != NULL && find(auth, claim->cookie, out));
}

// ---- where from

// The name in front of a port; [..] around an IPv6 address goes. False: this is no host.
static bool host_name(const char *host, char *out) {
    const char *end = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
    const size_t skip = host[0] == '[';
    const char *rest = skip != 0 && end != NULL ? end + 1 : end;
    if (skip != 0 && end == NULL) {
        return false;
    }
    if (rest != NULL && *rest != '\0' &&
        (*rest != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1))) {
        return false;
    }
    const size_t length = (end != NULL ? (size_t)(end - host) : strlen(host)) - skip;
    if (length == 0 || length >= HOST_SIZE) {
        return false;
    }
    memcpy(out, host + skip, length);
    out[length] = '\0';
    return true;
}

bool ls_auth_is_address(const char *name) {
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

bool ls_auth_host_is_ours(const char *host, const char *const *names, size_t count) {
    char name[HOST_SIZE];
    if (!host_name(host, name)) {
        return false;
    }
    bool ours = ls_auth_is_address(name) || strcasecmp(name, "localhost") == 0;
    for (size_t i = 0; i < count && !ours; i++) {
        ours = names[i] != NULL && names[i][0] != '\0' && strcasecmp(name, names[i]) == 0;
    }
    return ours;
}

bool ls_auth_origin_is_ours(const char *origin, const char *host, bool tls) {
    const char *scheme = tls ? "https://" : "http://";
    const size_t length = strlen(scheme);
    return host != NULL && strncasecmp(origin, scheme, length) == 0 &&
           strcasecmp(origin + length, host) == 0;
}

bool ls_auth_is_loopback(const char *address) {
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, address, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
    }
    return false;
}
