// tokens.h - keys of accounts: who shows one acts for its account and those below it, and sees
// nothing of others.
//
// What is kept, in FOLDER/account-tokens.json (0600), is the SHA-256 of each: whoever reads the
// file cannot act with it. A token is told once, to who makes it. Plain data; not thread safe.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"
#include "model/sha256.h"

enum {
    LS_ACCOUNT_TOKEN_SIZE = 48,  // "lsp_" and 43 letters of base64url: 256 bits
    LS_TOKEN_NAME_SIZE = 32,
    LS_TOKEN_ACCOUNT_SIZE = 1001,
    LS_TOKENS_MAX = 10000,
};

typedef struct ls_account_token {
    char name[LS_TOKEN_NAME_SIZE];  // letters, digits, '-', '_', '.', told wherever it acts
    char account[LS_TOKEN_ACCOUNT_SIZE];
    bool acts;      // submits and cancels; else it only looks
    bool has_user;  // its jobs run as this user, where the daemon can choose
    uid_t uid;
    gid_t gid;
    int64_t made_us;  // wall clock
    uint8_t sum[LS_SHA256_SIZE];
} ls_account_token;

typedef struct ls_tokens ls_tokens;

// Reads the file, if there is one. Fails with LS_ERR_INVALID (it holds something else, or others
// may read it: says which entry), LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_tokens_open(const char *folder, ls_tokens **out, ls_error *err);
void ls_tokens_close(ls_tokens *tokens);  // NULL is fine

// Makes one, of this name, account and rights (made_us and sum are filled in), writes the file, and
// tells the token. Fails with LS_ERR_INVALID (the name is taken, or is none), LS_ERR_LIMIT,
// LS_ERR_IO (it cannot be written: there is no such token then), LS_ERR_MEMORY.
ls_status ls_tokens_make(ls_tokens *tokens, const ls_account_token *like,
                         char out_token[LS_ACCOUNT_TOKEN_SIZE], ls_error *err);
// From now on it opens nothing. LS_ERR_INVALID: there is none of this name; LS_ERR_IO: it cannot be
// written, and is still good.
ls_status ls_tokens_revoke(ls_tokens *tokens, const char *name, ls_error *err);

// Whose it is; NULL: nobody's. Good until the next make or revoke.
const ls_account_token *ls_tokens_find(const ls_tokens *tokens, const char *token);
uint32_t ls_tokens_count(const ls_tokens *tokens);
const ls_account_token *ls_tokens_at(const ls_tokens *tokens, uint32_t index);  // by name

// The text of the file, for ls_tokens_open and its tests; *out is the caller's (ls_free).
ls_status ls_tokens_parse(const char *text, size_t size, ls_account_token **out,
                          uint32_t *out_count, ls_error *err);
