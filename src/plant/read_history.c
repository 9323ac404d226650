// read_history.c - `history:`: where what was heard is kept, and how long; `web:`: who may see it.
#include <string.h>

#include "plant/listen_reader.h"

// `forever`, or a time.
static void take_span(ls_reader *r, const ls_yaml *node, const char *path, int64_t *out_us) {
    *out_us = LS_FOREVER;
    ls_take_time(r, node, path, out_us);
}

static ls_keep_rule read_rule(ls_reader *r, const ls_yaml *node) {
    ls_keep_rule rule = {0};
    const ls_yaml *then = ls_take(r, node, "history.keep.then");
    const ls_yaml *end = ls_take(r, node, "history.keep.for");
    ls_take_text(r, node, "history.keep.tags", &rule.tags);
    take_span(r, node, "history.keep.raw", &rule.raw_us);
    take_span(r, node, "history.keep.for", &rule.rollup_keep_us);
    if (then == NULL) {
        rule.rollup_keep_us = 0;
        if (end != NULL) {
            ls_reader_mistake(r, end, "'then: 1 min'", "'for' says how long 'then' is kept");
        }
        return rule;
    }
    if (ls_take_time(r, node, "history.keep.then", &rule.rollup_us) && rule.rollup_us == 0) {
        ls_reader_mistake(r, then, "as 'then: 1 min'", "'then' cannot be 0");
    }
    if (rule.raw_us == LS_FOREVER) {
        ls_reader_mistake(r, then, "'raw: 90 d'", "'raw' is kept forever: 'then' never comes");
    } else if (rule.rollup_keep_us <= rule.raw_us) {
        ls_reader_mistake(r, end, NULL, "'for' counts from the sample and has to be over 'raw'");
    }
    return rule;
}

void ls_read_history(ls_reader *r) {
    ls_listen *out = &r->plant->listen;
    const ls_yaml *map = ls_take_map(r, r->form.root, "history");
    const ls_yaml *keep = ls_take(r, map, "history.keep");
    const ls_yaml *store = ls_take(r, map, "history.store");
    ls_take_text(r, map, "history.store", &out->history_store);
    ls_take_text(r, map, "history.login", &out->history_login);
    const bool is_postgres = ls_yaml_is_text(store) &&
                             strncmp(store->text, "postgresql://", 13) == 0;
    if (ls_yaml_is_text(store) && ls_listen_check_url(r, store) && !is_postgres &&
        (strstr(store->text, "://") != NULL || store->text[0] == '\0')) {
        ls_reader_mistake(r, store, "a folder, or 'postgresql://HOST/DATABASE'",
                          "'%s' is not a store", store->text);
    }
    if (out->history_login != NULL && !is_postgres) {
        ls_reader_mistake(r, ls_take(r, map, "history.login"), "take it out",
                          "'login' is for 'store: postgresql://...'");
    }
    ls_rows rows = {.size = sizeof(ls_keep_rule)};
    for (uint32_t i = 0; i < ls_yaml_many(keep); i++) {
        if (ls_yaml_nth(keep, i)->kind == LS_YAML_MAP) {
            const ls_keep_rule rule = read_rule(r, ls_yaml_nth(keep, i));
            *(ls_keep_rule *)ls_rows_push(r, &rows, NULL) = rule;
        }
    }
    out->keep = ls_rows_close(r, &rows, &out->keep_count);
    ls_free(rows.items);
}

void ls_read_web(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "web");
    ls_take_yes(r, map, "web.insecure", &r->plant->listen.web_insecure);
}
