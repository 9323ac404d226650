// decide_print_test.c - a row for people: what went only in part stands in it.
#include <jansson.h>

#include "cli/decide_open.h"
#include "tests/harness.h"

static void expect(const char *json, bool all, const char *part) {
    json_error_t why;
    ls_buffer out;
    json_t *row = json_loads(json, 0, &why);
    CHECK(row != NULL);
    ls_buffer_init(&out);
    ls_decide_print(row, all, &out);
    CHECK_CONTAINS(out.data != NULL ? out.data : "", part);
    ls_buffer_clear(&out);
    json_decref(row);
}

static void test_what_went_in_part_is_told(void) {
    expect(
        "{\"id\": \"d-7\", \"state\": \"denied\", \"title\": \"two things\","
        " \"reason\": \"only 1 of 2 went, and what went stays: d-7-1; not d-7-2 (denied: busy)\"}",
        false,
        "    denied: only 1 of 2 went, and what went stays: d-7-1; not d-7-2 (denied: busy)\n");
    expect(
        "{\"id\": \"d-7\", \"sent\": [{\"id\": \"d-7-2\", \"kind\": \"hold\", \"device\": \"saw\","
        " \"argument\": \"1 min\", \"result\": \"denied\", \"reason\": \"busy\"}]}",
        true, "    sent d-7-2: hold saw 1 min: denied: busy\n");
}

static void test_what_did_not_go_with_it_is_told(void) {
    static const char row[] =
        "{\"id\": \"d-7\", \"state\": \"done\", \"apart\": [{\"id\": \"d-8\", \"state\": "
        "\"refused\","
        " \"title\": \"saw-2 waits\", \"reason\": \"too often\"}]}";
    expect(
        row, false,
        "    without d-8 (saw-2 waits), which is refused, too often: what they gain together does "
        "not hold\n");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_went_in_part_is_told);
    TEST(test_what_did_not_go_with_it_is_told);
    return harness_report();
}
