// data_folder_test.c - everybody finds the same folder.
#include "line/data_folder.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static const char *folder(const char *plant, const char *given) {
    static char out[256];
    ls_error err = {0};
    CHECK_INT(ls_data_folder(plant, given, out, sizeof out, &err), LS_OK);
    return out;
}

static void test_the_rule(void) {
    unsetenv("STATE_DIRECTORY");
    CHECK_STR(folder("plants/cell.yaml", NULL), "lineshaft-data/cell");
    CHECK_STR(folder("cell", NULL), "lineshaft-data/cell");
    CHECK_STR(folder(".hidden", NULL), "lineshaft-data/.hidden");
    CHECK_STR(folder("plants/cell.yaml", "/var/x"), "/var/x");
    setenv("STATE_DIRECTORY", "/var/lib/lineshaft/cell", 1);
    CHECK_STR(folder("plants/cell.yaml", NULL), "/var/lib/lineshaft/cell");
    CHECK_STR(folder("plants/cell.yaml", "here"), "here");
    unsetenv("STATE_DIRECTORY");
}

static void test_what_does_not_fit_is_refused(void) {
    char out[8];
    ls_error err = {0};
    CHECK_INT(ls_data_folder("plant.yaml", "12345678", out, sizeof out, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "too long");
    CHECK_INT(ls_data_folder("plant.yaml", "", out, sizeof out, &err), LS_ERR_INVALID);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_rule);
    TEST(test_what_does_not_fit_is_refused);
    return harness_report();
}
