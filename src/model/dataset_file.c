// dataset_file.c - datasets as files: see the head of dataset.h for the format.
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "model/dataset.h"

static const char magic[8] = {'L', 'S', 'D', 'A', 'T', 'A', '1', '\n'};
enum { HEAD = 16, HEADER_MAX = 1 << 30 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they stand");

// ---- writing

static json_t *names_json(const char *const *names, uint32_t count) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        if (json_array_append_new(list, json_string(names[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

// The header, filled with blanks to a multiple of 8; freed by free. NULL: a name is not UTF-8, or
// out of memory.
static char *header_of(const ls_dataset *d, size_t *out_size) {
    json_t *object = json_object();
    char *text = NULL, *padded = NULL;
    if (json_object_set_new(object, "version", json_integer(d->latest != NULL ? 2 : 1)) == 0 &&
        json_object_set_new(object, "rows", json_integer((json_int_t)d->row_count)) == 0 &&
        json_object_set_new(object, "columns", names_json(d->columns, d->column_count)) == 0 &&
        json_object_set_new(object, "units", names_json(d->units, d->unit_count)) == 0 &&
        json_object_set_new(object, "label", json_string(d->label_name)) == 0) {
        text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    }
    if (text != NULL) {
        const size_t size = strlen(text);
        *out_size = (size + 7) / 8 * 8;
        padded = malloc(*out_size);
        if (padded != NULL) {
            memset(padded, ' ', *out_size);
            memcpy(padded, text, size);
        }
    }
    free(text);
    json_decref(object);
    return padded;
}

typedef struct pieces {
    struct {
        const void *bytes;
        size_t size;
    } at[11];
    int count;
} pieces;

static void piece(pieces *p, const void *bytes, size_t size) {
    p->at[p->count].bytes = bytes;
    p->at[p->count++].size = size;
}

static pieces pieces_of(const ls_dataset *d, const uint64_t *header_size, const char *header) {
    static const char zeros[4];
    const size_t rows = d->row_count;
    const size_t cells = rows * d->column_count * sizeof(float);
    pieces p = {.count = 0};
    piece(&p, magic, sizeof magic);
    piece(&p, header_size, sizeof *header_size);
    piece(&p, header, (size_t)*header_size);
    piece(&p, d->values, cells);
    piece(&p, zeros, cells % 8);
    piece(&p, d->time_us, rows * sizeof *d->time_us);
    piece(&p, d->known_us, rows * sizeof *d->known_us);
    piece(&p, d->label, rows * sizeof *d->label);
    piece(&p, d->weight, rows * sizeof *d->weight);
    piece(&p, d->unit, rows * sizeof *d->unit);
    if (d->latest != NULL) {
        piece(&p, d->latest, rows * sizeof *d->latest);
    }
    return p;
}

static ls_status make_header(const ls_dataset *d, char **out, uint64_t *out_size, ls_error *err) {
    size_t size = 0;
    *out = header_of(d, &size);
    *out_size = size;
    return *out != NULL ? LS_OK
                        : ls_fail(err, LS_ERR_MEMORY,
                                  "out of memory for a dataset's header, or a name is not UTF-8");
}

ls_status ls_dataset_hash(const ls_dataset *dataset, uint8_t out[LS_SHA256_SIZE], ls_error *err) {
    char *header = NULL;
    uint64_t header_size = 0;
    const ls_status status = make_header(dataset, &header, &header_size, err);
    if (status != LS_OK) {
        return status;
    }
    const pieces p = pieces_of(dataset, &header_size, header);
    ls_sha256 sha;
    ls_sha256_init(&sha);
    for (int i = 0; i < p.count; i++) {
        ls_sha256_add(&sha, p.at[i].bytes, p.at[i].size);
    }
    ls_sha256_end(&sha, out);
    free(header);
    return LS_OK;
}

ls_status ls_dataset_pack(const ls_dataset *dataset, ls_arena *arena, unsigned char **out,
                          size_t *out_size, ls_error *err) {
    char *header = NULL;
    uint64_t header_size = 0;
    ls_status status = make_header(dataset, &header, &header_size, err);
    if (status != LS_OK) {
        return status;
    }
    const pieces p = pieces_of(dataset, &header_size, header);
    size_t size = LS_SHA256_SIZE, at = 0;
    for (int i = 0; i < p.count; i++) {
        size += p.at[i].size;
    }
    unsigned char *bytes = ls_arena_alloc(arena, size);
    if (bytes == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a dataset's file");
    }
    for (int i = 0; i < p.count && bytes != NULL; i++) {
        if (p.at[i].size > 0) {
            memcpy(bytes + at, p.at[i].bytes, p.at[i].size);
        }
        at += p.at[i].size;
    }
    if (bytes != NULL) {
        ls_sha256_of(bytes, at, bytes + at);
        *out = bytes;
        *out_size = size;
    }
    free(header);
    return status;
}

ls_status ls_dataset_write(const ls_dataset *dataset, const char *path, ls_error *err) {
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *bytes = NULL;
    size_t size = 0;
    ls_status status = ls_dataset_pack(dataset, &arena, &bytes, &size, err);
    if (status == LS_OK) {
        status = ls_file_write(path, bytes, size, err);
    }
    ls_arena_clear(&arena);
    return status;
}

// ---- reading

typedef struct reading {
    const char *name;
    ls_error *err;
} reading;

static ls_status wrong(const reading *r, const char *what) {
    return ls_fail_at(r->err, LS_ERR_INVALID, r->name, 0, 0, "not a dataset: %s", what);
}

static bool take_names(const json_t *list, size_t most, size_t *out_count) {
    *out_count = json_array_size(list);
    if (!json_is_array(list) || *out_count > most) {
        return false;
    }
    for (size_t i = 0; i < *out_count; i++) {
        const json_t *name = json_array_get(list, i);
        if (!json_is_string(name) || json_string_length(name) == 0 ||
            strlen(json_string_value(name)) != json_string_length(name)) {
            return false;
        }
    }
    return true;
}

static ls_status keep_names(const json_t *list, ls_dataset *d, const char **out, const reading *r) {
    ls_names names;
    ls_status status = LS_OK;
    ls_names_init(&names);
    for (size_t i = 0; i < json_array_size(list) && status == LS_OK; i++) {
        const json_t *name = json_array_get(list, i);
        out[i] = ls_arena_text(&d->arena, json_string_value(name), json_string_length(name));
        if (out[i] == NULL) {
            status = ls_fail(r->err, LS_ERR_MEMORY, "out of memory for a dataset");
        } else if (ls_names_add(&names, 0, out[i], (uint32_t)i) != UINT32_MAX) {
            status = ls_fail_at(r->err, LS_ERR_INVALID, r->name, 0, 0,
                                "not a dataset: the name '%s' stands twice in the header", out[i]);
        }
    }
    if (status == LS_OK && names.failed) {
        status = ls_fail(r->err, LS_ERR_MEMORY, "out of memory for a dataset");
    }
    ls_names_clear(&names);
    return status;
}

static ls_status read_header(const json_t *object, ls_dataset *out, const reading *r) {
    const json_t *rows = json_object_get(object, "rows");
    const json_t *columns = json_object_get(object, "columns");
    const json_t *units = json_object_get(object, "units");
    const json_t *label = json_object_get(object, "label");
    const json_t *version = json_object_get(object, "version");
    size_t column_count = 0, unit_count = 0;
    if (!json_is_integer(version) || json_integer_value(version) < 1 ||
        json_integer_value(version) > 2) {
        return ls_fail_at(r->err, LS_ERR_VERSION, r->name, 0, 0,
                          "a dataset whose header says neither \"version\":1 nor \"version\":2");
    }
    if (!json_is_integer(rows) || json_integer_value(rows) < 0 ||
        json_integer_value(rows) > (json_int_t)LS_DATASET_ROWS_MAX) {
        return wrong(r, "\"rows\" in its header is no number of rows");
    }
    if (!take_names(columns, LS_DATASET_COLUMNS_MAX, &column_count)) {
        return wrong(r, "\"columns\" in its header is no list of at most 4096 names");
    }
    if (!take_names(units, LS_DATASET_UNITS_MAX, &unit_count)) {
        return wrong(r, "\"units\" in its header is no list of names");
    }
    if (!json_is_string(label)) {
        return wrong(r, "\"label\" in its header is no text");
    }
    // Before anything of that size is asked for: the caller knows how many bytes there are.
    out->row_count = (size_t)json_integer_value(rows);
    out->column_count = (uint32_t)column_count;
    out->unit_count = (uint32_t)unit_count;
    return LS_OK;
}

static bool has_latest(const json_t *header) {
    return json_integer_value(json_object_get(header, "version")) == 2;
}

static size_t body_size(const ls_dataset *d, bool latest) {
    const size_t cells = d->row_count * d->column_count * sizeof(float);
    return cells + cells % 8 + d->row_count * (8 + 8 + 8 + 4 + 4 + (latest ? sizeof(double) : 0));
}

static ls_status check_row(const ls_dataset *d, size_t row, const reading *r) {
    const char *what = NULL;
    if (d->unit[row] >= d->unit_count) {
        what = "its unit is none of the header's";
    } else if (!(d->weight[row] >= 0.0F) || isinf(d->weight[row])) {
        what = "its weight is no number of 0 or more";
    } else if (isinf(d->label[row])) {
        what = "its label is infinite";
    } else if (d->known_us[row] < d->time_us[row]) {
        what = "its label was known before its moment";
    } else if (isnan(d->label[row]) != (d->known_us[row] == LS_KNOWN_NEVER)) {
        what = "a label and the moment at which it became known go together";
    } else if (d->latest != NULL && !isnan(d->label[row]) && !(d->latest[row] >= d->label[row])) {
        what = "the latest that its label may be is before the label";
    } else if (row > 0 &&
               (d->time_us[row] < d->time_us[row - 1] ||
                (d->time_us[row] == d->time_us[row - 1] && d->unit[row] < d->unit[row - 1]))) {
        what = "rows stand in the order of (time, unit)";
    }
    return what == NULL ? LS_OK
                        : ls_fail_at(r->err, LS_ERR_INVALID, r->name, 0, 0,
                                     "not a dataset: row %zu: %s", row, what);
}

static ls_status read_body(const unsigned char *at, ls_dataset *d, const reading *r) {
    const size_t rows = d->row_count, cells = rows * d->column_count * sizeof(float);
    if (rows > 0) {  // memcpy wants a place even for nothing
        memcpy(d->values, at, cells);
        at += cells + cells % 8;
        memcpy(d->time_us, at, rows * 8);
        memcpy(d->known_us, at + rows * 8, rows * 8);
        memcpy(d->label, at + rows * 16, rows * 8);
        memcpy(d->weight, at + rows * 24, rows * 4);
        memcpy(d->unit, at + rows * 28, rows * 4);
        if (d->latest != NULL) {
            memcpy(d->latest, at + rows * 32, rows * 8);
        }
    }
    for (size_t i = 0; i < rows * d->column_count; i++) {
        if (isinf(d->values[i])) {
            return ls_fail_at(r->err, LS_ERR_INVALID, r->name, 0, 0,
                              "not a dataset: row %zu: column '%s' is infinite",
                              i / d->column_count, d->columns[i % d->column_count]);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        const ls_status status = check_row(d, i, r);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static ls_status build(const json_t *header, const ls_dataset *sizes, const unsigned char *body,
                       ls_dataset *out, const reading *r) {
    ls_status status = ls_dataset_init(out, sizes->row_count, sizes->column_count,
                                       sizes->unit_count, r->err);
    if (status != LS_OK) {
        return status;
    }
    const json_t *label = json_object_get(header, "label");
    out->label_name = ls_arena_text(&out->arena, json_string_value(label),
                                    strlen(json_string_value(label)));
    status = out->label_name != NULL
                 ? keep_names(json_object_get(header, "columns"), out, out->columns, r)
                 : ls_fail(r->err, LS_ERR_MEMORY, "out of memory for a dataset");
    if (status == LS_OK) {
        status = keep_names(json_object_get(header, "units"), out, out->units, r);
    }
    if (status == LS_OK && has_latest(header)) {
        status = ls_dataset_bound(out, r->err);
    }
    if (status == LS_OK) {
        status = read_body(body, out, r);
    }
    if (status != LS_OK) {
        ls_dataset_clear(out);
    }
    return status;
}

ls_status ls_dataset_unpack(const void *bytes, size_t size, const char *name, ls_dataset *out,
                            ls_error *err) {
    const reading r = {.name = name, .err = err};
    const unsigned char *p = bytes;
    uint64_t header_size = 0;
    memset(out, 0, sizeof *out);
    ls_arena_init(&out->arena);
    if (size < HEAD + LS_SHA256_SIZE || memcmp(p, magic, sizeof magic) != 0) {
        return wrong(&r, "it does not begin with LSDATA1");
    }
    memcpy(&header_size, p + sizeof magic, sizeof header_size);
    const size_t rest = size - HEAD - LS_SHA256_SIZE;
    if (header_size % 8 != 0 || header_size > HEADER_MAX || header_size > rest) {
        return wrong(&r, "its header is longer than the file");
    }
    uint8_t sum[LS_SHA256_SIZE];
    ls_sha256_of(p, size - LS_SHA256_SIZE, sum);
    if (memcmp(sum, p + size - LS_SHA256_SIZE, sizeof sum) != 0) {
        return wrong(&r, "the SHA-256 at its end is not that of the bytes before it");
    }
    json_error_t where;
    json_t *header = json_loadb((const char *)p + HEAD, (size_t)header_size, JSON_REJECT_DUPLICATES,
                                &where);
    if (!json_is_object(header)) {
        json_decref(header);
        return wrong(&r, "its header is no JSON object");
    }
    ls_dataset sizes = {0};
    ls_status status = read_header(header, &sizes, &r);
    if (status == LS_OK && rest - (size_t)header_size != body_size(&sizes, has_latest(header))) {
        status = wrong(&r, "it has more or fewer bytes than its header says");
    }
    if (status == LS_OK) {
        status = build(header, &sizes, p + HEAD + header_size, out, &r);
    }
    json_decref(header);
    return status;
}

ls_status ls_dataset_read(const char *path, ls_dataset *out, ls_error *err) {
    ls_arena arena;
    char *bytes = NULL;
    size_t size = 0;
    ls_arena_init(&arena);
    memset(out, 0, sizeof *out);
    ls_status status = ls_file_read(path, LS_DATASET_BYTES_MAX, &arena, &bytes, &size, err);
    if (status == LS_OK) {
        status = ls_dataset_unpack(bytes, size, path, out, err);
    }
    ls_arena_clear(&arena);
    return status;
}
