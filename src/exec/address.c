// address.c - see address.h.
#include "exec/address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

enum { FOLDER_SIZE = 4096 };

ls_status ls_pool_address_make(const char *path, struct sockaddr_un *out, int *out_folder,
                               ls_error *err) {
    *out_folder = -1;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] == '\0' || path[strlen(path) - 1] == '/') {
        return ls_fail(err, LS_ERR_INVALID, "'%s' is no path of a socket", path);
    }
    if (strlen(path) < sizeof out->sun_path) {
        memcpy(out->sun_path, path, strlen(path));
        return LS_OK;
    }
    char folder[FOLDER_SIZE];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (ls_text_format(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
                       slash != NULL ? path : ".") >= sizeof folder) {
        return ls_fail(err, LS_ERR_INVALID, "the path of a socket is too long: '%.200s...'", path);
    }
    *out_folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out_folder < 0) {
        return ls_fail(err, LS_ERR_IO, "cannot open folder '%s': %s", folder, strerror(errno));
    }
    if (ls_text_format(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", *out_folder,
                       name) >= sizeof out->sun_path) {
        close(*out_folder);
        *out_folder = -1;
        return ls_fail(err, LS_ERR_INVALID, "the name of a socket is too long: '%s'", name);
    }
    return LS_OK;
}
