// read_accounts.c - the tree of accounts, from `accounts` and from tables beside the pool file.
#include <stddef.h>
#include <string.h>

#include "pool/reader.h"

static ls_account_draft *draft_at(ls_pool_reader *r, uint32_t index) {
    return LS_ROW(ls_account_draft, r->accounts, index);
}

static void read_map(ls_pool_reader *r, uint32_t parent, const ls_yaml *map);

// --- what an account says

static uint32_t read_kinds(ls_pool_reader *r, const ls_yaml *value, uint32_t otherwise) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *at = ls_yaml_nth(value, i);
        const uint32_t kind = ls_yaml_is_text(at)
                                  ? ls_form_find(&r->form, at, &r->kind_names, 0, "kind of GPUs",
                                                 &r->kinds, offsetof(ls_gpu_kind, name))
                                  : UINT32_MAX;
        bits |= kind != UINT32_MAX ? 1U << kind : 0;
    }
    return bits != 0 ? bits : otherwise;
}

// The site's place among the sites, UINT32_MAX after a mistake.
static uint32_t site_of(ls_pool_reader *r, const ls_yaml *at) {
    const char *names[64];
    uint32_t count = 0;
    for (uint32_t u = 0; u < r->units.count && count < 64; u++) {
        const ls_pool_unit *unit = LS_ROW(ls_pool_unit, r->units, u);
        if (unit->level != LS_POOL_SITE) {
            continue;
        }
        if (strcmp(unit->name, at->text) == 0) {
            return count;
        }
        names[count++] = unit->name;
    }
    ls_form_mistake(
        &r->form, at,
        count == 0 ? "the pool has no 'sites'" : ls_form_nearest(&r->form, at->text, names, count),
        "unknown site '%s'", at->text);
    return UINT32_MAX;
}

static uint64_t read_sites(ls_pool_reader *r, const ls_yaml *value, uint64_t otherwise) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *at = ls_yaml_nth(value, i);
        const uint32_t site = ls_yaml_is_text(at) ? site_of(r, at) : UINT32_MAX;
        bits |= site != UINT32_MAX ? UINT64_C(1) << site : 0;
    }
    return bits != 0 ? bits : otherwise;
}

// A cell of a table has several names with blanks between them.
static const ls_yaml *split_names(ls_pool_reader *r, const ls_yaml *value, bool in_table) {
    if (!in_table || !ls_yaml_is_text(value)) {
        return value;
    }
    size_t count = 0;
    for (const char *c = value->text; *c != '\0'; c += strcspn(c, " "), c += strspn(c, " ")) {
        count++;
    }
    ls_yaml *list = ls_arena_alloc(&r->form.scratch, sizeof *list);
    ls_yaml *items = ls_arena_alloc(&r->form.scratch, (count + 1) * sizeof *items);
    if (list == NULL || items == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    *list = *value;
    list->kind = LS_YAML_LIST;
    list->items = items;
    list->count = count;
    const char *c = value->text;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strcspn(c, " ");
        items[i] = *value;
        items[i].text = ls_form_format(&r->form, "%.*s", (int)length, c);
        c += length;
        c += strspn(c, " ");
    }
    return list;
}

// One price, or one for each kind; the first pass has refused what is no number.
static void read_prices(ls_pool_reader *r, const ls_yaml *value, ls_account *account) {
    ls_account_price rows[LS_POOL_KINDS_MAX];
    uint32_t count = 0;
    double price = 0;
    if (ls_yaml_is_text(value) && ls_text_parse_double(value->text, strlen(value->text), &price)) {
        rows[count++] = (ls_account_price){.kind = LS_POOL_NONE, .per_gpu_hour = price};
    }
    for (size_t i = 0; value != NULL && value->kind == LS_YAML_MAP && i < value->count; i++) {
        const ls_yaml *key = &value->keys[i];
        const uint32_t kind = ls_form_find(&r->form, key, &r->kind_names, 0, "kind of GPUs",
                                           &r->kinds, offsetof(ls_gpu_kind, name));
        if (kind != UINT32_MAX && count < LS_POOL_KINDS_MAX && ls_yaml_is_text(&value->items[i]) &&
            ls_text_parse_double(value->items[i].text, strlen(value->items[i].text), &price)) {
            rows[count++] = (ls_account_price){.kind = kind, .per_gpu_hour = price};
        }
    }
    if (count == 0) {
        return;
    }
    ls_account_price *prices = ls_arena_alloc(r->form.arena, count * sizeof *prices);
    if (prices == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    memcpy(prices, rows, count * sizeof *prices);
    account->prices = prices;
    account->price_count = count;
}

static void read_limits(ls_pool_reader *r, const ls_yaml *map, const char *where,
                        ls_account_draft *draft) {
    ls_form *f = &r->form;
    ls_account *a = &draft->account;
    const ls_yaml *guarantee = ls_form_take(f, map, "accounts.*.guarantee");
    const ls_yaml *limit = ls_form_take(f, map, "accounts.*.limit");
    draft->has_guarantee = guarantee != NULL;
    a->guarantee = ls_pool_read_amounts(r, guarantee, ls_form_format(f, "%s.guarantee", where),
                                        &a->guarantee_count);
    a->limit = ls_pool_read_amounts(r, limit, ls_form_format(f, "%s.limit", where),
                                    &a->limit_count);
    a->limit_gpus = LS_ACCOUNT_UNLIMITED;
    for (uint32_t i = 0; i < a->limit_count; i++) {
        if (a->limit[i].kind == LS_POOL_NONE) {
            a->limit_gpus = a->limit[i].gpus;
        }
    }
}

// What the map says; `a` comes with what its parent has.
static void read_fields(ls_pool_reader *r, const ls_yaml *map, const char *where, bool in_table,
                        ls_account_draft *draft) {
    ls_form *f = &r->form;
    ls_account *a = &draft->account;
    const ls_account parent = *a;
    read_limits(r, map, where, draft);
    ls_form_take_text(f, map, "accounts.*.about", &a->about);
    ls_form_take_number(f, map, "accounts.*.weight", &a->weight);
    ls_form_take_yes(f, map, "accounts.*.borrow", &a->borrow);
    ls_form_take_time(f, map, "accounts.*.reclaim", &a->reclaim_us);
    ls_form_take_number(f, map, "accounts.*.budget", &a->budget_gpu_hours);
    ls_form_take_u32(f, map, "accounts.*.priority", &a->priority);
    ls_form_take_u32(f, map, "accounts.*.priority-max", &a->priority_max);
    a->kinds = read_kinds(r, split_names(r, ls_form_take(f, map, "accounts.*.kinds"), in_table),
                          parent.kinds);
    a->sites = read_sites(r, split_names(r, ls_form_take(f, map, "accounts.*.sites"), in_table),
                          parent.sites);
    read_prices(r, ls_form_take(f, map, "accounts.*.prices"), a);
    if ((a->kinds & ~parent.kinds) != 0) {
        ls_form_mistake(f, ls_form_take(f, map, "accounts.*.kinds"), "allow it to the parent first",
                        "%s.kinds: a kind that its parent may not use", where);
    }
    if (parent.sites != 0 && (a->sites & ~parent.sites) != 0) {
        ls_form_mistake(f, ls_form_take(f, map, "accounts.*.sites"), "allow it to the parent first",
                        "%s.sites: a site that its parent may not use", where);
    }
    if (a->priority_max > parent.priority_max) {
        ls_form_mistake(f, ls_form_take(f, map, "accounts.*.priority-max"), NULL,
                        "%s.priority-max: %u, but its parent has at most %u", where,
                        a->priority_max, parent.priority_max);
    }
    if (a->priority > a->priority_max) {
        // What only comes from the parent gives way.
        const ls_yaml *at = ls_form_take(f, map, "accounts.*.priority");
        if (at != NULL) {
            ls_form_mistake(f, at, NULL, "%s.priority: %u is over its priority-max of %u", where,
                            a->priority, a->priority_max);
        }
        a->priority = a->priority_max;
    }
}

// --- the tree

// A draft below `parent` with what it has from there. LS_POOL_NONE after a mistake.
static uint32_t add_draft(ls_pool_reader *r, uint32_t parent, const ls_yaml *at, const char *name) {
    ls_form *f = &r->form;
    const ls_account above = draft_at(r, parent)->account;
    const char *path = parent == 0 ? name : ls_form_format(f, "%s.%s", above.path, name);
    if (above.depth + 1 > LS_ACCOUNT_DEPTH_MAX) {
        ls_form_mistake(f, at, NULL, "account '%s' stands too deep, the tree has at most %d levels",
                        path, LS_ACCOUNT_DEPTH_MAX);
        return LS_POOL_NONE;
    }
    if (r->accounts.count > LS_ACCOUNTS_MAX) {
        ls_form_mistake(f, at, NULL, "account '%s' is one too many, a pool has at most %d", path,
                        LS_ACCOUNTS_MAX);
        return LS_POOL_NONE;
    }
    if (ls_names_find(&r->account_names, parent, name) != UINT32_MAX) {
        ls_form_mistake(f, at, "names are told apart within their parent; '#' takes a number",
                        "a second account '%s'", path);
        return LS_POOL_NONE;
    }
    uint32_t index = 0;
    ls_account_draft *draft = ls_form_push(f, &r->accounts, &index);
    *draft = (ls_account_draft){.account = above,
                                .first_child = LS_POOL_NONE,
                                .last_child = LS_POOL_NONE,
                                .next = LS_POOL_NONE};
    ls_account *a = &draft->account;
    a->name = ls_form_text(f, name);
    a->path = ls_form_text(f, path);
    a->parent = parent;
    a->depth = above.depth + 1;
    a->guarantee = NULL;
    a->guarantee_count = 0;
    a->limit = NULL;
    a->limit_count = 0;
    a->budget_gpu_hours = 0;
    a->prices = NULL;
    a->price_count = 0;
    a->file = r->file;
    a->line = at->line;
    a->column = at->column;
    (void)ls_names_add(&r->account_names, parent, a->name, index);
    if (f->out_of_memory) {
        return LS_POOL_NONE;
    }
    ls_account_draft *up = draft_at(r, parent);
    if (up->first_child == LS_POOL_NONE) {
        up->first_child = index;
    } else {
        draft_at(r, up->last_child)->next = index;
    }
    up->last_child = index;
    return index;
}

static void set_fields(ls_pool_reader *r, uint32_t index, const ls_yaml *map, bool in_table) {
    ls_account_draft draft = *draft_at(r, index);
    read_fields(r, map, draft.account.path, in_table, &draft);
    if (!r->form.out_of_memory) {
        *draft_at(r, index) = draft;
    }
}

// --- tables

// The row of a table as a map: the cells that are not empty, under the names of their columns.
static const ls_yaml *map_of_row(ls_pool_reader *r, const ls_csv *csv, size_t row,
                                 int name_column) {
    ls_yaml *map = ls_arena_alloc(&r->form.scratch, sizeof *map);
    ls_yaml *cells = ls_arena_alloc(&r->form.scratch, (csv->column_count + 1) * 2 * sizeof *cells);
    if (map == NULL || cells == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    *map = (ls_yaml){.kind = LS_YAML_MAP,
                     .line = csv->lines[row],
                     .column = ls_csv_place(csv, row, (size_t)name_column),
                     .keys = cells,
                     .items = cells + csv->column_count};
    for (size_t c = 0; c < csv->column_count; c++) {
        if ((int)c == name_column || csv->rows[row][c][0] == '\0') {
            continue;
        }
        const ls_yaml node = {.kind = LS_YAML_TEXT,
                              .line = csv->lines[row],
                              .column = ls_csv_place(csv, row, c),
                              .text = csv->columns[c]};
        map->keys[map->count] = node;
        map->items[map->count] = node;
        map->items[map->count].text = csv->rows[row][c];
        map->count++;
    }
    return map;
}

// The account that a row stands below, by all but the last part of its name, which comes back.
static const char *parent_of_row(ls_pool_reader *r, const ls_yaml *at, const char *name,
                                 uint32_t *parent) {
    const char *dot = strchr(name, '.');
    while (dot != NULL) {
        const char *part = ls_form_format(&r->form, "%.*s", (int)(dot - name), name);
        const uint32_t found = ls_names_find(&r->account_names, *parent, part);
        if (found == UINT32_MAX) {
            ls_form_mistake(&r->form, at, "it has to stand in a line before this one",
                            "unknown account '%s'", part);
            return NULL;
        }
        *parent = found;
        name = dot + 1;
        dot = strchr(name, '.');
    }
    if (!ls_form_is_name(name)) {
        ls_form_mistake(&r->form, at, "a name has 1 to 127 bytes, no quote or backslash",
                        "'%s' is not a name", name);
        return NULL;
    }
    return name;
}

// Columns must be keys of an account that fit into a cell.
static bool check_columns(ls_pool_reader *r, const ls_csv *csv, int name_column) {
    static const char *const good[] = {"about",  "guarantee", "weight",      "limit",
                                       "borrow", "reclaim",   "kinds",       "sites",
                                       "budget", "priority",  "priority-max"};
    const size_t count = sizeof good / sizeof good[0];
    bool is_good = true;
    for (size_t c = 0; c < csv->column_count; c++) {
        bool is_known = (int)c == name_column;
        for (size_t i = 0; i < count && !is_known; i++) {
            is_known = strcmp(csv->columns[c], good[i]) == 0;
        }
        if (!is_known) {
            ls_form_mistake_in(&r->form, r->form.file, 1, ls_csv_header_place(csv, c),
                               ls_form_nearest(&r->form, csv->columns[c], good, count),
                               "unknown column '%s' in a table of accounts", csv->columns[c]);
            is_good = false;
        }
    }
    return is_good;
}

static void read_rows(ls_pool_reader *r, uint32_t top, const ls_csv *csv) {
    const int name_column = ls_csv_column(csv, "account");
    if (name_column < 0) {
        ls_form_mistake_in(&r->form, r->form.file, 1, 1, "each line names its account in it",
                           "the table has no column 'account'");
        return;
    }
    if (!check_columns(r, csv, name_column)) {
        return;
    }
    for (size_t i = 0; i < csv->row_count && !r->form.out_of_memory; i++) {
        const ls_yaml *map = map_of_row(r, csv, i, name_column);
        if (map == NULL) {
            return;
        }
        uint32_t parent = top;
        const char *name = parent_of_row(r, map, csv->rows[i][name_column], &parent);
        if (name == NULL) {
            continue;
        }
        ls_form_check_map(&r->form, "accounts.*", map, csv->rows[i][name_column]);
        const uint32_t index = add_draft(r, parent, map, name);
        if (index != LS_POOL_NONE) {
            set_fields(r, index, map, true);
        }
    }
}

static void read_table(ls_pool_reader *r, uint32_t index, const ls_yaml *at) {
    if (!ls_yaml_is_text(at)) {
        return;
    }
    const ls_csv *csv = ls_form_csv(&r->form, at, at->text);
    if (csv != NULL) {
        // Mistakes in the table are told at their places there.
        const char *file = r->file;
        r->file = ls_form_text(&r->form, at->text);
        r->form.file = r->file;
        read_rows(r, index, csv);
        r->form.file = file;
        r->file = file;
    }
}

// --- maps

static void read_account(ls_pool_reader *r, uint32_t parent, const ls_yaml *key, const ls_yaml *map,
                         const char *name) {
    const uint32_t index = add_draft(r, parent, key, name);
    if (index == LS_POOL_NONE) {
        return;
    }
    set_fields(r, index, map, false);
    read_table(r, index, ls_form_take(&r->form, map, "accounts.*.table"));
    read_map(r, index, ls_form_take_map(&r->form, map, "accounts.*.accounts"));
}

static void read_map(ls_pool_reader *r, uint32_t parent, const ls_yaml *map) {
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        const ls_yaml *key = &map->keys[i];
        const size_t mistakes = r->form.error_count;
        uint32_t count = 1;
        ls_form_take_u32(&r->form, &map->items[i], "accounts.*.count", &count);
        const bool has_number = count > 1 || strchr(key->text, '#') != NULL;
        const char *pattern = has_number && strchr(key->text, '#') == NULL
                                  ? ls_form_format(&r->form, "%s-#", key->text)
                                  : key->text;
        // The same mistake in each of them would be told a thousand times.
        for (uint32_t n = 1; n <= count && r->form.error_count == mistakes; n++) {
            read_account(r, parent, key, &map->items[i],
                         has_number ? ls_pool_numbered(r, pattern, n) : pattern);
        }
    }
}

void ls_pool_read_accounts(ls_pool_reader *r) {
    ls_form *f = &r->form;
    r->file = r->pool->file;
    ls_account_draft *root = ls_form_push(f, &r->accounts, NULL);
    *root = (ls_account_draft){
        .first_child = LS_POOL_NONE, .last_child = LS_POOL_NONE, .next = LS_POOL_NONE};
    root->account = (ls_account){.file = r->pool->file,
                                 .name = r->pool->name,
                                 .path = "",
                                 .about = r->pool->about,
                                 .parent = LS_POOL_NONE,
                                 .limit_gpus = LS_ACCOUNT_UNLIMITED,
                                 .weight = 1,
                                 .borrow = true,
                                 .kinds = UINT32_MAX,
                                 .priority = 100,
                                 .priority_max = LS_PRIORITY_MAX};
    if (r->kinds.count < 32) {
        root->account.kinds = (1U << r->kinds.count) - 1;
    }
    ls_form_take_time(f, f->root, "reclaim", &root->account.reclaim_us);
    ls_form_take_yes(f, f->root, "restore-shares", &r->pool->restore_shares);
    read_prices(r, ls_form_take(f, f->root, "prices"), &root->account);
    // Nodes with mistakes have no names that accounts could be kept to.
    if (r->nodes.count > 0) {
        read_map(r, 0, ls_form_take_map(f, f->root, "accounts"));
    }
}
