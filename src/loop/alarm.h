// alarm.h - one alarm of a monitor: since when it stands, who is to blame, who has seen it; as a
// value, as JSON, and read back from its events.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ls_sentry_blame ls_sentry_blame;  // model/sentry.h

enum {
    LS_ALARM_BLAMED = 5,  // variables that are named
    LS_ALARM_NAME_SIZE = 256,
    LS_ALARM_WHO_SIZE = 128,
    LS_ALARM_SAID_SIZE = 504,
};

typedef struct ls_alarm_blame {
    char name[LS_ALARM_NAME_SIZE];  // cut where it is longer
    double contribution, value, mean, low, high;
} ls_alarm_blame;

typedef struct ls_alarm {
    bool stands;
    int64_t since_us;  // of its first row
    int64_t told_us;   // of the newest event about it
    double peak;       // the largest index
    uint32_t version;  // that began it
    ls_alarm_blame blame[LS_ALARM_BLAMED];
    uint32_t blamed;
    bool seen;  // by a person: acknowledged
    int64_t seen_us;
    char who[LS_ALARM_WHO_SIZE], said[LS_ALARM_SAID_SIZE];
} ls_alarm;

// A person has seen one.
typedef struct ls_alarms_seen {
    const char *model, *unit;
    int64_t since_us;  // of the alarm that was seen
    const char *who;
    const char *text;  // NULL: nothing was added
} ls_alarms_seen;

void ls_alarm_blame_set(ls_alarm *alarm, const ls_sentry_blame *blame, uint32_t count);
// {"since_us", "index": the largest, "version", "blame": [{"feature", "contribution", "value",
// "mean", "low", "high"}], "acknowledged": null | {"time_us", "by", "text"}}; NULL: no memory.
json_t *ls_alarm_json(const ls_alarm *alarm);
// An event of kind `alarm` that was kept: begins, acknowledged, or ends. What is not as it was
// written changes nothing.
void ls_alarm_recall(ls_alarm *alarm, const json_t *event, int64_t time_us);
