// disk_test.c - a disk without room: no job is taken, and that is said; what jobs write stops
// before, and the journal goes on.
#include "exec/disk.h"

#include <string.h>

#include "exec/testing/small_service.h"
#include "tests/harness.h"

static void test_without_room_nothing_is_taken_and_nothing_is_half_done(void) {
    small_service s;
    ls_error err = {0};
    uint64_t id = 0;
    CHECK(small_service_make(&s, 1, NULL));
    const char *const argv[] = {"echo", "ran", NULL};
    const ls_exec_job job = small_job(argv);
    const uint64_t a = small_submit(&s, &job);
    ls_disk_pretend((int64_t)LS_DISK_LEAST - 1);
    CHECK_INT(ls_exec_submit(s.exec, &job, &id, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "is full: 2047 KiB are left, and 2048 are needed");
    CHECK_CONTAINS(err.hint, "nothing was done");
    CHECK_INT(id, 0);
    ls_exec_view v;
    CHECK(!ls_exec_get(s.exec, a + 1, &v));
    CHECK_INT(ls_exec_check_room(s.exec, &err), LS_ERR_LIMIT);
    CHECK(small_until(&s, a, LS_EXEC_DONE));  // what was taken goes on
    ls_disk_pretend((int64_t)LS_DISK_LEAST);
    CHECK_INT(ls_exec_check_room(s.exec, &err), LS_OK);
    CHECK_INT(small_submit(&s, &job), a + 1);
    CHECK(small_until(&s, a + 1, LS_EXEC_DONE));
    ls_disk_pretend(-1);
    small_service_clear(&s);
}

static void test_what_jobs_write_leaves_room_for_the_journal(void) {
    small_service s;
    // The guardians of this service find a disk on which jobs are taken, and logs have no room.
    ls_disk_pretend((int64_t)LS_DISK_LEAST);
    CHECK(small_service_make(&s, 1, NULL));
    const char *const argv[] = {"echo", "lost", NULL};
    const ls_exec_job job = small_job(argv);
    const uint64_t a = small_submit(&s, &job);
    CHECK(small_until(&s, a, LS_EXEC_DONE));
    CHECK_STR(small_log(&s, a), "");
    ls_exec_view v;
    CHECK(ls_exec_get(s.exec, a, &v));
    CHECK_STR(v.note, "5 bytes of its log could not be written");
    ls_disk_pretend(-1);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_without_room_nothing_is_taken_and_nothing_is_half_done);
    TEST(test_what_jobs_write_leaves_room_for_the_journal);
    return harness_report();
}
