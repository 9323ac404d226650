// oracle.c - see oracle.h.
#include "twin/testing/oracle.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/statistics.h"
#include "plant/read.h"
#include "tests/harness.h"

bool oracle_is_short(void) {
    return harness_is_slow_build() || getenv("ORACLE_SHORT") != NULL;
}

const char *oracle_text(const char *format, ...) {
    static char buffers[8][8192];
    static int turn;
    char *buffer = buffers[turn++ % 8];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(buffer, sizeof buffers[0], format, args);
    va_end(args);
    if (length < 0 || length >= (int)sizeof buffers[0]) {
        fprintf(stderr, "oracle_text: too long\n");
        exit(1);
    }
    return buffer;
}

static ls_twin *twin_of_plant(ls_plant *plant) {
    ls_twin *twin = NULL;
    ls_error err = {0};
    if (ls_twin_create(plant, &twin, &err) != LS_OK) {
        fprintf(stderr, "twin: %s\n", err.text);
        exit(1);
    }
    ls_plant_destroy(plant);
    return twin;
}

static ls_twin *twin_of_text(const char *text, const char *name) {
    ls_plant *plant = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    if (ls_plant_read(text, strlen(text), name, NULL, &plant, &errors) != LS_OK) {
        for (size_t i = 0; i < errors.count; i++) {
            char line[2048];
            ls_error_format(&errors.items[i], line, sizeof line);
            fputs(line, stderr);
        }
        fputs(text, stderr);
        exit(1);
    }
    ls_errors_clear(&errors);
    return twin_of_plant(plant);
}

ls_twin *oracle_twin(const char *text) {
    return twin_of_text(text, "oracle.yaml");
}

ls_twin *oracle_twin_of_file(const char *path) {
    char *text = harness_read_file(harness_source_path(path), NULL);
    if (text == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    ls_twin *twin = twin_of_text(text, path);
    free(text);
    return twin;
}

double oracle_half_width(double variance, int64_t count, double alpha) {
    return ls_stat_t_quantile(1.0 - alpha / 2.0, (double)(count - 1)) *
           sqrt(variance / (double)count);
}

static uint32_t index_of(const ls_twin *twin, const oracle_term *term) {
    const bool station = term->figure >= LS_FIG_CLASS_COUNT;
    const ls_twin_info info = ls_twin_describe(twin);
    if (term->of == NULL) {
        return info.classes;
    }
    for (uint32_t i = 0; i < (station ? info.stations : info.classes); i++) {
        if (strcmp(station ? ls_twin_station_name(twin, i) : ls_twin_class_name(twin, i),
                   term->of) == 0) {
            return i;
        }
    }
    fprintf(stderr, "oracle: no '%s' in the plant\n", term->of);
    exit(1);
}

static double sum_of(const ls_twin *twin, const ls_twin_result *result, const oracle_case *one,
                     const oracle_term *terms, int64_t replication) {
    double sum = 0.0;
    for (int i = 0; i < ORACLE_TERMS && terms[i].weight != 0.0; i++) {
        double value = 1.0;
        if (terms[i].figure < LS_FIG_COUNT) {
            const bool station = terms[i].figure >= LS_FIG_CLASS_COUNT;
            value = ls_twin_result_value(result, station, index_of(twin, &terms[i]),
                                         terms[i].figure, replication);
            const char *unit = ls_figure_describe(terms[i].figure).unit;
            value = strcmp(unit, "s") == 0          ? value / one->unit_s
                    : strcmp(unit, "lots/day") == 0 ? value * one->unit_s / 86400.0
                                                    : value;
        }
        sum += terms[i].weight * value;
    }
    return sum;
}

static void check_figure(const ls_twin *twin, const ls_twin_result *result, const oracle_case *one,
                         const oracle_figure *figure, int figures) {
    ls_summary sum = {0};
    for (int64_t i = 0; i < ls_twin_result_facts(result).reps; i++) {
        double value = sum_of(twin, result, one, figure->over, i);
        if (figure->under[0].weight != 0.0) {
            value /= sum_of(twin, result, one, figure->under, i);
        }
        ls_summary_add(&sum, value);
    }
    const double half = oracle_half_width(ls_summary_variance(&sum), sum.count, 0.001 / figures);
    const double tolerance = half + fabs(figure->exact) * figure->allowance + 1e-9;
    const bool powerful = half < 0.01 * fabs(figure->exact);
    harness_note("%s: %s is %.8g, exact %.8g, half width %.3g (%.2f %%), %lld replications",
                 one->name, figure->name, sum.mean, figure->exact, half,
                 100.0 * half / fabs(figure->exact), (long long)sum.count);
    CHECK_NEAR(sum.mean, figure->exact, tolerance);
    CHECK(powerful || oracle_is_short());
    if (getenv("ORACLE_TABLE") != NULL) {
        printf("| %s | %s | %.8g | %.6g ± %.2g | %.2f %% | %lld x %.4g%s\n", one->name,
               figure->name, figure->exact, sum.mean, half, 100.0 * half / fabs(figure->exact),
               (long long)sum.count, one->length,
               fabs(sum.mean - figure->exact) > tolerance ? " | WRONG"
               : powerful                                 ? " |"
                                                          : " | WIDE");
    }
}

void oracle_check(const oracle_case *one) {
    ls_twin *twin = oracle_twin(one->plant);
    const double cut = oracle_is_short() ? 0.02 : 1.0;
    ls_run_def def = ls_run_def_default(twin);
    def.warmup_us = (int64_t)(one->warmup * one->unit_s * 1e6 * (cut < 1.0 ? 0.3 : 1.0));
    def.for_us = (int64_t)(one->length * one->unit_s * 1e6 * cut);
    def.reps = one->reps;
    def.seed = 20260105;
    def.workers = 1;
    ls_twin_result *result = NULL;
    ls_error err = {0};
    const ls_status status = ls_twin_run(twin, &def, &result, &err);
    harness_note("%s: %s %s", one->name, err.text, err.hint);
    CHECK_INT(status, LS_OK);
    if (status == LS_OK) {
        int figures = 0;
        while (figures < ORACLE_FIGURES && one->figures[figures].name != NULL) {
            figures++;
        }
        for (int i = 0; i < figures; i++) {
            check_figure(twin, result, one, &one->figures[i], figures);
        }
        if (getenv("ORACLE_TABLE") != NULL) {
            const ls_twin_facts facts = ls_twin_result_facts(result);
            fprintf(stderr, "%-40s %6.2f s %9.3g events\n", one->name, facts.wall_s,
                    (double)facts.events);
        }
    }
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}
