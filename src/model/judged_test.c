// judged_test.c - what a lineage says of the gates of its version.
#include "model/judged.h"

#include <string.h>

#include "tests/harness.h"

static const char lineage[] =
    "{\"metrics\": {\"gates\": {\"gain\": {\"passed\": false, \"value\": 0.1},"
    " \"worst\": {\"passed\": true}, \"coverage\": {\"passed\": false, \"value\": 41.0}}}}";

static void test_gates_that_were_not_passed_are_named(void) {
    char failed[64];
    CHECK(ls_judged_failed(lineage, failed, sizeof failed));
    CHECK_STR(failed, "gain, coverage");
    CHECK(ls_judged_failed(lineage, failed, 6));
    CHECK_STR(failed, "gain,");  // cut, and ended
    CHECK(!ls_judged_failed("{\"metrics\": {\"gates\": {\"gain\": {\"passed\": true}}}}", failed,
                            sizeof failed));
    CHECK_STR(failed, "");
}

static void test_what_says_nothing_says_nothing(void) {
    static const char *const odd[] = {
        "",
        "{",
        "7",
        "{}",
        "{\"metrics\": 3}",
        "{\"metrics\": {\"gates\": []}}",
        "{\"metrics\": {\"gates\": {\"latency\": 3, \"gain\": []}}}",
        "{\"metrics\": {\"gates\": {\"latency\": {\"value\": \"1\"}}}}"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char failed[64];
        CHECK(!ls_judged_failed(odd[i], failed, sizeof failed));
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_gates_that_were_not_passed_are_named);
    TEST(test_what_says_nothing_says_nothing);
    return harness_report();
}
