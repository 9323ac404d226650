// signature_test.c - what is accepted as signed, and everything that is not.
#include "model/signature.h"

#include <string.h>

#include "tests/harness.h"

static char secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX];

static ls_status check(const char *key, const char *bytes, const char *signature, ls_error *err) {
    *err = (ls_error){0};
    return ls_signature_check(key, strlen(key), "key.pub", bytes, strlen(bytes), signature,
                              strlen(signature), "m.sig", err);
}

static void test_signed_bytes_are_known_again(void) {
    char signature[LS_SIGNATURE_LINE_MAX], again[LS_SIGNATURE_LINE_MAX];
    ls_error err = {0};
    CHECK_INT(ls_signature_make_keys(secret, public, &err), LS_OK);
    CHECK_CONTAINS(secret, "lineshaft-secret-key/1 ");
    CHECK_CONTAINS(public, "lineshaft-public-key/1 ");
    CHECK_INT(ls_signature_sign(secret, strlen(secret), "key", "abc", 3, signature, &err), LS_OK);
    CHECK_INT(check(public, "abc", signature, &err), LS_OK);
    CHECK_STR(err.text, "");
    // Ed25519 draws nothing: the same key and bytes give the same signature.
    CHECK_INT(ls_signature_sign(secret, strlen(secret), "key", "abc", 3, again, &err), LS_OK);
    CHECK_STR(again, signature);
    public[strlen(public) - 1] = '\0';  // a key without its line end, as an editor may leave it
    CHECK_INT(check(public, "abc", signature, &err), LS_OK);
}

static void test_everything_else_is_refused(void) {
    char signature[LS_SIGNATURE_LINE_MAX], changed[LS_SIGNATURE_LINE_MAX];
    char other_secret[LS_SIGNATURE_LINE_MAX], other_public[LS_SIGNATURE_LINE_MAX];
    ls_error err = {0};
    CHECK_INT(ls_signature_sign(secret, strlen(secret), "key", "abc", 3, signature, &err), LS_OK);
    CHECK_INT(check(public, "abd", signature, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "not of what stands there now");
    CHECK_INT(check(public, "", signature, &err), LS_ERR_INVALID);
    CHECK_INT(ls_signature_make_keys(other_secret, other_public, &err), LS_OK);
    CHECK_INT(check(other_public, "abc", signature, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "signed by another key");
    CHECK_STR(err.file, "m.sig");
    CHECK_INT(check(secret, "abc", signature, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no public key");
    CHECK_INT(check("", "abc", signature, &err), LS_ERR_INVALID);
    // Each character counts; those of the signature itself, the last 128, too.
    for (size_t i = 0; i < strlen(signature); i++) {
        strcpy(changed, signature);
        changed[i] = changed[i] == '0' ? '1' : '0';
        if (check(public, "abc", changed, &err) != LS_ERR_INVALID) {
            CHECK_INT((long long)i, -1);
        }
        changed[i] = (char)(signature[i] ^ 0x20);  // the other case of a letter
        if (check(public, "abc", changed, &err) != LS_ERR_INVALID) {
            CHECK_INT((long long)i, -2);
        }
        changed[i] = '\0';  // cut off
        if (check(public, "abc", changed, &err) != LS_ERR_INVALID) {
            CHECK_INT((long long)i, -3);
        }
    }
    strcpy(changed, signature);
    strcat(changed, "x");
    CHECK_INT(check(public, "abc", changed, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no signature");
    CHECK_INT(ls_signature_sign(public, strlen(public), "key", "abc", 3, changed, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no secret key");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_signed_bytes_are_known_again);
    TEST(test_everything_else_is_refused);
    return harness_report();
}
