// reference.c - docs/PLANT.md from the table of keys and the text that people write.
#include "plant/explain.h"
#include "plant/reference_text.h"
#include "plant/schema.h"

ls_status ls_plant_reference(ls_buffer *out) {
    ls_buffer_text(out, ls_reference_head);
    ls_buffer_text(out, "## Keys\n\n");
    ls_schema_reference(&ls_plant_schema, out);
    ls_buffer_text(out, "## What it means\n\n");
    for (size_t i = 0; ls_reference_meaning[i] != NULL; i++) {
        ls_buffer_printf(out, "%s%s", i > 0 ? "\n" : "", ls_reference_meaning[i]);
    }
    return out->failed ? LS_ERR_MEMORY : LS_OK;
}
