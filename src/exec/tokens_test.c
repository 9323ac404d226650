// tokens_test.c - tokens of accounts: kept as sums, revoked, and what who shows one is not told.
#include "exec/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "exec/ask.h"
#include "exec/testing/small_service.h"
#include "tests/harness.h"

// ---- the file

static char folder[64];

static const char *file_path(void) {
    static char path[128];
    snprintf(path, sizeof path, "%s/account-tokens.json", folder);
    return path;
}

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/lineshaft-tokens-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void) {
    unlink(file_path());
    CHECK_INT(rmdir(folder), 0);  // nothing else was left in it
}

static ls_account_token like(const char *name, const char *account) {
    ls_account_token t = {.acts = true};
    snprintf(t.name, sizeof t.name, "%s", name);
    snprintf(t.account, sizeof t.account, "%s", account);
    return t;
}

static void test_a_token_is_kept_as_its_sum_alone(void) {
    char token[2][LS_ACCOUNT_TOKEN_SIZE];
    ls_tokens *tokens = NULL;
    ls_error err = {0};
    struct stat about;
    begin();
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    CHECK_INT(stat(file_path(), &about), -1);
    ls_account_token one = like("press", "suppliers.castings");
    one.has_user = true;
    one.uid = 1001;
    one.gid = 1002;
    const ls_account_token two = like("a.b-c_9", "suppliers");
    CHECK_INT(ls_tokens_make(tokens, &one, token[0], &err), LS_OK);
    CHECK_INT(ls_tokens_make(tokens, &two, token[1], &err), LS_OK);
    CHECK_INT(strlen(token[0]), LS_ACCOUNT_TOKEN_SIZE - 1);
    CHECK(strcmp(token[0], token[1]) != 0);
    CHECK_INT(stat(file_path(), &about), 0);
    CHECK_INT(about.st_mode & 0777, 0600);
    char *text = harness_read_file(file_path(), NULL);
    CHECK(text != NULL && strstr(text, token[0]) == NULL && strstr(text, token[0] + 4) == NULL);
    free(text);
    ls_tokens_close(tokens);

    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    CHECK_INT(ls_tokens_count(tokens), 2);
    const ls_account_token *found = ls_tokens_find(tokens, token[0]);
    CHECK(found != NULL);
    CHECK_STR(found != NULL ? found->account : "", "suppliers.castings");
    CHECK_INT(found != NULL && found->has_user && found->acts ? found->uid : 0, 1001);
    CHECK_INT(found != NULL ? found->gid : 0, 1002);
    CHECK(ls_tokens_find(tokens, "") == NULL);
    CHECK(ls_tokens_find(tokens, "press") == NULL);
    token[0][10] ^= 1;
    CHECK(ls_tokens_find(tokens, token[0]) == NULL);
    token[0][10] ^= 1;
    CHECK_INT(ls_tokens_revoke(tokens, "press", &err), LS_OK);
    CHECK(ls_tokens_find(tokens, token[0]) == NULL);
    CHECK(ls_tokens_find(tokens, token[1]) != NULL);
    ls_tokens_close(tokens);
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    CHECK(ls_tokens_find(tokens, token[0]) == NULL);
    CHECK(ls_tokens_find(tokens, token[1]) != NULL);
    ls_tokens_close(tokens);
    end();
}

static void test_names_are_checked_and_used_once(void) {
    static const char *const wrong[] = {"", "a b", "../x", "a/b", "\xff", "a\n"};
    char token[LS_ACCOUNT_TOKEN_SIZE];
    ls_tokens *tokens = NULL;
    ls_error err = {0};
    begin();
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const ls_account_token t = like(wrong[i], "a");
        CHECK_INT(ls_tokens_make(tokens, &t, token, &err), LS_ERR_INVALID);
    }
    const ls_account_token t = like("press", "a");
    CHECK_INT(ls_tokens_make(tokens, &t, token, &err), LS_OK);
    CHECK_INT(ls_tokens_make(tokens, &t, token, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "already");
    CHECK_INT(ls_tokens_revoke(tokens, "pres", &err), LS_ERR_INVALID);
    CHECK_INT(ls_tokens_count(tokens), 1);
    ls_tokens_close(tokens);
    end();
}

static void test_what_cannot_be_written_did_not_happen(void) {
    char token[2][LS_ACCOUNT_TOKEN_SIZE];
    ls_tokens *tokens = NULL;
    ls_error err = {0};
    begin();
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    const ls_account_token one = like("one", "a"), two = like("two", "a");
    CHECK_INT(ls_tokens_make(tokens, &one, token[0], &err), LS_OK);
    ls_file_fail_write_after(20);
    CHECK_INT(ls_tokens_make(tokens, &two, token[1], &err), LS_ERR_IO);
    CHECK_INT(ls_tokens_revoke(tokens, "one", &err), LS_ERR_IO);
    ls_file_fail_write_after(-1);
    CHECK(ls_tokens_find(tokens, token[1]) == NULL);
    CHECK(ls_tokens_find(tokens, token[0]) != NULL);
    ls_tokens_close(tokens);
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_OK);
    CHECK(ls_tokens_find(tokens, token[0]) != NULL);
    CHECK_INT(ls_tokens_count(tokens), 1);
    ls_tokens_close(tokens);
    end();
}

static void test_a_damaged_or_open_file_is_refused(void) {
    static const char *const texts[] = {
        "[", "{}", "{\"format\": \"lineshaft-account-tokens/2\", \"tokens\": []}",
        "{\"format\": \"lineshaft-account-tokens/1\", \"tokens\": [{\"name\": \"a\"}]}"};
    ls_tokens *tokens = NULL;
    ls_error err = {0};
    begin();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_INT(ls_file_write(file_path(), texts[i], strlen(texts[i]), &err), LS_OK);
        CHECK_INT(chmod(file_path(), 0600), 0);
        CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_ERR_INVALID);
        CHECK_CONTAINS(err.text, "account-tokens.json");
        CHECK(tokens == NULL);
    }
    CHECK_INT(chmod(file_path(), 0640), 0);
    CHECK_INT(ls_tokens_open(folder, &tokens, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "read by others");
    end();
}

// ---- what a guest is told

static const char tree[] =
    "  suppliers: {guarantee: 1, accounts: {castings: {guarantee: 1}, harness: {}}}\n"
    "  secretworks: {guarantee: 3}\n";

typedef struct world {
    small_service s;
    ls_desk *desk;
    ls_asker guest, owner;
    char token[LS_ACCOUNT_TOKEN_SIZE];
} world;

// What is answered, as text; in one of four buffers.
static const char *ask(world *w, const ls_asker *who, const char *line) {
    static ls_buffer answers[4];
    static int at;
    ls_buffer *out = answers + (at = (at + 1) % 4);
    ls_buffer_clear(out);
    ls_buffer_init(out);
    if (ls_ask_answer(w->desk, who, line, strlen(line), NULL, out)) {
        ls_error err = {0};
        CHECK_INT(ls_exec_step(w->s.exec, &err), LS_OK);
        ls_desk_tick(w->desk);
    }
    return out->data != NULL ? out->data : "";
}

static void take_token(world *w, const char *said) {
    json_t *answer = json_loads(said, 0, NULL);
    const char *token = json_string_value(json_object_get(json_object_get(answer, "ok"), "token"));
    CHECK(token != NULL);
    snprintf(w->token, sizeof w->token, "%s", token != NULL ? token : "");
    json_decref(answer);
}

static void open_world(world *w) {
    *w = (world){
        .owner = {
            .name = "root", .reads_all = true, .acts_all = true, .may_act = true, .rules = true}};
    CHECK(small_service_make(&w->s, 4, tree));
    const ls_desk_def def = {.pool = w->s.pool, .version = "1", .folder = w->s.folder};
    CHECK_INT(ls_desk_create(&def, &w->desk, NULL), LS_OK);
    ls_desk_begin(w->desk, w->s.exec);
    take_token(w, ask(w, &w->owner,
                      "{\"do\": \"token-make\", \"name\": \"press\", \"account\": "
                      "\"suppliers.castings\"}"));
    CHECK(ls_desk_knows_token(w->desk, w->token, &w->guest));
}

static void close_world(world *w) {
    ls_desk_destroy(w->desk);
    small_service_clear(&w->s);
}

// Job 1 and 2 of secretworks run, 3 of castings runs, 4 of secretworks and 5 of castings wait.
static void fill(world *w) {
    static const char *const lines[] = {
        "{\"do\": \"submit\", \"account\": \"secretworks\", \"name\": \"turbine\", \"once\": "
        "\"o\", "
        "\"command\": [\"sleep\", \"600\"], \"grace_s\": 0}",
        "{\"do\": \"submit\", \"account\": \"secretworks\", \"name\": \"turbine\", \"gpus\": 2, "
        "\"command\": [\"sh\", \"-c\", \"sleep 601\", \"turbine\"], \"grace_s\": 0}",
        "{\"do\": \"submit\", \"account\": \"suppliers.castings\", \"name\": \"mine\", "
        "\"command\": [\"sleep\", \"602\"], \"grace_s\": 0}",
        "{\"do\": \"submit\", \"account\": \"secretworks\", \"name\": \"turbine\", "
        "\"command\": [\"sh\", \"-c\", \"sleep 603\", \"turbine\"], \"grace_s\": 0}",
        "{\"do\": \"submit\", \"account\": \"suppliers.castings\", \"name\": \"mine\", "
        "\"command\": [\"sleep\", \"604\"], \"grace_s\": 0}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        CHECK_CONTAINS(ask(w, &w->owner, lines[i]), "\"ok\"");
    }
    CHECK(small_until(&w->s, 1, LS_EXEC_RUNNING));
    CHECK(small_until(&w->s, 3, LS_EXEC_RUNNING));
}

static bool is_clean(const char *said) {
    static const char *const others[] = {"secretworks", "turbine", "harness"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strstr(said, others[i]) != NULL) {
            harness_note("'%s' is told: %s", others[i], said);
            return false;
        }
    }
    return true;
}

static void test_nothing_of_others_is_told(void) {
    static const char *const lines[] = {
        "{\"do\": \"about\"}",
        "{\"do\": \"pool\"}",
        "{\"do\": \"jobs\"}",
        "{\"do\": \"jobs\", \"mine\": true}",
        "{\"do\": \"jobs\", \"state\": \"waiting\", \"after\": \"3\"}",
        "{\"do\": \"job\", \"job\": \"3\"}",
        "{\"do\": \"why\", \"job\": \"5\"}",
        "{\"do\": \"acts\", \"from_us\": 0}",
        "{\"do\": \"days\", \"from_day\": 0, \"to_day\": 3000}",
        "{\"do\": \"tokens\"}",
        "{\"do\": \"job\", \"job\": \"1\"}",
        "{\"do\": \"why\", \"job\": \"4\"}",
        "{\"do\": \"log\", \"job\": \"1\"}",
        "{\"do\": \"cancel\", \"job\": \"1\"}",
        "{\"do\": \"jobs\", \"account\": \"secretwork\"}",
        "{\"do\": \"submit\", \"account\": \"secretwork\", \"command\": [\"true\"]}",
        "{\"do\": \"submit\", \"account\": \"harnes\", \"command\": [\"true\"]}",
    };
    world w;
    open_world(&w);
    fill(&w);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        CHECK(is_clean(ask(&w, &w.guest, lines[i])));
    }
    json_t *out = NULL;
    ls_error err = {0};
    CHECK_INT(ls_desk_rack(w.desk, "-", NULL, &w.guest, &out, &err), LS_DESK_FORBIDDEN);
    CHECK_INT(ls_desk_accounts(w.desk, NULL, NULL, 100, &w.guest, &out, &err), LS_DESK_DONE);
    CHECK_INT(json_array_size(json_object_get(out, "accounts")), 0);
    json_decref(out);
    CHECK_INT(ls_desk_accounts(w.desk, "secretworks", NULL, 9, &w.guest, &out, &err),
              LS_DESK_UNKNOWN);
    CHECK_INT(ls_desk_usage(w.desk, "secretworks", 0, 1000000, 0, &w.guest, &out, &err),
              LS_DESK_UNKNOWN);
    close_world(&w);
}

static void test_a_job_of_others_is_as_one_that_is_not_there(void) {
    static const char *const what[] = {"job", "why", "log", "cancel"};
    world w;
    open_world(&w);
    fill(&w);
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        char there[128], not_there[128], line[64];
        snprintf(line, sizeof line, "{\"do\": \"%s\", \"job\": \"1\"}", what[i]);
        const char *said = ask(&w, &w.guest, line);
        CHECK_CONTAINS(said, "\"unknown\"");
        snprintf(there, sizeof there, "%.100s", said);
        snprintf(line, sizeof line, "{\"do\": \"%s\", \"job\": \"9\"}", what[i]);
        snprintf(not_there, sizeof not_there, "%.100s", ask(&w, &w.guest, line));
        char *number = strchr(not_there, '9');
        CHECK(number != NULL);
        if (number != NULL) {
            *number = '1';
        }
        CHECK_STR(there, not_there);
    }
    CHECK_INT(small_state(&w.s, 1), LS_EXEC_RUNNING);
    CHECK_CONTAINS(
        ask(&w, &w.guest,
            "{\"do\": \"submit\", \"account\": \"secretworks\", \"command\": [\"true\"]}"),
        "\"invalid\"");
    CHECK_CONTAINS(ask(&w, &w.guest,
                       "{\"do\": \"submit\", \"account\": \"suppliers\", \"command\": [\"true\"]}"),
                   "\"invalid\"");
    CHECK_CONTAINS(
        ask(&w, &w.guest, "{\"do\": \"submit\", \"command\": [\"true\"], \"after\": [\"1\"]}"),
        "there is no job 1 to wait for");
    close_world(&w);
}

static void test_a_guest_has_its_own_account_and_its_own_words(void) {
    world w;
    ls_asker other;
    open_world(&w);
    fill(&w);
    // The word of another account's submission leads to no job of it.
    const char *said = ask(&w, &w.guest,
                           "{\"do\": \"submit\", \"once\": \"o\", \"command\": [\"true\"]}");
    CHECK_CONTAINS(said, "\"id\":\"6\"");
    CHECK_CONTAINS(said, "\"account\":\"suppliers.castings\"");
    CHECK_CONTAINS(
        ask(&w, &w.guest, "{\"do\": \"submit\", \"once\": \"o\", \"command\": [\"true\"]}"),
        "\"id\":\"6\"");
    CHECK_CONTAINS(ask(&w, &w.guest, "{\"do\": \"jobs\", \"limit\": 2}"), "\"total\":3");
    CHECK_CONTAINS(ask(&w, &w.guest, "{\"do\": \"cancel\", \"job\": \"5\"}"), "\"cancelled\"");
    CHECK_CONTAINS(ask(&w, &w.guest, "{\"do\": \"job\", \"job\": \"3\"}"), "\"command\"");
    CHECK_CONTAINS(ask(&w, &w.guest, "{\"do\": \"log\", \"job\": \"3\"}"), "\"ok\"");
    // Who only looks may neither submit nor cancel, and nobody but the owner makes tokens.
    take_token(&w, ask(&w, &w.owner,
                       "{\"do\": \"token-make\", \"name\": \"tv\", \"account\": \"suppliers\", "
                       "\"right\": \"look\"}"));
    CHECK(ls_desk_knows_token(w.desk, w.token, &other));
    CHECK_CONTAINS(ask(&w, &other, "{\"do\": \"jobs\"}"), "\"total\":2");
    CHECK_CONTAINS(ask(&w, &other, "{\"do\": \"cancel\", \"job\": \"3\"}"), "\"forbidden\"");
    CHECK_CONTAINS(ask(&w, &other,
                       "{\"do\": \"submit\", \"account\": \"suppliers.castings\", \"command\": "
                       "[\"true\"]}"),
                   "\"forbidden\"");
    CHECK_CONTAINS(ask(&w, &w.guest,
                       "{\"do\": \"token-make\", \"name\": \"x\", \"account\": "
                       "\"suppliers.castings\"}"),
                   "\"forbidden\"");
    CHECK_CONTAINS(ask(&w, &w.guest, "{\"do\": \"token-revoke\", \"name\": \"tv\"}"),
                   "\"forbidden\"");
    CHECK_CONTAINS(ask(&w, &w.owner, "{\"do\": \"tokens\"}"), "\"press\"");
    CHECK_CONTAINS(ask(&w, &w.owner, "{\"do\": \"token-revoke\", \"name\": \"tv\"}"), "\"ok\"");
    CHECK(!ls_desk_knows_token(w.desk, w.token, &other));
    close_world(&w);
}

static void test_a_token_is_made_for_what_is_there(void) {
    world w;
    open_world(&w);
    CHECK_CONTAINS(ask(&w, &w.owner, "{\"do\": \"token-make\", \"name\": \"a\"}"),
                   "for one account");
    CHECK_CONTAINS(
        ask(&w, &w.owner, "{\"do\": \"token-make\", \"name\": \"a\", \"account\": \"secretwork\"}"),
        "did you mean 'secretworks'?");
    CHECK_CONTAINS(ask(&w, &w.owner,
                       "{\"do\": \"token-make\", \"name\": \"a\", \"account\": \"suppliers\", "
                       "\"right\": \"all\"}"),
                   "act or look");
    CHECK_CONTAINS(ask(&w, &w.owner,
                       "{\"do\": \"token-make\", \"name\": \"a\", \"account\": \"suppliers\", "
                       "\"user\": \"root\"}"),
                   "all run as one user");
    close_world(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_token_is_kept_as_its_sum_alone);
    TEST(test_names_are_checked_and_used_once);
    TEST(test_what_cannot_be_written_did_not_happen);
    TEST(test_a_damaged_or_open_file_is_refused);
    TEST(test_nothing_of_others_is_told);
    TEST(test_a_job_of_others_is_as_one_that_is_not_there);
    TEST(test_a_guest_has_its_own_account_and_its_own_words);
    TEST(test_a_token_is_made_for_what_is_there);
    return harness_report();
}
