// service_test.c - real jobs on this machine: they start, write, end, are stopped and found again.
#include "exec/service.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/helper.h"
#include "exec/process.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

#define SH(script) ((const char *const[]){"sh", "-c", script, NULL})
#define SECOND INT64_C(1000000)

static void ignore_told(void *context, const ls_exec_event *event) {
    (void)context;
    (void)event;
}

static ls_exec_view view(const small_service *s, uint64_t id) {
    ls_exec_view v = {.id = 0};
    CHECK(ls_exec_get(s->exec, id, &v));
    return v;
}

static void test_a_job_runs_and_its_status_and_words_are_kept(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    ls_exec_job job = small_job(
        SH("echo $LINESHAFT_JOB $LINESHAFT_SLOTS \"$LINESHAFT_ACCOUNT\"; "
           "echo oops >&2; pwd; echo \"[$CUDA_VISIBLE_DEVICES]\""));
    const uint64_t a = small_submit(&s, &job);
    const uint64_t b = small_submit(
        &s, &(ls_exec_job){.argv = SH("exit 3"), .account = "main", .shape = {.gpus = 1}});
    CHECK_INT(a, 1);
    CHECK_INT(b, 2);
    CHECK(small_until(&s, a, LS_EXEC_DONE));
    CHECK(small_until(&s, b, LS_EXEC_FAILED));
    CHECK_INT(view(&s, b).exit_code, 3);
    CHECK_INT(view(&s, a).runs, 1);
    CHECK_STR(small_log(&s, a), "1 0 main\noops\n/tmp\n[]\n");
    CHECK_INT(s.told[LS_EXEC_SUBMITTED], 2);
    CHECK_INT(s.told[LS_EXEC_STARTED], 2);
    CHECK_INT(s.told[LS_EXEC_ENDED], 2);
    small_service_clear(&s);
}

static void test_a_command_that_is_not_there_fails_and_says_so(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    const char *const argv[] = {"no-such-command-here", NULL};
    const ls_exec_job job = small_job(argv);
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_FAILED));
    CHECK_STR(view(&s, id).note, "cannot start 'no-such-command-here': No such file or directory");
    ls_exec_job there = small_job(SH("true"));
    there.folder = "/no/such/folder";
    const uint64_t other = small_submit(&s, &there);
    CHECK(small_until(&s, other, LS_EXEC_FAILED));
    CHECK_STR(view(&s, other).note,
              "cannot go to the folder '/no/such/folder': No such file or directory");
    small_service_clear(&s);
}

static void test_what_fits_nowhere_says_what_else_it_asks_for(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, "  a: {}\n"));
    ls_error err = {0};
    uint64_t id = 0;
    const ls_exec_job job = {.argv = SH("true"),
                             .account = "a",
                             .shape = {.gpus = 1, .cpu_milli = 8000, .memory_mib = 65536000}};
    CHECK_INT(ls_exec_submit(s.exec, &job, &id, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "fit nowhere");
    CHECK_CONTAINS(err.hint, "8 processors and 64000 GiB of memory");
    small_service_clear(&s);
}

static void test_what_is_wrong_is_refused_with_what_would_be_right(void) {
    small_service s;
    CHECK(
        small_service_make(&s, 2, "  a: {priority-max: 200}\n  b: {accounts: {c: {limit: 1}}}\n"));
    const struct {
        ls_exec_job job;
        const char *text;
    } cases[] = {
        {{.argv = NULL, .account = "a", .shape = {.gpus = 1}}, "a job without a command"},
        {{.argv = SH("true"), .account = "", .shape = {.gpus = 1}},
         "jobs belong to accounts that have none below them; 'small' has, the first is the hint"},
        {{.argv = SH("true"), .account = "z", .shape = {.gpus = 1}}, "there is no account 'z'"},
        {{.argv = SH("true"), .account = "a", .shape = {.gpus = 3}},
         "1 x 3 CPU slots fit nowhere, even if the pool were empty"},
        {{.argv = SH("true"), .account = "b.c", .shape = {.gpus = 2}},
         "2 CPU slots are more than the limit of the account, or of one above it"},
        {{.argv = SH("true"), .account = "a"}, "a job that needs nothing"},
        {{.argv = SH("true"),
          .account = "a",
          .has_priority = true,
          .priority = 201,
          .shape = {.gpus = 1}},
         "priority 201 of a job of 'a'"},
        {{.argv = SH("true"), .account = "a", .folder = "tmp", .shape = {.gpus = 1}},
         "folder 'tmp' of a job"},
        {{.argv = SH("true"), .account = "a", .stop_signal = 9, .shape = {.gpus = 1}},
         "signal 9 to stop a job"},
        {{.argv = SH("true"),
          .account = "a",
          .env = (const char *const[]){"HOME", NULL},
          .shape = {.gpus = 1}},
         "variable 'HOME' of a job"},
        {{.argv = SH("true"),
          .account = "a",
          .after = (const uint64_t[]){7},
          .after_count = 1,
          .shape = {.gpus = 1}},
         "there is no job 7 to wait for"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_error err = {0};
        uint64_t id = 0;
        CHECK_INT(ls_exec_submit(s.exec, &cases[i].job, &id, &err), LS_ERR_INVALID);
        CHECK_STR(err.text, cases[i].text);
    }
    uint64_t counts[LS_EXEC_STATE_COUNT];
    ls_exec_counts(s.exec, counts);
    for (int i = 0; i < LS_EXEC_STATE_COUNT; i++) {
        CHECK_INT(counts[i], 0);
    }
    small_service_clear(&s);
}

static void test_one_that_ignores_being_asked_is_killed_after_its_grace(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("trap '' TERM; echo up; while :; do sleep 0.05; done"));
    job.grace_us = SECOND / 5;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until_lines(&s, id, 1));
    const pid_t pid = view(&s, id).pid;
    CHECK(pid > 0);
    CHECK_INT(ls_exec_cancel(s.exec, id, NULL), LS_OK);
    CHECK(small_until(&s, id, LS_EXEC_CANCELLED));
    CHECK_INT(view(&s, id).signal, SIGKILL);
    CHECK_INT(kill(pid, 0), -1);
    small_service_clear(&s);
}

static void test_guardians_have_a_name_of_their_own(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    // Nothing of the daemon's command line may be left, or who ends the daemon by it ends them.
    const ls_exec_job job = small_job(
        SH("p=$PPID; for i in 1 2; do tr -d '\\000' < /proc/$p/cmdline; echo; cat /proc/$p/comm; "
           "read -r _ _ _ p _ < /proc/$p/stat; done"));
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    CHECK_STR(small_log(&s, id), "pool-guardian 1.1\npool-guardian\npool-starter\npool-starter\n");
    small_service_clear(&s);
}

// Steps until the process of this number stands still; false after a minute.
static bool until_still(small_service *s, pid_t pid) {
    const int64_t until_us = ls_steady_us() + 60 * SECOND;
    for (;;) {
        ls_process process;
        if (ls_process_find(pid, &process, NULL) && ls_process_stands_still(process)) {
            return true;
        }
        if (ls_steady_us() > until_us || !small_step(s)) {
            return false;
        }
    }
}

// The process that guards the job, once that is known; 0 after a minute.
static pid_t guardian_of(small_service *s, uint64_t id) {
    const int64_t until_us = ls_steady_us() + 60 * SECOND;
    for (;;) {
        ls_process process;
        pid_t guardian = 0;
        if (ls_process_find(view(s, id).pid, &process, &guardian)) {
            return guardian;
        }
        if (ls_steady_us() > until_us || !small_step(s)) {
            return 0;
        }
    }
}

static bool is_gone(pid_t pid) {
    for (int i = 0; i < 6000; i++) {
        ls_process process;
        if (!ls_process_find(pid, &process, NULL) || !ls_process_is(process)) {
            return true;
        }
        usleep(10000);
    }
    return false;
}

static void test_one_that_stands_still_hears_that_it_is_asked(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(
        SH("trap 'echo saved; exit 0' TERM; echo still; kill -STOP $$; "
           "while :; do sleep 0.05; done"));
    job.grace_us = 50 * SECOND;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until_lines(&s, id, 1));
    CHECK(until_still(&s, view(&s, id).pid));
    CHECK_INT(ls_exec_cancel(s.exec, id, NULL), LS_OK);
    CHECK(small_until(&s, id, LS_EXEC_CANCELLED));
    CHECK_STR(small_log(&s, id), "still\nsaved\n");
    small_service_clear(&s);
}

// The lowest descriptors that are free are no longer to be had; all of them again.
static void leave_no_files(struct rlimit *all) {
    const int next = dup(0);
    getrlimit(RLIMIT_NOFILE, all);
    const struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = all->rlim_max};
    close(next);
    setrlimit(RLIMIT_NOFILE, &none);
}

static void step_for(small_service *s, int64_t span_us) {
    const int64_t until_us = ls_steady_us() + span_us;
    while (ls_steady_us() < until_us) {
        CHECK_INT(ls_exec_step(s->exec, NULL), LS_OK);
        usleep(1000);
    }
}

static void test_without_descriptors_no_end_is_taken_for_another(void) {
    small_service s;
    struct rlimit all;
    char file[128];
    CHECK(small_service_make(&s, 1, NULL));
    snprintf(file, sizeof file, "F=%s/go", s.folder);
    const char *const env[] = {"PATH=/usr/bin:/bin", file, NULL};
    ls_exec_job job = small_job(
        SH("echo up; while ! test -e $F; do sleep 0.01; done; echo bye; exit 3"));
    job.env = env;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until_lines(&s, id, 1));
    const pid_t pid = view(&s, id).pid;
    FILE *go = fopen(file + 2, "w");
    CHECK(pid > 0 && go != NULL && fclose(go) == 0);
    while (kill(pid, 0) == 0) {
        usleep(1000);
    }
    leave_no_files(&all);
    step_for(&s, SECOND / 5);
    CHECK_INT(small_state(&s, id), LS_EXEC_RUNNING);  // how it ended cannot be read
    setrlimit(RLIMIT_NOFILE, &all);
    CHECK(small_until(&s, id, LS_EXEC_FAILED));
    CHECK_INT(view(&s, id).exit_code, 3);
    CHECK_INT(view(&s, id).runs, 1);
    CHECK_STR(small_log(&s, id), "up\nbye\n");
    small_service_clear(&s);
}

static void test_a_guardian_that_cannot_be_watched_at_once_is_later(void) {
    small_service s;
    struct rlimit all;
    char file[128];
    CHECK(small_service_make(&s, 1, NULL));
    snprintf(file, sizeof file, "F=%s/ran", s.folder);
    const char *const env[] = {"PATH=/usr/bin:/bin", file, NULL};
    ls_exec_job job = small_job(SH("echo $LINESHAFT_JOB >> $F; sleep 0.5; exit 3"));
    job.env = env;
    const uint64_t id = small_submit(&s, &job);
    CHECK_INT(ls_exec_step(s.exec, NULL), LS_OK);  // the helper has heard of it
    const int64_t until_us = ls_steady_us() + 60 * SECOND;
    while (access(file + 2, F_OK) != 0 && ls_steady_us() < until_us) {
        usleep(1000);
    }
    leave_no_files(&all);
    step_for(&s, SECOND / 5);  // the helper's answer comes without its descriptor
    setrlimit(RLIMIT_NOFILE, &all);
    CHECK(small_until(&s, id, LS_EXEC_FAILED));
    CHECK_INT(view(&s, id).exit_code, 3);
    CHECK_INT(view(&s, id).runs, 1);
    small_service_clear(&s);
}

static void test_a_job_that_removes_its_folder_is_lost_and_its_slot_free(void) {
    small_service s;
    char folder[128];
    CHECK(small_service_make(&s, 1, NULL));
    snprintf(folder, sizeof folder, "D=%s/jobs", s.folder);
    const char *const env[] = {"PATH=/usr/bin:/bin", folder, NULL};
    ls_exec_job job = small_job(SH("rm -rf $D/$LINESHAFT_JOB"));
    job.env = env;
    job.restartable = false;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_LOST));
    CHECK_INT(view(&s, id).runs, 1);
    CHECK_STR(view(&s, id).note, "its folder was removed while it ran");
    small_service_clear(&s);
}

static void test_a_guardian_that_was_made_to_stand_still_hears_a_stop(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("kill -STOP $PPID; while :; do sleep 0.05; done"));
    job.grace_us = 20 * SECOND;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_RUNNING));
    // Its pid is told before it has begun; it stands still when its guardian does.
    CHECK(until_still(&s, guardian_of(&s, id)));
    CHECK_INT(ls_exec_cancel(s.exec, id, NULL), LS_OK);
    CHECK(small_until(&s, id, LS_EXEC_CANCELLED));
    small_service_clear(&s);
}

static void test_without_its_helper_nothing_fails_and_another_goes_on(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    small_service_close(&s);
    const ls_exec_helper_def helper_def = {.folder = s.folder};
    ls_exec_helper *helper = NULL;
    CHECK_INT(ls_exec_helper_start(&helper_def, &helper, NULL), LS_OK);
    const ls_exec_def def = {
        .folder = s.folder, .pool = s.pool, .helper = helper, .told = ignore_told, .context = NULL};
    CHECK_INT(ls_exec_open(&def, &s.exec, NULL), LS_OK);
    ls_exec_job job = small_job(SH("echo ran"));
    const uint64_t a = small_submit(&s, &job);
    CHECK(small_until(&s, a, LS_EXEC_DONE));
    job = small_job(SH("echo late"));
    kill(helper->pid, SIGKILL);
    CHECK_INT(waitid(P_PID, (id_t)helper->pid, &(siginfo_t){.si_pid = 0}, WEXITED | WNOWAIT), 0);
    const uint64_t b = small_submit(&s, &job);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(ls_exec_step(s.exec, NULL), LS_ERR_IO);
    }
    CHECK(ls_exec_is_helpless(s.exec));
    CHECK_INT(small_state(&s, b), LS_EXEC_WAITING);
    small_service_close(&s);
    ls_exec_helper_stop(helper);
    CHECK(small_service_open(&s));
    CHECK_INT(small_state(&s, a), LS_EXEC_DONE);
    small_service_clear(&s);
}

static void test_one_that_runs_too_long_is_stopped(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("sleep 1000"));
    job.limit_us = SECOND / 5;
    job.grace_us = 10 * SECOND;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_TIMED_OUT));
    CHECK_INT(view(&s, id).signal, SIGTERM);
    CHECK(view(&s, id).ended_us - view(&s, id).started_us >= SECOND / 5);
    small_service_clear(&s);
}

// Once, and again and again: its guardian cannot count the time, so the pool does. What ends the
// run is its time, however its guardian hears of it.
static void test_a_guardian_that_stands_still_does_not_stop_the_clock(void) {
    small_service s;
    CHECK(small_service_make(&s, 3, NULL));
    ls_exec_job once = small_job(SH("kill -STOP $PPID; sleep 1000"));
    once.limit_us = SECOND / 5;
    once.grace_us = SECOND / 5;
    // By us, while it waits for what comes: it finds its time over and being told so at once.
    ls_exec_job late = small_job(SH("echo $PPID; sleep 1000"));
    late.limit_us = SECOND;
    late.grace_us = SECOND / 5;
    ls_exec_job always = small_job(
        SH("trap '' TERM; g=$PPID; while :; do kill -STOP $g || exit; done"));
    always.limit_us = SECOND / 5;
    always.grace_us = SECOND / 5;
    always.restartable = true;
    const uint64_t a = small_submit(&s, &late);
    CHECK(small_until_lines(&s, a, 1));
    const int guardian = atoi(small_log(&s, a));
    CHECK(guardian > 1);
    kill(guardian, SIGSTOP);  // if it is not over already
    const uint64_t b = small_submit(&s, &once);
    const uint64_t c = small_submit(&s, &always);
    CHECK(small_until(&s, a, LS_EXEC_TIMED_OUT));
    CHECK(small_until(&s, b, LS_EXEC_TIMED_OUT));
    CHECK(small_until(&s, c, LS_EXEC_TIMED_OUT));
    CHECK_INT(view(&s, c).runs, 1);
    small_service_clear(&s);
}

// The two that it leaves behind, in sessions of their own, write their numbers and stay.
static void test_what_a_job_forks_away_is_found_and_ended(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(
        SH("setsid sh -c 'trap \"\" TERM HUP; echo $$; setsid sh -c \"echo \\$\\$; sleep 1000\" & "
           "sleep 1000' & while [ ! -e $F ]; do sleep 0.01; done; exit 0"));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/go", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    job.env = env;
    job.grace_us = SECOND / 10;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until_lines(&s, id, 2));
    int a = 0;
    int b = 0;
    CHECK_INT(sscanf(small_log(&s, id), "%d %d", &a, &b), 2);
    CHECK(a > 0 && b > 0);
    CHECK_INT(kill(a, 0), 0);
    FILE *go = fopen(file, "w");
    CHECK(go != NULL);
    if (go != NULL) {
        fclose(go);
    }
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    CHECK_INT(kill(a, 0), -1);
    CHECK_INT(kill(b, 0), -1);
    small_service_clear(&s);
}

static void test_a_flood_of_words_is_kept_up_to_its_limit_the_last_of_it(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("seq 1 200000; echo the end"));
    job.log_bytes_max = 10000;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    const uint64_t all = ls_exec_log_size(s.exec, id, 0, LS_EXEC_OUT);
    CHECK_INT(all, 1288895 + 8);
    const char *log = small_log(&s, id);
    const size_t kept = strlen(log);
    CHECK(kept <= 10000 && kept >= 5000);
    CHECK_STR(log + kept - 8, "the end\n");
    // From the middle of what is gone, reading goes on at what is there.
    char byte;
    size_t got = 0;
    uint64_t offset = 1000;
    CHECK_INT(ls_exec_log_read(s.exec, id, 0, LS_EXEC_OUT, &offset, &byte, 1, &got, NULL), LS_OK);
    CHECK_INT(got, 1);
    CHECK_INT(offset, all - kept + 1);
    char folder[128];
    CHECK(ls_exec_log_folder(s.exec, id, folder, sizeof folder));
    ls_error err = {0};
    CHECK_INT(ls_exec_log_read(s.exec, id, 2, LS_EXEC_OUT, &offset, &byte, 1, &got, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "job 1 has no run 2; it was started 1 times");
    small_service_clear(&s);
}

// What is kept of a job's words on the disk, all its files together.
static uint64_t kept_on_disk(const small_service *s, uint64_t id) {
    char folder[160];
    uint64_t sum = 0;
    CHECK(ls_exec_log_folder(s->exec, id, folder, sizeof folder));
    DIR *all = opendir(folder);
    CHECK(all != NULL);
    for (struct dirent *one = all != NULL ? readdir(all) : NULL; one != NULL; one = readdir(all)) {
        struct stat is;
        if (strncmp(one->d_name, "out.", 4) == 0 &&
            fstatat(dirfd(all), one->d_name, &is, AT_SYMLINK_NOFOLLOW) == 0) {
            sum += (uint64_t)is.st_size;
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return sum;
}

// Nobody has more kept than the pool lets one have: of 1 GiB if nothing else is said.
static void test_the_most_that_a_log_may_be(void) {
    static const uint64_t most[] = {0, 65536};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        small_service s;
        ls_error err = {0};
        uint64_t id = 0;
        char text[128];
        const uint64_t limit = most[i] != 0 ? most[i] : (uint64_t)1 << 30;
        CHECK(small_service_make(&s, 1, NULL));
        small_service_close(&s);
        s.def.log_bytes_most = most[i];
        CHECK(small_service_open(&s));
        ls_exec_job job = small_job(SH("seq 1 100000; echo the end"));
        job.log_bytes_max = limit + 1;
        CHECK_INT(ls_exec_submit(s.exec, &job, &id, &err), LS_ERR_INVALID);
        snprintf(text, sizeof text, "a log of %llu bytes; at most %llu are kept",
                 (unsigned long long)limit + 1, (unsigned long long)limit);
        CHECK_STR(err.text, text);
        CHECK_INT(id, 0);
        job.log_bytes_max = UINT64_MAX;
        CHECK_INT(ls_exec_submit(s.exec, &job, &id, NULL), LS_ERR_INVALID);
        job.log_bytes_max = limit;
        id = small_submit(&s, &job);
        CHECK(small_until(&s, id, LS_EXEC_DONE));
        const uint64_t all = ls_exec_log_size(s.exec, id, 0, LS_EXEC_OUT);
        CHECK_INT(all, 588895 + 8);
        const uint64_t kept = kept_on_disk(&s, id);
        if (most[i] != 0) {
            CHECK(kept <= limit && kept >= limit / 2);
        } else {
            CHECK_INT(kept, all);
        }
        small_service_clear(&s);
    }
}

static void test_errors_have_a_log_of_their_own_when_asked_for(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    ls_exec_job job = small_job(SH("echo good; echo bad >&2"));
    job.split_log = true;
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    char text[16] = "";
    size_t got = 0;
    uint64_t offset = 0;
    CHECK_STR(small_log(&s, id), "good\n");
    CHECK_INT(
        ls_exec_log_read(s.exec, id, 1, LS_EXEC_ERR, &offset, text, sizeof text - 1, &got, NULL),
        LS_OK);
    CHECK_STR(text, "bad\n");
    small_service_clear(&s);
}

static void test_an_array_runs_each_index_once_and_what_comes_after_waits(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    ls_exec_job job = small_job(
        SH("echo $LINESHAFT_ARRAY_INDEX of $LINESHAFT_ARRAY_COUNT; "
           "test $LINESHAFT_ARRAY_INDEX != $BAD"));
    const char *const good[] = {"PATH=/usr/bin:/bin", "BAD=x", NULL};
    const char *const bad[] = {"PATH=/usr/bin:/bin", "BAD=9", NULL};
    job.array = 5;
    job.array_first = 7;
    job.env = good;
    const uint64_t first = small_submit(&s, &job);
    const uint64_t after[] = {first, first + 4};
    ls_exec_job then = small_job(SH("echo then"));
    then.after = after;
    then.after_count = 2;
    const uint64_t last = small_submit(&s, &then);
    CHECK_INT(last, first + 5);
    CHECK_INT(small_state(&s, last), LS_EXEC_HELD);
    ls_exec_answer answer;
    CHECK_INT(ls_exec_why(s.exec, last, &answer, NULL), LS_OK);
    CHECK_INT(answer.reason, LS_REASON_AFTER);
    CHECK_STR(answer.text, "It waits until job 1 is done, which is waiting, and 1 more.");
    CHECK(small_until(&s, last, LS_EXEC_DONE));
    CHECK(small_until(&s, first + 3, LS_EXEC_DONE));  // nobody waited for that one
    CHECK_STR(small_log(&s, first + 3), "10 of 5\n");
    CHECK(view(&s, last).started_us >= view(&s, first + 4).ended_us);
    // One of the next array fails; what waits for it, and what waits for that, is cancelled.
    job.env = bad;
    const uint64_t second = small_submit(&s, &job);
    const uint64_t next[] = {second + 2};
    then.after = next;
    then.after_count = 1;
    const uint64_t never = small_submit(&s, &then);
    then.after = &never;
    const uint64_t nor = small_submit(&s, &then);
    CHECK(small_until(&s, never, LS_EXEC_CANCELLED));
    CHECK(small_until(&s, nor, LS_EXEC_CANCELLED));
    CHECK_STR(view(&s, never).note, "job 9, which it waits for, was not done");
    CHECK_INT(view(&s, never).runs, 0);
    small_service_clear(&s);
}

// `own` is guaranteed both slots; `loan` borrows them, saves when it is asked, and goes on later.
static void test_what_is_lent_is_given_back_saved_and_goes_on(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, "  own: {guarantee: 2}\n  loan: {}\n"));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/saved", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job loan = small_job(
        SH("if [ -e $F ]; then echo again; exit 0; fi; "
           "trap 'echo saved > $F; exit 9' USR1; echo begun; "
           "while :; do sleep 0.02; done"));
    loan.account = "loan";
    loan.env = env;
    loan.restartable = true;
    loan.saves = true;
    loan.stop_signal = SIGUSR1;
    loan.grace_us = 120 * SECOND;
    const uint64_t a = small_submit(&s, &loan);
    CHECK(small_until_lines(&s, a, 1));
    ls_exec_job own = small_job(SH("test -e $F && echo mine"));
    own.account = "own";
    own.env = env;
    own.shape.gpus = 2;
    const uint64_t b = small_submit(&s, &own);
    CHECK(small_until(&s, a, LS_EXEC_STOPPING));
    CHECK_INT(view(&s, a).for_job, b);
    CHECK_INT(view(&s, a).why, LS_WHY_RECLAIM);
    CHECK(small_until(&s, b, LS_EXEC_DONE));
    CHECK_STR(small_log(&s, b), "mine\n");
    CHECK(small_until(&s, a, LS_EXEC_DONE));
    CHECK_INT(view(&s, a).runs, 2);
    CHECK_STR(small_log(&s, a), "again\n");
    CHECK_INT(s.told[LS_EXEC_STOPS], 1);
    CHECK_INT(s.told[LS_EXEC_REQUEUED], 1);
    CHECK(view(&s, a).lost_us < 120 * SECOND);
    small_service_clear(&s);
}

// Parts of the leader that run now.
static uint32_t parts_running(small_service *s, uint64_t leader) {
    uint32_t count = 0;
    ls_exec_view v = {0};
    for (uint64_t id = leader; ls_exec_next(s->exec, id, (uint32_t)1 << LS_EXEC_RUNNING, 0, &v);
         id = v.id) {
        count += v.job->leader == leader;
    }
    return count;
}

static bool until_parts(small_service *s, uint64_t leader, uint32_t count) {
    const int64_t until_us = ls_steady_us() + 60 * SECOND;
    while (parts_running(s, leader) != count && ls_steady_us() < until_us) {
        CHECK(small_step(s));
    }
    return parts_running(s, leader) == count;
}

// What each part of a service is said to use, percent of a processor; by the steady clock.
static int64_t pretended_percent;

static int64_t pretend_used(void *context, uint64_t job, uint32_t run) {
    static int64_t used_us[16], last_us[16];
    const int64_t now_us = ls_steady_us();
    (void)context;
    (void)run;
    if (job < 16) {
        used_us[job] += last_us[job] > 0 ? (now_us - last_us[job]) * pretended_percent / 100 : 0;
        last_us[job] = now_us;
    }
    return job < 16 ? used_us[job] : -1;
}

static void test_a_service_has_as_many_parts_as_keep_each_busy(void) {
    small_service s;
    CHECK(small_service_make(&s, 6, NULL));
    small_service_close(&s);
    s.def.load_every_us = 50000;
    s.def.load_calm_us = 300000;
    s.def.used_us = pretend_used;
    CHECK(small_service_open(&s));
    ls_exec_job job = small_job(SH("exec sleep 600"));
    job.elastic = 4;
    job.busy = 60;
    job.restartable = true;
    pretended_percent = 10;  // one alone is enough
    const uint64_t leader = small_submit(&s, &job);
    CHECK(small_until(&s, leader, LS_EXEC_RUNNING));
    while (view(&s, leader).load_parts == 0 || view(&s, leader).load_wanted != 1) {
        CHECK(small_step(&s));
    }
    pretended_percent = 100;  // never enough: all that it may have, and no more
    CHECK(until_parts(&s, leader, 4));
    CHECK_INT(view(&s, leader).load_wanted, 5);
    CHECK(!view(&s, leader + 1).job->spot);  // within the guarantee of its account
    // After a restart it has what it had. One would do, and after a while does.
    small_service_close(&s);
    CHECK(small_service_open(&s));
    CHECK_INT(parts_running(&s, leader), 4);
    pretended_percent = 10;
    CHECK(until_parts(&s, leader, 0));
    ls_error err = {0};
    CHECK_INT(ls_exec_cancel(s.exec, leader, &err), LS_OK);
    CHECK(small_until(&s, leader, LS_EXEC_CANCELLED));
    CHECK(until_parts(&s, leader, 0));
    small_service_clear(&s);
}

// With what the machine really says: it works, with all that it started, then it sleeps.
static void test_a_service_grows_while_it_works_and_shrinks_while_it_sleeps(void) {
    small_service s;
    CHECK(small_service_make(&s, 3, NULL));
    small_service_close(&s);
    s.def.load_every_us = 200000;
    s.def.load_calm_us = 500000;
    CHECK(small_service_open(&s));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/go", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job job = small_job(SH("sh -c 'until [ -e $F ]; do :; done'; sleep 600"));
    job.env = env;
    job.elastic = 2;
    job.busy = 5;  // little: a machine that has much else to do gives little
    job.restartable = true;
    const uint64_t leader = small_submit(&s, &job);
    CHECK(until_parts(&s, leader, 2));
    FILE *go = fopen(file, "w");
    CHECK(go != NULL && fclose(go) == 0);
    CHECK(until_parts(&s, leader, 0));
    CHECK_INT(view(&s, leader).state, LS_EXEC_RUNNING);
    small_service_clear(&s);
}

static void test_an_elastic_job_grows_into_idle_slots_and_gives_them_back(void) {
    small_service s;
    CHECK(small_service_make(&s, 3, NULL));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/go", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job job = small_job(
        SH("echo $LINESHAFT_LEADER $LINESHAFT_MEMBER; "  // only the leader ends by itself
           "until [ -e $F ] && [ $LINESHAFT_MEMBER = 0 ]; do sleep 0.02; done"));
    job.env = env;
    job.elastic = 5;
    job.restartable = true;
    const uint64_t leader = small_submit(&s, &job);
    CHECK(small_until_lines(&s, leader, 1));
    CHECK(until_parts(&s, leader, 2));  // three slots in all
    CHECK(small_until_lines(&s, leader + 1, 1));
    CHECK_STR(small_log(&s, leader), "1 0\n");
    CHECK_STR(small_log(&s, leader + 1), "1 1\n");
    CHECK(view(&s, leader + 1).job->spot);
    // Another job: a part gives it its place at once, and comes back when it is over.
    ls_exec_job other = small_job(SH("echo other"));
    const uint64_t id = small_submit(&s, &other);
    CHECK(small_until(&s, id, LS_EXEC_DONE));
    CHECK(s.told[LS_EXEC_STOPS] >= 1);
    CHECK(until_parts(&s, leader, 2));
    // It asks for fewer parts, then for more; what it cannot use is refused.
    ls_error err = {0};
    CHECK_INT(ls_exec_resize(s.exec, leader, 1, &err), LS_OK);
    CHECK(until_parts(&s, leader, 1));
    CHECK_INT(ls_exec_resize(s.exec, leader, 3, &err), LS_OK);
    CHECK(until_parts(&s, leader, 2));
    CHECK_INT(ls_exec_resize(s.exec, leader, 6, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "job 1 can use 5 parts beyond at most, not 6");
    err = (ls_error){0};
    CHECK_INT(ls_exec_resize(s.exec, id, 1, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is not elastic");
    // The daemon is killed and comes back: the parts are still the job's.
    small_service_close(&s);
    CHECK(small_service_open(&s));
    CHECK(until_parts(&s, leader, 2));
    CHECK_INT(view(&s, leader).state, LS_EXEC_RUNNING);
    // When the job is over, so are all of its parts, those that wait and those that run.
    FILE *go = fopen(file, "w");
    CHECK(go != NULL && fclose(go) == 0);
    CHECK(small_until(&s, leader, LS_EXEC_DONE));
    CHECK(until_parts(&s, leader, 0));
    for (uint32_t i = 1; i <= 5; i++) {
        CHECK(small_until(&s, leader + i, LS_EXEC_CANCELLED));
    }
    CHECK_INT(view(&s, leader + 5).runs, 0);
    small_service_clear(&s);
}

static void test_a_hook_runs_beside_the_job_before_it_is_asked(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/saved", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job job = small_job(
        SH("trap 'cat $F; exit 4' TERM; echo $$; "
           "while :; do sleep 0.02; done"));
    job.env = env;
    job.grace_us = 120 * SECOND;
    job.split_log = true;  // the shell says something of its own about what was ended
    job.stop_argv = SH("echo $LINESHAFT_JOB_PID > $F");
    const uint64_t id = small_submit(&s, &job);
    CHECK(small_until_lines(&s, id, 1));
    CHECK_INT(ls_exec_cancel(s.exec, id, NULL), LS_OK);
    CHECK(small_until(&s, id, LS_EXEC_CANCELLED));
    CHECK_INT(view(&s, id).exit_code, 4);
    int own = 0;
    int told = 1;
    CHECK_INT(sscanf(small_log(&s, id), "%d %d", &own, &told), 2);
    CHECK_INT(told, own);
    small_service_clear(&s);
}

static void test_jobs_go_on_without_the_service_and_are_adopted(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/go", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job job = small_job(SH("echo up; while [ ! -e $F ]; do sleep 0.02; done; exit 6"));
    job.env = env;
    const uint64_t a = small_submit(&s, &job);
    const uint64_t waits = small_submit(
        &s, &(ls_exec_job){.argv = SH("echo late"), .shape = {.gpus = 2}});
    ls_exec_job forever = small_job(SH("echo up; sleep 1000"));
    const uint64_t b = small_submit(&s, &forever);
    CHECK(small_until_lines(&s, a, 1));
    CHECK(small_until_lines(&s, b, 1));
    const pid_t pid = view(&s, b).pid;
    small_service_close(&s);
    CHECK(small_service_open(&s));
    CHECK_INT(small_state(&s, a), LS_EXEC_RUNNING);
    CHECK_INT(small_state(&s, b), LS_EXEC_RUNNING);
    CHECK_INT(small_state(&s, waits), LS_EXEC_WAITING);
    CHECK_INT(view(&s, b).pid, pid);
    // One ends while nobody is there; its status is known all the same.
    small_service_close(&s);
    FILE *go = fopen(file, "w");
    CHECK(go != NULL);
    if (go != NULL) {
        fclose(go);
    }
    char end[160];
    snprintf(end, sizeof end, "%s/jobs/%llu/end.1", s.folder, (unsigned long long)a);
    CHECK(small_file_has(end, 1));
    CHECK(small_service_open(&s));
    CHECK(small_until(&s, a, LS_EXEC_FAILED));
    CHECK_INT(view(&s, a).exit_code, 6);
    CHECK_INT(view(&s, a).runs, 1);
    // An adopted one can be cancelled, and its place is the next one's.
    CHECK_INT(ls_exec_cancel(s.exec, b, NULL), LS_OK);
    CHECK(small_until(&s, b, LS_EXEC_CANCELLED));
    CHECK(small_until(&s, waits, LS_EXEC_DONE));
    small_service_clear(&s);
}

static void test_a_job_whose_guardian_is_killed_is_lost_or_begins_again(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    char file[128];
    char variable[160];
    snprintf(file, sizeof file, "%s/began", s.folder);
    snprintf(variable, sizeof variable, "F=%s", file);
    const char *const env[] = {"PATH=/usr/bin:/bin", variable, NULL};
    ls_exec_job job = small_job(SH("setsid sleep 1000 & echo $! $PPID; sleep 1000"));
    ls_exec_job again = small_job(
        SH("setsid sleep 1000 & if [ -e $F ]; then kill $!; echo again; exit 0; fi; echo > $F; "
           "echo $! $PPID; sleep 1000"));
    again.restartable = true;
    again.env = env;
    const uint64_t a = small_submit(&s, &job);
    const uint64_t b = small_submit(&s, &again);
    CHECK(small_until_lines(&s, a, 1));
    CHECK(small_until_lines(&s, b, 1));
    int left[2] = {0, 0};
    int guardians[2] = {0, 0};
    CHECK_INT(sscanf(small_log(&s, a), "%d %d", left, guardians), 2);
    CHECK_INT(sscanf(small_log(&s, b), "%d %d", left + 1, guardians + 1), 2);
    CHECK_INT(kill(guardians[0], SIGKILL), 0);
    CHECK_INT(kill(guardians[1], SIGKILL), 0);
    CHECK(small_until(&s, a, LS_EXEC_LOST));
    CHECK_STR(view(&s, a).note, "its guardian was killed; what was left was ended");
    CHECK(small_until(&s, b, LS_EXEC_DONE));
    CHECK_INT(view(&s, b).runs, 2);
    CHECK_STR(small_log(&s, b), "again\n");
    for (int i = 0; i < 2; i++) {
        CHECK(is_gone(left[i]));
    }
    small_service_clear(&s);
}

typedef struct money {
    ls_gpu_time charge[8], held[8];  // by account
} money;

static bool add_money(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool) {
    money *m = context;
    (void)pool;
    m->charge[usage->account] += usage->row.charge;
    m->held[usage->account] += usage->row.held;
    return true;
}

// The journal of the folder as a version before kept it: without energy, without money.
static bool make_it_old(const small_service *s) {
    char path[300];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/pool.db", s->folder);
    const bool done = sqlite3_open(path, &db) == SQLITE_OK &&
                      sqlite3_exec(db,
                                   "ALTER TABLE usage DROP COLUMN energy;"
                                   "ALTER TABLE usage DROP COLUMN charge;PRAGMA user_version=1;",
                                   NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return done;
}

// What the maker asks of its shop is more than what it pays itself; an old journal goes on, and
// what it held then cost nothing.
static void test_what_was_held_is_paid_for_also_over_a_restart(void) {
    small_service s;
    CHECK(small_service_make(&s, 2,
                             "  maker: {prices: 7200, accounts: {shop: {}}}\n"
                             "prices: 3600\ncurrency: EUR\n"));
    const uint32_t maker = ls_pool_account(s.pool, "maker");
    const uint32_t shop = ls_pool_account(s.pool, "maker.shop");
    const int64_t from = ls_exec_now_us(s.exec) / INT64_C(86400000000);
    ls_exec_job job = small_job(SH("sleep 0.05"));
    job.account = "maker.shop";
    CHECK(small_until(&s, small_submit(&s, &job), LS_EXEC_DONE));
    money before = {{0}, {0}}, after = {{0}, {0}};
    CHECK_INT(ls_exec_usage_each(s.exec, from, from + 2, add_money, &before, NULL), LS_OK);
    CHECK(before.charge[shop] > 0);
    before = after;
    small_service_close(&s);
    CHECK(make_it_old(&s));
    CHECK(small_service_open(&s));
    CHECK_INT(ls_exec_usage_each(s.exec, from, from + 2, add_money, &before, NULL), LS_OK);
    CHECK(before.held[shop] > 0 && before.charge[shop] == 0);
    CHECK(small_until(&s, small_submit(&s, &job), LS_EXEC_DONE));
    CHECK(small_until(&s, small_submit(&s, &job), LS_EXEC_DONE));
    for (int i = 0; i < 2; i++) {
        after = (money){{0}, {0}};
        CHECK_INT(ls_exec_usage_each(s.exec, from, from + 2, add_money, &after, NULL), LS_OK);
        // A slot for a second is 2.00 to the maker, of which it pays 1.00 on; a microsecond of one
        // is 2 millionths, and each close of the books may forget one of them.
        const double seconds = (double)(after.held[shop] - before.held[shop]) / 1e9;
        CHECK(seconds >= 0.1);
        CHECK_NEAR(ls_meter_money(after.charge[shop]), 2.0 * seconds, 1e-4);
        CHECK_NEAR(ls_meter_money(after.charge[maker]), seconds, 1e-4);
        CHECK_NEAR(ls_meter_money(after.charge[0]), seconds, 1e-4);
        small_service_close(&s);
        CHECK(small_service_open(&s));
    }
    small_service_clear(&s);
}

static bool sum_up(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool) {
    uint64_t *sums = context;
    sums[0] += (uint64_t)usage->row.held;
    sums[1] += usage->row.started;
    sums[2] += usage->row.ended;
    sums[3] = (uint64_t)pool->all;
    return true;
}

static void test_what_was_used_adds_up_also_over_a_restart(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    const int64_t from = ls_exec_now_us(s.exec) / INT64_C(86400000000);
    const ls_exec_job job = small_job(SH("sleep 0.1"));
    uint64_t ids[4];
    for (int i = 0; i < 4; i++) {
        ids[i] = small_submit(&s, &job);
        CHECK(small_until(&s, ids[i], LS_EXEC_RUNNING));
        if (i == 2) {
            small_service_close(&s);
            CHECK(small_service_open(&s));
        }
    }
    uint64_t held = 0, runs = 0;
    for (int i = 0; i < 4; i++) {
        CHECK(small_until(&s, ids[i], LS_EXEC_DONE));
        runs += view(&s, ids[i]).runs;  // one more where the close cut off the start
        held += (uint64_t)(view(&s, ids[i]).ended_us - view(&s, ids[i]).started_us) * 1000;
    }
    for (int i = 0; i < 2; i++) {
        uint64_t sums[4] = {0};
        CHECK_INT(ls_exec_usage_each(s.exec, from, from + 2, sum_up, sums, NULL), LS_OK);
        CHECK_INT(sums[1], 2 * runs);  // the account and the pool above it
        CHECK_INT(sums[2], 2 * runs);
        CHECK_INT(sums[0], 2 * held);  // to the microsecond
        small_service_close(&s);
        CHECK(small_service_open(&s));
    }
    small_service_clear(&s);
}

static void test_a_second_service_on_the_folder_is_refused(void) {
    small_service s;
    CHECK(small_service_make(&s, 1, NULL));
    const ls_exec_def def = {.folder = s.folder, .pool = s.pool};
    ls_exec *second = NULL;
    ls_error err = {0};
    CHECK_INT(ls_exec_open(&def, &second, &err), LS_ERR_LIMIT);
    CHECK(second == NULL);
    small_service_clear(&s);
}

static void test_old_jobs_go_with_their_logs_and_numbers_are_not_used_again(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    const ls_exec_job job = small_job(SH("echo x"));
    uint64_t last = 0;
    for (int i = 0; i < 60; i++) {  // of which 50 are kept
        last = small_submit(&s, &job);
    }
    CHECK(small_until(&s, last, LS_EXEC_DONE));
    const uint64_t next = small_submit(&s, &job);
    CHECK(small_until(&s, next, LS_EXEC_DONE));
    ls_exec_view v;
    CHECK(!ls_exec_get(s.exec, 1, &v));
    char folder[128];
    struct stat status;
    snprintf(folder, sizeof folder, "%s/jobs/1", s.folder);
    CHECK_INT(stat(folder, &status), -1);
    small_service_close(&s);
    CHECK(small_service_open(&s));
    CHECK(!ls_exec_get(s.exec, 1, &v));
    CHECK_INT(small_submit(&s, &job), next + 1);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_runs_and_its_status_and_words_are_kept);
    TEST(test_a_command_that_is_not_there_fails_and_says_so);
    TEST(test_what_fits_nowhere_says_what_else_it_asks_for);
    TEST(test_what_is_wrong_is_refused_with_what_would_be_right);
    TEST(test_one_that_ignores_being_asked_is_killed_after_its_grace);
    TEST(test_guardians_have_a_name_of_their_own);
    TEST(test_one_that_stands_still_hears_that_it_is_asked);
    TEST(test_without_descriptors_no_end_is_taken_for_another);
    TEST(test_a_guardian_that_cannot_be_watched_at_once_is_later);
    TEST(test_a_job_that_removes_its_folder_is_lost_and_its_slot_free);
    TEST(test_a_guardian_that_was_made_to_stand_still_hears_a_stop);
    TEST(test_without_its_helper_nothing_fails_and_another_goes_on);
    TEST(test_one_that_runs_too_long_is_stopped);
    TEST(test_a_guardian_that_stands_still_does_not_stop_the_clock);
    TEST(test_what_a_job_forks_away_is_found_and_ended);
    TEST(test_a_flood_of_words_is_kept_up_to_its_limit_the_last_of_it);
    TEST(test_the_most_that_a_log_may_be);
    TEST(test_errors_have_a_log_of_their_own_when_asked_for);
    TEST(test_an_array_runs_each_index_once_and_what_comes_after_waits);
    TEST(test_what_is_lent_is_given_back_saved_and_goes_on);
    TEST(test_an_elastic_job_grows_into_idle_slots_and_gives_them_back);
    TEST(test_a_service_has_as_many_parts_as_keep_each_busy);
    TEST(test_a_service_grows_while_it_works_and_shrinks_while_it_sleeps);
    TEST(test_a_hook_runs_beside_the_job_before_it_is_asked);
    TEST(test_jobs_go_on_without_the_service_and_are_adopted);
    TEST(test_a_job_whose_guardian_is_killed_is_lost_or_begins_again);
    TEST(test_what_was_held_is_paid_for_also_over_a_restart);
    TEST(test_what_was_used_adds_up_also_over_a_restart);
    TEST(test_a_second_service_on_the_folder_is_refused);
    TEST(test_old_jobs_go_with_their_logs_and_numbers_are_not_used_again);
    return harness_report();
}
