// explain_values.h - values of a plant file as text. Private to explain*.c.
#pragma once

#include "base/names.h"
#include "base/put.h"
#include "plant/plant.h"

// LS_NONE is `0 s`.
void ls_put_dist(ls_buffer *out, const ls_plant *plant, ls_dist_index dist);
// `product.step`
void ls_put_step(ls_buffer *out, const ls_plant *plant, uint32_t step);

// NAME, or STATION/NAME where two stations have a machine of that name: `names` counts them.
void ls_put_machine(ls_buffer *out, const ls_plant *plant, const ls_names *names, uint32_t machine);

// `, response: {...}` of a value.
void ls_put_response(ls_buffer *out, const ls_measured *value);

void ls_explain_station(ls_buffer *out, const ls_plant *plant, uint32_t station,
                        const uint32_t *here, uint32_t count);
void ls_explain_rules(ls_buffer *out, const ls_plant *plant, uint32_t at, uint32_t count);
void ls_explain_product(ls_buffer *out, const ls_plant *plant, uint32_t product);
void ls_explain_listen(ls_buffer *out, const ls_plant *plant);
void ls_explain_commands(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                         const ls_source *source);
void ls_explain_history(ls_buffer *out, const ls_plant *plant);
void ls_explain_pool(ls_buffer *out, const ls_plant *plant);
void ls_explain_decide(ls_buffer *out, const ls_plant *plant);
void ls_explain_models(ls_buffer *out, const ls_plant *plant);
