// read_kinds.c - kinds of GPUs: the known ones as they are asked for, and the file's own.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pool/catalog.h"
#include "pool/reader.h"

// A new kind; the file may have as many as fit into the bits of a job's wish.
static uint32_t add_kind(ls_pool_reader *r, const ls_yaml *at, const char *name,
                         const ls_gpu_kind *kind, const ls_pool_kind *facts) {
    if (r->kinds.count >= LS_POOL_KINDS_MAX) {
        ls_form_mistake(&r->form, at, NULL,
                        "'%s' is one kind of GPUs too many, a pool has at most %d", name,
                        LS_POOL_KINDS_MAX);
        return LS_POOL_NONE;
    }
    uint32_t index = 0;
    *(ls_gpu_kind *)ls_form_push(&r->form, &r->kinds, &index) = *kind;
    *(ls_pool_kind *)ls_form_push(&r->form, &r->kind_facts, NULL) = *facts;
    (void)ls_names_add(&r->kind_names, 0, kind->name, index);
    return index;
}

static void from_model(const ls_pool_model *model, ls_gpu_kind *kind, ls_pool_kind *facts) {
    *kind = (ls_gpu_kind){.name = model->name,
                          .memory_mib = model->gpu_memory_mib,
                          .watts = model->gpu_watts,
                          .idle_watts = model->idle_watts};
    *facts = (ls_pool_kind){.gpus = model->gpus,
                            .cpu_milli = (uint32_t)lround(model->cpus * 1000),
                            .memory_mib = model->memory_mib,
                            .domain_nodes = model->domain_nodes,
                            .rack_nodes = model->rack_nodes};
}

static void read_kind(ls_pool_reader *r, const ls_yaml *key, const ls_yaml *map) {
    ls_form *f = &r->form;
    const ls_pool_model *model = ls_pool_model_find(key->text);
    ls_gpu_kind kind = {0};
    ls_pool_kind facts = {0};
    if (model != NULL) {
        from_model(model, &kind, &facts);
    }
    if (strcmp(key->text, LS_POOL_SLOT_KIND) == 0) {
        ls_form_mistake(f, key, "give your kind another name",
                        "kinds: '" LS_POOL_SLOT_KIND "' is what CPU slots are called");
        return;
    }
    kind.name = ls_form_text(f, key->text);
    int64_t gpu_memory = kind.memory_mib, watts = kind.watts, memory = facts.memory_mib;
    int64_t idle = kind.idle_watts;
    double cpus = facts.cpu_milli / 1000.0;
    ls_form_take_u32(f, map, "kinds.*.gpus", &facts.gpus);
    ls_form_take_memory(f, map, "kinds.*.gpu-memory", &gpu_memory);
    ls_form_take_power(f, map, "kinds.*.gpu-power", &watts);
    // What a known kind says is not overwritten by a default of the table.
    if (model == NULL || ls_form_take(f, map, "kinds.*.gpu-idle") != NULL) {
        ls_form_take_power(f, map, "kinds.*.gpu-idle", &idle);
    }
    if (model == NULL || ls_form_take(f, map, "kinds.*.cpus") != NULL) {
        ls_form_take_number(f, map, "kinds.*.cpus", &cpus);
    }
    if (model == NULL || ls_form_take(f, map, "kinds.*.memory") != NULL) {
        ls_form_take_memory(f, map, "kinds.*.memory", &memory);
    }
    if (model == NULL || ls_form_take(f, map, "kinds.*.domain") != NULL) {
        ls_form_take_u32(f, map, "kinds.*.domain", &facts.domain_nodes);
    }
    if (model == NULL || ls_form_take(f, map, "kinds.*.rack") != NULL) {
        ls_form_take_u32(f, map, "kinds.*.rack", &facts.rack_nodes);
    }
    if (facts.gpus == 0 && !r->has_mistakes) {
        ls_form_mistake(f, key, "how many GPUs one node has, as in 'gpus: 8'",
                        "kinds.%s: 'gpus' is missing", key->text);
    }
    if (facts.domain_nodes > 0 && facts.rack_nodes % facts.domain_nodes != 0) {
        ls_form_mistake(f, key,
                        "a rack holds whole NVLink domains: make 'rack' a multiple of 'domain'",
                        "kinds.%s: a rack of %u nodes and domains of %u", key->text,
                        facts.rack_nodes, facts.domain_nodes);
    }
    kind.memory_mib = (uint32_t)gpu_memory;
    kind.watts = (uint32_t)watts;
    kind.idle_watts = (uint32_t)idle;
    facts.memory_mib = (uint32_t)memory;
    facts.cpu_milli = (uint32_t)lround(cpus * 1000);
    facts.is_own = true;
    (void)add_kind(r, key, key->text, &kind, &facts);
}

void ls_pool_read_kinds(ls_pool_reader *r) {
    const ls_yaml *map = ls_form_take_map(&r->form, r->form.root, "kinds");
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        if (ls_names_find(&r->kind_names, 0, map->keys[i].text) == UINT32_MAX) {
            read_kind(r, &map->keys[i], &map->items[i]);
        }
    }
}

uint32_t ls_pool_slot_kind(ls_pool_reader *r) {
    const uint32_t found = ls_names_find(&r->kind_names, 0, LS_POOL_SLOT_KIND);
    if (found != UINT32_MAX) {
        return found;
    }
    const ls_gpu_kind kind = {.name = LS_POOL_SLOT_KIND};
    const ls_pool_kind facts = {.gpus = 1, .domain_nodes = 1, .is_slots = true};
    return add_kind(r, NULL, LS_POOL_SLOT_KIND, &kind, &facts);
}

// "did you mean" among the kinds of the file and the known ones.
static const char *nearest_kind(ls_pool_reader *r, const char *word) {
    const char *names[2 * LS_POOL_KINDS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < r->kinds.count; i++) {
        names[count++] = LS_ROW(ls_gpu_kind, r->kinds, i)->name;
    }
    for (uint32_t i = 0; i < ls_pool_model_count(); i++) {
        const char *name = ls_pool_model_get(i)->name;
        if (ls_names_find(&r->kind_names, 0, name) == UINT32_MAX) {
            names[count++] = name;
        }
    }
    const char *near = ls_form_nearest(&r->form, word, names, count);
    // No near one: the list of them, and how to get another.
    return strncmp(near, "did you", strlen("did you")) == 0
               ? near
               : ls_form_format(&r->form, "%s; your own stand under 'kinds'", near);
}

uint32_t ls_pool_kind_named(ls_pool_reader *r, const ls_yaml *at) {
    const uint32_t found = ls_names_find(&r->kind_names, 0, at->text);
    if (found != UINT32_MAX) {
        return found;
    }
    const ls_pool_model *model = ls_pool_model_find(at->text);
    // A name that is none, and one that may stand under a `kinds` that is itself wrong, are not
    // told.
    const bool has_kinds = ls_form_take_map(&r->form, r->form.root, "kinds") != NULL;
    if (model == NULL && (!ls_form_is_name(at->text) || (r->has_mistakes && !has_kinds))) {
        return LS_POOL_NONE;
    }
    if (model == NULL) {
        ls_form_mistake(&r->form, at, nearest_kind(r, at->text), "unknown kind of GPUs '%s'",
                        at->text);
        return LS_POOL_NONE;
    }
    ls_gpu_kind kind;
    ls_pool_kind facts;
    from_model(model, &kind, &facts);
    return add_kind(r, at, model->name, &kind, &facts);
}
