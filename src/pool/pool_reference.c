// pool_reference.c - a small program of the build: prints the part of docs/POOL.md that is made
// from tables; with a file, writes it there between its marks.
//
//   pool_reference [docs/POOL.md]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pool/pool_file.h"

static const char begin[] = "<!-- made by pool_reference: begin -->\n";
static const char end[] = "<!-- made by pool_reference: end -->\n";

static int write_into(const char *path, const ls_buffer *made) {
    ls_arena arena;
    ls_arena_init(&arena);
    char *text = NULL;
    size_t size = 0;
    int code = 4;
    if (ls_file_read(path, 1 << 24, &arena, &text, &size, NULL) == LS_OK) {
        const char *from = strstr(text, begin);
        const char *to = from != NULL ? strstr(from, end) : NULL;
        FILE *file = to != NULL ? fopen(path, "wb") : NULL;
        if (file != NULL) {
            fwrite(text, 1, (size_t)(from - text) + strlen(begin), file);
            fprintf(file, "\n%s\n", made->data);
            fwrite(to, 1, size - (size_t)(to - text), file);
            code = fclose(file) == 0 ? 0 : 4;
        }
    }
    ls_arena_clear(&arena);
    return code;
}

int main(int argc, char **argv) {
    ls_buffer text;
    ls_buffer_init(&text);
    int code = ls_pool_reference(&text) == LS_OK ? 0 : 4;
    if (code == 0 && argc > 1) {
        code = write_into(argv[1], &text);
    } else if (code == 0) {
        fwrite(text.data, 1, text.size, stdout);
        code = fflush(stdout) == 0 ? 0 : 4;
    }
    ls_buffer_clear(&text);
    return code;
}
