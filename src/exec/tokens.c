// tokens.c - see tokens.h.
#include "exec/tokens.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

enum { PATH_SIZE = 4096, FILE_MOST = 64 << 20 };
static const char prefix[] = "lsp_";  // so that one that was published by mistake can be looked for
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct ls_tokens {
    char path[PATH_SIZE];
    ls_account_token *rows;  // by name
    uint32_t count;
};

static bool is_name(const char *name) {
    const size_t length = strlen(name);
    return length > 0 && length < LS_TOKEN_NAME_SIZE &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
               length;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const ls_account_token *)a)->name, ((const ls_account_token *)b)->name);
}

// ---- the file: {"format": "lineshaft-account-tokens/1", "tokens": [{...}]}

static bool take_sum(const char *text, uint8_t out[LS_SHA256_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    if (text == NULL || strlen(text) != LS_SHA256_TEXT - 1 ||
        strspn(text, digits) != LS_SHA256_TEXT - 1) {
        return false;
    }
    for (size_t i = 0; i < LS_SHA256_SIZE; i++) {
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                           (strchr(digits, text[2 * i + 1]) - digits));
    }
    return true;
}

static bool take_id(const json_t *value, uint32_t *out) {
    const json_int_t id = json_integer_value(value);
    *out = (uint32_t)id;
    return json_is_integer(value) && id >= 0 && id < UINT32_MAX;
}

// NULL: it is one; else the key that is wrong.
static const char *take_row(const json_t *object, ls_account_token *out) {
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *account = json_string_value(json_object_get(object, "account"));
    const char *right = json_string_value(json_object_get(object, "right"));
    const json_t *made = json_object_get(object, "made_us");
    *out = (ls_account_token){.made_us = json_integer_value(made)};
    if (name == NULL || !is_name(name)) {
        return "name";
    }
    if (account == NULL || strlen(account) >= LS_TOKEN_ACCOUNT_SIZE) {
        return "account";
    }
    if (right == NULL || (strcmp(right, "act") != 0 && strcmp(right, "look") != 0)) {
        return "right";
    }
    if (!json_is_integer(made)) {
        return "made_us";
    }
    out->has_user = json_object_get(object, "uid") != NULL;
    if (out->has_user && !take_id(json_object_get(object, "uid"), &out->uid)) {
        return "uid";
    }
    if (out->has_user && !take_id(json_object_get(object, "gid"), &out->gid)) {
        return "gid";
    }
    if (!take_sum(json_string_value(json_object_get(object, "sha256")), out->sum)) {
        return "sha256";
    }
    ls_text_format(out->name, sizeof out->name, "%s", name);
    ls_text_format(out->account, sizeof out->account, "%s", account);
    out->acts = strcmp(right, "act") == 0;
    return NULL;
}

static ls_status take_rows(const json_t *list, ls_account_token *rows, ls_error *err) {
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        const char *wrong = take_row(json_array_get(list, i), rows + i);
        if (wrong != NULL) {
            return ls_fail(err, LS_ERR_INVALID, "token %zu: '%s' is missing or wrong", i + 1,
                           wrong);
        }
    }
    if (count > 0) {
        qsort(rows, count, sizeof *rows, by_name);
    }
    for (size_t i = 1; i < count; i++) {
        if (by_name(rows + i - 1, rows + i) == 0) {
            return ls_fail(err, LS_ERR_INVALID, "two tokens are called '%s'", rows[i].name);
        }
    }
    return LS_OK;
}

ls_status ls_tokens_parse(const char *text, size_t size, ls_account_token **out,
                          uint32_t *out_count, ls_error *err) {
    json_error_t why;
    *out = NULL;
    *out_count = 0;
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    const char *format = json_string_value(json_object_get(object, "format"));
    const json_t *list = json_object_get(object, "tokens");
    const size_t count = json_array_size(list);
    ls_status status = LS_OK;
    if (object == NULL) {
        ls_text_tame(why.text, false);
        status = ls_fail(err, LS_ERR_INVALID, "line %d: %s", why.line, why.text);
    } else if (format == NULL || strcmp(format, "lineshaft-account-tokens/1") != 0 ||
               !json_is_array(list) || count > LS_TOKENS_MAX) {
        status = ls_fail(err, LS_ERR_INVALID, "it is no list of tokens, format 1");
    }
    ls_account_token *rows = status == LS_OK ? ls_alloc((count + 1) * sizeof *rows) : NULL;
    if (status == LS_OK) {
        status = rows != NULL ? take_rows(list, rows, err)
                              : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    json_decref(object);
    if (status != LS_OK) {
        ls_free(rows);
        return status;
    }
    *out = rows;
    *out_count = (uint32_t)count;
    return LS_OK;
}

static char *print_rows(const ls_account_token *rows, uint32_t count) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        const ls_account_token *t = rows + i;
        char sum[LS_SHA256_TEXT];
        ls_sha256_text(t->sum, sum);
        json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", t->name, "account", t->account,
                                "right", t->acts ? "act" : "look", "made_us",
                                (json_int_t)t->made_us, "sha256", sum);
        if (t->has_user) {
            json_object_set_new(row, "uid", json_integer(t->uid));
            json_object_set_new(row, "gid", json_integer(t->gid));
        }
        json_array_append_new(list, row);
    }
    json_t *object = json_pack("{s:s, s:o}", "format", "lineshaft-account-tokens/1", "tokens",
                               list);
    char *text = json_dumps(object, JSON_INDENT(1));
    json_decref(object);
    return text;
}

// Nobody else may read it from the first byte on; ls_file_write keeps what a file has.
static bool make_private(const char *path) {
    FILE *file = fopen(path, "axe");
    const bool made = file != NULL && fchmod(fileno(file), 0600) == 0;
    return file != NULL ? fclose(file) == 0 && made : errno == EEXIST;
}

static ls_status write_rows(const ls_tokens *t, const ls_account_token *rows, uint32_t count,
                            ls_error *err) {
    char *text = print_rows(rows, count);
    if (text == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    const ls_status status = make_private(t->path) ? ls_file_write(t->path, text, strlen(text), err)
                                                   : ls_fail(err, LS_ERR_IO, "cannot write %s: %s",
                                                             t->path, ls_errno_text(errno));
    free(text);  // jansson's own
    return status;
}

static ls_status read_file(ls_tokens *t, ls_error *err) {
    struct stat about;
    if (stat(t->path, &about) != 0) {
        return errno == ENOENT
                   ? LS_OK
                   : ls_fail(err, LS_ERR_IO, "cannot read %s: %s", t->path, ls_errno_text(errno));
    }
    if (about.st_size == 0 && S_ISREG(about.st_mode)) {
        return LS_OK;  // the first of them was about to be written
    }
    if ((about.st_mode & 077) != 0) {
        ls_fail(err, LS_ERR_INVALID, "%s can be read by others", t->path);
        ls_hint(err, "chmod 600 %s", t->path);
        return LS_ERR_INVALID;
    }
    ls_arena arena;
    ls_error why = {0};
    char *text = NULL;
    size_t size = 0;
    ls_arena_init(&arena);
    ls_status status = ls_file_read(t->path, FILE_MOST, &arena, &text, &size, err);
    if (status == LS_OK) {
        status = ls_tokens_parse(text, size, &t->rows, &t->count, &why);
        if (status != LS_OK) {
            ls_fail(err, status, "%s: %s", t->path, why.text);
        }
    }
    ls_arena_clear(&arena);
    return status;
}

ls_status ls_tokens_open(const char *folder, ls_tokens **out, ls_error *err) {
    *out = NULL;
    ls_tokens *t = ls_alloc(sizeof *t);
    if (t == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    *t = (ls_tokens){.rows = NULL};
    ls_status status = LS_OK;
    if (snprintf(t->path, sizeof t->path, "%s/account-tokens.json", folder) >=
        (int)sizeof t->path) {
        status = ls_fail(err, LS_ERR_INVALID, "the data folder has too long a name");
    }
    status = status == LS_OK ? read_file(t, err) : status;
    if (status != LS_OK) {
        ls_tokens_close(t);
        return status;
    }
    *out = t;
    return LS_OK;
}

void ls_tokens_close(ls_tokens *t) {
    if (t != NULL) {
        ls_free(t->rows);
        ls_free(t);
    }
}

// ---- made, revoked

static bool draw(char out[LS_ACCOUNT_TOKEN_SIZE]) {
    const size_t before = sizeof prefix - 1;
    unsigned char dice[LS_ACCOUNT_TOKEN_SIZE - sizeof prefix];
    if (getrandom(dice, sizeof dice, 0) != (ssize_t)sizeof dice) {
        return false;
    }
    memcpy(out, prefix, before);
    for (size_t i = 0; i < sizeof dice; i++) {
        out[before + i] = letters[dice[i] & 63];
    }
    out[LS_ACCOUNT_TOKEN_SIZE - 1] = '\0';
    return true;
}

static const ls_account_token *find_name(const ls_tokens *t, const char *name) {
    for (uint32_t i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i].name, name) == 0) {
            return t->rows + i;
        }
    }
    return NULL;
}

static ls_status check_new(const ls_tokens *t, const char *name, ls_error *err) {
    if (!is_name(name)) {
        char said[LS_TOKEN_NAME_SIZE + 8];
        ls_text_format(said, sizeof said, "%s", name);
        ls_text_tame(said, false);
        ls_fail(err, LS_ERR_INVALID, "'%s' is no name of a token", said);
        ls_hint(err, "1 to %d letters, digits, '-', '_' and '.'", LS_TOKEN_NAME_SIZE - 1);
        return LS_ERR_INVALID;
    }
    if (find_name(t, name) != NULL) {
        ls_fail(err, LS_ERR_INVALID, "there is a token '%s' already", name);
        ls_hint(err, "revoke it first, or give this one another name");
        return LS_ERR_INVALID;
    }
    return t->count < LS_TOKENS_MAX
               ? LS_OK
               : ls_fail(err, LS_ERR_LIMIT, "there are %u tokens; no more are kept", t->count);
}

ls_status ls_tokens_make(ls_tokens *t, const ls_account_token *like,
                         char out_token[LS_ACCOUNT_TOKEN_SIZE], ls_error *err) {
    ls_status status = check_new(t, like->name, err);
    if (status != LS_OK) {
        return status;
    }
    if (!draw(out_token)) {
        return ls_fail(err, LS_ERR_IO, "the system gives no random bytes for a token");
    }
    ls_account_token *rows = ls_alloc((t->count + 1) * sizeof *rows);
    if (rows == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (t->count > 0) {
        memcpy(rows, t->rows, t->count * sizeof *rows);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ls_account_token *made = rows + t->count;
    *made = *like;
    made->made_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    ls_sha256_of(out_token, LS_ACCOUNT_TOKEN_SIZE - 1, made->sum);
    qsort(rows, t->count + 1, sizeof *rows, by_name);
    status = write_rows(t, rows, t->count + 1, err);
    if (status != LS_OK) {
        ls_free(rows);
        return status;
    }
    ls_free(t->rows);
    t->rows = rows;
    t->count++;
    return LS_OK;
}

ls_status ls_tokens_revoke(ls_tokens *t, const char *name, ls_error *err) {
    const ls_account_token *gone = find_name(t, name);
    if (gone == NULL) {
        char said[LS_TOKEN_NAME_SIZE + 8];
        ls_text_format(said, sizeof said, "%s", name);
        ls_text_tame(said, false);
        ls_fail(err, LS_ERR_INVALID, "there is no token '%s'", said);
        ls_hint(err, "'lineshaft pool token' lists them");
        return LS_ERR_INVALID;
    }
    const uint32_t at = (uint32_t)(gone - t->rows);
    ls_account_token *rows = ls_alloc(t->count * sizeof *rows);
    if (rows == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    memcpy(rows, t->rows, at * sizeof *rows);
    memcpy(rows + at, t->rows + at + 1, (t->count - at - 1) * sizeof *rows);
    const ls_status status = write_rows(t, rows, t->count - 1, err);
    if (status != LS_OK) {
        ls_free(rows);
        return status;
    }
    ls_free(t->rows);
    t->rows = rows;
    t->count--;
    return LS_OK;
}

// ---- asked

const ls_account_token *ls_tokens_find(const ls_tokens *t, const char *token) {
    uint8_t sum[LS_SHA256_SIZE];
    const ls_account_token *found = NULL;
    // Of a wrong length it is none of ours; of a sum it may be told how soon it differs: nobody can
    // choose a token by its sum.
    if (strnlen(token, LS_ACCOUNT_TOKEN_SIZE) != LS_ACCOUNT_TOKEN_SIZE - 1) {
        return NULL;
    }
    ls_sha256_of(token, LS_ACCOUNT_TOKEN_SIZE - 1, sum);
    for (uint32_t i = 0; i < t->count; i++) {
        if (memcmp(t->rows[i].sum, sum, sizeof sum) == 0) {
            found = t->rows + i;
        }
    }
    return found;
}

uint32_t ls_tokens_count(const ls_tokens *t) {
    return t->count;
}

const ls_account_token *ls_tokens_at(const ls_tokens *t, uint32_t index) {
    return t->rows + index;
}
