// import_smt2020.c - `lineshaft import smt2020`: a published wafer fab becomes a plant file.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/output.h"
#include "cli/shell_word.h"
#include "import/plant_file.h"
#include "import/smt2020.h"

enum { PATH_SIZE = 4096 };

static const char *const compat_words[] = {"pyscfabsim", NULL};
static const char *const dispatch_words[] = {"fifo", "cr", NULL};

static const ls_option own_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "the plant file to write (needed)",
     .detail = "The lots at time zero go into FILE-initial.csv beside it, without its ending"},
    {.name = "force", .kind = LS_OPTION_FLAG, .about = "replace files that are there"},
    {.name = "compat",
     .kind = LS_OPTION_CHOICE,
     .argument = "pyscfabsim",
     .choices = compat_words,
     .says = "our own reading of the data",
     .about = "read the data as PySCFabSim does, where it reads them otherwise",
     .detail = "Most published results on these data come from it"},
    {.name = "dispatch",
     .kind = LS_OPTION_CHOICE,
     .argument = "fifo|cr",
     .choices = dispatch_words,
     .says = "as the data say",
     .about = "the rule of all stations: first come, or critical ratio"},
    {.name = "name",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "the name of the folder",
     .about = "what the plant is called"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

typedef struct smt2020_import {
    const char *folder, *plant_path;
    char initial_path[PATH_SIZE];
    const char *initial_name;  // the end of initial_path: what the plant file says
    ls_smt2020_options how;
} smt2020_import;

// "fabs/hvlm.yaml" gets "fabs/hvlm-initial.csv".
static ls_status name_files(const ls_options *options, smt2020_import *import, ls_error *err) {
    const char *path = ls_options_get(options, "output")->text;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    const size_t length = dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path);
    if (length + sizeof "-initial.csv" > sizeof import->initial_path) {
        return ls_fail(err, LS_ERR_INVALID, "option '--output': the path is too long");
    }
    snprintf(import->initial_path, sizeof import->initial_path, "%.*s-initial.csv", (int)length,
             path);
    import->plant_path = path;
    import->initial_name = import->initial_path + (name - path);
    return LS_OK;
}

static ls_status define(const ls_options *options, smt2020_import *import, ls_error *err) {
    if (!ls_options_get(options, "output")->given) {
        return ls_fail(err, LS_ERR_INVALID, "'-o FILE' is missing: the plant file to write");
    }
    const ls_option_value *dispatch = ls_options_get(options, "dispatch");
    const ls_option_value *name = ls_options_get(options, "name");
    const ls_status status = name_files(options, import, err);
    import->folder = options->arguments[0];
    import->how = ls_smt2020_options_default(ls_options_get(options, "compat")->given);
    import->how.initial_file = import->initial_name;
    import->how.plant_name = name->given ? name->text : NULL;
    if (dispatch->given) {
        import->how.dispatch = dispatch->number == 0 ? LS_SMT2020_DISPATCH_FIFO
                                                     : LS_SMT2020_DISPATCH_CR;
    }
    return status;
}

static ls_status check_outputs(const ls_options *options, const smt2020_import *import,
                               ls_error *err) {
    const bool force = ls_options_get(options, "force")->given;
    const ls_status status = ls_output_check(import->plant_path, force, err);
    return status == LS_OK ? ls_output_check(import->initial_path, force, err) : status;
}

// The table first, so that there is never a plant file that names a missing one.
static int write_both(const smt2020_import *import, const ls_buffer *plant,
                      const ls_buffer *initial) {
    ls_error err = {0};
    if (plant->failed || initial->failed) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory while writing the plant");
        return ls_complain(&err);
    }
    const bool with_table = initial->size > 0;
    const bool new_table = access(import->initial_path, F_OK) != 0;
    if (with_table &&
        ls_file_write(import->initial_path, initial->data, initial->size, &err) != LS_OK) {
        return ls_complain(&err);
    }
    if (ls_file_write(import->plant_path, plant->data, plant->size, &err) != LS_OK) {
        if (with_table && new_table) {
            unlink(import->initial_path);
        }
        return ls_complain(&err);
    }
    return LS_EXIT_DONE;
}

static void put_summary(const smt2020_import *import, const ls_plant *plant, ls_buffer *out) {
    ls_buffer_printf(out,
                     "%s: %u stations, %u machines, %u products, %u steps, %u classes of lots\n",
                     import->plant_path, plant->station_count, plant->machine_count,
                     plant->product_count, plant->step_count, plant->release_count);
    if (plant->wip_count > 0) {
        ls_buffer_printf(out, "%s: %u lots at time zero\n", import->initial_path, plant->wip_count);
    }
    ls_buffer_text(out, "next: lineshaft check ");
    ls_put_shell_word(out, import->plant_path);
    ls_buffer_text(out, "\n      lineshaft twin run ");
    ls_put_shell_word(out, import->plant_path);
    ls_buffer_text(out, " --for 180d --warmup 0s --reps 1\n");
}

// Reads back what was written: what the importer lets through must be a plant.
static int report(const smt2020_import *import) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    int code = LS_EXIT_DONE;
    if (ls_plant_file_read(import->plant_path, &plant, &errors) == LS_OK) {
        ls_buffer out;
        ls_buffer_init(&out);
        put_summary(import, plant, &out);
        code = ls_output_print(&out);
        ls_buffer_clear(&out);
    } else {
        ls_complain_all(&errors);
        ls_note("%s was written, but cannot run as it is", import->plant_path);
        code = LS_EXIT_NO;
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return code;
}

static int import_and_write(const smt2020_import *import) {
    ls_buffer plant, initial;
    ls_buffer_init(&plant);
    ls_buffer_init(&initial);
    ls_errors errors;
    ls_errors_init(&errors);
    int code = LS_EXIT_DONE;
    if (ls_import_smt2020_folder(import->folder, &import->how, &plant, &initial, &errors) !=
        LS_OK) {
        code = ls_complain_all(&errors);
    } else {
        code = write_both(import, &plant, &initial);
    }
    ls_buffer_clear(&plant);
    ls_buffer_clear(&initial);
    ls_errors_clear(&errors);
    return code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    smt2020_import import;
    memset(&import, 0, sizeof import);
    if (define(options, &import, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_import_smt2020.name);
    }
    if (check_outputs(options, &import, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    const int code = import_and_write(&import);
    return code == LS_EXIT_DONE ? report(&import) : code;
}

const ls_cli_command ls_command_import_smt2020 = {
    .name = "import smt2020",
    .arguments = "FOLDER",
    .least = 1,
    .most = 1,
    .about = "Makes a plant file of a data set in the text format of the SMT2020 testbed.",
    .example = "lineshaft import smt2020 SMT2020_HVLM -o hvlm.yaml",
    .examples =
        "lineshaft import smt2020 SMT2020_LVHM -o lvhm.yaml --dispatch cr\n"
        "lineshaft import smt2020 SMT2020_HVLM -o compat.yaml --compat pyscfabsim\n",
    .detail =
        "FOLDER holds the tab-separated tables: part.txt, route files, tool.txt.1l, "
        "order.txt and so on. What the tables leave open, and what was taken, stands as "
        "comments at the top of the plant file.\n",
    .tables = tables,
    .run = run,
};
