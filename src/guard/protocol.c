// protocol.c - see protocol.h. Messages as tables of fields.
#include "guard/protocol.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[LS_COMMAND_KIND_COUNT] = {
    "dispatch", "hold", "stop", "start", "maintain", "release", "setpoint", "setup", "put-off"};
static const char *const result_names[LS_COMMAND_RESULT_COUNT] = {"refused", "sent", "acknowledged",
                                                                  "denied",  "lost", "expired"};
static const char *const role_names[LS_ROLE_COUNT] = {"viewer", "operator", "engineer"};
static const char *const say_names[LS_SAY_COUNT] = {"command", "together", "deed",   "beat",
                                                    "verdict", "state",    "stands", "answer"};
static const char *const deed_names[LS_DEED_KIND_COUNT] = {
    "hold", "lift", "bypass", "end-bypass", "re-arm", "revoke", "reset", "show"};
static const char *const standing_names[LS_STANDS_KIND_COUNT] = {
    "hold", "bypass", "revoked", "interlock", "foreign", "trips", "lots"};

// MAYBE: a REAL that was not there before 0.3.0; one that is missing is not known.
typedef enum field_kind {
    TEXT,
    WORD,
    BOOL,
    U32,
    U64,
    I64,
    REAL,
    MAYBE,
    APPROVALS,
    COMMANDS
} field_kind;

typedef struct field {
    const char *name;
    field_kind kind;
    size_t at, size;           // in the struct; TEXT: its room
    const char *const *words;  // WORD: an enum
    uint32_t word_count;
} field;

#define OF(type, member) offsetof(type, member), sizeof(((type *)NULL)->member)
#define WORDS(names) names, sizeof(names) / sizeof((names)[0])

static const field command_fields[] = {
    {"id", TEXT, OF(ls_command, id), NULL, 0},
    {"decision", TEXT, OF(ls_command, decision), NULL, 0},
    {"point", TEXT, OF(ls_command, point), NULL, 0},
    {"kind", WORD, OF(ls_command, kind), WORDS(kind_names)},
    {"device", TEXT, OF(ls_command, device), NULL, 0},
    {"argument", TEXT, OF(ls_command, argument), NULL, 0},
    {"target", TEXT, OF(ls_command, target), NULL, 0},
    {"number", REAL, OF(ls_command, number), NULL, 0},
    {"automatic", BOOL, OF(ls_command, automatic), NULL, 0},
    {"by_hand", BOOL, OF(ls_command, by_hand), NULL, 0},
    {"approvals", APPROVALS, OF(ls_command, approvals), NULL, 0},
    {"sequence", U32, OF(ls_command, sequence), NULL, 0},
    {"state_version", U64, OF(ls_command, state_version), NULL, 0},
    {"state_now", U64, OF(ls_command, state_now), NULL, 0},
    {"decided_us", I64, OF(ls_command, decided_us), NULL, 0},
    {"deadline_us", I64, OF(ls_command, deadline_us), NULL, 0},
    {"not_after_us", I64, OF(ls_command, not_after_us), NULL, 0},
    {"gain", MAYBE, OF(ls_command, gain), NULL, 0},
    {"gain_low", REAL, OF(ls_command, gain_low), NULL, 0},
    {"gain_high", MAYBE, OF(ls_command, gain_high), NULL, 0},
    {"gain_min", REAL, OF(ls_command, gain_min), NULL, 0},
    {"claim_futures", U32, OF(ls_command, claim_futures), NULL, 0},
    {"certainty", REAL, OF(ls_command, certainty), NULL, 0},
    {"in_step_us", I64, OF(ls_command, in_step_us), NULL, 0},
    {0},
};
static const field approval_fields[] = {
    {"who", TEXT, OF(ls_approval, who), NULL, 0},
    {"role", WORD, OF(ls_approval, role), WORDS(role_names)},
    {"at_us", I64, OF(ls_approval, at_us), NULL, 0},
    {0},
};
static const field verdict_fields[] = {
    {"id", TEXT, OF(ls_verdict, id), NULL, 0},
    {"result", WORD, OF(ls_verdict, result), WORDS(result_names)},
    {"guard", U32, OF(ls_verdict, guard), NULL, 0},
    {"reason", TEXT, OF(ls_verdict, reason), NULL, 0},
    {"at_us", I64, OF(ls_verdict, at_us), NULL, 0},
    {"mono_us", I64, OF(ls_verdict, mono_us), NULL, 0},
    {0},
};
static const field deed_fields[] = {
    {"ticket", U64, OF(ls_guard_deed, ticket), NULL, 0},
    {"kind", WORD, OF(ls_guard_deed, kind), WORDS(deed_names)},
    {"who", TEXT, OF(ls_guard_deed, who), NULL, 0},
    {"role", WORD, OF(ls_guard_deed, role), WORDS(role_names)},
    {"what", TEXT, OF(ls_guard_deed, what), NULL, 0},
    {"guard", U32, OF(ls_guard_deed, guard), NULL, 0},
    {"reason", TEXT, OF(ls_guard_deed, reason), NULL, 0},
    {"until_us", I64, OF(ls_guard_deed, until_us), NULL, 0},
    {0},
};
static const field standing_fields[] = {
    {"ticket", U64, OF(ls_guard_standing, ticket), NULL, 0},
    {"kind", WORD, OF(ls_guard_standing, kind), WORDS(standing_names)},
    {"what", TEXT, OF(ls_guard_standing, what), NULL, 0},
    {"who", TEXT, OF(ls_guard_standing, who), NULL, 0},
    {"role", WORD, OF(ls_guard_standing, role), WORDS(role_names)},
    {"guard", U32, OF(ls_guard_standing, guard), NULL, 0},
    {"count", U32, OF(ls_guard_standing, count), NULL, 0},
    {"waits", BOOL, OF(ls_guard_standing, waits), NULL, 0},
    {"reason", TEXT, OF(ls_guard_standing, reason), NULL, 0},
    {"since_us", I64, OF(ls_guard_standing, since_us), NULL, 0},
    {"until_us", I64, OF(ls_guard_standing, until_us), NULL, 0},
    {0},
};
static const field answer_fields[] = {
    {"ticket", U64, OF(ls_guard_answer, ticket), NULL, 0},
    {"done", BOOL, OF(ls_guard_answer, done), NULL, 0},
    {"reason", TEXT, OF(ls_guard_answer, reason), NULL, 0},
    {"reason_ko", TEXT, OF(ls_guard_answer, reason_ko), NULL, 0},
    {0},
};
#define M(member) OF(ls_guard_message, of.member)
static const field together_fields[] = {
    {"commands", COMMANDS, M(together.commands), NULL, 0},
    {0},
};
static const field state_fields[] = {
    {"writes", BOOL, M(state.writes), NULL, 0},
    {"why", TEXT, M(state.why), NULL, 0},
    {0},
};
static const field no_fields[] = {{0}};

static const struct {
    const field *fields;
    size_t at;  // of their struct in ls_guard_message
} says[LS_SAY_COUNT] = {
    [LS_SAY_COMMAND] = {command_fields, offsetof(ls_guard_message, of)},
    [LS_SAY_TOGETHER] = {together_fields, 0},
    [LS_SAY_DEED] = {deed_fields, offsetof(ls_guard_message, of)},
    [LS_SAY_BEAT] = {no_fields, 0},
    [LS_SAY_VERDICT] = {verdict_fields, offsetof(ls_guard_message, of)},
    [LS_SAY_STATE] = {state_fields, 0},
    [LS_SAY_STANDS] = {standing_fields, offsetof(ls_guard_message, of)},
    [LS_SAY_ANSWER] = {answer_fields, offsetof(ls_guard_message, of)},
};

// ---- out

static json_t *put_fields(const field *fields, const char *from);

static json_t *put_approvals(const ls_command *command) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < command->approval_count && i < 2; i++) {
        json_array_append_new(list,
                              put_fields(approval_fields, (const char *)&command->approvals[i]));
    }
    return list;
}

static json_t *put_commands(const ls_guard_message *message) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < message->of.together.count && i < LS_GUARD_TOGETHER; i++) {
        json_array_append_new(list, ls_guard_command_json(&message->of.together.commands[i]));
    }
    return list;
}

// Texts that are no UTF-8 are shown without what is not.
static json_t *put_text(const char *text, size_t size) {
    char tame[LS_GUARD_WHY_SIZE + 8];
    json_t *out = json_stringn(text, strnlen(text, size));
    if (out == NULL) {
        ls_text_format(tame, sizeof tame, "%.*s", (int)strnlen(text, size), text);
        ls_text_tame(tame, false);
        out = json_string(tame);
    }
    return out;
}

static json_t *put_field(const field *f, const char *from) {
    const char *at = from + f->at;
    uint32_t u32;
    int64_t i64;
    double real;
    bool flag;
    switch (f->kind) {
    case TEXT: return put_text(at, f->size);
    case WORD:
        memcpy(&u32, at, sizeof u32);
        return json_string(u32 < f->word_count ? f->words[u32] : "");
    case BOOL: memcpy(&flag, at, sizeof flag); return json_boolean(flag);
    case U32: memcpy(&u32, at, sizeof u32); return json_integer((json_int_t)u32);
    case U64:
    case I64: memcpy(&i64, at, sizeof i64); return json_integer((json_int_t)i64);
    case REAL:
    case MAYBE:
        memcpy(&real, at, sizeof real);
        return isfinite(real) ? json_real(real) : json_null();
    case COMMANDS: return put_commands((const ls_guard_message *)(const void *)from);
    case APPROVALS: break;
    }
    return put_approvals((const ls_command *)(const void *)from);
}

static json_t *put_fields(const field *fields, const char *from) {
    json_t *object = json_object();
    for (const field *f = fields; f->name != NULL; f++) {
        if (json_object_set_new(object, f->name, put_field(f, from)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *ls_guard_command_json(const ls_command *command) {
    return put_fields(command_fields, (const char *)command);
}

json_t *ls_guard_deed_json(const ls_guard_deed *deed) {
    return put_fields(deed_fields, (const char *)deed);
}

json_t *ls_guard_standing_json(const ls_guard_standing *standing) {
    return put_fields(standing_fields, (const char *)standing);
}

void ls_guard_protocol_write(const ls_guard_message *message, ls_buffer *out) {
    json_t *object = put_fields(says[message->say].fields,
                                (const char *)message + says[message->say].at);
    json_object_set_new(object, "v", json_integer(LS_GUARD_VERSION));
    json_object_set_new(object, "say", json_string(say_names[message->say]));
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text == NULL) {
        out->failed = true;
    } else {
        ls_buffer_text(out, text);
        ls_buffer_text(out, "\n");
    }
    free(text);
    json_decref(object);
}

// ---- in

static const char *get_fields(const field *fields, const json_t *object, size_t more, char *to);

static const char *get_approvals(const json_t *list, ls_command *command) {
    if (!json_is_array(list) || json_array_size(list) > 2) {
        return "approvals are a list of at most two";
    }
    command->approval_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < command->approval_count; i++) {
        const char *why = get_fields(approval_fields, json_array_get(list, i), 0,
                                     (char *)&command->approvals[i]);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static const char *get_commands(const json_t *list, ls_guard_message *message) {
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count < 2 || count > LS_GUARD_TOGETHER) {
        return "commands that go together are a list of 2 to 16";
    }
    message->of.together.count = (uint32_t)count;
    const char *why = NULL;
    for (size_t i = 0; i < count && why == NULL; i++) {
        why = ls_guard_command_from_json(json_array_get(list, i),
                                         &message->of.together.commands[i]);
    }
    return why;
}

static const char *get_text(const field *f, const json_t *value, char *at) {
    const size_t length = json_string_length(value);
    if (!json_is_string(value) || length >= f->size) {
        return "a text is missing or too long";
    }
    memcpy(at, json_string_value(value), length);
    memset(at + length, 0, f->size - length);
    return NULL;
}

static const char *get_word(const field *f, const json_t *value, char *at) {
    for (uint32_t i = 0; json_is_string(value) && i < f->word_count; i++) {
        if (strcmp(f->words[i], json_string_value(value)) == 0) {
            memcpy(at, &i, sizeof i);
            return NULL;
        }
    }
    return "a word is none of those that can be";
}

static const char *get_number(const field *f, const json_t *value, char *at) {
    const int64_t i64 = json_integer_value(value);
    const uint32_t u32 = (uint32_t)i64;
    if (!json_is_integer(value) || (f->kind != I64 && i64 < 0) ||
        (f->kind == U32 && i64 > (int64_t)UINT32_MAX)) {
        return "a whole number is missing or out of range";
    }
    memcpy(at, f->kind == U32 ? (const void *)&u32 : (const void *)&i64, f->size);
    return NULL;
}

static const char *get_field(const field *f, const json_t *value, char *to) {
    char *at = to + f->at;
    switch (f->kind) {
    case TEXT: return get_text(f, value, at);
    case WORD: return get_word(f, value, at);
    case BOOL: {
        const bool flag = json_is_true(value);
        memcpy(at, &flag, sizeof flag);
        return json_is_boolean(value) ? NULL : "a yes or no is missing";
    }
    case REAL:
    case MAYBE: {
        const double real = value == NULL || json_is_null(value) ? NAN : json_number_value(value);
        memcpy(at, &real, sizeof real);
        return json_is_number(value) || json_is_null(value) || (value == NULL && f->kind == MAYBE)
                   ? NULL
                   : "a number is missing";
    }
    case COMMANDS: return get_commands(value, (ls_guard_message *)(void *)to);
    case APPROVALS: return get_approvals(value, (ls_command *)(void *)to);
    default: return get_number(f, value, at);
    }
}

// `more`: how many other fields may stand there.
static const char *get_fields(const field *fields, const json_t *object, size_t more, char *to) {
    size_t count = 0;
    for (const field *f = fields; f->name != NULL; f++) {
        const json_t *value = json_object_get(object, f->name);
        const char *why = get_field(f, value, to);
        count += value != NULL;
        if (why != NULL) {
            return why;
        }
    }
    return json_object_size(object) == count + more ? NULL : "a field is not known";
}

const char *ls_guard_command_from_json(const json_t *object, ls_command *out) {
    memset(out, 0, sizeof *out);
    return get_fields(command_fields, object, 0, (char *)out);
}

const char *ls_guard_deed_from_json(const json_t *object, ls_guard_deed *out) {
    memset(out, 0, sizeof *out);
    return get_fields(deed_fields, object, 0, (char *)out);
}

static const char *get_message(const json_t *object, ls_guard_message *out) {
    const json_t *say = json_object_get(object, "say");
    const json_t *version = json_object_get(object, "v");
    if (!json_is_integer(version) || json_integer_value(version) != LS_GUARD_VERSION) {
        return "it is not written in version 2 of the guard's messages: stop both, start one "
               "program";
    }
    for (uint32_t i = 0; json_is_string(say) && i < LS_SAY_COUNT; i++) {
        if (strcmp(json_string_value(say), say_names[i]) == 0) {
            out->say = (ls_guard_say)i;
            return get_fields(says[i].fields, object, 2, (char *)out + says[i].at);
        }
    }
    return "it does not say what it is";
}

const char *ls_guard_protocol_read(const char *text, size_t size, ls_guard_message *out) {
    memset(out, 0, sizeof *out);
    if (size > LS_GUARD_LINE_MAX) {
        return "the line is too long";
    }
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    const char *why = json_is_object(object) ? get_message(object, out) : "it is no JSON object";
    json_decref(object);
    if (why != NULL) {
        memset(out, 0, sizeof *out);
    }
    return why;
}

// ---- names

const char *ls_role_name(ls_role role) {
    return (uint32_t)role < LS_ROLE_COUNT ? role_names[role] : "";
}

ls_role ls_role_find(const char *name) {
    for (uint32_t i = 0; i < LS_ROLE_COUNT; i++) {
        if (strcmp(name, role_names[i]) == 0) {
            return (ls_role)i;
        }
    }
    return LS_ROLE_VIEWER;
}

const char *ls_guard_deed_name(ls_guard_deed_kind kind) {
    return (uint32_t)kind < LS_DEED_KIND_COUNT ? deed_names[kind] : "";
}

const char *ls_guard_standing_name(ls_guard_standing_kind kind) {
    return (uint32_t)kind < LS_STANDS_KIND_COUNT ? standing_names[kind] : "";
}

const char *ls_command_kind_name(ls_command_kind kind) {
    return (uint32_t)kind < LS_COMMAND_KIND_COUNT ? kind_names[kind] : "";
}

const char *ls_command_result_name(ls_command_result result) {
    return (uint32_t)result < LS_COMMAND_RESULT_COUNT ? result_names[result] : "";
}

static uint32_t find(const char *const *names, uint32_t count, const char *name) {
    uint32_t i = 0;
    while (i < count && strcmp(names[i], name) != 0) {
        i++;
    }
    return i;
}

ls_command_result ls_command_result_find(const char *name) {
    return (ls_command_result)find(result_names, LS_COMMAND_RESULT_COUNT, name);
}

ls_guard_deed_kind ls_guard_deed_find(const char *name) {
    return (ls_guard_deed_kind)find(deed_names, LS_DEED_KIND_COUNT, name);
}

ls_command_kind ls_command_kind_find(const char *name) {
    return (ls_command_kind)find(kind_names, LS_COMMAND_KIND_COUNT, name);
}
