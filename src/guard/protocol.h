// protocol.h - what goes over the guard's socket: one JSON object a line, both ways.
//
// Hostile until parsed: a line is at most LS_GUARD_LINE_MAX bytes, every text fits its field, every
// number its type, a field that is missing or unknown refuses the whole message. Each says the
// version it is written in: another one than ours is refused by that. Times and numbers mean what
// link.h says.
//
//     {"v":2,"say":"command","id":"d-7-1",...}   {"v":2,"say":"together","commands":[...]}
//     {"v":2,"say":"deed","kind":"bypass",...}   {"v":2,"say":"beat"}
//     {"v":2,"say":"verdict",...}                {"v":2,"say":"state","writes":true,"why":""}
//     {"v":2,"say":"stands",...}                 {"v":2,"say":"answer","done":true,...}
#pragma once

#include <stddef.h>

#include "base/text.h"
#include "guard/link.h"

enum { LS_GUARD_VERSION = 2, LS_GUARD_LINE_MAX = 131072, LS_GUARD_WHY_SIZE = 240 };

typedef enum ls_guard_say {
    LS_SAY_COMMAND,  // to the guard
    LS_SAY_TOGETHER,
    LS_SAY_DEED,
    LS_SAY_BEAT,
    LS_SAY_VERDICT,  // from the guard
    LS_SAY_STATE,
    LS_SAY_STANDS,
    LS_SAY_ANSWER,
    LS_SAY_COUNT
} ls_guard_say;

typedef struct ls_guard_message {
    ls_guard_say say;
    union {
        ls_command command;
        struct {
            ls_command commands[LS_GUARD_TOGETHER];
            uint32_t count;  // at least 2
        } together;
        ls_guard_deed deed;
        ls_guard_standing standing;
        ls_guard_answer answer;
        ls_verdict verdict;
        struct {
            bool writes;  // the line hears the guard and does what is sent
            char why[LS_GUARD_WHY_SIZE];
        } state;
    } of;
} ls_guard_message;

// Appends the message and '\n'. out->failed: no memory.
void ls_guard_protocol_write(const ls_guard_message *message, ls_buffer *out);
// Reads one line (without '\n'). NULL when good; else one sentence, and *out holds nothing.
const char *ls_guard_protocol_read(const char *text, size_t size, ls_guard_message *out);

const char *ls_role_name(ls_role role);                           // "operator"; beyond: ""
ls_role ls_role_find(const char *name);                           // unknown: the least one
const char *ls_guard_deed_name(ls_guard_deed_kind kind);          // "re-arm"; beyond: ""
ls_guard_deed_kind ls_guard_deed_find(const char *name);          // LS_DEED_KIND_COUNT: none
const char *ls_guard_standing_name(ls_guard_standing_kind kind);  // "hold"; beyond: ""
const char *ls_command_kind_name(ls_command_kind kind);           // "dispatch"; beyond: ""
const char *ls_command_result_name(ls_command_result result);     // "acknowledged"; beyond: ""
ls_command_result ls_command_result_find(const char *name);       // LS_COMMAND_RESULT_COUNT: none
ls_command_kind ls_command_kind_find(const char *name);           // LS_COMMAND_KIND_COUNT: none

// A command as a JSON object and back, for the journal. NULL: no memory.
struct json_t;
struct json_t *ls_guard_command_json(const ls_command *command);
const char *ls_guard_command_from_json(const struct json_t *object, ls_command *out);
struct json_t *ls_guard_deed_json(const ls_guard_deed *deed);
const char *ls_guard_deed_from_json(const struct json_t *object, ls_guard_deed *out);
struct json_t *ls_guard_standing_json(const ls_guard_standing *standing);
