// reader.h - what the parts of the reader of pool files share. Private to read*.c.
#pragma once

#include "pool/pool_file.h"
#include "pool/schema.h"

// An account while it is read: its row, and where its children are.
typedef struct ls_account_draft {
    ls_account account;
    uint32_t first_child, last_child, next;  // drafts, LS_POOL_NONE
    bool has_guarantee;
} ls_account_draft;

typedef struct ls_pool_reader {
    ls_form form;
    ls_pool *pool;
    bool has_mistakes;          // of single values: what only follows from them is not told
    ls_rows kinds, kind_facts;  // ls_gpu_kind, ls_pool_kind: side by side
    ls_names kind_names;
    ls_rows groups;  // ls_pool_group
    uint32_t first_group;
    ls_rows units, nodes, states;  // the cluster
    ls_names node_names, unit_names;
    ls_names counters;  // pattern of a name -> row of numbers
    ls_rows numbers;    // the last number given
    ls_rows accounts;   // ls_account_draft, a parent before its children
    ls_names account_names;
    const char *file;  // where accounts are read from: the pool file, or a table; in the arena
    ls_rows reservations;
} ls_pool_reader;

// --- the parts, in this order

void ls_pool_read_kinds(ls_pool_reader *r);      // read_kinds.c
void ls_pool_read_groups(ls_pool_reader *r);     // read_groups.c
void ls_pool_expand(ls_pool_reader *r);          // expand.c: groups become units and nodes
void ls_pool_read_states(ls_pool_reader *r);     // read_states.c: drained, broken, reserved
void ls_pool_read_accounts(ls_pool_reader *r);   // read_accounts.c
void ls_pool_close_accounts(ls_pool_reader *r);  // close_accounts.c: in their order, with sums
void ls_pool_check_accounts(ls_pool_reader *r);  // check_accounts.c: what was promised is there

// --- what they share

// The kind of this name, known ones included; LS_POOL_NONE after a mistake.
uint32_t ls_pool_kind_named(ls_pool_reader *r, const ls_yaml *at);
uint32_t ls_pool_slot_kind(ls_pool_reader *r);  // `cpu-slot`, made when it is not there
// The pattern with its number: `node#` and 7 is "node7". In the scratch arena.
const char *ls_pool_numbered(ls_pool_reader *r, const char *pattern, uint32_t number);
// `16`, `16 b200`, or a list, into amounts in the pool's arena. `what` is the key.
const ls_amount *ls_pool_read_amounts(ls_pool_reader *r, const ls_yaml *value, const char *what,
                                      uint32_t *out_count);  // read_amounts.c
