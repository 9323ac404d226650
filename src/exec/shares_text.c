// shares_text.c - places of a job as text, by the names of nodes: these stay when a pool file
// grows.
#include <stdlib.h>
#include <string.h>

#include "exec/service_inside.h"

void ls_shares_text(const ls_pool *pool, const ls_pool_share *shares, uint32_t count,
                    ls_buffer *out) {
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_printf(out, "%s%s:%x", i > 0 ? " " : "", pool->cluster.nodes[shares[i].node].name,
                         shares[i].gpus);
    }
}

uint32_t ls_shares_node(const ls_pool *pool, const char *name, size_t length) {
    for (uint32_t i = 0; i < pool->cluster.node_count; i++) {
        const char *other = pool->cluster.nodes[i].name;
        if (strncmp(other, name, length) == 0 && other[length] == '\0') {
            return i;
        }
    }
    return LS_POOL_NONE;
}

ls_status ls_shares_parse(const ls_pool *pool, const char *text, uint32_t count,
                          ls_pool_share **out, ls_error *err) {
    *out = ls_alloc(count * sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    const char *at = text;
    for (uint32_t i = 0; i < count; i++) {
        const size_t word = strcspn(at, " ");
        const char *colon = NULL;
        for (size_t k = 0; k < word; k++) {
            colon = at[k] == ':' ? at + k : colon;
        }
        char *end = NULL;
        const uint32_t node = colon != NULL ? ls_shares_node(pool, at, (size_t)(colon - at))
                                            : LS_POOL_NONE;
        const unsigned long gpus = colon != NULL ? strtoul(colon + 1, &end, 16) : 0;
        if (node == LS_POOL_NONE || end != at + word || gpus > UINT32_MAX) {
            ls_free(*out);
            *out = NULL;
            return ls_fail(err, LS_ERR_INVALID, "'%.*s' is no place of this pool", (int)word, at);
        }
        (*out)[i] = (ls_pool_share){.node = node, .gpus = (uint32_t)gpus};
        at += word + (at[word] == ' ');
    }
    return LS_OK;
}
