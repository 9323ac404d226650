// infer_test.c - questions of the Open Inference Protocol: read, refused with the place, answered.
#include "web/infer.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/predictor.h"
#include "model/testing/boosted.h"
#include "tests/harness.h"

// ---- a model that shows what it was given

enum { COLUMNS = 3 };
static const char *const columns[COLUMNS] = {"power mean 10min", "power std 10min", "heat \"x\""};

// 100 a + 10 b + c; a missing value counts as 7.
static void say_plain(const void *context, const float *row, double *wide, ls_infer_said *out) {
    const double factors[COLUMNS] = {100.0, 10.0, 1.0};
    double sum = 0.0;
    for (int c = 0; c < COLUMNS; c++) {
        wide[c] = isnan(row[c]) ? 7.0 : (double)row[c];
        sum += factors[c] * wide[c];
    }
    *out = (ls_infer_said){sum, sum - *(const double *)context, sum + *(const double *)context,
                           sum > 1000.0};
}

static double half_width = 0.5;

static ls_infer_model plain_model(void) {
    ls_infer_model model = {.name = "wear",
                            .version = 4,
                            .platform = "lineshaft_linear",
                            .columns = columns,
                            .column_count = COLUMNS,
                            .room = COLUMNS,
                            .tells_unusual = true,
                            .say = say_plain,
                            .context = &half_width};
    return model;
}

// The answer to a question, or the reason why there is none; static.
static const char *ask_with(ls_infer_model *model, const char *text, size_t size) {
    static char said[1 << 16];
    ls_infer_asked asked;
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    ls_status status = ls_infer_read(text, size, &asked, &err);
    status = status == LS_OK ? ls_infer_answer(model, &asked, &out, &err) : status;
    CHECK((status == LS_OK) == (out.size > 0));
    snprintf(said, sizeof said, "%s", status == LS_OK ? out.data : err.text);
    ls_buffer_clear(&out);
    ls_infer_asked_clear(&asked);
    return said;
}

static const char *ask(const char *text) {
    ls_infer_model model = plain_model();
    return ask_with(&model, text, strlen(text));
}

#define MATRIX(shape, type, data)                                                  \
    "{\"inputs\":[{\"name\":\"features\",\"shape\":" shape ",\"datatype\":\"" type \
    "\",\"data\":" data "}]}"

// ---- what is right

static void test_rows_come_flat_or_nested_in_any_order_of_keys(void) {
    static const char wanted[] =
        "{\"model_name\":\"wear\",\"model_version\":\"4\",\"outputs\":["
        "{\"name\":\"prediction\",\"shape\":[2],\"datatype\":\"FP64\",\"data\":[123,456.5]},"
        "{\"name\":\"low\",\"shape\":[2],\"datatype\":\"FP64\",\"data\":[122.5,456]},"
        "{\"name\":\"high\",\"shape\":[2],\"datatype\":\"FP64\",\"data\":[123.5,457]},"
        "{\"name\":\"unusual\",\"shape\":[2],\"datatype\":\"BOOL\",\"data\":[false,false]}]}\n";
    CHECK_STR(ask(MATRIX("[2,3]", "FP32", "[1,2,3,4,5,6.5]")), wanted);
    CHECK_STR(ask(MATRIX("[2,3]", "FP64", "[[1,2,3],[4,5,6.5]]")), wanted);
    CHECK_STR(ask(" {\"outputs\":[],\"inputs\" : [ {\"data\":[[1,2,3],\n[4,5,65e-1]], "
                  "\"datatype\":\"FP16\",\"shape\":[2,3],\"name\":\"features\"} ] } \n"),
              wanted);
}

static void test_one_row_needs_no_dimension_for_rows(void) {
    CHECK_CONTAINS(ask(MATRIX("[3]", "INT8", "[1,2,3]")),
                   "\"shape\":[1],\"datatype\":\"FP64\",\"data\":[123]");
}

static void test_a_tensor_for_each_feature_will_do_and_those_left_out_are_missing(void) {
    CHECK_CONTAINS(
        ask("{\"inputs\":[{\"name\":\"heat \\\"x\\\"\",\"shape\":[2,1],\"datatype\":\"UINT8\","
            "\"data\":[[1],[2]]},{\"name\":\"power mean "
            "10min\",\"shape\":[2],\"datatype\":\"BOOL\","
            "\"data\":[true,null]}],\"outputs\":[{\"name\":\"prediction\"}]}"),
        "\"data\":[171,772]}]}");
}

static void test_null_and_nan_are_missing(void) {
    CHECK_CONTAINS(ask(MATRIX("[3]", "FP32", "[null,NaN,0.25]")), "\"data\":[770.25]");
}

static void test_outputs_are_chosen_by_name_in_the_order_asked(void) {
    CHECK_STR(ask("{\"outputs\":[{\"name\":\"unusual\",\"parameters\":{\"binary_data\":false}},"
                  "{\"name\":\"high\"}],\"inputs\":[{\"name\":\"features\",\"shape\":[1,3],"
                  "\"datatype\":\"INT64\",\"data\":[10,1,1]}]}"),
              "{\"model_name\":\"wear\",\"model_version\":\"4\",\"outputs\":["
              "{\"name\":\"unusual\",\"shape\":[1],\"datatype\":\"BOOL\",\"data\":[true]},"
              "{\"name\":\"high\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[1011.5]}]}\n");
}

static void test_id_and_parameters_come_back(void) {
    CHECK_CONTAINS(
        ask("{\"id\":\"\\ud55c\\u00e9\\n\\\"\\ud83d\\ude00\",\"parameters\":{\"a\": [1]},"
            "\"inputs\":[]}"),
        "parameters: a parameter is a text, a number, true or false");
    const char *said = ask(
        "{\"id\":\"\\ud55c\\u00e9\\n\\\"\\ud83d\\ude00\",\"parameters\" : {\"a\": 1, "
        "\"b\":\"x\" , \"c\":true},\"inputs\":[{\"name\":\"features\",\"shape\":[3],"
        "\"datatype\":\"FP32\",\"data\":[0,0,0]}]}");
    CHECK_CONTAINS(said, "\"id\":\"한é\\u000a\\\"😀\"");
    CHECK_CONTAINS(said, "\"parameters\":{\"a\": 1, \"b\":\"x\" , \"c\":true}");
    json_t *object = json_loads(said, 0, NULL);
    CHECK_STR(json_string_value(json_object_get(object, "id")), "한é\n\"😀");
    json_decref(object);
}

static void test_where_there_is_no_interval_it_is_null(void) {
    const double before = half_width;
    half_width = (double)INFINITY;
    const char *said = ask(MATRIX("[3]", "FP32", "[1,1,1]"));
    half_width = before;
    CHECK_CONTAINS(said, "\"low\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[null]");
    CHECK_CONTAINS(said, "\"high\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[null]");
}

static void test_a_model_that_cannot_tell_has_no_such_output(void) {
    ls_infer_model model = plain_model();
    ls_buffer out;
    model.tells_unusual = false;
    static const char text[] = MATRIX("[3]", "FP32", "[1,1,1]");
    CHECK(strstr(ask_with(&model, text, sizeof text - 1), "unusual") == NULL);
    static const char wants[] =
        "{\"inputs\":[{\"name\":\"features\",\"shape\":[3],\"datatype\":\"FP32\",\"data\":[1,1,1]}]"
        ","
        "\"outputs\":[{\"name\":\"unusual\"}]}";
    CHECK_STR(ask_with(&model, wants, sizeof wants - 1),
              "outputs[0].name: there is no 'unusual', but prediction, low, high");
    ls_buffer_init(&out);
    ls_infer_describe(&model, (const uint32_t[]){1, 4}, 2, &out);
    CHECK_STR(out.data,
              "{\"name\":\"wear\",\"versions\":[\"1\",\"4\"],\"platform\":\"lineshaft_linear\","
              "\"inputs\":[{\"name\":\"features\",\"datatype\":\"FP32\",\"shape\":[-1,3],"
              "\"parameters\":{\"columns\":[\"power mean 10min\",\"power std 10min\","
              "\"heat \\\"x\\\"\"]}}],\"outputs\":["
              "{\"name\":\"prediction\",\"datatype\":\"FP64\",\"shape\":[-1]},"
              "{\"name\":\"low\",\"datatype\":\"FP64\",\"shape\":[-1]},"
              "{\"name\":\"high\",\"datatype\":\"FP64\",\"shape\":[-1]}]}\n");
    ls_buffer_clear(&out);
}

static void tell_classes(const void *context, const float *row, double *wide, double *out) {
    (void)context;
    wide[0] = (double)row[0];
    out[0] = wide[0] / 4.0;
    out[1] = 0.0625;
    out[2] = 1.0 - out[0] - out[1];
}

static void test_a_model_of_classes_tells_their_probabilities(void) {
    static const char *const names[] = {"good", "scrap", "rework"};
    ls_infer_model model = plain_model();
    ls_buffer out;
    model.class_count = 3;
    model.classes = names;
    model.tell = tell_classes;
    static const char text[] =
        "{\"inputs\":[{\"name\":\"features\",\"shape\":[2,3],\"datatype\":\"FP32\",\"data\":"
        "[1,0,0,2,0,0]}],\"outputs\":[{\"name\":\"probabilities\"}]}";
    CHECK_CONTAINS(ask_with(&model, text, sizeof text - 1),
                   "{\"name\":\"probabilities\",\"shape\":[2,3],\"datatype\":\"FP64\",\"data\":"
                   "[0.25,0.0625,0.6875,0.5,0.0625,0.4375]}");
    ls_buffer_init(&out);
    ls_infer_describe(&model, (const uint32_t[]){1}, 1, &out);
    CHECK_CONTAINS(out.data,
                   "{\"name\":\"probabilities\",\"datatype\":\"FP64\",\"shape\":[-1,3],"
                   "\"parameters\":{\"classes\":[\"good\",\"scrap\",\"rework\"]}}");
    ls_buffer_clear(&out);
}

static void test_a_monitor_is_not_asked_for_single_rows(void) {
    ls_infer_model model = plain_model();
    ls_buffer out;
    model.say = NULL;
    static const char text[] = MATRIX("[3]", "FP32", "[1,1,1]");
    CHECK_CONTAINS(ask_with(&model, text, sizeof text - 1), "model 'wear' is a monitor");
    ls_buffer_init(&out);
    ls_infer_describe(&model, (const uint32_t[]){1}, 1, &out);
    CHECK_CONTAINS(out.data, "\"outputs\":[]");
    ls_buffer_clear(&out);
}

// ---- what is wrong

static void test_what_does_not_fit_is_refused_with_its_place(void) {
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "the body ends where a '{' should stand"},
        {"[]", "a '{' is missing at byte 1"},
        {"{}", "there are no 'inputs'"},
        {"{\"inputs\":[]}", "there are no 'inputs'"},
        {"{\"input\":[]}", "the unknown key 'input'; is 'inputs' meant?"},
        {"{\"inputs\":[{}]}", "inputs[0]: 'name' is missing"},
        {"{\"inputs\":[{\"name\":\"features\",\"shape\":[3],\"datatype\":\"FP32\","
         "\"parameters\":{\"binary_data_size\":12}}]}",
         "inputs[0]: 'data' is missing; tensors behind the JSON are not taken"},
        {MATRIX("[3]", "FP32", "[1,2]"), "inputs[0].shape: wants 3 elements, data has 2"},
        {MATRIX("[4294967296,4294967296,4294967296]", "FP32", "[1,2]"),
         "inputs[0].shape: wants more elements than there can be; data has 2"},
        {MATRIX("[0,3]", "FP32", "[]"), "inputs[0].shape: there are no rows"},
        {MATRIX("[1,-3]", "FP32", "[]"),
         "inputs[0].shape: dimension 1 must be a whole number from 0 to 4294967296"},
        {MATRIX("[1.5]", "FP32", "[1]"),
         "inputs[0].shape: dimension 0 must be a whole number from 0 to 4294967296"},
        {MATRIX("[]", "FP32", "[1]"), "inputs[0].shape: has no dimension"},
        {MATRIX("[1,1,1,1,1,1,1,1,1]", "FP32", "[1]"),
         "inputs[0].shape: has more than 8 dimensions"},
        {MATRIX("[2,3]", "FP32", "[[1,2],[3,4],[5,6]]"),
         "inputs[0].shape: dimension 0 is 2, that of data 3"},
        {MATRIX("[2,3]", "FP32", "[[[1,2,3],[4,5,6]]]"),
         "inputs[0].shape: has 2 dimensions, data nests 3 deep; it may also be flat"},
        {MATRIX("[2,3]", "FP32", "[[1,2,3],[4,5]]"),
         "inputs[0].data: lists of 3 and of 2 elements at one depth"},
        {MATRIX("[2,3]", "FP32", "[[1,2,3],4,5,6]"),
         "inputs[0].data: lists and values stand side by side at byte 79"},
        {MATRIX("[2,2]", "FP32", "[1,2,3,4]"),
         "inputs[0].shape: 'features' is [rows, 3], in the order of the model's columns"},
        {MATRIX("[1,1,3]", "FP32", "[1,2,3]"),
         "inputs[0].shape: 'features' is [rows, 3], in the order of the model's columns"},
        {MATRIX("[3]", "FP32", "[1,\"2\",3]"),
         "inputs[0].data: a text at byte 71 where a value should stand"},
        {MATRIX("[3]", "FP32", "[1,Infinity,3]"),
         "inputs[0].data: an infinite value at byte 71; null is a missing one"},
        {MATRIX("[3]", "FP32", "[1,-Infinity,3]"),
         "inputs[0].data: an infinite value at byte 71; null is a missing one"},
        {MATRIX("[3]", "FP64", "[1,1e999,3]"),
         "inputs[0].data: the number at byte 71 is larger than a FP64 can be"},
        {MATRIX("[3]", "FP32", "[1,1e39,3]"), "inputs[0].data: element 1, 1e+39, is no FP32"},
        {MATRIX("[3]", "FP64", "[1,-1e39,3]"),
         "feature 'power std 10min' of row 0, -1e+39, is larger than FP32, which features are"},
        {MATRIX("[3]", "INT8", "[1,128,3]"), "inputs[0].data: element 1, 128, is no INT8"},
        {MATRIX("[3]", "UINT32", "[1,-1,3]"), "inputs[0].data: element 1, -1, is no UINT32"},
        {MATRIX("[3]", "INT32", "[1,1.5,3]"), "inputs[0].data: element 1, 1.5, is no INT32"},
        {MATRIX("[3]", "INT32", "[1,true,3]"), "inputs[0].data: true and false are no INT32"},
        {MATRIX("[3]", "BOOL", "[1,true,null]"),
         "inputs[0].data: elements of BOOL are true, false or null"},
        {MATRIX("[3]", "BYTES", "[1,2,3]"),
         "inputs[0].datatype: BYTES is not taken: a feature is a number, not a text"},
        {MATRIX("[3]", "fp32", "[1,2,3]"),
         "inputs[0].datatype: 'fp32' is none of BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, "
         "FP64"},
        {MATRIX("[3]", "FP32", "[01,2,3]"), "inputs[0].data: a ']' is missing at byte 70"},
        {MATRIX("[3]", "FP32", "[1.,2,3]"), "inputs[0].data: there is no number at byte 69"},
        {MATRIX("[3]", "FP32", "[+1,2,3]"), "inputs[0].data: no element at byte 69"},
        {MATRIX("[3]", "FP32", "[1,2,3]") "x", "something follows the object, at byte 78"},
        {"{\"inputs\":[{\"name\":\"features\",\"name\":\"b\"}]}",
         "inputs[0].name: stands there twice"},
        {"{\"id\":\"\\ud800\"}", "id: half a letter at byte 13"},
        {"{\"id\":\"\\u0000\"}", "id: a letter that cannot be in a text, at byte 13"},
        {"{\"id\":\"\xff\"}", "id: a text is no UTF-8"},
        {"{\"id\":\"\\x\"}", "id: there is no such escape, at byte 9"},
        {"{\"id\":7}", "id: a text in double quotes is wanted at byte 7"},
        {"{\"inputs\":[{\"name\":\"power men "
         "10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}",
         "inputs[0].name: model 'wear' has no feature 'power men 10min'; is 'power mean 10min' "
         "meant?"},
        {"{\"inputs\":[{\"name\":\"power std "
         "10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]},"
         "{\"name\":\"power std 10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}",
         "inputs[1].name: 'power std 10min' stands there twice"},
        {"{\"inputs\":[{\"name\":\"power std 10min\",\"shape\":[1,2],\"datatype\":\"FP32\","
         "\"data\":[1,2]}]}",
         "inputs[0].shape: one feature is [rows] or [rows, 1]"},
        {"{\"inputs\":[{\"name\":\"power std "
         "10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]},"
         "{\"name\":\"power mean 10min\",\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,2]}]}",
         "inputs[1].shape: 2 rows, inputs[0] has 1"},
        {"{\"inputs\":[{\"name\":\"features\",\"shape\":[3],\"datatype\":\"FP32\",\"data\":[1,2,3]}"
         ","
         "{\"name\":\"power mean 10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}",
         "inputs: 'features' holds all features of a row, nothing stands beside it"},
        {"{\"outputs\":[{\"name\":\"score\"}],\"inputs\":[{\"name\":\"features\",\"shape\":[3],"
         "\"datatype\":\"FP32\",\"data\":[1,2,3]}]}",
         "outputs[0].name: there is no 'score', but prediction, low, high, unusual"},
        {"{\"outputs\":[{\"name\":\"low\"},{\"name\":\"low\"}],\"inputs\":[{\"name\":\"features\","
         "\"shape\":[3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}",
         "outputs[1].name: 'low' stands there twice"},
        {"{\"outputs\":[{}],\"inputs\":[]}", "outputs[0]: 'name' is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        harness_note("%s", cases[i].text);
        CHECK_STR(ask(cases[i].text), cases[i].why);
    }
}

static void test_what_is_too_large_names_the_limit(void) {
    ls_infer_model model = plain_model();
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text,
                   "{\"inputs\":[{\"name\":\"features\",\"shape\":[20000,3],\"datatype\":"
                   "\"FP32\",\"data\":[0");
    for (int i = 1; i < 60000; i++) {
        ls_buffer_text(&text, ",0");
    }
    ls_buffer_text(&text, "]}]}");
    CHECK_STR(ask_with(&model, text.data, text.size),
              "inputs[0].shape: at most 16384 rows at once");
    ls_buffer_clear(&text);
    ls_buffer_init(&text);
    for (int i = 0; i < LS_INFER_BODY_MOST + 1; i++) {
        ls_buffer_append(&text, " ", 1);
    }
    CHECK_STR(ask_with(&model, text.data, text.size), "the body has more than 1048576 bytes");
    ls_buffer_clear(&text);
    ls_buffer_init(&text);
    ls_buffer_text(&text, "{\"inputs\":[{\"data\":");
    for (int i = 0; i < 100000; i++) {
        ls_buffer_text(&text, "[");
    }
    CHECK_STR(ask_with(&model, text.data, text.size), "inputs[0].data: data nests deeper than 8");
    ls_buffer_clear(&text);
    ls_buffer_init(&text);
    ls_buffer_text(&text, "{\"id\":\"");
    for (int i = 0; i <= LS_INFER_TEXT_MOST; i++) {
        ls_buffer_text(&text, "i");
    }
    CHECK_STR(ask_with(&model, text.data, text.size), "id: a text has more than 511 bytes");
    ls_buffer_clear(&text);
}

// Every beginning of a right question is refused, with a reason, and nothing of it is left.
static void test_every_beginning_is_refused(void) {
    static const char text[] =
        "{\"id\":\"\\u00e9\",\"parameters\":{\"a\":1},\"inputs\":[{\"name\":\"features\",\"shape\":"
        "[1,3],"
        "\"datatype\":\"FP32\",\"data\":[[1.5e0,null,NaN]]}],\"outputs\":[{\"name\":\"low\"}]}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        ls_infer_asked asked;
        ls_error err = {0};
        harness_note("the first %zu bytes", size);
        CHECK_INT(ls_infer_read(text, size, &asked, &err), LS_ERR_INVALID);
        CHECK(err.text[0] != '\0');
        ls_infer_asked_clear(&asked);
    }
}

static void test_every_allocation_may_fail(void) {
    static const char text[] =
        "{\"inputs\":[{\"name\":\"power std "
        "10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]},"
        "{\"name\":\"power mean 10min\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
    ls_infer_model model = plain_model();
    bool done = false;
    int count = 0;
    for (; !done && count < 100; count++) {
        ls_infer_asked asked;
        ls_buffer out;
        ls_error err = {0};
        ls_buffer_init(&out);
        ls_alloc_fail_after(count);
        ls_status status = ls_infer_read(text, sizeof text - 1, &asked, &err);
        status = status == LS_OK ? ls_infer_answer(&model, &asked, &out, &err) : status;
        ls_alloc_fail_after(-1);
        done = status == LS_OK && !out.failed;
        CHECK(done || status == LS_ERR_MEMORY || out.failed);
        ls_buffer_clear(&out);
        ls_infer_asked_clear(&asked);
    }
    CHECK(done && count > 5);
}

// ---- against our own walker

static void say_trees(const void *context, const float *row, double *wide, ls_infer_said *out) {
    *out = (ls_infer_said){ls_predictor_predict(context, row, wide), NAN, NAN, false};
}

// Rows go as text and come back as text: what is read from the answer equals the walker to the bit.
static void test_predictions_equal_the_walker_to_the_bit(void) {
    enum { FEATURES = 12, ROWS = 500 };
    static float values[FEATURES * ROWS];
    boosted_random random = {.state = 77};
    const boosted_shape shape = {.objective = "reg:squarederror",
                                 .features = FEATURES,
                                 .trees = 40,
                                 .splits_max = 30,
                                 .base_score = "5E-1"};
    static const char *const names[FEATURES] = {"f0", "f1", "f2", "f3", "f4",  "f5",
                                                "f6", "f7", "f8", "f9", "f10", "f11"};
    ls_buffer text, question, answer;
    ls_predictor predictor;
    ls_infer_asked asked;
    ls_error err = {0};
    ls_buffer_init(&text);
    ls_buffer_init(&question);
    ls_buffer_init(&answer);
    boosted_write(&random, &shape, &text);
    CHECK_INT(
        ls_predictor_load(text.data, text.size, "model.json", names, FEATURES, &predictor, &err),
        LS_OK);
    ls_infer_model model = {.name = "m",
                            .version = 1,
                            .platform = "lineshaft_trees",
                            .columns = names,
                            .column_count = FEATURES,
                            .room = FEATURES,
                            .say = say_trees,
                            .context = &predictor};
    boosted_fill(&random, values, sizeof values / sizeof *values, 0.2);
    ls_buffer_printf(
        &question,
        "{\"inputs\":[{\"name\":\"features\",\"datatype\":\"FP32\",\"shape\":[%d,%d],\"data\":[",
        ROWS, FEATURES);
    for (int i = 0; i < ROWS * FEATURES; i++) {
        ls_buffer_text(&question, i > 0 ? "," : "");
        if (isnan(values[i])) {
            ls_buffer_text(&question, i % 2 == 0 ? "null" : "NaN");
        } else {
            ls_buffer_printf(&question, "%.9g", (double)values[i]);
        }
    }
    ls_buffer_text(&question, "]}]}");
    CHECK_INT(ls_infer_read(question.data, question.size, &asked, &err), LS_OK);
    CHECK_INT(ls_infer_answer(&model, &asked, &answer, &err), LS_OK);
    json_t *object = json_loadb(answer.data, answer.size, 0, NULL);
    const json_t *data = json_object_get(json_array_get(json_object_get(object, "outputs"), 0),
                                         "data");
    CHECK_INT(json_array_size(data), ROWS);
    int equal = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const double got = json_number_value(json_array_get(data, i));
        const double wanted = ls_predictor_predict(&predictor, values + i * FEATURES, NULL);
        equal += memcmp(&got, &wanted, sizeof got) == 0;
    }
    CHECK_INT(equal, ROWS);
    json_decref(object);
    ls_infer_asked_clear(&asked);
    ls_predictor_clear(&predictor);
    ls_buffer_clear(&answer);
    ls_buffer_clear(&question);
    ls_buffer_clear(&text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_rows_come_flat_or_nested_in_any_order_of_keys);
    TEST(test_one_row_needs_no_dimension_for_rows);
    TEST(test_a_tensor_for_each_feature_will_do_and_those_left_out_are_missing);
    TEST(test_null_and_nan_are_missing);
    TEST(test_outputs_are_chosen_by_name_in_the_order_asked);
    TEST(test_id_and_parameters_come_back);
    TEST(test_where_there_is_no_interval_it_is_null);
    TEST(test_a_model_that_cannot_tell_has_no_such_output);
    TEST(test_a_model_of_classes_tells_their_probabilities);
    TEST(test_a_monitor_is_not_asked_for_single_rows);
    TEST(test_what_does_not_fit_is_refused_with_its_place);
    TEST(test_what_is_too_large_names_the_limit);
    TEST(test_every_beginning_is_refused);
    TEST(test_every_allocation_may_fail);
    TEST(test_predictions_equal_the_walker_to_the_bit);
    return harness_report();
}
