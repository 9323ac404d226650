// modbus_test.c - registers into values and back, requests answered, registers asked together.
#include <math.h>
#include <string.h>

#include "line/modbus_answer.h"
#include "line/modbus_plan.h"
#include "line/modbus_value.h"
#include "tests/harness.h"

static ls_register reg_of(ls_register_type type) {
    return (ls_register){.type = type, .scale = 1, .words = 4};
}

static void test_words_by_order_and_bytes(void) {
    const uint16_t words[2] = {0x1234, 0x5678};
    ls_sample s = {0};
    ls_register reg = reg_of(LS_REGISTER_U32);
    ls_modbus_decode(&reg, words, &s, NULL);
    CHECK_INT(s.value.natural, 0x12345678);
    CHECK_INT(s.kind, LS_VALUE_UINT);
    reg.low_word_first = true;
    ls_modbus_decode(&reg, words, &s, NULL);
    CHECK_INT(s.value.natural, 0x56781234);
    reg.byte_swap = true;
    ls_modbus_decode(&reg, words, &s, NULL);
    CHECK_INT(s.value.natural, 0x78563412);
    reg.low_word_first = false;
    ls_modbus_decode(&reg, words, &s, NULL);
    CHECK_INT(s.value.natural, 0x34127856);
}

static void test_types_signs_and_scale(void) {
    const uint16_t minus[4] = {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE};
    const uint16_t pi[2] = {0x4049, 0x0FDB};
    char text[LS_MODBUS_TEXT_MAX];
    ls_sample s = {0};
    ls_register reg = reg_of(LS_REGISTER_I16);
    ls_modbus_decode(&reg, minus, &s, NULL);
    CHECK_INT(s.value.integer, -1);
    reg = reg_of(LS_REGISTER_I64);
    ls_modbus_decode(&reg, minus, &s, NULL);
    CHECK_INT(s.value.integer, -2);
    reg = reg_of(LS_REGISTER_U64);
    ls_modbus_decode(&reg, minus, &s, NULL);
    CHECK_INT(s.value.natural, UINT64_MAX - 1);
    reg = reg_of(LS_REGISTER_F32);
    ls_modbus_decode(&reg, pi, &s, NULL);
    CHECK_INT(s.kind, LS_VALUE_FLOAT);
    CHECK_NEAR(s.value.real, 3.14159274, 1e-8);
    reg = reg_of(LS_REGISTER_I16);
    reg.scale = 0.1;
    reg.offset = -20;
    ls_modbus_decode(&reg, pi, &s, NULL);
    CHECK_INT(s.kind, LS_VALUE_REAL);
    CHECK_NEAR(s.value.real, 0x4049 * 0.1 - 20, 1e-9);
    reg = reg_of(LS_REGISTER_BIT);
    reg.bit = 3;
    ls_modbus_decode(&reg, pi, &s, NULL);
    CHECK_INT(s.value.integer, 1);
    reg.bit = 4;
    ls_modbus_decode(&reg, pi, &s, NULL);
    CHECK_INT(s.value.integer, 0);
    const uint16_t lot[4] = {'L' << 8 | '-', '4' << 8 | '2', 0x2020, 0x2020};
    reg = reg_of(LS_REGISTER_TEXT);
    ls_modbus_decode(&reg, lot, &s, text);
    CHECK_INT(s.size, 4);
    CHECK_BYTES(s.value.text, "L-42", 4);
    const uint16_t wild[4] = {0xFF01, 'a' << 8, 'b' << 8, 0};
    ls_modbus_decode(&reg, wild, &s, text);
    CHECK_INT(s.size, 3);
    CHECK_BYTES(s.value.text, "??a", 3);
}

static void test_what_does_not_fit_is_not_encoded(void) {
    uint16_t words[4];
    ls_register reg = reg_of(LS_REGISTER_U16);
    CHECK(!ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_INT, .value.integer = -1}, words));
    CHECK(
        !ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_INT, .value.integer = 65536}, words));
    CHECK(!ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_REAL, .value.real = NAN}, words));
    CHECK(!ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_TEXT, .value.text = ""}, words));
    CHECK(!ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_REAL, .value.real = 1e300}, words));
    reg.scale = 0.1;
    CHECK(ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_REAL, .value.real = 650.04}, words));
    CHECK_INT(words[0], 6500);
    CHECK(
        !ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_INT, .value.integer = 6554}, words));
    reg = reg_of(LS_REGISTER_F32);
    CHECK(!ls_modbus_encode(&reg, &(ls_sample){.kind = LS_VALUE_REAL, .value.real = 1e200}, words));
    reg = reg_of(LS_REGISTER_TEXT);
    CHECK(!ls_modbus_encode(
        &reg, &(ls_sample){.kind = LS_VALUE_TEXT, .size = 9, .value.text = "123456789"}, words));
}

static void test_every_type_reads_back_property(void) {
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        ls_sample in = {0};
        ls_sample out = {0};
        uint16_t words[4] = {0};
        uint16_t again[4] = {0};
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        ls_register reg = reg_of((ls_register_type)(LS_REGISTER_I16 + (random >> 40) % 8));
        reg.low_word_first = (random >> 33 & 1) != 0;
        reg.byte_swap = (random >> 34 & 1) != 0;
        for (uint32_t k = 0; k < ls_register_size(&reg); k++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            words[k] = (uint16_t)(random >> 48);
        }
        ls_modbus_decode(&reg, words, &in, NULL);
        const bool is_float = in.kind == LS_VALUE_REAL || in.kind == LS_VALUE_FLOAT;
        if (is_float && !isfinite(in.value.real)) {
            continue;
        }
        CHECK(ls_modbus_encode(&reg, &in, again));
        ls_modbus_decode(&reg, again, &out, NULL);
        CHECK(ls_sample_same(&in, &out));
        CHECK_BYTES(again, words, 2 * ls_register_size(&reg));
    }
}

// --- the server's answers

typedef struct tables {
    ls_modbus_tables t;
    uint16_t holding[20], inputs[10], coils[20], discretes[10];
} tables;

static void fill(tables *t) {
    memset(t, 0, sizeof *t);
    t->t = (ls_modbus_tables){.values = {t->holding, t->inputs, t->coils, t->discretes},
                              .counts = {20, 10, 20, 10}};
    t->holding[3] = 0xABCD;
    t->coils[1] = 1;
    t->coils[9] = 1;
}

static void check_answer(tables *t, const char *request, size_t size, const char *expected,
                         size_t expected_size) {
    uint8_t frame[300] = {0, 7, 0, 0, 0, (uint8_t)(size + 1), 1};
    uint8_t out[LS_MODBUS_FRAME_MAX];
    ls_modbus_write write;
    memcpy(frame + 7, request, size);
    CHECK_INT(ls_modbus_frame(frame, size + 7), size + 7);
    CHECK_INT(ls_modbus_frame(frame, size + 6), 0);
    CHECK_INT(ls_modbus_answer(&t->t, frame, size + 7, out, &write), expected_size + 7);
    CHECK_INT(out[5], expected_size + 1);
    CHECK_BYTES(out + 7, expected, expected_size);
}
#define ANSWER(t, request, expected) \
    check_answer(t, request, sizeof request - 1, expected, sizeof expected - 1)

static void test_requests_are_answered(void) {
    tables t;
    fill(&t);
    ANSWER(&t, "\x03\0\3\0\1", "\x03\2\xAB\xCD");
    ANSWER(&t, "\x01\0\1\0\x0A", "\x01\2\1\1");
    ANSWER(&t, "\x06\0\4\x12\x34", "\x06\0\4\x12\x34");
    CHECK_INT(t.holding[4], 0x1234);
    ANSWER(&t, "\x05\0\0\xFF\0", "\x05\0\0\xFF\0");
    CHECK_INT(t.coils[0], 1);
    ANSWER(&t, "\x10\0\5\0\2\4\0\1\0\2", "\x10\0\5\0\2");
    CHECK_INT(t.holding[6], 2);
    ANSWER(&t, "\x0F\0\2\0\3\1\5", "\x0F\0\2\0\3");
    CHECK_INT(t.coils[2] + 10 * t.coils[3] + 100 * t.coils[4], 101);
    ANSWER(&t, "\x03\0\x13\0\2", "\x83\2");  // beyond the table
    ANSWER(&t, "\x03\xFF\xFF\0\1", "\x83\2");
    ANSWER(&t, "\x03\0\0\0\0", "\x83\3");          // none
    ANSWER(&t, "\x03\0\0\0\x7E", "\x83\3");        // 126
    ANSWER(&t, "\x10\0\5\0\2\3\0\1\0", "\x90\3");  // a count that lies
    ANSWER(&t, "\x05\0\0\x12\0", "\x85\3");
    ANSWER(&t, "\x2B\x0E\1\0\0", "\xAB\1");
    ANSWER(&t, "\x03", "\x83\3");
    ANSWER(&t, "\x63", "\xE3\1");
    const uint8_t alien[] = "GET / HTTP/1.1\r\n";
    CHECK_INT(ls_modbus_frame(alien, sizeof alien), SIZE_MAX);
}

// --- what is asked together

static void test_near_registers_are_asked_together(void) {
    ls_arena arena;
    ls_modbus_plan plan;
    const ls_register registers[] = {
        {.name = "far", .at = 500, .type = LS_REGISTER_U16},
        {.name = "b", .at = 12, .type = LS_REGISTER_F64},
        {.name = "a", .at = 10, .type = LS_REGISTER_U32},
        {.name = "slow", .at = 11, .type = LS_REGISTER_U16, .every_us = 9000000},
        {.name = "c", .at = 24, .type = LS_REGISTER_U16},
        {.name = "coil", .at = 10, .table = LS_REGISTER_COIL, .type = LS_REGISTER_BIT},
        {.name = "edge", .at = 26, .type = LS_REGISTER_TEXT, .words = 109},
        {.name = "over", .at = 135, .type = LS_REGISTER_U16},
    };
    const ls_source source = {.registers = registers, .register_count = 8, .every_us = 1000000};
    ls_arena_init(&arena);
    CHECK(ls_modbus_plan_make(&source, &arena, &plan));
    CHECK_INT(plan.group_count, 5);
    CHECK_INT(plan.groups[0].at, 10);
    CHECK_INT(plan.groups[0].count, 125);
    CHECK_INT(plan.groups[1].at, 135);
    CHECK_INT(plan.groups[2].at, 500);
    CHECK_INT(plan.groups[3].table, LS_REGISTER_COIL);
    CHECK_INT(plan.groups[4].every_us, 9000000);
    ls_modbus_plan_restart(&plan, 100);
    CHECK(ls_modbus_plan_split(&plan, 0));
    CHECK_INT(plan.group_count, 6);
    CHECK_INT(plan.groups[0].count, 6);  // a and b
    CHECK_INT(plan.groups[5].at, 24);
    CHECK(ls_modbus_plan_split(&plan, 5));
    CHECK(!ls_modbus_plan_split(&plan, 5));
    ls_modbus_plan_done(&plan, 0, 2500000);  // late: the turns in between are left out
    CHECK_INT(plan.groups[0].next_us, 3000100);
    ls_arena_clear(&arena);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_words_by_order_and_bytes);
    TEST(test_types_signs_and_scale);
    TEST(test_what_does_not_fit_is_not_encoded);
    TEST(test_every_type_reads_back_property);
    TEST(test_requests_are_answered);
    TEST(test_near_registers_are_asked_together);
    return harness_report();
}
