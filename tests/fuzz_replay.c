// Runs a fuzz target over files and folders given as arguments, without libFuzzer: the corpus as
// an ordinary test, with any compiler. A fault ends the program, and the last line printed names
// the file. Empty input comes first, always.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed_count;
static int unreadable_count;

static void replay_file(const char *path) {
    uint64_t size = 0;
    char *text = harness_read_file(path, &size);
    if (text == NULL) {
        printf("cannot read %s\n", path);
        unreadable_count++;
        return;
    }
    printf("%s\n", path);
    // A block of exactly this size, so that a sanitizer sees the first byte read past it.
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL) {
        unreadable_count++;
    } else {
        memcpy(data, text, size);
        LLVMFuzzerTestOneInput(data, size);
        replayed_count++;
    }
    free(data);
    free(text);
}

static void replay_folder(const char *path) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        struct stat info;
        if (stat(file, &info) == 0 && S_ISREG(info.st_mode)) {
            replay_file(file);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    uint8_t nothing = 0;
    LLVMFuzzerTestOneInput(&nothing, 0);
    replayed_count++;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode)) {
            replay_folder(argv[i]);
        } else {
            replay_file(argv[i]);
        }
    }
    printf("%d passed, %d failed\n", replayed_count, unreadable_count);
    return unreadable_count == 0 ? 0 : 1;
}
