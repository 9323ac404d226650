// exchange.h - inside of the server: one question on its way to an answer.
#pragma once

#include <pthread.h>

#include "web/connections.h"
#include "web/late_microhttpd.h"
#include "web/rates.h"
#include "web/server.h"

struct ls_server {
    ls_server_def def;
    struct MHD_Daemon *daemon;
    ls_connections *connections;
    char host[256];  // of this machine
    int port;
    pthread_mutex_t lock;  // what follows
    pthread_cond_t freed;
    ls_rates limits;
    uint32_t busy[LS_EFFORT_DEAR + 1];
    bool ends;
};

typedef struct ls_exchange {
    ls_server *server;
    struct MHD_Connection *connection;
    const ls_route *route;
    ls_request request;
    ls_answer answer;
    uint64_t client;  // hash of the address
    bool near;        // from this machine
    bool has_body;
    bool more;     // the route is one of def.more
    bool refused;  // the answer is there; nothing more is asked
} ls_exchange;

// Reads the head, and refuses what may not be asked. NULL: out of memory.
ls_exchange *ls_exchange_begin(ls_server *server, struct MHD_Connection *connection,
                               const char *path, const char *method);
void ls_exchange_body(ls_exchange *exchange, const char *bytes, size_t size);
void ls_exchange_run(ls_exchange *exchange);
enum MHD_Result ls_exchange_answer(ls_exchange *exchange);
void ls_exchange_destroy(ls_exchange *exchange);  // NULL is fine
ls_connection *ls_exchange_connection(struct MHD_Connection *connection);
