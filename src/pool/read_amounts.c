// read_amounts.c - GPUs of a kind or of any: `16`, `16 b200`, or a list of these.
#include <stddef.h>
#include <string.h>

#include "pool/reader.h"

enum { AMOUNTS_MAX = LS_POOL_KINDS_MAX + 1 };

static const char form_hint[] = "a number of GPUs and perhaps their kind, as in '16' or '16 b200'";

// One amount of a text[0..length). False after a mistake.
static bool read_amount(ls_pool_reader *r, const ls_yaml *at, const char *text, size_t length,
                        const char *what, ls_amount *out) {
    ls_form *f = &r->form;
    int64_t gpus = 0;
    size_t digits = 0;
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (digits < length && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    const char *shown = ls_form_format(f, "%.*s", (int)(length < 200 ? length : 200), text);
    if (digits == 0 || !ls_text_parse_i64(text, digits, &gpus) ||
        (digits < length && text[digits] != ' ')) {
        ls_form_mistake(f, at, form_hint, "%s: '%s' is not a number of GPUs", what, shown);
        return false;
    }
    if (gpus > LS_POOL_GPUS_MAX) {
        ls_form_mistake(f, at, NULL, "%s: '%s' is out of range, expected 0 to %d", what, shown,
                        LS_POOL_GPUS_MAX);
        return false;
    }
    out->gpus = (uint32_t)gpus;
    out->kind = LS_POOL_NONE;
    const char *kind = shown + digits + strspn(shown + digits, " ");
    if (*kind == '\0') {
        return true;
    }
    out->kind = ls_names_find(&r->kind_names, 0, kind);
    if (out->kind == UINT32_MAX) {
        ls_form_mistake(f, at, ls_form_nearest_row(f, kind, &r->kinds, offsetof(ls_gpu_kind, name)),
                        "%s: the pool has no GPUs of a kind '%s'", what, kind);
        return false;
    }
    return true;
}

typedef struct list {
    ls_amount items[AMOUNTS_MAX];
    uint32_t count;
} list;

static void add(ls_pool_reader *r, const ls_yaml *at, const char *what, ls_amount amount,
                list *out) {
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->items[i].kind == amount.kind) {
            ls_form_mistake(&r->form, at, "take one of them out", "%s: %s twice", what,
                            amount.kind == LS_POOL_NONE
                                ? "GPUs of any kind"
                                : LS_ROW(ls_gpu_kind, r->kinds, amount.kind)->name);
            return;
        }
    }
    out->items[out->count++] = amount;  // each kind once: there is room
}

const ls_amount *ls_pool_read_amounts(ls_pool_reader *r, const ls_yaml *value, const char *what,
                                      uint32_t *out_count) {
    list all = {.count = 0};
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *at = ls_yaml_nth(value, i);
        // In a table, and wherever people like, a list is one text with commas.
        for (const char *text = ls_yaml_is_text(at) ? at->text : NULL; text != NULL;) {
            const char *comma = strchr(text, ',');
            const size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
            ls_amount amount;
            if (!read_amount(r, at, text, length, what, &amount)) {
                break;
            }
            add(r, at, what, amount, &all);
            text = comma != NULL ? comma + 1 : NULL;
        }
    }
    *out_count = all.count;
    if (all.count == 0) {
        return NULL;
    }
    ls_amount *items = ls_arena_alloc(r->form.arena, all.count * sizeof *items);
    if (items == NULL) {
        r->form.out_of_memory = true;
        *out_count = 0;
        return NULL;
    }
    memcpy(items, all.items, all.count * sizeof *items);
    return items;
}
