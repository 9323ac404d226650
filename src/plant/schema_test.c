// schema_test.c - every key of a plant file given wrong (base/testing/schema_cases.h).
#include "plant/schema.h"

#include "base/testing/schema_cases.h"
#include "plant/calendar.h"
#include "plant/testing/plants.h"

static bool read_plant(const char *text, size_t size, ls_errors *errors) {
    ls_plant *plant = test_read(text, size, errors);
    const bool is_good = plant != NULL;
    ls_plant_destroy(plant);
    return is_good;
}

static ls_status check_spans(const char *text, ls_error *err) {
    return ls_calendar_spans(text, NULL, 0, NULL, err);
}

int main(int argc, char **argv) {
    static const schema_cases cases = {
        .schema = &ls_plant_schema,
        .every_key = "tests/data/plant/every_key.yaml",
        .golden = "tests/golden/plant-mistakes.txt",
        .read = read_plant,
        .check_spans = check_spans,
    };
    harness_init(argc, argv);
    schema_cases_use(&cases);
    TEST(schema_cases_rows_stand_depth_first);
    TEST(schema_cases_defaults_are_good_values);
    TEST(schema_cases_the_unchanged_file_is_right);
    TEST(schema_cases_every_key_given_wrong_is_refused);
    return harness_report();
}
