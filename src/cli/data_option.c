// data_option.c - see data_option.h.
#include "cli/data_option.h"

#include <stdlib.h>

#include "cli/complain.h"
#include "import/plant_file.h"
#include "line/data_folder.h"

const ls_option ls_data_options[] = {
    {.name = "data",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "lineshaft-data/ and the plant's name, here; under systemd its state folder",
     .about = "where the plant's service keeps what it keeps"},
    {0},
};

int ls_data_option_folder(const ls_options *options, char *out, size_t size) {
    const ls_option_value *value = ls_options_get(options, "data");
    const char *given = value->given ? value->text : getenv("STATE_DIRECTORY");
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    int code = LS_EXIT_DONE;
    if (ls_plant_file_read(options->arguments[0], &plant, &errors) != LS_OK) {
        code = ls_complain_all(&errors);
    } else {
        ls_error err = {0};
        if (ls_data_folder(given, plant->name, out, size, &err) != LS_OK) {
            code = ls_complain(&err);
        }
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return code;
}
