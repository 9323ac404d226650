// demo_account.c - see demo_account.h.
#include "cli/demo_account.h"

#include <math.h>

#include "cli/demo_interval.h"
#include "ls_build.h"

static double per_hour(const ls_demo_line *line, double hours) {
    return hours > 0.0 ? (double)line->made / hours : 0.0;
}

static double wip(const ls_demo_line *line, double hours) {
    return hours > 0.0 ? line->lot_hours / hours : (double)line->lots;
}

// Little's law: how long a lot is inside.
static double cycle_min(const ls_demo_line *line, double hours) {
    return line->made > 0 ? wip(line, hours) / per_hour(line, hours) * 60.0 : NAN;
}

static double share_in_time(const ls_demo_line *line) {
    return line->made > 0 ? 100.0 * (double)line->on_time / (double)line->made : NAN;
}

static void row(const char *what, const char *unit, double own, double with, int digits,
                ls_buffer *out) {
    ls_buffer_printf(out, "  %-24s %12.*f %16.*f %+12.*f  %s\n", what, digits, own, digits, with,
                     digits, with - own, unit);
}

static const char *verdict(double difference, double half_width) {
    return difference - half_width > 0.0   ? "better with Lineshaft"
           : difference + half_width < 0.0 ? "worse with Lineshaft"
                                           : "no difference shown";
}

static void differ(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_figures *f = &a->figures;
    if (isnan(f->half_width)) {
        ls_buffer_printf(out,
                         "True difference: %+.0f made, %+.0f %s. No interval yet: it needs %d "
                         "windows of 10 minutes of the line, and had %u.\n",
                         f->more_made, f->more_worth, a->unit, LS_DEMO_WINDOWS_LEAST, f->windows);
        return;
    }
    ls_buffer_printf(
        out,
        "True difference: %+.0f \xC2\xB1 %.0f made: %s.\n"
        "                 %+.0f \xC2\xB1 %.0f %s by the objective: %s.\n"
        "  95 %%, from %u windows of 10 minutes of both lines, in batches, wider where "
        "neighbours hang together.\n",
        f->more_made, f->half_width, verdict(f->more_made, f->half_width), f->more_worth,
        f->worth_half_width, a->unit, verdict(f->more_worth, f->worth_half_width), f->windows);
}

static void count(const char *what, double number, const char *why, ls_buffer *out) {
    if (number > 0.0) {
        ls_buffer_printf(out, ", %.0f %s%s%s%s", number, what, why[0] != '\0' ? " (" : "", why,
                         why[0] != '\0' ? ")" : "");
    }
}

// What became of decisions that wanted to change something.
static void states(const ls_demo_states *s, ls_buffer *out) {
    if (!s->known) {
        return;
    }
    ls_buffer_printf(out, "Decisions that change something: %.0f done by the line", s->done);
    count("not sent, because the line had gone on", s->expired, "", out);
    count("not sent, because the answer came late", s->late, "", out);
    count("refused by a guard", s->refused, s->why_refused, out);
    count("denied by the line", s->denied, "", out);
    count("without an answer", s->lost, "", out);
    ls_buffer_text(out, ".\n");
}

static void ledger(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_ledger *l = &a->ledger;
    const char *unit = l->unit[0] != '\0' ? l->unit : a->unit;
    if (!l->known) {
        ls_buffer_text(out, "Promised and realised: the service keeps no account of it.\n");
        return;
    }
    ls_buffer_printf(out, "Promised: %+.4g %s by %.0f decisions sent to the line", l->promised,
                     unit, l->sent);
    if (l->promised_low < l->promised_high) {
        ls_buffer_printf(out, " (%.4g to %.4g)", l->promised_low, l->promised_high);
    }
    ls_buffer_text(out, ".\n");
    if (l->realised_known) {
        ls_buffer_printf(out,
                         "Realised: %+.4g %s (%.4g to %.4g) by %.0f of them in %.0f window%s of "
                         "time, by %s; it reproduces what happened with an error of %.4g %s.\n",
                         l->realised, unit, l->realised_low, l->realised_high,
                         l->realised_decisions, l->realised_windows,
                         l->realised_windows == 1.0 ? "" : "s",
                         l->method[0] != '\0' ? l->method : "the service's own account",
                         l->realised_error, unit);
    } else {
        ls_buffer_printf(out, "Realised: not shown%s%s.\n", l->why_not[0] != '\0' ? ": " : "",
                         l->why_not);
    }
}

// What is promised is the gain of a rule in the long run and of acts over their horizon; what a
// window brings is compared with what was to be expected of that window.
static void awaited(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_ledger *l = &a->ledger;
    const char *unit = l->unit[0] != '\0' ? l->unit : a->unit;
    if (l->compared > 0.0) {
        ls_buffer_printf(
            out,
            "To be expected of %.0f windows, by the state at their beginnings: %+.4g %s "
            "(%.4g to %.4g); they brought %+.4g, %.0f of them what was to be expected of "
            "it (at least %.1f should).\n",
            l->compared, l->awaited, unit, l->awaited_low, l->awaited_high, l->brought, l->inside,
            l->expected);
    }
}

// Where decisions of several kinds were sent: each by itself.
static void kinds(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_ledger *l = &a->ledger;
    const char *unit = l->unit[0] != '\0' ? l->unit : a->unit;
    for (uint32_t i = 0; i < l->kind_count && l->kind_count > 1; i++) {
        const ls_demo_kind *k = &l->kinds[i];
        ls_buffer_printf(out, "  %-12s %3.0f sent, promised %+.4g %s (%.4g to %.4g); ", k->name,
                         k->sent, k->promised, unit, k->promised_low, k->promised_high);
        if (k->shown) {
            ls_buffer_printf(out, "realised %+.4g %s (%.4g to %.4g)\n", k->realised, unit,
                             k->realised_low, k->realised_high);
        } else {
            ls_buffer_printf(out, "realised: not shown%s%s\n", k->why_not[0] != '\0' ? ": " : "",
                             k->why_not);
        }
    }
}

void ls_demo_account_text(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_figures *f = &a->figures;
    ls_buffer_printf(
        out, "\nThe account: %.1f h of both emulated lines in %.0f s (speed %g, seed %llu)\n",
        f->hours, a->wall_s, a->speed, (unsigned long long)a->seed);
    ls_buffer_printf(out, "  %-24s %12s %16s %12s\n", "", "own rule", "with Lineshaft",
                     "difference");
    row("made", "lots", (double)f->own.made, (double)f->with.made, 0, out);
    row("made in an hour", "lots", per_hour(&f->own, f->hours), per_hour(&f->with, f->hours), 1,
        out);
    row("inside now", "lots", f->own.lots, f->with.lots, 0, out);
    row("inside on average", "lots", wip(&f->own, f->hours), wip(&f->with, f->hours), 1, out);
    if (f->own.made > 0 && f->with.made > 0) {
        row("time inside", "min", cycle_min(&f->own, f->hours), cycle_min(&f->with, f->hours), 1,
            out);
    }
    row("made in time", "%", share_in_time(&f->own), share_in_time(&f->with), 1, out);
    row("wheels that broke", "", (double)f->own.broken, (double)f->with.broken, 0, out);
    row("worth by the objective", a->unit, f->own.worth, f->with.worth, 0, out);
    if (f->behind_s > 1.0) {
        ls_buffer_printf(out, "  the line lagged its clock by %.0f s: try a lower --speed\n",
                         f->behind_s);
    }
    states(&a->ledger.states, out);
    ledger(a, out);
    awaited(a, out);
    kinds(a, out);
    differ(a, out);
    if (a->served != NULL) {
        ls_demo_served_text(a->served, out);
    }
}

static void number(const char *name, double value, const char *end, ls_buffer *out) {
    if (isfinite(value)) {
        ls_buffer_printf(out, "\"%s\": %.6g%s", name, value, end);
    } else {
        ls_buffer_printf(out, "\"%s\": null%s", name, end);
    }
}

typedef struct named {
    const char *name;
    double value;
} named;

// An object of them; null where they are not known.
static void numbers(bool known, const named *of, size_t count, ls_buffer *out) {
    ls_buffer_text(out, known ? "{" : "null");
    for (size_t i = 0; known && i < count; i++) {
        number(of[i].name, of[i].value, i + 1 < count ? ", " : "}", out);
    }
}

static void difference_json(const ls_demo_figures *f, ls_buffer *out) {
    ls_buffer_text(out, "{");
    number("made", f->more_made, ", ", out);
    number("half_width", f->half_width, ", ", out);
    number("worth", f->more_worth, ", ", out);
    number("worth_half_width", f->worth_half_width, ", ", out);
    ls_buffer_printf(out, "\"windows\": %u, ", f->windows);
    number("hours", f->hours, "}", out);
}

static void kind_json(const ls_demo_kind *k, bool comma, ls_buffer *out) {
    ls_buffer_printf(out, "%s{\"kind\": \"%s\", ", comma ? ", " : "", k->name);
    number("sent", k->sent, ", ", out);
    number("promised", k->promised, ", ", out);
    number("promised_low", k->promised_low, ", ", out);
    number("promised_high", k->promised_high, ", ", out);
    number("realised", k->shown ? k->realised : (double)NAN, ", ", out);
    number("realised_low", k->shown ? k->realised_low : (double)NAN, ", ", out);
    number("realised_high", k->shown ? k->realised_high : (double)NAN, "}", out);
}

void ls_demo_account_json(const ls_demo_account *a, ls_buffer *out) {
    const ls_demo_ledger *l = &a->ledger;
    ls_buffer_printf(out, "{\"lineshaft\": \"%s\", \"format\": \"demo/1\", \"emulated\": true, ",
                     LS_VERSION);
    number("speed", a->speed, ", ", out);
    ls_buffer_printf(out, "\"seed\": %llu, ", (unsigned long long)a->seed);
    number("wall_s", a->wall_s, ", \"lines\": ", out);
    ls_demo_lines_json(&a->figures, out);
    ls_buffer_text(out, ", \"difference\": ");
    difference_json(&a->figures, out);
    ls_buffer_printf(out, ", \"commands\": %llu, \"refused\": %llu, \"promised\": ",
                     (unsigned long long)a->figures.commands,
                     (unsigned long long)a->figures.refused);
    const named promised_of[] = {{"gain", l->promised},
                                 {"low", l->promised_low},
                                 {"high", l->promised_high},
                                 {"sent", l->sent}};
    numbers(l->known, promised_of, sizeof promised_of / sizeof *promised_of, out);
    const ls_demo_states *s = &l->states;
    ls_buffer_text(out, ", \"decisions\": ");
    if (s->known) {
        ls_buffer_printf(out,
                         "{\"done\": %.0f, \"expired\": %.0f, \"late\": %.0f, \"refused\": %.0f, "
                         "\"denied\": %.0f, \"lost\": %.0f}",
                         s->done, s->expired, s->late, s->refused, s->denied, s->lost);
    } else {
        ls_buffer_text(out, "null");
    }
    ls_buffer_text(out, ", \"realised\": ");
    const named realised_of[] = {{"gain", l->realised},
                                 {"low", l->realised_low},
                                 {"high", l->realised_high},
                                 {"decisions", l->realised_decisions},
                                 {"windows", l->realised_windows},
                                 {"error", l->realised_error}};
    numbers(l->realised_known, realised_of, sizeof realised_of / sizeof *realised_of, out);
    ls_buffer_text(out, ", \"awaited\": ");
    const named awaited_of[] = {{"gain", l->awaited},      {"low", l->awaited_low},
                                {"high", l->awaited_high}, {"brought", l->brought},
                                {"windows", l->compared},  {"inside", l->inside},
                                {"expected", l->expected}};
    numbers(l->compared > 0.0, awaited_of, sizeof awaited_of / sizeof *awaited_of, out);
    ls_buffer_text(out, ", \"kinds\": [");
    for (uint32_t i = 0; i < l->kind_count; i++) {
        kind_json(&l->kinds[i], i > 0, out);
    }
    ls_buffer_text(out, "], \"models\": ");
    if (a->served != NULL) {
        ls_demo_served_json(a->served, out);
    } else {
        ls_buffer_text(out, "[]");
    }
    ls_buffer_printf(out, ", \"unit\": \"%s\"}\n", l->unit[0] != '\0' ? l->unit : a->unit);
}

void ls_demo_account_page(const ls_demo_figures *figures, double speed, uint64_t seed,
                          int64_t start_us, ls_buffer *out) {
    ls_buffer_text(out, "{\"emulated\": true, ");
    number("speed", speed, ", ", out);
    ls_buffer_printf(out,
                     "\"seed\": %llu, \"line_us\": %lld, \"lines\": ", (unsigned long long)seed,
                     (long long)(start_us + figures->now_us));
    ls_demo_lines_json(figures, out);
    ls_buffer_text(out, ", \"difference\": ");
    difference_json(figures, out);
    ls_buffer_text(out, "}\n");
}

void ls_demo_account_short(const ls_demo_figures *f, char *out, size_t size) {
    ls_text_format(out, size,
                   "%.1f h: own rule %llu made, %u inside | with Lineshaft %llu made, %u inside | "
                   "%+.0f made%s",
                   f->hours, (unsigned long long)f->own.made, f->own.lots,
                   (unsigned long long)f->with.made, f->with.lots, f->more_made,
                   f->beating ? "" : " | by its own rule: no heartbeat");
}
