// dataset_check_test.c - the answer among the features is found, and an honest one is not taken for
// it.
#include "model/dataset_check.h"

#include <math.h>
#include <string.h>

#include "tests/harness.h"

enum { ROWS = 200, COLUMNS = 8 };

static const char *const names[COLUMNS] = {"honest", "copy",  "other unit", "upside down",
                                           "empty",  "still", "shifted",    "coarse"};

static ls_dataset make(void) {
    ls_dataset d;
    ls_error err;
    static const char *const unit = "u";
    CHECK_INT(ls_dataset_init(&d, ROWS, COLUMNS, 1, &err), LS_OK);
    d.units[0] = unit;
    d.label_name = "wear";
    for (uint32_t c = 0; c < COLUMNS; c++) {
        d.columns[c] = names[c];
    }
    for (size_t i = 0; i < ROWS; i++) {
        const double y = 0.1 * (double)((i * 37) % 101);
        float *row = d.values + i * COLUMNS;
        d.time_us[i] = (int64_t)i;
        d.known_us[i] = (int64_t)i;
        d.label[i] = y;
        row[0] = (float)(y + 0.3 * (double)((i * 13) % 7));
        row[1] = (float)y;
        row[2] = i % 5 == 0 ? NAN : (float)(1.8 * y + 32.0);
        row[3] = (float)exp(-y);
        row[5] = 4.0F;
        row[6] = (float)((i * 7) % 10) + (i >= 160 ? 100.0F : 0.0F);
        row[7] = (float)floor(y);  // in the same order, but several labels each
    }
    return d;
}

static bool has(const ls_finding *found, size_t count, ls_finding_kind kind, uint32_t column) {
    for (size_t i = 0; i < count; i++) {
        if (found[i].kind == kind && found[i].column == column) {
            return true;
        }
    }
    return false;
}

static void test_each_column_is_told_for_what_it_is(void) {
    ls_dataset d = make();
    ls_finding found[LS_FINDINGS_MAX];
    ls_error err;
    size_t count = 0;
    char text[512];
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    CHECK_INT(count, 6);
    for (uint32_t c = 1; c <= 3; c++) {
        CHECK(has(found, count, LS_FINDING_LEAK, c));
    }
    CHECK(found[0].is_fatal && found[2].is_fatal && !found[3].is_fatal);
    CHECK(has(found, count, LS_FINDING_EMPTY, 4));
    CHECK(has(found, count, LS_FINDING_CONSTANT, 5));
    CHECK(has(found, count, LS_FINDING_SHIFTED, 6));
    ls_finding_print(&d, &found[0], text, sizeof text);
    CHECK_STR(text,
              "the label 'wear' can be read off the feature 'copy': it is the answer, or known "
              "only afterwards");
    ls_finding_print(&d, &found[3], text, sizeof text);
    CHECK_STR(text, "the feature 'empty' has no value in any row");
    ls_dataset_clear(&d);
}

static void test_labels_that_teach_nothing(void) {
    ls_dataset d = make();
    ls_finding found[LS_FINDINGS_MAX];
    ls_error err;
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        d.label[i] = 7.0;
    }
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    CHECK(count > 0 && found[0].kind == LS_FINDING_CONSTANT_LABEL && found[0].is_fatal);
    for (size_t i = 0; i < ROWS; i++) {
        d.label[i] = (double)NAN;
    }
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    CHECK(count > 0 && found[0].kind == LS_FINDING_NO_LABELS && found[0].is_fatal);
    ls_alloc_fail_after(0);
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    ls_dataset_clear(&d);
}

static void test_few_rows_accuse_nobody(void) {
    ls_dataset d = make();
    ls_finding found[LS_FINDINGS_MAX];
    ls_error err;
    size_t count = 0;
    d.row_count = LS_LEAK_ROWS_MIN - 1;
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    for (size_t i = 0; i < count; i++) {
        CHECK(!found[i].is_fatal);
    }
    d.row_count = ROWS;
    for (size_t i = 0; i < ROWS; i++) {  // two classes, told apart: a good feature
        d.label[i] = d.label[i] > 5.0 ? 1.0 : 0.0;
    }
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    for (size_t i = 0; i < count; i++) {
        CHECK(!found[i].is_fatal);
    }
    ls_dataset_clear(&d);
}

// Two classes that come and go.
static ls_dataset make_classes(void) {
    static const char *const columns[] = {"code", "reading", "noisy", "batch"};
    ls_dataset d;
    ls_error err;
    CHECK_INT(ls_dataset_init(&d, ROWS, 4, 1, &err), LS_OK);
    d.units[0] = "u";
    d.label_name = "state";
    for (uint32_t c = 0; c < 4; c++) {
        d.columns[c] = columns[c];
    }
    for (size_t i = 0; i < ROWS; i++) {
        const bool bad = (i * 37) % 101 > 60;
        float *row = d.values + i * 4;
        d.time_us[i] = (int64_t)i;
        d.known_us[i] = (int64_t)i;
        d.label[i] = bad ? 1.0 : 0.0;
        row[0] = bad ? 3.0F : 7.0F;                             // the class under another name
        row[1] = (float)((i * 13) % 7) + (bad ? 10.0F : 0.0F);  // a threshold tells it
        row[2] = (float)((i * 13) % 7) + (bad ? 3.0F : 0.0F);
        row[3] = (float)(i / 50);
    }
    return d;
}

static void test_a_class_under_another_name_is_a_leak(void) {
    ls_dataset d = make_classes();
    ls_finding found[LS_FINDINGS_MAX];
    ls_error err;
    size_t count = 0;
    char text[512];
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    CHECK_INT(count, 2);
    CHECK(has(found, count, LS_FINDING_LEAK, 0));
    CHECK(found[0].is_fatal);
    CHECK(has(found, count, LS_FINDING_TELLS, 1));
    CHECK(!found[1].is_fatal);  // it may be honest
    ls_finding_print(&d, &found[0], text, sizeof text);
    CHECK_CONTAINS(text, "the label 'state' can be read off the feature 'code'");
    ls_finding_print(&d, &found[1], text, sizeof text);
    CHECK_CONTAINS(text, "can be told by the feature 'reading' alone");
    // What was changed once, as the label was, says nothing.
    for (size_t i = 0; i < ROWS; i++) {
        d.label[i] = i < 100 ? 0.0 : 1.0;
        d.values[i * 4] = i < 100 ? 7.0F : 3.0F;
    }
    CHECK_INT(ls_dataset_check(&d, found, &count, &err), LS_OK);
    CHECK(!has(found, count, LS_FINDING_LEAK, 0));
    ls_dataset_clear(&d);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_column_is_told_for_what_it_is);
    TEST(test_labels_that_teach_nothing);
    TEST(test_few_rows_accuse_nobody);
    TEST(test_a_class_under_another_name_is_a_leak);
    return harness_report();
}
