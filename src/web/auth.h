// auth.h - who asks: tokens, cookies, and where a request comes from.
//
// Three tokens, one a role, in DATA/tokens.json (0600), made at the first start and kept. Whoever
// has the token has the role; nobody without one sees the plant, also on this machine. A page from
// elsewhere is told apart by Host (its name must be ours) and Origin (it must be the page's own).
#pragma once

#include "base/status.h"
#include "guard/link.h"

enum { LS_TOKEN_SIZE = 44 };  // 43 letters of base64url: 256 bits

typedef struct ls_auth {
    char tokens[LS_ROLE_COUNT][LS_TOKEN_SIZE];
} ls_auth;

// Reads DATA/tokens.json, or makes it. Fails with LS_ERR_IO, or LS_ERR_INVALID when the file holds
// something else or others may read it.
ls_status ls_auth_load(const char *data, ls_auth *out, ls_error *err);
const char *ls_role_text(ls_role role);

// What a request says of itself; all may be NULL.
typedef struct ls_claim {
    const char *authorization;  // "Bearer ..."
    const char *cookie;         // the value of our cookie
    const char *token;          // of the address
} ls_claim;
// False: no token, or none of ours. Takes the same time for every wrong one.
bool ls_auth_find(const ls_auth *auth, const ls_claim *claim, ls_role *out);

// May a request name this host? Addresses always (a stranger's name cannot become one), localhost,
// and `names` (NULL entries are passed over). `host` is the header, with or without a port.
bool ls_auth_host_is_ours(const char *host, const char *const *names, size_t count);
// Is the Origin header that of the host the request was sent to?
bool ls_auth_origin_is_ours(const char *origin, const char *host, bool tls);
bool ls_auth_is_address(const char *name);      // of IPv4 or IPv6, as text
bool ls_auth_is_loopback(const char *address);  // an IP address as text
