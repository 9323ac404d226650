// view_file.c - the plant file: shown, checked, saved; and notes of people at the machines.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "import/beside.h"
#include "import/plant_file.h"
#include "line/data_folder.h"
#include "line/orders.h"
#include "loop/view.h"
#include "loop/view_inside.h"
#include "twin/twin.h"

enum { FILE_MAX = 4 << 20, HASH_SIZE = 20 };

static void hash_text(const char *text, size_t size, char *out) {
    snprintf(out, HASH_SIZE, "%016llx", (unsigned long long)ls_state_seal(text, size));
}

static json_t *file_object(const ls_service *service, const char *text, size_t size) {
    char hash[HASH_SIZE];
    const char *slash = strrchr(service->def->plant, '/');
    hash_text(text, size, hash);
    return json_pack("{s:s%, s:s, s:s}", "text", text, size, "hash", hash, "file",
                     slash != NULL ? slash + 1 : service->def->plant);
}

ls_status ls_view_file(ls_service *service, json_t **out, ls_error *err) {
    ls_arena arena;
    char *text = NULL;
    size_t size = 0;
    ls_arena_init(&arena);
    const ls_status status = ls_file_read(service->def->plant, FILE_MAX, &arena, &text, &size, err);
    *out = status == LS_OK ? file_object(service, text, size) : NULL;
    ls_arena_clear(&arena);
    return status;
}

// Reads the text as if it stood in the plant file's place.
ls_status ls_view_read_text(const ls_service *service, const char *text, size_t size,
                            ls_plant **out, ls_errors *errors) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_beside beside = {.path = service->def->plant, .arena = &arena};
    const ls_plant_files files = ls_files_beside(&beside);
    const ls_status status = ls_plant_read(text, size, service->def->plant, &files, out, errors);
    ls_arena_clear(&arena);
    return status;
}

json_t *ls_view_mistakes(const ls_errors *errors) {
    json_t *all = json_array();
    for (size_t i = 0; i < errors->count; i++) {
        const ls_error *e = errors->items + i;
        json_array_append_new(all, json_pack("{s:i, s:i, s:s, s:s}", "line", e->line, "column",
                                             e->column, "text", e->text, "hint", e->hint));
    }
    return all;
}

json_t *ls_view_check(ls_service *service, const char *text, size_t size) {
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    (void)ls_view_read_text(service, text, size, &plant, &errors);
    ls_plant_destroy(plant);
    json_t *object = json_pack("{s:o}", "errors", ls_view_mistakes(&errors));
    ls_errors_clear(&errors);
    return object;
}

static ls_status replace(ls_service *service, const char *text, size_t size, const char *hash,
                         ls_error *err) {
    ls_arena arena;
    char *old = NULL;
    size_t old_size = 0;
    char old_hash[HASH_SIZE];
    ls_arena_init(&arena);
    ls_status status = ls_file_read(service->def->plant, FILE_MAX, &arena, &old, &old_size, err);
    if (status == LS_OK) {
        hash_text(old, old_size, old_hash);
        status = strcmp(old_hash, hash) == 0
                     ? ls_file_write(service->def->plant, text, size, err)
                     : ls_fail(err, LS_ERR_VERSION, "somebody else has saved the file meanwhile");
    }
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_view_save(ls_service *service, const char *text, size_t size, const char *hash,
                       json_t **out, ls_errors *errors) {
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    ls_plant *plant = NULL;
    ls_error err = {0};
    *out = NULL;
    ls_status status = ls_view_read_text(service, text, size, &plant, errors);
    ls_plant_destroy(plant);
    if (status == LS_OK) {
        pthread_mutex_lock(&one);
        status = replace(service, text, size, hash, &err);
        pthread_mutex_unlock(&one);
        if (status == LS_OK) {
            atomic_store(&service->saved, true);
            *out = file_object(service, text, size);
        } else {
            ls_errors_add(errors, &err);
        }
    }
    return status;
}

// A note is one line of the log and of a table.
static void on_one_line(const char *said, char *out, size_t size) {
    ls_text_format(out, size, "%s", said != NULL ? said : "");
    for (char *at = out; *at != '\0'; at++) {
        *at = (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at;
    }
}

ls_status ls_view_note(ls_service *service, const char *machine, const char *reason, int64_t scrap,
                       const char *said, const char *who, ls_error *err) {
    enum { PATH_SIZE = 4096, NOTE_SIZE = 504 };
    static const char *const keys[] = {"machine", "reason", "scrap", "time", "text", "by"};
    char number[24];
    char at[48];
    char path[PATH_SIZE];
    ls_buffer csv;
    ls_buffer_init(&csv);
    ls_text_format(number, sizeof number, "%lld", (long long)scrap);
    pthread_rwlock_rdlock(&service->line_lock);
    pthread_mutex_lock(&service->intake.lock);
    const ls_running *running = &service->intake.running;
    const int64_t now = running->follow != NULL
                            ? running->plant->start_us + ls_follow_now(running->follow)
                            : ls_view_wall_us();
    ls_units_print_date(now / 1000000 * 1000000, at, sizeof at);
    char text[NOTE_SIZE];
    on_one_line(said, text, sizeof text);
    const char *values[] = {machine, reason, scrap > 0 ? number : NULL, at, text, who};
    ls_status status = ls_orders_compose(running->plant, true, keys, values, 6, now, &csv, err);
    pthread_mutex_unlock(&service->intake.lock);
    pthread_rwlock_unlock(&service->line_lock);
    if (status == LS_OK) {
        status = ls_data_folder_drop(service->def->data, "notes", csv.data, path, sizeof path, err);
    }
    ls_buffer_clear(&csv);
    return status;
}

ls_status ls_view_calibrate(ls_service *service, int64_t since_us, ls_error *err) {
    if (service->errands == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "this service has no pool: its log says why");
    }
    return ls_calibrations_ask(service->calibrations, since_us, err);
}
