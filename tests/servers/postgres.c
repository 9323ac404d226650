// postgres.c - see postgres.h.
#include "tests/servers/postgres.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness.h"

enum { ARGUMENTS_MAX = 24, TRIES_MAX = 3, READY_MS = 60000, POLL_MS = 20 };

#define PASSWORD "not-a-secret:1"

// "/usr/lib/postgresql/15/bin": where the newest server of this machine lives.
static bool find_programs(char *out, size_t size) {
    glob_t found;
    const bool any = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 &&
                     found.gl_pathc > 0;
    if (any) {
        const char *path = found.gl_pathv[found.gl_pathc - 1];
        snprintf(out, size, "%.*s", (int)(strrchr(path, '/') - path), path);
    }
    globfree(&found);
    return any;
}

static void sleep_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// In the child: PostgreSQL refuses to run as root.
static void become_postgres(void) {
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (user != NULL && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
        _exit(126);
    }
}

// Runs a program of the server with its words said to `log`; the child dies with this process.
static pid_t start_program(char *const *arguments, const char *log) {
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    const int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    const int in = open("/dev/null", O_RDONLY);
    become_postgres();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(out, 2) < 0) {
        _exit(126);
    }
    // The environment of whoever runs the tests says nothing to the server.
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    static char locale[] = "LC_ALL=C.UTF-8";
    char *const environment[] = {path, locale, NULL};
    if (chdir("/") == 0) {
        execve(arguments[0], arguments, environment);
    }
    _exit(127);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *folder) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// Lives until the other end of the pipe is gone, by postgres_stop or with the test, and leaves
// nothing behind. What comes through the pipe are the servers' process ids.
static void be_janitor(int from, const char *folder) {
    pid_t pid = 0;
    pid_t next = 0;
    // Ctrl-C reaches the whole group; the janitor has to outlive it.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    while (read(from, &next, sizeof next) == (ssize_t)sizeof next) {
        pid = next;
    }
    if (pid > 0) {
        kill(pid, SIGKILL);
    }
    for (int i = 0; i < 50; i++) {  // connections of the server end a moment later
        remove_folder(folder);
        if (access(folder, F_OK) != 0) {
            break;
        }
        sleep_ms(POLL_MS);
    }
    _exit(0);
}

static bool start_janitor(postgres_server *server) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    server->janitor = fork();
    if (server->janitor == 0) {
        close(ends[1]);
        be_janitor(ends[0], server->folder);
    }
    close(ends[0]);
    server->janitor_pipe = ends[1];
    return server->janitor > 0;
}

static bool write_text(const char *path, const char *text, mode_t mode) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return fd >= 0 && close(fd) == 0 && written;
}

static bool make_folder(postgres_server *server) {
    const char *base = getenv("TMPDIR");
    char path[POSTGRES_PATH_SIZE + 16];
    snprintf(server->folder, sizeof server->folder, "%.60s/lineshaft-postgres-XXXXXX",
             base != NULL && strlen(base) < 60 ? base : "/tmp");
    if (mkdtemp(server->folder) == NULL || chmod(server->folder, 0755) != 0) {
        return false;
    }
    snprintf(path, sizeof path, "%s/data", server->folder);
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (mkdir(path, 0700) != 0 || (user != NULL && chown(path, user->pw_uid, user->pw_gid) != 0)) {
        return false;
    }
    snprintf(server->login, sizeof server->login, "%.100s/login", server->folder);
    snprintf(path, sizeof path, "%s/initial", server->folder);  // the server's user reads this one
    return write_text(server->login, PASSWORD "\n", 0600) && write_text(path, PASSWORD "\n", 0644);
}

static bool make_database(const postgres_server *server, const char *programs, const char *log) {
    char initdb[POSTGRES_PATH_SIZE + 16];
    char data[POSTGRES_PATH_SIZE + 16];
    char words[POSTGRES_PATH_SIZE + 32];
    snprintf(initdb, sizeof initdb, "%s/initdb", programs);
    snprintf(data, sizeof data, "%s/data", server->folder);
    snprintf(words, sizeof words, "--pwfile=%s/initial", server->folder);
    char *const arguments[] = {
        initdb,
        (char[]){"-D"},
        data,
        (char[]){"--username=lineshaft"},
        words,
        (char[]){"--auth=scram-sha-256"},
        (char[]){"--encoding=UTF8"},
        (char[]){"--locale=C"},
        (char[]){"--no-sync"},
        (char[]){"--no-instructions"},
        NULL,
    };
    const pid_t pid = start_program(arguments, log);
    int state = 0;
    return pid > 0 && waitpid(pid, &state, 0) == pid && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

static int free_port(void) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const bool found = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                       getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return found ? ntohs(address.sin_port) : 0;
}

static void show_log(const char *log) {
    char *text = harness_read_file(log, NULL);
    harness_note("%s: %s", log, text != NULL ? text : "no log");
    free(text);
}

// Until it lets a client in, or has ended, or a minute has passed.
static bool wait_until_ready(postgres_server *server) {
    char url[POSTGRES_PATH_SIZE + 64];
    snprintf(url, sizeof url, "postgresql://lineshaft@127.0.0.1:%d/postgres?connect_timeout=2",
             server->port);
    for (int ms = 0; ms < READY_MS; ms += POLL_MS) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return false;
        }
        if (PQping(url) == PQPING_OK) {
            return true;
        }
        sleep_ms(POLL_MS);
    }
    postgres_kill(server);
    return false;
}

static bool run_server(postgres_server *server, const char *programs, const char *log) {
    char program[POSTGRES_PATH_SIZE + 16];
    char data[POSTGRES_PATH_SIZE + 16];
    char port[16];
    snprintf(program, sizeof program, "%s/postgres", programs);
    snprintf(data, sizeof data, "%s/data", server->folder);
    snprintf(port, sizeof port, "%d", server->port);
    char *const arguments[] = {
        program,
        (char[]){"-D"},
        data,
        (char[]){"-p"},
        port,
        (char[]){"-c"},
        (char[]){"listen_addresses=127.0.0.1"},
        (char[]){"-c"},
        (char[]){"unix_socket_directories="},
        // What is lost by a power cut is no matter here; kill -9 loses nothing.
        (char[]){"-c"},
        (char[]){"fsync=off"},
        (char[]){"-c"},
        (char[]){"shared_buffers=32MB"},
        (char[]){"-c"},
        (char[]){"max_connections=32"},
        NULL,
    };
    server->pid = start_program(arguments, log);
    if (server->pid <= 0) {
        server->pid = 0;
        return false;
    }
    // The janitor has to know before anything can go wrong.
    const bool told = write(server->janitor_pipe, &server->pid, sizeof server->pid) ==
                      (ssize_t)sizeof server->pid;
    return wait_until_ready(server) && told;
}

static bool create_database(const postgres_server *server) {
    char url[POSTGRES_PATH_SIZE + 64];
    snprintf(url, sizeof url, "postgresql://lineshaft@127.0.0.1:%d/postgres", server->port);
    const char *const keys[] = {"dbname", "password", NULL};
    const char *const values[] = {url, PASSWORD, NULL};
    PGconn *connection = PQconnectdbParams(keys, values, 1);
    PGresult *result = PQexec(connection, "create database lineshaft");
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!done) {
        harness_note("%s", PQerrorMessage(connection));
    }
    PQclear(result);
    PQfinish(connection);
    return done;
}

bool postgres_start(postgres_server *out) {
    *out = (postgres_server){.janitor_pipe = -1, .password = PASSWORD};
    char programs[POSTGRES_PATH_SIZE] = "";
    char log[POSTGRES_PATH_SIZE + 16];
    const bool installed = find_programs(programs, sizeof programs);
    CHECK(installed);
    if (!installed) {
        harness_note("no /usr/lib/postgresql/*/bin/initdb: 'scripts/setup test' installs it");
        return false;
    }
    bool ready = make_folder(out);
    snprintf(log, sizeof log, "%s/log", out->folder);
    ready = ready && write_text(log, "", 0666) && chmod(log, 0666) == 0 && start_janitor(out) &&
            make_database(out, programs, log);
    bool runs = false;
    for (int i = 0; ready && !runs && i < TRIES_MAX; i++) {  // somebody may take the port first
        out->port = free_port();
        runs = run_server(out, programs, log);
    }
    if (!runs) {
        show_log(log);
    }
    CHECK(runs);
    snprintf(out->url, sizeof out->url, "postgresql://lineshaft@127.0.0.1:%d/lineshaft", out->port);
    const bool made = runs && create_database(out);
    CHECK(made);
    if (!made) {
        postgres_stop(out);
    }
    return made;
}

static pid_t parent_of(const char *pid) {
    char path[32];
    char text[256] = "";
    snprintf(path, sizeof path, "/proc/%.12s/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    // "PID (NAME) STATE PARENT": whatever stands in the name.
    const char *after = size > 0 ? strrchr(text, ')') : NULL;
    return after != NULL && strlen(after) > 4 ? (pid_t)strtol(after + 4, NULL, 10) : 0;
}

// A connection of a server that is gone sees that when it next gets to run: on a busy machine it
// may answer once more before.
static void kill_connections(pid_t server) {
    DIR *processes = opendir("/proc");
    for (const struct dirent *one; processes != NULL && (one = readdir(processes)) != NULL;) {
        if (one->d_name[0] >= '1' && one->d_name[0] <= '9' && parent_of(one->d_name) == server) {
            kill((pid_t)strtol(one->d_name, NULL, 10), SIGKILL);
        }
    }
    if (processes != NULL) {
        closedir(processes);
    }
}

void postgres_kill(postgres_server *server) {
    if (server->pid > 0) {
        kill(server->pid, SIGSTOP);  // it starts no other meanwhile
        kill_connections(server->pid);
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

bool postgres_restart(postgres_server *server) {
    char programs[POSTGRES_PATH_SIZE] = "";
    char log[POSTGRES_PATH_SIZE + 16];
    snprintf(log, sizeof log, "%s/log", server->folder);
    postgres_kill(server);
    bool runs = false;
    // Connections of the killed server end by themselves; until then the new one refuses to start.
    for (int i = 0; !runs && find_programs(programs, sizeof programs) && i < 100; i++) {
        runs = run_server(server, programs, log);
        if (!runs) {
            sleep_ms(5 * POLL_MS);
        }
    }
    if (!runs) {
        show_log(log);
    }
    CHECK(runs);
    return runs;
}

void postgres_stop(postgres_server *server) {
    if (server->janitor > 0) {
        close(server->janitor_pipe);
        waitpid(server->janitor, NULL, 0);  // it kills the server and removes the folder
    }
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    *server = (postgres_server){.janitor_pipe = -1};
}
