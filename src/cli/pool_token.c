// pool_token.c - `lineshaft pool token`: keys by which accounts ask over HTTP, made, listed,
// revoked.
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pool_call.h"
#include "cli/pool_words.h"
#include "cli/table.h"

static const ls_option own_options[] = {
    {.name = "account",
     .letter = 'A',
     .kind = LS_OPTION_TEXT,
     .argument = "ACCOUNT",
     .about = "makes one for this account and those below it"},
    {.name = "look",
     .kind = LS_OPTION_FLAG,
     .about = "who shows it sees jobs, logs and use, and submits and cancels nothing"},
    {.name = "user",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "the daemon's user",
     .about = "its jobs run as this user of the pool's machine",
     .detail = "Needed where the daemon keeps users apart ('pool run --user')"},
    {.name = "revoke", .kind = LS_OPTION_FLAG, .about = "from now on it opens nothing"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_pool_call_options, NULL};

static int wrong_line(const char *text, const char *hint) {
    ls_error err = {0};
    ls_fail(&err, LS_ERR_INVALID, "%s", text);
    ls_hint(&err, "%s", hint);
    return ls_complain_usage(&err, "pool token");
}

static void print_list(const json_t *list, ls_buffer *out) {
    ls_arena arena;
    ls_table table;
    if (json_array_size(list) == 0) {
        ls_buffer_text(out, "there are no tokens of accounts\n");
        return;
    }
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "token", LS_ALIGN_LEFT);
    ls_table_column(&table, "account", LS_ALIGN_LEFT);
    ls_table_column(&table, "may", LS_ALIGN_LEFT);
    ls_table_column(&table, "jobs run as", LS_ALIGN_LEFT);
    ls_table_column(&table, "made", LS_ALIGN_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *t = json_array_get(list, i);
        const json_t *uid = json_object_get(t, "uid");
        char made[48];
        ls_pool_put_moment(json_integer_value(json_object_get(t, "made_us")), made, sizeof made);
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", ls_json_text_at(t, "name"));
        ls_table_cell(&table, 1, "%s%s", ls_json_text_at(t, "account"),
                      json_is_true(json_object_get(t, "opens")) ? "" : " (is no more)");
        ls_table_cell(&table, 2, "%s", ls_json_text_at(t, "right"));
        if (json_is_integer(uid)) {
            ls_table_cell(&table, 3, "uid %lld", (long long)json_integer_value(uid));
        } else {
            ls_table_cell(&table, 3, "the daemon's user");
        }
        ls_table_cell(&table, 4, "%s", made);
    }
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

static json_t *question_of(const ls_options *options) {
    const char *name = options->argument_count > 0 ? options->arguments[0] : NULL;
    const ls_option_value *account = ls_options_get(options, "account");
    const ls_option_value *user = ls_options_get(options, "user");
    if (name == NULL) {
        return json_pack("{s:s}", "do", "tokens");
    }
    json_t *question = json_pack(
        "{s:s, s:o}", "do",
        ls_options_get(options, "revoke")->given ? "token-revoke" : "token-make", "name",
        ls_json_text(name));
    if (account->given) {
        json_object_set_new(question, "account", ls_json_text(account->text));
    }
    if (user->given) {
        json_object_set_new(question, "user", ls_json_text(user->text));
    }
    if (ls_options_get(options, "look")->given) {
        json_object_set_new(question, "right", json_string("look"));
    }
    return question;
}

static int run(const ls_options *options) {
    json_t *answer = NULL;
    const bool revokes = ls_options_get(options, "revoke")->given;
    const bool makes = ls_options_get(options, "account")->given;
    const bool named = options->argument_count > 0;
    if (revokes && makes) {
        return wrong_line("--revoke is of the token alone", "leave --account out");
    }
    if (named && !revokes && !makes) {
        return wrong_line("say for which account the token is",
                          "--account ACCOUNT makes one, --revoke takes it back");
    }
    if (!named && (revokes || makes)) {
        return wrong_line("the token has no name", "as in 'pool token press -A castings'");
    }
    int code = ls_pool_call_once(options, question_of(options), &answer);
    if (code != LS_EXIT_DONE) {
        return code;
    }
    if (ls_options_get(options, "json")->given) {
        return ls_pool_call_print("pool-token/1", "answer", answer);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    const char *token = json_string_value(json_object_get(answer, "token"));
    if (token != NULL) {  // alone on the line, for a file
        ls_buffer_printf(&out, "%s\n", token);
        ls_note("for %s; it is told this once: the pool keeps its sum alone",
                ls_json_text_at(answer, "account"));
    } else if (!revokes) {
        print_list(json_object_get(answer, "tokens"), &out);
    }
    code = ls_output_print(&out);
    ls_buffer_clear(&out);
    json_decref(answer);
    return code;
}

const ls_cli_command ls_command_pool_token = {
    .name = "pool token",
    .arguments = "[NAME]",
    .least = 0,
    .most = 1,
    .about = "Makes, lists and revokes tokens by which an account asks over HTTP.",
    .example = "lineshaft pool token press -A suppliers.castings > press.token",
    .examples =
        "lineshaft pool token\n"
        "lineshaft pool token screen -A suppliers --look\n"
        "lineshaft pool token press --revoke\n",
    .detail =
        "Without NAME it lists them. Who shows a token sees and submits jobs of its account and "
        "those below it, and nothing of others (docs/POOL.md, \"Tokens of accounts\"). For root "
        "and the daemon's user, at the pool's own machine.\n",
    .tables = tables,
    .run = run,
};
