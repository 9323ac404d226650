// snapshot_test.c - a dataset holds what was known at each moment, and nothing later.
#include "model/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

#define MINUTE INT64_C(60000000)
#define BEGIN INT64_C(1767592800000000)  // 2026-01-05T06:00
#define MINUTES 240

static char folder[64];
static const char *units[] = {"grind-1", "grind-2"};
static const char *tag_names[] = {"cell/{unit}/power", "cell/{unit}/vibration"};

static ls_model_plan plan_of(ls_model_label_kind kind, const char *source) {
    return (ls_model_plan){.name = "wear",
                           .units = units,
                           .unit_count = 2,
                           .tags = tag_names,
                           .tag_count = 2,
                           .kinds = 0x7ff,
                           .windows_us = {10 * MINUTE},
                           .window_count = 1,
                           .every_us = MINUTE,
                           .horizon_us = 5 * MINUTE,
                           .label = {.kind = kind, .source = source, .delay_us = 2 * MINUTE}};
}

static double power_at(int unit, int minute) {
    return 10.0 * unit + minute * 0.25 + (minute % 7);
}

// A history of both units until `until` minutes; with `late`, a sample that came late.
static void open_history(int until, bool late, ls_history **history, ls_tags **tags) {
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    snprintf(folder, sizeof folder, "/tmp/ls-snapshot-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    def.store = folder;
    CHECK_INT(ls_tags_create(tags, &err), LS_OK);
    CHECK_INT(ls_history_open(&def, *tags, history, &err), LS_OK);
    for (int u = 0; u < 2; u++) {
        char name[64];
        uint32_t tag[3];
        const char *const parts[] = {"power", "vibration", "wear"};
        for (int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "cell/%s/%s", units[u], parts[i]);
            CHECK_INT(ls_tags_add(*tags, name, strlen(name), &tag[i], &err), LS_OK);
        }
        for (int minute = 0; minute < until; minute++) {
            ls_sample s = {.time_us = BEGIN + minute * MINUTE + 1000 * u,
                           .kind = LS_VALUE_REAL,
                           .quality = minute % 11 == 5 ? LS_QUALITY_BAD : LS_QUALITY_GOOD};
            for (uint32_t i = 0; i < 3; i++) {
                s.tag = tag[i];
                s.value.real = i == 2 ? (double)minute : power_at(u, minute) * (double)(i + 1);
                if (i < 2 || minute % 10 == 0) {
                    s.quality = i == 2 ? LS_QUALITY_GOOD : s.quality;
                    CHECK_INT(ls_history_append(*history, &s, 1, &err), LS_OK);
                }
            }
        }
        const ls_sample stale = {.time_us = BEGIN + 30 * MINUTE + 7,
                                 .tag = tag[0],
                                 .kind = LS_VALUE_REAL,
                                 .flags = LS_SAMPLE_HISTORICAL,
                                 .value.real = 1e6};
        if (late) {
            CHECK_INT(ls_history_append(*history, &stale, 1, &err), LS_OK);
        }
        for (int minute = 50; minute < until; minute += 70) {
            const ls_happened event = {.time_us = BEGIN + (minute + u) * MINUTE,
                                       .kind = "failure",
                                       .subject = units[u],
                                       .text = "",
                                       .json = ""};
            CHECK_INT(ls_history_event(*history, &event, &err), LS_OK);
        }
    }
}

static void close_history(ls_history *history, ls_tags *tags) {
    char command[128];
    ls_error err;
    CHECK_INT(ls_history_close(history, &err), LS_OK);
    ls_tags_destroy(tags);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

static ls_dataset make(int until, bool late, int rows_to, const ls_model_plan *plan,
                       const char *labels, ls_snapshot_notes *notes) {
    ls_history *history = NULL;
    ls_tags *tags = NULL;
    ls_error err = {0};
    ls_dataset out;
    open_history(until, late, &history, &tags);
    const ls_snapshot_def def = {.plan = plan,
                                 .from_us = BEGIN + 20 * MINUTE,
                                 .to_us = BEGIN + rows_to * MINUTE,
                                 .known_us = BEGIN + until * MINUTE,
                                 .labels = labels,
                                 .labels_size = labels != NULL ? strlen(labels) : 0,
                                 .labels_file = "labels.csv"};
    CHECK_INT(ls_snapshot_make(history, tags, &def, &out, notes, &err), LS_OK);
    CHECK_STR(err.text, "");
    close_history(history, tags);
    return out;
}

static void test_the_future_does_not_reach_a_row(void) {
    const ls_model_plan plan = plan_of(LS_LABEL_TAG, "cell/{unit}/wear");
    ls_snapshot_notes notes;
    // All rows up to minute 120, once from a history that ends there, once from one that goes on.
    ls_dataset then = make(120, false, 120, &plan, NULL, &notes);
    ls_dataset later = make(MINUTES, true, 120, &plan, NULL, &notes);
    CHECK_INT(notes.historical, 2);  // came late: nobody knew
    CHECK_INT(then.row_count, 200);
    CHECK_INT(later.row_count, 200);
    CHECK_INT(then.column_count, 22);
    CHECK_STR(then.columns[0], "cell/{unit}/power last");
    CHECK_BYTES(then.values, later.values, then.row_count * then.column_count * sizeof(float));
    for (size_t i = 0; i < then.row_count; i++) {
        const int64_t minute = (then.time_us[i] - BEGIN) / MINUTE;
        // Known at 5 + 2 minutes behind; what the later one knows more is nothing but that.
        CHECK_INT(!isnan(then.label[i]), minute + 7 <= 120);
        CHECK_INT(isnan(later.label[i]), 0);
        const int64_t shown = (minute + 5 - (then.unit[i] == 1 && (minute + 5) % 10 == 0)) / 10 *
                              10;
        CHECK_NEAR(later.label[i], (double)shown, 0.0);
        CHECK_INT(later.known_us[i], later.time_us[i] + 7 * MINUTE);
    }
    ls_dataset_clear(&then);
    ls_dataset_clear(&later);
}

// The wear is measured every ten minutes; what is older than three says nothing.
static void test_an_old_value_of_a_tag_is_no_label(void) {
    ls_model_plan plan = plan_of(LS_LABEL_TAG, "cell/{unit}/wear");
    ls_snapshot_notes notes;
    plan.label.stale_us = 3 * MINUTE;
    ls_dataset rows = make(MINUTES, true, 120, &plan, NULL, &notes);
    size_t labelled = 0;
    for (size_t i = 0; i < rows.row_count; i++) {
        const int64_t at_us = rows.time_us[i] + 5 * MINUTE - 1000 * rows.unit[i] - BEGIN;
        const int64_t age_us = at_us % (10 * MINUTE);
        CHECK_INT(!isnan(rows.label[i]), age_us <= 3 * MINUTE);
        if (!isnan(rows.label[i])) {
            CHECK_NEAR(rows.label[i], (double)(at_us / (10 * MINUTE) * 10), 0.0);
            labelled++;
        }
    }
    CHECK(labelled > 60 && labelled < 90);
    ls_dataset_clear(&rows);
}

// Rows of moments at which there is something to predict, as they are without the condition.
static void test_rows_at_rest_are_left_out(void) {
    ls_model_plan plan = plan_of(LS_LABEL_TAG, "cell/{unit}/wear");
    ls_snapshot_notes notes;
    ls_dataset all = make(MINUTES, false, 200, &plan, NULL, &notes);
    CHECK_INT(notes.resting, 0);
    plan.when = (ls_model_while){.is = true, .tag = 0, .above = 30.0, .below = 50.0};
    ls_dataset some = make(MINUTES, false, 200, &plan, NULL, &notes);
    size_t kept = 0, unknown = 0;
    for (size_t i = 0; i < all.row_count; i++) {
        const float last = ls_dataset_row(&all, i)[0];  // "cell/{unit}/power last"
        if (!isnan(last) && !(last > 30.0F && last < 50.0F)) {
            continue;
        }
        unknown += isnan(last) ? 1 : 0;
        CHECK(kept < some.row_count);
        if (kept == some.row_count) {
            break;
        }
        CHECK_INT(some.time_us[kept], all.time_us[i]);
        CHECK_INT(some.unit[kept], all.unit[i]);
        CHECK_NEAR(some.label[kept], all.label[i], 0.0);
        CHECK_BYTES(ls_dataset_row(&some, kept), ls_dataset_row(&all, i),
                    all.column_count * sizeof(float));
        kept++;
    }
    CHECK_INT(kept, some.row_count);
    CHECK(kept > 50 && unknown > 10);
    CHECK_INT(notes.resting, all.row_count - kept);
    CHECK_INT(notes.labelled, kept);
    ls_dataset_clear(&all);
    ls_dataset_clear(&some);
    // None of all is left.
    ls_history *history = NULL;
    ls_tags *tags = NULL;
    ls_error err = {0};
    const ls_snapshot_def def = {.plan = &plan,
                                 .from_us = BEGIN + 20 * MINUTE,
                                 .to_us = BEGIN + 25 * MINUTE,
                                 .known_us = INT64_MAX};
    plan.when.above = 1e6;
    plan.when.below = 1e7;
    open_history(60, false, &history, &tags);
    CHECK_INT(ls_snapshot_make(history, tags, &def, &some, NULL, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "there is nothing to predict, 'cell/{unit}/power' is outside");
    close_history(history, tags);
}

static void test_remaining_life_counts_to_the_next_event(void) {
    ls_model_plan plan = plan_of(LS_LABEL_EVENT, "failure");
    plan.what = LS_PREDICT_LIFE;
    plan.horizon_us = 0;
    ls_dataset d = make(MINUTES, false, MINUTES, &plan, NULL, NULL);
    for (size_t i = 0; i < d.row_count; i++) {
        const int64_t minute = (d.time_us[i] - BEGIN) / MINUTE;
        int64_t next = 50 + (int64_t)d.unit[i];
        while (next <= minute) {
            next += 70;
        }
        const bool is_known = next - (int64_t)d.unit[i] < MINUTES && next + 2 <= MINUTES;
        CHECK_INT(!isnan(d.label[i]), is_known);
        if (is_known) {
            CHECK_NEAR(d.label[i], (double)(next - minute) * 60.0, 0.0);
            CHECK_INT(d.known_us[i], BEGIN + (next + 2) * MINUTE);
        }
    }
    ls_dataset_clear(&d);
}

static void test_late_labels_of_a_file(void) {
    const ls_model_plan plan = plan_of(LS_LABEL_FILE, "labels.csv");
    ls_dataset d = make(MINUTES, false, MINUTES, &plan,
                        "time,unit,value,known\n"
                        "2026-01-05T07:00:00Z,grind-2,3.5,2026-01-05T08:00:00Z\n"
                        "2026-01-05T06:40:00Z,grind-1,1.5,\n"
                        "2026-01-05T08:00:00Z,grind-1,2.5,2026-01-05T23:00:00Z\n",
                        NULL);
    CHECK_INT(d.row_count, 3);
    CHECK_INT(d.time_us[0], BEGIN + 35 * MINUTE);
    CHECK(isnan(d.label[0]));  // no result yet
    CHECK_NEAR(d.label[1], 3.5, 0.0);
    CHECK_INT(d.unit[1], 1);
    CHECK_INT(d.known_us[1], BEGIN + 120 * MINUTE);
    CHECK(isnan(d.label[2]));  // came after all that is known
    ls_dataset_clear(&d);
}

static void refused(const ls_model_plan *plan, const char *labels, const char *why, int line) {
    ls_history *history = NULL;
    ls_tags *tags = NULL;
    ls_error err = {0};
    ls_dataset out;
    open_history(60, false, &history, &tags);
    const ls_snapshot_def def = {.plan = plan,
                                 .from_us = BEGIN,
                                 .to_us = BEGIN + 60 * MINUTE,
                                 .known_us = INT64_MAX - 1,
                                 .labels = labels,
                                 .labels_size = labels != NULL ? strlen(labels) : 0,
                                 .labels_file = "labels.csv"};
    CHECK_INT(ls_snapshot_make(history, tags, &def, &out, NULL, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, why);
    CHECK_INT(err.line, line);
    ls_dataset_clear(&out);
    close_history(history, tags);
}

static void test_what_is_wrong_is_named(void) {
    ls_model_plan plan = plan_of(LS_LABEL_TAG, "cell/{unit}/tear");
    refused(&plan, NULL, "the history knows no tag 'cell/grind-1/tear'", 0);
    plan = plan_of(LS_LABEL_FILE, "labels.csv");
    refused(&plan, "time,value\n", "has the columns 'time', 'value'", 1);
    refused(&plan, "time,unit,value\nnoon,grind-1,1\n", "'noon' is no moment", 2);
    refused(&plan, "time,unit,value\n2026-01-05T06:00,grind-9,1\n", "'grind-9' is no unit", 2);
    refused(&plan, "time,unit,value\n2026-01-05T06:00,grind-1,good\n", "'good' is no number", 2);
    refused(&plan, "time,unit,value\n", "there is no moment to learn from", 0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_future_does_not_reach_a_row);
    TEST(test_an_old_value_of_a_tag_is_no_label);
    TEST(test_rows_at_rest_are_left_out);
    TEST(test_remaining_life_counts_to_the_next_event);
    TEST(test_late_labels_of_a_file);
    TEST(test_what_is_wrong_is_named);
    return harness_report();
}
