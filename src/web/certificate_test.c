// certificate_test.c - which one it is, when it holds and for which names.
#include "web/certificate.h"

#include <string.h>

#include "tests/harness.h"

// Made by `openssl ca`: CN plant-pc; plant.example, *.shop.example, 10.1.2.3; the year 2026.
static const char pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBZjCCAQygAwIBAgIBATAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhwbGFudC1w\n"
    "YzAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDEwMDAwMDBaMBMxETAPBgNVBAMMCHBs\n"
    "YW50LXBjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBEx5/U5x/JxCwIE12r6G\n"
    "yoeQvosEi7WjXx0q8gxYwkUzsUoOVrHU9Rkb+LnhVgyJa2Q6SCj2zGNUCJ+3s098\n"
    "YqNRME8wLgYDVR0RBCcwJYINcGxhbnQuZXhhbXBsZYIOKi5zaG9wLmV4YW1wbGWH\n"
    "BAoBAgMwHQYDVR0OBBYEFBEtWFdkbUIMmrSY+TEyQgCTQdCVMAoGCCqGSM49BAMC\n"
    "A0gAMEUCIQDyM12kV/Sj3cUCeq5PylpYkpU3htrJzDLkDBQlzTo+GgIgJRn4118Y\n"
    "IiJ9OF7YtHUQ72KF3Jc7Dqi2UoBH1z7Inu4=\n"
    "-----END CERTIFICATE-----\n";
// `openssl x509 -fingerprint -sha256`
static const char print[] = "8325e973736838669553669386865900ecfabaabde99935a054340e99d6cec5e";
static const int64_t begin_s = 1767225600, end_s = 1798761600;

static ls_certificate *make(void) {
    ls_certificate *certificate = NULL;
    ls_error err = {0};
    CHECK_INT(ls_certificate_from_pem(pem, strlen(pem), &certificate, &err), LS_OK);
    return certificate;
}

static void test_it_is_known_by_its_print(void) {
    ls_certificate *certificate = make();
    CHECK_STR(ls_certificate_print(certificate), print);
    ls_certificate_destroy(certificate);
    ls_certificate_destroy(NULL);
}

static void test_what_is_none_is_refused(void) {
    static const char *const texts[] = {
        "", "plant: gearbox\n", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ls_certificate *certificate = make();
        ls_certificate *none = certificate;
        ls_error err = {0};
        CHECK_INT(ls_certificate_from_pem(texts[i], strlen(texts[i]), &none, &err), LS_ERR_INVALID);
        CHECK(none == NULL);
        CHECK_CONTAINS(err.text, "no certificate in PEM");
        CHECK_INT(ls_certificate_from_der(texts[i], strlen(texts[i]), &none, &err), LS_ERR_INVALID);
        CHECK(none == NULL);
        ls_certificate_destroy(certificate);
    }
}

static void test_it_holds_for_its_time(void) {
    ls_certificate *certificate = make();
    ls_error err = {0};
    const char *name = "plant.example";
    CHECK_INT(ls_certificate_check(certificate, begin_s, "0.0.0.0", name, &err), LS_OK);
    CHECK_INT(ls_certificate_check(certificate, end_s, "0.0.0.0", name, &err), LS_OK);
    CHECK_INT(ls_certificate_check(certificate, begin_s - 1, "0.0.0.0", name, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "it is not good before 2026-01-01T00:00:00 UTC");
    CHECK_INT(ls_certificate_check(certificate, end_s + 1, "0.0.0.0", name, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "it has expired: it was good until 2027-01-01T00:00:00 UTC");
    ls_certificate_destroy(certificate);
}

static void test_it_holds_for_its_names(void) {
    ls_certificate *certificate = make();
    ls_error err = {0};
    CHECK_INT(ls_certificate_check(certificate, begin_s, "10.1.2.3", NULL, &err), LS_OK);
    CHECK_INT(ls_certificate_check(certificate, begin_s, "::", "a.shop.example", &err), LS_OK);
    CHECK_INT(ls_certificate_check(certificate, begin_s, "10.1.2.4", "", &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "it is for plant.example, *.shop.example, 10.1.2.3, and for none of ");
    CHECK_CONTAINS(err.text, "localhost, 10.1.2.4");
    CHECK_CONTAINS(err.hint, "--name");
    CHECK_INT(ls_certificate_check(certificate, begin_s, "::", "b.example", &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "none of b.example, ");
    CHECK_CONTAINS(err.text, "::1");
    ls_certificate_destroy(certificate);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_is_known_by_its_print);
    TEST(test_what_is_none_is_refused);
    TEST(test_it_holds_for_its_time);
    TEST(test_it_holds_for_its_names);
    return harness_report();
}
