// protocol_test.c - messages of the guard's socket: there and back, and what is refused.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "guard/protocol.h"
#include "tests/harness.h"

static ls_guard_message a_command(void) {
    ls_guard_message m = {.say = LS_SAY_COMMAND};
    m.of.command = (ls_command){.id = "d-7-1",
                                .decision = "d-7",
                                .point = "dispatch grind",
                                .kind = LS_COMMAND_DISPATCH,
                                .device = "grind-1",
                                .argument = "gear-a-17",
                                .target = "grind-1",
                                .approvals = {{.who = "kim", .role = LS_ROLE_OPERATOR, .at_us = 5}},
                                .approval_count = 1,
                                .sequence = 4000000000u,
                                .state_version = 17,
                                .state_now = 17,
                                .decided_us = -1,
                                .not_after_us = INT64_MAX,
                                .gain = 0.2,
                                .gain_low = 0.1,
                                .gain_high = 0.3,
                                .gain_min = NAN,
                                .certainty = 1.0};
    return m;
}

static ls_guard_deed a_deed(void) {
    return (ls_guard_deed){.ticket = 7,
                           .kind = LS_DEED_BYPASS,
                           .who = "\xea\xb9\x80",
                           .role = LS_ROLE_ENGINEER,
                           .what = "gearbox/cell/line/Door",
                           .guard = 6,
                           .reason = "trial",
                           .until_us = INT64_MAX};
}

static void make_all(ls_guard_message out[LS_SAY_COUNT]) {
    memset(out, 0, LS_SAY_COUNT * sizeof *out);
    for (int i = 0; i < LS_SAY_COUNT; i++) {
        out[i].say = (ls_guard_say)i;
    }
    out[LS_SAY_COMMAND] = a_command();
    out[LS_SAY_TOGETHER].of.together.count = LS_GUARD_TOGETHER;
    for (int i = 0; i < LS_GUARD_TOGETHER; i++) {
        out[LS_SAY_TOGETHER].of.together.commands[i] = a_command().of.command;
        out[LS_SAY_TOGETHER].of.together.commands[i].gain_min = (double)i;
    }
    out[LS_SAY_DEED].of.deed = a_deed();
    out[LS_SAY_VERDICT].of.verdict = (ls_verdict){.id = "d-7-1",
                                                  .result = LS_COMMAND_DENIED,
                                                  .guard = 7,
                                                  .reason = "\"no\"\n",
                                                  .at_us = 9,
                                                  .mono_us = 11};
    strcpy(out[LS_SAY_STATE].of.state.why, "the line is silent");
    out[LS_SAY_STANDS].of.standing = (ls_guard_standing){.ticket = 7,
                                                         .kind = LS_STANDS_FOREIGN,
                                                         .what = "coolant",
                                                         .who = "kim",
                                                         .role = LS_ROLE_OPERATOR,
                                                         .count = 3,
                                                         .waits = true,
                                                         .since_us = 5,
                                                         .until_us = -1};
    out[LS_SAY_ANSWER].of.answer = (ls_guard_answer){
        .ticket = UINT64_C(1) << 62, .done = true, .reason = "x", .reason_ko = "\xea\xb9\x80"};
}

static void test_messages_come_back_as_they_were(void) {
    static ls_guard_message messages[LS_SAY_COUNT];
    make_all(messages);
    for (int i = 0; i < LS_SAY_COUNT; i++) {
        ls_buffer text;
        static ls_guard_message back;
        ls_buffer_init(&text);
        ls_guard_protocol_write(&messages[i], &text);
        CHECK(!text.failed && memchr(text.data, '\n', text.size) == text.data + text.size - 1);
        CHECK(text.size <= LS_GUARD_LINE_MAX);
        CHECK_STR(ls_guard_protocol_read(text.data, text.size - 1, &back), NULL);
        if (i == LS_SAY_COMMAND) {
            CHECK(isnan(back.of.command.gain_min));
            back.of.command.gain_min = messages[i].of.command.gain_min;
        }
        CHECK_BYTES(&back, &messages[i], sizeof back);
        ls_buffer_clear(&text);
    }
}

// Every text of sixteen commands full of what takes most room in JSON: it still is one line.
static void test_the_longest_message_fits(void) {
    static ls_guard_message m, back;
    m = (ls_guard_message){.say = LS_SAY_TOGETHER, .of.together.count = LS_GUARD_TOGETHER};
    for (int i = 0; i < LS_GUARD_TOGETHER; i++) {
        ls_command *c = &m.of.together.commands[i];
        *c = a_command().of.command;
        memset(c->id, 1, sizeof c->id - 1);
        memset(c->decision, 1, sizeof c->decision - 1);
        memset(c->point, 1, sizeof c->point - 1);
        memset(c->device, 1, sizeof c->device - 1);
        memset(c->argument, 1, sizeof c->argument - 1);
        memset(c->target, 1, sizeof c->target - 1);
        c->approval_count = 2;
        memset(c->approvals[0].who, 1, sizeof c->approvals[0].who - 1);
        memset(c->approvals[1].who, 1, sizeof c->approvals[1].who - 1);
    }
    ls_buffer text;
    ls_buffer_init(&text);
    ls_guard_protocol_write(&m, &text);
    CHECK(!text.failed && text.size <= LS_GUARD_LINE_MAX);
    CHECK_STR(ls_guard_protocol_read(text.data, text.size - 1, &back), NULL);
    ls_buffer_clear(&text);
}

// A journal of before has commands without the gain and the upper end of its interval: not known.
static void test_what_was_not_told_before_is_not_known(void) {
    const ls_guard_message m = a_command();
    ls_command back;
    json_t *object = ls_guard_command_json(&m.of.command);
    CHECK_INT(json_object_del(object, "gain"), 0);
    CHECK_INT(json_object_del(object, "gain_high"), 0);
    CHECK_STR(ls_guard_command_from_json(object, &back), NULL);
    CHECK(isnan(back.gain) && isnan(back.gain_high));
    CHECK_NEAR(back.gain_low, 0.1, 0.0);
    json_object_set_new(object, "gain", json_string("much"));
    CHECK_CONTAINS(ls_guard_command_from_json(object, &back), "a number");
    json_object_del(object, "gain");
    json_object_set_new(object, "gains", json_real(1.0));
    CHECK_CONTAINS(ls_guard_command_from_json(object, &back), "not known");
    json_object_del(object, "gains");
    json_object_del(object, "gain_low");
    CHECK_CONTAINS(ls_guard_command_from_json(object, &back), "a number");
    json_decref(object);
}

static const char *refusal(const char *text) {
    ls_guard_message out;
    return ls_guard_protocol_read(text, strlen(text), &out);
}

static void test_what_is_not_whole_is_refused(void) {
    CHECK_STR(refusal("{\"v\":2,\"say\":\"beat\"}"), NULL);
    CHECK_CONTAINS(refusal("{\"say\":\"beat\"}"), "version 2");
    CHECK_CONTAINS(refusal("{\"v\":1,\"say\":\"beat\"}"), "version 2");
    CHECK_CONTAINS(refusal("{\"v\":3,\"say\":\"beat\"}"), "version 2");
    CHECK_CONTAINS(refusal("{\"v\":\"2\",\"say\":\"beat\"}"), "version 2");
    CHECK_CONTAINS(refusal(""), "no JSON object");
    CHECK_CONTAINS(refusal("[]"), "no JSON object");
    CHECK_CONTAINS(refusal("{\"v\":2}"), "does not say");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"x\"}"), "does not say");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"beat\",\"n\":1}"), "not known");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"beat\",\"say\":\"beat\"}"), "no JSON object");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"deed\",\"ticket\":1,\"kind\":\"leap\"}"), "a word");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"deed\",\"ticket\":1,\"kind\":\"hold\",\"who\":1}"),
                   "a text");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"together\",\"commands\":[]}"), "2 to 16");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"together\",\"commands\":[{},{}]}"), "a text");
    CHECK_CONTAINS(refusal("{\"v\":2,\"say\":\"state\",\"writes\":1,\"why\":\"\"}"), "a yes or no");
    CHECK_CONTAINS(
        refusal("{\"v\":2,\"say\":\"verdict\",\"id\":\"a\",\"result\":\"sent\",\"guard\":-1}"),
        "a whole number");
    static char huge[LS_GUARD_LINE_MAX + 2];
    memset(huge, ' ', sizeof huge - 1);
    CHECK_CONTAINS(refusal(huge), "too long");
}

// Each field of a command is needed, and a text that fills its field is one too long.
static void test_every_field_is_looked_at(void) {
    const ls_guard_message m = a_command();
    ls_buffer text;
    ls_guard_message back;
    ls_buffer_init(&text);
    ls_guard_protocol_write(&m, &text);
    uint32_t tried = 0;
    for (size_t i = 1; i + 1 < text.size; i++) {
        if (text.data[i] == '"' && (text.data[i - 1] == ',' || text.data[i - 1] == '{')) {
            text.data[i + 1] ^= 1;  // another name
            CHECK(ls_guard_protocol_read(text.data, text.size - 1, &back) != NULL);
            CHECK(back.of.command.id[0] == '\0');
            text.data[i + 1] ^= 1;
            tried++;
        }
    }
    CHECK(tried >= 21);
    ls_buffer_clear(&text);
    static ls_guard_message deed;
    deed = (ls_guard_message){.say = LS_SAY_DEED, .of.deed = a_deed()};
    memset(deed.of.deed.who, 'k', sizeof deed.of.deed.who - 1);
    ls_buffer_init(&text);
    ls_guard_protocol_write(&deed, &text);
    CHECK_STR(ls_guard_protocol_read(text.data, text.size - 1, &back), NULL);
    ls_buffer_clear(&text);
    ls_buffer_init(&text);
    memset(deed.of.deed.who, 'k', sizeof deed.of.deed.who);  // shows 64 of them
    ls_guard_protocol_write(&deed, &text);
    CHECK_CONTAINS(ls_guard_protocol_read(text.data, text.size - 1, &back), "too long");
    ls_buffer_clear(&text);
}

static void test_names_go_both_ways(void) {
    for (uint32_t i = 0; i < LS_COMMAND_KIND_COUNT; i++) {
        CHECK_INT(ls_command_kind_find(ls_command_kind_name((ls_command_kind)i)), i);
    }
    for (uint32_t i = 0; i < LS_COMMAND_RESULT_COUNT; i++) {
        CHECK_INT(ls_command_result_find(ls_command_result_name((ls_command_result)i)), i);
    }
    for (uint32_t i = 0; i < LS_DEED_KIND_COUNT; i++) {
        CHECK_INT(ls_guard_deed_find(ls_guard_deed_name((ls_guard_deed_kind)i)), i);
    }
    CHECK_STR(ls_guard_deed_name(LS_DEED_KIND_COUNT), "");
    CHECK_STR(ls_guard_standing_name(LS_STANDS_TRIPS), "trips");
    CHECK_STR(ls_guard_standing_name(LS_STANDS_LOTS), "lots");
    CHECK_STR(ls_guard_standing_name(LS_STANDS_KIND_COUNT), "");
    for (int i = 0; i < LS_ROLE_COUNT; i++) {
        CHECK_INT(ls_role_find(ls_role_name((ls_role)i)), i);
    }
    CHECK_INT(ls_role_find("owner"), LS_ROLE_VIEWER);
    CHECK_STR(ls_role_name(LS_ROLE_COUNT), "");
    CHECK_INT(ls_command_kind_find("x"), LS_COMMAND_KIND_COUNT);
    CHECK_STR(ls_command_result_name(LS_COMMAND_RESULT_COUNT), "");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_messages_come_back_as_they_were);
    TEST(test_the_longest_message_fits);
    TEST(test_what_was_not_told_before_is_not_known);
    TEST(test_what_is_not_whole_is_refused);
    TEST(test_every_field_is_looked_at);
    TEST(test_names_go_both_ways);
    return harness_report();
}
