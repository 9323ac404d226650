// signature.c - see signature.h.
#include "model/signature.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

static const char secret_word[] = "lineshaft-secret-key/1 ";
static const char public_word[] = "lineshaft-public-key/1 ";
static const char signature_word[] = "lineshaft-signature/1 ";
static const char purpose[] = "lineshaft model manifest";  // signed with its final zero

enum {
    SECRET = crypto_sign_SECRETKEYBYTES,
    PUBLIC = crypto_sign_PUBLICKEYBYTES,
    SIGNATURE = crypto_sign_BYTES
};

static ls_status begin(ls_error *err) {
    return sodium_init() >= 0 ? LS_OK
                              : ls_fail(err, LS_ERR_IO, "libsodium finds no randomness here");
}

static void put(const char *word, const unsigned char *bytes, size_t size,
                char out[LS_SIGNATURE_LINE_MAX]) {
    char hex[2 * SECRET + 1];
    snprintf(out, LS_SIGNATURE_LINE_MAX, "%s%s\n", word,
             sodium_bin2hex(hex, sizeof hex, bytes, size));
    sodium_memzero(hex, sizeof hex);
}

// So many bytes in hexadecimal digits at *at, which moves behind them. Digits have one spelling, as
// they are written here: no two files are one signature.
static bool take_hex(const char **at, const char *end, unsigned char *out, size_t size) {
    size_t got = 0;
    if ((size_t)(end - *at) < 2 * size) {
        return false;
    }
    for (size_t i = 0; i < 2 * size; i++) {
        if ((*at)[i] >= 'A' && (*at)[i] <= 'F') {
            return false;
        }
    }
    if (sodium_hex2bin(out, size, *at, 2 * size, NULL, &got, NULL) != 0 || got != size) {
        return false;
    }
    *at += 2 * size;
    return true;
}

static bool take_word(const char **at, const char *end, const char *word) {
    const size_t size = strlen(word);
    if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

static bool is_line_end(const char *at, const char *end) {
    return at + 1 == end && *at == '\n';
}

static bool take_key(const char *text, size_t size, const char *word, unsigned char *out,
                     size_t out_size) {
    const char *at = text, *end = text + size;
    // People copy keys: the line end may be lost.
    return take_word(&at, end, word) && take_hex(&at, end, out, out_size) &&
           (at == end || is_line_end(at, end));
}

ls_status ls_signature_make_keys(char secret[LS_SIGNATURE_LINE_MAX],
                                 char public[LS_SIGNATURE_LINE_MAX], ls_error *err) {
    unsigned char secret_key[SECRET], public_key[PUBLIC];
    const ls_status status = begin(err);
    if (status != LS_OK) {
        return status;
    }
    crypto_sign_keypair(public_key, secret_key);
    put(secret_word, secret_key, SECRET, secret);
    put(public_word, public_key, PUBLIC, public);
    sodium_memzero(secret_key, sizeof secret_key);
    return LS_OK;
}

// `purpose` and the bytes, one behind the other; given back by ls_free.
static unsigned char *with_purpose(const void *bytes, size_t size) {
    unsigned char *whole = ls_alloc(sizeof purpose + size);
    if (whole != NULL) {
        memcpy(whole, purpose, sizeof purpose);
        if (size > 0) {
            memcpy(whole + sizeof purpose, bytes, size);
        }
    }
    return whole;
}

ls_status ls_signature_sign(const char *secret, size_t secret_size, const char *file,
                            const void *bytes, size_t size, char out[LS_SIGNATURE_LINE_MAX],
                            ls_error *err) {
    unsigned char key[SECRET], made[SIGNATURE];
    ls_status status = begin(err);
    if (status != LS_OK) {
        return status;
    }
    if (!take_key(secret, secret_size, secret_word, key, SECRET)) {
        ls_fail_at(err, LS_ERR_INVALID, file, 1, 1, "this is no secret key");
        ls_hint(err, "'lineshaft model key' makes one");
        return LS_ERR_INVALID;
    }
    unsigned char *whole = with_purpose(bytes, size);
    if (whole == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a signature");
    } else {
        char by[2 * PUBLIC + 1], hex[2 * SIGNATURE + 1];
        crypto_sign_detached(made, NULL, whole, sizeof purpose + size, key);
        // A secret key of Ed25519 ends with its public one.
        snprintf(out, LS_SIGNATURE_LINE_MAX, "%s%s %s\n", signature_word,
                 sodium_bin2hex(by, sizeof by, key + SECRET - PUBLIC, PUBLIC),
                 sodium_bin2hex(hex, sizeof hex, made, SIGNATURE));
    }
    sodium_memzero(key, sizeof key);
    ls_free(whole);
    return status;
}

ls_status ls_signature_check(const char *public, size_t public_size, const char *key_file,
                             const void *bytes, size_t size, const char *signature,
                             size_t signature_size, const char *signature_file, ls_error *err) {
    unsigned char key[PUBLIC], by[PUBLIC], made[SIGNATURE];
    ls_status status = begin(err);
    if (status != LS_OK) {
        return status;
    }
    if (!take_key(public, public_size, public_word, key, PUBLIC)) {
        ls_fail_at(err, LS_ERR_INVALID, key_file, 1, 1, "this is no public key");
        ls_hint(err, "'lineshaft model key' makes one, in the file that ends with '.pub'");
        return LS_ERR_INVALID;
    }
    const char *at = signature, *end = signature + signature_size;
    if (!take_word(&at, end, signature_word) || !take_hex(&at, end, by, PUBLIC) ||
        !take_word(&at, end, " ") || !take_hex(&at, end, made, SIGNATURE) ||
        !is_line_end(at, end)) {
        return ls_fail_at(err, LS_ERR_INVALID, signature_file, 1, 1, "this is no signature");
    }
    if (memcmp(by, key, PUBLIC) != 0) {
        return ls_fail_at(err, LS_ERR_INVALID, signature_file, 1, 1,
                          "signed by another key than that of '%s'", key_file);
    }
    unsigned char *whole = with_purpose(bytes, size);
    if (whole == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a signature");
    }
    const bool good = crypto_sign_verify_detached(made, whole, sizeof purpose + size, key) == 0;
    ls_free(whole);
    return good ? LS_OK
                : ls_fail_at(err, LS_ERR_INVALID, signature_file, 1, 1,
                             "the signature is not of what stands there now");
}
