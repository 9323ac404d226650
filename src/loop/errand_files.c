// errand_files.c - see errand_files.h.
#include "loop/errand_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "line/data_folder.h"
#include "loop/json_value.h"

ls_status ls_errand_files_find(const char *plant, const char *data, const char *name,
                               ls_errand_files *out, ls_error *err) {
    if (realpath(plant, out->plant) == NULL || realpath(data, out->data) == NULL) {
        return ls_fail(err, LS_ERR_IO, "cannot find '%s' and '%s': %s", plant, data,
                       ls_errno_text(errno));
    }
    ls_text_format(out->folder, sizeof out->folder, "%s/%s", out->data, name);
    ls_text_format(out->result, sizeof out->result, "%s/result.json", out->folder);
    return ls_data_folder_make(out->folder, err);
}

json_t *ls_errand_files_result(const ls_errand_files *files, const char *format, size_t size_max,
                               ls_error *err) {
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    json_t *result = NULL;
    ls_arena_init(&arena);
    if (ls_file_read(files->result, size_max, &arena, &text, &size, err) == LS_OK) {
        result = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (strcmp(ls_json_text_at(result, "format"), format) != 0) {
            ls_fail(err, LS_ERR_INVALID, "'%s' is no result in the format '%s'", files->result,
                    format);
            json_decref(result);
            result = NULL;
        }
    }
    ls_arena_clear(&arena);
    return result;
}
