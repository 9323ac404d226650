// infer_read.c - see infer_read.h.
#include "web/infer_read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PARAMETERS_MOST = 64 };
#define DIM_MOST (UINT64_C(1) << 32)

typedef struct reader {
    const char *text;
    size_t size, at;
    ls_infer_asked *out;
    const char *list;  // that is being read: "inputs", "outputs"; NULL: neither
    uint32_t index;    // in it
    const char *key;   // NULL: none
    ls_error *err;
    ls_status status;
} reader;

static const struct {
    const char *name;
    double least, most;
    bool whole;
} types[LS_INFER_TYPES] = {
    [LS_INFER_BOOL] = {"BOOL", 0.0, 1.0, true},
    [LS_INFER_UINT8] = {"UINT8", 0.0, 255.0, true},
    [LS_INFER_UINT16] = {"UINT16", 0.0, 65535.0, true},
    [LS_INFER_UINT32] = {"UINT32", 0.0, 4294967295.0, true},
    [LS_INFER_UINT64] = {"UINT64", 0.0, 18446744073709551615.0, true},
    [LS_INFER_INT8] = {"INT8", -128.0, 127.0, true},
    [LS_INFER_INT16] = {"INT16", -32768.0, 32767.0, true},
    [LS_INFER_INT32] = {"INT32", -2147483648.0, 2147483647.0, true},
    [LS_INFER_INT64] = {"INT64", -9223372036854775808.0, 9223372036854775807.0, true},
    [LS_INFER_FP16] = {"FP16", -65504.0, 65504.0, false},
    [LS_INFER_FP32] = {"FP32", -3.4028234663852886e38, 3.4028234663852886e38, false},
    [LS_INFER_FP64] = {"FP64", -HUGE_VAL, HUGE_VAL, false},
    [LS_INFER_BYTES] = {"BYTES", 0.0, 0.0, false},
};

const char *ls_infer_type_name(ls_infer_type type) {
    return (unsigned)type < LS_INFER_TYPES ? types[type].name : "";
}

// ---- refusing

static bool stop(reader *r, ls_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Where it is, then what is wrong. The first one counts.
static bool stop(reader *r, ls_status status, const char *format, ...) {
    char what[256], where[64] = "";
    va_list args;
    if (r->status != LS_OK) {
        return false;
    }
    va_start(args, format);
    ls_text_vformat(what, sizeof what, format, args);
    va_end(args);
    if (r->list != NULL) {
        ls_text_format(where, sizeof where, "%s[%u]", r->list, r->index);
    }
    if (r->key != NULL) {
        const size_t size = strlen(where);
        ls_text_format(where + size, sizeof where - size, "%s%s", size > 0 ? "." : "", r->key);
    }
    r->status = status;
    ls_fail(r->err, status, "%s%s%s", where, where[0] != '\0' ? ": " : "", what);
    return false;
}
#define refuse(r, ...) stop(r, LS_ERR_INVALID, __VA_ARGS__)

static bool no_memory(reader *r) {
    return stop(r, LS_ERR_MEMORY, "out of memory");
}

// ---- letters

static int peek(const reader *r) {
    return r->at < r->size ? (unsigned char)r->text[r->at] : -1;
}

static void pass_blanks(reader *r) {
    while (r->at < r->size && memchr(" \t\r\n", r->text[r->at], 4) != NULL) {
        r->at++;
    }
}

// The next letter that is no blank, not passed.
static int next(reader *r) {
    pass_blanks(r);
    return peek(r);
}

static bool expect(reader *r, char wanted) {
    if (next(r) == wanted) {
        r->at++;
        return true;
    }
    return r->at < r->size ? refuse(r, "a '%c' is missing at byte %zu", wanted, r->at + 1)
                           : refuse(r, "the body ends where a '%c' should stand", wanted);
}

static bool pass_word(reader *r, const char *word) {
    const size_t length = strlen(word);
    const bool is = r->size - r->at >= length && memcmp(r->text + r->at, word, length) == 0;
    r->at += is ? length : 0;
    return is;
}

// ---- texts

static bool read_hex(reader *r, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const int c = peek(r);
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return refuse(r, "\\u needs four hexadecimal digits, at byte %zu", r->at + 1);
        }
        *out = *out * 16 + (uint32_t)digit;
    }
    return true;
}

// What follows "\u": one letter of UTF-8, or two halves of one.
static bool read_code(reader *r, char *out, size_t *size) {
    uint32_t code = 0, low = 0;
    if (!read_hex(r, &code)) {
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00) {
        if (!pass_word(r, "\\u") || !read_hex(r, &low) || low < 0xdc00 || low > 0xdfff) {
            return refuse(r, "half a letter at byte %zu", r->at);
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0 || (code >= 0xdc00 && code < 0xe000)) {
        return refuse(r, "a letter that cannot be in a text, at byte %zu", r->at);
    }
    size_t n = 0;
    if (code < 0x80) {
        out[n++] = (char)code;
    } else if (code < 0x800) {
        out[n++] = (char)(0xc0 | (code >> 6));
    } else if (code < 0x10000) {
        out[n++] = (char)(0xe0 | (code >> 12));
        out[n++] = (char)(0x80 | ((code >> 6) & 63));
    } else {
        out[n++] = (char)(0xf0 | (code >> 18));
        out[n++] = (char)(0x80 | ((code >> 12) & 63));
        out[n++] = (char)(0x80 | ((code >> 6) & 63));
    }
    if (code >= 0x80) {
        out[n++] = (char)(0x80 | (code & 63));
    }
    *size = n;
    return true;
}

static bool read_escape(reader *r, char *out, size_t *size) {
    static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const int c = peek(r);
    const char *at = c > 0 ? strchr(plain, c) : NULL;
    r->at += c >= 0;
    if (c == 'u') {
        return read_code(r, out, size);
    }
    if (at == NULL) {
        return refuse(r, "there is no such escape, at byte %zu", r->at);
    }
    out[0] = means[at - plain];
    *size = 1;
    return true;
}

// Into out, zero-terminated; out has room for LS_INFER_TEXT_MOST + 1 bytes.
static bool read_text(reader *r, char *out, size_t *out_length) {
    size_t length = 0;
    if (next(r) != '"') {
        return refuse(r, "a text in double quotes is wanted at byte %zu", r->at + 1);
    }
    for (r->at++; peek(r) != '"';) {
        char letter[4] = {0};
        size_t size = 1;
        const int c = peek(r);
        if (c < 0x20) {
            return c < 0 ? refuse(r, "the body ends within a text")
                         : refuse(r, "a control character in a text, at byte %zu", r->at + 1);
        }
        r->at++;
        letter[0] = (char)c;
        if (c == '\\' && !read_escape(r, letter, &size)) {
            return false;
        }
        if (length + size > LS_INFER_TEXT_MOST) {
            return stop(r, LS_ERR_LIMIT, "a text has more than %d bytes", LS_INFER_TEXT_MOST);
        }
        memcpy(out + length, letter, size);
        length += size;
    }
    r->at++;
    out[length] = '\0';
    *out_length = length;
    return ls_text_is_utf8(out, length, NULL) || refuse(r, "a text is no UTF-8");
}

static bool keep_text(reader *r, const char **out) {
    char text[LS_INFER_TEXT_MOST + 1];
    size_t length = 0;
    if (!read_text(r, text, &length)) {
        return false;
    }
    *out = ls_arena_text(&r->out->arena, text, length);
    return *out != NULL || no_memory(r);
}

// ---- numbers

static size_t pass_digits(reader *r) {
    const size_t from = r->at;
    while (peek(r) >= '0' && peek(r) <= '9') {
        r->at++;
    }
    return r->at - from;
}

// By the grammar of JSON, which has no "01", "1." or "+1".
static bool pass_number(reader *r) {
    r->at += peek(r) == '-';
    const bool zero = peek(r) == '0';
    bool fine = zero ? r->at++ < r->size : pass_digits(r) > 0;
    if (fine && peek(r) == '.') {
        r->at++;
        fine = pass_digits(r) > 0;
    }
    if (fine && (peek(r) == 'e' || peek(r) == 'E')) {
        r->at++;
        r->at += peek(r) == '+' || peek(r) == '-';
        fine = pass_digits(r) > 0;
    }
    return fine;
}

static bool read_number(reader *r, double *out) {
    const size_t from = r->at;
    if (!pass_number(r)) {
        return refuse(r, "there is no number at byte %zu", from + 1);
    }
    return ls_text_parse_double(r->text + from, r->at - from, out) ||
           refuse(r, "the number at byte %zu is larger than a FP64 can be", from + 1);
}

// ---- objects and lists

typedef bool member_fn(reader *r, unsigned key, void *context);

static bool find_key(reader *r, const char *word, const char *const *keys, unsigned count,
                     unsigned *out) {
    for (unsigned k = 0; k < count; k++) {
        if (strcmp(keys[k], word) == 0) {
            *out = k;
            return true;
        }
    }
    const char *near = ls_text_nearest(word, keys, count);
    return near != NULL ? refuse(r, "the unknown key '%.40s'; is '%s' meant?", word, near)
                        : refuse(r, "the unknown key '%.40s'", word);
}

// Each of the keys at most once; *out_seen has a bit for each that was there.
static bool read_object(reader *r, const char *const *keys, unsigned count, member_fn *member,
                        void *context, unsigned *out_seen) {
    const char *above = r->key;
    char word[LS_INFER_TEXT_MOST + 1];
    size_t length = 0;
    *out_seen = 0;
    if (!expect(r, '{')) {
        return false;
    }
    if (next(r) == '}') {
        r->at++;
        return true;
    }
    do {
        unsigned k = 0;
        if (!read_text(r, word, &length) || !find_key(r, word, keys, count, &k)) {
            return false;
        }
        r->key = keys[k];
        if ((*out_seen >> k & 1U) != 0) {
            return refuse(r, "stands there twice");
        }
        *out_seen |= 1U << k;
        if (!expect(r, ':') || !member(r, k, context)) {
            return false;
        }
        r->key = above;
    } while (next(r) == ',' && r->at++ < r->size);
    return expect(r, '}');
}

// A list of objects; read_one is called with each.
static bool read_list(reader *r, const char *name, bool (*read_one)(reader *r)) {
    if (!expect(r, '[')) {
        return false;
    }
    if (next(r) == ']') {
        r->at++;
        return true;
    }
    r->list = name;
    r->index = 0;
    do {
        r->key = NULL;
        if (!read_one(r)) {
            return false;
        }
        r->index++;
    } while (next(r) == ',' && r->at++ < r->size);
    r->list = NULL;
    r->key = name;
    return expect(r, ']');
}

static bool pass_scalar(reader *r) {
    char text[LS_INFER_TEXT_MOST + 1];
    size_t length = 0;
    double number = 0.0;
    const int c = next(r);
    if (c == '"') {
        return read_text(r, text, &length);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(r, &number);
    }
    return pass_word(r, "true") || pass_word(r, "false") ||
           refuse(r, "a parameter is a text, a number, true or false");
}

// Names and scalars; what they mean is somebody else's.
static bool pass_parameters(reader *r, size_t *out_from, size_t *out_size) {
    char word[LS_INFER_TEXT_MOST + 1];
    size_t length = 0;
    uint32_t count = 0;
    (void)next(r);
    *out_from = r->at;
    if (!expect(r, '{')) {
        return false;
    }
    if (next(r) != '}') {
        do {
            if (!read_text(r, word, &length) || !expect(r, ':') || !pass_scalar(r)) {
                return false;
            }
            if (++count > PARAMETERS_MOST) {
                return stop(r, LS_ERR_LIMIT, "more than %d parameters", PARAMETERS_MOST);
            }
        } while (next(r) == ',' && r->at++ < r->size);
    }
    if (!expect(r, '}')) {
        return false;
    }
    *out_size = r->at - *out_from;
    return *out_size <= LS_INFER_PARAMETERS_MOST ||
           stop(r, LS_ERR_LIMIT, "parameters have more than %d bytes", LS_INFER_PARAMETERS_MOST);
}

// ---- a tensor

typedef struct tensor {
    ls_infer_tensor is;
    size_t numbers, truths, missing;
    uint64_t lengths[LS_INFER_DIMS_MOST];  // of the lists, by depth; UINT64_MAX: not known yet
    uint32_t leaves;                       // depth at which elements stand; 0: not known yet
    bool is_binary;                        // says that its elements come behind the JSON
} tensor;

static bool put_value(reader *r, double value) {
    ls_infer_asked *out = r->out;
    if (out->value_count == out->value_room) {
        const size_t room = out->value_room > 0 ? out->value_room * 2 : 128;
        double *grown = ls_realloc(out->values, room * sizeof *grown);
        if (grown == NULL) {
            return no_memory(r);
        }
        out->values = grown;
        out->value_room = room;
    }
    out->values[out->value_count++] = value;
    return true;
}

static bool read_element(reader *r, tensor *t) {
    const int c = peek(r);
    double value = NAN;
    if (c == '-' || (c >= '0' && c <= '9')) {
        if (c == '-' && r->size - r->at > 1 && r->text[r->at + 1] == 'I') {
            return refuse(r, "an infinite value at byte %zu; null is a missing one", r->at + 1);
        }
        t->numbers++;
        return read_number(r, &value) && put_value(r, value);
    }
    if (pass_word(r, "null") || pass_word(r, "NaN")) {
        t->missing++;
        return put_value(r, value);
    }
    if (c == 't' || c == 'f') {
        value = c == 't' ? 1.0 : 0.0;
        t->truths++;
        return pass_word(r, c == 't' ? "true" : "false")
                   ? put_value(r, value)
                   : refuse(r, "no element at byte %zu", r->at + 1);
    }
    return c == '"'   ? refuse(r, "a text at byte %zu where a value should stand", r->at + 1)
           : c == 'I' ? refuse(r, "an infinite value at byte %zu; null is a missing one", r->at + 1)
           : c < 0    ? refuse(r, "the body ends within the data")
                      : refuse(r, "no element at byte %zu", r->at + 1);
}

// The list at this depth (1: the outermost) and those in it, by recursion of bounded depth.
static bool read_data(reader *r, tensor *t, uint32_t depth) {
    uint64_t count = 0;
    if (depth > LS_INFER_DIMS_MOST) {
        return stop(r, LS_ERR_LIMIT, "data nests deeper than %d", LS_INFER_DIMS_MOST);
    }
    if (!expect(r, '[')) {
        return false;
    }
    if (next(r) != ']') {
        do {
            const bool nests = next(r) == '[';
            if (nests ? t->leaves != 0 && t->leaves <= depth
                      : t->leaves != 0 && t->leaves != depth) {
                return refuse(r, "lists and values stand side by side at byte %zu", r->at + 1);
            }
            t->leaves = nests ? t->leaves : depth;
            if (!(nests ? read_data(r, t, depth + 1) : read_element(r, t))) {
                return false;
            }
            count++;
        } while (next(r) == ',' && r->at++ < r->size);
    }
    uint64_t *length = &t->lengths[depth - 1];
    if (*length != UINT64_MAX && *length != count) {
        return refuse(r, "lists of %llu and of %llu elements at one depth",
                      (unsigned long long)*length, (unsigned long long)count);
    }
    *length = count;
    return expect(r, ']');
}

static bool read_shape(reader *r, tensor *t) {
    if (!expect(r, '[')) {
        return false;
    }
    if (next(r) == ']') {
        return refuse(r, "has no dimension");
    }
    do {
        double dim = 0.0;
        (void)next(r);
        if (!read_number(r, &dim)) {
            return false;
        }
        if (!(dim >= 0.0 && dim <= (double)DIM_MOST) || dim != floor(dim)) {
            return refuse(r, "dimension %u must be a whole number from 0 to %llu", t->is.rank,
                          (unsigned long long)DIM_MOST);
        }
        if (t->is.rank == LS_INFER_DIMS_MOST) {
            return stop(r, LS_ERR_LIMIT, "has more than %d dimensions", LS_INFER_DIMS_MOST);
        }
        t->is.dims[t->is.rank++] = (uint64_t)dim;
    } while (next(r) == ',' && r->at++ < r->size);
    return expect(r, ']');
}

static bool read_type(reader *r, tensor *t) {
    char word[LS_INFER_TEXT_MOST + 1];
    size_t length = 0;
    if (!read_text(r, word, &length)) {
        return false;
    }
    for (unsigned i = 0; i < LS_INFER_BYTES; i++) {
        if (strcmp(types[i].name, word) == 0) {
            t->is.type = (ls_infer_type)i;
            return true;
        }
    }
    return strcmp(word, "BYTES") == 0
               ? refuse(r, "BYTES is not taken: a feature is a number, not a text")
               : refuse(r,
                        "'%.40s' is none of BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, "
                        "FP64",
                        word);
}

static bool read_tensor_parameters(reader *r, tensor *t) {
    static const char binary[] = "\"binary_data_size\"";
    size_t from = 0, size = 0;
    if (!pass_parameters(r, &from, &size)) {
        return false;
    }
    for (size_t i = from; i + sizeof binary - 1 <= from + size; i++) {
        t->is_binary |= memcmp(r->text + i, binary, sizeof binary - 1) == 0;
    }
    return true;
}

enum { NAME, SHAPE, DATATYPE, DATA, PARAMETERS };
static const char *const tensor_keys[] = {"name", "shape", "datatype", "data", "parameters"};

static bool read_tensor_member(reader *r, unsigned key, void *context) {
    tensor *t = context;
    switch (key) {
    case NAME: return keep_text(r, &t->is.name);
    case SHAPE: return read_shape(r, t);
    case DATATYPE: return read_type(r, t);
    case DATA: return read_data(r, t, 1);
    default: return read_tensor_parameters(r, t);
    }
}

static bool check_shape(reader *r, const tensor *t) {
    uint64_t wanted = 1;
    r->key = "shape";
    for (uint32_t d = 0; d < t->is.rank; d++) {
        wanted = t->is.dims[d] != 0 && wanted > DIM_MOST / t->is.dims[d] ? DIM_MOST + 1
                                                                         : wanted * t->is.dims[d];
    }
    if (wanted != t->is.count) {
        return wanted > DIM_MOST
                   ? refuse(r, "wants more elements than there can be; data has %zu", t->is.count)
                   : refuse(r, "wants %llu elements, data has %zu", (unsigned long long)wanted,
                            t->is.count);
    }
    if (t->leaves > 1 && t->leaves != t->is.rank) {
        return refuse(r, "has %u dimensions, data nests %u deep; it may also be flat", t->is.rank,
                      t->leaves);
    }
    for (uint32_t d = 0; t->leaves > 1 && d < t->is.rank; d++) {
        if (t->lengths[d] != t->is.dims[d]) {
            return refuse(r, "dimension %u is %llu, that of data %llu", d,
                          (unsigned long long)t->is.dims[d], (unsigned long long)t->lengths[d]);
        }
    }
    return true;
}

static bool check_elements(reader *r, const tensor *t) {
    const ls_infer_type type = t->is.type;
    r->key = "data";
    if (type == LS_INFER_BOOL ? t->numbers > 0 : t->truths > 0) {
        return type == LS_INFER_BOOL ? refuse(r, "elements of BOOL are true, false or null")
                                     : refuse(r, "true and false are no %s", types[type].name);
    }
    for (size_t i = 0; i < t->is.count; i++) {
        const double v = r->out->values[t->is.first + i];
        if (!isnan(v) && (v < types[type].least || v > types[type].most ||
                          (types[type].whole && v != floor(v)))) {
            return refuse(r, "element %zu, %.9g, is no %s", i, v, types[type].name);
        }
    }
    return true;
}

static bool put_tensor(reader *r, const tensor *t) {
    ls_infer_asked *out = r->out;
    if (out->input_count == LS_INFER_INPUTS_MOST) {
        return stop(r, LS_ERR_LIMIT, "more than %d inputs", LS_INFER_INPUTS_MOST);
    }
    if (out->input_count == out->input_room) {
        const size_t room = out->input_room > 0 ? out->input_room * 2 : 4;
        ls_infer_tensor *grown = ls_realloc(out->inputs, room * sizeof *grown);
        if (grown == NULL) {
            return no_memory(r);
        }
        out->inputs = grown;
        out->input_room = room;
    }
    out->inputs[out->input_count++] = t->is;
    return true;
}

static bool read_input(reader *r) {
    tensor t = {.is = {.first = r->out->value_count}};
    unsigned seen = 0;
    memset(t.lengths, 0xff, sizeof t.lengths);
    if (!read_object(r, tensor_keys, 5, read_tensor_member, &t, &seen)) {
        return false;
    }
    for (unsigned k = NAME; k <= DATA; k++) {
        if ((seen >> k & 1U) == 0) {
            return k == DATA && t.is_binary
                       ? refuse(r, "'data' is missing; tensors behind the JSON are not taken")
                       : refuse(r, "'%s' is missing", tensor_keys[k]);
        }
    }
    t.is.count = r->out->value_count - t.is.first;
    return check_shape(r, &t) && check_elements(r, &t) && put_tensor(r, &t);
}

// ---- what is wanted

static bool read_output_member(reader *r, unsigned key, void *context) {
    size_t from = 0, size = 0;
    return key == 0 ? keep_text(r, context) : pass_parameters(r, &from, &size);
}

static bool read_output(reader *r) {
    static const char *const keys[] = {"name", "parameters"};
    ls_infer_asked *out = r->out;
    const char *name = NULL;
    unsigned seen = 0;
    if (!read_object(r, keys, 2, read_output_member, &name, &seen)) {
        return false;
    }
    if (name == NULL) {
        return refuse(r, "'name' is missing");
    }
    if (out->output_count == LS_INFER_OUTPUTS_MOST) {
        return stop(r, LS_ERR_LIMIT, "more than %d outputs", LS_INFER_OUTPUTS_MOST);
    }
    out->outputs[out->output_count++] = name;
    return true;
}

// ---- the whole

enum { ID, OUR_PARAMETERS, INPUTS, OUTPUTS };

static bool read_member(reader *r, unsigned key, void *context) {
    ls_infer_asked *out = context;
    size_t from = 0;
    switch (key) {
    case ID: return keep_text(r, &out->id);
    case OUR_PARAMETERS:
        if (!pass_parameters(r, &from, &out->parameters_size)) {
            return false;
        }
        out->parameters = r->text + from;
        return true;
    case INPUTS: return read_list(r, "inputs", read_input);
    default: return read_list(r, "outputs", read_output);
    }
}

ls_status ls_infer_read(const char *text, size_t size, ls_infer_asked *out, ls_error *err) {
    static const char *const keys[] = {"id", "parameters", "inputs", "outputs"};
    reader r = {.text = text, .size = size, .out = out, .err = err};
    unsigned seen = 0;
    *out = (ls_infer_asked){0};
    ls_arena_init(&out->arena);
    if (size > LS_INFER_BODY_MOST) {
        (void)stop(&r, LS_ERR_LIMIT, "the body has more than %d bytes", LS_INFER_BODY_MOST);
    } else if (read_object(&r, keys, 4, read_member, out, &seen)) {
        if (next(&r) >= 0) {
            (void)refuse(&r, "something follows the object, at byte %zu", r.at + 1);
        } else if (out->input_count == 0) {
            (void)refuse(&r, "there are no 'inputs'");
        }
    }
    return r.status;
}

void ls_infer_asked_clear(ls_infer_asked *asked) {
    ls_free(asked->values);
    ls_free(asked->inputs);
    ls_arena_clear(&asked->arena);
    *asked = (ls_infer_asked){0};
}
