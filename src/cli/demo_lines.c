// demo_lines.c - see demo_lines.h.
#include "cli/demo_lines.h"

#include <math.h>

#include "base/arena.h"
#include "cli/demo_interval.h"
#include "twin/condition.h"
#include "twin/state.h"

enum { PARTS = 64 };  // whose failures are counted

typedef struct side {
    ls_emulate_figures begin, now;
    ls_amounts amounts_begin, amounts;
    double lot_hours;
    double window_made, window_worth;  // when the present window began
    bool is_broken[PARTS];
    uint64_t broken;
} side;

struct ls_demo_lines {
    ls_emulate *own;
    ls_emulate_play *with;
    int64_t from_us, at_us;
    side sides[2];
    double weights[LS_TERM_COUNT];
    bool beating;
    double behind_s;
    uint32_t window_count;
    double made[LS_DEMO_WINDOWS], worth[LS_DEMO_WINDOWS];  // in the window, with less own
    int64_t window_us;                                     // when the present one began
};

static ls_status make_own(const ls_demo_lines_def *lines, ls_emulate **out, ls_error *err) {
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = lines->seed;
    def.from_us = lines->from_us;
    def.hide = lines->hide;
    def.hide_file = "the demo's drift";
    return ls_emulate_create(lines->plant, &def, out, err);
}

static ls_status make_with(const ls_demo_lines_def *lines, ls_emulate_play **out, ls_error *err) {
    ls_emulate_play_def def = ls_emulate_play_def_default();
    def.plant = lines->plant;
    def.seed = lines->seed;
    def.speed = lines->speed;
    def.from_us = lines->from_us;
    def.hide = lines->hide;
    def.hide_file = "the demo's drift";
    def.url = lines->url;
    def.login = lines->login;
    return ls_emulate_play_create(&def, out, err);
}

// By the objective, since it began.
static double worth_of(const ls_demo_lines *lines, const side *s) {
    const ls_amounts amounts = ls_amounts_between(&s->amounts_begin, &s->amounts);
    return -ls_cost_of(lines->weights, &amounts);
}

static double cost_of(const ls_demo_lines *lines, const side *s) {
    const ls_amounts amounts = ls_amounts_between(&s->amounts_begin, &s->amounts);
    double cost = 0.0;
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        cost += ls_term_is_good((ls_objective_term)i) ? 0.0 : lines->weights[i] * amounts.of[i];
    }
    return cost;
}

static ls_amounts amounts_of(const ls_emulate *line) {
    return ls_amounts_read(ls_emulate_twin(line), ls_emulate_state(line), ls_emulate_now(line));
}

// A failure of a part that a model tells of, with the repair that follows, lasts minutes: between
// two looks none goes unseen.
static void count_broken(side *s, const ls_emulate *line) {
    const ls_model *m = ls_emulate_twin(line)->model;
    const ls_m_condition *conditions = ls_model_conditions(m);
    const ls_s_mode *modes = LS_STATE_VIEW(m, ls_emulate_state(line), ls_s_mode, s_mode);
    for (uint32_t i = 0; i < m->conditions && i < PARTS; i++) {
        const bool is_broken = modes[conditions[i].mode].active != 0;
        s->broken += is_broken && !s->is_broken[i];
        s->is_broken[i] = is_broken;
    }
}

static void read_sides(ls_demo_lines *lines) {
    const ls_emulate *with = ls_emulate_play_line(lines->with);
    count_broken(&lines->sides[0], lines->own);
    count_broken(&lines->sides[1], with);
    lines->sides[0].now = ls_emulate_describe(lines->own);
    lines->sides[1].now = ls_emulate_describe(with);
    lines->sides[0].amounts = amounts_of(lines->own);
    lines->sides[1].amounts = amounts_of(with);
}

static void begin_window(ls_demo_lines *lines) {
    for (int i = 0; i < 2; i++) {
        side *s = &lines->sides[i];
        s->window_made = (double)s->now.done;
        s->window_worth = worth_of(lines, s);
    }
}

void ls_demo_lines_begin(ls_demo_lines *lines) {
    for (int i = 0; i < 2; i++) {
        side *s = &lines->sides[i];
        s->begin = s->now;
        s->amounts_begin = s->amounts;
        s->lot_hours = 0.0;
        s->broken = 0;
    }
    lines->from_us = lines->window_us = lines->at_us;
    lines->window_count = 0;
    begin_window(lines);
}

ls_status ls_demo_lines_create(const ls_demo_lines_def *def, ls_demo_lines **out, ls_error *err) {
    *out = NULL;
    ls_demo_lines *lines = ls_alloc(sizeof *lines);
    if (lines == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the two lines");
    }
    ls_status status = make_own(def, &lines->own, err);
    if (status == LS_OK) {
        status = make_with(def, &lines->with, err);
    }
    if (status != LS_OK) {
        ls_demo_lines_destroy(lines);
        return status;
    }
    ls_cost_weights(&def->plant->decide, lines->weights);
    lines->at_us = def->from_us;
    read_sides(lines);
    ls_demo_lines_begin(lines);
    *out = lines;
    return LS_OK;
}

void ls_demo_lines_destroy(ls_demo_lines *lines) {
    if (lines != NULL) {
        ls_emulate_play_destroy(lines->with);
        ls_emulate_destroy(lines->own);
        ls_free(lines);
    }
}

static void close_window(ls_demo_lines *lines) {
    const side *own = &lines->sides[0];
    const side *with = &lines->sides[1];
    if (lines->window_count < LS_DEMO_WINDOWS) {
        const uint32_t n = lines->window_count++;
        lines->made[n] = ((double)with->now.done - with->window_made) -
                         ((double)own->now.done - own->window_made);
        lines->worth[n] = (worth_of(lines, with) - with->window_worth) -
                          (worth_of(lines, own) - own->window_worth);
    }
    begin_window(lines);
    lines->window_us += LS_DEMO_WINDOW_US;
}

// The lots that were there since the last look, and what has come out until now.
static void look(ls_demo_lines *lines, int64_t now_us) {
    const double hours = (double)(now_us - lines->at_us) / 3.6e9;
    for (int i = 0; i < 2; i++) {
        lines->sides[i].lot_hours += hours * (double)lines->sides[i].now.lots;
    }
    read_sides(lines);
    lines->at_us = now_us;
    while (now_us - lines->window_us >= LS_DEMO_WINDOW_US) {
        close_window(lines);
    }
}

ls_status ls_demo_lines_step(ls_demo_lines *lines, int64_t *out_sleep_us, ls_error *err) {
    ls_status status = ls_emulate_play_step(lines->with, out_sleep_us, err);
    const ls_emulate_play_figures with = ls_emulate_play_describe(lines->with);
    if (status == LS_OK) {
        status = ls_emulate_run(lines->own, with.now_us, err);
    }
    if (status != LS_OK) {
        return status;
    }
    look(lines, with.now_us);
    lines->beating = with.line.beating;
    lines->behind_s = with.behind_s;
    return LS_OK;
}

bool ls_demo_lines_obeyed(const ls_demo_lines *lines) {
    const ls_emulate_figures *f = &lines->sides[1].now;
    return f->commands > f->refused;
}

int64_t ls_demo_lines_now(const ls_demo_lines *lines) {
    return lines->at_us;
}

static ls_demo_line line_of(const ls_demo_lines *lines, const side *s) {
    const ls_amounts amounts = ls_amounts_between(&s->amounts_begin, &s->amounts);
    return (ls_demo_line){.made = s->now.done - s->begin.done,
                          .scrapped = s->now.scrapped - s->begin.scrapped,
                          .released = s->now.released - s->begin.released,
                          .lots = s->now.lots,
                          .lot_hours = s->lot_hours,
                          .on_time = (uint64_t)amounts.of[LS_TERM_ON_TIME],
                          .broken = s->broken,
                          .worth = worth_of(lines, s),
                          .cost = cost_of(lines, s)};
}

// Of the sum since it began, from its windows.
static double half_width(const ls_demo_lines *lines, const double *differences) {
    const double windows = (double)(lines->at_us - lines->from_us) / (double)LS_DEMO_WINDOW_US;
    return windows * ls_demo_half_width(differences, lines->window_count);
}

ls_demo_figures ls_demo_lines_describe(const ls_demo_lines *lines) {
    ls_demo_figures f = {.hours = (double)(lines->at_us - lines->from_us) / 3.6e9,
                         .now_us = lines->at_us,
                         .own = line_of(lines, &lines->sides[0]),
                         .with = line_of(lines, &lines->sides[1]),
                         .beating = lines->beating,
                         .commands = lines->sides[1].now.commands - lines->sides[1].begin.commands,
                         .refused = lines->sides[1].now.refused - lines->sides[1].begin.refused,
                         .behind_s = lines->behind_s,
                         .windows = lines->window_count};
    f.more_made = (double)f.with.made - (double)f.own.made;
    f.half_width = half_width(lines, lines->made);
    f.more_worth = f.with.worth - f.own.worth;
    f.worth_half_width = half_width(lines, lines->worth);
    return f;
}

static void line_json(const ls_demo_line *line, const char *name, double hours, ls_buffer *out) {
    const double per_hour = hours > 0.0 ? (double)line->made / hours : 0.0;
    const double wip = hours > 0.0 ? line->lot_hours / hours : (double)line->lots;
    ls_buffer_printf(out,
                     "{\"name\": \"%s\", \"made\": %llu, \"wip\": %u, \"wip_mean\": %.2f, "
                     "\"per_hour\": %.2f, \"cycle_s\": ",
                     name, (unsigned long long)line->made, line->lots, wip, per_hour);
    if (per_hour > 0.0) {  // Little
        ls_buffer_printf(out, "%.0f", wip / per_hour * 3600.0);
    } else {
        ls_buffer_text(out, "null");
    }
    ls_buffer_printf(out,
                     ", \"scrapped\": %llu, \"on_time\": ", (unsigned long long)line->scrapped);
    if (line->made > 0) {
        ls_buffer_printf(out, "%.4f", (double)line->on_time / (double)line->made);
    } else {
        ls_buffer_text(out, "null");
    }
    ls_buffer_printf(out, ", \"broken\": %llu, \"cost\": %.2f, \"worth\": %.2f}",
                     (unsigned long long)line->broken, line->cost, line->worth);
}

void ls_demo_lines_json(const ls_demo_figures *figures, ls_buffer *out) {
    ls_buffer_text(out, "[");
    line_json(&figures->own, "own rule", figures->hours, out);
    ls_buffer_text(out, ", ");
    line_json(&figures->with, "with Lineshaft", figures->hours, out);
    ls_buffer_text(out, "]");
}
