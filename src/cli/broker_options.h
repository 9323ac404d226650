// broker_options.h - the options of commands that talk to a broker: where, and how it lets us in.
#pragma once

#include "cli/options.h"
#include "import/plant_file.h"
#include "line/mqtt_source.h"

// --login, --ca, --certificate, --key, --mqtt.
extern const ls_option ls_broker_options[];

// A broker named on the command line: by its URL, or by a plant file with an MQTT source (at its
// embedded broker in a role: its folder is in the plant's data folder).
typedef struct ls_broker_choice {
    ls_mqtt_def def;  // points into what follows, and into argv
    ls_plant *plant;
    ls_mqtt_source texts;
} ls_broker_choice;

// Prints what is wrong. Returns an exit code; close it in any case.
// `role`: who we are at an embedded broker. `data`: of --data, the plant's data folder; NULL: where
// it is by rule.
int ls_broker_choose(const ls_options *options, const char *where, const char *data,
                     ls_broker_role role, ls_broker_choice *out);
// The broker at `url` did not let us in; `why` as the connection says it. Names what would help.
ls_status ls_broker_fail(const char *url, const char *why, ls_error *err);
void ls_broker_choice_close(ls_broker_choice *choice);
