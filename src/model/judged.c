// judged.c - see judged.h.
#include "model/judged.h"

#include <jansson.h>

#include "base/text.h"

static json_t *gates_of(json_t *lineage) {
    return json_object_get(json_object_get(lineage, "metrics"), "gates");
}

bool ls_judged_failed(const char *lineage, char *out, size_t size) {
    json_t *object = json_loads(lineage, 0, NULL), *gate;
    const char *name;
    size_t used = 0;
    bool any = false;
    out[0] = '\0';
    json_object_foreach(gates_of(object), name, gate) {
        if (json_is_false(json_object_get(gate, "passed"))) {
            any = true;
            if (used + 1 < size) {
                used += ls_text_format(out + used, size - used, "%s%.60s", used > 0 ? ", " : "",
                                       name);
            }
        }
    }
    json_decref(object);
    return any;
}
