// registry.c - versions: added, read, listed. Stages are registry_stages.c.
#include "model/registry.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "model/registry_inside.h"

// ---- folders

ls_status ls_registry_path(char out[LS_REGISTRY_PATH_SIZE], const char *folder, const char *model,
                           const char *rest, ls_error *err) {
    const int size = snprintf(out, LS_REGISTRY_PATH_SIZE, "%s/%s%s", folder, model, rest);
    if (size < 0 || size >= LS_REGISTRY_PATH_SIZE) {
        return ls_fail(err, LS_ERR_LIMIT, "the path of model '%s' has more than %d bytes", model,
                       LS_REGISTRY_PATH_SIZE - 1);
    }
    return LS_OK;
}

static bool is_file_name(const char *name) {
    const size_t size = strlen(name);
    if (size == 0 || size > LS_REGISTRY_NAME_MAX || name[0] == '.') {
        return false;
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
           size;
}

static ls_status check_model(const char *model, ls_error *err) {
    const size_t size = strlen(model);
    const bool good = size > 0 && size <= LS_REGISTRY_NAME_MAX && model[0] != '.' &&
                      strchr(model, '/') == NULL;
    return good ? LS_OK : ls_fail(err, LS_ERR_INVALID, "'%s' is no name of a model", model);
}

static ls_status make_folder(const char *path, ls_error *err) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return ls_fail_errno(err, path, "cannot make the folder", errno);
    }
    return LS_OK;
}

static void sync_folder(const char *path) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

ls_status ls_registry_lock(const char *folder, const char *model, int *out_fd, ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE];
    *out_fd = -1;
    ls_status status = check_model(model, err);
    if (status == LS_OK) {
        status = make_folder(folder, err);
    }
    if (status == LS_OK) {
        status = ls_registry_path(path, folder, model, "", err);
    }
    if (status == LS_OK) {
        status = make_folder(path, err);
    }
    if (status == LS_OK) {
        status = ls_registry_path(path, folder, model, "/lock", err);
    }
    if (status != LS_OK) {
        return status;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        return ls_fail_errno(err, path, "cannot open the lock", errno);
    }
    // Open file description locks: they hold between threads of one process too.
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
        if (errno != EINTR) {
            const int code = errno;
            close(fd);
            return ls_fail_errno(err, path, "cannot lock", code);
        }
    }
    *out_fd = fd;
    return LS_OK;
}

void ls_registry_unlock(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}

// Files of a folder that holds no folders, and the folder.
static void remove_flat(const char *path) {
    DIR *dir = opendir(path);
    if (dir != NULL) {
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
            }
        }
        closedir(dir);
    }
    (void)rmdir(path);
}

// ---- listing

static int compare_numbers(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t number_of(const char *name) {
    if (name[0] < '1' || name[0] > '9' || strspn(name, "0123456789") != strlen(name) ||
        strlen(name) > 7) {
        return 0;
    }
    const unsigned long number = strtoul(name, NULL, 10);
    return number <= LS_REGISTRY_VERSIONS_MAX ? (uint32_t)number : 0;
}

ls_status ls_registry_list(const char *folder, const char *model, ls_arena *arena,
                           uint32_t **out_numbers, size_t *out_count, ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE];
    *out_numbers = NULL;
    *out_count = 0;
    ls_status status = check_model(model, err);
    if (status == LS_OK) {
        status = ls_registry_path(path, folder, model, "/versions", err);
    }
    if (status != LS_OK) {
        return status;
    }
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? LS_OK : ls_fail_errno(err, path, "cannot open the folder", errno);
    }
    size_t capacity = 0, count = 0;
    uint32_t *numbers = NULL;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const uint32_t number = number_of(entry->d_name);
        if (number == 0) {
            continue;
        }
        if (count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            uint32_t *larger = ls_arena_alloc(arena, capacity * sizeof *larger);
            if (larger == NULL) {
                closedir(dir);
                return ls_fail(err, LS_ERR_MEMORY, "out of memory while listing versions");
            }
            if (count > 0) {
                memcpy(larger, numbers, count * sizeof *numbers);
            }
            numbers = larger;
        }
        numbers[count++] = number;
    }
    closedir(dir);
    if (count > 0) {
        qsort(numbers, count, sizeof *numbers, compare_numbers);
    }
    *out_numbers = numbers;
    *out_count = count;
    return LS_OK;
}

// ---- adding

static ls_status check_parts(const ls_registry_part *parts, uint32_t count, ls_error *err) {
    if (count == 0 || count > LS_REGISTRY_PARTS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "a version has 1 to %d parts, not %u",
                       LS_REGISTRY_PARTS_MAX, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_file_name(parts[i].name) || strcmp(parts[i].name, "manifest.json") == 0) {
            return ls_fail(err, LS_ERR_INVALID, "'%s' is no name of a part of a model",
                           parts[i].name);
        }
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(parts[i].name, parts[k].name) == 0) {
                return ls_fail(err, LS_ERR_INVALID, "two parts of a model are called '%s'",
                               parts[i].name);
            }
        }
        if (parts[i].size > LS_REGISTRY_PART_MAX) {
            return ls_fail(err, LS_ERR_LIMIT, "part '%s' has %zu bytes, at most %zu are possible",
                           parts[i].name, parts[i].size, LS_REGISTRY_PART_MAX);
        }
    }
    return LS_OK;
}

static ls_status write_parts(const char *folder, const ls_registry_part *parts, uint32_t count,
                             const char *manifest, ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE + LS_REGISTRY_NAME_MAX + 2];
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, parts[i].name);
        status = ls_file_write(path, parts[i].bytes, parts[i].size, err);
    }
    if (status == LS_OK) {
        snprintf(path, sizeof path, "%s/manifest.json", folder);
        status = ls_file_write(path, manifest, strlen(manifest), err);
    }
    sync_folder(folder);
    return status;
}

// Makes it under the lock: `.new` is what a killed process may have left.
static ls_status add_locked(const char *folder, const char *model, const ls_registry_part *parts,
                            uint32_t count, const char *lineage, uint32_t number, ls_error *err) {
    char fresh[LS_REGISTRY_PATH_SIZE], place[LS_REGISTRY_PATH_SIZE], rest[32];
    char *manifest = NULL;
    ls_status status = ls_registry_path(place, folder, model, "/versions", err);
    if (status == LS_OK) {
        status = make_folder(place, err);
    }
    if (status == LS_OK) {
        status = ls_registry_path(fresh, folder, model, "/.new", err);
    }
    if (status == LS_OK) {
        status = ls_registry_make_manifest(model, number, parts, count, lineage, &manifest, err);
    }
    if (status != LS_OK) {
        return status;
    }
    remove_flat(fresh);
    status = make_folder(fresh, err);
    if (status == LS_OK) {
        status = write_parts(fresh, parts, count, manifest, err);
    }
    free(manifest);
    if (status == LS_OK) {
        snprintf(rest, sizeof rest, "/versions/%u", number);
        status = ls_registry_path(place, folder, model, rest, err);
    }
    if (status == LS_OK && rename(fresh, place) != 0) {
        status = ls_fail_errno(err, place, "cannot put the version in its place", errno);
    }
    if (status != LS_OK) {
        remove_flat(fresh);
    } else if (ls_registry_path(place, folder, model, "/versions", NULL) == LS_OK) {
        sync_folder(place);
    }
    return status;
}

ls_status ls_registry_add(const char *folder, const char *model, const ls_registry_part *parts,
                          uint32_t part_count, const char *lineage, uint32_t *out_number,
                          ls_error *err) {
    int lock = -1;
    ls_arena arena;
    uint32_t *numbers = NULL;
    size_t count = 0;
    ls_arena_init(&arena);
    ls_status status = check_parts(parts, part_count, err);
    if (status == LS_OK) {
        status = ls_registry_lock(folder, model, &lock, err);
    }
    if (status == LS_OK) {
        status = ls_registry_list(folder, model, &arena, &numbers, &count, err);
    }
    const uint32_t number = count > 0 ? numbers[count - 1] + 1 : 1;
    if (status == LS_OK && number > LS_REGISTRY_VERSIONS_MAX) {
        status = ls_fail(err, LS_ERR_LIMIT, "model '%s' has %d versions, no more are possible",
                         model, LS_REGISTRY_VERSIONS_MAX);
    }
    if (status == LS_OK) {
        status = add_locked(folder, model, parts, part_count, lineage, number, err);
    }
    if (status == LS_OK) {
        *out_number = number;
    }
    ls_registry_unlock(lock);
    ls_arena_clear(&arena);
    return status;
}

// ---- reading

void ls_registry_version_clear(ls_registry_version *version) {
    if (version != NULL) {
        ls_arena_clear(&version->arena);
        memset(version, 0, sizeof *version);
    }
}

const ls_registry_part *ls_registry_find_part(const ls_registry_version *version,
                                              const char *name) {
    for (uint32_t i = 0; i < version->part_count; i++) {
        if (strcmp(version->parts[i].name, name) == 0) {
            return &version->parts[i];
        }
    }
    return NULL;
}

// What is signed is what is read: the bytes are read once.
static ls_status peek(const char *folder, const char *model, uint32_t number, const char *key_file,
                      ls_registry_version *out, ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE], rest[48], *bytes = NULL;
    size_t size = 0;
    ls_arena arena;
    ls_arena_init(&arena);
    memset(out, 0, sizeof *out);
    ls_status status = check_model(model, err);
    if (status == LS_OK) {
        snprintf(rest, sizeof rest, "/versions/%u/manifest.json", number);
        status = ls_registry_path(path, folder, model, rest, err);
    }
    if (status == LS_OK && access(path, F_OK) != 0 && errno == ENOENT) {
        status = ls_fail(err, LS_ERR_INVALID, "model '%s' has no version %u", model, number);
        ls_hint(err, "'lineshaft model list' shows those it has");
    }
    if (status == LS_OK) {
        status = ls_file_read(path, LS_REGISTRY_MANIFEST_MAX, &arena, &bytes, &size, err);
    }
    if (status == LS_OK && key_file != NULL) {
        status = ls_registry_check_signature(folder, model, number, key_file, bytes, size, err);
    }
    if (status == LS_OK) {
        status = ls_registry_read_manifest(bytes, size, path, out, err);
    }
    if (status == LS_OK && out->number != number) {
        status = ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                            "the manifest is that of version %u, not of %u", out->number, number);
    }
    if (status == LS_OK && strcmp(out->model, model) != 0) {
        status = ls_fail_at(err, LS_ERR_INVALID, path, 0, 0,
                            "the manifest is that of model '%.63s', not of '%s'", out->model,
                            model);
    }
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_registry_peek(const char *folder, const char *model, uint32_t number,
                           ls_registry_version *out, ls_error *err) {
    return peek(folder, model, number, NULL, out, err);
}

static ls_status load_part(const char *folder, const char *model, uint32_t number,
                           ls_registry_part *part, ls_arena *arena, ls_error *err) {
    char path[LS_REGISTRY_PATH_SIZE], rest[LS_REGISTRY_NAME_MAX + 32], text[LS_SHA256_TEXT];
    uint8_t sum[LS_SHA256_SIZE];
    char *bytes = NULL;
    size_t size = 0;
    snprintf(rest, sizeof rest, "/versions/%u/%s", number, part->name);
    ls_status status = ls_registry_path(path, folder, model, rest, err);
    if (status == LS_OK) {
        status = ls_file_read(path, LS_REGISTRY_PART_MAX, arena, &bytes, &size, err);
    }
    if (status != LS_OK) {
        return status;
    }
    ls_sha256_of(bytes, size, sum);
    ls_sha256_text(sum, text);
    if (size != part->size || strcmp(text, part->sha256) != 0) {
        return ls_fail_at(
            err, LS_ERR_INVALID, path, 0, 0,
            "this file is not what the manifest of version %u says: SHA-256 %.16s..., "
            "it should be %.16s...",
            number, text, part->sha256);
    }
    part->bytes = bytes;
    return LS_OK;
}

ls_status ls_registry_load(const char *folder, const char *model, uint32_t number,
                           ls_registry_version *out, ls_error *err) {
    return ls_registry_load_signed(folder, model, number, NULL, out, err);
}

ls_status ls_registry_load_signed(const char *folder, const char *model, uint32_t number,
                                  const char *key_file, ls_registry_version *out, ls_error *err) {
    ls_status status = peek(folder, model, number, key_file, out, err);
    for (uint32_t i = 0; i < out->part_count && status == LS_OK; i++) {
        status = load_part(folder, model, number, &out->parts[i], &out->arena, err);
    }
    return status;
}
