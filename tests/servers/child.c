// child.c - see child.h.
#include "tests/servers/child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 60000 };

static void point_to(int file, const char *path) {
    const int to = open(path != NULL ? path : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (to >= 0) {
        dup2(to, file);
        close(to);
    }
}

pid_t child_start(const char *const argv[], const char *out, const char *err) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child != 0) {
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    point_to(STDOUT_FILENO, out);
    point_to(STDERR_FILENO, err);
    // execvp takes char *const[] for the sake of old callers; it changes nothing.
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

pid_t child_start_shell(const char *script) {
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    return child_start(argv, NULL, NULL);
}

void child_kill(pid_t child) {
    if (child > 0) {
        kill(child, SIGKILL);
        child_wait(child);
    }
}

int child_wait(pid_t child) {
    int status = 0;
    for (int i = 0;; i++) {
        const pid_t done = waitpid(child, &status, i < WAIT_MS / 5 ? WNOHANG : 0);
        if (done == child || (done < 0 && errno != EINTR)) {
            break;
        }
        if (i == WAIT_MS / 5) {
            kill(child, SIGKILL);
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

bool child_wait_until_listening(int port, int ms) {
    const struct sockaddr_in address = loopback(port);
    for (int i = 0; i < ms / 10; i++) {
        const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool there = connect(file, (const struct sockaddr *)&address, sizeof address) == 0;
        close(file);
        if (there) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

int child_free_port(void) {
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(file, (const struct sockaddr *)&address, sizeof address);
    getsockname(file, (struct sockaddr *)&address, &size);
    close(file);
    return ntohs(address.sin_port);
}
