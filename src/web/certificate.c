// certificate.c - see certificate.h.
#include "web/certificate.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "exec/late_gnutls.h"

enum { DIGEST_SIZE = 32, NAME_SIZE = 256, NAMES_SHOWN = 8, DATE_SIZE = 40 };

struct ls_certificate {
    gnutls_x509_crt_t x509;
    char print[LS_CERTIFICATE_PRINT_SIZE];
};

static bool make_print(ls_certificate *certificate) {
    unsigned char digest[DIGEST_SIZE];
    size_t size = sizeof digest;
    const bool made = gnutls_x509_crt_get_fingerprint(certificate->x509, GNUTLS_DIG_SHA256, digest,
                                                      &size) == 0 &&
                      size == DIGEST_SIZE;
    for (size_t i = 0; i < DIGEST_SIZE && made; i++) {
        ls_text_format(certificate->print + 2 * i, 3, "%02x", digest[i]);
    }
    return made;
}

// Takes x509.
static ls_status make(gnutls_x509_crt_t x509, ls_certificate **out, ls_error *err) {
    ls_certificate *certificate = ls_alloc(sizeof *certificate);
    if (certificate == NULL) {
        gnutls_x509_crt_deinit(x509);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a certificate");
    }
    *certificate = (ls_certificate){.x509 = x509};
    if (!make_print(certificate)) {
        ls_certificate_destroy(certificate);
        return ls_fail(err, LS_ERR_INVALID, "a certificate's SHA-256 cannot be made");
    }
    *out = certificate;
    return LS_OK;
}

ls_status ls_certificate_from_pem(const char *pem, size_t size, ls_certificate **out,
                                  ls_error *err) {
    *out = NULL;
    const ls_status there = ls_gnutls_open(err);
    if (there != LS_OK) {
        return there;
    }
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    const gnutls_datum_t text = {.data = (unsigned char *)(uintptr_t)pem, .size = (unsigned)size};
    const int code = gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0 || count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "no certificate in PEM can be read from it: %s",
                       gnutls_strerror(code));
    }
    for (unsigned i = 1; i < count; i++) {
        gnutls_x509_crt_deinit(list[i]);
    }
    const ls_status status = make(list[0], out, err);
    gnutls_free(list);
    return status;
}

ls_status ls_certificate_from_der(const void *der, size_t size, ls_certificate **out,
                                  ls_error *err) {
    *out = NULL;
    const ls_status there = ls_gnutls_open(err);
    if (there != LS_OK) {
        return there;
    }
    gnutls_x509_crt_t x509;
    if (gnutls_x509_crt_init(&x509) < 0) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a certificate");
    }
    const gnutls_datum_t bytes = {.data = (unsigned char *)(uintptr_t)der, .size = (unsigned)size};
    const int code = gnutls_x509_crt_import(x509, &bytes, GNUTLS_X509_FMT_DER);
    if (code < 0) {
        gnutls_x509_crt_deinit(x509);
        return ls_fail(err, LS_ERR_INVALID, "this is no certificate: %s", gnutls_strerror(code));
    }
    return make(x509, out, err);
}

void ls_certificate_destroy(ls_certificate *certificate) {
    if (certificate != NULL) {
        gnutls_x509_crt_deinit(certificate->x509);
        ls_free(certificate);
    }
}

const char *ls_certificate_print(const ls_certificate *certificate) {
    return certificate->print;
}

// ---- does it hold

enum { NAMES = 4 };

typedef struct names {
    char host[NAME_SIZE];
    const char *items[NAMES];
} names;

static void find_names(const char *address, const char *name, names *out) {
    memset(out, 0, sizeof *out);
    (void)gethostname(out->host, sizeof out->host - 1);
    const bool v4 = strcmp(address, "0.0.0.0") == 0;
    const bool v6 = strcmp(address, "::") == 0;
    out->items[0] = name != NULL ? name : "";
    out->items[1] = out->host;
    out->items[2] = "localhost";
    out->items[3] = v4 ? "127.0.0.1" : v6 ? "::1" : address;
}

static bool suits(const ls_certificate *certificate, const names *all) {
    bool found = false;
    for (size_t i = 0; i < NAMES && !found; i++) {
        found = all->items[i][0] != '\0' &&
                gnutls_x509_crt_check_hostname(certificate->x509, all->items[i]) != 0;
    }
    return found;
}

static void add_name(ls_buffer *out, const char *name) {
    ls_buffer_printf(out, "%s%s", out->size > 0 ? ", " : "", name);
}

// The names and addresses in it; where it has none, the common name of whom it is made for.
static void list_names(const ls_certificate *certificate, ls_buffer *out) {
    char name[NAME_SIZE];
    char address[INET6_ADDRSTRLEN];
    int kind = 0;
    for (unsigned i = 0; i < NAMES_SHOWN && kind >= 0; i++) {
        size_t size = sizeof name - 1;
        kind = gnutls_x509_crt_get_subject_alt_name(certificate->x509, i, name, &size, NULL);
        if (kind == GNUTLS_SAN_DNSNAME) {
            name[size] = '\0';
            add_name(out, name);
        } else if (kind == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16)) {
            inet_ntop(size == 4 ? AF_INET : AF_INET6, name, address, sizeof address);
            add_name(out, address);
        }
    }
    size_t size = sizeof name;
    if (out->size == 0 &&
        gnutls_x509_crt_get_dn_by_oid(certificate->x509, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                      &size) == 0) {
        add_name(out, name);
    }
    if (out->data != NULL) {
        ls_text_tame(out->data, false);
    }
}

static ls_status wrong_name(const ls_certificate *certificate, const names *all, ls_error *err) {
    ls_buffer has;
    ls_buffer wanted;
    ls_buffer_init(&has);
    ls_buffer_init(&wanted);
    list_names(certificate, &has);
    for (size_t i = 0; i < NAMES; i++) {
        if (all->items[i][0] != '\0') {
            add_name(&wanted, all->items[i]);
        }
    }
    ls_fail(err, LS_ERR_INVALID, "it is for %.200s, and for none of %.200s",
            has.data != NULL ? has.data : "no name", wanted.data != NULL ? wanted.data : "no name");
    ls_hint(err, "start the service with 'run --name' and a name that the certificate has");
    ls_buffer_clear(&has);
    ls_buffer_clear(&wanted);
    return LS_ERR_INVALID;
}

ls_status ls_certificate_check(const ls_certificate *certificate, int64_t now_s,
                               const char *address, const char *name, ls_error *err) {
    char date[DATE_SIZE];
    names all;
    const int64_t from_s = gnutls_x509_crt_get_activation_time(certificate->x509);
    const int64_t until_s = gnutls_x509_crt_get_expiration_time(certificate->x509);
    if (now_s > until_s) {
        ls_units_print_date(until_s * 1000000, date, sizeof date);
        ls_fail(err, LS_ERR_INVALID, "it has expired: it was good until %s UTC", date);
        ls_hint(err, "make a new one, and start the service again with it");
        return LS_ERR_INVALID;
    }
    if (now_s < from_s) {
        ls_units_print_date(from_s * 1000000, date, sizeof date);
        ls_fail(err, LS_ERR_INVALID, "it is not good before %s UTC", date);
        ls_hint(err, "is this machine's clock right?");
        return LS_ERR_INVALID;
    }
    find_names(address, name, &all);
    return suits(certificate, &all) ? LS_OK : wrong_name(certificate, &all, err);
}
