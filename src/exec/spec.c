// spec.c - see spec.h.
#include "exec/spec.h"

enum { FORMAT = 1 };

static void put_text(ls_writer *out, const char *text) {
    const size_t length = text != NULL ? strlen(text) : 0;
    ls_write_varint(out, text != NULL ? length + 1 : 0);
    ls_write_bytes(out, text, length);
}

static void put_list(ls_writer *out, const char *const *list) {
    uint32_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    ls_write_varint(out, list != NULL ? (uint64_t)count + 1 : 0);
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, list[i]);
    }
}

static void put_signed(ls_writer *out, int64_t value) {
    ls_write_varint(out, ls_zigzag(value));
}

void ls_exec_spec_write(ls_writer *out, const ls_exec_job *job) {
    ls_write_byte(out, FORMAT);
    put_text(out, job->name);
    put_text(out, job->account);
    put_text(out, job->user);
    ls_write_varint(out, job->uid);
    ls_write_varint(out, job->gid);
    put_list(out, job->argv);
    put_list(out, job->env);
    put_text(out, job->folder);
    const ls_shape *s = &job->shape;
    const uint32_t numbers[] = {s->parts,      s->gpus,    s->milli, s->cpu_milli,
                                s->memory_mib, s->gpu_mib, s->kinds, (uint32_t)s->within};
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ls_write_varint(out, numbers[i]);
    }
    ls_write_varint(out, s->sites);
    const uint32_t flags = (uint32_t)s->must | (uint32_t)s->spread << 1 |
                           (uint32_t)job->has_priority << 2 | (uint32_t)job->saves << 3 |
                           (uint32_t)job->restartable << 4 | (uint32_t)job->split_log << 5 |
                           (uint32_t)(job->once != NULL) << 6 |
                           (uint32_t)(job->deadline_us > 0) << 7 | (uint32_t)job->spot << 8 |
                           (uint32_t)(job->elastic > 0) << 9 | (uint32_t)(job->leader > 0) << 10 |
                           (uint32_t)(job->processes > 0) << 11 | (uint32_t)(job->busy > 0) << 12;
    ls_write_varint(out, flags);
    put_signed(out, job->priority);
    put_signed(out, job->limit_us);
    put_signed(out, job->grace_us);
    put_signed(out, job->checkpoint_every_us);
    put_signed(out, job->stop_signal);
    put_list(out, job->stop_argv);
    ls_write_varint(out, job->array);
    ls_write_varint(out, job->after_count);
    for (uint32_t i = 0; i < job->after_count; i++) {
        ls_write_varint(out, job->after[i]);
    }
    ls_write_varint(out, job->log_bytes_max);
    if (job->once != NULL) {
        put_text(out, job->once);
    }
    if (job->deadline_us > 0) {
        put_signed(out, job->deadline_us);
    }
    if (job->elastic > 0) {
        ls_write_varint(out, job->elastic);
    }
    if (job->leader > 0) {
        ls_write_varint(out, job->leader);
        ls_write_varint(out, job->leader_run);
    }
    if (job->processes > 0) {
        ls_write_varint(out, job->processes);
    }
    if (job->busy > 0) {
        ls_write_varint(out, job->busy);
    }
}

// ---- reading

typedef struct source {
    ls_reader in;
    ls_arena *arena;
    const char *wrong;  // the first thing that is
    bool memory;
} source;

static void *take(source *s, size_t size) {
    void *p = ls_arena_alloc(s->arena, size);
    s->memory |= p == NULL;
    return p;
}

static void complain(source *s, const char *what) {
    s->wrong = s->wrong != NULL ? s->wrong : what;
}

static const char *get_text(source *s) {
    const uint64_t mark = ls_read_varint(&s->in);
    if (mark == 0 || s->in.failed) {
        return NULL;
    }
    const uint8_t *bytes = ls_read_bytes(&s->in, mark - 1);
    if (bytes == NULL) {
        return NULL;
    }
    if (memchr(bytes, '\0', mark - 1) != NULL) {
        complain(s, "a text with a zero byte");
        return NULL;
    }
    char *text = take(s, mark);
    if (text != NULL) {
        memcpy(text, bytes, mark - 1);
    }
    return text;
}

static const char *const *get_list(source *s, uint32_t most, const char *too_many) {
    const uint64_t mark = ls_read_varint(&s->in);
    if (mark == 0 || s->in.failed) {
        return NULL;
    }
    if (mark - 1 > most || mark - 1 > ls_reader_left(&s->in)) {
        complain(s, too_many);
        return NULL;
    }
    const char **list = take(s, mark * sizeof *list);
    for (uint64_t i = 0; list != NULL && i + 1 < mark && !s->in.failed; i++) {
        list[i] = get_text(s);
        if (list[i] == NULL) {
            complain(s, "a missing text in a list");
            return NULL;
        }
    }
    return list;
}

static uint32_t get_u32(source *s) {
    const uint64_t value = ls_read_varint(&s->in);
    if (value > UINT32_MAX) {
        complain(s, "a number beyond 32 bits");
    }
    return (uint32_t)value;
}

static int64_t get_signed(source *s) {
    return ls_unzigzag(ls_read_varint(&s->in));
}

static int32_t get_i32(source *s) {
    const int64_t value = get_signed(s);
    if (value < INT32_MIN || value > INT32_MAX) {
        complain(s, "a number beyond 32 bits");
        return 0;
    }
    return (int32_t)value;
}

static void get_shape(source *s, ls_shape *shape) {
    uint32_t *const fields[] = {&shape->parts,     &shape->gpus,       &shape->milli,
                                &shape->cpu_milli, &shape->memory_mib, &shape->gpu_mib,
                                &shape->kinds};
    for (uint32_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        *fields[i] = get_u32(s);
    }
    const uint32_t within = get_u32(s);
    if (within > LS_POOL_NODE) {
        complain(s, "an unknown level");
        return;
    }
    shape->within = (ls_pool_level)within;
    shape->sites = ls_read_varint(&s->in);
}

static void get_after(source *s, ls_exec_job *job) {
    job->after_count = get_u32(s);
    if (job->after_count > LS_EXEC_AFTER_MAX || job->after_count > ls_reader_left(&s->in)) {
        complain(s, "too many jobs to wait for");
        job->after_count = 0;
        return;
    }
    uint64_t *after = take(s, (job->after_count + 1) * sizeof *after);
    for (uint32_t i = 0; after != NULL && i < job->after_count; i++) {
        after[i] = ls_read_varint(&s->in);
    }
    job->after = after;
}

static void get_job(source *s, ls_exec_job *job) {
    job->name = get_text(s);
    job->account = get_text(s);
    job->user = get_text(s);
    job->uid = get_u32(s);
    job->gid = get_u32(s);
    job->argv = get_list(s, LS_EXEC_ARGS_MAX, "too many arguments");
    job->env = get_list(s, LS_EXEC_ENV_MAX, "too many variables");
    job->folder = get_text(s);
    get_shape(s, &job->shape);
    const uint32_t flags = get_u32(s);
    if (flags > 8191) {
        complain(s, "unknown flags");
    }
    job->shape.must = (flags & 1) != 0;
    job->shape.spread = (flags & 2) != 0;
    job->has_priority = (flags & 4) != 0;
    job->saves = (flags & 8) != 0;
    job->restartable = (flags & 16) != 0;
    job->split_log = (flags & 32) != 0;
    job->spot = (flags & 256) != 0;
    job->priority = get_i32(s);
    job->limit_us = get_signed(s);
    job->grace_us = get_signed(s);
    job->checkpoint_every_us = get_signed(s);
    job->stop_signal = get_i32(s);
    job->stop_argv = get_list(s, LS_EXEC_ARGS_MAX, "too many arguments");
    job->array = get_u32(s);
    get_after(s, job);
    job->log_bytes_max = ls_read_varint(&s->in);
    job->once = (flags & 64) != 0 ? get_text(s) : NULL;
    job->deadline_us = (flags & 128) != 0 ? get_signed(s) : 0;
    if ((flags & 128) != 0 && job->deadline_us <= 0) {
        complain(s, "a deadline before it was submitted");
    }
    job->elastic = (flags & 512) != 0 ? get_u32(s) : 0;
    job->leader = (flags & 1024) != 0 ? ls_read_varint(&s->in) : 0;
    job->leader_run = (flags & 1024) != 0 ? get_u32(s) : 0;
    job->processes = (flags & 2048) != 0 ? get_u32(s) : 0;
    if ((flags & 2048) != 0 && (job->processes == 0 || job->processes > LS_EXEC_PROCESSES_MAX)) {
        complain(s, "a limit of processes that is none");
    }
    job->busy = (flags & 4096) != 0 ? get_u32(s) : 0;
    if ((flags & 4096) != 0 && (job->busy < 1 || job->busy > 100 || job->elastic == 0)) {
        complain(s, "a service that is to be busy beyond 1 to 100 %, or has no parts");
    }
    if (((flags & 512) != 0 && job->elastic == 0) || ((flags & 1024) != 0 && job->leader == 0)) {
        complain(s, "an elastic job without parts, or a part without a job");
    }
    if (job->argv == NULL || job->argv[0] == NULL) {
        complain(s, "no command");
    }
}

ls_status ls_exec_spec_read(const void *bytes, size_t size, ls_arena *arena, ls_exec_job **out,
                            ls_error *err) {
    *out = NULL;
    source s = {.in = ls_reader_of(bytes, size), .arena = arena};
    if (size > LS_EXEC_SPEC_SIZE_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "a job of %zu bytes; at most %d are read", size,
                       (int)LS_EXEC_SPEC_SIZE_MAX);
    }
    const uint8_t format = ls_read_byte(&s.in);
    if (!s.in.failed && format != FORMAT) {
        return ls_fail(err, LS_ERR_VERSION, "a job in format %u; this version reads %d", format,
                       FORMAT);
    }
    ls_exec_job *job = take(&s, sizeof *job);
    if (job != NULL) {
        get_job(&s, job);
    }
    if (s.memory) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a job");
    }
    if (s.in.failed || s.wrong != NULL) {
        return ls_fail(err, LS_ERR_INVALID, "a damaged job: %s",
                       s.in.failed ? "it is cut off" : s.wrong);
    }
    if (ls_reader_left(&s.in) > 0) {
        return ls_fail(err, LS_ERR_INVALID, "a damaged job: %zu bytes too many",
                       ls_reader_left(&s.in));
    }
    *out = job;
    return LS_OK;
}
