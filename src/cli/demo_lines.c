// demo_lines.c - see demo_lines.h.
#include "cli/demo_lines.h"

#include <math.h>

#include "base/arena.h"
#include "base/statistics.h"

typedef struct side {
    ls_emulate_figures begin, now;
    double lot_hours;
    uint64_t window_made;  // when the present window began
} side;

struct ls_demo_lines {
    ls_emulate *own;
    ls_emulate_play *with;
    int64_t from_us, at_us;
    side sides[2];
    bool beating;
    double behind_s;
    bool connected;
    uint32_t window_count;
    double differences[LS_DEMO_WINDOWS];  // made in the window, with less own
    int64_t window_us;                    // when the present one began
};

static ls_status make_own(const ls_plant *plant, uint64_t seed, int64_t from_us, ls_emulate **out,
                          ls_error *err) {
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = seed;
    def.from_us = from_us;
    return ls_emulate_create(plant, &def, out, err);
}

static ls_status make_with(const ls_plant *plant, uint64_t seed, double speed, int64_t from_us,
                           const char *url, const char *login, ls_emulate_play **out,
                           ls_error *err) {
    ls_emulate_play_def def = ls_emulate_play_def_default();
    def.plant = plant;
    def.seed = seed;
    def.speed = speed;
    def.from_us = from_us;
    def.url = url;
    def.login = login;
    return ls_emulate_play_create(&def, out, err);
}

ls_status ls_demo_lines_create(const ls_plant *plant, uint64_t seed, double speed, int64_t from_us,
                               const char *url, const char *login, ls_demo_lines **out,
                               ls_error *err) {
    *out = NULL;
    ls_demo_lines *lines = ls_alloc(sizeof *lines);
    if (lines == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the two lines");
    }
    ls_status status = make_own(plant, seed, from_us, &lines->own, err);
    if (status == LS_OK) {
        status = make_with(plant, seed, speed, from_us, url, login, &lines->with, err);
    }
    if (status != LS_OK) {
        ls_demo_lines_destroy(lines);
        return status;
    }
    lines->from_us = lines->at_us = lines->window_us = from_us;
    lines->sides[0].begin = lines->sides[0].now = ls_emulate_describe(lines->own);
    lines->sides[1].begin = lines->sides[1].now = ls_emulate_play_describe(lines->with).line;
    lines->sides[0].window_made = lines->sides[0].begin.done;
    lines->sides[1].window_made = lines->sides[1].begin.done;
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
    double made[2];
    for (int i = 0; i < 2; i++) {
        side *s = &lines->sides[i];
        made[i] = (double)(s->now.done - s->window_made);
        s->window_made = s->now.done;
    }
    if (lines->window_count < LS_DEMO_WINDOWS) {
        lines->differences[lines->window_count] = made[1] - made[0];
        lines->window_count++;
    }
    lines->window_us += LS_DEMO_WINDOW_US;
}

// The lots that were there since the last look, and what has come out until now.
static void look(ls_demo_lines *lines, int64_t now_us, const ls_emulate_figures *own,
                 const ls_emulate_figures *with) {
    const double hours = (double)(now_us - lines->at_us) / 3.6e9;
    const ls_emulate_figures *now[2] = {own, with};
    for (int i = 0; i < 2; i++) {
        lines->sides[i].lot_hours += hours * (double)lines->sides[i].now.lots;
        lines->sides[i].now = *now[i];
    }
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
    const ls_emulate_figures own = ls_emulate_describe(lines->own);
    look(lines, with.now_us, &own, &with.line);
    lines->beating = with.line.beating;
    lines->behind_s = with.behind_s;
    lines->connected = with.edge.births > 0;
    return LS_OK;
}

bool ls_demo_lines_connected(const ls_demo_lines *lines) {
    return lines->connected;
}

static ls_demo_line line_of(const side *s) {
    return (ls_demo_line){.made = s->now.done - s->begin.done,
                          .scrapped = s->now.scrapped - s->begin.scrapped,
                          .released = s->now.released - s->begin.released,
                          .lots = s->now.lots,
                          .lot_hours = s->lot_hours};
}

// Half the width of the 95 % interval of the sum of the windows' differences, taken as independent.
static double half_width(const double *differences, uint32_t count) {
    if (count < 6) {
        return NAN;
    }
    double mean = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        mean += differences[i] / count;
    }
    for (uint32_t i = 0; i < count; i++) {
        squares += (differences[i] - mean) * (differences[i] - mean);
    }
    const double variance = squares / (count - 1);
    return ls_stat_t_quantile(0.975, (double)(count - 1)) * sqrt(variance * count);
}

ls_demo_figures ls_demo_lines_describe(const ls_demo_lines *lines) {
    ls_demo_figures f = {.hours = (double)(lines->at_us - lines->from_us) / 3.6e9,
                         .now_us = lines->at_us,
                         .own = line_of(&lines->sides[0]),
                         .with = line_of(&lines->sides[1]),
                         .beating = lines->beating,
                         .commands = lines->sides[1].now.commands,
                         .refused = lines->sides[1].now.refused,
                         .behind_s = lines->behind_s,
                         .windows = lines->window_count};
    f.more_made = (double)f.with.made - (double)f.own.made;
    f.half_width = half_width(lines->differences, lines->window_count);
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
    ls_buffer_printf(out, ", \"scrapped\": %llu, \"on_time\": null, \"cost\": null}",
                     (unsigned long long)line->scrapped);
}

void ls_demo_lines_json(const ls_demo_figures *figures, ls_buffer *out) {
    ls_buffer_text(out, "[");
    line_json(&figures->own, "own rule", figures->hours, out);
    ls_buffer_text(out, ", ");
    line_json(&figures->with, "with Lineshaft", figures->hours, out);
    ls_buffer_text(out, "]");
}
