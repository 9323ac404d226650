// orders_test.c - orders and notes by file, by tag and by a view of SQLite: taken once, checked
// against the plant, set aside with the reason.
#include <sqlite3.h>

#include "line/data_folder.h"
#include "line/testing/desk.h"

#define HOT "listen: {orders: {folder: hot, every: 10 s}}\n"

static void make_hot(const desk_bench *b) {
    char path[200];
    snprintf(path, sizeof path, "%s/hot", b->folder);
    CHECK_INT(mkdir(path, 0700), 0);
}

static void test_a_file_is_taken_when_it_stops_growing(void) {
    desk_bench b;
    desk_open(&b, HOT);
    make_hot(&b);
    desk_put(&b, "hot/a.csv", "order,product,lots,due,priority,release\n");
    desk_poll(&b, 0);
    CHECK_STR(desk_said(&b), "");
    desk_put(&b, "hot/a.csv",
             "order,product,lots,due,priority,release\n"
             "W1,x,3,1970-01-05T00:00,2,1970-01-03\n"
             "W2,y,,2 d,,\n");
    desk_put(&b, "hot/.hidden.csv", "nonsense\n");
    desk_put(&b, "hot/b.csv.part", "nonsense\n");
    desk_poll(&b, 10000000);
    CHECK_STR(desk_said(&b), "");  // it has grown
    desk_poll(&b, 1000000);
    CHECK_STR(desk_said(&b), "");  // not its turn
    desk_poll(&b, 9000000);
    CHECK_STR(desk_said(&b),
              "a.csv:2: order W1 x x3 class x prio 2 release 172800 due 345600\n"
              "a.csv:3: order W2 y x1 class y-slow prio 0 release 86420 due 259220\n");
    CHECK(!desk_has(&b, "hot/a.csv"));
    CHECK(desk_has(&b, "hot/done/a.csv"));
    CHECK(desk_has(&b, "hot/b.csv.part"));
    desk_poll(&b, 20000000);
    CHECK_STR(desk_said(&b), "");
    CHECK_INT(ls_orders_describe(b.desk).taken, 2);
    CHECK_INT(ls_orders_describe(b.desk).files, 1);
    desk_close(&b);
}

static void test_a_wrong_file_is_set_aside_whole(void) {
    desk_bench b;
    desk_open(&b, "");
    desk_put(&b, "data/orders/m.csv",
             "order,product,class,lots,due,release\n"
             "W1,x,,1,,\n"
             "W2,xx,,1,,\n"
             "W3,y,x,1,,\n"
             "W4,x,,0,,\n"
             "W5,x,,1,1970-01-02,1970-01-03\n"
             ",x,,1,,\n"
             "W1,x,,1,,\n"
             "W7,,y-hott,1,,\n"
             "W8,x,,1,soon,\n"
             "W9,,,1,,\n");
    desk_poll(&b, 0);
    CHECK_INT(b.counts[LS_DESK_ORDER], 0);
    CHECK_INT(b.counts[LS_DESK_SET_ASIDE], 1);
    CHECK_CONTAINS(desk_said(&b), "m.csv:3: unknown product 'xx'; did you mean 'x'?\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:4: class 'x' makes product 'x', not 'y'\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:5: lots: '0' is not a whole number from 1 to 1000000\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:6: due '1970-01-02' is before release '1970-01-03'\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:7: 'order' is missing: the order's id\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:8: order 'W1' stands in line 2 already\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:9: unknown class 'y-hott'; did you mean 'y-hot'?\n");
    CHECK_CONTAINS(desk_said(&b), "m.csv:10: due: 'soon' is neither a date");
    CHECK_CONTAINS(desk_said(&b), "m.csv:11: neither 'product' nor 'class'");
    CHECK(desk_has(&b, "data/orders/set-aside/m.csv"));
    CHECK(desk_has(&b, "data/orders/set-aside/m.csv.why"));
    CHECK(!desk_has(&b, "data/orders/m.csv"));
    desk_put(&b, "data/orders/m.csv", "order;product\nW1;x\n");
    desk_poll(&b, 1000000);
    CHECK_CONTAINS(desk_said(&b), "unknown column 'order;product'; part the columns by commas");
    CHECK(desk_has(&b, "data/orders/set-aside/m-2.csv"));
    desk_put(&b, "data/orders/m.csv", "order,product\n\"W1,x\n");
    desk_poll(&b, 1000000);
    CHECK_INT(b.counts[LS_DESK_SET_ASIDE], 1);
    desk_close(&b);
}

static void test_orders_are_remembered_over_a_restart(void) {
    desk_bench b;
    desk_open(&b, "");
    desk_put(&b, "data/orders/1.csv", "order,product,due\nW1,x,2 d\n");
    desk_poll(&b, 0);
    CHECK_INT(b.counts[LS_DESK_ORDER], 1);
    desk_again(&b);
    desk_put(&b, "data/orders/2.csv", "order,product,due\nW1,x,2 d\nW2,x,2 d\n");
    desk_poll(&b, 5000000);
    CHECK_INT(b.counts[LS_DESK_ORDER], 1);
    CHECK_CONTAINS(desk_said(&b), "order W2");
    CHECK_INT(ls_orders_describe(b.desk).known, 1);
    desk_put(&b, "data/orders/3.csv", "order,product,due\nW1,x,3 d\n");
    desk_poll(&b, 5000000);
    CHECK_CONTAINS(desk_said(&b), "order 'W1' was taken before with other contents");
    desk_close(&b);
}

static void test_what_is_not_taken_comes_again(void) {
    desk_bench b;
    desk_open(&b, "");
    desk_put(&b, "data/orders/1.csv", "order,product\nW1,x\nW2,x\n");
    b.refuses = true;
    desk_poll(&b, 0);
    CHECK(desk_has(&b, "data/orders/1.csv"));
    b.refuses = false;
    desk_poll(&b, 1000000);
    CHECK_INT(b.counts[LS_DESK_ORDER], 2);
    CHECK(desk_has(&b, "data/orders/done/1.csv"));
    desk_close(&b);
}

static void test_notes_name_machine_and_reason(void) {
    desk_bench b;
    char path[500];
    ls_error err = {0};
    desk_open(&b, "");
    CHECK_INT(ls_data_folder_drop(b.data, "notes", "machine,reason,scrap\nsaw-2,blade,\nsaw-1,,3\n",
                                  path, sizeof path, &err),
              LS_OK);
    desk_poll(&b, 0);
    CHECK_INT(b.counts[LS_DESK_NOTE], 2);
    CHECK_CONTAINS(desk_said(&b), "note saw-2 blade scrap 0\n");
    CHECK_CONTAINS(desk_said(&b), "note saw-1 - scrap 3\n");
    desk_put(&b, "data/notes/1.csv",
             "machine,reason,scrap\nsaw-3,blade,\nsaw-1,blad,\noven,blade,\n"
             "saw-1,,\nsaw-1,,0\n");
    desk_poll(&b, 1000000);
    CHECK_CONTAINS(desk_said(&b), "1.csv:2: unknown machine 'saw-3'; did you mean 'saw-1'?");
    CHECK_CONTAINS(desk_said(&b), "1.csv:3: unknown reason 'blad'; did you mean 'blade'?");
    CHECK_CONTAINS(desk_said(&b), "1.csv:4: station 'oven' has no failures");
    CHECK_CONTAINS(desk_said(&b), "1.csv:5: neither 'reason' nor 'scrap'");
    CHECK_CONTAINS(desk_said(&b), "1.csv:6: scrap: '0'");
    desk_close(&b);
}

static void say(desk_bench *b, const char *text) {
    b->heard.size = 0;
    if (b->heard.data != NULL) {
        b->heard.data[0] = '\0';
    }
    memset(b->counts, 0, sizeof b->counts);
    ls_orders_text(b->desk, "mes/order", text, strlen(text), b->now_us, desk_hear, b);
}

static void test_orders_by_tag(void) {
    desk_bench b;
    desk_open(&b, "");
    say(&b, "order=W1 product=x lots=3 due=\"1970-01-05 06:00\"");
    CHECK_STR(desk_said(&b),
              "tag mes/order: order W1 x x3 class x prio 0 release 86400 due 367200\n");
    say(&b,
        "{\"order\": \"W2\", \"class\": \"y-hot\", \"lots\": 2, \"priority\": 5, \"due\": null}");
    CHECK_STR(desk_said(&b),
              "tag mes/order: order W2 y x2 class y-hot prio 5 release 86400 due -\n");
    say(&b,
        "[{\"order\": \"W3\", \"product\": \"x\"}, {\"order\": \"W4\", \"product\": \"zz\"}, 7]");
    CHECK_INT(b.counts[LS_DESK_ORDER], 1);
    CHECK_INT(b.counts[LS_DESK_SET_ASIDE], 2);
    CHECK_CONTAINS(desk_said(&b), "aside order 'W4': unknown product 'zz'");
    say(&b, "  ");
    CHECK_STR(desk_said(&b), "");
    say(&b, "{\"order\": ");
    CHECK_CONTAINS(desk_said(&b), "not JSON at byte");
    say(&b, "{\"order\": [1]}");
    CHECK_CONTAINS(desk_said(&b), "'order' is neither text nor number");
    say(&b, "order=W9 colour=red");
    CHECK_CONTAINS(desk_said(&b), "unknown key 'colour'; there are: order, product");
    say(&b, "hello");
    CHECK_CONTAINS(desk_said(&b), "'hello' is not 'key=value'");
    say(&b, "order=\"W9");
    CHECK_CONTAINS(desk_said(&b), "is not closed");
    say(&b, "order=W1 product=x lots=3 due=\"1970-01-05 06:00\"");
    CHECK_STR(desk_said(&b), "");  // said again
    CHECK_INT(ls_orders_describe(b.desk).known, 1);
    say(&b, "order=W1 product=x lots=4");
    CHECK_CONTAINS(desk_said(&b), "taken before with other contents");
    desk_close(&b);
}

static void test_what_a_command_composes_is_taken(void) {
    static const char *const keys[] = {"order", "product", "due", "lots"};
    const char *values[] = {"W,\"1\"", "x", NULL, "2"};
    desk_bench b;
    ls_buffer csv;
    char path[500];
    ls_error err = {0};
    desk_open(&b, "");
    ls_buffer_init(&csv);
    CHECK_INT(ls_orders_compose(b.plant, false, keys, values, 4, b.now_us, &csv, &err), LS_OK);
    CHECK_STR(csv.data, "\"order\",\"product\",\"lots\"\n\"W,\"\"1\"\"\",\"x\",\"2\"\n");
    CHECK_INT(ls_data_folder_drop(b.data, "orders", csv.data, path, sizeof path, &err), LS_OK);
    desk_poll(&b, 0);
    CHECK_CONTAINS(desk_said(&b), "order W,\"1\" x x2 class x");
    values[1] = "xyz";
    CHECK_INT(ls_orders_compose(b.plant, false, keys, values, 4, b.now_us, &csv, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "unknown product 'xyz'");
    ls_buffer_clear(&csv);
    desk_close(&b);
}

static void run_sql(const desk_bench *b, const char *sql) {
    char path[200];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/mes.db", b->folder);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static void test_a_view_of_sqlite_is_read_and_never_written(void) {
    desk_bench b;
    desk_open(&b, "listen: {orders: {sql: \"sqlite:mes.db\", view: open orders, every: 10 s}}\n");
    desk_poll(&b, 0);
    CHECK_CONTAINS(desk_said(&b), "view open orders: away unable to open database file");
    CHECK(!desk_has(&b, "mes.db"));
    desk_poll(&b, 10000000);
    CHECK_STR(desk_said(&b), "");  // told once
    run_sql(
        &b,
        "CREATE TABLE \"open orders\"(\"ORDER\" TEXT, Product TEXT, lots INT, due TEXT, colour);"
        "INSERT INTO \"open orders\" VALUES('W1','x',3,'1970-01-05 00:00:00','red'),"
        "('W2','q',1,NULL,NULL);");
    desk_poll(&b, 10000000);
    CHECK_CONTAINS(desk_said(&b),
                   "view open orders: order W1 x x3 class x prio 0 release 86420 due "
                   "345600\n");
    CHECK_CONTAINS(desk_said(&b), "aside order 'W2': unknown product 'q'");
    CHECK_CONTAINS(desk_said(&b), "view open orders: back");
    desk_poll(&b, 10000000);
    CHECK_STR(desk_said(&b), "");  // known, and told as wrong already
    run_sql(&b,
            "UPDATE \"open orders\" SET lots=4 WHERE product='x';"
            "INSERT INTO \"open orders\" VALUES('W3','y',1,NULL,NULL);");
    desk_poll(&b, 10000000);
    CHECK_CONTAINS(desk_said(&b), "order 'W1': it was taken before with other contents");
    CHECK_CONTAINS(desk_said(&b), "order W3 y x1");
    CHECK_INT(b.counts[LS_DESK_ORDER], 1);
    desk_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_file_is_taken_when_it_stops_growing);
    TEST(test_a_wrong_file_is_set_aside_whole);
    TEST(test_orders_are_remembered_over_a_restart);
    TEST(test_what_is_not_taken_comes_again);
    TEST(test_notes_name_machine_and_reason);
    TEST(test_orders_by_tag);
    TEST(test_what_a_command_composes_is_taken);
    TEST(test_a_view_of_sqlite_is_read_and_never_written);
    return harness_report();
}
