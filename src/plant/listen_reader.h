// listen_reader.h - what the files read_listen*.c share. Private to them.
#pragma once

#include "plant/reader.h"

typedef struct ls_listen_draft {
    ls_reader *r;
    const ls_yaml *node;  // `listen:`
    ls_rows sources, bindings, values;
    ls_names tags;      // full name -> binding
    ls_names machines;  // name, and STATION/NAME -> machine of the plant, or LS_MACHINE_UNCLEAR
    ls_buffer text;     // of the tag being filled in
} ls_listen_draft;

// Two stations have a machine of this name.
#define LS_MACHINE_UNCLEAR (LS_NONE - 1)

// --- read_listen.c

// For a reader that needs machines and tags alone (read_guards.c) too; clear what was begun.
void ls_listen_draft_init(ls_listen_draft *d, ls_reader *r);
void ls_listen_draft_clear(ls_listen_draft *d);
void ls_listen_name_machines(ls_listen_draft *d);

// Adds `means` of `of` by the tag `tag`, with {machine} and {station} filled in unless LS_NONE.
// False after a mistake (which is reported at `at`). *binding goes into the row.
bool ls_listen_bind(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t machine,
                    uint32_t station, ls_binding binding);
// A tag in the plant's arena, filled in and checked; NULL after a mistake.
const char *ls_listen_tag(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t machine,
                          uint32_t station);
// The machine of a name, LS_NONE after a mistake.
uint32_t ls_listen_machine(ls_listen_draft *d, const ls_yaml *at);
// A database's address: no password in it, a kind that we know. False after a mistake.
bool ls_listen_check_url(ls_reader *r, const ls_yaml *at);
uint32_t ls_listen_station_of(const ls_reader *r, uint32_t machine);
// What a response says: gain or table, tau, delay. NULL: the defaults.
void ls_listen_read_response(ls_reader *r, const ls_yaml *response, ls_measured *v);
bool ls_listen_has_control(const char *text);
// HOST or HOST:PORT, an IPv6 address in brackets.
bool ls_listen_is_address(const char *text);
// Not there, or `none`.
bool ls_listen_is_none(const ls_yaml *value);

// The Sparkplug source whose emulated line is the default; NULL: `machines` is given, or there is
// none.
const ls_source *ls_listen_default_source(ls_listen_draft *d);

// --- the parts

void ls_listen_read_mqtt(ls_listen_draft *d);    // read_listen_mqtt.c
void ls_listen_read_modbus(ls_listen_draft *d);  // read_listen_modbus.c
// read_listen_commands.c: its `commands:`; and, when machines are bound, whether they are heard.
void ls_listen_read_commands(ls_listen_draft *d, const ls_yaml *source_node, ls_source *s);
void ls_listen_check_commands(ls_listen_draft *d, const ls_source *s);
void ls_listen_read_machines(ls_listen_draft *d);  // read_listen_machine.c
void ls_listen_read_line(ls_listen_draft *d);      // read_listen_line.c: queues, lots, values
void ls_listen_read_orders(ls_listen_draft *d);
// read_listen_check.c: whether tags come from a source, and can be what they are bound to.
void ls_listen_check(ls_listen_draft *d);
