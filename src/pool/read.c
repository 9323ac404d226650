// read.c - see pool_file.h: opens the text, calls the parts, closes the rows into the pool.
#include <assert.h>
#include <string.h>

#include "pool/reader.h"

// `pool: NAME`; a plant file's `pool` is a map: of keys in the lines below, or in braces.
static bool names_a_pool(const char *rest, size_t length) {
    size_t blank = 0;
    while (blank < length && (rest[blank] == ' ' || rest[blank] == '\t')) {
        blank++;
    }
    const char c = blank < length ? rest[blank] : '#';
    return c != '#' && c != '{' && c != '\r';
}

// The first key of a text: comments, blank lines and `---` passed over.
bool ls_pool_file_is(const char *text, size_t size) {
    size_t at = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        const char *line = text + at;
        size_t blank = 0;
        while (blank < length &&
               (line[blank] == ' ' || line[blank] == '\t' || line[blank] == '\r')) {
            blank++;
        }
        const bool is_mark = length - blank >= 3 && memcmp(line + blank, "---", 3) == 0;
        if (blank < length && line[blank] != '#' && line[blank] != '%' && !is_mark) {
            static const char *const keys[] = {
                "pool:", "\"pool\":", "'pool':", "{pool:", "{\"pool\":"};
            for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
                const size_t key = strlen(keys[i]);
                if (length - blank >= key && memcmp(line + blank, keys[i], key) == 0) {
                    return names_a_pool(line + blank + key, length - blank - key);
                }
            }
            return false;
        }
        at += length + 1;
    }
    return false;
}

static void reader_init(ls_pool_reader *r, ls_pool *pool, const char *file,
                        const ls_form_files *files, ls_errors *errors) {
    memset(r, 0, sizeof *r);
    ls_form_init(&r->form, &ls_pool_schema, &pool->arena, file, files, errors);
    r->pool = pool;
    r->first_group = LS_POOL_NONE;
    ls_rows_init(&r->kinds, sizeof(ls_gpu_kind));
    ls_rows_init(&r->kind_facts, sizeof(ls_pool_kind));
    ls_rows_init(&r->groups, sizeof(ls_pool_group));
    ls_rows_init(&r->units, sizeof(ls_pool_unit));
    ls_rows_init(&r->nodes, sizeof(ls_pool_node));
    ls_rows_init(&r->states, sizeof(uint8_t));
    ls_rows_init(&r->numbers, sizeof(uint32_t));
    ls_rows_init(&r->accounts, sizeof(ls_account_draft));
    ls_rows_init(&r->reservations, sizeof(ls_pool_reservation));
}

static void reader_clear(ls_pool_reader *r) {
    ls_rows *const rows[] = {&r->kinds,  &r->kind_facts, &r->groups,   &r->units,       &r->nodes,
                             &r->states, &r->numbers,    &r->accounts, &r->reservations};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ls_rows_clear(rows[i]);
    }
    ls_names *const names[] = {&r->kind_names, &r->node_names, &r->unit_names, &r->counters,
                               &r->account_names};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ls_names_clear(names[i]);
    }
    ls_form_clear(&r->form);
}

static bool did_names_fail(const ls_pool_reader *r) {
    return r->kind_names.failed || r->node_names.failed || r->unit_names.failed ||
           r->counters.failed || r->account_names.failed;
}

static void read_head(ls_pool_reader *r) {
    ls_form *f = &r->form;
    ls_pool *p = r->pool;
    const char *start = NULL;
    p->name = "";
    p->about = "";
    p->currency = "";
    ls_form_take_text(f, f->root, "pool", &p->name);
    ls_form_take_text(f, f->root, "about", &p->about);
    ls_form_take_text(f, f->root, "currency", &p->currency);
    ls_form_take_text(f, f->root, "start", &start);
    if (ls_units_date(start, &p->start_us, NULL) != LS_OK) {
        p->start_us = 0;
    }
    const ls_yaml *failures = ls_form_take_map(f, f->root, "failures");
    if (failures != NULL) {
        const bool is_given = ls_form_take_time(f, failures, "failures.every",
                                                &p->failures.every_us);
        ls_form_take_time(f, failures, "failures.repair", &p->failures.repair_us);
        ls_form_take_number(f, failures, "failures.lemons", &p->failures.lemons);
        ls_form_take_number(f, failures, "failures.worse", &p->failures.worse);
        ls_form_take_number(f, failures, "failures.gpus", &p->failures.gpus);
        ls_form_take_count(f, failures, "failures.exchange-after", &p->failures.times);
        ls_form_take_time(f, failures, "failures.exchange-within", &p->failures.within_us);
        ls_form_take_time(f, failures, "failures.exchange", &p->failures.exchange_us);
        if (is_given && p->failures.every_us == 0) {
            ls_form_mistake(f, ls_form_take(f, failures, "failures.every"),
                            "take 'failures' out when nothing breaks down",
                            "failures.every: a time between failures of 0");
        }
    }
}

static void close_cluster(ls_pool_reader *r) {
    ls_form *f = &r->form;
    ls_pool *p = r->pool;
    uint32_t count = 0;
    p->cluster.kinds = ls_form_close(f, &r->kinds, &p->cluster.kind_count);
    p->kinds = ls_form_close(f, &r->kind_facts, &count);
    p->groups = ls_form_close(f, &r->groups, &p->group_count);
    p->first_group = r->first_group;
    p->cluster.units = ls_form_close(f, &r->units, &p->cluster.unit_count);
    p->cluster.nodes = ls_form_close(f, &r->nodes, &p->cluster.node_count);
    p->states = ls_form_close(f, &r->states, &count);
    for (uint32_t i = 0; i < p->cluster.node_count; i++) {
        p->cluster.gpus += p->cluster.nodes[i].gpus;
        if (p->states[i] == LS_NODE_SPARE) {
            p->spare_nodes++;
        } else {
            p->gpus += p->cluster.nodes[i].gpus;
        }
    }
}

// For whom nodes are kept can be told when the accounts have their places.
static void close_reservations(ls_pool_reader *r) {
    const ls_yaml *map = ls_form_take_map(&r->form, r->form.root, "reserved");
    for (uint32_t i = 0; i < r->reservations.count; i++) {
        ls_pool_reservation *row = LS_ROW(ls_pool_reservation, r->reservations, i);
        const ls_yaml *at = ls_form_take(&r->form, ls_yaml_find(map, row->name), "reserved.*.for");
        if (!ls_yaml_is_text(at) || r->pool->accounts == NULL) {
            continue;
        }
        row->account = ls_pool_account(r->pool, at->text);
        if (row->account == LS_POOL_NONE || row->account == 0) {
            ls_form_mistake(&r->form, at,
                            "an account is named with its parents, as in 'suppliers.castings'",
                            "unknown account '%s'", at->text);
            break;
        }
    }
    r->pool->reservations = ls_form_close(&r->form, &r->reservations, &r->pool->reservation_count);
}

// Groups, kinds and nodes first: what accounts say is looked at only when these are right.
static void read_parts(ls_pool_reader *r) {
    void (*const parts[])(ls_pool_reader *) = {
        read_head,           ls_pool_read_kinds, ls_pool_read_groups,   ls_pool_expand,
        ls_pool_read_states, close_cluster,      ls_pool_read_accounts, ls_pool_close_accounts,
        close_reservations,
    };
    ls_form_check(&r->form);
    r->has_mistakes = r->form.error_count > 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && r->form.root->kind == LS_YAML_MAP;
         i++) {
        r->form.out_of_memory = r->form.out_of_memory || did_names_fail(r);
        if (r->form.out_of_memory) {
            return;
        }
        parts[i](r);
    }
    r->form.out_of_memory = r->form.out_of_memory || did_names_fail(r);
    if (!r->form.out_of_memory && r->form.error_count == 0) {
        ls_pool_check_accounts(r);
    }
}

ls_status ls_pool_read(const char *text, size_t size, const char *file, const ls_form_files *files,
                       ls_pool **out, ls_errors *errors) {
    assert(out != NULL);
    assert(text != NULL || size == 0);
    *out = NULL;
    ls_pool *pool = ls_alloc(sizeof *pool);
    ls_pool_reader *r = ls_alloc(sizeof *r);
    const char *name = file != NULL ? file : "";
    ls_status status = LS_ERR_MEMORY;
    if (pool != NULL && r != NULL) {
        ls_arena_init(&pool->arena);
        reader_init(r, pool, name, files, errors);
        pool->file = ls_form_text(&r->form, name);
        if (ls_form_open(&r->form, text, size) == LS_OK) {
            read_parts(r);
        }
        status = ls_form_finish(&r->form, "the pool");
        reader_clear(r);
    } else {
        status = ls_form_no_memory(errors, name, "the pool");
    }
    ls_free(r);
    if (status != LS_OK) {
        ls_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return LS_OK;
}
