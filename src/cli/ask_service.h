// ask_service.h - one question to a running service over its port, by TLS where it speaks that.
#pragma once

#include "base/status.h"
#include "base/text.h"

typedef struct ls_service_address {
    char host[64];
    int port;
    int pid;
    char certificate[65];  // SHA-256 of the one it was started with; empty: it speaks no TLS
    char name[256];        // a further name that the certificate may be for; may be empty
    char data[4096];       // folder
    char token[128];       // the strongest that may be read in the data folder; empty: none
} ls_service_address;

// Reads service.json of the data folder. LS_ERR_IO when no service runs there; says how to start
// one. LS_ERR_INVALID when the file does not say which certificate to trust.
ls_status ls_service_find(const char *data, ls_service_address *out, ls_error *err);
// POST path with a JSON body, as this role (NULL: the strongest there is): the answer's body and
// status, whatever it says. LS_ERR_IO when nothing answers, LS_ERR_INVALID when the data folder
// shows no token of that role.
ls_status ls_service_post(const ls_service_address *address, const char *role, const char *path,
                          const char *body, ls_buffer *out, int *out_status, ls_error *err);
// The body of GET path; LS_ERR_IO when the service does not answer within some seconds or the
// answer breaks off, LS_ERR_INVALID with the service's own words when it refuses.
ls_status ls_service_ask(const ls_service_address *address, const char *path, ls_buffer *out,
                         ls_error *err);
