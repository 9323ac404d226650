// driver.h - in and out of the plant: what a protocol has to do, in one header.
//
// A driver speaks one protocol to one place. It runs on threads of its own, puts what it hears into
// samples and hands them to its sink, in the order heard; it comes back by itself when the other
// side was away, and says so. One driver is one file (and its friends); it knows no plant, no
// history and no other driver.
#pragma once

#include "base/tags.h"
#include "plant/listen.h"

// What a driver tells beside samples. Never a secret, never a payload.
typedef enum ls_notice_kind {
    LS_NOTICE_CONNECTED,
    LS_NOTICE_LOST,     // connection; text says why and when it tries again
    LS_NOTICE_BIRTH,    // a node or device said what it has
    LS_NOTICE_DEATH,    // it is gone: its tags are stale from time_us on
    LS_NOTICE_GAP,      // messages are missing: from_seq..to_seq, or a span of time
    LS_NOTICE_REBIRTH,  // asked for everything again
    LS_NOTICE_REFUSED,  // a message or value that could not be taken: text says why
    LS_NOTICE_SKEW,     // the source's clock jumped or is off by amount_us
    LS_NOTICE_KIND_COUNT
} ls_notice_kind;

typedef struct ls_notice {
    ls_notice_kind kind;
    int64_t time_us;      // since 1970, by the source's clock where it has one
    const char *subject;  // "gearbox/cell", "gearbox/cell/grind-1", "modbus saw-plc"
    const char *text;     // one sentence
    uint64_t count;       // messages or samples concerned, where known
    int64_t amount_us;    // SKEW
} ls_notice;

// Who listens. All functions may be called from any thread of the driver, one at a time per driver,
// and return quickly (no fsync, no network).
typedef struct ls_sink {
    void *context;
    ls_tags *tags;  // the driver adds names and declares kinds here
    // False: not taken (history is full or gone); a driver that acknowledges (MQTT QoS 1) must then
    // not do so, where its library lets it. Texts need to live until it returns.
    bool (*heard)(void *context, const ls_sample *samples, size_t count);
    void (*noticed)(void *context, const ls_notice *notice);
    const char *broker_folder;  // of the embedded broker (line/broker.h); NULL where there is none
} ls_sink;

typedef struct ls_driver ls_driver;

typedef struct ls_driver_figures {  // since open
    uint64_t messages, samples, bytes, refused, gaps, missing, duplicates, reordered;
    uint64_t connects, rebirths, writes, writes_failed;
    bool connected;
    int64_t last_heard_us;  // wall clock, 0: nothing yet
    int64_t skew_us;        // source's clock minus ours, smoothed
} ls_driver_figures;

typedef struct ls_driver_ops {
    const char *name;  // "sparkplug", "json", "modbus", "replay"
    // Starts. A place that does not answer is no failure: it is tried again. Fails with
    // LS_ERR_INVALID (what the plant file says cannot be), LS_ERR_IO (certificate or login file).
    ls_status (*open)(const ls_listen *listen, const ls_source *source, const ls_sink *sink,
                      ls_driver **out, ls_error *err);
    // Stops its threads, says good-bye as the protocol wishes. After it returns the sink is not
    // called again. NULL is fine.
    void (*close)(ls_driver *driver);
    // Sends a value to the line and sees that it arrived (a register is read back; Sparkplug: the
    // command is with the broker). For the guard only. May block up to timeout_us.
    ls_status (*write)(ls_driver *driver, uint32_t tag, const ls_sample *value, int64_t timeout_us,
                       ls_error *err);
    void (*figures)(ls_driver *driver, ls_driver_figures *out);
} ls_driver_ops;

extern const ls_driver_ops ls_driver_sparkplug, ls_driver_json, ls_driver_modbus;
const ls_driver_ops *ls_driver_find(ls_source_kind kind);  // NULL: not in this build
