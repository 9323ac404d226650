// metrics_test.c - what the service tells: Prometheus text that a reader takes, and the live state.
#include "loop/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/state_json.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

// ---- a source whose figures are known

static void figures_of(ls_driver *driver, ls_driver_figures *out) {
    (void)driver;
    *out = (ls_driver_figures){.messages = 17,
                               .samples = 40,
                               .gaps = 2,
                               .missing = 5,
                               .connected = true,
                               .skew_us = -1500000};
}

static const ls_driver_ops driver = {.name = "none", .figures = figures_of};
static const ls_source first = {.name = "plc \"1\" \\ \n a"};
static const ls_source second = {.name = "json"};

static void give_sources(ls_sources *sources) {
    memset(sources, 0, sizeof *sources);
    sources->count = 2;
    sources->of[0].source = &first;
    sources->of[1].source = &second;
    sources->of[0].ops = sources->of[1].ops = &driver;
}

// ---- a small reader of the format

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// The family of a sample's name: without what histograms add.
static void family_of(const char *line, char *out, size_t size) {
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    size_t length = 0;
    while (is_name(line[length])) {
        length++;
    }
    snprintf(out, size, "%.*s", (int)length, line);
    for (size_t i = 0; i < 3 && strstr(out, "signal_seconds_") != NULL; i++) {
        const size_t end = strlen(ends[i]);
        if (length > end && strcmp(out + length - end, ends[i]) == 0) {
            out[length - end] = '\0';
        }
    }
}

// After the name: labels or not, a blank, a number, the end.
static bool is_value(const char *at) {
    if (*at == '{') {
        const char *close = strstr(at, "\"} ");
        const char *open = strstr(at, "=\"");
        if (close == NULL || open == NULL || open > close) {
            return false;
        }
        at = close + 2;
    }
    char *end = NULL;
    strtod(at, &end);
    return *at == ' ' && end != at && *end == '\0';
}

typedef struct reader {
    char seen[200][96];
    int count;
    char family[96];
    bool typed;
    bool counter;
} reader;

static void read_head(reader *r, const char *line) {
    char name[96] = "";
    char type[32] = "";
    if (sscanf(line, "# HELP %95s", name) == 1) {
        for (int i = 0; i < r->count; i++) {
            CHECK(strcmp(r->seen[i], name) != 0);  // a family stands together
        }
        CHECK(strlen(line) > strlen("# HELP ") + strlen(name) + 3);
        snprintf(r->family, sizeof r->family, "%s", name);
        snprintf(r->seen[r->count++ % 200], 96, "%s", name);
        r->typed = false;
    } else if (sscanf(line, "# TYPE %95s %31s", name, type) == 2) {
        CHECK_STR(name, r->family);
        CHECK(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 ||
              strcmp(type, "histogram") == 0);
        const size_t length = strlen(name);
        const bool total = length > 6 && strcmp(name + length - 6, "_total") == 0;
        CHECK((strcmp(type, "counter") == 0) == total);
        r->typed = true;
    } else {
        harness_note("%s", line);
        CHECK(false);
    }
}

static void read_line(reader *r, const char *line) {
    char name[96];
    if (line[0] == '#') {
        read_head(r, line);
        return;
    }
    family_of(line, name, sizeof name);
    harness_note("%s", line);
    CHECK(strncmp(name, "lineshaft_", 10) == 0);
    CHECK(r->typed);
    CHECK_STR(name, r->family);
    while (is_name(*line)) {
        line++;
    }
    CHECK(is_value(line));
}

static int read_all(const char *text) {
    static reader r;
    static char copy[1 << 17];
    memset(&r, 0, sizeof r);
    CHECK(strlen(text) < sizeof copy && text[strlen(text) - 1] == '\n');
    snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        read_line(&r, line);
    }
    return r.count;
}

static void test_every_family_has_help_type_and_numbers(void) {
    bench b;
    ls_sources sources;
    ls_buffer out;
    bench_open(&b, "");
    give_sources(&sources);
    CHECK(bench_text(&b, "g/n/line/Released", 100, "L1 product=x"));
    CHECK(bench_number(&b, "g/n/saw-1/State", 110, 6));
    const ls_metrics_of of = {
        .intake = &b.intake, .sources = &sources, .events = 3, .broker_pid = 1, .version = "1.2.3"};
    ls_buffer_init(&out);
    ls_metrics_write(&of, &out);
    CHECK(read_all(out.data) > 40);
    CHECK_CONTAINS(out.data, "\nlineshaft_samples_total 2\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_signal_seconds_bucket{le=\"+Inf\"} 2\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_signal_seconds_count 2\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_lots 1\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_history_appended_total 2\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_source_missing_total{source=\"json\"} 5\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_source_skew_seconds{source=\"json\"} -1.5\n");
    CHECK_CONTAINS(out.data, "{source=\"plc \\\"1\\\" \\\\ \\n a\"} 17\n");
    CHECK_CONTAINS(out.data, "\nlineshaft_build_info{version=\"1.2.3\"} 1\n");
    ls_buffer_clear(&out);
    bench_close(&b);
}

static void test_before_anything_is_heard(void) {
    bench b;
    ls_sources sources = {0};
    ls_buffer out;
    bench_open(&b, "");
    const ls_metrics_of of = {.intake = &b.intake, .sources = &sources, .version = "1"};
    ls_buffer_init(&out);
    ls_metrics_write(&of, &out);
    CHECK(read_all(out.data) > 30);
    CHECK_CONTAINS(out.data, "\nlineshaft_samples_total 0\n");
    ls_buffer_clear(&out);
    json_t *state = ls_state_json(&b.intake, &sources);
    CHECK(json_is_false(json_object_get(state, "heard_anything")));
    CHECK(json_object_get(state, "machines") == NULL);
    json_decref(state);
    bench_close(&b);
}

// ---- the live state

static const json_t *machine(const json_t *state, size_t i) {
    return json_array_get(json_object_get(state, "machines"), i);
}

static const char *word(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void test_the_state_names_lots_machines_and_reasons(void) {
    bench b;
    ls_sources sources;
    bench_open(&b, "");
    give_sources(&sources);
    CHECK(bench_text(&b, "g/n/line/Released", 100, "L1 product=x"));
    CHECK(bench_text(&b, "g/n/saw-1/Lots", 110, "L1"));
    CHECK(bench_number(&b, "g/n/saw-1/State", 110, 6));
    CHECK(bench_number(&b, "g/n/saw-2/State", 111, 9));
    CHECK(bench_text(&b, "g/n/saw-2/Reason", 111, "blade"));
    json_t *state = ls_state_json(&b.intake, &sources);
    CHECK_STR(word(state, "plant"), "p");
    CHECK_STR(word(state, "now"), "2026-01-05T00:01:51");
    CHECK_NEAR(json_real_value(json_object_get(state, "now_s")), 111.0, 1e-9);
    CHECK_STR(word(machine(state, 0), "name"), "saw-1");
    CHECK_STR(word(machine(state, 0), "state"), "processing");
    CHECK_STR(json_string_value(json_array_get(json_object_get(machine(state, 0), "lots"), 0)),
              "L1");
    CHECK_STR(word(machine(state, 1), "state"), "down");
    CHECK_STR(word(machine(state, 1), "reason"), "blade");
    CHECK_STR(word(machine(state, 2), "state"), "starved");
    const json_t *follow = json_object_get(state, "follow");
    CHECK_INT(json_integer_value(json_object_get(follow, "lots")), 1);
    CHECK_INT(json_integer_value(json_object_get(follow, "machines_unheard")), 1);
    const json_t *source = json_array_get(json_object_get(state, "sources"), 0);
    CHECK_INT(json_integer_value(json_object_get(source, "missing")), 5);
    char *text = json_dumps(state, 0);
    CHECK(text != NULL);
    free(text);
    json_decref(state);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_family_has_help_type_and_numbers);
    TEST(test_before_anything_is_heard);
    TEST(test_the_state_names_lots_machines_and_reasons);
    return harness_report();
}
