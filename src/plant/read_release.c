// read_release.c - how lots of each product come into the plant.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plant/reader.h"

// The product's name, then with -2, -3, ...; ordinal is how many came before for this product.
static const char *made_name(ls_reader *r, const char *product, uint32_t ordinal) {
    const char *name = product;
    for (uint32_t k = ordinal + 1; !r->form.out_of_memory; k++) {
        name = k == 1 ? product : ls_reader_format(r, "%s-%u", product, k);
        if (ls_names_find(&r->release_names, 0, name) == LS_NONE) {
            break;
        }
    }
    return name;
}

uint32_t ls_release_add(ls_reader *r, const ls_release *release) {
    uint32_t index = 0;
    (void)ls_names_add(&r->release_names, 0, release->name, r->releases.count);
    *(ls_release *)ls_rows_push(r, &r->releases, &index) = *release;
    return index;
}

static int compare_orders(const void *a, const void *b) {
    const ls_order *x = a;
    const ls_order *y = b;
    return x->time_us < y->time_us ? -1 : (x->time_us > y->time_us ? 1 : 0);
}

// By time, those of one time as in the file. Merge sort in place of qsort, which need not be
// stable.
bool ls_orders_sort(ls_order *orders, uint32_t count) {
    if (count < 2) {
        return true;
    }
    ls_order *other = ls_alloc(count * sizeof *other);
    if (other == NULL) {
        return false;
    }
    ls_order *from = orders;
    ls_order *to = other;
    for (uint32_t width = 1; width<count; width = width> count / 2 ? count : width * 2) {
        for (uint32_t at = 0; at < count;) {
            const uint32_t middle = count - at > width ? at + width : count;
            const uint32_t end = count - middle > width ? middle + width : count;
            uint32_t a = at;
            uint32_t b = middle;
            for (uint32_t k = at; k < end; k++) {
                const bool takes_a = a < middle &&
                                     (b == end || compare_orders(&from[a], &from[b]) <= 0);
                to[k] = takes_a ? from[a++] : from[b++];
            }
            at = end;
        }
        ls_order *spare = from;
        from = to;
        to = spare;
    }
    if (from != orders) {
        memcpy(orders, from, count * sizeof *orders);
    }
    ls_free(other);
    return true;
}

static void read_timetable(ls_reader *r, const ls_yaml *at, ls_release *release) {
    release->kind = LS_RELEASE_TIMETABLE;
    release->order_at = r->orders.count;
    for (uint32_t i = 0; i < ls_yaml_many(at); i++) {
        const ls_yaml *item = ls_yaml_nth(at, i);
        ls_order order = {.due_us = LS_FOREVER,
                          .product = release->product,
                          .priority = release->priority,
                          .lots = release->lots};
        if (ls_yaml_is_text(item) && ls_units_time(item->text, &order.time_us, NULL) == LS_OK) {
            *(ls_order *)ls_rows_push(r, &r->orders, NULL) = order;
        }
    }
    release->order_count = r->orders.count - release->order_at;
    if (!r->form.out_of_memory && release->order_count > 0 &&
        !ls_orders_sort(LS_ROW(ls_order, r->orders, release->order_at), release->order_count)) {
        r->form.out_of_memory = true;
    }
}

static void refuse(ls_reader *r, const ls_yaml *node, const char *path, const char *kind) {
    const ls_yaml *value = ls_take(r, node, path);
    if (value != NULL) {
        const char *key = strrchr(path, '.') + 1;
        ls_reader_mistake(r, value, "take it out", "'%s' means nothing beside '%s'", key, kind);
    }
}

static void read_kind(ls_reader *r, const ls_yaml *node, ls_release *release) {
    const ls_yaml *every = ls_yaml_find(node, "every");
    const ls_yaml *keep = ls_yaml_find(node, "keep");
    const ls_yaml *at = ls_yaml_find(node, "at");
    const int ways = (every != NULL) + (keep != NULL) + (at != NULL);
    release->every = LS_NONE;
    release->first = LS_NONE;
    if (ways != 1) {
        ls_reader_mistake(r, node, "every: 80 s, or keep: 12, or at: [0 s, 4 h]",
                          "a release needs one of 'every', 'keep' and 'at', this one has %s",
                          ways == 0 ? "none" : "several");
        return;
    }
    if (every != NULL) {
        release->kind = LS_RELEASE_EVERY;
        ls_take_dist(r, node, "products.*.release.every", &release->every);
        ls_take_dist(r, node, "products.*.release.first", &release->first);
        return;
    }
    refuse(r, node, "products.*.release.first", keep != NULL ? "keep" : "at");
    if (keep != NULL) {
        release->kind = LS_RELEASE_KEEP;
        ls_take_u32(r, node, "products.*.release.keep", &release->keep);
        refuse(r, node, "products.*.release.lots", "keep");
    } else {
        refuse(r, node, "products.*.release.count", "at");
        read_timetable(r, at, release);
    }
}

// Time and again at the same instant would never let the clock go on.
static void refuse_standstill(ls_reader *r, const ls_yaml *node, const ls_release *release) {
    if (release->kind != LS_RELEASE_EVERY || release->every == LS_NONE || r->form.out_of_memory) {
        return;
    }
    const ls_dist *dist = LS_ROW(ls_dist, r->dists, release->every);
    if (ls_dist_mean(dist, r->tables.items) < 1) {
        ls_reader_mistake(r, ls_yaml_find(node, "every"), NULL,
                          "releases less than 1 us apart never let the clock go on");
    }
}

// A CONWIP class has no lots outside, and one that may be lost does not wait.
static void refuse_pool(ls_reader *r, const ls_yaml *node, const ls_release *release) {
    const bool keeps = ls_yaml_find(node, "keep") != NULL;
    if (release->pool && (keeps || release->lose)) {
        ls_reader_mistake(r, ls_yaml_find(node, "pool"), "pool: no",
                          "an order pool does not go with '%s'", keeps ? "keep" : "full: lose");
    }
}

// *unnamed counts the releases of the product without a name of their own.
static void read_release(ls_reader *r, uint32_t product, ls_dist_index due, uint32_t *unnamed,
                         const ls_yaml *node) {
    const ls_product *p = LS_ROW(ls_product, r->products, product);
    ls_release release = {.place = {node->line, node->column},
                          .product = product,
                          .lots = 1,
                          .count = LS_FOREVER,
                          .due = due};
    int64_t priority = 0;
    int full = 0;
    ls_take_count(r, node, "products.*.release.priority", &priority);
    release.priority = (int32_t)priority;
    ls_take_u32(r, node, "products.*.release.lots", &release.lots);
    ls_take_count(r, node, "products.*.release.count", &release.count);
    ls_take_choice(r, node, "products.*.release.full", &full);
    release.lose = full == 1;
    ls_take_yes(r, node, "products.*.release.pool", &release.pool);
    refuse_pool(r, node, &release);
    ls_take_dist(r, node, "products.*.release.due", &release.due);
    read_kind(r, node, &release);
    refuse_standstill(r, node, &release);
    const ls_yaml *name = ls_take(r, node, "products.*.release.name");
    if (ls_yaml_is_text(name)) {
        release.name = ls_reader_text(r, name->text);
        const uint32_t old = ls_names_find(&r->release_names, 0, release.name);
        if (old != LS_NONE) {
            ls_reader_mistake(r, name, NULL, "two releases are named '%s', the other at line %d",
                              release.name, LS_ROW(ls_release, r->releases, old)->place.line);
        }
    } else {
        release.name = ls_reader_text(r, made_name(r, p->name, (*unnamed)++));
    }
    (void)ls_release_add(r, &release);
}

void ls_read_releases(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "products");
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        const ls_yaml *node = &map->items[i];
        const uint32_t product = ls_names_find(&r->product_names, 0, map->keys[i].text);
        if (product == LS_NONE) {
            continue;
        }
        ls_dist_index due = LS_NONE;
        ls_take_dist(r, node, "products.*.due", &due);
        LS_ROW(ls_product, r->products, product)->due = due;
        uint32_t unnamed = 0;
        const ls_yaml *release = ls_take(r, node, "products.*.release");
        for (uint32_t k = 0; k < ls_yaml_many(release) && !r->form.out_of_memory; k++) {
            if (ls_yaml_nth(release, k)->kind == LS_YAML_MAP) {
                read_release(r, product, due, &unnamed, ls_yaml_nth(release, k));
            }
        }
    }
}
