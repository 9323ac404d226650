// model_week_test.c - the demo's line wears its tools: a model is trained on days of it that nobody
// has prepared, and finds the wear on days that it has not seen.
#include <stdio.h>
#include <string.h>

#include "cli/demo_week.h"
#include "import/plant_file.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

static void test_tool_wear_is_predicted_on_the_demo_line(void) {
    char line[2048], history[512], models[512];
    if (!program_is_there()) {
        return;
    }
    ls_errors errors;
    ls_error err = {0};
    ls_plant *plant = NULL;
    uint64_t samples = 0;
    const char *file = harness_source_path("examples/gearbox/demo.yaml");
    snprintf(history, sizeof history, "%s", program_temporary("week"));
    snprintf(models, sizeof models, "%s", program_temporary("models"));
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_file_read(file, &plant, &errors), LS_OK);
    ls_errors_clear(&errors);
    if (plant == NULL) {
        return;
    }
    const int64_t day = INT64_C(86400000000);
    const ls_demo_week week = {
        .for_us = 3 * day, .birth_us = 2 * day, .seed = 1, .history = history};
    CHECK_INT(ls_demo_week_make(plant, &week, &samples, &err), LS_OK);
    CHECK_STR(err.text, "");
    ls_plant_destroy(plant);
    snprintf(line, sizeof line, "model train %s:tool-wear --history %s --models %s", file, history,
             models);
    program done = program_run(line);
    harness_note("%s%s", done.out, done.err);
    CHECK_INT(done.code, 0);
    // Nothing serves yet and the plant file says `mode: auto`: what passes serves at once.
    CHECK_CONTAINS(done.out, "model tool-wear, version 1: champion");
    CHECK_CONTAINS(done.out, "less than that of a constant, on ");
    program_clear(&done);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_tool_wear_is_predicted_on_the_demo_line);
    program_remove_temporary();
    return harness_report();
}
