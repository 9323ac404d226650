// schema_test.c - every key of a pool file given wrong (base/testing/schema_cases.h).
#include "pool/schema.h"

#include "base/testing/schema_cases.h"
#include "pool/testing/pools.h"

static bool read_pool(const char *text, size_t size, ls_errors *errors) {
    ls_pool *pool = test_read_pool(text, size, "account,guarantee\nharness,2\n", errors);
    const bool is_good = pool != NULL;
    ls_pool_destroy(pool);
    return is_good;
}

int main(int argc, char **argv) {
    static const schema_cases cases = {
        .schema = &ls_pool_schema,
        .every_key = "tests/data/pool/every_key.yaml",
        .golden = "tests/golden/pool-mistakes.txt",
        .read = read_pool,
    };
    harness_init(argc, argv);
    schema_cases_use(&cases);
    TEST(schema_cases_rows_stand_depth_first);
    TEST(schema_cases_defaults_are_good_values);
    TEST(schema_cases_the_unchanged_file_is_right);
    TEST(schema_cases_every_key_given_wrong_is_refused);
    return harness_report();
}
