// data_folder.c - see data_folder.h.
#include "line/data_folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

ls_status ls_data_folder(const char *plant_file, const char *given, char *out, size_t size,
                         ls_error *err) {
    const char *state = getenv("STATE_DIRECTORY");
    size_t length = 0;
    if (given != NULL || (state != NULL && state[0] == '/')) {
        length = ls_text_format(out, size, "%s", given != NULL ? given : state);
    } else {
        const char *slash = strrchr(plant_file, '/');
        const char *name = slash != NULL ? slash + 1 : plant_file;
        const char *dot = strrchr(name, '.');
        const int end = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
        length = ls_text_format(out, size, "lineshaft-data/%.*s", end, name);
    }
    if (length == 0 || length >= size) {
        return ls_fail(err, LS_ERR_INVALID, "the data folder's path is %s",
                       length == 0 ? "empty" : "too long");
    }
    return LS_OK;
}
