// certificate.h - a certificate: which one it is, when it holds, for which names.
//
// The service says in `service.json` which one it speaks TLS with; the program's own commands then
// take that one and no other, so who vouches for it does not matter to them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_certificate ls_certificate;

enum { LS_CERTIFICATE_PRINT_SIZE = 65 };  // SHA-256 as hexadecimal digits, zero-terminated

// The first of a PEM text: the server's own, behind which those that vouch for it may stand. Fails
// with LS_ERR_INVALID where there is none; NULL in *out then.
ls_status ls_certificate_from_pem(const char *pem, size_t size, ls_certificate **out,
                                  ls_error *err);
// The same from the bytes that a peer shows.
ls_status ls_certificate_from_der(const void *der, size_t size, ls_certificate **out,
                                  ls_error *err);
void ls_certificate_destroy(ls_certificate *certificate);  // NULL is fine
const char *ls_certificate_print(const ls_certificate *certificate);

// Does it hold at this time (s since 1970), for this machine: for the IP address that is listened
// on (any one: for this machine's own), `localhost`, the machine's name or this further one (may be
// NULL)? LS_ERR_INVALID, and says what is wrong, when not.
ls_status ls_certificate_check(const ls_certificate *certificate, int64_t now_s,
                               const char *address, const char *name, ls_error *err);
