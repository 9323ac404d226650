// json_payload_test.c - what the values of a plain MQTT payload are.
#include "line/json_payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "tests/harness.h"

// "path=value ..." of all values, for reading in a test.
static const char *show(const ls_json_payload *p) {
    static char out[4096];
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < p->count && used < sizeof out - 256; i++) {
        const ls_sample *s = &p->values[i].sample;
        used += ls_text_format(out + used, sizeof out - used, "%s%.*s=", i > 0 ? " " : "",
                               (int)p->values[i].path_size,
                               p->paths.data != NULL ? p->paths.data + p->values[i].path : "");
        switch ((ls_value_kind)s->kind) {
        case LS_VALUE_NONE: used += ls_text_format(out + used, 256, "null"); break;
        case LS_VALUE_TEXT:
            used += ls_text_format(out + used, 256, "'%.*s'", (int)s->size, s->value.text);
            break;
        case LS_VALUE_REAL: used += ls_text_format(out + used, 256, "%gr", s->value.real); break;
        case LS_VALUE_BOOL:
            used += ls_text_format(out + used, 256, s->value.integer != 0 ? "true" : "false");
            break;
        default:
            used += ls_text_format(out + used, 256, "%lld", (long long)s->value.integer);
            break;
        }
    }
    return out;
}

static void check(const ls_topic *topic, const char *text, const char *expected) {
    ls_json_payload p;
    ls_error err = {0};
    ls_json_payload_init(&p);
    CHECK_INT(ls_json_payload_read(&p, topic, text, strlen(text), 1000, &err), LS_OK);
    CHECK_STR(show(&p), expected);
    ls_json_payload_clear(&p);
}

static void check_refused(const char *text, size_t size, ls_status status, const char *part) {
    const ls_topic topic = {.filter = "#"};
    ls_json_payload p;
    ls_error err = {0};
    ls_json_payload_init(&p);
    CHECK_INT(ls_json_payload_read(&p, &topic, text, size, 1000, &err), status);
    CHECK_CONTAINS(err.text, part);
    CHECK_INT(p.count, 0);
    ls_json_payload_clear(&p);
}

static void test_every_scalar_has_its_path(void) {
    const ls_topic all = {.filter = "#"};
    check(&all, "{\"a\":1,\"b\":{\"c\":[true,2.5,\"x\"],\"d\":null},\"e.f\":-3}",
          "a=1 b.c.0=true b.c.1=2.5r b.c.2='x' b.d=null e.f=-3");
    check(&all, "[]", "");
    check(&all, " [7]", "0=7");
}

static void test_a_payload_may_be_one_scalar(void) {
    const ls_topic all = {.filter = "#"};
    check(&all, "21.5", "=21.5r");
    check(&all, "-4\n", "=-4");
    check(&all, "true", "=true");
    check(&all, "null", "=null");
    check(&all, "\"RUN\"", "='RUN'");
    check(&all, "RUN", "='RUN'");
    check(&all, "12 parts", "='12 parts'");
}

static void test_named_fields_come_in_their_order_and_may_be_missing(void) {
    const char *const fields[] = {"b.0.c", "a", "nowhere.x", "e.f", "e.f.g", "b"};
    const ls_topic topic = {.filter = "#", .fields = fields, .field_count = 6};
    check(&topic, "{\"a\":1,\"b\":[{\"c\":2}],\"e.f\":{\"g\":3}}", "b.0.c=2 a=1 e.f.g=3");
    check(&topic, "{\"e.f\":9}", "e.f=9");
}

static void check_time(const char *text, const char *expected) {
    const ls_topic topic = {
        .filter = "#", .time_path = "t", .fields = (const char *const[]){"v"}, .field_count = 1};
    ls_json_payload p;
    ls_error err = {0};
    char got[64] = "none";
    ls_json_payload_init(&p);
    CHECK_INT(ls_json_payload_read(&p, &topic, text, strlen(text), 1000, &err), LS_OK);
    CHECK_INT(p.count, 1);
    if (!p.time_missing) {
        ls_units_print_date(p.values[0].sample.time_us, got, sizeof got);
        CHECK_INT(p.values[0].sample.flags, 0);
    } else {
        CHECK_INT(p.values[0].sample.time_us, 1000);
        CHECK_INT(p.values[0].sample.flags, LS_SAMPLE_ARRIVAL);
    }
    CHECK_STR(got, expected);
    ls_json_payload_clear(&p);
}

static void test_times_are_ms_or_iso_8601(void) {
    check_time("{\"v\":1,\"t\":1767592800250}", "2026-01-05T06:00:00.25");
    check_time("{\"v\":1,\"t\":1767592800250.5}", "2026-01-05T06:00:00.2505");
    check_time("{\"v\":1,\"t\":\"2026-01-05T06:00:00Z\"}", "2026-01-05T06:00:00");
    check_time("{\"v\":1,\"t\":\"2026-01-05T06:00:00.125\"}", "2026-01-05T06:00:00.125");
    check_time("{\"v\":1,\"t\":\"2026-01-05T06:00:00+02:00\"}", "2026-01-05T04:00:00");
    check_time("{\"v\":1,\"t\":\"2026-01-05T06:00:00-0530\"}", "2026-01-05T11:30:00");
    check_time("{\"v\":1,\"t\":\"yesterday\"}", "none");
    check_time("{\"v\":1,\"t\":-5}", "none");
    check_time("{\"v\":1,\"t\":1e300}", "none");
    check_time("{\"v\":1}", "none");
}

static void test_what_is_no_payload_is_refused_with_its_reason(void) {
    check_refused("", 0, LS_ERR_INVALID, "empty");
    check_refused("  ", 2, LS_ERR_INVALID, "empty");
    check_refused("{\"a\":", 5, LS_ERR_INVALID, "not JSON: ");
    check_refused("{\"a\":1,\"a\":2}", 13, LS_ERR_INVALID, "duplicate");
    check_refused("{\"a\":99999999999999999999}", 26, LS_ERR_INVALID, "not JSON: ");
    check_refused("\xff\xfe", 2, LS_ERR_INVALID, "neither JSON nor text");
    check_refused("{\"a\":\"\xff\"}", 9, LS_ERR_INVALID, "not JSON: ");
    check_refused("{\"a\":1}x", 8, LS_ERR_INVALID, "not JSON: ");
}

static void test_size_depth_and_count_have_limits(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    for (int i = 0; i < 40; i++) {
        ls_buffer_text(&text, "[");
    }
    for (int i = 0; i < 40; i++) {
        ls_buffer_text(&text, "]");
    }
    check_refused(text.data, text.size, LS_ERR_LIMIT, "more than 32 levels");
    text.size = 0;
    for (int i = 0; i < 40; i++) {
        ls_buffer_text(&text, "{\"a\":");
    }
    ls_buffer_text(&text, "1");
    for (int i = 0; i < 40; i++) {
        ls_buffer_text(&text, "}");
    }
    check_refused(text.data, text.size, LS_ERR_LIMIT, "more than 32 levels");
    text.size = 0;
    ls_buffer_text(&text, "[0");
    for (int i = 0; i < 10000; i++) {
        ls_buffer_text(&text, ",0");
    }
    ls_buffer_text(&text, "]");
    check_refused(text.data, text.size, LS_ERR_LIMIT, "more than 10000 values");
    ls_buffer_clear(&text);
    char *large = calloc(1, LS_JSON_PAYLOAD_MAX + 1);
    check_refused(large, LS_JSON_PAYLOAD_MAX + 1, LS_ERR_LIMIT, "4194305 bytes");
    free(large);
}

static void test_every_allocation_may_fail(void) {
    const ls_topic all = {.filter = "#"};
    const char *text = "{\"a\":1,\"b\":{\"c\":[true,2.5,\"x\"],\"d\":null}}";
    for (int i = 0; i < 20; i++) {
        ls_json_payload p;
        ls_error err = {0};
        ls_json_payload_init(&p);
        ls_alloc_fail_after(i);
        const ls_status status = ls_json_payload_read(&p, &all, text, strlen(text), 1000, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        CHECK_INT(p.count, status == LS_OK ? 5 : 0);
        ls_json_payload_clear(&p);
    }
}

// The history would take nothing of it; with QoS 1 it would come again for ever.
static void test_a_text_that_no_history_takes_is_refused(void) {
    enum { SIZE = LS_JSON_TEXT_MAX + 16 };
    char *text = ls_alloc(SIZE + 1);
    memset(text, 'x', SIZE);
    check_refused(text, SIZE, LS_ERR_LIMIT, "at most 1048576");
    memcpy(text, "[\"", 2);
    memcpy(text + SIZE - 2, "\"]", 2);
    check_refused(text, SIZE, LS_ERR_LIMIT, "at most 1048576");
    ls_free(text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_scalar_has_its_path);
    TEST(test_a_payload_may_be_one_scalar);
    TEST(test_named_fields_come_in_their_order_and_may_be_missing);
    TEST(test_times_are_ms_or_iso_8601);
    TEST(test_what_is_no_payload_is_refused_with_its_reason);
    TEST(test_size_depth_and_count_have_limits);
    TEST(test_a_text_that_no_history_takes_is_refused);
    TEST(test_every_allocation_may_fail);
    return harness_report();
}
