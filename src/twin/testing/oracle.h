// oracle.h - for tests only: plants whose figures are known exactly, run and compared.
//
// A case is a plant as text, how long to run it, and figures with their exact values. Each figure's
// mean over the replications must lie within its interval; the intervals of one case hold jointly
// with 99.9 % (Bonferroni). And the test must be able to fail: the half width has to stay below 1 %
// of the value, so that an engine wrong by more would be caught. Seeds are fixed, hence so is the
// outcome.
//
// Sanitizer and debug builds run a fiftieth of the time and do not ask for the narrow interval.
// With ORACLE_TABLE set, each figure is printed as a row of docs/VALIDATION.md.
#pragma once

#include <lineshaft/twin.h>

// One summand: a figure of a station (by name) or of a class (by name, NULL: all together), times
// weight. Times are counted in units of the case, throughput in lots per unit. LS_FIG_COUNT: the
// number 1.
typedef struct oracle_term {
    double weight;
    const char *of;
    ls_figure figure;
} oracle_term;

enum { ORACLE_TERMS = 12, ORACLE_FIGURES = 8 };

typedef struct oracle_figure {
    const char *name;
    double exact;
    oracle_term over[ORACLE_TERMS];   // the figure is the sum of these
    oracle_term under[ORACLE_TERMS];  // divided by the sum of these (none: by 1)
    double allowance;                 // stated error of the figure, share of the value
} oracle_figure;

typedef struct oracle_case {
    const char *name;
    const char *plant;      // YAML
    double unit_s;          // seconds in one unit of time
    double warmup, length;  // units
    int64_t reps;
    oracle_figure figures[ORACLE_FIGURES];
} oracle_case;

// A twin of the text; a mistake in it is printed and ends the program.
ls_twin *oracle_twin(const char *text);
// The same of a file under the source root, with the files it names.
ls_twin *oracle_twin_of_file(const char *path);
// The text with printf rules, in one of eight rotating buffers.
const char *oracle_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Runs the case and checks its figures.
void oracle_check(const oracle_case *one);
// True in builds ten and more times slower, where cases are cut.
bool oracle_is_short(void);
// Half width of the interval of a mean at confidence 1 - alpha.
double oracle_half_width(double variance, int64_t count, double alpha);

// Shorthands for terms.
#define ORACLE_ALL(fig) \
    { 1.0, NULL, fig }
#define ORACLE_AT(station, fig) \
    { 1.0, station, fig }
