// pool_serve.c - `lineshaft pool run`: the pool of this machine, as a daemon.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "exec/daemon.h"
#include "import/pool_file.h"
#include "line/data_folder.h"
#include "loop/notify.h"
#include "loop/say.h"
#include "ls_build.h"
#include "pool/pool_file.h"
#include "web/pool_web.h"

enum { PATH_SIZE = 4096, USER_LEAST = 1000, FILES_MOST = 65536 };

static const ls_option own_options[] = {
    {.name = "data",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "lineshaft-data/ and the pool's name, here; under systemd its state folder",
     .about = "journal, logs and tokens"},
    {.name = "socket",
     .kind = LS_OPTION_TEXT,
     .argument = "PATH",
     .says =
         "pool.sock in $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/lineshaft, /run/lineshaft (root) or "
         "/tmp/lineshaft-UID",
     .about = "where commands of this machine reach it"},
    {.name = "open",
     .kind = LS_OPTION_FLAG,
     .about = "every user of this machine may submit; jobs run as the daemon's user"},
    {.name = "user",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "stays who it is",
     .about = "started by root: listens as this user; jobs run as whoever submits them"},
    {.name = "cgroup",
     .kind = LS_OPTION_TEXT,
     .argument = "FOLDER",
     .says = "its own, as far as that goes",
     .about = "of cgroup v2, handed to the pool alone: jobs are limited there"},
    {.name = "log-most",
     .kind = LS_OPTION_COUNT,
     .argument = "MIB",
     .least = 1,
     .most = 1048576,
     .initial = "1024",
     .about = "the most that a job may have kept of what it writes, in MiB"},
    {.name = "port",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = 65535,
     .initial = "8378",
     .about = "port of the page and of the API; 0: a free one"},
    {.name = "listen",
     .kind = LS_OPTION_TEXT,
     .argument = "ADDRESS",
     .initial = "127.0.0.1",
     .about = "address of that port",
     .detail = "Any other than this machine's own needs --tls-cert and --tls-key, or --insecure"},
    {.name = "no-page", .kind = LS_OPTION_FLAG, .about = "the local socket alone"},
    {.name = "http-jobs",
     .kind = LS_OPTION_FLAG,
     .says = "unless it runs as root",
     .about = "jobs may be submitted over HTTP; they run as the daemon's user"},
    {.name = "tls-cert",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "certificate, in PEM"},
    {.name = "tls-key", .kind = LS_OPTION_TEXT, .argument = "FILE", .about = "its key, in PEM"},
    {.name = "name",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .about = "a name by which browsers reach this machine, beside its own"},
    {.name = "insecure",
     .kind = LS_OPTION_FLAG,
     .about = "listen to others without TLS: whoever is between can read and change everything"},
    {.name = "verbose", .kind = LS_OPTION_FLAG, .about = "also tell what is only good to know"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

// ---- signals

static volatile int stop_asked;

static void ask_stop(int number) {
    (void)number;
    stop_asked = 1;
}

static void watch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND;  // who presses twice means it
    action.sa_handler = ask_stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = SA_RESTART;
    action.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);  // a caller that went away is seen where it is written to
    sigaction(SIGXFSZ, &action, NULL);  // a file that may not grow is a full disk
}

// ---- the pool

// That of the file, or what this machine has.
static int read_pool(const ls_options *options, ls_pool **out) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_status status = LS_OK;
    if (options->argument_count > 0) {
        status = ls_pool_file_read(options->arguments[0], out, &errors);
    } else {
        ls_buffer text, note;
        ls_buffer_init(&text);
        ls_buffer_init(&note);
        status = ls_exec_this_machine(&text, &note);
        if (status == LS_OK && text.data != NULL && !text.failed) {
            status = ls_pool_read(text.data, text.size, "this machine", NULL, out, &errors);
        }
        if (note.data != NULL) {
            ls_note("%s", note.data);
        }
        ls_buffer_clear(&text);
        ls_buffer_clear(&note);
    }
    const int code = status == LS_OK && *out != NULL ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    return code;
}

// ---- who it is

typedef struct running {
    const ls_options *options;
    char data[PATH_SIZE], socket[PATH_SIZE];
    ls_pool *pool;
    struct passwd *user;  // NULL: stays who it is
    ls_exec_helper *helper;
    ls_pool_daemon *daemon;
    ls_pool_web *web;
    bool ready;
} running;

static ls_status find_user(running *r, ls_error *err) {
    const char *name = ls_options_get(r->options, "user")->text;
    if (name == NULL && geteuid() == 0 && ls_options_get(r->options, "open")->given) {
        ls_fail(err, LS_ERR_INVALID,
                "option '--open': started by root, every user's jobs would run as root");
        ls_hint(err, "give the user who listens with --user; then jobs run as who submits them");
        return LS_ERR_INVALID;
    }
    if (name == NULL) {
        return LS_OK;
    }
    if (geteuid() != 0) {
        ls_fail(err, LS_ERR_INVALID, "option '--user': only root can become somebody else");
        return LS_ERR_INVALID;
    }
    r->user = getpwnam(name);
    if (r->user == NULL || r->user->pw_uid == 0) {
        ls_fail(err, LS_ERR_INVALID, "option '--user': %s '%s'",
                r->user == NULL ? "there is no user" : "it must not be root:", name);
        r->user = NULL;
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

// Gives up root for good, after the helper was started that may change users.
static ls_status become(const struct passwd *user, ls_error *err) {
    if (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0 ||
        setuid(0) == 0) {
        return ls_fail(err, LS_ERR_IO, "cannot become user '%s': %s", user->pw_name,
                       strerror(errno));
    }
    (void)prctl(PR_SET_DUMPABLE, 1);
    return LS_OK;
}

static ls_status give_folder(const char *path, const struct passwd *user, ls_error *err) {
    return chown(path, user->pw_uid, user->pw_gid) == 0
               ? LS_OK
               : ls_fail(err, LS_ERR_IO, "cannot give '%s' to user '%s': %s", path, user->pw_name,
                         strerror(errno));
}

// The folder of a socket that is made beside others must be the listener's.
static ls_status give_socket_folder(running *r, ls_error *err) {
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", r->socket);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder || ls_options_get(r->options, "socket")->given) {
        return LS_OK;
    }
    *slash = '\0';
    return give_folder(folder, r->user, err);
}

static ls_status settle(running *r, ls_error *err) {
    const char *given = ls_options_get(r->options, "data")->text;
    given = given != NULL ? given : getenv("STATE_DIRECTORY");
    ls_status status = find_user(r, err);
    if (status == LS_OK) {
        status = ls_data_folder(given, r->pool->name, r->data, sizeof r->data, err);
    }
    if (status == LS_OK) {
        status = ls_data_folder_make(r->data, err);
    }
    if (status == LS_OK) {
        status = ls_pool_socket_place(ls_options_get(r->options, "socket")->text, r->socket,
                                      sizeof r->socket, err);
    }
    if (status == LS_OK && r->user != NULL) {
        status = give_folder(r->data, r->user, err);
    }
    if (status == LS_OK && r->user != NULL) {
        status = give_socket_folder(r, err);
    }
    const ls_exec_helper_def helper = {.folder = r->data,
                                       .uid_least = r->user != NULL ? USER_LEAST : 0,
                                       .cgroup = ls_options_get(r->options, "cgroup")->text};
    if (status == LS_OK) {
        status = ls_exec_helper_start(&helper, &r->helper, err);
    }
    if (status == LS_OK && r->user != NULL) {
        status = become(r->user, err);
    }
    return status;
}

// ---- running

static void on_alive(void *context) {
    running *r = context;
    if (r->ready) {
        ls_notify_alive();
    }
}

static void on_trouble(void *context, const ls_error *err) {
    (void)context;
    if (err != NULL && err->status == LS_ERR_LIMIT) {
        ls_say(LS_LOG_ERROR, "disk", "", "%s; no job is taken until there is room", err->text);
    } else if (err != NULL) {
        ls_say(LS_LOG_ERROR, "journal", "",
               "%s; nothing new is started or taken until it goes again", err->text);
    } else {
        ls_say(LS_LOG_INFO, "journal", "", "it goes again");
    }
}

static void raise_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < FILES_MOST ? files.rlim_max : FILES_MOST;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static ls_status open_daemon(running *r, ls_error *err) {
    const ls_pool_daemon_def def = {
        .pool = r->pool,
        .folder = r->data,
        .socket = r->socket,
        .open = ls_options_get(r->options, "open")->given || r->user != NULL,
        .helper = r->helper,
        .log_bytes_most = (uint64_t)ls_options_get(r->options, "log-most")->number << 20,
        .version = LS_VERSION,
        .stop = &stop_asked,
        .alive = on_alive,
        .troubled = on_trouble,
        .context = r};
    return ls_pool_daemon_open(&def, &r->daemon, err);
}

static ls_status open_web(running *r, ls_error *err) {
    const ls_options *o = r->options;
    if (ls_options_get(o, "no-page")->given) {
        return LS_OK;
    }
    const ls_web_def def = {
        .listen = ls_options_get(o, "listen")->text,
        .port = (int)ls_options_get(o, "port")->number,
        .data = r->data,
        .name = ls_options_get(o, "name")->text,
        .certificate = ls_options_get(o, "tls-cert")->text,
        .key = ls_options_get(o, "tls-key")->text,
        .insecure = ls_options_get(o, "insecure")->given,
    };
    const bool takes = geteuid() != 0 || ls_options_get(o, "http-jobs")->given;
    return ls_pool_web_start(&def, r->daemon, r->pool->name, LS_VERSION, takes, &r->web, err);
}

static void tell_start(running *r) {
    json_t *about = NULL;
    ls_error err = {0};
    ls_desk *desk = ls_pool_daemon_lock(r->daemon);
    (void)ls_desk_about(desk, &about, &err);
    ls_pool_daemon_unlock(r->daemon);
    ls_say(LS_LOG_INFO, "pool", r->pool->name, "listens at %s", r->socket);
    if (!json_is_true(json_object_get(about, "isolates"))) {
        ls_say(LS_LOG_INFO, "pool", r->pool->name,
               "all jobs run as uid %u: they can read and end each other", (unsigned)geteuid());
    }
    if (!json_is_true(json_object_get(about, "cgroups"))) {
        const char *why = json_string_value(json_object_get(about, "no_cgroups"));
        ls_say(LS_LOG_INFO, "pool", r->pool->name, "jobs have no cgroups of their own%s%s",
               why != NULL && why[0] != '\0' ? ": " : "", why != NULL ? why : "");
    }
    char limits[400];
    ls_pool_put_limits(json_object_get(about, "limits"), limits, sizeof limits);
    ls_say(LS_LOG_INFO, "pool", r->pool->name, "%s", limits);
    json_decref(about);
}

static int serve(running *r) {
    ls_error err = {0};
    ls_status status = settle(r, &err);
    if (status == LS_OK) {
        status = open_daemon(r, &err);
    }
    if (status == LS_OK) {
        status = open_web(r, &err);
    }
    if (status == LS_OK) {
        tell_start(r);
        r->ready = true;
        ls_notify_ready("serves");
        status = ls_pool_daemon_run(r->daemon, &err);
        ls_notify_stopping();
        ls_say(LS_LOG_INFO, "pool", r->pool->name, "ends; what runs goes on");
    }
    ls_pool_web_stop(r->web);
    ls_pool_daemon_close(r->daemon);
    ls_exec_helper_stop(r->helper);
    return status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
}

static int run(const ls_options *options) {
    static running r;
    r = (running){.options = options};
    if (ls_options_get(options, "verbose")->given) {
        ls_say_set_level(LS_LOG_DEBUG);
    }
    watch_signals();
    raise_files();
    // What is kept of a pool is the business of its owner and group; a stricter umask stays.
    umask(umask(0) | 027);
    int code = read_pool(options, &r.pool);
    if (code == LS_EXIT_DONE) {
        code = serve(&r);
    }
    ls_pool_destroy(r.pool);
    return code;
}

const ls_cli_command ls_command_pool_run = {
    .name = "pool run",
    .arguments = "[POOL]",
    .least = 0,
    .most = 1,
    .about = "Runs the jobs of this machine's pool: the daemon that 'pool submit' hands them to.",
    .example = "lineshaft pool run pool.yaml",
    .examples =
        "lineshaft pool run\n"
        "lineshaft pool run pool.yaml --data /var/lib/lineshaft-pool --user lineshaft\n"
        "lineshaft pool run pool.yaml --listen 0.0.0.0 --tls-cert cert.pem --tls-key key.pem\n",
    .detail =
        "Without a pool file it shares what this machine has: its GPUs, else a CPU slot for each "
        "processor. Stays in the foreground; Ctrl-C or SIGTERM ends it, and the jobs go on: the "
        "next start on the same data folder adopts them, also after a kill. A job starts only "
        "after its start is written down.\n"
        "Commands reach it through its socket, and the system tells it who calls. Started by "
        "root with --user it listens as that user, and each job runs as who submitted it; "
        "otherwise all jobs run as the daemon's user and are not kept apart. One line on stderr "
        "for each thing that happens; one of the first is the address of the page with its token "
        "(docs/POOL.md, \"Running jobs\").\n",
    .tables = tables,
    .run = run,
};
