// orders_server_test.c - orders from a view of a real PostgreSQL, which goes away and comes back.
#include <libpq-fe.h>

#include "line/testing/desk.h"
#include "tests/servers/postgres.h"

static void run_sql(const postgres_server *server, const char *sql) {
    const char *const keys[] = {"dbname", "password", NULL};
    const char *const values[] = {server->url, server->password, NULL};
    PGconn *link = PQconnectdbParams(keys, values, 1);
    PGresult *result = PQexec(link, sql);
    CHECK_STR(PQerrorMessage(link), "");
    PQclear(result);
    PQfinish(link);
}

static void test_a_view_of_postgres(void) {
    postgres_server server;
    desk_bench b;
    char listen[400];
    if (!postgres_start(&server)) {
        return;
    }
    snprintf(
        listen, sizeof listen,
        "listen: {orders: {sql: \"%s\", login: \"%s\", view: \"mes.open_orders\", every: 1 s}}\n",
        server.url, server.login);
    desk_open(&b, listen);
    desk_poll(&b, 0);
    CHECK_CONTAINS(desk_said(&b), "view mes.open_orders: away");
    run_sql(
        &server,
        "CREATE SCHEMA mes; CREATE TABLE mes.o(id text, product text, lots int, due timestamptz);"
        "CREATE VIEW mes.open_orders AS SELECT id AS \"order\", product, lots, due FROM mes.o;"
        "INSERT INTO mes.o VALUES('W1','x',3,'1970-01-05T01:00:00+01'),('W2','zz',1,NULL);");
    desk_poll(&b, 1000000);
    CHECK_CONTAINS(desk_said(&b), "order W1 x x3 class x prio 0 release 86401 due 345600\n");
    CHECK_CONTAINS(desk_said(&b), "aside order 'W2': unknown product 'zz'");
    CHECK_CONTAINS(desk_said(&b), "back");
    postgres_kill(&server);
    desk_poll(&b, 1000000);
    CHECK_INT(b.counts[LS_DESK_AWAY], 1);
    CHECK(strstr(desk_said(&b), server.password) == NULL);
    desk_poll(&b, 1000000);
    CHECK_STR(desk_said(&b), "");
    CHECK(postgres_restart(&server));
    run_sql(&server, "INSERT INTO mes.o VALUES('W3','y',1,NULL);");
    desk_poll(&b, 1000000);
    CHECK_INT(b.counts[LS_DESK_BACK], 1);
    CHECK_INT(b.counts[LS_DESK_ORDER], 1);
    CHECK_CONTAINS(desk_said(&b), "order W3 y x1");
    desk_close(&b);
    postgres_stop(&server);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_view_of_postgres);
    return harness_report();
}
