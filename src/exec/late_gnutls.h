// late_gnutls.h - what is called of GnuTLS.
//
// Included instead of the library's own header (base/late.h).
#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/late.h"

// clang-format off
#define LS_GNUTLS_FUNCTIONS(X) \
    X(gnutls_bye) \
    X(gnutls_certificate_allocate_credentials) \
    X(gnutls_certificate_free_credentials) \
    X(gnutls_certificate_get_peers) \
    X(gnutls_certificate_set_x509_system_trust) \
    X(gnutls_certificate_set_x509_trust_file) \
    X(gnutls_certificate_verification_status_print) \
    X(gnutls_credentials_set) \
    X(gnutls_deinit) \
    X(gnutls_error_is_fatal) \
    X(gnutls_free) \
    X(gnutls_handshake) \
    X(gnutls_handshake_set_timeout) \
    X(gnutls_init) \
    X(gnutls_record_get_direction) \
    X(gnutls_record_recv) \
    X(gnutls_record_send) \
    X(gnutls_server_name_set) \
    X(gnutls_session_get_verify_cert_status) \
    X(gnutls_session_set_verify_cert) \
    X(gnutls_set_default_priority) \
    X(gnutls_strerror) \
    X(gnutls_transport_set_int2) \
    X(gnutls_x509_crt_check_hostname) \
    X(gnutls_x509_crt_deinit) \
    X(gnutls_x509_crt_get_activation_time) \
    X(gnutls_x509_crt_get_dn_by_oid) \
    X(gnutls_x509_crt_get_expiration_time) \
    X(gnutls_x509_crt_get_fingerprint) \
    X(gnutls_x509_crt_get_subject_alt_name) \
    X(gnutls_x509_crt_import) \
    X(gnutls_x509_crt_init) \
    X(gnutls_x509_crt_list_import2)
// clang-format on

typedef struct ls_gnutls_table {
    LS_GNUTLS_FUNCTIONS(LS_LATE_POINTER)
} ls_gnutls_table;

extern ls_gnutls_table ls_gnutls;

// Before the first call of any of them. Fails as ls_late_open.
ls_status ls_gnutls_open(ls_error *err);

#ifndef LS_LATE_NAMES
#define gnutls_bye (*ls_gnutls.gnutls_bye)
#define gnutls_certificate_allocate_credentials (*ls_gnutls.gnutls_certificate_allocate_credentials)
#define gnutls_certificate_free_credentials (*ls_gnutls.gnutls_certificate_free_credentials)
#define gnutls_certificate_get_peers (*ls_gnutls.gnutls_certificate_get_peers)
#define gnutls_certificate_set_x509_system_trust \
    (*ls_gnutls.gnutls_certificate_set_x509_system_trust)
#define gnutls_certificate_set_x509_trust_file (*ls_gnutls.gnutls_certificate_set_x509_trust_file)
#define gnutls_certificate_verification_status_print \
    (*ls_gnutls.gnutls_certificate_verification_status_print)
#define gnutls_credentials_set (*ls_gnutls.gnutls_credentials_set)
#define gnutls_deinit (*ls_gnutls.gnutls_deinit)
#define gnutls_error_is_fatal (*ls_gnutls.gnutls_error_is_fatal)
// A variable of the library, with a function in it.
#undef gnutls_free
#define gnutls_free(a) ((**ls_gnutls.gnutls_free)((void *)(a)))
#define gnutls_handshake (*ls_gnutls.gnutls_handshake)
#define gnutls_handshake_set_timeout (*ls_gnutls.gnutls_handshake_set_timeout)
#define gnutls_init (*ls_gnutls.gnutls_init)
#define gnutls_record_get_direction (*ls_gnutls.gnutls_record_get_direction)
#define gnutls_record_recv (*ls_gnutls.gnutls_record_recv)
#define gnutls_record_send (*ls_gnutls.gnutls_record_send)
#define gnutls_server_name_set (*ls_gnutls.gnutls_server_name_set)
#define gnutls_session_get_verify_cert_status (*ls_gnutls.gnutls_session_get_verify_cert_status)
#define gnutls_session_set_verify_cert (*ls_gnutls.gnutls_session_set_verify_cert)
#define gnutls_set_default_priority (*ls_gnutls.gnutls_set_default_priority)
#define gnutls_strerror (*ls_gnutls.gnutls_strerror)
#define gnutls_transport_set_int2 (*ls_gnutls.gnutls_transport_set_int2)
#define gnutls_x509_crt_check_hostname (*ls_gnutls.gnutls_x509_crt_check_hostname)
#define gnutls_x509_crt_deinit (*ls_gnutls.gnutls_x509_crt_deinit)
#define gnutls_x509_crt_get_activation_time (*ls_gnutls.gnutls_x509_crt_get_activation_time)
#define gnutls_x509_crt_get_dn_by_oid (*ls_gnutls.gnutls_x509_crt_get_dn_by_oid)
#define gnutls_x509_crt_get_expiration_time (*ls_gnutls.gnutls_x509_crt_get_expiration_time)
#define gnutls_x509_crt_get_fingerprint (*ls_gnutls.gnutls_x509_crt_get_fingerprint)
#define gnutls_x509_crt_get_subject_alt_name (*ls_gnutls.gnutls_x509_crt_get_subject_alt_name)
#define gnutls_x509_crt_import (*ls_gnutls.gnutls_x509_crt_import)
#define gnutls_x509_crt_init (*ls_gnutls.gnutls_x509_crt_init)
#define gnutls_x509_crt_list_import2 (*ls_gnutls.gnutls_x509_crt_list_import2)
#endif
