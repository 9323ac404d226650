// auth_test.c - tokens and their file; whose host, whose page.
#include "web/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/harness.h"
#include "web/memo.h"
#include "web/rates.h"

static char folder[64];

static const char *tokens_path(void) {
    static char path[128];
    snprintf(path, sizeof path, "%s/tokens.json", folder);
    return path;
}

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/lineshaft-auth-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void) {
    unlink(tokens_path());
    rmdir(folder);
}

static void test_tokens_are_made_once_and_only_ours_to_read(void) {
    ls_auth first;
    ls_auth second;
    ls_error err = {0};
    struct stat about;
    begin();
    CHECK_INT(ls_auth_load(folder, &first, &err), LS_OK);
    CHECK_INT(stat(tokens_path(), &about), 0);
    CHECK_INT(about.st_mode & 0777, 0600);
    CHECK_INT(ls_auth_load(folder, &second, &err), LS_OK);
    for (int i = 0; i < LS_ROLE_COUNT; i++) {
        CHECK_INT(strlen(first.tokens[i]), LS_TOKEN_SIZE - 1);
        CHECK_STR(first.tokens[i], second.tokens[i]);
        CHECK(i == 0 || strcmp(first.tokens[i], first.tokens[i - 1]) != 0);
    }
    end();
}

static void test_a_file_that_others_may_read_is_refused(void) {
    ls_auth tokens;
    ls_error err = {0};
    begin();
    CHECK_INT(ls_auth_load(folder, &tokens, &err), LS_OK);
    CHECK_INT(chmod(tokens_path(), 0644), 0);
    CHECK_INT(ls_auth_load(folder, &tokens, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.hint, "chmod 600");
    end();
}

static void test_a_file_of_something_else_is_refused_and_an_empty_one_made_new(void) {
    static const char *const wrong[] = {"{}", "[1]", "no json", "{\"viewer\": \"short\"}"};
    ls_auth tokens;
    ls_error err = {0};
    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(ls_file_write(tokens_path(), wrong[i], strlen(wrong[i]), &err), LS_OK);
        CHECK_INT(chmod(tokens_path(), 0600), 0);
        CHECK_INT(ls_auth_load(folder, &tokens, &err), LS_ERR_INVALID);
    }
    CHECK_INT(truncate(tokens_path(), 0), 0);
    CHECK_INT(ls_auth_load(folder, &tokens, &err), LS_OK);
    end();
}

static void test_only_whole_tokens_are_known(void) {
    static const ls_auth tokens = {.tokens = {"viewer-token", "operator-token", "engineer-token"}};
    ls_role role = LS_ROLE_COUNT;
    CHECK(ls_auth_find(&tokens, &(ls_claim){.authorization = "Bearer operator-token"}, &role));
    CHECK_INT(role, LS_ROLE_OPERATOR);
    CHECK(ls_auth_find(&tokens, &(ls_claim){.cookie = "engineer-token"}, &role));
    CHECK_INT(role, LS_ROLE_ENGINEER);
    static const char *const wrong[] = {"",
                                        "Bearer ",
                                        "Bearer operator-toke",
                                        "Bearer operator-token2",
                                        "operator-token",
                                        "Basic operator-token"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!ls_auth_find(&tokens, &(ls_claim){.authorization = wrong[i]}, &role));
    }
    CHECK(!ls_auth_find(&tokens, &(ls_claim){.authorization = "Bearer x", .cookie = "viewer-token"},
                        &role));
    static const ls_auth empty;
    CHECK(!ls_auth_find(&empty, &(ls_claim){.cookie = ""}, &role));
    CHECK(!ls_auth_find(&tokens, &(ls_claim){0}, &role));
}

static void test_hosts_are_addresses_or_our_names(void) {
    static const char *const names[] = {"cell.example", NULL};
    static const char *const ours[] = {"127.0.0.1",      "127.0.0.1:80", "localhost:8377",
                                       "[::1]:80",       "10.1.2.3:443", "[fe80::1]",
                                       "Cell.Example:1", "LOCALHOST"};
    static const char *const wrong[] = {"",           "evil.example", "127.0.0.1.evil.example",
                                        "localhost.", "[::1",         "[::1]evil",
                                        ":80",        "127.0.0.1:8a", "cell.example.evil"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        CHECK(ls_auth_host_is_ours(ours[i], names, 2));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!ls_auth_host_is_ours(wrong[i], names, 2));
    }
}

static void test_origins_are_those_of_the_host(void) {
    CHECK(ls_auth_origin_is_ours("http://127.0.0.1:80", "127.0.0.1:80", false));
    CHECK(ls_auth_origin_is_ours("https://a", "a", true));
    CHECK(!ls_auth_origin_is_ours("http://a", "a", true));
    CHECK(!ls_auth_origin_is_ours("http://127.0.0.1:81", "127.0.0.1:80", false));
    CHECK(!ls_auth_origin_is_ours("null", "a", false));
    CHECK(!ls_auth_origin_is_ours("http://a", NULL, false));
}

static void test_loopback_is_told_apart(void) {
    CHECK(ls_auth_is_loopback("127.0.0.1"));
    CHECK(ls_auth_is_loopback("127.9.9.9"));
    CHECK(ls_auth_is_loopback("::1"));
    CHECK(ls_auth_is_loopback("::ffff:127.0.0.1"));
    CHECK(!ls_auth_is_loopback("::ffff:10.0.0.1"));
    CHECK(!ls_auth_is_loopback("0.0.0.0"));
    CHECK(!ls_auth_is_loopback(""));
}

static void test_a_bucket_empties_and_fills_again(void) {
    static ls_rates rates;
    int64_t now_us = 1000000;
    int taken = 0;
    while (taken < 1000 && ls_rates_take(&rates, 1, LS_RATE_WRITE, now_us)) {
        taken++;
    }
    CHECK_INT(taken, 20);
    CHECK(ls_rates_take(&rates, 1, LS_RATE_READ, now_us));   // another kind
    CHECK(ls_rates_take(&rates, 2, LS_RATE_WRITE, now_us));  // another client
    CHECK(!ls_rates_take(&rates, 1, LS_RATE_WRITE, now_us + 400000));
    CHECK(ls_rates_take(&rates, 1, LS_RATE_WRITE, now_us + 1000000));
    CHECK_INT(ls_rates_retry_s(LS_RATE_WRONG), 2);
}

static void test_a_dear_answer_is_made_once_and_forgotten(void) {
    ls_memo memo;
    ls_answer made;
    ls_answer got;
    ls_memo_init(&memo);
    ls_answer_init(&made);
    ls_buffer_text(&made.body, "dear");
    ls_memo_keep(&memo, "one", 1000, &made);
    for (int i = 0; i < LS_MEMO_COUNT - 1; i++) {
        char key[] = {(char)('a' + i), '\0'};
        ls_memo_keep(&memo, key, 2000 + i, &made);
    }
    ls_answer_init(&got);
    CHECK(ls_memo_recall(&memo, "one", 1500, 1000, &got));
    CHECK_STR(got.body.data, "dear");
    CHECK(!ls_memo_recall(&memo, "one", 2000, 1000, &got));  // too old
    CHECK(!ls_memo_recall(&memo, "two", 1500, 1000, &got));
    ls_memo_keep(&memo, "two", 3000, &made);  // the oldest goes
    CHECK(!ls_memo_recall(&memo, "one", 1500, 1000, &got));
    CHECK(ls_memo_recall(&memo, "two", 3000, 1000, &got));
    made.status = 503;
    ls_memo_keep(&memo, "bad", 4000, &made);
    CHECK(!ls_memo_recall(&memo, "bad", 4000, 1000, &got));
    ls_answer_clear(&made);
    ls_answer_clear(&got);
    ls_memo_clear(&memo);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_tokens_are_made_once_and_only_ours_to_read);
    TEST(test_a_file_that_others_may_read_is_refused);
    TEST(test_a_file_of_something_else_is_refused_and_an_empty_one_made_new);
    TEST(test_only_whole_tokens_are_known);
    TEST(test_hosts_are_addresses_or_our_names);
    TEST(test_origins_are_those_of_the_host);
    TEST(test_loopback_is_told_apart);
    TEST(test_a_bucket_empties_and_fills_again);
    TEST(test_a_dear_answer_is_made_once_and_forgotten);
    return harness_report();
}
