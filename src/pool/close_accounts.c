// close_accounts.c - accounts in their order: a parent before its children, the children of one
// together; and what those are promised that do not say it.
#include <assert.h>
#include <string.h>

#include "pool/reader.h"

static ls_account_draft *draft_at(ls_pool_reader *r, uint32_t index) {
    return LS_ROW(ls_account_draft, r->accounts, index);
}

// Promised GPUs by kind, those of any kind last; kinds + 1 of them for each account.
typedef struct sums {
    uint64_t *own;       // of each account
    uint64_t *children;  // of each account's children together
    uint32_t width;
} sums;

static void set_amounts(ls_pool_reader *r, ls_account *a, const uint64_t *by_kind, uint32_t width) {
    ls_amount *items = ls_arena_alloc(r->form.arena, width * sizeof *items);
    if (items == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    a->guarantee_count = 0;
    for (uint32_t k = 0; k < width; k++) {
        if (by_kind[k] > 0) {
            // More than any pool has is found out when it is compared with what there is.
            items[a->guarantee_count++] = (ls_amount){
                .kind = k + 1 < width ? k : LS_POOL_NONE,
                .gpus = by_kind[k] < UINT32_MAX ? (uint32_t)by_kind[k] : UINT32_MAX};
        }
    }
    a->guarantee = items;
}

static void add_up(ls_account *a, uint64_t *by_kind, uint32_t width) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < a->guarantee_count; i++) {
        const ls_amount *amount = &a->guarantee[i];
        by_kind[amount->kind == LS_POOL_NONE ? width - 1 : amount->kind] += amount->gpus;
        all += amount->gpus;
    }
    a->guarantee_gpus = all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
}

// The pool's own: every GPU that is not spare.
static void set_root(ls_pool_reader *r, ls_account *root, uint32_t width) {
    uint64_t by_kind[LS_POOL_KINDS_MAX + 1] = {0};
    for (uint32_t n = 0; n < r->nodes.count; n++) {
        const ls_pool_node *node = LS_ROW(ls_pool_node, r->nodes, n);
        if (node->kind != LS_POOL_NONE && *LS_ROW(uint8_t, r->states, n) != LS_NODE_SPARE) {
            by_kind[node->kind] += node->gpus;
        }
    }
    set_amounts(r, root, by_kind, width);
}

// Children stand behind their parents among the drafts, so backwards they come first.
static void fill_guarantees(ls_pool_reader *r, const sums *s) {
    for (uint32_t i = r->accounts.count; i-- > 0 && !r->form.out_of_memory;) {
        ls_account_draft *draft = draft_at(r, i);
        uint64_t *own = s->own + (size_t)i * s->width;
        const uint64_t *children = s->children + (size_t)i * s->width;
        if (i == 0) {
            set_root(r, &draft->account, s->width);
        } else if (!draft->has_guarantee && draft->first_child != LS_POOL_NONE) {
            set_amounts(r, &draft->account, children, s->width);
        }
        add_up(&draft->account, own, s->width);
        if (i > 0) {
            uint64_t *above = s->children + (size_t)draft->account.parent * s->width;
            for (uint32_t k = 0; k < s->width; k++) {
                above[k] += own[k];
            }
        }
    }
}

// Breadth first. *place is where a draft ends up.
static void order(ls_pool_reader *r, uint32_t *queue, uint32_t *place) {
    uint32_t count = 1;
    queue[0] = 0;
    for (uint32_t at = 0; at < count; at++) {
        const uint32_t index = queue[at];
        place[index] = at;
        for (uint32_t c = draft_at(r, index)->first_child; c != LS_POOL_NONE;
             c = draft_at(r, c)->next) {
            queue[count++] = c;
        }
    }
    assert(count == r->accounts.count);
}

void ls_pool_close_accounts(ls_pool_reader *r) {
    const uint32_t count = r->accounts.count;
    const uint32_t width = r->kinds.count + 1;
    ls_arena *scratch = &r->form.scratch;
    const sums s = {.own = ls_arena_alloc(scratch, (size_t)count * width * sizeof(uint64_t)),
                    .children = ls_arena_alloc(scratch, (size_t)count * width * sizeof(uint64_t)),
                    .width = width};
    uint32_t *queue = ls_arena_alloc(scratch, count * sizeof *queue);
    uint32_t *place = ls_arena_alloc(scratch, count * sizeof *place);
    ls_account *accounts = ls_arena_alloc(r->form.arena, count * sizeof *accounts);
    if (s.own == NULL || s.children == NULL || queue == NULL || place == NULL || accounts == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    fill_guarantees(r, &s);
    order(r, queue, place);
    for (uint32_t at = 0; at < count; at++) {
        const ls_account_draft *draft = draft_at(r, queue[at]);
        ls_account *a = &accounts[at];
        *a = draft->account;
        a->parent = at == 0 ? LS_POOL_NONE : place[draft->account.parent];
        a->child_count = 0;
        a->child_at = draft->first_child != LS_POOL_NONE ? place[draft->first_child] : 0;
        for (uint32_t c = draft->first_child; c != LS_POOL_NONE; c = draft_at(r, c)->next) {
            a->child_count++;
        }
    }
    r->pool->accounts = accounts;
    r->pool->account_count = count;
}
