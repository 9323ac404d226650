// data_folder_test.c - everybody finds the same folder; what is dropped there is whole.
#include "line/data_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

static const char *folder(const char *given, const char *plant) {
    static char out[256];
    ls_error err = {0};
    CHECK_INT(ls_data_folder(given, plant, out, sizeof out, &err), LS_OK);
    return out;
}

static void test_the_rule(void) {
    CHECK_STR(folder(NULL, "cell"), "lineshaft-data/cell");
    CHECK_STR(folder(NULL, "gear/box"), "lineshaft-data/gear_box");
    CHECK_STR(folder(NULL, "../etc"), "lineshaft-data/_._etc");
    CHECK_STR(folder("/var/x.y/z", "cell"), "/var/x.y/z");
}

static void test_what_does_not_fit_is_refused(void) {
    char out[8];
    ls_error err = {0};
    CHECK_INT(ls_data_folder("12345678", "p", out, sizeof out, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "1 to 7 can be");
    CHECK_INT(ls_data_folder("", "p", out, sizeof out, &err), LS_ERR_LIMIT);
}

static void test_what_is_dropped_is_whole_and_in_order(void) {
    char root[] = "/tmp/lineshaft-folder-XXXXXX";
    char first[300];
    char second[300];
    char command[400];
    struct stat is;
    CHECK(mkdtemp(root) != NULL);
    ls_error err = {0};
    CHECK_INT(ls_data_folder_drop(root, "orders", "a\n1\n", first, sizeof first, &err), LS_OK);
    CHECK_INT(ls_data_folder_drop(root, "orders", "a\n2\n", second, sizeof second, &err), LS_OK);
    CHECK(strcmp(first, second) < 0);
    char *text = harness_read_file(second, NULL);
    CHECK_STR(text, "a\n2\n");
    free(text);
    snprintf(command, sizeof command, "%s/orders", root);
    CHECK(stat(command, &is) == 0 && (is.st_mode & 0777) == 0700);
    // A file where a folder should be.
    snprintf(command, sizeof command, "%s/x", first);
    CHECK_INT(ls_data_folder_make(command, &err), LS_ERR_IO);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK_INT(system(command), 0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_rule);
    TEST(test_what_does_not_fit_is_refused);
    TEST(test_what_is_dropped_is_whole_and_in_order);
    return harness_report();
}
