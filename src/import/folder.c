#include "import/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const ls_import_file *)a)->name, ((const ls_import_file *)b)->name);
}

static char *path_of(ls_arena *arena, const char *folder, const char *name) {
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = ls_arena_alloc(arena, size);
    if (path != NULL) {
        bool slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/';
        ls_text_format(path, size, "%s%s%s", folder, slash ? "" : "/", name);
    }
    return path;
}

// Lists the names first, so that the folder is closed again before anything else can fail.
static ls_status list(const char *folder, ls_arena *arena, ls_import_file *items, size_t *out_count,
                      ls_error *err) {
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        ls_status status = ls_fail(err, LS_ERR_IO, "cannot open the folder '%s': %s", folder,
                                   ls_errno_text(errno));
        ls_hint(err, "give the folder that holds order.txt, part.txt, tool.txt.1l and the routes");
        return status;
    }
    ls_status status = LS_OK;
    size_t count = 0;
    struct dirent *entry;
    while (status == LS_OK && (entry = readdir(dir)) != NULL) {
        if (!ends_with(entry->d_name, ".txt") && !ends_with(entry->d_name, ".txt.1l")) {
            continue;
        }
        if (count == LS_IMPORT_FOLDER_FILES_MAX) {
            status = ls_fail(err, LS_ERR_LIMIT, "the folder '%s' has more than %d text files",
                             folder, LS_IMPORT_FOLDER_FILES_MAX);
            break;
        }
        const char *name = ls_arena_text(arena, entry->d_name, strlen(entry->d_name));
        const char *path = name != NULL ? path_of(arena, folder, name) : NULL;
        struct stat facts;
        if (path == NULL) {
            status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
        } else if (stat(path, &facts) != 0) {
            status = ls_fail(err, LS_ERR_IO, "cannot read '%s': %s", path, ls_errno_text(errno));
        } else if (S_ISREG(facts.st_mode)) {
            items[count++].name = name;
        }
    }
    closedir(dir);
    *out_count = count;
    return status;
}

ls_status ls_import_folder_read(const char *folder, ls_arena *arena, ls_import_files *out,
                                ls_error *err) {
    *out = (ls_import_files){.folder = folder};
    ls_import_file *items = ls_arena_alloc(arena,
                                           LS_IMPORT_FOLDER_FILES_MAX * sizeof(ls_import_file));
    if (items == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    size_t count = 0;
    ls_status status = list(folder, arena, items, &count, err);
    if (status != LS_OK) {
        return status;
    }
    qsort(items, count, sizeof *items, by_name);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const char *path = path_of(arena, folder, items[i].name);
        if (path == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        char *text = NULL;
        status = ls_file_read(path, LS_IMPORT_FILE_SIZE_MAX, arena, &text, &items[i].size, err);
        if (status != LS_OK) {
            return status;
        }
        items[i].text = text;
        total += items[i].size;
        if (total > LS_IMPORT_FOLDER_SIZE_MAX) {
            return ls_fail(err, LS_ERR_LIMIT,
                           "the text files in '%s' are larger than %d MiB together", folder,
                           LS_IMPORT_FOLDER_SIZE_MAX / (1024 * 1024));
        }
    }
    out->items = items;
    out->count = count;
    return LS_OK;
}
