#include "process/testing/recorded.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static bool read_row(char *line, recorded_row *row) {
    char *at = strchr(line, ',');
    if (at == NULL || (size_t)(at - line) >= sizeof row->set) {
        return false;
    }
    *at++ = '\0';
    snprintf(row->set, sizeof row->set, "%s", line);
    row->idv = (int)strtol(at, &at, 10);
    row->from_s = strtol(at + 1, &at, 10);
    row->seed = strtoll(at + 1, &at, 10);
    row->at_s = strtol(at + 1, &at, 10);
    int count = 0;
    while (*at == ',' && count < RECORDED_COLUMNS) {
        row->value[count++] = strtod(at + 1, &at);
    }
    return count == RECORDED_COLUMNS;
}

int recorded_load(recorded_row *rows) {
    char *text = harness_read_file(harness_source_path("tests/data/tep/recorded.csv"), NULL);
    CHECK(text != NULL);
    char *rest = NULL;
    int count = 0;
    char *line = text == NULL ? NULL : strtok_r(text, "\n", &rest);  // the header
    while (line != NULL && (line = strtok_r(NULL, "\n", &rest)) != NULL && count < RECORDED_MAX) {
        CHECK(read_row(line, &rows[count]));
        count++;
    }
    free(text);
    return count;
}
