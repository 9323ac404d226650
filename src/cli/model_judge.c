// model_judge.c - see model_judge.h.
#include "cli/model_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "model/conformal.h"
#include "model/deadline.h"
#include "model/rank.h"
#include "model/snapshot.h"

enum { TIMED = 2000 };

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory while judging a model");
}

ls_status ls_model_predict_rows(const ls_predictor *predictor, const ls_dataset *rows, double *out,
                                ls_error *err) {
    double *wide = ls_alloc(rows->column_count * sizeof *wide);
    if (wide == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < rows->row_count; i++) {
        ls_predictor_predict_all(predictor, ls_dataset_row(rows, i), wide,
                                 out + i * predictor->output_count);
    }
    ls_free(wide);
    return LS_OK;
}

ls_loss ls_model_loss(const ls_model_plan *plan) {
    switch (plan->objective) {
    case LS_OBJECTIVE_BINARY:
    case LS_OBJECTIVE_CLASSES: return LS_LOSS_BRIER;
    case LS_OBJECTIVE_QUANTILE: return LS_LOSS_PINBALL;
    case LS_OBJECTIVE_RANK: return LS_LOSS_RANK;
    default: return LS_LOSS_SQUARED;
    }
}

ls_status ls_model_check_outputs(const ls_model_plan *plan, const ls_predictor *predictor,
                                 ls_error *err) {
    const uint32_t wanted = plan->objective == LS_OBJECTIVE_CLASSES ? plan->class_count : 1;
    return predictor->output_count == wanted
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID,
                         "the model says %u numbers of each row; 'objective: %s' wants %u",
                         predictor->output_count, ls_model_objective_name(plan->objective), wanted);
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ls_status ls_model_usual_of(const ls_model_plan *plan, const ls_dataset *train, ls_model_usual *out,
                            ls_error *err) {
    const double rows = (double)train->row_count;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < train->row_count; i++) {
        const double label = train->label[i];
        out->value += label / rows;
        if (label >= 0.0 && label < (double)plan->class_count) {
            out->priors[(uint32_t)label] += 1.0 / rows;
        }
    }
    if (plan->objective == LS_OBJECTIVE_QUANTILE && train->row_count > 0) {
        double *sorted = ls_alloc(train->row_count * sizeof *sorted);
        if (sorted == NULL) {
            return no_memory(err);
        }
        memcpy(sorted, train->label, train->row_count * sizeof *sorted);
        qsort(sorted, train->row_count, sizeof *sorted, compare_doubles);
        out->value = sorted[(size_t)(plan->quantile * (rows - 1.0) + 0.5)];
        ls_free(sorted);
    }
    return LS_OK;
}

ls_status ls_model_radius(const ls_model_plan *plan, const ls_predictor *predictor,
                          const ls_dataset *rows, double *out, ls_error *err) {
    const uint32_t outputs = predictor->output_count;
    const ls_loss loss = ls_model_loss(plan);
    if (loss == LS_LOSS_RANK) {  // a score is of no scale
        *out = (double)INFINITY;
        return LS_OK;
    }
    double *told = ls_alloc(rows->row_count * outputs * sizeof *told);
    double *scores = ls_alloc(rows->row_count * sizeof *scores);
    ls_status status = told != NULL && scores != NULL
                           ? ls_model_predict_rows(predictor, rows, told, err)
                           : no_memory(err);
    if (status == LS_OK) {
        for (size_t i = 0; i < rows->row_count; i++) {
            scores[i] = ls_gates_score(loss, told + i * outputs, outputs, rows->label[i]);
        }
        const size_t count = ls_conformal_sort(scores, rows->row_count);
        *out = ls_conformal_radius(scores, count, 1.0 - plan->gates.interval);
    }
    ls_free(told);
    ls_free(scores);
    return status;
}

static void silence(const ls_features *features, uint32_t tag, uint32_t columns, float *row) {
    for (uint32_t c = 0; c < columns; c++) {
        row[c] = ls_features_tag_of(features, c) == tag ? NAN : row[c];
    }
}

// The same of orders, which are judged by moments.
static ls_status orders_without_tags(const ls_model_plan *plan, const ls_predictor *p,
                                     const ls_features *features, const ls_dataset *test,
                                     double *out, ls_error *err) {
    const uint32_t columns = test->column_count;
    float *row = ls_alloc(columns * sizeof *row);
    double *wide = ls_alloc(columns * sizeof *wide);
    double *told = ls_alloc(test->row_count * sizeof *told);
    ls_status status = row != NULL && wide != NULL && told != NULL ? LS_OK : no_memory(err);
    for (uint32_t tag = 0; tag < plan->tag_count && status == LS_OK; tag++) {
        size_t groups = 0;
        for (size_t i = 0; i < test->row_count; i++) {
            memcpy(row, ls_dataset_row(test, i), columns * sizeof *row);
            silence(features, tag, columns, row);
            told[i] = ls_predictor_predict(p, row, wide);
        }
        status = ls_rank_mean(test, told, plan->top, &out[tag], &groups, err);
    }
    ls_free(row);
    ls_free(wide);
    ls_free(told);
    return status;
}

// The loss when one tag is silent: all its figures unknown.
static ls_status without_tags(const ls_model_plan *plan, const ls_predictor *p,
                              const ls_features *features, const ls_dataset *test, double *out,
                              ls_error *err) {
    const uint32_t columns = test->column_count;
    float *row = ls_alloc(columns * sizeof *row);
    double *wide = ls_alloc(columns * sizeof *wide);
    double told[LS_MODEL_CLASSES_MAX];
    ls_status status = row != NULL && wide != NULL ? LS_OK : no_memory(err);
    for (uint32_t tag = 0; tag < plan->tag_count && status == LS_OK; tag++) {
        double sum = 0.0;
        for (size_t i = 0; i < test->row_count; i++) {
            memcpy(row, ls_dataset_row(test, i), columns * sizeof *row);
            silence(features, tag, columns, row);
            ls_predictor_predict_all(p, row, wide, told);
            sum += ls_gates_loss(ls_model_loss(plan), plan->quantile, told, p->output_count,
                                 test->label[i]);
        }
        out[tag] = sum / (double)test->row_count;
    }
    ls_free(row);
    ls_free(wide);
    return status;
}

// 99th percentile of a prediction, features included, on this machine.
static ls_status time_one(const ls_predictor *p, ls_features *features, const ls_dataset *test,
                          int64_t *out_us, ls_error *err) {
    static int64_t took[TIMED];
    float *row = ls_alloc(test->column_count * sizeof *row);
    double *wide = ls_alloc(test->column_count * sizeof *wide);
    if (row == NULL || wide == NULL) {
        ls_free(row);
        ls_free(wide);
        return no_memory(err);
    }
    volatile double sink = 0.0;
    for (int i = 0; i < TIMED; i++) {
        const float *known = ls_dataset_row(test, (size_t)i % test->row_count);
        (void)ls_features_hear(features, 0, (int64_t)i * 1000, (double)known[0]);
        const int64_t from = ls_deadline_ns();
        ls_features_ask(features, (int64_t)i * 1000, row);
        sink = sink + ls_predictor_predict(p, known, wide);
        took[i] = ls_deadline_ns() - from;
    }
    *out_us = ls_deadline_place(took, TIMED, TIMED * 99 / 100) / 1000 + 1;
    ls_free(row);
    ls_free(wide);
    return LS_OK;
}

static ls_status judge(const ls_model_plan *plan, const ls_predictor *challenger, double radius,
                       const ls_predictor *champion, const ls_model_usual *usual,
                       const ls_dataset *test, ls_features *features, ls_arena *arena,
                       ls_gate_verdict *out, ls_error *err) {
    const uint32_t outputs = challenger->output_count;
    double *mine = ls_arena_alloc(arena, test->row_count * outputs * sizeof *mine);
    double *theirs = ls_arena_alloc(arena, test->row_count * outputs * sizeof *theirs);
    double *missing = ls_arena_alloc(arena, plan->tag_count * sizeof *missing);
    int64_t latency_us = 0;
    if (mine == NULL || theirs == NULL || missing == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < test->row_count * outputs; i++) {
        theirs[i] = outputs > 1 ? usual->priors[i % outputs] : usual->value;
    }
    ls_status status = ls_model_predict_rows(challenger, test, mine, err);
    if (status == LS_OK && champion != NULL) {
        status = ls_model_predict_rows(champion, test, theirs, err);
    }
    if (status == LS_OK) {
        status = ls_model_loss(plan) == LS_LOSS_RANK
                     ? orders_without_tags(plan, challenger, features, test, missing, err)
                     : without_tags(plan, challenger, features, test, missing, err);
    }
    if (status == LS_OK) {
        status = time_one(challenger, features, test, &latency_us, err);
    }
    const ls_gate_case about = {.test = test,
                                .champion = theirs,
                                .is_first = champion == NULL,
                                .challenger = mine,
                                .radius = radius,
                                .missing = missing,
                                .tags = plan->tags,
                                .tag_count = plan->tag_count,
                                .usual = usual->value,
                                .loss = ls_model_loss(plan),
                                .outputs = outputs,
                                .priors = usual->priors,
                                .quantile = plan->quantile,
                                .top = plan->top,
                                .horizon_us = plan->horizon_us,
                                .latency_us = latency_us};
    return status == LS_OK ? ls_gates_decide(&plan->gates, &about, out, err) : status;
}

ls_status ls_model_judge(const ls_model_plan *plan, const ls_predictor *challenger, double radius,
                         const ls_predictor *champion, const ls_model_usual *usual,
                         const ls_dataset *test, ls_gate_verdict *out, ls_error *err) {
    ls_features *features = NULL;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_status status = ls_snapshot_features(plan, &features, err);
    if (status == LS_OK) {
        status = judge(plan, challenger, radius, champion, usual, test, features, &arena, out, err);
    }
    ls_features_destroy(features);
    ls_arena_clear(&arena);
    return status;
}

void ls_model_put_verdict(const ls_gate_verdict *verdict, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "gate", LS_ALIGN_LEFT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "what was found", LS_ALIGN_LEFT);
    for (int i = 0; i < LS_GATE_COUNT; i++) {
        if (!verdict->gates[i].asked) {
            continue;
        }
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", ls_gate_name((ls_gate)i));
        ls_table_cell(&table, 1, "%s", verdict->gates[i].passed ? "passed" : "NOT PASSED");
        ls_table_cell(&table, 2, "%s", verdict->gates[i].about);
    }
    ls_table_print(&table, 2, out);
    ls_arena_clear(&arena);
    if (verdict->loss == LS_LOSS_RANK) {
        ls_buffer_text(out,
                       "\n  Coverage, calibration and balance do not apply: a score is of no "
                       "scale, it has no interval.\n");
    }
}

json_t *ls_model_verdict_json(const ls_gate_verdict *verdict, bool timed) {
    json_t *gates = json_object();
    for (int i = 0; i < LS_GATE_COUNT; i++) {
        const ls_gate_result *r = &verdict->gates[i];
        if ((i == LS_GATE_LATENCY && !timed) || !r->asked) {
            continue;
        }
        json_t *one = json_object();
        json_object_set_new(one, "passed", json_boolean(r->passed));
        json_object_set_new(one, "value", json_real(r->value));
        json_object_set_new(one, "limit", json_real(r->limit));
        json_object_set_new(one, "about", json_string(r->about));
        json_object_set_new(gates, ls_gate_name((ls_gate)i), one);
    }
    json_t *object = json_object();
    if (timed) {
        json_object_set_new(object, "passed", json_boolean(verdict->passed));
    }
    // "rmse" is the root of the mean of squares; of other losses their means stand there.
    json_object_set_new(object, "loss", json_string(ls_loss_name(verdict->loss)));
    if (verdict->loss == LS_LOSS_RANK) {
        json_object_set_new(object, "top", json_integer(verdict->top));
    }
    json_object_set_new(object, "rmse", json_real(verdict->challenger_rmse));
    json_object_set_new(object, "champion_rmse", json_real(verdict->champion_rmse));
    if (isfinite(verdict->log_loss)) {
        json_object_set_new(object, "log_loss", json_real(verdict->log_loss));
    }
    json_object_set_new(object, "p", json_real(verdict->p));
    json_object_set_new(object, "gates", gates);
    return object;
}
