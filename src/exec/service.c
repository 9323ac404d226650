// service.c - see service.h. Not filled in yet: every call says so.
#include "exec/service.h"

static ls_status not_yet(ls_error *err) {
    return ls_fail(err, LS_ERR_LIMIT, "running jobs here is not there yet");
}

ls_status ls_exec_helper_start(const ls_exec_helper_def *def, ls_exec_helper **out, ls_error *err) {
    (void)def;
    *out = NULL;
    return not_yet(err);
}

void ls_exec_helper_stop(ls_exec_helper *helper) {
    (void)helper;
}

ls_status ls_exec_open(const ls_exec_def *def, ls_exec **out, ls_error *err) {
    (void)def;
    *out = NULL;
    return not_yet(err);
}

void ls_exec_close(ls_exec *exec) {
    (void)exec;
}

int ls_exec_fd(const ls_exec *exec) {
    (void)exec;
    return -1;
}

int64_t ls_exec_wait_us(const ls_exec *exec) {
    (void)exec;
    return INT64_MAX;
}

ls_status ls_exec_step(ls_exec *exec, ls_error *err) {
    (void)exec;
    return not_yet(err);
}

int64_t ls_exec_now_us(const ls_exec *exec) {
    (void)exec;
    return 0;
}

const ls_pool *ls_exec_pool(const ls_exec *exec) {
    (void)exec;
    return NULL;
}

bool ls_exec_isolates(const ls_exec *exec) {
    (void)exec;
    return false;
}

bool ls_exec_has_cgroups(const ls_exec *exec, const char **out_why) {
    (void)exec;
    if (out_why != NULL) {
        *out_why = "";
    }
    return false;
}

const char *ls_exec_state_word(ls_exec_state state) {
    static const char *const words[] = {"held", "waiting", "starting",  "running",   "stopping",
                                        "done", "failed",  "cancelled", "timed-out", "lost"};
    return (unsigned)state < LS_EXEC_STATE_COUNT ? words[state] : "";
}

ls_status ls_exec_submit(ls_exec *exec, const ls_exec_job *job, uint64_t *out_first,
                         ls_error *err) {
    (void)exec;
    (void)job;
    *out_first = 0;
    return not_yet(err);
}

ls_status ls_exec_cancel(ls_exec *exec, uint64_t id, ls_error *err) {
    (void)exec;
    (void)id;
    return not_yet(err);
}

bool ls_exec_get(const ls_exec *exec, uint64_t id, ls_exec_view *out) {
    (void)exec;
    (void)id;
    (void)out;
    return false;
}

bool ls_exec_next(const ls_exec *exec, uint64_t after, uint32_t states, uint32_t account,
                  ls_exec_view *out) {
    (void)exec;
    (void)after;
    (void)states;
    (void)account;
    (void)out;
    return false;
}

void ls_exec_counts(const ls_exec *exec, uint64_t out[LS_EXEC_STATE_COUNT]) {
    (void)exec;
    for (uint32_t i = 0; i < LS_EXEC_STATE_COUNT; i++) {
        out[i] = 0;
    }
}

ls_status ls_exec_why(ls_exec *exec, uint64_t id, ls_exec_answer *out, ls_error *err) {
    (void)exec;
    (void)id;
    *out = (ls_exec_answer){0};
    return not_yet(err);
}

ls_status ls_exec_usage_each(ls_exec *exec, int64_t from_day, int64_t to_day,
                             bool (*visit)(void *context, const ls_exec_usage *usage,
                                           const ls_meter_pool *pool),
                             void *context, ls_error *err) {
    (void)exec;
    (void)from_day;
    (void)to_day;
    (void)visit;
    (void)context;
    return not_yet(err);
}

const ls_shares *ls_exec_shares(const ls_exec *exec) {
    (void)exec;
    return NULL;
}

const ls_occupancy *ls_exec_occupancy(const ls_exec *exec) {
    (void)exec;
    return NULL;
}

ls_status ls_exec_log_read(const ls_exec *exec, uint64_t id, uint32_t run, ls_exec_stream stream,
                           uint64_t *offset, char *out, size_t size, size_t *out_read,
                           ls_error *err) {
    (void)exec;
    (void)id;
    (void)run;
    (void)stream;
    (void)offset;
    (void)out;
    (void)size;
    *out_read = 0;
    return not_yet(err);
}

uint64_t ls_exec_log_size(const ls_exec *exec, uint64_t id, uint32_t run, ls_exec_stream stream) {
    (void)exec;
    (void)id;
    (void)run;
    (void)stream;
    return 0;
}

bool ls_exec_log_folder(const ls_exec *exec, uint64_t id, char *out, size_t size) {
    (void)exec;
    (void)id;
    (void)out;
    (void)size;
    return false;
}

ls_status ls_exec_this_machine(ls_buffer *out, ls_buffer *out_note) {
    (void)out;
    (void)out_note;
    return LS_OK;
}
