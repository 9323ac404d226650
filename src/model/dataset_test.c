// dataset_test.c - datasets: files and back, whatever is wrong with one, splits without leaks.
#include "model/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/harness.h"

enum { ROWS = 60, UNITS = 6 };

// Two columns, one row each 10 s, unit i % UNITS; labels become known 25 s later, the last three
// never.
static ls_dataset make(void) {
    static const char *const units[UNITS] = {"m1", "m2", "m3", "m4", "m5", "m6"};
    ls_dataset d;
    ls_error err;
    CHECK_INT(ls_dataset_init(&d, ROWS, 2, UNITS, &err), LS_OK);
    d.columns[0] = "temperature";
    d.columns[1] = "진동";
    d.label_name = "wear";
    for (int i = 0; i < UNITS; i++) {
        d.units[i] = units[i];
    }
    for (size_t i = 0; i < ROWS; i++) {
        d.values[2 * i] = (float)i * 0.5F;
        d.values[2 * i + 1] = i % 7 == 0 ? NAN : (float)(i % 5);
        d.time_us[i] = (int64_t)i * 10000000;
        d.unit[i] = (uint32_t)(i % UNITS);
        if (i + 3 < ROWS) {
            d.label[i] = (double)(i % 3);
            d.known_us[i] = d.time_us[i] + 25000000;
        }
    }
    return d;
}

static void test_sha256_is_that_of_the_standard(void) {
    const struct {
        const char *text, *sum;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t sum[LS_SHA256_SIZE], again[LS_SHA256_SIZE];
    char text[LS_SHA256_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ls_sha256_of(cases[i].text, strlen(cases[i].text), sum);
        ls_sha256_text(sum, text);
        CHECK_STR(text, cases[i].sum);
    }
    // A million times 'a', in pieces of every size.
    char a[200];
    ls_sha256 sha;
    size_t left = 1000000, take = 1;
    memset(a, 'a', sizeof a);
    ls_sha256_init(&sha);
    while (left > 0) {
        const size_t now = take < left ? take : left;
        ls_sha256_add(&sha, a, now);
        left -= now;
        take = take % sizeof a + 1;
    }
    ls_sha256_end(&sha, again);
    ls_sha256_text(again, text);
    CHECK_STR(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_a_file_gives_the_same_dataset_and_the_same_bytes(void) {
    ls_dataset d = make(), back;
    ls_error err = {0};
    ls_arena arena;
    ls_arena_init(&arena);
    char path[] = "/tmp/ls-dataset-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    CHECK_INT(ls_dataset_write(&d, path, &err), LS_OK);
    CHECK_INT(ls_dataset_read(path, &back, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(back.row_count, ROWS);
    CHECK_STR(back.columns[1], "진동");
    CHECK_STR(back.units[5], "m6");
    CHECK_STR(back.label_name, "wear");
    CHECK_INT(ls_dataset_column(&back, "진동"), 1);
    CHECK_INT(ls_dataset_column(&back, "nothing"), UINT32_MAX);
    CHECK_BYTES(back.values, d.values, sizeof(float) * ROWS * 2);
    CHECK_BYTES(back.known_us, d.known_us, sizeof(int64_t) * ROWS);
    unsigned char *bytes = NULL;
    size_t size = 0;
    uint8_t sum[LS_SHA256_SIZE];
    CHECK_INT(ls_dataset_pack(&back, &arena, &bytes, &size, &err), LS_OK);
    uint64_t file_size = 0;
    char *file = harness_read_file(path, &file_size);
    CHECK_INT(file_size, size);
    CHECK_BYTES(file, bytes, size);
    CHECK_INT(ls_dataset_hash(&d, sum, &err), LS_OK);
    CHECK_BYTES(sum, bytes + size - LS_SHA256_SIZE, LS_SHA256_SIZE);
    free(file);
    unlink(path);
    ls_dataset_clear(&back);
    ls_dataset_clear(&d);
    ls_arena_clear(&arena);
}

static void test_every_changed_or_missing_byte_is_refused(void) {
    ls_dataset d = make(), back;
    ls_error err;
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *bytes = NULL;
    size_t size = 0;
    CHECK_INT(ls_dataset_pack(&d, &arena, &bytes, &size, &err), LS_OK);
    for (size_t i = 0; i < size && !harness_has_failed(); i++) {
        bytes[i] ^= 0x10;
        CHECK(ls_dataset_unpack(bytes, size, "x", &back, &err) != LS_OK);
        bytes[i] ^= 0x10;
        CHECK(ls_dataset_unpack(bytes, i, "x", &back, &err) != LS_OK);
    }
    CHECK_INT(ls_dataset_unpack(bytes, size, "x", &back, &err), LS_OK);
    ls_dataset_clear(&back);
    ls_dataset_clear(&d);
    ls_arena_clear(&arena);
}

static void refused(ls_dataset *d, const char *why) {
    ls_error err = {0};
    ls_dataset back;
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *bytes = NULL;
    size_t size = 0;
    CHECK_INT(ls_dataset_pack(d, &arena, &bytes, &size, &err), LS_OK);
    CHECK_INT(ls_dataset_unpack(bytes, size, "data.lsd", &back, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, why);
    CHECK_STR(err.file, "data.lsd");
    ls_dataset_clear(d);
    ls_arena_clear(&arena);
}

static void test_what_a_row_cannot_say_is_named(void) {
    ls_dataset d = make();
    d.unit[7] = UNITS;
    refused(&d, "row 7: its unit");
    d = make();
    d.weight[8] = -1.0F;
    refused(&d, "row 8: its weight");
    d = make();
    d.label[9] = (double)INFINITY;
    refused(&d, "row 9: its label is infinite");
    d = make();
    d.known_us[10] = d.time_us[10] - 1;
    refused(&d, "row 10: its label was known before");
    d = make();
    d.known_us[11] = LS_KNOWN_NEVER;
    refused(&d, "row 11: a label and the moment");
    d = make();
    d.time_us[12] = 0;
    refused(&d, "row 12: rows stand in the order");
    d = make();
    d.values[2 * 13] = INFINITY;
    refused(&d, "row 13: column 'temperature' is infinite");
    d = make();
    d.columns[1] = "temperature";
    refused(&d, "'temperature' stands twice");
}

static void test_no_label_is_learnt_before_it_was_known(void) {
    ls_dataset d = make();
    ls_error err;
    uint8_t parts[ROWS];
    size_t counts[LS_PART_COUNT];
    ls_split_def def = ls_split_def_default();
    CHECK_INT(ls_dataset_split(&d, &def, parts, counts, &err), LS_OK);
    int64_t first = INT64_MAX, second = INT64_MAX;
    for (size_t i = ROWS; i-- > 0;) {
        first = parts[i] == LS_PART_CALIBRATE ? d.time_us[i] : first;
        second = parts[i] == LS_PART_TEST ? d.time_us[i] : second;
    }
    CHECK(first < second);
    for (size_t i = 0; i < ROWS; i++) {
        CHECK(parts[i] != LS_PART_TRAIN || d.known_us[i] <= first);
        CHECK(parts[i] != LS_PART_CALIBRATE || d.known_us[i] <= second);
        CHECK(!isnan(d.label[i]) || parts[i] == LS_PART_NONE);
    }
    // 57 labels: 34 before the first cut, two of them known only after it.
    CHECK_INT(counts[LS_PART_TRAIN], 32);
    CHECK_INT(counts[LS_PART_CALIBRATE], 9);
    CHECK_INT(counts[LS_PART_TEST], 12);
    CHECK_INT(counts[LS_PART_NONE], 7);
    ls_dataset_clear(&d);
}

static void test_a_gap_and_whole_units(void) {
    ls_dataset d = make();
    ls_error err;
    uint8_t parts[ROWS];
    size_t counts[LS_PART_COUNT];
    ls_split_def def = ls_split_def_default();
    def.gap_us = 60000000;
    CHECK_INT(ls_dataset_split(&d, &def, parts, counts, &err), LS_OK);
    CHECK_INT(counts[LS_PART_TRAIN], 28);  // six moments before the cut are out
    def.unit_is_whole = true;              // each unit has rows to the end
    CHECK_INT(ls_dataset_split(&d, &def, parts, counts, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no labelled rows are left for training: 57 of 60");
    ls_dataset_clear(&d);
}

static void test_no_unit_is_on_two_sides(void) {
    ls_dataset d = make(), part;
    ls_error err;
    uint8_t parts[ROWS], of_unit[UNITS];
    size_t counts[LS_PART_COUNT];
    ls_split_def def = ls_split_def_default();
    def.by = LS_SPLIT_UNIT;
    CHECK_INT(ls_dataset_split(&d, &def, parts, counts, &err), LS_OK);
    memset(of_unit, LS_PART_NONE, sizeof of_unit);
    for (size_t i = 0; i < ROWS; i++) {
        if (parts[i] != LS_PART_NONE) {
            CHECK(of_unit[d.unit[i]] == LS_PART_NONE || of_unit[d.unit[i]] == parts[i]);
            of_unit[d.unit[i]] = parts[i];
        }
    }
    CHECK_INT(of_unit[0], LS_PART_TRAIN);
    CHECK_INT(of_unit[UNITS - 1], LS_PART_TEST);
    CHECK_INT(ls_dataset_take_part(&d, parts, LS_PART_TEST, &part, &err), LS_OK);
    CHECK_INT(part.row_count, counts[LS_PART_TEST]);
    CHECK_INT(part.unit[0], UNITS - 1);
    CHECK_STR(part.columns[0], "temperature");
    ls_dataset_clear(&part);
    ls_dataset_clear(&d);
}

static void test_sizes_have_limits(void) {
    ls_dataset d;
    ls_error err;
    CHECK_INT(ls_dataset_init(&d, 1, LS_DATASET_COLUMNS_MAX + 1, 1, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "at most 4096 columns, not 4097");
    CHECK_INT(ls_dataset_init(&d, LS_DATASET_ROWS_MAX + 1, 1, 1, &err), LS_ERR_LIMIT);
    CHECK_INT(ls_dataset_init(&d, LS_DATASET_ROWS_MAX, 4096, 1, &err), LS_ERR_LIMIT);
    ls_dataset_clear(&d);
}

static void test_out_of_memory_and_full_disk_leave_nothing(void) {
    ls_dataset d = make(), back;
    ls_error err;
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *bytes = NULL;
    size_t size = 0;
    CHECK_INT(ls_dataset_pack(&d, &arena, &bytes, &size, &err), LS_OK);
    int64_t failed = 0;
    for (int64_t allowed = 0; allowed < 100; allowed++) {
        ls_alloc_fail_after(allowed);
        const ls_status status = ls_dataset_unpack(bytes, size, "x", &back, &err);
        ls_alloc_fail_after(-1);
        ls_dataset_clear(&back);
        failed += status == LS_ERR_MEMORY;
        CHECK(status == LS_ERR_MEMORY || status == LS_OK);
    }
    CHECK(failed >= 2 && failed < 100);
    char path[] = "/tmp/ls-dataset-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    for (int64_t allowed = 0; allowed < (int64_t)size; allowed += 97) {
        ls_file_fail_write_after(allowed);
        CHECK_INT(ls_dataset_write(&d, path, &err), LS_ERR_IO);
        ls_file_fail_write_after(-1);
        CHECK(access(path, F_OK) != 0);
    }
    ls_arena_clear(&arena);
    ls_dataset_clear(&d);
}

// Lives of two units: m1 ends at 200 s and at 500 s, m2 never does.
static void test_lives_that_had_not_ended_are_learned_from(void) {
    ls_dataset d, lives;
    ls_error err = {0};
    uint8_t parts[ROWS];
    CHECK_INT(ls_dataset_init(&d, ROWS, 1, 2, &err), LS_OK);
    d.columns[0] = "x";
    d.label_name = "failure";
    d.units[0] = "m1";
    d.units[1] = "m2";
    for (size_t i = 0; i < ROWS; i++) {  // both each 20 s
        const int64_t at_s = (int64_t)(i / 2) * 20;
        d.time_us[i] = at_s * 1000000;
        d.unit[i] = i % 2;
        if (i % 2 == 0 && at_s < 500) {
            const int64_t end_s = at_s < 200 ? 200 : 500;
            d.label[i] = (double)(end_s - at_s);
            d.known_us[i] = end_s * 1000000;
        }
        parts[i] = LS_PART_NONE;
    }
    // At 300 s: of m1 the first life is known, of the second 300 - t; m2 has lived so far.
    const ls_censor_def def = {.at_us = 300000000, .delay_us = 10000000, .most = 250.0};
    CHECK_INT(ls_dataset_take_lives(&d, parts, &def, &lives, &err), LS_OK);
    CHECK_INT(lives.row_count, 30);  // 15 moments of both
    for (size_t i = 0; i < lives.row_count; i++) {
        const double at_s = (double)lives.time_us[i] * 1e-6;
        const bool ended = lives.unit[i] == 0 && at_s < 200.0;
        const double life = ended ? 200.0 - at_s : 290.0 - at_s;
        CHECK_NEAR(lives.label[i], fmin(life, 250.0), 1e-9);
        CHECK(ended ? lives.latest[i] == lives.label[i] : isinf(lives.latest[i]));
        CHECK(lives.known_us[i] <= def.at_us);
    }
    // Its file has the bounds; what contradicts them is refused.
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *bytes = NULL;
    size_t size = 0;
    ls_dataset again;
    CHECK_INT(ls_dataset_pack(&lives, &arena, &bytes, &size, &err), LS_OK);
    CHECK_INT(ls_dataset_unpack(bytes, size, "again", &again, &err), LS_OK);
    CHECK(again.latest != NULL);
    CHECK_BYTES(again.latest, lives.latest, lives.row_count * sizeof(double));
    ls_dataset_clear(&again);
    lives.latest[3] = lives.label[3] - 1.0;
    CHECK_INT(ls_dataset_pack(&lives, &arena, &bytes, &size, &err), LS_OK);
    CHECK_INT(ls_dataset_unpack(bytes, size, "again", &again, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "row 3: the latest that its label may be is before the label");
    ls_arena_clear(&arena);
    ls_dataset_clear(&lives);
    // By units: m1 is tested with, so m2 alone is learned from, whole.
    for (size_t i = 0; i < ROWS; i += 2) {
        parts[i] = LS_PART_TEST;
    }
    const ls_censor_def by_unit = {.at_us = 1000000000, .by_unit = true};
    CHECK_INT(ls_dataset_take_lives(&d, parts, &by_unit, &lives, &err), LS_OK);
    CHECK_INT(lives.row_count, ROWS / 2);
    CHECK_NEAR(lives.label[0], 1000.0, 1e-9);
    ls_dataset_clear(&lives);
    ls_dataset_clear(&d);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_sha256_is_that_of_the_standard);
    TEST(test_a_file_gives_the_same_dataset_and_the_same_bytes);
    TEST(test_every_changed_or_missing_byte_is_refused);
    TEST(test_what_a_row_cannot_say_is_named);
    TEST(test_no_label_is_learnt_before_it_was_known);
    TEST(test_a_gap_and_whole_units);
    TEST(test_no_unit_is_on_two_sides);
    TEST(test_sizes_have_limits);
    TEST(test_out_of_memory_and_full_disk_leave_nothing);
    TEST(test_lives_that_had_not_ended_are_learned_from);
    return harness_report();
}
