// cgroup_test.c - what runs are held to, and how they are told of it. The kernel's files are
// ordinary ones here, except where a cgroup v2 can be made: there its own rules are tried.
#include "exec/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/testing/small_service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

// ---- limits of a run

static ls_pool *pool_of(const char *nodes) {
    char text[512];
    ls_pool *pool = NULL;
    ls_errors errors;
    snprintf(text, sizeof text,
             "pool: limits\nkinds: {g: {gpus: 4}}\nnodes: %s\naccounts:\n  main: {}\n", nodes);
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, strlen(text), "limits", NULL, &pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    return pool;
}

static const char two_nodes[] =
    "[{name: a, kind: g, cpus: 16, memory: 64 GiB}, "
    "{name: b, kind: g, cpus: 16, memory: 64 GiB}]";

static void test_what_a_job_asks_for_is_its_limit_summed_over_its_parts(void) {
    ls_pool *pool = pool_of(two_nodes);
    const ls_pool_share shares[] = {{.node = 0, .gpus = 3}, {.node = 1, .gpus = 3}};
    const ls_exec_job job = {
        .shape = {.parts = 2, .gpus = 2, .cpu_milli = 2500, .memory_mib = 1000}, .processes = 77};
    const ls_run_limits l = ls_run_limits_of(pool, &job, shares);
    CHECK_INT(l.memory_mib, 2000);
    CHECK_INT(l.cpu_milli, 5000);
    CHECK_INT(l.cpu_weight, 500);
    CHECK_INT(l.processes, 77);
    ls_pool_destroy(pool);
}

static void test_what_it_does_not_ask_for_follows_from_its_gpus(void) {
    ls_pool *pool = pool_of(two_nodes);
    const ls_pool_share shares[] = {{.node = 0, .gpus = 7}, {.node = 1, .gpus = 8}};
    ls_exec_job job = {.shape = {.parts = 2, .gpus = 3}};
    // Three quarters of one node, one of the other.
    ls_run_limits l = ls_run_limits_of(pool, &job, shares);
    CHECK_INT(l.memory_mib, 65536);
    CHECK_INT(l.cpu_milli, 0);  // what is idle is his
    CHECK_INT(l.cpu_weight, 1600);
    CHECK_INT(l.processes, 4 * LS_PROCESSES_DEFAULT);
    // An eighth of one GPU of four.
    job.shape = (ls_shape){.parts = 1, .milli = 125};
    l = ls_run_limits_of(pool, &job, shares + 1);
    CHECK_INT(l.memory_mib, 65536 / 32);
    CHECK_INT(l.cpu_weight, 50);
    CHECK_INT(l.processes, LS_PROCESSES_DEFAULT);
    // Processors alone: memory by them.
    job.shape = (ls_shape){.parts = 1, .cpu_milli = 4000};
    const ls_pool_share none = {.node = 0};
    l = ls_run_limits_of(pool, &job, &none);
    CHECK_INT(l.memory_mib, 65536 / 4);
    CHECK_INT(l.cpu_milli, 4000);
    ls_pool_destroy(pool);
}

static void test_no_memory_is_made_up_where_the_pool_file_says_none(void) {
    ls_pool *pool = pool_of("[{name: a, slots: 4}]");
    const ls_pool_share share = {.node = 0, .gpus = 1};
    const ls_exec_job job = {.shape = {.parts = 1, .gpus = 1}};
    const ls_run_limits l = ls_run_limits_of(pool, &job, &share);
    CHECK_INT(l.memory_mib, 0);
    CHECK_INT(l.cpu_weight, 100);
    ls_pool_destroy(pool);
}

// ---- files

static char root[64];

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *where) {
    (void)what, (void)kind, (void)where;
    return remove(path);
}

static void begin_root(void) {
    snprintf(root, sizeof root, "/tmp/ls-cgroup-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
}

static void end_root(void) {
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *folder, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static const char *got(const char *folder, const char *name) {
    static char texts[4][4096];
    static int at;
    char path[256];
    at = (at + 1) % 4;
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    char *text = harness_read_file(path, NULL);
    snprintf(texts[at], sizeof texts[at], "%s", text != NULL ? text : "");
    free(text);
    return texts[at];
}

static int open_root(void) {
    return open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const char *const names[] = {"memory", "cpu", "pids", NULL};

static void test_controllers_are_asked_for_and_those_that_lack_are_named(void) {
    char why[LS_CGROUP_WHY_SIZE];
    begin_root();
    const int folder = open_root();
    CHECK_INT(ls_cgroup_enable(folder, names, false, why), 0);
    CHECK_STR(why, "memory, cpu, pids: not handed to this cgroup");
    // "cpuset" is not "cpu".
    put(".", "cgroup.controllers", "cpuset memory pids\n");
    put(".", "cgroup.subtree_control", "");
    CHECK_INT(ls_cgroup_enable(folder, names, false, why), LS_LIMIT_MEMORY | LS_LIMIT_PIDS);
    CHECK_STR(why, "cpu: not handed to this cgroup");
    CHECK_CONTAINS(got(".", "cgroup.subtree_control"), "+pids");
    // What is handed on already is not asked for again.
    put(".", "cgroup.controllers", "cpu memory pids\n");
    put(".", "cgroup.subtree_control", "cpu memory pids\n");
    CHECK_INT(ls_cgroup_enable(folder, names, false, why), LS_LIMIT_ALL);
    CHECK_STR(why, "");
    CHECK_STR(got(".", "cgroup.subtree_control"), "cpu memory pids\n");
    close(folder);
    end_root();
}

static void test_a_controller_that_is_refused_is_told_with_the_reason(void) {
    char why[LS_CGROUP_WHY_SIZE];
    char path[128];
    begin_root();
    put(".", "cgroup.controllers", "cpu memory pids");
    snprintf(path, sizeof path, "%s/cgroup.subtree_control", root);
    CHECK_INT(mkdir(path, 0755), 0);
    const int folder = open_root();
    CHECK_INT(ls_cgroup_enable(folder, names, true, why), 0);
    CHECK_STR(why, "memory, cpu, pids: Is a directory");
    close(folder);
    end_root();
}

static void make_cgroup(const char *name) {
    static const char *const files[] = {"cgroup.procs",  "cgroup.kill",      "memory.max",
                                        "memory.events", "memory.oom.group", "cpu.weight",
                                        "cpu.max",       "pids.max",         "pids.events"};
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        put(name, files[i], "");
    }
}

static void test_limits_are_written_as_the_kernel_reads_them(void) {
    char why[160];
    begin_root();
    make_cgroup(".");
    const int folder = open_root();
    ls_run_limits l = {.memory_mib = 5000, .cpu_milli = 2500, .cpu_weight = 250, .processes = 99};
    CHECK(ls_cgroup_limit(folder, &l, LS_LIMIT_ALL, why, sizeof why));
    CHECK_STR(got(".", "memory.max"), "5242880000");
    CHECK_STR(got(".", "memory.oom.group"), "1");
    CHECK_STR(got(".", "cpu.max"), "250000 100000");
    CHECK_STR(got(".", "cpu.weight"), "250");
    CHECK_STR(got(".", "pids.max"), "99");
    // The kernel takes no quota below a millisecond.
    make_cgroup(".");
    l = (ls_run_limits){.cpu_milli = 1, .cpu_weight = 1, .processes = 1};
    CHECK(ls_cgroup_limit(folder, &l, LS_LIMIT_ALL, why, sizeof why));
    CHECK_STR(got(".", "cpu.max"), "1000 100000");
    CHECK_STR(got(".", "memory.max"), "");
    // Only what holds here.
    make_cgroup(".");
    CHECK(ls_cgroup_limit(folder, &l, LS_LIMIT_PIDS, why, sizeof why));
    CHECK_STR(got(".", "cpu.max"), "");
    CHECK_STR(got(".", "pids.max"), "1");
    // One that cannot be set is no limit.
    unlinkat(folder, "pids.max", 0);
    CHECK(!ls_cgroup_limit(folder, &l, LS_LIMIT_ALL, why, sizeof why));
    CHECK_STR(why, "pids.max of its cgroup cannot be set to '1': No such file or directory");
    close(folder);
    end_root();
}

static void test_what_a_limit_did_is_read_from_its_events(void) {
    char out[128];
    const ls_run_limits l = {.memory_mib = 512, .processes = 99};
    begin_root();
    make_cgroup(".");
    const int folder = open_root();
    put(".", "memory.events", "low 0\nhigh 0\nmax 812\noom 0\noom_kill 0\n");
    put(".", "pids.events", "max 0\n");
    CHECK(!ls_cgroup_struck(folder, &l, LS_LIMIT_ALL, out, sizeof out));
    put(".", "pids.events", "max 12\n");
    CHECK(ls_cgroup_struck(folder, &l, LS_LIMIT_ALL, out, sizeof out));
    CHECK_STR(out, "at its limit of 99 processes (--processes asks for more)");
    put(".", "memory.events", "low 0\nhigh 0\nmax 812\noom 1\noom_kill 1\noom_group_kill 1\n");
    CHECK(ls_cgroup_struck(folder, &l, LS_LIMIT_ALL, out, sizeof out));
    CHECK_STR(out, "killed at its memory limit of 512 MiB (--memory asks for more)");
    CHECK(!ls_cgroup_struck(folder, &l, LS_LIMIT_CPU, out, sizeof out));
    close(folder);
    end_root();
}

// ---- a whole pool on such a folder

typedef struct held_pool {
    small_service s;
    ls_exec_helper *helper;
    unsigned long long inode;  // of its jobs' folder, in the names of their cgroups
} held_pool;

static void name_of(const held_pool *h, uint64_t job, char out[96]) {
    snprintf(out, 96, "lineshaft-%llx-%llu.1", h->inode, (unsigned long long)job);
}

static bool begin_pool(held_pool *h) {
    char path[128];
    ls_error err = {0};
    struct stat status;
    *h = (held_pool){.helper = NULL};
    begin_root();
    put(".", "cgroup.controllers", "cpu memory pids");
    put(".", "cgroup.subtree_control", "cpu memory pids");
    snprintf(path, sizeof path, "lineshaft-probe-%d", (int)getpid());
    make_cgroup(path);
    snprintf(h->s.folder, sizeof h->s.folder, "/tmp/ls-exec-XXXXXX");
    CHECK(mkdtemp(h->s.folder) != NULL);
    h->s.pool = pool_of("[{name: here, slots: 4, cpus: 8, memory: 8 GiB}]");
    const ls_exec_helper_def helper = {.folder = h->s.folder, .cgroup = root};
    CHECK_INT(ls_exec_helper_start(&helper, &h->helper, &err), LS_OK);
    snprintf(path, sizeof path, "%s/jobs", h->s.folder);
    CHECK_INT(stat(path, &status), 0);
    h->inode = (unsigned long long)status.st_ino;
    const ls_exec_def def = {.folder = h->s.folder, .pool = h->s.pool, .helper = h->helper};
    CHECK_INT(ls_exec_open(&def, &h->s.exec, &err), LS_OK);
    return !harness_has_failed();
}

static void end_pool(held_pool *h) {
    small_service_clear(&h->s);
    ls_exec_helper_stop(h->helper);
    end_root();
}

static void test_a_job_is_held_to_its_share_and_told_that_it_was_killed_at_it(void) {
    held_pool h;
    char name[96];
    const char *why = "";
    if (!begin_pool(&h)) {
        return;
    }
    CHECK_INT(ls_exec_limits(h.s.exec, &why), LS_LIMIT_ALL);
    CHECK_STR(why, "");
    name_of(&h, 1, name);
    make_cgroup(name);
    put(name, "memory.events", "oom_kill 1\n");
    const char *const argv[] = {"sh", "-c", "kill -9 $$", NULL};
    ls_exec_job job = small_job(argv);
    const uint64_t id = small_submit(&h.s, &job);
    CHECK_INT(id, 1);
    CHECK(small_until(&h.s, id, LS_EXEC_FAILED));
    CHECK_STR(got(name, "memory.max"), "2147483648");  // a quarter of 8 GiB
    CHECK_STR(got(name, "cpu.weight"), "200");
    CHECK_STR(got(name, "cpu.max"), "");
    CHECK_STR(got(name, "pids.max"), "4096");
    CHECK_STR(got(name, "cgroup.procs"), "0");  // it went in
    ls_exec_view v;
    CHECK(ls_exec_get(h.s.exec, id, &v));
    CHECK_INT(v.signal, 9);
    CHECK_STR(v.note, "killed at its memory limit of 2048 MiB (--memory asks for more)");
    end_pool(&h);
}

static void test_a_job_that_cannot_be_held_to_its_limits_does_not_begin(void) {
    held_pool h;
    char name[96];
    char path[256];
    if (!begin_pool(&h)) {
        return;
    }
    name_of(&h, 1, name);
    make_cgroup(name);
    snprintf(path, sizeof path, "%s/%s/cpu.max", root, name);
    unlink(path);
    const char *const argv[] = {"sh", "-c", "echo began", NULL};
    ls_exec_job job = small_job(argv);
    job.shape.cpu_milli = 1500;
    const uint64_t id = small_submit(&h.s, &job);
    CHECK(small_until(&h.s, id, LS_EXEC_FAILED));
    ls_exec_view v;
    CHECK(ls_exec_get(h.s.exec, id, &v));
    CHECK_STR(v.note,
              "cpu.max of its cgroup cannot be set to '150000 100000': No such file or directory");
    CHECK_STR(small_log(&h.s, id), "");
    end_pool(&h);
}

static void test_a_folder_that_is_no_cgroup_limits_nothing_and_jobs_run(void) {
    ls_cgroup c;
    begin_root();
    ls_cgroup_open(root, &c);
    CHECK_INT(c.folder, -1);
    CHECK_INT(c.limits, 0);
    CHECK_STR(c.why, "the kernel has no cgroup.kill");
    ls_cgroup_open("/no/such/folder", &c);
    CHECK_INT(c.folder, -1);
    CHECK_CONTAINS(c.why, "no cgroup can be made in /no/such/folder: No such file");
    end_root();
}

// ---- the kernel's own rules

// Where cgroup v2 is and we may make cgroups: a folder of ours in it. False: there is none.
static bool make_real(void) {
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        snprintf(root, sizeof root, "%s/lineshaft-test-%d", mounts[i], (int)getpid());
        char path[128];
        snprintf(path, sizeof path, "%s/cgroup.procs", mounts[i]);
        if (access(path, W_OK) == 0 && mkdir(root, 0755) == 0) {
            snprintf(path, sizeof path, "%s/cgroup.subtree_control", root);
            if (access(path, W_OK) == 0) {
                return true;
            }
            rmdir(root);
        }
    }
    return false;
}

// The top hands the controller on, or no more.
static bool ask_top(char sign, const char *word) {
    char text[80];
    snprintf(text, sizeof text, "%c%s", sign, word);
    char path[128];
    // Our own folder in it may be gone.
    snprintf(path, sizeof path, "%.*s/cgroup.subtree_control", (int)(strrchr(root, '/') - root),
             root);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool fine = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return fine;
}

static void test_a_daemon_that_is_alone_in_its_cgroup_makes_room_for_limits(void) {
    if (!make_real()) {
        harness_skip("no cgroup v2 in which we may make cgroups");
        return;
    }
    char word[64] = "";
    bool lent = false;
    if (sscanf(got(".", "cgroup.controllers"), "%63s", word) != 1 &&
        sscanf(got("..", "cgroup.controllers"), "%63s", word) == 1) {
        lent = ask_top('+', word);
    }
    if (strstr(got(".", "cgroup.controllers"), word) == NULL || word[0] == '\0') {
        rmdir(root);
        harness_skip("no controller is handed to cgroups here");
        return;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        const char *const one[] = {word, "no-such-controller", NULL};
        char why[LS_CGROUP_WHY_SIZE];
        const int folder = open_root();
        const int procs = openat(folder, "cgroup.procs", O_WRONLY);
        // In it: it may not both hold us and hand out the controller.
        bool fine = write(procs, "0", 1) == 1;
        fine = fine && ls_cgroup_enable(folder, one, false, why) == 0;
        fine = fine && strstr(why, "other processes are in the cgroup") != NULL;
        fine = fine && ls_cgroup_enable(folder, one, true, why) == 1;
        fine = fine && strcmp(why, "no-such-controller: not handed to this cgroup") == 0;
        _exit(fine ? 0 : 1);
    }
    int status = 0;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    CHECK_CONTAINS(got(".", "cgroup.subtree_control"), word);
    // Cgroups below it have the limit now, and processes can go into them.
    ls_cgroup c;
    ls_cgroup_open(root, &c);
    CHECK(c.folder >= 0);
    CHECK_STR(c.why, "");
    close(c.folder);
    char path[128];
    snprintf(path, sizeof path, "%s/lineshaft-daemon", root);
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(rmdir(root), 0);
    CHECK(!lent || ask_top('-', word));
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_a_job_asks_for_is_its_limit_summed_over_its_parts);
    TEST(test_what_it_does_not_ask_for_follows_from_its_gpus);
    TEST(test_no_memory_is_made_up_where_the_pool_file_says_none);
    TEST(test_controllers_are_asked_for_and_those_that_lack_are_named);
    TEST(test_a_controller_that_is_refused_is_told_with_the_reason);
    TEST(test_limits_are_written_as_the_kernel_reads_them);
    TEST(test_what_a_limit_did_is_read_from_its_events);
    TEST(test_a_job_is_held_to_its_share_and_told_that_it_was_killed_at_it);
    TEST(test_a_job_that_cannot_be_held_to_its_limits_does_not_begin);
    TEST(test_a_folder_that_is_no_cgroup_limits_nothing_and_jobs_run);
    TEST(test_a_daemon_that_is_alone_in_its_cgroup_makes_room_for_limits);
    return harness_report();
}
