// late_mosquitto.h - what is called of libmosquitto, the MQTT client.
//
// Included instead of the library's own header (base/late.h).
#pragma once

#include <mosquitto.h>

#include "base/late.h"

// clang-format off
#define LS_MOSQUITTO_FUNCTIONS(X) \
    X(mosquitto_connack_string) \
    X(mosquitto_connect_async) \
    X(mosquitto_connect_bind_v5) \
    X(mosquitto_connect_v5_callback_set) \
    X(mosquitto_destroy) \
    X(mosquitto_disconnect_v5) \
    X(mosquitto_disconnect_v5_callback_set) \
    X(mosquitto_int_option) \
    X(mosquitto_lib_init) \
    X(mosquitto_log_callback_set) \
    X(mosquitto_loop_misc) \
    X(mosquitto_loop_read) \
    X(mosquitto_loop_write) \
    X(mosquitto_message_v5_callback_set) \
    X(mosquitto_new) \
    X(mosquitto_property_add_int32) \
    X(mosquitto_property_free_all) \
    X(mosquitto_pub_topic_check) \
    X(mosquitto_publish_v5) \
    X(mosquitto_publish_v5_callback_set) \
    X(mosquitto_reason_string) \
    X(mosquitto_socket) \
    X(mosquitto_strerror) \
    X(mosquitto_sub_topic_check) \
    X(mosquitto_subscribe_v5) \
    X(mosquitto_subscribe_v5_callback_set) \
    X(mosquitto_threaded_set) \
    X(mosquitto_tls_set) \
    X(mosquitto_topic_matches_sub) \
    X(mosquitto_username_pw_set) \
    X(mosquitto_want_write) \
    X(mosquitto_will_set_v5)
// clang-format on

typedef struct ls_mosquitto_table {
    LS_MOSQUITTO_FUNCTIONS(LS_LATE_POINTER)
} ls_mosquitto_table;

extern ls_mosquitto_table ls_mosquitto;

// Before the first call of any of them. Fails as ls_late_open.
ls_status ls_mosquitto_open(ls_error *err);

#ifndef LS_LATE_NAMES
#define mosquitto_connack_string (*ls_mosquitto.mosquitto_connack_string)
#define mosquitto_connect_async (*ls_mosquitto.mosquitto_connect_async)
#define mosquitto_connect_bind_v5 (*ls_mosquitto.mosquitto_connect_bind_v5)
#define mosquitto_connect_v5_callback_set (*ls_mosquitto.mosquitto_connect_v5_callback_set)
#define mosquitto_destroy (*ls_mosquitto.mosquitto_destroy)
#define mosquitto_disconnect_v5 (*ls_mosquitto.mosquitto_disconnect_v5)
#define mosquitto_disconnect_v5_callback_set (*ls_mosquitto.mosquitto_disconnect_v5_callback_set)
#define mosquitto_int_option (*ls_mosquitto.mosquitto_int_option)
#define mosquitto_lib_init (*ls_mosquitto.mosquitto_lib_init)
#define mosquitto_log_callback_set (*ls_mosquitto.mosquitto_log_callback_set)
#define mosquitto_loop_misc (*ls_mosquitto.mosquitto_loop_misc)
#define mosquitto_loop_read (*ls_mosquitto.mosquitto_loop_read)
#define mosquitto_loop_write (*ls_mosquitto.mosquitto_loop_write)
#define mosquitto_message_v5_callback_set (*ls_mosquitto.mosquitto_message_v5_callback_set)
#define mosquitto_new (*ls_mosquitto.mosquitto_new)
#define mosquitto_property_add_int32 (*ls_mosquitto.mosquitto_property_add_int32)
#define mosquitto_property_free_all (*ls_mosquitto.mosquitto_property_free_all)
#define mosquitto_pub_topic_check (*ls_mosquitto.mosquitto_pub_topic_check)
#define mosquitto_publish_v5 (*ls_mosquitto.mosquitto_publish_v5)
#define mosquitto_publish_v5_callback_set (*ls_mosquitto.mosquitto_publish_v5_callback_set)
#define mosquitto_reason_string (*ls_mosquitto.mosquitto_reason_string)
#define mosquitto_socket (*ls_mosquitto.mosquitto_socket)
#define mosquitto_strerror (*ls_mosquitto.mosquitto_strerror)
#define mosquitto_sub_topic_check (*ls_mosquitto.mosquitto_sub_topic_check)
#define mosquitto_subscribe_v5 (*ls_mosquitto.mosquitto_subscribe_v5)
#define mosquitto_subscribe_v5_callback_set (*ls_mosquitto.mosquitto_subscribe_v5_callback_set)
#define mosquitto_threaded_set (*ls_mosquitto.mosquitto_threaded_set)
#define mosquitto_tls_set (*ls_mosquitto.mosquitto_tls_set)
#define mosquitto_topic_matches_sub (*ls_mosquitto.mosquitto_topic_matches_sub)
#define mosquitto_username_pw_set (*ls_mosquitto.mosquitto_username_pw_set)
#define mosquitto_want_write (*ls_mosquitto.mosquitto_want_write)
#define mosquitto_will_set_v5 (*ls_mosquitto.mosquitto_will_set_v5)
#endif
