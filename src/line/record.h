// record.h - a broker's messages into a recording, and a recording back onto a broker.
#pragma once

#include "line/mqtt.h"
#include "line/record_file.h"

typedef struct ls_record_figures {
    uint64_t messages, bytes;
    bool connected;
    uint64_t connects;
} ls_record_figures;

// How a command shows how far it is; called a few times per second. False: stop.
typedef bool (*ls_record_progress)(void *context, const ls_record_figures *now);

// Records what comes on `connection` (its filters, URL, login ...; its listener is set here) until
// progress says stop or for_us (0: endless) are over. Messages that the broker had retained stand
// in front, marked as retained. Fails with LS_ERR_IO when the file cannot be written.
ls_status ls_record_run(const ls_mqtt_def *connection, ls_record_writer *writer, int64_t for_us,
                        ls_record_progress progress, void *context, ls_record_figures *out,
                        ls_error *err);

// Publishes a recording: the same topics, bytes, QoS (at most 1) and retain marks, with the spacing
// divided by `speed` (0: as fast as the broker takes them). Waits while the broker is away; returns
// when the broker has everything. Fails with LS_ERR_STOPPED when progress says stop.
ls_status ls_replay_run(const ls_mqtt_def *connection, ls_record_reader *reader, double speed,
                        ls_record_progress progress, void *context, ls_record_figures *out,
                        ls_error *err);
