// mosquitto.c - see mosquitto.h.
#include "tests/servers/mosquitto.h"

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"

enum { START_MS = 10000 };

const char *mosquitto_file(const mosquitto_server *server, const char *name) {
    static char paths[8][2 * MOSQUITTO_PATH_SIZE];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", server->folder, name);
    return path;
}

static bool run(const mosquitto_server *server, const char *script) {
    const char *const argv[] = {"/bin/sh",      "-c",   "cd \"$0\" && eval \"$1\"",
                                server->folder, script, NULL};
    return child_wait(child_start(argv, NULL, mosquitto_file(server, "script.err"))) == 0;
}

// A CA, a server and a client, all new.
static bool make_certificates(const mosquitto_server *server) {
    return run(server,
               "umask 077;"
               "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
               " -subj '/CN=test CA' -keyout ca.key -out ca.pem &&"
               "for name in server client; do"
               " openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
               "  -subj /CN=$name -keyout $name.key -out $name.csr &&"
               " printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' >$name.ext &&"
               " openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
               "  -extfile $name.ext -out $name.pem || exit 1;"
               "done");
}

static bool write_passwords(const mosquitto_server *server, const mosquitto_server_def *def) {
    FILE *file = fopen(mosquitto_file(server, "passwords"), "w");
    if (file == NULL) {
        return false;
    }
    fprintf(file, "%s:%s\n", def->user, def->password);
    fclose(file);
    chmod(mosquitto_file(server, "passwords"), 0600);
    return run(server, "mosquitto_passwd -U passwords");
}

static bool write_config(const mosquitto_server *server, const mosquitto_server_def *def) {
    FILE *file = fopen(mosquitto_file(server, "mosquitto.conf"), "w");
    if (file == NULL) {
        return false;
    }
    const char *folder = server->folder;
    fprintf(file,
            "user %s\nlistener %d 127.0.0.1\nset_tcp_nodelay true\nmax_queued_messages 0\n"
            "persistence true\npersistence_location %s/\nautosave_interval 1\n"
            "allow_anonymous %s\n",
            geteuid() == 0 ? "root" : "mosquitto", server->port, folder,
            def->user != NULL ? "false" : "true");
    if (def->user != NULL) {
        fprintf(file, "password_file %s/passwords\n", folder);
    }
    if (def->tls) {
        fprintf(file,
                "cafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\n"
                "require_certificate true\n",
                folder, folder, folder);
    }
    fputs(def->config != NULL ? def->config : "", file);
    return fclose(file) == 0;
}

bool mosquitto_restart(mosquitto_server *server) {
    char config[2 * MOSQUITTO_PATH_SIZE];
    snprintf(config, sizeof config, "%s", mosquitto_file(server, "mosquitto.conf"));
    const char *const argv[] = {"/usr/sbin/mosquitto", "-c", config, NULL};
    server->process = child_start(argv, NULL, mosquitto_file(server, "mosquitto.err"));
    if (!child_wait_until_listening(server->port, START_MS)) {
        char *said = harness_read_file(mosquitto_file(server, "mosquitto.err"), NULL);
        harness_note("mosquitto does not start: %.300s", said != NULL ? said : "");
        free(said);
        harness_check_true(false, "mosquitto is there", __FILE__, __LINE__);
        return false;
    }
    return true;
}

static bool must(bool holds, const char *what) {
    return harness_check_true(holds, what, __FILE__, __LINE__);
}

bool mosquitto_start(mosquitto_server *server, const mosquitto_server_def *def) {
    static const mosquitto_server_def plain;
    def = def != NULL ? def : &plain;
    *server = (mosquitto_server){.port = child_free_port()};
    const char *base = getenv("TMPDIR");
    snprintf(server->folder, sizeof server->folder, "%s/ls-mosquitto-XXXXXX",
             base != NULL && strlen(base) < 128 ? base : "/tmp");
    snprintf(server->url, sizeof server->url, "%s:%d",
             def->tls ? "mqtts://localhost" : "mqtt://127.0.0.1", server->port);
    return must(mkdtemp(server->folder) != NULL, "a folder for the broker") &&
           must(!def->tls || make_certificates(server), "certificates by openssl") &&
           must(def->user == NULL || write_passwords(server, def), "passwords") &&
           must(write_config(server, def), "a configuration") && mosquitto_restart(server);
}

void mosquitto_kill(mosquitto_server *server) {
    if (server->process > 0) {
        child_kill(server->process);
        server->process = 0;
    }
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    remove(path);
    return 0;
}

void mosquitto_stop(mosquitto_server *server) {
    mosquitto_kill(server);
    if (server->folder[0] != '\0') {
        nftw(server->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}
