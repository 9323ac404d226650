// carry.c - see carry.h.
#include "twin/follow/carry.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "twin/follow/follow.h"
#include "twin/follow/watch.h"
#include "twin/model.h"

typedef struct carrier {
    const ls_plant *from, *to;
    ls_follow *follow;
    int64_t now_us;    // plant time of `to`
    int64_t later_us;  // its time less that of `from`
} carrier;

static uint32_t station_like(const carrier *c, uint32_t station) {
    for (uint32_t i = 0; i < c->to->station_count; i++) {
        if (strcmp(c->to->stations[i].name, c->from->stations[station].name) == 0) {
            return i;
        }
    }
    return LS_NO;
}

static uint32_t station_of(const ls_plant *plant, uint32_t machine) {
    uint32_t station = 0;
    while (machine - plant->stations[station].machine_at >=
           plant->stations[station].machine_count) {
        station++;
    }
    return station;
}

// The machine of the same number at the station of the same name.
static uint32_t machine_like(const carrier *c, uint32_t machine, uint32_t *out_station) {
    const uint32_t station = station_of(c->from, machine);
    const uint32_t number = machine - c->from->stations[station].machine_at;
    *out_station = station_like(c, station);
    if (*out_station == LS_NO || number >= c->to->stations[*out_station].machine_count) {
        return LS_NO;
    }
    return c->to->stations[*out_station].machine_at + number;
}

// The reason, one above the failure's index in the plant; 0 where the other plant has none of the
// name.
static int64_t reason_like(const carrier *c, int64_t reason, uint32_t station) {
    const ls_station *st = c->to->stations + station;
    for (uint32_t i = 0; i < st->failure_count && reason > 0; i++) {
        const char *name = c->to->failures[st->failure_at + i].name;
        const char *wanted = c->from->failures[reason - 1].name;
        if (name != NULL && wanted != NULL && strcmp(name, wanted) == 0) {
            return st->failure_at + i + 1;
        }
    }
    return 0;
}

// "LOT ... due=US ..." in the time of the other plant.
static const char *lot_like(const carrier *c, const ls_heard *heard, char *out, size_t size) {
    const char *due = heard->text != NULL ? strstr(heard->text, " due=") : NULL;
    int64_t us = 0;
    if (due == NULL || c->later_us == 0 ||
        !ls_text_parse_i64(due + 5, strcspn(due + 5, " "), &us)) {
        return heard->text;
    }
    ls_text_format(out, size, "%.*s due=%lld%s", (int)(due - heard->text), heard->text,
                   (long long)(us + c->later_us), due + 5 + strcspn(due + 5, " "));
    return out;
}

static void carry(void *context, const ls_heard *heard) {
    carrier *c = context;
    char text[512];
    uint32_t station = LS_NO;
    ls_heard told = *heard;
    told.time_us = c->now_us;
    told.birth = true;
    if (heard->kind < LS_HEARD_QUEUE) {
        told.of = machine_like(c, heard->of, &station);
    } else if (heard->kind == LS_HEARD_QUEUE) {
        told.of = station_like(c, heard->of);
    } else {
        told.text = lot_like(c, heard, text, sizeof text);
        told.size = told.text != NULL ? (uint32_t)strlen(told.text) : 0;
    }
    if (heard->kind <= LS_HEARD_QUEUE && told.of == LS_NO) {
        return;
    }
    if (heard->kind == LS_HEARD_REASON) {
        told.number = reason_like(c, heard->number, station);
    }
    ls_follow_hear(c->follow, &told);
}

ls_status ls_carry_present(const ls_carry_side *from, const ls_snapshot *present,
                           const ls_carry_side *to, uint64_t seed, ls_snapshot **out,
                           ls_error *err) {
    *out = NULL;
    carrier c = {.from = from->plant,
                 .to = to->plant,
                 .later_us = from->plant->start_us - to->plant->start_us};
    c.now_us = ls_snapshot_now(present) + c.later_us;
    if (c.now_us < 0) {
        return ls_fail(err, LS_ERR_INVALID, "the plant begins later than now");
    }
    const ls_follow_def def = ls_follow_def_default();
    ls_status status = ls_follow_create(to->plant, to->twin, c.now_us, &def, &c.follow, err);
    if (status == LS_OK) {
        const ls_watch_def watch = {.say = carry, .context = &c};
        ls_watch(from->plant, from->twin, NULL, present->state, &watch);
        ls_follow_advance(c.follow, c.now_us);
        status = ls_snapshot_create(to->twin, seed, 0, out, err);
    }
    if (status == LS_OK) {
        ls_follow_fork(c.follow, seed, 0, *out);
    }
    ls_follow_destroy(c.follow);
    return status;
}
