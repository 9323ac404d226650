// signature.h - who vouches for bytes: Ed25519 signatures by libsodium, keys and signatures as
// lines of text.
//
//   lineshaft-secret-key/1 HEX     whoever has it signs; never leaves who made it
//   lineshaft-public-key/1 HEX     what signatures are checked with
//   lineshaft-signature/1 HEX HEX  of which public key, and the signature
//
// HEX are lower-case digits. A signature's line ends with a line feed, a key's may: each signature
// has one spelling, and one byte more, less or changed is none.
//
// What is signed are the bytes with "lineshaft model manifest" and a zero before them, so that a
// signature made for something else is none for a model. Not thread safe before the first call has
// returned.
#pragma once

#include <stddef.h>

#include "base/status.h"

enum { LS_SIGNATURE_LINE_MAX = 320 };  // bytes of any of the three, with the final zero

// A new pair, from the system's randomness.
ls_status ls_signature_make_keys(char secret[LS_SIGNATURE_LINE_MAX],
                                 char public[LS_SIGNATURE_LINE_MAX], ls_error *err);
// `file` is what errors call the key. LS_ERR_INVALID: it is no secret key.
ls_status ls_signature_sign(const char *secret, size_t secret_size, const char *file,
                            const void *bytes, size_t size, char out[LS_SIGNATURE_LINE_MAX],
                            ls_error *err);
// Total: any bytes. LS_OK when the signature is of these bytes and by this key; else
// LS_ERR_INVALID, which says whether the key, the signature or what is signed is wrong.
ls_status ls_signature_check(const char *public, size_t public_size, const char *key_file,
                             const void *bytes, size_t size, const char *signature,
                             size_t signature_size, const char *signature_file, ls_error *err);
