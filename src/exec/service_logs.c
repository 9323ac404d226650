// service_logs.c - what jobs wrote.
#include <stdio.h>
#include <unistd.h>

#include "exec/log_file.h"
#include "exec/run_files.h"
#include "exec/service_inside.h"

static int open_log(const ls_exec *e, uint64_t id, uint32_t *run, ls_exec_stream stream,
                    char name[LS_RUN_NAME_SIZE]) {
    const ls_entry *j = ls_exec_find(e, id);
    *run = *run == 0 && j != NULL ? j->runs : *run;
    if (j == NULL || *run == 0 || *run > j->runs) {
        return -1;
    }
    ls_run_file_name(name, stream == LS_EXEC_ERR ? "err" : "out", *run);
    return ls_machine_folder(e->machine, id, false);
}

ls_status ls_exec_log_read(const ls_exec *e, uint64_t id, uint32_t run, ls_exec_stream stream,
                           uint64_t *offset, char *out, size_t size, size_t *out_read,
                           ls_error *err) {
    const ls_entry *j = ls_exec_find(e, id);
    char name[LS_RUN_NAME_SIZE];
    *out_read = 0;
    if (j == NULL) {
        ls_fail(err, LS_ERR_INVALID, "there is no job %llu", (unsigned long long)id);
        ls_hint(err, "'lineshaft pool jobs' lists those there are");
        return LS_ERR_INVALID;
    }
    if (run > j->runs) {
        return ls_fail(err, LS_ERR_INVALID, "job %llu has no run %u; it was started %u times",
                       (unsigned long long)id, run, j->runs);
    }
    const int folder = open_log(e, id, &run, stream, name);
    if (folder < 0) {
        return LS_OK;  // it has not been started, or written nothing
    }
    const ls_status status = ls_log_read(folder, name, offset, out, size, out_read, err);
    close(folder);
    return status;
}

uint64_t ls_exec_log_size(const ls_exec *e, uint64_t id, uint32_t run, ls_exec_stream stream) {
    char name[LS_RUN_NAME_SIZE];
    const int folder = open_log(e, id, &run, stream, name);
    if (folder < 0) {
        return 0;
    }
    const uint64_t size = ls_log_size(folder, name);
    close(folder);
    return size;
}

bool ls_exec_log_folder(const ls_exec *e, uint64_t id, char *out, size_t size) {
    return ls_exec_find(e, id) != NULL &&
           snprintf(out, size, "%s/jobs/%llu", e->def.folder, (unsigned long long)id) < (int)size;
}
