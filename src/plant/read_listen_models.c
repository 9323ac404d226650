// read_listen_models.c - values of `listen.values` that a model says: is there such a model, and
// does it say something of that unit?
#include <string.h>

#include "plant/reader.h"

static bool has_unit(const ls_model_plan *plan, const char *unit) {
    return ls_model_says(plan, unit) || (plan->unit_count == 0 && strcmp(unit, "plant") == 0);
}

static void check(ls_reader *r, const ls_binding *b) {
    const ls_yaml at = {.line = b->line, .column = b->column};
    const char *name = b->tag + strlen("model/");
    const char *slash = strchr(name, '/');
    const size_t length = slash != NULL ? (size_t)(slash - name) : strlen(name);
    const ls_model_plan *plan = ls_reader_model(r, name, length);
    if (plan == NULL) {
        ls_reader_mistake(r, &at,
                          "a tag that no source gives is what a model says: model/NAME/UNIT",
                          "there is no model '%.*s'", (int)length, name);
    } else if (slash == NULL || !has_unit(plan, slash + 1)) {
        ls_reader_mistake(r, &at,
                          ls_reader_format(r, "it says 'model/%s/%s'%s", plan->name,
                                           plan->unit_count > 0 ? plan->units[0] : "plant",
                                           plan->unit_count > 1 ? " and so on" : ""),
                          "model '%s' says nothing of '%s'", plan->name,
                          slash != NULL ? slash + 1 : "");
    }
}

void ls_read_listen_models(ls_reader *r) {
    for (uint32_t i = 0; i < r->plant->listen.binding_count; i++) {
        if (r->plant->listen.bindings[i].predicted) {
            check(r, &r->plant->listen.bindings[i]);
        }
    }
}
