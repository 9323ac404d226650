// room_tree.c - see room_tree.h.
#include "pool/room_tree.h"

#define NONE UINT32_MAX

// A fixed mixing of the number: the tree is balanced as by luck, and the same in every run.
static uint32_t rank(uint32_t number) {
    uint32_t x = number * 0x9e3779b1u + 0x7f4a7c15u;
    x = (x ^ (x >> 15)) * 0x85ebca77u;
    return x ^ (x >> 13);
}

static bool before(const ls_room_node *nodes, uint32_t a, uint64_t room, uint32_t number) {
    return nodes[a].room != room ? nodes[a].room < room : a < number;
}

// Everything before (room, number) goes to *out_left, the rest to *out_right.
static void split(ls_room_node *nodes, uint32_t at, uint64_t room, uint32_t number,
                  uint32_t *out_left, uint32_t *out_right) {
    while (at != NONE) {
        if (before(nodes, at, room, number)) {
            *out_left = at;
            out_left = &nodes[at].right;
            at = nodes[at].right;
        } else {
            *out_right = at;
            out_right = &nodes[at].left;
            at = nodes[at].left;
        }
    }
    *out_left = NONE;
    *out_right = NONE;
}

void ls_room_tree_add(ls_room_node *nodes, uint32_t *root, uint32_t number, uint64_t room) {
    const uint32_t own = rank(number);
    uint32_t *at = root;
    while (*at != NONE && rank(*at) >= own) {
        at = before(nodes, *at, room, number) ? &nodes[*at].right : &nodes[*at].left;
    }
    const uint32_t below = *at;
    nodes[number].room = room;
    nodes[number].in = true;
    split(nodes, below, room, number, &nodes[number].left, &nodes[number].right);
    *at = number;
}

void ls_room_tree_remove(ls_room_node *nodes, uint32_t *root, uint32_t number) {
    uint32_t *at = root;
    while (*at != number) {
        at = before(nodes, *at, nodes[number].room, number) ? &nodes[*at].right : &nodes[*at].left;
    }
    uint32_t left = nodes[number].left, right = nodes[number].right;
    while (left != NONE && right != NONE) {
        if (rank(left) >= rank(right)) {
            *at = left;
            at = &nodes[left].right;
            left = *at;
        } else {
            *at = right;
            at = &nodes[right].left;
            right = *at;
        }
    }
    *at = left != NONE ? left : right;
    nodes[number].in = false;
}

uint32_t ls_room_tree_from(const ls_room_node *nodes, uint32_t root, uint64_t room,
                           uint32_t number) {
    uint32_t found = NONE;
    while (root != NONE) {
        if (before(nodes, root, room, number)) {
            root = nodes[root].right;
        } else {
            found = root;
            root = nodes[root].left;
        }
    }
    return found;
}
