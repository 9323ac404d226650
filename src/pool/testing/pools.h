// pools.h - what the tests of pool files share: pools read from text, with tables beside them.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pool_file.h"
#include "tests/harness.h"

// One table that pool files of tests may name, "accounts.csv".
typedef struct test_table {
    const char *text;
} test_table;

static inline ls_status test_load_table(void *context, const char *name, const char **out,
                                        size_t *out_size, ls_error *err) {
    const test_table *table = context;
    if (table->text == NULL || strcmp(name, "accounts.csv") != 0) {
        return ls_fail(err, LS_ERR_IO, "it is not there");
    }
    *out = table->text;
    *out_size = strlen(table->text);
    return LS_OK;
}

static inline ls_pool *test_read_pool(const char *text, size_t size, const char *table,
                                      ls_errors *errors) {
    test_table beside = {.text = table};
    const ls_form_files files = {.load = test_load_table, .context = &beside};
    ls_pool *pool = NULL;
    const ls_status status = ls_pool_read(text, size, "pool.yaml", &files, &pool, errors);
    CHECK((status == LS_OK) == (pool != NULL));
    CHECK((status == LS_OK) == (errors->total == 0));
    return pool;
}

// A pool that is right; a mistake is printed and the check fails.
static inline ls_pool *test_good_pool(const char *text, const char *table) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = test_read_pool(text, strlen(text), table, &errors);
    for (size_t i = 0; i < errors.count; i++) {
        CHECK_STR(errors.items[i].text, "");
    }
    CHECK(pool != NULL);
    ls_errors_clear(&errors);
    return pool;
}

// A pool with one mistake, at this place, whose text and hint contain these.
static inline void test_bad_pool(const char *text, const char *table, int line, int column,
                                 const char *reason, const char *hint) {
    ls_errors errors;
    ls_errors_init(&errors);
    harness_note("%s", text);
    ls_pool *pool = test_read_pool(text, strlen(text), table, &errors);
    CHECK(pool == NULL);
    CHECK_INT(errors.total, 1);
    if (errors.count > 0) {
        CHECK_CONTAINS(errors.items[0].text, reason);
        CHECK_CONTAINS(errors.items[0].hint, hint);
        CHECK_INT(errors.items[0].line, line);
        CHECK_INT(errors.items[0].column, column);
    }
    ls_errors_clear(&errors);
    ls_pool_destroy(pool);
}
