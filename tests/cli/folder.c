// folder.c - see folder.h.
#include "tests/cli/folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/harness.h"

static char path[512], file[512];

bool folder_make(const char *plant) {
    if (!program_is_there()) {
        return false;
    }
    snprintf(path, sizeof path, "%s", program_temporary("m"));
    snprintf(file, sizeof file, "%s", plant != NULL ? plant : "#");
    CHECK_INT(mkdir(path, 0777), 0);
    return true;
}

const char *folder_path(void) {
    return path;
}

const char *folder_fill(const char *text) {
    static char whole[4][4096];
    static int next;
    char *out = whole[next++ % 4];
    size_t size = 0;
    for (const char *at = text; *at != '\0' && size < sizeof whole[0] - 600; at++) {
        const char *in = *at == '%' ? path : *at == '#' ? file : NULL;
        if (in != NULL) {
            size += (size_t)snprintf(out + size, sizeof whole[0] - size, "%s", in);
        } else {
            out[size++] = *at;
        }
    }
    out[size] = '\0';
    return out;
}

void folder_put(const char *name, const char *text) {
    char to[600];
    ls_error err;
    snprintf(to, sizeof to, "%s/%s", path, name);
    CHECK_INT(ls_file_write(to, text, strlen(text), &err), LS_OK);
}

program folder_run(const char *line, int code) {
    const char *whole = folder_fill(line);
    harness_note("lineshaft %s", whole);
    program done = program_run(whole);
    if (done.code != code) {
        harness_note("%s%s", done.out, done.err);
    }
    CHECK_INT(done.code, code);
    return done;
}

void folder_expect(const char *line, int code, const char *said) {
    program done = folder_run(line, code);
    CHECK_CONTAINS(code == 0 || code == 1 ? done.out : done.err, said);
    program_clear(&done);
}

json_t *folder_ask(const char *line) {
    program done = folder_run(line, 0);
    json_t *object = json_loads(done.out, 0, NULL);
    CHECK(object != NULL);
    program_clear(&done);
    return object;
}

uint64_t folder_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
