// late_microhttpd.h - what is called of libmicrohttpd, the web server.
//
// Included instead of the library's own header (base/late.h).
#pragma once

#include <microhttpd.h>

#include "base/late.h"

// clang-format off
#define LS_MICROHTTPD_FUNCTIONS(X) \
    X(MHD_add_response_header) \
    X(MHD_create_response_from_buffer) \
    X(MHD_create_response_from_callback) \
    X(MHD_destroy_response) \
    X(MHD_get_connection_info) \
    X(MHD_get_connection_values) \
    X(MHD_get_daemon_info) \
    X(MHD_lookup_connection_value) \
    X(MHD_queue_response) \
    X(MHD_start_daemon) \
    X(MHD_stop_daemon)
// clang-format on

typedef struct ls_microhttpd_table {
    LS_MICROHTTPD_FUNCTIONS(LS_LATE_POINTER)
} ls_microhttpd_table;

extern ls_microhttpd_table ls_microhttpd;

// Before the first call of any of them. Fails as ls_late_open.
ls_status ls_microhttpd_open(ls_error *err);

#ifndef LS_LATE_NAMES
#define MHD_add_response_header (*ls_microhttpd.MHD_add_response_header)
#define MHD_create_response_from_buffer (*ls_microhttpd.MHD_create_response_from_buffer)
#define MHD_create_response_from_callback (*ls_microhttpd.MHD_create_response_from_callback)
#define MHD_destroy_response (*ls_microhttpd.MHD_destroy_response)
#define MHD_get_connection_info (*ls_microhttpd.MHD_get_connection_info)
#define MHD_get_connection_values (*ls_microhttpd.MHD_get_connection_values)
#define MHD_get_daemon_info (*ls_microhttpd.MHD_get_daemon_info)
#define MHD_lookup_connection_value (*ls_microhttpd.MHD_lookup_connection_value)
#define MHD_queue_response (*ls_microhttpd.MHD_queue_response)
#define MHD_start_daemon (*ls_microhttpd.MHD_start_daemon)
#define MHD_stop_daemon (*ls_microhttpd.MHD_stop_daemon)
#endif
