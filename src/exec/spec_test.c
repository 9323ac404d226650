// spec_test.c - jobs as bytes, files of a run, logs: there and back, cut anywhere, without memory.
#include "exec/spec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/log_file.h"
#include "exec/nvml.h"
#include "exec/run_files.h"
#include "exec/service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

static const char *const argv_of[] = {"train", "--lr", "", NULL};
static const char *const env_of[] = {"A=1", "B=", NULL};
static const uint64_t after_of[] = {3, UINT64_MAX};
static const ls_exec_job full = {.name = "n",
                                 .account = "a.b",
                                 .user = "u",
                                 .uid = 1000,
                                 .gid = 1001,
                                 .argv = argv_of,
                                 .env = env_of,
                                 .folder = "/x",
                                 .has_priority = true,
                                 .priority = -7,
                                 .deadline_us = 77,
                                 .spot = true,
                                 .elastic = 3,
                                 .busy = 70,
                                 .leader = 1234567,
                                 .leader_run = 2,
                                 .limit_us = INT64_MAX,
                                 .grace_us = 5,
                                 .checkpoint_every_us = 6,
                                 .saves = true,
                                 .restartable = true,
                                 .stop_signal = 10,
                                 .stop_argv = argv_of,
                                 .array = 9,
                                 .after = after_of,
                                 .after_count = 2,
                                 .processes = 77,
                                 .log_bytes_max = UINT64_MAX,
                                 .split_log = true,
                                 .shape = {.parts = 2,
                                           .gpus = 3,
                                           .cpu_milli = 4,
                                           .memory_mib = 5,
                                           .gpu_mib = 6,
                                           .kinds = 7,
                                           .sites = UINT64_MAX,
                                           .within = LS_POOL_RACK,
                                           .must = true,
                                           .spread = true}};

static void test_a_job_goes_there_and_back(void) {
    ls_writer bytes = {0};
    ls_writer again = {0};
    ls_arena arena;
    ls_arena_init(&arena);
    ls_exec_job *job = NULL;
    ls_exec_spec_write(&bytes, &full);
    CHECK_INT(ls_exec_spec_read(bytes.bytes, bytes.size, &arena, &job, NULL), LS_OK);
    CHECK_STR(job->argv[2], "");
    CHECK(job->argv[3] == NULL);
    CHECK_STR(job->env[1], "B=");
    CHECK_INT(job->priority, -7);
    CHECK_INT(job->after[1], UINT64_MAX);
    CHECK_INT(job->shape.sites, UINT64_MAX);
    CHECK_INT(job->shape.within, LS_POOL_RACK);
    CHECK(job->saves && job->restartable && job->split_log && job->shape.must && job->shape.spread);
    ls_exec_spec_write(&again, job);
    CHECK_INT(again.size, bytes.size);
    CHECK_BYTES(again.bytes, bytes.bytes, bytes.size);
    ls_writer_clear(&bytes);
    ls_writer_clear(&again);
    ls_arena_clear(&arena);
}

static void test_a_job_cut_anywhere_is_refused_and_so_is_one_too_long(void) {
    ls_writer bytes = {0};
    ls_exec_spec_write(&bytes, &full);
    ls_write_byte(&bytes, 0);
    for (size_t size = 0; size <= bytes.size; size++) {
        ls_arena arena;
        ls_arena_init(&arena);
        ls_exec_job *job = NULL;
        ls_error err = {0};
        const ls_status status = ls_exec_spec_read(bytes.bytes, size, &arena, &job, &err);
        CHECK_INT(status, size + 1 == bytes.size ? LS_OK : LS_ERR_INVALID);
        CHECK_INT(err.text[0] != '\0', status != LS_OK);
        ls_arena_clear(&arena);
    }
    bytes.bytes[0] = 77;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_exec_job *job = NULL;
    ls_error err = {0};
    CHECK_INT(ls_exec_spec_read(bytes.bytes, bytes.size, &arena, &job, &err), LS_ERR_VERSION);
    CHECK_STR(err.text, "a job in format 77; this version reads 1");
    ls_arena_clear(&arena);
    ls_writer_clear(&bytes);
}

static void test_a_job_without_memory_is_refused_and_not_half_read(void) {
    ls_writer bytes = {0};
    ls_exec_spec_write(&bytes, &full);
    ls_status status = LS_ERR_MEMORY;
    for (int64_t count = 0; status == LS_ERR_MEMORY && count < 100; count++) {
        ls_arena arena;
        ls_arena_init(&arena);
        ls_exec_job *job = NULL;
        ls_alloc_fail_after(count);
        status = ls_exec_spec_read(bytes.bytes, bytes.size, &arena, &job, NULL);
        ls_alloc_fail_after(-1);
        CHECK(count > 0 || status == LS_ERR_MEMORY);
        CHECK_INT(job != NULL, status == LS_OK);
        ls_arena_clear(&arena);
    }
    CHECK_INT(status, LS_OK);
    ls_writer_clear(&bytes);
}

static void test_files_of_a_run_are_claimed_once(void) {
    char path[] = "/tmp/ls-run-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    const int folder = open(path, O_RDONLY | O_DIRECTORY);
    ls_run_claim claim = {
        .shim = {.pid = 7, .start = 8}, .command = {.pid = 9, .start = UINT64_MAX}, .boot = "b-1"};
    const ls_run_claim forbidden = {.forbidden = true};
    ls_run_claim read;
    CHECK(!ls_run_claim_read(folder, 1, &read));
    CHECK_INT(ls_run_claim_make(folder, 1, &claim), 0);
    CHECK(ls_run_claim_make(folder, 1, &forbidden) != 0);
    CHECK(ls_run_claim_read(folder, 1, &read));
    CHECK(!read.forbidden);
    CHECK_INT(read.shim.pid, 7);
    CHECK_INT(read.command.start, UINT64_MAX);
    CHECK_STR(read.boot, "b-1");
    CHECK_INT(ls_run_claim_make(folder, 2, &forbidden), 0);
    CHECK(ls_run_claim_make(folder, 2, &claim) != 0);
    CHECK(ls_run_claim_read(folder, 2, &read) && read.forbidden);
    ls_run_end end = {.job = 5,
                      .run = 1,
                      .how = LS_RUN_SIGNALLED,
                      .code = 9,
                      .asked = true,
                      .ended_us = 123,
                      .note = "two\nlines"};
    ls_run_end back;
    CHECK(!ls_run_end_read(folder, 5, 1, &back));
    CHECK_INT(ls_run_end_make(folder, &end), 0);
    CHECK(ls_run_end_read(folder, 5, 1, &back));
    CHECK_INT(back.how, LS_RUN_SIGNALLED);
    CHECK_INT(back.code, 9);
    CHECK(back.asked && !back.timed_out);
    CHECK_STR(back.note, "two?lines");
    static const char *const bad[] = {"", "exited", "exited 0 asked 0 timed-out 0 at 5 note",
                                      "flew 0 asked 0 timed-out 0 at 5 note x\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!ls_run_end_parse(bad[i], &back));
        CHECK(!ls_run_claim_parse(bad[i], &read));
    }
    close(folder);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", path);
    CHECK_INT(system(command), 0);
}

// The guardian is root's, who reads what it left is the user that listens.
static void test_files_of_a_run_belong_to_whom_its_folder_belongs_to(void) {
    enum { NOBODY = 65534 };
    if (geteuid() != 0) {
        harness_skip("only root makes files for others");
        return;
    }
    char path[] = "/tmp/ls-run-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    const int folder = open(path, O_RDONLY | O_DIRECTORY);
    CHECK_INT(fchown(folder, NOBODY, NOBODY), 0);
    const ls_run_claim claim = {
        .shim = {.pid = 7, .start = 8}, .command = {.pid = 9, .start = 10}, .boot = "b-1"};
    CHECK_INT(ls_run_claim_make(folder, 1, &claim), 0);
    CHECK_INT(ls_run_claim_make(folder, 2, &claim), 0);
    CHECK_INT(fchownat(folder, "claim.2", 0, 0, 0), 0);
    CHECK_INT(fchmodat(folder, "claim.2", 0600, 0), 0);
    const ls_run_end end = {.job = 5, .run = 1, .how = LS_RUN_EXITED, .note = "n"};
    CHECK_INT(ls_run_end_make(folder, &end), 0);
    CHECK_INT(seteuid(NOBODY), 0);
    ls_run_claim read = {.forbidden = true};
    ls_run_end back;
    CHECK(ls_run_claim_read(folder, 1, &read));
    CHECK_INT(read.shim.pid, 7);
    CHECK(ls_run_end_read(folder, 5, 1, &back));
    // One that it cannot read was begun all the same: it is not begun again.
    read.forbidden = true;
    CHECK(ls_run_claim_read(folder, 2, &read));
    CHECK(!read.forbidden);
    CHECK_INT(seteuid(0), 0);
    close(folder);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", path);
    CHECK_INT(system(command), 0);
}

static void test_a_log_keeps_its_last_part_and_is_read_from_anywhere(void) {
    char path[] = "/tmp/ls-log-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    const int folder = open(path, O_RDONLY | O_DIRECTORY);
    ls_log_writer log;
    ls_log_writer_init(&log, folder, "out.1", 8192);
    char line[16];
    uint64_t all = 0;
    for (int i = 0; i < 10000; i++) {
        const int size = snprintf(line, sizeof line, "%07d\n", i);
        ls_log_write(&log, line, (size_t)size);
        all += (uint64_t)size;
        CHECK_INT(ls_log_size(folder, "out.1"), all);
        if (i % 997 == 0 || i == 9999) {
            uint64_t offset = 0;
            size_t got = 0;
            CHECK_INT(ls_log_read(folder, "out.1", &offset, line, 8, &got, NULL), LS_OK);
            CHECK_INT(got, 8);
            line[7] = '\0';
            // What is first is a whole line, since segments are of whole lines here; at its place.
            CHECK_INT(strtoll(line, NULL, 10), (int64_t)(offset / 8 - 1));
            CHECK(all - (offset - 8) <= 8192);
        }
    }
    CHECK_INT(log.dropped, 0);
    ls_log_writer_close(&log);
    uint64_t offset = all + 100;
    size_t got = 1;
    CHECK_INT(ls_log_read(folder, "out.1", &offset, line, 8, &got, NULL), LS_OK);
    CHECK_INT(got, 0);
    close(folder);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", path);
    CHECK_INT(system(command), 0);
}

static void test_a_pool_of_this_machine_can_be_read(void) {
    ls_buffer text;
    ls_buffer note;
    ls_buffer_init(&text);
    ls_buffer_init(&note);
    ls_nvml_use("/no/such/library.so");
    CHECK_INT(ls_exec_this_machine(&text, &note), LS_OK);
    ls_nvml_use(NULL);
    ls_pool *pool = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text.data, text.size, "here", NULL, &pool, &errors), LS_OK);
    CHECK_INT((int64_t)pool->gpus, sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(pool->kinds[0].is_slots);
    CHECK_CONTAINS(note.data, "CPU slots, one for each processor: no NVIDIA driver is here");
    ls_pool_destroy(pool);
    ls_errors_clear(&errors);
    ls_buffer_clear(&text);
    ls_buffer_clear(&note);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_goes_there_and_back);
    TEST(test_a_job_cut_anywhere_is_refused_and_so_is_one_too_long);
    TEST(test_a_job_without_memory_is_refused_and_not_half_read);
    TEST(test_files_of_a_run_are_claimed_once);
    TEST(test_files_of_a_run_belong_to_whom_its_folder_belongs_to);
    TEST(test_a_log_keeps_its_last_part_and_is_read_from_anywhere);
    TEST(test_a_pool_of_this_machine_can_be_read);
    return harness_report();
}
