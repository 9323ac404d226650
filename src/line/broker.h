// broker.h - a private Mosquitto, started and watched by us: `broker: embedded`.
//
// It listens on a loopback port of its own and keeps everything in one folder (0700): its
// configuration, who may do what, one login file for each role (0600, random passwords made at the
// first start), the port. Who connects reads that folder, also from another process.
//
// | role | may publish | may hear |
// |---|---|---|
// | line | births, data and deaths of Sparkplug; the topics of `json:` | commands and STATE |
// | host | STATE; NCMD, which asks a node for its births | everything |
// | guard | NCMD and DCMD: commands to the line | births, data and deaths of Sparkplug |
// | reader | nothing | everything |
//
// Nobody else gets in. An ACL sees topics, not metrics, so the host's NCMD could also set a metric
// of a node; DCMD, the way to machines, is the guard's alone. The guard hears the line itself, so
// that it believes nobody else about what is fresh, good and done.
//
// A thread starts the broker, starts it again when it dies (waiting longer each time), and takes it
// down at the end. It dies with us, also by kill -9.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plant/listen.h"

enum { LS_BROKER_PATH_MAX = 1023 };

typedef enum ls_broker_role {
    LS_BROKER_LINE,
    LS_BROKER_HOST,
    LS_BROKER_GUARD,
    LS_BROKER_READER,
    LS_BROKER_ROLE_COUNT
} ls_broker_role;

typedef struct ls_broker ls_broker;

typedef struct ls_broker_def {
    const char *folder;       // made when it is not there
    const char *program;      // NULL: mosquitto, where Debian has it
    const ls_listen *listen;  // its topics of `json:`, and the name of the host; may be NULL
    int64_t retry_first_us;   // default 200 ms, doubled up to
    int64_t retry_max_us;     // default 10 s
    // A line of its log (warnings and errors), or that it died and is started again. From a thread
    // of the broker.
    void (*told)(void *context, const char *text);
    void *context;
    uint32_t cookie;  // set by ls_broker_def_default
} ls_broker_def;
ls_broker_def ls_broker_def_default(void);

bool ls_broker_wanted(const ls_listen *listen);  // a source says `broker: embedded`

// Returns when it answers. Fails with LS_ERR_IO: no program, the folder cannot be written or is in
// use by another process, it does not come up (the reason is its own last line).
ls_status ls_broker_start(const ls_broker_def *def, ls_broker **out, ls_error *err);
void ls_broker_stop(ls_broker *broker);  // NULL is fine

typedef struct ls_broker_access {
    char url[64];                        // mqtt://127.0.0.1:PORT
    char login[LS_BROKER_PATH_MAX + 1];  // file
} ls_broker_access;
// How to get in, in a role. Fails with LS_ERR_IO when no broker was ever started there.
ls_status ls_broker_access_get(const char *folder, ls_broker_role role, ls_broker_access *out,
                               ls_error *err);

typedef struct ls_broker_figures {
    uint64_t starts;
    int64_t resident_bytes;  // 0: not running
    int port;
    int process;  // 0: not running
} ls_broker_figures;
void ls_broker_describe(ls_broker *broker, ls_broker_figures *out);
