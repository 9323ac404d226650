// oracle_line_test.c - lines with finite buffers against their Markov chains.
//
// Saturated: 40 lots are kept in the plant, more than any line here holds, the rest waits at
// machine 1.
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/testing/oracle.h"

enum { STATIONS_MAX = 5 };
static const char *names[STATIONS_MAX] = {"s1", "s2", "s3", "s4", "s5"};

typedef struct line {
    const char *name;
    int stations;
    double service_s[STATIONS_MAX];  // mean; the unit is 90 s
    int buffer[STATIONS_MAX];        // places before station i, [0] unused
    const char *fails[STATIONS_MAX];
    bool before;                // blocking before service
    double throughput, beyond;  // exact; parts beyond machine 1, those it holds blocked included
    double length;
} line;

static const char *text_of(const line *l) {
    char text[4096] = "plant: line\nstations:\n";
    for (int i = 0; i < l->stations; i++) {
        char more[512];
        snprintf(more, sizeof more, "  %s: {process: exp %.1f s", names[i], l->service_s[i]);
        strcat(text, more);
        if (i > 0) {
            snprintf(more, sizeof more, ", queue: %d", l->buffer[i]);
            strcat(text, more);
        }
        if (l->fails[i] != NULL) {
            snprintf(more, sizeof more, ", fails: {%s, by: busy}", l->fails[i]);
            strcat(text, more);
        }
        strcat(text, l->before ? ", blocking: before}\n" : "}\n");
    }
    strcat(text, "products:\n  part: {route: [");
    for (int i = 0; i < l->stations; i++) {
        strcat(text, i > 0 ? ", " : "");
        strcat(text, names[i]);
    }
    strcat(text, "], release: {keep: 40}}\n");
    return oracle_text("%s", text);
}

static void check_line(const line *l) {
    oracle_case one = {.name = l->name,
                       .plant = text_of(l),
                       .unit_s = 90,
                       .warmup = 3000,
                       .length = l->length,
                       .reps = 40};
    one.figures[0] = (oracle_figure){
        .name = "throughput", .exact = l->throughput, .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}};
    oracle_figure *beyond = &one.figures[1];
    beyond->name = "parts beyond machine 1";
    beyond->exact = l->beyond;
    int n = 0;
    if (!l->before) {
        beyond->over[n++] = (oracle_term)ORACLE_AT("s1", LS_FIG_BLOCKED);
    }
    for (int i = 1; i < l->stations; i++) {
        beyond->over[n++] = (oracle_term)ORACLE_AT(names[i], LS_FIG_QUEUE);
        beyond->over[n++] = (oracle_term){-1.0, names[i], LS_FIG_STARVED};
    }
    beyond->over[n] = (oracle_term){(double)(l->stations - 1), NULL, LS_FIG_COUNT};
    oracle_check(&one);
}

static void test_exponential_lines(void) {
    static const line lines[] = {
        {.name = "2 stations, no buffer",
         .stations = 2,
         .service_s = {90, 90},
         .buffer = {0, 0},
         .throughput = 2.0 / 3.0,
         .beyond = 1,
         .length = 20000},
        {.name = "2 stations, buffer 3",
         .stations = 2,
         .service_s = {90, 90},
         .buffer = {0, 3},
         .throughput = 5.0 / 6.0,
         .beyond = 2.5,
         .length = 50000},
        {.name = "rates 1, 0.8, buffer 2",
         .stations = 2,
         .service_s = {90, 112.5},
         .buffer = {0, 2},
         .throughput = 0.7025226083,
         .beyond = 2.436934793,
         .length = 30000},
        {.name = "3 stations, no buffers (Hunt)",
         .stations = 3,
         .service_s = {90, 90, 90},
         .buffer = {0, 0, 0},
         .throughput = 22.0 / 39.0,
         .beyond = 1.794871795,
         .length = 30000},
        {.name = "3 stations, buffers 1, 1",
         .stations = 3,
         .service_s = {90, 90, 90},
         .buffer = {0, 1, 1},
         .throughput = 0.6704661583,
         .beyond = 2.861331656,
         .length = 40000},
        {.name = "rates 1, 1.2, 0.9, buffers 2, 3",
         .stations = 3,
         .service_s = {90, 75, 100},
         .buffer = {0, 2, 3},
         .throughput = 0.7688950213,
         .beyond = 4.633655682,
         .length = 50000},
        {.name = "4 stations, no buffers",
         .stations = 4,
         .service_s = {90, 90, 90, 90},
         .buffer = {0, 0, 0, 0},
         .throughput = 0.5147754893,
         .beyond = 2.549827299,
         .length = 30000},
        {.name = "4 stations, buffers 1, 1, 1",
         .stations = 4,
         .service_s = {90, 90, 90, 90},
         .buffer = {0, 1, 1, 1},
         .throughput = 0.6311526854,
         .beyond = 4.1979112,
         .length = 40000},
        {.name = "5 stations, no buffers",
         .stations = 5,
         .service_s = {90, 90, 90, 90, 90},
         .buffer = {0, 0, 0, 0, 0},
         .throughput = 0.4857981216,
         .beyond = 3.292761874,
         .length = 30000},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_line(&lines[i]);
    }
}

// Gershwin and Berman 1981: exponential service, failure and repair; failures only while working;
// machine 1 works while fewer than N parts are beyond it. That is blocking before service with N -
// 1 places (the part in machine 2 counts), or blocking after service with N - 2 (the blocked part
// counts too).
static void check_gershwin_berman(const char *name, int n, double s1, double s2, const char *f1,
                                  const char *f2, double throughput, double buffer, double length) {
    line l = {.stations = 2,
              .service_s = {s1, s2},
              .fails = {f1, f2},
              .throughput = throughput,
              .beyond = buffer,
              .length = length};
    l.name = oracle_text("Gershwin-Berman %s, N=%d, before service", name, n);
    l.before = true;
    l.buffer[1] = n - 1;
    check_line(&l);
    l.name = oracle_text("Gershwin-Berman %s, N=%d, after service", name, n);
    l.before = false;
    l.buffer[1] = n - 2;
    check_line(&l);
}

static void test_unreliable_exponential_lines(void) {
    static const char *slow = "every: exp 9000 s, repair: exp 900 s";
    check_gershwin_berman("mu 1, p 0.01, r 0.1", 2, 90, 90, slow, slow, 0.5899548233, 1, 100000);
    check_gershwin_berman("mu 1, p 0.01, r 0.1", 4, 90, 90, slow, slow, 0.695386223, 2, 150000);
    check_gershwin_berman("mu 1, p 0.01, r 0.1", 10, 90, 90, slow, slow, 0.7859211403, 5, 250000);
    check_gershwin_berman("mu 1, 1.2, p 0.05, 0.1, r 0.5, 0.4", 6, 90, 75,
                          "every: exp 1800 s, repair: exp 180 s",
                          "every: exp 900 s, repair: exp 225 s", 0.7626042408, 2.772221533, 60000);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_exponential_lines);
    TEST(test_unreliable_exponential_lines);
    return harness_report();
}
