// socket.c - see socket.h.
#include "guard/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { OUT_MAX = 4 << 20, READS_AT_ONCE = 16 };

struct ls_guard_socket {
    ls_guard_socket_def def;
    int listener, caller;
    ls_guard_lines in;
    ls_buffer out;
    size_t sent;         // of out
    bool hearing;        // its lines are being read: it is dropped afterwards
    const char *doomed;  // why
};

ls_status ls_guard_socket_folder(const char *folder, ls_error *err) {
    struct stat about;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ls_fail(err, LS_ERR_IO, "cannot make folder '%s': %s", folder, ls_errno_text(errno));
    }
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return ls_fail(err, LS_ERR_IO, "'%s' is not a folder", folder);
    }
    if ((about.st_mode & 077) != 0 || about.st_uid != geteuid()) {
        ls_fail(err, LS_ERR_INVALID, "the guard's folder '%s' is open to others (mode %04o)",
                folder, (unsigned)(about.st_mode & 07777));
        ls_hint(err, "chmod 0700 '%s'", folder);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

// A name of any length: through the folder's descriptor, since a socket's own holds 107 bytes.
static bool set_address(int folder, struct sockaddr_un *out) {
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    return ls_text_format(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/guard.sock",
                          folder) < sizeof out->sun_path;
}

static bool listen_at(ls_guard_socket *s, int folder) {
    struct sockaddr_un address;
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlinkat(folder, "guard.sock", 0);
    return s->listener >= 0 && set_address(folder, &address) &&
           bind(s->listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
           fchmodat(folder, "guard.sock", 0600, 0) == 0 && listen(s->listener, 4) == 0;
}

ls_status ls_guard_socket_open(const ls_guard_socket_def *def, ls_guard_socket **out,
                               ls_error *err) {
    *out = NULL;
    ls_guard_socket *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's socket");
    }
    s->def = *def;
    s->listener = s->caller = -1;
    ls_buffer_init(&s->out);
    const int folder = open(def->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = folder >= 0 && listen_at(s, folder);
    const int why = errno;
    if (folder >= 0) {
        close(folder);
    }
    if (!good) {
        ls_guard_socket_close(s);
        return ls_fail(err, LS_ERR_IO, "cannot open '%s/guard.sock': %s", def->folder,
                       ls_errno_text(why));
    }
    *out = s;
    return LS_OK;
}

static void drop_caller(ls_guard_socket *s, const char *why) {
    if (s->hearing) {
        s->doomed = why;
    } else if (s->caller >= 0) {
        close(s->caller);
        s->caller = -1;
        s->in.used = 0;
        ls_buffer_clear(&s->out);
        ls_buffer_init(&s->out);
        s->sent = 0;
        if (s->def.gone != NULL) {
            s->def.gone(s->def.context, why);
        }
    }
}

void ls_guard_socket_close(ls_guard_socket *socket) {
    if (socket != NULL) {
        socket->def.gone = NULL;
        drop_caller(socket, "");
        if (socket->listener >= 0) {
            close(socket->listener);
        }
        ls_buffer_clear(&socket->out);
        ls_free(socket);
    }
}

bool ls_guard_socket_has_caller(const ls_guard_socket *socket) {
    return socket->caller >= 0;
}

static bool is_one_of_us(int file) {
    struct ucred who = {0};
    socklen_t size = sizeof who;
    return getsockopt(file, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
}

static void let_in(ls_guard_socket *s) {
    const int file = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (file < 0) {
        return;
    }
    if (s->caller >= 0 || !is_one_of_us(file)) {
        close(file);
        return;
    }
    s->caller = file;
    if (s->def.came != NULL) {
        s->def.came(s->def.context);
    }
}

bool ls_guard_lines_take(ls_guard_lines *lines, size_t more,
                         void (*message)(void *context, const ls_guard_message *message),
                         void *context, const char **out_why) {
    size_t at = 0, from = lines->used;
    lines->used += more;
    for (;;) {
        const char *end = memchr(lines->bytes + from, '\n', lines->used - from);
        if (end == NULL) {
            break;
        }
        ls_guard_message got;
        const size_t length = (size_t)(end - lines->bytes) - at;
        *out_why = ls_guard_protocol_read(lines->bytes + at, length, &got);
        if (*out_why != NULL) {
            return false;
        }
        message(context, &got);
        at += length + 1;
        from = at;
    }
    lines->used -= at;
    memmove(lines->bytes, lines->bytes + at, lines->used);
    *out_why = "a line is too long";
    return lines->used < sizeof lines->bytes;
}

static void hear_caller(ls_guard_socket *s) {
    for (int i = 0; i < READS_AT_ONCE && s->caller >= 0; i++) {
        const char *why = NULL;
        const ssize_t got = read(s->caller, s->in.bytes + s->in.used,
                                 sizeof s->in.bytes - s->in.used);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (got <= 0) {
            drop_caller(s, "it hung up");
            return;
        }
        s->doomed = NULL;
        s->hearing = true;
        const bool good = ls_guard_lines_take(&s->in, (size_t)got, s->def.message, s->def.context,
                                              &why);
        s->hearing = false;
        if (!good || s->doomed != NULL) {
            drop_caller(s, s->doomed != NULL ? s->doomed : why);
        }
    }
}

static void send_out(ls_guard_socket *s) {
    while (s->caller >= 0 && !(s->hearing && s->doomed != NULL) && s->sent < s->out.size) {
        const ssize_t n = send(s->caller, s->out.data + s->sent, s->out.size - s->sent,
                               MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n <= 0) {
            drop_caller(s, "it hung up");
            return;
        }
        s->sent += (size_t)n;
    }
    s->out.size = 0;
    s->sent = 0;
}

void ls_guard_socket_say(ls_guard_socket *socket, const ls_guard_message *message) {
    if (socket->caller < 0 || (socket->hearing && socket->doomed != NULL)) {
        return;
    }
    ls_guard_protocol_write(message, &socket->out);
    if (socket->out.failed || socket->out.size - socket->sent > OUT_MAX) {
        drop_caller(socket, "it does not read what is said to it");
        return;
    }
    send_out(socket);
}

void ls_guard_socket_wait(ls_guard_socket *socket, int wake_file, int timeout_ms) {
    const bool waits = socket->sent < socket->out.size;
    struct pollfd files[3] = {
        {.fd = socket->listener, .events = POLLIN},
        {.fd = socket->caller, .events = (short)(POLLIN | (waits ? POLLOUT : 0))},
        {.fd = wake_file, .events = POLLIN}};
    if (poll(files, 3, timeout_ms) <= 0) {
        return;
    }
    if (files[2].revents != 0) {
        uint64_t count;
        (void)!read(wake_file, &count, sizeof count);
    }
    if (files[1].revents != 0) {
        hear_caller(socket);
        send_out(socket);
    }
    if (files[0].revents != 0) {
        let_in(socket);
    }
}
