// ask_fuzz.c - hostile lines at the pool's socket: read as a question, and as a job where they ask
// to submit one, or refused with a word why; what is read lets itself be written down.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exec/ask.h"
#include "exec/spec.h"
#include "exec/submit.h"
#include "pool/pool_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pool_text[] =
    "pool: p\n"
    "racks: {count: 2, nodes: {count: 2, kind: dgx-h100}}\n"
    "nodes: {name: box, slots: 8}\n"
    "accounts: {line: {guarantee: 4}, people: {limit: 6, accounts: {one: {}, two: {}}}}\n";

static const ls_pool *the_pool(void) {
    static ls_pool *pool;
    if (pool == NULL) {
        ls_errors errors;
        ls_errors_init(&errors);
        if (ls_pool_read(pool_text, strlen(pool_text), "p", NULL, &pool, &errors) != LS_OK) {
            abort();
        }
        ls_errors_clear(&errors);
    }
    return pool;
}

static void as_job(const json_t *object) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_submit asked;
    ls_error err = {0};
    const ls_status status = ls_submit_read(object, the_pool(), &arena, &asked, &err);
    if (status == LS_OK) {
        ls_writer bytes = {0};
        ls_exec_spec_write(&bytes, &asked.job);
        ls_writer_clear(&bytes);
    } else if (err.text[0] == '\0') {
        abort();
    }
    ls_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_ask ask = {0};
    ls_error err = {0};
    const ls_status status = ls_ask_read((const char *)data, size, &ask, &err);
    if (status != LS_OK && err.text[0] == '\0') {
        abort();
    }
    if (status == LS_OK && ask.kind == LS_ASK_SUBMIT) {
        as_job(ask.object);
    }
    ls_ask_clear(&ask);
    return 0;
}
