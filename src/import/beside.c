// beside.c - see beside.h.
#include "import/beside.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { PATH_SIZE = 4096, TABLE_SIZE_MAX = 256 * 1024 * 1024 };

static ls_status load(void *context, const char *name, const char **out, size_t *out_size,
                      ls_error *err) {
    const ls_beside *from = context;
    const char *slash = name[0] == '/' ? NULL : strrchr(from->path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - from->path) + 1;
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%.*s%s", length, from->path, name) >= (int)sizeof path) {
        return ls_fail(err, LS_ERR_INVALID, "the path of this file is too long: %.100s...", name);
    }
    char *text = NULL;
    ls_status status = from->may_read != NULL ? from->may_read(from->context, path, err) : LS_OK;
    if (status == LS_OK) {
        status = ls_file_read(path, TABLE_SIZE_MAX, from->arena, &text, out_size, err);
    }
    *out = text;
    return status;
}

ls_form_files ls_files_beside(ls_beside *beside) {
    return (ls_form_files){.load = load, .context = beside};
}
