// history_backup.c - `lineshaft history backup` and `lineshaft history restore`.
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"

static const ls_option *const backup_tables[] = {ls_history_place_options, NULL};
static const ls_option no_options[] = {{0}};
static const ls_option *const restore_tables[] = {no_options, NULL};

static int back_up(const ls_options *options) {
    ls_error err = {0};
    ls_opened_history opened;
    if (ls_history_open_argument(options, true, &opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    int code = LS_EXIT_DONE;
    if (ls_history_backup(opened.history, options->arguments[1], &err) != LS_OK) {
        code = ls_complain(&err);
    }
    return ls_history_close_argument(&opened, code);
}

static int restore(const ls_options *options) {
    ls_error err = {0};
    return ls_history_restore(options->arguments[0], options->arguments[1], &err) == LS_OK
               ? LS_EXIT_DONE
               : ls_complain(&err);
}

const ls_cli_command ls_command_history_backup = {
    .name = "history backup",
    .arguments = "HISTORY FILE",
    .least = 2,
    .most = 2,
    .about = "Copies a history into one file, also while it is written",
    .example = "lineshaft history backup plant-data plant-2026-01-05.backup",
    .examples = "lineshaft history backup plant-data /mnt/backup/plant-$(date +%F).backup\n",
    .detail =
        "The file holds everything up to the call and appears whole or not at all. A history "
        "on a server is backed up by the server's own tools: pg_dump --schema=lineshaft.\n",
    .tables = backup_tables,
    .run = back_up,
};

const ls_cli_command ls_command_history_restore = {
    .name = "history restore",
    .arguments = "FILE HISTORY",
    .least = 2,
    .most = 2,
    .about = "Makes a history's folder from a backup",
    .example = "lineshaft history restore plant-2026-01-05.backup plant-data",
    .examples = "lineshaft history restore plant-2026-01-05.backup /var/lib/lineshaft/plant\n",
    .detail =
        "The folder must not be there yet. The backup is checked before the folder appears.\n",
    .tables = restore_tables,
    .run = restore,
};
