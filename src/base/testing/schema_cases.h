// schema_cases.h - for tests: a table of keys itself, and every key of it given wrong, missing,
// doubled, out of range: the cases are made from the table, on a file that says every key.
#pragma once

#include "base/schema.h"
#include "base/status.h"

typedef struct schema_cases {
    const ls_schema *schema;
    const char *every_key;  // path of the file
    const char *golden;     // path of what is said to all the mistakes
    // Reads such a file; adds its mistakes; true when there are none.
    bool (*read)(const char *text, size_t size, ls_errors *errors);
    ls_status (*check_spans)(const char *text,
                             ls_error *err);  // NULL: the table has no LS_KEY_SPANS
} schema_cases;

void schema_cases_use(const schema_cases *of);  // before the tests below

void schema_cases_rows_stand_depth_first(void);
void schema_cases_defaults_are_good_values(void);
void schema_cases_the_unchanged_file_is_right(void);
void schema_cases_every_key_given_wrong_is_refused(void);
