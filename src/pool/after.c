// after.c - see after.h: a graph of numbers. A node is there for each number that was announced
// and for each job that is held (one number may be both); an edge leads from what is waited for to
// who waits.
#include "pool/after.h"

#include <assert.h>

#include "pool/grow.h"

#define NONE UINT32_MAX

typedef struct edge {     // one of the edges of a number, and one of those of the job that is held
    uint32_t node;        // who is held
    uint32_t number;      // for this node
    uint32_t prev, next;  // of the same number; NONE
    uint32_t next_own;    // of the same job
} edge;

typedef struct node {
    uint64_t number;  // 0: free, next: the next free one
    uint32_t left;    // jobs that are not over
    bool announced, failed;
    bool busy;             // those who wait for it are being told
    uint32_t first, last;  // edges to who waits for it
    // Of a job that is held, or freed and not yet told.
    bool held, freed;
    uint32_t waits;  // for so many
    uint32_t own;    // the first of its edges
    uint64_t failed_for;
    uint32_t next;  // freed: the next one
} node;

struct ls_afters {
    bool remembers;
    node *nodes;
    uint32_t node_count, node_room, free_node;
    edge *edges;
    uint32_t edge_count, edge_room, free_edge;
    // Nodes by number: open addressing, at most half full; NONE: empty.
    uint32_t *map;
    uint32_t map_size, map_used;
    uint32_t freed_first, freed_last;
};

ls_status ls_afters_create(bool remembers, ls_afters **out, ls_error *err) {
    *out = ls_alloc(sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    **out = (ls_afters){.remembers = remembers,
                        .free_node = NONE,
                        .free_edge = NONE,
                        .freed_first = NONE,
                        .freed_last = NONE};
    return LS_OK;
}

void ls_afters_destroy(ls_afters *a) {
    if (a != NULL) {
        ls_free(a->nodes);
        ls_free(a->edges);
        ls_free(a->map);
        ls_free(a);
    }
}

// ---- nodes by number

static uint32_t home_of(const ls_afters *a, uint64_t number) {
    uint64_t x = number * UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 32;
    return (uint32_t)x & (a->map_size - 1);
}

// Where the number is, or would be; the map is not full.
static uint32_t spot_of(const ls_afters *a, uint64_t number) {
    uint32_t at = home_of(a, number);
    while (a->map[at] != NONE && a->nodes[a->map[at]].number != number) {
        at = (at + 1) & (a->map_size - 1);
    }
    return at;
}

static node *find(const ls_afters *a, uint64_t number) {
    const uint32_t at = a->map_size > 0 ? a->map[spot_of(a, number)] : NONE;
    return at != NONE ? a->nodes + at : NULL;
}

static bool widen(ls_afters *a) {
    if (a->map_used + 1 <= a->map_size / 2) {
        return true;
    }
    const uint32_t size = a->map_size > 0 ? a->map_size * 2 : 64;
    uint32_t *map = size > a->map_size ? ls_alloc(size * sizeof *map) : NULL;
    if (map == NULL) {
        return false;
    }
    ls_free(a->map);
    a->map = map;
    a->map_size = size;
    memset(map, 0xff, size * sizeof *map);
    for (uint32_t i = 0; i < a->node_count; i++) {
        if (a->nodes[i].number != 0) {
            map[spot_of(a, a->nodes[i].number)] = i;
        }
    }
    return true;
}

// The node of the number, a new one if there is none. NULL: out of memory.
static node *get(ls_afters *a, uint64_t number) {
    assert(number != 0);
    node *n = find(a, number);
    if (n != NULL) {
        return n;
    }
    uint32_t at = a->free_node;
    if (!widen(a) ||
        (at == NONE && !ls_grow(&a->nodes, &a->node_room, sizeof *a->nodes, a->node_count + 1))) {
        return NULL;
    }
    if (at == NONE) {
        at = a->node_count++;
    } else {
        a->free_node = a->nodes[at].next;
    }
    a->nodes[at] = (node){.number = number, .first = NONE, .last = NONE, .own = NONE, .next = NONE};
    a->map[spot_of(a, number)] = at;
    a->map_used++;
    return a->nodes + at;
}

// Out of the map; what was put behind it because its place was taken moves up.
static void unmap(ls_afters *a, uint64_t number) {
    const uint32_t mask = a->map_size - 1;
    uint32_t hole = spot_of(a, number);
    for (uint32_t at = (hole + 1) & mask; a->map[at] != NONE; at = (at + 1) & mask) {
        const uint32_t home = home_of(a, a->nodes[a->map[at]].number);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            a->map[hole] = a->map[at];
            hole = at;
        }
    }
    a->map[hole] = NONE;
    a->map_used--;
}

// Nothing needs the node any more.
static void tidy(ls_afters *a, uint32_t at) {
    node *n = a->nodes + at;
    const bool known = n->announced && (a->remembers || (n->left > 0 && !n->failed));
    if (known || n->busy || n->held || n->freed || n->first != NONE) {
        return;
    }
    unmap(a, n->number);
    *n = (node){.next = a->free_node};
    a->free_node = at;
}

// ---- what is waited for

ls_status ls_afters_open(ls_afters *a, uint64_t number, uint32_t jobs, ls_error *err) {
    assert(jobs > 0);
    node *n = get(a, number);
    if (n == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (!n->announced) {
        n->announced = true;
        n->left = jobs;
    }
    return LS_OK;
}

static ls_after_state state_of(const node *n) {
    return n == NULL || !n->announced ? LS_AFTER_DONE
           : n->failed                ? LS_AFTER_FAILED
           : n->left > 0              ? LS_AFTER_OPEN
                                      : LS_AFTER_DONE;
}

ls_after_state ls_afters_state(const ls_afters *a, uint64_t number) {
    return state_of(find(a, number));
}

// ---- who waits

static void unlink_edge(ls_afters *a, uint32_t at) {
    const edge e = a->edges[at];
    node *of = a->nodes + e.number;
    *(e.prev != NONE ? &a->edges[e.prev].next : &of->first) = e.next;
    *(e.next != NONE ? &a->edges[e.next].prev : &of->last) = e.prev;
    a->edges[at] = (edge){.next = a->free_edge};
    a->free_edge = at;
}

// It is held for nothing from now on.
static void let_go(ls_afters *a, uint32_t at) {
    node *n = a->nodes + at;
    for (uint32_t e = n->own, next; e != NONE; e = next) {
        const uint32_t number = a->edges[e].number;
        next = a->edges[e].next_own;
        if (number != NONE) {
            unlink_edge(a, e);
            tidy(a, number);
        } else {  // what it led from is over
            a->edges[e] = (edge){.next = a->free_edge};
            a->free_edge = e;
        }
    }
    n->own = NONE;
    n->held = false;
    n->waits = 0;
}

static bool add_edge(ls_afters *a, uint32_t number, uint32_t job) {
    uint32_t at = a->free_edge;
    if (at == NONE && !ls_grow(&a->edges, &a->edge_room, sizeof *a->edges, a->edge_count + 1)) {
        return false;
    }
    if (at == NONE) {
        at = a->edge_count++;
    } else {
        a->free_edge = a->edges[at].next;
    }
    node *of = a->nodes + number;
    node *n = a->nodes + job;
    a->edges[at] = (edge){
        .node = job, .number = number, .prev = of->last, .next = NONE, .next_own = n->own};
    *(of->last != NONE ? &a->edges[of->last].next : &of->first) = at;
    of->last = at;
    n->own = at;
    n->waits++;
    return true;
}

ls_status ls_afters_hold(ls_afters *a, uint64_t job, const uint64_t *numbers, uint32_t count,
                         ls_after_state *out, uint64_t *out_failed, ls_error *err) {
    *out = LS_AFTER_DONE;
    *out_failed = 0;
    for (uint32_t i = 0; i < count && *out != LS_AFTER_FAILED; i++) {
        const ls_after_state state = ls_afters_state(a, numbers[i]);
        *out = state != LS_AFTER_DONE ? state : *out;
        *out_failed = state == LS_AFTER_FAILED ? numbers[i] : 0;
    }
    if (*out != LS_AFTER_OPEN) {
        return LS_OK;
    }
    node *n = get(a, job);
    if (n == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    assert(!n->held && !n->freed);
    const uint32_t at = (uint32_t)(n - a->nodes);
    bool memory = true;
    n->held = true;
    n->failed_for = 0;
    for (uint32_t i = count; i-- > 0 && memory;) {  // so that its edges stand as it named them
        const node *of = find(a, numbers[i]);
        if (state_of(of) == LS_AFTER_OPEN) {
            memory = add_edge(a, (uint32_t)(of - a->nodes), at);
        }
    }
    if (!memory) {
        let_go(a, at);
        tidy(a, at);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    return LS_OK;
}

bool ls_afters_holds(const ls_afters *a, uint64_t job) {
    const node *n = find(a, job);
    return n != NULL && n->held;
}

void ls_afters_drop(ls_afters *a, uint64_t job) {
    node *n = find(a, job);
    if (n != NULL && n->held) {
        const uint32_t at = (uint32_t)(n - a->nodes);
        let_go(a, at);
        tidy(a, at);
    }
}

uint32_t ls_afters_waits(const ls_afters *a, uint64_t job, uint64_t *out_first) {
    const node *n = find(a, job);
    if (n == NULL || !n->held) {
        return 0;
    }
    uint32_t e = n->own;
    while (e != NONE && a->edges[e].number == NONE) {
        e = a->edges[e].next_own;
    }
    if (out_first != NULL && e != NONE) {
        *out_first = a->nodes[a->edges[e].number].number;
    }
    return n->waits;
}

// ---- over

static void set_free(ls_afters *a, uint32_t at, uint64_t failed) {
    node *n = a->nodes + at;
    let_go(a, at);
    n->freed = true;
    n->failed_for = failed;
    n->next = NONE;
    *(a->freed_last != NONE ? &a->nodes[a->freed_last].next : &a->freed_first) = at;
    a->freed_last = at;
}

void ls_afters_over(ls_afters *a, uint64_t number, bool done) {
    node *n = find(a, number);
    if (n == NULL || state_of(n) != LS_AFTER_OPEN) {
        return;
    }
    const uint32_t at = (uint32_t)(n - a->nodes);
    n->left--;
    n->failed = !done;
    if (done && n->left > 0) {
        return;
    }
    n->busy = true;
    while (n->first != NONE) {
        const uint32_t e = n->first;
        const uint32_t job = a->edges[e].node;
        const uint32_t next = a->edges[e].next;
        n->first = next;
        *(next != NONE ? &a->edges[next].prev : &n->last) = NONE;
        a->edges[e].number = NONE;  // it stays in the list of its job until that is free
        a->nodes[job].waits--;
        if (!done || a->nodes[job].waits == 0) {
            set_free(a, job, done ? 0 : number);
        }
    }
    n->busy = false;
    tidy(a, at);
}

bool ls_afters_next(ls_afters *a, ls_after_freed *out) {
    const uint32_t at = a->freed_first;
    if (at == NONE) {
        return false;
    }
    node *n = a->nodes + at;
    *out = (ls_after_freed){.job = n->number, .failed = n->failed_for};
    a->freed_first = n->next;
    a->freed_last = n->next == NONE ? NONE : a->freed_last;
    n->freed = false;
    n->next = NONE;
    tidy(a, at);
    return true;
}
