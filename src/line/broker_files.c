// broker_files.c - see broker_files.h.
#include "line/broker_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "line/mqtt_url.h"

extern char **environ;

enum { SECRET_BYTES = 24, NAME_SIZE = 64 };

static const char *const role_names[LS_BROKER_ROLE_COUNT] = {"line", "host", "guard", "reader"};

size_t ls_broker_files_path(const char *folder, const char *name, char *out, size_t size) {
    return ls_text_format(out, size, "%s/%s", folder, name);
}

// A small file of ours, 0600 from its first byte, whole or not at all.
static ls_status write_private(const char *folder, const char *name, const ls_buffer *text,
                               ls_error *err) {
    char path[LS_BROKER_PATH_MAX + NAME_SIZE];
    char temporary[LS_BROKER_PATH_MAX + NAME_SIZE];
    if (text->failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the broker's %s", name);
    }
    ls_text_format(path, sizeof path, "%s/%s", folder, name);
    ls_text_format(temporary, sizeof temporary, "%s/%s.new", folder, name);
    unlink(temporary);
    const int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, text->data, text->size) == (ssize_t)text->size &&
                fsync(file) == 0;
    const int why = errno;
    if (file >= 0) {
        close(file);
    }
    if (!good || rename(temporary, path) != 0) {
        const int reason = good ? errno : why;
        unlink(temporary);
        return ls_fail(err, LS_ERR_IO, "cannot write '%s': %s", path, ls_errno_text(reason));
    }
    return LS_OK;
}

ls_status ls_broker_files_folder(const char *folder, ls_error *err) {
    struct stat about;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        // The folder above may be missing too, on the very first start.
        char above[LS_BROKER_PATH_MAX + 1];
        ls_text_format(above, sizeof above, "%s", folder);
        char *slash = strrchr(above, '/');
        if (errno != ENOENT || slash == NULL || slash == above) {
            return ls_fail(err, LS_ERR_IO, "cannot make folder '%s': %s", folder,
                           ls_errno_text(errno));
        }
        *slash = '\0';
        if ((mkdir(above, 0755) != 0 && errno != EEXIST) || mkdir(folder, 0700) != 0) {
            return ls_fail(err, LS_ERR_IO, "cannot make folder '%s': %s", folder,
                           ls_errno_text(errno));
        }
    }
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return ls_fail(err, LS_ERR_IO, "'%s' is not a folder", folder);
    }
    if ((about.st_mode & 077) != 0) {
        ls_fail(err, LS_ERR_INVALID, "the broker's folder '%s' is open to others (mode %04o)",
                folder, (unsigned)(about.st_mode & 07777));
        ls_hint(err, "chmod 0700 '%s'", folder);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

// ---- logins and passwords

static ls_status make_login(const char *folder, const char *role, ls_error *err) {
    unsigned char secret[SECRET_BYTES];
    char name[NAME_SIZE];
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        return ls_fail(err, LS_ERR_IO, "no random numbers for passwords: %s", ls_errno_text(errno));
    }
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_printf(&text, "%s\n", role);
    for (size_t i = 0; i < sizeof secret; i++) {
        ls_buffer_printf(&text, "%02x", secret[i]);
    }
    ls_buffer_text(&text, "\n");
    ls_text_format(name, sizeof name, "login-%s", role);
    const ls_status status = write_private(folder, name, &text, err);
    if (text.data != NULL) {
        explicit_bzero(text.data, text.size);
    }
    explicit_bzero(secret, sizeof secret);
    ls_buffer_clear(&text);
    return status;
}

// mosquitto_passwd turns the plain passwords of a file into hashes, in place.
static ls_status hash_passwords(const char *path, ls_error *err) {
    const char *const argv[] = {"mosquitto_passwd", "-U", path, NULL};
    pid_t child = 0;
    int status = 0;
    // posix_spawnp takes char *const[] for the sake of old callers; it changes nothing.
    const int failed = posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv,
                                    environ);
    if (failed != 0) {
        ls_fail(err, LS_ERR_IO, "cannot run mosquitto_passwd: %s", ls_errno_text(failed));
        ls_hint(err, "it comes with the package mosquitto");
        return LS_ERR_IO;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? LS_OK
               : ls_fail(err, LS_ERR_IO, "mosquitto_passwd failed on '%s'", path);
}

static ls_status write_passwords(const char *folder, ls_error *err) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_status status = LS_OK;
    for (int i = 0; i < LS_BROKER_ROLE_COUNT && status == LS_OK; i++) {
        char path[LS_BROKER_PATH_MAX + NAME_SIZE];
        ls_login login = {0};
        ls_text_format(path, sizeof path, "%s/login-%s", folder, role_names[i]);
        status = ls_login_read(path, &login, err);
        ls_buffer_printf(&text, "%s:%s\n", login.user, login.password);
        explicit_bzero(&login, sizeof login);
    }
    if (status == LS_OK) {
        status = write_private(folder, "passwords", &text, err);
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.size);
    }
    ls_buffer_clear(&text);
    char path[LS_BROKER_PATH_MAX + NAME_SIZE];
    ls_broker_files_path(folder, "passwords", path, sizeof path);
    return status == LS_OK ? hash_passwords(path, err) : status;
}

static ls_status make_logins(const char *folder, ls_error *err) {
    for (int i = 0; i < LS_BROKER_ROLE_COUNT; i++) {
        char path[LS_BROKER_PATH_MAX + NAME_SIZE];
        ls_text_format(path, sizeof path, "%s/login-%s", folder, role_names[i]);
        if (access(path, F_OK) != 0) {
            const ls_status status = make_login(folder, role_names[i], err);
            if (status != LS_OK) {
                return status;
            }
        }
    }
    return write_passwords(folder, err);
}

// ---- configuration

// What a node says.
static void put_says(const char *right, ls_buffer *out) {
    static const char *const says[] = {"NBIRTH/+", "NDATA/+", "NDEATH/+",
                                       "DBIRTH/#", "DDATA/#", "DDEATH/#"};
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        ls_buffer_printf(out, "topic %s spBv1.0/+/%s\n", right, says[i]);
    }
}

static void put_line_rights(const ls_listen *listen, ls_buffer *out) {
    ls_buffer_text(out, "user line\n");
    put_says("write", out);
    ls_buffer_text(out,
                   "topic read spBv1.0/+/NCMD/+\ntopic read spBv1.0/+/DCMD/#\n"
                   "topic read spBv1.0/STATE/+\n");
    for (uint32_t i = 0; listen != NULL && i < listen->source_count; i++) {
        const ls_source *source = listen->sources + i;
        for (uint32_t j = 0; source->embedded && j < source->topic_count; j++) {
            ls_buffer_printf(out, "topic write %s\n", source->topics[j].filter);
        }
    }
}

static ls_status write_access(const ls_broker_def *def, ls_error *err) {
    ls_buffer text;
    ls_buffer_init(&text);
    put_line_rights(def->listen, &text);
    ls_buffer_text(&text,
                   "\nuser host\ntopic read #\ntopic write spBv1.0/STATE/+\n"
                   "topic write spBv1.0/+/NCMD/+\n"
                   "\nuser guard\ntopic write spBv1.0/+/NCMD/+\ntopic write spBv1.0/+/DCMD/#\n");
    put_says("read", &text);
    ls_buffer_text(&text, "\nuser reader\ntopic read #\ntopic read $SYS/#\n");
    const ls_status status = write_private(def->folder, "access", &text, err);
    ls_buffer_clear(&text);
    return status;
}

// The broker runs as whoever we are; started as root and told nothing it would become `mosquitto`
// and could not read its own files.
static ls_status write_config(const ls_broker_def *def, int port, ls_error *err) {
    const struct passwd *me = getpwuid(geteuid());
    ls_buffer text;
    ls_buffer_init(&text);
    if (me != NULL) {
        ls_buffer_printf(&text, "user %s\n", me->pw_name);
    }
    ls_buffer_printf(&text,
                     "listener %d 127.0.0.1\nallow_anonymous false\n"
                     "password_file %s/passwords\nacl_file %s/access\n"
                     "set_tcp_nodelay true\nmax_inflight_messages 200\n"
                     "max_queued_messages 100000\nmax_queued_bytes 67108864\n"
                     "max_packet_size 20000000\nmax_connections 1000\n"
                     "persistence true\npersistence_location %s/\nautosave_interval 5\n"
                     "log_dest stderr\nlog_type error\nlog_type warning\nlog_timestamp false\n"
                     "connection_messages false\n",
                     port, def->folder, def->folder, def->folder);
    const ls_status status = write_private(def->folder, "mosquitto.conf", &text, err);
    ls_buffer_clear(&text);
    return status;
}

static ls_status write_port(const char *folder, int port, ls_error *err) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_printf(&text, "%d\n", port);
    const ls_status status = write_private(folder, "port", &text, err);
    ls_buffer_clear(&text);
    return status;
}

ls_status ls_broker_files_make(const ls_broker_def *def, int port, ls_error *err) {
    if (strlen(def->folder) > LS_BROKER_PATH_MAX - NAME_SIZE ||
        strpbrk(def->folder, "\r\n") != NULL) {
        return ls_fail(err, LS_ERR_INVALID, "the path of the broker's folder is too long");
    }
    ls_status status = make_logins(def->folder, err);
    if (status == LS_OK) {
        status = write_access(def, err);
    }
    if (status == LS_OK) {
        status = write_config(def, port, err);
    }
    return status == LS_OK ? write_port(def->folder, port, err) : status;
}

ls_status ls_broker_files_port(const char *folder, int *out, ls_error *err) {
    char path[LS_BROKER_PATH_MAX + NAME_SIZE];
    ls_arena arena;
    ls_arena_init(&arena);
    char *text = NULL;
    size_t size = 0;
    int64_t port = 0;
    ls_broker_files_path(folder, "port", path, sizeof path);
    ls_status status = ls_file_read(path, NAME_SIZE, &arena, &text, &size, err);
    if (status == LS_OK && size > 0 && text[size - 1] == '\n') {
        size--;
    }
    if (status == LS_OK && (!ls_text_parse_i64(text, size, &port) || port < 1 || port > 65535)) {
        status = ls_fail(err, LS_ERR_IO, "'%s' holds no port", path);
    }
    if (status == LS_OK) {
        *out = (int)port;
    }
    ls_arena_clear(&arena);
    return status;
}

// ---- what others need

bool ls_broker_wanted(const ls_listen *listen) {
    for (uint32_t i = 0; i < listen->source_count; i++) {
        if (listen->sources[i].embedded) {
            return true;
        }
    }
    return false;
}

ls_status ls_broker_access_get(const char *folder, ls_broker_role role, ls_broker_access *out,
                               ls_error *err) {
    int port = 0;
    ls_status status = ls_broker_files_port(folder, &port, err);
    if (status != LS_OK) {
        ls_fail(err, LS_ERR_IO, "no embedded broker was ever started in '%s'", folder);
        ls_hint(err, "`lineshaft run` starts it, once the plant file says `broker: embedded`");
        return LS_ERR_IO;
    }
    ls_text_format(out->url, sizeof out->url, "mqtt://127.0.0.1:%d", port);
    ls_text_format(out->login, sizeof out->login, "%s/login-%s", folder, role_names[role]);
    return LS_OK;
}
