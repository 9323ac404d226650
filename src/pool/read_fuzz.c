// read_fuzz.c - any bytes as a pool file: no crash, no leak, and what is read can be told back and
// read again. Behind a line `%%%` stands the table of accounts.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "pool/pool_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MOST = 20000 };

typedef struct table {
    const char *text;
    size_t size;
} table;

static ls_status load(void *context, const char *name, const char **out, size_t *out_size,
                      ls_error *err) {
    const table *t = context;
    (void)name;
    if (t->text == NULL) {
        return ls_fail(err, LS_ERR_IO, "it is not there");
    }
    *out = t->text;
    *out_size = t->size;
    return LS_OK;
}

static void check_again(const ls_pool *pool) {
    ls_buffer text;
    ls_errors errors;
    ls_pool *again = NULL;
    ls_buffer_init(&text);
    ls_errors_init(&errors);
    assert(ls_pool_explain(pool, &text) == LS_OK);
    const ls_status back = ls_pool_read(text.data, text.size, "effective.yaml", NULL, &again,
                                        &errors);
    assert(back == LS_OK);
    assert(again->cluster.gpus == pool->cluster.gpus);
    assert(again->account_count == pool->account_count);
    ls_pool_destroy(again);
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    (void)back;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char mark[] = "\n%%%\n";
    const char *text = (const char *)data;
    const char *split = size > 0 ? memmem(text, size, mark, strlen(mark)) : NULL;
    const size_t length = split != NULL ? (size_t)(split - text) + 1 : size;
    table beside = {.text = split != NULL ? split + strlen(mark) : NULL,
                    .size = split != NULL ? size - length - strlen(mark) + 1 : 0};
    const ls_form_files files = {.load = load, .context = &beside};
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = NULL;
    (void)ls_pool_file_is(text, length);
    const ls_status status = ls_pool_read(text, length, "pool.yaml", &files, &pool, &errors);
    assert((status == LS_OK) == (pool != NULL));
    assert((status == LS_OK) == (errors.total == 0));
    if (pool != NULL) {
        ls_errors notes;
        ls_errors_init(&notes);
        ls_pool_notes(pool, &notes);
        ls_errors_clear(&notes);
        if (pool->cluster.node_count < NODES_MOST) {
            check_again(pool);
        }
    }
    ls_pool_destroy(pool);
    ls_errors_clear(&errors);
    return 0;
}
