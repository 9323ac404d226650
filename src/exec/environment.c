// environment.c - see environment.h.
#include "exec/environment.h"

#include <string.h>

static const char *const initial[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/", "LANG=C.UTF-8",
                                      NULL};
static const char ours[] = "LINESHAFT_";
static const char cuda[] = "CUDA_VISIBLE_DEVICES=";

static bool is_ours(const char *variable) {
    return strncmp(variable, ours, sizeof ours - 1) == 0 ||
           strncmp(variable, cuda, sizeof cuda - 1) == 0;
}

// GPUs of the nodes before this one.
static uint32_t first_gpu(const ls_pool *pool, uint32_t node) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < node; i++) {
        at += pool->cluster.nodes[i].gpus;
    }
    return at;
}

// "0,2" or the names that the driver knows.
static void list_gpus(const ls_environment_def *def, bool by_name, ls_buffer *out) {
    const char *comma = "";
    for (uint32_t i = 0; i < def->job->shape.parts; i++) {
        const uint32_t at = first_gpu(def->pool, def->shares[i].node);
        for (uint32_t g = 0; g < LS_POOL_NODE_GPUS_MAX; g++) {
            if (((def->shares[i].gpus >> g) & 1) == 0) {
                continue;
            }
            if (by_name) {
                ls_buffer_printf(out, "%s%s", comma, def->gpus[at + g]);
            } else {
                ls_buffer_printf(out, "%s%u", comma, at + g);
            }
            comma = ",";
        }
    }
}

static void list_nodes(const ls_environment_def *def, ls_buffer *out) {
    for (uint32_t i = 0; i < def->job->shape.parts; i++) {
        ls_buffer_printf(out, "%s%s", i > 0 ? "," : "",
                         def->pool->cluster.nodes[def->shares[i].node].name);
    }
}

typedef struct list {
    ls_arena *arena;
    const char **items;
    uint32_t count;
    bool failed;
} list;

static void add(list *l, ls_buffer *text) {
    char *copy = text->failed ? NULL : ls_arena_text(l->arena, text->data, text->size);
    l->failed |= copy == NULL;
    l->items[l->count++] = copy;
    ls_buffer_clear(text);
}

static void add_ours(list *l, const ls_environment_def *def) {
    const ls_exec_job *job = def->job;
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text, def->mark);
    add(l, &text);
    ls_buffer_printf(&text, "LINESHAFT_JOB=%llu", (unsigned long long)def->id);
    add(l, &text);
    ls_buffer_printf(&text, "LINESHAFT_RUNS=%u", def->run);
    add(l, &text);
    ls_buffer_printf(&text, "LINESHAFT_ACCOUNT=%s", job->account != NULL ? job->account : "");
    add(l, &text);
    ls_buffer_printf(&text, "LINESHAFT_PARTS=%u", job->shape.parts);
    add(l, &text);
    ls_buffer_text(&text, "LINESHAFT_NODES=");
    list_nodes(def, &text);
    add(l, &text);
    // One GPU, whole or in part, is named in thousandths, so that a job can limit itself.
    ls_buffer_printf(&text, "LINESHAFT_GPU_MILLI=%u",
                     job->shape.milli != 0 ? job->shape.milli : job->shape.gpus * LS_POOL_WHOLE);
    add(l, &text);
    const bool slots = def->kind != LS_POOL_NONE && def->pool->kinds[def->kind].is_slots;
    ls_buffer_text(&text, "LINESHAFT_SLOTS=");
    if (slots) {
        list_gpus(def, false, &text);
    }
    add(l, &text);
    ls_buffer_text(&text, cuda);
    if (!slots && def->kind != LS_POOL_NONE && def->gpus != NULL) {
        list_gpus(def, true, &text);
    }
    add(l, &text);
    if (job->elastic > 0 || job->leader > 0) {
        ls_buffer_printf(&text, "LINESHAFT_LEADER=%llu",
                         (unsigned long long)(job->leader > 0 ? job->leader : def->id));
        add(l, &text);
        ls_buffer_printf(&text, "LINESHAFT_MEMBER=%u", job->leader > 0 ? def->array_index : 0);
        add(l, &text);
    }
    if (job->array > 0) {
        ls_buffer_printf(&text, "LINESHAFT_ARRAY_INDEX=%u", def->array_index);
        add(l, &text);
        ls_buffer_printf(&text, "LINESHAFT_ARRAY_COUNT=%u", job->array);
        add(l, &text);
    }
}

const char *const *ls_environment_make(const ls_environment_def *def, ls_arena *arena) {
    const char *const *own = def->job->env != NULL ? def->job->env : initial;
    uint32_t count = 0;
    while (own[count] != NULL) {
        count++;
    }
    list l = {.arena = arena, .items = ls_arena_alloc(arena, (count + 16) * sizeof *l.items)};
    if (l.items == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_ours(own[i])) {
            l.items[l.count++] = own[i];
        }
    }
    add_ours(&l, def);
    return l.failed ? NULL : l.items;
}
