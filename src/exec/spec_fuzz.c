// spec_fuzz.c - hostile bytes as a job: read, or refused with a word why; what is read is written
// to what reads the same again.
#include <stdint.h>
#include <stdlib.h>

#include "exec/run_files.h"
#include "exec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_job(const uint8_t *data, size_t size) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_exec_job *job = NULL;
    ls_error err = {0};
    const ls_status status = ls_exec_spec_read(data, size, &arena, &job, &err);
    if (status == LS_OK) {
        ls_writer once = {0};
        ls_writer twice = {0};
        ls_exec_job *again = NULL;
        ls_exec_spec_write(&once, job);
        if (ls_exec_spec_read(once.bytes, once.size, &arena, &again, &err) == LS_OK) {
            ls_exec_spec_write(&twice, again);
            if (twice.size != once.size || memcmp(twice.bytes, once.bytes, once.size) != 0) {
                abort();
            }
        } else if (once.size <= LS_EXEC_SPEC_SIZE_MAX) {
            abort();
        }
        ls_writer_clear(&once);
        ls_writer_clear(&twice);
    } else if (err.text[0] == '\0') {
        abort();
    }
    ls_arena_clear(&arena);
}

static void as_files(const uint8_t *data, size_t size) {
    char text[LS_RUN_FILE_SIZE_MAX];
    const size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = '\0';
    ls_run_claim claim;
    ls_run_end end;
    int64_t until_us = 0;
    if (text[0] != '\0') {
        ls_run_claim_parse(text, &claim);
        ls_run_end_parse(text, &end);
        ls_run_stop_parse(text, &until_us);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    as_job(data, size);
    as_files(data, size);
    return 0;
}
