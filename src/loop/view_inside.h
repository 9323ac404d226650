// view_inside.h - what the files view_*.c share.
#pragma once

#include <jansson.h>

#include "loop/json_value.h"
#include "loop/service_parts.h"

int64_t ls_view_wall_us(void);                    // since 1970
json_t *ls_view_demo(const ls_service *service);  // DATA/demo.json, or NULL
// Names of the lots in a machine.
json_t *ls_view_lots(const ls_follow *follow, const ls_s_machine *machine, const ls_lot *lots);
// Name of the active failure or maintenance of a machine; NULL: none.
const char *ls_view_reason(const ls_plant *plant, const ls_model *model, uint32_t machine,
                           const ls_s_machine *of);
// The text as if it stood in the plant file's place; as ls_plant_read.
ls_status ls_view_read_text(const ls_service *service, const char *text, size_t size,
                            ls_plant **out, ls_errors *errors);
json_t *ls_view_mistakes(const ls_errors *errors);  // [{"line", "column", "text", "hint"}]
