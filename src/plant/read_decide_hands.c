// read_decide_hands.c - can what is decided be said to a line that is commanded over Modbus? A
// machine that is decided about needs a handshake of its own, and words that are known already must
// fit into the register of arguments.
#include <string.h>

#include "base/text.h"
#include "plant/decide_reader.h"

typedef struct looking {
    ls_decide_draft *d;
    const ls_source *source;
    const ls_decide_point *point;
} looking;

static ls_yaml at_commands(const looking *l) {
    return (ls_yaml){.line = l->source->commands->row, .column = l->source->commands->column};
}

static bool is_of_station(ls_decide_kind kind) {
    return kind == LS_DECIDE_DISPATCH || kind == LS_DECIDE_BATCH || kind == LS_DECIDE_SETUP ||
           kind == LS_DECIDE_MAINTENANCE || kind == LS_DECIDE_SORT;
}

// The longest of what is said so far.
typedef struct longest {
    char text[300];
} longest;

static void say(longest *l, const char *text) {
    if (strlen(text) > strlen(l->text)) {
        ls_text_format(l->text, sizeof l->text, "%s", text);
    }
}

static void say_setting(longest *l, const char *name, double number) {
    char text[300];
    ls_text_format(text, sizeof text, "%s=%.17g", name, number);
    say(l, text);
}

// Does it fit? False after a mistake.
static bool fits(const looking *l, const longest *words, uint32_t argument) {
    ls_reader *r = l->d->r;
    const ls_register *reg = &l->source->registers[argument];
    const ls_yaml at = at_commands(l);
    const uint32_t size = (uint32_t)strlen(words->text);
    if (size <= 2 * reg->words) {
        return true;
    }
    ls_reader_mistake(r, &at,
                      ls_reader_format(r, "'%s: {words: %u}' or more, or a shorter name", reg->name,
                                       (size + 1) / 2),
                      "'%s' commands over modbus '%s', and '%s' does not fit into register '%s' of "
                      "%u characters",
                      l->point->name, l->source->name, words->text, reg->name, 2 * reg->words);
    return false;
}

// ---- machines

static void say_maintenances(longest *words, const ls_reader *r, const ls_station *s) {
    for (uint32_t i = s->failure_at; i < s->failure_at + s->failure_count; i++) {
        const ls_failure *f = LS_ROW(ls_failure, r->failures, i);
        if (f->maintenance) {
            say(words, f->name);
        }
    }
}

static void say_setups(longest *words, const ls_reader *r, const ls_station *s) {
    for (uint32_t i = s->setup_at; i < s->setup_at + s->setup_count; i++) {
        say(words, *LS_ROW(const char *, r->setup_names, i));
    }
}

// "LOT rework": what names of lots begin with, where they say their class, and the longest way.
// What is behind that in a name is not known; the guard sends no argument that does not fit.
static void say_ways(longest *words, const ls_reader *r, const ls_decide_point *p) {
    const char *pattern = r->plant->listen.lots_named;
    const char *open = pattern != NULL ? strchr(pattern, '{') : NULL;
    const char *longest_way = "";
    for (uint32_t way = LS_SORT_PASS; way <= LS_SORT_SCRAP; way <<= 1) {
        const char *name = ls_sort_way_name(way);
        longest_way = (p->sort.ways & way) != 0 && strlen(name) > strlen(longest_way) ? name
                                                                                      : longest_way;
    }
    for (uint32_t i = 0; i < r->releases.count; i++) {
        char text[300];
        const ls_release *release = LS_ROW(ls_release, r->releases, i);
        const char *product = LS_ROW(ls_product, r->products, release->product)->name;
        const char *word = open == NULL                                       ? "1"
                           : strncmp(open, "{class}", strlen("{class}")) == 0 ? release->name
                                                                              : product;
        ls_text_format(text, sizeof text, "%.*s%s %s", open != NULL ? (int)(open - pattern) : 0,
                       open != NULL ? pattern : "", word, longest_way);
        say(words, text);
    }
}

static void check_machines(const looking *l) {
    ls_reader *r = l->d->r;
    const ls_station *s = LS_ROW(ls_station, r->stations, l->point->station);
    longest words = {.text = ""};
    const char *first = NULL;
    uint32_t missing = 0;
    if (l->point->kind == LS_DECIDE_MAINTENANCE) {
        say_maintenances(&words, r, s);
    } else if (l->point->kind == LS_DECIDE_SETUP) {
        say_setups(&words, r, s);
    } else if (l->point->kind == LS_DECIDE_SORT) {
        say_ways(&words, r, l->point);
    }
    for (uint32_t m = 0; m < r->machines.count; m++) {
        const ls_handshake *hand = &l->source->commands->machines[m];
        if (ls_listen_station_of(r, m) != l->point->station) {
            continue;
        }
        if (hand->kind == LS_NONE) {
            first = first == NULL ? LS_ROW(ls_machine, r->machines, m)->name : first;
            missing++;
        } else if (!fits(l, &words, hand->argument)) {
            return;
        }
    }
    if (missing > 0) {
        const ls_yaml at = at_commands(l);
        char more[40] = "";
        if (missing > 1) {
            ls_text_format(more, sizeof more, " (nor of %u more)", missing - 1);
        }
        ls_reader_mistake(r, &at,
                          ls_reader_format(r,
                                           "say its registers: 'machines: {%s: {kind: ..., "
                                           "argument: ..., ...}}', or only advise: 'mode: advise'",
                                           first),
                          "'%s' commands over modbus '%s', which has no handshake of '%s'%s",
                          l->point->name, l->source->name, first, more);
    }
}

// ---- the line

static void check_line(const looking *l) {
    ls_reader *r = l->d->r;
    const ls_decide_point *p = l->point;
    longest words = {.text = ""};
    if (p->kind == LS_DECIDE_RELEASE) {
        say(&words, LS_ROW(ls_release, r->releases, p->release)->name);
    }
    if (p->measured != LS_NONE) {
        const ls_measured *v = &r->plant->listen.values[p->measured];
        say_setting(&words, v->name, v->set_low);
        say_setting(&words, v->name, v->set_high);
        for (uint32_t i = 0; i < p->number_count; i++) {
            say_setting(&words, v->name, *LS_ROW(double, l->d->numbers, p->number_at + i));
        }
    }
    (void)fits(l, &words, l->source->commands->line.argument);
}

void ls_decide_check_hands(ls_decide_draft *d, const ls_source *source) {
    for (uint32_t i = 0; i < d->points.count && !d->r->form.out_of_memory; i++) {
        const looking l = {d, source, LS_ROW(ls_decide_point, d->points, i)};
        if (l.point->mode < LS_MODE_APPROVE) {
            continue;
        }
        if (is_of_station(l.point->kind)) {
            check_machines(&l);
        } else {
            check_line(&l);
        }
    }
}
