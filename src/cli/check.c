// check.c - `lineshaft check`: what is wrong with a plant or pool file, without running it.
#include "cli/check.h"

#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/output.h"
#include "import/plant_file.h"
#include "import/pool_file.h"

static const ls_option own_options[] = {
    {.name = "effective",
     .kind = LS_OPTION_FLAG,
     .about = "print the file with every default filled in",
     .detail = "Then, for a plant, as comments the size of the running plant and its limits"},
    {.name = "json",
     .kind = LS_OPTION_FLAG,
     .about = "one object with all mistakes, warnings, and loads or sizes"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_output_options, NULL};

static void add_failure(ls_check *check, ls_status status, const ls_error *err) {
    if (status != LS_OK) {
        ls_errors_add(&check->mistakes, err);
    }
}

static void make(ls_check *check, const char *path) {
    memset(check, 0, sizeof *check);
    check->path = path;
    ls_arena_init(&check->arena);
    ls_errors_init(&check->mistakes);
    ls_errors_init(&check->notes);
    if (ls_plant_file_read(path, &check->plant, &check->mistakes) != LS_OK) {
        return;
    }
    ls_error err = {0};
    ls_listen_warn(check->plant, &check->notes);
    ls_decide_warn(check->plant, &check->notes);
    ls_status status = ls_plant_notes(check->plant, &check->notes);
    if (status == LS_OK) {
        status = ls_plant_loads(check->plant, &check->arena, &check->loads);
    }
    if (status != LS_OK) {
        ls_fail(&err, status, "out of memory while checking the plant");
    } else {
        status = ls_twin_create(check->plant, &check->twin, &err);
    }
    add_failure(check, status, &err);
    if (status == LS_OK) {
        check->info = ls_twin_describe(check->twin);
    }
}

static void clear(ls_check *check) {
    ls_twin_destroy(check->twin);
    ls_plant_destroy(check->plant);
    ls_errors_clear(&check->mistakes);
    ls_errors_clear(&check->notes);
    ls_arena_clear(&check->arena);
}

int ls_check_exit_code(const ls_errors *mistakes) {
    if (mistakes->total == 0) {
        return LS_EXIT_DONE;
    }
    const int code = mistakes->count > 0 ? ls_exit_code(mistakes->items[0].status) : LS_EXIT_SYSTEM;
    return code == LS_EXIT_INPUT ? LS_EXIT_NO : code;
}

void ls_check_complain(const char *path, const ls_errors *mistakes, const ls_errors *notes) {
    if (mistakes->total > 0) {
        ls_complain_all(mistakes);
    }
    if (ls_check_exit_code(mistakes) == LS_EXIT_NO) {
        ls_note("%s: %zu mistake%s", path, mistakes->total, mistakes->total == 1 ? "" : "s");
    }
    for (size_t i = 0; i < notes->count; i++) {
        ls_warn_of(&notes->items[i]);
    }
}

static int deliver(const ls_check *check, const ls_options *options) {
    const bool json = ls_options_get(options, "json")->given;
    const int code = ls_check_exit_code(&check->mistakes);
    if (!json) {
        ls_check_complain(check->path, &check->mistakes, &check->notes);
        if (code != LS_EXIT_DONE) {
            return code;
        }
    }
    ls_buffer out;
    ls_buffer_init(&out);
    if (json) {
        ls_check_report_json(check, &out);
    } else if (ls_options_get(options, "effective")->given) {
        ls_check_report_effective(check, &out);
    } else {
        ls_check_report_text(check, &out);
    }
    const int delivered = ls_output_deliver(options, &out);
    ls_buffer_clear(&out);
    return delivered != LS_EXIT_DONE ? delivered : code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    if (ls_options_exclude(options, "json", "effective", &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_check.name);
    }
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    if (ls_pool_file_probe(options->arguments[0])) {
        return ls_check_pool(options);
    }
    ls_check check;
    make(&check, options->arguments[0]);
    const int code = deliver(&check, options);
    clear(&check);
    return code;
}

const ls_cli_command ls_command_check = {
    .name = "check",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .about = "Says what is wrong with a plant or pool file, or what it comes to.",
    .example = "lineshaft check plant.yaml",
    .examples =
        "lineshaft check --effective plant.yaml\n"
        "lineshaft check --json plant.yaml\n"
        "lineshaft check pool.yaml\n",
    .detail =
        "All mistakes at once, each with its place, its value and what would be right. The "
        "exit code is 1 when there are some. A file that begins with `pool: NAME` is a pool file; "
        "of a "
        "plant file that is fine is told what its stations will have to do.\n",
    .tables = tables,
    .run = run,
};
