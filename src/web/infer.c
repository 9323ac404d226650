// infer.c - see infer.h.
#include "web/infer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/names.h"
#include "base/put.h"

static const char matrix[] = "features";

typedef enum output { PREDICTION, LOW, HIGH, UNUSUAL, OUTPUTS } output;
static const char *const output_names[OUTPUTS] = {"prediction", "low", "high", "unusual"};

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

static ls_status choose(const ls_infer_model *model, const ls_infer_asked *asked, output *out,
                        size_t *out_count, ls_error *err) {
    const size_t count = model->tells_unusual ? OUTPUTS : UNUSUAL;
    bool taken[OUTPUTS] = {false};
    *out_count = 0;
    if (asked->output_count == 0) {
        for (size_t i = 0; i < count; i++) {
            out[(*out_count)++] = (output)i;
        }
        return LS_OK;
    }
    for (uint32_t i = 0; i < asked->output_count; i++) {
        size_t at = 0;
        while (at < count && strcmp(output_names[at], asked->outputs[i]) != 0) {
            at++;
        }
        if (at == count) {
            return ls_fail(err, LS_ERR_INVALID,
                           "outputs[%u].name: there is no '%.100s', but prediction, low, high%s", i,
                           asked->outputs[i], model->tells_unusual ? ", unusual" : "");
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

static void put_element(ls_buffer *out, output which, const ls_infer_said *said) {
    const bool bounded = isfinite(said->low) && isfinite(said->high);
    const double value = which == PREDICTION ? said->prediction
                         : which == LOW      ? said->low
                                             : said->high;
    if (which == UNUSUAL) {
        ls_buffer_text(out, said->unusual ? "true" : "false");
    } else if (isfinite(value) && (which == PREDICTION || bounded)) {
        ls_put_json_number(out, value);
    } else {
        ls_buffer_text(out, "null");
    }
}

static void put_output(ls_buffer *out, output which, const ls_infer_said *said, size_t count) {
    ls_buffer_printf(out, "{\"name\":\"%s\",\"shape\":[%zu],\"datatype\":\"%s\",\"data\":[",
                     output_names[which], count, which == UNUSUAL ? "BOOL" : "FP64");
    for (size_t i = 0; i < count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        put_element(out, which, said + i);
    }
    ls_buffer_text(out, "]}");
}

static void put_answer(const ls_infer_model *model, const ls_infer_asked *asked,
                       const output *outputs, size_t output_count, const ls_infer_said *said,
                       size_t count, ls_buffer *out) {
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
    for (size_t i = 0; i < output_count; i++) {
        ls_buffer_text(out, i > 0 ? "," : "");
        put_output(out, outputs[i], said, count);
    }
    ls_buffer_text(out, "]}\n");
}

ls_status ls_infer_answer(const ls_infer_model *model, const ls_infer_asked *asked, ls_buffer *out,
                          ls_error *err) {
    rows r = {.model = model, .asked = asked};
    output outputs[OUTPUTS];
    size_t output_count = 0;
    ls_infer_said *said = NULL;
    float *row = NULL;
    double *wide = NULL;
    ls_status status = choose(model, asked, outputs, &output_count, err);
    status = status == LS_OK ? take_rows(&r, err) : status;
    if (status == LS_OK) {
        said = ls_alloc(r.count * sizeof *said);
        row = ls_alloc(model->column_count * sizeof *row);
        wide = ls_alloc(model->room * sizeof *wide);
        status = said != NULL && row != NULL && wide != NULL
                     ? LS_OK
                     : ls_fail(err, LS_ERR_MEMORY, "out of memory for %zu rows", r.count);
    }
    for (size_t i = 0; status == LS_OK && i < r.count; i++) {
        status = fill_row(&r, i, row, err);
        if (status == LS_OK) {
            model->say(model->context, row, wide, said + i);
        }
    }
    if (status == LS_OK) {
        put_answer(model, asked, outputs, output_count, said, r.count, out);
    }
    ls_free(wide);
    ls_free(row);
    ls_free(said);
    ls_free(r.of);
    return status;
}

// ---- what the model is

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
    for (size_t i = 0; i < (model->tells_unusual ? OUTPUTS : UNUSUAL); i++) {
        ls_buffer_printf(out, "%s{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[-1]}",
                         i > 0 ? "," : "", output_names[i], i == UNUSUAL ? "BOOL" : "FP64");
    }
    ls_buffer_text(out, "]}\n");
}
