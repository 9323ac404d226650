// drop.c - see drop.h.
#include "cli/drop.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/json.h"
#include "cli/output.h"
#include "import/plant_file.h"
#include "line/data_folder.h"
#include "line/orders.h"
#include "ls_build.h"

enum { PATH_SIZE = 4096 };

static int64_t wall_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int read_plant(const char *path, ls_plant **out) {
    ls_errors errors;
    ls_errors_init(&errors);
    const int code = ls_plant_file_read(path, out, &errors) == LS_OK ? LS_EXIT_DONE
                                                                     : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    return code;
}

static int report(const ls_options *options, bool is_note, const char *const *keys,
                  const char *const *values, size_t count, const char *path, const char *said) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string(is_note ? "line-note/1" : "order-add/1"));
        for (size_t i = 0; i < count; i++) {
            json_object_set_new(object, keys[i],
                                values[i] != NULL ? ls_json_text(values[i]) : json_null());
        }
        json_object_set_new(object, "file", ls_json_text(path));
        ls_json_print(object, &out);
    } else {
        ls_buffer_printf(&out, "%s\nput at %s, where the running service takes it\n", said, path);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

int ls_drop(const ls_options *options, const char *command, bool is_note, const char *const *keys,
            const char *const *values, size_t count, const char *said) {
    char folder[PATH_SIZE];
    char path[PATH_SIZE + 200];
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_buffer csv;
    int code = ls_data_option_folder(options, folder, sizeof folder);
    if (code == LS_EXIT_DONE) {
        code = read_plant(options->arguments[0], &plant);
    }
    if (code != LS_EXIT_DONE) {
        return code;
    }
    ls_buffer_init(&csv);
    ls_status status = ls_orders_compose(plant, is_note, keys, values, count, wall_us(), &csv,
                                         &err);
    if (status == LS_ERR_INVALID) {
        code = ls_complain_usage(&err, command);
    } else if (status == LS_OK) {
        status = ls_data_folder_drop(folder, is_note ? "notes" : "orders", csv.data, path,
                                     sizeof path, &err);
    }
    if (code == LS_EXIT_DONE) {
        code = status == LS_OK ? report(options, is_note, keys, values, count, path, said)
                               : ls_complain(&err);
    }
    ls_buffer_clear(&csv);
    ls_plant_destroy(plant);
    return code;
}
