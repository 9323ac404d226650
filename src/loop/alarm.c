// alarm.c - see alarm.h.
#include "loop/alarm.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "loop/json_value.h"
#include "model/sentry.h"

void ls_alarm_blame_set(ls_alarm *alarm, const ls_sentry_blame *blame, uint32_t count) {
    alarm->blamed = count < LS_ALARM_BLAMED ? count : LS_ALARM_BLAMED;
    for (uint32_t i = 0; i < alarm->blamed; i++) {
        ls_alarm_blame *to = &alarm->blame[i];
        *to = (ls_alarm_blame){.contribution = blame[i].contribution,
                               .value = blame[i].value,
                               .mean = blame[i].mean,
                               .low = blame[i].low,
                               .high = blame[i].high};
        ls_text_format(to->name, sizeof to->name, "%s", blame[i].name);
        ls_text_tame(to->name, false);
    }
}

static json_t *blame_json(const ls_alarm *alarm) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < alarm->blamed; i++) {
        const ls_alarm_blame *b = &alarm->blame[i];
        json_t *one = json_object();
        json_object_set_new(one, "feature", json_string(b->name));
        json_object_set_new(one, "contribution", ls_json_number(b->contribution));
        json_object_set_new(one, "value", ls_json_number(b->value));
        json_object_set_new(one, "mean", ls_json_number(b->mean));
        json_object_set_new(one, "low", ls_json_number(b->low));
        json_object_set_new(one, "high", ls_json_number(b->high));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *seen_json(const ls_alarm *alarm) {
    if (!alarm->seen) {
        return json_null();
    }
    json_t *object = json_object();
    json_object_set_new(object, "time_us", json_integer(alarm->seen_us));
    json_object_set_new(object, "by", json_string(alarm->who));
    json_object_set_new(object, "text", json_string(alarm->said));
    return object;
}

json_t *ls_alarm_json(const ls_alarm *alarm) {
    json_t *object = json_object();
    json_object_set_new(object, "since_us", json_integer(alarm->since_us));
    json_object_set_new(object, "index", ls_json_number(alarm->peak));
    json_object_set_new(object, "version", json_integer(alarm->version));
    json_object_set_new(object, "blame", blame_json(alarm));
    json_object_set_new(object, "acknowledged", seen_json(alarm));
    return object;
}

// ---- read back

static void recall_blame(ls_alarm *alarm, const json_t *list) {
    alarm->blamed = 0;
    for (size_t i = 0; i < json_array_size(list) && alarm->blamed < LS_ALARM_BLAMED; i++) {
        const json_t *one = json_array_get(list, i);
        ls_alarm_blame *b = &alarm->blame[alarm->blamed];
        ls_text_format(b->name, sizeof b->name, "%s", ls_json_text_at(one, "feature"));
        b->contribution = ls_json_number_at(one, "contribution");
        b->value = ls_json_number_at(one, "value");
        b->mean = ls_json_number_at(one, "mean");
        b->low = ls_json_number_at(one, "low");
        b->high = ls_json_number_at(one, "high");
        alarm->blamed += b->name[0] != '\0';
    }
}

// An older alarm may have been acknowledged late: `since_us` says which one.
static void recall_seen(ls_alarm *alarm, const json_t *seen, int64_t since_us) {
    const json_t *at = json_object_get(seen, "time_us");
    if (!json_is_integer(at) || !alarm->stands || since_us != alarm->since_us) {
        return;
    }
    alarm->seen = true;
    alarm->seen_us = json_integer_value(at);
    ls_text_format(alarm->who, sizeof alarm->who, "%s", ls_json_text_at(seen, "by"));
    ls_text_format(alarm->said, sizeof alarm->said, "%s", ls_json_text_at(seen, "text"));
}

void ls_alarm_recall(ls_alarm *alarm, const json_t *event, int64_t time_us) {
    const json_t *since = json_object_get(event, "since_us");
    const json_t *version = json_object_get(event, "version");
    const json_t *begins = json_object_get(event, "begins");
    const double index = ls_json_number_at(event, "index");
    if (!json_is_integer(since) || isnan(index)) {
        return;
    }
    const int64_t since_us = json_integer_value(since);
    const int64_t number = json_integer_value(version);
    if (json_is_true(begins)) {
        *alarm = (ls_alarm){.stands = true, .since_us = since_us, .peak = index};
        alarm->version = number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
        recall_blame(alarm, json_object_get(event, "blame"));
    } else if (json_is_false(begins)) {
        alarm->stands = false;
    } else {
        recall_seen(alarm, json_object_get(event, "acknowledged"), since_us);
    }
    alarm->told_us = time_us;
}
