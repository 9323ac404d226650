// pool_trace.c - see pool_trace.h.
#include "import/pool_trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/names.h"
#include "base/random.h"
#include "base/text.h"
#include "base/units.h"
#include "base/whole.h"

#define DAY_US LS_US_PER_DAY
#define SUBMIT_MAX_S 253402300800.0  // the year 10000, in seconds since 1970

enum { STREAM_BLOCKS = 21 };

// The columns of a format; NULL: it has none for that.
typedef struct trace_format {
    const char *name;
    const char *submit, *run, *gpus, *who, *nodes, *priority, *limit, *milli, *deadline, *most;
    const char *spot, *spot_word;  // a spot job has this word there
    const char *demand;
    const char *job, *after, *array, *fails;
} trace_format;

static const trace_format formats[] = {
    {"ours", "submit_s", "run_s", "gpus", "account", "nodes", "priority", "limit_s", "milli",
     "deadline_s", "gpus_most", "spot", "1", "load", "job", "after", "array", "fails"},
    {.name = "philly",
     .submit = "timestamp",
     .run = "duration",
     .gpus = "num_gpus",
     .who = "cluster"},
    {.name = "helios",
     .submit = "submit_time",
     .run = "duration",
     .gpus = "gpu_num",
     .who = "vc",
     .nodes = "node_num"},
    {.name = "acme",
     .submit = "submit_time",
     .run = "duration",
     .gpus = "gpu_num",
     .who = "user",
     .nodes = "node_num"},
    {.name = "spot",
     .submit = "submit_time",
     .run = "duration",
     .gpus = "gpu_request",
     .who = "organization",
     .nodes = "worker_num",
     .spot = "job_type",
     .spot_word = "Spot"},
};

typedef struct trace_reader {
    const trace_format *format;
    const ls_csv *csv;
    const char *file;
    int submit, run, gpus, who, nodes, priority, limit, milli, deadline, most, spot;
    int demand, job, after, array, fails;
    ls_arena *arena;
    ls_names names;
    ls_trace *out;
    ls_error *err;
} trace_reader;

static int column(const trace_reader *r, const char *name) {
    return name == NULL ? -1 : ls_csv_column(r->csv, name);
}

// The first format all of whose needed columns are there.
static ls_status find_format(trace_reader *r) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const trace_format *f = formats + i;
        r->submit = column(r, f->submit);
        r->run = column(r, f->run);
        r->gpus = column(r, f->gpus);
        r->who = column(r, f->who);
        if (r->submit >= 0 && r->run >= 0 && r->gpus >= 0 && (r->who >= 0 || i == 0)) {
            r->format = f;
            r->nodes = column(r, f->nodes);
            r->priority = column(r, f->priority);
            r->limit = column(r, f->limit);
            r->milli = column(r, f->milli);
            r->deadline = column(r, f->deadline);
            r->most = column(r, f->most);
            r->spot = column(r, f->spot);
            r->demand = column(r, f->demand);
            r->job = column(r, f->job);
            r->after = column(r, f->after);
            r->array = column(r, f->array);
            r->fails = column(r, f->fails);
            r->out->format = f->name;
            return LS_OK;
        }
    }
    ls_fail_at(r->err, LS_ERR_INVALID, r->file, 1, 1, "this is no list of jobs that is known");
    ls_hint(r->err,
            "it needs the columns submit_s, run_s, gpus, or those of Philly, Helios, Acme or "
            "Alibaba's spot trace");
    return LS_ERR_INVALID;
}

static ls_status wrong(const trace_reader *r, size_t row, int at, const char *what) {
    return ls_fail_at(r->err, LS_ERR_INVALID, r->file, r->csv->lines[row],
                      ls_csv_place(r->csv, row, (size_t)at), "%s '%.60s': %s", r->csv->columns[at],
                      r->csv->rows[row][at], what);
}

static bool parse_number(const char *text, double *out) {
    return ls_text_parse_double(text, strlen(text), out);
}

// A number of at least 0 in a column; *out stays where the column or the cell is not there.
static ls_status number(const trace_reader *r, size_t row, int at, double most, double *out) {
    if (at < 0 || r->csv->rows[row][at][0] == '\0') {
        return LS_OK;
    }
    double value = 0.0;
    if (!parse_number(r->csv->rows[row][at], &value) || !(value >= 0.0 && value <= most)) {
        char range[80];
        ls_text_format(range, sizeof range, "a number from 0 to %.6g is needed", most);
        return wrong(r, row, at, range);
    }
    *out = value;
    return LS_OK;
}

// When a job was submitted: seconds of any count, or a date.
static ls_status submission(const trace_reader *r, size_t row, int64_t *out_us) {
    const char *text = r->csv->rows[row][r->submit];
    double seconds = 0.0;
    if (ls_units_date_zoned(text, strlen(text), out_us, NULL) == LS_OK) {
        return LS_OK;
    }
    if (!parse_number(text, &seconds) || !(seconds >= 0.0 && seconds <= SUBMIT_MAX_S)) {
        char range[96];
        ls_text_format(range, sizeof range,
                       "seconds from 0 to %.6g, or YYYY-MM-DD hh:mm:ss, are needed", SUBMIT_MAX_S);
        return wrong(r, row, r->submit, range);
    }
    *out_us = (int64_t)(seconds * 1e6);
    return LS_OK;
}

static ls_status name_of(trace_reader *r, size_t row, uint32_t *out) {
    const char *name = r->who >= 0 ? r->csv->rows[row][r->who] : "";
    uint32_t at = ls_names_find(&r->names, 0, name);
    if (at == UINT32_MAX) {
        at = r->out->name_count;
        ls_names_add(&r->names, 0, name, at);
        if (r->names.failed) {
            return ls_fail(r->err, LS_ERR_MEMORY, "out of memory");
        }
        r->out->names[r->out->name_count++] = name;
    }
    *out = at;
    return LS_OK;
}

// How the load of a service goes; NULL: it is none.
static ls_status demand_of(trace_reader *r, size_t row, const ls_day_load **out) {
    const char *text = r->demand >= 0 ? r->csv->rows[row][r->demand] : "";
    ls_error err = {0};
    *out = NULL;
    if (text[0] == '\0') {
        return LS_OK;
    }
    ls_day_load *demand = ls_arena_alloc(r->arena, sizeof *demand);
    if (demand == NULL) {
        return ls_fail(r->err, LS_ERR_MEMORY, "out of memory");
    }
    if (ls_day_load_parse(text, demand, &err) != LS_OK) {
        return wrong(r, row, r->demand, err.text);
    }
    *out = demand;
    return LS_OK;
}

static ls_status read_row(trace_reader *r, size_t row) {
    double run_s = 0.0, gpus = 0.0, nodes = 0.0, priority = 0.0, limit_s = 0.0, milli = 0.0;
    double deadline_s = 0.0, most = 0.0, array = 0.0, fails = 0.0;
    ls_trace_row *to = r->out->rows + r->out->count;
    ls_status status = submission(r, row, &to->submit_us);
    const struct {
        int at;
        double most, *to;
    } cells[] = {{r->run, 1e10, &run_s},
                 {r->gpus, 1e7, &gpus},
                 {r->nodes, 1e6, &nodes},
                 {r->limit, 1e10, &limit_s},
                 {r->milli, 999.0, &milli},
                 {r->priority, 1000.0, &priority},
                 {r->deadline, 1e10, &deadline_s},
                 {r->most, 1e7, &most},
                 {r->array, LS_TRACE_ARRAY_MAX, &array},
                 {r->fails, 1.0, &fails}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells && status == LS_OK; i++) {
        status = number(r, row, cells[i].at, cells[i].most, cells[i].to);
    }
    status = status == LS_OK ? name_of(r, row, &to->who) : status;
    status = status == LS_OK ? demand_of(r, row, &to->demand) : status;
    if (status != LS_OK) {
        return status;
    }
    if ((gpus < 1.0 && milli < 1.0) || run_s < 1e-6) {
        r->out->left_out++;
        return LS_OK;
    }
    to->run_us = (int64_t)(run_s * 1e6);
    to->limit_us = (int64_t)(limit_s * 1e6);
    to->deadline_us = (int64_t)(deadline_s * 1e6);
    to->gpus = (uint32_t)gpus;
    to->nodes = (uint32_t)nodes;
    to->milli = (uint32_t)milli;
    to->gpus_most = (uint32_t)most;
    to->spot = r->spot >= 0 && strcmp(r->csv->rows[row][r->spot], r->format->spot_word) == 0;
    to->priority = (int32_t)priority;
    to->array = (uint32_t)array;
    to->fails = fails >= 1.0;
    to->line = r->csv->lines[row];
    to->row = (uint32_t)row;
    r->out->count++;
    r->out->jobs += to->array > 0 ? to->array : 1;
    return LS_OK;
}

// ---- who waits for whom

static ls_status name_rows(trace_reader *r, ls_names *jobs) {
    for (uint32_t i = 0; i < r->out->count; i++) {
        const ls_trace_row *row = r->out->rows + i;
        const char *name = r->csv->rows[row->row][r->job];
        if (name[0] == '\0') {
            continue;
        }
        if (strchr(name, ' ') != NULL) {
            return wrong(r, row->row, r->job, "a name has no blanks, they stand between names");
        }
        const uint32_t other = ls_names_find(jobs, 0, name);
        if (other != UINT32_MAX) {
            char text[64];
            ls_text_format(text, sizeof text, "line %d has that name already",
                           r->out->rows[other].line);
            return wrong(r, row->row, r->job, text);
        }
        ls_names_add(jobs, 0, name, i);
        if (jobs->failed) {
            return ls_fail(r->err, LS_ERR_MEMORY, "out of memory");
        }
    }
    return LS_OK;
}

// The row of a name in the cell of row `at`, which must come before it.
static ls_status row_of(trace_reader *r, const ls_names *jobs, uint32_t at, const char *name,
                        uint32_t *out) {
    const ls_trace_row *row = r->out->rows + at;
    char text[160];
    *out = r->job >= 0 ? ls_names_find(jobs, 0, name) : UINT32_MAX;
    if (*out == UINT32_MAX) {
        ls_text_format(text, sizeof text, "no row with GPUs and time has '%.40s' in its column %s",
                       name, r->format->job);
        return wrong(r, row->row, r->after, text);
    }
    if (*out >= at) {
        ls_text_format(text, sizeof text, "'%.40s' of line %d is not submitted before it", name,
                       r->out->rows[*out].line);
        return wrong(r, row->row, r->after, text);
    }
    return LS_OK;
}

static ls_status take_after(trace_reader *r, const ls_names *jobs, uint32_t at) {
    ls_trace_row *row = r->out->rows + at;
    const char *text = r->csv->rows[row->row][r->after];
    const size_t length = strlen(text);
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    }
    if (count == 0) {
        return LS_OK;
    }
    if (count > LS_TRACE_AFTER_MAX) {
        return wrong(r, row->row, r->after, "at most 1024 names are needed");
    }
    uint32_t *after = ls_arena_alloc(r->arena, count * sizeof *after);
    char *words = ls_arena_alloc(r->arena, length + 1);
    if (after == NULL || words == NULL) {
        return ls_fail(r->err, LS_ERR_MEMORY, "out of memory");
    }
    memcpy(words, text, length + 1);
    ls_status status = LS_OK;
    for (char *word = words; status == LS_OK && row->after_count < count;) {
        word += strspn(word, " ");
        char *end = word + strcspn(word, " ");
        const bool last = *end == '\0';
        *end = '\0';
        uint32_t *to = after + row->after_count++;
        status = row_of(r, jobs, at, word, to);
        if (status == LS_OK && r->out->rows[*to].group == 0) {
            r->out->rows[*to].group = ++r->out->group_count;
        }
        word = last ? end : end + 1;
    }
    row->after = after;
    return status;
}

static ls_status take_order(trace_reader *r) {
    ls_names jobs;
    if (r->after < 0 && r->job < 0) {
        return LS_OK;
    }
    ls_names_init(&jobs);
    ls_status status = r->job >= 0 ? name_rows(r, &jobs) : LS_OK;
    for (uint32_t i = 0; status == LS_OK && r->after >= 0 && i < r->out->count; i++) {
        status = take_after(r, &jobs, i);
    }
    ls_names_clear(&jobs);
    return status;
}

static int by_submission(const void *a, const void *b) {
    const ls_trace_row *x = a;
    const ls_trace_row *y = b;
    if (x->submit_us != y->submit_us) {
        return x->submit_us < y->submit_us ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

ls_status ls_trace_read(const char *text, size_t size, const char *file, ls_arena *arena,
                        ls_trace *out, ls_error *err) {
    ls_csv csv;
    *out = (ls_trace){0};
    ls_status status = ls_csv_parse(text, size, ',', file, arena, &csv, err);
    if (status != LS_OK) {
        return status;
    }
    trace_reader r = {.csv = &csv, .file = file, .arena = arena, .out = out, .err = err};
    status = find_format(&r);
    out->rows = ls_arena_alloc(arena, csv.row_count * sizeof *out->rows + 1);
    out->names = ls_arena_alloc(arena, csv.row_count * sizeof *out->names + 1);
    ls_names_init(&r.names);
    if (status == LS_OK && (out->rows == NULL || out->names == NULL)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < csv.row_count && status == LS_OK; i++) {
        status = read_row(&r, i);
    }
    ls_names_clear(&r.names);
    if (status != LS_OK) {
        return status;
    }
    if (out->count > 1) {
        qsort(out->rows, out->count, sizeof *out->rows, by_submission);
    }
    status = take_order(&r);
    if (status != LS_OK) {
        return status;
    }
    for (size_t i = out->count; i-- > 0;) {
        out->rows[i].submit_us -= out->rows[0].submit_us;
    }
    return LS_OK;
}

// ---- for a pool

// The leaf of a name: by its path, or the first with that name.
static uint32_t leaf_of(const ls_pool *pool, const char *name) {
    for (uint32_t i = 1; i < pool->account_count; i++) {
        const ls_account *a = pool->accounts + i;
        if (a->child_count == 0 && (strcmp(a->path, name) == 0 || strcmp(a->name, name) == 0)) {
            return i;
        }
    }
    return LS_POOL_NONE;
}

static ls_status take_names(ls_trace_load *l, const char *account, uint32_t *accounts,
                            ls_error *err) {
    uint32_t known = 0;
    for (uint32_t i = 0; i < l->trace->name_count; i++) {
        accounts[i] = leaf_of(l->pool, account != NULL ? account : l->trace->names[i]);
        known += accounts[i] != LS_POOL_NONE;
    }
    if (account != NULL && known == 0 && l->trace->name_count > 0) {
        return ls_fail(err, LS_ERR_INVALID, "pool '%s' has no account '%s' that jobs may belong to",
                       l->pool->name, account);
    }
    l->spread = known == 0;
    uint32_t turn = 0;
    for (uint32_t i = 0; i < l->trace->name_count; i++) {
        if (accounts[i] == LS_POOL_NONE && !l->spread) {
            ls_fail(err, LS_ERR_INVALID, "'%s' of the trace is no account of pool '%s'",
                    l->trace->names[i], l->pool->name);
            ls_hint(err, "others are; add it, or give all jobs to one with --account");
            return LS_ERR_INVALID;
        }
        while (accounts[i] == LS_POOL_NONE) {
            turn = turn + 1 < l->pool->account_count ? turn + 1 : l->pool->account_count > 1;
            if (l->pool->accounts[turn].child_count == 0) {
                accounts[i] = turn;
            }
        }
    }
    return LS_OK;
}

ls_status ls_trace_load_make(const ls_trace *trace, const ls_pool *pool, const char *account,
                             double limit_factor, double stretch, ls_arena *arena,
                             ls_trace_load *out, ls_error *err) {
    *out = (ls_trace_load){
        .trace = trace, .pool = pool, .limit_factor = limit_factor, .stretch = stretch};
    uint32_t *accounts = ls_arena_alloc(arena, (size_t)trace->name_count * sizeof *accounts + 1);
    if (accounts == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < pool->cluster.node_count; i++) {
        const uint32_t gpus = pool->cluster.nodes[i].gpus;
        out->node_gpus = gpus > out->node_gpus ? gpus : out->node_gpus;
    }
    if (out->node_gpus == 0) {
        return ls_fail(err, LS_ERR_INVALID, "pool '%s' has no GPUs", pool->name);
    }
    out->accounts = accounts;
    return take_names(out, account, accounts, err);
}

double ls_trace_asked(const ls_trace *trace, uint64_t gpus) {
    double asked = 0.0;
    for (size_t i = 0; i < trace->count; i++) {
        const ls_trace_row *row = trace->rows + i;
        const double amount = row->milli > 0 ? row->milli / (double)LS_POOL_WHOLE : row->gpus;
        asked += amount * (double)row->run_us * (row->array > 0 ? row->array : 1.0);
    }
    const int64_t last_us = trace->count > 0 ? trace->rows[trace->count - 1].submit_us : 0;
    return asked / ((double)(last_us > DAY_US ? last_us : DAY_US) * (double)gpus);
}

// The first row that is submitted at this time or later.
static size_t first_at(const ls_trace *trace, int64_t at_us) {
    size_t low = 0, high = trace->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (trace->rows[mid].submit_us < at_us) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool ls_trace_load_draw(ls_trace_load *load, uint64_t seed) {
    const ls_trace *t = load->trace;
    const int64_t last_us = t->count > 0 ? t->rows[t->count - 1].submit_us : 0;
    load->block_us = last_us >= 4 * 7 * DAY_US ? 7 * DAY_US : DAY_US;
    const int64_t count = last_us / load->block_us;
    if (count < 2) {
        return false;
    }
    load->block_count = count < LS_TRACE_BLOCKS_MAX ? (uint32_t)count : LS_TRACE_BLOCKS_MAX;
    for (uint32_t i = 0; i < load->block_count; i++) {
        load->blocks[i] = (uint32_t)(ls_random_uniform(seed, STREAM_BLOCKS, i) * (double)count);
    }
    load->block_at = 0;
    load->array_left = 0;
    load->next = first_at(t, load->blocks[0] * load->block_us);
    return true;
}

int64_t ls_trace_load_end_us(const ls_trace_load *load) {
    const ls_trace *t = load->trace;
    const int64_t last_us = t->count > 0 ? t->rows[t->count - 1].submit_us : 0;
    const int64_t end_us = load->block_count > 0 ? load->block_count * load->block_us : last_us;
    return (int64_t)((double)end_us * load->stretch);
}

// The next row, and when it is submitted; NULL: there are no more.
static const ls_trace_row *next_row(ls_trace_load *l, int64_t *out_us) {
    const ls_trace *t = l->trace;
    if (l->block_count == 0) {
        const ls_trace_row *row = l->next < t->count ? t->rows + l->next++ : NULL;
        *out_us = row != NULL ? row->submit_us : 0;
        return row;
    }
    for (; l->block_at < l->block_count; l->block_at++) {
        const int64_t from_us = l->blocks[l->block_at] * l->block_us;
        if (l->next < t->count && t->rows[l->next].submit_us < from_us + l->block_us) {
            const ls_trace_row *row = t->rows + l->next++;
            *out_us = row->submit_us - from_us + l->block_at * l->block_us;
            return row;
        }
        if (l->block_at + 1 < l->block_count) {
            l->next = first_at(t, l->blocks[l->block_at + 1] * l->block_us);
        }
    }
    return NULL;
}

// The same for each job of an array.
static const ls_trace_row *take_row(ls_trace_load *l, int64_t *out_us) {
    if (l->array_left == 0) {
        l->array = next_row(l, &l->array_us);
        l->array_left = l->array == NULL ? 0 : l->array->array > 0 ? l->array->array : 1;
    }
    l->array_left -= l->array_left > 0;
    *out_us = l->array_us;
    return l->array;
}

// Who waits for whom; what was drawn twice is there twice.
static void put_order(ls_trace_load *l, const ls_trace_row *row, ls_sim_job *out) {
    const uint64_t before = (uint64_t)l->block_at * l->trace->group_count;
    const int64_t from_us = l->block_count > 0 ? l->blocks[l->block_at] * l->block_us : 0;
    out->number = row->group != 0 ? before + row->group : 0;
    out->of = row->array;
    out->fails = row->fails;
    out->after = l->after;
    for (uint32_t i = 0; i < row->after_count; i++) {
        const ls_trace_row *of = l->trace->rows + row->after[i];
        if (of->submit_us >= from_us) {
            l->after[out->after_count++] = before + of->group;
        }
    }
}

bool ls_trace_load_next(void *load, ls_sim_job *out) {
    ls_trace_load *l = load;
    int64_t submit_us = 0;
    const ls_trace_row *row = take_row(l, &submit_us);
    if (row == NULL) {
        return false;
    }
    const ls_account *a = l->pool->accounts + l->accounts[row->who];
    ls_shape shape = {.parts = 1, .gpus = row->gpus, .kinds = a->kinds, .sites = a->sites};
    if (row->milli > 0) {
        shape.gpus = 0;
        shape.milli = row->milli;
    } else if (row->nodes > 1 && row->gpus % row->nodes == 0 &&
               row->gpus / row->nodes <= l->node_gpus) {
        shape.parts = row->nodes;
        shape.gpus = row->gpus / row->nodes;
    } else if (row->gpus > l->node_gpus) {
        shape.parts = ls_divide_up(row->gpus, l->node_gpus);
        shape.gpus = row->gpus % shape.parts == 0 ? row->gpus / shape.parts : l->node_gpus;
    }
    const double limit_us = row->limit_us > 0 ? (double)row->limit_us
                                              : (double)row->run_us * l->limit_factor;
    *out = (ls_sim_job){.submit_us = (int64_t)((double)submit_us * l->stretch),
                        .work_us = row->run_us,
                        .tag = (uint64_t)row->line,
                        .request = {.account = l->accounts[row->who],
                                    .priority = row->priority,
                                    .shape = shape,
                                    .most_us = limit_us < 9e18 ? (int64_t)limit_us : INT64_MAX,
                                    .checkpoint_every_us = l->checkpoint_us,
                                    .restartable = true,
                                    .spot = row->spot}};
    put_order(l, row, out);
    if (row->demand != NULL && !row->spot) {
        out->demand = row->demand;
        out->request.shape.spread = shape.parts > 1 && shape.parts <= l->pool->cluster.node_count;
    }
    if (row->gpus_most > row->gpus && shape.gpus > 0 && !row->spot) {
        const uint64_t most = row->gpus_most < l->pool->cluster.gpus ? row->gpus_most
                                                                     : l->pool->cluster.gpus;
        out->extras = most > row->gpus ? (uint32_t)(most - row->gpus) / shape.gpus : 0;
    }
    if (row->deadline_us > 0) {
        out->request.deadline_us = out->submit_us + row->deadline_us;
    }
    out->request.most_us = out->request.most_us > 0 ? out->request.most_us : 1;
    return true;
}
