// plant.h - reading a plant file.
#pragma once

#include <stddef.h>

#include <lineshaft/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ls_plant ls_plant;

// Reads, resolves and checks a plant file; files it names (orders, lots at time zero, samples) are
// looked for beside it. On failure *out is NULL, the first mistake stands in *err and
// *out_mistakes (may be NULL) says how many there are; `lineshaft check` shows them all.
// Fails with LS_ERR_IO, LS_ERR_INVALID, LS_ERR_LIMIT (file over 16 MiB) or LS_ERR_MEMORY.
LS_API ls_status ls_plant_load(const char *path, ls_plant **out, size_t *out_mistakes,
                               ls_error *err);

// The same from text in memory; such a plant may name no other file. `name` is used in messages.
LS_API ls_status ls_plant_parse(const char *text, size_t size, const char *name, ls_plant **out,
                                size_t *out_mistakes, ls_error *err);

// Accepts NULL.
LS_API void ls_plant_destroy(ls_plant *plant);

#ifdef __cplusplus
}
#endif
