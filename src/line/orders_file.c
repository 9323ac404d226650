// orders_file.c - CSV files of a folder: taken when they are complete, whole or not at all, moved
// to done/ or, with a .why beside them, to set-aside/.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "line/data_folder.h"
#include "line/orders_inside.h"

enum { PATH_SIZE = 4096, FILES_MAX = 4096, FILE_SIZE_MAX = 16 * 1024 * 1024, MISTAKES_MAX = 100 };

typedef struct folder {
    ls_desk_turn *turn;
    const char *path;
    bool is_note;
    bool is_ours;  // of the data folder: files appear there whole
    ls_seen_file *seen;
    uint32_t seen_count;
} folder;

static int compare_seen(const void *a, const void *b) {
    return strcmp(((const ls_seen_file *)a)->name, ((const ls_seen_file *)b)->name);
}

static bool is_table(const char *name) {
    const size_t length = strlen(name);
    return name[0] != '.' && length > 4 && length < sizeof((ls_seen_file *)NULL)->name &&
           strcmp(name + length - 4, ".csv") == 0;
}

// Regular .csv files, by name. False: the folder cannot be read.
static bool list_files(folder *f) {
    DIR *dir = opendir(f->path);
    if (dir == NULL) {
        return false;
    }
    f->seen = ls_alloc(FILES_MAX * sizeof *f->seen);
    for (struct dirent *e = readdir(dir); f->seen != NULL && e != NULL && f->seen_count < FILES_MAX;
         e = readdir(dir)) {
        struct stat is;
        if (is_table(e->d_name) && fstatat(dirfd(dir), e->d_name, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(is.st_mode)) {
            ls_seen_file *seen = &f->seen[f->seen_count++];
            ls_text_format(seen->name, sizeof seen->name, "%s", e->d_name);
            seen->size = is.st_size;
            seen->changed_ns = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
        }
    }
    (void)closedir(dir);
    if (f->seen != NULL && f->seen_count > 0) {
        qsort(f->seen, f->seen_count, sizeof *f->seen, compare_seen);
    }
    return f->seen != NULL;
}

// As it was at the last look: nobody is writing any more.
static bool is_complete(const folder *f, const ls_seen_file *now) {
    const ls_orders *desk = f->turn->desk;
    if (f->is_ours) {
        return true;
    }
    for (uint32_t i = 0; i < desk->seen_count; i++) {
        const ls_seen_file *before = &desk->seen[i];
        if (strcmp(before->name, now->name) == 0) {
            return before->size == now->size && before->changed_ns == now->changed_ns;
        }
    }
    return false;
}

// --- one file

typedef struct table {
    const folder *f;
    const char *name;
    ls_csv csv;
    ls_buffer why;
    uint32_t mistakes;
} table;

static void mistake(table *t, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void mistake(table *t, int line, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    if (t->mistakes++ >= MISTAKES_MAX) {
        return;
    }
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_buffer_printf(&t->why, "%s:%d: %s\n", t->name, line, text);
}

static void check_columns(table *t) {
    ls_order_row row;
    for (size_t c = 0; c < t->csv.column_count; c++) {
        if (ls_order_key(&row, t->csv.columns[c], t->f->is_note) == NULL) {
            const bool is_uncut = strpbrk(t->csv.columns[c], ";\t") != NULL;
            mistake(t, 1, "unknown column '%.100s'; %s%s", t->csv.columns[c],
                    is_uncut ? "part the columns by commas" : "there are: ",
                    is_uncut ? "" : ls_order_keys(t->f->is_note));
        }
    }
}

static ls_order_row row_of(const table *t, size_t r) {
    ls_order_row row = {0};
    for (size_t c = 0; c < t->csv.column_count; c++) {
        const char **at = ls_order_key(&row, t->csv.columns[c], t->f->is_note);
        if (at != NULL) {
            *at = t->csv.rows[r][c];
        }
    }
    return row;
}

static bool check_row(table *t, size_t r, ls_names *ids, ls_desk_event *out) {
    const ls_order_row row = row_of(t, r);
    ls_orders *desk = t->f->turn->desk;
    ls_error err = {0};
    const bool is_good = t->f->is_note ? ls_note_check(desk, &row, t->f->turn->now_us, out, &err)
                                       : ls_order_check(desk, &row, t->f->turn->now_us, out, &err);
    if (!is_good) {
        mistake(t, t->csv.lines[r], "%s", err.text);
        return false;
    }
    if (t->f->is_note) {
        return true;
    }
    const uint32_t earlier = ls_names_add(ids, 0, out->id, (uint32_t)t->csv.lines[r]);
    if (earlier != LS_NONE) {
        mistake(t, t->csv.lines[r], "order '%s' stands in line %u already", out->id, earlier);
        return false;
    }
    if (ls_orders_know(desk, out) == LS_ORDER_OTHER) {
        mistake(t, t->csv.lines[r], "order '%s' was taken before with other contents", out->id);
        return false;
    }
    return true;
}

static void check_rows(table *t) {
    ls_names ids;
    ls_desk_event event;
    ls_names_init(&ids);
    if (t->csv.row_count > LS_ORDER_ROWS_MAX) {
        mistake(t, 1, "%zu rows, at most %d are taken from one file", t->csv.row_count,
                LS_ORDER_ROWS_MAX);
    }
    for (size_t r = 0; r < t->csv.row_count && t->mistakes < MISTAKES_MAX; r++) {
        (void)check_row(t, r, &ids, &event);
    }
    ls_names_clear(&ids);
}

// False: not all were taken; the file stays and comes again, known orders are passed over.
static bool tell_rows(table *t) {
    ls_desk_turn *turn = t->f->turn;
    bool is_taken = true;
    for (size_t r = 0; r < t->csv.row_count && is_taken; r++) {
        char from[400];
        ls_desk_event event;
        ls_error err;
        const ls_order_row row = row_of(t, r);
        ls_text_format(from, sizeof from, "%s:%d", t->name, t->csv.lines[r]);
        if (t->f->is_note) {
            (void)ls_note_check(turn->desk, &row, turn->now_us, &event, &err);
            event.from = from;
            is_taken = turn->hear(turn->context, &event);
            turn->desk->figures.notes += is_taken ? 1 : 0;
        } else {
            (void)ls_order_check(turn->desk, &row, turn->now_us, &event, &err);
            event.from = from;
            is_taken = ls_orders_tell(turn, &event);
        }
    }
    return is_taken;
}

// Into done/ or set-aside/, under a name that is free there.
static void move_away(const folder *f, const char *name, const char *sub, char *out, size_t size) {
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    ls_error err;
    ls_text_format(from, sizeof from, "%s/%s", f->path, name);
    ls_text_format(to, sizeof to, "%s/%s", f->path, sub);
    (void)ls_data_folder_make(to, &err);
    ls_text_format(out, size, "%s/%s/%s", f->path, sub, name);
    char stem[PATH_SIZE];
    ls_text_format(stem, strlen(name) - 3, "%s", name);  // without ".csv"
    for (int i = 2; access(out, F_OK) == 0 && i < 100000; i++) {
        ls_text_format(out, size, "%s/%s/%s-%d.csv", f->path, sub, stem, i);
    }
    if (rename(from, out) != 0) {
        ls_text_format(out, size, "%s", from);
    }
}

static void set_aside(table *t) {
    char path[PATH_SIZE];
    char why[PATH_SIZE + 8];
    if (t->mistakes > MISTAKES_MAX) {
        ls_buffer_printf(&t->why, "... and more\n");
    }
    move_away(t->f, t->name, "set-aside", path, sizeof path);
    ls_text_format(why, sizeof why, "%s.why", path);
    if (!t->why.failed) {
        ls_error err;
        (void)ls_file_write(why, t->why.data, t->why.size, &err);
    }
    ls_orders_set_aside(t->f->turn, path, t->why.data != NULL ? t->why.data : "out of memory");
}

static void take_file(const folder *f, const char *name) {
    char path[PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    ls_arena scratch;
    ls_error err = {0};
    table t = {.f = f, .name = name};
    ls_arena_init(&scratch);
    ls_buffer_init(&t.why);
    ls_text_format(path, sizeof path, "%s/%s", f->path, name);
    ls_status status = ls_file_read(path, FILE_SIZE_MAX, &scratch, &text, &size, &err);
    if (status == LS_ERR_IO || status == LS_ERR_MEMORY) {
        ls_arena_clear(&scratch);
        return;  // gone, or not ours to read: it may be better next time
    }
    if (status == LS_OK) {
        status = ls_csv_parse(text, size, ',', name, &scratch, &t.csv, &err);
    }
    if (status != LS_OK) {
        mistake(&t, err.line, "%s", err.text);
    } else {
        check_columns(&t);
        check_rows(&t);
    }
    if (t.mistakes > 0) {
        set_aside(&t);
    } else if (tell_rows(&t)) {
        f->turn->desk->figures.files++;
        move_away(f, name, "done", path, sizeof path);
    }
    ls_buffer_clear(&t.why);
    ls_arena_clear(&scratch);
}

// --- folders

static bool look_into(folder *f) {
    if (!list_files(f)) {
        return false;
    }
    for (uint32_t i = 0; i < f->seen_count; i++) {
        if (is_complete(f, &f->seen[i])) {
            take_file(f, f->seen[i].name);
        }
    }
    return true;
}

static void look_into_ours(ls_desk_turn *turn, const char *sub, bool is_note) {
    char path[PATH_SIZE];
    ls_text_format(path, sizeof path, "%s/%s", turn->desk->folder, sub);
    folder f = {.turn = turn, .path = path, .is_note = is_note, .is_ours = true};
    (void)look_into(&f);
    ls_free(f.seen);
}

void ls_orders_files(ls_desk_turn *turn) {
    ls_orders *desk = turn->desk;
    const ls_listen *listen = &desk->plant->listen;
    char path[PATH_SIZE];
    look_into_ours(turn, "orders", false);
    look_into_ours(turn, "notes", true);
    if (listen->orders.folder == NULL || turn->now_us < desk->folder_next_us) {
        return;
    }
    desk->folder_next_us = turn->now_us + listen->orders.every_us;
    ls_listen_path(listen, listen->orders.folder, path, sizeof path);
    folder f = {.turn = turn, .path = path};
    const bool is_there = look_into(&f);
    const char *why = is_there ? NULL : ls_errno_text(errno);
    ls_orders_sight(turn, &desk->folder_sight, listen->orders.folder, why);
    ls_free(desk->seen);
    desk->seen = f.seen;
    desk->seen_count = f.seen_count;
}
