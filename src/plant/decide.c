// decide.c - see decide.h: words of what is decided, as the plant file has them.
#include "plant/decide.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "plant/plant.h"

static const char *const kinds[LS_DECIDE_KIND_COUNT] = {"dispatch", "release",  "maintenance",
                                                        "batch",    "setup",    "conwip",
                                                        "staffing", "setpoint", "sort"};
static const char *const modes[LS_MODE_COUNT] = {"watch", "advise", "approve", "auto"};
static const char *const terms[LS_TERM_COUNT] = {"throughput", "on-time",    "cycle-time", "wip",
                                                 "tardiness",  "changes",    "escapes",    "scrap",
                                                 "rework",     "inspections"};

const char *ls_decide_kind_name(ls_decide_kind kind) {
    return (unsigned)kind < LS_DECIDE_KIND_COUNT ? kinds[kind] : "none";
}

const char *ls_decide_mode_name(ls_decide_mode mode) {
    return (unsigned)mode < LS_MODE_COUNT ? modes[mode] : "none";
}

const char *ls_objective_term_name(ls_objective_term term) {
    return (unsigned)term < LS_TERM_COUNT ? terms[term] : "none";
}

uint32_t ls_decide_counting(const ls_decide_point *point) {
    return point->minimizes ? point->objective : point->measured;
}

const char *ls_sort_way_name(uint32_t way) {
    return way == LS_SORT_PASS     ? "pass"
           : way == LS_SORT_REWORK ? "rework"
           : way == LS_SORT_SCRAP  ? "scrap"
                                   : NULL;
}

const ls_measured *ls_decide_counts(const struct ls_plant *plant, const ls_decide_point *point) {
    return point->minimizes ? &point->follows : &plant->listen.values[point->measured];
}

// Does the line say which lots of this class wait outside?
static bool tells_pool(const ls_plant *plant, uint32_t release) {
    bool told = false;
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        const ls_binding *b = &plant->listen.bindings[i];
        told = told || b->means == LS_MEANS_LOT_RELEASED ||
               (b->means == LS_MEANS_POOL && b->of == release);
    }
    return told;
}

static void warn_at(const ls_plant *plant, const ls_decide_point *p, ls_errors *out,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
static void warn_at(const ls_plant *plant, const ls_decide_point *p, ls_errors *out,
                    const char *format, ...) {
    char text[400];
    ls_error err;
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    (void)ls_fail_at(&err, LS_ERR_INVALID, plant->file, p->line, p->column, "'%s': %s", p->name,
                     text);
    ls_errors_add(out, &err);
}

// What registers leave open: until when, and whether the longest command has room.
static void warn_of_registers(const ls_plant *plant, const ls_decide_point *p, ls_errors *out) {
    const char *class = plant->releases[p->release].name;
    const ls_commanded *c = NULL;
    const ls_source *source = NULL;
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        source = plant->listen.sources[i].commands != NULL ? &plant->listen.sources[i] : source;
    }
    c = source != NULL ? source->commands : NULL;
    if (c == NULL) {
        return;
    }
    if (c->pools[p->release].waiting != LS_NONE && c->pools[p->release].shut == LS_NONE) {
        warn_at(plant, p, out,
                "no register says until when what waits in the order pool of '%s' is shut out, so "
                "it is taken to come in at once: `shut` in `commands: pools:` would",
                class);
    }
    const size_t longest = strlen(class) + strlen(" 23 h 59 min 59 s 100");
    if (p->mode >= LS_MODE_APPROVE && c->line.argument != LS_NONE &&
        longest > (size_t)source->registers[c->line.argument].words * 2) {
        warn_at(plant, p, out,
                "a command about '%s' may be %zu characters long and register '%s' has room for "
                "%u: one that does not fit is not sent",
                class, longest, source->registers[c->line.argument].name,
                source->registers[c->line.argument].words * 2);
    }
}

// While somebody may give a word, orders wait outside for it: that costs, and is easily forgotten.
static void warn_of_words(const ls_plant *plant, ls_errors *out) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        if (p->word_us > 0) {
            char span[64];
            ls_units_print_time(p->word_us, span, sizeof span);
            warn_at(plant, p, out,
                    "while a service is connected each lot of '%s' waits outside for a word, up to "
                    "%s of the line's time, and comes in then (`wait-for-word`)",
                    plant->releases[p->release].name, span);
        }
    }
}

void ls_decide_warn(const struct ls_plant *plant, ls_errors *out) {
    warn_of_words(plant, out);
    for (uint32_t i = 0; plant->listen.source_count > 0 && i < plant->decide.point_count; i++) {
        const ls_decide_point *p = plant->decide.points + i;
        if (p->kind != LS_DECIDE_RELEASE || !plant->releases[p->release].pool) {
            continue;
        }
        if (!tells_pool(plant, p->release)) {
            warn_at(plant, p, out,
                    "nothing tells what waits in the order pool of '%s', so nothing is asked of "
                    "it: a text tag `lots: {released: TAG}` would, or a register in `commands: "
                    "pools:`",
                    plant->releases[p->release].name);
        }
        warn_of_registers(plant, p, out);
    }
}
