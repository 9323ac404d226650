// link.c - see link.h. A thread of its own connects, reads, writes, and comes back.
#include "guard/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/socket.h"

enum { PATH_SIZE = 4096, OUT_MAX = 1 << 20, RETRY_MS = 200 };

struct ls_guard_link {
    ls_guard_link_def def;
    char folder[PATH_SIZE];
    pthread_t thread;
    int wake_file, file;  // file: -1 while away; of the thread
    atomic_bool stopping, connected, there, beat;
    pthread_mutex_t lock;  // of out
    ls_buffer out;         // waits to be sent
    ls_guard_lines in;
    char why[LS_GUARD_WHY_SIZE];
    bool told;  // `changed` was called
};

static void wake(ls_guard_link *link) {
    const uint64_t one = 1;
    (void)!write(link->wake_file, &one, sizeof one);
}

// From the thread. `there`: the guard is connected and says that it writes.
static void change(ls_guard_link *link, bool there, const char *why) {
    const bool before = atomic_exchange(&link->there, there);
    if (link->told && before == there && strcmp(why, link->why) == 0) {
        return;
    }
    link->told = true;
    ls_text_format(link->why, sizeof link->why, "%s", why);
    if (link->def.changed != NULL) {
        link->def.changed(link->def.context, there, link->why);
    }
}

// ---- the connection

static bool connect_to(ls_guard_link *link) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int folder = open(link->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return false;
    }
    ls_text_format(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/guard.sock",
                   folder);
    link->file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool good = link->file >= 0 &&
                      connect(link->file, (const struct sockaddr *)&address, sizeof address) == 0;
    close(folder);
    if (!good && link->file >= 0) {
        close(link->file);
        link->file = -1;
    }
    return good;
}

static void disconnect(ls_guard_link *link, const char *why) {
    close(link->file);
    link->file = -1;
    link->in.used = 0;
    pthread_mutex_lock(&link->lock);
    atomic_store(&link->connected, false);
    link->out.size = 0;  // what was not sent never will be
    pthread_mutex_unlock(&link->lock);
    change(link, false, why);
}

static void on_message(void *context, const ls_guard_message *message) {
    ls_guard_link *link = context;
    if (message->say == LS_SAY_VERDICT && link->def.verdict != NULL) {
        link->def.verdict(link->def.context, &message->of.verdict);
    } else if (message->say == LS_SAY_STATE) {
        change(link, message->of.state.writes, message->of.state.why);
    } else if (message->say == LS_SAY_STANDS && link->def.stands != NULL) {
        link->def.stands(link->def.context, &message->of.standing);
    } else if (message->say == LS_SAY_ANSWER && link->def.answered != NULL) {
        link->def.answered(link->def.context, &message->of.answer);
    }
}

// False: the connection is over.
static bool read_some(ls_guard_link *link) {
    const char *why = NULL;
    const ssize_t got = read(link->file, link->in.bytes + link->in.used,
                             sizeof link->in.bytes - link->in.used);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    return got > 0 && ls_guard_lines_take(&link->in, (size_t)got, on_message, link, &why);
}

// Under the lock.
static bool write_some(ls_guard_link *link) {
    if (link->out.size == 0) {
        return true;
    }
    const ssize_t n = send(link->file, link->out.data, link->out.size, MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    link->out.size -= (size_t)n;
    memmove(link->out.data, link->out.data + n, link->out.size);
    return true;
}

static bool turn(ls_guard_link *link) {
    pthread_mutex_lock(&link->lock);
    if (atomic_exchange(&link->beat, false)) {
        ls_guard_protocol_write(&(ls_guard_message){.say = LS_SAY_BEAT}, &link->out);
    }
    const bool good = write_some(link);
    const bool waits = link->out.size > 0;
    pthread_mutex_unlock(&link->lock);
    struct pollfd files[2] = {{.fd = link->file, .events = (short)(POLLIN | (waits ? POLLOUT : 0))},
                              {.fd = link->wake_file, .events = POLLIN}};
    if (!good || poll(files, 2, 1000) < 0) {
        return good && errno == EINTR;
    }
    if (files[1].revents != 0) {
        uint64_t count;
        (void)!read(link->wake_file, &count, sizeof count);
    }
    return files[0].revents == 0 || (files[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0 ||
           read_some(link);
}

static void *run(void *context) {
    ls_guard_link *link = context;
    pthread_setname_np(pthread_self(), "ls-guard-link");
    while (!atomic_load(&link->stopping)) {
        if (!connect_to(link)) {
            change(link, false, "the guard is not running");
            struct pollfd file = {.fd = link->wake_file, .events = 0};
            poll(&file, 1, RETRY_MS);
            continue;
        }
        atomic_store(&link->connected, true);
        while (!atomic_load(&link->stopping) && turn(link)) {
        }
        disconnect(link, "the guard is gone");
    }
    return NULL;
}

// ---- callers

ls_status ls_guard_link_open(const ls_guard_link_def *def, ls_guard_link **out, ls_error *err) {
    *out = NULL;
    ls_guard_link *link = ls_alloc(sizeof *link);
    if (link == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the way to the guard");
    }
    link->def = *def;
    link->file = -1;
    link->wake_file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ls_buffer_init(&link->out);
    pthread_mutex_init(&link->lock, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool fits = ls_text_format(link->folder, PATH_SIZE, "%s", def->folder) < PATH_SIZE;
    const bool good = fits && link->wake_file >= 0 &&
                      pthread_create(&link->thread, NULL, run, link) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!good) {
        if (link->wake_file >= 0) {
            close(link->wake_file);
        }
        pthread_mutex_destroy(&link->lock);
        ls_free(link);
        return ls_fail(err, LS_ERR_MEMORY, "cannot start the way to the guard");
    }
    *out = link;
    return LS_OK;
}

void ls_guard_link_close(ls_guard_link *link) {
    if (link != NULL) {
        atomic_store(&link->stopping, true);
        wake(link);
        pthread_join(link->thread, NULL);
        close(link->wake_file);
        ls_buffer_clear(&link->out);
        pthread_mutex_destroy(&link->lock);
        ls_free(link);
    }
}

bool ls_guard_link_is_there(ls_guard_link *link) {
    return atomic_load(&link->there);
}

static ls_status say(ls_guard_link *link, const ls_guard_message *message, ls_error *err) {
    ls_status status = LS_OK;
    pthread_mutex_lock(&link->lock);
    if (!atomic_load(&link->connected)) {
        status = ls_fail(err, LS_ERR_IO, "the guard is not running: nothing can be sent");
    } else if (link->out.size > OUT_MAX) {
        status = ls_fail(err, LS_ERR_LIMIT, "the guard takes no more: too much waits for it");
    } else {
        const size_t before = link->out.size;
        ls_guard_protocol_write(message, &link->out);
        if (link->out.failed) {
            link->out.size = before;
            link->out.failed = false;
            status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a message to the guard");
        }
    }
    pthread_mutex_unlock(&link->lock);
    if (status == LS_OK) {
        wake(link);
    }
    return status;
}

ls_status ls_guard_link_send(ls_guard_link *link, const ls_command *command, ls_error *err) {
    const ls_guard_message message = {.say = LS_SAY_COMMAND, .of.command = *command};
    return say(link, &message, err);
}

ls_status ls_guard_link_send_together(ls_guard_link *link, const ls_command *commands,
                                      uint32_t count, ls_error *err) {
    if (count == 1) {
        return ls_guard_link_send(link, commands, err);
    }
    if (count == 0 || count > LS_GUARD_TOGETHER) {
        return ls_fail(err, LS_ERR_LIMIT, "%u commands together: 1 to %d can go", count,
                       LS_GUARD_TOGETHER);
    }
    ls_guard_message message = {.say = LS_SAY_TOGETHER, .of.together.count = count};
    memcpy(message.of.together.commands, commands, count * sizeof *commands);
    return say(link, &message, err);
}

ls_status ls_guard_link_do(ls_guard_link *link, const ls_guard_deed *deed, ls_error *err) {
    const ls_guard_message message = {.say = LS_SAY_DEED, .of.deed = *deed};
    return say(link, &message, err);
}

void ls_guard_link_beat(ls_guard_link *link) {
    atomic_store(&link->beat, true);
    wake(link);
}
