// read_decide_names.c - does a line that is commanded over Modbus name its lots? The guard lets no
// lot be dispatched or released where it cannot know in which machine or queue each of them is.
#include <string.h>

#include "plant/decide_reader.h"

static const ls_source *find_commanded(const ls_listen *listen) {
    for (uint32_t i = 0; i < listen->source_count; i++) {
        if (listen->sources[i].commands != NULL) {
            return &listen->sources[i];
        }
    }
    return NULL;
}

static bool is_commanded(const ls_decide_draft *d, const ls_source *s, uint32_t station) {
    for (uint32_t m = 0; m < d->r->machines.count; m++) {
        if (s->commands->machines[m].kind != LS_NONE && ls_listen_station_of(d->r, m) == station) {
            return true;
        }
    }
    return false;
}

// The first point whose commands name lots there, or let some in; NULL: none does.
static const ls_decide_point *find_sender(const ls_decide_draft *d, const ls_source *s) {
    for (uint32_t i = 0; i < d->points.count; i++) {
        const ls_decide_point *p = LS_ROW(ls_decide_point, d->points, i);
        const bool chooses = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                             p->kind == LS_DECIDE_SETUP || p->kind == LS_DECIDE_SORT;
        if (p->mode >= LS_MODE_APPROVE &&
            (p->kind == LS_DECIDE_RELEASE || (chooses && is_commanded(d, s, p->station)))) {
            return p;
        }
    }
    return NULL;
}

static bool has_lots(const ls_listen *listen, const ls_source *s, uint32_t machine) {
    const size_t length = strlen(s->name);
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        if (b->means == LS_MEANS_LOTS && b->of == machine &&
            strncmp(b->tag, s->name, length) == 0 && b->tag[length] == '/') {
            return true;
        }
    }
    return false;
}

// What lets lots in must know how many there are: names do not tell of those between stations.
static void check_inside(ls_decide_draft *d, const ls_source *s) {
    for (uint32_t i = 0; i < d->points.count; i++) {
        const ls_decide_point *p = LS_ROW(ls_decide_point, d->points, i);
        if (p->kind == LS_DECIDE_RELEASE && p->mode >= LS_MODE_APPROVE &&
            s->commands->inside == LS_NONE) {
            const ls_yaml at = {.line = s->commands->row, .column = s->commands->column};
            ls_reader_mistake(d->r, &at, "say the register: 'inside: REGISTER'",
                              "'%s' commands over modbus '%s', which does not tell how many lots "
                              "are in the plant",
                              p->name, s->name);
            return;
        }
    }
}

typedef struct missing {
    const char *first;
    uint32_t count;
} missing;

static void miss(missing *m, const char *name) {
    m->first = m->count == 0 ? name : m->first;
    m->count++;
}

static void complain(ls_decide_draft *d, const ls_source *s, const ls_decide_point *p,
                     const missing *m, const char *where, const char *hint) {
    const ls_yaml at = {.line = s->commands->row, .column = s->commands->column};
    char more[40] = "";
    if (m->count > 1) {
        ls_text_format(more, sizeof more, " (nor at %u more)", m->count - 1);
    }
    ls_reader_mistake(d->r, &at, hint,
                      "'%s' commands over modbus '%s', which does not name the lots %s '%s'%s",
                      p->name, s->name, where, m->first, more);
}

static void check_stations(ls_decide_draft *d, const ls_source *s, const ls_decide_point *p) {
    ls_reader *r = d->r;
    missing m = {0};
    for (uint32_t i = 0; i < r->stations.count; i++) {
        if (s->commands->waiting[i] == LS_NONE) {
            miss(&m, LS_ROW(ls_station, r->stations, i)->name);
        }
    }
    if (m.count > 0) {
        complain(d, s, p, &m, "that wait at",
                 ls_reader_format(r, "say the register: 'waiting: {%s: ...}'", m.first));
    }
}

static void check_machines(ls_decide_draft *d, const ls_source *s, const ls_decide_point *p) {
    ls_reader *r = d->r;
    missing m = {0};
    for (uint32_t i = 0; i < r->machines.count; i++) {
        if (!has_lots(&r->plant->listen, s, i)) {
            miss(&m, LS_ROW(ls_machine, r->machines, i)->name);
        }
    }
    if (m.count > 0) {
        complain(d, s, p, &m, "in work at",
                 ls_reader_format(r, "bind them: 'listen: {machines: {%s: {lots: %s/...}}}'",
                                  m.first, s->name));
    }
}

void ls_decide_check_names(ls_decide_draft *d) {
    const ls_source *s = find_commanded(&d->r->plant->listen);
    if (s == NULL || d->r->form.error_count > 0) {
        return;  // what a mistake took away would be missed here again
    }
    const ls_decide_point *p = find_sender(d, s);
    if (p != NULL) {
        check_stations(d, s, p);
        check_machines(d, s, p);
    }
    check_inside(d, s);
    ls_decide_check_hands(d, s);
}
