// openb.c - see openb.h.
#include "import/openb.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/random.h"
#include "base/text.h"

typedef struct openb_reader {
    ls_csv csv;
    const char *file;
    ls_arena *arena;
    ls_error *err;
} openb_reader;

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "no memory for the openb trace");
}

static ls_status column(const openb_reader *r, const char *name, int *out) {
    *out = ls_csv_column(&r->csv, name);
    if (*out < 0) {
        ls_fail_at(r->err, LS_ERR_INVALID, r->file, 1, 1, "there is no column '%s'", name);
        ls_hint(r->err,
                "nodes have the columns sn, cpu_milli, memory_mib, gpu, model; pods name, "
                "cpu_milli, memory_mib, num_gpu, gpu_milli");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status number(const openb_reader *r, size_t row, int at, uint32_t most, uint32_t *out) {
    const char *cell = r->csv.rows[row][at];
    int64_t value = -1;
    if (!ls_text_parse_i64(cell, strlen(cell), &value) || value < 0 || value > most) {
        return ls_fail_at(r->err, LS_ERR_INVALID, r->file, r->csv.lines[row],
                          ls_csv_place(&r->csv, row, (size_t)at),
                          "%s '%.60s': a whole number from 0 to %u is needed", r->csv.columns[at],
                          cell, most);
    }
    *out = (uint32_t)value;
    return LS_OK;
}

static ls_status parse(openb_reader *r, const char *text, size_t size) {
    return ls_csv_parse(text, size, ',', r->file, r->arena, &r->csv, r->err);
}

// How many there are like each row: 1 where there is no column `count`. *out_all: of all rows.
static ls_status counts(const openb_reader *r, uint32_t **out, size_t *out_all) {
    const int at = ls_csv_column(&r->csv, "count");
    *out = ls_arena_alloc(r->arena, (r->csv.row_count + 1) * sizeof **out);
    *out_all = 0;
    ls_status status = *out == NULL ? no_memory(r->err) : LS_OK;
    for (size_t i = 0; status == LS_OK && i < r->csv.row_count; i++) {
        (*out)[i] = 1;
        status = at < 0 ? LS_OK : number(r, i, at, 1000000, *out + i);
        *out_all += (*out)[i];
    }
    if (status == LS_OK && *out_all > LS_OPENB_ROWS_MAX) {
        return ls_fail_at(r->err, LS_ERR_LIMIT, r->file, 1, 1, "%zu rows, %d at most", *out_all,
                          LS_OPENB_ROWS_MAX);
    }
    return status;
}

// The kind of this name, added when it is new.
static ls_status kind_get(const openb_reader *r, size_t row, int at, ls_gpu_kind *kinds,
                          uint32_t *count, uint32_t *out) {
    const char *name = r->csv.rows[row][at];
    uint32_t k = 0;
    while (k < *count && strcmp(kinds[k].name, name) != 0) {
        k++;
    }
    if (k == LS_POOL_KINDS_MAX || name[0] == '\0') {
        return ls_fail_at(
            r->err, LS_ERR_INVALID, r->file, r->csv.lines[row],
            ls_csv_place(&r->csv, row, (size_t)at), "model '%.60s': %s", name,
            name[0] == '\0' ? "a node with GPUs needs one" : "this is one too many, 32 at most");
    }
    if (k == *count) {
        kinds[(*count)++] = (ls_gpu_kind){.name = name};
    }
    *out = k;
    return LS_OK;
}

ls_status ls_openb_nodes(const char *text, size_t size, const char *file, ls_arena *arena,
                         ls_cluster *out, ls_error *err) {
    openb_reader r = {.file = file, .arena = arena, .err = err};
    int name = 0, cpu = 0, memory = 0, gpus = 0, model = 0;
    ls_status status = parse(&r, text, size);
    status = status != LS_OK ? status : column(&r, "sn", &name);
    status = status != LS_OK ? status : column(&r, "cpu_milli", &cpu);
    status = status != LS_OK ? status : column(&r, "memory_mib", &memory);
    status = status != LS_OK ? status : column(&r, "gpu", &gpus);
    status = status != LS_OK ? status : column(&r, "model", &model);
    if (status != LS_OK) {
        return status;
    }
    uint32_t *count = NULL;
    size_t all = 0;
    status = counts(&r, &count, &all);
    if (status != LS_OK) {
        return status;
    }
    ls_pool_node *nodes = ls_arena_alloc(arena, (all + 1) * sizeof *nodes);
    ls_gpu_kind *kinds = ls_arena_alloc(arena, LS_POOL_KINDS_MAX * sizeof *kinds);
    if (nodes == NULL || kinds == NULL) {
        return no_memory(err);
    }
    *out = (ls_cluster){.kinds = kinds, .nodes = nodes, .node_count = (uint32_t)all};
    for (size_t i = 0, at = 0; status == LS_OK && i < r.csv.row_count; i++) {
        ls_pool_node *n = nodes + at;
        if (count[i] == 0) {
            continue;
        }
        *n = (ls_pool_node){
            .name = r.csv.rows[i][name], .unit = LS_POOL_NONE, .kind = LS_POOL_NONE};
        status = number(&r, i, cpu, UINT32_MAX, &n->cpu_milli);
        status = status != LS_OK ? status : number(&r, i, memory, UINT32_MAX, &n->memory_mib);
        status = status != LS_OK ? status : number(&r, i, gpus, LS_POOL_NODE_GPUS_MAX, &n->gpus);
        if (status == LS_OK && n->gpus > 0) {
            status = kind_get(&r, i, model, kinds, &out->kind_count, &n->kind);
        }
        for (uint32_t more = 1; more < count[i]; more++) {
            n[more] = *n;
        }
        out->gpus += (uint64_t)n->gpus * count[i];
        at += count[i];
    }
    return status;
}

// `V100M16|V100M32`: the kinds of these names; empty: all.
static ls_status kinds_of(const openb_reader *r, size_t row, int at, const ls_cluster *c,
                          uint32_t *out) {
    const char *text = at < 0 ? "" : r->csv.rows[row][at];
    *out = text[0] == '\0' ? (uint32_t)(((uint64_t)1 << c->kind_count) - 1) : 0;
    while (text[0] != '\0') {
        const size_t length = strcspn(text, "|");
        uint32_t k = 0;
        while (k < c->kind_count &&
               (strncmp(c->kinds[k].name, text, length) != 0 || c->kinds[k].name[length] != '\0')) {
            k++;
        }
        if (k == c->kind_count) {
            return ls_fail_at(r->err, LS_ERR_INVALID, r->file, r->csv.lines[row],
                              ls_csv_place(&r->csv, row, (size_t)at),
                              "gpu_spec '%.60s': no node has GPUs of model '%.*s'",
                              r->csv.rows[row][at], (int)(length < 40 ? length : 40), text);
        }
        *out |= (uint32_t)1 << k;
        text += length + (text[length] == '|');
    }
    return LS_OK;
}

static ls_status read_pod(const openb_reader *r, size_t row, const int *at, const ls_cluster *c,
                          ls_shape *out) {
    uint32_t gpus = 0, milli = 0;
    *out = (ls_shape){.parts = 1};
    ls_status status = number(r, row, at[0], UINT32_MAX, &out->cpu_milli);
    status = status != LS_OK ? status : number(r, row, at[1], UINT32_MAX, &out->memory_mib);
    status = status != LS_OK ? status : number(r, row, at[2], LS_POOL_NODE_GPUS_MAX, &gpus);
    status = status != LS_OK ? status : number(r, row, at[3], LS_POOL_WHOLE, &milli);
    if (status != LS_OK || gpus == 0) {
        return status;
    }
    const bool fraction = milli > 0 && milli < LS_POOL_WHOLE;
    if (fraction && gpus > 1) {
        return ls_fail_at(r->err, LS_ERR_INVALID, r->file, r->csv.lines[row],
                          ls_csv_place(&r->csv, row, (size_t)at[3]),
                          "gpu_milli '%u': a part of a GPU is for pods of one GPU; this one has %u",
                          milli, gpus);
    }
    out->gpus = fraction ? 0 : gpus;
    out->milli = fraction ? milli : 0;
    return kinds_of(r, row, at[4], c, &out->kinds);
}

ls_status ls_openb_pods_read(const char *text, size_t size, const char *file,
                             const ls_cluster *cluster, ls_arena *arena, ls_openb_pods *out,
                             ls_error *err) {
    openb_reader r = {.file = file, .arena = arena, .err = err};
    int at[5] = {0};
    ls_status status = parse(&r, text, size);
    status = status != LS_OK ? status : column(&r, "cpu_milli", at);
    status = status != LS_OK ? status : column(&r, "memory_mib", at + 1);
    status = status != LS_OK ? status : column(&r, "num_gpu", at + 2);
    status = status != LS_OK ? status : column(&r, "gpu_milli", at + 3);
    if (status != LS_OK) {
        return status;
    }
    at[4] = ls_csv_column(&r.csv, "gpu_spec");
    uint32_t *count = NULL;
    *out = (ls_openb_pods){0};
    status = counts(&r, &count, &out->count);
    if (status != LS_OK) {
        return status;
    }
    out->shapes = ls_arena_alloc(arena, (out->count + 1) * sizeof *out->shapes);
    if (out->shapes == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0, next = 0; status == LS_OK && i < r.csv.row_count; i++) {
        ls_shape shape = {0};
        status = read_pod(&r, i, at, cluster, &shape);
        out->milli += ls_shape_milli(&shape) * count[i];
        for (uint32_t n = 0; n < count[i]; n++) {
            out->shapes[next++] = shape;
        }
    }
    return status;
}

static int by_shape(const void *a, const void *b) {
    const ls_shape *x = a, *y = b;
    const uint32_t of_x[] = {x->gpus, x->milli, x->cpu_milli, x->kinds};
    const uint32_t of_y[] = {y->gpus, y->milli, y->cpu_milli, y->kinds};
    for (size_t i = 0; i < 4; i++) {
        if (of_x[i] != of_y[i]) {
            return of_x[i] < of_y[i] ? -1 : 1;
        }
    }
    return 0;
}

typedef struct counted {
    ls_shape shape;
    size_t count;
} counted;

static int by_count(const void *a, const void *b) {
    const counted *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : by_shape(&x->shape, &y->shape);
}

ls_status ls_openb_demand(const ls_openb_pods *pods, ls_arena *arena, ls_demand *out,
                          ls_error *err) {
    ls_shape *sorted = ls_arena_alloc(arena, (pods->count + 1) * sizeof *sorted);
    counted *all = ls_arena_alloc(arena, (pods->count + 1) * sizeof *all);
    ls_shape *shapes = ls_arena_alloc(arena, (pods->count + 1) * sizeof *shapes);
    double *weights = ls_arena_alloc(arena, (pods->count + 1) * sizeof *weights);
    if (sorted == NULL || all == NULL || shapes == NULL || weights == NULL) {
        return no_memory(err);
    }
    memcpy(sorted, pods->shapes, pods->count * sizeof *sorted);
    qsort(sorted, pods->count, sizeof *sorted, by_shape);
    size_t count = 0;
    for (size_t i = 0; i < pods->count; i++) {
        if (i == 0 || by_shape(sorted + i - 1, sorted + i) != 0) {
            all[count++] = (counted){.shape = sorted[i]};
            all[count - 1].shape.memory_mib = 0;
        }
        all[count - 1].count++;
    }
    qsort(all, count, sizeof *all, by_count);
    size_t kept = 0, sum = 0;
    while (kept < count && (double)sum < 0.95 * (double)pods->count) {
        sum += all[kept++].count;
    }
    for (size_t i = 0; i < kept; i++) {
        shapes[i] = all[i].shape;
        weights[i] = (double)all[i].count / (double)sum;
    }
    *out = (ls_demand){.shapes = shapes, .weights = weights, .count = (uint32_t)kept};
    return LS_OK;
}

ls_status ls_openb_arrivals(const ls_openb_pods *pods, const ls_cluster *cluster, double ratio,
                            uint64_t seed, ls_arena *arena, ls_openb_pods *out, ls_error *err) {
    const double limit = ratio * (double)cluster->gpus * LS_POOL_WHOLE;
    // More are drawn only while they ask for GPUs; a list without any ends at once.
    size_t room = pods->count * 2 + 16, drawn = 0;
    while (pods->milli > 0 &&
           (double)pods->milli * (double)room < limit * 4.0 * (double)pods->count) {
        room *= 2;
    }
    ls_openb_pods all = {.shapes = ls_arena_alloc(arena, room * sizeof *all.shapes),
                         .count = pods->count,
                         .milli = pods->milli};
    if (all.shapes == NULL) {
        return no_memory(err);
    }
    memcpy(all.shapes, pods->shapes, pods->count * sizeof *all.shapes);
    while (pods->milli > 0 && all.count < room) {
        const size_t at = (size_t)(ls_random_uniform(seed, 1, drawn++) * (double)pods->count);
        const ls_shape *s = pods->shapes + (at < pods->count ? at : pods->count - 1);
        if ((double)(all.milli + ls_shape_milli(s)) > limit) {
            break;
        }
        all.milli += ls_shape_milli(s);
        all.shapes[all.count++] = *s;
    }
    for (size_t i = all.count; i > 1; i--) {
        const size_t at = (size_t)(ls_random_uniform(seed, 2, i) * (double)i);
        const ls_shape swap = all.shapes[i - 1];
        all.shapes[i - 1] = all.shapes[at < i ? at : i - 1];
        all.shapes[at < i ? at : i - 1] = swap;
    }
    *out = all;
    return LS_OK;
}
