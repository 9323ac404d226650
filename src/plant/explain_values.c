// explain_values.c - see explain_values.h.
#include "plant/explain_values.h"

#include <assert.h>
#include <string.h>

void ls_put_dist(ls_buffer *out, const ls_plant *plant, ls_dist_index dist) {
    if (dist == LS_NONE) {
        ls_buffer_text(out, "0 s");
        return;
    }
    char text[512];
    const size_t length = ls_dist_print(&plant->dists[dist], plant->tables, text, sizeof text);
    if (length < sizeof text) {
        ls_buffer_text(out, text);
        return;
    }
    char *longer = ls_alloc(length + 1);
    if (longer == NULL) {
        out->failed = true;
        return;
    }
    (void)ls_dist_print(&plant->dists[dist], plant->tables, longer, length + 1);
    ls_buffer_text(out, longer);
    ls_free(longer);
}

void ls_put_step(ls_buffer *out, const ls_plant *plant, uint32_t step) {
    const ls_step *s = &plant->steps[step];
    ls_buffer_printf(out, "\"%s.%s\"", plant->products[s->product].name, s->name);
}
