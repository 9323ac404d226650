// infer.c - see infer.h.
#include "web/infer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/names.h"
#include "base/put.h"

static const char matrix[] = "features";

typedef enum output { PREDICTION, LOW, HIGH, UNUSUAL, PROBABILITIES, OUTPUTS } output;
static const char *const output_names[OUTPUTS] = {"prediction", "low", "high", "unusual",
                                                  "probabilities"};

static bool has_output(const ls_infer_model *model, output which) {
    return model->say != NULL && (which == UNUSUAL         ? model->tells_unusual
                                  : which == PROBABILITIES ? model->class_count > 0
                                                           : true);
}

// ---- rows

// Where a row's values come from: the matrix, or a tensor for each column.
typedef struct rows {
    const ls_infer_model *model;
    const ls_infer_asked *asked;
    const ls_infer_tensor **of;  // [column_count], NULL: not given; NULL: the matrix
    size_t count;
} rows;

static ls_status take_matrix(rows *r, ls_error *err) {
    const ls_infer_tensor *t = r->asked->inputs;
    const uint64_t columns = t->dims[t->rank - 1];
    if (r->asked->input_count > 1) {
        return ls_fail(err, LS_ERR_INVALID,
                       "inputs: '%s' holds all features of a row, nothing stands beside it",
                       matrix);
    }
    if (t->rank > 2 || columns != r->model->column_count) {
        return ls_fail(err, LS_ERR_INVALID,
                       "inputs[0].shape: '%s' is [rows, %u], in the order of the model's columns",
                       matrix, r->model->column_count);
    }
    r->count = t->rank == 2 ? (size_t)t->dims[0] : 1;
    return LS_OK;
}

static ls_status unknown_feature(const rows *r, uint32_t i, ls_error *err) {
    const char *name = r->asked->inputs[i].name;
    const char *near = ls_text_nearest(name, r->model->columns, r->model->column_count);
    ls_fail(err, LS_ERR_INVALID, "inputs[%u].name: model '%s' has no feature '%.150s'%s%.150s%s", i,
            r->model->name, name, near != NULL ? "; is '" : "", near != NULL ? near : "",
            near != NULL ? "' meant?" : "");
    ls_hint(err, "'%s' takes all of them at once; the model's metadata names them", matrix);
    return LS_ERR_INVALID;
}

static ls_status match_columns(rows *r, const ls_names *names, ls_error *err) {
    for (uint32_t i = 0; i < r->asked->input_count; i++) {
        const ls_infer_tensor *t = r->asked->inputs + i;
        const uint32_t column = ls_names_find(names, 0, t->name);
        if (column == UINT32_MAX) {
            return unknown_feature(r, i, err);
        }
        if (r->of[column] != NULL) {
            return ls_fail(err, LS_ERR_INVALID, "inputs[%u].name: '%.150s' stands there twice", i,
                           t->name);
        }
        if (t->rank > 2 || (t->rank == 2 && t->dims[1] != 1)) {
            return ls_fail(err, LS_ERR_INVALID,
                           "inputs[%u].shape: one feature is [rows] or [rows, 1]", i);
        }
        if (i > 0 && t->dims[0] != r->asked->inputs[0].dims[0]) {
            return ls_fail(err, LS_ERR_INVALID,
                           "inputs[%u].shape: %" PRIu64 " rows, inputs[0] has %" PRIu64, i,
                           t->dims[0], r->asked->inputs[0].dims[0]);
        }
        r->of[column] = t;
    }
    r->count = (size_t)r->asked->inputs[0].dims[0];
    return LS_OK;
}

static ls_status take_columns(rows *r, ls_error *err) {
    ls_names names;
    ls_names_init(&names);
    for (uint32_t i = 0; i < r->model->column_count; i++) {
        (void)ls_names_add(&names, 0, r->model->columns[i], i);
    }
    const ls_status status = names.failed
                                 ? ls_fail(err, LS_ERR_MEMORY, "out of memory for the columns")
                                 : match_columns(r, &names, err);
    ls_names_clear(&names);
    return status;
}

static ls_status take_rows(rows *r, ls_error *err) {
    ls_status status = LS_OK;
    if (strcmp(r->asked->inputs[0].name, matrix) == 0) {
        status = take_matrix(r, err);
    } else {
        r->of = ls_alloc(r->model->column_count * sizeof(const ls_infer_tensor *));
        status = r->of != NULL ? take_columns(r, err)
                               : ls_fail(err, LS_ERR_MEMORY, "out of memory for the columns");
    }
    if (status == LS_OK && r->count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "inputs[0].shape: there are no rows");
    }
    if (status == LS_OK && r->count > LS_INFER_ROWS_MOST) {
        return ls_fail(err, LS_ERR_LIMIT, "inputs[0].shape: at most %d rows at once",
                       LS_INFER_ROWS_MOST);
    }
    return status;
}

static ls_status fill_row(const rows *r, size_t row, float *out, ls_error *err) {
    const uint32_t columns = r->model->column_count;
    const double *values = r->asked->values;
    for (uint32_t c = 0; c < columns; c++) {
        const double value = r->of == NULL ? values[r->asked->inputs[0].first + row * columns + c]
                             : r->of[c] != NULL ? values[r->of[c]->first + row]
                                                : NAN;
        out[c] = (float)value;  // infinite where FP32 cannot hold it
        if (isinf(out[c])) {
            return ls_fail(err, LS_ERR_INVALID,
                           "feature '%.150s' of row %zu, %.9g, is larger than FP32, which features "
                           "are",
                           r->model->columns[c], row, value);
        }
    }
    return LS_OK;
}

// ---- outputs

static ls_status no_output(const ls_infer_model *model, const ls_infer_asked *asked, uint32_t i,
                           ls_error *err) {
    char all[96] = "";
    for (size_t k = 0; k < OUTPUTS; k++) {
        const size_t size = strlen(all);
        if (has_output(model, (output)k)) {
            ls_text_format(all + size, sizeof all - size, "%s%s", k > 0 ? ", " : "",
                           output_names[k]);
        }
    }
    return ls_fail(err, LS_ERR_INVALID, "outputs[%u].name: there is no '%.100s', but %s", i,
                   asked->outputs[i], all);
}

static ls_status choose(const ls_infer_model *model, const ls_infer_asked *asked, output *out,
                        size_t *out_count, ls_error *err) {
    bool taken[OUTPUTS] = {false};
    *out_count = 0;
    for (size_t k = 0; asked->output_count == 0 && k < OUTPUTS; k++) {
        if (has_output(model, (output)k)) {
            out[(*out_count)++] = (output)k;
        }
    }
    for (uint32_t i = 0; i < asked->output_count; i++) {
        size_t at = 0;
        while (at < OUTPUTS && (strcmp(output_names[at], asked->outputs[i]) != 0 ||
                                !has_output(model, (output)at))) {
            at++;
        }
        if (at == OUTPUTS) {
            return no_output(model, asked, i, err);
        }
        if (taken[at]) {
            return ls_fail(err, LS_ERR_INVALID, "outputs[%u].name: '%s' stands there twice", i,
                           output_names[at]);
        }
        taken[at] = true;
        out[(*out_count)++] = (output)at;
    }
    return LS_OK;
}

static void put_name(ls_buffer *out, const char *key, const char *text) {
    ls_buffer_printf(out, "\"%s\":", key);
    ls_put_json_text(out, text, strlen(text));
}

static void put_number(ls_buffer *out, double value) {
    if (isfinite(value)) {
        ls_put_json_number(out, value);
    } else {
        ls_buffer_text(out, "null");
    }
}

static void put_element(ls_buffer *out, output which, const ls_infer_said *said) {
    const bool bounded = isfinite(said->low) && isfinite(said->high);
    if (which == UNUSUAL) {
        ls_buffer_text(out, said->unusual ? "true" : "false");
    } else if (which == PREDICTION) {
        put_number(out, said->prediction);
    } else {
        put_number(out, !bounded ? (double)NAN : which == LOW ? said->low : said->high);
    }
}

// All that was said of the rows.
typedef struct answers {
    ls_infer_said *said;
    double *told;  // [count][class_count]; NULL: not asked for
    size_t count;
    output outputs[OUTPUTS];
    size_t output_count;
} answers;

static void put_output(const ls_infer_model *model, const answers *a, output which,
                       ls_buffer *out) {
    ls_buffer_printf(out, "{\"name\":\"%s\",\"shape\":[%zu", output_names[which], a->count);
    if (which == PROBABILITIES) {
        ls_buffer_printf(out, ",%u", model->class_count);
    }
    ls_buffer_printf(out, "],\"datatype\":\"%s\",\"data\":[", which == UNUSUAL ? "BOOL" : "FP64");
    for (size_t i = 0; which != PROBABILITIES && i < a->count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        put_element(out, which, a->said + i);
    }
    for (size_t i = 0; which == PROBABILITIES && i < a->count * model->class_count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        put_number(out, a->told[i]);
    }
    ls_buffer_text(out, "]}");
}

static void put_answer(const ls_infer_model *model, const ls_infer_asked *asked, const answers *a,
                       ls_buffer *out) {
    ls_buffer_text(out, "{");
    put_name(out, "model_name", model->name);
    ls_buffer_printf(out, ",\"model_version\":\"%u\"", model->version);
    if (asked->id != NULL) {
        ls_buffer_text(out, ",");
        put_name(out, "id", asked->id);
    }
    if (asked->parameters != NULL) {
        ls_buffer_text(out, ",\"parameters\":");
        ls_buffer_append(out, asked->parameters, asked->parameters_size);
    }
    ls_buffer_text(out, ",\"outputs\":[");
    for (size_t i = 0; i < a->output_count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        put_output(model, a, a->outputs[i], out);
    }
    ls_buffer_text(out, "]}\n");
}

static bool wants(const answers *a, output which) {
    bool found = false;
    for (size_t i = 0; i < a->output_count; i++) {
        found |= a->outputs[i] == which;
    }
    return found;
}

static ls_status ask_rows(const rows *r, answers *a, ls_error *err) {
    const ls_infer_model *model = r->model;
    const bool tells = wants(a, PROBABILITIES);
    a->count = r->count;
    a->said = ls_alloc(r->count * sizeof *a->said);
    a->told = tells ? ls_alloc(r->count * model->class_count * sizeof *a->told) : NULL;
    float *row = ls_alloc(model->column_count * sizeof *row);
    double *wide = ls_alloc(model->room * sizeof *wide);
    ls_status status = a->said != NULL && (!tells || a->told != NULL) && row != NULL && wide != NULL
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for %zu rows", r->count);
    for (size_t i = 0; status == LS_OK && i < r->count; i++) {
        status = fill_row(r, i, row, err);
        if (status == LS_OK) {
            model->say(model->context, row, wide, a->said + i);
        }
        if (status == LS_OK && tells) {
            model->tell(model->context, row, wide, a->told + i * model->class_count);
        }
    }
    ls_free(wide);
    ls_free(row);
    return status;
}

ls_status ls_infer_answer(const ls_infer_model *model, const ls_infer_asked *asked, ls_buffer *out,
                          ls_error *err) {
    rows r = {.model = model, .asked = asked};
    answers a = {.count = 0};
    if (model->say == NULL) {
        return ls_fail(err, LS_ERR_INVALID,
                       "model '%s' is a monitor: to read a row it needs those before, so it is not "
                       "asked for single rows",
                       model->name);
    }
    ls_status status = choose(model, asked, a.outputs, &a.output_count, err);
    status = status == LS_OK ? take_rows(&r, err) : status;
    status = status == LS_OK ? ask_rows(&r, &a, err) : status;
    if (status == LS_OK) {
        put_answer(model, asked, &a, out);
    }
    ls_free(a.told);
    ls_free(a.said);
    ls_free(r.of);
    return status;
}

// ---- what the model is

static void put_tensor(const ls_infer_model *model, output which, ls_buffer *out) {
    ls_buffer_printf(out, "%s{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[-1",
                     which > 0 ? "," : "", output_names[which], which == UNUSUAL ? "BOOL" : "FP64");
    if (which == PROBABILITIES) {
        ls_buffer_printf(out, ",%u", model->class_count);
    }
    ls_buffer_text(out, "]");
    if (which == PROBABILITIES && model->classes != NULL) {
        ls_buffer_text(out, ",\"parameters\":{\"classes\":[");
        for (uint32_t k = 0; k < model->class_count; k++) {
            ls_buffer_text(out, k > 0 ? "," : "");
            ls_put_json_text(out, model->classes[k], strlen(model->classes[k]));
        }
        ls_buffer_text(out, "]}");
    }
    ls_buffer_text(out, "}");
}

void ls_infer_describe(const ls_infer_model *model, const uint32_t *versions, size_t version_count,
                       ls_buffer *out) {
    ls_buffer_text(out, "{");
    put_name(out, "name", model->name);
    ls_buffer_text(out, ",\"versions\":[");
    for (size_t i = 0; i < version_count; i++) {
        ls_buffer_printf(out, "%s\"%u\"", i > 0 ? "," : "", versions[i]);
    }
    ls_buffer_text(out, "],");
    put_name(out, "platform", model->platform);
    ls_buffer_printf(out,
                     ",\"inputs\":[{\"name\":\"%s\",\"datatype\":\"FP32\",\"shape\":[-1,%u],"
                     "\"parameters\":{\"columns\":[",
                     matrix, model->column_count);
    for (uint32_t i = 0; i < model->column_count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        ls_put_json_text(out, model->columns[i], strlen(model->columns[i]));
    }
    ls_buffer_text(out, "]}}],\"outputs\":[");
    for (size_t k = 0; k < OUTPUTS; k++) {
        if (has_output(model, (output)k)) {
            put_tensor(model, (output)k, out);
        }
    }
    ls_buffer_text(out, "]}\n");
}
