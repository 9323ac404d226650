// names.h - finding things by name: a hash table from (scope, name) to an index.
//
// A scope keeps names of one kind apart, as the steps of each product. Texts are not copied and
// must outlive the table. Order of iteration is never used, so no hash order reaches a result.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct ls_name_slot {
    const char *text;  // NULL: empty
    uint32_t scope, value;
    uint64_t hash;
} ls_name_slot;

typedef struct ls_names {
    ls_name_slot *slots;  // owned
    uint32_t count, capacity;
    bool failed;  // out of memory; adds then do nothing
} ls_names;

void ls_names_init(ls_names *names);
void ls_names_clear(ls_names *names);
// The value of the name, UINT32_MAX when there is none.
uint32_t ls_names_find(const ls_names *names, uint32_t scope, const char *text);
// Adds it, unless it is there: then the old value comes back and nothing changes. UINT32_MAX:
// added.
uint32_t ls_names_add(ls_names *names, uint32_t scope, const char *text, uint32_t value);
// Gives a name that is there another value.
void ls_names_set(ls_names *names, uint32_t scope, const char *text, uint32_t value);
