// check_accounts.c - what accounts are promised must be there: within what their parent has, on the
// kinds and at the sites they may use, under their own limits.
#include <string.h>

#include "pool/reader.h"

enum { SITES = 65, SETS_MAX = 256 };  // the last site: of nodes that stand at none

typedef struct books {
    ls_pool_reader *r;
    const ls_pool *pool;
    uint32_t kinds;
    uint32_t gpus[SITES][LS_POOL_KINDS_MAX];  // that are not spare
} books;

static void mistake(const books *b, const ls_account *a, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void mistake(const books *b, const ls_account *a, const char *hint, const char *format,
                    ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_form_mistake_in(&b->r->form, a->file, a->line, a->column, hint, "%s", text);
}

static const char *kind_name(const books *b, uint32_t kind) {
    return b->pool->cluster.kinds[kind].name;
}

static bool is_slots(const books *b) {
    return b->kinds == 1 && b->pool->kinds[0].is_slots;
}

// What is shared is called what it is.
static const char *gpus(const books *b) {
    return is_slots(b) ? "CPU slots" : "GPUs";
}

static void count_gpus(books *b) {
    const ls_cluster *c = &b->pool->cluster;
    uint32_t site = UINT32_MAX;
    uint32_t unit = 0;
    uint32_t end = 0;  // of the site's nodes
    for (uint32_t n = 0; n < c->node_count; n++) {
        while (unit < c->unit_count &&
               (c->units[unit].level != LS_POOL_SITE || c->units[unit].node_at <= n)) {
            if (c->units[unit].level == LS_POOL_SITE) {
                site++;
                end = c->units[unit].node_at + c->units[unit].node_count;
            }
            unit++;
        }
        const ls_pool_node *node = &c->nodes[n];
        if (node->kind != LS_POOL_NONE && b->pool->states[n] != LS_NODE_SPARE) {
            b->gpus[site < SITES - 1 && n < end ? site : SITES - 1][node->kind] += node->gpus;
        }
    }
}

static uint64_t gpus_of(const books *b, uint32_t kinds, uint64_t sites) {
    uint64_t sum = 0;
    for (uint32_t s = 0; s < SITES; s++) {
        const bool is_in = sites == 0 || (s < SITES - 1 && (sites >> s & 1) != 0);
        for (uint32_t k = 0; is_in && k < b->kinds; k++) {
            sum += (kinds >> k & 1) != 0 ? b->gpus[s][k] : 0;
        }
    }
    return sum;
}

// --- an account alone

static void check_kinds(const books *b, const ls_account *a) {
    for (uint32_t i = 0; i < a->guarantee_count; i++) {
        const uint32_t kind = a->guarantee[i].kind;
        if (kind != LS_POOL_NONE && (a->kinds >> kind & 1) == 0) {
            mistake(b, a, "allow it under 'kinds', or take it out of the guarantee",
                    "account '%s' was promised %s of %s, which it may not use", a->path, gpus(b),
                    kind_name(b, kind));
        }
    }
}

static void check_limits(const books *b, const ls_account *a) {
    if (a->limit_gpus < a->guarantee_gpus) {
        mistake(b, a, "raise the limit, or lower the guarantee",
                "account '%s' was promised %u %s, but its limit is %u", a->path, a->guarantee_gpus,
                gpus(b), a->limit_gpus);
        return;
    }
    for (uint32_t k = 0; k < b->kinds; k++) {
        const uint32_t limit = ls_account_limit_of(a, k);
        const uint32_t own = ls_account_guarantee_of(a, k);
        if (limit < own) {
            mistake(b, a, "raise the limit, or lower the guarantee",
                    "account '%s' was promised %u %s of %s, but its limit for them is %u", a->path,
                    own, gpus(b), kind_name(b, k), limit);
        }
    }
}

static void check_places(const books *b, const ls_account *a) {
    const uint64_t there = gpus_of(b, a->kinds, a->sites);
    // Who may use everything is compared with what the pool has, with all others.
    if (there < b->pool->gpus && a->guarantee_gpus > there) {
        mistake(b, a, "allow it more kinds or sites, or lower the guarantee",
                "account '%s' was promised %u %s, but of the kinds and at the sites it may use are "
                "%llu",
                a->path, a->guarantee_gpus, gpus(b), (unsigned long long)there);
    }
}

// --- an account and its children

typedef struct promised {
    uint64_t of[LS_POOL_KINDS_MAX];
    uint64_t any, all;
} promised;

static promised promised_to_children(const books *b, const ls_account *a) {
    promised sum = {.any = 0};
    for (uint32_t c = 0; c < a->child_count; c++) {
        const ls_account *child = &b->pool->accounts[a->child_at + c];
        for (uint32_t i = 0; i < child->guarantee_count; i++) {
            const ls_amount *amount = &child->guarantee[i];
            *(amount->kind == LS_POOL_NONE ? &sum.any : &sum.of[amount->kind]) += amount->gpus;
            sum.all += amount->gpus;
        }
    }
    return sum;
}

// What the parent's GPUs of a kind do not cover has to come out of those of any kind.
static void check_children(const books *b, const ls_account *a) {
    const promised sum = promised_to_children(b, a);
    const uint64_t any = ls_account_guarantee_of(a, LS_POOL_NONE);
    const bool is_pool = a->parent == LS_POOL_NONE;
    ls_form *f = &b->r->form;
    uint64_t missing = 0;
    if (sum.all > a->guarantee_gpus) {
        const uint64_t over = sum.all - a->guarantee_gpus;
        if (is_pool) {
            mistake(b, &b->pool->accounts[a->child_at],
                    ls_form_format(f, "lower what some of them were promised, by %llu in all",
                                   (unsigned long long)over),
                    "the accounts at the top were promised %llu %s, but the pool has %u%s",
                    (unsigned long long)sum.all, gpus(b), a->guarantee_gpus,
                    b->pool->spare_nodes > 0 ? " without its spare nodes" : "");
        } else {
            mistake(
                b, a,
                ls_form_format(f, "raise the guarantee to %llu, or lower what they were promised",
                               (unsigned long long)sum.all),
                "the accounts of '%s' were promised %llu %s, %llu more than its own guarantee of "
                "%u",
                a->path, (unsigned long long)sum.all, gpus(b), (unsigned long long)over,
                a->guarantee_gpus);
        }
        return;
    }
    for (uint32_t k = 0; k < b->kinds; k++) {
        const uint64_t own = ls_account_guarantee_of(a, k);
        missing += sum.of[k] > own ? sum.of[k] - own : 0;
        if (missing > any) {
            mistake(
                b, is_pool ? &b->pool->accounts[a->child_at] : a,
                "lower what they were promised of this kind, or promise them GPUs of any kind",
                "the accounts %s%s were promised %llu %s of %s, but it has %llu of them%s",
                is_pool ? "at the top" : "of ", a->path, (unsigned long long)sum.of[k], gpus(b),
                kind_name(b, k), (unsigned long long)own,
                any > 0 ? ls_form_format(f, " and %llu of any kind", (unsigned long long)any) : "");
            return;
        }
    }
}

static void check_budgets(const books *b, const ls_account *a) {
    double sum = 0;
    for (uint32_t c = 0; c < a->child_count; c++) {
        sum += b->pool->accounts[a->child_at + c].budget_gpu_hours;
    }
    if (a->budget_gpu_hours > 0 && sum > a->budget_gpu_hours) {
        mistake(b, a, ls_form_format(&b->r->form, "raise it to %.10g, or lower theirs", sum),
                "the accounts of '%s' have budgets of %.10g GPU hours, more than its own of %.10g",
                a->path, sum, a->budget_gpu_hours);
    }
}

// --- accounts that have to share the same few GPUs

typedef struct set {
    uint32_t kinds;
    uint64_t sites;    // 0: all
    uint32_t account;  // the first that is kept to it
    uint64_t promised;
} set;

typedef struct sets {
    set items[SETS_MAX];
    uint32_t count;
} sets;

static bool is_within(const set *inner, const set *outer) {
    const bool sites = outer->sites == 0 ||
                       (inner->sites != 0 && (inner->sites & ~outer->sites) == 0);
    return sites && (inner->kinds & ~outer->kinds) == 0;
}

static void add_to_set(sets *all, uint32_t account, uint32_t kinds, uint64_t sites, uint64_t gpus) {
    uint32_t at = 0;
    while (at < all->count && (all->items[at].kinds != kinds || all->items[at].sites != sites)) {
        at++;
    }
    if (at == SETS_MAX) {
        return;  // more different sets than anybody writes: these go unchecked
    }
    if (at == all->count) {
        all->items[all->count++] = (set){.kinds = kinds, .sites = sites, .account = account};
    }
    all->items[at].promised += gpus;
}

// What an account was promised and has not promised on is what it itself must find.
static void fill_sets(const books *b, sets *all) {
    for (uint32_t i = 1; i < b->pool->account_count; i++) {
        const ls_account *a = &b->pool->accounts[i];
        const promised sum = promised_to_children(b, a);
        uint64_t rest = a->guarantee_gpus > sum.all ? a->guarantee_gpus - sum.all : 0;
        for (uint32_t k = 0; k < b->kinds && rest > 0; k++) {
            const uint64_t own = ls_account_guarantee_of(a, k);
            uint64_t here = own > sum.of[k] ? own - sum.of[k] : 0;
            here = here < rest ? here : rest;
            rest -= here;
            if (here > 0) {
                add_to_set(all, i, 1U << k, a->sites, here);
            }
        }
        if (rest > 0) {
            add_to_set(all, i, a->kinds, a->sites, rest);
        }
    }
}

// Hall's condition on the sets that occur: those that may use only these must find room in these.
static void check_sets(const books *b, const sets *all) {
    for (uint32_t i = 0; i < all->count; i++) {
        const set *outer = &all->items[i];
        uint64_t sum = 0;
        for (uint32_t k = 0; k < all->count; k++) {
            sum += is_within(&all->items[k], outer) ? all->items[k].promised : 0;
        }
        const uint64_t there = gpus_of(b, outer->kinds, outer->sites);
        if (sum > there) {
            const ls_account *a = &b->pool->accounts[outer->account];
            mistake(b, a,
                    "allow some of them other kinds or sites, or lower what they were promised",
                    "account '%s' and others that may use only the same kinds and sites were "
                    "promised %llu "
                    "%s, but there are %llu",
                    a->path, (unsigned long long)sum, gpus(b), (unsigned long long)there);
            return;
        }
    }
}

void ls_pool_check_accounts(ls_pool_reader *r) {
    books *b = ls_arena_alloc(&r->form.scratch, sizeof *b);
    sets *all = ls_arena_alloc(&r->form.scratch, sizeof *all);
    if (b == NULL || all == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    b->r = r;
    b->pool = r->pool;
    b->kinds = r->pool->cluster.kind_count;
    count_gpus(b);
    for (uint32_t i = 0; i < r->pool->account_count; i++) {
        const ls_account *a = &r->pool->accounts[i];
        if (i > 0) {
            check_kinds(b, a);
            check_limits(b, a);
            check_places(b, a);
        }
        if (a->child_count > 0) {
            check_children(b, a);
            check_budgets(b, a);
        }
    }
    if (r->form.error_count == 0) {
        fill_sets(b, all);
        check_sets(b, all);
    }
}
