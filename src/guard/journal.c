// journal.c - see journal.h.
#include "guard/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "guard/protocol.h"
#include "history/crc.h"

enum { PATH_SIZE = 4096, HEAD = 9 };  // eight digits and a blank
// Zeros kept ahead of the rows: made so many at a time, when fewer than the second are left.
enum { ROOM = 1 << 20, ROOM_LEAST = 1 << 17, HOLE_MAX = 1 << 16 };
#define BYTES_MAX ((uint64_t)8 << 20)
#define READ_MAX ((size_t)1 << 28)

struct ls_guard_journal {
    ls_guard_journal_def def;
    char folder[PATH_SIZE - 64];
    int lock_file, file;
    uint64_t size;     // good bytes
    uint64_t turn_at;  // a new generation begins at this size
    uint64_t room;     // of the file; what is behind the good bytes is zero
    bool ready, turning;
};

static const char *const kind_names[LS_JOURNAL_KIND_COUNT] = {
    "accepted", "sending", "outcome", "refused", "line-id", "hold",   "trip",   "reset", "lease",
    "deed",     "yield",   "stopped", "summary", "id",      "target", "change", "full"};

static int64_t fail_after = -1;

void ls_guard_journal_fail_after(int64_t bytes) {
    fail_after = bytes;
}

static size_t path_of(const ls_guard_journal *j, const char *name, char out[PATH_SIZE]) {
    return ls_text_format(out, PATH_SIZE, "%s/%s", j->folder, name);
}

// ---- an entry as text

static void set_text(json_t *object, const char *name, const char *text) {
    if (text[0] != '\0') {
        json_t *value = json_string(text);
        json_object_set_new(object, name, value != NULL ? value : json_string("?"));
    }
}

static void put_number(json_t *o, const char *name, int64_t number) {
    json_object_set_new(o, name, json_integer((json_int_t)number));
}

static void put_target(json_t *o, const ls_journal_entry *e) {
    set_text(o, "of", ls_command_kind_name(e->command.kind));
    set_text(o, "target", e->command.target);
    put_number(o, "sequence", e->command.sequence);
}

// What the newer kinds say.
static void put_more(json_t *o, const ls_journal_entry *e) {
    switch (e->kind) {
    case LS_JOURNAL_DEED: json_object_set_new(o, "deed", ls_guard_deed_json(&e->deed)); break;
    case LS_JOURNAL_YIELD: set_text(o, "what", e->deed.what); break;
    case LS_JOURNAL_FULL: set_text(o, "what", ls_guard_deed_name(e->deed.kind)); break;
    case LS_JOURNAL_ID:
        put_number(o, "seen_id", (int64_t)e->seen_id);
        put_number(o, "seen_body", (int64_t)e->seen_body);
        set_text(o, "result", ls_command_result_name(e->result));
        put_number(o, "guard", e->guard);
        break;
    case LS_JOURNAL_TARGET:
        put_target(o, e);
        put_number(o, "count", e->count);
        break;
    case LS_JOURNAL_CHANGE: put_target(o, e); break;
    default: break;
    }
    if (e->kind == LS_JOURNAL_CHANGE || (e->kind == LS_JOURNAL_SENDING && e->amount != 0.0)) {
        json_object_set_new(o, "amount", json_real(e->amount));
    }
}

static json_t *entry_json(const ls_journal_entry *e) {
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind_names[e->kind]));
    json_object_set_new(o, "wall_us", json_integer((json_int_t)e->wall_us));
    json_object_set_new(o, "line_us", json_integer((json_int_t)e->line_us));
    switch (e->kind) {
    case LS_JOURNAL_ACCEPTED:
    case LS_JOURNAL_SENDING:
    case LS_JOURNAL_REFUSED:
        json_object_set_new(o, "command", ls_guard_command_json(&e->command));
        break;
    case LS_JOURNAL_OUTCOME: set_text(o, "id", e->command.id); break;
    case LS_JOURNAL_LINE_ID: set_text(o, "device", e->command.device); break;
    default: break;
    }
    if (e->line_id != 0) {
        json_object_set_new(o, "line_id", json_integer((json_int_t)e->line_id));
    }
    if (e->kind == LS_JOURNAL_OUTCOME || e->kind == LS_JOURNAL_REFUSED) {
        set_text(o, "result", ls_command_result_name(e->result));
        json_object_set_new(o, "guard", json_integer((json_int_t)e->guard));
    }
    if (e->kind == LS_JOURNAL_HOLD || e->kind == LS_JOURNAL_LEASE) {
        json_object_set_new(o, "on", json_boolean(e->on));
    }
    if (e->kind == LS_JOURNAL_HOLD || e->kind == LS_JOURNAL_RESET) {
        set_text(o, "role", ls_role_name(e->role));
    }
    set_text(o, "reason", e->reason);
    set_text(o, "point", e->point);
    set_text(o, "who", e->who);
    put_more(o, e);
    return o;
}

static bool get_text(const json_t *o, const char *name, char *out, size_t size) {
    const json_t *value = json_object_get(o, name);
    out[0] = '\0';
    if (value == NULL) {
        return true;
    }
    return json_is_string(value) &&
           ls_text_format(out, size, "%s", json_string_value(value)) < size;
}

static uint32_t get_word(const json_t *o, const char *name, const char *const *words,
                         uint32_t count) {
    const char *word = json_string_value(json_object_get(o, name));
    uint32_t i = 0;
    while (i < count && (word == NULL || strcmp(word, words[i]) != 0)) {
        i++;
    }
    return i;
}

static bool read_deed(const json_t *o, ls_journal_entry *e) {
    const json_t *deed = json_object_get(o, "deed");
    const char *what = json_string_value(json_object_get(o, "what"));
    if (e->kind == LS_JOURNAL_DEED) {
        return ls_guard_deed_from_json(deed, &e->deed) == NULL;
    }
    if (e->kind == LS_JOURNAL_FULL) {
        e->deed.kind = ls_guard_deed_find(what != NULL ? what : "");
        return e->deed.kind < LS_DEED_KIND_COUNT;
    }
    return get_text(o, "what", e->deed.what, sizeof e->deed.what);
}

static bool read_target(const json_t *o, ls_journal_entry *e) {
    const char *of = json_string_value(json_object_get(o, "of"));
    if (e->kind != LS_JOURNAL_TARGET && e->kind != LS_JOURNAL_CHANGE) {
        return true;
    }
    e->command.kind = ls_command_kind_find(of != NULL ? of : "");
    e->command.sequence = (uint32_t)json_integer_value(json_object_get(o, "sequence"));
    return e->command.kind < LS_COMMAND_KIND_COUNT &&
           get_text(o, "target", e->command.target, sizeof e->command.target);
}

static bool entry_read(const json_t *o, ls_journal_entry *e) {
    memset(e, 0, sizeof *e);
    e->kind = (ls_journal_kind)get_word(o, "kind", kind_names, LS_JOURNAL_KIND_COUNT);
    e->wall_us = json_integer_value(json_object_get(o, "wall_us"));
    e->line_us = json_integer_value(json_object_get(o, "line_us"));
    e->line_id = json_integer_value(json_object_get(o, "line_id"));
    e->guard = (uint32_t)json_integer_value(json_object_get(o, "guard"));
    e->on = json_is_true(json_object_get(o, "on"));
    e->amount = json_number_value(json_object_get(o, "amount"));
    e->seen_id = (uint64_t)json_integer_value(json_object_get(o, "seen_id"));
    e->seen_body = (uint64_t)json_integer_value(json_object_get(o, "seen_body"));
    e->count = (uint32_t)json_integer_value(json_object_get(o, "count"));
    const char *result = json_string_value(json_object_get(o, "result"));
    e->result = result != NULL ? ls_command_result_find(result) : LS_COMMAND_REFUSED;
    const char *role = json_string_value(json_object_get(o, "role"));
    e->role = role != NULL ? ls_role_find(role) : LS_ROLE_VIEWER;
    const json_t *command = json_object_get(o, "command");
    bool good = e->kind < LS_JOURNAL_KIND_COUNT && e->result < LS_COMMAND_RESULT_COUNT &&
                get_text(o, "reason", e->reason, sizeof e->reason) &&
                get_text(o, "point", e->point, sizeof e->point) &&
                get_text(o, "who", e->who, sizeof e->who);
    if (command != NULL) {
        good = good && ls_guard_command_from_json(command, &e->command) == NULL;
    } else {
        good = good && get_text(o, "id", e->command.id, sizeof e->command.id) &&
               get_text(o, "device", e->command.device, sizeof e->command.device);
    }
    return good && read_deed(o, e) && read_target(o, e);
}

// ---- reading

static bool read_line(const char *line, size_t size, ls_journal_entry *out) {
    char head[HEAD + 1];
    if (size < HEAD) {
        return false;
    }
    ls_text_format(head, sizeof head, "%08x ", (unsigned)ls_crc32c(0, line + HEAD, size - HEAD));
    if (memcmp(head, line, HEAD) != 0) {
        return false;
    }
    json_t *o = json_loadb(line + HEAD, size - HEAD, 0, NULL);
    const bool good = json_is_object(o) && entry_read(o, out);
    json_decref(o);
    return good;
}

// Rows are written over zeros. After a power failure a block may have come to the disk before the
// one in front of it; then zeros stand within a line. Whatever was in them was not durable yet, so
// that nothing of it was sent. Only rows since the last durable one can be so: near the end.
static bool is_hole(const char *line, size_t length, size_t left) {
    return left <= HOLE_MAX && memchr(line, '\0', length) != NULL;
}

static bool is_blank(const char *line, size_t length) {
    size_t blanks = 0;
    while (blanks < length && line[blanks] == ' ') {
        blanks++;
    }
    return blanks == length;
}

// A hole becomes a line of blanks, for the next time: rows will follow it, and it is near the end
// no more.
static ls_status fill_hole(const char *path, size_t at, size_t length, ls_error *err) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    bool good = file >= 0;
    for (size_t i = 0; i < length && good; i++) {
        good = pwrite(file, " ", 1, (off_t)(at + i)) == 1;
    }
    good = good && fdatasync(file) == 0;
    const int why = errno;
    if (file >= 0) {
        close(file);
    }
    return good ? LS_OK
                : ls_fail(err, LS_ERR_IO, "cannot mend the guard's journal '%s': %s", path,
                          ls_errno_text(why));
}

static size_t without_zeros(const char *text, size_t size) {
    while (size > 0 && text[size - 1] == '\0') {
        size--;
    }
    return size;
}

// *out_size: bytes of whole lines.
static ls_status tell_lines(ls_guard_journal *j, const char *path, const char *text, size_t size,
                            uint64_t *out_size, ls_error *err) {
    size_t at = 0;
    size = without_zeros(text, size);
    for (int line = 1; at < size; line++) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - (text + at)) : size - at;
        const bool last = end == NULL || at + length + 1 == size;
        ls_journal_entry entry;
        if (end != NULL && length > 0 && is_blank(text + at, length)) {
            at += length + 1;
            continue;
        }
        if (end == NULL || !read_line(text + at, length, &entry)) {
            if (last) {
                break;
            }
            if (is_hole(text + at, length, size - at)) {
                const ls_status status = fill_hole(path, at, length, err);
                if (status != LS_OK) {
                    return status;
                }
                at += length + 1;
                continue;
            }
            ls_fail_at(err, LS_ERR_INVALID, path, line, 1, "the guard's journal is damaged");
            ls_hint(err,
                    "what was sent is not known for sure: look at the line, then move the file "
                    "away");
            return LS_ERR_INVALID;
        }
        if (j->def.told != NULL) {
            j->def.told(j->def.context, &entry);
        }
        at += length + 1;
    }
    *out_size = at;
    return LS_OK;
}

static ls_status tell_file(ls_guard_journal *j, const char *name, uint64_t *out_size,
                           ls_error *err) {
    char path[PATH_SIZE];
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    path_of(j, name, path);
    *out_size = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return LS_OK;
    }
    ls_arena_init(&arena);
    ls_status status = ls_file_read(path, READ_MAX, &arena, &text, &size, err);
    if (status == LS_OK) {
        status = tell_lines(j, path, text, size, out_size, err);
    }
    ls_arena_clear(&arena);
    return status;
}

// ---- writing

static void sync_folder(const ls_guard_journal *j) {
    const int folder = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

static ls_status fail(const ls_guard_journal *j, const char *what, ls_error *err) {
    return ls_fail(err, LS_ERR_IO, "cannot %s the guard's journal in '%s': %s", what, j->folder,
                   ls_errno_text(errno));
}

// Nothing behind the good bytes.
static bool cut(ls_guard_journal *j) {
    const bool done = ftruncate(j->file, (off_t)j->size) == 0;
    j->room = done ? j->size : j->room;
    return done;
}

// A row that is written over zeros is durable with its own blocks. One that makes the file longer
// waits for whatever else the file system has to write just then: beside a busy disk that was 145
// ms for one row in a hundred, instead of 9. Where there is no room the rows themselves make it.
static void make_room(ls_guard_journal *j) {
    static const char zeros[1 << 16];
    const uint64_t wanted = j->size + ROOM;
    while (j->room < wanted) {
        const uint64_t missing = wanted - j->room;
        const ssize_t n = pwrite(j->file, zeros, missing < sizeof zeros ? missing : sizeof zeros,
                                 (off_t)j->room);
        if (n <= 0) {
            break;
        }
        j->room += (uint64_t)n;
    }
}

static ls_status open_file(ls_guard_journal *j, const char *name, ls_error *err) {
    char path[PATH_SIZE];
    path_of(j, name, path);
    j->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (j->file < 0 || !cut(j)) {
        return fail(j, "open", err);
    }
    make_room(j);
    if (fsync(j->file) != 0) {
        return fail(j, "sync", err);
    }
    sync_folder(j);
    j->ready = true;
    return LS_OK;
}

static ls_status summarise(ls_guard_journal *j, ls_error *err) {
    j->turning = true;
    ls_status status = LS_OK;
    if (j->def.summary != NULL) {
        status = j->def.summary(j->def.context, j, err);
    }
    j->turning = false;
    if (status == LS_OK && fdatasync(j->file) != 0) {
        status = fail(j, "sync", err);
    }
    return status;
}

// The new one takes the place of the old one, which steps back. Whatever of it is done when we die,
// the folder holds one that is whole.
static bool change_places(const ls_guard_journal *j) {
    char path[PATH_SIZE], old[PATH_SIZE], fresh[PATH_SIZE];
    path_of(j, "journal", path);
    path_of(j, "journal.1", old);
    path_of(j, "journal.new", fresh);
    if (access(path, F_OK) == 0 && rename(path, old) != 0) {
        return false;
    }
    if (rename(fresh, path) != 0) {
        (void)rename(old, path);
        return false;
    }
    sync_folder(j);
    return true;
}

// A summary becomes the journal. When that fails the one before goes on, and grows on.
static ls_status turn_over(ls_guard_journal *j, ls_error *err) {
    const ls_guard_journal before = *j;
    j->file = -1;
    j->size = 0;
    ls_status status = open_file(j, "journal.new", err);
    if (status == LS_OK) {
        status = summarise(j, err);
    }
    if (status == LS_OK && !change_places(j)) {
        status = fail(j, "turn over", err);
    }
    if (status == LS_OK) {
        if (before.file >= 0) {
            (void)!ftruncate(before.file, (off_t)before.size);
            close(before.file);
        }
        // A summary that is long by itself is not written again at once.
        j->turn_at = j->size / 2 > j->def.bytes_max / 2 ? 2 * j->size : j->def.bytes_max;
        return LS_OK;
    }
    if (j->file >= 0) {
        close(j->file);
    }
    *j = before;
    j->turn_at = j->size + j->def.bytes_max / 8 + 1;  // tried again later
    return status;
}

static bool write_all(int file, const char *bytes, size_t size, uint64_t at) {
    size_t allowed = size;
    if (fail_after >= 0) {
        allowed = (int64_t)size <= fail_after ? size : (size_t)fail_after;
        fail_after -= (int64_t)allowed;
    }
    for (size_t done = 0; done < allowed;) {
        const ssize_t n = pwrite(file, bytes + done, allowed - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    if (allowed < size) {
        errno = ENOSPC;
    }
    return allowed == size;
}

static ls_status put_line(ls_guard_journal *j, const char *json, bool durable, ls_error *err) {
    char head[HEAD + 1];
    ls_buffer line;
    ls_text_format(head, sizeof head, "%08x ", (unsigned)ls_crc32c(0, json, strlen(json)));
    ls_buffer_init(&line);
    ls_buffer_text(&line, head);
    ls_buffer_text(&line, json);
    ls_buffer_text(&line, "\n");
    if (line.failed) {
        ls_buffer_clear(&line);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's journal");
    }
    ls_status status = LS_OK;
    if (!j->ready && !cut(j)) {
        status = fail(j, "cut", err);
    } else if (!write_all(j->file, line.data, line.size, j->size) ||
               (durable && fdatasync(j->file) != 0)) {
        status = fail(j, "write", err);
        (void)cut(j);
    }
    j->ready = status == LS_OK;
    j->size += status == LS_OK ? line.size : 0;
    j->room = j->room > j->size ? j->room : j->size;
    ls_buffer_clear(&line);
    return status;
}

ls_status ls_guard_journal_append(ls_guard_journal *journal, const ls_journal_entry *entry,
                                  bool durable, ls_error *err) {
    ls_error later = {0};
    if (!journal->turning && journal->size >= journal->turn_at) {
        (void)turn_over(journal, &later);
    }
    ls_journal_entry filled = *entry;
    if (filled.wall_us == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        filled.wall_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    }
    json_t *object = entry_json(&filled);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (text == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's journal");
    }
    const ls_status status = put_line(journal, text, durable, err);
    free(text);
    return status;
}

void ls_guard_journal_prepare(ls_guard_journal *journal) {
    ls_error later = {0};
    if (journal->size + ROOM_LEAST / 2 >= journal->turn_at) {
        (void)turn_over(journal, &later);
    }
    if (journal->ready && journal->room - journal->size < ROOM_LEAST) {
        make_room(journal);
        (void)fdatasync(journal->file);
    }
}

bool ls_guard_journal_is_ready(const ls_guard_journal *journal) {
    return journal->ready;
}

// ---- open

static ls_status lock_folder(ls_guard_journal *j, ls_error *err) {
    char path[PATH_SIZE];
    path_of(j, "lock", path);
    j->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (j->lock_file < 0) {
        return fail(j, "lock", err);
    }
    if (flock(j->lock_file, LOCK_EX | LOCK_NB) != 0) {
        ls_fail(err, LS_ERR_LIMIT, "another guard is at work in '%s'", j->folder);
        ls_hint(err, "one guard for one plant; `lineshaft run` starts it by itself");
        return LS_ERR_LIMIT;
    }
    return LS_OK;
}

ls_status ls_guard_journal_open(const ls_guard_journal_def *def, ls_guard_journal **out,
                                ls_error *err) {
    *out = NULL;
    ls_guard_journal *j = ls_alloc(sizeof *j);
    if (j == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's journal");
    }
    j->def = *def;
    j->def.bytes_max = def->bytes_max != 0 ? def->bytes_max : BYTES_MAX;
    j->turn_at = j->def.bytes_max;
    j->lock_file = j->file = -1;
    uint64_t old_size = 0;
    ls_status status = LS_OK;
    if (ls_text_format(j->folder, sizeof j->folder, "%s", def->folder) >= sizeof j->folder) {
        status = ls_fail(err, LS_ERR_LIMIT, "the path of the guard's folder is too long");
    }
    if (status == LS_OK) {
        status = lock_folder(j, err);
    }
    if (status == LS_OK) {
        status = tell_file(j, "journal.1", &old_size, err);
    }
    if (status == LS_OK) {
        status = tell_file(j, "journal", &j->size, err);
    }
    if (status == LS_OK) {
        status = j->size == 0 && old_size > 0 ? turn_over(j, err) : open_file(j, "journal", err);
    }
    if (status != LS_OK) {
        ls_guard_journal_close(j);
        return status;
    }
    *out = j;
    return LS_OK;
}

void ls_guard_journal_close(ls_guard_journal *journal) {
    if (journal == NULL) {
        return;
    }
    if (journal->file >= 0) {
        (void)cut(journal);
        fdatasync(journal->file);
        close(journal->file);
    }
    if (journal->lock_file >= 0) {
        close(journal->lock_file);
    }
    ls_free(journal);
}
