// file_test.c - whole files in and out, and nothing half-written.
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/harness.h"

static char folder[64];

static const char *path_of(const char *name) {
    static char path[256];
    ls_text_format(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int count_files(void) {
    DIR *dir = opendir(folder);
    int count = 0;
    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count - 2;  // . and ..
}

static void check_content(const char *name, const char *expected) {
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    ls_error err;
    ls_arena_init(&arena);
    CHECK_INT(ls_file_read(path_of(name), 1000000, &arena, &text, &size, &err), LS_OK);
    CHECK_STR(text, expected);
    CHECK_INT(size, strlen(expected));
    ls_arena_clear(&arena);
}

static void test_written_files_read_back(void) {
    CHECK_INT(ls_file_write(path_of("a"), "first", 5, NULL), LS_OK);
    check_content("a", "first");
    CHECK_INT(ls_file_write(path_of("a"), "second one", 10, NULL), LS_OK);
    check_content("a", "second one");
    CHECK_INT(ls_file_write(path_of("a"), NULL, 0, NULL), LS_OK);
    check_content("a", "");
    CHECK_INT(count_files(), 1);
    unlink(path_of("a"));
}

static void test_a_name_without_folder(void) {
    char old[4096];
    CHECK(getcwd(old, sizeof old) != NULL);
    CHECK_INT(chdir(folder), 0);
    CHECK_INT(ls_file_write("plain", "x", 1, NULL), LS_OK);
    check_content("plain", "x");
    unlink("plain");
    CHECK_INT(chdir(old), 0);
    CHECK_INT(count_files(), 0);
}

static void test_permissions_and_links_are_kept(void) {
    char target[256];
    ls_text_format(target, sizeof target, "%s", path_of("target"));
    CHECK_INT(ls_file_write(target, "old", 3, NULL), LS_OK);
    CHECK_INT(chmod(target, 0640), 0);
    CHECK_INT(symlink("target", path_of("link")), 0);
    CHECK_INT(ls_file_write(path_of("link"), "new", 3, NULL), LS_OK);
    struct stat info;
    CHECK_INT(lstat(path_of("link"), &info), 0);
    CHECK(S_ISLNK(info.st_mode));
    CHECK_INT(stat(target, &info), 0);
    CHECK_INT(info.st_mode & 0777, 0640);
    check_content("target", "new");
    unlink(path_of("link"));
    unlink(target);
}

static void test_reading_what_is_no_file(void) {
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    ls_error err;
    ls_arena_init(&arena);
    CHECK_INT(ls_file_read(path_of("missing"), 10, &arena, &text, &size, &err), LS_ERR_IO);
    CHECK_STR(err.text, "cannot open the file: No such file or directory");
    CHECK_STR(err.file, path_of("missing"));
    CHECK_INT(ls_file_read(folder, 10, &arena, &text, &size, &err), LS_ERR_IO);
    CHECK_STR(err.text, "this is a folder, not a file");
    CHECK_INT(mkfifo(path_of("pipe"), 0600), 0);
    CHECK_INT(ls_file_read(path_of("pipe"), 10, &arena, &text, &size, &err), LS_ERR_IO);
    CHECK_STR(err.text, "this is a pipe or device, not a file");
    unlink(path_of("pipe"));
    CHECK(text == NULL);
    ls_arena_clear(&arena);
}

static void test_reading_has_a_limit(void) {
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    ls_error err;
    ls_arena_init(&arena);
    CHECK_INT(ls_file_write(path_of("a"), "0123456789", 10, NULL), LS_OK);
    CHECK_INT(ls_file_read(path_of("a"), 10, &arena, &text, &size, &err), LS_OK);
    CHECK_INT(ls_file_read(path_of("a"), 9, &arena, &text, &size, &err), LS_ERR_LIMIT);
    CHECK_STR(err.text, "the file has more than 9 bytes");
    unlink(path_of("a"));
    // A file of /proc says it has no bytes.
    CHECK_INT(ls_file_read("/proc/self/maps", 10, &arena, &text, &size, &err), LS_ERR_LIMIT);
    CHECK_INT(ls_file_read("/proc/self/maps", 10000000, &arena, &text, &size, &err), LS_OK);
    CHECK(size > 100 && strlen(text) == size);
    ls_arena_clear(&arena);
}

static void test_unwritable_folder(void) {
    ls_error err;
    CHECK_INT(ls_file_write(path_of("no/such"), "x", 1, &err), LS_ERR_IO);
    CHECK_STR(err.text, "cannot write the file: No such file or directory");
    CHECK_INT(ls_file_write(folder, "x", 1, &err), LS_ERR_IO);
    CHECK_STR(err.text, "cannot write the file: Is a directory");
    // Nobody, not even root, makes files in /proc.
    CHECK_INT(ls_file_write("/proc/lineshaft", "x", 1, &err), LS_ERR_IO);
    CHECK_INT(mkdir(path_of("closed"), 0500), 0);
    if (geteuid() != 0) {
        CHECK_INT(ls_file_write(path_of("closed/a"), "x", 1, &err), LS_ERR_IO);
        CHECK_STR(err.text, "cannot write the file: Permission denied");
    }
    rmdir(path_of("closed"));
}

static void test_full_device_leaves_the_old_file(void) {
    ls_error err;
    CHECK_INT(ls_file_write(path_of("a"), "old", 3, NULL), LS_OK);
    for (int64_t allowed = 0; allowed < 8; allowed++) {
        ls_file_fail_write_after(allowed);
        CHECK_INT(ls_file_write(path_of("a"), "new text", 8, &err), LS_ERR_IO);
        ls_file_fail_write_after(-1);
        CHECK_STR(err.text, "cannot write the file: No space left on device");
        check_content("a", "old");
        CHECK_INT(count_files(), 1);
    }
    ls_file_fail_write_after(8);
    CHECK_INT(ls_file_write(path_of("a"), "new text", 8, &err), LS_OK);
    ls_file_fail_write_after(-1);
    check_content("a", "new text");
    unlink(path_of("a"));
}

static void test_devices_are_written_directly(void) {
    ls_error err;
    CHECK_INT(ls_file_write("/dev/null", "x", 1, &err), LS_OK);
    if (access("/dev/full", W_OK) == 0) {
        CHECK_INT(ls_file_write("/dev/full", "x", 1, &err), LS_ERR_IO);
        CHECK_STR(err.text, "cannot write: No space left on device");
    }
}

static void test_out_of_memory_is_reported(void) {
    CHECK_INT(ls_file_write(path_of("a"), "text", 4, NULL), LS_OK);
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    ls_error err;
    ls_arena_init(&arena);
    for (int64_t n = 0; n < 3; n++) {
        ls_arena_clear(&arena);
        ls_alloc_fail_after(n);
        const ls_status status = ls_file_read(path_of("a"), 100, &arena, &text, &size, &err);
        const ls_status written = ls_file_write(path_of("b"), "x", 1, NULL);
        ls_alloc_fail_after(-1);
        CHECK_INT(status, n == 0 ? LS_ERR_MEMORY : LS_OK);
        CHECK_INT(written, n < 2 ? LS_ERR_MEMORY : LS_OK);
        CHECK_INT(count_files(), n < 2 ? 1 : 2);
    }
    ls_arena_clear(&arena);
    unlink(path_of("a"));
    unlink(path_of("b"));
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    const char *base = getenv("TMPDIR");
    ls_text_format(folder, sizeof folder, "%s/ls-file-XXXXXX",
                   base != NULL && strlen(base) < 40 ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    TEST(test_written_files_read_back);
    TEST(test_a_name_without_folder);
    TEST(test_permissions_and_links_are_kept);
    TEST(test_reading_what_is_no_file);
    TEST(test_reading_has_a_limit);
    TEST(test_unwritable_folder);
    TEST(test_full_device_leaves_the_old_file);
    TEST(test_devices_are_written_directly);
    TEST(test_out_of_memory_is_reported);
    rmdir(folder);
    return harness_report();
}
