// emulate_pool.c - order pools of the emulated line: while somebody who decides is heard, what is
// released waits outside for a word, for a while; else it comes in at once.
#include <string.h>

#include "base/units.h"
#include "line/emulate_inside.h"
#include "twin/intervene.h"

#define PUT_OFF_MAX_US (7 * LS_US_PER_DAY)

bool ls_emulate_put_off_read(const ls_plant *plant, char *text, ls_put_off *out) {
    // From behind: the name of a class may have blanks, and so may a span.
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const char *name = plant->releases[i].name;
        const size_t length = strlen(name);
        if (strncmp(text, name, length) != 0 || text[length] != ' ') {
            continue;
        }
        char *span = text + length + 1;
        char *last = strrchr(span, ' ');
        int64_t lots = 0;
        ls_error err = {0};
        const bool counts = last != NULL && ls_text_parse_i64(last + 1, strlen(last + 1), &lots);
        if (counts) {
            *last = '\0';
        }
        int64_t span_us = 0;
        const bool good = ls_units_time(span, &span_us, &err) == LS_OK && span_us >= 0 &&
                          span_us <= PUT_OFF_MAX_US && lots >= 0 && lots <= UINT32_MAX &&
                          (span_us > 0 || lots == 0);
        if (counts) {
            *last = ' ';
        }
        if (good) {
            *out = (ls_put_off){.release = i, .lots = (uint32_t)lots, .span_us = span_us};
            return true;
        }
    }
    return false;
}

// How long what is released waits for a word, 0: nobody decides about it.
static int64_t patience_us(const ls_plant *plant, uint32_t release) {
    int64_t us = 0;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        if (p->kind == LS_DECIDE_RELEASE && p->release == release) {
            us = p->word_us > us ? p->word_us : us;
        }
    }
    return us;
}

void ls_emulate_shut_pools(ls_emulate *e) {
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (uint32_t i = 0; e->beating && i < c.m->releases; i++) {
        const ls_s_release *rs = c.release + i;
        const int64_t wait_us = c.releases[i].pool != 0 ? patience_us(e->plant, i) : 0;
        ls_error err = {0};
        if (wait_us > 0 && rs->pooled == 0 && rs->put_off <= c.s->now) {
            (void)ls_intervene_put_off(e->twin, e->snapshot, i, LS_NEVER, &err);
        } else if (wait_us > 0 && rs->pooled > 0 && rs->put_off == LS_NEVER) {
            (void)ls_intervene_put_off(e->twin, e->snapshot, i, c.s->now + wait_us, &err);
        }
    }
}

void ls_emulate_open_pools(ls_emulate *e) {
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (uint32_t i = 0; i < c.m->releases; i++) {
        if (c.releases[i].pool == 0 || c.release[i].put_off == 0) {
            continue;
        }
        ls_error err = {0};
        e->figures.lapsed += c.release[i].pooled > 0;
        ls_emulate_begin(e);
        (void)ls_intervene_put_off(e->twin, e->snapshot, i, 0, &err);
        ls_emulate_end(e);
    }
}
