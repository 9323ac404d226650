// once_test.c - what is submitted again with the same `once` is the same job, also by a daemon that
// was killed before it could say that it had it.
#include <stdlib.h>

#include "exec/desk.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

static uint64_t submit(ls_desk *desk, uid_t uid, const char *once, int array) {
    const ls_asker who = {.name = "u", .uid = uid, .may_act = true};
    json_t *asked = json_pack("{s:s, s:[s], s:s, s:i}", "account", "main", "command", "true",
                              "once", once, "array", array);
    json_t *said = NULL;
    ls_error err = {0};
    const ls_desk_code code = ls_desk_submit(desk, asked, &who, &said, &err);
    CHECK_INT(code, LS_DESK_DONE);
    const char *id = json_string_value(json_object_get(said, "id"));
    const uint64_t number = id != NULL ? strtoull(id, NULL, 10) : 0;
    json_decref(said);
    json_decref(asked);
    return number;
}

static ls_desk *open_desk(const small_service *s) {
    const ls_desk_def def = {.pool = s->pool, .version = "1"};
    ls_desk *desk = NULL;
    CHECK_INT(ls_desk_create(&def, &desk, NULL), LS_OK);
    ls_desk_begin(desk, s->exec);
    return desk;
}

static void test_asked_again_after_a_restart_it_is_the_same_job(void) {
    small_service s;
    CHECK(small_service_make(&s, 2, NULL));
    ls_desk *desk = open_desk(&s);
    CHECK_INT(submit(desk, 1, "one", 0), 1);
    CHECK_INT(submit(desk, 1, "one", 0), 1);
    CHECK_INT(submit(desk, 1, "many", 3), 2);
    CHECK_INT(submit(desk, 2, "one", 0), 5);
    CHECK(small_until(&s, 5, LS_EXEC_DONE));
    small_service_close(&s);
    ls_desk_destroy(desk);
    CHECK(small_service_open(&s));
    desk = open_desk(&s);
    CHECK_INT(submit(desk, 1, "one", 0), 1);
    CHECK_INT(submit(desk, 1, "many", 3), 2);
    CHECK_INT(submit(desk, 2, "one", 0), 5);
    CHECK_INT(submit(desk, 2, "many", 0), 6);
    ls_desk_destroy(desk);
    small_service_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_asked_again_after_a_restart_it_is_the_same_job);
    return harness_report();
}
