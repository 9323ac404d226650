// protocol_test.c - messages of the guard's socket: there and back, and what is refused.
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
                                .gain_low = 0.1,
                                .gain_min = NAN,
                                .certainty = 1.0};
    return m;
}

static void test_messages_come_back_as_they_were(void) {
    ls_guard_message messages[LS_SAY_COUNT] = {
        a_command(),          {.say = LS_SAY_HOLD},    {.say = LS_SAY_RESET},
        {.say = LS_SAY_BEAT}, {.say = LS_SAY_VERDICT}, {.say = LS_SAY_STATE}};
    messages[1].of.hold.hold = true;
    strcpy(messages[1].of.hold.point, "dispatch grind");
    messages[2].of.hold.role = LS_ROLE_ENGINEER;
    strcpy(messages[2].of.hold.who, "\xea\xb9\x80");
    messages[4].of.verdict = (ls_verdict){
        .id = "d-7-1", .result = LS_COMMAND_DENIED, .guard = 7, .reason = "\"no\"\n", .at_us = 9};
    strcpy(messages[5].of.state.why, "the line is silent");
    for (int i = 0; i < LS_SAY_COUNT; i++) {
        ls_buffer text;
        ls_guard_message back;
        ls_buffer_init(&text);
        ls_guard_protocol_write(&messages[i], &text);
        CHECK(!text.failed && memchr(text.data, '\n', text.size) == text.data + text.size - 1);
        CHECK_STR(ls_guard_protocol_read(text.data, text.size - 1, &back), NULL);
        if (i == LS_SAY_COMMAND) {
            CHECK(isnan(back.of.command.gain_min));
            back.of.command.gain_min = messages[i].of.command.gain_min;
        }
        CHECK_BYTES(&back, &messages[i], sizeof back);
        ls_buffer_clear(&text);
    }
}

static const char *refusal(const char *text) {
    ls_guard_message out;
    return ls_guard_protocol_read(text, strlen(text), &out);
}

static void test_what_is_not_whole_is_refused(void) {
    CHECK_STR(refusal("{\"say\":\"beat\"}"), NULL);
    CHECK_CONTAINS(refusal(""), "no JSON object");
    CHECK_CONTAINS(refusal("[]"), "no JSON object");
    CHECK_CONTAINS(refusal("{}"), "does not say");
    CHECK_CONTAINS(refusal("{\"say\":\"x\"}"), "does not say");
    CHECK_CONTAINS(refusal("{\"say\":\"beat\",\"n\":1}"), "not known");
    CHECK_CONTAINS(refusal("{\"say\":\"beat\",\"say\":\"beat\"}"), "no JSON object");
    CHECK_CONTAINS(refusal("{\"say\":\"reset\",\"who\":\"k\",\"role\":\"king\"}"), "a word");
    CHECK_CONTAINS(refusal("{\"say\":\"reset\",\"who\":1,\"role\":\"viewer\"}"), "a text");
    CHECK_CONTAINS(refusal("{\"say\":\"state\",\"writes\":1,\"why\":\"\"}"), "a yes or no");
    CHECK_CONTAINS(refusal("{\"say\":\"verdict\",\"id\":\"a\",\"result\":\"sent\",\"guard\":-1}"),
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
    char line[256];
    const int length = snprintf(line, sizeof line,
                                "{\"say\":\"reset\",\"role\":\"viewer\",\"who\":"
                                "\"%063d\"}",
                                0);
    CHECK_STR(ls_guard_protocol_read(line, (size_t)length, &back), NULL);
    const int more = snprintf(line, sizeof line,
                              "{\"say\":\"reset\",\"role\":\"viewer\",\"who\":"
                              "\"%064d\"}",
                              0);
    CHECK_CONTAINS(ls_guard_protocol_read(line, (size_t)more, &back), "too long");
}

static void test_names_go_both_ways(void) {
    for (uint32_t i = 0; i < LS_COMMAND_KIND_COUNT; i++) {
        CHECK_INT(ls_command_kind_find(ls_command_kind_name((ls_command_kind)i)), i);
    }
    for (uint32_t i = 0; i < LS_COMMAND_RESULT_COUNT; i++) {
        CHECK_INT(ls_command_result_find(ls_command_result_name((ls_command_result)i)), i);
    }
    CHECK_INT(ls_command_kind_find("x"), LS_COMMAND_KIND_COUNT);
    CHECK_STR(ls_command_result_name(LS_COMMAND_RESULT_COUNT), "");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_messages_come_back_as_they_were);
    TEST(test_what_is_not_whole_is_refused);
    TEST(test_every_field_is_looked_at);
    TEST(test_names_go_both_ways);
    return harness_report();
}
