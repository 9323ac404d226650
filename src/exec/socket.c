// socket.c - see socket.h.
#include "exec/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "exec/address.h"

enum {
    EVENTS = 64,
    ACCEPTS = 64,
    FIRST_SIZE = 512,
    CALLERS_MAX = 65536,
    BACKLOG = 4096,
    DEAF_MS = 1000
};
#define NONE UINT32_MAX
#define LISTENER (UINT32_MAX - 1)
static const int64_t PATIENCE_US = 5000000;

typedef struct caller {
    int file;  // -1: the place is free
    uint32_t next_free;
    uint32_t events;  // that epoll was asked for
    ls_pool_caller who;
    int64_t heard_us;  // when it last said or took something
    char *in;          // [at, used): what it said and is not answered
    size_t at, used, capacity;
    size_t scanned;  // up to here there is no end of a line
    ls_buffer out;
    size_t sent;
    size_t unsure_at;  // of out: the answer from here on holds only if it is kept; SIZE_MAX: all do
    bool ends;         // it hears what is said to it, and then goes
} caller;

struct ls_pool_socket {
    ls_pool_socket_def def;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];  // as it can be bound
    int listener, poll, folder;
    ino_t file_id;  // of the socket file: another one is not removed
    caller *callers;
    uint32_t callers_most, first_free;
    uint32_t begun;   // places that were used at least once
    size_t held;      // bytes of unfinished lines
    bool deaf;        // the listener is not asked: no files are left
    uint32_t *round;  // places that were answered since the last send
    uint32_t round_count;
    ls_pool_socket_figures figures;
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// ---- places

static bool watch(ls_pool_socket *s, int file, uint32_t place, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.u32 = place};
    return epoll_ctl(s->poll, how, file, &event) == 0;
}

static void leave(ls_pool_socket *s, uint32_t place) {
    caller *c = s->callers + place;
    close(c->file);
    s->held -= c->capacity;
    ls_free(c->in);
    ls_buffer_clear(&c->out);
    *c = (caller){.file = -1, .next_free = s->first_free};
    s->first_free = place;
    s->figures.callers--;
    if (s->deaf) {
        s->deaf = !watch(s, s->listener, LISTENER, EPOLLIN, EPOLL_CTL_MOD);
    }
}

static uint32_t take_place(ls_pool_socket *s) {
    uint32_t place = s->first_free;
    if (place != NONE) {
        s->first_free = s->callers[place].next_free;
    } else if (s->begun < s->callers_most) {
        place = s->begun++;
    }
    return place;
}

// Who has been silent for longest, and for longer than the patience; NONE: nobody. Only asked when
// all places are taken.
static uint32_t silent_one(const ls_pool_socket *s, int64_t now) {
    uint32_t found = NONE;
    int64_t since = now - s->def.patience_us;
    for (uint32_t i = 0; i < s->begun; i++) {
        if (s->callers[i].file >= 0 && s->callers[i].heard_us < since) {
            since = s->callers[i].heard_us;
            found = i;
        }
    }
    return found;
}

static bool has_many(const ls_pool_socket *s, uint32_t uid) {
    uint32_t theirs = 0;
    if (uid == 0 || uid == geteuid() || s->begun < s->callers_most / 2) {
        return false;
    }
    for (uint32_t i = 0; i < s->begun; i++) {
        theirs += s->callers[i].file >= 0 && s->callers[i].who.uid == uid;
    }
    return theirs >= (s->callers_most + 1) / 2;
}

// ---- what is said to a caller

// False: it is gone.
static bool send_out(ls_pool_socket *s, uint32_t place) {
    caller *c = s->callers + place;
    while (c->sent < c->out.size) {
        const ssize_t n = send(c->file, c->out.data + c->sent, c->out.size - c->sent,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return true;
        }
        if (n <= 0) {
            leave(s, place);
            return false;
        }
        c->sent += (size_t)n;
        c->heard_us = now_us();
    }
    ls_buffer_clear(&c->out);
    ls_buffer_init(&c->out);
    c->sent = 0;
    if (c->ends) {
        leave(s, place);
        return false;
    }
    return true;
}

static const char too_long[] =
    "{\"error\":{\"code\":\"line\",\"text\":\"a line has at most 1048576 bytes\"}}\n";
static const char too_many[] =
    "{\"error\":{\"code\":\"busy\",\"text\":\"too many callers at once; try again in a moment\"}}"
    "\n";
static const char no_memory[] =
    "{\"error\":{\"code\":\"memory\",\"text\":\"out of memory for this question\"}}\n";

// The last that it is told; what it says from now on is not heard.
static void part_with(ls_pool_socket *s, caller *c, const char *last) {
    s->figures.dropped++;
    c->ends = true;
    ls_buffer_text(&c->out, last);
}

// ---- what a caller says

static void answer(ls_pool_socket *s, caller *c, const char *line, size_t size) {
    const size_t before = c->out.size;
    c->unsure_at = s->def.ask(s->def.context, &c->who, line, size, &c->out) ? before : SIZE_MAX;
    if (c->out.failed) {  // half an answer is none
        c->out.failed = false;
        c->out.size = before;
        c->unsure_at = SIZE_MAX;
        part_with(s, c, no_memory);
    } else {
        ls_buffer_text(&c->out, "\n");
        c->ends = c->ends || c->out.failed;
        s->figures.lines++;
    }
}

static const char *line_end(const caller *c) {
    return c->used > c->scanned ? memchr(c->in + c->scanned, '\n', c->used - c->scanned) : NULL;
}

// Answers the first whole line, if there is one. One at a time: a caller that asks a lot at once
// takes its turn like the others.
static void take_line(ls_pool_socket *s, caller *c) {
    const char *end = line_end(c);
    const size_t length = end != NULL ? (size_t)(end - c->in) - c->at : c->used - c->at;
    if (length > LS_POOL_LINE_MAX) {
        part_with(s, c, too_long);
    } else if (end != NULL) {
        answer(s, c, c->in + c->at, length);
        c->at = c->scanned = c->at + length + 1;
    } else {
        c->scanned = c->used;
    }
}

// Room behind what is there, which holds no whole line.
static bool make_room(ls_pool_socket *s, caller *c) {
    if (c->at > 0) {
        c->used -= c->at;
        memmove(c->in, c->in + c->at, c->used);
        c->scanned -= c->at;
        c->at = 0;
    }
    if (c->used == 0 && c->capacity > FIRST_SIZE) {  // a long line was answered
        s->held -= c->capacity;
        ls_free(c->in);
        c->in = NULL;
        c->capacity = 0;
    }
    if (c->used < c->capacity) {
        return true;
    }
    const size_t wanted = c->capacity == 0 ? FIRST_SIZE : c->capacity * 2;
    char *more = s->held - c->capacity + wanted <= LS_POOL_SOCKET_HELD_MAX
                     ? ls_realloc(c->in, wanted)
                     : NULL;
    if (more == NULL) {
        part_with(s, c, no_memory);
        return false;
    }
    s->held += wanted - c->capacity;
    c->in = more;
    c->capacity = wanted;
    return true;
}

// What has come of a caller that then hung up is answered like that of any other. A line that lies
// there whole is read whole: each piece by itself would cost a round.
static void hear(ls_pool_socket *s, uint32_t place) {
    caller *c = s->callers + place;
    for (bool more = true; more && line_end(c) == NULL;) {
        if (!make_room(s, c)) {
            return;
        }
        const size_t room = c->capacity - c->used;
        const ssize_t n = recv(c->file, c->in + c->used, room, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n <= 0) {
            leave(s, place);
            return;
        }
        c->used += (size_t)n;
        c->heard_us = now_us();
        more = (size_t)n == room && c->used - c->at <= LS_POOL_LINE_MAX;
    }
    take_line(s, c);
}

// A line that lies here already is no news to epoll; that an idle caller can be written to always
// is.
static void watch_again(ls_pool_socket *s, uint32_t place) {
    caller *c = s->callers + place;
    const bool owes = c->sent < c->out.size;
    const uint32_t wanted = owes ? EPOLLOUT : line_end(c) != NULL ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (wanted != c->events) {
        c->events = wanted;
        if (!watch(s, c->file, place, wanted, EPOLL_CTL_MOD)) {
            leave(s, place);
        }
    }
}

static void serve_one(ls_pool_socket *s, uint32_t place) {
    caller *c = s->callers + place;
    if (c->file < 0) {
        return;  // it went in this very round
    }
    const bool owed = c->sent < c->out.size;
    if (owed && !send_out(s, place)) {
        return;
    }
    if (!owed) {
        hear(s, place);
    }
    if (c->file >= 0 && c->sent < c->out.size && !owed) {
        s->round[s->round_count++] = place;
    } else if (c->file >= 0) {
        watch_again(s, place);
    }
}

// ---- coming in

static bool sit_down(ls_pool_socket *s, int file, const ls_pool_caller *who, int64_t now) {
    uint32_t place = has_many(s, who->uid) ? NONE : take_place(s);
    if (place == NONE && !has_many(s, who->uid)) {
        const uint32_t silent = silent_one(s, now);
        if (silent != NONE) {
            s->figures.dropped++;
            leave(s, silent);
            place = take_place(s);
        }
    }
    if (place == NONE) {
        return false;
    }
    s->callers[place] = (caller){
        .file = file, .who = *who, .heard_us = now, .events = EPOLLIN, .unsure_at = SIZE_MAX};
    ls_buffer_init(&s->callers[place].out);
    s->figures.came++;
    s->figures.callers++;
    if (!watch(s, file, place, EPOLLIN, EPOLL_CTL_ADD)) {
        leave(s, place);
    }
    return true;
}

static void let_in(ls_pool_socket *s) {
    for (int i = 0; i < ACCEPTS; i++) {
        const int file = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (file < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
            const uint32_t silent = silent_one(s, now_us());
            if (silent != NONE) {
                s->figures.dropped++;
                leave(s, silent);
            } else {  // until somebody goes
                s->deaf = watch(s, s->listener, LISTENER, 0, EPOLL_CTL_MOD);
            }
        }
        if (file < 0) {
            return;
        }
        struct ucred peer = {0};
        socklen_t size = sizeof peer;
        const bool known = getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        const ls_pool_caller who = {.uid = peer.uid, .gid = peer.gid, .pid = peer.pid};
        if (!known || !sit_down(s, file, &who, now_us())) {
            s->figures.turned_away++;
            (void)!send(file, too_many, sizeof too_many - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            close(file);
        }
    }
}

uint32_t ls_pool_socket_serve(ls_pool_socket *s) {
    struct epoll_event events[EVENTS];
    const uint64_t before = s->figures.lines;
    if (s->deaf) {  // what frees a file need not be a caller of ours
        s->deaf = !watch(s, s->listener, LISTENER, EPOLLIN, EPOLL_CTL_MOD);
    }
    const int n = epoll_wait(s->poll, events, EVENTS, 0);
    bool newcomers = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u32 == LISTENER) {
            newcomers = true;
        } else {
            serve_one(s, events[i].data.u32);
        }
    }
    if (newcomers) {  // last: a place that is taken anew has no event of this round
        let_in(s);
    }
    return (uint32_t)(s->figures.lines - before);
}

void ls_pool_socket_send(ls_pool_socket *s, const char *instead) {
    for (uint32_t i = 0; i < s->round_count; i++) {
        caller *c = s->callers + s->round[i];
        if (c->file < 0) {
            continue;
        }
        if (instead != NULL && c->unsure_at < c->out.size) {
            c->out.size = c->unsure_at;
            ls_buffer_text(&c->out, instead);
            ls_buffer_text(&c->out, "\n");
            c->ends = c->ends || c->out.failed;
        }
        c->unsure_at = SIZE_MAX;
        if (send_out(s, s->round[i])) {
            watch_again(s, s->round[i]);
        }
    }
    s->round_count = 0;
}

// ---- opening, closing

// What a daemon left behind that died may go; what somebody listens at may not.
static ls_status clear_path(const char *path, const struct sockaddr_un *address, ls_error *err) {
    struct stat about;
    if (lstat(path, &about) != 0) {
        return errno == ENOENT ? LS_OK
                               : ls_fail(err, LS_ERR_IO, "cannot look at socket '%s': %s", path,
                                         strerror(errno));
    }
    if (!S_ISSOCK(about.st_mode)) {
        ls_fail(err, LS_ERR_INVALID, "'%s' is there and is no socket", path);
        ls_hint(err, "remove it, or give another path with --socket");
        return LS_ERR_INVALID;
    }
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool heard = file >= 0 &&
                       connect(file, (const struct sockaddr *)address, sizeof *address) == 0;
    if (file >= 0) {
        close(file);
    }
    if (heard) {
        ls_fail(err, LS_ERR_INVALID, "a pool's daemon listens at '%s' already", path);
        ls_hint(err, "stop it first, or give another path with --socket");
        return LS_ERR_INVALID;
    }
    return unlink(path) == 0 || errno == ENOENT
               ? LS_OK
               : ls_fail(err, LS_ERR_IO, "cannot replace socket '%s': %s", path, strerror(errno));
}

static ls_status begin_listening(ls_pool_socket *s, ls_error *err) {
    struct sockaddr_un address;
    struct stat about;
    ls_status status = ls_pool_address_make(s->def.path, &address, &s->folder, err);
    if (status == LS_OK) {
        status = clear_path(s->def.path, &address, err);
    }
    if (status != LS_OK) {
        return status;
    }
    memcpy(s->path, address.sun_path, sizeof s->path);
    // Not ours to everybody in between: bound closed, opened as asked before anybody is heard.
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0 || fchmod(s->listener, 0600) != 0 ||
        bind(s->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        stat(s->path, &about) != 0 || chmod(s->path, (mode_t)s->def.mode) != 0 ||
        listen(s->listener, BACKLOG) != 0) {
        ls_fail(err, LS_ERR_IO, "cannot open socket '%s': %s", s->def.path, strerror(errno));
        ls_hint(err, "its folder must be there and be yours to write; --socket gives another");
        return LS_ERR_IO;
    }
    s->file_id = about.st_ino;
    return LS_OK;
}

static ls_status make_places(ls_pool_socket *s, ls_error *err) {
    struct rlimit files = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    const uint64_t all = files.rlim_cur > CALLERS_MAX ? CALLERS_MAX : files.rlim_cur;
    s->callers_most = s->def.callers_most != 0 ? s->def.callers_most
                      : all > 2 * LS_POOL_SOCKET_FILES_RESERVED
                          ? (uint32_t)all - LS_POOL_SOCKET_FILES_RESERVED
                          : (uint32_t)all / 2;
    s->callers = ls_alloc(s->callers_most * sizeof *s->callers);
    s->round = ls_alloc((EVENTS + 1) * sizeof *s->round);
    return s->callers != NULL && s->round != NULL
               ? LS_OK
               : ls_fail(err, LS_ERR_MEMORY, "out of memory for the pool's socket");
}

static ls_status begin_waiting(ls_pool_socket *s, ls_error *err) {
    s->poll = epoll_create1(EPOLL_CLOEXEC);
    if (s->poll < 0 || !watch(s, s->listener, LISTENER, EPOLLIN, EPOLL_CTL_ADD)) {
        return ls_fail(err, LS_ERR_IO, "cannot wait for callers: %s", strerror(errno));
    }
    return LS_OK;
}

ls_status ls_pool_socket_open(const ls_pool_socket_def *def, ls_pool_socket **out, ls_error *err) {
    *out = NULL;
    ls_pool_socket *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the pool's socket");
    }
    *s = (ls_pool_socket){
        .def = *def, .listener = -1, .poll = -1, .folder = -1, .first_free = NONE};
    s->def.patience_us = def->patience_us != 0 ? def->patience_us : PATIENCE_US;
    ls_status status = make_places(s, err);
    if (status == LS_OK) {
        status = begin_listening(s, err);
    }
    if (status == LS_OK) {
        status = begin_waiting(s, err);
    }
    if (status != LS_OK) {
        ls_pool_socket_close(s);
        return status;
    }
    *out = s;
    return LS_OK;
}

static void close_file(int file) {
    if (file >= 0) {
        close(file);
    }
}

void ls_pool_socket_close(ls_pool_socket *s) {
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; i < s->begun; i++) {
        if (s->callers[i].file >= 0) {
            leave(s, i);
        }
    }
    struct stat about;
    if (s->file_id != 0 && stat(s->path, &about) == 0 && about.st_ino == s->file_id) {
        unlink(s->path);
    }
    close_file(s->listener);
    close_file(s->poll);
    close_file(s->folder);
    ls_free(s->round);
    ls_free(s->callers);
    ls_free(s);
}

int ls_pool_socket_file(const ls_pool_socket *s) {
    return s->poll;
}

int ls_pool_socket_wait_ms(const ls_pool_socket *s) {
    return s->deaf ? DEAF_MS : -1;
}

ls_pool_socket_figures ls_pool_socket_describe(const ls_pool_socket *s) {
    return s->figures;
}
