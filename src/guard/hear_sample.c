// hear_sample.c - what is heard, into the state of the guards and the writer.
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "guard/hear_inside.h"

static ls_guard_quality quality_of(const ls_sample *s) {
    switch (s->quality) {
    case LS_QUALITY_GOOD: return LS_GUARD_QUALITY_GOOD;
    case LS_QUALITY_UNCERTAIN: return LS_GUARD_QUALITY_UNCERTAIN;
    default: return LS_GUARD_QUALITY_BAD;
    }
}

static ls_guard_heard heard_of(const ls_guard_ear *ear, const ls_sample *s) {
    ls_guard_heard heard = {.quality = quality_of(s),
                            .vouched_us = ear->line_us,
                            .by_arrival = (s->flags & LS_SAMPLE_ARRIVAL) != 0};
    if (!ls_sample_number(s, &heard.value) || !isfinite(heard.value)) {
        heard.quality = LS_GUARD_QUALITY_BAD;
    }
    return heard;
}

// The name at the beginning of "LOT key=value ...".
static void first_word(const char *text, char *out, size_t size) {
    ls_text_format(out, size, "%.*s", (int)strcspn(text, " "), text);
}

// From the mapping: what a bound tag means for the plant.
static void on_mapped(void *context, const ls_heard *heard) {
    ls_guard_ear *ear = context;
    ls_guard_state *state = ear->def.state;
    char lot[128], text[4200];
    ls_text_format(text, sizeof text, "%.*s", (int)heard->size,
                   heard->text != NULL ? heard->text : "");
    first_word(text, lot, sizeof lot);
    if (ear->modbus != NULL && heard->kind >= LS_HEARD_RELEASED) {
        return;  // which lots there are is what registers name, whenever that changes
    }
    switch (heard->kind) {
    case LS_HEARD_STATE: {
        const ls_guard_heard value = {.quality = LS_GUARD_QUALITY_GOOD,
                                      .value = (double)heard->number,
                                      .vouched_us = ear->line_us,
                                      .by_arrival = ear->by_arrival};
        ls_guard_hear_state(state, heard->of, &value);
        break;
    }
    case LS_HEARD_LOTS:
        if (ear->modbus != NULL) {
            ls_guard_ear_modbus_lots(ear, heard->of, text);
        } else {
            ls_guard_hear_lots(state, heard->of, text);
        }
        break;
    case LS_HEARD_RELEASED: ls_guard_hear_released(state, lot); break;
    case LS_HEARD_ARRIVED: {
        const char *at = strstr(text, " station=");
        char name[128];
        first_word(at != NULL ? at + strlen(" station=") : "", name, sizeof name);
        for (uint32_t i = 0; i < ear->plant->station_count; i++) {
            if (strcmp(ear->plant->stations[i].name, name) == 0) {
                ls_guard_hear_arrived(state, lot, i);
            }
        }
        break;
    }
    case LS_HEARD_DONE:
    case LS_HEARD_SCRAPPED: ls_guard_hear_gone(state, lot); break;
    default: break;
    }
}

static bool whole_of(const ls_sample *s, int64_t *out) {
    double number = 0.0;
    if (s->quality != LS_QUALITY_GOOD || !ls_sample_number(s, &number) || !(fabs(number) < 9e15)) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

void ls_guard_ear_line_gone(ls_guard_ear *ear, int64_t now_us) {
    ls_guard_line *line = &ear->def.state->line;
    line->owner = LS_OWNER_UNKNOWN;
    line->beat_heard = false;
    line->fallback_ready = false;
    ls_guard_writer_gone(ear->writer, ear->device_count - 1, now_us);
}

// A tag is stale: its device or node is gone.
static void hear_stale(ls_guard_ear *ear, const ls_sample *s, int64_t now_us) {
    const tag_role *r = &ear->roles[s->tag];
    if (r->role == ROLE_STATE) {
        ls_guard_forget(ear->def.state, r->of);
    } else if (r->role == ROLE_ID) {
        ear->devices[r->of].alive = false;
        ls_guard_writer_gone(ear->writer, r->of, now_us);
    } else if (r->role == ROLE_LOST) {
        ls_guard_ear_line_gone(ear, now_us);
    } else if (r->role == ROLE_SETTING) {
        ear->heard_settings[r->of] = NAN;
    }
}

static void hear_lost(ls_guard_ear *ear, bool lost, int64_t now_us) {
    ls_guard_line *line = &ear->def.state->line;
    line->fallback_ready = true;  // the line has the rule that says so
    line->beat_heard = !lost;
    ls_guard_writer_hear_lost(ear->writer, lost, now_us);
}

static void hear_setting(ls_guard_ear *ear, uint32_t of, const ls_sample *s,
                         const ls_guard_clock *clock) {
    const ls_guard_limits *limits = ear->def.limits;
    const ls_guard_heard heard = heard_of(ear, s);
    ear->heard_settings[of] = heard.quality == LS_GUARD_QUALITY_GOOD ? heard.value : NAN;
    for (uint32_t t = 0; t < limits->target_count; t++) {
        if (limits->targets[t].kind == LS_TARGET_VALUE && limits->targets[t].value == of) {
            if (s->kind == LS_VALUE_INT || s->kind == LS_VALUE_UINT) {
                ls_guard_hear_whole(ear->def.state, t, -2147483648.0, 2147483647.0);
            }
            ls_guard_hear_value(ear->def.state, t, &heard, clock);
        }
    }
}

static void pass_on_done(ls_guard_ear *ear, uint32_t of, int64_t now_us) {
    const hand *d = &ear->devices[of];
    ls_guard_writer_hear_done(ear->writer, of, d->last_done, d->last_result, d->last_reason,
                              now_us);
}

static void hear_role(ls_guard_ear *ear, const ls_sample *s, const ls_guard_clock *clock) {
    const tag_role *r = &ear->roles[s->tag];
    const bool birth = (s->flags & LS_SAMPLE_BIRTH) != 0;
    hand *d = &ear->devices[r->of];
    int64_t number = 0;
    const bool whole = whole_of(s, &number);
    switch ((role)r->role) {
    case ROLE_ID:
        if (whole) {
            d->last_id = number;
            d->alive = true;
            d->born_id = birth;
            if (!birth) {
                ls_guard_writer_hear_id(ear->writer, r->of, number, clock->mono_us);
            }
        }
        break;
    case ROLE_RESULT: d->last_result = whole ? number : -1; break;
    case ROLE_REASON:
        ls_text_format(d->last_reason, sizeof d->last_reason, "%.*s",
                       s->kind == LS_VALUE_TEXT ? (int)s->size : 0,
                       s->kind == LS_VALUE_TEXT ? s->value.text : "");
        ls_text_tame(d->last_reason, false);
        break;
    case ROLE_DONE:
        if (whole) {
            d->last_done = number;
            d->born_done = birth;
            if (!birth) {
                pass_on_done(ear, r->of, clock->mono_us);
            }
        }
        break;
    case ROLE_LOST:
        if (whole) {
            hear_lost(ear, number != 0, clock->mono_us);
        }
        break;
    case ROLE_BEAT:
        if (whole && !birth) {
            ear->def.state->line.beat_in_us = clock->mono_us;
            ls_guard_writer_hear_beat(ear->writer, number, clock->mono_us);
        }
        break;
    case ROLE_SETTING: hear_setting(ear, r->of, s, clock); break;
    default: break;
    }
}

void ls_guard_ear_pass_on_births(ls_guard_ear *ear, int64_t now_us) {
    for (uint32_t i = 0; i < ear->device_count; i++) {
        hand *d = &ear->devices[i];
        if (d->born_id) {
            d->born_id = false;
            ls_guard_writer_hear_id(ear->writer, i, d->last_id, now_us);
        }
        if (d->born_done) {
            d->born_done = false;
            pass_on_done(ear, i, now_us);
        }
    }
}

static void vouch(ls_guard_ear *ear, uint32_t tag) {
    const ls_tag *of = ls_tags_get(ear->tags, tag);
    uint32_t node = 0;
    while (node < ear->node_count &&
           strncmp(of->name, ear->nodes[node], strlen(ear->nodes[node])) != 0) {
        node++;
    }
    if (node == ear->node_count) {
        return;
    }
    for (uint32_t i = 0; i < ear->plant->machine_count; i++) {
        if (ear->devices[i].node == node && ear->devices[i].alive) {
            ls_guard_vouch(ear->def.state, i, ear->line_us);
        }
    }
    if (ear->devices[ear->device_count - 1].node == node) {
        ls_guard_vouch(ear->def.state, LS_NONE, ear->line_us);
    }
}

static void hear_sample(ls_guard_ear *ear, const ls_sample *s, const ls_guard_clock *clock) {
    if (s->tag < ear->role_count && s->quality == LS_QUALITY_STALE) {
        hear_stale(ear, s, clock->mono_us);
    } else if (s->tag < ear->role_count && (s->flags & LS_SAMPLE_HISTORICAL) == 0) {
        hear_role(ear, s, clock);
    }
    for (uint32_t i = 0; i < ear->def.limits->guards->condition_count; i++) {
        if (ear->conditions[i] == s->tag) {
            const ls_guard_heard heard = heard_of(ear, s);
            ls_guard_hear_condition(ear->def.state, i, &heard, clock);
        }
    }
    if (s->quality == LS_QUALITY_GOOD) {
        ear->by_arrival = (s->flags & LS_SAMPLE_ARRIVAL) != 0;
        ls_mapping_sample(ear->mapping, s, on_mapped, ear, NULL);
    }
}

bool ls_guard_ear_heard(void *context, const ls_sample *samples, size_t count) {
    ls_guard_ear *ear = context;
    bool alive = false;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = &samples[i];
        if (s->quality != LS_QUALITY_STALE && (s->flags & LS_SAMPLE_HISTORICAL) == 0) {
            alive = true;
            ear->line_us = s->time_us > ear->line_us ? s->time_us : ear->line_us;
        }
    }
    const ls_guard_clock clock = ls_guard_ear_clock(ear);
    for (size_t i = 0; i < count; i++) {
        hear_sample(ear, &samples[i], &clock);
        ear->births = ear->births || (samples[i].flags & LS_SAMPLE_BIRTH) != 0;
    }
    if (alive) {
        vouch(ear, samples[count - 1].tag);
    }
    return true;
}
