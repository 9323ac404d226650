// backup.c - a history as one file while it runs, and back.
//
// First everything in the log goes into blocks, so that the copy is complete up to the call; then
// the backend copies itself. The copy is made beside its place under another name and takes its
// place when it is whole and on disk.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "history/history_inside.h"
#include "history/sqlite_file.h"

enum { PATH_SIZE = 4096, PIECE_SIZE = 1 << 16 };

static ls_status sync_path(const char *path, int flags, ls_error *err) {
    const int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        const ls_status status = ls_fail_errno(err, path, "cannot write to disk", errno);
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    close(fd);
    return LS_OK;
}

// The folder of a path, "." when it names none.
static ls_status folder_of(const char *path, char *out, size_t size, ls_error *err) {
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (length + 2 > size || strlen(path) + 32 > size) {
        return ls_fail(err, LS_ERR_INVALID, "the path is too long: %.100s...", path);
    }
    memcpy(out, slash == NULL ? "." : path, slash == NULL ? 1 : length);
    out[slash == NULL ? 1 : length] = '\0';
    return LS_OK;
}

// Whole and on disk; `path` must not be there yet.
static ls_status publish(const char *temporary, const char *path, const char *folder,
                         ls_error *err) {
    ls_status status = sync_path(temporary, O_RDONLY, err);
    if (status == LS_OK && link(temporary, path) != 0) {  // unlike rename: never over another
        status = ls_fail_errno(err, path, "cannot give the backup its name", errno);
    }
    unlink(temporary);
    return status == LS_OK ? sync_path(folder, O_RDONLY | O_DIRECTORY, err) : status;
}

static ls_status copy_bytes(int from, int to, const char *backup, const char *path, ls_error *err) {
    static _Thread_local char piece[PIECE_SIZE];
    for (;;) {
        const ssize_t got = read(from, piece, sizeof piece);
        if (got == 0) {
            return LS_OK;
        }
        if (got < 0) {
            return ls_fail_errno(err, backup, "cannot read the backup", errno);
        }
        for (ssize_t at = 0; at < got;) {
            const ssize_t put = write(to, piece + at, (size_t)(got - at));
            if (put < 0) {
                return ls_fail_errno(err, path, "cannot write the history", errno);
            }
            at += put;
        }
    }
}

static ls_status copy_file(const char *backup, const char *path, ls_error *err) {
    const int from = open(backup, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return ls_fail_errno(err, backup, "cannot open the backup", errno);
    }
    const int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    ls_status status = to < 0 ? ls_fail_errno(err, path, "cannot write the history", errno)
                              : copy_bytes(from, to, backup, path, err);
    if (to >= 0 && fsync(to) != 0 && status == LS_OK) {
        status = ls_fail_errno(err, path, "cannot write the history", errno);
    }
    if (to >= 0 && close(to) != 0 && status == LS_OK) {
        status = ls_fail_errno(err, path, "cannot write the history", errno);
    }
    close(from);
    return status;
}

// ---- somebody else writes the history: its log is not ours to empty

typedef struct backup_part {  // the folder in which the copy is made
    char folder[PATH_SIZE + 32], database[PATH_SIZE + 64], log[PATH_SIZE + 64];
} backup_part;

static void remove_part(const backup_part *part) {
    char path[2 * PATH_SIZE];
    DIR *folder = opendir(part->log);
    struct dirent *entry = folder != NULL ? readdir(folder) : NULL;
    for (; entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%.255s", part->log, entry->d_name);
            unlink(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(part->log);
    static const char *const names[] = {"history.db", "history.db-wal", "history.db-shm",
                                        "history.db-journal", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", part->folder, names[i]);
        unlink(path);
    }
    rmdir(part->folder);
}

static ls_status make_part(const char *path, backup_part *out, ls_error *err) {
    snprintf(out->folder, sizeof out->folder, "%.4060s.%d.part", path, (int)getpid());
    snprintf(out->database, sizeof out->database, "%s/history.db", out->folder);
    snprintf(out->log, sizeof out->log, "%s/log", out->folder);
    remove_part(out);
    return mkdir(out->folder, 0700) == 0 && mkdir(out->log, 0700) == 0
               ? LS_OK
               : ls_fail_errno(err, out->folder, "cannot make the folder", errno);
}

// A segment that goes while we copy has gone into blocks, which are copied after it.
static ls_status copy_log(const char *from, const backup_part *part, ls_error *err) {
    char source[2 * PATH_SIZE];
    char target[2 * PATH_SIZE];
    ls_status status = LS_OK;
    DIR *folder = opendir(from);
    struct dirent *entry = folder != NULL ? readdir(folder) : NULL;
    for (; entry != NULL && status == LS_OK; entry = readdir(folder)) {
        snprintf(source, sizeof source, "%.4095s/%.255s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%.255s", part->log, entry->d_name);
        struct stat info;
        if (stat(source, &info) == 0 && S_ISREG(info.st_mode)) {
            status = copy_file(source, target, err);
            status = access(source, F_OK) != 0 ? LS_OK : status;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return status;
}

// The copy takes in its copy of the log, as after a crash.
static ls_status take_in_log(const backup_part *part, ls_error *err) {
    ls_history_def def = ls_history_def_default();
    ls_tags *tags = NULL;
    ls_history *copy = NULL;
    def.store = part->folder;
    ls_status status = ls_tags_create(&tags, err);
    if (status == LS_OK) {
        status = ls_history_open(&def, tags, &copy, err);
    }
    if (status == LS_OK) {
        status = ls_history_close(copy, err);
    }
    ls_tags_destroy(tags);
    return status;
}

// The log first: what moves from it into blocks meanwhile is then in both copies.
static ls_status back_up_others(const ls_store_ops *ops, ls_store *store, const char *folder,
                                const char *path, ls_error *err) {
    backup_part part;
    char log[PATH_SIZE];
    char parent[PATH_SIZE];
    snprintf(log, sizeof log, "%.4080s/log", folder);
    ls_status status = folder_of(path, parent, sizeof parent, err);
    if (status == LS_OK) {
        status = make_part(path, &part, err);
    }
    if (status != LS_OK) {
        return status;
    }
    status = copy_log(log, &part, err);
    if (status == LS_OK) {
        status = ops->backup(store, part.database, err);
    }
    if (status == LS_OK) {
        status = take_in_log(&part, err);
    }
    if (status == LS_OK) {
        status = ls_sqlite_make_plain(part.database, err);
    }
    if (status == LS_OK) {
        status = publish(part.database, path, parent, err);
    }
    remove_part(&part);
    return status;
}

ls_status ls_history_backup(ls_history *history, const char *path, ls_error *err) {
    char folder[PATH_SIZE];
    char temporary[PATH_SIZE + 32];
    ls_store *store = NULL;
    const ls_store_ops *ops = ls_history_store(history, &store);
    if (ops->backup == NULL) {
        ls_fail(err, LS_ERR_INVALID, "a history on a %s server is backed up by the server's tools",
                ops->name);
        ls_hint(err, "pg_dump --schema=lineshaft");
        return LS_ERR_INVALID;
    }
    if (access(path, F_OK) == 0) {
        return ls_fail_at(err, LS_ERR_INVALID, path, 0, 0, "the file is there already");
    }
    if (history->def.read_only) {
        return back_up_others(ops, store, history->folder_path, path, err);
    }
    ls_status status = folder_of(path, folder, sizeof folder, err);
    if (status == LS_OK) {
        status = ls_history_flush(history, err);
    }
    if (status != LS_OK) {
        return status;
    }
    snprintf(temporary, sizeof temporary, "%.4060s.%d.part", path, (int)getpid());
    unlink(temporary);
    status = ops->backup(store, temporary, err);
    if (status != LS_OK) {
        unlink(temporary);
        return status;
    }
    return publish(temporary, path, folder, err);
}

// ---- and back

// Is the copy a history that can be opened, and is every page of it what it was?
static ls_status check_copy(const char *folder, const char *backup, ls_error *err) {
    ls_sqlite file;
    ls_error why = {0};
    ls_status status = ls_sqlite_open(&file, folder, true, &why);
    if (status == LS_OK) {
        sqlite3_stmt *check = NULL;
        if (sqlite3_prepare_v2(file.db, "pragma quick_check(1)", -1, &check, NULL) != SQLITE_OK ||
            sqlite3_step(check) != SQLITE_ROW) {
            status = ls_sqlite_fail(&file, "checking the backup", &why);
        } else if (strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0) {
            status = ls_fail(&why, LS_ERR_INVALID, "the backup is damaged: %s",
                             (const char *)sqlite3_column_text(check, 0));
        }
        sqlite3_finalize(check);
        ls_sqlite_close(&file);
    }
    return status == LS_OK ? LS_OK : ls_fail_at(err, status, backup, 0, 0, "%s", why.text);
}

ls_status ls_history_restore(const char *backup, const char *folder, ls_error *err) {
    char parent[PATH_SIZE];
    char temporary[PATH_SIZE + 32];
    char path[PATH_SIZE + 64];
    if (access(folder, F_OK) == 0) {
        ls_fail_at(err, LS_ERR_INVALID, folder, 0, 0, "there is something already");
        ls_hint(err, "restore makes a new folder; name one that is not there");
        return LS_ERR_INVALID;
    }
    ls_status status = folder_of(folder, parent, sizeof parent, err);
    if (status != LS_OK) {
        return status;
    }
    snprintf(temporary, sizeof temporary, "%.4060s.%d.part", folder, (int)getpid());
    snprintf(path, sizeof path, "%s/history.db", temporary);
    if (mkdir(temporary, 0750) != 0) {
        return ls_fail_errno(err, temporary, "cannot make the folder", errno);
    }
    status = copy_file(backup, path, err);
    if (status == LS_OK) {
        status = check_copy(temporary, backup, err);
    }
    if (status == LS_OK && rename(temporary, folder) != 0) {
        status = ls_fail_errno(err, folder, "cannot give the history its name", errno);
    }
    if (status == LS_OK) {
        return sync_path(parent, O_RDONLY | O_DIRECTORY, err);
    }
    unlink(path);
    rmdir(temporary);
    return status;
}
