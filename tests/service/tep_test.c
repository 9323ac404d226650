// tep_test.c - a public recording of a chemical plant, played onto a broker, heard by the service,
// kept, and exported: the same values, bit for bit.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"
#include "tests/service/service.h"

enum { COLUMNS = 52, ROWS_MAX = 1000, EVERY_S = 180 };

// Two columns mean something to the plant; the others are simply kept.
static const char form[] =
    "plant: tep\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  reactor: {process: 3 min}\n"
    "products:\n"
    "  product: {route: [reactor], release: {every: 5 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: \"%s\", group: tep, nodes: [reactor]}\n"
    "  values:\n"
    "    pressure: {tag: tep/reactor/XMEAS_7, unit: kPa, of: reactor, low: 0, high: 3000}\n"
    "    temperature: {tag: tep/reactor/XMEAS_9, unit: C, of: reactor, low: 0, high: 175}\n";

typedef struct table {
    char names[COLUMNS][32];
    double values[ROWS_MAX][COLUMNS];
    int rows;
} table;

// ---- tables

static bool read_row(const char *line, double *out) {
    char *end = NULL;
    for (int i = 0; i < COLUMNS; i++) {
        out[i] = strtod(line, &end);
        if (end == line || (*end != ',') != (i == COLUMNS - 1)) {
            return false;
        }
        line = end + 1;
    }
    return true;
}

static bool read_header(char *line, table *out) {
    char *rest = NULL;
    int count = 0;
    for (char *name = strtok_r(line, ",\n", &rest); name != NULL;
         name = strtok_r(NULL, ",\n", &rest)) {
        snprintf(out->names[count++ % COLUMNS], sizeof out->names[0], "%s", name);
    }
    return count == COLUMNS;
}

static bool read_table(const char *path, table *out) {
    FILE *file = fopen(path, "re");
    char line[4096];
    memset(out, 0, sizeof *out);
    bool fine = file != NULL && fgets(line, sizeof line, file) != NULL && read_header(line, out);
    while (fine && out->rows < ROWS_MAX && fgets(line, sizeof line, file) != NULL) {
        fine = read_row(line, out->values[out->rows]);
        out->rows += fine;
    }
    if (file != NULL) {
        fclose(file);
    }
    CHECK(fine);
    return fine;
}

// ---- what came out: a line for each sample, "TAG,TIME,VALUE,QUALITY,KIND,FLAGS"

static int column_of(const table *of, const char *name) {
    for (int i = 0; i < COLUMNS; i++) {
        if (strcmp(of->names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

typedef struct compared {
    int same, different;
    int birth;  // before the first row its node says what columns there are, without values
    int stale;  // at the end of the recording it says good-bye
} compared;

static void compare_line(const table *in, const char *line, int64_t start_s, compared *out) {
    char name[64];
    char text[64];
    char quality[32];
    char kind[32];
    long long time_us = 0;
    const int read = sscanf(line, "tep/reactor/%63[^,],%lldus,%63[^,],%31[^,],%31[^,]", name,
                            &time_us, text, quality, kind);
    const int64_t row = (time_us / 1000000 - start_s) / EVERY_S;
    const int column = column_of(in, name);
    const double value = strtod(text, NULL);
    if (strstr(line, ",none,birth") != NULL) {
        out->birth++;
    } else if (read == 5 && strcmp(quality, "stale") == 0) {
        out->stale++;
    } else if (read == 5 && strcmp(kind, "real") == 0 && column >= 0 && row >= 0 &&
               row < in->rows && time_us == (start_s + row * EVERY_S) * 1000000 &&
               strcmp(quality, "good") == 0 &&
               memcmp(&value, &in->values[row][column], sizeof value) == 0) {
        out->same++;
    } else {
        harness_note("%s", line);
        out->different++;
    }
}

static void check_export(const char *path, const table *in, int64_t start_s) {
    FILE *file = fopen(path, "re");
    char line[1024];
    compared out = {0};
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL);
    if (file == NULL) {
        return;
    }
    CHECK_STR(line, "tag,time,value,quality,kind,flags\n");
    while (fgets(line, sizeof line, file) != NULL) {
        compare_line(in, line, start_s, &out);
    }
    fclose(file);
    CHECK_INT(out.same, in->rows * COLUMNS);
    CHECK_INT(out.different, 0);
    CHECK(out.birth <= COLUMNS);
    CHECK(out.stale <= COLUMNS);
}

// ---- through all of it

static bool wait_until_heard(const service *s, double samples) {
    const double until = service_clock() + 30.0;
    while (!(service_metric(s, "samples_total") >= samples) && service_clock() < until) {
        service_pause(0.05);
    }
    return service_metric(s, "samples_total") >= samples;
}

static bool wait_connected(const service *s) {
    const double until = service_clock() + 10.0;
    const char *body = "";
    do {
        service_pause(0.05);
        service_get(s, "/readyz", &body);
    } while ((body[0] == '\0' || strstr(body, "not connected") != NULL) && service_clock() < until);
    return strstr(body, "not connected") == NULL;
}

static void replay_and_compare(const char *csv) {
    static table in;
    mosquitto_server broker;
    service s;
    char plant[1024];
    char history[SERVICE_PATH_SIZE + 16];
    char out[SERVICE_PATH_SIZE + 64];
    if (!read_table(csv, &in) || !mosquitto_start(&broker, NULL)) {
        return;
    }
    snprintf(plant, sizeof plant, form, broker.url);
    if (service_begin_text(&s, plant) && service_run(&s) && wait_connected(&s)) {
        const char *const replay[] = {"line",    "replay", csv,       broker.url,
                                      "--group", "tep",    "--node",  "reactor",
                                      "--every", "3min",   "--start", "2026-01-05T06:00",
                                      "--speed", "max",    NULL};
        CHECK(service_ask(replay) != NULL);
        CHECK(wait_until_heard(&s, (double)in.rows * COLUMNS));
        const char *body;
        service_get(&s, "/metrics", &body);
        CHECK_CONTAINS(body, "\nlineshaft_source_missing_total{source=\"sparkplug\"} 0\n");
        CHECK_INT(service_stop(&s.run, 20.0), 0);
        snprintf(history, sizeof history, "%s/history", s.data);
        snprintf(out, sizeof out, "%s", service_file(&s, "out.csv"));
        const char *const export[] = {"history", "export", history,       "tep/reactor/X*",
                                      "-o",      out,      "--raw-times", NULL};
        CHECK(service_ask(export) != NULL);
        check_export(out, &in, 1767571200 + 6 * 3600);
    }
    service_end(&s);
    mosquitto_stop(&broker);
}

static void test_two_hundred_rows_come_out_as_they_went_in(void) {
    char csv[SERVICE_PATH_SIZE];
    snprintf(csv, sizeof csv, "%s", harness_source_path("tests/data/tep/d00_te.csv"));
    replay_and_compare(csv);
}

// All 960 rows, where the whole data set is at hand: blanks become commas under a header.
static bool make_csv(const char *csv) {
    char command[2048];
    const char *data = harness_data_dir();
    if (data == NULL) {
        return false;
    }
    snprintf(command, sizeof command,
             "{ head -n 1 '%s'; { cat '%s/tep/d00_te.dat' 2>/dev/null || xz -dc "
             "'%s/tep/tep-braatz-dat.tar.xz' | tar -xO --wildcards '*d00_te.dat'; } | "
             "awk '{$1=$1; gsub(/ /, \",\"); print}'; } > '%s' && test $(wc -l < '%s') -gt 900",
             harness_source_path("tests/data/tep/d00_te.csv"), data, data, csv, csv);
    return system(command) == 0;
}

static void test_the_whole_recording_comes_out_as_it_went_in(void) {
    char folder[] = "/tmp/ls-tep-XXXXXX";
    char csv[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(csv, sizeof csv, "%s/whole.csv", folder);
    if (make_csv(csv)) {
        replay_and_compare(csv);
    } else {
        harness_skip("the whole Tennessee Eastman data set is not here (LINESHAFT_DATA)");
    }
    unlink(csv);
    rmdir(folder);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_two_hundred_rows_come_out_as_they_went_in);
    TEST(test_the_whole_recording_comes_out_as_it_went_in);
    return harness_report();
}
