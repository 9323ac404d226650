// pool_top_draw.c - see pool_top_draw.h.
#include "cli/pool_top_draw.h"

#include <math.h>
#include <string.h>

#include "cli/json.h"
#include "cli/pool_words.h"
#include "cli/table.h"

enum { CELL = 512, BAR_MOST = 40, HEADS = 3, ACTS_MOST = 6, RACKS_MOST = 8 };

typedef struct picture {
    int width, height;
    bool marks;
    ls_buffer *out;
} picture;

// ---- lines

// Cuts the text to at most so many columns, between two characters.
static void cut(char *text, int width) {
    size_t length = strlen(text);
    while (ls_table_text_width(text) > width && length > 0) {
        length--;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
        text[length] = '\0';
    }
}

// `text` filled or cut to `width` columns, to the right end of them when `right`.
static void put_cell(ls_buffer *out, const char *text, int width, bool right) {
    char cell[CELL];
    ls_text_format(cell, sizeof cell, "%s", text);
    ls_text_tame(cell, false);
    cut(cell, width);
    const int room = width - ls_table_text_width(cell);
    ls_buffer_printf(out, "%*s%s%*s", right ? room : 0, "", cell, right ? 0 : room, "");
}

static void put_head(const picture *p, const char *text) {
    ls_buffer_text(p->out, p->marks ? "\033[7m" : "");
    put_cell(p->out, text, p->width, false);
    ls_buffer_text(p->out, p->marks ? "\033[0m\n" : "\n");
}

// A line as wide as there is room for, without the blanks at its end.
static void put_line(const picture *p, ls_buffer *line) {
    ls_buffer_append(line, "", 1);
    if (!line->failed) {
        cut(line->data, p->width);
        line->size = strlen(line->data);
    }
    while (line->size > 0 && line->data[line->size - 1] == ' ') {
        line->size--;
    }
    ls_buffer_append(p->out, line->data != NULL ? line->data : "", line->size);
    ls_buffer_text(p->out, "\n");
    p->out->failed = p->out->failed || line->failed;
    line->size = 0;
}

// ---- the sums

static double gpus_at(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

static void put_number(char *out, size_t size, double value) {
    ls_text_format(out, size, value == floor(value) ? "%.0f" : "%.3g", value);
}

static void put_sums(const picture *p, const json_t *pool) {
    const json_t *gpus = json_object_get(pool, "gpus");
    const json_t *jobs = json_object_get(pool, "jobs");
    static const char *const rest[] = {"borrowed", "free",   "reserved",
                                       "drained",  "broken", "spare"};
    char text[CELL], number[32], moment[48];
    put_number(number, sizeof number, gpus_at(gpus, "used"));
    ls_text_format(text, sizeof text, "%s: %s", ls_json_text_at(pool, "name"), number);
    put_number(number, sizeof number, gpus_at(gpus, "all"));
    size_t used = strlen(text);
    ls_text_format(text + used, sizeof text - used, " of %s %s used", number,
                   ls_pool_unit_word(pool, gpus_at(gpus, "all")));
    used = strlen(text);
    ls_text_format(text + used, sizeof text - used, "; jobs: %lld running, %lld waiting",
                   (long long)json_integer_value(json_object_get(jobs, "running")),
                   (long long)json_integer_value(json_object_get(jobs, "waiting")));
    if (json_integer_value(json_object_get(jobs, "stopping")) > 0) {
        used = strlen(text);
        ls_text_format(text + used, sizeof text - used, ", %lld stopping",
                       (long long)json_integer_value(json_object_get(jobs, "stopping")));
    }
    // Last what may be cut on a narrow screen.
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        used = strlen(text);
        put_number(number, sizeof number, gpus_at(gpus, rest[i]));
        if (i < 2 || gpus_at(gpus, rest[i]) > 0.0) {
            ls_text_format(text + used, sizeof text - used, "%s %s %s", i == 0 ? ";" : ",", number,
                           rest[i]);
        }
    }
    ls_buffer line;
    ls_buffer_init(&line);
    ls_pool_put_moment(json_integer_value(json_object_get(pool, "now_us")), moment, sizeof moment);
    const int time_width = p->marks ? (int)strlen(moment) + 1 : 0;
    put_cell(&line, text, p->width - time_width, false);
    if (p->marks) {
        ls_buffer_printf(&line, " %s", moment);
    }
    put_line(p, &line);
    ls_pool_put_limits(json_object_get(pool, "limits"), text, sizeof text);
    if (text[0] != '\0') {
        put_cell(&line, text, p->width, false);
        put_line(p, &line);
    }
    ls_buffer_clear(&line);
}

// ---- accounts

typedef struct columns {
    int name, bar;
} columns;

// What is used of the guarantee, what is borrowed beyond it, what is left to others; `most` GPUs
// are the whole width.
static void put_bar(const picture *p, const json_t *account, double most, int width,
                    ls_buffer *line) {
    const double used = gpus_at(account, "used"), borrowed = gpus_at(account, "borrowed");
    const double unused = gpus_at(account, "unused");
    const double scale = most > 0.0 ? (double)width / most : 0.0;
    int own = (int)lround((used - borrowed) * scale), lent = (int)lround(borrowed * scale);
    int left = (int)lround((used + unused) * scale) - own - lent;
    lent = lent == 0 && borrowed > 0.0 ? 1 : lent;
    own = own > width ? width : own;
    lent = lent > width - own ? width - own : lent;
    left = left < 0 ? 0 : left > width - own - lent ? width - own - lent : left;
    for (int i = 0; i < width; i++) {
        ls_buffer_text(line, i < own                 ? "="
                             : i < own + lent        ? "+"
                             : i < own + lent + left ? "-"
                                                     : " ");
    }
    (void)p;
}

static void put_account(const picture *p, const json_t *account, const columns *c, double most) {
    const char *path = ls_json_text_at(account, "path");
    const char *name = strrchr(path, '.');
    char text[CELL];
    int depth = 0;
    for (const char *at = path; *at != '\0'; at++) {
        depth += *at == '.';
    }
    ls_buffer line;
    ls_buffer_init(&line);
    ls_text_format(text, sizeof text, "%*s%s", depth < 8 ? 2 * depth : 16, "",
                   name != NULL ? name + 1 : path);
    put_cell(&line, text, c->name, false);
    static const char *const keys[] = {"guarantee", "used", "borrowed"};
    static const int widths[] = {10, 8, 9};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_number(text, sizeof text, gpus_at(account, keys[i]));
        put_cell(&line, text, widths[i], true);
    }
    ls_buffer_text(&line, " ");
    put_bar(p, account, most, c->bar, &line);
    for (size_t i = 0; i < 2; i++) {
        put_number(text, sizeof text, gpus_at(account, i == 0 ? "running" : "waiting"));
        put_cell(&line, text, 8, true);
    }
    put_line(p, &line);
    ls_buffer_clear(&line);
}

// Accounts that hold or want something stand before those that do not, when not all have room.
static bool is_busy(const json_t *account) {
    return gpus_at(account, "used") > 0.0 || gpus_at(account, "waiting") > 0.0;
}

static void put_accounts(const picture *p, const json_t *pool, int room) {
    const json_t *accounts = json_object_get(pool, "accounts");
    const size_t count = json_array_size(accounts);
    columns c = {.name = p->width / 4};
    c.name = c.name < 12 ? 12 : c.name > 32 ? 32 : c.name;
    c.bar = p->width - c.name - 10 - 8 - 9 - 1 - 16;
    c.bar = c.bar > BAR_MOST ? BAR_MOST : c.bar < 0 ? 0 : c.bar;
    char head[CELL];
    ls_text_format(head, sizeof head, "%-*s%10s%8s%9s %-*s%8s%8s", c.name, "account", "guarantee",
                   "used", "borrowed", c.bar, "", "running", "waiting");
    put_head(p, head);
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_array_get(accounts, i);
        most = fmax(most, gpus_at(a, "used") + gpus_at(a, "unused"));
    }
    const bool all = count <= (size_t)room;
    int shown = 0;
    for (size_t i = 0; i < count && shown < room - (all ? 0 : 1); i++) {
        const json_t *account = json_array_get(accounts, i);
        if (all || is_busy(account)) {
            put_account(p, account, &c, most);
            shown++;
        }
    }
    if (!all) {
        ls_buffer_printf(p->out, "%zu accounts more: lineshaft pool usage\n",
                         count - (size_t)shown);
    }
}

// ---- racks

typedef struct rack {
    size_t at;
    double broken, drained;
} rack;

static double rack_figure(const json_t *racks, const char *key, size_t at) {
    return json_number_value(json_array_get(json_object_get(racks, key), at));
}

static bool is_worse(const rack *a, const rack *b) {
    return a->broken > b->broken || (a->broken == b->broken && a->drained > b->drained);
}

// The racks with most GPUs out of service, the worst first; returns how many there are in all.
static size_t worst_racks(const json_t *racks, rack *out, size_t room) {
    const size_t count = json_array_size(json_object_get(racks, "name"));
    size_t found = 0, kept = 0;
    for (size_t i = 0; i < count; i++) {
        const rack one = {i, rack_figure(racks, "broken", i), rack_figure(racks, "drained", i)};
        if (!(one.broken > 0.0) && !(one.drained > 0.0)) {
            continue;
        }
        found++;
        size_t at = kept;
        while (at > 0 && is_worse(&one, out + at - 1)) {
            at--;
        }
        kept += kept < room;
        for (size_t k = kept; k-- > at + 1;) {
            out[k] = out[k - 1];
        }
        if (at < kept) {
            out[at] = one;
        }
    }
    return found;
}

static void put_rack(const picture *p, const json_t *pool, const rack *one) {
    static const char *const keys[] = {"broken", "drained", "spare", "used"};
    const json_t *racks = json_object_get(pool, "racks");
    const char *name = json_string_value(json_array_get(json_object_get(racks, "name"), one->at));
    char text[CELL], number[32];
    ls_text_format(text, sizeof text, "%s", name != NULL ? name : "?");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const double value = rack_figure(racks, keys[i], one->at);
        const size_t used = strlen(text);
        put_number(number, sizeof number, value);
        if (value > 0.0) {
            ls_text_format(text + used, sizeof text - used, "%s %s %s",
                           strchr(text, ' ') != NULL ? "," : " ", number, keys[i]);
        }
    }
    put_number(number, sizeof number, rack_figure(racks, "gpus", one->at));
    const size_t used = strlen(text);
    ls_text_format(text + used, sizeof text - used, " of %s", number);
    ls_buffer line;
    ls_buffer_init(&line);
    put_cell(&line, text, p->width, false);
    put_line(p, &line);
    ls_buffer_clear(&line);
}

static void put_racks(const picture *p, const json_t *pool, const rack *worst, size_t found,
                      size_t shown) {
    if (found == 0) {
        return;
    }
    char head[CELL];
    ls_text_format(head, sizeof head, "racks with %s out of service: %zu of %zu, the worst first",
                   ls_pool_unit_word(pool, 2.0), found,
                   json_array_size(json_object_get(json_object_get(pool, "racks"), "name")));
    put_head(p, head);
    for (size_t i = 0; i < shown; i++) {
        put_rack(p, pool, worst + i);
    }
}

// ---- jobs

// As wide as what stands in them wants, so that the reason has the rest.
typedef struct job_columns {
    int id, account, name, gpus, state, since;
} job_columns;

static int wider(int width, const char *text, int most) {
    const int wanted = ls_table_text_width(text);
    return wanted <= width ? width : wanted < most ? wanted : most;
}

// The greater part of it, as in "21 min".
static void since_of(const json_t *job, int64_t now_us, char *out, size_t size) {
    ls_pool_put_span(now_us - json_integer_value(json_object_get(job, "since_us")), out, size);
    char *unit = strchr(out, ' ');
    char *rest = unit != NULL ? strchr(unit + 1, ' ') : NULL;
    if (rest != NULL) {
        *rest = '\0';
    }
}

static job_columns columns_for(const picture *p, const json_t *pool, const json_t *jobs) {
    job_columns c = {.id = 3, .account = 7, .name = 4, .state = 5, .since = 3};
    const int64_t now_us = json_integer_value(json_object_get(pool, "now_us"));
    c.gpus = (int)strlen(ls_pool_unit_word(pool, 2.0));
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        const json_t *job = json_array_get(jobs, i);
        char text[64];
        c.id = wider(c.id, ls_json_text_at(job, "id"), 9);
        c.account = wider(c.account, ls_json_text_at(job, "account"), p->width / 5);
        c.name = wider(c.name, ls_json_text_at(job, "name"), p->width / 8);
        put_number(text, sizeof text, gpus_at(job, "gpus"));
        c.gpus = wider(c.gpus, text, 9);
        ls_pool_put_state(job, text, sizeof text);
        c.state = wider(c.state, text, 9);
        since_of(job, now_us, text, sizeof text);
        c.since = wider(c.since, text, 10);
    }
    return c;
}

// Of a path too long for its column the end tells more: what stands before a point goes first.
static const char *end_of(const char *path, int width) {
    while (ls_table_text_width(path) > width && strchr(path, '.') != NULL) {
        path = strchr(path, '.') + 1;
    }
    return path;
}

static void put_job(const picture *p, const json_t *job, const job_columns *c, int64_t now_us) {
    char text[CELL], state[64];
    ls_buffer line;
    ls_buffer_init(&line);
    const json_t *why = json_object_get(job, "why");
    const json_t *nodes = json_object_get(job, "nodes");
    put_cell(&line, ls_json_text_at(job, "id"), c->id, true);
    ls_buffer_text(&line, " ");
    put_cell(&line, end_of(ls_json_text_at(job, "account"), c->account), c->account, false);
    ls_buffer_text(&line, " ");
    put_cell(&line, ls_json_text_at(job, "name"), c->name, false);
    ls_buffer_text(&line, " ");
    put_number(text, sizeof text, gpus_at(job, "gpus"));
    put_cell(&line, text, c->gpus, true);
    ls_buffer_text(&line, gpus_at(job, "borrowed") > 0.0 ? "+ " : "  ");
    ls_pool_put_state(job, state, sizeof state);
    put_cell(&line, state, c->state, false);
    ls_buffer_text(&line, " ");
    since_of(job, now_us, text, sizeof text);
    put_cell(&line, text, c->since, true);
    const int left = p->width - c->id - c->account - c->name - c->gpus - c->state - c->since - 7;
    if (left > 0) {
        ls_buffer_text(&line, " ");
        const char *node = json_string_value(json_array_get(nodes, 0));
        put_cell(&line,
                 json_is_object(why) ? ls_json_text_at(why, "text")
                 : node != NULL      ? node
                                     : "",
                 left, false);
    }
    put_line(p, &line);
    ls_buffer_clear(&line);
}

// Stopping ones first, then what waits, then what runs: what a person wants to see when not all
// have room.
static int order_of(const json_t *job) {
    const char *state = ls_json_text_at(job, "state");
    return strcmp(state, "stopping") == 0 ? 0 : strcmp(state, "waiting") == 0 ? 1 : 2;
}

static void put_jobs(const picture *p, const json_t *pool, const json_t *answer, int room) {
    const json_t *jobs = json_object_get(answer, "jobs");
    const size_t count = json_array_size(jobs);
    const json_int_t total = json_integer_value(json_object_get(answer, "total"));
    const int64_t now_us = json_integer_value(json_object_get(pool, "now_us"));
    char head[CELL];
    const job_columns c = columns_for(p, pool, jobs);
    ls_text_format(head, sizeof head, "%*s %-*s %-*s %*s  %-*s %*s %s", c.id, "job", c.account,
                   "account", c.name, "name", c.gpus, ls_pool_unit_word(pool, 2.0), c.state,
                   "state", c.since, "for", "why");
    put_head(p, head);
    const bool all = total <= room;
    const int rows = all ? room : room - 1;
    int shown = 0;
    // Of each half as many as fit: a long queue does not hide what runs.
    int others = 0;
    for (size_t i = 0; i < count; i++) {
        others += order_of(json_array_get(jobs, i)) != 1;
    }
    const int half = (rows + 1) / 2;
    const int left_for_waiting = others < rows - half ? rows - others : half;
    for (int kind = 0; kind < 3; kind++) {
        int of_kind = 0;
        for (size_t i = 0; i < count && shown < rows; i++) {
            const json_t *job = json_array_get(jobs, i);
            if (order_of(job) == kind && (kind != 1 || of_kind < left_for_waiting)) {
                put_job(p, job, &c, now_us);
                shown++;
                of_kind++;
            }
        }
    }
    if (!all) {
        ls_buffer_printf(p->out, "%lld jobs more: lineshaft pool jobs\n", (long long)total - shown);
    }
}

// ---- what happened

static void put_acts(const picture *p, const json_t *answer, int room) {
    const json_t *acts = json_object_get(answer, "acts");
    put_head(p, "last acts");
    for (size_t i = 0; i < json_array_size(acts) && (int)i < room; i++) {
        const json_t *act = json_array_get(acts, i);
        char text[CELL], moment[48];
        ls_buffer line;
        ls_buffer_init(&line);
        ls_pool_put_moment(json_integer_value(json_object_get(act, "at_us")), moment,
                           sizeof moment);
        ls_text_format(text, sizeof text, "%s  %s", moment, ls_json_text_at(act, "text"));
        put_cell(&line, text, p->width, false);
        put_line(p, &line);
        ls_buffer_clear(&line);
    }
}

void ls_pool_top_draw(const json_t *pool, const json_t *jobs, const json_t *acts, int width,
                      int height, bool marks, ls_buffer *out) {
    const picture p = {
        .width = width < LS_POOL_TOP_WIDTH_LEAST ? LS_POOL_TOP_WIDTH_LEAST : width,
        .height = height < LS_POOL_TOP_HEIGHT_LEAST ? LS_POOL_TOP_HEIGHT_LEAST : height,
        .marks = marks,
        .out = out};
    // Of a screen the line of limits takes one more.
    const int rows = p.height - 1 - HEADS - (marks && json_object_get(pool, "limits") != NULL);
    const int happened = (int)json_array_size(json_object_get(acts, "acts"));
    const int accounts = (int)json_array_size(json_object_get(pool, "accounts"));
    int act_rows = rows / 5;
    act_rows = act_rows > ACTS_MOST ? ACTS_MOST : act_rows;
    act_rows = act_rows < 1 ? 1 : act_rows;
    act_rows = happened < act_rows ? happened : act_rows;
    // Racks with nodes out of service, where there are any, take a sixth.
    rack worst[RACKS_MOST];
    const size_t bad = worst_racks(json_object_get(pool, "racks"), worst, RACKS_MOST);
    int rack_rows = rows / 6 < RACKS_MOST ? rows / 6 : RACKS_MOST;
    rack_rows = rack_rows < 1 ? 1 : rack_rows;
    rack_rows = bad < (size_t)rack_rows ? (int)bad : rack_rows;
    const int rack_lines = rack_rows > 0 ? rack_rows + 1 : 0;
    int account_rows = (rows - act_rows - rack_lines) / 2;
    account_rows = account_rows < 1 ? 1 : account_rows;
    account_rows = accounts < account_rows ? accounts : account_rows;
    int job_rows = rows - act_rows - rack_lines - account_rows;
    job_rows = job_rows < 1 ? 1 : job_rows;
    put_sums(&p, pool);
    put_accounts(&p, pool, account_rows);
    put_racks(&p, pool, worst, bad, (size_t)rack_rows);
    put_jobs(&p, pool, jobs, job_rows);
    put_acts(&p, acts, act_rows);
}
