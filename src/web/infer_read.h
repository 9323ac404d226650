// infer_read.h - a question of the Open Inference Protocol (version 2, JSON), read and checked for
// what it says by itself; what a model makes of it is in infer.h.
//
// Total: any bytes. Nothing is built that is larger than a small multiple of the body, and nothing
// nests deeper than a tensor may. Keys that the protocol does not have are refused with the nearest
// one that it has.
//
// An element is a number, `true` or `false`, or missing: `null`, and the word NaN, which is no JSON
// but what many programs write for it. Infinite values are refused.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

enum {
    LS_INFER_BODY_MOST = 1 << 20,
    LS_INFER_INPUTS_MOST = 4096,
    LS_INFER_OUTPUTS_MOST = 16,
    LS_INFER_DIMS_MOST = 8,
    LS_INFER_TEXT_MOST = 511,         // bytes of an id or a name
    LS_INFER_PARAMETERS_MOST = 4096,  // bytes
};

typedef enum ls_infer_type {
    LS_INFER_BOOL,
    LS_INFER_UINT8,
    LS_INFER_UINT16,
    LS_INFER_UINT32,
    LS_INFER_UINT64,
    LS_INFER_INT8,
    LS_INFER_INT16,
    LS_INFER_INT32,
    LS_INFER_INT64,
    LS_INFER_FP16,
    LS_INFER_FP32,
    LS_INFER_FP64,
    LS_INFER_BYTES,  // refused: a text is no measured value
    LS_INFER_TYPES
} ls_infer_type;
const char *ls_infer_type_name(ls_infer_type type);  // "FP32"

typedef struct ls_infer_tensor {
    const char *name;
    ls_infer_type type;
    uint32_t rank;  // at least 1
    uint64_t dims[LS_INFER_DIMS_MOST];
    size_t first, count;  // its elements in `values` of the question, row by row
} ls_infer_tensor;

typedef struct ls_infer_asked {
    const char *id;          // NULL: none
    const char *parameters;  // a JSON object as it came; NULL: none
    size_t parameters_size;
    ls_infer_tensor *inputs;  // at least one
    uint32_t input_count;
    const char *outputs[LS_INFER_OUTPUTS_MOST];
    uint32_t output_count;  // 0: all are wanted
    double *values;         // NaN: missing
    size_t value_count;
    ls_arena arena;
    size_t input_room, value_room;
} ls_infer_asked;

// *out is to be cleared in any case; `parameters` points into text. LS_ERR_INVALID says where and
// what would be right, LS_ERR_LIMIT names the limit, LS_ERR_MEMORY.
ls_status ls_infer_read(const char *text, size_t size, ls_infer_asked *out, ls_error *err);
void ls_infer_asked_clear(ls_infer_asked *asked);
