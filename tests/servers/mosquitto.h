// mosquitto.h - a real Mosquitto for a test: on loopback, on a free port, in a folder of its own.
//
// It dies with the test program, whatever happens to that. A broker that cannot be started fails
// the running test.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { MOSQUITTO_PATH_SIZE = 256 };

typedef struct mosquitto_server {
    pid_t process;
    int port;
    char folder[MOSQUITTO_PATH_SIZE];
    char url[64];  // mqtt://127.0.0.1:PORT, or mqtts://localhost:PORT
} mosquitto_server;

typedef struct mosquitto_server_def {
    bool tls;  // asks for client certificates; files ca.pem, client.pem, client.key
    const char *user, *password;  // let in nobody else; NULL: everybody
    const char *config;           // further lines
} mosquitto_server_def;

bool mosquitto_start(mosquitto_server *server, const mosquitto_server_def *def);  // def may be NULL
void mosquitto_kill(mosquitto_server *server);                                    // -9
bool mosquitto_restart(mosquitto_server *server);  // same port, folder and configuration
void mosquitto_stop(mosquitto_server *server);     // and removes the folder
// A file in the server's folder; in one of eight rotating buffers.
const char *mosquitto_file(const mosquitto_server *server, const char *name);
