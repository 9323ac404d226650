// data_folder.c - see data_folder.h.
#include "line/data_folder.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { PATH_SIZE = 4096 };

ls_status ls_data_folder(const char *given, const char *plant_name, char *out, size_t size,
                         ls_error *err) {
    static const char root[] = "lineshaft-data/";
    const size_t length = given != NULL
                              ? ls_text_format(out, size, "%s", given)
                              : ls_text_format(out, size, "%s%s", root,
                                               plant_name[0] != '\0' ? plant_name : "plant");
    if (length >= size || length == 0) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "the name of the data folder has %zu bytes, 1 to %zu can be", length,
                       size - 1);
    }
    for (char *c = out + sizeof root - 1; given == NULL && *c != '\0'; c++) {
        const bool is_bad = *c == '/' || (unsigned char)*c < ' ' ||
                            (*c == '.' && c == out + sizeof root - 1);
        *c = is_bad ? '_' : *c;
    }
    return LS_OK;
}

ls_status ls_data_folder_make(const char *path, ls_error *err) {
    char part[PATH_SIZE];
    if (ls_text_format(part, sizeof part, "%s", path) >= sizeof part) {
        return ls_fail(err, LS_ERR_LIMIT, "a path of more than %d bytes", PATH_SIZE - 1);
    }
    for (char *c = part + 1;; c++) {
        if (*c != '/' && *c != '\0') {
            continue;
        }
        const char kept = *c;
        *c = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return ls_fail(err, LS_ERR_IO, "cannot make the folder %s: %s", part,
                           ls_errno_text(errno));
        }
        *c = kept;
        if (kept == '\0') {
            break;
        }
    }
    struct stat is;
    if (stat(path, &is) != 0 || !S_ISDIR(is.st_mode)) {
        return ls_fail(err, LS_ERR_IO, "%s is not a folder", path);
    }
    return LS_OK;
}

ls_status ls_data_folder_drop(const char *folder, const char *sub, const char *text, char *out_path,
                              size_t size, ls_error *err) {
    static unsigned number;
    char path[PATH_SIZE];
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    ls_text_format(path, sizeof path, "%s/%s", folder, sub);
    const ls_status status = ls_data_folder_make(path, err);
    if (status != LS_OK) {
        return status;
    }
    const size_t length = ls_text_format(
        out_path, size, "%s/%s/%04d%02d%02dT%02d%02d%02d.%09ld-%d-%u.csv", folder, sub,
        utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
        now.tv_nsec, (int)getpid(), number++);
    if (length >= size) {
        return ls_fail(err, LS_ERR_LIMIT, "a path of more than %zu bytes", size - 1);
    }
    return ls_file_write(out_path, text, strlen(text), err);
}
