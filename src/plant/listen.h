// listen.h - how a plant is heard: sources, and which signal means what.
//
// The part `listen:` and `history:` of a plant file, read and checked like the rest
// (read_listen.c); names of machines, stations and failure modes are resolved, names of tags are
// texts: whether a tag exists shows only when the line speaks (line/mapping.h says which were never
// heard). Belongs to the plant's arena. NULL texts: not given. docs/PLANT.md says what each key
// means.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum ls_source_kind {
    LS_SOURCE_SPARKPLUG,
    LS_SOURCE_JSON,
    LS_SOURCE_MODBUS,
    LS_SOURCE_KIND_COUNT
} ls_source_kind;

typedef enum ls_register_table {
    LS_REGISTER_HOLDING,
    LS_REGISTER_INPUT,
    LS_REGISTER_COIL,
    LS_REGISTER_DISCRETE
} ls_register_table;

typedef enum ls_register_type {  // integers by size and sign, IEEE floats, text of `words`
                                 // registers
    LS_REGISTER_BIT,             // of a coil, or of bit `bit` of a register
    LS_REGISTER_I16,
    LS_REGISTER_U16,
    LS_REGISTER_I32,
    LS_REGISTER_U32,
    LS_REGISTER_I64,
    LS_REGISTER_U64,
    LS_REGISTER_F32,
    LS_REGISTER_F64,
    LS_REGISTER_TEXT
} ls_register_type;

typedef struct ls_register {
    const char *name;  // tag: "SOURCE/NAME"
    ls_register_table table;
    ls_register_type type;
    uint32_t at;           // address, counted from 0
    uint32_t bit, words;   // BIT in a register; TEXT
    bool low_word_first;   // default high word first ("big"); bytes within a word are big-endian
    bool byte_swap;        // bytes within each word the other way round
    bool write;            // may be written
    double scale, offset;  // value = raw * scale + offset; 1 and 0: integers stay integers
    const char *unit;
    int64_t every_us;  // 0: the source's
} ls_register;

typedef struct ls_topic {       // plain MQTT
    const char *filter;         // with + and #
    const char *time_path;      // field with the time (ms since 1970, or ISO 8601); NULL: arrival
    const char *const *fields;  // paths "a.b.0.c"; none: every scalar of the payload
    uint32_t field_count;       // tag: "TOPIC#PATH"; a payload that is a scalar: "TOPIC"
} ls_topic;

// Registers of one handshake (docs/EMULATOR.md), as indexes into the source's registers.
typedef struct ls_handshake {
    uint32_t kind, argument, id;    // written, in one request; kind LS_NONE: not commanded
    uint32_t done, result, reason;  // answered; reason LS_NONE: not told
} ls_handshake;

// What registers tell of the order pool of a class; LS_NONE: not told.
typedef struct ls_pool_registers {
    uint32_t waiting;  // names of the lots that wait there, the first first
    uint32_t shut;     // seconds until they come in by themselves
} ls_pool_registers;

enum { LS_SHUT_UNTIL_TOLD = 65535 };  // of `shut`: so much and more is until told

// `commands:` of a Modbus source: how the guard commands it.
typedef struct ls_commanded {
    uint32_t heartbeat, echo, lost;
    uint32_t inside;  // how many lots are in the plant; LS_NONE: not told
    ls_handshake line;
    const ls_handshake *machines;  // of each machine of the plant
    const uint32_t *waiting;  // of each station: names of the lots that wait; LS_NONE: not told
    const ls_pool_registers *pools;  // of each class of releases
    int row, column;                 // of the plant file
} ls_commanded;

typedef struct ls_source {
    ls_source_kind kind;
    const char *name;  // "sparkplug", "json", or the name of the Modbus source
    int line, column;  // of the plant file
    // MQTT
    bool embedded;       // broker: embedded
    const char *broker;  // mqtt://HOST[:PORT], mqtts://HOST[:PORT]; NULL when embedded
    const char *login;   // file: user on the first line, password on the second (0600)
    const char *ca, *certificate, *key;  // files (PEM)
    int mqtt_version;                    // 5 or 4 (3.1.1), default 5
    int qos;                             // json: 0 or 1, default 1
    // Sparkplug
    const char *group, *host;  // host application id, default "lineshaft"
    const char *const *nodes;  // none: every node of the group
    uint32_t node_count;
    int64_t reorder_us;  // how long a gap in seq is waited for, default 2 s
    // plain MQTT
    const ls_topic *topics;
    uint32_t topic_count;
    // Modbus TCP
    const char *address;           // HOST[:PORT], default port 502
    int unit;                      // unit identifier, default 1
    int64_t every_us, timeout_us;  // default 1 s, 500 ms
    const ls_register *registers;
    uint32_t register_count;
    const ls_commanded *commands;  // NULL: it is heard, not commanded
} ls_source;

// What a tag means for a machine (or, from LOT_RELEASED on, for the line).
typedef enum ls_meaning {
    LS_MEANS_STATE,    // PackML state number, or a word or number that `states` translates
    LS_MEANS_LOTS,     // names of the lots in work, blank separated; empty: none
    LS_MEANS_STEP,     // name of the step in work
    LS_MEANS_PRODUCT,  // name of the product in work
    LS_MEANS_SETUP,    // name of the setup state
    LS_MEANS_REASON,   // why it stands: name of a failure mode or maintenance, or what `reasons`
                       // translates to one
    LS_MEANS_GOOD,     // counter of good parts
    LS_MEANS_BAD,      // counter of scrapped parts
    LS_MEANS_MACHINE_COUNT,
    LS_MEANS_QUEUE = LS_MEANS_MACHINE_COUNT,  // lots waiting at a station
    LS_MEANS_LOT_RELEASED,                    // texts "LOT key=value ...", docs/CONNECT.md
    LS_MEANS_LOT_ARRIVED,
    LS_MEANS_LOT_DONE,
    LS_MEANS_LOT_SCRAPPED,
    LS_MEANS_VALUE,    // a measured value
    LS_MEANS_ORDER,    // an order as JSON or "key=value ..."
    LS_MEANS_WAITING,  // names of the lots that wait at a station, blank separated: `waiting` of a
                       // Modbus source's `commands`
    LS_MEANS_POOL,     // names of the lots in the order pool of a class: `pools` there
    LS_MEANS_SHUT,     // seconds until they come in
    LS_MEANS_COUNT
} ls_meaning;

typedef struct ls_translation {  // `states: {RUN: execute, 3: held}`, `reasons: {E17: spindle}`
    const char *from;
    uint32_t to;  // PackML number; for reasons: mode (index into ls_plant.failures)
} ls_translation;

typedef struct ls_binding {
    ls_meaning means;
    const char *tag;  // full name, {machine} and {station} filled in
    uint32_t of;      // machine (index into ls_plant.machines), station, or value
    double wraps;     // counters: value after which it starts again at 0; 0: never
    bool predicted;   // no source tells it, but a model of `models:`: model/NAME/UNIT
    const ls_translation *translations;
    uint32_t translation_count;
    int line, column;
} ls_binding;

typedef struct ls_measured {  // `values:`
    const char *name, *unit;
    uint32_t machine;      // LS_NONE: of the plant
    double low, high;      // plausible range, else the sample is BAD; -inf, inf
    const char *setpoint;  // tag to write it to, NULL: cannot be set
    double set_low, set_high, set_default;
    double gain;  // response: first order with dead time
    int64_t tau_us, delay_us;
    // Where it settles, setting by setting, rising; `gain` then means nothing. 0: by gain.
    const double *table_settings, *table_values;
    uint32_t table_count;
} ls_measured;

typedef struct ls_order_source {  // `orders:` under listen
    const char *folder;           // hot folder of CSV files
    const char *sql;              // sqlite:FILE or postgresql://...
    const char *view;             // table or view with the columns of docs/CONNECT.md
    const char *login;
    int64_t every_us;  // default 10 s
} ls_order_source;

typedef struct ls_keep_rule {
    const char *tags;
    int64_t raw_us, rollup_us, rollup_keep_us;  // LS_FOREVER; 0: no roll-up
} ls_keep_rule;

typedef struct ls_listen {
    bool given;             // the plant file has `listen:`
    bool clock_is_arrival;  // default: the line's own time stamps are the clock
    int64_t stale_us;       // a source silent for so long is stale, default 60 s
    const char *folder;     // of the plant file: files are looked for from there; "": here
    const ls_source *sources;
    uint32_t source_count;
    const ls_binding *bindings;
    uint32_t binding_count;
    const char *lots_named;  // `lots: {named:}`; NULL: names of lots say nothing
    const ls_measured *values;
    uint32_t value_count;
    ls_order_source orders;
    const char *history_store, *history_login;  // `history: {store:, login:, keep:}`
    const ls_keep_rule *keep;
    uint32_t keep_count;
    bool web_insecure;  // `web: {insecure: yes}`
} ls_listen;

// The path of a file or folder that the plant file names: beside the plant file unless absolute.
// Returns the length it has (like snprintf).
size_t ls_listen_path(const ls_listen *listen, const char *name, char *out, size_t size);
// Registers (coils: bits) that it takes in its table.
uint32_t ls_register_size(const ls_register *reg);
struct ls_plant;
// The class (release) that a lot's name says by `lots: {named:}`, the one with the longest word
// where several fit; LS_NONE: none, or names say nothing.
uint32_t ls_listen_class_of(const struct ls_plant *plant, const char *name, size_t size);
// What a person should look at though it may be right: registers that overlap with different types.
void ls_listen_warn(const struct ls_plant *plant, ls_errors *out);

// The tag that tells a value (into values); NULL: none.
const char *ls_listen_value_tag(const ls_listen *listen, uint32_t value);
// Where a value settles when it is set so: by its table, else by its gain from the default.
double ls_measured_settles(const ls_measured *measured, double setting);

// PackML state by number (0..17) or name ("execute", any case); -1 when there is none.
int ls_packml_find(const char *word);
const char *ls_packml_name(int state);  // NULL beyond 17
