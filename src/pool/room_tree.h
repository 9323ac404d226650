// room_tree.h - units in the order of their room, then of their number: a treap whose shape depends
// on the numbers alone. Everything takes the logarithm of the number of units.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct ls_room_node {
    uint64_t room;
    uint32_t left, right;  // UINT32_MAX: none
    bool in;
} ls_room_node;

// Several trees may share the nodes, each with its root (UINT32_MAX: empty); a number is in one.
void ls_room_tree_add(ls_room_node *nodes, uint32_t *root, uint32_t number, uint64_t room);
void ls_room_tree_remove(ls_room_node *nodes, uint32_t *root, uint32_t number);
// The first whose (room, number) is at least this, UINT32_MAX: none.
uint32_t ls_room_tree_from(const ls_room_node *nodes, uint32_t root, uint64_t room,
                           uint32_t number);
