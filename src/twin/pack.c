#include "twin/pack.h"

#include <string.h>

#include "base/arena.h"

void ls_pack_init(ls_pack *pack, size_t item_size) {
    memset(pack, 0, sizeof *pack);
    pack->item = item_size;
}

void ls_pack_clear(ls_pack *pack) {
    ls_free(pack->data);
    memset(pack, 0, sizeof *pack);
}

static bool pack_reserve(ls_pack *pack, size_t count) {
    if (pack->failed) {
        return false;
    }
    const size_t needed = pack->count + count;
    if (needed > pack->capacity) {
        size_t capacity = pack->capacity < 16 ? 16 : pack->capacity * 2;
        capacity = capacity < needed ? needed : capacity;
        char *data = ls_realloc(pack->data, capacity * pack->item);
        if (data == NULL) {
            pack->failed = true;
            return false;
        }
        memset(data + pack->capacity * pack->item, 0, (capacity - pack->capacity) * pack->item);
        pack->data = data;
        pack->capacity = capacity;
    }
    return true;
}

static void *spare_item(void) {
    static _Thread_local _Alignas(64) char spare[1024];
    memset(spare, 0, sizeof spare);
    return spare;
}

void *ls_pack_at(const ls_pack *pack, size_t index) {
    return index < pack->count ? pack->data + pack->item * index : spare_item();
}

void *ls_pack_push(ls_pack *pack) {
    if (!pack_reserve(pack, 1)) {
        return spare_item();
    }
    return pack->data + pack->item * pack->count++;
}

uint32_t ls_pack_grow(ls_pack *pack, size_t count) {
    const size_t at = pack->count;
    if (!pack_reserve(pack, count)) {
        return 0;
    }
    pack->count += count;
    return (uint32_t)at;
}
